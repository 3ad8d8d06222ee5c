/* intervals.h - how far a point's value may be from what other examples of the same kind would give.
 *
 * Bootstrap over examples: the examples of predictions.tsv are drawn anew with repetition, the same ones for all seeds of a point, the
 * metric's own plugin reckons over them, and the middle 95 % of the means over the seeds are the interval (percentile method). Draws
 * come from a counter, so the same files give the same interval. It says nothing of what another seed or search would give; the
 * standard deviation over seeds does.
 * Source: Efron and Tibshirani 1993, "An Introduction to the Bootstrap", chapter 13.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_REPORT_INTERVALS_H
#define HONE_CORE_REPORT_INTERVALS_H

#include "report/run.h"

enum { HONE__INTERVAL_DRAWS = 1000, HONE__INTERVAL_POINTS = 20 }; /* points: the best ones */

/* Fills low and high of the best points, and run->intervals: what was done, or why there are none. A metric is asked for its figure of
 * the examples as they are first; where that is not the trial's value, there is no interval. */
hone_status hone__intervals_make(hone__report_run *run, hone_log *log, hone_error *err) HONE_CHECKED;

#endif
