/* null.c - the smallest model: a short vector for each token, and nothing above it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/network.h>

#include <string.h>

enum { HIDDEN = 4 };

typedef struct state {
    int64_t vocabulary;
} state;

static hone_status create(const hone_self *self, const hone_model_setup *setup, hone_error *err)
{
    if (!setup->tokenizer)
        return hone_fail(err, HONE_EINVAL, "the model null reads tokens, and there is no tokenizer");
    ((state *)self->state)->vocabulary = setup->tokenizer->vocabulary;
    return HONE_OK;
}

static int64_t hidden_of(const hone_self *self)
{
    (void)self;
    return HIDDEN;
}

static hone_status build(const hone_self *self, hone_graph *g, const hone_inputs *in, hone_node **hidden, hone_error *err)
{
    const hone_init init = {.kind = HONE_INIT_NORMAL, .scale = 0.1};
    const int64_t v = ((const state *)self->state)->vocabulary;
    *hidden = hone_open(g, "embeddings", hone_embedding(g, "embeddings.weight", v, HIDDEN, init, in->ids));
    return hone_graph_status(g, err);
}

static hone_node *pool(const hone_self *self, hone_graph *g, const hone_inputs *in, hone_node *hidden)
{
    (void)self;
    return hone_mean_rows(g, hidden, in->starts);
}

static int64_t layer_of(const hone_self *self, const char *weight)
{
    (void)self;
    return strcmp(weight, "embeddings.weight") == 0 ? 0 : -1;
}

static const hone_model null_model = {
    .plugin = {HONE_PLUGIN(hone_model, HONE_KIND_MODEL), .name = "null",
               .summary = "four numbers for each token, and nothing above them", .state_size = sizeof(state)},
    .prefix = "null",
    .create = create,
    .hidden = hidden_of,
    .build = build,
    .pool = pool,
    .layer_of = layer_of,
    .word_embeddings = "embeddings.weight",
};
HONE_MODULE(&null_model.plugin);
