/* metric.c - what a metric promises, on made-up evaluations.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "conformance/kinds.h"
#include "train/exhibits.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST = 40, WORDS = 5 };
static const char *const labels[HONE__LAB_LABELS] = {"a", "b", "c"};

/* Answers of one target, drawn from a counter. `labels_used` below the number of labels leaves some out. */
typedef struct source {
    hone_arena *arena;
    uint32_t target;
    hone_stream random;
    uint64_t labels_used;
} source;

static hone_status draw(const source *s, uint64_t i, uint64_t side, hone_answer *a, hone_error *err)
{
    const uint64_t at = 64 * side;
    float *scores = hone_alloc_array(s->arena, WORDS, sizeof *scores);
    int32_t *list = hone_alloc_array(s->arena, WORDS, sizeof *list);
    hone_span *span = hone_alloc(s->arena, sizeof *span);
    if (!scores || !list || !span)
        return hone_no_memory(err, "making up answers");
    *a = hone_answer_of((hone_target)s->target);
    a->index = (int32_t)hone_random_below(s->random, i, at, s->labels_used);
    a->score = hone_random_normal(s->random, i, at + 1);
    a->scores = scores;
    a->labels = list;
    a->n_scores = s->target == HONE_TARGET_TAGS || s->target == HONE_TARGET_SCORE || s->target == HONE_TARGET_SPAN ? 0
                  : s->target == HONE_TARGET_TOKENS                                                                ? WORDS
                                                    : HONE__LAB_LABELS;
    float sum = 0.0f;
    for (int k = 0; k < WORDS; k++) {
        scores[k] = 0.05f + (float)hone_random_uniform(s->random, i, at + 8 + (uint64_t)k);
        sum += k < HONE__LAB_LABELS ? scores[k] : 0.0f;
        list[k] = (int32_t)hone_random_below(s->random, i, at + 24 + (uint64_t)k, s->labels_used);
    }
    for (int k = 0; s->target == HONE_TARGET_CLASS && k < HONE__LAB_LABELS; k++)
        scores[k] /= sum;
    if (s->target == HONE_TARGET_TAGS || s->target == HONE_TARGET_TOKENS)
        a->n = WORDS;
    if (s->target == HONE_TARGET_CLASSES)
        for (int32_t k = 0; k < (int32_t)s->labels_used; k++)
            if (scores[k] > 0.5f)
                list[a->n++] = k;
    if (s->target == HONE_TARGET_SPAN) {
        *span = (hone_span){.begin = i % 3, .end = 4 + (i + side) % 3, .text = "text"};
        a->spans = span;
        a->span_size = sizeof *span;
        a->n = i % 4 != 0;
        a->text = "text";
    }
    if (s->target == HONE_TARGET_OTHER) {
        a->bytes = list;
        a->n_bytes = sizeof *list;
        a->text = "text";
    }
    return HONE_OK;
}

static hone_status make_evaluation(hone__lab *lab, uint32_t target, uint64_t n, uint64_t labels_used, hone_evaluation *e,
                                   hone_error *err)
{
    const hone_key key = {.seed = 7, .scope = hone_scope_hash("metric"), .step = target};
    const source s = {lab->arena, target, hone_stream_of(&key), labels_used};
    hone_record *records = hone_alloc_array(lab->arena, n, sizeof *records);
    hone_answer *answers = hone_alloc_array(lab->arena, 2 * n, sizeof *answers);
    if (!records || !answers)
        return hone_no_memory(err, "making up an evaluation");
    for (uint64_t i = 0; i < n; i++) {
        const char *id = hone_sprintf(lab->arena, "example-%llu", (unsigned long long)i);
        if (!id)
            return hone_no_memory(err, "making up an evaluation");
        HONE_TRY(draw(&s, i, 0, &answers[2 * i], err));
        HONE_TRY(draw(&s, i, 1, &answers[2 * i + 1], err));
        records[i] = (hone_record){
            .id = id, .gold = &answers[2 * i], .prediction = &answers[2 * i + 1], .loss = 0.1 * (double)i, .items = 1.0};
    }
    *e = (hone_evaluation){.size = sizeof *e,
                           .target = target,
                           .positive = lab->facts.positive,
                           .n = n,
                           .records = records,
                           .record_size = sizeof *records,
                           .n_labels = lab->facts.n_labels,
                           .labels = labels,
                           .split = "validation",
                           .output = ""};
    return HONE_OK;
}

/* The figures of one computation as text, with all digits. */
static hone_status compute(hone__lab *lab, const hone_self *self, const hone_evaluation *e, const char **text, hone_error *err)
{
    const hone_metric *metric = (const hone_metric *)(const void *)lab->table;
    hone_exhibits *out = hone__exhibits_create(lab->arena);
    if (!out)
        return hone_no_memory(err, "computing a metric");
    out->prefix = "metric";
    out->metric = metric;
    HONE_TRY(metric->compute(self, e, out, err));
    HONE__EXPECT(out->n_figures > 0, "it gives no figure");
    *text = "";
    for (size_t i = 0; i < out->n_figures; i++) {
        const double v = out->figures[i].value;
        HONE__EXPECT(isfinite(v) || isnan(v), "the figure %s is infinite", out->figures[i].name);
        *text = hone_sprintf(lab->arena, "%s%s=%.17g;", *text, out->figures[i].name, v);
        if (!*text)
            return hone_no_memory(err, "computing a metric");
    }
    return HONE_OK;
}

static hone_status check_target(hone__lab *lab, uint32_t target, hone_error *err)
{
    static const struct {
        uint64_t n, labels_used;
    } sizes[] = {{MOST, HONE__LAB_LABELS}, {1, HONE__LAB_LABELS}, {2, 1}, {MOST, 1}, {0, HONE__LAB_LABELS}};
    hone_self *self;
    hone__lab_target(lab, target);
    HONE_TRY(hone__lab_self(lab, &self, err));
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        hone_evaluation e;
        const char *first, *second;
        HONE_TRY(make_evaluation(lab, target, sizes[i].n, sizes[i].labels_used, &e, err));
        HONE_TRY(compute(lab, self, &e, &first, err));
        HONE_TRY(compute(lab, self, &e, &second, err));
        HONE__EXPECT(strcmp(first, second) == 0, "the same evaluation gives %s and then %s", first, second);
    }
    return HONE_OK;
}

static hone_status figures_are_finite_or_nan_and_always_the_same(hone__lab *lab, hone_error *err)
{
    const hone_metric *metric = (const hone_metric *)(const void *)lab->table;
    size_t checked = 0;
    for (uint32_t target = HONE_TARGET_CLASS; target <= HONE_TARGET_OTHER; target++) {
        if (!(metric->targets & HONE_TAKES(target)))
            continue;
        HONE_TRY(check_target(lab, target, err));
        checked++;
    }
    HONE__EXPECT(checked > 0, "it takes no target");
    return HONE_OK;
}

static hone_status the_direction_is_one_of_three(hone__lab *lab, hone_error *err)
{
    const hone_metric *metric = (const hone_metric *)(const void *)lab->table;
    HONE__EXPECT(metric->direction >= -1 && metric->direction <= 1, "its direction is %d; it must be +1, -1 or 0",
                 metric->direction);
    for (const hone_figure_direction *d = metric->directions; d && d->suffix; d++) {
        HONE__EXPECT(*d->suffix, "a suffix in `directions` is empty; the main figure has the metric's own direction");
        HONE__EXPECT(d->direction >= -1 && d->direction <= 1, "the direction of its figure %s is %lld; it must be +1, -1 or 0",
                     d->suffix, (long long)d->direction);
    }
    return HONE_OK;
}

const hone__check hone__checks_of_metric[] = {
    {"its direction, and that of each figure, is +1, -1 or 0", the_direction_is_one_of_three},
    {"figures are finite or NaN and always the same, also of one example, of none, and with labels absent",
     figures_are_finite_or_nan_and_always_the_same},
    {NULL, NULL},
};
