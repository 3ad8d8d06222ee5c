/* embed.c - hidden states as vectors.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "train/embed.h"
#include "base/alloc.h"
#include "base/arena.h"
#include "data/encode.h"
#include "data/prepared.h"
#include <hone/words.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_LAYERS = 64 };

/* The hidden states of one batch. */
typedef struct states {
    hone__pass pass;
    const float *layer[MOST_LAYERS]; /* [N, H] each */
    size_t n_layers;
    int64_t hidden;
} states;

/* ---- One batch --------------------------------------------------------------------------------------------------- */

static hone_status find_layer(const hone__embed_setup *setup, states *s, int64_t asked, hone_node **node, hone_error *err)
{
    const hone__network *net = &setup->trained->network;
    const int64_t layers = net->model->layers ? net->model->layers(net->model_self) : 0;
    const int64_t k = asked < 0 ? layers + 1 + asked : asked;
    char name[200];
    if (k < 0 || k > layers)
        return hone_fail(err, HONE_ECONFIG,
                         "there is no layer %lld; model %s has %lld layers: 0 is the embeddings, %lld or -1 the last",
                         (long long)asked, net->model->plugin.name, (long long)layers, (long long)layers);
    if (k)
        snprintf(name, sizeof name, "%s.layer.%lld", net->model->prefix, (long long)k);
    else
        snprintf(name, sizeof name, "%s.embeddings", net->model->prefix);
    *node = k == layers ? s->pass.io.hidden : hone__graph_opened(s->pass.graph, name);
    if (!*node)
        return hone_fail(err, HONE_EUNSUPPORTED, "model %s does not show its %s", net->model->plugin.name, name);
    return HONE_OK;
}

static hone_status run_batch(const hone__embed_setup *setup, const uint64_t *order, uint64_t n, states *s, hone_error *err)
{
    hone__trained *t = setup->trained;
    hone_batch *batch = NULL;
    hone_node *nodes[MOST_LAYERS];
    hone__arena_reset(t->step);
    HONE_TRY(hone__batch_pack(setup->data, order, n, t->step, &batch, err));
    HONE_TRY(hone__pass_build(&s->pass, &t->network, &(hone__pass_setup){.batch = batch, .arena = t->step}, err));
    s->n_layers = setup->n_layers;
    for (size_t i = 0; i < s->n_layers; i++) {
        HONE_TRY(find_layer(setup, s, setup->layers[i], &nodes[i], err));
        hone__graph_keep(s->pass.graph, nodes[i], false);
    }
    HONE_TRY(hone__graph_plan(s->pass.graph, false, NULL, err));
    HONE_TRY(hone__graph_forward(s->pass.graph, &t->block, err));
    for (size_t i = 0; i < s->n_layers; i++)
        s->layer[i] = hone__node_tensor(nodes[i])->data;
    return HONE_OK;
}

/* Adds rows begin .. end-1, each the mean over the layers, to sum[hidden]. */
static void add_rows(const states *s, int64_t begin, int64_t end, double *sum)
{
    for (int64_t row = begin; row < end; row++)
        for (size_t l = 0; l < s->n_layers; l++)
            for (int64_t c = 0; c < s->hidden; c++)
                sum[c] += (double)s->layer[l][row * s->hidden + c] / (double)s->n_layers;
}

static void finish(const hone__embed_setup *setup, const double *sum, double divisor, int64_t n, float *out)
{
    double length = 0;
    for (int64_t c = 0; c < n; c++)
        length += (sum[c] / divisor) * (sum[c] / divisor);
    const double scale = setup->normalize && length > 0 ? 1 / (divisor * sqrt(length)) : 1 / divisor;
    for (int64_t c = 0; c < n; c++)
        out[c] = (float)(sum[c] * scale);
}

/* ---- Vectors of texts and tokens --------------------------------------------------------------------------------- */

typedef struct room {
    double *sum; /* [hidden] */
    float *values;
} room;

static hone_status make_room(const hone__embed_setup *setup, states *s, room *r, hone_error *err)
{
    s->hidden = setup->trained->facts.hidden;
    r->sum = hone_alloc_array(setup->trained->arena, (size_t)s->hidden, sizeof *r->sum);
    r->values = hone_alloc_array(setup->trained->arena, (size_t)s->hidden, sizeof *r->values);
    if (setup->n_layers == 0 || setup->n_layers > MOST_LAYERS)
        return hone_fail(err, HONE_ECONFIG, "%zu layers are asked for; 1 to %d can be", setup->n_layers, MOST_LAYERS);
    return r->sum && r->values ? HONE_OK : hone_no_memory(err, "embedding");
}

static hone_status give(const hone__embed_setup *setup, const states *s, const room *r, const char *id, const char *word,
                        int64_t begin, int64_t end, hone_error *err)
{
    const hone__embedding e = {.id = id, .word = word, .count = 1, .values = r->values, .n = s->hidden};
    memset(r->sum, 0, (size_t)s->hidden * sizeof *r->sum);
    add_rows(s, begin, end, r->sum);
    finish(setup, r->sum, (double)(end - begin), s->hidden, r->values);
    return setup->take(setup->ctx, &e, err);
}

static const char *token_text(const hone__trained *t, int32_t id)
{
    const char *text = t->preparer.tokenizer ? t->preparer.tokenizer->token(t->preparer.tokenizer_self, id) : NULL;
    return text ? text : "?";
}

static hone_status give_example(const hone__embed_setup *setup, const states *s, const room *r, uint64_t at, hone_error *err)
{
    const hone__trained *t = setup->trained;
    const hone_batch *batch = s->pass.batch;
    const int32_t *sequences = hone_batch_example_starts(batch), *starts = hone_batch_starts(batch);
    const int64_t begin = starts[sequences[at]], end = starts[sequences[at + 1]];
    const hone_tensor *ids = hone_batch_field(batch, "ids", NULL);
    const char *id = hone_example_id(hone_corpus_at(hone__prepared_corpus(setup->data), hone__batch_example(batch, at)));
    if (setup->pooling != HONE__EMBED_NONE)
        return give(setup, s, r, id, NULL, begin, setup->pooling == HONE__EMBED_CLS ? begin + 1 : end, err);
    for (int64_t row = begin; row < end; row++)
        HONE_TRY(give(setup, s, r, id, ids ? token_text(t, ((const int32_t *)ids->data)[row]) : "?", row, row + 1, err));
    return HONE_OK;
}

/* Calls fn for every example, batch after batch, in the order of the corpus. */
static hone_status each_example(const hone__embed_setup *setup, states *s,
                                hone_status (*fn)(void *ctx, states *s, uint64_t at, hone_error *err), void *ctx,
                                hone_error *err)
{
    const uint64_t all = hone_corpus_count(hone__prepared_corpus(setup->data));
    hone__division batches;
    HONE_TRY(hone__divide_in_order(setup->trained->arena, setup->data, setup->trained->bounds, &batches, err));
    for (uint64_t i = 0; i < batches.n; i++) {
        const uint64_t first = batches.starts[i], n = batches.starts[i + 1] - first;
        HONE_TRY(run_batch(setup, batches.order + first, n, s, err));
        for (uint64_t k = 0; k < n; k++)
            HONE_TRY(fn(ctx, s, k, err));
        if (setup->progress)
            setup->progress(setup->progress_ctx, first + n, all);
    }
    return HONE_OK;
}

typedef struct giving {
    const hone__embed_setup *setup;
    room room;
} giving;

static hone_status give_each(void *ctx, states *s, uint64_t at, hone_error *err)
{
    const giving *g = ctx;
    return give_example(g->setup, s, &g->room, at, err);
}

hone_status hone__embed(const hone__embed_setup *setup, hone_error *err)
{
    giving g = {.setup = setup};
    states s = {0};
    HONE_TRY(make_room(setup, &s, &g.room, err));
    return each_example(setup, &s, give_each, &g, err);
}

uint64_t hone__embed_count(const hone__embed_setup *setup)
{
    const hone__prepared_stats *stats = hone__prepared_stats_of(setup->data);
    return setup->pooling == HONE__EMBED_NONE ? stats->tokens : stats->examples;
}

/* ---- Words ------------------------------------------------------------------------------------------------------- */

typedef struct word_entry {
    char *text; /* NULL: free */
    double *sum;
    uint64_t count;
} word_entry;

/* A word of one text: where it stands. */
typedef struct occurrence {
    uint64_t first, last;
    char *text;
} occurrence;

typedef struct collecting {
    const hone__embed_setup *setup;
    hone_arena *words_arena; /* entries, until the end */
    hone_arena *arena;       /* of one example */
    hone_arena *scratch_arena;
    const hone_words *words;
    void *scratch;
    double *sum; /* [hidden] */
    int64_t hidden;
    word_entry *entries; /* [size], a power of two */
    size_t size, n;
    occurrence *found; /* of one text */
    size_t n_found, cap_found;
} collecting;

static size_t slot_of(const word_entry *entries, size_t size, const char *text)
{
    size_t at = (size_t)hone_scope_hash(text) & (size - 1);
    while (entries[at].text && strcmp(entries[at].text, text) != 0)
        at = (at + 1) & (size - 1);
    return at;
}

static bool grow(collecting *c)
{
    const size_t size = c->size ? 2 * c->size : 4096;
    word_entry *entries = hone__calloc(size, sizeof *entries);
    if (!entries)
        return false;
    for (size_t i = 0; i < c->size; i++)
        if (c->entries[i].text)
            entries[slot_of(entries, size, c->entries[i].text)] = c->entries[i];
    hone__free(c->entries);
    c->entries = entries;
    c->size = size;
    return true;
}

static word_entry *entry_of(collecting *c, const char *text)
{
    if (2 * (c->n + 1) > c->size && !grow(c))
        return NULL;
    word_entry *e = &c->entries[slot_of(c->entries, c->size, text)];
    if (e->text)
        return e;
    char *copy = hone_strdup(c->words_arena, text);
    e->sum = hone_alloc_array(c->words_arena, (size_t)c->hidden, sizeof *e->sum);
    if (!copy || !e->sum)
        return NULL;
    e->text = copy;
    c->n++;
    return e;
}

static hone_status note_word(void *ctx, const hone_word *word, hone_error *err)
{
    collecting *c = ctx;
    if (!word->bytes)
        return HONE_OK;
    if (c->n_found == c->cap_found) {
        const size_t cap = c->cap_found ? 2 * c->cap_found : 64;
        occurrence *grown = hone__realloc(c->found, cap * sizeof *grown);
        if (!grown)
            return hone_no_memory(err, "collecting words");
        c->found = grown;
        c->cap_found = cap;
    }
    char *text = hone_strndup(c->arena, word->bytes, (size_t)word->n);
    if (!text)
        return hone_no_memory(err, "collecting words");
    c->found[c->n_found++] = (occurrence){word->first, word->last, text};
    return HONE_OK;
}

/* Rows of the batch that belong to tokens of one piece, in the order of the text. */
typedef struct piece_rows {
    uint64_t n;
    uint64_t *begin; /* [n] byte where the token begins */
    int64_t *row;    /* [n] */
} piece_rows;

static hone_status rows_of_piece(collecting *c, const hone_sequence *q, const hone_tokens *tokens, int32_t piece, int64_t first,
                                 piece_rows *out, hone_error *err)
{
    out->n = 0;
    out->begin = hone_alloc_array(c->arena, (size_t)q->n, sizeof *out->begin);
    out->row = hone_alloc_array(c->arena, (size_t)q->n, sizeof *out->row);
    if (!out->begin || !out->row)
        return hone_no_memory(err, "collecting words");
    for (uint64_t i = 0; i < q->n; i++) {
        if (q->piece[i] != piece)
            continue;
        out->begin[out->n] = tokens->begin[q->token[i]];
        out->row[out->n++] = first + (int64_t)i;
    }
    return HONE_OK;
}

/* A token belongs to the word that it begins in. */
static hone_status add_words(collecting *c, const states *s, const char *text, size_t n, const piece_rows *rows,
                             hone_error *err)
{
    uint64_t at = 0;
    c->n_found = 0;
    HONE_TRY(hone_words_each(c->words, c->scratch, text, 0, n, note_word, c, err));
    for (size_t w = 0; w < c->n_found; w++) {
        const occurrence *o = &c->found[w];
        int64_t used = 0;
        memset(c->sum, 0, (size_t)c->hidden * sizeof *c->sum);
        while (at < rows->n && rows->begin[at] < o->first)
            at++;
        for (; at < rows->n && rows->begin[at] < o->last; at++, used++)
            add_rows(s, rows->row[at], rows->row[at] + 1, c->sum);
        if (used == 0)
            continue;
        word_entry *e = entry_of(c, o->text);
        if (!e)
            return hone_no_memory(err, "collecting words");
        for (int64_t k = 0; k < c->hidden; k++)
            e->sum[k] += c->sum[k] / (double)used;
        e->count++;
    }
    return HONE_OK;
}

static hone_status encode(collecting *c, const hone_example *example, const char *field, hone_tokens *tokens, const char **text,
                          size_t *n, hone_error *err)
{
    const hone__preparer *p = &c->setup->trained->preparer;
    const hone__encoder encoder = {p->tokenizer, p->tokenizer_self, &p->info, c->arena, c->scratch_arena};
    *text = hone_example_text(example, field, n);
    return *text ? hone__encode_text(&encoder, *text, *n, tokens, err) : HONE_OK;
}

/* The texts are cut into tokens once more, because batches do not keep where tokens stood. */
static hone_status collect_example(void *ctx, states *s, uint64_t at, hone_error *err)
{
    collecting *c = ctx;
    const hone__preparer *p = &c->setup->trained->preparer;
    const hone_batch *batch = s->pass.batch;
    const hone_example *example = hone_corpus_at(hone__prepared_corpus(c->setup->data), hone__batch_example(batch, at));
    const int32_t *sequences = hone_batch_example_starts(batch), *starts = hone_batch_starts(batch);
    const int64_t first = starts[sequences[at]], end = starts[sequences[at + 1]];
    hone_tokens tokens[2];
    const char *text[2];
    size_t n[2];
    hone_sequence q;
    piece_rows rows;
    hone__arena_reset(c->arena);
    HONE_TRY(encode(c, example, "text", &tokens[0], &text[0], &n[0], err));
    HONE_TRY(encode(c, example, "text_pair", &tokens[1], &text[1], &n[1], err));
    if (!text[0])
        return hone_fail(err, HONE_EUNSUPPORTED, "example %s has no field text", hone_example_id(example));
    HONE_TRY(hone__sequence_make(&p->info, p->tokenizer->plugin.name, &tokens[0], text[1] ? &tokens[1] : NULL, -1,
                                 p->max_length, c->arena, &q, err));
    if ((int64_t)q.n != end - first)
        return hone_fail(err, HONE_EPLUGIN, "tokenizer %s does not give the same tokens twice", p->tokenizer->plugin.name);
    for (int32_t piece = 0; piece < 2 && text[piece]; piece++) {
        HONE_TRY(rows_of_piece(c, &q, &tokens[piece], piece, first, &rows, err));
        HONE_TRY(add_words(c, s, text[piece], n[piece], &rows, err));
    }
    return HONE_OK;
}

static int by_count(const void *a, const void *b)
{
    const word_entry *x = a, *y = b;
    if (x->count != y->count)
        return x->count < y->count ? 1 : -1;
    return x->text && y->text ? strcmp(x->text, y->text) : 0;
}

static hone_status begin_words(collecting *c, bool lowercase, hone_error *err)
{
    const hone_word_rules rules = {.size = sizeof rules, .lowercase = lowercase, .chinese_alone = true, .max_chars = 1000};
    c->words_arena = hone__arena_create(0);
    c->arena = hone__arena_create(0);
    c->scratch_arena = hone__arena_create(0);
    c->hidden = c->setup->trained->facts.hidden;
    if (!c->words_arena || !c->arena || !c->scratch_arena)
        return hone_no_memory(err, "collecting words");
    if (!c->setup->trained->preparer.tokenizer)
        return hone_fail(err, HONE_EUNSUPPORTED, "the model has no tokenizer, so there are no words");
    HONE_TRY(hone_words_create(c->words_arena, &rules, &c->words, err));
    c->scratch = hone_alloc(c->words_arena, (size_t)hone_words_scratch(c->words));
    c->sum = hone_alloc_array(c->words_arena, (size_t)c->hidden, sizeof *c->sum);
    return c->scratch && c->sum && grow(c) ? HONE_OK : hone_no_memory(err, "collecting words");
}

static hone_status give_words(collecting *c, float *values, hone_error *err)
{
    qsort(c->entries, c->size, sizeof *c->entries, by_count); /* free ones, of count 0, go to the end */
    for (size_t i = 0; i < c->n; i++) {
        const word_entry *w = &c->entries[i];
        finish(c->setup, w->sum, (double)w->count, c->hidden, values);
        HONE_TRY(c->setup->take(c->setup->ctx,
                                &(hone__embedding){.word = w->text, .count = w->count, .values = values, .n = c->hidden}, err));
    }
    return HONE_OK;
}

static hone_status collect(collecting *c, bool lowercase, uint64_t *n_words, hone_error *err)
{
    states s = {0};
    room r;
    HONE_TRY(begin_words(c, lowercase, err));
    HONE_TRY(make_room(c->setup, &s, &r, err));
    HONE_TRY(each_example(c->setup, &s, collect_example, c, err));
    *n_words = c->n;
    return give_words(c, r.values, err);
}

hone_status hone__embed_words(const hone__embed_setup *setup, bool lowercase, uint64_t *n_words, hone_error *err)
{
    collecting c = {.setup = setup};
    const hone_status status = collect(&c, lowercase, n_words, err);
    hone__free(c.entries);
    hone__free(c.found);
    hone__arena_destroy(c.scratch_arena);
    hone__arena_destroy(c.arena);
    hone__arena_destroy(c.words_arena);
    return status;
}
