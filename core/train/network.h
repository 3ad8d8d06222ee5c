/* network.h - the model and head of a trial with their weights, and building them into the graph of one batch.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_TRAIN_NETWORK_H
#define HONE_CORE_TRAIN_NETWORK_H

#include "data/batch.h"
#include "tensor/run.h"
#include <hone/train.h>

enum { HONE__MOST_SCORES = 16, HONE__MOST_LOSSES = 16 };

typedef struct hone__technique_use {
    const hone_technique *technique;
    const hone_self *self;
} hone__technique_use;

typedef struct hone__network {
    const hone_model *model;
    const hone_self *model_self;
    const hone_head *head; /* NULL: hidden states alone are wanted */
    const hone_self *head_self;
    const hone_backend *backend; /* NULL: the reference operators */
    const hone_self *backend_self;
    const hone__technique_use *techniques;
    size_t n_techniques;
    hone_store *store;
    hone_pool *pool;
    bool bf16;              /* trainer.precision */
    const char *frozen;     /* the place whose outputs are a field of the batches, of that name; NULL: none */
    bool frozen_is_planned; /* there is no such field yet, and graphs are planned as if there were */
    uint64_t seed;
    uint32_t n_losses, n_head_losses; /* of training; known after the first build. The head's come first. */
} hone__network;

/* What one graph is built for. */
typedef struct hone__pass_setup {
    const hone_batch *batch;
    hone_arena *arena; /* the graph lives in it */
    bool training, with_loss;
    uint64_t first_sequence; /* index of the batch's first sequence within the step */
    const hone_step *step;   /* NULL outside of steps: techniques are then not asked */
} hone__pass_setup;

typedef struct hone__scores {
    const char *name;
    hone_per per;
    hone_node *node;
} hone__scores;

typedef struct hone__loss_node {
    double coefficient;
    hone_node *node; /* [I] */
} hone__loss_node;

/* Model and head over one batch. */
typedef struct hone__pass {
    const hone__network *net;
    const hone_batch *batch;
    hone_arena *arena; /* of the graph */
    hone_graph *graph;
    hone_inputs in;
    hone_head_io io;
    hone__scores scores[HONE__MOST_SCORES];
    hone__loss_node losses[HONE__MOST_LOSSES];
    uint32_t n_scores, n_losses, n_head_losses;
    const hone_items *items; /* [n_losses] of the batch, for scores per item; may be NULL */
    uint64_t example;        /* of the batch, that is being decoded */
} hone__pass;

/* Builds; nothing is planned or kept yet. In place: io.host points back at *p. */
hone_status hone__pass_build(hone__pass *p, const hone__network *net, const hone__pass_setup *setup,
                             hone_error *err) HONE_CHECKED;

/* The first build, over any batch: registers all weights with the store and counts the losses. */
hone_status hone__network_register(hone__network *net, const hone_batch *batch, hone_arena *step_arena,
                                   hone_error *err) HONE_CHECKED;

/* The items of loss k in a batch: the head's, or one a sequence. */
hone_status hone__network_items(const hone__network *net, uint32_t k, const hone_batch *batch, hone_arena *arena,
                                hone_items *items, hone_error *err) HONE_CHECKED;

#endif
