/* constant.c - the learning rate as it is, after a warm-up from 0, as Transformers' get_constant_schedule_with_warmup.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>
#include <math.h>

typedef struct params {
    double warmup_ratio;
    int64_t warmup_steps;
} params;

static const hone_param rows[] = {
    HONE_PARAM_REAL(params, warmup_ratio, .def_real = 0, .min_real = 0, .max_real = 1, .unit = "1",
                    .help = "share of all steps that warm up; used where warmup_steps is 0",
                    .source = "Transformers, TrainingArguments"),
    HONE_PARAM_INT(params, warmup_steps, .def_int = 0, .min_int = 0, .max_int = INT64_MAX, .unit = "steps",
                   .help = "steps that warm up", .source = "Transformers, TrainingArguments"),
};

/* Transformers counts steps from 0: its first step has the factor 0 where there is a warm-up. */
static double factor(const hone_self *self, int64_t step, int64_t total)
{
    const params *p = self->params;
    const double now = (double)(step - 1);
    const double warm = p->warmup_steps > 0 ? (double)p->warmup_steps : ceil((double)total * p->warmup_ratio);
    return now < warm ? now / fmax(1, warm) : 1.0;
}

static const hone_schedule constant = {
    .plugin = {HONE_PLUGIN(hone_schedule, HONE_KIND_SCHEDULE), .name = "constant",
               .summary = "the learning rate as it is, after a warm-up",
               .source = "Transformers, get_constant_schedule_with_warmup", .help = "    schedule: constant",
               HONE_PARAMS(params, rows)},
    .factor = factor,
};

HONE_MODULE(&constant.plugin);
