/* importance.c - a forest of regression trees, and the variance of its means along each parameter.
 *
 * Every parameter is brought to [0, 1] so that weight is length: a number by its place between its bounds, a list's value and a choice
 * to an equal part each. Where a parameter does not count it lies in [0, q), q being the share of such points, and what counts is
 * pressed into [q, 1]. Numbers are cut in two at any place; of choices one is cut from all others.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "report/importance.h"

#include "base/arena.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TREES = 64, DEEPEST = 48, MOST_CHOICES = 63 };

/* A box's side: an interval of a number, or a set of choices. */
typedef struct side {
    double low, high; /* of numbers */
    uint64_t set;     /* of choices, bit MOST_CHOICES: does not count */
} side;

typedef struct node {
    size_t dimension;
    double cut;          /* numbers below go left; of choices, the one that goes left */
    int64_t left, right; /* -1: a leaf */
    double value;        /* mean of the points here */
} node;

typedef struct forest {
    hone_arena *arena;
    size_t n, d;
    const hone__axis *axes;
    double *x, *y;   /* [n, d] [n] */
    double *q;       /* [d] share of points for which it does not count */
    size_t *order;   /* [n] points of the tree, grouped by node */
    double *scratch; /* [2 n] */
    node *nodes;
    size_t n_nodes;
    side *box;    /* [d] of the node at hand */
    side *boxes;  /* [n_leaves, d] */
    double *leaf; /* [n_leaves] values */
    size_t n_leaves;
    double *seen, *seen_n; /* [n] sums of predictions by trees that had not seen the point */
} forest;

/* ---- The space --------------------------------------------------------------------------------------------------- */

static bool is_number(const forest *f, size_t j)
{
    return f->axes[j].numeric;
}

static double place(const hone__axis *a, double x)
{
    if (!a->numeric)
        return x < MOST_CHOICES ? x : MOST_CHOICES - 1;
    if (!a->listed)
        return hone__axis_place(a, x);
    size_t k = 0;
    while (k + 1 < a->n_values && a->values[k] < x)
        k++;
    return ((double)k + 0.5) / (double)a->n_values;
}

static double coordinate(const forest *f, size_t j, double x)
{
    if (isnan(x))
        return is_number(f, j) ? f->q[j] / 2 : MOST_CHOICES;
    const double at = place(&f->axes[j], x);
    return is_number(f, j) ? f->q[j] + (1 - f->q[j]) * at : at;
}

static size_t n_choices(const forest *f, size_t j)
{
    return f->axes[j].n_values < MOST_CHOICES ? f->axes[j].n_values : MOST_CHOICES;
}

static double weight_of_choice(const forest *f, size_t j, size_t k)
{
    return k == MOST_CHOICES ? f->q[j] : (1 - f->q[j]) / (double)n_choices(f, j);
}

static side whole(const forest *f, size_t j)
{
    side s = {0, 1, ((uint64_t)1 << n_choices(f, j)) - 1};
    if (f->q[j] > 0)
        s.set |= (uint64_t)1 << MOST_CHOICES;
    return s;
}

/* The share of the axis that lies within a side. */
static double extent(const forest *f, size_t j, const side *s)
{
    double sum = 0;
    if (is_number(f, j))
        return s->high - s->low;
    for (size_t k = 0; k <= MOST_CHOICES; k++)
        sum += s->set >> k & 1 ? weight_of_choice(f, j, k) : 0;
    return sum;
}

/* ---- One tree ---------------------------------------------------------------------------------------------------- */

typedef struct split {
    size_t dimension;
    double cut, gain;
} split;

static bool goes_left(const forest *f, size_t j, double x, double cut)
{
    return is_number(f, j) ? x < cut : x == cut;
}

typedef struct pair {
    double x, y;
} pair;

static int compare_pairs(const void *a, const void *b)
{
    const pair *p = a, *q = b;
    return p->x != q->x ? (p->x > q->x) - (p->x < q->x) : (p->y > q->y) - (p->y < q->y);
}

/* How much smaller the squared error gets: n_l mean_l^2 + n_r mean_r^2 - n mean^2. */
static double gain_of(double sum, double n, double left, double n_left)
{
    const double right = sum - left, n_right = n - n_left;
    return left * left / n_left + right * right / n_right - sum * sum / n;
}

/* What does not count is cut off where it ends. */
static double cut_between(const forest *f, size_t j, double below, double above)
{
    return below < f->q[j] ? f->q[j] : (below + above) / 2;
}

static void best_cut(const forest *f, size_t j, const size_t *points, size_t n, double sum, split *best)
{
    pair *p = (pair *)(void *)f->scratch;
    for (size_t i = 0; i < n; i++)
        p[i] = (pair){f->x[points[i] * f->d + j], f->y[points[i]]};
    qsort(p, n, sizeof *p, compare_pairs);
    double left = 0, group = 0;
    size_t from = 0;
    for (size_t i = 0; i < n; i++) {
        left += p[i].y;
        group += p[i].y;
        if (i + 1 < n && p[i + 1].x == p[i].x)
            continue;
        const bool number = is_number(f, j);
        const double n_left = (double)(number ? i + 1 : i + 1 - from);
        const double gain = n_left < (double)n ? gain_of(sum, (double)n, number ? left : group, n_left) : 0;
        if (gain > best->gain)
            *best = (split){j, number ? cut_between(f, j, p[i].x, p[i + 1].x) : p[i].x, gain};
        group = 0;
        from = i + 1;
    }
}

static split best_split(const forest *f, const size_t *points, size_t n, double sum)
{
    double squares = 0;
    for (size_t i = 0; i < n; i++)
        squares += f->y[points[i]] * f->y[points[i]];
    split best = {.gain = 1e-12 * squares}; /* less is rounding */
    for (size_t j = 0; j < f->d; j++)
        best_cut(f, j, points, n, sum, &best);
    return best;
}

static size_t partition(const forest *f, size_t *points, size_t n, const split *s)
{
    size_t left = 0;
    for (size_t i = 0; i < n; i++)
        if (goes_left(f, s->dimension, f->x[points[i] * f->d + s->dimension], s->cut)) {
            const size_t point = points[i];
            points[i] = points[left];
            points[left++] = point;
        }
    return left;
}

static side half(const forest *f, const split *s, side whole_side, bool left)
{
    const uint64_t bit = is_number(f, s->dimension) ? 0 : (uint64_t)1 << (size_t)s->cut;
    if (is_number(f, s->dimension) && left)
        whole_side.high = s->cut;
    else if (is_number(f, s->dimension))
        whole_side.low = s->cut;
    else
        whole_side.set &= left ? bit : ~bit;
    return whole_side;
}

/* Depth first; depth is bounded, so the recursion is. Room for 2 n nodes and n leaves is there. */
static int64_t grow(forest *f, size_t *points, size_t n, int depth)
{
    const int64_t at = (int64_t)f->n_nodes++;
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += f->y[points[i]];
    f->nodes[at] = (node){.left = -1, .right = -1, .value = sum / (double)n};
    const split s = n > 1 && depth < DEEPEST ? best_split(f, points, n, sum) : (split){0};
    const size_t n_left = s.gain > 0 ? partition(f, points, n, &s) : 0;
    if (n_left == 0 || n_left == n) {
        memcpy(f->boxes + f->n_leaves * f->d, f->box, f->d * sizeof *f->box);
        f->leaf[f->n_leaves++] = f->nodes[at].value;
        return at;
    }
    const side before = f->box[s.dimension];
    f->nodes[at].dimension = s.dimension;
    f->nodes[at].cut = s.cut;
    f->box[s.dimension] = half(f, &s, before, true);
    const int64_t left = grow(f, points, n_left, depth + 1);
    f->box[s.dimension] = half(f, &s, before, false);
    const int64_t right = grow(f, points + n_left, n - n_left, depth + 1);
    f->box[s.dimension] = before;
    f->nodes[at].left = left;
    f->nodes[at].right = right;
    return at;
}

static double predict(const forest *f, const double *x)
{
    const node *at = f->nodes;
    while (at->left >= 0)
        at = f->nodes + (goes_left(f, at->dimension, x[at->dimension], at->cut) ? at->left : at->right);
    return at->value;
}

/* Points are drawn with repetition; those left out test the tree. */
static void grow_tree(forest *f, uint64_t tree)
{
    const hone_key key = {.seed = 1, .scope = hone_scope_hash("report.importance")};
    const hone_stream stream = hone_stream_of(&key);
    bool *drawn = (bool *)(void *)f->scratch;
    f->n_nodes = f->n_leaves = 0;
    for (size_t j = 0; j < f->d; j++)
        f->box[j] = whole(f, j);
    for (size_t i = 0; i < f->n; i++)
        f->order[i] = hone_random_below(stream, tree, i, f->n);
    grow(f, f->order, f->n, 0);
    memset(drawn, 0, f->n * sizeof *drawn);
    for (size_t i = 0; i < f->n; i++)
        drawn[f->order[i]] = true;
    for (size_t i = 0; i < f->n; i++)
        if (!drawn[i]) {
            f->seen[i] += predict(f, f->x + i * f->d);
            f->seen_n[i] += 1;
        }
}

/* ---- Variances --------------------------------------------------------------------------------------------------- */

static double volume(const forest *f, size_t leaf)
{
    double v = 1;
    for (size_t j = 0; j < f->d; j++)
        v *= extent(f, j, &f->boxes[leaf * f->d + j]);
    return v;
}

static int compare_reals(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static size_t index_of(const double *sorted, size_t n, double x)
{
    size_t low = 0, high = n;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (sorted[middle] < x)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Along a number the mean over all else changes only at the boxes' ends: each leaf adds its value between its two. */
static double variance_of_number(const forest *f, size_t j, const double *volumes, double mean, double *ends, double *steps)
{
    double at = 0, variance = 0;
    size_t n = 0;
    for (size_t l = 0; l < f->n_leaves; l++) {
        ends[n++] = f->boxes[l * f->d + j].low;
        ends[n++] = f->boxes[l * f->d + j].high;
    }
    qsort(ends, n, sizeof *ends, compare_reals);
    memset(steps, 0, n * sizeof *steps);
    for (size_t l = 0; l < f->n_leaves; l++) {
        const side *s = &f->boxes[l * f->d + j];
        const double part = s->high > s->low ? f->leaf[l] * volumes[l] / (s->high - s->low) : 0;
        steps[index_of(ends, n, s->low)] += part;
        steps[index_of(ends, n, s->high)] -= part;
    }
    for (size_t i = 0; i + 1 < n; i++) {
        at += steps[i];
        variance += (ends[i + 1] - ends[i]) * (at - mean) * (at - mean);
    }
    return variance;
}

static double variance_of_choice(const forest *f, size_t j, const double *volumes, double mean)
{
    double variance = 0;
    for (size_t k = 0; k <= MOST_CHOICES; k++) {
        const double weight = k < n_choices(f, j) || k == MOST_CHOICES ? weight_of_choice(f, j, k) : 0;
        double at = 0;
        for (size_t l = 0; l < f->n_leaves && weight > 0; l++) {
            const side *s = &f->boxes[l * f->d + j];
            at += s->set >> k & 1 ? f->leaf[l] * volumes[l] / extent(f, j, s) : 0;
        }
        variance += weight > 0 ? weight * (at - mean) * (at - mean) : 0;
    }
    return variance;
}

/* Adds the tree's shares; false where it has no variance. */
static bool add_shares(forest *f, double *share, double *volumes, double *ends, double *steps)
{
    double mean = 0, total = 0;
    for (size_t l = 0; l < f->n_leaves; l++) {
        volumes[l] = volume(f, l);
        mean += volumes[l] * f->leaf[l];
    }
    for (size_t l = 0; l < f->n_leaves; l++)
        total += volumes[l] * (f->leaf[l] - mean) * (f->leaf[l] - mean);
    if (!(total > 0))
        return false;
    for (size_t j = 0; j < f->d; j++)
        share[j] +=
            (is_number(f, j) ? variance_of_number(f, j, volumes, mean, ends, steps) : variance_of_choice(f, j, volumes, mean)) /
            total;
    return true;
}

static double explained(const forest *f)
{
    double mean = 0, n = 0, error = 0, total = 0;
    for (size_t i = 0; i < f->n; i++)
        if (f->seen_n[i] > 0) {
            mean += f->y[i];
            n += 1;
        }
    mean /= n > 0 ? n : 1;
    for (size_t i = 0; i < f->n; i++)
        if (f->seen_n[i] > 0) {
            const double miss = f->y[i] - f->seen[i] / f->seen_n[i];
            error += miss * miss;
            total += (f->y[i] - mean) * (f->y[i] - mean);
        }
    return total > 0 ? 1 - error / total : 0;
}

/* ---- The whole --------------------------------------------------------------------------------------------------- */

static bool allocate(forest *f)
{
    f->x = hone_alloc_array(f->arena, f->n * f->d, sizeof *f->x);
    f->y = hone_alloc_array(f->arena, f->n, sizeof *f->y);
    f->q = hone_alloc_array(f->arena, f->d, sizeof *f->q);
    f->order = hone_alloc_array(f->arena, f->n, sizeof *f->order);
    f->scratch = hone_alloc_array(f->arena, 2 * f->n, sizeof *f->scratch);
    f->nodes = hone_alloc_array(f->arena, 2 * f->n, sizeof *f->nodes);
    f->box = hone_alloc_array(f->arena, f->d, sizeof *f->box);
    f->boxes = hone_alloc_array(f->arena, f->n * f->d, sizeof *f->boxes);
    f->leaf = hone_alloc_array(f->arena, f->n, sizeof *f->leaf);
    f->seen = hone_alloc_array(f->arena, f->n, sizeof *f->seen);
    f->seen_n = hone_alloc_array(f->arena, f->n, sizeof *f->seen_n);
    return f->x && f->y && f->q && f->order && f->scratch && f->nodes && f->box && f->boxes && f->leaf && f->seen && f->seen_n;
}

/* Values beyond the range of the others count as its end: one diverged point would else be all the variance there is. */
static void take_points(forest *f, const hone__axes *axes)
{
    for (size_t j = 0; j < f->d; j++)
        f->q[j] = (double)axes->all[j].n_inactive / (double)axes->n_points;
    for (size_t i = 0; i < f->n; i++) {
        const size_t from = i * axes->n_points / f->n;
        f->y[i] = fmin(fmax(axes->y[from], axes->y_low), axes->y_high);
        for (size_t j = 0; j < f->d; j++)
            f->x[i * f->d + j] = coordinate(f, j, axes->x[from * axes->n + j]);
    }
}

static hone_status run_forest(forest *f, const hone__axes *axes, hone__importance *out, hone_error *err)
{
    if (!allocate(f))
        return hone_no_memory(err, "reckoning the importance of parameters");
    double *volumes = hone_alloc_array(f->arena, f->n, sizeof *volumes);
    double *ends = hone_alloc_array(f->arena, 2 * f->n, sizeof *ends);
    double *steps = hone_alloc_array(f->arena, 2 * f->n, sizeof *steps);
    if (!volumes || !ends || !steps)
        return hone_no_memory(err, "reckoning the importance of parameters");
    size_t n_trees = 0;
    take_points(f, axes);
    for (uint64_t tree = 0; tree < TREES; tree++) {
        grow_tree(f, tree);
        n_trees += add_shares(f, out->share, volumes, ends, steps);
    }
    if (n_trees == 0)
        return hone_fail(err, HONE_ENOTFOUND, "all points have one value");
    for (size_t j = 0; j < f->d; j++)
        out->share[j] /= (double)n_trees;
    out->explained = explained(f);
    return HONE_OK;
}

hone_status hone__importance_make(const hone__axes *axes, hone__importance *out, hone_error *err)
{
    const size_t n = axes->n_points < HONE__MOST_POINTS ? axes->n_points : HONE__MOST_POINTS;
    *out = (hone__importance){.share = hone_alloc_array(axes->run->arena, axes->n, sizeof *out->share), .n_points = n};
    if (!out->share)
        return hone_no_memory(err, "reckoning the importance of parameters");
    if (n < HONE__FEWEST_POINTS || axes->n == 0)
        return hone_fail(err, HONE_ENOTFOUND, "%zu points are too few", n);
    forest f = {.arena = hone__arena_create(0), .n = n, .d = axes->n, .axes = axes->all};
    if (!f.arena)
        return hone_no_memory(err, "reckoning the importance of parameters");
    const hone_status status = run_forest(&f, axes, out, err);
    hone__arena_destroy(f.arena);
    return status;
}
