/* run.c - a run's directory read back: everything a report is made of.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "report/run.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/format.h"
#include "sweep/rundir.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- One trial --------------------------------------------------------------------------------------------------- */

static double number_at(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static hone_status take_figures(hone_arena *arena, hone__report_trial *t, json_t *figures, hone_error *err)
{
    const char *key;
    json_t *value;
    t->figures = hone_alloc_array(arena, json_object_size(figures), sizeof *t->figures);
    if (!t->figures)
        return hone_no_memory(err, "reading a result");
    json_object_foreach(figures, key, value)
    {
        const char *note = json_string_value(json_object_get(value, "note"));
        hone__figure *f = &t->figures[t->n_figures++];
        f->name = hone_strdup(arena, key);
        f->note = hone_strdup(arena, note ? note : "");
        f->value = number_at(value, "value");
        f->direction = (int32_t)json_integer_value(json_object_get(value, "direction"));
        if (!f->name || !f->note)
            return hone_no_memory(err, "reading a result");
    }
    return HONE_OK;
}

/* False where the object does not say. */
static bool take_seen(const char *split, const json_t *object, hone__seen *seen)
{
    *seen = (hone__seen){.split = split,
                         .examples = number_at(object, "examples"),
                         .sequences = number_at(object, "sequences"),
                         .tokens = number_at(object, "tokens"),
                         .longest = number_at(object, "longest"),
                         .cut_examples = number_at(object, "cut_examples"),
                         .cut_tokens = number_at(object, "cut_tokens")};
    return !isnan(seen->examples) && !isnan(seen->cut_examples);
}

static hone_status take_result(hone_arena *arena, hone__report_trial *t, json_t *result, hone_error *err)
{
    const json_t *train = json_object_get(result, "train");
    const char *metric = json_string_value(json_object_get(result, "metric"));
    t->tokens_per_s = number_at(train, "tokens_per_s");
    t->train_seconds = number_at(train, "seconds");
    t->steps = number_at(train, "steps");
    t->epochs = number_at(train, "epochs");
    static const char *const splits[] = {"train", "validation"};
    for (size_t i = 0; i < 2; i++)
        t->n_seen += take_seen(splits[i], json_object_get(json_object_get(result, "data"), splits[i]), &t->seen[t->n_seen]);
    t->own_metric = metric ? hone_strdup(arena, metric) : NULL;
    if (metric && !t->own_metric)
        return hone_no_memory(err, "reading a result");
    return take_figures(arena, t, json_object_get(result, "figures"), err);
}

/* A result that cannot be read leaves its trial without figures: the journal has its value. */
static hone_status read_result(hone__report_run *run, hone__report_trial *t, hone_log *log, hone_error *err)
{
    json_t *result;
    hone_error why;
    char *path = hone_sprintf(run->arena, "%s/%s/result.json", run->dir, t->dir);
    if (!path)
        return hone_no_memory(err, "reading a result");
    if (t->state != HONE__TRIAL_COMPLETE)
        return HONE_OK;
    if (hone__json_load(path, 0, &result, &why) != HONE_OK) {
        hone_log_line(log, HONE_LOG_WARNING, "%s", why.msg);
        return HONE_OK;
    }
    hone_status status = hone__json_format(result, HONE__FORMAT_RESULT, path, err);
    if (status == HONE_OK)
        status = take_result(run->arena, t, result, err);
    json_decref(result);
    return status;
}

/* Of "2026-01-31T12:00:00.250000+00:00", as the journal has times, always in UTC. */
static double seconds_of(const char *text)
{
    struct tm tm = {0};
    const char *rest = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;
    return rest ? (double)timegm(&tm) + (*rest == '.' ? strtod(rest, NULL) : 0) : NAN;
}

static hone_status take_trial(hone__report_run *run, size_t i, hone_log *log, hone_error *err)
{
    const hone__journal_entry *e = &run->study->trials[i];
    hone__report_trial *t = &run->trials[i];
    const char *seconds = hone__pair_text(e->attributes, e->n_attributes, "seconds");
    const char *cause = hone__pair_text(e->attributes, e->n_attributes, "cause");
    const char *tail = hone__pair_text(e->attributes, e->n_attributes, "log_tail");
    const char *point = hone__pair_text(e->attributes, e->n_attributes, "point");
    const char *seed = hone__pair_text(e->attributes, e->n_attributes, "seed");
    *t = (hone__report_trial){.number = i,
                              .point = point ? strtoull(point, NULL, 10) : i,
                              .seed = seed ? strtoll(seed, NULL, 10) : 0,
                              .state = e->state,
                              .value = e->value,
                              .seconds = seconds ? atof(seconds) : NAN,
                              .started = seconds_of(e->started),
                              .ended = seconds_of(e->ended),
                              .cause = cause ? cause : "",
                              .tail = tail ? tail : "",
                              .tokens_per_s = NAN,
                              .train_seconds = NAN,
                              .epochs = NAN,
                              .steps = NAN};
    const char *reuses = hone__pair_text(e->attributes, e->n_attributes, "reuses");
    t->reuses = reuses ? strtoll(reuses, NULL, 10) : -1;
    t->dir = hone_sprintf(run->arena, "trials/%04lld", t->reuses >= 0 ? (long long)t->reuses : (long long)i);
    t->params = hone_alloc_array(run->arena, run->n_columns, sizeof *t->params);
    if (!t->dir || !t->params)
        return hone_no_memory(err, "reading a trial");
    for (size_t c = 0; c < run->n_columns; c++)
        t->params[c] = hone__pair_text(e->params, e->n_params, run->columns[c]);
    return read_result(run, t, log, err);
}

/* ---- The whole --------------------------------------------------------------------------------------------------- */

static bool has_column(const hone__report_run *run, const char *path)
{
    for (size_t c = 0; c < run->n_columns; c++)
        if (strcmp(run->columns[c], path) == 0)
            return true;
    return false;
}

static hone_status grow_columns(hone__report_run *run, size_t cap, hone_error *err)
{
    const char **columns = hone_alloc_array(run->arena, cap, sizeof *columns);
    hone__scale *scales = hone_alloc_array(run->arena, cap, sizeof *scales);
    if (!columns || !scales)
        return hone_no_memory(err, "reading a run");
    if (run->n_columns) {
        memcpy(columns, run->columns, run->n_columns * sizeof *columns);
        memcpy(scales, run->scales, run->n_columns * sizeof *scales);
    }
    run->columns = columns;
    run->scales = scales;
    return HONE_OK;
}

/* Trials may lack parameters that do not count for them, so the columns are those of all together. */
static hone_status collect_columns(hone__report_run *run, hone_error *err)
{
    size_t cap = 0;
    for (size_t i = 0; i < run->study->n_trials; i++) {
        const hone__journal_entry *e = &run->study->trials[i];
        for (size_t p = 0; p < e->n_params; p++) {
            if (has_column(run, e->params[p].key))
                continue;
            if (run->n_columns == cap) {
                cap = cap ? 2 * cap : 8;
                HONE_TRY(grow_columns(run, cap, err));
            }
            run->scales[run->n_columns] = e->params[p].scale;
            run->columns[run->n_columns++] = e->params[p].key;
        }
    }
    return HONE_OK;
}

static const char *path_in(const hone__report_run *run, const char *name)
{
    return hone_sprintf(run->arena, "%s/%s", run->dir, name);
}

static hone_status read_journal(hone__report_run *run, hone_error *err)
{
    hone__study *study;
    const char *path = path_in(run, "journal.log");
    if (!path)
        return hone_no_memory(err, "reading a run");
    if (!hone__exists(path))
        return hone_fail(err, HONE_ENOTFOUND, "%s holds no run: there is no journal.log in it", run->dir);
    HONE_TRY(hone__journal_read(run->arena, path, &study, err));
    run->study = study;
    run->name = study->name;
    run->metric = study->metric;
    run->maximize = study->maximize;
    const char *seeds = hone__pair_text(study->attributes, study->n_attributes, "seeds");
    run->n_seeds = seeds ? (size_t)strtoull(seeds, NULL, 10) : 1;
    return HONE_OK;
}

static void read_data(hone__report_run *run)
{
    char *bytes;
    size_t n;
    const char *path = path_in(run, HONE__DATA_FILE);
    if (!path || hone__read_file(path, 1 << 20, &bytes, &n, NULL) != HONE_OK)
        return;
    if (n && bytes[n - 1] == '\n')
        bytes[n - 1] = 0;
    run->data = hone_strdup(run->arena, bytes);
    hone__free(bytes);
}

/* Older runs have no such file. */
static void read_test_seen(hone__report_run *run)
{
    json_t *result;
    const char *path = path_in(run, HONE__TEST_DIR "/result.json");
    if (!path || !hone__exists(path) || hone__json_load(path, 0, &result, NULL) != HONE_OK)
        return;
    if (!take_seen("test", json_object_get(json_object_get(result, "data"), "test"), &run->test_seen))
        run->test_seen.split = NULL;
    json_decref(result);
}

/* The journal says of which trial the refit is, and that it is complete. */
static void find_refit(hone__report_run *run)
{
    const hone__study *study = run->study;
    const hone__report_trial *best = hone__report_best(run);
    const char *trial = hone__pair_text(study->attributes, study->n_attributes, "refit_trial");
    const char *state = hone__pair_text(study->attributes, study->n_attributes, "refit");
    run->refit = best && trial && state && strcmp(state, "complete") == 0 && strtoull(trial, NULL, 10) == best->number;
}

/* What is missing of these is left out of the report, with a warning. */
static void read_surroundings(hone__report_run *run, hone_log *log)
{
    hone_error why;
    const char *experiment = path_in(run, "experiment.yaml"), *environment = path_in(run, "environment.json");
    if (!experiment || hone__yaml_load(run->arena, experiment, &run->experiment, &why) != HONE_OK) {
        run->experiment = NULL;
        hone_log_line(log, HONE_LOG_WARNING, "%s", experiment ? why.msg : "out of memory");
    }
    if (!environment || hone__json_load(environment, 0, &run->environment, &why) != HONE_OK) {
        run->environment = NULL;
        hone_log_line(log, HONE_LOG_WARNING, "%s", environment ? why.msg : "out of memory");
    }
    read_data(run);
    const char *test = path_in(run, HONE__TEST_DIR "/exhibits.json");
    if (test && hone__exists(test) && hone__exhibits_load(run->arena, test, &run->test, &why) != HONE_OK) {
        run->test = NULL;
        hone_log_line(log, HONE_LOG_WARNING, "%s", why.msg);
    }
    read_test_seen(run);
    const hone__report_trial *best = hone__report_best(run);
    const char *exhibits = best ? hone_sprintf(run->arena, "%s/%s/exhibits.json", run->dir, best->dir) : NULL;
    if (exhibits && hone__exhibits_load(run->arena, exhibits, &run->exhibits, &why) != HONE_OK) {
        run->exhibits = NULL;
        hone_log_line(log, HONE_LOG_WARNING, "%s", why.msg);
    }
}

/* Where the sweep names no metric, the trials' own choice has ranked them. */
static void name_metric(hone__report_run *run)
{
    const hone__report_trial *best = hone__report_best(run);
    if (strcmp(run->metric, "value") == 0 && best && best->own_metric)
        run->metric = best->own_metric;
}

hone_status hone__report_open(hone_arena *arena, const char *dir, hone_log *log, hone__report_run **out, hone_error *err)
{
    hone__report_run *run = hone_alloc(arena, sizeof *run);
    if (!run)
        return hone_no_memory(err, "reading a run");
    *run = (hone__report_run){.arena = arena, .dir = hone_strdup(arena, dir)};
    if (!run->dir)
        return hone_no_memory(err, "reading a run");
    HONE_TRY(read_journal(run, err));
    HONE_TRY(collect_columns(run, err));
    run->n_trials = run->study->n_trials;
    run->trials = hone_alloc_array(arena, run->n_trials, sizeof *run->trials);
    if (!run->trials)
        return hone_no_memory(err, "reading a run");
    for (size_t i = 0; i < run->n_trials; i++)
        HONE_TRY(take_trial(run, i, log, err));
    HONE_TRY(hone__report_rank(run, err));
    name_metric(run);
    find_refit(run);
    read_surroundings(run, log);
    *out = run;
    return HONE_OK;
}

void hone__report_close(hone__report_run *run)
{
    if (run)
        json_decref(run->environment);
}

/* ---- Curves ------------------------------------------------------------------------------------------------------ */

static hone_status series_add(const hone__report_run *run, hone__series *s, double step, double value, hone_error *err)
{
    if (s->n == s->cap) {
        size_t cap = s->cap ? 2 * s->cap : 64;
        double *both = hone_alloc_array(run->arena, 2 * cap, sizeof *both);
        if (!both)
            return hone_no_memory(err, "reading a learning curve");
        if (s->n) {
            memcpy(both, s->step, s->n * sizeof *both);
            memcpy(both + cap, s->value, s->n * sizeof *both);
        }
        s->step = both;
        s->value = both + cap;
        s->cap = cap;
    }
    s->step[s->n] = step;
    s->value[s->n++] = value;
    return HONE_OK;
}

static hone_status series_line(const hone__report_run *run, hone__series *s, const char *line, size_t n, const char *key,
                               hone_error *err)
{
    json_t *record;
    hone_error why;
    hone_status parsed = hone__json_parse(line, n, "metrics.jsonl", &record, &why);
    if (parsed == HONE_ENOMEM)
        return hone_no_memory(err, "reading a learning curve");
    if (parsed != HONE_OK)
        return HONE_OK;
    const double step = number_at(record, "step"), value = number_at(record, key);
    const hone_status status =
        json_object_get(record, "format") ? hone__json_format(record, HONE__FORMAT_METRICS, "metrics.jsonl", err) : HONE_OK;
    json_decref(record);
    HONE_TRY(status);
    return isnan(step) || isnan(value) ? HONE_OK : series_add(run, s, step, value, err);
}

hone_status hone__report_series(const hone__report_run *run, const hone__report_trial *t, const char *key, hone__series *series,
                                hone_error *err)
{
    char *bytes;
    size_t n;
    hone_status status = HONE_OK;
    *series = (hone__series){0};
    const char *path = hone_sprintf(run->arena, "%s/%s/metrics.jsonl", run->dir, t->dir);
    if (!path)
        return hone_no_memory(err, "reading a learning curve");
    if (hone__read_file(path, 0, &bytes, &n, NULL) != HONE_OK)
        return HONE_OK;
    for (const char *line = bytes, *end; status == HONE_OK && (end = memchr(line, '\n', n - (size_t)(line - bytes))) != NULL;
         line = end + 1)
        status = series_line(run, series, line, (size_t)(end - line), key, err);
    hone__free(bytes);
    return status;
}
