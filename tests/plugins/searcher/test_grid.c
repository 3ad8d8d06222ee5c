/* test_grid.c - the grid searcher walks every combination once, in order.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "plugins/instance.h"

#include <math.h>

static const hone_searcher *searcher(const instance *in)
{
    return (const hone_searcher *)(const void *)in->self.plugin;
}

static hone_space space_of(const hone_dimension *d, uint64_t n)
{
    return (hone_space){.size = sizeof(hone_space), .n = n, .dimensions = d, .dimension_size = sizeof *d};
}

static const hone_dimension choice_and_integer[] = {
    {.name = "a", .distribution = HONE_CATEGORICAL, .n_choices = 3},
    {.name = "b", .distribution = HONE_INT_UNIFORM, .min = 4, .max = 5},
};

START_TEST(all_combinations_come_with_the_last_dimension_fastest)
{
    instance in;
    hone_error err;
    hone_space s = space_of(choice_and_integer, 2);
    instance_open(&in, "searcher/grid", NULL, 0);
    ck_assert_int_eq(searcher(&in)->create(&in.self, &s, &err), HONE_OK);
    ck_assert_uint_eq(searcher(&in)->count(&in.self, &s), 6);
    for (uint64_t i = 0; i < 6; i++) {
        double x[2];
        ck_assert_int_eq(searcher(&in)->ask(&in.self, &s, i, NULL, x, &err), HONE_OK);
        ck_assert(x[0] == (double)(i / 2) && x[1] == 4.0 + (double)(i % 2));
    }
    double x[2];
    ck_assert_int_eq(searcher(&in)->ask(&in.self, &s, 6, NULL, x, &err), HONE_END);
    instance_close(&in);
}
END_TEST

START_TEST(a_space_without_dimensions_is_one_point)
{
    instance in;
    hone_error err;
    hone_space s = space_of(NULL, 0);
    instance_open(&in, "searcher/grid", NULL, 0);
    ck_assert_int_eq(searcher(&in)->create(&in.self, &s, &err), HONE_OK);
    ck_assert_uint_eq(searcher(&in)->count(&in.self, &s), 1);
    double x[1];
    ck_assert_int_eq(searcher(&in)->ask(&in.self, &s, 0, NULL, x, &err), HONE_OK);
    ck_assert_int_eq(searcher(&in)->ask(&in.self, &s, 1, NULL, x, &err), HONE_END);
    instance_close(&in);
}
END_TEST

START_TEST(a_quantum_makes_a_real_range_finite)
{
    static const hone_dimension d[] = {{.name = "q", .distribution = HONE_UNIFORM, .min = 0, .max = 0.3, .quantum = 0.1}};
    instance in;
    hone_error err;
    hone_space s = space_of(d, 1);
    instance_open(&in, "searcher/grid", NULL, 0);
    ck_assert_int_eq(searcher(&in)->create(&in.self, &s, &err), HONE_OK);
    ck_assert_uint_eq(searcher(&in)->count(&in.self, &s), 4);
    double x;
    ck_assert_int_eq(searcher(&in)->ask(&in.self, &s, 3, NULL, &x, &err), HONE_OK);
    ck_assert_double_eq_tol(x, 0.3, 1e-12);
    instance_close(&in);
}
END_TEST

START_TEST(a_continuous_range_is_refused_with_what_to_do)
{
    static const hone_dimension d[] = {
        {.name = "optimizer.learning_rate", .distribution = HONE_LOG_UNIFORM, .min = 1, .max = 2}};
    instance in;
    hone_error err;
    hone_space s = space_of(d, 1);
    instance_open(&in, "searcher/grid", NULL, 0);
    ck_assert_int_eq(searcher(&in)->create(&in.self, &s, &err), HONE_EINVAL);
    ck_assert_ptr_nonnull(strstr(err.msg, "optimizer.learning_rate"));
    ck_assert_ptr_nonnull(strstr(err.msg, "method: random"));
    instance_close(&in);
}
END_TEST

START_TEST(a_grid_beyond_counting_is_refused)
{
    hone_dimension d[20];
    instance in;
    hone_error err;
    for (int k = 0; k < 20; k++)
        d[k] = (hone_dimension){.name = "n", .distribution = HONE_INT_UNIFORM, .min = 0, .max = 999};
    hone_space s = space_of(d, 20);
    instance_open(&in, "searcher/grid", NULL, 0);
    ck_assert_int_eq(searcher(&in)->create(&in.self, &s, &err), HONE_EINVAL);
    instance_close(&in);
}
END_TEST

/* b counts only where a is 1. */
static bool b_needs_a(const void *host, const double *point, uint64_t d)
{
    (void)host;
    return d != 1 || point[0] == 1;
}

START_TEST(an_inactive_dimension_does_not_multiply)
{
    static const double expected[][2] = {{0, NAN}, {1, 4}, {1, 5}, {2, NAN}};
    instance in;
    hone_error err;
    hone_space s = space_of(choice_and_integer, 2);
    s.active = b_needs_a;
    instance_open(&in, "searcher/grid", NULL, 0);
    ck_assert_int_eq(searcher(&in)->create(&in.self, &s, &err), HONE_OK);
    ck_assert_uint_eq(searcher(&in)->count(&in.self, &s), 4);
    static const uint64_t any_order[] = {3, 0, 2, 1, 1, 0};
    for (size_t k = 0; k < 6; k++) {
        uint64_t i = any_order[k];
        double x[2];
        ck_assert_int_eq(searcher(&in)->ask(&in.self, &s, i, NULL, x, &err), HONE_OK);
        ck_assert(x[0] == expected[i][0]);
        ck_assert(isnan(expected[i][1]) ? isnan(x[1]) : x[1] == expected[i][1]);
    }
    double x[2];
    ck_assert_int_eq(searcher(&in)->ask(&in.self, &s, 4, NULL, x, &err), HONE_END);
    instance_close(&in);
}
END_TEST

static bool sum_is_even(const void *host, const double *point)
{
    (void)host;
    return fmod(point[0] + point[1], 2) == 0;
}

static bool never(const void *host, const double *point)
{
    (void)host;
    (void)point;
    return false;
}

START_TEST(points_that_break_a_constraint_are_left_out)
{
    instance in;
    hone_error err;
    hone_space s = space_of(choice_and_integer, 2);
    s.allowed = sum_is_even;
    instance_open(&in, "searcher/grid", NULL, 0);
    ck_assert_int_eq(searcher(&in)->create(&in.self, &s, &err), HONE_OK);
    ck_assert_uint_eq(searcher(&in)->count(&in.self, &s), 3);
    double x[2];
    ck_assert_int_eq(searcher(&in)->ask(&in.self, &s, 1, NULL, x, &err), HONE_OK);
    ck_assert(x[0] == 1 && x[1] == 5);
    instance_close(&in);
}
END_TEST

START_TEST(grid_of_which_nothing_is_left_is_refused)
{
    instance in;
    hone_error err;
    hone_space s = space_of(choice_and_integer, 2);
    s.allowed = never;
    instance_open(&in, "searcher/grid", NULL, 0);
    ck_assert_int_eq(searcher(&in)->create(&in.self, &s, &err), HONE_EINVAL);
    ck_assert_str_eq(err.msg, "no combination of values meets the constraints; loosen them, or give more values");
    instance_close(&in);
}
END_TEST

START_TEST(grid_that_is_too_large_to_sift_is_refused)
{
    static const hone_dimension d[] = {{.name = "a", .distribution = HONE_INT_UNIFORM, .min = 0, .max = 1e6},
                                       {.name = "b", .distribution = HONE_INT_UNIFORM, .min = 0, .max = 1e6}};
    instance in;
    hone_error err;
    hone_space s = space_of(d, 2);
    s.allowed = sum_is_even;
    instance_open(&in, "searcher/grid", NULL, 0);
    ck_assert_int_eq(searcher(&in)->create(&in.self, &s, &err), HONE_EINVAL);
    ck_assert_ptr_nonnull(strstr(err.msg, "more than 1000000 combinations to sift"));
    instance_close(&in);
}
END_TEST

static hone_status make_and_ask(void *ctx, hone_error *err)
{
    instance *in = ctx;
    hone_space s = space_of(choice_and_integer, 2);
    double x[2];
    hone__arena_destroy(in->self.trial);
    in->self.trial = hone__arena_create(0);
    if (!in->self.trial)
        return hone_no_memory(err, "the arena");
    HONE_TRY(searcher(in)->create(&in->self, &s, err));
    return searcher(in)->ask(&in->self, &s, 0, NULL, x, err);
}

START_TEST(every_allocation_may_fail)
{
    instance in;
    instance_open(&in, "searcher/grid", NULL, 0);
    suite_every_allocation_fails(make_and_ask, &in);
    instance_close(&in);
}
END_TEST

SUITE("grid", all_combinations_come_with_the_last_dimension_fastest, a_space_without_dimensions_is_one_point,
      a_quantum_makes_a_real_range_finite, a_continuous_range_is_refused_with_what_to_do, a_grid_beyond_counting_is_refused,
      an_inactive_dimension_does_not_multiply, points_that_break_a_constraint_are_left_out,
      grid_of_which_nothing_is_left_is_refused, grid_that_is_too_large_to_sift_is_refused, every_allocation_may_fail)
