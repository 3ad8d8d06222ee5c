/* null.c - the metric that only counts the examples.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/metric.h>

static hone_status compute(const hone_self *self, const hone_evaluation *evaluation, hone_exhibits *out, hone_error *err)
{
    (void)self;
    return hone_figure(out, NULL, (double)evaluation->n, "number of examples", err);
}

static const hone_metric null_metric = {
    .plugin = {HONE_PLUGIN(hone_metric, HONE_KIND_METRIC), .name = "null", .summary = "the number of examples"},
    .targets = ~UINT32_C(0),
    .direction = +1, /* one of the two, so that a trial can choose its best model by it */
    .compute = compute,
};
HONE_MODULE(&null_metric.plugin);
