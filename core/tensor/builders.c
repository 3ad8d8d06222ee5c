/* builders.c - what models are written with: each operator under its function, and the compound ones made of several.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "tensor/core_ops.h"
#include "tensor/run.h"
#include <string.h>

/* ---- One operator each -------------------------------------------------------------------------------------------- */

static const struct activation {
    const char *name;
    hone_activation activation;
} activation_names[] = {
    {"gelu", HONE_ACT_GELU},           {"gelu_python", HONE_ACT_GELU},
    {"gelu_new", HONE_ACT_GELU_TANH},  {"gelu_pytorch_tanh", HONE_ACT_GELU_TANH},
    {"gelu_fast", HONE_ACT_GELU_TANH}, {"relu", HONE_ACT_RELU},
    {"tanh", HONE_ACT_TANH},           {"sigmoid", HONE_ACT_SIGMOID},
    {"linear", HONE_ACT_NONE},
};

int32_t hone_activation_by_name(const char *name)
{
    for (size_t i = 0; i < sizeof activation_names / sizeof *activation_names; i++) {
        if (strcmp(activation_names[i].name, name) == 0)
            return (int32_t)activation_names[i].activation;
    }
    return -1;
}

hone_node *hone_activate(hone_graph *g, hone_node *x, hone_activation act)
{
    static const hone_op *const ops[] = {
        [HONE_ACT_NONE] = NULL,           [HONE_ACT_GELU] = &hone__op_gelu, [HONE_ACT_GELU_TANH] = &hone__op_gelu_tanh,
        [HONE_ACT_RELU] = &hone__op_relu, [HONE_ACT_TANH] = &hone__op_tanh, [HONE_ACT_SIGMOID] = &hone__op_sigmoid,
    };
    if ((int)act < 0 || (size_t)act >= sizeof ops / sizeof *ops)
        return hone_graph_fail(g, HONE_EINVAL, "activation %d is not one of hone_activation", (int)act);
    return ops[act] ? hone_apply(g, NULL, ops[act], NULL, 1, &x) : x;
}

hone_node *hone_add(hone_graph *g, hone_node *a, hone_node *b)
{
    return hone_apply(g, NULL, &hone__op_add, NULL, 2, (hone_node *[]){a, b});
}

hone_node *hone_mul(hone_graph *g, hone_node *a, hone_node *b)
{
    return hone_apply(g, NULL, &hone__op_mul, NULL, 2, (hone_node *[]){a, b});
}

hone_node *hone_scaled(hone_graph *g, hone_node *x, double factor)
{
    const hone_scale_params params = {factor};
    return hone_apply(g, NULL, &hone__op_scale, &params, 1, &x);
}

hone_node *hone_dropout(hone_graph *g, const char *scope, hone_node *x, hone_node *starts, double p)
{
    if (!(p >= 0 && p < 1)) /* also in evaluation, so that a mistake is seen at once */
        return hone_graph_fail(g, HONE_EINVAL, "dropout at %s: the probability is %g; it must lie in [0, 1)", scope, p);
    if (!hone__graph_drops(g, x) || p == 0)
        return x;
    const hone_dropout_params params = {p};
    return hone_apply(g, scope, &hone__op_dropout, &params, 2, (hone_node *[]){x, starts});
}

hone_node *hone_lookup(hone_graph *g, hone_node *table, hone_node *ids)
{
    return hone_apply(g, NULL, &hone__op_gather, NULL, 2, (hone_node *[]){table, ids});
}

hone_node *hone_gather(hone_graph *g, hone_node *x, hone_node *rows)
{
    return hone_apply(g, NULL, &hone__op_gather, NULL, 2, (hone_node *[]){x, rows});
}

hone_node *hone_first_rows(hone_graph *g, hone_node *x, hone_node *starts)
{
    return hone_apply(g, NULL, &hone__op_first_rows, NULL, 2, (hone_node *[]){x, starts});
}

hone_node *hone_mean_rows(hone_graph *g, hone_node *x, hone_node *starts)
{
    return hone_apply(g, NULL, &hone__op_mean_rows, NULL, 2, (hone_node *[]){x, starts});
}

hone_node *hone_concat(hone_graph *g, uint32_t n, hone_node *const *x)
{
    return hone_apply(g, NULL, &hone__op_concat, NULL, n, x);
}

hone_node *hone_slice(hone_graph *g, hone_node *x, int64_t begin, int64_t end)
{
    const hone_slice_params params = {begin, end};
    return hone_apply(g, NULL, &hone__op_slice, &params, 1, &x);
}

hone_node *hone_attention(hone_graph *g, const char *scope, hone_node *q, hone_node *k, hone_node *v, hone_node *starts,
                          int64_t heads, double p)
{
    if (!(p >= 0 && p < 1))
        return hone_graph_fail(g, HONE_EINVAL, "attention at %s: the dropout probability is %g; it must lie in [0, 1)", scope,
                               p);
    const bool drops = hone__graph_drops(g, q) || hone__graph_drops(g, k) || hone__graph_drops(g, v);
    const hone_attention_params params = {heads, drops ? p : 0.0};
    return hone_apply(g, scope, &hone__op_attention, &params, 4, (hone_node *[]){q, k, v, starts});
}

hone_node *hone_cross_entropy(hone_graph *g, hone_node *scores, hone_node *gold, hone_node *w, double smoothing)
{
    const hone_cross_entropy_params params = {smoothing};
    return hone_apply(g, NULL, &hone__op_cross_entropy, &params, 3, (hone_node *[]){scores, gold, w});
}

hone_node *hone_binary_cross_entropy(hone_graph *g, hone_node *scores, hone_node *targets)
{
    return hone_apply(g, NULL, &hone__op_binary_cross_entropy, NULL, 2, (hone_node *[]){scores, targets});
}

hone_node *hone_squared_error(hone_graph *g, hone_node *scores, hone_node *targets)
{
    return hone_apply(g, NULL, &hone__op_squared_error, NULL, 2, (hone_node *[]){scores, targets});
}

/* ---- With weights ------------------------------------------------------------------------------------------------- */

hone_node *hone_embedding(hone_graph *g, const char *name, int64_t v, int64_t h, hone_init init, hone_node *ids)
{
    hone_shape shape = hone_shape_2(v, h);
    hone_node *table = hone_weight(g, name, &shape, init, 0);
    return hone_apply(g, name, &hone__op_gather, NULL, 2, (hone_node *[]){table, ids});
}

static const hone_op *linear_op(const hone_graph *g)
{
    return hone__graph_bf16(g) ? &hone__op_linear_bf16 : &hone__op_linear;
}

static hone_node *linear(hone_graph *g, const char *scope, hone_node *x, int64_t out, hone_init init, bool bias)
{
    static const hone_init zeros = {HONE_INIT_ZEROS, 0, 0.0};
    hone_shape w_shape = hone_shape_2(out, hone_node_columns(x)), b_shape = hone_shape_1(out);
    hone_node *w = hone_weight(g, hone_scope(g, "%s.weight", scope), &w_shape, init, 0);
    hone_node *b = bias ? hone_weight(g, hone_scope(g, "%s.bias", scope), &b_shape, zeros, HONE_WEIGHT_NO_DECAY) : NULL;
    return hone_apply(g, scope, linear_op(g), NULL, 3, (hone_node *[]){x, w, b});
}

hone_node *hone_linear(hone_graph *g, const char *scope, hone_node *x, int64_t out, hone_init init)
{
    return linear(g, scope, x, out, init, true);
}

hone_node *hone_linear_no_bias(hone_graph *g, const char *scope, hone_node *x, int64_t out, hone_init init)
{
    return linear(g, scope, x, out, init, false);
}

hone_node *hone_linear_of(hone_graph *g, hone_node *x, hone_node *w, hone_node *b)
{
    return hone_apply(g, NULL, linear_op(g), NULL, 3, (hone_node *[]){x, w, b});
}

hone_node *hone_layer_norm(hone_graph *g, const char *scope, hone_node *x, double eps)
{
    static const hone_init zeros = {HONE_INIT_ZEROS, 0, 0.0}, ones = {HONE_INIT_ONES, 0, 0.0};
    const hone_layer_norm_params params = {eps};
    hone_shape shape = hone_shape_1(hone_node_columns(x));
    hone_node *gain = hone_weight(g, hone_scope(g, "%s.weight", scope), &shape, ones, HONE_WEIGHT_NO_DECAY);
    hone_node *bias = hone_weight(g, hone_scope(g, "%s.bias", scope), &shape, zeros, HONE_WEIGHT_NO_DECAY);
    return hone_apply(g, scope, &hone__op_layer_norm, &params, 3, (hone_node *[]){x, gain, bias});
}

/* ---- Compound ----------------------------------------------------------------------------------------------------- */

void hone_linear_group(hone_graph *g, uint32_t n, const char *const *scopes, hone_node *x, const int64_t *outs, hone_init init,
                       hone_node **y)
{
    for (uint32_t i = 0; i < n; i++)
        y[i] = hone_linear(g, scopes[i], x, outs[i], init);
}

hone_node *hone_linear_activate(hone_graph *g, const char *scope, hone_node *x, int64_t out, hone_init init,
                                hone_activation act)
{
    return hone_activate(g, hone_linear(g, scope, x, out, init), act);
}

hone_node *hone_residual_norm(hone_graph *g, const char *scope, hone_node *x, hone_node *residual, hone_node *starts, double p,
                              double eps)
{
    hone_node *dropped = hone_dropout(g, hone_scope(g, "%s.dropout", scope), x, starts, p);
    return hone_layer_norm(g, scope, hone_add(g, residual, dropped), eps);
}
