/* report.h - what a run leaves for people: leaderboard, pictures, a page in two forms, the best configuration.
 *
 * Made of the run's directory alone, so it can be made again at any time; the files appear whole.
 *
 *     leaderboard.tsv index.html report.md best.yaml plots/{x.gp,x.dat,x.svg}
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_REPORT_REPORT_H
#define HONE_CORE_REPORT_REPORT_H

#include "report/plot.h"
#include "report/run.h"

/* Writes all of it. `also`: "png" or "pdf", in which the pictures are drawn too; may be NULL. `plots` (may be NULL) tells what was
 * drawn; it lives in the run's arena. */
hone_status hone__report_make(hone__report_run *run, const char *also, hone_log *log, hone__plots *plots,
                              hone_error *err) HONE_CHECKED;

#endif
