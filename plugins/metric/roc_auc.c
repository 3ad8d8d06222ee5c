/* roc_auc.c - the area under the ROC curve: of one label, or of each against the rest, as scikit-learn's roc_auc_score.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>
#include <math.h>

typedef struct params {
    int32_t average;
    const char *positive_label;
} params;

static const hone_param rows[] = {
    HONE_PARAM_CHOICE(params, average, hone_averages, .def_text = "auto",
                      .help =
                          "binary: of the positive label alone; macro: the mean over labels, each against the rest; weighted: "
                          "that mean weighted by gold counts; micro: over all decisions; auto: binary for two labels, else "
                          "macro",
                      .source = "scikit-learn, roc_auc_score with multi_class ovr"),
    HONE_PARAM_STRING(params, positive_label,
                      .help = "label that binary looks at; else data.positive_label, else the second of two"),
};

/* Scores of n decisions and whether each should be yes. */
typedef struct decisions {
    uint64_t n;
    double *scores, *ranks;
    hone_rank_place *room;
    bool *positive;
} decisions;

static hone_status make_room(const hone_self *self, uint64_t n, decisions *d, hone_error *err)
{
    *d = (decisions){.scores = hone_alloc_array(self->step, n, sizeof *d->scores),
                     .ranks = hone_alloc_array(self->step, n, sizeof *d->ranks),
                     .room = hone_alloc_array(self->step, n, sizeof *d->room),
                     .positive = hone_alloc_array(self->step, n, sizeof *d->positive)};
    return d->scores && d->ranks && d->room && d->positive ? HONE_OK : hone_no_memory(err, "ranking probabilities");
}

static void add_label(const hone_evaluation *e, uint64_t label, decisions *d)
{
    for (uint64_t i = 0; i < e->n; i++, d->n++) {
        const hone_record *r = hone_record_at(e, i);
        d->scores[d->n] = (double)r->prediction->scores[label];
        d->positive[d->n] = hone_answer_holds(r->gold, label);
    }
}

static double area_of(decisions *d)
{
    hone_ranks(d->n, d->scores, d->room, d->ranks);
    return hone_roc_area(d->n, d->ranks, d->positive);
}

static double area_of_label(const hone_evaluation *e, uint64_t label, decisions *d)
{
    d->n = 0;
    add_label(e, label, d);
    return area_of(d);
}

/* Like scikit-learn: a label without positives or without negatives has no area and so the macro mean none; a label that gold
 * never has weighs nothing in the weighted mean. */
static double mean_over_labels(const hone_evaluation *e, bool weighted, decisions *d)
{
    double sum = 0, weights = 0;
    for (uint64_t l = 0; l < e->n_labels; l++) {
        const double area = area_of_label(e, l, d);
        double weight = 0;
        for (uint64_t i = 0; i < d->n; i++)
            weight += d->positive[i];
        weight = weighted ? weight : 1;
        sum += weight > 0 ? weight * area : 0;
        weights += weight;
    }
    return weights > 0 ? sum / weights : NAN;
}

static double area_of_all(const hone_evaluation *e, decisions *d)
{
    for (uint64_t l = 0; l < e->n_labels; l++)
        add_label(e, l, d);
    return area_of(d);
}

/* ---- The metric --------------------------------------------------------------------------------------------------- */

static hone_status create(const hone_self *self, const hone_facts *facts, hone_error *err)
{
    const params *p = self->params;
    if (p->average == HONE_AVERAGE_SAMPLES)
        return hone_fail(err, HONE_EINVAL,
                         "metric roc_auc has no average samples: an example alone seldom has labels of both kinds; set "
                         "average to macro, micro or weighted");
    return hone_average_choose(self, p->average, p->positive_label, facts, self->state, err);
}

static hone_status check_scores(const hone_evaluation *e, hone_error *err)
{
    for (uint64_t i = 0; i < e->n; i++) {
        const hone_record *r = hone_record_at(e, i);
        if (r->prediction->n_scores != e->n_labels)
            return hone_fail(err, HONE_EINVAL, "metric roc_auc: example %s has %llu probabilities; there are %llu labels",
                             r->id, (unsigned long long)r->prediction->n_scores, (unsigned long long)e->n_labels);
    }
    return HONE_OK;
}

static hone_status compute(const hone_self *self, const hone_evaluation *e, hone_exhibits *out, hone_error *err)
{
    const hone_average_choice *choice = self->state;
    const bool is_micro = choice->average == HONE_AVERAGE_MICRO;
    decisions d;
    double area;
    char note[400];

    HONE_TRY(check_scores(e, err));
    if (choice->average == HONE_AVERAGE_BINARY && choice->positive >= e->n_labels)
        return hone_fail(err, HONE_EINVAL, "metric roc_auc: the positive label is number %llu, but the predictions know %llu",
                         (unsigned long long)choice->positive, (unsigned long long)e->n_labels);
    HONE_TRY(make_room(self, e->n * (is_micro ? e->n_labels : 1), &d, err));
    if (choice->average == HONE_AVERAGE_BINARY)
        area = area_of_label(e, choice->positive, &d);
    else
        area = is_micro ? area_of_all(e, &d) : mean_over_labels(e, choice->average == HONE_AVERAGE_WEIGHTED, &d);
    return hone_figure(out, NULL, area, hone_average_note(choice, e, e->n_labels, note, sizeof note), err);
}

static const hone_metric roc_auc = {
    .plugin = {HONE_PLUGIN(hone_metric, HONE_KIND_METRIC), .name = "roc_auc", .summary = "the area under the ROC curve",
               .source = "Fawcett 2006, \"An introduction to ROC analysis\"; scikit-learn, roc_auc_score",
               .help = "    metrics: [roc_auc]", .state_size = sizeof(hone_average_choice), HONE_PARAMS(params, rows)},
    .targets = HONE_TAKES(HONE_TARGET_CLASS) | HONE_TAKES(HONE_TARGET_CLASSES),
    .direction = 1,
    .create = create,
    .compute = compute,
};

HONE_MODULE(&roc_auc.plugin);
