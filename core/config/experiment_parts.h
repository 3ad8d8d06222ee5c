/* experiment_parts.h - what the files behind experiment.h share.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_CONFIG_EXPERIMENT_PARTS_H
#define HONE_CORE_CONFIG_EXPERIMENT_PARTS_H

#include "config/experiment.h"
#include "config/params_parts.h"

#define HONE__COMMAND_LINE "command line" /* origin of overrides */

/* ---- Tables ------------------------------------------------------------------------------------------------------ */

/* A section of the experiment file that is one plugin. */
typedef struct hone__section_row {
    const char *key;
    hone_kind kind;
    const char *default_type; /* of a section without type, and of an absent one; NULL: none */
    bool required;
    bool sweepable;
    size_t offset; /* of its hone__section in hone__experiment */
    const char *help;
} hone__section_row;
extern const hone__section_row hone__sections[];                               /* ends with a row without a key */
const hone__section_row *hone__section_row_of(const char *key, size_t length); /* NULL if there is none */

/* The scalars at the top of the file. */
typedef struct hone__top {
    const char *name, *output_dir, *cache_dir, *task, *data_root, *model_root;
    int64_t format, seed;
    hone_list plugins;
} hone__top;

/* `sweep:` less what has no rows: its plugins and its space. */
typedef struct hone__sweep_metric {
    const char *name;
    int32_t goal;             /* 0: auto, 1: maximize, 2: minimize */
    hone_real_or_word target; /* word 0: none */
} hone__sweep_metric;
typedef struct hone__sweep_top {
    hone__sweep_metric metric;
    int64_t run_cap, sampler_seed;
    hone_list seeds; /* int64_t; empty: the experiment's */
    double time_budget_s;
    hone_int_or_word max_concurrent_trials;
    int32_t on_error;     /* 0: continue, 1: abort */
    int32_t on_duplicate; /* 0: reuse, 1: run */
    int32_t save;         /* hone__sweep_save */
    int32_t refit;        /* 0: none, 1: train+validation */
    double trial_timeout_s, trial_memory_gib, memory_gib;
} hone__sweep_top;

/* Tables of the core's own, by the key they stand under ("" is the top). */
typedef struct hone__own_rows {
    const char *key;
    const hone_param *rows;
    size_t n;
} hone__own_rows;
extern const hone__own_rows hone__top_rows, hone__trainer_rows, hone__report_rows, hone__sweep_rows;
extern const char *const hone__top_also[];   /* keys of the file beside hone__top_rows */
extern const char *const hone__sweep_also[]; /* keys of sweep beside hone__sweep_rows */

/* ---- Loading ----------------------------------------------------------------------------------------------------- */

typedef struct hone__loader {
    hone_arena *arena;
    hone__registry *registry;
    hone__issues *issues;
    hone_error *err;
    const char *file, *dir;
    hone__fill fill;
    hone__experiment *e;
    hone__yaml *base; /* the tree, with first values of the sweep where the file has none */
} hone__loader;

/* Fills everything but the sweep from l->base into l->e, and checks sections against each other. */
hone_status hone__experiment_fill(hone__loader *l) HONE_CHECKED;
hone_status hone__experiment_cross_check(hone__loader *l) HONE_CHECKED;
/* `sweep:` of l->e->tree, which is there. `complete` gets the section with every default. */
hone_status hone__sweep_fill(hone__loader *l, const hone__yaml *node, hone__yaml **complete) HONE_CHECKED;
/* Puts first values of the sweep into l->base where the file leaves out what must be there. */
hone_status hone__sweep_complete_base(hone__loader *l) HONE_CHECKED;

/* "validation/NAME" of a figure that the experiment has; else an issue at `node`. *direction: +1, -1, or 0 where unknown. */
bool hone__metric_known(hone__loader *l, const char *path, const char *text, const hone__yaml *node, int *direction);

/* ---- Trees ------------------------------------------------------------------------------------------------------- */

/* hone__yaml_set, but a plugin's bare name on the way becomes a map with its type, and sweep.parameters.P is the one key P. */
hone_status hone__tree_set(hone_arena *arena, hone__yaml *tree, const char *path, const hone__yaml *value,
                           hone_error *err) HONE_CHECKED;
/* Adds what `defaults` has and `tree` lacks. A section of another type than the default's takes nothing from it. */
hone_status hone__tree_merge_under(hone_arena *arena, hone__yaml *tree, const hone__yaml *defaults,
                                   hone_error *err) HONE_CHECKED;
/* Removes a key; absent is fine. */
void hone__tree_remove(hone__yaml *map, const char *key);

/* ---- Paths ------------------------------------------------------------------------------------------------------- */

typedef enum hone__target_kind {
    HONE__TARGET_NONE, /* there is no such path in this tree */
    HONE__TARGET_ROW,
    HONE__TARGET_SECTION, /* a whole section */
    HONE__TARGET_TYPE     /* the type of a section or of a plugin inside one */
} hone__target_kind;

/* What a dotted path of the experiment names, in a given tree (which says what plugins there are). */
typedef struct hone__place {
    hone__target_kind what;
    const hone_param *row;            /* HONE__TARGET_ROW */
    const hone__section_row *section; /* HONE__TARGET_SECTION */
    hone_kind kind;                   /* of the plugin: HONE__TARGET_SECTION, HONE__TARGET_TYPE */
    const hone_param *rows[2];        /* where the last step was looked for, for the nearest name */
    size_t n_rows[2];
    char owner[HONE__LONGEST_PATH]; /* path of the map that was looked into last */
    char missing[80];               /* the step that it does not have */
    const hone__plugin *plugin;     /* whose rows these are; NULL for the core's own */
} hone__place;
hone__place hone__place_of(hone__registry *registry, const hone__yaml *tree, const char *path);

#endif
