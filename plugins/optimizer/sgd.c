/* sgd.c - steps against the gradient, with momentum in the order of operations of PyTorch's torch.optim.SGD.
 *
 * PyTorch's dampening is left out: it is 0 there, and with it the first step is another one than all that follow.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>

typedef struct params {
    double learning_rate, momentum, weight_decay;
    bool nesterov;
} params;

static const hone_param rows[] = {
    HONE_PARAM_REAL(params, learning_rate, .def_real = 1e-3, .min_real = 0, .max_real = 1000, .flags = HONE_OPEN_MIN,
                    .scale = HONE_LOG, .unit = "1/step", .help = "share of the gradient that a step takes away",
                    .source = "PyTorch, torch.optim.SGD", .renamed = "lr"),
    HONE_PARAM_REAL(params, momentum, .def_real = 0, .min_real = 0, .max_real = 1, .flags = HONE_OPEN_MAX, .unit = "1",
                    .help = "how much of the last step's direction a step keeps", .source = "PyTorch, torch.optim.SGD"),
    HONE_PARAM_REAL(params, weight_decay, .def_real = 0, .min_real = 0, .max_real = 100, .unit = "1",
                    .help = "share of a weight that is added to its gradient; biases and layer norms have none",
                    .source = "PyTorch, torch.optim.SGD"),
    HONE_PARAM_BOOL(params, nesterov, .help = "looks one step of momentum ahead",
                    .source = "Sutskever et al. 2013; PyTorch, torch.optim.SGD"),
};

static hone_status create(const hone_self *self, hone_error *err)
{
    const params *p = self->params;
    if (p->nesterov && p->momentum == 0)
        return hone_fail(err, HONE_EINVAL,
                         "optimizer sgd: nesterov looks ahead along the momentum, which is 0; set momentum, e.g. "
                         "to 0.9, or nesterov to false");
    return HONE_OK;
}

static void update(const hone_self *self, const hone_update *u)
{
    const params *p = self->params;
    const float scale = (float)u->gradient_scale, decay = (float)u->weight_decay, momentum = (float)p->momentum,
                rate = (float)u->learning_rate;
    float *velocity = u->slots[0];

    for (int64_t i = 0; i < u->n; i++) {
        const float g = u->g[i] * scale + decay * u->w[i];
        velocity[i] = momentum * velocity[i] + g;
        u->w[i] -= rate * (p->nesterov ? g + momentum * velocity[i] : velocity[i]);
    }
}

static const hone_optimizer sgd = {
    .plugin = {HONE_PLUGIN(hone_optimizer, HONE_KIND_OPTIMIZER), .name = "sgd",
               .summary = "steps against the gradient, with momentum", .source = "PyTorch, torch.optim.SGD",
               .help = "    optimizer: {type: sgd, learning_rate: 0.01, momentum: 0.9, nesterov: true}",
               HONE_PARAMS(params, rows)},
    .n_slots = 1,
    .create = create,
    .update = update,
};

HONE_MODULE(&sgd.plugin);
