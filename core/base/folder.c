/* folder.c - writing a folder beside its place, and putting it there.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/folder.h"
#include "base/alloc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *with_ending(const char *path, const char *ending)
{
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/')
        n--;
    char *text = hone__malloc(n + strlen(ending) + 1);
    if (!text)
        return NULL;
    memcpy(text, path, n);
    memcpy(text + n, ending, strlen(ending) + 1);
    return text;
}

static void forget(hone__folder_writer *w)
{
    hone__free(w->path);
    hone__free(w->temporary);
    *w = (hone__folder_writer){0};
}

hone_status hone__folder_begin(hone__folder_writer *w, const char *path, hone_error *err)
{
    *w = (hone__folder_writer){.path = with_ending(path, ""), .temporary = with_ending(path, ".new")};
    hone_status status = w->path && w->temporary ? HONE_OK : hone_no_memory(err, "making a folder");
    if (status == HONE_OK)
        status = hone__remove_tree(w->temporary, err);
    if (status == HONE_OK && mkdir(w->temporary, 0777) != 0)
        status = hone_fail(err, HONE_EIO, "cannot make the folder %s: %s", w->temporary, strerror(errno));
    if (status != HONE_OK)
        forget(w);
    return status;
}

/* Where file systems cannot exchange two names (NFS), the old folder is moved out of the way first. */
static int replace_in_two_steps(const hone__folder_writer *w)
{
    char *aside = with_ending(w->path, ".old");
    hone_error ignored;
    if (!aside)
        return ENOMEM;
    int number = hone__remove_tree(aside, &ignored) == HONE_OK ? 0 : EIO;
    if (number == 0 && rename(w->path, aside) != 0)
        number = errno;
    if (number == 0 && rename(w->temporary, w->path) != 0) {
        number = errno;
        if (rename(aside, w->path) != 0)
            number = errno;
    } else if (number == 0 && hone__remove_tree(aside, &ignored) != HONE_OK) {
        number = EIO;
    }
    hone__free(aside);
    return number;
}

static int put_in_place(const hone__folder_writer *w, bool *exchanged)
{
    *exchanged = false;
    if (!hone__exists(w->path))
        return rename(w->temporary, w->path) == 0 ? 0 : errno;
    if (renameat2(AT_FDCWD, w->temporary, AT_FDCWD, w->path, RENAME_EXCHANGE) == 0) {
        *exchanged = true;
        return 0;
    }
    return errno == EINVAL || errno == ENOSYS ? replace_in_two_steps(w) : errno;
}

static hone_status sync_parent(const char *path, hone_error *err)
{
    const char *slash = strrchr(path, '/');
    char *parent = slash ? with_ending(path, "") : NULL;
    if (slash && !parent)
        return hone_no_memory(err, "making a folder");
    if (parent)
        parent[slash == path ? 1 : slash - path] = '\0';
    const hone_status status = hone__sync_dir(parent ? parent : ".", err);
    hone__free(parent);
    return status;
}

hone_status hone__folder_commit(hone__folder_writer *w, hone_error *err)
{
    bool exchanged = false;
    hone_status status = hone__sync_dir(w->temporary, err);
    if (status == HONE_OK) {
        const int number = put_in_place(w, &exchanged);
        if (number != 0)
            status = hone_fail(err, number == ENOMEM ? HONE_ENOMEM : HONE_EIO, "cannot put the folder %s in place: %s", w->path,
                               strerror(number));
    }
    if (status == HONE_OK)
        status = sync_parent(w->path, err);
    if (status != HONE_OK && !exchanged) {
        hone__folder_abandon(w);
        return status;
    }
    if (status == HONE_OK && exchanged)
        status = hone__remove_tree(w->temporary, err);
    forget(w);
    return status;
}

void hone__folder_abandon(hone__folder_writer *w)
{
    hone_error ignored;
    if (w->temporary && hone__remove_tree(w->temporary, &ignored) != HONE_OK)
        hone_log_line(NULL, HONE_LOG_WARNING, "%s", ignored.msg);
    forget(w);
}

/* ---- The same files in another place ----------------------------------------------------------------------------- */

static char *joined(const char *dir, const char *name)
{
    const size_t n = strlen(dir), m = strlen(name);
    char *path = hone__malloc(n + m + 2);
    if (!path)
        return NULL;
    memcpy(path, dir, n);
    path[n] = '/';
    memcpy(path + n + 1, name, m + 1);
    return path;
}

static hone_status link_file(const char *from, const char *to, hone_error *err)
{
    struct stat st;
    hone__map_file map;
    if (stat(from, &st) != 0 || !S_ISREG(st.st_mode) || link(from, to) == 0)
        return HONE_OK;
    HONE_TRY(hone__map_open(&map, from, err));
    const hone_status status = hone__write_file(to, map.data, map.n, err);
    hone__map_close(&map);
    return status;
}

static hone_status link_all(DIR *dir, const char *from, const char *to, hone_error *err)
{
    hone_status status = HONE_OK;
    for (struct dirent *entry = readdir(dir); entry && status == HONE_OK; entry = readdir(dir)) {
        if (entry->d_name[0] == '.')
            continue;
        char *source = joined(from, entry->d_name), *target = joined(to, entry->d_name);
        status = source && target ? link_file(source, target, err) : hone_no_memory(err, "linking a folder");
        hone__free(source);
        hone__free(target);
    }
    return status;
}

hone_status hone__folder_link(const char *from, const char *path, hone_error *err)
{
    hone__folder_writer w;
    HONE_TRY(hone__folder_begin(&w, path, err));
    DIR *dir = opendir(from);
    hone_status status = dir ? link_all(dir, from, w.temporary, err)
                             : hone_fail(err, HONE_EIO, "cannot read the folder %s: %s", from, strerror(errno));
    if (dir)
        closedir(dir);
    if (status == HONE_OK)
        return hone__folder_commit(&w, err);
    hone__folder_abandon(&w);
    return status;
}
