/* findings.c - what predictions show: which findings belong to which target, and the records they are made of.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "report/findings.h"

#include "base/arena.h"
#include "base/file.h"
#include "report/thresholds.h"
#include "train/evidence.h"

#include <hone/statistics.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct finder {
    uint32_t targets;
    hone__finder *find;
} finders[] = {
    {HONE_TAKES(HONE_TARGET_CLASS) | HONE_TAKES(HONE_TARGET_CLASSES), hone__find_classes},
    {HONE_TAKES(HONE_TARGET_CLASS) | HONE_TAKES(HONE_TARGET_TAGS) | HONE_TAKES(HONE_TARGET_TOKENS) |
         HONE_TAKES(HONE_TARGET_CHOICE),
     hone__find_confusion},
    {HONE_TAKES(HONE_TARGET_TAGS), hone__find_entities},
    {HONE_TAKES(HONE_TARGET_CLASS) | HONE_TAKES(HONE_TARGET_CLASSES), hone__find_curves},
    {HONE_TAKES(HONE_TARGET_CLASS) | HONE_TAKES(HONE_TARGET_CLASSES), hone__find_calibration},
    {HONE_TAKES(HONE_TARGET_CLASSES), hone__find_thresholds},
    {HONE_TAKES(HONE_TARGET_SCORE), hone__find_numbers},
    {UINT32_MAX, hone__find_slices},
    {UINT32_MAX, hone__find_cases},
};

static bool is_label(const hone_evaluation *e, int32_t index)
{
    return index >= 0 && (uint64_t)index < e->n_labels;
}

static bool is_usable(const hone_evaluation *e, const hone_record *r)
{
    if (!r->gold || !r->prediction)
        return false;
    if (e->target == HONE_TARGET_CLASS)
        return is_label(e, r->gold->index) && is_label(e, r->prediction->index);
    return e->target != HONE_TARGET_SCORE || (isfinite(r->gold->score) && isfinite(r->prediction->score));
}

static bool is_scored(const hone_evaluation *e)
{
    for (uint64_t i = 0; i < e->n; i++) {
        const hone_answer *p = hone_record_at(e, i)->prediction;
        if (p->n_scores != e->n_labels)
            return false;
        for (uint64_t l = 0; l < e->n_labels; l++)
            if (isnan(p->scores[l]))
                return false;
    }
    return e->n_labels > 0;
}

static hone_status choose_records(hone_arena *arena, const hone_evaluation *e, hone_evaluation *some, hone_error *err)
{
    hone_record *records = hone_alloc_array(arena, e->n, sizeof *records);
    if (!records)
        return hone_no_memory(err, "looking at predictions");
    *some = *e;
    some->n = 0;
    some->records = records;
    some->record_size = sizeof *records;
    for (uint64_t i = 0; i < e->n; i++)
        if (is_usable(e, hone_record_at(e, i)))
            records[some->n++] = *hone_record_at(e, i);
    return HONE_OK;
}

static hone_status find_all(const hone__finding *f, hone__findings *out, hone_error *err)
{
    for (size_t i = 0; i < sizeof finders / sizeof *finders; i++) {
        if (finders[i].targets & HONE_TAKES(f->e->target))
            HONE_TRY(finders[i].find(f, out, err));
        hone__arena_reset(f->scratch);
    }
    return HONE_OK;
}

/* Of findings on the validation data there is none: most runs have no others. */
static const char *word_of(const char *split)
{
    return strcmp(split, "validation") == 0 ? "" : split;
}

/* "", "test", "relation", "test_relation"; NULL when memory is short. */
static const char *prefix_of(hone_arena *arena, const hone_evaluation *e)
{
    const char *split = word_of(e->split);
    return hone_sprintf(arena, "%s%s%s", split, *split && *e->output ? "_" : "", e->output);
}

static hone_status make(hone_arena *arena, const hone_evaluation *e, hone__finding *f, hone__findings **findings,
                        hone_error *err)
{
    hone_evaluation some;
    hone__findings *out = hone_alloc(arena, sizeof *out);
    if (!out || !(out->exhibits = hone__exhibits_create(arena)))
        return hone_no_memory(err, "looking at predictions");
    out->split = e->split;
    out->output = e->output;
    out->target = e->target;
    out->exhibits->prefix = prefix_of(arena, e);
    if (!out->exhibits->prefix)
        return hone_no_memory(err, "looking at predictions");
    HONE_TRY(choose_records(arena, e, &some, err));
    f->arena = arena;
    f->e = &some;
    f->has_scores = is_scored(&some);
    f->scratch = hone__arena_create(0);
    if (!f->scratch)
        return hone_no_memory(err, "looking at predictions");
    const hone_status status = some.n ? find_all(f, out, err) : HONE_OK;
    hone__arena_destroy(f->scratch);
    *findings = out;
    return status;
}

hone_status hone__findings_make(hone_arena *arena, const hone_evaluation *e, hone__findings **findings, hone_error *err)
{
    hone__finding f = {.by_label = true, .by_length = true};
    return make(arena, e, &f, findings, err);
}

/* ---- Out of a folder --------------------------------------------------------------------------------------------- */

int32_t hone__positive_label(const hone_evaluation *e, const hone__yaml *experiment)
{
    const hone__yaml *node = experiment ? hone__yaml_path(experiment, "data.positive_label") : NULL;
    for (uint64_t l = 0; node && node->text && l < e->n_labels; l++)
        if (strcmp(node->text, e->labels[l]) == 0)
            return (int32_t)l;
    return -1;
}

/* Runs of older versions have no section report, and get what is its default. */
static bool is_on(const hone__yaml *experiment, const char *path)
{
    const hone__yaml *node = experiment ? hone__yaml_path(experiment, path) : NULL;
    return !node || !node->text || strcmp(node->text, "false") != 0;
}

static const hone_table *table_named(const hone_exhibits *x, const char *name)
{
    for (size_t i = 0; i < x->n_tables; i++)
        if (strcmp(x->tables[i]->name, name) == 0)
            return x->tables[i];
    return NULL;
}

/* *findings stays NULL where there are no predictions. `file` is the output as files are named, `output` as people see it. */
static hone_status read_output(hone_arena *arena, const hone__findings_source *s, const char *file, const char *output,
                               hone__findings **findings, hone_error *err)
{
    hone_evaluation *e;
    hone_error why;
    const char *name = hone__output_file(arena, HONE__PREDICTIONS_FILE, file);
    const char *path = name ? hone__path_join(arena, s->dir, name) : NULL;
    *findings = NULL;
    if (!path)
        return hone_no_memory(err, "reading predictions");
    if (!hone__exists(path))
        return HONE_OK;
    const hone_status status = hone__predictions_read(arena, path, &e, &why);
    if (status == HONE_ENOMEM)
        return hone_fail(err, status, "%s", why.msg);
    if (status != HONE_OK) {
        hone_log_line(s->log, HONE_LOG_WARNING, "%s", why.msg);
        return HONE_OK;
    }
    e->positive = *output ? -1 : hone__positive_label(e, s->experiment); /* several outputs have labels of their own */
    e->split = s->split;
    e->output = output;
    hone__finding f = {.dir = s->dir,
                       .file = file,
                       .chosen = s->head && !*output ? table_named(s->head, "thresholds") : NULL,
                       .by_label = is_on(s->experiment, "report.by_label"),
                       .by_length = is_on(s->experiment, "report.by_length")};
    return make(arena, e, &f, findings, err);
}

hone_status hone__findings_read(hone_arena *arena, const hone__findings_source *s, hone__findings_list *list, hone_error *err)
{
    const size_t n = s->shown && s->shown->n_outputs > 1 ? s->shown->n_outputs : 1;
    *list = (hone__findings_list){.all = hone_alloc_array(arena, n, sizeof *list->all)};
    if (!list->all)
        return hone_no_memory(err, "reading predictions");
    for (size_t o = 0; o < n; o++) {
        hone__findings *f;
        const char *output = n > 1 ? s->shown->outputs[o] : "";
        HONE_TRY(read_output(arena, s, o ? output : "", output, &f, err));
        if (f)
            list->all[list->n++] = f;
    }
    return HONE_OK;
}

/* ---- By name ----------------------------------------------------------------------------------------------------- */

static bool is_named(const hone__findings *f, const char *full, const char *name)
{
    const size_t n = strlen(f->exhibits->prefix);
    if (n == 0)
        return strcmp(full, name) == 0;
    return strncmp(full, f->exhibits->prefix, n) == 0 && full[n] == '_' && strcmp(full + n + 1, name) == 0;
}

const hone_table *hone__findings_table(const hone__findings *f, const char *name)
{
    for (size_t i = 0; i < f->exhibits->n_tables; i++)
        if (is_named(f, f->exhibits->tables[i]->name, name))
            return f->exhibits->tables[i];
    return NULL;
}

const hone_matrix *hone__findings_matrix(const hone__findings *f, const char *name)
{
    for (size_t i = 0; i < f->exhibits->n_matrices; i++)
        if (is_named(f, f->exhibits->matrices[i].name, name))
            return &f->exhibits->matrices[i];
    return NULL;
}

const hone_curve *hone__findings_curve(const hone__findings *f, const char *name)
{
    for (size_t i = 0; i < f->exhibits->n_curves; i++)
        if (is_named(f, f->exhibits->curves[i].name, name))
            return &f->exhibits->curves[i];
    return NULL;
}

/* ---- For finders ------------------------------------------------------------------------------------------------- */

const char *hone__finding_title(const hone__finding *f, const char *fmt, ...)
{
    char text[256];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    const char *split = word_of(f->e->split), *output = f->e->output;
    if (!*split && !*output)
        return hone_strdup(f->scratch, text);
    return hone_sprintf(f->scratch, "%s (%s%s%s%s)", text, output, *split && *output ? ", " : "", split, *split ? " data" : "");
}

double hone__finding_chosen(const hone__finding *f, uint64_t label)
{
    const hone_table *t = f->chosen;
    for (uint64_t at = 0; t && t->n_columns == 2 && at + 2 <= t->n_cells; at += 2)
        if (t->cells[at].text && !t->cells[at + 1].text && strcmp(t->cells[at].text, f->e->labels[label]) == 0)
            return t->cells[at + 1].number;
    return NAN;
}

hone_status hone__finding_thresholds(const hone__finding *f, uint64_t label, hone__thresholds *t, hone_error *err)
{
    double *scores = hone_alloc_array(f->scratch, f->e->n, sizeof *scores);
    bool *positive = hone_alloc_array(f->scratch, f->e->n, sizeof *positive);
    if (!scores || !positive)
        return hone_no_memory(err, "looking at scores");
    for (uint64_t i = 0; i < f->e->n; i++) {
        const hone_record *r = hone_record_at(f->e, i);
        scores[i] = (double)r->prediction->scores[label];
        positive[i] = hone_answer_holds(r->gold, label);
    }
    return hone__thresholds_make(f->scratch, f->e->n, scores, positive, t, err);
}
