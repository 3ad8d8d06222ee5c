/* corpus.h - examples in memory: filling them through a sink, the label list, splits, and the check of data before training.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_DATA_CORPUS_H
#define HONE_CORE_DATA_CORPUS_H

#include "config/experiment.h"
#include <hone/data.h>

/* The labels of an experiment, in their order; and how they are shown. */
typedef struct hone__labels {
    const char **names; /* [n] as the data has them */
    const char **shown; /* [n] through data.label_names; else the same */
    uint64_t *counts;   /* [n] in the training split */
    size_t n;
    int32_t positive; /* index of data.positive_label, -1: none */
} hone__labels;

typedef struct hone__dataset {
    hone_corpus *train, *validation, *test; /* validation and test may be NULL */
    hone__labels labels;
    hone_target target;
} hone__dataset;

/* Reads one file ("-" is standard input) with a reader whose create() was called. */
hone_status hone__corpus_read(hone_arena *arena, const hone_reader *reader, const hone_self *self, const char *path,
                              const char *split, bool needs_gold, hone_corpus **corpus, hone_error *err) HONE_CHECKED;

/* Reads what the configuration names, splits (seeded by split_seed, stratified over classes), builds the label list from the training
 * split, turns names into indices (a label that training does not have is an error with its file and line). */
hone_status hone__dataset_load(hone_arena *arena, const hone__data_config *config, const hone_reader *reader,
                               const hone_self *self, hone__dataset *dataset, hone_error *err) HONE_CHECKED;

/* Gives the golds of a corpus their indices by a fixed list (a trained model's). */
hone_status hone__corpus_index(hone_corpus *corpus, const hone__labels *labels, hone_error *err) HONE_CHECKED;

/* A corpus of the examples order[0 .. n) of another; shares its memory. NULL when memory is short. */
hone_corpus *hone__corpus_subset(hone_arena *arena, const hone_corpus *corpus, const uint64_t *order, uint64_t n) HONE_CHECKED;

const char *hone__example_file(const hone_example *e);
uint64_t hone__example_line(const hone_example *e); /* 0: unknown */

/* SHA-256 over everything that the examples hold, for keys. */
hone_status hone__corpus_hash(const hone_corpus *corpus, char hex[65], hone_error *err) HONE_CHECKED;

#endif
