/* trial_data.h - made-up texts of two classes and experiments of small models, for tests of whole trials.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_TESTS_TRIAL_DATA_H
#define HONE_TESTS_TRIAL_DATA_H

#include "base/str.h"
#include "trial_fixture.h"

static const char *const fixture_happy[] = {"sun", "joy", "smile", "warm", "dance"};
static const char *const fixture_sad[] = {"rain", "grief", "tear", "cold", "grey"};
static const char *const fixture_filler[] = {"the", "a", "of", "and", "was", "it", "so", "then"};

/* Texts of 3 to 12 words, one of which says which label it is. */
static inline void fixture_write_data(const fixture *f, const char *name, uint64_t seed, int n)
{
    const hone_key key = {.seed = seed};
    const hone_stream stream = hone_stream_of(&key);
    hone__str s = {0};
    hone__str_add(&s, "text\tlabel\n");
    for (int i = 0; i < n; i++) {
        const uint64_t sequence = (uint64_t)i, words = 3 + hone_random_below(stream, sequence, 0, 10);
        const uint64_t place = hone_random_below(stream, sequence, 1, words), which = hone_random_below(stream, sequence, 2, 5);
        for (uint64_t w = 0; w < words; w++)
            hone__str_addf(&s, "%s%s", w ? " " : "",
                           w != place ? fixture_filler[hone_random_below(stream, sequence, 3 + w, 8)]
                           : i % 2    ? fixture_happy[which]
                                      : fixture_sad[which]);
        hone__str_addf(&s, "\t%s\n", i % 2 ? "happy" : "sad");
    }
    fixture_write(f, name, hone__str_text(&s));
    hone__str_clear(&s);
}

static const char fixture_data_yaml[] = "data: {type: tsv, train: train.tsv, validation: dev.tsv, quoting: none, "
                                        "columns: {text: text, label: label}}\n"
                                        "tokenizer: {type: whitespace, max_length: 16}\n"
                                        "head: {type: classification, dropout: 0.1%s}\n"
                                        "metrics: [accuracy, f1]\n";
static const char fixture_bag[] = "model: {type: bag, hidden_size: 16}\n"
                                  "optimizer: {type: adamw, learning_rate: 2.0e-2}\n";
static const char fixture_bert_yaml[] = "model: {type: bert, hidden_size: 32, num_hidden_layers: 2, num_attention_heads: 2, "
                                        "intermediate_size: 48, max_position_embeddings: 16%s}\n"
                                        "optimizer: {type: adamw, learning_rate: 2.0e-3, weight_decay: 0.01}\n"
                                        "schedule: {type: linear, warmup_ratio: 0.1}\n";

static inline void fixture_begin_with(fixture *f, int n)
{
    fixture_begin(f);
    fixture_write_data(f, "train.tsv", 1, n);
    fixture_write_data(f, "dev.tsv", 2, 60);
}

static inline void fixture_compose(fixture *f, const char *head, const char *model, const char *trainer)
{
    char yaml[4096];
    const int used = snprintf(yaml, sizeof yaml, fixture_data_yaml, head);
    snprintf(yaml + used, sizeof yaml - (size_t)used, "%s%s", model, trainer);
    fixture_load(f, yaml);
}

static inline const char *fixture_bert(const fixture *f, const char *more)
{
    return hone_sprintf(f->arena, fixture_bert_yaml, more);
}

#endif
