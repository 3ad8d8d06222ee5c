/* instances.h - the plugins in use: made from their sections, those in another's parameters first, and given back in reverse.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_TRAIN_INSTANCES_H
#define HONE_CORE_TRAIN_INSTANCES_H

#include "config/params.h"

enum { HONE__MOST_INSTANCES = 128 };

/* Everything is set by the owner. What the three facts point to may be filled later, but before an instance is made that has a plugin of
 * such a kind in its parameters. */
typedef struct hone__instances {
    hone_arena *trial;    /* instances live in it */
    hone_arena *callback; /* what they get as self->step */
    hone_pool *pool;
    hone_log *log;
    uint64_t seed;
    const hone_facts *facts;        /* for losses */
    const hone_facts *metric_facts; /* the same, with labels as they are shown */
    const hone_model_setup *model_setup;
    hone_self *list[HONE__MOST_INSTANCES]; /* those whose create() was called */
    size_t n;
} hone__instances;

/* An instance of a section, whose own create() the caller calls next; those in its parameters are complete. */
hone_status hone__instances_make(hone__instances *x, const hone__section *section, hone_self **self,
                                 hone_error *err) HONE_CHECKED;

/* The backend of a section, created. Where there is none, or this machine cannot run it (a line of the log then says why), *backend is
 * NULL: the reference operators do its work. */
hone_status hone__instances_backend(hone__instances *x, const hone__section *section, const hone_backend **backend,
                                    const hone_self **self, hone_error *err) HONE_CHECKED;

void hone__instances_destroy(hone__instances *x);

#endif
