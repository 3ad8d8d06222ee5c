/* pool.h - making thread pools, and the state every computing thread must be in.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_BASE_POOL_H
#define HONE_CORE_BASE_POOL_H

#include <hone/base.h>

/* `threads` >= 1, the caller's among them. */
hone_status hone__pool_create(int threads, hone_pool **pool, hone_error *err) HONE_CHECKED;
void hone__pool_destroy(hone_pool *pool); /* NULL is fine */

/* Sets rounding to nearest, keeps denormals, masks exceptions (MXCSR on x86); called in every pool thread. */
void hone__float_mode_set(void);
/* Is it so? For the check after each dlopen. */
bool hone__float_mode_ok(void);

/* Processors this process may use (its affinity mask and its cgroup's quota, rounded up), at least 1. */
int hone__cpu_count(void);

#endif
