/* refit.c - the best point once more, on the training and the validation data, when nothing else is left to be run.
 *
 * It is trained in RUN/refit as any trial is, with the seed of the trial that stands for the point and for as large a share of the steps as
 * that one's best evaluation took; no data is left to validate on. Its trial.yaml says all of that: where one stands there that says the
 * same, a resumed run goes on from its checkpoint or takes its result; any other is of a point that is no longer the best, and goes.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/format.h"
#include "base/json.h"
#include "base/pool.h"
#include "base/str.h"
#include "sweep/rundir.h"
#include "sweep/supervisor_parts.h"
#include "train/checkpoint.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#define TICK_S 0.25

/* ---- What is trained --------------------------------------------------------------------------------------------- */

/* The share of its steps after which the trial in `dir` was at its best. */
static hone_status share_of(const char *dir, double *share, hone_error *err)
{
    char path[PATH_MAX];
    json_t *result;
    int64_t best = 0, total = 0;
    snprintf(path, sizeof path, "%s/result.json", dir);
    HONE_TRY(hone__json_load(path, 0, &result, err));
    hone_status status = hone__json_format(result, HONE__FORMAT_RESULT, path, err);
    if (status == HONE_OK)
        status = hone__json_int(result, "best_step", true, &best, path, err);
    if (status == HONE_OK)
        status = hone__json_int(json_object_get(result, "train"), "total_steps", true, &total, path, err);
    json_decref(result);
    if (status == HONE_OK && (best < 1 || total < best))
        return hone_fail(err, HONE_EFORMAT, "%s: its best evaluation was after step %lld of %lld, which cannot be", path,
                         (long long)best, (long long)total);
    *share = status == HONE_OK ? (double)best / (double)total : 1;
    return status;
}

static hone_status set(hone__supervisor *s, hone__yaml *root, const char *path, hone__yaml *value, hone_error *err)
{
    return value ? hone__yaml_set(s->step, root, path, value, err) : hone_no_memory(err, "writing a refit's configuration");
}

/* The configuration of the trial in `dir`, with what makes it a refit. */
static hone_status configuration(hone__supervisor *s, const char *dir, hone__yaml **root, hone_error *err)
{
    char path[PATH_MAX];
    double share = 1;
    const hone__yaml *threads = hone__yaml_path(s->setup->experiment->complete, "trainer.threads");
    snprintf(path, sizeof path, "%s/trial.yaml", dir);
    HONE_TRY(share_of(dir, &share, err));
    HONE_TRY(hone__yaml_load(s->step, path, root, err));
    HONE_TRY(set(s, *root, "data.train_with_validation", hone__yaml_new_bool(s->step, true), err));
    HONE_TRY(set(s, *root, "trainer.stop_after", hone__yaml_new_real(s->step, share), err));
    HONE_TRY(set(s, *root, "trainer.early_stopping_patience", hone__yaml_new_int(s->step, 0), err));
    HONE_TRY(set(s, *root, "trainer.save_model", hone__yaml_new_bool(s->step, true), err));
    return threads ? set(s, *root, "trainer.threads", hone__yaml_copy(s->step, threads), err) : HONE_OK; /* it runs alone */
}

static bool says_the_same(const char *path, const hone__str *text)
{
    char *bytes;
    size_t n;
    if (!hone__exists(path) || hone__read_file(path, 64 << 20, &bytes, &n, NULL) != HONE_OK)
        return false;
    const bool same = n == text->n && memcmp(bytes, text->data, n) == 0;
    hone__free(bytes);
    return same;
}

/* Leaves the folder as it is where it holds this very refit, begun or complete. */
static hone_status prepare(hone__supervisor *s, const hone__slot *t, const char *dir, hone_error *err)
{
    char path[PATH_MAX];
    hone__str text = {0};
    hone__yaml *root;
    HONE_TRY(configuration(s, dir, &root, err));
    snprintf(path, sizeof path, "%s/trial.yaml", t->dir);
    hone_status status = hone__yaml_emit(root, &text, err);
    if (status == HONE_OK && text.failed)
        status = hone_no_memory(err, "writing a refit's configuration");
    if (status == HONE_OK && !says_the_same(path, &text)) {
        status = hone__remove_tree(t->dir, err);
        if (status == HONE_OK)
            status = hone__slot_configure(t, root, err);
    }
    hone__str_clear(&text);
    return status;
}

/* ---- Training ---------------------------------------------------------------------------------------------------- */

/* The process of a supervisor that was killed may still be at it. */
static void await_survivor(hone__supervisor *s, const char *dir)
{
    if (hone__trial_lives(dir))
        hone_log_line(s->setup->log, HONE_LOG_WARNING,
                      "the refit still runs, though its supervisor is gone; waiting for its end");
    while (hone__trial_lives(dir) && !(s->setup->interrupts && *s->setup->interrupts))
        s->launch->wait(s->launcher, TICK_S);
}

static hone_status await(hone__supervisor *s, hone__slot *t, hone_error *err)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/metrics.jsonl", t->dir);
    while (t->job.running) {
        hone__heed_interrupts(s);
        s->launch->wait(s->launcher, TICK_S);
        HONE_TRY(s->launch->poll(s->launcher, t->handle, &t->job, err));
        hone__watch_read(&t->watch, path, NULL, NULL, NULL);
        hone__tell(s, HONE__NEWS_TICK, NULL);
    }
    s->launch->forget(s->launcher, t->handle);
    return HONE_OK;
}

/* In a slot, so that whoever ends the running trials ends this one too. */
static hone_status train(hone__supervisor *s, hone__slot *t, hone_error *err)
{
    hone__watch_init(&t->watch);
    HONE_TRY(hone__slot_launch(s, t, (uint32_t)hone__cpu_count(), err));
    t->state = HONE__SLOT_RUNNING;
    const hone_status status = await(s, t, err);
    if (status == HONE_OK)
        t->state = HONE__SLOT_FREE;
    return status;
}

static void tidy(const hone__supervisor *s, const char *dir)
{
    char path[PATH_MAX];
    hone_error why = {0};
    snprintf(path, sizeof path, "%s/" HONE__CHECKPOINT_DIR, dir);
    if (hone__remove_tree(path, &why) != HONE_OK)
        hone_log_line(s->setup->log, HONE_LOG_WARNING, "the refit: %s", why.msg);
}

static hone_status conclude(hone__supervisor *s, const hone__slot *t, hone_error *err)
{
    hone__outcome o;
    hone__outcome_read(&o, t->dir, &t->job, NULL, t->watch.step);
    if (o.interrupted || (!o.complete && t->asked)) {
        s->result->interrupted++;
        return HONE_OK; /* begun, as the journal has it: to be gone on with */
    }
    s->result->refit_failed = !o.complete;
    hone__journal_study_text(s->journal, "refit", o.complete ? "complete" : o.cause);
    HONE_TRY(hone__journal_sync(s->journal, err));
    if (o.complete)
        tidy(s, t->dir);
    else
        hone_log_line(s->setup->log, HONE_LOG_WARNING, "the refit failed: %s; best/ is the model of trial %llu itself", o.cause,
                      (unsigned long long)t->trial);
    return HONE_OK;
}

static hone_status run(hone__supervisor *s, hone__slot *t, const char *dir, hone_error *err)
{
    await_survivor(s, t->dir);
    if (s->setup->interrupts && *s->setup->interrupts) {
        s->result->interrupted++;
        s->result->stopped = true;
        return HONE_OK;
    }
    HONE_TRY(prepare(s, t, dir, err));
    hone__arena_reset(s->step);
    hone__journal_study_int(s->journal, "refit_trial", (int64_t)t->trial);
    hone__journal_study_text(s->journal, "refit", "begun");
    HONE_TRY(hone__journal_sync(s->journal, err));
    char result[PATH_MAX];
    snprintf(result, sizeof result, "%s/result.json", t->dir);
    if (!hone__exists(result)) /* one that is there was written whole, last of all */
        HONE_TRY(train(s, t, err));
    return conclude(s, t, err);
}

static char *copy_of(const char *text)
{
    char *copy = hone__malloc(strlen(text) + 1);
    return copy ? strcpy(copy, text) : NULL;
}

hone_status hone__refit_run(hone__supervisor *s, hone_error *err)
{
    char dir[PATH_MAX];
    if (!s->sweep || !s->sweep->refit || s->best < 0 || s->stopping || s->result->interrupted || hone__trials_left(s) ||
        (s->launch->flags & HONE_LAUNCHER_RUNS_NOTHING))
        return HONE_OK;
    const hone__seed_run *chosen = &s->points->drawn[s->best].runs[hone__point_median(s->points, (uint64_t)s->best)];
    char *of_trial = hone__trial_dir(s->setup->dir, (uint64_t)chosen->trial);
    hone__slot *t = &s->slots[0];
    *t = (hone__slot){.trial = (uint64_t)chosen->trial, .reuses = -1, .pruned_at = -1};
    if ((size_t)snprintf(dir, sizeof dir, "%s/" HONE__REFIT_DIR, s->setup->dir) < sizeof dir) {
        t->dir = copy_of(dir);
        t->label = copy_of("refit on the training and the validation data");
    }
    hone_status status =
        of_trial && t->dir && t->label ? run(s, t, of_trial, err) : hone_no_memory(err, "refitting the best point");
    hone__free(of_trial);
    if (status == HONE_OK)
        hone__slot_clear(t);
    return status;
}
