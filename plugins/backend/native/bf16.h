/* bf16.h - products of numbers that are rounded to bf16, with float32 sums: operands in words, and the kernels that multiply them.
 *
 * Rounding is to nearest, ties to even, NaN stays NaN. A word is 4 bytes. Where the processor multiplies bf16, it holds a pair: the even
 * term in its low half, the odd one in its high half. Elsewhere a word is one rounded float32, and the terms of a pair are two words, odd
 * before even.
 *
 * What is summed, in which order:
 *     pairs (avx512_bf16, and float32 kernels over rounded floats): one chain over the pairs of terms; of a pair first the odd, then the
 *         even term is added, each addition rounds once. A product of two bf16 is exact in float32, so a multiply-add rounds as a product
 *         and a sum do, and all of these kernels give the same bits.
 *     tiles (amx_bf16): blocks of 32 terms; of a block one chain of the even and one of the odd terms, both from 0, whose sum is added to
 *         the sum so far.
 * Both are the instructions' own order (Intel 64 and IA-32 Architectures Software Developer's Manual, VDPBF16PS and TDPBF16PS). These flush
 * denormals, float32 kernels do not: bits of the first kind are equal where no product or sum lies between 0 and 2^-126, and otherwise
 * within 2^-126 for each term.
 * An element's sum depends on its row of A and its column of B alone: rows are independent, and threads change nothing.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_PLUGINS_BACKEND_NATIVE_BF16_H
#define HONE_PLUGINS_BACKEND_NATIVE_BF16_H

#include "native.h"

/* A tile of C [rows, columns] = or += A B over n words of each sum. A's rows are `stride` words apart; B is a panel [n, width]. bias (may be
 * NULL) is added at the end. */
typedef void native_bf16_tile(const native_set *set, int rows, int64_t n, const uint32_t *a, int64_t stride, const uint32_t *b,
                              int width, float *c, int64_t ldc, int columns, bool add, const float *bias);

typedef struct native_bf16 {
    const char *name;
    int rows, columns, lanes; /* of a full tile; panels are as wide as a tile, the last one a multiple of lanes */
    int per_pair;             /* words of a pair of terms */
    int unit;                 /* words of a sum are padded to a multiple of it, with zeros */
    int block; /* words of a sum that are added up before the next tile: those of a panel stay in the first cache */
    native_bf16_tile *tile;
    /* n terms that stand one after another to `words` words, zeros behind. */
    void (*row)(int64_t n, const float *from, uint32_t *to, int64_t words);
    /* Pairs that stand one below the other: n columns of two rows (odd may be NULL: zeros) to [per_pair, width] words, zeros behind. */
    void (*column)(int64_t n, const float *even, const float *odd, uint32_t *to, int64_t width);
    void (*begin)(void), (*end)(void); /* around the tiles of a thread; may be NULL */
} native_bf16;

/* NULL where this build or this processor has none such. */
const native_bf16 *native_avx512_bf16(void);
const native_bf16 *native_amx_bf16(void);
/* row() and column() of both. */
void native_pairs_row(int64_t n, const float *from, uint32_t *to, int64_t words);
void native_pairs_column(int64_t n, const float *even, const float *odd, uint32_t *to, int64_t width);
/* Over the float32 kernels of a set; for any processor. */
native_bf16 native_float_bf16(const native_set *set);

/* C [I, J] = or += sum over t < T of A(i, t) B(t, j), as native_product has it. */
typedef struct native_bf16_product {
    const native_set *set; /* whose bf16 multiplies */
    const float *a, *b, *bias;
    int64_t a_i, a_t, b_t, b_j;
    int64_t I, J, T;
    float *c;
    int64_t ldc;
    bool add;
    void *scratch;                                    /* native_bf16_bytes() of i, j and t, aligned to 64 */
    const uint32_t *panels;                           /* B by native_bf16_pack(); NULL: it is packed into the scratch */
    void (*act)(int64_t n, const float *x, float *y); /* as native_product has it */
    float *acted;
} native_bf16_product;

void native_bf16_multiply(hone_pool *pool, const native_bf16_product *p);
size_t native_bf16_bytes(const native_set *set, int64_t i, int64_t j, int64_t t);

/* The panels of B alone, of which j columns of t terms take so many bytes. */
void native_bf16_pack(hone_pool *pool, const native_bf16_product *p, uint32_t *panels);
size_t native_bf16_panel_bytes(const native_set *set, int64_t j, int64_t t);

#endif
