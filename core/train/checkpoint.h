/* checkpoint.h - everything that a trial needs to go on as if it had never been killed, in DIR/checkpoint/.
 *
 *     step-1200.safetensors    trained weights, slots and states of optimizer and techniques, the files of the best evaluation so far
 *                              (predictions.tsv, exhibits.json), and as metadata the counters of the loop and the length of
 *                              metrics.jsonl
 *
 * Each is sealed with a SHA-256 over the whole file. The newest two are kept: one that is damaged is noticed, and the one before it used.
 * Frozen weights are not saved; a hash of them is, and so is one of the configuration and of the data: a checkpoint of another
 * configuration is not gone on from.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_TRAIN_CHECKPOINT_H
#define HONE_CORE_TRAIN_CHECKPOINT_H

#include "train/loop.h"

#define HONE__CHECKPOINT_DIR "checkpoint"

/* Of the state after l->step; on disk when it returns. */
hone_status hone__checkpoint_save(hone__loop *l, hone_error *err) HONE_CHECKED;

/* Puts the loop and its parts into the state of the newest good checkpoint, and restores the files of its best evaluation;
 * *metrics_length is where metrics.jsonl must be cut. Where there is none, removes what there is instead, and leaves both as they were. */
hone_status hone__checkpoint_resume(hone__loop *l, int64_t *metrics_length, hone_error *err) HONE_CHECKED;

hone_status hone__checkpoint_remove(const hone__loop *l, hone_error *err) HONE_CHECKED;

#endif
