/* doctor.c - `hone doctor`: what this machine lacks, and what to do about it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/file.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "plugin/environment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What was found out about one thing. */
enum { GOOD, NOTE, MISSING };
static const char *const words[] = {"ok", "note", "MISSING"};

typedef struct visit {
    hone_arena *arena;
    hone__registry *registry;
    hone__environment environment;
    hone__str out;
    bool json;
    size_t lines, missing;
} visit;

/* `advice` is what to do, "" where all is well. */
static void say(visit *v, int how, const char *about, const char *found, const char *advice)
{
    v->missing += how == MISSING;
    if (!v->json) {
        hone__str_addf(&v->out, "%-8s %-10s %s%s%s\n", words[how], about, found, *advice ? "; " : "", advice);
        return;
    }
    hone__str_addf(&v->out, "%s\n  {\"state\": \"%s\", \"about\": \"%s\", \"found\": ", v->lines++ ? "," : "",
                   how == MISSING ? "missing" : words[how], about);
    hone__str_add_json(&v->out, found);
    hone__str_add(&v->out, ", \"advice\": ");
    hone__str_add_json(&v->out, advice);
    hone__str_add(&v->out, "}");
}

static hone_status no_memory(hone_error *err)
{
    return hone_no_memory(err, "looking at this machine");
}

/* ---- Plugins ----------------------------------------------------------------------------------------------------- */

static hone_status look_at_folders(visit *v, hone_error *err)
{
    const char *const *folders;
    size_t n, there = 0;
    HONE_TRY(hone__registry_folders(v->registry, v->arena, &folders, &n, err));
    for (size_t i = 0; i < n; i++) {
        there += hone__is_dir(folders[i]);
        if (hone__is_dir(folders[i]))
            say(v, GOOD, "plugins", folders[i], "");
        else if (i >= 2) /* the first two are beside the program and in the installation: one of them is absent */
            say(v, NOTE, "plugins", folders[i], "there is no such folder; take it out of HONE_PLUGIN_PATH");
    }
    if (there == 0)
        say(v, MISSING, "plugins", "there is no folder of plugins",
            "install hone, or name the folder that has them in HONE_PLUGIN_PATH");
    return HONE_OK;
}

/* Every plugin is loaded; those that are refused are named with the reason. */
static hone_status look_at_kind(visit *v, hone_kind kind, size_t *usable, hone_error *err)
{
    const hone__plugin_name *names;
    size_t n;
    *usable = 0;
    HONE_TRY(hone__registry_list(v->registry, v->arena, kind, &names, &n, err));
    for (size_t i = 0; i < n; i++) {
        const hone__plugin *plugin;
        hone_error why = {HONE_OK, ""};
        if (hone__registry_find(v->registry, kind, names[i].name, &plugin, &why) == HONE_OK)
            ++*usable;
        else if (why.status == HONE_ENOMEM)
            return no_memory(err);
        else
            say(v, MISSING, "plugins", why.msg, "mend or remove that file (`hone plugins check FILE.so` says more)");
    }
    return HONE_OK;
}

static hone_status look_at_plugins(visit *v, hone_error *err)
{
    /* Those that every experiment names. */
    static const hone_kind needed[] = {HONE_KIND_READER, HONE_KIND_MODEL,     HONE_KIND_HEAD,
                                       HONE_KIND_LOSS,   HONE_KIND_OPTIMIZER, HONE_KIND_SCHEDULE,
                                       HONE_KIND_METRIC, HONE_KIND_SEARCHER,  HONE_KIND_LAUNCHER};
    size_t counts[HONE_KIND_COUNT], all = 0;
    char text[128];
    HONE_TRY(look_at_folders(v, err));
    for (int k = 1; k < HONE_KIND_COUNT; k++) {
        HONE_TRY(look_at_kind(v, (hone_kind)k, &counts[k], err));
        all += counts[k];
    }
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        snprintf(text, sizeof text, "there is no usable %s", hone__kinds[needed[i]].name);
        if (counts[needed[i]] == 0)
            say(v, MISSING, "plugins", text, "no experiment can run without one: install hone's plugins");
    }
    snprintf(text, sizeof text, "%zu can be used; `hone plugins` lists them", all);
    say(v, all ? GOOD : MISSING, "plugins", text, "");
    return HONE_OK;
}

static hone_status look_at_backends(visit *v, hone_error *err)
{
    hone__backend_line *lines;
    size_t n, working = 0;
    HONE_TRY(hone__environment_backends(v->registry, v->arena, &lines, &n, err));
    for (size_t i = 0; i < n; i++) {
        const bool null = strcmp(lines[i].name, "null") == 0; /* every kind has one, and it computes nothing */
        if (null || !lines[i].file)                           /* what cannot be loaded was named above */
            continue;
        const char *text = hone_sprintf(v->arena, "%s: %s", lines[i].name, lines[i].text);
        if (!text)
            return no_memory(err);
        working += lines[i].works;
        say(v, lines[i].works ? GOOD : NOTE, "backend", text, lines[i].works ? "" : "hone computes without it");
    }
    if (working == 0)
        say(v, NOTE, "backend", "none works; hone's reference operators do all the work, several times slower",
            "install the package libopenblas-dev and build hone again");
    return HONE_OK;
}

/* ---- The machine ------------------------------------------------------------------------------------------------- */

static void look_at_machine(visit *v)
{
    const hone__environment *e = &v->environment;
    char text[256];
    snprintf(text, sizeof text, "%d processor%s may be used", e->cpus, e->cpus == 1 ? "" : "s");
    say(v, e->cpus > 1 ? GOOD : NOTE, "threads", text, e->cpus > 1 ? "" : "trials run one at a time");
    snprintf(text, sizeof text, "%.1f GiB, of which %.1f are available", (double)e->memory / (1 << 30),
             (double)e->available / (1 << 30));
    /* BERT-base under AdamW: 110 million weights, each with a gradient and two slots of 4 bytes, and its activations. */
    const bool enough = e->available >= UINT64_C(4) << 30;
    if (e->memory == 0)
        say(v, NOTE, "memory", "/proc/meminfo cannot be read, so nobody knows how much there is", "");
    else
        say(v, enough ? GOOD : NOTE, "memory", text,
            enough ? "" : "training a model of BERT's base size takes about 4 GiB; smaller models and batches take less");
}

/* FOLDER/NAME for the folders of PATH. */
static bool on_path(hone_arena *arena, const char *name)
{
    const char *list = getenv("PATH");
    while (list && *list) {
        const size_t n = strcspn(list, ":");
        const char *file = hone_sprintf(arena, "%.*s/%s", (int)n, list, name);
        if (file && n > 0 && access(file, X_OK) == 0)
            return true;
        list += n + (list[n] == ':');
    }
    return false;
}

static void look_at_programs(visit *v)
{
    if (on_path(v->arena, "gnuplot"))
        say(v, GOOD, "gnuplot", "found", "");
    else
        say(v, NOTE, "gnuplot", "not found; reports have no pictures, only the scripts and data to draw them",
            "install the package gnuplot-nox");
}

static void look_at_place(visit *v, const char *about, const char *dir, int otherwise, const char *advice)
{
    hone_error err = {HONE_OK, ""};
    char path[4096], text[1200];
    snprintf(path, sizeof path, "%s/.hone-doctor-%ld", dir, (long)getpid());
    if (hone__write_file(path, "x", 1, &err) == HONE_OK && unlink(path) == 0) {
        snprintf(text, sizeof text, "%.1000s can be written", dir);
        say(v, GOOD, about, text, "");
    } else {
        say(v, otherwise, about, err.msg, advice);
    }
}

static void look_at_places(visit *v)
{
    const char *temporary = getenv("TMPDIR");
    look_at_place(v, "results", hone__is_dir("reports") ? "reports" : ".", MISSING,
                  "runs are written to reports/ here: go to another folder, or give `output_dir`");
    look_at_place(v, "temporary", temporary && *temporary ? temporary : "/tmp", NOTE,
                  "set TMPDIR to a folder that can be written");
}

/* ---- The command ------------------------------------------------------------------------------------------------- */

static hone_status examine(visit *v, hone_error *err)
{
    HONE_TRY(hone__environment_gather(v->arena, &v->environment, err));
    if (v->json)
        hone__str_add(&v->out, "[");
    look_at_machine(v);
    HONE_TRY(look_at_plugins(v, err));
    HONE_TRY(look_at_backends(v, err));
    look_at_programs(v);
    look_at_places(v);
    if (v->json)
        hone__str_add(&v->out, "\n]\n");
    return v->out.failed ? no_memory(err) : HONE_OK;
}

int hone__cli_doctor(int argc, char **argv)
{
    visit v = {0};
    int n;
    const hone__option options[] = {{"--json", &v.json, NULL}, {0}};
    if (!hone__options_take(argc, argv, options, &n))
        return HONE__EXIT_USAGE;
    if (n > 0) {
        fprintf(stderr, "hone doctor: it takes no words; `hone doctor --help` says more\n");
        return HONE__EXIT_USAGE;
    }
    hone_error err = {0};
    v.arena = hone__arena_create(0);
    v.registry = hone__registry_create(NULL, true);
    hone_status status = v.arena && v.registry ? examine(&v, &err) : no_memory(&err);
    if (status == HONE_OK)
        fputs(hone__str_text(&v.out), stdout);
    else
        fprintf(stderr, "hone doctor: %s\n", err.msg);
    hone__str_clear(&v.out);
    hone__registry_destroy(v.registry);
    hone__arena_destroy(v.arena);
    return status == HONE_OK && v.missing == 0 ? HONE__EXIT_DONE : HONE__EXIT_FAILED;
}
