/* core_ops.h - the operators of the core, in float and (for the gradient check) in double.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_TENSOR_CORE_OPS_H
#define HONE_CORE_TENSOR_CORE_OPS_H

#include <hone/ops.h>

#define HONE__CORE_OPS(X)                                                                                                      \
    X(add)                                                                                                                     \
    X(mul)                                                                                                                     \
    X(scale)                                                                                                                   \
    X(gelu)                                                                                                                    \
    X(gelu_tanh)                                                                                                               \
    X(relu)                                                                                                                    \
    X(tanh)                                                                                                                    \
    X(sigmoid)                                                                                                                 \
    X(dropout)                                                                                                                 \
    X(gather)                                                                                                                  \
    X(first_rows)                                                                                                              \
    X(mean_rows)                                                                                                               \
    X(concat)                                                                                                                  \
    X(slice)                                                                                                                   \
    X(linear)                                                                                                                  \
    X(linear_bf16)                                                                                                             \
    X(layer_norm)                                                                                                              \
    X(attention)                                                                                                               \
    X(cross_entropy)                                                                                                           \
    X(binary_cross_entropy)                                                                                                    \
    X(squared_error)

#define X(name) extern const hone_op hone__op_##name, hone__op_##name##_f64;
HONE__CORE_OPS(X)
#undef X

#endif
