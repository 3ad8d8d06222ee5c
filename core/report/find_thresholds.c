/* find_thresholds.c - precision, recall and F1 of each label of sets, over the probability above which it is predicted.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "report/findings.h"

#include "base/arena.h"
#include "report/thresholds.h"

#include <math.h>

/* Of more labels those whose best F1 is least: so many panels can be read on a page. */
enum { MOST_PANELS = 40, STEPS = 200 };

static double highest(const double *values, uint64_t n)
{
    double most = 0;
    for (uint64_t i = 0; i < n; i++)
        most = fmax(most, values[i]);
    return most;
}

/* At threshold x, what scores above it is predicted; `t` has the scores from the largest on. */
static void measure(const hone__thresholds *t, double x, uint64_t *above, hone__threshold_panel *p)
{
    while (*above > 0 && t->at[*above - 1].score <= x)
        --*above;
    const double right = *above ? t->at[*above - 1].right : 0, wrong = *above ? t->at[*above - 1].wrong : 0;
    p->x[p->n] = x;
    p->precision[p->n] = *above ? right / (right + wrong) : (double)NAN;
    p->recall[p->n] = right / t->positives;
    p->f1[p->n++] = 2 * right / (t->positives + right + wrong);
}

/* From 0 to the largest probability there is: rare labels seldom have a large one. */
static hone_status fill(const hone__finding *f, uint64_t label, const hone__thresholds *t, hone__threshold_panel *p,
                        hone_error *err)
{
    double *all = hone_alloc_array(f->arena, STEPS + 1, 4 * sizeof *all);
    uint64_t above = t->n;
    if (!all)
        return hone_no_memory(err, "going through thresholds");
    *p = (hone__threshold_panel){.label = hone_strdup(f->arena, f->e->labels[label]),
                                 .chosen = hone__finding_chosen(f, label),
                                 .x = all,
                                 .precision = all + (STEPS + 1),
                                 .recall = all + 2 * (STEPS + 1),
                                 .f1 = all + 3 * (STEPS + 1)};
    for (int k = 0; k <= STEPS; k++)
        measure(t, t->at[0].score * k / STEPS, &above, p);
    return p->label ? HONE_OK : hone_no_memory(err, "going through thresholds");
}

/* Keeps the MOST_PANELS weakest, in the order of the labels. */
static void keep_weakest(hone__findings *out)
{
    while (out->n_panels > MOST_PANELS) {
        size_t best = 0;
        for (size_t i = 1; i < out->n_panels; i++)
            if (highest(out->panels[i].f1, out->panels[i].n) >= highest(out->panels[best].f1, out->panels[best].n))
                best = i;
        for (size_t i = best; i + 1 < out->n_panels; i++)
            out->panels[i] = out->panels[i + 1];
        out->n_panels--;
    }
}

hone_status hone__find_thresholds(const hone__finding *f, hone__findings *out, hone_error *err)
{
    if (!f->has_scores)
        return HONE_OK;
    out->panels = hone_alloc_array(f->arena, f->e->n_labels, sizeof *out->panels);
    if (!out->panels)
        return hone_no_memory(err, "going through thresholds");
    for (uint64_t l = 0; l < f->e->n_labels; l++) {
        hone__thresholds t;
        const hone__mark mark = hone__arena_mark(f->scratch);
        HONE_TRY(hone__finding_thresholds(f, l, &t, err));
        if (t.positives > 0 && t.at[0].score > 0 && isfinite(t.at[0].score))
            HONE_TRY(fill(f, l, &t, &out->panels[out->n_panels++], err));
        hone__arena_release(f->scratch, mark);
    }
    const size_t n = out->n_panels;
    keep_weakest(out);
    const char *title = n > MOST_PANELS
                            ? hone__finding_title(f, "What thresholds do: the %d weakest of %zu labels", (int)MOST_PANELS, n)
                            : hone__finding_title(f, "What thresholds do");
    out->panels_title = title ? hone_strdup(f->arena, title) : NULL;
    return out->panels_title ? HONE_OK : hone_no_memory(err, "going through thresholds");
}
