/* report.h - the report that ends `hone run` and that `hone report` makes again.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_CLI_REPORT_H
#define HONE_CORE_CLI_REPORT_H

#include <hone/base.h>

/* Makes the report of a run and prints its leaderboard, its failures and where everything is; or one line of JSON. `also`: a further
 * format of the pictures, or NULL. */
hone_status hone__cli_make_report(const char *dir, const char *also, bool json, hone_log *log, hone_error *err) HONE_CHECKED;

#endif
