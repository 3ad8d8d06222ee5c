/* status.c - `hone status DIR`: how far a run is, also while it runs. It takes no lock and changes nothing.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/format.h"
#include "base/log.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "report/run.h"
#include "report/sheet.h"
#include "sweep/lock.h"
#include "sweep/watch.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { SHOWN_TRIALS = 15, WIDEST_CELL = 36 };

/* A trial that the journal has neither finished nor failed. */
typedef struct open_trial {
    const hone__report_trial *trial;
    hone__watch now;
    const char *attempt;
    double seconds, left; /* since it was started; NaN: unknown */
} open_trial;

typedef struct status {
    hone_arena *arena;
    const hone__report_run *run;
    hone__lock_owner owner;
    uint64_t points, trials; /* of the whole sweep; 0: unknown */
    size_t points_done, n_pruned;
    open_trial *open; /* [n_open] */
    size_t n_open;
} status;

/* ---- Gathering --------------------------------------------------------------------------------------------------- */

static double seconds_since(const char *path)
{
    struct stat st;
    struct timespec now;
    if (stat(path, &st) != 0)
        return NAN;
    clock_gettime(CLOCK_REALTIME, &now);
    return fmax(0, (double)(now.tv_sec - st.st_mtim.tv_sec) + 1e-9 * (double)(now.tv_nsec - st.st_mtim.tv_nsec));
}

/* trial.yaml is written anew at each start, so its time is the start's. */
static hone_status look_at(const status *s, open_trial *o, hone_error *err)
{
    const hone__journal_entry *e = &s->run->study->trials[o->trial->number];
    const char *dir = hone_sprintf(s->arena, "%s/%s", s->run->dir, o->trial->dir);
    const char *metrics = dir ? hone_sprintf(s->arena, "%s/metrics.jsonl", dir) : NULL;
    const char *yaml = dir ? hone_sprintf(s->arena, "%s/trial.yaml", dir) : NULL;
    if (!metrics || !yaml)
        return hone_no_memory(err, "looking at a trial");
    hone__watch_init(&o->now);
    hone__watch_read(&o->now, metrics, s->run->metric, NULL, NULL);
    o->attempt = hone__pair_text(e->attributes, e->n_attributes, "attempt");
    o->seconds = seconds_since(yaml);
    o->left = NAN;
    if (o->now.total_steps > 0 && o->now.step > 0)
        o->left = o->seconds * (double)(o->now.total_steps - o->now.step) / (double)o->now.step;
    return HONE_OK;
}

static hone_status gather_trials(status *s, hone_error *err)
{
    const hone__report_run *run = s->run;
    s->open = hone_alloc_array(s->arena, run->n_open, sizeof *s->open);
    if (!s->open)
        return hone_no_memory(err, "looking at a run");
    for (size_t i = 0; i < run->n_trials; i++) {
        const hone__report_trial *t = &run->trials[i];
        s->n_pruned += t->state == HONE__TRIAL_PRUNED;
        if ((t->state != HONE__TRIAL_RUNNING && t->state != HONE__TRIAL_WAITING) || s->n_open == run->n_open)
            continue;
        s->open[s->n_open] = (open_trial){.trial = t};
        HONE_TRY(look_at(s, &s->open[s->n_open++], err));
    }
    return HONE_OK;
}

static uint64_t study_number(const hone__report_run *run, const char *key, uint64_t otherwise)
{
    const char *text = hone__pair_text(run->study->attributes, run->study->n_attributes, key);
    return text ? strtoull(text, NULL, 10) : otherwise;
}

static hone_status gather(status *s, hone_error *err)
{
    const hone__report_run *run = s->run;
    s->points = study_number(run, "points", 0);
    s->trials = s->points * study_number(run, "seeds", 1);
    for (size_t i = 0; i < run->n_points; i++)
        s->points_done += run->points[i].n_complete > 0 && run->points[i].n_complete == run->n_seeds;
    HONE_TRY(hone__lock_look(run->dir, &s->owner, err));
    return gather_trials(s, err);
}

/* One word for what a program asks first. */
static const char *state_of(const status *s)
{
    if (s->owner.held)
        return "running";
    const bool all = s->trials > 0 && s->points_done + s->n_pruned >= s->points;
    return all && s->n_open == 0 ? "finished" : s->n_open == 0 && s->run->n_failed ? "ended" : "interrupted";
}

/* ---- Text -------------------------------------------------------------------------------------------------------- */

static const char *time_text(hone_arena *arena, double seconds)
{
    char text[32];
    return hone_strdup(arena, hone__seconds_text(seconds, text, sizeof text));
}

static const char *number(hone_arena *arena, const char *format, double x)
{
    return isnan(x) ? "" : hone_sprintf(arena, format, x);
}

/* "learning_rate=5.0e-05 dropout=0.1" */
static hone_status add_label(const hone__report_run *run, const hone__report_trial *t, hone__str *out, hone_error *err)
{
    const char *before = "";
    for (size_t c = 0; c < run->n_columns; c++) {
        const char *dot = strrchr(run->columns[c], '.');
        if (!t->params[c])
            continue;
        hone__str_addf(out, "%s%s=%s", before, dot ? dot + 1 : run->columns[c], t->params[c]);
        before = " ";
    }
    return out->failed ? hone_no_memory(err, "showing a trial") : HONE_OK;
}

static void add_total(const status *s, hone__str *out)
{
    const hone__report_run *run = s->run;
    hone__str_addf(out, "%s: ", run->name);
    if (s->trials)
        hone__str_addf(out, "%zu of %llu trials done", run->n_complete + s->n_pruned, (unsigned long long)s->trials);
    else
        hone__str_addf(out, "%zu trials done", run->n_complete + s->n_pruned);
    if (run->n_seeds > 1)
        hone__str_addf(out, " (%zu of %llu points)", s->points_done, (unsigned long long)s->points);
    if (s->n_pruned)
        hone__str_addf(out, ", %zu of them ended early", s->n_pruned);
    if (run->n_failed)
        hone__str_addf(out, ", %zu failed", run->n_failed);
    if (s->n_open)
        hone__str_addf(out, ", %zu %s", s->n_open, s->owner.held ? "running" : "not finished");
    hone__str_add(out, "\n");
}

static void add_owner(const status *s, hone__str *out)
{
    const char *state = state_of(s);
    if (s->owner.held)
        hone__str_addf(out, "running: process %lld on %s\n", (long long)s->owner.pid, s->owner.host);
    else if (strcmp(state, "finished") == 0)
        hone__str_add(out, "finished\n");
    else if (strcmp(state, "ended") == 0)
        hone__str_addf(out, "ended with failed trials; `hone resume %s --failed` runs their points again\n", s->run->dir);
    else
        hone__str_addf(out, "nothing runs; `hone resume %s` does the rest\n", s->run->dir);
}

static hone_status add_open_row(const status *s, const open_trial *o, hone__sheet *sheet, hone_error *err)
{
    hone__str label = {0};
    const hone__watch *w = &o->now;
    hone_status result = add_label(s->run, o->trial, &label, err);
    const char *steps = w->step == 0 ? "-"
                        : w->total_steps == 0
                            ? hone_sprintf(s->arena, "%lld", (long long)w->step)
                            : hone_sprintf(s->arena, "%lld/%lld", (long long)w->step, (long long)w->total_steps);
    const char *cells[] = {hone_sprintf(s->arena, "%llu", (unsigned long long)o->trial->number),
                           steps,
                           number(s->arena, "%.2f", w->epoch),
                           number(s->arena, "%.4f", w->loss),
                           number(s->arena, "%.4f", w->metric),
                           time_text(s->arena, s->owner.held ? o->seconds : NAN),
                           time_text(s->arena, s->owner.held ? o->left : NAN),
                           hone__str_text(&label)};
    for (size_t i = 0; result == HONE_OK && i < sizeof cells / sizeof *cells; i++)
        if (!cells[i])
            result = hone_no_memory(err, "showing a trial");
    if (result == HONE_OK)
        result = hone__sheet_add(sheet, cells, err);
    hone__str_clear(&label);
    return result;
}

static hone_status add_open(const status *s, hone__str *out, hone_error *err)
{
    const hone__column columns[] = {{"trial", true},        {"step", true}, {"epoch", true}, {"loss", true},
                                    {s->run->metric, true}, {"time", true}, {"left", true},  {"", false}};
    if (s->n_open == 0)
        return HONE_OK;
    hone__sheet *sheet = hone__sheet_create(s->arena, columns, sizeof columns / sizeof *columns);
    if (!sheet)
        return hone_no_memory(err, "showing trials");
    for (size_t i = 0; i < s->n_open; i++)
        HONE_TRY(add_open_row(s, &s->open[i], sheet, err));
    hone__str_add(out, "\n");
    hone__sheet_text(sheet, 2 * WIDEST_CELL, SHOWN_TRIALS, 2, out);
    return HONE_OK;
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

static hone_status add_best(const hone__report_run *run, hone__str *out, hone_error *err)
{
    const hone__report_trial *best = hone__report_best(run);
    if (!best)
        return HONE_OK;
    const hone__report_point *p = &run->points[run->ranking[0]];
    hone__str_addf(out, "\n  best so far: trial %llu, %s %.4f", (unsigned long long)best->number, run->metric, p->value);
    if (p->n_complete > 1)
        hone__str_addf(out, " (mean of %zu seeds)", p->n_complete);
    hone__str_add(out, run->n_columns ? "  " : "");
    HONE_TRY(add_label(run, best, out, err));
    hone__str_add(out, "\n");
    return HONE_OK;
}

static hone_status add_text(const status *s, hone__str *out, hone_error *err)
{
    add_total(s, out);
    add_owner(s, out);
    HONE_TRY(add_open(s, out, err));
    add_failures(s->run, out);
    return add_best(s->run, out, err);
}

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

static void add_number(hone__str *out, const char *key, double x)
{
    hone__str_addf(out, ", \"%s\": ", key);
    if (isfinite(x))
        hone__str_add_real(out, x);
    else
        hone__str_add(out, "null");
}

static void add_params(const hone__report_run *run, const hone__report_trial *t, hone__str *out)
{
    hone__str_add(out, ", \"params\": {");
    for (size_t c = 0, n = 0; c < run->n_columns; c++) {
        if (!t->params[c])
            continue;
        hone__str_add(out, n++ ? ", " : "");
        hone__str_add_json(out, run->columns[c]);
        hone__str_add(out, ": ");
        hone__str_add_json(out, t->params[c]);
    }
    hone__str_add(out, "}");
}

static void add_json_open(const status *s, hone__str *out)
{
    hone__str_add(out, ", \"open\": [");
    for (size_t i = 0; i < s->n_open; i++) {
        const open_trial *o = &s->open[i];
        hone__str_addf(out, "%s{\"trial\": %llu, \"attempt\": %s, \"step\": %lld, \"total_steps\": ", i ? ", " : "",
                       (unsigned long long)o->trial->number, o->attempt ? o->attempt : "null", (long long)o->now.step);
        hone__str_addf(out, o->now.total_steps ? "%lld" : "null", (long long)o->now.total_steps);
        add_number(out, "epoch", o->now.epoch);
        add_number(out, "loss", o->now.loss);
        add_number(out, "metric", o->now.metric);
        add_number(out, "seconds", s->owner.held ? o->seconds : NAN);
        add_number(out, "seconds_left", s->owner.held ? o->left : NAN);
        add_params(s->run, o->trial, out);
        hone__str_add(out, "}");
    }
    hone__str_add(out, "]");
}

static void add_json_failures(const hone__report_run *run, hone__str *out)
{
    size_t n = 0;
    hone__str_add(out, ", \"failures\": [");
    for (size_t i = 0; i < run->n_trials; i++) {
        if (run->trials[i].state != HONE__TRIAL_FAILED)
            continue;
        hone__str_addf(out, "%s{\"trial\": %zu, \"cause\": ", n++ ? ", " : "", i);
        hone__str_add_json(out, run->trials[i].cause);
        hone__str_add(out, "}");
    }
    hone__str_add(out, "]");
}

static void add_json_best(const hone__report_run *run, hone__str *out)
{
    const hone__report_trial *best = hone__report_best(run);
    hone__str_add(out, ", \"best\": ");
    if (!best) {
        hone__str_add(out, "null");
        return;
    }
    hone__str_addf(out, "{\"trial\": %llu, \"point\": %llu", (unsigned long long)best->number, (unsigned long long)best->point);
    add_number(out, "value", run->points[run->ranking[0]].value);
    add_params(run, best, out);
    hone__str_add(out, "}");
}

static void add_json(const status *s, hone__str *out)
{
    const hone__report_run *run = s->run;
    hone__str_addf(out, "{\"format\": %d, \"run\": ", HONE__FORMAT_OUTPUT);
    hone__str_add_json(out, run->dir);
    hone__str_add(out, ", \"name\": ");
    hone__str_add_json(out, run->name);
    hone__str_addf(out, ", \"state\": \"%s\", \"supervisor\": ", state_of(s));
    if (s->owner.held) {
        hone__str_addf(out, "{\"pid\": %lld, \"host\": ", (long long)s->owner.pid);
        hone__str_add_json(out, s->owner.host);
        hone__str_add(out, "}");
    } else {
        hone__str_add(out, "null");
    }
    hone__str_add(out, ", \"metric\": ");
    hone__str_add_json(out, run->metric);
    hone__str_addf(out, ", \"goal\": \"%s\", \"points\": %llu, \"points_done\": %zu, \"trials\": %llu, \"complete\": %zu, ",
                   run->maximize ? "maximize" : "minimize", (unsigned long long)s->points, s->points_done,
                   (unsigned long long)s->trials, run->n_complete);
    hone__str_addf(out, "\"pruned\": %zu, \"failed\": %zu", s->n_pruned, run->n_failed);
    add_json_open(s, out);
    add_json_failures(run, out);
    add_json_best(run, out);
    hone__str_add(out, "}\n");
}

/* ---- The command ------------------------------------------------------------------------------------------------- */

static hone_status show(hone_arena *arena, const char *dir, bool json, hone_log *log, hone_error *err)
{
    hone__report_run *run = NULL;
    hone__str out = {0};
    HONE_TRY(hone__report_open(arena, dir, log, &run, err));
    status s = {.arena = arena, .run = run};
    hone_status result = gather(&s, err);
    if (result == HONE_OK && json)
        add_json(&s, &out);
    else if (result == HONE_OK)
        result = add_text(&s, &out, err);
    if (result == HONE_OK && out.failed)
        result = hone_no_memory(err, "looking at a run");
    if (result == HONE_OK)
        fputs(hone__str_text(&out), stdout);
    hone__str_clear(&out);
    hone__report_close(run);
    return result;
}

int hone__cli_status(int argc, char **argv)
{
    bool json = false;
    int n;
    hone_error err = {0};
    if (!hone__options_take(argc, argv, (const hone__option[]){{"--json", &json, NULL}, {0}}, &n))
        return HONE__EXIT_USAGE;
    if (n != 1) {
        fprintf(stderr, "hone status: %s; usage: hone status DIR [--json]\n",
                n < 1 ? "which run's folder?" : "only one folder");
        return HONE__EXIT_USAGE;
    }
    hone_arena *arena = hone__arena_create(0);
    hone_log *log = hone__log_create(stderr, HONE_LOG_ERROR); /* of a run at work, not every file is there yet */
    const hone_status result = arena && log ? show(arena, argv[1], json, log, &err) : hone_no_memory(&err, "looking at a run");
    if (result != HONE_OK)
        fprintf(stderr, "hone: %s\n", err.msg);
    hone__log_destroy(log);
    hone__arena_destroy(arena);
    return result == HONE_OK ? HONE__EXIT_DONE : result == HONE_ENOTFOUND ? HONE__EXIT_USAGE : HONE__EXIT_FAILED;
}
