/* test_local.c - the local launcher starts, watches, limits and stops processes, and leaves none behind.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "plugins/instance.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct params {
    double grace_s;
} params;

typedef struct bench {
    instance in;
    params params;
    char *dir;
    char log[4200];
} bench;

static const hone_launcher *launcher(const bench *b)
{
    return (const hone_launcher *)(const void *)b->in.self.plugin;
}

static void bench_open(bench *b)
{
    b->params.grace_s = 0.3;
    b->dir = suite_make_dir();
    snprintf(b->log, sizeof b->log, "%s/log.txt", b->dir);
    instance_open(&b->in, "launcher/local", &b->params, 0);
}

static void bench_close(bench *b)
{
    instance_close(&b->in);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1); /* no child, ended or not */
    ck_assert_int_eq(errno, ECHILD);
    suite_remove_dir(b->dir);
}

static uint64_t start(bench *b, const char *script, hone_job job)
{
    const char *argv[] = {"/bin/sh", "-c", script, NULL};
    uint64_t handle;
    hone_error err = {HONE_OK, ""};
    job.size = sizeof job;
    job.argv = argv;
    job.log_path = b->log;
    ck_assert_msg(launcher(b)->start(&b->in.self, &job, &handle, &err) == HONE_OK, "%s", err.msg);
    hone__arena_reset(b->in.self.step);
    return handle;
}

static hone_job_state state_of(bench *b, uint64_t handle)
{
    hone_job_state s = {.size = sizeof s};
    hone_error err;
    ck_assert_int_eq(launcher(b)->poll(&b->in.self, handle, &s, &err), HONE_OK);
    return s;
}

static hone_job_state finish(bench *b, uint64_t handle)
{
    hone_job_state s = state_of(b, handle);
    while (s.running) {
        launcher(b)->wait(&b->in.self, 5);
        s = state_of(b, handle);
    }
    launcher(b)->forget(&b->in.self, handle);
    return s;
}

static char *log_text(bench *b)
{
    char *text;
    size_t n;
    hone_error err;
    ck_assert_int_eq(hone__read_file(b->log, 0, &text, &n, &err), HONE_OK);
    return text;
}

START_TEST(exit_code_output_and_memory_are_reported)
{
    bench b;
    bench_open(&b);
    hone_job_state s = finish(&b, start(&b, "echo out; echo err >&2; exit 7", (hone_job){0}));
    ck_assert_int_eq(s.exit_code, 7);
    ck_assert_int_eq(s.signal, 0);
    ck_assert_str_eq(s.cause, "");
    ck_assert_uint_gt(s.peak_bytes, 0);
    char *text = log_text(&b);
    ck_assert_str_eq(text, "out\nerr\n");
    hone__free(text);
    bench_close(&b);
}
END_TEST

START_TEST(a_crash_is_reported_by_its_signal)
{
    bench b;
    bench_open(&b);
    hone_job_state s = finish(&b, start(&b, "kill -SEGV $$", (hone_job){0}));
    ck_assert_int_eq(s.signal, SIGSEGV);
    ck_assert_int_eq(s.exit_code, -1);
    bench_close(&b);
}
END_TEST

START_TEST(additions_overrule_the_environment)
{
    static const char *const additions[] = {"HONE_TEST_A=new", "HONE_TEST_B=b", NULL};
    bench b;
    bench_open(&b);
    setenv("HONE_TEST_A", "old", 1);
    finish(&b, start(&b, "echo $HONE_TEST_A $HONE_TEST_B; env | grep -c ^HONE_TEST_A=", (hone_job){.environment = additions}));
    char *text = log_text(&b);
    ck_assert_str_eq(text, "new b\n1\n");
    hone__free(text);
    bench_close(&b);
}
END_TEST

START_TEST(a_time_limit_asks_first_and_kills_after_the_grace)
{
    bench b;
    bench_open(&b);
    hone_job_state polite = finish(&b, start(&b, "exec sleep 60", (hone_job){.time_s = 0.2}));
    ck_assert_int_eq(polite.signal, SIGTERM);
    ck_assert_str_eq(polite.cause, "stopped after its limit of 0.2 s");
    hone_job_state deaf = finish(&b, start(&b, "trap '' TERM; while :; do sleep 0.05; done", (hone_job){.time_s = 0.2}));
    ck_assert_int_eq(deaf.signal, SIGKILL);
    ck_assert(deaf.seconds >= 0.5 && deaf.seconds < 30);
    bench_close(&b);
}
END_TEST

START_TEST(stopping_softly_lets_it_end_by_itself_and_hard_does_not)
{
    bench b;
    hone_error err;
    bench_open(&b);
    uint64_t soft = start(&b, "trap 'exit 75' TERM; echo ready; while :; do sleep 0.05; done", (hone_job){0});
    for (;;) {
        char *text = log_text(&b);
        bool ready = strstr(text, "ready") != NULL;
        hone__free(text);
        if (ready)
            break;
        launcher(&b)->wait(&b.in.self, 0.02);
    }
    ck_assert_int_eq(launcher(&b)->stop(&b.in.self, soft, false, &err), HONE_OK);
    ck_assert_int_eq(finish(&b, soft).exit_code, 75);
    uint64_t hard = start(&b, "trap '' TERM; while :; do sleep 0.05; done", (hone_job){0});
    ck_assert_int_eq(launcher(&b)->stop(&b.in.self, hard, true, &err), HONE_OK);
    ck_assert_int_eq(finish(&b, hard).signal, SIGKILL);
    bench_close(&b);
}
END_TEST

START_TEST(what_a_job_started_ends_with_it)
{
    bench b;
    bench_open(&b);
    finish(&b, start(&b, "sleep 300 & echo $!", (hone_job){0}));
    char *text = log_text(&b);
    pid_t grandchild = (pid_t)atol(text);
    hone__free(text);
    /* Killed, and then collected by whoever inherits orphans, which may take a moment: a zombie is dead enough. */
    char path[64], *stat = NULL;
    snprintf(path, sizeof path, "/proc/%ld/stat", (long)grandchild);
    bool gone = false;
    for (int i = 0; i < 200 && !gone; i++) {
        size_t n;
        hone_error err;
        gone = hone__read_file(path, 0, &stat, &n, &err) != HONE_OK;
        if (!gone) {
            gone = strstr(stat, ") Z") != NULL;
            hone__free(stat);
        }
        usleep(10000);
    }
    ck_assert(gone);
    bench_close(&b);
}
END_TEST

START_TEST(many_run_at_once_and_none_is_mixed_up)
{
    enum { JOBS = 40 };
    uint64_t handles[JOBS];
    bench b;
    bench_open(&b);
    for (int i = 0; i < JOBS; i++) {
        char script[64];
        snprintf(script, sizeof script, "sleep 0.1; exit %d", i);
        handles[i] = start(&b, script, (hone_job){0});
    }
    for (int i = JOBS; i-- > 0;)
        ck_assert_int_eq(finish(&b, handles[i]).exit_code, i);
    bench_close(&b);
}
END_TEST

START_TEST(a_memory_limit_holds)
{
    if (getenv("HONE_SANITIZE"))
        return; /* the sanitizers' shadow memory is beyond any limit */
    bench b;
    bench_open(&b);
    hone_job_state s =
        finish(&b, start(&b, "x=$(head -c 200000000 /dev/zero | tr '\\0' x); exit 0", (hone_job){.memory_bytes = 32 << 20}));
    ck_assert(s.exit_code != 0);
    bench_close(&b);
}
END_TEST

START_TEST(a_program_that_is_not_there_is_named)
{
    static const char *const argv[] = {"/no/such/program", NULL};
    bench b;
    uint64_t handle;
    hone_error err;
    bench_open(&b);
    hone_job job = {.size = sizeof job, .argv = argv, .log_path = b.log};
    ck_assert_int_eq(launcher(&b)->start(&b.in.self, &job, &handle, &err), HONE_EIO);
    ck_assert_ptr_nonnull(strstr(err.msg, "/no/such/program"));
    hone_job_state s = {.size = sizeof s};
    ck_assert_int_eq(launcher(&b)->poll(&b.in.self, 99, &s, &err), HONE_ENOTFOUND);
    bench_close(&b);
}
END_TEST

static hone_status start_and_finish(void *ctx, hone_error *err)
{
    bench *b = ctx;
    static const char *const argv[] = {"/bin/true", NULL};
    hone_job job = {.size = sizeof job, .argv = argv, .log_path = b->log};
    uint64_t handle;
    memset(b->in.state, 0, (size_t)b->in.self.plugin->state_size);
    hone__arena_destroy(b->in.self.trial);
    hone__arena_destroy(b->in.self.step);
    b->in.self.trial = hone__arena_create(0);
    b->in.self.step = hone__arena_create(0);
    if (!b->in.self.trial || !b->in.self.step)
        return hone_no_memory(err, "the arenas");
    HONE_TRY(launcher(b)->start(&b->in.self, &job, &handle, err));
    finish(b, handle);
    return HONE_OK;
}

START_TEST(every_allocation_may_fail)
{
    bench b;
    bench_open(&b);
    suite_every_allocation_fails(start_and_finish, &b);
    bench_close(&b);
}
END_TEST

SUITE("local", exit_code_output_and_memory_are_reported, a_crash_is_reported_by_its_signal, additions_overrule_the_environment,
      a_time_limit_asks_first_and_kills_after_the_grace, stopping_softly_lets_it_end_by_itself_and_hard_does_not,
      what_a_job_started_ends_with_it, many_run_at_once_and_none_is_mixed_up, a_memory_limit_holds,
      a_program_that_is_not_there_is_named, every_allocation_may_fail)
