/* alloc.c - malloc and its kin, counted, so that tests can make the n-th one fail.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { HUGE_PAGE = 2 << 20 };

static _Atomic int64_t allocations; /* since hone__alloc_fail_at */
static _Atomic int64_t fail_at;     /* 0: none fails */

void hone__alloc_fail_at(int64_t n)
{
    atomic_store(&allocations, 0);
    atomic_store(&fail_at, n);
}

int64_t hone__alloc_count(void)
{
    return atomic_load(&allocations);
}

/* Counts one allocation of `size` bytes and says whether it may be tried. */
static bool may_allocate(size_t size)
{
    int64_t i = atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed) + 1;
    return size <= PTRDIFF_MAX && i != atomic_load_explicit(&fail_at, memory_order_relaxed);
}

void *hone__malloc(size_t size)
{
    return may_allocate(size) ? malloc(size ? size : 1) : NULL;
}

void *hone__calloc(size_t n, size_t size)
{
    if (size && n > SIZE_MAX / size)
        return NULL;
    return may_allocate(n * size) ? calloc(n && size ? n : 1, size ? size : 1) : NULL;
}

void *hone__realloc(void *p, size_t size)
{
    return may_allocate(size) ? realloc(p, size ? size : 1) : NULL;
}

/* Memory is first touched here. On Linux a block that lies on huge pages is asked for in them: a 512th of the faults. */
static void *cleared(void *p, size_t size, size_t alignment)
{
#if defined(MADV_HUGEPAGE)
    if (alignment >= HUGE_PAGE && size >= HUGE_PAGE)
        (void)madvise(p, size, MADV_HUGEPAGE); /* advice: without it pages are small */
#endif
    return memset(p, 0, size);
}

void *hone__aligned(size_t alignment, size_t size)
{
    void *p = NULL;
    const size_t least = size >= HUGE_PAGE ? HUGE_PAGE : 1;
    if (alignment < least)
        alignment = least;
    if (!may_allocate(size) || posix_memalign(&p, alignment, size ? size : 1) != 0)
        return NULL;
    return cleared(p, size, alignment);
}

void hone__free(void *p)
{
    free(p);
}
