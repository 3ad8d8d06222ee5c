/* grid.c - all combinations of a space's values, the last dimension fastest.
 *
 * Every dimension must have finitely many levels: choices, integers, or reals with a quantum. A dimension that does not count in a
 * point (`when`) takes no part there, so it does not multiply the points; points that break a constraint are left out.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>
#include <math.h>
#include <string.h>

/* More points than a double counts exactly are no sweep that anyone waits for. */
#define MOST_POINTS 9007199254740992.0
/* What conditions and constraints leave of a grid is counted one by one. */
#define MOST_SIFTED 1000000

/* Where the walk last stood, so that asking for 0, 1, 2, ... does not begin anew each time. The answer to ask(i) never depends on it. */
typedef struct cursor {
    bool valid, ended;
    uint64_t i;
    double *x;       /* [n] */
    uint64_t *level; /* [n] */
    uint64_t n;
    uint64_t total; /* what conditions and constraints leave */
} cursor;

/* 0: it has no end. */
static double levels_of(const hone_dimension *d)
{
    if (d->distribution == HONE_CATEGORICAL)
        return d->n_choices;
    const hone_steps steps = hone_steps_of(d);
    return steps.step > 0 && d->distribution <= HONE_INT_UNIFORM ? steps.last - steps.first + 1 : 0;
}

static double value_of(const hone_dimension *d, uint64_t level)
{
    if (d->distribution == HONE_CATEGORICAL)
        return (double)level;
    const hone_steps steps = hone_steps_of(d);
    return (steps.first + (double)level) * steps.step;
}

static hone_status check_dimension(const hone_dimension *d, hone_error *err)
{
    double levels = levels_of(d);
    if (d->distribution != HONE_CATEGORICAL && levels == 0 && !(d->quantum > 0))
        return hone_fail(err, HONE_EINVAL,
                         "%s is a continuous range, of which a grid cannot try every value; list some as `values: [...]`, or "
                         "use `method: random`",
                         d->name);
    if (!(levels >= 1))
        return hone_fail(err, HONE_EINVAL, "%s has no value at all between %g and %g; widen its range", d->name, d->min,
                         d->max);
    return HONE_OK;
}

static double product(const hone_space *space)
{
    double points = 1;
    for (uint64_t k = 0; k < space->n; k++)
        points *= levels_of(hone_dimension_at(space, k));
    return points;
}

static bool is_active(const hone_space *space, const double *x, uint64_t k)
{
    return !space->active || space->active(space->host, x, k);
}

/* Gives the dimensions from k on their first level, given those before. */
static void begin_from(cursor *c, const hone_space *space, uint64_t k)
{
    for (uint64_t j = k; j < c->n; j++)
        c->x[j] = NAN;
    for (; k < c->n; k++) {
        c->level[k] = 0;
        if (is_active(space, c->x, k))
            c->x[k] = value_of(hone_dimension_at(space, k), 0);
    }
}

/* To the next combination, whether allowed or not; false behind the last. */
static bool step(cursor *c, const hone_space *space)
{
    for (uint64_t k = c->n; k-- > 0;) {
        const hone_dimension *d = hone_dimension_at(space, k);
        if (isnan(c->x[k]) || (double)(c->level[k] + 1) >= levels_of(d))
            continue;
        c->level[k]++;
        c->x[k] = value_of(d, c->level[k]);
        begin_from(c, space, k + 1);
        return true;
    }
    return false;
}

static bool is_allowed(const hone_space *space, const double *x)
{
    return !space->allowed || space->allowed(space->host, x);
}

static hone_status make_room(const hone_self *self, const hone_space *space, hone_error *err)
{
    cursor *c = self->state;
    c->n = space->n;
    c->x = hone_alloc_array(self->trial, space->n, sizeof *c->x);
    c->level = hone_alloc_array(self->trial, space->n, sizeof *c->level);
    return c->x && c->level ? HONE_OK : hone_no_memory(err, "making room for a grid's point");
}

/* Counts what conditions and constraints leave, which is not a little and not nothing. */
static hone_status sift(cursor *c, const hone_space *space, hone_error *err)
{
    begin_from(c, space, 0);
    for (uint64_t tried = 0; !c->ended; tried++) {
        if (tried == MOST_SIFTED)
            return hone_fail(
                err, HONE_EINVAL,
                "the grid has more than %d combinations to sift by its conditions and constraints; use fewer values, "
                "or `method: random`",
                MOST_SIFTED);
        c->total += is_allowed(space, c->x);
        c->ended = !step(c, space);
    }
    if (c->total == 0)
        return hone_fail(err, HONE_EINVAL, "no combination of values meets the constraints; loosen them, or give more values");
    return HONE_OK;
}

static hone_status create(const hone_self *self, const hone_space *space, hone_error *err)
{
    for (uint64_t k = 0; k < space->n; k++)
        HONE_TRY(check_dimension(hone_dimension_at(space, k), err));
    HONE_TRY(make_room(self, space, err));
    if (space->active || space->allowed)
        return sift(self->state, space, err);
    if (product(space) > MOST_POINTS)
        return hone_fail(err, HONE_EINVAL,
                         "the grid has %g points, which no machine can run; use fewer values, or `method: random`",
                         product(space));
    return HONE_OK;
}

/* On to an allowed combination, this one included. */
static void settle(cursor *c, const hone_space *space)
{
    while (!c->ended && !is_allowed(space, c->x))
        c->ended = !step(c, space);
}

static void rewind_cursor(cursor *c, const hone_space *space)
{
    c->valid = true;
    c->ended = false;
    c->i = 0;
    begin_from(c, space, 0);
    settle(c, space);
}

static void advance(cursor *c, const hone_space *space)
{
    c->ended = !step(c, space);
    settle(c, space);
    c->i++;
}

/* Without conditions and constraints the i-th combination is i written in mixed radix. */
static hone_status ask_directly(const hone_space *space, uint64_t i, double *x)
{
    if ((double)i >= product(space))
        return HONE_END;
    for (uint64_t k = space->n; k-- > 0;) {
        const hone_dimension *d = hone_dimension_at(space, k);
        uint64_t levels = (uint64_t)levels_of(d);
        x[k] = value_of(d, i % levels);
        i /= levels;
    }
    return HONE_OK;
}

static hone_status ask(const hone_self *self, const hone_space *space, uint64_t i, const hone_history *history, double *x,
                       hone_error *err)
{
    cursor *c = self->state;
    (void)history;
    (void)err;
    if (!space->active && !space->allowed)
        return ask_directly(space, i, x);
    if (!c->valid || i < c->i)
        rewind_cursor(c, space);
    while (!c->ended && c->i < i)
        advance(c, space);
    if (c->ended)
        return HONE_END;
    if (c->n)
        memcpy(x, c->x, (size_t)c->n * sizeof *x);
    return HONE_OK;
}

static uint64_t count(const hone_self *self, const hone_space *space)
{
    const cursor *c = self->state;
    return space->active || space->allowed ? c->total : (uint64_t)product(space);
}

static const hone_searcher grid = {
    .plugin = {HONE_PLUGIN(hone_searcher, HONE_KIND_SEARCHER), .name = "grid",
               .summary = "all combinations of values, the last parameter fastest",
               .help = "Takes `values` and integer ranges, and real ranges with a quantum (`q`).\n"
                       "Example: sweep: {method: grid, parameters: {head.dropout: {values: [0.0, 0.1]}}}",
               .state_size = sizeof(cursor)},
    .create = create,
    .count = count,
    .ask = ask,
};

HONE_MODULE(&grid.plugin);
