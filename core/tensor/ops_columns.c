/* ops_columns.c - columns put side by side, and columns cut out.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "tensor/real.h"

/* A block of columns copied, or added, from one matrix into another. */
typedef struct copy {
    const hone_real *from;
    hone_real *to;
    int64_t from_columns, to_columns, n;
    bool add;
} copy;

static void copy_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    const copy *s = ctx;
    (void)worker;
    for (int64_t r = begin; r < end; r++) {
        const hone_real *restrict from = s->from + r * s->from_columns;
        hone_real *restrict to = s->to + r * s->to_columns;
        for (int64_t j = 0; s->add && j < s->n; j++)
            to[j] += from[j];
        for (int64_t j = 0; !s->add && j < s->n; j++)
            to[j] = from[j];
    }
}

static void copy_columns(const hone_op_call *c, copy s)
{
    hone_pool_run(c->pool, hone__rows(c->x[0]), hone__row_grain(s.n), copy_range, &s);
}

/* ---- concat: all [.., Ci] -> [.., sum Ci] ------------------------------------------------------------------------- */

static bool same_rows(const hone_tensor *a, const hone_tensor *b)
{
    hone_shape s = b->shape;
    if (s.rank != a->shape.rank)
        return false;
    s.dim[s.rank - 1] = hone__columns(a);
    return hone_shape_equal(&a->shape, &s);
}

static hone_status concat_shape(const hone_op_call *c, hone_error *err)
{
    HONE_TRY(hone__op_count(c, 1, HONE_MAX_INPUTS, err));
    int64_t columns = 0;
    for (uint32_t i = 0; i < c->n_x; i++) {
        HONE_TRY(hone__op_input(c, i, "x", HONE__REAL, 1, HONE_MAX_RANK, err));
        if (!same_rows(c->x[0], c->x[i]))
            return hone__op_fail(c, err, "all dimensions but the last must be equal");
        columns += hone__columns(c->x[i]);
    }
    c->y[0]->dtype = HONE__REAL;
    c->y[0]->shape = c->x[0]->shape;
    c->y[0]->shape.dim[c->y[0]->shape.rank - 1] = columns;
    return HONE_OK;
}

static hone_status concat_forward(const hone_op_call *c, hone_error *err)
{
    hone_real *y = c->y[0]->data;
    (void)err;
    for (uint32_t i = 0; i < c->n_x; i++) {
        int64_t n = hone__columns(c->x[i]);
        copy_columns(c, (copy){c->x[i]->data, y, n, hone__columns(c->y[0]), n, false});
        y += n;
    }
    return HONE_OK;
}

static hone_status concat_backward(const hone_op_call *c, hone_error *err)
{
    const hone_real *dy = c->dy[0]->data;
    (void)err;
    for (uint32_t i = 0; i < c->n_x; i++) {
        int64_t n = hone__columns(c->x[i]);
        if (c->dx[i])
            copy_columns(c, (copy){dy, c->dx[i]->data, hone__columns(c->y[0]), n, n, true});
        dy += n;
    }
    return HONE_OK;
}

static hone_status concat_example(hone_graph *g, uint32_t i, hone_node **y, hone_error *err)
{
    (void)err;
    if (i >= 3)
        return HONE_END;
    hone_node *x[3];
    for (uint32_t k = 0; k < 3; k++) {
        hone_shape shape = hone_shape_2(1 + 3 * i, 1 + 2 * k);
        x[k] = hone_example_input(g, HONE_F32, &shape, -1.0, 1.0);
    }
    if (i == 2)
        x[2] = x[1]; /* the same node twice */
    *y = hone_apply(g, "example", &HONE__NAME(hone__op_concat), NULL, i == 0 ? 1 : 3, x);
    return HONE_OK;
}

const hone_op HONE__NAME(hone__op_concat) = {.size = sizeof(hone_op),
                                             .version = 1,
                                             .name = "concat",
                                             .flags = HONE_OP_ROWS_INDEPENDENT,
                                             .shape = concat_shape,
                                             .forward = concat_forward,
                                             .backward = concat_backward,
                                             .example = concat_example,
                                             .f64 = HONE__TWIN(hone__op_concat)};

/* ---- slice: columns begin .. end-1 -------------------------------------------------------------------------------- */

static hone_status slice_shape(const hone_op_call *c, hone_error *err)
{
    const hone_slice_params *p = c->params;
    HONE_TRY(hone__op_count(c, 1, 1, err));
    HONE_TRY(hone__op_input(c, 0, "x", HONE__REAL, 1, HONE_MAX_RANK, err));
    if (p->begin < 0 || p->begin > p->end || p->end > hone__columns(c->x[0]))
        return hone__op_fail(c, err, "columns %lld to %lld were asked for; they must lie in 0 to %lld", (long long)p->begin,
                             (long long)p->end, (long long)hone__columns(c->x[0]));
    c->y[0]->dtype = HONE__REAL;
    c->y[0]->shape = c->x[0]->shape;
    c->y[0]->shape.dim[c->y[0]->shape.rank - 1] = p->end - p->begin;
    return HONE_OK;
}

static hone_status slice_forward(const hone_op_call *c, hone_error *err)
{
    const hone_slice_params *p = c->params;
    int64_t n = p->end - p->begin;
    (void)err;
    copy_columns(c, (copy){(const hone_real *)c->x[0]->data + p->begin, c->y[0]->data, hone__columns(c->x[0]), n, n, false});
    return HONE_OK;
}

static hone_status slice_backward(const hone_op_call *c, hone_error *err)
{
    const hone_slice_params *p = c->params;
    int64_t n = p->end - p->begin;
    (void)err;
    if (c->dx[0])
        copy_columns(c, (copy){c->dy[0]->data, (hone_real *)c->dx[0]->data + p->begin, n, hone__columns(c->x[0]), n, true});
    return HONE_OK;
}

static hone_status slice_example(hone_graph *g, uint32_t i, hone_node **y, hone_error *err)
{
    static const hone_slice_params params[] = {{0, 1}, {2, 5}, {6, 7}};
    (void)err;
    if (i >= sizeof params / sizeof *params)
        return HONE_END;
    hone_shape shape = hone_shape_2(1 + 2 * i, 7);
    hone_node *x = hone_example_input(g, HONE_F32, &shape, -1.0, 1.0);
    *y = hone_apply(g, "example", &HONE__NAME(hone__op_slice), &params[i], 1, &x);
    return HONE_OK;
}

const hone_op HONE__NAME(hone__op_slice) = {.size = sizeof(hone_op),
                                            .version = 1,
                                            .name = "slice",
                                            .params_size = sizeof(hone_slice_params),
                                            .flags = HONE_OP_ROWS_INDEPENDENT,
                                            .shape = slice_shape,
                                            .forward = slice_forward,
                                            .backward = slice_backward,
                                            .example = slice_example,
                                            .f64 = HONE__TWIN(hone__op_slice)};
