/* fuzz_expression.c - any text is an expression or one mistake with a place in it, and an expression has a truth for every point.
 *
 * The first byte chooses what the paths are; the rest is the text.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/str.h"
#include "config/expression.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool truth, const char *what, const char *detail)
{
    if (truth)
        return;
    fprintf(stderr, "%s: %s\n", what, detail);
    abort();
}

static hone__expr_value value_of(const void *ctx, size_t path)
{
    static const hone__expr_value values[] = {{0},
                                              {.type = HONE__EXPR_NUMBER, .number = 16},
                                              {.type = HONE__EXPR_TEXT, .text = "sgd"},
                                              {.type = HONE__EXPR_TRUTH, .number = 1},
                                              {.type = HONE__EXPR_NULL}};
    return values[(*(const uint8_t *)ctx + path) % (sizeof values / sizeof *values)];
}

static hone_status takes(void *ctx, size_t path, const hone__yaml *literal, hone_error *err)
{
    (void)ctx;
    (void)path;
    (void)err;
    require(literal->line == 3 && literal->column >= 5, "a literal without a place", literal->text);
    return HONE_OK;
}

static void check_places(const hone__issues *issues, size_t characters)
{
    for (size_t i = 0; i < issues->n; i++) {
        require(strncmp(issues->text[i], "fuzz:3:", 7) == 0, "a mistake without a place", issues->text[i]);
        require(issues->column[i] >= 5 && issues->column[i] <= 6 + characters, "a mistake outside the text", issues->text[i]);
    }
}

static void check_and_ask(hone_arena *arena, hone__issues *issues, const hone__expression *e, const uint8_t *choice)
{
    hone_error err;
    unsigned *types = hone_alloc_array(arena, e->n_paths, sizeof *types);
    if (!types)
        return;
    for (size_t i = 0; i < e->n_paths; i++)
        types[i] = value_of(choice, i).type;
    const hone__expr_facts facts = {types, takes, NULL};
    if (hone__expression_check(issues, e, &facts, &err) != HONE_OK || issues->n > 0)
        return;
    const int truth = hone__expression_truth(e, value_of, choice);
    require(truth >= -1 && truth <= 1, "an odd truth", e->node->text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hone_error err = {0};
    hone__expression *e = NULL;
    hone_arena *arena = hone__arena_create(0);
    char *text = arena && size > 0 ? hone_strndup(arena, (const char *)data + 1, size - 1) : NULL;
    if (text && hone__utf8_valid(text, strlen(text), NULL)) {
        hone__issues issues = {.arena = arena};
        const hone__yaml node = {
            .type = HONE__YAML_STRING, .line = 3, .column = 5, .origin = "fuzz", .text = text, .verbatim = true};
        if (hone__expression_read(arena, &issues, "when", &node, &e, &err) == HONE_OK) {
            require((e == NULL) == (issues.n == 1) && issues.n <= 1, "neither an expression nor a mistake", text);
            if (e)
                check_and_ask(arena, &issues, e, data);
            check_places(&issues, strlen(text));
        }
    }
    hone__arena_destroy(arena);
    return 0;
}
