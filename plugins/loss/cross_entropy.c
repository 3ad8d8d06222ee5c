/* cross_entropy.c - the negative logarithm of the probability of the gold label, with class weights and label smoothing.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>

typedef struct params {
    double label_smoothing_factor;
    int32_t class_weights;
    hone_map weights_by_label;
} params;

static const hone_param rows[] = {
    HONE_PARAM_REAL(params, label_smoothing_factor, .def_real = 0, .min_real = 0, .max_real = 1, .unit = "1",
                    .help = "share of the gold label's weight that is spread over all labels",
                    .source = "Szegedy et al. 2016, section 7; Transformers, TrainingArguments"),
    HONE_CLASS_WEIGHT_ROWS(params),
};

typedef struct state {
    float *weights; /* [C]; NULL: all weigh 1 */
    uint64_t n;
} state;

static hone_status create(const hone_self *self, const hone_facts *facts, hone_error *err)
{
    const params *p = self->params;
    state *s = self->state;
    s->n = facts->n_labels;
    return hone_class_weights(self, p->class_weights, &p->weights_by_label, facts, &s->weights, err);
}

static hone_node *build(const hone_self *self, hone_graph *g, const char *scope, hone_node *scores, hone_node *gold)
{
    const params *p = self->params;
    const state *s = self->state;
    (void)scope;
    const hone_shape shape = hone_shape_1((int64_t)s->n);
    hone_node *weights = s->weights ? hone_constant(g, HONE_F32, &shape, s->weights) : NULL;
    return hone_cross_entropy(g, scores, gold, weights, p->label_smoothing_factor);
}

static double weight(const hone_self *self, int32_t gold)
{
    const state *s = self->state;
    return s->weights && gold >= 0 && (uint64_t)gold < s->n ? (double)s->weights[gold] : 1.0;
}

static const hone_loss cross_entropy = {
    .plugin = {HONE_PLUGIN(hone_loss, HONE_KIND_LOSS), .name = "cross_entropy",
               .summary = "the negative logarithm of the gold label's probability", .source = "PyTorch, CrossEntropyLoss",
               .help = "    loss: {type: cross_entropy, label_smoothing_factor: 0.1, weights_by_label: {spam: 5}}",
               .state_size = sizeof(state), HONE_PARAMS(params, rows)},
    .targets = HONE_TAKES(HONE_TARGET_CLASS) | HONE_TAKES(HONE_TARGET_TAGS),
    .create = create,
    .build = build,
    .weight = weight,
};

HONE_MODULE(&cross_entropy.plugin);
