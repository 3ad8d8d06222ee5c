/* test_estimate.c - what is estimated of a trial is what it then does: steps, tokens, parameters; and its work grows as it should.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "train/estimate.h"
#include "trial_data.h"

#include <math.h>

static hone__estimate estimate_of(const fixture *f)
{
    hone_error err = {0};
    hone__estimate e;
    ck_assert_msg(hone__trial_estimate(&f->setup, &e, &err) == HONE_OK, "%s", err.msg);
    return e;
}

static hone__estimate estimate(const char *model, const char *trainer)
{
    fixture f;
    fixture_begin_with(&f, 90);
    fixture_compose(&f, "", fixture_bert(&f, model), trainer);
    const hone__estimate e = estimate_of(&f);
    fixture_end(&f);
    return e;
}

static int64_t trained_count(const fixture *f, const char *key)
{
    json_t *root = NULL;
    hone_error err;
    ck_assert_msg(hone__json_load(fixture_path(f, "result.json"), 0, &root, &err) == HONE_OK, "%s", err.msg);
    const int64_t value = json_integer_value(json_object_get(json_object_get(root, "train"), key));
    json_decref(root);
    return value;
}

START_TEST(steps_and_tokens_are_those_of_the_trial)
{
    static const char *const trainers[] = {
        "trainer: {num_train_epochs: 2, train_batch_size: 8, threads: 1}\n",
        "trainer: {num_train_epochs: 3, max_steps: 17, train_batch_size: 16, threads: 1}\n",
        "trainer: {max_train_samples: 30, num_train_epochs: 1, micro_batch_size: 3, threads: 1}\n",
        "trainer: {num_train_epochs: 3, train_batch_size: none, max_tokens: 100, micro_batch_size: 5, threads: 1}\n",
        "trainer: {num_train_epochs: 2, max_tokens: 60, train_sampling_strategy: group_by_length, threads: 1}\n"};
    for (size_t i = 0; i < 5; i++) {
        fixture f;
        hone_error err = {0};
        fixture_begin_with(&f, 90);
        fixture_compose(&f, "", fixture_bert(&f, ""), trainers[i]);
        const hone__estimate e = estimate_of(&f);
        ck_assert_msg(hone__trial_run(&f.setup, &err) == HONE_OK, "%s", err.msg);
        ck_assert_int_eq(e.steps, trained_count(&f, "steps"));
        ck_assert_int_eq((int64_t)e.tokens, trained_count(&f, "tokens"));
        fixture_end(&f);
    }
}
END_TEST

START_TEST(parameters_are_those_of_the_network_and_frozen_ones_have_no_gradient)
{
    fixture f;
    fixture_begin_with(&f, 90);
    fixture_compose(&f, "", fixture_bert(&f, ""), "trainer: {num_train_epochs: 1, train_batch_size: 8, threads: 1}\n");
    const hone__estimate all = estimate_of(&f);
    hone__parts *parts = fixture_parts(&f);
    ck_assert_int_eq(all.parameters, hone__store_elements(parts->network.store, false));
    ck_assert_int_eq(all.trained, hone__store_elements(parts->network.store, true));
    hone__parts_destroy(parts);
    fixture_end(&f);
    ck_assert_uint_eq(all.gradients, (uint64_t)all.trained * 4);
    ck_assert_uint_eq(all.slots, 2 * all.gradients); /* of AdamW */
    ck_assert_uint_eq(all.bytes, all.base + all.data + all.weights + all.gradients + all.slots + all.activations);

    const hone__estimate frozen = estimate(", freeze: {embeddings: true, layers: 1}",
                                           "trainer: {num_train_epochs: 1, train_batch_size: 8, threads: 1}\n");
    ck_assert_int_eq(frozen.parameters, all.parameters);
    ck_assert_int_lt(frozen.trained, all.trained);
    ck_assert_uint_lt(frozen.bytes - frozen.base, all.bytes - all.base); /* base: what this process had */
    ck_assert_uint_lt(frozen.activations, all.activations);              /* backward stops above them */
    ck_assert_double_lt(frozen.training, all.training);
}
END_TEST

START_TEST(work_grows_with_the_data_and_not_with_its_cutting)
{
    const hone__estimate once = estimate("", "trainer: {num_train_epochs: 1, train_batch_size: 8, threads: 1}\n");
    const hone__estimate twice = estimate("", "trainer: {num_train_epochs: 2, train_batch_size: 8, threads: 1}\n");
    const hone__estimate cut =
        estimate("", "trainer: {num_train_epochs: 1, train_batch_size: 16, micro_batch_size: 8, threads: 1}\n");
    const hone__estimate wide = estimate("", "trainer: {num_train_epochs: 1, train_batch_size: 32, threads: 1}\n");
    ck_assert_double_eq_tol(twice.training / once.training, 2, 1e-3);
    ck_assert_double_eq_tol(cut.training / once.training, 1, 0.1); /* other batches are looked at */
    ck_assert_double_eq_tol(wide.training / once.training, 1, 0.1);
    ck_assert_int_eq(twice.evaluations, 2);
    ck_assert_double_eq_tol(twice.evaluating / once.evaluating, 2, 1e-9);
    ck_assert_uint_gt(wide.activations, once.activations);
    ck_assert_uint_gt(wide.largest_tokens, once.largest_tokens);
    ck_assert_uint_lt(wide.largest_tokens, wide.tokens);
}
END_TEST

/* A long training is not walked through to its end. */
START_TEST(of_many_epochs_the_first_stand_for_the_rest)
{
    const hone__estimate one = estimate("", "trainer: {num_train_epochs: 1, train_batch_size: 8, threads: 1}\n");
    const hone__estimate many = estimate("", "trainer: {num_train_epochs: 100000, train_batch_size: 8, threads: 1}\n");
    ck_assert_int_eq(many.steps, 100000 * one.steps);
    ck_assert_double_eq_tol((double)many.tokens / (double)one.tokens, 1e5, 1);
}
END_TEST

/* By hand: 6 rows of 4 numbers through a weight of 5 x 4 are 2 x 6 x 4 x 5 operations and 6 x 5 results; the weight's gradient is as much
 * again, and so is that of the rows where they have one. Every result counts thrice where there is a backward. */
START_TEST(work_of_a_linear_layer_is_what_the_book_says)
{
    const hone_shape rows = hone_shape_2(6, 4), first = hone_shape_2(5, 4), second = hone_shape_2(4, 5);
    const double expected[] = {240 + 30, 2 * 240 + 3 * 30, 2 * 240 + 3 * 240 + 3 * (30 + 24)};
    const hone_init init = {.kind = HONE_INIT_NORMAL, .scale = 1};
    static float numbers[24], slope[30];
    for (int i = 0; i < 3; i++) { /* forward, with backward, two layers of which the second sends a gradient back */
        hone_error err = {0};
        hone_arena *arena = hone__arena_create(0);
        hone_store *store = hone__store_create(1);
        hone_graph *g = hone__graph_create(&(hone__graph_setup){.arena = arena, .store = store, .training = i > 0});
        hone_node *x = hone__graph_input(g, HONE_F32, &rows, numbers);
        hone_node *y = hone_linear_of(g, x, hone_weight(g, "w", &first, init, 0), NULL);
        if (i == 2)
            y = hone_linear_of(g, y, hone_weight(g, "v", &second, init, 0), NULL);
        hone__graph_keep(g, y, false);
        if (i > 0)
            hone__graph_seed(g, y, slope);
        ck_assert_msg(hone__graph_plan(g, i > 0, NULL, &err) == HONE_OK, "%s", err.msg);
        ck_assert_double_eq(hone__graph_work(g), expected[i]);
        hone__store_destroy(store);
        hone__arena_destroy(arena);
    }
}
END_TEST

START_TEST(a_measured_rate_gives_a_time)
{
    fixture f;
    hone_error err = {0};
    hone__rate rate;
    fixture_begin_with(&f, 90);
    fixture_compose(&f, "", fixture_bert(&f, ""), "trainer: {num_train_epochs: 1, train_batch_size: 8, threads: 1}\n");
    ck_assert_msg(hone__trial_rate(&f.setup, &rate, &err) == HONE_OK, "%s", err.msg);
    ck_assert(rate.work > 0 && isfinite(rate.work) && rate.update >= 0 && isfinite(rate.update));
    const hone__estimate e = estimate_of(&f);
    const double seconds = hone__estimate_seconds(&e, &rate);
    ck_assert(seconds > 0 && isfinite(seconds));
    ck_assert(!hone__exists(fixture_path(&f, "metrics.jsonl")));
    fixture_end(&f);
}
END_TEST

SUITE("estimate", steps_and_tokens_are_those_of_the_trial, parameters_are_those_of_the_network_and_frozen_ones_have_no_gradient,
      work_grows_with_the_data_and_not_with_its_cutting, of_many_epochs_the_first_stand_for_the_rest,
      work_of_a_linear_layer_is_what_the_book_says, a_measured_rate_gives_a_time)
