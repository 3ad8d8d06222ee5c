/* result.h - what a finished trial leaves: result.json, predictions.tsv and exhibits.json.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_TRAIN_RESULT_H
#define HONE_CORE_TRAIN_RESULT_H

#include "train/loop.h"

/* Writes the three into the trial's directory, result.json last: where it stands, the trial is complete. Only its member "train" and
 * "peak_memory_bytes" depend on more than configuration, seed and data. */
hone_status hone__result_write(const hone__loop *l, hone_error *err) HONE_CHECKED;

#endif
