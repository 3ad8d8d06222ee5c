/* evaluate.h - a model over a corpus: predictions, metrics and exhibits; and predictions.tsv, from which they can be made again.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_TRAIN_EVALUATE_H
#define HONE_CORE_TRAIN_EVALUATE_H

#include "data/batch.h"
#include "train/exhibits.h"
#include <hone/metric.h>

/* predictions.tsv: example id, gold, predicted, loss, items, and the scores that the target keeps ("p:LABEL" columns for classes). Tabs and
 * line feeds in values are escaped as \t \n \\. The first line names the columns. */
hone_status hone__predictions_write(const char *path, const hone_evaluation *evaluation, hone_error *err) HONE_CHECKED;
/* Reads it back into an evaluation whose records have no example. */
hone_status hone__predictions_read(hone_arena *arena, const char *path, hone_evaluation **evaluation,
                                   hone_error *err) HONE_CHECKED;

/* Runs one metric; its figures and exhibits are added to `out` under the metric's name. */
hone_status hone__metric_run(const hone__metric_use *use, const hone_self *self, const hone_evaluation *evaluation,
                             hone_exhibits *out, hone_error *err) HONE_CHECKED;

#endif
