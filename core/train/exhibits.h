/* exhibits.h - what metrics and heads show: figures, tables, curves and matrices, kept, saved and read back.
 *
 * A trial writes them to exhibits.json; the report draws them without knowing the task.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_TRAIN_EXHIBITS_H
#define HONE_CORE_TRAIN_EXHIBITS_H

#include "base/json.h"
#include <hone/metric.h>

typedef struct hone__figure {
    const char *name, *note; /* note "" where there is none */
    double value;
    int32_t direction;
} hone__figure;

typedef struct hone__cell {
    const char *text; /* NULL: a number */
    double number;
} hone__cell;

struct hone_table {
    hone_exhibits *owner;
    const char *name, *title;
    uint64_t n_columns;
    const char **columns;
    hone__cell *cells; /* [n_cells], row by row */
    uint64_t n_cells, cap;
};

struct hone_exhibits {
    hone_arena *arena;
    const char *prefix;        /* name under which the current metric's figures go */
    int32_t direction;         /* of figures to come */
    const hone_metric *metric; /* whose figures those are, each with its own direction; NULL: of none */
    hone__figure *figures;
    size_t n_figures, cap_figures;
    hone_table **tables;
    size_t n_tables, cap_tables;
    hone_curve *curves; /* deep copies */
    size_t n_curves, cap_curves;
    hone_matrix *matrices;
    size_t n_matrices, cap_matrices;
    const char **outputs; /* [n_outputs] names of the head's outputs, in its order; none where nobody said */
    size_t n_outputs;
};

/* NULL when memory is short; lives in `arena`. */
hone_exhibits *hone__exhibits_create(hone_arena *arena) HONE_CHECKED;
/* Copies the names of all outputs. */
hone_status hone__exhibits_name_outputs(hone_exhibits *x, const char *const *names, size_t n, hone_error *err) HONE_CHECKED;
const hone__figure *hone__exhibits_figure(const hone_exhibits *x, const char *name); /* NULL if absent */

/* NaN and infinities are written as null, "Infinity" never stands in the file. */
hone_status hone__exhibits_save(const hone_exhibits *x, const char *path, hone_error *err) HONE_CHECKED;
hone_status hone__exhibits_load(hone_arena *arena, const char *path, hone_exhibits **x, hone_error *err) HONE_CHECKED;

#endif
