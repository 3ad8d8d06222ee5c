/* st_dtype.c - the element types of the safetensors format, and their values as real numbers.
 *
 * Source: `Dtype` of the reference implementation, huggingface/safetensors, 0.8.0.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "tensor/st_dtype.h"
#include "tensor/half.h"
#include "tensor/safetensors.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "safetensors files are used in place, which takes a little-endian machine"
#endif

/* Both conversions of one stored type; VALUE(x) is the element x as a number. */
#define CONVERSIONS(suffix, type, VALUE)                                                                                       \
    static void suffix##_to_f32(const unsigned char *from, uint64_t n, float *out)                                             \
    {                                                                                                                          \
        for (uint64_t i = 0; i < n; i++) {                                                                                     \
            type x;                                                                                                            \
            memcpy(&x, from + i * sizeof x, sizeof x);                                                                         \
            out[i] = (float)VALUE(x);                                                                                          \
        }                                                                                                                      \
    }                                                                                                                          \
    static void suffix##_to_f64(const unsigned char *from, uint64_t n, double *out)                                            \
    {                                                                                                                          \
        for (uint64_t i = 0; i < n; i++) {                                                                                     \
            type x;                                                                                                            \
            memcpy(&x, from + i * sizeof x, sizeof x);                                                                         \
            out[i] = (double)VALUE(x);                                                                                         \
        }                                                                                                                      \
    }

#define ITSELF(x) (x)
#define TRUTH(x) ((x) != 0)
CONVERSIONS(f64, double, ITSELF)
CONVERSIONS(f32, float, ITSELF)
CONVERSIONS(f16, uint16_t, hone__f16_to_f32)
CONVERSIONS(bf16, uint16_t, hone__bf16_to_f32)
CONVERSIONS(i64, int64_t, ITSELF)
CONVERSIONS(u64, uint64_t, ITSELF)
CONVERSIONS(i32, int32_t, ITSELF)
CONVERSIONS(u32, uint32_t, ITSELF)
CONVERSIONS(i16, int16_t, ITSELF)
CONVERSIONS(u16, uint16_t, ITSELF)
CONVERSIONS(i8, int8_t, ITSELF)
CONVERSIONS(u8, uint8_t, ITSELF)
CONVERSIONS(bool, uint8_t, TRUTH)

static const hone__st_dtype dtypes[] = {
    {"F64", 64, HONE_F64, f64_to_f32, f64_to_f64},
    {"F32", 32, HONE_F32, f32_to_f32, f32_to_f64},
    {"F16", 16, HONE_F16, f16_to_f32, f16_to_f64},
    {"BF16", 16, HONE_BF16, bf16_to_f32, bf16_to_f64},
    {"I64", 64, HONE_I64, i64_to_f32, i64_to_f64},
    {"I32", 32, HONE_I32, i32_to_f32, i32_to_f64},
    {"I16", 16, HONE_DTYPE_NONE, i16_to_f32, i16_to_f64},
    {"I8", 8, HONE_I8, i8_to_f32, i8_to_f64},
    {"U64", 64, HONE_DTYPE_NONE, u64_to_f32, u64_to_f64},
    {"U32", 32, HONE_DTYPE_NONE, u32_to_f32, u32_to_f64},
    {"U16", 16, HONE_DTYPE_NONE, u16_to_f32, u16_to_f64},
    {"U8", 8, HONE_U8, u8_to_f32, u8_to_f64},
    {"BOOL", 8, HONE_DTYPE_NONE, bool_to_f32, bool_to_f64},
    {"C64", 64, HONE_DTYPE_NONE, NULL, NULL},
    {"F8_E5M2", 8, HONE_DTYPE_NONE, NULL, NULL},
    {"F8_E4M3", 8, HONE_DTYPE_NONE, NULL, NULL},
    {"F8_E5M2FNUZ", 8, HONE_DTYPE_NONE, NULL, NULL},
    {"F8_E4M3FNUZ", 8, HONE_DTYPE_NONE, NULL, NULL},
    {"F8_E8M0", 8, HONE_DTYPE_NONE, NULL, NULL},
    {"F6_E2M3", 6, HONE_DTYPE_NONE, NULL, NULL},
    {"F6_E3M2", 6, HONE_DTYPE_NONE, NULL, NULL},
    {"F4", 4, HONE_DTYPE_NONE, NULL, NULL},
};
enum { N_DTYPES = sizeof dtypes / sizeof *dtypes };

const hone__st_dtype *hone__st_dtype_find(const char *name)
{
    for (size_t i = 0; i < N_DTYPES; i++)
        if (strcmp(name, dtypes[i].name) == 0)
            return &dtypes[i];
    return NULL;
}

const char *hone__st_dtype_names(char *out, size_t size)
{
    size_t used = 0;
    for (size_t i = 0; i < N_DTYPES && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%s", i > 0 ? ", " : "", dtypes[i].name);
    return out;
}

hone_status hone__st_read_f32(const hone__st_entry *e, float *out, hone_error *err)
{
    const hone__st_dtype *row = hone__st_dtype_find(e->dtype_name);
    if (row == NULL || row->to_f32 == NULL)
        return hone_fail(err, HONE_EUNSUPPORTED,
                         "tensor '%s' has the dtype %s, with which hone cannot compute; convert it to F32, "
                         "F16 or BF16",
                         e->name, e->dtype_name);
    row->to_f32(e->data, e->count, out);
    return HONE_OK;
}

static void widen(hone__st_range *range, uint64_t *finite, double x)
{
    if (isnan(x)) {
        range->nan++;
    } else if (isinf(x)) {
        range->infinite++;
    } else {
        range->min = *finite == 0 || x < range->min ? x : range->min;
        range->max = *finite == 0 || x > range->max ? x : range->max;
        range->mean += x; /* the sum, until all are seen */
        ++*finite;
    }
}

bool hone__st_range_of(const hone__st_entry *e, hone__st_range *range)
{
    enum { PIECE = 512 };
    double values[PIECE];
    uint64_t finite = 0;
    const hone__st_dtype *row = hone__st_dtype_find(e->dtype_name);
    *range = (hone__st_range){0};
    if (row == NULL || row->to_f64 == NULL)
        return false;
    for (uint64_t i = 0; i < e->count; i += PIECE) {
        uint64_t n = e->count - i < PIECE ? e->count - i : PIECE;
        row->to_f64((const unsigned char *)e->data + i * row->bits / 8, n, values);
        for (uint64_t j = 0; j < n; j++)
            widen(range, &finite, values[j]);
    }
    if (finite == 0)
        range->min = range->max = range->mean = (double)NAN;
    else
        range->mean /= (double)finite;
    return true;
}
