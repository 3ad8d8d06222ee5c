/* fuzz_cells.c - files that an evaluation left: cells between tabs, and lists in them; then whole predictions with whole errors, out of which
 * the report makes tables and marked up examples. Each is read or refused with a message.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/file.h"
#include "report/cells.h"
#include "report/findings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_cells(char *text)
{
    hone_arena *arena = hone__arena_create(0);
    hone__cells c;
    hone_error err = {0};
    if (hone__cells_parse(arena, "fuzz", text, 0, &c, &err) != HONE_OK && !err.msg[0])
        abort();
    for (uint64_t i = 0; i < c.n_rows * c.n_columns; i++) {
        const char **items;
        uint64_t n;
        if (hone__cells_items(arena, c.cell[i], &items, &n, &err) != HONE_OK)
            abort();
        for (uint64_t k = 0; k < n; k++)
            if (strlen(items[k]) > strlen(c.cell[i]))
                abort();
    }
    hone__arena_destroy(arena);
}

static void put(const char *dir, const char *name, const char *text)
{
    char path[300];
    hone_error err;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    if (hone__write_file(path, text, strlen(text), &err) != HONE_OK)
        abort();
}

/* Two files, of which the second begins behind a form feed. */
static void check_folder(char *text)
{
    static char dir[64];
    char *errors = strchr(text, '\f');
    hone_arena *arena = hone__arena_create(0);
    hone__findings_list list;
    hone_error err = {0};
    if (!dir[0]) {
        snprintf(dir, sizeof dir, "%s/hone-fuzz-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
        if (!mkdtemp(dir))
            abort();
    }
    if (errors)
        *errors++ = 0;
    put(dir, "predictions.tsv", text);
    put(dir, "errors.tsv", errors ? errors : "");
    put(dir, "slices.tsv", errors ? errors : "");
    const hone__findings_source source = {.dir = dir, .split = "validation"};
    if (hone__findings_read(arena, &source, &list, &err) != HONE_OK && !err.msg[0])
        abort();
    hone__arena_destroy(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1), *again = malloc(size + 1);
    if (!text || !again || size > 1 << 16 || memchr(data, 0, size)) {
        free(text);
        free(again);
        return 0;
    }
    memcpy(text, data, size);
    memcpy(again, data, size);
    text[size] = again[size] = 0;
    check_cells(again);
    check_folder(text);
    free(text);
    free(again);
    return 0;
}
