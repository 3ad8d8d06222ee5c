/* log.h - where log lines go.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_BASE_LOG_H
#define HONE_CORE_BASE_LOG_H

#include <hone/base.h>
#include <stdio.h>

/* Lines of at least `level` go to `stream` (not closed by us), whole lines, flushed: "warning: ...". */
hone_log *hone__log_create(FILE *stream, hone_log_level level) HONE_CHECKED;
void hone__log_destroy(hone_log *log); /* NULL is fine */

#endif
