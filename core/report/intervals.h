/* intervals.h - how far figures may be from what other examples of the same kind would give.
 *
 * Bootstrap over examples: those of predictions.tsv are drawn anew with repetition, the same ones for all seeds of a point, the metric's
 * own plugin reckons over them, and the middle 95 % of the means over the seeds are the interval (percentile method). Draws come from a
 * counter, so the same files give the same interval. It says nothing of what another seed or search would give; the standard deviation
 * over seeds does.
 * Source: Efron and Tibshirani 1993, "An Introduction to the Bootstrap", chapter 13.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_REPORT_INTERVALS_H
#define HONE_CORE_REPORT_INTERVALS_H

#include "report/run.h"

enum {
    HONE__INTERVAL_DRAWS = 1000,
    HONE__INTERVAL_POINTS = 20, /* the best ones */
    HONE__INTERVAL_LIMIT_S = 600
};

/* Fills low and high of the best points, run->ranges and run->test_ranges: of every figure that a metric gives again of the predictions
 * of whichever output it is of; and run->intervals and run->range_note, what was done, or why there are none. A metric is asked for its
 * figures of the examples as they are first; where one is not what was reported, it has no interval. Each metric is asked in a process
 * of its own, which may take `limit_s`: one that crashes or hangs costs its own intervals alone. */
hone_status hone__intervals_make(hone__report_run *run, double limit_s, hone_log *log, hone_error *err) HONE_CHECKED;

#endif
