/* markdown.c - a document as Markdown, for terminals and code hosts.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "report/doc.h"

#include <string.h>

static void add_spans(const hone__doc_block *b, hone__str *out)
{
    for (size_t i = 0; i < b->n_spans; i++) {
        const hone__doc_span *s = &b->spans[i];
        const char *mark = s->type == HONE__SPAN_STRONG ? "**" : "";
        if (s->type == HONE__SPAN_CODE) {
            hone__str_addf(out, "`%s`", s->text);
            continue;
        }
        hone__str_add(out, s->type == HONE__SPAN_LINK ? "[" : mark);
        hone__markdown_add(out, s->text);
        if (s->type == HONE__SPAN_LINK)
            hone__str_addf(out, "](%s)", s->href);
        hone__str_add(out, mark);
    }
}

/* Between fences that no line of it can close. */
static void add_verbatim(const char *text, hone__str *out)
{
    hone__str_add(out, "~~~~~~~~text\n");
    for (const char *c = text; *c; c++)
        hone__str_addn(out, *c == '~' ? "-" : c, 1);
    hone__str_add(out, "\n~~~~~~~~\n");
}

static void add_table(const hone__doc_block *b, hone__str *out)
{
    hone__sheet shown = *b->sheet;
    shown.n_rows = b->n_rows;
    hone__sheet_markdown(&shown, out);
    const size_t more = b->sheet->n_rows - b->n_rows;
    if (more && b->rest)
        hone__str_addf(out, "\n%zu more are in [%s](%s).\n", more, b->rest, b->rest);
    else if (more)
        hone__str_addf(out, "\nand %zu more.\n", more);
}

static void add_picture(const hone__plot *p, hone__str *out)
{
    if (p->drawn) {
        hone__str_add(out, "![");
        hone__markdown_add(out, p->title);
        hone__str_addf(out, "](plots/%s.svg)\n", p->stem);
    } else {
        hone__markdown_add(out, p->title);
        hone__str_addf(out, ": not drawn; `gnuplot %s.gp` in [plots](plots) draws it.\n", p->stem);
    }
}

/* "[New York]\u2713 location" */
static void add_case_line(const hone__case_line *l, hone__str *out)
{
    hone__str_add(out, "  - ");
    hone__markdown_add(out, l->name);
    hone__str_add(out, ": ");
    for (size_t i = 0; i < l->n; i++) {
        const hone__case_part *p = &l->parts[i];
        hone__str_add(out, p->mark ? "\\[" : "");
        hone__markdown_add(out, p->text);
        hone__str_addf(out, "%s%s", p->mark ? "\\]" : "", hone__mark_signs[p->mark]);
        hone__str_add(out, *p->label ? " " : "");
        hone__markdown_add(out, p->label);
    }
    hone__str_add(out, "\n");
}

static void add_case(const hone__case *c, hone__str *out)
{
    hone__str_add(out, "- **");
    hone__markdown_add(out, c->id);
    hone__str_add(out, "**, ");
    hone__markdown_add(out, c->about);
    hone__str_add(out, "\n");
    for (size_t i = 0; i < c->n; i++)
        add_case_line(&c->lines[i], out);
}

static void add_block(const hone__doc_block *b, const hone__plots *plots, hone__str *out)
{
    switch (b->type) {
    case HONE__BLOCK_SECTION:
    case HONE__BLOCK_HEADING:
        if (!b->text)
            return;
        hone__str_add(out, b->type == HONE__BLOCK_SECTION ? "## " : "### ");
        hone__markdown_add(out, b->text);
        hone__str_add(out, "\n");
        break;
    case HONE__BLOCK_ITEM:
        hone__str_add(out, "- ");
        add_spans(b, out);
        hone__str_add(out, "\n");
        break;
    case HONE__BLOCK_PARAGRAPH:
    case HONE__BLOCK_NOTE:
        add_spans(b, out);
        hone__str_add(out, "\n");
        break;
    case HONE__BLOCK_TABLE:
        add_table(b, out);
        break;
    case HONE__BLOCK_PICTURE:
        add_picture(&plots->all[b->plot], out);
        break;
    case HONE__BLOCK_VERBATIM:
        add_verbatim(b->text, out);
        break;
    case HONE__BLOCK_CASE:
        add_case(b->example, out);
        break;
    }
}

void hone__doc_markdown(const hone__doc *d, const hone__plots *plots, hone__str *out)
{
    hone__str_add(out, "# ");
    hone__markdown_add(out, d->title);
    hone__str_add(out, "\n");
    for (size_t i = 0; i < d->n; i++) {
        const hone__doc_block *b = &d->blocks[i];
        const bool list = b->type == HONE__BLOCK_ITEM || b->type == HONE__BLOCK_CASE;
        const bool in_list = list && i > 0 && b[-1].type == b->type;
        if (!in_list && (b->type != HONE__BLOCK_SECTION || b->text))
            hone__str_add(out, "\n");
        add_block(b, plots, out);
    }
}
