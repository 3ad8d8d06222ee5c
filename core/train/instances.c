/* instances.c - instances of plugins out of sections.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "train/instances.h"

#include <string.h>

/* Calls the create() of an instance that stands in another's parameters, and has no section of its own. */
static hone_status create_nested(const hone__instances *x, hone_self *self, hone_error *err)
{
    const void *table = self->plugin;
    switch (self->plugin->kind) {
    case HONE_KIND_LOSS: {
        const hone_loss *loss = table;
        return loss->create ? loss->create(self, x->facts, err) : HONE_OK;
    }
    case HONE_KIND_MODEL:
        return ((const hone_model *)table)->create(self, x->model_setup, err);
    case HONE_KIND_METRIC: {
        const hone_metric *metric = table;
        return metric->create ? metric->create(self, x->metric_facts, err) : HONE_OK;
    }
    case HONE_KIND_OPTIMIZER: {
        const hone_optimizer *optimizer = table;
        return optimizer->create ? optimizer->create(self, err) : HONE_OK;
    }
    case HONE_KIND_SCHEDULE:
        return HONE_OK;
    default:
        return hone_fail(err, HONE_EUNSUPPORTED, "a %s cannot stand in the parameters of another plugin",
                         hone__kinds[self->plugin->kind].name);
    }
}

static hone_status remember(hone__instances *x, hone_self *self, hone_error *err)
{
    if (x->n == HONE__MOST_INSTANCES)
        return hone_fail(err, HONE_EINVAL, "the experiment uses more than %d plugins", HONE__MOST_INSTANCES);
    x->list[x->n++] = self;
    return HONE_OK;
}

static hone_status visit_nested(void *ctx, const hone_param *row, hone_self *self, hone_error *err)
{
    hone__instances *x = ctx;
    (void)row;
    self->trial = x->trial;
    self->step = x->callback;
    self->pool = x->pool;
    self->log = x->log;
    self->seed = x->seed;
    if (self->state) /* it was made with the experiment, which may have run before */
        memset(self->state, 0, self->plugin->state_size);
    HONE_TRY(remember(x, self, err));
    return create_nested(x, self, err);
}

hone_status hone__instances_make(hone__instances *x, const hone__section *section, hone_self **self, hone_error *err)
{
    const hone_plugin *plugin = section->plugin->table;
    *self = hone__instance(x->trial, x->callback, plugin, section->params, x->seed, x->pool, x->log);
    if (!*self)
        return hone_no_memory(err, "making an instance of a plugin");
    if (section->params)
        HONE_TRY(hone__params_plugins(plugin->params, plugin->n_params, section->params, visit_nested, x, err));
    return remember(x, *self, err);
}

hone_status hone__instances_backend(hone__instances *x, const hone__section *section, const hone_backend **backend,
                                    const hone_self **backend_self, hone_error *err)
{
    hone_self *self = NULL;
    hone_error why;
    *backend = NULL;
    if (!section->plugin)
        return HONE_OK;
    const hone_backend *table = (const hone_backend *)(const void *)section->plugin->table;
    HONE_TRY(hone__instances_make(x, section, &self, err));
    const hone_status status = table->create ? table->create(self, &why) : HONE_OK;
    if (status == HONE_EUNSUPPORTED) {
        hone_log_line(x->log, HONE_LOG_WARNING, "backend %s does not run here (%s); the reference operators do its work",
                      table->plugin.name, why.msg);
        return HONE_OK;
    }
    if (status != HONE_OK)
        return hone_fail(err, status, "%s", why.msg);
    *backend = table;
    *backend_self = self;
    if (table->describe)
        hone_log_line(x->log, HONE_LOG_INFO, "backend: %s", table->describe(self));
    return HONE_OK;
}

void hone__instances_destroy(hone__instances *x)
{
    while (x->n > 0)
        hone__instance_destroy(x->list[--x->n]);
}
