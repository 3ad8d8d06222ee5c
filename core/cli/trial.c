/* trial.c - `hone trial DIR`: one trial of a sweep, as the launcher starts it; or by hand, under a debugger.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "train/trial.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/options.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

/* Of 1000: ahead of what has no such wish, behind what has a stronger one. */
#define OOM_SCORE 500
#define OOM_TEXT "500"

/* A signal handler reaches nothing else. */
static volatile sig_atomic_t stop_signal;

static void on_signal(int number)
{
    stop_signal = number;
}

static void catch_signals(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    action.sa_handler = SIG_IGN; /* a file that may not grow is an error like a full disk, not the end of the process */
    sigaction(SIGXFSZ, &action, NULL);
}

/* Where memory runs out, the kernel shall take a trial and not the supervisor of all. What cannot be raised stays as it is. */
static void offer_to_oom_killer(void)
{
    const int fd = open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC);
    char text[16] = "";
    if (fd < 0)
        return;
    if (read(fd, text, sizeof text - 1) > 0 && atoi(text) < OOM_SCORE)
        (void)!pwrite(fd, OOM_TEXT, sizeof OOM_TEXT - 1, 0);
    close(fd);
}

/* Two processes that train in one folder would write the same files. The folder itself is locked, for as long as the process lives, so
 * that nothing can be left behind. */
static hone_status lock_folder(const char *dir, int *fd, hone_error *err)
{
    char shown[400];
    *fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*fd < 0)
        return hone_fail(err, HONE_EIO, "cannot open the folder %s: %s", hone__shown(dir, shown, sizeof shown),
                         strerror(errno));
    if (flock(*fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return hone_fail(err, HONE_EEXIST, "another process is training in %s; wait for it, or end it first",
                         hone__shown(dir, shown, sizeof shown));
    return HONE_OK;
}

/* At most one line a second, and the last. */
typedef struct shown {
    double at;
} shown;

static double seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void show(void *ctx, const hone__progress *p)
{
    shown *s = ctx;
    const double now = seconds_now();
    if (now - s->at < 1 && p->step < p->total_steps)
        return;
    s->at = now;
    printf("step %lld/%lld  epoch %lld", (long long)p->step, (long long)p->total_steps, (long long)p->epoch + 1);
    if (!isnan(p->loss))
        printf("  loss %.4f", p->loss);
    printf("  %.0f tokens/s  %.0f s left", p->tokens_per_s, p->seconds_left);
    if (p->metric_name)
        printf("  best %s %.4f", p->metric_name, p->metric);
    printf("\n");
    fflush(stdout);
}

static int exit_code(hone_status status)
{
    switch (status) {
    case HONE_OK:
        return HONE__EXIT_DONE;
    case HONE_ECONFIG:
        return HONE__EXIT_USAGE;
    case HONE_EINTERRUPTED:
        return HONE__EXIT_INTERRUPTED;
    default:
        return HONE__EXIT_FAILED;
    }
}

static void print_issues(const hone__issues *issues, const hone_error *err)
{
    for (size_t i = 0; i < issues->n; i++)
        fprintf(stderr, "%s\n", issues->text[i]);
    if (issues->n == 0)
        fprintf(stderr, "hone trial: %s\n", err->msg);
}

/* What trials share: the experiment says where, or it lies in the run that the trial is part of. NULL: there is no such place. */
static const char *cache_of(const hone__experiment *e, const char *dir, hone_arena *arena)
{
    char run[PATH_MAX];
    const char *above = hone__path_join(arena, dir, "../..");
    if (e->cache_dir)
        return e->cache_dir;
    if (!above || !realpath(above, run))
        return NULL;
    const char *trials = hone__path_join(arena, run, "trials");
    return trials && hone__is_dir(trials) ? hone__path_join(arena, run, "cache") : NULL;
}

static hone_status load_and_run(const char *dir, hone_arena *arena, hone_log *log, hone__registry *registry, hone_error *err)
{
    hone__issues issues = {.arena = arena};
    hone__experiment *experiment = NULL;
    shown progress = {0};
    const char *file = hone__path_join(arena, dir, "trial.yaml");
    if (!file || !log || !registry)
        return hone_no_memory(err, "starting a trial");
    hone_status status = hone__experiment_load(arena, registry, file, NULL, 0, &experiment, &issues, err);
    if (status != HONE_OK) {
        print_issues(&issues, err);
        return status;
    }
    const hone__trial_setup setup = {.experiment = experiment,
                                     .registry = registry,
                                     .dir = dir,
                                     .cache_dir = cache_of(experiment, dir, arena),
                                     .log = log,
                                     .progress = show,
                                     .progress_ctx = &progress,
                                     .stop = &stop_signal};
    status = hone__trial_run(&setup, err);
    if (status != HONE_OK)
        fprintf(stderr, "hone trial: %s\n", err->msg);
    return status;
}

int hone__cli_trial(int argc, char **argv)
{
    hone_error err = {0};
    int n;
    if (!hone__options_take(argc, argv, (const hone__option[]){{0}}, &n))
        return HONE__EXIT_USAGE;
    if (n != 1) {
        fprintf(stderr, "hone trial: %s; usage: hone trial DIR\n", n < 1 ? "which directory?" : "only one directory");
        return HONE__EXIT_USAGE;
    }
    catch_signals();
    offer_to_oom_killer();
    hone_arena *arena = hone__arena_create(0);
    hone_log *log = hone__log_create(stdout, HONE_LOG_INFO);
    hone__registry *registry = hone__registry_create(log, false);
    int lock = -1;
    hone_status status = lock_folder(argv[1], &lock, &err);
    if (status != HONE_OK)
        fprintf(stderr, "hone trial: %s\n", err.msg);
    else
        status = arena ? load_and_run(argv[1], arena, log, registry, &err) : HONE_ENOMEM;
    if (lock >= 0)
        close(lock);
    hone__registry_destroy(registry);
    hone__log_destroy(log);
    hone__arena_destroy(arena);
    return exit_code(status);
}
