/* experiment_tree.c - changing the tree of an experiment: overrides, a task's settings, the points of a sweep.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "base/format.h"
#include "config/sweep_parts.h"

#include <string.h>

static const char sweep_parameters[] = "sweep.parameters.";

/* ---- Setting ----------------------------------------------------------------------------------------------------- */

/* `optimizer: adamw` on the way of optimizer.beta1 becomes `optimizer: {type: adamw}`. */
static hone_status open_names(hone_arena *arena, hone__yaml *tree, const char *path, hone_error *err)
{
    hone__yaml *node = tree;
    for (const char *dot = strchr(path, '.'); dot; path = dot + 1, dot = strchr(path, '.')) {
        hone__yaml *child = node->type == HONE__YAML_MAP ? node->child : NULL;
        while (child && !(strncmp(child->key, path, (size_t)(dot - path)) == 0 && child->key[dot - path] == '\0'))
            child = child->next;
        if (!child)
            return HONE_OK;
        if (child->type == HONE__YAML_STRING) {
            hone__yaml *type = hone__yaml_copy(arena, child);
            if (!type)
                return hone_no_memory(err, "changing a setting");
            child->type = HONE__YAML_MAP;
            child->n = 0;
            HONE_TRY(hone__yaml_add(arena, child, "type", type, err));
        }
        node = child;
    }
    return HONE_OK;
}

/* The longest key of sweep.parameters that `path` is, or begins with before a point; NULL. */
static hone__yaml *parameter_of(const hone__yaml *parameters, const char *path)
{
    hone__yaml *found = NULL;
    size_t longest = 0;
    for (hone__yaml *p = parameters->child; p; p = p->next) {
        size_t n = strlen(p->key);
        if (n > longest && strncmp(p->key, path, n) == 0 && (path[n] == '\0' || path[n] == '.')) {
            longest = n;
            found = p;
        }
    }
    return found;
}

/* sweep.parameters.optimizer.learning_rate is the key "optimizer.learning_rate" of the map sweep.parameters. */
static hone_status set_parameter(hone_arena *arena, hone__yaml *tree, const char *path, const hone__yaml *value,
                                 hone_error *err)
{
    hone__yaml *parameters = hone__yaml_path(tree, "sweep.parameters");
    if (!parameters) {
        hone__yaml *empty = hone__yaml_new_map(arena);
        if (!empty)
            return hone_no_memory(err, "changing a setting");
        hone__placed(empty, value);
        HONE_TRY(hone__yaml_set(arena, tree, "sweep.parameters", empty, err));
        parameters = hone__yaml_path(tree, "sweep.parameters");
    }
    hone__yaml *old = parameters->type == HONE__YAML_MAP ? parameter_of(parameters, path) : NULL;
    const char *rest = old ? path + strlen(old->key) : NULL;
    if (old && *rest == '.' && hone__spec_is_key(rest + 1))
        return hone__yaml_set(arena, old, rest + 1, value, err);
    hone__yaml *fresh = hone__yaml_copy(arena, value);
    if (!fresh)
        return hone_no_memory(err, "changing a setting");
    if (old && *rest == '\0')
        hone__tree_remove(parameters, path);
    fresh->key_line = fresh->key_column = 0;
    return hone__yaml_add(arena, parameters, path, fresh, err);
}

hone_status hone__tree_set(hone_arena *arena, hone__yaml *tree, const char *path, const hone__yaml *value, hone_error *err)
{
    const size_t n = sizeof sweep_parameters - 1;
    if (strncmp(path, sweep_parameters, n) == 0 && path[n])
        return set_parameter(arena, tree, path + n, value, err);
    HONE_TRY(open_names(arena, tree, path, err));
    return hone__yaml_set(arena, tree, path, value, err);
}

void hone__tree_remove(hone__yaml *map, const char *key)
{
    for (hone__yaml **link = &map->child; *link; link = &(*link)->next)
        if (strcmp((*link)->key, key) == 0) {
            *link = (*link)->next;
            map->n--;
            return;
        }
}

/* ---- Merging ----------------------------------------------------------------------------------------------------- */

static const char *type_of(const hone__yaml *section)
{
    const hone__yaml *type = section->type == HONE__YAML_MAP ? hone__yaml_get(section, "type") : section;
    const bool null_plugin = type && type != section && type->type == HONE__YAML_NULL; /* `type: null` */
    return null_plugin ? "null" : type && type->type == HONE__YAML_STRING ? type->text : NULL;
}

static hone_status merge_one(hone_arena *arena, hone__yaml *ours, const hone__yaml *theirs, hone_error *err)
{
    const char *our_type = type_of(ours), *their_type = type_of(theirs);
    if (theirs->type != HONE__YAML_MAP || (our_type && their_type && strcmp(our_type, their_type) != 0))
        return HONE_OK;
    if (ours->type == HONE__YAML_STRING && their_type)
        ours->type = HONE__YAML_MAP; /* `head: ordinal` has nothing but its type, which theirs says again */
    return ours->type == HONE__YAML_MAP ? hone__tree_merge_under(arena, ours, theirs, err) : HONE_OK;
}

hone_status hone__tree_merge_under(hone_arena *arena, hone__yaml *tree, const hone__yaml *defaults, hone_error *err)
{
    for (const hone__yaml *theirs = defaults->child; theirs; theirs = theirs->next) {
        hone__yaml *ours = hone__yaml_get(tree, theirs->key);
        if (ours) {
            HONE_TRY(merge_one(arena, ours, theirs, err));
            continue;
        }
        hone__yaml *copy = hone__yaml_copy(arena, theirs);
        if (!copy)
            return hone_no_memory(err, "taking over the settings of a task");
        HONE_TRY(hone__yaml_add(arena, tree, theirs->key, copy, err));
    }
    return HONE_OK;
}

/* ---- Trees that stand by themselves ------------------------------------------------------------------------------ */

static hone_status set_text(hone_arena *arena, hone__yaml *tree, const char *key, const char *text, hone_error *err)
{
    hone__yaml *node = hone__yaml_new_text(arena, text);
    return node ? hone__yaml_set(arena, tree, key, node, err) : hone_no_memory(err, "writing a configuration");
}

/* Roots and plugins in absolute form, so that the tree means the same wherever its file lies; and in which format that is. */
static hone_status set_roots(hone_arena *arena, const hone__experiment *e, hone__yaml *tree, hone_error *err)
{
    hone__yaml *format = hone__yaml_new_int(arena, HONE__FORMAT_EXPERIMENT);
    if (!format)
        return hone_no_memory(err, "writing a configuration");
    HONE_TRY(hone__yaml_set(arena, tree, "format", format, err));
    HONE_TRY(set_text(arena, tree, "data_root", e->data_root, err));
    HONE_TRY(set_text(arena, tree, "model_root", e->model_root, err));
    if (e->cache_dir)
        HONE_TRY(set_text(arena, tree, "cache_dir", e->cache_dir, err));
    if (e->plugins.n == 0)
        return HONE_OK;
    hone__yaml *list = hone__yaml_new_list(arena);
    for (uint64_t i = 0; list && i < e->plugins.n; i++) {
        hone__yaml *item = hone__yaml_new_text(arena, ((const char *const *)e->plugins.items)[i]);
        if (!item)
            return hone_no_memory(err, "writing a configuration");
        hone__yaml_append(list, item);
    }
    return list ? hone__yaml_set(arena, tree, "plugins", list, err) : hone_no_memory(err, "writing a configuration");
}

hone_status hone__experiment_portable(hone_arena *arena, const hone__experiment *e, hone__yaml **root, hone_error *err)
{
    *root = hone__yaml_copy(arena, e->complete);
    return *root ? set_roots(arena, e, *root, err) : hone_no_memory(err, "writing a configuration");
}

/* `value`: of a zip group, a map with a value for each of its paths; NULL: the dimension is inactive. */
static hone_status set_dimension(hone_arena *arena, hone__yaml *tree, const hone__sweep_dimension *d, const hone__yaml *value,
                                 hone_error *err)
{
    for (size_t i = 0; value && i < d->n_paths; i++)
        HONE_TRY(hone__tree_set(arena, tree, d->paths[i], d->zip ? hone__yaml_get(value, d->paths[i]) : value, err));
    return HONE_OK;
}

hone_status hone__experiment_point(hone_arena *arena, const hone__experiment *e, const hone__yaml *const *values, int64_t seed,
                                   hone__yaml **root, hone_error *err)
{
    hone__yaml *number = hone__yaml_new_int(arena, seed), *tree = hone__yaml_copy(arena, e->tree);
    if (!tree || !number)
        return hone_no_memory(err, "writing a trial's configuration");
    hone__tree_remove(tree, "sweep");
    hone__tree_remove(tree, "task"); /* its settings are in the tree, and must not fill up a section that the point replaces */
    HONE_TRY(hone__yaml_set(arena, tree, "seed", number, err));
    if (e->trainer.metric_for_best_model) /* its default is the sweep's, which a trial does not see */
        HONE_TRY(set_text(arena, tree, "trainer.metric_for_best_model", e->trainer.metric_for_best_model, err));
    for (size_t i = 0; e->sweep && i < e->sweep->n_dimensions; i++)
        HONE_TRY(set_dimension(arena, tree, &e->sweep->dimensions[i], values[i], err));
    HONE_TRY(set_text(arena, tree, "name", e->name, err)); /* its default is the file's name, which is another one now */
    HONE_TRY(set_text(arena, tree, "output_dir", e->output_dir, err));
    *root = tree;
    return set_roots(arena, e, tree, err);
}
