/* ops_elementwise.c - sums, products and activations, element by element.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "tensor/real.h"

enum { GRAIN = 16384, COLUMN_TILE = 64 };

static int64_t count_of(const hone_tensor *t)
{
    return hone_shape_count(&t->shape);
}

static hone_status same_as_x(const hone_op_call *c)
{
    c->y[0]->dtype = HONE__REAL;
    c->y[0]->shape = c->x[0]->shape;
    return HONE_OK;
}

/* ---- Sums over rows ---------------------------------------------------------------------------------------------- */

typedef struct column_sums {
    const hone_real *dy;
    hone_real *db;
    int64_t rows, columns;
} column_sums;

static void column_sums_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    const column_sums *s = ctx;
    hone_real sum[COLUMN_TILE] = {0};
    int64_t n = end - begin;
    (void)worker;
    for (int64_t r = 0; r < s->rows; r++) {
        const hone_real *restrict dy = s->dy + r * s->columns + begin;
        for (int64_t j = 0; j < n; j++)
            sum[j] += dy[j];
    }
    for (int64_t j = 0; j < n; j++)
        s->db[begin + j] += sum[j];
}

void HONE__NAME(hone__add_column_sums)(hone_pool *pool, const hone_real *dy, int64_t rows, int64_t columns, hone_real *db)
{
    column_sums s = {dy, db, rows, columns};
    hone_pool_run(pool, columns, COLUMN_TILE, column_sums_range, &s);
}

/* ---- add: y = a + b, or b [C] added to every row ----------------------------------------------------------------- */

static bool is_row(const hone_tensor *a, const hone_tensor *b)
{
    return b->shape.rank == 1 && a->shape.rank > 1 && hone__columns(a) == b->shape.dim[0];
}

static hone_status add_shape(const hone_op_call *c, hone_error *err)
{
    HONE_TRY(hone__op_count(c, 2, 2, err));
    HONE_TRY(hone__op_input(c, 0, "a", HONE__REAL, 0, HONE_MAX_RANK, err));
    HONE_TRY(hone__op_input(c, 1, "b", HONE__REAL, 0, HONE_MAX_RANK, err));
    if (!hone_shape_equal(&c->x[0]->shape, &c->x[1]->shape) && !is_row(c->x[0], c->x[1]))
        return hone__op_fail(c, err, "b must have the shape of a, or be one row of it");
    return same_as_x(c);
}

static void add_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    const hone_op_call *c = ctx;
    const hone_real *a = c->x[0]->data, *b = c->x[1]->data;
    hone_real *restrict y = c->y[0]->data;
    (void)worker;
    for (int64_t i = begin; i < end; i++)
        y[i] = a[i] + b[i];
}

static void add_row_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    const hone_op_call *c = ctx;
    int64_t columns = hone__columns(c->x[0]);
    const hone_real *b = c->x[1]->data;
    (void)worker;
    for (int64_t r = begin; r < end; r++) {
        const hone_real *a = (const hone_real *)c->x[0]->data + r * columns;
        hone_real *restrict y = (hone_real *)c->y[0]->data + r * columns;
        for (int64_t j = 0; j < columns; j++)
            y[j] = a[j] + b[j];
    }
}

static hone_status add_forward(const hone_op_call *c, hone_error *err)
{
    (void)err;
    if (is_row(c->x[0], c->x[1]))
        hone_pool_run(c->pool, hone__rows(c->x[0]), hone__row_grain(hone__columns(c->x[0])), add_row_range, (void *)c);
    else
        hone_pool_run(c->pool, count_of(c->x[0]), GRAIN, add_range, (void *)c);
    return HONE_OK;
}

typedef struct accumulation {
    hone_real *to;
    const hone_real *from;
    hone_real factor;
} accumulation;

static void accumulate_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    const accumulation *s = ctx;
    hone_real *restrict to = s->to;
    const hone_real *restrict from = s->from;
    (void)worker;
    for (int64_t i = begin; i < end; i++)
        to[i] += s->factor * from[i];
}

static void accumulate(const hone_op_call *c, uint32_t i, hone_real factor)
{
    accumulation s = {c->dx[i]->data, c->dy[0]->data, factor};
    hone_pool_run(c->pool, count_of(c->dy[0]), GRAIN, accumulate_range, &s);
}

static hone_status add_backward(const hone_op_call *c, hone_error *err)
{
    (void)err;
    if (c->dx[0])
        accumulate(c, 0, 1);
    if (c->dx[1] && is_row(c->x[0], c->x[1]))
        HONE__NAME(hone__add_column_sums)(c->pool, c->dy[0]->data, hone__rows(c->x[0]), hone__columns(c->x[0]), c->dx[1]->data);
    else if (c->dx[1])
        accumulate(c, 1, 1);
    return HONE_OK;
}

static hone_node *example_of(hone_graph *g, int64_t rows, int64_t columns)
{
    hone_shape shape = hone_shape_2(rows, columns);
    return hone_example_input(g, HONE_F32, &shape, -2.0, 2.0);
}

static hone_status add_example(hone_graph *g, uint32_t i, hone_node **y, hone_error *err)
{
    static const int64_t sizes[][2] = {{1, 1}, {3, 5}, {2, 7}, {5, 3}, {4, 130}};
    (void)err;
    if (i >= sizeof sizes / sizeof *sizes)
        return HONE_END;
    hone_shape row = hone_shape_1(sizes[i][1]);
    hone_node *a = example_of(g, sizes[i][0], sizes[i][1]);
    hone_node *b = i < 2    ? example_of(g, sizes[i][0], sizes[i][1])
                   : i == 2 ? a
                            : hone_example_input(g, HONE_F32, &row, -1.0, 1.0);
    *y = hone_apply(g, "example", &HONE__NAME(hone__op_add), NULL, 2, (hone_node *[]){a, b});
    return HONE_OK;
}

const hone_op HONE__NAME(hone__op_add) = {.size = sizeof(hone_op),
                                          .version = 1,
                                          .name = "add",
                                          .flags = HONE_OP_ROWS_INDEPENDENT,
                                          .shape = add_shape,
                                          .forward = add_forward,
                                          .backward = add_backward,
                                          .example = add_example,
                                          .f64 = HONE__TWIN(hone__op_add)};

/* ---- mul: y = a b ------------------------------------------------------------------------------------------------- */

static hone_status mul_shape(const hone_op_call *c, hone_error *err)
{
    HONE_TRY(hone__op_count(c, 2, 2, err));
    HONE_TRY(hone__op_input(c, 0, "a", HONE__REAL, 0, HONE_MAX_RANK, err));
    HONE_TRY(hone__op_input(c, 1, "b", HONE__REAL, 0, HONE_MAX_RANK, err));
    if (!hone_shape_equal(&c->x[0]->shape, &c->x[1]->shape))
        return hone__op_fail(c, err, "b must have the shape of a");
    return same_as_x(c);
}

static void mul_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    const hone_op_call *c = ctx;
    const hone_real *a = c->x[0]->data, *b = c->x[1]->data;
    hone_real *restrict y = c->y[0]->data;
    (void)worker;
    for (int64_t i = begin; i < end; i++)
        y[i] = a[i] * b[i];
}

static hone_status mul_forward(const hone_op_call *c, hone_error *err)
{
    (void)err;
    hone_pool_run(c->pool, count_of(c->x[0]), GRAIN, mul_range, (void *)c);
    return HONE_OK;
}

static void mul_backward_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    const hone_op_call *c = ctx;
    const hone_real *dy = c->dy[0]->data;
    (void)worker;
    for (uint32_t k = 0; k < 2; k++) {
        const hone_real *other = c->x[1 - k]->data;
        hone_real *dx = c->dx[k] ? c->dx[k]->data : NULL;
        for (int64_t i = begin; dx && i < end; i++)
            dx[i] += dy[i] * other[i];
    }
}

static hone_status mul_backward(const hone_op_call *c, hone_error *err)
{
    (void)err;
    hone_pool_run(c->pool, count_of(c->x[0]), GRAIN, mul_backward_range, (void *)c);
    return HONE_OK;
}

static hone_status mul_example(hone_graph *g, uint32_t i, hone_node **y, hone_error *err)
{
    (void)err;
    if (i >= 3)
        return HONE_END;
    hone_node *a = example_of(g, 1 + 2 * i, 3), *b = i == 2 ? a : example_of(g, 1 + 2 * i, 3);
    *y = hone_apply(g, "example", &HONE__NAME(hone__op_mul), NULL, 2, (hone_node *[]){a, b});
    return HONE_OK;
}

const hone_op HONE__NAME(hone__op_mul) = {.size = sizeof(hone_op),
                                          .version = 1,
                                          .name = "mul",
                                          .backward_needs = HONE_NEEDS_X(0) | HONE_NEEDS_X(1),
                                          .flags = HONE_OP_ROWS_INDEPENDENT,
                                          .shape = mul_shape,
                                          .forward = mul_forward,
                                          .backward = mul_backward,
                                          .example = mul_example,
                                          .f64 = HONE__TWIN(hone__op_mul)};

/* ---- scale: y = factor x ------------------------------------------------------------------------------------------ */

static hone_status one_real(const hone_op_call *c, hone_error *err)
{
    HONE_TRY(hone__op_count(c, 1, 1, err));
    HONE_TRY(hone__op_input(c, 0, "x", HONE__REAL, 0, HONE_MAX_RANK, err));
    return same_as_x(c);
}

static void scale_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    const hone_op_call *c = ctx;
    const hone_real factor = (hone_real)((const hone_scale_params *)c->params)->factor;
    const hone_real *x = c->x[0]->data;
    hone_real *restrict y = c->y[0]->data;
    (void)worker;
    for (int64_t i = begin; i < end; i++)
        y[i] = factor * x[i];
}

static hone_status scale_forward(const hone_op_call *c, hone_error *err)
{
    (void)err;
    hone_pool_run(c->pool, count_of(c->x[0]), GRAIN, scale_range, (void *)c);
    return HONE_OK;
}

static hone_status scale_backward(const hone_op_call *c, hone_error *err)
{
    (void)err;
    if (c->dx[0])
        accumulate(c, 0, (hone_real)((const hone_scale_params *)c->params)->factor);
    return HONE_OK;
}

static hone_status scale_example(hone_graph *g, uint32_t i, hone_node **y, hone_error *err)
{
    (void)err;
    if (i >= 2)
        return HONE_END;
    const hone_scale_params params = {i ? -0.125 : 3.0};
    *y = hone_apply(g, "example", &HONE__NAME(hone__op_scale), &params, 1, (hone_node *[]){example_of(g, 3, 1 + 4 * i)});
    return HONE_OK;
}

const hone_op HONE__NAME(hone__op_scale) = {.size = sizeof(hone_op),
                                            .version = 1,
                                            .name = "scale",
                                            .params_size = sizeof(hone_scale_params),
                                            .flags = HONE_OP_ROWS_INDEPENDENT,
                                            .shape = one_real,
                                            .forward = scale_forward,
                                            .backward = scale_backward,
                                            .example = scale_example,
                                            .f64 = HONE__TWIN(hone__op_scale)};
