/* log_loss.c - the mean of minus the logarithm of the gold label's probability, as scikit-learn's log_loss.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <float.h>
#include <hone/hone.h>
#include <math.h>

static hone_status compute(const hone_self *self, const hone_evaluation *e, hone_exhibits *out, hone_error *err)
{
    const double least = FLT_EPSILON; /* scikit-learn's for probabilities in float */
    double sum = 0;
    (void)self;
    for (uint64_t i = 0; i < e->n; i++) {
        const hone_record *r = hone_record_at(e, i);
        const int32_t gold = r->gold->index;
        if (gold < 0 || (uint64_t)gold >= r->prediction->n_scores)
            return hone_fail(err, HONE_EINVAL,
                             "metric log_loss: example %s has no probability of its gold label (label %ld of %llu)", r->id,
                             (long)gold, (unsigned long long)r->prediction->n_scores);
        sum -= log(fmin(fmax((double)r->prediction->scores[gold], least), 1 - least));
    }
    return hone_figure(out, NULL, e->n ? sum / (double)e->n : NAN, "probabilities kept within 1.2e-7 of 0 and 1", err);
}

static const hone_metric log_loss = {
    .plugin = {HONE_PLUGIN(hone_metric, HONE_KIND_METRIC), .name = "log_loss",
               .summary = "the mean of minus the logarithm of the gold label's probability", .source = "scikit-learn, log_loss",
               .help = "    metrics: [log_loss]"},
    .targets = HONE_TAKES(HONE_TARGET_CLASS),
    .direction = -1,
    .compute = compute,
};

HONE_MODULE(&log_loss.plugin);
