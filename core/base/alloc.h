/* alloc.h - every allocation of the core goes through here, so that tests can make the n-th one fail.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_BASE_ALLOC_H
#define HONE_CORE_BASE_ALLOC_H

#include <hone/base.h>

void *hone__malloc(size_t size) HONE_CHECKED;                    /* NULL when memory is short; size 0 is size 1 */
void *hone__calloc(size_t n, size_t size) HONE_CHECKED;          /* zeroed; NULL also when the product overflows */
void *hone__realloc(void *p, size_t size) HONE_CHECKED;          /* p stays valid where it returns NULL */
void *hone__aligned(size_t alignment, size_t size) HONE_CHECKED; /* zeroed; free with hone__free */
void hone__free(void *p);                                        /* NULL is fine */

/* Tests only: the n-th allocation from now on fails (1 is the next), once; 0 switches it off. The one piece of process-wide
 * state in the core: a failing allocator that had to be passed down would not reach the libraries below us. */
void hone__alloc_fail_at(int64_t n);
/* Tests only: how many allocations there were since hone__alloc_fail_at. */
int64_t hone__alloc_count(void);

#endif
