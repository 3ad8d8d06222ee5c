/* params.c - YAML through parameter tables: checking it, filling structs, and the same with every default written out.
 *
 * Defaults take the way of written values: a row's default is made into a node first, so there is one reading of each type, and
 * the complete configuration is a copy of what was read.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "config/params_parts.h"

#include <stdio.h>
#include <string.h>

const char *hone__path_of(const char *path, const char *name, char *out, size_t size)
{
    char shown[120];
    snprintf(out, size, "%s%s%s", path ? path : "", path && *path ? "." : "", hone__shown(name, shown, sizeof shown));
    return out;
}

hone__yaml *hone__placed(hone__yaml *made, const hone__yaml *from)
{
    made->origin = from->origin;
    made->line = from->line;
    made->column = from->column;
    made->key_line = from->key_line;
    made->key_column = from->key_column;
    return made;
}

/* ---- Defaults ---------------------------------------------------------------------------------------------------- */

static const char default_origin[] = "default";

bool hone__is_default(const hone__yaml *node)
{
    return node->line == 0 && strcmp(node->origin, default_origin) == 0;
}

bool hone__param_may_be_null(const hone_param *row)
{
    const bool has_null = row->type == HONE_STRING || row->type == HONE_PLUGIN;
    return has_null && row->shape == HONE_ONE && !row->def_text && !(row->flags & HONE_REQUIRED);
}

static void forget_places(hone__yaml *node)
{
    node->line = node->column = node->key_line = node->key_column = 0;
    for (hone__yaml *child = node->child; child; child = child->next)
        forget_places(child);
}

static hone_status parse_default(const hone__fill *fill, const hone_param *row, hone__yaml **node, hone_error *err)
{
    HONE_TRY(hone__yaml_parse(fill->arena, row->def_text, strlen(row->def_text), default_origin, node, NULL, err));
    if (*node)
        forget_places(*node);
    return HONE_OK;
}

static bool has_words(const hone_param *row)
{
    return row->type == HONE_CHOICE || row->type == HONE_REAL_OR_WORD || row->type == HONE_INT_OR_WORD;
}

static hone__yaml *scalar_default(hone_arena *arena, const hone_param *row)
{
    if (has_words(row) && row->def_text)
        return hone__yaml_new_text(arena, row->def_text);
    switch (row->type) {
    case HONE_REAL:
    case HONE_REAL_OR_WORD:
        return hone__yaml_new_real(arena, row->def_real);
    case HONE_INT:
    case HONE_INT_OR_WORD:
        return hone__yaml_new_int(arena, row->def_int);
    case HONE_BOOL:
        return hone__yaml_new_bool(arena, row->def_int != 0);
    case HONE_CHOICE:
        return hone__yaml_new_text(arena, row->choices[0]);
    case HONE_STRING:
        return row->def_text ? hone__yaml_new_text(arena, row->def_text) : hone__yaml_new_null(arena);
    default:
        return hone__yaml_new_null(arena);
    }
}

hone_status hone__param_default(const hone__fill *fill, const hone_param *row, hone__yaml **node, hone_error *err)
{
    const bool written_as_yaml = row->shape != HONE_ONE || row->type == HONE_TABLE || row->type == HONE_PLUGIN;
    if (written_as_yaml && row->def_text)
        return parse_default(fill, row, node, err);
    if (row->shape == HONE_LIST)
        *node = hone__yaml_new_list(fill->arena);
    else if (row->shape == HONE_MAP || row->type == HONE_TABLE)
        *node = hone__yaml_new_map(fill->arena);
    else
        *node = scalar_default(fill->arena, row);
    return *node ? HONE_OK : hone_no_memory(err, "making a default");
}

/* ---- Plugins, tables, single values ------------------------------------------------------------------------------ */

/* The type of the default, for a map that leaves it out; *type NULL where there is no default. */
static hone_status default_type(const hone__fill *fill, const hone_param *row, const char **type, hone_error *err)
{
    hone__yaml *node;
    *type = NULL;
    if (!row->def_text)
        return HONE_OK;
    HONE_TRY(parse_default(fill, row, &node, err));
    if (node && node->type == HONE__YAML_MAP)
        node = hone__yaml_get(node, "type");
    *type = node && node->text ? node->text : NULL;
    return HONE_OK;
}

static hone_status fill_reference(const hone__fill *fill, const hone_param *row, const char *path, const hone__yaml *node,
                                  void *field, hone__yaml **complete, hone_error *err)
{
    hone__section section;
    const char *type;
    HONE_TRY(default_type(fill, row, &type, err));
    HONE_TRY(hone__fill_plugin(fill, path, (hone_kind)row->plugin_kind, NULL, node, type, &section, err));
    *complete = section.node;
    if (!section.plugin)
        return HONE_OK;
    const hone_self *instance = hone__instance(fill->arena, NULL, section.plugin->table, section.params, 0, NULL, NULL);
    *(const hone_self **)field = instance;
    return instance ? HONE_OK : hone_no_memory(err, "making a plugin's instance");
}

static hone_status fill_table(const hone__fill *fill, const hone_param *row, const char *path, const hone__yaml *node,
                              void *field, hone__yaml **complete, hone_error *err)
{
    hone__yaml *defaults = NULL;
    if (node->type != HONE__YAML_MAP) {
        hone__issue_value(fill, row, path, node);
        *complete = hone__yaml_copy(fill->arena, node);
        return *complete ? HONE_OK : hone_no_memory(err, "reading a setting");
    }
    if (row->def_text)
        HONE_TRY(parse_default(fill, row, &defaults, err));
    *complete = hone__yaml_new_map(fill->arena);
    if (!*complete)
        return hone_no_memory(err, "reading settings");
    hone__placed(*complete, node);
    const hone__group group = {row->rows, row->n_rows, field};
    return hone__fill_groups(fill, path, &group, 1, NULL, node, defaults, *complete, err);
}

hone_status hone__fill_item(const hone__fill *fill, const hone_param *row, const char *path, const hone__yaml *node,
                            void *field, hone__yaml **complete, hone_error *err)
{
    if (row->type == HONE_TABLE)
        return fill_table(fill, row, path, node, field, complete, err);
    if (row->type == HONE_PLUGIN)
        return fill_reference(fill, row, path, node, field, complete, err);
    return hone__fill_scalar(fill, row, path, node, field, complete, err);
}

/* ---- Lists and maps ---------------------------------------------------------------------------------------------- */

static void check_count(const hone__fill *fill, const hone_param *row, const char *path, const hone__yaml *node)
{
    if (node->n < row->min_items)
        hone__issue_at(fill->issues, node, "%s has %u items; it must have at least %llu", path, node->n,
                       (unsigned long long)row->min_items);
    else if (row->max_items && node->n > row->max_items)
        hone__issue_at(fill->issues, node, "%s has %u items; it must have at most %llu", path, node->n,
                       (unsigned long long)row->max_items);
}

static hone_status fill_list_items(const hone__fill *fill, const hone_param *row, const char *path, const hone__yaml *node,
                                   char *items, hone__yaml *complete, hone_error *err)
{
    size_t i = 0;
    for (const hone__yaml *item = node->child; item; item = item->next, i++) {
        char item_path[HONE__LONGEST_PATH];
        hone__yaml *made;
        snprintf(item_path, sizeof item_path, "%s[%zu]", path, i);
        HONE_TRY(hone__fill_item(fill, row, item_path, item, items + i * row->item_size, &made, err));
        hone__yaml_append(complete, made);
    }
    return HONE_OK;
}

static hone_status fill_map_values(const hone__fill *fill, const hone_param *row, const char *path, const hone__yaml *node,
                                   const char **keys, char *values, hone__yaml *complete, hone_error *err)
{
    size_t i = 0;
    for (const hone__yaml *value = node->child; value; value = value->next, i++) {
        char value_path[HONE__LONGEST_PATH];
        hone__yaml *made;
        hone__path_of(path, value->key, value_path, sizeof value_path);
        HONE_TRY(hone__fill_item(fill, row, value_path, value, values + i * row->item_size, &made, err));
        HONE_TRY(hone__yaml_add(fill->arena, complete, value->key, made, err));
        keys[i] = made->key;
    }
    return HONE_OK;
}

static hone_status fill_many(const hone__fill *fill, const hone_param *row, const char *path, const hone__yaml *node,
                             void *field, hone__yaml **complete, hone_error *err)
{
    const bool list = row->shape == HONE_LIST;
    if (node->type != (list ? HONE__YAML_LIST : HONE__YAML_MAP)) {
        hone__issue_value(fill, row, path, node);
        *complete = hone__yaml_copy(fill->arena, node);
        return *complete ? HONE_OK : hone_no_memory(err, "reading a setting");
    }
    check_count(fill, row, path, node);
    hone_param one = *row; /* the row of a single item, whose messages then speak of one */
    one.shape = HONE_ONE;
    one.def_text = NULL;
    char *items = hone_alloc_array(fill->arena, node->n, row->item_size);
    const char **keys = hone_alloc_array(fill->arena, node->n, sizeof *keys);
    *complete = list ? hone__yaml_new_list(fill->arena) : hone__yaml_new_map(fill->arena);
    if (!items || !keys || !*complete)
        return hone_no_memory(err, "reading a list");
    hone__placed(*complete, node);
    if (list) {
        *(hone_list *)field = (hone_list){items, node->n, row->item_size};
        return fill_list_items(fill, &one, path, node, items, *complete, err);
    }
    *(hone_map *)field = (hone_map){keys, items, node->n, row->item_size};
    return fill_map_values(fill, &one, path, node, keys, items, *complete, err);
}

hone_status hone__fill_field(const hone__fill *fill, const hone_param *row, const char *path, const hone__yaml *node,
                             void *field, hone__yaml **complete, hone_error *err)
{
    if (node->type == HONE__YAML_NULL && hone__param_may_be_null(row)) {
        *complete = hone__yaml_new_null(fill->arena);
        if (*complete)
            hone__placed(*complete, node);
        return *complete ? HONE_OK : hone_no_memory(err, "reading a setting");
    }
    if (row->shape != HONE_ONE)
        return fill_many(fill, row, path, node, field, complete, err);
    return hone__fill_item(fill, row, path, node, field, complete, err);
}

/* ---- Maps of rows ------------------------------------------------------------------------------------------------ */

static bool is_row(const hone__group *groups, size_t n_groups, const char *const *also, const char *key)
{
    for (const char *const *word = also; word && *word; word++)
        if (strcmp(*word, key) == 0)
            return true;
    for (size_t g = 0; g < n_groups; g++)
        for (size_t i = 0; i < groups[g].n; i++)
            if (strcmp(groups[g].rows[i].name, key) == 0)
                return true;
    return false;
}

static void issue_missing(const hone__fill *fill, const hone_param *row, const char *path, const hone__yaml *owner)
{
    char allowed[400];
    const bool bare = row->type == HONE_REAL && row->shape == HONE_ONE;
    hone__param_allowed(row, allowed, sizeof allowed);
    hone__issue_key(fill->issues, owner, "%s is missing; it must %s%s", path,
                    bare && strncmp(allowed, "in ", 3) == 0 ? "lie " : "be ", allowed);
}

static hone_status fill_row(const hone__fill *fill, const char *path, const hone_param *row, void *out, const hone__yaml *owner,
                            const hone__yaml *defaults, hone__yaml *complete, hone_error *err)
{
    char row_path[HONE__LONGEST_PATH];
    hone__yaml *made, *fallback = NULL;
    const hone__yaml *node = owner ? hone__yaml_get(owner, row->name) : NULL;
    hone__path_of(path, row->name, row_path, sizeof row_path);
    if (!node && defaults)
        node = hone__yaml_get(defaults, row->name);
    if (!node && (row->flags & HONE_REQUIRED)) {
        issue_missing(fill, row, row_path, owner ? owner : complete);
        return HONE_OK;
    }
    if (!node) {
        HONE_TRY(hone__param_default(fill, row, &fallback, err));
        node = fallback;
    }
    HONE_TRY(hone__fill_field(fill, row, row_path, node, (char *)out + row->offset, &made, err));
    return hone__yaml_add(fill->arena, complete, row->name, made, err);
}

hone_status hone__fill_groups(const hone__fill *fill, const char *path, const hone__group *groups, size_t n_groups,
                              const char *const *also, const hone__yaml *node, const hone__yaml *defaults, hone__yaml *complete,
                              hone_error *err)
{
    for (const hone__yaml *key = node ? node->child : NULL; key; key = key->next)
        if (!is_row(groups, n_groups, also, key->key))
            hone__issue_unknown(fill, path, groups, n_groups, also, key);
    for (size_t g = 0; g < n_groups; g++)
        for (size_t i = 0; i < groups[g].n; i++)
            HONE_TRY(fill_row(fill, path, &groups[g].rows[i], groups[g].out, node, defaults, complete, err));
    return HONE_OK;
}

hone_status hone__params_fill(const hone__fill *fill, const hone_param *rows, size_t n, const hone__yaml *node, void *out,
                              hone__yaml **complete, hone_error *err)
{
    hone__yaml *made = hone__yaml_new_map(fill->arena);
    if (!made)
        return hone_no_memory(err, "reading settings");
    if (complete)
        *complete = made;
    if (node)
        hone__placed(made, node);
    if (node && node->type != HONE__YAML_MAP) {
        char seen[160];
        hone__issue_at(fill->issues, node, "%s is %s; it must be a map", fill->path ? fill->path : "the file",
                       hone__value_shown(node, seen, sizeof seen));
        node = NULL;
    }
    const hone__group group = {rows, n, out};
    return hone__fill_groups(fill, fill->path, &group, 1, NULL, node, NULL, made, err);
}

/* ---- Plugins inside parameters ----------------------------------------------------------------------------------- */

static hone_status visit_instance(const hone_param *row, const hone_self *const *field, hone__plugin_visit visit, void *ctx,
                                  hone_error *err)
{
    hone_self *instance = (hone_self *)(uintptr_t)*field; /* the host made it, and may change it */
    if (!instance)
        return HONE_OK;
    HONE_TRY(hone__params_plugins(instance->plugin->params, instance->plugin->n_params, instance->params, visit, ctx, err));
    return visit(ctx, row, instance, err);
}

static hone_status visit_item(const hone_param *row, const void *item, hone__plugin_visit visit, void *ctx, hone_error *err)
{
    return row->type == HONE_TABLE ? hone__params_plugins(row->rows, row->n_rows, item, visit, ctx, err)
                                   : visit_instance(row, item, visit, ctx, err);
}

hone_status hone__params_plugins(const hone_param *rows, size_t n, const void *params, hone__plugin_visit visit, void *ctx,
                                 hone_error *err)
{
    for (const hone_param *row = rows; params && row < rows + n; row++) {
        const char *field = (const char *)params + row->offset, *items = field;
        uint64_t count = 1;
        if (row->type != HONE_TABLE && row->type != HONE_PLUGIN)
            continue;
        if (row->shape == HONE_LIST) {
            items = ((const hone_list *)(const void *)field)->items;
            count = ((const hone_list *)(const void *)field)->n;
        } else if (row->shape == HONE_MAP) {
            items = ((const hone_map *)(const void *)field)->values;
            count = ((const hone_map *)(const void *)field)->n;
        }
        for (uint64_t i = 0; i < count; i++)
            HONE_TRY(visit_item(row, items + i * row->item_size, visit, ctx, err));
    }
    return HONE_OK;
}
