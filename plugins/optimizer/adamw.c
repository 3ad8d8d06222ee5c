/* adamw.c - Adam with decoupled weight decay, in the order of operations of PyTorch's torch.optim.AdamW.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>
#include <math.h>
#include <string.h>

typedef struct params {
    double learning_rate, beta1, beta2, epsilon, weight_decay;
} params;

static const hone_param rows[] = {
    HONE_PARAM_REAL(params, learning_rate, .def_real = 5e-5, .min_real = 0, .max_real = 100, .flags = HONE_OPEN_MIN,
                    .scale = HONE_LOG, .unit = "1/step", .help = "largest length of a step",
                    .source = "Transformers, TrainingArguments", .renamed = "lr"),
    HONE_PARAM_REAL(params, beta1, .def_real = 0.9, .min_real = 0, .max_real = 1, .flags = HONE_OPEN_MAX, .unit = "1",
                    .help = "how much of the mean gradient a step keeps", .source = "Kingma and Ba 2015",
                    .renamed = "adam_beta1"),
    HONE_PARAM_REAL(params, beta2, .def_real = 0.999, .min_real = 0, .max_real = 1, .flags = HONE_OPEN_MAX, .unit = "1",
                    .help = "how much of the mean square a step keeps", .source = "Kingma and Ba 2015",
                    .renamed = "adam_beta2"),
    HONE_PARAM_REAL(params, epsilon, .def_real = 1e-8, .min_real = 0, .max_real = 1, .flags = HONE_OPEN_MIN, .scale = HONE_LOG,
                    .unit = "1", .help = "keeps the denominator from zero", .source = "Kingma and Ba 2015",
                    .renamed = "adam_epsilon eps"),
    HONE_PARAM_REAL(params, weight_decay, .def_real = 0, .min_real = 0, .max_real = 100, .unit = "1/step",
                    .help = "share of a weight that a step of learning rate 1 takes away; biases and layer norms keep theirs",
                    .source = "Loshchilov and Hutter 2019; the default of Transformers' TrainingArguments"),
};

/* What a step multiplies with, the same for all elements; float as in PyTorch's kernels. */
typedef struct factors {
    float scale, keep, m_step, v_keep, v_step, inverse_root, epsilon, step_size;
} factors;

static factors factors_of(const params *p, const hone_update *u)
{
    const double c1 = 1.0 - pow(p->beta1, (double)u->step);
    const double c2 = 1.0 - pow(p->beta2, (double)u->step);
    return (factors){.scale = (float)u->gradient_scale,
                     .keep = (float)(1.0 - u->learning_rate * u->weight_decay),
                     .m_step = (float)(1.0 - p->beta1),
                     .v_keep = (float)p->beta2,
                     .v_step = (float)(1.0 - p->beta2),
                     .inverse_root = (float)(1.0 / sqrt(c2)),
                     .epsilon = (float)p->epsilon,
                     .step_size = (float)(u->learning_rate / c1)};
}

/* Elements of a block; how many elements ahead memory is asked for: four arrays are more than the processor looks ahead of by itself. */
enum { BLOCK = 64, AHEAD = 384, LINE = 16 };

/* A fixed count and pointers that do not overlap: what a compiler needs to make vectors of it. Loshchilov and Hutter 2019,
 * algorithm 2, lines 6 to 12. */
static inline __attribute__((always_inline)) void update_block(const factors *f, float *restrict w, const float *restrict g,
                                                               float *restrict m, float *restrict v)
{
    for (int i = 0; i < BLOCK; i++) {
        const float gi = g[i] * f->scale;
        m[i] += (gi - m[i]) * f->m_step;
        v[i] = v[i] * f->v_keep + f->v_step * gi * gi;
        w[i] = w[i] * f->keep - f->step_size * (m[i] / (sqrtf(v[i]) * f->inverse_root + f->epsilon));
    }
}

/* The last elements go through full blocks as well, so that their bits do not depend on where a range ends. */
static inline __attribute__((always_inline)) void update_tail(const factors *f, float *w, const float *g, float *m, float *v,
                                                              size_t n)
{
    float tw[BLOCK] = {0}, tg[BLOCK] = {0}, tm[BLOCK] = {0}, tv[BLOCK] = {0};
    memcpy(tw, w, n * sizeof *w);
    memcpy(tg, g, n * sizeof *g);
    memcpy(tm, m, n * sizeof *m);
    memcpy(tv, v, n * sizeof *v);
    update_block(f, tw, tg, tm, tv);
    memcpy(w, tw, n * sizeof *w);
    memcpy(m, tm, n * sizeof *m);
    memcpy(v, tv, n * sizeof *v);
}

/* Clipping, moments, decay and step in one pass over memory. */
static inline __attribute__((always_inline)) void update_all(const factors *f, float *w, const float *g, float *m, float *v,
                                                             int64_t n)
{
    int64_t i = 0;
    for (; i + BLOCK <= n; i += BLOCK) {
        for (int64_t line = i + AHEAD; line < i + AHEAD + BLOCK; line += LINE) {
            __builtin_prefetch(w + line);
            __builtin_prefetch(g + line);
            __builtin_prefetch(m + line);
            __builtin_prefetch(v + line);
        }
        update_block(f, w + i, g + i, m + i, v + i);
    }
    if (i < n)
        update_tail(f, w + i, g + i, m + i, v + i, (size_t)(n - i));
}

static void plain(const factors *f, float *w, const float *g, float *m, float *v, int64_t n)
{
    update_all(f, w, g, m, v, n);
}

/* Every operation is rounded by itself (the build contracts none), so wider vectors change no bit. */
#if defined(__x86_64__)

__attribute__((target("avx2"))) static void avx2(const factors *f, float *w, const float *g, float *m, float *v, int64_t n)
{
    update_all(f, w, g, m, v, n);
}

static void update_weights(const factors *f, float *w, const float *g, float *m, float *v, int64_t n)
{
    __builtin_cpu_init();
    (__builtin_cpu_supports("avx2") ? avx2 : plain)(f, w, g, m, v, n);
}

#else

static void update_weights(const factors *f, float *w, const float *g, float *m, float *v, int64_t n)
{
    plain(f, w, g, m, v, n);
}

#endif

/* Both moments are zero and stay so: decay is left, in the same roundings. */
static void decay(const hone_update *u)
{
    const float keep = (float)(1.0 - u->learning_rate * u->weight_decay);
    for (int64_t i = 0; keep != 1 && i < u->n; i++)
        u->w[i] *= keep;
}

static void update(const hone_self *self, const hone_update *u)
{
    if (u->dormant) {
        decay(u);
    } else {
        const factors f = factors_of(self->params, u);
        update_weights(&f, u->w, u->g, u->slots[0], u->slots[1], u->n);
    }
}

static const hone_optimizer adamw = {
    .plugin = {HONE_PLUGIN(hone_optimizer, HONE_KIND_OPTIMIZER), .name = "adamw", .summary = "Adam with decoupled weight decay",
               .source = "Loshchilov and Hutter 2019, algorithm 2; PyTorch, torch.optim.AdamW",
               .help = "    optimizer: {type: adamw, learning_rate: 5.0e-5, weight_decay: 0.01}", HONE_PARAMS(params, rows)},
    .n_slots = 2,
    .update = update,
};

HONE_MODULE(&adamw.plugin);
