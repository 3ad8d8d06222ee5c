/* hone/search.h - searchers, stoppers and launchers: which points a sweep tries, which it ends early, and where trials run.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_SEARCH_H
#define HONE_SEARCH_H

#include "plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- The space --------------------------------------------------------------------------------------------------- */

typedef enum hone_distribution {
    HONE_CATEGORICAL = 1, /* one of n choices */
    HONE_UNIFORM,         /* real in [min, max] */
    HONE_LOG_UNIFORM,     /* its logarithm uniform */
    HONE_INT_UNIFORM,     /* integer min .. max */
    HONE_NORMAL,          /* mu, sigma; what lies outside [min, max] is drawn again */
    HONE_LOG_NORMAL       /* its logarithm normal; the same */
} hone_distribution;

/* One dimension. A point has one double for each: the value, or the index of the choice. */
typedef struct hone_dimension {
    const char *name; /* "optimizer.learning_rate", or of a zip group its name */
    uint32_t distribution;
    uint32_t n_choices;
    const double *probabilities; /* [n_choices] sum 1; NULL: equal */
    double min, max;             /* of normal ones also infinite */
    double quantum;              /* > 0: values are multiples of it (q_uniform, ...); 0: none */
    double mu, sigma;
    uint64_t reserved[4];
} hone_dimension;

typedef struct hone_space {
    uint64_t size;
    uint64_t n;
    const hone_dimension *dimensions; /* [n] of dimension_size; use hone_dimension_at() */
    uint64_t dimension_size;
    /* Does dimension d count in this point, given those before it (`when`)? Where not, its value is NaN. */
    bool (*active)(const void *host, const double *point, uint64_t d);
    /* Do all constraints hold? */
    bool (*allowed)(const void *host, const double *point);
    const void *host;
} hone_space;

static inline const hone_dimension *hone_dimension_at(const hone_space *s, uint64_t d)
{
    return (const hone_dimension *)(const void *)((const char *)s->dimensions + d * s->dimension_size);
}

/* Values of a stepped dimension are k * step for k = first .. last: multiples of its quantum, or integers. Step 0: it is continuous,
 * or a choice. Without bounds (of a normal distribution) first and last are infinite. [any thread] */
typedef struct hone_steps {
    double step, first, last;
} hone_steps;
HONE_EXPORT hone_steps hone_steps_of(const hone_dimension *d);

/* HONE_EINVAL names a dimension that has no value, or a distribution that this version does not know: for create(). */
HONE_EXPORT hone_status hone_space_check(const hone_space *space, hone_error *err) HONE_CHECKED;
/* Point i drawn from every dimension's distribution, into x[n]. Each value comes from the seed, the dimension's name and i, so that a
 * further dimension leaves the others as they were. HONE_EINVAL where no draw meets the constraints. */
HONE_EXPORT hone_status hone_space_draw(const hone_space *space, uint64_t seed, uint64_t i, double *x,
                                        hone_error *err) HONE_CHECKED;

typedef enum hone_point_state {
    HONE_POINT_COMPLETE = 1,
    HONE_POINT_PRUNED, /* ended early: what is known of it is its curve */
    HONE_POINT_FAILED,
    HONE_POINT_RUNNING /* only stoppers see it */
} hone_point_state;

typedef struct hone_point {
    const double *x; /* [n] NaN where inactive */
    uint32_t state;  /* hone_point_state */
    uint32_t n_curve;
    double value;        /* the metric, turned so that larger is better; NaN where it is not complete */
    const double *curve; /* [n_curve] the metric at each evaluation, turned the same way */
} hone_point;

typedef struct hone_history {
    uint64_t size;
    uint64_t n;               /* points 0 .. n-1, in number order */
    const hone_point *points; /* use hone_point_at() */
    uint64_t point_size;
} hone_history;

static inline const hone_point *hone_point_at(const hone_history *h, uint64_t i)
{
    return (const hone_point *)(const void *)((const char *)h->points + i * h->point_size);
}

/* ---- Searchers --------------------------------------------------------------------------------------------------- */

typedef struct hone_searcher {
    hone_plugin plugin;
    /* How many of the newest points before i ask() does without, so that lag + 1 can run at once. NULL: 0. Not asked where
     * takes_history is 0: any number may then run. */
    uint64_t (*lag)(const hone_self *self);
    uint32_t takes_history; /* 0: ask() is a function of i alone; history is then empty */
    uint32_t zero;
    /* May be NULL. Refuses spaces that it cannot walk, with the reason. */
    hone_status (*create)(const hone_self *self, const hone_space *space, hone_error *err);
    /* How many points there are in all; 0: no end but run_cap. NULL: 0. */
    uint64_t (*count)(const hone_self *self, const hone_space *space);
    /* Point i into x[n]: a pure function of parameters, sampler_seed (self->seed), i, space and history. HONE_END behind the last. */
    hone_status (*ask)(const hone_self *self, const hone_space *space, uint64_t i, const hone_history *history, double *x,
                       hone_error *err);
} hone_searcher;

/* ---- Stoppers ---------------------------------------------------------------------------------------------------- */

typedef struct hone_stopper {
    hone_plugin plugin;
    hone_status (*create)(const hone_self *self, hone_error *err); /* may be NULL */
    /* Should the running trial end now? Asked once at each of its evaluations, of which the last in its curve is the newest, so
     * that the answer depends on no clock. `others` are all other trials that were evaluated, whatever became of them. */
    bool (*stop)(const hone_self *self, const hone_point *running, const hone_history *others);
} hone_stopper;

/* ---- Launchers --------------------------------------------------------------------------------------------------- */

typedef struct hone_job {
    uint64_t size;
    const char *const *argv;        /* NULL-terminated; argv[0] an absolute path */
    const char *const *environment; /* additions "NAME=value", NULL-terminated; may be NULL */
    const char *log_path;           /* standard output and error are appended here */
    uint64_t memory_bytes;          /* limit, 0: none */
    double time_s;                  /* limit, 0: none */
    uint32_t threads;
    uint32_t zero;
} hone_job;

typedef struct hone_job_state {
    uint64_t size;
    bool running;
    int32_t exit_code;   /* valid where it ended by exit; else -1 */
    int32_t signal;      /* that ended it; 0: none */
    double seconds;      /* since its start */
    uint64_t peak_bytes; /* 0: unknown */
    char cause[200];     /* "stopped after its limit of 60 s"; "" where exit code and signal say all */
} hone_job_state;

enum { HONE_LAUNCHER_RUNS_NOTHING = 1u << 0 /* start() starts no process: every job is done at once, with exit code 0 */ };

typedef struct hone_launcher {
    hone_plugin plugin;
    hone_status (*create)(const hone_self *self, hone_error *err); /* may be NULL */
    /* *handle names the job until forget(). */
    hone_status (*start)(const hone_self *self, const hone_job *job, uint64_t *handle, hone_error *err);
    /* Does not wait. */
    hone_status (*poll)(const hone_self *self, uint64_t handle, hone_job_state *state, hone_error *err);
    /* Waits until some job may have changed, at most `seconds`. */
    void (*wait)(const hone_self *self, double seconds);
    /* hard: at once (SIGKILL); else asks it to save its state and end (SIGTERM). */
    hone_status (*stop)(const hone_self *self, uint64_t handle, bool hard, hone_error *err);
    void (*forget)(const hone_self *self, uint64_t handle);
    uint32_t flags; /* HONE_LAUNCHER_* */
    uint32_t zero;
} hone_launcher;

#ifdef __cplusplus
}
#endif

#endif
