/* bounds.c - what ends a sweep before all points are run: a value that is good enough, and time.
 *
 * Such a decision depends on what ended when, so it is made once and stands in the journal: a resumed sweep ends at the same point. Points
 * that were begun are finished, with all their seeds, so that they can be ranked.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sweep/supervisor_parts.h"
#include "train/loop.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const reasons[] = {"metric.target", "time_budget_s"};

static void end_by(hone__supervisor *s, const char *reason)
{
    hone__points_close(s->points);
    s->result->ended_by = reason;
    hone__journal_study_text(s->journal, "ended_by", reason);
    hone__journal_study_int(s->journal, "ended_at_point", (int64_t)s->points->n_drawn);
}

static bool is_reached(const hone__supervisor *s)
{
    const hone__sweep_config *c = s->sweep;
    return c->has_target && s->best >= 0 && (c->maximize ? s->best_value >= c->target : s->best_value <= c->target);
}

void hone__heed_bounds(hone__supervisor *s)
{
    if (!s->sweep || s->points->n_drawn == 0 || s->points->n_drawn >= s->points->limit)
        return;
    const double seconds = s->worked + hone__now() - s->began;
    if (s->sweep->time_budget_s > 0 && s->n_ended) /* for one that is killed and resumed */
        hone__journal_study_int(s->journal, "worked_ms", llround(1e3 * seconds));
    if (is_reached(s))
        end_by(s, reasons[0]);
    else if (s->sweep->time_budget_s > 0 && seconds >= s->sweep->time_budget_s)
        end_by(s, reasons[1]);
}

void hone__replay_bounds(hone__supervisor *s, const hone__study *study)
{
    const char *worked = hone__pair_text(study->attributes, study->n_attributes, "worked_ms");
    const char *reason = hone__pair_text(study->attributes, study->n_attributes, "ended_by");
    const char *at = hone__pair_text(study->attributes, study->n_attributes, "ended_at_point");
    s->worked = worked ? 1e-3 * (double)strtoll(worked, NULL, 10) : 0;
    if (!reason || !at)
        return;
    hone__points_close(s->points);
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (strcmp(reason, reasons[i]) == 0)
            s->result->ended_by = reasons[i];
}
