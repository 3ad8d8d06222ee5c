/* vocab.c - `hone vocab FILE... --size N`: a WordPiece vocabulary learnt from texts, for models that are trained from scratch.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/options.h"

#include <errno.h>
#include <hone/words.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const specials[] = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
enum { N_SPECIALS = sizeof specials / sizeof *specials, MOST_CHARS = 100 };

typedef struct settings {
    uint64_t size, min_frequency, max_alphabet;
    bool cased, json, force;
    const char *output;
} settings;

/* ---- Texts ------------------------------------------------------------------------------------------------------- */

static uint64_t line_of(const char *bytes, uint64_t at)
{
    uint64_t line = 1;
    for (uint64_t i = 0; i < at; i++)
        line += bytes[i] == '\n';
    return line;
}

static hone_status check_text(const char *name, const char *bytes, size_t n, hone_error *err)
{
    size_t bad;
    const char *nul = n ? memchr(bytes, '\0', n) : NULL;
    if (nul)
        return hone_fail(err, HONE_EFORMAT,
                         "%s:%llu: there is a NUL byte; text files have none (is this a text file, in UTF-8?)", name,
                         (unsigned long long)line_of(bytes, (uint64_t)(nul - bytes)));
    if (!hone__utf8_valid(bytes, n, &bad))
        return hone_fail(err, HONE_EFORMAT, "%s:%llu: the byte 0x%02x is not UTF-8; convert the file to UTF-8", name,
                         (unsigned long long)line_of(bytes, bad), (unsigned)(unsigned char)bytes[bad]);
    return HONE_OK;
}

/* "-" is standard input. A word never goes over the end of a line, so the file is one text. */
static hone_status add_file(hone_pieces *pieces, const char *path, hone_error *err)
{
    const bool from_stdin = strcmp(path, "-") == 0;
    char *bytes;
    size_t n;
    HONE_TRY(hone__read_file(from_stdin ? "/dev/stdin" : path, 0, &bytes, &n, err));
    hone_status status = check_text(from_stdin ? "standard input" : path, bytes, n, err);
    if (status == HONE_OK)
        status = hone_pieces_add(pieces, bytes, n, err);
    hone__free(bytes);
    return status;
}

/* ---- The vocabulary ---------------------------------------------------------------------------------------------- */

static hone_status write_tokens(const char *path, const char *const *tokens, uint64_t n, hone_error *err)
{
    hone__str out = {0};
    for (uint64_t i = 0; i < n; i++) {
        hone__str_add(&out, tokens[i]);
        hone__str_add(&out, "\n");
    }
    hone_status status =
        out.failed ? hone_no_memory(err, "writing a vocabulary") : hone__write_file(path, hone__str_text(&out), out.n, err);
    hone__str_clear(&out);
    return status;
}

static void say_json(const settings *s, uint64_t tokens, uint64_t words, uint64_t distinct)
{
    hone__str out = {0};
    hone__str_add(&out, "{\"output\": ");
    hone__str_add_json(&out, s->output);
    hone__str_addf(&out, ", \"tokens\": %llu, \"words\": %llu, \"distinct_words\": %llu, \"lowercase\": %s}\n",
                   (unsigned long long)tokens, (unsigned long long)words, (unsigned long long)distinct,
                   s->cased ? "false" : "true");
    fputs(hone__str_text(&out), stdout);
    hone__str_clear(&out);
}

static void say(const settings *s, uint64_t tokens, const hone_pieces *pieces)
{
    uint64_t distinct;
    const uint64_t words = hone_pieces_words(pieces, &distinct);
    if (s->json) {
        say_json(s, tokens, words, distinct);
        return;
    }
    printf("%s: %llu tokens learnt from %llu words, %llu of them distinct\n", s->output, (unsigned long long)tokens,
           (unsigned long long)words, (unsigned long long)distinct);
    if (tokens < s->size)
        printf("These are fewer than the %llu asked for: no other pair of pieces is seen %llu time%s.\n",
               (unsigned long long)s->size, (unsigned long long)s->min_frequency, s->min_frequency == 1 ? "" : "s");
    printf("In an experiment: tokenizer: {type: wordpiece, vocab: %s, lowercase: %s}\n", s->output,
           s->cased ? "false" : "true");
}

static hone_status learn(hone_arena *arena, const settings *s, const hone_pieces *pieces, hone_error *err)
{
    const hone_pieces_rules rules = {.size = sizeof rules,
                                     .vocab_size = s->size,
                                     .min_frequency = s->min_frequency,
                                     .max_alphabet = s->max_alphabet,
                                     .specials = specials,
                                     .n_specials = N_SPECIALS};
    const char **tokens;
    uint64_t n;
    if (hone_pieces_words(pieces, NULL) == 0)
        return hone_fail(err, HONE_EFORMAT, "there are no words in these files to learn a vocabulary from");
    HONE_TRY(hone_pieces_learn(pieces, &rules, arena, &tokens, &n, err));
    HONE_TRY(write_tokens(s->output, tokens, n, err));
    say(s, n, pieces);
    return HONE_OK;
}

static hone_status make(hone_arena *arena, const settings *s, char **files, int n, hone_error *err)
{
    const hone_word_rules rules = {.size = sizeof rules,
                                   .lowercase = !s->cased,
                                   .strip_accents = !s->cased,
                                   .chinese_alone = true,
                                   .max_chars = MOST_CHARS};
    const hone_words *words;
    hone_pieces *pieces;
    if (!s->force && hone__exists(s->output))
        return hone_fail(err, HONE_EEXIST, "%s exists already; give another --output, or --force to replace it", s->output);
    HONE_TRY(hone_words_create(arena, &rules, &words, err));
    HONE_TRY(hone_pieces_create(words, &pieces, err));
    hone_status status = HONE_OK;
    for (int i = 0; i < n && status == HONE_OK; i++)
        status = add_file(pieces, files[i], err);
    if (status == HONE_OK)
        status = learn(arena, s, pieces, err);
    hone_pieces_destroy(pieces);
    return status;
}

/* ---- The command ------------------------------------------------------------------------------------------------- */

static bool take_number(const char *option, const char *text, uint64_t least, uint64_t *number)
{
    char *end;
    errno = 0;
    const long long value = strtoll(text, &end, 10);
    if (*text && *end == '\0' && errno == 0 && value >= (long long)least && value <= INT32_MAX) {
        *number = (uint64_t)value;
        return true;
    }
    char shown[40];
    fprintf(stderr, "hone vocab: %s is %s; it must be a whole number from %llu to %d\n", option,
            hone__shown(text, shown, sizeof shown), (unsigned long long)least, INT32_MAX);
    return false;
}

static bool take_settings(int argc, char **argv, settings *s, int *n)
{
    const char *size = NULL, *min_frequency = "2", *max_alphabet = NULL, *given = NULL;
    bool lowercase = false;
    const hone__option options[] = {
        {"--size", NULL, &size},        {"--min-frequency", NULL, &given}, {"--limit-alphabet", NULL, &max_alphabet},
        {"--output", NULL, &s->output}, {"--cased", &s->cased, NULL},      {"--lowercase", &lowercase, NULL},
        {"--force", &s->force, NULL},   {"--json", &s->json, NULL},        {0}};
    if (!hone__options_take(argc, argv, options, n))
        return false;
    if (*n == 0 || !size) {
        fprintf(stderr, "hone vocab: %s; `hone vocab --help` says more\n",
                size ? "it needs the files to learn from" : "--size says how many tokens to learn, and is missing");
        return false;
    }
    if (s->cased && lowercase) {
        fprintf(stderr, "hone vocab: --cased and --lowercase contradict each other\n");
        return false;
    }
    if (!s->output)
        s->output = "vocab.txt";
    return take_number("--size", size, N_SPECIALS + 1, &s->size) &&
           take_number("--min-frequency", given ? given : min_frequency, 1, &s->min_frequency) &&
           (!max_alphabet || take_number("--limit-alphabet", max_alphabet, 1, &s->max_alphabet));
}

int hone__cli_vocab(int argc, char **argv)
{
    settings s = {0};
    hone_error err = {0};
    int n;
    if (!take_settings(argc, argv, &s, &n))
        return HONE__EXIT_USAGE;
    hone_arena *arena = hone__arena_create(0);
    hone_status status = arena ? make(arena, &s, argv + 1, n, &err) : hone_no_memory(&err, "learning a vocabulary");
    if (status != HONE_OK)
        fprintf(stderr, "hone vocab: %s\n", err.msg);
    hone__arena_destroy(arena);
    return status == HONE_OK ? HONE__EXIT_DONE : HONE__EXIT_FAILED;
}
