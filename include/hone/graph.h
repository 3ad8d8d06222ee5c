/* hone/graph.h - operators, and the graph of them that one step builds, runs and differentiates.
 *
 * A graph is built anew for every step, in an arena that is emptied after the step. Building sees shapes, never data. Errors
 * while building are sticky: these functions never return NULL; after the first error the graph is poisoned, later calls do
 * nothing, and hone_graph_status() reports that first error. Ask once, at the end.
 *
 * Letters: E examples, B sequences, N tokens of the batch, I items of a loss, H hidden, A heads, C classes, V vocabulary.
 * Batches are packed: the tokens of all sequences stand one after another, [N], and starts [B+1] says where each begins.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_GRAPH_H
#define HONE_GRAPH_H

#include "base.h"
#include "tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hone_graph hone_graph;
typedef struct hone_node hone_node;
typedef struct hone_op hone_op;

enum { HONE_MAX_INPUTS = 16, HONE_MAX_OUTPUTS = 4 };

/* ---- Operators --------------------------------------------------------------------------------------------------- */

/* What an operator sees. Only shape() may write y[i]->shape and y[i]->dtype; data pointers are there from forward on. */
typedef struct hone_op_call {
    uint64_t size; /* sizeof(hone_op_call) of the host */
    const hone_op *op;
    const void *params; /* op->params_size bytes, copied when the node was made */
    uint32_t n_x, n_y;
    const hone_tensor *const *x;  /* [n_x] inputs; an absent optional input is a NULL pointer */
    hone_tensor *const *y;        /* [n_y] outputs; forward writes every element */
    hone_tensor *const *dx;       /* [n_x] backward only: gradients of the inputs, NULL where none is wanted; ADD to them */
    const hone_tensor *const *dy; /* [n_y] backward only: gradients of the outputs, NULL for an output nobody used */
    void *saved;                  /* saved_size() bytes that live from forward to backward, aligned to 64 */
    void *scratch;                /* scratch_size() bytes, during the call, aligned to 64 */
    hone_pool *pool;              /* share rows out over it; may be NULL */
    hone_stream random;           /* of seed, scope name, step and pass; the same in forward and backward */
    uint64_t first_sequence; /* index within the optimizer step of this batch's first sequence: add it to a sequence's number */
    uint32_t training;       /* 1 while training, 0 in evaluation */
    /* Backward only, for backends with HONE_BACKEND_WRITES: where bit i is set dx[i] holds nothing yet, and is written whole instead of
     * added to. */
    uint32_t fresh;
    /* [n_x] for backends: what hone_backend.form() made of the inputs, NULL where it made nothing; the whole may be NULL. */
    const void *const *forms;
} hone_op_call;

/* backward_needs: which inputs' and outputs' DATA must still be there when backward runs (shapes always are). */
#define HONE_NEEDS_X(i) (1u << (i))
#define HONE_NEEDS_Y(i) (1u << (HONE_MAX_INPUTS + (i)))

enum {
    HONE_OP_ROWS_INDEPENDENT = 1u << 0, /* forward and dX of a row (in attention: a sequence) depend on it alone */
    HONE_OP_BF16 = 1u << 1 /* rounds the operands of its products to bf16, each by up to 2^-9 of itself; f64 does not */
};

/* A differentiable operator. Those of the core are of the same type: shape-checked, planned and gradient-checked alike. */
struct hone_op {
    uint32_t size;        /* sizeof(hone_op) */
    uint32_t version;     /* changes when the meaning does; backends ask for name and version */
    const char *name;     /* plugins: "pluginname.op"; no dot in the core's own */
    uint32_t params_size; /* bytes that hone_apply copies; 0: none */
    uint32_t n_y;         /* outputs, 0 means 1 */
    uint32_t backward_needs;
    uint32_t flags;
    /* Checks the inputs and writes y[i]->shape and y[i]->dtype. */
    hone_status (*shape)(const hone_op_call *call, hone_error *err);
    size_t (*saved_size)(const hone_op_call *call);   /* may be NULL: nothing saved */
    size_t (*scratch_size)(const hone_op_call *call); /* may be NULL: none */
    hone_status (*forward)(const hone_op_call *call, hone_error *err);
    hone_status (*backward)(const hone_op_call *call, hone_error *err); /* may be NULL: not differentiable */
    /* Builds small instance i (0, 1, ...) of the operator over hone_example_input() nodes, for the check by finite differences;
     * HONE_END after the last. Every operator has it. */
    hone_status (*example)(hone_graph *g, uint32_t i, hone_node **y, hone_error *err);
    const hone_op *f64; /* the same operator over F64 for the gradient check; may be NULL: it is then checked in float */
    uint64_t reserved[4];
};

/* Appends an operator and returns its first output. `scope` names the place for random numbers and messages, under the graph's
 * prefix ("encoder.layer.3.attention"); may be NULL for operators that draw none. x[i] may be NULL where the operator allows.
 * `params` (may be NULL) is copied. */
HONE_EXPORT hone_node *hone_apply(hone_graph *g, const char *scope, const hone_op *op, const void *params, uint32_t n_x,
                                  hone_node *const *x);
/* Output i of the operator whose first output is `node`. */
HONE_EXPORT hone_node *hone_output(hone_graph *g, hone_node *node, uint32_t i);

HONE_EXPORT const hone_shape *hone_node_shape(const hone_node *node);
HONE_EXPORT uint32_t hone_node_dtype(const hone_node *node);
/* Rows of the last dimension: the product of all others; and the last dimension itself (1 for rank 0). */
HONE_EXPORT int64_t hone_node_rows(const hone_node *node);
HONE_EXPORT int64_t hone_node_columns(const hone_node *node);

/* The first error of the graph, or HONE_OK. */
HONE_EXPORT hone_status hone_graph_status(const hone_graph *g, hone_error *err) HONE_CHECKED;
/* Poisons the graph (the first error stands) and returns a node that can be passed on. */
HONE_EXPORT hone_node *hone_graph_fail(hone_graph *g, hone_status status, const char *fmt, ...) HONE_PRINTF(3, 4);
/* True while training: dropout is then built in. */
HONE_EXPORT bool hone_graph_training(const hone_graph *g);
/* The type real numbers have in this graph: HONE_F32, or HONE_F64 in the gradient check. */
HONE_EXPORT uint32_t hone_graph_real(const hone_graph *g);
/* "encoder.layer.3" in the step's memory; never NULL. */
HONE_EXPORT const char *hone_scope(hone_graph *g, const char *fmt, ...) HONE_PRINTF(2, 3);

/* A copy of `data` (of dtype and shape) as a node without gradient; reals are given as float or double and converted. */
HONE_EXPORT hone_node *hone_constant(hone_graph *g, uint32_t dtype, const hone_shape *shape, const void *data);
/* x, but no gradient flows back through it. */
HONE_EXPORT hone_node *hone_stop_gradient(hone_graph *g, hone_node *x);
/* x under a name: techniques can read its gradient and add a perturbation to it in a later pass of the same step ("embeddings"),
 * and `hone embed` can ask for it ("layer.3"). */
HONE_EXPORT hone_node *hone_open(hone_graph *g, const char *name, hone_node *x);

/* For example() only: an input of uniform numbers in [lo, hi) (integers: lo .. hi-1), different for each call. Real ones get a
 * gradient, which is checked. */
HONE_EXPORT hone_node *hone_example_input(hone_graph *g, uint32_t dtype, const hone_shape *shape, double lo, double hi);

/* ---- Weights ----------------------------------------------------------------------------------------------------- */

/* The parameter store of a trial: weights (trained) and buffers (saved, not trained), by name. */
typedef struct hone_store hone_store;

typedef enum hone_init_kind { HONE_INIT_ZEROS = 0, HONE_INIT_ONES, HONE_INIT_NORMAL, HONE_INIT_UNIFORM } hone_init_kind;

typedef struct hone_init {
    uint32_t kind; /* hone_init_kind */
    uint32_t zero;
    double scale; /* standard deviation, or the bound of [-scale, scale) */
} hone_init;

enum {
    HONE_WEIGHT_NO_DECAY = 1u << 0, /* biases and layer norms: weight decay leaves them alone */
    HONE_WEIGHT_BUFFER = 1u << 1    /* saved with the model, not optimised */
};

/* The weight of that name under the graph's prefix; made and initialised (from seed and name alone) where the store does not
 * have it. A weight that is there with another shape is an error. Frozen ones have no gradient. */
HONE_EXPORT hone_node *hone_weight(hone_graph *g, const char *name, const hone_shape *shape, hone_init init, uint32_t flags);
/* The same, of a weight that somebody has made before; poisons the graph where there is none. For decoders tied to embeddings. */
HONE_EXPORT hone_node *hone_weight_of(hone_graph *g, const char *name);

/* The weight of that full name, for host code such as a head's decode; NULL if absent. float32, owned by the store; valid until
 * the next update. [any thread] */
HONE_EXPORT const hone_tensor *hone_store_find(const hone_store *store, const char *name);

#ifdef __cplusplus
}
#endif

#endif
