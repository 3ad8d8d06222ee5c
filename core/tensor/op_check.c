/* op_check.c - what the reference operators check of their inputs, with messages that show all shapes.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "tensor/op_check.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

hone_status hone__op_fail(const hone_op_call *call, hone_error *err, const char *fmt, ...)
{
    char shapes[512] = "", message[400];
    size_t n = 0;
    for (uint32_t i = 0; i < call->n_x && n < sizeof shapes - 100; i++) {
        char text[96] = "absent";
        if (call->x[i])
            hone_shape_text(&call->x[i]->shape, text, sizeof text);
        n += (size_t)snprintf(shapes + n, sizeof shapes - n, "%s%s", i ? ", " : "", text);
    }
    va_list args;
    va_start(args, fmt);
    vsnprintf(message, sizeof message, fmt, args);
    va_end(args);
    return hone_fail(err, HONE_ESHAPE, "inputs %s: %s", shapes, message);
}

hone_status hone__op_count(const hone_op_call *call, uint32_t min, uint32_t max, hone_error *err)
{
    if (call->n_x < min || call->n_x > max)
        return hone__op_fail(call, err, "%u inputs were given, %u to %u are allowed", call->n_x, min, max);
    return HONE_OK;
}

hone_status hone__op_input(const hone_op_call *call, uint32_t i, const char *what, uint32_t dtype, uint32_t min_rank,
                           uint32_t max_rank, hone_error *err)
{
    const hone_tensor *t = i < call->n_x ? call->x[i] : NULL;
    if (!t)
        return hone__op_fail(call, err, "%s (input %u) is absent", what, i);
    if (t->dtype != dtype)
        return hone__op_fail(call, err, "%s is of type %s; it must be %s", what, hone_dtype_name(t->dtype),
                             hone_dtype_name(dtype));
    if (t->shape.rank < min_rank || t->shape.rank > max_rank)
        return hone__op_fail(call, err, "%s has %u dimensions; it must have %u to %u", what, t->shape.rank, min_rank, max_rank);
    return HONE_OK;
}

hone_status hone__check_indices(const hone_tensor *indices, int64_t n, bool negative, const char *what, hone_error *err)
{
    const int32_t *index = indices->data;
    int64_t count = hone_shape_count(&indices->shape);
    for (int64_t i = 0; i < count; i++) {
        if (index[i] >= n || (index[i] < 0 && !negative))
            return hone_fail(err, HONE_EINVAL, "%s %d (number %lld of %lld) is outside 0 .. %lld", what, index[i], (long long)i,
                             (long long)count, (long long)n - 1);
    }
    return HONE_OK;
}

int64_t hone__sequence_of(const int32_t *starts, int64_t n_sequences, int64_t row)
{
    int64_t low = 0, high = n_sequences; /* starts[low] <= row < starts[high] */
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        *(starts[middle] <= row ? &low : &high) = middle;
    }
    return low;
}
