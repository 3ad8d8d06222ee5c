/* expression.h - the conditions of a search space: read, checked for types, and evaluated for a point.
 *
 *     optimizer.type == sgd and (trainer.train_batch_size * tokenizer.max_length <= 4096 or not head.pooling in [cls, mean])
 *
 * A word with points in it is a path of the experiment; any other word is text, as are "..." and '...'; true, false, null and numbers
 * are those of YAML. From loosest to tightest: or; and; not; == != < <= > >= in; + -; * / %; a minus. Arithmetic is that of doubles.
 *
 * A path that a point does not have (a row of another plugin) makes what it stands in neither true nor false: `not` leaves it so,
 * `and` is false if its other side is, `or` true if its other side is. Such a constraint forbids nothing, and such a `when` is not met.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_CONFIG_EXPRESSION_H
#define HONE_CORE_CONFIG_EXPRESSION_H

#include "config/params.h"

/* Of a value, one; of what a path can be, several. 0: there is no such path. */
enum { HONE__EXPR_NUMBER = 1, HONE__EXPR_TEXT = 2, HONE__EXPR_TRUTH = 4, HONE__EXPR_NULL = 8 };

typedef struct hone__expr_value {
    unsigned type;
    double number; /* also of a truth: 0 or 1 */
    const char *text;
} hone__expr_value;

typedef struct hone__expression {
    const char *name; /* "sweep.constraints[0]", for messages */
    const hone__yaml *node;
    const struct hone__expr_node *root;
    const char **paths; /* [n_paths] different ones, in the order of their first mention */
    uint32_t *offsets;  /* [n_paths] bytes of the text before that mention */
    size_t n_paths;
} hone__expression;

/* *out is NULL, with an issue, where the text is no expression. */
hone_status hone__expression_read(hone_arena *arena, hone__issues *issues, const char *name, const hone__yaml *node,
                                  hone__expression **out, hone_error *err) HONE_CHECKED;

/* What the paths are, for the check. `takes` is asked about every literal that a path is compared with for equality; it writes an
 * issue at the literal's node where the path can never have that value. */
typedef struct hone__expr_facts {
    const unsigned *types; /* [n_paths] of HONE__EXPR_*; 0: unknown, because of a mistake that is an issue already */
    hone_status (*takes)(void *ctx, size_t path, const hone__yaml *literal, hone_error *err);
    void *ctx;
} hone__expr_facts;

/* Mistakes of type are issues. */
hone_status hone__expression_check(hone__issues *issues, const hone__expression *e, const hone__expr_facts *facts,
                                   hone_error *err) HONE_CHECKED;

/* 1: true, 0: false, -1: neither. The expression has been checked. */
int hone__expression_truth(const hone__expression *e, hone__expr_value (*value_of)(const void *ctx, size_t path),
                           const void *ctx);

/* The value of a scalar; of a list or map, type 0. */
hone__expr_value hone__expr_value_of(const hone__yaml *node);
/* A node that stands where that byte of the expression does, for issues. */
hone__yaml hone__expression_at(const hone__expression *e, uint32_t offset);

#endif
