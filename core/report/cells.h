/* cells.h - files of cells between tabs that an evaluation left (train/evidence.h), read back as a table of text.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_REPORT_CELLS_H
#define HONE_CORE_REPORT_CELLS_H

#include <hone/base.h>

typedef struct hone__cells {
    const char **names; /* [n_columns] of the first line, types and all ("words:words") */
    const char **cell;  /* [n_rows, n_columns]; those of lists still escaped */
    uint64_t n_columns, n_rows;
} hone__cells;

/* The first `limit` rows (0: all) of DIR/NAME; no columns where there is no such file. HONE_EFORMAT with file and line. */
hone_status hone__cells_read(hone_arena *arena, const char *dir, const char *name, uint64_t limit, hone__cells *cells,
                             hone_error *err) HONE_CHECKED;
/* The same of a text, which is cut in place and must live as long; `path` is for messages. */
hone_status hone__cells_parse(hone_arena *arena, const char *path, char *text, uint64_t limit, hone__cells *cells,
                              hone_error *err) HONE_CHECKED;

/* The column of that name, whether or not a type stands behind it; n_columns where there is none. */
uint64_t hone__cells_find(const hone__cells *c, const char *name);
/* Is a column of that name a list? */
bool hone__cells_is_list(const char *name);
/* The items of a cell of a list, unescaped, in `arena`. */
hone_status hone__cells_items(hone_arena *arena, const char *cell, const char ***items, uint64_t *n,
                              hone_error *err) HONE_CHECKED;

#endif
