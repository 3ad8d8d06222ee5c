/* cases_words.c - sentences with the chunks that tags mark, and sequences with the words behind their masks.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "report/cases.h"

#include "base/str.h"
#include "report/entities.h"

#include <stdlib.h>
#include <string.h>

/* ---- Tags -------------------------------------------------------------------------------------------------------- */

/* One line of a sentence: its words, and what is marked in it. */
typedef struct sentence {
    const char *const *words;
    uint64_t n;
    const hone__entities *own, *other; /* other: the other side's, where what both have is right */
    hone__case_mark mark;              /* of the rest */
} sentence;

static void add_words(const sentence *s, hone__case_writer *w, uint64_t begin, uint64_t end)
{
    for (uint64_t i = begin; i < end; i++) {
        if (i)
            hone__case_add(w, HONE__MARK_NONE, " ", NULL);
        hone__case_add(w, HONE__MARK_NONE, s->words[i], NULL);
    }
}

static hone_status add_chunk(const sentence *s, hone__case_writer *w, const hone_chunk *c, hone_arena *scratch, hone_error *err)
{
    hone__str text = {0};
    const bool right = hone__entities_hold(s->other, c);
    for (uint64_t i = c->begin; i < c->end; i++) {
        hone__str_add(&text, i > c->begin ? " " : "");
        hone__str_add(&text, s->words[i]);
    }
    const char *copy = text.failed ? NULL : hone_strdup(scratch, hone__str_text(&text));
    hone__str_clear(&text);
    if (!copy)
        return hone_no_memory(err, "marking up a sentence");
    if (c->begin)
        hone__case_add(w, HONE__MARK_NONE, " ", NULL);
    hone__case_add(w, right ? HONE__MARK_RIGHT : s->mark, copy, hone__entity_type(c));
    return HONE_OK;
}

static hone_status add_sentence(const sentence *s, const char *name, hone__case_writer *w, hone_arena *scratch, hone_error *err)
{
    uint64_t at = 0;
    hone__case_begin(w, name);
    for (uint64_t k = 0; k < s->own->n; k++) {
        const hone_chunk *c = &s->own->chunks[k];
        add_words(s, w, at, c->begin);
        HONE_TRY(add_chunk(s, w, c, scratch, err));
        at = c->end;
    }
    add_words(s, w, at, s->n);
    return HONE_OK;
}

static void add_lost(const hone__case_source *s, hone__case_writer *w)
{
    const hone_answer *p = s->record->prediction;
    uint64_t lost = 0;
    for (uint64_t i = 0; i < p->n; i++)
        lost += p->labels[i] < 0;
    if (lost == 0)
        return;
    hone__case_begin(w, "lost");
    hone__case_addf(w, "%llu of %llu words were cut off or have no token, and have no tag", (unsigned long long)lost,
                    (unsigned long long)p->n);
}

hone_status hone__case_tags(const hone__case_source *s, hone__case_writer *w, hone_error *err)
{
    const hone_record *r = s->record;
    const char **words;
    uint64_t n;
    hone__entities gold, predicted;
    HONE_TRY(hone__case_list(s, "words", &words, &n, err));
    if (n == 0 || n != r->gold->n || n != r->prediction->n)
        return HONE_OK;
    HONE_TRY(hone__entities_find(s->scratch, s->e, r->gold, r->prediction, &gold, err));
    HONE_TRY(hone__entities_find(s->scratch, s->e, r->prediction, r->gold, &predicted, err));
    const sentence of_gold = {words, n, &gold, &predicted, HONE__MARK_MISSED};
    const sentence of_predicted = {words, n, &predicted, &gold, HONE__MARK_WRONG};
    HONE_TRY(add_sentence(&of_gold, "gold", w, s->scratch, err));
    HONE_TRY(add_sentence(&of_predicted, "predicted", w, s->scratch, err));
    add_lost(s, w);
    return HONE_OK;
}

/* ---- Tokens ------------------------------------------------------------------------------------------------------ */

/* The masked token at that place of the sequence; n where there is none. */
static uint64_t masked_at(const char *const *places, uint64_t n, uint64_t at)
{
    uint64_t k = 0;
    while (k < n && strtoull(places[k], NULL, 10) != at)
        k++;
    return k;
}

static void add_masked(hone__case_writer *w, const char *gold, const char *predicted)
{
    const bool right = strcmp(gold, predicted) == 0;
    hone__case_add(w, right ? HONE__MARK_RIGHT : HONE__MARK_WRONG, gold, right ? "" : predicted);
}

hone_status hone__case_tokens(const hone__case_source *s, hone__case_writer *w, hone_error *err)
{
    const char **sequence, **places, **gold, **predicted;
    uint64_t n, n_places, n_gold, n_predicted;
    HONE_TRY(hone__case_list(s, "gold", &gold, &n_gold, err));
    HONE_TRY(hone__case_list(s, "predicted", &predicted, &n_predicted, err));
    HONE_TRY(hone__case_list(s, "places", &places, &n_places, err));
    HONE_TRY(hone__case_list(s, "sequence", &sequence, &n, err));
    hone__case_begin(w, "masked");
    for (uint64_t i = 0; i < n_gold && i < n_predicted; i++) {
        if (i)
            hone__case_add(w, HONE__MARK_NONE, " ", NULL);
        add_masked(w, gold[i], predicted[i]);
    }
    if (n == 0)
        return HONE_OK;
    hone__case_begin(w, "in");
    for (uint64_t i = 0; i < n; i++) {
        const uint64_t k = masked_at(places, n_places, i);
        const bool masked = k < n_places && k < n_gold && k < n_predicted;
        const char *text = masked ? gold[k] : sequence[i];
        const bool glued = i > 0 && strncmp(text, "##", 2) == 0;
        if (i > 0 && !glued)
            hone__case_add(w, HONE__MARK_NONE, " ", NULL);
        if (masked)
            add_masked(w, text + (glued ? 2 : 0), strcmp(gold[k], predicted[k]) == 0 ? text + (glued ? 2 : 0) : predicted[k]);
        else
            hone__case_add(w, HONE__MARK_NONE, text + (glued ? 2 : 0), NULL);
    }
    return HONE_OK;
}
