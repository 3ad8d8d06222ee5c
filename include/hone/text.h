/* hone/text.h - helpers for readers and tokenizers: rows of delimited text, JSON, and whole files.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_TEXT_H
#define HONE_TEXT_H

#include "data.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Rows -------------------------------------------------------------------------------------------------------- */

typedef enum hone_quoting {
    HONE_QUOTING_NONE = 0, /* a quote is a character like any other */
    HONE_QUOTING_CSV       /* RFC 4180: "a cell", with "" for a quote inside, may hold delimiters and line feeds */
} hone_quoting;

/* Splits text into rows and cells: strict UTF-8 without NUL bytes, lines ended by LF or CRLF (the last need not be), a byte order mark
 * at the beginning skipped, empty lines at the end ignored. Errors begin "PATH:LINE: ". */
typedef struct hone_rows hone_rows;

typedef struct hone_row {
    uint64_t size;
    uint64_t line;           /* where it begins, from 1 */
    uint64_t n;              /* cells, at least 1 */
    const char *const *cell; /* [n] NUL-terminated, until the next row is asked for */
    const uint64_t *length;  /* [n] bytes */
} hone_row;

/* `bytes` must stay; all memory comes from `arena`. */
HONE_EXPORT hone_status hone_rows_open(hone_arena *arena, const char *path, const char *bytes, uint64_t n, char delimiter,
                                       hone_quoting quoting, hone_rows **rows, hone_error *err) HONE_CHECKED;
/* HONE_END behind the last row, without a message. */
HONE_EXPORT hone_status hone_rows_next(hone_rows *rows, hone_row *row, hone_error *err) HONE_CHECKED;

/* ---- Tables: a reader of delimited text in a few lines ----------------------------------------------------------- */

/* Which column holds what: names out of the header, or numbers from 1 where there is none. NULL: absent. */
typedef struct hone_columns {
    const char *text, *text_pair, *label, *score, *id;
} hone_columns;

/* The parameters of such a reader. */
typedef struct hone_delimited {
    hone_columns columns;
    bool header;
    int32_t quoting;             /* hone_quoting */
    int32_t delimiter;           /* index into HONE_DELIMITERS */
    const char *label_separator; /* the column of labels holds a set, with this between them; may be NULL: it holds one */
} hone_delimited;

#define HONE_LABEL_SEPARATOR_ROW                                                                                               \
    HONE_PARAM_STRING(hone_delimited, label_separator,                                                                         \
                      .help = "what stands between the labels of an example, such as a comma; examples then carry the target " \
                              "classes, and an empty cell is the empty set")

#define HONE_DELIMITERS "tab", "comma", "semicolon"
#define HONE_QUOTINGS "none", "csv"

/* Rows of hone_columns. */
#define HONE_COLUMN_ROWS                                                                                                       \
    HONE_PARAM_STRING(hone_columns, text, .def_text = "text", .help = "the text"),                                             \
        HONE_PARAM_STRING(hone_columns, text_pair, .help = "a second text"),                                                   \
        HONE_PARAM_STRING(hone_columns, label, .help = "the class; examples then carry the target class"),                     \
        HONE_PARAM_STRING(hone_columns, score, .help = "a number; examples then carry the target score"),                      \
        HONE_PARAM_STRING(hone_columns, id, .help = "a name of the example, unique in its file; else SPLIT-NUMBER is made")

/* What create(), target(), fields() and read() of such a reader do. `step` is emptied after the call. */
HONE_EXPORT hone_status hone_delimited_check(const hone_delimited *d, hone_error *err) HONE_CHECKED;
HONE_EXPORT hone_target hone_delimited_target(const hone_delimited *d);
HONE_EXPORT const char *const *hone_delimited_fields(const hone_delimited *d);
HONE_EXPORT hone_status hone_delimited_read(const hone_delimited *d, hone_arena *step, const hone_source *source,
                                            hone_sink *sink, hone_error *err) HONE_CHECKED;

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

struct json_t; /* of the library Jansson: a plugin that looks into it says `build: pkg-config jansson` and includes jansson.h */

/* One JSON value with nothing but white space around it: duplicate keys refused, at most 64 levels, integers exact in 64 bits. Errors begin
 * "NAME:LINE:COLUMN: "; `line` is where the bytes begin in their file, from 1. The caller calls json_decref(*root). Safe where memory is
 * short, which Jansson's own functions are not. */
HONE_EXPORT hone_status hone_json_parse(const char *bytes, uint64_t n, const char *name, uint64_t line, struct json_t **root,
                                        hone_error *err) HONE_CHECKED;

/* ---- Files ------------------------------------------------------------------------------------------------------- */

/* The whole file, NUL-terminated behind its n bytes, in `arena`; HONE_EFORMAT where it has more than `limit` bytes (0: no limit). */
HONE_EXPORT hone_status hone_file_read(hone_arena *arena, const char *path, uint64_t limit, const char **bytes, uint64_t *n,
                                       hone_error *err) HONE_CHECKED;
/* The file appears whole or not at all. */
HONE_EXPORT hone_status hone_file_write(const char *path, const void *bytes, uint64_t n, hone_error *err) HONE_CHECKED;
HONE_EXPORT bool hone_file_exists(const char *path);

/* Is it UTF-8, in the strict sense of RFC 3629? *bad_at (may be NULL) is the first byte that is not. [any thread] */
HONE_EXPORT bool hone_utf8_valid(const char *bytes, uint64_t n, uint64_t *bad_at);
/* The name nearest to `word` of a NULL-terminated list, for "did you mean"; NULL where none is near. [any thread] */
HONE_EXPORT const char *hone_nearest(const char *word, const char *const *names);

#ifdef __cplusplus
}
#endif

#endif
