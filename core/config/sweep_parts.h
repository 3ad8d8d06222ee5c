/* sweep_parts.h - what the files behind the section `sweep` share.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_CONFIG_SWEEP_PARTS_H
#define HONE_CORE_CONFIG_SWEEP_PARTS_H

#include "config/experiment_parts.h"

/* One entry of sweep.parameters while it is read. */
typedef struct hone__spec {
    const char *path; /* of the experiment */
    const char *name; /* "sweep.parameters.PATH", for messages */
    const hone__yaml *node;
    const hone__yaml *value, *values, *min, *max, *distribution, *q, *mu, *sigma, *probabilities;
} hone__spec;

/* All but the space: the plugins, the metric and the rows of `sweep:`, into l->e->sweep and its complete map. */
hone_status hone__sweep_settings(hone__loader *l, const hone__yaml *node, hone__yaml *complete) HONE_CHECKED;

/* Keys, numbers and the distribution of one entry; mistakes are issues. `integer`: its row takes integers only; `real`: reals.
 * Both are false where the row takes no number. */
hone_status hone__spec_read(hone__loader *l, const hone__spec *spec, bool integer, bool real,
                            hone__sweep_dimension *d) HONE_CHECKED;
/* The parts of an entry by their keys; false with an issue where it is no map or has unknown keys. */
bool hone__spec_parts(hone__loader *l, const hone__yaml *node, hone__spec *spec);
/* The first value an entry names: of `value`, `values`, or min; NULL where there is none. */
const hone__yaml *hone__spec_first(const hone__yaml *node);

/* Is `path` below `above`, so that `above` says which plugin it belongs to? The type of a section counts as the section. */
bool hone__path_below(const char *path, const char *above);

/* Checks that every entry's path exists and takes its values, in every combination of the plugins above it. */
hone_status hone__sweep_check_paths(hone__loader *l) HONE_CHECKED;
/* Each choice in a whole configuration, so that what sections demand of each other is seen before anything runs. */
hone_status hone__sweep_check_choices(hone__loader *l) HONE_CHECKED;

#endif
