/* perplexity.c - of masked tokens: e to the mean of their negative log probabilities. 1 is certainty, the size of the vocabulary a guess.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>
#include <math.h>

static hone_status compute(const hone_self *self, const hone_evaluation *e, hone_exhibits *out, hone_error *err)
{
    (void)self;
    double sum = 0, n = 0;
    for (uint64_t i = 0; i < e->n; i++) {
        const hone_record *r = hone_record_at(e, i);
        for (uint64_t k = 0; k < r->prediction->n_scores; k++)
            sum += (double)r->prediction->scores[k];
        n += (double)r->prediction->n_scores;
    }
    return hone_figure(out, NULL, n > 0 ? exp(sum / n) : NAN, "of masked tokens", err);
}

static const hone_metric perplexity = {
    .plugin = {HONE_PLUGIN(hone_metric, HONE_KIND_METRIC), .name = "perplexity",
               .summary = "of masked tokens: e to the mean of their negative log probabilities",
               .source = "Transformers, run_mlm (exp of the evaluation's loss)",
               .help = "    metrics: [perplexity, masked_accuracy]"},
    .targets = HONE_TAKES(HONE_TARGET_TOKENS),
    .direction = -1,
    .compute = compute,
};

HONE_MODULE(&perplexity.plugin);
