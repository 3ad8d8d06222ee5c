/* compare.c - `hone compare DIR ...`: several runs side by side.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "report/compare.h"

#include "base/arena.h"
#include "base/file.h"
#include "base/format.h"
#include "base/log.h"
#include "cli/cli.h"
#include "cli/options.h"

#include <math.h>
#include <stdio.h>

enum { WIDEST_CELL = 40 };

typedef struct wishes {
    const char *output, *metric;
    bool json;
} wishes;

/* ---- Text -------------------------------------------------------------------------------------------------------- */

static hone_status add_text(const hone__comparison *c, const char *output, hone__str *out, hone_error *err)
{
    hone__sheet *figures, *settings;
    HONE_TRY(hone__compare_figures(c, &figures, err));
    HONE_TRY(hone__compare_settings(c, &settings, err));
    hone__str_add(out, "\n");
    hone__sheet_text(figures, WIDEST_CELL, 0, 2, out);
    hone__str_add(out, "\n");
    for (size_t i = 0; i < c->n_pairs; i++) {
        hone__str_add(out, "  ");
        HONE_TRY(hone__compare_sentence(c, &c->pairs[i], out, err));
        hone__str_add(out, "\n");
    }
    hone__str_add(out, "\n");
    if (settings->n_rows)
        hone__sheet_text(settings, WIDEST_CELL, 0, 2, out);
    else
        hone__str_add(out, "  the settings are the same\n");
    hone__str_addf(out, "\n  comparison  %s/compare.md\n  pictures    %s/plots\n", output, output);
    return HONE_OK;
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

static void add_contender(const hone__contender *x, hone__str *out)
{
    hone__str_add(out, "{\"run\": ");
    hone__str_add_json(out, x->run->dir);
    hone__str_add(out, ", \"name\": ");
    hone__str_add_json(out, x->name);
    hone__str_addf(out, ", \"trial\": %llu, \"seeds\": %zu", (unsigned long long)x->trial->number, x->point->n_complete);
    add_number(out, "mean", x->point->value);
    add_number(out, "deviation", x->point->deviation);
    hone__str_add(out, ", \"figures\": {");
    for (size_t i = 0; i < x->n_figures; i++) {
        hone__str_add(out, i ? ", " : "");
        hone__str_add_json(out, x->figures[i].name);
        hone__str_add(out, ": {\"of\": \"trial\"");
        add_number(out, "value", x->figures[i].value);
        add_number(out, "low", x->figures[i].low);
        add_number(out, "high", x->figures[i].high);
        hone__str_add(out, "}");
    }
    hone__str_add(out, "}}");
}

static void add_pair(const hone__paired *p, hone__str *out)
{
    hone__str_add(out, "{\"against\": ");
    hone__str_add_json(out, p->other->run->dir);
    add_number(out, "difference", p->difference);
    add_number(out, "low", p->low);
    add_number(out, "high", p->high);
    add_number(out, "p_bootstrap", p->p);
    if (p->has_mcnemar)
        hone__str_addf(out, ", \"only_best\": %llu, \"only_other\": %llu", (unsigned long long)p->only_best,
                       (unsigned long long)p->only_other);
    add_number(out, "p_mcnemar", p->has_mcnemar ? p->p_mcnemar : NAN);
    hone__str_add(out, ", \"not_tested\": ");
    if (p->why_not)
        hone__str_add_json(out, p->why_not);
    else
        hone__str_add(out, "null");
    hone__str_add(out, "}");
}

static hone_status add_json(const hone__comparison *c, hone__str *out, hone_error *err)
{
    hone__sheet *settings;
    HONE_TRY(hone__compare_settings(c, &settings, err));
    hone__str_addf(out, "{\"format\": %d, \"metric\": ", HONE__FORMAT_OUTPUT);
    hone__str_add_json(out, c->metric);
    hone__str_addf(out, ", \"goal\": \"%s\", \"draws\": %llu, \"runs\": [", c->maximize ? "maximize" : "minimize",
                   (unsigned long long)c->n_draws);
    for (size_t i = 0; i < c->n; i++) {
        hone__str_add(out, i ? ", " : "");
        add_contender(&c->contenders[i], out);
    }
    hone__str_add(out, "], \"pairs\": [");
    for (size_t i = 0; i < c->n_pairs; i++) {
        hone__str_add(out, i ? ", " : "");
        add_pair(&c->pairs[i], out);
    }
    hone__str_add(out, "], \"settings\": {");
    for (size_t r = 0; r < settings->n_rows; r++) {
        const char *const *cells = settings->cells + r * settings->n_columns;
        hone__str_add(out, r ? ", " : "");
        hone__str_add_json(out, cells[0]);
        for (size_t i = 1; i < settings->n_columns; i++) {
            hone__str_add(out, i > 1 ? ", " : ": [");
            hone__str_add_json(out, cells[i]);
        }
        hone__str_add(out, "]");
    }
    hone__str_add(out, "}}\n");
    return HONE_OK;
}

/* ---- The command ------------------------------------------------------------------------------------------------- */

static hone_status show(hone_arena *arena, hone__registry *registry, hone__report_run *const *runs, size_t n, const wishes *w,
                        hone_log *log, hone_error *err)
{
    hone__comparison c;
    hone__str out = {0};
    HONE_TRY(hone__compare(arena, registry, runs, n, w->metric, log, &c, err));
    HONE_TRY(hone__compare_write(&c, w->output, log, err));
    hone_status status = w->json ? add_json(&c, &out, err) : add_text(&c, w->output, &out, err);
    if (status == HONE_OK && out.failed)
        status = hone_no_memory(err, "showing a comparison");
    if (status == HONE_OK)
        fputs(hone__str_text(&out), stdout);
    hone__str_clear(&out);
    return status;
}

static hone_status compare(hone_arena *arena, hone__registry *registry, int n, char **dirs, const wishes *w, hone_log *log,
                           hone_error *err)
{
    hone__report_run **runs = hone_alloc_array(arena, (size_t)n, sizeof *runs);
    hone_status status = runs ? HONE_OK : hone_no_memory(err, "comparing runs");
    for (int i = 0; status == HONE_OK && i < n; i++)
        status = hone__report_open(arena, dirs[i], log, &runs[i], err);
    if (status == HONE_OK)
        status = show(arena, registry, runs, (size_t)n, w, log, err);
    for (int i = 0; runs && i < n; i++)
        hone__report_close(runs[i]);
    return status;
}

int hone__cli_compare(int argc, char **argv)
{
    wishes w = {.output = NULL};
    hone_error err = {0};
    const hone__option options[] = {
        {"--output", NULL, &w.output}, {"--metric", NULL, &w.metric}, {"--json", &w.json, NULL}, {0}};
    int n;
    if (!hone__options_take(argc, argv, options, &n))
        return HONE__EXIT_USAGE;
    if (n < 2) {
        fprintf(stderr, "hone compare: two runs or more are needed; usage: hone compare DIR DIR ... [--output FOLDER]\n");
        return HONE__EXIT_USAGE;
    }
    w.output = w.output ? w.output : "compare";
    hone_arena *arena = hone__arena_create(0);
    hone_log *log = hone__log_create(stderr, HONE_LOG_WARNING);
    hone__registry *registry = hone__registry_create(log, true);
    const hone_status status = arena && log && registry ? compare(arena, registry, n, argv + 1, &w, log, &err)
                                                        : hone_no_memory(&err, "comparing runs");
    if (status != HONE_OK)
        fprintf(stderr, "hone: %s\n", err.msg);
    hone__registry_destroy(registry);
    hone__log_destroy(log);
    hone__arena_destroy(arena);
    if (status == HONE_OK)
        return HONE__EXIT_DONE;
    return status == HONE_ENOTFOUND || status == HONE_EINVAL ? HONE__EXIT_USAGE : HONE__EXIT_FAILED;
}
