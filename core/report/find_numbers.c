/* find_numbers.c - predicted numbers against gold ones, and what is left between them.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "report/findings.h"

#include <hone/statistics.h>
#include <math.h>

/* More would only cover each other. */
enum { MOST_POINTS = 2000 };

typedef struct numbers {
    uint64_t n;
    const double *gold, *predicted;
} numbers;

static hone_status add_row(hone_table *table, const char *what, double value, hone_error *err)
{
    HONE_TRY(hone_table_text(table, what, err));
    return hone_table_number(table, value, err);
}

static hone_status add_table(const hone__finding *f, const numbers *d, hone_exhibits *x, hone_error *err)
{
    static const char *const columns[] = {"figure", "value"};
    double bias = 0, absolute = 0, squares = 0, mean = 0, spread = 0;
    hone_table *t;
    for (uint64_t i = 0; i < d->n; i++) {
        const double residual = d->predicted[i] - d->gold[i];
        bias += residual / (double)d->n;
        absolute += fabs(residual) / (double)d->n;
        squares += residual * residual;
        mean += d->gold[i] / (double)d->n;
    }
    for (uint64_t i = 0; i < d->n; i++)
        spread += (d->gold[i] - mean) * (d->gold[i] - mean);
    const char *title = hone__finding_title(f, "Predicted against gold");
    if (!title)
        return hone_no_memory(err, "comparing numbers");
    HONE_TRY(hone_table_begin(x, "regression", title, 2, columns, &t, err));
    HONE_TRY(add_row(t, "examples", (double)d->n, err));
    HONE_TRY(add_row(t, "mean absolute error", absolute, err));
    HONE_TRY(add_row(t, "root mean squared error", sqrt(squares / (double)d->n), err));
    HONE_TRY(add_row(t, "mean residual (predicted - gold)", bias, err));
    HONE_TRY(add_row(t, "explained variance (R squared)", spread > 0 ? 1 - squares / spread : NAN, err));
    return add_row(t, "Pearson's correlation", hone_correlation(d->n, d->gold, d->predicted), err);
}

/* Every so many-th example, so that at most MOST_POINTS are drawn. */
static uint64_t choose_points(const hone__finding *f, const numbers *d, double *gold, double *predicted, double *residual)
{
    const uint64_t every = (d->n + MOST_POINTS - 1) / MOST_POINTS;
    uint64_t n = 0;
    for (uint64_t i = 0; i < f->e->n; i += every, n++) {
        gold[n] = d->gold[i];
        predicted[n] = d->predicted[i];
        residual[n] = d->predicted[i] - d->gold[i];
    }
    return n;
}

static hone_status add_scatter(const hone__finding *f, const numbers *d, hone_exhibits *x, hone_error *err)
{
    double *gold = hone_alloc_array(f->scratch, d->n, 3 * sizeof *gold);
    if (!gold)
        return hone_no_memory(err, "drawing predicted against gold");
    double *predicted = gold + d->n, *residual = predicted + d->n;
    hone_curve c = {.size = sizeof c,
                    .name = "predicted_gold",
                    .title = hone__finding_title(f, "Predicted against gold"),
                    .x_label = "gold score",
                    .y_label = "predicted score",
                    .n = choose_points(f, d, gold, predicted, residual),
                    .x = gold,
                    .y = predicted,
                    .diagonal = true,
                    .style = HONE_CURVE_POINTS};
    const char *residuals = hone__finding_title(f, "Residuals");
    if (!c.title || !residuals)
        return hone_no_memory(err, "drawing predicted against gold");
    HONE_TRY(hone_curve_add(x, &c, err));
    c.name = "residuals";
    c.title = residuals;
    c.y_label = "predicted - gold score";
    c.y = residual;
    c.diagonal = false;
    HONE_TRY(hone_curve_add(x, &c, err));
    double low = gold[0], high = gold[0];
    for (uint64_t i = 1; i < c.n; i++) {
        low = fmin(low, gold[i]);
        high = fmax(high, gold[i]);
    }
    const double ends[] = {low, high}, zero[] = {0, 0};
    c.n = 2;
    c.x = ends;
    c.y = zero;
    c.style = HONE_CURVE_LINE;
    return hone_curve_add(x, &c, err);
}

hone_status hone__find_numbers(const hone__finding *f, hone__findings *out, hone_error *err)
{
    numbers d = {.n = f->e->n};
    HONE_TRY(hone_score_pairs(f->scratch, f->e, &d.gold, &d.predicted, err));
    HONE_TRY(add_table(f, &d, out->exhibits, err));
    return add_scatter(f, &d, out->exhibits, err);
}
