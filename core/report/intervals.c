/* intervals.c - bootstrap intervals of the best points, and of the figures of the best trial and the test data.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "report/intervals.h"

#include "base/arena.h"
#include "base/file.h"
#include "report/findings.h"
#include "train/evaluate.h"
#include "train/evidence.h"
#include "train/instances.h"
#include "train/loop.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Answers and scores reckoned over for one point; of large data fewer draws are made, FEWEST at least. */
#define MOST_ITEMS 20000000.0
enum { FEWEST_DRAWS = 200 };

static const char validation[] = "validation/", loss[] = "loss";

/* What a metric's process says, in memory that both see. */
typedef struct outcome {
    bool done;
    hone_error err;
    size_t n_draws;                            /* of a point */
    hone__range points[HONE__INTERVAL_POINTS]; /* by rank */
    hone__range figures[];                     /* of the best trial, then of the test data */
} outcome;

typedef struct interval {
    hone__report_run *run;
    hone_log *log;
    double limit_s;
    hone__registry *registry;
    hone_arena *set, *draw; /* emptied after each */
    outcome *outcome;
    size_t n_figures, n_test;
    const hone__yaml *node; /* of the metric that is asked; NULL: the loss */
    const char *name;       /* its name, "f1" */
    const char *ranks;      /* the figure that ranks, where it is the metric's, "f1"; else NULL */
    hone__metric_use use;   /* without a plugin: the loss */
    hone__instances instances;
    hone_self *self;
    hone_facts facts;
    size_t n_draws; /* of the best trial's figures */
} interval;

static bool is_known(hone__range range)
{
    return !isnan(range.low);
}

/* ---- The metric -------------------------------------------------------------------------------------------------- */

static hone_status add_plugins(interval *v, hone_error *err)
{
    const hone__yaml *files = hone__yaml_get(v->run->experiment, "plugins");
    for (const hone__yaml *f = files ? files->child : NULL; f; f = f->next)
        if (f->text)
            HONE_TRY(hone__registry_add_file(v->registry, f->text, err));
    return HONE_OK;
}

static hone_status load_metric(interval *v, hone_error *err)
{
    hone__issues issues = {.arena = v->run->arena};
    const hone__fill fill = {.arena = v->run->arena, .registry = v->registry, .issues = &issues, .path = "metrics"};
    if (!v->node)
        return HONE_OK;
    HONE_TRY(add_plugins(v, err));
    v->use.name = v->name;
    HONE_TRY(
        hone__section_fill(&fill, HONE_KIND_METRIC, &hone__common_rows[HONE_KIND_METRIC], v->node, NULL, &v->use.section, err));
    return hone__issues_status(&issues, err);
}

static const hone_metric *metric_of(const interval *v)
{
    return (const hone_metric *)(const void *)v->use.section.plugin->table;
}

/* With the labels of an evaluation. */
static hone_status create_metric(interval *v, const hone_evaluation *e, hone_error *err)
{
    if (!v->use.section.plugin)
        return HONE_OK;
    hone__instances_destroy(&v->instances);
    uint64_t *counts = hone_alloc_array(v->set, e->n_labels, sizeof *counts);
    if (!counts)
        return hone_no_memory(err, "drawing examples");
    v->facts = (hone_facts){.size = sizeof v->facts,
                            .target = e->target,
                            .positive = e->positive,
                            .n_labels = e->n_labels,
                            .labels = e->labels,
                            .counts = counts};
    v->instances =
        (hone__instances){.trial = v->set, .callback = v->draw, .log = v->log, .facts = &v->facts, .metric_facts = &v->facts};
    HONE_TRY(hone__instances_make(&v->instances, &v->use.section, &v->self, err));
    return metric_of(v)->create ? metric_of(v)->create(v->self, &v->facts, err) : HONE_OK;
}

static double loss_of(const hone_evaluation *e)
{
    double sum = 0, items = 0;
    for (uint64_t i = 0; i < e->n; i++) {
        const hone_record *r = hone_record_at(e, i);
        sum += r->loss;
        items += r->items;
    }
    return items > 0 ? sum / items : NAN;
}

/* The figures of those names; NaN where the metric does not give one for these examples. */
static hone_status reckon(interval *v, const hone_evaluation *e, const char *const *names, size_t n, double *values,
                          hone_error *err)
{
    hone_error why;
    hone_exhibits *x = hone__exhibits_create(v->draw);
    hone_status status = x ? HONE_OK : HONE_ENOMEM;
    if (x && v->use.section.plugin)
        status = hone__metric_run(&v->use, v->self, e, x, &why);
    if (status == HONE_ENOMEM)
        return hone_no_memory(err, "drawing examples");
    for (size_t i = 0; i < n; i++) {
        const hone__figure *f = status == HONE_OK ? hone__exhibits_figure(x, names[i]) : NULL;
        values[i] = f ? f->value : v->use.section.plugin ? NAN : loss_of(e);
    }
    return HONE_OK;
}

/* ---- Predictions ------------------------------------------------------------------------------------------------- */

/* Of one output; *e is NULL where they are not there, or cannot be read. */
static hone_status read_output(interval *v, const char *dir, const char *split, const hone_exhibits *shown, size_t o,
                               hone_evaluation **e, hone_error *err)
{
    hone_error why;
    const bool several = shown && shown->n_outputs > 1;
    const char *file = hone__output_file(v->set, HONE__PREDICTIONS_FILE, several && o ? shown->outputs[o] : "");
    const char *path = file ? hone__path_join(v->set, dir, file) : NULL;
    *e = NULL;
    if (!path)
        return hone_no_memory(err, "reading predictions");
    const hone_status status = hone__exists(path) ? hone__predictions_read(v->set, path, e, &why) : HONE_ENOTFOUND;
    if (status == HONE_ENOMEM)
        return hone_no_memory(err, "reading predictions");
    if (status != HONE_OK || (*e)->n == 0) {
        *e = NULL;
        return HONE_OK;
    }
    (*e)->positive = several ? -1 : hone__positive_label(*e, v->run->experiment);
    (*e)->split = split;
    (*e)->output = several ? shown->outputs[o] : "";
    return HONE_OK;
}

/* Of the output that the metric is of: the first whose target it takes, as in the trial. Of several outputs the loss is no mean over
 * the examples of one. */
static hone_status read_predictions(interval *v, const char *dir, const char *split, const hone_exhibits *shown,
                                    hone_evaluation **e, hone_error *err)
{
    const size_t n = shown && shown->n_outputs > 1 ? shown->n_outputs : 1;
    *e = NULL;
    if (n > 1 && !v->use.section.plugin)
        return HONE_OK;
    for (size_t o = 0; o < n; o++) {
        HONE_TRY(read_output(v, dir, split, shown, o, e, err));
        if (!*e || !v->use.section.plugin || (metric_of(v)->targets & HONE_TAKES((*e)->target)))
            return HONE_OK;
    }
    *e = NULL;
    return HONE_OK;
}

/* ---- Draws ------------------------------------------------------------------------------------------------------- */

/* Evaluations of the same examples, the figures that are asked of each, and the intervals of their means. */
typedef struct set {
    hone_evaluation **all; /* [n] */
    size_t n;
    const char **names; /* [n_names] */
    size_t n_names;
    hone__range *ranges; /* [n_names] */
    size_t n_draws;
} set;

static bool is_reported(double reported, double value)
{
    return fabs(value - reported) <= 1e-6 * fmax(1, fabs(reported));
}

static hone_status draw_once(interval *v, uint64_t draw, const set *s, double *means, hone_error *err)
{
    const hone_key key = {.seed = 1, .scope = hone_scope_hash("report.intervals")};
    const hone_stream stream = hone_stream_of(&key);
    const uint64_t examples = s->all[0]->n;
    hone_record *records = hone_alloc_array(v->draw, examples, sizeof *records);
    double *values = hone_alloc_array(v->draw, s->n_names, sizeof *values);
    if (!records || !values)
        return hone_no_memory(err, "drawing examples");
    for (size_t k = 0; k < s->n; k++) {
        hone_evaluation drawn = *s->all[k];
        drawn.records = records;
        drawn.record_size = sizeof *records;
        for (uint64_t i = 0; i < examples; i++)
            records[i] = *hone_record_at(s->all[k], hone_random_below(stream, draw, i, examples));
        HONE_TRY(reckon(v, &drawn, s->names, s->n_names, values, err));
        for (size_t i = 0; i < s->n_names; i++)
            means[i] = (k ? means[i] : 0) + values[i] / (double)s->n;
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

/* Of column `name` of the means. Draws without a figure do not count; if they are more than a few, the others say little. */
static hone__range middle(const double *means, const set *s, size_t name, double *sorted)
{
    size_t kept = 0;
    for (size_t i = 0; i < s->n_draws; i++)
        if (isfinite(means[i * s->n_names + name]))
            sorted[kept++] = means[i * s->n_names + name];
    if (kept < s->n_draws - s->n_draws / 20)
        return (hone__range){NAN, NAN};
    qsort(sorted, kept, sizeof *sorted, compare_reals);
    return (hone__range){quantile(sorted, kept, 0.025), quantile(sorted, kept, 0.975)};
}

/* What a metric looks at: an example each, or its words, or its probabilities, whichever is most. */
static double count_items(const hone_evaluation *e)
{
    double items = 0;
    for (uint64_t i = 0; i < e->n; i++) {
        const hone_answer *p = hone_record_at(e, i)->prediction;
        const uint64_t most = p && p->n > p->n_scores ? p->n : p ? p->n_scores : 0;
        items += most > 1 ? (double)most : 1;
    }
    return items;
}

static hone_status draw_all(interval *v, set *s, hone_error *err)
{
    const double most = MOST_ITEMS / ((double)s->n * count_items(s->all[0]));
    s->n_draws = most < FEWEST_DRAWS ? FEWEST_DRAWS : most < HONE__INTERVAL_DRAWS ? (size_t)most : HONE__INTERVAL_DRAWS;
    double *means = hone_alloc_array(v->set, s->n_draws, s->n_names * sizeof *means);
    double *sorted = hone_alloc_array(v->set, s->n_draws, sizeof *sorted);
    if (!means || !sorted)
        return hone_no_memory(err, "drawing examples");
    for (size_t i = 0; i < s->n_draws; i++) {
        HONE_TRY(draw_once(v, i, s, means + i * s->n_names, err));
        hone__arena_reset(v->draw);
    }
    for (size_t i = 0; i < s->n_names; i++)
        s->ranges[i] = middle(means, s, i, sorted);
    return HONE_OK;
}

/* ---- One evaluation ---------------------------------------------------------------------------------------------- */

/* An evaluation whose figures are known: "validation/f1" with prefix "validation/". */
typedef struct source {
    const char *dir, *split, *prefix;
    const hone_exhibits *shown;
    const hone__figure *figures;
    size_t n;
} source;

/* The figures that the metric gives again, as s->names; at[i] is where they stand among the source's. */
static hone_status choose_figures(interval *v, const source *from, set *s, size_t *at, hone_error *err)
{
    const size_t prefix = strlen(from->prefix);
    double *values = hone_alloc_array(v->set, from->n, sizeof *values);
    const char **names = hone_alloc_array(v->set, from->n, sizeof *names);
    if (!values || !names)
        return hone_no_memory(err, "drawing examples");
    for (size_t i = 0; i < from->n; i++)
        names[i] = strncmp(from->figures[i].name, from->prefix, prefix) == 0 ? from->figures[i].name + prefix : "";
    HONE_TRY(reckon(v, s->all[0], names, from->n, values, err));
    for (size_t i = 0; i < from->n; i++) {
        const bool own = v->use.section.plugin || strcmp(names[i], loss) == 0;
        if (!*names[i] || !own || !is_reported(from->figures[i].value, values[i]))
            continue;
        at[s->n_names] = i;
        s->names[s->n_names++] = names[i];
    }
    return HONE_OK;
}

static hone_status take_source(interval *v, const source *from, hone__range *ranges, size_t *n_draws, hone_error *err)
{
    hone_evaluation *e;
    set s = {.all = &e, .n = 1};
    HONE_TRY(read_predictions(v, from->dir, from->split, from->shown, &e, err));
    if (!e)
        return HONE_OK;
    size_t *at = hone_alloc_array(v->set, from->n, sizeof *at);
    s.names = hone_alloc_array(v->set, from->n, sizeof *s.names);
    s.ranges = hone_alloc_array(v->set, from->n, sizeof *s.ranges);
    if (!at || !s.names || !s.ranges)
        return hone_no_memory(err, "drawing examples");
    HONE_TRY(create_metric(v, e, err));
    HONE_TRY(choose_figures(v, from, &s, at, err));
    if (s.n_names)
        HONE_TRY(draw_all(v, &s, err));
    for (size_t i = 0; i < s.n_names; i++)
        ranges[at[i]] = s.ranges[i];
    *n_draws = s.n_draws;
    return HONE_OK;
}

static void reset(interval *v)
{
    hone__instances_destroy(&v->instances);
    hone__arena_reset(v->draw);
    hone__arena_reset(v->set);
}

static hone_status take_sources(interval *v, hone_error *err)
{
    const hone__report_run *run = v->run;
    const hone__report_trial *best = hone__report_best(run);
    if (best) {
        const source from = {.dir = hone_sprintf(run->arena, "%s/%s", run->dir, best->dir),
                             .split = "validation",
                             .prefix = validation,
                             .shown = run->exhibits,
                             .figures = best->figures,
                             .n = v->n_figures};
        HONE_TRY(from.dir ? take_source(v, &from, v->outcome->figures, &v->n_draws, err)
                          : hone_no_memory(err, "drawing examples"));
        reset(v);
    }
    if (run->test) {
        size_t n_draws;
        const source from = {.dir = hone_sprintf(run->arena, "%s/" HONE__TEST_DIR, run->dir),
                             .split = "test",
                             .prefix = "",
                             .shown = run->test,
                             .figures = run->test->figures,
                             .n = v->n_test};
        HONE_TRY(from.dir ? take_source(v, &from, v->outcome->figures + v->n_figures, &n_draws, err)
                          : hone_no_memory(err, "drawing examples"));
        reset(v);
    }
    return HONE_OK;
}

/* ---- One point --------------------------------------------------------------------------------------------------- */

/* The predictions of the point's trials; *n 0 where one has none, or not the figure that it is ranked by. */
static hone_status read_point(interval *v, const hone__report_point *p, const set *s, size_t *n, hone_error *err)
{
    *n = 0;
    for (size_t k = 0; k < p->n_trials; k++) {
        const hone__report_trial *t = &v->run->trials[p->trials[k]];
        const char *dir = hone_sprintf(v->set, "%s/%s", v->run->dir, t->dir);
        double value;
        if (!dir)
            return hone_no_memory(err, "reading predictions");
        HONE_TRY(read_predictions(v, dir, "validation", v->run->exhibits, &s->all[k], err));
        if (!s->all[k] || s->all[k]->n != s->all[0]->n)
            return HONE_OK;
        HONE_TRY(create_metric(v, s->all[k], err));
        HONE_TRY(reckon(v, s->all[k], s->names, 1, &value, err));
        if (!is_reported(t->value, value))
            return HONE_OK;
    }
    *n = p->n_trials;
    return HONE_OK;
}

static hone_status take_point(interval *v, const hone__report_point *p, hone__range *range, hone_error *err)
{
    set s = {.names = &v->ranks, .n_names = 1, .ranges = range};
    s.all = hone_alloc_array(v->set, p->n_trials, sizeof *s.all);
    if (!s.all)
        return hone_no_memory(err, "reading predictions");
    HONE_TRY(read_point(v, p, &s, &s.n, err));
    if (s.n)
        HONE_TRY(draw_all(v, &s, err));
    if (is_known(*range))
        v->outcome->n_draws = s.n_draws;
    return HONE_OK;
}

/* The best point of one seed is the best trial, whose figures were drawn before: true. */
static bool is_drawn(interval *v, const hone__report_point *p, hone__range *range)
{
    const hone__report_trial *best = hone__report_best(v->run);
    if (p->n_trials != 1 || &v->run->trials[p->trials[0]] != best)
        return false;
    for (size_t i = 0; i < v->n_figures; i++)
        if (strcmp(best->figures[i].name, v->run->metric) == 0 && is_known(v->outcome->figures[i])) {
            *range = v->outcome->figures[i];
            v->outcome->n_draws = v->n_draws;
            return true;
        }
    return false;
}

static hone_status take_points(interval *v, hone_error *err)
{
    const hone__report_run *run = v->run;
    for (size_t r = 0; v->ranks && r < run->n_ranked && r < HONE__INTERVAL_POINTS; r++) {
        if (is_drawn(v, &run->points[run->ranking[r]], &v->outcome->points[r]))
            continue;
        HONE_TRY(take_point(v, &run->points[run->ranking[r]], &v->outcome->points[r], err));
        reset(v);
    }
    return HONE_OK;
}

/* ---- In a process of its own ------------------------------------------------------------------------------------- */

/* A metric that crashes, hangs or leaves takes this process with it, and not the report. */
static void child(interval *v)
{
    hone_error err = {HONE_OK, ""};
    hone_status status = load_metric(v, &err);
    if (status == HONE_OK)
        status = take_sources(v, &err);
    if (status == HONE_OK)
        status = take_points(v, &err);
    v->outcome->err = err;
    v->outcome->err.status = status;
    v->outcome->done = true;
    _exit(0);
}

static hone_status report_death(const interval *v, int status, bool late, hone_error *err)
{
    if (late)
        return hone_fail(err, HONE_EPLUGIN, "reckoning them with the metric %s did not end within %g s", v->name, v->limit_s);
    if (WIFSIGNALED(status))
        return hone_fail(err, HONE_EPLUGIN, "reckoning them with the metric %s crashed with signal %d (%s)", v->name,
                         WTERMSIG(status), strsignal(WTERMSIG(status)));
    return hone_fail(err, HONE_EPLUGIN, "reckoning them with the metric %s ended the process with status %d", v->name,
                     WEXITSTATUS(status));
}

/* Waits until it has ended, and ends it where that takes too long: then true. */
static bool wait_for(pid_t pid, double limit_s, int *status)
{
    const struct timespec pause = {0, 5000000};
    const double begin = hone__now();
    pid_t ended;
    while ((ended = waitpid(pid, status, WNOHANG)) == 0 || (ended < 0 && errno == EINTR)) {
        if (hone__now() - begin > limit_s) {
            kill(pid, SIGKILL);
            while (waitpid(pid, status, 0) < 0 && errno == EINTR)
                continue;
            return true;
        }
        nanosleep(&pause, NULL);
    }
    return false;
}

static void clear(interval *v)
{
    outcome *o = v->outcome;
    const hone__range none = {NAN, NAN};
    o->done = false;
    o->n_draws = 0;
    for (size_t i = 0; i < HONE__INTERVAL_POINTS; i++)
        o->points[i] = none;
    for (size_t i = 0; i < v->n_figures + v->n_test; i++)
        o->figures[i] = none;
}

static hone_status take_apart(interval *v, hone_error *err)
{
    int status = 0;
    clear(v);
    const pid_t pid = fork();
    if (pid < 0)
        return hone_fail(err, HONE_EIO, "no child process: %s", strerror(errno));
    if (pid == 0)
        child(v);
    const bool late = wait_for(pid, v->limit_s, &status);
    if (!v->outcome->done)
        return report_death(v, status, late, err);
    return v->outcome->err.status == HONE_OK ? HONE_OK : hone_fail(err, v->outcome->err.status, "%s", v->outcome->err.msg);
}

/* ---- One metric after the other ---------------------------------------------------------------------------------- */

/* As it stands under metrics: "f1", or the name or the type of {type: f1, name: f1_macro}. */
static const char *name_of(const hone__yaml *node)
{
    const hone__yaml *name = hone__yaml_get(node, "name"), *type = hone__yaml_get(node, "type");
    return node->text ? node->text : name && name->text ? name->text : type && type->text ? type->text : "?";
}

/* Is it the metric's own figure, or one of NAME_suffix? */
static bool is_figure_of(const char *figure, const char *name)
{
    const size_t n = strlen(name);
    return strncmp(figure, name, n) == 0 && (figure[n] == '\0' || figure[n] == '_');
}

/* The metric that gives the figure; NULL where none does. */
static const hone__yaml *find_ranking(const hone__yaml *list, const char *figure)
{
    const hone__yaml *found = NULL;
    for (const hone__yaml *node = list->child; node; node = node->next)
        if (is_figure_of(figure, name_of(node)) && (!found || strlen(name_of(node)) > strlen(name_of(found))))
            found = node;
    return found;
}

/* What was found so far stays even where the metric has failed later on. */
static void take_outcome(interval *v)
{
    hone__report_run *run = v->run;
    const outcome *o = v->outcome;
    for (size_t i = 0; i < v->n_figures; i++)
        if (is_known(o->figures[i]))
            run->ranges[i] = o->figures[i];
    for (size_t i = 0; i < v->n_test; i++)
        if (is_known(o->figures[v->n_figures + i]))
            run->test_ranges[i] = o->figures[v->n_figures + i];
    for (size_t r = 0; v->ranks && r < run->n_ranked && r < HONE__INTERVAL_POINTS; r++) {
        run->points[run->ranking[r]].low = o->points[r].low;
        run->points[run->ranking[r]].high = o->points[r].high;
    }
}

static hone_status tell_ranking(hone__report_run *run, size_t n_draws, hone_status status, const hone_error *why,
                                hone_error *err)
{
    run->intervals =
        n_draws ? hone_sprintf(run->arena,
                               "The interval is the middle 95 %% of what %zu draws of the validation examples with repetition "
                               "give (bootstrap, percentile method, Efron and Tibshirani 1993), for the best %d points: the "
                               "chance that lies in the examples, not in seeds.",
                               n_draws, HONE__INTERVAL_POINTS)
                : hone_sprintf(run->arena, "There are no intervals: %s.",
                               status == HONE_OK ? "the predictions that were kept do not give the trials' values again"
                                                 : why->msg);
    return run->intervals ? HONE_OK : hone_no_memory(err, "drawing examples");
}

static hone_status tell_other(interval *v, const hone_error *why, hone_error *err)
{
    hone__report_run *run = v->run;
    run->range_note = hone_sprintf(run->arena, "%s%s%s has no intervals: %s.", run->range_note ? run->range_note : "",
                                   run->range_note ? " " : "", v->name, why->msg);
    return run->range_note ? HONE_OK : hone_no_memory(err, "drawing examples");
}

static hone_status ask(interval *v, hone_error *err)
{
    hone_error why;
    const hone_status status = take_apart(v, &why);
    if (status == HONE_ENOMEM)
        return hone_fail(err, status, "%s", why.msg);
    take_outcome(v);
    if (v->ranks)
        HONE_TRY(tell_ranking(v->run, v->outcome->n_draws, status, &why, err));
    return status != HONE_OK && !v->ranks ? tell_other(v, &why, err) : HONE_OK;
}

static hone_status ask_all(interval *v, hone_error *err)
{
    hone__report_run *run = v->run;
    const hone__yaml *list = hone__yaml_get(run->experiment, "metrics");
    const bool ranks = run->n_ranked && strncmp(run->metric, validation, strlen(validation)) == 0;
    const char *figure = ranks ? run->metric + strlen(validation) : "";
    const hone__yaml *ranking = ranks && strcmp(figure, loss) != 0 ? find_ranking(list, figure) : NULL;
    for (const hone__yaml *node = list->child; node; node = node->next) {
        v->node = node;
        v->name = name_of(node);
        v->ranks = node == ranking ? figure : NULL;
        HONE_TRY(ask(v, err));
    }
    v->node = NULL;
    v->name = loss;
    v->ranks = strcmp(figure, loss) == 0 ? figure : NULL;
    HONE_TRY(ask(v, err));
    if (!ranks || run->intervals)
        return HONE_OK;
    hone_error why;
    const hone_status none = hone_fail(&why, HONE_ENOTFOUND, "no metric of the experiment gives %s", run->metric);
    return tell_ranking(run, 0, none, &why, err);
}

static hone_status make_room(interval *v, hone_error *err)
{
    hone__report_run *run = v->run;
    const hone__report_trial *best = hone__report_best(run);
    v->n_figures = best ? best->n_figures : 0;
    v->n_test = run->test ? run->test->n_figures : 0;
    run->ranges = hone_alloc_array(run->arena, v->n_figures, sizeof *run->ranges);
    run->test_ranges = hone_alloc_array(run->arena, v->n_test, sizeof *run->test_ranges);
    if (!run->ranges || !run->test_ranges)
        return hone_no_memory(err, "drawing examples");
    for (size_t i = 0; i < v->n_figures; i++)
        run->ranges[i] = (hone__range){NAN, NAN};
    for (size_t i = 0; i < v->n_test; i++)
        run->test_ranges[i] = (hone__range){NAN, NAN};
    for (size_t i = 0; i < run->n_points; i++)
        run->points[i].low = run->points[i].high = NAN;
    return HONE_OK;
}

hone_status hone__intervals_make(hone__report_run *run, double limit_s, hone_log *log, hone_error *err)
{
    interval v = {.run = run, .log = log, .limit_s = limit_s};
    HONE_TRY(make_room(&v, err));
    if (!run->n_ranked || !run->experiment || !hone__yaml_get(run->experiment, "metrics"))
        return HONE_OK;
    const size_t bytes = sizeof *v.outcome + (v.n_figures + v.n_test) * sizeof *v.outcome->figures;
    void *shared = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return hone_no_memory(err, "drawing examples");
    v.outcome = shared;
    v.registry = hone__registry_create(log, true);
    v.set = hone__arena_create(0);
    v.draw = hone__arena_create(0);
    const hone_status status = v.registry && v.set && v.draw ? ask_all(&v, err) : hone_no_memory(err, "drawing examples");
    hone__arena_destroy(v.set);
    hone__arena_destroy(v.draw);
    hone__registry_destroy(v.registry);
    munmap(shared, bytes);
    return status;
}
