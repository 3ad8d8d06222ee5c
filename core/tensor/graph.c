/* graph.c - building a graph: nodes, calls of operators, views, weights, and the sticky error.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "tensor/graph_impl.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- The graph itself, and its error ------------------------------------------------------------------------------ */

hone_graph *hone__graph_create(const hone__graph_setup *setup)
{
    hone_graph *g = hone_alloc(setup->arena, sizeof *g);
    if (!g)
        return NULL;
    g->setup = *setup;
    if (!g->setup.real)
        g->setup.real = HONE_F32;
    g->outermost.prefix = "";
    g->scope = &g->outermost;
    g->poison.value.dtype = g->setup.real;
    g->poison.gradient.dtype = g->setup.real;
    return g;
}

bool hone__poisoned(const hone_graph *g)
{
    return g->error.status != HONE_OK;
}

hone_status hone_graph_status(const hone_graph *g, hone_error *err)
{
    if (!hone__poisoned(g))
        return HONE_OK;
    return hone_fail(err, g->error.status, "%s", g->error.msg);
}

hone_node *hone_graph_fail(hone_graph *g, hone_status status, const char *fmt, ...)
{
    if (hone__poisoned(g))
        return &g->poison;
    va_list args;
    va_start(args, fmt);
    vsnprintf(g->error.msg, sizeof g->error.msg, fmt, args);
    va_end(args);
    g->error.status = status == HONE_OK ? HONE_EINVAL : status;
    return &g->poison;
}

static hone_node *no_memory(hone_graph *g)
{
    return hone_graph_fail(g, HONE_ENOMEM, "out of memory while building the graph of a step");
}

bool hone_graph_training(const hone_graph *g)
{
    return g->setup.training;
}

uint32_t hone_graph_real(const hone_graph *g)
{
    return g->setup.real;
}

const char *hone_scope(hone_graph *g, const char *fmt, ...)
{
    char text[512];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (n < 0 || (size_t)n >= sizeof text) {
        hone_graph_fail(g, HONE_EINVAL, "a scope name has %d bytes; at most %zu are allowed", n, sizeof text - 1);
        return "";
    }
    const char *copy = hone_strdup(g->setup.arena, text);
    if (!copy)
        no_memory(g);
    return copy ? copy : "";
}

/* prefix + name, in the step's memory; NULL and a poisoned graph when memory is short. */
static const char *full_name(hone_graph *g, const char *name)
{
    if (!g->scope->prefix[0])
        return name;
    const char *full = hone_sprintf(g->setup.arena, "%s%s", g->scope->prefix, name);
    if (!full)
        no_memory(g);
    return full;
}

void hone__graph_enter(hone_graph *g, const char *prefix, bool no_gradient)
{
    const char *whole = hone_sprintf(g->setup.arena, "%s%s", g->scope->prefix, prefix);
    hone__scope *scope = hone_alloc(g->setup.arena, sizeof *scope);
    if (!whole || !scope) {
        no_memory(g);
        return; /* leave() then leaves an outer scope, which a poisoned graph does not mind */
    }
    *scope = (hone__scope){g->scope, whole, no_gradient || g->scope->no_gradient};
    g->scope = scope;
}

void hone__graph_leave(hone_graph *g)
{
    if (g->scope->outer)
        g->scope = g->scope->outer;
}

bool hone__graph_bf16(const hone_graph *g)
{
    return g->setup.bf16;
}

uint64_t hone__graph_pass(hone_graph *g, uint64_t pass)
{
    const uint64_t before = g->setup.pass;
    g->setup.pass = pass;
    return before;
}

void hone__graph_quiet(hone_graph *g, bool on)
{
    g->quiet = on;
}

bool hone__graph_drops(const hone_graph *g, const hone_node *x)
{
    return g->setup.training && (x->trains || !g->quiet);
}

/* ---- Nodes ------------------------------------------------------------------------------------------------------- */

const hone_shape *hone_node_shape(const hone_node *node)
{
    return &node->value.shape;
}

uint32_t hone_node_dtype(const hone_node *node)
{
    return node->value.dtype;
}

int64_t hone_node_rows(const hone_node *node)
{
    int64_t rows = 1;
    for (uint32_t i = 0; i + 1 < node->value.shape.rank; i++)
        rows *= node->value.shape.dim[i];
    return rows;
}

int64_t hone_node_columns(const hone_node *node)
{
    const hone_shape *s = &node->value.shape;
    return s->rank ? s->dim[s->rank - 1] : 1;
}

hone_node *hone__root(hone_node *node)
{
    while (node->view_of)
        node = node->view_of;
    return node;
}

hone_node *hone__gradient_root(hone_node *node)
{
    for (; node->view_of; node = node->view_of) {
        if (node->stops)
            return NULL;
    }
    return node;
}

hone_node *hone__node_new(hone_graph *g, uint32_t dtype, const hone_shape *shape)
{
    if (hone__poisoned(g))
        return NULL;
    if (g->state != HONE__BUILDING) {
        hone_graph_fail(g, HONE_EINVAL, "the graph is planned already; nothing can be added to it");
        return NULL;
    }
    hone_node *node = hone_alloc(g->setup.arena, sizeof *node);
    if (!node) {
        no_memory(g);
        return NULL;
    }
    node->value.dtype = node->gradient.dtype = dtype;
    node->value.shape = node->gradient.shape = *shape;
    *(g->last ? &g->last->next : &g->first) = node;
    g->last = node;
    return node;
}

static bool is_real(uint32_t dtype)
{
    return dtype == HONE_F32 || dtype == HONE_F64;
}

/* A leaf over `data`; reals are turned into the graph's own type before the run where they have another. */
static hone_node *leaf(hone_graph *g, uint32_t dtype, const hone_shape *shape, const void *data)
{
    int64_t count = hone_shape_count(shape);
    if (count < 0 || hone_dtype_size(dtype) == 0) {
        char text[96];
        return hone_graph_fail(g, HONE_ESHAPE, "an input of type %s and shape %s: no such array can exist",
                               hone_dtype_name(dtype), hone_shape_text(shape, text, sizeof text));
    }
    uint32_t own = is_real(dtype) ? g->setup.real : dtype;
    hone_node *node = hone__node_new(g, own, shape);
    if (!node)
        return &g->poison;
    node->host = data;
    node->host_dtype = dtype;
    if (own != dtype) {
        node->converted = hone_alloc_array(g->setup.arena, (size_t)count, hone_dtype_size(own));
        if (!node->converted)
            return no_memory(g);
    }
    return node;
}

hone_node *hone__graph_input(hone_graph *g, uint32_t dtype, const hone_shape *shape, const void *data)
{
    return leaf(g, dtype, shape, data);
}

hone_node *hone_constant(hone_graph *g, uint32_t dtype, const hone_shape *shape, const void *data)
{
    if (hone__poisoned(g))
        return &g->poison;
    int64_t count = hone_shape_count(shape);
    size_t bytes = count < 0 ? 0 : (size_t)count * hone_dtype_size(dtype);
    void *copy = hone_alloc(g->setup.arena, bytes);
    if (!copy)
        return no_memory(g);
    if (bytes)
        memcpy(copy, data, bytes);
    return leaf(g, dtype, shape, copy);
}

/* ---- Views ------------------------------------------------------------------------------------------------------- */

static hone_node *view(hone_graph *g, hone_node *x, const hone_shape *shape)
{
    hone_node *node = hone__node_new(g, x->value.dtype, shape);
    if (!node)
        return &g->poison;
    node->view_of = x;
    node->trains = x->trains;
    return node;
}

hone_node *hone_reshape(hone_graph *g, hone_node *x, const hone_shape *shape)
{
    if (hone__poisoned(g))
        return &g->poison;
    if (hone_shape_count(shape) != hone_shape_count(&x->value.shape)) {
        char from[96], to[96];
        return hone_graph_fail(g, HONE_ESHAPE, "reshape of %s to %s: the number of elements differs",
                               hone_shape_text(&x->value.shape, from, sizeof from), hone_shape_text(shape, to, sizeof to));
    }
    return view(g, x, shape);
}

hone_node *hone_stop_gradient(hone_graph *g, hone_node *x)
{
    hone_node *node = view(g, x, &x->value.shape);
    node->stops = true;
    node->trains = false;
    return node;
}

void hone__graph_supply(hone_graph *g, const char *name, const float *data)
{
    g->supplied = name;
    g->supply = data;
}

static bool is_supplied(const hone_graph *g, const char *name, const hone_node *x)
{
    return g->supplied && !x->trains && x->value.dtype == HONE_F32 && strcmp(name, g->supplied) == 0;
}

hone_node *hone_open(hone_graph *g, const char *name, hone_node *x)
{
    const char *full = full_name(g, name);
    if (hone__poisoned(g))
        return &g->poison;
    hone_node *node = is_supplied(g, full, x) ? leaf(g, HONE_F32, &x->value.shape, g->supply) : view(g, x, &x->value.shape);
    if (hone__poisoned(g))
        return node;
    node->open_name = hone_strdup(g->setup.arena, full);
    if (!node->open_name)
        return no_memory(g);
    node->next_open = g->opened;
    g->opened = node;
    return node;
}

hone_node *hone__graph_opened(const hone_graph *g, const char *name)
{
    for (hone_node *node = g->opened; node; node = node->next_open) {
        if (strcmp(node->open_name, name) == 0)
            return node;
    }
    return NULL;
}

hone_node *hone__graph_constant(const hone_graph *g, const char **name)
{
    for (hone_node *node = g->opened; node; node = node->next_open) {
        if (node->trains || node->value.dtype != HONE_F32)
            continue;
        *name = node->open_name;
        return node;
    }
    return NULL;
}

/* ---- Calls ------------------------------------------------------------------------------------------------------- */

static hone_status check_arguments(const hone_op *op, uint32_t n_x, hone_error *err)
{
    if (n_x > HONE_MAX_INPUTS)
        return hone_fail(err, HONE_EINVAL, "%u inputs; at most %d are allowed", n_x, HONE_MAX_INPUTS);
    if (op->n_y > HONE_MAX_OUTPUTS)
        return hone_fail(err, HONE_EINVAL, "%u outputs; at most %d are allowed", op->n_y, HONE_MAX_OUTPUTS);
    return HONE_OK;
}

/* All the arrays of a call; false when memory is short. */
static bool call_arrays(hone_arena *arena, hone__call *c, uint32_t n_x, uint32_t n_y)
{
    c->inputs = hone_alloc_array(arena, n_x, sizeof *c->inputs);
    c->outputs = hone_alloc_array(arena, n_y, sizeof *c->outputs);
    c->x = hone_alloc_array(arena, n_x, sizeof *c->x);
    c->dx = hone_alloc_array(arena, n_x, sizeof *c->dx);
    c->y = hone_alloc_array(arena, n_y, sizeof *c->y);
    c->dy = hone_alloc_array(arena, n_y, sizeof *c->dy);
    return c->inputs && c->outputs && c->x && c->dx && c->y && c->dy;
}

/* A call with its inputs and outputs tied together, its shapes not yet known and not yet in the graph's list. */
static hone__call *call_new(hone_graph *g, const char *scope, const hone_op *op, const void *params, uint32_t n_x,
                            hone_node *const *x)
{
    hone_arena *arena = g->setup.arena;
    uint32_t n_y = op->n_y ? op->n_y : 1;
    hone__call *c = hone_alloc(arena, sizeof *c);
    void *copy = hone_alloc(arena, op->params_size);
    if (!c || !copy || !call_arrays(arena, c, n_x, n_y)) {
        no_memory(g);
        return NULL;
    }
    if (op->params_size)
        memcpy(copy, params, op->params_size);
    for (uint32_t i = 0; i < n_x; i++) {
        c->inputs[i] = x[i];
        c->x[i] = x[i] ? &x[i]->value : NULL;
    }
    c->scope = scope ? full_name(g, scope) : "";
    if (!c->scope)
        return NULL;
    const hone_key key = {g->setup.seed, hone_scope_hash(c->scope), g->setup.step, g->setup.pass};
    c->call = (hone_op_call){.size = sizeof c->call,
                             .op = op,
                             .params = op->params_size ? copy : NULL,
                             .n_x = n_x,
                             .n_y = n_y,
                             .x = c->x,
                             .y = c->y,
                             .dx = c->dx,
                             .dy = c->dy,
                             .pool = g->setup.pool,
                             .random = hone_stream_of(&key),
                             .first_sequence = g->setup.first_sequence,
                             .training = g->setup.training};
    return c;
}

static void call_append(hone_graph *g, hone__call *c)
{
    c->previous = g->last_call;
    *(g->last_call ? &g->last_call->next : &g->first_call) = c;
    g->last_call = c;
}

static hone_node *call_fail(hone_graph *g, const hone_op *op, const char *scope, const hone_error *why)
{
    if (scope && scope[0])
        return hone_graph_fail(g, why->status, "%s at %s%s: %s", op->name, g->scope->prefix, scope, why->msg);
    return hone_graph_fail(g, why->status, "%s: %s", op->name, why->msg);
}

hone_node *hone_apply(hone_graph *g, const char *scope, const hone_op *op, const void *params, uint32_t n_x,
                      hone_node *const *x)
{
    if (hone__poisoned(g))
        return &g->poison;
    hone_error why = {0};
    if (check_arguments(op, n_x, &why) != HONE_OK)
        return call_fail(g, op, scope, &why);
    if (g->setup.real == HONE_F64 && op->f64)
        op = op->f64;
    hone__call *c = call_new(g, scope, op, params, n_x, x);
    if (!c)
        return &g->poison;
    hone_tensor shapes[HONE_MAX_OUTPUTS];
    memset(shapes, 0, sizeof shapes);
    for (uint32_t i = 0; i < c->call.n_y; i++)
        c->y[i] = &shapes[i];
    if (op->shape(&c->call, &why) != HONE_OK)
        return call_fail(g, op, scope, &why);
    bool trains = false;
    for (uint32_t i = 0; i < n_x; i++)
        trains = trains || (x[i] && x[i]->trains);
    for (uint32_t i = 0; i < c->call.n_y; i++) {
        c->outputs[i] = hone__node_new(g, shapes[i].dtype, &shapes[i].shape);
        if (!c->outputs[i])
            return &g->poison;
        c->outputs[i]->call = c;
        c->outputs[i]->trains = trains;
        c->y[i] = &c->outputs[i]->value;
    }
    call_append(g, c);
    return c->outputs[0];
}

hone_node *hone_output(hone_graph *g, hone_node *node, uint32_t i)
{
    if (hone__poisoned(g))
        return &g->poison;
    if (!node->call || i >= node->call->call.n_y)
        return hone_graph_fail(g, HONE_EINVAL, "output %u of %s was asked for, which has %u", i,
                               node->call ? node->call->call.op->name : "a node that no operator made",
                               node->call ? node->call->call.n_y : 0);
    return node->call->outputs[i];
}

/* ---- Weights ----------------------------------------------------------------------------------------------------- */

hone_node *hone_weight(hone_graph *g, const char *name, const hone_shape *shape, hone_init init, uint32_t flags)
{
    if (hone__poisoned(g))
        return &g->poison;
    if (!g->setup.store)
        return hone_graph_fail(g, HONE_EINVAL, "weight %s was asked for in a graph without a parameter store", name);
    const char *full = full_name(g, name);
    if (!full)
        return &g->poison;
    hone_error why = {0};
    hone__weight *weight = NULL;
    if (hone__store_get(g->setup.store, full, shape, init, flags, &weight, &why) != HONE_OK)
        return hone_graph_fail(g, why.status, "%s", why.msg);
    /* A weight is one node, however often it is used, so that its gradient is one sum. */
    bool trainable = !weight->frozen && !(weight->flags & HONE_WEIGHT_BUFFER) && !g->scope->no_gradient;
    hone_node **bucket = &g->weights[hone_scope_hash(full) % HONE__LEAF_BUCKETS];
    for (hone_node *node = *bucket; node; node = node->next_leaf) {
        if (node->weight == weight && node->trainable == trainable)
            return node;
    }
    hone_node *node = leaf(g, HONE_F32, shape, NULL);
    if (hone__poisoned(g))
        return &g->poison;
    node->weight = weight;
    node->trainable = trainable;
    node->trains = trainable;
    node->next_leaf = *bucket;
    *bucket = node;
    return node;
}

hone_node *hone_weight_of(hone_graph *g, const char *name)
{
    if (hone__poisoned(g))
        return &g->poison;
    const char *full = full_name(g, name);
    const hone__weight *weight = full && g->setup.store ? hone__store_weight(g->setup.store, full) : NULL;
    if (!weight)
        return hone_graph_fail(g, HONE_ENOTFOUND, "there is no weight %s to use once more", name);
    return hone_weight(g, name, &weight->value.shape, (hone_init){0}, weight->flags);
}

/* ---- What the host asks of a node -------------------------------------------------------------------------------- */

void hone__graph_keep(hone_graph *g, hone_node *node, bool gradient)
{
    if (hone__poisoned(g))
        return;
    node->keep = true;
    node->keep_gradient |= gradient;
}

void hone__graph_seed(hone_graph *g, hone_node *node, const float *dy)
{
    if (hone__poisoned(g))
        return;
    if (!is_real(node->value.dtype)) {
        hone_graph_fail(g, HONE_EINVAL, "backward cannot start at a node of type %s", hone_dtype_name(node->value.dtype));
        return;
    }
    node->seed = dy;
}

/* The opened node, until now a view of x, becomes the output of x + delta; the sum runs right behind the call that makes x. */
void hone__graph_perturb(hone_graph *g, hone_node *opened, const float *delta)
{
    if (hone__poisoned(g))
        return;
    if (!opened->view_of || !opened->open_name) {
        hone_graph_fail(g, HONE_EINVAL, "a perturbation was added to a node that hone_open() did not name, or a second one");
        return;
    }
    hone_node *x = opened->view_of;
    hone_node *sum = hone_add(g, x, hone__graph_input(g, HONE_F32, &opened->value.shape, delta));
    if (hone__poisoned(g))
        return;
    hone__call *c = sum->call;
    g->last_call = c->previous; /* out of the end of the list, where hone_add put it ... */
    *(g->last_call ? &g->last_call->next : &g->first_call) = NULL;
    hone__call *after = hone__root(x)->call;
    c->previous = after; /* ... and in behind x */
    c->next = after ? after->next : g->first_call;
    *(after ? &after->next : &g->first_call) = c;
    *(c->next ? &c->next->previous : &g->last_call) = c;
    c->outputs[0] = opened;
    c->y[0] = &opened->value;
    opened->view_of = NULL;
    opened->call = c;
    sum->call = NULL; /* nobody uses it */
}

/* ---- Inputs of examples ------------------------------------------------------------------------------------------ */

hone_node *hone_example_input(hone_graph *g, uint32_t dtype, const hone_shape *shape, double lo, double hi)
{
    if (hone__poisoned(g))
        return &g->poison;
    int64_t count = hone_shape_count(shape);
    uint32_t own = is_real(dtype) ? g->setup.real : dtype;
    if (count < 0 || (own != HONE_F64 && own != HONE_F32 && own != HONE_I32))
        return hone_graph_fail(g, HONE_EINVAL, "an example's input is of type %s; F32, F64 and I32 are known",
                               hone_dtype_name(dtype));
    void *data = hone_alloc_array(g->setup.arena, (size_t)count, hone_dtype_size(own));
    if (!data)
        return no_memory(g);
    const hone_key key = {g->setup.seed, hone_scope_hash("example"), g->n_examples++, 0};
    hone_stream stream = hone_stream_of(&key);
    for (int64_t i = 0; i < count; i++) {
        double u = hone_random_uniform(stream, 0, (uint64_t)i);
        if (own == HONE_F64)
            ((double *)data)[i] = lo + (hi - lo) * u;
        else if (own == HONE_F32)
            ((float *)data)[i] = (float)(lo + (hi - lo) * u);
        else
            ((int32_t *)data)[i] = (int32_t)lo + (int32_t)(u * (hi - lo));
    }
    hone_node *node = leaf(g, own, shape, data);
    node->trainable = is_real(own) && !hone__poisoned(g);
    return node;
}

bool hone__is_example(const hone_node *node)
{
    return node->trainable && !node->weight;
}
