/* fuzz_squad.c - reader squad: examples or an error with a message; answers are the bytes that they say.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "../../plugins/reader/squad.c"
#include "base/arena.h"
#include "data/example.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const hone_example *e)
{
    const hone_answer *gold = hone_example_gold(e);
    size_t n = 0;
    const char *text = hone_example_text(e, "text_pair", &n);
    for (uint64_t i = 0; gold && i < gold->n; i++) {
        const hone_span *s = &gold->spans[i];
        if (!text || s->begin >= s->end || s->end > n || strlen(s->text) != s->end - s->begin ||
            memcmp(text + s->begin, s->text, s->end - s->begin) != 0)
            abort();
    }
}

/* The first byte says whether gold is needed, the others are the file. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hone_error err = {0};
    hone_corpus *corpus = NULL;
    if (size < 1)
        return 0;
    const hone_source source = {.size = sizeof source,
                                .path = "fuzz",
                                .split = "train",
                                .bytes = (const char *)data + 1,
                                .n = size - 1,
                                .needs_gold = data[0] & 1};
    hone_arena *arena = hone__arena_create(0), *step = hone__arena_create(0);
    const hone_self self = {.size = sizeof self, .plugin = &squad.plugin, .trial = arena, .step = step};
    hone_sink *sink = hone__sink_create(&(hone__sink_setup){.arena = arena,
                                                            .file = "fuzz",
                                                            .split = "train",
                                                            .reader = "squad",
                                                            .fields = fields(&self),
                                                            .target = HONE_TARGET_SPAN,
                                                            .needs_gold = source.needs_gold});
    if (!arena || !step || !sink)
        abort();
    hone_status status = read(&self, &source, sink, &err);
    if (status == HONE_OK)
        status = hone__sink_finish(sink, &corpus, &err);
    for (uint64_t i = 0; status == HONE_OK && i < hone_corpus_count(corpus); i++)
        check(hone_corpus_at(corpus, i));
    if (status != HONE_OK && !err.msg[0])
        abort();
    hone__sink_destroy(sink);
    hone__arena_destroy(step);
    hone__arena_destroy(arena);
    return 0;
}
