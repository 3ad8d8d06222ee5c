/* compare.h - several runs side by side: their best trials' figures with intervals, whether the best is better by more than chance, what
 * differs in their settings, and their curves in one picture.
 *
 * Everything is made of the runs' directories. Intervals and tests are of the examples that a trial was evaluated on, drawn again and
 * again with replacement, by the trial's own metrics; they say nothing of other seeds.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_REPORT_COMPARE_H
#define HONE_CORE_REPORT_COMPARE_H

#include "config/experiment.h"
#include "report/doc.h"
#include "report/run.h"
#include "train/evaluate.h"

/* A figure of the trial that stands for a run. */
typedef struct hone__interval {
    const char *name; /* "validation/f1" */
    int32_t direction;
    double value, low, high; /* the last two hold 95 % of the draws; NaN where there are none */
    double *draws;           /* [n_draws]; NULL where the metric cannot be reckoned again */
} hone__interval;

typedef struct hone__contender {
    hone__report_run *run;
    const char *name; /* the run's, or its directory where two have the same one */
    const hone__report_trial *trial;
    const hone__report_point *point;
    const hone__yaml *settings; /* of that trial, every default written out where it can still be read */
    hone_evaluation *e;         /* its predictions; NULL where there are none */
    char examples[65];          /* hash of their ids and golds */
    hone__interval *figures;    /* [n_figures] */
    size_t n_figures;
} hone__contender;

/* The best against another, on the same examples. */
typedef struct hone__paired {
    const hone__contender *other;
    const char *why_not; /* NULL: there is a test */
    double difference, low, high, p;
    bool has_mcnemar; /* of one of several labels, or choices */
    uint64_t only_best, only_other;
    double p_mcnemar;
} hone__paired;

typedef struct hone__comparison {
    hone_arena *arena;
    const char *metric; /* that ranks */
    bool maximize;
    hone__contender *contenders; /* [n] best first */
    size_t n;
    hone__paired *pairs; /* [n_pairs] the best against each of the next ones */
    size_t n_pairs;
    uint64_t n_draws;
} hone__comparison;

/* metric: NULL is the one by which the first run ranks. Everything lives in `arena`; the runs stay the caller's. HONE_EINVAL where a run
 * has no complete trial, or not that figure. */
hone_status hone__compare(hone_arena *arena, hone__registry *registry, hone__report_run *const *runs, size_t n,
                          const char *metric, hone_log *log, hone__comparison *c, hone_error *err) HONE_CHECKED;

/* Two-sided, exact: of `a` + `b` cases in which one of two is right and the other wrong. Source: McNemar 1947; the exact form is the
 * binomial test, as in statsmodels' mcnemar(exact=True). */
double hone__mcnemar(uint64_t a, uint64_t b);

/* ---- Showing it -------------------------------------------------------------------------------------------------- */

hone_status hone__compare_figures(const hone__comparison *c, hone__sheet **sheet, hone_error *err) HONE_CHECKED;
/* Settings that are not the same everywhere, one a row. */
hone_status hone__compare_settings(const hone__comparison *c, hone__sheet **sheet, hone_error *err) HONE_CHECKED;
/* One sentence. */
hone_status hone__compare_sentence(const hone__comparison *c, const hone__paired *p, hone__str *out,
                                   hone_error *err) HONE_CHECKED;
/* One curve a run, over epochs. */
hone_status hone__compare_plot(const hone__comparison *c, hone__plots *plots, const char *key, hone_error *err) HONE_CHECKED;
/* compare.md and plots/ in a folder that is there. */
hone_status hone__compare_write(const hone__comparison *c, const char *dir, hone_log *log, hone_error *err) HONE_CHECKED;

#endif
