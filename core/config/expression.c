/* expression.c - conditions that have been read: their check for types, and their truth for a point.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "config/expression.h"

#include "base/str.h"
#include "config/expression_parts.h"
#include "config/params_parts.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

hone__expr_value hone__expr_value_of(const hone__yaml *node)
{
    switch (node->type) {
    case HONE__YAML_NULL:
        return (hone__expr_value){.type = HONE__EXPR_NULL};
    case HONE__YAML_BOOL:
        return (hone__expr_value){.type = HONE__EXPR_TRUTH, .number = node->truth};
    case HONE__YAML_INT:
    case HONE__YAML_REAL:
        return (hone__expr_value){.type = HONE__EXPR_NUMBER, .number = node->real};
    case HONE__YAML_STRING:
        return (hone__expr_value){.type = HONE__EXPR_TEXT, .text = node->text};
    default:
        return (hone__expr_value){0};
    }
}

/* ---- The check --------------------------------------------------------------------------------------------------- */

typedef struct checker {
    hone__issues *issues;
    const hone__expression *e;
    const hone__expr_facts *facts;
    hone_error *err;
} checker;

/* "a number or text" */
static const char *types_shown(unsigned types, char *out, size_t size)
{
    static const struct {
        unsigned type;
        const char *name;
    } names[] = {{HONE__EXPR_NUMBER, "a number"},
                 {HONE__EXPR_TEXT, "text"},
                 {HONE__EXPR_TRUTH, "true or false"},
                 {HONE__EXPR_NULL, "null"}};
    size_t n = 0;
    out[0] = '\0';
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (types & names[i].type && n < size)
            n += (size_t)snprintf(out + n, size - n, "%s%s", n ? " or " : "", names[i].name);
    return out;
}

static const char *piece_shown(const checker *c, const hone__expr_node *node, char *out, size_t size)
{
    char piece[120];
    const size_t n = node->end - node->begin;
    snprintf(piece, sizeof piece, "%.*s", (int)(n < sizeof piece ? n : sizeof piece - 1), c->e->node->text + node->begin);
    return hone__shown(piece, out, size);
}

HONE_PRINTF(3, 4)
static void complain(const checker *c, const hone__expr_node *node, const char *fmt, ...)
{
    char text[600];
    va_list args;
    const hone__yaml at = hone__expression_at(c->e, node->begin);
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    hone__issue_at(c->issues, &at, "%s: %s", c->e->name, text);
}

static hone_status type_of(const checker *c, const hone__expr_node *node, unsigned *type);

/* An operand that must be of one type alone. */
static hone_status demand(const checker *c, const hone__expr_node *operand, unsigned wanted, const char *sign)
{
    char seen[80], types[80], takes[80];
    unsigned type = 0;
    HONE_TRY(type_of(c, operand, &type));
    if (type & ~wanted)
        complain(c, operand, "%s is %s; %s takes %s", piece_shown(c, operand, seen, sizeof seen),
                 types_shown(type, types, sizeof types), sign,
                 wanted == HONE__EXPR_NUMBER ? "numbers" : types_shown(wanted, takes, sizeof takes));
    return HONE_OK;
}

static hone_status demand_both(const checker *c, const hone__expr_node *node, unsigned wanted)
{
    HONE_TRY(demand(c, node->a, wanted, hone__expr_signs[node->op]));
    return node->b ? demand(c, node->b, wanted, hone__expr_signs[node->op]) : HONE_OK;
}

/* A path and a literal: is that a value it can have? */
static hone_status ask_taker(const checker *c, const hone__expr_node *path, const hone__expr_node *literal)
{
    if (path->op != HONE__EXPR_PATH || literal->op != HONE__EXPR_LITERAL || c->facts->types[path->path] == 0)
        return HONE_OK;
    return c->facts->takes(c->facts->ctx, path->path, literal->literal, c->err);
}

static hone_status compare(const checker *c, const hone__expr_node *a, const hone__expr_node *b)
{
    char left[80], right[80], left_types[80], right_types[80];
    unsigned x = 0, y = 0;
    if (a->op == HONE__EXPR_LITERAL && b->op == HONE__EXPR_LITERAL) {
        complain(c, a,
                 "%s and %s are two literals, so this is the same for every point; a path has points in it (optimizer.type)",
                 piece_shown(c, a, left, sizeof left), piece_shown(c, b, right, sizeof right));
        return HONE_OK;
    }
    HONE_TRY(type_of(c, a, &x));
    HONE_TRY(type_of(c, b, &y));
    if (x && y && !(x & y)) {
        complain(c, b, "%s is %s and %s is %s; they are never equal", piece_shown(c, a, left, sizeof left),
                 types_shown(x, left_types, sizeof left_types), piece_shown(c, b, right, sizeof right),
                 types_shown(y, right_types, sizeof right_types));
        return HONE_OK;
    }
    HONE_TRY(ask_taker(c, a, b));
    return ask_taker(c, b, a);
}

static hone_status type_of(const checker *c, const hone__expr_node *node, unsigned *type)
{
    switch (node->op) {
    case HONE__EXPR_LITERAL:
        *type = hone__expr_value_of(node->literal).type;
        return HONE_OK;
    case HONE__EXPR_PATH:
        *type = c->facts->types[node->path];
        return HONE_OK;
    case HONE__EXPR_OR:
    case HONE__EXPR_AND:
    case HONE__EXPR_NOT:
        *type = HONE__EXPR_TRUTH;
        return demand_both(c, node, HONE__EXPR_TRUTH);
    case HONE__EXPR_EQUAL:
    case HONE__EXPR_UNEQUAL:
        *type = HONE__EXPR_TRUTH;
        return compare(c, node->a, node->b);
    case HONE__EXPR_IN:
        *type = HONE__EXPR_TRUTH;
        for (const hone__expr_node *item = node->items; item; item = item->next)
            HONE_TRY(compare(c, node->a, item));
        return HONE_OK;
    case HONE__EXPR_LESS:
    case HONE__EXPR_AT_MOST:
    case HONE__EXPR_MORE:
    case HONE__EXPR_AT_LEAST:
        *type = HONE__EXPR_TRUTH;
        return demand_both(c, node, HONE__EXPR_NUMBER);
    default:
        *type = HONE__EXPR_NUMBER;
        return demand_both(c, node, HONE__EXPR_NUMBER);
    }
}

hone_status hone__expression_check(hone__issues *issues, const hone__expression *e, const hone__expr_facts *facts,
                                   hone_error *err)
{
    const checker c = {issues, e, facts, err};
    char seen[80], types[80];
    const size_t before = issues->n;
    unsigned type = 0;
    HONE_TRY(type_of(&c, e->root, &type));
    if (e->n_paths > 0 && (type & ~(unsigned)HONE__EXPR_TRUTH))
        complain(&c, e->root, "%s is %s; a condition is true or false, as a comparison is",
                 piece_shown(&c, e->root, seen, sizeof seen), types_shown(type, types, sizeof types));
    else if (e->n_paths == 0 && c.issues->n == before)
        complain(&c, e->root, "%s names no path, so it is the same for every point; a path has points in it (optimizer.type)",
                 piece_shown(&c, e->root, seen, sizeof seen));
    return HONE_OK;
}

/* ---- Evaluation -------------------------------------------------------------------------------------------------- */

typedef struct evaluation {
    hone__expr_value (*value_of)(const void *ctx, size_t path);
    const void *ctx;
} evaluation;

static hone__expr_value value_of(const evaluation *v, const hone__expr_node *node);

static hone__expr_value truth(int t)
{
    return (hone__expr_value){.type = t < 0 ? 0 : HONE__EXPR_TRUTH, .number = t > 0};
}

/* 1, 0, or -1 where it is neither. */
static int truth_of(const evaluation *v, const hone__expr_node *node)
{
    const hone__expr_value x = value_of(v, node);
    return x.type == 0 ? -1 : x.number != 0;
}

static int both(int a, int b)
{
    return a == 0 || b == 0 ? 0 : a < 0 || b < 0 ? -1 : 1;
}

static int negation(int a)
{
    return a < 0 ? -1 : !a;
}

static bool equal(const hone__expr_value *a, const hone__expr_value *b)
{
    if (a->type != b->type)
        return false;
    return a->type == HONE__EXPR_TEXT ? strcmp(a->text, b->text) == 0 : a->number == b->number;
}

static int is_among(const evaluation *v, const hone__expr_node *node)
{
    const hone__expr_value a = value_of(v, node->a);
    for (const hone__expr_node *item = node->items; a.type && item; item = item->next) {
        const hone__expr_value b = hone__expr_value_of(item->literal);
        if (equal(&a, &b))
            return 1;
    }
    return a.type ? 0 : -1;
}

static int comparison(hone__expr_op op, const hone__expr_value *a, const hone__expr_value *b)
{
    if (!a->type || !b->type)
        return -1;
    switch (op) {
    case HONE__EXPR_EQUAL:
        return equal(a, b);
    case HONE__EXPR_UNEQUAL:
        return !equal(a, b);
    case HONE__EXPR_LESS:
        return a->number < b->number;
    case HONE__EXPR_AT_MOST:
        return a->number <= b->number;
    case HONE__EXPR_MORE:
        return a->number > b->number;
    default:
        return a->number >= b->number;
    }
}

static double arithmetic(hone__expr_op op, double a, double b)
{
    switch (op) {
    case HONE__EXPR_ADD:
        return a + b;
    case HONE__EXPR_SUBTRACT:
        return a - b;
    case HONE__EXPR_MULTIPLY:
        return a * b;
    case HONE__EXPR_DIVIDE:
        return a / b;
    case HONE__EXPR_REMAINDER:
        return fmod(a, b);
    default:
        return -a;
    }
}

static hone__expr_value number(const evaluation *v, const hone__expr_node *node)
{
    const hone__expr_value a = value_of(v, node->a), b = node->b ? value_of(v, node->b) : a;
    if (!a.type || !b.type)
        return (hone__expr_value){0};
    return (hone__expr_value){.type = HONE__EXPR_NUMBER, .number = arithmetic(node->op, a.number, b.number)};
}

static hone__expr_value value_of(const evaluation *v, const hone__expr_node *node)
{
    hone__expr_value a, b;
    switch (node->op) {
    case HONE__EXPR_LITERAL:
        return hone__expr_value_of(node->literal);
    case HONE__EXPR_PATH:
        return v->value_of(v->ctx, node->path);
    case HONE__EXPR_AND:
        return truth(both(truth_of(v, node->a), truth_of(v, node->b)));
    case HONE__EXPR_OR:
        return truth(negation(both(negation(truth_of(v, node->a)), negation(truth_of(v, node->b)))));
    case HONE__EXPR_NOT:
        return truth(negation(truth_of(v, node->a)));
    case HONE__EXPR_IN:
        return truth(is_among(v, node));
    case HONE__EXPR_EQUAL:
    case HONE__EXPR_UNEQUAL:
    case HONE__EXPR_LESS:
    case HONE__EXPR_AT_MOST:
    case HONE__EXPR_MORE:
    case HONE__EXPR_AT_LEAST:
        a = value_of(v, node->a);
        b = value_of(v, node->b);
        return truth(comparison(node->op, &a, &b));
    default:
        return number(v, node);
    }
}

int hone__expression_truth(const hone__expression *e, hone__expr_value (*path_value)(const void *ctx, size_t path),
                           const void *ctx)
{
    const evaluation v = {path_value, ctx};
    return truth_of(&v, e->root);
}
