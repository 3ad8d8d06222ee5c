/* newer_abi.c - a plugin for a later major version of the interface.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/train.h>

static const hone_plugin *const none[] = {NULL};
HONE_EXPORT extern const hone_module hone_exports;
HONE_EXPORT const hone_module hone_exports = {HONE_MAGIC, sizeof(hone_module), HONE_ABI_MAJOR + 1, 0, 0, "9.0.0", none, {0}};
