/* test_random.c - random points follow their distributions, and depend on seed, number and name alone.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "plugins/instance.h"

#include <math.h>

#define DRAWS 4000

static const hone_searcher *searcher(const instance *in)
{
    return (const hone_searcher *)(const void *)in->self.plugin;
}

static hone_space space_of(const hone_dimension *d, uint64_t n)
{
    return (hone_space){.size = sizeof(hone_space), .n = n, .dimensions = d, .dimension_size = sizeof *d};
}

static const double shares[] = {0.2, 0.0, 0.8};
static const hone_dimension all[] = {
    {.name = "uniform", .distribution = HONE_UNIFORM, .min = -1, .max = 3},
    {.name = "log", .distribution = HONE_LOG_UNIFORM, .min = 1e-5, .max = 1e-1},
    {.name = "integer", .distribution = HONE_INT_UNIFORM, .min = 2, .max = 4},
    {.name = "normal", .distribution = HONE_NORMAL, .mu = 5, .sigma = 2},
    {.name = "log_normal", .distribution = HONE_LOG_NORMAL, .mu = 0, .sigma = 0.5},
    {.name = "choice", .distribution = HONE_CATEGORICAL, .n_choices = 3, .probabilities = shares},
    {.name = "quantised", .distribution = HONE_UNIFORM, .min = 0, .max = 1, .quantum = 0.25},
    {.name = "even", .distribution = HONE_INT_UNIFORM, .min = 3, .max = 9, .quantum = 2},
};
enum { UNIFORM, LOG, INTEGER, NORMAL, LOG_NORMAL, CHOICE, QUANTISED, EVEN, N };

START_TEST(draws_follow_their_distributions)
{
    instance in;
    hone_error err;
    hone_space s = space_of(all, N);
    double sum[N] = {0}, log_sum = 0;
    double seen[3] = {0};
    instance_open(&in, "searcher/random", NULL, 7);
    ck_assert_int_eq(searcher(&in)->create(&in.self, &s, &err), HONE_OK);
    for (uint64_t i = 0; i < DRAWS; i++) {
        double x[N];
        ck_assert_int_eq(searcher(&in)->ask(&in.self, &s, i, NULL, x, &err), HONE_OK);
        for (int k = 0; k < N; k++)
            sum[k] += x[k];
        log_sum += log10(x[LOG]);
        ck_assert(x[UNIFORM] >= -1 && x[UNIFORM] <= 3 && x[LOG] >= 1e-5 && x[LOG] <= 1e-1 && x[LOG_NORMAL] > 0);
        ck_assert(x[INTEGER] == 2 || x[INTEGER] == 3 || x[INTEGER] == 4);
        ck_assert(x[QUANTISED] * 4 == floor(x[QUANTISED] * 4) && x[QUANTISED] >= 0 && x[QUANTISED] <= 1);
        ck_assert(x[EVEN] == 4 || x[EVEN] == 6 || x[EVEN] == 8);
        seen[(int)x[CHOICE]]++;
    }
    /* Means within five standard errors: 4000 draws leave sigma / 63. */
    ck_assert_double_eq_tol(sum[UNIFORM] / DRAWS, 1, 5 * 1.155 / 63);
    ck_assert_double_eq_tol(log_sum / DRAWS, -3, 5 * 1.155 / 63);
    ck_assert_double_eq_tol(sum[INTEGER] / DRAWS, 3, 5 * 0.816 / 63);
    ck_assert_double_eq_tol(sum[NORMAL] / DRAWS, 5, 5 * 2.0 / 63);
    ck_assert_double_eq_tol(sum[LOG_NORMAL] / DRAWS, exp(0.125), 5 * 0.604 / 63);
    ck_assert_double_eq_tol(sum[EVEN] / DRAWS, 6, 5 * 1.633 / 63);
    ck_assert_double_eq_tol(seen[0] / DRAWS, 0.2, 5 * 0.4 / 63);
    ck_assert(seen[1] == 0);
    instance_close(&in);
}
END_TEST

START_TEST(a_point_depends_on_seed_number_and_names_alone)
{
    instance one, other;
    hone_error err;
    hone_space s = space_of(all, N), fewer = space_of(all, 2);
    double a[N], b[N], c[2], d[N];
    instance_open(&one, "searcher/random", NULL, 7);
    instance_open(&other, "searcher/random", NULL, 8);
    ck_assert_int_eq(searcher(&one)->ask(&one.self, &s, 3, NULL, a, &err), HONE_OK);
    ck_assert_int_eq(searcher(&one)->ask(&one.self, &s, 0, NULL, b, &err), HONE_OK);
    ck_assert_int_eq(searcher(&one)->ask(&one.self, &s, 3, NULL, b, &err), HONE_OK);
    ck_assert_mem_eq(a, b, sizeof a);
    ck_assert_int_eq(searcher(&one)->ask(&one.self, &fewer, 3, NULL, c, &err), HONE_OK);
    ck_assert_mem_eq(a, c, sizeof c);
    ck_assert_int_eq(searcher(&other)->ask(&other.self, &s, 3, NULL, d, &err), HONE_OK);
    ck_assert(a[UNIFORM] != d[UNIFORM]);
    instance_close(&one);
    instance_close(&other);
}
END_TEST

static bool above_one(const void *host, const double *point)
{
    (void)host;
    return point[UNIFORM] > 1;
}

static bool never(const void *host, const double *point)
{
    (void)host;
    (void)point;
    return false;
}

START_TEST(constraints_hold_or_the_failure_says_so)
{
    instance in;
    hone_error err;
    hone_space s = space_of(all, N);
    double x[N];
    instance_open(&in, "searcher/random", NULL, 7);
    s.allowed = above_one;
    for (uint64_t i = 0; i < 50; i++) {
        ck_assert_int_eq(searcher(&in)->ask(&in.self, &s, i, NULL, x, &err), HONE_OK);
        ck_assert(x[UNIFORM] > 1);
    }
    s.allowed = never;
    ck_assert_int_eq(searcher(&in)->ask(&in.self, &s, 0, NULL, x, &err), HONE_EINVAL);
    ck_assert_ptr_nonnull(strstr(err.msg, "constraints"));
    instance_close(&in);
}
END_TEST

START_TEST(space_without_a_point_is_refused_at_once)
{
    instance in;
    hone_error err;
    hone_space s = space_of(all, N);
    s.allowed = never;
    instance_open(&in, "searcher/random", NULL, 7);
    ck_assert_int_eq(searcher(&in)->create(&in.self, &s, &err), HONE_EINVAL);
    ck_assert_str_eq(err.msg, "point 0: none of 10000 draws meets the constraints; loosen them or narrow the ranges");
    instance_close(&in);
}
END_TEST

/* Cut to [0, 0.1], both have their mean in the middle of what is left of them, whatever sigma is. */
START_TEST(normal_draws_keep_to_their_bounds)
{
    static const hone_dimension d[] = {
        {.name = "n", .distribution = HONE_NORMAL, .mu = 0.05, .sigma = 10, .min = 0, .max = 0.1},
        {.name = "q", .distribution = HONE_NORMAL, .mu = 0.05, .sigma = 0.1, .min = 0, .max = 0.1, .quantum = 0.025},
        {.name = "l", .distribution = HONE_LOG_NORMAL, .mu = 0, .sigma = 1, .min = 0.5, .max = INFINITY},
    };
    instance in;
    hone_error err;
    hone_space s = space_of(d, 3);
    double x[3], sum = 0;
    instance_open(&in, "searcher/random", NULL, 7);
    ck_assert_int_eq(searcher(&in)->create(&in.self, &s, &err), HONE_OK);
    for (uint64_t i = 0; i < 2000; i++) {
        ck_assert_int_eq(searcher(&in)->ask(&in.self, &s, i, NULL, x, &err), HONE_OK);
        ck_assert(x[0] >= 0 && x[0] <= 0.1);
        ck_assert(x[1] >= 0 && x[1] <= 0.1 + 1e-12 && fabs(x[1] / 0.025 - nearbyint(x[1] / 0.025)) < 1e-9);
        ck_assert(x[2] >= 0.5);
        sum += x[0];
    }
    ck_assert_double_eq_tol(sum / 2000, 0.05, 0.004); /* 6 standard errors of a uniform draw's mean */
    instance_close(&in);
}
END_TEST

static bool only_first(const void *host, const double *point, uint64_t d)
{
    (void)host;
    (void)point;
    return d == 0;
}

START_TEST(inactive_dimensions_are_not_drawn)
{
    instance in;
    hone_error err;
    hone_space s = space_of(all, N);
    double x[N];
    s.active = only_first;
    instance_open(&in, "searcher/random", NULL, 7);
    ck_assert_int_eq(searcher(&in)->ask(&in.self, &s, 0, NULL, x, &err), HONE_OK);
    ck_assert(!isnan(x[0]));
    for (int k = 1; k < N; k++)
        ck_assert(isnan(x[k]));
    instance_close(&in);
}
END_TEST

START_TEST(what_cannot_be_drawn_is_refused_by_name)
{
    static const hone_dimension bad[] = {
        {.name = "zero", .distribution = HONE_LOG_UNIFORM, .min = 0, .max = 1},
        {.name = "empty", .distribution = HONE_CATEGORICAL},
        {.name = "between", .distribution = HONE_UNIFORM, .min = 0.1, .max = 0.2, .quantum = 1},
        {.name = "strange", .distribution = 99}};
    instance in;
    hone_error err;
    instance_open(&in, "searcher/random", NULL, 7);
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        hone_space s = space_of(&bad[k], 1);
        ck_assert_int_ne(searcher(&in)->create(&in.self, &s, &err), HONE_OK);
        ck_assert_ptr_nonnull(strstr(err.msg, bad[k].name));
    }
    instance_close(&in);
}
END_TEST

SUITE("random", draws_follow_their_distributions, a_point_depends_on_seed_number_and_names_alone,
      constraints_hold_or_the_failure_says_so, space_without_a_point_is_refused_at_once, normal_draws_keep_to_their_bounds,
      inactive_dimensions_are_not_drawn, what_cannot_be_drawn_is_refused_by_name)
