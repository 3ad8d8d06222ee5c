/* fgm.c - a second pass of each step over embeddings that are moved to where the loss grows fastest.
 *
 * Each example is moved by epsilon g / |g|, g the gradient of its own embeddings, as in the paper. (The short programs that go by
 * this name take the norm over the whole batch; then a step would depend on how it is cut into micro-batches, and long texts
 * would leave nothing for short ones.) The gradients of both passes add up: the paper's lambda is 1. What is moved is the node
 * that the model opens as "embeddings": of bert, the sum of its embeddings after layer norm and dropout.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>
#include <math.h>

typedef struct params {
    double epsilon;
} params;

static const hone_param rows[] = {
    HONE_PARAM_REAL(params, epsilon, .def_real = 1, .min_real = 0, .max_real = 1000, .flags = HONE_OPEN_MIN, .scale = HONE_LOG,
                    .unit = "1", .help = "how far the embeddings of an example are moved, as a Euclidean length",
                    .source = "Miyato et al. 2017, section 3.1, where it is searched"),
};

static uint32_t passes(const hone_self *self, const hone_step *step)
{
    (void)self;
    (void)step;
    return 2;
}

/* delta = epsilon g / |g| over n numbers; an example whose gradient is zero stays where it is. */
static void move(const float *g, int64_t n, double epsilon, float *delta)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += (double)g[i] * (double)g[i];
    const double factor = sum > 0 ? epsilon / sqrt(sum) : 0;
    for (int64_t i = 0; i < n; i++)
        delta[i] = (float)(factor * (double)g[i]);
}

static hone_status perturb(const hone_self *self, const hone_step *step, const char *node, const hone_tensor *gradient,
                           hone_tensor *delta, bool *wanted, hone_error *err)
{
    const params *p = self->params;
    const hone_batch *b = step->batch;
    *wanted = step->pass > 0;
    if (!*wanted)
        return HONE_OK;
    if (!gradient)
        return hone_fail(err, HONE_EINVAL,
                         "technique fgm: %s has no gradient in this model, so there is no direction to move it", node);
    if (delta->shape.rank != 2 || delta->shape.dim[0] != (int64_t)hone_batch_tokens(b))
        return hone_fail(err, HONE_ESHAPE, "technique fgm: %s must have one row a token", node);
    const int32_t *starts = hone_batch_starts(b), *examples = hone_batch_example_starts(b);
    const int64_t columns = delta->shape.dim[1];
    for (uint64_t e = 0; e < hone_batch_examples(b); e++) {
        const int64_t begin = starts[examples[e]] * columns, end = starts[examples[e + 1]] * columns;
        move((const float *)gradient->data + begin, end - begin, p->epsilon, (float *)delta->data + begin);
    }
    return HONE_OK;
}

static const hone_technique fgm = {
    .plugin = {HONE_PLUGIN(hone_technique, HONE_KIND_TECHNIQUE), .name = "fgm",
               .summary = "a second pass over embeddings that are moved to where the loss grows fastest",
               .source =
                   "Miyato et al. 2017, \"Adversarial training methods for semi-supervised text classification\", equation 5",
               .help = "    techniques: [{type: fgm, epsilon: 0.5}]", HONE_PARAMS(params, rows)},
    .passes = passes,
    .perturb = perturb,
    .perturbs = "embeddings",
};

HONE_MODULE(&fgm.plugin);
