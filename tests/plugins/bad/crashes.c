/* crashes.c - a plugin whose constructor crashes.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/train.h>
#include <signal.h>

__attribute__((constructor)) static void crash(void)
{
    raise(SIGSEGV);
}

static double factor(const hone_self *self, int64_t step, int64_t total)
{
    (void)self;
    (void)step;
    (void)total;
    return 1.0;
}

static const hone_schedule table = {
    .plugin = {HONE_PLUGIN(hone_schedule, HONE_KIND_SCHEDULE), .name = "crashes",
               .summary = "a plugin for the tests of loading"},
    .factor = factor,
};
HONE_MODULE(&table.plugin);
