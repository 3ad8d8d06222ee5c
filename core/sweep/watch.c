/* watch.c - what a trial's directory says about it, while it runs and after it ended.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sweep/watch.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/format.h"
#include "base/json.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* As much of a file as is read at a time; a line longer than that is passed over. */
enum { CHUNK = 64 * 1024, TAIL_LINES = 12, EXIT_INTERRUPTED = 75 };

/* ---- metrics.jsonl ----------------------------------------------------------------------------------------------- */

void hone__watch_init(hone__watch *w)
{
    *w = (hone__watch){.epoch = NAN, .loss = NAN, .metric = NAN, .tokens_per_s = NAN};
}

static void take_real(const json_t *record, const char *key, double *out)
{
    const json_t *value = json_object_get(record, key);
    if (json_is_number(value))
        *out = json_number_value(value);
}

static void take_int(const json_t *record, const char *key, int64_t *out)
{
    const json_t *value = json_object_get(record, key);
    if (json_is_integer(value))
        *out = json_integer_value(value);
}

static void take_line(hone__watch *w, const char *line, size_t n, const char *metric,
                      void (*seen)(void *ctx, int64_t step, double value), void *ctx)
{
    json_t *record;
    if (hone__json_parse(line, n, "metrics.jsonl", &record, NULL) != HONE_OK)
        return;
    take_int(record, "step", &w->step);
    take_int(record, "total_steps", &w->total_steps);
    take_real(record, "epoch", &w->epoch);
    take_real(record, "train/loss", &w->loss);
    take_real(record, "tokens_per_s", &w->tokens_per_s);
    const json_t *value = metric ? json_object_get(record, metric) : NULL;
    if (json_is_number(value)) {
        w->metric = json_number_value(value);
        if (seen)
            seen(ctx, w->step, w->metric);
    }
    json_decref(record);
}

/* Takes the whole lines of a chunk; returns how many bytes they are. */
static size_t take_lines(hone__watch *w, const char *chunk, size_t n, const char *metric,
                         void (*seen)(void *ctx, int64_t step, double value), void *ctx)
{
    size_t done = 0;
    for (const char *end; (end = memchr(chunk + done, '\n', n - done)) != NULL;) {
        take_line(w, chunk + done, (size_t)(end - chunk) - done, metric, seen, ctx);
        done = (size_t)(end - chunk) + 1;
    }
    return done;
}

void hone__watch_read(hone__watch *w, const char *path, const char *metric, void (*seen)(void *ctx, int64_t step, double value),
                      void *ctx)
{
    char *chunk = hone__malloc(CHUNK);
    int fd = chunk ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    for (ssize_t n; fd >= 0 && (n = pread(fd, chunk, CHUNK, (off_t)w->offset)) > 0;) {
        size_t done = take_lines(w, chunk, (size_t)n, metric, seen, ctx);
        if (done == 0 && n < CHUNK)
            break;
        w->offset += (int64_t)(done ? done : (size_t)n);
    }
    if (fd >= 0)
        close(fd);
    hone__free(chunk);
}

/* ---- Life -------------------------------------------------------------------------------------------------------- */

bool hone__trial_lives(const char *dir)
{
    const int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return false;
    const bool lives = flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    close(fd);
    return lives;
}

static bool changed_at(const char *dir, const char *name, double *at)
{
    char path[4096];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    if (stat(path, &st) != 0)
        return false;
    *at = (double)st.st_mtim.tv_sec + 1e-9 * (double)st.st_mtim.tv_nsec;
    return true;
}

double hone__trial_seconds(const char *dir)
{
    double begin, end;
    return changed_at(dir, "trial.yaml", &begin) && changed_at(dir, "result.json", &end) && end > begin ? end - begin : 0;
}

/* ---- The end ----------------------------------------------------------------------------------------------------- */

/* The last lines of a file, without control characters but line feeds. */
static void read_tail(const char *path, char *out, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    off_t length = fd >= 0 ? lseek(fd, 0, SEEK_END) : 0;
    off_t begin = length > (off_t)size - 1 ? length - (off_t)size + 1 : 0;
    ssize_t n = fd >= 0 ? pread(fd, out, size - 1, begin) : 0;
    if (fd >= 0)
        close(fd);
    n = n > 0 ? n : 0;
    while (n > 0 && out[n - 1] == '\n')
        n--;
    out[n] = 0;
    char *from = out + n;
    for (int lines = 0; from > out && (from[-1] != '\n' || ++lines < TAIL_LINES);)
        from--;
    memmove(out, from, (size_t)(out + n - from) + 1);
    for (char *p = out; *p; p++)
        if ((unsigned char)*p < ' ' && *p != '\n')
            *p = ' ';
}

static const char *last_line(const char *text)
{
    const char *feed = strrchr(text, '\n');
    return feed ? feed + 1 : text;
}

/* The C library's own table of these names is younger than the systems that hone builds on. */
static const char *signal_name(int number)
{
    static const struct {
        int number;
        const char *name;
    } names[] = {{SIGSEGV, "SIGSEGV"}, {SIGABRT, "SIGABRT"}, {SIGFPE, "SIGFPE"},   {SIGILL, "SIGILL"},   {SIGBUS, "SIGBUS"},
                 {SIGTERM, "SIGTERM"}, {SIGINT, "SIGINT"},   {SIGHUP, "SIGHUP"},   {SIGXCPU, "SIGXCPU"}, {SIGXFSZ, "SIGXFSZ"},
                 {SIGQUIT, "SIGQUIT"}, {SIGPIPE, "SIGPIPE"}, {SIGTRAP, "SIGTRAP"}, {SIGSYS, "SIGSYS"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].number == number)
            return names[i].name;
    return NULL;
}

static void say_signal(hone__outcome *o)
{
    const char *name = signal_name(o->signal);
    if (o->signal == SIGKILL)
        snprintf(o->cause, sizeof o->cause, "killed by signal 9, cause unknown");
    else
        snprintf(o->cause, sizeof o->cause, "ended by signal %d (%s%s%s)", o->signal, name ? name : "", name ? ": " : "",
                 strsignal(o->signal));
}

static void say_exit(hone__outcome *o)
{
    char line[400];
    const char *last = last_line(o->tail);
    if (o->exit_code == 0)
        snprintf(o->cause, sizeof o->cause, "ended without a result");
    else if (*last)
        snprintf(o->cause, sizeof o->cause, "exit code %d: %s", o->exit_code, hone__shown(last, line, sizeof line));
    else
        snprintf(o->cause, sizeof o->cause, "exit code %d, and nothing in its log", o->exit_code);
}

/* Where a trial that did not finish stood. */
static void add_step(hone__outcome *o, int64_t last_step)
{
    size_t n = strlen(o->cause);
    if (last_step > 0)
        snprintf(o->cause + n, sizeof o->cause - n, "; after step %lld", (long long)last_step);
}

static const json_t *figure_of(const json_t *result, const char *metric)
{
    if (!metric)
        return json_object_get(result, "value");
    return json_object_get(json_object_get(json_object_get(result, "figures"), metric), "value");
}

/* Which figures there are, for the message about one that is not. */
static void list_figures(const json_t *result, char *out, size_t size)
{
    const char *key;
    json_t *value;
    size_t n = 0;
    out[0] = 0;
    json_object_foreach(json_object_get(result, "figures"), key, value) if (n < size) n +=
        (size_t)snprintf(out + n, size - n, "%s%s", n ? ", " : "", key);
}

static void take_result(hone__outcome *o, const json_t *result, const char *metric)
{
    char names[300];
    const char *status = json_string_value(json_object_get(result, "status"));
    const json_t *value = figure_of(result, metric);
    if (!status || strcmp(status, "complete") != 0) {
        snprintf(o->cause, sizeof o->cause, "result.json has the status %s", status ? status : "(none)");
    } else if (json_is_number(value) && isfinite(json_number_value(value))) {
        o->complete = true;
        o->value = json_number_value(value);
    } else if (value) {
        snprintf(o->cause, sizeof o->cause, "%s is not a finite number", metric ? metric : "its metric");
    } else {
        list_figures(result, names, sizeof names);
        snprintf(o->cause, sizeof o->cause, "it has no figure %s; it has %s", metric ? metric : "\"value\"", names);
    }
}

/* A result counts however the process ended after writing it: it was written last and whole. */
static bool read_result(hone__outcome *o, const char *dir, const char *metric)
{
    char path[4096];
    json_t *result;
    snprintf(path, sizeof path, "%s/result.json", dir);
    if (!hone__exists(path))
        return false;
    hone_error err;
    if (hone__json_load(path, 0, &result, &err) != HONE_OK) {
        snprintf(o->cause, sizeof o->cause, "%.500s", err.msg);
        return true;
    }
    if (hone__json_format(result, HONE__FORMAT_RESULT, path, &err) == HONE_OK)
        take_result(o, result, metric);
    else
        snprintf(o->cause, sizeof o->cause, "%.500s", err.msg);
    json_decref(result);
    return true;
}

void hone__outcome_read(hone__outcome *o, const char *dir, const hone_job_state *state, const char *metric, int64_t last_step)
{
    char path[4096];
    *o = (hone__outcome){.value = NAN,
                         .seconds = state->seconds,
                         .exit_code = state->exit_code,
                         .signal = state->signal,
                         .peak_bytes = state->peak_bytes};
    bool answered = read_result(o, dir, metric);
    if (o->complete)
        return;
    snprintf(path, sizeof path, "%s/log.txt", dir);
    read_tail(path, o->tail, sizeof o->tail);
    if (answered)
        return;
    o->interrupted = o->exit_code == EXIT_INTERRUPTED && !state->cause[0]; /* a launcher that ended it itself says why */
    if (state->cause[0])
        snprintf(o->cause, sizeof o->cause, "%s", state->cause);
    else if (o->interrupted)
        snprintf(o->cause, sizeof o->cause, "interrupted");
    else if (o->signal)
        say_signal(o);
    else
        say_exit(o);
    add_step(o, last_step);
}
