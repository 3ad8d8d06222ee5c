/* result.h - what a finished trial leaves: result.json, predictions.tsv, exhibits.json, and what evidence.h has.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_TRAIN_RESULT_H
#define HONE_CORE_TRAIN_RESULT_H

#include "train/loop.h"

/* The predictions and exhibits of the best evaluation, as soon as it is the best: they are then there whatever comes. */
hone_status hone__result_write_best(const hone__loop *l, hone_error *err) HONE_CHECKED;
/* The names of those files: each of the lists ends at the first NULL. NULL when memory is short. */
const char **hone__result_best_files(const hone__loop *l, hone_arena *arena) HONE_CHECKED;

/* Counts of examples, sequences and tokens, and of what was cut off; null where there is none. */
json_t *hone__prepared_json(const hone__prepared *prepared);

/* Writes result.json, after everything else is on disk: where it stands, the trial is complete. Only its member "train" and
 * "peak_memory_bytes" depend on more than configuration, seed and data. */
hone_status hone__result_write(const hone__loop *l, hone_error *err) HONE_CHECKED;

#endif
