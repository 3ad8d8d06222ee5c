/* avx512bf16.c - products of pairs by AVX512_BF16: tiles of 8 rows and 48 columns.
 *
 * The file is built for any x86-64; its functions alone may use these instructions, and run where the processor has them.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "bf16.h"

#if defined(__x86_64__)

#include "target.h"

#include <immintrin.h>

TARGET_BEGIN("avx512f,avx512dq,avx512bw,avx512vl,avx512bf16,avx2,fma")

enum { LANES = 16, ROWS = 8, VECTORS = 3 };

static ALWAYS_INLINE __mmask16 first_lanes(int n)
{
    return (__mmask16)((1u << n) - 1);
}

/* ---- Rounding ---------------------------------------------------------------------------------------------------- */

static ALWAYS_INLINE __m512 load_first(const float *p, int64_t n)
{
    return n >= LANES ? _mm512_loadu_ps(p) : _mm512_maskz_loadu_ps(first_lanes(n > 0 ? (int)n : 0), p);
}

void native_pairs_row(int64_t n, const float *from, uint32_t *to, int64_t words)
{
    for (int64_t w = 0; w < words; w += LANES) {
        const int64_t left = n - 2 * w; /* terms; may be below 0 */
        const __m512 low = load_first(from + (left > 0 ? 2 * w : 0), left);
        const __m512 high = load_first(from + (left > LANES ? 2 * w + LANES : 0), left - LANES);
        const __m512i pairs = (__m512i)_mm512_cvtne2ps_pbh(high, low);
        if (words - w >= LANES)
            _mm512_storeu_si512(to + w, pairs);
        else
            _mm512_mask_storeu_epi32(to + w, first_lanes((int)(words - w)), pairs);
    }
}

void native_pairs_column(int64_t n, const float *even, const float *odd, uint32_t *to, int64_t width)
{
    for (int64_t j = 0; j < width; j += LANES) {
        const int64_t at = j < n ? j : 0;
        const __m512 below = load_first(even + at, n - j), above = odd ? load_first(odd + at, n - j) : _mm512_setzero_ps();
        const __m512i low = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(below));
        const __m512i high = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(above));
        const __m512i pairs = _mm512_or_si512(low, _mm512_slli_epi32(high, 16));
        if (width - j >= LANES)
            _mm512_storeu_si512(to + j, pairs);
        else
            _mm512_mask_storeu_epi32(to + j, first_lanes((int)(width - j)), pairs);
    }
}

/* ---- Tiles ------------------------------------------------------------------------------------------------------- */

static ALWAYS_INLINE void multiply(int rows, int vectors, int64_t n, const uint32_t *a, int64_t stride, const uint32_t *b,
                                   float *c, int64_t ldc, __mmask16 last, bool add, const float *bias)
{
    __m512 sum[ROWS][VECTORS];
    UNROLL for (int i = 0; i < rows; i++)
    {
        UNROLL for (int v = 0; v < vectors; v++)
        {
            const float *at = c + i * ldc + v * LANES;
            sum[i][v] = !add ? _mm512_setzero_ps() : v + 1 < vectors ? _mm512_loadu_ps(at) : _mm512_maskz_loadu_ps(last, at);
        }
    }
    for (int64_t t = 0; t < n; t++, b += vectors * LANES) {
        __m512i row[VECTORS];
        UNROLL for (int v = 0; v < vectors; v++) row[v] = _mm512_loadu_si512(b + v * LANES);
        UNROLL for (int i = 0; i < rows; i++)
        {
            const __m512bh x = (__m512bh)_mm512_set1_epi32((int)a[i * stride + t]);
            UNROLL for (int v = 0; v < vectors; v++) sum[i][v] = _mm512_dpbf16_ps(sum[i][v], x, (__m512bh)row[v]);
        }
    }
    UNROLL for (int v = 0; v < vectors; v++)
    {
        const __mmask16 there = v + 1 < vectors ? 0xFFFF : last;
        const __m512 above = bias ? _mm512_maskz_loadu_ps(there, bias + v * LANES) : _mm512_set1_ps(-0.0f);
        UNROLL for (int i = 0; i < rows; i++)
            _mm512_mask_storeu_ps(c + i * ldc + v * LANES, there, _mm512_add_ps(sum[i][v], above));
    }
}

typedef void sized(int64_t n, const uint32_t *a, int64_t stride, const uint32_t *b, float *c, int64_t ldc, __mmask16 last,
                   bool add, const float *bias);

#define SIZE(rows, vectors)                                                                                                    \
    static void tile_##rows##_##vectors(int64_t n, const uint32_t *a, int64_t stride, const uint32_t *b, float *c,             \
                                        int64_t ldc, __mmask16 last, bool add, const float *bias)                              \
    {                                                                                                                          \
        multiply(rows, vectors, n, a, stride, b, c, ldc, last, add, bias);                                                     \
    }
#define SIZES(rows) SIZE(rows, 1) SIZE(rows, 2) SIZE(rows, 3)
SIZES(1)
SIZES(2)
SIZES(3)
SIZES(4)
SIZES(5)
SIZES(6)
SIZES(7)
SIZES(8)

#define NAMES(rows)                                                                                                            \
    {                                                                                                                          \
        tile_##rows##_1, tile_##rows##_2, tile_##rows##_3                                                                      \
    }
static sized *const sizes[ROWS][VECTORS] = {NAMES(1), NAMES(2), NAMES(3), NAMES(4), NAMES(5), NAMES(6), NAMES(7), NAMES(8)};

static void tile(const native_set *set, int rows, int64_t n, const uint32_t *a, int64_t stride, const uint32_t *b, int width,
                 float *c, int64_t ldc, int columns, bool add, const float *bias)
{
    (void)set;
    sizes[rows - 1][width / LANES - 1](n, a, stride, b, c, ldc, first_lanes(columns - (width - LANES)), add, bias);
}

TARGET_END

const native_bf16 *native_avx512_bf16(void)
{
    static const native_bf16 kernels = {.name = "avx512_bf16",
                                        .rows = ROWS,
                                        .columns = VECTORS * LANES,
                                        .lanes = LANES,
                                        .per_pair = 1,
                                        .unit = 1,
                                        .block = 384,
                                        .tile = tile,
                                        .row = native_pairs_row,
                                        .column = native_pairs_column};
    return native_avx512() && __builtin_cpu_supports("avx512bf16") ? &kernels : NULL;
}

#else

const native_bf16 *native_avx512_bf16(void)
{
    return NULL;
}

#endif
