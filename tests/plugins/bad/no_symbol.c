/* no_symbol.c - an object that exports something, but no hone_exports.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/train.h>

HONE_EXPORT extern const int something_else;
HONE_EXPORT const int something_else = 1;
