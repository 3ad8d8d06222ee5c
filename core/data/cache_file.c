/* cache_file.c - prepared sequences as a safetensors file, and back without a copy.
 *
 *     example_starts I64 [examples + 1]  starts I64 [sequences + 1]  cut I64 [sequences]  ids, types I32 [tokens]
 *     field.NAME [rows, ...]  starts.NAME I64 [owners + 1], with the owner in the metadata: per.NAME = "sequence"
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/format.h"
#include "data/cache.h"
#include "data/prepared.h"

#include <string.h>

enum { OWN = 5 /* tensors beside the fields' */, OWN_METADATA = 2 };

static const char *const per_names[] = {
    [HONE_PER_TOKEN] = "token", [HONE_PER_SEQUENCE] = "sequence", [HONE_PER_EXAMPLE] = "example", [HONE_PER_ITEM] = "item"};

/* ---- Writing ----------------------------------------------------------------------------------------------------- */

typedef struct saving {
    hone_arena *arena;
    hone__st_item *items;
    size_t n;
    const char **metadata;
    size_t n_metadata;
    bool failed;
} saving;

static void add(saving *s, const char *name, hone_dtype dtype, const void *data, uint64_t n, const hone_shape *row)
{
    hone__st_item *item = &s->items[s->n++];
    *item = (hone__st_item){
        name, {.data = (void *)(uintptr_t)data, .dtype = dtype, .shape = {.rank = row->rank + 1, .dim = {(int64_t)n}}}};
    memcpy(item->tensor.shape.dim + 1, row->dim, row->rank * sizeof *row->dim);
    s->failed = s->failed || !name;
}

static void add_metadata(saving *s, const char *key, const char *value)
{
    s->metadata[2 * s->n_metadata] = key;
    s->metadata[2 * s->n_metadata++ + 1] = value;
    s->failed = s->failed || !key;
}

static void add_field(saving *s, const hone__prepared *p, const hone__named_field *f)
{
    static const hone_shape scalar = {0};
    const uint64_t owners = hone__owners_of(p, f->form.per);
    add(s, hone_sprintf(s->arena, "field.%s", f->form.name), f->form.dtype, f->data, f->starts[owners], &f->form.row);
    add(s, hone_sprintf(s->arena, "starts.%s", f->form.name), HONE_I64, f->starts, owners + 1, &scalar);
    add_metadata(s, hone_sprintf(s->arena, "per.%s", f->form.name), per_names[f->form.per]);
}

static hone_status save(saving *s, const hone__prepared *p, const char *key, const char *path, hone_error *err)
{
    static const hone_shape scalar = {0};
    s->items = hone_alloc_array(s->arena, 2 * p->n_fields + OWN, sizeof *s->items);
    s->metadata = hone_alloc_array(s->arena, 2 * (p->n_fields + OWN_METADATA), sizeof *s->metadata);
    if (!s->items || !s->metadata)
        return hone_no_memory(err, "writing the token cache");
    add_metadata(s, "hone_tokens", HONE__FORMAT_TOKENS);
    add_metadata(s, "key", key);
    add(s, "example_starts", HONE_I64, p->example_starts, p->stats.examples + 1, &scalar);
    add(s, "starts", HONE_I64, p->starts, p->stats.sequences + 1, &scalar);
    add(s, "cut", HONE_I64, p->cut, p->stats.sequences, &scalar);
    if (p->ids) {
        add(s, "ids", HONE_I32, p->ids, p->stats.tokens, &scalar);
        add(s, "types", HONE_I32, p->types, p->stats.tokens, &scalar);
    }
    for (size_t i = 0; i < p->n_fields; i++)
        add_field(s, p, &p->fields[i]);
    if (s->failed)
        return hone_no_memory(err, "writing the token cache");
    return hone__st_write_sealed(path, s->items, s->n, s->metadata, s->n_metadata, err);
}

hone_status hone__prepared_save(const hone__prepared *p, const char *key, const char *path, hone_error *err)
{
    saving s = {.arena = hone__arena_create(0)};
    const hone_status status = s.arena ? save(&s, p, key, path, err) : hone_no_memory(err, "writing the token cache");
    hone__arena_destroy(s.arena);
    return status;
}

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

static const char *metadata_of(const hone__st_file *f, const char *key)
{
    for (size_t i = 0; i < f->n_metadata; i++)
        if (strcmp(f->metadata[2 * i], key) == 0)
            return f->metadata[2 * i + 1];
    return NULL;
}

static hone_status broken(const hone__st_file *f, const char *what, const char *name, hone_error *err)
{
    return hone_fail(err, HONE_EFORMAT, "%s: %s %.100s", f->path, what, name);
}

static bool aligned(const hone__st_entry *e)
{
    const size_t size = hone_dtype_size(e->dtype);
    return size > 0 && (uintptr_t)e->data % size == 0;
}

/* A tensor of one dimension. */
static hone_status read_array(const hone__st_file *f, const char *name, hone_dtype dtype, const void **data, uint64_t *n,
                              hone_error *err)
{
    const hone__st_entry *e = hone__st_find(f, name);
    if (!e || e->rank != 1 || e->dtype != dtype || !aligned(e))
        return broken(f, "there is no usable", name, err);
    *data = e->data;
    *n = e->count;
    return HONE_OK;
}

/* [n + 1] numbers that begin with 0 and fall nowhere; *end is the last. */
static hone_status read_starts(const hone__st_file *f, const char *name, const uint64_t **starts, uint64_t *n, uint64_t *end,
                               hone_error *err)
{
    const void *data = NULL;
    uint64_t count = 0;
    HONE_TRY(read_array(f, name, HONE_I64, &data, &count, err));
    *starts = data;
    if (count < 1 || (*starts)[0] != 0)
        return broken(f, "wrong numbers in", name, err);
    for (uint64_t i = 1; i < count; i++)
        if ((*starts)[i] < (*starts)[i - 1])
            return broken(f, "wrong numbers in", name, err);
    *n = count - 1;
    *end = (*starts)[count - 1];
    return HONE_OK;
}

static hone_status read_tokens(hone__prepared *p, uint64_t n_tokens, hone_error *err)
{
    const void *ids = NULL, *types = NULL;
    uint64_t n_ids = 0, n_types = 0;
    if (!hone__st_find(&p->file, "ids"))
        return HONE_OK;
    HONE_TRY(read_array(&p->file, "ids", HONE_I32, &ids, &n_ids, err));
    HONE_TRY(read_array(&p->file, "types", HONE_I32, &types, &n_types, err));
    if (n_ids != n_tokens || n_types != n_tokens)
        return broken(&p->file, "not a token for each place in", "ids and types", err);
    p->ids = ids;
    p->types = types;
    return HONE_OK;
}

static hone_status read_sequences(hone__prepared *p, hone_error *err)
{
    const hone__st_file *f = &p->file;
    uint64_t examples = 0, n_cut = 0, n_tokens = 0, end = 0;
    const void *cut = NULL;
    HONE_TRY(read_starts(f, "example_starts", &p->example_starts, &examples, &end, err));
    HONE_TRY(read_starts(f, "starts", &p->starts, &p->stats.sequences, &n_tokens, err));
    HONE_TRY(read_array(f, "cut", HONE_I64, &cut, &n_cut, err));
    p->cut = cut;
    if (examples != p->stats.examples || end != p->stats.sequences || n_cut != p->stats.sequences)
        return broken(f, "other counts than the data's in", "example_starts, starts or cut", err);
    HONE_TRY(read_tokens(p, n_tokens, err));
    hone__prepared_measure(p);
    return HONE_OK;
}

static bool per_of(const char *text, hone_per *per)
{
    for (int i = HONE_PER_TOKEN; text && i <= HONE_PER_ITEM; i++)
        if (strcmp(per_names[i], text) == 0) {
            *per = (hone_per)i;
            return true;
        }
    return false;
}

static bool form_of(const hone__st_entry *e, hone__field_form *form)
{
    if (e->rank < 1 || e->rank > HONE_MAX_RANK || !aligned(e))
        return false;
    form->dtype = e->dtype;
    form->row.rank = e->rank - 1;
    for (uint32_t i = 0; i < form->row.rank; i++)
        form->row.dim[i] = e->dims[i + 1] <= INT64_MAX ? (int64_t)e->dims[i + 1] : -1;
    const int64_t count = hone_shape_count(&form->row);
    form->row_size = (size_t)count * hone_dtype_size(e->dtype);
    return count >= 0;
}

/* Rows that every owner has as many of as it must, and row numbers within their sequence. */
static bool rows_fit(const hone__prepared *p, const hone__named_field *f)
{
    const int64_t *numbers = (const int64_t *)(const void *)f->data;
    const bool check = hone__is_row_numbers(&f->form);
    for (uint64_t i = 0; i < hone__owners_of(p, f->form.per); i++) {
        const uint64_t n = f->starts[i + 1] - f->starts[i];
        if (f->form.per == HONE_PER_TOKEN ? n != p->starts[i + 1] - p->starts[i] : f->form.per != HONE_PER_ITEM && n != 1)
            return false;
        for (uint64_t k = f->starts[i]; check && k < f->starts[i + 1]; k++)
            if (numbers[k] < 0 || (uint64_t)numbers[k] >= p->starts[i + 1] - p->starts[i])
                return false;
    }
    return true;
}

static hone_status read_field(hone__prepared *p, const hone__st_entry *e, hone_error *err)
{
    hone__named_field *f = &p->fields[p->n_fields];
    uint64_t owners = 0, rows = 0;
    f->form.name = e->name + strlen("field.");
    f->data = e->data;
    const char *per = hone_sprintf(p->arena, "per.%s", f->form.name);
    const char *starts = hone_sprintf(p->arena, "starts.%s", f->form.name);
    if (!per || !starts)
        return hone_no_memory(err, "reading the token cache");
    if (!per_of(metadata_of(&p->file, per), &f->form.per) || !form_of(e, &f->form))
        return broken(&p->file, "there is no usable", e->name, err);
    HONE_TRY(read_starts(&p->file, starts, &f->starts, &owners, &rows, err));
    if (owners != hone__owners_of(p, f->form.per) || rows != e->dims[0] || !rows_fit(p, f))
        return broken(&p->file, "other rows than the sequences' in", e->name, err);
    p->n_fields++;
    return HONE_OK;
}

static hone_status read_fields(hone__prepared *p, hone_error *err)
{
    p->fields = hone_alloc_array(p->arena, HONE__MOST_FIELDS, sizeof *p->fields);
    if (!p->fields)
        return hone_no_memory(err, "reading the token cache");
    for (size_t i = 0; i < p->file.n; i++) {
        const hone__st_entry *e = &p->file.entries[i];
        if (strncmp(e->name, "field.", strlen("field.")) != 0)
            continue;
        if (p->n_fields == HONE__MOST_FIELDS)
            return broken(&p->file, "too many fields:", e->name, err);
        HONE_TRY(read_field(p, e, err));
    }
    return HONE_OK;
}

static hone_status read_all(hone__prepared *p, const char *key, hone_error *err)
{
    const char *format = metadata_of(&p->file, "hone_tokens"), *own = metadata_of(&p->file, "key");
    if (!format || strcmp(format, HONE__FORMAT_TOKENS) != 0)
        return hone_fail(err, HONE_EFORMAT, "%s is no token cache of format " HONE__FORMAT_TOKENS, p->file.path);
    if (!own || strcmp(own, key) != 0)
        return hone_fail(err, HONE_EFORMAT, "%s has another key than its name says", p->file.path);
    HONE_TRY(read_sequences(p, err));
    return read_fields(p, err);
}

static hone__prepared *begin(const hone_corpus *corpus, uint64_t n_labels)
{
    hone_arena *arena = hone__arena_create(0);
    hone__prepared *p = arena ? hone_alloc(arena, sizeof *p) : NULL;
    if (!p) {
        hone__arena_destroy(arena);
        return NULL;
    }
    *p = (hone__prepared){.arena = arena, .corpus = corpus, .stats.examples = corpus->n, .n_labels = n_labels};
    return p;
}

static hone_status end(hone_status status, hone__prepared *p, hone__prepared **prepared)
{
    if (status == HONE_OK)
        *prepared = p;
    else
        hone__prepared_destroy(p);
    return status;
}

hone_status hone__prepared_open(const char *path, const char *key, const hone_corpus *corpus, uint64_t n_labels,
                                hone__prepared **prepared, hone_error *err)
{
    hone__prepared *p = begin(corpus, n_labels);
    if (!p)
        return hone_no_memory(err, "reading the token cache");
    hone_status status = hone__st_open(&p->file, p->arena, path, err);
    if (status == HONE_OK)
        status = hone__st_check_seal(&p->file, err);
    if (status == HONE_OK)
        status = read_all(p, key, err);
    return end(status, p, prepared);
}

hone_status hone__prepared_parse(const void *bytes, size_t n, const char *path, const char *key, const hone_corpus *corpus,
                                 uint64_t n_labels, hone__prepared **prepared, hone_error *err)
{
    hone__prepared *p = begin(corpus, n_labels);
    if (!p)
        return hone_no_memory(err, "reading the token cache");
    hone_status status = hone__st_parse(&p->file, p->arena, bytes, n, path, err);
    if (status == HONE_OK)
        status = read_all(p, key, err);
    return end(status, p, prepared);
}
