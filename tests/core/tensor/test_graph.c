/* test_graph.c - building, planning and running graphs.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/pool.h"
#include "suite.h"
#include "tensor/graph_impl.h"
#include <math.h>

/* ---- What a training step looks like ------------------------------------------------------------------------------- */

static const hone_init normal = {HONE_INIT_NORMAL, 0, 0.5};

/* Two sequences of 3 and 2 tokens, classified by their first token's hidden state. */
static const int32_t ids[] = {1, 4, 2, 1, 3}, starts[] = {0, 3, 5}, labels[] = {1, 0};

/* What a model and a head do: operators in, losses out. */
static hone_node *tiny_classifier(hone_graph *g, hone_node *id, hone_node *start, hone_node *label)
{
    hone_node *x = hone_embedding(g, "embeddings.word_embeddings.weight", 5, 8, normal, id);
    hone_node *q = hone_linear(g, "query", x, 8, normal), *k = hone_linear(g, "key", x, 8, normal);
    hone_node *a = hone_attention(g, "attention", q, k, x, start, 2, 0.1);
    hone_node *y = hone_residual_norm(g, "output.LayerNorm", a, x, start, 0.1, 1e-12);
    hone_node *scores = hone_linear(g, "classifier", hone_first_rows(g, y, start), 2, normal);
    return hone_cross_entropy(g, scores, label, NULL, 0.0);
}

/* One step of one micro-batch; the gradients are then in the store, and the sum of the losses comes back. */
static double one_step(hone_store *store, hone_arena *arena, hone__block *block, uint64_t step)
{
    hone_error err;
    hone_shape n = hone_shape_1(5), b1 = hone_shape_1(3), e = hone_shape_1(2);
    const hone__graph_setup setup = {.arena = arena, .store = store, .seed = 42, .step = step, .training = true};
    hone_graph *g = hone__graph_create(&setup);
    ck_assert_ptr_nonnull(g);

    hone_node *losses = tiny_classifier(g, hone__graph_input(g, HONE_I32, &n, ids), hone__graph_input(g, HONE_I32, &b1, starts),
                                        hone__graph_input(g, HONE_I32, &e, labels));
    const float dy[] = {0.5f, 0.5f}; /* the mean over two items */
    hone__graph_keep(g, losses, false);
    hone__graph_seed(g, losses, dy);

    ck_assert_msg(hone__graph_plan(g, true, NULL, &err) == HONE_OK, "%s", err.msg); /* building errors come here, too */
    ck_assert_msg(hone__graph_forward(g, block, &err) == HONE_OK, "%s", err.msg);
    ck_assert_msg(hone__graph_backward(g, &err) == HONE_OK, "%s", err.msg);
    const float *loss = hone__node_tensor(losses)->data;
    double sum = (double)loss[0] + loss[1];
    hone__arena_reset(arena);
    return sum;
}

/* The first build registers the weights; closing the store then gives them values and gradients. */
static hone_store *store_of_tiny_classifier(hone_arena *arena)
{
    hone_error err;
    hone_store *store = hone__store_create(42);
    const hone__graph_setup setup = {.arena = arena, .store = store};
    hone_graph *g = hone__graph_create(&setup);
    hone_shape n = hone_shape_1(5), b1 = hone_shape_1(3), e = hone_shape_1(2);
    tiny_classifier(g, hone__graph_input(g, HONE_I32, &n, NULL), hone__graph_input(g, HONE_I32, &b1, NULL),
                    hone__graph_input(g, HONE_I32, &e, NULL));
    ck_assert_msg(hone_graph_status(g, &err) == HONE_OK, "%s", err.msg);
    ck_assert_msg(hone__store_close(store, &err) == HONE_OK, "%s", err.msg);
    hone__arena_reset(arena);
    return store;
}

START_TEST(one_step_reads_like_this)
{
    hone_arena *arena = hone__arena_create(0);
    hone_store *store = store_of_tiny_classifier(arena);
    hone__block block = {0};
    double first = 0, last = 0;
    for (uint64_t step = 0; step < 200; step++) {
        hone__store_clear_gradients(store, NULL);
        last = one_step(store, arena, &block, step);
        first = step ? first : last;
        for (size_t i = 0; i < hone__store_count(store); i++) { /* what an optimizer does */
            hone__weight *w = hone__store_at(store, i);
            float *value = w->value.data;
            const float *gradient = hone__store_gradient(store, w);
            for (int64_t k = 0; w->reached && k < w->n; k++)
                value[k] -= 0.1f * gradient[k];
        }
    }
    ck_assert_double_gt(first, 0.5);
    ck_assert_double_lt(last, 0.1);
    hone__block_free(&block);
    hone__store_destroy(store);
    hone__arena_destroy(arena);
}
END_TEST

SUITE("graph", one_step_reads_like_this)
