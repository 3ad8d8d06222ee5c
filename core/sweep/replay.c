/* replay.c - what a run's journal says was done already, trial by trial: what a resumed sweep begins with.
 *
 * Points are taken from the journal and not asked for again: what a searcher made of results that have changed since (a failed trial was run
 * once more) stays as it was decided.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "sweep/rundir.h"
#include "sweep/supervisor_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *text_of(const hone__journal_entry *t, const char *key)
{
    return hone__pair_text(t->attributes, t->n_attributes, key);
}

static int64_t number_of(const hone__journal_entry *t, const char *key, int64_t otherwise)
{
    const char *text = text_of(t, key);
    return text ? strtoll(text, NULL, 10) : otherwise;
}

static double value_of(const hone__journal_entry *t, const char *path)
{
    for (size_t i = 0; i < t->n_params; i++)
        if (strcmp(t->params[i].key, path) == 0)
            return t->params[i].number;
    return NAN;
}

/* The first trial of a point brings its values. */
static hone_status replay_point(hone__supervisor *s, const hone__journal_entry *t, hone_error *err)
{
    hone__points *p = s->points;
    double *x = hone_alloc_array(s->step, (size_t)p->space.n, sizeof *x);
    if (!x)
        return hone_no_memory(err, "resuming a sweep");
    for (size_t i = 0; i < p->space.n; i++)
        x[i] = value_of(t, s->sweep->dimensions[i].path);
    return hone__points_add(p, x, err);
}

static hone_status place_of(hone__supervisor *s, size_t i, const hone__journal_entry *t, uint64_t *point, size_t *seed,
                            hone_error *err)
{
    hone__points *p = s->points;
    const int64_t wanted = number_of(t, "seed", p->seeds[0]), at = number_of(t, "point", -1);
    for (*seed = 0; *seed < p->n_seeds && p->seeds[*seed] != wanted;)
        ++*seed;
    if (*seed == p->n_seeds)
        return hone_fail(err, HONE_EFORMAT, "the journal has trial %zu with seed %lld, which the sweep does not have", i,
                         (long long)wanted);
    if (at < 0 || (uint64_t)at > p->n_drawn)
        return hone_fail(err, HONE_EFORMAT, "the journal has trial %zu for point %lld, but no trial for point %llu", i,
                         (long long)at, (unsigned long long)p->n_drawn);
    *point = (uint64_t)at;
    return *point == p->n_drawn ? replay_point(s, t, err) : HONE_OK;
}

static hone_status replay_trial(hone__supervisor *s, size_t i, const hone__journal_entry *t, hone_error *err)
{
    uint64_t point = 0;
    size_t seed = 0;
    if (!text_of(t, "dir")) { /* a kill left less of it than a whole trial: the next one has its number */
        s->spare = (int64_t)i;
        return HONE_OK;
    }
    HONE_TRY(place_of(s, i, t, &point, &seed, err));
    hone__points_made(s->points, point, seed, i);
    for (size_t k = 0; k < t->n_curve; k++)
        hone__points_evaluated(s->points, point, seed, t->curve[k].step, t->curve[k].value);
    if (t->state == HONE__TRIAL_COMPLETE || t->state == HONE__TRIAL_PRUNED || t->state == HONE__TRIAL_FAILED)
        hone__points_ended(s->points, point, seed, t->state, t->state == HONE__TRIAL_COMPLETE ? t->value : NAN);
    return HONE_OK;
}

/* The newest trial of each seed counts: it is finished, or to be gone on with. */
static void take_up(hone__supervisor *s, const hone__study *study, uint64_t point, size_t seed)
{
    const hone__seed_run *run = &s->points->drawn[point].runs[seed];
    if (run->trial < 0)
        return;
    const bool failed = run->state == HONE__TRIAL_FAILED;
    hone__unfinished u = {.point = point, .seed = seed, .trial = run->trial, .pruned_at = -1};
    if (run->state == HONE__TRIAL_RUNNING) { /* one that was to be answered by another has not begun */
        u.attempt = number_of(&study->trials[run->trial], "attempt", 0);
        u.pruned_at = hone__early_decided(&study->trials[run->trial]);
    } else if (failed && s->setup->failed) {
        u.trial = -1;
    } else {
        hone__count_ended(s, point, run->state);
        if (!failed || s->sweep)
            hone__rundir_tidy_trial(s->setup->dir, (uint64_t)run->trial, s->setup->log);
        return;
    }
    s->queue[s->n_queue++] = u;
}

static hone_status replay_study(hone__supervisor *s, const hone__study *study, hone_error *err)
{
    for (size_t i = 0; i < study->n_trials; i++) {
        HONE_TRY(replay_trial(s, i, &study->trials[i], err));
        hone__arena_reset(s->step);
    }
    s->queue = hone_alloc_array(s->arena, study->n_trials, sizeof *s->queue);
    if (!s->queue)
        return hone_no_memory(err, "resuming a sweep");
    for (uint64_t i = 0; i < s->points->n_drawn; i++)
        for (size_t k = 0; k < s->points->n_seeds; k++)
            take_up(s, study, i, k);
    for (uint64_t i = 0; i < s->points->n_drawn; i++)
        hone__keep_point(s, i);
    hone__replay_bounds(s, study);
    return HONE_OK;
}

hone_status hone__replay(hone__supervisor *s, const char *path, bool *begun, hone_error *err)
{
    hone__study *study = NULL;
    hone_arena *arena = hone__arena_create(0);
    hone_status status = arena ? hone__journal_read(arena, path, &study, err) : hone_no_memory(err, "resuming a sweep");
    if (status == HONE_OK) {
        *begun = hone__pair_text(study->attributes, study->n_attributes, "points") != NULL;
        status = replay_study(s, study, err);
    }
    hone__arena_destroy(arena);
    return status;
}
