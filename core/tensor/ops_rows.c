/* ops_rows.c - rows picked by index, and the first and the mean row of every sequence.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "tensor/real.h"

/* A stripe of 32 columns is two cache lines of floats: the unit in which gradients of picked rows are shared out. */
enum { STRIPE = 32 };

/* ---- gather: y[m] = x[index[m]] ----------------------------------------------------------------------------------- */

/* x [R, C], index [M] -> [M, C] */
static hone_status gather_shape(const hone_op_call *c, hone_error *err)
{
    HONE_TRY(hone__op_count(c, 2, 2, err));
    HONE_TRY(hone__op_input(c, 0, "x", HONE__REAL, 2, 2, err));
    HONE_TRY(hone__op_input(c, 1, "index", HONE_I32, 1, 1, err));
    c->y[0]->dtype = HONE__REAL;
    c->y[0]->shape = hone_shape_2(c->x[1]->shape.dim[0], c->x[0]->shape.dim[1]);
    return HONE_OK;
}

static void gather_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    const hone_op_call *c = ctx;
    int64_t columns = hone__columns(c->x[0]);
    const int32_t *index = c->x[1]->data;
    (void)worker;
    for (int64_t m = begin; m < end && columns; m++)
        memcpy((hone_real *)c->y[0]->data + m * columns, (const hone_real *)c->x[0]->data + index[m] * columns,
               (size_t)columns * sizeof(hone_real));
}

static hone_status gather_forward(const hone_op_call *c, hone_error *err)
{
    HONE_TRY(hone__check_indices(c->x[1], c->x[0]->shape.dim[0], false, "index", err));
    hone_pool_run(c->pool, c->x[1]->shape.dim[0], hone__row_grain(hone__columns(c->x[0])), gather_range, (void *)c);
    return HONE_OK;
}

/* Every thread walks all indices in order for its own columns: no races, and one order of sums. Cost M C, whatever R is. */
static void gather_backward_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    const hone_op_call *c = ctx;
    int64_t columns = hone__columns(c->x[0]), n = c->x[1]->shape.dim[0];
    const int32_t *index = c->x[1]->data;
    (void)worker;
    for (int64_t m = 0; m < n; m++) {
        const hone_real *restrict dy = (const hone_real *)c->dy[0]->data + m * columns;
        hone_real *restrict dx = (hone_real *)c->dx[0]->data + index[m] * columns;
        for (int64_t j = begin; j < end; j++)
            dx[j] += dy[j];
    }
}

static hone_status gather_backward(const hone_op_call *c, hone_error *err)
{
    (void)err;
    if (c->dx[0])
        hone_pool_run(c->pool, hone__columns(c->x[0]), STRIPE, gather_backward_range, (void *)c);
    return HONE_OK;
}

static hone_status gather_example(hone_graph *g, uint32_t i, hone_node **y, hone_error *err)
{
    static const int64_t sizes[][3] = {{1, 1, 1}, {7, 5, 12}, {4, 67, 3}, {5, 3, 0}};
    (void)err;
    if (i >= sizeof sizes / sizeof *sizes)
        return HONE_END;
    hone_shape x = hone_shape_2(sizes[i][0], sizes[i][1]), m = hone_shape_1(sizes[i][2]);
    hone_node *table = hone_example_input(g, HONE_F32, &x, -1.0, 1.0);
    hone_node *index = hone_example_input(g, HONE_I32, &m, 0, (double)sizes[i][0]);
    *y = hone_apply(g, "example", &HONE__NAME(hone__op_gather), NULL, 2, (hone_node *[]){table, index});
    return HONE_OK;
}

/* Independent rows: an output row depends on its own index alone. dX sums over all that picked a row, in order. */
const hone_op HONE__NAME(hone__op_gather) = {.size = sizeof(hone_op),
                                             .version = 1,
                                             .name = "gather",
                                             .backward_needs = HONE_NEEDS_X(1),
                                             .flags = HONE_OP_ROWS_INDEPENDENT,
                                             .shape = gather_shape,
                                             .forward = gather_forward,
                                             .backward = gather_backward,
                                             .example = gather_example,
                                             .f64 = HONE__TWIN(hone__op_gather)};

/* ---- first_rows and mean_rows: one row a sequence ----------------------------------------------------------------- */

/* x [N, C], starts [B+1] -> [B, C] */
static hone_status pool_shape(const hone_op_call *c, hone_error *err)
{
    HONE_TRY(hone__op_count(c, 2, 2, err));
    HONE_TRY(hone__op_input(c, 0, "x", HONE__REAL, 2, 2, err));
    HONE_TRY(hone__op_input(c, 1, "starts", HONE_I32, 1, 1, err));
    if (c->x[1]->shape.dim[0] < 1)
        return hone__op_fail(c, err, "starts must have one element more than there are sequences");
    c->y[0]->dtype = HONE__REAL;
    c->y[0]->shape = hone_shape_2(c->x[1]->shape.dim[0] - 1, c->x[0]->shape.dim[1]);
    return HONE_OK;
}

/* y = the mean of `rows` rows of x; zeros where there are none. */
static void mean_of(const hone_real *x, int64_t rows, int64_t columns, hone_real *restrict y)
{
    for (int64_t j = 0; j < columns; j++)
        y[j] = 0;
    for (int64_t r = 0; r < rows; r++) {
        const hone_real *restrict row = x + r * columns;
        for (int64_t j = 0; j < columns; j++)
            y[j] += row[j];
    }
    for (int64_t j = 0; rows > 1 && j < columns; j++)
        y[j] /= (hone_real)rows;
}

static void spread_of(const hone_real *restrict dy, int64_t rows, int64_t columns, hone_real *dx)
{
    for (int64_t r = 0; r < rows; r++) {
        hone_real *restrict row = dx + r * columns;
        for (int64_t j = 0; j < columns; j++)
            row[j] += dy[j] / (hone_real)rows;
    }
}

typedef struct pooling {
    const hone_op_call *call;
    bool first_only;
} pooling;

static int64_t rows_of(const pooling *s, int64_t b)
{
    const int32_t *starts = s->call->x[1]->data;
    int64_t rows = starts[b + 1] - starts[b];
    return s->first_only && rows > 1 ? 1 : rows;
}

static void pool_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    const pooling *s = ctx;
    int64_t columns = hone__columns(s->call->x[0]);
    const int32_t *starts = s->call->x[1]->data;
    (void)worker;
    for (int64_t b = begin; b < end; b++)
        mean_of((const hone_real *)s->call->x[0]->data + starts[b] * columns, rows_of(s, b), columns,
                (hone_real *)s->call->y[0]->data + b * columns);
}

static void pool_backward_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    const pooling *s = ctx;
    int64_t columns = hone__columns(s->call->x[0]);
    const int32_t *starts = s->call->x[1]->data;
    (void)worker;
    for (int64_t b = begin; b < end; b++)
        spread_of((const hone_real *)s->call->dy[0]->data + b * columns, rows_of(s, b), columns,
                  (hone_real *)s->call->dx[0]->data + starts[b] * columns);
}

static hone_status pool_forward(const hone_op_call *c, bool first_only, hone_error *err)
{
    HONE_TRY(hone_starts_check(c->x[1], c->x[0]->shape.dim[0], err));
    pooling s = {c, first_only};
    hone_pool_run(c->pool, c->x[1]->shape.dim[0] - 1, 1, pool_range, &s);
    return HONE_OK;
}

static hone_status pool_backward(const hone_op_call *c, bool first_only)
{
    pooling s = {c, first_only};
    if (c->dx[0])
        hone_pool_run(c->pool, c->x[1]->shape.dim[0] - 1, 1, pool_backward_range, &s);
    return HONE_OK;
}

static hone_status pool_example(hone_graph *g, uint32_t i, hone_node **y, const hone_op *op)
{
    static const int32_t starts[][5] = {{0, 1}, {0, 3, 3, 4, 9}, {0, 0, 5, 5}};
    static const int64_t sizes[][3] = {{1, 1, 1}, {9, 5, 4}, {5, 33, 3}};
    if (i >= sizeof sizes / sizeof *sizes)
        return HONE_END;
    hone_shape x = hone_shape_2(sizes[i][0], sizes[i][1]), s = hone_shape_1(sizes[i][2] + 1);
    *y = hone_apply(g, "example", op, NULL, 2,
                    (hone_node *[]){hone_example_input(g, HONE_F32, &x, -1.0, 1.0), hone_constant(g, HONE_I32, &s, starts[i])});
    return HONE_OK;
}

static hone_status first_forward(const hone_op_call *c, hone_error *err)
{
    return pool_forward(c, true, err);
}

static hone_status first_backward(const hone_op_call *c, hone_error *err)
{
    (void)err;
    return pool_backward(c, true);
}

static hone_status first_example(hone_graph *g, uint32_t i, hone_node **y, hone_error *err)
{
    (void)err;
    return pool_example(g, i, y, &HONE__NAME(hone__op_first_rows));
}

const hone_op HONE__NAME(hone__op_first_rows) = {.size = sizeof(hone_op),
                                                 .version = 1,
                                                 .name = "first_rows",
                                                 .backward_needs = HONE_NEEDS_X(1),
                                                 .flags = HONE_OP_ROWS_INDEPENDENT,
                                                 .shape = pool_shape,
                                                 .forward = first_forward,
                                                 .backward = first_backward,
                                                 .example = first_example,
                                                 .f64 = HONE__TWIN(hone__op_first_rows)};

static hone_status mean_forward(const hone_op_call *c, hone_error *err)
{
    return pool_forward(c, false, err);
}

static hone_status mean_backward(const hone_op_call *c, hone_error *err)
{
    (void)err;
    return pool_backward(c, false);
}

static hone_status mean_example(hone_graph *g, uint32_t i, hone_node **y, hone_error *err)
{
    (void)err;
    return pool_example(g, i, y, &HONE__NAME(hone__op_mean_rows));
}

const hone_op HONE__NAME(hone__op_mean_rows) = {.size = sizeof(hone_op),
                                                .version = 1,
                                                .name = "mean_rows",
                                                .backward_needs = HONE_NEEDS_X(1),
                                                .flags = HONE_OP_ROWS_INDEPENDENT,
                                                .shape = pool_shape,
                                                .forward = mean_forward,
                                                .backward = mean_backward,
                                                .example = mean_example,
                                                .f64 = HONE__TWIN(hone__op_mean_rows)};
