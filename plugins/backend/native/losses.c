/* losses.c - softmax cross entropy; the operator is described in hone/ops.h.
 *
 * A row is one item: its scores are read to find the largest, once more for the sum, and in the backward pass once. The class weights'
 * gradient is shared out over the classes, each of which goes over the items in their order.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "native.h"

#include <math.h>
#include <string.h>

enum { CLASSES = 64 }; /* of which one thread adds up the weights' gradients at a time */

/* What an item's loss and gradient are made of: loss = (1 - smoothing) w_gold nll_gold + spread sum_c w_c nll_c. */
typedef struct losses {
    const native_set *set;
    const hone_op_call *call;
    const float *scores, *w; /* w: NULL: ones */
    const int32_t *gold;
    int64_t classes;
    float certain, spread; /* 1 - smoothing, smoothing / C */
    float spread_weights;  /* spread sum_c w_c */
} losses;

static losses losses_of(const native_set *set, const hone_op_call *c)
{
    const hone_cross_entropy_params *p = c->params;
    losses l = {.set = set,
                .call = c,
                .scores = c->x[0]->data,
                .w = c->x[2] ? c->x[2]->data : NULL,
                .gold = c->x[1]->data,
                .classes = c->x[0]->shape.dim[1],
                .certain = (float)(1 - p->smoothing)};
    l.spread = (float)p->smoothing / (float)l.classes;
    double weights = 0;
    for (int64_t k = 0; p->smoothing > 0 && k < l.classes; k++)
        weights += l.w ? l.w[k] : 1;
    l.spread_weights = (float)(l.spread * weights);
    return l;
}

static float weight_of_gold(const losses *l, int64_t i)
{
    return l->certain * (l->w ? l->w[l->gold[i]] : 1);
}

static void forward_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    const losses *l = ctx;
    float *saved = l->call->saved, *y = l->call->y[0]->data;
    (void)worker;
    for (int64_t i = begin; i < end; i++) {
        const float *s = l->scores + i * l->classes;
        saved[i] = l->set->log_sum_exp(l->classes, s);
        y[i] = 0;
        if (l->gold[i] < 0)
            continue;
        y[i] = weight_of_gold(l, i) * (saved[i] - s[l->gold[i]]);
        if (l->spread > 0)
            y[i] += l->spread * l->set->nll_sum(l->classes, s, l->w, saved[i]);
    }
}

static hone_status check_gold(const hone_op_call *c, hone_error *err)
{
    const int32_t *gold = c->x[1]->data;
    const int64_t items = c->x[0]->shape.dim[0], classes = c->x[0]->shape.dim[1];
    for (int64_t i = 0; i < items; i++)
        if (gold[i] >= classes)
            return hone_fail(err, HONE_EINVAL, "gold label %d (number %lld of %lld) is outside 0 .. %lld", gold[i],
                             (long long)i, (long long)items, (long long)classes - 1);
    return HONE_OK;
}

static hone_status forward(const native_set *set, const hone_op_call *c, hone_error *err)
{
    HONE_TRY(check_gold(c, err));
    losses l = losses_of(set, c);
    hone_pool_run(c->pool, c->x[0]->shape.dim[0], native_row_grain(l.classes), forward_range, &l);
    return HONE_OK;
}

/* d loss / d score k = p_k (certain w_gold + spread sum_c w_c) - spread w_k, and of the gold class certain w_gold less, which is computed
 * apart: where p is near 1, little is left of both. */
static void scores_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    const losses *l = ctx;
    const float *saved = l->call->saved, *dy = l->call->dy[0]->data;
    const bool add = native_adds(l->call, 0);
    (void)worker;
    for (int64_t i = begin; i < end; i++) {
        float *ds = (float *)l->call->dx[0]->data + i * l->classes;
        if (l->gold[i] < 0) {
            if (!add)
                memset(ds, 0, (size_t)l->classes * sizeof *ds);
            continue;
        }
        const float *s = l->scores + i * l->classes, gold = weight_of_gold(l, i), whole = gold + l->spread_weights;
        const float share = gold + l->spread * (l->w ? l->w[l->gold[i]] : 1), before = add ? ds[l->gold[i]] : 0;
        l->set->cross_entropy_back(l->classes, s, l->w, saved[i], dy[i] * whole, dy[i] * l->spread, ds, add);
        ds[l->gold[i]] = before + dy[i] * (expf(s[l->gold[i]] - saved[i]) * whole - share);
    }
}

/* d loss / d w_k = share(k) nll_k: spread, and for the gold class 1 - smoothing more. */
static void weights_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    const losses *l = ctx;
    const float *saved = l->call->saved, *dy = l->call->dy[0]->data;
    float *dw = l->call->dx[2]->data;
    (void)worker;
    for (int64_t k = begin; k < end && !native_adds(l->call, 2); k++)
        dw[k] = 0;
    for (int64_t i = 0; i < l->call->x[0]->shape.dim[0]; i++)
        for (int64_t k = begin; l->gold[i] >= 0 && k < end; k++)
            dw[k] += dy[i] * (l->spread + (k == l->gold[i] ? l->certain : 0)) * (saved[i] - l->scores[i * l->classes + k]);
}

static void backward(const native_set *set, const hone_op_call *c)
{
    losses l = losses_of(set, c);
    if (c->dx[0])
        hone_pool_run(c->pool, c->x[0]->shape.dim[0], native_row_grain(l.classes), scores_range, &l);
    if (c->dx[2])
        hone_pool_run(c->pool, l.classes, CLASSES, weights_range, &l);
}

const native_op native_cross_entropy = {"cross_entropy", NULL, NULL, forward, backward};
