/* run.h - the host's side of a graph: making one, its inputs, planning its memory, running it forward and backward.
 *
 * One step:  create -> inputs -> build (model, head) -> keep and seed -> plan -> forward -> backward -> read results -> destroy.
 * Nodes from which no kept or seeded node is reached are not run. Memory of a node is shared with later nodes once nobody needs
 * it (backward_needs); one block, which the caller reuses from step to step, holds everything that the plan counts.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_TENSOR_RUN_H
#define HONE_CORE_TENSOR_RUN_H

#include "tensor/store.h"
#include <hone/backend.h>
#include <hone/ops.h>

typedef struct hone__graph_setup {
    hone_arena *arena;           /* the step's: nodes live here */
    hone_store *store;           /* may be NULL in graphs without weights */
    const hone_backend *backend; /* may be NULL: the reference operators */
    const struct hone_self *backend_self;
    hone_pool *pool; /* may be NULL */
    uint64_t seed, step, pass, first_sequence;
    bool training;
    bool bf16;     /* linear layers round the operands of their products to bf16 */
    uint32_t real; /* 0: HONE_F32 */
} hone__graph_setup;

/* NULL when memory is short. Nothing to destroy: it dies with its arena. */
hone_graph *hone__graph_create(const hone__graph_setup *setup) HONE_CHECKED;

/* Names of weights and of random keys made until leave() get this prefix ("bert."); with no_gradient they are constants. */
void hone__graph_enter(hone_graph *g, const char *prefix, bool no_gradient);
void hone__graph_leave(hone_graph *g);

/* While on, dropout over nodes that depend on no trainable weight is not built: frozen layers run without it, so that their output is
 * the same in every epoch. (A head's dropout over a frozen encoder stays: it is built while this is off.) */
void hone__graph_quiet(hone_graph *g, bool on);
/* Is dropout over this node built in? For the builders. */
bool hone__graph_drops(const hone_graph *g, const hone_node *x);

/* setup.bf16. For the builders. */
bool hone__graph_bf16(const hone_graph *g);

/* In place of a node that hone_open() will name so (whole name), and that depends on no trainable weight: these numbers, as many as it
 * has, which must outlive the run. What only that node needs does not run. One a graph, before anything is built. */
void hone__graph_supply(hone_graph *g, const char *name, const float *data);
/* The last float32 node that was opened and depends on no trainable weight, and its name; NULL where there is none. */
hone_node *hone__graph_constant(const hone_graph *g, const char **name);

/* Random numbers of what is built from now on are those of that pass; returns the pass before. */
uint64_t hone__graph_pass(hone_graph *g, uint64_t pass);

/* A node over the caller's memory, which must outlive the run; no gradient. Reals in F32 are converted where the graph is F64. */
hone_node *hone__graph_input(hone_graph *g, uint32_t dtype, const hone_shape *shape, const void *data);

/* The node's data (and, with gradient, its gradient) must be there after the run. */
void hone__graph_keep(hone_graph *g, hone_node *node, bool gradient);
/* Backward starts here: the gradient of this node is dy (same count of reals; float, copied at backward). */
void hone__graph_seed(hone_graph *g, hone_node *node, const float *dy);
/* The node hone_open() named so, or NULL; and an addition to it, [same shape] floats, before the run. */
hone_node *hone__graph_opened(const hone_graph *g, const char *name);
void hone__graph_perturb(hone_graph *g, hone_node *opened, const float *delta);

/* Plans memory. *bytes (may be NULL) is the size of the block that run needs. Also fails with the graph's own sticky error. */
hone_status hone__graph_plan(hone_graph *g, bool backward, size_t *bytes, hone_error *err) HONE_CHECKED;

/* Floating-point operations of a planned graph: of its products with weights and its attention, and one for every other number. */
double hone__graph_work(const hone_graph *g);

/* Of a planned graph: do all of its operators have HONE_OP_ROWS_INDEPENDENT? And the weights [n] that it reads, into `out`, which may be
 * NULL. */
bool hone__graph_rows_independent(const hone_graph *g);
size_t hone__graph_weights(const hone_graph *g, const hone__weight **out);

/* A block of memory that grows and is reused from step to step (huge pages asked for where large). Zero-initialised is empty. */
typedef struct hone__block {
    void *data;
    size_t size;
} hone__block;
void hone__block_free(hone__block *block);

/* Runs what was planned. Gradients of weights are ADDED to the store's block, each complete for this graph before it is added;
 * hone__weight.reached is set for those. */
hone_status hone__graph_forward(hone_graph *g, hone__block *block, hone_error *err) HONE_CHECKED;
hone_status hone__graph_backward(hone_graph *g, hone_error *err) HONE_CHECKED;

/* After the run, of kept nodes. */
const hone_tensor *hone__node_tensor(const hone_node *node);
const hone_tensor *hone__node_gradient(const hone_node *node);

/* All operators of the core, NULL-terminated. */
extern const hone_op *const hone__core_ops[];

/* ---- Gradient check ---------------------------------------------------------------------------------------------- */

typedef struct hone__gradcheck {
    double worst; /* largest relative error seen */
    int64_t checked;
    char where[160];
} hone__gradcheck;

/* Every example() of the operator: analytic gradients of a random projection of all outputs against central differences. In double
 * where op->f64 is there (one step size, relative error <= 1e-6 expected), else in float (several step sizes, the best counts,
 * 5e-3; of operators that round to bf16 2e-2 is allowed whatever `tolerance` says).
 * `backend` may be NULL. HONE_EINVAL, with the place, where `tolerance` is exceeded. */
hone_status hone__gradcheck_op(const hone_op *op, const hone_backend *backend, const struct hone_self *backend_self,
                               hone_pool *pool, double tolerance, hone__gradcheck *result, hone_error *err) HONE_CHECKED;

#endif
