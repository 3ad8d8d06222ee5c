/* tag_head.c - words to items of a batch and back, for heads that tag words.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/tag_head.h>

/* ---- Windows ----------------------------------------------------------------------------------------------------- */

/* Tokens begin .. end-1 of a sentence; both are borders of words, but where one word is longer than a window. */
typedef struct window {
    uint64_t begin, end;
} window;

typedef struct preparing {
    const hone_prepare *in;
    const int32_t *others;
    hone_sequences *out;
    hone_tokens tokens;
    const hone_answer *gold;
    window *windows; /* [n_windows] */
    uint64_t n_windows;
} preparing;

/* The first token of the word that token i belongs to, and of the next word. */
static uint64_t word_begin(const hone_tokens *t, uint64_t i)
{
    while (i > 0 && t->word[i - 1] == t->word[i])
        i--;
    return i;
}

static uint64_t word_end(const hone_tokens *t, uint64_t i)
{
    const int64_t word = t->word[i];
    while (i < t->n && t->word[i] == word)
        i++;
    return i;
}

static window window_at(const hone_tokens *t, uint64_t begin, uint64_t room)
{
    uint64_t end = begin + room;
    if (end >= t->n)
        return (window){begin, t->n};
    const uint64_t border = word_begin(t, end);
    return (window){begin, border > begin ? border : end};
}

/* Where the window behind w begins: at a word, so many tokens on, and no later than w ends. */
static uint64_t next_begin(const hone_tokens *t, const window *w, uint64_t stride)
{
    uint64_t begin = w->begin + stride < w->end ? w->begin + stride : w->end;
    if (begin < w->end && word_begin(t, begin) != begin)
        begin = word_end(t, begin);
    return begin < w->end ? begin : w->end;
}

static hone_status lay_windows(preparing *p, uint64_t room, int64_t stride, hone_error *err)
{
    const hone_tokens *t = &p->tokens;
    const uint64_t most =
        stride > 0 && t->n > room ? t->n / (uint64_t)(stride < (int64_t)room ? stride : (int64_t)room) + 2 : 1;
    p->windows = hone_alloc_array(p->in->arena, most, sizeof *p->windows);
    if (!p->windows)
        return hone_no_memory(err, "laying windows");
    if (most == 1) {
        p->windows[p->n_windows++] = (window){0, t->n}; /* cut where it is too long */
        return HONE_OK;
    }
    for (uint64_t begin = 0; begin < t->n && p->n_windows < most;) {
        const window w = window_at(t, begin, room);
        p->windows[p->n_windows++] = w;
        begin = w.end == t->n ? t->n : next_begin(t, &w, (uint64_t)stride);
    }
    return HONE_OK;
}

/* The window that sees most on both sides of the word at tokens begin .. end-1; of equal ones the first. */
static uint64_t owner_of(const preparing *p, uint64_t begin, uint64_t end)
{
    uint64_t best = 0, most = 0;
    for (uint64_t k = 0; k < p->n_windows; k++) {
        const window *w = &p->windows[k];
        if (begin < w->begin || begin >= w->end)
            continue;
        const uint64_t left = begin - w->begin, right = w->end > end ? w->end - end : 0;
        const uint64_t seen = 1 + (left < right ? left : right);
        if (seen > most) {
            most = seen;
            best = k;
        }
    }
    return best;
}

/* ---- Items ------------------------------------------------------------------------------------------------------- */

typedef struct items {
    int64_t *rows, *numbers;
    int32_t *labels;
    int32_t n;
} items;

static void add_item(items *it, uint64_t row, int64_t number, int32_t label)
{
    it->rows[it->n] = (int64_t)row;
    it->numbers[it->n] = number;
    it->labels[it->n++] = label;
}

/* The words of the sequence that belong to window k. */
static void collect(const preparing *p, const hone_sequence *s, uint64_t k, items *it)
{
    const hone_tokens *t = &p->tokens;
    for (uint64_t i = 0; i < s->n; i++) {
        if (s->piece[i] != 0)
            continue;
        const uint64_t at = p->windows[k].begin + (uint64_t)s->token[i], begin = word_begin(t, at);
        const int64_t word = t->word[at];
        const int32_t label = p->gold ? p->gold->labels[word] : -1;
        if (p->n_windows > 1 && owner_of(p, begin, word_end(t, at)) != k)
            continue;
        if (at == begin)
            add_item(it, i, word, label);
        else if (p->others)
            add_item(it, i, -1, label >= 0 ? p->others[label] : -1);
    }
    if (it->n == 0)
        add_item(it, 0, -1, -1);
}

static hone_status add_fields(const preparing *p, const items *it, hone_error *err)
{
    const hone_shape shape = hone_shape_1(it->n);
    int32_t count = it->n;
    const hone_tensor rows = {.data = it->rows, .dtype = HONE_I64, .shape = shape};
    const hone_tensor numbers = {.data = it->numbers, .dtype = HONE_I64, .shape = shape};
    const hone_tensor labels = {.data = it->labels, .dtype = HONE_I32, .shape = shape};
    const hone_tensor counts = {.data = &count, .dtype = HONE_I32, .shape = hone_shape_1(1)};
    HONE_TRY(hone_sequence_field(p->out, "word_rows", HONE_PER_ITEM, &rows, err));
    HONE_TRY(hone_sequence_field(p->out, "word_numbers", HONE_PER_ITEM, &numbers, err));
    HONE_TRY(hone_sequence_field(p->out, "word_labels", HONE_PER_ITEM, &labels, err));
    return hone_sequence_field(p->out, "word_counts", HONE_PER_SEQUENCE, &counts, err);
}

static hone_status add_window(const preparing *p, uint64_t k, hone_error *err)
{
    const window *w = &p->windows[k];
    hone_tokens tokens = p->tokens;
    hone_sequence s = {.size = sizeof s};
    tokens.ids += w->begin;
    tokens.begin += w->begin;
    tokens.end += w->begin;
    tokens.word += w->begin;
    tokens.n = w->end - w->begin;
    HONE_TRY(hone_sequence_add(p->out, &tokens, NULL, -1, &s, err));
    items it = {hone_alloc_array(p->in->arena, s.n + 1, sizeof *it.rows),
                hone_alloc_array(p->in->arena, s.n + 1, sizeof *it.numbers),
                hone_alloc_array(p->in->arena, s.n + 1, sizeof *it.labels), 0};
    if (!it.rows || !it.numbers || !it.labels)
        return hone_no_memory(err, "preparing words");
    collect(p, &s, k, &it);
    return add_fields(p, &it, err);
}

hone_status hone_tag_prepare(const hone_prepare *in, int64_t window_stride, const int32_t *others, hone_sequences *out,
                             hone_error *err)
{
    uint64_t n_words = 0;
    const char *const *words = hone_example_texts(in->example, "words", &n_words);
    preparing p = {.in = in, .others = others, .out = out, .gold = hone_example_gold(in->example)};
    if (!words || hone_example_has(in->example, "words") != HONE_FIELD_WORDS)
        return hone_fail(err, HONE_EINVAL, "the example has no field words, which heads that tag words read");
    if (p.gold && (p.gold->n != n_words || !p.gold->labels))
        return hone_fail(err, HONE_EINVAL, "the example has %llu words and %llu tags", (unsigned long long)n_words,
                         (unsigned long long)p.gold->n);
    HONE_TRY(hone_encode_words(out, words, n_words, &p.tokens, err));
    const uint64_t special = in->tokenizer->n_single ? in->tokenizer->n_single - 1 : 0;
    const uint64_t room =
        in->max_length > special ? in->max_length - special : UINT64_MAX; /* 0: of any length; less: an error there */
    HONE_TRY(lay_windows(&p, room, window_stride, err));
    for (uint64_t k = 0; k < p.n_windows; k++)
        HONE_TRY(add_window(&p, k, err));
    return HONE_OK;
}

/* ---- Scores and words -------------------------------------------------------------------------------------------- */

/* Dropout runs over all tokens, so that a mask does not depend on how a step is cut into micro-batches. */
hone_node *hone_tag_scores(hone_graph *g, const hone_head_io *io, int64_t n_labels, double dropout, double initializer_range)
{
    const hone_init init = {.kind = HONE_INIT_NORMAL, .scale = initializer_range};
    hone_node *x = hone_dropout(g, "classifier.dropout", io->hidden, io->in->starts, dropout),
              *rows = hone_input(g, io->in, "word_rows");
    if (!rows)
        rows = hone_graph_fail(g, HONE_EPLUGIN, "the batch has no field word_rows, which hone_tag_prepare() makes");
    hone_node *scores = hone_linear(g, "classifier", hone_gather(g, x, rows), n_labels, init);
    hone_head_scores(g, io, "scores", HONE_PER_ITEM, scores);
    return scores;
}

hone_status hone_tag_answer(const hone_decode *in, hone_answer *answer, int32_t **labels, const int64_t **numbers, uint64_t *n,
                            hone_error *err)
{
    uint64_t n_words = 0;
    const int32_t *starts = NULL;
    const hone_tensor *field = hone_batch_field(in->batch, "word_numbers", &starts);
    if (!field || !starts || !hone_example_texts(in->example, "words", &n_words))
        return hone_fail(err, HONE_EPLUGIN, "the batch has no field word_numbers, which hone_tag_prepare() makes");
    *labels = hone_alloc_array(in->arena, n_words, sizeof **labels);
    if (!*labels)
        return hone_no_memory(err, "decoding tags");
    for (uint64_t i = 0; i < n_words; i++)
        (*labels)[i] = -1;
    *answer = hone_answer_of(HONE_TARGET_TAGS);
    answer->labels = *labels;
    answer->n = n_words;
    const int32_t first = starts[in->first_sequence];
    *numbers = (const int64_t *)field->data + first;
    *n = (uint64_t)(starts[in->first_sequence + in->n_sequences] - first);
    return HONE_OK;
}
