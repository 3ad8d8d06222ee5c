/* evaluate.h - a model over a corpus: predictions, metrics and exhibits; and predictions.tsv, from which they can be made again.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_TRAIN_EVALUATE_H
#define HONE_CORE_TRAIN_EVALUATE_H

#include "train/batches.h"
#include "train/exhibits.h"
#include "train/network.h"
#include <hone/metric.h>

/* What one evaluation needs. */
typedef struct hone__evaluate_setup {
    const hone__network *net;
    const hone__prepared *data;
    const char *split;         /* "validation" */
    hone__bounds bounds;       /* of a batch */
    const char *const *labels; /* [n_labels] as they are shown */
    uint64_t n_labels;
    int32_t positive;
    bool with_loss;          /* the examples have gold */
    const void *calibration; /* of the head; may be NULL */
    uint64_t n_calibration;
    hone_arena *arena;                                      /* records and answers live in it */
    hone_arena *step;                                       /* emptied for every batch */
    hone__block *block;                                     /* room for activations, kept from batch to batch */
    const volatile int *stop;                               /* may be NULL; not 0: HONE_EINTERRUPTED */
    void (*progress)(void *ctx, uint64_t done, uint64_t n); /* after each batch, in examples; may be NULL */
    void *progress_ctx;
} hone__evaluate_setup;

typedef struct hone__evaluated {
    hone_evaluation *outputs; /* [n], one for each output of the head, over the same examples in their order */
    uint64_t n;
    double loss; /* the mean that training makes small, over the whole split; NaN without gold */
} hone__evaluated;

/* Batches are of examples of similar length, for speed; records are in the order of the corpus. */
hone_status hone__evaluate(const hone__evaluate_setup *setup, hone__evaluated *out, hone_error *err) HONE_CHECKED;

/* The same, where the head calibrates itself on this data: it sees predictions and scores as they come without, and what it leaves
 * (in setup->arena, and in *setup) is in what is decoded then. */
hone_status hone__evaluate_calibrating(hone__evaluate_setup *setup, hone__evaluated *out, hone_error *err) HONE_CHECKED;

/* predictions.tsv: example id, gold, predicted, loss, items, and the scores that the target keeps; predictions.h says how they look. */
hone_status hone__predictions_write(const char *path, const hone_evaluation *evaluation, hone_error *err) HONE_CHECKED;
/* The same text, added to `out`; and as JSON, one object a line: {"id", "output", "gold", "predicted", "loss", "scores"}, without
 * output where the head has one alone, and without gold and loss where there are none. */
struct hone__str;
hone_status hone__predictions_text(const hone_evaluation *evaluation, struct hone__str *out, hone_error *err) HONE_CHECKED;
hone_status hone__predictions_json(const hone_evaluation *evaluation, struct hone__str *out, hone_error *err) HONE_CHECKED;
/* Reads it back into an evaluation whose records have no example. Which label is positive does not stand in the file. */
hone_status hone__predictions_read(hone_arena *arena, const char *path, hone_evaluation **evaluation,
                                   hone_error *err) HONE_CHECKED;

/* Runs one metric; its figures and exhibits are added to `out` under the metric's name. */
hone_status hone__metric_run(const hone__metric_use *use, const hone_self *self, const hone_evaluation *evaluation,
                             hone_exhibits *out, hone_error *err) HONE_CHECKED;

/* The figure loss, and those of all metrics [n], each over the first output that it takes. */
hone_status hone__figures_make(const hone__metric_use *uses, hone_self *const *metrics, size_t n,
                               const hone__evaluated *evaluated, hone_exhibits *out, hone_error *err) HONE_CHECKED;

#endif
