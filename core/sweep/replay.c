/* replay.c - what a run's journal says was done already.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sweep/replay.h"

#include <stdlib.h>

static int64_t attribute(const hone__journal_entry *t, const char *key, int64_t otherwise)
{
    const char *text = hone__pair_text(t->attributes, t->n_attributes, key);
    return text ? strtoll(text, NULL, 10) : otherwise;
}

hone_status hone__replay_points(hone_arena *arena, const hone__study *study, hone__replayed **points, uint64_t *n,
                                hone_error *err)
{
    *n = 0;
    *points = hone_alloc_array(arena, study->n_trials, sizeof **points);
    if (!*points)
        return hone_no_memory(err, "resuming a sweep");
    for (uint64_t i = 0; i < study->n_trials; i++) {
        const hone__journal_entry *t = &study->trials[i];
        /* A trial of which a kill left nothing but its creation is that of the next point. */
        const int64_t point = attribute(t, "point", (int64_t)*n);
        if (point < 0 || (uint64_t)point > *n)
            return hone_fail(err, HONE_EFORMAT, "the journal has trial %llu for point %lld, but no trial for point %llu",
                             (unsigned long long)i, (long long)point, (unsigned long long)*n);
        *n += (uint64_t)point == *n;
        (*points)[point] = (hone__replayed){i, t->state, t->value, attribute(t, "attempt", 1)};
    }
    return HONE_OK;
}
