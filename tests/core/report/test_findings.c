/* test_findings.c - what predictions show is what scikit-learn says of them (tests/golden/report.txt), and of hostile ones nothing.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "report/findings.h"
#include "report/thresholds.h"

#include "base/arena.h"
#include "golden_lines.h"

/* Both reckon in double, in different orders. */
#define TOLERANCE 1e-12
enum { MOST_RECORDS = 100, MOST_LABELS = 12, MOST_POINTS = 200 };

/* ---- Evaluations ------------------------------------------------------------------------------------------------- */

static const char *const names[MOST_LABELS] = {"l0", "l1", "l2", "l3", "l4", "l5", "l6", "l7", "l8", "l9", "l10", "l11"};

typedef struct table {
    hone_evaluation e;
    hone_record records[MOST_RECORDS];
    hone_answer gold[MOST_RECORDS], predicted[MOST_RECORDS];
    int32_t sets[2][MOST_RECORDS][MOST_LABELS];
    float scores[MOST_RECORDS][MOST_LABELS];
} table;

static void begin(table *t, hone_target target, uint64_t n_labels)
{
    t->e = (hone_evaluation){.size = sizeof t->e,
                             .target = target,
                             .positive = -1,
                             .records = t->records,
                             .record_size = sizeof *t->records,
                             .n_labels = n_labels,
                             .labels = names,
                             .split = "validation",
                             .output = ""};
}

/* class: a label; classes: bits; score: the number. */
static hone_answer answer_of(table *t, double x, int32_t *set)
{
    hone_answer a = hone_answer_of((hone_target)t->e.target);
    a.index = t->e.target == HONE_TARGET_CLASS ? (int32_t)x : -1;
    a.score = x;
    a.labels = set;
    for (uint64_t l = 0; l < t->e.n_labels && t->e.target == HONE_TARGET_CLASSES; l++)
        if ((uint64_t)x >> l & 1)
            set[a.n++] = (int32_t)l;
    return a;
}

static void add(table *t, double gold, double predicted, const double *scores)
{
    const uint64_t i = t->e.n++;
    ck_assert_uint_lt(i, MOST_RECORDS);
    t->gold[i] = answer_of(t, gold, t->sets[0][i]);
    t->predicted[i] = answer_of(t, predicted, t->sets[1][i]);
    for (uint64_t l = 0; scores && l < t->e.n_labels; l++)
        t->scores[i][l] = (float)scores[l];
    t->predicted[i].scores = scores ? t->scores[i] : NULL;
    t->predicted[i].n_scores = scores ? t->e.n_labels : 0;
    t->records[i] = (hone_record){.id = "x", .gold = &t->gold[i], .prediction = &t->predicted[i], .loss = 0.5, .items = 1};
}

static hone__findings *found(hone_arena *arena, const table *t)
{
    hone__findings *f = NULL;
    hone_error err = {HONE_OK, ""};
    ck_assert_msg(hone__findings_make(arena, &t->e, &f, &err) == HONE_OK, "%s", err.msg);
    return f;
}

/* ---- Looking into exhibits --------------------------------------------------------------------------------------- */

static uint64_t rows_of(const hone_table *t)
{
    return t->n_cells / t->n_columns;
}

static const hone__cell *cell(const hone_table *t, uint64_t row, uint64_t column)
{
    return &t->cells[row * t->n_columns + column];
}

/* The row that begins with that text. */
static uint64_t row_named(const hone_table *t, const char *name)
{
    for (uint64_t r = 0; r < rows_of(t); r++)
        if (strcmp(cell(t, r, 0)->text, name) == 0)
            return r;
    ck_abort_msg("there is no row %s", name);
}

static size_t curves_named(const hone_exhibits *x, const char *name)
{
    size_t n = 0;
    for (size_t i = 0; i < x->n_curves; i++)
        n += strcmp(x->curves[i].name, name) == 0;
    return n;
}

static void equal(const char *where, const char *what, double have, double want)
{
    ck_assert_msg(isnan(want) ? isnan(have) : fabs(have - want) <= TOLERANCE * fmax(1, fabs(want)),
                  "%s: %s is %.17g, but scikit-learn says %.17g", where, what, have, want);
}

/* ---- Against scikit-learn ---------------------------------------------------------------------------------------- */

typedef struct checking {
    table t;
    char name[64];
    hone_arena *arena;
    const hone__findings *f; /* NULL before the first line that wants something */
    uint64_t bin;            /* the next one */
    struct {
        double x[MOST_POINTS], y[MOST_POINTS];
        int n;
    } roc[MOST_LABELS], pr[MOST_LABELS];
} checking;

static hone__thresholds thresholds_of(const checking *c, uint64_t label)
{
    double scores[MOST_RECORDS];
    bool positive[MOST_RECORDS];
    hone__thresholds t;
    hone_error err;
    for (uint64_t i = 0; i < c->t.e.n; i++) {
        scores[i] = (double)c->t.scores[i][label];
        positive[i] = false;
        for (uint64_t k = 0; k < c->t.gold[i].n; k++)
            positive[i] |= c->t.sets[0][i][k] == (int32_t)label;
        if (c->t.e.target == HONE_TARGET_CLASS)
            positive[i] = c->t.gold[i].index == (int32_t)label;
    }
    ck_assert_int_eq(hone__thresholds_make(c->arena, c->t.e.n, scores, positive, &t, &err), HONE_OK);
    return t;
}

static bool holds_point(const double *x, const double *y, int n, double px, double py)
{
    for (int i = 0; i < n; i++)
        if (fabs(x[i] - px) <= TOLERANCE && fabs(y[i] - py) <= TOLERANCE)
            return true;
    return false;
}

/* Of ROC the corners alone are kept: each is scikit-learn's, and the area below them is the same. */
static void check_curves(const checking *c)
{
    hone_error err;
    for (uint64_t l = 0; l < c->t.e.n_labels; l++) {
        hone__points p;
        double area = 0;
        if (c->roc[l].n == 0)
            continue;
        const hone__thresholds t = thresholds_of(c, l);
        ck_assert_int_eq(hone__roc_points(c->arena, &t, &p, &err), HONE_OK);
        for (uint64_t i = 0; i < p.n; i++) {
            ck_assert_msg(holds_point(c->roc[l].x, c->roc[l].y, c->roc[l].n, p.x[i], p.y[i]), "%s: no such point", c->name);
            area += i ? (p.x[i] - p.x[i - 1]) * (p.y[i] + p.y[i - 1]) / 2 : 0;
        }
        equal(c->name, "area below the points", area, hone__roc_auc(&t));
        ck_assert_int_eq(hone__precision_recall_points(c->arena, &t, &p, &err), HONE_OK);
        /* scikit-learn ends where all positives are found, or goes on; both are the same curve. */
        for (int i = 0; i < c->pr[l].n; i++)
            ck_assert_msg(holds_point(p.x, p.y, (int)p.n, c->pr[l].x[i], c->pr[l].y[i]), "%s: label %d lacks (%g, %g)", c->name,
                          (int)l, c->pr[l].x[i], c->pr[l].y[i]);
    }
}

static void end_case(checking *c)
{
    if (c->f) {
        const hone_table *t = hone__findings_table(c->f, "calibration");
        ck_assert_uint_eq(rows_of(t), c->bin);
        check_curves(c);
    }
    hone__arena_destroy(c->arena);
    memset(c, 0, sizeof *c);
}

static void begin_case(checking *c, const char *text)
{
    char target[16];
    int n;
    end_case(c);
    ck_assert_int_eq(sscanf(text, "%63s %15s %d", c->name, target, &n), 3);
    begin(&c->t, strcmp(target, "class") == 0 ? HONE_TARGET_CLASS : HONE_TARGET_CLASSES, (uint64_t)n);
    c->arena = hone__arena_create(0);
}

static void check_label(const checking *c, const line *l)
{
    const hone_table *t = hone__findings_table(c->f, "per_class");
    const uint64_t r = row_named(t, names[(int)l->x[0]]);
    for (uint64_t k = 1; k < 7; k++)
        equal(c->name, t->columns[k], cell(t, r, k)->number, l->x[k]);
}

static void check_average(const checking *c, const line *l)
{
    static const char *const rows[] = {"accuracy", "micro avg", "macro avg", "weighted avg", "samples avg"};
    const hone_table *t = hone__findings_table(c->f, "per_class");
    const uint64_t r = row_named(t, rows[(int)l->x[0]]);
    for (uint64_t k = 1; k < 5; k++)
        equal(c->name, rows[(int)l->x[0]], cell(t, r, k)->number, l->x[k]);
}

static void check_bin(checking *c, const line *l)
{
    const hone_table *t = hone__findings_table(c->f, "calibration");
    equal(c->name, "mean probability", cell(t, c->bin, 2)->number, l->x[0]);
    equal(c->name, "share right", cell(t, c->bin, 3)->number, l->x[1]);
    c->bin++;
}

static void check_line(checking *c, const line *l)
{
    const int label = (int)l->x[0];
    if (!c->f)
        c->f = found(c->arena, &c->t);
    if (line_is(l, "label"))
        check_label(c, l);
    else if (line_is(l, "average"))
        check_average(c, l);
    else if (line_is(l, "bin"))
        check_bin(c, l);
    else if (line_is(l, "ece"))
        equal(c->name, "ECE", c->f->calibration.ece, l->x[0]);
    else if (line_is(l, "confusion"))
        equal(c->name, "count", c->f->exhibits->matrices[0].values[(uint64_t)label * c->t.e.n_labels + (uint64_t)l->x[1]],
              l->x[2]);
    else if (line_is(l, "roc")) {
        c->roc[label].x[c->roc[label].n] = l->x[1];
        c->roc[label].y[c->roc[label].n++] = l->x[2];
    } else {
        ck_assert(line_is(l, "pr"));
        c->pr[label].x[c->pr[label].n] = l->x[1];
        c->pr[label].y[c->pr[label].n++] = l->x[2];
    }
}

START_TEST(tables_curves_and_calibration_are_those_of_scikit_learn)
{
    FILE *file = lines_open("tests/golden/report.txt");
    checking *c = calloc(1, sizeof *c);
    line l;
    int cases = 0;
    while (line_next(file, &l)) {
        if (line_is(&l, "case")) {
            begin_case(c, l.yaml);
            cases++;
        } else if (line_is(&l, "row")) {
            add(&c->t, l.x[0], l.x[1], l.x + 2);
        } else {
            check_line(c, &l);
        }
    }
    end_case(c);
    free(c);
    fclose(file);
    ck_assert_int_ge(cases, 10);
}
END_TEST

/* ---- Our own ------------------------------------------------------------------------------------------------------ */

START_TEST(pairs_that_are_confused_most_often_come_first)
{
    static const int golds[] = {0, 0, 0, 1, 1, 1, 1, 2, 2}, predictions[] = {1, 1, 0, 2, 2, 1, 0, 1, 2};
    static table t;
    hone_arena *arena = hone__arena_create(0);
    begin(&t, HONE_TARGET_CLASS, 3);
    for (int i = 0; i < 9; i++)
        add(&t, golds[i], predictions[i], NULL);
    const hone_table *pairs = hone__findings_table(found(arena, &t), "confused_pairs");
    ck_assert_uint_eq(rows_of(pairs), 4);
    ck_assert_str_eq(cell(pairs, 0, 0)->text, "l0"); /* two of three, before two of four */
    ck_assert_str_eq(cell(pairs, 0, 1)->text, "l1");
    ck_assert(cell(pairs, 0, 2)->number == 2 && cell(pairs, 0, 4)->number == 1);
    ck_assert_str_eq(cell(pairs, 1, 0)->text, "l1");
    ck_assert_str_eq(cell(pairs, 1, 1)->text, "l2");
    ck_assert(cell(pairs, 1, 3)->number == 50);
    hone__arena_destroy(arena);
}
END_TEST

START_TEST(of_many_labels_the_weakest_are_drawn)
{
    static table t;
    double scores[MOST_LABELS];
    hone_arena *arena = hone__arena_create(0);
    begin(&t, HONE_TARGET_CLASS, MOST_LABELS);
    for (int i = 0; i < 8 * MOST_LABELS; i++) {
        for (int l = 0; l < MOST_LABELS; l++)
            scores[l] = l == i % MOST_LABELS ? (l < 3 ? 0.1 * (i % 5) : 0.9) : 0.01 * (i % 7);
        add(&t, i % MOST_LABELS, i % MOST_LABELS, scores);
    }
    const hone__findings *f = found(arena, &t);
    ck_assert_uint_eq(curves_named(f->exhibits, "roc"), 8);
    ck_assert_uint_eq(curves_named(f->exhibits, "precision_recall"), 8);
    ck_assert_ptr_nonnull(strstr(f->exhibits->curves[0].title, "the 8 weakest of 12"));
    for (int i = 0; i < 3; i++)
        ck_assert_msg(f->exhibits->curves[i].series[1] < '3', "%s is drawn before the weakest", f->exhibits->curves[i].series);
    hone__arena_destroy(arena);
}
END_TEST

START_TEST(two_labels_have_one_curve_that_of_the_positive_one)
{
    static table t;
    const double scores[] = {0.3, 0.7};
    hone_arena *arena = hone__arena_create(0);
    begin(&t, HONE_TARGET_CLASS, 2);
    t.e.positive = 0;
    add(&t, 0, 1, scores);
    add(&t, 1, 1, scores);
    const hone__findings *f = found(arena, &t);
    ck_assert_uint_eq(curves_named(f->exhibits, "roc"), 1);
    ck_assert_int_eq(strncmp(f->exhibits->curves[0].series, "l0: ", 4), 0);
    hone__arena_destroy(arena);
}
END_TEST

START_TEST(numbers_are_drawn_against_gold)
{
    static table t;
    hone_arena *arena = hone__arena_create(0);
    begin(&t, HONE_TARGET_SCORE, 0);
    add(&t, 1, 1.5, NULL);
    add(&t, 2, 1.5, NULL);
    add(&t, 4, 5, NULL);
    add(&t, NAN, 5, NULL); /* no gold */
    const hone__findings *f = found(arena, &t);
    const hone_table *figures = hone__findings_table(f, "regression");
    ck_assert(cell(figures, row_named(figures, "examples"), 1)->number == 3);
    equal("numbers", "mean absolute error", cell(figures, row_named(figures, "mean absolute error"), 1)->number, 2.0 / 3);
    equal("numbers", "mean residual", cell(figures, 3, 1)->number, 1.0 / 3);
    ck_assert_uint_eq(curves_named(f->exhibits, "predicted_gold"), 1);
    ck_assert_uint_eq(f->exhibits->curves[0].style, HONE_CURVE_POINTS);
    ck_assert_uint_eq(curves_named(f->exhibits, "residuals"), 2); /* and the line of none */
    hone__arena_destroy(arena);
}
END_TEST

START_TEST(what_has_no_scores_no_gold_or_another_target_breaks_nothing)
{
    static table t;
    hone_arena *arena = hone__arena_create(0);
    for (uint32_t target = HONE_TARGET_CLASS; target <= HONE_TARGET_OTHER; target++) {
        memset(&t, 0, sizeof t);
        begin(&t, (hone_target)target, 3);
        found(arena, &t); /* nothing at all */
        add(&t, 1, 2, NULL);
        add(&t, 0, 0, NULL);
        t.records[1].gold = NULL;
        const hone__findings *f = found(arena, &t);
        ck_assert_uint_eq(f->calibration.n_bins, 0);
        ck_assert_uint_eq(curves_named(f->exhibits, "roc"), 0);
    }
    hone__arena_destroy(arena);
}
END_TEST

START_TEST(tags_are_counted_by_word_and_lost_words_apart)
{
    static table t;
    hone_arena *arena = hone__arena_create(0);
    begin(&t, HONE_TARGET_TAGS, 2);
    add(&t, 0, 0, NULL);
    static int32_t gold[] = {0, 1, 1, 0}, predicted[] = {0, 1, 0, -1};
    t.gold[0].labels = gold;
    t.predicted[0].labels = predicted;
    t.gold[0].n = t.predicted[0].n = 4;
    const hone_matrix *m = &found(arena, &t)->exhibits->matrices[0];
    static const double counts[] = {1, 0, 1, 1, 1, 0};
    ck_assert_uint_eq(m->n_columns, 3);
    for (int i = 0; i < 6; i++)
        ck_assert_double_eq(m->values[i], counts[i]);
    hone__arena_destroy(arena);
}
END_TEST

START_TEST(choices_are_counted_by_position)
{
    static const int answers[][2] = {{0, 2}, {1, 1}, {1, 2}, {2, -1}, {27, 0}};
    static table t;
    hone_arena *arena = hone__arena_create(0);
    begin(&t, HONE_TARGET_CHOICE, 0);
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        add(&t, 0, 0, NULL);
        t.gold[i].index = answers[i][0];
        t.predicted[i].index = answers[i][1];
    }
    const hone__findings *f = found(arena, &t);
    const hone_matrix *m = hone__findings_matrix(f, "confusion_matrix");
    ck_assert_ptr_nonnull(m);
    ck_assert_uint_eq(m->n_rows, 28);
    ck_assert_uint_eq(m->n_columns, 29); /* the last: none was predicted */
    ck_assert_str_eq(m->rows[0], "A");
    ck_assert_str_eq(m->rows[25], "Z");
    ck_assert_str_eq(m->columns[27], "28");
    ck_assert_str_eq(m->columns[28], "(none)");
    double all = 0;
    for (uint64_t i = 0; i < m->n_rows * m->n_columns; i++)
        all += m->values[i];
    ck_assert_double_eq(all, 5);
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
        ck_assert_double_eq(m->values[answers[i][0] * 29 + (answers[i][1] < 0 ? 28 : answers[i][1])], 1);
    ck_assert_ptr_null(hone__findings_table(f, "confused_pairs"));
    t.predicted[0].index = INT32_MAX; /* nobody draws so many */
    ck_assert_ptr_null(hone__findings_matrix(found(arena, &t), "confusion_matrix"));
    hone__arena_destroy(arena);
}
END_TEST

/* ---- Entities ---------------------------------------------------------------------------------------------------- */

enum { MOST_TAGS = 16 };
typedef struct tagging {
    table t;
    int32_t tags[2][MOST_RECORDS][MOST_TAGS];
    char room[1024];
    const char *labels[2 * MOST_TAGS];
} tagging;

static void begin_tagging(tagging *g, const char *text)
{
    char *save = NULL;
    memset(g, 0, sizeof *g);
    begin(&g->t, HONE_TARGET_TAGS, 0);
    snprintf(g->room, sizeof g->room, "%s", text);
    (void)strtok_r(g->room, " \n", &save); /* the case's name */
    for (char *word; (word = strtok_r(NULL, " \n", &save));)
        g->labels[g->t.e.n_labels++] = word;
    g->t.e.labels = g->labels;
}

/* "GOLD ... | PREDICTED ...", as numbers of labels. */
static void add_sentence(tagging *g, char *text)
{
    char *save = NULL;
    const uint64_t i = g->t.e.n;
    int side = 0;
    add(&g->t, 0, 0, NULL);
    hone_answer *const answers[] = {&g->t.gold[i], &g->t.predicted[i]};
    for (char *word = strtok_r(text, " \n", &save); word; word = strtok_r(NULL, " \n", &save)) {
        answers[side]->labels = g->tags[side][i];
        if (*word == '|')
            side = 1;
        else
            g->tags[side][i][answers[side]->n++] = (int32_t)strtol(word, NULL, 10);
    }
}

/* "MODE SCHEME AVERAGE SUFFIX VALUE": precision, recall and F1 of the default mode stand in the rows of the averages. */
static bool check_entities(const hone__findings *f, const char *text)
{
    char mode[16], average[16], suffix[16], row[32];
    double value;
    ck_assert_int_eq(sscanf(text, "%15s %*s %15s %15s %lf", mode, average, suffix, &value), 4);
    if (strcmp(mode, "default") != 0 || strcmp(suffix, "accuracy") == 0)
        return false;
    snprintf(row, sizeof row, "%s avg", average);
    const hone_table *t = hone__findings_table(f, "per_type");
    const uint64_t column = strcmp(suffix, "precision") == 0 ? 1 : strcmp(suffix, "recall") == 0 ? 2 : 3;
    equal(row, suffix, cell(t, row_named(t, row), column)->number, value);
    return true;
}

START_TEST(entities_are_those_of_seqeval)
{
    FILE *file = fopen("tests/golden/tagging/seqeval.txt", "r");
    char text[4096];
    int checked = 0;
    static tagging g;
    hone_arena *arena = hone__arena_create(0);
    const hone__findings *f = NULL;
    ck_assert_ptr_nonnull(file);
    while (fgets(text, sizeof text, file)) {
        if (strncmp(text, "case ", 5) == 0) {
            begin_tagging(&g, text + 5);
            f = NULL;
        } else if (strncmp(text, "sentence ", 9) == 0) {
            add_sentence(&g, text + 9);
        } else if (strncmp(text, "want ", 5) == 0) {
            f = f ? f : found(arena, &g.t);
            checked += check_entities(f, text + 5);
        }
    }
    fclose(file);
    hone__arena_destroy(arena);
    ck_assert_int_gt(checked, 300);
}
END_TEST

START_TEST(entities_are_taken_for_others_cut_missed_and_made_up)
{
    static tagging g;
    char *sentences[] = {strdup("0 2 4 1 3 4 | 0 2 4 0 2 4"),  /* right; another type */
                         strdup("0 2 2 4 1 3 | 0 2 4 4 4 0"),  /* cut; the same words in part, as another */
                         strdup("1 4 4 4 4 4 | 4 4 1 3 4 4"),  /* missed; made up */
                         strdup("0 2 2 2 4 4 | 0 4 1 3 4 4")}; /* two take a part of one: that of the most words is its pair */
    hone_arena *arena = hone__arena_create(0);
    begin_tagging(&g, "kinds B-LOC B-PER I-LOC I-PER O");
    for (size_t i = 0; i < sizeof sentences / sizeof *sentences; i++) {
        add_sentence(&g, sentences[i]);
        free(sentences[i]);
    }
    const hone__findings *f = found(arena, &g.t);
    static const double location[] = {3, 5, 1, 0, 1, 1, 0, 1}, person[] = {3, 2, 0, 1, 0, 1, 1, 1};
    const hone_table *t = hone__findings_table(f, "per_type");
    for (uint64_t k = 0; k < 8; k++) { /* support, predicted, right, type, boundaries, both, missed, spurious */
        ck_assert_msg(cell(t, 0, 4 + k)->number == location[k], "LOC, %s: %g", t->columns[4 + k], cell(t, 0, 4 + k)->number);
        ck_assert_msg(cell(t, 1, 4 + k)->number == person[k], "PER, %s: %g", t->columns[4 + k], cell(t, 1, 4 + k)->number);
    }
    const hone_matrix *m = hone__findings_matrix(f, "entities");
    static const double counts[] = {2, 1, 0, 2, 0, 1, 1, 1, 0};
    ck_assert_uint_eq(m->n_rows, 3);
    for (int i = 0; i < 9; i++)
        ck_assert_msg(m->values[i] == counts[i], "%d: %g", i, m->values[i]);
    hone__arena_destroy(arena);
}
END_TEST

START_TEST(tags_that_mark_nothing_are_counted_by_word)
{
    static tagging g;
    char sentence[] = "0 1 1 2 | 0 1 2 2";
    hone_arena *arena = hone__arena_create(0);
    begin_tagging(&g, "pos DET NOUN VERB");
    add_sentence(&g, sentence);
    g.tags[1][0][0] = -1; /* lost: a miss */
    const hone__findings *f = found(arena, &g.t);
    const hone_table *t = hone__findings_table(f, "per_type");
    static const double numbers[][6] = {{0, 0, 0, 1, 0, 0}, {1, 0.5, 2.0 / 3, 2, 1, 1}, {0.5, 1, 2.0 / 3, 1, 2, 1}};
    for (uint64_t r = 0; r < 3; r++)
        for (uint64_t k = 0; k < 6; k++)
            equal(g.labels[r], t->columns[k + 1], cell(t, r, k + 1)->number, numbers[r][k]);
    ck_assert_ptr_null(hone__findings_matrix(f, "entities"));
    hone__arena_destroy(arena);
}
END_TEST

START_TEST(findings_of_the_test_data_say_so)
{
    static table t;
    hone_arena *arena = hone__arena_create(0);
    begin(&t, HONE_TARGET_CLASS, 2);
    t.e.split = "test";
    add(&t, 1, 1, NULL);
    const hone__findings *f = found(arena, &t);
    const hone_matrix *m = hone__findings_matrix(f, "confusion_matrix");
    ck_assert_str_eq(m->name, "test_confusion_matrix");
    ck_assert_str_eq(m->title, "Confusion matrix (test data)");
    ck_assert_ptr_nonnull(hone__findings_table(f, "per_class"));
    ck_assert_ptr_null(hone__findings_table(f, "test_per_class"));
    hone__arena_destroy(arena);
}
END_TEST

START_TEST(thin_curves_keep_their_ends)
{
    double x[1000], y[1000];
    hone__points p = {.x = x, .y = y, .n = 1000};
    for (int i = 0; i < 1000; i++)
        x[i] = y[i] = i / 9990.0;
    hone__points_thin(&p);
    ck_assert_uint_le(p.n, 42);
    ck_assert(p.x[0] == 0 && p.x[p.n - 1] == 999 / 9990.0);
}
END_TEST

/* ---- Out of a folder --------------------------------------------------------------------------------------------- */

static void put(const char *dir, const char *name, const char *text)
{
    char path[4200];
    hone_error err;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    ck_assert_msg(hone__write_file(path, text, strlen(text), &err) == HONE_OK, "%s", err.msg);
}

/* Twelve examples: those of label b are wrong, they are long, and their genre is news. */
static void put_folder(const char *dir)
{
    char predictions[1000] = "id\tgold\tpredicted\tloss\titems\tp:a\tp:b\n",
         slices[600] = "id\tlength\tcolumn:genre\tpattern:x\n";
    for (int i = 0; i < 12; i++) {
        char one[100];
        snprintf(one, sizeof one, "e%d\t%s\ta\t0.5\t1\t0.75\t0.25\n", i, i < 6 ? "a" : "b");
        strcat(predictions, one);
        snprintf(one, sizeof one, "e%d\t%d\t%s\t%d\n", i, 10 + i, i < 6 ? "mail" : "news", i % 2);
        strcat(slices, one);
    }
    put(dir, "predictions.tsv", predictions);
    put(dir, "slices.tsv", slices);
    put(dir, "errors.tsv", "id\tgold\tpredicted\tloss\ttext\ne7\tb\ta\t0.5\ta\\tb\n");
}

static const hone__findings *read_folder(hone_arena *arena, const char *dir)
{
    const hone__findings_source source = {.dir = dir, .split = "validation"};
    hone__findings_list list;
    hone_error err = {HONE_OK, ""};
    ck_assert_msg(hone__findings_read(arena, &source, &list, &err) == HONE_OK, "%s", err.msg);
    return list.n ? list.all[0] : NULL;
}

START_TEST(slices_stand_with_the_weakest_first_and_their_intervals)
{
    static const char *const weakest[] = {"label: b", "genre: news"};
    char *dir = suite_make_dir();
    hone_arena *arena = hone__arena_create(0);
    put_folder(dir);
    const hone_table *t = hone__findings_table(read_folder(arena, dir), "slices");
    for (uint64_t i = 0; i < 2; i++) {
        ck_assert_str_eq(cell(t, i, 0)->text, weakest[i]);
        ck_assert(cell(t, i, 1)->number == 6 && cell(t, i, 2)->number == 0);
        /* Wilson's interval of 0 of 6: from 0 to z^2 / (n + z^2). */
        ck_assert_double_eq_tol(cell(t, i, 3)->number, 0, 1e-12);
        ck_assert_double_eq_tol(cell(t, i, 4)->number, 3.8414588206941236 / 9.8414588206941236, 1e-12);
    }
    ck_assert(cell(t, row_named(t, "with x"), 2)->number == 0.5 && cell(t, row_named(t, "without x"), 1)->number == 6);
    for (uint64_t r = 0; r < rows_of(t); r++) /* quarters of three examples are too few */
        ck_assert_int_ne(strncmp(cell(t, r, 0)->text, "length", 6), 0);
    hone__arena_destroy(arena);
    suite_remove_dir(dir);
}
END_TEST

START_TEST(every_output_of_a_head_has_findings_of_its_own_name)
{
    char *dir = suite_make_dir();
    hone_arena *arena = hone__arena_create(0);
    const char *const names_of_outputs[] = {"masked", "relation", "absent"};
    hone_exhibits *shown = hone__exhibits_create(arena);
    hone__findings_list list;
    hone_error err = {HONE_OK, ""};
    const hone__findings_source source = {.dir = dir, .split = "test", .shown = shown};
    ck_assert_int_eq(hone__exhibits_name_outputs(shown, names_of_outputs, 3, &err), HONE_OK);
    put(dir, "predictions.tsv", "id\tgold:tokens\tpredicted\tloss\titems\tscores\ne0\t5|6\t5|7\t3\t2\t0.1 2\n");
    put(dir, "confusion.tsv", "gold\tpredicted\ttimes\tmasked\nthe\ta\t3\t4\n");
    put(dir, "predictions.relation.tsv",
        "id\tgold\tpredicted\tloss\titems\tp:next\tp:random\ne0\tnext\trandom\t1\t1\t0.4\t0.6\n");
    put(dir, "errors.relation.tsv", "id\tgold\tpredicted\tloss\tsequence:words\ne0\tnext\trandom\t1\t[CLS]|walk|##ed|[SEP]\n");
    ck_assert_msg(hone__findings_read(arena, &source, &list, &err) == HONE_OK, "%s", err.msg);
    ck_assert_uint_eq(list.n, 2); /* nothing of the third */
    const hone_table *pairs = hone__findings_table(list.all[0], "confused_pairs");
    ck_assert_str_eq(pairs->name, "test_masked_confused_pairs");
    ck_assert_str_eq(cell(pairs, 0, 1)->text, "a");
    ck_assert_double_eq(cell(pairs, 0, 3)->number, 75);
    const hone_matrix *m = hone__findings_matrix(list.all[1], "confusion_matrix");
    ck_assert_str_eq(m->title, "Confusion matrix (relation, test data)");
    ck_assert_uint_eq(list.all[0]->n_cases, 0);
    ck_assert_uint_eq(list.all[1]->n_cases, 1);
    const hone__case_line *sequence = &list.all[1]->cases[0].lines[2];
    ck_assert_str_eq(sequence->name, "sequence");
    ck_assert_str_eq(sequence->parts[2].text, "walk");
    ck_assert_str_eq(sequence->parts[3].text, "ed"); /* glued */
    hone__arena_destroy(arena);
    suite_remove_dir(dir);
}
END_TEST

/* a is predicted above 0.3, and had better be above 0.5. */
START_TEST(labels_of_sets_are_measured_over_all_thresholds)
{
    char *dir = suite_make_dir();
    hone_arena *arena = hone__arena_create(0);
    static const char *const columns[] = {"label", "threshold"};
    hone_exhibits *head = hone__exhibits_create(arena);
    hone_table *t;
    hone__findings_list list;
    hone_error err = {HONE_OK, ""};
    const hone__findings_source source = {.dir = dir, .split = "validation", .head = head};
    ck_assert_int_eq(hone_table_begin(head, "thresholds", "Thresholds", 2, columns, &t, &err), HONE_OK);
    ck_assert_int_eq(hone_table_text(t, "a", &err), HONE_OK);
    ck_assert_int_eq(hone_table_number(t, 0.3, &err), HONE_OK);
    put(dir, "predictions.tsv",
        "id\tgold:classes\tpredicted\tloss\titems\tp:a\tp:b\ne0\ta\ta\t1\t2\t0.8\t0.1\ne1\t\ta\t1\t2\t0.4\t0.1\n"
        "e2\ta\ta\t1\t2\t0.6\t0.1\ne3\t\t\t1\t2\t0.2\t0\n");
    ck_assert_msg(hone__findings_read(arena, &source, &list, &err) == HONE_OK, "%s", err.msg);
    const hone__findings *f = list.all[0];
    ck_assert_uint_eq(f->n_panels, 1); /* b is in no gold */
    const hone__threshold_panel *p = &f->panels[0];
    ck_assert(p->chosen == 0.3 && p->x[0] == 0 && fabs(p->x[p->n - 1] - 0.8) < 1e-7);
    for (uint64_t i = 0; i < p->n; i++) {
        const double x = p->x[i], near = fmin(fmin(fabs(x - 0.8), fabs(x - 0.6)), fmin(fabs(x - 0.4), fabs(x - 0.2)));
        if (near < 1e-5) /* scores are floats, and lie to one side */
            continue;
        const double right = (x < 0.8) + (x < 0.6), wrong = (x < 0.4) + (x < 0.2);
        equal("a", "recall", p->recall[i], right / 2);
        equal("a", "precision", p->precision[i], right + wrong > 0 ? right / (right + wrong) : (double)NAN);
        equal("a", "F1", p->f1[i], 2 * right / (2 + right + wrong));
    }
    const hone_table *labels = hone__findings_table(f, "per_class");
    ck_assert_str_eq(labels->columns[7], "threshold");
    ck_assert_double_eq(cell(labels, 0, 7)->number, 0.3);
    ck_assert(isnan(cell(labels, 1, 7)->number)); /* the head says nothing of b */
    hone__arena_destroy(arena);
    suite_remove_dir(dir);
}
END_TEST

START_TEST(damaged_files_of_slices_and_errors_are_left_out)
{
    static const char *const damaged[] = {"",          "id", "id\tlength\n", "id\tlength\ne0\t1\t2\n", "id\tlength\ne0\t1\n",
                                          "\t\t\n\n\n"};
    char *dir = suite_make_dir();
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++) {
        hone_arena *arena = hone__arena_create(0);
        put_folder(dir);
        put(dir, "slices.tsv", damaged[i]);
        put(dir, "errors.tsv", damaged[i]);
        const hone__findings *f = read_folder(arena, dir);
        ck_assert_uint_eq(rows_of(hone__findings_table(f, "slices")), 2); /* by label */
        ck_assert_uint_eq(f->n_cases, 0);
        put(dir, "predictions.tsv", damaged[i]);
        ck_assert_ptr_null(read_folder(arena, dir));
        hone__arena_destroy(arena);
    }
    suite_remove_dir(dir);
}
END_TEST

static hone_status attempt_folder(void *ctx, hone_error *err)
{
    const hone__findings_source source = {.dir = ctx, .split = "validation"};
    hone__findings_list list;
    hone_arena *arena = hone__arena_create(0);
    if (!arena)
        return hone_no_memory(err, "the arena");
    const hone_status status = hone__findings_read(arena, &source, &list, err);
    hone__arena_destroy(arena);
    return status;
}

START_TEST(every_allocation_may_fail_while_a_folder_is_read)
{
    char *dir = suite_make_dir();
    put_folder(dir);
    suite_every_allocation_fails(attempt_folder, dir);
    suite_remove_dir(dir);
}
END_TEST

static hone_status attempt(void *ctx, hone_error *err)
{
    hone__findings *f;
    hone_arena *arena = hone__arena_create(0);
    if (!arena)
        return hone_no_memory(err, "the arena");
    const hone_status status = hone__findings_make(arena, ctx, &f, err);
    hone__arena_destroy(arena);
    return status;
}

START_TEST(every_allocation_may_fail)
{
    static table t;
    const double scores[] = {0.3, 0.6, 0.1};
    begin(&t, HONE_TARGET_CLASS, 3);
    for (int i = 0; i < 6; i++)
        add(&t, i % 3, i % 2, scores);
    suite_every_allocation_fails(attempt, &t.e);
    t.e.target = HONE_TARGET_CHOICE;
    suite_every_allocation_fails(attempt, &t.e);
    memset(&t, 0, sizeof t);
    begin(&t, HONE_TARGET_SCORE, 0);
    add(&t, 1, 2, NULL);
    suite_every_allocation_fails(attempt, &t.e);
}
END_TEST

SUITE("findings", tables_curves_and_calibration_are_those_of_scikit_learn, pairs_that_are_confused_most_often_come_first,
      of_many_labels_the_weakest_are_drawn, two_labels_have_one_curve_that_of_the_positive_one, numbers_are_drawn_against_gold,
      what_has_no_scores_no_gold_or_another_target_breaks_nothing, tags_are_counted_by_word_and_lost_words_apart,
      choices_are_counted_by_position, entities_are_those_of_seqeval, entities_are_taken_for_others_cut_missed_and_made_up,
      tags_that_mark_nothing_are_counted_by_word, findings_of_the_test_data_say_so, thin_curves_keep_their_ends,
      slices_stand_with_the_weakest_first_and_their_intervals, labels_of_sets_are_measured_over_all_thresholds,
      every_output_of_a_head_has_findings_of_its_own_name, damaged_files_of_slices_and_errors_are_left_out,
      every_allocation_may_fail_while_a_folder_is_read, every_allocation_may_fail)
