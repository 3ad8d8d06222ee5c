/* cosine.c - up from 0 in the warm-up, then down along a cosine, as Transformers' get_cosine_schedule_with_warmup.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>
#include <math.h>

#define PI 3.14159265358979323846

typedef struct params {
    double warmup_ratio;
    int64_t warmup_steps;
    double num_cycles;
} params;

static const hone_param rows[] = {
    HONE_WARMUP_ROWS(params),
    HONE_PARAM_REAL(params, num_cycles, .def_real = 0.5, .min_real = 0, .max_real = 1000, .flags = HONE_OPEN_MIN, .unit = "1",
                    .help = "waves of the cosine; 0.5: once down to 0",
                    .source = "Transformers, get_cosine_schedule_with_warmup"),
};

static double factor(const hone_self *self, int64_t step, int64_t total)
{
    const params *p = self->params;
    const hone_progress at = hone_progress_of(p->warmup_ratio, p->warmup_steps, step, total);
    return at.warming_up ? at.warm : fmax(0, 0.5 * (1 + cos(2 * PI * p->num_cycles * at.done)));
}

static const hone_schedule cosine = {
    .plugin = {HONE_PLUGIN(hone_schedule, HONE_KIND_SCHEDULE), .name = "cosine",
               .summary = "up from 0 in the warm-up, then down along a cosine",
               .source = "Loshchilov and Hutter 2017, equation 5; Transformers, get_cosine_schedule_with_warmup",
               .help = "    schedule: {type: cosine, warmup_ratio: 0.1}", HONE_PARAMS(params, rows)},
    .factor = factor,
};

HONE_MODULE(&cosine.plugin);
