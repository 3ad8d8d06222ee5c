/* conclude.c - what became of a trial: read, written down, and only then acted on.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/arena.h"
#include "sweep/rundir.h"
#include "sweep/supervisor_parts.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>

void hone__slot_clear(hone__slot *t)
{
    hone__free(t->dir);
    hone__free(t->label);
    *t = (hone__slot){0};
}

/* ---- Looking ----------------------------------------------------------------------------------------------------- */

typedef struct seen {
    hone__supervisor *supervisor;
    hone__slot *slot;
} seen;

static void take_seen(void *ctx, int64_t step, double value)
{
    const seen *x = ctx;
    hone__journal_intermediate(x->supervisor->journal, x->slot->trial, step, value);
    if (x->supervisor->stopper)
        hone__early_evaluated(x->supervisor, x->slot, step, value);
}

void hone__look_at(hone__supervisor *s, hone__slot *t)
{
    char path[PATH_MAX];
    seen ctx = {s, t};
    snprintf(path, sizeof path, "%s/metrics.jsonl", t->dir);
    hone__watch_read(&t->watch, path, hone__sweep_metric(s->setup->experiment), take_seen, &ctx);
}

static void finish(hone__supervisor *s, hone__slot *t)
{
    hone__outcome o;
    hone__look_at(s, t);
    hone__outcome_read(&o, t->dir, &t->job, hone__sweep_metric(s->setup->experiment), t->watch.step);
    if (o.complete && (o.exit_code != 0 || o.signal))
        hone_log_line(s->setup->log, HONE_LOG_WARNING,
                      "trial %llu wrote its result and then ended badly (exit code %d, signal %d)",
                      (unsigned long long)t->trial, o.exit_code, o.signal);
    if (!o.complete && o.exit_code == 0 && (s->launch->flags & HONE_LAUNCHER_RUNS_NOTHING)) {
        o.complete = true; /* of nothing, nothing is expected */
        o.value = 0;
    }
    s->launch->forget(s->launcher, t->handle);
    hone__conclude(s, t, &o);
}

hone_status hone__look_at_trials(hone__supervisor *s, hone_error *err)
{
    for (size_t i = 0; i < s->n_slots; i++) {
        hone__slot *t = &s->slots[i];
        if (t->state != HONE__SLOT_RUNNING)
            continue;
        HONE_TRY(s->launch->poll(s->launcher, t->handle, &t->job, err));
        hone__arena_reset(s->step);
        if (t->job.running)
            hone__look_at(s, t);
        else
            finish(s, t);
    }
    return HONE_OK;
}

/* ---- Writing down ------------------------------------------------------------------------------------------------ */

static void journal_outcome(hone__supervisor *s, uint64_t trial, const hone__outcome *o)
{
    hone__journal *j = s->journal;
    hone__journal_real(j, trial, "seconds", o->seconds);
    if (o->peak_bytes)
        hone__journal_int(j, trial, "peak_bytes", (int64_t)o->peak_bytes);
    if (o->complete) {
        hone__journal_state(j, trial, HONE__TRIAL_COMPLETE, o->value);
        return;
    }
    hone__journal_text(j, trial, "cause", o->cause);
    if (o->interrupted)
        return; /* stays running: it can be resumed */
    if (o->pruned) {
        hone__journal_state(j, trial, HONE__TRIAL_PRUNED, o->value); /* Optuna's value of a pruned trial: its last */
        return;
    }
    if (o->signal)
        hone__journal_int(j, trial, "signal", o->signal);
    else if (o->exit_code >= 0)
        hone__journal_int(j, trial, "exit_code", o->exit_code);
    if (o->tail[0])
        hone__journal_text(j, trial, "log_tail", o->tail);
    hone__journal_state(j, trial, HONE__TRIAL_FAILED, NAN);
}

static hone__trial_state state_of(const hone__outcome *o)
{
    return o->complete      ? HONE__TRIAL_COMPLETE
           : o->interrupted ? HONE__TRIAL_RUNNING
           : o->pruned      ? HONE__TRIAL_PRUNED
                            : HONE__TRIAL_FAILED;
}

/* Of equal points the first is the best, whichever ended first. */
static bool is_better(const hone__supervisor *s, uint64_t point, double value)
{
    const bool maximize = !s->sweep || s->sweep->maximize;
    if (s->best < 0 || value == s->best_value)
        return s->best < 0 || (int64_t)point < s->best;
    return maximize ? value > s->best_value : value < s->best_value;
}

void hone__count_ended(hone__supervisor *s, uint64_t point, int state)
{
    if (state == HONE__TRIAL_FAILED)
        s->result->failed++;
    else if (state == HONE__TRIAL_PRUNED)
        s->result->pruned++;
    else
        s->result->complete++;
    if (!hone__point_complete(s->points, point))
        return;
    const double mean = hone__point_mean(s->points, point);
    if (is_better(s, point, mean)) {
        s->best = (int64_t)point;
        s->best_value = mean;
    }
}

static void abort_after(hone__supervisor *s)
{
    if (s->sweep && s->sweep->abort_on_error && !s->stopping) {
        s->stopping = true;
        s->result->aborted = true;
    }
}

void hone__conclude(hone__supervisor *s, hone__slot *t, hone__outcome *o)
{
    /* A trial that was stopped by us did not fail, whatever it said. */
    if (!o->complete && t->pruned_at >= 0) {
        o->interrupted = false;
        o->pruned = true;
        o->value = t->watch.metric;
        hone__early_cause(s, t->pruned_at, o);
    } else if (!o->complete && t->asked) {
        o->interrupted = true;
        snprintf(o->cause, sizeof o->cause, "stopped with the sweep");
    }
    journal_outcome(s, t->trial, o);
    if (o->interrupted) {
        s->result->interrupted++;
    } else {
        const int state = state_of(o);
        hone__points_ended(s->points, t->point, t->seed, state, o->complete ? o->value : NAN);
        hone__count_ended(s, t->point, state);
        if (state == HONE__TRIAL_FAILED)
            abort_after(s);
    }
    s->ended[s->n_ended++] = (hone__ended){*t, *o};
    *t = (hone__slot){0};
}

/* ---- What follows ------------------------------------------------------------------------------------------------ */

static void tell_end(hone__supervisor *s, const hone__ended *e)
{
    const hone__outcome *o = &e->outcome;
    hone__trial_view v = hone__view_of(&e->slot);
    v.state = state_of(o);
    v.seconds = o->seconds;
    v.cause = o->complete ? "" : o->cause;
    v.value = o->value;
    hone__tell(s, HONE__NEWS_ENDED, &v);
}

void hone__follow(hone__supervisor *s)
{
    for (size_t i = 0; i < s->n_ended; i++) {
        hone__ended *e = &s->ended[i];
        if (e->outcome.complete || (s->sweep && !e->outcome.interrupted)) /* a point that failed is run again in a new folder */
            hone__rundir_tidy_trial(s->setup->dir, e->slot.trial, s->setup->log);
        hone__keep_point(s, e->slot.point);
        tell_end(s, e);
        hone__slot_clear(&e->slot);
    }
    s->n_ended = 0;
}
