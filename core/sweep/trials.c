/* trials.c - a trial from its number to its process: made in the journal, written into its folder, launched.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/pool.h"
#include "base/str.h"
#include "sweep/rundir.h"
#include "sweep/supervisor_parts.h"

#include <limits.h>
#include <math.h>

/* ---- Making ------------------------------------------------------------------------------------------------------ */

static void journal_start(hone__supervisor *s, const hone__slot *t, int64_t attempt)
{
    char dir[64];
    const uint64_t folder = t->reuses >= 0 ? (uint64_t)t->reuses : t->trial;
    const double *x = s->points->drawn[t->point].x;
    for (size_t i = 0; i < s->points->space.n; i++)
        if (!isnan(x[i]))
            hone__journal_param(s->journal, t->trial, &s->sweep->dimensions[i], x[i]);
    snprintf(dir, sizeof dir, "trials/%04llu", (unsigned long long)folder);
    hone__journal_int(s->journal, t->trial, "point", (int64_t)t->point);
    hone__journal_int(s->journal, t->trial, "seed", s->points->seeds[t->seed]);
    if (t->reuses >= 0)
        hone__journal_int(s->journal, t->trial, "reuses", t->reuses);
    else
        hone__journal_int(s->journal, t->trial, "attempt", attempt);
    hone__journal_text(s->journal, t->trial, "dir", dir); /* the last: what has it is whole */
}

static uint64_t take_number(hone__supervisor *s)
{
    const int64_t spare = s->spare;
    s->spare = -1;
    return spare >= 0 ? (uint64_t)spare : hone__journal_trial(s->journal);
}

/* The same was run before, so nothing is left to be run. */
static void answer(hone__supervisor *s, hone__slot *t, const hone__seed_run *twin)
{
    hone__outcome o = {.complete = true, .value = twin->value, .exit_code = -1};
    hone__conclude(s, t, &o);
}

/* A trial in a free slot, new or for a further time. */
static hone_status make(hone__supervisor *s, hone__slot *t, const hone__unfinished *u, hone_error *err)
{
    const hone__yaml **values = NULL;
    const hone__seed_run *twin = u->attempt == 0 ? hone__points_twin(s->points, u->point, u->seed) : NULL;
    const uint64_t trial = u->trial >= 0 ? (uint64_t)u->trial : take_number(s);
    *t = (hone__slot){
        .state = HONE__SLOT_MADE, .trial = trial, .point = u->point, .seed = u->seed, .reuses = -1, .pruned_at = -1};
    if (twin)
        t->reuses = twin->trial;
    if (s->sweep)
        HONE_TRY(hone__sweep_values(s->step, s->sweep, s->points->drawn[u->point].x, &values, err));
    hone__watch_init(&t->watch);
    hone__points_made(s->points, t->point, t->seed, t->trial);
    journal_start(s, t, u->attempt + 1);
    t->label = hone__trial_label(s, values, t->seed);
    t->dir = hone__trial_dir(s->setup->dir, t->trial);
    if (!t->dir || !t->label)
        return hone_no_memory(err, "starting a trial");
    if (twin)
        answer(s, t, twin);
    return HONE_OK;
}

/* ---- Trials of an earlier supervisor ----------------------------------------------------------------------------- */

static hone_status describe_survivor(hone__supervisor *s, hone__slot *t, const hone__unfinished *u, hone_error *err)
{
    *t = (hone__slot){.trial = (uint64_t)u->trial, .point = u->point, .seed = u->seed, .reuses = -1, .pruned_at = -1};
    t->dir = hone__trial_dir(s->setup->dir, t->trial);
    t->label = hone__trial_label(s, NULL, t->seed);
    return t->dir && t->label ? HONE_OK : hone_no_memory(err, "resuming a trial");
}

/* A result that stands there was written whole: the supervisor was killed before it could write it down. */
static hone_status take_result(hone__supervisor *s, hone__slot *t, const hone__unfinished *u, bool *taken, hone_error *err)
{
    hone__outcome o;
    HONE_TRY(describe_survivor(s, t, u, err));
    const char *path = hone__path_join(s->step, t->dir, "result.json");
    if (!path)
        return hone_no_memory(err, "resuming a trial");
    *taken = hone__exists(path);
    if (!*taken) {
        hone__slot_clear(t);
        return HONE_OK;
    }
    hone__watch_init(&t->watch);
    hone__look_at(s, t);
    hone__points_made(s->points, t->point, t->seed, t->trial);
    t->job = (hone_job_state){.size = sizeof t->job, .seconds = hone__trial_seconds(t->dir)};
    hone__outcome_read(&o, t->dir, &t->job, hone__sweep_metric(s->setup->experiment), t->watch.step);
    hone__conclude(s, t, &o);
    return HONE_OK;
}

/* A trial may have outlived its supervisor; as long as it lives, its folder is locked. */
static hone_status look_for_survivors(hone__supervisor *s, hone_error *err)
{
    s->n_survivors = 0;
    for (size_t i = 0; i < s->n_queue; i++) {
        hone__unfinished *u = &s->queue[i];
        if (u->taken || u->attempt == 0)
            continue;
        char *dir = hone__trial_dir(s->setup->dir, (uint64_t)u->trial);
        if (!dir)
            return hone_no_memory(err, "resuming a trial");
        const bool lives = hone__trial_lives(dir);
        hone__free(dir);
        if (lives && !u->lives)
            hone_log_line(s->setup->log, HONE_LOG_WARNING,
                          "trial %lld still runs, though its supervisor is gone; waiting for its end", (long long)u->trial);
        u->lives = lives;
        s->n_survivors += lives;
    }
    return HONE_OK;
}

/* It was decided that the trial ends, and then its supervisor was killed: that is what became of it. */
static hone_status end_pruned(hone__supervisor *s, hone__slot *t, const hone__unfinished *u, hone_error *err)
{
    hone__outcome o = {.value = NAN, .exit_code = -1};
    HONE_TRY(describe_survivor(s, t, u, err));
    t->pruned_at = u->pruned_at;
    hone__watch_init(&t->watch);
    hone__look_at(s, t);
    hone__points_made(s->points, t->point, t->seed, t->trial);
    hone__conclude(s, t, &o);
    return HONE_OK;
}

static hone_status go_on(hone__supervisor *s, hone__slot *t, hone__unfinished *u, hone_error *err)
{
    bool finished = false;
    u->taken = true;
    s->n_taken++;
    if (u->attempt > 0)
        HONE_TRY(take_result(s, t, u, &finished, err));
    if (!finished && u->pruned_at >= 0)
        return end_pruned(s, t, u, err);
    return finished ? HONE_OK : make(s, t, u, err);
}

/* ---- All of them ------------------------------------------------------------------------------------------------- */

/* A place that no trial has, neither of ours nor one that outlived its supervisor. */
static hone__slot *free_slot(hone__supervisor *s)
{
    hone__slot *free = NULL;
    size_t used = s->n_survivors;
    for (size_t i = s->n_slots; i-- > 0;) {
        if (s->slots[i].state == HONE__SLOT_FREE)
            free = &s->slots[i];
        else
            used++;
    }
    return used < s->n_slots && s->n_ended < s->n_slots ? free : NULL;
}

static hone_status make_queued(hone__supervisor *s, hone_error *err)
{
    hone__slot *t;
    for (size_t i = 0; s->n_taken < s->n_queue && i < s->n_queue && (t = free_slot(s)) != NULL; i++) {
        if (s->queue[i].taken || s->queue[i].lives)
            continue;
        HONE_TRY(go_on(s, t, &s->queue[i], err));
        hone__arena_reset(s->step);
    }
    return HONE_OK;
}

static hone_status make_next(hone__supervisor *s, hone_error *err)
{
    for (hone__slot *t; (t = free_slot(s)) != NULL;) {
        hone__turn turn;
        hone__unfinished next = {.trial = -1, .pruned_at = -1};
        HONE_TRY(hone__points_next(s->points, s->step, &turn, &next.point, &next.seed, err));
        if (turn != HONE__TURN_MAKE)
            return HONE_OK;
        HONE_TRY(make(s, t, &next, err));
        hone__arena_reset(s->step);
    }
    return HONE_OK;
}

hone_status hone__trials_make(hone__supervisor *s, hone_error *err)
{
    if (s->stopping || s->crowded)
        return HONE_OK;
    if (s->n_taken < s->n_queue) {
        HONE_TRY(look_for_survivors(s, err));
        HONE_TRY(make_queued(s, err));
    }
    return s->n_taken + s->n_survivors < s->n_queue ? HONE_OK : make_next(s, err);
}

bool hone__trials_left(const hone__supervisor *s)
{
    return s->n_taken < s->n_queue || !hone__points_done(s->points);
}

/* ---- Starting ---------------------------------------------------------------------------------------------------- */

/* Trials side by side divide the processors; one alone works out for itself how many there are. Results do not depend on it. */
static uint32_t threads_of(const hone__supervisor *s)
{
    const hone_int_or_word *threads = &s->setup->experiment->trainer.threads;
    if (threads->word < 0 && threads->value > 0)
        return (uint32_t)threads->value;
    const size_t each = (size_t)hone__cpu_count() / s->n_slots;
    return (uint32_t)(each ? each : 1);
}

/* What a trial of this sweep is told beyond its point. */
static hone_status adapt(const hone__supervisor *s, hone__yaml *root, hone_error *err)
{
    if (!s->sweep || s->sweep->save != HONE__SWEEP_SAVE_NONE)
        return HONE_OK;
    hone__yaml *no = hone__yaml_new_bool(s->step, false);
    return no ? hone__yaml_set(s->step, root, "trainer.save_model", no, err)
              : hone_no_memory(err, "writing a trial's configuration");
}

static hone_status share_processors(const hone__supervisor *s, hone__yaml *root, hone_error *err)
{
    if (s->n_slots < 2 || s->setup->experiment->trainer.threads.word < 0)
        return HONE_OK;
    hone__yaml *threads = hone__yaml_new_int(s->step, threads_of(s));
    if (!threads)
        return hone_no_memory(err, "writing a trial's configuration");
    return hone__yaml_set(s->step, root, "trainer.threads", threads, err);
}

hone_status hone__slot_configure(const hone__slot *t, const hone__yaml *root, hone_error *err)
{
    char path[PATH_MAX];
    hone__str text = {0};
    hone_status status = hone__yaml_emit(root, &text, err);
    if (status == HONE_OK && text.failed)
        status = hone_no_memory(err, "writing a trial's configuration");
    if (status == HONE_OK)
        status = hone__make_dirs(t->dir, err);
    snprintf(path, sizeof path, "%s/trial.yaml", t->dir);
    if (status == HONE_OK)
        status = hone__write_file(path, text.data, text.n, err);
    hone__str_clear(&text);
    return status;
}

static hone_status write_trial(hone__supervisor *s, const hone__slot *t, hone_error *err)
{
    const hone__yaml **values = NULL;
    hone__yaml *root;
    if (s->sweep)
        HONE_TRY(hone__sweep_values(s->step, s->sweep, s->points->drawn[t->point].x, &values, err));
    HONE_TRY(hone__experiment_point(s->step, s->setup->experiment, values, s->points->seeds[t->seed], &root, err));
    HONE_TRY(share_processors(s, root, err));
    HONE_TRY(adapt(s, root, err));
    return hone__slot_configure(t, root, err);
}

hone_status hone__slot_launch(hone__supervisor *s, hone__slot *t, uint32_t threads, hone_error *err)
{
    char log_path[PATH_MAX];
    const char *argv[] = {s->setup->program, "trial", t->dir, NULL};
    snprintf(log_path, sizeof log_path, "%s/log.txt", t->dir);
    hone_job job = {.size = sizeof job,
                    .argv = argv,
                    .log_path = log_path,
                    .time_s = s->sweep ? s->sweep->trial_timeout_s : 0,
                    .memory_bytes = s->sweep ? (uint64_t)(s->sweep->trial_memory_gib * 1073741824) : 0,
                    .threads = threads};
    t->job = (hone_job_state){.size = sizeof t->job, .running = true, .exit_code = -1};
    return s->launch->start(s->launcher, &job, &t->handle, err);
}

/* A trial that cannot even be started is a failed trial. */
static void fail_to_start(hone__supervisor *s, hone__slot *t, const hone_error *why)
{
    hone__outcome o = {.exit_code = -1, .value = NAN};
    snprintf(o.cause, sizeof o.cause, "could not be started: %.560s", why->msg);
    hone__conclude(s, t, &o);
}

/* False where it must wait for memory. */
static bool start(hone__supervisor *s, hone__slot *t)
{
    hone_error why;
    hone_status status = t->written ? HONE_OK : write_trial(s, t, &why);
    t->written = status == HONE_OK;
    hone__arena_reset(s->step);
    if (status == HONE_OK && !hone__room_for(s, t))
        return false;
    if (status == HONE_OK)
        status = hone__slot_launch(s, t, threads_of(s), &why);
    hone__arena_reset(s->step);
    if (status != HONE_OK) {
        fail_to_start(s, t, &why);
        return true;
    }
    t->state = HONE__SLOT_RUNNING;
    const hone__trial_view v = hone__view_of(t);
    hone__tell(s, HONE__NEWS_STARTED, &v);
    return true;
}

/* The first that was made and is not started; NULL where there is none. */
static hone__slot *first_made(hone__supervisor *s)
{
    hone__slot *first = NULL;
    for (size_t i = 0; i < s->n_slots; i++)
        if (s->slots[i].state == HONE__SLOT_MADE && (!first || s->slots[i].trial < first->trial))
            first = &s->slots[i];
    return first;
}

/* Stays in the journal as one that was interrupted. */
static void give_up(hone__supervisor *s, hone__slot *t)
{
    hone__outcome o = {.interrupted = true, .exit_code = -1, .value = NAN};
    snprintf(o.cause, sizeof o.cause, "stopped with the sweep");
    hone__conclude(s, t, &o);
}

void hone__trials_start(hone__supervisor *s)
{
    s->crowded = false;
    for (hone__slot *t; !s->crowded && (t = first_made(s)) != NULL;) {
        if (s->stopping)
            give_up(s, t);
        else
            s->crowded = !start(s, t);
    }
}
