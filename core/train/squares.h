/* squares.h - the sum of squares of many floats, for the norm of the gradient.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_TRAIN_SQUARES_H
#define HONE_CORE_TRAIN_SQUARES_H

#include <hone/base.h>

/* In double, in 32 sums side by side (element i in sum i % 32) that are added pairwise at the end: the same bits with every
 * instruction set. */
double hone__sum_of_squares(const float *x, int64_t n);

#endif
