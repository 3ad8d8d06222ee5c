/* sweep_paths.c - the paths of a search space against the tables: what they name, and whether it takes their values.
 *
 * Which rows there are depends on the plugins that a point chooses. So a path is looked up in every combination of the choices that
 * lie above it; it must exist in one at least, and is inactive in the others.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "config/sweep_parts.h"

#include <math.h>
#include <string.h>

/* ---- What a path names ------------------------------------------------------------------------------------------- */

void hone__sweep_no_path(hone__loader *l, const char *name, const hone__yaml *entry, const hone__place *place)
{
    static const char *const type[] = {"type", NULL};
    hone__yaml key = *entry;
    if (place->kind != HONE_KIND_NONE && !place->plugin && l->issues->n > 0)
        return; /* there is no such plugin, and that has been said */
    for (const char *const *word = hone__top_also; *word; word++)
        if (strcmp(entry->key, *word) == 0) {
            hone__issue_key(l->issues, entry, "%s has %s, which cannot be swept", name, entry->key);
            return;
        }
    key.key = place->missing[0] ? place->missing : entry->key;
    const hone__group groups[] = {{place->rows[0], place->n_rows[0], NULL}, {place->rows[1], place->n_rows[1], NULL}};
    const char *const *also = place->kind != HONE_KIND_NONE && place->rows[1] ? type : place->owner[0] ? NULL : hone__top_also;
    hone__issue_unknown(&l->fill, place->owner, groups, 2, also, &key);
}

static bool can_be_swept(const hone__place *place)
{
    if (place->what == HONE__TARGET_ROW)
        return !(place->row->flags & HONE_FIXED);
    return !place->section || place->section->sweepable || (place->what == HONE__TARGET_TYPE && strchr(place->owner, '.'));
}

/* ---- Whether it takes a value ------------------------------------------------------------------------------------ */

static hone_status try_type(hone__loader *l, const char *path, hone_kind kind, const hone__yaml *value)
{
    const hone__plugin *plugin;
    hone_error why;
    char seen[160];
    const char *name = value->type == HONE__YAML_NULL ? "null" : value->text;
    if (value->type == HONE__YAML_LIST || value->type == HONE__YAML_MAP) {
        hone__issue_at(l->issues, value, "%s is %s; it must be the name of a %s", path,
                       hone__value_shown(value, seen, sizeof seen), hone__kinds[kind].name);
        return HONE_OK;
    }
    if (!l->registry)
        return HONE_OK;
    hone_status status = hone__registry_find(l->registry, kind, name, &plugin, &why);
    if (status == HONE_ENOMEM)
        return hone_fail(l->err, status, "%s", why.msg);
    if (status != HONE_OK)
        hone__issue_at(l->issues, value, "%s: %s", path, why.msg);
    return HONE_OK;
}

hone_status hone__sweep_try_value(hone__loader *l, const hone__place *place, const char *path, const hone__yaml *value)
{
    hone__section section;
    hone__fill fill = l->fill;
    fill.path = path;
    if (place->what == HONE__TARGET_TYPE)
        return try_type(l, path, place->kind, value);
    if (place->what == HONE__TARGET_ROW) {
        hone__param_accepts(&fill, place->row, value);
        return l->issues->failed ? hone_no_memory(l->err, "reading a search space") : HONE_OK;
    }
    return hone__fill_plugin(&fill, path, place->kind, &hone__common_rows[place->kind], value, place->section->default_type,
                             &section, l->err);
}

bool hone__takes_integers(const hone_param *row)
{
    return row && row->shape == HONE_ONE && (row->type == HONE_INT || row->type == HONE_INT_OR_WORD);
}

bool hone__takes_reals(const hone_param *row)
{
    return row && row->shape == HONE_ONE && (row->type == HONE_REAL || row->type == HONE_REAL_OR_WORD);
}

static hone_status try_values(hone__loader *l, const hone__place *place, const hone__sweep_dimension *d, const hone__spec *spec)
{
    for (uint32_t i = 0; i < d->dimension.n_choices; i++)
        HONE_TRY(hone__sweep_try_value(l, place, d->path, d->values[i]));
    const bool readable = d->dimension.distribution && (hone__takes_integers(place->row) || hone__takes_reals(place->row));
    if (d->dimension.n_choices || !readable)
        return HONE_OK;
    if (spec->min)
        HONE_TRY(hone__sweep_try_value(l, place, d->path, spec->min));
    return spec->max ? hone__sweep_try_value(l, place, d->path, spec->max) : HONE_OK;
}

/* ---- Combinations of the choices above --------------------------------------------------------------------------- */

/* Being inactive is a choice, too: the base's own setting then counts. */
static size_t levels_of(const hone__sweep_dimension *d)
{
    return d->dimension.n_choices + (d->exists || d->when);
}

static bool is_above(const hone__sweep_dimension *d, const char *const *paths, size_t n_paths)
{
    for (size_t i = 0; i < n_paths; i++)
        for (size_t k = 0; d->dimension.n_choices > 0 && k < d->n_paths; k++)
            if (hone__path_below(paths[i], d->paths[k]))
                return true;
    return false;
}

hone_status hone__sweep_find_above(hone__loader *l, const char *const *paths, size_t n_paths, size_t n, const hone__yaml *blame,
                                   const char *name, hone__sweep_above *above)
{
    size_t *found = hone_alloc_array(l->arena, n + 1, sizeof *found);
    if (!found)
        return hone_no_memory(l->err, "reading a search space");
    *above = (hone__sweep_above){.dimensions = found, .combinations = 1};
    for (size_t i = 0; i < n; i++) {
        const hone__sweep_dimension *d = &l->e->sweep->dimensions[i];
        if (!is_above(d, paths, n_paths))
            continue;
        if (above->combinations > HONE__MOST_COMBINATIONS / levels_of(d)) {
            hone__issue_key(l->issues, blame, "%s lies below more than %d combinations of choices", name,
                            HONE__MOST_COMBINATIONS);
            return HONE_OK;
        }
        above->combinations *= levels_of(d);
        found[above->n++] = i;
    }
    return HONE_OK;
}

size_t hone__sweep_choice_of(const hone__sweep_dimension *d, double x)
{
    return x >= 0 && x < d->dimension.n_choices ? (size_t)x : d->dimension.n_choices - 1;
}

size_t hone__sweep_combination(const hone__sweep_config *sweep, const hone__sweep_above *above, const double *x)
{
    size_t at = 0, step = 1;
    for (size_t i = 0; i < above->n; i++) {
        const hone__sweep_dimension *d = &sweep->dimensions[above->dimensions[i]];
        const double choice = x[above->dimensions[i]];
        at += step * (isnan(choice) ? levels_of(d) - 1 : hone__sweep_choice_of(d, choice));
        step *= levels_of(d);
    }
    return at;
}

const hone__yaml *hone__sweep_choice(const hone__sweep_dimension *d, const char *path, size_t choice)
{
    return d->zip ? hone__yaml_get(d->values[choice], path) : d->values[choice];
}

/* Sets a choice's paths where they exist. *exist: how many do. */
static hone_status set_choice(hone__loader *l, hone__yaml *tree, const hone__sweep_dimension *d, size_t choice, size_t *exist)
{
    hone_error why;
    *exist = 0;
    for (size_t k = 0; k < d->n_paths; k++) {
        if (hone__place_of(l->registry, tree, d->paths[k]).what == HONE__TARGET_NONE)
            continue;
        ++*exist;
        if (hone__tree_set(l->arena, tree, d->paths[k], hone__sweep_choice(d, d->paths[k], choice), &why) == HONE_ENOMEM)
            return hone_no_memory(l->err, "reading a search space");
    }
    return HONE_OK;
}

hone_status hone__sweep_tree(hone__loader *l, const hone__sweep_above *above, size_t combination, hone__yaml **tree)
{
    size_t exist;
    *tree = hone__yaml_copy(l->arena, l->base);
    if (!*tree)
        return hone_no_memory(l->err, "reading a search space");
    for (size_t i = 0; i < above->n; i++) {
        const hone__sweep_dimension *d = &l->e->sweep->dimensions[above->dimensions[i]];
        const size_t choice = combination % levels_of(d);
        combination /= levels_of(d);
        if (choice < d->dimension.n_choices)
            HONE_TRY(set_choice(l, *tree, d, choice, &exist));
    }
    return HONE_OK;
}

/* ---- One dimension ----------------------------------------------------------------------------------------------- */

static bool check_sweepable(hone__loader *l, const char *name, const hone__yaml *key, const hone__place *place)
{
    if (can_be_swept(place))
        return true;
    if (strcmp(key->key, "seed") == 0)
        hone__issue_key(l->issues, key, "%s has seed, which cannot be swept; write sweep.seeds: [1, 2, 3]", name);
    else
        hone__issue_key(l->issues, key, "%s has %s, which cannot be swept", name, key->key);
    return false;
}

/* The first place decides how the entry is read; values are tried against every different one. */
static hone_status read_place(hone__loader *l, hone__sweep_dimension *d, hone__spec *spec, const hone__place *place, bool first)
{
    if (first) {
        if (!check_sweepable(l, "sweep.parameters", d->node, place))
            return HONE_OK;
        HONE_TRY(hone__spec_read(l, spec, place->row, d));
    }
    return try_values(l, place, d, spec);
}

static hone_status start_dimension(hone__loader *l, size_t index, const char *name, bool **exists)
{
    hone__sweep_dimension *d = &l->e->sweep->dimensions[index];
    HONE_TRY(hone__sweep_find_above(l, d->paths, d->n_paths, index, d->node, name, &d->above));
    d->dimension.name = d->path;
    *exists = hone_alloc_array(l->arena, d->above.combinations, sizeof **exists);
    return *exists ? HONE_OK : hone_no_memory(l->err, "reading a search space");
}

static hone_status check_parameter(hone__loader *l, size_t index, const char *name)
{
    hone__sweep_dimension *d = &l->e->sweep->dimensions[index];
    hone__spec spec = {.path = d->path, .name = name, .node = d->node};
    hone__place place = {0};
    const hone_param *seen = NULL;
    size_t found = 0;
    bool *exists;
    HONE_TRY(start_dimension(l, index, name, &exists));
    const bool readable = hone__spec_parts(l, d->node, &spec);
    for (size_t c = 0; c < d->above.combinations; c++) {
        hone__yaml *tree;
        HONE_TRY(hone__sweep_tree(l, &d->above, c, &tree));
        const hone__place here = hone__place_of(l->registry, tree, d->path);
        exists[c] = here.what != HONE__TARGET_NONE;
        if (!exists[c] && found == 0)
            place = here;
        if (exists[c] && readable && (found == 0 || here.row != seen))
            HONE_TRY(read_place(l, d, &spec, &here, found == 0));
        found += exists[c];
        seen = exists[c] ? here.row : seen;
    }
    if (found == 0)
        hone__sweep_no_path(l, "sweep.parameters", d->node, &place);
    if (found < d->above.combinations)
        d->exists = exists;
    return HONE_OK;
}

/* ---- A group of zip ---------------------------------------------------------------------------------------------- */

/* One of its settings, in the tree of a combination that has the group's other settings. */
static hone_status try_setting(hone__loader *l, const hone__yaml *tree, const char *name, const char *path,
                               const hone__yaml *value)
{
    const hone__place place = hone__place_of(l->registry, tree, path);
    if (place.what == HONE__TARGET_NONE) {
        hone__sweep_no_path(l, name, value, &place);
        return HONE_OK;
    }
    return check_sweepable(l, name, value, &place) ? hone__sweep_try_value(l, &place, path, value) : HONE_OK;
}

/* The group with one of its choices in one combination. It must exist whole or, in some combinations, not at all. */
static hone_status try_group(hone__loader *l, const hone__sweep_dimension *d, const char *name, size_t combination,
                             size_t choice, bool must_exist, bool *exists)
{
    hone__yaml *tree;
    size_t exist = 0;
    HONE_TRY(hone__sweep_tree(l, &d->above, combination, &tree));
    HONE_TRY(set_choice(l, tree, d, choice, &exist));
    *exists = exist == d->n_paths;
    for (size_t k = 0; (exist > 0 || must_exist) && k < d->n_paths; k++)
        HONE_TRY(try_setting(l, tree, name, d->paths[k], hone__sweep_choice(d, d->paths[k], choice)));
    return HONE_OK;
}

static hone_status check_group(hone__loader *l, size_t index, const char *name)
{
    hone__sweep_dimension *d = &l->e->sweep->dimensions[index];
    size_t found = 0;
    bool *exists;
    HONE_TRY(start_dimension(l, index, name, &exists));
    const size_t n = d->dimension.n_choices, combinations = d->above.combinations;
    for (size_t c = 0; c < combinations; c++) {
        const size_t tried = c == 0 || n * combinations <= HONE__MOST_COMBINATIONS ? n : 1; /* of further plugins, the first */
        for (size_t choice = 0; choice < tried; choice++)
            HONE_TRY(try_group(l, d, name, c, choice, false, &exists[c]));
        found += exists[c];
    }
    if (found < combinations)
        d->exists = exists;
    return found ? HONE_OK : try_group(l, d, name, 0, 0, true, exists);
}

hone_status hone__sweep_check_paths(hone__loader *l)
{
    for (size_t i = 0; i < l->e->sweep->n_dimensions; i++) {
        const hone__sweep_dimension *d = &l->e->sweep->dimensions[i];
        const char *name = hone__dimension_name(l->arena, d);
        if (!name)
            return hone_no_memory(l->err, "reading a search space");
        HONE_TRY(d->zip ? check_group(l, i, name) : check_parameter(l, i, name));
    }
    return HONE_OK;
}

/* ---- Whole configurations ---------------------------------------------------------------------------------------- */

hone_status hone__sweep_configure(hone__loader *l, hone__yaml *tree, hone__issues *issues, hone__yaml **complete)
{
    hone__experiment *e = hone_alloc(l->arena, sizeof *e);
    hone__loader other = *l;
    if (!e)
        return hone_no_memory(l->err, "trying a choice");
    *e = (hone__experiment){.file = l->file, .tree = l->e->tree, .data_root = l->e->data_root, .model_root = l->e->model_root};
    other.e = e;
    other.base = tree;
    other.issues = other.fill.issues = issues;
    HONE_TRY(hone__experiment_fill(&other));
    *complete = e->complete;
    return HONE_OK;
}

static hone_status try_choice(hone__loader *l, const hone__sweep_dimension *d, size_t choice)
{
    hone__issues issues = {.arena = l->arena};
    hone__yaml *tree = hone__yaml_copy(l->arena, l->base), *complete;
    size_t exist;
    if (!tree)
        return hone_no_memory(l->err, "trying a choice");
    HONE_TRY(set_choice(l, tree, d, choice, &exist));
    if (exist == 0)
        return HONE_OK;
    HONE_TRY(hone__sweep_configure(l, tree, &issues, &complete));
    hone__issues_take(l->issues, &issues);
    return HONE_OK;
}

hone_status hone__sweep_check_choices(hone__loader *l)
{
    const hone__sweep_config *sweep = l->e->sweep;
    size_t tried = 0;
    for (size_t i = 0; i < sweep->n_dimensions; i++)
        for (uint32_t c = 0; c < sweep->dimensions[i].dimension.n_choices && tried < HONE__MOST_TRIED; c++, tried++)
            HONE_TRY(try_choice(l, &sweep->dimensions[i], c));
    return HONE_OK;
}
