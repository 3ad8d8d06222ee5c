/* find_entities.c - chunks (names, phrases) found, taken for others and missed, by type.
 *
 * A gold chunk is paired with the predicted one of the same words; of those that are left, with the one that shares most words with it.
 * Precision, recall and F1 count only what is right wholly, as seqeval's classification_report (default mode) does.
 * Source of the kinds of mistakes: Chinchor and Sundheim 1993, "MUC-5 evaluation metrics"; Segura-Bedmar et al. 2013 (SemEval task 9).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "report/entities.h"

#include "base/arena.h"
#include "report/findings.h"
#include "train/confusion.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Chunks ------------------------------------------------------------------------------------------------------ */

bool hone__entities_marked(const hone_evaluation *e)
{
    bool some = false;
    for (uint64_t l = 0; l < e->n_labels; l++) {
        const hone_tag tag = hone_tag_of(e->labels[l]);
        if (!tag.prefix)
            return false;
        some = some || tag.prefix != 'O';
    }
    return some;
}

static const char *tag_at(const hone_evaluation *e, const hone_answer *a, uint64_t w)
{
    const int32_t l = w < a->n ? a->labels[w] : -1;
    return l >= 0 && (uint64_t)l < e->n_labels ? e->labels[l] : NULL;
}

hone_status hone__entities_find(hone_arena *arena, const hone_evaluation *e, const hone_answer *answer,
                                const hone_answer *other, hone__entities *out, hone_error *err)
{
    const char **tags = hone_alloc_array(arena, answer->n, sizeof *tags);
    *out = (hone__entities){.chunks = hone_alloc_array(arena, answer->n, sizeof *out->chunks)};
    if (!tags || !out->chunks)
        return hone_no_memory(err, "looking for chunks");
    for (uint64_t w = 0; w < answer->n; w++)
        tags[w] = tag_at(e, answer, w);
    if (hone__entities_marked(e)) {
        out->n = hone_chunks_of(tags, answer->n, out->chunks);
        return HONE_OK;
    }
    for (uint64_t w = 0; w < answer->n; w++)
        if (tags[w] && tags[w] != tag_at(e, other, w))
            out->chunks[out->n++] = (hone_chunk){w, w + 1, tags[w]};
    return HONE_OK;
}

bool hone__entities_hold(const hone__entities *entities, const hone_chunk *chunk)
{
    for (uint64_t k = 0; k < entities->n; k++) {
        const hone_chunk *c = &entities->chunks[k];
        if (c->begin == chunk->begin && c->end == chunk->end && strcmp(c->type, chunk->type) == 0)
            return true;
    }
    return false;
}

const char *hone__entity_type(const hone_chunk *chunk)
{
    return *chunk->type ? chunk->type : "_";
}

/* ---- Counting ---------------------------------------------------------------------------------------------------- */

/* What became of the gold chunks of a type; spurious are predicted ones of it that no gold one was paired with. */
enum { RIGHT, TYPE, BOUNDARIES, BOTH, MISSED, SPURIOUS, KINDS };

typedef struct tally {
    const char *type;
    double gold, predicted, kinds[KINDS];
} tally;

typedef struct counting {
    const hone__finding *f;
    tally *types; /* [n] sorted by name */
    uint64_t n;
    double *matrix;                 /* [n + 1, n + 1] gold by predicted; the last: none */
    hone__entities gold, predicted; /* of the sentence at hand */
    uint64_t *partner;              /* [gold.n] a predicted chunk; predicted.n: none */
    bool *taken;                    /* [predicted.n] */
} counting;

static uint64_t find_type(const counting *c, const char *type)
{
    uint64_t t = 0;
    while (t < c->n && strcmp(c->types[t].type, type) != 0)
        t++;
    return t;
}

static int by_type(const void *a, const void *b)
{
    return strcmp(((const tally *)a)->type, ((const tally *)b)->type);
}

static hone_status make_types(counting *c, hone_error *err)
{
    const hone_evaluation *e = c->f->e;
    c->types = hone_alloc_array(c->f->arena, e->n_labels, sizeof *c->types);
    if (!c->types)
        return hone_no_memory(err, "counting chunks");
    for (uint64_t l = 0; l < e->n_labels; l++) {
        const hone_tag tag = hone_tag_of(e->labels[l]);
        if (tag.prefix != 'O' && find_type(c, tag.type) == c->n)
            c->types[c->n++] = (tally){.type = tag.type};
    }
    qsort(c->types, c->n, sizeof *c->types, by_type);
    c->matrix = hone_alloc_array(c->f->arena, c->n + 1, (c->n + 1) * sizeof *c->matrix);
    return c->matrix ? HONE_OK : hone_no_memory(err, "counting chunks");
}

static uint64_t shared_words(const hone_chunk *a, const hone_chunk *b)
{
    const uint64_t begin = a->begin > b->begin ? a->begin : b->begin, end = a->end < b->end ? a->end : b->end;
    return end > begin ? end - begin : 0;
}

static bool same_words(const hone_chunk *a, const hone_chunk *b)
{
    return a->begin == b->begin && a->end == b->end;
}

/* The predicted chunk that shares most words with gold chunk g, among those that are free; with `whole`, all words or none. */
static void pair(counting *c, uint64_t g, bool whole)
{
    uint64_t most = 0;
    for (uint64_t p = 0; p < c->predicted.n; p++) {
        const uint64_t shared = shared_words(&c->gold.chunks[g], &c->predicted.chunks[p]);
        if (c->taken[p] || shared <= most || (whole && !same_words(&c->gold.chunks[g], &c->predicted.chunks[p])))
            continue;
        most = shared;
        c->partner[g] = p;
    }
    if (most)
        c->taken[c->partner[g]] = true;
}

static int kind_of(const hone_chunk *gold, const hone_chunk *predicted)
{
    const bool type = strcmp(gold->type, predicted->type) == 0, words = same_words(gold, predicted);
    return words ? (type ? RIGHT : TYPE) : type ? BOUNDARIES : BOTH;
}

static hone_status count_sentence(counting *c, const hone_record *r, hone_error *err)
{
    const hone_evaluation *e = c->f->e;
    hone_arena *arena = c->f->scratch;
    HONE_TRY(hone__entities_find(arena, e, r->gold, r->prediction, &c->gold, err));
    HONE_TRY(hone__entities_find(arena, e, r->prediction, r->gold, &c->predicted, err));
    c->partner = hone_alloc_array(arena, c->gold.n, sizeof *c->partner);
    c->taken = hone_alloc_array(arena, c->predicted.n, sizeof *c->taken);
    if (!c->partner || !c->taken)
        return hone_no_memory(err, "counting chunks");
    for (uint64_t g = 0; g < c->gold.n; g++)
        c->partner[g] = c->predicted.n;
    for (int whole = 1; whole >= 0; whole--)
        for (uint64_t g = 0; g < c->gold.n; g++)
            if (c->partner[g] == c->predicted.n)
                pair(c, g, whole);
    for (uint64_t g = 0; g < c->gold.n; g++) {
        const hone_chunk *of_gold = &c->gold.chunks[g];
        const bool found = c->partner[g] < c->predicted.n;
        const hone_chunk *of_predicted = found ? &c->predicted.chunks[c->partner[g]] : NULL;
        const uint64_t t = find_type(c, of_gold->type), p = found ? find_type(c, of_predicted->type) : c->n;
        c->types[t].gold++;
        c->types[t].kinds[found ? kind_of(of_gold, of_predicted) : MISSED]++;
        c->matrix[t * (c->n + 1) + p]++;
    }
    for (uint64_t p = 0; p < c->predicted.n; p++) {
        const uint64_t t = find_type(c, c->predicted.chunks[p].type);
        c->types[t].predicted++;
        c->types[t].kinds[SPURIOUS] += !c->taken[p];
        c->matrix[c->n * (c->n + 1) + t] += !c->taken[p];
    }
    hone__arena_reset(arena);
    return HONE_OK;
}

/* ---- The table --------------------------------------------------------------------------------------------------- */

static double ratio(double part, double whole)
{
    return whole > 0 ? part / whole : 0;
}

enum { N_SCORES = 3 };
static void score(double right, double gold, double predicted, double scores[N_SCORES])
{
    scores[0] = ratio(right, predicted);
    scores[1] = ratio(right, gold);
    scores[2] = ratio(2 * right, gold + predicted);
}

static hone_status add_row(hone_table *t, const char *name, const double scores[N_SCORES], const tally *x, hone_error *err)
{
    HONE_TRY(hone_table_text(t, name, err));
    for (size_t i = 0; i < N_SCORES; i++)
        HONE_TRY(hone_table_number(t, scores[i], err));
    HONE_TRY(hone_table_number(t, x->gold, err));
    HONE_TRY(hone_table_number(t, x->predicted, err));
    for (size_t i = 0; i < KINDS; i++)
        HONE_TRY(hone_table_number(t, x->kinds[i], err));
    return HONE_OK;
}

/* Micro, macro and weighted averages of the types that are in gold or predicted. */
static hone_status add_averages(const counting *c, hone_table *t, hone_error *err)
{
    tally sum = {0};
    double micro[N_SCORES], macro[N_SCORES] = {0}, weighted[N_SCORES] = {0}, n = 0;
    for (uint64_t k = 0; k < c->n; k++) {
        const tally *x = &c->types[k];
        double own[N_SCORES];
        score(x->kinds[RIGHT], x->gold, x->predicted, own);
        n += x->gold + x->predicted > 0;
        sum.gold += x->gold;
        sum.predicted += x->predicted;
        for (size_t i = 0; i < KINDS; i++)
            sum.kinds[i] += x->kinds[i];
        for (size_t i = 0; i < N_SCORES; i++) {
            macro[i] += own[i];
            weighted[i] += x->gold * own[i];
        }
    }
    for (size_t i = 0; i < N_SCORES; i++) {
        macro[i] = n > 0 ? macro[i] / n : (double)NAN;
        weighted[i] = ratio(weighted[i], sum.gold);
    }
    score(sum.kinds[RIGHT], sum.gold, sum.predicted, micro);
    HONE_TRY(add_row(t, "micro avg", micro, &sum, err));
    for (size_t i = 0; i < KINDS; i++) /* sums, which stand in the row above */
        sum.kinds[i] = NAN;
    HONE_TRY(add_row(t, "macro avg", macro, &sum, err));
    return add_row(t, "weighted avg", weighted, &sum, err);
}

static hone_status add_table(const counting *c, hone_exhibits *x, hone_error *err)
{
    static const char *const columns[] = {"type",  "precision",  "recall",           "F1",         "support", "predicted",
                                          "right", "wrong type", "wrong boundaries", "both wrong", "missed",  "spurious"};
    const char *title = hone__finding_title(c->f, "Entities of each type");
    hone_table *t;
    if (!title)
        return hone_no_memory(err, "counting chunks");
    HONE_TRY(hone_table_begin(x, "per_type", title, sizeof columns / sizeof *columns, columns, &t, err));
    for (uint64_t k = 0; k < c->n; k++) {
        const tally *one = &c->types[k];
        double scores[N_SCORES];
        score(one->kinds[RIGHT], one->gold, one->predicted, scores);
        HONE_TRY(add_row(t, *one->type ? one->type : "_", scores, one, err));
    }
    return add_averages(c, t, err);
}

static hone_status add_matrix(const counting *c, hone_exhibits *x, hone_error *err)
{
    const char **rows = hone_alloc_array(c->f->scratch, c->n + 1, sizeof *rows);
    const char **columns = hone_alloc_array(c->f->scratch, c->n + 1, sizeof *columns);
    const char *title = hone__finding_title(c->f, "Entities: gold type against predicted type");
    if (!rows || !columns || !title)
        return hone_no_memory(err, "counting chunks");
    for (uint64_t t = 0; t < c->n; t++)
        rows[t] = columns[t] = *c->types[t].type ? c->types[t].type : "_";
    rows[c->n] = "(spurious)";
    columns[c->n] = "(missed)";
    return hone_matrix_add(x,
                           &(hone_matrix){.size = sizeof(hone_matrix),
                                          .name = "entities",
                                          .title = title,
                                          .row_title = "gold",
                                          .column_title = "predicted",
                                          .n_rows = c->n + 1,
                                          .n_columns = c->n + 1,
                                          .rows = rows,
                                          .columns = columns,
                                          .values = c->matrix,
                                          .counts = true},
                           err);
}

/* ---- Tags that are labels ---------------------------------------------------------------------------------------- */

static hone_status add_labels(const hone__finding *f, hone_exhibits *x, hone_error *err)
{
    static const char *const columns[] = {"tag", "precision", "recall", "F1", "support", "predicted", "right"};
    hone__confusion c;
    hone_table *t;
    const char *title = hone__finding_title(f, "Words of each tag");
    if (!title)
        return hone_no_memory(err, "counting tags");
    HONE_TRY(hone__confusion_count(f->scratch, f->e, &c, err));
    HONE_TRY(hone_table_begin(x, "per_type", title, sizeof columns / sizeof *columns, columns, &t, err));
    for (uint64_t l = 0; l < c.n; l++) {
        double gold = hone__confusion_at(&c, l, c.n), predicted = 0, scores[N_SCORES];
        const double right = hone__confusion_at(&c, l, l);
        for (uint64_t k = 0; k < c.n; k++) {
            gold += hone__confusion_at(&c, l, k);
            predicted += hone__confusion_at(&c, k, l);
        }
        score(right, gold, predicted, scores);
        const double numbers[] = {scores[0], scores[1], scores[2], gold, predicted, right};
        HONE_TRY(hone_table_text(t, f->e->labels[l], err));
        for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
            HONE_TRY(hone_table_number(t, numbers[i], err));
    }
    return HONE_OK;
}

hone_status hone__find_entities(const hone__finding *f, hone__findings *out, hone_error *err)
{
    counting c = {.f = f};
    if (!hone__entities_marked(f->e))
        return add_labels(f, out->exhibits, err);
    HONE_TRY(make_types(&c, err));
    for (uint64_t i = 0; i < f->e->n; i++)
        HONE_TRY(count_sentence(&c, hone_record_at(f->e, i), err));
    HONE_TRY(add_table(&c, out->exhibits, err));
    return add_matrix(&c, out->exhibits, err);
}
