/* golden_lines.h - reading the text files of tests/golden: every line is a word and numbers, and `case` with YAML begins a case.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_TESTS_GOLDEN_LINES_H
#define HONE_TESTS_GOLDEN_LINES_H

#include "suite.h"

#include <math.h>

enum { LINE_NUMBERS = 64 };

typedef struct line {
    char text[4096];
    const char *yaml; /* what follows the word */
    double x[LINE_NUMBERS];
    int n;
} line;

static inline bool line_is(const line *l, const char *word)
{
    const size_t n = strlen(word);
    return strncmp(l->text, word, n) == 0 && l->text[n] == ' ';
}

/* The next line that is no comment; false at the end. */
static inline bool line_next(FILE *file, line *l)
{
    do
        if (!fgets(l->text, sizeof l->text, file))
            return false;
    while (l->text[0] == '#');
    l->text[strcspn(l->text, "\n")] = 0;
    ck_assert_msg(strchr(l->text, ' ') != NULL, "a line is \"%s\"; it must be a word and what belongs to it", l->text);
    l->n = 0;
    l->yaml = strchr(l->text, ' ') + 1;
    if (line_is(l, "case"))
        return true;
    for (char *at = strchr(l->text, ' '), *end; l->n < LINE_NUMBERS; at = end, l->n++) {
        l->x[l->n] = strtod(at, &end);
        if (end == at)
            break;
    }
    return true;
}

/* The next line, which must be of that word. */
static inline void line_expect(FILE *file, line *l, const char *word)
{
    ck_assert_msg(line_next(file, l) && line_is(l, word), "there is no line \"%s\" where one must be", word);
}

static inline FILE *lines_open(const char *path)
{
    FILE *file = fopen(path, "r");
    ck_assert_msg(file != NULL, "%s cannot be opened", path);
    return file;
}

/* The reference reckons in double, hone in float: `tolerance` of the value, or of 1 where that is larger. */
static inline void line_compare(const char *where, const float *have, int n, const line *want, double tolerance)
{
    ck_assert_msg(n == want->n, "%s: there are %d numbers, but the reference gives %d", where, n, want->n);
    for (int i = 0; i < n; i++)
        ck_assert_msg(fabs((double)have[i] - want->x[i]) <= tolerance * fmax(1, fabs(want->x[i])),
                      "%s: number %d is %.9g, but the reference gives %.17g", where, i, (double)have[i], want->x[i]);
}

#endif
