/* subset_accuracy.c - the share of examples whose set of labels is predicted without any mistake.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>
#include <math.h>

static bool is_right(const hone_evaluation *e, const hone_record *r)
{
    for (uint64_t l = 0; l < e->n_labels; l++)
        if (hone_answer_holds(r->gold, l) != hone_answer_holds(r->prediction, l))
            return false;
    return true;
}

static hone_status compute(const hone_self *self, const hone_evaluation *e, hone_exhibits *out, hone_error *err)
{
    double right = 0;
    (void)self;
    for (uint64_t i = 0; i < e->n; i++)
        right += is_right(e, hone_record_at(e, i));
    return hone_figure(out, NULL, e->n ? right / (double)e->n : NAN, NULL, err);
}

static const hone_metric subset_accuracy = {
    .plugin = {HONE_PLUGIN(hone_metric, HONE_KIND_METRIC), .name = "subset_accuracy",
               .summary = "the share of examples whose whole set of labels is right", .source = "scikit-learn, accuracy_score",
               .help = "    metrics: [subset_accuracy]"},
    .targets = HONE_TAKES(HONE_TARGET_CLASSES),
    .direction = 1,
    .compute = compute,
};

HONE_MODULE(&subset_accuracy.plugin);
