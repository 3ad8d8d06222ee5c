/* environment.h - what hone runs on: versions, processor, threads, memory, and what a backend says of itself.
 *
 * For `hone version`, `hone doctor` and the environment.json of a run.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_PLUGIN_ENVIRONMENT_H
#define HONE_CORE_PLUGIN_ENVIRONMENT_H

#include "base/str.h"
#include "plugin/registry.h"

/* One named fact: {"libyaml", "0.2.5"}. */
typedef struct hone__fact {
    const char *name, *value;
} hone__fact;

enum { HONE__FACTS = 11 };

typedef struct hone__environment {
    hone__fact facts[HONE__FACTS]; /* hone, compiler, libraries, cpu, instruction set, features, os; in display order */
    int cpus;                      /* that this process may use */
    uint64_t memory, available;    /* bytes, as the machine and this process's cgroups allow; 0: unknown */
    const char *host;
} hone__environment;

/* Strings live in `arena`. */
hone_status hone__environment_gather(hone_arena *arena, hone__environment *e, hone_error *err) HONE_CHECKED;
/* Members of a JSON object, each `indent` blanks in and with a comma behind it: the facts, and "cpus". */
void hone__environment_json(const hone__environment *e, int indent, hone__str *out);

/* Makes an instance and asks it. *text is its line, or why it does not work; both live in `arena`. */
hone_status hone__backend_describe(hone_arena *arena, const hone_plugin *plugin, const void *params, const char **text,
                                   bool *works, hone_error *err) HONE_CHECKED;

/* One backend of the search path; null backends, which compute nothing, are there too. */
typedef struct hone__backend_line {
    const char *name;
    const char *file; /* NULL: it cannot be loaded */
    const char *text; /* what it says of itself, or why it does not work */
    bool works;
} hone__backend_line;

hone_status hone__environment_backends(hone__registry *r, hone_arena *arena, hone__backend_line **lines, size_t *n,
                                       hone_error *err) HONE_CHECKED;

#endif
