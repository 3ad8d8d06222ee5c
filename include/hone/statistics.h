/* hone/statistics.h - what metrics share: ranks, correlation, the area under a curve, and scores of labels with their averages.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_STATISTICS_H
#define HONE_STATISTICS_H

#include "metric.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Of numbers -------------------------------------------------------------------------------------------------- */

/* Pearson's correlation of x [n] and y [n], in [-1, 1]; NaN where n < 2 or either is constant. Source: SciPy, pearsonr. [any thread] */
HONE_EXPORT double hone_correlation(uint64_t n, const double *x, const double *y);
/* Room for hone_ranks(). */
typedef struct hone_rank_place {
    double x;
    uint64_t at;
} hone_rank_place;

/* Writes the rank of each x [n], 1 .. n; equal ones share the mean of theirs. A NaN makes every rank NaN. Source: SciPy, rankdata.
 * [any thread] */
HONE_EXPORT void hone_ranks(uint64_t n, const double *x, hone_rank_place *room, double *ranks);
/* The area under the ROC curve: how often a positive scores above a negative, where ties count one half; NaN where there is no
 * positive or no negative. `ranks` are those of the scores. Source: Mann and Whitney 1947; equal to the trapezoids of scikit-learn's
 * roc_auc_score. [any thread] */
HONE_EXPORT double hone_roc_area(uint64_t n, const double *ranks, const bool *positive);

/* ---- Of labels --------------------------------------------------------------------------------------------------- */

typedef enum hone_average {
    HONE_AVERAGE_AUTO = 0, /* binary for two labels, else macro */
    HONE_AVERAGE_BINARY,
    HONE_AVERAGE_MACRO,
    HONE_AVERAGE_MICRO,
    HONE_AVERAGE_WEIGHTED,
    HONE_AVERAGE_SAMPLES /* of sets: the mean over examples */
} hone_average;

/* "auto", "binary", "macro", "micro", "weighted", "samples", NULL: for HONE_PARAM_CHOICE. */
HONE_EXPORT extern const char *const hone_averages[];

/* Which label binary looks at, after the facts of the data are known. */
typedef struct hone_average_choice {
    int32_t average; /* hone_average, never auto */
    int32_t zero;
    uint64_t positive; /* with binary */
} hone_average_choice;

/* For create(): positive_label is the parameter of that name (may be NULL); else data.positive_label, else the second of two. */
HONE_EXPORT hone_status hone_average_choose(const hone_self *self, int32_t average, const char *positive_label,
                                            const hone_facts *facts, hone_average_choice *choice, hone_error *err) HONE_CHECKED;
/* "binary, positive label: paraphrase", "macro average over 3 labels": what stands beside a figure; returns out. */
HONE_EXPORT const char *hone_average_note(const hone_average_choice *choice, const hone_evaluation *e, uint64_t n_labels,
                                          char *out, size_t size);

/* How often each label is in gold, is predicted, and is both. */
typedef struct hone_label_counts {
    uint64_t n;
    const double *right, *gold, *predicted; /* [n] */
} hone_label_counts;

/* Targets class and classes; the arrays live in `arena`. */
HONE_EXPORT hone_status hone_count_labels(hone_arena *arena, const hone_evaluation *e, hone_label_counts *counts,
                                          hone_error *err) HONE_CHECKED;
/* Does the answer, of target class or classes, hold that label? [any thread] */
HONE_EXPORT bool hone_answer_holds(const hone_answer *answer, uint64_t label);

/* Precision, recall and F1 differ in this alone: a score out of the counts of one label, or of all taken together. */
typedef double (*hone_label_score)(double right, double gold, double predicted, double zero_division);

typedef struct hone_average_params {
    int32_t average;
    const char *positive_label;
    double zero_division;
} hone_average_params;

/* The rows of hone_average_params. */
#define HONE_AVERAGE_ROWS                                                                                                      \
    HONE_PARAM_CHOICE(hone_average_params, average, hone_averages, .def_text = "auto",                                         \
                      .help = "binary: of the positive label alone; macro: the mean over labels; micro: over all decisions; "  \
                              "weighted: the mean weighted by gold counts; samples: of sets, the mean over examples; auto: "   \
                              "binary for two labels, else macro",                                                             \
                      .source = "scikit-learn, precision_recall_fscore_support"),                                              \
        HONE_PARAM_STRING(hone_average_params, positive_label,                                                                 \
                          .help = "label that binary looks at; else data.positive_label, else the second of two"),             \
        HONE_PARAM_REAL(hone_average_params, zero_division, .def_real = 0, .min_real = 0, .max_real = 1, .unit = "1",          \
                        .help = "the score of a label where it would be zero divided by zero",                                 \
                        .source = "scikit-learn, precision_recall_fscore_support")

/* create() and compute() of a metric whose parameters are hone_average_params and whose state is a hone_average_choice. */
HONE_EXPORT hone_status hone_average_create(const hone_self *self, const hone_facts *facts, hone_error *err) HONE_CHECKED;
HONE_EXPORT hone_status hone_average_compute(const hone_self *self, const hone_evaluation *e, hone_label_score score,
                                             hone_exhibits *out, hone_error *err) HONE_CHECKED;

/* ---- Of answers -------------------------------------------------------------------------------------------------- */

/* The words that count of a short text: in lower case, without ASCII punctuation, English articles and white space.
 * Source: Rajpurkar et al. 2016, section 6.1, as SQuAD's evaluate-v2.0 has them. */
typedef struct hone_answer_words {
    const char *const *word; /* [n] */
    uint64_t n;
} hone_answer_words;

HONE_EXPORT hone_status hone_answer_words_of(hone_arena *arena, const char *text, hone_answer_words *words,
                                             hone_error *err) HONE_CHECKED;
/* Are they the same, in the same order? [any thread] */
HONE_EXPORT bool hone_answer_exact(const hone_answer_words *a, const hone_answer_words *b);
/* Of the words that both have, in [0, 1]; where one has none, whether both have none. [any thread] */
HONE_EXPORT double hone_answer_f1(const hone_answer_words *gold, const hone_answer_words *predicted);

/* ---- Of scores --------------------------------------------------------------------------------------------------- */

/* Gold and predicted numbers of an evaluation of target score, [e->n] each, in `arena`. */
HONE_EXPORT hone_status hone_score_pairs(hone_arena *arena, const hone_evaluation *e, const double **gold,
                                         const double **predicted, hone_error *err) HONE_CHECKED;

#ifdef __cplusplus
}
#endif

#endif
