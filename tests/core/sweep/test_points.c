/* test_points.c - points and seeds: the order in which trials are made, means, and the trial in the middle.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sweep/points.h"

#include "base/arena.h"
#include "suite.h"

#include <math.h>

START_TEST(the_median_is_the_worse_of_two_and_the_first_of_equals)
{
    const double odd[] = {0.5, 0.9, 0.7}, even[] = {0.5, 0.9}, equal[] = {0.7, 0.7, 0.7}, holes[] = {NAN, 0.1, NAN, 0.3, 0.2};
    const double none[] = {NAN, NAN};
    ck_assert_uint_eq(hone__median_of(odd, 3, true), 2);
    ck_assert_uint_eq(hone__median_of(odd, 3, false), 2);
    ck_assert_uint_eq(hone__median_of(even, 2, true), 0);
    ck_assert_uint_eq(hone__median_of(even, 2, false), 1);
    ck_assert_uint_eq(hone__median_of(equal, 3, true), 1);
    ck_assert_uint_eq(hone__median_of(holes, 5, true), 4);
    ck_assert_uint_eq(hone__median_of(none, 2, true), 2);
    ck_assert_uint_eq(hone__median_of(odd, 1, true), 0);
}
END_TEST

START_TEST(a_single_trial_is_one_point_with_the_experiments_seed)
{
    hone_arena *arena = hone__arena_create(0);
    const hone__experiment e = {.seed = 7};
    hone__points *p;
    hone_error err;
    hone__turn turn;
    uint64_t point;
    size_t seed;
    ck_assert_int_eq(hone__points_create(arena, arena, &e, NULL, &p, &err), HONE_OK);
    ck_assert_int_eq(hone__points_next(p, arena, &turn, &point, &seed, &err), HONE_OK);
    ck_assert_int_eq(turn, HONE__TURN_MAKE);
    ck_assert(point == 0 && seed == 0 && p->seeds[0] == 7);
    hone__points_made(p, 0, 0, 0);
    ck_assert(hone__points_done(p) && !hone__point_ended(p, 0));
    ck_assert_int_eq(hone__points_next(p, arena, &turn, &point, &seed, &err), HONE_OK);
    ck_assert_int_eq(turn, HONE__TURN_END);
    hone__points_ended(p, 0, 0, HONE__TRIAL_COMPLETE, 0.5);
    ck_assert(hone__point_ended(p, 0) && hone__point_complete(p, 0));
    ck_assert_double_eq(hone__point_mean(p, 0), 0.5);
    hone__points_destroy(p);
    hone__arena_destroy(arena);
}
END_TEST

START_TEST(a_seed_that_is_run_again_takes_the_place_of_the_one_that_failed)
{
    hone_arena *arena = hone__arena_create(0);
    const hone__experiment e = {.seed = 7};
    hone__points *p;
    hone_error err;
    ck_assert_int_eq(hone__points_create(arena, arena, &e, NULL, &p, &err), HONE_OK);
    ck_assert_int_eq(hone__points_add(p, NULL, &err), HONE_OK);
    hone__points_made(p, 0, 0, 0);
    hone__points_ended(p, 0, 0, HONE__TRIAL_FAILED, NAN);
    ck_assert(hone__point_ended(p, 0) && !hone__point_complete(p, 0) && isnan(hone__point_mean(p, 0)));
    hone__points_made(p, 0, 0, 1);
    ck_assert(!hone__point_ended(p, 0) && p->drawn[0].runs[0].trial == 1);
    hone__points_ended(p, 0, 0, HONE__TRIAL_COMPLETE, 2);
    ck_assert(hone__point_ended(p, 0) && hone__point_complete(p, 0));
    hone__points_destroy(p);
    hone__arena_destroy(arena);
}
END_TEST

SUITE("points", the_median_is_the_worse_of_two_and_the_first_of_equals, a_single_trial_is_one_point_with_the_experiments_seed,
      a_seed_that_is_run_again_takes_the_place_of_the_one_that_failed)
