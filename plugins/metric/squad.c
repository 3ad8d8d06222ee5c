/* squad.c - how well predicted answers agree with gold ones: exactly, and by the words they share; for questions with and without answer.
 *
 * Equal to the official script of SQuAD 2.0, in per cent: texts are compared in lower case, without punctuation, articles and extra white
 * space, with the gold answer that agrees best. Where predictions say by how much no answer is better than the best one, the thresholds at
 * which exact match and F1 would be largest are given too; they are reckoned with the best answers that are not empty.
 * Source: Rajpurkar et al. 2016, section 6.1; Rajpurkar et al. 2018.
 *
 * build: pkg-config libutf8proc
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

typedef struct params {
    int64_t worst;
} params;

static const hone_param rows[] = {
    HONE_PARAM_INT(params, worst, .def_int = 20, .min_int = 0, .max_int = 10000, .unit = "questions",
                   .help = "questions with a wrong answer that are shown, those of the largest loss", .flags = HONE_NO_BITS),
};

/* ---- Normalised texts -------------------------------------------------------------------------------------------- */

/* The words that count of a text. */
typedef struct words {
    char **word; /* [n] */
    uint64_t n;
} words;

static bool is_ascii_punctuation(utf8proc_int32_t c)
{
    return c < 128 && c > 0 && strchr("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", (int)c);
}

/* As Python's str.split() and \s. */
static bool is_white(utf8proc_int32_t c)
{
    const utf8proc_category_t category = utf8proc_category(c);
    return (c >= 9 && c <= 13) || (c >= 0x1c && c <= 0x1f) || c == 0x85 || category == UTF8PROC_CATEGORY_ZS ||
           category == UTF8PROC_CATEGORY_ZL || category == UTF8PROC_CATEGORY_ZP;
}

/* A letter or a number, as Python's \w (without _, which is punctuation and gone by then). */
static bool is_word(utf8proc_int32_t c)
{
    const utf8proc_category_t category = utf8proc_category(c);
    return (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO) || category == UTF8PROC_CATEGORY_ND ||
           category == UTF8PROC_CATEGORY_NL || category == UTF8PROC_CATEGORY_NO;
}

/* The next character from *at on, in lower case and without ASCII punctuation; 0 at the end. */
static utf8proc_int32_t next_character(const char *text, size_t n, size_t *at)
{
    while (*at < n) {
        utf8proc_int32_t c = 0;
        const utf8proc_ssize_t size = utf8proc_iterate((const utf8proc_uint8_t *)text + *at, (utf8proc_ssize_t)(n - *at), &c);
        *at += size > 0 ? (size_t)size : 1;
        if (size > 0 && !is_ascii_punctuation(c))
            return utf8proc_tolower(c);
    }
    return 0;
}

static bool is_article(const char *bytes, size_t n)
{
    return (n == 1 && bytes[0] == 'a') || (n == 2 && memcmp(bytes, "an", 2) == 0) || (n == 3 && memcmp(bytes, "the", 3) == 0);
}

/* Lower case without punctuation into out, and then a space for every article that stands alone. A run of letters is alone where no letter
 * touches it; articles are runs of letters. */
static char *clean(const char *text, char *out)
{
    const size_t n = strlen(text);
    size_t at = 0, run = 0; /* the run of letters that ends at `to` begins at out + run */
    char *to = out;
    bool in_run = false;
    for (;;) {
        const utf8proc_int32_t c = next_character(text, n, &at);
        if (in_run && !is_word(c)) {
            in_run = false;
            if (is_article(out + run, (size_t)(to - out) - run)) {
                to = out + run;
                *to++ = ' ';
            }
        }
        if (c == 0)
            break;
        if (!in_run && is_word(c)) {
            in_run = true;
            run = (size_t)(to - out);
        }
        if (is_white(c))
            *to++ = ' ';
        else
            to += utf8proc_encode_char(c, (utf8proc_uint8_t *)to);
    }
    *to = '\0';
    return out;
}

/* Small letters may need more bytes than large ones, and an article one more as a space: four times as many are enough. */
static hone_status normalise(hone_arena *arena, const char *text, words *out, hone_error *err)
{
    char *room = hone_alloc_array(arena, strlen(text) + 1, 4);
    char **list = hone_alloc_array(arena, strlen(text) + 1, sizeof *list), *save = NULL;
    if (!room || !list)
        return hone_no_memory(err, "comparing answers");
    *out = (words){.word = list};
    for (char *word = strtok_r(clean(text, room), " ", &save); word; word = strtok_r(NULL, " ", &save))
        list[out->n++] = word;
    return HONE_OK;
}

/* ---- Agreement of two texts -------------------------------------------------------------------------------------- */

static bool equal_words(const words *a, const words *b)
{
    bool same = a->n == b->n;
    for (uint64_t i = 0; same && i < a->n; i++)
        same = strcmp(a->word[i], b->word[i]) == 0;
    return same;
}

/* Words that both have, each as often as both have it. */
static uint64_t shared_words(const words *a, const words *b)
{
    uint64_t shared = 0;
    for (uint64_t i = 0; i < a->n; i++) {
        uint64_t before = 0, there = 0;
        for (uint64_t k = 0; k < i; k++)
            before += strcmp(a->word[k], a->word[i]) == 0;
        for (uint64_t k = 0; k < b->n; k++)
            there += strcmp(b->word[k], a->word[i]) == 0;
        shared += before < there;
    }
    return shared;
}

static double f1_of(const words *gold, const words *predicted)
{
    const double same = (double)shared_words(gold, predicted);
    if (gold->n == 0 || predicted->n == 0)
        return gold->n == predicted->n;
    if (same == 0)
        return 0;
    const double precision = same / (double)predicted->n, recall = same / (double)gold->n;
    return 2 * precision * recall / (precision + recall);
}

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
    words gold = {0}, predicted;
    uint64_t counted = 0;
    *exact = *f1 = 0;
    HONE_TRY(normalise(s->arena, text, &predicted, err));
    for (uint64_t i = 0; i < r->gold->n; i++) {
        const char *answer = text_of(s->arena, r, span_at(r->gold, i));
        if (!answer)
            return hone_no_memory(err, "comparing answers");
        HONE_TRY(normalise(s->arena, answer, &gold, err));
        if (gold.n == 0)
            continue;
        counted++;
        *exact = fmax(*exact, equal_words(&gold, &predicted));
        *f1 = fmax(*f1, f1_of(&gold, &predicted));
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

/* ---- The worst questions ------------------------------------------------------------------------------------------ */

static int by_loss(const void *a, const void *b)
{
    const question *x = *(const question *const *)a, *y = *(const question *const *)b;
    const double p = isnan(x->record->loss) ? 0 : x->record->loss, q = isnan(y->record->loss) ? 0 : y->record->loss;
    if (p != q)
        return p < q ? 1 : -1;
    return x < y ? -1 : x > y;
}

static hone_status add_question(const scoring *s, const question *q, hone_table *table, hone_error *err)
{
    const hone_record *r = q->record;
    const char *text = hone_example_text(r->example, "text", NULL);
    const char *gold = r->gold->n ? text_of(s->arena, r, span_at(r->gold, 0)) : "(no answer)";
    const char *predicted = r->prediction->n ? text_of(s->arena, r, span_at(r->prediction, 0)) : "";
    if (!gold || !predicted)
        return hone_no_memory(err, "showing questions");
    HONE_TRY(hone_table_text(table, r->id, err));
    HONE_TRY(hone_table_text(table, text ? text : "", err));
    HONE_TRY(hone_table_text(table, gold, err));
    HONE_TRY(hone_table_text(table, *predicted ? predicted : "(no answer)", err));
    HONE_TRY(hone_table_number(table, 100 * q->f1, err));
    return hone_table_number(table, r->loss, err);
}

static hone_status add_worst(const scoring *s, uint64_t most, hone_exhibits *out, hone_error *err)
{
    static const char *const columns[] = {"id", "question", "gold", "predicted", "F1 (%)", "loss"};
    question **wrong = hone_alloc_array(s->arena, s->n, sizeof *wrong);
    hone_table *table;
    uint64_t n = 0;
    if (!wrong)
        return hone_no_memory(err, "showing questions");
    for (uint64_t i = 0; i < s->n; i++)
        if (s->questions[i].exact < 1 && s->questions[i].record->example)
            wrong[n++] = &s->questions[i];
    if (n == 0 || most == 0)
        return HONE_OK;
    qsort(wrong, n, sizeof *wrong, by_loss);
    HONE_TRY(hone_table_begin(out, "worst_questions", "Questions with a wrong answer, by loss", 6, columns, &table, err));
    for (uint64_t i = 0; i < n && i < most; i++)
        HONE_TRY(add_question(s, wrong[i], table, err));
    return HONE_OK;
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
    if (s.margins)
        HONE_TRY(add_thresholds(&s, out, err));
    return add_worst(&s, (uint64_t)((const params *)self->params)->worst, out, err);
}

static const hone_metric squad = {
    .plugin = {HONE_PLUGIN(hone_metric, HONE_KIND_METRIC), .name = "squad",
               .summary = "F1 and exact match of answers, as SQuAD's own script has them",
               .source = "Rajpurkar et al. 2018, evaluate-v2.0", .help = "    metrics: [squad]", HONE_PARAMS(params, rows)},
    .targets = HONE_TAKES(HONE_TARGET_SPAN),
    .direction = 1,
    .compute = compute,
};

HONE_MODULE(&squad.plugin);
