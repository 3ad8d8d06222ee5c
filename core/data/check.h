/* check.h - a look at the data before training: rows, labels, lengths, and what stands in two splits.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_DATA_CHECK_H
#define HONE_CORE_DATA_CHECK_H

#include "base/str.h"
#include "data/batch.h"

/* Lengths of sequences in tokens. */
typedef struct hone__length_stats {
    uint64_t least, median, p95, most;
    double mean;
} hone__length_stats;
hone_status hone__prepared_lengths(const hone__prepared *p, hone__length_stats *lengths, hone_error *err) HONE_CHECKED;

/* How many examples of `part` have the same texts as one of `train`, and the first of them (NULL: none). */
hone_status hone__corpus_overlap(const hone_corpus *train, const hone_corpus *part, uint64_t *n, const hone_example **first,
                                 hone_error *err) HONE_CHECKED;

/* Adds some lines of text; prepared splits may be NULL. What deserves attention begins "warning: ". */
hone_status hone__dataset_describe(const hone__dataset *dataset, const hone__prepared *train, const hone__prepared *validation,
                                   const hone__prepared *test, hone__str *out, hone_error *err) HONE_CHECKED;

#endif
