/* linear.c - up from 0 in the warm-up, then down to 0 at the end, as Transformers' get_linear_schedule_with_warmup.
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

/* Transformers counts steps from 0: its first step has the factor 0 where there is a warm-up, its last one is not quite 0. */
static double factor(const hone_self *self, int64_t step, int64_t total)
{
    const params *p = self->params;
    const double now = (double)(step - 1), all = (double)total;
    const double warm = p->warmup_steps > 0 ? (double)p->warmup_steps : ceil(all * p->warmup_ratio);

    if (now < warm)
        return now / fmax(1, warm);
    return fmax(0, (all - now) / fmax(1, all - warm));
}

static const hone_schedule linear = {
    .plugin = {HONE_PLUGIN(hone_schedule, HONE_KIND_SCHEDULE), .name = "linear",
               .summary = "up from 0 in the warm-up, then down to 0", .source = "Transformers, get_linear_schedule_with_warmup",
               .help = "    schedule: {type: linear, warmup_ratio: 0.1}", HONE_PARAMS(params, rows)},
    .factor = factor,
};

HONE_MODULE(&linear.plugin);
