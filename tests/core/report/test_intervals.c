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

static hone__report_run *open_limited(hone_arena *arena, const char *dir, double limit_s)
{
    hone__report_run *run;
    hone_error err = {HONE_OK, ""};
    ck_assert_msg(hone__report_open(arena, dir, NULL, &run, &err) == HONE_OK, "%s", err.msg);
    ck_assert_msg(hone__intervals_make(run, limit_s, NULL, &err) == HONE_OK, "%s", err.msg);
    return run;
}

static hone__report_run *open_run(hone_arena *arena, const char *dir)
{
    return open_limited(arena, dir, HONE__INTERVAL_LIMIT_S);
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

/* ---- Metrics that misbehave -------------------------------------------------------------------------------------- */

static const char *bad_metrics(char *yaml, size_t size, const char *metrics)
{
    const char *build = getenv("HONE_BUILD");
    snprintf(yaml, size, "plugins: [%s/tests/bad/metric_dies.so]\nmetrics: %s\n", build ? build : "?", metrics);
    return yaml;
}

START_TEST(a_metric_that_dies_or_hangs_does_not_take_the_report_with_it)
{
    static const double values[4] = {0.75, 0.8, 0.5, 0.6};
    static const struct {
        const char *name, *says;
    } cases[] = {
        {"crash", "crashed with signal 9"}, {"leave", "ended the process with status 7"}, {"hang", "did not end within 0.3 s"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *dir = suite_make_dir(), metric[40], yaml[4400];
        hone_arena *arena = hone__arena_create(0);
        snprintf(metric, sizeof metric, "validation/%s", cases[i].name);
        put_run(dir, metric, values, bad_metrics(yaml, sizeof yaml, "[crash, leave, hang]"));
        hone__report_run *run = open_limited(arena, dir, 0.3);
        ck_assert(isnan(run->points[0].low));
        ck_assert_msg(strstr(run->intervals, cases[i].says) && strstr(run->intervals, cases[i].name), "%s", run->intervals);
        for (size_t k = 0; k < sizeof cases / sizeof *cases; k++)
            ck_assert_msg(k == i || strstr(run->range_note, cases[k].says), "%s", run->range_note);
        hone__report_close(run);
        hone__arena_destroy(arena);
        suite_remove_dir(dir);
    }
}
END_TEST

START_TEST(a_metric_that_hangs_costs_its_own_intervals_alone)
{
    static const double values[4] = {0.75, 0.8, 0.5, 0.6};
    char *dir = suite_make_dir(), yaml[4400];
    hone_arena *arena = hone__arena_create(0);
    put_run(dir, "validation/accuracy", values, bad_metrics(yaml, sizeof yaml, "[hang, accuracy]"));
    hone__report_run *run = open_limited(arena, dir, 6); /* far more than the other one needs, with sanitizers too */
    ck_assert_msg(run->points[0].low < 0.775 && run->points[0].high > 0.775, "%s", run->intervals);
    ck_assert_msg(strstr(run->range_note, "hang has no intervals: "), "%s", run->range_note);
    hone__report_close(run);
    hone__arena_destroy(arena);
    suite_remove_dir(dir);
}
END_TEST

/* ---- Figures ----------------------------------------------------------------------------------------------------- */

enum { N_FIGURES = 6 };
static const struct {
    const char *name;
    double value, half; /* half: of the interval; 0: there is none */
} figures[N_FIGURES] = {
    {"loss", 0.5, 0},          /* of both outputs together: predictions of one do not give it */
    {"accuracy", 0.9, 0.0294}, /* of the first output: 1.96 sqrt(0.9 0.1 / 400) */
    {"masked", 0.25, 0.0424},  /* of the second one: 1.96 sqrt(0.25 0.75 / 400) */
    {"other", 0.5, 0},         /* reported as 0.5, but the predictions give 0.25 */
    {"confusion", 40, 11.76},  /* wrong ones */
    {"confusion_true_positives", 360, 11.76},
};

/* A trial of two outputs, masked words behind a class: of the first 360 of 400 are right, of the second 100. */
static void put_two_outputs(const char *path, const char *prefix)
{
    static const char *const outputs[] = {"labels", "words"};
    char text[EXAMPLES * 40], file[4300];
    hone_arena *arena = hone__arena_create(0);
    hone_exhibits *x = hone__exhibits_create(arena);
    hone_error err = {HONE_OK, ""};
    int at = snprintf(text, sizeof text, "id\tgold\tpredicted\tloss\titems\tp:no\tp:yes\n");
    for (int i = 0; i < EXAMPLES; i++)
        at += snprintf(text + at, sizeof text - (size_t)at, "%d\tyes\t%s\t1\t1\t0.5\t0.5\n", i, i < 360 ? "yes" : "no");
    ck_assert_int_eq(hone__make_dirs(path, &err), HONE_OK);
    put(path, "predictions.tsv", text);
    at = snprintf(text, sizeof text, "id\tgold:tokens\tpredicted\tloss\titems\tscores\n");
    for (int i = 0; i < EXAMPLES; i++)
        at += snprintf(text + at, sizeof text - (size_t)at, "%d\t7\t%d\t1\t1\t1\n", i, i < 100 ? 7 : 8);
    put(path, "predictions.words.tsv", text);
    ck_assert_int_eq(hone__exhibits_name_outputs(x, outputs, 2, &err), HONE_OK);
    at = snprintf(text, sizeof text, "{\"format\": 1, \"value\": 0.25, \"figures\": {");
    for (int i = 0; i < N_FIGURES; i++) {
        at += snprintf(text + at, sizeof text - (size_t)at, "%s\"%s%s\": {\"value\": %g}", i ? ", " : "", prefix,
                       figures[i].name, figures[i].value);
        ck_assert_int_eq(hone_figure(x, figures[i].name, figures[i].value, NULL, &err), HONE_OK);
    }
    snprintf(text + at, sizeof text - (size_t)at, "}}");
    put(path, "result.json", text);
    snprintf(file, sizeof file, "%s/exhibits.json", path);
    ck_assert_msg(hone__exhibits_save(x, file, &err) == HONE_OK, "%s", err.msg);
    hone__arena_destroy(arena);
}

static void check_figures(const hone__figure *all, const hone__range *ranges, size_t n, const char *prefix)
{
    ck_assert_uint_eq(n, N_FIGURES);
    for (size_t i = 0; i < n; i++) {
        const double value = figures[i].value, half = figures[i].half;
        ck_assert_msg(strncmp(all[i].name, prefix, strlen(prefix)) == 0 &&
                          strcmp(all[i].name + strlen(prefix), figures[i].name) == 0,
                      "%s", all[i].name);
        if (half == 0)
            ck_assert_msg(isnan(ranges[i].low) && isnan(ranges[i].high), "%s has an interval", all[i].name);
        else /* 1000 draws: the ends are known to a tenth of the width */
            ck_assert_msg(fabs(ranges[i].low - (value - half)) < 0.2 * half &&
                              fabs(ranges[i].high - (value + half)) < 0.2 * half,
                          "%s: %g to %g, but theory says %g to %g", all[i].name, ranges[i].low, ranges[i].high, value - half,
                          value + half);
    }
}

START_TEST(figures_of_every_output_have_intervals_in_validation_and_test)
{
    static const char metrics[] = "[accuracy, {type: masked_accuracy, name: masked}, {type: masked_accuracy, name: other}, "
                                  "{type: confusion, positive_label: yes}]";
    /* Which figure ranks makes no difference to the others. */
    static const char *const ranking[] = {"validation/masked", "validation/confusion_true_positives"};
    for (size_t i = 0; i < 2; i++) {
        char *dir = suite_make_dir(), path[4200], yaml[400];
        hone_arena *arena = hone__arena_create(0);
        hone__journal *j;
        hone_error err;
        snprintf(path, sizeof path, "%s/journal.log", dir);
        ck_assert_int_eq(hone__journal_open(path, &j, NULL, &err), HONE_OK);
        hone__journal_study(j, "two outputs", true, ranking[i]);
        hone__journal_state(j, hone__journal_trial(j), HONE__TRIAL_COMPLETE, i ? 360 : 0.25);
        ck_assert_int_eq(hone__journal_sync(j, &err), HONE_OK);
        hone__journal_close(j);
        snprintf(yaml, sizeof yaml, "metrics: %s\n", metrics);
        put(dir, "experiment.yaml", yaml);
        put(dir, "environment.json", "{}");
        snprintf(path, sizeof path, "%s/trials/0000", dir);
        put_two_outputs(path, "validation/");
        snprintf(path, sizeof path, "%s/test", dir);
        put_two_outputs(path, "test/");
        hone__report_run *run = open_run(arena, dir);
        const hone__report_trial *best = hone__report_best(run);
        ck_assert_ptr_nonnull(best);
        check_figures(best->figures, run->ranges, best->n_figures, "validation/");
        check_figures(run->test->figures, run->test_ranges, run->test->n_figures, "");
        ck_assert_msg(run->points[0].low == run->ranges[i ? 5 : 2].low && strstr(run->intervals, "1000 draws"), "%s",
                      run->intervals);
        ck_assert_ptr_null(run->range_note);
        hone__report_close(run);
        hone__arena_destroy(arena);
        suite_remove_dir(dir);
    }
}
END_TEST

SUITE("report-intervals", a_metric_that_dies_or_hangs_does_not_take_the_report_with_it,
      a_metric_that_hangs_costs_its_own_intervals_alone, figures_of_every_output_have_intervals_in_validation_and_test,
      an_interval_is_as_wide_as_theory_says_and_always_the_same, a_loss_has_an_interval_without_a_plugin,
      predictions_that_do_not_give_the_value_have_no_interval, a_metric_that_is_not_there_is_named)
