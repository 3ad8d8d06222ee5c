/* null.c - the optimizer that leaves every weight as it is.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/train.h>

typedef struct params {
    double learning_rate;
} params;

static const hone_param rows[] = {
    HONE_PARAM_REAL(params, learning_rate, .def_real = 1e-3, .max_real = 1.0, .flags = HONE_OPEN_MIN, .scale = HONE_LOG,
                    .unit = "1/step", .help = "read by the host for its log; no weight changes", .renamed = "lr"),
};

static void update(const hone_self *self, const hone_update *u)
{
    (void)self;
    (void)u;
}

static const hone_optimizer null_optimizer = {
    .plugin = {HONE_PLUGIN(hone_optimizer, HONE_KIND_OPTIMIZER), .name = "null", .summary = "leaves every weight as it is",
               HONE_PARAMS(params, rows)},
    .update = update,
};
HONE_MODULE(&null_optimizer.plugin);
