/* axes.h - the points of a sweep as numbers: a coordinate for each swept parameter, and the value it led to.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_REPORT_AXES_H
#define HONE_CORE_REPORT_AXES_H

#include "report/run.h"

/* A parameter of which there are at least two values. */
typedef struct hone__axis {
    size_t column;             /* of the run */
    const char *path, *title;  /* title: as short as it can be */
    bool numeric, log, listed; /* listed: numeric values out of a list, which are all there are */
    double low, high;          /* of the values; of choices, 0 and n_values - 1 */
    size_t n_values;           /* of choices and lists */
    const char **labels;       /* [n_values] of choices, as a person reads them */
    double *values;            /* [n_values] of lists, ascending */
    size_t n_inactive;         /* points for which the parameter does not count */
} hone__axis;

typedef struct hone__axes {
    const hone__report_run *run;
    hone__axis *all; /* [n] */
    size_t n;
    size_t n_points;
    const hone__report_point **points; /* [n_points] by number; those with a value */
    double *x;                         /* [n_points, n] numbers, or indices of choices; NaN where inactive */
    double *y;                         /* [n_points] */
    double y_low, y_high;              /* of the values, those left out that lie far from the others on the bad side */
    size_t n_beyond;                   /* how many these are */
} hone__axes;

/* All in the run's arena. */
hone_status hone__axes_make(const hone__report_run *run, hone__axes *axes, hone_error *err) HONE_CHECKED;

/* Where a value lies between the ends of its axis, 0 to 1. */
double hone__axis_place(const hone__axis *a, double x);

#endif
