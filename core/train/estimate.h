/* estimate.h - what a trial will take: memory, from the plan of its largest batch; work, from its graphs; and time, at a measured rate.
 *
 * Nothing is trained for memory and work: the data is read and prepared, the network's weights are counted and not made, and the
 * batches are those that the trial's seed will draw. What is not in it: what libraries keep for themselves, early stopping, the time of
 * reading, saving and decoding.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_TRAIN_ESTIMATE_H
#define HONE_CORE_TRAIN_ESTIMATE_H

#include "train/trial.h"

typedef struct hone__estimate {
    int64_t parameters, trained; /* numbers of the model and head; those that training changes */
    /* Bytes that are the trial's own. */
    uint64_t weights, gradients, slots; /* slots: of the optimizer and of techniques */
    uint64_t activations;               /* of the largest micro-batch of training, and of the largest one of evaluation */
    uint64_t data;                      /* examples, tokens, vocabulary */
    uint64_t base;                      /* a process of hone that has done nothing yet */
    uint64_t bytes;                     /* all of them */
    uint64_t mapped;                    /* of files, which trials share: the model's weights, the caches */
    uint64_t frozen;                    /* of those files, the outputs of frozen layers, which the first trial makes */
    uint64_t largest_tokens;            /* of a micro-batch */
    uint64_t tokens;                    /* that training goes through, in all epochs */
    int64_t steps, evaluations;
    double training, evaluating; /* floating-point operations: of all steps, of all evaluations */
    double making;               /* of the file of frozen outputs, once for all trials that share it */
} hone__estimate;

/* A long-running process had better ask a child, since plugins run in it. */
hone_status hone__trial_estimate(const hone__trial_setup *setup, hone__estimate *e, hone_error *err) HONE_CHECKED;

/* How fast this machine is at it. */
typedef struct hone__rate {
    double work;   /* floating-point operations a second, forward and backward */
    double update; /* seconds a step for each trained parameter */
} hone__rate;

/* Runs some steps of the trial, about a second, and forgets them. */
hone_status hone__trial_rate(const hone__trial_setup *setup, hone__rate *rate, hone_error *err) HONE_CHECKED;
double hone__estimate_seconds(const hone__estimate *e, const hone__rate *rate);

#endif
