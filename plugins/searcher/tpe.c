/* tpe.c - the tree-structured Parzen estimator: points that look like the best ones so far, and little like the others.
 *
 * The points known are parted into the best few and the rest. Each part gets a density, a mixture with a kernel around every point of
 * it and one for the prior; candidates are drawn from that of the best, and the one with the largest ratio of the two densities is
 * tried. Dimensions that counted in every known point have one density together, so that what goes well together is seen (with
 * `multivariate`); each of the others has its own, over the points in which it counted.
 *
 * Points that are asked for before the results of the newest `lag` are known count those among the rest (a "constant liar"): they are
 * asked for here once more, from what was known then, so that ask() stays a pure function.
 *
 * Source: Bergstra et al. 2011, "Algorithms for hyper-parameter optimization"; how many are the best, the weights and widths of the
 * kernels, and the treatment of steps and of pruned points are those of Optuna 5, TPESampler; normal distributions are its priors'
 * counterpart in Hyperopt. The first points are those of the searcher random.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Facts of Optuna 5. */
#define BEST_SHARE 0.1
enum { MOST_BEST = 25, FULL_WEIGHTS = 25, NARROWEST = 100 };

/* How often a candidate's values, and a whole set of candidates, are drawn anew before giving up. A kernel has at least a third of its
 * mass in the range, so that the first is never met, but by a normal distribution that lies all but outside its bounds. */
enum { MOST_TRIES = 200, MOST_SETS = 100 };

typedef struct params {
    int64_t n_startup_trials, n_ei_candidates, lag;
    bool multivariate;
} params;

/* ---- Axes -------------------------------------------------------------------------------------------------------- */

/* A dimension as densities see it: on a logarithmic scale where it has one. Around each value of a stepped one lies a cell. */
typedef struct axis {
    const hone_dimension *d;
    uint64_t at; /* its place in a point */
    hone_steps steps;
    bool log, choice, single;
    double low, high;   /* on the scale, with the outer cells; of a normal distribution infinite without bounds */
    double mean, width; /* of the prior's kernel */
} axis;

static double on_scale(const axis *a, double value)
{
    return !a->log ? value : value > 0 ? log(value) : -(double)INFINITY;
}

static void measure(axis *a)
{
    const double half = a->steps.step / 2;
    const double least = half > 0 ? a->steps.first * a->steps.step : a->d->min;
    const double most = half > 0 ? a->steps.last * a->steps.step : a->d->max;
    a->single = least >= most;
    a->low = on_scale(a, least - half);
    a->high = on_scale(a, most + half);
}

static axis axis_of(const hone_space *space, uint64_t at)
{
    const hone_dimension *d = hone_dimension_at(space, at);
    axis a = {.d = d, .at = at, .steps = hone_steps_of(d), .low = -(double)INFINITY, .high = (double)INFINITY};
    a.choice = d->distribution == HONE_CATEGORICAL;
    a.log = d->distribution == HONE_LOG_UNIFORM || d->distribution == HONE_LOG_NORMAL;
    if (a.choice) {
        a.single = d->n_choices == 1;
        return a;
    }
    const bool normal = d->distribution == HONE_NORMAL || d->distribution == HONE_LOG_NORMAL;
    if (!normal || d->min < d->max)
        measure(&a);
    a.mean = normal ? d->mu : (a.low + a.high) / 2;
    a.width = normal ? d->sigma : a.high - a.low;
    return a;
}

/* The value of the dimension nearest to a place on the scale. */
static double value_at(const axis *a, double place)
{
    const double value = a->log ? exp(place) : place;
    if (a->steps.step > 0)
        return fmin(fmax(nearbyint(value / a->steps.step), a->steps.first), a->steps.last) * a->steps.step;
    return isfinite(a->low) || isfinite(a->high) ? fmin(fmax(value, a->d->min), a->d->max) : value;
}

static double prior_of_choice(const axis *a, uint32_t choice)
{
    return a->d->probabilities ? a->d->probabilities[choice] : 1.0 / a->d->n_choices;
}

static const double root_half = 0.70710678118654752, root_two_pi = 2.5066282746310005;

/* The mass of the standard normal distribution in [from, to], accurate in both tails. */
static double normal_mass(double from, double to)
{
    return from > 0 ? normal_mass(-to, -from) : 0.5 * (erfc(-to * root_half) - erfc(-from * root_half));
}

/* ---- Densities --------------------------------------------------------------------------------------------------- */

/* Around one point on one axis. Of a choice only the mean counts, which is the choice, or -1 of the prior. */
typedef struct kernel {
    double mean, width;
    double
        log_scale; /* of what it divides by: its mass within the range and, of continuous axes, its width times the root of two pi */
} kernel;

/* A mixture over some axes together: kernel k is the product of kernels[j * n + k] over the axes j. */
typedef struct density {
    const axis *const *axes; /* [n_axes] */
    uint64_t n_axes, n;      /* the last kernel is the prior's */
    double *log_weight;      /* [n] */
    kernel *kernels;         /* [n_axes * n] */
} density;

/* The newest points count fully, older ones the less the older they are; the prior counts as one point. */
static void weigh(density *f)
{
    const uint64_t points = f->n - 1, old = points > FULL_WEIGHTS ? points - FULL_WEIGHTS : 0;
    double sum = 1.0;
    f->log_weight[points] = 1.0;
    for (uint64_t k = 0; k < points; k++) {
        const double first = 1.0 / (double)points, along = old > 1 ? (double)k / (double)(old - 1) : 0.0;
        f->log_weight[k] = k < old ? first + along * (1.0 - first) : 1.0;
        sum += f->log_weight[k];
    }
    for (uint64_t k = 0; k < f->n; k++)
        f->log_weight[k] = log(f->log_weight[k] / sum);
}

static int by_mean(const void *x, const void *y)
{
    const kernel *a = *(const kernel *const *)x, *b = *(const kernel *const *)y;
    if (a->mean != b->mean)
        return a->mean < b->mean ? -1 : 1;
    return a < b ? -1 : a > b;
}

/* A kernel is as wide as the larger distance to its neighbours; the outermost look inwards only, unless they are alone. */
static void widen(const axis *a, kernel **sorted, uint64_t n)
{
    const double narrowest = a->width / fmin(NARROWEST, 2.0 + (double)n);
    qsort(sorted, n, sizeof *sorted, by_mean);
    for (uint64_t k = 0; k < n; k++) {
        const double left = k > 0 ? sorted[k]->mean - sorted[k - 1]->mean : n > 1 ? 0.0 : sorted[k]->mean - a->low;
        const double right = k + 1 < n ? sorted[k + 1]->mean - sorted[k]->mean : n > 1 ? 0.0 : a->high - sorted[k]->mean;
        sorted[k]->width = fmin(fmax(fmax(left, right), narrowest), a->width);
    }
}

static void place_kernels(const axis *a, const double *const *points, kernel *kernels, kernel **sorted, uint64_t n)
{
    kernels[n - 1] = (kernel){a->choice ? -1.0 : a->mean, a->width, 0.0};
    for (uint64_t k = 0; k + 1 < n; k++) {
        kernels[k].mean = a->choice ? points[k][a->at] : on_scale(a, points[k][a->at]);
        sorted[k] = &kernels[k];
    }
    if (a->choice)
        return;
    widen(a, sorted, n - 1);
    for (kernel *k = kernels; k < kernels + n; k++) {
        const double mass = fmax(normal_mass((a->low - k->mean) / k->width, (a->high - k->mean) / k->width), DBL_MIN);
        k->log_scale = log(a->steps.step > 0 ? mass : mass * k->width * root_two_pi);
    }
}

/* Of the points in which all its axes count. */
static hone_status estimate(hone_arena *arena, const axis *const *axes, uint64_t n_axes, const double *const *points,
                            uint64_t n, density *f, hone_error *err)
{
    const double **counting = hone_alloc_array(arena, n, sizeof *counting);
    kernel **sorted = hone_alloc_array(arena, n, sizeof *sorted);
    *f = (density){.axes = axes, .n_axes = n_axes, .n = 1};
    if (!counting || !sorted)
        return hone_no_memory(err, "estimating a density");
    for (uint64_t k = 0; k < n; k++) {
        uint64_t j = 0;
        while (j < n_axes && !isnan(points[k][axes[j]->at]))
            j++;
        if (j == n_axes)
            counting[f->n++ - 1] = points[k];
    }
    f->log_weight = hone_alloc_array(arena, f->n, sizeof *f->log_weight);
    f->kernels = hone_alloc_array(arena, n_axes * f->n, sizeof *f->kernels);
    if (!f->log_weight || !f->kernels)
        return hone_no_memory(err, "estimating a density");
    weigh(f);
    for (uint64_t j = 0; j < n_axes; j++)
        place_kernels(axes[j], counting, f->kernels + j * f->n, sorted, f->n);
    return HONE_OK;
}

/* The kernel around a choice that was tried adds one to it; the prior's mass, that of one point, is shared by all kernels. */
static double log_choice(const axis *a, const kernel *k, uint64_t n, double value)
{
    const double prior = prior_of_choice(a, (uint32_t)value), shared = (double)a->d->n_choices / (double)n;
    if (k->mean < 0)
        return log(prior);
    return log((shared * prior + (k->mean == value)) / (shared + 1.0));
}

/* Of a stepped axis the mass of the value's cell, else the density. */
static double log_kernel(const axis *a, const kernel *k, double value)
{
    const double half = a->steps.step / 2;
    if (half > 0) {
        const double from = on_scale(a, value - half), to = on_scale(a, value + half);
        return log(normal_mass((from - k->mean) / k->width, (to - k->mean) / k->width)) - k->log_scale;
    }
    const double z = (on_scale(a, value) - k->mean) / k->width;
    return -z * z / 2 - k->log_scale;
}

/* The logarithm of the density at a point; `room` has n places. */
static double log_density(const density *f, const double *x, double *room)
{
    double most = -(double)INFINITY, sum = 0.0;
    for (uint64_t k = 0; k < f->n; k++) {
        room[k] = f->log_weight[k];
        for (uint64_t j = 0; j < f->n_axes; j++) {
            const axis *a = f->axes[j];
            const kernel *kernels = &f->kernels[j * f->n];
            room[k] += a->choice ? log_choice(a, &kernels[k], f->n, x[a->at]) : log_kernel(a, &kernels[k], x[a->at]);
        }
        most = fmax(most, room[k]);
    }
    for (uint64_t k = 0; k < f->n && isfinite(most); k++)
        sum += exp(room[k] - most);
    return isfinite(most) ? most + log(sum) : most;
}

/* ---- Drawing from a density -------------------------------------------------------------------------------------- */

/* Where the numbers of a draw come from: the point, which set of candidates for it, and which of the set. */
typedef struct source {
    uint64_t seed, point, set, candidate;
} source;

static hone_stream stream_of(const source *s, const axis *a)
{
    const hone_key key = {
        .seed = s->seed, .scope = hone_scope_hash(a->d->name) ^ hone_scope_hash("tpe"), .step = s->point, .pass = s->set};
    return hone_stream_of(&key);
}

static double draw_choice(const axis *a, const kernel *k, uint64_t n, double u)
{
    double sum = 0.0;
    uint32_t last = 0; /* of those that can be drawn: rounding may leave the sum a little below 1 */
    for (uint32_t c = 0; c < a->d->n_choices; c++) {
        const double p = exp(log_choice(a, k, n, c));
        if (!(p > 0))
            continue;
        last = c;
        sum += p;
        if (u < sum)
            break;
    }
    return last;
}

static double draw_number(const axis *a, const kernel *k, hone_stream s, uint64_t sequence)
{
    for (uint64_t i = 1; i <= MOST_TRIES; i++) {
        const double place = k->mean + k->width * hone_random_normal(s, sequence, i);
        if (place >= a->low && place <= a->high)
            return value_at(a, place);
    }
    return value_at(a, k->mean);
}

/* One candidate: the values of the axes, of one kernel. */
static void draw(const density *f, const source *s, double *x)
{
    const uint64_t sequence = s->candidate;
    double u = hone_random_uniform(stream_of(s, f->axes[0]), sequence, 0);
    uint64_t k = 0;
    while (k + 1 < f->n && u >= exp(f->log_weight[k]))
        u -= exp(f->log_weight[k++]);
    for (uint64_t j = 0; j < f->n_axes; j++) {
        const axis *a = f->axes[j];
        const kernel *at = &f->kernels[j * f->n + k];
        const hone_stream stream = stream_of(s, a);
        x[a->at] = a->choice ? draw_choice(a, at, f->n, hone_random_uniform(stream, sequence, 1))
                             : draw_number(a, at, stream, sequence);
    }
}

/* ---- What is known ----------------------------------------------------------------------------------------------- */

typedef struct problem {
    const hone_self *self;
    const params *p;
    const hone_space *space;
    const hone_history *history;
    const axis *axes;              /* [space->n] */
    const double *const *x;        /* the points before the one that is asked for */
    uint64_t i;                    /* it */
    uint64_t n_known;              /* of x have results; those behind are awaited */
    const double **best, **others; /* [n_best], [n_others] in number order; awaited points are among the others */
    uint64_t n_best, n_others;
} problem;

typedef struct rank {
    uint64_t at;
    bool pruned;
    uint32_t age; /* of a pruned one: evaluations until its end */
    double value;
} rank;

/* Complete points by their values, then pruned ones: those that came further, then by their last values. */
static int by_rank(const void *x, const void *y)
{
    const rank *a = x, *b = y;
    if (a->pruned != b->pruned)
        return a->pruned ? 1 : -1;
    if (a->pruned && a->age != b->age)
        return a->age > b->age ? -1 : 1;
    if (a->value != b->value)
        return a->value > b->value ? -1 : 1;
    return a->at < b->at ? -1 : a->at > b->at;
}

static uint64_t rank_known(const problem *q, rank *ranks)
{
    uint64_t n = 0;
    for (uint64_t k = 0; k < q->n_known; k++) {
        const hone_point *p = hone_point_at(q->history, k);
        rank r = {.at = k, .pruned = p->state == HONE_POINT_PRUNED, .value = p->value};
        if (r.pruned) {
            r.age = p->n_curve;
            r.value = r.age && !isnan(p->curve[r.age - 1]) ? p->curve[r.age - 1] : -(double)INFINITY;
        } else if (p->state != HONE_POINT_COMPLETE || isnan(p->value)) {
            continue; /* a failed point says nothing of how good it would have been */
        }
        ranks[n++] = r;
    }
    return n;
}

/* Parts the points; *enough says whether so many have a result that there is something to learn from them. */
static hone_status part(problem *q, bool *enough, hone_error *err)
{
    rank *ranks = hone_alloc_array(q->self->step, q->n_known, sizeof *ranks);
    uint8_t *kind = hone_alloc_array(q->self->step, q->n_known, sizeof *kind); /* 1: one of the others, 2: of the best */
    q->best = hone_alloc_array(q->self->step, MOST_BEST, sizeof *q->best);
    q->others = hone_alloc_array(q->self->step, q->i, sizeof *q->others);
    if (!ranks || !kind || !q->best || !q->others)
        return hone_no_memory(err, "sorting the points of a search");
    const uint64_t n = rank_known(q, ranks), n_best = (uint64_t)fmin(MOST_BEST, ceil(BEST_SHARE * (double)n));
    *enough = n > 0 && n >= (uint64_t)q->p->n_startup_trials;
    if (n)
        qsort(ranks, n, sizeof *ranks, by_rank);
    for (uint64_t k = 0; k < n; k++)
        kind[ranks[k].at] = k < n_best ? 2 : 1;
    q->n_best = q->n_others = 0;
    for (uint64_t k = 0; k < q->i; k++) {
        if (k < q->n_known && kind[k] == 2)
            q->best[q->n_best++] = q->x[k];
        else if (k >= q->n_known || kind[k] == 1)
            q->others[q->n_others++] = q->x[k];
    }
    return HONE_OK;
}

/* Did the dimension count in every point that has a result? */
static bool always_counts(const problem *q, uint64_t at)
{
    for (uint64_t k = 0; k < q->n_known; k++) {
        const uint32_t state = hone_point_at(q->history, k)->state;
        if (isnan(q->x[k][at]) && (state == HONE_POINT_COMPLETE || state == HONE_POINT_PRUNED))
            return false;
    }
    return true;
}

/* ---- Candidates -------------------------------------------------------------------------------------------------- */

typedef struct candidate {
    double ratio; /* the logarithm of how much more the best look like it than the others do */
    double *x;    /* [space->n] of which the axes are set */
    uint64_t at;
} candidate;

static int by_ratio(const void *x, const void *y)
{
    const candidate *a = x, *b = y;
    if (a->ratio != b->ratio)
        return a->ratio > b->ratio ? -1 : 1;
    return a->at < b->at ? -1 : a->at > b->at;
}

/* A set of candidates over some axes, [n_ei_candidates], the most promising first. */
static hone_status propose(const problem *q, uint64_t set, const axis *const *axes, uint64_t n_axes, candidate **candidates,
                           hone_error *err)
{
    hone_arena *arena = q->self->step;
    const uint64_t n = (uint64_t)q->p->n_ei_candidates;
    density good, bad;
    HONE_TRY(estimate(arena, axes, n_axes, q->best, q->n_best, &good, err));
    HONE_TRY(estimate(arena, axes, n_axes, q->others, q->n_others, &bad, err));
    double *room = hone_alloc_array(arena, q->i + 1, sizeof *room);
    *candidates = hone_alloc_array(arena, n, sizeof **candidates);
    if (!room || !*candidates)
        return hone_no_memory(err, "drawing candidates");
    for (uint64_t c = 0; c < n; c++) {
        candidate *one = &(*candidates)[c];
        *one = (candidate){.x = hone_alloc_array(arena, q->space->n, sizeof(double)), .at = c};
        if (!one->x)
            return hone_no_memory(err, "drawing candidates");
        draw(&good, &(source){q->self->seed, q->i, set, c}, one->x);
        one->ratio = log_density(&good, one->x, room) - log_density(&bad, one->x, room);
    }
    qsort(*candidates, n, sizeof **candidates, by_ratio);
    return HONE_OK;
}

/* One set for a point: candidates over the dimensions that go together, and for each other dimension its best value, made when it is
 * first wanted. */
typedef struct set {
    uint64_t number;
    const axis **together;
    uint64_t n_together;
    candidate *candidates; /* NULL where no dimensions go together */
    bool *joint;           /* [space->n] */
    double *alone;         /* [space->n] NaN: not made yet */
} set;

static hone_status begin_set(const problem *q, set *s, hone_error *err)
{
    const uint64_t n = q->space->n;
    s->together = hone_alloc_array(q->self->step, n, sizeof *s->together);
    s->joint = hone_alloc_array(q->self->step, n, sizeof *s->joint);
    s->alone = hone_alloc_array(q->self->step, n, sizeof *s->alone);
    if (!s->together || !s->joint || !s->alone)
        return hone_no_memory(err, "drawing candidates");
    for (uint64_t d = 0; d < n; d++) {
        s->alone[d] = (double)NAN;
        s->joint[d] = q->p->multivariate && !q->axes[d].single && always_counts(q, d);
        if (s->joint[d])
            s->together[s->n_together++] = &q->axes[d];
    }
    return s->n_together ? propose(q, s->number, s->together, s->n_together, &s->candidates, err) : HONE_OK;
}

static hone_status value_alone(const problem *q, set *s, uint64_t d, double *value, hone_error *err)
{
    const axis *a = &q->axes[d];
    candidate *candidates;
    if (isnan(s->alone[d]) && a->single) {
        s->alone[d] = a->choice ? 0.0 : value_at(a, a->low);
    } else if (isnan(s->alone[d])) {
        HONE_TRY(propose(q, s->number, &a, 1, &candidates, err));
        s->alone[d] = candidates[0].x[d];
    }
    *value = s->alone[d];
    return HONE_OK;
}

/* Makes a whole point of a candidate. */
static hone_status complete(const problem *q, set *s, const candidate *c, double *x, hone_error *err)
{
    const hone_space *space = q->space;
    for (uint64_t d = 0; d < space->n; d++)
        x[d] = (double)NAN;
    for (uint64_t d = 0; d < space->n; d++) {
        if (space->active && !space->active(space->host, x, d))
            continue;
        if (s->joint[d])
            x[d] = c->x[d];
        else
            HONE_TRY(value_alone(q, s, d, &x[d], err));
    }
    return HONE_OK;
}

/* The first candidate of a set that the constraints allow. */
static hone_status take(const problem *q, set *s, double *x, bool *taken, hone_error *err)
{
    const uint64_t n = s->candidates ? (uint64_t)q->p->n_ei_candidates : 1;
    *taken = false;
    for (uint64_t c = 0; c < n && !*taken; c++) {
        HONE_TRY(complete(q, s, s->candidates ? &s->candidates[c] : NULL, x, err));
        *taken = !q->space->allowed || q->space->allowed(q->space->host, x);
    }
    return HONE_OK;
}

/* ---- Asking ------------------------------------------------------------------------------------------------------ */

/* The point q->i into x, given all before it. */
static hone_status ask_one(problem *q, double *x, hone_error *err)
{
    bool enough = false, taken = false;
    const uint64_t lag = (uint64_t)q->p->lag, seen = q->i > lag ? q->i - lag : 0;
    q->n_known = seen < q->history->n ? seen : q->history->n;
    HONE_TRY(part(q, &enough, err));
    for (uint64_t number = 0; enough && !taken && number < MOST_SETS; number++) {
        set s = {.number = number};
        HONE_TRY(begin_set(q, &s, err));
        HONE_TRY(take(q, &s, x, &taken, err));
    }
    return taken ? HONE_OK : hone_space_draw(q->space, q->self->seed, q->i, x, err);
}

static hone_status ask(const hone_self *self, const hone_space *space, uint64_t i, const hone_history *history, double *x,
                       hone_error *err)
{
    const uint64_t n = history->n < i ? history->n : i;
    const double **points = hone_alloc_array(self->step, i, sizeof *points);
    axis *axes = hone_alloc_array(self->step, space->n, sizeof *axes);
    problem q = {.self = self, .p = self->params, .space = space, .history = history, .axes = axes, .x = points};
    if (!points || !axes)
        return hone_no_memory(err, "asking for a point");
    for (uint64_t d = 0; d < space->n; d++)
        axes[d] = axis_of(space, d);
    for (uint64_t k = 0; k < n; k++)
        points[k] = hone_point_at(history, k)->x;
    for (q.i = n; q.i < i; q.i++) {
        double *awaited = hone_alloc_array(self->step, space->n, sizeof *awaited);
        if (!awaited)
            return hone_no_memory(err, "asking for a point");
        HONE_TRY(ask_one(&q, awaited, err));
        points[q.i] = awaited;
    }
    return ask_one(&q, x, err);
}

/* As random does: a space that is empty, or nearly so, is refused before anything runs. */
static hone_status create(const hone_self *self, const hone_space *space, hone_error *err)
{
    HONE_TRY(hone_space_check(space, err));
    double *x = hone_alloc_array(self->trial, space->n, sizeof *x);
    return x ? hone_space_draw(space, self->seed, 0, x, err) : hone_no_memory(err, "drawing a point");
}

static uint64_t lag_of(const hone_self *self)
{
    return (uint64_t)((const params *)self->params)->lag;
}

static const hone_param rows[] = {
    HONE_PARAM_INT(params, n_startup_trials, .def_int = 10, .max_int = 1000000, .unit = "points",
                   .source = "Optuna, TPESampler",
                   .help = "results to wait for before learning from them; until then points are random"),
    HONE_PARAM_INT(params, n_ei_candidates, .def_int = 24, .min_int = 1, .max_int = 10000, .unit = "candidates",
                   .source = "Optuna, TPESampler", .help = "drawn for each point, of which the most promising is taken"),
    HONE_PARAM_BOOL(params, multivariate, .def_int = 1, .source = "Optuna, TPESampler",
                    .help = "one density over all parameters that always count, not one for each"),
    HONE_PARAM_INT(params, lag, .def_int = 3, .max_int = 1000, .unit = "points",
                   .help = "newest results to do without, so that lag + 1 points can run at once"),
};

static const hone_searcher tpe = {
    .plugin = {HONE_PLUGIN(hone_searcher, HONE_KIND_SEARCHER), .name = "tpe",
               .summary = "points that look like the best so far: a tree-structured Parzen estimator",
               .source =
                   "Bergstra et al. 2011, Algorithms for hyper-parameter optimization; choices as in Optuna 5, TPESampler",
               .help =
                   "Has no end of its own: give `run_cap`. The same `sampler_seed` gives the same points, however many run at "
                   "once; `lag` bounds how many do.\n"
                   "Example: sweep: {method: tpe, run_cap: 40, parameters: {optimizer.learning_rate: "
                   "{distribution: log_uniform_values, min: 1.0e-5, max: 1.0e-4}}}",
               .also_named = "bayes", HONE_PARAMS(params, rows)},
    .lag = lag_of,
    .takes_history = 1,
    .create = create,
    .ask = ask,
};

HONE_MODULE(&tpe.plugin);
