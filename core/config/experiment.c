/* experiment.c - an experiment file to typed structs: overrides, the task's settings, every section, and the complete tree.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "base/format.h"
#include "base/json.h"
#include "config/experiment_parts.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- Folders ----------------------------------------------------------------------------------------------------- */

static hone_status absolute(hone_arena *arena, const char *path, const char **out, hone_error *err)
{
    char cwd[4096];
    if (path[0] != '/' && !getcwd(cwd, sizeof cwd))
        return hone_fail(err, HONE_EIO, "the working directory cannot be found");
    const bool here = strcmp(path, ".") == 0 || path[0] == '\0';
    *out = path[0] == '/' ? hone_strdup(arena, path) : here ? hone_strdup(arena, cwd) : hone__path_join(arena, cwd, path);
    return *out ? HONE_OK : hone_no_memory(err, "finding a folder");
}

/* A path at the top of the file: relative to the file, or to the working directory where the command line gave it. */
static hone_status top_path(hone__loader *l, const char *what, const hone__yaml *node, const char **out)
{
    char seen[160];
    const bool typed = strcmp(node->origin, HONE__COMMAND_LINE) == 0;
    const char *path = hone__path_join(l->arena, typed ? "." : l->dir, node->text);
    if (!path)
        return hone_no_memory(l->err, "finding a folder");
    HONE_TRY(absolute(l->arena, path, out, l->err));
    if (!hone__exists(*out))
        hone__issue_at(l->issues, node, "%s is %s, but there is no %s; it is relative to %s", what,
                       hone__value_shown(node, seen, sizeof seen), path,
                       typed ? "the working directory" : "the experiment file");
    return HONE_OK;
}

static bool is_text(const hone__yaml *node)
{
    return node && node->type != HONE__YAML_NULL && node->type != HONE__YAML_LIST && node->type != HONE__YAML_MAP;
}

static hone_status read_root(hone__loader *l, const char *key, const char **out)
{
    const hone__yaml *node = hone__yaml_get(l->e->tree, key);
    return is_text(node) ? top_path(l, key, node, out) : absolute(l->arena, l->dir, out, l->err);
}

static hone_status load_plugin_file(hone__loader *l, const hone__yaml *node, const char **path)
{
    hone_error why;
    const size_t before = l->issues->n;
    HONE_TRY(top_path(l, "plugins", node, path));
    if (!l->registry || l->issues->n > before)
        return HONE_OK;
    hone_status status = hone__registry_add_file(l->registry, *path, &why);
    if (status == HONE_ENOMEM)
        return hone_fail(l->err, status, "%s", why.msg);
    if (status != HONE_OK)
        hone__issue_at(l->issues, node, "plugins: %s", why.msg);
    return HONE_OK;
}

static hone_status load_plugins(hone__loader *l)
{
    const hone__yaml *list = hone__yaml_get(l->e->tree, "plugins");
    if (!list || list->type != HONE__YAML_LIST)
        return HONE_OK;
    const char **paths = hone_alloc_array(l->arena, list->n, sizeof *paths);
    if (!paths)
        return hone_no_memory(l->err, "loading plugins");
    l->e->plugins = (hone_list){paths, 0, sizeof *paths};
    for (const hone__yaml *item = list->child; item; item = item->next)
        if (is_text(item))
            HONE_TRY(load_plugin_file(l, item, &paths[l->e->plugins.n++]));
    return HONE_OK;
}

/* ---- The task ---------------------------------------------------------------------------------------------------- */

static hone_status merge_settings(hone__loader *l, const hone_task *task)
{
    hone__yaml *settings;
    hone_error why;
    const char *origin = hone_sprintf(l->arena, "task %s", task->plugin.name);
    if (!origin)
        return hone_no_memory(l->err, "reading a task");
    if (!task->settings)
        return HONE_OK;
    hone_status status = hone__yaml_parse(l->arena, task->settings, strlen(task->settings), origin, &settings, NULL, &why);
    if (status != HONE_OK)
        return hone_fail(l->err, status == HONE_ENOMEM ? status : HONE_EPLUGIN, "%s", why.msg);
    if (!settings || settings->type != HONE__YAML_MAP)
        return HONE_OK;
    return hone__tree_merge_under(l->arena, l->e->tree, settings, l->err);
}

static hone_status merge_task(hone__loader *l)
{
    const hone__yaml *node = hone__yaml_get(l->e->tree, "task");
    const hone__plugin *plugin = NULL;
    hone_error why;
    if (!is_text(node))
        return HONE_OK;
    hone_status status = l->registry ? hone__registry_find(l->registry, HONE_KIND_TASK, node->text, &plugin, &why)
                                     : hone_fail(&why, HONE_ENOTFOUND, "there are no plugins");
    if (status == HONE_ENOMEM)
        return hone_fail(l->err, status, "%s", why.msg);
    if (status != HONE_OK) {
        hone__issue_at(l->issues, node, "task: %s", why.msg);
        return HONE_OK;
    }
    return merge_settings(l, (const hone_task *)(const void *)plugin->table);
}

/* ---- The top ----------------------------------------------------------------------------------------------------- */

static const char *default_name(hone_arena *arena, const char *file)
{
    const char *base = hone__path_base(file);
    size_t n = strlen(base);
    if (n > 5 && strcmp(base + n - 5, ".yaml") == 0)
        n -= 5;
    else if (n > 4 && strcmp(base + n - 4, ".yml") == 0)
        n -= 4;
    return n == 0 || strcmp(file, "-") == 0 ? hone_strdup(arena, "experiment") : hone_strndup(arena, base, n);
}

/* Replaces a null in the complete tree by what it stands for. */
static hone_status write_text(hone__loader *l, const char *path, const char *text)
{
    hone__yaml *node = hone__yaml_new_text(l->arena, text);
    return node ? hone__yaml_set(l->arena, l->e->complete, path, node, l->err) : hone_no_memory(l->err, "completing settings");
}

static hone_status fill_top(hone__loader *l)
{
    hone__experiment *e = l->e;
    hone__top top = {0};
    const hone__group group = {hone__top_rows.rows, hone__top_rows.n, &top};
    l->fill.path = "";
    HONE_TRY(hone__fill_groups(&l->fill, "", &group, 1, hone__top_also, l->base, NULL, e->complete, l->err));
    e->seed = top.seed;
    e->name = top.name ? top.name : default_name(l->arena, l->file);
    if (!e->name)
        return hone_no_memory(l->err, "naming an experiment");
    if (top.name && (strchr(top.name, '/') || top.name[0] == '.' || top.name[0] == '\0'))
        hone__issue_at(l->issues, hone__yaml_get(l->base, "name"),
                       "name is \"%s\"; it names a folder, so it must not be empty, hold a / or begin with a point", top.name);
    e->output_dir = top.output_dir ? top.output_dir : hone_sprintf(l->arena, "reports/%s", e->name);
    if (!e->output_dir)
        return hone_no_memory(l->err, "naming an experiment");
    if (top.cache_dir)
        HONE_TRY(absolute(l->arena, top.cache_dir, &e->cache_dir, l->err));
    HONE_TRY(write_text(l, "name", e->name));
    return write_text(l, "output_dir", e->output_dir);
}

/* ---- Sections ---------------------------------------------------------------------------------------------------- */

static void issue_no_section(hone__loader *l, const hone__section_row *row)
{
    hone__issue_at(l->issues, l->base, "there is no section %s (%s); it is needed", row->key, row->help);
}

static hone_status fill_section(hone__loader *l, const hone__section_row *row)
{
    hone__section *section = (hone__section *)(void *)((char *)l->e + row->offset);
    const hone__yaml *node = hone__yaml_get(l->base, row->key);
    l->fill.path = row->key;
    if (row->required && !row->default_type && (!node || node->type == HONE__YAML_NULL))
        issue_no_section(l, row);
    HONE_TRY(hone__section_fill(&l->fill, row->kind, &hone__common_rows[row->kind], node, row->default_type, section, l->err));
    return hone__yaml_add(l->arena, l->e->complete, row->key, section->node, l->err);
}

/* The settings of a model's folder: config.json, or what hone.json has of a model that Transformers does not know. *json is NULL
 * where an issue was found. */
static hone_status open_model_json(hone__loader *l, const hone_model *model, const hone__yaml *node, const char **file,
                                   json_t **root, const json_t **settings)
{
    const hone__model_config *common = l->e->model.common;
    const char *name = model->model_type ? "config.json" : HONE__MODEL_JSON;
    hone_error why;
    *root = NULL;
    *file = hone__path_join(l->arena, common->path, name);
    if (!*file)
        return hone_no_memory(l->err, "reading the settings of a model");
    if (!hone__exists(*file)) {
        hone__issue_at(l->issues, node, "model.path is \"%s\", but there is no %s in it", node->text, name);
        return HONE_OK;
    }
    const hone_status status = hone__json_load(*file, 0, root, &why);
    if (status == HONE_ENOMEM)
        return hone_fail(l->err, status, "%s", why.msg);
    *settings = model->model_type ? *root : json_object_get(json_object_get(*root, "sections"), "model");
    if (status == HONE_OK && json_is_object(*settings))
        return HONE_OK;
    hone__issue_at(l->issues, node, "model.path: %s%s", status == HONE_OK ? *file : why.msg,
                   status == HONE_OK ? " does not hold the settings of a model" : "");
    json_decref(*root);
    *root = NULL;
    return HONE_OK;
}

/* What the model's folder says stands before the defaults of the model's rows. */
static hone_status read_model_json(hone__loader *l)
{
    hone__section *section = &l->e->model;
    const hone__model_config *common = section->common;
    const hone__yaml *node = hone__yaml_get(section->node, "path");
    const json_t *settings = NULL;
    json_t *root;
    const char *file;
    if (!section->plugin || !common->path || !hone__is_dir(common->path))
        return HONE_OK;
    const hone_model *model = (const hone_model *)(const void *)section->plugin->table;
    const char *mine = model->model_type ? model->model_type : model->plugin.name;
    HONE_TRY(open_model_json(l, model, node, &file, &root, &settings));
    if (!root)
        return HONE_OK;
    const char *type = json_string_value(json_object_get(settings, model->model_type ? "model_type" : "type"));
    if (type && strcmp(type, mine) != 0)
        hone__issue_at(l->issues, node, "model.path: %s is of a model of type %s; model %s reads %s", file, type,
                       model->plugin.name, mine);
    l->fill.path = "model";
    const hone_status status = hone__section_defaults(&l->fill, section, settings, file, l->err);
    json_decref(root);
    return status;
}

static hone_status fill_techniques(hone__loader *l)
{
    const hone__yaml *list = hone__yaml_get(l->base, "techniques");
    hone__yaml *complete = hone__yaml_new_list(l->arena);
    char path[HONE__LONGEST_PATH], seen[160];
    if (!complete)
        return hone_no_memory(l->err, "reading techniques");
    if (list && list->type != HONE__YAML_LIST && list->type != HONE__YAML_NULL)
        hone__issue_at(l->issues, list,
                       "techniques is %s; it must be a list, each item the name of a technique, or a map with "
                       "its type",
                       hone__value_shown(list, seen, sizeof seen));
    if (!list || list->type != HONE__YAML_LIST)
        return hone__yaml_add(l->arena, l->e->complete, "techniques", complete, l->err);
    l->e->techniques = hone_alloc_array(l->arena, list->n, sizeof *l->e->techniques);
    if (!l->e->techniques)
        return hone_no_memory(l->err, "reading techniques");
    for (const hone__yaml *item = list->child; item; item = item->next) {
        hone__section *section = &l->e->techniques[l->e->n_techniques];
        snprintf(path, sizeof path, "techniques[%zu]", l->e->n_techniques++);
        HONE_TRY(hone__fill_plugin(&l->fill, path, HONE_KIND_TECHNIQUE, NULL, item, NULL, section, l->err));
        hone__yaml_append(complete, section->node);
    }
    return hone__yaml_add(l->arena, l->e->complete, "techniques", complete, l->err);
}

/* Its figures' name: the plugin's where the file gives none, which then stands in the complete tree. */
static hone_status name_metric(hone__loader *l, hone__metric_use *use, const char *path)
{
    const hone__metric_config *common = use->section.common;
    use->name = common ? common->name : NULL;
    if (!use->section.plugin)
        return HONE_OK;
    if (!use->name) {
        hone__yaml *name = hone__yaml_new_text(l->arena, use->section.plugin->table->name);
        if (!name)
            return hone_no_memory(l->err, "naming a metric");
        use->name = name->text;
        ((hone__metric_config *)(uintptr_t)common)->name = name->text; /* ours: hone__fill_plugin made it */
        return hone__yaml_set(l->arena, use->section.node, "name", name, l->err);
    }
    if (strpbrk(use->name, "/ \t\n") || use->name[0] == '\0')
        hone__issue_at(l->issues, hone__yaml_get(use->section.node, "name"),
                       "%s.name is \"%s\"; it must be a word without blanks and /", path, use->name);
    return HONE_OK;
}

static hone_status fill_metrics(hone__loader *l)
{
    const hone__yaml *list = hone__yaml_get(l->base, "metrics");
    hone__yaml *complete = hone__yaml_new_list(l->arena);
    char path[HONE__LONGEST_PATH], seen[160];
    if (!complete)
        return hone_no_memory(l->err, "reading metrics");
    if (list && list->type != HONE__YAML_LIST && list->type != HONE__YAML_NULL)
        hone__issue_at(l->issues, list,
                       "metrics is %s; it must be a list, each item the name of a metric, or a map with its type",
                       hone__value_shown(list, seen, sizeof seen));
    if (!list || list->type != HONE__YAML_LIST)
        return hone__yaml_add(l->arena, l->e->complete, "metrics", complete, l->err);
    l->e->metrics = hone_alloc_array(l->arena, list->n, sizeof *l->e->metrics);
    if (!l->e->metrics)
        return hone_no_memory(l->err, "reading metrics");
    for (const hone__yaml *item = list->child; item; item = item->next) {
        hone__metric_use *use = &l->e->metrics[l->e->n_metrics];
        snprintf(path, sizeof path, "metrics[%zu]", l->e->n_metrics++);
        HONE_TRY(hone__fill_plugin(&l->fill, path, HONE_KIND_METRIC, &hone__common_rows[HONE_KIND_METRIC], item, NULL,
                                   &use->section, l->err));
        HONE_TRY(name_metric(l, use, path));
        hone__yaml_append(complete, use->section.node);
    }
    return hone__yaml_add(l->arena, l->e->complete, "metrics", complete, l->err);
}

static hone_status fill_trainer(hone__loader *l)
{
    hone__yaml *complete;
    l->fill.path = "trainer";
    HONE_TRY(hone__params_fill(&l->fill, hone__trainer_rows.rows, hone__trainer_rows.n, hone__yaml_get(l->base, "trainer"),
                               &l->e->trainer, &complete, l->err));
    return hone__yaml_add(l->arena, l->e->complete, "trainer", complete, l->err);
}

static hone_status fill_report(hone__loader *l)
{
    hone__yaml *complete;
    l->fill.path = "report";
    HONE_TRY(hone__params_fill(&l->fill, hone__report_rows.rows, hone__report_rows.n, hone__yaml_get(l->base, "report"),
                               &l->e->report, &complete, l->err));
    return hone__yaml_add(l->arena, l->e->complete, "report", complete, l->err);
}

hone_status hone__experiment_fill(hone__loader *l)
{
    hone__experiment *e = l->e;
    const hone__yaml *precision = hone__yaml_path(l->base, "trainer.precision");
    l->fill.precision = is_text(precision) ? precision->text : NULL;
    e->complete = hone__yaml_new_map(l->arena);
    if (!e->complete)
        return hone_no_memory(l->err, "completing a configuration");
    hone__placed(e->complete, l->base);
    HONE_TRY(fill_top(l));
    for (const hone__section_row *row = hone__sections; row->key; row++)
        HONE_TRY(fill_section(l, row));
    HONE_TRY(read_model_json(l));
    HONE_TRY(fill_techniques(l));
    HONE_TRY(fill_trainer(l));
    HONE_TRY(fill_metrics(l));
    HONE_TRY(fill_report(l));
    e->data = e->reader.common;
    e->tokenizer_common = e->tokenizer.common;
    e->model_common = e->model.common;
    e->optimizer_common = e->optimizer.common;
    e->head_common = e->head.common;
    return hone__experiment_cross_check(l);
}

/* ---- The whole --------------------------------------------------------------------------------------------------- */

static hone_status fill_sweep(hone__loader *l)
{
    const hone__yaml *sweep = hone__yaml_get(l->e->tree, "sweep");
    hone__yaml *complete;
    if (!sweep || sweep->type == HONE__YAML_NULL)
        return HONE_OK;
    HONE_TRY(hone__sweep_fill(l, sweep, &complete));
    return hone__yaml_add(l->arena, l->e->complete, "sweep", complete, l->err);
}

static hone_status load_tree(hone__loader *l)
{
    hone__experiment *e = l->e;
    HONE_TRY(load_plugins(l));
    HONE_TRY(merge_task(l));
    HONE_TRY(read_root(l, "data_root", &e->data_root));
    HONE_TRY(read_root(l, "model_root", &e->model_root));
    const bool data = hone__exists(e->data_root), model = hone__exists(e->model_root); /* one issue for a root is enough */
    l->fill = (hone__fill){.arena = l->arena,
                           .registry = l->registry,
                           .issues = l->issues,
                           .base_dir = data ? e->data_root : NULL,
                           .model_dir = model ? e->model_root : NULL};
    l->base = hone__yaml_copy(l->arena, e->tree);
    if (!l->base)
        return hone_no_memory(l->err, "reading a configuration");
    HONE_TRY(hone__sweep_complete_base(l));
    HONE_TRY(hone__experiment_fill(l));
    return fill_sweep(l);
}

/* Before anything else: what a later format means is not known here. What is no number is complained of with its row. */
static hone_status check_format(const hone__yaml *root, hone__issues *issues, hone_error *err)
{
    const hone__yaml *node = hone__yaml_get(root, "format");
    const long long format = is_text(node) ? strtoll(node->text, NULL, 10) : HONE__FORMAT_EXPERIMENT;
    if (format <= HONE__FORMAT_EXPERIMENT)
        return HONE_OK;
    hone__issue_at(issues, node, "format is %lld; hone %s reads formats up to %d, so this file is for a newer one", format,
                   HONE_VERSION, HONE__FORMAT_EXPERIMENT);
    return hone__issues_status(issues, err);
}

hone_status hone__experiment_from(hone_arena *arena, hone__registry *registry, const hone__yaml *root, const char *file,
                                  const char *dir, hone__experiment **experiment, hone__issues *issues, hone_error *err)
{
    hone__loader l = {.arena = arena, .registry = registry, .issues = issues, .err = err, .dir = dir};
    *experiment = NULL;
    l.file = hone_strdup(arena, file);
    l.e = hone_alloc(arena, sizeof *l.e);
    if (!l.file || !l.e)
        return hone_no_memory(err, "reading a configuration");
    l.e->file = l.file;
    if (!root || root->type != HONE__YAML_MAP) {
        char seen[160];
        if (root)
            hone__issue_at(issues, root, "the file is %s; it must be a map with the sections of an experiment",
                           hone__value_shown(root, seen, sizeof seen));
        return root ? hone__issues_status(issues, err) : hone_fail(err, HONE_ECONFIG, "%s is empty", file);
    }
    HONE_TRY(check_format(root, issues, err));
    l.e->tree = hone__yaml_copy(arena, root);
    if (!l.e->tree)
        return hone_no_memory(err, "reading a configuration");
    HONE_TRY(load_tree(&l));
    hone__issues_sort(issues);
    HONE_TRY(hone__issues_status(issues, err));
    *experiment = l.e;
    return HONE_OK;
}

/* ---- Overrides --------------------------------------------------------------------------------------------------- */

/* Overrides have no lines: their path says where they are. */
static void forget_places(hone__yaml *node)
{
    node->line = node->column = node->key_line = node->key_column = 0;
    for (hone__yaml *child = node->child; child; child = child->next)
        forget_places(child);
}

static hone_status apply_override(hone_arena *arena, hone__yaml *tree, const hone__override *o, hone__issues *issues,
                                  hone_error *err)
{
    static const hone__yaml nowhere = {.origin = ""};
    hone__yaml *value = NULL;
    hone_error why;
    const char *text = o->text[strspn(o->text, " ")] ? o->text : "null"; /* key= is an empty value, and no empty file */
    hone_status status = hone__yaml_parse(arena, text, strlen(text), HONE__COMMAND_LINE, &value, NULL, &why);
    if (status == HONE_OK) {
        forget_places(value);
        status = hone__tree_set(arena, tree, o->path, value, &why);
    }
    if (status == HONE_ENOMEM)
        return hone_fail(err, status, "%s", why.msg);
    if (status != HONE_OK)
        hone__issue_at(issues, &nowhere, "%s=%s: %s", o->path, o->text, why.msg);
    return HONE_OK;
}

hone_status hone__experiment_load(hone_arena *arena, hone__registry *registry, const char *file,
                                  const hone__override *overrides, size_t n_overrides, hone__experiment **experiment,
                                  hone__issues *issues, hone_error *err)
{
    hone__yaml *root;
    *experiment = NULL;
    HONE_TRY(hone__yaml_load(arena, file, &root, err));
    for (size_t i = 0; i < n_overrides && root && root->type == HONE__YAML_MAP; i++)
        HONE_TRY(apply_override(arena, root, &overrides[i], issues, err));
    const char *dir = strcmp(file, "-") == 0 ? hone_strdup(arena, ".") : hone__path_dir(arena, file);
    if (!dir)
        return hone_no_memory(err, "reading a configuration");
    return hone__experiment_from(arena, registry, root, file, dir, experiment, issues, err);
}
