/* tensor.c - element types and shapes.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "tensor/half.h"

#include <hone/tensor.h>
#include <stdio.h>

typedef struct dtype_row {
    const char *name;
    size_t size;
} dtype_row;

static const dtype_row dtypes[] = {
    [HONE_DTYPE_NONE] = {"?", 0}, [HONE_F64] = {"F64", 8},   [HONE_F32] = {"F32", 4},
    [HONE_F16] = {"F16", 2},      [HONE_BF16] = {"BF16", 2}, [HONE_I64] = {"I64", 8},
    [HONE_I32] = {"I32", 4},      [HONE_I8] = {"I8", 1},     [HONE_U8] = {"U8", 1},
};

static const dtype_row *row_of(uint32_t dtype)
{
    return &dtypes[dtype < sizeof dtypes / sizeof *dtypes ? dtype : HONE_DTYPE_NONE];
}

size_t hone_dtype_size(uint32_t dtype)
{
    return row_of(dtype)->size;
}

const char *hone_dtype_name(uint32_t dtype)
{
    return row_of(dtype)->name;
}

/* An overflow counts also where another dimension is 0: such a shape is a mistake. */
int64_t hone_shape_count(const hone_shape *shape)
{
    int64_t count = 1;
    bool empty = false;
    if (shape->rank > HONE_MAX_RANK)
        return -1;
    for (uint32_t i = 0; i < shape->rank; i++) {
        int64_t n = shape->dim[i];
        if (n < 0 || (n > 0 && count > INT64_MAX / n))
            return -1;
        if (n > 0)
            count *= n;
        empty = empty || n == 0;
    }
    return empty ? 0 : count;
}

bool hone_shape_equal(const hone_shape *a, const hone_shape *b)
{
    if (a->rank != b->rank || a->rank > HONE_MAX_RANK)
        return false;
    for (uint32_t i = 0; i < a->rank; i++)
        if (a->dim[i] != b->dim[i])
            return false;
    return true;
}

const char *hone_shape_text(const hone_shape *shape, char *out, size_t size)
{
    if (size == 0)
        return out;
    size_t used = (size_t)snprintf(out, size, "[");
    uint32_t rank = shape->rank < HONE_MAX_RANK ? shape->rank : HONE_MAX_RANK;
    for (uint32_t i = 0; i < rank && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%lld", i > 0 ? ", " : "", (long long)shape->dim[i]);
    if (used < size)
        snprintf(out + used, size - used, "]");
    return out;
}

hone_shape hone_shape_1(int64_t a)
{
    return (hone_shape){.rank = 1, .dim = {a}};
}

hone_shape hone_shape_2(int64_t a, int64_t b)
{
    return (hone_shape){.rank = 2, .dim = {a, b}};
}

hone_status hone_starts_check(const hone_tensor *starts, int64_t n, hone_error *err)
{
    const int32_t *s = starts->data;
    int64_t b = starts->shape.dim[0] - 1;
    for (int64_t i = 0; i < b; i++) {
        if (s[i] > s[i + 1])
            return hone_fail(err, HONE_EINVAL, "starts[%lld] is %d and starts[%lld] is %d; starts must not fall", (long long)i,
                             s[i], (long long)i + 1, s[i + 1]);
    }
    if (s[0] != 0 || s[b] != n)
        return hone_fail(err, HONE_EINVAL, "starts runs from %d to %d; it must run from 0 to the number of rows, %lld", s[0],
                         s[b], (long long)n);
    return HONE_OK;
}

void hone_bf16_round(const float *x, uint16_t *out, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        out[i] = hone__f32_to_bf16(x[i]);
}
