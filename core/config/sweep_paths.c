/* sweep_paths.c - the paths of a search space against the tables: what they name, and whether it takes their values.
 *
 * Which rows there are depends on the plugins that a point chooses. So a path is looked up in every combination of the choices that
 * lie above it; it must exist in one at least, and is inactive in the others.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "config/sweep_parts.h"

#include <stdio.h>
#include <string.h>

enum { MOST_COMBINATIONS = 4096, MOST_CHOICES_TRIED = 500 };

/* ---- What a path names ------------------------------------------------------------------------------------------- */

static void issue_no_path(hone__loader *l, const hone__yaml *entry, const hone__place *place)
{
    static const char *const type[] = {"type", NULL};
    hone__yaml key = *entry;
    if (place->kind != HONE_KIND_NONE && !place->plugin && l->issues->n > 0)
        return; /* there is no such plugin, and that has been said */
    for (const char *const *word = hone__top_also; *word; word++)
        if (strcmp(entry->key, *word) == 0) {
            hone__issue_key(l->issues, entry, "sweep.parameters has %s, which cannot be swept", entry->key);
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

static hone_status try_value(hone__loader *l, const hone__place *place, const char *path, const hone__yaml *value)
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

static bool takes_integers(const hone_param *row)
{
    return row && row->shape == HONE_ONE && (row->type == HONE_INT || row->type == HONE_INT_OR_WORD);
}

static bool takes_reals(const hone_param *row)
{
    return row && row->shape == HONE_ONE && (row->type == HONE_REAL || row->type == HONE_REAL_OR_WORD);
}

static hone_status try_values(hone__loader *l, const hone__place *place, const hone__sweep_dimension *d, const hone__spec *spec)
{
    for (uint32_t i = 0; i < d->dimension.n_choices; i++)
        HONE_TRY(try_value(l, place, d->path, d->values[i]));
    const bool readable = d->dimension.distribution && (takes_integers(place->row) || takes_reals(place->row));
    if (d->dimension.n_choices || !readable)
        return HONE_OK;
    if (spec->min)
        HONE_TRY(try_value(l, place, d->path, spec->min));
    return spec->max ? try_value(l, place, d->path, spec->max) : HONE_OK;
}

/* ---- Combinations of the choices above --------------------------------------------------------------------------- */

static hone_status find_above(hone__loader *l, size_t index, size_t *combinations)
{
    hone__sweep_dimension *d = &l->e->sweep->dimensions[index];
    size_t *above = hone_alloc_array(l->arena, index + 1, sizeof *above), n = 0;
    if (!above)
        return hone_no_memory(l->err, "reading a search space");
    *combinations = 1;
    for (size_t i = 0; i < index; i++) {
        const hone__sweep_dimension *other = &l->e->sweep->dimensions[i];
        if (!hone__path_below(d->path, other->path) || other->dimension.n_choices == 0)
            continue;
        if (*combinations > MOST_COMBINATIONS / other->dimension.n_choices) {
            hone__issue_key(l->issues, d->node, "sweep.parameters.%s lies below more than %d combinations of choices", d->path,
                            MOST_COMBINATIONS);
            break;
        }
        *combinations *= other->dimension.n_choices;
        above[n++] = i;
    }
    d->above = above;
    d->n_above = n;
    return HONE_OK;
}

/* The base with the combination's choices set, leaving out those that do not exist in it. */
static hone_status tree_of(hone__loader *l, const hone__sweep_dimension *d, size_t combination, hone__yaml **tree)
{
    *tree = hone__yaml_copy(l->arena, l->base);
    if (!*tree)
        return hone_no_memory(l->err, "reading a search space");
    for (size_t i = 0; i < d->n_above; i++) {
        const hone__sweep_dimension *other = &l->e->sweep->dimensions[d->above[i]];
        const hone__yaml *value = other->values[combination % other->dimension.n_choices];
        hone_error why;
        combination /= other->dimension.n_choices;
        if (hone__place_of(l->registry, *tree, other->path).what == HONE__TARGET_NONE)
            continue;
        if (hone__tree_set(l->arena, *tree, other->path, value, &why) == HONE_ENOMEM)
            return hone_no_memory(l->err, "reading a search space");
    }
    return HONE_OK;
}

/* ---- One dimension ----------------------------------------------------------------------------------------------- */

/* The first place decides how the entry is read; values are tried against every different one. */
static hone_status read_place(hone__loader *l, hone__sweep_dimension *d, hone__spec *spec, const hone__place *place, bool first)
{
    if (first) {
        if (!can_be_swept(place)) {
            hone__issue_key(l->issues, d->node, "sweep.parameters has %s, which cannot be swept", d->path);
            return HONE_OK;
        }
        HONE_TRY(hone__spec_read(l, spec, takes_integers(place->row), takes_reals(place->row), d));
    }
    return try_values(l, place, d, spec);
}

static hone_status check_path(hone__loader *l, size_t index)
{
    hone__sweep_dimension *d = &l->e->sweep->dimensions[index];
    hone__spec spec = {.path = d->path, .name = hone_sprintf(l->arena, "sweep.parameters.%s", d->path), .node = d->node};
    hone__place place = {0};
    const hone_param *seen = NULL;
    size_t combinations = 0, found = 0;
    HONE_TRY(find_above(l, index, &combinations));
    bool *exists = hone_alloc_array(l->arena, combinations, sizeof *exists);
    if (!exists || !spec.name)
        return hone_no_memory(l->err, "reading a search space");
    d->dimension.name = d->path;
    const bool readable = hone__spec_parts(l, d->node, &spec);
    for (size_t c = 0; c < combinations; c++) {
        hone__yaml *tree;
        HONE_TRY(tree_of(l, d, c, &tree));
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
        issue_no_path(l, d->node, &place);
    if (found < combinations)
        d->exists = exists;
    return HONE_OK;
}

/* `optimizer` and `optimizer.type` would both choose the plugin. */
static void check_rivals(hone__loader *l, size_t index)
{
    const hone__sweep_config *sweep = l->e->sweep;
    const char *path = sweep->dimensions[index].path;
    const size_t n = strlen(path);
    for (size_t i = 0; i < sweep->n_dimensions; i++) {
        const char *other = sweep->dimensions[i].path;
        if (strncmp(path, other, n) == 0 && strcmp(other + n, ".type") == 0)
            hone__issue_key(l->issues, sweep->dimensions[i].node,
                            "sweep.parameters has %s and %s, which both choose the plugin; keep one of them", path, other);
    }
}

hone_status hone__sweep_check_paths(hone__loader *l)
{
    for (size_t i = 0; i < l->e->sweep->n_dimensions; i++) {
        check_rivals(l, i);
        HONE_TRY(check_path(l, i));
    }
    return HONE_OK;
}

/* ---- Whole configurations ---------------------------------------------------------------------------------------- */

static hone_status try_choice(hone__loader *l, const hone__sweep_dimension *d, const hone__yaml *value)
{
    hone__issues issues = {.arena = l->arena};
    hone__experiment e = {.file = l->file, .tree = l->e->tree, .data_root = l->e->data_root, .model_root = l->e->model_root};
    hone__loader other = *l;
    hone__yaml *tree = hone__yaml_copy(l->arena, l->base);
    hone_error why;
    if (!tree)
        return hone_no_memory(l->err, "trying a choice");
    if (hone__place_of(l->registry, tree, d->path).what == HONE__TARGET_NONE)
        return HONE_OK;
    if (hone__tree_set(l->arena, tree, d->path, value, &why) == HONE_ENOMEM)
        return hone_no_memory(l->err, "trying a choice");
    other.e = &e;
    other.base = tree;
    other.issues = other.fill.issues = &issues;
    HONE_TRY(hone__experiment_fill(&other));
    hone__issues_take(l->issues, &issues);
    return HONE_OK;
}

hone_status hone__sweep_check_choices(hone__loader *l)
{
    const hone__sweep_config *sweep = l->e->sweep;
    size_t tried = 0;
    for (size_t i = 0; i < sweep->n_dimensions; i++)
        for (uint32_t c = 0; c < sweep->dimensions[i].dimension.n_choices && tried < MOST_CHOICES_TRIED; c++, tried++)
            HONE_TRY(try_choice(l, &sweep->dimensions[i], sweep->dimensions[i].values[c]));
    return HONE_OK;
}
