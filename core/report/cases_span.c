/* cases_span.c - questions: the part of the text around the answers, what was predicted, and how well it agrees.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "report/cases.h"

#include <hone/statistics.h>
#include <math.h>
#include <string.h>

enum { AROUND = 160, FURTHEST = 500 }; /* bytes shown on both sides of an answer; between answers that are shown together */

typedef struct passage {
    const char *text;
    size_t n;
    const hone_answer *gold;
    const hone_span *predicted; /* NULL: no answer */
} passage;

static const hone_span *span_at(const hone_answer *a, uint64_t i)
{
    return (const hone_span *)(const void *)((const char *)a->spans + i * a->span_size);
}

/* The best range, unless it is empty. */
static const hone_span *best_of(const hone_answer *a)
{
    const hone_span *best = a->n ? span_at(a, 0) : NULL;
    return best && best->end > best->begin ? best : NULL;
}

/* ---- The text around the answers --------------------------------------------------------------------------------- */

static bool holds(const hone_span *s, size_t at)
{
    return s && at >= s->begin && at < s->end;
}

static hone__case_mark mark_at(const passage *p, size_t at)
{
    bool gold = false;
    for (uint64_t i = 0; i < p->gold->n && !gold; i++)
        gold = holds(span_at(p->gold, i), at);
    const bool predicted = holds(p->predicted, at);
    return gold ? (predicted ? HONE__MARK_RIGHT : HONE__MARK_MISSED) : predicted ? HONE__MARK_WRONG : HONE__MARK_NONE;
}

/* The nearest byte at or before `at`, or at or behind it, where a word begins. */
static size_t word_border(const passage *p, size_t at, bool before)
{
    while (at > 0 && at < p->n && p->text[at - 1] != ' ' && p->text[at - 1] != '\n')
        at += before ? (size_t)-1 : 1;
    return at < p->n ? at : p->n;
}

static void add_range(const passage *p, hone__case_writer *w, size_t begin, size_t end)
{
    static const char *const says[] = {NULL, "both", "predicted", "gold"};
    if (begin > 0)
        hone__case_add(w, HONE__MARK_NONE, "\xe2\x80\xa6 ", NULL);
    for (size_t at = begin, next; at < end; at = next) {
        const hone__case_mark mark = mark_at(p, at);
        for (next = at + 1; next < end && mark_at(p, next) == mark;)
            next++;
        hone__case_addn(w, mark, p->text + at, next - at, says[mark]);
    }
    if (end < p->n)
        hone__case_add(w, HONE__MARK_NONE, " \xe2\x80\xa6", NULL);
}

static void add_around(const passage *p, hone__case_writer *w, const hone_span *first, const hone_span *last)
{
    const size_t begin = first->begin > AROUND ? first->begin - AROUND : 0, end = last->end + AROUND;
    add_range(p, w, word_border(p, begin, true), word_border(p, end < p->n ? end : p->n, false));
}

static void add_passage(const passage *p, hone__case_writer *w)
{
    const hone_span *gold = best_of(p->gold), *predicted = p->predicted;
    const hone_span *first = !gold || (predicted && predicted->begin < gold->begin) ? predicted : gold;
    const hone_span *last = !gold || (predicted && predicted->end > gold->end) ? predicted : gold;
    hone__case_begin(w, "text");
    if (!first)
        add_range(p, w, 0, word_border(p, 2 * AROUND < p->n ? 2 * AROUND : p->n, false));
    else if (last->begin < first->end + FURTHEST)
        add_around(p, w, first, last);
    else {
        add_around(p, w, first, first);
        hone__case_add(w, HONE__MARK_NONE, " ", NULL);
        add_around(p, w, last, last);
    }
}

/* ---- Agreement --------------------------------------------------------------------------------------------------- */

/* With the gold answer that agrees best; without any, whether nothing was predicted. */
static hone_status agreement(const hone__case_source *s, const char *text, double *exact, double *f1, hone_error *err)
{
    const hone_answer *gold = s->record->gold;
    hone_answer_words own, other;
    HONE_TRY(hone_answer_words_of(s->scratch, text, &own, err));
    *exact = *f1 = gold->n == 0 && own.n == 0;
    for (uint64_t i = 0; i < gold->n; i++) {
        HONE_TRY(hone_answer_words_of(s->scratch, span_at(gold, i)->text ? span_at(gold, i)->text : "", &other, err));
        *exact = fmax(*exact, hone_answer_exact(&other, &own));
        *f1 = fmax(*f1, hone_answer_f1(&other, &own));
    }
    return HONE_OK;
}

static void add_gold(const hone__case_source *s, hone__case_writer *w)
{
    const hone_answer *gold = s->record->gold;
    hone__case_begin(w, "gold");
    if (gold->n == 0)
        hone__case_addf(w, "(no answer)");
    for (uint64_t i = 0, n = 0; i < gold->n; i++) {
        const char *text = span_at(gold, i)->text;
        bool again = !text;
        for (uint64_t k = 0; k < i && !again; k++)
            again = span_at(gold, k)->text && strcmp(span_at(gold, k)->text, text) == 0;
        if (again)
            continue;
        hone__case_add(w, HONE__MARK_NONE, n++ ? " | " : "", NULL);
        hone__case_add(w, HONE__MARK_NONE, text, NULL);
    }
}

static void add_predicted(const hone__case_source *s, const hone_span *best, double exact, double f1, hone__case_writer *w)
{
    const hone_answer *p = s->record->prediction;
    hone__case_begin(w, "predicted");
    if (best)
        hone__case_add(w, exact > 0 ? HONE__MARK_RIGHT : HONE__MARK_WRONG, best->text ? best->text : "?", NULL);
    else
        hone__case_addf(w, "(no answer)");
    hone__case_addf(w, "  exact %.0f, F1 %.2f", exact, f1);
    if (p->n_scores)
        hone__case_addf(w, "; no answer scores %.2f %s", fabs((double)p->scores[0]), p->scores[0] < 0 ? "less" : "more");
}

hone_status hone__case_span(const hone__case_source *s, hone__case_writer *w, hone_error *err)
{
    const char *question = hone__case_cell(s, "text"), *text = hone__case_cell(s, "text_pair");
    const hone_span *best = best_of(s->record->prediction);
    const passage p = {.text = text, .n = text ? strlen(text) : 0, .gold = s->record->gold, .predicted = best};
    double exact, f1;
    HONE_TRY(agreement(s, best && best->text ? best->text : "", &exact, &f1, err));
    if (question) {
        hone__case_begin(w, "question");
        hone__case_add(w, HONE__MARK_NONE, question, NULL);
    }
    if (text)
        add_passage(&p, w);
    add_gold(s, w);
    add_predicted(s, best, exact, f1, w);
    return HONE_OK;
}
