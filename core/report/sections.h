/* sections.h - the sections of a report: what they are made from, and how to add one.
 *
 * A section is a function that adds blocks to the document (doc.h) and makes pictures (plot.h); report.md and index.html are both
 * written from that. To add one: write section_NAME.c with a function of the type below, declare it here, and give it a row in
 * sections.c, at the place where it is to be read. A section that adds no block is left out, its title too, so what does not apply
 * to a run needs no condition in the table.
 *
 *     hone_status hone__section_roc(hone__report *r, hone_error *err)
 *     {
 *         if (!r->run->exhibits)
 *             return HONE_OK;
 *         HONE_TRY(hone__plot_curves(r->plots, curves, "roc", err));
 *         hone__report_show(r);                       // the pictures made since the last call
 *         hone__doc_note(&r->doc);
 *         hone__doc_text(&r->doc, "How it was reckoned.");
 *         return HONE_OK;
 *     }
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_REPORT_SECTIONS_H
#define HONE_CORE_REPORT_SECTIONS_H

#include "report/doc.h"
#include "report/findings.h"
#include "report/run.h"

typedef struct hone__report {
    const hone__report_run *run;
    hone__doc doc; /* its failures need no look until the end */
    hone__plots *plots;
    size_t shown;                                /* pictures that stand in the document */
    hone__findings_list findings, test_findings; /* of the best trial, and of its model on the test data */
    hone_log *log;
} hone__report;

typedef hone_status hone__section_build(hone__report *r, hone_error *err);

typedef struct hone__report_section {
    const char *id, *title; /* id: anchor in the page; title NULL: the report begins with it */
    hone__section_build *build;
} hone__report_section;

/* In the order of reading; ended by a row without an id. */
extern const hone__report_section hone__report_sections[];

/* Builds them all into r->doc. */
hone_status hone__report_build(hone__report *r, hone_error *err) HONE_CHECKED;

/* ---- For sections ------------------------------------------------------------------------------------------------ */

/* Adds the pictures made since the last call to the document, in their order. */
void hone__report_show(hone__report *r);
/* A table below a heading. */
hone_status hone__report_add_table(hone__report *r, const hone_table *table, hone_error *err) HONE_CHECKED;
/* The tables and small matrices of exhibits, as tables below headings. */
hone_status hone__report_add_tables(hone__report *r, const hone_exhibits *x, hone_error *err) HONE_CHECKED;
/* All curves and matrices of exhibits as pictures, and shows them. */
hone_status hone__report_draw_exhibits(hone__report *r, const hone_exhibits *x, hone_error *err) HONE_CHECKED;
/* A table of figures with how each was reckoned, and their intervals [n], which may be NULL; `prefix` stands before their names. */
hone_status hone__report_add_figures(hone__report *r, const hone__figure *figures, const hone__range *ranges, size_t n,
                                     const char *prefix, hone_error *err) HONE_CHECKED;

/* All pictures and tables of findings. */
hone_status hone__report_add_findings(hone__report *r, const hone__findings *findings, hone_error *err) HONE_CHECKED;

hone__section_build hone__section_summary, hone__section_leaderboard, hone__section_best, hone__section_test,
    hone__section_learning, hone__section_labels, hone__section_confusion, hone__section_calibration, hone__section_numbers,
    hone__section_slices, hone__section_errors, hone__section_outputs, hone__section_exhibits, hone__section_sweep,
    hone__section_failures, hone__section_pruned, hone__section_data, hone__section_setup, hone__section_files;

#endif
