/* test_tpe.c - what tpe does with startup points, conditions, constraints, pruned, failed and awaited points. How well it searches is
 * compared with Optuna's in tests/golden/test_search.c.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "plugins/instance.h"

#include <math.h>

enum { POINTS = 40 };

typedef struct tpe_params { /* as in plugins/searcher/tpe.c */
    int64_t n_startup_trials, n_ei_candidates, lag;
    bool multivariate;
} tpe_params;

static const double shares[] = {0.5, 0.0, 0.5};
static const hone_dimension all[] = {
    {.name = "choice", .distribution = HONE_CATEGORICAL, .n_choices = 3, .probabilities = shares},
    {.name = "uniform", .distribution = HONE_UNIFORM, .min = -1, .max = 3},
    {.name = "log", .distribution = HONE_LOG_UNIFORM, .min = 1e-5, .max = 1e-1},
    {.name = "integer", .distribution = HONE_INT_UNIFORM, .min = 2, .max = 4},
    {.name = "normal", .distribution = HONE_NORMAL, .mu = 5, .sigma = 2},
    {.name = "log_normal", .distribution = HONE_LOG_NORMAL, .mu = 0, .sigma = 0.5, .quantum = 0.25},
    {.name = "quantised", .distribution = HONE_UNIFORM, .min = 0, .max = 1, .quantum = 0.25},
    {.name = "one", .distribution = HONE_INT_UNIFORM, .min = 3, .max = 3},
};
enum { CHOICE, UNIFORM, LOG, INTEGER, NORMAL, LOG_NORMAL, QUANTISED, ONE, N };

/* The logarithmic one counts where the choice is the third; the integer where it is not. */
static bool is_active(const void *host, const double *x, uint64_t d)
{
    (void)host;
    return d == LOG ? x[CHOICE] == 2 : d != INTEGER || x[CHOICE] != 2;
}

static bool is_allowed(const void *host, const double *x)
{
    (void)host;
    return x[UNIFORM] + x[QUANTISED] <= 1.5;
}

static bool never_allowed(const void *host, const double *x)
{
    (void)host;
    (void)x;
    return false;
}

static const hone_space space = {
    .size = sizeof space, .n = N, .dimensions = all, .dimension_size = sizeof *all, .active = is_active, .allowed = is_allowed};

typedef struct run {
    instance in;
    tpe_params params;
    double x[POINTS][N];
    hone_point points[POINTS];
} run;

static const hone_searcher *searcher(const run *r)
{
    return (const hone_searcher *)(const void *)r->in.self.plugin;
}

static void open_run(run *r, int64_t lag)
{
    r->params = (tpe_params){10, 24, lag, true};
    instance_open(&r->in, "searcher/tpe", &r->params, 5);
}

static hone_status ask(run *r, uint64_t i, uint64_t known, double *x)
{
    hone_error err;
    const hone_history history = {sizeof history, known, r->points, sizeof *r->points};
    const hone_status status = searcher(r)->ask(&r->in.self, &space, i, &history, x, &err);
    hone__arena_reset(r->in.self.step);
    return status;
}

/* The best is at uniform = 1, normal = 6. */
static double value_of(const double *x)
{
    return -fabs(x[UNIFORM] - 1) - fabs(x[NORMAL] - 6) / 4;
}

static void fill(run *r, uint64_t n, uint64_t lag)
{
    for (uint64_t i = 0; i < n; i++) {
        ck_assert_int_eq(ask(r, i, i > lag ? i - lag : 0, r->x[i]), HONE_OK);
        r->points[i] = (hone_point){.x = r->x[i], .state = HONE_POINT_COMPLETE, .value = value_of(r->x[i])};
    }
}

static bool same(const double *a, const double *b)
{
    for (int d = 0; d < N; d++)
        if (!(a[d] == b[d] || (isnan(a[d]) && isnan(b[d]))))
            return false;
    return true;
}

START_TEST(points_are_of_the_space_and_follow_its_conditions_and_constraints)
{
    static run r;
    int third = 0;
    open_run(&r, 0);
    fill(&r, POINTS, 0);
    for (int i = 0; i < POINTS; i++) {
        const double *x = r.x[i];
        ck_assert(x[CHOICE] == 0 || x[CHOICE] == 2);
        ck_assert(x[UNIFORM] >= -1 && x[UNIFORM] <= 3);
        ck_assert(x[CHOICE] == 2 ? x[LOG] >= 1e-5 && x[LOG] <= 1e-1 : isnan(x[LOG]));
        ck_assert(x[CHOICE] == 2 ? isnan(x[INTEGER]) : x[INTEGER] == 2 || x[INTEGER] == 3 || x[INTEGER] == 4);
        ck_assert(isfinite(x[NORMAL]) && x[LOG_NORMAL] >= 0 && x[LOG_NORMAL] * 4 == floor(x[LOG_NORMAL] * 4));
        ck_assert(x[QUANTISED] >= 0 && x[QUANTISED] <= 1 && x[QUANTISED] * 4 == floor(x[QUANTISED] * 4));
        ck_assert(x[ONE] == 3);
        ck_assert(is_allowed(NULL, x));
        third += x[CHOICE] == 2;
    }
    ck_assert(third > 0 && third < POINTS);
    instance_close(&r.in);
}
END_TEST

START_TEST(the_first_points_are_those_of_random_search)
{
    static run r;
    hone_error err;
    double drawn[N];
    open_run(&r, 0);
    fill(&r, 11, 0);
    for (uint64_t i = 0; i < 11; i++) {
        ck_assert_int_eq(hone_space_draw(&space, r.in.self.seed, i, drawn, &err), HONE_OK);
        ck_assert(same(drawn, r.x[i]) == (i < 10));
    }
    instance_close(&r.in);
}
END_TEST

START_TEST(it_comes_nearer_to_the_best)
{
    static run r;
    double first = 0, last = 0;
    open_run(&r, 0);
    fill(&r, POINTS, 0);
    for (int i = 0; i < 10; i++) {
        first += value_of(r.x[i]);
        last += value_of(r.x[POINTS - 10 + i]);
    }
    ck_assert_msg(last > first / 2, "the mean went from %g to %g", first / 10, last / 10);
    instance_close(&r.in);
}
END_TEST

START_TEST(a_failed_point_says_nothing)
{
    static run r;
    double with[N], without[N];
    open_run(&r, 0);
    fill(&r, 20, 0);
    r.points[7].state = HONE_POINT_FAILED;
    ck_assert_int_eq(ask(&r, 20, 20, with), HONE_OK);
    r.points[7].value = 1000;
    for (int d = 0; d < N; d++)
        r.x[7][d] = all[d].distribution == HONE_CATEGORICAL ? 0 : all[d].max;
    ck_assert_int_eq(ask(&r, 20, 20, without), HONE_OK);
    ck_assert(same(with, without));
    instance_close(&r.in);
}
END_TEST

/* Twenty results make two the best of them; among pruned points those count that came further, and then the better ones. */
START_TEST(pruned_points_come_behind_complete_ones)
{
    static run r;
    static const double curves[3][2] = {{50, 60}, {-1, -2}, {70, NAN}};
    double base[N], other[N];
    open_run(&r, 0);
    fill(&r, 20, 0);
    r.points[3] = (hone_point){.x = r.x[3], .state = HONE_POINT_PRUNED, .value = NAN, .n_curve = 2, .curve = curves[0]};
    ck_assert_int_eq(ask(&r, 20, 20, base), HONE_OK);
    r.points[3].curve = curves[1]; /* behind all complete ones, whatever it had reached */
    ck_assert_int_eq(ask(&r, 20, 20, other), HONE_OK);
    ck_assert(same(base, other));
    for (int i = 1; i < 20; i++) /* now one complete point and nineteen pruned ones */
        r.points[i] = (hone_point){.x = r.x[i], .state = HONE_POINT_PRUNED, .value = NAN, .n_curve = 1, .curve = curves[1]};
    r.points[5].n_curve = 2;
    ck_assert_int_eq(ask(&r, 20, 20, base), HONE_OK);
    r.points[6].curve = curves[0]; /* 50 after one evaluation, but 5 came further */
    ck_assert_int_eq(ask(&r, 20, 20, other), HONE_OK);
    ck_assert(same(base, other));
    r.points[6].n_curve = 2; /* as far, and better */
    ck_assert_int_eq(ask(&r, 20, 20, other), HONE_OK);
    ck_assert(!same(base, other));
    r.points[6].curve = curves[2]; /* NaN is worse than anything */
    ck_assert_int_eq(ask(&r, 20, 20, other), HONE_OK);
    ck_assert(same(base, other));
    instance_close(&r.in);
}
END_TEST

START_TEST(a_point_depends_on_no_result_that_is_awaited)
{
    static run r;
    double again[N];
    open_run(&r, 3);
    fill(&r, 30, 3);
    for (uint64_t i = 30; i > 0; i--) {
        ck_assert_int_eq(ask(&r, i - 1, i - 1 > 3 ? i - 4 : 0, again), HONE_OK);
        ck_assert(same(again, r.x[i - 1]));
    }
    instance_close(&r.in);
}
END_TEST

/* A searcher that awaits the newest point, beside one that awaits none: first the newest failed, which says nothing; then it was worse
 * than all, which says what is assumed of awaited ones. */
START_TEST(awaited_points_count_among_the_others)
{
    static run r, other;
    double behind[N], failed[N], worst[N];
    int differ = 0;
    open_run(&r, 1);
    fill(&r, POINTS, 1);
    open_run(&other, 0);
    memcpy(other.x, r.x, sizeof r.x);
    for (uint64_t i = 12; i < POINTS; i++) {
        for (uint64_t k = 0; k < i; k++)
            other.points[k] = (hone_point){.x = other.x[k], .state = HONE_POINT_COMPLETE, .value = r.points[k].value};
        ck_assert_int_eq(ask(&r, i, i - 1, behind), HONE_OK);
        other.points[i - 1].value = -1e9;
        ck_assert_int_eq(ask(&other, i, i, worst), HONE_OK);
        other.points[i - 1].state = HONE_POINT_FAILED;
        ck_assert_int_eq(ask(&other, i, i, failed), HONE_OK);
        /* Ten more results make one more of them the best; then they are parted otherwise. */
        ck_assert(same(behind, worst) || i % 10 == 1);
        differ += !same(behind, failed);
    }
    ck_assert_int_gt(differ, 0);
    instance_close(&r.in);
    instance_close(&other.in);
}
END_TEST

static hone_status ask_in_a_small_arena(void *ctx, hone_error *err)
{
    run *r = ctx;
    double x[N];
    const hone_history history = {sizeof history, 20, r->points, sizeof *r->points};
    r->in.self.step = hone__arena_create(64);
    if (!r->in.self.step)
        return hone_no_memory(err, "making an arena");
    const hone_status status = searcher(r)->ask(&r->in.self, &space, 22, &history, x, err);
    hone__arena_destroy(r->in.self.step);
    return status;
}

START_TEST(every_allocation_may_fail)
{
    static run r;
    open_run(&r, 2);
    fill(&r, 20, 2);
    hone__arena_destroy(r.in.self.step);
    ck_assert_int_gt(suite_every_allocation_fails(ask_in_a_small_arena, &r), 10);
    r.in.self.step = NULL;
    instance_close(&r.in);
}
END_TEST

START_TEST(constraints_that_nothing_meets_are_an_error)
{
    static run r;
    hone_error err;
    static const hone_dimension narrow[] = {{.name = "uniform", .distribution = HONE_UNIFORM, .min = 2, .max = 3},
                                            {.name = "never", .distribution = HONE_UNIFORM, .min = 2, .max = 3}};
    static double x[12][2];
    hone_space s = {.size = sizeof s, .n = 2, .dimensions = narrow, .dimension_size = sizeof *narrow};
    open_run(&r, 0);
    for (uint64_t i = 0; i < 12; i++) {
        const hone_history history = {sizeof history, i, r.points, sizeof *r.points};
        s.allowed = i == 11 ? never_allowed : NULL;
        ck_assert_int_eq(searcher(&r)->ask(&r.in.self, &s, i, &history, x[i], &err), i == 11 ? HONE_EINVAL : HONE_OK);
        r.points[i] = (hone_point){.x = x[i], .state = HONE_POINT_COMPLETE, .value = x[i][0]};
    }
    ck_assert_ptr_nonnull(strstr(err.msg, "constraints"));
    instance_close(&r.in);
}
END_TEST

SUITE("tpe", points_are_of_the_space_and_follow_its_conditions_and_constraints, the_first_points_are_those_of_random_search,
      it_comes_nearer_to_the_best, a_failed_point_says_nothing, pruned_points_come_behind_complete_ones,
      a_point_depends_on_no_result_that_is_awaited, awaited_points_count_among_the_others, every_allocation_may_fail,
      constraints_that_nothing_meets_are_an_error)
