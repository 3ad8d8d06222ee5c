/* paths.c - what a dotted path of the experiment names: a row, a whole section, or the type of a plugin.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "config/experiment_parts.h"

#include <stdio.h>
#include <string.h>

/* Where a walk along a path stands. */
typedef struct walk {
    hone__registry *registry;
    const char *rest;       /* of the path */
    const hone__yaml *node; /* may be NULL: nothing is written there */
    hone__place place;
} walk;

static void enter(walk *w, const hone_param *first, size_t n_first, const hone_param *second, size_t n_second)
{
    w->place.rows[0] = first;
    w->place.n_rows[0] = n_first;
    w->place.rows[1] = second;
    w->place.n_rows[1] = n_second;
}

/* The plugin that a node names, or its default does; NULL where there is none or it cannot be loaded (which others report). */
static const hone__plugin *plugin_of(hone__registry *registry, hone_kind kind, const hone__yaml *node, const char *default_type)
{
    const hone__yaml *type = node && node->type == HONE__YAML_MAP ? hone__yaml_get(node, "type") : node;
    const char *name = type && type->type == HONE__YAML_STRING ? type->text : default_type;
    const hone__plugin *plugin = NULL;
    hone_error err;
    if (node && node->type == HONE__YAML_MAP && type && type->type == HONE__YAML_NULL)
        name = "null";
    if (!name || !registry || hone__registry_find(registry, kind, name, &plugin, &err) != HONE_OK)
        return NULL;
    return plugin;
}

static const hone_param *find_row(const walk *w, const char *name, size_t length)
{
    for (size_t g = 0; g < 2; g++)
        for (size_t i = 0; i < w->place.n_rows[g]; i++) {
            const hone_param *row = &w->place.rows[g][i];
            if (strncmp(row->name, name, length) == 0 && row->name[length] == '\0')
                return row;
        }
    return NULL;
}

static const hone__yaml *child_of(const hone__yaml *map, const char *key, size_t length)
{
    for (const hone__yaml *child = map && map->type == HONE__YAML_MAP ? map->child : NULL; child; child = child->next)
        if (strncmp(child->key, key, length) == 0 && child->key[length] == '\0')
            return child;
    return NULL;
}

static void leave_into(walk *w, size_t length)
{
    const size_t n = strlen(w->place.owner);
    snprintf(w->place.owner + n, sizeof w->place.owner - n, "%s%.*s", n ? "." : "", (int)length, w->rest);
    w->node = child_of(w->node, w->rest, length);
    w->rest += length + (w->rest[length] == '.');
}

/* A default of a reference in words: "adamw", or the type of "{type: adamw, ...}" where that is all we can see. */
static const char *default_type_of(const hone_param *row)
{
    return row->def_text && row->def_text[0] != '{' ? row->def_text : NULL;
}

/* Goes on inside a plugin: its own rows, after those common to its kind. */
static void enter_plugin(walk *w, hone_kind kind, const hone__common *common, const char *default_type)
{
    w->place.kind = kind;
    w->place.plugin = plugin_of(w->registry, kind, w->node, default_type);
    const hone_plugin *table = w->place.plugin ? w->place.plugin->table : NULL;
    enter(w, common ? common->rows : NULL, common ? common->n : 0, table ? table->params : NULL, table ? table->n_params : 0);
}

static void walk_rows(walk *w, bool in_plugin)
{
    const size_t length = strcspn(w->rest, ".");
    if (in_plugin && strcmp(w->rest, "type") == 0) {
        w->place.what = HONE__TARGET_TYPE;
        return;
    }
    const hone_param *row = find_row(w, w->rest, length);
    snprintf(w->place.missing, sizeof w->place.missing, "%.*s", row ? 0 : (int)length, w->rest);
    if (!row)
        return;
    if (w->rest[length] == '\0') {
        w->place.what = HONE__TARGET_ROW;
        w->place.row = row;
        return;
    }
    if (row->shape != HONE_ONE || (row->type != HONE_TABLE && row->type != HONE_PLUGIN)) {
        leave_into(w, length);
        enter(w, NULL, 0, NULL, 0);
        snprintf(w->place.missing, sizeof w->place.missing, "%s", w->rest);
        return;
    }
    leave_into(w, length);
    if (row->type == HONE_TABLE)
        enter(w, row->rows, row->n_rows, NULL, 0);
    else
        enter_plugin(w, (hone_kind)row->plugin_kind, NULL, default_type_of(row));
    walk_rows(w, row->type == HONE_PLUGIN);
}

hone__place hone__place_of(hone__registry *registry, const hone__yaml *tree, const char *path)
{
    walk w = {.registry = registry, .rest = path, .node = tree};
    const size_t length = strcspn(path, ".");
    const hone__section_row *section = hone__section_row_of(path, length);
    enter(&w, hone__top_rows.rows, hone__top_rows.n, NULL, 0);
    if (section && path[length] == '\0') {
        w.place.what = HONE__TARGET_SECTION;
        w.place.section = section;
        w.place.kind = section->kind;
    } else if (section) {
        leave_into(&w, length);
        w.place.section = section;
        enter_plugin(&w, section->kind, &hone__common_rows[section->kind], section->default_type);
        walk_rows(&w, true);
    } else if (strncmp(path, "trainer.", 8) == 0) {
        leave_into(&w, length);
        enter(&w, hone__trainer_rows.rows, hone__trainer_rows.n, NULL, 0);
        walk_rows(&w, false);
    } else {
        walk_rows(&w, false);
    }
    return w.place;
}
