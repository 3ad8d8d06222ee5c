/* predict.c - `hone predict DIR FILE`: labels for new data; and `hone evaluate DIR FILE`: how well the model does on data with labels.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/meter.h"
#include "cli/model.h"
#include "cli/options.h"
#include "train/evidence.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct using
{
    hone__model_session session;
    hone__model_words words;
    hone_arena *arena; /* of the predictions */
    bool json;
    const char *output;
}
using;

static bool take_words(using *u, int argc, char **argv)
{
    int n;
    const hone__option options[] = {
        {"--json", &u->json, NULL},           {"--lines", &u->words.lines, NULL},     {"--output", NULL, &u->output},
        {"--plugin", NULL, &u->words.plugin}, {"--threads", NULL, &u->words.threads}, {0}};
    return hone__options_take(argc, argv, options, &n) && hone__model_words_take(&u->session, n, argv, &u->words);
}

static hone_status run_model(using *u, const char *what, bool gold, hone__evaluated *evaluated, hone_error *err)
{
    hone__meter meter;
    u->arena = hone__arena_create(0);
    if (!u->arena)
        return hone_no_memory(err, "starting");
    HONE_TRY(hone__model_session_open(&u->session, &u->words, false, gold, err));
    hone__meter_init(&meter, what, "examples");
    const hone_status status = hone__trained_evaluate(u->session.trained, u->session.prepared, gold ? "test" : "predict", gold,
                                                      u->arena, hone__meter_show, &meter, evaluated, err);
    hone__meter_end(&meter);
    return status;
}

static bool is_file(const char *path)
{
    return path && strcmp(path, "-") != 0;
}

static void close_model(using *u)
{
    hone__arena_destroy(u->arena);
    hone__model_session_close(&u->session);
}

/* ---- predict ----------------------------------------------------------------------------------------------------- */

/* Several tables in one stream have the output's name before each, and an empty line between them. */
static hone_status add_output(const using *u, const hone__evaluated *evaluated, uint64_t o, hone__str *text, hone_error *err)
{
    const hone_evaluation *e = &evaluated->outputs[o];
    if (u->json)
        return hone__predictions_json(e, text, err);
    if (evaluated->n > 1 && !is_file(u->output))
        hone__str_addf(text, "%s# output %s\n", o ? "\n" : "", e->output);
    return hone__predictions_text(e, text, err);
}

/* A table in a file is a table alone: further outputs get files of their own, as in a trial's directory. */
static hone_status write_outputs(const using *u, const hone__evaluated *evaluated, hone_error *err)
{
    const bool apart = !u->json && is_file(u->output);
    hone__str text = {0};
    hone_status status = HONE_OK;
    for (uint64_t o = 0; o < evaluated->n && status == HONE_OK; o++) {
        status = add_output(u, evaluated, o, &text, err);
        if (status != HONE_OK || (!apart && o + 1 < evaluated->n))
            continue;
        const char *path = apart ? hone__output_file(u->arena, u->output, o ? evaluated->outputs[o].output : "") : u->output;
        status = apart && !path ? hone_no_memory(err, "writing predictions") : hone__output_write(path, &text, err);
        hone__str_clear(&text);
    }
    hone__str_clear(&text);
    return status;
}

static hone_status predict(using *u, hone_error *err)
{
    hone__evaluated evaluated;
    HONE_TRY(run_model(u, "predicting", false, &evaluated, err));
    return write_outputs(u, &evaluated, err);
}

int hone__cli_predict(int argc, char **argv)
{
    using u = {0};
    hone_error err = {0};
    int code = HONE__EXIT_USAGE;
    if (take_words(&u, argc, argv))
        code = hone__model_exit(argv[0], predict(&u, &err), &err);
    close_model(&u);
    return code;
}

/* ---- evaluate ---------------------------------------------------------------------------------------------------- */

static void add_figures(const hone_exhibits *x, uint64_t n, hone__str *out)
{
    size_t width = 0;
    for (size_t i = 0; i < x->n_figures; i++)
        width = strlen(x->figures[i].name) > width ? strlen(x->figures[i].name) : width;
    for (size_t i = 0; i < x->n_figures; i++) {
        const hone__figure *f = &x->figures[i];
        hone__str_addf(out, "%-*s  %.4f%s%s%s\n", (int)width, f->name, f->value, *f->note ? "  (" : "", f->note,
                       *f->note ? ")" : "");
    }
    hone__str_addf(out, "%-*s  %llu\n", (int)width, "examples", (unsigned long long)n);
}

static void add_json(const hone_exhibits *x, uint64_t n, hone__str *out)
{
    hone__str_addf(out, "{\"examples\": %llu, \"figures\": {", (unsigned long long)n);
    for (size_t i = 0; i < x->n_figures; i++) {
        const hone__figure *f = &x->figures[i];
        hone__str_add(out, i ? ", " : "");
        hone__str_add_json(out, f->name);
        hone__str_add(out, ": {\"value\": ");
        if (isfinite(f->value))
            hone__str_add_real(out, f->value);
        else
            hone__str_add(out, "null");
        hone__str_add(out, ", \"note\": ");
        hone__str_add_json(out, f->note);
        hone__str_addf(out, ", \"direction\": %d}", (int)f->direction);
    }
    hone__str_add(out, "}}\n");
}

static hone_status evaluate(using *u, hone_error *err)
{
    hone__evaluated evaluated;
    hone__str text = {0};
    HONE_TRY(run_model(u, "evaluating", true, &evaluated, err));
    hone_exhibits *exhibits = hone__exhibits_create(u->arena);
    if (!exhibits)
        return hone_no_memory(err, "evaluating");
    HONE_TRY(hone__trained_figures(u->session.trained, &evaluated, exhibits, err));
    for (uint64_t o = 0; u->output && o < evaluated.n; o++) {
        const char *path = hone__output_file(u->arena, u->output, o ? evaluated.outputs[o].output : "");
        if (!path)
            return hone_no_memory(err, "writing predictions");
        HONE_TRY(hone__predictions_write(path, &evaluated.outputs[o], err));
    }
    if (u->json)
        add_json(exhibits, evaluated.outputs[0].n, &text);
    else
        add_figures(exhibits, evaluated.outputs[0].n, &text);
    const hone_status status = hone__output_write(NULL, &text, err);
    hone__str_clear(&text);
    return status;
}

/* RUN --test has no file, so it is looked for before the words that all others share. */
static bool asks_for_test(int argc, char **argv, const char **run)
{
    bool test = false;
    *run = NULL;
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--test") == 0)
            test = true;
        else if (strcmp(argv[i], "--") != 0)
            *run = argv[i];
    return test && *run;
}

int hone__cli_evaluate(int argc, char **argv)
{
    const char *run;
    if (asks_for_test(argc, argv, &run))
        return hone__cli_score(run);
    using u = {0};
    hone_error err = {0};
    int code = HONE__EXIT_USAGE;
    if (take_words(&u, argc, argv)) {
        hone_status status = u.words.lines ? hone_fail(&err, HONE_ECONFIG, "--lines reads texts alone; evaluation needs labels")
                                           : evaluate(&u, &err);
        code = hone__model_exit(argv[0], status, &err);
    }
    close_model(&u);
    return code;
}
