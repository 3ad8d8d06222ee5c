/* conformance.h - does a plugin keep the promises of its kind? One table of checks for all kinds and one for each.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_CONFORMANCE_CONFORMANCE_H
#define HONE_CORE_CONFORMANCE_CONFORMANCE_H

#include "plugin/registry.h"

#include <stdio.h>

typedef struct hone__conformance {
    size_t passed, failed, left_out;
} hone__conformance;

/* Runs every check on every plugin of a file and writes a line for each to `out`: of failures only, unless `verbose`. The status fails where the file cannot be loaded. */
hone_status hone__conformance_run(hone__registry *r, const char *path, bool verbose, FILE *out, hone__conformance *result,
                                  hone_error *err) HONE_CHECKED;

#endif
