/* pretraining.c - masked language model and next sentence prediction, alone or together: three heads and a task for each.
 *
 * Sequences are made anew each epoch from counters: which tokens are masked, where a passage is cut in two, and whether its second
 * half is its own or of another document. In evaluation they are the same every time.
 * Source: Devlin et al. 2019 (BERT), section 3.1 and appendix A.1; Transformers, BertForPreTraining.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>
#include <hone/task.h>
#include <hone/words.h>

#include <math.h>
#include <string.h>

/* ---- Parameters -------------------------------------------------------------------------------------------------- */

typedef struct params {
    double mlm_probability, mask_replace_prob, random_replace_prob;
    bool whole_word_mask;
    double initializer_range;
} params;

#define MASK_ROWS                                                                                                              \
    HONE_PARAM_REAL(params, mlm_probability, .def_real = 0.15, .max_real = 1, .flags = HONE_OPEN_MIN, .unit = "1",             \
                    .help = "share of a sequence's tokens that are predicted", .source = "Devlin et al. 2019, section 3.1"),   \
        HONE_PARAM_REAL(params, mask_replace_prob, .def_real = 0.8, .max_real = 1, .unit = "1",                                \
                        .help = "share of these that become [MASK]", .source = "Devlin et al. 2019, section 3.1"),             \
        HONE_PARAM_REAL(params, random_replace_prob, .def_real = 0.1, .max_real = 1, .unit = "1",                              \
                        .help = "share of these that become any token; the rest stay what they are",                           \
                        .source = "Devlin et al. 2019, section 3.1"),                                                          \
        HONE_PARAM_BOOL(params, whole_word_mask, .help = "mask all pieces of a word or none",                                  \
                        .source = "BERT's whole word masking models")
#define NEW_WEIGHTS                                                                                                            \
    HONE_PARAM_REAL(params, initializer_range, .def_real = 0.02, .max_real = 10, .unit = "1",                                  \
                    .help = "standard deviation of the head's new weights", .source = "Transformers, BertConfig")

static const hone_param masked_rows[] = {MASK_ROWS, NEW_WEIGHTS};
static const hone_param next_rows[] = {NEW_WEIGHTS};

typedef struct state {
    bool masks, pairs; /* what it does */
    hone_head_setup setup;
    const hone_words *words; /* for whole_word_mask */
} state;

static hone_status create(const hone_self *self, const hone_head_setup *setup, bool masks, bool pairs, hone_error *err)
{
    const params *p = self->params;
    state *s = self->state;
    const hone_tokenizer_info *tokenizer = setup->facts->tokenizer;
    *s = (state){.masks = masks, .pairs = pairs, .setup = *setup};
    if (!tokenizer)
        return hone_fail(err, HONE_EINVAL, "head %s needs a model that reads text", self->plugin->name);
    if (masks && tokenizer->mask < 0)
        return hone_fail(err, HONE_EINVAL, "head %s: the tokenizer has no mask token", self->plugin->name);
    if (masks && !setup->model->word_embeddings)
        return hone_fail(err, HONE_EINVAL, "head %s: model %s has no word embeddings to tie the decoder to", self->plugin->name,
                         setup->model->plugin.name);
    if (masks && p->mask_replace_prob + p->random_replace_prob > 1)
        return hone_fail(err, HONE_ECONFIG,
                         "head.mask_replace_prob and head.random_replace_prob are %g and %g; together at most 1",
                         p->mask_replace_prob, p->random_replace_prob);
    if (pairs && !setup->model->pool)
        return hone_fail(err, HONE_EINVAL, "head %s: model %s has no pooler", self->plugin->name, setup->model->plugin.name);
    if (!masks || !p->whole_word_mask)
        return HONE_OK;
    /* Words as BERT cuts them, whatever the case. */
    const hone_word_rules rules = {.size = sizeof rules, .chinese_alone = true, .max_chars = 100};
    return hone_words_create(self->trial, &rules, &s->words, err);
}

static hone_status create_masked(const hone_self *self, const hone_head_setup *setup, hone_error *err)
{
    return create(self, setup, true, false, err);
}

static hone_status create_next(const hone_self *self, const hone_head_setup *setup, hone_error *err)
{
    return create(self, setup, false, true, err);
}

static hone_status create_both(const hone_self *self, const hone_head_setup *setup, hone_error *err)
{
    return create(self, setup, true, true, err);
}

/* ---- Random numbers ---------------------------------------------------------------------------------------------- */

/* What is drawn for one example, each from numbers of its own. */
typedef enum purpose { FOR_PAIR, FOR_ORDER, FOR_CHANGE, FOR_TOKEN } purpose;

static uint64_t numbers(const hone_prepare *in, purpose what)
{
    return (uint64_t)what << 56 | in->index;
}

/* ---- Masks ------------------------------------------------------------------------------------------------------- */

/* Tokens of the pieces of a sequence: who belongs to whose word. */
typedef struct unit {
    uint64_t first, n; /* positions of the sequence */
} unit;

/* The word that byte `at` of a text belongs to. */
typedef struct word_ends {
    uint64_t *end; /* [n] bytes */
    uint64_t n, cap;
} word_ends;

static hone_status note_word(void *ctx, const hone_word *word, hone_error *err)
{
    word_ends *w = ctx;
    (void)err;
    if (w->n < w->cap)
        w->end[w->n++] = word->last;
    return HONE_OK;
}

/* The ends of all words of a text; a word has at least one byte. */
static hone_status find_words(const state *s, const hone_prepare *in, const char *text, size_t n, word_ends *w, hone_error *err)
{
    void *scratch = hone_alloc(in->arena, hone_words_scratch(s->words));
    *w = (word_ends){.end = hone_alloc_array(in->arena, n + 1, sizeof *w->end), .cap = n + 1};
    if (!scratch || !w->end)
        return hone_no_memory(err, "finding words to mask");
    return hone_words_each(s->words, scratch, text, 0, n, note_word, w, err);
}

/* A text of the sequence, and its tokens. */
typedef struct part {
    const char *text;
    size_t n;
    hone_tokens tokens;
} part;

static bool same_word(const word_ends *w, uint64_t a, uint64_t b)
{
    uint64_t low = 0, high = w->n; /* the first end behind a */
    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        if (w->end[middle] > a)
            high = middle;
        else
            low = middle + 1;
    }
    return low < w->n && b < w->end[low];
}

/* What is masked together: single tokens, or the pieces of a word. */
static hone_status find_units(const state *s, const hone_prepare *in, const part parts[2], const hone_sequence *q, unit *units,
                              uint64_t *n, hone_error *err)
{
    word_ends words[2] = {{0}, {0}};
    *n = 0;
    for (int i = 0; s->words && i < 2; i++)
        if (parts[i].text)
            HONE_TRY(find_words(s, in, parts[i].text, parts[i].n, &words[i], err));
    for (uint64_t i = 0; i < q->n; i++) {
        if (q->piece[i] < 0)
            continue;
        const bool follows = s->words && i > 0 && q->piece[i - 1] == q->piece[i];
        const uint64_t *begin = parts[q->piece[i]].tokens.begin;
        if (follows && same_word(&words[q->piece[i]], begin[q->token[i - 1]], begin[q->token[i]]))
            units[*n - 1].n++;
        else
            units[(*n)++] = (unit){i, 1};
    }
    return HONE_OK;
}

/* Marks the tokens to predict: as many as mlm_probability says, at least one; of whole words, those in drawn order that still fit. */
static hone_status choose(const state *s, const params *p, const hone_prepare *in, const part parts[2], const hone_sequence *q,
                          bool *chosen, uint64_t *n_chosen, hone_error *err)
{
    unit *units = hone_alloc_array(in->arena, q->n, sizeof *units);
    uint64_t *order = hone_alloc_array(in->arena, q->n, sizeof *order), n, tokens = 0;
    if (!units || !order)
        return hone_no_memory(err, "choosing tokens to mask");
    HONE_TRY(find_units(s, in, parts, q, units, &n, err));
    for (uint64_t u = 0; u < n; u++) {
        order[u] = u;
        tokens += units[u].n;
    }
    hone_random_shuffle(in->random, numbers(in, FOR_ORDER), order, n);
    const uint64_t share = (uint64_t)floor(p->mlm_probability * (double)tokens + 0.5), wanted = share ? share : 1;
    *n_chosen = 0;
    for (uint64_t k = 0; k < n && *n_chosen < wanted; k++) {
        const unit *u = &units[order[k]];
        if (*n_chosen && *n_chosen + u->n > wanted)
            continue;
        for (uint64_t i = 0; i < u->n; i++)
            chosen[u->first + i] = true;
        *n_chosen += u->n;
    }
    return HONE_OK;
}

static int32_t replaced(const params *p, const hone_prepare *in, uint64_t position, int32_t id)
{
    const double u = hone_random_uniform(in->random, numbers(in, FOR_CHANGE), position);
    if (u < p->mask_replace_prob)
        return in->tokenizer->mask;
    if (u < p->mask_replace_prob + p->random_replace_prob)
        return (int32_t)hone_random_below(in->random, numbers(in, FOR_TOKEN), position, (uint64_t)in->tokenizer->vocabulary);
    return id;
}

static hone_status mask(const hone_self *self, const hone_prepare *in, const part parts[2], const hone_sequence *q,
                        hone_sequences *out, hone_error *err)
{
    const params *p = self->params;
    int32_t *ids = hone_alloc_array(in->arena, q->n, sizeof *ids), *gold = hone_alloc_array(in->arena, q->n, sizeof *gold);
    int64_t *rows = hone_alloc_array(in->arena, q->n, sizeof *rows), n = 0;
    bool *chosen = hone_alloc_array(in->arena, q->n, sizeof *chosen);
    uint64_t n_chosen;
    if (!ids || !gold || !rows || !chosen)
        return hone_no_memory(err, "masking a sequence");
    HONE_TRY(choose(self->state, p, in, parts, q, chosen, &n_chosen, err));
    for (uint64_t i = 0; i < q->n; i++) {
        ids[i] = q->ids[i];
        if (!chosen[i])
            continue;
        rows[n] = (int64_t)i;
        gold[n++] = ids[i];
        ids[i] = replaced(p, in, i, ids[i]);
    }
    const hone_tensor of_rows = {.data = rows, .dtype = HONE_I64, .shape = hone_shape_1(n)};
    const hone_tensor of_gold = {.data = gold, .dtype = HONE_I32, .shape = hone_shape_1(n)};
    HONE_TRY(hone_sequence_set_ids(out, ids, q->n, err));
    HONE_TRY(hone_sequence_field(out, "masked_rows", HONE_PER_ITEM, &of_rows, err));
    return hone_sequence_field(out, "masked_ids", HONE_PER_ITEM, &of_gold, err);
}

/* ---- Pairs ------------------------------------------------------------------------------------------------------- */

enum { NEXT, RANDOM };
static const char *const relations[] = {"next", "random", NULL};

/* The byte where line `line` of a text begins. */
static size_t line_begin(const char *text, size_t n, uint64_t line)
{
    size_t at = 0;
    for (; line > 0 && at < n; at++)
        line -= text[at] == '\n';
    return at;
}

static uint64_t count_lines(const char *text, size_t n)
{
    uint64_t lines = 1;
    for (size_t i = 0; i < n; i++)
        lines += text[i] == '\n';
    return lines;
}

/* A passage cut between two of its lines, drawn as number `draw`; one of a single line has no first half. */
static void cut(const hone_prepare *in, const hone_example *e, uint64_t draw, part *first, part *second)
{
    size_t n;
    const char *text = hone_example_text(e, "text", &n);
    const uint64_t lines = text ? count_lines(text, n) : 0;
    const uint64_t line = lines > 1 ? 1 + hone_random_below(in->random, numbers(in, FOR_PAIR), draw, lines - 1) : 0;
    const size_t at = text ? line_begin(text, n, line) : 0;
    *first = (part){.text = text, .n = at ? at - 1 : 0};
    *second = (part){.text = text + at, .n = n - at};
}

/* An example of another document; NULL where there is none. Draws 16 times, then takes the next one that will do. */
static const hone_example *elsewhere(const hone_prepare *in)
{
    const uint64_t n = hone_corpus_count(in->corpus), own = hone_example_group(in->example);
    uint64_t i = in->index;
    for (uint64_t draw = 0; draw < 16; draw++) {
        i = hone_random_below(in->random, numbers(in, FOR_PAIR), 8 + draw, n);
        if (hone_example_group(hone_corpus_at(in->corpus, i)) != own)
            return hone_corpus_at(in->corpus, i);
    }
    for (uint64_t k = 0; k < n; k++) {
        const hone_example *e = hone_corpus_at(in->corpus, (i + k) % n);
        if (hone_example_group(e) != own)
            return e;
    }
    return NULL;
}

/* The two halves of a sequence. Where a passage is a single sentence, the next passage of the document follows it, if there is one. */
static hone_status make_pair(const hone_prepare *in, part parts[2], int32_t *relation, hone_error *err)
{
    part unused;
    const hone_example *other = NULL;
    *relation = hone_random_uniform(in->random, numbers(in, FOR_PAIR), 0) < 0.5 ? NEXT : RANDOM;
    cut(in, in->example, 2, &parts[0], &parts[1]);
    if (parts[0].n == 0) {
        const hone_example *next =
            in->index + 1 < hone_corpus_count(in->corpus) ? hone_corpus_at(in->corpus, in->index + 1) : NULL;
        parts[0] = parts[1];
        if (next && hone_example_group(next) == hone_example_group(in->example))
            cut(in, next, 4, &unused, &parts[1]);
        else
            *relation = RANDOM;
    }
    if (*relation == NEXT)
        return HONE_OK;
    other = elsewhere(in);
    if (!other)
        return hone_fail(err, HONE_EINVAL,
                         "next sentences need a second document, and the data has only one; see data.divided_by");
    cut(in, other, 6, &unused, &parts[1]);
    return HONE_OK;
}

/* ---- Sequences --------------------------------------------------------------------------------------------------- */

static hone_status prepare(const hone_self *self, const hone_prepare *in, hone_sequences *out, hone_error *err)
{
    const state *s = self->state;
    part parts[2] = {{.tokens = {.size = sizeof(hone_tokens)}}, {.tokens = {.size = sizeof(hone_tokens)}}};
    hone_sequence q = {.size = sizeof q};
    int32_t relation = NEXT;
    if (s->pairs)
        HONE_TRY(make_pair(in, parts, &relation, err));
    else
        parts[0].text = hone_example_text(in->example, "text", &parts[0].n);
    if (!parts[0].text)
        return hone_fail(err, HONE_EINVAL, "head %s: the examples have no text", self->plugin->name);
    for (int i = 0; i < (s->pairs ? 2 : 1); i++) {
        parts[i].tokens = (hone_tokens){.size = sizeof(hone_tokens)};
        HONE_TRY(hone_encode(out, parts[i].text, parts[i].n, &parts[i].tokens, err));
    }
    HONE_TRY(hone_sequence_add(out, &parts[0].tokens, s->pairs ? &parts[1].tokens : NULL, -1, &q, err));
    if (s->pairs) {
        const hone_tensor field = {.data = &relation, .dtype = HONE_I32, .shape = hone_shape_1(1)};
        HONE_TRY(hone_sequence_field(out, "relation", HONE_PER_SEQUENCE, &field, err));
    }
    return s->masks ? mask(self, in, parts, &q, out, err) : HONE_OK;
}

/* ---- Scores ------------------------------------------------------------------------------------------------------ */

/* A row of the model's own parameters, so that the transform is like its layers; NULL where it has none of that name and type. */
static const void *model_row(const hone_head_setup *setup, const char *name, uint32_t type, const hone_param **row)
{
    const hone_plugin *plugin = &setup->model->plugin;
    for (uint32_t i = 0; i < plugin->n_params; i++) {
        *row = (const hone_param *)(const void *)((const char *)plugin->params + (size_t)i * plugin->param_size);
        if (strcmp((*row)->name, name) == 0 && (*row)->type == type && setup->model_self->params)
            return (const char *)setup->model_self->params + (*row)->offset;
    }
    return NULL;
}

static hone_activation model_activation(const hone_head_setup *setup)
{
    const hone_param *row;
    const int32_t *choice = model_row(setup, "hidden_act", HONE_CHOICE, &row);
    const int32_t act = choice ? hone_activation_by_name(row->choices[*choice]) : -1;
    return act < 0 ? HONE_ACT_GELU : (hone_activation)act;
}

static double model_eps(const hone_head_setup *setup)
{
    const hone_param *row;
    const double *eps = model_row(setup, "layer_norm_eps", HONE_REAL, &row);
    return eps ? *eps : 1e-12;
}

/* [I, V]: transform, and the decoder that is the model's word embeddings. */
static hone_node *token_scores(const hone_self *self, hone_graph *g, const hone_head_io *io)
{
    const state *s = self->state;
    const hone_init normal = {.kind = HONE_INIT_NORMAL, .scale = ((const params *)self->params)->initializer_range};
    hone_node *rows = hone_input(g, io->in, "masked_rows");
    if (!rows)
        return hone_graph_fail(g, HONE_EINVAL, "head %s: there are no masked rows in the batch", self->plugin->name);
    hone_node *x = hone_gather(g, io->hidden, rows);
    x = hone_linear_activate(g, "cls.predictions.transform.dense", x, hone_node_columns(io->hidden), normal,
                             model_activation(&s->setup));
    x = hone_layer_norm(g, "cls.predictions.transform.LayerNorm", x, model_eps(&s->setup));
    hone_node *tied = hone_weight_of(g, hone_scope(g, "%s.%s", s->setup.model->prefix, s->setup.model->word_embeddings));
    const hone_shape of_bias = hone_shape_1(hone_node_rows(tied));
    hone_node *bias = hone_weight(g, "cls.predictions.bias", &of_bias, (hone_init){0}, HONE_WEIGHT_NO_DECAY);
    return hone_linear_of(g, x, tied, bias);
}

static void add_loss(hone_graph *g, const hone_head_io *io, hone_node *scores, const char *gold)
{
    hone_node *labels = hone_input(g, io->in, gold);
    if (!labels) {
        hone_graph_fail(g, HONE_EINVAL, "the batch has no field %s", gold);
        return;
    }
    const hone_shape flat = hone_shape_1(hone_node_rows(scores));
    hone_head_loss(g, io, 1.0, hone_cross_entropy(g, scores, hone_reshape(g, labels, &flat), NULL, 0.0));
}

static hone_status build(const hone_self *self, hone_graph *g, const hone_head_io *io, hone_error *err)
{
    const state *s = self->state;
    const hone_init normal = {.kind = HONE_INIT_NORMAL, .scale = ((const params *)self->params)->initializer_range};
    if (s->masks) {
        hone_node *ids = token_scores(self, g, io);
        hone_head_scores(g, io, "ids", HONE_PER_ITEM, ids);
        if (io->with_loss)
            add_loss(g, io, ids, "masked_ids");
    }
    if (s->pairs) {
        hone_node *relation = hone_linear(g, "cls.seq_relationship", hone_head_pool(g, io), 2, normal);
        hone_head_scores(g, io, "relation", HONE_PER_SEQUENCE, relation);
        if (io->with_loss)
            add_loss(g, io, relation, "relation");
    }
    return hone_graph_status(g, err);
}

/* Loss 0 of a head that masks has an item for each masked token, the other one an item for each pair. */
static hone_status items(const hone_self *self, uint32_t k, const hone_batch *batch, hone_items *out, hone_error *err)
{
    const state *s = self->state;
    const int32_t *starts = NULL, *sequences = hone_batch_example_starts(batch);
    const bool tokens = s->masks && k == 0;
    if (tokens && !hone_batch_field(batch, "masked_ids", &starts))
        return hone_fail(err, HONE_EINVAL, "the batch has no field masked_ids");
    const uint64_t n_examples = hone_batch_examples(batch), n_sequences = hone_batch_sequences(batch);
    out->n = tokens ? (uint64_t)starts[n_sequences] : n_sequences;
    out->weights = hone_alloc_array(out->arena, out->n, sizeof *out->weights);
    out->example = hone_alloc_array(out->arena, out->n, sizeof *out->example);
    if (!out->weights || !out->example)
        return hone_no_memory(err, "weighing the items of a batch");
    for (uint64_t e = 0; e < n_examples; e++) {
        const int32_t begin = tokens ? starts[sequences[e]] : sequences[e];
        const int32_t end = tokens ? starts[sequences[e + 1]] : sequences[e + 1];
        for (int32_t i = begin; i < end; i++) {
            out->weights[i] = 1.0;
            out->example[i] = (uint32_t)e;
        }
    }
    return HONE_OK;
}

/* ---- Predictions ------------------------------------------------------------------------------------------------- */

/* The place of the largest of n scores, and log of the sum of their exponentials. */
static int64_t best_of(const float *scores, int64_t n, double *log_sum)
{
    int64_t best = 0;
    double sum = 0;
    for (int64_t i = 1; i < n; i++)
        best = scores[i] > scores[best] ? i : best;
    for (int64_t i = 0; i < n; i++)
        sum += exp((double)scores[i] - (double)scores[best]);
    *log_sum = (double)scores[best] + log(sum);
    return best;
}

/* Where the masked tokens stand among those of the example's sequences; the batch counts its rows from its own first token. */
static hone_status note_places(const hone_decode *in, int32_t first_item, hone_answer *gold, hone_error *err)
{
    const hone_tensor *rows = hone_batch_field(in->batch, "masked_rows", NULL);
    const int32_t first_row = hone_batch_starts(in->batch)[in->first_sequence];
    hone_span *places = hone_alloc_array(in->arena, (size_t)gold->n, sizeof *places);
    if (!rows || !places)
        return hone_no_memory(err, "decoding masked tokens");
    for (uint64_t i = 0; i < gold->n; i++) {
        const int32_t row = ((const int32_t *)rows->data)[(uint64_t)first_item + i] - first_row;
        places[i] = (hone_span){.begin = (uint64_t)row, .end = (uint64_t)row + 1};
    }
    gold->spans = places;
    gold->span_size = sizeof *places;
    return HONE_OK;
}

static hone_status decode_tokens(const hone_decode *in, hone_answer *answer, hone_answer *gold, hone_error *err)
{
    hone_tensor scores;
    const int32_t *starts = NULL;
    HONE_TRY(hone_decode_scores(in, "ids", &scores, err));
    const hone_tensor *ids = hone_batch_field(in->batch, "masked_ids", &starts);
    const int64_t n = scores.shape.dim[0], v = scores.shape.dim[1];
    int32_t *labels = hone_alloc_array(in->arena, (size_t)n, sizeof *labels);
    int32_t *right = hone_alloc_array(in->arena, (size_t)n, sizeof *right); /* the batch's own go with it */
    float *losses = hone_alloc_array(in->arena, (size_t)n, sizeof *losses);
    if (!ids || !labels || !right || !losses)
        return hone_no_memory(err, "decoding masked tokens");
    if (n)
        memcpy(right, (const int32_t *)ids->data + starts[in->first_sequence], (size_t)n * sizeof *right);
    for (int64_t i = 0; i < n; i++) {
        const float *row = (const float *)scores.data + i * v;
        double log_sum;
        labels[i] = (int32_t)best_of(row, v, &log_sum);
        losses[i] = (float)(log_sum - (double)row[right[i]]);
    }
    *answer = hone_answer_of(HONE_TARGET_TOKENS);
    answer->labels = labels;
    answer->n = (uint64_t)n;
    answer->scores = losses;
    answer->n_scores = (uint64_t)n;
    if (gold) {
        *gold = hone_answer_of(HONE_TARGET_TOKENS);
        gold->labels = right;
        gold->n = (uint64_t)n;
        return note_places(in, starts[in->first_sequence], gold, err);
    }
    return HONE_OK;
}

static hone_status decode_relation(const hone_decode *in, hone_answer *answer, hone_answer *gold, hone_error *err)
{
    hone_tensor scores;
    HONE_TRY(hone_decode_scores(in, "relation", &scores, err));
    const float *row = scores.data;
    double log_sum;
    float *p = hone_alloc_array(in->arena, 2, sizeof *p);
    if (!p)
        return hone_no_memory(err, "decoding a relation");
    *answer = hone_answer_of(HONE_TARGET_CLASS);
    answer->index = (int32_t)best_of(row, 2, &log_sum);
    for (int c = 0; c < 2; c++)
        p[c] = (float)exp((double)row[c] - log_sum);
    answer->scores = p;
    answer->n_scores = 2;
    const hone_tensor *relation = hone_batch_field(in->batch, "relation", NULL);
    if (gold && relation) {
        *gold = hone_answer_of(HONE_TARGET_CLASS);
        gold->index = ((const int32_t *)relation->data)[in->first_sequence];
    }
    return HONE_OK;
}

static hone_status decode(const hone_self *self, const hone_decode *in, hone_answer *answers, hone_error *err)
{
    const state *s = self->state;
    uint32_t k = 0;
    if (s->masks) {
        HONE_TRY(decode_tokens(in, &answers[k], in->gold ? &in->gold[k] : NULL, err));
        k++;
    }
    return s->pairs ? decode_relation(in, &answers[k], in->gold ? &in->gold[k] : NULL, err) : HONE_OK;
}

/* ---- Tables ------------------------------------------------------------------------------------------------------ */

static const hone_output_of_head tokens_alone[] = {{.name = "", .target = HONE_TARGET_TOKENS}};
static const hone_output_of_head relation_alone[] = {{.name = "", .target = HONE_TARGET_CLASS, .labels = relations}};
static const hone_output_of_head tokens_and_relation[] = {
    {.name = "masked", .target = HONE_TARGET_TOKENS}, {.name = "relation", .target = HONE_TARGET_CLASS, .labels = relations}};

#define HEAD(id, word, what, bert, from, table, made, ...)                                                                     \
    static const hone_head id = {                                                                                              \
        .plugin = {HONE_PLUGIN(hone_head, HONE_KIND_HEAD), .name = word, .summary = what,                                      \
                   .source = "Devlin et al. 2019; Transformers, " bert, .state_size = sizeof(state),                           \
                   HONE_PARAMS(params, table), .help = "    " __VA_ARGS__},                                                    \
        .takes = HONE_TAKES(HONE_TARGET_NONE),                                                                                 \
        .n_outputs = sizeof(made) / sizeof *(made),                                                                            \
        .outputs = made,                                                                                                       \
        .output_size = sizeof(hone_output_of_head),                                                                            \
        .architecture = from,                                                                                                  \
        .create = create_##id,                                                                                                 \
        .prepare = prepare,                                                                                                    \
        .prepare_per_epoch = 1,                                                                                                \
        .build = build,                                                                                                        \
        .items = items,                                                                                                        \
        .decode = decode,                                                                                                      \
    }

HEAD(masked, "masked_lm", "masked language model: tokens behind masks, decoder tied to the embeddings", "BertForMaskedLM",
     "ForMaskedLM", masked_rows, tokens_alone, "head: {type: masked_lm, whole_word_mask: true}");
HEAD(next, "next_sentence", "does the second half of a pair follow the first, or is it of another document?",
     "BertForNextSentencePrediction", "ForNextSentencePrediction", next_rows, relation_alone, "head: {type: next_sentence}");
HEAD(both, "pretraining", "masked language model and next sentence prediction together", "BertForPreTraining", "ForPreTraining",
     masked_rows, tokens_and_relation, "head: {type: pretraining, mlm_probability: 0.15}");

#define TASK(id, word, what, metrics)                                                                                          \
    static const hone_task id = {                                                                                              \
        .plugin = {HONE_PLUGIN(hone_task, HONE_KIND_TASK), .name = word, .summary = what, .help = "    task: " word},          \
        .settings = "data: {type: documents}\nhead: {type: " word "}\nmetrics: [" metrics "]\n",                               \
    }

TASK(masked_task, "masked_lm", "pre-training with masked tokens, on plain text", "perplexity, masked_accuracy");
TASK(next_task, "next_sentence", "pre-training with next sentences, on plain text", "accuracy");
TASK(both_task, "pretraining", "pre-training with masked tokens and next sentences, on plain text",
     "perplexity, masked_accuracy, accuracy");

HONE_MODULE(&masked.plugin, &next.plugin, &both.plugin, &masked_task.plugin, &next_task.plugin, &both_task.plugin);
