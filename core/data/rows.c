/* rows.c - delimited text to rows and cells, strictly.
 *
 * Source of the quoted form: RFC 4180, section 2. Beyond it, lines may end in LF alone.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/text.h>

#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Bytes of a cell in the text, quotes not among them. */
typedef struct extent {
    uint64_t begin, end;
    bool quoted; /* may hold "" */
} extent;

struct hone_rows {
    hone_arena *arena;
    const char *path, *bytes;
    uint64_t n, at; /* bytes; the next row begins at `at` */
    uint64_t last;  /* nothing but line ends from here on */
    uint64_t line;  /* of `at` */
    char delimiter;
    bool quoting;
    extent *extents; /* [cap] of the current row */
    const char **cells;
    uint64_t *lengths;
    uint64_t cap;
    char *text; /* [text_cap] the cells of the current row */
    uint64_t text_cap;
};

static hone_status no_memory(hone_error *err)
{
    return hone_no_memory(err, "reading rows");
}

static hone_status fail(const hone_rows *r, uint64_t line, hone_error *err, const char *fmt, ...) HONE_PRINTF(4, 5);
static hone_status fail(const hone_rows *r, uint64_t line, hone_error *err, const char *fmt, ...)
{
    char message[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(message, sizeof message, fmt, args);
    va_end(args);
    return hone_fail(err, HONE_EFORMAT, "%s:%llu: %s", r->path, (unsigned long long)line, message);
}

hone_status hone_rows_open(hone_arena *arena, const char *path, const char *bytes, uint64_t n, char delimiter,
                           hone_quoting quoting, hone_rows **rows, hone_error *err)
{
    hone_rows *r = hone_alloc(arena, sizeof *r);
    if (!r)
        return no_memory(err);
    *r = (hone_rows){.arena = arena,
                     .path = path,
                     .bytes = bytes,
                     .n = n,
                     .last = n,
                     .line = 1,
                     .delimiter = delimiter,
                     .quoting = quoting == HONE_QUOTING_CSV};
    if (n >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0)
        r->at = 3;
    while (r->last > r->at && (bytes[r->last - 1] == '\n' || bytes[r->last - 1] == '\r'))
        r->last--;
    *rows = r;
    return HONE_OK;
}

static uint64_t lines_in(const char *bytes, uint64_t begin, uint64_t end)
{
    uint64_t lines = 0;
    for (const char *p = bytes + begin; (p = memchr(p, '\n', (size_t)(bytes + end - p))) != NULL; p++)
        lines++;
    return lines;
}

/* ---- Finding the cells ------------------------------------------------------------------------------------------- */

static hone_status add_extent(hone_rows *r, uint64_t *n, extent e, hone_error *err)
{
    if (*n == r->cap) {
        uint64_t cap = r->cap ? 2 * r->cap : 16;
        extent *extents = hone_alloc_array(r->arena, cap, sizeof *extents);
        const char **cells = hone_alloc_array(r->arena, cap, sizeof *cells);
        uint64_t *lengths = hone_alloc_array(r->arena, cap, sizeof *lengths);
        if (!extents || !cells || !lengths)
            return no_memory(err);
        if (r->cap)
            memcpy(extents, r->extents, r->cap * sizeof *extents);
        r->extents = extents;
        r->cells = cells;
        r->lengths = lengths;
        r->cap = cap;
    }
    r->extents[(*n)++] = e;
    return HONE_OK;
}

static bool at_line_end(const hone_rows *r, uint64_t at)
{
    return at == r->n || r->bytes[at] == '\n' || (r->bytes[at] == '\r' && (at + 1 == r->n || r->bytes[at + 1] == '\n'));
}

/* *at stands behind the opening quote, and is left behind the closing one. */
static hone_status quoted_cell(const hone_rows *r, uint64_t number, uint64_t *at, extent *e, hone_error *err)
{
    uint64_t open = *at - 1;
    *e = (extent){.begin = *at, .quoted = true};
    for (;;) {
        const char *quote = memchr(r->bytes + *at, '"', r->n - *at);
        if (!quote)
            return fail(r, r->line + lines_in(r->bytes, r->at, open), err,
                        "the quote that opens column %llu is never closed; if quotes are ordinary characters in this file, say "
                        "`quoting: none`",
                        (unsigned long long)number);
        *at = (uint64_t)(quote - r->bytes) + 1;
        if (*at == r->n || r->bytes[*at] != '"')
            break;
        ++*at;
    }
    e->end = *at - 1;
    if (!at_line_end(r, *at) && r->bytes[*at] != r->delimiter)
        return fail(r, r->line + lines_in(r->bytes, r->at, *at), err,
                    "there is text behind the closing quote of column %llu; a quote inside a quoted cell is written twice",
                    (unsigned long long)number);
    return HONE_OK;
}

static hone_status plain_cell(const hone_rows *r, uint64_t number, uint64_t *at, extent *e, hone_error *err)
{
    *e = (extent){.begin = *at};
    while (!at_line_end(r, *at) && r->bytes[*at] != r->delimiter) {
        if (r->quoting && r->bytes[*at] == '"')
            return fail(
                r, r->line + lines_in(r->bytes, r->at, *at), err,
                "a quote stands inside column %llu, which does not begin with one; if quotes are ordinary characters in "
                "this file, say `quoting: none`",
                (unsigned long long)number);
        ++*at;
    }
    e->end = *at;
    return HONE_OK;
}

/* *at moves from the row's begin to the begin of the next. */
static hone_status find_cells(hone_rows *r, uint64_t *at, uint64_t *n, hone_error *err)
{
    for (;;) {
        extent e;
        if (r->quoting && *at < r->n && r->bytes[*at] == '"') {
            ++*at;
            HONE_TRY(quoted_cell(r, *n + 1, at, &e, err));
        } else {
            HONE_TRY(plain_cell(r, *n + 1, at, &e, err));
        }
        HONE_TRY(add_extent(r, n, e, err));
        if (at_line_end(r, *at))
            break;
        ++*at; /* the delimiter */
    }
    if (*at < r->n && r->bytes[*at] == '\r')
        ++*at;
    if (*at < r->n)
        ++*at;
    return HONE_OK;
}

/* ---- Taking them ------------------------------------------------------------------------------------------------- */

static hone_status check_bytes(const hone_rows *r, uint64_t end, hone_error *err)
{
    const char *row = r->bytes + r->at;
    size_t n = end - r->at, bad;
    const char *nul = memchr(row, '\0', n);
    if (nul)
        return fail(r, r->line + lines_in(row, 0, (uint64_t)(nul - row)), err,
                    "there is a NUL byte; text files have none (is this a text file, in UTF-8?)");
    if (!hone__utf8_valid(row, n, &bad))
        return fail(r, r->line + lines_in(row, 0, bad), err, "the byte 0x%02x is not UTF-8; convert the file to UTF-8",
                    (unsigned)(unsigned char)row[bad]);
    return HONE_OK;
}

static hone_status reserve_text(hone_rows *r, uint64_t size, hone_error *err)
{
    if (size <= r->text_cap)
        return HONE_OK;
    uint64_t cap = r->text_cap ? r->text_cap : 1024;
    while (cap < size)
        cap *= 2;
    r->text = hone_alloc(r->arena, cap);
    r->text_cap = r->text ? cap : 0;
    return r->text ? HONE_OK : no_memory(err);
}

static uint64_t copy_cell(const hone_rows *r, const extent *e, char *to)
{
    uint64_t n = 0;
    if (!e->quoted) {
        n = e->end - e->begin;
        memcpy(to, r->bytes + e->begin, n);
    }
    for (uint64_t i = e->begin; e->quoted && i < e->end; i++) {
        to[n++] = r->bytes[i];
        if (r->bytes[i] == '"')
            i++; /* the second of the two */
    }
    to[n] = '\0';
    return n;
}

hone_status hone_rows_next(hone_rows *r, hone_row *row, hone_error *err)
{
    uint64_t end = r->at, n = 0;
    if (r->at >= r->last)
        return HONE_END;
    HONE_TRY(find_cells(r, &end, &n, err));
    HONE_TRY(check_bytes(r, end, err));
    HONE_TRY(reserve_text(r, end - r->at + n + 1, err));
    char *to = r->text;
    for (uint64_t i = 0; i < n; i++) {
        r->cells[i] = to;
        r->lengths[i] = copy_cell(r, &r->extents[i], to);
        to += r->lengths[i] + 1;
    }
    *row = (hone_row){.size = sizeof *row, .line = r->line, .n = n, .cell = r->cells, .length = r->lengths};
    r->line += lines_in(r->bytes, r->at, end);
    r->at = end;
    return HONE_OK;
}
