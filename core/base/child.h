/* child.h - a command of hone run in a process of its own, so that what goes wrong in a plugin there costs only what was asked for.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_BASE_CHILD_H
#define HONE_CORE_BASE_CHILD_H

#include "base/str.h"

typedef struct hone__child {
    const char *const *argv;        /* argv[0] is the program's absolute path; ended by NULL */
    double limit_s;                 /* 0: none */
    const volatile int *interrupts; /* may be NULL; when it is not 0 the child is killed: HONE_EINTERRUPTED */
} hone__child;

/* Waits until it has ended. HONE_OK: its exit code was 0, and what it printed is added to `out`. Else err says what became of it: the
 * last line that it wrote to standard error, its signal, or that it ran into the limit. */
hone_status hone__child_run(const hone__child *child, hone__str *out, hone_error *err) HONE_CHECKED;

#endif
