/* trial_fixture.h - an experiment out of a string, in a folder of its own, for tests of whole trials.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_TESTS_TRIAL_FIXTURE_H
#define HONE_TESTS_TRIAL_FIXTURE_H

#include "base/arena.h"
#include "suite.h"
#include "train/loop.h"
#include "train/parts.h"
#include "train/trial.h"

#include <stdarg.h>
#include <stdio.h>

typedef struct fixture {
    char *dir; /* of the experiment, its data and its results */
    hone_arena *arena;
    hone__registry *registry;
    hone__experiment *experiment;
    hone__trial_setup setup;
} fixture;

static inline const char *fixture_path(const fixture *f, const char *name)
{
    const char *path = hone_sprintf(f->arena, "%s/%s", f->dir, name);
    ck_assert_ptr_nonnull(path);
    return path;
}

static inline void fixture_write(const fixture *f, const char *name, const char *text)
{
    hone_error err;
    ck_assert_msg(hone__write_file(fixture_path(f, name), text, strlen(text), &err) == HONE_OK, "%s", err.msg);
}

static inline char *fixture_read(const fixture *f, const char *name)
{
    hone_error err;
    char *bytes = NULL;
    size_t n;
    ck_assert_msg(hone__read_file(fixture_path(f, name), 0, &bytes, &n, &err) == HONE_OK, "%s", err.msg);
    return bytes;
}

static inline void fixture_begin(fixture *f)
{
    *f = (fixture){.dir = suite_make_dir(), .arena = hone__arena_create(0), .registry = hone__registry_create(NULL, false)};
    ck_assert_ptr_nonnull(f->arena);
    ck_assert_ptr_nonnull(f->registry);
}

static inline void fixture_load(fixture *f, const char *yaml)
{
    hone_error err = {0};
    hone__issues issues = {.arena = f->arena};
    fixture_write(f, "trial.yaml", yaml);
    const hone_status status =
        hone__experiment_load(f->arena, f->registry, fixture_path(f, "trial.yaml"), NULL, 0, &f->experiment, &issues, &err);
    ck_assert_msg(status == HONE_OK, "%s", issues.n ? issues.text[0] : err.msg);
    f->setup = (hone__trial_setup){.experiment = f->experiment, .registry = f->registry, .dir = f->dir};
}

static inline void fixture_end(fixture *f)
{
    hone__registry_destroy(f->registry);
    hone__arena_destroy(f->arena);
    suite_remove_dir(f->dir);
}

static inline hone__parts *fixture_parts(fixture *f)
{
    hone_error err;
    hone__parts *parts = NULL;
    ck_assert_msg(hone__parts_create(&f->setup, &parts, &err) == HONE_OK, "%s", err.msg);
    return parts;
}

#endif
