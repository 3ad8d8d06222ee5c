/* wordpiece.c - BERT's tokenizer: cleaning, accents, words and punctuation, then the longest pieces that the vocabulary has.
 *
 * Equal in ids and offsets to BertTokenizerFast of Hugging Face's tokenizers (tests/golden/wordpiece.py). A text goes through
 * these steps, each character keeping the bytes that it came from:
 *
 *     special tokens taken out -> clean -> spaces around Chinese -> NFD without marks -> lower case -> words -> pieces
 *
 * Runs of ASCII letters and digits, most of English, take a short way.
 *
 * build: pkg-config libutf8proc
 * build: pkg-config jansson
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

/* ---- Parameters -------------------------------------------------------------------------------------------------- */

enum { PAD, UNK, CLS, SEP, MASK, N_SPECIALS };
static const char *const special_keys[N_SPECIALS] = {"pad_token", "unk_token", "cls_token", "sep_token", "mask_token"};
static const char *const special_defaults[N_SPECIALS] = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};

enum { AUTO, YES, NO };
static const char *const switches[] = {"auto", "true", "false", NULL};

typedef struct params {
    int32_t lowercase, strip_accents, tokenize_chinese_chars;
    const char *vocab;
    int64_t max_input_chars_per_word;
    const char *pad_token, *unk_token, *cls_token, *sep_token, *mask_token;
} params;

static const hone_param rows[] = {
    HONE_PARAM_STRING(params, vocab, .flags = HONE_MODEL_PATH,
                      .help = "a file with one token a line; without it vocab.txt or tokenizer.json of the model's folder"),
    HONE_PARAM_CHOICE(params, lowercase, switches, .def_text = "auto", .renamed = "do_lower_case",
                      .help = "lower case; auto: as tokenizer_config.json says, else true"),
    HONE_PARAM_CHOICE(params, strip_accents, switches, .def_text = "auto",
                      .help = "drop accents and other marks; auto: as tokenizer_config.json says, else as lowercase"),
    HONE_PARAM_CHOICE(params, tokenize_chinese_chars, switches, .def_text = "auto",
                      .help = "each Chinese character is a word; auto: as tokenizer_config.json says, else true"),
    HONE_PARAM_INT(params, max_input_chars_per_word, .def_int = 100, .min_int = 1, .max_int = 100000, .unit = "characters",
                   .help = "longer words become the unknown token", .source = "Hugging Face tokenizers, WordPiece"),
    HONE_PARAM_STRING(params, pad_token, .help = "as the vocabulary writes it; without it tokenizer_config.json's, else [PAD]"),
    HONE_PARAM_STRING(params, unk_token, .help = "the same for [UNK]"),
    HONE_PARAM_STRING(params, cls_token, .help = "the same for [CLS]"),
    HONE_PARAM_STRING(params, sep_token, .help = "the same for [SEP]"),
    HONE_PARAM_STRING(params, mask_token, .help = "the same for [MASK], which a vocabulary may lack"),
};

/* ---- The instance ------------------------------------------------------------------------------------------------ */

/* What becomes of a character. */
enum { PLAIN, DROPPED, SPACE, PUNCTUATION, MARK, CHINESE };

typedef struct entry {
    uint32_t tag; /* high half of the hash */
    int32_t id1;  /* id + 1; 0: empty */
} entry;

typedef struct state {
    bool lowercase, strip_accents, chinese;
    uint64_t max_chars;
    const char **tokens; /* [n] */
    uint32_t *lengths;   /* [n] bytes */
    int64_t n;
    entry *table; /* [mask + 1] */
    uint64_t table_mask;
    uint64_t longest; /* bytes of the longest token */
    const char *special[N_SPECIALS];
    size_t special_length[N_SPECIALS];
    int32_t special_id[N_SPECIALS]; /* -1: the vocabulary lacks it */
    bool special_begins[256];       /* with this byte */
    int32_t model_max_length;
    hone_template_item single[3], pair[5];
    uint8_t class_of[0x10000]; /* characters of the basic plane */
} state;

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

static int class_of(const state *s, uint32_t c)
{
    return c < 0x10000 ? s->class_of[c] : compute_class(c);
}

/* ---- Pieces ------------------------------------------------------------------------------------------------------ */

/* FNV-1a, so that the hashes of all prefixes come from one walk. */
static uint64_t hash_step(uint64_t h, unsigned char byte)
{
    return (h ^ byte) * UINT64_C(0x100000001b3);
}
static const uint64_t hash_start = UINT64_C(0xcbf29ce484222325);

static uint64_t hash_mix(uint64_t h)
{
    return h ^ h >> 29;
}

/* The id of head + bytes[0 .. n), whose hash is h; -1 where there is none. */
static int32_t lookup(const state *s, uint64_t h, const char *head, size_t n_head, const char *bytes, size_t n)
{
    for (uint64_t at = hash_mix(h) & s->table_mask; s->table[at].id1; at = (at + 1) & s->table_mask) {
        int32_t id = s->table[at].id1 - 1;
        if (s->table[at].tag == (uint32_t)(h >> 32) && s->lengths[id] == n_head + n &&
            memcmp(s->tokens[id], head, n_head) == 0 && memcmp(s->tokens[id] + n_head, bytes, n) == 0)
            return id;
    }
    return -1;
}

static uint64_t hash_text(uint64_t h, const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        h = hash_step(h, (unsigned char)bytes[i]);
    return h;
}

/* The word under construction, and what it is cut into. */
typedef struct word {
    const state *s;
    hone_token_sink *out;
    char *bytes;           /* [room] normalised */
    uint64_t *begin, *end; /* [room] of each byte: the character that it came from */
    uint64_t *hashes;      /* [room + 1] */
    int32_t *ids;          /* [room] pieces */
    size_t *ends;          /* [room] where they end in bytes */
    size_t n, room;        /* bytes */
    uint64_t n_chars;
    uint64_t first, last; /* source bytes of the whole word, also where it is too long to be stored */
} word;

/* Cuts bytes[0 .. n) into the longest pieces from the left; returns how many, or 0 where one is missing.
 * Source: Hugging Face tokenizers, models/wordpiece; Wu et al. 2016, section 4.1. */
static size_t cut_word(const word *w, const char *bytes, size_t n)
{
    const state *s = w->s;
    const uint64_t inner = hash_text(hash_start, "##", 2);
    size_t pieces = 0;
    for (size_t at = 0; at < n;) {
        size_t n_head = at ? 2 : 0, most = n - at;
        if (most + n_head > s->longest)
            most = s->longest > n_head ? s->longest - n_head : 0;
        w->hashes[0] = at ? inner : hash_start;
        for (size_t i = 0; i < most; i++)
            w->hashes[i + 1] = hash_step(w->hashes[i], (unsigned char)bytes[at + i]);
        int32_t id = -1;
        size_t length = most + 1;
        while (id < 0 && --length > 0)
            id = lookup(s, w->hashes[length], "##", n_head, bytes + at, length);
        if (id < 0)
            return 0;
        at += length;
        w->ids[pieces] = id;
        w->ends[pieces++] = at;
    }
    return pieces;
}

/* A word of ASCII bytes that stand in the source as they are but for their case. */
static hone_status emit_ascii(word *w, const char *bytes, size_t n, uint64_t from, hone_error *err)
{
    size_t pieces = n <= w->s->max_chars ? cut_word(w, bytes, n) : 0, begin = 0;
    if (pieces == 0)
        return hone_token_add(w->out, w->s->special_id[UNK], from, from + n, err);
    for (size_t i = 0; i < pieces; i++) {
        HONE_TRY(hone_token_add(w->out, w->ids[i], from + begin, from + w->ends[i], err));
        begin = w->ends[i];
    }
    return HONE_OK;
}

/* Ends the word that was collected. */
static hone_status flush(word *w, hone_error *err)
{
    if (w->n_chars == 0)
        return HONE_OK;
    size_t pieces = w->n_chars <= w->s->max_chars ? cut_word(w, w->bytes, w->n) : 0, begin = 0;
    w->n = 0;
    w->n_chars = 0;
    if (pieces == 0)
        return hone_token_add(w->out, w->s->special_id[UNK], w->first, w->last, err);
    for (size_t i = 0; i < pieces; i++) {
        HONE_TRY(hone_token_add(w->out, w->ids[i], w->begin[begin], w->end[w->ends[i] - 1], err));
        begin = w->ends[i];
    }
    return HONE_OK;
}

/* ---- Words ------------------------------------------------------------------------------------------------------- */

static int combining_class(uint32_t c)
{
    return c < 0x300 ? 0 : utf8proc_get_property((utf8proc_int32_t)c)->combining_class;
}

/* Where a character of combining class k belongs: before the marks of higher class at the end of the word. */
static size_t canonical_place(const word *w, int k)
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
static void append(word *w, uint32_t c, uint64_t begin, uint64_t end)
{
    utf8proc_uint8_t bytes[4];
    if (w->n_chars++ == 0)
        w->first = begin;
    w->last = end;
    if (w->n_chars > w->s->max_chars)
        return; /* it will be the unknown token */
    size_t n = (size_t)utf8proc_encode_char((utf8proc_int32_t)c, bytes);
    size_t at = w->s->strip_accents ? canonical_place(w, combining_class(c)) : w->n, behind = w->n - at;
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
static hone_status push(word *w, uint32_t c, uint64_t begin, uint64_t end, hone_error *err)
{
    int k = class_of(w->s, c);
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

static hone_status push_lower(word *w, uint32_t c, uint64_t begin, uint64_t end, hone_error *err)
{
    if (!w->s->lowercase)
        return push(w, c, begin, end, err);
    if (c == 0x130) { /* capital I with dot: the one character whose lower case is two */
        HONE_TRY(push(w, 'i', begin, end, err));
        return push(w, 0x307, begin, end, err);
    }
    return push(w, (uint32_t)utf8proc_tolower((utf8proc_int32_t)c), begin, end, err);
}

static hone_status push_decomposed(word *w, uint32_t c, uint64_t begin, uint64_t end, hone_error *err)
{
    utf8proc_int32_t parts[32];
    int boundary = 0;
    if (!w->s->strip_accents)
        return push_lower(w, c, begin, end, err);
    utf8proc_ssize_t n = utf8proc_decompose_char((utf8proc_int32_t)c, parts, 32, UTF8PROC_DECOMPOSE, &boundary);
    for (utf8proc_ssize_t i = 0; i < n && i < 32; i++)
        if (class_of(w->s, (uint32_t)parts[i]) != MARK)
            HONE_TRY(push_lower(w, (uint32_t)parts[i], begin, end, err));
    return HONE_OK;
}

/* A character above ASCII. */
static hone_status encode_character(word *w, uint32_t c, uint64_t begin, uint64_t end, hone_error *err)
{
    switch (class_of(w->s, c)) {
    case DROPPED:
        return HONE_OK;
    case SPACE:
        return flush(w, err);
    case CHINESE:
        if (!w->s->chinese)
            return push_decomposed(w, c, begin, end, err);
        HONE_TRY(flush(w, err));
        HONE_TRY(push_decomposed(w, c, begin, end, err));
        return flush(w, err);
    default:
        return push_decomposed(w, c, begin, end, err);
    }
}

/* A run of ASCII letters and digits at `at`, whose end is returned in *end. */
static hone_status encode_run(word *w, const char *text, uint64_t at, uint64_t stop, uint64_t *end, hone_error *err)
{
    const state *s = w->s;
    uint64_t to = at + 1;
    while (to < stop && (unsigned char)text[to] < 0x80 && s->class_of[(unsigned char)text[to]] == PLAIN)
        to++;
    *end = to;
    bool alone =
        w->n_chars == 0 && (to == stop || ((unsigned char)text[to] < 0x80 && s->class_of[(unsigned char)text[to]] != DROPPED));
    if (alone && to - at <= s->max_chars) {
        for (uint64_t i = at; i < to; i++)
            w->bytes[i - at] = text[i] >= 'A' && text[i] <= 'Z' && s->lowercase ? (char)(text[i] + 32) : text[i];
        return emit_ascii(w, w->bytes, to - at, at, err);
    }
    for (uint64_t i = at; i < to; i++)
        append(w, text[i] >= 'A' && text[i] <= 'Z' && s->lowercase ? (uint32_t)text[i] + 32 : (uint32_t)text[i], i, i + 1);
    return HONE_OK;
}

static hone_status encode_ascii(word *w, const char *text, uint64_t at, uint64_t stop, uint64_t *end, hone_error *err)
{
    *end = at + 1;
    switch (w->s->class_of[(unsigned char)text[at]]) {
    case DROPPED:
        return HONE_OK;
    case SPACE:
        return flush(w, err);
    case PUNCTUATION:
        HONE_TRY(flush(w, err));
        return emit_ascii(w, text + at, 1, at, err);
    default:
        return encode_run(w, text, at, stop, end, err);
    }
}

/* Bytes begin .. end-1, which hold no special token. */
static hone_status encode_part(word *w, const char *text, uint64_t begin, uint64_t end, hone_error *err)
{
    for (uint64_t at = begin; at < end;) {
        if ((unsigned char)text[at] < 0x80) {
            HONE_TRY(encode_ascii(w, text, at, end, &at, err));
            continue;
        }
        utf8proc_int32_t c;
        utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)text + at, (utf8proc_ssize_t)(end - at), &c);
        if (n > 0)
            HONE_TRY(encode_character(w, (uint32_t)c, at, at + (uint64_t)n, err));
        at += n > 0 ? (uint64_t)n : 1; /* a byte that is no UTF-8 is dropped */
    }
    return flush(w, err);
}

/* The special token at text[at], the longest of several, or -1. */
static int special_at(const state *s, const char *text, uint64_t at, uint64_t n)
{
    int found = -1;
    for (int k = 0; k < N_SPECIALS; k++)
        if (s->special_id[k] >= 0 && s->special_length[k] <= n - at &&
            memcmp(text + at, s->special[k], s->special_length[k]) == 0 &&
            (found < 0 || s->special_length[k] > s->special_length[found]))
            found = k;
    return found;
}

static hone_status word_init(word *w, const state *s, hone_token_sink *out, hone_error *err)
{
    size_t room = ((size_t)s->max_chars + 1) * 4;
    *w = (word){.s = s, .out = out, .room = room};
    w->bytes = hone_token_scratch(out, room);
    w->begin = hone_token_scratch(out, room * sizeof *w->begin);
    w->end = hone_token_scratch(out, room * sizeof *w->end);
    w->hashes = hone_token_scratch(out, (room + 1) * sizeof *w->hashes);
    w->ids = hone_token_scratch(out, room * sizeof *w->ids);
    w->ends = hone_token_scratch(out, room * sizeof *w->ends);
    if (!w->bytes || !w->begin || !w->end || !w->hashes || !w->ids || !w->ends)
        return hone_no_memory(err, "encoding a text");
    return HONE_OK;
}

static hone_status encode(const hone_self *self, const char *text, size_t n, hone_token_sink *out, hone_error *err)
{
    const state *s = self->state;
    word w;
    uint64_t begin = 0;
    HONE_TRY(word_init(&w, s, out, err));
    for (uint64_t at = 0; at < n; at++) {
        int special = s->special_begins[(unsigned char)text[at]] ? special_at(s, text, at, n) : -1;
        if (special < 0)
            continue;
        HONE_TRY(encode_part(&w, text, begin, at, err));
        begin = at + s->special_length[special];
        HONE_TRY(hone_token_add(out, s->special_id[special], at, begin, err));
        at = begin - 1;
    }
    return encode_part(&w, text, begin, n, err);
}

/* ---- The vocabulary ---------------------------------------------------------------------------------------------- */

enum { MOST_BYTES = 256 << 20 /* of a file */ };

static hone_status no_memory(hone_error *err)
{
    return hone_no_memory(err, "loading a vocabulary");
}

/* Where an entry of this text stands or would stand. */
static entry *place_of(const state *s, const char *token, size_t n, uint64_t *h)
{
    *h = hash_text(hash_start, token, n);
    uint64_t at = hash_mix(*h) & s->table_mask;
    for (; s->table[at].id1; at = (at + 1) & s->table_mask) {
        int32_t id = s->table[at].id1 - 1;
        if (s->lengths[id] == n && memcmp(s->tokens[id], token, n) == 0)
            break;
    }
    return &s->table[at];
}

/* Of tokens that stand twice the last counts, as in the reference. */
static hone_status index_tokens(hone_arena *arena, state *s, hone_error *err)
{
    uint64_t places = 1024, h;
    while (places < 3 * (uint64_t)s->n)
        places *= 2;
    s->table = hone_alloc_array(arena, places, sizeof *s->table);
    s->lengths = hone_alloc_array(arena, (size_t)s->n, sizeof *s->lengths);
    s->table_mask = places - 1;
    if (!s->table || !s->lengths)
        return no_memory(err);
    for (int64_t id = 0; id < s->n; id++) {
        size_t n = strlen(s->tokens[id]);
        s->lengths[id] = (uint32_t)n;
        s->longest = n > s->longest ? n : s->longest;
        entry *e = place_of(s, s->tokens[id], n, &h);
        if (n)
            *e = (entry){(uint32_t)(h >> 32), (int32_t)id + 1};
    }
    return HONE_OK;
}

/* One token a line; the lines' ends are overwritten. */
static hone_status read_lines(const hone_self *self, const char *path, state *s, hone_error *err)
{
    const char *read;
    uint64_t n, bad = 0, lines = 0;
    HONE_TRY(hone_file_read(self->trial, path, MOST_BYTES, &read, &n, err));
    char *bytes = (char *)read; /* the arena's, so ours to change */
    if (memchr(bytes, '\0', n))
        return hone_fail(err, HONE_EFORMAT, "%s is no vocabulary: it has a NUL byte", path);
    if (!hone_utf8_valid(bytes, n, &bad))
        return hone_fail(err, HONE_EFORMAT, "%s is no vocabulary: its byte %llu is not UTF-8", path,
                         (unsigned long long)bad + 1);
    for (uint64_t i = 0; i < n; i++)
        lines += bytes[i] == '\n';
    lines += n > 0 && bytes[n - 1] != '\n';
    if (lines == 0 || lines > INT32_MAX - 1)
        return hone_fail(err, HONE_EFORMAT, "%s holds no vocabulary: it has %llu lines", path, (unsigned long long)lines);
    s->tokens = hone_alloc_array(self->trial, lines, sizeof *s->tokens);
    if (!s->tokens)
        return no_memory(err);
    for (char *line = bytes; s->n < (int64_t)lines; s->n++) {
        size_t length = strcspn(line, "\n");
        s->tokens[s->n] = line;
        char *next = line + length + 1;
        line[length] = '\0';
        if (length && line[length - 1] == '\r')
            line[length - 1] = '\0';
        line = next;
    }
    return HONE_OK;
}

/* ---- The files of Hugging Face ----------------------------------------------------------------------------------- */

/* What the files say, before parameters overrule it. */
typedef struct facts {
    int lowercase, strip_accents, chinese; /* AUTO: nothing */
    const char *special[N_SPECIALS];       /* NULL: nothing */
    int64_t max_chars;                     /* 0: nothing */
    int64_t model_max_length;              /* 0: nothing */
} facts;

static hone_status load_json(hone_arena *arena, const char *path, json_t **root, hone_error *err)
{
    const char *bytes;
    uint64_t n;
    json_error_t where;
    HONE_TRY(hone_file_read(arena, path, MOST_BYTES, &bytes, &n, err));
    *root = json_loadb(bytes, n, JSON_REJECT_DUPLICATES, &where);
    if (!*root)
        return hone_fail(err, HONE_EFORMAT, "%s:%d:%d: %s", path, where.line, where.column, where.text);
    return HONE_OK;
}

static void read_switch(const json_t *object, const char *key, int *value)
{
    const json_t *member = json_object_get(object, key);
    if (json_is_boolean(member))
        *value = json_is_true(member) ? YES : NO;
}

/* Names of special tokens are strings, or objects with a "content". */
static hone_status read_config(hone_arena *arena, const json_t *root, facts *f, hone_error *err)
{
    read_switch(root, "do_lower_case", &f->lowercase);
    read_switch(root, "strip_accents", &f->strip_accents);
    read_switch(root, "tokenize_chinese_chars", &f->chinese);
    for (int k = 0; k < N_SPECIALS; k++) {
        const json_t *member = json_object_get(root, special_keys[k]);
        if (json_is_object(member))
            member = json_object_get(member, "content");
        if (!json_is_string(member))
            continue;
        f->special[k] = hone_strdup(arena, json_string_value(member));
        if (!f->special[k])
            return no_memory(err);
    }
    const json_t *length = json_object_get(root, "model_max_length");
    if (json_is_integer(length) && json_integer_value(length) > 0 && json_integer_value(length) <= INT32_MAX)
        f->model_max_length = json_integer_value(length);
    return HONE_OK;
}

static hone_status read_json_vocabulary(hone_arena *arena, const json_t *vocab, const char *path, state *s, hone_error *err)
{
    const char *key;
    json_t *value;
    size_t n = json_object_size(vocab);
    if (n == 0 || n > INT32_MAX - 1)
        return hone_fail(err, HONE_EFORMAT, "%s holds no WordPiece vocabulary (model.vocab is missing or empty)", path);
    s->tokens = hone_alloc_array(arena, n, sizeof *s->tokens);
    if (!s->tokens)
        return no_memory(err);
    s->n = (int64_t)n;
    json_object_foreach((json_t *)vocab, key, value)
    {
        json_int_t id = json_is_integer(value) ? json_integer_value(value) : -1;
        if (id < 0 || id >= s->n || s->tokens[id])
            return hone_fail(err, HONE_EFORMAT, "%s: the ids of model.vocab are not the numbers 0 to %lld, each once", path,
                             (long long)s->n - 1);
        s->tokens[id] = hone_strdup(arena, key);
        if (!s->tokens[id])
            return no_memory(err);
    }
    return HONE_OK;
}

static hone_status read_tokenizer_json(hone_arena *arena, const json_t *root, const char *path, state *s, facts *f,
                                       hone_error *err)
{
    const json_t *model = json_object_get(root, "model"), *normalizer = json_object_get(root, "normalizer");
    const char *type = json_string_value(json_object_get(model, "type")), *prefix;
    if (type && strcmp(type, "WordPiece") != 0)
        return hone_fail(err, HONE_EFORMAT, "%s holds a tokenizer of type %.40s; wordpiece reads WordPiece ones", path, type);
    prefix = json_string_value(json_object_get(model, "continuing_subword_prefix"));
    if (prefix && strcmp(prefix, "##") != 0)
        return hone_fail(err, HONE_EUNSUPPORTED, "%s marks inner pieces with %.20s; wordpiece reads vocabularies with ##", path,
                         prefix);
    const char *kind = json_string_value(json_object_get(normalizer, "type"));
    if (normalizer && json_is_object(normalizer) && (!kind || strcmp(kind, "BertNormalizer") != 0))
        return hone_fail(err, HONE_EUNSUPPORTED, "%s has the normalizer %.40s; wordpiece has BertNormalizer's steps", path,
                         kind ? kind : "without a type");
    read_switch(normalizer, "lowercase", &f->lowercase);
    read_switch(normalizer, "strip_accents", &f->strip_accents);
    read_switch(normalizer, "handle_chinese_chars", &f->chinese);
    f->max_chars = json_integer_value(json_object_get(model, "max_input_chars_per_word"));
    return read_json_vocabulary(arena, json_object_get(model, "vocab"), path, s, err);
}

/* dir/name, or NULL in *path where there is no such file. */
static hone_status file_in(hone_arena *arena, const char *dir, const char *name, const char **path, hone_error *err)
{
    *path = hone_sprintf(arena, "%s/%s", dir, name);
    if (!*path)
        return no_memory(err);
    if (!hone_file_exists(*path))
        *path = NULL;
    return HONE_OK;
}

static hone_status load_config(const hone_self *self, const char *dir, facts *f, hone_error *err)
{
    const char *path;
    json_t *root = NULL;
    HONE_TRY(file_in(self->trial, dir, "tokenizer_config.json", &path, err));
    if (!path)
        return HONE_OK;
    HONE_TRY(load_json(self->trial, path, &root, err));
    hone_status status = read_config(self->trial, root, f, err);
    json_decref(root);
    return status;
}

static hone_status load_tokenizer_json(const hone_self *self, const char *path, state *s, facts *f, hone_error *err)
{
    json_t *root = NULL;
    HONE_TRY(load_json(self->trial, path, &root, err));
    hone_status status = read_tokenizer_json(self->trial, root, path, s, f, err);
    json_decref(root);
    return status;
}

/* The folder of a file, "." where the path names none. */
static const char *folder_of(hone_arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? hone_strndup(arena, path, slash == path ? 1 : (size_t)(slash - path)) : ".";
}

/* *path names the file that the vocabulary came from. */
static hone_status load_files(const hone_self *self, const char *dir, state *s, facts *f, const char **path, hone_error *err)
{
    const params *p = self->params;
    const char *other;
    if (p->vocab) {
        dir = folder_of(self->trial, p->vocab);
        if (!dir)
            return no_memory(err);
    }
    if (!dir)
        return hone_fail(
            err, HONE_ECONFIG,
            "tokenizer wordpiece has no vocabulary: give tokenizer.vocab a file with one token a line, or model.path a "
            "folder with vocab.txt");
    *path = p->vocab;
    if (!*path)
        HONE_TRY(file_in(self->trial, dir, "vocab.txt", path, err));
    if (*path) {
        HONE_TRY(read_lines(self, *path, s, err));
        return load_config(self, dir, f, err);
    }
    HONE_TRY(file_in(self->trial, dir, "tokenizer.json", &other, err));
    if (!other)
        return hone_fail(err, HONE_EIO,
                         "%s has neither vocab.txt nor tokenizer.json; give tokenizer.vocab a file with one token a line", dir);
    *path = other;
    HONE_TRY(load_tokenizer_json(self, other, s, f, err));
    return load_config(self, dir, f, err);
}

/* ---- Settings ---------------------------------------------------------------------------------------------------- */

static bool resolve(int32_t given, int of_file, bool otherwise)
{
    return given != AUTO ? given == YES : of_file != AUTO ? of_file == YES : otherwise;
}

/* A special token that stands twice would have two ids. */
static hone_status find_special(state *s, int k, const char *path, hone_error *err)
{
    int64_t first = -1;
    for (int64_t id = 0; id < s->n; id++) {
        if (strcmp(s->tokens[id], s->special[k]) != 0)
            continue;
        if (first >= 0)
            return hone_fail(err, HONE_EFORMAT, "%s has the special token %s twice, in lines %lld and %lld", path,
                             s->special[k], (long long)first + 1, (long long)id + 1);
        first = id;
    }
    s->special_id[k] = (int32_t)first;
    if (first < 0 && k != MASK)
        return hone_fail(err, HONE_EFORMAT,
                         "%s lacks the special token %s; a vocabulary of BERT has it, or tokenizer.%s names another", path,
                         s->special[k], special_keys[k]);
    return HONE_OK;
}

static hone_status find_specials(const params *p, const facts *f, const char *path, state *s, hone_error *err)
{
    const char *const given[N_SPECIALS] = {p->pad_token, p->unk_token, p->cls_token, p->sep_token, p->mask_token};
    for (int k = 0; k < N_SPECIALS; k++) {
        s->special[k] = given[k] ? given[k] : f->special[k] ? f->special[k] : special_defaults[k];
        s->special_length[k] = strlen(s->special[k]);
        if (s->special_length[k] == 0)
            return hone_fail(err, HONE_ECONFIG, "tokenizer.%s is empty", special_keys[k]);
        HONE_TRY(find_special(s, k, path, err));
        if (s->special_id[k] >= 0)
            s->special_begins[(unsigned char)s->special[k][0]] = true;
    }
    return HONE_OK;
}

static void set_templates(state *s)
{
    const int32_t cls = s->special_id[CLS], sep = s->special_id[SEP];
    const hone_template_item single[] = {{-1, cls, 0, 0}, {0, 0, 0, 0}, {-1, sep, 0, 0}};
    const hone_template_item pair[] = {{-1, cls, 0, 0}, {0, 0, 0, 0}, {-1, sep, 0, 0}, {1, 0, 1, 0}, {-1, sep, 1, 0}};
    memcpy(s->single, single, sizeof single);
    memcpy(s->pair, pair, sizeof pair);
}

static hone_status create(const hone_self *self, const char *dir, const hone_corpus *train, hone_error *err)
{
    (void)train;
    state *s = self->state;
    const params *p = self->params;
    facts f = {0};
    const char *path = NULL;
    HONE_TRY(load_files(self, dir, s, &f, &path, err));
    HONE_TRY(index_tokens(self->trial, s, err));
    HONE_TRY(find_specials(p, &f, path, s, err));
    s->lowercase = resolve(p->lowercase, f.lowercase, true);
    s->strip_accents = resolve(p->strip_accents, f.strip_accents, s->lowercase);
    s->chinese = resolve(p->tokenize_chinese_chars, f.chinese, true);
    s->max_chars = (uint64_t)(f.max_chars > 0 && f.max_chars <= 100000 && p->max_input_chars_per_word == 100
                                  ? f.max_chars
                                  : p->max_input_chars_per_word);
    s->model_max_length = (int32_t)f.model_max_length;
    set_templates(s);
    for (uint32_t c = 0; c < 0x10000; c++)
        s->class_of[c] = (uint8_t)compute_class(c);
    return HONE_OK;
}

static hone_status info(const hone_self *self, hone_tokenizer_info *out, hone_error *err)
{
    (void)err;
    const state *s = self->state;
    out->vocabulary = s->n;
    out->pad = s->special_id[PAD];
    out->unk = s->special_id[UNK];
    out->cls = s->special_id[CLS];
    out->sep = s->special_id[SEP];
    out->mask = s->special_id[MASK];
    out->model_max_length = s->model_max_length;
    out->single = s->single;
    out->n_single = sizeof s->single / sizeof *s->single;
    out->pair = s->pair;
    out->n_pair = sizeof s->pair / sizeof *s->pair;
    out->item_size = sizeof(hone_template_item);
    return HONE_OK;
}

static const char *token(const hone_self *self, int32_t id)
{
    const state *s = self->state;
    return id >= 0 && id < s->n ? s->tokens[id] : NULL;
}

/* ---- Saving ------------------------------------------------------------------------------------------------------ */

static hone_status save_vocabulary(const state *s, const char *dir, hone_arena *arena, hone_error *err)
{
    size_t n = 0;
    for (int64_t id = 0; id < s->n; id++)
        n += s->lengths[id] + 1;
    const char *path = hone_sprintf(arena, "%s/vocab.txt", dir);
    char *bytes = hone_alloc(arena, n), *to = bytes;
    if (!path || !bytes)
        return no_memory(err);
    for (int64_t id = 0; id < s->n; id++) {
        memcpy(to, s->tokens[id], s->lengths[id]);
        to += s->lengths[id];
        *to++ = '\n';
    }
    return hone_file_write(path, bytes, n, err);
}

/* Takes `root`, which may be NULL: memory was short. */
static hone_status save_json(json_t *root, const char *dir, const char *name, hone_arena *arena, hone_error *err)
{
    const char *path = hone_sprintf(arena, "%s/%s", dir, name);
    char *text = root ? json_dumps(root, JSON_INDENT(2)) : NULL;
    json_decref(root);
    hone_status status = path && text ? hone_file_write(path, text, strlen(text), err) : no_memory(err);
    free(text);
    return status;
}

static json_t *special_names(const state *s)
{
    json_t *root = json_object();
    for (int k = 0; root && k < N_SPECIALS; k++)
        if (s->special_id[k] >= 0 && json_object_set_new(root, special_keys[k], json_string(s->special[k])) != 0) {
            json_decref(root);
            return NULL;
        }
    return root;
}

static json_t *config_of(const state *s)
{
    json_t *root = special_names(s);
    int bad = root ? 0 : -1;
    if (root) {
        bad |= json_object_set_new(root, "do_lower_case", json_boolean(s->lowercase));
        bad |= json_object_set_new(root, "strip_accents", json_boolean(s->strip_accents));
        bad |= json_object_set_new(root, "tokenize_chinese_chars", json_boolean(s->chinese));
        bad |= json_object_set_new(root, "tokenizer_class", json_string("BertTokenizer"));
        if (s->model_max_length)
            bad |= json_object_set_new(root, "model_max_length", json_integer(s->model_max_length));
    }
    if (!bad)
        return root;
    json_decref(root);
    return NULL;
}

static hone_status save(const hone_self *self, const char *dir, hone_error *err)
{
    const state *s = self->state;
    HONE_TRY(save_vocabulary(s, dir, self->step, err));
    HONE_TRY(save_json(special_names(s), dir, "special_tokens_map.json", self->step, err));
    return save_json(config_of(s), dir, "tokenizer_config.json", self->step, err);
}

static const hone_tokenizer wordpiece = {
    .plugin = {HONE_PLUGIN(hone_tokenizer, HONE_KIND_TOKENIZER), .name = "wordpiece",
               .summary = "BERT's tokenizer: words and punctuation, cut into pieces of a vocabulary",
               .source = "Wu et al. 2016, arXiv:1609.08144; Devlin et al. 2019; equal to tokenizers' BertTokenizerFast",
               .help = "tokenizer: {type: wordpiece, max_length: 128}", HONE_PARAMS(params, rows), .state_size = sizeof(state)},
    .create = create,
    .info = info,
    .encode = encode,
    .token = token,
    .save = save,
};

HONE_MODULE(&wordpiece.plugin);
