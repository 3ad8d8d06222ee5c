/* huber.c - half the square of small differences to the gold score, and straight lines for large ones.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>
#include <math.h>

typedef struct params {
    double delta;
} params;

static const hone_param rows[] = {
    HONE_PARAM_REAL(params, delta, .def_real = 1, .min_real = 0, .max_real = INFINITY, .flags = HONE_OPEN_MIN | HONE_OPEN_MAX,
                    .scale = HONE_LOG, .unit = "1", .help = "difference from which on the loss is a straight line",
                    .source = "PyTorch, HuberLoss"),
};

/* ---- The operator: scores and targets [I] -> [I], in float or in double ------------------------------------------- */

static hone_status shape(const hone_op_call *c, hone_error *err)
{
    if (c->n_x != 2 || !c->x[0] || !c->x[1] || c->x[0]->shape.rank != 1 || !hone_shape_equal(&c->x[0]->shape, &c->x[1]->shape))
        return hone_fail(err, HONE_ESHAPE, "loss huber: scores and gold must be [I], one number an item");
    c->y[0]->dtype = c->x[0]->dtype;
    c->y[0]->shape = c->x[0]->shape;
    return HONE_OK;
}

static double difference(const hone_op_call *c, int64_t i)
{
    return hone_real_at(c->x[0], i) - hone_real_at(c->x[1], i);
}

static hone_status forward(const hone_op_call *c, hone_error *err)
{
    const double delta = ((const params *)c->params)->delta;
    (void)err;
    for (int64_t i = 0; i < c->x[0]->shape.dim[0]; i++) {
        const double d = fabs(difference(c, i));
        hone_real_set(c->y[0], i, d <= delta ? 0.5 * d * d : delta * (d - 0.5 * delta));
    }
    return HONE_OK;
}

/* The slope is the difference, cut off at -delta and delta. */
static hone_status backward(const hone_op_call *c, hone_error *err)
{
    const double delta = ((const params *)c->params)->delta;
    (void)err;
    for (int64_t i = 0; i < c->x[0]->shape.dim[0]; i++) {
        const double slope = hone_real_at(c->dy[0], i) * fmax(-delta, fmin(delta, difference(c, i)));
        if (c->dx[0])
            hone_real_set(c->dx[0], i, hone_real_at(c->dx[0], i) + slope);
        if (c->dx[1])
            hone_real_set(c->dx[1], i, hone_real_at(c->dx[1], i) - slope);
    }
    return HONE_OK;
}

static hone_status example(hone_graph *g, uint32_t i, hone_node **y, hone_error *err);

static const hone_op error_op = {.size = sizeof(hone_op),
                                 .version = 1,
                                 .name = "huber.error",
                                 .params_size = sizeof(params),
                                 .backward_needs = HONE_NEEDS_X(0) | HONE_NEEDS_X(1),
                                 .flags = HONE_OP_ROWS_INDEPENDENT,
                                 .shape = shape,
                                 .forward = forward,
                                 .backward = backward,
                                 .example = example,
                                 .f64 = &error_op};

/* Differences on both sides of delta. */
static hone_status example(hone_graph *g, uint32_t i, hone_node **y, hone_error *err)
{
    static const params deltas[] = {{1.0}, {0.3}, {100.0}};
    const hone_shape items = hone_shape_1(9);
    (void)err;
    if (i >= sizeof deltas / sizeof *deltas)
        return HONE_END;
    hone_node *x[] = {hone_example_input(g, HONE_F32, &items, -2.0, 2.0), hone_example_input(g, HONE_F32, &items, -1.0, 1.0)};
    *y = hone_apply(g, "example", &error_op, &deltas[i], 2, x);
    return HONE_OK;
}

/* ---- The plugin --------------------------------------------------------------------------------------------------- */

static hone_node *build(const hone_self *self, hone_graph *g, const char *scope, hone_node *scores, hone_node *gold)
{
    return hone_apply(g, scope, &error_op, self->params, 2, (hone_node *[]){scores, gold});
}

static const hone_op *const ops[] = {&error_op, NULL};

static const hone_loss huber = {
    .plugin = {HONE_PLUGIN(hone_loss, HONE_KIND_LOSS), .name = "huber",
               .summary = "half the square of small differences, straight lines for large ones",
               .source = "Huber 1964, \"Robust estimation of a location parameter\"; PyTorch, HuberLoss",
               .help = "    head: {type: regression, loss: {type: huber, delta: 0.5}}", HONE_PARAMS(params, rows), .ops = ops},
    .targets = HONE_TAKES(HONE_TARGET_SCORE),
    .build = build,
};

HONE_MODULE(&huber.plugin);
