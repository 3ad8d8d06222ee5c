/* bench_parse.c - how fast text comes in: hostile and ordinary YAML, JSON, safetensors headers, and tokenizers on real text.
 *
 * bench-parse [--quick] [--json FILE] [--text FILE] [--vocab FILE]: without --text wordpiece reads LICENSE, without --vocab it learns its vocabulary
 * from that text. HONE_PLUGIN_PATH=build/<preset>/plugins says where wordpiece is. Libyaml without hone's guard runs in a child process, which is ended after a few seconds.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/json.h"
#include "base/str.h"
#include "cli/options.h"
#include "config/params.h"
#include "config/yaml.h"
#include "data/encode.h"
#include "tensor/safetensors.h"

#include "rows.h"

#include <hone/words.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <yaml.h>

enum { HOSTILE_BYTES = 200000, MOST_SECONDS = 5, TENSORS = 2000 };

typedef struct bench {
    bench_rows rows;
    bool quick; /* everything once, and libyaml alone is left out */
} bench;

static void say(bench *b, const char *what, size_t bytes, double seconds, const char *note)
{
    printf("%-44s %12zu bytes %12.6f s %10.2f MB/s  %s\n", what, bytes, seconds, (double)bytes / 1e6 / seconds, note);
    row_begin(&b->rows, "text", what);
    row_real(&b->rows, "bytes", (double)bytes);
    row_real(&b->rows, "seconds", seconds);
    row_real(&b->rows, "mb_per_s", (double)bytes / 1e6 / seconds);
    row_text(&b->rows, "note", note);
    row_end(&b->rows);
    fflush(stdout);
}

/* ---- YAML -------------------------------------------------------------------------------------------------------- */

static hone_status parse_yaml(const char *text, size_t n, double *seconds, hone_error *err)
{
    hone__yaml *root;
    hone_arena *arena = hone__arena_create(0);
    if (!arena)
        return hone_no_memory(err, "measuring");
    const double begin = wall_now();
    hone_status status = hone__yaml_parse(arena, text, n, "bench.yaml", &root, NULL, err);
    *seconds = wall_now() - begin;
    hone__arena_destroy(arena);
    return status;
}

/* What libyaml does by itself; never comes back where its input keeps it longer than the alarm. */
static void bare_libyaml(const char *text, size_t n)
{
    yaml_parser_t parser;
    yaml_event_t event;
    bool more = true;
    alarm(MOST_SECONDS);
    if (!yaml_parser_initialize(&parser))
        _exit(1);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, n);
    while (more && yaml_parser_parse(&parser, &event)) {
        more = event.type != YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    _exit(0);
}

static bool time_bare(const char *text, size_t n, double *seconds)
{
    int status = 0;
    fflush(stdout);
    const double begin = wall_now();
    const pid_t child = fork();
    if (child == 0)
        bare_libyaml(text, n);
    if (child > 0)
        waitpid(child, &status, 0);
    *seconds = wall_now() - begin;
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM;
}

static void bench_hostile(bench *b)
{
    hone_error err;
    double seconds;
    char *text = hone__malloc(HOSTILE_BYTES + 1);
    if (!text)
        return;
    memset(text, '[', HOSTILE_BYTES);
    text[HOSTILE_BYTES] = '\0';
    hone_status status = parse_yaml(text, HOSTILE_BYTES, &seconds, &err);
    say(b, "yaml, 200 KB of [, with the guard", HOSTILE_BYTES, seconds, status == HONE_OK ? "ACCEPTED" : "refused");
    if (b->quick) {
        hone__free(text);
        return;
    }
    const bool ended = time_bare(text, HOSTILE_BYTES, &seconds);
    say(b, "yaml, 200 KB of [, libyaml alone", HOSTILE_BYTES, seconds, ended ? "ended, not done" : "done");
    hone__free(text);
}

static hone_status bench_experiment(bench *b, hone_error *err)
{
    hone__str text = {0};
    double seconds = 0;
    hone__str_add(&text, "points:\n");
    for (int i = 0; i < 4000; i++)
        hone__str_addf(&text, "  - {type: adamw, learning_rate: %d.0e-6, weight_decay: 0.01, name: \"point %d\"}\n", i + 1, i);
    hone_status status =
        text.failed ? hone_no_memory(err, "measuring") : parse_yaml(hone__str_text(&text), text.n, &seconds, err);
    if (status == HONE_OK)
        say(b, "yaml, 4000 records", text.n, seconds, "");
    hone__str_clear(&text);
    return status;
}

/* ---- JSON and safetensors ---------------------------------------------------------------------------------------- */

static void add_header(hone__str *s)
{
    hone__str_add(s, "{");
    for (int i = 0; i < TENSORS; i++)
        hone__str_addf(s, "%s\"bert.encoder.layer.%d.weight\":{\"dtype\":\"F32\",\"shape\":[4,4],\"data_offsets\":[%d,%d]}",
                       i ? "," : "", i, 64 * i, 64 * i + 64);
    hone__str_add(s, "}");
    while (s->n % 8)
        hone__str_add(s, " ");
}

static hone_status bench_json(bench *b, const hone__str *header, hone_error *err)
{
    json_t *root;
    const double begin = wall_now();
    HONE_TRY(hone__json_parse(hone__str_text(header), header->n, "header", &root, err));
    say(b, "json, a header of 2000 tensors", header->n, wall_now() - begin, "");
    json_decref(root);
    return HONE_OK;
}

static hone_status write_model(const char *path, const hone__str *header, hone_error *err)
{
    static const char zeros[64];
    hone__str file = {0};
    char length[8];
    for (int i = 0; i < 8; i++)
        length[i] = (char)((uint64_t)header->n >> 8 * i & 0xff);
    hone__str_addn(&file, length, sizeof length);
    hone__str_addn(&file, hone__str_text(header), header->n);
    for (int i = 0; i < TENSORS; i++)
        hone__str_addn(&file, zeros, sizeof zeros);
    hone_status status =
        file.failed ? hone_no_memory(err, "measuring") : hone__write_file(path, hone__str_text(&file), file.n, err);
    hone__str_clear(&file);
    return status;
}

static hone_status open_model(bench *b, const char *path, size_t n_header, hone_error *err)
{
    hone__st_file file;
    hone_arena *arena = hone__arena_create(0);
    if (!arena)
        return hone_no_memory(err, "measuring");
    const double begin = wall_now();
    hone_status status = hone__st_open(&file, arena, path, err);
    if (status == HONE_OK) {
        say(b, "safetensors, a file of 2000 tensors opened", n_header, wall_now() - begin, "bytes are the header's");
        hone__st_close(&file);
    }
    hone__arena_destroy(arena);
    return status;
}

static hone_status bench_safetensors(bench *b, const hone__str *header, hone_error *err)
{
    char path[] = "/tmp/hone-bench-XXXXXX";
    const int fd = mkstemp(path);
    if (fd < 0)
        return hone_fail(err, HONE_EIO, "no temporary file could be made in /tmp");
    close(fd);
    hone_status status = write_model(path, header, err);
    if (status == HONE_OK)
        status = open_model(b, path, header->n, err);
    unlink(path);
    return status;
}

static hone_status bench_headers(bench *b, hone_error *err)
{
    hone__str header = {0};
    add_header(&header);
    hone_status status = header.failed ? hone_no_memory(err, "measuring") : bench_json(b, &header, err);
    if (status == HONE_OK)
        status = bench_safetensors(b, &header, err);
    hone__str_clear(&header);
    return status;
}

/* ---- Words and tokens -------------------------------------------------------------------------------------------- */

static hone_status learn(bench *b, const char *text, size_t n, const char *path, hone_arena *arena, hone_error *err)
{
    static const char *const specials[] = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
    const hone_word_rules rules = {
        .size = sizeof rules, .lowercase = true, .strip_accents = true, .chinese_alone = true, .max_chars = 100};
    const hone_pieces_rules how = {
        .size = sizeof how, .vocab_size = 8000, .min_frequency = 2, .specials = specials, .n_specials = 5};
    const hone_words *words;
    hone_pieces *pieces;
    const char **tokens;
    uint64_t n_tokens = 0;
    hone__str file = {0};
    HONE_TRY(hone_words_create(arena, &rules, &words, err));
    HONE_TRY(hone_pieces_create(words, &pieces, err));
    const double begin = wall_now();
    hone_status status = hone_pieces_add(pieces, text, n, err);
    const double counted = wall_now();
    if (status == HONE_OK)
        status = hone_pieces_learn(pieces, &how, arena, &tokens, &n_tokens, err);
    if (status == HONE_OK) {
        say(b, "words counted", n, counted - begin, "one thread");
        say(b, "wordpiece, 8000 tokens learnt", n, wall_now() - counted, "after counting");
    }
    for (uint64_t i = 0; i < n_tokens; i++)
        hone__str_addf(&file, "%s\n", tokens[i]);
    if (status == HONE_OK)
        status = file.failed ? hone_no_memory(err, "measuring") : hone__write_file(path, hone__str_text(&file), file.n, err);
    hone__str_clear(&file);
    hone_pieces_destroy(pieces);
    return status;
}

/* A tokenizer as an experiment would have it. */
typedef struct tool {
    hone__registry *registry;
    hone_arena *arena, *step, *scratch;
    hone_self *self;
    hone_tokenizer_info info;
} tool;

static void close_tool(tool *t)
{
    hone__instance_destroy(t->self);
    hone__registry_destroy(t->registry);
    hone__arena_destroy(t->scratch);
    hone__arena_destroy(t->step);
    hone__arena_destroy(t->arena);
}

static hone_status open_tool(tool *t, const char *vocab, hone_error *err)
{
    hone__yaml *node;
    hone__section section;
    t->arena = hone__arena_create(0);
    t->step = hone__arena_create(0);
    t->scratch = hone__arena_create(0);
    t->registry = hone__registry_create(NULL, false);
    if (!t->arena || !t->step || !t->scratch || !t->registry)
        return hone_no_memory(err, "measuring");
    hone__issues issues = {.arena = t->arena};
    const hone__fill fill = {.arena = t->arena, .registry = t->registry, .issues = &issues, .path = "tokenizer"};
    const char *yaml = hone_sprintf(t->arena, "{type: wordpiece, vocab: \"%s\"}", vocab);
    if (!yaml)
        return hone_no_memory(err, "measuring");
    HONE_TRY(hone__yaml_parse(t->arena, yaml, strlen(yaml), "bench.yaml", &node, NULL, err));
    HONE_TRY(hone__section_fill(&fill, HONE_KIND_TOKENIZER, NULL, node, NULL, &section, err));
    HONE_TRY(hone__issues_status(&issues, err));
    t->self = hone__instance(t->arena, t->step, section.plugin->table, section.params, 0, NULL, NULL);
    if (!t->self)
        return hone_no_memory(err, "measuring");
    const hone_tokenizer *table = (const hone_tokenizer *)(const void *)section.plugin->table;
    HONE_TRY(table->create(t->self, NULL, NULL, err));
    return hone__tokenizer_info_of(table, t->self, &t->info, err);
}

/* Line by line, as examples come, over and over for a second. */
static hone_status encode_lines(bench *b, tool *t, const char *text, size_t n, hone_error *err)
{
    hone_arena *line = hone__arena_create(0);
    const hone_tokenizer *table = (const hone_tokenizer *)(const void *)t->self->plugin;
    const hone__encoder encoder = {table, t->self, &t->info, line, t->scratch};
    hone_status status = line ? HONE_OK : hone_no_memory(err, "measuring");
    size_t bytes = 0;
    const double begin = processor_now();
    while (status == HONE_OK && n > 0 && (bytes == 0 || (!b->quick && processor_now() - begin < 1))) {
        for (size_t at = 0; at < n && status == HONE_OK;) {
            hone_tokens tokens;
            const char *end = memchr(text + at, '\n', n - at);
            const size_t length = end ? (size_t)(end - text) - at : n - at;
            status = hone__encode_text(&encoder, text + at, length, &tokens, err);
            hone__arena_reset(line);
            at += length + 1;
        }
        bytes += n;
    }
    if (status == HONE_OK)
        say(b, "wordpiece, lines of text to ids and offsets", bytes, processor_now() - begin, "one thread, processor time");
    hone__arena_destroy(line);
    return status;
}

static hone_status bench_tokenizer(bench *b, const char *vocab, const char *text, size_t n, hone_error *err)
{
    tool t = {0};
    hone_status status = open_tool(&t, vocab, err);
    if (status == HONE_OK)
        status = encode_lines(b, &t, text, n, err);
    close_tool(&t);
    return status;
}

static hone_status bench_text(bench *b, const char *path, const char *vocab, hone_error *err)
{
    char learnt[] = "/tmp/hone-bench-XXXXXX", *text;
    size_t n;
    HONE_TRY(hone__read_file(path, 0, &text, &n, err));
    hone_arena *arena = hone__arena_create(0);
    const int fd = mkstemp(learnt);
    hone_status status = arena && fd >= 0 ? HONE_OK : hone_fail(err, HONE_EIO, "no temporary file could be made in /tmp");
    if (status == HONE_OK)
        status = learn(b, text, n, learnt, arena, err);
    if (status == HONE_OK)
        status = bench_tokenizer(b, vocab ? vocab : learnt, text, n, err);
    if (fd >= 0) {
        close(fd);
        unlink(learnt);
    }
    hone__arena_destroy(arena);
    hone__free(text);
    return status;
}

int main(int argc, char **argv)
{
    bench b = {0};
    hone_error err = {0};
    int n;
    const char *text = NULL, *vocab = NULL, *json = NULL;
    const hone__option options[] = {
        {"--quick", &b.quick, NULL}, {"--json", NULL, &json}, {"--text", NULL, &text}, {"--vocab", NULL, &vocab}, {0}};
    if (!hone__options_take(argc, argv, options, &n) || n > 0 || !rows_open(&b.rows, json))
        return 2;
    bench_hostile(&b);
    hone_status status = bench_experiment(&b, &err);
    if (status == HONE_OK)
        status = bench_headers(&b, &err);
    if (status == HONE_OK)
        status = bench_text(&b, text ? text : "LICENSE", vocab, &err);
    if (status != HONE_OK)
        fprintf(stderr, "bench-parse: %s\n", err.msg);
    return rows_close(&b.rows) && status == HONE_OK ? 0 : 1;
}
