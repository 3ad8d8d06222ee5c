/* ops_linear.c - y = x W^T + b, and its gradients.
 *
 * Every sum is one chain: y and dX in the order of the columns summed over, dW and db in the order of the rows. All three
 * products are one small kernel, which keeps a tile of 4 x 16 sums while it walks along the chain.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "tensor/real.h"

enum { TILE_I = 4, TILE_J = 16, BLOCK_I = 64, BLOCK_J = 64 };

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
    hone_real *packed;     /* scratch: T x BLOCK_J for each thread; only where b_j is not 1 */
} product;

/* The whole tile: constant bounds, so that the sums stay in registers. */
static void tile_full(const product *p, const hone_real *restrict a, const hone_real *restrict b, int64_t b_t,
                      hone_real sum[TILE_I][TILE_J])
{
    for (int64_t t = 0; t < p->T; t++) {
        for (int i = 0; i < TILE_I; i++) {
            hone_real factor = a[i * p->a_i + t * p->a_t];
            for (int j = 0; j < TILE_J; j++)
                sum[i][j] += factor * b[t * b_t + j];
        }
    }
}

static void tile_part(const product *p, const hone_real *restrict a, const hone_real *restrict b, int64_t b_t, int64_t n_i,
                      int64_t n_j, hone_real sum[TILE_I][TILE_J])
{
    for (int64_t t = 0; t < p->T; t++) {
        for (int64_t i = 0; i < n_i; i++) {
            hone_real factor = a[i * p->a_i + t * p->a_t];
            for (int64_t j = 0; j < n_j; j++)
                sum[i][j] += factor * b[t * b_t + j];
        }
    }
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Rows i .. i+n_i-1, columns j .. j+n_j-1 of C; b points at B(0, j). */
static void tile(const product *p, int64_t i, int64_t j, int64_t n_i, int64_t n_j, const hone_real *b, int64_t b_t)
{
    hone_real sum[TILE_I][TILE_J] = {{0}};
    if (n_i == TILE_I && n_j == TILE_J)
        tile_full(p, p->a + i * p->a_i, b, b_t, sum);
    else
        tile_part(p, p->a + i * p->a_i, b, b_t, n_i, n_j, sum);
    for (int64_t r = 0; r < n_i; r++) {
        hone_real *out = p->c + (i + r) * p->J + j;
        for (int64_t k = 0; k < n_j; k++)
            out[k] = sum[r][k] + (p->add ? out[k] : p->bias ? p->bias[j + k] : 0);
    }
}

/* B's columns j .. j+n-1, brought together to [T, BLOCK_J]. */
static void pack(const product *p, int64_t j, int64_t n, hone_real *restrict packed)
{
    for (int64_t k = 0; k < n; k++) {
        const hone_real *restrict b = p->b + (j + k) * p->b_j;
        for (int64_t t = 0; t < p->T; t++)
            packed[t * BLOCK_J + k] = b[t * p->b_t];
    }
}

/* One block of BLOCK_I x BLOCK_J of C. */
static void block_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    const product *p = ctx;
    int64_t across = (p->J + BLOCK_J - 1) / BLOCK_J;
    for (int64_t n = begin; n < end; n++) {
        int64_t i0 = n / across * BLOCK_I, j0 = n % across * BLOCK_J;
        int64_t i1 = least(i0 + BLOCK_I, p->I), j1 = least(j0 + BLOCK_J, p->J);
        const hone_real *b = p->b + j0;
        int64_t b_t = p->b_t;
        if (p->b_j != 1) {
            hone_real *packed = p->packed + (int64_t)worker * p->T * BLOCK_J;
            pack(p, j0, j1 - j0, packed);
            b = packed;
            b_t = BLOCK_J;
        }
        for (int64_t j = j0; j < j1; j += TILE_J) {
            for (int64_t i = i0; i < i1; i += TILE_I)
                tile(p, i, j, least(TILE_I, i1 - i), least(TILE_J, j1 - j), b + (j - j0), b_t);
        }
    }
}

static void multiply(hone_pool *pool, product *p)
{
    int64_t blocks = (p->I + BLOCK_I - 1) / BLOCK_I * ((p->J + BLOCK_J - 1) / BLOCK_J);
    hone_pool_run(pool, blocks, 1, block_range, p);
}

static size_t scratch_size(const hone_op_call *c)
{
    return (size_t)hone_pool_threads(c->pool) * (size_t)c->x[1]->shape.dim[1] * BLOCK_J * sizeof(hone_real);
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
                 .add = true};
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
                 .add = true};
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

static hone_status example(hone_graph *g, uint32_t i, hone_node **y, hone_error *err)
{
    static const int64_t sizes[][4] = {/* rows, K, O, bias? */
                                       {1, 1, 1, 1}, {5, 3, 7, 1}, {4, 16, 17, 0}, {9, 33, 4, 1}, {3, 1, 20, 0}, {0, 2, 3, 1}};
    (void)err;
    if (i >= sizeof sizes / sizeof *sizes)
        return HONE_END;
    hone_shape x = hone_shape_2(sizes[i][0], sizes[i][1]), w = hone_shape_2(sizes[i][2], sizes[i][1]),
               b = hone_shape_1(sizes[i][2]);
    *y = hone_apply(g, "example", &HONE__NAME(hone__op_linear), NULL, 3,
                    (hone_node *[]){hone_example_input(g, HONE_F32, &x, -1.0, 1.0),
                                    hone_example_input(g, HONE_F32, &w, -1.0, 1.0),
                                    sizes[i][3] ? hone_example_input(g, HONE_F32, &b, -1.0, 1.0) : NULL});
    return HONE_OK;
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
