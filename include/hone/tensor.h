/* hone/tensor.h - arrays: element types, shapes, and a view of memory that somebody else owns.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_TENSOR_H
#define HONE_TENSOR_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { HONE_MAX_RANK = 6 };

typedef enum hone_dtype {
    HONE_DTYPE_NONE = 0,
    HONE_F64,
    HONE_F32,
    HONE_F16,
    HONE_BF16,
    HONE_I64,
    HONE_I32,
    HONE_I8,
    HONE_U8
} hone_dtype;

/* Row-major, the last dimension contiguous. Rank 0 is one element. */
typedef struct hone_shape {
    uint32_t rank;
    uint32_t zero;
    int64_t dim[HONE_MAX_RANK];
} hone_shape;

typedef struct hone_tensor {
    void *data;     /* owned by an arena, a file map or a backend, never by the tensor; NULL before memory is planned */
    uint32_t dtype; /* hone_dtype */
    uint32_t zero;
    hone_shape shape;
} hone_tensor;

HONE_EXPORT size_t hone_dtype_size(uint32_t dtype);            /* bytes; 0 for none */
HONE_EXPORT const char *hone_dtype_name(uint32_t dtype);       /* "F32", as safetensors writes it; "?" for none */
HONE_EXPORT int64_t hone_shape_count(const hone_shape *shape); /* elements; -1 on overflow or a negative dimension */
HONE_EXPORT bool hone_shape_equal(const hone_shape *a, const hone_shape *b);
/* "[8, 128, 384]"; returns out. */
HONE_EXPORT const char *hone_shape_text(const hone_shape *shape, char *out, size_t size);
HONE_EXPORT hone_shape hone_shape_1(int64_t a);
HONE_EXPORT hone_shape hone_shape_2(int64_t a, int64_t b);

/* Does `starts` [B+1] I32 begin with 0, never fall, and end with n? For operators that run over sequences; it looks at data. */
HONE_EXPORT hone_status hone_starts_check(const hone_tensor *starts, int64_t n, hone_error *err) HONE_CHECKED;
/* x [n] rounded to the nearest bfloat16, ties to even; NaN stays NaN. */
HONE_EXPORT void hone_bf16_round(const float *x, uint16_t *out, int64_t n);

/* Element i of an F32 or F64 tensor, for operators of plugins that are written once for both: their f64 is then the operator itself. */
static inline double hone_real_at(const hone_tensor *t, int64_t i)
{
    return t->dtype == HONE_F64 ? ((const double *)t->data)[i] : (double)((const float *)t->data)[i];
}

static inline void hone_real_set(const hone_tensor *t, int64_t i, double x)
{
    if (t->dtype == HONE_F64)
        ((double *)t->data)[i] = x;
    else
        ((float *)t->data)[i] = (float)x;
}

#ifdef __cplusplus
}
#endif

#endif
