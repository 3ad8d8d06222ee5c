/* st_dtype.h - the element types of the safetensors format: their names, sizes and values.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_TENSOR_ST_DTYPE_H
#define HONE_CORE_TENSOR_ST_DTYPE_H

#include <hone/tensor.h>

typedef struct hone__st_dtype {
    const char *name;
    uint32_t bits;    /* of an element; of the small types several share a byte */
    hone_dtype dtype; /* HONE_DTYPE_NONE for types that hone does not compute with */
    /* Convert n elements at any alignment; NULL for types whose values hone does not know. */
    void (*to_f32)(const unsigned char *from, uint64_t n, float *out);
    void (*to_f64)(const unsigned char *from, uint64_t n, double *out);
} hone__st_dtype;

const hone__st_dtype *hone__st_dtype_find(const char *name); /* NULL if unknown */
const char *hone__st_dtype_names(char *out, size_t size);    /* "F64, F32, ..." */

#endif
