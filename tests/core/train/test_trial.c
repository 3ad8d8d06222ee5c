/* test_trial.c - whole trials of small models on made-up data: learning, equal bits, cutting, freezing, ends.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "base/str.h"
#include "trial_data.h"

#include <math.h>

static hone_status run(fixture *f, hone_error *err)
{
    return hone__trial_run(&f->setup, err);
}

static void run_well(fixture *f)
{
    hone_error err;
    ck_assert_msg(run(f, &err) == HONE_OK, "%s", err.msg);
}

static double figure(const fixture *f, const char *name)
{
    json_t *root = NULL;
    hone_error err;
    ck_assert_msg(hone__json_load(fixture_path(f, "result.json"), 0, &root, &err) == HONE_OK, "%s", err.msg);
    const double value = json_number_value(json_object_get(json_object_get(json_object_get(root, "figures"), name), "value"));
    json_decref(root);
    return value;
}

/* ---- Learning ---------------------------------------------------------------------------------------------------- */

START_TEST(a_bag_learns_what_can_be_told_apart)
{
    fixture f;
    fixture_begin_with(&f, 200);
    fixture_compose(&f, "", fixture_bag, "trainer: {num_train_epochs: 6, train_batch_size: 16, threads: 2}\n");
    run_well(&f);
    ck_assert_double_gt(figure(&f, "validation/accuracy"), 0.95);
    ck_assert_double_gt(figure(&f, "validation/f1"), 0.95);
    fixture_end(&f);
}
END_TEST

START_TEST(a_small_bert_learns_what_can_be_told_apart)
{
    fixture f;
    fixture_begin_with(&f, 200);
    fixture_compose(&f, "", fixture_bert(&f, ""), "trainer: {num_train_epochs: 6, train_batch_size: 16, threads: 2}\n");
    run_well(&f);
    ck_assert_double_gt(figure(&f, "validation/accuracy"), 0.95);
    fixture_end(&f);
}
END_TEST

START_TEST(other_poolings_and_hidden_layers_learn_too)
{
    static const char *const heads[] = {", pooling: mean", ", pooling: first, hidden_layers: [24, 12], activation: tanh"};
    for (size_t i = 0; i < 2; i++) {
        fixture f;
        fixture_begin_with(&f, 200);
        fixture_compose(&f, heads[i], fixture_bert(&f, ""),
                        "trainer: {num_train_epochs: 6, train_batch_size: 16, threads: 2}\n");
        run_well(&f);
        ck_assert_double_gt(figure(&f, "validation/accuracy"), 0.9);
        fixture_end(&f);
    }
}
END_TEST

START_TEST(the_confusion_matrix_agrees_with_accuracy)
{
    fixture f;
    int counts[2][2];
    fixture_begin_with(&f, 60);
    fixture_compose(&f, "", fixture_bag, "trainer: {num_train_epochs: 1, train_batch_size: 16, threads: 1}\n");
    run_well(&f);
    char *text = fixture_read(&f, "confusion.tsv");
    ck_assert_int_eq(sscanf(text, "%*[^\n] %*s %d %d %*s %d %d", &counts[0][0], &counts[0][1], &counts[1][0], &counts[1][1]),
                     4);
    ck_assert_int_eq(counts[0][0] + counts[0][1], 30); /* half of the texts are of each label */
    ck_assert_int_eq(counts[1][0] + counts[1][1], 30);
    ck_assert_double_eq((counts[0][0] + counts[1][1]) / 60.0, figure(&f, "validation/accuracy"));
    hone__free(text);
    fixture_end(&f);
}
END_TEST

/* ---- The same bits ----------------------------------------------------------------------------------------------- */

typedef struct files {
    char *metrics, *predictions, *exhibits;
} files;

static files run_with(const char *trainer, const char *more)
{
    fixture f;
    fixture_begin_with(&f, 40);
    fixture_compose(&f, "", fixture_bert(&f, more), trainer);
    run_well(&f);
    const files all = {fixture_read(&f, "metrics.jsonl"), fixture_read(&f, "predictions.tsv"),
                       fixture_read(&f, "exhibits.json")};
    fixture_end(&f);
    return all;
}

static void free_files(files *all)
{
    hone__free(all->metrics);
    hone__free(all->predictions);
    hone__free(all->exhibits);
}

static void compare(const char *one, const char *other)
{
    files a = run_with(one, ""), b = run_with(other, "");
    ck_assert_str_eq(a.metrics, b.metrics);
    ck_assert_str_eq(a.predictions, b.predictions);
    ck_assert_str_eq(a.exhibits, b.exhibits);
    free_files(&a);
    free_files(&b);
}

START_TEST(threads_and_a_second_run_change_no_bit)
{
    static const char one[] = "backend: {type: \"null\"}\ntrainer: {num_train_epochs: 2, train_batch_size: 8, threads: 1}\n";
    compare(one, one);
    compare(one, "backend: {type: \"null\"}\ntrainer: {num_train_epochs: 2, train_batch_size: 8, threads: 2}\n");
    compare(one, "backend: {type: \"null\"}\ntrainer: {num_train_epochs: 2, train_batch_size: 8, threads: 4}\n");
}
END_TEST

START_TEST(threads_change_no_bit_of_openblas)
{
    fixture f;
    const hone__plugin *plugin = NULL;
    hone_error err;
    fixture_begin(&f);
    const hone_status status = hone__registry_find(f.registry, HONE_KIND_BACKEND, "openblas", &plugin, &err);
    fixture_end(&f);
    if (status == HONE_ENOTFOUND) /* it was built without the library */
        return;
    compare("backend: openblas\ntrainer: {num_train_epochs: 2, train_batch_size: 8, threads: 1}\n",
            "backend: openblas\ntrainer: {num_train_epochs: 2, train_batch_size: 8, threads: 4}\n");
}
END_TEST

START_TEST(the_same_cutting_into_micro_batches_gives_the_same_bits)
{
    compare("trainer: {num_train_epochs: 2, train_batch_size: 8, micro_batch_size: 3, threads: 1}\n",
            "trainer: {num_train_epochs: 2, train_batch_size: 8, micro_batch_size: 3, threads: 3}\n");
}
END_TEST

START_TEST(threads_change_no_bit_where_batches_are_bounded_in_tokens)
{
    compare("trainer: {num_train_epochs: 2, train_batch_size: none, max_tokens: 70, train_sampling_strategy: group_by_length, "
            "threads: 1}\n",
            "trainer: {num_train_epochs: 2, train_batch_size: none, max_tokens: 70, train_sampling_strategy: group_by_length, "
            "threads: 3}\n");
}
END_TEST

/* Rows of the reference operators, and of native, are independent, so an evaluation's figures do not depend on its batches. */
START_TEST(the_batches_of_evaluations_change_no_bit)
{
    static const char *const backends[] = {"\"null\"", "native"};
    for (size_t i = 0; i < 2; i++) {
        char one[200], other[200];
        snprintf(one, sizeof one, "backend: {type: %s}\ntrainer: {num_train_epochs: 1, threads: 2}\n", backends[i]);
        snprintf(other, sizeof other, "backend: {type: %s}\ntrainer: {num_train_epochs: 1, threads: 2, eval_max_tokens: 33}\n",
                 backends[i]);
        compare(one, other);
        snprintf(other, sizeof other,
                 "backend: {type: %s}\ntrainer: {num_train_epochs: 1, threads: 2, eval_batch_size: 1, eval_max_tokens: none}\n",
                 backends[i]);
        compare(one, other);
    }
}
END_TEST

/* Masks a token of each text, another one in each epoch. */
static hone_status prepare_masked(const hone_self *self, const hone_prepare *in, hone_sequences *out, hone_error *err)
{
    size_t n;
    hone_tokens tokens;
    hone_sequence s;
    const char *text = hone_example_text(in->example, "text", &n);
    (void)self;
    HONE_TRY(hone_encode(out, text, n, &tokens, err));
    HONE_TRY(hone_sequence_add(out, &tokens, NULL, -1, &s, err));
    int32_t *ids = hone_alloc_array(in->arena, s.n, sizeof *ids);
    ck_assert_ptr_nonnull(ids);
    memcpy(ids, s.ids, s.n * sizeof *ids);
    ids[hone_random_below(in->random, in->index, 0, s.n)] = 0;
    return hone_sequence_set_ids(out, ids, s.n, err);
}

static int count_tokens(const fixture *f)
{
    char command[4400], line[32] = "";
    snprintf(command, sizeof command, "ls %s | grep -c '^tokens-.*safetensors$'", fixture_path(f, "cache"));
    FILE *pipe = popen(command, "r");
    ck_assert_ptr_nonnull(fgets(line, sizeof line, pipe));
    pclose(pipe);
    return atoi(line);
}

/* Thrice: without the token cache, making it, and reading it. per_epoch: with a head that prepares anew each epoch. */
static void compare_with_cache(bool per_epoch, int n_files)
{
    fixture f;
    files all[3];
    fixture_begin_with(&f, 40);
    fixture_compose(&f, "", fixture_bert(&f, ""), "trainer: {num_train_epochs: 2, train_batch_size: 8, threads: 2}\n");
    hone_head head = *(const hone_head *)(const void *)f.experiment->head.plugin->table;
    hone__plugin plugin = *f.experiment->head.plugin;
    head.prepare = prepare_masked;
    head.prepare_per_epoch = 1;
    plugin.table = &head.plugin;
    if (per_epoch)
        f.experiment->head.plugin = &plugin;
    for (int i = 0; i < 3; i++) {
        f.setup.cache_dir = i > 0 ? fixture_path(&f, "cache") : NULL;
        run_well(&f);
        all[i] =
            (files){fixture_read(&f, "metrics.jsonl"), fixture_read(&f, "predictions.tsv"), fixture_read(&f, "exhibits.json")};
    }
    ck_assert_int_eq(count_tokens(&f), n_files);
    for (int i = 1; i < 3; i++) {
        ck_assert_str_eq(all[0].metrics, all[i].metrics);
        ck_assert_str_eq(all[0].predictions, all[i].predictions);
        ck_assert_str_eq(all[0].exhibits, all[i].exhibits);
    }
    for (int i = 0; i < 3; i++)
        free_files(&all[i]);
    fixture_end(&f);
}

START_TEST(the_token_cache_changes_no_bit)
{
    compare_with_cache(false, 2); /* training and validation */
}
END_TEST

START_TEST(what_depends_on_the_epoch_is_not_cached)
{
    compare_with_cache(true, 1); /* validation alone */
}
END_TEST

START_TEST(another_seed_changes_the_numbers)
{
    static const char trainer[] = "trainer: {num_train_epochs: 1, train_batch_size: 8, threads: 1}\n";
    files a = run_with(trainer, ""), b = run_with("seed: 7\ntrainer: {num_train_epochs: 1, threads: 1}\n", "");
    ck_assert_str_ne(a.metrics, b.metrics);
    free_files(&a);
    free_files(&b);
}
END_TEST

/* The dropout masks are those of the whole step, so only the order of sums differs: some roundings of 6e-8, which ten steps of Adam
 * make larger. */
START_TEST(micro_batches_change_nothing_but_roundings)
{
    double losses[3][10];
    static const int64_t sizes[] = {0, 3, 1};
    for (size_t i = 0; i < 3; i++) {
        fixture f;
        fixture_begin_with(&f, 80);
        fixture_compose(&f, ", loss: {type: cross_entropy, class_weights: balanced}", fixture_bert(&f, ""),
                        "trainer: {train_batch_size: 8}\n");
        hone__parts *parts = fixture_parts(&f);
        for (uint64_t step = 0; step < 10; step++) {
            uint64_t order[8];
            hone__step_result r;
            hone_error err;
            for (uint64_t j = 0; j < 8; j++)
                order[j] = step * 8 + j;
            ck_assert_msg(hone__step_run(parts->stepper, parts->train_prepared, order, 8, (uint64_t)sizes[i], (int64_t)step + 1,
                                         0, &r, &err) == HONE_OK,
                          "%s", err.msg);
            losses[i][step] = r.loss;
        }
        hone__parts_destroy(parts);
        fixture_end(&f);
    }
    for (size_t i = 1; i < 3; i++)
        for (size_t step = 0; step < 10; step++)
            ck_assert_msg(fabs(losses[i][step] - losses[0][step]) <= 1e-5 * losses[0][step], "step %zu: %.9g, not %.9g",
                          step + 1, losses[i][step], losses[0][step]);
}
END_TEST

/* ---- Freezing ---------------------------------------------------------------------------------------------------- */

static void check_frozen(const fixture *f, const hone__parts *parts, const char *pattern, bool frozen)
{
    bool found = false;
    for (size_t i = 0; i < hone__store_count(parts->network.store); i++) {
        const hone__weight *w = hone__store_at(parts->network.store, i);
        if (!hone__pattern_matches(pattern, w->name))
            continue;
        found = true;
        ck_assert_msg(w->frozen == frozen, "%s", w->name);
    }
    ck_assert_msg(found, "%s matches nothing", pattern);
    (void)f;
}

static float *copy_weights(const hone__parts *parts)
{
    size_t at = 0;
    float *copy = malloc((size_t)hone__store_elements(parts->network.store, false) * sizeof *copy);
    ck_assert_ptr_nonnull(copy);
    for (size_t i = 0; i < hone__store_count(parts->network.store); i++) {
        const hone__weight *w = hone__store_at(parts->network.store, i);
        memcpy(copy + at, w->value.data, (size_t)w->n * sizeof *copy);
        at += (size_t)w->n;
    }
    return copy;
}

/* Weights that changed although frozen, or did not although trained. */
static void check_changes(const hone__parts *parts, const float *before)
{
    for (size_t i = 0; i < hone__store_count(parts->network.store); i++) {
        const hone__weight *w = hone__store_at(parts->network.store, i);
        const bool same = memcmp(before, w->value.data, (size_t)w->n * sizeof *before) == 0;
        ck_assert_msg(same == w->frozen, "%s", w->name);
        before += w->n;
    }
}

START_TEST(frozen_layers_keep_every_bit)
{
    fixture f;
    hone_error err;
    hone__step_result r;
    const uint64_t order[] = {0, 1, 2, 3};
    fixture_begin_with(&f, 20);
    fixture_compose(&f, "", fixture_bert(&f, ", freeze: {embeddings: true, layers: 1, names: [pooler.dense.bias]}"),
                    "trainer: {threads: 2}\n");
    hone__parts *parts = fixture_parts(&f);
    check_frozen(&f, parts, "bert.embeddings.*", true);
    check_frozen(&f, parts, "bert.encoder.layer.0.*", true);
    check_frozen(&f, parts, "bert.encoder.layer.1.*", false);
    check_frozen(&f, parts, "bert.pooler.dense.bias", true);
    check_frozen(&f, parts, "bert.pooler.dense.weight", false);
    check_frozen(&f, parts, "classifier.*", false);
    float *before = copy_weights(parts);
    for (int64_t step = 5; step < 8; step++) /* behind the warm-up's first step */
        ck_assert_msg(hone__step_run(parts->stepper, parts->train_prepared, order, 4, 0, step, 0, &r, &err) == HONE_OK, "%s",
                      err.msg);
    check_changes(parts, before);
    free(before);
    hone__parts_destroy(parts);
    fixture_end(&f);
}
END_TEST

/* The output of the lowest layer in training, with the masks of one step. */
static void lowest_layer(const hone__parts *parts, int64_t step, float *out, size_t n)
{
    const uint64_t order[] = {0, 1, 2, 3};
    hone_batch *batch = NULL;
    hone__pass p;
    hone_error err;
    hone__block block = {0};
    const hone_step hook = {.size = sizeof hook, .step = step, .total = 10, .n_passes = 1};
    hone__arena_reset(parts->step);
    ck_assert_int_eq(hone__batch_pack(parts->train_prepared, order, 4, parts->step, &batch, &err), HONE_OK);
    ck_assert_msg(
        hone__pass_build(
            &p, &parts->network,
            &(hone__pass_setup){.batch = batch, .arena = parts->step, .training = true, .with_loss = true, .step = &hook},
            &err) == HONE_OK,
        "%s", err.msg);
    hone_node *node = hone__graph_opened(p.graph, "bert.layer.1");
    hone__graph_keep(p.graph, node, false);
    ck_assert_int_eq(hone__graph_plan(p.graph, false, NULL, &err), HONE_OK);
    ck_assert_int_eq(hone__graph_forward(p.graph, &block, &err), HONE_OK);
    ck_assert_uint_ge((uint64_t)hone_shape_count(hone_node_shape(node)), n);
    memcpy(out, hone__node_tensor(node)->data, n * sizeof *out);
    hone__block_free(&block);
}

START_TEST(frozen_layers_run_without_dropout_and_trained_ones_with_it)
{
    static const char *const freezes[] = {", freeze: {embeddings: true, layers: 1}", ""};
    for (size_t i = 0; i < 2; i++) {
        fixture f;
        float one[64], other[64];
        fixture_begin_with(&f, 20);
        fixture_compose(&f, "", fixture_bert(&f, freezes[i]), "trainer: {threads: 1}\n");
        hone__parts *parts = fixture_parts(&f);
        lowest_layer(parts, 1, one, 64);
        lowest_layer(parts, 2, other, 64);
        ck_assert_int_eq(memcmp(one, other, sizeof one) == 0, i == 0);
        hone__parts_destroy(parts);
        fixture_end(&f);
    }
}
END_TEST

static void refused(const char *head, const char *more, const char *trainer, hone_status status, const char *says)
{
    fixture f;
    hone_error err;
    fixture_begin_with(&f, 20);
    fixture_compose(&f, head, fixture_bert(&f, more), trainer);
    ck_assert_int_eq(run(&f, &err), status);
    ck_assert_msg(strstr(err.msg, says) != NULL, "%s", err.msg);
    ck_assert(!hone__exists(fixture_path(&f, "result.json")));
    fixture_end(&f);
}

START_TEST(freezing_what_is_not_there_is_refused)
{
    refused("", ", freeze: {names: [encoder.layer.7.*]}", "", HONE_EINVAL, "encoder.layer.7.*");
    refused("", ", freeze: {layers: 3}", "", HONE_EINVAL, "has 2 layers");
    refused("", ", freeze: {names: [\"*\"]}", "", HONE_EINVAL, "nothing to train");
}
END_TEST

/* ---- Ends -------------------------------------------------------------------------------------------------------- */

START_TEST(a_loss_that_is_no_number_ends_the_trial_and_names_the_step)
{
    /* The step is as long as a float is large: the second one meets infinities. */
    fixture f;
    hone_error err;
    fixture_begin_with(&f, 20);
    fixture_compose(&f, "", "model: {type: bag, hidden_size: 4}\noptimizer: {type: adamw, learning_rate: 100}\n",
                    "trainer: {max_grad_norm: 0, train_batch_size: 4}\n");
    hone__parts *parts = fixture_parts(&f);
    hone__weight *w = hone__store_weight(parts->network.store, "classifier.weight");
    ((float *)w->value.data)[0] = NAN;
    const uint64_t order[] = {0, 1};
    hone__step_result r;
    ck_assert_int_eq(hone__step_run(parts->stepper, parts->train_prepared, order, 2, 0, 3, 0, &r, &err), HONE_ENUMERIC);
    ck_assert_msg(strstr(err.msg, "step 3") != NULL, "%s", err.msg);
    hone__parts_destroy(parts);
    fixture_end(&f);
}
END_TEST

START_TEST(a_stop_ends_the_trial_as_interrupted)
{
    fixture f;
    hone_error err;
    const volatile int stop = 1;
    fixture_begin_with(&f, 20);
    fixture_compose(&f, "", fixture_bag, "");
    f.setup.stop = &stop;
    ck_assert_int_eq(run(&f, &err), HONE_EINTERRUPTED);
    ck_assert(!hone__exists(fixture_path(&f, "result.json")));
    fixture_end(&f);
}
END_TEST

static int count_lines(const char *text, const char *with)
{
    int n = 0;
    for (const char *at = text; (at = strstr(at, with)) != NULL; at++)
        n++;
    return n;
}

START_TEST(early_stopping_ends_after_its_patience)
{
    fixture f;
    fixture_begin_with(&f, 20);
    fixture_compose(&f, "", "model: {type: bag, hidden_size: 4}\noptimizer: {type: adamw, learning_rate: 1.0e-9}\n",
                    "trainer: {num_train_epochs: 9, early_stopping_patience: 2, train_batch_size: 4}\n");
    run_well(&f);
    char *lines = fixture_read(&f, "metrics.jsonl");
    ck_assert_int_eq(count_lines(lines, "validation/loss"), 3); /* the first is the best; two more are no better */
    hone__free(lines);
    fixture_end(&f);
}
END_TEST

START_TEST(the_best_by_a_loss_is_the_smallest)
{
    fixture f;
    json_t *root = NULL;
    hone_error err;
    fixture_begin_with(&f, 60);
    fixture_compose(&f, "", fixture_bag,
                    "trainer: {num_train_epochs: 3, train_batch_size: 8, metric_for_best_model: validation/loss}\n");
    run_well(&f);
    ck_assert_int_eq(hone__json_load(fixture_path(&f, "result.json"), 0, &root, &err), HONE_OK);
    ck_assert_str_eq(json_string_value(json_object_get(root, "metric")), "validation/loss");
    ck_assert_int_eq((int)json_integer_value(json_object_get(root, "best_step")), 24); /* it falls in every epoch */
    json_decref(root);
    fixture_end(&f);
}
END_TEST

START_TEST(max_steps_and_max_train_samples_bound_the_work)
{
    fixture f;
    json_t *root = NULL;
    hone_error err;
    fixture_begin_with(&f, 60);
    fixture_compose(&f, "", fixture_bag,
                    "trainer: {num_train_epochs: 9, max_steps: 7, max_train_samples: 10, train_batch_size: 4}\n");
    run_well(&f);
    ck_assert_int_eq(hone__json_load(fixture_path(&f, "result.json"), 0, &root, &err), HONE_OK);
    const json_t *train = json_object_get(root, "train");
    ck_assert_int_eq((int)json_integer_value(json_object_get(train, "steps")), 7); /* 4 + 4 + 2 an epoch */
    ck_assert_int_eq((int)json_integer_value(json_object_get(train, "examples")), 24);
    json_decref(root);
    fixture_end(&f);
}
END_TEST

START_TEST(evaluations_come_every_so_many_steps_and_at_the_end)
{
    fixture f;
    fixture_begin_with(&f, 20);
    fixture_compose(&f, "", fixture_bag,
                    "trainer: {num_train_epochs: 2, max_steps: 8, train_batch_size: 4, eval_strategy: steps, eval_steps: 3}\n");
    run_well(&f);
    char *lines = fixture_read(&f, "metrics.jsonl");
    ck_assert_int_eq(count_lines(lines, "validation/loss"), 3); /* steps 3, 6 and 8 */
    ck_assert_ptr_nonnull(strstr(lines, "{\"step\": 6, \"total_steps\": 8, \"epoch\": 1.2, \"validation/loss\""));
    hone__free(lines);
    fixture_end(&f);
}
END_TEST

START_TEST(a_metric_that_nobody_gives_is_refused)
{
    fixture f;
    hone_error err;
    fixture_begin_with(&f, 20);
    fixture_compose(&f, "", fixture_bag, "trainer: {num_train_epochs: 1}\n");
    f.experiment->trainer.metric_for_best_model = "validation/bleu";
    ck_assert_int_eq(run(&f, &err), HONE_EINVAL);
    ck_assert_msg(strstr(err.msg, "bleu") != NULL, "%s", err.msg);
    fixture_end(&f);
}
END_TEST

/* ---- Calibration ------------------------------------------------------------------------------------------------- */

static hone_head calibrated; /* the head classification, which then looks at the validation set first */
static hone_status (*plain_decode)(const hone_self *self, const hone_decode *in, hone_answer *answers, hone_error *err);

/* Keeps the share of the positive label's gold, as a head of sets would keep thresholds. */
static hone_status keep_share(const hone_self *self, const hone_evaluation *e, const void **bytes, uint64_t *n, hone_error *err)
{
    double *share = hone_alloc(self->step, sizeof *share);
    if (!share)
        return hone_no_memory(err, "calibrating");
    for (uint64_t i = 0; i < e->n; i++) {
        ck_assert_int_eq(hone_record_at(e, i)->prediction->zero, 0); /* decoded without calibration */
        *share += hone_record_at(e, i)->gold->index == 1;
    }
    *share /= (double)e->n;
    *bytes = share;
    *n = sizeof *share;
    return HONE_OK;
}

static hone_status decode_calibrated(const hone_self *self, const hone_decode *in, hone_answer *answers, hone_error *err)
{
    HONE_TRY(plain_decode(self, in, answers, err));
    answers[0].zero = in->n_calibration == sizeof(double) && *(const double *)in->calibration > 0.3;
    return HONE_OK;
}

START_TEST(a_head_is_calibrated_before_it_decodes_and_its_model_keeps_that)
{
    fixture f;
    hone_error err;
    hone__loop loop;
    fixture_begin_with(&f, 40);
    fixture_compose(&f, "", fixture_bag, "trainer: {num_train_epochs: 2, train_batch_size: 16, threads: 1}\n");
    hone__parts *parts = fixture_parts(&f);
    calibrated = *parts->network.head;
    plain_decode = calibrated.decode;
    calibrated.calibrate = keep_share;
    calibrated.decode = decode_calibrated;
    parts->network.head = &calibrated;
    ck_assert_msg(hone__loop_create(&loop, parts, &err) == HONE_OK, "%s", err.msg);
    ck_assert_msg(hone__loop_run(&loop, &err) == HONE_OK, "%s", err.msg);
    const hone_evaluation *e = &loop.best->evaluated.outputs[0];
    ck_assert_uint_gt(e->n, 0);
    for (uint64_t i = 0; i < e->n; i++)
        ck_assert_int_eq(hone_record_at(e, i)->prediction->zero, 1);
    ck_assert_uint_eq(loop.best->n_calibration, sizeof(double));
    char *json = fixture_read(&f, "model/hone.json");
    ck_assert_ptr_nonnull(strstr(json, "\"calibration\": \""));
    hone__free(json);
    hone__loop_clear(&loop);
    hone__parts_destroy(parts);
    fixture_end(&f);
}
END_TEST

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

static hone_status attempt(void *ctx, hone_error *err)
{
    return run(ctx, err);
}

START_TEST(any_allocation_may_fail_and_a_retry_succeeds)
{
    fixture f;
    fixture_begin_with(&f, 4);
    fixture_compose(&f, "", "model: {type: bag, hidden_size: 2}\n",
                    "trainer: {num_train_epochs: 1, max_steps: 1, threads: 1}\n");
    ck_assert_int_gt(suite_every_allocation_fails(attempt, &f), 50);
    fixture_end(&f);
}
END_TEST

SUITE("trial", a_bag_learns_what_can_be_told_apart, a_small_bert_learns_what_can_be_told_apart,
      other_poolings_and_hidden_layers_learn_too, the_confusion_matrix_agrees_with_accuracy,
      threads_and_a_second_run_change_no_bit, the_same_cutting_into_micro_batches_gives_the_same_bits,
      evaluations_come_every_so_many_steps_and_at_the_end, threads_change_no_bit_of_openblas,
      threads_change_no_bit_where_batches_are_bounded_in_tokens, the_batches_of_evaluations_change_no_bit,
      the_token_cache_changes_no_bit, what_depends_on_the_epoch_is_not_cached, another_seed_changes_the_numbers,
      micro_batches_change_nothing_but_roundings, frozen_layers_keep_every_bit,
      frozen_layers_run_without_dropout_and_trained_ones_with_it, freezing_what_is_not_there_is_refused,
      a_loss_that_is_no_number_ends_the_trial_and_names_the_step, a_stop_ends_the_trial_as_interrupted,
      early_stopping_ends_after_its_patience, the_best_by_a_loss_is_the_smallest,
      a_head_is_calibrated_before_it_decodes_and_its_model_keeps_that, max_steps_and_max_train_samples_bound_the_work,
      a_metric_that_nobody_gives_is_refused, any_allocation_may_fail_and_a_retry_succeeds)
