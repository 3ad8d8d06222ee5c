/* cross_entropy.c - the negative logarithm of the probability of the gold label, with class weights and label smoothing.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>
#include <math.h>
#include <string.h>

typedef struct params {
    double label_smoothing_factor;
    int32_t class_weights;
    hone_map weights_by_label;
} params;

enum { NONE, BALANCED };
static const char *const weightings[] = {"none", "balanced", NULL};

static const hone_param rows[] = {
    HONE_PARAM_REAL(params, label_smoothing_factor, .def_real = 0, .min_real = 0, .max_real = 1, .unit = "1",
                    .help = "share of the gold label's weight that is spread over all labels",
                    .source = "Szegedy et al. 2016, section 7; Transformers, TrainingArguments"),
    HONE_PARAM_CHOICE(params, class_weights, weightings, .def_text = "none",
                      .help = "balanced: a label weighs examples / (labels x its examples)",
                      .source = "scikit-learn, compute_class_weight"),
    HONE_PARAM_MAP(params, weights_by_label, HONE_REAL, double, .min_real = 0, .max_real = INFINITY, .flags = HONE_OPEN_MAX,
                   .unit = "1", .help = "weights of labels by name; others weigh 1"),
};

typedef struct state {
    float *weights; /* [C]; NULL: all weigh 1 */
    uint64_t n;
} state;

/* Labels without an example in training weigh 1: they take part in smoothing only. */
static void weigh_balanced(const hone_facts *facts, float *weights)
{
    for (uint64_t c = 0; c < facts->n_labels; c++)
        if (facts->counts && facts->counts[c] > 0)
            weights[c] = (float)((double)facts->n_train / ((double)facts->n_labels * (double)facts->counts[c]));
}

static hone_status weigh_by_name(const hone_map *map, const hone_facts *facts, float *weights, hone_error *err)
{
    const double *values = map->values;
    for (uint64_t i = 0; i < map->n; i++) {
        uint64_t c = 0;
        while (c < facts->n_labels && strcmp(map->keys[i], facts->labels[c]) != 0)
            c++;
        if (c == facts->n_labels)
            return hone_fail(err, HONE_EINVAL, "loss cross_entropy: weights_by_label names %s, which is no label of the data",
                             map->keys[i]);
        weights[c] = (float)values[i];
    }
    return HONE_OK;
}

static hone_status create(const hone_self *self, const hone_facts *facts, hone_error *err)
{
    const params *p = self->params;
    state *s = self->state;

    if (p->class_weights == NONE && p->weights_by_label.n == 0)
        return HONE_OK;
    if (p->class_weights == BALANCED && p->weights_by_label.n > 0)
        return hone_fail(err, HONE_EINVAL,
                         "loss cross_entropy: class_weights: balanced and weights_by_label exclude each other; "
                         "leave one of them out");
    s->n = facts->n_labels;
    s->weights = hone_alloc_array(self->trial, s->n, sizeof *s->weights);
    if (!s->weights)
        return hone_no_memory(err, "weighing the labels");
    for (uint64_t c = 0; c < s->n; c++)
        s->weights[c] = 1;
    if (p->class_weights == BALANCED)
        weigh_balanced(facts, s->weights);
    return weigh_by_name(&p->weights_by_label, facts, s->weights, err);
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
    .targets = HONE_TAKES(HONE_TARGET_CLASS),
    .create = create,
    .build = build,
    .weight = weight,
};

HONE_MODULE(&cross_entropy.plugin);
