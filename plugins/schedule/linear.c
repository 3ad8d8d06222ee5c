/* linear.c - up from 0 in the warm-up, then down to 0 at the end, as Transformers' get_linear_schedule_with_warmup.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>

typedef struct params {
    double warmup_ratio;
    int64_t warmup_steps;
} params;

static const hone_param rows[] = {HONE_WARMUP_ROWS(params)};

static double factor(const hone_self *self, int64_t step, int64_t total)
{
    const params *p = self->params;
    const hone_progress at = hone_progress_of(p->warmup_ratio, p->warmup_steps, step, total);
    return at.warming_up ? at.warm : at.left;
}

static const hone_schedule linear = {
    .plugin = {HONE_PLUGIN(hone_schedule, HONE_KIND_SCHEDULE), .name = "linear",
               .summary = "up from 0 in the warm-up, then down to 0", .source = "Transformers, get_linear_schedule_with_warmup",
               .help = "    schedule: {type: linear, warmup_ratio: 0.1}", HONE_PARAMS(params, rows)},
    .factor = factor,
};

HONE_MODULE(&linear.plugin);
