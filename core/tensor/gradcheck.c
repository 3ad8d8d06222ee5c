/* gradcheck.c - an operator's gradients against central differences of a random projection of its outputs.
 *
 * With r random, f = sum of r y over all outputs; backward seeded with r must give df/dx, which is compared with
 * (f(x + h) - f(x - h)) / 2h for every element of every input. An error counts relative to the gradient, or to a share of the
 * instance's largest gradient where the element's own is smaller.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "tensor/graph_impl.h"
#include <math.h>
#include <stdio.h>

/* Two steps of a variable that is rounded to bf16 are apart by up to 2^-8 of it more or less than what was asked for, and the analytic
 * gradient is made of rounded numbers, too. */
static const double ROUNDED = 2e-2;

typedef struct check {
    const hone_op *op;
    const hone_backend *backend;
    const struct hone_self *backend_self;
    hone_pool *pool;
    hone__gradcheck *result;
    uint32_t real; /* the type it runs in */
    double floor;  /* this share of the largest gradient, at least, is what errors are relative to */
    const double *steps;
    size_t n_steps;
    /* Of the instance at hand. */
    uint32_t instance;
    hone_arena *arena;
    hone__block block;
    hone_graph *graph;
    hone_node *outputs[HONE_MAX_OUTPUTS];
    float *r[HONE_MAX_OUTPUTS]; /* NULL for outputs that are no reals */
    uint32_t n_outputs;
} check;

static double get(const void *data, uint32_t dtype, int64_t i)
{
    return dtype == HONE_F64 ? ((const double *)data)[i] : (double)((const float *)data)[i];
}

static void put(void *data, uint32_t dtype, int64_t i, double x)
{
    if (dtype == HONE_F64)
        ((double *)data)[i] = x;
    else
        ((float *)data)[i] = (float)x;
}

static int64_t count_of(const hone_node *node)
{
    return hone_shape_count(&node->value.shape);
}

/* ---- One instance ------------------------------------------------------------------------------------------------- */

static hone_status projection(check *k, hone_error *err)
{
    const hone_key key = {11, hone_scope_hash("projection"), k->instance, 0};
    hone_stream stream = hone_stream_of(&key);
    for (uint32_t o = 0; o < k->n_outputs; o++) {
        hone_node *y = k->outputs[o];
        hone__graph_keep(k->graph, y, false);
        if (y->value.dtype != k->real)
            continue;
        k->r[o] = hone_alloc_array(k->arena, (size_t)count_of(y), sizeof(float));
        if (!k->r[o])
            return hone_no_memory(err, "checking gradients");
        for (int64_t i = 0; i < count_of(y); i++)
            k->r[o][i] = (float)(2 * hone_random_uniform(stream, o, (uint64_t)i) - 1);
        hone__graph_seed(k->graph, y, k->r[o]);
    }
    return HONE_OK;
}

static hone_status build(check *k, hone_error *err)
{
    const hone__graph_setup setup = {.arena = k->arena,
                                     .backend = k->backend,
                                     .backend_self = k->backend_self,
                                     .pool = k->pool,
                                     .seed = 7 + k->instance,
                                     .training = true,
                                     .real = k->real};
    hone_node *y = NULL;
    k->graph = hone__graph_create(&setup);
    if (!k->graph)
        return hone_no_memory(err, "checking gradients");
    HONE_TRY(k->op->example(k->graph, k->instance, &y, err));
    HONE_TRY(hone_graph_status(k->graph, err));
    k->n_outputs = y->call ? y->call->call.n_y : 1;
    for (uint32_t o = 0; o < k->n_outputs; o++) {
        k->outputs[o] = y->call ? y->call->outputs[o] : y;
        k->r[o] = NULL;
    }
    HONE_TRY(projection(k, err));
    HONE_TRY(hone__graph_plan(k->graph, true, NULL, err));
    HONE_TRY(hone__graph_forward(k->graph, &k->block, err));
    return hone__graph_backward(k->graph, err);
}

static hone_status value_of(check *k, double *f, hone_error *err)
{
    HONE_TRY(hone__graph_forward(k->graph, &k->block, err));
    *f = 0;
    for (uint32_t o = 0; o < k->n_outputs; o++) {
        for (int64_t i = 0; k->r[o] && i < count_of(k->outputs[o]); i++)
            *f += (double)k->r[o][i] * get(k->outputs[o]->value.data, k->real, i);
    }
    return HONE_OK;
}

/* The smallest relative error over all step sizes. */
static hone_status element_error(check *k, void *data, int64_t i, double analytic, double least, double *error, hone_error *err)
{
    double x = get(data, k->real, i);
    *error = INFINITY;
    for (size_t s = 0; s < k->n_steps; s++) {
        double up, down, f_up, f_down;
        put(data, k->real, i, x + k->steps[s]);
        up = get(data, k->real, i);
        HONE_TRY(value_of(k, &f_up, err));
        put(data, k->real, i, x - k->steps[s]);
        down = get(data, k->real, i);
        HONE_TRY(value_of(k, &f_down, err));
        double numeric = (f_up - f_down) / (up - down);
        double relative = fabs(analytic - numeric) / fmax(fmax(fabs(analytic), fabs(numeric)), least);
        if (relative < *error) /* NaN never is */
            *error = relative;
    }
    put(data, k->real, i, x);
    return HONE_OK;
}

static double largest(const double *x, int64_t n)
{
    double most = 0;
    for (int64_t i = 0; i < n; i++)
        most = fmax(most, fabs(x[i]));
    return most;
}

static hone_status check_leaf(check *k, hone_node *leaf, uint32_t number, const double *gradient, double least, hone_error *err)
{
    for (int64_t i = 0; i < count_of(leaf); i++) {
        double error;
        HONE_TRY(element_error(k, leaf->value.data, i, gradient[i], least, &error, err));
        k->result->checked++;
        if (error <= k->result->worst)
            continue;
        k->result->worst = error;
        snprintf(k->result->where, sizeof k->result->where, "%s, example %u, input %u, element %lld (gradient %g)", k->op->name,
                 k->instance, number, (long long)i, gradient[i]);
    }
    return HONE_OK;
}

/* Gradients are copied first: every run forward overwrites them. */
static double *copied_gradient(check *k, const hone_node *leaf)
{
    double *copy = hone_alloc_array(k->arena, (size_t)count_of(leaf) + 1, sizeof *copy);
    for (int64_t i = 0; copy && leaf->has_gradient && i < count_of(leaf); i++)
        copy[i] = get(leaf->gradient.data, k->real, i);
    return copy;
}

static hone_status check_instance(check *k, hone_error *err)
{
    double *gradients[HONE_MAX_INPUTS] = {NULL}, most = 0;
    hone_node *leaves[HONE_MAX_INPUTS];
    uint32_t n = 0;
    HONE_TRY(build(k, err));
    for (hone_node *node = k->graph->first; node && n < HONE_MAX_INPUTS; node = node->next) {
        if (!hone__is_example(node) || !node->wanted)
            continue;
        leaves[n] = node;
        gradients[n] = copied_gradient(k, node);
        if (!gradients[n])
            return hone_no_memory(err, "checking gradients");
        most = fmax(most, largest(gradients[n], count_of(node)));
        n++;
    }
    for (uint32_t i = 0; i < n; i++)
        HONE_TRY(check_leaf(k, leaves[i], i, gradients[i], fmax(k->floor * most, 1e-12), err));
    return HONE_OK;
}

/* ---- All instances ------------------------------------------------------------------------------------------------ */

static hone_status check_all(check *k, hone_error *err)
{
    for (k->instance = 0;; k->instance++) {
        hone__arena_reset(k->arena);
        hone_status status = check_instance(k, err);
        if (status == HONE_END)
            return HONE_OK;
        HONE_TRY(status);
    }
}

hone_status hone__gradcheck_op(const hone_op *op, const hone_backend *backend, const struct hone_self *backend_self,
                               hone_pool *pool, double tolerance, hone__gradcheck *result, hone_error *err)
{
    /* In double, truncation (h^2) and rounding (1e-16 / h) are both far below 1e-6. In float no step suits all operators. */
    static const double one_step[] = {1e-5}, many_steps[] = {3e-1, 1e-1, 3e-2, 1e-2, 3e-3, 1e-3};
    bool twice = op->f64 && !backend;
    check k = {.op = op,
               .backend = backend,
               .backend_self = backend_self,
               .pool = pool,
               .result = result,
               .real = twice ? HONE_F64 : HONE_F32,
               .floor = twice ? 1e-3 : 1e-1,
               .steps = twice ? one_step : many_steps,
               .n_steps = twice ? 1 : sizeof many_steps / sizeof *many_steps};
    *result = (hone__gradcheck){0};
    if (!op->example || !op->backward)
        return hone_fail(err, HONE_EINVAL, "operator %s has no %s, so its gradient cannot be checked", op->name,
                         op->example ? "backward" : "example");
    k.arena = hone__arena_create(0);
    if (!k.arena)
        return hone_no_memory(err, "checking gradients");
    hone_status status = check_all(&k, err);
    hone__block_free(&k.block);
    hone__arena_destroy(k.arena);
    HONE_TRY(status);
    if (op->flags & HONE_OP_BF16 && !twice)
        tolerance = fmax(tolerance, ROUNDED);
    if (!(result->worst <= tolerance))
        return hone_fail(err, HONE_EINVAL, "the gradient of %s is wrong by %.2g, more than %.2g is not allowed", result->where,
                         result->worst, tolerance);
    return HONE_OK;
}
