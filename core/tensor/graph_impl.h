/* graph_impl.h - what a graph consists of, for the files that build it (graph.c), plan it (plan.c) and run it (run.c).
 *
 * A node is one array: a leaf (input, constant, weight), an output of a call, or a view, which shares the data of another node
 * and, unless it stops gradients, its gradient. Only roots (nodes that are no views) have memory.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_TENSOR_GRAPH_IMPL_H
#define HONE_CORE_TENSOR_GRAPH_IMPL_H

#include "tensor/run.h"

typedef struct hone__call hone__call;

/* A piece of the block, needed from the instant `from` to the instant `to`, both included. Reached call i of n runs forward at
 * instant i and backward at instant 2 n - 1 - i. */
typedef struct hone__piece {
    struct hone__piece *next; /* of those that begin, then of those that end, at one instant */
    size_t bytes, offset;
    int64_t from, to;
} hone__piece;

struct hone_node {
    hone_tensor value, gradient;
    hone_node *next;       /* in the order of building */
    hone_node *view_of;    /* NULL for a root */
    hone_node *next_open;  /* of the nodes that hone_open() named */
    hone_node *next_leaf;  /* of the weights with the same hash */
    hone__call *call;      /* that makes it; NULL for leaves and views */
    hone__weight *weight;  /* NULL for all but weights */
    const void *host;      /* a leaf's data in the caller's memory or the arena */
    void *converted;       /* room for the leaf's data in the graph's real type, where `host` has another; else NULL */
    uint32_t host_dtype;   /* of host */
    const char *open_name; /* hone_open() */
    const float *seed;     /* hone__graph_seed() */
    bool stops;            /* a view that lets no gradient through */
    bool trainable;        /* a leaf that wants its gradient */
    bool trains;           /* depends on a trainable leaf: known while building */
    bool keep, keep_gradient;
    /* Written by the plan. */
    bool wanted;          /* its data is needed */
    uint32_t uses;        /* of it or a view of it as an input of calls that run */
    bool looked_at;       /* it or a view of it is kept or seeded */
    bool depends;         /* on something trainable, so a gradient is of use to it */
    bool has_gradient;    /* backward computes it */
    bool direct;          /* a weight whose gradient is summed in the store's block itself */
    bool cleared;         /* backward has begun to add to it */
    hone__call *finisher; /* the last call to add to its gradient */
    hone__piece data, slope;
};

/* Calls that a backend runs as one, in the order of forward. */
typedef struct hone__run {
    hone__call *first, *last;
    const hone_op_call **calls; /* [n] */
    uint32_t n;
    size_t scratch;
} hone__run;

struct hone__call {
    hone_op_call call;
    hone__call *next, *previous; /* in the order of running */
    const char *scope;           /* with the graph's prefix, for messages; "" where there is none */
    hone_node **inputs;          /* [n_x], NULL where absent */
    hone_node **outputs;         /* [n_y] */
    const hone_tensor **x, **dy; /* what call.x and call.dy point to */
    hone_tensor **y, **dx;
    bool depends; /* an input does, and there is a backward: a gradient of an output is of use */
    bool reached, differentiated;
    bool backend[2];       /* by hone_direction: the backend does it */
    hone__form **forms[2]; /* by hone_direction: [n_x] of the inputs, NULL where there is none; or NULL */
    const void **made;     /* [n_x] what call.forms points to, where there are forms */
    hone__run *runs[2];    /* by hone_direction: the run it belongs to; NULL where it runs by itself */
    hone__piece saved;
    int64_t at;             /* the instant of its forward */
    int64_t from[2], to[2]; /* by hone_direction: the instants of its run, or of itself alone */
};

enum { HONE__LEAF_BUCKETS = 64 };

typedef enum hone__graph_state { HONE__BUILDING, HONE__PLANNED, HONE__FORWARDED, HONE__BACKWARDED } hone__graph_state;

typedef struct hone__scope {
    struct hone__scope *outer;
    const char *prefix; /* the whole of it, all outer ones included */
    bool no_gradient;
} hone__scope;

struct hone_graph {
    hone__graph_setup setup;
    hone_error error; /* the first one; status HONE_OK while all is well */
    hone__graph_state state;
    hone_node *first, *last;
    hone__call *first_call, *last_call;
    hone_node *opened;
    hone_node *weights[HONE__LEAF_BUCKETS];
    hone__scope outermost;
    hone__scope *scope;
    bool quiet;           /* hone__graph_quiet() */
    const char *supplied; /* hone__graph_supply(): the name; NULL: nothing is */
    const float *supply;
    uint64_t n_examples; /* hone_example_input() calls so far */
    hone_node poison;
    /* Written by the plan. */
    bool backward;
    int64_t n_reached;
    size_t bytes, scratch_bytes, scratch_offset;
};

/* The node that owns the data of `node`, and the one that owns its gradient (NULL where a view stops it). */
hone_node *hone__root(hone_node *node);
hone_node *hone__gradient_root(hone_node *node);
/* A new node at the end of the graph, or NULL and a poisoned graph. */
hone_node *hone__node_new(hone_graph *g, uint32_t dtype, const hone_shape *shape);
bool hone__poisoned(const hone_graph *g);
/* Points dx and dy of a call at the gradients that are wanted. */
void hone__call_slopes(hone__call *c);
/* Example inputs in the order of their making: real ones only, for the gradient check. */
bool hone__is_example(const hone_node *node);

#endif
