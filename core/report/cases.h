/* cases.h - single examples for people to look at: lines of text in which what was right, wrong and missed is marked up.
 *
 * To show another target: write a builder of the type below, and give it a row in cases.c.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_REPORT_CASES_H
#define HONE_CORE_REPORT_CASES_H

#include "report/cells.h"
#include <hone/metric.h>

typedef enum hone__case_mark {
    HONE__MARK_NONE,
    HONE__MARK_RIGHT,  /* predicted, and gold */
    HONE__MARK_WRONG,  /* predicted, but not gold */
    HONE__MARK_MISSED, /* gold, but not predicted */
} hone__case_mark;
extern const char *const hone__mark_signs[]; /* by mark: "", a tick, a cross, a circle; so that nothing hangs on colours */

typedef struct hone__case_part {
    hone__case_mark mark;
    const char *text, *label; /* label: behind what is marked ("person"); "" */
} hone__case_part;

typedef struct hone__case_line {
    const char *name; /* "gold" */
    hone__case_part *parts;
    size_t n, cap;
} hone__case_line;

typedef struct hone__case {
    const char *id, *about; /* about: "loss 3.21" */
    hone__case_line *lines;
    size_t n, cap;
} hone__case;

/* ---- Building ---------------------------------------------------------------------------------------------------- */

/* Failure is sticky, and asked for once, at the end. */
typedef struct hone__case_writer {
    hone_arena *arena;
    hone__case *to;
    bool failed;
} hone__case_writer;

void hone__case_begin(hone__case_writer *w, const char *name); /* the next line */
/* Adds to it; texts are copied, label may be NULL. */
void hone__case_add(hone__case_writer *w, hone__case_mark mark, const char *text, const char *label);
void hone__case_addn(hone__case_writer *w, hone__case_mark mark, const char *text, size_t n, const char *label);
void hone__case_addf(hone__case_writer *w, const char *fmt, ...) HONE_PRINTF(2, 3); /* not marked */
/* Whole words of tokens, which "##" glues to the one before. */
void hone__case_add_tokens(hone__case_writer *w, const char *const *tokens, uint64_t n);

/* One row of errors.tsv, and what predictions.tsv has of the same example. */
typedef struct hone__case_source {
    const hone_evaluation *e;
    const hone_record *record; /* with gold and prediction */
    const hone__cells *cells;
    uint64_t row;
    bool *used; /* [n_columns] columns that need not be shown again */
    hone_arena *scratch;
} hone__case_source;

/* The cell of that name, which is marked as used; NULL where there is none. */
const char *hone__case_cell(const hone__case_source *s, const char *name);
/* The same of a list; *n is 0 where there is none. */
hone_status hone__case_list(const hone__case_source *s, const char *name, const char ***items, uint64_t *n,
                            hone_error *err) HONE_CHECKED;

typedef hone_status hone__case_builder(const hone__case_source *s, hone__case_writer *w, hone_error *err);
hone__case_builder hone__case_class, hone__case_classes, hone__case_score, hone__case_choice, hone__case_other;
hone__case_builder
    hone__case_tags; /* gold and predicted chunks of a sentence; of tags that mark none, the words that are wrong */
hone__case_builder hone__case_tokens; /* what the model saw, with the words behind its masks */
hone__case_builder hone__case_span;   /* the question, and the part of the text around the answers */

#endif
