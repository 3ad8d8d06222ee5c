/* bad_row.c - a plugin with a default outside its range.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/train.h>

typedef struct params {
    double power;
} params;

static const hone_param rows[] = {
    HONE_PARAM_REAL(params, power, .def_real = 2.0, .max_real = 1.0, .unit = "1", .help = "the exponent"),
};

static double factor(const hone_self *self, int64_t step, int64_t total)
{
    (void)total;
    return step > 0 ? ((const params *)self->params)->power : 0.0;
}

static const hone_schedule table = {
    .plugin = {HONE_PLUGIN(hone_schedule, HONE_KIND_SCHEDULE), .name = "bad_row",
               .summary = "a plugin for the tests of loading", HONE_PARAMS(params, rows)},
    .factor = factor,
};
HONE_MODULE(&table.plugin);
