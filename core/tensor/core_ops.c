/* core_ops.c - the list of the core's operators.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "tensor/core_ops.h"
#include "tensor/run.h"

const hone_op *const hone__core_ops[] = {
#define X(name) &hone__op_##name,
    HONE__CORE_OPS(X)
#undef X
        NULL};
