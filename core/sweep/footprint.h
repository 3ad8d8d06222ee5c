/* footprint.h - how much memory a trial will need, asked of a process that plans it and ends.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_SWEEP_FOOTPRINT_H
#define HONE_CORE_SWEEP_FOOTPRINT_H

#include <hone/base.h>

typedef struct hone__footprint {
    uint64_t bytes;  /* the trial's own */
    uint64_t mapped; /* of files that trials share */
} hone__footprint;

/* Of the trial whose trial.yaml stands in `dir`: `hone plan` of it (train/estimate.h), in some tenths of a second plus the time that
 * reading the data takes. program: absolute path of hone. An error is no reason not to run the trial, which will say itself what is
 * wrong. interrupts may be NULL; when it is not 0, HONE_EINTERRUPTED. */
hone_status hone__footprint_ask(const char *program, const char *dir, const volatile int *interrupts,
                                hone__footprint *footprint, hone_error *err) HONE_CHECKED;

#endif
