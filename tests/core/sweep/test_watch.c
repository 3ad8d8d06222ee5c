/* test_watch.c - a trial's numbers are followed as they come, and its end is told as it was.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sweep/watch.h"

#include "suite.h"

#include <math.h>
#include <signal.h>

typedef struct bench {
    char *dir;
    char metrics[4200];
    int seen;
    double last;
} bench;

static void bench_open(bench *b)
{
    *b = (bench){.dir = suite_make_dir()};
    snprintf(b->metrics, sizeof b->metrics, "%s/metrics.jsonl", b->dir);
}

static void put(const bench *b, const char *name, const char *text, const char *mode)
{
    char path[4200];
    snprintf(path, sizeof path, "%s/%s", b->dir, name);
    FILE *f = fopen(path, mode);
    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    fclose(f);
}

static void on_value(void *ctx, int64_t step, double value)
{
    bench *b = ctx;
    (void)step;
    b->seen++;
    b->last = value;
}

START_TEST(lines_are_taken_once_and_only_whole)
{
    bench b;
    hone__watch w;
    bench_open(&b);
    hone__watch_init(&w);
    hone__watch_read(&w, b.metrics, "validation/f1", on_value, &b);
    ck_assert(isnan(w.loss));
    put(&b, "metrics.jsonl",
        "{\"step\":10,\"epoch\":0.5,\"train/loss\":0.7}\nnonsense\n{\"step\":20,\"validation/f1\":0.5}\n{\"st", "w");
    hone__watch_read(&w, b.metrics, "validation/f1", on_value, &b);
    ck_assert_int_eq(w.step, 20);
    ck_assert(w.loss == 0.7 && w.metric == 0.5 && w.epoch == 0.5);
    put(&b, "metrics.jsonl", "ep\":30,\"validation/f1\":1}\n", "a");
    hone__watch_read(&w, b.metrics, "validation/f1", on_value, &b);
    ck_assert_int_eq(w.step, 30);
    ck_assert_int_eq(b.seen, 2);
    ck_assert(b.last == 1);
    suite_remove_dir(b.dir);
}
END_TEST

static hone__outcome outcome(const bench *b, hone_job_state state, int64_t step)
{
    hone__outcome o;
    state.size = sizeof state;
    hone__outcome_read(&o, b->dir, &state, "validation/f1", step);
    return o;
}

START_TEST(a_result_counts_however_the_process_ended)
{
    bench b;
    bench_open(&b);
    put(&b, "result.json",
        "{\"format\":1,\"status\":\"complete\",\"value\":0.1,\"figures\":{\"validation/f1\":{\"value\":0.75}}}", "w");
    hone__outcome o = outcome(&b, (hone_job_state){.exit_code = -1, .signal = SIGSEGV}, 5);
    ck_assert(o.complete && o.value == 0.75);
    suite_remove_dir(b.dir);
}
END_TEST

START_TEST(a_result_without_the_figure_or_without_a_number_is_a_failure)
{
    bench b;
    bench_open(&b);
    put(&b, "result.json", "{\"format\":1,\"status\":\"complete\",\"figures\":{\"validation/accuracy\":{\"value\":0.75}}}",
        "w");
    hone__outcome o = outcome(&b, (hone_job_state){0}, 5);
    ck_assert(!o.complete);
    ck_assert_ptr_nonnull(strstr(o.cause, "validation/accuracy"));
    put(&b, "result.json", "{\"format\":1,\"status\":\"complete\",\"figures\":{\"validation/f1\":{\"value\":null}}}", "w");
    o = outcome(&b, (hone_job_state){0}, 5);
    ck_assert_str_eq(o.cause, "validation/f1 is not a finite number");
    put(&b, "result.json", "{\"format\":2,\"status\":\"complete\",\"figures\":{\"validation/f1\":{\"value\":1}}}", "w");
    o = outcome(&b, (hone_job_state){0}, 5);
    ck_assert(!o.complete);
    ck_assert_ptr_nonnull(strstr(o.cause, "has format 2; hone "));
    put(&b, "result.json", "{\"stat", "w");
    o = outcome(&b, (hone_job_state){0}, 5);
    ck_assert(!o.complete && o.cause[0]);
    suite_remove_dir(b.dir);
}
END_TEST

START_TEST(failures_tell_signal_exit_code_step_and_log)
{
    bench b;
    bench_open(&b);
    put(&b, "log.txt", "loading\nhone: the loss became NaN\n", "w");
    hone__outcome o = outcome(&b, (hone_job_state){.exit_code = -1, .signal = SIGSEGV}, 120);
    ck_assert_str_eq(o.cause, "ended by signal 11 (SIGSEGV: Segmentation fault); after step 120");
    ck_assert_str_eq(o.tail, "loading\nhone: the loss became NaN");
    o = outcome(&b, (hone_job_state){.exit_code = -1, .signal = SIGKILL}, 0);
    ck_assert_str_eq(o.cause, "killed by signal 9, cause unknown");
    o = outcome(&b, (hone_job_state){.exit_code = -1, .signal = SIGKILL, .cause = "stopped after its limit of 60 s"}, 3);
    ck_assert_str_eq(o.cause, "stopped after its limit of 60 s; after step 3");
    o = outcome(&b, (hone_job_state){.exit_code = 1}, 0);
    ck_assert_str_eq(o.cause, "exit code 1: hone: the loss became NaN");
    o = outcome(&b, (hone_job_state){.exit_code = 0}, 0);
    ck_assert_str_eq(o.cause, "ended without a result");
    o = outcome(&b, (hone_job_state){.exit_code = 75}, 0);
    ck_assert(o.interrupted && !o.complete);
    suite_remove_dir(b.dir);
}
END_TEST

START_TEST(only_the_last_lines_of_a_long_log_are_kept)
{
    bench b;
    bench_open(&b);
    for (int i = 0; i < 3000; i++)
        put(&b, "log.txt", "another line of the log\n", "a");
    put(&b, "log.txt", "the\tlast\n\n", "a");
    hone__outcome o = outcome(&b, (hone_job_state){.exit_code = 2}, 0);
    ck_assert_ptr_nonnull(strstr(o.tail, "the last"));
    ck_assert_uint_lt(strlen(o.tail), 400);
    suite_remove_dir(b.dir);
}
END_TEST

SUITE("watch", lines_are_taken_once_and_only_whole, a_result_counts_however_the_process_ended,
      a_result_without_the_figure_or_without_a_number_is_a_failure, failures_tell_signal_exit_code_step_and_log,
      only_the_last_lines_of_a_long_log_are_kept)
