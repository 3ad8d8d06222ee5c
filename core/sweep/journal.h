/* journal.h - a sweep's log in Optuna's journal storage format: appended to, never changed.
 *
 * One JSON object a line. Source: Optuna 5, optuna.storages.journal (JournalStorage, JournalFileBackend). There is one writer, which
 * holds the run's lock. Records gather in memory and reach the disk together at hone__journal_sync(), before anything is done on
 * their strength. A last line that a kill cut off is removed when the journal is opened for writing, and passed over by readers.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_SWEEP_JOURNAL_H
#define HONE_CORE_SWEEP_JOURNAL_H

#include "config/experiment.h"

/* Optuna's numbers. */
typedef enum hone__trial_state {
    HONE__TRIAL_RUNNING = 0,
    HONE__TRIAL_COMPLETE = 1,
    HONE__TRIAL_PRUNED = 2,
    HONE__TRIAL_FAILED = 3,
    HONE__TRIAL_WAITING = 4
} hone__trial_state;
const char *hone__trial_state_name(int state); /* "complete" */

/* ---- Writing ----------------------------------------------------------------------------------------------------- */

typedef struct hone__journal hone__journal;

/* Made if absent. *repaired (may be NULL) says whether a torn line was cut off. */
hone_status hone__journal_open(const char *path, hone__journal **journal, bool *repaired, hone_error *err) HONE_CHECKED;
/* What was not synced is lost. NULL is fine. */
void hone__journal_close(hone__journal *journal);

/* Each adds one record; a lack of memory is reported by the next sync. The one study of a journal has number 0. */
void hone__journal_study(hone__journal *j, const char *name, bool maximize, const char *metric);
void hone__journal_study_text(hone__journal *j, const char *key, const char *value);
void hone__journal_study_int(hone__journal *j, const char *key, int64_t value);
/* Returns its number, counted from 0. */
uint64_t hone__journal_trial(hone__journal *j);
void hone__journal_param(hone__journal *j, uint64_t trial, const hone__sweep_dimension *d, double x);
void hone__journal_intermediate(hone__journal *j, uint64_t trial, int64_t step, double value);
void hone__journal_text(hone__journal *j, uint64_t trial, const char *key, const char *value);
void hone__journal_int(hone__journal *j, uint64_t trial, const char *key, int64_t value);
void hone__journal_real(hone__journal *j, uint64_t trial, const char *key, double value);
/* A final state; `value` counts only where it is complete or pruned. */
void hone__journal_state(hone__journal *j, uint64_t trial, hone__trial_state state, double value);

/* Writes what was added and waits until the disk has it. After a failure the journal takes nothing more. */
hone_status hone__journal_sync(hone__journal *j, hone_error *err) HONE_CHECKED;

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

typedef enum hone__scale {
    HONE__SCALE_NONE, /* no parameter */
    HONE__SCALE_CHOICE,
    HONE__SCALE_LINEAR,
    HONE__SCALE_LOG
} hone__scale;

typedef struct hone__pair {
    const char *key, *text; /* of a string the string itself, of other values their JSON */
    hone__scale scale;      /* how a parameter was drawn */
    double number;          /* of a parameter, as searchers count it (the index of a choice); else NaN */
} hone__pair;

typedef struct hone__journal_entry {
    int state;                /* hone__trial_state */
    double value;             /* NaN where there is none */
    struct hone__evaluation { /* what it said while it ran, in that order */
        int64_t step;
        double value;
    } * curve;
    size_t n_curve;
    hone__pair *params; /* [n_params] in the order they were set; values as hone__yaml_line shows them */
    hone__pair *attributes;
    size_t n_params, n_attributes;
    const char *started, *ended; /* ISO 8601; ended NULL while it runs */
} hone__journal_entry;

typedef struct hone__study {
    const char *name, *metric; /* metric "" where the journal names none */
    bool maximize;
    hone__pair *attributes;
    size_t n_attributes;
    hone__journal_entry *trials; /* [n_trials] by number */
    size_t n_trials;
} hone__study;

/* All in `arena`. HONE_EFORMAT names file, line and what is wrong, or a format of later than ours. */
hone_status hone__journal_read(hone_arena *arena, const char *path, hone__study **study, hone_error *err) HONE_CHECKED;
/* NULL where absent. */
const char *hone__pair_text(const hone__pair *pairs, size_t n, const char *key);

#endif
