/* cases.c - the worst examples, out of errors.tsv and predictions.tsv.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "report/cases.h"

#include "report/findings.h"
#include "report/sheet.h"
#include "train/evidence.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_CASES = 20, LONGEST_TEXT = 600 };

const char *const hone__mark_signs[] = {"", "\xe2\x9c\x93", "\xe2\x9c\x97", "\xe2\x97\x8b"}; /* ✓ ✗ ○ */

static hone__case_builder *const builders[] = {
    [HONE_TARGET_CLASS] = hone__case_class,   [HONE_TARGET_CLASSES] = hone__case_classes,
    [HONE_TARGET_SCORE] = hone__case_score,   [HONE_TARGET_TAGS] = hone__case_tags,
    [HONE_TARGET_SPAN] = hone__case_span,     [HONE_TARGET_CHOICE] = hone__case_choice,
    [HONE_TARGET_TOKENS] = hone__case_tokens, [HONE_TARGET_OTHER] = hone__case_other,
};

/* ---- Writing ----------------------------------------------------------------------------------------------------- */

/* Room for one more of n items; NULL when memory is short. */
static void *grown(hone__case_writer *w, void *items, size_t n, size_t *cap, size_t size)
{
    if (w->failed || n < *cap)
        return w->failed ? NULL : items;
    const size_t more = *cap ? 2 * *cap : 4;
    void *room = hone_alloc_array(w->arena, more, size);
    w->failed = !room;
    if (room && n)
        memcpy(room, items, n * size);
    *cap = room ? more : *cap;
    return room;
}

void hone__case_begin(hone__case_writer *w, const char *name)
{
    hone__case *c = w->to;
    hone__case_line *lines = grown(w, c->lines, c->n, &c->cap, sizeof *lines);
    const char *copy = lines ? hone_strdup(w->arena, name) : NULL;
    w->failed = w->failed || !copy;
    if (!copy)
        return;
    c->lines = lines;
    c->lines[c->n++] = (hone__case_line){.name = copy};
}

void hone__case_addn(hone__case_writer *w, hone__case_mark mark, const char *text, size_t n, const char *label)
{
    hone__case_line *l = w->failed ? NULL : &w->to->lines[w->to->n - 1];
    hone__case_part *parts = l ? grown(w, l->parts, l->n, &l->cap, sizeof *parts) : NULL;
    const char *copy = parts ? hone_strndup(w->arena, text, n) : NULL;
    const char *of_label = copy ? hone_strdup(w->arena, label ? label : "") : NULL;
    w->failed = w->failed || !of_label;
    if (!of_label)
        return;
    l->parts = parts;
    l->parts[l->n++] = (hone__case_part){mark, copy, of_label};
}

void hone__case_add(hone__case_writer *w, hone__case_mark mark, const char *text, const char *label)
{
    hone__case_addn(w, mark, text, strlen(text), label);
}

void hone__case_addf(hone__case_writer *w, const char *fmt, ...)
{
    char text[256];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    hone__case_add(w, HONE__MARK_NONE, text, NULL);
}

void hone__case_add_tokens(hone__case_writer *w, const char *const *tokens, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        const bool glued = i > 0 && strncmp(tokens[i], "##", 2) == 0;
        if (i > 0 && !glued)
            hone__case_add(w, HONE__MARK_NONE, " ", NULL);
        hone__case_add(w, HONE__MARK_NONE, tokens[i] + (glued ? 2 : 0), NULL);
    }
}

/* ---- Columns ----------------------------------------------------------------------------------------------------- */

const char *hone__case_cell(const hone__case_source *s, const char *name)
{
    const uint64_t k = hone__cells_find(s->cells, name);
    if (k == s->cells->n_columns)
        return NULL;
    s->used[k] = true;
    return s->cells->cell[s->row * s->cells->n_columns + k];
}

hone_status hone__case_list(const hone__case_source *s, const char *name, const char ***items, uint64_t *n, hone_error *err)
{
    const uint64_t k = hone__cells_find(s->cells, name);
    const bool is_list = k < s->cells->n_columns && hone__cells_is_list(s->cells->names[k]);
    *n = 0;
    return is_list ? hone__cells_items(s->scratch, hone__case_cell(s, name), items, n, err) : HONE_OK;
}

static void add_text(hone__case_writer *w, const char *text)
{
    char fit[4 * LONGEST_TEXT + 8];
    hone__case_add(w, HONE__MARK_NONE, hone__text_fit(text, LONGEST_TEXT, fit, sizeof fit), NULL);
}

static hone_status add_list(const hone__case_source *s, const char *name, const char *cell, hone__case_writer *w,
                            hone_error *err)
{
    const char **items, *between = strcmp(name, "choices") == 0 ? " | " : " ";
    uint64_t n;
    HONE_TRY(hone__cells_items(s->scratch, cell, &items, &n, err));
    if (strcmp(name, "sequence") == 0)
        hone__case_add_tokens(w, items, n);
    else
        for (uint64_t i = 0; i < n; i++) {
            hone__case_add(w, HONE__MARK_NONE, i ? between : "", NULL);
            add_text(w, items[i]);
        }
    return HONE_OK;
}

/* Fields and kept columns that the builder has not shown. */
static hone_status add_rest(const hone__case_source *s, hone__case_writer *w, hone_error *err)
{
    for (uint64_t k = 0; k < s->cells->n_columns; k++) {
        const char *cell = s->cells->cell[s->row * s->cells->n_columns + k];
        const bool list = hone__cells_is_list(s->cells->names[k]);
        char name[64];
        if (s->used[k] || !*cell)
            continue;
        snprintf(name, sizeof name, "%s", s->cells->names[k]);
        if (list && strrchr(name, ':'))
            *strrchr(name, ':') = 0;
        hone__case_begin(w, name);
        if (list)
            HONE_TRY(add_list(s, name, cell, w, err));
        else
            add_text(w, cell);
    }
    return HONE_OK;
}

/* ---- All of them ------------------------------------------------------------------------------------------------- */

/* NULL: predictions.tsv has none of that id, or not both answers. */
static const hone_record *record_of(const hone_evaluation *e, const char *id)
{
    for (uint64_t i = 0; i < e->n; i++)
        if (strcmp(hone_record_at(e, i)->id, id) == 0)
            return hone_record_at(e, i);
    return NULL;
}

static hone_status build(const hone__finding *f, const hone__cells *cells, uint64_t row, hone__case *c, hone_error *err)
{
    static const char *const shown[] = {"id", "gold", "predicted", "loss"};
    hone__case_writer w = {.arena = f->arena, .to = c};
    hone__case_source s = {.e = f->e, .cells = cells, .row = row, .scratch = f->scratch};
    s.used = hone_alloc_array(f->scratch, cells->n_columns, sizeof *s.used);
    if (!s.used)
        return hone_no_memory(err, "showing an example");
    const char *id = hone__case_cell(&s, shown[0]), *loss = hone__case_cell(&s, shown[3]);
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
        (void)hone__case_cell(&s, shown[i]);
    c->id = hone_strdup(f->arena, id);
    c->about = hone_sprintf(f->arena, "loss %.3g", atof(loss));
    s.record = record_of(f->e, id);
    if (!c->id || !c->about)
        return hone_no_memory(err, "showing an example");
    if (s.record)
        HONE_TRY(builders[f->e->target](&s, &w, err));
    HONE_TRY(add_rest(&s, &w, err));
    return w.failed ? hone_no_memory(err, "showing an example") : HONE_OK;
}

static bool is_whole(const hone__cells *c)
{
    return hone__cells_find(c, "id") < c->n_columns && hone__cells_find(c, "loss") < c->n_columns;
}

hone_status hone__find_cases(const hone__finding *f, hone__findings *out, hone_error *err)
{
    hone__cells c = {0};
    hone_error why;
    const char *name = hone__output_file(f->scratch, HONE__ERRORS_FILE, f->file ? f->file : "");
    if (!name)
        return hone_no_memory(err, "looking at errors");
    const hone_status status = f->dir ? hone__cells_read(f->scratch, f->dir, name, MOST_CASES, &c, &why) : HONE_END;
    if (status == HONE_ENOMEM)
        return hone_fail(err, status, "%s", why.msg);
    if (status != HONE_OK || !is_whole(&c))
        return HONE_OK;
    hone__case *cases = hone_alloc_array(f->arena, c.n_rows, sizeof *cases);
    const char *title = hone__finding_title(f, "The %llu examples with the highest loss", (unsigned long long)c.n_rows);
    out->cases_title = title ? hone_strdup(f->arena, title) : NULL;
    if (!cases || !out->cases_title)
        return hone_no_memory(err, "looking at errors");
    for (uint64_t r = 0; r < c.n_rows; r++)
        HONE_TRY(build(f, &c, r, &cases[r], err));
    out->cases = cases;
    out->n_cases = (size_t)c.n_rows;
    return HONE_OK;
}
