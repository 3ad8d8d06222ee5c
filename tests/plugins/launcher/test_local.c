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
    const char *cgroup;
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
    b->params = (params){.grace_s = 0.3};
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
    bench b;
    bench_open(&b);
    hone_job_state s =
        finish(&b, start(&b, "x=$(head -c 100000000 /dev/zero | tr '\\0' x); exec 2>&1; while :; do sleep 0.1; done",
                         (hone_job){.memory_bytes = 32 << 20}));
    ck_assert_int_eq(s.signal, SIGKILL);
    ck_assert_ptr_nonnull(strstr(s.cause, "beyond its limit of 32 MiB"));
    bench_close(&b);
}
END_TEST

START_TEST(memory_of_all_its_processes_counts_against_the_limit)
{
    static const char script[] =
        "for i in 1 2 3 4; do (x=$(head -c 12000000 /dev/zero | tr '\\0' x); sleep 300; :) & done; wait";
    bench b;
    bench_open(&b);
    b.params.cgroup = "none";
    uint64_t handle = start(&b, script, (hone_job){.memory_bytes = 40 << 20});
    hone_job_state s = state_of(&b, handle);
    for (int i = 0; i < 2000 && s.running; i++) {
        launcher(&b)->wait(&b.in.self, 0.05);
        s = state_of(&b, handle);
    }
    ck_assert_int_eq(s.signal, SIGKILL);
    ck_assert_ptr_nonnull(strstr(s.cause, "its private memory, "));
    ck_assert_ptr_nonnull(strstr(s.cause, "beyond its limit of 40 MiB"));
    launcher(&b)->forget(&b.in.self, handle);
    bench_close(&b);
}
END_TEST

static void put(const char *dir, const char *name, const char *text)
{
    char path[4400];
    hone_error err;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    ck_assert_int_eq(hone__write_file(path, text, strlen(text), &err), HONE_OK);
}

static void has(const char *dir, const char *name, const char *text)
{
    char path[4400], *found;
    size_t n;
    hone_error err;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    ck_assert_int_eq(hone__read_file(path, 0, &found, &n, &err), HONE_OK);
    ck_assert_str_eq(found, text);
    hone__free(found);
}

/* A folder with a cgroup's files, as the kernel would make them: what is written there and what is made of memory.events. */
START_TEST(a_cgroup_has_the_limit_and_says_whether_the_kernel_ended_the_job)
{
    static const char *const files[] = {"memory.swap.max", "memory.oom.group", "cgroup.procs", "cgroup.kill", "memory.max"};
    char group[4300];
    bench b;
    hone_error err;
    bench_open(&b);
    b.params.cgroup = b.dir;
    put(b.dir, "cgroup.controllers", "cpu memory pids\n");
    put(b.dir, "cgroup.subtree_control", "cpu memory\n");
    snprintf(group, sizeof group, "%s/hone-%ld-1", b.dir, (long)getpid());
    ck_assert_int_eq(hone__make_dirs(group, &err), HONE_OK);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        put(group, files[i], "");
    put(group, "memory.events", "low 0\nhigh 0\nmax 7\noom 1\noom_kill 1\noom_group_kill 1\n");
    hone_job_state s = finish(&b, start(&b, "kill -KILL $$", (hone_job){.memory_bytes = 64 << 20}));
    ck_assert_str_eq(s.cause, "killed by the kernel at its memory limit of 64 MiB");
    has(group, "memory.max", "67108864");
    has(group, "memory.oom.group", "1");
    has(group, "cgroup.procs", "0");
    has(group, "cgroup.kill", "1");

    snprintf(group, sizeof group, "%s/hone-%ld-2", b.dir, (long)getpid());
    ck_assert_int_eq(hone__make_dirs(group, &err), HONE_OK);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        put(group, files[i], "");
    put(group, "memory.events", "oom 0\noom_kill 0\n");
    s = finish(&b, start(&b, "kill -KILL $$", (hone_job){.memory_bytes = 64 << 20}));
    ck_assert_str_eq(s.cause, ""); /* who killed it is not known */
    bench_close(&b);
}
END_TEST

START_TEST(a_folder_that_is_no_cgroup_limits_nothing_and_starts_jobs_all_the_same)
{
    bench b;
    bench_open(&b);
    b.params.cgroup = b.dir;
    hone_job_state s = finish(&b, start(&b, "exit 3", (hone_job){.memory_bytes = (uint64_t)1 << 40}));
    ck_assert_int_eq(s.exit_code, 3);
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
      memory_of_all_its_processes_counts_against_the_limit, a_cgroup_has_the_limit_and_says_whether_the_kernel_ended_the_job,
      a_folder_that_is_no_cgroup_limits_nothing_and_starts_jobs_all_the_same, a_program_that_is_not_there_is_named,
      every_allocation_may_fail)
