/* sweep.c - the section `sweep`: its space in the order of its reading, and as searchers see it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "config/sweep_parts.h"

#include <math.h>
#include <string.h>

enum { MOST_DIMENSIONS = 1000 };

/* ---- The base of a sweep ----------------------------------------------------------------------------------------- */

static const hone__yaml *map_of(const hone__yaml *tree, const char *key)
{
    const hone__yaml *map = hone__yaml_get(hone__yaml_get(tree, "sweep"), key);
    return map && map->type == HONE__YAML_MAP ? map : NULL;
}

/* Must it be there? Whole sections must, and rows without a default. */
static bool is_needed(hone__loader *l, const char *path, bool sections)
{
    const hone__place place = hone__place_of(l->registry, l->base, path);
    if (sections)
        return place.what == HONE__TARGET_SECTION && place.section->sweepable;
    return place.what == HONE__TARGET_TYPE || (place.what == HONE__TARGET_ROW && (place.row->flags & HONE_REQUIRED));
}

static hone_status complete_path(hone__loader *l, const char *path, const hone__yaml *first, const hone__yaml *when,
                                 bool sections)
{
    hone_error why;
    if (!first || hone__yaml_path(l->base, path) || !is_needed(l, path, sections))
        return HONE_OK;
    if (when)
        hone__issue_at(l->issues, when,
                       "sweep.parameters.%s has a when, but the file has no %s of its own for the points that do not meet it",
                       path, path);
    if (hone__tree_set(l->arena, l->base, path, first, &why) == HONE_ENOMEM)
        return hone_no_memory(l->err, "reading a search space");
    return HONE_OK;
}

hone_status hone__sweep_complete_base(hone__loader *l)
{
    const hone__yaml *parameters = map_of(l->e->tree, "parameters"), *zip = map_of(l->e->tree, "zip");
    for (int sections = 1; sections >= 0; sections--) {
        for (const hone__yaml *p = parameters ? parameters->child : NULL; p; p = p->next)
            HONE_TRY(complete_path(l, p->key, hone__spec_first(p), hone__yaml_get(p, "when"), sections));
        for (const hone__yaml *group = zip ? zip->child : NULL; group; group = group->next) {
            const hone__yaml *first = group->type == HONE__YAML_LIST ? group->child : NULL;
            for (const hone__yaml *p = first && first->type == HONE__YAML_MAP ? first->child : NULL; p; p = p->next)
                if (strcmp(p->key, "name") != 0) /* of the choice */
                    HONE_TRY(complete_path(l, p->key, p, NULL, sections));
        }
    }
    return HONE_OK;
}

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

static size_t count_of(const hone__yaml *map)
{
    return map && map->type == HONE__YAML_MAP ? map->n : 0;
}

/* A map that must be there, or may be left out where `instead` holds something. */
static void check_map(hone__loader *l, const hone__yaml *node, const char *key, const char *what, size_t instead)
{
    char seen[160];
    const hone__yaml *map = hone__yaml_get(node, key);
    if (!map && instead == 0)
        hone__issue_key(l->issues, node, "sweep.%s is missing; it must be a map from %s", key, what);
    else if (map && (map->type != HONE__YAML_MAP || (map->n == 0 && instead == 0)))
        hone__issue_at(l->issues, map, "sweep.%s is %s; it must be a map from %s", key,
                       map->type == HONE__YAML_MAP ? "an empty map" : hone__value_shown(map, seen, sizeof seen), what);
}

static hone_status read_parameters(hone__loader *l, const hone__yaml *parameters)
{
    hone__sweep_config *sweep = l->e->sweep;
    for (const hone__yaml *p = count_of(parameters) ? parameters->child : NULL; p; p = p->next) {
        const char **paths = hone_alloc(l->arena, sizeof *paths);
        if (!paths)
            return hone_no_memory(l->err, "reading a search space");
        paths[0] = p->key;
        sweep->dimensions[sweep->n_dimensions++] =
            (hone__sweep_dimension){.path = p->key, .paths = paths, .n_paths = 1, .node = p};
    }
    return HONE_OK;
}

/* Points are tried in copies of the base, which need of the sweep no more than the metric's name. */
static hone_status shed_sweep(hone__loader *l)
{
    const hone__yaml *name = hone__yaml_path(l->base, "sweep.metric.name");
    hone__yaml *base = hone__yaml_copy(l->arena, l->base);
    if (!base)
        return hone_no_memory(l->err, "reading a search space");
    hone__tree_remove(base, "sweep");
    l->base = base;
    return name ? hone__yaml_set(l->arena, base, "sweep.metric.name", name, l->err) : HONE_OK;
}

static hone_status read_space(hone__loader *l, const hone__yaml *node)
{
    const hone__yaml *parameters = hone__yaml_get(node, "parameters"), *zip = hone__yaml_get(node, "zip");
    const size_t n = count_of(parameters) + count_of(zip);
    bool circular;
    check_map(l, node, "parameters", "paths (optimizer.learning_rate) to their values", count_of(zip));
    check_map(l, node, "zip", "names to lists of settings that go together", 1);
    if (n > MOST_DIMENSIONS) {
        hone__issue_key(l->issues, node, "sweep has %zu parameters and groups; there can be at most %d", n, MOST_DIMENSIONS);
        return HONE_OK;
    }
    l->e->sweep->dimensions = hone_alloc_array(l->arena, n, sizeof *l->e->sweep->dimensions);
    if (!l->e->sweep->dimensions)
        return hone_no_memory(l->err, "reading a search space");
    HONE_TRY(read_parameters(l, parameters));
    HONE_TRY(hone__sweep_read_zip(l, zip));
    HONE_TRY(hone__sweep_read_conditions(l, hone__yaml_get(node, "constraints")));
    HONE_TRY(hone__sweep_order(l, &circular));
    HONE_TRY(shed_sweep(l));
    if (!circular)
        HONE_TRY(hone__sweep_check_paths(l));
    if (l->issues->n == 0)
        HONE_TRY(hone__sweep_check_conditions(l));
    return l->issues->n == 0 ? hone__sweep_check_choices(l) : HONE_OK;
}

/* The space stands in the complete configuration as it was written. */
static hone_status copy_space(hone__loader *l, const hone__yaml *node, hone__yaml *complete)
{
    static const char *const keys[] = {"parameters", "zip", "constraints"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const hone__yaml *written = hone__yaml_get(node, keys[i]);
        hone__yaml *copy = written ? hone__yaml_copy(l->arena, written) : NULL;
        if (written && !copy)
            return hone_no_memory(l->err, "reading a sweep");
        if (copy)
            HONE_TRY(hone__yaml_add(l->arena, complete, keys[i], copy, l->err));
    }
    return HONE_OK;
}

hone_status hone__sweep_fill(hone__loader *l, const hone__yaml *node, hone__yaml **complete)
{
    char seen[160];
    l->e->sweep = hone_alloc(l->arena, sizeof *l->e->sweep);
    *complete = hone__yaml_new_map(l->arena);
    if (!l->e->sweep || !*complete)
        return hone_no_memory(l->err, "reading a sweep");
    hone__placed(*complete, node);
    if (node->type != HONE__YAML_MAP) {
        hone__issue_at(l->issues, node, "sweep is %s; it must be a map", hone__value_shown(node, seen, sizeof seen));
        return HONE_OK;
    }
    HONE_TRY(hone__sweep_settings(l, node, *complete));
    HONE_TRY(read_space(l, node));
    return copy_space(l, node, *complete);
}

/* ---- For searchers ----------------------------------------------------------------------------------------------- */

static bool active(const void *host, const double *point, uint64_t d)
{
    const hone__sweep_config *sweep = host;
    const hone__sweep_dimension *dimension = &sweep->dimensions[d];
    if (dimension->exists && !dimension->exists[hone__sweep_combination(sweep, &dimension->above, point)])
        return false;
    return !dimension->when || hone__condition_truth(sweep, dimension->when, point) > 0;
}

static bool allowed(const void *host, const double *point)
{
    const hone__sweep_config *sweep = host;
    for (size_t i = 0; i < sweep->n_constraints; i++)
        if (hone__condition_truth(sweep, &sweep->constraints[i], point) == 0)
            return false;
    return true;
}

const char *hone__sweep_choice_name(const hone__sweep_dimension *d, const hone__yaml *value)
{
    for (uint32_t i = 0; d->names && i < d->dimension.n_choices; i++)
        if (d->values[i] == value)
            return d->names[i];
    return NULL;
}

hone_space hone__sweep_space(hone_arena *arena, const hone__sweep_config *sweep)
{
    bool conditions = false;
    hone_dimension *dimensions = hone_alloc_array(arena, sweep->n_dimensions, sizeof *dimensions);
    for (size_t i = 0; dimensions && i < sweep->n_dimensions; i++) {
        dimensions[i] = sweep->dimensions[i].dimension;
        conditions |= sweep->dimensions[i].exists || sweep->dimensions[i].when;
    }
    return (hone_space){.size = sizeof(hone_space),
                        .n = sweep->n_dimensions,
                        .dimensions = dimensions,
                        .dimension_size = sizeof *dimensions,
                        .active = conditions ? active : NULL,
                        .allowed = sweep->n_constraints ? allowed : NULL,
                        .host = sweep};
}

/* Above it, doubles are no longer next to each other. */
#define LARGEST_INTEGER 9007199254740992.0

static bool is_choice(const hone_dimension *d, double x)
{
    return x >= 0 && x < d->n_choices && x == floor(x);
}

hone_status hone__sweep_values(hone_arena *arena, const hone__sweep_config *sweep, const double *x, const hone__yaml ***values,
                               hone_error *err)
{
    *values = hone_alloc_array(arena, sweep->n_dimensions, sizeof **values);
    if (!*values)
        return hone_no_memory(err, "writing a point");
    for (size_t i = 0; i < sweep->n_dimensions; i++) {
        const hone__sweep_dimension *d = &sweep->dimensions[i];
        if (isnan(x[i]))
            continue;
        if (d->dimension.distribution == HONE_CATEGORICAL && !is_choice(&d->dimension, x[i]))
            return hone_fail(err, HONE_EPLUGIN, "the searcher gave choice %g of %s, which has %u", x[i], d->path,
                             (unsigned)d->dimension.n_choices);
        if (!isfinite(x[i]) || (d->integer && fabs(x[i]) > LARGEST_INTEGER))
            return hone_fail(err, HONE_EPLUGIN, "the searcher gave %g for %s, which is no value for it", x[i], d->path);
        if (d->dimension.distribution == HONE_CATEGORICAL)
            (*values)[i] = d->values[(size_t)x[i]];
        else
            (*values)[i] = d->integer ? hone__yaml_new_int(arena, llround(x[i])) : hone__yaml_new_real(arena, x[i]);
        if (!(*values)[i])
            return hone_no_memory(err, "writing a point");
    }
    return HONE_OK;
}
