/* run.c - running a planned graph forward and backward: the reference operators, or a backend where it has faster ones.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "tensor/core_ops.h"
#include "tensor/graph_impl.h"
#include <string.h>

/* ---- The block --------------------------------------------------------------------------------------------------- */

/* Blocks from 2 MiB on are aligned to huge pages. */
enum { HUGE_PAGE = 2 << 20, CACHE_LINE = 64 };

void hone__block_free(hone__block *block)
{
    hone__free(block->data);
    *block = (hone__block){0};
}

/* A quarter more than asked, so that a longer batch seldom makes it grow again. */
static hone_status block_grow(hone__block *block, size_t bytes, hone_error *err)
{
    if (block->data && bytes <= block->size)
        return HONE_OK;
    hone__block_free(block);
    size_t size = bytes + bytes / 4 + CACHE_LINE;
    block->data = hone__aligned(size >= HUGE_PAGE ? HUGE_PAGE : CACHE_LINE, size);
    if (!block->data)
        return hone_fail(
            err, HONE_ENOMEM,
            "out of memory while asking for %zu MiB for the activations of a step; try a smaller batch or shorter texts",
            (size >> 20) + 1);
    block->size = size;
    return HONE_OK;
}

/* ---- Where every node's data is ---------------------------------------------------------------------------------- */

static void convert(void *to, uint32_t to_dtype, const void *from, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        if (to_dtype == HONE_F64)
            ((double *)to)[i] = ((const float *)from)[i];
        else
            ((float *)to)[i] = (float)((const double *)from)[i];
    }
}

static hone_status bind_leaf(hone_node *node, hone_error *err)
{
    const void *host = node->weight ? node->weight->value.data : node->host;
    int64_t count = hone_shape_count(&node->value.shape);
    if (!host && node->weight)
        return hone_fail(err, HONE_EINVAL, "weight %s has no value yet; close the store before the first run",
                         node->weight->name);
    if (!host && count > 0)
        return hone_fail(err, HONE_EINVAL, "an input of the graph has no data");
    if (node->converted)
        convert(node->converted, node->value.dtype, host, count);
    /* The const goes by way of memcpy: operators never write to their inputs. */
    memcpy(&node->value.data, node->converted ? (const void *)&node->converted : (const void *)&host, sizeof host);
    return HONE_OK;
}

static hone_status bind_nodes(hone_graph *g, unsigned char *base, hone_error *err)
{
    for (hone_node *node = g->first; node; node = node->next) {
        if (node->wanted && node->call)
            node->value.data = base + node->data.offset;
        else if (node->wanted)
            HONE_TRY(bind_leaf(node, err));
        if (node->has_gradient)
            node->gradient.data = base + node->slope.offset;
    }
    for (hone_node *node = g->first; node; node = node->next) {
        hone_node *gradient = hone__gradient_root(node);
        node->value.data = hone__root(node)->value.data;
        node->gradient.data = gradient ? gradient->gradient.data : NULL;
    }
    return HONE_OK;
}

static void bind_call(hone_graph *g, hone__call *c, unsigned char *base)
{
    c->call.saved = c->saved.bytes ? base + c->saved.offset : NULL;
    c->call.scratch = g->scratch_bytes ? base + g->scratch_offset : NULL;
    hone__call_slopes(c);
}

/* ---- Forward ----------------------------------------------------------------------------------------------------- */

static hone_status located(hone_status status, const hone__call *c, const hone_error *why, hone_error *err)
{
    if (c->scope[0])
        return hone_fail(err, status, "%s at %s: %s", c->call.op->name, c->scope, why->msg);
    return hone_fail(err, status, "%s: %s", c->call.op->name, why->msg);
}

/* The forms of a call's weights, made again where a weight has changed. */
static hone_status make_forms(hone_graph *g, hone__call *c, hone_direction direction, hone_error *err)
{
    hone__form *const *forms = c->forms[direction];
    c->call.forms = NULL;
    if (!forms)
        return HONE_OK;
    for (uint32_t i = 0; i < c->call.n_x; i++) {
        hone__form *form = forms[i];
        c->made[i] = NULL;
        if (!form)
            continue;
        const uint64_t version = c->inputs[i]->weight->version;
        if (!form->data || form->version != version) {
            HONE_TRY(hone__form_room(form, err));
            HONE_TRY(g->setup.backend->form(g->setup.backend_self, &c->call, direction, i, form->data, err));
            form->version = version;
        }
        c->made[i] = form->data;
    }
    c->call.forms = c->made;
    return HONE_OK;
}

static hone_status run_call(hone_graph *g, hone__call *c, hone_direction direction, hone_error *err)
{
    hone_error why = {0};
    hone_status status;
    if (c->backend[direction] && make_forms(g, c, direction, &why) != HONE_OK)
        status = why.status;
    else if (c->backend[direction])
        status = g->setup.backend->run(g->setup.backend_self, &c->call, direction, &why);
    else if (direction == HONE_FORWARD)
        status = c->call.op->forward(&c->call, &why);
    else
        status = c->call.op->backward(&c->call, &why);
    return status == HONE_OK ? HONE_OK : located(status, c, &why, err);
}

static hone_status run_as_one(hone_graph *g, const hone__run *run, hone_direction direction, hone_error *err)
{
    hone_error why = {0};
    for (hone__call *c = run->first; c != run->last->next; c = c->next)
        if (c->runs[direction] == run && make_forms(g, c, direction, &why) != HONE_OK)
            return located(why.status, c, &why, err);
    const hone_status status = g->setup.backend->run_claimed(g->setup.backend_self, run->calls, run->n, direction, &why);
    return status == HONE_OK ? HONE_OK : located(status, run->first, &why, err);
}

/* The run that c belongs to, or c alone. */
static hone_status run_calls(hone_graph *g, hone__call *c, hone_direction direction, hone_error *err)
{
    return c->runs[direction] ? run_as_one(g, c->runs[direction], direction, err) : run_call(g, c, direction, err);
}

hone_status hone__graph_forward(hone_graph *g, hone__block *block, hone_error *err)
{
    HONE_TRY(hone_graph_status(g, err));
    if (g->state == HONE__BUILDING)
        return hone_fail(err, HONE_EINVAL, "a graph must be planned before it runs forward");
    HONE_TRY(block_grow(block, g->bytes, err));
    HONE_TRY(bind_nodes(g, block->data, err));
    for (hone__call *c = g->first_call; c; c = c->next) {
        if (!c->reached)
            continue;
        bind_call(g, c, block->data);
        if (!c->runs[HONE_FORWARD] || c->runs[HONE_FORWARD]->last == c)
            HONE_TRY(run_calls(g, c, HONE_FORWARD, err));
    }
    g->state = HONE__FORWARDED;
    return HONE_OK;
}

/* ---- Backward ---------------------------------------------------------------------------------------------------- */

/* Sums are shared out in ranges of so many elements. */
enum { GRAIN = 1 << 16 };

typedef struct sum {
    void *to;
    const void *from;
    uint32_t to_dtype, from_dtype;
} sum;

static void add_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    const sum *s = ctx;
    (void)worker;
    if (s->to_dtype == HONE_F64) {
        double *restrict to = s->to;
        for (int64_t i = begin; i < end; i++)
            to[i] += ((const float *)s->from)[i];
    } else if (s->from_dtype == HONE_F64) {
        float *restrict to = s->to;
        for (int64_t i = begin; i < end; i++)
            to[i] += (float)((const double *)s->from)[i];
    } else {
        float *restrict to = s->to;
        const float *restrict from = s->from;
        for (int64_t i = begin; i < end; i++)
            to[i] += from[i];
    }
}

static void clear_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    (void)worker;
    memset((unsigned char *)ctx + begin, 0, (size_t)(end - begin));
}

static int64_t count_of(const hone_node *node)
{
    return hone_shape_count(&node->value.shape);
}

/* Before the first call adds to a node's gradient, or, with `fresh`, writes it whole. */
static hone_status gradient_begin(hone_graph *g, hone_node *node, bool fresh, hone_error *err)
{
    if (node->cleared)
        return HONE_OK;
    node->cleared = true;
    if (node->direct && node->weight->reached)
        return hone_fail(err, HONE_EINVAL,
                         "the gradient of %s was written between planning and running backward; run one graph after another",
                         node->weight->name);
    if (node->direct) {
        node->weight->reached = true; /* the block holds zeros, or what is stale, until now */
        node->weight->stale = node->weight->stale && !fresh;
        hone__store_refresh(g->setup.store, node->weight, g->setup.pool);
    }
    if (node->direct || fresh)
        return HONE_OK;
    int64_t bytes = count_of(node) * (int64_t)hone_dtype_size(node->value.dtype);
    hone_pool_run(g->setup.pool, bytes, 4 * GRAIN, clear_range, node->gradient.data);
    return HONE_OK;
}

/* After the last call added to it: a weight's gradient goes to the store, complete. */
static hone_status gradient_finish(hone_graph *g, hone_node *node)
{
    if (!node->weight || node->direct)
        return HONE_OK;
    hone__store_refresh(g->setup.store, node->weight, g->setup.pool);
    node->weight->whole = true;
    sum s = {hone__store_gradient(g->setup.store, node->weight), node->gradient.data, HONE_F32, g->setup.real};
    hone_pool_run(g->setup.pool, count_of(node), GRAIN, add_range, &s);
    node->weight->reached = true;
    return HONE_OK;
}

static hone_status bind_direct(hone_graph *g, hone_error *err)
{
    for (hone_node *node = g->first; node; node = node->next) {
        if (!node->has_gradient || !node->weight)
            continue;
        float *gradient = hone__store_gradient(g->setup.store, node->weight);
        if (!gradient)
            return hone_fail(err, HONE_EINVAL,
                             "weight %s has no place in the store's gradients: it was frozen when the store was closed",
                             node->weight->name);
        if (node->direct)
            node->gradient.data = gradient;
    }
    /* Views of weights, too. */
    for (hone_node *node = g->first; node; node = node->next) {
        hone_node *root = hone__gradient_root(node);
        if (root && root->direct)
            node->gradient.data = root->gradient.data;
    }
    return HONE_OK;
}

static hone_status plant_seeds(hone_graph *g, hone_error *err)
{
    for (hone_node *node = g->first; node; node = node->next) {
        hone_node *root = node->seed ? hone__gradient_root(node) : NULL;
        if (!root || !root->has_gradient)
            continue;
        HONE_TRY(gradient_begin(g, root, false, err));
        if (root->direct)
            root->weight->whole = true;
        sum s = {root->gradient.data, node->seed, root->value.dtype, HONE_F32};
        hone_pool_run(g->setup.pool, count_of(node), GRAIN, add_range, &s);
        if (!root->finisher)
            HONE_TRY(gradient_finish(g, root));
    }
    return HONE_OK;
}

/* The node between two calls of one run: its gradient is the backend's own. */
static bool is_link(const hone__call *c, const hone_node *input)
{
    return c->runs[HONE_BACKWARD] && input->call && input->call->runs[HONE_BACKWARD] == c->runs[HONE_BACKWARD];
}

/* The gradients of call->fresh: nobody has added to them yet, and the call has their node once among its inputs. */
static uint32_t fresh_of(const hone_graph *g, const hone__call *c)
{
    uint32_t fresh = 0;
    if (!c->backend[HONE_BACKWARD] || !(g->setup.backend->flags & HONE_BACKEND_WRITES))
        return 0;
    for (uint32_t i = 0; i < c->call.n_x; i++) {
        const hone_node *root = c->dx[i] ? hone__gradient_root(c->inputs[i]) : NULL;
        bool once = root && !root->cleared; /* a link never is */
        for (uint32_t k = 0; k < c->call.n_x; k++)
            once = once && (k == i || !c->dx[k] || hone__gradient_root(c->inputs[k]) != root);
        fresh |= once ? 1u << i : 0;
    }
    return fresh;
}

/* Which of a weight's rows the call is about to give a gradient: of a table that it picks rows from, these; else all. */
static hone_status note_rows(hone_graph *g, const hone__call *c, uint32_t i, hone_node *root, hone_error *err)
{
    const hone_tensor *index = c->call.n_x > 1 ? c->call.x[1] : NULL;
    if (!root->direct)
        return HONE_OK;
    if (c->call.op == &hone__op_gather && i == 0 && root == c->inputs[0])
        return hone__store_pick(g->setup.store, root->weight, index->data, hone_shape_count(&index->shape), err);
    root->weight->whole = true;
    return HONE_OK;
}

static hone_status gradients_begin(hone_graph *g, hone__call *c, hone_error *err)
{
    c->call.fresh = fresh_of(g, c);
    for (uint32_t i = 0; i < c->call.n_x; i++) {
        hone_node *root = c->dx[i] && !is_link(c, c->inputs[i]) ? hone__gradient_root(c->inputs[i]) : NULL;
        if (!root)
            continue;
        HONE_TRY(gradient_begin(g, root, c->call.fresh >> i & 1, err));
        HONE_TRY(note_rows(g, c, i, root, err));
    }
    return HONE_OK;
}

static hone_status gradients_finish(hone_graph *g, hone__call *c)
{
    for (uint32_t i = 0; i < c->call.n_x; i++) {
        hone_node *root = c->dx[i] ? hone__gradient_root(c->inputs[i]) : NULL;
        if (!root || root->finisher != c)
            continue;
        root->finisher = NULL; /* once, also where the call has the node twice among its inputs */
        HONE_TRY(gradient_finish(g, root));
    }
    return HONE_OK;
}

/* A call, or the run that ends with it. */
static hone_status backward_call(hone_graph *g, hone__call *last, hone_error *err)
{
    hone__call *first = last->runs[HONE_BACKWARD] ? last->runs[HONE_BACKWARD]->first : last;
    for (hone__call *c = last; c != first->previous; c = c->previous)
        if (c->differentiated)
            HONE_TRY(gradients_begin(g, c, err));
    HONE_TRY(run_calls(g, last, HONE_BACKWARD, err));
    for (hone__call *c = last; c != first->previous; c = c->previous)
        if (c->differentiated)
            HONE_TRY(gradients_finish(g, c));
    return HONE_OK;
}

hone_status hone__graph_backward(hone_graph *g, hone_error *err)
{
    if (g->state != HONE__FORWARDED || !g->backward)
        return hone_fail(err, HONE_EINVAL, "backward runs once, after forward, on a graph that was planned for it");
    g->state = HONE__BACKWARDED;
    HONE_TRY(bind_direct(g, err));
    HONE_TRY(plant_seeds(g, err));
    for (hone__call *c = g->last_call; c; c = c->previous) {
        if (!c->differentiated)
            continue;
        HONE_TRY(backward_call(g, c, err));
        if (c->runs[HONE_BACKWARD])
            c = c->runs[HONE_BACKWARD]->first;
    }
    for (size_t i = 0; g->setup.store && i < hone__store_count(g->setup.store); i++)
        hone__store_refresh(g->setup.store, hone__store_at(g->setup.store, i), g->setup.pool);
    return HONE_OK;
}

/* ---- Results ----------------------------------------------------------------------------------------------------- */

const hone_tensor *hone__node_tensor(const hone_node *node)
{
    return &node->value;
}

const hone_tensor *hone__node_gradient(const hone_node *node)
{
    return &node->gradient;
}
