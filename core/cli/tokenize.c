/* tokenize.c - `hone tokenize DIR FILE`: what a tokenizer makes of each line of a file.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "config/params.h"
#include "data/encode.h"
#include "plugin/registry.h"

#include <stdio.h>
#include <string.h>

/* A tokenizer in use, and what it took to make it. */
typedef struct session {
    hone_arena *run, *step, *line, *scratch;
    hone__registry *registry;
    hone_self *self;
    hone__encoder encoder;
    hone_tokenizer_info info;
    bool json;
} session;

static hone_status open_session(session *s, hone_error *err)
{
    s->run = hone__arena_create(0);
    s->step = hone__arena_create(0);
    s->line = hone__arena_create(0);
    s->scratch = hone__arena_create(0);
    s->registry = hone__registry_create(NULL, true);
    return s->run && s->step && s->line && s->scratch && s->registry ? HONE_OK : hone_no_memory(err, "starting");
}

static void close_session(session *s)
{
    hone__instance_destroy(s->self);
    hone__registry_destroy(s->registry);
    hone__arena_destroy(s->scratch);
    hone__arena_destroy(s->line);
    hone__arena_destroy(s->step);
    hone__arena_destroy(s->run);
}

/* {type: NAME} and, where a file is given and no folder, {vocab: FILE}. */
static hone_status settings(const session *s, const char *type, const char *vocab, hone__yaml **node, hone_error *err)
{
    hone__yaml *name = hone__yaml_new_text(s->run, type), *file = vocab ? hone__yaml_new_text(s->run, vocab) : NULL;
    *node = hone__yaml_new_map(s->run);
    if (!*node || !name || (vocab && !file))
        return hone_no_memory(err, "making settings");
    HONE_TRY(hone__yaml_add(s->run, *node, "type", name, err));
    return vocab ? hone__yaml_add(s->run, *node, "vocab", file, err) : HONE_OK;
}

static hone_status make_tokenizer(session *s, const char *type, const char *path, hone_error *err)
{
    hone__yaml *node;
    hone__section section;
    hone__issues issues = {.arena = s->run};
    hone__fill fill = {.arena = s->run, .registry = s->registry, .issues = &issues, .path = "tokenizer"};
    bool is_dir = hone__is_dir(path);
    if (!is_dir && !hone__exists(path))
        return hone_fail(err, HONE_EIO, "there is no %s; it should be a model's folder or a vocabulary", path);
    HONE_TRY(settings(s, type, is_dir ? NULL : path, &node, err));
    HONE_TRY(hone__section_fill(&fill, HONE_KIND_TOKENIZER, NULL, node, NULL, &section, err));
    HONE_TRY(hone__issues_status(&issues, err));
    s->self = hone__instance(s->run, s->step, section.plugin->table, section.params, 0, NULL, NULL);
    if (!s->self)
        return hone_no_memory(err, "making a tokenizer");
    const hone_tokenizer *table = (const hone_tokenizer *)section.plugin->table;
    HONE_TRY(table->create(s->self, is_dir ? path : NULL, NULL, err));
    HONE_TRY(hone__tokenizer_info_of(table, s->self, &s->info, err));
    s->encoder = (hone__encoder){table, s->self, &s->info, s->line, s->scratch};
    return HONE_OK;
}

/* ---- Output ------------------------------------------------------------------------------------------------------ */

static const char *token_text(const session *s, int32_t id)
{
    const char *text = s->encoder.tokenizer->token(s->self, id);
    return text ? text : "?";
}

static void add_numbers(hone__str *out, const char *name, const int32_t *numbers, uint64_t n)
{
    hone__str_addf(out, ", \"%s\": [", name);
    for (uint64_t i = 0; i < n; i++)
        hone__str_addf(out, "%s%d", i ? ", " : "", (int)numbers[i]);
    hone__str_add(out, "]");
}

/* Offsets in bytes of the line; special tokens of the template stand at [0, 0]. */
static void add_json(hone__str *out, const session *s, const hone_tokens *tokens, const hone_sequence *q)
{
    hone__str_add(out, "{\"tokens\": [");
    for (uint64_t i = 0; i < q->n; i++) {
        hone__str_add(out, i ? ", " : "");
        hone__str_add_json(out, token_text(s, q->ids[i]));
    }
    hone__str_add(out, "]");
    add_numbers(out, "ids", q->ids, q->n);
    add_numbers(out, "type_ids", q->types, q->n);
    hone__str_add(out, ", \"offsets\": [");
    for (uint64_t i = 0; i < q->n; i++) {
        bool special = q->piece[i] < 0;
        hone__str_addf(out, "%s[%llu, %llu]", i ? ", " : "", special ? 0ull : (unsigned long long)tokens->begin[q->token[i]],
                       special ? 0ull : (unsigned long long)tokens->end[q->token[i]]);
    }
    hone__str_add(out, "]}\n");
}

static void add_words(hone__str *out, const session *s, const hone_sequence *q)
{
    for (uint64_t i = 0; i < q->n; i++) {
        hone__str_add(out, i ? " " : "");
        hone__str_add(out, token_text(s, q->ids[i]));
    }
    hone__str_add(out, "\n");
}

static hone_status print_line(session *s, const char *text, size_t n, hone_error *err)
{
    hone__str out = {0};
    hone_tokens tokens;
    hone_sequence q;
    HONE_TRY(hone__encode_text(&s->encoder, text, n, &tokens, err));
    HONE_TRY(hone__sequence_make(&s->info, s->encoder.tokenizer->plugin.name, &tokens, NULL, -1, 0, s->line, &q, err));
    if (s->json)
        add_json(&out, s, &tokens, &q);
    else
        add_words(&out, s, &q);
    hone_status status = out.failed ? hone_no_memory(err, "printing tokens")
                         : fwrite(out.data, 1, out.n, stdout) != out.n
                             ? hone_fail(err, HONE_EIO, "cannot write to standard output")
                             : HONE_OK;
    hone__str_clear(&out);
    hone__arena_reset(s->line);
    return status;
}

static hone_status print_lines(session *s, const char *name, const char *bytes, size_t n, hone_error *err)
{
    uint64_t number = 0;
    for (size_t at = 0; at < n;) {
        const char *stop = memchr(bytes + at, '\n', n - at);
        size_t length = (stop ? (size_t)(stop - bytes) : n) - at, bad;
        number++;
        if (!hone__utf8_valid(bytes + at, length, &bad))
            return hone_fail(err, HONE_EFORMAT, "%s:%llu: the byte 0x%02x is not UTF-8; convert the file to UTF-8", name,
                             (unsigned long long)number, (unsigned)(unsigned char)bytes[at + bad]);
        HONE_TRY(print_line(s, bytes + at, length, err));
        at += length + 1;
    }
    if (fflush(stdout) != 0)
        return hone_fail(err, HONE_EIO, "cannot write to standard output");
    return HONE_OK;
}

static hone_status tokenize(session *s, const char *type, const char *dir, const char *file, hone_error *err)
{
    bool from_stdin = strcmp(file, "-") == 0;
    char *bytes;
    size_t n;
    HONE_TRY(open_session(s, err));
    HONE_TRY(make_tokenizer(s, type, dir, err));
    HONE_TRY(hone__read_file(from_stdin ? "/dev/stdin" : file, 0, &bytes, &n, err));
    hone_status status = print_lines(s, from_stdin ? "standard input" : file, bytes, n, err);
    hone__free(bytes);
    return status;
}

int hone__cli_tokenize(int argc, char **argv)
{
    int n;
    session s = {0};
    const char *type = NULL;
    hone_error err = {0};
    const hone__option options[] = {{"--json", &s.json, NULL}, {"--type", NULL, &type}, {0}};
    if (!hone__options_take(argc, argv, options, &n))
        return HONE__EXIT_USAGE;
    if (n != 2) {
        fprintf(stderr,
                "hone tokenize: which tokenizer and which file? The command is `hone tokenize DIR FILE`, where DIR is a "
                "model's folder or a vocabulary\n");
        return HONE__EXIT_USAGE;
    }
    hone_status status = tokenize(&s, type ? type : "wordpiece", argv[1], argv[2], &err);
    if (status != HONE_OK)
        fprintf(stderr, "hone tokenize: %s\n", err.msg);
    close_session(&s);
    return status == HONE_OK                                    ? HONE__EXIT_DONE
           : status == HONE_ECONFIG || status == HONE_ENOTFOUND ? HONE__EXIT_USAGE
                                                                : HONE__EXIT_FAILED;
}
