/* replay.h - what a run's journal says was done already, point by point: what a resumed sweep begins with.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_SWEEP_REPLAY_H
#define HONE_CORE_SWEEP_REPLAY_H

#include "sweep/journal.h"

/* The newest trial of a point. */
typedef struct hone__replayed {
    uint64_t trial;
    int state;       /* hone__trial_state; running: it was interrupted, or its supervisor was */
    double value;    /* of a complete one */
    int64_t attempt; /* the last */
} hone__replayed;

/* points [*n] by number. Points are numbered without gaps, in the order in which their first trials were made. */
hone_status hone__replay_points(hone_arena *arena, const hone__study *study, hone__replayed **points, uint64_t *n,
                                hone_error *err) HONE_CHECKED;

#endif
