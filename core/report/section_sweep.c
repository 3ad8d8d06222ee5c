/* section_sweep.c - how the sweep went, and what its parameters did.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "report/plot_sweep.h"
#include "report/sections.h"

#include <math.h>

/* The axes, the most important first where that is known, else in the order of the search space. */
static hone_status order_axes(const hone__axes *a, const hone__importance *importance, size_t **order, hone_error *err)
{
    *order = hone_alloc_array(a->run->arena, a->n, sizeof **order);
    if (!*order)
        return hone_no_memory(err, "drawing a sweep");
    for (size_t i = 0; i < a->n; i++) {
        size_t at = i;
        while (importance && at > 0 && importance->share[(*order)[at - 1]] < importance->share[i]) {
            (*order)[at] = (*order)[at - 1];
            at--;
        }
        (*order)[at] = i;
    }
    return HONE_OK;
}

static void say_importance(hone__doc *d, const hone__axes *a, const hone__importance *importance)
{
    if (!importance) {
        hone__doc_note(d);
        hone__doc_text(
            d, "The importance of parameters is left out: it takes %d points of more than one value, and there are %zu.",
            HONE__FEWEST_POINTS, a->n_points);
        return;
    }
    double sum = 0;
    for (size_t j = 0; j < a->n; j++)
        sum += importance->share[j];
    hone__doc_note(d);
    hone__doc_text(
        d,
        "Importance: the share of the variance of %s that a parameter explains by itself, all others averaged over "
        "the search space, by functional analysis of variance over a forest of 64 regression trees (Hutter, Hoos and "
        "Leyton-Brown 2014), of %zu points. ",
        a->run->metric, importance->n_points);
    if (sum < 0.995)
        hone__doc_text(d, "The missing %.0f %% are joint effects of several parameters. ", 100 * (1 - sum));
    if (importance->explained > 0)
        hone__doc_text(d, "The forest explains %.0f %% of the variance of points that its trees had not seen%s.",
                       100 * importance->explained, importance->explained < 0.3 ? ", so trust these shares little" : "");
    else
        hone__doc_text(d, "The forest explains nothing of points that its trees had not seen: these shares say nothing yet.");
}

static void say_limits(hone__doc *d, const hone__axes *a)
{
    if (a->n_beyond) {
        hone__doc_note(d);
        hone__doc_text(d, "%zu point%s so far from all others that the pictures leave %s out.", a->n_beyond,
                       a->n_beyond == 1 ? " lies" : "s lie", a->n_beyond == 1 ? "it" : "them");
    }
    if (a->n_points > HONE__MOST_LINES) {
        hone__doc_note(d);
        hone__doc_text(d, "Of %zu points, parallel coordinates show the best %d and an even choice of %d others", a->n_points,
                       HONE__MOST_LINES / 2, HONE__MOST_LINES / 2);
        if (a->n_points > HONE__MOST_DOTS)
            hone__doc_text(d, ", the history and the slices an even choice of some %d", HONE__MOST_DOTS);
        hone__doc_text(d, "; the journal has them all.");
    }
    if (a->n > HONE__MOST_AXES) {
        hone__doc_note(d);
        hone__doc_text(d, "Of %zu parameters, %d are drawn.", a->n, HONE__MOST_AXES);
    }
}

static hone_status add_parameters(hone__report *r, const hone__axes *a, hone_error *err)
{
    hone__importance made, *importance = &made;
    size_t *order;
    hone_error why;
    const hone_status status = hone__importance_make(a, &made, &why);
    if (status == HONE_ENOMEM)
        return hone_no_memory(err, "drawing a sweep");
    if (status != HONE_OK)
        importance = NULL;
    HONE_TRY(order_axes(a, importance, &order, err));
    const size_t n = a->n < HONE__MOST_AXES ? a->n : HONE__MOST_AXES;
    hone__doc_heading(&r->doc, "What the parameters did");
    if (importance)
        HONE_TRY(hone__plot_importance(r->plots, a, importance, order, n, err));
    for (size_t k = 0; k < n; k++)
        HONE_TRY(hone__plot_slice(r->plots, a, order[k], err));
    HONE_TRY(hone__plot_parallel(r->plots, a, order, n, err));
    hone__report_show(r);
    say_importance(&r->doc, a, importance);
    return HONE_OK;
}

hone_status hone__section_sweep(hone__report *r, hone_error *err)
{
    hone__axes axes;
    if (r->run->n_trials < 2)
        return HONE_OK;
    HONE_TRY(hone__axes_make(r->run, &axes, err));
    HONE_TRY(hone__plot_history(r->plots, &axes, err));
    HONE_TRY(hone__plot_budget(r->plots, &axes, err));
    HONE_TRY(hone__plot_timeline(r->plots, r->run, err));
    hone__report_show(r);
    if (axes.n && axes.n_points >= 2)
        HONE_TRY(add_parameters(r, &axes, err));
    say_limits(&r->doc, &axes);
    return HONE_OK;
}
