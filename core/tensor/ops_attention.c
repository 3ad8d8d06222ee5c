/* ops_attention.c - softmax attention within each sequence of a packed batch, with dropout on its probabilities.
 *
 * Source: Vaswani et al. 2017, equation 1; dropout on the probabilities as in BERT (Devlin et al. 2019).
 * Per sequence of S tokens and head of D columns, with i a query and j a key:
 *     s[i, j] = q[i] . k[j] / sqrt(D)     p = softmax over j     m = 0 or 1 / (1 - dropout)     y[i] = sum over j of p m v[j]
 * Saved is the logarithm of each softmax's denominator, so that backward computes the probabilities again from q and k.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "tensor/real.h"

/* q, k, v [N, A D], starts [B+1] -> [N, A D]; saved [A, N] */
static hone_status shape(const hone_op_call *c, hone_error *err)
{
    static const char *const names[] = {"q", "k", "v"};
    const hone_attention_params *p = c->params;
    HONE_TRY(hone__op_count(c, 4, 4, err));
    for (uint32_t i = 0; i < 3; i++) {
        HONE_TRY(hone__op_input(c, i, names[i], HONE__REAL, 2, 2, err));
        if (!hone_shape_equal(&c->x[0]->shape, &c->x[i]->shape))
            return hone__op_fail(c, err, "q, k and v must have the same shape");
    }
    HONE_TRY(hone__op_input(c, 3, "starts", HONE_I32, 1, 1, err));
    if (c->x[3]->shape.dim[0] < 1)
        return hone__op_fail(c, err, "starts must have one element more than there are sequences");
    if (p->heads < 1 || c->x[0]->shape.dim[1] % p->heads || c->x[0]->shape.dim[1] == 0)
        return hone__op_fail(c, err, "%lld columns cannot be shared out over %lld heads", (long long)c->x[0]->shape.dim[1],
                             (long long)p->heads);
    if (!(p->p >= 0 && p->p < 1))
        return hone_fail(err, HONE_EINVAL, "the dropout probability is %g; it must lie in [0, 1)", p->p);
    c->y[0]->dtype = HONE__REAL;
    c->y[0]->shape = c->x[0]->shape;
    return HONE_OK;
}

static int64_t heads_of(const hone_op_call *c)
{
    return ((const hone_attention_params *)c->params)->heads;
}

static size_t saved_size(const hone_op_call *c)
{
    return (size_t)heads_of(c) * (size_t)c->x[0]->shape.dim[0] * sizeof(hone_real);
}

/* For each thread room for the longest sequence there can be: k and v transposed, dk and dv, three rows of probabilities and one of dq. */
static size_t scratch_of_thread(const hone_op_call *c)
{
    int64_t n = c->x[0]->shape.dim[0], d = c->x[0]->shape.dim[1] / heads_of(c);
    return (size_t)(4 * d * n + 3 * n + d);
}

static size_t scratch_size(const hone_op_call *c)
{
    return (size_t)hone_pool_threads(c->pool) * scratch_of_thread(c) * sizeof(hone_real);
}

/* One head of one sequence: S rows of D columns, `stride` apart. */
typedef struct part {
    const hone_op_call *call;
    const hone_real *q, *k, *v;
    hone_real *denominator; /* [S], the saved logarithms */
    int64_t S, D, stride, head, offset;
    uint64_t sequence;
    hone_real scale, keep_scale;
    uint32_t threshold;
    hone_real *scratch;
} part;

static part part_of(const hone_op_call *c, int64_t number, int worker)
{
    const hone_attention_params *p = c->params;
    const int32_t *starts = c->x[3]->data;
    int64_t b = number / p->heads, head = number % p->heads;
    int64_t N = c->x[0]->shape.dim[0], columns = c->x[0]->shape.dim[1], D = columns / p->heads;
    int64_t offset = starts[b] * columns + head * D;
    return (part){.call = c,
                  .q = (const hone_real *)c->x[0]->data + offset,
                  .k = (const hone_real *)c->x[1]->data + offset,
                  .v = (const hone_real *)c->x[2]->data + offset,
                  .denominator = (hone_real *)c->saved + head * N + starts[b],
                  .S = starts[b + 1] - starts[b],
                  .D = D,
                  .stride = columns,
                  .head = head,
                  .offset = offset,
                  .sequence = c->first_sequence + (uint64_t)b,
                  .scale = 1 / HONE__MATH(sqrt)((hone_real)D),
                  .keep_scale = (hone_real)(1.0 / (1.0 - p->p)),
                  .threshold = hone__drop_threshold(p->p),
                  .scratch = (hone_real *)c->scratch + (size_t)worker * scratch_of_thread(c)};
}

/* out [D, S] = the transpose of rows [S, D]. */
static void transpose(const part *a, const hone_real *rows, hone_real *restrict out)
{
    for (int64_t j = 0; j < a->S; j++) {
        for (int64_t d = 0; d < a->D; d++)
            out[d * a->S + j] = rows[j * a->stride + d];
    }
}

/* out[j] = factor * (row . column j of transposed [D, S]), each sum in the order of d */
static void dots(const part *a, const hone_real *row, const hone_real *transposed, hone_real factor, hone_real *restrict out)
{
    for (int64_t j = 0; j < a->S; j++)
        out[j] = 0;
    for (int64_t d = 0; d < a->D; d++) {
        const hone_real *restrict column = transposed + d * a->S;
        const hone_real x = row[d];
        for (int64_t j = 0; j < a->S; j++)
            out[j] += x * column[j];
    }
    for (int64_t j = 0; j < a->S; j++)
        out[j] *= factor;
}

/* out [D] = sum over j of weight[j] rows[j], in the order of j */
static void mix(const part *a, const hone_real *weight, const hone_real *rows, hone_real *restrict out)
{
    for (int64_t d = 0; d < a->D; d++)
        out[d] = 0;
    for (int64_t j = 0; j < a->S; j++) {
        const hone_real *restrict row = rows + j * a->stride;
        for (int64_t d = 0; d < a->D; d++)
            out[d] += weight[j] * row[d];
    }
}

/* m[j] for query i; a mask's element is numbered by head, query and key. */
static void mask(const part *a, int64_t i, hone_real *m)
{
    uint64_t first = (uint64_t)((a->head * a->S + i) * a->S);
    hone__drop_scales(a->call->random, a->sequence, first, a->S, a->threshold, a->keep_scale, m);
}

/* Scores to probabilities, in place; returns the logarithm of the denominator, the largest score included. */
static hone_real softmax(hone_real *s, int64_t n)
{
    hone_real most = s[0], sum = 0;
    for (int64_t j = 1; j < n; j++)
        most = s[j] > most ? s[j] : most;
    for (int64_t j = 0; j < n; j++) {
        s[j] = HONE__MATH(exp)(s[j] - most);
        sum += s[j];
    }
    for (int64_t j = 0; j < n; j++)
        s[j] /= sum;
    return most + HONE__MATH(log)(sum);
}

static void forward_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    const hone_op_call *c = ctx;
    for (int64_t number = begin; number < end; number++) {
        part a = part_of(c, number, worker);
        hone_real *keys = a.scratch, *p = keys + a.D * a.S, *m = p + a.S;
        hone_real *y = (hone_real *)c->y[0]->data + a.offset;
        transpose(&a, a.k, keys);
        for (int64_t i = 0; i < a.S; i++) {
            dots(&a, a.q + i * a.stride, keys, a.scale, p);
            a.denominator[i] = softmax(p, a.S);
            if (a.threshold) {
                mask(&a, i, m);
                for (int64_t j = 0; j < a.S; j++)
                    p[j] *= m[j];
            }
            mix(&a, p, a.v, y + i * a.stride);
        }
    }
}

static hone_status forward(const hone_op_call *c, hone_error *err)
{
    HONE_TRY(hone_starts_check(c->x[3], c->x[0]->shape.dim[0], err));
    hone_pool_run(c->pool, (c->x[3]->shape.dim[0] - 1) * heads_of(c), 1, forward_range, (void *)c);
    return HONE_OK;
}

/* to[d] += weight * row[d] */
static void add_scaled(hone_real weight, const hone_real *restrict row, int64_t n, hone_real *restrict to)
{
    for (int64_t d = 0; d < n; d++)
        to[d] += weight * row[d];
}

static void add_rows(const part *a, const hone_real *from, const hone_tensor *gradient)
{
    hone_real *to = gradient ? (hone_real *)gradient->data + a->offset : NULL;
    for (int64_t j = 0; to && j < a->S; j++)
        add_scaled(1, from + j * a->D, a->D, to + j * a->stride);
}

/* For one query, given p: on return p is p m (what multiplied v) and ds the gradient of the scores, the 1 / sqrt(D) included.
 *     dp = m (dy . v)     ds = p (dp - sum of p dp) / sqrt(D) */
static void backward_scores(const part *a, const hone_real *dy, const hone_real *values, const hone_real *m, hone_real *p,
                            hone_real *ds)
{
    hone_real inner = 0;
    dots(a, dy, values, 1, ds);
    for (int64_t j = 0; a->threshold && j < a->S; j++)
        ds[j] *= m[j];
    for (int64_t j = 0; j < a->S; j++)
        inner += p[j] * ds[j];
    for (int64_t j = 0; j < a->S; j++)
        ds[j] = p[j] * (ds[j] - inner) * a->scale;
    for (int64_t j = 0; a->threshold && j < a->S; j++)
        p[j] *= m[j];
}

static void backward_part(const part *a)
{
    const hone_op_call *c = a->call;
    int64_t size = a->D * a->S;
    hone_real *keys = a->scratch, *values = keys + size, *dk = values + size, *dv = dk + size;
    hone_real *p = dv + size, *ds = p + a->S, *m = ds + a->S, *dq = m + a->S;
    transpose(a, a->k, keys);
    transpose(a, a->v, values);
    memset(dk, 0, 2 * (size_t)size * sizeof *dk);
    for (int64_t i = 0; i < a->S; i++) {
        const hone_real *q = a->q + i * a->stride, *dy = (const hone_real *)c->dy[0]->data + a->offset + i * a->stride;
        dots(a, q, keys, a->scale, p);
        for (int64_t j = 0; j < a->S; j++)
            p[j] = HONE__MATH(exp)(p[j] - a->denominator[i]);
        if (a->threshold)
            mask(a, i, m);
        backward_scores(a, dy, values, m, p, ds);
        for (int64_t j = 0; j < a->S; j++) {
            add_scaled(p[j], dy, a->D, dv + j * a->D);
            add_scaled(ds[j], q, a->D, dk + j * a->D);
        }
        if (c->dx[0]) {
            mix(a, ds, a->k, dq);
            add_scaled(1, dq, a->D, (hone_real *)c->dx[0]->data + a->offset + i * a->stride);
        }
    }
    add_rows(a, dk, c->dx[1]);
    add_rows(a, dv, c->dx[2]);
}

static void backward_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    for (int64_t number = begin; number < end; number++) {
        part a = part_of(ctx, number, worker);
        backward_part(&a);
    }
}

static hone_status backward(const hone_op_call *c, hone_error *err)
{
    (void)err;
    hone_pool_run(c->pool, (c->x[3]->shape.dim[0] - 1) * heads_of(c), 1, backward_range, (void *)c);
    return HONE_OK;
}

static hone_status example(hone_graph *g, uint32_t i, hone_node **y, hone_error *err)
{
    static const int32_t starts[][5] = {{0, 1}, {0, 3, 3, 4, 9}, {0, 0, 5, 5}, {0, 2, 4}};
    static const int64_t sizes[][3] = {{1, 1, 1}, {9, 6, 4}, {5, 10, 3}, {4, 6, 2}}; /* N, A D, B */
    static const hone_attention_params params[] = {{1, 0.0}, {2, 0.3}, {5, 0.0}, {1, 0.5}};
    (void)err;
    if (i >= sizeof sizes / sizeof *sizes)
        return HONE_END;
    hone_shape x = hone_shape_2(sizes[i][0], sizes[i][1]), s = hone_shape_1(sizes[i][2] + 1);
    hone_node *in[4];
    for (uint32_t k = 0; k < 3; k++)
        in[k] = hone_example_input(g, HONE_F32, &x, -1.0, 1.0);
    in[3] = hone_constant(g, HONE_I32, &s, starts[i]);
    if (i == 3)
        in[1] = in[0]; /* the same node as query and key */
    *y = hone_apply(g, "example", &HONE__NAME(hone__op_attention), &params[i], 4, in);
    return HONE_OK;
}

const hone_op HONE__NAME(hone__op_attention) = {.size = sizeof(hone_op),
                                                .version = 1,
                                                .name = "attention",
                                                .params_size = sizeof(hone_attention_params),
                                                .backward_needs = HONE_NEEDS_X(0) | HONE_NEEDS_X(1) | HONE_NEEDS_X(2) |
                                                                  HONE_NEEDS_X(3),
                                                .flags = HONE_OP_ROWS_INDEPENDENT,
                                                .shape = shape,
                                                .saved_size = saved_size,
                                                .scratch_size = scratch_size,
                                                .forward = forward,
                                                .backward = backward,
                                                .example = example,
                                                .f64 = HONE__TWIN(hone__op_attention)};
