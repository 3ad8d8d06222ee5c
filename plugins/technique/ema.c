/* ema.c - evaluates and saves a moving average of the weights instead of the last ones.
 *
 * The average begins as the weights after the first step, so it needs no correction of a bias towards zero.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>
#include <math.h>
#include <string.h>

typedef struct params {
    double decay;
    bool warmup;
} params;

static const hone_param rows[] = {
    HONE_PARAM_REAL(params, decay, .def_real = 0.999, .min_real = 0, .max_real = 1, .flags = HONE_OPEN_MAX, .unit = "1",
                    .help = "how much of the average a step keeps; about 1 / (1 - decay) steps count",
                    .source = "PyTorch, torch.optim.swa_utils.get_ema_multi_avg_fn"),
    HONE_PARAM_BOOL(params, warmup,
                    .help = "step s keeps at most (1 + s) / (10 + s), so that short trainings have an average too",
                    .source = "TensorFlow, tf.train.ExponentialMovingAverage with num_updates"),
};

static double kept(const params *p, int64_t step)
{
    const double s = (double)step;
    return p->warmup ? fmin(p->decay, (1 + s) / (10 + s)) : p->decay;
}

static void after_update(const hone_self *self, const hone_weight_range *r)
{
    float *average = r->slots[0];
    const float share = (float)(1 - kept(self->params, r->step));

    if (r->step == 1)
        memcpy(average, r->w, (size_t)r->n * sizeof *average);
    else
        for (int64_t i = 0; i < r->n; i++)
            average[i] += share * (r->w[i] - average[i]);
}

static void evaluate(const hone_self *self, const hone_weight_range *r)
{
    (void)self;
    if (r->step > 0)
        memcpy(r->w, r->slots[0], (size_t)r->n * sizeof *r->w);
}

static const hone_technique ema = {
    .plugin = {HONE_PLUGIN(hone_technique, HONE_KIND_TECHNIQUE), .name = "ema",
               .summary = "a moving average of the weights is evaluated and saved",
               .source = "Polyak and Juditsky 1992; PyTorch, torch.optim.swa_utils.AveragedModel",
               .help = "    techniques: [{type: ema, decay: 0.999}]", HONE_PARAMS(params, rows)},
    .n_slots = 1,
    .after_update = after_update,
    .evaluate = evaluate,
};

HONE_MODULE(&ema.plugin);
