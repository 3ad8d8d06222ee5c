/* random.h - the generator below hone_random_*, for its tests against the published vectors.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_BASE_RANDOM_H
#define HONE_CORE_BASE_RANDOM_H

#include <hone/base.h>

/* Philox 4x32-10; out may be counter or begin with key. [any thread] */
void hone__philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

#endif
