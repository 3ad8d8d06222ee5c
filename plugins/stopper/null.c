/* null.c - the stopper that lets every trial run to its end.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/search.h>

static bool stop(const hone_self *self, const hone_point *running, const hone_history *others)
{
    (void)self;
    (void)running;
    (void)others;
    return false;
}

static const hone_stopper null_stopper = {
    .plugin = {HONE_PLUGIN(hone_stopper, HONE_KIND_STOPPER), .name = "null", .summary = "ends no trial early"},
    .stop = stop,
};
HONE_MODULE(&null_stopper.plugin);
