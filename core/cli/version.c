/* version.c - `hone version`: hone, what it was built with, the processor, and the backends there are.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "plugin/environment.h"

#include <stdio.h>

static void add_text(hone__str *out, const hone__environment *e, const hone__backend_line *backends, size_t n)
{
    /* "hone 0.1.0", which scripts take apart. */
    hone__str_addf(out, "%s %s\n", e->facts[0].name, e->facts[0].value);
    for (size_t i = 1; i < HONE__FACTS; i++)
        hone__str_addf(out, "%-16s %s\n", e->facts[i].name, e->facts[i].value);
    hone__str_addf(out, "%-16s %d\n", "threads", e->cpus);
    for (size_t i = 0; i < n; i++)
        hone__str_addf(out, "%-16s %s: %s%s\n", "backend", backends[i].name,
                       backends[i].works ? "" : "NOT USABLE: ", backends[i].text);
}

static void add_json(hone__str *out, const hone__environment *e, const hone__backend_line *backends, size_t n)
{
    hone__str_add(out, "{\n");
    hone__environment_json(e, 2, out);
    hone__str_add(out, "  \"backends\": [");
    for (size_t i = 0; i < n; i++) {
        hone__str_add(out, i ? ",\n    {\"name\": " : "\n    {\"name\": ");
        hone__str_add_json(out, backends[i].name);
        hone__str_addf(out, ", \"works\": %s, \"%s\": ", backends[i].works ? "true" : "false",
                       backends[i].works ? "description" : "error");
        hone__str_add_json(out, backends[i].text);
        hone__str_add(out, "}");
    }
    hone__str_add(out, n ? "\n  ]\n}\n" : "]\n}\n");
}

static hone_status show(hone_arena *arena, hone__registry *r, bool json, hone__str *out, hone_error *err)
{
    hone__environment e;
    hone__backend_line *backends;
    size_t n;
    HONE_TRY(hone__environment_gather(arena, &e, err));
    HONE_TRY(hone__environment_backends(r, arena, &backends, &n, err));
    if (json)
        add_json(out, &e, backends, n);
    else
        add_text(out, &e, backends, n);
    return out->failed ? hone_no_memory(err, "describing this hone") : HONE_OK;
}

int hone__cli_version(int argc, char **argv)
{
    bool json = false;
    int n;
    const hone__option options[] = {{"--json", &json, NULL}, {0}};
    if (!hone__options_take(argc, argv, options, &n))
        return HONE__EXIT_USAGE;
    if (n > 0) {
        fprintf(stderr, "hone version: it takes no words; `hone version --help` says more\n");
        return HONE__EXIT_USAGE;
    }
    hone_error err = {0};
    hone__str out = {0};
    hone_arena *arena = hone__arena_create(0);
    hone__registry *r = hone__registry_create(NULL, true);
    hone_status status = arena && r ? show(arena, r, json, &out, &err) : hone_no_memory(&err, "describing this hone");
    if (status == HONE_OK)
        fputs(hone__str_text(&out), stdout);
    else
        fprintf(stderr, "hone version: %s\n", err.msg);
    hone__str_clear(&out);
    hone__registry_destroy(r);
    hone__arena_destroy(arena);
    return status == HONE_OK ? HONE__EXIT_DONE : HONE__EXIT_FAILED;
}
