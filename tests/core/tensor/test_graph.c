/* test_graph.c - building, planning and running graphs.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "suite.h"
#include "tensor/core_ops.h"
#include "tensor/graph_impl.h"

/* ---- What a training step looks like ------------------------------------------------------------------------------- */

static const hone_init normal = {HONE_INIT_NORMAL, 0, 0.5};

/* Two sequences of 3 and 2 tokens, classified by their first token's hidden state. */
static const int32_t ids[] = {1, 4, 2, 1, 3}, starts[] = {0, 3, 5}, labels[] = {1, 0};

/* What a model and a head do: operators in, losses out. */
static hone_node *tiny_classifier(hone_graph *g, hone_node *id, hone_node *start, hone_node *label)
{
    hone_node *x = hone_embedding(g, "embeddings.word_embeddings.weight", 5, 8, normal, id);
    hone_node *q = hone_linear(g, "query", x, 8, normal), *k = hone_linear(g, "key", x, 8, normal);
    hone_node *a = hone_attention(g, "attention", q, k, x, start, 2, 0.1);
    hone_node *y = hone_residual_norm(g, "output.LayerNorm", a, x, start, 0.1, 1e-12);
    hone_node *scores = hone_linear(g, "classifier", hone_first_rows(g, y, start), 2, normal);
    return hone_cross_entropy(g, scores, label, NULL, 0.0);
}

/* One step of one micro-batch; the gradients are then in the store, and the sum of the losses comes back. */
static double one_step(hone_store *store, hone_arena *arena, hone__block *block, uint64_t step)
{
    hone_error err;
    hone_shape n = hone_shape_1(5), b1 = hone_shape_1(3), e = hone_shape_1(2);
    const hone__graph_setup setup = {.arena = arena, .store = store, .seed = 42, .step = step, .training = true};
    hone_graph *g = hone__graph_create(&setup);
    ck_assert_ptr_nonnull(g);

    hone_node *losses = tiny_classifier(g, hone__graph_input(g, HONE_I32, &n, ids), hone__graph_input(g, HONE_I32, &b1, starts),
                                        hone__graph_input(g, HONE_I32, &e, labels));
    const float dy[] = {0.5f, 0.5f}; /* the mean over two items */
    hone__graph_keep(g, losses, false);
    hone__graph_seed(g, losses, dy);

    ck_assert_msg(hone__graph_plan(g, true, NULL, &err) == HONE_OK, "%s", err.msg); /* building errors come here, too */
    ck_assert_msg(hone__graph_forward(g, block, &err) == HONE_OK, "%s", err.msg);
    ck_assert_msg(hone__graph_backward(g, &err) == HONE_OK, "%s", err.msg);
    const float *loss = hone__node_tensor(losses)->data;
    double sum = (double)loss[0] + loss[1];
    hone__arena_reset(arena);
    return sum;
}

/* The first build registers the weights; closing the store then gives them values and gradients. */
static hone_store *store_of_tiny_classifier(hone_arena *arena)
{
    hone_error err;
    hone_store *store = hone__store_create(42);
    const hone__graph_setup setup = {.arena = arena, .store = store};
    hone_graph *g = hone__graph_create(&setup);
    hone_shape n = hone_shape_1(5), b1 = hone_shape_1(3), e = hone_shape_1(2);
    tiny_classifier(g, hone__graph_input(g, HONE_I32, &n, NULL), hone__graph_input(g, HONE_I32, &b1, NULL),
                    hone__graph_input(g, HONE_I32, &e, NULL));
    ck_assert_msg(hone_graph_status(g, &err) == HONE_OK, "%s", err.msg);
    ck_assert_msg(hone__store_close(store, NULL, &err) == HONE_OK, "%s", err.msg);
    hone__arena_reset(arena);
    return store;
}

START_TEST(one_step_reads_like_this)
{
    hone_arena *arena = hone__arena_create(0);
    hone_store *store = store_of_tiny_classifier(arena);
    hone__block block = {0};
    double first = 0, last = 0;
    for (uint64_t step = 0; step < 200; step++) {
        hone__store_clear_gradients(store);
        last = one_step(store, arena, &block, step);
        first = step ? first : last;
        for (size_t i = 0; i < hone__store_count(store); i++) { /* what an optimizer does */
            hone__weight *w = hone__store_at(store, i);
            float *value = w->value.data;
            const float *gradient = hone__store_gradient(store, w);
            for (int64_t k = 0; w->reached && k < w->n; k++)
                value[k] -= 0.1f * gradient[k];
        }
    }
    ck_assert_double_gt(first, 0.5);
    ck_assert_double_lt(last, 0.1);
    hone__block_free(&block);
    hone__store_destroy(store);
    hone__arena_destroy(arena);
}
END_TEST

/* ---- Building -------------------------------------------------------------------------------------------------------- */

typedef struct rig {
    hone_arena *arena;
    hone_store *store;
    hone__block block;
    hone_graph *g;
} rig;

static void rig_graph(rig *r, bool training)
{
    const hone__graph_setup setup = {.arena = r->arena, .store = r->store, .seed = 1, .training = training};
    r->g = hone__graph_create(&setup);
    ck_assert_ptr_nonnull(r->g);
}

static rig rig_open(void)
{
    rig r = {.arena = hone__arena_create(0), .store = hone__store_create(1)};
    rig_graph(&r, true);
    return r;
}

static void rig_close(rig *r)
{
    hone__block_free(&r->block);
    hone__store_destroy(r->store);
    hone__arena_destroy(r->arena);
}

static void check_ok(hone_status status, const hone_error *err)
{
    ck_assert_msg(status == HONE_OK, "%s", err->msg);
}

static void rig_run(rig *r, bool backward)
{
    hone_error err;
    check_ok(hone__graph_plan(r->g, backward, NULL, &err), &err);
    check_ok(hone__graph_forward(r->g, &r->block, &err), &err);
    if (backward)
        check_ok(hone__graph_backward(r->g, &err), &err);
}

static hone_node *matrix(rig *r, int64_t rows, int64_t columns, const float *x)
{
    hone_shape shape = hone_shape_2(rows, columns);
    return hone_constant(r->g, HONE_F32, &shape, x);
}

static float element(const hone_node *node, int i)
{
    return ((const float *)hone__node_tensor(node)->data)[i];
}

static float slope(const hone_node *node, int i)
{
    return ((const float *)hone__node_gradient(node)->data)[i];
}

static const float six[] = {1, 2, 3, 4, 5, 6};

START_TEST(the_first_error_stands_and_names_scope_and_shapes)
{
    hone_error err;
    rig r = rig_open();
    hone__graph_enter(r.g, "bert.", false);
    hone_node *x = matrix(&r, 2, 3, six), *w = matrix(&r, 3, 2, six);
    hone_node *bad = hone_apply(r.g, "pooler", &hone__op_linear, NULL, 3, (hone_node *[]){x, w, NULL});
    ck_assert_ptr_nonnull(bad);
    hone_node *more = hone_add(r.g, hone_activate(r.g, bad, HONE_ACT_TANH), x); /* does nothing, and never returns NULL */
    ck_assert_ptr_nonnull(more);
    hone_graph_fail(r.g, HONE_EINVAL, "a later error");
    ck_assert_int_eq(hone_graph_status(r.g, &err), HONE_ESHAPE);
    ck_assert_str_eq(err.msg, "linear at bert.pooler: inputs [2, 3], [3, 2], absent: x has 3 columns, but the weight takes 2");
    hone__graph_keep(r.g, more, true);
    hone__graph_seed(r.g, more, six);
    ck_assert_int_eq(hone__graph_plan(r.g, true, NULL, &err), HONE_ESHAPE);
    ck_assert_int_eq(hone__graph_forward(r.g, &r.block, &err), HONE_ESHAPE);
    rig_close(&r);
}
END_TEST

START_TEST(impossible_shapes_are_refused)
{
    hone_error err;
    rig r = rig_open();
    hone_shape huge = hone_shape_2(INT64_MAX / 2, 4), seven = hone_shape_1(7);
    hone__graph_input(r.g, HONE_F32, &huge, six);
    ck_assert_int_eq(hone_graph_status(r.g, &err), HONE_ESHAPE);
    rig_graph(&r, true);
    hone_reshape(r.g, matrix(&r, 2, 3, six), &seven);
    ck_assert_int_eq(hone_graph_status(r.g, &err), HONE_ESHAPE);
    ck_assert_str_eq(err.msg, "reshape of [2, 3] to [7]: the number of elements differs");
    rig_close(&r);
}
END_TEST

START_TEST(a_graph_goes_through_its_states_in_order)
{
    hone_error err;
    rig r = rig_open();
    hone_node *x = matrix(&r, 2, 3, six), *y = hone_scaled(r.g, x, 2);
    hone__graph_keep(r.g, y, false);
    ck_assert_int_eq(hone__graph_forward(r.g, &r.block, &err), HONE_EINVAL); /* not planned */
    check_ok(hone__graph_plan(r.g, false, NULL, &err), &err);
    ck_assert_int_eq(hone__graph_plan(r.g, false, NULL, &err), HONE_EINVAL); /* twice */
    check_ok(hone__graph_forward(r.g, &r.block, &err), &err);
    ck_assert_int_eq(hone__graph_backward(r.g, &err), HONE_EINVAL); /* not planned for it */
    hone_scaled(r.g, x, 3);
    ck_assert_int_eq(hone_graph_status(r.g, &err), HONE_EINVAL); /* too late */
    rig_close(&r);
}
END_TEST

/* ---- Running -------------------------------------------------------------------------------------------------------- */

static int calls;

static hone_status counting_forward(const hone_op_call *c, hone_error *err)
{
    calls++;
    return hone__op_relu.forward(c, err);
}

START_TEST(nodes_that_nobody_asked_for_are_not_run)
{
    rig r = rig_open();
    hone_op counted = hone__op_relu;
    counted.forward = counting_forward;
    hone_node *x = matrix(&r, 2, 3, six);
    hone_node *wanted = hone_apply(r.g, NULL, &counted, NULL, 1, &x),
              *unwanted = hone_apply(r.g, NULL, &counted, NULL, 1, &wanted);
    ck_assert_ptr_nonnull(unwanted);
    hone__graph_keep(r.g, wanted, false);
    calls = 0;
    rig_run(&r, false);
    ck_assert_int_eq(calls, 1);
    rig_close(&r);
}
END_TEST

START_TEST(gradients_of_a_node_used_twice_are_added)
{
    static const float dy[] = {1, 10, 100, 1, 1, 1};
    rig r = rig_open();
    hone_node *x = matrix(&r, 2, 3, six);
    hone_node *y = hone_add(r.g, hone_mul(r.g, x, x), hone_scaled(r.g, x, 3)); /* x^2 + 3 x */
    hone__graph_keep(r.g, x, true);
    hone__graph_seed(r.g, y, dy);
    rig_run(&r, true);
    for (int i = 0; i < 6; i++)
        ck_assert_float_eq(slope(x, i), dy[i] * (2 * six[i] + 3));
    rig_close(&r);
}
END_TEST

START_TEST(views_share_data_and_stopped_gradients_stop)
{
    static const float dy[] = {1, 1, 1, 1, 1, 1};
    rig r = rig_open();
    hone_shape shape = hone_shape_2(3, 2);
    hone_node *x = matrix(&r, 2, 3, six), *v = hone_reshape(r.g, x, &shape);
    hone_node *y = hone_mul(r.g, v, hone_stop_gradient(r.g, v)); /* x times a constant that equals x */
    hone__graph_keep(r.g, x, true);
    hone__graph_seed(r.g, y, dy);
    hone__graph_keep(r.g, y, false);
    rig_run(&r, true);
    for (int i = 0; i < 6; i++) {
        ck_assert_float_eq(element(y, i), six[i] * six[i]);
        ck_assert_float_eq(slope(x, i), six[i]);
    }
    rig_close(&r);
}
END_TEST

START_TEST(an_opened_node_can_be_perturbed_and_asked_for_its_gradient)
{
    static const float delta[] = {10, 0, 0, 0, 0, -10}, dy[] = {1, 1, 1, 1, 1, 1};
    for (int perturbed = 0; perturbed < 2; perturbed++) {
        rig r = rig_open();
        hone_node *x = hone_open(r.g, "embeddings", hone_scaled(r.g, matrix(&r, 2, 3, six), 2));
        hone_node *y = hone_mul(r.g, x, x);
        hone_node *opened = hone__graph_opened(r.g, "embeddings");
        ck_assert_ptr_eq(opened, x);
        ck_assert_ptr_null(hone__graph_opened(r.g, "layer.0"));
        if (perturbed)
            hone__graph_perturb(r.g, opened, delta);
        hone__graph_keep(r.g, opened, true);
        hone__graph_keep(r.g, y, false);
        hone__graph_seed(r.g, y, dy);
        rig_run(&r, true);
        for (int i = 0; i < 6; i++) {
            float value = 2 * six[i] + (perturbed ? delta[i] : 0);
            ck_assert_float_eq(element(y, i), value * value);
            ck_assert_float_eq(slope(opened, i), 2 * value);
        }
        rig_close(&r);
    }
}
END_TEST

START_TEST(a_weight_without_gradient_is_a_constant)
{
    static const float dy[] = {1, 1};
    hone_error err;
    rig r = rig_open();
    for (int closed = 0; closed < 2; closed++) {
        hone__graph_enter(r.g, "teacher.", true);
        hone_node *a = hone_linear(r.g, "a", matrix(&r, 2, 3, six), 4, normal);
        hone__graph_leave(r.g);
        hone_node *y = hone_linear(r.g, "b", a, 1, normal);
        hone__graph_seed(r.g, y, dy);
        if (!closed) {
            check_ok(hone__store_close(r.store, NULL, &err), &err);
            rig_graph(&r, true);
        }
    }
    rig_run(&r, true);
    ck_assert(!hone__store_weight(r.store, "teacher.a.weight")->reached);
    ck_assert(hone__store_weight(r.store, "b.weight")->reached);
    rig_close(&r);
}
END_TEST

/* The gradient of a second micro-batch is summed for itself and then added: the bits of adding two gradients. */
START_TEST(a_micro_batch_is_summed_completely_and_then_added)
{
    static const float dy[] = {0.1f, 0.2f, 0.3f, 0.7f};
    hone_error err;
    rig r = rig_open();
    hone_linear(r.g, "l", matrix(&r, 2, 3, six), 2, normal);
    check_ok(hone__store_close(r.store, NULL, &err), &err);
    hone__weight *w = hone__store_weight(r.store, "l.weight");
    float *gradient = hone__store_gradient(r.store, w), one[6];
    for (int pass = 1; pass <= 3; pass++) {
        rig_graph(&r, true);
        hone_node *x = matrix(&r, 2, 3, six); /* the weight is used twice in one graph */
        hone_node *y =
            hone_add(r.g, hone_linear(r.g, "l", x, 2, normal), hone_linear(r.g, "l", hone_scaled(r.g, x, 1 / 3.0), 2, normal));
        hone__graph_seed(r.g, y, dy);
        rig_run(&r, true);
        if (pass == 1)
            memcpy(one, gradient, sizeof one);
        for (int i = 0; i < 6; i++)
            ck_assert_float_eq(gradient[i], pass == 1 ? one[i] : pass == 2 ? one[i] + one[i] : (one[i] + one[i]) + one[i]);
    }
    ck_assert(w->reached);
    hone__store_clear_gradients(r.store);
    ck_assert(!w->reached);
    w->frozen = true; /* this graph does not reach it */
    rig_graph(&r, true);
    hone__graph_seed(r.g, hone_linear(r.g, "l", matrix(&r, 2, 3, six), 2, normal), dy);
    hone__weight *bias = hone__store_weight(r.store, "l.bias");
    rig_run(&r, true);
    ck_assert(!w->reached && bias->reached);
    for (int i = 0; i < 6; i++)
        ck_assert_float_eq(gradient[i], 0);
    rig_close(&r);
}
END_TEST

/* Two rows of a table of six are picked, and each gets a gradient of ones; tied: a product with the whole table gives all rows one, too. */
static void pick(rig *r, int32_t a, int32_t b, bool tied)
{
    static const float ones[] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    const int32_t rows[] = {a, b};
    hone_shape two = hone_shape_1(2);
    rig_graph(r, true);
    hone_graph *g = r->g;
    hone__graph_seed(g, hone_embedding(g, "table", 6, 3, normal, hone_constant(g, HONE_I32, &two, rows)), ones);
    if (tied) {
        hone_shape shape = hone_shape_2(6, 3);
        hone_node *scores = hone_linear_of(g, matrix(r, 2, 3, six), hone_weight(g, "table", &shape, normal, 0), NULL);
        hone__graph_seed(g, scores, ones);
    }
}

/* Only what was picked is cleared, unless something else was written; either way nothing is left of the step before. */
START_TEST(a_gradient_of_picked_rows_is_zero_elsewhere)
{
    static const struct {
        int32_t a, b;
        bool tied, again; /* a second micro-batch */
    } steps[] = {{1, 4, false, false}, {0, 5, false, false}, {2, 2, true, false}, {3, 4, false, false},
                 {1, 1, false, true},  {5, 5, false, false}, {0, 0, true, true},  {2, 3, false, false}};
    hone_error err;
    rig r = rig_open();
    pick(&r, 0, 0, false);
    check_ok(hone__store_close(r.store, NULL, &err), &err);
    hone__weight *w = hone__store_weight(r.store, "table");
    const float *gradient = hone__store_gradient(r.store, w), of_product[] = {1 + 4, 2 + 5, 3 + 6};
    ck_assert(!hone__store_is_zero(w, 0, 3)); /* nothing is known yet */
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        hone__store_clear_gradients(r.store);
        for (int pass = 0; pass <= steps[i].again; pass++) {
            pick(&r, steps[i].a, steps[i].b, steps[i].tied);
            rig_run(&r, true);
        }
        for (int k = 0; k < 18; k++) {
            const int row = k / 3;
            const float once =
                (float)(row == steps[i].a) + (float)(row == steps[i].b) + (steps[i].tied ? of_product[k % 3] : 0);
            ck_assert_float_eq(gradient[k], steps[i].again ? 2 * once : once);
            ck_assert(!hone__store_is_zero(w, k, 1) || gradient[k] == 0);
        }
        const bool whole = steps[i].tied || steps[i].again;
        ck_assert_int_eq(hone__store_is_zero(w, 3 * (steps[i].a ? 0 : 1), 3), !whole);
        ck_assert(!hone__store_is_zero(w, 0, 18));
    }
    rig_close(&r);
}
END_TEST

/* ---- Forms of weights ------------------------------------------------------------------------------------------------ */

/* A backend whose form of a weight is its double, which its products take. */
static int forms_made;

static bool doubling_supports(const hone_self *self, const hone_op_call *c, hone_direction direction)
{
    (void)self;
    return strcmp(c->op->name, "linear") == 0 && direction == HONE_FORWARD;
}

static size_t doubling_size(const hone_self *self, const hone_op_call *c, hone_direction direction, uint32_t i)
{
    (void)self;
    return i == 1 && direction == HONE_FORWARD ? (size_t)hone_shape_count(&c->x[1]->shape) * sizeof(float) : 0;
}

static hone_status doubling_form(const hone_self *self, const hone_op_call *c, hone_direction direction, uint32_t i, void *form,
                                 hone_error *err)
{
    (void)self;
    (void)err;
    ck_assert(i == 1 && direction == HONE_FORWARD);
    for (int64_t k = 0; k < hone_shape_count(&c->x[1]->shape); k++)
        ((float *)form)[k] = 2 * ((const float *)c->x[1]->data)[k];
    forms_made++;
    return HONE_OK;
}

static hone_status doubling_run(const hone_self *self, const hone_op_call *c, hone_direction direction, hone_error *err)
{
    (void)self;
    (void)direction;
    (void)err;
    ck_assert(c->forms && !c->forms[0] && c->forms[1] && !c->forms[2]);
    ((float *)c->y[0]->data)[0] = ((const float *)c->forms[1])[0];
    return HONE_OK;
}

START_TEST(a_form_of_a_weight_is_made_once_after_each_change)
{
    static const hone_backend doubling = {
        .supports = doubling_supports, .run = doubling_run, .form_size = doubling_size, .form = doubling_form};
    static const float one[] = {1}, dy[] = {1};
    hone_error err;
    rig r = rig_open();
    hone_linear(r.g, "l", matrix(&r, 1, 1, one), 1, normal);
    check_ok(hone__store_close(r.store, NULL, &err), &err);
    hone__weight *w = hone__store_weight(r.store, "l.weight");
    ck_assert_uint_eq(hone__store_form_bytes(r.store), 0);
    forms_made = 0;
    for (int step = 0; step < 6; step++) {
        rig_graph(&r, true);
        r.g->setup.backend = &doubling;
        hone_node *y = hone_linear(r.g, "l", matrix(&r, 1, 1, one), 1, normal);
        hone__graph_keep(r.g, y, false);
        hone__graph_seed(r.g, y, dy);
        rig_run(&r, true);
        ck_assert_float_eq(((const float *)hone__node_tensor(y)->data)[0], 2 * ((const float *)w->value.data)[0]);
        ck_assert_int_eq(forms_made, 1 + step / 2);
        ck_assert_uint_eq(hone__store_form_bytes(r.store), sizeof(float));
        if (step % 2) {
            ((float *)w->value.data)[0] += 1;
            w->version++;
        }
    }
    rig_close(&r);
}
END_TEST

/* ---- Memory --------------------------------------------------------------------------------------------------------- */

enum { WIDE = 1000, DEEP = 40 };

static size_t planned_bytes(rig *r, bool backward)
{
    hone_error err;
    size_t bytes = 0;
    static const float wide[WIDE];
    hone_node *x = matrix(r, 1, WIDE, wide);
    hone__graph_keep(r->g, x, backward);
    for (int i = 0; i < DEEP; i++)
        x = hone_activate(r->g, x, HONE_ACT_TANH);
    hone__graph_keep(r->g, x, false);
    if (backward)
        hone__graph_seed(r->g, x, wide);
    check_ok(hone__graph_plan(r->g, backward, &bytes, &err), &err);
    return bytes;
}

START_TEST(memory_is_used_again_once_nobody_needs_it)
{
    rig r = rig_open();
    size_t node = (WIDE * sizeof(float) + 63) / 64 * 64;
    size_t forward = planned_bytes(&r, false);
    ck_assert_uint_le(forward, 2 * node); /* one read, one written */
    rig_graph(&r, true);
    size_t backward = planned_bytes(&r, true);
    ck_assert_uint_gt(backward, DEEP * node); /* tanh needs its output again */
    ck_assert_uint_le(backward, (DEEP + 3) * node);
    rig_close(&r);
}
END_TEST

/* Every piece of memory is written with its owner's number and must still hold it when it is read. */
START_TEST(pieces_that_live_at_the_same_time_do_not_overlap)
{
    hone_arena *arena = hone__arena_create(0);
    hone_store *store = store_of_tiny_classifier(arena);
    rig r = {.arena = arena, .store = store};
    hone_error err;
    hone_shape n = hone_shape_1(5), b1 = hone_shape_1(3), e = hone_shape_1(2);
    static const float dy[] = {1, 1};
    rig_graph(&r, true);
    hone_node *losses =
        tiny_classifier(r.g, hone__graph_input(r.g, HONE_I32, &n, ids), hone__graph_input(r.g, HONE_I32, &b1, starts),
                        hone__graph_input(r.g, HONE_I32, &e, labels));
    hone__graph_seed(r.g, losses, dy);
    hone__graph_keep(r.g, losses, false);
    check_ok(hone__graph_plan(r.g, true, NULL, &err), &err);
    const hone__piece *pieces[200];
    int count = 0;
    for (hone_node *node = r.g->first; node; node = node->next) {
        if (node->call && node->wanted)
            pieces[count++] = &node->data;
        if (node->has_gradient && !node->direct)
            pieces[count++] = &node->slope;
    }
    for (hone__call *c = r.g->first_call; c; c = c->next) {
        if (c->saved.bytes)
            pieces[count++] = &c->saved;
    }
    ck_assert_int_gt(count, 15);
    size_t sum = 0;
    for (int i = 0; i < count; i++) {
        const hone__piece *a = pieces[i];
        sum += a->bytes;
        ck_assert_uint_eq(a->offset % 64, 0);
        ck_assert_uint_le(a->offset + a->bytes, r.g->scratch_offset);
        for (int k = 0; k < i; k++) {
            const hone__piece *b = pieces[k];
            bool together = a->from <= b->to && b->from <= a->to;
            bool overlap = a->offset < b->offset + b->bytes && b->offset < a->offset + a->bytes;
            ck_assert(!together || !overlap);
        }
    }
    ck_assert_uint_lt(r.g->scratch_offset, sum); /* and some is used again */
    rig_close(&r);
}
END_TEST

START_TEST(a_step_allocates_nothing_once_arena_and_block_are_large_enough)
{
    hone_arena *arena = hone__arena_create(0);
    hone_store *store = store_of_tiny_classifier(arena);
    hone__block block = {0};
    for (uint64_t step = 0; step < 5; step++) {
        hone__alloc_fail_at(0);
        one_step(store, arena, &block, step);
        if (step >= 2)
            ck_assert_int_eq(hone__alloc_count(), 0);
    }
    hone__block_free(&block);
    hone__store_destroy(store);
    hone__arena_destroy(arena);
}
END_TEST

static hone_status whole_life(void *ctx, hone_error *err)
{
    static const float dy[] = {1, 1};
    hone_arena *arena = hone__arena_create(128); /* small blocks, so that there are many allocations */
    hone_store *store = hone__store_create(1);
    hone__block block = {0};
    hone_shape n = hone_shape_1(5), b1 = hone_shape_1(3), e = hone_shape_1(2);
    hone_status status = arena && store ? HONE_OK : hone_no_memory(err, "testing");
    (void)ctx;
    for (int round = 0; round < 2 && status == HONE_OK; round++) {
        const hone__graph_setup setup = {.arena = arena, .store = store, .training = true};
        hone_graph *g = hone__graph_create(&setup);
        if (!g) {
            status = hone_no_memory(err, "testing");
            break;
        }
        hone_node *y = tiny_classifier(g, hone__graph_input(g, HONE_I32, &n, ids), hone__graph_input(g, HONE_I32, &b1, starts),
                                       hone__graph_input(g, HONE_I32, &e, labels));
        hone_open(g, "losses", y);
        hone__graph_seed(g, y, dy);
        status = hone_graph_status(g, err);
        if (status == HONE_OK && round == 0)
            status = hone__store_close(store, NULL, err);
        if (status == HONE_OK && round == 1)
            status = hone__graph_plan(g, true, NULL, err);
        if (status == HONE_OK && round == 1)
            status = hone__graph_forward(g, &block, err);
        if (status == HONE_OK && round == 1)
            status = hone__graph_backward(g, err);
    }
    hone__block_free(&block);
    hone__store_destroy(store);
    hone__arena_destroy(arena);
    return status;
}

START_TEST(any_allocation_may_fail_and_a_retry_succeeds)
{
    ck_assert_int_gt(suite_every_allocation_fails(whole_life, NULL), 50);
}
END_TEST

SUITE("graph", one_step_reads_like_this, the_first_error_stands_and_names_scope_and_shapes, impossible_shapes_are_refused,
      a_graph_goes_through_its_states_in_order, nodes_that_nobody_asked_for_are_not_run,
      gradients_of_a_node_used_twice_are_added, views_share_data_and_stopped_gradients_stop,
      an_opened_node_can_be_perturbed_and_asked_for_its_gradient, a_weight_without_gradient_is_a_constant,
      a_micro_batch_is_summed_completely_and_then_added, a_gradient_of_picked_rows_is_zero_elsewhere,
      a_form_of_a_weight_is_made_once_after_each_change, memory_is_used_again_once_nobody_needs_it,
      pieces_that_live_at_the_same_time_do_not_overlap, a_step_allocates_nothing_once_arena_and_block_are_large_enough,
      any_allocation_may_fail_and_a_retry_succeeds)
