/* axes.c - the points of a sweep as numbers.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "report/axes.h"

#include "report/leaderboard.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Points ------------------------------------------------------------------------------------------------------ */

static hone_status take_points(hone__axes *a, hone_error *err)
{
    const hone__report_run *run = a->run;
    a->points = hone_alloc_array(run->arena, run->n_points, sizeof(const hone__report_point *));
    a->y = hone_alloc_array(run->arena, run->n_points, sizeof *a->y);
    if (!a->points || !a->y)
        return hone_no_memory(err, "drawing a sweep");
    for (size_t i = 0; i < run->n_points; i++)
        if (run->points[i].ranked && isfinite(run->points[i].value)) {
            a->points[a->n_points] = &run->points[i];
            a->y[a->n_points++] = run->points[i].value;
        }
    return HONE_OK;
}

static const char *param(const hone__axes *a, size_t point, size_t column)
{
    return a->run->trials[a->points[point]->trials[0]].params[column];
}

static int compare_reals(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Values that went wrong by orders of magnitude would press all others into one line: what lies further from the middle than five
 * times the middle half's width, on the bad side, is left out of the range. Source: Tukey's fences (Exploratory Data Analysis, 1977),
 * set wide. */
static hone_status find_range(hone__axes *a, hone_error *err)
{
    const size_t n = a->n_points;
    double *sorted = hone_alloc_array(a->run->arena, n, sizeof *sorted);
    if (!sorted)
        return hone_no_memory(err, "drawing a sweep");
    if (n == 0)
        return HONE_OK;
    memcpy(sorted, a->y, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, compare_reals);
    const double reach = 5 * (sorted[3 * (n - 1) / 4] - sorted[(n - 1) / 4]);
    a->y_low = sorted[0];
    a->y_high = sorted[n - 1];
    for (size_t i = 0; i < n && reach > 0 && a->run->maximize && a->y_low < sorted[n / 2] - reach; i++)
        a->y_low = sorted[i + 1 < n ? i + 1 : i];
    for (size_t i = n; i-- > 0 && reach > 0 && !a->run->maximize && a->y_high > sorted[n / 2] + reach;)
        a->y_high = sorted[i ? i - 1 : 0];
    for (size_t i = 0; i < n; i++)
        a->n_beyond += a->y[i] < a->y_low || a->y[i] > a->y_high;
    return HONE_OK;
}

/* ---- One axis ---------------------------------------------------------------------------------------------------- */

static bool read_number(const char *text, double *x)
{
    char *end;
    *x = strtod(text, &end);
    return *text && !*end && isfinite(*x);
}

static bool is_numeric(const hone__axes *a, size_t column)
{
    double x;
    for (size_t i = 0; i < a->n_points; i++)
        if (param(a, i, column) && !read_number(param(a, i, column), &x))
            return false;
    return true;
}

static size_t index_of(const char *const *texts, size_t n, const char *text)
{
    size_t i = 0;
    while (i < n && strcmp(texts[i], text) != 0)
        i++;
    return i;
}

/* Where a point's choice stands among all there are, in the order of the configuration. */
static double place_of(const hone__axes *a, size_t point, size_t column)
{
    const hone__journal_entry *t = &a->run->study->trials[a->points[point]->trials[0]];
    for (size_t p = 0; p < t->n_params; p++)
        if (strcmp(t->params[p].key, a->run->columns[column]) == 0)
            return t->params[p].number;
    return NAN;
}

/* Sorts n values by their places, and numbers x [points] anew; those of one place stay in the order in which they came up. */
static hone_status sort_choices(hone__axes *a, const double *places, hone__axis *axis, double *x, hone_error *err)
{
    const size_t n = axis->n_values;
    size_t *rank = hone_alloc_array(a->run->arena, n, sizeof *rank);
    const char **sorted = hone_alloc_array(a->run->arena, n, sizeof *sorted);
    if (!rank || !sorted)
        return hone_no_memory(err, "drawing a sweep");
    for (size_t k = 0; k < n; k++) {
        for (size_t other = 0; other < n; other++)
            rank[k] += places[other] < places[k] || (!(places[other] > places[k]) && other < k);
        sorted[rank[k]] = axis->labels[k];
    }
    for (size_t i = 0; i < a->n_points; i++)
        if (!isnan(x[i]))
            x[i] = (double)rank[(size_t)x[i]];
    axis->labels = sorted;
    return HONE_OK;
}

static hone_status take_choices(hone__axes *a, hone__axis *axis, double *x, hone_error *err)
{
    hone_arena *arena = a->run->arena;
    const char **texts = hone_alloc_array(arena, a->n_points, sizeof *texts);
    double *places = hone_alloc_array(arena, a->n_points, sizeof *places);
    axis->labels = hone_alloc_array(arena, a->n_points, sizeof *axis->labels);
    if (!texts || !places || !axis->labels)
        return hone_no_memory(err, "drawing a sweep");
    for (size_t i = 0; i < a->n_points; i++) {
        const char *text = param(a, i, axis->column);
        if (!text)
            continue;
        const size_t k = index_of(texts, axis->n_values, text);
        x[i] = (double)k;
        if (k < axis->n_values)
            continue;
        texts[k] = text;
        places[k] = place_of(a, i, axis->column);
        axis->labels[k] = hone__short_value(a->run, text, axis->column);
        if (!axis->labels[k])
            return hone_no_memory(err, "drawing a sweep");
        axis->n_values++;
    }
    axis->high = axis->n_values ? (double)(axis->n_values - 1) : 0;
    return sort_choices(a, places, axis, x, err);
}

static hone_status take_numbers(hone__axes *a, hone__axis *axis, double *x, hone_error *err)
{
    axis->values = hone_alloc_array(a->run->arena, a->n_points, sizeof *axis->values);
    if (!axis->values)
        return hone_no_memory(err, "drawing a sweep");
    size_t n = 0;
    for (size_t i = 0; i < a->n_points; i++)
        if (param(a, i, axis->column) && read_number(param(a, i, axis->column), &x[i]))
            axis->values[n++] = x[i];
    qsort(axis->values, n, sizeof *axis->values, compare_reals);
    for (size_t i = 0; i < n; i++)
        if (axis->n_values == 0 || axis->values[i] > axis->values[axis->n_values - 1])
            axis->values[axis->n_values++] = axis->values[i];
    axis->low = n ? axis->values[0] : 0;
    axis->high = n ? axis->values[axis->n_values - 1] : 0;
    const hone__scale scale = a->run->scales[axis->column];
    axis->listed = scale == HONE__SCALE_CHOICE;
    axis->log = axis->low > 0 && (scale == HONE__SCALE_LOG || (axis->listed && axis->high / axis->low >= 20));
    return HONE_OK;
}

/* The next axis, which is kept if it has more than one value. */
static hone_status take_column(hone__axes *a, size_t column, double *x, hone_error *err)
{
    hone__axis *axis = &a->all[a->n];
    *axis = (hone__axis){.column = column, .path = a->run->columns[column], .title = hone__short_name(a->run, column)};
    for (size_t i = 0; i < a->n_points; i++) {
        x[i] = NAN;
        axis->n_inactive += !param(a, i, column);
    }
    axis->numeric = is_numeric(a, column);
    HONE_TRY(axis->numeric ? take_numbers(a, axis, x, err) : take_choices(a, axis, x, err));
    if (axis->n_values < 2 && !(axis->n_values == 1 && axis->n_inactive))
        return HONE_OK;
    for (size_t i = 0; i < a->n_points; i++)
        a->x[i * a->run->n_columns + a->n] = x[i];
    a->n++;
    return HONE_OK;
}

hone_status hone__axes_make(const hone__report_run *run, hone__axes *a, hone_error *err)
{
    *a = (hone__axes){.run = run};
    HONE_TRY(take_points(a, err));
    HONE_TRY(find_range(a, err));
    a->all = hone_alloc_array(run->arena, run->n_columns, sizeof *a->all);
    a->x = hone_alloc_array(run->arena, a->n_points * run->n_columns, sizeof *a->x);
    double *x = hone_alloc_array(run->arena, a->n_points, sizeof *x);
    if (!a->all || !a->x || !x)
        return hone_no_memory(err, "drawing a sweep");
    for (size_t c = 0; c < run->n_columns && a->n_points; c++)
        HONE_TRY(take_column(a, c, x, err));
    /* Close up the rows, now that it is known how many axes there are. */
    for (size_t i = 1; i < a->n_points && a->n < run->n_columns; i++)
        memmove(a->x + i * a->n, a->x + i * run->n_columns, a->n * sizeof *a->x);
    return HONE_OK;
}

double hone__axis_place(const hone__axis *a, double x)
{
    if (!(a->high > a->low))
        return 0.5;
    return a->log ? log(x / a->low) / log(a->high / a->low) : (x - a->low) / (a->high - a->low);
}
