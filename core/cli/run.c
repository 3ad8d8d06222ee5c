/* run.c - `hone run FILE [key=value ...]`: an experiment or a sweep from its file to its report.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/run.h"
#include "base/child.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "sweep/points.h"
#include "sweep/rundir.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A signal handler reaches nothing else. */
static volatile int interrupts;

static void on_signal(int number)
{
    (void)number;
    interrupts++;
}

static void catch_signals(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal; /* without SA_RESTART: waiting ends at once */
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

/* What the trials are started with: this very program, wherever it lies. */
static hone_status find_program(char *path, size_t size, hone_error *err)
{
    ssize_t n = readlink("/proc/self/exe", path, size - 1);
    if (n <= 0 || (size_t)n >= size - 1)
        return hone_fail(err, HONE_EIO, "cannot find the program's own path: %s", n < 0 ? strerror(errno) : "it is too long");
    path[n] = 0;
    return HONE_OK;
}

/* ---- Before the first trial -------------------------------------------------------------------------------------- */

static void say_data(const hone__run_options *o, const char *text)
{
    hone__str line = {0};
    if (!o->json) {
        fputs(o->quiet ? "" : text, stderr);
        return;
    }
    hone__str_add(&line, "{\"event\": \"data\", \"text\": ");
    hone__str_add_json(&line, text);
    hone__str_add(&line, "}\n");
    fputs(hone__str_text(&line), stdout);
    fflush(stdout);
    hone__str_clear(&line);
}

static hone_status describe_data(const char *program, const hone__experiment *e, hone__str *text, hone_error *err)
{
    char file[PATH_MAX];
    if ((size_t)snprintf(file, sizeof file, "%s/experiment.yaml", e->output_dir) >= sizeof file)
        return hone_fail(err, HONE_EINVAL, "the path of the run is too long");
    const char *const argv[] = {program, "check", "--data", "--", file, NULL};
    const hone__child child = {.argv = argv, .limit_s = e->sweep ? e->sweep->trial_timeout_s : 0, .interrupts = &interrupts};
    return hone__child_run(&child, text, err);
}

/* Shows what the data is like and leaves it in data.txt. A reader or tokenizer that fails here fails in the trials too, where it is
 * recorded; so nothing of this ends the run. */
static void look_at_data(const char *program, const hone__experiment *e, const hone__run_options *o, hone_log *log)
{
    char path[PATH_MAX];
    hone_error why = {0};
    hone__str text = {0};
    hone_status status = describe_data(program, e, &text, &why);
    if (status != HONE_OK && status != HONE_EINTERRUPTED) {
        hone__str_clear(&text);
        hone__str_addf(&text, "The data could not be looked at before training: %s\n", why.msg);
    }
    if (status != HONE_EINTERRUPTED && !text.failed) {
        say_data(o, hone__str_text(&text));
        snprintf(path, sizeof path, "%s/%s", e->output_dir, HONE__DATA_FILE);
        if (hone__write_file(path, hone__str_text(&text), text.n, &why) != HONE_OK)
            hone_log_line(log, HONE_LOG_WARNING, "%s", why.msg);
    }
    hone__str_clear(&text);
}

static bool has_data_file(const hone__experiment *e)
{
    char path[PATH_MAX];
    return (size_t)snprintf(path, sizeof path, "%s/%s", e->output_dir, HONE__DATA_FILE) < sizeof path && hone__exists(path);
}

/* ---- The trials -------------------------------------------------------------------------------------------------- */

/* The chosen model on the test data, once all trials have ended. What goes wrong leaves the run as it is. */
static void score_test(const hone__experiment *e, const hone__run_options *o, const hone__sweep_result *result, hone_log *log)
{
    char program[PATH_MAX];
    hone_error why = {0};
    hone__str text = {0};
    if ((!e->data->test && !(e->data->split.test > 0)) || !result->complete || result->stopped || result->aborted)
        return;
    if (e->sweep && e->sweep->save == HONE__SWEEP_SAVE_NONE) {
        hone_log_line(log, HONE_LOG_WARNING, "the test data is not scored: sweep.save is none, so there is no model");
        return;
    }
    const char *const argv[] = {program, "evaluate", "--test", "--", e->output_dir, NULL};
    const hone__child child = {.argv = argv, .interrupts = &interrupts};
    hone_status status = find_program(program, sizeof program, &why);
    if (status == HONE_OK)
        status = hone__child_run(&child, &text, &why);
    if (status != HONE_OK)
        hone_log_line(log, HONE_LOG_WARNING, "the test data is not scored: %s", why.msg);
    else if (!o->quiet && !o->json)
        fputs(hone__str_text(&text), stderr);
    hone__str_clear(&text);
}

hone_status hone__cli_run_trials(hone__session *s, const hone__experiment *e, const hone__run_options *o,
                                 hone__sweep_result *result, hone_error *err)
{
    char program[PATH_MAX];
    hone__display display;
    HONE_TRY(find_program(program, sizeof program, err));
    catch_signals();
    if (!o->resume || !has_data_file(e))
        look_at_data(program, e, o, s->log);
    hone__display_init(&display, o->json ? stdout : stderr, o->json, o->quiet, e);
    hone__sweep_setup setup = {.experiment = e,
                               .registry = s->registry,
                               .dir = e->output_dir,
                               .program = program,
                               .log = s->log,
                               .progress = hone__display_news,
                               .progress_ctx = &display,
                               .interrupts = &interrupts,
                               .resume = o->resume,
                               .failed = o->failed,
                               .accepted = o->accepted};
    HONE_TRY(hone__sweep_run(&setup, result, err));
    score_test(e, o, result, s->log);
    return hone__cli_make_report(e->output_dir, NULL, o->json, s->log, err);
}

/* A report is made of whatever there is, also after an interruption. */
static hone_status run_in(hone__session *s, const hone__experiment *e, const hone__run_options *o, hone__sweep_result *result,
                          hone_error *err)
{
    hone__lock *lock;
    uint64_t points;
    HONE_TRY(hone__sweep_count(s->arena, e, &points, err)); /* before anything is written */
    HONE_TRY(hone__rundir_create(e->output_dir, o->force, s->log, &lock, err));
    hone_status status = hone__rundir_describe(e->output_dir, e, err);
    if (status == HONE_OK)
        status = hone__cli_run_trials(s, e, o, result, err);
    hone__lock_release(lock);
    return status;
}

static int code_of(const hone__sweep_result *r)
{
    if (r->stopped)
        return HONE__EXIT_INTERRUPTED;
    if (r->aborted || (r->failed && !r->complete))
        return HONE__EXIT_FAILED;
    return r->failed || r->refit_failed ? HONE__EXIT_SOME_FAILED : HONE__EXIT_DONE;
}

static void print_end(const hone__sweep_result *r, const char *dir)
{
    if (r->stopped)
        fprintf(stderr, "hone: interrupted; what is done is kept, and `hone resume %s` does the rest\n", dir);
    else if (r->aborted)
        fprintf(stderr, "hone: ended after a failed trial, as on_error: abort asks\n");
    else if (r->ended_by)
        fprintf(stderr, "hone: no further point was begun, as sweep.%s asks\n", r->ended_by);
    if (!r->stopped && !r->aborted && r->failed)
        fprintf(stderr, "hone: %llu trial%s failed\n", (unsigned long long)r->failed, r->failed == 1 ? "" : "s");
}

int hone__cli_run_end(hone__session *s, hone_status status, const hone__experiment *e, const hone__sweep_result *result,
                      const hone_error *err)
{
    if (status == HONE_EINTERRUPTED) {
        hone__session_complain(s, status, err);
        hone__session_close(s);
        return HONE__EXIT_INTERRUPTED;
    }
    bool usage = status == HONE_ECONFIG || status == HONE_EEXIST || !e;
    hone__session_complain(s, status, err);
    if (status == HONE_OK)
        print_end(result, e->output_dir);
    int code = status == HONE_OK ? code_of(result) : usage && status != HONE_ENOMEM ? HONE__EXIT_USAGE : HONE__EXIT_FAILED;
    hone__session_close(s);
    return code;
}

int hone__cli_run(int argc, char **argv)
{
    hone__session s = {0};
    hone__run_options o = {0};
    hone_error err = {0};
    hone__sweep_result result = {0};
    hone__experiment *e = NULL;
    const hone__option table[] = {{"--force", &o.force, NULL}, {"--quiet", &o.quiet, NULL}, {"--json", &o.json, NULL}, {0}};
    int n;
    if (!hone__options_take(argc, argv, table, &n))
        return HONE__EXIT_USAGE;
    hone_status status = hone__session_open(&s, &err);
    if (status == HONE_OK)
        status = hone__session_load(&s, "run", n, argv + 1, &e, &err);
    if (status != HONE_OK)
        e = NULL;
    if (status == HONE_OK)
        status = run_in(&s, e, &o, &result, &err);
    return hone__cli_run_end(&s, status, e, &result, &err);
}
