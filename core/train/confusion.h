/* confusion.h - how often each label was predicted for each: of examples, or of the words of tags.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_TRAIN_CONFUSION_H
#define HONE_CORE_TRAIN_CONFUSION_H

#include <hone/metric.h>

typedef struct hone__confusion {
    uint64_t n;     /* labels; 0: the target has no such matrix */
    double *counts; /* [n, n + 1] gold in rows; the last column is no label at all, a word that was cut off */
    double lost;    /* in that column */
} hone__confusion;

/* Targets class and tags; what has no gold does not count. */
hone_status hone__confusion_count(hone_arena *arena, const hone_evaluation *e, hone__confusion *c,
                                  hone_error *err) HONE_CHECKED;

static inline double hone__confusion_at(const hone__confusion *c, uint64_t gold, uint64_t predicted)
{
    return c->counts[gold * (c->n + 1) + predicted];
}

#endif
