/* exhibits_json.c - exhibits.json: figures, tables, curves and matrices, written and read back.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/format.h"
#include "train/exhibits.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- Writing. Jansson takes a NULL value for a failure, so that one check at the end is enough. -------------------- */

static json_t *real_json(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}

static json_t *texts_json(const char *const *texts, uint64_t n)
{
    json_t *list = json_array();
    for (uint64_t i = 0; i < n; i++) {
        if (json_array_append_new(list, json_string(texts[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *reals_json(const double *x, uint64_t n)
{
    json_t *list = json_array();
    for (uint64_t i = 0; i < n; i++) {
        if (json_array_append_new(list, real_json(x[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *figure_json(const hone_exhibits *x, size_t i)
{
    const hone__figure *f = &x->figures[i];
    return json_pack("{s:s, s:o, s:i, s:s}", "name", f->name, "value", real_json(f->value), "direction", (int)f->direction,
                     "note", f->note);
}

/* Cells row by row; what a last, shorter row lacks is null. */
static json_t *rows_json(const hone_table *t)
{
    json_t *rows = json_array();
    int failed = rows ? 0 : -1;
    for (uint64_t at = 0; at < t->n_cells && !failed; at += t->n_columns) {
        json_t *row = json_array();
        for (uint64_t c = 0; c < t->n_columns && !failed; c++) {
            const hone__cell *cell = at + c < t->n_cells ? &t->cells[at + c] : NULL;
            failed |= json_array_append_new(row, !cell        ? json_null()
                                                 : cell->text ? json_string(cell->text)
                                                              : real_json(cell->number));
        }
        failed |= json_array_append_new(rows, row);
    }
    if (failed) {
        json_decref(rows);
        return NULL;
    }
    return rows;
}

static json_t *table_json(const hone_exhibits *x, size_t i)
{
    const hone_table *t = x->tables[i];
    return json_pack("{s:s, s:s, s:o, s:o}", "name", t->name, "title", t->title, "columns",
                     texts_json(t->columns, t->n_columns), "rows", rows_json(t));
}

static const char *const curve_styles[] = {"line", "points", "steps"};
enum { N_CURVE_STYLES = sizeof curve_styles / sizeof *curve_styles };

static json_t *curve_json(const hone_exhibits *x, size_t i)
{
    const hone_curve *c = &x->curves[i];
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:s, s:o, s:o}", "name", c->name, "title", c->title, "x_label", c->x_label,
                     "y_label", c->y_label, "series", c->series, "diagonal", (int)c->diagonal, "style",
                     curve_styles[c->style < N_CURVE_STYLES ? c->style : 0], "x", reals_json(c->x, c->n), "y",
                     reals_json(c->y, c->n));
}

static json_t *matrix_json(const hone_exhibits *x, size_t i)
{
    const hone_matrix *m = &x->matrices[i];
    json_t *values = json_array();
    for (uint64_t r = 0; r < m->n_rows; r++) {
        if (json_array_append_new(values, reals_json(m->values + r * m->n_columns, m->n_columns)) != 0) {
            json_decref(values);
            values = NULL;
            break;
        }
    }
    return json_pack("{s:s, s:s, s:s, s:s, s:b, s:o, s:o, s:o}", "name", m->name, "title", m->title, "row_title", m->row_title,
                     "column_title", m->column_title, "counts", (int)m->counts, "rows", texts_json(m->rows, m->n_rows),
                     "columns", texts_json(m->columns, m->n_columns), "values", values);
}

/* Adds `key`: [make(0), ... make(n-1)] to root. */
static int add_list(json_t *root, const char *key, const hone_exhibits *x, size_t n,
                    json_t *(*make)(const hone_exhibits *x, size_t i))
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        if (json_array_append_new(list, make(x, i)) != 0) {
            json_decref(list);
            return -1;
        }
    }
    return json_object_set_new(root, key, list);
}

hone_status hone__exhibits_save(const hone_exhibits *x, const char *path, hone_error *err)
{
    hone__json_init();
    json_t *root = json_pack("{s:i, s:o}", "format", HONE__FORMAT_EXHIBITS, "outputs", texts_json(x->outputs, x->n_outputs));
    int failed = add_list(root, "figures", x, x->n_figures, figure_json);
    failed |= add_list(root, "tables", x, x->n_tables, table_json);
    failed |= add_list(root, "curves", x, x->n_curves, curve_json);
    failed |= add_list(root, "matrices", x, x->n_matrices, matrix_json);
    const hone_status status = failed ? hone_no_memory(err, "writing exhibits.json") : hone__json_save(root, path, err);
    json_decref(root);
    return status;
}

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

typedef struct reading {
    hone_arena *arena;
    const char *path;
    hone_exhibits *x;
    hone_error *err;
} reading;

HONE_PRINTF(2, 3) static hone_status wrong(const reading *r, const char *fmt, ...)
{
    char what[300];
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    return hone_fail(r->err, HONE_EFORMAT, "%s: %s", r->path, what);
}

static hone_status get_text(const reading *r, const json_t *object, const char *key, const char **out)
{
    return hone__json_text(object, key, true, out, r->path, r->err);
}

static double real_of(const json_t *value)
{
    return json_is_number(value) ? json_number_value(value) : NAN;
}

/* Borrowed from the JSON tree but for the array itself: the adders copy. */
static hone_status get_texts(const reading *r, const json_t *object, const char *key, const char *const **out, uint64_t *n)
{
    const json_t *list = json_object_get(object, key);
    if (!json_is_array(list))
        return wrong(r, "%s is not a list", key);
    *n = json_array_size(list);
    const char **texts = hone_alloc_array(r->arena, *n, sizeof *texts);
    if (!texts)
        return hone_no_memory(r->err, "reading exhibits");
    for (uint64_t i = 0; i < *n; i++)
        if (!(texts[i] = json_string_value(json_array_get(list, i))))
            return wrong(r, "%s holds something that is no string", key);
    *out = texts;
    return HONE_OK;
}

static hone_status get_reals(const reading *r, const json_t *list, const char *key, double *out, uint64_t n)
{
    if (!json_is_array(list) || json_array_size(list) != n)
        return wrong(r, "%s is not a list of %llu numbers", key, (unsigned long long)n);
    for (uint64_t i = 0; i < n; i++)
        out[i] = real_of(json_array_get(list, i));
    return HONE_OK;
}

static hone_status read_figure(const reading *r, const json_t *object)
{
    const char *name = NULL, *note = NULL;
    int64_t direction = 0;
    HONE_TRY(get_text(r, object, "name", &name));
    HONE_TRY(get_text(r, object, "note", &note));
    HONE_TRY(hone__json_int(object, "direction", true, &direction, r->path, r->err));
    r->x->direction = (int32_t)direction;
    return hone_figure(r->x, name, real_of(json_object_get(object, "value")), note, r->err);
}

static hone_status read_cell(const reading *r, const json_t *cell, hone_table *table)
{
    if (json_is_string(cell))
        return hone_table_text(table, json_string_value(cell), r->err);
    return hone_table_number(table, real_of(cell), r->err);
}

static hone_status read_table(const reading *r, const json_t *object)
{
    const char *name = NULL, *title = NULL, *const *columns = NULL;
    uint64_t n = 0;
    hone_table *table = NULL;
    HONE_TRY(get_text(r, object, "name", &name));
    HONE_TRY(get_text(r, object, "title", &title));
    HONE_TRY(get_texts(r, object, "columns", &columns, &n));
    HONE_TRY(hone_table_begin(r->x, name, title, n, columns, &table, r->err));
    const json_t *rows = json_object_get(object, "rows");
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        if (json_array_size(row) != n)
            return wrong(r, "row %zu of table %s has not %llu cells", i + 1, name, (unsigned long long)n);
        for (size_t c = 0; c < n; c++)
            HONE_TRY(read_cell(r, json_array_get(row, c), table));
    }
    return HONE_OK;
}

/* What an older file lacks, or a newer one calls by a new word, is a line. */
static uint64_t style_of(const char *word)
{
    uint64_t style = 0;
    while (word && style < N_CURVE_STYLES && strcmp(curve_styles[style], word) != 0)
        style++;
    return style < N_CURVE_STYLES ? style : HONE_CURVE_LINE;
}

static hone_status read_curve(const reading *r, const json_t *object)
{
    hone_curve c = {.size = sizeof c};
    HONE_TRY(get_text(r, object, "name", &c.name));
    HONE_TRY(get_text(r, object, "title", &c.title));
    HONE_TRY(get_text(r, object, "x_label", &c.x_label));
    HONE_TRY(get_text(r, object, "y_label", &c.y_label));
    HONE_TRY(get_text(r, object, "series", &c.series));
    HONE_TRY(hone__json_bool(object, "diagonal", true, &c.diagonal, r->path, r->err));
    c.style = style_of(json_string_value(json_object_get(object, "style")));
    c.n = json_array_size(json_object_get(object, "x"));
    double *x = hone_alloc_array(r->arena, c.n, sizeof *x), *y = hone_alloc_array(r->arena, c.n, sizeof *y);
    if (!x || !y)
        return hone_no_memory(r->err, "reading exhibits");
    HONE_TRY(get_reals(r, json_object_get(object, "x"), "x", x, c.n));
    HONE_TRY(get_reals(r, json_object_get(object, "y"), "y", y, c.n));
    c.x = x;
    c.y = y;
    return hone_curve_add(r->x, &c, r->err);
}

static hone_status read_matrix(const reading *r, const json_t *object)
{
    hone_matrix m = {.size = sizeof m};
    HONE_TRY(get_text(r, object, "name", &m.name));
    HONE_TRY(get_text(r, object, "title", &m.title));
    HONE_TRY(get_text(r, object, "row_title", &m.row_title));
    HONE_TRY(get_text(r, object, "column_title", &m.column_title));
    HONE_TRY(hone__json_bool(object, "counts", true, &m.counts, r->path, r->err));
    HONE_TRY(get_texts(r, object, "rows", &m.rows, &m.n_rows));
    HONE_TRY(get_texts(r, object, "columns", &m.columns, &m.n_columns));
    double *values = hone_alloc_array(r->arena, m.n_rows * m.n_columns, sizeof *values);
    if (!values)
        return hone_no_memory(r->err, "reading exhibits");
    const json_t *rows = json_object_get(object, "values");
    for (uint64_t i = 0; i < m.n_rows; i++)
        HONE_TRY(get_reals(r, json_array_get(rows, i), "values", values + i * m.n_columns, m.n_columns));
    m.values = values;
    return hone_matrix_add(r->x, &m, r->err);
}

static hone_status read_list(const reading *r, const json_t *root, const char *key,
                             hone_status (*read)(const reading *r, const json_t *object))
{
    const json_t *list = json_object_get(root, key);
    if (!json_is_array(list))
        return wrong(r, "%s is not a list", key);
    for (size_t i = 0; i < json_array_size(list); i++)
        HONE_TRY(read(r, json_array_get(list, i)));
    return HONE_OK;
}

/* What older files lack. */
static hone_status read_outputs(const reading *r, const json_t *root)
{
    const char *const *names = NULL;
    uint64_t n = 0;
    if (!json_object_get(root, "outputs"))
        return HONE_OK;
    HONE_TRY(get_texts(r, root, "outputs", &names, &n));
    return hone__exhibits_name_outputs(r->x, names, n, r->err);
}

static hone_status read_all(const reading *r, const json_t *root)
{
    HONE_TRY(hone__json_format(root, HONE__FORMAT_EXHIBITS, r->path, r->err));
    HONE_TRY(read_outputs(r, root));
    HONE_TRY(read_list(r, root, "figures", read_figure));
    HONE_TRY(read_list(r, root, "tables", read_table));
    HONE_TRY(read_list(r, root, "curves", read_curve));
    return read_list(r, root, "matrices", read_matrix);
}

hone_status hone__exhibits_load(hone_arena *arena, const char *path, hone_exhibits **x, hone_error *err)
{
    json_t *root = NULL;
    HONE_TRY(hone__json_load(path, 0, &root, err));
    const reading r = {arena, path, hone__exhibits_create(arena), err};
    const hone_status status = r.x ? read_all(&r, root) : hone_no_memory(err, "reading exhibits");
    json_decref(root);
    *x = r.x;
    return status;
}
