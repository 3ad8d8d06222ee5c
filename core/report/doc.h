/* doc.h - a report as a document: one model of headings, texts, tables and pictures, and its two writers, Markdown and HTML.
 *
 * Sections (sections.h) only add blocks here and never write a form themselves, so report.md and index.html say the same. Failure is
 * sticky: after one failed allocation nothing more is added, and `failed` is asked once, at the end. All text is plain: the writers
 * escape it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_REPORT_DOC_H
#define HONE_CORE_REPORT_DOC_H

#include "report/cases.h"
#include "report/plot.h"
#include "report/sheet.h"

typedef enum hone__doc_span_type { HONE__SPAN_TEXT, HONE__SPAN_STRONG, HONE__SPAN_CODE, HONE__SPAN_LINK } hone__doc_span_type;

/* A part of a line of text. */
typedef struct hone__doc_span {
    hone__doc_span_type type;
    const char *text, *href; /* href: of a link, relative to the run's directory */
} hone__doc_span;

typedef enum hone__doc_block_type {
    HONE__BLOCK_SECTION, /* a chapter's beginning, listed in the contents: `id`, `text` */
    HONE__BLOCK_HEADING, /* below it */
    HONE__BLOCK_PARAGRAPH,
    HONE__BLOCK_ITEM,     /* of a list: neighbours belong together */
    HONE__BLOCK_NOTE,     /* a remark: how something was reckoned, what was left out */
    HONE__BLOCK_TABLE,    /* `sheet` */
    HONE__BLOCK_PICTURE,  /* `plot`: an index into the plots */
    HONE__BLOCK_VERBATIM, /* `text` as it is, in lines */
    HONE__BLOCK_CASE,     /* `example`: neighbours belong together */
} hone__doc_block_type;

typedef struct hone__doc_block {
    hone__doc_block_type type;
    const char *id, *text;
    hone__doc_span *spans; /* [n_spans] of paragraphs, items and notes */
    size_t n_spans, cap_spans;
    const hone__sheet *sheet;
    size_t n_rows;    /* the rows shown */
    const char *rest; /* the file that has the others */
    size_t plot;
    const hone__case *example;
} hone__doc_block;

typedef struct hone__doc {
    hone_arena *arena;
    const char *title;
    hone__doc_block *blocks;
    size_t n, cap;
    bool failed;
} hone__doc;

void hone__doc_init(hone__doc *d, hone_arena *arena, const char *title);

void hone__doc_section(hone__doc *d, const char *id, const char *title);
void hone__doc_heading(hone__doc *d, const char *fmt, ...) HONE_PRINTF(2, 3);

/* Each begins a text, which the calls below go on with. */
void hone__doc_paragraph(hone__doc *d);
void hone__doc_item(hone__doc *d);
void hone__doc_note(hone__doc *d);

void hone__doc_text(hone__doc *d, const char *fmt, ...) HONE_PRINTF(2, 3);
void hone__doc_strong(hone__doc *d, const char *fmt, ...) HONE_PRINTF(2, 3);
void hone__doc_code(hone__doc *d, const char *fmt, ...) HONE_PRINTF(2, 3);
void hone__doc_link(hone__doc *d, const char *href, const char *fmt, ...) HONE_PRINTF(3, 4);

/* The first `limit` rows (0: all); where there are more, a line says how many, and that the file `rest` has them (NULL: says only how
 * many). An empty sheet adds nothing. */
void hone__doc_table(hone__doc *d, const hone__sheet *sheet, size_t limit, const char *rest);
void hone__doc_verbatim(hone__doc *d, const char *text);
void hone__doc_picture(hone__doc *d, size_t plot);
void hone__doc_case(hone__doc *d, const hone__case *example); /* borrowed */

/* ---- Writers, once the pictures are drawn ------------------------------------------------------------------------ */

void hone__doc_markdown(const hone__doc *d, const hone__plots *plots, hone__str *out);
/* One page that needs nothing else: its style, its script and all pictures are in it. Made of reports/templates. */
hone_status hone__doc_html(const hone__doc *d, const hone__plots *plots, hone__str *out, hone_error *err) HONE_CHECKED;

#endif
