/* linear.c - y [N, O] = x [N, K] w [O, K]^T + b [O], and its gradients.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "native.h"

static bool fits(const hone_op_call *c)
{
    return native_rows_of(c->x[0]) > 0 && c->x[1]->shape.dim[0] > 0 && c->x[1]->shape.dim[1] > 0;
}

static size_t scratch(const native_set *set, const hone_op_call *c, hone_direction direction)
{
    const int64_t n = native_rows_of(c->x[0]), k = c->x[1]->shape.dim[1], o = c->x[1]->shape.dim[0];
    if (direction == HONE_FORWARD)
        return (size_t)native_product_floats(set, n, o, k, 0) * sizeof(float);
    const int64_t dx = native_product_floats(set, n, k, o, 0),
                  dw = native_product_floats(set, o, k, n, hone_pool_threads(c->pool));
    return (size_t)(dx > dw ? dx : dw) * sizeof(float);
}

void native_linear_forward(const native_set *set, const hone_op_call *c, void (*act)(int64_t n, const float *x, float *y),
                           float *acted)
{
    const int64_t k = c->x[1]->shape.dim[1], o = c->x[1]->shape.dim[0];
    const native_product y = {.set = set,
                              .a = c->x[0]->data,
                              .a_i = k,
                              .a_t = 1,
                              .b = c->x[1]->data,
                              .b_t = 1,
                              .b_j = k,
                              .bias = c->x[2] ? c->x[2]->data : NULL,
                              .I = native_rows_of(c->x[0]),
                              .J = o,
                              .T = k,
                              .c = c->y[0]->data,
                              .ldc = o,
                              .scratch = c->scratch,
                              .act = act,
                              .acted = acted};
    native_multiply(c->pool, &y);
}

static hone_status forward(const native_set *set, const hone_op_call *c, hone_error *err)
{
    (void)err;
    native_linear_forward(set, c, NULL, NULL);
    return HONE_OK;
}

/* dx [N, K] = or += dy [N, O] w [O, K] */
static void backward_x(const native_set *set, const hone_op_call *c)
{
    const int64_t k = c->x[1]->shape.dim[1], o = c->x[1]->shape.dim[0];
    const native_product dx = {.set = set,
                               .a = c->dy[0]->data,
                               .a_i = o,
                               .a_t = 1,
                               .b = c->x[1]->data,
                               .b_t = k,
                               .b_j = 1,
                               .I = native_rows_of(c->x[0]),
                               .J = k,
                               .T = o,
                               .c = c->dx[0]->data,
                               .ldc = k,
                               .add = native_adds(c, 0),
                               .scratch = c->scratch};
    native_multiply(c->pool, &dx);
}

/* dw [O, K] = or += dy [N, O]^T x [N, K]: shared out over the weight, never over the rows, so that each sum is whole. */
static void backward_w(const native_set *set, const hone_op_call *c)
{
    const int64_t k = c->x[1]->shape.dim[1], o = c->x[1]->shape.dim[0];
    const native_product dw = {.set = set,
                               .a = c->dy[0]->data,
                               .a_i = 1,
                               .a_t = o,
                               .b = c->x[0]->data,
                               .b_t = k,
                               .b_j = 1,
                               .I = o,
                               .J = k,
                               .T = native_rows_of(c->x[0]),
                               .c = c->dx[1]->data,
                               .ldc = k,
                               .add = native_adds(c, 1),
                               .pack_a = true,
                               .scratch = c->scratch};
    native_multiply(c->pool, &dw);
}

static void backward(const native_set *set, const hone_op_call *c)
{
    if (c->dx[0])
        backward_x(set, c);
    if (c->dx[1])
        backward_w(set, c);
    if (c->dx[2])
        native_column_sums(set, c, 2);
}

const native_op native_linear = {"linear", fits, scratch, forward, backward};
