/* recall.c - how much of what is in gold is found: of one label, or over all labels, as scikit-learn's recall_score.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>

static const hone_param rows[] = {HONE_AVERAGE_ROWS};

static double recall_of(double right, double gold, double predicted, double zero_division)
{
    (void)predicted;
    return gold > 0 ? right / gold : zero_division;
}

static hone_status compute(const hone_self *self, const hone_evaluation *e, hone_exhibits *out, hone_error *err)
{
    return hone_average_compute(self, e, recall_of, out, err);
}

static const hone_metric recall = {
    .plugin = {HONE_PLUGIN(hone_metric, HONE_KIND_METRIC), .name = "recall", .summary = "how much of what is in gold is found",
               .source = "scikit-learn, recall_score",
               .help = "    metrics: [recall, {type: recall, name: recall_macro, average: macro}]",
               .state_size = sizeof(hone_average_choice), HONE_PARAMS(hone_average_params, rows)},
    .targets = HONE_TAKES(HONE_TARGET_CLASS) | HONE_TAKES(HONE_TARGET_CLASSES),
    .direction = 1,
    .create = hone_average_create,
    .compute = compute,
};

HONE_MODULE(&recall.plugin);
