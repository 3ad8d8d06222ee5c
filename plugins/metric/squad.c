/* squad.c - how well predicted answers agree with gold ones: exactly, and by the words they share; for questions with and without answer.
 *
 * Equal to the official script of SQuAD 2.0, in per cent: texts are compared in lower case, without punctuation, articles and extra white
 * space, with the gold answer that agrees best. Where predictions say by how much no answer is better than the best one, the thresholds at
 * which exact match and F1 would be largest are given too; they are reckoned with the best answers that are not empty.
 * Source: Rajpurkar et al. 2016, section 6.1; Rajpurkar et al. 2018.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>

#include <math.h>
#include <stdlib.h>

/* ---- Questions --------------------------------------------------------------------------------------------------- */

typedef struct question {
    const hone_record *record;
    bool has_answer;
    double exact, f1;           /* of the prediction */
    double best_exact, best_f1; /* of the best answer that is not empty */
    double margin;              /* by how much no answer is better than that */
} question;

typedef struct scoring {
    hone_arena *arena;
    question *questions; /* [n] */
    uint64_t n;
    bool margins; /* all predictions have one */
} scoring;

static const hone_span *span_at(const hone_answer *a, uint64_t i)
{
    return (const hone_span *)(const void *)((const char *)a->spans + i * a->span_size);
}

/* NULL when memory is short. */
static const char *text_of(hone_arena *arena, const hone_record *r, const hone_span *span)
{
    size_t n = 0;
    const char *text = r->example ? hone_example_text(r->example, "text_pair", &n) : NULL;
    if (span->text)
        return span->text;
    return text && span->end <= n ? hone_strndup(arena, text + span->begin, (size_t)(span->end - span->begin)) : "";
}

/* Against all gold answers that have a word; none of them is an empty one. */
static hone_status compare(scoring *s, const hone_record *r, const char *text, double *exact, double *f1, hone_error *err)
{
    hone_answer_words gold = {0}, predicted;
    uint64_t counted = 0;
    *exact = *f1 = 0;
    HONE_TRY(hone_answer_words_of(s->arena, text, &predicted, err));
    for (uint64_t i = 0; i < r->gold->n; i++) {
        const char *answer = text_of(s->arena, r, span_at(r->gold, i));
        if (!answer)
            return hone_no_memory(err, "comparing answers");
        HONE_TRY(hone_answer_words_of(s->arena, answer, &gold, err));
        if (gold.n == 0)
            continue;
        counted++;
        *exact = fmax(*exact, hone_answer_exact(&gold, &predicted));
        *f1 = fmax(*f1, hone_answer_f1(&gold, &predicted));
    }
    if (counted == 0)
        *exact = *f1 = predicted.n == 0;
    return HONE_OK;
}

static hone_status score(scoring *s, const hone_record *r, hone_error *err)
{
    const hone_answer *p = r->prediction;
    question *q = &s->questions[s->n++];
    const char *first = p->n ? text_of(s->arena, r, span_at(p, 0)) : "", *best = "";
    for (uint64_t i = 0; i < p->n && best && !*best; i++)
        best = text_of(s->arena, r, span_at(p, i));
    if (!first || !best)
        return hone_no_memory(err, "comparing answers");
    *q = (question){.record = r, .has_answer = r->gold->n > 0, .margin = p->n_scores ? (double)p->scores[0] : NAN};
    s->margins = s->margins && p->n_scores > 0;
    HONE_TRY(compare(s, r, first, &q->exact, &q->f1, err));
    if (!*best) { /* no answer at all was tried */
        q->best_exact = q->best_f1 = 0;
        return HONE_OK;
    }
    return compare(s, r, best, &q->best_exact, &q->best_f1, err);
}

/* ---- Figures ----------------------------------------------------------------------------------------------------- */

enum { ALL, WITH, WITHOUT };

static uint64_t count(const scoring *s, int which)
{
    uint64_t n = 0;
    for (uint64_t i = 0; i < s->n; i++)
        n += which == ALL || s->questions[i].has_answer == (which == WITH);
    return n;
}

static hone_status add_scores(const scoring *s, int which, hone_exhibits *out, hone_error *err)
{
    static const char *const names[][2] = {{NULL, "exact"}, {"HasAns_f1", "HasAns_exact"}, {"NoAns_f1", "NoAns_exact"}};
    double exact = 0, f1 = 0;
    const double n = (double)count(s, which);
    for (uint64_t i = 0; i < s->n; i++) {
        const question *q = &s->questions[i];
        const bool counts = which == ALL || q->has_answer == (which == WITH);
        exact += counts ? q->exact : 0;
        f1 += counts ? q->f1 : 0;
    }
    HONE_TRY(hone_figure(out, names[which][0], n > 0 ? 100 * f1 / n : NAN, "per cent", err));
    return hone_figure(out, names[which][1], n > 0 ? 100 * exact / n : NAN, "per cent", err);
}

/* By margin, then in the order of the data. */
static int by_margin(const void *a, const void *b)
{
    const question *x = *(const question *const *)a, *y = *(const question *const *)b;
    if (x->margin != y->margin)
        return x->margin < y->margin ? -1 : 1;
    return x < y ? -1 : x > y;
}

/* Answering all questions up to some margin, and none behind: what is most, and where. */
static void best_threshold(const scoring *s, question **order, bool exact, double *best, double *threshold)
{
    double current = (double)count(s, WITHOUT);
    *best = current;
    *threshold = 0;
    for (uint64_t i = 0; i < s->n; i++) {
        const question *q = order[i];
        current += q->has_answer ? (exact ? q->best_exact : q->best_f1) : -1;
        if (current > *best) {
            *best = current;
            *threshold = q->margin;
        }
    }
    *best = s->n ? 100 * *best / (double)s->n : NAN;
}

static hone_status add_thresholds(const scoring *s, hone_exhibits *out, hone_error *err)
{
    static const char note[] = "per cent, were head.null_score_diff_threshold so";
    question **order = hone_alloc_array(s->arena, s->n, sizeof *order);
    double best, threshold;
    if (!order)
        return hone_no_memory(err, "looking for thresholds");
    for (uint64_t i = 0; i < s->n; i++)
        order[i] = &s->questions[i];
    if (s->n)
        qsort(order, s->n, sizeof *order, by_margin);
    best_threshold(s, order, true, &best, &threshold);
    HONE_TRY(hone_figure(out, "best_exact", best, note, err));
    HONE_TRY(hone_figure(out, "best_exact_thresh", threshold, NULL, err));
    best_threshold(s, order, false, &best, &threshold);
    HONE_TRY(hone_figure(out, "best_f1", best, note, err));
    return hone_figure(out, "best_f1_thresh", threshold, NULL, err);
}

static hone_status compute(const hone_self *self, const hone_evaluation *e, hone_exhibits *out, hone_error *err)
{
    scoring s = {.arena = self->step, .margins = e->n > 0};
    s.questions = hone_alloc_array(self->step, e->n, sizeof *s.questions);
    if (!s.questions)
        return hone_no_memory(err, "comparing answers");
    for (uint64_t i = 0; i < e->n; i++)
        HONE_TRY(score(&s, hone_record_at(e, i), err));
    HONE_TRY(add_scores(&s, ALL, out, err));
    if (count(&s, WITHOUT) > 0) {
        HONE_TRY(add_scores(&s, WITH, out, err));
        HONE_TRY(add_scores(&s, WITHOUT, out, err));
    }
    return s.margins ? add_thresholds(&s, out, err) : HONE_OK;
}

/* A threshold is a place, not a merit. */
static const hone_figure_direction directions[] = {{"best_exact_thresh", 0}, {"best_f1_thresh", 0}, {NULL, 0}};

static const hone_metric squad = {
    .plugin = {HONE_PLUGIN(hone_metric, HONE_KIND_METRIC), .name = "squad",
               .summary = "F1 and exact match of answers, as SQuAD's own script has them",
               .source = "Rajpurkar et al. 2018, evaluate-v2.0", .help = "    metrics: [squad]"},
    .targets = HONE_TAKES(HONE_TARGET_SPAN),
    .direction = 1,
    .compute = compute,
    .directions = directions,
};

HONE_MODULE(&squad.plugin);
