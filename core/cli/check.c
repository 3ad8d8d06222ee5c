/* check.c - `hone check` and `hone schema`: what is wrong with an experiment file, what it means in full, and its JSON Schema.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/log.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "config/experiment.h"

#include <stdio.h>
#include <string.h>

/* What both commands work with. */
typedef struct session {
    hone_arena *arena;
    hone_log *log;
    hone__registry *registry;
    hone__issues issues;
    hone__override *overrides;
    size_t n_overrides;
    const char *file;
    bool render;
} session;

static void close_session(session *s)
{
    hone__registry_destroy(s->registry);
    hone__log_destroy(s->log);
    hone__arena_destroy(s->arena);
}

static hone_status open_session(session *s, hone_error *err)
{
    s->arena = hone__arena_create(0);
    s->log = hone__log_create(stderr, HONE_LOG_WARNING);
    s->registry = hone__registry_create(s->log, true);
    s->issues.arena = s->arena;
    return s->arena && s->log && s->registry ? HONE_OK : hone_no_memory(err, "starting");
}

/* ---- Arguments --------------------------------------------------------------------------------------------------- */

static hone_status add_override(session *s, const char *argument, hone_error *err)
{
    const char *equals = strchr(argument, '=');
    char *path = hone_strndup(s->arena, argument, (size_t)(equals - argument));
    if (!path)
        return hone_no_memory(err, "reading the command line");
    s->overrides[s->n_overrides++] = (hone__override){path, equals + 1};
    return HONE_OK;
}

/* FILE [key=value ...]; a file whose name holds a = is given with its folder (./a=b.yaml). */
static hone_status read_words(session *s, int n, char **words, hone_error *err)
{
    s->overrides = hone_alloc_array(s->arena, (size_t)n, sizeof *s->overrides);
    if (!s->overrides)
        return hone_no_memory(err, "reading the command line");
    for (int i = 0; i < n; i++) {
        const char *slash = strchr(words[i], '/'), *equals = strchr(words[i], '=');
        const bool is_file = !equals || (slash && slash < equals && !s->file);
        if (is_file && s->file)
            return hone_fail(err, HONE_EINVAL, "%s is neither the file nor key=value; one file is checked at a time", words[i]);
        if (is_file)
            s->file = words[i];
        else
            HONE_TRY(add_override(s, words[i], err));
    }
    return s->file ? HONE_OK : hone_fail(err, HONE_EINVAL, "no file is given; hone check FILE [key=value ...] [--render]");
}

/* ---- What a sweep comes to --------------------------------------------------------------------------------------- */

/* How many points: as the searcher counts them, and not more than run_cap; 0: no end. */
static hone_status count_points(session *s, const hone__sweep_config *sweep, uint64_t *n, hone_error *err)
{
    const hone_searcher *searcher = (const hone_searcher *)(const void *)sweep->searcher.plugin->table;
    const hone_space space = hone__sweep_space(s->arena, sweep);
    hone_self *self =
        hone__instance(s->arena, s->arena, &searcher->plugin, sweep->searcher.params, sweep->sampler_seed, NULL, s->log);
    if (!self || (space.n && !space.dimensions))
        return hone_no_memory(err, "counting points");
    hone_status status = searcher->create ? searcher->create(self, &space, err) : HONE_OK;
    *n = status == HONE_OK && searcher->count ? searcher->count(self, &space) : 0;
    hone__instance_destroy(self);
    if (sweep->run_cap > 0 && (*n == 0 || *n > (uint64_t)sweep->run_cap))
        *n = (uint64_t)sweep->run_cap;
    return status;
}

static hone_status summarise(session *s, const hone__experiment *e, hone_error *err)
{
    uint64_t n = 0;
    if (!e->sweep) {
        printf("%s: fine: a single trial, to be written to %s\n", e->file, e->output_dir);
        return HONE_OK;
    }
    hone_error why;
    hone_status status = count_points(s, e->sweep, &n, &why);
    if (status != HONE_OK)
        return hone_fail(err, status == HONE_ENOMEM ? status : HONE_ECONFIG, "%s: sweep.method: %s", e->file, why.msg);
    if (n == 0)
        return hone_fail(err, HONE_ECONFIG, "%s: sweep.method %s never ends by itself; give sweep.run_cap", e->file,
                         e->sweep->searcher.plugin->table->name);
    printf("%s: fine: %llu point%s over %zu parameter%s by %s, %s of %s, %lld at a time, to be written to %s\n", e->file,
           (unsigned long long)n, n == 1 ? "" : "s", e->sweep->n_dimensions, e->sweep->n_dimensions == 1 ? "" : "s",
           e->sweep->searcher.plugin->table->name, e->sweep->maximize ? "maximum" : "minimum", e->sweep->metric,
           (long long)e->sweep->max_concurrent_trials, e->output_dir);
    return HONE_OK;
}

/* ---- Commands ---------------------------------------------------------------------------------------------------- */

static hone_status render(const hone__experiment *e, hone_error *err)
{
    hone__str out = {0};
    hone_status status = hone__yaml_emit(e->complete, &out, err);
    if (status == HONE_OK)
        fputs(hone__str_text(&out), stdout);
    hone__str_clear(&out);
    return status;
}

static hone_status check(session *s, int n, char **words, hone_error *err)
{
    hone__experiment *e;
    HONE_TRY(open_session(s, err));
    HONE_TRY(read_words(s, n, words, err));
    HONE_TRY(hone__experiment_load(s->arena, s->registry, s->file, s->overrides, s->n_overrides, &e, &s->issues, err));
    return s->render ? render(e, err) : summarise(s, e, err);
}

static int exit_code(hone_status status)
{
    if (status == HONE_OK)
        return HONE__EXIT_DONE;
    return status == HONE_ENOMEM ? HONE__EXIT_FAILED : HONE__EXIT_USAGE;
}

int hone__cli_check(int argc, char **argv)
{
    session s = {0};
    hone_error err = {0};
    const hone__option options[] = {{"--render", &s.render, NULL}, {0}};
    int n;
    if (!hone__options_take(argc, argv, options, &n))
        return HONE__EXIT_USAGE;
    hone_status status = check(&s, n, argv + 1, &err);
    for (size_t i = 0; status == HONE_ECONFIG && i < s.issues.n; i++)
        fprintf(stderr, "%s\n", s.issues.text[i]);
    if (status != HONE_OK && (status != HONE_ECONFIG || s.issues.n == 0))
        fprintf(stderr, "hone: %s\n", err.msg);
    else if (s.issues.n > 1)
        fprintf(stderr, "hone: %zu mistakes\n", s.issues.n);
    close_session(&s);
    return exit_code(status);
}

static hone_status schema(session *s, hone_error *err)
{
    hone__str out = {0};
    HONE_TRY(open_session(s, err));
    hone_status status = hone__experiment_schema(s->registry, &out, err);
    if (status == HONE_OK)
        fputs(hone__str_text(&out), stdout);
    hone__str_clear(&out);
    return status;
}

int hone__cli_schema(int argc, char **argv)
{
    session s = {0};
    hone_error err = {0};
    const hone__option options[] = {{0}};
    int n;
    if (!hone__options_take(argc, argv, options, &n))
        return HONE__EXIT_USAGE;
    if (n > 0) {
        fprintf(stderr, "hone: schema takes no arguments; it was given %s\n", argv[1]);
        return HONE__EXIT_USAGE;
    }
    hone_status status = schema(&s, &err);
    if (status != HONE_OK)
        fprintf(stderr, "hone: %s\n", err.msg);
    close_session(&s);
    return exit_code(status);
}
