/* test_native_functions.c - the exp, logarithm and GELUs of the native backend against libm in double, over all of float's range.
 *
 * Bounds are those that plugins/backend/native/kernels_elements.h states.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "../instance.h"
#include "tensor/core_ops.h"

#include <float.h>
#include <math.h>

enum { SETS = 4 /* auto, avx512, avx2, portable: the first words of the backend's instruction_set */ };

/* False where the processor lacks the instruction set. */
static bool set_open(instance *in, const int32_t *word)
{
    hone_error err;
    instance_open(in, "backend/native", word, 1);
    const hone_status status = ((const hone_backend *)in->self.plugin)->create(&in->self, &err);
    if (status == HONE_OK)
        return true;
    ck_assert_int_eq(status, HONE_EUNSUPPORTED);
    printf("not tested: %s\n", err.msg);
    instance_close(in);
    return false;
}

static void run(const instance *in, const hone_op_call *call, hone_direction direction)
{
    hone_error err;
    const hone_backend *backend = (const hone_backend *)in->self.plugin;
    ck_assert(backend->supports(&in->self, call, direction));
    ck_assert_msg(backend->run(&in->self, call, direction, &err) == HONE_OK, "%s", err.msg);
}

/* ---- Arguments --------------------------------------------------------------------------------------------------- */

/* Every STRIDE-th float that there is, as many between -100 and 100, and those where something changes. */
enum { STRIDE = 8191, EVERY = (int)(UINT32_MAX / STRIDE) + 1, ARGUMENTS = 2 * EVERY + 64 };

static float float_of(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static void fill_arguments(float *x)
{
    static const float edges[] = {0,    FLT_MIN, FLT_TRUE_MIN, FLT_MAX, FLT_EPSILON, 1,      INFINITY, NAN,
                                  87,   88,      87.3f,        88.5f,   10,          9.32f,  1e19f,    2e19f,
                                  1e9f, 1e12f,   0.3466f,      0.3465f, 13.2f,       0.752f, 1e31f,    5};
    enum { EDGES = sizeof edges / sizeof *edges };
    for (uint32_t i = 0; i < EVERY; i++) {
        x[i] = float_of(i * STRIDE);
        x[EVERY + i] = -100 + 200 * ((float)i + 0.5f) / EVERY;
    }
    for (int i = 0; i < 64; i++)
        x[2 * EVERY + i] = (i & 1 ? -1 : 1) * edges[i / 2 % EDGES];
}

/* ---- Functions --------------------------------------------------------------------------------------------------- */

typedef struct function {
    const char *name;
    void (*ours)(const instance *in, float *x, float *y);
    double (*exact)(double x);
    double (*allowed)(double x, double exact); /* difference */
} function;

static hone_tensor tensor(float *data, int64_t rows, int64_t columns)
{
    return (hone_tensor){.dtype = HONE_F32, .shape = rows ? hone_shape_2(rows, columns) : hone_shape_1(columns), .data = data};
}

/* exp is seen in the gradient of a score that is not the gold one, where the logarithm of the sum is said to be 0. */
static void ours_exp(const instance *in, float *x, float *y)
{
    static const hone_cross_entropy_params params = {0};
    float one = 1, saved = 0;
    int32_t gold_class = ARGUMENTS - 1; /* its argument is the last edge, of no interest */
    const hone_tensor scores = tensor(x, 1, ARGUMENTS), dy = tensor(&one, 0, 1);
    const hone_tensor gold = {.dtype = HONE_I32, .shape = hone_shape_1(1), .data = &gold_class};
    hone_tensor dx = tensor(y, 1, ARGUMENTS), loss = tensor(&one, 0, 1);
    hone_op_call call = {.size = sizeof call,
                         .op = &hone__op_cross_entropy,
                         .params = &params,
                         .n_x = 3,
                         .n_y = 1,
                         .x = (const hone_tensor *const[]){&scores, &gold, NULL},
                         .y = (hone_tensor *const[]){&loss},
                         .dx = (hone_tensor *const[]){&dx, NULL, NULL},
                         .dy = (const hone_tensor *const[]){&dy},
                         .saved = &saved,
                         .fresh = 1};
    run(in, &call, HONE_BACKWARD);
    y[gold_class] = (float)exp(x[gold_class]);
}

static void ours_activation(const instance *in, const hone_op *op, hone_direction direction, float *x, float *y)
{
    float *ones = malloc(ARGUMENTS * sizeof *ones);
    for (int i = 0; i < ARGUMENTS; i++)
        ones[i] = 1;
    const hone_tensor from = tensor(x, 0, ARGUMENTS), dy = tensor(ones, 0, ARGUMENTS);
    hone_tensor to = tensor(y, 0, ARGUMENTS);
    hone_op_call call = {.size = sizeof call,
                         .op = op,
                         .n_x = 1,
                         .n_y = 1,
                         .x = (const hone_tensor *const[]){&from},
                         .y = (hone_tensor *const[]){&to},
                         .dx = (hone_tensor *const[]){&to},
                         .dy = (const hone_tensor *const[]){&dy},
                         .fresh = 1};
    run(in, &call, direction);
    free(ones);
}

static void ours_gelu(const instance *in, float *x, float *y)
{
    ours_activation(in, &hone__op_gelu, HONE_FORWARD, x, y);
}

static void ours_gelu_slope(const instance *in, float *x, float *y)
{
    ours_activation(in, &hone__op_gelu, HONE_BACKWARD, x, y);
}

static void ours_gelu_tanh(const instance *in, float *x, float *y)
{
    ours_activation(in, &hone__op_gelu_tanh, HONE_FORWARD, x, y);
}

static void ours_gelu_tanh_slope(const instance *in, float *x, float *y)
{
    ours_activation(in, &hone__op_gelu_tanh, HONE_BACKWARD, x, y);
}

static double exact_exp(double x)
{
    return exp(x < -87 ? -87 : x > 88 ? 88 : x);
}

static double normal(double x)
{
    return 0.5 * erfc(-x * M_SQRT1_2);
}

static double exact_gelu(double x)
{
    return x * normal(x);
}

static double exact_gelu_slope(double x)
{
    return normal(x) + x * exp(-0.5 * x * x) * 0.5 * M_SQRT1_2 * M_2_SQRTPI;
}

/* (1 + tanh u) / 2, without losing what is near 0. */
static double half_tanh(double x)
{
    return 1 / (1 + exp(-2 * sqrt(M_2_PI) * (x + 0.044715 * x * x * x)));
}

static double exact_gelu_tanh(double x)
{
    return x * half_tanh(x);
}

static double exact_gelu_tanh_slope(double x)
{
    const double s = half_tanh(x), slope = sqrt(M_2_PI) * (1 + 3 * 0.044715 * x * x);
    return s + (s * (1 - s) > 0 ? 2 * x * s * (1 - s) * slope : 0);
}

static double share_of_value(double x, double exact)
{
    (void)x;
    return 2e-7 * exact;
}

static double share_of_argument(double x, double exact)
{
    (void)exact;
    return 3.5e-7 * fabs(x) + FLT_TRUE_MIN;
}

static double of_slope(double x, double exact)
{
    (void)exact;
    return 4e-7 + 7e-39 * fabs(x);
}

static double of_tanh_slope(double x, double exact)
{
    (void)x;
    (void)exact;
    return 5e-7;
}

static const function functions[] = {
    {"exp", ours_exp, exact_exp, share_of_value},
    {"gelu", ours_gelu, exact_gelu, share_of_argument},
    {"the slope of gelu", ours_gelu_slope, exact_gelu_slope, of_slope},
    {"gelu_tanh", ours_gelu_tanh, exact_gelu_tanh, share_of_argument},
    {"the slope of gelu_tanh", ours_gelu_tanh_slope, exact_gelu_tanh_slope, of_tanh_slope},
};

static void compare(const instance *in, const function *f, float *x, float *y)
{
    double most = 0, worst = 0;
    fill_arguments(x);
    f->ours(in, x, y);
    for (int i = 0; i < ARGUMENTS; i++) {
        if (isinf(x[i]))
            continue;
        if (isnan(x[i]) != isnan(y[i])) /* each ck_assert() is a system call */
            ck_abort_msg("%s of %g is %g", f->name, x[i], y[i]);
        const double exact = f->exact(x[i]), error = fabs(y[i] - exact), allowed = f->allowed(x[i], exact);
        if (!isnan(x[i]) && !(error / allowed <= most)) {
            most = error / allowed;
            worst = x[i];
        }
    }
    printf("%s: %s is wrong by %.2f of what is allowed, at %.9g\n",
           ((const hone_backend *)in->self.plugin)->describe(&in->self), f->name, most, worst);
    ck_assert_msg(most <= 1, "%s of %.9g is wrong by %g of what is allowed", f->name, worst, most);
}

START_TEST(functions_keep_their_bounds_over_all_of_float)
{
    float *x = malloc(ARGUMENTS * sizeof *x), *y = malloc(ARGUMENTS * sizeof *y);
    for (int32_t word = 1; word < SETS; word++) {
        instance in;
        if (!set_open(&in, &word))
            continue;
        for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
            compare(&in, &functions[i], x, y);
        instance_close(&in);
    }
    free(x);
    free(y);
}
END_TEST

/* Infinite: exp is that of the nearer end, GELU infinite above, and below what the reference makes of it or -infinity, but never a number. */
START_TEST(infinite_arguments_show)
{
    float *x = malloc(ARGUMENTS * sizeof *x), *y = malloc(ARGUMENTS * sizeof *y);
    for (int32_t word = 1; word < SETS; word++) {
        instance in;
        if (!set_open(&in, &word))
            continue;
        for (int i = 0; i < ARGUMENTS; i++)
            x[i] = i & 1 ? -INFINITY : INFINITY;
        ours_exp(&in, x, y);
        ck_assert_double_eq_tol(y[0] / exp(88), 1, 2e-7);
        ck_assert_double_eq_tol(y[1] / exp(-87), 1, 2e-7);
        ours_gelu(&in, x, y);
        ck_assert(y[0] == INFINITY && !isfinite(y[1]));
        ours_gelu_tanh(&in, x, y);
        ck_assert(y[0] == INFINITY && !isfinite(y[1]));
        instance_close(&in);
    }
    free(x);
    free(y);
}
END_TEST

/* ---- The logarithm of a softmax's sum ---------------------------------------------------------------------------- */

enum { MOST_SCORES = 1000 };

static float log_sum(const instance *in, float *scores, int64_t n)
{
    static const hone_cross_entropy_params params = {0};
    float loss, saved;
    int32_t gold_class = 0;
    const hone_tensor x = tensor(scores, 1, n), gold = {.dtype = HONE_I32, .shape = hone_shape_1(1), .data = &gold_class};
    hone_tensor y = tensor(&loss, 0, 1);
    hone_op_call call = {.size = sizeof call,
                         .op = &hone__op_cross_entropy,
                         .params = &params,
                         .n_x = 3,
                         .n_y = 1,
                         .x = (const hone_tensor *const[]){&x, &gold, NULL},
                         .y = (hone_tensor *const[]){&y},
                         .saved = &saved};
    run(in, &call, HONE_FORWARD);
    ck_assert(loss == saved - scores[0] || isnan(loss));
    return saved;
}

/* To within a rounding of the result, and 1e-6 of the sum, whose terms are within 2e-7 and whose chains are up to 250 long. */
static void compare_log_sums(const instance *in)
{
    static const float widths[] = {0, 1e-6f, 0.1f, 1, 10, 60, 1000, 1e30f};
    float scores[MOST_SCORES];
    for (int64_t n = 1; n <= MOST_SCORES; n += n < 70 ? 1 : 31) {
        for (size_t w = 0; w < sizeof widths / sizeof *widths; w++) {
            double most = -INFINITY, sum = 0;
            for (int64_t i = 0; i < n; i++) {
                scores[i] = widths[w] * ((float)(i * 7919 % 1009) / 504.5f - 1);
                most = fmax(most, scores[i]);
            }
            for (int64_t i = 0; i < n; i++)
                sum += exp(scores[i] - most);
            const double exact = most + log(sum), got = log_sum(in, scores, n);
            ck_assert_msg(fabs(got - exact) <= 1e-6 + 1.2e-7 * fabs(exact), "%d scores up to %g: %.9g, not %.9g", (int)n,
                          widths[w], got, exact);
        }
    }
    for (int64_t i = 0; i < 40; i++) {
        memset(scores, 0, sizeof scores);
        scores[i] = NAN;
        ck_assert(isnan(log_sum(in, scores, 40)));
        scores[i] = INFINITY;
        ck_assert(!isfinite(log_sum(in, scores, 40)));
        scores[i] = -INFINITY;
        ck_assert_double_eq_tol(log_sum(in, scores, 40), log(39), 1e-6);
    }
}

START_TEST(logarithms_of_sums_keep_their_bound)
{
    for (int32_t word = 1; word < SETS; word++) {
        instance in;
        if (!set_open(&in, &word))
            continue;
        compare_log_sums(&in);
        instance_close(&in);
    }
}
END_TEST

SUITE("native functions", functions_keep_their_bounds_over_all_of_float, infinite_arguments_show,
      logarithms_of_sums_keep_their_bound)
