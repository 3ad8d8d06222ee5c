/* test_wordpiece_learning.c - wordpiece with a vocabulary of the training texts: against vocabularies of Hugging Face's trainer
 * (tests/golden/pieces.py), and the settings that contradict each other.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "../instance.h"
#include "base/json.h"
#include "data/encode.h"
#include "data/example.h"

#include <hone/words.h>
#include <stdio.h>

enum { AUTO, YES, NO };

/* As in the plugin. */
typedef struct params {
    int32_t lowercase, strip_accents, tokenize_chinese_chars;
    const char *vocab;
    int64_t max_input_chars_per_word;
    const char *pad_token, *unk_token, *cls_token, *sep_token, *mask_token;
    int64_t vocab_size, min_frequency;
} params;

typedef struct fixture {
    instance in;
    params params;
    const hone_tokenizer *table;
    hone_tokenizer_info info;
    hone_arena *arena, *scratch;
} fixture;

static hone_corpus *corpus_of(hone_arena *arena, const char *text, int first, int step)
{
    hone_error err;
    hone_corpus *corpus;
    hone_sink *sink = hone__sink_create(&(hone__sink_setup){.arena = arena, .file = "f", .split = "train", .reader = "test"});
    for (int line = 0; *text; line++) {
        const size_t n = strcspn(text, "\n");
        if (line >= first && (line - first) % step == 0) {
            ck_assert_int_eq(hone_sink_example(sink, NULL, (uint64_t)line + 1, &err), HONE_OK);
            ck_assert_int_eq(hone_sink_text(sink, "text", text, n, &err), HONE_OK);
        }
        text += n + (text[n] == '\n');
    }
    ck_assert_msg(hone__sink_finish(sink, &corpus, &err) == HONE_OK, "%s", err.msg);
    hone__sink_destroy(sink);
    return corpus;
}

static hone_status open_with(fixture *f, params p, const char *dir, const hone_corpus *train, hone_error *err)
{
    *f = (fixture){.params = p, .arena = hone__arena_create(0), .scratch = hone__arena_create(0)};
    f->params.max_input_chars_per_word = 100;
    instance_open(&f->in, "tokenizer/wordpiece", &f->params, 0);
    f->table = (const hone_tokenizer *)f->in.self.plugin;
    HONE_TRY(f->table->create(&f->in.self, dir, train, err));
    return hone__tokenizer_info_of(f->table, &f->in.self, &f->info, err);
}

static void close_fixture(fixture *f)
{
    instance_close(&f->in);
    hone__arena_destroy(f->arena);
    hone__arena_destroy(f->scratch);
}

/* ---- The reference ----------------------------------------------------------------------------------------------- */

static hone_status count_word(void *ctx, const hone_word *word, hone_error *err)
{
    (void)word;
    (void)err;
    ++*(uint64_t *)ctx;
    return HONE_OK;
}

/* Tokens and words of a corpus. */
static void measure(fixture *f, const hone_corpus *corpus, bool lowercase, uint64_t *tokens, uint64_t *words)
{
    hone_error err;
    const hone_word_rules rules = {
        .size = sizeof rules, .lowercase = lowercase, .strip_accents = lowercase, .chinese_alone = true, .max_chars = 100};
    const hone_words *cutter;
    hone__encoder encoder = {f->table, &f->in.self, &f->info, f->arena, f->scratch};
    ck_assert_int_eq(hone_words_create(f->arena, &rules, &cutter, &err), HONE_OK);
    void *scratch = hone_alloc(f->arena, hone_words_scratch(cutter));
    *tokens = *words = 0;
    for (uint64_t i = 0; i < hone_corpus_count(corpus); i++) {
        size_t n;
        hone_tokens encoded;
        const char *text = hone_example_text(hone_corpus_at(corpus, i), "text", &n);
        ck_assert_int_eq(hone__encode_text(&encoder, text, n, &encoded, &err), HONE_OK);
        ck_assert_int_eq(hone_words_each(cutter, scratch, text, 0, n, count_word, words, &err), HONE_OK);
        *tokens += encoded.n;
    }
}

/* The texts of a case; false where ../shared lacks them. */
static bool load_case(hone_arena *arena, const char *name, hone_corpus **train, hone_corpus **held_out)
{
    static const struct {
        const char *name, *train, *held_out;
    } cases[] = {
        {"license", "LICENSE", NULL},
        {"wikitext", "../shared/data/wikitext-2/test.txt", "../shared/data/wikitext-2/valid.txt"},
        {"chnsenticorp", "../shared/data/chnsenticorp/train.tsv", "../shared/data/chnsenticorp/dev.tsv"},
    };
    size_t k = 0;
    while (strcmp(cases[k].name, name) != 0)
        ck_assert_uint_lt(++k, sizeof cases / sizeof *cases);
    const char *const files[] = {cases[k].train, cases[k].held_out ? cases[k].held_out : cases[k].train};
    for (int i = 0; i < 2; i++) {
        hone_error err;
        const char *text;
        uint64_t n;
        if (!hone_file_exists(files[i]))
            return false;
        ck_assert_int_eq(hone_file_read(arena, files[i], 0, &text, &n, &err), HONE_OK);
        *(i ? held_out : train) = corpus_of(arena, text, i && !cases[k].held_out ? 1 : 0, cases[k].held_out ? 1 : 2);
    }
    return true;
}

static bool run_case(const json_t *record)
{
    hone_error err = {HONE_OK, ""};
    fixture f;
    hone_corpus *train, *held_out;
    uint64_t tokens, words;
    const bool lowercase = json_is_true(json_object_get(record, "lowercase"));
    const double reference = json_real_value(json_object_get(record, "tokens_per_word"));
    hone_arena *arena = hone__arena_create(0);
    const bool there = load_case(arena, json_string_value(json_object_get(record, "case")), &train, &held_out);
    if (there) {
        const params p = {.lowercase = lowercase ? YES : NO,
                          .vocab_size = json_integer_value(json_object_get(record, "size")),
                          .min_frequency = 2};
        ck_assert_msg(open_with(&f, p, NULL, train, &err) == HONE_OK, "%s", err.msg);
        /* Where the text is exhausted before the vocabulary is full, the last few depend on how ties were broken. */
        ck_assert_double_eq_tol(
            (double)f.info.vocabulary / (double)json_integer_value(json_object_get(record, "tokens_learnt")), 1, 0.01);
        measure(&f, held_out, lowercase, &tokens, &words);
        ck_assert_uint_eq(words, (uint64_t)json_integer_value(json_object_get(record, "words")));
        /* Ties are broken differently, by the reference at random: its own figure for the smallest text moves by 0.3 %, and ours was
         * at most 0.8 % away. */
        ck_assert_double_eq_tol((double)tokens / (double)words / reference, 1, 0.03);
        close_fixture(&f);
    }
    hone__arena_destroy(arena);
    return there;
}

START_TEST(tokens_per_word_of_held_out_text_are_those_of_the_reference)
{
    hone_error err;
    char *bytes;
    size_t n;
    ck_assert_int_eq(hone__read_file("tests/golden/pieces/reference.jsonl", 0, &bytes, &n, &err), HONE_OK);
    for (char *line = bytes, *next; *line; line = next) {
        json_t *record;
        next = strchr(line, '\n') + 1;
        ck_assert_int_eq(hone__json_parse(line, (size_t)(next - line), "reference.jsonl", &record, &err), HONE_OK);
        if (!run_case(record))
            printf("left out, because ../shared lacks it: %s\n", json_string_value(json_object_get(record, "case")));
        json_decref(record);
    }
    hone__free(bytes);
}
END_TEST

/* ---- Use --------------------------------------------------------------------------------------------------------- */

static const char texts[] = "the dog sees the dogs\nthe dogs see\n";

START_TEST(special_tokens_come_first_and_what_is_saved_is_the_same_tokenizer)
{
    hone_error err = {HONE_OK, ""};
    fixture f, again;
    char *dir = suite_make_dir();
    hone_arena *arena = hone__arena_create(0);
    const params p = {.vocab_size = 24, .min_frequency = 2, .pad_token = "<pad>"};
    ck_assert_msg(open_with(&f, p, NULL, corpus_of(arena, texts, 0, 1), &err) == HONE_OK, "%s", err.msg);
    ck_assert_str_eq(f.table->token(&f.in.self, 0), "<pad>");
    ck_assert_str_eq(f.table->token(&f.in.self, 4), "[MASK]");
    ck_assert_int_eq(f.info.pad, 0);
    ck_assert_int_eq(f.info.mask, 4);
    ck_assert_int_le(f.info.vocabulary, 24);
    ck_assert_int_eq(f.table->save(&f.in.self, dir, &err), HONE_OK);
    /* The trained model's folder is opened with the parameters it was trained with, and without training texts. */
    ck_assert_msg(open_with(&again, p, dir, NULL, &err) == HONE_OK, "%s", err.msg);
    ck_assert_int_eq(again.info.vocabulary, f.info.vocabulary);
    for (int32_t i = 0; i < f.info.vocabulary; i++)
        ck_assert_str_eq(again.table->token(&again.in.self, i), f.table->token(&f.in.self, i));
    close_fixture(&again);
    close_fixture(&f);
    hone__arena_destroy(arena);
    suite_remove_dir(dir);
}
END_TEST

static void refused(params p, const char *dir, const char *message)
{
    hone_error err = {HONE_OK, ""};
    fixture f;
    hone_arena *arena = hone__arena_create(0);
    ck_assert_int_ne(open_with(&f, p, dir, corpus_of(arena, texts, 0, 1), &err), HONE_OK);
    ck_assert_str_eq(err.msg, message);
    close_fixture(&f);
    hone__arena_destroy(arena);
}

START_TEST(settings_that_contradict_each_other_are_refused)
{
    refused((params){.vocab_size = 30, .vocab = "vocab.txt"}, NULL,
            "tokenizer.vocab names a vocabulary, and tokenizer.vocab_size asks to learn one; leave out one of them");
    refused((params){.vocab_size = 30}, "a/folder",
            "model.path names a folder, whose vocabulary goes with its weights; leave out tokenizer.vocab_size, which learns "
            "another");
    refused((params){.vocab_size = 5}, NULL,
            "a vocabulary of 5 tokens was asked for; it must have more than its 5 special tokens, and at most 2147483647");
}
END_TEST

SUITE("wordpiece-learning", tokens_per_word_of_held_out_text_are_those_of_the_reference,
      special_tokens_come_first_and_what_is_saved_is_the_same_tokenizer, settings_that_contradict_each_other_are_refused)
