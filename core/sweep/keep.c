/* keep.c - whose models are kept, so that a sweep of any length takes bounded room: those of unfinished points and of the best finished one.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "sweep/rundir.h"
#include "sweep/supervisor_parts.h"

#include <math.h>

static bool keeps_best_only(const hone__supervisor *s)
{
    return s->sweep && s->sweep->save == HONE__SWEEP_SAVE_BEST;
}

static void drop(hone__supervisor *s, uint64_t point, size_t but)
{
    for (size_t i = 0; i < s->points->n_seeds; i++)
        if (i != but && s->points->drawn[point].runs[i].trial >= 0)
            hone__rundir_drop_model(s->setup->dir, (uint64_t)s->points->drawn[point].runs[i].trial, s->setup->log);
}

/* Some seeds have a result and others failed: `hone resume --failed` may finish it. */
static bool may_be_finished(const hone__supervisor *s, uint64_t point)
{
    size_t failed = 0, complete = 0;
    for (size_t i = 0; i < s->points->n_seeds; i++) {
        failed += s->points->drawn[point].runs[i].state == HONE__TRIAL_FAILED;
        complete += s->points->drawn[point].runs[i].state == HONE__TRIAL_COMPLETE;
    }
    return failed && complete;
}

void hone__keep_point(hone__supervisor *s, uint64_t point)
{
    const size_t none = s->points->n_seeds;
    if (!keeps_best_only(s) || !hone__point_ended(s->points, point) || s->kept == (int64_t)point)
        return;
    if (s->best != (int64_t)point) {
        if (!may_be_finished(s, point))
            drop(s, point, none);
        return;
    }
    if (s->kept >= 0)
        drop(s, (uint64_t)s->kept, none);
    s->kept = s->best;
}

void hone__keep_median(hone__supervisor *s)
{
    if (!keeps_best_only(s) || s->best < 0 || s->points->n_seeds < 2)
        return;
    drop(s, (uint64_t)s->best, hone__point_median(s->points, (uint64_t)s->best));
}
