/* accuracy.c - the share of examples whose prediction is right.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>
#include <math.h>

static hone_status compute(const hone_self *self, const hone_evaluation *e, hone_exhibits *out, hone_error *err)
{
    (void)self;
    double right = 0;
    for (uint64_t i = 0; i < e->n; i++) {
        const hone_record *r = hone_record_at(e, i);
        right += r->gold->index == r->prediction->index;
    }
    return hone_figure(out, NULL, e->n ? right / (double)e->n : NAN, NULL, err);
}

static const hone_metric accuracy = {
    .plugin = {HONE_PLUGIN(hone_metric, HONE_KIND_METRIC), .name = "accuracy",
               .summary = "the share of examples whose prediction is right", .source = "scikit-learn, accuracy_score"},
    .targets = HONE_TAKES(HONE_TARGET_CLASS) | HONE_TAKES(HONE_TARGET_CHOICE),
    .direction = 1,
    .compute = compute,
};

HONE_MODULE(&accuracy.plugin);
