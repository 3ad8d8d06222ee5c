/* real.h - the type that the reference operators are written over: float, and double when compiled a second time.
 *
 * Only for the files ops_*.c. HONE__NAME(f) is f or f_f64; HONE__MATH(exp) is expf or exp.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_TENSOR_REAL_H
#define HONE_CORE_TENSOR_REAL_H

#include "tensor/core_ops.h"
#include "tensor/half.h"
#include "tensor/op_check.h"
#include <math.h>
#include <string.h>

#ifdef HONE_REAL_DOUBLE
typedef double hone_real;
#define HONE__REAL HONE_F64
#define HONE__NAME(name) name##_f64
#define HONE__MATH(name) name
#define HONE__TWIN(name) NULL
/* In double nothing is rounded to bf16, so that the formulas of gradients can be checked. */
#define HONE__BF16(x) (x)
#else
typedef float hone_real;
#define HONE__REAL HONE_F32
#define HONE__NAME(name) name
#define HONE__MATH(name) name##f
#define HONE__TWIN(name) &name##_f64
#define HONE__BF16(x) hone__bf16_to_f32(hone__f32_to_bf16(x))
#endif

/* db[c] += sum over rows of dy [R, C], in row order, shared out over columns. */
void HONE__NAME(hone__add_column_sums)(hone_pool *pool, const hone_real *dy, int64_t rows, int64_t columns, hone_real *db);

/* Sums over a row run in 16 lanes, element c in lane c % 16, which are then added up pairwise: a fixed order that compilers can
 * vectorise. */
enum { HONE__LANES = 16 };

static inline hone_real hone__lanes_sum(hone_real lane[HONE__LANES])
{
    for (int half = HONE__LANES / 2; half; half /= 2) {
        for (int i = 0; i < half; i++)
            lane[i] += lane[i + half];
    }
    return lane[0];
}

/* out[i] = 0 or `scale` for elements first .. first+n-1 of the sequence; four elements share a block of random numbers. */
static inline void hone__drop_scales(hone_stream stream, uint64_t sequence, uint64_t first, int64_t n, uint32_t threshold,
                                     hone_real scale, hone_real *restrict out)
{
    int64_t i = 0;
    for (uint64_t element = first; i < n; element = first + (uint64_t)i) {
        uint32_t bits[4];
        hone_random_block(stream, sequence, element / 4, bits);
        for (uint64_t k = element % 4; k < 4 && i < n; k++, i++)
            out[i] = bits[k] >= threshold ? scale : 0;
    }
}

#endif
