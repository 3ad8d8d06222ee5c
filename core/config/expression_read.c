/* expression_read.c - the text of a condition to a tree: tokens, and a parser with one function for each level of the grammar.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "config/expression_parts.h"

#include "base/str.h"
#include "config/params_parts.h"
#include "config/yaml_parts.h"

#include <stdio.h>
#include <string.h>

/* The parser and those who walk the tree recur once for a level; both bounds keep that within a small stack. */
enum { DEEPEST = 64, LONGEST = 4096 };

const char *const hone__expr_signs[] = {
    [HONE__EXPR_OR] = "or",       [HONE__EXPR_AND] = "and",  [HONE__EXPR_NOT] = "not",     [HONE__EXPR_EQUAL] = "==",
    [HONE__EXPR_UNEQUAL] = "!=",  [HONE__EXPR_LESS] = "<",   [HONE__EXPR_AT_MOST] = "<=",  [HONE__EXPR_MORE] = ">",
    [HONE__EXPR_AT_LEAST] = ">=", [HONE__EXPR_IN] = "in",    [HONE__EXPR_ADD] = "+",       [HONE__EXPR_SUBTRACT] = "-",
    [HONE__EXPR_MULTIPLY] = "*",  [HONE__EXPR_DIVIDE] = "/", [HONE__EXPR_REMAINDER] = "%", [HONE__EXPR_MINUS] = "-",
};

/* ---- Tokens ------------------------------------------------------------------------------------------------------ */

typedef enum token_kind { END, NUMBER, TEXT, WORD, SIGN } token_kind;

typedef struct reader {
    hone_arena *arena;
    hone__issues *issues;
    hone_error *err;
    hone__expression *e;
    const char *text;
    token_kind kind;     /* of the token in hand */
    uint32_t begin, end; /* of it */
    int depth;
} reader;

/* Signs, the longest first, and words of other languages with ours. */
static const char *const signs[] = {"==", "!=", "<=", ">=", "(", ")", "[", "]", ",", "<", ">", "+", "-", "*", "/", "%"};
static const struct {
    const char *sign, *ours;
} foreign_signs[] = {{"===", "=="}, {"<>", "!="}, {"&&", "and"}, {"||", "or"},
                     {"=", "=="},   {"!", "not"}, {"&", "and"},  {"|", "or"}};
static const struct {
    const char *word, *ours;
} foreign_words[] = {{"AND", "and"}, {"OR", "or"}, {"NOT", "not"}, {"IN", "in"}, {"is", "=="}, {"None", "null"}};

#define ISSUE(r, offset, ...)                                                                                                  \
    do {                                                                                                                       \
        const hone__yaml at_ = hone__expression_at((r)->e, (offset));                                                          \
        hone__issue_at((r)->issues, &at_, __VA_ARGS__);                                                                        \
    } while (0)

static hone_status out_of_memory(const reader *r)
{
    return hone_no_memory(r->err, "reading an expression");
}

/* "'>='", or what ends the text. */
static const char *shown_token(const reader *r, char *out, size_t size)
{
    char piece[60], text[80];
    const size_t n = r->end - r->begin;
    if (r->kind == END)
        return "its end";
    snprintf(piece, sizeof piece, "%.*s", (int)(n < sizeof piece ? n : sizeof piece - 1), r->text + r->begin);
    snprintf(out, size, "'%s'", hone__shown(piece, text, sizeof text));
    return out;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool starts_with(const char *text, const char *sign)
{
    return strncmp(text, sign, strlen(sign)) == 0;
}

/* A word of ours or of others, up to the first character that no word has. */
static size_t word_length(const char *text)
{
    size_t n = 0;
    while (is_letter(text[n]) || is_digit(text[n]) || (text[n] == '.' && (is_letter(text[n + 1]) || is_digit(text[n + 1]))))
        n++;
    return n;
}

/* 12, 0.5, 1.0e-5, .5 */
static size_t number_length(const char *text)
{
    size_t n = 0;
    while (is_digit(text[n]) || text[n] == '.')
        n++;
    if ((text[n] == 'e' || text[n] == 'E') &&
        (is_digit(text[n + 1]) || ((text[n + 1] == '-' || text[n + 1] == '+') && is_digit(text[n + 2]))))
        for (n += 2; is_digit(text[n]);)
            n++;
    return n;
}

static hone_status refuse_token(reader *r, const char *ours)
{
    char seen[100];
    ISSUE(r, r->begin, "%s has %s; write %s", r->e->name, shown_token(r, seen, sizeof seen), ours);
    return HONE_ECONFIG;
}

static hone_status take_sign(reader *r)
{
    const char *text = r->text + r->begin;
    char seen[100];
    for (size_t i = 0; i < sizeof foreign_signs / sizeof *foreign_signs; i++)
        if (starts_with(text, foreign_signs[i].sign) && (text[1] != '=' || foreign_signs[i].sign[1] == '=')) {
            r->end = r->begin + (uint32_t)strlen(foreign_signs[i].sign);
            return refuse_token(r, foreign_signs[i].ours);
        }
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (starts_with(text, signs[i])) {
            r->end = r->begin + (uint32_t)strlen(signs[i]);
            return HONE_OK;
        }
    for (r->end = r->begin + 1; ((unsigned char)r->text[r->end] & 0xC0) == 0x80;)
        r->end++;
    ISSUE(r, r->begin, "%s has %s, which belongs to no expression; put text in quotes", r->e->name,
          shown_token(r, seen, sizeof seen));
    return HONE_ECONFIG;
}

static hone_status take_quoted(reader *r)
{
    const char *close = strchr(r->text + r->begin + 1, r->text[r->begin]);
    if (!close) {
        ISSUE(r, r->begin, "%s has a quote that is never closed", r->e->name);
        return HONE_ECONFIG;
    }
    r->end = (uint32_t)(close - r->text) + 1;
    return HONE_OK;
}

static hone_status take_word(reader *r)
{
    r->end = r->begin + (uint32_t)word_length(r->text + r->begin);
    for (size_t i = 0; i < sizeof foreign_words / sizeof *foreign_words; i++)
        if (strlen(foreign_words[i].word) == r->end - r->begin && starts_with(r->text + r->begin, foreign_words[i].word))
            return refuse_token(r, foreign_words[i].ours);
    return HONE_OK;
}

static hone_status take_number(reader *r)
{
    char seen[100];
    r->end = r->begin + (uint32_t)number_length(r->text + r->begin);
    if (!is_letter(r->text[r->end]))
        return HONE_OK;
    r->end += (uint32_t)word_length(r->text + r->end);
    ISSUE(r, r->begin, "%s has %s, which is no number; put text in quotes", r->e->name, shown_token(r, seen, sizeof seen));
    return HONE_ECONFIG;
}

/* The next token in hand. HONE_ECONFIG: its mistake is an issue. */
static hone_status advance(reader *r)
{
    r->begin = r->end + (uint32_t)strspn(r->text + r->end, " \t\n");
    r->end = r->begin;
    const char *text = r->text + r->begin;
    if (*text == '\0') {
        r->kind = END;
        return HONE_OK;
    }
    r->kind = *text == '"' || *text == '\''                            ? TEXT
              : is_letter(*text)                                       ? WORD
              : is_digit(*text) || (*text == '.' && is_digit(text[1])) ? NUMBER
                                                                       : SIGN;
    return r->kind == TEXT     ? take_quoted(r)
           : r->kind == WORD   ? take_word(r)
           : r->kind == NUMBER ? take_number(r)
                               : take_sign(r);
}

/* Is the token in hand this sign or word? */
static bool at(const reader *r, const char *token)
{
    return (r->kind == SIGN || r->kind == WORD) && strlen(token) == r->end - r->begin && starts_with(r->text + r->begin, token);
}

/* ---- Nodes ------------------------------------------------------------------------------------------------------- */

static hone_status new_node(reader *r, hone__expr_op op, uint32_t begin, const hone__expr_node *a, const hone__expr_node *b,
                            hone__expr_node **out)
{
    hone__expr_node *node = hone_alloc(r->arena, sizeof *node);
    if (!node)
        return out_of_memory(r);
    *node = (hone__expr_node){.op = op, .begin = begin, .end = b ? b->end : a ? a->end : r->end, .a = a, .b = b};
    *out = node;
    return HONE_OK;
}

/* The path's number; a new one at its first mention. The room is for as many paths as the text can hold. */
static hone_status path_number(reader *r, size_t *number)
{
    const char *path = hone_strndup(r->arena, r->text + r->begin, r->end - r->begin);
    if (!path)
        return out_of_memory(r);
    for (*number = 0; *number < r->e->n_paths; ++*number)
        if (strcmp(r->e->paths[*number], path) == 0)
            return HONE_OK;
    r->e->paths[r->e->n_paths] = path;
    r->e->offsets[r->e->n_paths++] = r->begin;
    return HONE_OK;
}

static hone_status new_literal(reader *r, hone__expr_node **out)
{
    const uint32_t quote = r->kind == TEXT ? 1 : 0;
    const char *text = hone_strndup(r->arena, r->text + r->begin + quote, r->end - r->begin - 2 * quote);
    hone__yaml *node = text ? hone__yaml_new_text(r->arena, text) : NULL;
    if (!node)
        return out_of_memory(r);
    const hone__yaml place = hone__expression_at(r->e, r->begin);
    node->origin = place.origin;
    node->line = place.line;
    node->column = place.column;
    node->quoted = quote;
    if (!quote && !hone__yaml_resolve(node, text)) {
        ISSUE(r, r->begin, "%s has %s, which lies outside the range of a 64-bit real", r->e->name, text);
        return HONE_ECONFIG;
    }
    if (r->kind == NUMBER && node->type == HONE__YAML_STRING) {
        ISSUE(r, r->begin, "%s has '%s', which is no number; put text in quotes", r->e->name, text);
        return HONE_ECONFIG;
    }
    HONE_TRY(new_node(r, HONE__EXPR_LITERAL, r->begin, NULL, NULL, out));
    (*out)->literal = node;
    return HONE_OK;
}

/* ---- The grammar ------------------------------------------------------------------------------------------------- */

static hone_status read_or(reader *r, hone__expr_node **out);

static hone_status expect_value(reader *r)
{
    char seen[100];
    ISSUE(r, r->begin, "%s has %s where a value should stand", r->e->name, shown_token(r, seen, sizeof seen));
    return HONE_ECONFIG;
}

static bool is_keyword(const reader *r)
{
    return r->kind == WORD && (at(r, "and") || at(r, "or") || at(r, "not") || at(r, "in"));
}

static hone_status read_scalar(reader *r, hone__expr_node **out)
{
    if (r->kind == END || r->kind == SIGN || is_keyword(r))
        return expect_value(r);
    if (r->kind == WORD && memchr(r->text + r->begin, '.', r->end - r->begin)) {
        size_t number = 0;
        HONE_TRY(path_number(r, &number));
        HONE_TRY(new_node(r, HONE__EXPR_PATH, r->begin, NULL, NULL, out));
        (*out)->path = number;
    } else {
        HONE_TRY(new_literal(r, out));
    }
    return advance(r);
}

/* Goes a level deeper, unless that is too deep. */
static hone_status descend(reader *r, uint32_t begin)
{
    if (++r->depth <= DEEPEST)
        return HONE_OK;
    ISSUE(r, begin, "%s is nested more than %d deep", r->e->name, DEEPEST);
    return HONE_ECONFIG;
}

static hone_status read_group(reader *r, hone__expr_node **out)
{
    const uint32_t begin = r->begin;
    char seen[100];
    HONE_TRY(descend(r, begin));
    HONE_TRY(advance(r));
    HONE_TRY(read_or(r, out));
    if (!at(r, ")")) {
        if (r->kind == END)
            ISSUE(r, begin, "%s has a '(' that is never closed", r->e->name);
        else
            ISSUE(r, r->begin, "%s has %s where an operator or ')' should stand", r->e->name,
                  shown_token(r, seen, sizeof seen));
        return HONE_ECONFIG;
    }
    (*out)->begin = begin;
    (*out)->end = r->end;
    r->depth--;
    return advance(r);
}

/* A literal number behind its sign becomes the number below 0. */
static hone_status negate(reader *r, hone__expr_node *node, uint32_t begin)
{
    hone__yaml *literal = (hone__yaml *)(uintptr_t)node->literal; /* made a moment ago */
    node->begin = begin;
    literal->column = hone__expression_at(r->e, begin).column;
    literal->integer = -literal->integer;
    literal->real = -literal->real;
    literal->text = hone_sprintf(r->arena, "-%s", literal->text);
    return literal->text ? HONE_OK : out_of_memory(r);
}

static hone_status read_unary(reader *r, hone__expr_node **out)
{
    const uint32_t begin = r->begin;
    hone__expr_node *a;
    if (at(r, "("))
        return read_group(r, out);
    if (!at(r, "-"))
        return read_scalar(r, out);
    HONE_TRY(descend(r, begin));
    HONE_TRY(advance(r));
    const bool number = r->kind == NUMBER;
    HONE_TRY(read_unary(r, &a));
    r->depth--;
    *out = a;
    return number ? negate(r, a, begin) : new_node(r, HONE__EXPR_MINUS, begin, a, NULL, out);
}

/* Which of a level's operators is in hand; HONE__EXPR_LITERAL: none. */
static hone__expr_op operator_among(const reader *r, hone__expr_op first, hone__expr_op last)
{
    for (hone__expr_op op = first; op <= last; op++)
        if (at(r, hone__expr_signs[op]))
            return op;
    return HONE__EXPR_LITERAL;
}

/* A level whose operators associate to the left. */
static hone_status read_chain(reader *r, hone__expr_op first, hone__expr_op last,
                              hone_status (*below)(reader *r, hone__expr_node **out), hone__expr_node **out)
{
    hone__expr_op op;
    HONE_TRY(below(r, out));
    while ((op = operator_among(r, first, last)) != HONE__EXPR_LITERAL) {
        hone__expr_node *b;
        HONE_TRY(advance(r));
        HONE_TRY(below(r, &b));
        HONE_TRY(new_node(r, op, (*out)->begin, *out, b, out));
    }
    return HONE_OK;
}

static hone_status read_product(reader *r, hone__expr_node **out)
{
    return read_chain(r, HONE__EXPR_MULTIPLY, HONE__EXPR_REMAINDER, read_unary, out);
}

static hone_status read_sum(reader *r, hone__expr_node **out)
{
    return read_chain(r, HONE__EXPR_ADD, HONE__EXPR_SUBTRACT, read_product, out);
}

static hone_status read_item(reader *r, hone__expr_node **out)
{
    HONE_TRY(read_unary(r, out));
    if ((*out)->op == HONE__EXPR_LITERAL)
        return HONE_OK;
    ISSUE(r, (*out)->begin, "%s has more than a literal in a list; its items are numbers, text, true, false and null",
          r->e->name);
    return HONE_ECONFIG;
}

static hone_status read_list(reader *r, const hone__expr_node **items)
{
    const hone__expr_node **link = items;
    const uint32_t begin = r->begin;
    char seen[100];
    if (!at(r, "[")) {
        ISSUE(r, r->begin, "%s has %s behind 'in'; it must be a list, as in [16, 32]", r->e->name,
              shown_token(r, seen, sizeof seen));
        return HONE_ECONFIG;
    }
    do {
        hone__expr_node *item;
        HONE_TRY(advance(r));
        HONE_TRY(read_item(r, &item));
        *link = item;
        link = &item->next;
    } while (at(r, ","));
    if (at(r, "]"))
        return HONE_OK;
    if (r->kind == END)
        ISSUE(r, begin, "%s has a '[' that is never closed", r->e->name);
    else
        ISSUE(r, r->begin, "%s has %s where ',' or ']' should stand", r->e->name, shown_token(r, seen, sizeof seen));
    return HONE_ECONFIG;
}

/* x in [...], x not in [...] */
static hone_status read_in(reader *r, hone__expr_node **out)
{
    const bool negated = at(r, "not");
    hone__expr_node *node;
    if (negated)
        HONE_TRY(advance(r));
    if (!at(r, "in"))
        return expect_value(r);
    HONE_TRY(advance(r));
    HONE_TRY(new_node(r, HONE__EXPR_IN, (*out)->begin, *out, NULL, &node));
    HONE_TRY(read_list(r, &node->items));
    node->end = r->end;
    HONE_TRY(advance(r));
    *out = node;
    return negated ? new_node(r, HONE__EXPR_NOT, node->begin, node, NULL, out) : HONE_OK;
}

static hone_status read_comparison(reader *r, hone__expr_node **out)
{
    hone__expr_node *b;
    HONE_TRY(read_sum(r, out));
    if (at(r, "in") || at(r, "not"))
        return read_in(r, out);
    const hone__expr_op op = operator_among(r, HONE__EXPR_EQUAL, HONE__EXPR_AT_LEAST);
    if (op == HONE__EXPR_LITERAL)
        return HONE_OK;
    HONE_TRY(advance(r));
    HONE_TRY(read_sum(r, &b));
    if (operator_among(r, HONE__EXPR_EQUAL, HONE__EXPR_AT_LEAST) != HONE__EXPR_LITERAL) {
        ISSUE(r, r->begin, "%s has a second comparison in a row; write a < b and b < c", r->e->name);
        return HONE_ECONFIG;
    }
    return new_node(r, op, (*out)->begin, *out, b, out);
}

static hone_status read_not(reader *r, hone__expr_node **out)
{
    const uint32_t begin = r->begin;
    hone__expr_node *a;
    if (!at(r, "not"))
        return read_comparison(r, out);
    HONE_TRY(descend(r, begin));
    HONE_TRY(advance(r));
    HONE_TRY(read_not(r, &a));
    r->depth--;
    return new_node(r, HONE__EXPR_NOT, begin, a, NULL, out);
}

static hone_status read_and(reader *r, hone__expr_node **out)
{
    return read_chain(r, HONE__EXPR_AND, HONE__EXPR_AND, read_not, out);
}

static hone_status read_or(reader *r, hone__expr_node **out)
{
    return read_chain(r, HONE__EXPR_OR, HONE__EXPR_OR, read_and, out);
}

/* ---- The whole --------------------------------------------------------------------------------------------------- */

hone__yaml hone__expression_at(const hone__expression *e, uint32_t offset)
{
    hone__yaml at = *e->node;
    if (!at.verbatim || at.column == 0)
        return at;
    at.column += at.quoted;
    for (uint32_t i = 0; i < offset; i++)
        at.column += ((unsigned char)at.text[i] & 0xC0) != 0x80;
    return at;
}

static hone_status read_all(reader *r, hone__expr_node **root)
{
    char seen[100];
    HONE_TRY(advance(r));
    HONE_TRY(read_or(r, root));
    if (r->kind == END)
        return HONE_OK;
    ISSUE(r, r->begin, "%s has %s where an operator should stand (and, or, ==, <=, in, ...)", r->e->name,
          shown_token(r, seen, sizeof seen));
    return HONE_ECONFIG;
}

static bool is_readable(hone__issues *issues, const char *name, const hone__yaml *node)
{
    char seen[160];
    const bool text = node->type == HONE__YAML_STRING, blank = text && node->text[strspn(node->text, " \t\n")] == '\0';
    if (!text || blank)
        hone__issue_at(issues, node, "%s is %s; it must be an expression, such as \"optimizer.type == sgd\"", name,
                       blank ? "blank" : hone__value_shown(node, seen, sizeof seen));
    else if (strlen(node->text) > LONGEST)
        hone__issue_at(issues, node, "%s has more than %d characters", name, LONGEST);
    return text && !blank && strlen(node->text) <= LONGEST;
}

hone_status hone__expression_read(hone_arena *arena, hone__issues *issues, const char *name, const hone__yaml *node,
                                  hone__expression **out, hone_error *err)
{
    hone__expr_node *root = NULL;
    *out = NULL;
    if (!is_readable(issues, name, node))
        return HONE_OK;
    const size_t most = strlen(node->text) / 4 + 1; /* "a.b " */
    hone__expression *e = hone_alloc(arena, sizeof *e);
    if (!e)
        return hone_no_memory(err, "reading an expression");
    *e = (hone__expression){.name = name, .node = node};
    e->paths = hone_alloc_array(arena, most, sizeof *e->paths);
    e->offsets = hone_alloc_array(arena, most, sizeof *e->offsets);
    if (!e->paths || !e->offsets)
        return hone_no_memory(err, "reading an expression");
    reader r = {.arena = arena, .issues = issues, .err = err, .e = e, .text = node->text};
    const hone_status status = read_all(&r, &root);
    if (status == HONE_ECONFIG)
        return HONE_OK;
    e->root = root;
    *out = status == HONE_OK ? e : NULL;
    return status;
}
