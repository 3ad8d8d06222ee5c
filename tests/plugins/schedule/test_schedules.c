/* test_schedules.c - linear and constant against the definitions of Transformers' optimization module.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "plugin_fixture.h"

#include <math.h>

static double factor(const hone_self *self, int64_t step, int64_t total)
{
    return ((const hone_schedule *)(const void *)self->plugin)->factor(self, step, total);
}

START_TEST(linear_equals_get_linear_schedule_with_warmup)
{
    /* Its lambda for steps 0 .. 9 with 4 warm-up steps of 10. */
    static const double want[] = {0, 0.25, 0.5, 0.75, 1, 5.0 / 6, 4.0 / 6, 3.0 / 6, 2.0 / 6, 1.0 / 6};
    plugin_fixture f;
    plugin_begin(&f);
    const hone_self *by_steps = plugin_make(&f, HONE_KIND_SCHEDULE, "{type: linear, warmup_steps: 4}");
    const hone_self *by_ratio = plugin_make(&f, HONE_KIND_SCHEDULE, "{type: linear, warmup_ratio: 0.31}");
    for (int64_t step = 1; step <= 10; step++) {
        ck_assert_double_eq_tol(factor(by_steps, step, 10), want[step - 1], 1e-15);
        ck_assert_double_eq_tol(factor(by_ratio, step, 10), want[step - 1], 1e-15); /* rounded up to 4 */
    }
    plugin_end(&f);
}
END_TEST

START_TEST(without_warm_up_linear_begins_at_one)
{
    plugin_fixture f;
    plugin_begin(&f);
    const hone_self *self = plugin_make(&f, HONE_KIND_SCHEDULE, "linear");
    ck_assert_double_eq(factor(self, 1, 4), 1);
    ck_assert_double_eq(factor(self, 4, 4), 0.25);
    ck_assert_double_eq(factor(self, 1, 1), 1);
    plugin_end(&f);
}
END_TEST

START_TEST(constant_stays_after_its_warm_up)
{
    plugin_fixture f;
    plugin_begin(&f);
    const hone_self *plain = plugin_make(&f, HONE_KIND_SCHEDULE, "constant");
    const hone_self *warm = plugin_make(&f, HONE_KIND_SCHEDULE, "{type: constant, warmup_steps: 2}");
    ck_assert_double_eq(factor(plain, 1, 5), 1);
    ck_assert_double_eq(factor(plain, 5, 5), 1);
    ck_assert_double_eq(factor(warm, 1, 5), 0);
    ck_assert_double_eq(factor(warm, 2, 5), 0.5);
    ck_assert_double_eq(factor(warm, 3, 5), 1);
    plugin_end(&f);
}
END_TEST

SUITE("schedules", linear_equals_get_linear_schedule_with_warmup, without_warm_up_linear_begins_at_one,
      constant_stays_after_its_warm_up)
