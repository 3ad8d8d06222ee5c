/* pool.c - a thread pool that shares out fixed ranges.
 *
 * A loop is cut into ranges by its grain alone. Each thread has a share of them, as many beside each other, and takes from others' shares
 * when its own is done: so the rows that it had in one loop, which its cache may still hold, are mostly its own in the next one. The caller
 * works too. Which thread takes which range is chance all the same, so a range may write only what is its own.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/pool.h"
#include "base/alloc.h"

#include <fenv.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

enum { MOST_THREADS = 1024, SPINS = 1000 /* some 15 microseconds */ };

/* ---- The floating-point mode ------------------------------------------------------------------------------------- */

#if defined(__SSE__)

/* All exceptions masked, round to nearest, denormals neither read as zero nor flushed. The low six bits are sticky flags. */
enum { MXCSR_MODE = 0x1F80, MXCSR_FLAGS = 0x3F };

void hone__float_mode_set(void)
{
    _mm_setcsr(MXCSR_MODE);
}

bool hone__float_mode_ok(void)
{
    return (_mm_getcsr() & ~(unsigned)MXCSR_FLAGS) == MXCSR_MODE;
}

#else

void hone__float_mode_set(void)
{
    fesetenv(FE_DFL_ENV);
}

bool hone__float_mode_ok(void)
{
    /* C has no question for denormals but to make one. */
    volatile double small = 0x1p-1022;
    return fegetround() == FE_TONEAREST && small / 2 != 0;
}

#endif

/* ---- The pool ---------------------------------------------------------------------------------------------------- */

typedef struct job {
    hone_range_fn fn;
    void *ctx;
    int64_t n, grain, ranges;
    int takers; /* threads that take part: workers 0 .. takers-1 */
} job;

/* The ranges of one thread: the next one to be taken, by it or by another, up to `end`. Each has a line of the cache for itself. */
typedef struct share {
    _Alignas(64) _Atomic int64_t next;
    int64_t end;
} share;

typedef struct worker {
    hone_pool *pool;
    pthread_t thread;
    int number; /* 1 .. threads-1; 0 is the caller */
} worker;

struct hone_pool {
    int threads;
    worker *workers;        /* [threads-1] */
    share *shares;          /* [threads] */
    pthread_mutex_t caller; /* held by the one thread whose job it is */
    pthread_mutex_t lock;   /* of job, quit and of every change of generation */
    pthread_cond_t wake, done;
    job job;
    bool quit;
    _Atomic unsigned generation; /* one more with every job */
    _Atomic int busy;            /* helpers that have not finished */
};

/* The worker that this thread is while it runs a range; -1 outside. A nested call has no other way to know that it is one. */
static _Thread_local int inside = -1;

static void run_range(const job *j, int64_t i, int number)
{
    int64_t begin = i * j->grain;
    int64_t end = j->n - begin < j->grain ? j->n : begin + j->grain;
    j->fn(j->ctx, begin, end, number);
}

static void run_inline(const job *j, int number)
{
    int before = inside;
    inside = number;
    for (int64_t i = 0; i < j->ranges; i++)
        run_range(j, i, number);
    inside = before;
}

static void take_ranges(hone_pool *pool, const job *j, int number)
{
    inside = number;
    for (int i = 0; i < j->takers; i++) {
        share *s = &pool->shares[(number + i) % j->takers];
        for (int64_t at = atomic_fetch_add(&s->next, 1); at < s->end; at = atomic_fetch_add(&s->next, 1))
            run_range(j, at, number);
    }
    inside = -1;
}

static void pause_briefly(void)
{
#if defined(__SSE__)
    _mm_pause();
#endif
}

/* Waits for the next job and copies it; false when the pool ends. A worker that does not take part may miss jobs; one that does
 * cannot, because its job waits for it. */
static bool next_job(const worker *w, unsigned *seen, job *j)
{
    hone_pool *pool = w->pool;
    for (;;) {
        for (int i = 0; i < SPINS && atomic_load(&pool->generation) == *seen; i++)
            pause_briefly();
        pthread_mutex_lock(&pool->lock);
        while (atomic_load(&pool->generation) == *seen && !pool->quit)
            pthread_cond_wait(&pool->wake, &pool->lock);
        bool quit = pool->quit, mine = w->number < pool->job.takers;
        *seen = atomic_load(&pool->generation);
        *j = pool->job;
        pthread_mutex_unlock(&pool->lock);
        if (quit || mine)
            return !quit;
    }
}

static void *work(void *argument)
{
    const worker *w = argument;
    hone_pool *pool = w->pool;
    unsigned seen = 0;
    job j;
    hone__float_mode_set();
    while (next_job(w, &seen, &j)) {
        take_ranges(pool, &j, w->number);
        if (atomic_fetch_sub(&pool->busy, 1) != 1)
            continue;
        pthread_mutex_lock(&pool->lock);
        pthread_cond_signal(&pool->done);
        pthread_mutex_unlock(&pool->lock);
    }
    return NULL;
}

/* The first range of share i. (ranges times i might not fit.) */
static int64_t share_begin(const job *j, int i)
{
    return j->ranges / j->takers * i + j->ranges % j->takers * i / j->takers;
}

static void publish(hone_pool *pool, const job *j)
{
    pthread_mutex_lock(&pool->lock);
    pool->job = *j;
    for (int i = 0; i < j->takers; i++) {
        atomic_store(&pool->shares[i].next, share_begin(j, i));
        pool->shares[i].end = share_begin(j, i + 1);
    }
    atomic_store(&pool->busy, j->takers - 1);
    atomic_fetch_add(&pool->generation, 1);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
}

static void wait_for_helpers(hone_pool *pool)
{
    for (int i = 0; i < SPINS && atomic_load(&pool->busy) != 0; i++)
        pause_briefly();
    pthread_mutex_lock(&pool->lock);
    while (atomic_load(&pool->busy) != 0)
        pthread_cond_wait(&pool->done, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
}

void hone_pool_run(hone_pool *pool, int64_t n, int64_t grain, hone_range_fn fn, void *ctx)
{
    if (n <= 0)
        return;
    if (grain < 1)
        grain = 1;
    job j = {fn, ctx, n, grain, 1 + (n - 1) / grain, 1};
    if (inside >= 0) {
        run_inline(&j, inside < hone_pool_threads(pool) ? inside : 0);
        return;
    }
    if (!pool) {
        run_inline(&j, 0);
        return;
    }
    pthread_mutex_lock(&pool->caller);
    if (pool->threads == 1 || j.ranges == 1) {
        run_inline(&j, 0);
    } else {
        j.takers = j.ranges < pool->threads ? (int)j.ranges : pool->threads;
        publish(pool, &j);
        take_ranges(pool, &j, 0);
        wait_for_helpers(pool);
    }
    pthread_mutex_unlock(&pool->caller);
}

int hone_pool_threads(const hone_pool *pool)
{
    return pool ? pool->threads : 1;
}

/* ---- Making it --------------------------------------------------------------------------------------------------- */

/* Ends the first `started` workers and frees the pool. */
static void end_pool(hone_pool *pool, int started)
{
    pthread_mutex_lock(&pool->lock);
    pool->quit = true;
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
    for (int i = 0; i < started; i++)
        pthread_join(pool->workers[i].thread, NULL);
    pthread_mutex_destroy(&pool->caller);
    pthread_mutex_destroy(&pool->lock);
    pthread_cond_destroy(&pool->wake);
    pthread_cond_destroy(&pool->done);
    hone__free(pool->workers);
    hone__free(pool->shares);
    hone__free(pool);
}

/* Signals are for the program's own thread, so the workers start with all of them blocked. */
static int start_workers(hone_pool *pool, int *started)
{
    sigset_t all, before;
    int number = 0;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (*started = 0; *started < pool->threads - 1; ++*started) {
        worker *w = &pool->workers[*started];
        *w = (worker){.pool = pool, .number = *started + 1};
        number = pthread_create(&w->thread, NULL, work, w);
        if (number != 0)
            break;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return number;
}

hone_status hone__pool_create(int threads, hone_pool **out, hone_error *err)
{
    *out = NULL;
    if (threads < 1 || threads > MOST_THREADS)
        return hone_fail(err, HONE_EINVAL, "%d threads were asked for; a pool has 1 to %d", threads, MOST_THREADS);
    hone_pool *pool = hone__calloc(1, sizeof *pool);
    worker *workers = hone__calloc((size_t)threads, sizeof *workers);
    share *shares = hone__aligned(_Alignof(share), (size_t)threads * sizeof *shares);
    if (!pool || !workers || !shares) {
        hone__free(pool);
        hone__free(workers);
        hone__free(shares);
        return hone_no_memory(err, "making a thread pool");
    }
    pool->threads = threads;
    pool->workers = workers;
    pool->shares = shares;
    pthread_mutex_init(&pool->caller, NULL);
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pthread_cond_init(&pool->done, NULL);
    int started, number = start_workers(pool, &started);
    if (number != 0) {
        end_pool(pool, started);
        return hone_fail(err, HONE_ENOMEM, "only %d of %d threads could be started: %s", started + 1, threads,
                         strerror(number));
    }
    *out = pool;
    return HONE_OK;
}

void hone__pool_destroy(hone_pool *pool)
{
    if (pool)
        end_pool(pool, pool->threads - 1);
}
