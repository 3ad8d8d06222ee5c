/* hone/ops.h - the operators and compound builders that models and heads are written with.
 *
 * Reals are hone_graph_real(g) (float32 but for the gradient check), indices I32. Builders that take a scope own the weights under
 * it, named as Hugging Face names them ("SCOPE.weight", "SCOPE.bias"). hone_linear() and its relatives are the only way to a weight
 * matrix, so that the store may hold it in another form (low-rank adapters, int8, packed), and where trainer.precision decides what is
 * multiplied.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_OPS_H
#define HONE_OPS_H

#include "graph.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum hone_activation {
    HONE_ACT_NONE = 0,
    HONE_ACT_GELU,      /* x Phi(x), by erf. Source: Hendrycks and Gimpel 2016 */
    HONE_ACT_GELU_TANH, /* its tanh form, "gelu_new" */
    HONE_ACT_RELU,
    HONE_ACT_TANH,
    HONE_ACT_SIGMOID
} hone_activation;

/* The activation that Transformers calls so ("gelu", "gelu_new", "gelu_pytorch_tanh", "relu", "tanh", "sigmoid"); -1 if none. */
HONE_EXPORT int32_t hone_activation_by_name(const char *name);

/* ---- Element-wise ------------------------------------------------------------------------------------------------ */

/* a + b, equal shapes; or b [C] added to every row of a [.., C]. */
HONE_EXPORT hone_node *hone_add(hone_graph *g, hone_node *a, hone_node *b);
HONE_EXPORT hone_node *hone_mul(hone_graph *g, hone_node *a, hone_node *b); /* equal shapes */
HONE_EXPORT hone_node *hone_scaled(hone_graph *g, hone_node *x, double factor);
HONE_EXPORT hone_node *hone_activate(hone_graph *g, hone_node *x, hone_activation act); /* HONE_ACT_NONE gives x */
/* Each element is zero with probability p, else divided by 1 - p. x [R, C] with starts [B+1]: rows of sequences, counted from each
 * sequence's start; starts NULL: row r is sequence r. In evaluation, and for p = 0, x itself. */
HONE_EXPORT hone_node *hone_dropout(hone_graph *g, const char *scope, hone_node *x, hone_node *starts, double p);

/* ---- Rows and columns -------------------------------------------------------------------------------------------- */

/* table [V, H], ids [N] -> [N, H]; an id outside the table fails the step. */
HONE_EXPORT hone_node *hone_lookup(hone_graph *g, hone_node *table, hone_node *ids);
/* Rows of x [R, C] by index [M] -> [M, C]. */
HONE_EXPORT hone_node *hone_gather(hone_graph *g, hone_node *x, hone_node *rows);
/* The first row of each sequence: x [N, C], starts [B+1] -> [B, C]. */
HONE_EXPORT hone_node *hone_first_rows(hone_graph *g, hone_node *x, hone_node *starts);
/* The mean of each sequence's rows; an empty sequence gives zeros. */
HONE_EXPORT hone_node *hone_mean_rows(hone_graph *g, hone_node *x, hone_node *starts);
/* Along the last dimension: all [.., Ci] -> [.., sum Ci]. */
HONE_EXPORT hone_node *hone_concat(hone_graph *g, uint32_t n, hone_node *const *x);
/* Columns begin .. end-1 of the last dimension. */
HONE_EXPORT hone_node *hone_slice(hone_graph *g, hone_node *x, int64_t begin, int64_t end);
/* The same elements in another shape of equal count. */
HONE_EXPORT hone_node *hone_reshape(hone_graph *g, hone_node *x, const hone_shape *shape);

/* ---- Layers ------------------------------------------------------------------------------------------------------ */

/* table "NAME" [V, H] of the store, looked up. */
HONE_EXPORT hone_node *hone_embedding(hone_graph *g, const char *name, int64_t v, int64_t h, hone_init init, hone_node *ids);
/* y = x W^T + b: x [.., in], "SCOPE.weight" [out, in], "SCOPE.bias" [out]. */
HONE_EXPORT hone_node *hone_linear(hone_graph *g, const char *scope, hone_node *x, int64_t out, hone_init init);
HONE_EXPORT hone_node *hone_linear_no_bias(hone_graph *g, const char *scope, hone_node *x, int64_t out, hone_init init);
/* y = x W^T + b with weights that are nodes already: w [out, in]; b [out] may be NULL. For a decoder tied to the embeddings. */
HONE_EXPORT hone_node *hone_linear_of(hone_graph *g, hone_node *x, hone_node *w, hone_node *b);
/* n linears over one input (query, key and value), which a backend may run as one. y[n] receives the outputs. */
HONE_EXPORT void hone_linear_group(hone_graph *g, uint32_t n, const char *const *scopes, hone_node *x, const int64_t *outs,
                                   hone_init init, hone_node **y);
HONE_EXPORT hone_node *hone_linear_activate(hone_graph *g, const char *scope, hone_node *x, int64_t out, hone_init init,
                                            hone_activation act);
/* (x - mean) / sqrt(variance + eps) * "SCOPE.weight" + "SCOPE.bias", per row. Source: Ba et al. 2016, equation 3. */
HONE_EXPORT hone_node *hone_layer_norm(hone_graph *g, const char *scope, hone_node *x, double eps);
/* hone_layer_norm(residual + dropout(x)). */
HONE_EXPORT hone_node *hone_residual_norm(hone_graph *g, const char *scope, hone_node *x, hone_node *residual,
                                          hone_node *starts, double p, double eps);
/* Softmax attention within each sequence: q, k, v [N, A*D], starts [B+1] -> [N, A*D]; scores scaled by 1/sqrt(D), dropout p on the
 * probabilities (element: head, query, key). Source: Vaswani et al. 2017, equation 1. */
HONE_EXPORT hone_node *hone_attention(hone_graph *g, const char *scope, hone_node *q, hone_node *k, hone_node *v,
                                      hone_node *starts, int64_t heads, double p);

/* ---- Losses, one number per item --------------------------------------------------------------------------------- */

/* (1 - smoothing) w_gold nll_gold + smoothing / C sum_c w_c nll_c, nll = -log softmax(scores): scores [I, C], gold [I] -> [I];
 * w [C] (may be NULL: ones) are class weights. An item with gold < 0 (PyTorch's ignore index) has loss 0 and no gradient. The sum
 * over items divided by the sum of their w_gold is PyTorch's mean; the core does that. */
HONE_EXPORT hone_node *hone_cross_entropy(hone_graph *g, hone_node *scores, hone_node *gold, hone_node *w, double smoothing);
/* Mean over C of max(s,0) - s t + log(1 + exp(-|s|)): scores and targets [I, C] (reals) -> [I]. */
HONE_EXPORT hone_node *hone_binary_cross_entropy(hone_graph *g, hone_node *scores, hone_node *targets);
/* Mean over C of (s - t)^2: [I, C] -> [I]; [I] counts as [I, 1]. */
HONE_EXPORT hone_node *hone_squared_error(hone_graph *g, hone_node *scores, hone_node *targets);

/* ---- What backends know of the core's operators ------------------------------------------------------------------- */

/* hone_op_call.params of the operators that have some, version 1 of each. Inputs, outputs and what is saved:
 *     linear         x [.., K], w [O, K], b [O] or absent -> [.., O]
 *     linear_bf16    the same; x, w and dy are rounded to bf16 (to nearest, ties to even) where they are multiplied
 *     attention      q, k, v [N, A D], starts [B+1] -> [N, A D]; saved [A, N]: log sum over j of exp(score), in reals
 *     dropout        x [R, C], starts [B+1] or absent -> [R, C]
 *     layer_norm     x [.., C], gain [C], bias [C] -> [.., C]; saved [R, 2]: mean and 1 / sqrt(variance + eps)
 *     cross_entropy  scores [I, C], gold [I], w [C] or absent -> [I]; saved [I]: log sum exp
 * and add, mul, scale, gelu, gelu_tanh, relu, tanh, sigmoid, gather, first_rows, mean_rows, concat, slice,
 * binary_cross_entropy, squared_error. Random numbers: see hone_dropout() and hone_attention(); an element is kept where its 32
 * bits are at least p 2^32. */
typedef struct hone_scale_params {
    double factor;
} hone_scale_params;

typedef struct hone_dropout_params {
    double p;
} hone_dropout_params;

typedef struct hone_slice_params {
    int64_t begin, end;
} hone_slice_params;

typedef struct hone_layer_norm_params {
    double eps;
} hone_layer_norm_params;

typedef struct hone_attention_params {
    int64_t heads;
    double p; /* of dropout; 0 in evaluation */
} hone_attention_params;

typedef struct hone_cross_entropy_params {
    double smoothing;
} hone_cross_entropy_params;

#ifdef __cplusplus
}
#endif

#endif
