/* null.c - the searcher with one point: every dimension at its first choice or its lower end.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/search.h>

#include <math.h>

static uint64_t count(const hone_self *self, const hone_space *space)
{
    (void)self;
    (void)space;
    return 1;
}

static double first_value(const hone_dimension *d)
{
    switch (d->distribution) {
    case HONE_CATEGORICAL:
        return 0.0;
    case HONE_NORMAL:
        return d->mu;
    case HONE_LOG_NORMAL:
        return exp(d->mu);
    default:
        return hone_steps_of(d).step > 0.0 ? hone_steps_of(d).first * hone_steps_of(d).step : d->min;
    }
}

static hone_status ask(const hone_self *self, const hone_space *space, uint64_t i, const hone_history *history, double *x,
                       hone_error *err)
{
    (void)self;
    (void)history;
    if (i > 0)
        return HONE_END;
    for (uint64_t d = 0; d < space->n; d++)
        x[d] = !space->active || space->active(space->host, x, d) ? first_value(hone_dimension_at(space, d)) : (double)NAN;
    if (space->allowed && !space->allowed(space->host, x))
        return hone_fail(err, HONE_EINVAL, "the searcher null has one point, and the constraints do not allow it");
    return HONE_OK;
}

static const hone_searcher null_searcher = {
    .plugin = {HONE_PLUGIN(hone_searcher, HONE_KIND_SEARCHER), .name = "null",
               .summary = "one point: the first of every choice, the lower end of every range"},
    .count = count,
    .ask = ask,
};
HONE_MODULE(&null_searcher.plugin);
