/* kind.c - kinds of plugins as words of the command line.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/kind.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>

static const char *kind_name(const void *ctx, size_t i)
{
    (void)ctx;
    return i + 1 < HONE_KIND_COUNT ? hone__kinds[i + 1].name : NULL;
}

bool hone__cli_kind(const char *command, const char *word, hone_kind *kind)
{
    char shown[80], singular[40];
    const size_t n = strlen(word);
    snprintf(singular, sizeof singular, "%.*s", (int)(n && word[n - 1] == 's' ? n - 1 : n), word);
    const hone__kind *found = hone__kind_by_name(word);
    if (!found && n < sizeof singular)
        found = hone__kind_by_name(singular);
    if (found) {
        *kind = found->kind;
        return true;
    }
    const char *nearest = hone__nearest(word, kind_name, NULL);
    fprintf(stderr, "hone %s: there is no kind of plugin called %s", command, hone__shown(word, shown, sizeof shown));
    if (nearest)
        fprintf(stderr, "; did you mean %s? There are:", nearest);
    else
        fprintf(stderr, "; there are:");
    for (int k = 1; k < HONE_KIND_COUNT; k++)
        fprintf(stderr, "%s %s", k == 1 ? "" : ",", hone__kinds[k].name);
    fprintf(stderr, "\n");
    return false;
}
