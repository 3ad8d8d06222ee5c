/* test_groups.c - parameter groups and layer-wise learning rates, seen from a trial's steps.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "trial_data.h"

#include <math.h>

/* A bert of two layers whose optimizer has these settings beside learning_rate 0.002 and weight_decay 0.01. */
static void begin(fixture *f, const char *settings)
{
    fixture_begin_with(f, 20);
    fixture_compose(f, "",
                    hone_sprintf(f->arena,
                                 "model: {type: bert, hidden_size: 32, num_hidden_layers: 2, num_attention_heads: 2, "
                                 "intermediate_size: 48, max_position_embeddings: 16}\n"
                                 "optimizer: {type: adamw, learning_rate: 2.0e-3, weight_decay: 0.01%s}\n",
                                 settings),
                    "trainer: {threads: 1}\n");
}

/* The rates that a weight gets. */
static hone__weight_rate rate_of(const hone__parts *parts, const char *name)
{
    const hone_store *store = parts->network.store;
    const size_t n = hone__store_count(store);
    hone__weight_rate *rates = calloc(n, sizeof *rates), found = {NAN, NAN};
    hone_error err;
    const hone__groups_setup setup = {.config = parts->experiment->optimizer_common,
                                      .learning_rate = 2e-3,
                                      .weight_decay = 0.01,
                                      .store = store,
                                      .model = parts->network.model,
                                      .model_self = parts->network.model_self};
    ck_assert_ptr_nonnull(rates);
    ck_assert_msg(hone__groups_assign(&setup, rates, &err) == HONE_OK, "%s", err.msg);
    for (size_t i = 0; i < n; i++)
        if (strcmp(hone__store_at(store, i)->name, name) == 0)
            found = rates[i];
    free(rates);
    ck_assert_msg(!isnan(found.learning_rate), "there is no weight %s", name);
    return found;
}

static void check_rate(const hone__parts *parts, const char *name, double learning_rate, double weight_decay)
{
    const hone__weight_rate rate = rate_of(parts, name);
    ck_assert_msg(fabs(rate.learning_rate - learning_rate) < 1e-15 && rate.weight_decay == weight_decay,
                  "%s has %.17g and %.17g, not %.17g and %.17g", name, rate.learning_rate, rate.weight_decay, learning_rate,
                  weight_decay);
}

START_TEST(without_groups_all_weights_have_the_optimizers_rate_and_biases_do_not_decay)
{
    fixture f;
    begin(&f, "");
    hone__parts *parts = fixture_parts(&f);
    check_rate(parts, "bert.encoder.layer.0.output.dense.weight", 2e-3, 0.01);
    check_rate(parts, "bert.encoder.layer.0.output.dense.bias", 2e-3, 0);
    check_rate(parts, "bert.embeddings.LayerNorm.weight", 2e-3, 0);
    check_rate(parts, "classifier.weight", 2e-3, 0.01);
    hone__parts_destroy(parts);
    fixture_end(&f);
}
END_TEST

START_TEST(the_first_group_that_matches_a_weight_counts)
{
    fixture f;
    begin(&f, ", groups: [{pattern: \"classifier.*\", learning_rate: 0.5}, {pattern: \"*.bias\", weight_decay: 0.25}, "
              "{pattern: \"embeddings.*\", learning_rate: 0, weight_decay: 0}]");
    hone__parts *parts = fixture_parts(&f);
    check_rate(parts, "classifier.weight", 0.5, 0.01);
    check_rate(parts, "classifier.bias", 0.5, 0); /* the first group says nothing of its decay */
    check_rate(parts, "bert.encoder.layer.1.output.dense.bias", 2e-3, 0.25);
    check_rate(parts, "bert.embeddings.word_embeddings.weight", 0, 0);
    check_rate(parts, "bert.embeddings.LayerNorm.bias", 2e-3, 0.25);
    check_rate(parts, "bert.pooler.dense.weight", 2e-3, 0.01);
    hone__parts_destroy(parts);
    fixture_end(&f);
}
END_TEST

START_TEST(layer_decay_falls_from_the_head_at_one_to_the_embeddings)
{
    fixture f;
    begin(&f, ", layer_decay: 0.5, groups: [{pattern: \"encoder.layer.0.output.dense.weight\", learning_rate: 1.0e-2}]");
    hone__parts *parts = fixture_parts(&f);
    check_rate(parts, "classifier.weight", 2e-3, 0.01);
    check_rate(parts, "bert.pooler.dense.weight", 2e-3, 0.01); /* no layer's */
    check_rate(parts, "bert.encoder.layer.1.output.dense.weight", 1e-3, 0.01);
    check_rate(parts, "bert.encoder.layer.0.attention.output.dense.weight", 5e-4, 0.01);
    check_rate(parts, "bert.encoder.layer.0.output.dense.weight", 2.5e-3, 0.01); /* its group's, fallen as well */
    check_rate(parts, "bert.embeddings.word_embeddings.weight", 2.5e-4, 0.01);
    hone__parts_destroy(parts);
    fixture_end(&f);
}
END_TEST

/* A weight whose rate is 0 keeps its bits through a step; the others change. */
START_TEST(steps_use_the_groups)
{
    fixture f;
    hone_error err;
    hone__step_result r;
    float before[2][32];
    static const char *const names[] = {"bert.pooler.dense.bias", "bert.encoder.layer.1.output.dense.bias"};
    const uint64_t order[] = {0, 1, 2, 3};
    begin(&f, ", groups: [{pattern: \"pooler.*\", learning_rate: 0}]");
    hone__parts *parts = fixture_parts(&f);
    for (size_t i = 0; i < 2; i++)
        memcpy(before[i], hone__store_weight(parts->network.store, names[i])->value.data, sizeof before[i]);
    ck_assert_msg(hone__step_run(parts->stepper, parts->train_prepared, order, 4, 0, 1, 0, &r, &err) == HONE_OK, "%s", err.msg);
    ck_assert_double_eq_tol(r.learning_rate, 2e-3, 1e-3);
    for (size_t i = 0; i < 2; i++)
        ck_assert_int_eq(
            memcmp(before[i], hone__store_weight(parts->network.store, names[i])->value.data, sizeof before[i]) == 0, i == 0);
    hone__parts_destroy(parts);
    fixture_end(&f);
}
END_TEST

static void refused(const char *settings, const char *model, const char *says)
{
    fixture f;
    hone_error err;
    hone__parts *parts;
    fixture_begin_with(&f, 20);
    fixture_compose(&f, "",
                    hone_sprintf(f.arena, "model: {type: %s, hidden_size: 32}\noptimizer: {type: adamw%s}\n", model, settings),
                    "trainer: {threads: 1}\n");
    ck_assert_int_eq(hone__parts_create(&f.setup, &parts, &err), HONE_EINVAL);
    ck_assert_msg(strstr(err.msg, says) != NULL, "%s", err.msg);
    fixture_end(&f);
}

START_TEST(a_pattern_that_matches_no_weight_is_refused_by_name)
{
    refused(", groups: [{pattern: \"*\"}, {pattern: \"encoder.layer.7.*\"}]", "bag", "encoder.layer.7.*");
    refused(", groups: [{pattern: clasifier.weight}]", "bag", "names look like classifier.weight");
}
END_TEST

SUITE("groups", without_groups_all_weights_have_the_optimizers_rate_and_biases_do_not_decay,
      the_first_group_that_matches_a_weight_counts, layer_decay_falls_from_the_head_at_one_to_the_embeddings,
      steps_use_the_groups, a_pattern_that_matches_no_weight_is_refused_by_name)
