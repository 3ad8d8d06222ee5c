/* evidence.h - the files that an evaluation leaves for each output of its head, while it has the examples themselves.
 *
 *     predictions.tsv  every example; predictions.h says how its lines look
 *     errors.tsv       id gold predicted loss, then the fields and the columns kept; the worst first: the highest loss an item, of tags
 *                      that of the whole sentence
 *     slices.tsv       id length, then column:NAME with the value, pattern:NAME with 1 or 0; an example a line, in the data's order. Of
 *                      all outputs together
 *     confusion.tsv    class, tags, choice (A the first): gold in rows, predicted in columns; classes: a label a row with its four counts; tokens: gold,
 *                      predicted, times and how often the gold one was masked, the most frequent mistakes; of others none
 *
 * Those of a further output have its name: errors.relation.tsv. Values are escaped as in predictions.tsv. A field of a list has its type
 * behind its name ("words:words", "choices:choices") and | between its items. Where the examples have no gold of their own, as plain text,
 * errors have what the model saw instead, "sequence:words", and of tokens the numbers of the masked ones in it, "places:words";
 * gold and predicted are then lists of tokens too.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_TRAIN_EVIDENCE_H
#define HONE_CORE_TRAIN_EVIDENCE_H

#include "config/experiment.h"
#include "train/evaluate.h"

#define HONE__PREDICTIONS_FILE "predictions.tsv"
#define HONE__ERRORS_FILE "errors.tsv"
#define HONE__SLICES_FILE "slices.tsv"
#define HONE__CONFUSION_FILE "confusion.tsv"

typedef struct hone__evidence {
    const char *dir; /* exists */
    const hone__evaluated *evaluated;
    const hone__report_config *config;
    const char *const *kept;        /* columns that the examples keep, NULL-terminated; may be NULL */
    const hone__prepared *prepared; /* the sequences of the same examples; may be NULL */
    const hone__preparer *preparer; /* of these; may be NULL */
} hone__evidence;

/* Records without an example leave errors and slices without texts. `scratch` is for what is needed between. */
hone_status hone__evidence_write(const hone__evidence *evidence, hone_arena *scratch, hone_error *err) HONE_CHECKED;

/* The name of one of these files for an output: "errors.tsv" of the first, whose output is "", "errors.NAME.tsv" of others; NULL when memory is short. */
const char *hone__output_file(hone_arena *arena, const char *file, const char *output);
/* Output i of a head as these files are named: "" the first. */
const char *hone__output_name(const hone_head *head, uint64_t i);

#endif
