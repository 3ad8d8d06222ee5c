/* fuzz_tokens.c - any bytes are a file of the token cache or one clear sentence; of one that is read every batch can be packed.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "data/cache.h"
#include "data/prepared.h"

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

/* As many examples as the file may say that it has: the corpus is not the fuzzer's. */
enum { EXAMPLES = 3 };

static void pack(const hone__prepared *p, hone_arena *arena)
{
    static const uint64_t order[] = {2, 0, 1, 0};
    hone_error err = {0};
    hone_batch *batch = NULL;
    if (p->stats.tokens > 1 << 20) /* a batch is made of memory */
        return;
    for (size_t i = 0; i < p->n_fields; i++)
        if (p->fields[i].form.row_size > 1 << 16)
            return;
    const hone_status status = hone__batch_pack(p, order, sizeof order / sizeof *order, arena, &batch, &err);
    require(status == HONE_OK || err.msg[0], "a batch that is not packed, without a message", "");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hone_error err = {0};
    hone_example examples[EXAMPLES] = {{0}}, *all[EXAMPLES];
    hone__prepared *p = NULL;
    hone_arena *arena = hone__arena_create(0);
    if (!arena)
        return 0;
    for (int i = 0; i < EXAMPLES; i++)
        all[i] = &examples[i];
    const hone_corpus corpus = {.file = "f", .split = "train", .examples = all, .n = EXAMPLES};
    const hone_status status = hone__prepared_parse(data, size, "fuzz", "key", &corpus, 2, &p, &err);
    if (status == HONE_OK) {
        pack(p, arena);
        hone__prepared_destroy(p);
    } else {
        require(status == HONE_ENOMEM || (status == HONE_EFORMAT && strstr(err.msg, "fuzz") != NULL),
                "a message without a name", err.msg);
    }
    hone__arena_destroy(arena);
    return 0;
}
