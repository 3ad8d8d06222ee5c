/* shorter.c - a plugin of an earlier minor version, whose table lacks the newest fields: it is accepted.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/train.h>

/* hone_technique as it was before its last hooks were appended. */
static const hone_technique table = {
    .plugin = {.size = offsetof(hone_technique, rate),
               .kind = HONE_KIND_TECHNIQUE,
               .name = "shorter",
               .summary = "a plugin for the tests of loading"},
};
HONE_MODULE(&table.plugin);
