/* thresholds.h - what a label's scores are worth at every threshold: ROC, precision and recall, and the numbers that sum them up.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_REPORT_THRESHOLDS_H
#define HONE_CORE_REPORT_THRESHOLDS_H

#include <hone/base.h>

/* Of the examples that score at least `score`, so many are positive and so many are not. */
typedef struct hone__threshold {
    double score, right, wrong;
} hone__threshold;

typedef struct hone__thresholds {
    hone__threshold *at; /* [n] one for each distinct score, largest first */
    uint64_t n;
    double positives, negatives; /* in all */
} hone__thresholds;

/* Lives in `arena`. Scores must not be NaN. */
hone_status hone__thresholds_make(hone_arena *arena, uint64_t n, const double *scores, const bool *positive,
                                  hone__thresholds *t, hone_error *err) HONE_CHECKED;

/* By trapezoids; NaN where there is no positive or no negative. Source: scikit-learn, roc_auc_score. */
double hone__roc_auc(const hone__thresholds *t);
/* The sum of precision times gain in recall; NaN where there is no positive. Source: scikit-learn, average_precision_score. */
double hone__average_precision(const hone__thresholds *t);

/* Points of a curve, x rising. */
typedef struct hone__points {
    double *x, *y; /* [n] */
    uint64_t n;
} hone__points;

/* False positive rate and true positive rate, corners alone. Source: scikit-learn, roc_curve. */
hone_status hone__roc_points(hone_arena *arena, const hone__thresholds *t, hone__points *p, hone_error *err) HONE_CHECKED;
/* Recall and precision, from recall 0 and precision 1 on. Source: scikit-learn, precision_recall_curve. */
hone_status hone__precision_recall_points(hone_arena *arena, const hone__thresholds *t, hone__points *p,
                                          hone_error *err) HONE_CHECKED;
/* Drops points that lie within 1/400 of the last one kept, of a picture whose axes go from 0 to 1; the ends stay. */
void hone__points_thin(hone__points *p);

#endif
