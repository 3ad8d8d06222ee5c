/* words.c - the words of BERT's tokenizers: cleaning, accents, case, words and punctuation, with the bytes they came from.
 *
 * Runs of ASCII letters and digits, most of English, take a short way.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/words.h>

#include <string.h>
#include <utf8proc.h>

/* What becomes of a character. */
enum { PLAIN, DROPPED, SPACE, PUNCTUATION, MARK, CHINESE };

enum { MOST_CHARS = 100000 };

struct hone_words {
    hone_word_rules rules;
    uint8_t class_of[0x10000]; /* characters of the basic plane */
};

/* ---- Characters -------------------------------------------------------------------------------------------------- */

/* Marks, punctuation and format characters that are younger than the tables of the reference (crate unicode_categories 0.1, some
 * Unicode 8), which takes them for letters. Found by comparing all code points with utf8proc 2.8. */
static const struct {
    uint32_t first, last;
} young[] = {
    {0x061D, 0x061D},   {0x07FD, 0x07FD},   {0x0890, 0x0891},   {0x0898, 0x089F},   {0x08CA, 0x08E2},   {0x09FD, 0x09FE},
    {0x0A76, 0x0A76},   {0x0AFA, 0x0AFF},   {0x0B55, 0x0B55},   {0x0C04, 0x0C04},   {0x0C3C, 0x0C3C},   {0x0C77, 0x0C77},
    {0x0C84, 0x0C84},   {0x0D00, 0x0D00},   {0x0D3B, 0x0D3C},   {0x0D81, 0x0D81},   {0x0EBA, 0x0EBA},   {0x0ECE, 0x0ECE},
    {0x180F, 0x180F},   {0x1885, 0x1886},   {0x1ABF, 0x1ACE},   {0x1B7D, 0x1B7E},   {0x1DF6, 0x1DFB},   {0x2E43, 0x2E4F},
    {0x2E52, 0x2E5D},   {0xA82C, 0xA82C},   {0xA8C5, 0xA8C5},   {0xA8FF, 0xA8FF},   {0xA9BD, 0xA9BD},   {0x10D24, 0x10D27},
    {0x10EAB, 0x10EAD}, {0x10EFD, 0x10EFF}, {0x10F46, 0x10F50}, {0x10F55, 0x10F59}, {0x10F82, 0x10F89}, {0x11070, 0x11070},
    {0x11073, 0x11074}, {0x110C2, 0x110C2}, {0x110CD, 0x110CD}, {0x111CF, 0x111CF}, {0x1123E, 0x1123E}, {0x11241, 0x11241},
    {0x1133B, 0x1133B}, {0x11438, 0x1143F}, {0x11442, 0x11444}, {0x11446, 0x11446}, {0x1144B, 0x1144F}, {0x1145A, 0x1145B},
    {0x1145D, 0x1145E}, {0x11660, 0x1166C}, {0x116B9, 0x116B9}, {0x1182F, 0x11837}, {0x11839, 0x1183B}, {0x11938, 0x11938},
    {0x1193B, 0x1193C}, {0x1193E, 0x1193E}, {0x11943, 0x11946}, {0x119D4, 0x119D7}, {0x119DA, 0x119DB}, {0x119E0, 0x119E0},
    {0x119E2, 0x119E2}, {0x11A01, 0x11A0A}, {0x11A33, 0x11A38}, {0x11A3B, 0x11A47}, {0x11A51, 0x11A56}, {0x11A59, 0x11A5B},
    {0x11A8A, 0x11A96}, {0x11A98, 0x11A9C}, {0x11A9E, 0x11AA2}, {0x11B00, 0x11B09}, {0x11C30, 0x11C36}, {0x11C38, 0x11C3D},
    {0x11C3F, 0x11C3F}, {0x11C41, 0x11C45}, {0x11C70, 0x11C71}, {0x11C92, 0x11CA7}, {0x11CAA, 0x11CB0}, {0x11CB2, 0x11CB3},
    {0x11CB5, 0x11CB6}, {0x11D31, 0x11D36}, {0x11D3A, 0x11D3A}, {0x11D3C, 0x11D3D}, {0x11D3F, 0x11D45}, {0x11D47, 0x11D47},
    {0x11D90, 0x11D91}, {0x11D95, 0x11D95}, {0x11D97, 0x11D97}, {0x11EF3, 0x11EF4}, {0x11EF7, 0x11EF8}, {0x11F00, 0x11F01},
    {0x11F36, 0x11F3A}, {0x11F40, 0x11F40}, {0x11F42, 0x11F4F}, {0x11FFF, 0x11FFF}, {0x12FF1, 0x12FF2}, {0x13430, 0x13440},
    {0x13447, 0x13455}, {0x16E97, 0x16E9A}, {0x16F4F, 0x16F4F}, {0x16FE2, 0x16FE2}, {0x16FE4, 0x16FE4}, {0x1CF00, 0x1CF2D},
    {0x1CF30, 0x1CF46}, {0x1E000, 0x1E006}, {0x1E008, 0x1E018}, {0x1E01B, 0x1E021}, {0x1E023, 0x1E024}, {0x1E026, 0x1E02A},
    {0x1E08F, 0x1E08F}, {0x1E130, 0x1E136}, {0x1E2AE, 0x1E2AE}, {0x1E2EC, 0x1E2EF}, {0x1E4EC, 0x1E4EF}, {0x1E944, 0x1E94A},
    {0x1E95E, 0x1E95F},
};

static bool is_young(uint32_t c)
{
    size_t low = 0, high = sizeof young / sizeof *young;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (c > young[middle].last)
            low = middle + 1;
        else
            high = middle;
    }
    return low < sizeof young / sizeof *young && c >= young[low].first;
}

/* Source: is_chinese_char of the tokenizers package, which between 2B81F and 2B920 differs from BERT's own. */
static bool is_chinese(uint32_t c)
{
    return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x20000 && c <= 0x2A6DF) ||
           (c >= 0x2A700 && c <= 0x2B81F) || (c >= 0x2B920 && c <= 0x2CEAF) || (c >= 0xF900 && c <= 0xFAFF) ||
           (c >= 0x2F800 && c <= 0x2FA1F);
}

static int category_class(uint32_t c)
{
    switch (utf8proc_category((utf8proc_int32_t)c)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CS:
        return DROPPED;
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
        return SPACE;
    case UTF8PROC_CATEGORY_PC:
    case UTF8PROC_CATEGORY_PD:
    case UTF8PROC_CATEGORY_PS:
    case UTF8PROC_CATEGORY_PE:
    case UTF8PROC_CATEGORY_PI:
    case UTF8PROC_CATEGORY_PF:
    case UTF8PROC_CATEGORY_PO:
        return PUNCTUATION;
    case UTF8PROC_CATEGORY_MN:
        return MARK;
    default:
        return PLAIN;
    }
}

static int compute_class(uint32_t c)
{
    if (c == '\t' || c == '\n' || c == '\r')
        return SPACE;
    if (c == 0 || c == 0xFFFD)
        return DROPPED;
    if (c < 0x80 && c > ' ' && c != 0x7F) /* all ASCII symbols count as punctuation */
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ? PLAIN : PUNCTUATION;
    if (c == 0x166D || c == 0x111C9) /* older and newer Unicode differ; the reference's older tables decide */
        return PUNCTUATION;
    if (c == 0x1734)
        return MARK;
    if (is_chinese(c))
        return CHINESE;
    return is_young(c) ? PLAIN : category_class(c);
}

static int class_of(const hone_words *words, uint32_t c)
{
    return c < 0x10000 ? words->class_of[c] : compute_class(c);
}

/* ---- Words ------------------------------------------------------------------------------------------------------- */

typedef hone_status word_fn(void *ctx, const hone_word *word, hone_error *err);

/* The word under construction. */
typedef struct builder {
    const hone_words *words;
    word_fn *fn;
    void *ctx;
    char *bytes;           /* [room] normalised */
    uint64_t *begin, *end; /* [room] of each byte: the character that it came from */
    size_t n;              /* bytes */
    uint64_t n_chars;
    uint64_t first, last; /* source bytes of the whole word, also where it is too long to be stored */
} builder;

static size_t room_of(const hone_words *words)
{
    return ((size_t)words->rules.max_chars + 1) * 4;
}

/* A word of ASCII bytes that stand in the source as they are but for their case. */
static hone_status emit_ascii(const builder *w, const char *bytes, size_t n, uint64_t from, hone_error *err)
{
    const hone_word word = {.size = sizeof word, .n = n, .bytes = bytes, .first = from, .last = from + n};
    return w->fn(w->ctx, &word, err);
}

/* Ends the word that was collected. */
static hone_status flush(builder *w, hone_error *err)
{
    if (w->n_chars == 0)
        return HONE_OK;
    const bool stored = w->n_chars <= w->words->rules.max_chars;
    const hone_word word = {.size = sizeof word,
                            .n = stored ? w->n : 0,
                            .bytes = stored ? w->bytes : NULL,
                            .first = w->first,
                            .last = w->last,
                            .begin = w->begin,
                            .end = w->end};
    w->n = 0;
    w->n_chars = 0;
    return w->fn(w->ctx, &word, err);
}

static int combining_class(uint32_t c)
{
    return c < 0x300 ? 0 : utf8proc_get_property((utf8proc_int32_t)c)->combining_class;
}

/* Where a character of combining class k belongs: before the marks of higher class at the end of the word. */
static size_t canonical_place(const builder *w, int k)
{
    size_t at = w->n;
    while (k > 0 && at > 0) {
        size_t previous = at - 1;
        utf8proc_int32_t c;
        while (previous > 0 && ((unsigned char)w->bytes[previous] & 0xC0) == 0x80)
            previous--;
        utf8proc_iterate((const utf8proc_uint8_t *)w->bytes + previous, (utf8proc_ssize_t)(at - previous), &c);
        if (combining_class((uint32_t)c) <= k)
            break;
        at = previous;
    }
    return at;
}

/* Adds a normalised character that stands for bytes begin .. end-1 of the text. */
static void append(builder *w, uint32_t c, uint64_t begin, uint64_t end)
{
    utf8proc_uint8_t bytes[4];
    if (w->n_chars++ == 0)
        w->first = begin;
    w->last = end;
    if (w->n_chars > w->words->rules.max_chars)
        return; /* it will be the unknown token */
    size_t n = (size_t)utf8proc_encode_char((utf8proc_int32_t)c, bytes);
    size_t at = w->words->rules.strip_accents ? canonical_place(w, combining_class(c)) : w->n, behind = w->n - at;
    memmove(w->bytes + at + n, w->bytes + at, behind);
    memmove(w->begin + at + n, w->begin + at, behind * sizeof *w->begin);
    memmove(w->end + at + n, w->end + at, behind * sizeof *w->end);
    for (size_t i = 0; i < n; i++) {
        w->bytes[at + i] = (char)bytes[i];
        w->begin[at + i] = begin;
        w->end[at + i] = end;
    }
    w->n += n;
}

/* A character after normalisation: it goes on with the word, ends it, or is a word by itself. */
static hone_status push(builder *w, uint32_t c, uint64_t begin, uint64_t end, hone_error *err)
{
    int k = class_of(w->words, c);
    if (k == SPACE)
        return flush(w, err);
    if (k != PUNCTUATION) {
        append(w, c, begin, end);
        return HONE_OK;
    }
    HONE_TRY(flush(w, err));
    append(w, c, begin, end);
    return flush(w, err);
}

static hone_status push_lower(builder *w, uint32_t c, uint64_t begin, uint64_t end, hone_error *err)
{
    if (!w->words->rules.lowercase)
        return push(w, c, begin, end, err);
    if (c == 0x130) { /* capital I with dot: the one character whose lower case is two */
        HONE_TRY(push(w, 'i', begin, end, err));
        return push(w, 0x307, begin, end, err);
    }
    return push(w, (uint32_t)utf8proc_tolower((utf8proc_int32_t)c), begin, end, err);
}

static hone_status push_decomposed(builder *w, uint32_t c, uint64_t begin, uint64_t end, hone_error *err)
{
    utf8proc_int32_t parts[32];
    int boundary = 0;
    if (!w->words->rules.strip_accents)
        return push_lower(w, c, begin, end, err);
    utf8proc_ssize_t n = utf8proc_decompose_char((utf8proc_int32_t)c, parts, 32, UTF8PROC_DECOMPOSE, &boundary);
    for (utf8proc_ssize_t i = 0; i < n && i < 32; i++)
        if (class_of(w->words, (uint32_t)parts[i]) != MARK)
            HONE_TRY(push_lower(w, (uint32_t)parts[i], begin, end, err));
    return HONE_OK;
}

/* A character above ASCII. */
static hone_status take_character(builder *w, uint32_t c, uint64_t begin, uint64_t end, hone_error *err)
{
    switch (class_of(w->words, c)) {
    case DROPPED:
        return HONE_OK;
    case SPACE:
        return flush(w, err);
    case CHINESE:
        if (!w->words->rules.chinese_alone)
            return push_decomposed(w, c, begin, end, err);
        HONE_TRY(flush(w, err));
        HONE_TRY(push_decomposed(w, c, begin, end, err));
        return flush(w, err);
    default:
        return push_decomposed(w, c, begin, end, err);
    }
}

/* A run of ASCII letters and digits at `at`, whose end is returned in *end. */
static hone_status take_run(builder *w, const char *text, uint64_t at, uint64_t stop, uint64_t *end, hone_error *err)
{
    const hone_words *words = w->words;
    uint64_t to = at + 1;
    while (to < stop && (unsigned char)text[to] < 0x80 && words->class_of[(unsigned char)text[to]] == PLAIN)
        to++;
    *end = to;
    bool alone = w->n_chars == 0 &&
                 (to == stop || ((unsigned char)text[to] < 0x80 && words->class_of[(unsigned char)text[to]] != DROPPED));
    if (alone && to - at <= words->rules.max_chars) {
        for (uint64_t i = at; i < to; i++)
            w->bytes[i - at] = text[i] >= 'A' && text[i] <= 'Z' && words->rules.lowercase ? (char)(text[i] + 32) : text[i];
        return emit_ascii(w, w->bytes, to - at, at, err);
    }
    for (uint64_t i = at; i < to; i++)
        append(w, text[i] >= 'A' && text[i] <= 'Z' && words->rules.lowercase ? (uint32_t)text[i] + 32 : (uint32_t)text[i], i,
               i + 1);
    return HONE_OK;
}

static hone_status take_ascii(builder *w, const char *text, uint64_t at, uint64_t stop, uint64_t *end, hone_error *err)
{
    *end = at + 1;
    switch (w->words->class_of[(unsigned char)text[at]]) {
    case DROPPED:
        return HONE_OK;
    case SPACE:
        return flush(w, err);
    case PUNCTUATION:
        HONE_TRY(flush(w, err));
        return emit_ascii(w, text + at, 1, at, err);
    default:
        return take_run(w, text, at, stop, end, err);
    }
}

static void lay_out(builder *w, void *scratch)
{
    const size_t room = room_of(w->words);
    w->begin = scratch;
    w->end = w->begin + room;
    w->bytes = (char *)(w->end + room);
}

hone_status hone_words_each(const hone_words *words, void *scratch, const char *text, uint64_t begin, uint64_t end, word_fn *fn,
                            void *ctx, hone_error *err)
{
    builder w = {.words = words, .fn = fn, .ctx = ctx};
    lay_out(&w, scratch);
    for (uint64_t at = begin; at < end;) {
        if ((unsigned char)text[at] < 0x80) {
            HONE_TRY(take_ascii(&w, text, at, end, &at, err));
            continue;
        }
        utf8proc_int32_t c;
        utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)text + at, (utf8proc_ssize_t)(end - at), &c);
        if (n > 0)
            HONE_TRY(take_character(&w, (uint32_t)c, at, at + (uint64_t)n, err));
        at += n > 0 ? (uint64_t)n : 1;
    }
    return flush(&w, err);
}

uint64_t hone_words_scratch(const hone_words *words)
{
    return room_of(words) * (2 * sizeof(uint64_t) + 1);
}

hone_status hone_words_create(hone_arena *arena, const hone_word_rules *rules, const hone_words **words, hone_error *err)
{
    if (rules->max_chars < 1 || rules->max_chars > MOST_CHARS)
        return hone_fail(err, HONE_EINVAL, "words of at most %llu characters were asked for; it must be 1 to %d",
                         (unsigned long long)rules->max_chars, MOST_CHARS);
    hone_words *w = hone_alloc(arena, sizeof *w);
    if (!w)
        return hone_no_memory(err, "preparing to cut words");
    w->rules = *rules;
    for (uint32_t c = 0; c < 0x10000; c++)
        w->class_of[c] = (uint8_t)compute_class(c);
    *words = w;
    return HONE_OK;
}
