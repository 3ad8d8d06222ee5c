/* test_whitespace.c - words and their vocabulary: out of training texts, out of a file, saved and read back.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "../instance.h"
#include "data/encode.h"
#include "data/example.h"

#include <stdio.h>

/* As in the plugin. */
typedef struct params {
    const char *vocab;
    bool lowercase;
    int64_t min_count, vocab_size;
} params;

typedef struct fixture {
    instance in;
    params params;
    const hone_tokenizer *table;
    hone_tokenizer_info info;
    hone_arena *arena, *scratch;
} fixture;

static hone_corpus *corpus_of(hone_arena *arena, const char *const *texts)
{
    hone_error err;
    hone_corpus *corpus;
    hone_sink *sink = hone__sink_create(&(hone__sink_setup){.arena = arena, .file = "f", .split = "train", .reader = "test"});
    for (uint64_t i = 0; texts[i]; i++) {
        ck_assert_int_eq(hone_sink_example(sink, NULL, i + 1, &err), HONE_OK);
        ck_assert_int_eq(hone_sink_text(sink, i % 2 ? "text_pair" : "text", texts[i], strlen(texts[i]), &err), HONE_OK);
    }
    ck_assert_int_eq(hone__sink_finish(sink, &corpus, &err), HONE_OK);
    hone__sink_destroy(sink);
    return corpus;
}

static hone_status open_with(fixture *f, params p, const char *dir, const char *const *texts, hone_error *err)
{
    *f = (fixture){.params = p, .arena = hone__arena_create(0), .scratch = hone__arena_create(0)};
    instance_open(&f->in, "tokenizer/whitespace", &f->params, 0);
    f->table = (const hone_tokenizer *)f->in.self.plugin;
    HONE_TRY(f->table->create(&f->in.self, dir, texts ? corpus_of(f->arena, texts) : NULL, err));
    return hone__tokenizer_info_of(f->table, &f->in.self, &f->info, err);
}

static void close_fixture(fixture *f)
{
    instance_close(&f->in);
    hone__arena_destroy(f->arena);
    hone__arena_destroy(f->scratch);
}

static const char *const texts[] = {"b a\tB  c", "a b\nd", "C\xc2\xa0\xc3\x89t\xc3\xa9 [SEP] [SEP]", NULL};

START_TEST(the_vocabulary_is_ordered_by_falling_count_then_bytes)
{
    hone_error err;
    fixture f;
    static const char *const expected[] = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "b", "[sep]", "a", "c"};
    ck_assert_msg(open_with(&f, (params){.lowercase = true, .min_count = 2, .vocab_size = 100}, NULL, texts, &err) == HONE_OK,
                  "%s", err.msg);
    ck_assert_int_eq(f.info.vocabulary, 9);
    for (int32_t i = 0; i < 9; i++)
        ck_assert_str_eq(f.table->token(&f.in.self, i), expected[i]);
    ck_assert_ptr_null(f.table->token(&f.in.self, 9));
    close_fixture(&f);
    ck_assert_int_eq(open_with(&f, (params){.lowercase = false, .min_count = 1, .vocab_size = 7}, NULL, texts, &err), HONE_OK);
    ck_assert_int_eq(f.info.vocabulary, 7);
    ck_assert_str_eq(f.table->token(&f.in.self, 6), "b");
    close_fixture(&f);
}
END_TEST

START_TEST(words_are_found_with_their_bytes_and_others_are_unknown)
{
    hone_error err;
    fixture f;
    hone_tokens t;
    ck_assert_int_eq(open_with(&f, (params){.lowercase = true, .min_count = 1, .vocab_size = 100}, NULL, texts, &err), HONE_OK);
    hone__encoder encoder = {f.table, &f.in.self, &f.info, f.arena, f.scratch};
    const char *text = " \xc3\x89T\xc3\x89\xe3\x80\x80zzz B";
    ck_assert_int_eq(hone__encode_text(&encoder, text, strlen(text), &t, &err), HONE_OK);
    ck_assert_uint_eq(t.n, 3);
    ck_assert_str_eq(f.table->token(&f.in.self, t.ids[0]), "\xc3\xa9t\xc3\xa9");
    ck_assert_uint_eq(t.begin[0], 1);
    ck_assert_uint_eq(t.end[0], 6);
    ck_assert_int_eq(t.ids[1], f.info.unk);
    ck_assert_str_eq(f.table->token(&f.in.self, t.ids[2]), "b");
    close_fixture(&f);
}
END_TEST

START_TEST(what_is_saved_is_read_back)
{
    hone_error err;
    fixture f, g;
    char *dir = suite_make_dir();
    ck_assert_int_eq(open_with(&f, (params){.lowercase = true, .min_count = 1, .vocab_size = 100}, NULL, texts, &err), HONE_OK);
    ck_assert_msg(f.table->save(&f.in.self, dir, &err) == HONE_OK, "%s", err.msg);
    ck_assert_msg(open_with(&g, f.params, dir, NULL, &err) == HONE_OK, "%s", err.msg);
    ck_assert_int_eq(f.info.vocabulary, g.info.vocabulary);
    for (int32_t i = 0; i < f.info.vocabulary; i++)
        ck_assert_str_eq(f.table->token(&f.in.self, i), g.table->token(&g.in.self, i));
    close_fixture(&f);
    close_fixture(&g);
    suite_remove_dir(dir);
}
END_TEST

static void refused(const char *vocabulary, const char *message)
{
    hone_error err = {HONE_OK, ""};
    fixture f;
    char path[4200];
    char *dir = suite_make_dir();
    snprintf(path, sizeof path, "%s/v", dir);
    if (vocabulary)
        ck_assert_int_eq(hone__write_file(path, vocabulary, strlen(vocabulary), &err), HONE_OK);
    ck_assert_int_ne(
        open_with(&f, (params){.vocab = vocabulary ? path : NULL, .min_count = 1, .vocab_size = 9}, NULL, NULL, &err), HONE_OK);
    ck_assert_str_eq(err.msg + (strncmp(err.msg, path, strlen(path)) == 0 ? strlen(path) : 0), message);
    close_fixture(&f);
    suite_remove_dir(dir);
}

START_TEST(vocabularies_with_mistakes_are_refused)
{
    refused("[PAD]\n[UNK]\n[SEP]\n[CLS]\n[MASK]\n",
            ":3: this line must be [CLS]: the file begins with [PAD] [UNK] [CLS] [SEP] [MASK]");
    refused("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n\nb\n", ":7: the line is empty; each holds one token");
    refused("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\na\n", "the vocabulary has a twice, in lines 6 and 8");
    refused("\xff\n", " is no vocabulary: it is not UTF-8 text");
    refused(NULL, "tokenizer whitespace has no vocabulary: there are no training texts, and tokenizer.vocab names no file");
}
END_TEST

SUITE("whitespace", the_vocabulary_is_ordered_by_falling_count_then_bytes,
      words_are_found_with_their_bytes_and_others_are_unknown, what_is_saved_is_read_back,
      vocabularies_with_mistakes_are_refused)
