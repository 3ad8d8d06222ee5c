/* test_seqeval.c - the metric seqeval gives what the package of that name gives on tests/golden/tagging/seqeval.txt.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "plugin_fixture.h"
#include "train/evaluate.h"

#include <math.h>
#include <stdio.h>

enum { MOST_ROWS = 32, MOST_LABELS = 16, MOST_TAGS = 16 };

typedef struct table {
    char name[64], labels_room[1024];
    const char *labels[MOST_LABELS];
    uint64_t n_labels, n;
    int32_t tags[2][MOST_ROWS][MOST_TAGS];
    hone_answer answers[2][MOST_ROWS];
    hone_record records[MOST_ROWS];
} table;

static void begin_case(table *t, const char *text)
{
    char *save = NULL;
    memset(t, 0, sizeof *t);
    snprintf(t->labels_room, sizeof t->labels_room, "%s", text);
    snprintf(t->name, sizeof t->name, "%s", strtok_r(t->labels_room, " \n", &save));
    for (char *word; (word = strtok_r(NULL, " \n", &save));)
        t->labels[t->n_labels++] = word;
}

static void read_sentence(table *t, char *text)
{
    int side = 0;
    char *save = NULL;
    ck_assert_int_lt((int)t->n, MOST_ROWS);
    for (int i = 0; i < 2; i++) {
        t->answers[i][t->n] = hone_answer_of(HONE_TARGET_TAGS);
        t->answers[i][t->n].labels = t->tags[i][t->n];
    }
    for (char *word = strtok_r(text, " \n", &save); word; word = strtok_r(NULL, " \n", &save)) {
        hone_answer *a = &t->answers[side][t->n];
        if (*word == '|')
            side = 1;
        else
            t->tags[side][t->n][a->n++] = (int32_t)strtol(word, NULL, 10);
    }
    t->records[t->n] = (hone_record){"row", &t->answers[0][t->n], &t->answers[1][t->n], 1, 1, NULL};
    t->n++;
}

static hone_evaluation evaluation_of(const table *t)
{
    return (hone_evaluation){.size = sizeof(hone_evaluation),
                             .target = HONE_TARGET_TAGS,
                             .positive = -1,
                             .n = t->n,
                             .records = t->records,
                             .record_size = sizeof(hone_record),
                             .n_labels = t->n_labels,
                             .labels = t->labels,
                             .split = "validation",
                             .output = ""};
}

static hone_status create(const hone_self *self, const table *t, hone_error *err)
{
    const hone_facts facts = {
        .size = sizeof facts, .target = HONE_TARGET_TAGS, .positive = -1, .n_labels = t->n_labels, .labels = t->labels};
    return ((const hone_metric *)(const void *)self->plugin)->create(self, &facts, err);
}

static hone_exhibits *shown(const plugin_fixture *f, const char *yaml, const table *t)
{
    hone_error err = {HONE_OK, ""};
    const hone_evaluation e = evaluation_of(t);
    const hone__metric_use use = {.name = "it"};
    const hone_self *self = plugin_make(f, HONE_KIND_METRIC, yaml);
    hone_exhibits *x = hone__exhibits_create(f->arena);
    ck_assert_ptr_nonnull(x);
    ck_assert_msg(create(self, t, &err) == HONE_OK, "%s, %s: %s", t->name, yaml, err.msg);
    ck_assert_msg(hone__metric_run(&use, self, &e, x, &err) == HONE_OK, "%s, %s: %s", t->name, yaml, err.msg);
    return x;
}

/* "MODE SCHEME AVERAGE SUFFIX VALUE". Sums of a few terms in double, in another order than the reference's: 1e-12. */
static void check(const plugin_fixture *f, const table *t, const char *text)
{
    char mode[16], scheme[16], average[16], suffix[16], yaml[200], name[32];
    double value;
    ck_assert_int_eq(sscanf(text, "%15s %15s %15s %15s %lf", mode, scheme, average, suffix, &value), 5);
    snprintf(yaml, sizeof yaml, "{type: seqeval, mode: %s, scheme: %s, average: %s}", mode, scheme, average);
    snprintf(name, sizeof name, "it%s%s", *suffix == '-' ? "" : "_", *suffix == '-' ? "" : suffix);
    const hone__figure *figure = hone__exhibits_figure(shown(f, yaml, t), name);
    ck_assert_msg(figure && (isnan(value) ? isnan(figure->value) : fabs(figure->value - value) <= 1e-12),
                  "%s, %s: %s is %.17g, but the reference gives %.17g", t->name, yaml, name, figure ? figure->value : NAN,
                  value);
}

START_TEST(figures_are_those_of_the_package_seqeval)
{
    FILE *file = fopen("tests/golden/tagging/seqeval.txt", "r");
    char line[4096];
    int checked = 0;
    plugin_fixture f;
    table t;
    plugin_begin(&f);
    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof line, file)) {
        if (strncmp(line, "case ", 5) == 0)
            begin_case(&t, line + 5);
        else if (strncmp(line, "sentence ", 9) == 0)
            read_sentence(&t, line + 9);
        else if (strncmp(line, "want ", 5) == 0) {
            check(&f, &t, line + 5);
            checked++;
        } else {
            ck_assert_int_eq(line[0], '#');
        }
    }
    fclose(file);
    plugin_end(&f);
    ck_assert_int_gt(checked, 1000);
}
END_TEST

static const char people[] = "people B-LOC B-PER I-LOC I-PER O";

START_TEST(words_that_were_lost_are_misses_and_are_counted)
{
    plugin_fixture f;
    table t;
    char gold[] = "1 3 4 0 | 1 3 4 0";
    plugin_begin(&f);
    begin_case(&t, people);
    read_sentence(&t, gold);
    t.tags[1][0][3] = -1;
    const hone_exhibits *x = shown(&f, "seqeval", &t);
    ck_assert_double_eq(hone__exhibits_figure(x, "it_recall")->value, 0.5);
    ck_assert_double_eq(hone__exhibits_figure(x, "it_precision")->value, 1);
    ck_assert_double_eq(hone__exhibits_figure(x, "it_accuracy")->value, 0.75);
    ck_assert_double_eq(hone__exhibits_figure(x, "it_lost_words")->value, 1);
    ck_assert_int_eq(hone__exhibits_figure(x, "it_lost_words")->direction, -1);
    ck_assert_int_eq(hone__exhibits_figure(x, "it_accuracy")->direction, 1);
    ck_assert_int_eq(hone__exhibits_figure(x, "it")->direction, 1);
    plugin_end(&f);
}
END_TEST

START_TEST(a_strict_reading_is_shown_by_type)
{
    plugin_fixture f;
    table t;
    char first[] = "1 3 4 0 | 0 2 4 4",
         second[] = "4 1 4 | 4 1 0"; /* a person taken for a place, a place missed; one made up */
    plugin_begin(&f);
    begin_case(&t, people);
    read_sentence(&t, first);
    read_sentence(&t, second);
    const hone_exhibits *x = shown(&f, "{type: seqeval, mode: strict}", &t);
    ck_assert_str_eq(hone__exhibits_figure(x, "it")->note, "micro F1 of chunks, strict, iob2");
    ck_assert_uint_eq(x->n_tables, 1);
    ck_assert_str_eq(x->tables[0]->cells[0].text, "LOC");
    ck_assert_double_eq(x->tables[0]->cells[4].number, 1);    /* gold */
    ck_assert_double_eq(x->tables[0]->cells[5].number, 2);    /* predicted */
    ck_assert_uint_eq(shown(&f, "seqeval", &t)->n_tables, 0); /* the report has that one of its own */
    plugin_end(&f);
}
END_TEST

START_TEST(settings_without_meaning_are_refused)
{
    static const struct {
        const char *yaml, *says;
    } cases[] = {
        {"{type: seqeval, scheme: iob2}", "no meaning in the default mode"},
        {"{type: seqeval, mode: strict, scheme: ioe1}", "B-LOC is no tag of the scheme ioe1, whose prefixes are OIE"},
    };
    plugin_fixture f;
    table t;
    plugin_begin(&f);
    begin_case(&t, people);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        hone_error err = {HONE_OK, ""};
        ck_assert_int_eq(create(plugin_make(&f, HONE_KIND_METRIC, cases[i].yaml), &t, &err), HONE_EINVAL);
        ck_assert_msg(strstr(err.msg, cases[i].says) != NULL, "%s", err.msg);
    }
    plugin_end(&f);
}
END_TEST

SUITE("seqeval", figures_are_those_of_the_package_seqeval, words_that_were_lost_are_misses_and_are_counted,
      a_strict_reading_is_shown_by_type, settings_without_meaning_are_refused)
