/* journal.c - writing a sweep's log.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sweep/journal.h"

#include "base/alloc.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/str.h"
#include "sweep/line.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Optuna asks of each record who wrote it, and takes any name. */
#define WORKER "hone"
#define CREATE_TRIAL "{\"op_code\":4,"

struct hone__journal {
    int fd;
    char *path;
    hone__str pending;
    uint64_t n_trials;
    bool broken;
};

const char *hone__trial_state_name(int state)
{
    static const char *const names[] = {"running", "complete", "pruned", "failed", "waiting"};
    return state >= 0 && state < 5 ? names[state] : "unknown";
}

/* ---- Opening ----------------------------------------------------------------------------------------------------- */

static uint64_t count_trials(const char *bytes, size_t n)
{
    uint64_t trials = 0;
    for (const char *line = bytes; line < bytes + n;) {
        if (strncmp(line, CREATE_TRIAL, strlen(CREATE_TRIAL)) == 0)
            trials++;
        const char *end = memchr(line, '\n', n - (size_t)(line - bytes));
        line = end ? end + 1 : bytes + n;
    }
    return trials;
}

/* Cuts off what follows the last line feed, and counts the trials. */
static hone_status take_up(hone__journal *j, bool *repaired, hone_error *err)
{
    char *bytes;
    size_t n;
    HONE_TRY(hone__read_file(j->path, 0, &bytes, &n, err));
    size_t whole = n;
    while (whole && bytes[whole - 1] != '\n')
        whole--;
    j->n_trials = count_trials(bytes, whole);
    hone__free(bytes);
    if (repaired)
        *repaired = whole < n;
    if (whole < n && (ftruncate(j->fd, (off_t)whole) != 0 || fsync(j->fd) != 0))
        return hone_fail(err, HONE_EIO, "%s: cannot cut off its torn last line: %s", j->path, strerror(errno));
    return HONE_OK;
}

static hone_status open_file(hone__journal *j, bool *repaired, hone_error *err)
{
    bool fresh = !hone__exists(j->path);
    j->fd = open(j->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (j->fd < 0)
        return hone_fail(err, HONE_EIO, "cannot open %s for writing: %s", j->path, strerror(errno));
    if (!fresh)
        return take_up(j, repaired, err);
    if (repaired)
        *repaired = false;
    hone_arena *arena = hone__arena_create(0);
    char *dir = arena ? hone__path_dir(arena, j->path) : NULL;
    hone_status status = dir ? hone__sync_dir(dir, err) : hone_no_memory(err, "opening a journal");
    hone__arena_destroy(arena);
    return status;
}

hone_status hone__journal_open(const char *path, hone__journal **journal, bool *repaired, hone_error *err)
{
    hone__journal *j = hone__calloc(1, sizeof *j);
    if (!j)
        return hone_no_memory(err, "opening a journal");
    j->fd = -1;
    j->path = hone__malloc(strlen(path) + 1);
    if (j->path)
        strcpy(j->path, path);
    hone_status status = HONE_OK;
    if (j->path)
        status = open_file(j, repaired, err);
    else
        status = hone_no_memory(err, "opening a journal");
    if (status != HONE_OK) {
        hone__journal_close(j);
        return status;
    }
    *journal = j;
    return HONE_OK;
}

void hone__journal_close(hone__journal *j)
{
    if (!j)
        return;
    if (j->fd >= 0)
        close(j->fd);
    hone__str_clear(&j->pending);
    hone__free(j->path);
    hone__free(j);
}

/* ---- Records ----------------------------------------------------------------------------------------------------- */

static void begin(hone__journal *j, int op)
{
    hone__str_addf(&j->pending, "{\"op_code\":%d,\"worker_id\":\"" WORKER "\"", op);
}

static void end(hone__journal *j)
{
    hone__str_add(&j->pending, "}\n");
}

static void add_text(hone__journal *j, const char *key, const char *value)
{
    hone__str_addf(&j->pending, ",\"%s\":", key);
    hone__str_add_json(&j->pending, value);
}

/* JSON has no infinity and no NaN. (Python's json reads them, other readers do not.) */
static void add_real(hone__str *s, double x)
{
    if (isfinite(x))
        hone__str_add_real(s, x);
    else
        hone__str_add(s, "null");
}

static void add_time(hone__journal *j, const char *key)
{
    struct timespec now;
    struct tm utc;
    char text[64];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    hone__str_addf(&j->pending, ",\"%s\":\"%s.%06ld+00:00\"", key, text, now.tv_nsec / 1000);
}

void hone__journal_study(hone__journal *j, const char *name, bool maximize, const char *metric)
{
    begin(j, 0);
    add_text(j, "study_name", name);
    hone__str_addf(&j->pending, ",\"directions\":[%d]", maximize ? 2 : 1);
    end(j);
    begin(j, 3);
    hone__str_add(&j->pending, ",\"study_id\":0,\"system_attr\":{\"study:metric_names\":[");
    hone__str_add_json(&j->pending, metric);
    hone__str_add(&j->pending, "]}");
    end(j);
}

/* of -1 is the study, else a trial. The caller adds the value and calls end_attribute(). */
static void begin_attribute(hone__journal *j, int64_t of, const char *key)
{
    begin(j, of < 0 ? 2 : 8);
    if (of < 0)
        hone__str_add(&j->pending, ",\"study_id\":0");
    else
        hone__str_addf(&j->pending, ",\"trial_id\":%lld", (long long)of);
    hone__str_add(&j->pending, ",\"user_attr\":{");
    hone__str_add_json(&j->pending, key);
    hone__str_add(&j->pending, ":");
}

static void end_attribute(hone__journal *j)
{
    hone__str_add(&j->pending, "}");
    end(j);
}

static void text_attribute(hone__journal *j, int64_t of, const char *key, const char *value)
{
    begin_attribute(j, of, key);
    hone__str_add_json(&j->pending, value);
    end_attribute(j);
}

static void int_attribute(hone__journal *j, int64_t of, const char *key, int64_t value)
{
    begin_attribute(j, of, key);
    hone__str_addf(&j->pending, "%lld", (long long)value);
    end_attribute(j);
}

void hone__journal_study_text(hone__journal *j, const char *key, const char *value)
{
    text_attribute(j, -1, key, value);
}

void hone__journal_study_int(hone__journal *j, const char *key, int64_t value)
{
    int_attribute(j, -1, key, value);
}

void hone__journal_text(hone__journal *j, uint64_t trial, const char *key, const char *value)
{
    text_attribute(j, (int64_t)trial, key, value);
}

void hone__journal_int(hone__journal *j, uint64_t trial, const char *key, int64_t value)
{
    int_attribute(j, (int64_t)trial, key, value);
}

void hone__journal_real(hone__journal *j, uint64_t trial, const char *key, double value)
{
    begin_attribute(j, (int64_t)trial, key);
    add_real(&j->pending, value);
    end_attribute(j);
}

uint64_t hone__journal_trial(hone__journal *j)
{
    begin(j, 4);
    hone__str_add(&j->pending, ",\"study_id\":0");
    add_time(j, "datetime_start");
    end(j);
    return j->n_trials++;
}

/* ---- Distributions ----------------------------------------------------------------------------------------------- */

/* Optuna's choices are null, booleans, numbers and strings: a list or a whole section is written as its line. */
static void add_choice(hone__str *s, const hone__yaml *value)
{
    hone__str line = {0};
    hone__yaml_line(value, &line);
    switch (value->type) {
    case HONE__YAML_NULL:
    case HONE__YAML_BOOL:
    case HONE__YAML_INT:
        hone__str_add(s, hone__str_text(&line));
        break;
    case HONE__YAML_REAL:
        if (isfinite(value->real)) {
            add_real(s, value->real);
            break;
        }
        hone__str_add_json(s, hone__str_text(&line));
        break;
    default:
        hone__str_add_json(s, hone__str_text(&line));
    }
    s->failed = s->failed || line.failed;
    hone__str_clear(&line);
}

static void add_choices(hone__str *s, const hone__sweep_dimension *d)
{
    hone__str_add(s, "{\"name\": \"CategoricalDistribution\", \"attributes\": {\"choices\": [");
    for (uint32_t i = 0; i < d->dimension.n_choices; i++) {
        if (i)
            hone__str_add(s, ", ");
        if (d->names)
            hone__str_add_json(s, d->names[i]);
        else
            add_choice(s, d->values[i]);
    }
    hone__str_add(s, "]}}");
}

/* What Optuna needs to know of a range. It has no normal distribution: ten standard deviations either way stand for it. Its steps
 * count from `low`, ours are multiples. Its logarithmic ranges take no step. */
typedef struct range {
    double low, high, step;
    bool log;
} range;

static range range_of(const hone_dimension *d)
{
    range r = {d->min, d->max, d->quantum, false};
    if (d->quantum > 0) {
        r.low = ceil(d->min / d->quantum - 1e-9) * d->quantum;
        r.high = floor(d->max / d->quantum + 1e-9) * d->quantum;
    }
    switch (d->distribution) {
    case HONE_LOG_UNIFORM:
        return (range){d->min, d->max, 0, true};
    case HONE_NORMAL:
        return (range){d->mu - 10 * d->sigma, d->mu + 10 * d->sigma, 0, false};
    case HONE_LOG_NORMAL:
        return (range){exp(d->mu - 10 * d->sigma), exp(d->mu + 10 * d->sigma), 0, true};
    default:
        return r;
    }
}

static void add_range(hone__str *s, const hone__sweep_dimension *d)
{
    range r = range_of(&d->dimension);
    if (d->integer) {
        hone__str_addf(s,
                       "{\"name\": \"IntDistribution\", \"attributes\": {\"log\": %s, \"step\": %lld, \"low\": %lld, "
                       "\"high\": %lld}}",
                       r.log ? "true" : "false", r.step > 0 ? llround(r.step) : 1LL, llround(r.low), llround(r.high));
        return;
    }
    hone__str_add(s, "{\"name\": \"FloatDistribution\", \"attributes\": {\"step\": ");
    if (r.step > 0)
        add_real(s, r.step);
    else
        hone__str_add(s, "null");
    hone__str_add(s, ", \"low\": ");
    add_real(s, r.low);
    hone__str_add(s, ", \"high\": ");
    add_real(s, r.high);
    hone__str_addf(s, ", \"log\": %s}}", r.log ? "true" : "false");
}

void hone__journal_param(hone__journal *j, uint64_t trial, const hone__sweep_dimension *d, double x)
{
    hone__str distribution = {0};
    if (d->dimension.distribution == HONE_CATEGORICAL)
        add_choices(&distribution, d);
    else
        add_range(&distribution, d);
    begin(j, 5);
    hone__str_addf(&j->pending, ",\"trial_id\":%llu", (unsigned long long)trial);
    add_text(j, "param_name", d->path);
    hone__str_add(&j->pending, ",\"param_value_internal\":");
    if (d->dimension.distribution == HONE_CATEGORICAL)
        hone__str_addf(&j->pending, "%lld", llround(x));
    else
        add_real(&j->pending, d->integer ? (double)llround(x) : x);
    add_text(j, "distribution", hone__str_text(&distribution));
    j->pending.failed = j->pending.failed || distribution.failed;
    end(j);
    hone__str_clear(&distribution);
}

void hone__journal_intermediate(hone__journal *j, uint64_t trial, int64_t step, double value)
{
    if (!isfinite(value))
        return;
    begin(j, 7);
    hone__str_addf(&j->pending, ",\"trial_id\":%llu,\"step\":%lld,\"intermediate_value\":", (unsigned long long)trial,
                   (long long)step);
    add_real(&j->pending, value);
    end(j);
}

void hone__journal_state(hone__journal *j, uint64_t trial, hone__trial_state state, double value)
{
    bool final = state == HONE__TRIAL_COMPLETE || state == HONE__TRIAL_PRUNED || state == HONE__TRIAL_FAILED;
    bool valued = state == HONE__TRIAL_COMPLETE || state == HONE__TRIAL_PRUNED;
    begin(j, 6);
    hone__str_addf(&j->pending, ",\"trial_id\":%llu,\"state\":%d,\"values\":", (unsigned long long)trial, (int)state);
    if (valued && isfinite(value)) {
        hone__str_add(&j->pending, "[");
        add_real(&j->pending, value);
        hone__str_add(&j->pending, "]");
    } else {
        hone__str_add(&j->pending, "null");
    }
    if (final)
        add_time(j, "datetime_complete");
    end(j);
}

/* ---- To the disk ------------------------------------------------------------------------------------------------- */

static hone_status write_all(hone__journal *j, hone_error *err)
{
    for (size_t done = 0; done < j->pending.n;) {
        ssize_t n = write(j->fd, j->pending.data + done, j->pending.n - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return hone_fail(err, HONE_EIO, "cannot append to %s: %s", j->path, strerror(errno));
        done += (size_t)n;
    }
    if (fsync(j->fd) != 0)
        return hone_fail(err, HONE_EIO, "%s: the disk did not take the last events: %s", j->path, strerror(errno));
    return HONE_OK;
}

hone_status hone__journal_sync(hone__journal *j, hone_error *err)
{
    if (j->broken)
        return hone_fail(err, HONE_EIO, "%s could not be written before, so nothing more is written to it", j->path);
    hone_status status = j->pending.failed ? hone_no_memory(err, "writing to the journal")
                         : j->pending.n    ? write_all(j, err)
                                           : HONE_OK;
    j->broken = status != HONE_OK;
    hone__str_clear(&j->pending);
    return status;
}
