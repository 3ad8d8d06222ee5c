/* registry.h - finding, loading and adopting plugins, and making instances of them.
 *
 * Search path, in this order: plugins/ beside the program (in an installation <libdir>/hone/plugins), every folder of HONE_PLUGIN_PATH,
 * and the files that `plugins:` in the YAML file names. In a folder, KIND/NAME.so is the plugin NAME of that kind, and task/X.so may
 * hold any number of plugins of any kind. Two plugins of one kind and name are an error that names both files. Only files to be opened
 * are probed: in a child process, once per path, inode, size and time; opened objects are never closed.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_PLUGIN_REGISTRY_H
#define HONE_CORE_PLUGIN_REGISTRY_H

#include <hone/hone.h>

/* One row per kind: all that the core knows of it. */
typedef struct hone__kind {
    hone_kind kind;
    const char *name, *help;
    size_t table_size;      /* of this host's table */
    const size_t *required; /* offsets of callbacks that must not be NULL; ends with 0 */
} hone__kind;
extern const hone__kind hone__kinds[HONE_KIND_COUNT];   /* by number; [0] is empty */
const hone__kind *hone__kind_by_name(const char *name); /* NULL if unknown */

/* A plugin as the host holds it. */
typedef struct hone__plugin {
    const hone_plugin *table; /* adopted copy, of the host's size: cast to the kind's type */
    const char *file;         /* absolute path */
    char *sha256;             /* [65] of the file; "" until hone__plugin_hash */
} hone__plugin;

typedef struct hone__registry hone__registry;

/* probe: false in trials, which are children already. NULL when memory is short. */
hone__registry *hone__registry_create(hone_log *log, bool probe) HONE_CHECKED;
void hone__registry_destroy(hone__registry *r); /* NULL is fine; objects stay open */

/* A file named by the user (`plugins:`), loaded at once. */
hone_status hone__registry_add_file(hone__registry *r, const char *path, hone_error *err) HONE_CHECKED;

/* By its name, or the other one that its table gives. Loads if need be. HONE_ENOTFOUND says what there is and the nearest name. */
hone_status hone__registry_find(hone__registry *r, hone_kind kind, const char *name, const hone__plugin **plugin,
                                hone_error *err) HONE_CHECKED;

/* Names of a kind (or, HONE_KIND_NONE, of all) without loading: sorted by kind and name. The list lives in `arena`. */
typedef struct hone__plugin_name {
    hone_kind kind;
    const char *name, *file;
} hone__plugin_name;
hone_status hone__registry_list(hone__registry *r, hone_arena *arena, hone_kind kind, const hone__plugin_name **names,
                                size_t *n, hone_error *err) HONE_CHECKED;

/* The folders of the search path in its order, whether they are there or not: beside the program, in the installation, then
 * HONE_PLUGIN_PATH's. */
hone_status hone__registry_folders(const hone__registry *r, hone_arena *arena, const char *const **folders, size_t *n,
                                   hone_error *err) HONE_CHECKED;

/* Every plugin of one file, for `hone plugins check`. */
hone_status hone__registry_open(hone__registry *r, const char *path, const hone__plugin ***plugins, size_t *n,
                                hone_error *err) HONE_CHECKED;

/* Fills p->sha256, once. */
hone_status hone__plugin_hash(const hone__plugin *p, hone_error *err) HONE_CHECKED;

/* ---- Steps of loading, each tested by itself --------------------------------------------------------------------- */

/* Copies a table into one of the host's size: short ones are padded with zeros, long ones accepted if the unknown tail is zero. */
hone_status hone__adopt(hone_arena *arena, const hone_plugin *p, const char *file, const hone_plugin **table,
                        hone_error *err) HONE_CHECKED;
/* What must hold of the rows: names, offsets, bounds, defaults in range, words, nested tables. */
hone_status hone__check_rows(const hone_plugin *p, hone_error *err) HONE_CHECKED;
/* Opens the file in a child and looks at its module there; HONE_EPLUGIN where the child crashed or hung (10 s). */
hone_status hone__probe(const char *path, hone_error *err) HONE_CHECKED;

/* ---- Instances --------------------------------------------------------------------------------------------------- */

/* An instance whose create() the caller calls next; state allocated and zeroed. NULL when memory is short. */
hone_self *hone__instance(hone_arena *trial, hone_arena *step, const hone_plugin *plugin, const void *params, uint64_t seed,
                          hone_pool *pool, hone_log *log) HONE_CHECKED;
void hone__instance_destroy(const hone_self *self); /* calls plugin->destroy; NULL is fine */

#endif
