/* cells.c - files of cells between tabs that an evaluation left, read back.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "report/cells.h"

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

bool hone__cells_is_list(const char *name)
{
    const char *type = strrchr(name, ':');
    return type && (strcmp(type, ":words") == 0 || strcmp(type, ":choices") == 0);
}

uint64_t hone__cells_find(const hone__cells *c, const char *name)
{
    const size_t n = strlen(name);
    uint64_t k = 0;
    while (k < c->n_columns && (strncmp(c->names[k], name, n) != 0 || (c->names[k][n] && c->names[k][n] != ':')))
        k++;
    return k;
}

/* Cuts the line at *text into n cells; false where it has another number of them. Of columns that `names` (NULL: none) calls lists the
 * escapes stay, so that their items can be told apart. */
static bool cut_line(char **text, const char **cell, uint64_t n, const char *const *names)
{
    char *end = *text + strcspn(*text, "\n"), *next = *end ? end + 1 : end;
    *end = 0;
    if (count(*text, '\t', 0) + 1 != n)
        return false;
    for (uint64_t i = 0; i < n; i++) {
        char *stop = *text + strcspn(*text, "\t"), *behind = *stop ? stop + 1 : stop;
        *stop = 0;
        if (!names || !hone__cells_is_list(names[i]))
            unescape(*text);
        cell[i] = *text;
        *text = behind;
    }
    *text = next;
    return true;
}

hone_status hone__cells_parse(hone_arena *arena, const char *path, char *text, uint64_t limit, hone__cells *c, hone_error *err)
{
    const uint64_t lines = count(text, '\n', 0) + 1;
    *c = (hone__cells){.n_columns = count(text, '\t', '\n') + 1};
    c->names = hone_alloc_array(arena, c->n_columns, sizeof *c->names);
    c->cell = hone_alloc_array(arena, c->n_columns, (limit && limit < lines ? limit : lines) * sizeof *c->cell);
    if (!c->names || !c->cell)
        return hone_no_memory(err, "reading a file of cells");
    cut_line(&text, c->names, c->n_columns, NULL);
    while (*text && (limit == 0 || c->n_rows < limit)) {
        if (!cut_line(&text, c->cell + c->n_rows * c->n_columns, c->n_columns, c->names))
            return hone_fail(err, HONE_EFORMAT, "%s:%llu: the first line has %llu columns, this one has not", path,
                             (unsigned long long)c->n_rows + 2, (unsigned long long)c->n_columns);
        c->n_rows++;
    }
    return HONE_OK;
}

/* Where the item that begins at `text` ends: at a bar that no backslash stands before. */
static const char *item_end(const char *text)
{
    while (*text && *text != '|')
        text += text[0] == '\\' && text[1] ? 2 : 1;
    return text;
}

hone_status hone__cells_items(hone_arena *arena, const char *cell, const char ***items, uint64_t *n, hone_error *err)
{
    uint64_t most = *cell != 0;
    for (const char *at = item_end(cell); *at; at = item_end(at + 1))
        most++;
    *n = 0;
    *items = hone_alloc_array(arena, most, sizeof **items);
    if (!*items)
        return hone_no_memory(err, "reading a list of items");
    for (const char *at = cell; *n < most; at += *at == '|') {
        const char *end = item_end(at);
        char *item = hone_strndup(arena, at, (size_t)(end - at));
        if (!item)
            return hone_no_memory(err, "reading a list of items");
        unescape(item);
        (*items)[(*n)++] = item;
        at = end;
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
    return text ? hone__cells_parse(arena, path, text, limit, cells, err) : hone_no_memory(err, "reading a file of cells");
}
