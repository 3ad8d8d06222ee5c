/* section.c - sections that name a plugin by `type`, whose other keys are that plugin's parameters.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "base/str.h"
#include "config/params_parts.h"

#include <stdio.h>
#include <string.h>

static const char *const type_key[] = {"type", NULL};

/* ---- Which plugin ------------------------------------------------------------------------------------------------ */

/* "there are adamw, null" for a section without a type. */
static hone_status issue_no_type(const hone__fill *fill, const char *path, hone_kind kind, const hone__yaml *node,
                                 hone_error *err)
{
    const hone__plugin_name *names = NULL;
    size_t n = 0;
    hone__str s = {0};
    if (fill->registry)
        HONE_TRY(hone__registry_list(fill->registry, fill->arena, kind, &names, &n, err));
    for (size_t i = 0; i < n; i++)
        hone__str_addf(&s, "%s%s", i ? ", " : "", names[i].name);
    hone__issue_key(fill->issues, node, "%s has no type; it must name a %s: %s", path, hone__kinds[kind].name,
                    n ? hone__str_text(&s) : "there are none");
    fill->issues->failed |= s.failed;
    hone__str_clear(&s);
    return HONE_OK;
}

/* Every kind has a plugin called null, so `type: null` names it. (A section that is null altogether is absent.) */
static bool is_name(const hone__yaml *node)
{
    return node->type != HONE__YAML_LIST && node->type != HONE__YAML_MAP &&
           (node->type != HONE__YAML_NULL || strcmp(node->text, "null") == 0);
}

/* The node that names the plugin; NULL, with an issue, where none does. */
static hone_status find_type(const hone__fill *fill, const char *path, hone_kind kind, const hone__yaml *node,
                             const char *default_type, const hone__yaml **type, hone_error *err)
{
    char seen[160];
    *type = node->type == HONE__YAML_MAP ? hone__yaml_get(node, "type") : node;
    if (*type && is_name(*type))
        return HONE_OK;
    if (!*type && default_type) {
        hone__yaml *made = hone__yaml_new_text(fill->arena, default_type);
        *type = made;
        return made ? HONE_OK : hone_no_memory(err, "reading a section");
    }
    if (!*type)
        return issue_no_type(fill, path, kind, node, err);
    hone__issue_at(fill->issues, *type, "%s%s is %s; it must be the name of a %s%s", path, *type == node ? "" : ".type",
                   hone__value_shown(*type, seen, sizeof seen), hone__kinds[kind].name,
                   *type == node ? ", or a map with its type" : "");
    *type = NULL;
    return HONE_OK;
}

/* NULL, with an issue, where there is no such plugin or it cannot be loaded. */
static hone_status find_plugin(const hone__fill *fill, const char *path, hone_kind kind, const hone__yaml *type,
                               const hone__plugin **plugin, hone_error *err)
{
    hone_error why;
    const char *chosen = strcmp(type->text, "auto") == 0 ? hone__auto_type(kind, fill->precision) : NULL;
    *plugin = NULL;
    if (!fill->registry) {
        hone__issue_at(fill->issues, type, "%s: there are no plugins", path);
        return HONE_OK;
    }
    hone_status status = hone__registry_find(fill->registry, kind, chosen ? chosen : type->text, plugin, &why);
    if (status == HONE_ENOMEM)
        return hone_fail(err, status, "%s", why.msg);
    if (status != HONE_OK) {
        *plugin = NULL;
        hone__issue_at(fill->issues, type, "%s: %s", path, why.msg);
    }
    return HONE_OK;
}

/* ---- Filling ----------------------------------------------------------------------------------------------------- */

static hone_status fill_known(const hone__fill *fill, const char *path, const hone__common *common, const hone__yaml *node,
                              const hone__yaml *type, hone__section *section, hone_error *err)
{
    const hone_plugin *table = section->plugin->table;
    void *params = table->n_params ? hone_alloc(fill->arena, table->params_size) : NULL;
    void *shared = common && common->n ? hone_alloc(fill->arena, common->params_size) : NULL;
    hone__yaml *name = hone__yaml_new_text(fill->arena, table->name);
    section->node = hone__yaml_new_map(fill->arena);
    if ((table->n_params && !params) || (common && common->n && !shared) || !name || !section->node)
        return hone_no_memory(err, "reading a section");
    hone__placed(section->node, node);
    hone__placed(name, type);
    HONE_TRY(hone__yaml_add(fill->arena, section->node, "type", name, err));
    section->params = params;
    section->common = shared;
    const hone__group groups[] = {{shared ? common->rows : NULL, shared ? common->n : 0, shared},
                                  {table->params, table->n_params, params}};
    return hone__fill_groups(fill, path, groups, 2, type_key, node->type == HONE__YAML_MAP ? node : NULL, NULL, section->node,
                             err);
}

hone_status hone__fill_plugin(const hone__fill *fill, const char *path, hone_kind kind, const hone__common *common,
                              const hone__yaml *node, const char *default_type, hone__section *section, hone_error *err)
{
    const hone__yaml *type = NULL;
    hone__yaml *absent = NULL;
    *section = (hone__section){0};
    if (!node || node->type == HONE__YAML_NULL) {
        node = absent = default_type ? hone__yaml_new_text(fill->arena, default_type) : hone__yaml_new_null(fill->arena);
        if (!absent)
            return hone_no_memory(err, "reading a section");
        if (!default_type) {
            section->node = absent;
            return HONE_OK;
        }
    }
    HONE_TRY(find_type(fill, path, kind, node, default_type, &type, err));
    if (type)
        HONE_TRY(find_plugin(fill, path, kind, type, &section->plugin, err));
    if (section->plugin)
        return fill_known(fill, path, common, node, type, section, err);
    section->node = hone__yaml_copy(fill->arena, node);
    return section->node ? HONE_OK : hone_no_memory(err, "reading a section");
}

hone_status hone__section_fill(const hone__fill *fill, hone_kind kind, const hone__common *common, const hone__yaml *node,
                               const char *default_type, hone__section *section, hone_error *err)
{
    return hone__fill_plugin(fill, fill->path ? fill->path : hone__kinds[kind].name, kind, common, node, default_type, section,
                             err);
}

/* ---- Defaults out of config.json --------------------------------------------------------------------------------- */

/* The member as YAML would have it; *node NULL for what has no row type here (lists, objects, null). */
static hone_status node_of_json(hone_arena *arena, const json_t *member, const char *name, hone__yaml **node, hone_error *err)
{
    *node = NULL;
    if (json_is_string(member))
        *node = hone__yaml_new_text(arena, json_string_value(member));
    else if (json_is_integer(member))
        *node = hone__yaml_new_int(arena, json_integer_value(member));
    else if (json_is_real(member))
        *node = hone__yaml_new_real(arena, json_real_value(member));
    else if (json_is_boolean(member))
        *node = hone__yaml_new_bool(arena, json_is_true(member));
    else
        return HONE_OK;
    const char *origin = *node ? hone_strdup(arena, name) : NULL;
    if (!origin)
        return hone_no_memory(err, "reading the defaults of a model");
    (*node)->origin = origin;
    return HONE_OK;
}

/* Puts `fresh` where `old` stands among its siblings. */
static void replace(hone__yaml *map, const hone__yaml *old, hone__yaml *fresh)
{
    hone__yaml **link = &map->child;
    while (*link != old)
        link = &(*link)->next;
    fresh->key = old->key;
    fresh->next = old->next;
    *link = fresh;
}

hone_status hone__section_defaults(const hone__fill *fill, hone__section *section, const void *json_object,
                                   const char *json_name, hone_error *err)
{
    const hone_plugin *table = section->plugin ? section->plugin->table : NULL;
    for (uint32_t i = 0; table && section->params && i < table->n_params; i++) {
        const hone_param *row = &table->params[i];
        const json_t *member = json_object_get(json_object, row->name);
        hone__yaml *old = hone__yaml_get(section->node, row->name), *node, *made;
        char path[HONE__LONGEST_PATH];
        if (!member || !old || !hone__is_default(old) || row->shape != HONE_ONE || row->type == HONE_TABLE ||
            row->type == HONE_PLUGIN)
            continue;
        HONE_TRY(node_of_json(fill->arena, member, json_name, &node, err));
        if (!node)
            continue;
        hone__path_of(fill->path, row->name, path, sizeof path);
        void *field = (char *)(uintptr_t)section->params + row->offset; /* ours: hone__fill_plugin made it */
        HONE_TRY(hone__fill_scalar(fill, row, path, node, field, &made, err));
        replace(section->node, old, made);
    }
    return HONE_OK;
}

/* ---- The search space -------------------------------------------------------------------------------------------- */

static size_t field_size(const hone_param *row)
{
    const size_t largest = sizeof(hone_map); /* of all fields that are no table */
    return row->shape == HONE_ONE && row->type == HONE_TABLE && row->item_size > largest ? row->item_size : largest;
}

bool hone__param_accepts(const hone__fill *fill, const hone_param *row, const hone__yaml *value)
{
    const size_t before = fill->issues->n;
    hone_error err;
    hone__yaml *complete;
    void *field = hone_alloc(fill->arena, field_size(row));
    if (!field || hone__fill_field(fill, row, fill->path ? fill->path : row->name, value, field, &complete, &err) != HONE_OK)
        fill->issues->failed = true;
    return !fill->issues->failed && fill->issues->n == before;
}
