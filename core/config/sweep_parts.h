/* sweep_parts.h - what the files behind the section `sweep` share.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_CONFIG_SWEEP_PARTS_H
#define HONE_CORE_CONFIG_SWEEP_PARTS_H

#include "config/experiment_parts.h"
#include "config/expression.h"

/* ---- One entry of sweep.parameters ------------------------------------------------------------------------------- */

typedef struct hone__spec {
    const char *path; /* of the experiment */
    const char *name; /* "sweep.parameters.PATH", for messages */
    const hone__yaml *node;
    const hone__yaml *value, *values, *min, *max, *distribution, *q, *mu, *sigma, *probabilities, *names, *when;
} hone__spec;

/* Keys, numbers and the distribution of one entry; mistakes are issues. `row` is what its path names, NULL where that is no row. */
hone_status hone__spec_read(hone__loader *l, const hone__spec *spec, const hone_param *row,
                            hone__sweep_dimension *d) HONE_CHECKED;
/* The parts of an entry by their keys; false with an issue where it is no map or has unknown keys. */
bool hone__spec_parts(hone__loader *l, const hone__yaml *node, hone__spec *spec);
/* The first value an entry names: of `value`, `values`, or min; NULL where there is none. */
const hone__yaml *hone__spec_first(const hone__yaml *node);
bool hone__spec_is_key(const char *key);

/* Does a row hold one number, and is it an integer? */
bool hone__takes_integers(const hone_param *row);
bool hone__takes_reals(const hone_param *row);

/* ---- The section, in the order of its reading -------------------------------------------------------------------- */

/* All but the space: the plugins, the metric and the rows of `sweep:`, into l->e->sweep and its complete map. */
hone_status hone__sweep_settings(hone__loader *l, const hone__yaml *node, hone__yaml *complete) HONE_CHECKED;

/* Adds the dimensions of `zip:` (may be NULL), whose room is there. */
hone_status hone__sweep_read_zip(hone__loader *l, const hone__yaml *zip) HONE_CHECKED;
/* The `when` of every entry and `constraints:` (may be NULL), as expressions whose paths have not been looked up. */
hone_status hone__sweep_read_conditions(hone__loader *l, const hone__yaml *constraints) HONE_CHECKED;
/* Puts dimensions behind what they depend on, and refuses those that do so in a circle, or set the same. */
hone_status hone__sweep_order(hone__loader *l, bool *circular) HONE_CHECKED;
/* Checks that every entry's path exists and takes its values, in every combination of the plugins above it. */
hone_status hone__sweep_check_paths(hone__loader *l) HONE_CHECKED;
/* Looks up what conditions speak of, and checks their types. */
hone_status hone__sweep_check_conditions(hone__loader *l) HONE_CHECKED;
/* Each choice in a whole configuration, so that what sections demand of each other is seen before anything runs. */
hone_status hone__sweep_check_choices(hone__loader *l) HONE_CHECKED;

/* ---- Paths ------------------------------------------------------------------------------------------------------- */

enum { HONE__MOST_COMBINATIONS = 4096, HONE__MOST_TRIED = 500, HONE__MOST_CHOICES = 10000 };

/* Is `path` below `above`, so that `above` says which plugin it belongs to? The type of a section counts as the section. */
bool hone__path_below(const char *path, const char *above);
/* "sweep.parameters.P" or "sweep.zip.GROUP", for messages; NULL when memory is short. */
const char *hone__dimension_name(hone_arena *arena, const hone__sweep_dimension *d);

/* The dimensions among the first `n` that have something above one of the paths. `blame` (its key) and `name` are for the issue where
 * they have too many combinations. */
hone_status hone__sweep_find_above(hone__loader *l, const char *const *paths, size_t n_paths, size_t n, const hone__yaml *blame,
                                   const char *name, hone__sweep_above *above) HONE_CHECKED;
/* The combination that a point has. */
size_t hone__sweep_combination(const hone__sweep_config *sweep, const hone__sweep_above *above, const double *x);
/* A copy of l->base with a combination's choices set, leaving out those that do not exist in it. */
hone_status hone__sweep_tree(hone__loader *l, const hone__sweep_above *above, size_t combination,
                             hone__yaml **tree) HONE_CHECKED;
/* The value that a categorical dimension's choice gives to one of its paths. */
const hone__yaml *hone__sweep_choice(const hone__sweep_dimension *d, const char *path, size_t choice);
/* The choice that a searcher's number means; the last one where it is none at all. */
size_t hone__sweep_choice_of(const hone__sweep_dimension *d, double x);

/* An issue where a path's place takes no such value; and one at a key that names no path. */
hone_status hone__sweep_try_value(hone__loader *l, const hone__place *place, const char *path,
                                  const hone__yaml *value) HONE_CHECKED;
void hone__sweep_no_path(hone__loader *l, const char *name, const hone__yaml *key, const hone__place *place);
/* The configuration of a tree, of l->e or made for it; its mistakes go to `issues`. */
hone_status hone__sweep_configure(hone__loader *l, hone__yaml *tree, hone__issues *issues, hone__yaml **complete) HONE_CHECKED;

/* ---- Conditions -------------------------------------------------------------------------------------------------- */

/* Where the value of a condition's path comes from: the dimension that sets it, or a table by the choices above it. */
typedef struct hone__sweep_read {
    ptrdiff_t dimension; /* -1: none */
    hone__sweep_above above;
    const hone__expr_value *table; /* [above.combinations]: where there is no dimension, or it is inactive */
} hone__sweep_read;

typedef struct hone__sweep_condition {
    const hone__expression *expression;
    hone__sweep_read *reads; /* [expression->n_paths] */
} hone__sweep_condition;

/* 1: met, 0: not, -1: it speaks of what the point does not have. */
int hone__condition_truth(const hone__sweep_config *sweep, const hone__sweep_condition *condition, const double *x);

#endif
