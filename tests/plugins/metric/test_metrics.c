/* test_metrics.c - accuracy and f1 against scikit-learn, in the file that tests/golden/metrics.py makes.
 *
 * Sums of whole numbers are exact; a few divisions round: 1e-12.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "plugin_fixture.h"
#include "train/evaluate.h"

#include <math.h>

static const char *const labels[] = {"zero", "one", "two", "three", "four"};

static int64_t int_of(const json_t *object, const char *key)
{
    return (int64_t)json_integer_value(json_object_get(object, key));
}

static const hone_answer *answer(const plugin_fixture *f, int64_t index)
{
    hone_answer *a = hone_alloc(f->arena, sizeof *a);
    ck_assert_ptr_nonnull(a);
    *a = hone_answer_of(HONE_TARGET_CLASS);
    a->index = (int32_t)index;
    return a;
}

static hone_evaluation evaluation_of(const plugin_fixture *f, const json_t *test)
{
    const json_t *gold = json_object_get(test, "gold"), *predicted = json_object_get(test, "predicted");
    const size_t n = json_array_size(gold);
    hone_record *records = hone_alloc_array(f->arena, n, sizeof *records);
    ck_assert_ptr_nonnull(records);
    for (size_t i = 0; i < n; i++) {
        records[i].id = "x";
        records[i].gold = answer(f, (int64_t)json_integer_value(json_array_get(gold, i)));
        records[i].prediction = answer(f, (int64_t)json_integer_value(json_array_get(predicted, i)));
    }
    return (hone_evaluation){.size = sizeof(hone_evaluation),
                             .target = HONE_TARGET_CLASS,
                             .positive = -1,
                             .n = n,
                             .records = records,
                             .record_size = sizeof *records,
                             .n_labels = (uint64_t)int_of(test, "n_labels"),
                             .labels = labels,
                             .split = "validation",
                             .output = ""};
}

static hone_facts facts_of(uint64_t n_labels)
{
    return (hone_facts){
        .size = sizeof(hone_facts), .target = HONE_TARGET_CLASS, .positive = -1, .n_labels = n_labels, .labels = labels};
}

/* The metric's own figure. */
static const hone__figure *figure_of(const plugin_fixture *f, const char *yaml, const hone_evaluation *e)
{
    hone_error err;
    const hone_facts facts = facts_of(e->n_labels);
    hone_self *self = plugin_make(f, HONE_KIND_METRIC, yaml);
    const hone_metric *metric = (const hone_metric *)(const void *)self->plugin;
    if (metric->create)
        ck_assert_msg(metric->create(self, &facts, &err) == HONE_OK, "%s", err.msg);
    hone_exhibits *x = hone__exhibits_create(f->arena);
    const hone__metric_use use = {.name = "it"};
    ck_assert_msg(hone__metric_run(&use, self, e, x, &err) == HONE_OK, "%s", err.msg);
    return hone__exhibits_figure(x, "it");
}

static void compare(const plugin_fixture *f, const char *yaml, const hone_evaluation *e, const json_t *test, double want)
{
    const double have = figure_of(f, yaml, e)->value;
    ck_assert_msg(fabs(have - want) <= 1e-12, "%s: %s is %.17g, not %.17g", json_string_value(json_object_get(test, "name")),
                  yaml, have, want);
}

static void compare_case(const plugin_fixture *f, const json_t *test)
{
    static const char *const averages[] = {"macro", "micro", "weighted"};
    const hone_evaluation e = evaluation_of(f, test);
    compare(f, "accuracy", &e, test, json_number_value(json_object_get(test, "accuracy")));
    for (size_t i = 0; i < 3; i++) {
        const char *yaml = hone_sprintf(f->arena, "{type: f1, average: %s}", averages[i]);
        compare(f, yaml, &e, test, json_number_value(json_object_get(test, averages[i])));
    }
    for (uint64_t c = 0; c < e.n_labels; c++) {
        const char *yaml = hone_sprintf(f->arena, "{type: f1, average: binary, positive_label: %s}", labels[c]);
        compare(f, yaml, &e, test, json_number_value(json_array_get(json_object_get(test, "binary"), c)));
    }
}

START_TEST(figures_equal_scikit_learn)
{
    plugin_fixture f;
    json_t *root = NULL;
    hone_error err;
    plugin_begin(&f);
    ck_assert_msg(hone__json_load("tests/golden/metrics.json", 0, &root, &err) == HONE_OK, "%s", err.msg);
    const json_t *cases = json_object_get(root, "cases");
    ck_assert_int_gt((int)json_array_size(cases), 0);
    for (size_t i = 0; i < json_array_size(cases); i++)
        compare_case(&f, json_array_get(cases, i));
    json_decref(root);
    plugin_end(&f);
}
END_TEST

static hone_evaluation small(const plugin_fixture *f, uint64_t n_labels)
{
    static const int32_t gold[] = {0, 1, 1, 0}, predicted[] = {0, 1, 0, 1};
    hone_record *records = hone_alloc_array(f->arena, 4, sizeof *records);
    ck_assert_ptr_nonnull(records);
    for (size_t i = 0; i < 4; i++)
        records[i] = (hone_record){.id = "x", .gold = answer(f, gold[i]), .prediction = answer(f, predicted[i])};
    return (hone_evaluation){.size = sizeof(hone_evaluation),
                             .target = HONE_TARGET_CLASS,
                             .positive = -1,
                             .n = 4,
                             .records = records,
                             .record_size = sizeof *records,
                             .n_labels = n_labels,
                             .labels = labels,
                             .split = "validation",
                             .output = ""};
}

START_TEST(notes_say_what_is_positive_and_which_average)
{
    plugin_fixture f;
    plugin_begin(&f);
    const hone_evaluation two = small(&f, 2), three = small(&f, 3);
    ck_assert_str_eq(figure_of(&f, "f1", &two)->note, "binary, positive label: one");
    ck_assert_str_eq(figure_of(&f, "{type: f1, positive_label: zero}", &two)->note, "binary, positive label: zero");
    ck_assert_str_eq(figure_of(&f, "f1", &three)->note, "macro average over 2 labels");
    ck_assert_str_eq(figure_of(&f, "{type: f1, average: micro}", &three)->note, "micro average over all decisions");
    ck_assert_int_eq(figure_of(&f, "f1", &two)->direction, 1);
    plugin_end(&f);
}
END_TEST

static const char *refusal(const plugin_fixture *f, const char *yaml, uint64_t n_labels, hone_error *err)
{
    const hone_facts facts = facts_of(n_labels);
    hone_self *self = plugin_make(f, HONE_KIND_METRIC, yaml);
    const hone_metric *metric = (const hone_metric *)(const void *)self->plugin;
    ck_assert_int_eq(metric->create(self, &facts, err), HONE_EINVAL);
    return err->msg;
}

START_TEST(what_f1_cannot_mean_is_refused)
{
    plugin_fixture f;
    hone_error err;
    plugin_begin(&f);
    ck_assert_ptr_nonnull(strstr(refusal(&f, "{type: f1, average: binary}", 3, &err), "positive_label"));
    ck_assert_ptr_nonnull(strstr(refusal(&f, "{type: f1, positive_label: seven}", 3, &err), "seven"));
    ck_assert_ptr_nonnull(strstr(refusal(&f, "{type: f1, average: macro, positive_label: one}", 3, &err), "macro"));
    plugin_end(&f);
}
END_TEST

START_TEST(examples_without_gold_do_not_count)
{
    plugin_fixture f;
    plugin_begin(&f);
    hone_evaluation e = small(&f, 2);
    hone_record records[4];
    memcpy(records, e.records, sizeof records);
    records[2].gold = records[3].gold = NULL;
    e.records = records;
    ck_assert_double_eq(figure_of(&f, "accuracy", &e)->value, 1.0);
    plugin_end(&f);
}
END_TEST

SUITE("metrics", figures_equal_scikit_learn, notes_say_what_is_positive_and_which_average, what_f1_cannot_mean_is_refused,
      examples_without_gold_do_not_count)
