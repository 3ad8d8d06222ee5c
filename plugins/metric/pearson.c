/* pearson.c - the linear correlation of gold and predicted scores; NaN where either is constant, as SciPy's pearsonr.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>

static hone_status compute(const hone_self *self, const hone_evaluation *e, hone_exhibits *out, hone_error *err)
{
    const double *gold, *predicted;
    HONE_TRY(hone_score_pairs(self->step, e, &gold, &predicted, err));
    return hone_figure(out, NULL, hone_correlation(e->n, gold, predicted), NULL, err);
}

static const hone_metric pearson = {
    .plugin = {HONE_PLUGIN(hone_metric, HONE_KIND_METRIC), .name = "pearson",
               .summary = "the linear correlation of gold and predicted scores", .source = "SciPy, pearsonr",
               .help = "    metrics: [pearson]"},
    .targets = HONE_TAKES(HONE_TARGET_SCORE),
    .direction = 1,
    .compute = compute,
};

HONE_MODULE(&pearson.plugin);
