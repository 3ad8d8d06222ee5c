/* precision.c - how much of what is predicted is right: of one label, or over all labels, as scikit-learn's precision_score.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>

static const hone_param rows[] = {HONE_AVERAGE_ROWS};

static double precision_of(double right, double gold, double predicted, double zero_division)
{
    (void)gold;
    return predicted > 0 ? right / predicted : zero_division;
}

static hone_status compute(const hone_self *self, const hone_evaluation *e, hone_exhibits *out, hone_error *err)
{
    return hone_average_compute(self, e, precision_of, out, err);
}

static const hone_metric precision = {
    .plugin = {HONE_PLUGIN(hone_metric, HONE_KIND_METRIC), .name = "precision",
               .summary = "how much of what is predicted is right", .source = "scikit-learn, precision_score",
               .help = "    metrics: [precision, {type: precision, name: precision_macro, average: macro}]",
               .state_size = sizeof(hone_average_choice), HONE_PARAMS(hone_average_params, rows)},
    .targets = HONE_TAKES(HONE_TARGET_CLASS) | HONE_TAKES(HONE_TARGET_CLASSES),
    .direction = 1,
    .create = hone_average_create,
    .compute = compute,
};

HONE_MODULE(&precision.plugin);
