/* test_metrics.c - every metric gives what scikit-learn and SciPy give on tests/golden/metrics, corner cases too.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "plugin_fixture.h"
#include "train/evaluate.h"

#include <math.h>

enum { MOST_ROWS = 64, MOST_LABELS = 8, MOST_WORDS = 16 };

static const char *const names[MOST_LABELS] = {"l0", "l1", "l2", "l3", "l4", "l5", "l6", "l7"};

/* The examples of one case. */
typedef struct table {
    char name[64];
    hone_target target;
    uint64_t n_labels, n;
    hone_answer gold[MOST_ROWS], predicted[MOST_ROWS];
    int32_t sets[2][MOST_ROWS][MOST_LABELS];
    float scores[MOST_ROWS][MOST_LABELS];
    hone_record records[MOST_ROWS];
} table;

/* One line "want": a metric, its settings and the figure. */
typedef struct want {
    const char *metric, *average, *suffix;
    int positive;
    double zero_division, value;
} want;

/* ---- Reading the cases ------------------------------------------------------------------------------------------- */

static void read_answer(table *t, int side, const char *word, hone_answer *a)
{
    *a = hone_answer_of(t->target);
    if (t->target == HONE_TARGET_CLASS)
        a->index = (int32_t)strtol(word, NULL, 10);
    if (t->target == HONE_TARGET_SCORE)
        a->score = strtod(word, NULL);
    a->labels = t->sets[side][t->n];
    for (int32_t l = 0; t->target == HONE_TARGET_CLASSES && word[l]; l++)
        if (word[l] == '1')
            t->sets[side][t->n][a->n++] = l;
}

static void read_row(table *t, char *const *words, int n)
{
    ck_assert_int_lt((int)t->n, MOST_ROWS);
    read_answer(t, 0, words[1], &t->gold[t->n]);
    read_answer(t, 1, words[2], &t->predicted[t->n]);
    for (int i = 3; i < n; i++)
        t->scores[t->n][i - 3] = strtof(words[i], NULL);
    t->predicted[t->n].scores = t->scores[t->n];
    t->predicted[t->n].n_scores = (uint64_t)n - 3;
    t->records[t->n] = (hone_record){"row", &t->gold[t->n], &t->predicted[t->n], NAN, 1, NULL};
    t->n++;
}

static void begin_case(table *t, char *const *words)
{
    memset(t, 0, sizeof *t);
    snprintf(t->name, sizeof t->name, "%s", words[1]);
    t->target = strcmp(words[2], "class") == 0     ? HONE_TARGET_CLASS
                : strcmp(words[2], "classes") == 0 ? HONE_TARGET_CLASSES
                                                   : HONE_TARGET_SCORE;
    t->n_labels = strtoull(words[3], NULL, 10);
}

static int split(char *line, char **words)
{
    int n = 0;
    char *save = NULL;
    for (char *w = strtok_r(line, " \n", &save); w && n < MOST_WORDS; w = strtok_r(NULL, " \n", &save))
        words[n++] = w;
    return n;
}

/* ---- Asking the plugins ------------------------------------------------------------------------------------------ */

static hone_evaluation evaluation_of(const table *t)
{
    return (hone_evaluation){.size = sizeof(hone_evaluation),
                             .target = t->target,
                             .positive = -1,
                             .n = t->n,
                             .records = t->records,
                             .record_size = sizeof(hone_record),
                             .n_labels = t->n_labels,
                             .labels = names,
                             .split = "validation",
                             .output = ""};
}

static hone_status create(const hone_self *self, const table *t, hone_error *err)
{
    const hone_metric *metric = (const hone_metric *)(const void *)self->plugin;
    const hone_facts facts = {
        .size = sizeof facts, .target = t->target, .positive = -1, .n_labels = t->n_labels, .labels = names};
    return metric->create ? metric->create(self, &facts, err) : HONE_OK;
}

/* Everything that the metric shows, its own figure under the name "it". */
static hone_status show(const hone_self *self, const table *t, hone_arena *arena, hone_exhibits **out, hone_error *err)
{
    const hone_evaluation e = evaluation_of(t);
    const hone__metric_use use = {.name = "it"};
    *out = hone__exhibits_create(arena);
    return *out ? hone__metric_run(&use, self, &e, *out, err) : hone_no_memory(err, "testing");
}

static hone_exhibits *shown(const plugin_fixture *f, const char *yaml, const table *t)
{
    hone_error err = {HONE_OK, ""};
    hone_exhibits *x = NULL;
    const hone_self *self = plugin_make(f, HONE_KIND_METRIC, yaml);
    ck_assert_msg(create(self, t, &err) == HONE_OK, "%s, %s: %s", t->name, yaml, err.msg);
    ck_assert_msg(show(self, t, f->arena, &x, &err) == HONE_OK, "%s, %s: %s", t->name, yaml, err.msg);
    return x;
}

static const char *yaml_of(const plugin_fixture *f, const want *w)
{
    const char *yaml = hone_sprintf(f->arena, "{type: %s", w->metric);
    if (*w->average != '-')
        yaml = hone_sprintf(f->arena, "%s, average: %s", yaml, w->average);
    if (w->zero_division != 0)
        yaml = hone_sprintf(f->arena, "%s, zero_division: %g", yaml, w->zero_division);
    if (w->positive >= 0)
        yaml = hone_sprintf(f->arena, "%s, positive_label: %s", yaml, names[w->positive]);
    return hone_sprintf(f->arena, "%s}", yaml);
}

/* Sums of some 40 terms in double, in another order than the reference's: 1e-12. The logarithm of float probabilities is taken in
 * float there: 1e-6. */
static void check(const plugin_fixture *f, const table *t, const want *w)
{
    const char *yaml = yaml_of(f, w);
    const char *name = *w->suffix == '-' ? "it" : hone_sprintf(f->arena, "it_%s", w->suffix);
    const double tolerance = strcmp(w->metric, "log_loss") == 0 ? 1e-6 : 1e-12;
    const hone__figure *figure = hone__exhibits_figure(shown(f, yaml, t), name);
    ck_assert_msg(figure != NULL, "%s, %s: there is no figure %s", t->name, yaml, name);
    ck_assert_msg(isnan(w->value) ? isnan(figure->value)
                                  : fabs(figure->value - w->value) <= tolerance * fmax(1, fabs(w->value)),
                  "%s, %s: %s is %.17g, but the reference gives %.17g", t->name, yaml, name, figure->value, w->value);
}

static void check_file(const char *path)
{
    FILE *file = fopen(path, "r");
    char line[1024], *words[MOST_WORDS];
    int checked = 0;
    plugin_fixture f;
    table *t = malloc(sizeof *t);
    plugin_begin(&f);
    ck_assert_ptr_nonnull(t);
    ck_assert_msg(file != NULL, "%s cannot be opened", path);
    while (fgets(line, sizeof line, file)) {
        const int n = split(line, words);
        if (n == 4 && strcmp(words[0], "case") == 0)
            begin_case(t, words);
        else if (n >= 3 && strcmp(words[0], "row") == 0)
            read_row(t, words, n);
        else if (n == 7 && strcmp(words[0], "want") == 0) {
            check(&f, t, &(want){words[1], words[2], words[5], atoi(words[4]), strtod(words[3], NULL), strtod(words[6], NULL)});
            checked++;
        } else {
            ck_assert_msg(words[0][0] == '#', "%s has a line that begins with %s", path, words[0]);
        }
    }
    fclose(file);
    free(t);
    plugin_end(&f);
    ck_assert_int_gt(checked, 10);
}

START_TEST(metrics_of_classes_are_those_of_scikit_learn)
{
    check_file("tests/golden/metrics/class.txt");
}
END_TEST

START_TEST(metrics_of_sets_of_labels_are_those_of_scikit_learn)
{
    check_file("tests/golden/metrics/classes.txt");
}
END_TEST

START_TEST(metrics_of_scores_are_those_of_scipy_and_scikit_learn)
{
    check_file("tests/golden/metrics/score.txt");
}
END_TEST

/* ---- What the references do not say ------------------------------------------------------------------------------- */

static void fill(table *t, hone_target target, uint64_t n_labels)
{
    char *const head[] = {"case", "own", target == HONE_TARGET_SCORE ? "score" : "class", "0"};
    char *const rows[][5] = {
        {"row", "0", "0", "0.75", "0.25"}, {"row", "1", "0", "0.5", "0.5"}, {"row", "1", "1", "0.25", "0.75"}};
    begin_case(t, head);
    t->n_labels = n_labels;
    for (int i = 0; i < 3; i++)
        read_row(t, rows[i], 5);
}

START_TEST(a_figure_says_what_is_positive_and_which_average)
{
    static const struct {
        const char *yaml;
        uint64_t n_labels;
        const char *note;
    } cases[] = {
        {"f1", 2, "binary, positive label: l1"},
        {"{type: f1, positive_label: l0}", 2, "binary, positive label: l0"},
        {"f1", 3, "macro average over 2 labels"},
        {"{type: precision, average: macro}", 2, "macro average over 2 labels"},
        {"{type: recall, average: weighted}", 2, "weighted average over 2 labels"},
        {"roc_auc", 2, "binary, positive label: l1"},
        {"{type: f1, average: micro}", 3, "micro average over all decisions"},
    };
    plugin_fixture f;
    plugin_begin(&f);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        table t;
        fill(&t, HONE_TARGET_CLASS, cases[i].n_labels);
        const hone__figure *figure = hone__exhibits_figure(shown(&f, cases[i].yaml, &t), "it");
        ck_assert_str_eq(figure->note, cases[i].note);
        ck_assert_int_eq(figure->direction, 1);
    }
    plugin_end(&f);
}
END_TEST

START_TEST(an_average_that_cannot_be_is_refused)
{
    static const struct {
        const char *yaml, *message;
    } cases[] = {
        {"{type: f1, average: binary}", "average binary needs two labels or a positive_label"},
        {"{type: roc_auc, average: binary}", "average binary needs two labels or a positive_label"},
        {"{type: recall, average: macro, positive_label: l1}", "positive_label has no meaning with average macro"},
        {"{type: precision, positive_label: seven}", "positive_label is seven, which is no label of the data"},
        {"{type: confusion, positive_label: seven}", "positive_label is seven, which is no label of the data"},
    };
    plugin_fixture f;
    plugin_begin(&f);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        table t;
        hone_error err;
        fill(&t, HONE_TARGET_CLASS, 3);
        ck_assert_int_eq(create(plugin_make(&f, HONE_KIND_METRIC, cases[i].yaml), &t, &err), HONE_EINVAL);
        ck_assert_msg(strstr(err.msg, cases[i].message) != NULL, "%s", err.msg);
    }
    plugin_end(&f);
}
END_TEST

START_TEST(examples_without_gold_do_not_count)
{
    plugin_fixture f;
    table t;
    plugin_begin(&f);
    fill(&t, HONE_TARGET_CLASS, 2);
    t.records[1].gold = NULL;
    ck_assert_double_eq(hone__exhibits_figure(shown(&f, "accuracy", &t), "it")->value, 1.0);
    plugin_end(&f);
}
END_TEST

typedef struct short_of_memory {
    const hone_self *self;
    table t;
} short_of_memory;

/* With arenas whose blocks hold one item each, every allocation of the metric is one of the allocator's. */
static hone_status attempt(void *ctx, hone_error *err)
{
    const short_of_memory *s = ctx;
    hone_self self = *s->self;
    hone_exhibits *x;
    self.step = hone__arena_create(1);
    hone_arena *arena = hone__arena_create(1);
    hone_status status = self.step && arena ? create(&self, &s->t, err) : hone_no_memory(err, "testing");
    if (status == HONE_OK)
        status = show(&self, &s->t, arena, &x, err);
    hone__arena_destroy(self.step);
    hone__arena_destroy(arena);
    return status;
}

START_TEST(memory_may_be_short_at_any_point)
{
    static const char *const metrics[] = {"f1", "confusion", "roc_auc", "matthews_correlation", "spearman", "mse"};
    plugin_fixture f;
    plugin_begin(&f);
    for (size_t i = 0; i < sizeof metrics / sizeof *metrics; i++) {
        short_of_memory s = {.self = plugin_make(&f, HONE_KIND_METRIC, metrics[i])};
        fill(&s.t, i < 4 ? HONE_TARGET_CLASS : HONE_TARGET_SCORE, i < 4 ? 2 : 0);
        ck_assert_int_gt((int)suite_every_allocation_fails(attempt, &s), 4);
    }
    plugin_end(&f);
}
END_TEST

SUITE("metrics", metrics_of_classes_are_those_of_scikit_learn, metrics_of_sets_of_labels_are_those_of_scikit_learn,
      metrics_of_scores_are_those_of_scipy_and_scikit_learn, a_figure_says_what_is_positive_and_which_average,
      an_average_that_cannot_be_is_refused, examples_without_gold_do_not_count, memory_may_be_short_at_any_point)
