/* fuzz_conll.c - reader conll with all its settings: examples or an error with a message, and as many tags as words.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "../../plugins/reader/conll.c"
#include "base/arena.h"
#include "data/example.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const hone_corpus *corpus)
{
    for (uint64_t i = 0; i < hone_corpus_count(corpus); i++) {
        uint64_t n;
        const hone_example *e = hone_corpus_at(corpus, i);
        const hone_answer *gold = hone_example_gold(e);
        if (!hone_example_texts(e, "words", &n) || n == 0 || (gold && gold->n != n))
            abort();
    }
}

/* The first two bytes are settings, the others the file. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hone_error err = {0};
    hone_corpus *corpus = NULL;
    if (size < 2)
        return 0;
    const params p = {.columns = {"1", "-1"},
                      .header = data[0] & 1,
                      .comments = data[0] & 2,
                      .segmentation_digits = data[0] & 4,
                      .repair = data[0] & 8,
                      .delimiter = data[0] >> 4 & 1,
                      .scheme = data[1] % 5,
                      .convert = data[1] % 5 ? data[1] / 5 % 5 : 0};
    const hone_source source = {.size = sizeof source,
                                .path = "fuzz",
                                .split = "train",
                                .bytes = (const char *)data + 2,
                                .n = size - 2,
                                .needs_gold = data[0] & 32};
    hone_arena *arena = hone__arena_create(0), *step = hone__arena_create(0);
    const hone_self self = {.size = sizeof self, .plugin = &conll.plugin, .params = &p, .trial = arena, .step = step};
    hone_sink *sink = hone__sink_create(&(hone__sink_setup){.arena = arena,
                                                            .file = "fuzz",
                                                            .split = "train",
                                                            .reader = "conll",
                                                            .fields = fields(&self),
                                                            .target = HONE_TARGET_TAGS,
                                                            .needs_gold = source.needs_gold});
    if (!arena || !step || !sink)
        abort();
    hone_status status = read(&self, &source, sink, &err);
    if (status == HONE_OK)
        status = hone__sink_finish(sink, &corpus, &err);
    if (status == HONE_OK)
        check(corpus);
    else if (!err.msg[0])
        abort();
    hone__sink_destroy(sink);
    hone__arena_destroy(step);
    hone__arena_destroy(arena);
    return 0;
}
