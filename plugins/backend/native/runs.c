/* runs.c - operators that stand one after another, run as one: a linear layer with GELU; dropout, the residual's sum and layer norm.
 *
 * The arithmetic is that of the single operators, by the same kernels; what changes is that a row goes through all of them while it is in
 * the cache. So no bit changes.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "native.h"

#include <string.h>

static bool is(const hone_op_call *c, const char *name)
{
    return strcmp(c->op->name, name) == 0 && c->op->version == 1 && c->x[0]->dtype == HONE_F32;
}

static int64_t padded(int64_t n)
{
    return (n + NATIVE_LANES - 1) / NATIVE_LANES * NATIVE_LANES;
}

/* ---- linear and gelu: the activation follows each tile of the product -------------------------------------------------- */

static bool is_gelu(const hone_op_call *c)
{
    return is(c, "gelu") || is(c, "gelu_tanh");
}

/* The operator of a linear layer, in float32 or bf16; NULL: it is none, or of no size. */
static const native_op *linear_of(const hone_op_call *c)
{
    const native_op *op = is(c, "linear") ? &native_linear : is(c, "linear_bf16") ? &native_linear_bf16 : NULL;
    return op && op->fits(c) ? op : NULL;
}

static uint32_t gelu_takes(const hone_op_call *const *calls, uint32_t n, hone_direction direction)
{
    (void)direction;
    return n >= 2 && linear_of(calls[0]) && is_gelu(calls[1]) ? 2 : 0;
}

static size_t gelu_scratch(const native_set *set, const hone_op_call *const *calls, uint32_t n, hone_direction direction)
{
    (void)n;
    return linear_of(calls[0])->scratch(set, calls[0], direction);
}

static hone_status gelu_forward(const native_set *set, const hone_op_call *const *calls, uint32_t n, hone_error *err)
{
    (void)n;
    (void)err;
    (linear_of(calls[0]) == &native_linear ? native_linear_forward : native_linear_bf16_forward)(
        set, calls[0], is(calls[1], "gelu") ? set->gelu : set->gelu_tanh, calls[1]->y[0]->data);
    return HONE_OK;
}

enum { GRAIN = 16384 };

typedef struct slopes {
    void (*back)(int64_t n, const float *x, const float *dy, float *dx, bool add);
    const float *x, *dy;
    float *dx;
} slopes;

static void slopes_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    const slopes *s = ctx;
    (void)worker;
    s->back(end - begin, s->x + begin, s->dy + begin, s->dx + begin, false);
}

static void gelu_backward(const native_set *set, const hone_op_call *const *calls, uint32_t n)
{
    const hone_op_call *linear = calls[0], *gelu = calls[1];
    slopes s = {is(gelu, "gelu") ? set->gelu_back : set->gelu_tanh_back, gelu->x[0]->data, gelu->dy[0]->data,
                gelu->dx[0]->data};
    (void)n;
    hone_pool_run(gelu->pool, hone_shape_count(&gelu->x[0]->shape), GRAIN, slopes_range, &s);
    linear_of(linear)->backward(set, linear);
}

const native_run native_linear_gelu = {gelu_takes, gelu_scratch, gelu_forward, gelu_backward};

/* ---- dropout, add and layer_norm; in evaluation add and layer_norm ------------------------------------------------------- */

typedef struct residual {
    const native_set *set;
    const hone_op_call *drop, *add, *norm; /* drop may be NULL */
    int64_t columns;
    uint32_t branch, other; /* which inputs of add */
} residual;

static residual residual_of(const native_set *set, const hone_op_call *const *calls, uint32_t n)
{
    residual r = {.set = set, .drop = n == 3 ? calls[0] : NULL, .add = calls[n - 2], .norm = calls[n - 1]};
    r.columns = native_columns_of(r.norm->x[0]);
    r.branch = r.drop && r.add->x[1] == r.drop->y[0];
    r.other = 1 - r.branch;
    return r;
}

static bool sums_rows(const hone_op_call *const *calls)
{
    return is(calls[0], "add") && is(calls[1], "layer_norm") &&
           hone_shape_equal(&calls[0]->x[0]->shape, &calls[0]->x[1]->shape) && calls[1]->x[0] == calls[0]->y[0];
}

static uint32_t residual_takes(const hone_op_call *const *calls, uint32_t n, hone_direction direction)
{
    (void)direction;
    if (n >= 3 && is(calls[0], "dropout") && sums_rows(calls + 1))
        return 3;
    return n >= 2 && sums_rows(calls) ? 2 : 0;
}

/* Two rows for each thread. */
static int64_t thread_floats(const residual *r)
{
    return 2 * padded(r->columns);
}

static size_t residual_scratch(const native_set *set, const hone_op_call *const *calls, uint32_t n, hone_direction direction)
{
    const residual r = residual_of(set, calls, n);
    (void)direction;
    return (size_t)hone_pool_threads(r.norm->pool) * (size_t)thread_floats(&r) * sizeof(float);
}

static void residual_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    const residual *r = ctx;
    const int64_t n = r->columns;
    const float eps = (float)((const hone_layer_norm_params *)r->norm->params)->eps;
    float *dropped = (float *)r->norm->scratch + worker * thread_floats(r), *room = dropped + padded(n);
    int64_t b = 0;
    for (int64_t row = begin; row < end; row++) {
        const float *branch = (const float *)(r->drop ? r->drop : r->add)->x[r->drop ? 0 : r->branch]->data + row * n;
        float *sum = r->norm->training ? (float *)r->add->y[0]->data + row * n : room; /* only backward reads it */
        if (r->drop) {
            uint64_t first;
            const uint64_t sequence = native_dropout_row(r->drop, row, &b, &first);
            native_drop(r->set, r->drop, sequence, first, branch, dropped, false);
            branch = dropped;
        }
        r->set->add(n, branch, (const float *)r->add->x[r->other]->data + row * n, sum);
        r->set->norm(n, sum, r->norm->x[1]->data, r->norm->x[2]->data, eps, (float *)r->norm->y[0]->data + row * n,
                     (float *)r->norm->saved + 2 * row);
    }
}

static hone_status residual_forward(const native_set *set, const hone_op_call *const *calls, uint32_t n, hone_error *err)
{
    residual r = residual_of(set, calls, n);
    const int64_t rows = native_rows_of(r.norm->x[0]);
    if (r.drop && r.drop->x[1])
        HONE_TRY(hone_starts_check(r.drop->x[1], rows, err));
    hone_pool_run(r.norm->pool, rows, native_row_grain(r.columns), residual_range, &r);
    return HONE_OK;
}

/* A row of the sum's gradient to input i of add. */
static void give(const residual *r, uint32_t i, const float *d, float *to)
{
    if (native_adds(r->add, i))
        r->set->add(r->columns, to, d, to);
    else
        memcpy(to, d, (size_t)r->columns * sizeof *to);
}

/* The gradient of the sum stays in the scratch; the residual's share is added before the branch's, as one by one. */
static void residual_back_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    const residual *r = ctx;
    const int64_t n = r->columns;
    const hone_tensor *branch = r->drop ? r->drop->dx[0] : r->add->dx[r->branch], *other = r->add->dx[r->other];
    float *d = (float *)r->norm->scratch + worker * thread_floats(r);
    int64_t b = 0;
    for (int64_t row = begin; row < end; row++) {
        r->set->norm_back(n, (const float *)r->norm->x[0]->data + row * n, r->norm->x[1]->data,
                          (const float *)r->norm->dy[0]->data + row * n, (const float *)r->norm->saved + 2 * row, d, false);
        float *to = branch ? (float *)branch->data + row * n : NULL, *beside = other ? (float *)other->data + row * n : NULL;
        if (to && !r->drop)
            give(r, r->branch, d, to);
        if (beside)
            give(r, r->other, d, beside);
        if (to && r->drop) {
            uint64_t first;
            const uint64_t sequence = native_dropout_row(r->drop, row, &b, &first);
            native_drop(r->set, r->drop, sequence, first, d, to, native_adds(r->drop, 0));
        }
    }
}

static void residual_backward(const native_set *set, const hone_op_call *const *calls, uint32_t n)
{
    residual r = residual_of(set, calls, n);
    hone_pool_run(r.norm->pool, native_rows_of(r.norm->x[0]), native_row_grain(r.columns), residual_back_range, &r);
    native_norm_weights(set, r.norm);
}

const native_run native_residual_norm = {residual_takes, residual_scratch, residual_forward, residual_backward};
