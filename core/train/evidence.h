/* evidence.h - what an evaluation leaves beside predictions.tsv while it has the examples themselves: the ones with the highest loss with
 * their text, which slices of the report each example belongs to, and how labels were confused.
 *
 *     errors.tsv     id gold predicted loss, then the fields and the columns kept; the highest loss an item first
 *     slices.tsv     id length, then column:NAME with the value, pattern:NAME with 1 or 0; an example a line, in the data's order
 *     confusion.tsv  class, tags: gold in rows, predicted in columns; classes: a label a row with its four counts; of others none
 *
 * Values are escaped as in predictions.tsv.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_TRAIN_EVIDENCE_H
#define HONE_CORE_TRAIN_EVIDENCE_H

#include "config/experiment.h"
#include <hone/metric.h>

#define HONE__ERRORS_FILE "errors.tsv"
#define HONE__SLICES_FILE "slices.tsv"
#define HONE__CONFUSION_FILE "confusion.tsv"

/* Into an existing folder. Records without an example leave errors and slices without texts. `scratch` is for what is needed between. */
hone_status hone__evidence_write(const char *dir, const hone_evaluation *e, const hone__report_config *config,
                                 const char *const *kept, hone_arena *scratch, hone_error *err) HONE_CHECKED;

#endif
