/* plan.c - what of a graph must run, when each piece of memory is needed, and where in the block it lies.
 *
 * Instants: the n reached calls run forward at 0 .. n-1 and backward at n .. 2n-1, in reverse order. A piece of memory is needed
 * from one instant to another; pieces whose times overlap never overlap in the block. Offsets come from walking over the
 * instants with a list of free holes, smallest hole that fits first.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "tensor/graph_impl.h"
#include <string.h>

enum { ALIGNMENT = 64 };

static size_t rounded(size_t bytes)
{
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/* ---- What must run ----------------------------------------------------------------------------------------------- */

static bool wants_forward(const hone_node *node)
{
    return node->keep || node->keep_gradient || node->seed;
}

static void mark_reached(hone_graph *g)
{
    for (hone_node *node = g->first; node; node = node->next) {
        if (wants_forward(node))
            hone__root(node)->wanted = true;
    }
    for (hone__call *c = g->last_call; c; c = c->previous) {
        for (uint32_t i = 0; i < c->call.n_y; i++)
            c->reached |= c->outputs[i]->wanted;
        for (uint32_t i = 0; c->reached && i < c->call.n_x; i++) {
            if (c->inputs[i])
                hone__root(c->inputs[i])->wanted = true;
        }
    }
    for (hone__call *c = g->first_call; c; c = c->next)
        c->at = c->reached ? g->n_reached++ : -1;
}

/* A gradient is of use to leaves that are trained, to nodes whose gradient is kept, and to all that depends on one. */
static bool depends(hone_node *node)
{
    hone_node *root = hone__gradient_root(node);
    return root && root->depends;
}

static void mark_depends(hone_graph *g)
{
    for (hone_node *node = g->first; node; node = node->next) {
        hone_node *root = hone__gradient_root(node);
        if (root && node->keep_gradient)
            root->depends = true;
        if (node->trainable)
            node->depends = true;
    }
    for (hone__call *c = g->first_call; c; c = c->next) {
        for (uint32_t i = 0; c->call.op->backward && i < c->call.n_x; i++)
            c->depends |= c->inputs[i] && depends(c->inputs[i]);
        for (uint32_t i = 0; c->depends && i < c->call.n_y; i++) {
            uint32_t dtype = c->outputs[i]->value.dtype;
            c->outputs[i]->depends |= dtype == HONE_F32 || dtype == HONE_F64;
        }
    }
}

static void mark_differentiated(hone_graph *g)
{
    for (hone_node *node = g->first; node; node = node->next) {
        hone_node *root = node->seed ? hone__gradient_root(node) : NULL;
        if (root && root->depends)
            root->has_gradient = true;
    }
    for (hone__call *c = g->last_call; c; c = c->previous) {
        for (uint32_t i = 0; i < c->call.n_y; i++)
            c->differentiated |= c->outputs[i]->has_gradient;
        c->differentiated = c->differentiated && c->depends;
        for (uint32_t i = 0; c->differentiated && i < c->call.n_x; i++) {
            hone_node *root = c->inputs[i] ? hone__gradient_root(c->inputs[i]) : NULL;
            if (!root || !root->depends)
                continue;
            root->has_gradient = true;
            root->finisher = c; /* the first one forward, so the last one backward */
        }
    }
}

static void ask_backend(hone_graph *g)
{
    const hone_backend *backend = g->setup.backend;
    if (!backend || !backend->supports)
        return;
    for (hone__call *c = g->first_call; c; c = c->next) {
        c->backend[HONE_FORWARD] = c->reached && backend->supports(g->setup.backend_self, &c->call, HONE_FORWARD);
        c->backend[HONE_BACKWARD] = c->differentiated && backend->supports(g->setup.backend_self, &c->call, HONE_BACKWARD);
    }
}

/* ---- Forms of weights -------------------------------------------------------------------------------------------- */

void hone__call_slopes(hone__call *c)
{
    for (uint32_t i = 0; i < c->call.n_y; i++)
        c->dy[i] = c->outputs[i]->has_gradient ? &c->outputs[i]->gradient : NULL;
    for (uint32_t i = 0; i < c->call.n_x; i++) {
        hone_node *root = c->inputs[i] ? hone__gradient_root(c->inputs[i]) : NULL;
        c->dx[i] = c->differentiated && root && root->has_gradient ? &c->inputs[i]->gradient : NULL;
    }
}

static hone_status ask_form(hone_graph *g, hone__call *c, hone_direction direction, uint32_t i, hone_error *err)
{
    hone__weight *weight = c->inputs[i] ? c->inputs[i]->weight : NULL;
    if (!weight || !c->backend[direction])
        return HONE_OK;
    const size_t bytes = g->setup.backend->form_size(g->setup.backend_self, &c->call, direction, i);
    if (bytes == 0)
        return HONE_OK;
    if (!c->forms[direction])
        c->forms[direction] = hone_alloc_array(g->setup.arena, c->call.n_x, sizeof *c->forms[direction]);
    if (!c->made)
        c->made = hone_alloc_array(g->setup.arena, c->call.n_x, sizeof *c->made);
    if (!c->forms[direction] || !c->made)
        return hone_no_memory(err, "planning the forms of weights");
    return hone__store_form(g->setup.store, weight, c->call.op, direction, bytes, &c->forms[direction][i], err);
}

static hone_status ask_forms(hone_graph *g, hone_error *err)
{
    const hone_backend *backend = g->setup.backend;
    if (!backend || !backend->form_size || !backend->form)
        return HONE_OK;
    for (hone__call *c = g->first_call; c; c = c->next) {
        hone__call_slopes(c);
        for (uint32_t i = 0; i < c->call.n_x; i++) {
            HONE_TRY(ask_form(g, c, HONE_FORWARD, i, err));
            HONE_TRY(ask_form(g, c, HONE_BACKWARD, i, err));
        }
    }
    return HONE_OK;
}

/* ---- Runs of calls ------------------------------------------------------------------------------------------------ */

static void count_uses(hone_graph *g)
{
    for (hone_node *node = g->first; node; node = node->next)
        hone__root(node)->looked_at |= wants_forward(node);
    for (hone__call *c = g->first_call; c; c = c->next)
        for (uint32_t i = 0; c->reached && i < c->call.n_x; i++)
            if (c->inputs[i])
                hone__root(c->inputs[i])->uses++;
}

static hone__call *next_reached(hone__call *c)
{
    do
        c = c->next;
    while (c && !c->reached);
    return c;
}

/* Is the only output of c an input of the call after it, and of no other use? */
static bool links(const hone__call *c, const hone__call *next)
{
    const hone_node *y = c->outputs[0];
    bool input = false;
    for (uint32_t i = 0; i < next->call.n_x; i++)
        input |= next->inputs[i] == y;
    return input && c->call.n_y == 1 && y->uses == 1 && !y->looked_at;
}

static bool runs_in(const hone__call *c, hone_direction direction)
{
    return direction == HONE_FORWARD ? c->reached : c->differentiated;
}

/* The calls of the chain from c on. */
enum { LONGEST_CHAIN = 16 };

static uint32_t chain_of(hone__call *c, hone_direction direction, hone__call **chain)
{
    uint32_t n = 0;
    for (hone__call *next = c; next && n < LONGEST_CHAIN && runs_in(next, direction); next = next_reached(next)) {
        if (n > 0 && !links(chain[n - 1], next))
            break;
        chain[n++] = next;
    }
    return n;
}

static hone_status make_run(hone_graph *g, hone__call *const *chain, uint32_t n, hone_direction direction, size_t scratch,
                            hone_error *err)
{
    hone__run *run = hone_alloc(g->setup.arena, sizeof *run);
    const hone_op_call **calls = hone_alloc_array(g->setup.arena, n, sizeof *calls);
    if (!run || !calls)
        return hone_no_memory(err, "planning a step");
    *run = (hone__run){chain[0], chain[n - 1], calls, n, scratch};
    for (uint32_t i = 0; i < n; i++) {
        calls[i] = &chain[i]->call;
        chain[i]->runs[direction] = run;
        chain[i]->from[direction] = chain[direction == HONE_FORWARD ? 0 : n - 1]->from[direction];
        chain[i]->to[direction] = chain[direction == HONE_FORWARD ? n - 1 : 0]->to[direction];
    }
    return HONE_OK;
}

/* Offers every chain to the backend, the rest of one again where it takes only some. */
static hone_status offer_runs(hone_graph *g, hone_direction direction, hone_error *err)
{
    const hone_backend *backend = g->setup.backend;
    if (!backend || !backend->claim || !backend->run_claimed)
        return HONE_OK;
    for (hone__call *c = g->first_call; c; c = c->next) {
        hone__call *chain[LONGEST_CHAIN];
        const hone_op_call *calls[LONGEST_CHAIN];
        const uint32_t n = c->runs[direction] ? 0 : chain_of(c, direction, chain);
        size_t scratch = 0;
        for (uint32_t i = 0; i < n; i++)
            calls[i] = &chain[i]->call;
        const uint32_t taken = n > 1 ? backend->claim(g->setup.backend_self, calls, n, direction, &scratch) : 0;
        if (taken > n)
            return hone_fail(err, HONE_EPLUGIN, "backend %s claims %u calls of %u", backend->plugin.name, taken, n);
        if (taken > 1)
            HONE_TRY(make_run(g, chain, taken, direction, scratch, err));
    }
    return HONE_OK;
}

static int64_t backward_at(const hone_graph *g, const hone__call *c)
{
    return 2 * g->n_reached - 1 - c->at;
}

static hone_status find_runs(hone_graph *g, hone_error *err)
{
    for (hone__call *c = g->first_call; c; c = c->next) {
        c->from[HONE_FORWARD] = c->to[HONE_FORWARD] = c->at;
        c->from[HONE_BACKWARD] = c->to[HONE_BACKWARD] = backward_at(g, c);
    }
    count_uses(g);
    HONE_TRY(offer_runs(g, HONE_FORWARD, err));
    return offer_runs(g, HONE_BACKWARD, err);
}

/* ---- How long memory is needed ----------------------------------------------------------------------------------- */

static size_t value_bytes(const hone_node *node)
{
    return (size_t)hone_shape_count(&node->value.shape) * hone_dtype_size(node->value.dtype);
}

static void needed_at(hone__piece *piece, int64_t at)
{
    piece->to = at > piece->to ? at : piece->to;
}

static bool needs(const hone__call *c, uint32_t bit)
{
    return c->differentiated && (c->call.op->backward_needs & bit);
}

/* Data of the outputs, and what is saved, from forward on; inputs are used by forward, and by backward where it says so. In a run all of it
 * is there from the run's first instant to its last. */
static void time_of_call(hone__call *c)
{
    for (uint32_t i = 0; i < c->call.n_y; i++) {
        hone_node *node = c->outputs[i];
        node->data = (hone__piece){.bytes = value_bytes(node), .from = c->from[HONE_FORWARD], .to = c->to[HONE_FORWARD]};
        if (needs(c, HONE_NEEDS_Y(i)))
            node->data.to = c->to[HONE_BACKWARD];
    }
    for (uint32_t i = 0; i < c->call.n_x; i++) {
        if (c->inputs[i])
            needed_at(&hone__root(c->inputs[i])->data, c->to[needs(c, HONE_NEEDS_X(i)) ? HONE_BACKWARD : HONE_FORWARD]);
    }
    if (c->call.op->saved_size)
        c->saved = (hone__piece){.bytes = c->call.op->saved_size(&c->call),
                                 .from = c->from[HONE_FORWARD],
                                 .to = c->to[c->differentiated ? HONE_BACKWARD : HONE_FORWARD]};
}

/* A gradient is needed from the first call that adds to it until the call that made the node, or, for a leaf, until it is
 * complete. */
static void time_of_gradients(hone_graph *g)
{
    int64_t end = 2 * g->n_reached;
    for (hone_node *node = g->first; node; node = node->next) {
        if (node->has_gradient)
            node->slope =
                (hone__piece){.bytes = value_bytes(node), .from = end, .to = node->call ? node->call->to[HONE_BACKWARD] : 0};
    }
    for (hone__call *c = g->first_call; c; c = c->next) {
        for (uint32_t i = 0; c->differentiated && i < c->call.n_x; i++) {
            hone_node *root = c->inputs[i] ? hone__gradient_root(c->inputs[i]) : NULL;
            if (!root || !root->has_gradient)
                continue;
            const int64_t from = c->from[HONE_BACKWARD];
            root->slope.from = from < root->slope.from ? from : root->slope.from;
            needed_at(&root->slope, c->to[HONE_BACKWARD]);
        }
    }
    for (hone_node *node = g->first; node; node = node->next) {
        hone_node *root = hone__gradient_root(node);
        if (!root || !root->has_gradient)
            continue;
        if (node->seed) /* seeds are copied before the first call */
            root->slope.from = g->n_reached;
        if (node->keep_gradient || hone__is_example(root))
            needed_at(&root->slope, end);
    }
}

static void time_of_kept(hone_graph *g)
{
    for (hone_node *node = g->first; node; node = node->next) {
        if (node->keep)
            needed_at(&hone__root(node)->data, 2 * g->n_reached);
    }
}

/* A weight's gradient is summed where it will stay, while the store's block still holds zeros there. */
static void choose_direct(hone_graph *g)
{
    for (hone_node *node = g->first; node; node = node->next) {
        if (!node->has_gradient || !node->weight)
            continue;
        node->direct = g->setup.real == HONE_F32 && !node->weight->reached;
        if (node->direct)
            node->slope.bytes = 0;
    }
}

/* ---- Where it lies ----------------------------------------------------------------------------------------------- */

typedef struct hole {
    struct hole *next; /* by rising offset, never touching */
    size_t offset, size;
} hole;

typedef struct layout {
    hone_arena *arena;
    hone__piece **begin, **end; /* [instants] */
    int64_t instants;
    hole *holes, *spare;
    size_t top; /* the block so far */
    bool no_memory;
} layout;

static void layout_add(layout *l, hone__piece *piece)
{
    if (piece->bytes == 0)
        return;
    piece->bytes = rounded(piece->bytes);
    piece->next = l->begin[piece->from];
    l->begin[piece->from] = piece;
}

static hole *hole_new(layout *l, size_t offset, size_t size, hole *next)
{
    hole *h = l->spare;
    if (h)
        l->spare = h->next;
    else
        h = hone_alloc(l->arena, sizeof *h);
    if (!h) {
        l->no_memory = true;
        return next;
    }
    *h = (hole){next, offset, size};
    return h;
}

static void hole_drop(layout *l, hole **at)
{
    hole *h = *at;
    *at = h->next;
    h->next = l->spare;
    l->spare = h;
}

static void take(layout *l, hone__piece *piece)
{
    hole **best = NULL, **last = NULL;
    for (hole **at = &l->holes; *at; at = &(*at)->next) {
        if ((*at)->size >= piece->bytes && (!best || (*at)->size < (*best)->size))
            best = at;
        last = at;
    }
    if (best) {
        piece->offset = (*best)->offset;
        (*best)->offset += piece->bytes;
        (*best)->size -= piece->bytes;
        if ((*best)->size == 0)
            hole_drop(l, best);
        return;
    }
    piece->offset = l->top;
    if (last && (*last)->offset + (*last)->size == l->top) { /* the block grows by what its last hole lacks */
        piece->offset = (*last)->offset;
        hole_drop(l, last);
    }
    l->top = piece->offset + piece->bytes;
}

static void give(layout *l, const hone__piece *piece)
{
    hole **at = &l->holes, *before = NULL;
    while (*at && (*at)->offset < piece->offset) {
        before = *at;
        at = &(*at)->next;
    }
    hole *after = *at;
    if (before && before->offset + before->size == piece->offset)
        before->size += piece->bytes;
    else
        *at = before = hole_new(l, piece->offset, piece->bytes, after);
    if (after && before && before != after && before->offset + before->size == after->offset) {
        before->size += after->size;
        hole_drop(l, &before->next);
    }
}

static void layout_walk(layout *l)
{
    for (int64_t t = 0; t < l->instants; t++) {
        for (hone__piece *piece = l->begin[t], *next; piece; piece = next) {
            next = piece->next;
            take(l, piece);
            piece->next = l->end[piece->to];
            l->end[piece->to] = piece;
        }
        for (hone__piece *piece = l->end[t]; piece; piece = piece->next)
            give(l, piece);
    }
}

static size_t scratch_of(const hone_graph *g, const hone__call *c, hone_direction direction)
{
    if (c->runs[direction])
        return c->runs[direction]->scratch;
    if (!c->backend[direction])
        return c->call.op->scratch_size ? c->call.op->scratch_size(&c->call) : 0;
    const hone_backend *backend = g->setup.backend;
    return backend->scratch_size ? backend->scratch_size(g->setup.backend_self, &c->call, direction) : 0;
}

static size_t largest_scratch(const hone_graph *g)
{
    size_t most = 0;
    for (const hone__call *c = g->first_call; c; c = c->next) {
        size_t forward = c->reached ? scratch_of(g, c, HONE_FORWARD) : 0;
        size_t backward = c->differentiated ? scratch_of(g, c, HONE_BACKWARD) : 0;
        most = forward > most ? forward : most;
        most = backward > most ? backward : most;
    }
    return rounded(most);
}

static hone_status lay_out(hone_graph *g, hone_error *err)
{
    layout l = {.arena = g->setup.arena, .instants = 2 * g->n_reached + 1};
    l.begin = hone_alloc_array(l.arena, (size_t)l.instants, sizeof(hone__piece *));
    l.end = hone_alloc_array(l.arena, (size_t)l.instants, sizeof(hone__piece *));
    if (!l.begin || !l.end)
        return hone_no_memory(err, "planning the memory of a step");
    for (hone__call *c = g->first_call; c; c = c->next) {
        for (uint32_t i = 0; c->reached && i < c->call.n_y; i++)
            layout_add(&l, &c->outputs[i]->data);
        if (c->reached)
            layout_add(&l, &c->saved);
    }
    for (hone_node *node = g->first; node; node = node->next)
        layout_add(&l, &node->slope);
    layout_walk(&l);
    if (l.no_memory)
        return hone_no_memory(err, "planning the memory of a step");
    g->scratch_bytes = largest_scratch(g);
    g->scratch_offset = l.top;
    g->bytes = l.top + g->scratch_bytes;
    return HONE_OK;
}

hone_status hone__graph_plan(hone_graph *g, bool backward, size_t *bytes, hone_error *err)
{
    HONE_TRY(hone_graph_status(g, err));
    if (g->state != HONE__BUILDING)
        return hone_fail(err, HONE_EINVAL, "a graph was planned twice; build a new one for every step");
    g->backward = backward;
    mark_reached(g);
    if (backward) {
        mark_depends(g);
        mark_differentiated(g);
    }
    ask_backend(g);
    HONE_TRY(ask_forms(g, err));
    HONE_TRY(find_runs(g, err));
    for (hone__call *c = g->first_call; c; c = c->next) {
        if (c->reached)
            time_of_call(c);
    }
    time_of_kept(g);
    time_of_gradients(g);
    choose_direct(g);
    HONE_TRY(lay_out(g, err));
    g->state = HONE__PLANNED;
    if (bytes)
        *bytes = g->bytes;
    return HONE_OK;
}
