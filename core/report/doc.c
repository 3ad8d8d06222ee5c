/* doc.c - adding to a document.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "report/doc.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void hone__doc_init(hone__doc *d, hone_arena *arena, const char *title)
{
    *d = (hone__doc){.arena = arena, .title = title};
}

/* ---- Blocks ------------------------------------------------------------------------------------------------------ */

/* NULL after a failure. */
static hone__doc_block *add_block(hone__doc *d, hone__doc_block_type type)
{
    if (d->n == d->cap && !d->failed) {
        size_t cap = d->cap ? 2 * d->cap : 64;
        hone__doc_block *more = hone_alloc_array(d->arena, cap, sizeof *more);
        d->failed = !more;
        if (more && d->n)
            memcpy(more, d->blocks, d->n * sizeof *more);
        d->blocks = more ? more : d->blocks;
        d->cap = more ? cap : d->cap;
    }
    if (d->failed)
        return NULL;
    hone__doc_block *b = &d->blocks[d->n++];
    *b = (hone__doc_block){.type = type};
    return b;
}

static const char *format(hone__doc *d, const char *fmt, va_list args)
{
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    char *text = n < 0 ? NULL : hone_alloc_array(d->arena, (size_t)n + 1, 1);
    if (text)
        vsnprintf(text, (size_t)n + 1, fmt, again);
    va_end(again);
    d->failed = d->failed || !text;
    return text;
}

void hone__doc_section(hone__doc *d, const char *id, const char *title)
{
    hone__doc_block *b = add_block(d, HONE__BLOCK_SECTION);
    if (b) {
        b->id = id;
        b->text = title;
    }
}

void hone__doc_heading(hone__doc *d, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    const char *text = format(d, fmt, args);
    va_end(args);
    const hone__doc_block *above = d->n ? &d->blocks[d->n - 1] : NULL;
    if (text && above && above->type == HONE__BLOCK_SECTION && above->text && strcmp(above->text, text) == 0)
        return; /* a section that has one part of its own name */
    hone__doc_block *b = add_block(d, HONE__BLOCK_HEADING);
    if (b)
        b->text = text;
}

void hone__doc_table(hone__doc *d, const hone__sheet *sheet, size_t limit, const char *rest)
{
    if (!sheet->n_rows)
        return;
    hone__doc_block *b = add_block(d, HONE__BLOCK_TABLE);
    if (b) {
        b->sheet = sheet;
        b->n_rows = limit && limit < sheet->n_rows ? limit : sheet->n_rows;
        b->rest = rest;
    }
}

void hone__doc_verbatim(hone__doc *d, const char *text)
{
    hone__doc_block *b = add_block(d, HONE__BLOCK_VERBATIM);
    if (b)
        b->text = text;
}

void hone__doc_picture(hone__doc *d, size_t plot)
{
    hone__doc_block *b = add_block(d, HONE__BLOCK_PICTURE);
    if (b)
        b->plot = plot;
}

void hone__doc_case(hone__doc *d, const hone__case *example)
{
    hone__doc_block *b = add_block(d, HONE__BLOCK_CASE);
    if (b)
        b->example = example;
}

/* ---- Texts ------------------------------------------------------------------------------------------------------- */

void hone__doc_paragraph(hone__doc *d)
{
    (void)add_block(d, HONE__BLOCK_PARAGRAPH);
}

void hone__doc_item(hone__doc *d)
{
    (void)add_block(d, HONE__BLOCK_ITEM);
}

void hone__doc_note(hone__doc *d)
{
    (void)add_block(d, HONE__BLOCK_NOTE);
}

static void add_span(hone__doc *d, hone__doc_span_type type, const char *text, const char *href)
{
    if (d->failed)
        return;
    hone__doc_block *b = &d->blocks[d->n - 1];
    if (b->n_spans == b->cap_spans) {
        size_t cap = b->cap_spans ? 2 * b->cap_spans : 4;
        hone__doc_span *more = hone_alloc_array(d->arena, cap, sizeof *more);
        d->failed = !more;
        if (!more)
            return;
        if (b->n_spans)
            memcpy(more, b->spans, b->n_spans * sizeof *more);
        b->spans = more;
        b->cap_spans = cap;
    }
    b->spans[b->n_spans++] = (hone__doc_span){type, text, href};
}

#define ADD_SPAN(type, href)                                                                                                   \
    va_list args;                                                                                                              \
    va_start(args, fmt);                                                                                                       \
    const char *text = format(d, fmt, args);                                                                                   \
    va_end(args);                                                                                                              \
    add_span(d, type, text, href)

void hone__doc_text(hone__doc *d, const char *fmt, ...)
{
    ADD_SPAN(HONE__SPAN_TEXT, NULL);
}

void hone__doc_strong(hone__doc *d, const char *fmt, ...)
{
    ADD_SPAN(HONE__SPAN_STRONG, NULL);
}

void hone__doc_code(hone__doc *d, const char *fmt, ...)
{
    ADD_SPAN(HONE__SPAN_CODE, NULL);
}

void hone__doc_link(hone__doc *d, const char *href, const char *fmt, ...)
{
    ADD_SPAN(HONE__SPAN_LINK, href);
}
