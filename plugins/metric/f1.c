/* f1.c - the harmonic mean of precision and recall: of one label, or over all labels, as scikit-learn's f1_score.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct params {
    int32_t average;
    const char *positive_label;
    double zero_division;
} params;

enum { AUTO, BINARY, MACRO, MICRO, WEIGHTED };
static const char *const averages[] = {"auto", "binary", "macro", "micro", "weighted", NULL};

static const hone_param rows[] = {
    HONE_PARAM_CHOICE(params, average, averages, .def_text = "auto",
                      .help = "binary: of the positive label alone; macro: the mean over labels; micro: over all decisions; "
                              "weighted: the mean weighted by gold counts; auto: binary for two labels, else macro",
                      .source = "scikit-learn, f1_score"),
    HONE_PARAM_STRING(params, positive_label,
                      .help = "label that binary looks at; else data.positive_label, else the second "
                              "of two"),
    HONE_PARAM_REAL(params, zero_division, .def_real = 0, .min_real = 0, .max_real = 1, .unit = "1",
                    .help = "F1 of a label that is neither in gold nor predicted", .source = "scikit-learn, f1_score"),
};

typedef struct state {
    int32_t average;
    uint64_t positive; /* with binary */
} state;

static hone_status find_positive(const char *name, const hone_facts *facts, uint64_t *positive, hone_error *err)
{
    for (*positive = 0; *positive < facts->n_labels; ++*positive)
        if (strcmp(facts->labels[*positive], name) == 0)
            return HONE_OK;
    return hone_fail(err, HONE_EINVAL, "metric f1: positive_label is %s, which is no label of the data (the first is %s)", name,
                     facts->n_labels ? facts->labels[0] : "absent");
}

static hone_status create(const hone_self *self, const hone_facts *facts, hone_error *err)
{
    const params *p = self->params;
    state *s = self->state;

    s->average = p->average;
    if (s->average == AUTO)
        s->average = p->positive_label || (facts->n_labels == 2 && facts->target == HONE_TARGET_CLASS) ? BINARY : MACRO;
    if (s->average != BINARY)
        return p->positive_label ? hone_fail(err, HONE_EINVAL,
                                             "metric f1: positive_label has no meaning with average %s; leave it out or set "
                                             "average to binary",
                                             averages[s->average])
                                 : HONE_OK;
    if (p->positive_label)
        return find_positive(p->positive_label, facts, &s->positive, err);
    if (facts->positive < 0 && facts->n_labels != 2)
        return hone_fail(err, HONE_EINVAL,
                         "metric f1: average binary needs two labels or a positive_label; the data has %llu labels; set "
                         "positive_label, or average to macro, micro or weighted",
                         (unsigned long long)facts->n_labels);
    s->positive = facts->positive >= 0 ? (uint64_t)facts->positive : 1;
    return HONE_OK;
}

/* How often each label is right, in gold, predicted. */
typedef struct counts {
    double *right, *gold, *predicted; /* [C] */
    uint64_t n;
} counts;

static bool holds(const hone_answer *a, uint64_t label)
{
    if (a->target == HONE_TARGET_CLASS)
        return a->index >= 0 && (uint64_t)a->index == label;
    for (uint64_t i = 0; i < a->n; i++)
        if (a->labels[i] >= 0 && (uint64_t)a->labels[i] == label)
            return true;
    return false;
}

static hone_status count(const hone_self *self, const hone_evaluation *e, counts *c, hone_error *err)
{
    c->n = e->n_labels;
    c->right = hone_alloc_array(self->step, 3 * c->n, sizeof *c->right);
    if (!c->right)
        return hone_no_memory(err, "counting labels");
    c->gold = c->right + c->n;
    c->predicted = c->gold + c->n;
    for (uint64_t i = 0; i < e->n; i++) {
        const hone_record *r = hone_record_at(e, i);
        for (uint64_t l = 0; l < c->n; l++) {
            const bool in_gold = holds(r->gold, l), predicted = holds(r->prediction, l);
            c->gold[l] += in_gold;
            c->predicted[l] += predicted;
            c->right[l] += in_gold && predicted;
        }
    }
    return HONE_OK;
}

static double f1_of(double right, double gold, double predicted, double zero_division)
{
    return gold + predicted > 0 ? 2 * right / (gold + predicted) : zero_division;
}

static double micro(const counts *c, double zero_division)
{
    double right = 0, gold = 0, predicted = 0;
    for (uint64_t l = 0; l < c->n; l++) {
        right += c->right[l];
        gold += c->gold[l];
        predicted += c->predicted[l];
    }
    return f1_of(right, gold, predicted, zero_division);
}

/* Like scikit-learn, over the labels that are in gold or predicted; *n says how many. */
static double mean_over_labels(const counts *c, bool weighted, double zero_division, uint64_t *n)
{
    double sum = 0, weights = 0;
    *n = 0;
    for (uint64_t l = 0; l < c->n; l++) {
        if (c->gold[l] + c->predicted[l] == 0)
            continue;
        const double weight = weighted ? c->gold[l] : 1;
        sum += weight * f1_of(c->right[l], c->gold[l], c->predicted[l], zero_division);
        weights += weight;
        ++*n;
    }
    return weights > 0 ? sum / weights : zero_division;
}

static hone_status compute(const hone_self *self, const hone_evaluation *e, hone_exhibits *out, hone_error *err)
{
    const params *p = self->params;
    const state *s = self->state;
    counts c = {0};
    uint64_t n = 0;
    double value;
    char note[160];

    HONE_TRY(count(self, e, &c, err));
    if (s->average == BINARY) {
        if (s->positive >= c.n)
            return hone_fail(err, HONE_EINVAL, "metric f1: the positive label is number %llu, but the predictions know %llu",
                             (unsigned long long)s->positive, (unsigned long long)c.n);
        value = f1_of(c.right[s->positive], c.gold[s->positive], c.predicted[s->positive], p->zero_division);
        snprintf(note, sizeof note, "binary, positive label: %s", e->labels[s->positive]);
    } else if (s->average == MICRO) {
        value = micro(&c, p->zero_division);
        snprintf(note, sizeof note, "micro average over all decisions");
    } else {
        value = mean_over_labels(&c, s->average == WEIGHTED, p->zero_division, &n);
        snprintf(note, sizeof note, "%s average over %llu labels", averages[s->average], (unsigned long long)n);
    }
    return hone_figure(out, NULL, value, note, err);
}

static const hone_metric f1 = {
    .plugin = {HONE_PLUGIN(hone_metric, HONE_KIND_METRIC), .name = "f1", .summary = "the harmonic mean of precision and recall",
               .source = "scikit-learn, f1_score", .help = "    metrics: [f1, {type: f1, name: f1_macro, average: macro}]",
               .state_size = sizeof(state), HONE_PARAMS(params, rows)},
    .targets = HONE_TAKES(HONE_TARGET_CLASS) | HONE_TAKES(HONE_TARGET_CLASSES),
    .direction = 1,
    .create = create,
    .compute = compute,
};

HONE_MODULE(&f1.plugin);
