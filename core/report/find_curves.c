/* find_curves.c - ROC and precision-recall curves of labels, each against all others.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "report/findings.h"

#include "base/arena.h"
#include "report/sheet.h"
#include "report/thresholds.h"

#include <hone/statistics.h>
#include <math.h>

/* Of more labels the weakest are drawn: so many curves can be told apart. */
enum { MOST_CURVES = 8 };

typedef struct label_curve {
    uint64_t label;
    double area, precision; /* under the ROC curve; average precision */
} label_curve;

typedef struct drawing {
    const hone__finding *f;
    hone_exhibits *x;
    label_curve *all; /* [n] of those that have both positives and negatives, by the area that is drawn, smallest first */
    uint64_t n;
} drawing;

static hone_status measure(drawing *d, hone_error *err)
{
    const hone_evaluation *e = d->f->e;
    const bool binary = e->target == HONE_TARGET_CLASS && e->n_labels == 2;
    const uint64_t positive = e->positive >= 0 ? (uint64_t)e->positive : 1;
    for (uint64_t l = 0; l < e->n_labels; l++) {
        hone__thresholds t;
        if (binary && l != positive)
            continue;
        const hone__mark mark = hone__arena_mark(d->f->scratch);
        HONE_TRY(hone__finding_thresholds(d->f, l, &t, err));
        if (t.positives > 0 && t.negatives > 0)
            d->all[d->n++] = (label_curve){l, hone__roc_auc(&t), hone__average_precision(&t)};
        hone__arena_release(d->f->scratch, mark);
    }
    return HONE_OK;
}

/* By insertion: labels are few, and equal ones stay in their order. */
static void sort_by(drawing *d, bool roc)
{
    for (uint64_t i = 1; i < d->n; i++) {
        const label_curve c = d->all[i];
        uint64_t k = i;
        for (; k > 0 && (roc ? d->all[k - 1].area > c.area : d->all[k - 1].precision > c.precision); k--)
            d->all[k] = d->all[k - 1];
        d->all[k] = c;
    }
}

/* "ROC, each label against all others: the 8 of 77 with the smallest area" */
static const char *title_of(const drawing *d, const char *what)
{
    if (d->n > MOST_CURVES)
        return hone__finding_title(d->f, "%s, one label against all others: the %d weakest of %llu", what, (int)MOST_CURVES,
                                   (unsigned long long)d->n);
    return hone__finding_title(d->f, "%s%s", what, d->n > 1 ? ", one label against all others" : "");
}

static hone_status add_one(drawing *d, const label_curve *c, bool roc, hone_curve *curve, hone_error *err)
{
    hone__thresholds t;
    hone__points p;
    char label[128];
    const hone__mark mark = hone__arena_mark(d->f->scratch);
    HONE_TRY(hone__finding_thresholds(d->f, c->label, &t, err));
    HONE_TRY((roc ? hone__roc_points : hone__precision_recall_points)(d->f->scratch, &t, &p, err));
    hone__points_thin(&p);
    hone__text_fit(d->f->e->labels[c->label], 22, label, sizeof label);
    curve->series = hone_sprintf(d->f->scratch, "%s: %s %.3f", label, roc ? "area" : "AP", roc ? c->area : c->precision);
    if (!curve->series)
        return hone_no_memory(err, "drawing a curve");
    curve->n = p.n;
    curve->x = p.x;
    curve->y = p.y;
    const hone_status status = hone_curve_add(d->x, curve, err);
    hone__arena_release(d->f->scratch, mark);
    return status;
}

static hone_status add_all(drawing *d, bool roc, hone_error *err)
{
    hone_curve c = {.size = sizeof c,
                    .name = roc ? "roc" : "precision_recall",
                    .title = title_of(d, roc ? "ROC" : "Precision and recall"),
                    .x_label = roc ? "false positive rate" : "recall",
                    .y_label = roc ? "true positive rate" : "precision",
                    .diagonal = roc,
                    .style = roc ? HONE_CURVE_LINE : HONE_CURVE_STEPS};
    if (!c.title)
        return hone_no_memory(err, "drawing a curve");
    sort_by(d, roc);
    for (uint64_t i = 0; i < d->n && i < MOST_CURVES; i++)
        HONE_TRY(add_one(d, &d->all[i], roc, &c, err));
    return HONE_OK;
}

hone_status hone__find_curves(const hone__finding *f, hone__findings *out, hone_error *err)
{
    drawing d = {.f = f, .x = out->exhibits};
    if (!f->has_scores)
        return HONE_OK;
    d.all = hone_alloc_array(f->arena, f->e->n_labels, sizeof *d.all);
    if (!d.all)
        return hone_no_memory(err, "drawing curves");
    HONE_TRY(measure(&d, err));
    HONE_TRY(add_all(&d, true, err));
    return add_all(&d, false, err);
}
