/* peak.h - what the processor can do at most: fused multiply-adds of float32 out of registers alone, on every thread of a pool.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_TESTS_BENCH_PEAK_H
#define HONE_TESTS_BENCH_PEAK_H

#include "base/cpu.h"

#include <hone/base.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>

enum { PEAK_ROUNDS = 1000000, PEAK_CHAINS = 12 };

/* Twelve chains hide the latency of an addition where two are begun a cycle. Returns flops; *sink keeps the compiler from leaving out the
 * work. */
__attribute__((target("avx512f"))) static double peak_avx512(float *sink)
{
    __m512 sum[PEAK_CHAINS];
    const __m512 x = _mm512_set1_ps(*sink), y = _mm512_set1_ps(0.5f);
    for (int i = 0; i < PEAK_CHAINS; i++)
        sum[i] = _mm512_set1_ps((float)i);
    for (int r = 0; r < PEAK_ROUNDS; r++)
#pragma GCC unroll 12
        for (int i = 0; i < PEAK_CHAINS; i++)
            sum[i] = _mm512_fmadd_ps(sum[i], y, x);
    for (int i = 1; i < PEAK_CHAINS; i++)
        sum[0] = _mm512_add_ps(sum[0], sum[i]);
    *sink += _mm512_reduce_add_ps(sum[0]);
    return 2.0 * 16 * PEAK_CHAINS * PEAK_ROUNDS;
}

__attribute__((target("avx2,fma"))) static double peak_avx2(float *sink)
{
    __m256 sum[PEAK_CHAINS];
    float out[8];
    const __m256 x = _mm256_set1_ps(*sink), y = _mm256_set1_ps(0.5f);
    for (int i = 0; i < PEAK_CHAINS; i++)
        sum[i] = _mm256_set1_ps((float)i);
    for (int r = 0; r < PEAK_ROUNDS; r++)
#pragma GCC unroll 12
        for (int i = 0; i < PEAK_CHAINS; i++)
            sum[i] = _mm256_fmadd_ps(sum[i], y, x);
    for (int i = 1; i < PEAK_CHAINS; i++)
        sum[0] = _mm256_add_ps(sum[0], sum[i]);
    _mm256_storeu_ps(out, sum[0]);
    *sink += out[0];
    return 2.0 * 8 * PEAK_CHAINS * PEAK_ROUNDS;
}

/* Flops of one thread's share; 0 where the processor has no such vectors, and its peak is not known. */
static double peak_work(float *sink)
{
    const char *isa = hone__cpu_isa();
    return strncmp(isa, "avx512", 6) == 0 ? peak_avx512(sink) : strcmp(isa, "avx2") == 0 ? peak_avx2(sink) : 0;
}
#else
static double peak_work(float *sink)
{
    (void)sink;
    return 0;
}
#endif

typedef struct peak_share {
    float sink;
    double flops;
} peak_share;

static void peak_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    (void)worker;
    for (peak_share *s = (peak_share *)ctx + begin; s < (peak_share *)ctx + end; s++)
        s->flops = peak_work(&s->sink);
}

/* Flops done, once, by all threads of the pool together; for the caller to time. */
static inline double peak_run(hone_pool *pool)
{
    peak_share share[64] = {{0}};
    const int threads = hone_pool_threads(pool) < 64 ? hone_pool_threads(pool) : 64;
    double flops = 0;
    hone_pool_run(pool, threads, 1, peak_range, share);
    for (int i = 0; i < threads; i++)
        flops += share[i].flops;
    return flops;
}

#endif
