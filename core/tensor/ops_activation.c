/* ops_activation.c - GELU in both forms, ReLU, tanh and sigmoid.
 *
 * Each is a function of one number and its slope, from which the operator is made. The slope takes x and y, so that operators
 * whose slope needs y alone do not keep x.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "tensor/real.h"

enum { GRAIN = 4096 };

#define SQRT_HALF ((hone_real)0.70710678118654752440)
#define SQRT_2_OVER_PI ((hone_real)0.79788456080286535588)
#define ONE_OVER_SQRT_2PI ((hone_real)0.39894228040143267794)
#define GELU_CUBIC ((hone_real)0.044715)

/* x Phi(x). Source: Hendrycks and Gimpel 2016, section 2. */
static inline hone_real gelu(hone_real x)
{
    return (hone_real)0.5 * x * (1 + HONE__MATH(erf)(x * SQRT_HALF));
}

static inline hone_real gelu_slope(hone_real x, hone_real y)
{
    (void)y;
    hone_real phi = ONE_OVER_SQRT_2PI * HONE__MATH(exp)((hone_real)-0.5 * x * x);
    return (hone_real)0.5 * (1 + HONE__MATH(erf)(x * SQRT_HALF)) + x * phi;
}

/* Its approximation by tanh. Source: the same, section 2. */
static inline hone_real gelu_tanh(hone_real x)
{
    return (hone_real)0.5 * x * (1 + HONE__MATH(tanh)(SQRT_2_OVER_PI * (x + GELU_CUBIC * x * x * x)));
}

static inline hone_real gelu_tanh_slope(hone_real x, hone_real y)
{
    (void)y;
    hone_real t = HONE__MATH(tanh)(SQRT_2_OVER_PI * (x + GELU_CUBIC * x * x * x));
    return (hone_real)0.5 * (1 + t) + (hone_real)0.5 * x * (1 - t * t) * SQRT_2_OVER_PI * (1 + 3 * GELU_CUBIC * x * x);
}

static inline hone_real relu(hone_real x)
{
    return x > 0 ? x : 0;
}

static inline hone_real relu_slope(hone_real x, hone_real y)
{
    (void)x;
    return y > 0 ? 1 : 0;
}

static inline hone_real tangent(hone_real x)
{
    return HONE__MATH(tanh)(x);
}

static inline hone_real tangent_slope(hone_real x, hone_real y)
{
    (void)x;
    return 1 - y * y;
}

static inline hone_real sigmoid(hone_real x)
{
    if (x >= 0)
        return 1 / (1 + HONE__MATH(exp)(-x));
    hone_real e = HONE__MATH(exp)(x);
    return e / (1 + e);
}

static inline hone_real sigmoid_slope(hone_real x, hone_real y)
{
    (void)x;
    return y * (1 - y);
}

static hone_status shape(const hone_op_call *c, hone_error *err)
{
    HONE_TRY(hone__op_count(c, 1, 1, err));
    HONE_TRY(hone__op_input(c, 0, "x", HONE__REAL, 0, HONE_MAX_RANK, err));
    c->y[0]->dtype = HONE__REAL;
    c->y[0]->shape = c->x[0]->shape;
    return HONE_OK;
}

static hone_status example(hone_graph *g, uint32_t i, hone_node **y, hone_error *err, const hone_op *op)
{
    static const int64_t sizes[][2] = {{1, 1}, {3, 5}, {7, 11}};
    (void)err;
    if (i >= sizeof sizes / sizeof *sizes)
        return HONE_END;
    hone_shape size = hone_shape_2(sizes[i][0], sizes[i][1]);
    *y = hone_apply(g, "example", op, NULL, 1, (hone_node *[]){hone_example_input(g, HONE_F32, &size, -3.0, 3.0)});
    return HONE_OK;
}

/* X and Y say which of x and y the slope reads; the pointer of the other one is not to be followed when running backward. */
#define ACTIVATION(word, f, f_slope, X, Y)                                                                                     \
    static void word##_range(void *ctx, int64_t begin, int64_t end, int worker)                                                \
    {                                                                                                                          \
        const hone_op_call *c = ctx;                                                                                           \
        const hone_real *restrict x = c->x[0]->data;                                                                           \
        hone_real *restrict y = c->y[0]->data;                                                                                 \
        (void)worker;                                                                                                          \
        for (int64_t i = begin; i < end; i++)                                                                                  \
            y[i] = f(x[i]);                                                                                                    \
    }                                                                                                                          \
    static hone_status word##_forward(const hone_op_call *c, hone_error *err)                                                  \
    {                                                                                                                          \
        (void)err;                                                                                                             \
        hone_pool_run(c->pool, hone_shape_count(&c->x[0]->shape), GRAIN, word##_range, (void *)c);                             \
        return HONE_OK;                                                                                                        \
    }                                                                                                                          \
    static void word##_backward_range(void *ctx, int64_t begin, int64_t end, int worker)                                       \
    {                                                                                                                          \
        const hone_op_call *c = ctx;                                                                                           \
        const hone_real *restrict x = c->x[0]->data, *restrict y = c->y[0]->data, *restrict dy = c->dy[0]->data;               \
        hone_real *restrict dx = c->dx[0]->data;                                                                               \
        (void)worker;                                                                                                          \
        (void)x;                                                                                                               \
        (void)y;                                                                                                               \
        for (int64_t i = begin; i < end; i++)                                                                                  \
            dx[i] += dy[i] * f_slope((X) ? x[i] : 0, (Y) ? y[i] : 0);                                                          \
    }                                                                                                                          \
    static hone_status word##_backward(const hone_op_call *c, hone_error *err)                                                 \
    {                                                                                                                          \
        (void)err;                                                                                                             \
        hone_pool_run(c->pool, hone_shape_count(&c->x[0]->shape), GRAIN, word##_backward_range, (void *)c);                    \
        return HONE_OK;                                                                                                        \
    }                                                                                                                          \
    static hone_status word##_example(hone_graph *g, uint32_t i, hone_node **y, hone_error *err)                               \
    {                                                                                                                          \
        return example(g, i, y, err, &HONE__NAME(hone__op_##word));                                                            \
    }                                                                                                                          \
    const hone_op HONE__NAME(hone__op_##word) = {.size = sizeof(hone_op),                                                      \
                                                 .version = 1,                                                                 \
                                                 .name = #word,                                                                \
                                                 .backward_needs = ((X) ? HONE_NEEDS_X(0) : 0) | ((Y) ? HONE_NEEDS_Y(0) : 0),  \
                                                 .flags = HONE_OP_ROWS_INDEPENDENT,                                            \
                                                 .shape = shape,                                                               \
                                                 .forward = word##_forward,                                                    \
                                                 .backward = word##_backward,                                                  \
                                                 .example = word##_example,                                                    \
                                                 .f64 = HONE__TWIN(hone__op_##word)};

ACTIVATION(gelu, gelu, gelu_slope, 1, 0)
ACTIVATION(gelu_tanh, gelu_tanh, gelu_tanh_slope, 1, 0)
ACTIVATION(relu, relu, relu_slope, 0, 1)
ACTIVATION(tanh, tangent, tangent_slope, 0, 1)
ACTIVATION(sigmoid, sigmoid, sigmoid_slope, 0, 1)
