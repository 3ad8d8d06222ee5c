/* test_pytorch.c - losses with their gradients, steps of SGD, and schedules against PyTorch and Transformers: tests/golden/pytorch.
 *
 * The reference reckons in double, these in float: 1e-6 of the value or of 1, a few roundings of 6e-8.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "golden_lines.h"
#include "plugin_fixture.h"
#include "tensor/run.h"

enum { LABELS = 3 };

static void compare(const char *yaml, const char *what, const float *have, const line *want)
{
    char where[256];
    snprintf(where, sizeof where, "%s, %s", yaml, what);
    line_compare(where, have, want->n, want, 1e-6);
}

/* ---- Losses ------------------------------------------------------------------------------------------------------ */

static const char *const labels[LABELS] = {"l0", "l1", "l2"};

typedef struct run {
    hone_arena *arena;
    hone_store *store;
    hone__block block;
    float loss[LINE_NUMBERS], gradient[LINE_NUMBERS];
} run;

/* The scores are a weight, so that they have a gradient. */
static hone_node *build(const hone_self *self, hone_graph *g, const line *scores, const line *gold)
{
    const hone_loss *loss = (const hone_loss *)(const void *)self->plugin;
    const bool classes = loss->targets & HONE_TAKES(HONE_TARGET_CLASS);
    const hone_shape items = hone_shape_1(gold->n), rows = classes ? hone_shape_2(gold->n, LABELS) : items;
    float reals[LINE_NUMBERS];
    int32_t indices[LINE_NUMBERS];
    for (int i = 0; i < gold->n; i++) {
        reals[i] = (float)gold->x[i];
        indices[i] = (int32_t)gold->x[i];
    }
    ck_assert_int_eq(scores->n, (int)hone_shape_count(&rows));
    hone_node *s = hone_weight(g, "scores", &rows, (hone_init){0}, 0);
    hone_node *t = hone_constant(g, classes ? HONE_I32 : HONE_F32, &items, classes ? (const void *)indices : reals);
    return loss->build(self, g, "loss", s, t);
}

static void run_loss(run *r, const hone_self *self, const line *scores, const line *gold)
{
    hone_error err = {HONE_OK, ""};
    float ones[LINE_NUMBERS];
    const hone__graph_setup setup = {.arena = r->arena, .store = r->store, .training = true};
    build(self, hone__graph_create(&setup), scores, gold); /* makes the weight */
    ck_assert_msg(hone__store_close(r->store, NULL, &err) == HONE_OK, "%s", err.msg);
    hone__weight *w = hone__store_at(r->store, 0);
    for (int i = 0; i < scores->n; i++)
        ((float *)w->value.data)[i] = (float)scores->x[i];
    for (int i = 0; i < gold->n; i++)
        ones[i] = 1;

    hone_graph *g = hone__graph_create(&setup);
    hone_node *loss = build(self, g, scores, gold);
    hone__graph_keep(g, loss, false);
    hone__graph_seed(g, loss, ones);
    hone__store_clear_gradients(r->store);
    ck_assert_msg(hone__graph_plan(g, true, NULL, &err) == HONE_OK, "%s", err.msg);
    ck_assert_msg(hone__graph_forward(g, &r->block, &err) == HONE_OK, "%s", err.msg);
    ck_assert_msg(hone__graph_backward(g, &err) == HONE_OK, "%s", err.msg);
    memcpy(r->loss, hone__node_tensor(loss)->data, (size_t)gold->n * sizeof(float));
    memcpy(r->gradient, hone__store_gradient(r->store, w), (size_t)scores->n * sizeof(float));
}

static void check_loss(const plugin_fixture *f, FILE *file, const char *yaml)
{
    const hone_facts facts = {.size = sizeof facts, .n_labels = LABELS, .labels = labels};
    line scores, gold, want;
    hone_error err = {HONE_OK, ""};
    run r = {.arena = hone__arena_create(0), .store = hone__store_create(1)};
    ck_assert(r.arena && r.store);
    const hone_self *self = plugin_make(f, HONE_KIND_LOSS, yaml);
    const hone_loss *loss = (const hone_loss *)(const void *)self->plugin;
    if (loss->create)
        ck_assert_msg(loss->create(self, &facts, &err) == HONE_OK, "%s", err.msg);
    line_expect(file, &scores, "scores");
    line_expect(file, &gold, "gold");
    run_loss(&r, self, &scores, &gold);
    line_expect(file, &want, "loss");
    compare(yaml, "loss", r.loss, &want);
    line_expect(file, &want, "gradient");
    compare(yaml, "gradient", r.gradient, &want);
    hone__block_free(&r.block);
    hone__store_destroy(r.store);
    hone__arena_destroy(r.arena);
}

START_TEST(losses_and_their_gradients_are_those_of_pytorch)
{
    FILE *file = lines_open("tests/golden/pytorch/losses.txt");
    plugin_fixture f;
    line l;
    int cases = 0;
    plugin_begin(&f);
    for (; line_next(file, &l); cases++)
        check_loss(&f, file, l.yaml);
    ck_assert_int_ge(cases, 8);
    plugin_end(&f);
    fclose(file);
}
END_TEST

/* The gradients of operators that losses bring, in double: an error of 1e-6 is none of rounding. */
START_TEST(operators_of_losses_have_the_gradient_of_their_value)
{
    static const char *const losses[] = {"huber", "focal"};
    plugin_fixture f;
    plugin_begin(&f);
    for (size_t i = 0; i < sizeof losses / sizeof *losses; i++) {
        const hone_self *self = plugin_make(&f, HONE_KIND_LOSS, losses[i]);
        hone__gradcheck result;
        hone_error err = {HONE_OK, ""};
        ck_assert_msg(hone__gradcheck_op(self->plugin->ops[0], NULL, NULL, NULL, 1e-6, &result, &err) == HONE_OK, "%s",
                      err.msg);
        ck_assert_int_gt((int)result.checked, 10);
    }
    plugin_end(&f);
}
END_TEST

/* ---- SGD --------------------------------------------------------------------------------------------------------- */

static void check_sgd(const plugin_fixture *f, FILE *file, const char *yaml)
{
    const hone_self *self = plugin_make(f, HONE_KIND_OPTIMIZER, yaml);
    float w[LINE_NUMBERS], g[LINE_NUMBERS], velocity[LINE_NUMBERS] = {0}, *slots[] = {velocity};
    line decay, l;
    line_expect(file, &decay, "decay");
    line_expect(file, &l, "weights");
    for (int i = 0; i < l.n; i++)
        w[i] = (float)l.x[i];
    for (int64_t step = 1; step <= 4; step++) {
        line_expect(file, &l, "gradient");
        for (int i = 0; i < l.n; i++)
            g[i] = (float)(4 * l.x[i]); /* what gradient_scale takes back */
        ((const hone_optimizer *)(const void *)self->plugin)
            ->update(self, &(hone_update){.size = sizeof(hone_update),
                                          .name = "w",
                                          .n = l.n,
                                          .total = l.n,
                                          .w = w,
                                          .g = g,
                                          .slots = slots,
                                          .step = step,
                                          .learning_rate = 0.05,
                                          .weight_decay = decay.x[0],
                                          .gradient_scale = 0.25});
        line_expect(file, &l, "weights");
        compare(yaml, "weight", w, &l);
    }
}

START_TEST(steps_of_sgd_are_those_of_pytorch)
{
    FILE *file = lines_open("tests/golden/pytorch/sgd.txt");
    plugin_fixture f;
    line l;
    int cases = 0;
    plugin_begin(&f);
    for (; line_next(file, &l); cases++)
        check_sgd(&f, file, l.yaml);
    ck_assert_int_eq(cases, 4);
    plugin_end(&f);
    fclose(file);
}
END_TEST

START_TEST(nesterov_without_momentum_is_refused)
{
    plugin_fixture f;
    hone_error err;
    plugin_begin(&f);
    const hone_self *self = plugin_make(&f, HONE_KIND_OPTIMIZER, "{type: sgd, nesterov: true}");
    ck_assert_int_eq(((const hone_optimizer *)(const void *)self->plugin)->create(self, &err), HONE_EINVAL);
    ck_assert_ptr_nonnull(strstr(err.msg, "set momentum"));
    plugin_end(&f);
}
END_TEST

/* ---- Schedules --------------------------------------------------------------------------------------------------- */

static void check_schedule(const plugin_fixture *f, FILE *file, const char *yaml)
{
    const hone_self *self = plugin_make(f, HONE_KIND_SCHEDULE, yaml);
    line want;
    line_expect(file, &want, "factors");
    for (int i = 0; i < want.n; i++) {
        const double have = ((const hone_schedule *)(const void *)self->plugin)->factor(self, i + 1, want.n);
        ck_assert_msg(fabs(have - want.x[i]) <= 1e-15, "%s: step %d of %d has %.17g, but the reference %.17g", yaml, i + 1,
                      want.n, have, want.x[i]);
    }
}

START_TEST(schedules_are_those_of_transformers)
{
    FILE *file = lines_open("tests/golden/pytorch/schedules.txt");
    plugin_fixture f;
    line l;
    int cases = 0;
    plugin_begin(&f);
    for (; line_next(file, &l); cases++)
        check_schedule(&f, file, l.yaml);
    ck_assert_int_ge(cases, 15);
    plugin_end(&f);
    fclose(file);
}
END_TEST

SUITE("pytorch", losses_and_their_gradients_are_those_of_pytorch, operators_of_losses_have_the_gradient_of_their_value,
      steps_of_sgd_are_those_of_pytorch, nesterov_without_momentum_is_refused, schedules_are_those_of_transformers)
