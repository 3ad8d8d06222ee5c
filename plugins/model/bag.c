/* bag.c - a text as the mean of its word embeddings, as in fastText: the baseline that every encoder should beat.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>
#include <string.h>

typedef struct params {
    int64_t hidden_size;
    double dropout;
} params;

static const hone_param rows[] = {
    HONE_PARAM_INT(params, hidden_size, .def_int = 100, .min_int = 1, .max_int = 65536, .unit = "1",
                   .help = "columns of the word embeddings", .source = "fastText, -dim"),
    HONE_PARAM_REAL(params, dropout, .def_real = 0, .min_real = 0, .max_real = 1, .flags = HONE_OPEN_MAX | HONE_TRAINING_ONLY,
                    .unit = "1", .help = "dropout on the word embeddings"),
};

typedef struct state {
    int64_t vocabulary;
} state;

static hone_status create(const hone_self *self, const hone_model_setup *setup, hone_error *err)
{
    state *s = self->state;
    if (!setup->tokenizer)
        return hone_fail(err, HONE_EINVAL,
                         "model bag reads tokens, but there is no tokenizer; add one, e.g. "
                         "`tokenizer: {type: whitespace}`");
    s->vocabulary = setup->tokenizer->vocabulary;
    return HONE_OK;
}

static hone_status build(const hone_self *self, hone_graph *g, const hone_inputs *in, hone_node **hidden, hone_error *err)
{
    const params *p = self->params;
    const state *s = self->state;
    /* fastText begins with uniform numbers in +-1/dim. */
    const hone_init init = {.kind = HONE_INIT_UNIFORM, .scale = 1.0 / (double)p->hidden_size};

    hone_node *x = hone_embedding(g, "embeddings.weight", s->vocabulary, p->hidden_size, init, in->ids);
    x = hone_open(g, "embeddings", x);
    *hidden = hone_dropout(g, "embeddings.dropout", x, in->starts, p->dropout);
    return hone_graph_status(g, err);
}

static hone_node *pool(const hone_self *self, hone_graph *g, const hone_inputs *in, hone_node *hidden)
{
    (void)self;
    return hone_mean_rows(g, hidden, in->starts);
}

static int64_t hidden_of(const hone_self *self)
{
    const params *p = self->params;
    return p->hidden_size;
}

static int64_t layer_of(const hone_self *self, const char *weight)
{
    (void)self;
    return strcmp(weight, "embeddings.weight") == 0 ? 0 : -1;
}

static const hone_model bag = {
    .plugin = {HONE_PLUGIN(hone_model, HONE_KIND_MODEL), .name = "bag", .summary = "the mean of word embeddings",
               .source = "Joulin et al. 2017, \"Bag of tricks for efficient text classification\"",
               .help = "    model: {type: bag, hidden_size: 100}\n"
                       "    optimizer: {type: adamw, learning_rate: 5.0e-3}",
               .state_size = sizeof(state), HONE_PARAMS(params, rows)},
    .prefix = "bag",
    .create = create,
    .hidden = hidden_of,
    .build = build,
    .pool = pool,
    .layer_of = layer_of,
    .word_embeddings = "embeddings.weight",
};

HONE_MODULE(&bag.plugin);
