/* test_pretraining.c - what the heads of pre-training make of passages: masks, whole words, pairs; and that they learn.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "trial_fixture.h"

enum { DOCUMENTS = 40, SENTENCES = 4, MASK = 4 };

/* Each document speaks of a word of its own, so that there is something to learn about what belongs together. */
static void write_text(const fixture *f, const char *name, unsigned salt)
{
    static const char *const words[] = {"warm", "cold", "dry", "wet", "windy", "calm", "early", "late"};
    char text[32768] = "";
    size_t n = 0;
    for (unsigned d = 0; d < DOCUMENTS; d++) {
        for (unsigned s = 0; s < SENTENCES; s++)
            n += (size_t)snprintf(text + n, sizeof text - n, "the %s days were %s and unbelievable\n", words[(d + salt) % 8],
                                  words[(d + salt) % 8]);
        n += (size_t)snprintf(text + n, sizeof text - n, "\n");
    }
    fixture_write(f, name, text);
}

/* `task` may go on with further sections. */
static void begin(fixture *f, const char *task, const char *more)
{
    char yaml[2048];
    fixture_begin(f);
    write_text(f, "train.txt", 0);
    write_text(f, "validation.txt", 3);
    fixture_write(
        f, "vocab.txt",
        "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\ndays\nwere\nand\nwarm\ncold\ndry\nwet\nwindy\ncalm\nearly\nlate\nun\n"
        "##believ\n##able\n");
    snprintf(yaml, sizeof yaml,
             "task: %s\ndata: {train: train.txt, validation: validation.txt, cut_sentences: false}\n"
             "tokenizer: {type: wordpiece, vocab: vocab.txt, max_length: 64}\n"
             "model: {type: bert, hidden_size: 16, num_hidden_layers: 1, num_attention_heads: 2, intermediate_size: 32, "
             "max_position_embeddings: 64, hidden_dropout_prob: 0, attention_probs_dropout_prob: 0}\n"
             "optimizer: {type: adamw, learning_rate: 1.0e-2}\ntrainer: {threads: 1, %s}\n",
             task, more);
    fixture_load(f, yaml);
}

typedef struct masks {
    hone_batch *batch;
    const int32_t *ids, *gold, *item_starts, *relation;
    uint64_t n_tokens, n_masked;
} masks;

/* All training examples of an epoch in one batch. */
static masks prepare_epoch(hone__parts *parts, uint64_t epoch, bool training, hone__prepared **prepared)
{
    uint64_t order[DOCUMENTS];
    hone_error err;
    masks m = {0};
    for (uint64_t i = 0; i < DOCUMENTS; i++)
        order[i] = i;
    ck_assert_msg(hone__prepare(&parts->preparer, parts->train, epoch, training, NULL, prepared, &err) == HONE_OK, "%s",
                  err.msg);
    ck_assert_msg(hone__batch_pack(*prepared, order, DOCUMENTS, parts->trial, &m.batch, &err) == HONE_OK, "%s", err.msg);
    const hone_tensor *ids = hone_batch_field(m.batch, "ids", NULL),
                      *gold = hone_batch_field(m.batch, "masked_ids", &m.item_starts);
    const hone_tensor *relation = hone_batch_field(m.batch, "relation", NULL);
    m.ids = ids->data;
    m.gold = gold ? gold->data : NULL;
    m.relation = relation ? relation->data : NULL;
    m.n_tokens = hone_batch_tokens(m.batch);
    m.n_masked = gold ? (uint64_t)gold->shape.dim[0] : 0;
    return m;
}

START_TEST(fifteen_per_cent_are_masked_anew_each_epoch_and_alike_in_each_evaluation)
{
    fixture f;
    hone__prepared *prepared[4];
    begin(&f, "masked_lm", "max_steps: 1");
    hone__parts *parts = fixture_parts(&f);
    const masks first = prepare_epoch(parts, 0, true, &prepared[0]), second = prepare_epoch(parts, 1, true, &prepared[1]);
    const masks third = prepare_epoch(parts, 0, false, &prepared[2]), fourth = prepare_epoch(parts, 0, false, &prepared[3]);
    /* A passage of 4 sentences has 36 tokens beside its two special ones: 15 % are 5. */
    ck_assert_uint_eq(first.n_tokens, DOCUMENTS * 38);
    ck_assert_uint_eq(first.n_masked, DOCUMENTS * 5);
    ck_assert(memcmp(first.ids, second.ids, first.n_tokens * sizeof *first.ids) != 0);
    ck_assert_mem_eq(third.ids, fourth.ids, third.n_tokens * sizeof *third.ids);
    /* 80 % of some 200 become [MASK]; 5 standard deviations are 28. */
    int64_t n_mask = 0;
    for (uint64_t i = 0; i < first.n_tokens; i++)
        n_mask += first.ids[i] == MASK;
    ck_assert_int_ge(n_mask, 160 - 28);
    ck_assert_int_le(n_mask, 160 + 28);
    for (int i = 0; i < 4; i++)
        hone__prepared_destroy(prepared[i]);
    hone__parts_destroy(parts);
    fixture_end(&f);
}
END_TEST

/* "unbelievable" is un ##believ ##able, 17 18 19. */
START_TEST(whole_words_are_masked_with_all_their_pieces)
{
    fixture f;
    hone__prepared *prepared;
    begin(&f, "masked_lm\nhead: {whole_word_mask: true}", "max_steps: 1");
    hone__parts *parts = fixture_parts(&f);
    const masks m = prepare_epoch(parts, 0, true, &prepared);
    int64_t pieces[3] = {0};
    for (uint64_t s = 0; s < DOCUMENTS; s++)
        for (int32_t i = m.item_starts[s]; i < m.item_starts[s + 1]; i++)
            for (int32_t k = 0; k < 3; k++)
                if (m.gold[i] == 17 + k) {
                    pieces[k]++;
                    ck_assert(k == 0 || (i > m.item_starts[s] && m.gold[i - 1] == 17 + k - 1));
                }
    ck_assert_int_gt(pieces[0], 0);
    ck_assert_int_eq(pieces[0], pieces[1]);
    ck_assert_int_eq(pieces[0], pieces[2]);
    hone__prepared_destroy(prepared);
    hone__parts_destroy(parts);
    fixture_end(&f);
}
END_TEST

START_TEST(half_of_the_pairs_belong_together)
{
    fixture f;
    hone__prepared *prepared;
    begin(&f, "next_sentence", "max_steps: 1");
    hone__parts *parts = fixture_parts(&f);
    int64_t random = 0;
    for (uint64_t epoch = 0; epoch < 10; epoch++) {
        const masks m = prepare_epoch(parts, epoch, true, &prepared);
        for (uint64_t i = 0; i < DOCUMENTS; i++)
            random += m.relation[i];
        hone__prepared_destroy(prepared);
    }
    ck_assert_int_ge(random, 200 - 50); /* of 400; 5 standard deviations */
    ck_assert_int_le(random, 200 + 50);
    hone__parts_destroy(parts);
    fixture_end(&f);
}
END_TEST

static double figure_of(const fixture *f, const char *name)
{
    char *text = fixture_read(f, "result.json"), key[64];
    snprintf(key, sizeof key, "\"validation/%s\"", name);
    const char *at = strstr(text, key);
    ck_assert_msg(at, "there is no %s in %s", name, text);
    const double value = strtod(strstr(at, "\"value\":") + 8, NULL);
    hone__free(text);
    return value;
}

START_TEST(both_together_learn_tokens_and_what_belongs_together)
{
    fixture f;
    hone_error err;
    begin(&f, "pretraining", "num_train_epochs: 40, train_batch_size: 8, metric_for_best_model: validation/perplexity");
    ck_assert_msg(hone__trial_run(&f.setup, &err) == HONE_OK, "%s", err.msg);
    ck_assert_double_lt(figure_of(&f, "perplexity"), 3); /* of 20 tokens */
    ck_assert_double_gt(figure_of(&f, "masked_accuracy"), 0.6);
    fixture_end(&f);
}
END_TEST

SUITE("task pretraining", fifteen_per_cent_are_masked_anew_each_epoch_and_alike_in_each_evaluation,
      whole_words_are_masked_with_all_their_pieces, half_of_the_pairs_belong_together,
      both_together_learn_tokens_and_what_belongs_together)
