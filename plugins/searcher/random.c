/* random.c - points drawn independently of each other.
 *
 * Each value comes from a counter: the sampler's seed, the dimension's name, the point's number and the attempt. So point i is the
 * same whoever asks and in whatever order, and a further parameter leaves the values of the others as they were.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>
#include <math.h>

/* Draws until the constraints hold. With one point in a thousand allowed, all fail for one search in 20,000. */
#define MOST_ATTEMPTS 10000

static hone_stream stream_of(uint64_t seed, const hone_dimension *d, uint64_t i, uint64_t attempt)
{
    hone_key key = {.seed = seed, .scope = hone_scope_hash(d->name), .step = i, .pass = attempt};
    return hone_stream_of(&key);
}

static double draw_choice(hone_stream s, const hone_dimension *d)
{
    if (!d->probabilities)
        return (double)hone_random_below(s, 0, 0, d->n_choices);
    double u = hone_random_uniform(s, 0, 0), sum = 0;
    uint32_t last = 0; /* of those that can be drawn at all: rounding may leave the sum a little below 1 */
    for (uint32_t c = 0; c < d->n_choices; c++) {
        if (!(d->probabilities[c] > 0))
            continue;
        last = c;
        sum += d->probabilities[c];
        if (u < sum)
            break;
    }
    return last;
}

static double clamp(double x, double low, double high)
{
    return x < low ? low : x > high ? high : x;
}

/* Uniform over the integers, or over the multiples of the quantum, of the range. */
static double draw_integer(hone_stream s, const hone_dimension *d)
{
    double q = d->quantum > 0 ? d->quantum : 1;
    double first = ceil(d->min / q - 1e-9), last = floor(d->max / q + 1e-9);
    return (first + (double)hone_random_below(s, 0, 0, (uint64_t)(last - first) + 1)) * q;
}

/* To a multiple of the quantum, kept within the range where there is one. */
static double quantise(double x, const hone_dimension *d, bool bounded)
{
    if (!(d->quantum > 0))
        return x;
    double k = nearbyint(x / d->quantum);
    if (bounded)
        k = clamp(k, ceil(d->min / d->quantum - 1e-9), floor(d->max / d->quantum + 1e-9));
    return k * d->quantum;
}

/* A value of a distribution without ends; one beyond the bounds, where there are any, is drawn again. */
static double draw_normal(hone_stream s, const hone_dimension *d)
{
    const bool bounded = d->min < d->max;
    double x = 0;
    for (uint64_t attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
        x = d->mu + d->sigma * hone_random_normal(s, 0, attempt);
        x = quantise(d->distribution == HONE_LOG_NORMAL ? exp(x) : x, d, bounded);
        if (!bounded || (x >= d->min && x <= d->max))
            return x;
    }
    return clamp(x, d->min, d->max); /* not a draw in ten thousand */
}

static double draw(hone_stream s, const hone_dimension *d)
{
    double u;
    switch (d->distribution) {
    case HONE_CATEGORICAL:
        return draw_choice(s, d);
    case HONE_INT_UNIFORM:
        return draw_integer(s, d);
    case HONE_UNIFORM:
        u = hone_random_uniform(s, 0, 0);
        return quantise(clamp(d->min + u * (d->max - d->min), d->min, d->max), d, true);
    case HONE_LOG_UNIFORM:
        u = hone_random_uniform(s, 0, 0);
        return quantise(clamp(exp(log(d->min) + u * (log(d->max) - log(d->min))), d->min, d->max), d, true);
    default: /* HONE_NORMAL and HONE_LOG_NORMAL; create() knows no other */
        return draw_normal(s, d);
    }
}

static hone_status check_dimension(const hone_dimension *d, hone_error *err)
{
    if (d->distribution < HONE_CATEGORICAL || d->distribution > HONE_LOG_NORMAL)
        return hone_fail(err, HONE_EUNSUPPORTED, "random does not know the distribution (number %u) of %s", d->distribution,
                         d->name);
    double q = d->quantum;
    bool bounded = d->distribution >= HONE_UNIFORM && d->distribution <= HONE_INT_UNIFORM;
    bool skipped = bounded && q > 0 && ceil(d->min / q - 1e-9) > floor(d->max / q + 1e-9); /* no multiple inside */
    if (d->distribution == HONE_CATEGORICAL ? d->n_choices == 0 : (bounded && d->min > d->max) || skipped)
        return hone_fail(err, HONE_EINVAL, "%s has no value to draw from", d->name);
    if (d->distribution == HONE_LOG_UNIFORM && !(d->min > 0))
        return hone_fail(err, HONE_EINVAL, "%s has min %g; the logarithm needs a min above 0", d->name, d->min);
    return HONE_OK;
}

static void draw_point(const hone_space *space, uint64_t seed, uint64_t i, uint64_t attempt, double *x)
{
    for (uint64_t k = 0; k < space->n; k++)
        x[k] = NAN;
    for (uint64_t k = 0; k < space->n; k++) {
        const hone_dimension *d = hone_dimension_at(space, k);
        if (!space->active || space->active(space->host, x, k))
            x[k] = draw(stream_of(seed, d, i, attempt), d);
    }
}

static hone_status draw_allowed(const hone_space *space, uint64_t seed, uint64_t i, double *x, hone_error *err)
{
    for (uint64_t attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
        draw_point(space, seed, i, attempt, x);
        if (!space->allowed || space->allowed(space->host, x))
            return HONE_OK;
    }
    return hone_fail(err, HONE_EINVAL, "point %llu: none of %d draws meets the constraints; loosen them or narrow the ranges",
                     (unsigned long long)i, MOST_ATTEMPTS);
}

/* The first point is drawn already here, so that a space that is empty, or nearly so, is refused before anything runs. */
static hone_status create(const hone_self *self, const hone_space *space, hone_error *err)
{
    for (uint64_t k = 0; k < space->n; k++)
        HONE_TRY(check_dimension(hone_dimension_at(space, k), err));
    double *x = hone_alloc_array(self->trial, space->n, sizeof *x);
    return x ? draw_allowed(space, self->seed, 0, x, err) : hone_no_memory(err, "drawing a point");
}

static hone_status ask(const hone_self *self, const hone_space *space, uint64_t i, const hone_history *history, double *x,
                       hone_error *err)
{
    (void)history;
    return draw_allowed(space, self->seed, i, x, err);
}

static const hone_searcher random_search = {
    .plugin = {HONE_PLUGIN(hone_searcher, HONE_KIND_SEARCHER), .name = "random",
               .summary = "points drawn independently from every parameter's distribution",
               .source = "Bergstra and Bengio 2012, Random search for hyper-parameter optimization",
               .help = "Has no end of its own: give `run_cap`. The same `sampler_seed` gives the same points.\n"
                       "Example: sweep: {method: random, run_cap: 12, parameters: {optimizer.learning_rate: "
                       "{distribution: log_uniform_values, min: 1.0e-5, max: 1.0e-4}}}"},
    .create = create,
    .ask = ask,
};

HONE_MODULE(&random_search.plugin);
