/* test_squad_metric.c - the metric squad gives what the evaluation of SQuAD 2.0 gives on tests/golden/squad/squad.txt.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "plugin_fixture.h"
#include "train/evaluate.h"

#include <math.h>
#include <stdio.h>

enum { MOST_QUESTIONS = 64, MOST_GOLDS = 4 };

typedef struct table {
    char name[1024], lines[MOST_QUESTIONS][1024];
    hone_span gold_spans[MOST_QUESTIONS][MOST_GOLDS], spans[MOST_QUESTIONS][2];
    float margins[MOST_QUESTIONS];
    hone_answer golds[MOST_QUESTIONS], predictions[MOST_QUESTIONS];
    hone_record records[MOST_QUESTIONS];
    uint64_t n;
} table;

/* The next part of a line, which may be empty; NULL behind the last. */
static char *next_part(char **line)
{
    char *part = *line, *tab = part ? strchr(part, '\t') : NULL;
    if (tab)
        *tab = '\0';
    *line = tab ? tab + 1 : NULL;
    return part;
}

static hone_span span_of(const char *text)
{
    return (hone_span){.begin = 0, .end = strlen(text), .text = text};
}

/* MARGIN PREDICTED ANSWERED GOLD ... */
static void read_question(table *t, const char *text)
{
    ck_assert_uint_lt(t->n, MOST_QUESTIONS);
    const uint64_t i = t->n++;
    char *rest = t->lines[i];
    snprintf(rest, sizeof t->lines[i], "%s", text);
    const char *margin = next_part(&rest), *predicted = next_part(&rest), *answered = next_part(&rest);
    hone_answer *gold = &t->golds[i], *p = &t->predictions[i];
    *gold = *p = hone_answer_of(HONE_TARGET_SPAN);
    gold->spans = t->gold_spans[i];
    for (char *answer; (answer = next_part(&rest));)
        t->gold_spans[i][gold->n++] = span_of(answer);
    p->spans = t->spans[i];
    t->spans[i][p->n++] = span_of(predicted);
    if (!*predicted)
        t->spans[i][p->n++] = span_of(answered);
    t->margins[i] = strtof(margin, NULL);
    p->scores = t->margins + i;
    p->n_scores = *margin != '-' || margin[1];
    t->records[i] = (hone_record){"row", gold, p, 1, 1, NULL};
}

static const hone__figure *figure_of(const plugin_fixture *f, const table *t, const char *name)
{
    hone_error err = {HONE_OK, ""};
    const hone__metric_use use = {.name = "it"};
    const hone_evaluation e = {.size = sizeof e,
                               .target = HONE_TARGET_SPAN,
                               .positive = -1,
                               .n = t->n,
                               .records = t->records,
                               .record_size = sizeof(hone_record),
                               .split = "validation",
                               .output = ""};
    hone_exhibits *x = hone__exhibits_create(f->arena);
    ck_assert_msg(hone__metric_run(&use, plugin_make(f, HONE_KIND_METRIC, "squad"), &e, x, &err) == HONE_OK, "%s", err.msg);
    return hone__exhibits_figure(x, *name == '-' ? "it" : hone_sprintf(f->arena, "it_%s", name));
}

/* Sums of some 40 terms in double; thresholds are kept as float: 1e-6 of their value. */
static void check(const plugin_fixture *f, const table *t, char *text)
{
    const char *name = next_part(&text);
    const double value = strtod(text, NULL), tolerance = strstr(name, "thresh") ? 1e-6 : 1e-10;
    const hone__figure *figure = figure_of(f, t, name);
    ck_assert_msg(figure && fabs(figure->value - value) <= tolerance * fmax(1, fabs(value)),
                  "%s: %s is %.17g, but the reference gives %.17g", t->name, name, figure ? figure->value : NAN, value);
    ck_assert_int_eq(figure->direction, strstr(name, "thresh") ? 0 : 1);
}

START_TEST(figures_are_those_of_the_evaluation_of_squad)
{
    FILE *file = fopen("tests/golden/squad/squad.txt", "r");
    char line[1024];
    int checked = 0;
    plugin_fixture f;
    table *t = calloc(1, sizeof *t);
    plugin_begin(&f);
    ck_assert(file && t);
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "case\t", 5) == 0) {
            memset(t, 0, sizeof *t);
            snprintf(t->name, sizeof t->name, "%s", line + 5);
        } else if (strncmp(line, "question\t", 9) == 0) {
            read_question(t, line + 9);
        } else if (strncmp(line, "want\t", 5) == 0) {
            check(&f, t, line + 5);
            checked++;
        } else {
            ck_assert_int_eq(line[0], '#');
        }
    }
    fclose(file);
    free(t);
    plugin_end(&f);
    ck_assert_int_gt(checked, 100);
}
END_TEST

SUITE("squad_metric", figures_are_those_of_the_evaluation_of_squad)
