/* space.h - a sweep's space as searchers see it, and its points as YAML and as text.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_SWEEP_SPACE_H
#define HONE_CORE_SWEEP_SPACE_H

#include "base/str.h"
#include "config/experiment.h"
#include <hone/search.h>

/* Borrows the dimensions; a NULL sweep gives the space without dimensions, whose one point is the experiment itself. */
hone_space hone__space_of(const hone__sweep_config *sweep);

/* One node per dimension, NULL where x is NaN (inactive). In `arena`. */
hone_status hone__space_values(hone_arena *arena, const hone__sweep_config *sweep, const double *x,
                               const hone__yaml *const **values, hone_error *err) HONE_CHECKED;

/* A value on one line, as leaderboards show it and journals keep it: "0.1", "gelu", "{type: adamw, weight_decay: 0.01}". */
void hone__yaml_line(const hone__yaml *node, hone__str *out);

#endif
