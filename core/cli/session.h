/* session.h - what the commands that take an experiment file begin with: FILE [key=value ...].
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_CLI_SESSION_H
#define HONE_CORE_CLI_SESSION_H

#include "config/experiment.h"

/* Zero-initialised before hone__session_open; closed in any case. */
typedef struct hone__session {
    hone_arena *arena;
    hone_log *log; /* warnings, to standard error */
    hone__registry *registry;
    hone__issues issues;
    hone__override *overrides;
    size_t n_overrides;
    const char *file;
} hone__session;

hone_status hone__session_open(hone__session *s, hone_error *err) HONE_CHECKED;
/* Reads the words and the file that they name; `command` is for messages. */
hone_status hone__session_load(hone__session *s, const char *command, int n, char **words, hone__experiment **e,
                               hone_error *err) HONE_CHECKED;
/* Prints every mistake of the file, or else the error. */
void hone__session_complain(const hone__session *s, hone_status status, const hone_error *err);
void hone__session_close(hone__session *s);

#endif
