/* statistics.c - correlation, ranks and the area under a ROC curve.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/statistics.h>

#include <math.h>
#include <stdlib.h>

static double mean_of(uint64_t n, const double *x)
{
    double sum = 0;
    for (uint64_t i = 0; i < n; i++)
        sum += x[i];
    return sum / (double)n;
}

/* The root of the sum of squares of x - mean, without overflow or underflow where x itself has none. */
static double spread(uint64_t n, const double *x, double mean)
{
    double most = 0, sum = 0;
    for (uint64_t i = 0; i < n; i++)
        most = fmax(most, fabs(x[i] - mean));
    if (most == 0)
        return 0;
    for (uint64_t i = 0; i < n; i++)
        sum += (x[i] - mean) / most * ((x[i] - mean) / most);
    return most * sqrt(sum);
}

/* The mean of equal numbers may be off by a rounding, so their spread says nothing. */
static bool constant(uint64_t n, const double *x)
{
    for (uint64_t i = 1; i < n; i++)
        if (x[i] != x[0])
            return false;
    return true;
}

double hone_correlation(uint64_t n, const double *x, const double *y)
{
    double sum = 0;
    if (n < 2 || constant(n, x) || constant(n, y))
        return NAN;
    const double mx = mean_of(n, x), my = mean_of(n, y), sx = spread(n, x, mx), sy = spread(n, y, my);
    for (uint64_t i = 0; i < n; i++)
        sum += (x[i] - mx) / sx * ((y[i] - my) / sy);
    return sum > 1 ? 1 : sum < -1 ? -1 : sum;
}

static int by_value(const void *a, const void *b)
{
    const double x = ((const hone_rank_place *)a)->x, y = ((const hone_rank_place *)b)->x;
    return (x > y) - (x < y);
}

static bool any_nan(uint64_t n, const double *x)
{
    for (uint64_t i = 0; i < n; i++)
        if (isnan(x[i]))
            return true;
    return false;
}

void hone_ranks(uint64_t n, const double *x, hone_rank_place *room, double *ranks)
{
    const bool without = any_nan(n, x);
    for (uint64_t i = 0; i < n; i++) {
        room[i] = (hone_rank_place){x[i], i};
        ranks[i] = NAN;
    }
    if (without || n == 0)
        return;
    qsort(room, n, sizeof *room, by_value);
    for (uint64_t begin = 0, end; begin < n; begin = end) {
        for (end = begin + 1; end < n && room[end].x == room[begin].x; end++)
            ;
        for (uint64_t i = begin; i < end; i++)
            ranks[room[i].at] = 0.5 * (double)(begin + 1 + end);
    }
}

double hone_roc_area(uint64_t n, const double *ranks, const bool *positive)
{
    double sum = 0, positives = 0;
    for (uint64_t i = 0; i < n; i++) {
        sum += positive[i] ? ranks[i] : 0;
        positives += positive[i];
    }
    const double negatives = (double)n - positives;
    if (positives == 0 || negatives == 0)
        return NAN;
    return (sum - positives * (positives + 1) / 2) / (positives * negatives);
}

hone_status hone_score_pairs(hone_arena *arena, const hone_evaluation *e, const double **gold, const double **predicted,
                             hone_error *err)
{
    double *g = hone_alloc_array(arena, e->n, sizeof *g), *p = hone_alloc_array(arena, e->n, sizeof *p);
    if (!g || !p)
        return hone_no_memory(err, "comparing scores");
    for (uint64_t i = 0; i < e->n; i++) {
        g[i] = hone_record_at(e, i)->gold->score;
        p[i] = hone_record_at(e, i)->prediction->score;
    }
    *gold = g;
    *predicted = p;
    return HONE_OK;
}
