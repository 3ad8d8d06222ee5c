/* kinds.h - the checks of each kind, one array a kind.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_CONFORMANCE_KINDS_H
#define HONE_CORE_CONFORMANCE_KINDS_H

#include "conformance/lab.h"

#define X(NAME, name, help) extern const hone__check hone__checks_of_##name[];
HONE_KIND_MAP(X)
#undef X

#endif
