/* html.c - a document as one page of HTML that needs nothing else: style, script and pictures are in it.
 *
 * Source: the HTML Living Standard; ARIA Authoring Practices for tables that sort and regions that scroll.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "report/html.h"
#include "base/alloc.h"
#include "base/file.h"
#include "report/doc.h"
#include "report/templates.h"

#include <string.h>

typedef struct page {
    const hone__doc *doc;
    const hone__plots *plots;
    hone__str *out;
    const char *heading; /* the last one: what a table that scrolls is called */
} page;

/* ---- Text -------------------------------------------------------------------------------------------------------- */

void hone__html_add(hone__str *out, const char *text)
{
    const char *c = text;
    for (; *c; c++) {
        const char *entity = *c == '<' ? "&lt;" : *c == '>' ? "&gt;" : *c == '&' ? "&amp;" : *c == '"' ? "&quot;" : NULL;
        const bool control = ((unsigned char)*c < ' ' && *c != '\n' && *c != '\t') || *c == 0x7f;
        if (!entity && !control)
            continue;
        hone__str_addn(out, text, (size_t)(c - text));
        hone__str_add(out, entity ? entity : "\xef\xbf\xbd");
        text = c + 1;
    }
    hone__str_addn(out, text, (size_t)(c - text));
}

static void add_spans(page *p, const hone__doc_block *b)
{
    static const char *const tag[] = {[HONE__SPAN_STRONG] = "strong", [HONE__SPAN_CODE] = "code", [HONE__SPAN_LINK] = "a"};
    for (size_t i = 0; i < b->n_spans; i++) {
        const hone__doc_span *s = &b->spans[i];
        if (s->type == HONE__SPAN_LINK) {
            hone__str_add(p->out, "<a href=\"");
            hone__html_add(p->out, s->href);
            hone__str_add(p->out, "\">");
        } else if (s->type != HONE__SPAN_TEXT) {
            hone__str_addf(p->out, "<%s>", tag[s->type]);
        }
        hone__html_add(p->out, s->text);
        if (s->type != HONE__SPAN_TEXT)
            hone__str_addf(p->out, "</%s>", tag[s->type]);
    }
}

static void add_element(page *p, const char *open, const hone__doc_block *b, const char *close)
{
    hone__str_add(p->out, open);
    if (b->text)
        hone__html_add(p->out, b->text);
    add_spans(p, b);
    hone__str_add(p->out, close);
}

/* ---- Tables ------------------------------------------------------------------------------------------------------ */

static void add_cells(page *p, const hone__sheet *s, size_t row)
{
    hone__str_add(p->out, "<tr>");
    for (size_t c = 0; c < s->n_columns; c++) {
        hone__str_add(p->out, s->columns[c].right ? "<td class=\"n\">" : "<td>");
        hone__html_add(p->out, s->cells[row * s->n_columns + c]);
        hone__str_add(p->out, "</td>");
    }
    hone__str_add(p->out, "</tr>\n");
}

static void add_rest(page *p, const hone__doc_block *b)
{
    const size_t more = b->sheet->n_rows - b->n_rows;
    if (more && b->rest) {
        hone__str_addf(p->out, "<p class=\"note\">%zu more are in <a href=\"", more);
        hone__html_add(p->out, b->rest);
        hone__str_add(p->out, "\">");
        hone__html_add(p->out, b->rest);
        hone__str_add(p->out, "</a>.</p>\n");
    } else if (more) {
        hone__str_addf(p->out, "<p class=\"note\">and %zu more.</p>\n", more);
    }
}

static void add_table(page *p, const hone__doc_block *b)
{
    const hone__sheet *s = b->sheet;
    hone__str_add(p->out, "<div class=\"table\" tabindex=\"0\" role=\"region\" aria-label=\"");
    hone__html_add(p->out, p->heading);
    hone__str_add(p->out, "\"><table>\n<thead><tr>");
    for (size_t c = 0; c < s->n_columns; c++) {
        hone__str_add(p->out, s->columns[c].right ? "<th scope=\"col\" class=\"n\">" : "<th scope=\"col\">");
        hone__html_add(p->out, s->columns[c].title);
        hone__str_add(p->out, "</th>");
    }
    hone__str_add(p->out, "</tr></thead>\n<tbody>\n");
    for (size_t r = 0; r < b->n_rows; r++)
        add_cells(p, s, r);
    hone__str_add(p->out, "</tbody></table></div>\n");
    add_rest(p, b);
}

/* ---- Pictures ---------------------------------------------------------------------------------------------------- */

/* Pictures of one page must not share ids, so each one's get its stem before them. `tag` is what stands between < and >. */
static void add_tag(hone__str *out, const char *tag, size_t n, const char *stem)
{
    static const char *const before[] = {" id='", " id=\"", "href='#", "href=\"#", "url(#"};
    for (size_t i = 0; i < n;) {
        size_t take = 1, k = 0;
        while (k < sizeof before / sizeof *before &&
               (strlen(before[k]) > n - i || strncmp(tag + i, before[k], strlen(before[k]))))
            k++;
        const bool found = k < sizeof before / sizeof *before;
        take = found ? strlen(before[k]) : 1;
        hone__str_addn(out, tag + i, take);
        if (found)
            hone__str_addf(out, "%s-", stem);
        i += take;
    }
}

static bool begins(const char *text, const char *end, const char *with)
{
    return (size_t)(end - text) >= strlen(with) && strncmp(text, with, strlen(with)) == 0;
}

/* The white ground that gnuplot lays below everything: the page has its own, which may be dark. */
static bool is_ground(const char *tag, const char *end)
{
    static const char fill[] = "fill=\"#ffffff\"/";
    return begins(tag, end, "rect x=\"0\" y=\"0\"") && (size_t)(end - tag) > strlen(fill) &&
           strncmp(end - strlen(fill), fill, strlen(fill)) == 0;
}

/* What stands inside the outermost <svg>; its title and description are the program's, not the picture's. */
static void add_svg(page *p, const hone__plot *plot, const char *svg)
{
    const char *at = strstr(svg, "<svg"), *skip = NULL;
    at = at ? strchr(at, '>') : NULL;
    hone__str_addf(p->out, "<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"", plot->width, plot->height);
    hone__html_add(p->out, plot->title);
    hone__str_add(p->out, "\">");
    for (at = at ? at + 1 : ""; *at;) {
        const char *open = strchr(at, '<'), *close = open ? strchr(open, '>') : NULL;
        if (!close || begins(open, close, "</svg"))
            break;
        if (!skip)
            hone__str_addn(p->out, at, (size_t)(open - at));
        const bool named = begins(open, close, "<title") || begins(open, close, "<desc");
        skip = named ? open : skip;
        if (!skip && !is_ground(open + 1, close)) {
            hone__str_add(p->out, "<");
            add_tag(p->out, open + 1, (size_t)(close - open - 1), plot->stem);
            hone__str_add(p->out, ">");
        }
        if (begins(open, close, "</title") || begins(open, close, "</desc"))
            skip = NULL;
        at = close + 1;
    }
    hone__str_add(p->out, "</svg>\n");
}

static hone_status add_picture(page *p, const hone__plot *plot, hone_error *err)
{
    char *svg = NULL;
    size_t n;
    hone_error why;
    const char *path = hone_sprintf(p->doc->arena, "%s/%s.svg", p->plots->dir, plot->stem);
    if (!path)
        return hone_no_memory(err, "writing a report");
    const hone_status status = plot->drawn ? hone__read_file(path, 0, &svg, &n, &why) : HONE_ENOTFOUND;
    if (status == HONE_ENOMEM)
        return hone_no_memory(err, "writing a report");
    hone__str_addf(p->out, "<figure class=\"%s\" style=\"--w:%.0fpx\">", plot->width <= HONE__SMALL_PICTURE ? "small" : "large",
                   plot->width);
    if (status == HONE_OK) {
        hone__str_add(p->out, "<div class=\"picture\" tabindex=\"0\">");
        add_svg(p, plot, svg);
        hone__str_addf(p->out, "</div><figcaption><a href=\"plots/%s.svg\">picture</a> ", plot->stem);
    } else {
        hone__str_add(p->out, "<p>");
        hone__html_add(p->out, plot->title);
        hone__str_addf(p->out, ": not drawn; <code>gnuplot %s.gp</code> in plots draws it.</p><figcaption>", plot->stem);
    }
    hone__str_addf(p->out, "<a href=\"plots/%s.gp\">script</a> <a href=\"plots/%s.dat\">data</a></figcaption></figure>\n",
                   plot->stem, plot->stem);
    hone__free(svg);
    return HONE_OK;
}

/* ---- Examples ---------------------------------------------------------------------------------------------------- */

static void add_part(page *p, const hone__case_part *part)
{
    static const char *const classes[] = {NULL, "right", "wrong", "missed"};
    if (!part->mark) {
        hone__html_add(p->out, part->text);
        if (*part->label) {
            hone__str_add(p->out, " ");
            hone__html_add(p->out, part->label);
        }
        return;
    }
    hone__str_addf(p->out, "<mark class=\"%s\">", classes[part->mark]);
    hone__html_add(p->out, part->text);
    hone__str_addf(p->out, "<b>%s%s", hone__mark_signs[part->mark], *part->label ? " " : "");
    hone__html_add(p->out, part->label);
    hone__str_add(p->out, "</b></mark>");
}

static void add_case(page *p, const hone__case *c)
{
    hone__str_add(p->out, "<article class=\"case\"><p class=\"about\"><code>");
    hone__html_add(p->out, c->id);
    hone__str_add(p->out, "</code> ");
    hone__html_add(p->out, c->about);
    hone__str_add(p->out, "</p>\n<dl>\n");
    for (size_t i = 0; i < c->n; i++) {
        hone__str_add(p->out, "<dt>");
        hone__html_add(p->out, c->lines[i].name);
        hone__str_add(p->out, "</dt><dd>");
        for (size_t k = 0; k < c->lines[i].n; k++)
            add_part(p, &c->lines[i].parts[k]);
        hone__str_add(p->out, "</dd>\n");
    }
    hone__str_add(p->out, "</dl></article>\n");
}

/* ---- The page ---------------------------------------------------------------------------------------------------- */

static void begin_section(page *p, const hone__doc_block *b, bool first)
{
    hone__str_add(p->out, first ? "" : "</section>\n");
    hone__str_addf(p->out, "<section id=\"%s\">\n", b->id);
    if (b->text)
        add_element(p, "<h2>", b, "</h2>\n");
}

static hone_status add_block(page *p, const hone__doc_block *b, bool first, hone_error *err)
{
    switch (b->type) {
    case HONE__BLOCK_SECTION:
        begin_section(p, b, first);
        break;
    case HONE__BLOCK_HEADING:
        add_element(p, "<h3>", b, "</h3>\n");
        break;
    case HONE__BLOCK_PARAGRAPH:
        add_element(p, "<p>", b, "</p>\n");
        break;
    case HONE__BLOCK_ITEM:
        add_element(p, "<li>", b, "</li>\n");
        break;
    case HONE__BLOCK_NOTE:
        add_element(p, "<p class=\"note\">", b, "</p>\n");
        break;
    case HONE__BLOCK_TABLE:
        add_table(p, b);
        break;
    case HONE__BLOCK_PICTURE:
        return add_picture(p, &p->plots->all[b->plot], err);
    case HONE__BLOCK_VERBATIM:
        add_element(p, "<pre tabindex=\"0\">", b, "</pre>\n");
        break;
    case HONE__BLOCK_CASE:
        add_case(p, b->example);
        break;
    }
    if ((b->type == HONE__BLOCK_SECTION || b->type == HONE__BLOCK_HEADING) && b->text)
        p->heading = b->text;
    return HONE_OK;
}

/* Neighbours of one type stand in one element: the items of a list, the pictures of a row, examples. */
static const struct group {
    const char *open, *close; /* NULL: each stands alone */
} groups[] = {
    [HONE__BLOCK_ITEM] = {"<ul>\n", "</ul>\n"},
    [HONE__BLOCK_PICTURE] = {"<div class=\"pictures\">\n", "</div>\n"},
    [HONE__BLOCK_CASE] = {"<div class=\"cases\">\n", "</div>\n"},
};

static hone_status add_body(page *p, hone_error *err)
{
    const hone__doc *d = p->doc;
    for (size_t i = 0; i < d->n; i++) {
        const hone__doc_block *b = &d->blocks[i];
        const struct group *group = &groups[b->type];
        if (group->open && (i == 0 || b[-1].type != b->type))
            hone__str_add(p->out, group->open);
        HONE_TRY(add_block(p, b, i == 0, err));
        if (group->open && (i + 1 == d->n || b[1].type != b->type))
            hone__str_add(p->out, group->close);
    }
    hone__str_add(p->out, d->n ? "</section>\n" : "");
    return HONE_OK;
}

static void add_contents(page *p)
{
    for (size_t i = 0; i < p->doc->n; i++) {
        const hone__doc_block *b = &p->doc->blocks[i];
        if (b->type != HONE__BLOCK_SECTION || !b->text)
            continue;
        hone__str_addf(p->out, "<li><a href=\"#%s\">", b->id);
        hone__html_add(p->out, b->text);
        hone__str_add(p->out, "</a></li>\n");
    }
}

static const char *template_of(const char *name, size_t n)
{
    for (const hone__template *t = hone__templates; t->name; t++)
        if (strlen(t->name) == n && strncmp(t->name, name, n) == 0)
            return t->text;
    return NULL;
}

/* {{title}}, {{contents}} and {{body}} are the document's; any other {{name}} is the template of that name. */
static hone_status fill(page *p, const char *template, hone_error *err)
{
    for (const char *open; (open = strstr(template, "{{")) != NULL;) {
        const char *name = open + 2, *close = strstr(name, "}}");
        const size_t n = close ? (size_t)(close - name) : 0;
        const char *other = template_of(name, n);
        hone__str_addn(p->out, template, (size_t)(open - template));
        if (n == 5 && strncmp(name, "title", n) == 0)
            hone__html_add(p->out, p->doc->title);
        else if (n == 8 && strncmp(name, "contents", n) == 0)
            add_contents(p);
        else if (n == 4 && strncmp(name, "body", n) == 0)
            HONE_TRY(add_body(p, err));
        else if (other)
            hone__str_add(p->out, other);
        else
            return hone_fail(err, HONE_EINVAL, "the page template names {{%.*s}}, which there is not", (int)n, name);
        template = close + 2;
    }
    hone__str_add(p->out, template);
    return HONE_OK;
}

hone_status hone__doc_html(const hone__doc *d, const hone__plots *plots, hone__str *out, hone_error *err)
{
    page p = {.doc = d, .plots = plots, .out = out, .heading = d->title};
    return fill(&p, template_of("page", 4), err);
}
