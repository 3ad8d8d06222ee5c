/* test_heads.c - whole trials of regression and of classification with every loss, metric, optimizer and technique that fits.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "base/str.h"
#include "train/evaluate.h"
#include "trial_fixture.h"

#include <hone/statistics.h>

#include <math.h>

/* Texts of 4 to 11 words; the score is the share of "good" less that of "bad", the label its sign. */
static void write_data(const fixture *f, const char *name, uint64_t seed, int n)
{
    static const char *const words[] = {"good", "bad", "the", "a", "of"};
    const hone_key key = {.seed = seed};
    const hone_stream stream = hone_stream_of(&key);
    hone__str s = {0};
    hone__str_add(&s, "text\tscore\tlabel\n");
    for (uint64_t i = 0; i < (uint64_t)n; i++) {
        const uint64_t length = 4 + hone_random_below(stream, i, 0, 8);
        double score = 0;
        for (uint64_t w = 0; w < length; w++) {
            const uint64_t which = hone_random_below(stream, i, 1 + w, 5);
            hone__str_addf(&s, "%s%s", w ? " " : "", words[which]);
            score += which == 0 ? 1 : which == 1 ? -1 : 0;
        }
        hone__str_addf(&s, "\t%.6f\t%s\n", score / (double)length, score > 0 ? "up" : score < 0 ? "down" : "level");
    }
    fixture_write(f, name, hone__str_text(&s));
    hone__str_clear(&s);
}

static void begin(fixture *f, const char *column, const char *rest)
{
    static const char yaml[] = "data: {type: tsv, train: train.tsv, validation: dev.tsv, columns: {text: text, %s: %s}}\n"
                               "tokenizer: {type: whitespace, max_length: 16}\n"
                               "model: {type: bag, hidden_size: 16}\n"
                               "trainer: {num_train_epochs: 12, train_batch_size: 16, micro_batch_size: 8, threads: 2}\n%s";
    fixture_begin(f);
    write_data(f, "train.tsv", 1, 300);
    write_data(f, "dev.tsv", 2, 100);
    fixture_load(f, hone_sprintf(f->arena, yaml, column, column, rest));
}

static double figure(const fixture *f, const char *name)
{
    json_t *root = NULL;
    hone_error err;
    ck_assert_msg(hone__json_load(fixture_path(f, "result.json"), 0, &root, &err) == HONE_OK, "%s", err.msg);
    const json_t *value = json_object_get(json_object_get(json_object_get(root, "figures"), name), "value");
    ck_assert_msg(json_is_number(value), "there is no figure %s", name);
    const double x = json_number_value(value);
    json_decref(root);
    return x;
}

static void run_well(fixture *f, const char *what)
{
    hone_error err;
    ck_assert_msg(hone__trial_run(&f->setup, &err) == HONE_OK, "%s: %s", what, err.msg);
}

START_TEST(regression_learns_with_every_loss)
{
    static const char *const losses[] = {"mse", "mae", "{type: huber, delta: 0.2}"};
    for (size_t i = 0; i < sizeof losses / sizeof *losses; i++) {
        fixture f;
        char rest[1024];
        snprintf(rest, sizeof rest,
                 "head: {type: regression, dropout: 0, hidden_layers: [8], activation: tanh, loss: %s}\n"
                 "optimizer: {type: adamw, learning_rate: 1.0e-2}\nschedule: {type: cosine, warmup_ratio: 0.1}\n"
                 "metrics: [pearson, spearman, mse, mae]\n",
                 losses[i]);
        begin(&f, "score", rest);
        run_well(&f, losses[i]);
        ck_assert_double_gt(figure(&f, "validation/pearson"), 0.95);
        ck_assert_double_gt(figure(&f, "validation/spearman"), 0.95);
        ck_assert_double_lt(figure(&f, "validation/mse"), 0.01);
        ck_assert_double_lt(figure(&f, "validation/mae"), 0.1);
        fixture_end(&f);
    }
}
END_TEST

/* What each of these changes in a training; all of them learn. */
START_TEST(classification_learns_with_every_loss_optimizer_and_technique)
{
    static const char *const cases[] = {
        "head: {type: classification, loss: {type: focal, gamma: 1, class_weights: balanced}}\n"
        "optimizer: {type: adamw, learning_rate: 2.0e-2}\n",
        "head: {type: classification, dropout: 0}\n"
        "optimizer: {type: sgd, learning_rate: 1.0, momentum: 0.9, nesterov: true}\nschedule: linear\n",
        "head: classification\noptimizer: {type: adamw, learning_rate: 2.0e-2}\n"
        "techniques: [{type: fgm, epsilon: 0.1}, {type: ema, decay: 0.9, warmup: true}]\n",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fixture f;
        char rest[1024];
        snprintf(rest, sizeof rest,
                 "%smetrics: [accuracy, precision, recall, {type: f1, average: weighted}, matthews_correlation, confusion, "
                 "log_loss, roc_auc]\n",
                 cases[i]);
        begin(&f, "label", rest);
        run_well(&f, cases[i]);
        ck_assert_double_gt(figure(&f, "validation/accuracy"), 0.8);
        ck_assert_double_gt(figure(&f, "validation/f1"), 0.8);
        ck_assert_double_gt(figure(&f, "validation/matthews_correlation"), 0.7);
        ck_assert_double_gt(figure(&f, "validation/roc_auc"), 0.9);
        ck_assert_double_lt(figure(&f, "validation/log_loss"), 0.8);
        ck_assert_double_eq_tol(figure(&f, "validation/confusion"), 100 * (1 - figure(&f, "validation/accuracy")), 1e-9);
        fixture_end(&f);
    }
}
END_TEST

/* ---- Sets of labels ---------------------------------------------------------------------------------------------- */

/* Labels are the marked words of the text, the rare one among them seldom. */
static void write_sets(const fixture *f, const char *name, uint64_t seed, int n)
{
    static const char *const words[] = {"joy", "fear", "rage", "the", "a", "of"};
    const hone_key key = {.seed = seed};
    const hone_stream stream = hone_stream_of(&key);
    hone__str s = {0};
    for (uint64_t i = 0; i < (uint64_t)n; i++) {
        bool has[3] = {false};
        for (uint64_t w = 0; w < 6; w++) {
            const uint64_t which = hone_random_below(stream, i, w, 6);
            const bool rare = which == 2 && hone_random_below(stream, i, 20 + w, 4) > 0;
            hone__str_addf(&s, "%s%s", w ? " " : "", rare ? "the" : words[which]);
            if (which < 3 && !rare)
                has[which] = true;
        }
        hone__str_add(&s, "\t");
        for (int k = 0, first = 1; k < 3; k++)
            if (has[k]) {
                hone__str_addf(&s, "%s%s", first ? "" : ";", words[k]);
                first = 0;
            }
        hone__str_add(&s, "\n");
    }
    fixture_write(f, name, hone__str_text(&s));
    hone__str_clear(&s);
}

static void begin_sets(fixture *f, const char *head)
{
    fixture_begin(f);
    write_sets(f, "train.tsv", 1, 300);
    write_sets(f, "dev.tsv", 2, 100);
    fixture_load(
        f, hone_sprintf(f->arena,
                        "data: {type: tsv, train: train.tsv, validation: dev.tsv, header: false, columns: {text: 1, label: 2}, "
                        "label_separator: ;}\n"
                        "tokenizer: {type: whitespace, max_length: 16}\nmodel: {type: bag, hidden_size: 16}\n"
                        "optimizer: {type: adamw, learning_rate: 2.0e-2}\nhead: %s\n"
                        "trainer: {num_train_epochs: 6, train_batch_size: 16, threads: 2}\n"
                        "metrics: [{type: f1, average: macro}, {type: f1, name: samples, average: samples}, hamming_loss, "
                        "subset_accuracy, average_precision]\n",
                        head));
}

START_TEST(sets_of_labels_are_learnt_and_thresholds_that_are_chosen_are_no_worse)
{
    static const char *const heads[] = {"{type: multi_label, threshold: 0.9}", "{type: multi_label, threshold: calibrate}"};
    double f1[2];
    for (size_t i = 0; i < 2; i++) {
        fixture f;
        begin_sets(&f, heads[i]);
        run_well(&f, heads[i]);
        f1[i] = figure(&f, "validation/f1");
        ck_assert_double_gt(figure(&f, "validation/average_precision"), 0.95);
        char *json = fixture_read(&f, "model/hone.json");
        ck_assert_int_eq(strstr(json, "\"calibration\": null") != NULL, i == 0);
        hone__free(json);
        fixture_end(&f);
    }
    ck_assert_double_gt(f1[1], 0.95);
    ck_assert_double_ge(f1[1], f1[0]);
}
END_TEST

START_TEST(a_threshold_by_name_is_left_alone_by_calibration)
{
    fixture f;
    hone_error err;
    begin_sets(&f, "{type: multi_label, threshold: calibrate, thresholds_by_label: {rage: 1.0}}");
    run_well(&f, "by name");
    hone_evaluation *e = NULL;
    ck_assert_msg(hone__predictions_read(f.arena, fixture_path(&f, "predictions.tsv"), &e, &err) == HONE_OK, "%s", err.msg);
    ck_assert_str_eq(e->labels[2], "rage");
    for (uint64_t i = 0; i < e->n; i++)
        ck_assert(!hone_answer_holds(hone_record_at(e, i)->prediction, 2));
    fixture_end(&f);
    hone__parts *parts = NULL;
    begin_sets(&f, "{type: multi_label, thresholds_by_label: {rge: 1.0}}");
    ck_assert_int_eq(hone__parts_create(&f.setup, &parts, &err), HONE_EINVAL);
    ck_assert_msg(strstr(err.msg, "names rge, which is no label") != NULL, "%s", err.msg);
    fixture_end(&f);
}
END_TEST

SUITE("heads", sets_of_labels_are_learnt_and_thresholds_that_are_chosen_are_no_worse,
      a_threshold_by_name_is_left_alone_by_calibration, regression_learns_with_every_loss,
      classification_learns_with_every_loss_optimizer_and_technique)
