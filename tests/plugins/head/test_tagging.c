/* test_tagging.c - whole trials of the heads that tag words: they learn, windows lose no word, tokens of one word go together.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "base/str.h"
#include "data/prepared.h"
#include "trial_fixture.h"

/* Sentences of `least` words and up to 7 more; "new york" and "york" are places, a word behind "mr" is a person. */
static void write_data(const fixture *f, const char *name, uint64_t seed, int n, uint64_t least)
{
    static const char *const words[] = {"the", "of", "mr", "york", "new", "run"};
    const hone_key key = {.seed = seed};
    const hone_stream stream = hone_stream_of(&key);
    hone__str s = {0};
    for (uint64_t i = 0; i < (uint64_t)n; i++) {
        const uint64_t length = least + hone_random_below(stream, i, 0, 8);
        uint64_t before = 0;
        for (uint64_t w = 0; w < length; w++) {
            const uint64_t which = hone_random_below(stream, i, 1 + w, 6);
            const bool place = which == 3, person = before == 2 && !place;
            const char *tag = place ? (before == 4 ? "I-LOC" : "B-LOC") : which == 4 ? "B-LOC" : person ? "B-PER" : "O";
            hone__str_addf(&s, "%s %s\n", words[which], tag);
            before = which;
        }
        hone__str_add(&s, "\n");
    }
    fixture_write(f, name, hone__str_text(&s));
    hone__str_clear(&s);
}

static void begin(fixture *f, uint64_t least, const char *head)
{
    static const char yaml[] = "data: {type: conll, train: train.conll, validation: dev.conll}\n"
                               "tokenizer: {type: whitespace, max_length: 16}\n"
                               "model: {type: bert, hidden_size: 32, num_hidden_layers: 1, num_attention_heads: 4, "
                               "intermediate_size: 32, max_position_embeddings: 32, hidden_dropout_prob: 0, "
                               "attention_probs_dropout_prob: 0}\n"
                               "optimizer: {type: adamw, learning_rate: 1.0e-2}\n"
                               "trainer: {num_train_epochs: 20, train_batch_size: 16, micro_batch_size: 8, threads: 2}\n"
                               "metrics: [seqeval]\nhead: %s\n";
    fixture_begin(f);
    write_data(f, "train.conll", 1, 200, least);
    write_data(f, "dev.conll", 2, 50, least);
    fixture_load(f, hone_sprintf(f->arena, yaml, head));
}

static double figure(const fixture *f, const char *name)
{
    json_t *root = NULL;
    hone_error err;
    ck_assert_msg(hone__json_load(fixture_path(f, "result.json"), 0, &root, &err) == HONE_OK, "%s", err.msg);
    const double value = json_number_value(json_object_get(json_object_get(json_object_get(root, "figures"), name), "value"));
    json_decref(root);
    return value;
}

static void run_well(fixture *f, const char *what)
{
    hone_error err;
    ck_assert_msg(hone__trial_run(&f->setup, &err) == HONE_OK, "%s: %s", what, err.msg);
}

START_TEST(both_heads_learn_tags_that_follow_from_the_words)
{
    static const char *const heads[] = {"{type: token_classification, dropout: 0}",
                                        "{type: crf, dropout: 0, constraints: bio}"};
    for (size_t i = 0; i < 2; i++) {
        fixture f;
        begin(&f, 3, heads[i]);
        run_well(&f, heads[i]);
        ck_assert_double_gt(figure(&f, "validation/seqeval"), 0.95);
        ck_assert_double_eq(figure(&f, "validation/seqeval_lost_words"), 0);
        char *predictions = fixture_read(&f, "predictions.tsv");
        ck_assert_ptr_nonnull(strstr(predictions, "scores:B-LOC|B-PER|I-LOC|O\n"));
        hone__free(predictions);
        fixture_end(&f);
    }
}
END_TEST

START_TEST(long_sentences_lose_words_unless_they_are_windowed)
{
    static const char *const heads[] = {"{type: token_classification, dropout: 0}",
                                        "{type: token_classification, dropout: 0, window_stride: 5}",
                                        "{type: crf, dropout: 0, window_stride: 7}"};
    for (size_t i = 0; i < 3; i++) {
        fixture f;
        begin(&f, 20, heads[i]);
        run_well(&f, heads[i]);
        if (i == 0) {
            ck_assert_double_gt(figure(&f, "validation/seqeval_lost_words"), 50 * 6);
            ck_assert_double_lt(figure(&f, "validation/seqeval_recall"), 0.8);
        } else {
            ck_assert_double_eq(figure(&f, "validation/seqeval_lost_words"), 0);
            ck_assert_double_gt(figure(&f, "validation/seqeval_recall"), 0.95);
        }
        fixture_end(&f);
    }
}
END_TEST

/* Rows, numbers and labels of the only sentence, "alpha beta" as pieces of words. */
static void prepared_is(const char *head, const char *wanted)
{
    fixture f;
    hone__str got = {0};
    fixture_begin(&f);
    fixture_write(&f, "train.conll", "alphabeta B-X\ngamma I-X\nx O\n");
    fixture_write(&f, "vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nalpha\n##beta\ngamma\nx\n");
    fixture_load(&f, hone_sprintf(f.arena,
                                  "data: {type: conll, train: train.conll, validation: train.conll}\n"
                                  "tokenizer: {type: wordpiece, vocab: %s, max_length: 16}\n"
                                  "model: {type: bag, hidden_size: 4}\nhead: %s\ntrainer: {threads: 1}\n",
                                  fixture_path(&f, "vocab.txt"), head));
    hone__parts *parts = fixture_parts(&f);
    const hone__prepared *p = parts->train_prepared;
    for (size_t i = 0; i < p->n_fields; i++) {
        const hone__named_field *field = &p->fields[i];
        hone__str_addf(&got, "%s%s", i ? " " : "", field->form.name);
        for (uint64_t k = 0; k < field->starts[1]; k++)
            hone__str_addf(&got, " %d",
                           field->form.dtype == HONE_I64 ? (int)((const int64_t *)(const void *)field->data)[k]
                                                         : ((const int32_t *)(const void *)field->data)[k]);
    }
    ck_assert_str_eq(hone__str_text(&got), wanted);
    hone__str_clear(&got);
    hone__parts_destroy(parts);
    fixture_end(&f);
}

/* [CLS] alpha ##beta gamma x [SEP]; labels B-X 0, I-X 1, O 2 */
START_TEST(a_word_is_scored_at_its_first_token_and_learnt_at_all_where_asked)
{
    prepared_is("token_classification", "word_rows 1 3 4 word_numbers 0 1 2 word_labels 0 1 2 word_counts 3");
    prepared_is("{type: token_classification, label_tokens: all}",
                "word_rows 1 2 3 4 word_numbers 0 -1 1 2 word_labels 0 1 1 2 word_counts 4");
    prepared_is("crf", "word_rows 1 3 4 word_numbers 0 1 2 word_labels 0 1 2 word_counts 3");
}
END_TEST

SUITE("tagging", both_heads_learn_tags_that_follow_from_the_words, long_sentences_lose_words_unless_they_are_windowed,
      a_word_is_scored_at_its_first_token_and_learnt_at_all_where_asked)
