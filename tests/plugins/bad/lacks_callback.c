/* lacks_callback.c - a plugin without the callback that its kind is about.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/train.h>

static const hone_schedule table = {
    .plugin = {HONE_PLUGIN(hone_schedule, HONE_KIND_SCHEDULE), .name = "lacks_callback",
               .summary = "a plugin for the tests of loading"},
};
HONE_MODULE(&table.plugin);
