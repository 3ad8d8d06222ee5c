/* seqeval.c - precision, recall and F1 of the chunks (names, phrases) that tags of words mark: right are boundaries and type together.
 *
 * Equal to the package seqeval in its default mode, which reads tags as conlleval does, and in its strict mode, where a chunk must follow
 * the rules of a scheme. Words without a tag, lost to truncation, count as O.
 * Sources: Tjong Kim Sang and Buchholz 2000 (conlleval); Nakayama 2018 (seqeval).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT, STRICT };
static const char *const modes[] = {"default", "strict", NULL};
enum { AUTO, IOB1, IOB2, IOE1, IOE2, IOBES, BILOU };
static const char *const scheme_names[] = {"auto", "iob1", "iob2", "ioe1", "ioe2", "iobes", "bilou", NULL};
enum { MICRO, MACRO, WEIGHTED };
static const char *const averages[] = {"micro", "macro", "weighted", NULL};

typedef struct params {
    int32_t mode, scheme, average;
} params;

static const hone_param rows[] = {
    HONE_PARAM_CHOICE(params, mode, modes, .def_text = "default",
                      .help =
                          "default: tags are read as conlleval does; strict: only chunks that follow the scheme's rules count",
                      .source = "seqeval"),
    HONE_PARAM_CHOICE(params, scheme, scheme_names, .def_text = "auto",
                      .help = "the scheme of the strict mode; auto: by the prefixes of the tags (iob2, ioe2, iobes or bilou)",
                      .source = "seqeval"),
    HONE_PARAM_CHOICE(params, average, averages, .def_text = "micro",
                      .help = "micro: over all chunks; macro: the mean over types; weighted: the mean weighted by gold counts",
                      .source = "seqeval"),
};

/* ---- Strict schemes ---------------------------------------------------------------------------------------------- */

/* A step from one tag to the next: prefixes before and after, and what their types must be to each other. */
enum { ANY_TYPE, SAME, OTHER };
typedef struct rule {
    const char *before, *tag; /* sets of prefixes; NULL ends a list */
    int type;
} rule;

enum { MOST_RULES = 8 };
typedef struct scheme {
    const char *prefixes;
    rule begins[MOST_RULES], inside[MOST_RULES], ends[MOST_RULES];
} scheme;

#define EVERY "OIBESLU"

/* As the classes of seqeval's scheme.py have them. */
static const scheme schemes[] = {
    [IOB1] = {"OIB",
              {{"OB", "I", ANY_TYPE}, {"I", "I", OTHER}, {"IB", "B", SAME}},
              {{"BI", "I", SAME}},
              {{"IB", "I", OTHER}, {"IB", "O", ANY_TYPE}, {"I", "B", ANY_TYPE}, {"B", "B", SAME}}},
    [IOB2] = {"OIB",
              {{EVERY, "B", ANY_TYPE}},
              {{"BI", "I", SAME}},
              {{"IB", "O", ANY_TYPE}, {"IB", "I", OTHER}, {"IB", "B", ANY_TYPE}}},
    [IOE1] = {"OIE",
              {{"OE", "I", ANY_TYPE}, {"I", "I", OTHER}, {"E", "E", SAME}},
              {{"I", "IE", SAME}},
              {{"I", "IE", OTHER}, {"I", "O", ANY_TYPE}, {"E", "IE", SAME}}},
    [IOE2] = {"OIE", {{"OE", "IE", ANY_TYPE}, {"I", "IE", OTHER}}, {{"I", "IE", SAME}}, {{"E", EVERY, ANY_TYPE}}},
    [IOBES] = {"OIBES", {{EVERY, "BS", ANY_TYPE}}, {{"BI", "IE", SAME}}, {{"SE", EVERY, ANY_TYPE}}},
    [BILOU] = {"OBILU", {{EVERY, "BU", ANY_TYPE}}, {{"BI", "IL", SAME}}, {{"UL", EVERY, ANY_TYPE}}},
};

static bool matches(const rule *rules, const hone_tag *before, const hone_tag *tag)
{
    const bool same = strcmp(before->type, tag->type) == 0;
    for (size_t i = 0; i < MOST_RULES && rules[i].before; i++)
        if (strchr(rules[i].before, before->prefix) && strchr(rules[i].tag, tag->prefix) &&
            (rules[i].type == ANY_TYPE || same == (rules[i].type == SAME)))
            return true;
    return false;
}

static hone_tag tag_at(const char *const *tags, uint64_t n, uint64_t i)
{
    const hone_tag outside = {'O', ""};
    const hone_tag tag = i < n && tags[i] ? hone_tag_of(tags[i]) : outside;
    return tag.prefix ? tag : outside;
}

/* A chunk begins where a rule says so, goes on while rules let it, and counts where a rule lets it end. */
static uint64_t strict_chunks(const scheme *s, const char *const *tags, uint64_t n, hone_chunk *chunks)
{
    uint64_t n_chunks = 0;
    hone_tag before = {'O', ""};
    for (uint64_t i = 0; i < n;) {
        hone_tag tag = tag_at(tags, n, i);
        const bool begins = matches(s->begins, &before, &tag);
        const uint64_t begin = i++;
        before = tag;
        if (!begins)
            continue;
        for (tag = tag_at(tags, n, i); i < n && matches(s->inside, &before, &tag); tag = tag_at(tags, n, i)) {
            before = tag;
            i++;
        }
        if (matches(s->ends, &before, &tag))
            chunks[n_chunks++] = (hone_chunk){begin, i, before.type};
    }
    return n_chunks;
}

/* ---- Creation ---------------------------------------------------------------------------------------------------- */

typedef struct state {
    const scheme *scheme; /* NULL: the default mode */
    int32_t number;       /* of the scheme */
} state;

static bool have(const hone_facts *facts, const char *prefixes)
{
    for (uint64_t i = 0; i < facts->n_labels; i++) {
        const hone_tag tag = hone_tag_of(facts->labels[i]);
        if (tag.prefix && strchr(prefixes, tag.prefix))
            return true;
    }
    return false;
}

static int32_t detect(const hone_facts *facts)
{
    if (have(facts, "LU"))
        return BILOU;
    if (have(facts, "ES"))
        return have(facts, "BS") ? IOBES : IOE2;
    return IOB2;
}

static hone_status create(const hone_self *self, const hone_facts *facts, hone_error *err)
{
    const params *p = self->params;
    state *s = self->state;
    if (p->mode == DEFAULT && p->scheme != AUTO)
        return hone_fail(err, HONE_EINVAL, "metric seqeval: scheme %s has no meaning in the default mode; set mode to strict",
                         scheme_names[p->scheme]);
    if (p->mode == DEFAULT || facts->target != HONE_TARGET_TAGS)
        return HONE_OK;
    s->number = p->scheme == AUTO ? detect(facts) : p->scheme;
    s->scheme = &schemes[s->number];
    for (uint64_t i = 0; i < facts->n_labels; i++) {
        const hone_tag tag = hone_tag_of(facts->labels[i]);
        if (p->scheme != AUTO && !(tag.prefix && strchr(s->scheme->prefixes, tag.prefix)))
            return hone_fail(err, HONE_EINVAL, "metric seqeval: %.60s is no tag of the scheme %s, whose prefixes are %s",
                             facts->labels[i], scheme_names[s->number], s->scheme->prefixes);
    }
    return HONE_OK;
}

/* ---- Counting ---------------------------------------------------------------------------------------------------- */

/* The chunks of one sentence. */
typedef struct side {
    hone_chunk *chunks;
    uint64_t n;
} side;

typedef struct counting {
    const hone_self *self;
    const hone_evaluation *e;
    const char **types; /* [n_types] sorted */
    uint64_t n_types;
    double *right, *gold, *predicted; /* [n_types] */
    double words, words_right, words_lost;
    const char **tags; /* [most words] room */
    side sides[2];     /* gold, predicted; room for the most words */
} counting;

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static uint64_t find_type(const counting *c, const char *type)
{
    uint64_t i = 0;
    while (i < c->n_types && strcmp(c->types[i], type) != 0)
        i++;
    return i;
}

static const char *shown_type(const char *type)
{
    return *type ? type : "_";
}

static hone_status make_room(counting *c, hone_error *err)
{
    hone_arena *arena = c->self->step;
    uint64_t most = 0;
    for (uint64_t i = 0; i < c->e->n; i++) {
        const uint64_t n = hone_record_at(c->e, i)->gold->n;
        most = n > most ? n : most;
    }
    c->types = hone_alloc_array(arena, c->e->n_labels, sizeof *c->types);
    c->tags = hone_alloc_array(arena, most, sizeof *c->tags);
    c->sides[0].chunks = hone_alloc_array(arena, most, sizeof(hone_chunk));
    c->sides[1].chunks = hone_alloc_array(arena, most, sizeof(hone_chunk));
    if (!c->types || !c->tags || !c->sides[0].chunks || !c->sides[1].chunks)
        return hone_no_memory(err, "counting chunks");
    for (uint64_t i = 0; i < c->e->n_labels; i++) {
        const hone_tag tag = hone_tag_of(c->e->labels[i]);
        if (tag.prefix && tag.prefix != 'O' && find_type(c, tag.type) == c->n_types)
            c->types[c->n_types++] = tag.type;
    }
    if (c->n_types)
        qsort(c->types, c->n_types, sizeof *c->types, by_name);
    c->right = hone_alloc_array(arena, c->n_types, 3 * sizeof *c->right);
    if (!c->right)
        return hone_no_memory(err, "counting chunks");
    c->gold = c->right + c->n_types;
    c->predicted = c->gold + c->n_types;
    return HONE_OK;
}

static void find_chunks(counting *c, const hone_answer *a, side *s)
{
    const scheme *rules = ((const state *)c->self->state)->scheme;
    for (uint64_t w = 0; w < a->n; w++) {
        const int32_t l = a->labels[w];
        c->tags[w] = l >= 0 && (uint64_t)l < c->e->n_labels ? c->e->labels[l] : NULL;
    }
    s->n = rules ? strict_chunks(rules, c->tags, a->n, s->chunks) : hone_chunks_of(c->tags, a->n, s->chunks);
}

/* The chunks of both sides; false where they do not speak of the same words. */
static hone_status look_at(counting *c, const hone_record *r, hone_error *err)
{
    if (r->gold->n != r->prediction->n)
        return hone_fail(err, HONE_EINVAL, "metric seqeval: %.60s has %llu words with gold tags and %llu with predicted ones",
                         r->id, (unsigned long long)r->gold->n, (unsigned long long)r->prediction->n);
    find_chunks(c, r->gold, &c->sides[0]);
    find_chunks(c, r->prediction, &c->sides[1]);
    return HONE_OK;
}

/* Both sides are in the order of their words, and no two chunks of one side overlap. */
static void count_chunks(counting *c)
{
    const side *gold = &c->sides[0], *predicted = &c->sides[1];
    const uint64_t none = c->n_types;
    uint64_t i = 0, k = 0;
    while (i < gold->n || k < predicted->n) {
        const hone_chunk *g = i < gold->n ? &gold->chunks[i] : NULL, *p = k < predicted->n ? &predicted->chunks[k] : NULL;
        const bool same = g && p && g->begin == p->begin && g->end == p->end;
        const bool take_gold = same || !p || (g && (g->begin < p->begin || (g->begin == p->begin && g->end < p->end)));
        const uint64_t of_gold = take_gold ? find_type(c, g->type) : none;
        const uint64_t of_predicted = same || !take_gold ? find_type(c, p->type) : none;
        if (of_gold != none)
            c->gold[of_gold] += 1;
        if (of_predicted != none)
            c->predicted[of_predicted] += 1;
        if (same && of_gold == of_predicted && of_gold != none)
            c->right[of_gold] += 1;
        i += take_gold;
        k += same || !take_gold;
    }
}

static void count_words(counting *c, const hone_record *r)
{
    for (uint64_t w = 0; w < r->gold->n; w++) {
        c->words += 1;
        c->words_right += r->gold->labels[w] == r->prediction->labels[w];
        c->words_lost += r->prediction->labels[w] < 0;
    }
}

/* ---- Figures ----------------------------------------------------------------------------------------------------- */

typedef struct scores {
    double precision, recall, f1;
} scores;

static scores scores_of(double right, double gold, double predicted)
{
    const double precision = predicted > 0 ? right / predicted : 0, recall = gold > 0 ? right / gold : 0;
    return (scores){precision, recall, precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0};
}

/* Of the types that are in gold or predicted; a mean over none of them is none. */
static scores average(const counting *c, int32_t how)
{
    scores mean = {0};
    double right = 0, gold = 0, predicted = 0, weights = 0;
    for (uint64_t t = 0; t < c->n_types; t++) {
        const scores s = scores_of(c->right[t], c->gold[t], c->predicted[t]);
        const double weight = how == WEIGHTED ? c->gold[t] : c->gold[t] + c->predicted[t] > 0;
        mean.precision += weight * s.precision;
        mean.recall += weight * s.recall;
        mean.f1 += weight * s.f1;
        weights += weight;
        right += c->right[t];
        gold += c->gold[t];
        predicted += c->predicted[t];
    }
    if (how == MICRO)
        return scores_of(right, gold, predicted);
    return weights > 0    ? (scores){mean.precision / weights, mean.recall / weights, mean.f1 / weights}
           : how == MACRO ? (scores){NAN, NAN, NAN}
                          : (scores){0};
}

static hone_status add_figures(const counting *c, hone_exhibits *out, hone_error *err)
{
    const params *p = c->self->params;
    const state *s = c->self->state;
    const scores a = average(c, p->average);
    const char *note = hone_sprintf(c->self->step, "%s F1 of chunks, %s%s%s", averages[p->average], modes[p->mode],
                                    s->scheme ? ", " : "", s->scheme ? scheme_names[s->number] : "");
    if (!note)
        return hone_no_memory(err, "counting chunks");
    HONE_TRY(hone_figure(out, NULL, c->e->n ? a.f1 : NAN, note, err));
    HONE_TRY(hone_figure(out, "precision", c->e->n ? a.precision : NAN, averages[p->average], err));
    HONE_TRY(hone_figure(out, "recall", c->e->n ? a.recall : NAN, averages[p->average], err));
    HONE_TRY(hone_figure(out, "accuracy", c->words > 0 ? c->words_right / c->words : NAN, "of words", err));
    return hone_figure(out, "lost_words", c->words_lost, "words cut off or without a token, which count as O", err);
}

static hone_status add_types(const counting *c, hone_exhibits *out, hone_error *err)
{
    static const char *const columns[] = {"type", "precision", "recall", "f1", "gold", "predicted", "right"};
    hone_table *table;
    HONE_TRY(hone_table_begin(out, "types", "Chunks of each type, strictly read", 7, columns, &table, err));
    for (uint64_t t = 0; t < c->n_types; t++) {
        const scores s = scores_of(c->right[t], c->gold[t], c->predicted[t]);
        const double numbers[] = {s.precision, s.recall, s.f1, c->gold[t], c->predicted[t], c->right[t]};
        HONE_TRY(hone_table_text(table, shown_type(c->types[t]), err));
        for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
            HONE_TRY(hone_table_number(table, numbers[i], err));
    }
    return HONE_OK;
}

/* The report counts what conlleval reads by itself, of any metric's tags. */
static hone_status compute(const hone_self *self, const hone_evaluation *e, hone_exhibits *out, hone_error *err)
{
    counting c = {.self = self, .e = e};
    HONE_TRY(make_room(&c, err));
    for (uint64_t i = 0; i < e->n; i++) {
        const hone_record *r = hone_record_at(e, i);
        HONE_TRY(look_at(&c, r, err));
        count_chunks(&c);
        count_words(&c, r);
    }
    HONE_TRY(add_figures(&c, out, err));
    return ((const state *)self->state)->scheme ? add_types(&c, out, err) : HONE_OK;
}

static const hone_figure_direction directions[] = {{"lost_words", -1}, {NULL, 0}};

static const hone_metric seqeval = {
    .plugin = {HONE_PLUGIN(hone_metric, HONE_KIND_METRIC), .name = "seqeval",
               .summary = "precision, recall and F1 of the chunks that tags mark", .source = "seqeval 1.2.2",
               .help = "    metrics: [seqeval, {type: seqeval, name: strict, mode: strict, scheme: iob2}]",
               .state_size = sizeof(state), HONE_PARAMS(params, rows)},
    .targets = HONE_TAKES(HONE_TARGET_TAGS),
    .direction = 1,
    .create = create,
    .compute = compute,
    .directions = directions,
};

HONE_MODULE(&seqeval.plugin);
