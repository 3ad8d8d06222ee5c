/* run.h - a run's directory read back: everything a report is made of.
 *
 * Nothing but the directory is needed, and nothing in it is changed. Trials whose files are missing or damaged are kept with what
 * there is.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_REPORT_RUN_H
#define HONE_CORE_REPORT_RUN_H

#include "config/yaml.h"
#include "sweep/journal.h"
#include "train/exhibits.h"

#define HONE__TEST_DIR "test" /* in a run: the chosen model on the test data */

/* Numbers over steps. */
typedef struct hone__series {
    double *step, *value;
    size_t n, cap;
} hone__series;

typedef struct hone__report_trial {
    uint64_t number;
    int state;                /* hone__trial_state; running: interrupted, or still at work */
    double value, seconds;    /* NaN where unknown */
    const char *dir;          /* relative to the run: "trials/0007" */
    const char *cause, *tail; /* "" where there are none */
    const char **params;      /* [n_columns] NULL where it does not count */
    hone__figure *figures;    /* [n_figures] in result.json's order */
    size_t n_figures;
    double tokens_per_s, train_seconds, epochs, steps; /* NaN where unknown */
    const char *own_metric;                            /* that the trial itself ranks by, NULL if unknown */
} hone__report_trial;

typedef struct hone__report_run {
    hone_arena *arena;
    const char *dir;
    const hone__study *study;
    const char *name, *metric; /* metric: what ranks */
    bool maximize;
    const char **columns; /* [n_columns] paths of the swept parameters, in the order of the search space */
    size_t n_columns;
    hone__report_trial *trials; /* [n_trials] by number */
    size_t n_trials;
    size_t *ranking; /* [n_ranked] indices of complete trials, best first; equal ones by number */
    size_t n_ranked, n_failed, n_open;
    hone_exhibits *exhibits; /* of the best trial; NULL where there is none */
    hone__yaml *experiment;  /* experiment.yaml; NULL if it cannot be read */
    json_t *environment;     /* environment.json; NULL if it cannot be read */
    hone_exhibits *test;     /* the chosen model on the test data; NULL where it was not scored */
    const char *data;        /* what the data is like; NULL where nobody looked */
} hone__report_run;

/* In `arena`; hone__report_close gives back what is not. HONE_ENOTFOUND where `dir` holds no run. */
hone_status hone__report_open(hone_arena *arena, const char *dir, hone_log *log, hone__report_run **run,
                              hone_error *err) HONE_CHECKED;
void hone__report_close(hone__report_run *run); /* NULL is fine */

/* NULL where nothing is complete. */
const hone__report_trial *hone__report_best(const hone__report_run *run);

/* A trial's numbers under one key of metrics.jsonl ("train/loss"). Empty where there are none. */
hone_status hone__report_series(const hone__report_run *run, const hone__report_trial *t, const char *key, hone__series *series,
                                hone_error *err) HONE_CHECKED;

#endif
