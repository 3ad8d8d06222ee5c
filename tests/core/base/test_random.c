/* test_random.c - Philox against its published vectors, and what is made of it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/random.h"
#include "suite.h"

#include <math.h>

START_TEST(the_published_vectors_come_out)
{
    /* Source: kat_vectors of Random123 (DEShawResearch/random123), philox4x32 10. */
    static const struct {
        uint32_t counter[4], key[2], out[4];
    } vectors[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        uint32_t out[4];
        hone__philox(vectors[i].counter, vectors[i].key, out);
        ck_assert_mem_eq(out, vectors[i].out, sizeof out);
    }
}
END_TEST

START_TEST(names_hash_as_fnv_1a_does)
{
    /* Source: the test vectors of RFC 9923, appendix C. */
    ck_assert(hone_scope_hash("") == UINT64_C(0xcbf29ce484222325));
    ck_assert(hone_scope_hash("a") == UINT64_C(0xaf63dc4c8601ec8c));
    ck_assert(hone_scope_hash("foobar") == UINT64_C(0x85944171f73967e8));
}
END_TEST

START_TEST(all_ways_to_ask_give_the_same_numbers)
{
    hone_stream stream = {123, 456};
    for (uint64_t i = 0; i < 100; i++) {
        uint32_t block[4];
        hone_random_block(stream, 5, i / 4, block);
        ck_assert_uint_eq(hone_random_u32(stream, 5, i), block[i % 4]);
        double u = (double)((uint64_t)hone_random_u32(stream, 5, 2 * i) << 32 | hone_random_u32(stream, 5, 2 * i + 1));
        ck_assert(fabs(hone_random_uniform(stream, 5, i) - u * 0x1p-64) < 0x1p-52);
    }
}
END_TEST

START_TEST(every_part_of_a_key_changes_the_stream)
{
    static const hone_key keys[] = {{1, 2, 3, 4},
                                    {2, 2, 3, 4},
                                    {1, 3, 3, 4},
                                    {1, 2, 4, 4},
                                    {1, 2, 3, 5},
                                    {2, 1, 3, 4},
                                    {1, 2, 4, 3},
                                    {3, 4, 1, 2},
                                    {(uint64_t)1 << 40, 2, 3, 4},
                                    {1, 2, 3, (uint64_t)4 << 40}};
    enum { N = sizeof keys / sizeof keys[0] };
    for (int i = 0; i < N; i++)
        for (int j = 0; j < i; j++) {
            hone_stream a = hone_stream_of(&keys[i]), b = hone_stream_of(&keys[j]);
            ck_assert(a.k0 != b.k0 || a.k1 != b.k1);
        }
}
END_TEST

START_TEST(a_stream_is_the_same_on_every_machine)
{
    /* Computed once with this implementation: runs must not change when hone is updated. */
    hone_key key = {42, hone_scope_hash("bert.encoder.layer.3.attention.dropout"), 7, 1};
    hone_stream stream = hone_stream_of(&key);
    ck_assert_uint_eq(hone_random_u32(stream, 3, 1000), 0x4efcaee4);
    ck_assert_uint_eq(hone_random_below(stream, 3, 1000, 1000000), 238392);
}
END_TEST

/* Mean and variance of n numbers within five standard errors of those of the distribution, whose fourth central moment is
 * `fourth`. The numbers are fixed, so the test either always passes or never. */
static void assert_moments(const double *x, int n, double mean, double variance, double fourth)
{
    double m = 0, v = 0;
    for (int i = 0; i < n; i++)
        m += x[i] / n;
    for (int i = 0; i < n; i++)
        v += (x[i] - mean) * (x[i] - mean) / n;
    ck_assert_msg(fabs(m - mean) < 5 * sqrt(variance / n), "mean %g", m);
    ck_assert_msg(fabs(v - variance) < 5 * sqrt((fourth - variance * variance) / n), "variance %g", v);
}

START_TEST(uniform_and_normal_numbers_have_their_moments)
{
    enum { N = 100000 };
    double *u = malloc(N * sizeof *u), *z = malloc(N * sizeof *z);
    hone_stream stream = {9, 9};
    for (int i = 0; i < N; i++) {
        u[i] = hone_random_uniform(stream, 0, (uint64_t)i);
        z[i] = hone_random_normal(stream, 1, (uint64_t)i);
        ck_assert(u[i] >= 0 && u[i] < 1 && isfinite(z[i]));
        const double first = 1 - hone_random_uniform(stream, 1, 2 * (uint64_t)i),
                     second = hone_random_uniform(stream, 1, 2 * (uint64_t)i + 1);
        ck_assert(z[i] == sqrt(-2.0 * log(first)) * cos(6.283185307179586 * second));
    }
    assert_moments(u, N, 0.5, 1.0 / 12, 1.0 / 80);
    assert_moments(z, N, 0, 1, 3);
    int beyond_two = 0;
    for (int i = 0; i < N; i++)
        beyond_two += fabs(z[i]) > 2;
    ck_assert_msg(fabs(beyond_two / (double)N - 0.0455) < 0.0035, "%d beyond two standard deviations", beyond_two);
    free(u);
    free(z);
}
END_TEST

START_TEST(numbers_below_n_are_evenly_spread)
{
    enum { BINS = 10, N = 100000 };
    int counts[BINS] = {0};
    hone_stream stream = {3, 1};
    for (uint64_t i = 0; i < N; i++)
        counts[hone_random_below(stream, 2, i, BINS)]++;
    double chi2 = 0;
    for (int i = 0; i < BINS; i++)
        chi2 += (counts[i] - N / BINS) * (double)(counts[i] - N / BINS) / (N / BINS);
    ck_assert_msg(chi2 < 27.9, "chi square %g", chi2); /* 9 degrees of freedom, p = 0.001 */
    for (uint64_t i = 0; i < 1000; i++) {
        ck_assert(hone_random_below(stream, 0, i, 1) == 0);
        ck_assert(hone_random_below(stream, 0, i, UINT64_MAX) < UINT64_MAX);
    }
}
END_TEST

START_TEST(neighbouring_sequences_are_not_correlated)
{
    enum { N = 100000 };
    double sum = 0;
    hone_stream stream = {3, 1};
    for (uint64_t i = 0; i < N; i++)
        sum += (hone_random_uniform(stream, 7, i) - 0.5) * (hone_random_uniform(stream, 8, i) - 0.5) * 12 / N;
    ck_assert_msg(fabs(sum) < 5 / sqrt(N), "correlation %g", sum);
}
END_TEST

START_TEST(a_shuffle_is_a_permutation_and_any_place_can_get_anything)
{
    enum { N = 5, ROUNDS = 20000 };
    int seen[N][N] = {{0}};
    hone_stream stream = {5, 6};
    for (uint64_t round = 0; round < ROUNDS; round++) {
        uint64_t order[N], found = 0;
        for (uint64_t i = 0; i < N; i++)
            order[i] = i;
        hone_random_shuffle(stream, round, order, N);
        for (int i = 0; i < N; i++) {
            ck_assert_uint_lt(order[i], N);
            found |= (uint64_t)1 << order[i];
            seen[i][order[i]]++;
        }
        ck_assert_uint_eq(found, (1 << N) - 1);
    }
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            ck_assert_msg(abs(seen[i][j] - ROUNDS / N) < 5 * 57, "%d at %d: %d times", j, i, seen[i][j]); /* sd 57 */
    uint64_t one = 17;
    hone_random_shuffle(stream, 0, &one, 1);
    hone_random_shuffle(stream, 0, &one, 0);
    ck_assert_uint_eq(one, 17);
}
END_TEST

SUITE("random", the_published_vectors_come_out, names_hash_as_fnv_1a_does, all_ways_to_ask_give_the_same_numbers,
      every_part_of_a_key_changes_the_stream, a_stream_is_the_same_on_every_machine,
      uniform_and_normal_numbers_have_their_moments, numbers_below_n_are_evenly_spread,
      neighbouring_sequences_are_not_correlated, a_shuffle_is_a_permutation_and_any_place_can_get_anything)
