/* yaml.c - from libyaml's events to a tree, behind a guard that refuses what no experiment file needs.
 *
 * libyaml reads through a handler that hands out small pieces, so that a hostile file is refused before much of it was read.
 * Its scanner looks ahead by at most one simple key (1024 characters) and what its buffer holds.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/file.h"
#include "base/str.h"
#include "config/yaml_parts.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE = 4096 };

#define NO_PLACE SIZE_MAX

typedef struct frame {
    hone__yaml *node, *last;
    const char *key; /* the key that waits for its value */
    yaml_mark_t key_mark;
} frame;

typedef struct reader {
    hone_arena *arena;
    const char *origin;
    const unsigned char *bytes;
    size_t n, at;
    size_t tag_directive; /* where a %TAG line stands, or NO_PLACE */
    hone__yaml *root;
    size_t documents, depth;
    hone__yaml_stats stats;
    hone_error *err;
    frame frames[HONE__YAML_MAX_DEPTH];
} reader;

/* ---- Messages with a place --------------------------------------------------------------------------------------- */

hone_status hone__yaml_fail(hone_error *err, const char *origin, hone__yaml_place place, const char *fmt, ...)
{
    char name[300], text[700];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return hone_fail(err, HONE_ECONFIG, "%s:%zu:%zu: %s", hone__shown(origin, name, sizeof name), place.line, place.column,
                     text);
}

static hone__yaml_place place_of_mark(yaml_mark_t mark)
{
    return (hone__yaml_place){mark.line + 1, mark.column + 1};
}

#define FAIL_AT(r, mark, ...) hone__yaml_fail((r)->err, (r)->origin, place_of_mark(mark), __VA_ARGS__)

/* ---- Feeding libyaml --------------------------------------------------------------------------------------------- */

/* Does a line begin at byte i? Also after the line breaks of Unicode, which libyaml takes for some. */
static bool begins_line(const unsigned char *bytes, size_t i)
{
    if (i == 0 || bytes[i - 1] == '\n' || bytes[i - 1] == '\r')
        return true;
    if (i >= 2 && bytes[i - 2] == 0xC2 && bytes[i - 1] == 0x85)
        return true;
    return i >= 3 && bytes[i - 3] == 0xE2 && bytes[i - 2] == 0x80 && (bytes[i - 1] == 0xA8 || bytes[i - 1] == 0xA9);
}

/* %TAG lines are refused before libyaml sees them: it compares each with all before, so that 75,000 of them, which fit into
 * 1 MiB, would take it a minute without a single event. */
static bool holds_tag_directive(reader *r, size_t end)
{
    for (size_t i = r->at; i < end; i++) {
        if (r->bytes[i] == '%' && r->n - i >= 4 && memcmp(r->bytes + i, "%TAG", 4) == 0 && begins_line(r->bytes, i)) {
            r->tag_directive = i;
            return true;
        }
    }
    return false;
}

static int feed(void *data, unsigned char *buffer, size_t size, size_t *size_read)
{
    reader *r = data;
    size_t piece = size < PIECE ? size : PIECE;
    if (piece > r->n - r->at)
        piece = r->n - r->at;
    if (holds_tag_directive(r, r->at + piece))
        return 0;
    if (piece > 0)
        memcpy(buffer, r->bytes + r->at, piece);
    r->at += piece;
    r->stats.bytes_read += piece;
    *size_read = piece;
    return 1;
}

/* ---- Scalars ----------------------------------------------------------------------------------------------------- */

typedef struct core_tag {
    const char *tag;
    hone__yaml_type type;
} core_tag;

static const core_tag core_tags[] = {
    {YAML_NULL_TAG, HONE__YAML_NULL},  {YAML_BOOL_TAG, HONE__YAML_BOOL},  {YAML_INT_TAG, HONE__YAML_INT},
    {YAML_FLOAT_TAG, HONE__YAML_REAL}, {YAML_STR_TAG, HONE__YAML_STRING}, {YAML_SEQ_TAG, HONE__YAML_LIST},
    {YAML_MAP_TAG, HONE__YAML_MAP},
};

/* *forced becomes the row of the node's tag, or NULL where it has none. */
static hone_status find_tag(reader *r, const yaml_char_t *tag, yaml_mark_t mark, const core_tag **forced)
{
    char shown[80];
    *forced = NULL;
    if (tag == NULL)
        return HONE_OK;
    for (size_t i = 0; i < sizeof core_tags / sizeof *core_tags; i++) {
        if (strcmp((const char *)tag, core_tags[i].tag) == 0) {
            *forced = &core_tags[i];
            return HONE_OK;
        }
    }
    return FAIL_AT(
        r, mark,
        "the tag '%s' is not allowed, only !!str, !!int, !!float, !!bool, !!null, !!map and !!seq are; put the value "
        "in quotes if it begins with '!'",
        hone__shown((const char *)tag, shown, sizeof shown));
}

static hone_status refuse_range(reader *r, const char *text, yaml_mark_t mark)
{
    char shown[80];
    return FAIL_AT(r, mark, "%s lies outside the range of a 64-bit real; put it in quotes if it is not a number",
                   hone__shown(text, shown, sizeof shown));
}

/* Makes the scalar what its tag says, if its text can be that. */
static hone_status force_scalar(reader *r, hone__yaml *node, const core_tag *forced, yaml_mark_t mark)
{
    char shown[80];
    if (forced->type == HONE__YAML_STRING)
        return HONE_OK;
    if (!hone__yaml_resolve(node, node->text))
        return refuse_range(r, node->text, mark);
    if (forced->type == HONE__YAML_REAL && node->type == HONE__YAML_INT) {
        node->type = HONE__YAML_REAL;
        node->integer = 0;
    }
    if (node->type != forced->type)
        return FAIL_AT(r, mark, "'%s' is not %s, as its tag says", hone__shown(node->text, shown, sizeof shown),
                       hone__yaml_type_name(forced->type));
    return HONE_OK;
}

/* Does the text stand in the file as it is? libyaml's columns count characters. */
static bool is_verbatim(const yaml_event_t *event, const hone__yaml *node)
{
    size_t characters = node->quoted ? 2 : 0;
    for (const char *c = node->text; *c; c++)
        characters += ((unsigned char)*c & 0xC0) != 0x80;
    return event->start_mark.line == event->end_mark.line && event->end_mark.column - event->start_mark.column == characters;
}

static hone_status set_text(reader *r, const yaml_event_t *event, hone__yaml *node)
{
    const char *value = (const char *)event->data.scalar.value;
    size_t length = event->data.scalar.length;
    if (memchr(value, '\0', length) != NULL)
        return FAIL_AT(r, event->start_mark, "a string may not hold the character NUL");
    node->text = hone_strndup(r->arena, value, length);
    if (node->text == NULL)
        return hone_no_memory(r->err, "reading YAML");
    node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    node->verbatim = is_verbatim(event, node);
    node->type = HONE__YAML_STRING;
    return HONE_OK;
}

static hone_status set_scalar(reader *r, const yaml_event_t *event, hone__yaml *node)
{
    const core_tag *forced;
    HONE_TRY(find_tag(r, event->data.scalar.tag, event->start_mark, &forced));
    HONE_TRY(set_text(r, event, node));
    if (forced != NULL)
        return force_scalar(r, node, forced, event->start_mark);
    if (!node->quoted && !hone__yaml_resolve(node, node->text))
        return refuse_range(r, node->text, event->start_mark);
    return HONE_OK;
}

/* ---- Nodes ------------------------------------------------------------------------------------------------------- */

static void hang_in(frame *f, hone__yaml *node)
{
    if (f->last == NULL)
        f->node->child = node;
    else
        f->last->next = node;
    f->last = node;
    f->node->n++;
}

/* A new node in its place: the root, the next item of a list, or the value that the last key waits for. */
static hone_status add_node(reader *r, const yaml_event_t *event, hone__yaml **out)
{
    hone__yaml *node = hone_alloc(r->arena, sizeof *node);
    if (node == NULL)
        return hone_no_memory(r->err, "reading YAML");
    node->origin = r->origin;
    node->line = (uint32_t)event->start_mark.line + 1;
    node->column = (uint32_t)event->start_mark.column + 1;
    *out = node;
    if (r->depth == 0) {
        r->root = node;
        return HONE_OK;
    }
    frame *f = &r->frames[r->depth - 1];
    if (f->node->type == HONE__YAML_MAP) {
        node->key = f->key;
        node->key_line = (uint32_t)f->key_mark.line + 1;
        node->key_column = (uint32_t)f->key_mark.column + 1;
        f->key = NULL;
    }
    hang_in(f, node);
    return HONE_OK;
}

static bool key_comes_next(const reader *r)
{
    return r->depth > 0 && r->frames[r->depth - 1].node->type == HONE__YAML_MAP && r->frames[r->depth - 1].key == NULL;
}

static hone_status read_key(reader *r, const yaml_event_t *event)
{
    const core_tag *forced;
    hone__yaml scratch = {0};
    HONE_TRY(find_tag(r, event->data.scalar.tag, event->start_mark, &forced));
    HONE_TRY(set_text(r, event, &scratch));
    if (!scratch.quoted && *scratch.text == '\0')
        return FAIL_AT(r, event->start_mark, "there is no key before this ':'");
    r->frames[r->depth - 1].key = scratch.text;
    r->frames[r->depth - 1].key_mark = event->start_mark;
    return HONE_OK;
}

static hone_status read_scalar(reader *r, const yaml_event_t *event)
{
    hone__yaml *node;
    if (event->data.scalar.anchor != NULL)
        return FAIL_AT(r, event->start_mark, "anchors ('&name') are not allowed; write the value out");
    if (key_comes_next(r))
        return read_key(r, event);
    HONE_TRY(add_node(r, event, &node));
    return set_scalar(r, event, node);
}

static hone_status open_collection(reader *r, const yaml_event_t *event, hone__yaml_type type, const yaml_char_t *anchor,
                                   const yaml_char_t *tag)
{
    const core_tag *forced;
    hone__yaml *node;
    if (anchor != NULL)
        return FAIL_AT(r, event->start_mark, "anchors ('&name') are not allowed; write the value out");
    if (key_comes_next(r))
        return FAIL_AT(r, event->start_mark, "a key must be a word, not %s; put it in quotes if it is meant as text",
                       hone__yaml_type_name(type));
    if (r->depth == HONE__YAML_MAX_DEPTH)
        return FAIL_AT(r, event->start_mark, "lists and maps are nested more than %d deep", HONE__YAML_MAX_DEPTH);
    HONE_TRY(find_tag(r, tag, event->start_mark, &forced));
    if (forced != NULL && forced->type != type)
        return FAIL_AT(r, event->start_mark, "this is %s and cannot be %s, as its tag says", hone__yaml_type_name(type),
                       hone__yaml_type_name(forced->type));
    HONE_TRY(add_node(r, event, &node));
    node->type = type;
    r->frames[r->depth++] = (frame){.node = node};
    return HONE_OK;
}

/* ---- Duplicate keys ---------------------------------------------------------------------------------------------- */

static int by_key_then_place(const void *a, const void *b)
{
    const hone__yaml *x = *(hone__yaml *const *)a, *y = *(hone__yaml *const *)b;
    int order = strcmp(x->key, y->key);
    if (order != 0)
        return order;
    if (x->key_line != y->key_line)
        return x->key_line < y->key_line ? -1 : 1;
    return x->key_column < y->key_column ? -1 : x->key_column > y->key_column;
}

/* By sorting, because a map may have 100,000 keys. */
static hone_status refuse_duplicates(reader *r, const hone__yaml *map)
{
    char shown[80];
    hone_status status = HONE_OK;
    if (map->n < 2)
        return HONE_OK;
    const hone__yaml **sorted = hone__malloc(map->n * sizeof *sorted);
    if (sorted == NULL)
        return hone_no_memory(r->err, "reading YAML");
    size_t n = 0;
    for (const hone__yaml *child = map->child; child != NULL; child = child->next)
        sorted[n++] = child;
    qsort(sorted, n, sizeof *sorted, by_key_then_place);
    for (size_t i = 1; i < n && status == HONE_OK; i++) {
        const hone__yaml *first = sorted[i - 1], *second = sorted[i];
        if (strcmp(first->key, second->key) == 0)
            status = hone__yaml_fail(r->err, r->origin, (hone__yaml_place){second->key_line, second->key_column},
                                     "the key '%s' is on line %u already; a map has each key once",
                                     hone__shown(second->key, shown, sizeof shown), (unsigned)first->key_line);
    }
    hone__free(sorted);
    return status;
}

static hone_status close_collection(reader *r)
{
    const hone__yaml *node = r->frames[--r->depth].node;
    return node->type == HONE__YAML_MAP ? refuse_duplicates(r, node) : HONE_OK;
}

/* ---- Events ------------------------------------------------------------------------------------------------------ */

static hone_status read_event(reader *r, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (r->documents++ > 0)
            return FAIL_AT(r, event->start_mark, "a second document begins here; a file holds one");
        return HONE_OK;
    case YAML_ALIAS_EVENT:
        return FAIL_AT(r, event->start_mark,
                       "aliases ('*name') are not allowed; write the value out, or put it in quotes if it begins with '*'");
    case YAML_SCALAR_EVENT:
        return read_scalar(r, event);
    case YAML_SEQUENCE_START_EVENT:
        return open_collection(r, event, HONE__YAML_LIST, event->data.sequence_start.anchor, event->data.sequence_start.tag);
    case YAML_MAPPING_START_EVENT:
        return open_collection(r, event, HONE__YAML_MAP, event->data.mapping_start.anchor, event->data.mapping_start.tag);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return close_collection(r);
    case YAML_STREAM_END_EVENT:
        if (r->documents == 0)
            return FAIL_AT(r, event->start_mark, "there is nothing in this file but blanks and comments");
        return HONE_OK;
    default:
        return HONE_OK;
    }
}

static hone_status count_event(reader *r, const yaml_event_t *event)
{
    bool opens = event->type == YAML_SEQUENCE_START_EVENT || event->type == YAML_MAPPING_START_EVENT;
    if (opens && r->depth + 1 > r->stats.deepest)
        r->stats.deepest = r->depth + 1;
    if (++r->stats.events > HONE__YAML_MAX_EVENTS)
        return FAIL_AT(r, event->start_mark, "the file has more than %d values, keys and brackets", HONE__YAML_MAX_EVENTS);
    return HONE_OK;
}

static hone_status next_event(reader *r, yaml_parser_t *parser, bool *done)
{
    yaml_event_t event;
    if (!yaml_parser_parse(parser, &event)) {
        if (r->tag_directive != NO_PLACE)
            return hone__yaml_fail(r->err, r->origin, hone__yaml_place_of(r->bytes, r->n, r->tag_directive),
                                   "%%TAG lines are not allowed, as there are no custom tags");
        return hone__yaml_complain(r->err, r->origin, parser, r->bytes, r->n);
    }
    hone_status status = count_event(r, &event);
    if (status == HONE_OK)
        status = read_event(r, &event);
    *done = event.type == YAML_STREAM_END_EVENT;
    yaml_event_delete(&event);
    return status;
}

static hone_status read_events(reader *r)
{
    yaml_parser_t parser;
    hone_status status = HONE_OK;
    bool done = false;
    if (!yaml_parser_initialize(&parser))
        return hone_no_memory(r->err, "reading YAML");
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input(&parser, feed, r);
    while (status == HONE_OK && !done)
        status = next_event(r, &parser, &done);
    yaml_parser_delete(&parser);
    return status;
}

static hone_status refuse_utf16(const reader *r)
{
    if (r->n >= 2 && ((r->bytes[0] == 0xFF && r->bytes[1] == 0xFE) || (r->bytes[0] == 0xFE && r->bytes[1] == 0xFF)))
        return hone__yaml_fail(r->err, r->origin, (hone__yaml_place){1, 1}, "the text is UTF-16; save it as UTF-8");
    return HONE_OK;
}

hone_status hone__yaml_parse(hone_arena *arena, const char *bytes, size_t n, const char *origin, hone__yaml **root,
                             hone__yaml_stats *stats, hone_error *err)
{
    *root = NULL;
    const char *name = hone_strdup(arena, origin);
    /* The frames make the reader too large for a small thread's stack. */
    reader *r = hone__calloc(1, sizeof *r);
    if (name == NULL || r == NULL) {
        hone__free(r);
        return hone_no_memory(err, "reading YAML");
    }
    r->arena = arena;
    r->origin = name;
    r->bytes = (const unsigned char *)bytes;
    r->n = n;
    r->tag_directive = NO_PLACE;
    r->err = err;
    if (n >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0) {
        r->bytes += 3;
        r->n -= 3;
    }
    hone_status status = refuse_utf16(r);
    if (status == HONE_OK && n > HONE__YAML_MAX_BYTES)
        status = hone__yaml_fail(err, name, (hone__yaml_place){1, 1}, "the text has %zu bytes; at most %d are read", n,
                                 HONE__YAML_MAX_BYTES);
    if (status == HONE_OK)
        status = read_events(r);
    if (status == HONE_OK)
        *root = r->root;
    if (stats != NULL)
        *stats = r->stats;
    hone__free(r);
    return status;
}

hone_status hone__yaml_load(hone_arena *arena, const char *path, hone__yaml **root, hone_error *err)
{
    bool standard_input = strcmp(path, "-") == 0;
    const char *origin = standard_input ? "standard input" : path;
    char *bytes;
    size_t n;
    *root = NULL;
    HONE_TRY(hone__read_file(standard_input ? "/dev/stdin" : path, HONE__YAML_MAX_BYTES, &bytes, &n, err));
    hone_status status = hone__yaml_parse(arena, bytes, n, origin, root, NULL, err);
    hone__free(bytes);
    return status;
}
