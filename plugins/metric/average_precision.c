/* average_precision.c - precision averaged over recall, along the order of the probabilities: of one label, or over all of them.
 *
 * sum over thresholds of (recall there - recall at the one before) precision there, without interpolation; 0 where there is no positive.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>
#include <math.h>
#include <stdlib.h>

typedef struct params {
    int32_t average;
    const char *positive_label;
} params;

static const hone_param rows[] = {
    HONE_PARAM_CHOICE(
        params, average, hone_averages, .def_text = "auto",
        .help = "binary: of the positive label alone; macro: the mean over labels; weighted: that mean weighted by gold "
                "counts; micro: over all decisions; samples: the mean over examples; auto: binary for two labels, else "
                "macro",
        .source = "scikit-learn, average_precision_score"),
    HONE_PARAM_STRING(params, positive_label,
                      .help = "label that binary looks at; else data.positive_label, else the second of two"),
};

typedef struct decision {
    double p;
    bool gold;
} decision;

static decision decision_of(const hone_evaluation *e, uint64_t i, uint64_t label)
{
    const hone_record *r = hone_record_at(e, i);
    return (decision){(double)r->prediction->scores[label], hone_answer_holds(r->gold, label)};
}

static int larger_first(const void *a, const void *b)
{
    const double x = ((const decision *)a)->p, y = ((const decision *)b)->p;
    return (x < y) - (x > y);
}

static double average_of(decision *d, uint64_t n, double *positives)
{
    double right = 0, before = 0, sum = 0;
    *positives = 0;
    for (uint64_t i = 0; i < n; i++)
        *positives += d[i].gold;
    if (*positives == 0)
        return 0;
    qsort(d, n, sizeof *d, larger_first);
    for (uint64_t i = 0; i < n; i++) {
        right += d[i].gold;
        if (i + 1 < n && d[i + 1].p == d[i].p)
            continue;
        sum += (right - before) / *positives * (right / (double)(i + 1));
        before = right;
    }
    return sum;
}

static double of_label(const hone_evaluation *e, uint64_t label, decision *d, double *positives)
{
    for (uint64_t i = 0; i < e->n; i++)
        d[i] = decision_of(e, i, label);
    return average_of(d, e->n, positives);
}

static double over_labels(const hone_evaluation *e, bool weighted, decision *d)
{
    double sum = 0, weights = 0, positives;
    for (uint64_t l = 0; l < e->n_labels; l++) {
        const double value = of_label(e, l, d, &positives), weight = weighted ? positives : 1;
        sum += weight * value;
        weights += weight;
    }
    return weights > 0 ? sum / weights : 0;
}

static double over_examples(const hone_evaluation *e, decision *d)
{
    double sum = 0, positives;
    for (uint64_t i = 0; i < e->n; i++) {
        for (uint64_t l = 0; l < e->n_labels; l++)
            d[l] = decision_of(e, i, l);
        sum += average_of(d, e->n_labels, &positives);
    }
    return sum / (double)e->n;
}

static double over_all(const hone_evaluation *e, decision *d)
{
    double positives;
    uint64_t n = 0;
    for (uint64_t l = 0; l < e->n_labels; l++)
        for (uint64_t i = 0; i < e->n; i++)
            d[n++] = decision_of(e, i, l);
    return average_of(d, n, &positives);
}

static hone_status create(const hone_self *self, const hone_facts *facts, hone_error *err)
{
    const params *p = self->params;
    return hone_average_choose(self, p->average, p->positive_label, facts, self->state, err);
}

static hone_status check(const hone_evaluation *e, const hone_average_choice *choice, hone_error *err)
{
    if (choice->average == HONE_AVERAGE_BINARY && choice->positive >= e->n_labels)
        return hone_fail(err, HONE_EINVAL,
                         "metric average_precision: the positive label is number %llu, but the predictions know %llu",
                         (unsigned long long)choice->positive, (unsigned long long)e->n_labels);
    for (uint64_t i = 0; i < e->n; i++) {
        const hone_record *r = hone_record_at(e, i);
        if (r->prediction->n_scores != e->n_labels)
            return hone_fail(err, HONE_EINVAL,
                             "metric average_precision: example %s has %llu probabilities; there are %llu labels", r->id,
                             (unsigned long long)r->prediction->n_scores, (unsigned long long)e->n_labels);
    }
    return HONE_OK;
}

static hone_status compute(const hone_self *self, const hone_evaluation *e, hone_exhibits *out, hone_error *err)
{
    const hone_average_choice *choice = self->state;
    double value = NAN, positives;
    char note[400];
    HONE_TRY(check(e, choice, err));
    decision *d = hone_alloc_array(self->step, e->n + 1, (e->n_labels + 1) * sizeof *d);
    if (!d)
        return hone_no_memory(err, "ranking probabilities");
    if (e->n > 0)
        value = choice->average == HONE_AVERAGE_BINARY    ? of_label(e, choice->positive, d, &positives)
                : choice->average == HONE_AVERAGE_MICRO   ? over_all(e, d)
                : choice->average == HONE_AVERAGE_SAMPLES ? over_examples(e, d)
                                                          : over_labels(e, choice->average == HONE_AVERAGE_WEIGHTED, d);
    return hone_figure(out, NULL, value, hone_average_note(choice, e, e->n_labels, note, sizeof note), err);
}

static const hone_metric average_precision = {
    .plugin = {HONE_PLUGIN(hone_metric, HONE_KIND_METRIC), .name = "average_precision",
               .summary = "precision averaged over recall, along the order of the probabilities",
               .source = "scikit-learn, average_precision_score",
               .help = "    metrics: [{type: average_precision, average: macro}]", .state_size = sizeof(hone_average_choice),
               HONE_PARAMS(params, rows)},
    .targets = HONE_TAKES(HONE_TARGET_CLASS) | HONE_TAKES(HONE_TARGET_CLASSES),
    .direction = 1,
    .create = create,
    .compute = compute,
};

HONE_MODULE(&average_precision.plugin);
