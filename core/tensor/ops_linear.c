/* ops_linear.c - y = x W^T + b, and its gradients: linear, and linear_bf16, which rounds the operands of its products to bf16.
 *
 * Every sum is one chain: y and dX in the order of the columns summed over, dW and db in the order of the rows. All three
 * products are one small kernel: up to 64 sums of one row, which walk along their chains together.
 *
 * linear_bf16 rounds x, W and dy to the nearest bf16, ties to even, wherever they are multiplied. A product of two of them is exact in
 * float32, so only sums round; bias and db are those of linear. Source: Kalamkar et al. 2019, "A Study of BFLOAT16 for Deep Learning
 * Training".
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "tensor/real.h"

enum { BLOCK_I = 64, BLOCK_J = 64 };

/* x [.., K], w [O, K], b [O] (may be absent) -> [.., O] */
static hone_status shape(const hone_op_call *c, hone_error *err)
{
    HONE_TRY(hone__op_count(c, 3, 3, err));
    HONE_TRY(hone__op_input(c, 0, "x", HONE__REAL, 1, HONE_MAX_RANK, err));
    HONE_TRY(hone__op_input(c, 1, "the weight", HONE__REAL, 2, 2, err));
    if (hone__columns(c->x[0]) != c->x[1]->shape.dim[1])
        return hone__op_fail(c, err, "x has %lld columns, but the weight takes %lld", (long long)hone__columns(c->x[0]),
                             (long long)c->x[1]->shape.dim[1]);
    if (c->x[2])
        HONE_TRY(hone__op_input(c, 2, "the bias", HONE__REAL, 1, 1, err));
    if (c->x[2] && c->x[2]->shape.dim[0] != c->x[1]->shape.dim[0])
        return hone__op_fail(c, err, "the bias must have as many elements as the weight has rows");
    c->y[0]->dtype = HONE__REAL;
    c->y[0]->shape = c->x[0]->shape;
    c->y[0]->shape.dim[c->y[0]->shape.rank - 1] = c->x[1]->shape.dim[0];
    return HONE_OK;
}

/* A product C[I, J] = sum over t of A(i, t) B(t, j), with A(i, t) = a[i * a_i + t * a_t] and B(t, j) = b[t * b_t + j * b_j]. */
typedef struct product {
    const hone_real *a, *b;
    int64_t a_i, a_t, b_t, b_j;
    int64_t I, J, T;
    hone_real *c;          /* row-major, ld J */
    const hone_real *bias; /* [J], written below the product; or NULL */
    bool add;              /* C += instead of C = */
    bool bf16;             /* A and B are rounded */
    hone_real *packed;     /* scratch: T x BLOCK_J for each thread */
} product;

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static bool rounds(const hone_op_call *c)
{
    return c->op->flags & HONE_OP_BF16;
}

static hone_real operand(const product *p, hone_real x)
{
    return p->bf16 ? HONE__BF16(x) : x;
}

/* sum[j] = the whole chain of row a and column j of b, for n columns. Four links at a time, in order, save loads and stores. */
static void chains(const product *p, const hone_real *restrict a, const hone_real *restrict b, int64_t n,
                   hone_real *restrict sum)
{
    const int64_t a_t = p->a_t, T = p->T;
    int64_t t = 0;
    for (int64_t j = 0; j < n; j++)
        sum[j] = 0;
    for (; t + 4 <= T; t += 4) {
        const hone_real a0 = operand(p, a[t * a_t]), a1 = operand(p, a[(t + 1) * a_t]), a2 = operand(p, a[(t + 2) * a_t]),
                        a3 = operand(p, a[(t + 3) * a_t]);
        const hone_real *b0 = b + t * BLOCK_J, *b1 = b0 + BLOCK_J, *b2 = b1 + BLOCK_J, *b3 = b2 + BLOCK_J;
        for (int64_t j = 0; j < n; j++)
            sum[j] = (((sum[j] + a0 * b0[j]) + a1 * b1[j]) + a2 * b2[j]) + a3 * b3[j];
    }
    for (; t < T; t++) {
        const hone_real x = operand(p, a[t * a_t]);
        for (int64_t j = 0; j < n; j++)
            sum[j] += x * b[t * BLOCK_J + j];
    }
}

/* Row i, columns j .. j+n-1 of C, with B's columns packed. */
static void row_of_block(const product *p, int64_t i, int64_t j, int64_t n, const hone_real *packed)
{
    hone_real sum[BLOCK_J], *restrict out = p->c + i * p->J + j;
    chains(p, p->a + i * p->a_i, packed, n, sum);
    for (int64_t k = 0; k < n; k++)
        out[k] = sum[k] + (p->add ? out[k] : p->bias ? p->bias[j + k] : 0);
}

/* B's columns j .. j+n-1, brought together to [T, BLOCK_J]: read from end to end for each of the block's rows. */
static void bring(const product *p, int64_t j, int64_t n, hone_real *restrict packed)
{
    if (p->b_j == 1) {
        for (int64_t t = 0; t < p->T; t++)
            memcpy(packed + t * BLOCK_J, p->b + t * p->b_t + j, (size_t)n * sizeof *packed);
        return;
    }
    for (int64_t k = 0; k < n; k++) {
        const hone_real *restrict b = p->b + (j + k) * p->b_j;
        for (int64_t t = 0; t < p->T; t++)
            packed[t * BLOCK_J + k] = b[t * p->b_t];
    }
}

static void pack(const product *p, int64_t j, int64_t n, hone_real *restrict packed)
{
    bring(p, j, n, packed);
    for (int64_t t = 0; p->bf16 && t < p->T; t++)
        for (int64_t k = 0; k < n; k++)
            packed[t * BLOCK_J + k] = HONE__BF16(packed[t * BLOCK_J + k]);
}

/* One block of BLOCK_I x BLOCK_J of C. */
static void block_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    const product *p = ctx;
    int64_t across = (p->J + BLOCK_J - 1) / BLOCK_J;
    hone_real *packed = p->packed + (int64_t)worker * p->T * BLOCK_J;
    for (int64_t n = begin; n < end; n++) {
        int64_t i0 = n / across * BLOCK_I, j0 = n % across * BLOCK_J;
        int64_t i1 = least(i0 + BLOCK_I, p->I), j1 = least(j0 + BLOCK_J, p->J);
        pack(p, j0, j1 - j0, packed);
        for (int64_t i = i0; i < i1; i++)
            row_of_block(p, i, j0, j1 - j0, packed);
    }
}

static void multiply(hone_pool *pool, product *p)
{
    int64_t blocks = (p->I + BLOCK_I - 1) / BLOCK_I * ((p->J + BLOCK_J - 1) / BLOCK_J);
    hone_pool_run(pool, blocks, 1, block_range, p);
}

static size_t scratch_size(const hone_op_call *c)
{
    int64_t longest = hone__rows(c->x[0]); /* of the three products' chains */
    for (int i = 0; i < 2; i++)
        longest = c->x[1]->shape.dim[i] > longest ? c->x[1]->shape.dim[i] : longest;
    return (size_t)hone_pool_threads(c->pool) * (size_t)longest * BLOCK_J * sizeof(hone_real);
}

/* y[n, o] = sum over k of x[n, k] w[o, k], + b[o] */
static hone_status forward(const hone_op_call *c, hone_error *err)
{
    int64_t K = c->x[1]->shape.dim[1];
    (void)err;
    product p = {.a = c->x[0]->data,
                 .a_i = K,
                 .a_t = 1,
                 .b = c->x[1]->data,
                 .b_t = 1,
                 .b_j = K,
                 .I = hone__rows(c->x[0]),
                 .J = c->x[1]->shape.dim[0],
                 .T = K,
                 .c = c->y[0]->data,
                 .bias = c->x[2] ? c->x[2]->data : NULL,
                 .bf16 = rounds(c),
                 .packed = c->scratch};
    multiply(c->pool, &p);
    return HONE_OK;
}

/* dx[n, k] += sum over o of dy[n, o] w[o, k] */
static void backward_x(const hone_op_call *c)
{
    int64_t O = c->x[1]->shape.dim[0], K = c->x[1]->shape.dim[1];
    product p = {.a = c->dy[0]->data,
                 .a_i = O,
                 .a_t = 1,
                 .b = c->x[1]->data,
                 .b_t = K,
                 .b_j = 1,
                 .I = hone__rows(c->x[0]),
                 .J = K,
                 .T = O,
                 .c = c->dx[0]->data,
                 .add = true,
                 .bf16 = rounds(c),
                 .packed = c->scratch};
    multiply(c->pool, &p);
}

/* dw[o, k] += sum over n of dy[n, o] x[n, k] */
static void backward_w(const hone_op_call *c)
{
    int64_t O = c->x[1]->shape.dim[0], K = c->x[1]->shape.dim[1];
    product p = {.a = c->dy[0]->data,
                 .a_i = 1,
                 .a_t = O,
                 .b = c->x[0]->data,
                 .b_t = K,
                 .b_j = 1,
                 .I = O,
                 .J = K,
                 .T = hone__rows(c->x[0]),
                 .c = c->dx[1]->data,
                 .add = true,
                 .bf16 = rounds(c),
                 .packed = c->scratch};
    multiply(c->pool, &p);
}

static hone_status backward(const hone_op_call *c, hone_error *err)
{
    (void)err;
    if (c->dx[0])
        backward_x(c);
    if (c->dx[1])
        backward_w(c);
    if (c->dx[2])
        HONE__NAME(hone__add_column_sums)(c->pool, c->dy[0]->data, hone__rows(c->x[0]), hone__columns(c->y[0]), c->dx[2]->data);
    return HONE_OK;
}

static hone_status example_of(hone_graph *g, const hone_op *op, uint32_t i, hone_node **y)
{
    static const int64_t sizes[][4] = {/* rows, K, O, bias? */
                                       {1, 1, 1, 1}, {5, 3, 7, 1}, {4, 16, 17, 0}, {9, 33, 4, 1}, {3, 1, 20, 0}, {0, 2, 3, 1}};
    if (i >= sizeof sizes / sizeof *sizes)
        return HONE_END;
    hone_shape x = hone_shape_2(sizes[i][0], sizes[i][1]), w = hone_shape_2(sizes[i][2], sizes[i][1]),
               b = hone_shape_1(sizes[i][2]);
    *y = hone_apply(g, "example", op, NULL, 3,
                    (hone_node *[]){hone_example_input(g, HONE_F32, &x, -1.0, 1.0),
                                    hone_example_input(g, HONE_F32, &w, -1.0, 1.0),
                                    sizes[i][3] ? hone_example_input(g, HONE_F32, &b, -1.0, 1.0) : NULL});
    return HONE_OK;
}

static hone_status example(hone_graph *g, uint32_t i, hone_node **y, hone_error *err)
{
    (void)err;
    return example_of(g, &HONE__NAME(hone__op_linear), i, y);
}

static hone_status example_bf16(hone_graph *g, uint32_t i, hone_node **y, hone_error *err)
{
    (void)err;
    return example_of(g, &HONE__NAME(hone__op_linear_bf16), i, y);
}

const hone_op HONE__NAME(hone__op_linear) = {.size = sizeof(hone_op),
                                             .version = 1,
                                             .name = "linear",
                                             .backward_needs = HONE_NEEDS_X(0) | HONE_NEEDS_X(1),
                                             .flags = HONE_OP_ROWS_INDEPENDENT,
                                             .shape = shape,
                                             .scratch_size = scratch_size,
                                             .forward = forward,
                                             .backward = backward,
                                             .example = example,
                                             .f64 = HONE__TWIN(hone__op_linear)};

const hone_op HONE__NAME(hone__op_linear_bf16) = {.size = sizeof(hone_op),
                                                  .version = 1,
                                                  .name = "linear_bf16",
                                                  .backward_needs = HONE_NEEDS_X(0) | HONE_NEEDS_X(1),
                                                  .flags = HONE_OP_ROWS_INDEPENDENT | HONE_OP_BF16,
                                                  .shape = shape,
                                                  .scratch_size = scratch_size,
                                                  .forward = forward,
                                                  .backward = backward,
                                                  .example = example_bf16,
                                                  .f64 = HONE__TWIN(hone__op_linear_bf16)};
