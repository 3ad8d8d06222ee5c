/* markdown.c - report.md: a run on one page.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "report/leaderboard.h"
#include "report/report.h"
#include "sweep/line.h"

#include <math.h>
#include <string.h>

/* Matrices of more rows and columns are shown as their picture alone. */
enum { MOST_MATRIX = 16, MOST_ROWS = 60 };

typedef struct page {
    const hone__report_run *run;
    const hone__plots *plots;
    hone__str *out;
} page;

/* ---- What was run ------------------------------------------------------------------------------------------------ */

/* Dotted paths of the configuration that say most about a run, in the order of reading. */
static const char *const shown_settings[] = {
    "data.type",         "data.train", "data.validation", "data.test",      "tokenizer.type", "tokenizer.max_length",
    "model.type",        "model.path", "head.type",       "optimizer.type", "schedule.type",  "trainer.num_train_epochs",
    "trainer.max_steps", "seed",       "sweep.method"};
static const char *const shown_machine[] = {"hone", "backend", "cpu", "instruction_set", "cpus", "os", "compiler"};

static hone_status add_pair(hone__sheet *sheet, const char *key, const char *value, hone_error *err)
{
    const char *cells[] = {key, value};
    return hone__sheet_add(sheet, cells, err);
}

static bool is_swept(const hone__report_run *run, const char *path)
{
    for (size_t c = 0; c < run->n_columns; c++) {
        size_t n = strlen(run->columns[c]);
        if (strncmp(path, run->columns[c], n) == 0 && (path[n] == 0 || path[n] == '.'))
            return true;
    }
    return false;
}

static hone_status add_settings(page *p, hone__sheet *sheet, hone_error *err)
{
    for (size_t i = 0; i < sizeof shown_settings / sizeof *shown_settings; i++) {
        hone__str line = {0};
        const hone__yaml *node = p->run->experiment ? hone__yaml_path(p->run->experiment, shown_settings[i]) : NULL;
        if (!node || node->type == HONE__YAML_NULL || is_swept(p->run, shown_settings[i]))
            continue;
        hone__yaml_line(node, &line);
        hone_status status = line.failed ? hone_no_memory(err, "writing a report")
                                         : add_pair(sheet, shown_settings[i], hone__str_text(&line), err);
        hone__str_clear(&line);
        HONE_TRY(status);
    }
    return HONE_OK;
}

static hone_status add_machine(page *p, hone__sheet *sheet, hone_error *err)
{
    for (size_t i = 0; i < sizeof shown_machine / sizeof *shown_machine; i++) {
        const json_t *value = json_object_get(p->run->environment, shown_machine[i]);
        const char *text = json_string_value(value);
        if (json_is_integer(value))
            text = hone_sprintf(p->run->arena, "%lld", (long long)json_integer_value(value));
        if (text)
            HONE_TRY(add_pair(sheet, shown_machine[i], text, err));
    }
    return HONE_OK;
}

static hone_status add_what(page *p, hone_error *err)
{
    static const hone__column columns[] = {{"setting", false}, {"value", false}};
    const hone__report_run *run = p->run;
    hone__sheet *settings = hone__sheet_create(run->arena, columns, 2);
    if (!settings)
        return hone_no_memory(err, "writing a report");
    if (run->n_trials)
        HONE_TRY(add_pair(settings, "started", run->study->trials[0].started, err));
    HONE_TRY(add_settings(p, settings, err));
    HONE_TRY(add_machine(p, settings, err));
    hone__str_add(p->out, "## What was run\n\n");
    hone__sheet_markdown(settings, p->out);
    hone__str_add(p->out, "\nThe whole configuration is in [experiment.yaml](experiment.yaml), the machine in "
                          "[environment.json](environment.json).\n\n");
    return HONE_OK;
}

/* ---- Results ----------------------------------------------------------------------------------------------------- */

static void add_summary(page *p)
{
    const hone__report_run *run = p->run;
    const hone__report_trial *best = hone__report_best(run);
    hone__str_addf(p->out, "# %s\n\n%zu of %zu trial%s complete", run->name, run->n_complete, run->n_trials,
                   run->n_trials == 1 ? "" : "s");
    if (run->n_failed)
        hone__str_addf(p->out, ", **%zu failed**", run->n_failed);
    if (run->n_open)
        hone__str_addf(p->out, ", %zu not finished", run->n_open);
    hone__str_add(p->out, ".");
    if (best)
        hone__str_addf(p->out, " Best: trial %llu with **%s %.4f** (%s is better).", (unsigned long long)best->number,
                       run->metric, best->value, run->maximize ? "larger" : "smaller");
    if (best && run->n_seeds > 1)
        hone__str_addf(p->out, " It stands for its point, whose mean over %zu seeds is %.4f.", run->n_seeds,
                       run->points[run->ranking[0]].value);
    hone__str_add(p->out, "\n\n");
}

static hone_status add_leaderboard(page *p, hone_error *err)
{
    hone__sheet *sheet;
    HONE_TRY(hone__leaderboard(p->run, HONE__BOARD_READING, &sheet, err));
    hone__str_add(p->out, "## Leaderboard\n\n");
    if (!p->run->n_ranked) {
        hone__str_add(p->out,
                      p->run->n_complete ? "No point has all of its trials complete.\n\n" : "No trial is complete.\n\n");
        return HONE_OK;
    }
    size_t all = sheet->n_rows;
    sheet->n_rows = all < MOST_ROWS ? all : MOST_ROWS;
    hone__sheet_markdown(sheet, p->out);
    if (all > MOST_ROWS)
        hone__str_addf(p->out, "\n%zu more are in [leaderboard.tsv](leaderboard.tsv).\n", all - MOST_ROWS);
    hone__str_add(p->out, "\n");
    return HONE_OK;
}

static hone_status add_figures(page *p, const hone__report_trial *best, hone_error *err)
{
    static const hone__column columns[] = {{"figure", false}, {"value", true}, {"how it was reckoned", false}};
    hone__sheet *sheet = hone__sheet_create(p->run->arena, columns, 3);
    if (!sheet)
        return hone_no_memory(err, "writing a report");
    for (size_t i = 0; i < best->n_figures; i++) {
        const hone__figure *f = &best->figures[i];
        const char *value = isnan(f->value) ? "-" : hone_sprintf(p->run->arena, "%.4f", f->value);
        const char *cells[] = {f->name, value, f->note};
        if (!value)
            return hone_no_memory(err, "writing a report");
        HONE_TRY(hone__sheet_add(sheet, cells, err));
    }
    hone__str_addf(p->out, "## The best trial\n\nTrial %llu, in [%s](%s); its configuration is [best.yaml](best.yaml).\n\n",
                   (unsigned long long)best->number, best->dir, best->dir);
    if (sheet->n_rows)
        hone__sheet_markdown(sheet, p->out);
    hone__str_add(p->out, "\n");
    return HONE_OK;
}

/* ---- Exhibits ---------------------------------------------------------------------------------------------------- */

static hone_status add_matrix(page *p, const hone_matrix *m, hone_error *err)
{
    hone_arena *arena = p->run->arena;
    if (m->n_rows > MOST_MATRIX || m->n_columns > MOST_MATRIX)
        return HONE_OK;
    hone__column *columns = hone_alloc_array(arena, m->n_columns + 1, sizeof *columns);
    const char **cells = hone_alloc_array(arena, m->n_columns + 1, sizeof *cells);
    if (!columns || !cells)
        return hone_no_memory(err, "writing a report");
    columns[0].title = hone_sprintf(arena, "%s / %s", m->row_title, m->column_title);
    for (uint64_t c = 0; c < m->n_columns; c++)
        columns[c + 1] = (hone__column){m->columns[c], true};
    hone__sheet *sheet = columns[0].title ? hone__sheet_create(arena, columns, m->n_columns + 1) : NULL;
    if (!sheet)
        return hone_no_memory(err, "writing a report");
    for (uint64_t r = 0; r < m->n_rows; r++) {
        cells[0] = m->rows[r];
        for (uint64_t c = 0; c < m->n_columns; c++) {
            double value = m->values[r * m->n_columns + c];
            cells[c + 1] = isnan(value) ? "" : hone_sprintf(arena, m->counts ? "%.0f" : "%.4g", value);
        }
        HONE_TRY(hone__sheet_add(sheet, cells, err));
    }
    hone__str_addf(p->out, "### %s\n\n", m->title);
    hone__sheet_markdown(sheet, p->out);
    hone__str_add(p->out, "\n");
    return HONE_OK;
}

static hone_status add_table(page *p, const hone_table *t, hone_error *err)
{
    hone_arena *arena = p->run->arena;
    hone__column *columns = hone_alloc_array(arena, t->n_columns, sizeof *columns);
    const char **cells = hone_alloc_array(arena, t->n_columns, sizeof *cells);
    if (!columns || !cells)
        return hone_no_memory(err, "writing a report");
    for (uint64_t c = 0; c < t->n_columns; c++)
        columns[c] = (hone__column){t->columns[c], t->n_cells > c && !t->cells[c].text};
    hone__sheet *sheet = hone__sheet_create(arena, columns, t->n_columns);
    if (!sheet)
        return hone_no_memory(err, "writing a report");
    for (uint64_t at = 0; at + t->n_columns <= t->n_cells; at += t->n_columns) {
        for (uint64_t c = 0; c < t->n_columns; c++) {
            const hone__cell *cell = &t->cells[at + c];
            cells[c] = cell->text            ? cell->text
                       : isnan(cell->number) ? "-"
                       : cell->number == floor(cell->number) && fabs(cell->number) < 1e15
                           ? hone_sprintf(arena, "%.0f", cell->number)
                           : hone_sprintf(arena, "%.4f", cell->number);
        }
        HONE_TRY(hone__sheet_add(sheet, cells, err));
    }
    hone__str_addf(p->out, "### %s\n\n", t->title);
    hone__sheet_markdown(sheet, p->out);
    hone__str_add(p->out, "\n");
    return HONE_OK;
}

static void add_pictures(page *p)
{
    for (size_t i = 0; i < p->plots->n; i++) {
        const hone__plot *plot = &p->plots->all[i];
        if (plot->drawn)
            hone__str_addf(p->out, "![%s](plots/%s.svg)\n\n", plot->title, plot->stem);
        else
            hone__str_addf(p->out, "%s: not drawn; `gnuplot %s.gp` in [plots](plots) draws it.\n\n", plot->title, plot->stem);
    }
}

static hone_status add_exhibits(page *p, hone_error *err)
{
    const hone_exhibits *x = p->run->exhibits;
    add_pictures(p);
    for (size_t i = 0; x && i < x->n_matrices; i++)
        HONE_TRY(add_matrix(p, &x->matrices[i], err));
    for (size_t i = 0; x && i < x->n_tables; i++)
        HONE_TRY(add_table(p, x->tables[i], err));
    return HONE_OK;
}

/* ---- Failures and files ------------------------------------------------------------------------------------------ */

/* A text between fences that no line of it can close. */
static void add_fenced(page *p, const char *text)
{
    hone__str_add(p->out, "\n~~~~~~~~text\n");
    for (const char *c = text; *c; c++)
        hone__str_addn(p->out, *c == '~' ? "-" : c, 1);
    hone__str_add(p->out, "\n~~~~~~~~\n");
}

static void add_failures(page *p)
{
    const hone__report_run *run = p->run;
    if (!run->n_failed)
        return;
    hone__str_add(p->out, "## Failed trials\n\n");
    size_t shown = 0;
    for (size_t i = 0; i < run->n_trials && shown < MOST_ROWS; i++) {
        const hone__report_trial *t = &run->trials[i];
        if (t->state != HONE__TRIAL_FAILED)
            continue;
        shown++;
        hone__str_addf(p->out, "- trial %llu ([log](%s/log.txt))", (unsigned long long)t->number, t->dir);
        for (size_t c = 0; c < run->n_columns; c++)
            if (t->params[c])
                hone__str_addf(p->out, ", %s = %s", run->columns[c], t->params[c]);
        hone__str_addf(p->out, ": **%s**\n", t->cause);
        if (t->tail[0])
            add_fenced(p, t->tail);
    }
    if (shown < run->n_failed)
        hone__str_addf(p->out, "\n%zu more are in [leaderboard.tsv](leaderboard.tsv).\n", run->n_failed - shown);
    hone__str_add(p->out, "\n");
}

static void add_files(page *p)
{
    const hone__report_trial *best = hone__report_best(p->run);
    hone__str_add(p->out, "## Where everything is\n\n"
                          "- [leaderboard.tsv](leaderboard.tsv): every trial with all its figures and parameters\n"
                          "- [plots](plots): each picture as SVG, with its gnuplot script and data\n"
                          "- [journal.log](journal.log): the sweep's log, which `optuna-dashboard` opens\n");
    if (best)
        hone__str_addf(p->out,
                       "- [best.yaml](best.yaml): the best trial's configuration; `hone run best.yaml` trains it again\n"
                       "- [%s/predictions.tsv](%s/predictions.tsv): the best trial's predictions on the validation data\n",
                       best->dir, best->dir);
    hone__str_add(p->out, "- [trials](trials): configuration, log, metrics and result of every trial\n");
}

/* Apart from all figures that trials were compared by. */
static hone_status add_test(page *p, hone_error *err)
{
    static const hone__column columns[] = {{"figure", false}, {"value", true}, {"how it was reckoned", false}};
    const hone_exhibits *x = p->run->test;
    hone_arena *arena = p->run->arena;
    if (!x)
        return HONE_OK;
    hone__sheet *sheet = hone__sheet_create(arena, columns, 3);
    if (!sheet)
        return hone_no_memory(err, "writing a report");
    for (size_t i = 0; i < x->n_figures; i++) {
        const hone__figure *f = &x->figures[i];
        const char *cells[] = {hone_sprintf(arena, "test/%s", f->name),
                               isnan(f->value) ? "-" : hone_sprintf(arena, "%.4f", f->value), f->note};
        if (!cells[0] || !cells[1])
            return hone_no_memory(err, "writing a report");
        HONE_TRY(hone__sheet_add(sheet, cells, err));
    }
    hone__str_add(p->out,
                  "## Test data, scored once\n\nThe chosen model on data that no choice was made by; its predictions are "
                  "[test/predictions.tsv](test/predictions.tsv).\n\n");
    hone__sheet_markdown(sheet, p->out);
    hone__str_add(p->out, "\n");
    return HONE_OK;
}

static void add_data(page *p)
{
    if (!p->run->data)
        return;
    hone__str_add(p->out, "## The data\n");
    add_fenced(p, p->run->data);
    hone__str_add(p->out, "\n");
}

hone_status hone__report_markdown(const hone__report_run *run, const hone__plots *plots, hone__str *out, hone_error *err)
{
    page p = {.run = run, .plots = plots, .out = out};
    const hone__report_trial *best = hone__report_best(run);
    add_summary(&p);
    HONE_TRY(add_leaderboard(&p, err));
    if (best)
        HONE_TRY(add_figures(&p, best, err));
    HONE_TRY(add_test(&p, err));
    HONE_TRY(add_exhibits(&p, err));
    add_failures(&p);
    add_data(&p);
    HONE_TRY(add_what(&p, err));
    add_files(&p);
    return HONE_OK;
}
