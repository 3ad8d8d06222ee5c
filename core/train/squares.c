/* squares.c - the sum of squares of many floats, by the widest vectors there are.
 *
 * The sums are independent of each other, and a product and a sum are rounded one after the other, so wider vectors change no bit.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "train/squares.h"

#include <string.h>

/* Floats a step; vectors of doubles that hold them; how far ahead memory is asked for. */
enum { STEP = 32, VECTORS = 4, AHEAD = 512 };

typedef float floats __attribute__((vector_size(32)));
typedef double doubles __attribute__((vector_size(64)));

static inline __attribute__((always_inline)) void add_squares(const float *x, doubles *sum)
{
    for (int v = 0; v < VECTORS; v++) {
        floats f;
        memcpy(&f, x + 8 * v, sizeof f);
        const doubles d = __builtin_convertvector(f, doubles);
        sum[v] += d * d;
    }
}

/* Zeros behind the end add nothing. */
static inline __attribute__((always_inline)) double sum_of(const float *x, int64_t n)
{
    doubles sum[VECTORS] = {0};
    int64_t i = 0;
    for (; i + STEP <= n; i += STEP) {
        __builtin_prefetch(x + i + AHEAD);
        __builtin_prefetch(x + i + AHEAD + STEP / 2);
        add_squares(x + i, sum);
    }
    if (i < n) {
        float rest[STEP] = {0};
        memcpy(rest, x + i, (size_t)(n - i) * sizeof *x);
        add_squares(rest, sum);
    }
    const doubles all = (sum[0] + sum[1]) + (sum[2] + sum[3]);
    return ((all[0] + all[4]) + (all[2] + all[6])) + ((all[1] + all[5]) + (all[3] + all[7]));
}

static double plain(const float *x, int64_t n)
{
    return sum_of(x, n);
}

#if defined(__x86_64__)

__attribute__((target("avx2"))) static double avx2(const float *x, int64_t n)
{
    return sum_of(x, n);
}

__attribute__((target("avx512f"))) static double avx512(const float *x, int64_t n)
{
    return sum_of(x, n);
}

double hone__sum_of_squares(const float *x, int64_t n)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512f") ? avx512(x, n) : __builtin_cpu_supports("avx2") ? avx2(x, n) : plain(x, n);
}

#else

double hone__sum_of_squares(const float *x, int64_t n)
{
    return plain(x, n);
}

#endif
