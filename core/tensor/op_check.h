/* op_check.h - what the reference operators check of their inputs, with messages that show all shapes.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_TENSOR_OP_CHECK_H
#define HONE_CORE_TENSOR_OP_CHECK_H

#include <hone/graph.h>

/* HONE_ESHAPE: "of [8, 5], [4, 6]: MESSAGE". */
hone_status hone__op_fail(const hone_op_call *call, hone_error *err, const char *fmt, ...) HONE_PRINTF(3, 4);

/* Are there min to max inputs? */
hone_status hone__op_count(const hone_op_call *call, uint32_t min, uint32_t max, hone_error *err) HONE_CHECKED;
/* Is input i there, of that type, and of a rank from min to max? `what` names it. */
hone_status hone__op_input(const hone_op_call *call, uint32_t i, const char *what, uint32_t dtype, uint32_t min_rank,
                           uint32_t max_rank, hone_error *err) HONE_CHECKED;

/* All indices lie in 0 .. n-1 (or below 0 where `negative`). */
hone_status hone__check_indices(const hone_tensor *indices, int64_t n, bool negative, const char *what,
                                hone_error *err) HONE_CHECKED;

/* The sequence that row `row` belongs to. */
int64_t hone__sequence_of(const int32_t *starts, int64_t n_sequences, int64_t row);

static inline int64_t hone__columns(const hone_tensor *t)
{
    return t->shape.rank ? t->shape.dim[t->shape.rank - 1] : 1;
}

static inline int64_t hone__rows(const hone_tensor *t)
{
    int64_t rows = 1;
    for (uint32_t i = 0; i + 1 < t->shape.rank; i++)
        rows *= t->shape.dim[i];
    return rows;
}

/* Rows to a range, so that a range has some 16,384 elements: of the shape alone, never of the number of threads. */
static inline int64_t hone__row_grain(int64_t columns)
{
    return columns >= 16384 ? 1 : columns < 1 ? 16384 : 16384 / columns;
}

/* Keep an element where its 32 random bits are at least this. */
static inline uint32_t hone__drop_threshold(double p)
{
    double t = p * 4294967296.0;
    return t >= 4294967295.0 ? UINT32_MAX : (uint32_t)t;
}

#endif
