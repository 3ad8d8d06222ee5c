/* longer_unused.c - a plugin of a later minor version that uses nothing new: it is accepted.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/train.h>

/* The table as a later header has it: one more callback. */
typedef struct later_schedule {
    hone_schedule now;
    double (*momentum)(const hone_self *self, int64_t step, int64_t total);
} later_schedule;

static double factor(const hone_self *self, int64_t step, int64_t total)
{
    (void)self;
    (void)total;
    return step > 0 ? 1.0 : 0.0;
}

static const later_schedule table = {
    .now = {.plugin = {HONE_PLUGIN(later_schedule, HONE_KIND_SCHEDULE), .name = "longer_unused",
                       .summary = "a plugin for the tests of loading"},
            .factor = factor},
};
HONE_MODULE(&table.now.plugin);
