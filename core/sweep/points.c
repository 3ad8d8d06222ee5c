/* points.c - the points of a sweep: drawn from its searcher in order, with what became of each.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sweep/points.h"

#include "plugin/registry.h"

#include <math.h>
#include <string.h>

/* ---- Making ------------------------------------------------------------------------------------------------------ */

static const hone_searcher *search_of(const hone__points *p)
{
    return (const hone_searcher *)(const void *)p->searcher->plugin;
}

static uint64_t count(const hone__points *p)
{
    const hone_searcher *search = search_of(p);
    const uint64_t all = search->count ? search->count(p->searcher, &p->space) : 0;
    const uint64_t cap = p->sweep->run_cap > 0 ? (uint64_t)p->sweep->run_cap : 0;
    return !all || (cap && cap < all) ? cap : all;
}

static hone_status make_searcher(hone__points *p, hone_arena *step, hone_log *log, hone_error *err)
{
    const hone__section *section = &p->sweep->searcher;
    const hone_searcher *search = (const hone_searcher *)(const void *)section->plugin->table;
    p->searcher = hone__instance(p->arena, step, &search->plugin, section->params, p->sweep->sampler_seed, NULL, log);
    if (!p->searcher)
        return hone_no_memory(err, "making the searcher");
    hone_error why;
    hone_status status = search->create ? search->create(p->searcher, &p->space, &why) : HONE_OK;
    if (status != HONE_OK)
        return hone_fail(err, status, "sweep.method: %.900s", why.msg);
    p->total = count(p);
    if (!p->total)
        return hone_fail(err, HONE_ECONFIG, "sweep.method %s never ends by itself; give sweep.run_cap", search->plugin.name);
    return HONE_OK;
}

static hone_status lay_out(hone__points *p, hone_arena *step, const hone__experiment *e, hone_log *log, hone_error *err)
{
    p->seeds = e->sweep ? e->sweep->seeds : &e->seed;
    p->n_seeds = e->sweep ? e->sweep->n_seeds : 1;
    p->total = 1;
    if (p->sweep) {
        p->space = hone__sweep_space(p->arena, p->sweep);
        if (p->space.n && !p->space.dimensions)
            return hone_no_memory(err, "laying out a search space");
        HONE_TRY(make_searcher(p, step, log, err));
    }
    p->limit = p->total;
    return HONE_OK;
}

hone_status hone__points_create(hone_arena *arena, hone_arena *step, const hone__experiment *e, hone_log *log,
                                hone__points **points, hone_error *err)
{
    hone__points *p = hone_alloc(arena, sizeof *p);
    if (!p)
        return hone_no_memory(err, "laying out a sweep");
    *p = (hone__points){.arena = arena, .sweep = e->sweep};
    hone_status status = lay_out(p, step, e, log, err);
    if (status == HONE_OK)
        *points = p;
    else
        hone__points_destroy(p);
    return status;
}

void hone__points_destroy(hone__points *p)
{
    if (p)
        hone__instance_destroy(p->searcher);
}

/* ---- Drawing ----------------------------------------------------------------------------------------------------- */

static bool takes_history(const hone__points *p)
{
    return p->searcher && search_of(p)->takes_history;
}

/* The points that ask(i) may see: those before i less the last `lag`. */
static uint64_t visible(const hone__points *p, uint64_t i)
{
    if (!takes_history(p))
        return 0;
    const uint64_t lag = search_of(p)->lag ? search_of(p)->lag(p->searcher) : 0;
    return i > lag ? i - lag : 0;
}

size_t hone__points_at_once(const hone__points *p)
{
    const uint64_t asked = p->sweep && p->sweep->max_concurrent_trials > 1 ? (uint64_t)p->sweep->max_concurrent_trials : 1;
    const uint64_t lag = takes_history(p) && search_of(p)->lag ? search_of(p)->lag(p->searcher) : 0;
    uint64_t points = p->total;
    if (takes_history(p) && lag < points)
        points = lag + 1;
    const uint64_t most = points * p->n_seeds;
    return (size_t)(asked < most ? asked : most);
}

static bool must_wait(const hone__points *p)
{
    for (uint64_t i = 0; i < visible(p, p->n_drawn); i++)
        if (!hone__point_ended(p, i))
            return true;
    return false;
}

/* The first seed that was ended early, which then stands for its point; NULL
 * where none was, or one failed. */
static const hone__seed_run *pruned_run(const hone__points *p, uint64_t point)
{
    const hone__seed_run *found = NULL;
    for (size_t i = p->n_seeds; i-- > 0;) {
        const hone__seed_run *run = &p->drawn[point].runs[i];
        if (run->state == HONE__TRIAL_FAILED)
            return NULL;
        if (run->state == HONE__TRIAL_PRUNED)
            found = run;
    }
    return found;
}

static hone_point as_searchers_see(const hone__points *p, uint64_t i)
{
    const hone__seed_run *pruned = pruned_run(p, i);
    if (pruned)
        return (hone_point){
            .x = p->drawn[i].x, .state = HONE_POINT_PRUNED, .value = NAN, .n_curve = pruned->n_curve, .curve = pruned->curve};
    const bool complete = hone__point_complete(p, i);
    const double mean = hone__point_mean(p, i);
    return (hone_point){.x = p->drawn[i].x,
                        .state = complete ? HONE_POINT_COMPLETE : HONE_POINT_FAILED,
                        .value = !complete            ? NAN
                                 : p->sweep->maximize ? mean
                                                      : -mean};
}

static hone_status ask(const hone__points *p, hone_arena *step, double *x, hone_error *err)
{
    if (!p->searcher)
        return HONE_OK;
    const uint64_t n = visible(p, p->n_drawn);
    hone_point *points = hone_alloc_array(step, n, sizeof *points);
    if (!points)
        return hone_no_memory(err, "asking for the next point");
    for (uint64_t i = 0; i < n; i++)
        points[i] = as_searchers_see(p, i);
    const hone_history history = {.size = sizeof history, .n = n, .points = points, .point_size = sizeof *points};
    HONE_TRY(search_of(p)->ask(p->searcher, &p->space, p->n_drawn, &history, x, err));
    for (size_t i = 0; i < p->space.n; i++) /* as the journal keeps them */
        if (p->sweep->dimensions[i].integer && isfinite(x[i]))
            x[i] = round(x[i]);
    return HONE_OK;
}

static hone_status make_room(hone__points *p, hone_error *err)
{
    if (p->n_drawn < p->cap)
        return HONE_OK;
    const uint64_t cap = p->cap ? 2 * p->cap : 16;
    hone__drawn *more = hone_alloc_array(p->arena, cap, sizeof *more);
    if (!more)
        return hone_no_memory(err, "keeping the points of a sweep");
    if (p->n_drawn)
        memcpy(more, p->drawn, p->n_drawn * sizeof *more);
    p->drawn = more;
    p->cap = cap;
    return HONE_OK;
}

static bool same_values(const hone__points *p, const double *a, const double *b)
{
    for (size_t i = 0; i < p->space.n; i++)
        if (a[i] != b[i] && !(isnan(a[i]) && isnan(b[i])))
            return false;
    return true;
}

static int64_t find_twin(const hone__points *p, const double *x)
{
    for (uint64_t i = 0; i < p->n_drawn; i++)
        if (same_values(p, p->drawn[i].x, x))
            return (int64_t)i;
    return -1;
}

hone_status hone__points_add(hone__points *p, const double *x, hone_error *err)
{
    HONE_TRY(make_room(p, err));
    hone__drawn *d = &p->drawn[p->n_drawn];
    /* One piece for both: arenas round each up. */
    d->runs = hone_alloc(p->arena, p->n_seeds * sizeof *d->runs + (size_t)p->space.n * sizeof *d->x);
    if (!d->runs)
        return hone_no_memory(err, "keeping the points of a sweep");
    d->x = (double *)(void *)(d->runs + p->n_seeds);
    if (p->space.n)
        memcpy(d->x, x, (size_t)p->space.n * sizeof *x);
    for (size_t i = 0; i < p->n_seeds; i++)
        d->runs[i] = (hone__seed_run){.trial = -1, .state = HONE__TRIAL_WAITING, .value = NAN};
    d->twin = find_twin(p, d->x);
    p->n_drawn++;
    return HONE_OK;
}

static hone_status draw(hone__points *p, hone_arena *step, hone__turn *turn, hone_error *err)
{
    double *x = hone_alloc_array(step, (size_t)p->space.n, sizeof *x);
    if (!x)
        return hone_no_memory(err, "asking for the next point");
    hone_status status = ask(p, step, x, err);
    *turn = HONE__TURN_MAKE;
    if (status != HONE_END)
        return status == HONE_OK ? hone__points_add(p, x, err) : status;
    hone__points_close(p);
    *turn = HONE__TURN_END;
    return HONE_OK;
}

/* ---- The next trial ---------------------------------------------------------------------------------------------- */

void hone__points_close(hone__points *p)
{
    p->limit = p->n_drawn;
}

bool hone__points_done(const hone__points *p)
{
    return p->open >= p->n_drawn && p->n_drawn >= p->limit;
}

/* The same seed of the same point before; NULL where there is none, or it is of no use. */
static const hone__seed_run *same_before(const hone__points *p, uint64_t point, size_t seed)
{
    const int64_t twin = p->drawn[point].twin;
    return twin < 0 || p->sweep->run_duplicates ? NULL : &p->drawn[twin].runs[seed];
}

const hone__seed_run *hone__points_twin(const hone__points *p, uint64_t point, size_t seed)
{
    const hone__seed_run *run = same_before(p, point, seed);
    return run && run->state == HONE__TRIAL_COMPLETE ? run : NULL;
}

hone_status hone__points_next(hone__points *p, hone_arena *step, hone__turn *turn, uint64_t *point, size_t *seed,
                              hone_error *err)
{
    *turn = HONE__TURN_MAKE;
    if (hone__points_done(p))
        *turn = HONE__TURN_END;
    else if (p->open >= p->n_drawn && must_wait(p))
        *turn = HONE__TURN_WAIT;
    else if (p->open >= p->n_drawn)
        HONE_TRY(draw(p, step, turn, err));
    if (*turn != HONE__TURN_MAKE)
        return HONE_OK;
    *point = p->open;
    *seed = 0;
    while (p->drawn[p->open].runs[*seed].trial >= 0)
        ++*seed;
    const hone__seed_run *same = same_before(p, *point, *seed);
    if (same && same->state == HONE__TRIAL_RUNNING)
        *turn = HONE__TURN_WAIT;
    return HONE_OK;
}

void hone__points_made(hone__points *p, uint64_t point, size_t seed, uint64_t trial)
{
    hone__drawn *d = &p->drawn[point];
    hone__seed_run *run = &d->runs[seed];
    d->made += run->trial < 0;
    d->ended -= run->trial >= 0 && run->state != HONE__TRIAL_RUNNING;
    hone__seed_run fresh = {.trial = (int64_t)trial, .last_step = -1};
    if (run->trial == (int64_t)trial) /* it goes on, with its past */
        fresh = *run;
    fresh.state = HONE__TRIAL_RUNNING;
    fresh.value = NAN;
    *run = fresh;
    while (p->open < p->n_drawn && p->drawn[p->open].made == p->n_seeds)
        p->open++;
}

/* Grows in powers of two, each in a new place of the arena. */
static bool lengthen(hone__points *p, hone__seed_run *run)
{
    const uint32_t n = run->n_curve;
    if (n & (n - 1))
        return true;
    double *more = hone_alloc_array(p->arena, n ? 2 * (size_t)n : 1, sizeof *more);
    if (more && n)
        memcpy(more, run->curve, n * sizeof *more);
    run->curve = more ? more : run->curve;
    return more != NULL;
}

bool hone__points_evaluated(hone__points *p, uint64_t point, size_t seed, int64_t step, double value)
{
    hone__seed_run *run = &p->drawn[point].runs[seed];
    if (!p->sweep || !p->sweep->stopper.plugin || step <= run->last_step || !lengthen(p, run))
        return false;
    run->curve[run->n_curve++] = p->sweep->maximize ? value : -value;
    run->last_step = step;
    return true;
}

void hone__points_ended(hone__points *p, uint64_t point, size_t seed, int state, double value)
{
    hone__seed_run *run = &p->drawn[point].runs[seed];
    p->drawn[point].ended += run->state == HONE__TRIAL_RUNNING;
    run->state = state;
    run->value = value;
}

/* ---- What became of a point -------------------------------------------------------------------------------------- */

bool hone__point_ended(const hone__points *p, uint64_t point)
{
    return p->drawn[point].ended == p->n_seeds;
}

bool hone__point_complete(const hone__points *p, uint64_t point)
{
    for (size_t i = 0; i < p->n_seeds; i++)
        if (p->drawn[point].runs[i].state != HONE__TRIAL_COMPLETE)
            return false;
    return true;
}

double hone__point_mean(const hone__points *p, uint64_t point)
{
    double sum = 0;
    size_t n = 0;
    for (size_t i = 0; i < p->n_seeds; i++) {
        const double value = p->drawn[point].runs[i].value;
        sum += isnan(value) ? 0 : value;
        n += !isnan(value);
    }
    return n ? sum / (double)n : NAN;
}

static double at(const double *values, size_t stride, size_t i)
{
    return *(const double *)(const void *)((const char *)values + i * stride);
}

/* How many of the values are better than that one, or equal to it and stand before it. */
static size_t rank_of(const double *values, size_t stride, size_t n, size_t i, bool maximize)
{
    const double mine = at(values, stride, i);
    size_t rank = 0;
    for (size_t k = 0; k < n; k++) {
        const double other = at(values, stride, k);
        rank += (maximize ? other > mine : other < mine) || (other == mine && k < i);
    }
    return rank;
}

/* The values stand `stride` bytes apart. */
static size_t median_of(const double *values, size_t stride, size_t n, bool maximize)
{
    size_t counted = 0;
    for (size_t i = 0; i < n; i++)
        counted += !isnan(at(values, stride, i));
    for (size_t i = 0; i < n; i++)
        if (!isnan(at(values, stride, i)) && rank_of(values, stride, n, i, maximize) == counted / 2)
            return i;
    return n;
}

size_t hone__median_of(const double *values, size_t n, bool maximize)
{
    return median_of(values, sizeof *values, n, maximize);
}

size_t hone__point_median(const hone__points *p, uint64_t point)
{
    const hone__seed_run *runs = p->drawn[point].runs;
    return median_of(&runs->value, sizeof *runs, p->n_seeds, !p->sweep || p->sweep->maximize);
}

/* ---- Without running anything ------------------------------------------------------------------------------------ */

hone_status hone__sweep_count(hone_arena *arena, const hone__experiment *e, uint64_t *n, hone_error *err)
{
    hone_error why;
    hone__points *p = NULL;
    hone_status status = hone__points_create(arena, arena, e, NULL, &p, &why);
    if (status != HONE_OK)
        return hone_fail(err, status == HONE_ENOMEM ? status : HONE_ECONFIG, "%s: %.900s", e->file, why.msg);
    *n = p->total;
    hone__points_destroy(p);
    return HONE_OK;
}

static hone_status first_of(hone__points *p, const hone__experiment *e, hone__yaml **root, hone_error *err)
{
    hone__turn turn;
    uint64_t point;
    size_t seed;
    const hone__yaml **values = NULL;
    HONE_TRY(hone__points_next(p, p->arena, &turn, &point, &seed, err));
    if (turn != HONE__TURN_MAKE)
        return hone_fail(err, HONE_EINVAL, "sweep.method gives no point");
    if (p->sweep)
        HONE_TRY(hone__sweep_values(p->arena, p->sweep, p->drawn[point].x, &values, err));
    return hone__experiment_point(p->arena, e, values, p->seeds[seed], root, err);
}

hone_status hone__sweep_first(hone_arena *arena, const hone__experiment *e, hone__yaml **root, hone_error *err)
{
    hone__points *p = NULL;
    HONE_TRY(hone__points_create(arena, arena, e, NULL, &p, err));
    const hone_status status = first_of(p, e, root, err);
    hone__points_destroy(p);
    return status;
}
