/* test_ops.c - the reference operators: gradients, values against an independent program, threads, independent rows, bad input.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/pool.h"
#include "suite.h"
#include "tensor/core_ops.h"
#include "tensor/graph_impl.h"

#include <math.h>

/* ---- Gradients ------------------------------------------------------------------------------------------------------ */

START_TEST(gradients_agree_with_central_differences_in_double)
{
    for (const hone_op *const *op = hone__core_ops; *op; op++) {
        hone__gradcheck seen;
        hone_error err;
        if (hone__gradcheck_op(*op, NULL, NULL, NULL, 1e-6, &seen, &err) != HONE_OK)
            ck_abort_msg("%s", err.msg);
        ck_assert_int_gt(seen.checked, 0);
    }
}
END_TEST

/* In double nothing is rounded; this is the operator as it runs. */
START_TEST(gradients_of_what_rounds_to_bf16_agree_in_float_too)
{
    hone__gradcheck seen;
    hone_error err;
    hone_op op = hone__op_linear_bf16;
    op.f64 = NULL;
    if (hone__gradcheck_op(&op, NULL, NULL, NULL, 5e-3, &seen, &err) != HONE_OK)
        ck_abort_msg("%s", err.msg);
    ck_assert_double_gt(seen.worst, 1e-6); /* it does round */
}
END_TEST

static hone_status wrong_backward(const hone_op_call *c, hone_error *err)
{
    HONE_TRY(hone__op_mul.backward(c, err));
    if (c->dx[1] && hone_shape_count(&c->dx[1]->shape) > 4)
        ((float *)c->dx[1]->data)[4] *= 1.02f;
    return HONE_OK;
}

static hone_op wrong_op;

static hone_status wrong_example(hone_graph *g, uint32_t i, hone_node **y, hone_error *err)
{
    hone_shape shape = hone_shape_2(3, 3);
    (void)err;
    if (i)
        return HONE_END;
    hone_node *a = hone_example_input(g, HONE_F32, &shape, 1, 2), *b = hone_example_input(g, HONE_F32, &shape, 1, 2);
    *y = hone_apply(g, "wrong", &wrong_op, NULL, 2, (hone_node *[]){a, b});
    return HONE_OK;
}

START_TEST(a_wrong_gradient_is_found_and_named)
{
    hone__gradcheck seen;
    hone_error err;
    wrong_op = hone__op_mul;
    wrong_op.name = "test.wrong";
    wrong_op.f64 = NULL; /* so it is checked in float, like a plugin's */
    wrong_op.backward = wrong_backward;
    wrong_op.example = wrong_example;
    ck_assert_int_eq(hone__gradcheck_op(&wrong_op, NULL, NULL, NULL, 5e-3, &seen, &err), HONE_EINVAL);
    ck_assert_ptr_nonnull(strstr(err.msg, "test.wrong, example 0, input 1, element 4"));
    wrong_op.backward = hone__op_mul.backward;
    ck_assert_int_eq(hone__gradcheck_op(&wrong_op, NULL, NULL, NULL, 5e-3, &seen, &err), HONE_OK);
}
END_TEST

/* ---- Values against NumPy and SciPy: tests/golden/ops.py ------------------------------------------------------------- */

/* A case of the file: named arrays, as many as it has. */
typedef struct golden_array {
    char name[16];
    double x[128];
    int64_t n;
} golden_array;

typedef struct golden_case {
    char name[64];
    golden_array arrays[12];
    int n;
} golden_case;

/* Reads the next case; false at the end. Every case begins with the word `case`, which the one before has read. */
static bool golden_read(FILE *file, golden_case *c)
{
    char word[64];
    c->n = 0;
    if (fscanf(file, " %63s", c->name) != 1)
        return false;
    while (fscanf(file, " %63s", word) == 1 && strcmp(word, "case") != 0) {
        golden_array *a = &c->arrays[c->n++];
        long n;
        ck_assert(c->n <= 12 && strcmp(word, "array") == 0);
        ck_assert_int_eq(fscanf(file, " %15s %ld", a->name, &n), 2);
        ck_assert_int_le(n, 128);
        a->n = n;
        for (long i = 0; i < n; i++)
            ck_assert_int_eq(fscanf(file, "%lf", &a->x[i]), 1);
    }
    return true;
}

static const golden_array *golden_find(const golden_case *c, const char *name)
{
    for (int i = 0; i < c->n; i++) {
        if (strcmp(c->arrays[i].name, name) == 0)
            return &c->arrays[i];
    }
    return NULL;
}

static const int32_t golden_starts[] = {0, 3, 3, 4, 9}, golden_gold[] = {2, 0, -100, 1};

/* The graph of a case over its inputs x[]. */
static hone_node *golden_build(hone_graph *g, const char *name, hone_node **x)
{
    static const struct {
        const char *name;
        hone_activation act;
    } activations[] = {{"gelu", HONE_ACT_GELU},
                       {"gelu_tanh", HONE_ACT_GELU_TANH},
                       {"tanh", HONE_ACT_TANH},
                       {"sigmoid", HONE_ACT_SIGMOID},
                       {"relu", HONE_ACT_RELU}};
    static const hone_layer_norm_params eps = {1e-5};
    static const float weights[] = {0.5f, 1.5f, 2.0f};
    hone_shape five = hone_shape_1(5), four = hone_shape_1(4), three = hone_shape_1(3);
    for (size_t i = 0; i < sizeof activations / sizeof *activations; i++) {
        if (strcmp(name, activations[i].name) == 0)
            return hone_activate(g, x[0], activations[i].act);
    }
    if (strcmp(name, "linear") == 0 || strcmp(name, "linear_bf16") == 0)
        return hone_linear_of(g, x[0], x[1], x[2]);
    if (strcmp(name, "layer_norm") == 0)
        return hone_apply(g, "norm", &hone__op_layer_norm, &eps, 3, x);
    if (strcmp(name, "attention") == 0)
        return hone_attention(g, "a", x[0], x[1], x[2], hone_constant(g, HONE_I32, &five, golden_starts), 2, 0);
    if (strcmp(name, "mean_rows") == 0)
        return hone_mean_rows(g, x[0], hone_constant(g, HONE_I32, &five, golden_starts));
    if (strcmp(name, "cross_entropy") == 0)
        return hone_cross_entropy(g, x[0], hone_constant(g, HONE_I32, &four, golden_gold), NULL, 0);
    if (strcmp(name, "cross_entropy_smoothed") == 0)
        return hone_cross_entropy(g, x[0], hone_constant(g, HONE_I32, &four, golden_gold),
                                  hone_constant(g, HONE_F32, &three, weights), 0.1);
    if (strcmp(name, "binary_cross_entropy") == 0)
        return hone_binary_cross_entropy(g, x[0], x[1]);
    if (strcmp(name, "squared_error") == 0)
        return hone_squared_error(g, x[0], x[1]);
    ck_abort_msg("ops.txt has a case %s that this test does not know", name);
    return NULL;
}

/* Columns of each input; 0: one dimension. */
static hone_shape golden_shape(const char *name, int i, int64_t n)
{
    static const struct {
        const char *name;
        int64_t columns[3];
    } shapes[] = {{"gelu", {7, 0, 0}},
                  {"gelu_tanh", {7, 0, 0}},
                  {"tanh", {7, 0, 0}},
                  {"sigmoid", {7, 0, 0}},
                  {"relu", {7, 0, 0}},
                  {"linear", {5, 5, 0}},
                  {"linear_bf16", {5, 5, 0}},
                  {"layer_norm", {5, 0, 0}},
                  {"attention", {6, 6, 6}},
                  {"mean_rows", {2, 0, 0}},
                  {"cross_entropy", {3, 0, 0}},
                  {"squared_error", {4, 4, 0}},
                  {"cross_entropy_smoothed", {3, 0, 0}},
                  {"binary_cross_entropy", {4, 4, 0}}};
    for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++) {
        if (strcmp(shapes[k].name, name) == 0 && shapes[k].columns[i])
            return hone_shape_2(n / shapes[k].columns[i], shapes[k].columns[i]);
    }
    return hone_shape_1(n);
}

static void golden_compare(const golden_case *c, const char *name, const hone_tensor *ours, double tolerance)
{
    const golden_array *a = golden_find(c, name);
    ck_assert(a && hone_shape_count(&ours->shape) == a->n);
    for (int64_t i = 0; i < a->n; i++) {
        double x = ours->dtype == HONE_F64 ? ((const double *)ours->data)[i] : (double)((const float *)ours->data)[i];
        ck_assert_msg(fabs(x - a->x[i]) <= tolerance * fmax(1, fabs(a->x[i])), "%s, %s[%lld]: %.9g is not %.9g", c->name, name,
                      (long long)i, x, a->x[i]);
    }
}

static void golden_check(const golden_case *c, uint32_t real, double tolerance)
{
    static const char *const names[] = {"x0", "x1", "x2"}, *const gradients[] = {"dx0", "dx1", "dx2"};
    hone_error err;
    hone_arena *arena = hone__arena_create(0);
    hone__block block = {0};
    const hone__graph_setup setup = {.arena = arena, .real = real, .bf16 = strstr(c->name, "bf16") != NULL};
    hone_graph *g = hone__graph_create(&setup);
    hone_node *x[3] = {NULL};
    float dy[128];
    for (int i = 0; i < 3 && golden_find(c, names[i]); i++) {
        const golden_array *a = golden_find(c, names[i]);
        hone_shape shape = golden_shape(c->name, i, a->n);
        x[i] = hone_constant(g, HONE_F64, &shape, a->x);
        hone__graph_keep(g, x[i], true);
    }
    const golden_array *slope = golden_find(c, "dy");
    for (int64_t i = 0; i < slope->n; i++)
        dy[i] = (float)slope->x[i];
    hone_node *y = golden_build(g, c->name, x);
    hone__graph_keep(g, y, false);
    hone__graph_seed(g, y, dy);
    ck_assert_msg(hone__graph_plan(g, true, NULL, &err) == HONE_OK, "%s", err.msg);
    ck_assert_int_eq(hone__graph_forward(g, &block, &err), HONE_OK);
    ck_assert_int_eq(hone__graph_backward(g, &err), HONE_OK);
    golden_compare(c, "y", hone__node_tensor(y), tolerance);
    for (int i = 0; i < 3 && x[i]; i++)
        golden_compare(c, gradients[i], hone__node_gradient(x[i]), tolerance);
    hone__block_free(&block);
    hone__arena_destroy(arena);
}

/* Every case of a file; returns how many there are. */
static int golden_file(const char *path, bool in_double)
{
    FILE *file = fopen(path, "r");
    char line[256];
    golden_case c;
    int n = 0;
    ck_assert_msg(file && fgets(line, sizeof line, file) && fscanf(file, " case") == 0, "%s cannot be read", path);
    for (; golden_read(file, &c); n++) {
        if (in_double)
            golden_check(&c, HONE_F64, 2e-8); /* nine digits are printed, and differences are good to as many */
        golden_check(&c, HONE_F32, 2e-6);     /* some 20 roundings of 6e-8 */
    }
    fclose(file);
    return n;
}

START_TEST(values_and_gradients_agree_with_numpy_and_scipy)
{
    ck_assert_int_eq(golden_file("tests/golden/ops.txt", true), 13);
}
END_TEST

/* tests/golden/bf16.py. In double nothing is rounded. */
START_TEST(operands_are_rounded_to_bf16_as_pytorch_rounds_them)
{
    ck_assert_int_eq(golden_file("tests/golden/bf16.txt", false), 3);
}
END_TEST

/* ---- Numbers that a reader can check by hand ------------------------------------------------------------------------- */

typedef struct rig {
    hone_arena *arena;
    hone__block block;
    hone_graph *g;
} rig;

static rig rig_open(hone_pool *pool, bool training, uint64_t first_sequence)
{
    rig r = {.arena = hone__arena_create(0)};
    const hone__graph_setup setup = {
        .arena = r.arena, .pool = pool, .seed = 3, .training = training, .first_sequence = first_sequence};
    r.g = hone__graph_create(&setup);
    return r;
}

static void rig_close(rig *r)
{
    hone__block_free(&r->block);
    hone__arena_destroy(r->arena);
}

static const float *rig_forward(rig *r, hone_node *y)
{
    hone_error err;
    hone__graph_keep(r->g, y, false);
    ck_assert_msg(hone__graph_plan(r->g, false, NULL, &err) == HONE_OK, "%s", err.msg);
    ck_assert_msg(hone__graph_forward(r->g, &r->block, &err) == HONE_OK, "%s", err.msg);
    return hone__node_tensor(y)->data;
}

static hone_status rig_try(rig *r, hone_node *y, hone_error *err)
{
    hone__graph_keep(r->g, y, false);
    HONE_TRY(hone__graph_plan(r->g, false, NULL, err));
    return hone__graph_forward(r->g, &r->block, err);
}

static hone_node *matrix(rig *r, int64_t rows, int64_t columns, const float *x)
{
    hone_shape shape = hone_shape_2(rows, columns);
    return hone_constant(r->g, HONE_F32, &shape, x);
}

static hone_node *integers(rig *r, int64_t n, const int32_t *x)
{
    hone_shape shape = hone_shape_1(n);
    return hone_constant(r->g, HONE_I32, &shape, x);
}

/* Each operand is off by at most 2^-9 of itself, so a product by 2^-8 of itself and a little, and a sum by as much of the sum of its
 * products' magnitudes; float32's own roundings are far below. */
START_TEST(bf16_differs_from_float32_by_the_rounding_of_operands_alone)
{
    enum { ROWS = 9, IN = 70, OUT = 33 };
    hone_error err;
    rig r = rig_open(NULL, false, 0), rounded = {.arena = r.arena};
    const hone__graph_setup setup = {.arena = r.arena, .seed = 3, .bf16 = true};
    rounded.g = hone__graph_create(&setup);
    hone_node *y[2], *x[2], *w[2];
    float dy[ROWS * OUT], magnitude[3][OUT * IN] = {{0}};
    for (int i = 0; i < ROWS * OUT; i++)
        dy[i] = sinf((float)i);
    for (int k = 0; k < 2; k++) {
        rig *at = k ? &rounded : &r;
        const hone_shape of_x = hone_shape_2(ROWS, IN), of_w = hone_shape_2(OUT, IN);
        x[k] = hone_example_input(at->g, HONE_F32, &of_x, -1, 1);
        w[k] = hone_example_input(at->g, HONE_F32, &of_w, -1, 1);
        y[k] = hone_linear_of(at->g, x[k], w[k], NULL);
        hone__graph_keep(at->g, y[k], false);
        hone__graph_seed(at->g, y[k], dy);
        ck_assert_int_eq(hone__graph_plan(at->g, true, NULL, &err), HONE_OK);
        ck_assert_int_eq(hone__graph_forward(at->g, &at->block, &err), HONE_OK);
        ck_assert_int_eq(hone__graph_backward(at->g, &err), HONE_OK);
    }
    const float *X = hone__node_tensor(x[0])->data, *W = hone__node_tensor(w[0])->data;
    for (int n = 0; n < ROWS; n++)
        for (int o = 0; o < OUT; o++)
            for (int i = 0; i < IN; i++) {
                magnitude[0][n * OUT + o] += fabsf(X[n * IN + i] * W[o * IN + i]);
                magnitude[1][n * IN + i] += fabsf(dy[n * OUT + o] * W[o * IN + i]);
                magnitude[2][o * IN + i] += fabsf(dy[n * OUT + o] * X[n * IN + i]);
            }
    for (int k = 0; k < 3; k++) {
        const hone_tensor *a = k ? hone__node_gradient(k == 1 ? x[0] : w[0]) : hone__node_tensor(y[0]);
        const hone_tensor *b = k ? hone__node_gradient(k == 1 ? x[1] : w[1]) : hone__node_tensor(y[1]);
        int differ = 0;
        for (int64_t i = 0; i < hone_shape_count(&a->shape); i++) {
            const float d = fabsf(((const float *)a->data)[i] - ((const float *)b->data)[i]);
            ck_assert_msg(d <= 0x1.02p-8f * magnitude[k][i], "product %d, element %lld is off by %g of %g", k, (long long)i, d,
                          magnitude[k][i]);
            differ += d > 0x1p-14f * magnitude[k][i];
        }
        ck_assert_int_gt(differ, 0);
    }
    hone__block_free(&rounded.block);
    rig_close(&r);
}
END_TEST

START_TEST(two_equal_scores_cost_the_logarithm_of_two)
{
    rig r = rig_open(NULL, false, 0);
    const float *y = rig_forward(
        &r, hone_cross_entropy(r.g, matrix(&r, 2, 2, (float[]){1, 1, 1000, 0}), integers(&r, 2, (int32_t[]){0, 1}), NULL, 0));
    ck_assert_float_eq_tol(y[0], 0.69314718f, 1e-7f);
    ck_assert_float_eq_tol(y[1], 1000.0f, 1e-3f); /* no overflow */
    rig_close(&r);
}
END_TEST

START_TEST(rows_and_columns_are_picked_where_they_should)
{
    static const float x[] = {0, 1, 10, 11, 20, 21};
    rig r = rig_open(NULL, false, 0);
    hone_node *m = matrix(&r, 3, 2, x), *starts = integers(&r, 3, (int32_t[]){0, 1, 3});
    hone_node *parts[] = {hone_gather(r.g, m, integers(&r, 2, (int32_t[]){2, 0})), hone_first_rows(r.g, m, starts),
                          hone_slice(r.g, hone_mean_rows(r.g, m, starts), 1, 2)};
    const float *y = rig_forward(&r, hone_concat(r.g, 3, parts));
    static const float expected[] = {20, 21, 0, 1, 1, 0, 1, 10, 11, 16};
    for (int i = 0; i < 10; i++)
        ck_assert_float_eq(y[i], expected[i]);
    rig_close(&r);
}
END_TEST

START_TEST(dropout_drops_its_share_and_keeps_the_mean)
{
    enum { ROWS = 1000, COLUMNS = 100 };
    rig r = rig_open(NULL, true, 0);
    float *ones = hone_alloc_array(r.arena, ROWS * COLUMNS, sizeof *ones);
    for (int i = 0; i < ROWS * COLUMNS; i++)
        ones[i] = 1;
    const float *y = rig_forward(&r, hone_dropout(r.g, "d", matrix(&r, ROWS, COLUMNS, ones), NULL, 0.1));
    int zeros = 0;
    for (int i = 0; i < ROWS * COLUMNS; i++) {
        zeros += y[i] == 0;
        ck_assert(y[i] == 0 || fabsf(y[i] - 1 / 0.9f) < 1e-6f);
    }
    ck_assert_int_gt(zeros, 9500); /* 10,000 expected, with a deviation of 95 */
    ck_assert_int_lt(zeros, 10500);
    rig_close(&r);
}
END_TEST

START_TEST(dropout_is_not_built_in_evaluation)
{
    rig r = rig_open(NULL, false, 0);
    hone_node *x = matrix(&r, 1, 1, (float[]){1});
    ck_assert_ptr_eq(hone_dropout(r.g, "d", x, NULL, 0.5), x);
    rig_close(&r);
}
END_TEST

START_TEST(activations_are_found_by_their_names_in_transformers)
{
    ck_assert_int_eq(hone_activation_by_name("gelu"), HONE_ACT_GELU);
    ck_assert_int_eq(hone_activation_by_name("gelu_new"), HONE_ACT_GELU_TANH);
    ck_assert_int_eq(hone_activation_by_name("relu"), HONE_ACT_RELU);
    ck_assert_int_eq(hone_activation_by_name("swish"), -1);
}
END_TEST

/* ---- Threads and rows ------------------------------------------------------------------------------------------------ */

/* A small layer of everything, over `n` sequences of given lengths; returns outputs and all gradients. */
static float *layer(hone_pool *pool, const int32_t *lengths, int n, int first, uint64_t first_sequence, int64_t *count,
                    bool backward)
{
    enum { WIDTH = 24, INNER = 70 };
    hone_error err;
    rig r = rig_open(pool, true, first_sequence);
    hone_graph *g = r.g;
    int32_t starts[16] = {0}, all = 0;
    for (int b = 0; b < n; b++)
        starts[b + 1] = starts[b] + lengths[first + b];
    for (int b = 0; b < first; b++)
        all += lengths[b];
    /* Sequence `first` begins at row `all` of one long table, so that it holds the same numbers in every batch. */
    hone_shape whole = hone_shape_2(200, WIDTH), table = hone_shape_2(INNER, WIDTH), back = hone_shape_2(WIDTH, INNER);
    int32_t *rows = hone_alloc_array(r.arena, (size_t)starts[n] + 1, sizeof *rows);
    for (int32_t i = 0; i < starts[n]; i++)
        rows[i] = all + i;
    hone_node *leaves[] = {hone_example_input(g, HONE_F32, &whole, -1, 1), hone_example_input(g, HONE_F32, &table, -1, 1),
                           hone_example_input(g, HONE_F32, &back, -1, 1)};
    hone_node *start = integers(&r, n + 1, starts), *x = hone_gather(g, leaves[0], integers(&r, starts[n], rows));
    hone_node *inner = hone_activate(g, hone_linear_of(g, x, leaves[1], NULL), HONE_ACT_GELU);
    hone_node *y = hone_dropout(g, "drop", hone_linear_of(g, inner, leaves[2], NULL), start, 0.2);
    y = hone_add(g, x, hone_attention(g, "attention", y, x, y, start, 4, 0.3));
    int64_t outputs = (int64_t)starts[n] * WIDTH;
    float *dy = hone_alloc_array(r.arena, (size_t)outputs + 1, sizeof *dy);
    for (int64_t i = 0; i < outputs; i++)
        dy[i] = (float)((i + all * WIDTH) * 31 % 17) / 17.0f;
    hone__graph_keep(g, y, false);
    hone__graph_keep(g, x, true);
    hone__graph_seed(g, y, dy);
    ck_assert_msg(hone__graph_plan(g, true, NULL, &err) == HONE_OK, "%s", err.msg);
    ck_assert_int_eq(hone__graph_forward(g, &r.block, &err), HONE_OK);
    ck_assert_int_eq(hone__graph_backward(g, &err), HONE_OK);
    float *out = calloc(2 * (size_t)outputs + 20000, sizeof *out);
    memcpy(out, hone__node_tensor(y)->data, (size_t)outputs * sizeof *out);
    memcpy(out + outputs, hone__node_gradient(x)->data, (size_t)outputs * sizeof *out);
    *count = 2 * outputs;
    for (int i = 0; i < 3 && backward; i++) {
        const hone_tensor *d = hone__node_gradient(leaves[i]);
        int64_t size = hone_shape_count(&d->shape);
        memcpy(out + *count, d->data, (size_t)size * sizeof *out);
        *count += size;
    }
    rig_close(&r);
    return out;
}

static const int32_t lengths[] = {5, 1, 0, 66, 13, 2};

START_TEST(bits_are_the_same_for_any_number_of_threads)
{
    int64_t n, m;
    float *alone = layer(NULL, lengths, 6, 0, 0, &n, true);
    for (int threads = 1; threads <= 4; threads++) {
        hone_error err;
        hone_pool *pool = NULL;
        ck_assert_int_eq(hone__pool_create(threads, &pool, &err), HONE_OK);
        float *shared = layer(pool, lengths, 6, 0, 0, &m, true);
        ck_assert_int_eq(n, m);
        ck_assert_msg(memcmp(alone, shared, (size_t)n * sizeof *alone) == 0, "%d threads give other bits", threads);
        free(shared);
        hone__pool_destroy(pool);
    }
    free(alone);
}
END_TEST

/* Forward and the gradient of the input, with dropout: a sequence gets the same bits in whatever micro-batch it is. */
START_TEST(a_sequence_has_the_same_bits_alone_and_anywhere_in_a_batch)
{
    enum { WIDTH = 24 };
    int64_t n, m;
    float *batch = layer(NULL, lengths, 6, 0, 0, &n, false);
    int64_t row = 0;
    for (int b = 0; b < 6; row += lengths[b], b++) {
        for (int size = 1; b + size <= 6; size++) { /* alone, then first in ever longer batches; whole: in the middle, last */
            float *part = layer(NULL, lengths, size, b, (uint64_t)b, &m, false);
            size_t bytes = (size_t)lengths[b] * WIDTH * sizeof *part;
            ck_assert_int_eq(memcmp(batch + row * WIDTH, part, bytes), 0);
            ck_assert_int_eq(memcmp(batch + n / 2 + row * WIDTH, part + m / 2, bytes), 0);
            free(part);
        }
    }
    free(batch);
}
END_TEST

/* ---- Bad input -------------------------------------------------------------------------------------------------------- */

START_TEST(an_id_outside_the_table_fails_the_step_with_its_number)
{
    hone_error err;
    for (int32_t bad = -1; bad <= 3; bad += 4) {
        rig r = rig_open(NULL, false, 0);
        int32_t ids[] = {0, 1, bad};
        ck_assert_int_eq(rig_try(&r, hone_lookup(r.g, matrix(&r, 3, 1, (float[]){0, 1, 2}), integers(&r, 3, ids)), &err),
                         HONE_EINVAL);
        ck_assert_str_eq(err.msg, bad < 0 ? "gather: index -1 (number 2 of 3) is outside 0 .. 2"
                                          : "gather: index 3 (number 2 of 3) is outside 0 .. 2");
        rig_close(&r);
    }
}
END_TEST

START_TEST(a_label_outside_the_classes_fails_the_step)
{
    hone_error err;
    rig r = rig_open(NULL, false, 0);
    hone_node *y = hone_cross_entropy(r.g, matrix(&r, 1, 2, (float[]){0, 1}), integers(&r, 1, (int32_t[]){2}), NULL, 0);
    ck_assert_int_eq(rig_try(&r, y, &err), HONE_EINVAL);
    ck_assert_str_eq(err.msg, "cross_entropy: gold label 2 (number 0 of 1) is outside 0 .. 1");
    rig_close(&r);
}
END_TEST

START_TEST(wrong_starts_fail_the_step)
{
    static const int32_t wrong[][3] = {{0, 2, 4}, {1, 2, 3}, {0, 4, 3}, {0, -1, 3}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        for (int which = 0; which < 3; which++) {
            hone_error err;
            rig r = rig_open(NULL, true, 0);
            hone_node *x = matrix(&r, 3, 2, (float[]){0, 1, 2, 3, 4, 5}), *s = integers(&r, 3, wrong[i]);
            hone_node *y = which == 0   ? hone_attention(r.g, "a", x, x, x, s, 1, 0)
                           : which == 1 ? hone_dropout(r.g, "d", x, s, 0.5)
                                        : hone_mean_rows(r.g, x, s);
            ck_assert_int_eq(rig_try(&r, y, &err), HONE_EINVAL);
            ck_assert_ptr_nonnull(strstr(err.msg, "starts"));
            rig_close(&r);
        }
    }
}
END_TEST

START_TEST(a_probability_outside_its_range_is_refused_also_in_evaluation)
{
    hone_error err;
    rig r = rig_open(NULL, false, 0);
    hone_dropout(r.g, "head.dropout", matrix(&r, 1, 1, (float[]){1}), NULL, 1.0);
    ck_assert_int_eq(hone_graph_status(r.g, &err), HONE_EINVAL);
    ck_assert_str_eq(err.msg, "dropout at head.dropout: the probability is 1; it must lie in [0, 1)");
    rig_close(&r);
}
END_TEST

SUITE("ops", gradients_agree_with_central_differences_in_double, gradients_of_what_rounds_to_bf16_agree_in_float_too,
      a_wrong_gradient_is_found_and_named, values_and_gradients_agree_with_numpy_and_scipy,
      operands_are_rounded_to_bf16_as_pytorch_rounds_them, bf16_differs_from_float32_by_the_rounding_of_operands_alone,
      two_equal_scores_cost_the_logarithm_of_two, rows_and_columns_are_picked_where_they_should,
      dropout_drops_its_share_and_keeps_the_mean, dropout_is_not_built_in_evaluation,
      activations_are_found_by_their_names_in_transformers, bits_are_the_same_for_any_number_of_threads,
      a_sequence_has_the_same_bits_alone_and_anywhere_in_a_batch, an_id_outside_the_table_fails_the_step_with_its_number,
      a_label_outside_the_classes_fails_the_step, wrong_starts_fail_the_step,
      a_probability_outside_its_range_is_refused_also_in_evaluation)
