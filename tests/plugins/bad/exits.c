/* exits.c - a plugin whose constructor ends the process.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/train.h>
#include <stdlib.h>

__attribute__((constructor)) static void leave(void)
{
    exit(0);
}

static double factor(const hone_self *self, int64_t step, int64_t total)
{
    (void)self;
    (void)step;
    (void)total;
    return 1.0;
}

static const hone_schedule table = {
    .plugin = {HONE_PLUGIN(hone_schedule, HONE_KIND_SCHEDULE), .name = "exits", .summary = "a plugin for the tests of loading"},
    .factor = factor,
};
HONE_MODULE(&table.plugin);
