/* journal_read.c - reading a sweep's log back into one study and its trials.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/file.h"
#include "base/format.h"
#include "base/json.h"
#include "base/str.h"
#include "sweep/journal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    CREATE_STUDY = 0,
    STUDY_ATTRIBUTE = 2,
    STUDY_SYSTEM = 3,
    CREATE_TRIAL = 4,
    PARAM = 5,
    STATE = 6,
    INTERMEDIATE = 7,
    TRIAL_ATTRIBUTE = 8
};

typedef struct reader {
    hone_arena *arena;
    hone__study *study;
    char where[1024]; /* "reports/x/journal.log:12", for messages */
    size_t cap_trials;
} reader;

const char *hone__pair_text(const hone__pair *pairs, size_t n, const char *key)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(pairs[i].key, key) == 0)
            return pairs[i].text;
    return NULL;
}

/* ---- Keys and values --------------------------------------------------------------------------------------------- */

/* Of text the text itself, of anything else its JSON. */
static const char *text_of(hone_arena *arena, const json_t *value)
{
    if (json_is_string(value))
        return hone_strdup(arena, json_string_value(value));
    if (json_is_real(value)) {
        hone__str s = {0};
        hone__str_add_real(&s, json_real_value(value));
        const char *text = s.failed ? NULL : hone_strdup(arena, hone__str_text(&s));
        hone__str_clear(&s);
        return text;
    }
    char *dumped = json_dumps(value, JSON_ENCODE_ANY);
    const char *text = dumped ? hone_strdup(arena, dumped) : NULL;
    hone__free(dumped);
    return text;
}

/* A later value of the same key overrules. Lists grow in powers of two, each in a new place of the arena. */
static hone_status set_pair(reader *r, hone__pair **pairs, size_t *n, const char *key, const char *text, double number,
                            hone__scale scale, hone_error *err)
{
    if (!text)
        return hone_no_memory(err, "reading a journal");
    for (size_t i = 0; i < *n; i++)
        if (strcmp((*pairs)[i].key, key) == 0) {
            (*pairs)[i].text = text;
            (*pairs)[i].number = number;
            (*pairs)[i].scale = scale;
            return HONE_OK;
        }
    if ((*n & (*n - 1)) == 0) {
        hone__pair *more = hone_alloc_array(r->arena, *n ? 2 * *n : 1, sizeof *more);
        if (!more)
            return hone_no_memory(err, "reading a journal");
        if (*n)
            memcpy(more, *pairs, *n * sizeof *more);
        *pairs = more;
    }
    char *copy = hone_strdup(r->arena, key);
    if (!copy)
        return hone_no_memory(err, "reading a journal");
    (*pairs)[(*n)++] = (hone__pair){copy, text, scale, number};
    return HONE_OK;
}

static hone_status set_attributes(reader *r, const json_t *record, hone__pair **pairs, size_t *n, hone_error *err)
{
    const char *key;
    json_t *value;
    json_object_foreach(json_object_get(record, "user_attr"), key, value)
        HONE_TRY(set_pair(r, pairs, n, key, text_of(r->arena, value), NAN, HONE__SCALE_NONE, err));
    return HONE_OK;
}

/* ---- Records ----------------------------------------------------------------------------------------------------- */

static hone_status trial_of(reader *r, const json_t *record, hone__journal_entry **trial, hone_error *err)
{
    int64_t id = -1;
    HONE_TRY(hone__json_int(record, "trial_id", true, &id, r->where, err));
    if (id < 0 || (uint64_t)id >= r->study->n_trials)
        return hone_fail(err, HONE_EFORMAT, "%s: trial %lld was never created", r->where, (long long)id);
    *trial = &r->study->trials[id];
    return HONE_OK;
}

static hone_status read_study(reader *r, const json_t *record, hone_error *err)
{
    const char *name = NULL;
    HONE_TRY(hone__json_text(record, "study_name", true, &name, r->where, err));
    r->study->maximize = json_integer_value(json_array_get(json_object_get(record, "directions"), 0)) == 2;
    r->study->name = hone_strdup(r->arena, name);
    return r->study->name ? HONE_OK : hone_no_memory(err, "reading a journal");
}

static hone_status read_study_system(reader *r, const json_t *record, hone_error *err)
{
    const json_t *names = json_object_get(json_object_get(record, "system_attr"), "study:metric_names");
    const char *metric = json_string_value(json_array_get(names, 0));
    if (!metric)
        return HONE_OK;
    r->study->metric = hone_strdup(r->arena, metric);
    return r->study->metric ? HONE_OK : hone_no_memory(err, "reading a journal");
}

static hone_status read_create(reader *r, const json_t *record, hone_error *err)
{
    hone__study *s = r->study;
    const char *started = "";
    HONE_TRY(hone__json_text(record, "datetime_start", false, &started, r->where, err));
    if (s->n_trials == r->cap_trials) {
        size_t cap = r->cap_trials ? 2 * r->cap_trials : 16;
        hone__journal_entry *more = hone_alloc_array(r->arena, cap, sizeof *more);
        if (!more)
            return hone_no_memory(err, "reading a journal");
        if (s->n_trials)
            memcpy(more, s->trials, s->n_trials * sizeof *more);
        s->trials = more;
        r->cap_trials = cap;
    }
    hone__journal_entry *t = &s->trials[s->n_trials];
    *t = (hone__journal_entry){.state = HONE__TRIAL_RUNNING, .value = NAN, .started = hone_strdup(r->arena, started)};
    if (!t->started)
        return hone_no_memory(err, "reading a journal");
    s->n_trials++;
    return HONE_OK;
}

/* The value as a person writes it: a categorical's is the choice, an integer has no point. */
static hone_status value_text(reader *r, const json_t *value, const json_t *distribution, const char **text, hone_error *err)
{
    const char *name = json_string_value(json_object_get(distribution, "name"));
    const json_t *choices = json_object_get(json_object_get(distribution, "attributes"), "choices");
    if (choices) {
        const double index = json_number_value(value);
        value = index >= 0 && index < (double)json_array_size(choices) ? json_array_get(choices, (size_t)index) : NULL;
        if (!value)
            return hone_fail(err, HONE_EFORMAT, "%s: a choice that is not among the choices", r->where);
        *text = text_of(r->arena, value);
    } else if (name && strcmp(name, "IntDistribution") == 0) {
        *text = hone_sprintf(r->arena, "%lld", llround(json_number_value(value)));
    } else {
        *text = text_of(r->arena, value);
    }
    return *text ? HONE_OK : hone_no_memory(err, "reading a journal");
}

static hone__scale scale_of(const json_t *distribution)
{
    const json_t *attributes = json_object_get(distribution, "attributes");
    if (json_object_get(attributes, "choices"))
        return HONE__SCALE_CHOICE;
    return json_is_true(json_object_get(attributes, "log")) ? HONE__SCALE_LOG : HONE__SCALE_LINEAR;
}

static hone_status read_param(reader *r, const json_t *record, hone_error *err)
{
    hone__journal_entry *t = NULL;
    const char *name = NULL, *json = NULL, *text = NULL;
    json_t *distribution;
    HONE_TRY(trial_of(r, record, &t, err));
    HONE_TRY(hone__json_text(record, "param_name", true, &name, r->where, err));
    HONE_TRY(hone__json_text(record, "distribution", true, &json, r->where, err));
    HONE_TRY(hone__json_parse(json, strlen(json), r->where, &distribution, err));
    const json_t *value = json_object_get(record, "param_value_internal");
    hone_status status = value_text(r, value, distribution, &text, err);
    const hone__scale scale = scale_of(distribution);
    json_decref(distribution);
    HONE_TRY(status);
    return set_pair(r, &t->params, &t->n_params, name, text, json_is_number(value) ? json_number_value(value) : NAN, scale,
                    err);
}

static hone_status read_state(reader *r, const json_t *record, hone_error *err)
{
    hone__journal_entry *t = NULL;
    int64_t state = -1;
    const char *ended = NULL;
    HONE_TRY(trial_of(r, record, &t, err));
    HONE_TRY(hone__json_int(record, "state", true, &state, r->where, err));
    HONE_TRY(hone__json_text(record, "datetime_complete", false, &ended, r->where, err));
    const json_t *value = json_array_get(json_object_get(record, "values"), 0);
    t->state = (int)state;
    t->value = json_is_number(value) ? json_number_value(value) : NAN;
    if (ended && !(t->ended = hone_strdup(r->arena, ended)))
        return hone_no_memory(err, "reading a journal");
    return HONE_OK;
}

/* One that is said again, by a trial that is gone on with, overrules. */
static hone_status read_intermediate(reader *r, const json_t *record, hone_error *err)
{
    hone__journal_entry *t = NULL;
    int64_t step = 0;
    HONE_TRY(trial_of(r, record, &t, err));
    HONE_TRY(hone__json_int(record, "step", true, &step, r->where, err));
    const json_t *number = json_object_get(record, "intermediate_value");
    const double value = json_is_number(number) ? json_number_value(number) : (double)NAN;
    for (size_t i = t->n_curve; i-- > 0 && t->curve[i].step >= step;) /* steps go up, but for such a trial */
        if (t->curve[i].step == step) {
            t->curve[i].value = value;
            return HONE_OK;
        }
    if ((t->n_curve & (t->n_curve - 1)) == 0) {
        struct hone__evaluation *more = hone_alloc_array(r->arena, t->n_curve ? 2 * t->n_curve : 1, sizeof *more);
        if (!more)
            return hone_no_memory(err, "reading a journal");
        if (t->n_curve)
            memcpy(more, t->curve, t->n_curve * sizeof *more);
        t->curve = more;
    }
    t->curve[t->n_curve++] = (struct hone__evaluation){step, value};
    return HONE_OK;
}

static hone_status read_trial_attribute(reader *r, const json_t *record, hone_error *err)
{
    hone__journal_entry *t = NULL;
    HONE_TRY(trial_of(r, record, &t, err));
    return set_attributes(r, record, &t->attributes, &t->n_attributes, err);
}

/* Kinds of records that are not known are passed over: dashboards add attributes of their own. */
static hone_status read_record(reader *r, const json_t *record, hone_error *err)
{
    int64_t op = -1;
    HONE_TRY(hone__json_int(record, "op_code", true, &op, r->where, err));
    switch (op) {
    case CREATE_STUDY:
        return read_study(r, record, err);
    case STUDY_ATTRIBUTE:
        return set_attributes(r, record, &r->study->attributes, &r->study->n_attributes, err);
    case STUDY_SYSTEM:
        return read_study_system(r, record, err);
    case CREATE_TRIAL:
        return read_create(r, record, err);
    case PARAM:
        return read_param(r, record, err);
    case STATE:
        return read_state(r, record, err);
    case INTERMEDIATE:
        return read_intermediate(r, record, err);
    case TRIAL_ATTRIBUTE:
        return read_trial_attribute(r, record, err);
    default:
        return HONE_OK;
    }
}

static hone_status read_line(reader *r, const char *line, size_t n, hone_error *err)
{
    json_t *record;
    HONE_TRY(hone__json_parse(line, n, r->where, &record, err));
    hone_status status = read_record(r, record, err);
    json_decref(record);
    return status;
}

static hone_status read_lines(reader *r, const char *path, const char *bytes, size_t n, hone_error *err)
{
    char shown[900];
    size_t number = 0;
    hone__shown(path, shown, sizeof shown);
    for (const char *line = bytes; line < bytes + n;) {
        const char *end = memchr(line, '\n', n - (size_t)(line - bytes));
        if (!end) /* torn by a kill, or being written just now */
            break;
        snprintf(r->where, sizeof r->where, "%s:%zu", shown, ++number);
        HONE_TRY(read_line(r, line, (size_t)(end - line), err));
        line = end + 1;
    }
    return HONE_OK;
}

/* A journal of another program, or one that was killed at once, names no format. */
static hone_status check_format(const hone__study *study, const char *path, hone_error *err)
{
    const char *format = hone__pair_text(study->attributes, study->n_attributes, "format");
    const char *hone = hone__pair_text(study->attributes, study->n_attributes, "hone");
    if (!format || strtoll(format, NULL, 10) <= HONE__FORMAT_RUN)
        return HONE_OK;
    return hone_fail(err, HONE_EFORMAT, "%s has format %s, written by hone %s; hone %s reads formats up to %d", path, format,
                     hone ? hone : "(unknown)", HONE_VERSION, HONE__FORMAT_RUN);
}

hone_status hone__journal_read(hone_arena *arena, const char *path, hone__study **study, hone_error *err)
{
    char *bytes;
    size_t n;
    reader r = {.arena = arena, .study = hone_alloc(arena, sizeof **study)};
    if (!r.study)
        return hone_no_memory(err, "reading a journal");
    *r.study = (hone__study){.name = "", .metric = ""};
    HONE_TRY(hone__read_file(path, 0, &bytes, &n, err));
    hone_status status = read_lines(&r, path, bytes, n, err);
    hone__free(bytes);
    *study = r.study;
    return status == HONE_OK ? check_format(r.study, path, err) : status;
}
