/* load.h - the inner steps of loading a plugin's file, shared by the registry and the probe.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_PLUGIN_LOAD_H
#define HONE_CORE_PLUGIN_LOAD_H

#include "plugin/registry.h"

#include <sys/types.h>
#include <time.h>

/* What says that a file is still the one that was looked at. */
typedef struct hone__file_identity {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec changed;
} hone__file_identity;

/* Makes the path absolute and looks at the file: regular, and not writable by others. *absolute lives in `arena`. `identity` may be
 * NULL. */
hone_status hone__file_check(hone_arena *arena, const char *path, const char **absolute, hone__file_identity *identity,
                             hone_error *err) HONE_CHECKED;
bool hone__identity_equal(const hone__file_identity *a, const hone__file_identity *b);

/* dlopen and the one exported symbol: magic and version. The object stays open, also where it is refused: its constructors have
 * run, and what they left behind may point into it. */
hone_status hone__module_open(const char *path, const hone_module **module, hone_error *err) HONE_CHECKED;

/* Adopts every plugin of a module and checks its rows. */
hone_status hone__module_adopt(hone_arena *arena, const hone_module *module, const char *file, const hone_plugin ***tables,
                               size_t *n, hone_error *err) HONE_CHECKED;

/* [a-z][a-z0-9_]* of at most 60 bytes. */
bool hone__plugin_name_ok(const char *name);

#endif
