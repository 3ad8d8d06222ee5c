/* report.c - what a run leaves for people: leaderboard, pictures, a page of Markdown, the best configuration.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "report/report.h"

#include "base/folder.h"
#include "report/leaderboard.h"
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

/* A trial of many is told how many threads it may take; who trains the best one alone shall not inherit that. */
static hone_status restore_threads(const hone__report_run *run, hone__yaml *trial, hone_error *err)
{
    const hone__yaml *threads = run->experiment ? hone__yaml_path(run->experiment, "trainer.threads") : NULL;
    if (!threads || !hone__yaml_path(trial, "trainer.threads"))
        return HONE_OK;
    return hone__yaml_set(run->arena, trial, "trainer.threads", threads, err);
}

static hone_status write_best(const hone__report_run *run, hone_log *log, hone_error *err)
{
    const hone__report_trial *best = hone__report_best(run);
    hone__str text = {0};
    hone__yaml *root;
    hone_error why;
    if (!best)
        return HONE_OK;
    const char *path = hone_sprintf(run->arena, "%s/%s/trial.yaml", run->dir, best->dir);
    if (!path)
        return hone_no_memory(err, "writing a report");
    if (hone__yaml_load(run->arena, path, &root, &why) != HONE_OK) {
        hone_log_line(log, HONE_LOG_WARNING, "best.yaml is left out: %s", why.msg);
        return HONE_OK;
    }
    HONE_TRY(restore_threads(run, root, err));
    hone__str_addf(&text, "# The best trial of %s, trial %llu: %s %.6g\n", run->name, (unsigned long long)best->number,
                   run->metric, best->value);
    hone_status status = hone__yaml_emit(root, &text, err);
    if (status == HONE_OK)
        return save(run, "best.yaml", &text, err);
    hone__str_clear(&text);
    return status;
}

/* The best trial's model as RUN/best, where that trial has saved one; another trial's is taken away. */
static hone_status link_best(const hone__report_run *run, hone_error *err)
{
    const hone__report_trial *best = hone__report_best(run);
    const char *to = hone_sprintf(run->arena, "%s/best", run->dir);
    const char *from = best ? hone_sprintf(run->arena, "%s/%s/" HONE__MODEL_DIR, run->dir, best->dir) : NULL;
    if (!to || (best && !from))
        return hone_no_memory(err, "writing a report");
    return from && hone__is_dir(from) ? hone__folder_link(from, to, err) : hone__remove_tree(to, err);
}

/* ---- Pictures ---------------------------------------------------------------------------------------------------- */

static bool is_first_of_its_name(const hone_exhibits *x, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (strcmp(x->curves[k].name, x->curves[i].name) == 0)
            return false;
    return true;
}

static hone_status write_plots(const hone__report_run *run, hone__plots *plots, hone_error *err)
{
    const hone_exhibits *x = run->exhibits;
    HONE_TRY(hone__remove_tree(plots->dir, err)); /* a picture of an earlier report may have no successor */
    HONE_TRY(hone__make_dirs(plots->dir, err));
    for (size_t i = 0; x && i < x->n_matrices; i++)
        HONE_TRY(hone__plot_matrix(plots, &x->matrices[i], err));
    HONE_TRY(hone__plot_learning(plots, run, err));
    for (size_t i = 0; x && i < x->n_curves; i++)
        if (is_first_of_its_name(x, i))
            HONE_TRY(hone__plot_curves(plots, x, x->curves[i].name, err));
    return HONE_OK;
}

hone_status hone__report_make(hone__report_run *run, hone_log *log, hone__plots *plots, hone_error *err)
{
    hone__plots own, *p = plots ? plots : &own;
    hone__str text = {0};
    *p = (hone__plots){.arena = run->arena, .dir = hone_sprintf(run->arena, "%s/plots", run->dir)};
    if (!p->dir)
        return hone_no_memory(err, "writing a report");
    HONE_TRY(write_leaderboard(run, err));
    HONE_TRY(write_best(run, log, err));
    HONE_TRY(link_best(run, err));
    HONE_TRY(write_plots(run, p, err));
    HONE_TRY(hone__plots_draw(p, log, err));
    hone_status status = hone__report_markdown(run, p, &text, err);
    if (status == HONE_OK)
        return save(run, "report.md", &text, err);
    hone__str_clear(&text);
    return status;
}
