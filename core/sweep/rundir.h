/* rundir.h - a run's directory: making it, and what stands in it before the first trial.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_SWEEP_RUNDIR_H
#define HONE_CORE_SWEEP_RUNDIR_H

#include "config/experiment.h"
#include "sweep/lock.h"

/* Makes `dir` and takes its lock. A directory that holds something is refused (HONE_EEXIST), with the words `resume` and `--force`;
 * with `force` a run of ours is emptied first, anything else is refused still. */
hone_status hone__rundir_create(const char *dir, bool force, hone_log *log, hone__lock **lock, hone_error *err) HONE_CHECKED;

/* Takes the lock of a run that is there, to go on with it. */
hone_status hone__rundir_open(const char *dir, hone_log *log, hone__lock **lock, hone_error *err) HONE_CHECKED;

/* What has changed since environment.json was written that may change numbers: hone, the compiler, the C library, the instruction set, the backend, the
 * files of plugins; as "instruction_set was avx2 and is avx512". *changes is NULL where nothing has, or where there is no such file;
 * else in `arena`. */
hone_status hone__rundir_changes(hone_arena *arena, const char *dir, const hone__experiment *e, const char **changes,
                                 hone_error *err) HONE_CHECKED;

/* Writes experiment.yaml (the whole configuration as run) and environment.json (versions, plugin files, processor, threads). */
hone_status hone__rundir_describe(const char *dir, const hone__experiment *e, hone_error *err) HONE_CHECKED;

#define HONE__DATA_FILE "data.txt" /* what the data is like, as `hone check --data` says it */

#define HONE__REFIT_DIR "refit" /* a trial's folder: the best point, once more on the training and the validation data */

/* dir/trials/0007; hone__free it. NULL when memory is short. */
char *hone__trial_dir(const char *dir, uint64_t number) HONE_CHECKED;

/* Removes the unfinished files that a killed supervisor left; and of a trial whose result is in the journal, its checkpoint, which is of
 * no more use, and what a kill left unfinished. What cannot be removed is a warning. */
void hone__rundir_tidy(const char *dir, hone_log *log);
void hone__rundir_tidy_trial(const char *dir, uint64_t trial, hone_log *log);
/* Removes the model of a trial; absent is fine. */
void hone__rundir_drop_model(const char *dir, uint64_t trial, hone_log *log);

#endif
