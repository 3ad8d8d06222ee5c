/* several.c - a module of two plugins of different kinds, as a task brings them.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/train.h>

static double factor(const hone_self *self, int64_t step, int64_t total)
{
    (void)self;
    return step <= total ? 1.0 : 0.0;
}

static const hone_schedule schedule = {
    .plugin = {HONE_PLUGIN(hone_schedule, HONE_KIND_SCHEDULE), .name = "several",
               .summary = "a plugin for the tests of loading"},
    .factor = factor,
};

static const hone_technique technique = {
    .plugin = {HONE_PLUGIN(hone_technique, HONE_KIND_TECHNIQUE), .name = "several",
               .summary = "a plugin for the tests of loading"},
};
HONE_MODULE(&schedule.plugin, &technique.plugin);
