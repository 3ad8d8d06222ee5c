/* batch.c - packing prepared sequences into a batch.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "data/prepared.h"

#include <math.h>
#include <string.h>

typedef struct batch_field {
    const char *name;
    hone_tensor tensor;
    const int32_t *starts; /* [B+1] of items; else NULL */
} batch_field;

struct hone_batch {
    const hone__prepared *prepared;
    const uint64_t *order; /* [E] */
    uint64_t n_examples, n_sequences, n_tokens;
    uint64_t *sequences; /* [B] their numbers in `prepared` */
    int32_t *example_starts, *starts;
    batch_field *fields;
    size_t n_fields;
};

uint64_t hone_batch_examples(const hone_batch *b)
{
    return b->n_examples;
}

uint64_t hone_batch_sequences(const hone_batch *b)
{
    return b->n_sequences;
}

uint64_t hone_batch_tokens(const hone_batch *b)
{
    return b->n_tokens;
}

const int32_t *hone_batch_starts(const hone_batch *b)
{
    return b->starts;
}

const int32_t *hone_batch_example_starts(const hone_batch *b)
{
    return b->example_starts;
}

uint64_t hone__batch_example(const hone_batch *b, uint64_t e)
{
    return b->order[e];
}

const hone_tensor *hone_batch_field(const hone_batch *b, const char *name, const int32_t **starts)
{
    for (size_t i = 0; i < b->n_fields; i++) {
        if (strcmp(b->fields[i].name, name) == 0) {
            if (starts)
                *starts = b->fields[i].starts;
            return &b->fields[i].tensor;
        }
    }
    return NULL;
}

const int32_t *hone__batch_item_starts(const hone_batch *b, int64_t n)
{
    for (size_t i = 0; i < b->n_fields; i++)
        if (b->fields[i].starts && b->fields[i].tensor.shape.dim[0] == n)
            return b->fields[i].starts;
    return NULL;
}

/* ---- Packing ----------------------------------------------------------------------------------------------------- */

static hone_status no_memory(hone_error *err)
{
    return hone_no_memory(err, "packing a batch");
}

static void add_field(hone_batch *b, const char *name, uint32_t dtype, hone_shape shape, void *data, const int32_t *starts)
{
    b->fields[b->n_fields++] = (batch_field){name, {.data = data, .dtype = dtype, .shape = shape}, starts};
}

static hone_status pack_starts(hone_batch *b, hone_arena *arena, hone_error *err)
{
    const hone__prepared *p = b->prepared;
    for (uint64_t e = 0; e < b->n_examples; e++)
        b->n_sequences += p->example_starts[b->order[e] + 1] - p->example_starts[b->order[e]];
    b->example_starts = hone_alloc_array(arena, b->n_examples + 1, sizeof *b->example_starts);
    b->starts = hone_alloc_array(arena, b->n_sequences + 1, sizeof *b->starts);
    b->sequences = hone_alloc_array(arena, b->n_sequences, sizeof *b->sequences);
    if (!b->example_starts || !b->starts || !b->sequences)
        return no_memory(err);
    uint64_t at = 0;
    for (uint64_t e = 0; e < b->n_examples; e++) {
        uint64_t first = p->example_starts[b->order[e]], last = p->example_starts[b->order[e] + 1];
        for (uint64_t s = first; s < last; s++) {
            b->sequences[at++] = s;
            b->n_tokens += p->starts[s + 1] - p->starts[s];
            if (b->n_tokens > INT32_MAX)
                return hone_fail(err, HONE_EINVAL, "a batch of %llu examples has more tokens than a 32-bit number can count",
                                 (unsigned long long)b->n_examples);
            b->starts[at] = (int32_t)b->n_tokens;
        }
        b->example_starts[e + 1] = (int32_t)at;
    }
    return HONE_OK;
}

static hone_status pack_tokens(hone_batch *b, hone_arena *arena, hone_error *err)
{
    const hone__prepared *p = b->prepared;
    hone_shape shape = hone_shape_1((int64_t)b->n_tokens);
    int32_t *ids = hone_alloc_array(arena, b->n_tokens, sizeof *ids),
            *types = hone_alloc_array(arena, b->n_tokens, sizeof *types);
    int32_t *positions = hone_alloc_array(arena, b->n_tokens, sizeof *positions);
    if (!ids || !types || !positions)
        return no_memory(err);
    for (uint64_t s = 0; s < b->n_sequences; s++) {
        uint64_t from = p->starts[b->sequences[s]], to = (uint64_t)b->starts[s], n = (uint64_t)b->starts[s + 1] - to;
        if (p->ids && n) {
            memcpy(ids + to, p->ids + from, n * sizeof *ids);
            memcpy(types + to, p->types + from, n * sizeof *types);
        }
        for (uint64_t i = 0; i < n; i++)
            positions[to + i] = (int32_t)i;
    }
    if (p->ids) {
        add_field(b, "ids", HONE_I32, shape, ids, NULL);
        add_field(b, "types", HONE_I32, shape, types, NULL);
    }
    add_field(b, "positions", HONE_I32, shape, positions, NULL);
    return HONE_OK;
}

/* ---- Named fields ------------------------------------------------------------------------------------------------ */

static uint64_t owner_of(const hone_batch *b, const hone__named_field *f, uint64_t i)
{
    return f->form.per == HONE_PER_EXAMPLE ? b->order[i] : b->sequences[i];
}

static void copy_rows(const hone_batch *b, const hone__named_field *f, uint64_t n_owners, char *data)
{
    for (uint64_t i = 0; i < n_owners; i++) {
        uint64_t owner = owner_of(b, f, i), first = f->starts[owner], n = f->starts[owner + 1] - first;
        if (n)
            memcpy(data, f->data + first * f->form.row_size, n * f->form.row_size);
        data += n * f->form.row_size;
    }
}

/* Row numbers of sequences become row numbers of the batch. */
static void copy_row_numbers(const hone_batch *b, const hone__named_field *f, int32_t *data)
{
    const int64_t *numbers = (const int64_t *)(const void *)f->data;
    for (uint64_t i = 0; i < b->n_sequences; i++) {
        uint64_t owner = b->sequences[i];
        for (uint64_t k = f->starts[owner]; k < f->starts[owner + 1]; k++)
            *data++ = (int32_t)(numbers[k] + b->starts[i]);
    }
}

static hone_status pack_named(hone_batch *b, const hone__named_field *f, hone_arena *arena, hone_error *err)
{
    uint64_t n_owners = f->form.per == HONE_PER_EXAMPLE ? b->n_examples : b->n_sequences, rows = 0;
    int32_t *starts = hone_alloc_array(arena, n_owners + 1, sizeof *starts);
    if (!starts)
        return no_memory(err);
    for (uint64_t i = 0; i < n_owners; i++) {
        uint64_t owner = owner_of(b, f, i);
        rows += f->starts[owner + 1] - f->starts[owner];
        if (rows > INT32_MAX)
            return hone_fail(err, HONE_EINVAL, "the field %s has more rows in a batch than a 32-bit number can count",
                             f->form.name);
        starts[i + 1] = (int32_t)rows;
    }
    bool numbers = hone__is_row_numbers(&f->form);
    void *data = hone_alloc_array(arena, rows, numbers ? sizeof(int32_t) : f->form.row_size);
    if (!data)
        return no_memory(err);
    if (numbers)
        copy_row_numbers(b, f, data);
    else
        copy_rows(b, f, n_owners, data);
    hone_shape shape = {.rank = f->form.row.rank + 1, .dim = {(int64_t)rows}};
    memcpy(shape.dim + 1, f->form.row.dim, f->form.row.rank * sizeof *shape.dim);
    add_field(b, f->form.name, numbers ? HONE_I32 : f->form.dtype, shape, data, f->form.per == HONE_PER_ITEM ? starts : NULL);
    return HONE_OK;
}

/* ---- Gold -------------------------------------------------------------------------------------------------------- */

static const hone_answer *gold_of(const hone_batch *b, uint64_t e)
{
    return b->prepared->corpus->examples[b->order[e]]->gold;
}

static void fill_sets(const hone_batch *b, float *data)
{
    uint64_t n_labels = b->prepared->n_labels;
    for (uint64_t e = 0; e < b->n_examples; e++) {
        const hone_answer *gold = gold_of(b, e);
        for (uint64_t k = 0; gold->labels && k < gold->n; k++)
            if (gold->labels[k] >= 0 && (uint64_t)gold->labels[k] < n_labels)
                data[e * n_labels + (uint64_t)gold->labels[k]] = 1;
    }
}

/* Only where every example has one. */
static hone_status pack_gold(hone_batch *b, hone_arena *arena, hone_error *err)
{
    for (uint64_t e = 0; e < b->n_examples; e++)
        if (!gold_of(b, e))
            return HONE_OK;
    uint32_t target = b->n_examples ? gold_of(b, 0)->target : HONE_TARGET_NONE;
    bool sets = target == HONE_TARGET_CLASSES, score = target == HONE_TARGET_SCORE;
    if (!sets && !score && target != HONE_TARGET_CLASS && target != HONE_TARGET_CHOICE)
        return HONE_OK;
    uint64_t columns = sets ? b->prepared->n_labels : 1;
    void *data = hone_alloc_array(arena, b->n_examples, columns * 4);
    if (!data)
        return no_memory(err);
    for (uint64_t e = 0; e < b->n_examples && !sets; e++) {
        if (score)
            ((float *)data)[e] = (float)gold_of(b, e)->score;
        else
            ((int32_t *)data)[e] = gold_of(b, e)->index;
    }
    if (sets)
        fill_sets(b, data);
    hone_shape shape = sets ? hone_shape_2((int64_t)b->n_examples, (int64_t)columns) : hone_shape_1((int64_t)b->n_examples);
    add_field(b, "gold", sets || score ? HONE_F32 : HONE_I32, shape, data, NULL);
    return HONE_OK;
}

hone_status hone__batch_pack(const hone__prepared *p, const uint64_t *order, uint64_t n, hone_arena *arena, hone_batch **batch,
                             hone_error *err)
{
    hone_batch *b = hone_alloc(arena, sizeof *b);
    uint64_t *own_order = hone_alloc_array(arena, n, sizeof *own_order);
    if (!b || !own_order)
        return no_memory(err);
    for (uint64_t e = 0; e < n; e++) {
        if (order[e] >= p->stats.examples)
            return hone_fail(err, HONE_EINVAL, "a batch asks for example %llu of %llu", (unsigned long long)order[e],
                             (unsigned long long)p->stats.examples);
        own_order[e] = order[e];
    }
    *b = (hone_batch){.prepared = p, .order = own_order, .n_examples = n};
    b->fields = hone_alloc_array(arena, p->n_fields + 4, sizeof *b->fields);
    if (!b->fields)
        return no_memory(err);
    HONE_TRY(pack_starts(b, arena, err));
    HONE_TRY(pack_tokens(b, arena, err));
    for (size_t i = 0; i < p->n_fields; i++)
        HONE_TRY(pack_named(b, &p->fields[i], arena, err));
    HONE_TRY(pack_gold(b, arena, err));
    *batch = b;
    return HONE_OK;
}
