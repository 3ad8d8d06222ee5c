/* confusion.h - how often each label was predicted for each: of examples, or of the words of tags; of multiple choice, each position
 * among an example's choices.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_TRAIN_CONFUSION_H
#define HONE_CORE_TRAIN_CONFUSION_H

#include <hone/metric.h>

typedef struct hone__confusion {
    uint64_t n;                /* labels or positions; 0: there is no such matrix */
    const char *const *labels; /* [n] */
    double *counts;            /* [n, n + 1] gold in rows; the last column is no label at all, a word that was cut off */
    double lost;               /* in that column */
} hone__confusion;

/* The name of choice i of an example: "A" to "Z", then "27". */
enum { HONE__CHOICE_NAME = 24 };
const char *hone__choice_name(uint64_t i, char name[HONE__CHOICE_NAME]);

/* Targets class, tags and choice, of which there is none beyond some 100 choices; what has no gold does not count. */
hone_status hone__confusion_count(hone_arena *arena, const hone_evaluation *e, hone__confusion *c,
                                  hone_error *err) HONE_CHECKED;

static inline double hone__confusion_at(const hone__confusion *c, uint64_t gold, uint64_t predicted)
{
    return c->counts[gold * (c->n + 1) + predicted];
}

#endif
