/* peak.h - what the processor can do at most, on every thread of a pool: multiply-adds out of registers alone, and bytes of a sum of two
 * arrays.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_TESTS_BENCH_PEAK_H
#define HONE_TESTS_BENCH_PEAK_H

#include "base/cpu.h"

#include <hone/base.h>
#include <string.h>

/* Of float32, by the widest vectors and by AVX2; of bf16 by vectors, with float32 sums; of bf16 by the tiles of AMX. */
typedef enum peak_kind { PEAK_F32, PEAK_F32_AVX2, PEAK_BF16_VECTORS, PEAK_BF16_TILES, PEAK_KINDS } peak_kind;

#if defined(__x86_64__)
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PEAK_ROUNDS = 1000000, PEAK_CHAINS = 12, PEAK_TILE_ROUNDS = 100000, PEAK_TILES = 4 };

/* Twelve chains hide the latency of an addition where two are begun a cycle. Returns flops; *sink keeps the compiler from leaving out the
 * work. */
__attribute__((target("avx512f"))) static inline double peak_avx512(float *sink)
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

__attribute__((target("avx2,fma"))) static inline double peak_avx2(float *sink)
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

/* The products of zeros: this instruction takes as long for any operands. */
__attribute__((target("avx512f,avx512bf16"))) static inline double peak_avx512_bf16(float *sink)
{
    __m512 sum[PEAK_CHAINS];
    const __m512bh x = _mm512_cvtne2ps_pbh(_mm512_set1_ps(*sink), _mm512_set1_ps(*sink));
    for (int i = 0; i < PEAK_CHAINS; i++)
        sum[i] = _mm512_set1_ps((float)i);
    for (int r = 0; r < PEAK_ROUNDS; r++)
#pragma GCC unroll 12
        for (int i = 0; i < PEAK_CHAINS; i++)
            sum[i] = _mm512_dpbf16_ps(sum[i], x, x);
    for (int i = 1; i < PEAK_CHAINS; i++)
        sum[0] = _mm512_add_ps(sum[0], sum[i]);
    *sink += _mm512_reduce_add_ps(sum[0]);
    return 4.0 * 16 * PEAK_CHAINS * PEAK_ROUNDS;
}

/* Four accumulators of 16 x 16; each instruction is 16 x 16 x 32 multiply-adds. */
__attribute__((target("amx-tile,amx-bf16"))) static inline double peak_amx(void)
{
    static const struct {
        uint8_t palette, start_row, zero[14];
        uint16_t columns[16];
        uint8_t rows[16];
    } config = {.palette = 1,
                .columns = {64, 64, 64, 64, 64, 64, 64, 64},
                .rows = {16, 16, 16, 16, 16, 16, 16, 16}}; /* in memory as it is: gcc 12 sees only 8 of its bytes read */
    _tile_loadconfig(&config);
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    _tile_zero(4);
    _tile_zero(5);
    for (int r = 0; r < PEAK_TILE_ROUNDS; r++) {
        _tile_dpbf16ps(0, 4, 5);
        _tile_dpbf16ps(1, 4, 5);
        _tile_dpbf16ps(2, 4, 5);
        _tile_dpbf16ps(3, 4, 5);
    }
    _tile_release();
    return 2.0 * 16 * 16 * 32 * PEAK_TILES * PEAK_TILE_ROUNDS;
}

/* The kernel gives the tiles to those who ask. Source: Linux, Documentation/arch/x86/xstate.rst. */
static inline bool peak_has_amx(void)
{
    enum { REQUEST_PERMISSION = 0x1023, TILE_DATA = 18 };
    char features[512];
    return strstr(hone__cpu_features(features, sizeof features), "amx_bf16") &&
           syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0;
}

/* Flops of one thread's share; 0 where the processor cannot, or its peak is not known. */
static inline double peak_work(peak_kind kind, float *sink)
{
    const char *isa = hone__cpu_isa();
    if (kind == PEAK_BF16_TILES)
        return peak_has_amx() ? peak_amx() : 0;
    if (kind == PEAK_BF16_VECTORS)
        return strcmp(isa, "avx512bf16") == 0 ? peak_avx512_bf16(sink) : 0;
    if (kind == PEAK_F32_AVX2)
        return strncmp(isa, "avx", 3) == 0 ? peak_avx2(sink) : 0;
    return strncmp(isa, "avx512", 6) == 0 ? peak_avx512(sink) : strcmp(isa, "avx2") == 0 ? peak_avx2(sink) : 0;
}
#else
static inline double peak_work(peak_kind kind, float *sink)
{
    (void)kind;
    (void)sink;
    return 0;
}
#endif

typedef struct peak_share {
    peak_kind kind;
    float sink;
    double flops;
} peak_share;

static inline void peak_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    (void)worker;
    for (peak_share *s = (peak_share *)ctx + begin; s < (peak_share *)ctx + end; s++)
        s->flops = peak_work(s->kind, &s->sink);
}

/* Flops done, once, by all threads of the pool together; for the caller to time. */
static inline double peak_run(hone_pool *pool, peak_kind kind)
{
    peak_share share[64] = {{0}};
    const int threads = hone_pool_threads(pool) < 64 ? hone_pool_threads(pool) : 64;
    double flops = 0;
    for (int i = 0; i < threads; i++)
        share[i].kind = kind;
    hone_pool_run(pool, threads, 1, peak_range, share);
    for (int i = 0; i < threads; i++)
        flops += share[i].flops;
    return flops;
}

/* ---- Bytes ------------------------------------------------------------------------------------------------------- */

typedef struct peak_arrays {
    float *a, *b, *sum;
} peak_arrays;

/* Plain C, which compilers turn into vectors of 16 bytes at least: more do not help where memory is the bound. */
static inline void peak_add(void *ctx, int64_t begin, int64_t end, int worker)
{
    const peak_arrays *p = ctx;
    const float *restrict a = p->a, *restrict b = p->b;
    float *restrict sum = p->sum;
    (void)worker;
    for (int64_t i = begin; i < end; i++)
        sum[i] = a[i] + b[i];
}

/* sum[i] = a[i] + b[i], i < n: 12 bytes an element; for the caller to time. */
static inline void peak_bytes_run(hone_pool *pool, const peak_arrays *arrays, int64_t n)
{
    hone_pool_run(pool, n, 4096, peak_add, (void *)(uintptr_t)arrays);
}

#endif
