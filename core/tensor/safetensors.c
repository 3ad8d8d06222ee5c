/* safetensors.c - reading a safetensors file: every rule is checked before anything of it is used.
 *
 * A file is an 8-byte little-endian header length, a header of JSON, and the data:
 *     {"__metadata__": {"format": "pt"}, "name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, ...}
 * Source: the format description of huggingface/safetensors.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "tensor/safetensors.h"
#include "base/json.h"
#include "base/str.h"
#include "tensor/st_dtype.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_HEADER = 100000000, LENGTH_BYTES = 8 };

typedef struct parser {
    hone__st_file *f;
    hone_arena *arena;
    const unsigned char *data; /* behind the header */
    uint64_t data_bytes;
    json_t *root;
    hone_error *err;
} parser;

/* Where an entry's bytes lie; kept beside the entries until all are checked. */
typedef struct span {
    uint64_t begin, end;
    hone__st_entry entry;
} span;

static hone_status refuse(const parser *p, const char *fmt, ...) HONE_PRINTF(2, 3);
static hone_status refuse(const parser *p, const char *fmt, ...)
{
    char path[260], text[700];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return hone_fail(p->err, HONE_EFORMAT, "%s is no valid safetensors file: %s", hone__shown(p->f->path, path, sizeof path),
                     text);
}

static hone_status no_memory(const parser *p)
{
    return hone_no_memory(p->err, "reading a safetensors file");
}

/* ---- The header -------------------------------------------------------------------------------------------------- */

static uint64_t little_endian_64(const unsigned char *p)
{
    uint64_t value = 0;
    for (int i = 7; i >= 0; i--)
        value = value << 8 | p[i];
    return value;
}

static hone_status parse_header(parser *p, const unsigned char *bytes, size_t n)
{
    if (n < LENGTH_BYTES)
        return refuse(p, "it has %zu bytes, and the header's length alone takes 8", n);
    uint64_t length = little_endian_64(bytes);
    if (length > MAX_HEADER)
        return refuse(p, "its header would have %" PRIu64 " bytes; at most %d are allowed", length, MAX_HEADER);
    if (length > n - LENGTH_BYTES)
        return refuse(p, "its header would have %" PRIu64 " bytes, but only %zu follow; is the file cut off?", length,
                      n - LENGTH_BYTES);
    if (length == 0 || bytes[LENGTH_BYTES] != '{')
        return refuse(p, "its header does not begin with '{'");
    p->data = bytes + LENGTH_BYTES + length;
    p->data_bytes = n - LENGTH_BYTES - length;
    char *name = hone_sprintf(p->arena, "header of %s", p->f->path);
    if (name == NULL)
        return no_memory(p);
    return hone__json_parse((const char *)bytes + LENGTH_BYTES, (size_t)length, name, &p->root, p->err);
}

static hone_status read_metadata(parser *p, const json_t *object)
{
    const char *key;
    json_t *value;
    char shown[80];
    if (!json_is_object(object))
        return refuse(p, "__metadata__ must be an object of strings");
    const char **pairs = hone_alloc_array(p->arena, json_object_size(object), 2 * sizeof *pairs);
    if (pairs == NULL)
        return no_memory(p);
    size_t n = 0;
    /* Jansson's iterators take no const object, but change none. */
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        if (!json_is_string(value))
            return refuse(p, "__metadata__ has '%s', which is no string", hone__shown(key, shown, sizeof shown));
        pairs[n++] = hone_strdup(p->arena, key);
        pairs[n++] = hone_strdup(p->arena, json_string_value(value));
        if (pairs[n - 2] == NULL || pairs[n - 1] == NULL)
            return no_memory(p);
    }
    p->f->metadata = pairs;
    p->f->n_metadata = n / 2;
    return HONE_OK;
}

/* ---- One entry --------------------------------------------------------------------------------------------------- */

static hone_status refuse_entry(const parser *p, const char *name, const char *fmt, ...) HONE_PRINTF(3, 4);
static hone_status refuse_entry(const parser *p, const char *name, const char *fmt, ...)
{
    char shown[120], text[500];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return refuse(p, "tensor '%s' %s", hone__shown(name, shown, sizeof shown), text);
}

static hone_status check_fields(const parser *p, const char *name, const json_t *object)
{
    static const char *const fields[] = {"dtype", "shape", "data_offsets", NULL};
    const char *key;
    json_t *value;
    char shown[80];
    if (!json_is_object(object))
        return refuse_entry(p, name, "is no object with dtype, shape and data_offsets");
    for (const char *const *field = fields; *field != NULL; field++)
        if (json_object_get(object, *field) == NULL)
            return refuse_entry(p, name, "has no %s", *field);
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        if (strcmp(key, fields[0]) != 0 && strcmp(key, fields[1]) != 0 && strcmp(key, fields[2]) != 0)
            return refuse_entry(p, name, "has the field '%s'; only dtype, shape and data_offsets are allowed",
                                hone__shown(key, shown, sizeof shown));
    }
    return HONE_OK;
}

static hone_status read_dtype(const parser *p, const json_t *value, hone__st_entry *e, const hone__st_dtype **row)
{
    char shown[80], known[400];
    if (!json_is_string(value))
        return refuse_entry(p, e->name, "has a dtype that is no string");
    *row = hone__st_dtype_find(json_string_value(value));
    if (*row == NULL)
        return refuse_entry(p, e->name, "has the unknown dtype '%s'; known are %s",
                            hone__shown(json_string_value(value), shown, sizeof shown),
                            hone__st_dtype_names(known, sizeof known));
    e->dtype_name = (*row)->name;
    e->dtype = (*row)->dtype;
    return HONE_OK;
}

/* *out = a * b, or false. */
static bool multiply(uint64_t a, uint64_t b, uint64_t *out)
{
    if (b != 0 && a > UINT64_MAX / b)
        return false;
    *out = a * b;
    return true;
}

/* The products are checked without the zeros, so that no 0 hides an overflow beside it; hone_shape_count does the same. */
static hone_status read_shape(const parser *p, const json_t *value, hone__st_entry *e)
{
    if (!json_is_array(value))
        return refuse_entry(p, e->name, "has a shape that is no list");
    size_t rank = json_array_size(value);
    uint64_t *dims = hone_alloc_array(p->arena, rank, sizeof *dims);
    if (dims == NULL)
        return no_memory(p);
    e->rank = (uint32_t)rank; /* the header's length bounds it */
    e->dims = dims;
    e->count = 1;
    bool empty = false;
    for (size_t i = 0; i < rank; i++) {
        const json_t *dim = json_array_get(value, i);
        if (!json_is_integer(dim) || json_integer_value(dim) < 0)
            return refuse_entry(p, e->name, "has a shape with something else than integers from 0");
        dims[i] = (uint64_t)json_integer_value(dim);
        empty = empty || dims[i] == 0;
        if (dims[i] > 0 && (!multiply(e->count, dims[i], &e->count) || e->count > INT64_MAX))
            return refuse_entry(p, e->name, "has a shape whose product overflows");
    }
    e->count = empty ? 0 : e->count;
    return HONE_OK;
}

static hone_status read_offsets(const parser *p, const json_t *value, const char *name, span *s)
{
    const json_t *begin = json_array_get(value, 0), *end = json_array_get(value, 1);
    if (!json_is_array(value) || json_array_size(value) != 2 || !json_is_integer(begin) || !json_is_integer(end) ||
        json_integer_value(begin) < 0 || json_integer_value(end) < 0)
        return refuse_entry(p, name, "has data_offsets that are not two integers from 0");
    s->begin = (uint64_t)json_integer_value(begin);
    s->end = (uint64_t)json_integer_value(end);
    if (s->begin > s->end)
        return refuse_entry(p, name, "has data_offsets that end (%" PRIu64 ") before they begin (%" PRIu64 ")", s->end,
                            s->begin);
    return HONE_OK;
}

static hone_status check_size(const parser *p, span *s, const hone__st_dtype *row)
{
    char shape[160];
    uint64_t bits;
    hone__st_entry *e = &s->entry;
    hone__st_shape_text(e, shape, sizeof shape);
    if (!multiply(e->count, row->bits, &bits))
        return refuse_entry(p, e->name, "has a size that overflows: %s %s", e->dtype_name, shape);
    if (bits % 8 != 0)
        return refuse_entry(p, e->name, "does not fill whole bytes: %s %s", e->dtype_name, shape);
    e->bytes = bits / 8;
    if (s->end - s->begin != e->bytes)
        return refuse_entry(p, e->name, "has data_offsets of %" PRIu64 " bytes, but %s %s takes %" PRIu64, s->end - s->begin,
                            e->dtype_name, shape, e->bytes);
    return HONE_OK;
}

static hone_status read_entry(const parser *p, const char *name, const json_t *object, span *s)
{
    const hone__st_dtype *row;
    HONE_TRY(check_fields(p, name, object));
    s->entry.name = hone_strdup(p->arena, name);
    if (s->entry.name == NULL)
        return no_memory(p);
    HONE_TRY(read_dtype(p, json_object_get(object, "dtype"), &s->entry, &row));
    HONE_TRY(read_shape(p, json_object_get(object, "shape"), &s->entry));
    HONE_TRY(read_offsets(p, json_object_get(object, "data_offsets"), name, s));
    return check_size(p, s, row);
}

/* ---- All entries ------------------------------------------------------------------------------------------------- */

/* Empty tensors come before the one that begins where they do; of several the name decides. */
static int by_offset(const void *a, const void *b)
{
    const span *x = a, *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    if (x->end != y->end)
        return x->end < y->end ? -1 : 1;
    return strcmp(x->entry.name, y->entry.name);
}

static int by_name(const void *a, const void *b)
{
    const hone__st_entry *x = *(const hone__st_entry *const *)a, *y = *(const hone__st_entry *const *)b;
    return strcmp(x->name, y->name);
}

static hone_status check_contiguous(const parser *p, const span *spans, size_t n)
{
    uint64_t at = 0;
    for (size_t i = 0; i < n; i++) {
        if (spans[i].begin != at)
            return refuse_entry(p, spans[i].entry.name,
                                "begins at byte %" PRIu64 " of the data, but the one before ends at %" PRIu64
                                "; the data must be without holes and overlaps",
                                spans[i].begin, at);
        at = spans[i].end;
    }
    if (at != p->data_bytes)
        return refuse(p, "its tensors take %" PRIu64 " bytes of data, but the file has %" PRIu64 "%s", at, p->data_bytes,
                      at > p->data_bytes ? "; is it cut off?" : "");
    return HONE_OK;
}

static hone_status keep_entries(parser *p, const span *spans, size_t n)
{
    hone__st_entry *entries = hone_alloc_array(p->arena, n, sizeof *entries);
    const hone__st_entry **index = hone_alloc_array(p->arena, n, sizeof *index);
    if (entries == NULL || index == NULL)
        return no_memory(p);
    for (size_t i = 0; i < n; i++) {
        entries[i] = spans[i].entry;
        entries[i].data = p->data + spans[i].begin;
        index[i] = &entries[i];
    }
    qsort(index, n, sizeof *index, by_name);
    p->f->entries = entries;
    p->f->by_name = index;
    p->f->n = n;
    return HONE_OK;
}

static hone_status read_entries(parser *p)
{
    const char *key;
    json_t *value;
    span *spans = hone_alloc_array(p->arena, json_object_size(p->root), sizeof *spans);
    if (spans == NULL)
        return no_memory(p);
    size_t n = 0;
    json_object_foreach(p->root, key, value)
    {
        if (strcmp(key, "__metadata__") == 0)
            HONE_TRY(read_metadata(p, value));
        else
            HONE_TRY(read_entry(p, key, value, &spans[n++]));
    }
    qsort(spans, n, sizeof *spans, by_offset);
    HONE_TRY(check_contiguous(p, spans, n));
    return keep_entries(p, spans, n);
}

/* ---- Opening ----------------------------------------------------------------------------------------------------- */

hone_status hone__st_parse(hone__st_file *f, hone_arena *arena, const void *bytes, size_t n, const char *path, hone_error *err)
{
    *f = (hone__st_file){.path = hone_strdup(arena, path)};
    parser p = {.f = f, .arena = arena, .err = err};
    if (f->path == NULL)
        return no_memory(&p);
    hone_status status = parse_header(&p, bytes, n);
    if (status == HONE_OK)
        status = read_entries(&p);
    json_decref(p.root);
    if (status != HONE_OK)
        *f = (hone__st_file){0};
    return status;
}

hone_status hone__st_open(hone__st_file *f, hone_arena *arena, const char *path, hone_error *err)
{
    hone__map_file map;
    *f = (hone__st_file){0};
    HONE_TRY(hone__map_open(&map, path, err));
    hone_status status = hone__st_parse(f, arena, map.data, map.n, path, err);
    if (status == HONE_OK)
        f->map = map;
    else
        hone__map_close(&map);
    return status;
}

void hone__st_close(hone__st_file *f)
{
    if (f->map.data != NULL)
        hone__map_close(&f->map);
    *f = (hone__st_file){0};
}

const hone__st_entry *hone__st_find(const hone__st_file *f, const char *name)
{
    size_t low = 0, high = f->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(name, f->by_name[middle]->name);
        if (order == 0)
            return f->by_name[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const char *hone__st_shape_text(const hone__st_entry *e, char *out, size_t size)
{
    if (size == 0)
        return out;
    size_t used = (size_t)snprintf(out, size, "[");
    for (uint32_t i = 0; i < e->rank && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%" PRIu64, i > 0 ? ", " : "", e->dims[i]);
    if (used < size)
        snprintf(out + used, size - used, "]");
    return out;
}
