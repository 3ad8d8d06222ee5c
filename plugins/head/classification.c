/* classification.c - one of C labels for each text or pair, as in Transformers' BertForSequenceClassification.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>
#include <math.h>

static const hone_param rows[] = {HONE_TEXT_HEAD_ROWS("cross_entropy")};

typedef struct state {
    int64_t n_labels;
} state;

static hone_status create(const hone_self *self, const hone_head_setup *setup, hone_error *err)
{
    state *s = self->state;

    s->n_labels = (int64_t)setup->facts->n_labels;
    if (s->n_labels < 2)
        return hone_fail(err, HONE_EINVAL, "head classification needs at least 2 labels; the training data has %lld",
                         (long long)s->n_labels);
    return hone_text_head_check(self, setup, HONE_TARGET_CLASS, err);
}

static hone_status build(const hone_self *self, hone_graph *g, const hone_head_io *io, hone_error *err)
{
    const state *s = self->state;
    hone_node *scores = hone_text_head_scores(self, g, io, s->n_labels);
    if (io->with_loss)
        HONE_TRY(hone_text_head_loss(self, g, io, scores, err));
    return hone_graph_status(g, err);
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

static const hone_output_of_head outputs[] = {{.name = "", .target = HONE_TARGET_CLASS}};

static const hone_head classification = {
    .plugin = {HONE_PLUGIN(hone_head, HONE_KIND_HEAD), .name = "classification",
               .summary = "one of C labels for each text or pair", .source = "Transformers, BertForSequenceClassification",
               .help = "    head: {type: classification, dropout: 0.1, loss: {type: cross_entropy, class_weights: balanced}}",
               .state_size = sizeof(state), HONE_PARAMS(hone_text_head, rows)},
    .takes = HONE_TAKES(HONE_TARGET_CLASS),
    .n_outputs = 1,
    .outputs = outputs,
    .output_size = sizeof(hone_output_of_head),
    .architecture = "ForSequenceClassification",
    .create = create,
    .build = build,
    .items = hone_text_head_items,
    .decode = decode,
    .is_architecture = hone_text_head_is_architecture,
};

HONE_MODULE(&classification.plugin);
