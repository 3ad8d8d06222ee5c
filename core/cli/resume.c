/* resume.c - `hone resume DIR`: finishes a run that was interrupted or killed, with the bits of one that ran through.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/run.h"
#include "sweep/rundir.h"

#include <stdio.h>

/* The configuration as it was run, which writes into the folder that is resumed, wherever that lies now. */
static hone_status load(hone__session *s, const char *dir, hone__experiment **e, hone_error *err)
{
    hone__str quoted = {0};
    hone__str_add_json(&quoted, dir);
    const char *file = hone__path_join(s->arena, dir, "experiment.yaml");
    const char *text = quoted.failed ? NULL : hone_strdup(s->arena, hone__str_text(&quoted));
    hone__str_clear(&quoted);
    if (!file || !text)
        return hone_no_memory(err, "resuming a run");
    const hone__override output = {"output_dir", text};
    return hone__experiment_load(s->arena, s->registry, file, &output, 1, e, &s->issues, err);
}

/* The same bits are promised for one build on one instruction set. */
static hone_status check_environment(hone__session *s, const hone__experiment *e, bool accept, hone__run_options *o,
                                     hone_error *err)
{
    HONE_TRY(hone__rundir_changes(s->arena, e->output_dir, e, &o->accepted, err));
    if (!o->accepted)
        return HONE_OK;
    if (!accept)
        return hone_fail(
            err, HONE_EINVAL,
            "since %s was begun, something has changed that may change numbers: %.600s; --accept-changed goes on all the "
            "same, and writes it down",
            e->output_dir, o->accepted);
    hone_log_line(s->log, HONE_LOG_WARNING, "going on in spite of a change: %s", o->accepted);
    return HONE_OK;
}

static bool has_environment(const hone__session *s, const char *dir)
{
    const char *path = hone__path_join(s->arena, dir, "environment.json");
    return !path || hone__exists(path);
}

static hone_status resume_in(hone__session *s, const char *dir, bool accept, hone__run_options *o, hone__experiment **e,
                             hone__sweep_result *result, hone_error *err)
{
    hone__lock *lock;
    HONE_TRY(hone__rundir_open(dir, s->log, &lock, err));
    hone_status status = load(s, dir, e, err);
    if (status == HONE_OK)
        status = check_environment(s, *e, accept, o, err);
    if (status == HONE_OK && !has_environment(s, dir)) /* killed before it was written */
        status = hone__rundir_describe(dir, *e, err);
    if (status == HONE_OK)
        status = hone__cli_run_trials(s, *e, o, result, err);
    hone__lock_release(lock);
    return status;
}

int hone__cli_resume(int argc, char **argv)
{
    hone__session s = {0};
    hone__run_options o = {.resume = true};
    bool accept = false;
    hone_error err = {0};
    hone__sweep_result result = {0};
    hone__experiment *e = NULL;
    const hone__option table[] = {{"--failed", &o.failed, NULL},
                                  {"--accept-changed", &accept, NULL},
                                  {"--quiet", &o.quiet, NULL},
                                  {"--json", &o.json, NULL},
                                  {0}};
    int n;
    if (!hone__options_take(argc, argv, table, &n))
        return HONE__EXIT_USAGE;
    if (n != 1) {
        fprintf(stderr, "hone resume: %s; usage: hone resume DIR\n", n < 1 ? "which run's folder?" : "only one folder");
        return HONE__EXIT_USAGE;
    }
    hone_status status = hone__session_open(&s, &err);
    if (status == HONE_OK)
        status = resume_in(&s, argv[1], accept, &o, &e, &result, &err);
    return hone__cli_run_end(&s, status, e, &result, &err);
}
