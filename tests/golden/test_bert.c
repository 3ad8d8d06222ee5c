/* test_bert.c - bert, classification, cross_entropy, adamw and linear against Transformers and PyTorch in double precision.
 *
 * The reference is made by bert.py. Float has 24 bits, so that one rounding is 6e-8; a forward pass of two layers adds up some
 * hundred of them: 1e-5 of the largest value. Ten steps of Adam divide by the root of small squares, which makes roundings larger: 1e-4
 * for losses, and 2e-3 for weights (a step is 1e-2 long).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "tensor/safetensors.h"
#include "trial_fixture.h"

#include <math.h>
#include <unistd.h>

static const char experiment[] =
    "data: {type: tsv, train: %s/tests/golden/bert/train.tsv, validation: %s/tests/golden/bert/train.tsv, quoting: none,\n"
    "  columns: {text: first, text_pair: second, label: label}}\n"
    "tokenizer: {type: wordpiece, max_length: 32}\n"
    "model: {type: bert, path: %s/tests/golden/bert/model}\n"
    "head: {type: classification, dropout: 0, loss: %s}\n"
    "optimizer: {type: adamw, learning_rate: 1.0e-2, weight_decay: 0.1}\n"
    "schedule: {type: linear, warmup_steps: 3}\n"
    "trainer: {train_batch_size: 4, max_steps: 10, num_train_epochs: 100, max_grad_norm: 0.5, "
    "threads: 2}\n"
    "metrics: [accuracy]\n";

enum { BATCH = 4, EXAMPLES = 12, STEPS = 10 };

typedef struct golden {
    fixture f;
    hone__parts *parts;
    hone__st_file reference, model;
} golden;

static void open_file(golden *g, hone__st_file *file, const char *path)
{
    hone_error err;
    ck_assert_msg(hone__st_open(file, g->f.arena, path, &err) == HONE_OK, "%s", err.msg);
}

/* The head is new to hone: it gets the reference's weights here. */
static void take_head(golden *g, const char *name)
{
    hone_error err;
    hone__weight *w = hone__store_weight(g->parts->network.store, name);
    ck_assert_ptr_nonnull(w);
    ck_assert_int_eq(hone__st_read_f32(hone__st_find(&g->model, name), w->value.data, &err), HONE_OK);
}

static void begin(golden *g, const char *loss)
{
    char root[4096], yaml[16384];
    ck_assert_ptr_nonnull(getcwd(root, sizeof root));
    snprintf(yaml, sizeof yaml, experiment, root, root, root, loss);
    fixture_begin(&g->f);
    fixture_load(&g->f, yaml);
    g->parts = fixture_parts(&g->f);
    open_file(g, &g->reference, "tests/golden/bert/reference.safetensors");
    open_file(g, &g->model, "tests/golden/bert/model/model.safetensors");
    take_head(g, "classifier.weight");
    take_head(g, "classifier.bias");
}

static void end(golden *g)
{
    hone__st_close(&g->reference);
    hone__st_close(&g->model);
    hone__parts_destroy(g->parts);
    fixture_end(&g->f);
}

static const double *reference_of(const golden *g, const char *name, int64_t *n)
{
    const hone__st_entry *e = hone__st_find(&g->reference, name);
    ck_assert_msg(e && e->dtype == HONE_F64, "the reference has no %s", name);
    *n = (int64_t)(e->bytes / sizeof(double));
    double *copy = hone_alloc(g->f.arena, e->bytes);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, e->data, e->bytes);
    return copy;
}

static double largest(const double *x, int64_t n)
{
    double top = 0;
    for (int64_t i = 0; i < n; i++)
        top = fmax(top, fabs(x[i]));
    return top;
}

/* Errors count against the largest value of the tensor, or `scale` where that is larger. */
static void close_to(const golden *g, const char *name, const float *x, int64_t count, double scale, double tolerance)
{
    int64_t n;
    const double *want = reference_of(g, name, &n);
    ck_assert_msg(n == count, "%s has %lld elements, not %lld", name, (long long)n, (long long)count);
    const double top = fmax(largest(want, n), scale);
    for (int64_t i = 0; i < n; i++)
        ck_assert_msg(fabs((double)x[i] - want[i]) <= tolerance * top, "%s[%lld] is %.9g, not %.9g (largest %.3g)", name,
                      (long long)i, (double)x[i], want[i], top);
}

/* Runs one step of examples 0 .. 3 with an update that changes nothing, so that the gradients can be read. */
static double run_batch(golden *g)
{
    const uint64_t order[BATCH] = {0, 1, 2, 3};
    hone__step_result result;
    hone_error err;
    ck_assert_msg(hone__step_run(g->parts->stepper, g->parts->train_prepared, order, BATCH, 0, 1, 0, &result, &err) == HONE_OK,
                  "%s", err.msg);
    return result.loss;
}

START_TEST(hidden_states_and_logits_equal_transformers)
{
    golden g;
    begin(&g, "cross_entropy");
    const uint64_t order[BATCH] = {0, 1, 2, 3};
    static const char *const opened[] = {"bert.embeddings", "bert.layer.1", "bert.layer.2"};
    hone_batch *batch = NULL;
    hone__pass p;
    hone_error err;
    hone__block block = {0};
    hone_arena *arena = g.parts->step;
    ck_assert_int_eq(hone__batch_pack(g.parts->train_prepared, order, BATCH, arena, &batch, &err), HONE_OK);
    ck_assert_msg(hone__pass_build(&p, &g.parts->network, &(hone__pass_setup){.batch = batch, .arena = arena}, &err) == HONE_OK,
                  "%s", err.msg);
    for (size_t i = 0; i < 3; i++)
        hone__graph_keep(p.graph, hone__graph_opened(p.graph, opened[i]), false);
    hone__graph_keep(p.graph, p.scores[0].node, false);
    ck_assert_int_eq(hone__graph_plan(p.graph, false, NULL, &err), HONE_OK);
    ck_assert_msg(hone__graph_forward(p.graph, &block, &err) == HONE_OK, "%s", err.msg);
    for (size_t i = 0; i < 3; i++) {
        char name[32];
        const hone_tensor *t = hone__node_tensor(hone__graph_opened(p.graph, opened[i]));
        snprintf(name, sizeof name, "hidden.%zu", i);
        close_to(&g, name, t->data, hone_shape_count(&t->shape), 0, 1e-5);
    }
    const hone_tensor *t = hone__node_tensor(p.scores[0].node);
    close_to(&g, "logits", t->data, hone_shape_count(&t->shape), 0, 1e-5);
    hone__block_free(&block);
    end(&g);
}
END_TEST

/* Some gradients are zero but for rounding (the bias of keys), so errors count against the largest of all gradients as well. */
static void compare_gradients(golden *g, const char *which, bool head_only)
{
    hone_store *store = g->parts->network.store;
    for (size_t i = 0; i < hone__store_count(store); i++) {
        const hone__weight *w = hone__store_at(store, i);
        char name[256];
        if (head_only && strncmp(w->name, "classifier", 10) != 0)
            continue;
        snprintf(name, sizeof name, "%s.gradient.%s", which, w->name);
        close_to(g, name, hone__store_gradient(store, w), w->n, 1e-2, 1e-5);
    }
}

static void compare_loss(golden *g, const char *name, double loss)
{
    int64_t n;
    const double *want = reference_of(g, name, &n);
    ck_assert_msg(fabs(loss - want[0]) <= 1e-6 * want[0], "%s is %.9g, not %.9g", name, loss, want[0]);
}

START_TEST(loss_and_every_gradient_equal_pytorch)
{
    golden g;
    begin(&g, "cross_entropy");
    compare_loss(&g, "plain.loss", run_batch(&g)); /* the first step of a warm-up has the learning rate 0 */
    compare_gradients(&g, "plain", false);
    end(&g);
}
END_TEST

START_TEST(class_weights_and_label_smoothing_equal_pytorch)
{
    golden g;
    begin(&g, "{type: cross_entropy, label_smoothing_factor: 0.1, weights_by_label: {\"1\": 2.5, \"2\": 0.5}}");
    compare_loss(&g, "weighted.loss", run_batch(&g));
    compare_gradients(&g, "weighted", true);
    end(&g);
}
END_TEST

static void compare_weights(golden *g)
{
    hone_store *store = g->parts->network.store;
    for (size_t i = 0; i < hone__store_count(store); i++) {
        const hone__weight *w = hone__store_at(store, i);
        char name[256];
        if (strstr(w->name, "key.bias"))
            continue; /* its gradient is rounding alone, of which Adam makes whole steps */
        snprintf(name, sizeof name, "steps.weight.%s", w->name);
        close_to(g, name, w->value.data, w->n, 1, 2e-3);
    }
}

START_TEST(ten_steps_with_warm_up_and_clipping_equal_pytorch)
{
    golden g;
    int64_t n;
    begin(&g, "cross_entropy");
    const double *losses = reference_of(&g, "steps.loss", &n), *norms = reference_of(&g, "steps.norm", &n);
    const double *rates = reference_of(&g, "steps.rate", &n);
    for (uint64_t step = 0; step < STEPS; step++) {
        uint64_t order[BATCH];
        hone__step_result r;
        hone_error err;
        for (uint64_t i = 0; i < BATCH; i++)
            order[i] = (step * BATCH + i) % EXAMPLES;
        ck_assert_msg(hone__step_run(g.parts->stepper, g.parts->train_prepared, order, BATCH, 0, (int64_t)step + 1, 0, &r,
                                     &err) == HONE_OK,
                      "%s", err.msg);
        ck_assert_msg(fabs(r.loss - losses[step]) <= 1e-4 * losses[step], "loss of step %d is %.9g, not %.9g", (int)step + 1,
                      r.loss, losses[step]);
        ck_assert_msg(fabs(r.gradient_norm - norms[step]) <= 1e-3 * norms[step], "norm of step %d is %.9g, not %.9g",
                      (int)step + 1, r.gradient_norm, norms[step]);
        ck_assert_msg(fabs(r.learning_rate - rates[step]) <= 1e-12, "rate of step %d is %.9g, not %.9g", (int)step + 1,
                      r.learning_rate, rates[step]);
    }
    compare_weights(&g);
    end(&g);
}
END_TEST

SUITE("golden bert", hidden_states_and_logits_equal_transformers, loss_and_every_gradient_equal_pytorch,
      class_weights_and_label_smoothing_equal_pytorch, ten_steps_with_warm_up_and_clipping_equal_pytorch)
