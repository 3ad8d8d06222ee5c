/* plugins.c - `hone plugins`: what there is; and `hone plugins check FILE.so ...`: does it keep its promises.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/log.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/kind.h"
#include "cli/options.h"
#include "plugin/registry.h"

#include <stdio.h>
#include <string.h>

/* One line of the list; a plugin that cannot be loaded is there with the reason. */
typedef struct entry {
    const hone__plugin_name *name;
    const hone__plugin *plugin; /* NULL: it cannot be loaded */
    const char *why;
} entry;

static hone_status load_all(hone__registry *r, hone_arena *arena, const hone__plugin_name *names, size_t n, entry **entries,
                            hone_error *err)
{
    *entries = hone_alloc_array(arena, n, sizeof **entries);
    if (!*entries)
        return hone_no_memory(err, "listing plugins");
    for (size_t i = 0; i < n; i++) {
        entry *e = &(*entries)[i];
        hone_error why = {0};
        e->name = &names[i];
        if (hone__registry_find(r, names[i].kind, names[i].name, &e->plugin, &why) == HONE_OK)
            continue;
        e->plugin = NULL;
        e->why = hone_strdup(arena, why.msg);
        if (!e->why || why.status == HONE_ENOMEM)
            return hone_no_memory(err, "listing plugins");
    }
    return HONE_OK;
}

static void add_table(hone__str *out, const entry *entries, size_t n)
{
    int width = 4;
    for (size_t i = 0; i < n; i++)
        if ((int)strlen(entries[i].name->name) > width)
            width = (int)strlen(entries[i].name->name);
    hone__str_addf(out, "%-10s %-*s %s\n", "kind", width, "name", "summary");
    for (size_t i = 0; i < n; i++) {
        const entry *e = &entries[i];
        const char *also = e->plugin ? e->plugin->table->also_named : NULL;
        hone__str_addf(out, "%-10s %-*s %s%s", hone__kinds[e->name->kind].name, width, e->name->name,
                       e->plugin ? "" : "NOT USABLE: ", e->plugin ? e->plugin->table->summary : e->why);
        hone__str_addf(out, also ? " (also named %s)\n" : "\n", also);
    }
}

static void add_json(hone__str *out, const entry *entries, size_t n)
{
    hone__str_add(out, "[");
    for (size_t i = 0; i < n; i++) {
        const entry *e = &entries[i];
        hone__str_addf(out, "%s\n  {\"kind\": \"%s\", \"name\": \"%s\", \"file\": ", i ? "," : "",
                       hone__kinds[e->name->kind].name, e->name->name);
        hone__str_add_json(out, e->plugin ? e->plugin->file : e->name->file);
        hone__str_add(out, e->plugin ? ", \"summary\": " : ", \"error\": ");
        hone__str_add_json(out, e->plugin ? e->plugin->table->summary : e->why);
        if (e->plugin && e->plugin->table->also_named)
            hone__str_addf(out, ", \"also_named\": \"%s\"", e->plugin->table->also_named);
        hone__str_add(out, "}");
    }
    hone__str_add(out, "\n]\n");
}

static hone_status list_plugins(hone__registry *r, hone_arena *arena, hone_kind kind, bool json, hone__str *out,
                                hone_error *err)
{
    const hone__plugin_name *names;
    size_t n;
    entry *entries;
    HONE_TRY(hone__registry_list(r, arena, kind, &names, &n, err));
    HONE_TRY(load_all(r, arena, names, n, &entries, err));
    /* Again: modules under task/ are now known by what they hold. */
    HONE_TRY(hone__registry_list(r, arena, kind, &names, &n, err));
    HONE_TRY(load_all(r, arena, names, n, &entries, err));
    if (json)
        add_json(out, entries, n);
    else
        add_table(out, entries, n);
    return out->failed ? hone_no_memory(err, "listing plugins") : HONE_OK;
}

static int list_command(const char *kind_word, bool json)
{
    hone_kind kind = HONE_KIND_NONE;
    if (kind_word && !hone__cli_kind("plugins", kind_word, &kind))
        return HONE__EXIT_USAGE;
    hone_error err = {0};
    hone__str out = {0};
    hone_arena *arena = hone__arena_create(0);
    hone__registry *r = hone__registry_create(NULL, true);
    hone_status status = arena && r ? list_plugins(r, arena, kind, json, &out, &err) : hone_no_memory(&err, "listing plugins");
    if (status == HONE_OK)
        fputs(hone__str_text(&out), stdout);
    else
        fprintf(stderr, "hone plugins: %s\n", err.msg);
    hone__str_clear(&out);
    hone__registry_destroy(r);
    hone__arena_destroy(arena);
    return status == HONE_OK ? HONE__EXIT_DONE : HONE__EXIT_FAILED;
}

int hone__cli_plugins(int argc, char **argv)
{
    bool json = false;
    const char *kind = NULL;
    const hone__option options[] = {{"--json", &json, NULL}, {"--kind", NULL, &kind}, {0}};
    int n;
    if (argc > 1 && strcmp(argv[1], "check") == 0)
        return hone__cli_check_plugins(argc - 1, argv + 1);
    if (!hone__options_take(argc, argv, options, &n))
        return HONE__EXIT_USAGE;
    if (n > 0) {
        char shown[80];
        fprintf(stderr, "hone plugins: %s is no word of this command; `hone plugins --help` says more\n",
                hone__shown(argv[1], shown, sizeof shown));
        return HONE__EXIT_USAGE;
    }
    return list_command(kind, json);
}
