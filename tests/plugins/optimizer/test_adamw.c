/* test_adamw.c - one weight by hand, ranges and scales. (tests/golden/test_bert.c has whole steps against PyTorch.)
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "plugin_fixture.h"

#include <math.h>

enum { N = 150 };

typedef struct weight {
    float w[N], g[N], m[N], v[N];
} weight;

static void fill(weight *x)
{
    memset(x, 0, sizeof *x);
    for (int i = 0; i < N; i++) {
        x->w[i] = (float)sin(i + 1);
        x->g[i] = (float)cos(3 * i);
    }
}

static void update(const hone_self *self, weight *x, int64_t begin, int64_t n, int64_t step, double scale)
{
    float *slots[] = {x->m + begin, x->v + begin};
    ((const hone_optimizer *)(const void *)self->plugin)
        ->update(self, &(hone_update){.size = sizeof(hone_update),
                                      .name = "w",
                                      .begin = begin,
                                      .n = n,
                                      .total = N,
                                      .w = x->w + begin,
                                      .g = x->g + begin,
                                      .slots = slots,
                                      .step = step,
                                      .learning_rate = 0.01,
                                      .weight_decay = 0.1,
                                      .gradient_scale = scale});
}

START_TEST(three_steps_equal_the_formula_in_double)
{
    plugin_fixture f;
    weight x;
    double w[N], m[N] = {0}, v[N] = {0};
    plugin_begin(&f);
    const hone_self *self = plugin_make(&f, HONE_KIND_OPTIMIZER, "{type: adamw, beta1: 0.8, beta2: 0.9, epsilon: 1.0e-3}");
    fill(&x);
    for (int i = 0; i < N; i++)
        w[i] = x.w[i];
    for (int step = 1; step <= 3; step++) {
        update(self, &x, 0, N, step, 0.5);
        for (int i = 0; i < N; i++) {
            const double g = 0.5 * x.g[i];
            w[i] *= 1 - 0.01 * 0.1;
            m[i] = 0.8 * m[i] + 0.2 * g;
            v[i] = 0.9 * v[i] + 0.1 * g * g;
            w[i] -= 0.01 * (m[i] / (1 - pow(0.8, step))) / (sqrt(v[i] / (1 - pow(0.9, step))) + 1e-3);
        }
    }
    for (int i = 0; i < N; i++)
        ck_assert_double_eq_tol(x.w[i], w[i], 1e-6); /* a few roundings of numbers up to 1 */
    plugin_end(&f);
}
END_TEST

START_TEST(bits_do_not_depend_on_how_a_weight_is_cut)
{
    plugin_fixture f;
    weight whole, cut;
    plugin_begin(&f);
    const hone_self *self = plugin_make(&f, HONE_KIND_OPTIMIZER, "adamw");
    fill(&whole);
    fill(&cut);
    for (int step = 1; step <= 3; step++) {
        update(self, &whole, 0, N, step, 1);
        update(self, &cut, 0, 7, step, 1);
        update(self, &cut, 7, 100, step, 1);
        update(self, &cut, 107, N - 107, step, 1);
    }
    ck_assert_int_eq(memcmp(&whole, &cut, sizeof whole), 0);
    plugin_end(&f);
}
END_TEST

/* Also the elements that go by in wider vectors: each operation is rounded by itself. */
START_TEST(bits_are_those_of_the_formula_in_float)
{
    plugin_fixture f;
    weight x;
    float w[N], m[N] = {0}, v[N] = {0};
    plugin_begin(&f);
    const hone_self *self = plugin_make(&f, HONE_KIND_OPTIMIZER, "{type: adamw, beta1: 0.8, beta2: 0.9, epsilon: 1.0e-3}");
    fill(&x);
    memcpy(w, x.w, sizeof w);
    for (int step = 1; step <= 3; step++) {
        update(self, &x, 0, N, step, 0.3);
        const float inverse_root = (float)(1.0 / sqrt(1.0 - pow(0.9, step)));
        const float step_size = (float)(0.01 / (1.0 - pow(0.8, step)));
        for (int i = 0; i < N; i++) {
            const float g = x.g[i] * 0.3f;
            m[i] += (g - m[i]) * (float)(1.0 - 0.8);
            v[i] = v[i] * 0.9f + (float)(1.0 - 0.9) * g * g;
            w[i] = w[i] * (float)(1.0 - 0.01 * 0.1) - step_size * (m[i] / (sqrtf(v[i]) * inverse_root + 1e-3f));
        }
    }
    ck_assert_mem_eq(x.w, w, sizeof w);
    ck_assert_mem_eq(x.m, m, sizeof m);
    ck_assert_mem_eq(x.v, v, sizeof v);
    plugin_end(&f);
}
END_TEST

SUITE("adamw", three_steps_equal_the_formula_in_double, bits_do_not_depend_on_how_a_weight_is_cut,
      bits_are_those_of_the_formula_in_float)
