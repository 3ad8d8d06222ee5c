/* hamming_loss.c - the share of decisions, one for each example and label, that are wrong; of classes the share of wrong examples.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>
#include <math.h>

static double mistakes_of(const hone_evaluation *e, const hone_record *r)
{
    double mistakes = 0;
    if (e->target == HONE_TARGET_CLASS)
        return r->gold->index != r->prediction->index;
    for (uint64_t l = 0; l < e->n_labels; l++)
        mistakes += hone_answer_holds(r->gold, l) != hone_answer_holds(r->prediction, l);
    return mistakes / (double)e->n_labels;
}

static hone_status compute(const hone_self *self, const hone_evaluation *e, hone_exhibits *out, hone_error *err)
{
    double sum = 0;
    (void)self;
    for (uint64_t i = 0; i < e->n; i++)
        sum += mistakes_of(e, hone_record_at(e, i));
    return hone_figure(out, NULL, e->n ? sum / (double)e->n : NAN, NULL, err);
}

static const hone_metric hamming_loss = {
    .plugin = {HONE_PLUGIN(hone_metric, HONE_KIND_METRIC), .name = "hamming_loss",
               .summary = "the share of decisions, one for each label, that are wrong", .source = "scikit-learn, hamming_loss",
               .help = "    metrics: [hamming_loss]"},
    .targets = HONE_TAKES(HONE_TARGET_CLASS) | HONE_TAKES(HONE_TARGET_CLASSES),
    .direction = -1,
    .compute = compute,
};

HONE_MODULE(&hamming_loss.plugin);
