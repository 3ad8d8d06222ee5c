/* focal.c - cross entropy that looks away from what is easy: an item counts (1 - p)^gamma, p the probability of its gold label.
 *
 * Lin et al. write it for one sigmoid; this is the same over a softmax, which for two labels is the same again. As there, and in
 * torchvision, the sum is divided by the number of items, not of their weights.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>
#include <math.h>

typedef struct params {
    double gamma;
    int32_t class_weights;
    hone_map weights_by_label;
} params;

static const hone_param rows[] = {
    HONE_PARAM_REAL(params, gamma, .def_real = 2, .min_real = 0, .max_real = 100, .unit = "1",
                    .help = "how fast items that are predicted well stop to count; 0 is cross entropy",
                    .source = "Lin et al. 2017, section 4.1"),
    HONE_CLASS_WEIGHT_ROWS(params),
};

typedef struct state {
    float *weights; /* [C], alpha of the paper; NULL: all weigh 1 */
    int64_t n;
} state;

/* ---- The operator: scores [I, C], gold [I], weights [C] (may be absent) -> [I], in float or in double --------------- */

typedef struct op_params {
    double gamma;
} op_params;

static hone_status shape(const hone_op_call *c, hone_error *err)
{
    if (c->n_x != 3 || !c->x[0] || !c->x[1] || c->x[0]->shape.rank != 2 || c->x[0]->shape.dim[1] < 1 ||
        c->x[1]->shape.rank != 1 || c->x[1]->dtype != HONE_I32 || c->x[1]->shape.dim[0] != c->x[0]->shape.dim[0])
        return hone_fail(err, HONE_ESHAPE, "loss focal: scores must be [I, C] and gold [I], one label a row");
    if (c->x[2] && (c->x[2]->shape.rank != 1 || c->x[2]->shape.dim[0] != c->x[0]->shape.dim[1]))
        return hone_fail(err, HONE_ESHAPE, "loss focal: there must be one weight for each of %lld labels",
                         (long long)c->x[0]->shape.dim[1]);
    c->y[0]->dtype = c->x[0]->dtype;
    c->y[0]->shape = hone_shape_1(c->x[0]->shape.dim[0]);
    return HONE_OK;
}

/* One row of scores seen from its gold label; rest = 1 - p is a sum of its own, so that it keeps its digits where p is near 1. */
typedef struct item {
    int64_t gold, C, at; /* at: of its first score */
    double most, sum;    /* log sum exp is most + log(sum) */
    double p, rest, log_p, weight;
} item;

static item item_of(const hone_op_call *c, int64_t i)
{
    item t = {.gold = ((const int32_t *)c->x[1]->data)[i], .C = c->x[0]->shape.dim[1]};
    t.at = i * t.C;
    if (t.gold < 0)
        return t;
    t.most = hone_real_at(c->x[0], t.at);
    for (int64_t k = 1; k < t.C; k++)
        t.most = fmax(t.most, hone_real_at(c->x[0], t.at + k));
    double others = 0;
    const double own = hone_real_at(c->x[0], t.at + t.gold) - t.most;
    for (int64_t k = 0; k < t.C; k++)
        others += k == t.gold ? 0 : exp(hone_real_at(c->x[0], t.at + k) - t.most);
    t.sum = exp(own) + others;
    t.p = exp(own) / t.sum;
    t.rest = others / t.sum;
    t.log_p = own == 0 ? -log1p(others) : own - log(t.sum);
    t.weight = c->x[2] ? hone_real_at(c->x[2], t.gold) : 1;
    return t;
}

static hone_status forward(const hone_op_call *c, hone_error *err)
{
    const double gamma = ((const op_params *)c->params)->gamma;
    for (int64_t i = 0; i < c->x[0]->shape.dim[0]; i++) {
        const int32_t gold = ((const int32_t *)c->x[1]->data)[i];
        if (gold >= c->x[0]->shape.dim[1])
            return hone_fail(err, HONE_EINVAL, "loss focal: the gold label of item %lld is %ld, but there are %lld labels",
                             (long long)i, (long)gold, (long long)c->x[0]->shape.dim[1]);
        const item t = item_of(c, i);
        hone_real_set(c->y[0], i, gold < 0 ? 0 : -t.weight * pow(t.rest, gamma) * t.log_p);
    }
    return HONE_OK;
}

/* d loss / d score k = w (gamma p (1-p)^(gamma-1) log p - (1-p)^gamma) ([k is gold] - p_k). Where p is 1 both terms vanish. */
static void add_slopes(const hone_op_call *c, const item *t, double gamma, double dy)
{
    const double easing = gamma > 0 && t->rest > 0 ? gamma * t->p * pow(t->rest, gamma - 1) * t->log_p : 0;
    const double factor = dy * t->weight * (easing - pow(t->rest, gamma));
    for (int64_t k = 0; k < t->C; k++) {
        const double p = exp(hone_real_at(c->x[0], t->at + k) - t->most) / t->sum;
        const double toward = k == t->gold ? t->rest : -p;
        hone_real_set(c->dx[0], t->at + k, hone_real_at(c->dx[0], t->at + k) + factor * toward);
    }
}

static hone_status backward(const hone_op_call *c, hone_error *err)
{
    const double gamma = ((const op_params *)c->params)->gamma;
    (void)err;
    for (int64_t i = 0; i < c->x[0]->shape.dim[0]; i++) {
        const double dy = hone_real_at(c->dy[0], i);
        const item t = item_of(c, i);
        if (t.gold < 0)
            continue;
        if (c->dx[0])
            add_slopes(c, &t, gamma, dy);
        if (c->dx[2])
            hone_real_set(c->dx[2], t.gold, hone_real_at(c->dx[2], t.gold) - dy * pow(t.rest, gamma) * t.log_p);
    }
    return HONE_OK;
}

static hone_status example(hone_graph *g, uint32_t i, hone_node **y, hone_error *err);

static const hone_op loss_op = {.size = sizeof(hone_op),
                                .version = 1,
                                .name = "focal.loss",
                                .params_size = sizeof(op_params),
                                .backward_needs = HONE_NEEDS_X(0) | HONE_NEEDS_X(1) | HONE_NEEDS_X(2),
                                .flags = HONE_OP_ROWS_INDEPENDENT,
                                .shape = shape,
                                .forward = forward,
                                .backward = backward,
                                .example = example,
                                .f64 = &loss_op};

static hone_status example(hone_graph *g, uint32_t i, hone_node **y, hone_error *err)
{
    static const op_params gammas[] = {{2.0}, {0.0}, {0.5}, {1.0}};
    static const int64_t sizes[][2] = {{5, 3}, {4, 2}, {6, 4}, {3, 2}};
    (void)err;
    if (i >= sizeof gammas / sizeof *gammas)
        return HONE_END;
    const hone_shape scores = hone_shape_2(sizes[i][0], sizes[i][1]), items = hone_shape_1(sizes[i][0]),
                     labels = hone_shape_1(sizes[i][1]);
    hone_node *x[] = {hone_example_input(g, HONE_F32, &scores, -3.0, 3.0),
                      hone_example_input(g, HONE_I32, &items, i == 2 ? -1 : 0, (double)sizes[i][1]),
                      i ? hone_example_input(g, HONE_F32, &labels, 0.5, 2.0) : NULL};
    *y = hone_apply(g, "example", &loss_op, &gammas[i], 3, x);
    return HONE_OK;
}

/* ---- The plugin --------------------------------------------------------------------------------------------------- */

static hone_status create(const hone_self *self, const hone_facts *facts, hone_error *err)
{
    const params *p = self->params;
    state *s = self->state;
    s->n = (int64_t)facts->n_labels;
    return hone_class_weights(self, p->class_weights, &p->weights_by_label, facts, &s->weights, err);
}

static hone_node *build(const hone_self *self, hone_graph *g, const char *scope, hone_node *scores, hone_node *gold)
{
    const params *p = self->params;
    const state *s = self->state;
    const hone_shape labels = hone_shape_1(s->n);
    hone_node *weights = s->weights ? hone_constant(g, HONE_F32, &labels, s->weights) : NULL;
    return hone_apply(g, scope, &loss_op, &(op_params){p->gamma}, 3, (hone_node *[]){scores, gold, weights});
}

static const hone_op *const ops[] = {&loss_op, NULL};

static const hone_loss focal = {
    .plugin = {HONE_PLUGIN(hone_loss, HONE_KIND_LOSS), .name = "focal",
               .summary = "cross entropy that looks away from what is easy",
               .source = "Lin et al. 2017, \"Focal loss for dense object detection\", equation 5",
               .help = "    loss: {type: focal, gamma: 2, weights_by_label: {spam: 0.75, ham: 0.25}}",
               .state_size = sizeof(state), HONE_PARAMS(params, rows), .ops = ops},
    .targets = HONE_TAKES(HONE_TARGET_CLASS) | HONE_TAKES(HONE_TARGET_TAGS),
    .create = create,
    .build = build,
};

HONE_MODULE(&focal.plugin);
