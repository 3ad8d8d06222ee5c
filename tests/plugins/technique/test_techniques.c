/* test_techniques.c - ema and fgm against tests/golden/techniques.py: steps of a tiny model, in one piece and in micro-batches.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "golden_lines.h"
#include "trial_fixture.h"

enum { TEXTS = 4, STEPS = 5, WEIGHTS = 62 };

/* Five steps in float against double, of numbers around 1. */
#define TOLERANCE 2e-6

static const char experiment[] = "data: {type: tsv, train: train.tsv, validation: train.tsv, quoting: none, "
                                 "columns: {text: text, label: label}}\n"
                                 "tokenizer: {type: whitespace, vocab: words.txt, max_length: 16}\n"
                                 "model: {type: bag, hidden_size: 4%s}\n"
                                 "head: {type: classification, dropout: 0}\n"
                                 "optimizer: {type: sgd, learning_rate: 0.5}\n"
                                 "schedule: constant\n"
                                 "trainer: {num_train_epochs: 5, train_batch_size: 4, max_grad_norm: 0, threads: 2}\n"
                                 "metrics: [accuracy]\n"
                                 "techniques: %s\n";

typedef struct tiny {
    fixture f;
    hone__parts *parts;
} tiny;

static void begin(tiny *t, const char *techniques, const char *model)
{
    char yaml[2048];
    snprintf(yaml, sizeof yaml, experiment, model, techniques);
    fixture_begin(&t->f);
    fixture_write(&t->f, "words.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nc\nd\ne\nf\ng\nh\n");
    fixture_write(&t->f, "train.tsv", "text\tlabel\na b c\tno\nd b\tyes\ne f g h a\tno\nc\tyes\n");
    fixture_load(&t->f, yaml);
    t->parts = fixture_parts(&t->f);
}

static void end(tiny *t)
{
    hone__parts_destroy(t->parts);
    fixture_end(&t->f);
}

/* All weights in the reference's order, written or read. */
static void each_weight(const tiny *t, float *x, bool set)
{
    static const char *const names[] = {"bag.embeddings.weight", "classifier.weight", "classifier.bias"};
    int64_t at = 0;
    for (size_t i = 0; i < 3; i++) {
        hone__weight *w = hone__store_weight(t->parts->network.store, names[i]);
        ck_assert_msg(w != NULL && at + w->n <= WEIGHTS, "there is no weight %s, or it is too large", names[i]);
        for (int64_t k = 0; k < w->n; k++, at++)
            if (set)
                ((float *)w->value.data)[k] = x[at];
            else
                x[at] = ((const float *)w->value.data)[k];
    }
    ck_assert_int_eq((int)at, WEIGHTS);
}

static void set_weights(const tiny *t, const line *l)
{
    float x[WEIGHTS];
    ck_assert_int_eq(l->n, WEIGHTS);
    for (int i = 0; i < WEIGHTS; i++)
        x[i] = (float)l->x[i];
    each_weight(t, x, true);
}

static hone_status step(tiny *t, int64_t number, uint64_t micro, double *loss, hone_error *err)
{
    static const uint64_t order[TEXTS] = {0, 1, 2, 3};
    hone__step_result result = {0};
    const hone_status status =
        hone__step_run(t->parts->stepper, t->parts->train_prepared, order, TEXTS, micro, number, 0, &result, err);
    *loss = result.loss;
    return status;
}

static void check_weights(const tiny *t, const char *yaml, const line *want)
{
    float x[WEIGHTS];
    each_weight(t, x, false);
    line_compare(yaml, x, WEIGHTS, want, TOLERANCE);
}

/* What is evaluated, and that the trained weights come back afterwards. */
static void check_average(tiny *t, const char *yaml, const line *want)
{
    float before[WEIGHTS], after[WEIGHTS];
    hone_error err;
    each_weight(t, before, false);
    ck_assert_int_eq(hone__stepper_evaluation_begin(t->parts->stepper, &err), HONE_OK);
    check_weights(t, yaml, want);
    hone__stepper_evaluation_end(t->parts->stepper);
    each_weight(t, after, false);
    ck_assert_mem_eq(before, after, sizeof before);
}

static void check_case(FILE *file, const char *yaml, uint64_t micro)
{
    tiny t;
    line l;
    const bool averages = strstr(yaml, "ema") != NULL;
    begin(&t, yaml, "");
    line_expect(file, &l, "first");
    set_weights(&t, &l);
    for (int64_t number = 1; number <= STEPS; number++) {
        double loss;
        hone_error err = {HONE_OK, ""};
        ck_assert_msg(step(&t, number, micro, &loss, &err) == HONE_OK, "%s: %s", yaml, err.msg);
        const float single = (float)loss;
        line_expect(file, &l, "loss");
        line_compare(yaml, &single, 1, &l, TOLERANCE);
        line_expect(file, &l, "weights");
        check_weights(&t, yaml, &l);
        if (averages) {
            line_expect(file, &l, "average");
            check_average(&t, yaml, &l);
        }
    }
    end(&t);
}

static void check_file(uint64_t micro)
{
    FILE *file = lines_open("tests/golden/techniques.txt");
    line l;
    int cases = 0;
    for (; line_next(file, &l); cases++)
        check_case(file, l.yaml, micro);
    ck_assert_int_eq(cases, 5);
    fclose(file);
}

START_TEST(steps_equal_the_reference)
{
    check_file(0);
}
END_TEST

START_TEST(steps_cut_into_micro_batches_equal_it_too)
{
    check_file(1);
    check_file(3);
}
END_TEST

START_TEST(before_the_first_step_ema_evaluates_the_weights_as_they_are)
{
    tiny t;
    hone_error err;
    float before[WEIGHTS], evaluated[WEIGHTS];
    begin(&t, "[ema]", "");
    each_weight(&t, before, false);
    ck_assert_int_eq(hone__stepper_evaluation_begin(t.parts->stepper, &err), HONE_OK);
    each_weight(&t, evaluated, false);
    hone__stepper_evaluation_end(t.parts->stepper);
    ck_assert_mem_eq(before, evaluated, sizeof before);
    end(&t);
}
END_TEST

/* A step that ended before its update is none: the average has not begun. */
START_TEST(after_a_failed_first_step_ema_evaluates_the_weights_as_they_are)
{
    tiny t;
    hone_error err;
    float before[WEIGHTS], evaluated[WEIGHTS];
    double loss;
    begin(&t, "[ema]", "");
    each_weight(&t, before, false);
    before[WEIGHTS - 1] = INFINITY;
    each_weight(&t, before, true);
    ck_assert_int_eq(step(&t, 1, 0, &loss, &err), HONE_ENUMERIC);
    ck_assert_int_eq(hone__stepper_evaluation_begin(t.parts->stepper, &err), HONE_OK);
    each_weight(&t, evaluated, false);
    hone__stepper_evaluation_end(t.parts->stepper);
    ck_assert_mem_eq(before, evaluated, sizeof before);
    end(&t);
}
END_TEST

/* They have no gradient of their own, but the direction in which the loss grows is there all the same. */
START_TEST(frozen_embeddings_are_moved_as_well)
{
    tiny plain, moved;
    hone_error err = {HONE_OK, ""};
    double loss, other;
    begin(&plain, "[]", ", freeze: {embeddings: true}");
    begin(&moved, "[{type: fgm, epsilon: 0.5}]", ", freeze: {embeddings: true}");
    float a[WEIGHTS], b[WEIGHTS], first[WEIGHTS];
    each_weight(&plain, first, false);
    ck_assert_msg(step(&plain, 1, 0, &loss, &err) == HONE_OK, "%s", err.msg);
    ck_assert_msg(step(&moved, 1, 0, &other, &err) == HONE_OK, "%s", err.msg);
    ck_assert_double_eq(loss, other); /* that of the first pass */
    each_weight(&plain, a, false);
    each_weight(&moved, b, false);
    const size_t embeddings = 13 * 4 * sizeof *a;
    ck_assert_mem_eq(first, a, embeddings);
    ck_assert_mem_eq(first, b, embeddings);
    ck_assert_int_ne(memcmp(a, b, sizeof a), 0);
    end(&plain);
    end(&moved);
}
END_TEST

SUITE("techniques", steps_equal_the_reference, steps_cut_into_micro_batches_equal_it_too,
      before_the_first_step_ema_evaluates_the_weights_as_they_are,
      after_a_failed_first_step_ema_evaluates_the_weights_as_they_are, frozen_embeddings_are_moved_as_well)
