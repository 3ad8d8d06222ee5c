/* issues.c - collecting all mistakes of a file, each as one sentence with its place.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "config/params.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool grow(hone__issues *issues)
{
    size_t cap = issues->cap ? 2 * issues->cap : 8;
    const char **text = hone_alloc_array(issues->arena, cap, sizeof *text);
    uint32_t *line = hone_alloc_array(issues->arena, cap, sizeof *line);
    uint32_t *column = hone_alloc_array(issues->arena, cap, sizeof *column);
    if (!text || !line || !column)
        return false;
    if (issues->n) {
        memcpy(text, issues->text, issues->n * sizeof *text);
        memcpy(line, issues->line, issues->n * sizeof *line);
        memcpy(column, issues->column, issues->n * sizeof *column);
    }
    issues->text = text;
    issues->line = line;
    issues->column = column;
    issues->cap = cap;
    return true;
}

HONE_PRINTF(5, 0)
static void add(hone__issues *issues, const char *at, uint32_t line, uint32_t column, const char *fmt, va_list args)
{
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    size_t before = strlen(at);
    char *text = length < 0 ? NULL : hone_alloc(issues->arena, before + (size_t)length + 1);
    if (!text || (issues->n == issues->cap && !grow(issues))) {
        issues->failed = true;
        return;
    }
    memcpy(text, at, before);
    vsnprintf(text + before, (size_t)length + 1, fmt, args);
    issues->text[issues->n] = text;
    issues->line[issues->n] = line;
    issues->column[issues->n] = column;
    issues->n++;
}

void hone__issue_at(hone__issues *issues, const hone__yaml *node, const char *fmt, ...)
{
    char at[300];
    va_list args;
    va_start(args, fmt);
    add(issues, hone__yaml_at(node, at, sizeof at), node->line, node->column, fmt, args);
    va_end(args);
}

void hone__issue_key(hone__issues *issues, const hone__yaml *node, const char *fmt, ...)
{
    char at[300];
    bool keyed = node->key_line > 0;
    va_list args;
    va_start(args, fmt);
    add(issues, hone__yaml_key_at(node, at, sizeof at), keyed ? node->key_line : node->line,
        keyed ? node->key_column : node->column, fmt, args);
    va_end(args);
}

/* ---- In the order of the file ------------------------------------------------------------------------------------ */

typedef struct issue {
    const char *text;
    uint32_t line, column;
    size_t number; /* in which it was found: ties stay as they were */
} issue;

static int by_place(const void *a, const void *b)
{
    const issue *x = a, *y = b;
    if (x->line != y->line)
        return x->line < y->line ? -1 : 1;
    if (x->column != y->column)
        return x->column < y->column ? -1 : 1;
    return x->number < y->number ? -1 : x->number > y->number;
}

void hone__issues_sort(hone__issues *issues)
{
    issue *list = hone_alloc_array(issues->arena, issues->n, sizeof *list);
    if (!list) {
        issues->failed = true;
        return;
    }
    for (size_t i = 0; i < issues->n; i++)
        list[i] = (issue){issues->text[i], issues->line[i], issues->column[i], i};
    if (issues->n > 1)
        qsort(list, issues->n, sizeof *list, by_place);
    size_t kept = 0;
    for (size_t i = 0; i < issues->n; i++) {
        if (kept && strcmp(issues->text[kept - 1], list[i].text) == 0)
            continue;
        issues->text[kept] = list[i].text;
        issues->line[kept] = list[i].line;
        issues->column[kept++] = list[i].column;
    }
    issues->n = kept;
}

void hone__issues_take(hone__issues *issues, const hone__issues *from)
{
    for (size_t i = 0; i < from->n; i++) {
        if (issues->n == issues->cap && !grow(issues)) {
            issues->failed = true;
            return;
        }
        issues->text[issues->n] = from->text[i];
        issues->line[issues->n] = from->line[i];
        issues->column[issues->n++] = from->column[i];
    }
    issues->failed |= from->failed;
}

hone_status hone__issues_status(const hone__issues *issues, hone_error *err)
{
    if (issues->failed)
        return hone_no_memory(err, "listing the mistakes of a configuration");
    if (issues->n == 0)
        return HONE_OK;
    if (issues->n == 1)
        return hone_fail(err, HONE_ECONFIG, "%s", issues->text[0]);
    return hone_fail(err, HONE_ECONFIG, "%s (and %zu more)", issues->text[0], issues->n - 1);
}
