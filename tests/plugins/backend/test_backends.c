/* test_backends.c - every backend of the tree against the reference: values, gradients, threads, scratch and saved.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "../instance.h"
#include "base/pool.h"
#include "tensor/run.h"

#include <math.h>

/* A backend that was not built (its library is absent) is passed over. */
static bool backend_open(instance *in, const char *name, hone_pool *pool)
{
    char path[4096], kind_and_name[64];
    snprintf(kind_and_name, sizeof kind_and_name, "backend/%s", name);
    snprintf(path, sizeof path, "%s/plugins/%s.so", getenv("HONE_BUILD"), kind_and_name);
    if (!hone__exists(path)) {
        printf("the %s backend was not built and is not tested\n", name);
        return false;
    }
    instance_open(in, kind_and_name, NULL, 1);
    in->self.pool = pool;
    hone_error err;
    hone_status status = ((const hone_backend *)in->self.plugin)->create(&in->self, &err);
    ck_assert_msg(status == HONE_OK, "%s", err.msg);
    return true;
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

/* Largest difference, relative to the largest value. */
static double difference(const result *a, const result *b)
{
    double most = 0, largest = 0;
    ck_assert_uint_eq(a->n, b->n);
    for (size_t i = 0; i < a->n; i++) {
        ck_assert(!isnan(a->x[i]) && !isnan(b->x[i]));
        most = fmax(most, fabs((double)a->x[i] - b->x[i]));
        largest = fmax(largest, fabs((double)b->x[i]));
    }
    return most / fmax(largest, 1e-6);
}

/* Sums of up to 513 products in another order: some 20 roundings of 6e-8 each, of the largest value. */
static const double tolerance = 2e-6;

static void compare(build_fn *build, const int64_t *size, const instance *in, const char *what, size_t number)
{
    result ours = run(build, size, in, in->self.pool), reference = run(build, size, NULL, NULL);
    double d = difference(&ours, &reference);
    ck_assert_msg(d <= tolerance, "%s, size number %zu: differs from the reference by %g", what, number, d);
    free(ours.x);
    free(reference.x);
}

START_TEST(openblas_agrees_with_the_reference_forward_and_backward)
{
    hone_error err;
    hone_pool *pool = NULL;
    ck_assert_int_eq(hone__pool_create(2, &pool, &err), HONE_OK);
    instance in;
    if (backend_open(&in, "openblas", pool)) {
        for (size_t i = 0; i < sizeof linear_sizes / sizeof *linear_sizes; i++)
            compare(build_linear, linear_sizes[i], &in, "linear", i);
        for (size_t i = 0; i < sizeof attention_sizes / sizeof *attention_sizes; i++)
            compare(build_attention, attention_sizes[i], &in, "attention", i);
        instance_close(&in);
    }
    hone__pool_destroy(pool);
}
END_TEST

static void same_bits(build_fn *build, const int64_t *size, const instance *in, hone_pool *const *pools, size_t n)
{
    result one = run(build, size, in, NULL);
    for (size_t i = 0; i < n; i++) {
        result more = run(build, size, in, pools[i]);
        ck_assert_uint_eq(one.n, more.n);
        ck_assert_msg(memcmp(one.x, more.x, one.n * sizeof(float)) == 0, "%d threads give other bits than one",
                      hone_pool_threads(pools[i]));
        free(more.x);
    }
    free(one.x);
}

START_TEST(bits_are_the_same_for_any_number_of_threads)
{
    hone_error err;
    hone_pool *pools[2];
    ck_assert_int_eq(hone__pool_create(2, &pools[0], &err), HONE_OK);
    ck_assert_int_eq(hone__pool_create(4, &pools[1], &err), HONE_OK);
    instance in;
    if (backend_open(&in, "openblas", pools[1])) {
        for (size_t i = 0; i < sizeof linear_sizes / sizeof *linear_sizes; i++)
            same_bits(build_linear, linear_sizes[i], &in, pools, 2);
        for (size_t i = 0; i < sizeof attention_sizes / sizeof *attention_sizes; i++)
            same_bits(build_attention, attention_sizes[i], &in, pools, 2);
        instance_close(&in);
    }
    hone__pool_destroy(pools[0]);
    hone__pool_destroy(pools[1]);
}
END_TEST

START_TEST(gradients_agree_with_differences_in_float)
{
    instance in;
    if (!backend_open(&in, "openblas", NULL))
        return;
    for (const hone_op *const *op = hone__core_ops; *op; op++) {
        if (strcmp((*op)->name, "linear") != 0 && strcmp((*op)->name, "attention") != 0)
            continue;
        hone__gradcheck seen;
        hone_error err;
        if (hone__gradcheck_op(*op, backend_of(&in), &in.self, NULL, 5e-3, &seen, &err) != HONE_OK)
            ck_abort_msg("%s", err.msg);
        ck_assert_int_gt(seen.checked, 0);
    }
    instance_close(&in);
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

START_TEST(either_side_can_run_backward_after_the_other)
{
    static const hone_backend half_backend = {.supports = half_supports, .scratch_size = half_scratch, .run = half_run};
    instance in;
    if (!backend_open(&in, "openblas", NULL))
        return;
    for (int direction = HONE_FORWARD; direction <= HONE_BACKWARD; direction++) {
        half h = {&in, (hone_direction)direction};
        instance mixed = {.self = {.size = sizeof(hone_self), .plugin = &half_backend.plugin, .state = &h}};
        for (size_t i = 0; i < sizeof attention_sizes / sizeof *attention_sizes; i++)
            compare(build_attention, attention_sizes[i], &mixed, "attention by halves", i);
    }
    instance_close(&in);
}
END_TEST

START_TEST(wrong_starts_are_refused_not_followed)
{
    instance in;
    if (!backend_open(&in, "openblas", NULL))
        return;
    hone_error err;
    hone_arena *arena = hone__arena_create(0);
    hone__block block = {0};
    const hone__graph_setup setup = {.arena = arena, .backend = backend_of(&in), .backend_self = &in.self};
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
    instance_close(&in);
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

SUITE("backends", openblas_agrees_with_the_reference_forward_and_backward, bits_are_the_same_for_any_number_of_threads,
      gradients_agree_with_differences_in_float, either_side_can_run_backward_after_the_other,
      wrong_starts_are_refused_not_followed, openblas_says_which_one_it_is, the_null_backend_leaves_everything_to_the_reference)
