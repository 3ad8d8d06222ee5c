/* mae.c - the mean of the absolute differences between gold and predicted scores.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>
#include <math.h>

static hone_status compute(const hone_self *self, const hone_evaluation *e, hone_exhibits *out, hone_error *err)
{
    const double *gold, *predicted;
    double sum = 0;
    HONE_TRY(hone_score_pairs(self->step, e, &gold, &predicted, err));
    for (uint64_t i = 0; i < e->n; i++) {
        sum += fabs(predicted[i] - gold[i]);
    }
    return hone_figure(out, NULL, e->n ? sum / (double)e->n : NAN, NULL, err);
}

static const hone_metric mae = {
    .plugin = {HONE_PLUGIN(hone_metric, HONE_KIND_METRIC), .name = "mae",
               .summary = "the mean of the absolute differences between gold and predicted scores",
               .source = "scikit-learn, mean_absolute_error", .help = "    metrics: [mae]"},
    .targets = HONE_TAKES(HONE_TARGET_SCORE),
    .direction = -1,
    .compute = compute,
};

HONE_MODULE(&mae.plugin);
