/* load.c - opening a plugin's file: what it must be before, and what it must show after.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "plugin/load.h"
#include "base/file.h"
#include "base/str.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whoever can write to a file that hone loads, runs code as its user. Where users have a group of their own, their files are
 * writable by that group by default: that is they themselves. */
static bool others_may_write(const struct stat *st)
{
    if (st->st_mode & S_IWOTH)
        return true;
    const bool own = st->st_uid == geteuid() && st->st_gid == getegid();
    return (st->st_mode & S_IWGRP) && !own;
}

hone_status hone__file_check(hone_arena *arena, const char *path, const char **absolute, hone__file_identity *identity,
                             hone_error *err)
{
    struct stat st;
    char shown[512];
    char *real = realpath(path, NULL);
    if (!real && errno == ENOMEM)
        return hone_no_memory(err, "finding a plugin");
    if (!real)
        return hone_fail(err, errno == ENOENT || errno == ENOTDIR ? HONE_ENOTFOUND : HONE_EIO, "cannot open the plugin %s: %s",
                         hone__shown(path, shown, sizeof shown), strerror(errno));
    *absolute = hone_strdup(arena, real);
    free(real);
    if (!*absolute)
        return hone_no_memory(err, "finding a plugin");
    hone__shown(*absolute, shown, sizeof shown);
    if (stat(*absolute, &st) != 0)
        return hone_fail(err, HONE_EIO, "cannot open the plugin %s: %s", shown, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return hone_fail(err, HONE_EPLUGIN, "%s is no plugin: it is not a regular file", shown);
    if (others_may_write(&st))
        return hone_fail(err, HONE_EPLUGIN,
                         "the plugin %s is not loaded, because other users may write to it (mode %03o); run: chmod go-w %s",
                         shown, (unsigned)(st.st_mode & 0777), shown);
    if (identity)
        *identity = (hone__file_identity){st.st_dev, st.st_ino, st.st_size, st.st_mtim};
    return HONE_OK;
}

bool hone__identity_equal(const hone__file_identity *a, const hone__file_identity *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size && a->changed.tv_sec == b->changed.tv_sec &&
           a->changed.tv_nsec == b->changed.tv_nsec;
}

static hone_status check_module(const hone_module *m, const char *path, hone_error *err)
{
    char shown[64];
    if (m->magic != HONE_MAGIC || m->size < offsetof(hone_module, reserved))
        return hone_fail(err, HONE_EABI, "%s is no plugin of hone: what it exports as hone_exports begins with other bytes",
                         path);
    if (m->abi_major != HONE_ABI_MAJOR)
        return hone_fail(err, HONE_EABI,
                         "%s was built with hone %s for plugin interface %u.%u, and this hone (%s) has %d.%d; build it again",
                         path, m->built_with ? hone__shown(m->built_with, shown, sizeof shown) : "of an unknown version",
                         (unsigned)m->abi_major, (unsigned)m->abi_minor, HONE_VERSION, HONE_ABI_MAJOR, HONE_ABI_MINOR);
    if (!m->plugins)
        return hone_fail(err, HONE_EPLUGIN, "%s: its module lists no plugin; write HONE_MODULE(&NAME.plugin)", path);
    return HONE_OK;
}

hone_status hone__module_open(const char *path, const hone_module **module, hone_error *err)
{
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!object) {
        const char *why = dlerror();
        /* The loader begins most messages with the path. */
        size_t n = why ? strlen(path) : 0;
        if (n && strncmp(why, path, n) == 0 && strncmp(why + n, ": ", 2) == 0)
            why += n + 2;
        return hone_fail(err, HONE_EPLUGIN, "cannot load the plugin %s: %s", path, why ? why : "the loader gives no reason");
    }
    const hone_module *m = dlsym(object, "hone_exports");
    if (!m)
        return hone_fail(
            err, HONE_EABI,
            "%s is no plugin of hone: it does not export hone_exports; its last line must be HONE_MODULE(&NAME.plugin)", path);
    HONE_TRY(check_module(m, path, err));
    *module = m;
    return HONE_OK;
}
