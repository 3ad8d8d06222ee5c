/* loop.h - the epochs of a trial: steps, evaluations, the best one, early stopping, and the lines of metrics.jsonl.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_TRAIN_LOOP_H
#define HONE_CORE_TRAIN_LOOP_H

#include "train/parts.h"
#include <stdio.h>

/* One evaluation with everything that came out of it, in an arena of its own. */
typedef struct hone__checked {
    hone_arena *arena;
    hone__evaluated evaluated;
    hone_exhibits *exhibits; /* its figures: loss, then those of the metrics */
    int64_t step;
    double epoch; /* 1.0 is the end of the first */
    double value; /* of the metric that chooses */
} hone__checked;

typedef struct hone__loop {
    hone__parts *parts;
    FILE *metrics;             /* metrics.jsonl */
    const char *metric;        /* that chooses, without "validation/" */
    int32_t direction;         /* +1 or -1, known after the first evaluation */
    hone__checked checks[2];   /* the best and the one being made */
    hone__checked *best, *now; /* best is NULL before the first evaluation */
    hone__block block;         /* activations of evaluations */
    uint64_t *order;           /* [training examples] */
    int64_t since_best;        /* evaluations */
    int64_t step, epochs_done;
    uint64_t examples, tokens;                   /* gone through */
    double seconds;                              /* of steps alone */
    double line_loss, progress_loss, epoch_loss; /* sums since the last line, progress, epoch */
    int64_t line_steps, progress_steps, epoch_steps;
    double last_epoch_loss;
    double progress_at, progress_tokens; /* time of the last progress line, tokens since then */
    hone_arena *scratch;                 /* of a line */
} hone__loop;

/* Begins metrics.jsonl anew. */
hone_status hone__loop_create(hone__loop *l, hone__parts *parts, hone_error *err) HONE_CHECKED;
hone_status hone__loop_run(hone__loop *l, hone_error *err) HONE_CHECKED;
void hone__loop_clear(hone__loop *l); /* also after a failed create */

double hone__now(void); /* seconds, monotonic */

#endif
