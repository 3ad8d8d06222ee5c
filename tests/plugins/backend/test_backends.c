/* test_backends.c - every backend of the tree against the reference: values, gradients, threads, scratch and saved.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "../instance.h"
#include "base/pool.h"
#include "tensor/core_ops.h"
#include "tensor/half.h"
#include "tensor/run.h"

#include <math.h>

/* The backends of the tree that compute, native once for each instruction set: its only parameter, the index of the word. The last two
 * are the first but for products of bf16. */
typedef struct variant {
    const char *name;
    int32_t instruction_set;
} variant;

static const variant variants[] = {{"openblas", 0}, {"native", 1}, {"native", 2}, {"native", 3}, {"native", 4}, {"native", 5}};
enum { VARIANTS = sizeof variants / sizeof *variants, AVX512 = 1, PORTABLE = 3, AVX512_BF16 = 4, AMX = 5 };

/* A backend that was not built (its library is absent) is passed over, and so are instruction sets that the processor lacks. */
static bool variant_open(instance *in, const variant *v, hone_pool *pool)
{
    char path[4096], kind_and_name[64];
    snprintf(kind_and_name, sizeof kind_and_name, "backend/%s", v->name);
    snprintf(path, sizeof path, "%s/plugins/%s.so", getenv("HONE_BUILD"), kind_and_name);
    if (!hone__exists(path)) {
        printf("the %s backend was not built and is not tested\n", v->name);
        return false;
    }
    instance_open(in, kind_and_name, v->instruction_set ? &v->instruction_set : NULL, 1);
    in->self.pool = pool;
    hone_error err;
    hone_status status = ((const hone_backend *)in->self.plugin)->create(&in->self, &err);
    if (status == HONE_EUNSUPPORTED && v->instruction_set) {
        printf("not tested: %s\n", err.msg);
        instance_close(in);
        return false;
    }
    ck_assert_msg(status == HONE_OK, "%s", err.msg);
    return true;
}

static bool backend_open(instance *in, const char *name, hone_pool *pool)
{
    const variant v = {name, 0};
    return variant_open(in, &v, pool);
}

static const hone_backend *backend_of(const instance *in)
{
    return (const hone_backend *)in->self.plugin;
}

/* ---- One operator, run on random inputs ----------------------------------------------------------------------------- */

enum { MAX_FLOATS = 1 << 20 };

typedef struct result {
    float *x;
    size_t n;
} result;

static void keep(result *r, const hone_tensor *t)
{
    size_t n = (size_t)hone_shape_count(&t->shape);
    ck_assert_uint_le(r->n + n, MAX_FLOATS);
    if (n)
        memcpy(r->x + r->n, t->data, n * sizeof(float));
    r->n += n;
}

typedef hone_node *build_fn(hone_graph *g, const int64_t *size, hone_node **leaves, int *n_leaves);

/* Output and the gradients of all leaves, one after another. */
static result run(build_fn *build, const int64_t *size, const instance *in, hone_pool *pool)
{
    hone_error err;
    hone_arena *arena = hone__arena_create(0);
    hone__block block = {0};
    const hone__graph_setup setup = {.arena = arena,
                                     .pool = pool,
                                     .seed = 5,
                                     .step = 3,
                                     .first_sequence = 2,
                                     .training = true,
                                     .backend = in ? backend_of(in) : NULL,
                                     .backend_self = in ? &in->self : NULL};
    hone_graph *g = hone__graph_create(&setup);
    hone_node *leaves[4];
    int n = 0;
    hone_node *y = build(g, size, leaves, &n);
    int64_t count = hone_shape_count(hone_node_shape(y));
    float *dy = hone_alloc_array(arena, (size_t)count, sizeof *dy);
    for (int64_t i = 0; i < count; i++)
        dy[i] = (float)(i * 7919 % 1009) / 1009.0f - 0.5f;
    hone__graph_keep(g, y, false);
    hone__graph_seed(g, y, dy);
    ck_assert_msg(hone__graph_plan(g, true, NULL, &err) == HONE_OK, "%s", err.msg);
    ck_assert_msg(hone__graph_forward(g, &block, &err) == HONE_OK, "%s", err.msg);
    memset(block.data, 0xff, block.size); /* not a number: what is read before it is written shows */
    ck_assert_msg(hone__graph_forward(g, &block, &err) == HONE_OK, "%s", err.msg);
    ck_assert_msg(hone__graph_backward(g, &err) == HONE_OK, "%s", err.msg);
    result r = {malloc(MAX_FLOATS * sizeof(float)), 0};
    keep(&r, hone__node_tensor(y));
    for (int i = 0; i < n; i++)
        keep(&r, hone__node_gradient(leaves[i]));
    hone__block_free(&block);
    hone__arena_destroy(arena);
    return r;
}

static hone_node *input(hone_graph *g, int64_t rows, int64_t columns, hone_node **leaves, int *n)
{
    hone_shape shape = columns ? hone_shape_2(rows, columns) : hone_shape_1(rows);
    return leaves[(*n)++] = hone_example_input(g, HONE_F32, &shape, -1.0, 1.0);
}

static hone_node *build_linear(hone_graph *g, const int64_t *size, hone_node **leaves, int *n)
{
    hone_node *x = input(g, size[0], size[1], leaves, n), *w = input(g, size[2], size[1], leaves, n);
    return hone_linear_of(g, x, w, size[3] ? input(g, size[2], 0, leaves, n) : NULL);
}

static hone_node *build_linear_bf16(hone_graph *g, const int64_t *size, hone_node **leaves, int *n)
{
    hone_node *x = input(g, size[0], size[1], leaves, n), *w = input(g, size[2], size[1], leaves, n),
              *b = size[3] ? input(g, size[2], 0, leaves, n) : NULL;
    return hone_apply(g, "linear", &hone__op_linear_bf16, NULL, 3, (hone_node *[]){x, w, b});
}

static const int64_t linear_sizes[][4] = {
    /* rows, in, out, bias */
    {1, 1, 1, 1},    {1, 384, 2, 1},   {7, 5, 3, 0},      {128, 64, 192, 1}, {129, 65, 193, 1},
    {300, 96, 7, 1}, {513, 33, 50, 0}, {16, 200, 200, 1}, {61, 12, 400, 1},
};

/* A D columns, A heads, then the lengths of sequences, ended by -1; the dropout probability in percent comes third. */
static hone_node *build_attention(hone_graph *g, const int64_t *size, hone_node **leaves, int *n)
{
    int32_t starts[16] = {0};
    int64_t b = 0;
    for (; size[3 + b] >= 0; b++)
        starts[b + 1] = starts[b] + (int32_t)size[3 + b];
    hone_shape shape = hone_shape_1(b + 1);
    hone_node *q = input(g, starts[b], size[0], leaves, n), *k = input(g, starts[b], size[0], leaves, n),
              *v = input(g, starts[b], size[0], leaves, n);
    return hone_attention(g, "attention", q, k, v, hone_constant(g, HONE_I32, &shape, starts), size[1], (double)size[2] / 100);
}

static const int64_t attention_sizes[][12] = {
    {1, 1, 0, 1, -1},           {8, 2, 0, 3, 5, -1},      {12, 3, 30, 1, 0, 7, 2, -1}, {64, 2, 10, 127, 128, 129, -1},
    {32, 1, 0, 300, 1, 64, -1}, {36, 12, 50, 53, 17, -1},
};

/* Everything else that a backend may do: operator, then rows, columns and the dropout probability in percent. */
enum { ADD, ADD_ROW, GELU, GELU_TANH, NORM, DROPOUT, RESIDUAL };

static hone_node *build_element(hone_graph *g, const int64_t *size, hone_node **leaves, int *n)
{
    static const hone_layer_norm_params norm = {1e-12};
    hone_node *x = input(g, size[1], size[2], leaves, n), *in[3] = {x};
    const int32_t starts[4] = {0, (int32_t)(size[1] / 3), (int32_t)(size[1] / 3), (int32_t)size[1]};
    const hone_shape four = hone_shape_1(4);
    switch (size[0]) {
    case ADD:
        return hone_add(g, x, input(g, size[1], size[2], leaves, n));
    case ADD_ROW:
        return hone_add(g, x, input(g, size[2], 0, leaves, n));
    case GELU:
        return hone_activate(g, hone_scaled(g, x, 6), HONE_ACT_GELU);
    case GELU_TANH:
        return hone_activate(g, hone_scaled(g, x, 6), HONE_ACT_GELU_TANH);
    case NORM:
        in[1] = input(g, size[2], 0, leaves, n);
        in[2] = input(g, size[2], 0, leaves, n);
        return hone_apply(g, "norm", &hone__op_layer_norm, &norm, 3, in);
    case DROPOUT:
        return hone_dropout(g, "dropout", x, hone_constant(g, HONE_I32, &four, starts), (double)size[3] / 100);
    default:
        return hone_add(g, x, hone_dropout(g, "dropout", x, NULL, (double)size[3] / 100));
    }
}

static const int64_t element_sizes[][4] = {
    {ADD, 3, 5},    {ADD, 129, 130},       {ADD_ROW, 7, 33},      {ADD_ROW, 300, 200},       {GELU, 1, 1},
    {GELU, 97, 91}, {GELU, 3, 16},         {GELU_TANH, 97, 91},   {GELU_TANH, 1, 5},         {NORM, 1, 1},
    {NORM, 9, 7},   {NORM, 170, 384},      {NORM, 65, 67},        {DROPOUT, 9, 3, 30},       {DROPOUT, 50, 1030, 10},
    {NORM, 3, 64},  {DROPOUT, 64, 64, 50}, {RESIDUAL, 17, 7, 10}, {RESIDUAL, 200, 2050, 90},
};

/* What a backend may run as one: kind, then rows, columns, the dropout probability in percent and, of linear layers, the outputs. Nodes
 * between two operators are kept while `looking`, so that nothing is run as one. */
enum {
    LINEAR_GELU,
    LINEAR_GELU_TANH,
    BF16_GELU,
    BF16_GELU_TANH,
    DROP_ADD_NORM,
    ADD_DROP_NORM,
    SELF_NORM,
    ADD_NORM,
    NO_GRADIENT_NORM,
    WHOLE_LAYER
};
static bool looking;

static hone_node *link_of(hone_graph *g, hone_node *node)
{
    if (looking)
        hone__graph_keep(g, node, false);
    return node;
}

static hone_node *norm_of(hone_graph *g, hone_node *x, hone_node *gain, hone_node *bias)
{
    static const hone_layer_norm_params norm = {1e-12};
    return hone_apply(g, "norm", &hone__op_layer_norm, &norm, 3, (hone_node *[]){x, gain, bias});
}

static hone_node *build_run(hone_graph *g, const int64_t *size, hone_node **leaves, int *n)
{
    const int32_t starts[4] = {0, 0, (int32_t)(size[1] / 3), (int32_t)size[1]};
    const hone_shape four = hone_shape_1(4);
    hone_node *begins = hone_constant(g, HONE_I32, &four, starts), *x = input(g, size[1], size[2], leaves, n);
    const double p = (double)size[3] / 100;
    if (size[0] <= BF16_GELU_TANH) {
        hone_node *w = input(g, size[4], size[2], leaves, n), *b = input(g, size[4], 0, leaves, n);
        const hone_op *linear = size[0] >= BF16_GELU ? &hone__op_linear_bf16 : &hone__op_linear;
        return hone_activate(g, link_of(g, hone_apply(g, "linear", linear, NULL, 3, (hone_node *[]){x, w, b})),
                             size[0] == LINEAR_GELU || size[0] == BF16_GELU ? HONE_ACT_GELU : HONE_ACT_GELU_TANH);
    }
    hone_node *other = size[0] == SELF_NORM || size[0] == WHOLE_LAYER ? x : input(g, size[1], size[2], leaves, n), *branch = x;
    hone_node *gain = input(g, size[2], 0, leaves, n);
    if (size[0] == NO_GRADIENT_NORM) {
        const hone_shape shape = hone_shape_2(size[1], size[2]);
        branch = hone_stop_gradient(g, hone_example_input(g, HONE_F32, &shape, -1, 1));
        other = hone_add(g, x, other);
    }
    if (size[0] == WHOLE_LAYER) {
        const hone_shape up = hone_shape_2(size[4], size[2]), down = hone_shape_2(size[2], size[4]);
        hone_node *u = hone_example_input(g, HONE_F32, &up, -0.5, 0.5), *d = hone_example_input(g, HONE_F32, &down, -0.5, 0.5);
        branch = hone_activate(g, link_of(g, hone_linear_of(g, x, u, NULL)), HONE_ACT_GELU);
        branch = link_of(g, hone_linear_of(g, link_of(g, branch), d, NULL));
    }
    if (size[0] != ADD_NORM)
        branch = link_of(g, hone_dropout(g, "dropout", branch, size[0] == SELF_NORM ? NULL : begins, p));
    hone_node *sum = size[0] == ADD_DROP_NORM ? hone_add(g, other, branch) : hone_add(g, branch, other);
    return norm_of(g, link_of(g, sum), gain, gain);
}

static const int64_t run_sizes[][5] = {
    {LINEAR_GELU, 1, 1, 0, 1},        {LINEAR_GELU, 110, 400, 0, 50}, {LINEAR_GELU_TANH, 20, 20, 0, 200},
    {DROP_ADD_NORM, 3, 5, 30},        {DROP_ADD_NORM, 50, 384, 10},   {ADD_DROP_NORM, 10, 1030, 50},
    {SELF_NORM, 33, 48, 20},          {ADD_NORM, 129, 67, 0},         {NO_GRADIENT_NORM, 40, 100, 10},
    {WHOLE_LAYER, 30, 64, 10, 200},   {BF16_GELU, 1, 1, 0, 1},        {BF16_GELU, 210, 400, 0, 550},
    {BF16_GELU_TANH, 20, 20, 0, 200},
};

/* Items, classes, class weights (1; 2: with a gradient), smoothing in percent; every third item has no label where the last is 1. */
static hone_node *build_cross_entropy(hone_graph *g, const int64_t *size, hone_node **leaves, int *n)
{
    const hone_shape items = hone_shape_1(size[0]), classes = hone_shape_1(size[1]);
    int32_t gold[16];
    for (int64_t i = 0; i < size[0]; i++)
        gold[i] = size[4] && i % 3 == 1 ? -100 : (int32_t)(i * 7919 % size[1]);
    hone_node *scores = hone_scaled(g, input(g, size[0], size[1], leaves, n), 8), *w = NULL;
    if (size[2])
        w = hone_example_input(g, HONE_F32, &classes, 0.5, 2.0);
    if (size[2] == 2)
        leaves[(*n)++] = w;
    return hone_cross_entropy(g, scores, hone_constant(g, HONE_I32, &items, gold), w, (double)size[3] / 100);
}

static const int64_t cross_entropy_sizes[][5] = {
    {1, 1, 0, 0, 0},   {5, 2, 0, 0, 1},   {7, 9, 1, 0, 0},     {16, 17, 2, 10, 1},
    {3, 64, 0, 30, 1}, {2, 130, 2, 0, 0}, {3, 1000, 1, 50, 0}, {4, 3, 1, 100, 1},
};

/* Largest difference, relative to the largest value. */
static double difference(const result *a, const result *b)
{
    double most = 0, largest = 0;
    ck_assert_uint_eq(a->n, b->n);
    for (size_t i = 0; i < a->n; i++) {
        if (isnan(a->x[i]) || isnan(b->x[i])) /* each ck_assert() is a system call */
            ck_abort_msg("number %zu is none: %g, %g", i, (double)a->x[i], (double)b->x[i]);
        most = fmax(most, fabs((double)a->x[i] - b->x[i]));
        largest = fmax(largest, fabs((double)b->x[i]));
    }
    return most / fmax(largest, 1e-6);
}

/* Sums of up to 513 products in another order: some 20 roundings of 6e-8 each, of the largest value. GELU by its polynomial is within
 * 3.5e-7 |x|. */
static const double tolerance = 2e-6;

static void compare(build_fn *build, const int64_t *size, const instance *in, const char *what, size_t number)
{
    result ours = run(build, size, in, in->self.pool), reference = run(build, size, NULL, NULL);
    /* A gradient that GELU's polynomial moves past the middle of two bf16 is rounded to the other one: 2^-8 of one product. */
    const bool rounded = build == build_run && (size[0] == BF16_GELU || size[0] == BF16_GELU_TANH);
    double d = difference(&ours, &reference);
    ck_assert_msg(d <= (rounded ? 1e-4 : tolerance), "%s, size number %zu: %s differs from the reference by %g", what, number,
                  backend_of(in)->describe(&in->self), d);
    free(ours.x);
    free(reference.x);
}

typedef void each_fn(build_fn *build, const int64_t *size, const instance *in, const char *what, size_t number);

static void for_all_sizes(each_fn *each, const instance *in, bool bf16_alone)
{
    for (size_t i = 0; i < sizeof linear_sizes / sizeof *linear_sizes; i++)
        each(build_linear_bf16, linear_sizes[i], in, "linear_bf16", i);
    if (bf16_alone)
        return;
    for (size_t i = 0; i < sizeof linear_sizes / sizeof *linear_sizes; i++)
        each(build_linear, linear_sizes[i], in, "linear", i);
    for (size_t i = 0; i < sizeof attention_sizes / sizeof *attention_sizes; i++)
        each(build_attention, attention_sizes[i], in, "attention", i);
    for (size_t i = 0; i < sizeof element_sizes / sizeof *element_sizes; i++)
        each(build_element, element_sizes[i], in, "element by element", i);
    for (size_t i = 0; i < sizeof run_sizes / sizeof *run_sizes; i++)
        each(build_run, run_sizes[i], in, "run of operators", i);
    for (size_t i = 0; i < sizeof cross_entropy_sizes / sizeof *cross_entropy_sizes; i++)
        each(build_cross_entropy, cross_entropy_sizes[i], in, "cross entropy", i);
}

START_TEST(backends_agree_with_the_reference_forward_and_backward)
{
    hone_error err;
    hone_pool *pool = NULL;
    ck_assert_int_eq(hone__pool_create(2, &pool, &err), HONE_OK);
    instance in;
    for (int v = 0; v < VARIANTS; v++) {
        if (!variant_open(&in, &variants[v], pool))
            continue;
        for_all_sizes(compare, &in, v >= AVX512_BF16);
        instance_close(&in);
    }
    hone__pool_destroy(pool);
}
END_TEST

static void same_bits(build_fn *build, const int64_t *size, const instance *in, const char *what, size_t number)
{
    hone_error err;
    result one = run(build, size, in, NULL);
    for (int threads = 2; threads <= 4; threads += 2) {
        hone_pool *pool = NULL;
        ck_assert_int_eq(hone__pool_create(threads, &pool, &err), HONE_OK);
        result more = run(build, size, in, pool);
        ck_assert_uint_eq(one.n, more.n);
        ck_assert_msg(memcmp(one.x, more.x, one.n * sizeof(float)) == 0,
                      "%s, size number %zu: %d threads give other bits than 1", what, number, threads);
        free(more.x);
        hone__pool_destroy(pool);
    }
    free(one.x);
}

START_TEST(bits_are_the_same_for_any_number_of_threads)
{
    instance in;
    for (int v = 0; v < VARIANTS; v++) {
        if (!variant_open(&in, &variants[v], NULL))
            continue;
        for_all_sizes(same_bits, &in, v >= AVX512_BF16);
        instance_close(&in);
    }
}
END_TEST

/* ---- Cross entropy of many classes, and of scores that are no numbers ------------------------------------------------ */

enum { ITEMS = 5, CLASSES = 30522 };

typedef struct scored {
    float scores[ITEMS * CLASSES], loss[ITEMS], slopes[ITEMS * CLASSES];
    int32_t gold[ITEMS];
    float dy[ITEMS];
} scored;

static void score(const instance *in, scored *s)
{
    hone_error err;
    hone_arena *arena = hone__arena_create(0);
    hone__block block = {0};
    const hone__graph_setup setup = {
        .arena = arena, .backend = in ? backend_of(in) : NULL, .backend_self = in ? &in->self : NULL, .training = true};
    hone_graph *g = hone__graph_create(&setup);
    const hone_shape all = hone_shape_2(ITEMS, CLASSES), items = hone_shape_1(ITEMS);
    hone_node *x = hone_example_input(g, HONE_F32, &all, 0, 0),
              *scores = hone_add(g, x, hone_constant(g, HONE_F32, &all, s->scores));
    hone_node *y = hone_cross_entropy(g, scores, hone_constant(g, HONE_I32, &items, s->gold), NULL, 0);
    hone__graph_keep(g, y, false);
    hone__graph_seed(g, y, s->dy);
    ck_assert_int_eq(hone__graph_plan(g, true, NULL, &err), HONE_OK);
    ck_assert_msg(hone__graph_forward(g, &block, &err) == HONE_OK, "%s", err.msg);
    ck_assert_int_eq(hone__graph_backward(g, &err), HONE_OK);
    memcpy(s->loss, hone__node_tensor(y)->data, sizeof s->loss);
    memcpy(s->slopes, hone__node_gradient(x)->data, sizeof s->slopes);
    hone__block_free(&block);
    hone__arena_destroy(arena);
}

static void fill(scored *s)
{
    for (int64_t i = 0; i < ITEMS * CLASSES; i++)
        s->scores[i] = (float)(i * 7919 % 10007) / 10007 * 20 - 10;
    for (int i = 0; i < ITEMS; i++) {
        s->gold[i] = i == 2 ? -100 : (i * 9001 + 30521) % CLASSES;
        s->dy[i] = 1.0f - 0.3f * (float)i;
    }
}

/* Against double. The logarithm of the sum and what a score is less are above 16, where half a step of float is 1e-6; exp is within 2e-7, and sums of
 * up to 7,631 floats in one chain come to it. */
static void compare_with_double(const instance *in, const scored *s)
{
    for (int i = 0; i < ITEMS; i++) {
        const float *row = s->scores + i * CLASSES;
        double sum = 0;
        for (int k = 0; k < CLASSES; k++)
            sum += exp(row[k]);
        const double loss = s->gold[i] < 0 ? 0 : log(sum) - row[s->gold[i]];
        ck_assert_msg(fabs(s->loss[i] - loss) <= 2e-6 * fabs(loss), "%s: loss %d is %.9g, not %.9g",
                      backend_of(in)->describe(&in->self), i, (double)s->loss[i], loss);
        for (int k = 0; k < CLASSES; k++) {
            const double p = exp(row[k]) / sum, slope = s->gold[i] < 0 ? 0 : s->dy[i] * (p - (k == s->gold[i]));
            const double allowed = fabs(s->dy[i]) * (k == s->gold[i] ? 2e-7 : 8e-6 * p);
            if (!(fabs(s->slopes[i * CLASSES + k] - slope) <= allowed)) /* each ck_assert() is a system call */
                ck_abort_msg("%s: slope %d of item %d is %.9g, not %.9g", backend_of(in)->describe(&in->self), k, i,
                             (double)s->slopes[i * CLASSES + k], slope);
        }
    }
}

START_TEST(cross_entropy_of_many_classes_is_that_of_double)
{
    static scored s;
    for (int v = AVX512; v <= PORTABLE; v++) {
        instance in;
        if (!variant_open(&in, &variants[v], NULL))
            continue;
        fill(&s);
        score(&in, &s);
        compare_with_double(&in, &s);
        instance_close(&in);
    }
}
END_TEST

/* A diverged model is known by its loss: what is no number must not become one, wherever it stands. Infinite scores are as the reference has
 * them. Other items do not notice. */
START_TEST(cross_entropy_hands_on_what_is_no_number)
{
    static const int places[] = {0, 1, 15, 16, 17, 30511, 30512, CLASSES - 1};
    static scored clean, s, reference;
    for (int v = 0; v <= PORTABLE; v++) {
        instance in;
        if (!variant_open(&in, &variants[v], NULL))
            continue;
        fill(&clean);
        score(&in, &clean);
        for (size_t p = 0; p < 3 * sizeof places / sizeof *places; p++) {
            const float odd[] = {NAN, INFINITY, -INFINITY};
            memcpy(&s, &clean, sizeof s);
            s.scores[CLASSES + places[p / 3]] = odd[p % 3];
            memcpy(&reference, &s, sizeof s);
            score(&in, &s);
            score(NULL, &reference);
            for (int i = 0; i < ITEMS; i++)
                ck_assert(i == 1 || memcmp(&s.loss[i], &clean.loss[i], sizeof(float)) == 0);
            ck_assert_int_eq(isnan(s.loss[1]), isnan(reference.loss[1]));
            ck_assert_int_eq(isnan(s.loss[1]), p % 3 < 2);
            if (p % 3 == 2)
                ck_assert_double_eq_tol(s.loss[1], reference.loss[1], 1e-4); /* which adds up 30522 floats in one chain */
            for (int k = 0; k < CLASSES; k++) {
                const float *slope = s.slopes + CLASSES, *wanted = reference.slopes + CLASSES;
                if (isnan(wanted[k]) ? !isnan(slope[k]) : !(fabsf(slope[k] - wanted[k]) <= 1e-6f))
                    ck_abort_msg("place %d, value %g: slope %d is %g, not %g", places[p / 3], odd[p % 3], k, slope[k],
                                 wanted[k]);
            }
            ck_assert(memcmp(s.slopes + 2 * CLASSES, clean.slopes + 2 * CLASSES, sizeof(float) * 3 * CLASSES) == 0);
        }
        instance_close(&in);
    }
}
END_TEST

static void refuses_wrong_gold(const instance *in)
{
    hone_error err;
    hone_arena *arena = hone__arena_create(0);
    hone__block block = {0};
    const hone__graph_setup setup = {.arena = arena, .backend = backend_of(in), .backend_self = &in->self};
    hone_graph *g = hone__graph_create(&setup);
    static const int32_t gold[] = {0, -1, 3};
    const hone_shape items = hone_shape_1(3), all = hone_shape_2(3, 3);
    hone_node *scores = hone_example_input(g, HONE_F32, &all, -1, 1);
    hone__graph_keep(g, hone_cross_entropy(g, scores, hone_constant(g, HONE_I32, &items, gold), NULL, 0), false);
    ck_assert_int_eq(hone__graph_plan(g, false, NULL, &err), HONE_OK);
    ck_assert_int_eq(hone__graph_forward(g, &block, &err), HONE_EINVAL);
    ck_assert_ptr_nonnull(strstr(err.msg, "gold label 3 (number 2 of 3) is outside 0 .. 2"));
    hone__block_free(&block);
    hone__arena_destroy(arena);
}

START_TEST(wrong_labels_are_refused_not_followed)
{
    instance in;
    for (int v = 0; v < VARIANTS; v++) {
        if (!variant_open(&in, &variants[v], NULL))
            continue;
        refuses_wrong_gold(&in);
        instance_close(&in);
    }
}
END_TEST

/* Row r of y = x W^T and of dx, alone and among all: the same bits, at every place in a tile and with every chain length. */
START_TEST(rows_of_native_do_not_know_their_neighbours)
{
    static const int64_t rows = 61, columns = 800, out = 50;
    instance in;
    for (int k = 0; k < 2 * VARIANTS; k++) {
        const int v = k / 2;
        const bool bf16 = k % 2;
        if (strcmp(variants[v].name, "native") != 0 || (v >= AVX512_BF16 && !bf16) || !variant_open(&in, &variants[v], NULL))
            continue;
        hone_error err;
        hone_arena *arena = hone__arena_create(0);
        hone__block block = {0};
        const hone__graph_setup setup = {.arena = arena, .backend = backend_of(&in), .backend_self = &in.self, .bf16 = bf16};
        hone_graph *g = hone__graph_create(&setup);
        const hone_shape x_shape = hone_shape_2(rows, columns), w_shape = hone_shape_2(out, columns);
        hone_node *x = hone_example_input(g, HONE_F32, &x_shape, -1, 1), *w = hone_example_input(g, HONE_F32, &w_shape, -1, 1);
        hone_node *y = hone_linear_of(g, x, w, NULL), *alone[61];
        hone__graph_keep(g, y, false);
        for (int32_t r = 0; r < rows; r++) {
            const hone_shape one = hone_shape_1(1);
            hone_node *row = hone_gather(g, x, hone_constant(g, HONE_I32, &one, &r));
            alone[r] = hone_linear_of(g, row, w, NULL);
            hone__graph_keep(g, alone[r], false);
        }
        ck_assert_msg(hone__graph_plan(g, false, NULL, &err) == HONE_OK, "%s", err.msg);
        ck_assert_msg(hone__graph_forward(g, &block, &err) == HONE_OK, "%s", err.msg);
        for (int64_t r = 0; r < rows; r++)
            ck_assert_msg(memcmp((const float *)hone__node_tensor(y)->data + r * out, hone__node_tensor(alone[r])->data,
                                 (size_t)out * sizeof(float)) == 0,
                          "%s: row %lld has other bits alone", backend_of(&in)->describe(&in.self), (long long)r);
        hone__block_free(&block);
        hone__arena_destroy(arena);
        instance_close(&in);
    }
}
END_TEST

/* Where bf16 is multiplied by pairs, or by float32 kernels in the same order, all kernels give the same bits, forward and backward. */
START_TEST(bits_of_bf16_are_those_of_its_order_of_sums_on_any_instruction_set)
{
    for (size_t i = 0; i < sizeof linear_sizes / sizeof *linear_sizes; i++) {
        result first = {NULL, 0};
        for (int v = AVX512; v <= AVX512_BF16; v++) {
            instance in;
            if (!variant_open(&in, &variants[v], NULL))
                continue;
            result r = run(build_linear_bf16, linear_sizes[i], &in, NULL);
            ck_assert_msg(!first.x || memcmp(first.x, r.x, r.n * sizeof(float)) == 0, "size number %zu: %s has other bits", i,
                          backend_of(&in)->describe(&in.self));
            instance_close(&in);
            free(first.x);
            first = r;
        }
        free(first.x);
    }
}
END_TEST

static float bf16_of(float x)
{
    return hone__bf16_to_f32(hone__f32_to_bf16(x));
}

/* The sum of n products, in the order that bf16.h of the backend says: by pairs, odd before even; by tiles, blocks of 32 terms. A product is
 * exact, so a multiply-add rounds as a product and a sum do. */
static float summed_by_pairs(const float *a, const float *b, int64_t n)
{
    float sum = 0;
    for (int64_t t = 0; t < n; t += 2) {
        if (t + 1 < n)
            sum += bf16_of(a[t + 1]) * bf16_of(b[t + 1]);
        sum += bf16_of(a[t]) * bf16_of(b[t]);
    }
    return sum;
}

static float summed_by_tiles(const float *a, const float *b, int64_t n)
{
    float sum = 0;
    for (int64_t t = 0; t < n; t += 32) {
        float side[2] = {0, 0};
        for (int64_t k = t; k < t + 32 && k < n; k++)
            side[k % 2] += bf16_of(a[k]) * bf16_of(b[k]);
        sum += side[0] + side[1];
    }
    return sum;
}

START_TEST(bf16_is_summed_in_the_order_that_is_written_down)
{
    static const int64_t size[] = {37, 1301, 41, 0};
    for (int v = AVX512; v < VARIANTS; v++) {
        instance in;
        hone_error err;
        if (!variant_open(&in, &variants[v], NULL))
            continue;
        hone_arena *arena = hone__arena_create(0);
        hone__block block = {0};
        const hone__graph_setup setup = {.arena = arena, .backend = backend_of(&in), .backend_self = &in.self};
        hone_graph *g = hone__graph_create(&setup);
        hone_node *leaves[3];
        int n = 0;
        hone_node *y = build_linear_bf16(g, size, leaves, &n);
        hone__graph_keep(g, y, false);
        ck_assert_int_eq(hone__graph_plan(g, false, NULL, &err), HONE_OK);
        ck_assert_int_eq(hone__graph_forward(g, &block, &err), HONE_OK);
        const float *x = hone__node_tensor(leaves[0])->data, *w = hone__node_tensor(leaves[1])->data;
        for (int64_t i = 0; i < size[0] * size[2]; i++) {
            const float *a = x + i / size[2] * size[1], *b = w + i % size[2] * size[1];
            const float sum = v == AMX ? summed_by_tiles(a, b, size[1]) : summed_by_pairs(a, b, size[1]);
            ck_assert_msg(sum == ((const float *)hone__node_tensor(y)->data)[i], "%s: element %lld is %.9g, not %.9g",
                          backend_of(&in)->describe(&in.self), (long long)i, ((const float *)hone__node_tensor(y)->data)[i],
                          sum);
        }
        hone__block_free(&block);
        hone__arena_destroy(arena);
        instance_close(&in);
    }
}
END_TEST

/* y, dx and the gradient of a weight in a store, which has forms, or has none where `backend` says none. */
static void run_with_store(const hone_backend *backend, const instance *in, float *out)
{
    enum { ROWS = 33, IN = 70, OUT = 50 };
    static const hone_init init = {HONE_INIT_NORMAL, 0, 1};
    static float dy[ROWS * OUT];
    hone_error err;
    hone_arena *arena = hone__arena_create(0);
    hone__block block = {0};
    hone_store *store = hone__store_create(3);
    const hone_shape shape = hone_shape_2(ROWS, IN);
    for (int pass = 0; pass < 2; pass++) { /* the first one registers the weight */
        const hone__graph_setup setup = {
            .arena = arena, .store = store, .backend = backend, .backend_self = &in->self, .training = true, .bf16 = true};
        hone_graph *g = hone__graph_create(&setup);
        hone_node *x = hone_example_input(g, HONE_F32, &shape, -1, 1), *y = hone_linear_no_bias(g, "l", x, OUT, init);
        if (pass == 0) {
            ck_assert_int_eq(hone__store_close(store, NULL, &err), HONE_OK);
            continue;
        }
        for (int i = 0; i < ROWS * OUT; i++)
            dy[i] = (float)(i % 13) / 13;
        hone__graph_keep(g, y, false);
        hone__graph_seed(g, y, dy);
        ck_assert_int_eq(hone__graph_plan(g, true, NULL, &err), HONE_OK);
        ck_assert_int_eq(hone__store_form_bytes(store) > 0, backend->form_size != NULL);
        ck_assert_int_eq(hone__graph_forward(g, &block, &err), HONE_OK);
        ck_assert_int_eq(hone__graph_backward(g, &err), HONE_OK);
        memcpy(out, hone__node_tensor(y)->data, ROWS * OUT * sizeof *out);
        memcpy(out + ROWS * OUT, hone__node_gradient(x)->data, ROWS * IN * sizeof *out);
        memcpy(out + ROWS * (IN + OUT), hone__store_gradient(store, hone__store_weight(store, "l.weight")),
               IN * OUT * sizeof *out);
    }
    hone__store_destroy(store);
    hone__block_free(&block);
    hone__arena_destroy(arena);
}

START_TEST(forms_of_weights_change_no_bit)
{
    enum { FLOATS = 33 * 120 + 70 * 50 };
    static float with[FLOATS], without[FLOATS];
    for (int v = AVX512; v < VARIANTS; v++) {
        instance in;
        if (!variant_open(&in, &variants[v], NULL))
            continue;
        hone_backend plain = *backend_of(&in);
        plain.form_size = NULL;
        run_with_store(backend_of(&in), &in, with);
        run_with_store(&plain, &in, without);
        ck_assert_msg(memcmp(with, without, sizeof with) == 0, "%s", backend_of(&in)->describe(&in.self));
        instance_close(&in);
    }
}
END_TEST

START_TEST(gradients_agree_with_differences_in_float)
{
    instance in;
    for (int v = 0; v < VARIANTS; v++) {
        if (!variant_open(&in, &variants[v], NULL))
            continue;
        for (const hone_op *const *op = hone__core_ops; *op; op++) {
            hone__gradcheck seen = {0};
            hone_error err;
            const bool other = v >= AVX512_BF16 && *op != &hone__op_linear_bf16; /* the same as with AVX-512 alone */
            if ((*op)->backward && !other &&
                hone__gradcheck_op(*op, backend_of(&in), &in.self, NULL, 5e-3, &seen, &err) != HONE_OK)
                ck_abort_msg("%s: %s", variants[v].name, err.msg);
        }
        instance_close(&in);
    }
}
END_TEST

/* Every kind of gradient of a weight: written once, added to twice, of an operator that the backend leaves to the reference; in a step
 * whose gradients still hold the step before. */
static void second_step(const instance *in)
{
    static const hone_init normal = {HONE_INIT_NORMAL, 0, 0.5};
    hone_error err;
    hone_store *store = hone__store_create(3);
    hone__block block = {0};
    hone_arena *arena = hone__arena_create(0);
    float *first = NULL;
    int64_t n = 0;
    for (int step = 0; step < 4; step++) {
        const hone__graph_setup setup = {.arena = arena,
                                         .store = store,
                                         .training = true,
                                         .backend = step == 3 ? NULL : backend_of(in),
                                         .backend_self = &in->self};
        const hone_shape shape = hone_shape_2(9, 20), ids = hone_shape_1(9);
        static const int32_t numbers[9] = {3, 1, 4, 1, 5, 0, 2, 6, 5};
        static const float dy[9 * 20] = {1, -2, 3, [40] = 4, [100] = 5, [179] = 6};
        hone_graph *g = hone__graph_create(&setup);
        hone_node *x = hone_example_input(g, HONE_F32, &shape, -1, 1);
        x = hone_add(g, x, hone_embedding(g, "table", 7, 20, normal, hone_constant(g, HONE_I32, &ids, numbers)));
        x = hone_layer_norm(g, "norm", hone_linear(g, "twice", x, 20, normal), 1e-12);
        x = hone_add(g, x, hone_linear(g, "twice", hone_linear(g, "once", x, 20, normal), 20, normal));
        hone__graph_seed(g, x, dy);
        if (step == 0)
            ck_assert_msg(hone__store_close(store, NULL, &err) == HONE_OK, "%s", err.msg);
        const float *gradients = hone__store_gradients(store, &n);
        hone__store_clear_gradients(store);
        ck_assert_msg(hone__graph_plan(g, true, NULL, &err) == HONE_OK, "%s", err.msg);
        ck_assert_msg(hone__graph_forward(g, &block, &err) == HONE_OK, "%s", err.msg);
        ck_assert_msg(hone__graph_backward(g, &err) == HONE_OK, "%s", err.msg);
        if (step == 0) {
            first = malloc((size_t)n * sizeof *first);
            memcpy(first, gradients, (size_t)n * sizeof *first);
        }
        const result ours = {first, (size_t)n}, again = {(float *)gradients, (size_t)n};
        if (step < 3)
            ck_assert(memcmp(first, gradients, (size_t)n * sizeof *first) == 0);
        else
            ck_assert_double_le(difference(&ours, &again), 1e-5); /* the reference */
        hone__arena_reset(arena);
    }
    free(first);
    hone__block_free(&block);
    hone__store_destroy(store);
    hone__arena_destroy(arena);
}

START_TEST(a_second_step_has_the_gradients_of_the_first)
{
    instance in;
    for (int v = 0; v < VARIANTS; v++) {
        if (!variant_open(&in, &variants[v], NULL))
            continue;
        second_step(&in);
        instance_close(&in);
    }
}
END_TEST

/* What one side saved the other side must be able to use: forward here, backward there, and the other way round. */
typedef struct half {
    const instance *in;
    hone_direction direction;
} half;

static bool half_supports(const hone_self *self, const hone_op_call *call, hone_direction direction)
{
    const half *h = self->state;
    return direction == h->direction && backend_of(h->in)->supports(&h->in->self, call, direction);
}

static size_t half_scratch(const hone_self *self, const hone_op_call *call, hone_direction direction)
{
    const half *h = self->state;
    const hone_backend *b = backend_of(h->in);
    return b->scratch_size ? b->scratch_size(&h->in->self, call, direction) : 0;
}

static hone_status half_run(const hone_self *self, const hone_op_call *call, hone_direction direction, hone_error *err)
{
    const half *h = self->state;
    return backend_of(h->in)->run(&h->in->self, call, direction, err);
}

static const char *half_describe(const hone_self *self)
{
    return ((const half *)self->state)->direction == HONE_FORWARD ? "its forward alone" : "its backward alone";
}

START_TEST(either_side_can_run_backward_after_the_other)
{
    static const hone_backend half_backend = {
        .supports = half_supports, .scratch_size = half_scratch, .run = half_run, .describe = half_describe};
    instance in;
    for (int v = 0; v < VARIANTS; v++) {
        if (!variant_open(&in, &variants[v], NULL))
            continue;
        for (int direction = HONE_FORWARD; direction <= HONE_BACKWARD; direction++) {
            half h = {&in, (hone_direction)direction};
            instance mixed = {.self = {.size = sizeof(hone_self), .plugin = &half_backend.plugin, .state = &h}};
            for_all_sizes(compare, &mixed, v >= AVX512_BF16);
        }
        instance_close(&in);
    }
}
END_TEST

static void refuses_wrong_starts(const instance *in)
{
    hone_error err;
    hone_arena *arena = hone__arena_create(0);
    hone__block block = {0};
    const hone__graph_setup setup = {.arena = arena, .backend = backend_of(in), .backend_self = &in->self};
    hone_graph *g = hone__graph_create(&setup);
    static const int32_t starts[] = {0, 9, 5};
    hone_shape shape = hone_shape_1(3), x = hone_shape_2(5, 4);
    hone_node *q = hone_example_input(g, HONE_F32, &x, -1, 1);
    hone__graph_keep(g, hone_attention(g, "a", q, q, q, hone_constant(g, HONE_I32, &shape, starts), 2, 0), false);
    ck_assert_int_eq(hone__graph_plan(g, false, NULL, &err), HONE_OK);
    ck_assert_int_eq(hone__graph_forward(g, &block, &err), HONE_EINVAL);
    ck_assert_str_eq(err.msg, "attention at a: starts[1] is 9 and starts[2] is 5; starts must not fall");
    hone__block_free(&block);
    hone__arena_destroy(arena);
}

/* A backend that counts which calls are run as one, and claims in some directions alone. */
typedef struct counting {
    const instance *in;
    bool claims[2];
    uint32_t as_one[2];
} counting;

static bool counting_supports(const hone_self *self, const hone_op_call *call, hone_direction direction)
{
    const counting *s = self->state;
    return backend_of(s->in)->supports(&s->in->self, call, direction);
}

static size_t counting_scratch(const hone_self *self, const hone_op_call *call, hone_direction direction)
{
    const counting *s = self->state;
    return backend_of(s->in)->scratch_size(&s->in->self, call, direction);
}

static hone_status counting_run(const hone_self *self, const hone_op_call *call, hone_direction direction, hone_error *err)
{
    const counting *s = self->state;
    return backend_of(s->in)->run(&s->in->self, call, direction, err);
}

static uint32_t counting_claim(const hone_self *self, const hone_op_call *const *calls, uint32_t n, hone_direction direction,
                               size_t *scratch)
{
    const counting *s = self->state;
    return s->claims[direction] ? backend_of(s->in)->claim(&s->in->self, calls, n, direction, scratch) : 0;
}

static hone_status counting_run_claimed(const hone_self *self, const hone_op_call *const *calls, uint32_t n,
                                        hone_direction direction, hone_error *err)
{
    counting *s = self->state;
    s->as_one[direction] += n;
    return backend_of(s->in)->run_claimed(&s->in->self, calls, n, direction, err);
}

static result run_counted(const int64_t *size, counting *state)
{
    static const hone_backend backend = {.supports = counting_supports,
                                         .scratch_size = counting_scratch,
                                         .run = counting_run,
                                         .claim = counting_claim,
                                         .run_claimed = counting_run_claimed};
    const instance in = {.self = {.plugin = &backend.plugin, .state = state}};
    return run(build_run, size, &in, NULL);
}

/* Forward, backward or both run as one, or with each node between looked at or not: the same bits, of all gradients too. */
START_TEST(what_is_run_as_one_has_the_bits_of_one_by_one)
{
    instance in;
    for (int v = 0; v < VARIANTS; v++) {
        if (strcmp(variants[v].name, "native") != 0 || !variant_open(&in, &variants[v], NULL))
            continue;
        for (size_t i = 0; i < sizeof run_sizes / sizeof *run_sizes; i++) {
            if (v >= AVX512_BF16 && run_sizes[i][0] != BF16_GELU && run_sizes[i][0] != BF16_GELU_TANH)
                continue;
            counting single = {.in = &in};
            result apart = run_counted(run_sizes[i], &single);
            for (int way = 1; way < 8; way += way < 3 ? 1 : 4) {
                counting state = {.in = &in, .claims = {way & 1, way >> 1 & 1}};
                looking = way >> 2;
                result other = run_counted(run_sizes[i], &state);
                ck_assert_uint_eq(apart.n, other.n);
                ck_assert_msg(memcmp(apart.x, other.x, apart.n * sizeof(float)) == 0, "%s, run number %zu, way %d: other bits",
                              backend_of(&in)->describe(&in.self), i, way);
                for (int direction = 0; direction < 2; direction++)
                    ck_assert_int_eq(state.as_one[direction] > 0, state.claims[direction] && !looking);
                free(other.x);
            }
            looking = false;
            free(apart.x);
        }
        instance_close(&in);
    }
}
END_TEST

START_TEST(wrong_starts_are_refused_not_followed)
{
    instance in;
    for (int v = 0; v < VARIANTS; v++) {
        if (!variant_open(&in, &variants[v], NULL))
            continue;
        refuses_wrong_starts(&in);
        instance_close(&in);
    }
}
END_TEST

START_TEST(openblas_says_which_one_it_is)
{
    instance in;
    if (!backend_open(&in, "openblas", NULL))
        return;
    const char *text = backend_of(&in)->describe(&in.self);
    printf("%s\n", text);
    ck_assert_ptr_nonnull(strstr(text, "OpenBLAS"));
    ck_assert_ptr_nonnull(strstr(text, "core type"));
    ck_assert_ptr_null(strchr(text, '\n'));
    instance_close(&in);
}
END_TEST

START_TEST(the_null_backend_leaves_everything_to_the_reference)
{
    instance in;
    ck_assert(backend_open(&in, "null", NULL));
    result ours = run(build_linear, linear_sizes[3], &in, NULL), reference = run(build_linear, linear_sizes[3], NULL, NULL);
    ck_assert(memcmp(ours.x, reference.x, ours.n * sizeof(float)) == 0);
    free(ours.x);
    free(reference.x);
    instance_close(&in);
}
END_TEST

START_TEST(native_says_its_instruction_set_and_refuses_one_that_is_absent)
{
    instance in;
    hone_error err;
    const variant all[] = {{"native", 0}, {"native", 1}};
    ck_assert(variant_open(&in, &all[0], NULL));
    ck_assert_ptr_nonnull(strstr(backend_of(&in)->describe(&in.self), "instruction set"));
    const bool has_avx512 = strstr(backend_of(&in)->describe(&in.self), "avx512") != NULL;
    instance_close(&in);
    instance_open(&in, "backend/native", &all[1].instruction_set, 1);
    ck_assert_int_eq(backend_of(&in)->create(&in.self, &err), has_avx512 ? HONE_OK : HONE_EUNSUPPORTED);
    if (!has_avx512)
        ck_assert_ptr_nonnull(strstr(err.msg, "which this processor does not have"));
    instance_close(&in);
}
END_TEST

SUITE("backends", backends_agree_with_the_reference_forward_and_backward,
      native_says_its_instruction_set_and_refuses_one_that_is_absent, rows_of_native_do_not_know_their_neighbours,
      bits_are_the_same_for_any_number_of_threads, bits_of_bf16_are_those_of_its_order_of_sums_on_any_instruction_set,
      bf16_is_summed_in_the_order_that_is_written_down, forms_of_weights_change_no_bit,
      gradients_agree_with_differences_in_float, a_second_step_has_the_gradients_of_the_first,
      either_side_can_run_backward_after_the_other, what_is_run_as_one_has_the_bits_of_one_by_one,
      wrong_starts_are_refused_not_followed, wrong_labels_are_refused_not_followed,
      cross_entropy_of_many_classes_is_that_of_double, cross_entropy_hands_on_what_is_no_number, openblas_says_which_one_it_is,
      the_null_backend_leaves_everything_to_the_reference)
