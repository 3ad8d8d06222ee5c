/* test_axes.c - the points of a sweep as pictures have them: choices in the configuration's order, and what was ended early.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "report/axes.h"
#include "report/report.h"

#include "base/arena.h"
#include "suite.h"

#include <math.h>

static hone__yaml names[] = {{.type = HONE__YAML_STRING, .text = "linear"},
                             {.type = HONE__YAML_STRING, .text = "cosine"},
                             {.type = HONE__YAML_STRING, .text = "constant"}};
static const hone__yaml *const choices[] = {&names[0], &names[1], &names[2]};
static const hone__sweep_dimension dimension = {
    .path = "schedule.type", .dimension = {.distribution = HONE_CATEGORICAL, .n_choices = 3}, .values = choices};

/* Four complete trials that draw choices 2, 0, 2 and 1, and one that is ended early. */
static void put_journal(const char *dir)
{
    static const int drawn[] = {2, 0, 2, 1, 0};
    char path[4200];
    hone__journal *j;
    hone_error err;
    snprintf(path, sizeof path, "%s/journal.log", dir);
    ck_assert_int_eq(hone__journal_open(path, &j, NULL, &err), HONE_OK);
    hone__journal_study(j, "by hand", true, "validation/accuracy");
    for (int i = 0; i < 5; i++) {
        const uint64_t t = hone__journal_trial(j);
        hone__journal_param(j, t, &dimension, drawn[i]);
        if (i == 4)
            hone__journal_text(j, t, "cause", "ended early by median after step 40");
        hone__journal_state(j, t, i == 4 ? HONE__TRIAL_PRUNED : HONE__TRIAL_COMPLETE, 0.5 + 0.1 * i);
    }
    ck_assert_int_eq(hone__journal_sync(j, &err), HONE_OK);
    hone__journal_close(j);
}

START_TEST(choices_stand_in_the_order_of_the_configuration)
{
    static const char *const order[] = {"linear", "cosine", "constant"};
    static const double x[] = {2, 0, 2, 1};
    char *dir = suite_make_dir();
    hone_arena *arena = hone__arena_create(0);
    hone__report_run *run;
    hone__axes axes;
    hone_error err = {HONE_OK, ""};
    put_journal(dir);
    ck_assert_msg(hone__report_open(arena, dir, NULL, &run, &err) == HONE_OK, "%s", err.msg);
    ck_assert_msg(hone__axes_make(run, &axes, &err) == HONE_OK, "%s", err.msg);
    ck_assert_uint_eq(axes.n, 1);
    ck_assert_uint_eq(axes.n_points, 4);
    ck_assert_uint_eq(axes.all[0].n_values, 3);
    for (int k = 0; k < 3; k++)
        ck_assert_str_eq(axes.all[0].labels[k], order[k]);
    for (int i = 0; i < 4; i++)
        ck_assert_double_eq(axes.x[i], x[i]);
    hone__report_close(run);
    hone__arena_destroy(arena);
    suite_remove_dir(dir);
}
END_TEST

START_TEST(what_was_ended_early_is_listed_with_its_cause)
{
    char *dir = suite_make_dir(), path[4200], *text;
    size_t n;
    hone_arena *arena = hone__arena_create(0);
    hone__report_run *run;
    hone_error err = {HONE_OK, ""};
    put_journal(dir);
    ck_assert_msg(hone__report_open(arena, dir, NULL, &run, &err) == HONE_OK, "%s", err.msg);
    ck_assert_msg(hone__report_make(run, NULL, NULL, NULL, &err) == HONE_OK, "%s", err.msg);
    snprintf(path, sizeof path, "%s/report.md", dir);
    ck_assert_int_eq(hone__read_file(path, 0, &text, &n, &err), HONE_OK);
    ck_assert_ptr_nonnull(strstr(text, "## Trials ended early"));
    ck_assert_ptr_nonnull(strstr(text, "| 4 | 4 | 0 | 0.9000 | ended early by median after step 40 |"));
    hone__free(text);
    hone__report_close(run);
    hone__arena_destroy(arena);
    suite_remove_dir(dir);
}
END_TEST

SUITE("axes", choices_stand_in_the_order_of_the_configuration, what_was_ended_early_is_listed_with_its_cause)
