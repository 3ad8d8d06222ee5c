/* elements.c - operators that work element by element or row by row: add, gelu, dropout, layer_norm.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "native.h"

#include <string.h>

/* Elements, and at least so many columns of a sum over rows, that one thread takes at a time; floats of a mask. */
enum { GRAIN = 8192, COLUMNS = 64, CHUNK = 1024 };

static int64_t count_of(const hone_tensor *t)
{
    return hone_shape_count(&t->shape);
}

int64_t native_row_grain(int64_t columns)
{
    return columns < GRAIN ? GRAIN / (columns ? columns : 1) : 1;
}

/* What a range gets: the call and its set. */
typedef struct job {
    const native_set *set;
    const hone_op_call *call;
    bool backward;
} job;

/* ---- Sums over rows ---------------------------------------------------------------------------------------------- */

/* A row is read in pieces as long as can be, while all threads have columns to sum; no bit depends on it. */
static int64_t column_grain(const hone_op_call *c)
{
    const int64_t threads = c->pool ? hone_pool_threads(c->pool) : 1;
    const int64_t each = (native_columns_of(c->dy[0]) / threads + COLUMNS - 1) / COLUMNS * COLUMNS;
    return each < COLUMNS ? COLUMNS : native_least(each, NATIVE_SUMS);
}

typedef struct sums {
    const native_set *set;
    const hone_op_call *call;
    uint32_t i;
} sums;

static void sums_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    const sums *s = ctx;
    const hone_tensor *dy = s->call->dy[0];
    (void)worker;
    s->set->column_sums(native_rows_of(dy), native_columns_of(dy), (int)(end - begin), (const float *)dy->data + begin,
                        (float *)s->call->dx[s->i]->data + begin, native_adds(s->call, s->i));
}

void native_column_sums(const native_set *set, const hone_op_call *c, uint32_t i)
{
    sums s = {set, c, i};
    hone_pool_run(c->pool, native_columns_of(c->dy[0]), column_grain(c), sums_range, &s);
}

/* ---- add: y = a + b, or b [C] added to every row ----------------------------------------------------------------- */

static bool is_row(const hone_op_call *c)
{
    return c->x[1]->shape.rank == 1 && c->x[0]->shape.rank > 1;
}

static void add_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    const job *j = ctx;
    const float *a = j->call->x[0]->data, *b = j->call->x[1]->data;
    (void)worker;
    j->set->add(end - begin, a + begin, b + begin, (float *)j->call->y[0]->data + begin);
}

static void add_row_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    const job *j = ctx;
    const int64_t columns = native_columns_of(j->call->x[0]);
    (void)worker;
    for (int64_t r = begin; r < end; r++)
        j->set->add(columns, (const float *)j->call->x[0]->data + r * columns, j->call->x[1]->data,
                    (float *)j->call->y[0]->data + r * columns);
}

static hone_status add_forward(const native_set *set, const hone_op_call *c, hone_error *err)
{
    job j = {.set = set, .call = c};
    (void)err;
    if (is_row(c))
        hone_pool_run(c->pool, native_rows_of(c->x[0]), native_row_grain(native_columns_of(c->x[0])), add_row_range, &j);
    else
        hone_pool_run(c->pool, count_of(c->x[0]), GRAIN, add_range, &j);
    return HONE_OK;
}

/* Both gradients at once where both are whole, so that dy is read once; a node that is both inputs gets it twice. */
static void add_backward_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    const job *j = ctx;
    const float *dy = (const float *)j->call->dy[0]->data + begin;
    (void)worker;
    for (uint32_t i = 0; i < 2; i++) {
        float *dx = j->call->dx[i] && !(i == 1 && is_row(j->call)) ? (float *)j->call->dx[i]->data + begin : NULL;
        if (dx && native_adds(j->call, i))
            j->set->add(end - begin, dx, dy, dx);
        else if (dx)
            memcpy(dx, dy, (size_t)(end - begin) * sizeof *dx);
    }
}

static void add_backward(const native_set *set, const hone_op_call *c)
{
    job j = {.set = set, .call = c};
    hone_pool_run(c->pool, count_of(c->dy[0]), GRAIN, add_backward_range, &j);
    if (c->dx[1] && is_row(c))
        native_column_sums(set, c, 1);
}

const native_op native_add = {"add", NULL, NULL, add_forward, add_backward};

/* ---- gelu, gelu_tanh --------------------------------------------------------------------------------------------- */

typedef struct activation {
    const hone_op_call *call;
    void (*forward)(int64_t n, const float *x, float *y);
    void (*backward)(int64_t n, const float *x, const float *dy, float *dx, bool add);
} activation;

static void activation_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    const activation *a = ctx;
    const float *x = (const float *)a->call->x[0]->data + begin;
    (void)worker;
    if (a->forward)
        a->forward(end - begin, x, (float *)a->call->y[0]->data + begin);
    else
        a->backward(end - begin, x, (const float *)a->call->dy[0]->data + begin, (float *)a->call->dx[0]->data + begin,
                    native_adds(a->call, 0));
}

static void activate(activation a)
{
    hone_pool_run(a.call->pool, count_of(a.call->x[0]), GRAIN, activation_range, &a);
}

static hone_status gelu_forward(const native_set *set, const hone_op_call *c, hone_error *err)
{
    (void)err;
    activate((activation){.call = c, .forward = set->gelu});
    return HONE_OK;
}

static void gelu_backward(const native_set *set, const hone_op_call *c)
{
    if (c->dx[0])
        activate((activation){.call = c, .backward = set->gelu_back});
}

static hone_status gelu_tanh_forward(const native_set *set, const hone_op_call *c, hone_error *err)
{
    (void)err;
    activate((activation){.call = c, .forward = set->gelu_tanh});
    return HONE_OK;
}

static void gelu_tanh_backward(const native_set *set, const hone_op_call *c)
{
    if (c->dx[0])
        activate((activation){.call = c, .backward = set->gelu_tanh_back});
}

const native_op native_gelu = {"gelu", NULL, NULL, gelu_forward, gelu_backward};
const native_op native_gelu_tanh = {"gelu_tanh", NULL, NULL, gelu_tanh_forward, gelu_tanh_backward};

/* ---- dropout: masks are drawn again in backward ------------------------------------------------------------------ */

void native_drop(const native_set *set, const hone_op_call *c, uint64_t sequence, uint64_t first, const float *from, float *to,
                 bool add)
{
    const double p = ((const hone_dropout_params *)c->params)->p;
    const int64_t columns = native_columns_of(c->x[0]);
    float room[CHUNK + 2 * NATIVE_DRAWN];
    for (int64_t begin = 0; begin < columns; begin += CHUNK) {
        const int64_t n = native_least(CHUNK, columns - begin);
        const float *mask =
            set->masks(c->random, sequence, first + (uint64_t)begin, n, native_threshold(p), (float)(1.0 / (1.0 - p)), room);
        (add ? set->mask_add : set->mask)(n, from + begin, mask, to + begin);
    }
}

/* Empty sequences before the one that holds the row are passed over. */
uint64_t native_dropout_row(const hone_op_call *c, int64_t row, int64_t *b, uint64_t *first)
{
    const int32_t *starts = c->x[1] ? c->x[1]->data : NULL;
    *first = 0;
    if (!starts)
        return c->first_sequence + (uint64_t)row;
    while (starts[*b + 1] <= row)
        ++*b;
    *first = (uint64_t)(row - starts[*b]) * (uint64_t)native_columns_of(c->x[0]);
    return c->first_sequence + (uint64_t)*b;
}

static void drop_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    const job *j = ctx;
    const hone_op_call *c = j->call;
    const int64_t columns = native_columns_of(c->x[0]);
    const float *from = j->backward ? c->dy[0]->data : c->x[0]->data;
    float *to = j->backward ? c->dx[0]->data : c->y[0]->data;
    int64_t b = 0;
    (void)worker;
    for (int64_t r = begin; r < end; r++) {
        uint64_t first;
        const uint64_t sequence = native_dropout_row(c, r, &b, &first);
        native_drop(j->set, c, sequence, first, from + r * columns, to + r * columns, j->backward && native_adds(c, 0));
    }
}

static void drop(const native_set *set, const hone_op_call *c, bool backward)
{
    job j = {set, c, backward};
    hone_pool_run(c->pool, native_rows_of(c->x[0]), native_row_grain(native_columns_of(c->x[0])), drop_range, &j);
}

static hone_status dropout_forward(const native_set *set, const hone_op_call *c, hone_error *err)
{
    if (c->x[1])
        HONE_TRY(hone_starts_check(c->x[1], native_rows_of(c->x[0]), err));
    drop(set, c, false);
    return HONE_OK;
}

static void dropout_backward(const native_set *set, const hone_op_call *c)
{
    if (c->dx[0])
        drop(set, c, true);
}

const native_op native_dropout = {"dropout", NULL, NULL, dropout_forward, dropout_backward};

/* ---- layer_norm -------------------------------------------------------------------------------------------------- */

static void norm_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    const job *j = ctx;
    const hone_op_call *c = j->call;
    const int64_t columns = native_columns_of(c->x[0]);
    const float eps = (float)((const hone_layer_norm_params *)c->params)->eps;
    (void)worker;
    for (int64_t r = begin; r < end; r++) {
        const float *x = (const float *)c->x[0]->data + r * columns;
        float *saved = (float *)c->saved + 2 * r;
        if (j->backward)
            j->set->norm_back(columns, x, c->x[1]->data, (const float *)c->dy[0]->data + r * columns, saved,
                              (float *)c->dx[0]->data + r * columns, native_adds(c, 0));
        else
            j->set->norm(columns, x, c->x[1]->data, c->x[2]->data, eps, (float *)c->y[0]->data + r * columns, saved);
    }
}

static void norm_rows(const native_set *set, const hone_op_call *c, bool backward)
{
    job j = {set, c, backward};
    hone_pool_run(c->pool, native_rows_of(c->x[0]), native_row_grain(native_columns_of(c->x[0])), norm_range, &j);
}

static void norm_sums_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    const job *j = ctx;
    const hone_op_call *c = j->call;
    float *gain = c->dx[1] ? (float *)c->dx[1]->data + begin : NULL, *bias = c->dx[2] ? (float *)c->dx[2]->data + begin : NULL;
    (void)worker;
    j->set->norm_sums(native_rows_of(c->x[0]), native_columns_of(c->x[0]), (int)(end - begin),
                      (const float *)c->x[0]->data + begin, (const float *)c->dy[0]->data + begin, c->saved, gain,
                      native_adds(c, 1), bias, native_adds(c, 2));
}

static hone_status norm_forward(const native_set *set, const hone_op_call *c, hone_error *err)
{
    (void)err;
    norm_rows(set, c, false);
    return HONE_OK;
}

void native_norm_weights(const native_set *set, const hone_op_call *c)
{
    job j = {set, c, true};
    if (c->dx[1] || c->dx[2])
        hone_pool_run(c->pool, native_columns_of(c->x[0]), column_grain(c), norm_sums_range, &j);
}

static void norm_backward(const native_set *set, const hone_op_call *c)
{
    if (c->dx[0])
        norm_rows(set, c, true);
    native_norm_weights(set, c);
}

const native_op native_layer_norm = {"layer_norm", NULL, NULL, norm_forward, norm_backward};
