/* parts.h - everything that a trial has before its first step: data, instances of its plugins, the network and its weights.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_TRAIN_PARTS_H
#define HONE_CORE_TRAIN_PARTS_H

#include "data/cache.h"
#include "train/batches.h"
#include "train/instances.h"
#include "train/network.h"
#include "train/step.h"
#include "train/trial.h"
#include "train/weights.h"

typedef struct hone__parts {
    const hone__trial_setup *setup;
    const hone__experiment *experiment;
    hone_arena *trial;    /* lives as long as this */
    hone_arena *step;     /* emptied by every step and every evaluated batch */
    hone_arena *callback; /* what instances get as self->step */
    hone_pool *pool;
    hone__instances instances;

    hone__dataset dataset;
    const hone_corpus *train; /* of the dataset, or its first max_train_samples */
    uint64_t *counts;         /* [n_labels] in it */
    const hone_tokenizer *tokenizer;
    const hone_self *tokenizer_self;
    hone__preparer preparer;
    hone__cache cache;                                    /* of tokens */
    hone__prepared *train_prepared, *validation_prepared; /* the latter NULL without a validation split */
    hone_model_setup model_setup;
    hone_facts facts;        /* for models, heads and losses */
    hone_facts metric_facts; /* the same, with labels as they are shown */
    hone__technique_use *techniques;
    hone__network network;
    hone__model_files files;
    hone__loaded loaded;
    hone_self **metrics; /* [experiment->n_metrics] */
    hone__stepper *stepper;
    hone__batches *batches; /* of the training */
    int64_t total_steps;    /* of the schedule */
    int64_t last_step;      /* of the training, which trainer.stop_after may end before */
} hone__parts;

/* The bounds of batches that `trainer` gives: of steps, and of evaluations. */
hone__bounds hone__train_bounds(const hone__trainer_config *t);
hone__bounds hone__eval_bounds(const hone__trainer_config *t);

/* Makes all of it, or none. */
hone_status hone__parts_create(const hone__trial_setup *setup, hone__parts **parts, hone_error *err) HONE_CHECKED;
/* The same, but nothing that the data does without: no metrics, backend, techniques, weights and stepper. */
hone_status hone__parts_create_data(const hone__trial_setup *setup, hone__parts **parts, hone_error *err) HONE_CHECKED;
/* The same for what can be said of a trial without its weights: those are registered and frozen, and have no values. */
hone_status hone__parts_create_shapes(const hone__trial_setup *setup, hone__parts **parts, hone_error *err) HONE_CHECKED;
void hone__parts_destroy(hone__parts *p); /* NULL is fine */

#endif
