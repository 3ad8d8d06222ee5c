/* sheet.c - a table of text, and its three forms: TSV, Markdown, and aligned columns for a terminal.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "report/sheet.h"

#include <string.h>
#include <utf8proc.h>

hone__sheet *hone__sheet_create(hone_arena *arena, const hone__column *columns, size_t n)
{
    hone__sheet *s = hone_alloc(arena, sizeof *s);
    hone__column *copy = hone_alloc_array(arena, n, sizeof *copy);
    if (!s || !copy)
        return NULL;
    memcpy(copy, columns, n * sizeof *copy);
    *s = (hone__sheet){.arena = arena, .columns = copy, .n_columns = n};
    return s;
}

static hone_status grow(hone__sheet *s, hone_error *err)
{
    size_t cap = s->cap_rows ? 2 * s->cap_rows : 16;
    const char **cells = hone_alloc_array(s->arena, cap * s->n_columns, sizeof *cells);
    if (!cells)
        return hone_no_memory(err, "making a table");
    if (s->n_rows)
        memcpy(cells, s->cells, s->n_rows * s->n_columns * sizeof *cells);
    s->cells = cells;
    s->cap_rows = cap;
    return HONE_OK;
}

hone_status hone__sheet_add(hone__sheet *s, const char *const *cells, hone_error *err)
{
    if (s->n_rows == s->cap_rows)
        HONE_TRY(grow(s, err));
    const char **row = s->cells + s->n_rows * s->n_columns;
    for (size_t c = 0; c < s->n_columns; c++) {
        row[c] = cells[c] ? hone_strdup(s->arena, cells[c]) : "";
        if (!row[c])
            return hone_no_memory(err, "making a table");
    }
    s->n_rows++;
    return HONE_OK;
}

static const char *cell(const hone__sheet *s, size_t row, size_t column)
{
    return s->cells[row * s->n_columns + column];
}

/* ---- TSV and Markdown -------------------------------------------------------------------------------------------- */

static void add_tsv(hone__str *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '\t')
            hone__str_add(out, "\\t");
        else if (*text == '\n')
            hone__str_add(out, "\\n");
        else if (*text == '\r')
            hone__str_add(out, "\\r");
        else if (*text == '\\')
            hone__str_add(out, "\\\\");
        else
            hone__str_addn(out, text, 1);
    }
}

void hone__sheet_tsv(const hone__sheet *s, hone__str *out)
{
    for (size_t c = 0; c < s->n_columns; c++) {
        hone__str_add(out, c ? "\t" : "");
        add_tsv(out, s->columns[c].title);
    }
    hone__str_add(out, "\n");
    for (size_t r = 0; r < s->n_rows; r++) {
        for (size_t c = 0; c < s->n_columns; c++) {
            hone__str_add(out, c ? "\t" : "");
            add_tsv(out, cell(s, r, c));
        }
        hone__str_add(out, "\n");
    }
}

/* A cell ends at a bar and a row at a line feed; the rest keeps what Markdown and its HTML would take for themselves. */
void hone__markdown_add(hone__str *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '\n' || *text == '\r')
            hone__str_add(out, "<br>");
        else if (*text == '<')
            hone__str_add(out, "&lt;");
        else if (*text == '&')
            hone__str_add(out, "&amp;");
        else {
            if (strchr("|\\`*_[]", *text))
                hone__str_add(out, "\\");
            hone__str_addn(out, text, 1);
        }
    }
}

void hone__sheet_markdown(const hone__sheet *s, hone__str *out)
{
    for (size_t c = 0; c < s->n_columns; c++) {
        hone__str_add(out, "| ");
        hone__markdown_add(out, s->columns[c].title);
        hone__str_add(out, " ");
    }
    hone__str_add(out, "|\n");
    for (size_t c = 0; c < s->n_columns; c++)
        hone__str_add(out, s->columns[c].right ? "|---:" : "|---");
    hone__str_add(out, "|\n");
    for (size_t r = 0; r < s->n_rows; r++) {
        for (size_t c = 0; c < s->n_columns; c++) {
            hone__str_add(out, "| ");
            hone__markdown_add(out, cell(s, r, c));
            hone__str_add(out, " ");
        }
        hone__str_add(out, "|\n");
    }
}

/* ---- Text -------------------------------------------------------------------------------------------------------- */

/* The next character of *p and the columns it takes; what is not UTF-8 is one byte and one column. */
static size_t next_character(const char **p)
{
    utf8proc_int32_t point;
    utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)*p, -1, &point);
    int width = n > 0 ? utf8proc_charwidth(point) : 1;
    *p += n > 0 ? n : 1;
    return width > 0 ? (size_t)width : 0;
}

size_t hone__text_width(const char *text)
{
    size_t width = 0;
    while (*text)
        width += next_character(&text);
    return width;
}

const char *hone__text_fit(const char *text, size_t width, char *out, size_t size)
{
    bool cut = hone__text_width(text) > width;
    size_t room = cut ? width - 1 : width, taken = 0, n = 0;
    while (*text) {
        const char *begin = text;
        taken += next_character(&text);
        size_t bytes = (size_t)(text - begin);
        if (taken > room || n + bytes + sizeof "…" > size)
            break;
        memcpy(out + n, begin, bytes);
        if ((unsigned char)out[n] < ' ')
            out[n] = ' ';
        n += bytes;
    }
    strcpy(out + n, cut ? "…" : "");
    return out;
}

static size_t width_of(const hone__sheet *s, size_t column, size_t rows, size_t most)
{
    size_t width = hone__text_width(s->columns[column].title);
    for (size_t r = 0; r < rows; r++) {
        size_t w = hone__text_width(cell(s, r, column));
        width = w > width ? w : width;
    }
    return width < most ? width : most;
}

static void add_cell(hone__str *out, const char *text, size_t width, bool right, bool last)
{
    char fit[512];
    hone__text_fit(text, width, fit, sizeof fit);
    int pad = (int)(width - hone__text_width(fit));
    if (right)
        hone__str_addf(out, "%*s%s", pad, "", fit);
    else
        hone__str_addf(out, "%s%*s", fit, last ? 0 : pad, "");
}

static void add_row(const hone__sheet *s, size_t row, bool header, const size_t *widths, int indent, hone__str *out)
{
    hone__str_addf(out, "%*s", indent, "");
    for (size_t c = 0; c < s->n_columns; c++) {
        hone__str_add(out, c ? "  " : "");
        add_cell(out, header ? s->columns[c].title : cell(s, row, c), widths[c], s->columns[c].right, c + 1 == s->n_columns);
    }
    hone__str_add(out, "\n");
}

void hone__sheet_text(const hone__sheet *s, size_t most, size_t limit, int indent, hone__str *out)
{
    size_t rows = limit && limit < s->n_rows ? limit : s->n_rows;
    size_t *widths = hone_alloc_array(s->arena, s->n_columns, sizeof *widths);
    if (!widths) {
        out->failed = true;
        return;
    }
    for (size_t c = 0; c < s->n_columns; c++)
        widths[c] = width_of(s, c, rows, most);
    add_row(s, 0, true, widths, indent, out);
    for (size_t r = 0; r < rows; r++)
        add_row(s, r, false, widths, indent, out);
    if (rows < s->n_rows)
        hone__str_addf(out, "%*s... and %zu more\n", indent, "", s->n_rows - rows);
}
