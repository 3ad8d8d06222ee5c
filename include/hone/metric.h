/* hone/metric.h - metrics: gold and predictions of a whole evaluation to figures, tables, curves and matrices.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_METRIC_H
#define HONE_METRIC_H

#include "data.h"
#include "network.h"
#include "plugin.h"
#include "target.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One example of an evaluation. */
typedef struct hone_record {
    const char *id;
    const hone_answer *gold; /* NULL where there is none */
    const hone_answer *prediction;
    double loss;                 /* sum over the example's items, NaN where there is none */
    double items;                /* sum of their weights */
    const hone_example *example; /* NULL where records come from predictions.tsv */
} hone_record;

/* A whole evaluation, in example order. */
struct hone_evaluation {
    uint64_t size;
    uint32_t target;
    int32_t positive; /* index of data.positive_label, -1: none given */
    uint64_t n;
    const hone_record *records; /* use hone_record_at() */
    uint64_t record_size;
    uint64_t n_labels;
    const char *const *labels;
    const char *split;  /* "validation" */
    const char *output; /* name of the head's output, "" where it is the only one */
};

/* Record i of n. */
static inline const hone_record *hone_record_at(const hone_evaluation *e, uint64_t i)
{
    return (const hone_record *)(const void *)((const char *)e->records + i * e->record_size);
}

/* ---- What a metric, or a head, shows ----------------------------------------------------------------------------- */

/* A named number. The first one is the metric's own and takes the name under `metrics:`; others get "NAME_suffix". `note` says how it
 * was reckoned ("binary, positive class: paraphrase"), and is printed wherever the figure is; may be NULL. */
HONE_EXPORT hone_status hone_figure(hone_exhibits *out, const char *suffix, double value, const char *note,
                                    hone_error *err) HONE_CHECKED;

/* A table, filled row by row from left to right. */
typedef struct hone_table hone_table;
HONE_EXPORT hone_status hone_table_begin(hone_exhibits *out, const char *name, const char *title, uint64_t n_columns,
                                         const char *const *columns, hone_table **table, hone_error *err) HONE_CHECKED;
HONE_EXPORT hone_status hone_table_text(hone_table *table, const char *text, hone_error *err) HONE_CHECKED;
HONE_EXPORT hone_status hone_table_number(hone_table *table, double value, hone_error *err) HONE_CHECKED;

typedef enum hone_curve_style {
    HONE_CURVE_LINE = 0, /* straight from point to point */
    HONE_CURVE_POINTS,   /* points alone */
    HONE_CURVE_STEPS     /* of rising x: up or down first, then across, as the area under precision and recall is reckoned */
} hone_curve_style;

/* A curve through n points. */
typedef struct hone_curve {
    uint64_t size;
    const char *name, *title, *x_label, *y_label; /* labels with units */
    uint64_t n;
    const double *x, *y; /* [n] */
    const char *series;  /* several curves of one name are drawn together, each under its series; may be NULL */
    bool diagonal;       /* draw y = x for comparison */
    uint64_t style;      /* hone_curve_style */
} hone_curve;
HONE_EXPORT hone_status hone_curve_add(hone_exhibits *out, const hone_curve *curve, hone_error *err) HONE_CHECKED;

/* A matrix with labelled rows and columns: a confusion matrix has gold in rows and predictions in columns. */
typedef struct hone_matrix {
    uint64_t size;
    const char *name, *title, *row_title, *column_title;
    uint64_t n_rows, n_columns;
    const char *const *rows, *const *columns; /* labels */
    const double *values;                     /* [n_rows, n_columns] */
    bool counts;                              /* whole numbers: also shown as shares of their row */
} hone_matrix;
HONE_EXPORT hone_status hone_matrix_add(hone_exhibits *out, const hone_matrix *matrix, hone_error *err) HONE_CHECKED;

/* A figure with a suffix that has not the direction of its metric. */
typedef struct hone_figure_direction {
    const char *suffix; /* NULL ends a list */
    int64_t direction;  /* as in hone_metric */
} hone_figure_direction;

typedef struct hone_metric {
    hone_plugin plugin;
    uint32_t targets;  /* HONE_TAKES mask */
    int32_t direction; /* +1 larger is better, -1 smaller, 0 neither; of every figure that is not in `directions` */
    /* May be NULL. Checks parameters against the facts (a positive label that does not exist). */
    hone_status (*create)(const hone_self *self, const hone_facts *facts, hone_error *err);
    /* At least one figure. Examples without gold have been left out. */
    hone_status (*compute)(const hone_self *self, const hone_evaluation *evaluation, hone_exhibits *out, hone_error *err);
    const hone_figure_direction *directions; /* may be NULL */
} hone_metric;

/* Of its figure with this suffix; NULL or "": its main one. */
HONE_EXPORT int32_t hone_metric_direction(const hone_metric *metric, const char *suffix);

#ifdef __cplusplus
}
#endif

#endif
