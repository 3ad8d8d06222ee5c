/* batches.h - which examples go together: in the steps of a training, epoch after epoch, and in the batches of an evaluation.
 *
 * A batch ends where the next example would take it past either bound, in examples or in tokens; an example that is longer than the
 * bound by itself is a batch of its own. What goes together depends on seed, epoch and lengths alone. With a bound in tokens the number
 * of steps may differ from epoch to epoch, so all of them are counted before the first: schedules know their end.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_TRAIN_BATCHES_H
#define HONE_CORE_TRAIN_BATCHES_H

#include "config/experiment.h"
#include "data/batch.h"

/* Of a batch; 0: no bound. */
typedef struct hone__bounds {
    uint64_t examples, tokens;
} hone__bounds;

/* Batch i is order[starts[i]] .. order[starts[i + 1] - 1]. */
typedef struct hone__division {
    uint64_t *order;  /* [examples] */
    uint64_t *starts; /* [n + 1] */
    uint64_t n;
} hone__division;

/* Of an evaluation: longest first, so that memory is asked for once, at the beginning; or in the order of the corpus. */
hone_status hone__divide_by_length(hone_arena *arena, const hone__prepared *data, hone__bounds bounds, hone__division *out,
                                   hone_error *err) HONE_CHECKED;
hone_status hone__divide_in_order(hone_arena *arena, const hone__prepared *data, hone__bounds bounds, hone__division *out,
                                  hone_error *err) HONE_CHECKED;

/* ---- A training -------------------------------------------------------------------------------------------------- */

typedef struct hone__batches_setup {
    uint64_t seed;
    int32_t sampling; /* hone__sampling */
    hone__bounds bounds;
    int64_t epochs, max_steps;  /* max_steps 0: no bound */
    const hone__prepared *data; /* only its lengths are looked at, and only by create() */
    hone_arena *arena;          /* all of it lives there */
} hone__batches_setup;

typedef struct hone__batches hone__batches;

hone_status hone__batches_create(const hone__batches_setup *setup, hone__batches **batches, hone_error *err) HONE_CHECKED;
int64_t hone__batches_total(const hone__batches *b); /* steps of the whole training */

/* Where a training stands after so many steps. */
typedef struct hone__standing {
    int64_t epoch;    /* that the next step belongs to; after the last of all, the number of epochs */
    int64_t step;     /* steps done of it; 0: between two epochs */
    int64_t of_epoch; /* steps of it */
    double epochs;    /* gone through; 1.0 is the end of the first */
} hone__standing;
hone__standing hone__batches_place(const hone__batches *b, int64_t done);

/* The examples [*n] of the step after `done` others; they stay until another epoch is asked for. */
const uint64_t *hone__batches_step(hone__batches *b, int64_t done, uint64_t *n);

#endif
