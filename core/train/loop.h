/* loop.h - the epochs of a trial: steps, evaluations, the best one, early stopping, and the lines of metrics.jsonl.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_TRAIN_LOOP_H
#define HONE_CORE_TRAIN_LOOP_H

#include "train/parts.h"
#include <limits.h>
#include <stdio.h>

/* One evaluation with everything that came out of it, in an arena of its own. */
typedef struct hone__checked {
    hone_arena *arena;
    hone__evaluated evaluated;
    hone_exhibits *exhibits; /* its figures: loss, then those of the metrics */
    int64_t step;
    double epoch;            /* 1.0 is the end of the first */
    double value;            /* of the metric that chooses */
    const void *calibration; /* what the head left, for its model; may be NULL */
    uint64_t n_calibration;
} hone__checked;

/* Where the newest checkpoint lies. */
typedef struct hone__saved {
    char path[PATH_MAX]; /* "" where there is none */
    int64_t step, checked_step;
    double at;                 /* hone__now() */
    char frozen[65], data[65]; /* hashes, computed once; "" before that */
} hone__saved;

typedef struct hone__loop {
    hone__parts *parts;
    FILE *metrics;              /* metrics.jsonl */
    const char *metric;         /* that chooses, without "validation/" */
    int32_t direction;          /* +1 or -1, known after the first evaluation */
    hone__checked checks[2];    /* the best and the one being made */
    hone__checked *best, *now;  /* best is NULL before the first evaluation */
    hone__block block;          /* activations of evaluations */
    int64_t since_best;         /* evaluations */
    int64_t step, checked_step; /* the last that is done, and the one of the last evaluation */
    int64_t entered;            /* the epoch whose examples are prepared; -1: none */
    bool done;
    uint64_t examples, tokens;                   /* gone through */
    double seconds;                              /* of steps alone */
    double line_loss, progress_loss, epoch_loss; /* sums since the last line, progress, epoch */
    int64_t line_steps, progress_steps, epoch_steps;
    double progress_at, progress_tokens; /* time of the last progress line, tokens since then */
    hone_arena *scratch;                 /* of a line */
    hone__saved saved;                   /* the last checkpoint */
} hone__loop;

/* Goes on from the newest good checkpoint of this configuration, or begins anew. */
hone_status hone__loop_create(hone__loop *l, hone__parts *parts, hone_error *err) HONE_CHECKED;
hone_status hone__loop_run(hone__loop *l, hone_error *err) HONE_CHECKED;
void hone__loop_clear(hone__loop *l); /* also after a failed create */

/* Mean loss of the epoch last begun; epochs begun; epochs gone through. */
double hone__loop_epoch_loss(const hone__loop *l);
int64_t hone__loop_begun(const hone__loop *l);
double hone__loop_epochs(const hone__loop *l);
/* metrics.jsonl is on disk up to *length bytes (may be NULL). */
hone_status hone__loop_sync_metrics(const hone__loop *l, int64_t *length, hone_error *err) HONE_CHECKED;

double hone__now(void); /* seconds, monotonic */

#endif
