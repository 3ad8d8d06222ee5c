/* points.h - the points of a sweep: drawn from its searcher in order, with what became of each.
 *
 * A point is one setting, a trial is a point with one seed. Trials are made in the order of points and, of a point, of seeds; so which
 * trial has which number does not depend on how many run at once. What a searcher is told of a point is the mean of its seeds.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_SWEEP_POINTS_H
#define HONE_CORE_SWEEP_POINTS_H

#include "sweep/journal.h"

/* A point with one seed. */
typedef struct hone__seed_run {
    int64_t trial; /* the newest; -1: none yet */
    int state;     /* of that one: hone__trial_state */
    double value;  /* NaN until it has one */
    /* The metric at each evaluation, turned so that larger is better; kept where
   * a stopper asks for it. */
    double *curve;
    uint32_t n_curve;
    int64_t last_step; /* of its last evaluation */
} hone__seed_run;

typedef struct hone__drawn {
    double *x;            /* [space.n] NaN where inactive */
    hone__seed_run *runs; /* [n_seeds] */
    int64_t twin;         /* the first point with the same values; -1: none */
    uint32_t made, ended; /* how many seeds have a trial, and one that has ended */
} hone__drawn;

/* For reading. */
typedef struct hone__points {
    hone_arena *arena;
    const hone__sweep_config *sweep; /* NULL: a single trial */
    hone_space space;
    const int64_t *seeds; /* [n_seeds] */
    size_t n_seeds;
    uint64_t total;     /* points of the whole sweep */
    uint64_t limit;     /* points that may be drawn, <= total */
    hone__drawn *drawn; /* [n_drawn] */
    uint64_t n_drawn;
    uint64_t open;       /* the first that lacks a trial, n_drawn where none does */
    hone_self *searcher; /* NULL: one point */
    uint64_t cap;
} hone__points;

/* Everything in `arena`, which must outlive it. HONE_ECONFIG where the searcher refuses the space, or never ends. */
hone_status hone__points_create(hone_arena *arena, hone_arena *step, const hone__experiment *e, hone_log *log,
                                hone__points **points, hone_error *err) HONE_CHECKED;
void hone__points_destroy(hone__points *p); /* NULL is fine */

/* Trials that can run side by side: max_concurrent_trials, but no more than there are, nor than a searcher that learns from results leaves
 * open, which is lag + 1 points. */
size_t hone__points_at_once(const hone__points *p);

/* ---- The next trial ---------------------------------------------------------------------------------------------- */

typedef enum hone__turn {
    HONE__TURN_MAKE, /* a trial can be made */
    HONE__TURN_WAIT, /* it depends on results that are not there yet */
    HONE__TURN_END   /* there is none */
} hone__turn;

/* Which trial is to be made next: draws its point if need be. `step` is for the time of the call. */
hone_status hone__points_next(hone__points *p, hone_arena *step, hone__turn *turn, uint64_t *point, size_t *seed,
                              hone_error *err) HONE_CHECKED;
/* The trial of an earlier point with the same values and the same seed whose result is this one's too, since the bits would be; NULL where
 * there is none, or the sweep wants it run. */
const hone__seed_run *hone__points_twin(const hone__points *p, uint64_t point, size_t seed);
/* Is there no trial to be made any more, whatever becomes of the others? */
bool hone__points_done(const hone__points *p);
/* No point beyond those that are drawn. */
void hone__points_close(hone__points *p);

/* Adds the next point with values that are known. */
hone_status hone__points_add(hone__points *p, const double *x, hone_error *err) HONE_CHECKED;
/* That seed has a trial, in place of the one it may have had. */
void hone__points_made(hone__points *p, uint64_t point, size_t seed, uint64_t trial);
/* Another evaluation of that seed's trial. False where it is known already,
 * since a trial that is gone on with tells its past again; where no stopper
 * asks for it; and where memory is short. */
bool hone__points_evaluated(hone__points *p, uint64_t point, size_t seed, int64_t step, double value);
/* That seed's trial has ended. value: NaN where it failed. */
void hone__points_ended(hone__points *p, uint64_t point, size_t seed, int state, double value);

/* ---- What became of a point -------------------------------------------------------------------------------------- */

bool hone__point_ended(const hone__points *p, uint64_t point);
/* Has each of its seeds a result? */
bool hone__point_complete(const hone__points *p, uint64_t point);
/* The mean of the values that there are, in the order of seeds; NaN where there is none. */
double hone__point_mean(const hone__points *p, uint64_t point);

/* The seed in the middle, whose trial stands for the point; n_seeds where none has a value. */
size_t hone__point_median(const hone__points *p, uint64_t point);

/* Which of n values is the middle one; of two middle ones the worse, of equal ones the first. NaN does not count; n where none does. */
size_t hone__median_of(const double *values, size_t n, bool maximize);

/* ---- Without running anything ------------------------------------------------------------------------------------ */

/* How many points a sweep has: as its searcher counts them, and not more than run_cap. In `arena`. */
hone_status hone__sweep_count(hone_arena *arena, const hone__experiment *e, uint64_t *n, hone_error *err) HONE_CHECKED;

/* The configuration of the first trial that a sweep runs; of a single trial, its own. In `arena`. */
hone_status hone__sweep_first(hone_arena *arena, const hone__experiment *e, hone__yaml **root, hone_error *err) HONE_CHECKED;

#endif
