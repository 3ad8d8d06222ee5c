/* mse.c - the mean of the squared differences between gold and predicted scores.
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
        const double d = predicted[i] - gold[i];
        sum += d * d;
    }
    return hone_figure(out, NULL, e->n ? sum / (double)e->n : NAN, NULL, err);
}

static const hone_metric mse = {
    .plugin = {HONE_PLUGIN(hone_metric, HONE_KIND_METRIC), .name = "mse",
               .summary = "the mean of the squared differences between gold and predicted scores",
               .source = "scikit-learn, mean_squared_error", .help = "    metrics: [mse]"},
    .targets = HONE_TAKES(HONE_TARGET_SCORE),
    .direction = -1,
    .compute = compute,
};

HONE_MODULE(&mse.plugin);
