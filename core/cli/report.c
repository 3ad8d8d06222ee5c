/* report.c - `hone report DIR ...`: a run's report made again; and the summary that a run ends with.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/report.h"

#include "base/arena.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "report/leaderboard.h"
#include "report/report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SHOWN_TRIALS = 15, WIDEST_CELL = 36 };

/* ---- Text -------------------------------------------------------------------------------------------------------- */

static hone_status add_board(const hone__report_run *run, hone__str *out, hone_error *err)
{
    hone__sheet *sheet;
    HONE_TRY(hone__leaderboard(run, HONE__BOARD_READING, &sheet, err));
    if (sheet->n_rows) {
        hone__str_add(out, "\n");
        hone__sheet_text(sheet, WIDEST_CELL, SHOWN_TRIALS, 2, out);
        const char *notes = hone__leaderboard_notes(run);
        if (!notes)
            return hone_no_memory(err, "showing a leaderboard");
        if (notes[0])
            hone__str_addf(out, "  %s\n", notes);
    }
    return out->failed ? hone_no_memory(err, "showing a leaderboard") : HONE_OK;
}

static void add_failures(const hone__report_run *run, hone__str *out)
{
    size_t shown = 0;
    for (size_t i = 0; i < run->n_trials && shown < SHOWN_TRIALS; i++) {
        const hone__report_trial *t = &run->trials[i];
        if (t->state != HONE__TRIAL_FAILED)
            continue;
        hone__str_add(out, shown++ ? "" : "\n");
        hone__str_addf(out, "  trial %llu failed: %s (%s/%s/log.txt)\n", (unsigned long long)t->number, t->cause, run->dir,
                       t->dir);
    }
    if (shown < run->n_failed)
        hone__str_addf(out, "  ... and %zu more failed\n", run->n_failed - shown);
}

static void add_path(hone__str *out, const char *what, const char *dir, const char *name)
{
    hone__str_addf(out, "  %-12s %s/%s\n", what, dir, name);
}

static void add_paths(const hone__report_run *run, const hone__plots *plots, hone__str *out)
{
    const hone__report_trial *best = hone__report_best(run);
    hone__str_add(out, "\n");
    add_path(out, "report", run->dir, "index.html");
    add_path(out, "", run->dir, "report.md");
    add_path(out, "leaderboard", run->dir, "leaderboard.tsv");
    for (size_t i = 0; i < plots->n; i++)
        hone__str_addf(out, "  %-12s %s/%s.%s\n", i ? "" : "pictures", plots->dir, plots->all[i].stem,
                       plots->all[i].drawn ? "svg" : "gp");
    if (best) {
        add_path(out, "best trial", run->dir, best->dir);
        hone__str_addf(out, "  %-12s %s/%s/predictions.tsv\n", "predictions", run->dir, best->dir);
        add_path(out, "best.yaml", run->dir, "best.yaml");
        const char *model = hone__path_join(run->arena, run->dir, "best");
        if (model && hone__is_dir(model))
            add_path(out, "best model", run->dir, "best");
    }
    add_path(out, "journal", run->dir, "journal.log");
}

static hone_status add_text(const hone__report_run *run, const hone__plots *plots, hone__str *out, hone_error *err)
{
    HONE_TRY(add_board(run, out, err));
    add_failures(run, out);
    add_paths(run, plots, out);
    return HONE_OK;
}

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

static void add_number(hone__str *out, double x)
{
    if (isfinite(x))
        hone__str_add_real(out, x);
    else
        hone__str_add(out, "null");
}

static void add_json_trial(const hone__report_run *run, const hone__report_trial *t, hone__str *out)
{
    hone__str_addf(out, "{\"trial\": %llu, \"state\": \"%s\", \"value\": ", (unsigned long long)t->number,
                   hone__trial_state_name(t->state));
    add_number(out, t->value);
    hone__str_add(out, ", \"seconds\": ");
    add_number(out, t->seconds);
    hone__str_add(out, ", \"params\": {");
    for (size_t c = 0, n = 0; c < run->n_columns; c++) {
        if (!t->params[c])
            continue;
        hone__str_add(out, n++ ? ", " : "");
        hone__str_add_json(out, run->columns[c]);
        hone__str_add(out, ": ");
        hone__str_add_json(out, t->params[c]);
    }
    hone__str_add(out, "}, \"cause\": ");
    hone__str_add_json(out, t->cause);
    hone__str_add(out, "}");
}

static void add_json(const hone__report_run *run, hone__str *out)
{
    const hone__report_trial *best = hone__report_best(run);
    hone__str_add(out, "{\"run\": ");
    hone__str_add_json(out, run->dir);
    hone__str_add(out, ", \"metric\": ");
    hone__str_add_json(out, run->metric);
    hone__str_addf(out,
                   ", \"complete\": %zu, \"pruned\": %zu, \"failed\": %zu, "
                   "\"open\": %zu, \"best\": ",
                   run->n_complete, run->n_pruned, run->n_failed, run->n_open);
    if (best)
        hone__str_addf(out, "%llu", (unsigned long long)best->number);
    else
        hone__str_add(out, "null");
    hone__str_add(out, ", \"trials\": [");
    for (size_t i = 0; i < run->n_trials; i++) {
        hone__str_add(out, i ? ", " : "");
        add_json_trial(run, &run->trials[i], out);
    }
    hone__str_add(out, "]}\n");
}

/* ---- Both -------------------------------------------------------------------------------------------------------- */

static hone_status make(hone_arena *arena, const char *dir, const char *also, bool json, hone_log *log, hone_error *err)
{
    hone__report_run *run = NULL;
    hone__plots plots;
    hone__str out = {0};
    HONE_TRY(hone__report_open(arena, dir, log, &run, err));
    hone_status status = hone__report_make(run, also, log, &plots, err);
    if (status == HONE_OK && json)
        add_json(run, &out);
    else if (status == HONE_OK)
        status = add_text(run, &plots, &out, err);
    if (status == HONE_OK && out.failed)
        status = hone_no_memory(err, "summing up a run");
    if (status == HONE_OK)
        fputs(hone__str_text(&out), stdout);
    hone__str_clear(&out);
    hone__report_close(run);
    return status;
}

hone_status hone__cli_make_report(const char *dir, const char *also, bool json, hone_log *log, hone_error *err)
{
    hone_arena *arena = hone__arena_create(0);
    hone_status status = arena ? make(arena, dir, also, json, log, err) : hone_no_memory(err, "making a report");
    hone__arena_destroy(arena);
    return status;
}

/* Sets *also; false, with a sentence, where there is no such format. */
static bool read_format(const char *format, const char **also)
{
    static const char *const formats[] = {"svg", "png", "pdf", NULL};
    if (!format || strcmp(format, "svg") == 0)
        return true;
    for (size_t i = 1; formats[i]; i++)
        if (strcmp(format, formats[i]) == 0) {
            *also = formats[i];
            return true;
        }
    const char *nearest = hone__nearest_of(format, formats);
    fprintf(stderr, "hone: --format is %s; it can be svg, png or pdf%s%s%s\n", format, nearest ? "; did you mean " : "",
            nearest ? nearest : "", nearest ? "?" : "");
    return false;
}

int hone__cli_report(int argc, char **argv)
{
    bool json = false;
    const char *format = NULL, *also = NULL;
    const hone__option options[] = {{"--json", &json, NULL}, {"--format", NULL, &format}, {0}};
    int n;
    if (!hone__options_take(argc, argv, options, &n) || !read_format(format, &also))
        return HONE__EXIT_USAGE;
    if (n == 0) {
        fprintf(stderr, "hone: no directory is given; hone report DIR ...\n");
        return HONE__EXIT_USAGE;
    }
    hone_log *log = hone__log_create(stderr, HONE_LOG_WARNING);
    int code = HONE__EXIT_DONE;
    for (int i = 1; i <= n && code == HONE__EXIT_DONE; i++) {
        hone_error err;
        hone_status status = hone__cli_make_report(argv[i], also, json, log, &err);
        if (status != HONE_OK)
            fprintf(stderr, "hone: %s\n", err.msg);
        if (status != HONE_OK)
            code = status == HONE_ENOTFOUND ? HONE__EXIT_USAGE : HONE__EXIT_FAILED;
    }
    hone__log_destroy(log);
    return code;
}
