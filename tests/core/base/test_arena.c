/* test_arena.c - arenas.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "suite.h"

START_TEST(memory_is_zeroed_and_aligned_also_after_a_reset)
{
    hone_arena *arena = hone__arena_create(1024);
    for (int round = 0; round < 3; round++) {
        for (size_t size = 0; size < 3000; size += 97) {
            unsigned char *p = hone_alloc(arena, size);
            ck_assert_ptr_nonnull(p);
            ck_assert_uint_eq((uintptr_t)p % 64, 0);
            for (size_t i = 0; i < size; i++)
                ck_assert_int_eq(p[i], 0);
            memset(p, 0xAB, size);
        }
        hone__arena_reset(arena);
    }
    hone__arena_destroy(arena);
}
END_TEST

START_TEST(pieces_do_not_overlap)
{
    hone_arena *arena = hone__arena_create(256);
    unsigned char *pieces[200];
    for (int i = 0; i < 200; i++) {
        size_t size = (size_t)(i * 37) % 500 + 1;
        pieces[i] = i % 3 ? hone_alloc(arena, size) : (unsigned char *)hone_sprintf(arena, "%0*d", (int)size - 1, 0);
        ck_assert_ptr_nonnull(pieces[i]);
        memset(pieces[i], i, size);
    }
    for (int i = 0; i < 200; i++)
        for (size_t k = 0; k < (size_t)(i * 37) % 500 + 1; k++)
            ck_assert_int_eq(pieces[i][k], i % 256);
    hone__arena_destroy(arena);
}
END_TEST

START_TEST(a_loop_asks_the_system_only_in_its_first_rounds)
{
    hone_arena *arena = hone__arena_create(0);
    for (int round = 0; round < 10; round++) {
        hone__alloc_fail_at(0); /* counts from here */
        for (int i = 0; i < 100; i++)
            ck_assert_ptr_nonnull(hone_alloc(arena, (size_t)i * 1000));
        if (round >= 2)
            ck_assert_int_eq(hone__alloc_count(), 0);
        hone__arena_reset(arena);
    }
    ck_assert_uint_gt(hone__arena_bytes(arena), 100 * 99 / 2 * 1000);
    hone__arena_destroy(arena);
}
END_TEST

START_TEST(a_release_gives_back_what_came_after_the_mark)
{
    hone_arena *arena = hone__arena_create(1000);
    hone__mark empty = hone__arena_mark(arena);
    char *kept = hone_strdup(arena, "kept");
    hone__mark mark = hone__arena_mark(arena);
    char *first = hone_alloc(arena, 100);
    ck_assert_ptr_nonnull(hone_alloc(arena, 5000));
    ck_assert_ptr_nonnull(hone_alloc(arena, 900));
    size_t bytes = hone__arena_bytes(arena);
    for (int i = 0; i < 5; i++) {
        hone__arena_release(arena, mark);
        ck_assert_ptr_eq(hone_alloc(arena, 100), first);
        ck_assert_ptr_nonnull(hone_alloc(arena, 5000));
        ck_assert_uint_eq(hone__arena_bytes(arena), bytes);
        ck_assert_str_eq(kept, "kept");
    }
    hone__arena_release(arena, empty);
    ck_assert_ptr_eq(hone_strdup(arena, "next"), kept);
    hone__arena_destroy(arena);
}
END_TEST

START_TEST(sizes_that_overflow_are_refused_and_the_arena_lives_on)
{
    hone_arena *arena = hone__arena_create(0);
    ck_assert_ptr_null(hone_alloc(arena, SIZE_MAX));
    ck_assert_ptr_null(hone_alloc(arena, PTRDIFF_MAX));
    ck_assert_ptr_null(hone_alloc_array(arena, SIZE_MAX / 4, 8));
    ck_assert_ptr_nonnull(hone_alloc_array(arena, 4, 8));
    ck_assert_ptr_null(hone_alloc(arena, SIZE_MAX - 10));
    hone__arena_destroy(arena);
}
END_TEST

START_TEST(texts_are_copied_cut_and_formatted)
{
    hone_arena *arena = hone__arena_create(0);
    ck_assert_str_eq(hone_strdup(arena, ""), "");
    ck_assert_str_eq(hone_strndup(arena, "layer.11", 5), "layer");
    ck_assert_str_eq(hone_strndup(arena, "abc", 100), "abc");
    ck_assert_str_eq(hone_sprintf(arena, "%s.%d", "layer", 11), "layer.11");
    hone__arena_destroy(arena);
}
END_TEST

static hone_status use_an_arena(void *ctx, hone_error *err)
{
    (void)ctx;
    hone_arena *arena = hone__arena_create(128);
    if (!arena)
        return hone_no_memory(err, "making an arena");
    bool done = true;
    for (size_t size = 1; done && size < 2000; size *= 2)
        done = hone_alloc(arena, size) && hone_strdup(arena, "x") && hone_sprintf(arena, "%zu", size);
    hone__arena_destroy(arena);
    return done ? HONE_OK : hone_no_memory(err, "using an arena");
}

START_TEST(every_failed_allocation_is_survived)
{
    ck_assert_int_gt(suite_every_allocation_fails(use_an_arena, NULL), 3);
}
END_TEST

START_TEST(an_arena_goes_on_after_a_failed_allocation)
{
    hone_arena *arena = hone__arena_create(64);
    char *kept = hone_strdup(arena, "kept");
    hone__alloc_fail_at(1);
    ck_assert_ptr_null(hone_alloc(arena, 1000));
    hone__alloc_fail_at(0);
    ck_assert_ptr_nonnull(hone_alloc(arena, 1000));
    ck_assert_str_eq(kept, "kept");
    hone__arena_destroy(arena);
}
END_TEST

SUITE("arena", memory_is_zeroed_and_aligned_also_after_a_reset, pieces_do_not_overlap,
      a_loop_asks_the_system_only_in_its_first_rounds, a_release_gives_back_what_came_after_the_mark,
      sizes_that_overflow_are_refused_and_the_arena_lives_on, texts_are_copied_cut_and_formatted,
      every_failed_allocation_is_survived, an_arena_goes_on_after_a_failed_allocation)
