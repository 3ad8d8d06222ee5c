/* sheet.h - a table of text, and its three forms: TSV, Markdown, and aligned columns for a terminal.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_REPORT_SHEET_H
#define HONE_CORE_REPORT_SHEET_H

#include "base/str.h"

typedef struct hone__column {
    const char *title;
    bool right; /* numbers stand to the right */
} hone__column;

typedef struct hone__sheet {
    hone_arena *arena;
    hone__column *columns;
    size_t n_columns, n_rows, cap_rows;
    const char **cells; /* [n_rows, n_columns]; NULL is empty */
} hone__sheet;

/* Lives in `arena`; titles are borrowed. NULL when memory is short. */
hone__sheet *hone__sheet_create(hone_arena *arena, const hone__column *columns, size_t n) HONE_CHECKED;
/* Copies a row of n_columns cells (NULL: empty). */
hone_status hone__sheet_add(hone__sheet *s, const char *const *cells, hone_error *err) HONE_CHECKED;

void hone__sheet_tsv(const hone__sheet *s, hone__str *out);      /* tabs and line feeds as \t and \n */
void hone__sheet_markdown(const hone__sheet *s, hone__str *out); /* bars escaped */
void hone__markdown_add(hone__str *out, const char *text);       /* a text on one line, its Markdown and HTML escaped */
/* `most` characters to a cell at most, rows beyond `limit` (0: none) are only counted; `indent` blanks before each line. */
void hone__sheet_text(const hone__sheet *s, size_t most, size_t limit, int indent, hone__str *out);

/* Columns that a text takes on a terminal, and in a picture: East Asian wide characters count two. */
size_t hone__text_width(const char *text);
/* Copies at most `width` columns of it, "…" at the end where cut, control characters as blanks; returns out. */
const char *hone__text_fit(const char *text, size_t width, char *out, size_t size);

#endif
