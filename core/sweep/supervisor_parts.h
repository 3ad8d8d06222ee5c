/* supervisor_parts.h - what the files of the supervisor share: its state, and what each does for the loop in supervisor.c.
 *
 * A turn of the loop: ended trials and new ones are written into the journal together, one fsync takes them to the disk, and only then does
 * anything follow from them.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_SWEEP_SUPERVISOR_PARTS_H
#define HONE_CORE_SWEEP_SUPERVISOR_PARTS_H

#include "sweep/points.h"
#include "sweep/supervisor.h"

typedef enum hone__slot_state {
    HONE__SLOT_FREE = 0,
    HONE__SLOT_MADE, /* its trial is in the journal, and starts when the disk has it */
    HONE__SLOT_RUNNING
} hone__slot_state;

/* A place for a running trial. */
typedef struct hone__slot {
    hone__slot_state state;
    uint64_t handle; /* the launcher's */
    uint64_t trial, point;
    size_t seed;       /* which of the seeds */
    char *dir, *label; /* hone__free */
    hone__watch watch;
    hone_job_state job;
    int asked;         /* how often it was asked to end: 1 softly, 2 hard */
    int64_t reuses;    /* the trial that answers for it; -1: none */
    int64_t pruned_at; /* the step at which the stopper decided that it ends; -1: it did not */
    bool written;      /* its trial.yaml */
    bool measured;     /* what it needs: */
    uint64_t bytes, mapped;
} hone__slot;

/* A trial that has ended; nothing has followed from it yet. */
typedef struct hone__ended {
    hone__slot slot;
    hone__outcome outcome;
} hone__ended;

/* A trial of a resumed run that is not finished. */
typedef struct hone__unfinished {
    uint64_t point;
    size_t seed;
    int64_t trial;     /* -1: it is to be run as a new one */
    int64_t attempt;   /* of its last start; 0: none yet */
    int64_t pruned_at; /* as of a slot: decided, but not yet written down as ended */
    bool taken;
    bool lives; /* its process has outlived the supervisor that started it */
} hone__unfinished;

typedef struct hone__supervisor {
    const hone__sweep_setup *setup;
    const hone__sweep_config *sweep; /* NULL: a single trial */
    hone__sweep_result *result;
    hone_arena *arena, *step;
    hone__points *points;
    hone_self *launcher, *stopper; /* stopper NULL: none */
    const hone_launcher *launch;
    hone__journal *journal;
    hone__slot *slots; /* [n_slots] */
    size_t n_slots;
    hone__ended *ended; /* [n_slots] in the order in which they were seen */
    size_t n_ended;
    hone__trial_view *views; /* [n_slots] */
    bool stopping;           /* no further trial, by the user's wish or on_error: abort */
    hone__unfinished *queue; /* [n_queue] by trial */
    size_t n_queue, n_taken;
    size_t n_survivors; /* of the queue, which live */
    int64_t spare;      /* a trial that a kill left with nothing but its number; -1: none */
    int64_t best;       /* point; -1: none yet */
    double best_value;
    int64_t kept;     /* the point whose models are kept as the best one's; -1: none */
    double began;     /* by hone__now() */
    double worked;    /* seconds of earlier supervisors */
    uint64_t room;    /* bytes for all running trials; 0: unknown */
    uint64_t largest; /* that a trial was found to need */
    bool crowded;     /* a trial waits for room; none is made meanwhile */
} hone__supervisor;

/* ---- supervisor.c ------------------------------------------------------------------------------------------------ */

/* Asks running trials to end where a person wishes it. */
void hone__heed_interrupts(hone__supervisor *s);

/* ---- trials.c: a trial from its number to its process ------------------------------------------------------------ */

/* Makes trials as long as there are free places: those of the queue, then the points' next ones. */
hone_status hone__trials_make(hone__supervisor *s, hone_error *err) HONE_CHECKED;
/* Starts those that were made. */
void hone__trials_start(hone__supervisor *s);
/* Could trials still be made, now or later? */
bool hone__trials_left(const hone__supervisor *s);

/* Writes the trial.yaml of a slot. */
hone_status hone__slot_configure(const hone__slot *t, const hone__yaml *root, hone_error *err) HONE_CHECKED;
/* Starts its process. */
hone_status hone__slot_launch(hone__supervisor *s, hone__slot *t, uint32_t threads, hone_error *err) HONE_CHECKED;

/* ---- conclude.c: what became of a trial -------------------------------------------------------------------------- */

/* Looks at every running trial; what has ended is written down. */
hone_status hone__look_at_trials(hone__supervisor *s, hone_error *err) HONE_CHECKED;
/* Reads what stands in the folder of a trial, and follows its numbers into the journal. */
void hone__look_at(hone__supervisor *s, hone__slot *t);
/* Writes down how the trial of a slot ended, and frees the slot. */
void hone__conclude(hone__supervisor *s, hone__slot *t, hone__outcome *o);
/* Counts a trial that is complete or failed. */
void hone__count_ended(hone__supervisor *s, uint64_t point, int state);
/* What follows from ended trials once they are on the disk. */
void hone__follow(hone__supervisor *s);
void hone__slot_clear(hone__slot *t);

/* ---- early.c: trials that are ended early ------------------------------------------------------------------------ */

hone_status hone__early_create(hone__supervisor *s, hone_error *err) HONE_CHECKED;
/* Another evaluation of a running trial: asks the stopper, whose decision is written down and made once. */
void hone__early_evaluated(hone__supervisor *s, hone__slot *t, int64_t step, double value);
/* Ends those of which that was decided, once the disk has it. */
void hone__early_stop(hone__supervisor *s);
/* What an earlier supervisor decided about a trial: the step; -1: nothing. */
int64_t hone__early_decided(const hone__journal_entry *t);
/* "ended early by median after step 40" */
void hone__early_cause(const hone__supervisor *s, int64_t step, hone__outcome *o);

/* ---- room.c: memory for the next trial --------------------------------------------------------------------------- */

hone_status hone__room_begin(hone__supervisor *s, hone_error *err) HONE_CHECKED;
/* Does a trial whose trial.yaml is written fit beside those that run? Always where none does. */
bool hone__room_for(hone__supervisor *s, hone__slot *t);

/* ---- keep.c: whose models are kept ------------------------------------------------------------------------------- */

/* The folders that nobody needs any more once that point has ended, if it has. */
void hone__keep_point(hone__supervisor *s, uint64_t point);
/* Once nothing is left to be run: of the best point, the trial that stands for it. */
void hone__keep_median(hone__supervisor *s);

/* ---- refit.c: the best point once more -------------------------------------------------------------------------- */

/* Once nothing is left to be run: trains the best point on the training and the validation data, if the sweep asks for it and it has not
 * been done. A refit that fails is no failure of the sweep; the result says so. */
hone_status hone__refit_run(hone__supervisor *s, hone_error *err) HONE_CHECKED;

/* ---- bounds.c: what ends a sweep before all points are run ------------------------------------------------------- */

/* Decides, once, whether metric.target is reached or time_budget_s is spent; the journal has it from then on. */
void hone__heed_bounds(hone__supervisor *s);
/* What an earlier supervisor decided. */
void hone__replay_bounds(hone__supervisor *s, const hone__study *study);

/* ---- replay.c: a run that is gone on with ----------------------------------------------------------------------- */

/* Takes over what the journal has. *begun: it has a study. */
hone_status hone__replay(hone__supervisor *s, const char *path, bool *begun, hone_error *err) HONE_CHECKED;

/* ---- view.c: what a person sees ---------------------------------------------------------------------------------- */

/* "learning_rate=5.0e-05 dropout=0.1" of a point's values (NULL: ""); hone__free it. NULL when memory is short. */
char *hone__trial_label(const hone__supervisor *s, const hone__yaml *const *values, size_t seed) HONE_CHECKED;
hone__trial_view hone__view_of(const hone__slot *t);
void hone__tell(hone__supervisor *s, hone__sweep_news news, const hone__trial_view *trial);

#endif
