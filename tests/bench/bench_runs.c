/* bench_runs.c - how long whole runs of the program take: to the first training step, and to their end.
 *
 *     bench-runs [--name NAME] [--times N] [--json FILE] PROGRAM FILE [key=value ...]
 *
 * `PROGRAM run FILE key=value ... output_dir=(a temporary folder)` is run so many times; the best of each figure counts. The first step is
 * over when metrics.jsonl of the first trial has a line, which is looked for every half millisecond, so it counts starting both processes,
 * data, weights and the step itself. Everything is taken by the clock on the wall and as the processor's time, which leaves out what
 * others had of the processor but counts all threads.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/json.h"
#include "cli/options.h"

#include "rows.h"

#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Of one run; of several the best. */
typedef struct timing {
    double first_step, first_step_processor;     /* NaN where no step was run */
    double seconds, processor;                   /* of all processes */
    double step_seconds, examples_per_s, trials; /* out of result.json: in steps alone, all trials together */
    double peak_memory_mib;                      /* of the largest process */
} timing;

static double processor_of(pid_t pid)
{
    clockid_t clock;
    struct timespec t;
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &t) != 0)
        return 0;
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Of a process and those that it started and that still run. */
static double processor_of_family(pid_t pid)
{
    char path[64];
    double sum = processor_of(pid);
    int child;
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)pid, (int)pid);
    FILE *f = fopen(path, "r");
    while (f && fscanf(f, "%d", &child) == 1)
        sum += processor_of(child);
    if (f)
        fclose(f);
    return sum;
}

/* What it prints goes to a file, which is shown if it fails. */
static pid_t start(char **argv, const char *output)
{
    const pid_t pid = fork();
    if (pid != 0)
        return pid;
    const int null = open("/dev/null", O_RDWR);
    const int out = open(output, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dup2(null, 0);
    dup2(out, 1);
    dup2(out, 2);
    execv(argv[0], argv);
    perror(argv[0]);
    _exit(127);
}

/* Until the process has ended; *status is wait()'s. */
static bool watch(pid_t pid, const char *metrics, timing *t, int *status)
{
    const double begin = wall_now();
    struct rusage usage;
    struct stat info;
    pid_t ended = 0;
    while (ended == 0) {
        const bool stepped = !isnan(t->first_step);
        if (!stepped && stat(metrics, &info) == 0 && info.st_size > 0) {
            t->first_step = wall_now() - begin;
            t->first_step_processor = processor_of_family(pid);
        }
        ended = wait4(pid, status, stepped ? 0 : WNOHANG, &usage);
        if (!stepped && ended == 0)
            usleep(500);
    }
    t->seconds = wall_now() - begin;
    t->peak_memory_mib = (double)usage.ru_maxrss / 1024;
    t->processor = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                   1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
    return ended == pid;
}

/* What the trials say of themselves. */
static hone_status read_results(const char *dir, hone_arena *arena, timing *t, hone_error *err)
{
    double examples = 0;
    for (int i = 0;; i++) {
        json_t *root;
        const char *path = hone_sprintf(arena, "%s/trials/%04d/result.json", dir, i);
        if (!path)
            return hone_no_memory(err, "reading results");
        if (access(path, R_OK) != 0)
            break;
        HONE_TRY(hone__json_load(path, 0, &root, err));
        const json_t *train = json_object_get(root, "train");
        t->step_seconds += json_number_value(json_object_get(train, "seconds"));
        examples += json_number_value(json_object_get(train, "examples"));
        t->trials++;
        json_decref(root);
    }
    t->examples_per_s = examples / t->step_seconds;
    return HONE_OK;
}

static hone_status failure(char **words, const char *output, hone_error *err)
{
    hone_error ignored;
    char *text = NULL;
    size_t size;
    if (output && hone__read_file(output, 0, &text, &size, &ignored) == HONE_OK)
        fputs(text, stderr);
    hone__free(text);
    return hone_fail(err, HONE_EINVAL, "%s run %s failed", words[0], words[1]);
}

static hone_status run_once(char **words, int n, timing *t, hone_error *err)
{
    char dir[] = "/tmp/hone-bench-XXXXXX";
    int status;
    *t = (timing){.first_step = NAN, .first_step_processor = NAN};
    hone_arena *arena = hone__arena_create(0);
    char **argv = arena ? hone_alloc_array(arena, (uint64_t)n + 3, sizeof *argv) : NULL;
    if (!argv || !mkdtemp(dir))
        return hone_fail(err, HONE_EIO, "no temporary folder could be made in /tmp");
    argv[0] = words[0];
    argv[1] = (char[]){"run"};
    memcpy(argv + 2, words + 1, ((size_t)n - 1) * sizeof *argv);
    argv[n + 1] = hone_sprintf(arena, "output_dir=%s/run", dir);
    const char *metrics = hone_sprintf(arena, "%s/run/trials/0000/metrics.jsonl", dir);
    const char *output = hone_sprintf(arena, "%s/output", dir);
    const pid_t pid = argv[n + 1] && metrics && output ? start(argv, output) : -1;
    hone_status result = HONE_OK;
    if (pid < 0 || !watch(pid, metrics, t, &status) || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        result = failure(words, output, err);
    if (result == HONE_OK)
        result = read_results(hone_sprintf(arena, "%s/run", dir), arena, t, err);
    hone_error ignored;
    (void)!hone__remove_tree(dir, &ignored);
    hone__arena_destroy(arena);
    return result;
}

static void show(bench_rows *r, const char *name, const timing *t)
{
    printf("%-34s first step %7.3f s (processor %7.3f)   all %8.2f s (%8.2f)   steps %8.2f s, %6.1f examples/s   %5.0f MiB\n",
           name, t->first_step, t->first_step_processor, t->seconds, t->processor, t->step_seconds, t->examples_per_s,
           t->peak_memory_mib);
    row_begin(r, "run", name);
    row_real(r, "first_step_seconds", t->first_step);
    row_real(r, "first_step_processor_seconds", t->first_step_processor);
    row_real(r, "seconds", t->seconds);
    row_real(r, "processor_seconds", t->processor);
    row_real(r, "step_seconds", t->step_seconds);
    row_real(r, "examples_per_s", t->examples_per_s);
    row_real(r, "trials", t->trials);
    row_real(r, "peak_memory_mib", t->peak_memory_mib);
    row_end(r);
    fflush(stdout);
}

static void keep_best(timing *best, const timing *t)
{
    best->first_step = fmin(best->first_step, t->first_step);
    best->first_step_processor = fmin(best->first_step_processor, t->first_step_processor);
    best->seconds = fmin(best->seconds, t->seconds);
    best->processor = fmin(best->processor, t->processor);
    best->step_seconds = fmin(best->step_seconds, t->step_seconds);
    best->examples_per_s = fmax(best->examples_per_s, t->examples_per_s);
    best->trials = t->trials;
    best->peak_memory_mib = fmin(best->peak_memory_mib, t->peak_memory_mib);
}

int main(int argc, char **argv)
{
    hone_error err = {0};
    hone_status status = HONE_OK;
    bench_rows r;
    timing best = {INFINITY, INFINITY, INFINITY, INFINITY, INFINITY, 0, 0, INFINITY}, t;
    const char *json = NULL, *name = NULL, *times = NULL;
    int n;
    const hone__option options[] = {{"--json", NULL, &json}, {"--name", NULL, &name}, {"--times", NULL, &times}, {0}};
    if (!hone__options_take(argc, argv, options, &n) || !rows_open(&r, json))
        return 2;
    if (n < 2) {
        fprintf(stderr, "usage: bench-runs [--name NAME] [--times N] [--json FILE] PROGRAM FILE [key=value ...]\n");
        return 2;
    }
    for (long i = 0; i < (times ? strtol(times, NULL, 10) : 1) && status == HONE_OK; i++) {
        status = run_once(argv + 1, n, &t, &err);
        keep_best(&best, &t);
    }
    if (status == HONE_OK)
        show(&r, name ? name : argv[2], &best);
    else
        fprintf(stderr, "bench-runs: %s\n", err.msg);
    return rows_close(&r) && status == HONE_OK ? 0 : 1;
}
