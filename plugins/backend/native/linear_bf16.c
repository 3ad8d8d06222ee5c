/* linear_bf16.c - y [N, O] = x [N, K] w [O, K]^T + b [O], and its gradients, of operands that are rounded to bf16.
 *
 * The weight is B of two of the three products: its panels are forms that the host keeps from step to step (hone/backend.h).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "bf16.h"

static bool fits(const hone_op_call *c)
{
    return native_rows_of(c->x[0]) > 0 && c->x[1]->shape.dim[0] > 0 && c->x[1]->shape.dim[1] > 0;
}

static size_t scratch(const native_set *set, const hone_op_call *c, hone_direction direction)
{
    const int64_t n = native_rows_of(c->x[0]), k = c->x[1]->shape.dim[1], o = c->x[1]->shape.dim[0];
    if (direction == HONE_FORWARD)
        return native_bf16_bytes(set, n, o, k);
    const size_t dx = native_bf16_bytes(set, n, k, o), dw = native_bf16_bytes(set, o, k, n);
    return dx > dw ? dx : dw;
}

/* ---- The three products ------------------------------------------------------------------------------------------ */

/* y = x w^T + b */
static native_bf16_product y_of(const native_set *set, const hone_op_call *c)
{
    const int64_t k = c->x[1]->shape.dim[1], o = c->x[1]->shape.dim[0];
    return (native_bf16_product){.set = set,
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
                                 .panels = c->forms ? c->forms[1] : NULL};
}

/* dx [N, K] = or += dy [N, O] w [O, K] */
static native_bf16_product dx_of(const native_set *set, const hone_op_call *c)
{
    const int64_t k = c->x[1]->shape.dim[1], o = c->x[1]->shape.dim[0];
    return (native_bf16_product){.set = set,
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
                                 .scratch = c->scratch,
                                 .panels = c->forms ? c->forms[1] : NULL};
}

/* dw [O, K] = or += dy [N, O]^T x [N, K]: shared out over the weight, never over the rows, so that each sum is whole. */
static native_bf16_product dw_of(const native_set *set, const hone_op_call *c)
{
    const int64_t k = c->x[1]->shape.dim[1], o = c->x[1]->shape.dim[0];
    return (native_bf16_product){.set = set,
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
                                 .scratch = c->scratch};
}

void native_linear_bf16_forward(const native_set *set, const hone_op_call *c, void (*act)(int64_t n, const float *x, float *y),
                                float *acted)
{
    native_bf16_product y = y_of(set, c);
    y.act = act;
    y.acted = acted;
    if (act && !c->training)
        y.c = acted; /* nobody needs what the activation is made of */
    native_bf16_multiply(c->pool, &y);
}

static hone_status forward(const native_set *set, const hone_op_call *c, hone_error *err)
{
    (void)err;
    native_linear_bf16_forward(set, c, NULL, NULL);
    return HONE_OK;
}

static void backward(const native_set *set, const hone_op_call *c)
{
    if (c->dx[0]) {
        const native_bf16_product dx = dx_of(set, c);
        native_bf16_multiply(c->pool, &dx);
    }
    if (c->dx[1]) {
        const native_bf16_product dw = dw_of(set, c);
        native_bf16_multiply(c->pool, &dw);
    }
    if (c->dx[2])
        native_column_sums(set, c, 2);
}

/* ---- The weight's panels ----------------------------------------------------------------------------------------- */

static size_t panels_size(const native_set *set, const hone_op_call *c, hone_direction direction, uint32_t i)
{
    const int64_t k = c->x[1]->shape.dim[1], o = c->x[1]->shape.dim[0];
    if (i != 1 || (direction == HONE_BACKWARD && !c->dx[0]))
        return 0;
    return direction == HONE_FORWARD ? native_bf16_panel_bytes(set, o, k) : native_bf16_panel_bytes(set, k, o);
}

static void make_panels(const native_set *set, const hone_op_call *c, hone_direction direction, void *out)
{
    const native_bf16_product p = direction == HONE_FORWARD ? y_of(set, c) : dx_of(set, c);
    native_bf16_pack(c->pool, &p, out);
}

const native_op native_linear_bf16 = {"linear_bf16", fits, scratch, forward, backward};
const native_forms native_linear_bf16_forms = {panels_size, make_panels};
