/* sweep_conditions.c - `when` and `constraints`: where the values of their paths come from, and what they are for a point.
 *
 * A path has the value that a dimension gives it; where none does, or it is inactive, the value of the whole configuration, which
 * depends on the plugins that the choices above the path put in. Those values are looked up once, for every combination of choices.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "config/sweep_parts.h"

#include <math.h>
#include <string.h>

enum { MOST_CONSTRAINTS = 1000 };

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

static hone_status read_when(hone__loader *l, hone__sweep_dimension *d)
{
    const hone__yaml *node = d->zip ? NULL : hone__yaml_get(d->node, "when");
    hone__expression *expression;
    if (!node)
        return HONE_OK;
    const char *name = hone_sprintf(l->arena, "sweep.parameters.%s.when", d->path);
    if (!name)
        return hone_no_memory(l->err, "reading a condition");
    HONE_TRY(hone__expression_read(l->arena, l->issues, name, node, &expression, l->err));
    if (!expression)
        return HONE_OK;
    hone__sweep_condition *when = hone_alloc(l->arena, sizeof *when);
    if (!when)
        return hone_no_memory(l->err, "reading a condition");
    when->expression = expression;
    d->when = when;
    return HONE_OK;
}

static hone_status read_constraints(hone__loader *l, const hone__yaml *list)
{
    char seen[160];
    hone__sweep_config *sweep = l->e->sweep;
    if (!list || list->type == HONE__YAML_NULL)
        return HONE_OK;
    if (list->type != HONE__YAML_LIST || list->n > MOST_CONSTRAINTS) {
        hone__issue_at(l->issues, list,
                       "sweep.constraints is %s; it must be a list of at most %d expressions, such as "
                       "[\"trainer.train_batch_size * tokenizer.max_length <= 4096\"]",
                       list->type == HONE__YAML_LIST ? "a longer list" : hone__value_shown(list, seen, sizeof seen),
                       MOST_CONSTRAINTS);
        return HONE_OK;
    }
    hone__sweep_condition *constraints = hone_alloc_array(l->arena, list->n, sizeof *constraints);
    if (!constraints)
        return hone_no_memory(l->err, "reading constraints");
    sweep->constraints = constraints;
    size_t i = 0;
    for (const hone__yaml *item = list->child; item; item = item->next) {
        hone__expression *expression;
        const char *name = hone_sprintf(l->arena, "sweep.constraints[%zu]", i++);
        if (!name)
            return hone_no_memory(l->err, "reading constraints");
        HONE_TRY(hone__expression_read(l->arena, l->issues, name, item, &expression, l->err));
        if (expression)
            constraints[sweep->n_constraints++].expression = expression;
    }
    return HONE_OK;
}

hone_status hone__sweep_read_conditions(hone__loader *l, const hone__yaml *constraints)
{
    for (size_t i = 0; i < l->e->sweep->n_dimensions; i++)
        HONE_TRY(read_when(l, &l->e->sweep->dimensions[i]));
    return read_constraints(l, constraints);
}

/* ---- Looking up -------------------------------------------------------------------------------------------------- */

/* One condition while its paths are looked up. */
typedef struct lookup {
    hone__loader *l;
    const hone__sweep_condition *condition;
    unsigned *types;      /* [n_paths] */
    hone__place **places; /* [n_paths][n_places of it] different ones */
    size_t *n_places;
} lookup;

static ptrdiff_t dimension_of(const hone__sweep_config *sweep, const char *path, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < sweep->dimensions[i].n_paths; k++)
            if (strcmp(sweep->dimensions[i].paths[k], path) == 0)
                return (ptrdiff_t)i;
    return -1;
}

/* The path where it is first mentioned, as a key. */
static hone__yaml mention_of(const hone__expression *e, size_t path)
{
    hone__yaml key = hone__expression_at(e, e->offsets[path]);
    key.key = e->paths[path];
    key.key_line = key.line;
    key.key_column = key.column;
    return key;
}

/* A value that the path can have: its type is noted, and what no expression can take is an issue. */
static void note_value(lookup *k, size_t path, const hone__yaml *value)
{
    char seen[160];
    const hone__expression *e = k->condition->expression;
    const hone__expr_value v = hone__expr_value_of(value);
    const hone__yaml key = mention_of(e, path);
    k->types[path] |= v.type;
    if (!v.type)
        hone__issue_at(k->l->issues, &key, "%s: %s can be %s; an expression takes single values", e->name, e->paths[path],
                       hone__value_shown(value, seen, sizeof seen));
}

static void note_place(lookup *k, size_t path, const hone__place *place)
{
    size_t i = 0;
    while (i < k->n_places[path] && (k->places[path][i].row != place->row || k->places[path][i].kind != place->kind))
        i++;
    if (i == k->n_places[path] && place->what != HONE__TARGET_NONE)
        k->places[path][k->n_places[path]++] = *place;
}

static void note_dimension(lookup *k, size_t path, const hone__sweep_dimension *d)
{
    if (d->dimension.n_choices == 0)
        k->types[path] |= HONE__EXPR_NUMBER;
    for (size_t c = 0; c < d->dimension.n_choices; c++)
        note_value(k, path, hone__sweep_choice(d, k->condition->expression->paths[path], c));
}

/* The whole configuration of one combination; of the only one it is there already. */
static hone_status configuration_of(hone__loader *l, const hone__sweep_above *above, hone__yaml *tree, hone__yaml **complete)
{
    hone__issues ignored = {.arena = l->arena}; /* choices are tried later on, with their own mistakes */
    if (above->n > 0)
        return hone__sweep_configure(l, tree, &ignored, complete);
    *complete = l->e->complete;
    return HONE_OK;
}

static hone_status fill_table(lookup *k, size_t path, hone__sweep_read *read, bool used, hone__expr_value *table, bool *found,
                              hone__place *missing)
{
    hone__loader *l = k->l;
    const char *name = k->condition->expression->paths[path];
    for (size_t c = 0; c < read->above.combinations; c++) {
        hone__yaml *tree, *complete;
        HONE_TRY(hone__sweep_tree(l, &read->above, c, &tree));
        HONE_TRY(configuration_of(l, &read->above, tree, &complete));
        const hone__place place = hone__place_of(l->registry, tree, name);
        const hone__yaml *value = hone__yaml_path(complete, name);
        note_place(k, path, &place);
        if (!value && !*found)
            *missing = place;
        *found |= value != NULL;
        table[c] = value ? hone__expr_value_of(value) : (hone__expr_value){0};
        if (value && used)
            note_value(k, path, value);
    }
    return HONE_OK;
}

/* `n`: the dimensions that are settled where the condition is asked. */
static hone_status look_up(lookup *k, size_t path, size_t n)
{
    hone__loader *l = k->l;
    const hone__expression *e = k->condition->expression;
    const hone__yaml key = mention_of(e, path);
    hone__sweep_read *read = &k->condition->reads[path];
    hone__place missing = {0};
    HONE_TRY(hone__sweep_find_above(l, &e->paths[path], 1, n, &key, e->name, &read->above));
    if (read->above.combinations > HONE__MOST_TRIED) {
        hone__issue_key(l->issues, &key, "%s: %s depends on %zu combinations of choices; there can be at most %d", e->name,
                        e->paths[path], read->above.combinations, HONE__MOST_TRIED);
        return HONE_OK;
    }
    read->dimension = dimension_of(l->e->sweep, e->paths[path], n);
    const hone__sweep_dimension *d = read->dimension < 0 ? NULL : &l->e->sweep->dimensions[read->dimension];
    const size_t combinations = read->above.combinations;
    hone__expr_value *table = hone_alloc_array(l->arena, combinations, sizeof *table);
    k->places[path] = hone_alloc_array(l->arena, combinations, sizeof **k->places);
    if (!table || !k->places[path])
        return hone_no_memory(l->err, "reading a condition");
    read->table = table;
    bool found = d != NULL;
    HONE_TRY(fill_table(k, path, read, !d || d->exists || d->when, table, &found, &missing));
    if (d)
        note_dimension(k, path, d);
    if (!found)
        hone__sweep_no_path(l, e->name, &key, &missing);
    return HONE_OK;
}

/* ---- The check --------------------------------------------------------------------------------------------------- */

/* Does some place that the path can be at take the literal? The first one's sentence says why not. */
static hone_status takes(void *ctx, size_t path, const hone__yaml *literal, hone_error *err)
{
    const lookup *k = ctx;
    hone__issues first = {.arena = k->l->arena};
    for (size_t i = 0; literal->type != HONE__YAML_NULL && i < k->n_places[path]; i++) {
        hone__issues issues = {.arena = k->l->arena};
        hone__loader other = *k->l;
        other.issues = other.fill.issues = &issues;
        other.err = err;
        HONE_TRY(hone__sweep_try_value(&other, &k->places[path][i], k->condition->expression->paths[path], literal));
        if (issues.n == 0)
            return HONE_OK;
        first = i == 0 ? issues : first;
    }
    hone__issues_take(k->l->issues, &first);
    return HONE_OK;
}

static hone_status check_condition(hone__loader *l, hone__sweep_condition *condition, size_t n)
{
    const size_t n_paths = condition->expression->n_paths, before = l->issues->n;
    lookup k = {.l = l, .condition = condition};
    condition->reads = hone_alloc_array(l->arena, n_paths, sizeof *condition->reads);
    k.types = hone_alloc_array(l->arena, n_paths, sizeof *k.types);
    k.places = hone_alloc_array(l->arena, n_paths, sizeof *k.places);
    k.n_places = hone_alloc_array(l->arena, n_paths, sizeof *k.n_places);
    if (!condition->reads || !k.types || !k.places || !k.n_places)
        return hone_no_memory(l->err, "reading a condition");
    for (size_t i = 0; i < n_paths; i++)
        HONE_TRY(look_up(&k, i, n));
    if (l->issues->n > before)
        return HONE_OK;
    const hone__expr_facts facts = {.types = k.types, .takes = takes, .ctx = &k};
    return hone__expression_check(l->issues, condition->expression, &facts, l->err);
}

hone_status hone__sweep_check_conditions(hone__loader *l)
{
    const hone__sweep_config *sweep = l->e->sweep;
    for (size_t i = 0; i < sweep->n_dimensions; i++)
        if (sweep->dimensions[i].when) /* ours: read_when() made it */
            HONE_TRY(check_condition(l, (hone__sweep_condition *)(uintptr_t)sweep->dimensions[i].when, i));
    for (size_t i = 0; i < sweep->n_constraints; i++)
        HONE_TRY(check_condition(l, (hone__sweep_condition *)(uintptr_t)&sweep->constraints[i], sweep->n_dimensions));
    return HONE_OK;
}

/* ---- For a point ------------------------------------------------------------------------------------------------- */

typedef struct question {
    const hone__sweep_config *sweep;
    const hone__sweep_condition *condition;
    const double *x;
} question;

static hone__expr_value value_of(const void *ctx, size_t path)
{
    const question *q = ctx;
    const hone__sweep_read *read = &q->condition->reads[path];
    const double x = read->dimension < 0 ? NAN : q->x[read->dimension];
    if (isnan(x))
        return read->table[hone__sweep_combination(q->sweep, &read->above, q->x)];
    const hone__sweep_dimension *d = &q->sweep->dimensions[read->dimension];
    if (d->dimension.n_choices == 0)
        return (hone__expr_value){.type = HONE__EXPR_NUMBER, .number = x};
    return hone__expr_value_of(hone__sweep_choice(d, q->condition->expression->paths[path], hone__sweep_choice_of(d, x)));
}

int hone__condition_truth(const hone__sweep_config *sweep, const hone__sweep_condition *condition, const double *x)
{
    const question q = {sweep, condition, x};
    return hone__expression_truth(condition->expression, value_of, &q);
}
