/* ops_layer_norm.c - layer normalisation over the last dimension.
 *
 * Source: Ba et al. 2016, equation 3, with a learned gain and bias and eps under the root, as in BERT.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "tensor/real.h"

enum { COLUMN_TILE = 64 };

/* x [.., C], gain [C], bias [C] -> [.., C]; saved [R, 2]: mean and 1 / deviation of each row */
static hone_status shape(const hone_op_call *c, hone_error *err)
{
    const hone_layer_norm_params *p = c->params;
    HONE_TRY(hone__op_count(c, 3, 3, err));
    HONE_TRY(hone__op_input(c, 0, "x", HONE__REAL, 1, HONE_MAX_RANK, err));
    HONE_TRY(hone__op_input(c, 1, "the gain", HONE__REAL, 1, 1, err));
    HONE_TRY(hone__op_input(c, 2, "the bias", HONE__REAL, 1, 1, err));
    int64_t columns = hone__columns(c->x[0]);
    if (c->x[1]->shape.dim[0] != columns || c->x[2]->shape.dim[0] != columns || columns < 1)
        return hone__op_fail(c, err, "gain and bias must have as many elements as x has columns, and at least one");
    if (!(p->eps >= 0))
        return hone_fail(err, HONE_EINVAL, "eps is %g; it must not be negative", p->eps);
    c->y[0]->dtype = HONE__REAL;
    c->y[0]->shape = c->x[0]->shape;
    return HONE_OK;
}

static size_t saved_size(const hone_op_call *c)
{
    return (size_t)hone__rows(c->x[0]) * 2 * sizeof(hone_real);
}

/* total = the sum over columns j of `term`, an expression in j, in lanes (real.h). */
#define SUM_IN_LANES(total, columns, term)                                                                                     \
    do {                                                                                                                       \
        hone_real lane[HONE__LANES] = {0};                                                                                     \
        int64_t j0 = 0;                                                                                                        \
        for (; j0 + HONE__LANES <= (columns); j0 += HONE__LANES) {                                                             \
            for (int64_t k = 0; k < HONE__LANES; k++) {                                                                        \
                int64_t j = j0 + k;                                                                                            \
                lane[k] += (term);                                                                                             \
            }                                                                                                                  \
        }                                                                                                                      \
        for (int64_t j = j0; j < (columns); j++)                                                                               \
            lane[j - j0] += (term);                                                                                            \
        (total) = hone__lanes_sum(lane);                                                                                       \
    } while (0)

static void forward_row(const hone_real *restrict x, const hone_real *restrict gain, const hone_real *restrict bias,
                        int64_t columns, hone_real eps, hone_real *restrict y, hone_real *saved)
{
    hone_real total, squares;
    SUM_IN_LANES(total, columns, x[j]);
    const hone_real mean = total / (hone_real)columns;
    SUM_IN_LANES(squares, columns, (x[j] - mean) * (x[j] - mean));
    const hone_real inverse = 1 / HONE__MATH(sqrt)(squares / (hone_real)columns + eps);
    for (int64_t j = 0; j < columns; j++)
        y[j] = (x[j] - mean) * inverse * gain[j] + bias[j];
    saved[0] = mean;
    saved[1] = inverse;
}

static void forward_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    const hone_op_call *c = ctx;
    const hone_layer_norm_params *p = c->params;
    int64_t columns = hone__columns(c->x[0]);
    (void)worker;
    for (int64_t r = begin; r < end; r++)
        forward_row((const hone_real *)c->x[0]->data + r * columns, c->x[1]->data, c->x[2]->data, columns, (hone_real)p->eps,
                    (hone_real *)c->y[0]->data + r * columns, (hone_real *)c->saved + 2 * r);
}

static hone_status forward(const hone_op_call *c, hone_error *err)
{
    (void)err;
    hone_pool_run(c->pool, hone__rows(c->x[0]), hone__row_grain(hone__columns(c->x[0])), forward_range, (void *)c);
    return HONE_OK;
}

/* With n = (x - mean) / deviation and g = dy gain: dx = (g - mean(g) - n mean(g n)) / deviation. */
static void backward_row(const hone_real *restrict x, const hone_real *restrict gain, const hone_real *restrict dy,
                         int64_t columns, const hone_real *saved, hone_real *restrict dx)
{
    const hone_real mean = saved[0], inverse = saved[1];
    hone_real g_sum, gn_sum;
    SUM_IN_LANES(g_sum, columns, dy[j] * gain[j]);
    SUM_IN_LANES(gn_sum, columns, dy[j] * gain[j] * ((x[j] - mean) * inverse));
    const hone_real g_mean = g_sum / (hone_real)columns, gn_mean = gn_sum / (hone_real)columns;
    for (int64_t j = 0; j < columns; j++)
        dx[j] += inverse * (dy[j] * gain[j] - g_mean - (x[j] - mean) * inverse * gn_mean);
}

static void backward_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    const hone_op_call *c = ctx;
    int64_t columns = hone__columns(c->x[0]);
    (void)worker;
    for (int64_t r = begin; r < end; r++)
        backward_row((const hone_real *)c->x[0]->data + r * columns, c->x[1]->data,
                     (const hone_real *)c->dy[0]->data + r * columns, columns, (const hone_real *)c->saved + 2 * r,
                     (hone_real *)c->dx[0]->data + r * columns);
}

/* dgain[c] += sum over rows of dy n; in row order, shared out over columns. */
static void gain_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    const hone_op_call *c = ctx;
    int64_t rows = hone__rows(c->x[0]), columns = hone__columns(c->x[0]), n = end - begin;
    const hone_real *saved = c->saved;
    hone_real sum[COLUMN_TILE] = {0};
    (void)worker;
    for (int64_t r = 0; r < rows; r++) {
        const hone_real *restrict x = (const hone_real *)c->x[0]->data + r * columns + begin;
        const hone_real *restrict dy = (const hone_real *)c->dy[0]->data + r * columns + begin;
        const hone_real mean = saved[2 * r], inverse = saved[2 * r + 1];
        for (int64_t j = 0; j < n; j++)
            sum[j] += dy[j] * ((x[j] - mean) * inverse);
    }
    hone_real *dgain = c->dx[1]->data;
    for (int64_t j = 0; j < n; j++)
        dgain[begin + j] += sum[j];
}

static hone_status backward(const hone_op_call *c, hone_error *err)
{
    int64_t rows = hone__rows(c->x[0]), columns = hone__columns(c->x[0]);
    (void)err;
    if (c->dx[0])
        hone_pool_run(c->pool, rows, hone__row_grain(columns), backward_range, (void *)c);
    if (c->dx[1])
        hone_pool_run(c->pool, columns, COLUMN_TILE, gain_range, (void *)c);
    if (c->dx[2])
        HONE__NAME(hone__add_column_sums)(c->pool, c->dy[0]->data, rows, columns, c->dx[2]->data);
    return HONE_OK;
}

static hone_status example(hone_graph *g, uint32_t i, hone_node **y, hone_error *err)
{
    static const int64_t sizes[][2] = {{1, 2}, {3, 7}, {5, 67}, {2, 16}};
    static const hone_layer_norm_params params = {1e-5};
    (void)err;
    if (i >= sizeof sizes / sizeof *sizes)
        return HONE_END;
    hone_shape x = hone_shape_2(sizes[i][0], sizes[i][1]), row = hone_shape_1(sizes[i][1]);
    *y = hone_apply(g, "example", &HONE__NAME(hone__op_layer_norm), &params, 3,
                    (hone_node *[]){hone_example_input(g, HONE_F32, &x, -2.0, 2.0),
                                    hone_example_input(g, HONE_F32, &row, 0.5, 1.5),
                                    hone_example_input(g, HONE_F32, &row, -1.0, 1.0)});
    return HONE_OK;
}

const hone_op HONE__NAME(hone__op_layer_norm) = {.size = sizeof(hone_op),
                                                 .version = 1,
                                                 .name = "layer_norm",
                                                 .params_size = sizeof(hone_layer_norm_params),
                                                 .backward_needs = HONE_NEEDS_X(0) | HONE_NEEDS_X(1),
                                                 .flags = HONE_OP_ROWS_INDEPENDENT,
                                                 .shape = shape,
                                                 .saved_size = saved_size,
                                                 .forward = forward,
                                                 .backward = backward,
                                                 .example = example,
                                                 .f64 = HONE__TWIN(hone__op_layer_norm)};
