/* ops_loss.c - losses, one number per item.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "tensor/real.h"

static void one_per_item(const hone_op_call *c)
{
    c->y[0]->dtype = HONE__REAL;
    c->y[0]->shape = hone_shape_1(c->x[0]->shape.dim[0]);
}

/* ---- cross_entropy ------------------------------------------------------------------------------------------------ */

/* scores [I, C], gold [I], class weights [C] (may be absent) -> [I]; saved [I]: log sum exp of each row */
static hone_status ce_shape(const hone_op_call *c, hone_error *err)
{
    const hone_cross_entropy_params *p = c->params;
    HONE_TRY(hone__op_count(c, 3, 3, err));
    HONE_TRY(hone__op_input(c, 0, "scores", HONE__REAL, 2, 2, err));
    HONE_TRY(hone__op_input(c, 1, "gold", HONE_I32, 1, 1, err));
    if (c->x[0]->shape.dim[0] != c->x[1]->shape.dim[0])
        return hone__op_fail(c, err, "there must be one gold label for each row of scores");
    if (c->x[0]->shape.dim[1] < 1)
        return hone__op_fail(c, err, "there must be at least one class");
    if (c->x[2])
        HONE_TRY(hone__op_input(c, 2, "class weights", HONE__REAL, 1, 1, err));
    if (c->x[2] && c->x[2]->shape.dim[0] != c->x[0]->shape.dim[1])
        return hone__op_fail(c, err, "there must be one class weight for each column of scores");
    if (!(p->smoothing >= 0 && p->smoothing <= 1))
        return hone_fail(err, HONE_EINVAL, "label smoothing is %g; it must lie in [0, 1]", p->smoothing);
    one_per_item(c);
    return HONE_OK;
}

static size_t ce_saved_size(const hone_op_call *c)
{
    return (size_t)c->x[0]->shape.dim[0] * sizeof(hone_real);
}

/* What one item's loss is made of: loss = sum over classes of share(c) nll_c. */
typedef struct item {
    const hone_real *scores, *w;
    int64_t C, gold;
    hone_real smoothing;
} item;

static item item_of(const hone_op_call *c, int64_t i)
{
    const hone_cross_entropy_params *p = c->params;
    int64_t C = c->x[0]->shape.dim[1];
    return (item){(const hone_real *)c->x[0]->data + i * C, c->x[2] ? c->x[2]->data : NULL, C,
                  ((const int32_t *)c->x[1]->data)[i], (hone_real)p->smoothing};
}

/* (1 - smoothing) [k is gold] + smoothing / C, without the class weight */
static hone_real ce_share(const item *t, int64_t k)
{
    return t->smoothing / (hone_real)t->C + (k == t->gold ? 1 - t->smoothing : 0);
}

static hone_real ce_weight(const item *t, int64_t k)
{
    return t->w ? t->w[k] : 1;
}

static hone_real log_sum_exp(const hone_real *s, int64_t n)
{
    hone_real most = s[0], sum = 0;
    for (int64_t k = 1; k < n; k++)
        most = s[k] > most ? s[k] : most;
    for (int64_t k = 0; k < n; k++)
        sum += HONE__MATH(exp)(s[k] - most);
    return most + HONE__MATH(log)(sum);
}

static void ce_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    const hone_op_call *c = ctx;
    (void)worker;
    for (int64_t i = begin; i < end; i++) {
        item t = item_of(c, i);
        hone_real total = 0, log_sum = log_sum_exp(t.scores, t.C);
        for (int64_t k = 0; t.gold >= 0 && t.smoothing > 0 && k < t.C; k++)
            total += ce_share(&t, k) * ce_weight(&t, k) * (log_sum - t.scores[k]);
        if (t.gold >= 0 && t.smoothing == 0)
            total = ce_weight(&t, t.gold) * (log_sum - t.scores[t.gold]);
        ((hone_real *)c->y[0]->data)[i] = total;
        ((hone_real *)c->saved)[i] = log_sum;
    }
}

static hone_status ce_forward(const hone_op_call *c, hone_error *err)
{
    HONE_TRY(hone__check_indices(c->x[1], c->x[0]->shape.dim[1], true, "gold label", err));
    hone_pool_run(c->pool, c->x[0]->shape.dim[0], hone__row_grain(4 * c->x[0]->shape.dim[1]), ce_range, (void *)c);
    return HONE_OK;
}

/* d loss / d score k = p_k sum_c share(c) w_c - share(k) w_k */
static void ce_backward_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    const hone_op_call *c = ctx;
    (void)worker;
    for (int64_t i = begin; i < end; i++) {
        item t = item_of(c, i);
        hone_real *ds = (hone_real *)c->dx[0]->data + i * t.C;
        const hone_real dy = ((const hone_real *)c->dy[0]->data)[i], log_sum = ((const hone_real *)c->saved)[i];
        hone_real whole = 0;
        if (t.gold < 0)
            continue;
        for (int64_t k = 0; k < t.C; k++)
            whole += ce_share(&t, k) * ce_weight(&t, k);
        for (int64_t k = 0; k < t.C; k++)
            ds[k] += dy * (HONE__MATH(exp)(t.scores[k] - log_sum) * whole - ce_share(&t, k) * ce_weight(&t, k));
    }
}

/* d loss / d w_k = share(k) nll_k, summed over the items in order. */
static void ce_backward_weights(const hone_op_call *c)
{
    hone_real *dw = c->dx[2]->data;
    for (int64_t i = 0; i < c->x[0]->shape.dim[0]; i++) {
        item t = item_of(c, i);
        const hone_real dy = ((const hone_real *)c->dy[0]->data)[i], log_sum = ((const hone_real *)c->saved)[i];
        for (int64_t k = 0; t.gold >= 0 && k < t.C; k++)
            dw[k] += dy * ce_share(&t, k) * (log_sum - t.scores[k]);
    }
}

static hone_status ce_backward(const hone_op_call *c, hone_error *err)
{
    (void)err;
    if (c->dx[0])
        hone_pool_run(c->pool, c->x[0]->shape.dim[0], hone__row_grain(4 * c->x[0]->shape.dim[1]), ce_backward_range, (void *)c);
    if (c->dx[2])
        ce_backward_weights(c);
    return HONE_OK;
}

static hone_status ce_example(hone_graph *g, uint32_t i, hone_node **y, hone_error *err)
{
    static const int64_t sizes[][2] = {{1, 2}, {5, 3}, {4, 7}, {3, 1}};
    static const hone_cross_entropy_params params[] = {{0.0}, {0.1}, {0.0}, {0.3}};
    static const int32_t gold[] = {0, -100, 0, 0, -1};
    (void)err;
    if (i >= sizeof sizes / sizeof *sizes)
        return HONE_END;
    hone_shape scores = hone_shape_2(sizes[i][0], sizes[i][1]), items = hone_shape_1(sizes[i][0]),
               classes = hone_shape_1(sizes[i][1]);
    hone_node *s = hone_example_input(g, HONE_F32, &scores, -3.0, 3.0);
    hone_node *t = i == 3 ? hone_constant(g, HONE_I32, &items, gold)
                          : hone_example_input(g, HONE_I32, &items, i == 1 ? -1 : 0, (double)sizes[i][1]);
    hone_node *w = i ? hone_example_input(g, HONE_F32, &classes, 0.5, 2.0) : NULL;
    *y = hone_apply(g, "example", &HONE__NAME(hone__op_cross_entropy), &params[i], 3, (hone_node *[]){s, t, w});
    return HONE_OK;
}

const hone_op HONE__NAME(hone__op_cross_entropy) = {.size = sizeof(hone_op),
                                                    .version = 1,
                                                    .name = "cross_entropy",
                                                    .params_size = sizeof(hone_cross_entropy_params),
                                                    .backward_needs = HONE_NEEDS_X(0) | HONE_NEEDS_X(1) | HONE_NEEDS_X(2),
                                                    .flags = HONE_OP_ROWS_INDEPENDENT,
                                                    .shape = ce_shape,
                                                    .saved_size = ce_saved_size,
                                                    .forward = ce_forward,
                                                    .backward = ce_backward,
                                                    .example = ce_example,
                                                    .f64 = HONE__TWIN(hone__op_cross_entropy)};

/* ---- Losses of pairs: a mean over the columns --------------------------------------------------------------------- */

/* scores and targets [I, C] or [I] -> [I] */
static hone_status pair_shape(const hone_op_call *c, hone_error *err)
{
    HONE_TRY(hone__op_count(c, 2, 2, err));
    HONE_TRY(hone__op_input(c, 0, "scores", HONE__REAL, 1, 2, err));
    HONE_TRY(hone__op_input(c, 1, "targets", HONE__REAL, 1, 2, err));
    if (!hone_shape_equal(&c->x[0]->shape, &c->x[1]->shape))
        return hone__op_fail(c, err, "scores and targets must have the same shape");
    if (c->x[0]->shape.rank == 2 && c->x[0]->shape.dim[1] < 1)
        return hone__op_fail(c, err, "there must be at least one column");
    one_per_item(c);
    return HONE_OK;
}

static int64_t pair_columns(const hone_op_call *c)
{
    return c->x[0]->shape.rank == 2 ? c->x[0]->shape.dim[1] : 1;
}

typedef hone_real pair_loss(hone_real s, hone_real t);
typedef void pair_slopes(hone_real s, hone_real t, hone_real *ds, hone_real *dt);

static void pair_forward(const hone_op_call *c, pair_loss *loss)
{
    int64_t C = pair_columns(c), I = c->x[0]->shape.dim[0];
    const hone_real *s = c->x[0]->data, *t = c->x[1]->data;
    for (int64_t i = 0; i < I; i++) {
        hone_real total = 0;
        for (int64_t k = 0; k < C; k++)
            total += loss(s[i * C + k], t[i * C + k]);
        ((hone_real *)c->y[0]->data)[i] = total / (hone_real)C;
    }
}

static void pair_backward(const hone_op_call *c, pair_slopes *slopes)
{
    int64_t C = pair_columns(c), n = c->x[0]->shape.dim[0] * C;
    const hone_real *s = c->x[0]->data, *t = c->x[1]->data, *dy = c->dy[0]->data;
    hone_real *ds = c->dx[0] ? c->dx[0]->data : NULL, *dt = c->dx[1] ? c->dx[1]->data : NULL;
    for (int64_t i = 0; i < n; i++) {
        hone_real by_s, by_t, factor = dy[i / C] / (hone_real)C;
        slopes(s[i], t[i], &by_s, &by_t);
        if (ds)
            ds[i] += factor * by_s;
        if (dt)
            dt[i] += factor * by_t;
    }
}

static hone_status pair_example(hone_graph *g, uint32_t i, hone_node **y, const hone_op *op)
{
    static const int64_t sizes[][2] = {{1, 1}, {5, 3}, {4, 0}};
    if (i >= sizeof sizes / sizeof *sizes)
        return HONE_END;
    hone_shape shape = sizes[i][1] ? hone_shape_2(sizes[i][0], sizes[i][1]) : hone_shape_1(sizes[i][0]);
    *y = hone_apply(
        g, "example", op, NULL, 2,
        (hone_node *[]){hone_example_input(g, HONE_F32, &shape, -3.0, 3.0), hone_example_input(g, HONE_F32, &shape, 0.0, 1.0)});
    return HONE_OK;
}

/* ---- binary_cross_entropy ----------------------------------------------------------------------------------------- */

/* max(s, 0) - s t + log(1 + exp(-|s|)): minus the log-likelihood of t under sigmoid(s), without overflow. */
static hone_real bce_loss(hone_real s, hone_real t)
{
    return (s > 0 ? s : 0) - s * t + HONE__MATH(log1p)(HONE__MATH(exp)(-HONE__MATH(fabs)(s)));
}

static void bce_slopes(hone_real s, hone_real t, hone_real *ds, hone_real *dt)
{
    hone_real e = HONE__MATH(exp)(-HONE__MATH(fabs)(s));
    *ds = (s >= 0 ? 1 / (1 + e) : e / (1 + e)) - t;
    *dt = -s;
}

static hone_status bce_forward(const hone_op_call *c, hone_error *err)
{
    (void)err;
    pair_forward(c, bce_loss);
    return HONE_OK;
}

static hone_status bce_backward(const hone_op_call *c, hone_error *err)
{
    (void)err;
    pair_backward(c, bce_slopes);
    return HONE_OK;
}

static hone_status bce_example(hone_graph *g, uint32_t i, hone_node **y, hone_error *err)
{
    (void)err;
    return pair_example(g, i, y, &HONE__NAME(hone__op_binary_cross_entropy));
}

const hone_op HONE__NAME(hone__op_binary_cross_entropy) = {.size = sizeof(hone_op),
                                                           .version = 1,
                                                           .name = "binary_cross_entropy",
                                                           .backward_needs = HONE_NEEDS_X(0) | HONE_NEEDS_X(1),
                                                           .flags = HONE_OP_ROWS_INDEPENDENT,
                                                           .shape = pair_shape,
                                                           .forward = bce_forward,
                                                           .backward = bce_backward,
                                                           .example = bce_example,
                                                           .f64 = HONE__TWIN(hone__op_binary_cross_entropy)};

/* ---- squared_error ------------------------------------------------------------------------------------------------ */

static hone_real se_loss(hone_real s, hone_real t)
{
    return (s - t) * (s - t);
}

static void se_slopes(hone_real s, hone_real t, hone_real *ds, hone_real *dt)
{
    *ds = 2 * (s - t);
    *dt = -*ds;
}

static hone_status se_forward(const hone_op_call *c, hone_error *err)
{
    (void)err;
    pair_forward(c, se_loss);
    return HONE_OK;
}

static hone_status se_backward(const hone_op_call *c, hone_error *err)
{
    (void)err;
    pair_backward(c, se_slopes);
    return HONE_OK;
}

static hone_status se_example(hone_graph *g, uint32_t i, hone_node **y, hone_error *err)
{
    (void)err;
    return pair_example(g, i, y, &HONE__NAME(hone__op_squared_error));
}

const hone_op HONE__NAME(hone__op_squared_error) = {.size = sizeof(hone_op),
                                                    .version = 1,
                                                    .name = "squared_error",
                                                    .backward_needs = HONE_NEEDS_X(0) | HONE_NEEDS_X(1),
                                                    .flags = HONE_OP_ROWS_INDEPENDENT,
                                                    .shape = pair_shape,
                                                    .forward = se_forward,
                                                    .backward = se_backward,
                                                    .example = se_example,
                                                    .f64 = HONE__TWIN(hone__op_squared_error)};
