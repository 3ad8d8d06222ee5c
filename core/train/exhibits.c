/* exhibits.c - collecting what metrics and heads show.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "train/exhibits.h"

#include <string.h>

hone_exhibits *hone__exhibits_create(hone_arena *arena)
{
    hone_exhibits *x = hone_alloc(arena, sizeof *x);
    if (!x)
        return NULL;
    x->arena = arena;
    x->prefix = "";
    return x;
}

const hone__figure *hone__exhibits_figure(const hone_exhibits *x, const char *name)
{
    for (size_t i = 0; i < x->n_figures; i++)
        if (strcmp(x->figures[i].name, name) == 0)
            return &x->figures[i];
    return NULL;
}

hone_status hone__exhibits_name_outputs(hone_exhibits *x, const char *const *names, size_t n, hone_error *err)
{
    x->outputs = hone_alloc_array(x->arena, n, sizeof *x->outputs);
    if (!x->outputs)
        return hone_no_memory(err, "naming outputs");
    for (x->n_outputs = 0; x->n_outputs < n; x->n_outputs++)
        if (!(x->outputs[x->n_outputs] = hone_strdup(x->arena, names[x->n_outputs])))
            return hone_no_memory(err, "naming outputs");
    return HONE_OK;
}

/* Room for one more item of an array in the arena; NULL when memory is short. What it held stays where it was. */
static void *grown(hone_arena *arena, void *items, size_t n, size_t *cap, size_t size)
{
    if (n < *cap)
        return items;
    const size_t bigger = *cap ? 2 * *cap : 8;
    void *room = hone_alloc_array(arena, bigger, size);
    if (!room)
        return NULL;
    if (n)
        memcpy(room, items, n * size);
    *cap = bigger;
    return room;
}

/* "f1", "f1_best_threshold"; a head's exhibits have no prefix. */
static const char *full_name(const hone_exhibits *x, const char *name)
{
    if (!name || !*name)
        return hone_strdup(x->arena, x->prefix);
    return *x->prefix ? hone_sprintf(x->arena, "%s_%s", x->prefix, name) : hone_strdup(x->arena, name);
}

static const char *copy_text(hone_arena *arena, const char *text)
{
    return hone_strdup(arena, text ? text : "");
}

static hone_status no_room(hone_error *err)
{
    return hone_no_memory(err, "keeping what a metric shows");
}

hone_status hone_figure(hone_exhibits *out, const char *suffix, double value, const char *note, hone_error *err)
{
    const char *name = full_name(out, suffix), *copy = copy_text(out->arena, note);
    hone__figure *figures = grown(out->arena, out->figures, out->n_figures, &out->cap_figures, sizeof *figures);
    if (!name || !copy || !figures)
        return no_room(err);
    out->figures = figures;
    if (hone__exhibits_figure(out, name))
        return hone_fail(err, HONE_EEXIST, "there are two figures named %s", name);
    const int32_t direction = out->metric ? hone_metric_direction(out->metric, suffix) : out->direction;
    figures[out->n_figures++] = (hone__figure){.name = name, .note = copy, .value = value, .direction = direction};
    return HONE_OK;
}

/* A copy of n texts; NULL when memory is short. */
static const char **copy_texts(hone_arena *arena, const char *const *texts, uint64_t n)
{
    const char **copy = hone_alloc_array(arena, n, sizeof *copy);
    for (uint64_t i = 0; copy && i < n; i++)
        if (!(copy[i] = copy_text(arena, texts[i])))
            return NULL;
    return copy;
}

hone_status hone_table_begin(hone_exhibits *out, const char *name, const char *title, uint64_t n_columns,
                             const char *const *columns, hone_table **table, hone_error *err)
{
    hone_table *t = hone_alloc(out->arena, sizeof *t);
    hone_table **tables = grown(out->arena, out->tables, out->n_tables, &out->cap_tables, sizeof *tables);
    if (n_columns == 0)
        return hone_fail(err, HONE_EINVAL, "table %s has no columns", name);
    if (!t || !tables)
        return no_room(err);
    out->tables = tables;
    t->owner = out;
    t->name = full_name(out, name);
    t->title = copy_text(out->arena, title);
    t->n_columns = n_columns;
    t->columns = copy_texts(out->arena, columns, n_columns);
    if (!t->name || !t->title || !t->columns)
        return no_room(err);
    tables[out->n_tables++] = t;
    *table = t;
    return HONE_OK;
}

static hone_status add_cell(hone_table *t, hone__cell cell, hone_error *err)
{
    hone__cell *cells = grown(t->owner->arena, t->cells, t->n_cells, &t->cap, sizeof *cells);
    if (!cells)
        return no_room(err);
    t->cells = cells;
    cells[t->n_cells++] = cell;
    return HONE_OK;
}

hone_status hone_table_text(hone_table *table, const char *text, hone_error *err)
{
    const hone__cell cell = {.text = copy_text(table->owner->arena, text)};
    return cell.text ? add_cell(table, cell, err) : no_room(err);
}

hone_status hone_table_number(hone_table *table, double value, hone_error *err)
{
    return add_cell(table, (hone__cell){.number = value}, err);
}

static double *copy_reals(hone_arena *arena, const double *x, uint64_t n)
{
    double *copy = hone_alloc_array(arena, n, sizeof *copy);
    if (copy && n)
        memcpy(copy, x, n * sizeof *copy);
    return copy;
}

hone_status hone_curve_add(hone_exhibits *out, const hone_curve *curve, hone_error *err)
{
    hone_curve *curves = grown(out->arena, out->curves, out->n_curves, &out->cap_curves, sizeof *curves);
    if (!curves)
        return no_room(err);
    out->curves = curves;
    hone_curve c = {.size = sizeof c, .n = curve->n, .diagonal = curve->diagonal};
    c.style = HONE_HAS(curve, hone_curve, style) ? curve->style : HONE_CURVE_LINE;
    c.name = full_name(out, curve->name);
    c.title = copy_text(out->arena, curve->title);
    c.x_label = copy_text(out->arena, curve->x_label);
    c.y_label = copy_text(out->arena, curve->y_label);
    c.series = copy_text(out->arena, curve->series);
    c.x = copy_reals(out->arena, curve->x, curve->n);
    c.y = copy_reals(out->arena, curve->y, curve->n);
    if (!c.name || !c.title || !c.x_label || !c.y_label || !c.series || !c.x || !c.y)
        return no_room(err);
    curves[out->n_curves++] = c;
    return HONE_OK;
}

hone_status hone_matrix_add(hone_exhibits *out, const hone_matrix *matrix, hone_error *err)
{
    hone_matrix *matrices = grown(out->arena, out->matrices, out->n_matrices, &out->cap_matrices, sizeof *matrices);
    if (!matrices)
        return no_room(err);
    out->matrices = matrices;
    if (matrix->n_columns && matrix->n_rows > SIZE_MAX / sizeof(double) / matrix->n_columns)
        return hone_fail(err, HONE_EINVAL, "matrix %s is too large", matrix->name);
    hone_matrix m = {.size = sizeof m, .n_rows = matrix->n_rows, .n_columns = matrix->n_columns, .counts = matrix->counts};
    m.name = full_name(out, matrix->name);
    m.title = copy_text(out->arena, matrix->title);
    m.row_title = copy_text(out->arena, matrix->row_title);
    m.column_title = copy_text(out->arena, matrix->column_title);
    m.rows = copy_texts(out->arena, matrix->rows, m.n_rows);
    m.columns = copy_texts(out->arena, matrix->columns, m.n_columns);
    m.values = copy_reals(out->arena, matrix->values, m.n_rows * m.n_columns);
    if (!m.name || !m.title || !m.row_title || !m.column_title || !m.rows || !m.columns || !m.values)
        return no_room(err);
    matrices[out->n_matrices++] = m;
    return HONE_OK;
}
