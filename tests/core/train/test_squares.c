/* test_squares.c - the sum of squares against the plain sum, and in the order that is promised.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "suite.h"
#include "train/squares.h"

#include <math.h>

enum { N = 1000 };

static void fill(float *x)
{
    for (int i = 0; i < N; i++)
        x[i] = (float)sin(i * i) * (i % 7 == 0 ? 1e6f : 1.0f);
}

/* 32 sums, then pairs of them eight apart, four apart, two apart and side by side. */
static double in_the_promised_order(const float *x, int64_t n)
{
    double sum[32] = {0}, all[8];
    for (int64_t i = 0; i < n; i++)
        sum[i % 32] += (double)x[i] * (double)x[i];
    for (int l = 0; l < 8; l++)
        all[l] = (sum[l] + sum[8 + l]) + (sum[16 + l] + sum[24 + l]);
    return ((all[0] + all[4]) + (all[2] + all[6])) + ((all[1] + all[5]) + (all[3] + all[7]));
}

START_TEST(every_length_is_summed_to_the_bit)
{
    float x[N];
    fill(x);
    for (int64_t n = 0; n <= N; n++) {
        double plain = 0;
        const double sum = hone__sum_of_squares(x, n);
        for (int64_t i = 0; i < n; i++)
            plain += (double)x[i] * (double)x[i];
        ck_assert_double_eq(sum, in_the_promised_order(x, n));
        ck_assert_double_le(fabs(sum - plain), 1e-12 * plain);
    }
}
END_TEST

START_TEST(what_is_not_finite_shows)
{
    float x[N];
    for (int at = 0; at < N; at += 37) {
        fill(x);
        x[at] = NAN;
        ck_assert(isnan(hone__sum_of_squares(x, N)));
        x[at] = INFINITY;
        ck_assert(isinf(hone__sum_of_squares(x, N)));
        x[at] = 3e38f; /* its square is no float */
        ck_assert(isfinite(hone__sum_of_squares(x, N)));
    }
}
END_TEST

SUITE("squares", every_length_is_summed_to_the_bit, what_is_not_finite_shows)
