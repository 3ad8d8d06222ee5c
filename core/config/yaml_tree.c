/* yaml_tree.c - finding, comparing, copying, changing and making nodes of a YAML tree.
 *
 * Trees are at most HONE__YAML_MAX_DEPTH deep where they come from a file, so that walking them may recurse.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "config/yaml_parts.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- Finding ----------------------------------------------------------------------------------------------------- */

static hone__yaml *find(const hone__yaml *map, const char *key, size_t length)
{
    if (map == NULL || map->type != HONE__YAML_MAP)
        return NULL;
    for (hone__yaml *child = map->child; child != NULL; child = child->next)
        if (strncmp(child->key, key, length) == 0 && child->key[length] == '\0')
            return child;
    return NULL;
}

hone__yaml *hone__yaml_get(const hone__yaml *map, const char *key)
{
    return find(map, key, strlen(key));
}

hone__yaml *hone__yaml_path(const hone__yaml *map, const char *path)
{
    size_t length = strcspn(path, ".");
    hone__yaml *node = find(map, path, length);
    while (node != NULL && path[length] == '.') {
        path += length + 1;
        length = strcspn(path, ".");
        node = find(node, path, length);
    }
    return node;
}

/* ---- Comparing --------------------------------------------------------------------------------------------------- */

/* Children are mostly in one order, so the search for a key goes on behind the last one found. */
static bool maps_equal(const hone__yaml *a, const hone__yaml *b)
{
    const hone__yaml *guess = b->child;
    for (const hone__yaml *x = a->child; x != NULL; x = x->next) {
        const hone__yaml *y = guess != NULL && strcmp(guess->key, x->key) == 0 ? guess : hone__yaml_get(b, x->key);
        if (y == NULL || !hone__yaml_equal(x, y))
            return false;
        guess = y->next;
    }
    return true;
}

static bool lists_equal(const hone__yaml *a, const hone__yaml *b)
{
    const hone__yaml *y = b->child;
    for (const hone__yaml *x = a->child; x != NULL; x = x->next, y = y->next)
        if (y == NULL || !hone__yaml_equal(x, y))
            return false;
    return y == NULL;
}

bool hone__yaml_equal(const hone__yaml *a, const hone__yaml *b)
{
    if (a->type != b->type || a->n != b->n)
        return false;
    switch (a->type) {
    case HONE__YAML_NULL:
        return true;
    case HONE__YAML_BOOL:
        return a->truth == b->truth;
    case HONE__YAML_INT:
        return a->integer == b->integer;
    case HONE__YAML_REAL:
        return a->real == b->real || (isnan(a->real) && isnan(b->real));
    case HONE__YAML_STRING:
        return strcmp(a->text, b->text) == 0;
    case HONE__YAML_LIST:
        return lists_equal(a, b);
    case HONE__YAML_MAP:
        return maps_equal(a, b);
    }
    return false;
}

/* ---- Making ------------------------------------------------------------------------------------------------------ */

static hone__yaml *new_node(hone_arena *arena, hone__yaml_type type, const char *text)
{
    hone__yaml *node = hone_alloc(arena, sizeof *node);
    char *copy = text != NULL ? hone_strdup(arena, text) : NULL;
    if (node == NULL || (text != NULL && copy == NULL))
        return NULL;
    node->type = type;
    node->origin = "default";
    node->text = copy;
    return node;
}

hone__yaml *hone__yaml_new_map(hone_arena *arena)
{
    return new_node(arena, HONE__YAML_MAP, NULL);
}

hone__yaml *hone__yaml_new_list(hone_arena *arena)
{
    return new_node(arena, HONE__YAML_LIST, NULL);
}

hone__yaml *hone__yaml_new_text(hone_arena *arena, const char *text)
{
    return new_node(arena, HONE__YAML_STRING, text);
}

hone__yaml *hone__yaml_new_int(hone_arena *arena, int64_t value)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)value);
    hone__yaml *node = new_node(arena, HONE__YAML_INT, text);
    if (node != NULL) {
        node->integer = value;
        node->real = (double)value;
    }
    return node;
}

hone__yaml *hone__yaml_new_real(hone_arena *arena, double value)
{
    hone__str text = {0};
    hone__str_add_real(&text, value);
    hone__yaml *node = text.failed ? NULL : new_node(arena, HONE__YAML_REAL, hone__str_text(&text));
    hone__str_clear(&text);
    if (node != NULL)
        node->real = value;
    return node;
}

hone__yaml *hone__yaml_new_bool(hone_arena *arena, bool value)
{
    hone__yaml *node = new_node(arena, HONE__YAML_BOOL, value ? "true" : "false");
    if (node != NULL)
        node->truth = value;
    return node;
}

hone__yaml *hone__yaml_new_null(hone_arena *arena)
{
    return new_node(arena, HONE__YAML_NULL, "null");
}

void hone__yaml_append(hone__yaml *list, hone__yaml *child)
{
    hone__yaml **link = &list->child;
    while (*link != NULL)
        link = &(*link)->next;
    *link = child;
    child->next = NULL;
    list->n++;
}

hone_status hone__yaml_add(hone_arena *arena, hone__yaml *map, const char *key, hone__yaml *child, hone_error *err)
{
    char at[300], shown[80];
    if (map->type != HONE__YAML_MAP)
        return hone_fail(err, HONE_EINVAL, "%s'%s' is to be added to %s; only a map has keys",
                         hone__yaml_at(map, at, sizeof at), hone__shown(key, shown, sizeof shown),
                         hone__yaml_type_name(map->type));
    if (hone__yaml_get(map, key) != NULL)
        return hone_fail(err, HONE_EEXIST, "%sthe key '%s' is there already; a map has each key once",
                         hone__yaml_at(map, at, sizeof at), hone__shown(key, shown, sizeof shown));
    child->key = hone_strdup(arena, key);
    if (child->key == NULL)
        return hone_no_memory(err, "adding a key");
    hone__yaml_append(map, child);
    return HONE_OK;
}

/* ---- Copying ----------------------------------------------------------------------------------------------------- */

static bool copy_text(hone_arena *arena, const char **text)
{
    if (*text == NULL)
        return true;
    *text = hone_strdup(arena, *text);
    return *text != NULL;
}

static hone__yaml *copy_children(hone_arena *arena, const hone__yaml *node, hone__yaml *copy)
{
    hone__yaml **link = &copy->child;
    for (const hone__yaml *child = node->child; child != NULL; child = child->next) {
        *link = hone__yaml_copy(arena, child);
        if (*link == NULL)
            return NULL;
        link = &(*link)->next;
    }
    return copy;
}

hone__yaml *hone__yaml_copy(hone_arena *arena, const hone__yaml *node)
{
    hone__yaml *copy = hone_alloc(arena, sizeof *copy);
    if (copy == NULL)
        return NULL;
    *copy = *node;
    copy->child = copy->next = NULL;
    if (!copy_text(arena, &copy->origin) || !copy_text(arena, &copy->text) || !copy_text(arena, &copy->key))
        return NULL;
    return copy_children(arena, node, copy);
}

/* ---- Setting a path ---------------------------------------------------------------------------------------------- */

static size_t depth_of(const hone__yaml *node)
{
    size_t deepest = 0;
    if (node->type != HONE__YAML_LIST && node->type != HONE__YAML_MAP)
        return 0;
    for (const hone__yaml *child = node->child; child != NULL; child = child->next) {
        size_t depth = depth_of(child);
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest + 1;
}

static hone_status check_path(const char *path, const hone__yaml *value, hone_error *err)
{
    char at[300], shown[120];
    size_t steps = 1;
    bool hollow = *path == '\0' || *path == '.';
    for (const char *p = path; *p != '\0'; p++) {
        steps += *p == '.';
        hollow = hollow || (*p == '.' && (p[1] == '.' || p[1] == '\0'));
    }
    if (hollow)
        return hone_fail(err, HONE_EINVAL, "%s'%s' is no path; a path is names with a dot between them, as in optimizer.type",
                         hone__yaml_at(value, at, sizeof at), hone__shown(path, shown, sizeof shown));
    if (steps + depth_of(value) > HONE__YAML_MAX_DEPTH)
        return hone_fail(err, HONE_EINVAL, "%s'%s' would be nested more than %d deep", hone__yaml_at(value, at, sizeof at),
                         hone__shown(path, shown, sizeof shown), HONE__YAML_MAX_DEPTH);
    return HONE_OK;
}

/* The node for `path`: a copy of the value, in a map of its own for every step but the first. */
static hone__yaml *make_branch(hone_arena *arena, const char *path, const hone__yaml *value)
{
    size_t length = strcspn(path, ".");
    hone__yaml *node = NULL;
    if (path[length] == '\0') {
        node = hone__yaml_copy(arena, value);
    } else if ((node = hone__yaml_new_map(arena)) != NULL) {
        hone__yaml *child = make_branch(arena, path + length + 1, value);
        if (child == NULL)
            return NULL;
        node->line = value->line;
        node->column = value->column;
        node->origin = child->origin;
        hone__yaml_append(node, child);
    }
    if (node == NULL)
        return NULL;
    node->key = hone_strndup(arena, path, length);
    node->key_line = value->line;
    node->key_column = value->column;
    return node->key != NULL ? node : NULL;
}

static void replace_child(hone__yaml *map, const hone__yaml *old, hone__yaml *fresh)
{
    hone__yaml **link = &map->child;
    while (*link != old)
        link = &(*link)->next;
    fresh->next = old->next;
    *link = fresh;
}

/* What is missing is made first and hung in last, so that a failure changes nothing. */
hone_status hone__yaml_set(hone_arena *arena, hone__yaml *map, const char *path, const hone__yaml *value, hone_error *err)
{
    char at[300], shown[120], where[300];
    HONE_TRY(check_path(path, value, err));
    const char *rest = path;
    size_t length = strcspn(rest, ".");
    hone__yaml *old = find(map, rest, length);
    while (map->type == HONE__YAML_MAP && old != NULL && rest[length] == '.' && old->type != HONE__YAML_NULL) {
        map = old;
        rest += length + 1;
        length = strcspn(rest, ".");
        old = find(map, rest, length);
    }
    if (map->type != HONE__YAML_MAP)
        return hone_fail(err, HONE_ECONFIG, "%s'%s' cannot be set: '%.*s' is %s (%sset there), and only a map has keys",
                         hone__yaml_at(value, at, sizeof at), hone__shown(path, shown, sizeof shown),
                         rest > path ? (int)(rest - path - 1) : 0, path, hone__yaml_type_name(map->type),
                         hone__yaml_at(map, where, sizeof where));
    hone__yaml *fresh = make_branch(arena, rest, value);
    if (fresh == NULL)
        return hone_no_memory(err, "setting a value");
    if (old != NULL)
        replace_child(map, old, fresh);
    else
        hone__yaml_append(map, fresh);
    return HONE_OK;
}

/* ---- Naming ------------------------------------------------------------------------------------------------------ */

static const char *place_text(const char *origin, uint32_t line, uint32_t column, char *out, size_t size)
{
    char name[200];
    hone__shown(origin != NULL ? origin : "", name, sizeof name);
    if (line > 0)
        snprintf(out, size, "%s:%u:%u: ", name, (unsigned)line, (unsigned)column);
    else
        snprintf(out, size, "%s%s", name, *name != '\0' ? ": " : "");
    return out;
}

const char *hone__yaml_at(const hone__yaml *node, char *out, size_t size)
{
    return place_text(node->origin, node->line, node->column, out, size);
}

const char *hone__yaml_key_at(const hone__yaml *node, char *out, size_t size)
{
    return node->key_line > 0 ? place_text(node->origin, node->key_line, node->key_column, out, size)
                              : hone__yaml_at(node, out, size);
}

const char *hone__yaml_type_name(hone__yaml_type type)
{
    static const char *const names[] = {
        [HONE__YAML_NULL] = "null",   [HONE__YAML_BOOL] = "a boolean",  [HONE__YAML_INT] = "an integer",
        [HONE__YAML_REAL] = "a real", [HONE__YAML_STRING] = "a string", [HONE__YAML_LIST] = "a list",
        [HONE__YAML_MAP] = "a map",
    };
    return (unsigned)type < sizeof names / sizeof *names ? names[type] : "an unknown thing";
}
