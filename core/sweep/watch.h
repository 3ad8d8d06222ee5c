/* watch.h - what a trial's directory says about it, while it runs and after it ended.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_SWEEP_WATCH_H
#define HONE_CORE_SWEEP_WATCH_H

#include <hone/base.h>
#include <hone/search.h>

/* ---- metrics.jsonl, followed as it grows ------------------------------------------------------------------------- */

/* The newest of each number; NaN (and 0 of counts) where the trial has not said it yet. */
typedef struct hone__watch {
    int64_t offset; /* bytes read */
    int64_t step, total_steps;
    double epoch, loss, metric, tokens_per_s;
} hone__watch;

void hone__watch_init(hone__watch *w);
/* Reads the lines that came since. `metric` is what is followed ("validation/f1"; may be NULL); each value of it is also given to
 * `seen` (may be NULL). A line that is no JSON object is passed over: what a trial writes cannot stop its sweep. */
void hone__watch_read(hone__watch *w, const char *path, const char *metric, void (*seen)(void *ctx, int64_t step, double value),
                      void *ctx);

/* ---- Life -------------------------------------------------------------------------------------------------------- */

/* Is a process training in that folder? It holds the folder's flock(2). */
bool hone__trial_lives(const char *dir);
/* From its beginning to its result, by the times of its files; 0 if unknown. */
double hone__trial_seconds(const char *dir);

/* ---- The end ----------------------------------------------------------------------------------------------------- */

typedef struct hone__outcome {
    bool complete;
    bool interrupted; /* ended by itself when asked to, and can go on */
    bool pruned;      /* ended early, as the stopper decided */
    double value;     /* of the metric, where complete */
    char cause[600];  /* where it is not complete: one sentence */
    char tail[2000];  /* the last lines of its log, where it is not complete */
    double seconds;
    int32_t exit_code, signal;
    uint64_t peak_bytes;
} hone__outcome;

/* Reads result.json and the log in `dir`, of a job that ended with `state`. metric: as in the sweep; NULL: the trial's own choice. */
void hone__outcome_read(hone__outcome *o, const char *dir, const hone_job_state *state, const char *metric, int64_t last_step);

#endif
