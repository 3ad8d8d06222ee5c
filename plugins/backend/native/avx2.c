/* avx2.c - the kernels over vectors of 8 floats: AVX2 and FMA.
 *
 * The file is built for any x86-64; its functions alone may use these instructions, and run where the processor has them.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "native.h"

#if defined(__x86_64__)

#include "target.h"
TARGET_BEGIN("avx2,fma")

#include <immintrin.h>
#include <math.h>
#include <string.h>

enum { LANES = 8 };
#define ROWS 4
#define VECTORS 3

typedef __m256 vec;

/* All bits in the lanes below n. */
static ALWAYS_INLINE __m256i first_lanes(int n)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

static ALWAYS_INLINE vec vec_set(float x)
{
    return _mm256_set1_ps(x);
}

static ALWAYS_INLINE vec vec_load(const float *p)
{
    return _mm256_loadu_ps(p);
}

static ALWAYS_INLINE void vec_store(float *p, vec x)
{
    _mm256_storeu_ps(p, x);
}

/* Zeros in the lanes from n on. */
static ALWAYS_INLINE vec vec_load_part(const float *p, int n)
{
    return n == LANES ? _mm256_loadu_ps(p) : _mm256_maskload_ps(p, first_lanes(n));
}

static ALWAYS_INLINE vec vec_load_or(const float *p, int n, float other)
{
    const __m256i lanes = first_lanes(n);
    return _mm256_blendv_ps(_mm256_set1_ps(other), _mm256_maskload_ps(p, lanes), _mm256_castsi256_ps(lanes));
}

static ALWAYS_INLINE void vec_store_part(float *p, int n, vec x)
{
    if (n == LANES)
        _mm256_storeu_ps(p, x);
    else
        _mm256_maskstore_ps(p, first_lanes(n), x);
}

/* x with zeros in the lanes from n on. */
static ALWAYS_INLINE vec vec_first(vec x, int n)
{
    return n == LANES ? x : _mm256_and_ps(x, _mm256_castsi256_ps(first_lanes(n)));
}

static ALWAYS_INLINE vec vec_fma(vec a, vec b, vec c)
{
    return _mm256_fmadd_ps(a, b, c);
}

/* b where a or b is not a number; so does vec_least(). */
static ALWAYS_INLINE vec vec_most(vec a, vec b)
{
    return _mm256_max_ps(a, b);
}

static ALWAYS_INLINE vec vec_least(vec a, vec b)
{
    return _mm256_min_ps(a, b);
}

static ALWAYS_INLINE vec vec_abs(vec x)
{
    return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x);
}

/* a where x has the sign bit, else b. */
static ALWAYS_INLINE vec vec_if_negative(vec x, vec a, vec b)
{
    return _mm256_blendv_ps(b, a, x);
}

/* 2^n, where x is n + 1.5 x 2^23. */
static ALWAYS_INLINE vec vec_power_of_two(vec x)
{
    const __m256i n = _mm256_add_epi32(_mm256_castps_si256(x), _mm256_set1_epi32(127));
    return _mm256_castsi256_ps(_mm256_slli_epi32(n, 23));
}

/* The sum of the lanes: of each half's counterparts, then of each quarter's, and so on. */
static ALWAYS_INLINE float vec_sum(vec x)
{
    const __m128 q = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    const __m128 two = _mm_add_ps(q, _mm_movehl_ps(q, q));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

/* The largest of the lanes. */
static ALWAYS_INLINE float vec_top(vec x)
{
    const __m128 q = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    const __m128 two = _mm_max_ps(q, _mm_movehl_ps(q, q));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

/* Pairs of rows, then of pairs, then of halves. */
static ALWAYS_INLINE void vec_transpose(const float *from, int64_t ld, float *to, int64_t to_ld)
{
    __m256 x[8], y[8];
    UNROLL for (int i = 0; i < 8; i++) x[i] = _mm256_loadu_ps(from + i * ld);
    UNROLL for (int i = 0; i < 4; i++)
    {
        y[2 * i] = _mm256_unpacklo_ps(x[2 * i], x[2 * i + 1]);
        y[2 * i + 1] = _mm256_unpackhi_ps(x[2 * i], x[2 * i + 1]);
    }
    UNROLL for (int i = 0; i < 2; i++)
    {
        x[4 * i] = _mm256_shuffle_ps(y[4 * i], y[4 * i + 2], 0x44);
        x[4 * i + 1] = _mm256_shuffle_ps(y[4 * i], y[4 * i + 2], 0xee);
        x[4 * i + 2] = _mm256_shuffle_ps(y[4 * i + 1], y[4 * i + 3], 0x44);
        x[4 * i + 3] = _mm256_shuffle_ps(y[4 * i + 1], y[4 * i + 3], 0xee);
    }
    UNROLL for (int i = 0; i < 4; i++)
    {
        _mm256_storeu_ps(to + i * to_ld, _mm256_permute2f128_ps(x[i], x[4 + i], 0x20));
        _mm256_storeu_ps(to + (4 + i) * to_ld, _mm256_permute2f128_ps(x[i], x[4 + i], 0x31));
    }
}

typedef __m256i ivec;

static ALWAYS_INLINE ivec ivec_set(uint32_t x)
{
    return _mm256_set1_epi32((int)x);
}

static ALWAYS_INLINE ivec ivec_add(ivec a, ivec b)
{
    return _mm256_add_epi32(a, b);
}

static ALWAYS_INLINE ivec ivec_xor3(ivec a, ivec b, ivec c)
{
    return _mm256_xor_si256(_mm256_xor_si256(a, b), c);
}

/* The 64-bit products of the even lanes. */
static ALWAYS_INLINE ivec ivec_multiply(ivec a, ivec b)
{
    return _mm256_mul_epu32(a, b);
}

/* The upper halves of the 64-bit lanes, as lower ones: by a shuffle, since shifts run where products do. */
static ALWAYS_INLINE ivec ivec_high(ivec a)
{
    return _mm256_shuffle_epi32(a, 0xF5);
}

/* The lower halves of both, side by side in the 64-bit lanes. */
static ALWAYS_INLINE ivec ivec_pairs(ivec low, ivec high)
{
    return _mm256_blend_epi32(low, _mm256_slli_epi64(high, 32), 0xAA);
}

/* Such that the order is right when ivec_store_kept() has put lanes of pairs side by side. */
static ALWAYS_INLINE ivec ivec_blocks(void)
{
    return _mm256_setr_epi32(0, 0, 2, 0, 1, 0, 3, 0);
}

static ALWAYS_INLINE vec kept(ivec bits, uint32_t threshold, float keep)
{
    const __m256i there = _mm256_cmpeq_epi32(_mm256_max_epu32(bits, ivec_set(threshold)), bits);
    return _mm256_and_ps(_mm256_castsi256_ps(there), _mm256_set1_ps(keep));
}

static ALWAYS_INLINE void ivec_store_kept(const ivec word[4], uint32_t threshold, float keep, float *out)
{
    const __m256d front = _mm256_castps_pd(kept(ivec_pairs(word[0], word[1]), threshold, keep));
    const __m256d back = _mm256_castps_pd(kept(ivec_pairs(word[2], word[3]), threshold, keep));
    _mm256_storeu_ps(out, _mm256_castpd_ps(_mm256_unpacklo_pd(front, back)));
    _mm256_storeu_ps(out + 8, _mm256_castpd_ps(_mm256_unpackhi_pd(front, back)));
}

#include "kernels_gemm.h"
#include "kernels_random.h"

#include "kernels_elements.h"

TARGET_END

const native_set *native_avx2(void)
{
    static const native_set set = NATIVE_SET("avx2");
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &set : NULL;
}

#else

const native_set *native_avx2(void)
{
    return NULL;
}

#endif
