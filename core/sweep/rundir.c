/* rundir.c - a run's directory: making it, and what stands in it before the first trial.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sweep/rundir.h"

#include "base/alloc.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/format.h"
#include "base/json.h"
#include "base/str.h"
#include "plugin/environment.h"
#include "train/checkpoint.h"
#include "train/model_dir.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

/* ---- Making it --------------------------------------------------------------------------------------------------- */

static bool is_special(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, "lock") == 0;
}

/* Files and folders in `dir`, the lock aside; 0 also where it is absent. */
static size_t count_entries(const char *dir)
{
    size_t n = 0;
    DIR *d = opendir(dir);
    for (struct dirent *entry; d && (entry = readdir(d)) != NULL;)
        n += !is_special(entry->d_name);
    if (d)
        closedir(d);
    return n;
}

static bool has_file(const char *dir, const char *name)
{
    char path[4096];
    int n = snprintf(path, sizeof path, "%s/%s", dir, name);
    return n > 0 && (size_t)n < sizeof path && hone__exists(path);
}

static hone_status empty_run(const char *dir, hone_error *err)
{
    char path[4096];
    hone_status status = HONE_OK;
    DIR *d = opendir(dir);
    if (!d)
        return hone_fail(err, HONE_EIO, "cannot read the folder %s: %s", dir, strerror(errno));
    for (struct dirent *entry; status == HONE_OK && (entry = readdir(d)) != NULL;) {
        if (is_special(entry->d_name))
            continue;
        if ((size_t)snprintf(path, sizeof path, "%s/%s", dir, entry->d_name) < sizeof path)
            status = hone__remove_tree(path, err);
    }
    closedir(d);
    return status;
}

static hone_status check_free(const char *dir, bool force, hone_error *err)
{
    if (hone__exists(dir) && !hone__is_dir(dir))
        return hone_fail(err, HONE_EEXIST, "%s is a file; give another output_dir", dir);
    if (count_entries(dir) == 0)
        return HONE_OK;
    bool run = has_file(dir, "journal.log") || has_file(dir, "experiment.yaml");
    if (!run)
        return hone_fail(err, HONE_EEXIST, "%s exists and holds something that is no run of hone; give another output_dir",
                         dir);
    if (!force)
        return hone_fail(err, HONE_EEXIST,
                         "%s holds a run already: `hone resume %s` finishes it, --force removes it and starts anew, "
                         "output_dir=... writes elsewhere",
                         dir, dir);
    return HONE_OK;
}

hone_status hone__rundir_create(const char *dir, bool force, hone_log *log, hone__lock **lock, hone_error *err)
{
    HONE_TRY(check_free(dir, force, err));
    HONE_TRY(hone__make_dirs(dir, err));
    HONE_TRY(hone__lock_take(dir, log, lock, err));
    hone_status status = check_free(dir, force, err); /* another run may have come and gone before the lock was ours */
    if (status == HONE_OK)
        status = empty_run(dir, err);
    if (status != HONE_OK) {
        hone__lock_release(*lock);
        *lock = NULL;
    }
    return status;
}

hone_status hone__rundir_open(const char *dir, hone_log *log, hone__lock **lock, hone_error *err)
{
    if (!hone__is_dir(dir))
        return hone_fail(err, HONE_EINVAL, "there is no folder %s", dir);
    if (!has_file(dir, "experiment.yaml"))
        return hone_fail(err, HONE_EINVAL, "%s is no run that could be resumed: it has no experiment.yaml", dir);
    return hone__lock_take(dir, log, lock, err);
}

char *hone__trial_dir(const char *dir, uint64_t number)
{
    size_t n = strlen(dir) + 48;
    char *path = hone__malloc(n);
    if (path)
        snprintf(path, n, "%s/trials/%04llu", dir, (unsigned long long)number);
    return path;
}

/* ---- environment.json -------------------------------------------------------------------------------------------- */

static void add_field(hone__str *s, const char *key, const char *value)
{
    hone__str_addf(s, "    \"%s\": ", key);
    hone__str_add_json(s, value);
    hone__str_add(s, ",\n");
}

static void add_plugin(hone__str *s, const hone__section *section)
{
    if (!section->plugin)
        return;
    hone__plugin p = *section->plugin;
    const char *kind = hone__kinds[p.table->kind].name;
    if (hone__plugin_hash(&p, NULL) != HONE_OK)
        p.sha256[0] = 0; /* the file is gone since it was opened: name it all the same */
    hone__str_addf(s, "        {\"kind\": \"%s\", \"name\": ", kind);
    hone__str_add_json(s, p.table->name);
    hone__str_add(s, ", \"file\": ");
    hone__str_add_json(s, p.file);
    hone__str_addf(s, ", \"sha256\": \"%s\"},\n", p.sha256);
}

/* JSON has no comma behind the last item. */
static void drop_comma(hone__str *s)
{
    if (!s->failed && s->n >= 2 && strcmp(s->data + s->n - 2, ",\n") == 0) {
        s->data[s->n - 2] = '\n';
        s->data[--s->n] = 0;
    }
}

static void add_plugins(hone__str *s, const hone__experiment *e)
{
    const hone__section *all[] = {&e->reader,    &e->tokenizer, &e->model,   &e->head,
                                  &e->optimizer, &e->schedule,  &e->backend, &e->launcher};
    hone__str_add(s, "    \"plugins\": [\n");
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        add_plugin(s, all[i]);
    for (size_t i = 0; i < e->n_metrics; i++)
        add_plugin(s, &e->metrics[i].section);
    for (size_t i = 0; i < e->n_techniques; i++)
        add_plugin(s, &e->techniques[i]);
    if (e->sweep)
        add_plugin(s, &e->sweep->searcher);
    drop_comma(s);
    hone__str_add(s, "    ],\n");
}

/* What the backend says of itself (library, version, core type). */
static hone_status add_backend(hone__str *s, hone_arena *arena, const hone__section *section, hone_error *err)
{
    const char *text = "reference operators";
    bool works;
    if (section->plugin)
        HONE_TRY(hone__backend_describe(arena, section->plugin->table, section->params, &text, &works, err));
    add_field(s, "backend", text);
    return HONE_OK;
}

static hone_status add_machine(hone__str *s, hone_arena *arena, const hone__experiment *e, hone_error *err)
{
    hone__environment machine;
    HONE_TRY(hone__environment_gather(arena, &machine, err));
    hone__environment_json(&machine, 4, s);
    add_field(s, "host", machine.host);
    hone__str_addf(s, "    \"max_concurrent_trials\": %lld,\n",
                   (long long)(e->sweep && e->sweep->max_concurrent_trials > 0 ? e->sweep->max_concurrent_trials : 1));
    if (e->trainer.threads.word >= 0)
        add_field(s, "threads", "auto");
    else
        hone__str_addf(s, "    \"threads\": %lld,\n", (long long)e->trainer.threads.value);
    return HONE_OK;
}

static hone_status save(const char *dir, const char *name, hone__str *s, hone_error *err)
{
    char path[4096];
    hone_status status = HONE_OK;
    if (s->failed)
        status = hone_no_memory(err, "describing a run");
    else if ((size_t)snprintf(path, sizeof path, "%s/%s", dir, name) >= sizeof path)
        status = hone_fail(err, HONE_EINVAL, "the path of the run is too long: %s", dir);
    else
        status = hone__write_file(path, s->data, s->n, err);
    hone__str_clear(s);
    return status;
}

static hone_status add_environment(hone__str *s, hone_arena *arena, const hone__experiment *e, hone_error *err)
{
    hone__str_addf(s, "{\n    \"format\": %d,\n", HONE__FORMAT_RUN);
    HONE_TRY(add_backend(s, arena, &e->backend, err));
    HONE_TRY(add_machine(s, arena, e, err));
    add_plugins(s, e);
    drop_comma(s);
    hone__str_add(s, "}\n");
    return HONE_OK;
}

static hone_status describe_environment(const char *dir, const hone__experiment *e, hone_error *err)
{
    hone__str s = {0};
    hone_arena *arena = hone__arena_create(0);
    hone_status status = arena ? add_environment(&s, arena, e, err) : hone_no_memory(err, "describing a run");
    hone__arena_destroy(arena);
    if (status == HONE_OK)
        return save(dir, "environment.json", &s, err);
    hone__str_clear(&s);
    return status;
}

/* ---- What has changed -------------------------------------------------------------------------------------------- */

static void add_change(hone__str *out, const char *what, const char *was, const char *is)
{
    if (was && is && strcmp(was, is) != 0)
        hone__str_addf(out, "%s%s was %s and is %s", out->n ? "; " : "", what, was, is);
}

/* The plugin of that kind and name in another description; NULL if absent. */
static const json_t *same_plugin(const json_t *plugins, const json_t *plugin)
{
    static const char *const keys[] = {"kind", "name"};
    size_t i;
    json_t *other;
    json_array_foreach(plugins, i, other)
    {
        bool same = true;
        for (size_t k = 0; k < 2; k++)
            same = same && json_equal(json_object_get(other, keys[k]), json_object_get(plugin, keys[k]));
        if (same)
            return other;
    }
    return NULL;
}

static void add_changes(hone__str *out, const json_t *was, const json_t *is)
{
    static const char *const keys[] = {"hone", "compiler", "libc", "instruction_set", "backend"};
    size_t i;
    json_t *plugin;
    for (i = 0; i < sizeof keys / sizeof *keys; i++)
        add_change(out, keys[i], json_string_value(json_object_get(was, keys[i])),
                   json_string_value(json_object_get(is, keys[i])));
    json_array_foreach(json_object_get(is, "plugins"), i, plugin)
    {
        const json_t *before = same_plugin(json_object_get(was, "plugins"), plugin);
        if (before && !json_equal(json_object_get(before, "sha256"), json_object_get(plugin, "sha256")))
            hone__str_addf(out, "%sthe file of %s %s is another one", out->n ? "; " : "",
                           json_string_value(json_object_get(plugin, "kind")),
                           json_string_value(json_object_get(plugin, "name")));
    }
}

static hone_status compare(hone_arena *arena, const json_t *was, const hone__str *now, const char **changes, hone_error *err)
{
    json_t *is = NULL;
    hone__str out = {0};
    if (now->failed)
        return hone_no_memory(err, "comparing environments");
    HONE_TRY(hone__json_parse(now->data, now->n, "environment.json", &is, err));
    add_changes(&out, was, is);
    json_decref(is);
    if (out.n)
        *changes = hone_strdup(arena, hone__str_text(&out));
    const bool failed = out.failed || (out.n && !*changes);
    hone__str_clear(&out);
    return failed ? hone_no_memory(err, "comparing environments") : HONE_OK;
}

hone_status hone__rundir_changes(hone_arena *arena, const char *dir, const hone__experiment *e, const char **changes,
                                 hone_error *err)
{
    hone__str now = {0};
    json_t *was = NULL;
    *changes = NULL;
    if (!has_file(dir, "environment.json"))
        return HONE_OK;
    const char *path = hone__path_join(arena, dir, "environment.json");
    if (!path)
        return hone_no_memory(err, "comparing environments");
    HONE_TRY(hone__json_load(path, 0, &was, err));
    hone_status status = hone__json_format(was, HONE__FORMAT_RUN, path, err);
    if (status == HONE_OK)
        status = add_environment(&now, arena, e, err);
    if (status == HONE_OK)
        status = compare(arena, was, &now, changes, err);
    hone__str_clear(&now);
    json_decref(was);
    return status;
}

/* ---- experiment.yaml --------------------------------------------------------------------------------------------- */

static hone_status describe_experiment(const char *dir, const hone__experiment *e, hone_error *err)
{
    hone__str s = {0};
    hone__yaml *root;
    hone_arena *arena = hone__arena_create(0);
    if (!arena)
        return hone_no_memory(err, "describing a run");
    hone_status status = hone__experiment_portable(arena, e, &root, err);
    if (status == HONE_OK)
        status = hone__yaml_emit(root, &s, err);
    hone__arena_destroy(arena);
    if (status == HONE_OK)
        return save(dir, "experiment.yaml", &s, err);
    hone__str_clear(&s);
    return status;
}

hone_status hone__rundir_describe(const char *dir, const hone__experiment *e, hone_error *err)
{
    HONE_TRY(describe_experiment(dir, e, err));
    return describe_environment(dir, e, err);
}

/* ---- Tidying ----------------------------------------------------------------------------------------------------- */

void hone__rundir_tidy(const char *dir, hone_log *log)
{
    static const char *const folders[] = {"", "/plots", "/test", "/cache"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        hone_error why = {0};
        char path[PATH_MAX];
        snprintf(path, sizeof path, "%s%s", dir, folders[i]);
        if (hone__remove_temporaries(path, &why) != HONE_OK)
            hone_log_line(log, HONE_LOG_WARNING, "%s", why.msg);
    }
}

void hone__rundir_tidy_trial(const char *dir, uint64_t trial, hone_log *log)
{
    hone_error why = {0};
    char path[PATH_MAX], *folder = hone__trial_dir(dir, trial);
    if (!folder)
        return;
    snprintf(path, sizeof path, "%s/%s", folder, HONE__CHECKPOINT_DIR);
    hone_status status = hone__remove_tree(path, &why);
    if (status == HONE_OK)
        status = hone__remove_temporaries(folder, &why);
    if (status != HONE_OK)
        hone_log_line(log, HONE_LOG_WARNING, "trial %llu: %s", (unsigned long long)trial, why.msg);
    hone__free(folder);
}

void hone__rundir_drop_model(const char *dir, uint64_t trial, hone_log *log)
{
    hone_error why = {0};
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/trials/%04llu/%s", dir, (unsigned long long)trial, HONE__MODEL_DIR);
    if (hone__remove_tree(path, &why) != HONE_OK)
        hone_log_line(log, HONE_LOG_WARNING, "trial %llu: %s", (unsigned long long)trial, why.msg);
}
