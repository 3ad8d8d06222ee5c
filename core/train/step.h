/* step.h - one optimizer step: passes over micro-batches, clipping, the update of every weight that was reached.
 *
 * Bits do not depend on threads: losses are summed in double in the order of items, the norm of the gradient over fixed ranges in
 * their order, and an update is cut into fixed ranges.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_TRAIN_STEP_H
#define HONE_CORE_TRAIN_STEP_H

#include "train/groups.h"
#include "train/network.h"

typedef struct hone__stepper_setup {
    hone__network *net;
    const hone_optimizer *optimizer;
    const hone_self *optimizer_self;
    const hone__optimizer_config *groups; /* NULL: one rate and one decay for all */
    const hone_schedule *schedule;
    const hone_self *schedule_self;
    double max_grad_norm; /* 0: no clipping */
    int64_t total_steps;
    hone_arena *trial; /* slots and lists live in it */
    hone_arena *step;  /* emptied by every step */
} hone__stepper_setup;

typedef struct hone__stepper hone__stepper;

/* The network's weights must be complete (hone__store_close). */
hone_status hone__stepper_create(const hone__stepper_setup *setup, hone__stepper **stepper, hone_error *err) HONE_CHECKED;
void hone__stepper_destroy(hone__stepper *s); /* NULL is fine */

typedef struct hone__step_result {
    double loss, gradient_norm, learning_rate;
    uint64_t examples, tokens;
} hone__step_result;

/* Step 1, 2, ... over the examples order[0 .. n), `micro` at a time. HONE_ENUMERIC names the step whose loss or gradient is no
 * finite number; weights are then as they were before it. */
hone_status hone__step_run(hone__stepper *s, const hone__prepared *data, const uint64_t *order, uint64_t n, uint64_t micro,
                           int64_t step, uint64_t epoch, hone__step_result *result, hone_error *err) HONE_CHECKED;

/* Everything that steps change, as tensors that view it: trained weights and buffers, slots, states. For checkpoints, which also write into
 * them; hone__stepper_restored() must follow. The list lives in `arena`. */
hone_status hone__stepper_state(hone__stepper *s, hone_arena *arena, hone__st_item **items, size_t *n,
                                hone_error *err) HONE_CHECKED;
void hone__stepper_restored(hone__stepper *s, int64_t step); /* the last one that is in them */

/* Puts the weights that techniques want evaluated in place of the trained ones, and back. */
hone_status hone__stepper_evaluation_begin(hone__stepper *s, hone_error *err) HONE_CHECKED;
void hone__stepper_evaluation_end(hone__stepper *s);

#endif
