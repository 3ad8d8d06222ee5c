/* predictions.h - what the writer and the reader of predictions.tsv share: how its lines are put together.
 *
 *     id  gold  predicted  loss  items  scores
 *
 * The column of gold names the target where it is not class ("gold:tags"). An answer is one item or several with | between them:
 *
 *     class, classes, tags   labels                          B-PER|I-PER|O
 *     score                  the number
 *     choice                 the number of the choice, from 0
 *     tokens                 ids                             2041|1037
 *     span                   BEGIN-END, in bytes, then @SCORE and =TEXT where known: 4-10@0.93=Denver. The best comes first; an empty
 *                            range, or none at all, is no answer
 *     other                  bytes in hexadecimal, then =TEXT where known
 *
 * \N is no answer, among tags a word without one. Tabs, line feeds, | and backslashes in texts are \t \n \| \\.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_TRAIN_PREDICTIONS_H
#define HONE_CORE_TRAIN_PREDICTIONS_H

#include "base/str.h"
#include <hone/metric.h>

#define HONE__NO_ANSWER "\\N"
enum { HONE__FIXED_COLUMNS = 5 }; /* id, gold, predicted, loss, items */

/* What stands behind those. */
typedef enum hone__score_columns {
    HONE__SCORES_BY_LABEL,  /* class, classes: a column "p:LABEL" for each label */
    HONE__SCORES_NONE,      /* score: the answer is its own score */
    HONE__SCORES_IN_A_CELL, /* all others: a column "scores" (with labels "scores:A|B") of numbers with spaces between them */
} hone__score_columns;

static inline hone__score_columns hone__score_columns_of(uint32_t target)
{
    if (target == HONE_TARGET_CLASS || target == HONE_TARGET_CLASSES)
        return HONE__SCORES_BY_LABEL;
    return target == HONE_TARGET_SCORE ? HONE__SCORES_NONE : HONE__SCORES_IN_A_CELL;
}

/* A text, and an answer (NULL: none), as they stand in a cell. */
void hone__predictions_escape(hone__str *s, const char *text);
void hone__predictions_answer(hone__str *s, const hone_evaluation *e, const hone_answer *answer);

#endif
