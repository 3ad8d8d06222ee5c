/* confusion.c - how many predictions are wrong, and in which way: counts of each label, and of the four kinds for two labels.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>

typedef struct params {
    const char *positive_label;
} params;

static const hone_param rows[] = {
    HONE_PARAM_STRING(params, positive_label,
                      .help = "label whose true and false positives are counted; else data.positive_label, else the second of "
                              "two"),
};

typedef struct state {
    bool binary; /* is there a positive label? */
    hone_average_choice choice;
} state;

static hone_status create(const hone_self *self, const hone_facts *facts, hone_error *err)
{
    const params *p = self->params;
    state *s = self->state;
    s->binary = p->positive_label || facts->positive >= 0 || (facts->n_labels == 2 && facts->target == HONE_TARGET_CLASS);
    return s->binary ? hone_average_choose(self, HONE_AVERAGE_BINARY, p->positive_label, facts, &s->choice, err) : HONE_OK;
}

/* Examples whose prediction is not wholly right. */
static double count_mistakes(const hone_evaluation *e)
{
    double mistakes = 0;
    for (uint64_t i = 0; i < e->n; i++) {
        const hone_record *r = hone_record_at(e, i);
        bool same = true;
        for (uint64_t l = 0; l < e->n_labels && same; l++)
            same = hone_answer_holds(r->gold, l) == hone_answer_holds(r->prediction, l);
        mistakes += !same;
    }
    return mistakes;
}

static hone_status add_kinds(const hone_label_counts *c, uint64_t positive, double n, const char *note, hone_exhibits *out,
                             hone_error *err)
{
    const double both = c->right[positive], predicted = c->predicted[positive], gold = c->gold[positive];
    HONE_TRY(hone_figure(out, "true_positives", both, note, err));
    HONE_TRY(hone_figure(out, "false_positives", predicted - both, note, err));
    HONE_TRY(hone_figure(out, "false_negatives", gold - both, note, err));
    return hone_figure(out, "true_negatives", n - gold - predicted + both, note, err);
}

static hone_status add_table(const hone_label_counts *c, const hone_evaluation *e, hone_exhibits *out, hone_error *err)
{
    static const char *const columns[] = {"label", "gold", "predicted", "both"};
    hone_table *table;
    HONE_TRY(hone_table_begin(out, "labels", "Examples of each label", 4, columns, &table, err));
    for (uint64_t l = 0; l < c->n; l++) {
        HONE_TRY(hone_table_text(table, e->labels[l], err));
        HONE_TRY(hone_table_number(table, c->gold[l], err));
        HONE_TRY(hone_table_number(table, c->predicted[l], err));
        HONE_TRY(hone_table_number(table, c->right[l], err));
    }
    return HONE_OK;
}

static hone_status compute(const hone_self *self, const hone_evaluation *e, hone_exhibits *out, hone_error *err)
{
    const state *s = self->state;
    hone_label_counts c;
    char note[400];

    HONE_TRY(hone_count_labels(self->step, e, &c, err));
    HONE_TRY(hone_figure(out, NULL, count_mistakes(e), "examples predicted wrongly", err));
    if (s->binary && s->choice.positive < c.n)
        HONE_TRY(
            add_kinds(&c, s->choice.positive, (double)e->n, hone_average_note(&s->choice, e, 0, note, sizeof note), out, err));
    return add_table(&c, e, out, err);
}

static const hone_figure_direction directions[] = {{"true_positives", 1}, {"true_negatives", 1}, {NULL, 0}};

static const hone_metric confusion = {
    .plugin = {HONE_PLUGIN(hone_metric, HONE_KIND_METRIC), .name = "confusion",
               .summary = "how many predictions are wrong, and in which way", .source = "scikit-learn, confusion_matrix",
               .help = "    metrics: [confusion]", .state_size = sizeof(state), HONE_PARAMS(params, rows)},
    .targets = HONE_TAKES(HONE_TARGET_CLASS) | HONE_TAKES(HONE_TARGET_CLASSES),
    .direction = -1,
    .create = create,
    .compute = compute,
    .directions = directions,
};

HONE_MODULE(&confusion.plugin);
