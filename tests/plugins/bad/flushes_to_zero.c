/* flushes_to_zero.c - a plugin that changes the floating-point mode, as objects linked with -ffast-math do.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/train.h>

__attribute__((constructor)) static void change_mode(void)
{
#if defined(__x86_64__)
    __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | 0x8040u);
#endif
}

static double factor(const hone_self *self, int64_t step, int64_t total)
{
    (void)self;
    (void)step;
    (void)total;
    return 1.0;
}

static const hone_schedule table = {
    .plugin = {HONE_PLUGIN(hone_schedule, HONE_KIND_SCHEDULE), .name = "flushes_to_zero",
               .summary = "a plugin for the tests of loading"},
    .factor = factor,
};
HONE_MODULE(&table.plugin);
