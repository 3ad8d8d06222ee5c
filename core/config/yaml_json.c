/* yaml_json.c - settings between YAML trees and JSON.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "config/yaml_json.h"

#include <math.h>
#include <string.h>

/* ---- To JSON ----------------------------------------------------------------------------------------------------- */

static json_t *list_json(const hone__yaml *node)
{
    json_t *list = json_array();
    for (const hone__yaml *child = node->child; list && child; child = child->next)
        if (json_array_append_new(list, hone__json_of_yaml(child)) != 0) {
            json_decref(list);
            return NULL;
        }
    return list;
}

static json_t *map_json(const hone__yaml *node)
{
    json_t *map = json_object();
    for (const hone__yaml *child = node->child; map && child; child = child->next)
        if (json_object_set_new(map, child->key, hone__json_of_yaml(child)) != 0) {
            json_decref(map);
            return NULL;
        }
    return map;
}

static json_t *real_json(double x)
{
    if (isfinite(x))
        return json_real(x);
    return json_string(isnan(x) ? ".nan" : x > 0 ? ".inf" : "-.inf");
}

json_t *hone__json_of_yaml(const hone__yaml *node)
{
    switch (node->type) {
    case HONE__YAML_BOOL:
        return json_boolean(node->truth);
    case HONE__YAML_INT:
        return json_integer(node->integer);
    case HONE__YAML_REAL:
        return real_json(node->real);
    case HONE__YAML_STRING:
        return json_string(node->text);
    case HONE__YAML_LIST:
        return list_json(node);
    case HONE__YAML_MAP:
        return map_json(node);
    default:
        return json_null();
    }
}

/* ---- From JSON --------------------------------------------------------------------------------------------------- */

static hone__yaml *node_of_text(hone_arena *arena, const char *text)
{
    if (strcmp(text, ".inf") == 0 || strcmp(text, "-.inf") == 0)
        return hone__yaml_new_real(arena, *text == '-' ? -INFINITY : INFINITY);
    return strcmp(text, ".nan") == 0 ? hone__yaml_new_real(arena, NAN) : hone__yaml_new_text(arena, text);
}

static hone__yaml *node_of(hone_arena *arena, const json_t *json)
{
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        return hone__yaml_new_map(arena);
    case JSON_ARRAY:
        return hone__yaml_new_list(arena);
    case JSON_STRING:
        return node_of_text(arena, json_string_value(json));
    case JSON_INTEGER:
        return hone__yaml_new_int(arena, json_integer_value(json));
    case JSON_REAL:
        return hone__yaml_new_real(arena, json_real_value(json));
    case JSON_TRUE:
    case JSON_FALSE:
        return hone__yaml_new_bool(arena, json_is_true(json));
    default:
        return hone__yaml_new_null(arena);
    }
}

static hone_status convert(hone_arena *arena, const json_t *json, const char *origin, hone__yaml **node, hone_error *err)
{
    hone__yaml *child;
    *node = node_of(arena, json);
    if (!*node)
        return hone_no_memory(err, "reading settings");
    (*node)->origin = origin;
    for (size_t i = 0; json_is_array(json) && i < json_array_size(json); i++) {
        HONE_TRY(convert(arena, json_array_get(json, i), origin, &child, err));
        hone__yaml_append(*node, child);
    }
    if (!json_is_object(json))
        return HONE_OK;
    for (void *it = json_object_iter((json_t *)(uintptr_t)json); it;
         it = json_object_iter_next((json_t *)(uintptr_t)json, it)) {
        HONE_TRY(convert(arena, json_object_iter_value(it), origin, &child, err));
        HONE_TRY(hone__yaml_add(arena, *node, json_object_iter_key(it), child, err));
    }
    return HONE_OK;
}

hone_status hone__yaml_of_json(hone_arena *arena, const json_t *json, const char *origin, hone__yaml **node, hone_error *err)
{
    const char *name = hone_strdup(arena, origin);
    if (!name)
        return hone_no_memory(err, "reading settings");
    return convert(arena, json, name, node, err);
}
