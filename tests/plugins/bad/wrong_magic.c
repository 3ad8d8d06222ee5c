/* wrong_magic.c - an object whose hone_exports is something else.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/train.h>

HONE_EXPORT extern const uint64_t hone_exports[16];
HONE_EXPORT const uint64_t hone_exports[16] = {42};
