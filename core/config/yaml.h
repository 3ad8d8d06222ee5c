/* yaml.h - one YAML document as a tree whose every node knows its line and column.
 *
 * libyaml's events behind a guard: file <= 1 MiB, depth <= 64, events <= 200,000, one document, no aliases or anchors, no tags but
 * the core ones, no duplicate keys, valid UTF-8. Plain scalars follow the YAML 1.2 core schema: `no` is a string, 0o17 an octal
 * integer, .inf and .nan reals. All of a tree lives in its arena.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_CONFIG_YAML_H
#define HONE_CORE_CONFIG_YAML_H

#include <hone/base.h>

typedef enum hone__yaml_type {
    HONE__YAML_NULL,
    HONE__YAML_BOOL,
    HONE__YAML_INT,  /* fits int64_t */
    HONE__YAML_REAL, /* also integers that do not fit */
    HONE__YAML_STRING,
    HONE__YAML_LIST,
    HONE__YAML_MAP
} hone__yaml_type;

typedef struct hone__yaml {
    hone__yaml_type type;
    uint32_t line, column; /* from 1; 0 where it does not come from a file */
    const char *origin;    /* file name for messages, "command line" for overrides, "default" for defaults */
    const char *text;      /* scalars as written (quotes removed) */
    bool quoted;
    bool verbatim; /* a scalar on one line, without escapes: its first character stands in column + quoted, the others follow */
    bool truth;
    int64_t integer;
    double real;              /* also of integers */
    struct hone__yaml *child; /* first item, or first value of a map */
    struct hone__yaml *next;  /* sibling */
    const char *key;          /* of a map's value */
    uint32_t key_line, key_column;
    uint32_t n; /* children */
} hone__yaml;

/* The guard's counters, for its test. */
typedef struct hone__yaml_stats {
    size_t events, bytes_read, deepest;
} hone__yaml_stats;

/* What is wrong with the text is HONE_ECONFIG, and its message begins "origin:line:column: ". `stats` may be NULL. */
hone_status hone__yaml_parse(hone_arena *arena, const char *bytes, size_t n, const char *origin, hone__yaml **root,
                             hone__yaml_stats *stats, hone_error *err) HONE_CHECKED;
/* "-" reads standard input. */
hone_status hone__yaml_load(hone_arena *arena, const char *path, hone__yaml **root, hone_error *err) HONE_CHECKED;

/* The value of a key, or NULL. */
hone__yaml *hone__yaml_get(const hone__yaml *map, const char *key);
/* Follows "a.b.c" (a key may itself hold no dot), or NULL. */
hone__yaml *hone__yaml_path(const hone__yaml *map, const char *path);
/* A deep copy into `arena`. NULL when memory is short. */
hone__yaml *hone__yaml_copy(hone_arena *arena, const hone__yaml *node) HONE_CHECKED;
/* Sets map.path to a copy of value, making maps on the way; a value already there is replaced in its place. A null
 * on the way counts as an empty map (`head:` with nothing behind it). Fails where a step of the path is a list or another
 * scalar, and then nothing has changed. */
hone_status hone__yaml_set(hone_arena *arena, hone__yaml *map, const char *path, const hone__yaml *value,
                           hone_error *err) HONE_CHECKED;
bool hone__yaml_equal(const hone__yaml *a, const hone__yaml *b); /* values, not positions; map order does not count */

/* Makers of nodes that no file holds; NULL when memory is short. */
hone__yaml *hone__yaml_new_map(hone_arena *arena) HONE_CHECKED;
hone__yaml *hone__yaml_new_list(hone_arena *arena) HONE_CHECKED;
hone__yaml *hone__yaml_new_text(hone_arena *arena, const char *text) HONE_CHECKED;
hone__yaml *hone__yaml_new_int(hone_arena *arena, int64_t value) HONE_CHECKED;
hone__yaml *hone__yaml_new_real(hone_arena *arena, double value) HONE_CHECKED;
hone__yaml *hone__yaml_new_bool(hone_arena *arena, bool value) HONE_CHECKED;
hone__yaml *hone__yaml_new_null(hone_arena *arena) HONE_CHECKED;
/* Appends; `child` must not stand in another tree. */
void hone__yaml_append(hone__yaml *list, hone__yaml *child);
hone_status hone__yaml_add(hone_arena *arena, hone__yaml *map, const char *key, hone__yaml *child,
                           hone_error *err) HONE_CHECKED;

/* Block style, two blanks of indent, short lists and innermost maps in flow style, strings quoted only where reading them
 * plain would give something else; reading the output gives an equal tree. */
struct hone__str;
hone_status hone__yaml_emit(const hone__yaml *node, struct hone__str *out, hone_error *err) HONE_CHECKED;

/* "file:12:5: " before a message about this node (or its key). */
const char *hone__yaml_at(const hone__yaml *node, char *out, size_t size);
const char *hone__yaml_key_at(const hone__yaml *node, char *out, size_t size);
const char *hone__yaml_type_name(hone__yaml_type type); /* "a string", "an integer", ... */

#endif
