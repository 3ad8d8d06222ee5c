/* plugin_fixture.h - one instance of a plugin from a line of YAML, for tests of plugins.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_TESTS_PLUGIN_FIXTURE_H
#define HONE_TESTS_PLUGIN_FIXTURE_H

#include "base/arena.h"
#include "config/params.h"
#include "suite.h"

typedef struct plugin_fixture {
    hone_arena *arena, *step;
    hone__registry *registry;
} plugin_fixture;

static inline void plugin_begin(plugin_fixture *f)
{
    f->arena = hone__arena_create(0);
    f->step = hone__arena_create(0);
    f->registry = hone__registry_create(NULL, false);
    ck_assert(f->arena && f->step && f->registry);
}

static inline void plugin_end(plugin_fixture *f)
{
    hone__registry_destroy(f->registry);
    hone__arena_destroy(f->step);
    hone__arena_destroy(f->arena);
}

/* create() has not been called. */
static inline hone_self *plugin_make(const plugin_fixture *f, hone_kind kind, const char *yaml)
{
    hone_error err = {0};
    hone__issues issues = {.arena = f->arena};
    const hone__fill fill = {.arena = f->arena, .registry = f->registry, .issues = &issues};
    hone__yaml *node = NULL;
    hone__section section;
    ck_assert_msg(hone__yaml_parse(f->arena, yaml, strlen(yaml), "test", &node, NULL, &err) == HONE_OK, "%s", err.msg);
    ck_assert_msg(hone__section_fill(&fill, kind, NULL, node, NULL, &section, &err) == HONE_OK, "%s", err.msg);
    ck_assert_msg(issues.n == 0, "%s", issues.n ? issues.text[0] : "");
    hone_self *self = hone__instance(f->arena, f->step, section.plugin->table, section.params, 1, NULL, NULL);
    ck_assert_ptr_nonnull(self);
    return self;
}

#endif
