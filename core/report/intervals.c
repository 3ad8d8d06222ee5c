/* intervals.c - bootstrap intervals of the best points.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "report/intervals.h"

#include "base/arena.h"
#include "base/file.h"
#include "report/findings.h"
#include "train/evaluate.h"
#include "train/instances.h"
#include "train/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Records reckoned over for one point; of large data fewer draws are made, FEWEST at least. */
#define MOST_RECORDS 10000000.0
enum { FEWEST_DRAWS = 200 };

typedef struct interval {
    hone__report_run *run;
    hone_log *log;
    hone__registry *registry;
    hone_arena *point, *draw; /* emptied after each */
    const char *name;         /* of the metric, "f1" */
    hone__metric_use use;     /* without a plugin: the loss */
    hone__instances instances;
    hone_self *self;
    hone_facts facts;
    bool created; /* with the facts of the first evaluation */
    size_t n_draws;
} interval;

/* ---- The metric -------------------------------------------------------------------------------------------------- */

static hone_status add_plugins(interval *v, hone_error *err)
{
    const hone__yaml *files = hone__yaml_get(v->run->experiment, "plugins");
    for (const hone__yaml *f = files ? files->child : NULL; f; f = f->next)
        if (f->text)
            HONE_TRY(hone__registry_add_file(v->registry, f->text, err));
    return HONE_OK;
}

/* The entry of `metrics:` that gives the figure of that name. */
static hone_status find_metric(interval *v, hone_error *err)
{
    hone__issues issues = {.arena = v->run->arena};
    const hone__fill fill = {.arena = v->run->arena, .registry = v->registry, .issues = &issues, .path = "metrics"};
    const hone__yaml *list = hone__yaml_get(v->run->experiment, "metrics");
    if (strcmp(v->name, "loss") == 0)
        return HONE_OK;
    for (const hone__yaml *node = list ? list->child : NULL; node; node = node->next) {
        hone__metric_use use = {0};
        HONE_TRY(
            hone__section_fill(&fill, HONE_KIND_METRIC, &hone__common_rows[HONE_KIND_METRIC], node, NULL, &use.section, err));
        HONE_TRY(hone__issues_status(&issues, err));
        const hone__metric_config *common = use.section.common;
        use.name = common && common->name ? common->name : use.section.plugin->table->name;
        if (strcmp(use.name, v->name) != 0)
            continue;
        v->use = use;
        return HONE_OK;
    }
    return hone_fail(err, HONE_ENOTFOUND, "no metric of the experiment gives %s", v->run->metric);
}

static hone_status create_metric(interval *v, const hone_evaluation *e, hone_error *err)
{
    if (v->created || !v->use.section.plugin)
        return HONE_OK;
    const hone_metric *metric = (const hone_metric *)(const void *)v->use.section.plugin->table;
    v->facts = (hone_facts){
        .size = sizeof v->facts, .target = e->target, .positive = e->positive, .n_labels = e->n_labels, .labels = e->labels};
    v->instances = (hone__instances){
        .trial = v->run->arena, .callback = v->draw, .log = v->log, .facts = &v->facts, .metric_facts = &v->facts};
    HONE_TRY(hone__instances_make(&v->instances, &v->use.section, &v->self, err));
    v->created = true;
    return metric->create ? metric->create(v->self, &v->facts, err) : HONE_OK;
}

static double loss_of(const hone_evaluation *e)
{
    double loss = 0, items = 0;
    for (uint64_t i = 0; i < e->n; i++) {
        const hone_record *r = hone_record_at(e, i);
        loss += r->loss;
        items += r->items;
    }
    return items > 0 ? loss / items : NAN;
}

/* NaN where the metric has no figure for these examples. */
static hone_status reckon(interval *v, const hone_evaluation *e, double *value, hone_error *err)
{
    hone_error why;
    if (!v->use.section.plugin) {
        *value = loss_of(e);
        return HONE_OK;
    }
    hone_exhibits *x = hone__exhibits_create(v->draw);
    const hone_status status = x ? hone__metric_run(&v->use, v->self, e, x, &why) : HONE_ENOMEM;
    if (status == HONE_ENOMEM)
        return hone_no_memory(err, "drawing examples");
    const hone__figure *f = status == HONE_OK ? hone__exhibits_figure(x, v->name) : NULL;
    *value = f ? f->value : NAN;
    return HONE_OK;
}

/* ---- One point --------------------------------------------------------------------------------------------------- */

/* The predictions of the point's trials; *n 0 where one has none. */
static hone_status read_point(interval *v, const hone__report_point *p, hone_evaluation **all, size_t *n, hone_error *err)
{
    hone_error why;
    *n = 0;
    for (size_t k = 0; k < p->n_trials; k++) {
        const hone__report_trial *t = &v->run->trials[p->trials[k]];
        const char *path = hone_sprintf(v->point, "%s/%s/predictions.tsv", v->run->dir, t->dir);
        if (!path)
            return hone_no_memory(err, "reading predictions");
        const hone_status status = hone__exists(path) ? hone__predictions_read(v->point, path, &all[k], &why) : HONE_ENOTFOUND;
        if (status == HONE_ENOMEM)
            return hone_no_memory(err, "reading predictions");
        if (status != HONE_OK || all[k]->n == 0 || all[k]->n != all[0]->n)
            return HONE_OK;
        all[k]->positive = hone__positive_label(all[k], v->run->experiment);
        all[k]->split = "validation";
    }
    *n = p->n_trials;
    return HONE_OK;
}

static bool is_the_value(const hone__report_run *run, const hone__report_point *p, size_t k, double value)
{
    const double reported = run->trials[p->trials[k]].value;
    return fabs(value - reported) <= 1e-6 * fmax(1, fabs(reported));
}

static hone_status draw_once(interval *v, uint64_t draw, hone_evaluation *const *all, size_t n, double *mean, hone_error *err)
{
    const hone_key key = {.seed = 1, .scope = hone_scope_hash("report.intervals")};
    const hone_stream stream = hone_stream_of(&key);
    const uint64_t examples = all[0]->n;
    hone_record *records = hone_alloc_array(v->draw, examples, sizeof *records);
    if (!records)
        return hone_no_memory(err, "drawing examples");
    *mean = 0;
    for (size_t k = 0; k < n; k++) {
        double value;
        hone_evaluation drawn = *all[k];
        drawn.records = records;
        drawn.record_size = sizeof *records;
        for (uint64_t i = 0; i < examples; i++)
            records[i] = *hone_record_at(all[k], hone_random_below(stream, draw, i, examples));
        HONE_TRY(reckon(v, &drawn, &value, err));
        *mean += value / (double)n;
    }
    return HONE_OK;
}

static int compare_reals(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static double quantile(const double *sorted, size_t n, double q)
{
    const double at = q * (double)(n - 1);
    const size_t i = (size_t)at;
    return i + 1 < n ? sorted[i] + (at - (double)i) * (sorted[i + 1] - sorted[i]) : sorted[n - 1];
}

/* Draws without a figure do not count; if they are more than a few, the others say little. */
static hone_status draw_all(interval *v, hone__report_point *p, hone_evaluation *const *all, size_t n, hone_error *err)
{
    const double most = MOST_RECORDS / ((double)n * (double)all[0]->n);
    const size_t draws = most < FEWEST_DRAWS ? FEWEST_DRAWS : most < HONE__INTERVAL_DRAWS ? (size_t)most : HONE__INTERVAL_DRAWS;
    double *means = hone_alloc_array(v->point, draws, sizeof *means);
    size_t kept = 0;
    if (!means)
        return hone_no_memory(err, "drawing examples");
    for (size_t i = 0; i < draws; i++) {
        HONE_TRY(draw_once(v, i, all, n, &means[kept], err));
        kept += isfinite(means[kept]);
        hone__arena_reset(v->draw);
    }
    if (kept < draws - draws / 20)
        return HONE_OK;
    qsort(means, kept, sizeof *means, compare_reals);
    p->low = quantile(means, kept, 0.025);
    p->high = quantile(means, kept, 0.975);
    v->n_draws = draws;
    return HONE_OK;
}

static hone_status take_point(interval *v, hone__report_point *p, hone_error *err)
{
    size_t n;
    hone_evaluation **all = hone_alloc_array(v->point, p->n_trials, sizeof(hone_evaluation *));
    if (!all)
        return hone_no_memory(err, "reading predictions");
    HONE_TRY(read_point(v, p, all, &n, err));
    for (size_t k = 0; k < n; k++) {
        double value;
        HONE_TRY(create_metric(v, all[k], err));
        HONE_TRY(reckon(v, all[k], &value, err));
        if (!is_the_value(v->run, p, k, value))
            return HONE_OK;
    }
    return n ? draw_all(v, p, all, n, err) : HONE_OK;
}

/* ---- All --------------------------------------------------------------------------------------------------------- */

static hone_status take_points(interval *v, hone_error *err)
{
    hone__report_run *run = v->run;
    HONE_TRY(add_plugins(v, err));
    HONE_TRY(find_metric(v, err));
    for (size_t r = 0; r < run->n_ranked && r < HONE__INTERVAL_POINTS; r++) {
        HONE_TRY(take_point(v, &run->points[run->ranking[r]], err));
        hone__arena_reset(v->draw);
        if (!v->created) /* else its labels, of which the metric knows, are still needed */
            hone__arena_reset(v->point);
    }
    if (v->n_draws == 0)
        return hone_fail(err, HONE_ENOTFOUND, "the predictions that were kept do not give the trials' values again");
    return HONE_OK;
}

/* ---- In a process of its own ------------------------------------------------------------------------------------- */

/* What it says: less than PIPE_BUF, so written whole or not at all. */
typedef struct outcome {
    hone_error err;
    size_t n_draws;
    double low[HONE__INTERVAL_POINTS], high[HONE__INTERVAL_POINTS]; /* by rank */
} outcome;

enum { LIMIT_S = 600 };

/* A metric that crashes, hangs or leaves takes this process with it, and not the report. */
static void child(interval *v, int answer)
{
    outcome o = {.err = {HONE_OK, ""}};
    o.err.status = take_points(v, &o.err);
    o.n_draws = v->n_draws;
    for (size_t r = 0; r < v->run->n_ranked && r < HONE__INTERVAL_POINTS; r++) {
        o.low[r] = v->run->points[v->run->ranking[r]].low;
        o.high[r] = v->run->points[v->run->ranking[r]].high;
    }
    const ssize_t written = write(answer, &o, sizeof o);
    _exit(written == (ssize_t)sizeof o ? 0 : 1);
}

static hone_status report_death(const interval *v, int status, bool late, hone_error *err)
{
    if (late)
        return hone_fail(err, HONE_EPLUGIN, "reckoning them with the metric %s did not end within %d s", v->name, LIMIT_S);
    if (WIFSIGNALED(status))
        return hone_fail(err, HONE_EPLUGIN, "reckoning them with the metric %s crashed with signal %d (%s)", v->name,
                         WTERMSIG(status), strsignal(WTERMSIG(status)));
    return hone_fail(err, HONE_EPLUGIN, "reckoning them with the metric %s ended the process with status %d", v->name,
                     WEXITSTATUS(status));
}

static hone_status take_outcome(interval *v, const outcome *o, hone_error *err)
{
    hone__report_run *run = v->run;
    if (o->err.status != HONE_OK)
        return hone_fail(err, o->err.status, "%s", o->err.msg);
    for (size_t r = 0; r < run->n_ranked && r < HONE__INTERVAL_POINTS; r++) {
        run->points[run->ranking[r]].low = o->low[r];
        run->points[run->ranking[r]].high = o->high[r];
    }
    run->intervals =
        hone_sprintf(run->arena,
                     "The interval is the middle 95 %% of what %zu draws of the validation examples with repetition "
                     "give (bootstrap, percentile method, Efron and Tibshirani 1993), for the best %d points: the "
                     "chance that lies in the examples, not in seeds.",
                     o->n_draws, HONE__INTERVAL_POINTS);
    return run->intervals ? HONE_OK : hone_no_memory(err, "drawing examples");
}

/* Waits until it has ended, and ends it where that takes too long: then true. */
static bool wait_for(pid_t pid, int *status)
{
    const struct timespec pause = {0, 5000000};
    const double begin = hone__now();
    pid_t ended;
    while ((ended = waitpid(pid, status, WNOHANG)) == 0 || (ended < 0 && errno == EINTR)) {
        if (hone__now() - begin > LIMIT_S) {
            kill(pid, SIGKILL);
            while (waitpid(pid, status, 0) < 0 && errno == EINTR)
                continue;
            return true;
        }
        nanosleep(&pause, NULL);
    }
    return false;
}

/* What it has written stays in the pipe; a process that it has left behind may hold the other end, so nothing is waited for there. */
static hone_status take_apart(interval *v, hone_error *err)
{
    outcome o;
    int ends[2], status = 0;
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
        return hone_fail(err, HONE_EIO, "no pipe: %s", strerror(errno));
    const pid_t pid = fork();
    if (pid == 0)
        child(v, ends[1]);
    const int number = errno;
    const bool late = pid > 0 && wait_for(pid, &status);
    const bool answered = pid > 0 && read(ends[0], &o, sizeof o) == (ssize_t)sizeof o;
    close(ends[0]);
    close(ends[1]);
    if (pid < 0)
        return hone_fail(err, HONE_EIO, "no child process: %s", strerror(number));
    return answered ? take_outcome(v, &o, err) : report_death(v, status, late, err);
}

hone_status hone__intervals_make(hone__report_run *run, hone_log *log, hone_error *err)
{
    static const char validation[] = "validation/";
    hone_error why;
    for (size_t i = 0; i < run->n_points; i++)
        run->points[i].low = run->points[i].high = NAN;
    if (!run->n_ranked || !run->experiment || !hone__yaml_get(run->experiment, "metrics") ||
        strncmp(run->metric, validation, strlen(validation)) != 0)
        return HONE_OK;
    interval v = {.run = run,
                  .log = log,
                  .registry = hone__registry_create(log, true),
                  .point = hone__arena_create(0),
                  .draw = hone__arena_create(0),
                  .name = run->metric + strlen(validation)};
    hone_status status = v.registry && v.point && v.draw ? take_apart(&v, &why) : hone_no_memory(&why, "drawing examples");
    hone__arena_destroy(v.point);
    hone__arena_destroy(v.draw);
    hone__registry_destroy(v.registry);
    if (status == HONE_ENOMEM)
        return hone_fail(err, status, "%s", why.msg);
    if (status != HONE_OK)
        run->intervals = hone_sprintf(run->arena, "There are no intervals: %s.", why.msg);
    return HONE_OK;
}
