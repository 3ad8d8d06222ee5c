/* format.h - the format versions of all that hone writes, in one place.
 *
 * Each file says its version itself, in the form that suits it. Plain tables and texts (*.tsv, data.txt, log.txt, report.md, plots/) have
 * no place for one that other programs would not stumble over: theirs is that of the run's or trial's folder they lie in. Files of
 * foreign formats (safetensors, config.json, vocab.txt, Optuna's journal) keep those versions.
 *
 * A change that an older reader would misread takes the next number here; what a reader still takes of older numbers, it says itself.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_BASE_FORMAT_H
#define HONE_CORE_BASE_FORMAT_H

#include <hone/base.h>

enum {
    HONE__FORMAT_RUN = 1, /* of a run's folder: attribute "format" of journal.log; "format" of environment.json and lock */
    HONE__FORMAT_EXPERIMENT =
        1, /* key "format" of experiment files, best.yaml and trial.yaml (a trial's folder, too); absent: 1 */
    HONE__FORMAT_METRICS = 1,    /* "format" in the first line of metrics.jsonl; absent: 1 */
    HONE__FORMAT_RESULT = 1,     /* "format" of result.json */
    HONE__FORMAT_EXHIBITS = 1,   /* "format" of exhibits.json */
    HONE__FORMAT_MODEL = 1,      /* "format" of a model's hone.json */
    HONE__FORMAT_CHECKPOINT = 1, /* "format" in the metadata of a checkpoint */
    HONE__FORMAT_OUTPUT = 1      /* "format" of what commands print with --json */
};

/* Of files in a cache, as text in their metadata: one of another format is made anew, not refused. */
#define HONE__FORMAT_TOKENS "1" /* "hone_tokens" of tokens-*.safetensors */
#define HONE__FORMAT_FROZEN "1" /* "hone_frozen" of frozen-*.safetensors, and of what their keys are made of */

/* HONE_EUNSUPPORTED, with the sentence, where `format` is none that a reader of up to `newest` knows. `what` names the file. */
hone_status hone__format_check(const char *what, int64_t format, int64_t newest, hone_error *err) HONE_CHECKED;

#endif
