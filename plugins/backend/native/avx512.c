/* avx512.c - the kernels over vectors of 16 floats: AVX-512 F, DQ, BW and VL.
 *
 * The file is built for any x86-64; its functions alone may use these instructions, and run where the processor has them.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "native.h"

#if defined(__x86_64__)

#include "target.h"
TARGET_BEGIN("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma")

#include <immintrin.h>
#include <math.h>
#include <string.h>

enum { LANES = 16 };
#define ROWS 8
#define VECTORS 3

typedef __m512 vec;

static ALWAYS_INLINE __mmask16 first_lanes(int n)
{
    return (__mmask16)((1u << n) - 1);
}

static ALWAYS_INLINE vec vec_set(float x)
{
    return _mm512_set1_ps(x);
}

static ALWAYS_INLINE vec vec_load(const float *p)
{
    return _mm512_loadu_ps(p);
}

static ALWAYS_INLINE void vec_store(float *p, vec x)
{
    _mm512_storeu_ps(p, x);
}

/* Zeros in the lanes from n on. */
static ALWAYS_INLINE vec vec_load_part(const float *p, int n)
{
    return n == LANES ? _mm512_loadu_ps(p) : _mm512_maskz_loadu_ps(first_lanes(n), p);
}

static ALWAYS_INLINE vec vec_load_or(const float *p, int n, float other)
{
    return _mm512_mask_loadu_ps(_mm512_set1_ps(other), first_lanes(n), p);
}

static ALWAYS_INLINE void vec_store_part(float *p, int n, vec x)
{
    if (n == LANES)
        _mm512_storeu_ps(p, x);
    else
        _mm512_mask_storeu_ps(p, first_lanes(n), x);
}

/* x with zeros in the lanes from n on. */
static ALWAYS_INLINE vec vec_first(vec x, int n)
{
    return n == LANES ? x : _mm512_maskz_mov_ps(first_lanes(n), x);
}

static ALWAYS_INLINE vec vec_fma(vec a, vec b, vec c)
{
    return _mm512_fmadd_ps(a, b, c);
}

/* b where a or b is not a number; so does vec_least(). */
static ALWAYS_INLINE vec vec_most(vec a, vec b)
{
    return _mm512_max_ps(a, b);
}

static ALWAYS_INLINE vec vec_least(vec a, vec b)
{
    return _mm512_min_ps(a, b);
}

static ALWAYS_INLINE vec vec_abs(vec x)
{
    return _mm512_andnot_ps(_mm512_set1_ps(-0.0f), x);
}

/* a where x has the sign bit, else b. */
static ALWAYS_INLINE vec vec_if_negative(vec x, vec a, vec b)
{
    return _mm512_mask_blend_ps(_mm512_movepi32_mask(_mm512_castps_si512(x)), b, a);
}

/* 2^n, where x is n + 1.5 x 2^23. */
static ALWAYS_INLINE vec vec_power_of_two(vec x)
{
    const __m512i n = _mm512_add_epi32(_mm512_castps_si512(x), _mm512_set1_epi32(127));
    return _mm512_castsi512_ps(_mm512_slli_epi32(n, 23));
}

/* The sum of the lanes: of each half's counterparts, then of each quarter's, and so on. */
static ALWAYS_INLINE float vec_sum(vec x)
{
    const __m256 h = _mm256_add_ps(_mm512_castps512_ps256(x), _mm512_extractf32x8_ps(x, 1));
    const __m128 q = _mm_add_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1));
    const __m128 two = _mm_add_ps(q, _mm_movehl_ps(q, q));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

/* The largest of the lanes. */
static ALWAYS_INLINE float vec_top(vec x)
{
    const __m256 h = _mm256_max_ps(_mm512_castps512_ps256(x), _mm512_extractf32x8_ps(x, 1));
    const __m128 q = _mm_max_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1));
    const __m128 two = _mm_max_ps(q, _mm_movehl_ps(q, q));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

/* Pairs of rows, then of pairs, then of quarters. */
static ALWAYS_INLINE void vec_transpose(const float *from, int64_t ld, float *to, int64_t to_ld)
{
    __m512 x[16], y[16];
    UNROLL for (int i = 0; i < 16; i++) x[i] = _mm512_loadu_ps(from + i * ld);
    UNROLL for (int i = 0; i < 8; i++)
    {
        y[2 * i] = _mm512_unpacklo_ps(x[2 * i], x[2 * i + 1]);
        y[2 * i + 1] = _mm512_unpackhi_ps(x[2 * i], x[2 * i + 1]);
    }
    UNROLL for (int i = 0; i < 4; i++)
    {
        const __m512d a = _mm512_castps_pd(y[4 * i]), b = _mm512_castps_pd(y[4 * i + 1]);
        const __m512d c = _mm512_castps_pd(y[4 * i + 2]), d = _mm512_castps_pd(y[4 * i + 3]);
        x[4 * i] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, c));
        x[4 * i + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, c));
        x[4 * i + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(b, d));
        x[4 * i + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(b, d));
    }
    UNROLL for (int i = 0; i < 4; i++)
    {
        y[i] = _mm512_shuffle_f32x4(x[i], x[4 + i], 0x88);
        y[4 + i] = _mm512_shuffle_f32x4(x[i], x[4 + i], 0xdd);
        y[8 + i] = _mm512_shuffle_f32x4(x[8 + i], x[12 + i], 0x88);
        y[12 + i] = _mm512_shuffle_f32x4(x[8 + i], x[12 + i], 0xdd);
    }
    UNROLL for (int i = 0; i < 4; i++)
    {
        _mm512_storeu_ps(to + i * to_ld, _mm512_shuffle_f32x4(y[i], y[8 + i], 0x88));
        _mm512_storeu_ps(to + (8 + i) * to_ld, _mm512_shuffle_f32x4(y[i], y[8 + i], 0xdd));
        _mm512_storeu_ps(to + (4 + i) * to_ld, _mm512_shuffle_f32x4(y[4 + i], y[12 + i], 0x88));
        _mm512_storeu_ps(to + (12 + i) * to_ld, _mm512_shuffle_f32x4(y[4 + i], y[12 + i], 0xdd));
    }
}

typedef __m512i ivec;

static ALWAYS_INLINE ivec ivec_set(uint32_t x)
{
    return _mm512_set1_epi32((int)x);
}

static ALWAYS_INLINE ivec ivec_add(ivec a, ivec b)
{
    return _mm512_add_epi32(a, b);
}

static ALWAYS_INLINE ivec ivec_xor3(ivec a, ivec b, ivec c)
{
    return _mm512_ternarylogic_epi32(a, b, c, 0x96);
}

/* The 64-bit products of the even lanes. */
static ALWAYS_INLINE ivec ivec_multiply(ivec a, ivec b)
{
    return _mm512_mul_epu32(a, b);
}

/* The upper halves of the 64-bit lanes, as lower ones: by a shuffle, since shifts run where products do. */
static ALWAYS_INLINE ivec ivec_high(ivec a)
{
    return _mm512_shuffle_epi32(a, _MM_PERM_DDBB);
}

/* The lower halves of both, side by side in the 64-bit lanes. */
static ALWAYS_INLINE ivec ivec_pairs(ivec low, ivec high)
{
    return _mm512_mask_blend_epi32(0xAAAA, low, _mm512_slli_epi64(high, 32));
}

/* Such that the order is right when ivec_store_kept() has put lanes of pairs side by side. */
static ALWAYS_INLINE ivec ivec_blocks(void)
{
    return _mm512_setr_epi32(0, 0, 4, 0, 1, 0, 5, 0, 2, 0, 6, 0, 3, 0, 7, 0);
}

static ALWAYS_INLINE vec kept(ivec bits, uint32_t threshold, float keep)
{
    return _mm512_maskz_mov_ps(_mm512_cmpge_epu32_mask(bits, ivec_set(threshold)), _mm512_set1_ps(keep));
}

static ALWAYS_INLINE void ivec_store_kept(const ivec word[4], uint32_t threshold, float keep, float *out)
{
    const __m512d front = _mm512_castps_pd(kept(ivec_pairs(word[0], word[1]), threshold, keep));
    const __m512d back = _mm512_castps_pd(kept(ivec_pairs(word[2], word[3]), threshold, keep));
    _mm512_storeu_ps(out, _mm512_castpd_ps(_mm512_unpacklo_pd(front, back)));
    _mm512_storeu_ps(out + 16, _mm512_castpd_ps(_mm512_unpackhi_pd(front, back)));
}

#include "kernels_gemm.h"
#include "kernels_random.h"

#include "kernels_elements.h"

TARGET_END

const native_set *native_avx512(void)
{
    static const native_set set = NATIVE_SET("avx512");
    __builtin_cpu_init();
    const bool there = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                       __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
    return there ? &set : NULL;
}

#else

const native_set *native_avx512(void)
{
    return NULL;
}

#endif
