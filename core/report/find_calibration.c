/* find_calibration.c - how often what is predicted with a probability of p is right.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "report/findings.h"

#include <hone/statistics.h>
#include <math.h>

enum { BINS = 15 };

/* (0, 1/n], (1/n, 2/n], ..., and 0 in the first. */
static uint64_t bin_of(double confidence, uint64_t n_bins)
{
    const double at = ceil(confidence * (double)n_bins) - 1;
    return at < 0 ? 0 : at >= (double)n_bins ? n_bins - 1 : (uint64_t)at;
}

hone_status hone__calibration_make(hone_arena *arena, uint64_t n, const double *confidence, const bool *right, uint64_t n_bins,
                                   hone__calibration *c, hone_error *err)
{
    *c = (hone__calibration){.bins = hone_alloc_array(arena, n_bins, sizeof *c->bins), .n_bins = n_bins};
    if (!c->bins)
        return hone_no_memory(err, "looking at probabilities");
    for (uint64_t i = 0; i < n; i++) {
        hone__bin *b = &c->bins[bin_of(confidence[i], n_bins)];
        b->n++;
        b->confidence += confidence[i];
        b->accuracy += right[i];
    }
    for (uint64_t i = 0; i < n_bins; i++) {
        hone__bin *b = &c->bins[i];
        b->low = (double)i / (double)n_bins;
        b->high = (double)(i + 1) / (double)n_bins;
        b->confidence = b->n > 0 ? b->confidence / b->n : NAN;
        b->accuracy = b->n > 0 ? b->accuracy / b->n : NAN;
        if (b->n == 0)
            continue;
        c->ece += b->n / (double)n * fabs(b->accuracy - b->confidence);
        c->mce = fmax(c->mce, fabs(b->accuracy - b->confidence));
    }
    return HONE_OK;
}

/* ---- Out of predictions ------------------------------------------------------------------------------------------ */

typedef struct chances {
    double *confidence;
    bool *right;
    uint64_t n;
} chances;

static void take(chances *d, double confidence, bool right)
{
    d->confidence[d->n] = confidence;
    d->right[d->n++] = right;
}

/* Of a class the probability of what was predicted; of sets, that of each label. Predictions without probabilities have none. */
static hone_status gather(const hone__finding *f, chances *d, hone_error *err)
{
    const hone_evaluation *e = f->e;
    const bool sets = e->target == HONE_TARGET_CLASSES;
    const uint64_t most = e->n * (sets ? e->n_labels : 1);
    *d = (chances){.confidence = hone_alloc_array(f->scratch, most, sizeof *d->confidence),
                   .right = hone_alloc_array(f->scratch, most, sizeof *d->right)};
    if (!d->confidence || !d->right)
        return hone_no_memory(err, "looking at probabilities");
    for (uint64_t i = 0; i < e->n; i++) {
        const hone_record *r = hone_record_at(e, i);
        const hone_answer *p = r->prediction;
        for (uint64_t l = 0; l < p->n_scores && l < e->n_labels; l++)
            if ((sets || p->index == (int32_t)l) && p->scores[l] >= 0 && p->scores[l] <= 1)
                take(d, (double)p->scores[l], hone_answer_holds(r->gold, l));
    }
    return HONE_OK;
}

static hone_status add_table(const hone__finding *f, const hone__calibration *c, const char *title, hone_exhibits *x,
                             hone_error *err)
{
    static const char *const columns[] = {"probability", "predictions", "mean probability", "share right", "difference"};
    hone_table *t;
    HONE_TRY(hone_table_begin(x, "calibration", title, 5, columns, &t, err));
    for (uint64_t i = 0; i < c->n_bins; i++) {
        const hone__bin *b = &c->bins[i];
        if (b->n == 0)
            continue;
        const char *range = hone_sprintf(f->scratch, "%.3f to %.3f", b->low, b->high);
        if (!range)
            return hone_no_memory(err, "looking at probabilities");
        HONE_TRY(hone_table_text(t, range, err));
        HONE_TRY(hone_table_number(t, b->n, err));
        HONE_TRY(hone_table_number(t, b->confidence, err));
        HONE_TRY(hone_table_number(t, b->accuracy, err));
        HONE_TRY(hone_table_number(t, b->accuracy - b->confidence, err));
    }
    return HONE_OK;
}

hone_status hone__find_calibration(const hone__finding *f, hone__findings *out, hone_error *err)
{
    chances d;
    hone__calibration *c = &out->calibration;
    HONE_TRY(gather(f, &d, err));
    if (d.n == 0)
        return HONE_OK;
    HONE_TRY(hone__calibration_make(f->arena, d.n, d.confidence, d.right, BINS, c, err));
    const char *title =
        hone__finding_title(f, "Reliability of %s", f->e->target == HONE_TARGET_CLASS ? "the predicted label" : "all labels");
    return title ? add_table(f, c, title, out->exhibits, err) : hone_no_memory(err, "looking at probabilities");
}
