/* whitespace.c - words between white space, of a vocabulary that a file gives or the training texts do.
 *
 * build: pkg-config libutf8proc
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

enum { PAD, UNK, CLS, SEP, MASK, N_SPECIALS };
static const char *const specials[N_SPECIALS] = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};

typedef struct params {
    const char *vocab;
    bool lowercase;
    int64_t min_count, vocab_size;
} params;

static const hone_param rows[] = {
    HONE_PARAM_STRING(
        params, vocab, .flags = HONE_MODEL_PATH,
        .help = "a file with one word a line; without it vocab.txt of the model's folder, else the training texts' words"),
    HONE_PARAM_BOOL(params, lowercase, .def_int = 1, .help = "lower case"),
    HONE_PARAM_INT(params, min_count, .def_int = 2, .min_int = 1, .max_int = INT64_MAX, .unit = "1",
                   .help = "words of the training texts that are seen less often are unknown"),
    HONE_PARAM_INT(params, vocab_size, .def_int = 30000, .min_int = N_SPECIALS + 1, .max_int = INT32_MAX, .unit = "tokens",
                   .help = "at most so many tokens, special ones among them; the most frequent words win"),
};

typedef struct counted {
    const char *word;
    uint64_t n, count;
    int32_t id;
} counted;

/* Words by text, with open addressing. */
typedef struct table {
    counted *slots; /* word NULL: empty */
    uint64_t mask, used;
} table;

typedef struct state {
    const char **tokens; /* [n] */
    int64_t n;
    table words;
    hone_template_item single[3], pair[5];
} state;

static hone_status no_memory(hone_error *err)
{
    return hone_no_memory(err, "making a vocabulary of words");
}

/* ---- Words ------------------------------------------------------------------------------------------------------- */

static bool is_space(utf8proc_int32_t c)
{
    if (c < 0x80)
        return c == ' ' || (c >= '\t' && c <= '\r');
    utf8proc_category_t k = utf8proc_category(c);
    return c == 0x85 || k == UTF8PROC_CATEGORY_ZS || k == UTF8PROC_CATEGORY_ZL || k == UTF8PROC_CATEGORY_ZP;
}

/* The character at p, of n bytes left; a byte that is no UTF-8 stands for itself. */
static uint64_t next_character(const char *p, uint64_t n, utf8proc_int32_t *c)
{
    utf8proc_ssize_t length = utf8proc_iterate((const utf8proc_uint8_t *)p, (utf8proc_ssize_t)n, c);
    if (length <= 0)
        *c = 0xFFFD;
    return length > 0 ? (uint64_t)length : 1;
}

/* The next word from *at on; false where there is none. */
static bool next_word(const char *text, uint64_t n, uint64_t *at, uint64_t *begin, uint64_t *end)
{
    utf8proc_int32_t c;
    bool inside = false;
    while (*at < n) {
        uint64_t length = next_character(text + *at, n - *at, &c);
        if (is_space(c) && inside)
            break;
        if (!is_space(c) && !inside) {
            inside = true;
            *begin = *at;
        }
        *at += length;
    }
    *end = *at;
    return inside;
}

/* Lower case into `to`, which has room for 4 bytes for each of word; returns the length. */
static uint64_t normalise(const char *word, uint64_t n, bool lowercase, char *to)
{
    uint64_t length = 0;
    if (!lowercase) {
        memcpy(to, word, n);
        return n;
    }
    for (uint64_t at = 0; at < n;) {
        utf8proc_int32_t c;
        at += next_character(word + at, n - at, &c);
        length += (uint64_t)utf8proc_encode_char(utf8proc_tolower(c), (utf8proc_uint8_t *)to + length);
    }
    return length;
}

/* ---- The table --------------------------------------------------------------------------------------------------- */

static uint64_t hash_of(const char *word, uint64_t n)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
    for (uint64_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)word[i]) * UINT64_C(0x100000001b3);
    return h ^ h >> 29;
}

static counted *slot_of(const table *t, const char *word, uint64_t n)
{
    uint64_t at = hash_of(word, n) & t->mask;
    while (t->slots[at].word && (t->slots[at].n != n || memcmp(t->slots[at].word, word, n) != 0))
        at = (at + 1) & t->mask;
    return &t->slots[at];
}

static hone_status table_init(hone_arena *arena, table *t, uint64_t places, hone_error *err)
{
    *t = (table){.slots = hone_alloc_array(arena, places, sizeof *t->slots), .mask = places - 1};
    return t->slots ? HONE_OK : no_memory(err);
}

static hone_status grow(hone_arena *arena, table *t, hone_error *err)
{
    table larger;
    HONE_TRY(table_init(arena, &larger, 2 * (t->mask + 1), err));
    for (uint64_t i = 0; i <= t->mask; i++)
        if (t->slots[i].word)
            *slot_of(&larger, t->slots[i].word, t->slots[i].n) = t->slots[i];
    larger.used = t->used;
    *t = larger;
    return HONE_OK;
}

static hone_status count_word(hone_arena *arena, table *t, const char *word, uint64_t n, hone_error *err)
{
    counted *slot = slot_of(t, word, n);
    if (!slot->word) {
        if (2 * ++t->used > t->mask)
            HONE_TRY(grow(arena, t, err));
        slot = slot_of(t, word, n);
        slot->word = hone_strndup(arena, word, n);
        slot->n = n;
        if (!slot->word)
            return no_memory(err);
    }
    slot->count++;
    return HONE_OK;
}

/* ---- A vocabulary out of the training texts ---------------------------------------------------------------------- */

/* What the words of a text are counted into. */
typedef struct counting {
    const hone_self *self;
    table *words;
} counting;

static hone_status count_text(void *ctx, const char *text, size_t n, hone_error *err)
{
    const counting *c = ctx;
    const params *p = c->self->params;
    char *word = hone_alloc(c->self->step, 4 * n);
    uint64_t begin, end, at = 0;
    if (!word)
        return no_memory(err);
    while (next_word(text, n, &at, &begin, &end)) {
        const uint64_t length = normalise(text + begin, end - begin, p->lowercase, word);
        HONE_TRY(count_word(c->self->step, c->words, word, length, err));
    }
    return HONE_OK;
}

/* Falling counts, then bytes. */
static int by_count(const void *a, const void *b)
{
    const counted *x = a, *y = b;
    return x->count != y->count ? (x->count < y->count ? 1 : -1) : strcmp(x->word, y->word);
}

static bool is_special(const char *word)
{
    for (int k = 0; k < N_SPECIALS; k++)
        if (strcmp(word, specials[k]) == 0)
            return true;
    return false;
}

static hone_status take_frequent(const hone_self *self, const table *t, state *s, hone_error *err)
{
    const params *p = self->params;
    counted *list = hone_alloc_array(self->step, t->used, sizeof *list);
    uint64_t n = 0;
    if (!list)
        return no_memory(err);
    for (uint64_t i = 0; i <= t->mask; i++)
        if (t->slots[i].word && t->slots[i].count >= (uint64_t)p->min_count && !is_special(t->slots[i].word))
            list[n++] = t->slots[i];
    qsort(list, n, sizeof *list, by_count);
    if (n > (uint64_t)p->vocab_size - N_SPECIALS)
        n = (uint64_t)p->vocab_size - N_SPECIALS;
    s->tokens = hone_alloc_array(self->trial, n + N_SPECIALS, sizeof *s->tokens);
    if (!s->tokens)
        return no_memory(err);
    for (; s->n < N_SPECIALS; s->n++)
        s->tokens[s->n] = specials[s->n];
    for (uint64_t i = 0; i < n; i++) {
        s->tokens[s->n] = hone_strdup(self->trial, list[i].word);
        if (!s->tokens[s->n++])
            return no_memory(err);
    }
    return HONE_OK;
}

static hone_status learn(const hone_self *self, const hone_corpus *train, state *s, hone_error *err)
{
    table counts;
    HONE_TRY(table_init(self->step, &counts, 1024, err));
    HONE_TRY(hone_corpus_texts(train, count_text, &(counting){self, &counts}, err));
    return take_frequent(self, &counts, s, err);
}

/* ---- A vocabulary out of a file ---------------------------------------------------------------------------------- */

static hone_status read_file(const hone_self *self, const char *path, state *s, hone_error *err)
{
    const char *read;
    uint64_t n, bad = 0, lines = 0;
    HONE_TRY(hone_file_read(self->trial, path, 256 << 20, &read, &n, err));
    char *line = (char *)read; /* the arena's, so ours to change */
    if (memchr(read, '\0', n) || !hone_utf8_valid(read, n, &bad))
        return hone_fail(err, HONE_EFORMAT, "%s is no vocabulary: it is not UTF-8 text", path);
    for (uint64_t i = 0; i < n; i++)
        lines += read[i] == '\n';
    lines += n > 0 && read[n - 1] != '\n';
    s->tokens = hone_alloc_array(self->trial, lines, sizeof *s->tokens);
    if (!s->tokens)
        return no_memory(err);
    for (; s->n < (int64_t)lines; s->n++) {
        size_t length = strcspn(line, "\n");
        char *next = line + length + 1;
        line[length] = '\0';
        if (length && line[length - 1] == '\r')
            line[length - 1] = '\0';
        if (!*line)
            return hone_fail(err, HONE_EFORMAT, "%s:%lld: the line is empty; each holds one token", path, (long long)s->n + 1);
        s->tokens[s->n] = line;
        line = next;
    }
    for (int k = 0; k < N_SPECIALS; k++)
        if (k >= s->n || strcmp(s->tokens[k], specials[k]) != 0)
            return hone_fail(err, HONE_EFORMAT,
                             "%s:%d: this line must be %s: the file begins with [PAD] [UNK] [CLS] [SEP] [MASK]", path, k + 1,
                             specials[k]);
    return HONE_OK;
}

static hone_status index_tokens(const hone_self *self, state *s, hone_error *err)
{
    uint64_t places = 1024;
    while (places < 2 * (uint64_t)s->n)
        places *= 2;
    HONE_TRY(table_init(self->trial, &s->words, places, err));
    for (int64_t id = 0; id < s->n; id++) {
        size_t n = strlen(s->tokens[id]);
        counted *slot = slot_of(&s->words, s->tokens[id], n);
        if (slot->word)
            return hone_fail(err, HONE_EFORMAT, "the vocabulary has %.80s twice, in lines %d and %lld", s->tokens[id],
                             (int)slot->id + 1, (long long)id + 1);
        *slot = (counted){.word = s->tokens[id], .n = n, .id = (int32_t)id};
    }
    return HONE_OK;
}

/* ---- The plugin -------------------------------------------------------------------------------------------------- */

static hone_status find_file(const hone_self *self, const char *dir, const char **path, hone_error *err)
{
    *path = ((const params *)self->params)->vocab;
    if (*path || !dir)
        return HONE_OK;
    *path = hone_sprintf(self->trial, "%s/vocab.txt", dir);
    if (!*path)
        return no_memory(err);
    if (!hone_file_exists(*path))
        *path = NULL;
    return HONE_OK;
}

static hone_status create(const hone_self *self, const char *dir, const hone_corpus *train, hone_error *err)
{
    state *s = self->state;
    const char *path;
    HONE_TRY(find_file(self, dir, &path, err));
    if (!path && !train)
        return hone_fail(
            err, HONE_ECONFIG,
            "tokenizer whitespace has no vocabulary: there are no training texts, and tokenizer.vocab names no file");
    if (path)
        HONE_TRY(read_file(self, path, s, err));
    else
        HONE_TRY(learn(self, train, s, err));
    const hone_template_item single[] = {{-1, CLS, 0, 0}, {0, 0, 0, 0}, {-1, SEP, 0, 0}};
    const hone_template_item pair[] = {{-1, CLS, 0, 0}, {0, 0, 0, 0}, {-1, SEP, 0, 0}, {1, 0, 1, 0}, {-1, SEP, 1, 0}};
    memcpy(s->single, single, sizeof single);
    memcpy(s->pair, pair, sizeof pair);
    return index_tokens(self, s, err);
}

static hone_status info(const hone_self *self, hone_tokenizer_info *out, hone_error *err)
{
    (void)err;
    const state *s = self->state;
    out->vocabulary = s->n;
    out->pad = PAD;
    out->unk = UNK;
    out->cls = CLS;
    out->sep = SEP;
    out->mask = MASK;
    out->single = s->single;
    out->n_single = sizeof s->single / sizeof *s->single;
    out->pair = s->pair;
    out->n_pair = sizeof s->pair / sizeof *s->pair;
    out->item_size = sizeof(hone_template_item);
    return HONE_OK;
}

static hone_status encode(const hone_self *self, const char *text, size_t n, hone_token_sink *out, hone_error *err)
{
    const params *p = self->params;
    const state *s = self->state;
    char *word = hone_token_scratch(out, 4 * n);
    uint64_t begin, end, at = 0;
    if (!word)
        return no_memory(err);
    while (next_word(text, n, &at, &begin, &end)) {
        const counted *slot = slot_of(&s->words, word, normalise(text + begin, end - begin, p->lowercase, word));
        HONE_TRY(hone_token_add(out, slot->word ? slot->id : UNK, begin, end, err));
    }
    return HONE_OK;
}

static const char *token(const hone_self *self, int32_t id)
{
    const state *s = self->state;
    return id >= 0 && id < s->n ? s->tokens[id] : NULL;
}

static hone_status save(const hone_self *self, const char *dir, hone_error *err)
{
    const state *s = self->state;
    size_t n = 0;
    for (int64_t id = 0; id < s->n; id++)
        n += strlen(s->tokens[id]) + 1;
    const char *path = hone_sprintf(self->step, "%s/vocab.txt", dir);
    char *bytes = hone_alloc(self->step, n), *to = bytes;
    if (!path || !bytes)
        return no_memory(err);
    for (int64_t id = 0; id < s->n; id++) {
        size_t length = strlen(s->tokens[id]);
        memcpy(to, s->tokens[id], length);
        to += length;
        *to++ = '\n';
    }
    return hone_file_write(path, bytes, n, err);
}

static const hone_tokenizer whitespace = {
    .plugin = {HONE_PLUGIN(hone_tokenizer, HONE_KIND_TOKENIZER), .name = "whitespace",
               .summary = "words between white space, of the training texts' own vocabulary",
               .help = "tokenizer: {type: whitespace, min_count: 2, vocab_size: 30000}", HONE_PARAMS(params, rows),
               .state_size = sizeof(state)},
    .create = create,
    .info = info,
    .encode = encode,
    .token = token,
    .save = save,
};

HONE_MODULE(&whitespace.plugin);
