/* null.c - the technique that does nothing around a step.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/train.h>

static const hone_technique null_technique = {
    .plugin = {HONE_PLUGIN(hone_technique, HONE_KIND_TECHNIQUE), .name = "null", .summary = "nothing happens around a step"},
};
HONE_MODULE(&null_technique.plugin);
