/* pieces.c - learns a vocabulary for WordPiece: counts words, then merges the most frequent pair of neighbours again and again.
 *
 * Counts of pairs are kept up to date by the words that a merge touches. The heap is lazy: for each pair with a count it holds an
 * entry of that count or a higher one; an entry that is too high goes back with the true count when it comes up.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/arena.h"

#include <hone/words.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

static hone_status no_memory(hone_error *err)
{
    return hone_no_memory(err, "learning a vocabulary");
}

/* Makes room for one more item of `size` bytes behind the n that *items holds. */
static hone_status reserve(void **items, uint64_t n, uint64_t *cap, size_t size, hone_error *err)
{
    if (n < *cap)
        return HONE_OK;
    const uint64_t more = *cap ? 2 * *cap : 4;
    void *moved = more <= SIZE_MAX / size ? hone__realloc(*items, (size_t)more * size) : NULL;
    if (!moved)
        return no_memory(err);
    *items = moved;
    *cap = more;
    return HONE_OK;
}

static uint64_t mix(uint64_t h)
{
    h = (h ^ h >> 32) * UINT64_C(0x9E3779B97F4A7C15);
    return h ^ h >> 29;
}

static uint64_t hash_text(const char *bytes, uint64_t n)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
    for (uint64_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)bytes[i]) * UINT64_C(0x100000001b3);
    return mix(h);
}

/* ---- Texts with numbers ------------------------------------------------------------------------------------------ */

typedef struct text {
    const char *bytes; /* NUL-terminated */
    uint64_t n, count;
} text;

/* Distinct texts, numbered as they come. */
typedef struct texts {
    hone_arena *arena; /* of their bytes */
    text *items;       /* [n of cap] */
    uint64_t n, cap;
    uint32_t *slots; /* [mask + 1] number + 1; 0: empty */
    uint64_t mask;
} texts;

static void texts_clear(texts *t)
{
    hone__arena_destroy(t->arena);
    hone__free(t->items);
    hone__free(t->slots);
    *t = (texts){0};
}

static uint32_t *texts_slot(const texts *t, const char *bytes, uint64_t n)
{
    uint64_t at = hash_text(bytes, n) & t->mask;
    for (; t->slots[at]; at = (at + 1) & t->mask) {
        const text *x = &t->items[t->slots[at] - 1];
        if (x->n == n && memcmp(x->bytes, bytes, n) == 0)
            break;
    }
    return &t->slots[at];
}

static hone_status texts_resize(texts *t, uint64_t places, hone_error *err)
{
    uint32_t *slots = hone__calloc(places, sizeof *slots);
    if (!slots)
        return no_memory(err);
    hone__free(t->slots);
    t->slots = slots;
    t->mask = places - 1;
    for (uint64_t i = 0; i < t->n; i++)
        *texts_slot(t, t->items[i].bytes, t->items[i].n) = (uint32_t)i + 1;
    return HONE_OK;
}

static hone_status texts_init(texts *t, hone_error *err)
{
    *t = (texts){.arena = hone__arena_create(0)};
    return t->arena ? texts_resize(t, 1024, err) : no_memory(err);
}

/* The number of a text, which is added where it is new. */
static hone_status texts_number(texts *t, const char *bytes, uint64_t n, uint32_t *number, hone_error *err)
{
    uint32_t *slot = texts_slot(t, bytes, n);
    if (*slot) {
        *number = *slot - 1;
        return HONE_OK;
    }
    if (t->n >= INT32_MAX)
        return hone_fail(err, HONE_EINVAL, "there are more than %d distinct words", INT32_MAX);
    if (2 * t->n >= t->mask) {
        HONE_TRY(texts_resize(t, 2 * (t->mask + 1), err));
        slot = texts_slot(t, bytes, n);
    }
    void *items = t->items;
    HONE_TRY(reserve(&items, t->n, &t->cap, sizeof *t->items, err));
    t->items = items;
    const char *copy = hone_strndup(t->arena, bytes, n);
    if (!copy)
        return no_memory(err);
    *number = (uint32_t)t->n;
    t->items[t->n++] = (text){copy, n, 0};
    *slot = *number + 1;
    return HONE_OK;
}

/* ---- Counting words ---------------------------------------------------------------------------------------------- */

struct hone_pieces {
    const hone_words *words;
    void *scratch;
    texts counted;
    uint64_t n_words;
};

hone_status hone_pieces_create(const hone_words *words, hone_pieces **pieces, hone_error *err)
{
    hone_pieces *p = hone__calloc(1, sizeof *p);
    if (!p)
        return no_memory(err);
    p->words = words;
    p->scratch = hone__malloc(hone_words_scratch(words));
    hone_status status = p->scratch ? texts_init(&p->counted, err) : no_memory(err);
    if (status == HONE_OK)
        *pieces = p;
    else
        hone_pieces_destroy(p);
    return status;
}

void hone_pieces_destroy(hone_pieces *pieces)
{
    if (!pieces)
        return;
    texts_clear(&pieces->counted);
    hone__free(pieces->scratch);
    hone__free(pieces);
}

/* A word that is too long is the unknown token whatever the vocabulary. */
static hone_status count_word(void *ctx, const hone_word *word, hone_error *err)
{
    hone_pieces *p = ctx;
    uint32_t number = 0;
    p->n_words++;
    if (!word->bytes)
        return HONE_OK;
    HONE_TRY(texts_number(&p->counted, word->bytes, word->n, &number, err));
    p->counted.items[number].count++;
    return HONE_OK;
}

hone_status hone_pieces_add(hone_pieces *pieces, const char *bytes, uint64_t n, hone_error *err)
{
    return hone_words_each(pieces->words, pieces->scratch, bytes, 0, n, count_word, pieces, err);
}

uint64_t hone_pieces_words(const hone_pieces *pieces, uint64_t *distinct)
{
    if (distinct)
        *distinct = pieces->counted.n;
    return pieces->n_words;
}

/* ---- What learning works on -------------------------------------------------------------------------------------- */

/* Two tokens side by side. */
typedef struct pair {
    int32_t left, right;
    uint32_t *words; /* [n of cap] that have it, or had it; some stand twice */
    uint64_t n, cap;
    uint64_t count;
    uint64_t risen; /* the last merge that raised the count */
} pair;

/* A word cut into tokens. */
typedef struct cut {
    int32_t *tokens; /* [n] -1: a character that is not in the alphabet */
    uint64_t n, count;
} cut;

typedef struct candidate {
    uint64_t count;
    uint32_t pair;
} candidate;

typedef struct learner {
    const hone_pieces *pieces;
    const hone_pieces_rules *rules;
    texts vocabulary;
    int32_t *symbols; /* all words' tokens, one after another */
    cut *words;       /* [pieces->counted.n] */
    pair *pairs;      /* [n_pairs of pairs_cap] */
    uint64_t n_pairs, pairs_cap;
    uint32_t *slots; /* [mask + 1] pair + 1; 0: empty */
    uint64_t mask;
    candidate *heap; /* [n_heap of heap_cap] */
    uint64_t n_heap, heap_cap;
    uint32_t *risen; /* [n_risen of risen_cap] pairs that the merge at hand made more frequent */
    uint64_t n_risen, risen_cap;
    uint64_t merges;
} learner;

static void learner_clear(learner *l)
{
    for (uint64_t i = 0; i < l->n_pairs; i++)
        hone__free(l->pairs[i].words);
    texts_clear(&l->vocabulary);
    hone__free(l->symbols);
    hone__free(l->words);
    hone__free(l->pairs);
    hone__free(l->slots);
    hone__free(l->heap);
    hone__free(l->risen);
}

static const char *token_text(const learner *l, int32_t token)
{
    return l->vocabulary.items[token].bytes;
}

/* ---- The alphabet ------------------------------------------------------------------------------------------------ */

enum { CODE_POINTS = 0x110000 };

typedef struct letter {
    uint64_t count;
    uint32_t c;
    bool inside; /* seen behind the first place of a word */
    int32_t first_id, inside_id;
} letter;

/* Letters by code point: letters[of[c] - 1]. */
typedef struct alphabet {
    uint32_t *of; /* [CODE_POINTS]; 0: not seen */
    letter *letters;
    uint64_t n, cap;
} alphabet;

static uint32_t next_character(const char *bytes, uint64_t n, uint64_t *at)
{
    utf8proc_int32_t c = 0;
    utf8proc_ssize_t length = utf8proc_iterate((const utf8proc_uint8_t *)bytes + *at, (utf8proc_ssize_t)(n - *at), &c);
    *at += length > 0 ? (uint64_t)length : 1;
    return length > 0 ? (uint32_t)c : 0xFFFD;
}

static hone_status count_letters(alphabet *a, const text *word, hone_error *err)
{
    for (uint64_t at = 0; at < word->n;) {
        const bool inside = at > 0;
        const uint32_t c = next_character(word->bytes, word->n, &at);
        if (!a->of[c]) {
            void *letters = a->letters;
            HONE_TRY(reserve(&letters, a->n, &a->cap, sizeof *a->letters, err));
            a->letters = letters;
            a->letters[a->n++] = (letter){.c = c, .first_id = -1, .inside_id = -1};
            a->of[c] = (uint32_t)a->n;
        }
        letter *x = &a->letters[a->of[c] - 1];
        x->count += word->count;
        x->inside |= inside;
    }
    return HONE_OK;
}

static int by_count(const void *a, const void *b)
{
    const letter *x = a, *y = b;
    if (x->count != y->count)
        return x->count < y->count ? 1 : -1;
    return x->c < y->c ? -1 : 1;
}

static int by_code(const void *a, const void *b)
{
    const letter *x = a, *y = b;
    return x->c < y->c ? -1 : x->c > y->c;
}

/* Keeps the most frequent letters that the rules have room for, in the order of their code points, which is that of their bytes. */
static void choose_letters(const learner *l, alphabet *a)
{
    const uint64_t most = l->rules->max_alphabet ? l->rules->max_alphabet : UINT64_MAX;
    uint64_t kept = 0, used = l->vocabulary.n;
    if (a->n)
        qsort(a->letters, a->n, sizeof *a->letters, by_count);
    for (; kept < a->n && kept < most; kept++) {
        used += a->letters[kept].inside ? 2 : 1;
        if (used > l->rules->vocab_size)
            break;
    }
    for (uint64_t i = kept; i < a->n; i++)
        a->of[a->letters[i].c] = 0;
    a->n = kept;
    if (kept)
        qsort(a->letters, kept, sizeof *a->letters, by_code);
    for (uint64_t i = 0; i < kept; i++)
        a->of[a->letters[i].c] = (uint32_t)i + 1;
}

static hone_status add_letters(learner *l, alphabet *a, bool inside, hone_error *err)
{
    for (uint64_t i = 0; i < a->n; i++) {
        letter *x = &a->letters[i];
        char bytes[8] = "##";
        uint32_t number = 0;
        if (inside && !x->inside)
            continue;
        const uint64_t head = inside ? 2 : 0;
        const uint64_t n = head + (uint64_t)utf8proc_encode_char((utf8proc_int32_t)x->c, (utf8proc_uint8_t *)bytes + head);
        HONE_TRY(texts_number(&l->vocabulary, bytes, n, &number, err));
        *(inside ? &x->inside_id : &x->first_id) = (int32_t)number;
    }
    return HONE_OK;
}

static void cut_words(learner *l, const alphabet *a)
{
    int32_t *to = l->symbols;
    for (uint64_t i = 0; i < l->pieces->counted.n; i++) {
        const text *word = &l->pieces->counted.items[i];
        l->words[i] = (cut){.tokens = to, .count = word->count};
        for (uint64_t at = 0; at < word->n;) {
            const bool inside = at > 0;
            const uint32_t place = a->of[next_character(word->bytes, word->n, &at)];
            *to++ = !place ? -1 : inside ? a->letters[place - 1].inside_id : a->letters[place - 1].first_id;
        }
        l->words[i].n = (uint64_t)(to - l->words[i].tokens);
    }
}

static hone_status spell(learner *l, alphabet *a, hone_error *err)
{
    uint64_t bytes = 0;
    if (!a->of)
        return no_memory(err);
    for (uint64_t i = 0; i < l->pieces->counted.n; i++) {
        bytes += l->pieces->counted.items[i].n;
        HONE_TRY(count_letters(a, &l->pieces->counted.items[i], err));
    }
    choose_letters(l, a);
    HONE_TRY(add_letters(l, a, false, err));
    HONE_TRY(add_letters(l, a, true, err));
    l->symbols = hone__calloc(bytes + 1, sizeof *l->symbols);
    l->words = hone__calloc(l->pieces->counted.n + 1, sizeof *l->words);
    if (!l->symbols || !l->words)
        return no_memory(err);
    cut_words(l, a);
    return HONE_OK;
}

/* ---- Pairs ------------------------------------------------------------------------------------------------------- */

static uint32_t *pair_slot(const learner *l, int32_t left, int32_t right)
{
    uint64_t at = mix((uint64_t)(uint32_t)left << 32 | (uint32_t)right) & l->mask;
    for (; l->slots[at]; at = (at + 1) & l->mask) {
        const pair *p = &l->pairs[l->slots[at] - 1];
        if (p->left == left && p->right == right)
            break;
    }
    return &l->slots[at];
}

static hone_status resize_pairs(learner *l, uint64_t places, hone_error *err)
{
    uint32_t *slots = hone__calloc(places, sizeof *slots);
    if (!slots)
        return no_memory(err);
    hone__free(l->slots);
    l->slots = slots;
    l->mask = places - 1;
    for (uint64_t i = 0; i < l->n_pairs; i++)
        *pair_slot(l, l->pairs[i].left, l->pairs[i].right) = (uint32_t)i + 1;
    return HONE_OK;
}

static hone_status find_pair(learner *l, int32_t left, int32_t right, uint32_t *number, hone_error *err)
{
    uint32_t *slot = pair_slot(l, left, right);
    if (!*slot) {
        if (l->n_pairs >= UINT32_MAX - 1)
            return hone_fail(err, HONE_EINVAL, "there are too many distinct pairs of pieces; learn from less text");
        if (2 * l->n_pairs >= l->mask) {
            HONE_TRY(resize_pairs(l, 2 * (l->mask + 1), err));
            slot = pair_slot(l, left, right);
        }
        void *pairs = l->pairs;
        HONE_TRY(reserve(&pairs, l->n_pairs, &l->pairs_cap, sizeof *l->pairs, err));
        l->pairs = pairs;
        l->pairs[l->n_pairs++] = (pair){.left = left, .right = right};
        *slot = (uint32_t)l->n_pairs;
    }
    *number = *slot - 1;
    return HONE_OK;
}

/* One more place, in word number `word`, where the two stand side by side. */
static hone_status raise(learner *l, int32_t left, int32_t right, uint32_t word, hone_error *err)
{
    uint32_t number = 0;
    if (left < 0 || right < 0)
        return HONE_OK;
    HONE_TRY(find_pair(l, left, right, &number, err));
    pair *p = &l->pairs[number];
    if (p->n == 0 || p->words[p->n - 1] != word) {
        void *words = p->words;
        HONE_TRY(reserve(&words, p->n, &p->cap, sizeof *p->words, err));
        p->words = words;
        p->words[p->n++] = word;
    }
    p->count += l->words[word].count;
    if (p->risen != l->merges) {
        void *risen = l->risen;
        HONE_TRY(reserve(&risen, l->n_risen, &l->risen_cap, sizeof *l->risen, err));
        l->risen = risen;
        l->risen[l->n_risen++] = number;
        p->risen = l->merges;
    }
    return HONE_OK;
}

static void lower(const learner *l, int32_t left, int32_t right, uint64_t count)
{
    if (left >= 0 && right >= 0)
        l->pairs[*pair_slot(l, left, right) - 1].count -= count;
}

/* ---- The heap ---------------------------------------------------------------------------------------------------- */

/* Does a come before b? */
static bool before(const learner *l, const candidate *a, const candidate *b)
{
    if (a->count != b->count)
        return a->count > b->count;
    const pair *x = &l->pairs[a->pair], *y = &l->pairs[b->pair];
    const int order = x->left == y->left ? 0 : strcmp(token_text(l, x->left), token_text(l, y->left));
    return order ? order < 0 : strcmp(token_text(l, x->right), token_text(l, y->right)) < 0;
}

static hone_status push(learner *l, candidate c, hone_error *err)
{
    void *heap = l->heap;
    HONE_TRY(reserve(&heap, l->n_heap, &l->heap_cap, sizeof *l->heap, err));
    l->heap = heap;
    uint64_t at = l->n_heap++;
    for (; at > 0 && before(l, &c, &l->heap[(at - 1) / 2]); at = (at - 1) / 2)
        l->heap[at] = l->heap[(at - 1) / 2];
    l->heap[at] = c;
    return HONE_OK;
}

static candidate pop(learner *l)
{
    const candidate top = l->heap[0], last = l->heap[--l->n_heap];
    uint64_t at = 0;
    for (;;) {
        uint64_t child = 2 * at + 1;
        if (child >= l->n_heap)
            break;
        if (child + 1 < l->n_heap && before(l, &l->heap[child + 1], &l->heap[child]))
            child++;
        if (!before(l, &l->heap[child], &last))
            break;
        l->heap[at] = l->heap[child];
        at = child;
    }
    l->heap[at] = last;
    return top;
}

static hone_status push_risen(learner *l, hone_error *err)
{
    for (uint64_t i = 0; i < l->n_risen; i++)
        HONE_TRY(push(l, (candidate){l->pairs[l->risen[i]].count, l->risen[i]}, err));
    l->n_risen = 0;
    return HONE_OK;
}

/* The most frequent pair; false where there is none. */
static hone_status next_pair(learner *l, uint32_t *number, bool *found, hone_error *err)
{
    *found = false;
    while (l->n_heap && !*found) {
        const candidate c = pop(l);
        const uint64_t count = l->pairs[c.pair].count;
        *number = c.pair;
        *found = count > 0 && c.count == count;
        if (count > 0 && c.count > count)
            HONE_TRY(push(l, (candidate){count, c.pair}, err));
    }
    return HONE_OK;
}

/* ---- Merging ----------------------------------------------------------------------------------------------------- */

static hone_status merge_in_word(learner *l, uint32_t number, int32_t left, int32_t right, int32_t merged, hone_error *err)
{
    cut *w = &l->words[number];
    int32_t *t = w->tokens;
    uint64_t to = 0;
    for (uint64_t i = 0; i < w->n; i++, to++) {
        if (t[i] != left || i + 1 == w->n || t[i + 1] != right) {
            t[to] = t[i];
            continue;
        }
        const int32_t previous = to > 0 ? t[to - 1] : -1, next = i + 2 < w->n ? t[i + 2] : -1;
        lower(l, previous, left, w->count);
        lower(l, left, right, w->count);
        lower(l, right, next, w->count);
        t[to] = merged;
        i++;
        HONE_TRY(raise(l, previous, merged, number, err));
        HONE_TRY(raise(l, merged, next, number, err));
    }
    w->n = to;
    return HONE_OK;
}

/* The token that the two make; its text may be in the vocabulary already, made of other parts. */
static hone_status join(learner *l, int32_t left, int32_t right, int32_t *merged, hone_error *err)
{
    const text *a = &l->vocabulary.items[left], *b = &l->vocabulary.items[right];
    uint32_t number = 0;
    char *bytes = hone__malloc(a->n + b->n);
    if (!bytes)
        return no_memory(err);
    memcpy(bytes, a->bytes, a->n);
    memcpy(bytes + a->n, b->bytes + 2, b->n - 2); /* without its "##" */
    hone_status status = texts_number(&l->vocabulary, bytes, a->n + b->n - 2, &number, err);
    hone__free(bytes);
    *merged = status == HONE_OK ? (int32_t)number : -1;
    return status;
}

static hone_status merge(learner *l, uint32_t number, hone_error *err)
{
    const int32_t left = l->pairs[number].left, right = l->pairs[number].right;
    const uint64_t n = l->pairs[number].n;
    int32_t merged = -1;
    l->merges++;
    HONE_TRY(join(l, left, right, &merged, err));
    /* Not a pointer to the pair: new pairs move the array. */
    for (uint64_t i = 0; i < n; i++)
        HONE_TRY(merge_in_word(l, l->pairs[number].words[i], left, right, merged, err));
    return push_risen(l, err);
}

static hone_status count_pairs(learner *l, hone_error *err)
{
    HONE_TRY(resize_pairs(l, 1024, err));
    l->merges = 1;
    for (uint64_t i = 0; i < l->pieces->counted.n; i++)
        for (uint64_t k = 0; k + 1 < l->words[i].n; k++)
            HONE_TRY(raise(l, l->words[i].tokens[k], l->words[i].tokens[k + 1], (uint32_t)i, err));
    return push_risen(l, err);
}

static hone_status learn(learner *l, hone_error *err)
{
    alphabet a = {.of = hone__calloc(CODE_POINTS, sizeof *a.of)};
    hone_status status = spell(l, &a, err);
    hone__free(a.of);
    hone__free(a.letters);
    HONE_TRY(status);
    HONE_TRY(count_pairs(l, err));
    while (l->vocabulary.n < l->rules->vocab_size) {
        uint32_t number = 0;
        bool found;
        HONE_TRY(next_pair(l, &number, &found, err));
        if (!found || l->pairs[number].count < l->rules->min_frequency)
            break;
        HONE_TRY(merge(l, number, err));
    }
    return HONE_OK;
}

/* ---- The whole --------------------------------------------------------------------------------------------------- */

static hone_status add_specials(learner *l, hone_error *err)
{
    uint32_t number = 0;
    for (uint64_t i = 0; i < l->rules->n_specials; i++)
        HONE_TRY(texts_number(&l->vocabulary, l->rules->specials[i], strlen(l->rules->specials[i]), &number, err));
    return HONE_OK;
}

static hone_status copy_tokens(const texts *vocabulary, hone_arena *arena, const char ***tokens, uint64_t *n, hone_error *err)
{
    const char **list = hone_alloc_array(arena, vocabulary->n, sizeof *list);
    if (!list)
        return no_memory(err);
    for (uint64_t i = 0; i < vocabulary->n; i++) {
        list[i] = hone_strdup(arena, vocabulary->items[i].bytes);
        if (!list[i])
            return no_memory(err);
    }
    *tokens = list;
    *n = vocabulary->n;
    return HONE_OK;
}

hone_status hone_pieces_learn(const hone_pieces *pieces, const hone_pieces_rules *rules, hone_arena *arena,
                              const char ***tokens, uint64_t *n, hone_error *err)
{
    if (rules->vocab_size <= rules->n_specials || rules->vocab_size > INT32_MAX)
        return hone_fail(err, HONE_EINVAL,
                         "a vocabulary of %llu tokens was asked for; it must have more than its %llu special tokens, and at "
                         "most %d",
                         (unsigned long long)rules->vocab_size, (unsigned long long)rules->n_specials, INT32_MAX);
    learner l = {.pieces = pieces, .rules = rules};
    hone_status status = texts_init(&l.vocabulary, err);
    if (status == HONE_OK)
        status = add_specials(&l, err);
    if (status == HONE_OK)
        status = learn(&l, err);
    if (status == HONE_OK)
        status = copy_tokens(&l.vocabulary, arena, tokens, n, err);
    learner_clear(&l);
    return status;
}
