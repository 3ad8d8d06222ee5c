/* constant.c - the learning rate as it is, after a warm-up from 0, as Transformers' get_constant_schedule_with_warmup.
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
    return at.warming_up ? at.warm : 1;
}

static const hone_schedule constant = {
    .plugin = {HONE_PLUGIN(hone_schedule, HONE_KIND_SCHEDULE), .name = "constant",
               .summary = "the learning rate as it is, after a warm-up",
               .source = "Transformers, get_constant_schedule_with_warmup", .help = "    schedule: constant",
               HONE_PARAMS(params, rows)},
    .factor = factor,
};

HONE_MODULE(&constant.plugin);
