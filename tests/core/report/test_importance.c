/* test_importance.c - shares of variance of functions whose shares are known in closed form.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "report/importance.h"

#include "base/arena.h"
#include "suite.h"

#include <math.h>

enum { POINTS = 600, AXES = 4 };

/* u and v uniform in [0, 1], a choice of three, and a parameter that counts for half of the points. */
static void make_points(hone_arena *arena, hone__axes *axes, double (*f)(double u, double v, size_t choice, double w))
{
    static hone__report_run run;
    const hone_key key = {.seed = 3};
    const hone_stream stream = hone_stream_of(&key);
    run = (hone__report_run){.arena = arena, .maximize = true};
    *axes = (hone__axes){.run = &run, .n = AXES, .n_points = POINTS};
    axes->all = hone_alloc_array(arena, AXES, sizeof *axes->all);
    axes->x = hone_alloc_array(arena, POINTS * AXES, sizeof *axes->x);
    axes->y = hone_alloc_array(arena, POINTS, sizeof *axes->y);
    ck_assert(axes->all && axes->x && axes->y);
    axes->all[0] = (hone__axis){.title = "u", .numeric = true, .low = 0, .high = 1, .n_values = POINTS};
    axes->all[1] = (hone__axis){.title = "v", .numeric = true, .log = true, .low = 1e-4, .high = 1, .n_values = POINTS};
    axes->all[2] = (hone__axis){.title = "choice", .high = 2, .n_values = 3};
    axes->all[3] = (hone__axis){.title = "w", .numeric = true, .low = 0, .high = 1, .n_values = POINTS};
    axes->y_low = INFINITY;
    axes->y_high = -INFINITY;
    for (size_t i = 0; i < POINTS; i++) {
        const double u = hone_random_uniform(stream, i, 0), v = hone_random_uniform(stream, i, 1);
        const size_t choice = hone_random_below(stream, i, 7, 3);
        const double w = hone_random_uniform(stream, i, 4) < 0.5 ? NAN : hone_random_uniform(stream, i, 5);
        const double x[AXES] = {u, 1e-4 * pow(1e4, v), (double)choice, w};
        memcpy(axes->x + i * AXES, x, sizeof x);
        axes->all[3].n_inactive += isnan(w);
        axes->y[i] = f(u, v, choice, w);
        axes->y_low = fmin(axes->y_low, axes->y[i]);
        axes->y_high = fmax(axes->y_high, axes->y[i]);
    }
}

static double additive(double u, double v, size_t choice, double w)
{
    (void)w;
    return 2 * u + v + (choice == 1 ? 1 : 0);
}

static double joint(double u, double v, size_t choice, double w)
{
    (void)choice;
    (void)w;
    return (u - 0.5) * (v - 0.5);
}

static double conditional(double u, double v, size_t choice, double w)
{
    (void)v;
    (void)choice;
    return (isnan(w) ? 0 : 3) + 0.1 * u;
}

/* Variances: 4/12, 1/12 and 2/9 of 23/36. A forest of 600 points is not exact: a twentieth either way, from seeing it. */
START_TEST(shares_of_a_sum_are_those_of_its_terms)
{
    hone_arena *arena = hone__arena_create(0);
    hone__axes axes;
    hone__importance im;
    hone_error err;
    make_points(arena, &axes, additive);
    ck_assert_msg(hone__importance_make(&axes, &im, &err) == HONE_OK, "%s", err.msg);
    ck_assert_double_eq_tol(im.share[0], 12.0 / 23, 0.05);
    ck_assert_double_eq_tol(im.share[1], 3.0 / 23, 0.05);
    ck_assert_double_eq_tol(im.share[2], 8.0 / 23, 0.05);
    ck_assert_double_lt(im.share[3], 0.02);
    ck_assert_double_gt(im.explained, 0.9);
    hone__arena_destroy(arena);
}
END_TEST

START_TEST(a_joint_effect_belongs_to_no_single_parameter)
{
    hone_arena *arena = hone__arena_create(0);
    hone__axes axes;
    hone__importance im;
    hone_error err;
    make_points(arena, &axes, joint);
    ck_assert_msg(hone__importance_make(&axes, &im, &err) == HONE_OK, "%s", err.msg);
    for (size_t j = 0; j < AXES; j++)
        ck_assert_double_lt(im.share[j], 0.1);
    ck_assert_double_gt(im.explained, 0.5);
    hone__arena_destroy(arena);
}
END_TEST

START_TEST(whether_a_parameter_counts_is_an_effect_of_it)
{
    hone_arena *arena = hone__arena_create(0);
    hone__axes axes;
    hone__importance im, again;
    hone_error err;
    make_points(arena, &axes, conditional);
    ck_assert_msg(hone__importance_make(&axes, &im, &err) == HONE_OK, "%s", err.msg);
    ck_assert_double_gt(im.share[3], 0.9);
    ck_assert_msg(hone__importance_make(&axes, &again, &err) == HONE_OK, "%s", err.msg);
    ck_assert_mem_eq(im.share, again.share, AXES * sizeof *im.share);
    hone__arena_destroy(arena);
}
END_TEST

START_TEST(few_points_and_equal_ones_have_no_shares)
{
    hone_arena *arena = hone__arena_create(0);
    hone__axes axes;
    hone__importance im;
    hone_error err;
    make_points(arena, &axes, additive);
    axes.n_points = HONE__FEWEST_POINTS - 1;
    ck_assert_int_eq(hone__importance_make(&axes, &im, &err), HONE_ENOTFOUND);
    axes.n_points = POINTS;
    for (size_t i = 0; i < POINTS; i++)
        axes.y[i] = 0.5;
    ck_assert_int_eq(hone__importance_make(&axes, &im, &err), HONE_ENOTFOUND);
    hone__arena_destroy(arena);
}
END_TEST

SUITE("report-importance", shares_of_a_sum_are_those_of_its_terms, a_joint_effect_belongs_to_no_single_parameter,
      whether_a_parameter_counts_is_an_effect_of_it, few_points_and_equal_ones_have_no_shares)
