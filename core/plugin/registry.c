/* registry.c - which plugins there are, where they lie, and the ones that are open.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "plugin/registry.h"
#include "base/alloc.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/pool.h"
#include "base/str.h"
#include "plugin/load.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A file that was looked at: open with its plugins, or refused with the reason. */
typedef struct object {
    struct object *next;
    const char *path; /* absolute, links resolved */
    hone__file_identity identity;
    hone_error refused; /* status HONE_OK: it is open */
    const hone__plugin **plugins;
    size_t n;
} object;

typedef struct folder {
    struct folder *next;
    const char *path;
} folder;

struct hone__registry {
    hone_arena *arena;
    hone_log *log;
    bool probe;
    folder *folders; /* in search order */
    object *objects; /* in the order of opening */
};

/* ---- Making one -------------------------------------------------------------------------------------------------- */

static bool add_folder(hone__registry *r, const char *path)
{
    folder **link = &r->folders;
    for (; *link; link = &(*link)->next)
        if (strcmp((*link)->path, path) == 0)
            return true;
    folder *f = hone_alloc(r->arena, sizeof *f);
    if (!f || !path)
        return false;
    f->path = path;
    *link = f;
    return true;
}

static bool add_program_folders(hone__registry *r)
{
    hone_arena *scratch = hone__arena_create(1024);
    const char *program = scratch ? hone__program_dir(scratch) : NULL;
    bool ok = scratch != NULL;
    if (program) {
        char *beside = hone__path_join(r->arena, program, "plugins");
        char *installed = hone__path_join(r->arena, program, HONE_PLUGIN_DIR_FROM_PROGRAM);
        ok = beside && installed && add_folder(r, beside) && add_folder(r, installed);
    }
    hone__arena_destroy(scratch);
    return ok;
}

static bool add_environment_folders(hone__registry *r)
{
    const char *list = secure_getenv("HONE_PLUGIN_PATH");
    while (list && *list) {
        const size_t n = strcspn(list, ":");
        if (n > 0) {
            char *path = hone_strndup(r->arena, list, n);
            if (!path || !add_folder(r, path))
                return false;
        }
        list += n + (list[n] == ':');
    }
    return true;
}

hone__registry *hone__registry_create(hone_log *log, bool probe)
{
    hone__registry *r = hone__calloc(1, sizeof *r);
    if (!r)
        return NULL;
    *r = (hone__registry){.arena = hone__arena_create(0), .log = log, .probe = probe};
    if (r->arena && add_program_folders(r) && add_environment_folders(r))
        return r;
    hone__registry_destroy(r);
    return NULL;
}

void hone__registry_destroy(hone__registry *r)
{
    if (!r)
        return;
    hone__arena_destroy(r->arena);
    hone__free(r);
}

/* ---- Opening ----------------------------------------------------------------------------------------------------- */

static const hone__plugin *plugin_of(const object *o, hone_kind kind, const char *name)
{
    for (size_t i = 0; i < o->n; i++)
        if (o->plugins[i]->table->kind == (uint32_t)kind && strcmp(o->plugins[i]->table->name, name) == 0)
            return o->plugins[i];
    return NULL;
}

static hone_status say_twice(hone_kind kind, const char *name, const char *a, const char *b, hone_error *err)
{
    return hone_fail(err, HONE_EEXIST, "there are two plugins %s/%s: %s and %s; remove or rename one of them",
                     hone__kinds[kind].name, name, a, b);
}

/* A plugin of an open file under the same kind and name as one in another open file. */
static hone_status check_unique(const hone__registry *r, const object *added, hone_error *err)
{
    for (size_t i = 0; i < added->n; i++) {
        const hone_plugin *p = added->plugins[i]->table;
        for (const object *o = r->objects; o; o = o->next)
            if (o != added && plugin_of(o, (hone_kind)p->kind, p->name))
                return say_twice((hone_kind)p->kind, p->name, o->path, added->path, err);
    }
    return HONE_OK;
}

static hone_status hold(hone__registry *r, object *o, const hone_plugin *const *tables, size_t n, hone_error *err)
{
    const hone__plugin **list = hone_alloc_array(r->arena, n, sizeof *list);
    hone__plugin *plugins = hone_alloc_array(r->arena, n, sizeof *plugins);
    char *hashes = hone_alloc_array(r->arena, n, 65);
    if (!list || !plugins || !hashes)
        return hone_no_memory(err, "opening a plugin");
    for (size_t i = 0; i < n; i++) {
        plugins[i] = (hone__plugin){tables[i], o->path, hashes + i * 65};
        list[i] = &plugins[i];
    }
    o->plugins = list;
    o->n = n;
    return HONE_OK;
}

/* A constructor may have switched on flush-to-zero (a library linked with -ffast-math does): then the same inputs would no longer
 * give the same bits. */
static void restore_float_mode(const hone__registry *r, const char *path)
{
    if (hone__float_mode_ok())
        return;
    hone__float_mode_set();
    hone_log_line(r->log, HONE_LOG_WARNING,
                  "loading %s changed the processor's floating-point mode; it was set back (was it linked with -ffast-math?)",
                  path);
}

static hone_status load(hone__registry *r, object *o, hone_error *err)
{
    const hone_module *module = NULL;
    const hone_plugin **tables;
    size_t n;
    if (r->probe)
        HONE_TRY(hone__probe(o->path, err));
    const hone_status status = hone__module_open(o->path, &module, err);
    restore_float_mode(r, o->path);
    HONE_TRY(status);
    HONE_TRY(hone__module_adopt(r->arena, module, o->path, &tables, &n, err));
    return hold(r, o, tables, n, err);
}

static void remember(hone__registry *r, object *o)
{
    object **link = &r->objects;
    while (*link)
        link = &(*link)->next;
    *link = o;
}

static object *find_object(const hone__registry *r, const char *path, const hone__file_identity *identity)
{
    for (object *o = r->objects; o; o = o->next)
        if (strcmp(o->path, path) == 0 && hone__identity_equal(&o->identity, identity))
            return o;
    return NULL;
}

/* An error of the moment, which says nothing about the file. */
static bool is_passing(hone_status status)
{
    return status == HONE_ENOMEM || status == HONE_EIO;
}

/* The object of a file, opened now if it was not yet. A file that was refused is refused again with the same words. */
static hone_status open_object(hone__registry *r, const char *path, const object **opened, hone_error *err)
{
    hone_error why = {0};
    object *o = hone_alloc(r->arena, sizeof *o);
    if (!o)
        return hone_no_memory(err, "opening a plugin");
    HONE_TRY(hone__file_check(r->arena, path, &o->path, &o->identity, err));
    object *known = find_object(r, o->path, &o->identity);
    if (!known) {
        o->refused.status = load(r, o, &why);
        if (o->refused.status == HONE_OK)
            o->refused.status = check_unique(r, o, &why);
        if (o->refused.status != HONE_OK) {
            o->refused = why;
            o->n = 0;
        }
        if (is_passing(o->refused.status))
            return hone_fail(err, o->refused.status, "%s", o->refused.msg);
        remember(r, o);
        known = o;
    }
    if (known->refused.status != HONE_OK)
        return hone_fail(err, known->refused.status, "%s", known->refused.msg);
    *opened = known;
    return HONE_OK;
}

hone_status hone__registry_open(hone__registry *r, const char *path, const hone__plugin ***plugins, size_t *n, hone_error *err)
{
    const object *o;
    HONE_TRY(open_object(r, path, &o, err));
    *plugins = o->plugins;
    *n = o->n;
    return HONE_OK;
}

hone_status hone__registry_add_file(hone__registry *r, const char *path, hone_error *err)
{
    const object *o;
    return open_object(r, path, &o, err);
}

/* ---- Listing ----------------------------------------------------------------------------------------------------- */

typedef struct name_list {
    hone_arena *arena;
    hone__plugin_name *items;
    size_t n, cap;
} name_list;

static hone_status add_name(name_list *l, hone_kind kind, const char *name, const char *file, hone_error *err)
{
    if (l->n == l->cap) {
        const size_t cap = l->cap ? 2 * l->cap : 64;
        hone__plugin_name *items = hone_alloc_array(l->arena, cap, sizeof *items);
        if (!items)
            return hone_no_memory(err, "listing plugins");
        if (l->n)
            memcpy(items, l->items, l->n * sizeof *items);
        l->items = items;
        l->cap = cap;
    }
    l->items[l->n++] = (hone__plugin_name){kind, name, file};
    return HONE_OK;
}

/* Writes the name in "NAME.so"; false where the file is no plugin by its name. */
static bool name_in(const char *file, char *name, size_t size)
{
    const size_t n = strlen(file);
    if (n <= 3 || n - 3 >= size || strcmp(file + n - 3, ".so") != 0)
        return false;
    memcpy(name, file, n - 3);
    name[n - 3] = '\0';
    return hone__plugin_name_ok(name);
}

/* A module under task/ that is open, and so listed by what it holds. */
static const object *opened_at(const hone__registry *r, const char *path)
{
    char *real = realpath(path, NULL);
    const object *found = NULL;
    for (const object *o = r->objects; real && o && !found; o = o->next)
        if (o->refused.status == HONE_OK && strcmp(o->path, real) == 0)
            found = o;
    free(real);
    return found;
}

static hone_status list_folder(const hone__registry *r, name_list *l, hone_kind kind, const char *path, hone_error *err)
{
    DIR *dir = opendir(path);
    if (!dir)
        return errno == ENOMEM ? hone_no_memory(err, "listing plugins") : HONE_OK;
    hone_status status = HONE_OK;
    for (const struct dirent *e = readdir(dir); e && status == HONE_OK; e = readdir(dir)) {
        char word[80];
        if (!name_in(e->d_name, word, sizeof word))
            continue;
        const char *name = hone_strdup(l->arena, word);
        const char *file = hone__path_join(l->arena, path, e->d_name);
        if (!name || !file)
            status = hone_no_memory(err, "listing plugins");
        else if (kind != HONE_KIND_TASK || !opened_at(r, file))
            status = add_name(l, kind, name, file, err);
    }
    closedir(dir);
    return status;
}

static hone_status list_objects(const hone__registry *r, name_list *l, hone_kind kind, hone_error *err)
{
    for (const object *o = r->objects; o; o = o->next)
        for (size_t i = 0; i < o->n; i++)
            if (o->plugins[i]->table->kind == (uint32_t)kind)
                HONE_TRY(add_name(l, kind, o->plugins[i]->table->name, o->path, err));
    return HONE_OK;
}

static int compare_names(const void *a, const void *b)
{
    const hone__plugin_name *x = a, *y = b;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    const int order = strcmp(x->name, y->name);
    return order ? order : strcmp(x->file, y->file);
}

static void drop_repetitions(name_list *l)
{
    size_t kept = 0;
    for (size_t i = 0; i < l->n; i++) {
        const hone__plugin_name *last = kept ? &l->items[kept - 1] : NULL;
        if (!last || last->kind != l->items[i].kind || strcmp(last->name, l->items[i].name) != 0)
            l->items[kept++] = l->items[i];
    }
    l->n = kept;
}

hone_status hone__registry_list(hone__registry *r, hone_arena *arena, hone_kind kind, const hone__plugin_name **names,
                                size_t *n, hone_error *err)
{
    name_list l = {.arena = arena};
    for (int k = 1; k < HONE_KIND_COUNT; k++) {
        if (kind != HONE_KIND_NONE && k != (int)kind)
            continue;
        HONE_TRY(list_objects(r, &l, (hone_kind)k, err));
        for (const folder *f = r->folders; f; f = f->next) {
            const char *path = hone__path_join(arena, f->path, hone__kinds[k].name);
            if (!path)
                return hone_no_memory(err, "listing plugins");
            HONE_TRY(list_folder(r, &l, (hone_kind)k, path, err));
        }
    }
    if (l.n)
        qsort(l.items, l.n, sizeof *l.items, compare_names);
    drop_repetitions(&l);
    *names = l.items;
    *n = l.n;
    return HONE_OK;
}

hone_status hone__registry_folders(const hone__registry *r, hone_arena *arena, const char *const **folders, size_t *n,
                                   hone_error *err)
{
    size_t count = 0;
    for (const folder *f = r->folders; f; f = f->next)
        count++;
    const char **list = hone_alloc_array(arena, count, sizeof *list);
    if (!list)
        return hone_no_memory(err, "listing folders of plugins");
    *n = 0;
    for (const folder *f = r->folders; f; f = f->next)
        list[(*n)++] = f->path;
    *folders = list;
    return HONE_OK;
}

/* ---- Finding ----------------------------------------------------------------------------------------------------- */

static const hone__plugin *find_open(const hone__registry *r, hone_kind kind, const char *name)
{
    for (const object *o = r->objects; o; o = o->next) {
        const hone__plugin *p = plugin_of(o, kind, name);
        if (p)
            return p;
    }
    return NULL;
}

/* FOLDER/KIND/NAME.so with its links resolved, into *path; NULL where there is no such file. */
static hone_status resolve(hone__registry *r, const folder *f, hone_kind kind, const char *name, const char **path,
                           hone_error *err)
{
    const char *file = hone_sprintf(r->arena, "%s/%s/%s.so", f->path, hone__kinds[kind].name, name);
    if (!file)
        return hone_no_memory(err, "finding a plugin");
    char *real = realpath(file, NULL);
    *path = real ? hone_strdup(r->arena, real) : NULL;
    const bool short_of_memory = real ? !*path : errno == ENOMEM;
    free(real);
    return short_of_memory ? hone_no_memory(err, "finding a plugin") : HONE_OK;
}

/* The one file of that kind and name on the search path; NULL where there is none. */
static hone_status find_file(hone__registry *r, hone_kind kind, const char *name, const char **file, hone_error *err)
{
    *file = NULL;
    for (const folder *f = r->folders; f; f = f->next) {
        const char *path;
        HONE_TRY(resolve(r, f, kind, name, &path, err));
        if (path && *file && strcmp(path, *file) != 0)
            return say_twice(kind, name, *file, path, err);
        if (path)
            *file = path;
    }
    return HONE_OK;
}

/* KIND/NAME.so must hold what its name says; task/NAME.so may hold anything. */
static hone_status open_named(hone__registry *r, hone_kind kind, const char *name, const char *file,
                              const hone__plugin **plugin, hone_error *err)
{
    const object *o;
    HONE_TRY(open_object(r, file, &o, err));
    *plugin = plugin_of(o, kind, name);
    if (*plugin || kind == HONE_KIND_TASK)
        return HONE_OK;
    const hone_plugin *held = o->plugins[0]->table;
    return hone_fail(err, HONE_EPLUGIN, "%s holds the plugin %s/%s; its place is %s/%s.so", file, hone__kinds[held->kind].name,
                     held->name, hone__kinds[held->kind].name, held->name);
}

/* Opens every module under task/, which may hold plugins of any kind. One that cannot be opened is reported and left out. */
static hone_status open_modules(hone__registry *r, hone_error *err)
{
    const hone__plugin_name *names;
    size_t n;
    HONE_TRY(hone__registry_list(r, r->arena, HONE_KIND_TASK, &names, &n, err));
    for (size_t i = 0; i < n; i++) {
        const object *o;
        hone_error why;
        const hone_status status = open_object(r, names[i].file, &o, &why);
        if (status == HONE_ENOMEM)
            return hone_fail(err, status, "%s", why.msg);
        if (status != HONE_OK)
            hone_log_line(r->log, HONE_LOG_WARNING, "%s", why.msg);
    }
    return HONE_OK;
}

static bool is_also(const hone__plugin *p, hone_kind kind, const char *name)
{
    return p->table->kind == (uint32_t)kind && p->table->also_named && strcmp(p->table->also_named, name) == 0;
}

/* The plugin that has this as its other name, for which every plugin of the kind is opened; *plugin stays NULL where there is none. */
static hone_status find_also(hone__registry *r, hone_kind kind, const char *name, const hone__plugin **plugin, hone_error *err)
{
    const hone__plugin_name *names;
    size_t n;
    HONE_TRY(hone__registry_list(r, r->arena, kind, &names, &n, err));
    for (size_t i = 0; i < n; i++) {
        const object *o;
        hone_error why;
        const hone_status status = open_object(r, names[i].file, &o, &why);
        if (status == HONE_ENOMEM)
            return hone_fail(err, status, "%s", why.msg);
    }
    for (const object *o = r->objects; o; o = o->next)
        for (size_t i = 0; i < o->n; i++) {
            if (!is_also(o->plugins[i], kind, name))
                continue;
            if (*plugin)
                return say_twice(kind, name, (*plugin)->file, o->path, err);
            *plugin = o->plugins[i];
        }
    return HONE_OK;
}

static const char *name_at(const void *ctx, size_t i)
{
    const name_list *l = ctx;
    return i < l->n ? l->items[i].name : NULL;
}

static hone_status say_not_found(const name_list *l, hone_kind kind, const char *name, hone_error *err)
{
    char shown[80];
    hone__str all = {0};
    for (size_t i = 0; i < l->n && all.n < 600; i++)
        hone__str_addf(&all, "%s%s", i ? ", " : "", l->items[i].name);
    const char *nearest = hone__nearest(name, name_at, l);
    hone__shown(name, shown, sizeof shown);
    const char *word = hone__kinds[kind].name;
    if (l->n == 0)
        hone_fail(err, HONE_ENOTFOUND,
                  "there is no %s \"%s\"; no plugin of that kind was found (HONE_PLUGIN_PATH names more folders)", word, shown);
    else if (nearest)
        hone_fail(err, HONE_ENOTFOUND, "there is no %s \"%s\"; did you mean %s? There are: %s", word, shown, nearest,
                  hone__str_text(&all));
    else
        hone_fail(err, HONE_ENOTFOUND, "there is no %s \"%s\"; there are: %s", word, shown, hone__str_text(&all));
    hone__str_clear(&all);
    return HONE_ENOTFOUND;
}

static hone_status not_found(hone__registry *r, hone_kind kind, const char *name, hone_error *err)
{
    name_list l = {.arena = hone__arena_create(0)};
    if (!l.arena)
        return hone_no_memory(err, "listing plugins");
    const hone__plugin_name *names;
    hone_status status = hone__registry_list(r, l.arena, kind, &names, &l.n, err);
    l.items = (hone__plugin_name *)(uintptr_t)names;
    if (status == HONE_OK)
        status = say_not_found(&l, kind, name, err);
    hone__arena_destroy(l.arena);
    return status;
}

hone_status hone__registry_find(hone__registry *r, hone_kind kind, const char *name, const hone__plugin **plugin,
                                hone_error *err)
{
    if (!hone__plugin_name_ok(name))
        return not_found(r, kind, name, err);
    const char *file;
    HONE_TRY(find_file(r, kind, name, &file, err));
    *plugin = find_open(r, kind, name);
    if (*plugin && (!file || strcmp((*plugin)->file, file) == 0))
        return HONE_OK;
    if (*plugin && kind != HONE_KIND_TASK)
        return say_twice(kind, name, (*plugin)->file, file, err);
    if (!*plugin && file)
        HONE_TRY(open_named(r, kind, name, file, plugin, err));
    if (*plugin)
        return HONE_OK;
    HONE_TRY(open_modules(r, err));
    *plugin = find_open(r, kind, name);
    if (!*plugin)
        HONE_TRY(find_also(r, kind, name, plugin, err));
    return *plugin ? HONE_OK : not_found(r, kind, name, err);
}

hone_status hone__plugin_hash(const hone__plugin *p, hone_error *err)
{
    return p->sha256[0] ? HONE_OK : hone__sha256_file(p->file, p->sha256, err);
}
