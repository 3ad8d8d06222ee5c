/* masked_accuracy.c - the share of masked positions whose token is predicted.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>
#include <math.h>

static hone_status compute(const hone_self *self, const hone_evaluation *e, hone_exhibits *out, hone_error *err)
{
    (void)self;
    double right = 0, n = 0;
    for (uint64_t i = 0; i < e->n; i++) {
        const hone_record *r = hone_record_at(e, i);
        for (uint64_t k = 0; k < r->gold->n && k < r->prediction->n; k++)
            right += r->gold->labels[k] == r->prediction->labels[k];
        n += (double)r->gold->n;
    }
    return hone_figure(out, NULL, n > 0 ? right / n : NAN, "share of masked positions", err);
}

static const hone_metric masked_accuracy = {
    .plugin = {HONE_PLUGIN(hone_metric, HONE_KIND_METRIC), .name = "masked_accuracy",
               .summary = "the share of masked positions whose token is predicted",
               .source = "Devlin et al. 2019 (BERT), masked_lm_accuracy", .help = "    metrics: [perplexity, masked_accuracy]"},
    .targets = HONE_TAKES(HONE_TARGET_TOKENS),
    .direction = 1,
    .compute = compute,
};

HONE_MODULE(&masked_accuracy.plugin);
