/* section_exhibits.c - learning curves, and whatever metrics and heads show.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "report/sections.h"

#include <math.h>
#include <string.h>

/* Matrices of more rows or columns are shown as their picture alone. */
enum { MOST_MATRIX = 16 };

/* ---- Tables ------------------------------------------------------------------------------------------------------ */

static hone_status add_matrix(hone__report *r, const hone_matrix *m, hone_error *err)
{
    hone_arena *arena = r->run->arena;
    if (m->n_rows > MOST_MATRIX || m->n_columns > MOST_MATRIX)
        return HONE_OK;
    hone__column *columns = hone_alloc_array(arena, m->n_columns + 1, sizeof *columns);
    const char **cells = hone_alloc_array(arena, m->n_columns + 1, sizeof *cells);
    if (!columns || !cells)
        return hone_no_memory(err, "writing a report");
    columns[0].title = hone_sprintf(arena, "%s / %s", m->row_title, m->column_title);
    for (uint64_t c = 0; c < m->n_columns; c++)
        columns[c + 1] = (hone__column){m->columns[c], true};
    hone__sheet *sheet = columns[0].title ? hone__sheet_create(arena, columns, m->n_columns + 1) : NULL;
    if (!sheet)
        return hone_no_memory(err, "writing a report");
    for (uint64_t k = 0; k < m->n_rows; k++) {
        cells[0] = m->rows[k];
        for (uint64_t c = 0; c < m->n_columns; c++) {
            double value = m->values[k * m->n_columns + c];
            cells[c + 1] = isnan(value) ? "" : hone_sprintf(arena, m->counts ? "%.0f" : "%.4g", value);
        }
        HONE_TRY(hone__sheet_add(sheet, cells, err));
    }
    hone__doc_heading(&r->doc, "%s", m->title);
    hone__doc_table(&r->doc, sheet, 0, NULL);
    return HONE_OK;
}

/* Of one column, so that its numbers stand below each other alike: none where all are whole; four, or fewer where even the smallest of
 * the others is large. */
static int decimals_of(const hone_table *t, uint64_t column)
{
    double least = INFINITY;
    for (uint64_t at = column; at < t->n_cells; at += t->n_columns) {
        const hone__cell *cell = &t->cells[at];
        if (cell->text || !isfinite(cell->number))
            continue;
        if (cell->number != floor(cell->number))
            least = fmin(least, fabs(cell->number));
    }
    return isinf(least) ? 0 : least < 10 ? 4 : least < 1000 ? 2 : 1;
}

static const char *cell_text(hone_arena *arena, const hone__cell *cell, int decimals)
{
    if (cell->text)
        return cell->text;
    return isnan(cell->number) ? "-" : hone_sprintf(arena, "%.*f", decimals, cell->number);
}

static bool is_numeric(const hone_table *t, uint64_t column)
{
    return t->n_cells > column && !t->cells[column].text;
}

/* The sheet of a table; NULL when memory is short. */
static hone__sheet *sheet_of(hone_arena *arena, const hone_table *t, hone_error *err)
{
    hone__column *columns = hone_alloc_array(arena, t->n_columns, sizeof *columns);
    const char **cells = hone_alloc_array(arena, t->n_columns, sizeof *cells);
    int *decimals = hone_alloc_array(arena, t->n_columns, sizeof *decimals);
    if (!columns || !cells || !decimals)
        return NULL;
    for (uint64_t c = 0; c < t->n_columns; c++) {
        columns[c] = (hone__column){t->columns[c], is_numeric(t, c)};
        decimals[c] = decimals_of(t, c);
    }
    hone__sheet *sheet = hone__sheet_create(arena, columns, t->n_columns);
    for (uint64_t at = 0; sheet && at + t->n_columns <= t->n_cells; at += t->n_columns) {
        for (uint64_t c = 0; c < t->n_columns; c++)
            if (!(cells[c] = cell_text(arena, &t->cells[at + c], decimals[c])))
                return NULL;
        if (hone__sheet_add(sheet, cells, err) != HONE_OK)
            return NULL;
    }
    return sheet;
}

hone_status hone__report_add_table(hone__report *r, const hone_table *t, hone_error *err)
{
    hone__sheet *sheet = sheet_of(r->run->arena, t, err);
    if (!sheet)
        return hone_no_memory(err, "writing a report");
    hone__doc_heading(&r->doc, "%s", t->title);
    hone__doc_table(&r->doc, sheet, 0, NULL);
    return HONE_OK;
}

/* The thresholds of labels are a column of the table of labels. */
static bool stands_elsewhere(const hone__report *r, const hone_table *t)
{
    return strcmp(t->name, "thresholds") == 0 && r->findings.n == 1 && r->findings.all[0]->n_panels > 0;
}

hone_status hone__report_add_tables(hone__report *r, const hone_exhibits *x, hone_error *err)
{
    for (size_t i = 0; i < x->n_matrices; i++)
        HONE_TRY(add_matrix(r, &x->matrices[i], err));
    for (size_t i = 0; i < x->n_tables; i++)
        if (!stands_elsewhere(r, x->tables[i]))
            HONE_TRY(hone__report_add_table(r, x->tables[i], err));
    return HONE_OK;
}

/* ---- Pictures ---------------------------------------------------------------------------------------------------- */

static bool is_first_of_its_name(const hone_exhibits *x, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (strcmp(x->curves[k].name, x->curves[i].name) == 0)
            return false;
    return true;
}

hone_status hone__report_draw_exhibits(hone__report *r, const hone_exhibits *x, hone_error *err)
{
    for (size_t i = 0; i < x->n_matrices; i++)
        HONE_TRY(hone__plot_matrix(r->plots, &x->matrices[i], err));
    for (size_t i = 0; i < x->n_curves; i++)
        if (is_first_of_its_name(x, i))
            HONE_TRY(hone__plot_curves(r->plots, x, x->curves[i].name, err));
    hone__report_show(r);
    return HONE_OK;
}

/* ---- Sections ---------------------------------------------------------------------------------------------------- */

hone_status hone__section_learning(hone__report *r, hone_error *err)
{
    HONE_TRY(hone__plot_learning(r->plots, r->run, err));
    hone__report_show(r);
    return HONE_OK;
}

hone_status hone__section_exhibits(hone__report *r, hone_error *err)
{
    if (!r->run->exhibits)
        return HONE_OK;
    HONE_TRY(hone__report_draw_exhibits(r, r->run->exhibits, err));
    return hone__report_add_tables(r, r->run->exhibits, err);
}
