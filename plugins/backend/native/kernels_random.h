/* kernels_random.h - the counters' random numbers, LANES blocks of four at a time, and the masks made of them.
 *
 * The numbers are those of hone_random_block(): Philox 4x32 with 10 rounds (Salmon et al. 2011, section 3.3). A word of a block is the lower
 * half of a lane of 64 bits, and what stands in the upper half is of no matter: a product's low word needs no move then, and its high one a
 * shift. Two vectors of half as many blocks each go through the rounds side by side, as each has to wait for its products.
 *
 * SPDX-License-Identifier: Apache-2.0 */

enum { ROUNDS = 10, HALVES = 2, HALF = LANES / 2 /* blocks of a vector */ };

/* What is mixed in, round by round, in all lanes. */
typedef struct keys {
    ivec k[ROUNDS][2];
} keys;

static ALWAYS_INLINE keys keys_of(hone_stream stream)
{
    keys s;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        s.k[round][0] = ivec_set(stream.k0 + round * 0x9E3779B9);
        s.k[round][1] = ivec_set(stream.k1 + round * 0xBB67AE85);
    }
    return s;
}

/* word[h][w]: words w of the blocks of vector h, which are block + h HALF + ivec_blocks(). */
static ALWAYS_INLINE void draw(const keys *s, uint64_t sequence, uint64_t block, ivec word[HALVES][4])
{
    const ivec m0 = ivec_set(0xD2511F53), m1 = ivec_set(0xCD9E8D57);
    UNROLL for (int h = 0; h < HALVES; h++)
    {
        word[h][0] = ivec_add(ivec_set((uint32_t)block + (uint32_t)(h * HALF)), ivec_blocks());
        word[h][1] = ivec_set((uint32_t)(block >> 32));
        word[h][2] = ivec_set((uint32_t)sequence);
        word[h][3] = ivec_set((uint32_t)(sequence >> 32));
    }
    UNROLL for (int round = 0; round < ROUNDS; round++)
    {
        UNROLL for (int h = 0; h < HALVES; h++)
        {
            ivec *w = word[h];
            const ivec p0 = ivec_multiply(w[0], m0), p1 = ivec_multiply(w[2], m1);
            w[0] = ivec_xor3(ivec_high(p1), w[1], s->k[round][0]);
            w[2] = ivec_xor3(ivec_high(p0), w[3], s->k[round][1]);
            w[1] = p1;
            w[3] = p0;
        }
    }
}

/* The lower half of the counter would overflow within the group. */
static void mask_by_blocks(hone_stream stream, uint64_t sequence, uint64_t block, uint32_t threshold, float keep, float *out)
{
    for (int i = 0; i < LANES; i++) {
        uint32_t bits[4];
        hone_random_block(stream, sequence, block + (uint64_t)i, bits);
        for (int k = 0; k < 4; k++)
            out[4 * i + k] = bits[k] >= threshold ? keep : 0;
    }
}

static ALWAYS_INLINE void mask_group(const keys *s, hone_stream stream, uint64_t sequence, uint64_t block, uint32_t threshold,
                                     float keep, float *out)
{
    ivec word[HALVES][4];
    if ((uint32_t)block > UINT32_MAX - LANES) {
        mask_by_blocks(stream, sequence, block, threshold, keep, out);
        return;
    }
    draw(s, sequence, block, word);
    UNROLL for (int h = 0; h < HALVES; h++) ivec_store_kept(word[h], threshold, keep, out + 4 * h * HALF);
}

static const float *masks(hone_stream stream, uint64_t sequence, uint64_t first, int64_t n, uint32_t threshold, float keep,
                          float *out)
{
    const int64_t skip = (int64_t)(first % 4);
    const keys s = keys_of(stream);
    uint64_t block = first / 4;
    for (int64_t at = 0; at < n + skip; at += 4 * LANES, block += LANES)
        mask_group(&s, stream, sequence, block, threshold, keep, out + at);
    return out + skip;
}
