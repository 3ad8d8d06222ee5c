/* compare.c - several runs: who is best, how sure that is, and against whom.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "report/compare.h"

#include "base/alloc.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/hash.h"
#include "train/instances.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DRAWS = 1000, FEWER_DRAWS = 200, MANY_EXAMPLES = 20000 };

/* ---- Opening ----------------------------------------------------------------------------------------------------- */

/* Experiments whose data or plugins are gone are shown by what their file says. */
static hone_status read_settings(hone__contender *c, hone_arena *arena, hone__registry *registry, hone__experiment **e,
                                 hone_log *log, hone_error *err)
{
    hone_error why = {0};
    hone__yaml *root = NULL;
    hone__issues issues = {.arena = arena};
    const char *path = hone_sprintf(arena, "%s/%s/trial.yaml", c->run->dir, c->trial->dir);
    *e = NULL;
    if (!path)
        return hone_no_memory(err, "comparing runs");
    hone_status status = hone__experiment_load(arena, registry, path, NULL, 0, e, &issues, &why);
    if (status == HONE_OK) {
        c->settings = (*e)->complete;
        return HONE_OK;
    }
    hone_log_line(log, HONE_LOG_WARNING, "%s has no intervals: %s", c->name, why.msg);
    *e = NULL;
    if (hone__yaml_load(arena, path, &root, &why) == HONE_OK)
        c->settings = root;
    return status == HONE_ENOMEM ? hone_no_memory(err, "comparing runs") : HONE_OK;
}

/* Of the first two columns of each line: the same examples with the same golds. */
static hone_status hash_examples(hone__contender *c, const char *path, hone_error *err)
{
    char *bytes;
    size_t n;
    hone__sha256 *hash = hone__sha256_create();
    if (!hash)
        return hone_no_memory(err, "comparing runs");
    hone_status status = hone__read_file(path, 0, &bytes, &n, err);
    const char *end = status == HONE_OK ? bytes + n : NULL;
    for (const char *line = status == HONE_OK ? bytes : NULL; line && line < end;) {
        const char *feed = memchr(line, '\n', (size_t)(end - line)), *stop = feed ? feed : end;
        const char *tab = memchr(line, '\t', (size_t)(stop - line));
        tab = tab ? memchr(tab + 1, '\t', (size_t)(stop - tab - 1)) : NULL;
        hone__sha256_add(hash, line, (size_t)((tab ? tab : stop) - line));
        hone__sha256_add(hash, "\n", 1);
        line = stop + 1;
    }
    if (status == HONE_OK)
        hone__free(bytes);
    hone_error ignored;
    const hone_status finished = hone__sha256_finish(hash, c->examples, status == HONE_OK ? err : &ignored);
    return status != HONE_OK ? status : finished;
}

static int32_t positive_of(const hone_evaluation *e, const hone__experiment *x)
{
    for (uint64_t i = 0; x->data->positive_label && i < e->n_labels; i++)
        if (strcmp(e->labels[i], x->data->positive_label) == 0)
            return (int32_t)i;
    return -1;
}

static hone_status read_predictions(hone__contender *c, hone_arena *arena, const hone__experiment *x, hone_log *log,
                                    hone_error *err)
{
    hone_error why = {0};
    const char *path = hone_sprintf(arena, "%s/%s/predictions.tsv", c->run->dir, c->trial->dir);
    if (!path)
        return hone_no_memory(err, "comparing runs");
    hone_status status = hone__predictions_read(arena, path, &c->e, &why);
    if (status == HONE_OK)
        status = hash_examples(c, path, &why);
    if (status == HONE_ENOMEM)
        return hone_no_memory(err, "comparing runs");
    if (status != HONE_OK) {
        hone_log_line(log, HONE_LOG_WARNING, "%s has no intervals: %s", c->name, why.msg);
        c->e = NULL;
        return HONE_OK;
    }
    c->e->split = "validation";
    c->e->positive = x ? positive_of(c->e, x) : -1;
    return HONE_OK;
}

static hone_status take_figures(hone__contender *c, hone_arena *arena, hone_error *err)
{
    c->figures = hone_alloc_array(arena, c->trial->n_figures, sizeof *c->figures);
    if (!c->figures)
        return hone_no_memory(err, "comparing runs");
    for (size_t i = 0; i < c->trial->n_figures; i++) {
        const hone__figure *f = &c->trial->figures[i];
        if (strncmp(f->name, "validation/", 11) == 0)
            c->figures[c->n_figures++] =
                (hone__interval){.name = f->name, .direction = f->direction, .value = f->value, .low = NAN, .high = NAN};
    }
    return HONE_OK;
}

static hone__interval *figure_of(const hone__contender *c, const char *name)
{
    for (size_t i = 0; i < c->n_figures; i++)
        if (strcmp(c->figures[i].name, name) == 0)
            return &c->figures[i];
    return NULL;
}

/* ---- Drawing again ----------------------------------------------------------------------------------------------- */

/* The metrics of one contender, made anew over its predictions. */
typedef struct judge {
    hone__contender *c;
    const hone__experiment *experiment;
    hone_arena *arena, *step; /* of the instances; emptied for every draw */
    hone__instances instances;
    hone_facts facts;
    hone_self **metrics;
    bool *usable;
    hone_record *drawn; /* [e->n] */
} judge;

static hone_status make_metrics(judge *j, hone_error *err)
{
    const hone__experiment *x = j->experiment;
    const hone_evaluation *e = j->c->e;
    uint64_t *counts = hone_alloc_array(j->arena, e->n_labels, sizeof *counts);
    j->metrics = hone_alloc_array(j->arena, x->n_metrics, sizeof *j->metrics);
    j->usable = hone_alloc_array(j->arena, x->n_metrics, sizeof *j->usable);
    j->drawn = hone_alloc_array(j->arena, e->n, sizeof *j->drawn);
    if (!counts || !j->metrics || !j->usable || !j->drawn)
        return hone_no_memory(err, "drawing examples again");
    j->facts = (hone_facts){.size = sizeof j->facts,
                            .target = e->target,
                            .positive = e->positive,
                            .n_labels = e->n_labels,
                            .labels = e->labels,
                            .counts = counts};
    j->instances = (hone__instances){.trial = j->arena, .callback = j->step, .facts = &j->facts, .metric_facts = &j->facts};
    for (size_t i = 0; i < x->n_metrics; i++) {
        hone_error why = {0};
        const hone_metric *metric = (const hone_metric *)(const void *)x->metrics[i].section.plugin->table;
        HONE_TRY(hone__instances_make(&j->instances, &x->metrics[i].section, &j->metrics[i], err));
        j->usable[i] = (metric->targets & HONE_TAKES(e->target)) &&
                       (!metric->create || metric->create(j->metrics[i], &j->facts, &why) == HONE_OK);
    }
    return HONE_OK;
}

/* The same examples for every contender: which ones depends on the number of the draw alone. */
static hone_evaluation draw(const judge *j, uint64_t number)
{
    const hone_key key = {.seed = 1, .scope = hone_scope_hash("compare"), .step = number};
    const hone_stream stream = hone_stream_of(&key);
    hone_evaluation e = *j->c->e;
    for (uint64_t i = 0; i < e.n; i++)
        j->drawn[i] = *hone_record_at(j->c->e, hone_random_below(stream, 0, i, e.n));
    e.records = j->drawn;
    e.record_size = sizeof *j->drawn;
    return e;
}

static double loss_of(const hone_evaluation *e)
{
    double loss = 0, items = 0;
    for (uint64_t i = 0; i < e->n; i++) {
        loss += hone_record_at(e, i)->loss;
        items += hone_record_at(e, i)->items;
    }
    return items > 0 ? loss / items : NAN;
}

/* One draw of every figure. A metric that fails on records without examples gets no interval. */
static hone_status take_draw(judge *j, uint64_t number, hone_error *err)
{
    const hone_evaluation e = draw(j, number);
    hone_error why = {0};
    hone_exhibits *x = hone__exhibits_create(j->step);
    if (!x)
        return hone_no_memory(err, "drawing examples again");
    for (size_t i = 0; i < j->experiment->n_metrics; i++)
        if (j->usable[i] && hone__metric_run(&j->experiment->metrics[i], j->metrics[i], &e, x, &why) != HONE_OK) {
            if (why.status == HONE_ENOMEM)
                return hone_no_memory(err, "drawing examples again");
            j->usable[i] = false;
        }
    for (size_t i = 0; i < j->c->n_figures; i++) {
        hone__interval *f = &j->c->figures[i];
        const char *name = f->name + strlen("validation/");
        const hone__figure *drawn = hone__exhibits_figure(x, name);
        f->draws[number] = drawn ? drawn->value : strcmp(name, "loss") == 0 ? loss_of(&e) : NAN;
    }
    hone__arena_reset(j->step);
    return HONE_OK;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* The middle 95 % of n draws, those that are no numbers left out. */
static bool middle(const double *draws, uint64_t n, double *sorted, double *low, double *high)
{
    uint64_t m = 0;
    for (uint64_t i = 0; i < n; i++)
        if (!isnan(draws[i]))
            sorted[m++] = draws[i];
    if (m < n / 2 || m == 0)
        return false;
    qsort(sorted, m, sizeof *sorted, by_value);
    *low = sorted[(uint64_t)floor(0.025 * (double)(m - 1))];
    *high = sorted[(uint64_t)ceil(0.975 * (double)(m - 1))];
    return true;
}

static hone_status judge_all(judge *j, hone__comparison *c, hone_error *err)
{
    double *sorted = hone_alloc_array(j->arena, c->n_draws, sizeof *sorted);
    if (!sorted)
        return hone_no_memory(err, "drawing examples again");
    HONE_TRY(make_metrics(j, err));
    for (size_t i = 0; i < j->c->n_figures; i++) {
        j->c->figures[i].draws = hone_alloc_array(c->arena, c->n_draws, sizeof(double));
        if (!j->c->figures[i].draws)
            return hone_no_memory(err, "drawing examples again");
    }
    for (uint64_t b = 0; b < c->n_draws; b++)
        HONE_TRY(take_draw(j, b, err));
    for (size_t i = 0; i < j->c->n_figures; i++) {
        hone__interval *f = &j->c->figures[i];
        if (!middle(f->draws, c->n_draws, sorted, &f->low, &f->high))
            f->draws = NULL;
    }
    return HONE_OK;
}

static hone_status add_intervals(hone__contender *contender, const hone__experiment *x, hone__comparison *c, hone_error *err)
{
    judge j = {.c = contender, .experiment = x, .arena = hone__arena_create(0), .step = hone__arena_create(0)};
    hone_status status = HONE_OK;
    if (!j.arena || !j.step)
        status = hone_no_memory(err, "drawing examples again");
    else if (x && contender->e && contender->e->n > 0)
        status = judge_all(&j, c, err);
    hone__instances_destroy(&j.instances);
    hone__arena_destroy(j.step);
    hone__arena_destroy(j.arena);
    return status;
}

/* ---- Tests ------------------------------------------------------------------------------------------------------- */

double hone__mcnemar(uint64_t a, uint64_t b)
{
    const double n = (double)(a + b), least = (double)(a < b ? a : b);
    double p = 0;
    for (double k = 0; k <= least; k++)
        p += exp(lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) - n * log(2));
    return fmin(1, 2 * p);
}

static bool is_right(const hone_record *r)
{
    return r->gold && r->prediction && r->gold->index >= 0 && r->gold->index == r->prediction->index;
}

static void count_right(hone__paired *p, const hone_evaluation *best, const hone_evaluation *other)
{
    p->has_mcnemar = best->target == HONE_TARGET_CLASS || best->target == HONE_TARGET_CHOICE;
    for (uint64_t i = 0; p->has_mcnemar && i < best->n; i++) {
        const bool a = is_right(hone_record_at(best, i)), b = is_right(hone_record_at(other, i));
        p->only_best += a && !b;
        p->only_other += b && !a;
    }
    p->p_mcnemar = hone__mcnemar(p->only_best, p->only_other);
}

/* Twice the share of draws in which the sign is the other one. Source: Efron and Tibshirani 1993, "An introduction to the bootstrap",
 * chapter 16; the one that is added keeps it from being 0. */
static hone_status compare_draws(const hone__comparison *c, hone__paired *p, const double *a, const double *b, hone_error *err)
{
    double *d = hone_alloc_array(c->arena, c->n_draws, sizeof *d), *sorted = hone_alloc_array(c->arena, c->n_draws, sizeof *d);
    double below = 1, above = 1;
    if (!d || !sorted)
        return hone_no_memory(err, "comparing runs");
    for (uint64_t i = 0; i < c->n_draws; i++) {
        d[i] = a[i] - b[i];
        below += d[i] <= 0;
        above += d[i] >= 0;
    }
    p->p = fmin(1, 2 * fmin(below, above) / ((double)c->n_draws + 1));
    if (!middle(d, c->n_draws, sorted, &p->low, &p->high))
        p->why_not = "the metric is no number on most draws";
    return HONE_OK;
}

static hone_status test_pair(const hone__comparison *c, hone__paired *p, hone_error *err)
{
    const hone__contender *best = &c->contenders[0], *other = p->other;
    const hone__interval *a = figure_of(best, c->metric), *b = figure_of(other, c->metric);
    p->difference = a->value - b->value;
    if (!best->e || !other->e)
        p->why_not = "the predictions of one of them cannot be read";
    else if (strcmp(best->examples, other->examples) != 0)
        p->why_not = "they were evaluated on different examples";
    else if (!a->draws || !b->draws)
        p->why_not = "the metric cannot be reckoned from predictions alone";
    if (p->why_not)
        return HONE_OK;
    count_right(p, best->e, other->e);
    return compare_draws(c, p, a->draws, b->draws, err);
}

static hone_status test_pairs(hone__comparison *c, hone_error *err)
{
    c->n_pairs = c->n - 1;
    c->pairs = hone_alloc_array(c->arena, c->n_pairs, sizeof *c->pairs);
    if (!c->pairs)
        return hone_no_memory(err, "comparing runs");
    for (size_t i = 0; i < c->n_pairs; i++) {
        c->pairs[i] = (hone__paired){.other = &c->contenders[i + 1], .low = NAN, .high = NAN, .p = NAN, .p_mcnemar = NAN};
        HONE_TRY(test_pair(c, &c->pairs[i], err));
    }
    return HONE_OK;
}

/* ---- The whole --------------------------------------------------------------------------------------------------- */

static const char *name_of(hone__report_run *const *runs, size_t n, size_t i)
{
    for (size_t k = 0; k < n; k++)
        if (k != i && strcmp(runs[k]->name, runs[i]->name) == 0)
            return runs[i]->dir;
    return runs[i]->name;
}

static hone_status enter(hone__comparison *c, hone__contender *contender, hone_error *err)
{
    HONE_TRY(take_figures(contender, c->arena, err));
    if (figure_of(contender, c->metric))
        return HONE_OK;
    hone__str names = {0};
    for (size_t i = 0; i < contender->n_figures; i++)
        hone__str_addf(&names, "%s%s", i ? ", " : "", contender->figures[i].name);
    const hone_status status =
        hone_fail(err, HONE_EINVAL, "%s has no figure %s, by which the runs could be compared; it has %.600s; give --metric",
                  contender->run->dir, c->metric, hone__str_text(&names));
    hone__str_clear(&names);
    return status;
}

/* By the trial's own figure, since intervals are of that; of equal ones the first given. */
static void sort(hone__comparison *c)
{
    for (size_t i = 1; i < c->n; i++) {
        const hone__contender x = c->contenders[i];
        const double value = figure_of(&x, c->metric)->value;
        size_t k = i;
        for (; k > 0; k--) {
            const double other = figure_of(&c->contenders[k - 1], c->metric)->value;
            if (!(c->maximize ? value > other : value < other) && !(isnan(other) && !isnan(value)))
                break;
            c->contenders[k] = c->contenders[k - 1];
        }
        c->contenders[k] = x;
    }
}

static hone_status add_contender(hone__comparison *c, hone__registry *registry, hone__contender *contender, hone_log *log,
                                 hone_error *err)
{
    hone__experiment *x = NULL;
    HONE_TRY(enter(c, contender, err));
    HONE_TRY(read_settings(contender, c->arena, registry, &x, log, err));
    HONE_TRY(read_predictions(contender, c->arena, x, log, err));
    if (contender->e && contender->e->n > MANY_EXAMPLES && c->n_draws > FEWER_DRAWS)
        c->n_draws = FEWER_DRAWS;
    return add_intervals(contender, x, c, err);
}

hone_status hone__compare(hone_arena *arena, hone__registry *registry, hone__report_run *const *runs, size_t n,
                          const char *metric, hone_log *log, hone__comparison *c, hone_error *err)
{
    *c = (hone__comparison){.arena = arena, .metric = metric ? metric : runs[0]->metric, .n = n, .n_draws = DRAWS};
    c->contenders = hone_alloc_array(arena, n, sizeof *c->contenders);
    if (!c->contenders)
        return hone_no_memory(err, "comparing runs");
    for (size_t i = 0; i < n; i++) {
        const hone__report_trial *best = hone__report_best(runs[i]);
        if (!best)
            return hone_fail(err, HONE_EINVAL, "%s has no complete trial to be compared", runs[i]->dir);
        c->contenders[i] = (hone__contender){
            .run = runs[i], .name = name_of(runs, n, i), .trial = best, .point = &runs[i]->points[runs[i]->ranking[0]]};
        HONE_TRY(add_contender(c, registry, &c->contenders[i], log, err));
    }
    const hone__interval *first = figure_of(&c->contenders[0], c->metric);
    c->maximize = first->direction ? first->direction > 0 : runs[0]->maximize;
    sort(c);
    return test_pairs(c, err);
}
