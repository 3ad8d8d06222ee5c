/* instance.h - a plugin of this build, opened without the registry, and one instance of it, for tests of single plugins.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_TESTS_PLUGINS_INSTANCE_H
#define HONE_TESTS_PLUGINS_INSTANCE_H

#include "base/arena.h"
#include "suite.h"

#include <dlfcn.h>
#include <hone/hone.h>

typedef struct instance {
    hone_self self;
    void *state;
} instance;

/* kind_and_name: "searcher/grid". Parameters are the plugin's struct, or NULL. */
static inline void instance_open(instance *in, const char *kind_and_name, const void *params, uint64_t seed)
{
    char path[4096];
    const char *build = getenv("HONE_BUILD");
    ck_assert_msg(build != NULL, "HONE_BUILD names no build folder");
    snprintf(path, sizeof path, "%s/plugins/%s.so", build, kind_and_name);
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    ck_assert_msg(object != NULL, "%s", dlerror());
    const hone_module *module = dlsym(object, "hone_exports");
    ck_assert_ptr_nonnull(module);
    const hone_plugin *plugin = module->plugins[0];
    in->state = calloc(1, plugin->state_size ? plugin->state_size : 1);
    in->self = (hone_self){.size = sizeof in->self,
                           .plugin = plugin,
                           .params = params,
                           .state = in->state,
                           .trial = hone__arena_create(0),
                           .step = hone__arena_create(0),
                           .seed = seed};
}

static inline void instance_close(instance *in)
{
    if (in->self.plugin->destroy)
        in->self.plugin->destroy(&in->self);
    hone__arena_destroy(in->self.trial);
    hone__arena_destroy(in->self.step);
    free(in->state);
}

#endif
