/* supervisor.h - runs the trials of an experiment, each a process of its own, and writes down what became of them.
 *
 * Nothing is acted on before the journal has it on disk. A trial that fails costs itself alone. Which points are run, and under
 * which numbers, does not depend on how many run at once.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_SWEEP_SUPERVISOR_H
#define HONE_CORE_SWEEP_SUPERVISOR_H

#include "config/experiment.h"
#include "sweep/journal.h"
#include "sweep/watch.h"

/* A trial as progress displays see it; borrowed for the call. */
typedef struct hone__trial_view {
    uint64_t number;
    const char *label; /* what is swept: "learning_rate=5.0e-05 dropout=0.1"; "" where nothing is */
    hone__trial_state state;
    double seconds;         /* since its start */
    const hone__watch *now; /* its newest numbers */
    const char *cause;      /* of a failed or pruned one, else "" */
    double value;           /* of a complete one, and the last of a pruned one; else NaN */
    int64_t reuses;         /* the trial whose result it has, since the same was drawn before; -1: none */
} hone__trial_view;

typedef struct hone__sweep_view {
    uint64_t total; /* trials: points times seeds */
    size_t n_seeds;
    uint64_t complete, failed, pruned;
    int64_t best;      /* the first trial of the best point whose seeds are all complete; -1: none yet */
    double best_value; /* the mean of its seeds */
    size_t n_running;
    const hone__trial_view *running; /* [n_running] by number */
} hone__sweep_view;

typedef enum hone__sweep_news {
    HONE__NEWS_TICK,     /* nothing but the time, and perhaps newer numbers */
    HONE__NEWS_STARTED,  /* `trial` */
    HONE__NEWS_ENDED,    /* `trial`, with its final state; running: it was interrupted */
    HONE__NEWS_STOPPING, /* no further trial is started */
} hone__sweep_news;

typedef struct hone__sweep_setup {
    const hone__experiment *experiment;
    hone__registry *registry;
    const char *dir;     /* made and locked by hone__rundir_create or hone__rundir_open */
    const char *program; /* absolute path of `hone` */
    hone_log *log;
    void (*progress)(void *ctx, hone__sweep_news news, const hone__sweep_view *view, const hone__trial_view *trial);
    void *progress_ctx;
    const volatile int
        *interrupts; /* may be NULL. 1: start no more, and ask running trials to leave a checkpoint; 2: kill them */
    /* Go on with what the journal has: complete trials stay as they are, running ones go on from their checkpoints under a further attempt
     * number; with `failed`, points whose trial failed are run again as new trials. */
    bool resume, failed;
    const char *accepted; /* of a resumed run: what has changed since, for the journal; NULL: nothing */
} hone__sweep_setup;

typedef struct hone__sweep_result {
    uint64_t complete, failed, pruned, interrupted;
    bool stopped; /* by interrupts, before all points were run */
    bool aborted; /* by on_error: abort */
    bool refit_failed;
    const char
        *ended_by; /* the setting that ended it before all points were run ("metric.target", "time_budget_s"); NULL: none */
} hone__sweep_result;

/* Returns when no trial runs any more. Failed trials are no failure of the sweep. */
hone_status hone__sweep_run(const hone__sweep_setup *setup, hone__sweep_result *result, hone_error *err) HONE_CHECKED;

/* The metric that ranks the trials; NULL where each trial's own choice does. */
const char *hone__sweep_metric(const hone__experiment *e);

#endif
