/* groups.h - the learning rate and decay of each weight: parameter groups, and rates that fall from layer to layer.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_TRAIN_GROUPS_H
#define HONE_CORE_TRAIN_GROUPS_H

#include "config/experiment.h"
#include "tensor/store.h"
#include <hone/network.h>

/* Of one weight, before the schedule. */
typedef struct hone__weight_rate {
    double learning_rate, weight_decay;
} hone__weight_rate;

typedef struct hone__groups_setup {
    const hone__optimizer_config *config; /* NULL: no groups */
    double learning_rate, weight_decay;   /* the optimizer's */
    const hone_store *store;
    const hone_model *model;
    const hone_self *model_self;
} hone__groups_setup;

/* Fills rates [count of the store], in its order. A pattern that matches no weight is an error; one that only meets weights which are
 * frozen, or taken by an earlier pattern, is not. A group's learning rate falls from layer to layer as well. */
hone_status hone__groups_assign(const hone__groups_setup *setup, hone__weight_rate *rates, hone_error *err) HONE_CHECKED;

#endif
