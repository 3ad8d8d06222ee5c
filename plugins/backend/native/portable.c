/* portable.c - the kernels over vectors of 4 floats in C alone, for every processor.
 *
 * Its multiply-adds round twice where the others round once: without an instruction for it, a fused one is a slow function.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "native.h"
#include "target.h"

#include <math.h>
#include <string.h>

enum { LANES = 4 };
#define ROWS 4
#define VECTORS 2

/* Vectors of the compiler: it makes them of whatever the processor has. */
typedef float vec __attribute__((vector_size(16)));
typedef int32_t bits __attribute__((vector_size(16)));

static ALWAYS_INLINE vec vec_set(float x)
{
    return (vec){x, x, x, x};
}

static ALWAYS_INLINE vec vec_load(const float *p)
{
    vec x;
    memcpy(&x, p, sizeof x);
    return x;
}

static ALWAYS_INLINE void vec_store(float *p, vec x)
{
    memcpy(p, &x, sizeof x);
}

static ALWAYS_INLINE vec vec_load_or(const float *p, int n, float other)
{
    vec x = vec_set(other);
    for (int i = 0; i < n; i++)
        x[i] = p[i];
    return x;
}

/* Zeros in the lanes from n on. */
static ALWAYS_INLINE vec vec_load_part(const float *p, int n)
{
    return n == LANES ? vec_load(p) : vec_load_or(p, n, 0);
}

static ALWAYS_INLINE void vec_store_part(float *p, int n, vec x)
{
    if (n == LANES) {
        vec_store(p, x);
        return;
    }
    for (int i = 0; i < n; i++)
        p[i] = x[i];
}

/* x with zeros in the lanes from n on. */
static ALWAYS_INLINE vec vec_first(vec x, int n)
{
    for (int i = n; i < LANES; i++)
        x[i] = 0;
    return x;
}

static ALWAYS_INLINE vec vec_fma(vec a, vec b, vec c)
{
    return a * b + c;
}

/* a where all bits are set, else b. */
static ALWAYS_INLINE vec vec_select(bits which, vec a, vec b)
{
    return (vec)((which & (bits)a) | (~which & (bits)b));
}

/* b where a or b is not a number; so does vec_least(). */
static ALWAYS_INLINE vec vec_most(vec a, vec b)
{
    return vec_select(a > b, a, b);
}

static ALWAYS_INLINE vec vec_least(vec a, vec b)
{
    return vec_select(a < b, a, b);
}

static ALWAYS_INLINE vec vec_abs(vec x)
{
    return (vec)((bits)x & (bits){INT32_MAX, INT32_MAX, INT32_MAX, INT32_MAX});
}

/* a where x has the sign bit, else b. */
static ALWAYS_INLINE vec vec_if_negative(vec x, vec a, vec b)
{
    return vec_select((bits)x < 0, a, b);
}

/* 2^n, where x is n + 1.5 x 2^23. */
static ALWAYS_INLINE vec vec_power_of_two(vec x)
{
    typedef uint32_t shifted __attribute__((vector_size(16)));
    return (vec)(((shifted)x + 127u) << 23);
}

/* The sum of the lanes: of each half's counterparts, then of each quarter's, and so on. */
static ALWAYS_INLINE float vec_sum(vec x)
{
    return (x[0] + x[2]) + (x[1] + x[3]);
}

/* The largest of the lanes. */
static ALWAYS_INLINE float vec_top(vec x)
{
    float top = x[0];
    for (int i = 1; i < LANES; i++)
        top = x[i] > top ? x[i] : top;
    return top;
}

static ALWAYS_INLINE void vec_transpose(const float *from, int64_t ld, float *to, int64_t to_ld)
{
    for (int i = 0; i < LANES; i++)
        for (int j = 0; j < LANES; j++)
            to[j * to_ld + i] = from[i * ld + j];
}

static const float *masks(hone_stream stream, uint64_t sequence, uint64_t first, int64_t n, uint32_t threshold, float keep,
                          float *out)
{
    const int64_t skip = (int64_t)(first % 4);
    uint64_t block = first / 4;
    for (int64_t at = 0; at < n + skip; at += 4, block++) {
        uint32_t word[4];
        hone_random_block(stream, sequence, block, word);
        for (int k = 0; k < 4; k++)
            out[at + k] = word[k] >= threshold ? keep : 0;
    }
    return out + skip;
}

#include "kernels_gemm.h"

#include "kernels_elements.h"

const native_set *native_portable(void)
{
    static const native_set set = NATIVE_SET("portable");
    return &set;
}
