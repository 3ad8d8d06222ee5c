/* importance.h - how much of a metric's variance each swept parameter explains by itself.
 *
 * Functional analysis of variance over a forest of regression trees: each tree cuts the space into boxes of one value, so that the
 * mean over all other parameters, and its variance along one, are sums over boxes. Means are over the space as it was drawn from
 * (uniform in log where so drawn, equal weight for each choice), not over the points. Not counting has the weight of the share of points
 * for which a parameter did not count, as one more value. What is missing to 1 is joint effects of several parameters.
 * Source: Hutter, Hoos and Leyton-Brown 2014, "An Efficient Approach for Assessing Hyperparameter Importance" (ICML).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_REPORT_IMPORTANCE_H
#define HONE_CORE_REPORT_IMPORTANCE_H

#include "report/axes.h"

enum { HONE__FEWEST_POINTS = 10, HONE__MOST_POINTS = 1000 }; /* of more points an even choice is taken */

typedef struct hone__importance {
    double *share;    /* [axes.n] 0 to 1 */
    double explained; /* of the variance, of points that a tree had not seen; 0 or less: the forest knows nothing */
    size_t n_points;  /* taken */
} hone__importance;

/* The same for the same points. HONE_ENOTFOUND where there are too few points, or all have one value. In the run's arena. */
hone_status hone__importance_make(const hone__axes *axes, hone__importance *importance, hone_error *err) HONE_CHECKED;

#endif
