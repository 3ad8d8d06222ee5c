/* report.c - what a run leaves for people: leaderboard, pictures, a page in two forms, the best configuration.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "report/report.h"

#include "base/folder.h"
#include "report/intervals.h"
#include "report/leaderboard.h"
#include "report/sections.h"
#include "sweep/rundir.h"
#include "train/model_dir.h"

#include <string.h>

static hone_status save(const hone__report_run *run, const char *name, hone__str *text, hone_error *err)
{
    const char *path = hone_sprintf(run->arena, "%s/%s", run->dir, name);
    hone_status status = path && !text->failed ? hone__write_file(path, hone__str_text(text), text->n, err)
                                               : hone_no_memory(err, "writing a report");
    hone__str_clear(text);
    return status;
}

static hone_status write_leaderboard(const hone__report_run *run, hone_error *err)
{
    hone__sheet *sheet;
    hone__str text = {0};
    HONE_TRY(hone__leaderboard(run, HONE__BOARD_FULL, &sheet, err));
    hone__sheet_tsv(sheet, &text);
    return save(run, "leaderboard.tsv", &text, err);
}

/* A trial of many is told how many threads it may take, and whether to leave its model; who trains the best one alone shall not inherit
 * that. */
static hone_status restore(const hone__report_run *run, hone__yaml *trial, hone_error *err)
{
    static const char *const paths[] = {"trainer.threads", "trainer.save_model"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        const hone__yaml *own = run->experiment ? hone__yaml_path(run->experiment, paths[i]) : NULL;
        if (own && hone__yaml_path(trial, paths[i]))
            HONE_TRY(hone__yaml_set(run->arena, trial, paths[i], own, err));
    }
    return HONE_OK;
}

static hone_status write_best(const hone__report_run *run, hone_log *log, hone_error *err)
{
    const hone__report_trial *best = hone__report_best(run);
    hone__str text = {0};
    hone__yaml *root;
    hone_error why;
    if (!best)
        return HONE_OK;
    const char *path = hone_sprintf(run->arena, "%s/%s/trial.yaml", run->dir, run->refit ? HONE__REFIT_DIR : best->dir);
    if (!path)
        return hone_no_memory(err, "writing a report");
    if (hone__yaml_load(run->arena, path, &root, &why) != HONE_OK) {
        hone_log_line(log, HONE_LOG_WARNING, "best.yaml is left out: %s", why.msg);
        return HONE_OK;
    }
    HONE_TRY(restore(run, root, err));
    hone__str_addf(&text, "# The best trial of %s, trial %llu: %s %.6g\n", run->name, (unsigned long long)best->number,
                   run->metric, best->value);
    if (run->refit)
        hone__str_add(&text,
                      "# This is that point once more, on the training and the validation data; the figure is not its own.\n");
    hone_status status = hone__yaml_emit(root, &text, err);
    if (status == HONE_OK)
        return save(run, "best.yaml", &text, err);
    hone__str_clear(&text);
    return status;
}

/* The best trial's model, or its refit's, as RUN/best, where there is one; another trial's is taken away. */
static hone_status link_best(const hone__report_run *run, hone_error *err)
{
    const hone__report_trial *best = hone__report_best(run);
    const char *to = hone_sprintf(run->arena, "%s/best", run->dir);
    const char *from =
        best ? hone_sprintf(run->arena, "%s/%s/" HONE__MODEL_DIR, run->dir, run->refit ? HONE__REFIT_DIR : best->dir) : NULL;
    if (!to || (best && !from))
        return hone_no_memory(err, "writing a report");
    return from && hone__is_dir(from) ? hone__folder_link(from, to, err) : hone__remove_tree(to, err);
}

/* ---- Documents --------------------------------------------------------------------------------------------------- */

static hone_status read_findings(hone__report *r, hone_error *err)
{
    const hone__report_run *run = r->run;
    const hone__report_trial *best = hone__report_best(run);
    const char *trial = best ? hone_sprintf(run->arena, "%s/%s", run->dir, best->dir) : NULL;
    const char *test = hone_sprintf(run->arena, "%s/" HONE__TEST_DIR, run->dir);
    if (!test || (best && !trial))
        return hone_no_memory(err, "writing a report");
    hone__findings_source s = {.dir = trial,
                               .split = "validation",
                               .shown = run->exhibits,
                               .head = run->exhibits,
                               .experiment = run->experiment,
                               .log = r->log};
    if (trial)
        HONE_TRY(hone__findings_read(run->arena, &s, &r->findings, err));
    s.dir = test;
    s.split = "test";
    s.shown = run->test;
    return run->test ? hone__findings_read(run->arena, &s, &r->test_findings, err) : HONE_OK;
}

static hone_status empty_plots(hone__plots *plots, hone_error *err)
{
    HONE_TRY(hone__remove_tree(plots->dir, err)); /* a picture of an earlier report may have no successor */
    return hone__make_dirs(plots->dir, err);
}

static hone_status write_documents(hone__report *r, hone_error *err)
{
    hone__str markdown = {0}, html = {0};
    hone__doc_markdown(&r->doc, r->plots, &markdown);
    HONE_TRY(save(r->run, "report.md", &markdown, err));
    hone_status status = hone__doc_html(&r->doc, r->plots, &html, err);
    if (status == HONE_OK)
        return save(r->run, "index.html", &html, err);
    hone__str_clear(&html);
    return status;
}

hone_status hone__report_make(hone__report_run *run, const char *also, hone_log *log, hone__plots *plots, hone_error *err)
{
    hone__plots own;
    hone__report r = {.run = run, .plots = plots ? plots : &own, .log = log};
    *r.plots = (hone__plots){.arena = run->arena, .also = also, .dir = hone_sprintf(run->arena, "%s/plots", run->dir)};
    if (!r.plots->dir)
        return hone_no_memory(err, "writing a report");
    hone__doc_init(&r.doc, run->arena, run->name);
    HONE_TRY(hone__intervals_make(run, HONE__INTERVAL_LIMIT_S, log, err));
    HONE_TRY(write_leaderboard(run, err));
    HONE_TRY(write_best(run, log, err));
    HONE_TRY(link_best(run, err));
    HONE_TRY(read_findings(&r, err));
    HONE_TRY(empty_plots(r.plots, err));
    HONE_TRY(hone__report_build(&r, err));
    HONE_TRY(hone__plots_draw(r.plots, log, err));
    return write_documents(&r, err);
}
