/* config_fixture.h - a piece of YAML, an arena and a list of issues, for the tests of the configuration.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_TESTS_CONFIG_FIXTURE_H
#define HONE_TESTS_CONFIG_FIXTURE_H

#include "base/arena.h"
#include "base/str.h"
#include "config/params.h"
#include "suite.h"

typedef struct fixture {
    hone_arena *arena;
    hone__issues issues;
    hone__fill fill;
    hone_error err;
} fixture;

static inline void fixture_open(fixture *f)
{
    *f = (fixture){.arena = hone__arena_create(0)};
    ck_assert_ptr_nonnull(f->arena);
    f->issues.arena = f->arena;
    f->fill = (hone__fill){.arena = f->arena, .issues = &f->issues};
}

static inline void fixture_close(fixture *f)
{
    hone__arena_destroy(f->arena);
}

static inline hone__yaml *fixture_yaml(fixture *f, const char *text)
{
    hone__yaml *root = NULL;
    hone_status status = hone__yaml_parse(f->arena, text, strlen(text), "exp.yaml", &root, NULL, &f->err);
    ck_assert_msg(status == HONE_OK, "%s", f->err.msg);
    return root;
}

static inline const char *fixture_emit(fixture *f, const hone__yaml *node)
{
    hone__str out = {0};
    ck_assert_int_eq(hone__yaml_emit(node, &out, &f->err), HONE_OK);
    const char *text = hone_strdup(f->arena, hone__str_text(&out));
    hone__str_clear(&out);
    return text;
}

/* All issues, sorted, one a line; "" where there are none. */
static inline const char *fixture_issues(fixture *f)
{
    hone__str out = {0};
    hone__issues_sort(&f->issues);
    ck_assert(!f->issues.failed);
    for (size_t i = 0; i < f->issues.n; i++)
        hone__str_addf(&out, "%s%s", i ? "\n" : "", f->issues.text[i]);
    const char *text = hone_strdup(f->arena, hone__str_text(&out));
    hone__str_clear(&out);
    return text;
}

#endif
