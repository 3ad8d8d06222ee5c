/* draw.c - points drawn from the distributions of a space: all of random search, and how others begin.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/search.h>

#include <math.h>

/* Draws until the constraints hold. With one point in a thousand allowed, all fail for one search in 20,000. */
#define MOST_ATTEMPTS 10000

/* ---- Steps ------------------------------------------------------------------------------------------------------- */

static bool is_normal(const hone_dimension *d)
{
    return d->distribution == HONE_NORMAL || d->distribution == HONE_LOG_NORMAL;
}

/* Normal distributions need not have bounds. */
static bool is_bounded(const hone_dimension *d)
{
    return !is_normal(d) || d->min < d->max;
}

/* The allowance is for bounds like 0.3, which is no multiple of 0.1 in binary. */
hone_steps hone_steps_of(const hone_dimension *d)
{
    const double step = d->quantum > 0 ? d->quantum : d->distribution == HONE_INT_UNIFORM ? 1.0 : 0.0;
    if (d->distribution == HONE_CATEGORICAL || step == 0.0)
        return (hone_steps){0};
    if (!is_bounded(d))
        return (hone_steps){step, -(double)INFINITY, (double)INFINITY};
    return (hone_steps){step, ceil(d->min / step - 1e-9), floor(d->max / step + 1e-9)};
}

/* ---- Drawing ----------------------------------------------------------------------------------------------------- */

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
    const hone_steps steps = hone_steps_of(d);
    return (steps.first + (double)hone_random_below(s, 0, 0, (uint64_t)(steps.last - steps.first) + 1)) * steps.step;
}

/* To a value that the dimension can have. */
static double settle(double x, const hone_dimension *d)
{
    const hone_steps steps = hone_steps_of(d);
    if (steps.step > 0)
        return clamp(nearbyint(x / steps.step), steps.first, steps.last) * steps.step;
    return is_bounded(d) ? clamp(x, d->min, d->max) : x;
}

/* What lies beyond the bounds, where there are any, is drawn again. */
static double draw_normal(hone_stream s, const hone_dimension *d)
{
    double x = 0;
    for (uint64_t attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
        x = d->mu + d->sigma * hone_random_normal(s, 0, attempt);
        x = d->distribution == HONE_LOG_NORMAL ? exp(x) : x;
        if (!is_bounded(d) || (x >= d->min && x <= d->max))
            break;
    }
    return settle(x, d);
}

static double draw(hone_stream s, const hone_dimension *d)
{
    switch (d->distribution) {
    case HONE_CATEGORICAL:
        return draw_choice(s, d);
    case HONE_INT_UNIFORM:
        return draw_integer(s, d);
    case HONE_UNIFORM:
        return settle(d->min + hone_random_uniform(s, 0, 0) * (d->max - d->min), d);
    case HONE_LOG_UNIFORM:
        return settle(exp(log(d->min) + hone_random_uniform(s, 0, 0) * (log(d->max) - log(d->min))), d);
    default: /* HONE_NORMAL and HONE_LOG_NORMAL; hone_space_check() knows no other */
        return draw_normal(s, d);
    }
}

static void draw_point(const hone_space *space, uint64_t seed, uint64_t i, uint64_t attempt, double *x)
{
    for (uint64_t k = 0; k < space->n; k++)
        x[k] = (double)NAN;
    for (uint64_t k = 0; k < space->n; k++) {
        const hone_dimension *d = hone_dimension_at(space, k);
        const hone_key key = {.seed = seed, .scope = hone_scope_hash(d->name), .step = i, .pass = attempt};
        if (!space->active || space->active(space->host, x, k))
            x[k] = draw(hone_stream_of(&key), d);
    }
}

hone_status hone_space_draw(const hone_space *space, uint64_t seed, uint64_t i, double *x, hone_error *err)
{
    for (uint64_t attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
        draw_point(space, seed, i, attempt, x);
        if (!space->allowed || space->allowed(space->host, x))
            return HONE_OK;
    }
    return hone_fail(err, HONE_EINVAL, "point %llu: none of %d draws meets the constraints; loosen them or narrow the ranges",
                     (unsigned long long)i, MOST_ATTEMPTS);
}

/* ---- Checking ---------------------------------------------------------------------------------------------------- */

static hone_status check_dimension(const hone_dimension *d, hone_error *err)
{
    if (d->distribution < HONE_CATEGORICAL || d->distribution > HONE_LOG_NORMAL)
        return hone_fail(err, HONE_EUNSUPPORTED, "the distribution (number %u) of %s is not known here", d->distribution,
                         d->name);
    const hone_steps steps = hone_steps_of(d);
    if (d->distribution == HONE_CATEGORICAL ? d->n_choices == 0
                                            : (!is_normal(d) && d->min > d->max) || steps.first > steps.last)
        return hone_fail(err, HONE_EINVAL, "%s has no value to draw from", d->name);
    if (d->distribution == HONE_LOG_UNIFORM && !(d->min > 0))
        return hone_fail(err, HONE_EINVAL, "%s has min %g; the logarithm needs a min above 0", d->name, d->min);
    return HONE_OK;
}

hone_status hone_space_check(const hone_space *space, hone_error *err)
{
    for (uint64_t k = 0; k < space->n; k++)
        HONE_TRY(check_dimension(hone_dimension_at(space, k), err));
    return HONE_OK;
}
