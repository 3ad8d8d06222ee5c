/* supervisor.c - runs the trials of an experiment, each a process of its own, and writes down what became of them.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sweep/supervisor.h"

#include "base/alloc.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/pool.h"
#include "base/str.h"
#include "sweep/line.h"
#include "sweep/replay.h"
#include "sweep/rundir.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FORMAT 1
#define TICK_S 0.25 /* how often running trials' numbers are looked at */

/* A place for a running trial. */
typedef struct slot {
    bool used;
    uint64_t handle; /* the launcher's */
    uint64_t trial, point;
    char *dir, *label; /* hone__free */
    hone__watch watch;
    hone_job_state state;
    int asked; /* how often it was asked to end: 1 softly, 2 hard */
} slot;

/* What searchers that learn are told of a point. */
typedef struct known {
    bool done;
    hone_point point;
    double *x;
} known;

/* A point of a resumed run that is not finished. */
typedef struct unfinished {
    uint64_t point, trial;
    int64_t attempt; /* of its last start; 0: it is to be run as a new trial */
    double *x;
} unfinished;

typedef struct supervisor {
    const hone__sweep_setup *setup;
    const hone__sweep_config *sweep; /* NULL: a single trial */
    hone__sweep_result *result;
    hone_arena *arena, *step;
    hone_space space;
    hone_self *searcher, *launcher;
    const hone_searcher *search; /* NULL: one point */
    const hone_launcher *launch;
    hone__journal *journal;
    slot *slots;
    size_t n_slots;
    hone__trial_view *views; /* [n_slots] */
    uint64_t next_point, total;
    bool ended;        /* no further point */
    bool stopping;     /* no further point, by the user's wish or on_error: abort */
    unfinished *queue; /* [n_queue], of which the first `taken` are started */
    uint64_t n_queue, taken;
    known *history;
    size_t cap_history;
    int64_t best;
    double best_value;
} supervisor;

const char *hone__sweep_metric(const hone__experiment *e)
{
    return e->sweep ? e->sweep->metric : NULL;
}

static bool is_better(const supervisor *s, double value)
{
    bool maximize = !s->sweep || s->sweep->maximize;
    return s->best < 0 || (maximize ? value > s->best_value : value < s->best_value);
}

/* ---- Telling ----------------------------------------------------------------------------------------------------- */

static hone__trial_view view_of(const slot *t)
{
    return (hone__trial_view){.number = t->trial,
                              .label = t->label,
                              .state = HONE__TRIAL_RUNNING,
                              .seconds = t->state.seconds,
                              .now = &t->watch,
                              .cause = "",
                              .value = NAN};
}

static int by_number(const void *a, const void *b)
{
    const hone__trial_view *x = a, *y = b;
    return x->number < y->number ? -1 : x->number > y->number;
}

static void tell(supervisor *s, hone__sweep_news news, const hone__trial_view *trial)
{
    hone__sweep_view v = {.total = s->total,
                          .complete = s->result->complete,
                          .failed = s->result->failed,
                          .best = s->best,
                          .best_value = s->best_value,
                          .running = s->views};
    if (!s->setup->progress)
        return;
    for (size_t i = 0; i < s->n_slots; i++)
        if (s->slots[i].used)
            s->views[v.n_running++] = view_of(&s->slots[i]);
    qsort(s->views, v.n_running, sizeof *s->views, by_number);
    s->setup->progress(s->setup->progress_ctx, news, &v, trial);
}

/* ---- Points ------------------------------------------------------------------------------------------------------ */

static hone_status remember_point(supervisor *s, uint64_t i, const double *x, hone_error *err)
{
    if (!s->search || !s->search->takes_history)
        return HONE_OK;
    if (i >= s->cap_history) {
        size_t cap = s->cap_history ? 2 * s->cap_history : 64;
        known *more = hone_alloc_array(s->arena, cap, sizeof *more);
        if (!more)
            return hone_no_memory(err, "keeping the history of a search");
        if (s->cap_history)
            memcpy(more, s->history, s->cap_history * sizeof *more);
        s->history = more;
        s->cap_history = cap;
    }
    known *k = &s->history[i];
    k->x = hone_alloc_array(s->arena, s->space.n, sizeof *k->x);
    if (!k->x)
        return hone_no_memory(err, "keeping the history of a search");
    memcpy(k->x, x, (size_t)s->space.n * sizeof *x);
    k->point = (hone_point){.x = k->x, .state = HONE_POINT_FAILED, .value = NAN};
    return HONE_OK;
}

static void remember_outcome(supervisor *s, uint64_t i, bool complete, double value)
{
    if (i >= s->cap_history)
        return;
    known *k = &s->history[i];
    k->done = true;
    k->point.state = complete ? HONE_POINT_COMPLETE : HONE_POINT_FAILED;
    k->point.value = !complete ? NAN : s->sweep->maximize ? value : -value;
}

/* The points that ask(i) may see: those before i less the last `lag`. */
static uint64_t visible(const supervisor *s, uint64_t i)
{
    if (!s->search || !s->search->takes_history)
        return 0;
    uint64_t lag = s->search->lag ? s->search->lag(s->searcher) : 0;
    return i > lag ? i - lag : 0;
}

/* Must ask(next point) wait for the results of earlier ones? */
static bool must_wait(const supervisor *s)
{
    for (uint64_t i = 0; i < visible(s, s->next_point); i++)
        if (!s->history[i].done)
            return true;
    return false;
}

static bool is_last(const supervisor *s)
{
    uint64_t cap = s->sweep && s->sweep->run_cap > 0 ? (uint64_t)s->sweep->run_cap : 0;
    return s->ended || (!s->search && s->next_point >= 1) || (cap && s->next_point >= cap);
}

static hone_status ask(supervisor *s, double *x, hone_error *err)
{
    if (!s->search)
        return HONE_OK;
    uint64_t n = visible(s, s->next_point);
    hone_point *points = hone_alloc_array(s->step, n, sizeof *points);
    if (!points)
        return hone_no_memory(err, "asking for the next point");
    for (uint64_t i = 0; i < n; i++)
        points[i] = s->history[i].point;
    hone_history history = {.size = sizeof history, .n = n, .points = points, .point_size = sizeof *points};
    return s->search->ask(s->searcher, &s->space, s->next_point, &history, x, err);
}

/* A whole section goes by its type, if no other choice has the same one. */
static const hone__yaml *short_value(const hone__sweep_dimension *d, const hone__yaml *value)
{
    const hone__yaml *type = value->type == HONE__YAML_MAP ? hone__yaml_get(value, "type") : NULL;
    for (uint32_t i = 0; type && d->values && i < d->dimension.n_choices; i++) {
        const hone__yaml *other = d->values[i]->type == HONE__YAML_MAP ? hone__yaml_get(d->values[i], "type") : NULL;
        if (other && hone__yaml_equal(other, type) && !hone__yaml_equal(d->values[i], value))
            return value;
    }
    return type ? type : value;
}

/* "learning_rate=5.0e-05 dropout=0.1": the last part of each path is enough on a line that is read while waiting. */
static char *label_of(const supervisor *s, const hone__yaml *const *values)
{
    hone__str line = {0};
    for (size_t i = 0; values && i < s->space.n; i++) {
        const char *path = s->sweep->dimensions[i].path, *dot = strrchr(path, '.');
        if (!values[i])
            continue;
        hone__str_addf(&line, "%s%s=", line.n ? " " : "", dot ? dot + 1 : path);
        hone__yaml_line(short_value(&s->sweep->dimensions[i], values[i]), &line);
    }
    if (line.n == 0)
        hone__str_add(&line, "");
    char *label = line.failed ? NULL : hone__malloc(line.n + 1);
    if (label)
        strcpy(label, hone__str_text(&line));
    hone__str_clear(&line);
    return label;
}

/* ---- Ending a trial ---------------------------------------------------------------------------------------------- */

static void clear_slot(slot *t)
{
    hone__free(t->dir);
    hone__free(t->label);
    *t = (slot){0};
}

static void journal_seen(void *ctx, int64_t step, double value)
{
    const slot *t = ((void **)ctx)[1];
    hone__journal_intermediate(((supervisor *)((void **)ctx)[0])->journal, t->trial, step, value);
}

static void look_at(supervisor *s, slot *t)
{
    char path[PATH_MAX];
    void *ctx[2] = {s, t};
    snprintf(path, sizeof path, "%s/metrics.jsonl", t->dir);
    hone__watch_read(&t->watch, path, hone__sweep_metric(s->setup->experiment), journal_seen, ctx);
}

static void journal_outcome(supervisor *s, uint64_t trial, const hone__outcome *o)
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
    if (o->signal)
        hone__journal_int(j, trial, "signal", o->signal);
    else if (o->exit_code >= 0)
        hone__journal_int(j, trial, "exit_code", o->exit_code);
    if (o->tail[0])
        hone__journal_text(j, trial, "log_tail", o->tail);
    hone__journal_state(j, trial, HONE__TRIAL_FAILED, NAN);
}

static void count_complete(supervisor *s, uint64_t trial, double value)
{
    s->result->complete++;
    if (is_better(s, value)) {
        s->best = (int64_t)trial;
        s->best_value = value;
    }
}

static void count_outcome(supervisor *s, uint64_t trial, const hone__outcome *o)
{
    if (o->complete) {
        count_complete(s, trial, o->value);
    } else if (o->interrupted) {
        s->result->interrupted++;
    } else {
        s->result->failed++;
        if (s->sweep && s->sweep->abort_on_error && !s->stopping) {
            s->stopping = true;
            s->result->aborted = true;
        }
    }
}

/* Writes down what became of a trial, and only then lets anything follow from it. */
static hone_status conclude(supervisor *s, slot *t, hone__outcome *o, hone_error *err)
{
    /* A trial that was stopped by us did not fail, whatever it said. */
    if (!o->complete && t->asked) {
        o->interrupted = true;
        snprintf(o->cause, sizeof o->cause, "stopped with the sweep");
    }
    journal_outcome(s, t->trial, o);
    HONE_TRY(hone__journal_sync(s->journal, err));
    remember_outcome(s, t->point, o->complete, o->value);
    count_outcome(s, t->trial, o);
    if (o->complete)
        hone__rundir_tidy_trial(s->setup->dir, t->trial, s->setup->log);
    slot gone = *t;
    t->used = false;
    hone__trial_view v = view_of(&gone);
    v.state = o->complete ? HONE__TRIAL_COMPLETE : o->interrupted ? HONE__TRIAL_RUNNING : HONE__TRIAL_FAILED;
    v.seconds = o->seconds;
    v.cause = o->complete ? "" : o->cause;
    v.value = o->value;
    tell(s, HONE__NEWS_ENDED, &v);
    clear_slot(t);
    return HONE_OK;
}

static hone_status finish(supervisor *s, slot *t, hone_error *err)
{
    hone__outcome o;
    look_at(s, t);
    hone__outcome_read(&o, t->dir, &t->state, hone__sweep_metric(s->setup->experiment), t->watch.step);
    if (o.complete && (o.exit_code != 0 || o.signal))
        hone_log_line(s->setup->log, HONE_LOG_WARNING,
                      "trial %llu wrote its result and then ended badly (exit code %d, signal %d)",
                      (unsigned long long)t->trial, o.exit_code, o.signal);
    if (!o.complete && o.exit_code == 0 && (s->launch->flags & HONE_LAUNCHER_RUNS_NOTHING)) {
        o.complete = true; /* of nothing, nothing is expected */
        o.value = 0;
    }
    s->launch->forget(s->launcher, t->handle);
    return conclude(s, t, &o, err);
}

/* ---- Starting a trial -------------------------------------------------------------------------------------------- */

/* Trials side by side divide the processors; one alone works out for itself how many there are. Results do not depend on it. */
static uint32_t threads_of(const supervisor *s)
{
    const hone_int_or_word *threads = &s->setup->experiment->trainer.threads;
    if (threads->word < 0 && threads->value > 0)
        return (uint32_t)threads->value;
    size_t each = (size_t)hone__cpu_count() / s->n_slots;
    return (uint32_t)(each ? each : 1);
}

static hone_status share_processors(const supervisor *s, hone__yaml *root, hone_error *err)
{
    if (s->n_slots < 2 || s->setup->experiment->trainer.threads.word < 0)
        return HONE_OK;
    hone__yaml *threads = hone__yaml_new_int(s->step, threads_of(s));
    if (!threads)
        return hone_no_memory(err, "writing a trial's configuration");
    return hone__yaml_set(s->step, root, "trainer.threads", threads, err);
}

static hone_status write_trial(supervisor *s, const slot *t, const hone__yaml *const *values, hone_error *err)
{
    char path[PATH_MAX];
    hone__yaml *root;
    hone__str text = {0};
    HONE_TRY(hone__experiment_point(s->step, s->setup->experiment, values, s->setup->experiment->seed, &root, err));
    HONE_TRY(share_processors(s, root, err));
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

static hone_status launch(supervisor *s, slot *t, hone_error *err)
{
    char log_path[PATH_MAX];
    const char *argv[] = {s->setup->program, "trial", t->dir, NULL};
    snprintf(log_path, sizeof log_path, "%s/log.txt", t->dir);
    hone_job job = {.size = sizeof job,
                    .argv = argv,
                    .log_path = log_path,
                    .time_s = s->sweep ? s->sweep->trial_timeout_s : 0,
                    .threads = threads_of(s)};
    t->state = (hone_job_state){.size = sizeof t->state, .running = true, .exit_code = -1};
    return s->launch->start(s->launcher, &job, &t->handle, err);
}

static void journal_start(supervisor *s, const slot *t, const double *x, int64_t attempt)
{
    char dir[64];
    for (size_t i = 0; i < s->space.n; i++)
        if (!isnan(x[i]))
            hone__journal_param(s->journal, t->trial, &s->sweep->dimensions[i], x[i]);
    snprintf(dir, sizeof dir, "trials/%04llu", (unsigned long long)t->trial);
    hone__journal_int(s->journal, t->trial, "point", (int64_t)t->point);
    hone__journal_int(s->journal, t->trial, "seed", s->setup->experiment->seed);
    hone__journal_int(s->journal, t->trial, "attempt", attempt);
    hone__journal_text(s->journal, t->trial, "dir", dir);
}

/* A trial that cannot even be started is a failed trial. */
static hone_status fail_to_start(supervisor *s, slot *t, const hone_error *why, hone_error *err)
{
    hone__outcome o = {.exit_code = -1, .value = NAN};
    snprintf(o.cause, sizeof o.cause, "could not be started: %.560s", why->msg);
    return conclude(s, t, &o, err);
}

/* Starts the trial of a slot whose numbers are known, also for a further time. */
static hone_status start_trial(supervisor *s, slot *t, const double *x, int64_t attempt, hone_error *err)
{
    const hone__yaml **values = NULL;
    hone_error why;
    if (s->sweep)
        HONE_TRY(hone__sweep_values(s->step, s->sweep, x, &values, err));
    hone__watch_init(&t->watch);
    journal_start(s, t, x, attempt);
    t->label = label_of(s, values);
    t->dir = hone__trial_dir(s->setup->dir, t->trial);
    if (!t->dir || !t->label)
        return hone_no_memory(err, "starting a trial");
    HONE_TRY(hone__journal_sync(s->journal, err));
    hone_status status = write_trial(s, t, values, &why);
    if (status == HONE_OK)
        status = launch(s, t, &why);
    if (status != HONE_OK)
        return fail_to_start(s, t, &why, err);
    hone__trial_view v = view_of(t);
    tell(s, HONE__NEWS_STARTED, &v);
    return HONE_OK;
}

static hone_status start_point(supervisor *s, slot *t, const double *x, hone_error *err)
{
    HONE_TRY(remember_point(s, s->next_point, x, err));
    *t = (slot){.used = true, .point = s->next_point++, .trial = hone__journal_trial(s->journal)};
    return start_trial(s, t, x, 1, err);
}

/* A trial may have outlived its supervisor; as long as it lives, its folder is locked. */
static hone_status wait_for_survivor(const supervisor *s, uint64_t trial, const char *dir, hone_error *err)
{
    for (bool said = false; hone__trial_lives(dir); said = true) {
        if (!said)
            hone_log_line(s->setup->log, HONE_LOG_WARNING,
                          "trial %llu still runs, though its supervisor is gone; waiting for its end",
                          (unsigned long long)trial);
        if (s->setup->interrupts && *s->setup->interrupts)
            return hone_fail(err, HONE_EINTERRUPTED, "interrupted while trial %llu, which outlived its supervisor, still runs",
                             (unsigned long long)trial);
        const struct timespec moment = {.tv_nsec = 100000000};
        nanosleep(&moment, NULL);
    }
    return HONE_OK;
}

/* A result that stands there was written whole: the supervisor was killed before it could write it down. */
static hone_status take_result(supervisor *s, slot *t, bool *taken, hone_error *err)
{
    char path[PATH_MAX];
    hone__outcome o;
    snprintf(path, sizeof path, "%s/result.json", t->dir);
    *taken = hone__exists(path);
    if (!*taken)
        return HONE_OK;
    hone__watch_init(&t->watch);
    look_at(s, t);
    t->state = (hone_job_state){.size = sizeof t->state, .seconds = hone__trial_seconds(t->dir)};
    hone__outcome_read(&o, t->dir, &t->state, hone__sweep_metric(s->setup->experiment), t->watch.step);
    return conclude(s, t, &o, err);
}

static hone_status go_on(supervisor *s, slot *t, const unfinished *u, hone_error *err)
{
    bool taken = false;
    *t = (slot){.used = true, .point = u->point, .trial = u->trial};
    if (u->attempt == 0) {
        t->trial = hone__journal_trial(s->journal);
        return start_trial(s, t, u->x, 1, err);
    }
    t->dir = hone__trial_dir(s->setup->dir, t->trial);
    t->label = label_of(s, NULL);
    if (!t->dir || !t->label)
        return hone_no_memory(err, "resuming a trial");
    HONE_TRY(wait_for_survivor(s, t->trial, t->dir, err));
    HONE_TRY(take_result(s, t, &taken, err));
    if (taken)
        return HONE_OK;
    const slot same = *t;
    *t = (slot){.used = true, .point = u->point, .trial = u->trial};
    hone__free(same.dir);
    hone__free(same.label);
    return start_trial(s, t, u->x, u->attempt + 1, err);
}

static slot *free_slot(supervisor *s)
{
    for (size_t i = 0; i < s->n_slots; i++)
        if (!s->slots[i].used)
            return &s->slots[i];
    return NULL;
}

static hone_status start_some(supervisor *s, hone_error *err)
{
    for (slot *t; !s->stopping && s->taken < s->n_queue && (t = free_slot(s)) != NULL;) {
        HONE_TRY(go_on(s, t, &s->queue[s->taken++], err));
        hone__arena_reset(s->step);
    }
    for (slot *t; !s->stopping && !is_last(s) && !must_wait(s) && (t = free_slot(s)) != NULL;) {
        double *x = hone_alloc_array(s->step, s->space.n, sizeof *x);
        if (!x)
            return hone_no_memory(err, "asking for the next point");
        hone_status status = ask(s, x, err);
        if (status == HONE_END)
            s->ended = true;
        else if (status != HONE_OK)
            return status;
        else
            HONE_TRY(start_point(s, t, x, err));
        hone__arena_reset(s->step);
    }
    return HONE_OK;
}

/* ---- The loop ---------------------------------------------------------------------------------------------------- */

static size_t count_running(const supervisor *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n_slots; i++)
        n += s->slots[i].used;
    return n;
}

/* level 1 asks each running trial once to end, level 2 kills. */
static void stop_running(supervisor *s, int level)
{
    for (size_t i = 0; i < s->n_slots; i++) {
        slot *t = &s->slots[i];
        if (!t->used || t->asked >= level)
            continue;
        t->asked = level;
        if (s->launch->stop(s->launcher, t->handle, level >= 2, NULL) != HONE_OK)
            hone_log_line(s->setup->log, HONE_LOG_WARNING, "trial %llu could not be told to end", (unsigned long long)t->trial);
    }
}

static bool work_left(const supervisor *s)
{
    return !is_last(s) || s->taken < s->n_queue;
}

static void heed_interrupts(supervisor *s)
{
    int wishes = s->setup->interrupts ? *s->setup->interrupts : 0;
    if (wishes >= 1 && !s->result->stopped) {
        s->result->stopped = work_left(s) || count_running(s) > 0;
        s->stopping = true;
        tell(s, HONE__NEWS_STOPPING, NULL);
    }
    if (wishes >= 2)
        stop_running(s, wishes >= 3 ? 2 : 1);
    if (s->result->aborted)
        stop_running(s, 1);
}

static hone_status look_at_all(supervisor *s, hone_error *err)
{
    for (size_t i = 0; i < s->n_slots; i++) {
        slot *t = &s->slots[i];
        if (!t->used)
            continue;
        HONE_TRY(s->launch->poll(s->launcher, t->handle, &t->state, err));
        hone__arena_reset(s->step);
        if (t->state.running)
            look_at(s, t);
        else
            HONE_TRY(finish(s, t, err));
    }
    return HONE_OK;
}

static hone_status loop(supervisor *s, hone_error *err)
{
    for (;;) {
        heed_interrupts(s);
        HONE_TRY(start_some(s, err));
        if (count_running(s) == 0)
            break;
        s->launch->wait(s->launcher, TICK_S);
        HONE_TRY(look_at_all(s, err));
        tell(s, HONE__NEWS_TICK, NULL);
    }
    s->result->stopped = s->result->stopped && (work_left(s) || s->result->interrupted > 0);
    return hone__journal_sync(s->journal, err);
}

/* ---- Beginning and end ------------------------------------------------------------------------------------------- */

static uint64_t count_points(const hone__sweep_config *sweep, const hone_self *self, const hone_space *space)
{
    const hone_searcher *searcher = (const hone_searcher *)(const void *)self->plugin;
    uint64_t count = searcher->count ? searcher->count(self, space) : 0;
    uint64_t cap = sweep->run_cap > 0 ? (uint64_t)sweep->run_cap : 0;
    return !count || (cap && cap < count) ? cap : count;
}

static hone_status make_searcher(supervisor *s, hone_error *err)
{
    if (!s->sweep)
        return HONE_OK;
    const hone__section *section = &s->sweep->searcher;
    s->search = (const hone_searcher *)(const void *)section->plugin->table;
    s->searcher =
        hone__instance(s->arena, s->step, &s->search->plugin, section->params, s->sweep->sampler_seed, NULL, s->setup->log);
    if (!s->searcher)
        return hone_no_memory(err, "making the searcher");
    hone_error why;
    hone_status status = s->search->create ? s->search->create(s->searcher, &s->space, &why) : HONE_OK;
    if (status != HONE_OK)
        return hone_fail(err, status, "sweep.method: %.900s", why.msg);
    s->total = count_points(s->sweep, s->searcher, &s->space);
    if (!s->total)
        return hone_fail(err, HONE_ECONFIG, "sweep.method %s never ends by itself; give sweep.run_cap", s->search->plugin.name);
    return HONE_OK;
}

hone_status hone__sweep_count(hone_arena *arena, const hone__experiment *e, uint64_t *n, hone_error *err)
{
    hone_error why;
    hone__sweep_setup setup = {.experiment = e};
    supervisor s = {.setup = &setup, .sweep = e->sweep, .arena = arena, .step = arena, .total = 1};
    if (s.sweep)
        s.space = hone__sweep_space(arena, s.sweep);
    if (s.space.n && !s.space.dimensions)
        return hone_no_memory(err, "counting points");
    hone_status status = make_searcher(&s, &why);
    hone__instance_destroy(s.searcher);
    *n = s.total;
    if (status == HONE_OK)
        return HONE_OK;
    return hone_fail(err, status == HONE_ENOMEM ? status : HONE_ECONFIG, "%s: %.900s", e->file, why.msg);
}

static hone_status first_point(supervisor *s, hone__yaml **root, hone_error *err)
{
    const hone__yaml **values = NULL;
    double *x = hone_alloc_array(s->arena, s->space.n, sizeof *x);
    if (!x)
        return hone_no_memory(err, "asking for the first point");
    HONE_TRY(make_searcher(s, err));
    HONE_TRY(ask(s, x, err));
    HONE_TRY(hone__sweep_values(s->arena, s->sweep, x, &values, err));
    return hone__experiment_point(s->arena, s->setup->experiment, values, s->setup->experiment->seed, root, err);
}

hone_status hone__sweep_first(hone_arena *arena, const hone__experiment *e, hone__yaml **root, hone_error *err)
{
    hone__sweep_setup setup = {.experiment = e};
    supervisor s = {.setup = &setup, .sweep = e->sweep, .arena = arena, .step = arena};
    if (!s.sweep)
        return hone__experiment_point(arena, e, NULL, e->seed, root, err);
    s.space = hone__sweep_space(arena, s.sweep);
    if (s.space.n && !s.space.dimensions)
        return hone_no_memory(err, "asking for the first point");
    const hone_status status = first_point(&s, root, err);
    hone__instance_destroy(s.searcher);
    if (status == HONE_END)
        return hone_fail(err, HONE_EINVAL, "sweep.method gives no point");
    return status;
}

static hone_status make_launcher(supervisor *s, hone_error *err)
{
    const hone__section *section = &s->setup->experiment->launcher;
    s->launch = (const hone_launcher *)(const void *)section->plugin->table;
    s->launcher = hone__instance(s->arena, s->step, &s->launch->plugin, section->params, 0, NULL, s->setup->log);
    if (!s->launcher)
        return hone_no_memory(err, "making the launcher");
    return s->launch->create ? s->launch->create(s->launcher, err) : HONE_OK;
}

static hone_status make_slots(supervisor *s, hone_error *err)
{
    s->n_slots = s->sweep && s->sweep->max_concurrent_trials > 1 ? (size_t)s->sweep->max_concurrent_trials : 1;
    if (s->total && s->n_slots > s->total)
        s->n_slots = (size_t)s->total;
    s->slots = hone_alloc_array(s->arena, s->n_slots, sizeof *s->slots);
    s->views = hone_alloc_array(s->arena, s->n_slots, sizeof *s->views);
    return s->slots && s->views ? HONE_OK : hone_no_memory(err, "making room for trials");
}

static void begin_study(supervisor *s)
{
    const hone__experiment *e = s->setup->experiment;
    const char *metric = hone__sweep_metric(e);
    hone__journal_study(s->journal, e->name, !s->sweep || s->sweep->maximize, metric ? metric : "value");
    hone__journal_study_int(s->journal, "format", FORMAT);
    hone__journal_study_text(s->journal, "hone", HONE_VERSION);
    hone__journal_study_int(s->journal, "points", (int64_t)s->total);
}

/* One point of the journal: finished, or to be gone on with. */
static hone_status replay_point(supervisor *s, uint64_t i, const hone__replayed *p, hone_error *err)
{
    double *x = hone_alloc_array(s->arena, s->space.n, sizeof *x);
    if (!x)
        return hone_no_memory(err, "resuming a sweep");
    s->next_point = i;
    const hone_status status = ask(s, x, err);
    if (status == HONE_END)
        return hone_fail(err, HONE_EFORMAT, "the journal has point %llu, but the sweep has only %llu points",
                         (unsigned long long)i, (unsigned long long)i);
    HONE_TRY(status);
    HONE_TRY(remember_point(s, i, x, err));
    const bool failed = p->state == HONE__TRIAL_FAILED;
    if (p->state == HONE__TRIAL_COMPLETE) {
        count_complete(s, p->trial, p->value);
        remember_outcome(s, i, true, p->value);
        hone__rundir_tidy_trial(s->setup->dir, p->trial, s->setup->log);
    } else if (failed && !s->setup->failed) {
        s->result->failed++;
        remember_outcome(s, i, false, NAN);
    } else {
        s->queue[s->n_queue++] = (unfinished){i, p->trial, failed ? 0 : p->attempt, x};
    }
    return HONE_OK;
}

/* A journal that was not begun when its supervisor was killed has no study. */
static hone_status replay(supervisor *s, const char *path, bool *begun, hone_error *err)
{
    hone__study *study = NULL;
    hone__replayed *points = NULL;
    uint64_t n = 0;
    HONE_TRY(hone__journal_read(s->arena, path, &study, err));
    *begun = hone__pair_text(study->attributes, study->n_attributes, "points") != NULL;
    HONE_TRY(hone__replay_points(s->arena, study, &points, &n, err));
    s->queue = hone_alloc_array(s->arena, n, sizeof *s->queue);
    if (!s->queue)
        return hone_no_memory(err, "resuming a sweep");
    for (uint64_t i = 0; i < n; i++) {
        HONE_TRY(replay_point(s, i, &points[i], err));
        hone__arena_reset(s->step);
    }
    s->next_point = n;
    return HONE_OK;
}

static hone_status begin_journal(supervisor *s, hone_error *err)
{
    char path[PATH_MAX];
    bool repaired = false, begun = false;
    snprintf(path, sizeof path, "%s/journal.log", s->setup->dir);
    HONE_TRY(hone__journal_open(path, &s->journal, &repaired, err));
    if (repaired)
        hone_log_line(s->setup->log, HONE_LOG_WARNING, "%s: its last line was torn, and is cut off", path);
    if (s->setup->resume) {
        hone__rundir_tidy(s->setup->dir, s->setup->log);
        HONE_TRY(replay(s, path, &begun, err));
    }
    if (!begun)
        begin_study(s);
    if (s->setup->accepted)
        hone__journal_study_text(s->journal, "accepted_change", s->setup->accepted);
    return hone__journal_sync(s->journal, err);
}

static hone_status begin(supervisor *s, hone_error *err)
{
    s->arena = hone__arena_create(0);
    s->step = hone__arena_create(0);
    if (!s->arena || !s->step)
        return hone_no_memory(err, "starting a sweep");
    s->total = 1;
    if (s->sweep)
        s->space = hone__sweep_space(s->arena, s->sweep);
    if (s->space.n && !s->space.dimensions)
        return hone_no_memory(err, "laying out a search space");
    HONE_TRY(make_searcher(s, err));
    HONE_TRY(make_slots(s, err));
    HONE_TRY(make_launcher(s, err));
    return begin_journal(s, err);
}

/* A sweep that cannot go on (a full disk) leaves no process behind. */
static void end_running(supervisor *s)
{
    if (!s->slots || !s->launcher)
        return;
    stop_running(s, 2);
    for (size_t i = 0; i < s->n_slots; i++) {
        slot *t = &s->slots[i];
        if (!t->used)
            continue;
        hone_job_state state = {.size = sizeof state, .running = true};
        while (s->launch->poll(s->launcher, t->handle, &state, NULL) == HONE_OK && state.running)
            s->launch->wait(s->launcher, 1);
        s->launch->forget(s->launcher, t->handle);
        clear_slot(t);
    }
}

hone_status hone__sweep_run(const hone__sweep_setup *setup, hone__sweep_result *result, hone_error *err)
{
    supervisor s = {.setup = setup, .sweep = setup->experiment->sweep, .result = result, .best = -1, .best_value = NAN};
    *result = (hone__sweep_result){0};
    hone_status status = begin(&s, err);
    if (status == HONE_OK)
        status = loop(&s, err);
    end_running(&s);
    hone__journal_close(s.journal);
    hone__instance_destroy(s.launcher);
    hone__instance_destroy(s.searcher);
    hone__arena_destroy(s.step);
    hone__arena_destroy(s.arena);
    return status;
}
