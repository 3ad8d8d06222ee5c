/* test_pool.c - fixed ranges, shared out.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/pool.h"
#include "suite.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>

static hone_pool *make_pool(int threads)
{
    hone_pool *pool;
    hone_error err;
    ck_assert_msg(hone__pool_create(threads, &pool, &err) == HONE_OK, "%s", err.msg);
    return pool;
}

typedef struct record {
    int64_t begin, end;
    int runs, worker;
} record;

typedef struct recorder {
    int64_t grain;
    record *ranges;
} recorder;

static void record_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    const recorder *r = ctx;
    record *range = &r->ranges[begin / r->grain];
    *range = (record){begin, end, range->runs + 1, worker};
}

START_TEST(ranges_are_the_same_for_any_number_of_threads)
{
    static const struct {
        int64_t n, grain;
    } cases[] = {{1, 1}, {1000, 1}, {1000, 7}, {5, 100}, {128, 64}, {129, 64}, {0, 3}, {INT64_MAX, INT64_MAX / 3}};
    for (int threads = 1; threads <= 4; threads++) {
        hone_pool *pool = make_pool(threads);
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            int64_t n = cases[i].n, grain = cases[i].grain, ranges = n ? (n - 1) / grain + 1 : 0;
            recorder r = {grain, calloc((size_t)ranges + 1, sizeof *r.ranges)};
            hone_pool_run(pool, n, grain, record_range, &r);
            for (int64_t k = 0; k < ranges; k++) {
                ck_assert_int_eq(r.ranges[k].runs, 1);
                ck_assert_int_eq(r.ranges[k].begin, k * grain);
                ck_assert_int_eq(r.ranges[k].end, k == ranges - 1 ? n : (k + 1) * grain);
                ck_assert(r.ranges[k].worker >= 0 && r.ranges[k].worker < threads);
            }
            free(r.ranges);
        }
        hone__pool_destroy(pool);
    }
}
END_TEST

static void add_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    double *sums = ctx;
    (void)worker;
    double sum = 0;
    for (int64_t i = begin; i < end; i++)
        sum += 1.0 / (double)(i + 1);
    sums[begin / 100] = sum;
}

START_TEST(many_small_loops_one_after_another_lose_nothing)
{
    double alone[10], together[10];
    hone_pool_run(NULL, 1000, 100, add_range, alone);
    for (int threads = 2; threads <= 4; threads++) {
        hone_pool *pool = make_pool(threads);
        for (int i = 0; i < 3000; i++) {
            memset(together, 0, sizeof together);
            hone_pool_run(pool, i % 10 * 100 + 1, 100, add_range, together);
            ck_assert_mem_eq(together, alone, (size_t)(i % 10) * sizeof(double));
        }
        hone__pool_destroy(pool);
    }
}
END_TEST

typedef struct nest {
    hone_pool *pool;
    _Atomic int outer_of[4]; /* how many ranges each worker is in */
    _Atomic int inner_runs, wrong;
} nest;

static void run_inner(void *ctx, int64_t begin, int64_t end, int worker)
{
    nest *n = ctx;
    (void)begin;
    (void)end;
    atomic_fetch_add(&n->inner_runs, 1);
    if (atomic_load(&n->outer_of[worker]) != 1)
        atomic_fetch_add(&n->wrong, 1);
}

static void run_outer(void *ctx, int64_t begin, int64_t end, int worker)
{
    nest *n = ctx;
    (void)begin;
    (void)end;
    atomic_fetch_add(&n->outer_of[worker], 1);
    hone_pool_run(n->pool, 10, 1, run_inner, n);
    atomic_fetch_sub(&n->outer_of[worker], 1);
}

START_TEST(a_loop_within_a_range_runs_on_its_thread_with_its_number)
{
    for (int threads = 1; threads <= 4; threads++) {
        nest n = {.pool = make_pool(threads)};
        hone_pool_run(n.pool, 50, 1, run_outer, &n);
        ck_assert_int_eq(atomic_load(&n.inner_runs), 500);
        ck_assert_int_eq(atomic_load(&n.wrong), 0);
        hone__pool_destroy(n.pool);
    }
}
END_TEST

static void *use_pool(void *pool)
{
    for (int i = 0; i < 300; i++) {
        double sums[10] = {0}, alone[10] = {0};
        hone_pool_run(pool, 1000, 100, add_range, sums);
        hone_pool_run(NULL, 1000, 100, add_range, alone);
        if (memcmp(sums, alone, sizeof sums) != 0)
            return pool;
    }
    return NULL;
}

START_TEST(several_threads_may_share_a_pool)
{
    hone_pool *pool = make_pool(3);
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, use_pool, pool), 0);
    for (int i = 0; i < 3; i++) {
        void *wrong;
        pthread_join(threads[i], &wrong);
        ck_assert_ptr_null(wrong);
    }
    hone__pool_destroy(pool);
}
END_TEST

static void check_mode(void *ctx, int64_t begin, int64_t end, int worker)
{
    (void)begin;
    (void)end;
    (void)worker;
    /* Denormals are neither flushed nor read as zero. */
    volatile double tiny = 0x1p-1070;
    if (!hone__float_mode_ok() || tiny * 2 != 0x1p-1069)
        atomic_store((_Atomic int *)ctx, 1);
}

START_TEST(every_thread_computes_in_the_same_mode)
{
    _Atomic int wrong = 0;
    hone__float_mode_set();
    ck_assert(hone__float_mode_ok());
    hone_pool *pool = make_pool(4);
    hone_pool_run(pool, 100, 1, check_mode, &wrong);
    ck_assert_int_eq(atomic_load(&wrong), 0);
    hone__pool_destroy(pool);
}
END_TEST

#if defined(__SSE__)
#include <xmmintrin.h>

START_TEST(a_changed_mode_is_noticed_and_mended)
{
    _mm_setcsr(_mm_getcsr() | 0x8040); /* flush to zero, denormals are zero: what crtfastmath.o does */
    ck_assert(!hone__float_mode_ok());
    hone__float_mode_set();
    ck_assert(hone__float_mode_ok());
}
END_TEST
#else
START_TEST(a_changed_mode_is_noticed_and_mended)
{
    hone__float_mode_set();
    ck_assert(hone__float_mode_ok());
}
END_TEST
#endif

START_TEST(a_number_of_threads_that_cannot_be_is_refused)
{
    hone_pool *pool;
    hone_error err;
    ck_assert_int_eq(hone__pool_create(0, &pool, &err), HONE_EINVAL);
    ck_assert_int_eq(hone__pool_create(100000, &pool, &err), HONE_EINVAL);
    ck_assert_str_eq(err.msg, "100000 threads were asked for; a pool has 1 to 1024");
    ck_assert_ptr_null(pool);
    hone__pool_destroy(NULL);
    ck_assert_int_eq(hone_pool_threads(NULL), 1);
}
END_TEST

/* The first range waits until all others have run, those of its own thread's share among them. */
static void wait_for_the_others(void *ctx, int64_t begin, int64_t end, int worker)
{
    _Atomic int *done = ctx;
    (void)end;
    (void)worker;
    const time_t limit = time(NULL) + 60;
    while (begin == 0 && atomic_load(done) < 7 && time(NULL) < limit)
        sched_yield();
    atomic_fetch_add(done, begin != 0 || atomic_load(done) == 7 ? 1 : 100);
}

START_TEST(a_thread_that_is_done_takes_from_the_others_shares)
{
    hone_pool *pool = make_pool(2);
    for (int i = 0; i < 100; i++) {
        _Atomic int done = 0;
        hone_pool_run(pool, 8, 1, wait_for_the_others, &done);
        ck_assert_int_eq(atomic_load(&done), 8);
    }
    hone__pool_destroy(pool);
}
END_TEST

static hone_status create(void *ctx, hone_error *err)
{
    hone_pool *pool;
    (void)ctx;
    HONE_TRY(hone__pool_create(3, &pool, err));
    hone__pool_destroy(pool);
    return HONE_OK;
}

START_TEST(every_failed_allocation_is_survived)
{
    ck_assert_int_eq(suite_every_allocation_fails(create, NULL), 3);
}
END_TEST

START_TEST(there_is_at_least_one_processor)
{
    ck_assert_int_ge(hone__cpu_count(), 1);
}
END_TEST

SUITE("pool", ranges_are_the_same_for_any_number_of_threads, many_small_loops_one_after_another_lose_nothing,
      a_loop_within_a_range_runs_on_its_thread_with_its_number, several_threads_may_share_a_pool,
      every_thread_computes_in_the_same_mode, a_changed_mode_is_noticed_and_mended,
      a_number_of_threads_that_cannot_be_is_refused, a_thread_that_is_done_takes_from_the_others_shares,
      every_failed_allocation_is_survived, there_is_at_least_one_processor)
