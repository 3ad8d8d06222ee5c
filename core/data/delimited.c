/* delimited.c - rows of delimited text to examples: which column holds what, and what each must hold.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/text.h>

#include "base/str.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char delimiters[] = {'\t', ',', ';'};

enum { TEXT, TEXT_PAIR, LABEL, SCORE, ID, N_ROLES };
static const char *const role_names[N_ROLES] = {"text", "text_pair", "label", "score", "id"};
enum { NO_COLUMN = -1 };

static const char *column_of(const hone_delimited *d, int role)
{
    const hone_columns *c = &d->columns;
    const char *const names[N_ROLES] = {c->text, c->text_pair, c->label, c->score, c->id};
    return names[role];
}

/* A column number from 1, or 0. */
static long as_number(const char *text)
{
    char *end;
    errno = 0;
    long number = *text >= '0' && *text <= '9' ? strtol(text, &end, 10) : 0;
    return number > 0 && errno == 0 && *end == '\0' && number <= INT32_MAX ? number : 0;
}

hone_status hone_delimited_check(const hone_delimited *d, hone_error *err)
{
    char shown[64];
    if (d->columns.label && d->columns.score)
        return hone_fail(err, HONE_ECONFIG, "data.columns names both a label and a score; an example has one of them");
    if (d->label_separator && !d->columns.label)
        return hone_fail(err, HONE_ECONFIG, "data.label_separator needs data.columns.label, the column that holds the labels");
    if (d->label_separator && !*d->label_separator)
        return hone_fail(err, HONE_ECONFIG,
                         "data.label_separator is empty; it is what stands between two labels, such as a comma");
    for (int role = 0; role < N_ROLES; role++) {
        const char *column = column_of(d, role);
        if (column && !*column)
            return hone_fail(err, HONE_ECONFIG, "data.columns.%s is empty; leave it out where there is no such column",
                             role_names[role]);
        if (column && !d->header && as_number(column) == 0)
            return hone_fail(err, HONE_ECONFIG,
                             "data.columns.%s is %s; without a header (`header: false`) columns are numbers, the first is 1",
                             role_names[role], hone__shown(column, shown, sizeof shown));
        for (int other = 0; column && other < role; other++)
            if (column_of(d, other) && strcmp(column_of(d, other), column) == 0)
                return hone_fail(err, HONE_ECONFIG, "data.columns.%s and data.columns.%s name the same column %s",
                                 role_names[other], role_names[role], hone__shown(column, shown, sizeof shown));
    }
    return HONE_OK;
}

hone_target hone_delimited_target(const hone_delimited *d)
{
    if (d->columns.label && d->label_separator)
        return HONE_TARGET_CLASSES;
    return d->columns.label ? HONE_TARGET_CLASS : d->columns.score ? HONE_TARGET_SCORE : HONE_TARGET_NONE;
}

const char *const *hone_delimited_fields(const hone_delimited *d)
{
    static const char *const one[] = {"text", NULL}, *const two[] = {"text", "text_pair", NULL};
    return d->columns.text_pair ? two : one;
}

/* ---- Columns ----------------------------------------------------------------------------------------------------- */

typedef struct table {
    const hone_delimited *params;
    const hone_source *source;
    hone_sink *sink;
    hone_arena *step;
    uint64_t width;        /* cells of a row */
    int64_t role[N_ROLES]; /* column of each, from 0, or NO_COLUMN */
    const char **names;    /* [width] of the columns */
} table;

static const char *cell_name(const void *ctx, size_t i)
{
    const hone_row *row = ctx;
    return i < row->n ? row->cell[i] : NULL;
}

static hone_status no_column(const table *t, const hone_row *header, const char *name, hone_error *err)
{
    hone__str list = {0};
    char shown[64], near[96] = "";
    const char *nearest = hone__nearest(name, cell_name, header);
    for (uint64_t i = 0; i < header->n && i < 24; i++) {
        hone__str_add(&list, i ? ", " : "");
        hone__str_add_shown(&list, header->cell[i], 40);
    }
    if (nearest)
        snprintf(near, sizeof near, "; did you mean %.60s?", nearest);
    hone_status status = hone_sink_fail(t->sink, header->line, err, "there is no column %s%s The %s: %.400s%s",
                                        hone__shown(name, shown, sizeof shown), nearest ? near : ".",
                                        header->n == 1 ? "header has one column" : "columns are", hone__str_text(&list),
                                        header->n == 1 ? "; is the delimiter right?" : "");
    hone__str_clear(&list);
    return status;
}

static hone_status find_by_name(table *t, const hone_row *header, int role, const char *name, hone_error *err)
{
    char shown[64];
    for (uint64_t i = 0; i < header->n; i++) {
        if (strcmp(header->cell[i], name) != 0)
            continue;
        if (t->role[role] != NO_COLUMN)
            return hone_sink_fail(t->sink, header->line, err, "the columns %lld and %llu are both named %s",
                                  (long long)t->role[role] + 1, (unsigned long long)i + 1,
                                  hone__shown(name, shown, sizeof shown));
        t->role[role] = (int64_t)i;
    }
    return HONE_OK;
}

static hone_status find_by_number(table *t, const hone_row *first, int role, const char *name, hone_error *err)
{
    long number = as_number(name);
    if ((uint64_t)number <= first->n) {
        t->role[role] = number - 1;
        return HONE_OK;
    }
    if ((role == LABEL || role == SCORE) && !t->source->needs_gold)
        return HONE_OK;
    return hone_sink_fail(t->sink, first->line, err, "data.columns.%s is %ld, but the row has %llu column%s%s",
                          role_names[role], number, (unsigned long long)first->n, first->n == 1 ? "" : "s",
                          first->n == 1 ? "; is the delimiter right?" : "");
}

/* Looks at the header, or at the first row where there is none. Gold may be absent where nobody needs it. */
static hone_status find_columns(table *t, const hone_row *first, hone_error *err)
{
    t->width = first->n;
    for (int role = 0; role < N_ROLES; role++) {
        const char *name = column_of(t->params, role);
        t->role[role] = NO_COLUMN;
        if (!name)
            continue;
        if (!t->params->header) {
            HONE_TRY(find_by_number(t, first, role, name, err));
            continue;
        }
        HONE_TRY(find_by_name(t, first, role, name, err));
        bool optional = (role == LABEL || role == SCORE) && !t->source->needs_gold;
        if (t->role[role] == NO_COLUMN && !optional)
            return no_column(t, first, name, err);
    }
    return HONE_OK;
}

/* The columns' names, or their numbers where there is no header. The header's cells are gone with the next row. */
static hone_status name_columns(table *t, const hone_row *first, hone_arena *arena, hone_error *err)
{
    t->names = hone_alloc_array(arena, first->n, sizeof *t->names);
    for (uint64_t i = 0; t->names && i < first->n; i++) {
        t->names[i] =
            t->params->header ? hone_strdup(arena, first->cell[i]) : hone_sprintf(arena, "%llu", (unsigned long long)i + 1);
        if (!t->names[i])
            return hone_no_memory(err, "reading a header");
    }
    return t->names ? HONE_OK : hone_no_memory(err, "reading a header");
}

/* ---- Rows -------------------------------------------------------------------------------------------------------- */

/* A decimal number; "nan", "inf" and hexadecimal ones are none. */
static bool as_score(const char *text, double *score)
{
    char *end;
    errno = 0;
    *score = strtod(text, &end);
    return text[0] && strspn(text, "0123456789+-.eE") == strlen(text) && *end == '\0' && isfinite(*score);
}

/* The labels of a set; an empty cell has none. */
static hone_status add_set(const table *t, const char *cell, hone_error *err)
{
    const char *separator = t->params->label_separator;
    char *list = hone_strdup(t->step, cell);
    const char **names = hone_alloc_array(t->step, strlen(cell) + 1, sizeof *names);
    hone_answer gold = hone_answer_of(HONE_TARGET_CLASSES);
    if (!list || !names)
        return hone_no_memory(err, "reading labels");
    gold.names = names;
    for (char *at = list, *end; at && *list; at = end ? end + strlen(separator) : NULL) {
        end = strstr(at, separator);
        if (end)
            *end = '\0';
        names[gold.n++] = at;
    }
    return hone_sink_gold(t->sink, &gold, err);
}

static hone_status add_gold(const table *t, const hone_row *row, hone_error *err)
{
    char shown[64];
    int role = t->role[LABEL] != NO_COLUMN ? LABEL : SCORE;
    if (t->role[role] == NO_COLUMN)
        return HONE_OK;
    const char *cell = row->cell[t->role[role]];
    if (role == LABEL && t->params->label_separator)
        return add_set(t, cell, err);
    if (!*cell && !t->source->needs_gold)
        return HONE_OK;
    if (!*cell)
        return hone_sink_fail(t->sink, row->line, err, "the %s (column %s) is empty", role_names[role],
                              column_of(t->params, role));
    hone_answer gold = hone_answer_of(role == LABEL ? HONE_TARGET_CLASS : HONE_TARGET_SCORE);
    if (role == LABEL) {
        gold.n = 1;
        gold.names = &cell;
    } else if (!as_score(cell, &gold.score)) {
        return hone_sink_fail(t->sink, row->line, err, "the score %s (column %s) is not a decimal number",
                              hone__shown(cell, shown, sizeof shown), column_of(t->params, role));
    }
    return hone_sink_gold(t->sink, &gold, err);
}

static hone_status add_row(const table *t, const hone_row *row, hone_error *err)
{
    if (row->n != t->width)
        return hone_sink_fail(t->sink, row->line, err, "this row has %llu column%s, the %s has %llu",
                              (unsigned long long)row->n, row->n == 1 ? "" : "s", t->params->header ? "header" : "first row",
                              (unsigned long long)t->width);
    HONE_TRY(hone_sink_example(t->sink, t->role[ID] == NO_COLUMN ? NULL : row->cell[t->role[ID]], row->line, err));
    for (int role = TEXT; role <= TEXT_PAIR; role++)
        if (t->role[role] != NO_COLUMN)
            HONE_TRY(hone_sink_text(t->sink, role_names[role], row->cell[t->role[role]], row->length[t->role[role]], err));
    for (uint64_t i = 0; i < row->n; i++)
        HONE_TRY(hone_sink_column(t->sink, t->names[i], row->cell[i], row->length[i], err));
    return add_gold(t, row, err);
}

hone_status hone_delimited_read(const hone_delimited *d, hone_arena *step, const hone_source *source, hone_sink *sink,
                                hone_error *err)
{
    hone_rows *rows;
    hone_row row;
    table t = {.params = d, .source = source, .sink = sink, .step = step};
    HONE_TRY(hone_rows_open(step, source->path, source->bytes, source->n, delimiters[d->delimiter], (hone_quoting)d->quoting,
                            &rows, err));
    hone_status status = hone_rows_next(rows, &row, err);
    if (status == HONE_END)
        return hone_sink_fail(sink, 0, err, "the file is empty");
    if (status != HONE_OK)
        return status;
    HONE_TRY(find_columns(&t, &row, err));
    HONE_TRY(name_columns(&t, &row, step, err));
    if (d->header)
        status = hone_rows_next(rows, &row, err);
    for (; status == HONE_OK; status = hone_rows_next(rows, &row, err))
        HONE_TRY(add_row(&t, &row, err));
    return status == HONE_END ? HONE_OK : status;
}
