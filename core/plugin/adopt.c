/* adopt.c - a plugin's table, whatever version of the headers it was built with, as one of this host's.
 *
 * The rule of Linux's copy_struct_from_user: a shorter table is padded with zeros, a longer one is accepted if all that this host does
 * not know is zero.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "plugin/load.h"

#include <string.h>

/* More than any table or row will ever have; a size beyond it is no size. */
enum { LARGEST_TABLE = 1 << 16, LARGEST_ROW = 1 << 12, MOST_ROWS = 1000, DEEPEST_ROWS = 8, MOST_PLUGINS = 1000 };

bool hone__plugin_name_ok(const char *name)
{
    size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");
    return name[0] >= 'a' && name[0] <= 'z' && name[n] == '\0' && n <= 60;
}

static bool all_zero(const void *bytes, size_t begin, size_t end)
{
    for (size_t i = begin; i < end; i++)
        if (((const unsigned char *)bytes)[i])
            return false;
    return true;
}

/* A table of `theirs` bytes as one of `mine`; NULL when memory is short. */
static void *resized(hone_arena *arena, const void *table, size_t theirs, size_t mine)
{
    void *copy = hone_alloc(arena, mine);
    return copy ? memcpy(copy, table, theirs < mine ? theirs : mine) : NULL;
}

/* ---- Rows -------------------------------------------------------------------------------------------------------- */

typedef struct adoption {
    hone_arena *arena;
    const hone_plugin *plugin; /* theirs */
    const char *file;
    hone_error *err;
} adoption;

static hone_status newer(const adoption *a, const char *what)
{
    return hone_fail(
        a->err, HONE_EABI,
        "%s: %s %s uses %s that this hone (%s) does not know; update hone, or build the plugin against its headers", a->file,
        hone__kinds[a->plugin->kind].name, a->plugin->name, what, HONE_VERSION);
}

static hone_status adopt_rows(const adoption *a, const hone_param *rows, uint32_t n, int depth, const hone_param **adopted)
{
    const size_t theirs = a->plugin->param_size;
    if (n > MOST_ROWS || depth > DEEPEST_ROWS)
        return hone_fail(a->err, HONE_EPLUGIN,
                         "%s: %s %s has a table of %u parameters, %d tables deep; at most %d and %d are allowed", a->file,
                         hone__kinds[a->plugin->kind].name, a->plugin->name, (unsigned)n, depth, MOST_ROWS, DEEPEST_ROWS);
    hone_param *copy = hone_alloc_array(a->arena, n, sizeof *copy);
    if (!copy)
        return hone_no_memory(a->err, "adopting a plugin's parameters");
    for (uint32_t i = 0; i < n; i++) {
        const char *row = (const char *)rows + i * theirs;
        if (theirs > sizeof *copy && !all_zero(row, sizeof *copy, theirs))
            return newer(a, "a property of parameters");
        memcpy(&copy[i], row, theirs < sizeof *copy ? theirs : sizeof *copy);
        if (!all_zero(copy[i].reserved, 0, sizeof copy[i].reserved))
            return newer(a, "a property of parameters");
        if (copy[i].rows)
            HONE_TRY(adopt_rows(a, copy[i].rows, copy[i].n_rows, depth + 1, &copy[i].rows));
    }
    *adopted = copy;
    return HONE_OK;
}

static hone_status check_row_size(const adoption *a)
{
    const hone_plugin *p = a->plugin;
    if (!p->params || !p->n_params)
        return p->n_params == 0 ? HONE_OK
                                : hone_fail(a->err, HONE_EPLUGIN, "%s: %s %s has %u parameters but no table of them", a->file,
                                            hone__kinds[p->kind].name, p->name, (unsigned)p->n_params);
    if (p->param_size < offsetof(hone_param, def_real) || p->param_size > LARGEST_ROW || p->param_size % sizeof(uint64_t))
        return hone_fail(a->err, HONE_EPLUGIN,
                         "%s: %s %s gives %u as the size of a parameter's row; write HONE_PARAMS(struct, table) in its table",
                         a->file, hone__kinds[p->kind].name, p->name, (unsigned)p->param_size);
    return HONE_OK;
}

/* ---- Tables ------------------------------------------------------------------------------------------------------ */

static hone_status check_common(const hone_plugin *p, const char *file, hone_error *err)
{
    char shown[80];
    if (p->size < sizeof *p || p->size > LARGEST_TABLE)
        return hone_fail(err, HONE_EPLUGIN,
                         "%s: a plugin's table gives its size as %u bytes; write HONE_PLUGIN(type, kind) in it", file,
                         (unsigned)p->size);
    if (p->kind == HONE_KIND_NONE || p->kind >= HONE_KIND_COUNT)
        return hone_fail(err, HONE_EABI, "%s: its kind of plugin has the number %u, which this hone (%s) does not know", file,
                         (unsigned)p->kind, HONE_VERSION);
    if (!p->name)
        return hone_fail(err, HONE_EPLUGIN, "%s: its %s has no name", file, hone__kinds[p->kind].name);
    if (!hone__plugin_name_ok(p->name))
        return hone_fail(err, HONE_EPLUGIN,
                         "%s: its %s is called \"%s\"; a name is a small letter and then small letters, digits and _", file,
                         hone__kinds[p->kind].name, hone__shown(p->name, shown, sizeof shown));
    if (p->also_named && !hone__plugin_name_ok(p->also_named))
        return hone_fail(err, HONE_EPLUGIN,
                         "%s: %s %s is also called \"%s\"; a name is a small letter and then small letters, "
                         "digits and _",
                         file, hone__kinds[p->kind].name, p->name, hone__shown(p->also_named, shown, sizeof shown));
    if (!p->summary || !*p->summary)
        return hone_fail(err, HONE_EPLUGIN, "%s: %s %s has no summary", file, hone__kinds[p->kind].name, p->name);
    return HONE_OK;
}

/* Pointers that a table must have: compared as bytes, since some are to functions. */
static hone_status check_required(const hone_plugin *p, const char *file, hone_error *err)
{
    const hone__kind *kind = &hone__kinds[p->kind];
    for (const size_t *offset = kind->required; *offset; offset++)
        if (all_zero(p, *offset, *offset + sizeof(void *)))
            return hone_fail(err, HONE_EPLUGIN,
                             "%s: %s %s lacks something that every %s must have (at byte %zu of hone_%s in its header)", file,
                             kind->name, p->name, kind->name, *offset, kind->name);
    return HONE_OK;
}

hone_status hone__adopt(hone_arena *arena, const hone_plugin *p, const char *file, const hone_plugin **table, hone_error *err)
{
    HONE_TRY(check_common(p, file, err));
    const adoption a = {arena, p, file, err};
    const size_t mine = hone__kinds[p->kind].table_size;
    if (p->size > mine && !all_zero(p, mine, p->size))
        return newer(&a, "a feature");
    if (!all_zero(p->reserved, 0, sizeof p->reserved))
        return newer(&a, "a feature");
    HONE_TRY(check_row_size(&a));
    hone_plugin *copy = resized(arena, p, p->size, mine);
    if (!copy)
        return hone_no_memory(err, "adopting a plugin");
    copy->size = (uint32_t)mine;
    copy->param_size = sizeof(hone_param);
    if (p->n_params)
        HONE_TRY(adopt_rows(&a, p->params, p->n_params, 0, &copy->params));
    HONE_TRY(check_required(copy, file, err));
    *table = copy;
    return HONE_OK;
}

static hone_status adopt_one(hone_arena *arena, const hone_plugin *p, const char *file, const hone_plugin **table,
                             hone_error *err)
{
    HONE_TRY(hone__adopt(arena, p, file, table, err));
    hone_error why;
    hone_status status = hone__check_rows(*table, &why);
    return status == HONE_OK ? status : hone_fail(err, status, "%s: %s", file, why.msg);
}

hone_status hone__module_adopt(hone_arena *arena, const hone_module *module, const char *file, const hone_plugin ***tables,
                               size_t *n, hone_error *err)
{
    *n = 0;
    while (*n < MOST_PLUGINS && module->plugins[*n])
        ++*n;
    if (*n == 0 || *n == MOST_PLUGINS)
        return hone_fail(err, HONE_EPLUGIN,
                         "%s: its module lists no plugin, or no end of them; write HONE_MODULE(&NAME.plugin)", file);
    *tables = hone_alloc_array(arena, *n, sizeof **tables);
    if (!*tables)
        return hone_no_memory(err, "adopting a module");
    for (size_t i = 0; i < *n; i++)
        HONE_TRY(adopt_one(arena, module->plugins[i], file, &(*tables)[i], err));
    for (size_t i = 0; i < *n; i++)
        for (size_t j = 0; j < i; j++)
            if ((*tables)[i]->kind == (*tables)[j]->kind && strcmp((*tables)[i]->name, (*tables)[j]->name) == 0)
                return hone_fail(err, HONE_EPLUGIN, "%s: there are two plugins %s %s in it", file,
                                 hone__kinds[(*tables)[i]->kind].name, (*tables)[i]->name);
    return HONE_OK;
}
