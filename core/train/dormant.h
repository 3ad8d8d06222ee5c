/* dormant.h - rows of a table that no step has given a gradient yet.
 *
 * A vocabulary has many words that a data set never shows. What an optimizer does to their rows is seldom more than decay, so it is told
 * which these are (hone_update.dormant), and need not read its slots there.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_TRAIN_DORMANT_H
#define HONE_TRAIN_DORMANT_H

#include "tensor/store.h"

typedef struct hone__dormant {
    uint8_t *awake; /* [rows]: has had a gradient; NULL: not a table whose rows are picked */
    int64_t columns;
} hone__dormant;

/* Notes what the step's backward passes have reached, before its update. slots: the optimizer's n_slots arrays of w->n elements, from which
 * a table's rows are known at first, as they may come from a checkpoint; `first` says that they are still zero. */
hone_status hone__dormant_note(hone__dormant *d, const hone__weight *w, const float *const *slots, uint32_t n_slots, bool first,
                               hone_arena *arena, hone_error *err) HONE_CHECKED;

/* How many of the elements begin .. begin+n-1 are alike, and whether they are dormant. A few dormant rows among others count as awake. */
int64_t hone__dormant_run(const hone__dormant *d, int64_t begin, int64_t n, bool *dormant);

#endif
