/* test_bert.c - bert, classification, cross_entropy, adamw and linear against Transformers and PyTorch in double precision.
 *
 * The reference is made by bert.py. Float has 24 bits, so that one rounding is 6e-8; a forward pass of two layers adds up some
 * hundred of them: 1e-5 of the largest value. Ten steps of Adam divide by the root of small squares, which makes roundings larger: 1e-4
 * for losses, and 2e-3 for weights (a step is 1e-2 long).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "reference.h"

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

static void begin(golden *g, const char *loss)
{
    char root[4096], yaml[16384];
    ck_assert_ptr_nonnull(getcwd(root, sizeof root));
    snprintf(yaml, sizeof yaml, experiment, root, root, root, loss);
    golden_begin(g, yaml, "tests/golden/bert");
    golden_take(g, "classifier.weight");
    golden_take(g, "classifier.bias");
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
        golden_close(&g, name, t->data, hone_shape_count(&t->shape), 0, 1e-5);
    }
    const hone_tensor *t = hone__node_tensor(p.scores[0].node);
    golden_close(&g, "logits", t->data, hone_shape_count(&t->shape), 0, 1e-5);
    hone__block_free(&block);
    golden_end(&g);
}
END_TEST

START_TEST(loss_and_every_gradient_equal_pytorch)
{
    golden g;
    begin(&g, "cross_entropy");
    golden_loss(&g, "plain.loss", run_batch(&g)); /* the first step of a warm-up has the learning rate 0 */
    golden_gradients(&g, "plain.gradient", "");
    golden_end(&g);
}
END_TEST

START_TEST(class_weights_and_label_smoothing_equal_pytorch)
{
    golden g;
    begin(&g, "{type: cross_entropy, label_smoothing_factor: 0.1, weights_by_label: {\"1\": 2.5, \"2\": 0.5}}");
    golden_loss(&g, "weighted.loss", run_batch(&g));
    golden_gradients(&g, "weighted.gradient", "classifier");
    golden_end(&g);
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
        golden_close(g, name, w->value.data, w->n, 1, 2e-3);
    }
}

/* Ten steps against the reference, with so much allowed of losses and norms, relatively. */
static void ten_steps(golden *g, double of_loss, double of_norm)
{
    int64_t n;
    const double *losses = golden_values(g, "steps.loss", &n), *norms = golden_values(g, "steps.norm", &n);
    const double *rates = golden_values(g, "steps.rate", &n);
    for (uint64_t step = 0; step < STEPS; step++) {
        uint64_t order[BATCH];
        hone__step_result r;
        hone_error err;
        for (uint64_t i = 0; i < BATCH; i++)
            order[i] = (step * BATCH + i) % EXAMPLES;
        ck_assert_msg(hone__step_run(g->parts->stepper, g->parts->train_prepared, order, BATCH, 0, (int64_t)step + 1, 0, &r,
                                     &err) == HONE_OK,
                      "%s", err.msg);
        ck_assert_msg(fabs(r.loss - losses[step]) <= of_loss * losses[step], "loss of step %d is %.9g, not %.9g", (int)step + 1,
                      r.loss, losses[step]);
        ck_assert_msg(fabs(r.gradient_norm - norms[step]) <= of_norm * norms[step], "norm of step %d is %.9g, not %.9g",
                      (int)step + 1, r.gradient_norm, norms[step]);
        ck_assert_msg(fabs(r.learning_rate - rates[step]) <= 1e-12, "rate of step %d is %.9g, not %.9g", (int)step + 1,
                      r.learning_rate, rates[step]);
    }
}

START_TEST(ten_steps_with_warm_up_and_clipping_equal_pytorch)
{
    golden g;
    begin(&g, "cross_entropy");
    ten_steps(&g, 1e-4, 1e-3);
    compare_weights(&g);
    golden_end(&g);
}
END_TEST

/* Every number of a linear layer's products is off by up to 2^-9, of either sign: losses differ by a hundredth at most, norms by a few. */
START_TEST(ten_steps_in_bf16_stay_near_pytorch_in_double)
{
    golden g;
    begin(&g, "cross_entropy");
    g.parts->network.bf16 = true;
    ten_steps(&g, 1e-2, 3e-2);
    golden_end(&g);
}
END_TEST

SUITE("golden bert", hidden_states_and_logits_equal_transformers, loss_and_every_gradient_equal_pytorch,
      class_weights_and_label_smoothing_equal_pytorch, ten_steps_with_warm_up_and_clipping_equal_pytorch,
      ten_steps_in_bf16_stay_near_pytorch_in_double)
