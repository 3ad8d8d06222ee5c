/* instance.c - one use of a plugin: its parameters, its state, and where it may allocate.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "plugin/registry.h"

hone_self *hone__instance(hone_arena *trial, hone_arena *step, const hone_plugin *plugin, const void *params, uint64_t seed,
                          hone_pool *pool, hone_log *log)
{
    hone_self *self = hone_alloc(trial, sizeof *self);
    void *state = plugin->state_size ? hone_alloc(trial, plugin->state_size) : NULL;
    if (!self || (plugin->state_size && !state))
        return NULL;
    *self = (hone_self){.size = sizeof *self,
                        .plugin = plugin,
                        .params = params,
                        .state = state,
                        .trial = trial,
                        .step = step,
                        .pool = pool,
                        .log = log,
                        .seed = seed};
    return self;
}

void hone__instance_destroy(const hone_self *self)
{
    if (self && self->plugin->destroy)
        self->plugin->destroy(self);
}
