/* random.c - random numbers from a counter: Philox 4x32 with 10 rounds.
 *
 * Source: Salmon, Moraes, Dror and Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3", section 3.3.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/random.h"

#include <math.h>

void hone__philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = UINT64_C(0xD2511F53) * c0, p1 = UINT64_C(0xCD9E8D57) * c2;
        uint32_t d0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0, d2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        c0 = d0;
        c2 = d2;
        k0 += 0x9E3779B9; /* the golden ratio */
        k1 += 0xBB67AE85; /* the square root of 3, less 1 */
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

uint64_t hone_scope_hash(const char *name)
{
    /* Source: Fowler, Noll and Vo, FNV-1a (RFC 9923). */
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    for (const unsigned char *p = (const unsigned char *)name; *p; p++)
        hash = (hash ^ *p) * UINT64_C(0x100000001B3);
    return hash;
}

static void split(uint64_t x, uint32_t half[2])
{
    half[0] = (uint32_t)x;
    half[1] = (uint32_t)(x >> 32);
}

hone_stream hone_stream_of(const hone_key *key)
{
    /* Philox is its own mixer: its output is as good as random in every bit of its counter and of its key. */
    static const uint32_t start[2] = {0x656E6F68, 0x79656B00};
    uint32_t counter[4], mixed[4];
    split(key->seed, counter);
    split(key->scope, counter + 2);
    hone__philox(counter, start, mixed);
    split(key->step, counter);
    split(key->pass, counter + 2);
    counter[2] ^= mixed[2];
    counter[3] ^= mixed[3];
    hone__philox(counter, mixed, mixed);
    return (hone_stream){mixed[0], mixed[1]};
}

void hone_random_block(hone_stream stream, uint64_t sequence, uint64_t block, uint32_t out[4])
{
    uint32_t counter[4], key[2] = {stream.k0, stream.k1};
    split(block, counter);
    split(sequence, counter + 2);
    hone__philox(counter, key, out);
}

uint32_t hone_random_u32(hone_stream stream, uint64_t sequence, uint64_t element)
{
    uint32_t block[4];
    hone_random_block(stream, sequence, element / 4, block);
    return block[element % 4];
}

/* Two words of a block in [0, 1). */
static double uniform_of(const uint32_t word[2])
{
    return (double)(((uint64_t)word[0] << 32 | word[1]) >> 11) * 0x1p-53;
}

/* Elements 2*i and 2*i+1 as one number; they lie in one block. */
static uint64_t random_u64(hone_stream stream, uint64_t sequence, uint64_t i)
{
    uint32_t block[4];
    hone_random_block(stream, sequence, i / 2, block);
    return (uint64_t)block[i % 2 * 2] << 32 | block[i % 2 * 2 + 1];
}

double hone_random_uniform(hone_stream stream, uint64_t sequence, uint64_t i)
{
    uint32_t block[4];
    hone_random_block(stream, sequence, i / 2, block);
    return uniform_of(block + i % 2 * 2);
}

/* The upper 64 bits of a * b. */
static uint64_t multiply_high(uint64_t a, uint64_t b)
{
    uint64_t a0 = (uint32_t)a, a1 = a >> 32, b0 = (uint32_t)b, b1 = b >> 32;
    uint64_t middle = a1 * b0 + (a0 * b0 >> 32);
    uint64_t carry = a0 * b1 + (uint32_t)middle;
    return a1 * b1 + (middle >> 32) + (carry >> 32);
}

uint64_t hone_random_below(hone_stream stream, uint64_t sequence, uint64_t i, uint64_t n)
{
    return multiply_high(random_u64(stream, sequence, i), n);
}

double hone_random_normal(hone_stream stream, uint64_t sequence, uint64_t i)
{
    static const double two_pi = 6.283185307179586;
    uint32_t block[4]; /* both uniforms lie in one */
    hone_random_block(stream, sequence, i, block);
    double u = 1.0 - uniform_of(block); /* (0, 1]: it has a logarithm */
    double v = uniform_of(block + 2);
    return sqrt(-2.0 * log(u)) * cos(two_pi * v);
}

void hone_random_shuffle(hone_stream stream, uint64_t sequence, uint64_t *order, uint64_t n)
{
    for (uint64_t left = n; left > 1; left--) {
        uint64_t j = hone_random_below(stream, sequence, left - 1, left);
        uint64_t last = order[left - 1];
        order[left - 1] = order[j];
        order[j] = last;
    }
}
