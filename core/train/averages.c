/* averages.c - scores of labels out of their counts, and what scikit-learn makes of several labels: macro, micro, weighted.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/statistics.h>

#include <stdio.h>
#include <string.h>

const char *const hone_averages[] = {"auto", "binary", "macro", "micro", "weighted", "samples", NULL};

/* ---- Choosing ---------------------------------------------------------------------------------------------------- */

static hone_status find_positive(const hone_self *self, const char *name, const hone_facts *facts, uint64_t *positive,
                                 hone_error *err)
{
    for (*positive = 0; *positive < facts->n_labels; ++*positive)
        if (strcmp(facts->labels[*positive], name) == 0)
            return HONE_OK;
    return hone_fail(err, HONE_EINVAL, "metric %s: positive_label is %s, which is no label of the data (the first is %s)",
                     self->plugin->name, name, facts->n_labels ? facts->labels[0] : "absent");
}

hone_status hone_average_choose(const hone_self *self, int32_t average, const char *positive_label, const hone_facts *facts,
                                hone_average_choice *choice, hone_error *err)
{
    choice->average = average;
    if (average == HONE_AVERAGE_AUTO)
        choice->average = positive_label || (facts->n_labels == 2 && facts->target == HONE_TARGET_CLASS) ? HONE_AVERAGE_BINARY
                                                                                                         : HONE_AVERAGE_MACRO;
    if (choice->average == HONE_AVERAGE_SAMPLES && facts->target != HONE_TARGET_CLASSES)
        return hone_fail(
            err, HONE_EINVAL,
            "metric %s: average samples is for sets of labels, and the data has %s; set average to macro, micro or weighted",
            self->plugin->name, hone_target_name(facts->target));
    if (choice->average != HONE_AVERAGE_BINARY && positive_label)
        return hone_fail(err, HONE_EINVAL,
                         "metric %s: positive_label has no meaning with average %s; leave it out or set average to binary",
                         self->plugin->name, hone_averages[choice->average]);
    if (choice->average != HONE_AVERAGE_BINARY)
        return HONE_OK;
    if (positive_label)
        return find_positive(self, positive_label, facts, &choice->positive, err);
    if (facts->positive < 0 && facts->n_labels != 2)
        return hone_fail(err, HONE_EINVAL,
                         "metric %s: average binary needs two labels or a positive_label; the data has %llu labels; set "
                         "positive_label, or average to macro, micro or weighted",
                         self->plugin->name, (unsigned long long)facts->n_labels);
    choice->positive = facts->positive >= 0 ? (uint64_t)facts->positive : 1;
    return HONE_OK;
}

const char *hone_average_note(const hone_average_choice *choice, const hone_evaluation *e, uint64_t n_labels, char *out,
                              size_t size)
{
    if (choice->average == HONE_AVERAGE_BINARY)
        snprintf(out, size, "binary, positive label: %s", choice->positive < e->n_labels ? e->labels[choice->positive] : "?");
    else if (choice->average == HONE_AVERAGE_MICRO)
        snprintf(out, size, "micro average over all decisions");
    else if (choice->average == HONE_AVERAGE_SAMPLES)
        snprintf(out, size, "mean over examples");
    else
        snprintf(out, size, "%s average over %llu labels", hone_averages[choice->average], (unsigned long long)n_labels);
    return out;
}

/* ---- Counting ---------------------------------------------------------------------------------------------------- */

bool hone_answer_holds(const hone_answer *answer, uint64_t label)
{
    if (answer->target == HONE_TARGET_CLASS)
        return answer->index >= 0 && (uint64_t)answer->index == label;
    for (uint64_t i = 0; i < answer->n; i++)
        if (answer->labels[i] >= 0 && (uint64_t)answer->labels[i] == label)
            return true;
    return false;
}

hone_status hone_count_labels(hone_arena *arena, const hone_evaluation *e, hone_label_counts *counts, hone_error *err)
{
    const uint64_t n = e->n_labels;
    double *right = hone_alloc_array(arena, n, 3 * sizeof *right);
    if (!right)
        return hone_no_memory(err, "counting labels");
    double *gold = right + n, *predicted = gold + n;
    for (uint64_t i = 0; i < e->n; i++) {
        const hone_record *r = hone_record_at(e, i);
        for (uint64_t l = 0; l < n; l++) {
            const bool in_gold = hone_answer_holds(r->gold, l), in_prediction = hone_answer_holds(r->prediction, l);
            gold[l] += in_gold;
            predicted[l] += in_prediction;
            right[l] += in_gold && in_prediction;
        }
    }
    *counts = (hone_label_counts){.n = n, .right = right, .gold = gold, .predicted = predicted};
    return HONE_OK;
}

/* ---- Averaging --------------------------------------------------------------------------------------------------- */

static double micro(const hone_label_counts *c, hone_label_score score, double zero_division)
{
    double right = 0, gold = 0, predicted = 0;
    for (uint64_t l = 0; l < c->n; l++) {
        right += c->right[l];
        gold += c->gold[l];
        predicted += c->predicted[l];
    }
    return score(right, gold, predicted, zero_division);
}

/* Like scikit-learn: of classes, over those that are in gold or predicted; of sets, over all labels. *n says how many. */
static double mean_over_labels(const hone_label_counts *c, bool all, bool weighted, hone_label_score score,
                               double zero_division, uint64_t *n)
{
    double sum = 0, weights = 0;
    *n = 0;
    for (uint64_t l = 0; l < c->n; l++) {
        if (!all && c->gold[l] + c->predicted[l] == 0)
            continue;
        const double weight = weighted ? c->gold[l] : 1;
        sum += weight * score(c->right[l], c->gold[l], c->predicted[l], zero_division);
        weights += weight;
        ++*n;
    }
    return weights > 0 ? sum / weights : zero_division;
}

static double mean_over_examples(const hone_evaluation *e, hone_label_score score, double zero_division)
{
    double sum = 0;
    for (uint64_t i = 0; i < e->n; i++) {
        const hone_record *r = hone_record_at(e, i);
        double right = 0, gold = 0, predicted = 0;
        for (uint64_t l = 0; l < e->n_labels; l++) {
            const bool in_gold = hone_answer_holds(r->gold, l), in_prediction = hone_answer_holds(r->prediction, l);
            gold += in_gold;
            predicted += in_prediction;
            right += in_gold && in_prediction;
        }
        sum += score(right, gold, predicted, zero_division);
    }
    return e->n ? sum / (double)e->n : zero_division;
}

hone_status hone_average_create(const hone_self *self, const hone_facts *facts, hone_error *err)
{
    const hone_average_params *p = self->params;
    return hone_average_choose(self, p->average, p->positive_label, facts, self->state, err);
}

hone_status hone_average_compute(const hone_self *self, const hone_evaluation *e, hone_label_score score, hone_exhibits *out,
                                 hone_error *err)
{
    const hone_average_params *p = self->params;
    const hone_average_choice *choice = self->state;
    hone_label_counts c;
    uint64_t n = 0;
    double value;
    char note[400];

    HONE_TRY(hone_count_labels(self->step, e, &c, err));
    switch (choice->average) {
    case HONE_AVERAGE_BINARY:
        if (choice->positive >= c.n)
            return hone_fail(err, HONE_EINVAL, "metric %s: the positive label is number %llu, but the predictions know %llu",
                             self->plugin->name, (unsigned long long)choice->positive, (unsigned long long)c.n);
        value = score(c.right[choice->positive], c.gold[choice->positive], c.predicted[choice->positive], p->zero_division);
        break;
    case HONE_AVERAGE_MICRO:
        value = micro(&c, score, p->zero_division);
        break;
    case HONE_AVERAGE_SAMPLES:
        value = mean_over_examples(e, score, p->zero_division);
        break;
    default:
        value = mean_over_labels(&c, e->target == HONE_TARGET_CLASSES, choice->average == HONE_AVERAGE_WEIGHTED, score,
                                 p->zero_division, &n);
    }
    return hone_figure(out, NULL, value, hone_average_note(choice, e, n, note, sizeof note), err);
}
