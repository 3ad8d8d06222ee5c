/* store.c - the parameter store: weights and buffers by name, their values, and one block of gradients.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "tensor/store.h"
#include "base/alloc.h"
#include "base/arena.h"
#include "base/str.h"
#include <string.h>

enum {
    BUCKETS = 1024,
    GRADIENT_ALIGNMENT = 16 /* elements: 64 bytes */,
    CLEAR_GRAIN = 1 << 18,
    DRAW_GRAIN = 1 << 13, /* initial values that one thread draws at a time */
    CLEAR_ROWS = 1024,
    FORM_ALIGNMENT = 64
};

typedef struct entry {
    hone__weight w; /* the first member: a hone__weight of the store is an entry */
    struct entry *next_in_bucket;
    bool in_map; /* the value lies in a file's map and must not be written */
} entry;

struct hone_store {
    hone_arena *arena; /* entries and values */
    uint64_t seed;
    entry *buckets[BUCKETS];
    entry **entries; /* [n], in the order of registration */
    size_t n, capacity;
    bool closed;
    float *gradients;
    int64_t n_gradients;
};

hone_store *hone__store_create(uint64_t seed)
{
    hone_store *store = hone__calloc(1, sizeof *store);
    if (!store)
        return NULL;
    store->seed = seed;
    store->arena = hone__arena_create(0);
    if (!store->arena) {
        hone__free(store);
        return NULL;
    }
    return store;
}

void hone__store_destroy(hone_store *store)
{
    if (!store)
        return;
    for (size_t i = 0; i < store->n; i++)
        for (hone__form *f = store->entries[i]->w.forms; f; f = f->next)
            hone__free(f->data);
    hone__arena_destroy(store->arena);
    hone__free(store->entries);
    hone__free(store->gradients);
    hone__free(store);
}

/* ---- Finding and registering ------------------------------------------------------------------------------------- */

hone__weight *hone__store_weight(const hone_store *store, const char *name)
{
    for (entry *e = store->buckets[hone_scope_hash(name) % BUCKETS]; e; e = e->next_in_bucket) {
        if (strcmp(e->w.name, name) == 0)
            return &e->w;
    }
    return NULL;
}

const hone_tensor *hone_store_find(const hone_store *store, const char *name)
{
    const hone__weight *w = hone__store_weight(store, name);
    return w && w->value.data ? &w->value : NULL;
}

static const char *name_at(const void *ctx, size_t i)
{
    const hone_store *store = ctx;
    return i < store->n ? store->entries[i]->w.name : NULL;
}

static hone_status closed_fail(const hone_store *store, const char *name, hone_error *err)
{
    const char *nearest = hone__nearest(name, name_at, store);
    return hone_fail(err, HONE_ENOTFOUND,
                     "weight %s is not in the store, and no weights can be added after the first build%s%s", name,
                     nearest ? "; the nearest is " : "", nearest ? nearest : "");
}

static bool room_for_one(hone_store *store)
{
    if (store->n < store->capacity)
        return true;
    size_t capacity = store->capacity ? 2 * store->capacity : 128;
    entry **grown = hone__realloc(store->entries, capacity * sizeof *grown);
    if (!grown)
        return false;
    store->entries = grown;
    store->capacity = capacity;
    return true;
}

static hone_status register_weight(hone_store *store, const char *name, const hone_shape *shape, hone_init init, uint32_t flags,
                                   hone__weight **weight, hone_error *err)
{
    if (store->closed)
        return closed_fail(store, name, err);
    char text[96];
    int64_t count = hone_shape_count(shape);
    if (count < 0 || (uint64_t)count > SIZE_MAX / 16)
        return hone_fail(err, HONE_ESHAPE, "weight %s of shape %s: no such array can exist", name,
                         hone_shape_text(shape, text, sizeof text));
    entry *e = hone_alloc(store->arena, sizeof *e);
    char *copy = hone_strdup(store->arena, name);
    if (!e || !copy || !room_for_one(store))
        return hone_no_memory(err, "registering a weight");
    e->w = (hone__weight){.name = copy, .init = init, .flags = flags, .n = count, .offset = -1};
    e->w.value.dtype = HONE_F32;
    e->w.value.shape = *shape;
    entry **bucket = &store->buckets[hone_scope_hash(name) % BUCKETS];
    e->next_in_bucket = *bucket;
    *bucket = e;
    store->entries[store->n++] = e;
    *weight = &e->w;
    return HONE_OK;
}

hone_status hone__store_get(hone_store *store, const char *name, const hone_shape *shape, hone_init init, uint32_t flags,
                            hone__weight **weight, hone_error *err)
{
    *weight = hone__store_weight(store, name);
    if (!*weight)
        return register_weight(store, name, shape, init, flags, weight, err);
    if (!hone_shape_equal(&(*weight)->value.shape, shape)) {
        char have[96], want[96];
        return hone_fail(err, HONE_ESHAPE, "weight %s has shape %s, but %s was asked for", name,
                         hone_shape_text(&(*weight)->value.shape, have, sizeof have),
                         hone_shape_text(shape, want, sizeof want));
    }
    return HONE_OK;
}

size_t hone__store_count(const hone_store *store)
{
    return store->n;
}

hone__weight *hone__store_at(const hone_store *store, size_t i)
{
    return &store->entries[i]->w;
}

static bool has_gradient(const hone__weight *w)
{
    return !w->frozen && !(w->flags & HONE_WEIGHT_BUFFER);
}

int64_t hone__store_elements(const hone_store *store, bool trainable_only)
{
    int64_t n = 0;
    for (size_t i = 0; i < store->n; i++) {
        const hone__weight *w = &store->entries[i]->w;
        if (!trainable_only || has_gradient(w))
            n += w->n;
    }
    return n;
}

/* ---- Values ------------------------------------------------------------------------------------------------------ */

static hone_status same_shape(const hone__weight *w, const hone__st_entry *e, hone_error *err)
{
    char have[96], want[96];
    bool equal = e->rank == w->value.shape.rank;
    hone_shape shape = {.rank = e->rank <= HONE_MAX_RANK ? e->rank : HONE_MAX_RANK};
    for (uint32_t i = 0; i < shape.rank; i++) {
        shape.dim[i] = (int64_t)e->dims[i];
        equal = equal && shape.dim[i] == w->value.shape.dim[i];
    }
    if (equal)
        return HONE_OK;
    return hone_fail(err, HONE_ESHAPE, "tensor %s of the file has shape %s, but weight %s of this model has %s", e->name,
                     hone_shape_text(&shape, have, sizeof have), w->name, hone_shape_text(&w->value.shape, want, sizeof want));
}

static hone_status own_memory(hone_store *store, hone__weight *w, float **out, hone_error *err)
{
    *out = hone_alloc_array(store->arena, (size_t)w->n, sizeof(float));
    return *out ? HONE_OK : hone_no_memory(err, "making room for a weight");
}

hone_status hone__store_take(hone_store *store, hone__weight *w, const hone__st_entry *e, bool in_place, hone_error *err)
{
    entry *own = (entry *)w;
    HONE_TRY(same_shape(w, e, err));
    if (in_place && e->dtype == HONE_F32 && (uintptr_t)e->data % sizeof(float) == 0) {
        memcpy(&w->value.data, &e->data, sizeof e->data); /* only read while it is in the map */
        own->in_map = true;
    } else {
        float *value = own->in_map ? NULL : w->value.data;
        if (!value)
            HONE_TRY(own_memory(store, w, &value, err));
        HONE_TRY(hone__st_read_f32(e, value, err));
        w->value.data = value;
        own->in_map = false;
    }
    w->loaded = true;
    w->version++;
    return HONE_OK;
}

typedef struct beginning {
    hone_stream stream;
    hone_init init;
    float *value;
} beginning;

static float first_value(const beginning *b, int64_t i)
{
    switch (b->init.kind) {
    case HONE_INIT_ONES:
        return 1.0f;
    case HONE_INIT_NORMAL:
        return (float)(b->init.scale * hone_random_normal(b->stream, 0, (uint64_t)i));
    case HONE_INIT_UNIFORM:
        return (float)(b->init.scale * (2.0 * hone_random_uniform(b->stream, 0, (uint64_t)i) - 1.0));
    default:
        return 0.0f;
    }
}

static void initialise_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    const beginning *b = ctx;
    (void)worker;
    for (int64_t i = begin; i < end; i++)
        b->value[i] = first_value(b, i);
}

static void initialise(const hone_store *store, const hone__weight *w, float *value, hone_pool *pool)
{
    const hone_key key = {store->seed, hone_scope_hash(w->name), 0, 0};
    beginning b = {hone_stream_of(&key), w->init, value};
    hone_pool_run(pool, w->n, DRAW_GRAIN, initialise_range, &b);
}

/* After this the weight has a value, and one of its own if it is trained. */
static hone_status settle(hone_store *store, entry *e, hone_pool *pool, hone_error *err)
{
    hone__weight *w = &e->w;
    if (w->value.data && (!e->in_map || !has_gradient(w)))
        return HONE_OK;
    float *value = NULL;
    HONE_TRY(own_memory(store, w, &value, err));
    if (w->value.data)
        memcpy(value, w->value.data, (size_t)w->n * sizeof *value);
    else
        initialise(store, w, value, pool);
    w->value.data = value;
    e->in_map = false;
    return HONE_OK;
}

hone_status hone__store_close(hone_store *store, hone_pool *pool, hone_error *err)
{
    if (store->closed)
        return hone_fail(err, HONE_EINVAL, "the parameter store is closed already");
    int64_t offset = 0;
    for (size_t i = 0; i < store->n; i++) {
        hone__weight *w = &store->entries[i]->w;
        HONE_TRY(settle(store, store->entries[i], pool, err));
        w->offset = has_gradient(w) ? offset : -1;
        if (has_gradient(w))
            offset += (w->n + GRADIENT_ALIGNMENT - 1) / GRADIENT_ALIGNMENT * GRADIENT_ALIGNMENT;
    }
    store->gradients = hone__aligned(64, (size_t)offset * sizeof(float));
    if (!store->gradients)
        return hone_no_memory(err, "making room for the gradients");
    store->n_gradients = offset;
    store->closed = true;
    return HONE_OK;
}

/* ---- Gradients --------------------------------------------------------------------------------------------------- */

float *hone__store_gradients(hone_store *store, int64_t *n)
{
    *n = store->n_gradients;
    return store->gradients;
}

float *hone__store_gradient(hone_store *store, const hone__weight *w)
{
    return w->offset < 0 || !store->gradients ? NULL : store->gradients + w->offset;
}

static void clear_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    (void)worker;
    memset((float *)ctx + begin, 0, (size_t)(end - begin) * sizeof(float));
}

static int64_t table_columns(const hone__weight *w)
{
    return w->value.shape.dim[1];
}

/* Rows of a table. */
typedef struct rows {
    const hone__weight *w;
    float *gradient;
} rows;

static void clear_rows(void *ctx, int64_t begin, int64_t end, int worker)
{
    const rows *r = ctx;
    const int64_t columns = table_columns(r->w);
    (void)worker;
    for (int64_t row = begin; row < end; row++)
        if (r->w->picked[row])
            memset(r->gradient + row * columns, 0, (size_t)columns * sizeof(float));
}

void hone__store_refresh(hone_store *store, hone__weight *w, hone_pool *pool)
{
    if (!w->stale)
        return;
    rows r = {w, store->gradients + w->offset};
    if (w->picked && !w->whole)
        hone_pool_run(pool, w->value.shape.dim[0], CLEAR_ROWS, clear_rows, &r);
    else
        hone_pool_run(pool, w->n, CLEAR_GRAIN, clear_range, r.gradient);
    if (w->picked)
        memset(w->picked, 0, (size_t)w->value.shape.dim[0]);
    w->whole = false;
    w->stale = false;
}

hone_status hone__store_pick(hone_store *store, hone__weight *w, const int32_t *index, int64_t n, hone_error *err)
{
    if (!w->picked)
        w->picked = hone_alloc(store->arena, (size_t)w->value.shape.dim[0]);
    if (!w->picked)
        return hone_no_memory(err, "noting which rows of a table have a gradient");
    for (int64_t i = 0; i < n; i++)
        w->picked[index[i]] = 1;
    return HONE_OK;
}

bool hone__store_is_zero(const hone__weight *w, int64_t begin, int64_t n)
{
    if (!w->picked || w->whole || n <= 0)
        return false;
    const int64_t columns = table_columns(w), first = begin / columns, last = (begin + n - 1) / columns;
    return !memchr(w->picked + first, 1, (size_t)(last - first + 1));
}

void hone__store_clear_gradients(hone_store *store)
{
    for (size_t i = 0; i < store->n; i++) {
        hone__weight *w = &store->entries[i]->w;
        w->stale |= w->reached && w->offset >= 0;
        w->reached = false;
    }
}

/* ---- Forms ------------------------------------------------------------------------------------------------------- */

hone_status hone__store_form(hone_store *store, hone__weight *w, const hone_op *op, hone_direction direction, size_t bytes,
                             hone__form **form, hone_error *err)
{
    for (*form = w->forms; *form; *form = (*form)->next)
        if ((*form)->op == op && (*form)->direction == direction && (*form)->bytes == bytes)
            return HONE_OK;
    *form = hone_alloc(store->arena, sizeof **form);
    if (!*form)
        return hone_no_memory(err, "planning the forms of weights");
    **form = (hone__form){.next = w->forms, .op = op, .direction = direction, .bytes = bytes};
    w->forms = *form;
    return HONE_OK;
}

hone_status hone__form_room(hone__form *form, hone_error *err)
{
    if (!form->data)
        form->data = hone__aligned(FORM_ALIGNMENT, form->bytes);
    return form->data ? HONE_OK : hone_no_memory(err, "making a form of a weight");
}

size_t hone__store_form_bytes(const hone_store *store)
{
    size_t bytes = 0;
    for (size_t i = 0; i < store->n; i++)
        for (const hone__form *f = store->entries[i]->w.forms; f; f = f->next)
            bytes += f->bytes;
    return bytes;
}

/* ---- Saving ------------------------------------------------------------------------------------------------------ */

hone_status hone__store_save(const hone_store *store, const char *path, const char *(*rename)(void *ctx, const char *name),
                             void *ctx, hone_error *err)
{
    hone__st_item *items = hone__calloc(store->n, sizeof *items);
    if (!items)
        return hone_no_memory(err, "saving the weights");
    static const char *const metadata[] = {"format", "pt"}; /* Transformers asks for it */
    size_t n = 0;
    hone_status status = HONE_OK;
    for (size_t i = 0; i < store->n && status == HONE_OK; i++) {
        const hone__weight *w = &store->entries[i]->w;
        const char *name = rename ? rename(ctx, w->name) : w->name;
        if (name && !w->value.data)
            status = hone_fail(err, HONE_EINVAL, "weight %s has no value yet; close the store before saving", w->name);
        else if (name)
            items[n++] = (hone__st_item){name, w->value};
    }
    if (status == HONE_OK)
        status = hone__st_write(path, items, n, metadata, 1, err);
    hone__free(items);
    return status;
}
