/* prints.c - a plugin whose constructor prints: the probe must not show it twice.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/train.h>
#include <stdio.h>

__attribute__((constructor)) static void print(void)
{
    puts("a constructor printed this");
    fflush(stdout);
}

static double factor(const hone_self *self, int64_t step, int64_t total)
{
    (void)self;
    (void)step;
    (void)total;
    return 1.0;
}

static const hone_schedule table = {
    .plugin = {HONE_PLUGIN(hone_schedule, HONE_KIND_SCHEDULE), .name = "prints",
               .summary = "a plugin for the tests of loading"},
    .factor = factor,
};
HONE_MODULE(&table.plugin);
