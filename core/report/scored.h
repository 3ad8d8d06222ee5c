/* scored.h - what one evaluation left in a folder (a trial's, or RUN/test): exhibits of metrics and heads, and its findings.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_REPORT_SCORED_H
#define HONE_CORE_REPORT_SCORED_H

#include "config/yaml.h"
#include "report/findings.h"

/* `scored` gets both, in `arena`; its exhibits are NULL where the folder has no exhibits.json. What cannot be read is left out, with a
 * warning. `experiment` (may be NULL) says which label is positive. */
hone_status hone__scored_read(hone_arena *arena, const char *dir, const hone__yaml *experiment, hone_log *log,
                              hone__findings *scored, hone_error *err) HONE_CHECKED;

#endif
