/* test_intervals.c - bootstrap intervals of a run made by hand, reckoned by the plugins of metrics.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "report/intervals.h"

#include "base/arena.h"
#include "suite.h"

#include <math.h>

enum { EXAMPLES = 400 };

static void put(const char *dir, const char *name, const char *text)
{
    char path[4200];
    hone_error err;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    ck_assert_msg(hone__write_file(path, text, strlen(text), &err) == HONE_OK, "%s", err.msg);
}

/* A trial whose first `right` predictions are right. */
static void put_trial(const char *dir, unsigned number, int right, const char *value)
{
    char path[4200], text[EXAMPLES * 40];
    hone_error err;
    int at = snprintf(text, sizeof text, "id\tgold\tpredicted\tloss\titems\tp:no\tp:yes\n");
    for (int i = 0; i < EXAMPLES; i++)
        at += snprintf(text + at, sizeof text - (size_t)at, "%d\tyes\t%s\t%g\t1.0\t0.5\t0.5\n", i, i < right ? "yes" : "no",
                       i < right ? 0.1 : 1.1);
    snprintf(path, sizeof path, "%s/trials/%04u", dir, number);
    ck_assert_int_eq(hone__make_dirs(path, &err), HONE_OK);
    put(path, "predictions.tsv", text);
    snprintf(text, sizeof text, "{\"format\": 1, \"value\": %s, \"figures\": {}}", value);
    put(path, "result.json", text);
}

/* Two points of two seeds. */
static void put_run(const char *dir, const char *metric, const double values[4], const char *metrics)
{
    char path[4200], text[64];
    static const int right[4] = {300, 320, 200, 240};
    hone__journal *j;
    hone_error err;
    snprintf(path, sizeof path, "%s/journal.log", dir);
    ck_assert_int_eq(hone__journal_open(path, &j, NULL, &err), HONE_OK);
    hone__journal_study(j, "by hand", true, metric);
    hone__journal_study_int(j, "seeds", 2);
    for (unsigned i = 0; i < 4; i++) {
        uint64_t t = hone__journal_trial(j);
        hone__journal_int(j, t, "point", i / 2);
        hone__journal_int(j, t, "seed", 1 + i % 2);
        hone__journal_state(j, t, HONE__TRIAL_COMPLETE, values[i]);
        snprintf(text, sizeof text, "%g", values[i]);
        put_trial(dir, i, right[i], text);
    }
    ck_assert_int_eq(hone__journal_sync(j, &err), HONE_OK);
    hone__journal_close(j);
    put(dir, "experiment.yaml", metrics);
    put(dir, "environment.json", "{}");
}

static hone__report_run *open_run(hone_arena *arena, const char *dir)
{
    hone__report_run *run;
    hone_error err = {HONE_OK, ""};
    ck_assert_msg(hone__report_open(arena, dir, NULL, &run, &err) == HONE_OK, "%s", err.msg);
    ck_assert_msg(hone__intervals_make(run, NULL, &err) == HONE_OK, "%s", err.msg);
    return run;
}

/* The standard error of the mean of two seeds over the same 400 examples, of which 300 are right with both and 20 with one. */
START_TEST(an_interval_is_as_wide_as_theory_says_and_always_the_same)
{
    static const double values[4] = {0.75, 0.8, 0.5, 0.6};
    char *dir = suite_make_dir();
    hone_arena *arena = hone__arena_create(0);
    put_run(dir, "validation/accuracy", values, "metrics: [f1, {type: accuracy}]\ndata: {positive_label: yes}\n");
    hone__report_run *run = open_run(arena, dir), *again = open_run(arena, dir);
    const hone__report_point *p = &run->points[0];
    const double mean = 0.775, square = (300 * 1.0 + 20 * 0.25) / EXAMPLES;
    const double half = 1.96 * sqrt((square - mean * mean) / EXAMPLES);
    ck_assert_ptr_nonnull(run->intervals);
    ck_assert_double_eq_tol(p->low, mean - half, 0.006); /* a tenth of the width: 1000 draws, and steps of 1/800 */
    ck_assert_double_eq_tol(p->high, mean + half, 0.006);
    ck_assert_double_lt(run->points[1].high, p->low);
    ck_assert(p->low == again->points[0].low && p->high == again->points[0].high);
    hone__report_close(run);
    hone__report_close(again);
    hone__arena_destroy(arena);
    suite_remove_dir(dir);
}
END_TEST

START_TEST(a_loss_has_an_interval_without_a_plugin)
{
    static const double values[4] = {0.35, 0.3, 0.6, 0.5};
    char *dir = suite_make_dir();
    hone_arena *arena = hone__arena_create(0);
    put_run(dir, "validation/loss", values, "metrics: [accuracy]\n");
    hone__report_run *run = open_run(arena, dir);
    ck_assert_double_lt(run->points[0].low, 0.325);
    ck_assert_double_gt(run->points[0].high, 0.325);
    hone__report_close(run);
    hone__arena_destroy(arena);
    suite_remove_dir(dir);
}
END_TEST

START_TEST(predictions_that_do_not_give_the_value_have_no_interval)
{
    static const double values[4] = {0.76, 0.8, 0.5, 0.61};
    char *dir = suite_make_dir();
    hone_arena *arena = hone__arena_create(0);
    put_run(dir, "validation/accuracy", values, "metrics: [accuracy]\n");
    hone__report_run *run = open_run(arena, dir);
    ck_assert(isnan(run->points[0].low) && isnan(run->points[1].low));
    ck_assert_ptr_nonnull(strstr(run->intervals, "There are no intervals: the predictions"));
    hone__report_close(run);
    hone__arena_destroy(arena);
    suite_remove_dir(dir);
}
END_TEST

START_TEST(a_metric_that_is_not_there_is_named)
{
    static const double values[4] = {0.75, 0.8, 0.5, 0.6};
    char *dir = suite_make_dir();
    hone_arena *arena = hone__arena_create(0);
    put_run(dir, "validation/mine", values, "metrics: [{type: mine}]\n");
    hone__report_run *run = open_run(arena, dir);
    ck_assert(isnan(run->points[0].low));
    ck_assert_ptr_nonnull(strstr(run->intervals, "mine"));
    hone__report_close(run);
    hone__arena_destroy(arena);
    suite_remove_dir(dir);
}
END_TEST

START_TEST(a_metric_that_dies_does_not_take_the_report_with_it)
{
    static const double values[4] = {0.75, 0.8, 0.5, 0.6};
    static const char *const names[] = {"crash", "leave"}, *const says[] = {"crashed with signal 9",
                                                                            "ended the process with status 7"};
    const char *build = getenv("HONE_BUILD");
    for (size_t i = 0; i < 2; i++) {
        char *dir = suite_make_dir(), metric[40], yaml[4400];
        hone_arena *arena = hone__arena_create(0);
        snprintf(metric, sizeof metric, "validation/%s", names[i]);
        snprintf(yaml, sizeof yaml, "plugins: [%s/tests/bad/metric_dies.so]\nmetrics: [{type: %s}]\n", build ? build : "?",
                 names[i]);
        put_run(dir, metric, values, yaml);
        hone__report_run *run = open_run(arena, dir);
        ck_assert(isnan(run->points[0].low));
        ck_assert_msg(strstr(run->intervals, says[i]) && strstr(run->intervals, names[i]), "%s", run->intervals);
        hone__report_close(run);
        hone__arena_destroy(arena);
        suite_remove_dir(dir);
    }
}
END_TEST

SUITE("report-intervals", a_metric_that_dies_does_not_take_the_report_with_it,
      an_interval_is_as_wide_as_theory_says_and_always_the_same, a_loss_has_an_interval_without_a_plugin,
      predictions_that_do_not_give_the_value_have_no_interval, a_metric_that_is_not_there_is_named)
