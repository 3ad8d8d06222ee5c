/* section_setup.c - what was run and on what, what went wrong, and where everything is.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "report/leaderboard.h"
#include "report/sections.h"
#include "sweep/line.h"

#include <math.h>
#include <string.h>

/* Further failed trials are in leaderboard.tsv. */
enum { MOST_FAILURES = 60 };

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

static hone_status add_settings(const hone__report_run *run, hone__sheet *sheet, hone_error *err)
{
    for (size_t i = 0; i < sizeof shown_settings / sizeof *shown_settings; i++) {
        hone__str line = {0};
        const hone__yaml *node = run->experiment ? hone__yaml_path(run->experiment, shown_settings[i]) : NULL;
        if (!node || node->type == HONE__YAML_NULL || is_swept(run, shown_settings[i]))
            continue;
        hone__yaml_line(node, &line);
        hone_status status = line.failed ? hone_no_memory(err, "writing a report")
                                         : add_pair(sheet, shown_settings[i], hone__str_text(&line), err);
        hone__str_clear(&line);
        HONE_TRY(status);
    }
    return HONE_OK;
}

static hone_status add_choice(const hone__report_run *run, hone__sheet *sheet, const char *path, const hone__yaml *name,
                              const hone__yaml *value, hone_error *err)
{
    hone__str line = {0};
    const char *key = name->text ? hone_sprintf(run->arena, "%s: %s", path, name->text) : NULL;
    hone__yaml_line(value, &line);
    hone_status status =
        !key || line.failed ? hone_no_memory(err, "writing a report") : add_pair(sheet, key, hone__str_text(&line), err);
    hone__str_clear(&line);
    return status;
}

/* What stands behind the names that a sweep's choices have everywhere else. */
static hone_status add_named_choices(const hone__report_run *run, hone__sheet *sheet, hone_error *err)
{
    const hone__yaml *parameters = run->experiment ? hone__yaml_path(run->experiment, "sweep.parameters") : NULL;
    const hone__yaml *zip = run->experiment ? hone__yaml_path(run->experiment, "sweep.zip") : NULL;
    for (const hone__yaml *p = parameters ? parameters->child : NULL; p; p = p->next) {
        const hone__yaml *names = hone__yaml_get(p, "names"), *values = hone__yaml_get(p, "values");
        const hone__yaml *value = values ? values->child : NULL;
        for (const hone__yaml *name = names ? names->child : NULL; name && value; name = name->next, value = value->next)
            HONE_TRY(add_choice(run, sheet, p->key, name, value, err));
    }
    for (const hone__yaml *group = zip ? zip->child : NULL; group; group = group->next)
        for (const hone__yaml *choice = group->child; choice; choice = choice->next) {
            const hone__yaml *name = hone__yaml_get(choice, "name");
            if (name)
                HONE_TRY(add_choice(run, sheet, group->key, name, choice, err));
        }
    return HONE_OK;
}

static hone_status add_machine(const hone__report_run *run, hone__sheet *sheet, hone_error *err)
{
    for (size_t i = 0; i < sizeof shown_machine / sizeof *shown_machine; i++) {
        const json_t *value = json_object_get(run->environment, shown_machine[i]);
        const char *text = json_string_value(value);
        if (json_is_integer(value))
            text = hone_sprintf(run->arena, "%lld", (long long)json_integer_value(value));
        if (text)
            HONE_TRY(add_pair(sheet, shown_machine[i], text, err));
    }
    return HONE_OK;
}

hone_status hone__section_setup(hone__report *r, hone_error *err)
{
    static const hone__column columns[] = {{"setting", false}, {"value", false}};
    const hone__report_run *run = r->run;
    hone__doc *d = &r->doc;
    hone__sheet *settings = hone__sheet_create(run->arena, columns, 2);
    if (!settings)
        return hone_no_memory(err, "writing a report");
    if (run->n_trials)
        HONE_TRY(add_pair(settings, "started", run->study->trials[0].started, err));
    HONE_TRY(add_settings(run, settings, err));
    HONE_TRY(add_named_choices(run, settings, err));
    HONE_TRY(add_machine(run, settings, err));
    hone__doc_table(d, settings, 0, NULL);
    hone__doc_paragraph(d);
    hone__doc_text(d, "The whole configuration is in ");
    hone__doc_link(d, "experiment.yaml", "experiment.yaml");
    hone__doc_text(d, ", the machine in ");
    hone__doc_link(d, "environment.json", "environment.json");
    hone__doc_text(d, ".");
    return HONE_OK;
}

hone_status hone__section_data(hone__report *r, hone_error *err)
{
    (void)err;
    if (r->run->data)
        hone__doc_verbatim(&r->doc, r->run->data);
    return HONE_OK;
}

/* ---- Failures ---------------------------------------------------------------------------------------------------- */

static hone_status add_failure(hone__report *r, const hone__report_trial *t, hone_error *err)
{
    const hone__report_run *run = r->run;
    hone__doc *d = &r->doc;
    const char *log = hone_sprintf(run->arena, "%s/log.txt", t->dir);
    if (!log)
        return hone_no_memory(err, "writing a report");
    hone__doc_item(d);
    hone__doc_text(d, "trial %llu (", (unsigned long long)t->number);
    hone__doc_link(d, log, "log");
    hone__doc_text(d, ")");
    for (size_t c = 0; c < run->n_columns; c++)
        if (t->params[c]) {
            const char *value = hone__short_value(run, t->params[c], c);
            if (!value)
                return hone_no_memory(err, "writing a report");
            hone__doc_text(d, ", %s = %s", run->columns[c], value);
        }
    hone__doc_text(d, ": ");
    hone__doc_strong(d, "%s", t->cause);
    if (t->tail[0])
        hone__doc_verbatim(d, t->tail);
    return HONE_OK;
}

hone_status hone__section_failures(hone__report *r, hone_error *err)
{
    const hone__report_run *run = r->run;
    size_t shown = 0;
    for (size_t i = 0; i < run->n_trials && shown < MOST_FAILURES; i++) {
        if (run->trials[i].state != HONE__TRIAL_FAILED)
            continue;
        HONE_TRY(add_failure(r, &run->trials[i], err));
        shown++;
    }
    if (shown == run->n_failed)
        return HONE_OK;
    hone__doc_note(&r->doc);
    hone__doc_text(&r->doc, "%zu more are in ", run->n_failed - shown);
    hone__doc_link(&r->doc, "leaderboard.tsv", "leaderboard.tsv");
    hone__doc_text(&r->doc, ".");
    return HONE_OK;
}

/* ---- Ended early ------------------------------------------------------------------------------------------------- */

/* Each with what it had reached, as its stopper saw it. */
hone_status hone__section_pruned(hone__report *r, hone_error *err)
{
    static const hone__column columns[] = {
        {"trial", true}, {"point", true}, {"seed", true}, {"last value", true}, {"cause", false}};
    enum { N = sizeof columns / sizeof *columns };
    const hone__report_run *run = r->run;
    hone__sheet *sheet = hone__sheet_create(run->arena, columns, N);
    if (!sheet)
        return hone_no_memory(err, "writing a report");
    for (size_t i = 0; i < run->n_trials; i++) {
        const hone__report_trial *t = &run->trials[i];
        if (t->state != HONE__TRIAL_PRUNED)
            continue;
        const char *cells[N] = {hone_sprintf(run->arena, "%llu", (unsigned long long)t->number),
                                hone_sprintf(run->arena, "%llu", (unsigned long long)t->point),
                                hone_sprintf(run->arena, "%lld", (long long)t->seed),
                                isnan(t->value) ? "-" : hone_sprintf(run->arena, "%.4f", t->value), t->cause};
        for (size_t c = 0; c < N; c++)
            if (!cells[c])
                return hone_no_memory(err, "writing a report");
        HONE_TRY(hone__sheet_add(sheet, cells, err));
    }
    hone__doc_table(&r->doc, sheet, MOST_FAILURES, "leaderboard.tsv");
    return HONE_OK;
}

/* ---- Files ------------------------------------------------------------------------------------------------------- */

static void add_file(hone__doc *d, const char *path, const char *what)
{
    hone__doc_item(d);
    hone__doc_link(d, path, "%s", path);
    hone__doc_text(d, ": %s", what);
}

hone_status hone__section_files(hone__report *r, hone_error *err)
{
    const hone__report_trial *best = hone__report_best(r->run);
    hone__doc *d = &r->doc;
    add_file(d, "leaderboard.tsv", "every trial with all its figures and parameters");
    add_file(d, "plots", "each picture as SVG, with its gnuplot script and data");
    add_file(d, "journal.log", "the sweep's log, which ");
    hone__doc_code(d, "optuna-dashboard");
    hone__doc_text(d, " opens");
    if (best) {
        const char *predictions = hone_sprintf(r->run->arena, "%s/predictions.tsv", best->dir);
        if (!predictions)
            return hone_no_memory(err, "writing a report");
        add_file(d, "best.yaml", "the best trial's configuration; ");
        hone__doc_code(d, "hone run best.yaml");
        hone__doc_text(d, " trains it again");
        add_file(d, predictions, "the best trial's predictions on the validation data");
    }
    add_file(d, "trials", "configuration, log, metrics and result of every trial");
    return HONE_OK;
}
