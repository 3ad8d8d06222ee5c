/* fuzz_experiment.c - any YAML is an experiment or a list of mistakes, each a sentence with its place; without plugins it is the latter.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "config/experiment.h"

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

/* Places are those of the text, of a default or of the command line; and they rise. */
static void check_issues(const hone__issues *issues)
{
    for (size_t i = 0; i < issues->n; i++) {
        require(strncmp(issues->text[i], "fuzz:", 5) == 0 || strncmp(issues->text[i], "default: ", 9) == 0,
                "a mistake without a place", issues->text[i]);
        require(i == 0 || issues->line[i - 1] <= issues->line[i], "mistakes out of order", issues->text[i]);
    }
}

static void load(hone_arena *arena, const hone__yaml *root)
{
    hone_error err = {0};
    hone__issues issues = {.arena = arena};
    hone__experiment *e = NULL;
    hone_status status = hone__experiment_from(arena, NULL, root, "fuzz.yaml", "/nonexistent", &e, &issues, &err);
    require(status == HONE_ECONFIG && issues.n > 0 && e == NULL, "an experiment without plugins", err.msg);
    check_issues(&issues);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hone_error err = {0};
    hone__yaml *root = NULL;
    hone_arena *arena = hone__arena_create(0);
    if (arena == NULL)
        return 0;
    if (hone__yaml_parse(arena, (const char *)data, size, "fuzz", &root, NULL, &err) == HONE_OK)
        load(arena, root);
    hone__arena_destroy(arena);
    return 0;
}
