/* early.c - trials that are ended early, because a stopper sees no future in them.
 *
 * The stopper is asked once at each evaluation, in the order in which they were made, and a decision stands in the journal before it is
 * acted on; it is never made again. A trial that finishes all the same is complete.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "plugin/registry.h"
#include "sweep/supervisor_parts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const hone_stopper *stopper_of(const hone__supervisor *s)
{
    return (const hone_stopper *)(const void *)s->stopper->plugin;
}

hone_status hone__early_create(hone__supervisor *s, hone_error *err)
{
    const hone__section *section = s->sweep && s->sweep->stopper.plugin ? &s->sweep->stopper : NULL;
    if (!section)
        return HONE_OK;
    s->stopper =
        hone__instance(s->arena, s->step, section->plugin->table, section->params, s->sweep->sampler_seed, NULL, s->setup->log);
    if (!s->stopper)
        return hone_no_memory(err, "making the stopper");
    return stopper_of(s)->create ? stopper_of(s)->create(s->stopper, err) : HONE_OK;
}

/* ---- Deciding --------------------------------------------------------------------------------------------------------- */

static hone_point as_stoppers_see(const hone__supervisor *s, uint64_t point, const hone__seed_run *run)
{
    static const uint32_t states[] = {[HONE__TRIAL_RUNNING] = HONE_POINT_RUNNING,
                                      [HONE__TRIAL_COMPLETE] = HONE_POINT_COMPLETE,
                                      [HONE__TRIAL_PRUNED] = HONE_POINT_PRUNED,
                                      [HONE__TRIAL_FAILED] = HONE_POINT_FAILED,
                                      [HONE__TRIAL_WAITING] = HONE_POINT_RUNNING};
    const bool complete = run->state == HONE__TRIAL_COMPLETE;
    const double value = s->sweep->maximize ? run->value : -run->value;
    return (hone_point){.x = s->points->drawn[point].x,
                        .state = states[run->state],
                        .n_curve = run->n_curve,
                        .value = complete ? value : (double)NAN,
                        .curve = run->curve};
}

/* All other trials that were evaluated, in the order of points and seeds. */
static bool gather(const hone__supervisor *s, const hone__slot *t, hone_point **others, uint64_t *n)
{
    const hone__points *p = s->points;
    *n = 0;
    *others = hone_alloc_array(s->step, (size_t)p->n_drawn * p->n_seeds, sizeof **others);
    for (uint64_t i = 0; *others && i < p->n_drawn; i++)
        for (size_t k = 0; k < p->n_seeds; k++)
            if (p->drawn[i].runs[k].n_curve && (i != t->point || k != t->seed))
                (*others)[(*n)++] = as_stoppers_see(s, i, &p->drawn[i].runs[k]);
    return *others != NULL;
}

void hone__early_evaluated(hone__supervisor *s, hone__slot *t, int64_t step, double value)
{
    uint64_t n = 0;
    hone_point *others = NULL;
    if (!hone__points_evaluated(s->points, t->point, t->seed, step, value) || t->state != HONE__SLOT_RUNNING ||
        !t->job.running || t->pruned_at >= 0 || t->asked)
        return;
    const hone_point running = as_stoppers_see(s, t->point, &s->points->drawn[t->point].runs[t->seed]);
    if (gather(s, t, &others, &n)) { /* without memory a trial goes on */
        const hone_history history = {.size = sizeof history, .n = n, .points = others, .point_size = sizeof *others};
        if (stopper_of(s)->stop(s->stopper, &running, &history)) {
            t->pruned_at = step;
            hone__journal_int(s->journal, t->trial, "pruned_at", step);
        }
    }
    hone__arena_reset(s->step);
}

int64_t hone__early_decided(const hone__journal_entry *t)
{
    const char *text = hone__pair_text(t->attributes, t->n_attributes, "pruned_at");
    return text ? strtoll(text, NULL, 10) : -1;
}

/* ---- Acting ----------------------------------------------------------------------------------------------------------- */

void hone__early_stop(hone__supervisor *s)
{
    for (size_t i = 0; i < s->n_slots; i++) {
        hone__slot *t = &s->slots[i];
        if (t->state != HONE__SLOT_RUNNING || t->pruned_at < 0 || t->asked)
            continue;
        t->asked = 1;
        if (s->launch->stop(s->launcher, t->handle, false, NULL) != HONE_OK)
            hone_log_line(s->setup->log, HONE_LOG_WARNING, "trial %llu could not be told to end", (unsigned long long)t->trial);
    }
}

void hone__early_cause(const hone__supervisor *s, int64_t step, hone__outcome *o)
{
    snprintf(o->cause, sizeof o->cause, "ended early by %s after step %lld", s->stopper->plugin->name, (long long)step);
}
