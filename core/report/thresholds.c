/* thresholds.c - what a label's scores are worth at every threshold.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "report/thresholds.h"

#include <math.h>
#include <stdlib.h>

typedef struct scored {
    double score;
    bool positive;
} scored;

static int larger_first(const void *a, const void *b)
{
    const double x = ((const scored *)a)->score, y = ((const scored *)b)->score;
    return (x < y) - (x > y);
}

hone_status hone__thresholds_make(hone_arena *arena, uint64_t n, const double *scores, const bool *positive,
                                  hone__thresholds *t, hone_error *err)
{
    scored *all = hone_alloc_array(arena, n, sizeof *all);
    *t = (hone__thresholds){.at = hone_alloc_array(arena, n, sizeof *t->at)};
    if (!all || !t->at)
        return hone_no_memory(err, "going through thresholds");
    for (uint64_t i = 0; i < n; i++)
        all[i] = (scored){scores[i], positive[i]};
    if (n)
        qsort(all, n, sizeof *all, larger_first);
    for (uint64_t i = 0; i < n; i++) {
        t->positives += all[i].positive;
        t->negatives += !all[i].positive;
        if (i + 1 == n || all[i + 1].score != all[i].score)
            t->at[t->n++] = (hone__threshold){all[i].score, t->positives, t->negatives};
    }
    return HONE_OK;
}

double hone__roc_auc(const hone__thresholds *t)
{
    double area = 0, right = 0, wrong = 0;
    if (t->positives == 0 || t->negatives == 0)
        return NAN;
    for (uint64_t i = 0; i < t->n; i++) {
        area += (t->at[i].wrong - wrong) * (t->at[i].right + right) / 2;
        right = t->at[i].right;
        wrong = t->at[i].wrong;
    }
    return area / (t->positives * t->negatives);
}

static double precision_at(const hone__threshold *t)
{
    return t->right / (t->right + t->wrong);
}

double hone__average_precision(const hone__thresholds *t)
{
    double sum = 0, right = 0;
    if (t->positives == 0)
        return NAN;
    for (uint64_t i = 0; i < t->n; i++) {
        sum += (t->at[i].right - right) * precision_at(&t->at[i]);
        right = t->at[i].right;
    }
    return sum / t->positives;
}

/* ---- Points ------------------------------------------------------------------------------------------------------ */

static hone_status make_room(hone_arena *arena, uint64_t n, hone__points *p, hone_error *err)
{
    *p = (hone__points){.x = hone_alloc_array(arena, n, sizeof *p->x), .y = hone_alloc_array(arena, n, sizeof *p->y)};
    return p->x && p->y ? HONE_OK : hone_no_memory(err, "drawing a curve");
}

/* Does the last point lie on the line from the one before to (x, y), going straight up or straight across? */
static bool is_between(const hone__points *p, double x, double y)
{
    const uint64_t k = p->n;
    return k > 1 && ((x == p->x[k - 1] && x == p->x[k - 2]) || (y == p->y[k - 1] && y == p->y[k - 2]));
}

hone_status hone__roc_points(hone_arena *arena, const hone__thresholds *t, hone__points *p, hone_error *err)
{
    HONE_TRY(make_room(arena, t->n + 1, p, err));
    if (t->positives == 0 || t->negatives == 0)
        return HONE_OK;
    p->n = 1; /* from (0, 0) on: nothing scores above every threshold */
    for (uint64_t i = 0; i < t->n; i++) {
        const double x = t->at[i].wrong / t->negatives, y = t->at[i].right / t->positives;
        p->n -= is_between(p, x, y);
        p->x[p->n] = x;
        p->y[p->n++] = y;
    }
    return HONE_OK;
}

hone_status hone__precision_recall_points(hone_arena *arena, const hone__thresholds *t, hone__points *p, hone_error *err)
{
    HONE_TRY(make_room(arena, t->n + 1, p, err));
    if (t->positives == 0)
        return HONE_OK;
    p->y[0] = 1;
    p->n = 1;
    for (uint64_t i = 0; i < t->n; i++) {
        p->x[p->n] = t->at[i].right / t->positives;
        p->y[p->n++] = precision_at(&t->at[i]);
    }
    return HONE_OK;
}

void hone__points_thin(hone__points *p)
{
    const double least = 1.0 / 400;
    uint64_t kept = p->n > 0;
    for (uint64_t i = 1; i < p->n; i++) {
        const bool far = fabs(p->x[i] - p->x[kept - 1]) >= least || fabs(p->y[i] - p->y[kept - 1]) >= least;
        if (!far && i + 1 < p->n)
            continue;
        p->x[kept] = p->x[i];
        p->y[kept++] = p->y[i];
    }
    p->n = kept;
}
