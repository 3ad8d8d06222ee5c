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

/* What the model saw of one split. */
typedef struct hone__seen {
    const char *split; /* "train" */
    double examples, sequences, tokens, longest, cut_examples, cut_tokens;
} hone__seen;

typedef struct hone__report_trial {
    uint64_t number, point;
    int64_t seed;
    int state;                /* hone__trial_state; running: interrupted, or still at work */
    double value, seconds;    /* NaN where unknown */
    int64_t reuses;           /* the trial whose result it has; -1: none */
    const char *dir;          /* relative to the run: "trials/0007"; of the trial that it reuses where it does */
    const char *cause, *tail; /* "" where there are none */
    const char **params;      /* [n_columns] NULL where it does not count */
    double started, ended;    /* seconds since 1970; NaN where unknown */
    hone__figure *figures;    /* [n_figures] in result.json's order */
    size_t n_figures;
    double tokens_per_s, train_seconds, epochs, steps; /* NaN where unknown */
    const char *own_metric;                            /* that the trial itself ranks by, NULL if unknown */
    hone__seen seen[2];                                /* [n_seen] train, validation */
    size_t n_seen;
} hone__report_trial;

/* A setting, of which there is a trial for each seed. */
typedef struct hone__report_point {
    uint64_t number;
    size_t *trials; /* [n_trials] indices: the newest trial of each seed, in the order in which the seeds were run */
    size_t n_trials, n_complete;
    double value, deviation; /* mean of the complete ones, and their sample standard deviation; NaN where there are too few */
    double low, high;        /* 95 % interval of value (intervals.h), NaN where there is none */
    size_t median;           /* the complete trial in the middle, which stands for the point; valid where n_complete */
    bool ranked;             /* each of its seeds is complete */
} hone__report_point;

/* A 95 % interval; NaN where there is none. */
typedef struct hone__range {
    double low, high;
} hone__range;

typedef struct hone__report_run {
    hone_arena *arena;
    const char *dir;
    const hone__study *study;
    const char *intervals;     /* how they were reckoned, or why there are none; NULL: nothing to say */
    hone__range *ranges;       /* [n_figures] of the best trial (intervals.h); NULL before they were looked for */
    hone__range *test_ranges;  /* [n_figures] of the test data */
    const char *range_note;    /* which metrics gave none, and why; NULL: nothing to say */
    const char *name, *metric; /* metric: what ranks */
    bool maximize;
    const char **columns; /* [n_columns] paths of the swept parameters, in the order of the search space */
    hone__scale *scales;  /* [n_columns] */
    size_t n_columns;
    hone__report_trial *trials; /* [n_trials] by number */
    size_t n_trials;
    size_t n_seeds;             /* trials of a point */
    hone__report_point *points; /* [n_points] by number */
    size_t n_points;
    size_t *ranking; /* [n_ranked] indices of points, best first; equal ones by number */
    size_t n_ranked;
    size_t n_complete, n_failed, n_pruned, n_open; /* trials */
    hone_exhibits *exhibits;                       /* of the best trial; NULL where there is none */
    hone__yaml *experiment;                        /* experiment.yaml; NULL if it cannot be read */
    json_t *environment;                           /* environment.json; NULL if it cannot be read */
    hone_exhibits *test;                           /* the chosen model on the test data; NULL where it was not scored */
    hone__seen test_seen;                          /* split NULL: unknown */
    const char *data;                              /* what the data is like; NULL where nobody looked */
    bool refit; /* RUN/refit holds the best trial's point once more, trained on the training and the validation data */
} hone__report_run;

/* In `arena`; hone__report_close gives back what is not. HONE_ENOTFOUND where `dir` holds no run. */
hone_status hone__report_open(hone_arena *arena, const char *dir, hone_log *log, hone__report_run **run,
                              hone_error *err) HONE_CHECKED;
void hone__report_close(hone__report_run *run); /* NULL is fine */

/* The trial that stands for the best point: its only one, or the one in the middle. NULL where no point is complete. */
const hone__report_trial *hone__report_best(const hone__report_run *run);

/* Of a ranked point by its place, from 0: the trial that stands for it. */
const hone__report_trial *hone__report_ranked(const hone__report_run *run, size_t place);

/* points.c: gathers the trials into points and ranks these. */
hone_status hone__report_rank(hone__report_run *run, hone_error *err) HONE_CHECKED;

/* A trial's numbers under one key of metrics.jsonl ("train/loss"). Empty where there are none. */
hone_status hone__report_series(const hone__report_run *run, const hone__report_trial *t, const char *key, hone__series *series,
                                hone_error *err) HONE_CHECKED;

#endif
