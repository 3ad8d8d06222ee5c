/* test_alloc.c - the allocator that tests can make fail.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "suite.h"

START_TEST(the_nth_allocation_fails_and_only_that)
{
    hone__alloc_fail_at(2);
    void *a = hone__malloc(1), *b = hone__calloc(1, 1), *c = hone__malloc(1);
    ck_assert_ptr_nonnull(a);
    ck_assert_ptr_null(b);
    ck_assert_ptr_nonnull(c);
    ck_assert_int_eq(hone__alloc_count(), 3);
    hone__alloc_fail_at(0);
    hone__free(a);
    hone__free(c);
}
END_TEST

START_TEST(a_failed_realloc_leaves_the_old_memory)
{
    char *p = hone__malloc(4);
    ck_assert_ptr_nonnull(p);
    memcpy(p, "abc", 4);
    hone__alloc_fail_at(1);
    ck_assert_ptr_null(hone__realloc(p, 100));
    hone__alloc_fail_at(0);
    ck_assert_str_eq(p, "abc");
    hone__free(p);
}
END_TEST

START_TEST(sizes_that_overflow_or_cannot_be_are_refused)
{
    ck_assert_ptr_null(hone__calloc(SIZE_MAX / 2, 3));
    ck_assert_ptr_null(hone__malloc(SIZE_MAX));
    ck_assert_ptr_null(hone__aligned(64, (size_t)PTRDIFF_MAX + 1));
}
END_TEST

START_TEST(size_zero_gives_memory)
{
    void *p = hone__malloc(0), *q = hone__calloc(0, 8), *r = hone__aligned(64, 0);
    ck_assert(p && q && r);
    hone__free(p);
    hone__free(q);
    hone__free(r);
}
END_TEST

START_TEST(aligned_memory_is_aligned_and_zeroed)
{
    for (size_t alignment = 16; alignment <= 4096; alignment *= 2) {
        unsigned char *p = hone__aligned(alignment, 1000);
        ck_assert_ptr_nonnull(p);
        ck_assert_uint_eq((uintptr_t)p % alignment, 0);
        for (int i = 0; i < 1000; i++)
            ck_assert_int_eq(p[i], 0);
        hone__free(p);
    }
}
END_TEST

SUITE("alloc", the_nth_allocation_fails_and_only_that, a_failed_realloc_leaves_the_old_memory,
      sizes_that_overflow_or_cannot_be_are_refused, size_zero_gives_memory, aligned_memory_is_aligned_and_zeroed)
