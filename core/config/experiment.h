/* experiment.h - an experiment file: what its sections mean, as typed structs with every default filled in.
 *
 * Top level: name, output_dir, cache_dir, seed, task, plugins, data_root, model_root, data, tokenizer, model, head, optimizer, schedule, techniques,
 * trainer, metrics, report, backend, launcher, sweep. Paths that are read are relative to the file, or to data_root / model_root; what is
 * written is relative to the working directory.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_CONFIG_EXPERIMENT_H
#define HONE_CORE_CONFIG_EXPERIMENT_H

#include "config/params.h"

/* In the folder of a model that hone trained, beside what other programs read. */
#define HONE__MODEL_JSON "hone.json"

/* ---- Common rows of kinds ---------------------------------------------------------------------------------------- */

typedef struct hone__split_config {
    double train, validation, test; /* shares; all 0: files are given */
} hone__split_config;

typedef struct hone__data_config {         /* of every reader, in `data:` */
    const char *train, *validation, *test; /* resolved paths; validation and test may be NULL */
    hone__split_config split;
    int64_t split_seed;
    bool stratify, split_by_group;
    bool train_with_validation; /* the validation data is trained on, and nothing is validated on */
    hone_map label_names;       /* label in the data -> name to show */
    const char *positive_label; /* as named by label_names, or as in the data; may be NULL */
    const char **kept;          /* no row: columns that report.slices asks for; NULL-terminated, or NULL */
} hone__data_config;

typedef struct hone__tokenizer_config {
    hone_int_or_word max_length; /* word 0: auto, the model's */
} hone__tokenizer_config;

typedef struct hone__freeze_config {
    bool embeddings;
    int64_t layers;
    hone_list names; /* patterns of weight names, const char * */
} hone__freeze_config;

typedef struct hone__model_config {
    const char *path; /* resolved folder; NULL: random weights */
    hone__freeze_config freeze;
} hone__model_config;

/* Weights whose names match have a learning rate and a decay of their own. */
typedef struct hone__group_config {
    const char *pattern;
    hone_real_or_word learning_rate, weight_decay; /* word 0: inherit, the optimizer's */
} hone__group_config;

typedef struct hone__optimizer_config { /* of every optimizer */
    hone_list groups;                   /* hone__group_config; the first that matches a weight counts */
    double layer_decay;                 /* 1: none */
} hone__optimizer_config;

typedef struct hone__head_config {
    bool reuse; /* its weights are those of model.path, too */
} hone__head_config;

typedef struct hone__metric_config {
    const char *name; /* NULL: the plugin's */
} hone__metric_config;

/* ---- Sections of the core's own ---------------------------------------------------------------------------------- */

/* The order of the examples in an epoch. */
typedef enum hone__sampling {
    HONE__SAMPLING_RANDOM = 0,
    HONE__SAMPLING_SEQUENTIAL,
    HONE__SAMPLING_GROUP_BY_LENGTH
} hone__sampling;
typedef enum hone__eval_strategy { HONE__EVAL_EPOCH = 0, HONE__EVAL_STEPS } hone__eval_strategy;
/* When a trial leaves a checkpoint; auto: whenever save_seconds have passed. */
typedef enum hone__save_strategy { HONE__SAVE_AUTO = 0, HONE__SAVE_EPOCH, HONE__SAVE_STEPS, HONE__SAVE_NO } hone__save_strategy;

/* What the products of linear layers are made of; everything else is float32. */
typedef enum hone__precision { HONE__FLOAT32 = 0, HONE__BF16_OPERANDS } hone__precision;
extern const char *const hone__precisions[]; /* their names, NULL-terminated */

/* Whether the outputs of frozen layers are kept in a file. */
typedef enum hone__cache_frozen {
    HONE__CACHE_FROZEN_AUTO = 0,
    HONE__CACHE_FROZEN_ALWAYS,
    HONE__CACHE_FROZEN_NONE
} hone__cache_frozen;

typedef struct hone__trainer_config {
    int64_t num_train_epochs;
    int64_t max_steps;                                 /* 0: no bound */
    double stop_after;                                 /* share of the steps, in (0, 1] */
    int64_t max_train_samples;                         /* 0: all */
    hone_int_or_word train_batch_size;                 /* examples of one optimizer step; word 0: none */
    hone_int_or_word max_tokens;                       /* of one optimizer step; word 0: none */
    int32_t train_sampling_strategy;                   /* hone__sampling */
    int64_t micro_batch_size;                          /* 0: all of them at once */
    hone_int_or_word eval_batch_size, eval_max_tokens; /* word 0: none */
    double max_grad_norm;                              /* 0: no clipping */
    int32_t precision;                                 /* hone__precision */
    hone_int_or_word threads;                          /* word 0: auto */
    const char *metric_for_best_model;                 /* NULL: the first metric's */
    int32_t cache_frozen;                              /* hone__cache_frozen */
    int64_t early_stopping_patience;                   /* evaluations without improvement; 0: never */
    int32_t eval_strategy;                             /* hone__eval_strategy */
    int64_t eval_steps;
    int32_t save_strategy; /* hone__save_strategy */
    int64_t save_steps;
    double save_seconds;
    bool save_model;
} hone__trainer_config;

/* Examples that the report looks at apart: those of each value of a column, or those with a pattern in their text and those without. */
typedef struct hone__slice_config {
    const char *column, *pattern; /* one of them is NULL */
    const char *name;             /* how it is shown; NULL: the column, or the pattern */
} hone__slice_config;

typedef struct hone__report_config {
    int64_t errors; /* examples with the highest loss that are kept */
    bool by_label, by_length;
    hone_list slices; /* hone__slice_config */
} hone__report_config;

typedef struct hone__metric_use {
    const char *name; /* of its main figure */
    hone__section section;
} hone__metric_use;

/* The dimensions whose choices decide which plugins there are where a path stands. A combination is a number: that of the first one's
 * choice, plus that of the second one's times the number of the first one's, and so on; being inactive counts as a last choice. */
typedef struct hone__sweep_above {
    const size_t *dimensions; /* [n] */
    size_t n, combinations;
} hone__sweep_above;

/* One entry of sweep.parameters or a group of sweep.zip, checked: those of the file in its order, parameters first, but behind those
 * that choose their plugin or that their `when` speaks of. */
typedef struct hone__sweep_dimension {
    const char *path;         /* "optimizer.learning_rate", or "optimizer" for a whole section; of a zip group its name */
    const char *const *paths; /* [n_paths] what it sets, whole sections first: its path, or those of the group */
    size_t n_paths;
    bool zip;
    hone_dimension dimension;
    const hone__yaml *const
        *values;              /* [dimension.n_choices] of categorical ones; of a zip group maps with a key for each path */
    const char *const *names; /* [dimension.n_choices] what tables and pictures call them; NULL: by what they set */
    const hone__yaml *node;
    bool integer; /* numeric values become integers */
    hone__sweep_above above;
    const bool *exists;                       /* [above.combinations]; NULL: always */
    const struct hone__sweep_condition *when; /* NULL: none */
} hone__sweep_dimension;

/* Whose models are kept. Those of unfinished points are in any case but the first. */
typedef enum hone__sweep_save {
    HONE__SWEEP_SAVE_NONE = 0,
    HONE__SWEEP_SAVE_TRIAL_BEST,
    HONE__SWEEP_SAVE_BEST
} hone__sweep_save;

typedef struct hone__sweep_config {
    hone__section searcher; /* method */
    hone__section stopper;  /* early_terminate; plugin NULL: no trial is ended early */
    const char *metric;     /* "validation/f1" */
    bool maximize;
    bool has_target;
    double target;        /* the sweep ends once a point is as good as this; valid with has_target */
    int64_t run_cap;      /* points; 0: no cap */
    double time_budget_s; /* no further point once so long has passed; 0: none */
    uint64_t sampler_seed;
    const int64_t *seeds; /* [n_seeds] different ones, of the trials of each point; [the experiment's] where none are given */
    size_t n_seeds;       /* >= 1 */
    int64_t max_concurrent_trials; /* resolved, >= 1 */
    bool abort_on_error;
    bool run_duplicates; /* a point that was drawn before is run again, and not answered from the journal */
    bool refit;          /* the best point is trained once more, on the training and the validation data */
    hone__sweep_save save;
    double trial_timeout_s;  /* 0: none */
    double trial_memory_gib; /* 0: none */
    double memory_gib;       /* of all running trials; 0: what there is */
    hone__sweep_dimension *dimensions;
    size_t n_dimensions;
    const struct hone__sweep_condition *constraints;
    size_t n_constraints;
} hone__sweep_config;

typedef struct hone__experiment {
    const char *file; /* as given */
    const char *name, *output_dir;
    const char *cache_dir; /* NULL: cache/ in the run's directory */
    int64_t seed;
    hone__section reader, tokenizer, model, head, optimizer, schedule, backend;
    hone__section launcher; /* also of a single trial, which is a process too */
    const hone__data_config *data;
    const hone__tokenizer_config *tokenizer_common;
    const hone__model_config *model_common;
    const hone__optimizer_config *optimizer_common;
    const hone__head_config *head_common;
    hone__trainer_config trainer;
    hone__report_config report;
    hone__metric_use *metrics;
    size_t n_metrics;
    hone__section *techniques;
    size_t n_techniques;
    hone__sweep_config *sweep;          /* NULL: a single trial */
    hone__yaml *complete;               /* the whole configuration, every default written out, paths as written */
    hone__yaml *tree;                   /* the file with overrides and the task's settings */
    const char *data_root, *model_root; /* absolute; the file's folder where not given */
    hone_list plugins;                  /* const char *: absolute paths of `plugins:` */
} hone__experiment;

typedef struct hone__override {
    const char *path; /* "optimizer.learning_rate" */
    const char *text; /* YAML */
} hone__override;

/* Reads, overrides, checks everything at once. HONE_ECONFIG: issues has all mistakes; err the first. All in `arena`, which must
 * outlive the experiment. */
hone_status hone__experiment_load(hone_arena *arena, hone__registry *registry, const char *file,
                                  const hone__override *overrides, size_t n_overrides, hone__experiment **experiment,
                                  hone__issues *issues, hone_error *err) HONE_CHECKED;
/* The same from a tree (a trial's: the sweep's file with a point's values set). `dir` is what relative paths are relative to. */
hone_status hone__experiment_from(hone_arena *arena, hone__registry *registry, const hone__yaml *root, const char *file,
                                  const char *dir, hone__experiment **experiment, hone__issues *issues,
                                  hone_error *err) HONE_CHECKED;

/* The tree of one trial: the experiment's file tree without `sweep`, with the point's values set. Whole sections come first, finer
 * paths on top. `values` has one node per dimension, NULL where inactive. */
hone_status hone__experiment_point(hone_arena *arena, const hone__experiment *e, const hone__yaml *const *values, int64_t seed,
                                   hone__yaml **root, hone_error *err) HONE_CHECKED;

/* What the file calls one of a dimension's `values`; NULL where it has no name. */
const char *hone__sweep_choice_name(const hone__sweep_dimension *d, const hone__yaml *value);
/* The search space as searchers see it; it points into the sweep. A dimension is active where its path exists, given the plugins
 * that the point chooses, and its `when` is met. Without conditions or constraints, `active` or `allowed` is NULL. NULL dimensions,
 * with n > 0: memory is short. */
hone_space hone__sweep_space(hone_arena *arena, const hone__sweep_config *sweep) HONE_CHECKED;
/* The nodes of a searcher's point for hone__experiment_point: [n_dimensions], NULL where inactive (NaN). */
hone_status hone__sweep_values(hone_arena *arena, const hone__sweep_config *sweep, const double *x, const hone__yaml ***values,
                               hone_error *err) HONE_CHECKED;

/* The complete configuration with absolute roots and plugins: a file that means the same wherever it lies. */
hone_status hone__experiment_portable(hone_arena *arena, const hone__experiment *e, hone__yaml **root,
                                      hone_error *err) HONE_CHECKED;

/* The complete configuration without what changes no number of a trial: names, output_dir, cache_dir, launcher, sweep, and rows marked
 * HONE_NO_BITS. Two trials whose answers are equal give the same bits, given the same data. NULL when memory is short. */
hone__yaml *hone__experiment_bits(hone_arena *arena, const hone__experiment *e) HONE_CHECKED;

/* JSON Schema (draft 2020-12) of the experiment file, of all plugins that the registry can list. */
struct hone__str;
hone_status hone__experiment_schema(hone__registry *registry, struct hone__str *out, hone_error *err) HONE_CHECKED;

#endif
