/* matthews_correlation.c - how gold and predicted classes go together, from -1 to 1, as scikit-learn's matthews_corrcoef.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>
#include <math.h>

/* R_K of Gorodkin 2004, which for two labels is Matthews' coefficient; 0 where gold or predictions are constant. */
static double coefficient(const hone_label_counts *c)
{
    double n = 0, right = 0, both = 0, gold = 0, predicted = 0;
    for (uint64_t l = 0; l < c->n; l++) {
        n += c->gold[l];
        right += c->right[l];
        both += c->gold[l] * c->predicted[l];
        gold += c->gold[l] * c->gold[l];
        predicted += c->predicted[l] * c->predicted[l];
    }
    const double spread = (n * n - predicted) * (n * n - gold);
    return spread > 0 ? (right * n - both) / sqrt(spread) : 0;
}

static hone_status compute(const hone_self *self, const hone_evaluation *e, hone_exhibits *out, hone_error *err)
{
    hone_label_counts c;
    HONE_TRY(hone_count_labels(self->step, e, &c, err));
    return hone_figure(out, NULL, coefficient(&c), NULL, err);
}

static const hone_metric matthews_correlation = {
    .plugin =
        {HONE_PLUGIN(hone_metric, HONE_KIND_METRIC), .name = "matthews_correlation",
         .summary = "how gold and predicted classes go together, from -1 to 1",
         .source =
             "Gorodkin 2004, \"Comparing two K-category assignments by a K-category correlation coefficient\"; scikit-learn, "
             "matthews_corrcoef",
         .help = "    metrics: [matthews_correlation]"},
    .targets = HONE_TAKES(HONE_TARGET_CLASS),
    .direction = 1,
    .compute = compute,
};

HONE_MODULE(&matthews_correlation.plugin);
