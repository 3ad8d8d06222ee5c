/* fuzz_yaml.c - any bytes are a YAML tree or one clear sentence; what was read and written again is the same tree.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/str.h"
#include "config/yaml.h"
#include <stdint.h>
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

/* Text that was cut into escapes may have grown beyond what is read; else writing succeeds. */
static void round_trip(hone_arena *arena, const hone__yaml *root)
{
    hone_error err = {0};
    hone__str text = {0}, second = {0};
    hone__yaml *again = NULL;
    if (hone__yaml_emit(root, &text, &err) == HONE_OK) {
        hone_status status = hone__yaml_parse(arena, text.data, text.n, "again", &again, NULL, &err);
        require(status == HONE_OK, "what was written cannot be read", err.msg);
        require(hone__yaml_equal(root, again), "what was written reads as another tree", text.data);
        require(hone__yaml_emit(again, &second, &err) == HONE_OK, "the tree cannot be written twice", err.msg);
        require(strcmp(text.data, second.data) == 0, "what was written writes as another text", text.data);
    } else {
        require(strstr(err.msg, "at most 1048576") != NULL, "what was read cannot be written", err.msg);
    }
    hone__str_clear(&text);
    hone__str_clear(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hone_error err = {0};
    hone__yaml *root = NULL;
    hone__yaml_stats stats;
    hone_arena *arena = hone__arena_create(0);
    if (arena == NULL)
        return 0;
    hone_status status = hone__yaml_parse(arena, (const char *)data, size, "fuzz", &root, &stats, &err);
    require(stats.deepest <= 65 && stats.events <= 200001, "the guard is open", "");
    if (status == HONE_OK)
        round_trip(arena, root);
    else
        require(status == HONE_ECONFIG && strncmp(err.msg, "fuzz:", 5) == 0, "a message without a place", err.msg);
    hone__arena_destroy(arena);
    return 0;
}
