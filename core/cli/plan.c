/* plan.c - `hone plan FILE`: the points that a sweep would run, and what they would cost. Nothing is trained but some steps to see how
 * fast this machine is, and nothing is written.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/format.h"
#include "base/pool.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/session.h"
#include "plugin/environment.h"
#include "report/sheet.h"
#include "sweep/line.h"
#include "sweep/points.h"
#include "train/estimate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ESTIMATED = 32, SHOWN_POINTS = 40, WIDEST_CELL = 48 };

/* A point of the sweep; the first MOST_ESTIMATED have an estimate, for the others their mean stands. */
typedef struct planned {
    const hone__yaml *const *values; /* [n_dimensions] NULL where inactive; NULL in a single trial */
    hone__estimate estimate;
    double seconds; /* NaN: unknown */
} planned;

typedef struct plan {
    hone__session *session;
    const hone__experiment *e;
    hone__points *points;
    planned *list; /* [n] */
    uint64_t n, n_estimated;
    bool waits; /* further points depend on results */
    hone__rate rate;
    bool timed;
    int64_t at_once, threads; /* trials side by side, and the threads of each */
    uint64_t available;       /* bytes; 0: unknown */
} plan;

/* ---- Points ------------------------------------------------------------------------------------------------------ */

static hone_status add_point(plan *p, uint64_t point, hone_error *err)
{
    const hone__yaml **values = NULL;
    if (p->e->sweep)
        HONE_TRY(hone__sweep_values(p->session->arena, p->e->sweep, p->points->drawn[point].x, &values, err));
    p->list[p->n++] = (planned){.values = values, .seconds = NAN};
    return HONE_OK;
}

/* Draws every point that needs no results. */
static hone_status draw(plan *p, hone_error *err)
{
    hone_arena *arena = p->session->arena;
    hone__turn turn = HONE__TURN_MAKE;
    uint64_t point = 0;
    size_t seed = 0;
    HONE_TRY(hone__points_create(arena, arena, p->e, p->session->log, &p->points, err));
    p->list = hone_alloc_array(arena, p->points->total, sizeof *p->list);
    if (!p->list)
        return hone_no_memory(err, "planning a sweep");
    for (uint64_t trial = 0;; trial++) {
        HONE_TRY(hone__points_next(p->points, arena, &turn, &point, &seed, err));
        if (turn != HONE__TURN_MAKE)
            break;
        if (seed == 0)
            HONE_TRY(add_point(p, point, err));
        hone__points_made(p->points, point, seed, trial);
    }
    p->waits = turn == HONE__TURN_WAIT;
    return HONE_OK;
}

/* ---- Estimates --------------------------------------------------------------------------------------------------- */

/* As the supervisor would run it: side by side, trials divide the processors. */
static void share_processors(plan *p)
{
    const hone_int_or_word *threads = &p->e->trainer.threads;
    p->at_once = (int64_t)hone__points_at_once(p->points);
    p->threads = threads->word < 0 ? threads->value : hone__cpu_count() / p->at_once;
    p->threads = p->threads > 0 ? p->threads : 1;
}

static hone_status load_point(const plan *p, const planned *point, hone_arena *arena, hone__experiment **e, hone_error *err)
{
    hone__yaml *root = NULL, *threads = hone__yaml_new_int(arena, p->threads);
    if (!threads)
        return hone_no_memory(err, "planning a point");
    HONE_TRY(hone__experiment_point(arena, p->e, point->values, p->points->seeds[0], &root, err));
    HONE_TRY(hone__yaml_set(arena, root, "trainer.threads", threads, err));
    hone__issues issues = {.arena = arena};
    return hone__experiment_from(arena, p->session->registry, root, p->e->file, ".", e, &issues, err);
}

static hone_status estimate_in(plan *p, planned *point, hone_arena *arena, bool time, hone_error *err)
{
    hone__experiment *e = NULL;
    HONE_TRY(load_point(p, point, arena, &e, err));
    const hone__trial_setup setup = {
        .experiment = e, .registry = p->session->registry, .dir = ".", .cache_dir = p->e->cache_dir, .log = p->session->log};
    HONE_TRY(hone__trial_estimate(&setup, &point->estimate, err));
    if (time && !p->timed) {
        HONE_TRY(hone__trial_rate(&setup, &p->rate, err));
        p->timed = true;
    }
    if (p->timed)
        point->seconds = hone__estimate_seconds(&point->estimate, &p->rate);
    return HONE_OK;
}

static hone_status estimate_all(plan *p, bool time, hone_error *err)
{
    for (uint64_t i = 0; i < p->n && i < MOST_ESTIMATED; i++) {
        hone_arena *arena = hone__arena_create(0);
        hone_error why = {0};
        const hone_status status = arena ? estimate_in(p, &p->list[i], arena, time, &why) : HONE_ENOMEM;
        hone__arena_destroy(arena);
        if (status != HONE_OK)
            return hone_fail(err, status, "point %llu: %.900s", (unsigned long long)i, arena ? why.msg : "out of memory");
        if (i > 0) /* what the first one left in this process is not the trial's */
            p->list[i].estimate.bytes += p->list[0].estimate.base - p->list[i].estimate.base;
        p->list[i].estimate.base = p->list[0].estimate.base;
        p->n_estimated++;
    }
    return HONE_OK;
}

static uint64_t largest(const plan *p)
{
    uint64_t most = 0;
    for (uint64_t i = 0; i < p->n_estimated; i++)
        most = p->list[i].estimate.bytes > most ? p->list[i].estimate.bytes : most;
    return most;
}

/* The point whose outputs of frozen layers take most; others are taken to share its files. */
static const hone__estimate *most_frozen(const plan *p)
{
    const hone__estimate *most = &p->list[0].estimate;
    for (uint64_t i = 0; i < p->n_estimated; i++)
        most = p->list[i].estimate.frozen > most->frozen ? &p->list[i].estimate : most;
    return most;
}

/* The whole sweep, all seeds, side by side; NaN where it was not measured. */
static double total_seconds(const plan *p)
{
    double sum = 0;
    for (uint64_t i = 0; i < p->n_estimated; i++)
        sum += p->list[i].seconds;
    return sum / (double)p->n_estimated * (double)(p->points->total * p->points->n_seeds) / (double)p->at_once +
           most_frozen(p)->making / p->rate.work;
}

/* ---- Text -------------------------------------------------------------------------------------------------------- */

static hone_status add_value(const plan *p, const planned *point, size_t dimension, const char **text, hone_error *err)
{
    hone__str s = {0};
    const hone__yaml *value = point->values ? point->values[dimension] : NULL;
    const char *name = value ? hone__sweep_choice_name(&p->e->sweep->dimensions[dimension], value) : NULL;
    if (name)
        hone__str_add(&s, name);
    else if (value)
        hone__yaml_line(value, &s);
    else
        hone__str_add(&s, "-");
    *text = s.failed ? NULL : hone_strdup(p->session->arena, hone__str_text(&s));
    hone__str_clear(&s);
    return *text ? HONE_OK : hone_no_memory(err, "listing points");
}

static hone_status add_row(const plan *p, uint64_t i, const char **cells, hone__sheet *sheet, hone_error *err)
{
    hone_arena *arena = p->session->arena;
    const planned *point = &p->list[i];
    const size_t n = p->e->sweep ? p->e->sweep->n_dimensions : 0;
    char memory[32] = "", seconds[32] = "";
    const bool known = i < p->n_estimated;
    if (known)
        hone__bytes_text(point->estimate.bytes, memory, sizeof memory);
    if (known && p->timed)
        hone__seconds_text(point->seconds, seconds, sizeof seconds);
    cells[0] = hone_sprintf(arena, "%llu", (unsigned long long)i);
    for (size_t d = 0; d < n; d++)
        HONE_TRY(add_value(p, point, d, &cells[1 + d], err));
    cells[n + 1] = known ? hone_sprintf(arena, "%.1f M", (double)point->estimate.parameters / 1e6) : "";
    cells[n + 2] = known ? hone_sprintf(arena, "%.1f M", (double)point->estimate.trained / 1e6) : "";
    cells[n + 3] = known ? hone_sprintf(arena, "%llu", (unsigned long long)point->estimate.tokens) : "";
    cells[n + 4] = hone_strdup(arena, memory);
    cells[n + 5] = hone_strdup(arena, seconds);
    for (size_t c = 0; c < n + 6; c++)
        if (!cells[c])
            return hone_no_memory(err, "listing points");
    return hone__sheet_add(sheet, cells, err);
}

static hone_status add_points(const plan *p, hone__str *out, hone_error *err)
{
    static const hone__column behind[] = {
        {"parameters", true}, {"trained", true}, {"tokens", true}, {"memory", true}, {"time", true}};
    const size_t n = p->e->sweep ? p->e->sweep->n_dimensions : 0;
    hone__column *columns = hone_alloc_array(p->session->arena, n + 6, sizeof *columns);
    const char **cells = hone_alloc_array(p->session->arena, n + 6, sizeof *cells);
    if (!columns || !cells)
        return hone_no_memory(err, "listing points");
    columns[0] = (hone__column){"point", true};
    for (size_t d = 0; d < n; d++) {
        const char *path = p->e->sweep->dimensions[d].path, *dot = strrchr(path, '.');
        columns[1 + d] = (hone__column){dot ? dot + 1 : path, false};
    }
    memcpy(columns + n + 1, behind, sizeof behind);
    hone__sheet *sheet = hone__sheet_create(p->session->arena, columns, n + 6);
    if (!sheet)
        return hone_no_memory(err, "listing points");
    for (uint64_t i = 0; i < p->n; i++)
        HONE_TRY(add_row(p, i, cells, sheet, err));
    hone__sheet_text(sheet, WIDEST_CELL, SHOWN_POINTS, 2, out);
    return HONE_OK;
}

static void add_memory(const plan *p, hone__str *out)
{
    char one[32], all[32], there[32];
    const uint64_t most = largest(p), together = most * (uint64_t)p->at_once;
    hone__bytes_text(most, one, sizeof one);
    hone__bytes_text(together, all, sizeof all);
    hone__str_addf(out, "  memory: %s for a trial at most", one);
    if (p->at_once > 1)
        hone__str_addf(out, ", %s for %lld at a time", all, (long long)p->at_once);
    if (p->available)
        hone__str_addf(out, "; %s is free here", hone__bytes_text(p->available, there, sizeof there));
    hone__str_add(out, p->available && together > p->available ? ", which is not enough\n" : "\n");
    if (most_frozen(p)->frozen)
        hone__str_addf(out, "  disk: %s in the cache, once, for the outputs of frozen layers\n",
                       hone__bytes_text(most_frozen(p)->frozen, one, sizeof one));
}

static void add_time(const plan *p, hone__str *out)
{
    char text[32];
    if (!p->timed)
        return;
    hone__seconds_text(total_seconds(p), text, sizeof text);
    hone__str_addf(out, "  time: about %s, at %.1f GFLOP/s with %lld thread%s, as some steps of point 0 took here", text,
                   p->rate.work / 1e9, (long long)p->threads, p->threads == 1 ? "" : "s");
    if (p->n_estimated < p->points->total)
        hone__str_addf(out, "; point %llu and on count as the mean of those before", (unsigned long long)p->n_estimated);
    hone__str_add(out, "\n");
}

static hone_status add_text(const plan *p, hone__str *out, hone_error *err)
{
    const uint64_t total = p->points->total, trials = total * p->points->n_seeds;
    hone__str_addf(out, "%s: %llu point%s", p->e->name, (unsigned long long)total, total == 1 ? "" : "s");
    if (p->points->n_seeds > 1)
        hone__str_addf(out, " with %zu seeds each, %llu trials", p->points->n_seeds, (unsigned long long)trials);
    if (p->at_once > 1)
        hone__str_addf(out, ", %lld at a time", (long long)p->at_once);
    hone__str_add(out, "\n\n");
    HONE_TRY(add_points(p, out, err));
    if (p->waits)
        hone__str_addf(out, "  ... and %llu that depend on results\n", (unsigned long long)(total - p->n));
    hone__str_add(out, "\n");
    add_memory(p, out);
    add_time(p, out);
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

static void add_estimate(const planned *point, hone__str *out)
{
    const hone__estimate *e = &point->estimate;
    const struct {
        const char *key;
        uint64_t value;
    } counts[] = {{"bytes", e->bytes},
                  {"weights", e->weights},
                  {"gradients", e->gradients},
                  {"slots", e->slots},
                  {"activations", e->activations},
                  {"data", e->data},
                  {"base", e->base},
                  {"mapped", e->mapped},
                  {"frozen", e->frozen},
                  {"parameters", (uint64_t)e->parameters},
                  {"trained", (uint64_t)e->trained},
                  {"tokens", e->tokens},
                  {"largest_tokens", e->largest_tokens},
                  {"steps", (uint64_t)e->steps},
                  {"evaluations", (uint64_t)e->evaluations}};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        hone__str_addf(out, ", \"%s\": %llu", counts[i].key, (unsigned long long)counts[i].value);
    add_number(out, "work", e->training + e->evaluating);
    add_number(out, "seconds", point->seconds);
}

static hone_status add_json_point(const plan *p, uint64_t i, hone__str *out, hone_error *err)
{
    hone__str_addf(out, "%s{\"point\": %llu, \"params\": {", i ? ", " : "", (unsigned long long)i);
    for (size_t d = 0, n = 0; p->e->sweep && d < p->e->sweep->n_dimensions; d++) {
        const char *text = NULL;
        if (!p->list[i].values[d])
            continue;
        HONE_TRY(add_value(p, &p->list[i], d, &text, err));
        hone__str_add(out, n++ ? ", " : "");
        hone__str_add_json(out, p->e->sweep->dimensions[d].path);
        hone__str_add(out, ": ");
        hone__str_add_json(out, text);
    }
    hone__str_add(out, "}");
    if (i < p->n_estimated)
        add_estimate(&p->list[i], out);
    hone__str_add(out, "}");
    return HONE_OK;
}

static hone_status add_json(const plan *p, hone__str *out, hone_error *err)
{
    hone__str_addf(out, "{\"format\": %d, \"name\": ", HONE__FORMAT_OUTPUT);
    hone__str_add_json(out, p->e->name);
    hone__str_addf(out, ", \"points\": %llu, \"seeds\": %zu, \"at_once\": %lld, \"threads\": %lld, \"available\": %llu",
                   (unsigned long long)p->points->total, p->points->n_seeds, (long long)p->at_once, (long long)p->threads,
                   (unsigned long long)p->available);
    hone__str_addf(out, ", \"bytes\": %llu", (unsigned long long)largest(p));
    add_number(out, "flops", p->timed ? p->rate.work : NAN);
    add_number(out, "seconds", p->timed ? total_seconds(p) : NAN);
    hone__str_add(out, ", \"list\": [");
    for (uint64_t i = 0; i < p->n; i++)
        HONE_TRY(add_json_point(p, i, out, err));
    hone__str_add(out, "]}\n");
    return HONE_OK;
}

/* ---- The command ------------------------------------------------------------------------------------------------- */

typedef struct wishes {
    bool json, no_time;
} wishes;

static hone_status make_plan(plan *p, const wishes *w, hone_error *err)
{
    hone__environment machine;
    HONE_TRY(draw(p, err));
    HONE_TRY(hone__environment_gather(p->session->arena, &machine, err));
    p->available = machine.available;
    share_processors(p);
    return estimate_all(p, !w->no_time, err);
}

static hone_status show(plan *p, const wishes *w, hone_error *err)
{
    hone__str out = {0};
    hone_status status = make_plan(p, w, err);
    if (status == HONE_OK)
        status = w->json ? add_json(p, &out, err) : add_text(p, &out, err);
    if (status == HONE_OK && out.failed)
        status = hone_no_memory(err, "planning a sweep");
    if (status == HONE_OK)
        fputs(hone__str_text(&out), stdout);
    hone__str_clear(&out);
    hone__points_destroy(p->points);
    return status;
}

int hone__cli_plan(int argc, char **argv)
{
    hone__session s = {0};
    wishes w = {0};
    hone_error err = {0};
    hone__experiment *e = NULL;
    const hone__option options[] = {{"--json", &w.json, NULL}, {"--no-time", &w.no_time, NULL}, {0}};
    int n;
    if (!hone__options_take(argc, argv, options, &n))
        return HONE__EXIT_USAGE;
    hone_status status = hone__session_open(&s, &err);
    if (status == HONE_OK)
        status = hone__session_load(&s, "plan", n, argv + 1, &e, &err);
    const bool usage = status != HONE_OK && status != HONE_ENOMEM;
    if (status == HONE_OK)
        status = show(&(plan){.session = &s, .e = e}, &w, &err);
    hone__session_complain(&s, status, &err);
    hone__session_close(&s);
    return status == HONE_OK ? HONE__EXIT_DONE : usage || status == HONE_ECONFIG ? HONE__EXIT_USAGE : HONE__EXIT_FAILED;
}
