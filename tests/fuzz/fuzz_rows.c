/* fuzz_rows.c - the scanner of delimited text, with every delimiter and quoting: it ends, and its cells hold together.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <hone/text.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void scan(const char *bytes, size_t n, char delimiter, hone_quoting quoting)
{
    hone_error err;
    hone_rows *rows;
    hone_row row;
    uint64_t line = 0;
    hone_arena *arena = hone__arena_create(0);
    if (!arena || hone_rows_open(arena, "fuzz", bytes, n, delimiter, quoting, &rows, &err) != HONE_OK)
        abort();
    while (hone_rows_next(rows, &row, &err) == HONE_OK) {
        if (row.n < 1 || row.line <= line)
            abort();
        line = row.line;
        for (uint64_t i = 0; i < row.n; i++)
            if (strlen(row.cell[i]) != row.length[i])
                abort();
    }
    hone__arena_destroy(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (const char *d = "\t,;"; *d; d++) {
        scan((const char *)data, size, *d, HONE_QUOTING_NONE);
        scan((const char *)data, size, *d, HONE_QUOTING_CSV);
    }
    return 0;
}
