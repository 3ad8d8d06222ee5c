/* run.h - what `hone run` and `hone resume` share: the trials with their display and report, and the exit code.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_CLI_RUN_H
#define HONE_CORE_CLI_RUN_H

#include "cli/session.h"
#include "sweep/supervisor.h"

typedef struct hone__run_options {
    bool force, quiet, json;
    bool resume, failed;  /* as in hone__sweep_setup */
    const char *accepted; /* the same */
} hone__run_options;

/* The trials of a run whose directory is e->output_dir and locked, then its report. From here on signals interrupt the run. */
hone_status hone__cli_run_trials(hone__session *s, const hone__experiment *e, const hone__run_options *o,
                                 hone__sweep_result *result, hone_error *err) HONE_CHECKED;
/* Says how it ended, closes the session, and returns the exit code. e NULL: there is no experiment. */
int hone__cli_run_end(hone__session *s, hone_status status, const hone__experiment *e, const hone__sweep_result *result,
                      const hone_error *err);

#endif
