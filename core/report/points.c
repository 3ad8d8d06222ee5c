/* points.c - the trials of a run gathered into points, and these ranked by their means.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sweep/points.h"
#include "report/run.h"

#include <math.h>
#include <string.h>

/* ---- Gathering --------------------------------------------------------------------------------------------------- */

/* Trials come in the order of their points but for those that were run again, so the search is short. */
static hone__report_point *point_of(hone__report_run *run, uint64_t number)
{
    for (size_t i = run->n_points; i-- > 0;)
        if (run->points[i].number == number)
            return &run->points[i];
    return NULL;
}

static hone_status grow(hone__report_run *run, hone__report_point *p, hone_error *err)
{
    if (p->n_trials && (p->n_trials & (p->n_trials - 1)) != 0)
        return HONE_OK;
    size_t *more = hone_alloc_array(run->arena, p->n_trials ? 2 * p->n_trials : 1, sizeof *more);
    if (!more)
        return hone_no_memory(err, "ranking points");
    if (p->n_trials)
        memcpy(more, p->trials, p->n_trials * sizeof *more);
    p->trials = more;
    return HONE_OK;
}

/* A trial that was run again stands in the place of the one that failed. */
static hone_status add_trial(hone__report_run *run, size_t i, hone_error *err)
{
    const hone__report_trial *t = &run->trials[i];
    hone__report_point *p = point_of(run, t->point);
    if (!p) {
        p = &run->points[run->n_points++];
        *p = (hone__report_point){.number = t->point, .low = NAN, .high = NAN};
    }
    for (size_t k = 0; k < p->n_trials; k++)
        if (run->trials[p->trials[k]].seed == t->seed) {
            p->trials[k] = i;
            return HONE_OK;
        }
    HONE_TRY(grow(run, p, err));
    p->trials[p->n_trials++] = i;
    return HONE_OK;
}

static bool counts(const hone__report_trial *t)
{
    return t->state == HONE__TRIAL_COMPLETE && !isnan(t->value);
}

static void take_values(const hone__report_run *run, const hone__report_point *p, double *values)
{
    for (size_t k = 0; k < p->n_trials; k++) {
        const hone__report_trial *t = &run->trials[p->trials[k]];
        values[k] = counts(t) ? t->value : NAN;
    }
}

static void summarise(const hone__report_run *run, hone__report_point *p, double *values)
{
    double sum = 0, squares = 0;
    take_values(run, p, values);
    for (size_t k = 0; k < p->n_trials; k++) {
        p->n_complete += !isnan(values[k]);
        sum += isnan(values[k]) ? 0 : values[k];
    }
    p->value = p->n_complete ? sum / (double)p->n_complete : NAN;
    for (size_t k = 0; k < p->n_trials; k++)
        squares += isnan(values[k]) ? 0 : (values[k] - p->value) * (values[k] - p->value);
    p->deviation = p->n_complete > 1 ? sqrt(squares / (double)(p->n_complete - 1)) : NAN;
    p->median = p->n_complete ? p->trials[hone__median_of(values, p->n_trials, run->maximize)] : 0;
    p->ranked = p->n_complete >= run->n_seeds;
}

/* ---- Ranking ----------------------------------------------------------------------------------------------------- */

static bool ranks_before(const hone__report_run *run, size_t a, size_t b)
{
    const double x = run->points[a].value, y = run->points[b].value;
    if (x == y)
        return run->points[a].number < run->points[b].number;
    return run->maximize ? x > y : x < y;
}

/* Merge sort, because qsort(3) has no room for the run that the order depends on. */
static void sort_ranking(const hone__report_run *run, size_t *order, size_t n, size_t *scratch)
{
    if (n < 2)
        return;
    size_t half = n / 2;
    sort_ranking(run, order, half, scratch);
    sort_ranking(run, order + half, n - half, scratch);
    for (size_t i = 0, j = half, k = 0; k < n; k++)
        scratch[k] = j == n || (i < half && ranks_before(run, order[i], order[j])) ? order[i++] : order[j++];
    memcpy(order, scratch, n * sizeof *order);
}

static hone_status gather(hone__report_run *run, hone_error *err)
{
    run->points = hone_alloc_array(run->arena, run->n_trials, sizeof *run->points);
    if (!run->points)
        return hone_no_memory(err, "ranking points");
    for (size_t i = 0; i < run->n_trials; i++) {
        const hone__report_trial *t = &run->trials[i];
        run->n_complete += counts(t);
        run->n_failed += t->state == HONE__TRIAL_FAILED;
        run->n_pruned += t->state == HONE__TRIAL_PRUNED;
        HONE_TRY(add_trial(run, i, err));
    }
    run->n_open = run->n_trials - run->n_complete - run->n_failed - run->n_pruned;
    return HONE_OK;
}

hone_status hone__report_rank(hone__report_run *run, hone_error *err)
{
    HONE_TRY(gather(run, err));
    run->ranking = hone_alloc_array(run->arena, run->n_points, sizeof *run->ranking);
    size_t *scratch = hone_alloc_array(run->arena, run->n_points, sizeof *scratch);
    double *values = hone_alloc_array(run->arena, run->n_trials, sizeof *values);
    if (!run->ranking || !scratch || !values)
        return hone_no_memory(err, "ranking points");
    for (size_t i = 0; i < run->n_points; i++) {
        summarise(run, &run->points[i], values);
        if (run->points[i].ranked)
            run->ranking[run->n_ranked++] = i;
    }
    sort_ranking(run, run->ranking, run->n_ranked, scratch);
    return HONE_OK;
}

const hone__report_trial *hone__report_ranked(const hone__report_run *run, size_t place)
{
    return &run->trials[run->points[run->ranking[place]].median];
}

const hone__report_trial *hone__report_best(const hone__report_run *run)
{
    return run->n_ranked ? hone__report_ranked(run, 0) : NULL;
}
