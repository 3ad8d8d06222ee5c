/* sweep.c - the section `sweep`: its dimensions, and the space that searchers see.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "config/sweep_parts.h"

#include <math.h>
#include <string.h>

enum { MOST_DIMENSIONS = 1000 };

/* ---- The base of a sweep ----------------------------------------------------------------------------------------- */

static const hone__yaml *parameters_of(const hone__yaml *tree)
{
    const hone__yaml *parameters = hone__yaml_get(hone__yaml_get(tree, "sweep"), "parameters");
    return parameters && parameters->type == HONE__YAML_MAP ? parameters : NULL;
}

/* Must it be there? Whole sections must, and rows without a default. */
static bool is_needed(hone__loader *l, const char *path, bool sections)
{
    const hone__place place = hone__place_of(l->registry, l->base, path);
    if (sections)
        return place.what == HONE__TARGET_SECTION && place.section->sweepable;
    return place.what == HONE__TARGET_TYPE || (place.what == HONE__TARGET_ROW && (place.row->flags & HONE_REQUIRED));
}

hone_status hone__sweep_complete_base(hone__loader *l)
{
    const hone__yaml *parameters = parameters_of(l->e->tree);
    for (int sections = 1; parameters && sections >= 0; sections--)
        for (const hone__yaml *p = parameters->child; p; p = p->next) {
            const hone__yaml *first = hone__spec_first(p);
            hone_error why;
            if (!first || hone__yaml_path(l->base, p->key) || !is_needed(l, p->key, sections))
                continue;
            if (hone__tree_set(l->arena, l->base, p->key, first, &why) == HONE_ENOMEM)
                return hone_no_memory(l->err, "reading a search space");
        }
    return HONE_OK;
}

/* ---- Dimensions -------------------------------------------------------------------------------------------------- */

bool hone__path_below(const char *path, const char *above)
{
    size_t n = strlen(above);
    if (strcmp(path, above) == 0)
        return false;
    if (n > 5 && strcmp(above + n - 5, ".type") == 0)
        n -= 5;
    return strncmp(path, above, n) == 0 && path[n] == '.';
}

/* Puts an entry behind all that it lies below; entries are few, and lie at most a few deep. */
static void place(hone__sweep_config *sweep, const hone__yaml *const *entries, bool *placed, size_t n, size_t i)
{
    if (placed[i])
        return;
    placed[i] = true;
    for (size_t j = 0; j < n; j++)
        if (hone__path_below(entries[i]->key, entries[j]->key))
            place(sweep, entries, placed, n, j);
    sweep->dimensions[sweep->n_dimensions++] = (hone__sweep_dimension){.path = entries[i]->key, .node = entries[i]};
}

static hone_status order_dimensions(hone__loader *l, const hone__yaml *parameters)
{
    const size_t n = parameters->n;
    hone__sweep_config *sweep = l->e->sweep;
    const hone__yaml **entries = hone_alloc_array(l->arena, n, sizeof *entries);
    bool *placed = hone_alloc_array(l->arena, n, sizeof *placed);
    sweep->dimensions = hone_alloc_array(l->arena, n, sizeof *sweep->dimensions);
    if (!entries || !placed || !sweep->dimensions)
        return hone_no_memory(l->err, "reading a search space");
    size_t i = 0;
    for (const hone__yaml *p = parameters->child; p; p = p->next)
        entries[i++] = p;
    for (i = 0; i < n; i++)
        place(sweep, entries, placed, n, i);
    return HONE_OK;
}

static hone_status read_parameters(hone__loader *l, const hone__yaml *node)
{
    char seen[160];
    const hone__yaml *parameters = hone__yaml_get(node, "parameters");
    if (!parameters) {
        hone__issue_key(l->issues, node,
                        "sweep.parameters is missing; it must be a map from paths (optimizer.learning_rate) to "
                        "their values");
        return HONE_OK;
    }
    if (parameters->type != HONE__YAML_MAP || parameters->n == 0) {
        hone__issue_at(l->issues, parameters,
                       "sweep.parameters is %s; it must be a map from paths (optimizer.learning_rate) to "
                       "their values",
                       parameters->type == HONE__YAML_MAP ? "an empty map" : hone__value_shown(parameters, seen, sizeof seen));
        return HONE_OK;
    }
    if (parameters->n > MOST_DIMENSIONS) {
        hone__issue_at(l->issues, parameters, "sweep.parameters has %u paths; there can be at most %d", (unsigned)parameters->n,
                       MOST_DIMENSIONS);
        return HONE_OK;
    }
    HONE_TRY(order_dimensions(l, parameters));
    HONE_TRY(hone__sweep_check_paths(l));
    return l->issues->n == 0 ? hone__sweep_check_choices(l) : HONE_OK;
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
    HONE_TRY(read_parameters(l, node));
    const hone__yaml *parameters = hone__yaml_get(node, "parameters");
    hone__yaml *copy = parameters ? hone__yaml_copy(l->arena, parameters) : hone__yaml_new_map(l->arena);
    return copy ? hone__yaml_add(l->arena, *complete, "parameters", copy, l->err) : hone_no_memory(l->err, "reading a sweep");
}

/* ---- For searchers ----------------------------------------------------------------------------------------------- */

static bool active(const void *host, const double *point, uint64_t d)
{
    const hone__sweep_config *sweep = host;
    const hone__sweep_dimension *dimension = &sweep->dimensions[d];
    size_t at = 0, step = 1;
    for (size_t i = 0; i < dimension->n_above; i++) {
        const double x = point[dimension->above[i]];
        at += isnan(x) ? 0 : step * (size_t)x; /* an inactive one changes nothing, so its entries are all alike */
        step *= sweep->dimensions[dimension->above[i]].dimension.n_choices;
    }
    return !dimension->exists || dimension->exists[at];
}

hone_space hone__sweep_space(hone_arena *arena, const hone__sweep_config *sweep)
{
    hone_dimension *dimensions = hone_alloc_array(arena, sweep->n_dimensions, sizeof *dimensions);
    for (size_t i = 0; dimensions && i < sweep->n_dimensions; i++)
        dimensions[i] = sweep->dimensions[i].dimension;
    return (hone_space){.size = sizeof(hone_space),
                        .n = sweep->n_dimensions,
                        .dimensions = dimensions,
                        .dimension_size = sizeof *dimensions,
                        .active = active,
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
