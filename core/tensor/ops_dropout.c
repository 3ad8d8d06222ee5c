/* ops_dropout.c - dropout whose mask is computed again in backward instead of being stored.
 *
 * Source: Srivastava et al. 2014, in the inverted form that scales by 1 / (1 - p) while training.
 * Element (row, column) of a sequence has the number (row - start) C + column in the sequence's random numbers, so a mask does
 * not depend on the batch around the sequence.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "tensor/real.h"

enum { CHUNK = 256 };

/* x [R, C], starts [B+1] (may be absent: row r is sequence r) -> [R, C] */
static hone_status shape(const hone_op_call *c, hone_error *err)
{
    const hone_dropout_params *p = c->params;
    HONE_TRY(hone__op_count(c, 2, 2, err));
    HONE_TRY(hone__op_input(c, 0, "x", HONE__REAL, 1, HONE_MAX_RANK, err));
    if (c->x[1])
        HONE_TRY(hone__op_input(c, 1, "starts", HONE_I32, 1, 1, err));
    if (c->x[1] && c->x[1]->shape.dim[0] < 1)
        return hone__op_fail(c, err, "starts must have one element more than there are sequences");
    if (!(p->p >= 0 && p->p < 1))
        return hone_fail(err, HONE_EINVAL, "the probability is %g; it must lie in [0, 1)", p->p);
    c->y[0]->dtype = HONE__REAL;
    c->y[0]->shape = c->x[0]->shape;
    return HONE_OK;
}

typedef struct rows {
    const hone_op_call *call;
    const hone_real *from;
    hone_real *to;
    bool add;
} rows;

/* to = from * mask, or to += from * mask, over one row. */
static void drop_row(const rows *s, int64_t row, uint64_t sequence, uint64_t first)
{
    const hone_dropout_params *p = s->call->params;
    const uint32_t threshold = hone__drop_threshold(p->p);
    const hone_real scale = (hone_real)(1.0 / (1.0 - p->p));
    int64_t columns = hone__columns(s->call->x[0]);
    hone_real scales[CHUNK];
    for (int64_t begin = 0; begin < columns; begin += CHUNK) {
        int64_t n = columns - begin < CHUNK ? columns - begin : CHUNK;
        const hone_real *restrict from = s->from + row * columns + begin;
        hone_real *restrict to = s->to + row * columns + begin;
        hone__drop_scales(s->call->random, sequence, first + (uint64_t)begin, n, threshold, scale, scales);
        for (int64_t j = 0; s->add && j < n; j++)
            to[j] += from[j] * scales[j];
        for (int64_t j = 0; !s->add && j < n; j++)
            to[j] = from[j] * scales[j];
    }
}

static void drop_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    const rows *s = ctx;
    const hone_tensor *starts = s->call->x[1];
    const int32_t *start = starts ? starts->data : NULL;
    uint64_t columns = (uint64_t)hone__columns(s->call->x[0]);
    int64_t b = start ? hone__sequence_of(start, starts->shape.dim[0] - 1, begin) : 0;
    (void)worker;
    for (int64_t r = begin; r < end; r++) {
        while (start && start[b + 1] <= r)
            b++;
        uint64_t sequence = s->call->first_sequence + (uint64_t)(start ? b : r);
        drop_row(s, r, sequence, start ? (uint64_t)(r - start[b]) * columns : 0);
    }
}

static void drop(const hone_op_call *c, const hone_real *from, hone_real *to, bool add)
{
    rows s = {c, from, to, add};
    hone_pool_run(c->pool, hone__rows(c->x[0]), hone__row_grain(hone__columns(c->x[0])), drop_range, &s);
}

static hone_status forward(const hone_op_call *c, hone_error *err)
{
    if (c->x[1])
        HONE_TRY(hone_starts_check(c->x[1], hone__rows(c->x[0]), err));
    drop(c, c->x[0]->data, c->y[0]->data, false);
    return HONE_OK;
}

static hone_status backward(const hone_op_call *c, hone_error *err)
{
    (void)err;
    if (c->dx[0])
        drop(c, c->dy[0]->data, c->dx[0]->data, true);
    return HONE_OK;
}

static hone_status example(hone_graph *g, uint32_t i, hone_node **y, hone_error *err)
{
    static const int32_t starts[] = {0, 3, 3, 4, 9};
    static const hone_dropout_params params[] = {{0.3}, {0.5}, {0.0}, {0.9}};
    static const int64_t sizes[][2] = {{9, 7}, {4, 300}, {9, 1}, {1, 5}};
    (void)err;
    if (i >= sizeof sizes / sizeof *sizes)
        return HONE_END;
    hone_shape x = hone_shape_2(sizes[i][0], sizes[i][1]), s = hone_shape_1(5);
    hone_node *in = hone_example_input(g, HONE_F32, &x, -1.0, 1.0);
    *y = hone_apply(g, "example", &HONE__NAME(hone__op_dropout), &params[i], 2,
                    (hone_node *[]){in, sizes[i][0] == 9 ? hone_constant(g, HONE_I32, &s, starts) : NULL});
    return HONE_OK;
}

const hone_op HONE__NAME(hone__op_dropout) = {.size = sizeof(hone_op),
                                              .version = 1,
                                              .name = "dropout",
                                              .params_size = sizeof(hone_dropout_params),
                                              .backward_needs = HONE_NEEDS_X(1),
                                              .flags = HONE_OP_ROWS_INDEPENDENT,
                                              .shape = shape,
                                              .forward = forward,
                                              .backward = backward,
                                              .example = example,
                                              .f64 = HONE__TWIN(hone__op_dropout)};
