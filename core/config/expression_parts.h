/* expression_parts.h - the tree of an expression, which its reader makes and its check and its evaluation walk.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_CONFIG_EXPRESSION_PARTS_H
#define HONE_CORE_CONFIG_EXPRESSION_PARTS_H

#include "config/expression.h"

typedef enum hone__expr_op {
    HONE__EXPR_LITERAL = 0,
    HONE__EXPR_PATH,
    HONE__EXPR_OR,
    HONE__EXPR_AND,
    HONE__EXPR_NOT, /* of a alone */
    HONE__EXPR_EQUAL,
    HONE__EXPR_UNEQUAL,
    HONE__EXPR_LESS,
    HONE__EXPR_AT_MOST,
    HONE__EXPR_MORE,
    HONE__EXPR_AT_LEAST,
    HONE__EXPR_IN, /* of a and items */
    HONE__EXPR_ADD,
    HONE__EXPR_SUBTRACT,
    HONE__EXPR_MULTIPLY,
    HONE__EXPR_DIVIDE,
    HONE__EXPR_REMAINDER,
    HONE__EXPR_MINUS /* of a alone */
} hone__expr_op;

typedef struct hone__expr_node {
    hone__expr_op op;
    uint32_t begin, end; /* bytes of the text that it stands for */
    const struct hone__expr_node *a, *b;
    size_t path;                         /* HONE__EXPR_PATH: index into the expression's paths */
    const hone__yaml *literal;           /* HONE__EXPR_LITERAL, at its place in the file */
    const struct hone__expr_node *items; /* HONE__EXPR_IN: literals, linked by next */
    const struct hone__expr_node *next;
} hone__expr_node;

/* How each operator is written. */
extern const char *const hone__expr_signs[];

#endif
