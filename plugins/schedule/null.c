/* null.c - the schedule that leaves the learning rate alone.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/train.h>

static double factor(const hone_self *self, int64_t step, int64_t total)
{
    (void)self;
    (void)step;
    (void)total;
    return 1.0;
}

static const hone_schedule null_schedule = {
    .plugin = {HONE_PLUGIN(hone_schedule, HONE_KIND_SCHEDULE), .name = "null", .summary = "the learning rate stays as it is"},
    .factor = factor,
};
HONE_MODULE(&null_schedule.plugin);
