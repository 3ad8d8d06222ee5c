/* bert.c - the encoder of BERT, with the names and defaults of Hugging Face's BertConfig and BertModel.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>
#include <stdlib.h>
#include <string.h>

typedef struct params {
    hone_int_or_word vocab_size;
    int64_t hidden_size, num_hidden_layers, num_attention_heads, intermediate_size;
    int32_t hidden_act;
    double hidden_dropout_prob, attention_probs_dropout_prob;
    int64_t max_position_embeddings, type_vocab_size;
    double layer_norm_eps, initializer_range;
} params;

static const char *const activations[] = {"gelu", "gelu_new", "gelu_pytorch_tanh", "relu", "tanh", "sigmoid", NULL};
static const char *const auto_word[] = {"auto", NULL};
static const char from_hf[] = "Transformers, BertConfig";

static const hone_param rows[] = {
    HONE_PARAM_INT_OR_WORD(params, vocab_size, auto_word, .def_text = "auto", .min_int = 1, .max_int = INT32_MAX,
                           .unit = "tokens", .help = "rows of the word embeddings; auto: the tokenizer's vocabulary"),
    HONE_PARAM_INT(params, hidden_size, .def_int = 768, .min_int = 1, .max_int = 65536, .unit = "1",
                   .help = "columns of the hidden states; num_attention_heads divides it", .source = from_hf),
    HONE_PARAM_INT(params, num_hidden_layers, .def_int = 12, .min_int = 0, .max_int = 1024, .unit = "layers",
                   .help = "layers of the encoder", .source = from_hf),
    HONE_PARAM_INT(params, num_attention_heads, .def_int = 12, .min_int = 1, .max_int = 1024, .unit = "heads",
                   .help = "attention heads of each layer", .source = from_hf),
    HONE_PARAM_INT(params, intermediate_size, .def_int = 3072, .min_int = 1, .max_int = 1048576, .unit = "1",
                   .help = "columns between the two dense parts of a layer", .source = from_hf),
    HONE_PARAM_CHOICE(params, hidden_act, activations, .def_text = "gelu", .help = "activation between them",
                      .source = from_hf),
    HONE_PARAM_REAL(params, hidden_dropout_prob, .def_real = 0.1, .min_real = 0, .max_real = 1,
                    .flags = HONE_OPEN_MAX | HONE_TRAINING_ONLY, .unit = "1",
                    .help = "dropout after the embeddings and both parts of a layer", .source = from_hf),
    HONE_PARAM_REAL(params, attention_probs_dropout_prob, .def_real = 0.1, .min_real = 0, .max_real = 1,
                    .flags = HONE_OPEN_MAX | HONE_TRAINING_ONLY, .unit = "1", .help = "dropout on the attention probabilities",
                    .source = from_hf),
    HONE_PARAM_INT(params, max_position_embeddings, .def_int = 512, .min_int = 1, .max_int = 1048576, .unit = "tokens",
                   .help = "tokens that a sequence may have", .source = from_hf),
    HONE_PARAM_INT(params, type_vocab_size, .def_int = 2, .min_int = 1, .max_int = 1024, .unit = "1",
                   .help = "kinds of segment: text and second text", .source = from_hf),
    HONE_PARAM_REAL(params, layer_norm_eps, .def_real = 1e-12, .min_real = 0, .max_real = 1, .unit = "1",
                    .help = "keeps the denominator of layer norms from zero", .source = from_hf),
    HONE_PARAM_REAL(params, initializer_range, .def_real = 0.02, .min_real = 0, .max_real = 10, .unit = "1",
                    .help = "standard deviation of new weights", .source = from_hf),
};

typedef struct state {
    hone_activation activation;
    int64_t vocabulary;
} state;

static hone_status create(const hone_self *self, const hone_model_setup *setup, hone_error *err)
{
    const params *p = self->params;
    state *s = self->state;

    if (p->hidden_size % p->num_attention_heads != 0)
        return hone_fail(err, HONE_EINVAL, "model bert: hidden_size %lld is not a multiple of num_attention_heads %lld",
                         (long long)p->hidden_size, (long long)p->num_attention_heads);
    s->activation = (hone_activation)hone_activation_by_name(activations[p->hidden_act]);
    if (!setup->tokenizer)
        return hone_fail(err, HONE_EINVAL,
                         "model bert reads tokens, but there is no tokenizer; add one, e.g. "
                         "`tokenizer: {type: wordpiece}`");
    s->vocabulary = p->vocab_size.word >= 0 ? setup->tokenizer->vocabulary : p->vocab_size.value;
    if (s->vocabulary < setup->tokenizer->vocabulary)
        return hone_fail(
            err, HONE_EINVAL,
            "model bert: vocab_size is %lld, but the tokenizer has %lld tokens; take the tokenizer that belongs to "
            "the model, or leave vocab_size at auto",
            (long long)s->vocabulary, (long long)setup->tokenizer->vocabulary);
    return HONE_OK;
}

static hone_init normal_init(const params *p)
{
    return (hone_init){.kind = HONE_INIT_NORMAL, .scale = p->initializer_range};
}

/* ids, types, positions [N] -> [N, H] */
static hone_node *build_embeddings(const hone_self *self, hone_graph *g, const hone_inputs *in)
{
    const params *p = self->params;
    const state *s = self->state;
    const int64_t h = p->hidden_size;
    const hone_init init = normal_init(p);

    hone_node *words = hone_embedding(g, "embeddings.word_embeddings.weight", s->vocabulary, h, init, in->ids);
    hone_node *types = hone_embedding(g, "embeddings.token_type_embeddings.weight", p->type_vocab_size, h, init, in->types);
    hone_node *positions =
        hone_embedding(g, "embeddings.position_embeddings.weight", p->max_position_embeddings, h, init, in->positions);
    hone_node *sum = hone_add(g, hone_add(g, words, types), positions);
    hone_node *normed = hone_layer_norm(g, "embeddings.LayerNorm", sum, p->layer_norm_eps);
    return hone_dropout(g, "embeddings.dropout", normed, in->starts, p->hidden_dropout_prob);
}

static hone_node *build_attention(const params *p, hone_graph *g, const hone_inputs *in, hone_node *x, long long layer)
{
    const int64_t h = p->hidden_size;
    const char *const scopes[3] = {hone_scope(g, "encoder.layer.%lld.attention.self.query", layer),
                                   hone_scope(g, "encoder.layer.%lld.attention.self.key", layer),
                                   hone_scope(g, "encoder.layer.%lld.attention.self.value", layer)};
    const int64_t outs[3] = {h, h, h};
    hone_node *qkv[3];

    hone_linear_group(g, 3, scopes, x, outs, normal_init(p), qkv);
    hone_node *mixed = hone_attention(g, hone_scope(g, "encoder.layer.%lld.attention.self", layer), qkv[0], qkv[1], qkv[2],
                                      in->starts, p->num_attention_heads, p->attention_probs_dropout_prob);
    hone_node *y = hone_linear(g, hone_scope(g, "encoder.layer.%lld.attention.output.dense", layer), mixed, h, normal_init(p));
    return hone_residual_norm(g, hone_scope(g, "encoder.layer.%lld.attention.output.LayerNorm", layer), y, x, in->starts,
                              p->hidden_dropout_prob, p->layer_norm_eps);
}

static hone_node *build_layer(const hone_self *self, hone_graph *g, const hone_inputs *in, hone_node *x, long long layer)
{
    const params *p = self->params;
    const state *s = self->state;

    hone_node *mixed = build_attention(p, g, in, x, layer);
    hone_node *wide = hone_linear_activate(g, hone_scope(g, "encoder.layer.%lld.intermediate.dense", layer), mixed,
                                           p->intermediate_size, normal_init(p), s->activation);
    hone_node *y =
        hone_linear(g, hone_scope(g, "encoder.layer.%lld.output.dense", layer), wide, p->hidden_size, normal_init(p));
    return hone_residual_norm(g, hone_scope(g, "encoder.layer.%lld.output.LayerNorm", layer), y, mixed, in->starts,
                              p->hidden_dropout_prob, p->layer_norm_eps);
}

static hone_status build(const hone_self *self, hone_graph *g, const hone_inputs *in, hone_node **hidden, hone_error *err)
{
    const params *p = self->params;

    hone_node *x = hone_open(g, "embeddings", build_embeddings(self, g, in));
    for (int64_t layer = 0; layer < p->num_hidden_layers; layer++) {
        x = build_layer(self, g, in, x, (long long)layer);
        x = hone_open(g, hone_scope(g, "layer.%lld", (long long)layer + 1), x);
    }
    *hidden = x;
    return hone_graph_status(g, err);
}

static hone_node *pool(const hone_self *self, hone_graph *g, const hone_inputs *in, hone_node *hidden)
{
    const params *p = self->params;
    hone_node *first = hone_first_rows(g, hidden, in->starts);
    return hone_linear_activate(g, "pooler.dense", first, p->hidden_size, normal_init(p), HONE_ACT_TANH);
}

static int64_t hidden_of(const hone_self *self)
{
    const params *p = self->params;
    return p->hidden_size;
}

static int64_t max_length_of(const hone_self *self)
{
    const params *p = self->params;
    return p->max_position_embeddings;
}

static int64_t layers_of(const hone_self *self)
{
    const params *p = self->params;
    return p->num_hidden_layers;
}

static int64_t layer_of(const hone_self *self, const char *weight)
{
    static const char embeddings[] = "embeddings.", layer[] = "encoder.layer.";
    (void)self;
    if (strncmp(weight, embeddings, sizeof embeddings - 1) == 0)
        return 0;
    if (strncmp(weight, layer, sizeof layer - 1) == 0)
        return strtoll(weight + sizeof layer - 1, NULL, 10) + 1;
    return -1;
}

/* The heads of pretraining; a buffer of old versions; the pooler, where no head asks for it. */
static const char *const surplus[] = {"cls.*", "embeddings.position_ids", "pooler.*", NULL};
static const hone_rename renames[] = {
    {"LayerNorm.gamma", "LayerNorm.weight"}, {"LayerNorm.beta", "LayerNorm.bias"}, {NULL, NULL}};

static const hone_model bert = {
    .plugin = {HONE_PLUGIN(hone_model, HONE_KIND_MODEL), .name = "bert", .summary = "the encoder of BERT",
               .source = "Devlin et al. 2019; weights and settings as in Transformers' BertModel",
               .help = "With `path`, settings come from the folder's config.json and weights from its model.safetensors:\n"
                       "    model: {type: bert, path: all-MiniLM-L6-v2, freeze: {embeddings: true, layers: 2}}\n"
                       "Without, weights are random:\n"
                       "    model: {type: bert, hidden_size: 128, num_hidden_layers: 2, num_attention_heads: 2, "
                       "intermediate_size: 512}",
               .state_size = sizeof(state), HONE_PARAMS(params, rows)},
    .prefix = "bert",
    .model_type = "bert",
    .architecture = "BertModel",
    .surplus = surplus,
    .renames = renames,
    .rename_size = sizeof(hone_rename),
    .create = create,
    .hidden = hidden_of,
    .max_length = max_length_of,
    .layers = layers_of,
    .build = build,
    .pool = pool,
    .layer_of = layer_of,
    .word_embeddings = "embeddings.word_embeddings.weight",
};

HONE_MODULE(&bert.plugin);
