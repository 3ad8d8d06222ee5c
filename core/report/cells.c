/* cells.c - files of cells between tabs that an evaluation left, read back.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "report/findings.h"

#include "base/alloc.h"
#include "base/file.h"

#include <string.h>

/* Undoes the escapes, in place; what is no escape of ours stays as it is. */
static void unescape(char *text)
{
    static const char codes[] = "tnr\\|", meanings[] = "\t\n\r\\|";
    char *to = text;
    for (; *text; text++) {
        const char *code = *text == '\\' && text[1] ? strchr(codes, text[1]) : NULL;
        *to++ = code ? meanings[code - codes] : *text;
        text += code != NULL;
    }
    *to = 0;
}

static uint64_t count(const char *text, char what, char until)
{
    uint64_t n = 0;
    for (; *text && *text != until; text++)
        n += *text == what;
    return n;
}

/* Cuts the line at *text into cells of the arena; false where it has another number of them. */
static bool cut_line(char **text, const char **cell, uint64_t n)
{
    char *end = *text + strcspn(*text, "\n"), *next = *end ? end + 1 : end;
    *end = 0;
    if (count(*text, '\t', 0) + 1 != n)
        return false;
    for (uint64_t i = 0; i < n; i++) {
        char *stop = *text + strcspn(*text, "\t"), *behind = *stop ? stop + 1 : stop;
        *stop = 0;
        unescape(*text);
        cell[i] = *text;
        *text = behind;
    }
    *text = next;
    return true;
}

static hone_status cut(hone_arena *arena, const char *path, char *text, uint64_t limit, hone__cells *c, hone_error *err)
{
    const uint64_t lines = count(text, '\n', 0) + 1;
    c->n_columns = count(text, '\t', '\n') + 1;
    c->names = hone_alloc_array(arena, c->n_columns, sizeof *c->names);
    c->cell = hone_alloc_array(arena, c->n_columns, (limit && limit < lines ? limit : lines) * sizeof *c->cell);
    if (!c->names || !c->cell)
        return hone_no_memory(err, "reading a file of cells");
    cut_line(&text, c->names, c->n_columns);
    while (*text && (limit == 0 || c->n_rows < limit)) {
        if (!cut_line(&text, c->cell + c->n_rows * c->n_columns, c->n_columns))
            return hone_fail(err, HONE_EFORMAT, "%s:%llu: the first line has %llu columns, this one has not", path,
                             (unsigned long long)c->n_rows + 2, (unsigned long long)c->n_columns);
        c->n_rows++;
    }
    return HONE_OK;
}

hone_status hone__cells_read(hone_arena *arena, const char *dir, const char *name, uint64_t limit, hone__cells *cells,
                             hone_error *err)
{
    char *bytes;
    size_t n;
    const char *path = hone__path_join(arena, dir, name);
    *cells = (hone__cells){0};
    if (!path)
        return hone_no_memory(err, "reading a file of cells");
    if (!hone__exists(path))
        return HONE_OK;
    HONE_TRY(hone__read_file(path, 0, &bytes, &n, err));
    const bool whole = strlen(bytes) == n;
    char *text = whole ? hone_strdup(arena, bytes) : NULL;
    hone__free(bytes);
    if (!whole)
        return hone_fail(err, HONE_EFORMAT, "%s holds a NUL byte", path);
    return text ? cut(arena, path, text, limit, cells, err) : hone_no_memory(err, "reading a file of cells");
}
