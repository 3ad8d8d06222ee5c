/* kernels_random.h - the counters' random numbers, LANES blocks of four at a time, and the masks made of them.
 *
 * The numbers are those of hone_random_block(): Philox 4x32 with 10 rounds (Salmon et al. 2011, section 3.3). Lane l computes block
 * (LANES / 4) (l % 4) + l / 4, so that interleaving the four words of each block leaves the blocks in their order.
 *
 * SPDX-License-Identifier: Apache-2.0 */

static ALWAYS_INLINE void products(ivec a, ivec b, ivec *low, ivec *high)
{
    const ivec even = ivec_multiply(a, b), odd = ivec_multiply(ivec_odd(a), b);
    *low = ivec_blend(even, ivec_up(odd));
    *high = ivec_blend(ivec_odd(even), odd);
}

static void draw(hone_stream stream, uint64_t sequence, uint64_t block, ivec word[4])
{
    ivec c0 = ivec_add(ivec_set((uint32_t)block), ivec_blocks()), c1 = ivec_set((uint32_t)(block >> 32));
    ivec c2 = ivec_set((uint32_t)sequence), c3 = ivec_set((uint32_t)(sequence >> 32));
    uint32_t k0 = stream.k0, k1 = stream.k1;
    for (int round = 0; round < 10; round++) {
        ivec low0, high0, low1, high1;
        products(c0, ivec_set(0xD2511F53), &low0, &high0);
        products(c2, ivec_set(0xCD9E8D57), &low1, &high1);
        c0 = ivec_xor(ivec_xor(high1, c1), ivec_set(k0));
        c2 = ivec_xor(ivec_xor(high0, c3), ivec_set(k1));
        c1 = low1;
        c3 = low0;
        k0 += 0x9E3779B9;
        k1 += 0xBB67AE85;
    }
    word[0] = c0;
    word[1] = c1;
    word[2] = c2;
    word[3] = c3;
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

static void mask_group(hone_stream stream, uint64_t sequence, uint64_t block, uint32_t threshold, float keep, float *out)
{
    ivec word[4];
    if ((uint32_t)block > UINT32_MAX - LANES) {
        mask_by_blocks(stream, sequence, block, threshold, keep, out);
        return;
    }
    draw(stream, sequence, block, word);
    ivec_store_kept(word, threshold, keep, out);
}

static const float *masks(hone_stream stream, uint64_t sequence, uint64_t first, int64_t n, uint32_t threshold, float keep,
                          float *out)
{
    const int64_t skip = (int64_t)(first % 4);
    uint64_t block = first / 4;
    for (int64_t at = 0; at < n + skip; at += 4 * LANES, block += LANES)
        mask_group(stream, sequence, block, threshold, keep, out + at);
    return out + skip;
}
