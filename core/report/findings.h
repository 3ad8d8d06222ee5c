/* findings.h - what predictions show beyond the figures of metrics: tables, curves and matrices for every target that has labels or
 * numbers.
 *
 * Made of records alone, as predictions.tsv has them, so that they can be made again without the model. Pages find them among the
 * exhibits by name:
 *
 *     tables    per_class per_type confused_pairs calibration regression slices
 *     matrices  confusion_matrix entities
 *     curves    roc precision_recall predicted_gold residuals
 *
 * The worst examples are cases (cases.h), since a table has no place for marked up text.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_REPORT_FINDINGS_H
#define HONE_CORE_REPORT_FINDINGS_H

#include "config/yaml.h"
#include "report/cases.h"
#include "train/exhibits.h"

/* ---- Calibration ------------------------------------------------------------------------------------------------- */

typedef struct hone__bin {
    double low, high, n, confidence, accuracy; /* (low, high]; the last two are means */
} hone__bin;

typedef struct hone__calibration {
    hone__bin *bins; /* [n_bins]; none: there are no probabilities */
    uint64_t n_bins;
    double ece, mce; /* expected and largest difference of confidence and accuracy, in [0, 1] */
} hone__calibration;

/* Of n probabilities and whether each came true. Source: Guo et al. 2017, "On calibration of modern neural networks", eqs. 2 to 5. */
hone_status hone__calibration_make(hone_arena *arena, uint64_t n, const double *confidence, const bool *right, uint64_t n_bins,
                                   hone__calibration *c, hone_error *err) HONE_CHECKED;

/* ---- Thresholds -------------------------------------------------------------------------------------------------- */

/* What one label of sets is worth where it is predicted above a probability. */
typedef struct hone__threshold_panel {
    const char *label;
    double chosen;                       /* the head's threshold; NaN where it does not say */
    uint64_t n;                          /* thresholds, rising */
    double *x, *precision, *recall, *f1; /* [n]; no precision (NaN) where nothing is predicted */
} hone__threshold_panel;

/* ---- Findings ---------------------------------------------------------------------------------------------------- */

typedef struct hone__findings {
    const char *split;  /* "validation", or "test": then names begin with test_, and titles say so */
    const char *output; /* of a head of several; then names have it, and titles too. "": there is no other */
    uint32_t target;
    hone_exhibits *exhibits;
    hone__calibration calibration;
    hone__threshold_panel *panels; /* [n_panels] of sets with scores: the labels, of many the weakest */
    size_t n_panels;
    const char *panels_title;
    const hone__case *cases; /* [n_cases] the worst examples, the worst first */
    size_t n_cases;
    const char *cases_title; /* where there are some */
} hone__findings;

/* Of e->split, in `arena`. Examples without gold or without prediction are left out. */
hone_status hone__findings_make(hone_arena *arena, const hone_evaluation *e, hone__findings **findings,
                                hone_error *err) HONE_CHECKED;
/* What an evaluation has left. */
typedef struct hone__findings_source {
    const char *dir, *split;    /* dir: of a trial, or RUN/test */
    const hone_exhibits *shown; /* its exhibits, which name the outputs; may be NULL */
    const hone_exhibits *head;  /* those that the head's own may be among: what it chose on the validation data; may be NULL */
    const hone__yaml *experiment; /* says which label is positive; may be NULL */
    hone_log *log;
} hone__findings_source;
typedef struct hone__findings_list {
    hone__findings **all; /* [n] one for each output of the head */
    size_t n;
} hone__findings_list;
/* Of the predictions in a folder. An output without predictions is left out; with a warning, where they cannot be read. */
hone_status hone__findings_read(hone_arena *arena, const hone__findings_source *source, hone__findings_list *list,
                                hone_error *err) HONE_CHECKED;

/* The index of data.positive_label among the evaluation's labels; -1 where there is none. */
int32_t hone__positive_label(const hone_evaluation *e, const hone__yaml *experiment);

/* By the names above; NULL where there is none. */
const hone_table *hone__findings_table(const hone__findings *f, const char *name);
const hone_matrix *hone__findings_matrix(const hone__findings *f, const char *name);
const hone_curve *hone__findings_curve(const hone__findings *f, const char *name); /* the first of that name */

/* ---- For the files of this module -------------------------------------------------------------------------------- */

typedef struct hone__finding {
    hone_arena *arena, *scratch; /* scratch: emptied behind every finder, who may do it as well */
    const hone_evaluation *e;    /* every record has gold and prediction */
    bool has_scores;             /* of every label */
    const char *dir;             /* that the predictions were read from; NULL: they were not */
    const char *file;            /* the output as files are named, "" the first */
    const hone_table *chosen;    /* the head's table "thresholds": label, probability; NULL: it has none */
    bool by_label, by_length;    /* slices that are asked for */
} hone__finding;

/* A title in scratch, with the split behind it where that is not the usual one; NULL when memory is short. */
const char *hone__finding_title(const hone__finding *f, const char *fmt, ...) HONE_PRINTF(2, 3);

/* The threshold that the head has for a label; NaN where it does not say. */
double hone__finding_chosen(const hone__finding *f, uint64_t label);

struct hone__thresholds;
/* Of one label's scores, in scratch. */
hone_status hone__finding_thresholds(const hone__finding *f, uint64_t label, struct hone__thresholds *t,
                                     hone_error *err) HONE_CHECKED;

typedef hone_status hone__finder(const hone__finding *f, hone__findings *out, hone_error *err);
/* class, classes: precision, recall, F1 and support of each label, and the averages of scikit-learn's classification_report; with
 * scores, the areas under ROC and precision-recall curve too. */
hone__finder hone__find_classes;
/* class, tags, choice: gold against predicted, of choice their positions; of the first two and tokens the pairs that are taken for each
 * other most often. */
hone__finder hone__find_confusion;
/* class, classes: one label against all others, of the positive one where there are two; of many labels the weakest. */
hone__finder hone__find_curves;
/* class, classes: how often what is predicted with a probability of p is right. */
hone__finder hone__find_calibration;
/* classes: precision, recall and F1 of each label over all thresholds. */
hone__finder hone__find_thresholds;
/* score: predicted against gold, residuals. */
hone__finder hone__find_numbers;
/* Groups of examples by gold label, by length and by what slices.tsv knows, the weakest first, with 95 % intervals. */
hone__finder hone__find_slices;
/* tags: chunks (names, phrases) found, taken for others and missed, by type; of tags that mark none, how well each is found. */
hone__finder hone__find_entities;
/* The first rows of errors.tsv, marked up. */
hone__finder hone__find_cases;

#endif
