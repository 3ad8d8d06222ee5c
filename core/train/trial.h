/* trial.h - one training: data, model, steps, evaluation, and what it leaves in its directory.
 *
 *     trial.yaml metrics.jsonl result.json predictions.tsv log.txt model/ checkpoint/
 *
 * The numbers depend on configuration, seed and data alone, not on threads, nor on when it was killed and started again.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_TRAIN_TRIAL_H
#define HONE_CORE_TRAIN_TRIAL_H

#include "base/str.h"
#include "config/experiment.h"
#include "train/evaluate.h"

/* A line of progress, given after steps (not more than some ten a second) and evaluations. */
typedef struct hone__progress {
    int64_t step, total_steps, epoch;
    double loss; /* mean of the steps since the last line */
    double tokens_per_s, seconds_left;
    const char *metric_name; /* NULL before the first evaluation */
    double metric;
} hone__progress;

typedef struct hone__trial_setup {
    const hone__experiment *experiment;
    hone__registry *registry;
    const char *dir;       /* exists; what the trial writes goes there */
    const char *cache_dir; /* for tokens and outputs of frozen layers, shared with other trials; NULL: none */
    bool no_frozen;        /* outputs of frozen layers are not kept */
    hone_log *log;
    void (*progress)(void *ctx, const hone__progress *p); /* may be NULL */
    void *progress_ctx;
    const volatile int *stop; /* may be NULL; not 0: stop at the next step with HONE_EINTERRUPTED */
} hone__trial_setup;

/* Everything: load, train, evaluate after each epoch, keep the best by metric_for_best_model, write result.json last. */
hone_status hone__trial_run(const hone__trial_setup *setup, hone_error *err) HONE_CHECKED;

/* What a trial would be trained and measured on, some lines of text (data/check.h). Nothing is written; setup->dir is not looked at. */
hone_status hone__trial_describe(const hone__trial_setup *setup, hone__str *out, hone_error *err) HONE_CHECKED;

#endif
