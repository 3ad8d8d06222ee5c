/* work.c - what a planned graph consists of: how many floating-point operations it takes (those of its matrix products, and one for every
 * other number), the weights that it reads, and whether its rows are independent.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "tensor/graph_impl.h"

#include <string.h>

/* The product of rows [N, I] with a weight [O, I] takes 2 N I O operations, and each of its two gradients as many. Which operator it is
 * does not matter, so that fused ones count as well; a gather takes rows of its weight and multiplies nothing. */
static double products(const hone__call *c)
{
    const hone_shape *y = &c->outputs[0]->value.shape;
    const double rows = y->rank > 0 ? (double)y->dim[0] : 1;
    double work = 0;
    if (strcmp(c->call.op->name, "gather") == 0)
        return 0;
    for (uint32_t i = 0; i < c->call.n_x; i++) {
        const hone_node *x = c->inputs[i] ? hone__root(c->inputs[i]) : NULL;
        if (!x || !x->weight || x->value.shape.rank != 2)
            continue;
        const double once = 2 * rows * (double)hone_shape_count(&x->value.shape);
        bool of_rows = false;
        for (uint32_t k = 0; k < c->call.n_x; k++) {
            hone_node *other = c->inputs[k] ? hone__gradient_root(c->inputs[k]) : NULL;
            of_rows = of_rows || (other && !other->weight && other->has_gradient);
        }
        work += once + (c->differentiated ? once * (x->has_gradient + of_rows) : 0);
    }
    return work;
}

/* Scores and their sums over values: 4 H operations for each pair of tokens of a sequence, and backward five products for two. */
static double attention(const hone__call *c)
{
    const hone_node *x = c->inputs[0], *s = c->call.n_x > 3 ? c->inputs[3] : NULL;
    if (!s || !s->host || strcmp(c->call.op->name, "attention") != 0)
        return 0;
    const int32_t *starts = s->host;
    double pairs = 0;
    for (int64_t i = 1; i < s->value.shape.dim[0]; i++)
        pairs += (double)(starts[i] - starts[i - 1]) * (double)(starts[i] - starts[i - 1]);
    return pairs * 4 * (double)x->value.shape.dim[1] * (c->differentiated ? 3.5 : 1);
}

static double others(const hone__call *c)
{
    double n = 0;
    for (uint32_t i = 0; i < c->call.n_y; i++)
        n += (double)hone_shape_count(&c->outputs[i]->value.shape);
    return c->differentiated ? 3 * n : n;
}

bool hone__graph_rows_independent(const hone_graph *g)
{
    for (const hone__call *c = g->first_call; c; c = c->next)
        if (c->reached && !(c->call.op->flags & HONE_OP_ROWS_INDEPENDENT))
            return false;
    return true;
}

size_t hone__graph_weights(const hone_graph *g, const hone__weight **out)
{
    size_t n = 0;
    for (const hone_node *node = g->first; node; node = node->next) {
        if (!node->wanted || !node->weight)
            continue;
        if (out)
            out[n] = node->weight;
        n++;
    }
    return n;
}

double hone__graph_work(const hone_graph *g)
{
    double work = 0;
    for (const hone__call *c = g->first_call; c; c = c->next)
        if (c->reached)
            work += products(c) + attention(c) + others(c);
    return work;
}
