/* supervisor.c - runs the trials of an experiment, each a process of its own, and writes down what became of them.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sweep/supervisor.h"

#include "base/arena.h"
#include "base/format.h"
#include "plugin/registry.h"
#include "sweep/rundir.h"
#include "sweep/supervisor_parts.h"
#include "train/loop.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>

#define TICK_S 0.25 /* how often running trials' numbers are looked at */

const char *hone__sweep_metric(const hone__experiment *e)
{
    return e->sweep ? e->sweep->metric : NULL;
}

/* ---- The loop ---------------------------------------------------------------------------------------------------- */

static size_t count_running(const hone__supervisor *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n_slots; i++)
        n += s->slots[i].state != HONE__SLOT_FREE;
    return n;
}

/* level 1 asks each running trial once to end, level 2 kills. */
static void stop_running(hone__supervisor *s, int level)
{
    for (size_t i = 0; i < s->n_slots; i++) {
        hone__slot *t = &s->slots[i];
        if (t->state != HONE__SLOT_RUNNING || t->asked >= level)
            continue;
        t->asked = level;
        if (s->launch->stop(s->launcher, t->handle, level >= 2, NULL) != HONE_OK)
            hone_log_line(s->setup->log, HONE_LOG_WARNING, "trial %llu could not be told to end", (unsigned long long)t->trial);
    }
}

void hone__heed_interrupts(hone__supervisor *s)
{
    const int wishes = s->setup->interrupts ? *s->setup->interrupts : 0;
    if (wishes >= 1 && !s->result->stopped) {
        s->result->stopped = hone__trials_left(s) || count_running(s) > 0;
        s->stopping = true;
        hone__tell(s, HONE__NEWS_STOPPING, NULL);
    }
    if (wishes >= 1 || s->result->aborted)
        stop_running(s, wishes >= 2 ? 2 : 1);
}

/* Could anything still happen? */
static bool goes_on(const hone__supervisor *s)
{
    return count_running(s) > 0 || s->n_ended > 0 || (!s->stopping && hone__trials_left(s));
}

static hone_status loop(hone__supervisor *s, hone_error *err)
{
    do {
        hone__heed_interrupts(s);
        HONE_TRY(hone__look_at_trials(s, err));
        hone__heed_bounds(s);
        HONE_TRY(hone__trials_make(s, err));
        HONE_TRY(hone__journal_sync(s->journal, err));
        const bool waits = s->n_ended == 0;
        hone__follow(s);
        hone__early_stop(s);
        hone__trials_start(s);
        if (waits && s->n_ended == 0 && count_running(s) + s->n_survivors > 0)
            s->launch->wait(s->launcher, TICK_S);
        hone__tell(s, HONE__NEWS_TICK, NULL);
    } while (goes_on(s));
    if (!hone__trials_left(s) && !s->result->interrupted)
        hone__keep_median(s);
    HONE_TRY(hone__refit_run(s, err));
    s->result->stopped = s->result->stopped && (hone__trials_left(s) || s->result->interrupted > 0);
    return hone__journal_sync(s->journal, err);
}

/* ---- Beginning and end ------------------------------------------------------------------------------------------- */

static hone_status make_launcher(hone__supervisor *s, hone_error *err)
{
    const hone__section *section = &s->setup->experiment->launcher;
    s->launch = (const hone_launcher *)(const void *)section->plugin->table;
    s->launcher = hone__instance(s->arena, s->step, &s->launch->plugin, section->params, 0, NULL, s->setup->log);
    if (!s->launcher)
        return hone_no_memory(err, "making the launcher");
    return s->launch->create ? s->launch->create(s->launcher, err) : HONE_OK;
}

static hone_status make_slots(hone__supervisor *s, hone_error *err)
{
    s->n_slots = hone__points_at_once(s->points);
    s->slots = hone_alloc_array(s->arena, s->n_slots, sizeof *s->slots);
    s->ended = hone_alloc_array(s->arena, s->n_slots, sizeof *s->ended);
    s->views = hone_alloc_array(s->arena, s->n_slots, sizeof *s->views);
    return s->slots && s->ended && s->views ? HONE_OK : hone_no_memory(err, "making room for trials");
}

static void begin_study(hone__supervisor *s)
{
    const hone__experiment *e = s->setup->experiment;
    const char *metric = hone__sweep_metric(e);
    hone__journal_study(s->journal, e->name, !s->sweep || s->sweep->maximize, metric ? metric : "value");
    hone__journal_study_int(s->journal, "format", HONE__FORMAT_RUN);
    hone__journal_study_text(s->journal, "hone", HONE_VERSION);
    hone__journal_study_int(s->journal, "seeds", (int64_t)s->points->n_seeds);
    hone__journal_study_int(s->journal, "points", (int64_t)s->points->total); /* the last: what has it is whole */
}

static hone_status begin_journal(hone__supervisor *s, hone_error *err)
{
    char path[PATH_MAX];
    bool repaired = false, begun = false;
    snprintf(path, sizeof path, "%s/journal.log", s->setup->dir);
    HONE_TRY(hone__journal_open(path, &s->journal, &repaired, err));
    if (repaired)
        hone_log_line(s->setup->log, HONE_LOG_WARNING, "%s: its last line was torn, and is cut off", path);
    if (s->setup->resume) {
        hone__rundir_tidy(s->setup->dir, s->setup->log);
        HONE_TRY(hone__replay(s, path, &begun, err));
    }
    if (!begun)
        begin_study(s);
    if (s->setup->accepted)
        hone__journal_study_text(s->journal, "accepted_change", s->setup->accepted);
    return hone__journal_sync(s->journal, err);
}

static hone_status begin(hone__supervisor *s, hone_error *err)
{
    s->arena = hone__arena_create(0);
    s->step = hone__arena_create(0);
    if (!s->arena || !s->step)
        return hone_no_memory(err, "starting a sweep");
    HONE_TRY(hone__points_create(s->arena, s->step, s->setup->experiment, s->setup->log, &s->points, err));
    HONE_TRY(make_slots(s, err));
    HONE_TRY(make_launcher(s, err));
    HONE_TRY(hone__early_create(s, err));
    HONE_TRY(hone__room_begin(s, err));
    return begin_journal(s, err);
}

/* A sweep that cannot go on (a full disk) leaves no process behind. */
static void end_running(hone__supervisor *s)
{
    if (!s->slots || !s->launcher)
        return;
    stop_running(s, 2);
    for (size_t i = 0; i < s->n_slots; i++) {
        hone__slot *t = &s->slots[i];
        hone_job_state state = {.size = sizeof state, .running = true};
        if (t->state == HONE__SLOT_RUNNING) {
            while (s->launch->poll(s->launcher, t->handle, &state, NULL) == HONE_OK && state.running)
                s->launch->wait(s->launcher, 1);
            s->launch->forget(s->launcher, t->handle);
        }
        hone__slot_clear(t);
    }
    for (size_t i = 0; i < s->n_ended; i++)
        hone__slot_clear(&s->ended[i].slot);
}

hone_status hone__sweep_run(const hone__sweep_setup *setup, hone__sweep_result *result, hone_error *err)
{
    hone__supervisor s = {.setup = setup,
                          .sweep = setup->experiment->sweep,
                          .result = result,
                          .spare = -1,
                          .kept = -1,
                          .began = hone__now(),
                          .best = -1,
                          .best_value = NAN};
    *result = (hone__sweep_result){0};
    hone_status status = begin(&s, err);
    if (status == HONE_OK)
        status = loop(&s, err);
    end_running(&s);
    hone__journal_close(s.journal);
    hone__instance_destroy(s.launcher);
    hone__instance_destroy(s.stopper);
    hone__points_destroy(s.points);
    hone__arena_destroy(s.step);
    hone__arena_destroy(s.arena);
    return status;
}
