/* classification.c - one of C labels for each text or pair, as in Transformers' BertForSequenceClassification.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>
#include <math.h>

typedef struct params {
    int32_t pooling;
    double dropout;
    hone_list hidden_layers;
    int32_t activation;
    double initializer_range;
    const hone_self *loss;
} params;

enum { POOLER, MEAN, FIRST };
static const char *const poolings[] = {"pooler", "mean", "first", NULL};
static const char *const activations[] = {"gelu", "gelu_new", "gelu_pytorch_tanh", "relu", "tanh", "sigmoid", NULL};

static const hone_param rows[] = {
    HONE_PARAM_CHOICE(params, pooling, poolings, .def_text = "pooler",
                      .help = "one row a text: by the model's own pooler, the mean of its tokens, or its first token",
                      .source = "Transformers, BertForSequenceClassification"),
    HONE_PARAM_REAL(params, dropout, .def_real = 0.1, .min_real = 0, .max_real = 1, .flags = HONE_OPEN_MAX, .unit = "1",
                    .help = "dropout before each dense layer of the head", .source = "Transformers, BertConfig"),
    HONE_PARAM_LIST(params, hidden_layers, HONE_INT, int64_t, .min_int = 1, .max_int = 65536, .max_items = 16, .unit = "1",
                    .help = "columns of dense layers between the pooled row and the scores"),
    HONE_PARAM_CHOICE(params, activation, activations, .def_text = "relu", .help = "activation of those layers",
                      .source = "scikit-learn, MLPClassifier"),
    HONE_PARAM_REAL(params, initializer_range, .def_real = 0.02, .min_real = 0, .max_real = 10, .unit = "1",
                    .help = "standard deviation of the head's new weights", .source = "Transformers, BertConfig"),
    HONE_PARAM_PLUGIN(params, loss, HONE_KIND_LOSS, .def_text = "cross_entropy", .help = "what training makes small"),
};

typedef struct state {
    int64_t n_labels;
} state;

static const hone_loss *loss_of(const hone_self *self)
{
    const params *p = self->params;
    return (const hone_loss *)(const void *)p->loss->plugin;
}

static hone_status create(const hone_self *self, const hone_head_setup *setup, hone_error *err)
{
    const params *p = self->params;
    state *s = self->state;

    s->n_labels = (int64_t)setup->facts->n_labels;
    if (s->n_labels < 2)
        return hone_fail(err, HONE_EINVAL, "head classification needs at least 2 labels; the training data has %lld",
                         (long long)s->n_labels);
    if (!(loss_of(self)->targets & HONE_TAKES(HONE_TARGET_CLASS)))
        return hone_fail(err, HONE_EINVAL, "head classification cannot use loss %s, which does not take class",
                         p->loss->plugin->name);
    if (p->pooling == POOLER && !setup->model->pool)
        return hone_fail(err, HONE_EINVAL, "model %s has no pooler of its own; set head.pooling to mean or first",
                         setup->model->plugin.name);
    return HONE_OK;
}

/* [B, H] */
static hone_node *pooled_rows(const params *p, hone_graph *g, const hone_head_io *io)
{
    switch (p->pooling) {
    case MEAN:
        return hone_mean_rows(g, io->hidden, io->in->starts);
    case FIRST:
        return hone_first_rows(g, io->hidden, io->in->starts);
    default:
        return hone_head_pool(g, io);
    }
}

static hone_status build(const hone_self *self, hone_graph *g, const hone_head_io *io, hone_error *err)
{
    const params *p = self->params;
    const state *s = self->state;
    const hone_init init = {.kind = HONE_INIT_NORMAL, .scale = p->initializer_range};
    const int64_t *widths = p->hidden_layers.items;
    const hone_activation act = (hone_activation)hone_activation_by_name(activations[p->activation]);

    hone_node *x = pooled_rows(p, g, io);
    for (uint64_t i = 0; i < p->hidden_layers.n; i++) {
        x = hone_dropout(g, hone_scope(g, "head.hidden.%llu.dropout", (unsigned long long)i), x, NULL, p->dropout);
        x = hone_linear_activate(g, hone_scope(g, "head.hidden.%llu", (unsigned long long)i), x, widths[i], init, act);
    }
    x = hone_dropout(g, "classifier.dropout", x, NULL, p->dropout);
    hone_node *scores = hone_linear(g, "classifier", x, s->n_labels, init);
    hone_head_scores(g, io, "scores", HONE_PER_SEQUENCE, scores);
    if (io->with_loss) {
        hone_node *gold = hone_input(g, io->in, "gold");
        if (!gold)
            return hone_fail(err, HONE_EINVAL, "head classification: the examples have no label");
        hone_head_loss(g, io, 1.0, loss_of(self)->build(p->loss, g, "loss", scores, gold));
    }
    return hone_graph_status(g, err);
}

static hone_status items(const hone_self *self, uint32_t k, const hone_batch *batch, hone_items *out, hone_error *err)
{
    const params *p = self->params;
    const hone_loss *loss = loss_of(self);
    const hone_tensor *gold = hone_batch_field(batch, "gold", NULL);
    (void)k;

    if (!gold)
        return hone_fail(err, HONE_EINVAL, "head classification: the examples have no label");
    out->n = hone_batch_examples(batch);
    out->weights = hone_alloc_array(out->arena, out->n, sizeof *out->weights);
    out->example = hone_alloc_array(out->arena, out->n, sizeof *out->example);
    if (!out->weights || !out->example)
        return hone_no_memory(err, "weighing the examples of a batch");
    const int32_t *labels = gold->data;
    for (uint64_t e = 0; e < out->n; e++) {
        out->example[e] = (uint32_t)e;
        out->weights[e] = labels[e] < 0 ? 0.0 : loss->weight ? loss->weight(p->loss, labels[e]) : 1.0;
    }
    return HONE_OK;
}

/* Adds the softmax of one row of scores to p[C]. */
static void add_softmax(const float *scores, int64_t n, double *p)
{
    double top = scores[0], sum = 0;
    for (int64_t c = 1; c < n; c++)
        top = scores[c] > top ? scores[c] : top;
    for (int64_t c = 0; c < n; c++)
        sum += exp(scores[c] - top);
    for (int64_t c = 0; c < n; c++)
        p[c] += exp(scores[c] - top) / sum;
}

/* The label of the largest probability; of equal ones the first. Several windows of one text count alike. */
static hone_status decode(const hone_self *self, const hone_decode *in, hone_answer *answers, hone_error *err)
{
    const state *s = self->state;
    hone_tensor scores;
    HONE_TRY(hone_decode_scores(in, "scores", &scores, err));
    const int64_t n_rows = scores.shape.dim[0];

    double *sum = hone_alloc_array(in->arena, (size_t)s->n_labels, sizeof *sum);
    float *p = hone_alloc_array(in->arena, (size_t)s->n_labels, sizeof *p);
    if (!sum || !p)
        return hone_no_memory(err, "decoding a prediction");
    for (int64_t r = 0; r < n_rows; r++)
        add_softmax((const float *)scores.data + r * s->n_labels, s->n_labels, sum);
    int32_t best = 0;
    for (int64_t c = 0; c < s->n_labels; c++) {
        p[c] = (float)(sum[c] / (double)n_rows);
        if (sum[c] > sum[best])
            best = (int32_t)c;
    }
    answers[0] = hone_answer_of(HONE_TARGET_CLASS);
    answers[0].index = best;
    answers[0].scores = p;
    answers[0].n_scores = (uint64_t)s->n_labels;
    return HONE_OK;
}

static hone_status exhibit(const hone_self *self, const hone_evaluation *e, hone_exhibits *out, hone_error *err)
{
    const uint64_t n = e->n_labels;
    double *counts = hone_alloc_array(self->step, n * n, sizeof *counts);
    if (!counts)
        return hone_no_memory(err, "counting the confusion matrix");
    for (uint64_t i = 0; i < e->n; i++) {
        const hone_record *r = hone_record_at(e, i);
        if (r->gold && r->gold->index >= 0 && r->prediction && r->prediction->index >= 0)
            counts[(uint64_t)r->gold->index * n + (uint64_t)r->prediction->index] += 1;
    }
    return hone_matrix_add(out,
                           &(hone_matrix){.size = sizeof(hone_matrix),
                                          .name = "confusion_matrix",
                                          .title = "Confusion matrix",
                                          .row_title = "gold",
                                          .column_title = "predicted",
                                          .n_rows = n,
                                          .n_columns = n,
                                          .rows = e->labels,
                                          .columns = e->labels,
                                          .values = counts,
                                          .counts = true},
                           err);
}

static const hone_output_of_head outputs[] = {{.name = "", .target = HONE_TARGET_CLASS}};

static const hone_head classification = {
    .plugin = {HONE_PLUGIN(hone_head, HONE_KIND_HEAD), .name = "classification",
               .summary = "one of C labels for each text or pair", .source = "Transformers, BertForSequenceClassification",
               .help = "    head: {type: classification, dropout: 0.1, loss: {type: cross_entropy, class_weights: balanced}}",
               .state_size = sizeof(state), HONE_PARAMS(params, rows)},
    .takes = HONE_TAKES(HONE_TARGET_CLASS),
    .n_outputs = 1,
    .outputs = outputs,
    .output_size = sizeof(hone_output_of_head),
    .architecture = "ForSequenceClassification",
    .create = create,
    .build = build,
    .items = items,
    .decode = decode,
    .exhibit = exhibit,
};

HONE_MODULE(&classification.plugin);
