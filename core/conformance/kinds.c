/* kinds.c - which checks belong to which kind.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "conformance/kinds.h"

const hone__check *const hone__checks_of_kind[HONE_KIND_COUNT] = {
#define X(NAME, name, help) [HONE_KIND_##NAME] = hone__checks_of_##name,
    HONE_KIND_MAP(X)
#undef X
};
