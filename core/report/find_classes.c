/* find_classes.c - how well each label is found: precision, recall, F1, support, and the areas under its curves.
 *
 * Source: scikit-learn, classification_report, roc_auc_score and average_precision_score.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "report/findings.h"

#include "base/arena.h"
#include "report/thresholds.h"

#include <hone/statistics.h>
#include <math.h>

enum { N_SCORES = 5 }; /* precision, recall, F1, and the two areas */

/* A row of the table; NaN is no number. */
typedef struct row {
    const char *name;
    double score[N_SCORES], support, threshold;
} row;

typedef struct report {
    const hone__finding *f;
    hone_label_counts counts;
    hone_table *table;
    row *rows; /* [labels] */
} report;

static double ratio(double part, double whole)
{
    return whole > 0 ? part / whole : 0;
}

static void fill_scores(row *r, double right, double gold, double predicted)
{
    r->score[0] = ratio(right, predicted);
    r->score[1] = ratio(right, gold);
    r->score[2] = ratio(2 * right, gold + predicted);
    r->score[3] = r->score[4] = NAN;
    r->support = gold;
    r->threshold = NAN;
}

/* Of a class that is neither in gold nor predicted nothing is known. Sets are sure about every label. */
static bool is_unknown(const report *p, uint64_t l)
{
    return p->f->e->target == HONE_TARGET_CLASS && p->counts.gold[l] + p->counts.predicted[l] == 0;
}

static hone_status fill_areas(const report *p, uint64_t l, row *r, hone_error *err)
{
    hone__thresholds t;
    const hone__mark mark = hone__arena_mark(p->f->scratch);
    HONE_TRY(hone__finding_thresholds(p->f, l, &t, err));
    r->score[3] = hone__roc_auc(&t);
    r->score[4] = hone__average_precision(&t);
    hone__arena_release(p->f->scratch, mark);
    return HONE_OK;
}

static hone_status fill_rows(const report *p, hone_error *err)
{
    for (uint64_t l = 0; l < p->counts.n; l++) {
        row *r = &p->rows[l];
        r->name = p->f->e->labels[l];
        fill_scores(r, p->counts.right[l], p->counts.gold[l], p->counts.predicted[l]);
        r->threshold = hone__finding_chosen(p->f, l);
        for (size_t s = 0; s < N_SCORES && is_unknown(p, l); s++)
            r->score[s] = NAN;
        if (p->f->has_scores)
            HONE_TRY(fill_areas(p, l, r, err));
    }
    return HONE_OK;
}

/* ---- Averages ---------------------------------------------------------------------------------------------------- */

static double total_of(const report *p, const double *counts)
{
    double sum = 0;
    for (uint64_t l = 0; l < p->counts.n; l++)
        sum += counts[l];
    return sum;
}

/* Over the labels that have a number; of areas too. */
static row mean_row(const report *p, const char *name, bool weighted)
{
    row mean = {.name = name, .support = total_of(p, p->counts.gold), .threshold = NAN};
    for (size_t s = 0; s < N_SCORES; s++) {
        double sum = 0, weights = 0;
        for (uint64_t l = 0; l < p->counts.n; l++) {
            const row *r = &p->rows[l];
            const double weight = isnan(r->score[s]) ? 0 : weighted ? r->support : 1;
            sum += weight > 0 ? weight * r->score[s] : 0;
            weights += weight;
        }
        mean.score[s] = weights > 0 ? sum / weights : s < 3 ? 0 : NAN;
    }
    return mean;
}

static row micro_row(const report *p)
{
    row r = {.name = "micro avg"};
    fill_scores(&r, total_of(p, p->counts.right), total_of(p, p->counts.gold), total_of(p, p->counts.predicted));
    return r;
}

/* Of a class every mistake is a wrong and a missing label, so the micro averages are all the accuracy. */
static row accuracy_row(const report *p)
{
    row r = micro_row(p);
    r.name = "accuracy";
    r.score[0] = r.score[1] = NAN;
    return r;
}

/* The mean over examples. */
static row samples_row(const report *p)
{
    const hone_evaluation *e = p->f->e;
    row mean = {.name = "samples avg", .score = {0, 0, 0, NAN, NAN}, .support = total_of(p, p->counts.gold), .threshold = NAN};
    for (uint64_t i = 0; i < e->n; i++) {
        const hone_record *r = hone_record_at(e, i);
        double right = 0, gold = 0, predicted = 0;
        row one;
        for (uint64_t l = 0; l < e->n_labels; l++) {
            const bool in_gold = hone_answer_holds(r->gold, l), in_prediction = hone_answer_holds(r->prediction, l);
            gold += in_gold;
            predicted += in_prediction;
            right += in_gold && in_prediction;
        }
        fill_scores(&one, right, gold, predicted);
        for (size_t s = 0; s < 3; s++)
            mean.score[s] += one.score[s] / (double)e->n;
    }
    return mean;
}

/* ---- The table --------------------------------------------------------------------------------------------------- */

static hone_status add_row(const report *p, const row *r, hone_error *err)
{
    HONE_TRY(hone_table_text(p->table, r->name, err));
    for (size_t s = 0; s < 3; s++)
        HONE_TRY(hone_table_number(p->table, r->score[s], err));
    HONE_TRY(hone_table_number(p->table, r->support, err));
    for (size_t s = 3; s < N_SCORES && p->f->has_scores; s++)
        HONE_TRY(hone_table_number(p->table, r->score[s], err));
    return p->f->has_scores && p->f->chosen ? hone_table_number(p->table, r->threshold, err) : HONE_OK;
}

static hone_status add_averages(const report *p, hone_error *err)
{
    const bool sets = p->f->e->target == HONE_TARGET_CLASSES;
    const row first = sets ? micro_row(p) : accuracy_row(p), macro = mean_row(p, "macro avg", false);
    const row weighted = mean_row(p, "weighted avg", true);
    HONE_TRY(add_row(p, &first, err));
    HONE_TRY(add_row(p, &macro, err));
    HONE_TRY(add_row(p, &weighted, err));
    if (!sets)
        return HONE_OK;
    const row samples = samples_row(p);
    return add_row(p, &samples, err);
}

hone_status hone__find_classes(const hone__finding *f, hone__findings *out, hone_error *err)
{
    static const char *const columns[] = {"label",          "precision",         "recall",   "F1", "support",
                                          "area under ROC", "average precision", "threshold"};
    const uint64_t n_columns = !f->has_scores ? 5 : f->chosen ? 8 : 7;
    report p = {.f = f};
    HONE_TRY(hone_count_labels(f->scratch, f->e, &p.counts, err));
    p.rows = hone_alloc_array(f->scratch, f->e->n_labels, sizeof *p.rows);
    const char *title = hone__finding_title(f, "Each label");
    if (!p.rows || !title)
        return hone_no_memory(err, "scoring labels");
    HONE_TRY(fill_rows(&p, err));
    HONE_TRY(hone_table_begin(out->exhibits, "per_class", title, n_columns, columns, &p.table, err));
    for (uint64_t l = 0; l < p.counts.n; l++)
        HONE_TRY(add_row(&p, &p.rows[l], err));
    return add_averages(&p, err);
}
