/* plot_sweep.h - pictures of a sweep: how it went, and what its parameters did.
 *
 * Each is left out where there is nothing to see. Of many trials an even choice is drawn.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_REPORT_PLOT_SWEEP_H
#define HONE_CORE_REPORT_PLOT_SWEEP_H

#include "report/axes.h"
#include "report/importance.h"
#include "report/plot.h"

enum {
    HONE__MOST_DOTS = 1500, /* of more an even choice */
    HONE__MOST_LINES = 200, /* of parallel coordinates: the best half of these, and an even choice of the others */
    HONE__MOST_AXES = 12    /* parameters in parallel coordinates, and slices */
};

/* Every trial's value by its number, and the best so far. */
hone_status hone__plot_history(hone__plots *p, const hone__axes *axes, hone_error *err) HONE_CHECKED;
/* The best so far over the time that trials took, one after another. */
hone_status hone__plot_budget(hone__plots *p, const hone__axes *axes, hone_error *err) HONE_CHECKED;
/* The points along one parameter. */
hone_status hone__plot_slice(hone__plots *p, const hone__axes *axes, size_t axis, hone_error *err) HONE_CHECKED;
hone_status hone__plot_importance(hone__plots *p, const hone__axes *axes, const hone__importance *importance,
                                  const size_t *order, size_t n, hone_error *err) HONE_CHECKED;
/* `order` [n]: which axes, from left to right. */
hone_status hone__plot_parallel(hone__plots *p, const hone__axes *axes, const size_t *order, size_t n,
                                hone_error *err) HONE_CHECKED;
/* When each trial ran, in as many rows as ran at once. */
hone_status hone__plot_timeline(hone__plots *p, const hone__report_run *run, hone_error *err) HONE_CHECKED;

/* ---- For the files of this module -------------------------------------------------------------------------------- */

/* A unit in which a time of `seconds` is read. */
typedef struct hone__time_unit {
    double seconds;
    const char *name;
} hone__time_unit;
hone__time_unit hone__time_unit_of(double seconds);

/* Range and tics of an axis that ends at low and high, some six of them, at round numbers, none of which meet. */
void hone__canvas_range(hone__canvas *c, const char *axis, double low, double high, bool log);
/* The range of the values of a sweep; `below` leaves room under them, as a share of it. Returns the lower end. */
double hone__canvas_values(hone__canvas *c, const hone__axes *axes, double below);

#endif
