/* clean.c - `hone clean DIR`: removes what a run can do without, its caches and checkpoints, and says how much that is.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "sweep/rundir.h"
#include "sweep/watch.h"
#include "train/checkpoint.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

typedef struct cleaning {
    hone_arena *arena;
    const char *dir;
    bool dry;
    uint64_t bytes, files;
} cleaning;

static hone_status remove_one(cleaning *c, const char *path, const char *remark, hone_error *err)
{
    char size[32];
    uint64_t bytes = 0, files = 0;
    if (!hone__exists(path))
        return HONE_OK;
    HONE_TRY(hone__tree_size(path, &bytes, &files, err));
    if (!c->dry)
        HONE_TRY(hone__remove_tree(path, err));
    printf("%s: %llu file%s, %s%s\n", path, (unsigned long long)files, files == 1 ? "" : "s",
           hone__bytes_text(bytes, size, sizeof size), remark);
    c->bytes += bytes;
    c->files += files;
    return HONE_OK;
}

static hone_status in_folder(cleaning *c, const char *folder, const char *name, const char *remark, hone_error *err)
{
    const char *path = hone__path_join(c->arena, folder, name);
    return path ? remove_one(c, path, remark, err) : hone_no_memory(err, "cleaning a run");
}

/* What writers left that were killed. */
static hone_status clean_leftovers(cleaning *c, const char *folder, hone_error *err)
{
    hone_status status = HONE_OK;
    DIR *d = opendir(folder);
    if (!d)
        return errno == ENOENT ? HONE_OK : hone_fail(err, HONE_EIO, "cannot read the folder %s: %s", folder, strerror(errno));
    for (struct dirent *e; status == HONE_OK && (e = readdir(d)) != NULL;)
        if (hone__is_temporary(e->d_name))
            status = in_folder(c, folder, e->d_name, " (left by a killed process)", err);
    closedir(d);
    return status;
}

static hone_status clean_trial(cleaning *c, const char *folder, hone_error *err)
{
    const char *result = hone__path_join(c->arena, folder, "result.json");
    if (!result)
        return hone_no_memory(err, "cleaning a run");
    const char *remark = hone__exists(result) ? "" : " (of a trial without a result, which would begin anew)";
    HONE_TRY(in_folder(c, folder, HONE__CHECKPOINT_DIR, remark, err));
    return clean_leftovers(c, folder, err);
}

static bool is_number(const char *name)
{
    return name[0] && name[strspn(name, "0123456789")] == '\0';
}

/* The folders of the trials, in their order. */
static hone_status list_trials(hone_arena *arena, const char *folder, struct dirent ***list, int *n, hone_error *err)
{
    (void)arena;
    *n = scandir(folder, list, NULL, alphasort);
    if (*n >= 0)
        return HONE_OK;
    *n = 0;
    *list = NULL;
    return errno == ENOENT ? HONE_OK : hone_fail(err, HONE_EIO, "cannot read the folder %s: %s", folder, strerror(errno));
}

/* A trial may have outlived its supervisor, and writes on. */
static hone_status visit_trial(cleaning *c, const char *folder, bool look_only, hone_error *err)
{
    if (look_only && hone__trial_lives(folder))
        return hone_fail(err, HONE_EEXIST, "%s is still in use by the process that trains there; wait for it, or end it first",
                         folder);
    return look_only ? HONE_OK : clean_trial(c, folder, err);
}

static hone_status visit_trials(cleaning *c, bool look_only, hone_error *err)
{
    struct dirent **list = NULL;
    int n = 0;
    const char *trials = hone__path_join(c->arena, c->dir, "trials");
    if (!trials)
        return hone_no_memory(err, "cleaning a run");
    hone_status status = list_trials(c->arena, trials, &list, &n, err);
    for (int i = 0; i < n; i++) {
        const char *folder = is_number(list[i]->d_name) ? hone__path_join(c->arena, trials, list[i]->d_name) : NULL;
        if (status == HONE_OK && folder)
            status = visit_trial(c, folder, look_only, err);
        free(list[i]);
    }
    free(list);
    return status;
}

static hone_status clean(cleaning *c, hone_error *err)
{
    char size[32];
    HONE_TRY(visit_trials(c, true, err));
    HONE_TRY(in_folder(c, c->dir, "cache", "", err));
    HONE_TRY(visit_trials(c, false, err));
    HONE_TRY(clean_leftovers(c, c->dir, err));
    if (c->files == 0)
        printf("%s has no caches and no checkpoints\n", c->dir);
    else
        printf("%s %s\n", hone__bytes_text(c->bytes, size, sizeof size), c->dry ? "would be freed" : "are freed");
    return HONE_OK;
}

static hone_status clean_run(cleaning *c, hone_log *log, hone_error *err)
{
    hone__lock *lock = NULL;
    HONE_TRY(hone__rundir_open(c->dir, log, &lock, err));
    const hone_status status = clean(c, err);
    hone__lock_release(lock);
    return status;
}

int hone__cli_clean(int argc, char **argv)
{
    cleaning c = {0};
    int n;
    hone_error err = {0};
    if (!hone__options_take(argc, argv, (const hone__option[]){{"--dry-run", &c.dry, NULL}, {0}}, &n))
        return HONE__EXIT_USAGE;
    if (n != 1) {
        fprintf(stderr, "hone clean: %s; usage: hone clean DIR [--dry-run]\n",
                n < 1 ? "which run's folder?" : "only one folder");
        return HONE__EXIT_USAGE;
    }
    c.dir = argv[1];
    c.arena = hone__arena_create(0);
    hone_log *log = hone__log_create(stderr, HONE_LOG_WARNING);
    const hone_status status = c.arena && log ? clean_run(&c, log, &err) : hone_no_memory(&err, "cleaning a run");
    if (status != HONE_OK)
        fprintf(stderr, "hone: %s\n", err.msg);
    hone__log_destroy(log);
    hone__arena_destroy(c.arena);
    return status == HONE_OK ? HONE__EXIT_DONE : status == HONE_EINVAL ? HONE__EXIT_USAGE : HONE__EXIT_FAILED;
}
