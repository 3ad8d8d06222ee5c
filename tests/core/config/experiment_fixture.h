/* experiment_fixture.h - a folder with the files of small experiments, and loading them from text.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_TESTS_EXPERIMENT_FIXTURE_H
#define HONE_TESTS_EXPERIMENT_FIXTURE_H

#include "config/experiment.h"
#include "config_fixture.h"

#include <stdio.h>

/* The least experiment, of plugins that every build has, and one with a metric to sweep by. */
#define DATA "data: {type: null, train: t.tsv, validation: v.tsv}\n"
#define REST                                                                                                                   \
    "tokenizer: {type: null}\nmodel: {type: null}\nhead: {type: null}\noptimizer: {type: null}\nschedule: {type: null}\n"      \
    "launcher: {type: null}\n"
#define SWEPT DATA REST "metrics: [f1]\n"

typedef struct world {
    char *dir;
    hone__registry *registry;
    fixture f; /* of the last load */
} world;

static inline void world_write(world *w, const char *name, const char *text)
{
    char path[4200];
    hone_error err;
    snprintf(path, sizeof path, "%s/%s", w->dir, name);
    ck_assert_int_eq(hone__write_file(path, text, strlen(text), &err), HONE_OK);
}

static inline void world_folder(world *w, const char *name)
{
    char path[4200];
    hone_error err;
    snprintf(path, sizeof path, "%s/%s", w->dir, name);
    ck_assert_int_eq(hone__make_dirs(path, &err), HONE_OK);
}

static inline void world_open(world *w)
{
    *w = (world){.dir = suite_make_dir()};
    world_write(w, "t.tsv", "x\n");
    world_write(w, "v.tsv", "x\n");
    world_folder(w, "empty");
    world_folder(w, "distil");
    world_folder(w, "broken");
    world_write(w, "distil/config.json", "{\"model_type\": \"distilbert\"}");
    world_write(w, "broken/config.json", "{\"model_type\": ");
    w->registry = hone__registry_create(NULL, true);
    ck_assert_ptr_nonnull(w->registry);
    fixture_open(&w->f);
}

static inline void world_close(world *w)
{
    fixture_close(&w->f);
    hone__registry_destroy(w->registry);
    suite_remove_dir(w->dir);
}

/* Loads a text as the file exp.yaml; NULL where it has mistakes. */
static inline hone__experiment *world_load(world *w, const char *text)
{
    hone__experiment *e;
    fixture_close(&w->f);
    fixture_open(&w->f);
    const hone__yaml *root = fixture_yaml(&w->f, text);
    hone_status status = hone__experiment_from(w->f.arena, w->registry, root, "exp.yaml", w->dir, &e, &w->f.issues, &w->f.err);
    ck_assert_msg(status == HONE_OK || status == HONE_ECONFIG, "%s", w->f.err.msg);
    ck_assert((status == HONE_OK) == (e != NULL));
    return e;
}

static inline hone__experiment *world_load_well(world *w, const char *text)
{
    hone__experiment *e = world_load(w, text);
    ck_assert_msg(e != NULL, "%s", fixture_issues(&w->f));
    return e;
}

/* Does the text follow the pattern, in which * stands for anything up to the end of a line, and DIR for the world's folder? */
static inline bool world_matches(const world *w, const char *text, const char *pattern)
{
    const size_t n = strlen(w->dir);
    while (*pattern) {
        if (strncmp(pattern, "DIR", 3) == 0 && strncmp(text, w->dir, n) == 0) {
            pattern += 3;
            text += n;
        } else if (*pattern == '*') {
            pattern++;
            text += strcspn(text, "\n");
        } else if (*pattern++ != *text++) {
            return false;
        }
    }
    return *text == '\0';
}

typedef struct mistake {
    const char *yaml, *issues;
} mistake;

static inline void world_check_mistakes(world *w, const mistake *mistakes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        ck_assert_msg(world_load(w, mistakes[i].yaml) == NULL, "this was taken:\n%s", mistakes[i].yaml);
        const char *seen = fixture_issues(&w->f);
        ck_assert_msg(world_matches(w, seen, mistakes[i].issues), "of this:\n%s\n\nthere was said:\n%s\n\nand not:\n%s",
                      mistakes[i].yaml, seen, mistakes[i].issues);
    }
}

#endif
