/* embed.c - `hone embed DIR FILE`: vectors of texts, tokens or words out of a model.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "train/embed.h"
#include "base/json.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/meter.h"
#include "cli/model.h"
#include "cli/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_LAYERS = 64 };
typedef enum form { TSV, VEC, NPY } form;

typedef struct embedding {
    hone__model_session session;
    hone__model_words words;
    bool normalize, cased;
    const char *pooling, *layers, *output, *unit, *max_length;
    hone__embed_pooling how;
    int64_t layer[MOST_LAYERS];
    size_t n_layers;
    form form;
    hone__str text; /* vectors in their form, without the header of npy and vec */
    uint64_t n;
    int64_t hidden;
} embedding;

/* ---- Options ----------------------------------------------------------------------------------------------------- */

static hone_status read_pooling(embedding *e, hone_error *err)
{
    static const char *const names[] = {"mean", "cls", "none"};
    char shown[40];
    if (!e->pooling)
        return HONE_OK;
    for (int i = 0; i < 3; i++)
        if (strcmp(e->pooling, names[i]) == 0) {
            e->how = (hone__embed_pooling)i;
            return HONE_OK;
        }
    return hone_fail(err, HONE_ECONFIG, "--pooling is %s; it must be one of mean, cls, none",
                     hone__shown(e->pooling, shown, sizeof shown));
}

static hone_status read_layers(embedding *e, hone_error *err)
{
    char shown[60];
    const char *at = e->layers ? e->layers : "-1";
    while (e->n_layers < MOST_LAYERS) {
        char *end;
        e->layer[e->n_layers++] = strtoll(at, &end, 10);
        if (end == at || (*end && *end != ','))
            break;
        if (!*end)
            return HONE_OK;
        at = end + 1;
    }
    return hone_fail(err, HONE_ECONFIG,
                     "--layers is %s; it must be a layer or several with commas between them, such as -1 or -4,-3,-2,-1",
                     hone__shown(e->layers, shown, sizeof shown));
}

static bool ends_with(const char *text, const char *end)
{
    const size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

static hone_status read_form(embedding *e, hone_error *err)
{
    char shown[80];
    if (e->unit && strcmp(e->unit, "vocabulary") != 0)
        return hone_fail(err, HONE_ECONFIG, "--unit is %s; the only unit is vocabulary",
                         hone__shown(e->unit, shown, sizeof shown));
    if (e->unit && e->pooling)
        return hone_fail(err, HONE_ECONFIG, "--pooling has no meaning with --unit vocabulary; leave one of them out");
    e->form = e->unit ? VEC : TSV;
    if (!e->output || strcmp(e->output, "-") == 0)
        return HONE_OK;
    if (ends_with(e->output, ".npy"))
        e->form = NPY;
    else if (ends_with(e->output, ".vec"))
        e->form = VEC;
    else if (ends_with(e->output, ".tsv"))
        e->form = TSV;
    else
        return hone_fail(err, HONE_ECONFIG, "--output is %s; its ending says the form: .npy, .tsv or .vec",
                         hone__shown(e->output, shown, sizeof shown));
    return HONE_OK;
}

static bool take_words(embedding *e, int argc, char **argv)
{
    int n;
    const hone__option options[] = {{"--cased", &e->cased, NULL},
                                    {"--layers", NULL, &e->layers},
                                    {"--lines", &e->words.lines, NULL},
                                    {"--max-length", NULL, &e->max_length},
                                    {"--normalize", &e->normalize, NULL},
                                    {"--output", NULL, &e->output},
                                    {"--plugin", NULL, &e->words.plugin},
                                    {"--pooling", NULL, &e->pooling},
                                    {"--threads", NULL, &e->words.threads},
                                    {"--tokenizer", NULL, &e->words.tokenizer},
                                    {"--unit", NULL, &e->unit},
                                    {0}};
    return hone__options_take(argc, argv, options, &n) && hone__model_words_take(&e->session, n, argv, &e->words);
}

/* ---- Forms ------------------------------------------------------------------------------------------------------- */

/* Words of the text forms end at a blank. */
static void add_word(hone__str *s, const char *text)
{
    for (; *text; text++)
        hone__str_addn(s, strchr(" \t\r\n", *text) ? "_" : text, 1);
}

static hone_status take_vector(void *ctx, const hone__embedding *v, hone_error *err)
{
    embedding *e = ctx;
    e->n++;
    e->hidden = v->n;
    if (e->form == NPY) {
        hone__str_addn(&e->text, (const char *)v->values, (size_t)v->n * sizeof *v->values);
        return e->text.failed ? hone_no_memory(err, "embedding") : HONE_OK;
    }
    const char separator = e->form == VEC ? ' ' : '\t';
    if (e->form == TSV && v->id && v->word) {
        add_word(&e->text, v->id);
        hone__str_add(&e->text, "\t");
    }
    add_word(&e->text, v->word ? v->word : v->id);
    for (int64_t c = 0; c < v->n; c++)
        hone__str_addf(&e->text, "%c%.9g", separator, (double)v->values[c]);
    hone__str_add(&e->text, "\n");
    return e->text.failed ? hone_no_memory(err, "embedding") : HONE_OK;
}

/* Source: numpy/lib/format.py, version 1.0: magic, version, length of the header, a Python literal padded to 64 bytes. */
static void add_npy_header(hone__str *s, uint64_t rows, int64_t columns)
{
    char header[160];
    const int n = snprintf(header, sizeof header, "{'descr': '<f4', 'fortran_order': False, 'shape': (%llu, %lld), }",
                           (unsigned long long)rows, (long long)columns);
    const size_t whole = (10 + (size_t)n + 1 + 63) / 64 * 64, length = whole - 10;
    const char front[10] = {'\x93', 'N', 'U', 'M', 'P', 'Y', 1, 0, (char)(length & 255), (char)(length >> 8)};
    hone__str_addn(s, front, sizeof front);
    hone__str_addn(s, header, (size_t)n);
    for (size_t i = (size_t)n + 1; i < length; i++)
        hone__str_add(s, " ");
    hone__str_add(s, "\n");
}

static hone_status write_all(embedding *e, hone_error *err)
{
    hone__str whole = {0};
    if (e->form == NPY)
        add_npy_header(&whole, e->n, e->hidden);
    else if (e->form == VEC)
        hone__str_addf(&whole, "%llu %lld\n", (unsigned long long)e->n, (long long)e->hidden);
    hone__str_addn(&whole, hone__str_text(&e->text), e->text.n);
    const hone_status status = hone__output_write(e->output, &whole, err);
    hone__str_clear(&whole);
    if (status == HONE_OK && e->output && strcmp(e->output, "-") != 0)
        fprintf(stderr, "%llu vectors of %lld numbers are in %s\n", (unsigned long long)e->n, (long long)e->hidden, e->output);
    return status;
}

/* ---- The command ------------------------------------------------------------------------------------------------- */

/* Case is dropped where the model's tokenizer drops it, as its tokenizer_config.json says. */
static hone_status drops_case(const hone__trained *t, bool *lowercase, hone_error *err)
{
    const char *path = hone__path_join(t->arena, t->dir, "tokenizer_config.json");
    json_t *root = NULL;
    *lowercase = true;
    if (!path)
        return hone_no_memory(err, "embedding");
    if (!hone__exists(path))
        return HONE_OK;
    HONE_TRY(hone__json_load(path, 0, &root, err));
    const hone_status status = hone__json_bool(root, "do_lower_case", false, lowercase, path, err);
    json_decref(root);
    return status;
}

static hone_status embed(embedding *e, hone_error *err)
{
    hone__meter meter;
    uint64_t n_words;
    bool lowercase = false;
    int64_t max_length = 0;
    HONE_TRY(read_pooling(e, err));
    HONE_TRY(read_layers(e, err));
    HONE_TRY(read_form(e, err));
    HONE_TRY(hone__option_int("--max-length", e->max_length, 1, INT32_MAX, &max_length, err));
    e->words.max_length = (uint64_t)max_length;
    HONE_TRY(hone__model_session_open(&e->session, &e->words, true, false, err));
    hone__meter_init(&meter, "embedding", "texts");
    const hone__embed_setup setup = {.trained = e->session.trained,
                                     .data = e->session.prepared,
                                     .pooling = e->how,
                                     .layers = e->layer,
                                     .n_layers = e->n_layers,
                                     .normalize = e->normalize,
                                     .take = take_vector,
                                     .ctx = e,
                                     .progress = hone__meter_show,
                                     .progress_ctx = &meter};
    if (e->unit && !e->cased)
        HONE_TRY(drops_case(e->session.trained, &lowercase, err));
    const hone_status status = e->unit ? hone__embed_words(&setup, lowercase, &n_words, err) : hone__embed(&setup, err);
    hone__meter_end(&meter);
    return status == HONE_OK ? write_all(e, err) : status;
}

int hone__cli_embed(int argc, char **argv)
{
    embedding e = {0};
    hone_error err = {0};
    int code = HONE__EXIT_USAGE;
    if (take_words(&e, argc, argv))
        code = hone__model_exit(argv[0], embed(&e, &err), &err);
    hone__str_clear(&e.text);
    hone__model_session_close(&e.session);
    return code;
}
