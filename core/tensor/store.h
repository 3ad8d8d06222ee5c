/* store.h - the host's side of the parameter store: weights and buffers of one trial, their gradients in one block.
 *
 * The first build of a graph registers every weight (hone_weight); hone__store_close() then fixes the order and lays out the
 * gradients. A weight's initial value depends on the seed and its name alone.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_TENSOR_STORE_H
#define HONE_CORE_TENSOR_STORE_H

#include "tensor/safetensors.h"
#include <hone/backend.h>

/* What a backend made of a weight for an operator and a direction (hone_backend.form). Lives as long as the store. */
typedef struct hone__form {
    struct hone__form *next; /* of the same weight */
    const hone_op *op;
    hone_direction direction;
    size_t bytes;
    void *data;       /* NULL until it is made for the first time */
    uint64_t version; /* of the weight that it was made of */
} hone__form;

typedef struct hone__weight {
    const char *name;  /* full: "bert.encoder.layer.0.attention.self.query.weight" */
    hone_tensor value; /* F32; in place in a file map while frozen and aligned, else our own memory */
    hone_init init;
    uint32_t flags; /* HONE_WEIGHT_* */
    bool frozen;    /* no gradient, no update */
    bool loaded;    /* from a file; else initialised */
    bool reached; /* by a backward pass since gradients were cleared: gets an update. While it is false its gradient is zero, */
    bool stale; /* or, where this is true, of the step before: cleared where something is added to it, and at backward's end */
    uint8_t *
        picked; /* [rows] of a table that rows were picked from; NULL before. While `whole` is false, the gradient, stale or not, is */
    bool whole;       /* zero in all rows that are 0 here */
    int64_t n;        /* elements */
    int64_t offset;   /* of its gradient in the block, in elements; -1 if it has none */
    uint64_t version; /* counts changes of the value, so that packed copies know when they are stale */
    hone__form *forms;
} hone__weight;

/* seed: for initialisation. NULL when memory is short. */
hone_store *hone__store_create(uint64_t seed) HONE_CHECKED;
void hone__store_destroy(hone_store *store);

/* Finds or (before close) registers. */
hone_status hone__store_get(hone_store *store, const char *name, const hone_shape *shape, hone_init init, uint32_t flags,
                            hone__weight **weight, hone_error *err) HONE_CHECKED;
hone__weight *hone__store_weight(const hone_store *store, const char *name); /* NULL if absent */

/* In the order of registration. */
size_t hone__store_count(const hone_store *store);
hone__weight *hone__store_at(const hone_store *store, size_t i);
int64_t hone__store_elements(const hone_store *store, bool trainable_only);

/* Takes the value of a registered weight from a file's entry: in place where `in_place` holds, the type is F32 and the data is
 * aligned to its elements (the map must outlive the store), else copied and converted. The shape must be equal. */
hone_status hone__store_take(hone_store *store, hone__weight *w, const hone__st_entry *e, bool in_place,
                             hone_error *err) HONE_CHECKED;

/* Initialises what was not loaded (shared out over the pool, which may be NULL), makes trainable weights our own memory, lays out the gradient block. Registration ends. */
hone_status hone__store_close(hone_store *store, hone_pool *pool, hone_error *err) HONE_CHECKED;

float *hone__store_gradients(hone_store *store, int64_t *n);           /* the block; *n in elements */
float *hone__store_gradient(hone_store *store, const hone__weight *w); /* NULL if it has none */
/* Zeroes one gradient, if it is stale: of a table the rows that were picked, where nothing else was written. */
void hone__store_refresh(hone_store *store, hone__weight *w, hone_pool *pool);
/* Notes that only the rows index[0 .. n-1] of w [R, C] are about to get a gradient. Who writes others sets w->whole. */
hone_status hone__store_pick(hone_store *store, hone__weight *w, const int32_t *index, int64_t n, hone_error *err) HONE_CHECKED;
/* Is the gradient known to be zero in elements begin .. begin+n-1? Of a gradient that is not stale. */
bool hone__store_is_zero(const hone__weight *w, int64_t begin, int64_t n);
/* From here on no weight was reached, and gradients are zero once backward has run: what backward writes whole is never cleared. */
void hone__store_clear_gradients(hone_store *store);

/* The form of that operator, direction and size, not yet made where it is new. Making it is the caller's: room() first. */
hone_status hone__store_form(hone_store *store, hone__weight *w, const hone_op *op, hone_direction direction, size_t bytes,
                             hone__form **form, hone_error *err) HONE_CHECKED;
hone_status hone__form_room(hone__form *form, hone_error *err) HONE_CHECKED;
size_t hone__store_form_bytes(const hone_store *store); /* of all there are, made or not */

/* All weights and buffers, "rename" maps each name to the file's name (NULL: as they are; returning NULL leaves one out). */
hone_status hone__store_save(const hone_store *store, const char *path, const char *(*rename)(void *ctx, const char *name),
                             void *ctx, hone_error *err) HONE_CHECKED;

#endif
