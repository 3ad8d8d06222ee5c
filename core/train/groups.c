/* groups.c - the learning rate and decay of each weight.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "train/groups.h"
#include "base/str.h"
#include "train/weights.h"

#include <math.h>
#include <string.h>

/* The name without "bert.", or NULL where the weight is not the model's. */
static const char *own_name(const hone_model *model, const char *name)
{
    const size_t n = strlen(model->prefix);
    return strncmp(name, model->prefix, n) == 0 && name[n] == '.' ? name + n + 1 : NULL;
}

static bool matches(const hone_model *model, const char *pattern, const char *name)
{
    const char *own = own_name(model, name);
    return hone__pattern_matches(pattern, name) || (own && hone__pattern_matches(pattern, own));
}

/* BEiT's count: the head has 1, the top layer the decay, each layer below once more, the embeddings below all of them. */
static double layer_factor(const hone__groups_setup *s, const char *name)
{
    const char *own = own_name(s->model, name);
    const double decay = s->config ? s->config->layer_decay : 1;
    if (decay == 1 || !own || !s->model->layer_of)
        return 1;
    const int64_t layer = s->model->layer_of(s->model_self, own);
    const int64_t layers = s->model->layers ? s->model->layers(s->model_self) : 0;
    return layer < 0 ? 1 : pow(decay, (double)(layers + 1 - layer));
}

static double value_or(const hone_real_or_word *x, double inherited)
{
    return x->word < 0 ? x->value : inherited;
}

static hone__weight_rate rate_of(const hone__groups_setup *s, const hone__weight *w)
{
    hone__weight_rate rate = {s->learning_rate, w->flags & HONE_WEIGHT_NO_DECAY ? 0 : s->weight_decay};
    const hone__group_config *group = s->config ? s->config->groups.items : NULL;
    for (uint64_t i = 0; s->config && i < s->config->groups.n; i++, group++) {
        if (!matches(s->model, group->pattern, w->name))
            continue;
        rate.learning_rate = value_or(&group->learning_rate, rate.learning_rate);
        rate.weight_decay = value_or(&group->weight_decay, rate.weight_decay);
        break;
    }
    rate.learning_rate *= layer_factor(s, w->name);
    return rate;
}

static const char *next_name(const void *ctx, size_t i)
{
    const hone_store *store = ctx;
    return i < hone__store_count(store) ? hone__store_at(store, i)->name : NULL;
}

static hone_status check_pattern(const hone__groups_setup *s, const char *pattern, hone_error *err)
{
    char shown[120];
    for (size_t i = 0; i < hone__store_count(s->store); i++)
        if (matches(s->model, pattern, hone__store_at(s->store, i)->name))
            return HONE_OK;
    const char *nearest = hone__nearest(pattern, next_name, s->store);
    if (!nearest)
        nearest = hone__store_count(s->store) ? hone__store_at(s->store, 0)->name : "";
    return hone_fail(err, HONE_EINVAL,
                     "optimizer.groups: no weight matches %s; names look like %s, and * stands for any characters",
                     hone__shown(pattern, shown, sizeof shown), nearest);
}

hone_status hone__groups_assign(const hone__groups_setup *s, hone__weight_rate *rates, hone_error *err)
{
    const hone__group_config *groups = s->config ? s->config->groups.items : NULL;
    for (uint64_t i = 0; s->config && i < s->config->groups.n; i++)
        HONE_TRY(check_pattern(s, groups[i].pattern, err));
    if (s->config && s->config->layer_decay < 1 && !s->model->layer_of)
        return hone_fail(err, HONE_EINVAL,
                         "optimizer.layer_decay is %g, but model %s does not say which layer a weight belongs to",
                         s->config->layer_decay, s->model->plugin.name);
    for (size_t i = 0; i < hone__store_count(s->store); i++)
        rates[i] = rate_of(s, hone__store_at(s->store, i));
    return HONE_OK;
}
