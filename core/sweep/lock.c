/* lock.c - one supervisor per run directory.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sweep/lock.h"

#include "base/alloc.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/format.h"
#include "base/json.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct hone__lock {
    int fd;
    char *path;
};

typedef struct owner {
    char host[256];
    int64_t pid, started; /* clock ticks after boot, as in /proc/PID/stat */
    char boot[64];
} owner;

/* ---- Who we are -------------------------------------------------------------------------------------------------- */

/* Field 22 of /proc/PID/stat, counted behind the program's name, which may hold blanks and parentheses. 0 if unknown. */
static int64_t start_time(int64_t pid)
{
    char *text, path[64];
    size_t n;
    snprintf(path, sizeof path, "/proc/%lld/stat", (long long)pid);
    if (hone__read_file(path, 0, &text, &n, NULL) != HONE_OK)
        return 0;
    const char *p = strrchr(text, ')');
    for (int field = 2; p && field < 22; field++) {
        p = strchr(p + 1, ' ');
    }
    int64_t ticks = p ? atoll(p) : 0;
    hone__free(text);
    return ticks;
}

static void read_boot_id(char out[64])
{
    char *text;
    size_t n;
    out[0] = 0;
    if (hone__read_file("/proc/sys/kernel/random/boot_id", 0, &text, &n, NULL) != HONE_OK)
        return;
    snprintf(out, 64, "%.*s", (int)strcspn(text, "\n"), text);
    hone__free(text);
}

static owner ourselves(void)
{
    owner o = {.pid = getpid(), .started = start_time(getpid())};
    if (gethostname(o.host, sizeof o.host - 1) != 0)
        strcpy(o.host, "unknown");
    read_boot_id(o.boot);
    return o;
}

/* ---- The file ---------------------------------------------------------------------------------------------------- */

/* Absent members leave it zero: a file cut short by a crash names nobody. */
static owner read_owner(const char *path)
{
    owner o = {0};
    json_t *root;
    const char *host = "";
    if (hone__json_load(path, 65536, &root, NULL) != HONE_OK)
        return o;
    if (hone__json_text(root, "host", false, &host, path, NULL) == HONE_OK)
        snprintf(o.host, sizeof o.host, "%s", host);
    if (hone__json_int(root, "pid", false, &o.pid, path, NULL) != HONE_OK)
        o.pid = 0;
    if (hone__json_int(root, "started", false, &o.started, path, NULL) != HONE_OK)
        o.started = 0;
    const char *boot = "";
    if (hone__json_text(root, "boot", false, &boot, path, NULL) == HONE_OK)
        snprintf(o.boot, sizeof o.boot, "%s", boot);
    json_decref(root);
    return o;
}

static hone_status write_owner(const hone__lock *l, const owner *o, hone_error *err)
{
    hone__str s = {0};
    hone__str_addf(&s, "{\"format\": %d, \"host\": ", HONE__FORMAT_RUN);
    hone__str_add_json(&s, o->host);
    hone__str_addf(&s, ", \"pid\": %lld, \"started\": %lld, \"boot\": ", (long long)o->pid, (long long)o->started);
    hone__str_add_json(&s, o->boot);
    hone__str_add(&s, "}\n");
    hone_status status = HONE_OK;
    if (s.failed)
        status = hone_no_memory(err, "writing a lock");
    else if (ftruncate(l->fd, 0) != 0 || pwrite(l->fd, s.data, s.n, 0) != (ssize_t)s.n)
        status = hone_fail(err, HONE_EIO, "cannot write %s: %s", l->path, strerror(errno));
    hone__str_clear(&s);
    return status;
}

static hone_status refuse(const char *dir, const owner *o, hone_error *err)
{
    return hone_fail(err, HONE_EEXIST, "%s is in use by process %lld on %s; wait for it, or end it first", dir,
                     (long long)o->pid, o->host[0] ? o->host : "this machine");
}

/* Until the file that is locked is the one under the name: its last owner may have removed it meanwhile. */
static hone_status open_locked(hone__lock *l, bool *ours, hone_error *err)
{
    struct stat opened;
    for (;;) {
        l->fd = open(l->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (l->fd < 0 || fstat(l->fd, &opened) != 0)
            return hone_fail(err, HONE_EIO, "cannot open %s: %s", l->path, strerror(errno));
        *ours = flock(l->fd, LOCK_EX | LOCK_NB) == 0;
        if (!*ours || (fstat(l->fd, &opened) == 0 && opened.st_nlink > 0))
            return HONE_OK;
        close(l->fd);
    }
}

static hone_status take(hone__lock *l, const char *dir, hone_log *log, hone_error *err)
{
    bool ours;
    HONE_TRY(open_locked(l, &ours, err));
    owner before = read_owner(l->path), us = ourselves();
    if (!ours)
        return refuse(dir, &before, err);
    if (before.pid && strcmp(before.host, us.host) != 0)
        return refuse(dir, &before, err);
    if (before.pid)
        hone_log_line(log, HONE_LOG_WARNING, "%s: process %lld, which held the lock, is gone; taking over", dir,
                      (long long)before.pid);
    return write_owner(l, &us, err);
}

hone_status hone__lock_take(const char *dir, hone_log *log, hone__lock **lock, hone_error *err)
{
    hone__lock *l = hone__calloc(1, sizeof *l);
    size_t n = strlen(dir) + sizeof "/lock";
    if (!l)
        return hone_no_memory(err, "locking a run");
    l->fd = -1;
    l->path = hone__malloc(n);
    hone_status status = l->path ? HONE_OK : hone_no_memory(err, "locking a run");
    if (status == HONE_OK) {
        snprintf(l->path, n, "%s/lock", dir);
        status = take(l, dir, log, err);
    }
    if (status != HONE_OK) {
        if (l->fd >= 0)
            close(l->fd);
        hone__free(l->path);
        hone__free(l);
        return status;
    }
    *lock = l;
    return HONE_OK;
}

hone_status hone__lock_look(const char *dir, hone__lock_owner *out, hone_error *err)
{
    const size_t n = strlen(dir) + sizeof "/lock";
    char *path = hone__malloc(n);
    *out = (hone__lock_owner){0};
    if (!path)
        return hone_no_memory(err, "looking at a lock");
    snprintf(path, n, "%s/lock", dir);
    const owner o = read_owner(path), us = ourselves();
    hone__free(path);
    out->pid = o.pid;
    snprintf(out->host, sizeof out->host, "%s", o.host);
    if (o.pid && strcmp(o.host, us.host) != 0)
        out->held = true;
    else if (o.pid)
        out->held = strcmp(o.boot, us.boot) == 0 && o.started && start_time(o.pid) == o.started;
    return HONE_OK;
}

void hone__lock_release(hone__lock *l)
{
    if (!l)
        return;
    unlink(l->path);
    close(l->fd);
    hone__free(l->path);
    hone__free(l);
}
