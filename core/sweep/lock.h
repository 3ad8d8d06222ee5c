/* lock.h - one supervisor per run directory.
 *
 * The file `lock` holds host, process, its start time and the boot's id as JSON, and is locked by flock(2) as long as the supervisor
 * lives. So a lock whose owner died is known on the same host without guessing; another host's is never taken over silently.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_SWEEP_LOCK_H
#define HONE_CORE_SWEEP_LOCK_H

#include <hone/base.h>

typedef struct hone__lock hone__lock;

/* HONE_EEXIST where another supervisor holds it: says which. A stale lock of this host is taken over with a line in the log. */
hone_status hone__lock_take(const char *dir, hone_log *log, hone__lock **lock, hone_error *err) HONE_CHECKED;

/* Who holds it, without touching it. Of another host's lock it cannot be known whether its owner lives: it counts as held. */
typedef struct hone__lock_owner {
    bool held;
    int64_t pid;
    char host[256];
} hone__lock_owner;
hone_status hone__lock_look(const char *dir, hone__lock_owner *owner, hone_error *err) HONE_CHECKED;

void hone__lock_release(hone__lock *lock); /* removes the file; NULL is fine */

#endif
