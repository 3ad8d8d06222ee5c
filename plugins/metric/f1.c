/* f1.c - the harmonic mean of precision and recall: of one label, or over all labels, as scikit-learn's f1_score.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>

static const hone_param rows[] = {HONE_AVERAGE_ROWS};

static double f1_of(double right, double gold, double predicted, double zero_division)
{
    return gold + predicted > 0 ? 2 * right / (gold + predicted) : zero_division;
}

static hone_status compute(const hone_self *self, const hone_evaluation *e, hone_exhibits *out, hone_error *err)
{
    return hone_average_compute(self, e, f1_of, out, err);
}

static const hone_metric f1 = {
    .plugin = {HONE_PLUGIN(hone_metric, HONE_KIND_METRIC), .name = "f1", .summary = "the harmonic mean of precision and recall",
               .source = "scikit-learn, f1_score", .help = "    metrics: [f1, {type: f1, name: f1_macro, average: macro}]",
               .state_size = sizeof(hone_average_choice), HONE_PARAMS(hone_average_params, rows)},
    .targets = HONE_TAKES(HONE_TARGET_CLASS) | HONE_TAKES(HONE_TARGET_CLASSES),
    .direction = 1,
    .create = hone_average_create,
    .compute = compute,
};

HONE_MODULE(&f1.plugin);
