/* attention.c - softmax attention within each sequence of a packed batch; the operator is described in hone/ops.h.
 *
 * A head of a sequence is one task, which runs over its queries in tiles of 128: scores, softmax and mask of a tile stay in the cache.
 * Sums over queries (the gradients of keys and values) go on from tile to tile, so that each is one chain.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "native.h"

#include <math.h>

enum { TILE_QUERIES = 128 };

/* One head of one sequence: S rows of D columns, `stride` apart, from `offset` on. */
typedef struct part {
    const native_set *set;
    const hone_op_call *call;
    const float *q, *k, *v;
    float *denominator; /* [S]: the logarithm of each row's sum */
    int64_t S, D, stride, offset, head;
    uint64_t sequence;
    float scale, keep;
    uint32_t threshold;                     /* 0: no dropout */
    float *first, *second, *mask, *packing; /* scratch: two tiles, their masks, and for products */
} part;

static int64_t heads_of(const hone_op_call *c)
{
    return ((const hone_attention_params *)c->params)->heads;
}

static int64_t padded(int64_t n)
{
    return (n + NATIVE_LANES - 1) / NATIVE_LANES * NATIVE_LANES;
}

/* Floats of a tile of the longest sequence there can be. */
static int64_t tile_floats(const hone_op_call *c)
{
    const int64_t n = c->x[0]->shape.dim[0];
    return padded(native_least(TILE_QUERIES, n) * n);
}

/* Each product packs one of: keys or values, transposed or not; queries of a tile; columns of the output's gradient. */
static int64_t packing_floats(const hone_op_call *c)
{
    const int64_t n = c->x[0]->shape.dim[0], d = c->x[0]->shape.dim[1] / heads_of(c);
    const int64_t across = padded(n) * d, along = n * padded(d);
    return padded(across > along ? across : along);
}

static int64_t thread_floats(const hone_op_call *c)
{
    return 3 * tile_floats(c) + 2 * NATIVE_DRAWN + packing_floats(c);
}

static size_t scratch(const native_set *set, const hone_op_call *c, hone_direction direction)
{
    (void)set;
    (void)direction;
    return (size_t)hone_pool_threads(c->pool) * (size_t)thread_floats(c) * sizeof(float);
}

static part part_of(const native_set *set, const hone_op_call *c, int64_t number, int worker)
{
    const hone_attention_params *p = c->params;
    const int32_t *starts = c->x[3]->data;
    const int64_t b = number / p->heads, head = number % p->heads, columns = c->x[0]->shape.dim[1], D = columns / p->heads;
    const int64_t offset = starts[b] * columns + head * D, tile = tile_floats(c);
    float *room = (float *)c->scratch + (int64_t)worker * thread_floats(c);
    return (part){.set = set,
                  .call = c,
                  .q = (const float *)c->x[0]->data + offset,
                  .k = (const float *)c->x[1]->data + offset,
                  .v = (const float *)c->x[2]->data + offset,
                  .denominator = (float *)c->saved + head * c->x[0]->shape.dim[0] + starts[b],
                  .S = starts[b + 1] - starts[b],
                  .D = D,
                  .stride = columns,
                  .offset = offset,
                  .head = head,
                  .sequence = c->first_sequence + (uint64_t)b,
                  .scale = 1.0f / sqrtf((float)D),
                  .keep = (float)(1.0 / (1.0 - p->p)),
                  .threshold = native_threshold(p->p),
                  .first = room,
                  .second = room + tile,
                  .mask = room + 2 * tile,
                  .packing = room + 3 * tile + 2 * NATIVE_DRAWN};
}

/* ---- Products of a part: tiles are [n, S], and rows of q, k, v and the like [.., D], stride apart ------------------------ */

/* tile = rows x other^T */
static void rows_by_rows(const part *a, const float *rows, int64_t n, const float *other, float *tile)
{
    native_multiply(NULL, &(native_product){.set = a->set,
                                            .a = rows,
                                            .a_i = a->stride,
                                            .a_t = 1,
                                            .b = other,
                                            .b_t = 1,
                                            .b_j = a->stride,
                                            .I = n,
                                            .J = a->S,
                                            .T = a->D,
                                            .c = tile,
                                            .ldc = a->S,
                                            .scratch = a->packing});
}

/* to [n, D] = or += tile x rows [S, D] */
static void tile_by_rows(const part *a, const float *tile, int64_t n, const float *rows, float *to, bool add)
{
    native_multiply(NULL, &(native_product){.set = a->set,
                                            .a = tile,
                                            .a_i = a->S,
                                            .a_t = 1,
                                            .b = rows,
                                            .b_t = a->stride,
                                            .b_j = 1,
                                            .I = n,
                                            .J = a->D,
                                            .T = a->S,
                                            .c = to,
                                            .ldc = a->stride,
                                            .add = add,
                                            .scratch = a->packing});
}

/* to [S, D] = or += tile^T x rows [n, D] */
static void tile_across_rows(const part *a, const float *tile, int64_t n, const float *rows, float *to, bool add)
{
    native_multiply(NULL, &(native_product){.set = a->set,
                                            .a = tile,
                                            .a_i = 1,
                                            .a_t = a->S,
                                            .b = rows,
                                            .b_t = a->stride,
                                            .b_j = 1,
                                            .I = a->S,
                                            .J = a->D,
                                            .T = n,
                                            .c = to,
                                            .ldc = a->stride,
                                            .add = add,
                                            .scratch = a->packing});
}

/* ---- Forward and backward ---------------------------------------------------------------------------------------- */

/* The factors of queries i .. i+n-1, row after row: they stand one after another among the random numbers. NULL without dropout. */
static const float *masks_of(const part *a, int64_t i, int64_t n)
{
    if (!a->threshold)
        return NULL;
    const uint64_t first = (uint64_t)((a->head * a->S + i) * a->S);
    return a->set->masks(a->call->random, a->sequence, first, n * a->S, a->threshold, a->keep, a->mask);
}

static void forward_tile(const part *a, int64_t i, int64_t n)
{
    float *y = (float *)a->call->y[0]->data + a->offset + i * a->stride, *s = a->first;
    const float *mask = masks_of(a, i, n);
    rows_by_rows(a, a->q + i * a->stride, n, a->k, s);
    for (int64_t r = 0; r < n; r++)
        a->denominator[i + r] = a->set->softmax(a->S, s + r * a->S, a->scale, mask ? mask + r * a->S : NULL);
    tile_by_rows(a, s, n, a->v, y, false);
}

static void backward_tile(const part *a, int64_t i, int64_t n)
{
    const hone_op_call *c = a->call;
    const float *q = a->q + i * a->stride, *dy = (const float *)c->dy[0]->data + a->offset + i * a->stride;
    const float *mask = masks_of(a, i, n);
    float *s = a->first, *d = a->second;
    rows_by_rows(a, q, n, a->k, s);
    rows_by_rows(a, dy, n, a->v, d);
    for (int64_t r = 0; r < n; r++)
        a->set->softmax_back(a->S, s + r * a->S, d + r * a->S, a->scale, a->denominator[i + r], mask ? mask + r * a->S : NULL);
    if (c->dx[0])
        tile_by_rows(a, d, n, a->k, (float *)c->dx[0]->data + a->offset + i * a->stride, native_adds(c, 0));
    if (c->dx[1])
        tile_across_rows(a, d, n, q, (float *)c->dx[1]->data + a->offset, i > 0 || native_adds(c, 1));
    if (c->dx[2])
        tile_across_rows(a, s, n, dy, (float *)c->dx[2]->data + a->offset, i > 0 || native_adds(c, 2));
}

typedef struct attention {
    const native_set *set;
    const hone_op_call *call;
    void (*tile)(const part *a, int64_t i, int64_t n);
} attention;

static void attention_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    const attention *s = ctx;
    for (int64_t number = begin; number < end; number++) {
        const part a = part_of(s->set, s->call, number, worker);
        for (int64_t i = 0; i < a.S; i += TILE_QUERIES)
            s->tile(&a, i, native_least(TILE_QUERIES, a.S - i));
    }
}

static void attend(const native_set *set, const hone_op_call *c, void (*tile)(const part *a, int64_t i, int64_t n))
{
    attention s = {set, c, tile};
    hone_pool_run(c->pool, (c->x[3]->shape.dim[0] - 1) * heads_of(c), 1, attention_range, &s);
}

static hone_status forward(const native_set *set, const hone_op_call *c, hone_error *err)
{
    HONE_TRY(hone_starts_check(c->x[3], c->x[0]->shape.dim[0], err));
    attend(set, c, forward_tile);
    return HONE_OK;
}

static void backward(const native_set *set, const hone_op_call *c)
{
    attend(set, c, backward_tile);
}

const native_op native_attention = {"attention", NULL, scratch, forward, backward};
