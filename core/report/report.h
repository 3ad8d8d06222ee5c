/* report.h - what a run leaves for people: leaderboard, pictures, a page of Markdown, the best configuration.
 *
 * Made of the run's directory alone, so it can be made again at any time; the files appear whole.
 *
 *     leaderboard.tsv report.md best.yaml plots/{x.gp,x.dat,x.svg}
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_REPORT_REPORT_H
#define HONE_CORE_REPORT_REPORT_H

#include "report/plot.h"
#include "report/run.h"

/* Writes all of it. `plots` (may be NULL) tells what was drawn; it lives in the run's arena. */
hone_status hone__report_make(hone__report_run *run, hone_log *log, hone__plots *plots, hone_error *err) HONE_CHECKED;

/* The text of report.md. */
hone_status hone__report_markdown(const hone__report_run *run, const hone__plots *plots, hone__str *out,
                                  hone_error *err) HONE_CHECKED;

#endif
