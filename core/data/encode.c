/* encode.c - text to tokens, and tokens to sequences: the tokenizer's template, and truncation.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "data/encode.h"

#include <string.h>

/* ---- Tokens ------------------------------------------------------------------------------------------------------ */

struct hone_token_sink {
    const hone__encoder *encoder;
    uint64_t text_size; /* bytes of the text being encoded */
    int64_t word;       /* its number, or -1 */
    uint64_t n, cap;
    int32_t *ids;
    uint64_t *begin, *end;
    int64_t *words;
};

static void *grown(hone_arena *arena, const void *old, uint64_t n, uint64_t cap, size_t size)
{
    void *items = hone_alloc_array(arena, cap, size);
    if (items && n)
        memcpy(items, old, n * size);
    return items;
}

static hone_status reserve(hone_token_sink *s, uint64_t cap, hone_error *err)
{
    hone_arena *arena = s->encoder->arena;
    int32_t *ids = grown(arena, s->ids, s->n, cap, sizeof *ids);
    uint64_t *begin = grown(arena, s->begin, s->n, cap, sizeof *begin), *end = grown(arena, s->end, s->n, cap, sizeof *end);
    int64_t *words = grown(arena, s->words, s->n, cap, sizeof *words);
    if (!ids || !begin || !end || !words)
        return hone_no_memory(err, "encoding a text");
    s->ids = ids;
    s->begin = begin;
    s->end = end;
    s->words = words;
    s->cap = cap;
    return HONE_OK;
}

hone_status hone_token_add(hone_token_sink *sink, int32_t id, uint64_t begin, uint64_t end, hone_error *err)
{
    const hone__encoder *e = sink->encoder;
    if (id < 0 || id >= e->info->vocabulary)
        return hone_fail(err, HONE_EPLUGIN, "tokenizer %s gives the id %d; its vocabulary has %lld", e->tokenizer->plugin.name,
                         (int)id, (long long)e->info->vocabulary);
    if (begin > end || end > sink->text_size)
        return hone_fail(err, HONE_EPLUGIN, "tokenizer %s gives a token from byte %llu to byte %llu of a text of %llu bytes",
                         e->tokenizer->plugin.name, (unsigned long long)begin, (unsigned long long)end,
                         (unsigned long long)sink->text_size);
    if (sink->n == sink->cap)
        HONE_TRY(reserve(sink, 2 * sink->cap, err));
    sink->ids[sink->n] = id;
    sink->begin[sink->n] = begin;
    sink->end[sink->n] = end;
    sink->words[sink->n++] = sink->word;
    return HONE_OK;
}

void *hone_token_scratch(hone_token_sink *sink, size_t size)
{
    return hone_alloc(sink->encoder->scratch, size);
}

static hone_status encode_piece(hone_token_sink *sink, const char *text, size_t n, hone_error *err)
{
    const hone__encoder *e = sink->encoder;
    sink->text_size = n;
    hone_status status = e->tokenizer->encode(e->self, text, n, sink, err);
    hone__arena_reset(e->scratch);
    return status;
}

static hone_tokens tokens_of(const hone_token_sink *sink)
{
    return (hone_tokens){.size = sizeof(hone_tokens),
                         .n = sink->n,
                         .ids = sink->ids,
                         .begin = sink->begin,
                         .end = sink->end,
                         .word = sink->words};
}

hone_status hone__encode_text(const hone__encoder *encoder, const char *text, size_t n, hone_tokens *tokens, hone_error *err)
{
    hone_token_sink sink = {.encoder = encoder, .word = -1};
    HONE_TRY(reserve(&sink, n / 4 + 16, err));
    HONE_TRY(encode_piece(&sink, text, n, err));
    *tokens = tokens_of(&sink);
    return HONE_OK;
}

hone_status hone__encode_words(const hone__encoder *encoder, const char *const *words, uint64_t n, hone_tokens *tokens,
                               hone_error *err)
{
    hone_token_sink sink = {.encoder = encoder};
    HONE_TRY(reserve(&sink, 2 * n + 16, err));
    for (uint64_t i = 0; i < n; i++) {
        sink.word = (int64_t)i;
        HONE_TRY(encode_piece(&sink, words[i], strlen(words[i]), err));
    }
    *tokens = tokens_of(&sink);
    return HONE_OK;
}

/* ---- Facts ------------------------------------------------------------------------------------------------------- */

static const hone_template_item *item_at(const hone_tokenizer_info *info, const hone_template_item *items, uint64_t i)
{
    return (const hone_template_item *)((const char *)items + i * info->item_size);
}

/* Every piece exactly once. */
static bool template_ok(const hone_tokenizer_info *info, const hone_template_item *items, uint64_t n, int32_t pieces)
{
    int32_t seen[2] = {0, 0};
    for (uint64_t i = 0; i < n; i++) {
        const hone_template_item *item = item_at(info, items, i);
        if (item->piece >= pieces || (item->piece < 0 && (item->id < 0 || item->id >= info->vocabulary)) || item->type < 0)
            return false;
        if (item->piece >= 0)
            seen[item->piece]++;
    }
    return seen[0] == 1 && seen[1] == pieces - 1;
}

hone_status hone__tokenizer_info_of(const hone_tokenizer *tokenizer, const hone_self *self, hone_tokenizer_info *info,
                                    hone_error *err)
{
    const char *name = tokenizer->plugin.name;
    *info = (hone_tokenizer_info){
        .size = sizeof *info, .pad = -1, .unk = -1, .cls = -1, .sep = -1, .mask = -1, .item_size = sizeof(hone_template_item)};
    HONE_TRY(tokenizer->info(self, info, err));
    const int32_t special[] = {info->pad, info->unk, info->cls, info->sep, info->mask};
    if (info->vocabulary < 1 || info->vocabulary > INT32_MAX)
        return hone_fail(err, HONE_EPLUGIN, "tokenizer %s says that its vocabulary has %lld entries", name,
                         (long long)info->vocabulary);
    for (size_t i = 0; i < sizeof special / sizeof *special; i++)
        if (special[i] < -1 || special[i] >= info->vocabulary)
            return hone_fail(err, HONE_EPLUGIN, "tokenizer %s names the id %d as a special token; its vocabulary has %lld",
                             name, (int)special[i], (long long)info->vocabulary);
    if (info->item_size < sizeof(hone_template_item) || !template_ok(info, info->single, info->n_single, 1))
        return hone_fail(err, HONE_EPLUGIN, "tokenizer %s has no usable template for one text", name);
    if (info->n_pair && !template_ok(info, info->pair, info->n_pair, 2))
        return hone_fail(err, HONE_EPLUGIN, "tokenizer %s has no usable template for two texts", name);
    return HONE_OK;
}

/* ---- Sequences --------------------------------------------------------------------------------------------------- */

void hone__longest_first(uint64_t *first, uint64_t *second, uint64_t room)
{
    bool swapped = *first > *second;
    uint64_t *shorter = swapped ? second : first, *longer = swapped ? first : second;
    if (*shorter + *longer <= room)
        return;
    if (*shorter > room / 2) { /* both give way */
        *shorter = room / 2;
        *longer = room - room / 2;
    } else {
        *longer = room - *shorter;
    }
}

/* The lengths that the pieces keep; max_length counts special tokens too. */
static hone_status fit(uint64_t kept[2], uint64_t specials, int32_t only_piece, uint64_t max_length, hone_error *err)
{
    if (max_length == 0 || specials + kept[0] + kept[1] <= max_length)
        return HONE_OK;
    if (specials >= max_length)
        return hone_fail(
            err, HONE_EINVAL,
            "tokenizer.max_length is %llu, which the %llu special tokens of a sequence alone fill; it must be more",
            (unsigned long long)max_length, (unsigned long long)specials);
    uint64_t room = max_length - specials;
    if (only_piece < 0) {
        hone__longest_first(&kept[0], &kept[1], room);
        return HONE_OK;
    }
    uint64_t other = kept[1 - only_piece];
    if (other >= room)
        return hone_fail(err, HONE_EINVAL,
                         "text %d alone has %llu tokens, which leaves no room for the other in a sequence of %llu tokens; give "
                         "tokenizer.max_length a higher value",
                         (int)(2 - only_piece), (unsigned long long)other, (unsigned long long)max_length);
    kept[only_piece] = room - other;
    return HONE_OK;
}

typedef struct sequence_arrays {
    int32_t *ids, *types, *piece;
    int64_t *token;
    uint64_t n;
} sequence_arrays;

static void put(sequence_arrays *a, int32_t id, int32_t type, int32_t piece, int64_t token)
{
    a->ids[a->n] = id;
    a->types[a->n] = type;
    a->piece[a->n] = piece;
    a->token[a->n++] = token;
}

hone_status hone__sequence_make(const hone_tokenizer_info *info, const char *tokenizer_name, const hone_tokens *first,
                                const hone_tokens *second, int32_t only_piece, uint64_t max_length, hone_arena *arena,
                                hone_sequence *sequence, hone_error *err)
{
    const hone_template_item *items = second ? info->pair : info->single;
    uint64_t n_items = second ? info->n_pair : info->n_single;
    const hone_tokens *pieces[2] = {first, second};
    uint64_t kept[2] = {first->n, second ? second->n : 0}, all = kept[0] + kept[1];
    if (n_items == 0)
        return hone_fail(err, HONE_EUNSUPPORTED, "tokenizer %s has no form for a pair of texts", tokenizer_name);
    if (only_piece > (second ? 1 : 0))
        return hone_fail(err, HONE_EINVAL, "there is no piece %d to cut", (int)only_piece);
    uint64_t specials = n_items - (second ? 2 : 1);
    HONE_TRY(fit(kept, specials, only_piece, max_length, err));
    uint64_t n = kept[0] + kept[1] + specials;
    sequence_arrays a = {hone_alloc_array(arena, n, sizeof *a.ids), hone_alloc_array(arena, n, sizeof *a.types),
                         hone_alloc_array(arena, n, sizeof *a.piece), hone_alloc_array(arena, n, sizeof *a.token), 0};
    if (!a.ids || !a.types || !a.piece || !a.token)
        return hone_no_memory(err, "making a sequence");
    for (uint64_t i = 0; i < n_items; i++) {
        const hone_template_item *item = item_at(info, items, i);
        if (item->piece < 0)
            put(&a, item->id, item->type, -1, -1);
        for (uint64_t k = 0; item->piece >= 0 && k < kept[item->piece]; k++)
            put(&a, pieces[item->piece]->ids[k], item->type, item->piece, (int64_t)k);
    }
    *sequence = (hone_sequence){.size = sizeof *sequence,
                                .n = n,
                                .ids = a.ids,
                                .types = a.types,
                                .piece = a.piece,
                                .token = a.token,
                                .cut = all - kept[0] - kept[1]};
    return HONE_OK;
}
