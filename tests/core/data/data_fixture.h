/* data_fixture.h - a reader and a tokenizer in memory, for tests of the data layer.
 *
 * The reader puts whatever the test's table says into the sink; the tokenizer makes a token of every letter.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_TESTS_DATA_FIXTURE_H
#define HONE_TESTS_DATA_FIXTURE_H

#include "base/arena.h"
#include "data/encode.h"
#include "data/labels.h"
#include "data/prepared.h"
#include "data/split.h"
#include "suite.h"

#include <stdio.h>

/* One example of a class: text, second text (may be NULL), label (NULL: none). */
typedef struct row {
    const char *text, *pair, *label;
} row;

static inline hone_sink *make_sink(hone_arena *arena, hone_target target, bool needs_gold)
{
    static const char *const fields[] = {"text", "text_pair", "words", "pixels", NULL};
    hone_sink *sink = hone__sink_create(&(hone__sink_setup){.arena = arena,
                                                            .file = "f.tsv",
                                                            .split = "train",
                                                            .reader = "test",
                                                            .fields = fields,
                                                            .target = target,
                                                            .needs_gold = needs_gold});
    ck_assert_ptr_nonnull(sink);
    return sink;
}

static inline hone_status put_row(hone_sink *sink, const row *r, uint64_t line, hone_error *err)
{
    HONE_TRY(hone_sink_example(sink, NULL, line, err));
    HONE_TRY(hone_sink_text(sink, "text", r->text, strlen(r->text), err));
    if (r->pair)
        HONE_TRY(hone_sink_text(sink, "text_pair", r->pair, strlen(r->pair), err));
    if (!r->label)
        return HONE_OK;
    hone_answer gold = hone_answer_of(HONE_TARGET_CLASS);
    gold.n = 1;
    gold.names = &r->label;
    return hone_sink_gold(sink, &gold, err);
}

/* A corpus of n rows, in lines 1 to n. */
static inline hone_corpus *make_corpus(hone_arena *arena, const row *rows, size_t n)
{
    hone_error err;
    hone_corpus *corpus;
    hone_sink *sink = make_sink(arena, HONE_TARGET_CLASS, false);
    for (size_t i = 0; i < n; i++)
        ck_assert_msg(put_row(sink, &rows[i], i + 1, &err) == HONE_OK, "%s", err.msg);
    ck_assert_msg(hone__sink_finish(sink, &corpus, &err) == HONE_OK, "%s", err.msg);
    hone__sink_destroy(sink);
    return corpus;
}

/* ---- A tokenizer of letters: ids are bytes, specials 1 and 2 ----------------------------------------------------- */

static inline hone_status letters_info(const hone_self *self, hone_tokenizer_info *info, hone_error *err)
{
    static const hone_template_item single[] = {{-1, 1, 0, 0}, {0, 0, 0, 0}, {-1, 2, 0, 0}};
    static const hone_template_item pair[] = {{-1, 1, 0, 0}, {0, 0, 0, 0}, {-1, 2, 0, 0}, {1, 0, 1, 0}, {-1, 2, 1, 0}};
    (void)self;
    (void)err;
    info->vocabulary = 256;
    info->cls = 1;
    info->sep = 2;
    info->single = single;
    info->n_single = 3;
    info->pair = pair;
    info->n_pair = 5;
    return HONE_OK;
}

static inline hone_status letters_encode(const hone_self *self, const char *text, size_t n, hone_token_sink *out,
                                         hone_error *err)
{
    (void)self;
    for (size_t i = 0; i < n; i++)
        HONE_TRY(hone_token_add(out, (unsigned char)text[i], i, i + 1, err));
    return HONE_OK;
}

static const hone_tokenizer letters = {
    .plugin = {HONE_PLUGIN(hone_tokenizer, HONE_KIND_TOKENIZER), .name = "letters"},
    .info = letters_info,
    .encode = letters_encode,
};

static inline hone__preparer make_preparer(const hone_head *head, uint64_t max_length)
{
    hone_error err;
    hone__preparer p = {.tokenizer = &letters, .head = head, .max_length = max_length, .seed = 1, .n_labels = 2};
    ck_assert_msg(hone__tokenizer_info_of(&letters, NULL, &p.info, &err) == HONE_OK, "%s", err.msg);
    return p;
}

/* ---- A head with windows and fields of every kind ---------------------------------------------------------------- */

static inline hone_status ints(hone_sequences *out, const char *name, hone_per per, uint32_t dtype, void *data, int64_t n,
                               hone_error *err)
{
    hone_tensor t = {.data = data, .dtype = dtype, .shape = hone_shape_1(n)};
    return hone_sequence_field(out, name, per, &t, err);
}

/* One sequence a letter; fields that say where they come from; two rows in the first sequence, none in the others. */
static inline hone_status windows_prepare(const hone_self *self, const hone_prepare *in, hone_sequences *out, hone_error *err)
{
    size_t n;
    const char *text = hone_example_text(in->example, "text", &n);
    (void)self;
    for (size_t i = 0; i < n; i++) {
        hone_tokens tokens;
        hone_sequence s;
        int32_t marks[3] = {(int32_t)i, 7, 8}, number = (int32_t)(10 * in->index + i);
        int64_t wanted[2] = {2, 1};
        HONE_TRY(hone_encode(out, text + i, 1, &tokens, err));
        HONE_TRY(hone_sequence_add(out, &tokens, NULL, -1, &s, err));
        HONE_TRY(hone_sequence_set_ids(out, (const int32_t[]){1, 100 + (int32_t)i, 2}, s.n, err));
        HONE_TRY(ints(out, "marks", HONE_PER_TOKEN, HONE_I32, marks, 3, err));
        HONE_TRY(ints(out, "number", HONE_PER_SEQUENCE, HONE_I32, &number, 1, err));
        if (i == 0)
            HONE_TRY(ints(out, "wanted_rows", HONE_PER_ITEM, HONE_I64, wanted, 2, err));
    }
    float draw = (float)hone_random_uniform(in->random, in->index, 0);
    return ints(out, "draw", HONE_PER_EXAMPLE, HONE_F32, &draw, 1, err);
}

static const hone_head windows = {.plugin = {.name = "windows"}, .prepare = windows_prepare};

/* 1,000 examples of different lengths. */
static inline hone_corpus *many(hone_arena *arena)
{
    static char texts[1000][8];
    static row rows[1000];
    for (int i = 0; i < 1000; i++) {
        snprintf(texts[i], sizeof texts[i], "%.*s", 1 + i % 5, "abcde");
        rows[i] = (row){texts[i], NULL, NULL};
    }
    return make_corpus(arena, rows, 1000);
}

#endif
