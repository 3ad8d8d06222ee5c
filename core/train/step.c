/* step.c - forward and backward over the micro-batches of a step, then clipping and the update.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "train/step.h"
#include "base/alloc.h"
#include "base/arena.h"
#include "train/dormant.h"
#include "train/squares.h"

#include <math.h>
#include <string.h>

enum { RANGE = 16384 /* elements of a weight that one thread takes at a time */ };

/* Elements begin .. begin+n-1 of a weight. */
typedef struct range {
    hone__weight *weight;
    const hone__weight_rate *rate;
    const hone__dormant *dormant;
    int64_t begin, n;
} range;

/* A technique's numbers beside the weights: n_slots blocks, each laid out as the gradients. */
typedef struct slots {
    float *data;
    uint32_t n;
} slots;

struct hone__stepper {
    hone__stepper_setup setup;
    hone__block block; /* activations and their gradients */
    slots optimizer_slots, *technique_slots;
    void *optimizer_state;
    int64_t n_gradients;
    range *ranges; /* of all trainable weights, in the store's order */
    size_t n_ranges;
    double *sums;  /* [n_ranges] squares of the gradient */
    float *backup; /* the trained weights while others are evaluated; NULL where no technique wants that */
    bool evaluating;
    hone__weight_rate *rates; /* of the store's weights, in its order */
    hone__dormant *dormant;   /* likewise */
    double base_rate;
    int64_t updated; /* the last step whose update is in the weights; 0 before the first */
    /* Of the step being run. */
    hone_step hook;
    double divisors[HONE__MOST_LOSSES];
    double factor, clip;
};

/* ---- Creating ---------------------------------------------------------------------------------------------------- */

static bool trainable(const hone__weight *w)
{
    return w->offset >= 0;
}

/* Ranges of at most RANGE elements; returns how many there are, and fills them where `out` is given. */
static size_t cut(const hone__stepper *s, range *out)
{
    const hone_store *store = s->setup.net->store;
    const bool whole_weights = s->setup.optimizer->whole_weights;
    size_t n = 0;
    for (size_t i = 0; i < hone__store_count(store); i++) {
        hone__weight *w = hone__store_at(store, i);
        const int64_t length = whole_weights ? w->n : RANGE;
        for (int64_t begin = 0; trainable(w) && begin < w->n; begin += length, n++)
            if (out)
                out[n] = (range){w, &s->rates[i], &s->dormant[i], begin, w->n - begin < length ? w->n - begin : length};
    }
    return n;
}

static hone_status make_slots(uint32_t n, int64_t n_gradients, slots *s, hone_error *err)
{
    s->n = n;
    if (n == 0)
        return HONE_OK;
    if (n > 8)
        return hone_fail(err, HONE_EPLUGIN, "%u slots a weight; at most 8 are allowed", n);
    s->data = hone__aligned(64, (size_t)n_gradients * n * sizeof(float));
    return s->data ? HONE_OK : hone_no_memory(err, "making room for the optimizer");
}

/* The value of a plugin's real row, 0 where it has none. */
static double real_parameter(const hone_self *self, const char *name)
{
    const hone_plugin *p = self->plugin;
    for (uint32_t i = 0; i < p->n_params; i++) {
        double value;
        if (strcmp(p->params[i].name, name) != 0 || p->params[i].type != HONE_REAL || p->params[i].shape != HONE_ONE)
            continue;
        memcpy(&value, (const char *)self->params + p->params[i].offset, sizeof value);
        return value;
    }
    return 0;
}

static hone_status make_technique_slots(hone__stepper *s, hone_error *err)
{
    const hone__network *net = s->setup.net;
    bool evaluates = false;
    s->technique_slots = hone_alloc_array(s->setup.trial, net->n_techniques, sizeof *s->technique_slots);
    if (!s->technique_slots)
        return hone_no_memory(err, "making room for techniques");
    for (size_t i = 0; i < net->n_techniques; i++) {
        HONE_TRY(make_slots(net->techniques[i].technique->n_slots, s->n_gradients, &s->technique_slots[i], err));
        evaluates = evaluates || net->techniques[i].technique->evaluate;
    }
    if (evaluates)
        s->backup = hone__aligned(64, (size_t)s->n_gradients * sizeof(float));
    return evaluates && !s->backup ? hone_no_memory(err, "making room for a copy of the weights") : HONE_OK;
}

static hone_status make_rates(hone__stepper *s, hone_error *err)
{
    const hone__stepper_setup *setup = &s->setup;
    const hone__network *net = setup->net;
    s->base_rate = real_parameter(setup->optimizer_self, "learning_rate");
    s->rates = hone_alloc_array(setup->trial, hone__store_count(net->store), sizeof *s->rates);
    if (!s->rates)
        return hone_no_memory(err, "preparing the training");
    return hone__groups_assign(&(hone__groups_setup){.config = setup->groups,
                                                     .learning_rate = s->base_rate,
                                                     .weight_decay = real_parameter(setup->optimizer_self, "weight_decay"),
                                                     .store = net->store,
                                                     .model = net->model,
                                                     .model_self = net->model_self},
                               s->rates, err);
}

static hone_status fill(hone__stepper *s, hone_error *err)
{
    const hone__stepper_setup *setup = &s->setup;
    hone__store_gradients(setup->net->store, &s->n_gradients);
    s->n_ranges = cut(s, NULL);
    if (s->n_ranges == 0)
        return hone_fail(err, HONE_EINVAL, "every weight is frozen, so there is nothing to train; freeze less");
    s->ranges = hone_alloc_array(setup->trial, s->n_ranges, sizeof *s->ranges);
    s->sums = hone_alloc_array(setup->trial, s->n_ranges, sizeof *s->sums);
    s->optimizer_state = hone_alloc(setup->trial, (size_t)setup->optimizer->state_bytes);
    s->dormant = hone_alloc_array(setup->trial, hone__store_count(setup->net->store), sizeof *s->dormant);
    if (!s->ranges || !s->sums || !s->optimizer_state || !s->dormant)
        return hone_no_memory(err, "preparing the training");
    HONE_TRY(make_rates(s, err));
    cut(s, s->ranges);
    HONE_TRY(make_slots(setup->optimizer->n_slots, s->n_gradients, &s->optimizer_slots, err));
    return make_technique_slots(s, err);
}

hone_status hone__stepper_create(const hone__stepper_setup *setup, hone__stepper **stepper, hone_error *err)
{
    hone__stepper *s = hone_alloc(setup->trial, sizeof *s);
    if (!s)
        return hone_no_memory(err, "preparing the training");
    s->setup = *setup;
    const hone_status status = fill(s, err);
    if (status != HONE_OK)
        hone__stepper_destroy(s);
    *stepper = status == HONE_OK ? s : NULL;
    return status;
}

void hone__stepper_destroy(hone__stepper *s)
{
    if (!s)
        return;
    for (size_t i = 0; s->technique_slots && i < s->setup.net->n_techniques; i++)
        hone__free(s->technique_slots[i].data);
    hone__free(s->optimizer_slots.data);
    hone__free(s->backup);
    hone__block_free(&s->block);
}

/* The slots of one range, for a call. */
static void range_slots(const slots *s, int64_t n_gradients, const range *r, float *out[8])
{
    for (uint32_t i = 0; i < s->n; i++)
        out[i] = s->data + (int64_t)i * n_gradients + r->weight->offset + r->begin;
}

/* ---- Micro-batches ----------------------------------------------------------------------------------------------- */

/* A batch of the step with the items of its losses. */
typedef struct micro {
    hone_batch *batch;
    hone_items *items; /* [n_losses] */
    uint64_t first_sequence;
} micro;

/* Packs all micro-batches and adds up the divisors of the whole step, before any of them is run. */
static hone_status pack(hone__stepper *s, const hone__prepared *data, const uint64_t *order, uint64_t n, uint64_t size,
                        micro *micros, hone__step_result *result, hone_error *err)
{
    const hone__network *net = s->setup.net;
    uint64_t sequences = 0;
    memset(s->divisors, 0, sizeof s->divisors);
    for (uint64_t at = 0, i = 0; at < n; at += size, i++) {
        micro *m = &micros[i];
        HONE_TRY(hone__batch_pack(data, order + at, n - at < size ? n - at : size, s->setup.step, &m->batch, err));
        m->first_sequence = sequences;
        sequences += hone_batch_sequences(m->batch);
        result->tokens += hone_batch_tokens(m->batch);
        m->items = hone_alloc_array(s->setup.step, net->n_losses, sizeof *m->items);
        if (!m->items)
            return hone_no_memory(err, "packing a batch");
        for (uint32_t k = 0; k < net->n_losses; k++) {
            HONE_TRY(hone__network_items(net, k, m->batch, s->setup.step, &m->items[k], err));
            for (uint64_t j = 0; j < m->items[k].n; j++)
                s->divisors[k] += m->items[k].weights[j];
        }
    }
    result->examples = n;
    return HONE_OK;
}

static hone_status check_losses(const hone__stepper *s, const hone__pass *p, const micro *m, hone_error *err)
{
    if (p->n_losses != s->setup.net->n_losses)
        return hone_fail(err, HONE_EPLUGIN, "head %s gives %u losses in this step, but gave %u at first",
                         s->setup.net->head->plugin.name, p->n_losses, s->setup.net->n_losses);
    for (uint32_t k = 0; k < p->n_losses; k++) {
        const int64_t rows = hone_shape_count(hone_node_shape(p->losses[k].node));
        if (rows != (int64_t)m->items[k].n)
            return hone_fail(err, HONE_EPLUGIN, "loss %u of head %s has %lld items, but its items() says %llu", k,
                             s->setup.net->head->plugin.name, (long long)rows, (unsigned long long)m->items[k].n);
    }
    return HONE_OK;
}

/* d loss / d item: every item's share of the step's loss. */
static hone_status seed_losses(const hone__stepper *s, hone__pass *p, const micro *m, hone_error *err)
{
    for (uint32_t k = 0; k < p->n_losses; k++) {
        float *dy = hone_alloc_array(s->setup.step, m->items[k].n, sizeof *dy);
        if (!dy)
            return hone_no_memory(err, "running a step");
        const double share = s->divisors[k] > 0 ? p->losses[k].coefficient / s->divisors[k] : 0;
        for (uint64_t i = 0; i < m->items[k].n; i++)
            dy[i] = (float)share;
        hone__graph_keep(p->graph, p->losses[k].node, false);
        hone__graph_seed(p->graph, p->losses[k].node, dy);
    }
    return HONE_OK;
}

static double sum_losses(const hone__stepper *s, const hone__pass *p, const micro *m)
{
    double loss = 0;
    for (uint32_t k = 0; k < p->n_losses; k++) {
        const float *items = hone__node_tensor(p->losses[k].node)->data;
        double sum = 0;
        for (uint64_t i = 0; i < m->items[k].n; i++)
            sum += (double)items[i];
        loss += s->divisors[k] > 0 ? p->losses[k].coefficient * sum / s->divisors[k] : 0;
    }
    return loss;
}

/* ---- Passes ------------------------------------------------------------------------------------------------------ */

/* What a technique's opened node got in the pass before. */
typedef struct opened {
    hone_tensor gradient; /* data NULL in the first pass */
} opened;

/* Models open nodes under their prefix. */
static hone_node *opened_node(const hone__pass *p, const char *name)
{
    hone_node *node = hone__graph_opened(p->graph, hone_scope(p->graph, "%s.%s", p->net->model->prefix, name));
    return node ? node : hone__graph_opened(p->graph, name);
}

/* Opens the node that technique i perturbs: asks for the addition to it, and keeps its gradient for the next pass. */
static hone_status perturb(const hone__stepper *s, hone__pass *p, size_t i, const opened *before, hone_error *err)
{
    const hone__technique_use *t = &s->setup.net->techniques[i];
    const char *node_name = t->technique->perturbs;
    if (!t->technique->perturb || !node_name)
        return HONE_OK;
    hone_node *node = opened_node(p, node_name);
    if (!node)
        return hone_fail(err, HONE_ENOTFOUND, "technique %s perturbs %s, which model %s does not open", t->self->plugin->name,
                         node_name, s->setup.net->model->plugin.name);
    hone_tensor delta = {.dtype = HONE_F32, .shape = *hone_node_shape(node)};
    bool wanted = false;
    delta.data = hone_alloc_array(s->setup.step, (size_t)hone_shape_count(&delta.shape), sizeof(float));
    if (!delta.data)
        return hone_no_memory(err, "perturbing a step");
    HONE_TRY(t->technique->perturb(t->self, &s->hook, node_name, before->gradient.data ? &before->gradient : NULL, &delta,
                                   &wanted, err));
    if (wanted)
        hone__graph_perturb(p->graph, node, delta.data);
    hone__graph_keep(p->graph, node, true);
    return HONE_OK;
}

static hone_status keep_gradient(const hone__stepper *s, const hone__pass *p, size_t i, opened *after, hone_error *err)
{
    const char *name = s->setup.net->techniques[i].technique->perturbs;
    hone_node *node = name ? opened_node(p, name) : NULL;
    if (!node)
        return HONE_OK;
    const hone_tensor *gradient = hone__node_gradient(node);
    after->gradient = *gradient;
    if (!gradient->data)
        return HONE_OK;
    const size_t bytes = (size_t)hone_shape_count(&gradient->shape) * sizeof(float);
    after->gradient.data = hone_alloc(s->setup.step, bytes);
    if (!after->gradient.data)
        return hone_no_memory(err, "perturbing a step");
    memcpy(after->gradient.data, gradient->data, bytes);
    return HONE_OK;
}

static hone_status run_pass(hone__stepper *s, const micro *m, opened *nodes, double *loss, hone_error *err)
{
    const hone__network *net = s->setup.net;
    hone__pass p;
    HONE_TRY(hone__pass_build(&p, net,
                              &(hone__pass_setup){.batch = m->batch,
                                                  .arena = s->setup.step,
                                                  .training = true,
                                                  .with_loss = true,
                                                  .first_sequence = m->first_sequence,
                                                  .step = &s->hook},
                              err));
    HONE_TRY(check_losses(s, &p, m, err));
    HONE_TRY(seed_losses(s, &p, m, err));
    s->hook.batch = m->batch;
    for (size_t i = 0; i < net->n_techniques; i++)
        HONE_TRY(perturb(s, &p, i, &nodes[i], err));
    s->hook.batch = NULL;
    HONE_TRY(hone__graph_plan(p.graph, true, NULL, err));
    HONE_TRY(hone__graph_forward(p.graph, &s->block, err));
    *loss = sum_losses(s, &p, m);
    s->hook.loss = *loss;
    if (!isfinite(*loss))
        return hone_fail(err, HONE_ENUMERIC, "step %lld: the loss is %s; a smaller learning rate or a longer warm-up may help",
                         (long long)s->hook.step, isnan(*loss) ? "not a number" : "infinite");
    HONE_TRY(hone__graph_backward(p.graph, err));
    for (size_t i = 0; i < net->n_techniques; i++)
        HONE_TRY(keep_gradient(s, &p, i, &nodes[i], err));
    return HONE_OK;
}

static uint32_t count_passes(const hone__stepper *s)
{
    uint32_t most = 1;
    for (size_t i = 0; i < s->setup.net->n_techniques; i++) {
        const hone__technique_use *t = &s->setup.net->techniques[i];
        const uint32_t n = t->technique->passes ? t->technique->passes(t->self, &s->hook) : 1;
        most = n > most ? n : most;
    }
    return most;
}

/* All passes of one micro-batch; its graphs are forgotten afterwards. The loss reported is that of the first pass. */
static hone_status run_micro(hone__stepper *s, const micro *m, double *loss, hone_error *err)
{
    const hone__mark mark = hone__arena_mark(s->setup.step);
    opened *nodes = hone_alloc_array(s->setup.step, s->setup.net->n_techniques, sizeof *nodes);
    if (!nodes)
        return hone_no_memory(err, "running a step");
    for (s->hook.pass = 0; s->hook.pass < s->hook.n_passes; s->hook.pass++) {
        double pass_loss;
        HONE_TRY(run_pass(s, m, nodes, &pass_loss, err));
        *loss += s->hook.pass == 0 ? pass_loss : 0;
    }
    hone__arena_release(s->setup.step, mark);
    return HONE_OK;
}

/* ---- The norm of the gradient ------------------------------------------------------------------------------------ */

static void square_ranges(void *ctx, int64_t begin, int64_t end, int worker)
{
    hone__stepper *s = ctx;
    (void)worker;
    for (int64_t i = begin; i < end; i++) {
        const range *r = &s->ranges[i];
        const float *g = hone__store_gradient(s->setup.net->store, r->weight);
        const bool zero = !r->weight->reached || hone__store_is_zero(r->weight, r->begin, r->n);
        s->sums[i] = zero ? 0 : hone__sum_of_squares(g + r->begin, r->n);
    }
}

static double gradient_norm(hone__stepper *s)
{
    double sum = 0;
    hone_pool_run(s->setup.net->pool, (int64_t)s->n_ranges, 1, square_ranges, s);
    for (size_t i = 0; i < s->n_ranges; i++)
        sum += s->sums[i];
    return sqrt(sum);
}

/* PyTorch's clip_grad_norm_. */
static double clip_of(double norm, double most)
{
    return most > 0 && norm > most ? most / (norm + 1e-6) : 1;
}

/* ---- The update -------------------------------------------------------------------------------------------------- */

static double rate_of(const hone__stepper *s, const range *r)
{
    double rate = r->rate->learning_rate * s->factor;
    for (size_t i = 0; i < s->setup.net->n_techniques; i++) {
        const hone__technique_use *t = &s->setup.net->techniques[i];
        if (t->technique->rate)
            rate *= t->technique->rate(t->self, &s->hook, r->weight->name);
    }
    return rate;
}

static hone_weight_range hook_range(const hone__stepper *s, const range *r, int64_t step)
{
    const float *g = hone__store_gradient(s->setup.net->store, r->weight);
    return (hone_weight_range){.size = sizeof(hone_weight_range),
                               .name = r->weight->name,
                               .begin = r->begin,
                               .n = r->n,
                               .total = r->weight->n,
                               .w = (float *)r->weight->value.data + r->begin,
                               .g = g + r->begin,
                               .step = step};
}

static void optimize(hone__stepper *s, const range *r, bool dormant)
{
    float *own[8] = {0};
    range_slots(&s->optimizer_slots, s->n_gradients, r, own);
    const hone_update u = {.size = sizeof u,
                           .name = r->weight->name,
                           .begin = r->begin,
                           .n = r->n,
                           .total = r->weight->n,
                           .w = (float *)r->weight->value.data + r->begin,
                           .g = hone__store_gradient(s->setup.net->store, r->weight) + r->begin,
                           .slots = own,
                           .step = s->hook.step,
                           .learning_rate = rate_of(s, r),
                           .weight_decay = r->rate->weight_decay,
                           .gradient_scale = s->clip,
                           .state = s->optimizer_state,
                           .dormant = dormant};
    s->setup.optimizer->update(s->setup.optimizer_self, &u);
}

/* Runs of rows that have had a gradient, and of rows that have not. */
static void optimize_runs(hone__stepper *s, const range *r)
{
    const int64_t end = r->begin + r->n;
    range run = *r;
    for (; run.begin < end; run.begin += run.n) {
        bool dormant = false;
        run.n = end - run.begin;
        if (!s->setup.optimizer->whole_weights)
            run.n = hone__dormant_run(r->dormant, run.begin, run.n, &dormant);
        optimize(s, &run, dormant);
    }
}

static void update_range(hone__stepper *s, const range *r)
{
    const hone__network *net = s->setup.net;
    float *own[8] = {0};
    if (r->weight->reached)
        optimize_runs(s, r);
    for (size_t i = 0; i < net->n_techniques; i++) {
        const hone__technique_use *t = &net->techniques[i];
        if (!t->technique->after_update)
            continue;
        hone_weight_range hook = hook_range(s, r, s->hook.step);
        range_slots(&s->technique_slots[i], s->n_gradients, r, own);
        hook.slots = own;
        t->technique->after_update(t->self, &hook);
    }
}

static void update_ranges(void *ctx, int64_t begin, int64_t end, int worker)
{
    hone__stepper *s = ctx;
    (void)worker;
    for (int64_t i = begin; i < end; i++)
        update_range(s, &s->ranges[i]);
}

static hone_status note_dormant(hone__stepper *s, hone_error *err)
{
    const hone_store *store = s->setup.net->store;
    for (size_t i = 0; i < hone__store_count(store); i++) {
        hone__weight *w = hone__store_at(store, i);
        const range whole = {.weight = w, .n = w->n};
        float *own[8] = {0};
        if (!trainable(w))
            continue;
        range_slots(&s->optimizer_slots, s->n_gradients, &whole, own);
        HONE_TRY(hone__dormant_note(&s->dormant[i], w, (const float *const *)own, s->optimizer_slots.n, s->updated == 0,
                                    s->setup.trial, err));
    }
    return HONE_OK;
}

static bool changes(const hone__weight *w)
{
    return trainable(w) || (w->flags & HONE_WEIGHT_BUFFER && !w->frozen);
}

static void touch_weights(const hone_store *store)
{
    for (size_t i = 0; i < hone__store_count(store); i++)
        hone__store_at(store, i)->version += changes(hone__store_at(store, i));
}

static hone_status update(hone__stepper *s, hone__step_result *result, hone_error *err)
{
    const hone__stepper_setup *setup = &s->setup;
    result->gradient_norm = gradient_norm(s);
    if (!isfinite(result->gradient_norm))
        return hone_fail(err, HONE_ENUMERIC,
                         "step %lld: the gradient is not finite; a smaller learning rate or a longer warm-up may help",
                         (long long)s->hook.step);
    s->clip = clip_of(result->gradient_norm, setup->max_grad_norm);
    s->factor = setup->schedule->factor(setup->schedule_self, s->hook.step, setup->total_steps);
    result->learning_rate = s->base_rate * s->factor;
    if (setup->optimizer->begin_step)
        HONE_TRY(
            setup->optimizer->begin_step(setup->optimizer_self, s->hook.step, result->gradient_norm, s->optimizer_state, err));
    HONE_TRY(note_dormant(s, err));
    hone_pool_run(setup->net->pool, (int64_t)s->n_ranges, 1, update_ranges, s);
    s->updated = s->hook.step;
    touch_weights(setup->net->store);
    return HONE_OK;
}

/* ---- The step ---------------------------------------------------------------------------------------------------- */

hone_status hone__step_run(hone__stepper *s, const hone__prepared *data, const uint64_t *order, uint64_t n, uint64_t size,
                           int64_t step, uint64_t epoch, hone__step_result *result, hone_error *err)
{
    hone__arena_reset(s->setup.step);
    *result = (hone__step_result){0};
    if (size == 0 || size > n)
        size = n;
    const uint64_t n_micros = (n + size - 1) / size;
    micro *micros = hone_alloc_array(s->setup.step, n_micros, sizeof *micros);
    if (!micros)
        return hone_no_memory(err, "running a step");
    s->hook = (hone_step){.size = sizeof s->hook, .step = step, .total = s->setup.total_steps, .epoch = epoch, .host = s};
    s->hook.n_passes = count_passes(s);
    HONE_TRY(pack(s, data, order, n, size, micros, result, err));
    hone__store_clear_gradients(s->setup.net->store);
    for (uint64_t i = 0; i < n_micros; i++)
        HONE_TRY(run_micro(s, &micros[i], &result->loss, err));
    return update(s, result, err);
}

/* ---- What is evaluated ------------------------------------------------------------------------------------------- */

static void evaluate_ranges(void *ctx, int64_t begin, int64_t end, int worker)
{
    hone__stepper *s = ctx;
    float *own[8] = {0};
    (void)worker;
    for (int64_t at = begin; at < end; at++) {
        const range *r = &s->ranges[at];
        memcpy(s->backup + r->weight->offset + r->begin, (float *)r->weight->value.data + r->begin,
               (size_t)r->n * sizeof(float));
        for (size_t i = 0; i < s->setup.net->n_techniques; i++) {
            const hone__technique_use *t = &s->setup.net->techniques[i];
            if (!t->technique->evaluate)
                continue;
            hone_weight_range hook = hook_range(s, r, s->updated);
            range_slots(&s->technique_slots[i], s->n_gradients, r, own);
            hook.slots = own;
            t->technique->evaluate(t->self, &hook);
        }
    }
}

hone_status hone__stepper_evaluation_begin(hone__stepper *s, hone_error *err)
{
    if (s->evaluating)
        return hone_fail(err, HONE_EINVAL, "an evaluation has begun already");
    s->evaluating = true;
    if (!s->backup)
        return HONE_OK;
    hone_pool_run(s->setup.net->pool, (int64_t)s->n_ranges, 1, evaluate_ranges, s);
    touch_weights(s->setup.net->store);
    return HONE_OK;
}

void hone__stepper_evaluation_end(hone__stepper *s)
{
    const bool swapped = s->evaluating && s->backup;
    s->evaluating = false;
    for (size_t i = 0; swapped && i < s->n_ranges; i++) {
        const range *r = &s->ranges[i];
        memcpy((float *)r->weight->value.data + r->begin, s->backup + r->weight->offset + r->begin,
               (size_t)r->n * sizeof(float));
    }
    if (swapped)
        touch_weights(s->setup.net->store);
}

/* ---- What checkpoints save --------------------------------------------------------------------------------------- */

typedef struct listing {
    hone_arena *arena;
    hone__st_item *items;
    size_t n, cap;
    bool failed;
} listing;

/* No item where there are no bytes. */
static void list(listing *l, const char *name, hone_dtype dtype, void *data, uint64_t count)
{
    if (count == 0)
        return;
    if (!name || l->n == l->cap) {
        l->failed = true;
        return;
    }
    l->items[l->n++] = (hone__st_item){name, {.data = data, .dtype = dtype, .shape = hone_shape_1((int64_t)count)}};
}

static void list_slots(listing *l, const hone__stepper *s, const char *owner, const slots *own)
{
    for (uint32_t i = 0; i < own->n; i++)
        list(l, hone_sprintf(l->arena, "%s/slot.%u", owner, i), HONE_F32, own->data + (int64_t)i * s->n_gradients,
             (uint64_t)s->n_gradients);
}

static void list_weights(listing *l, const hone_store *store)
{
    for (size_t i = 0; i < hone__store_count(store); i++) {
        const hone__weight *w = hone__store_at(store, i);
        if (changes(w))
            list(l, hone_sprintf(l->arena, "weight/%s", w->name), HONE_F32, w->value.data, (uint64_t)w->n);
    }
}

static void list_techniques(listing *l, const hone__stepper *s)
{
    for (size_t i = 0; i < s->setup.net->n_techniques; i++) {
        const hone__technique_use *t = &s->setup.net->techniques[i];
        const char *owner = hone_sprintf(l->arena, "technique/%zu.%s", i, t->self->plugin->name);
        if (!owner) {
            l->failed = true;
            return;
        }
        list_slots(l, s, owner, &s->technique_slots[i]);
        list(l, hone_sprintf(l->arena, "%s/state", owner), HONE_U8, t->self->state, t->technique->state_bytes);
    }
}

hone_status hone__stepper_state(hone__stepper *s, hone_arena *arena, hone__st_item **items, size_t *n, hone_error *err)
{
    const hone__network *net = s->setup.net;
    listing l = {.arena = arena, .cap = hone__store_count(net->store) + 9 * (1 + net->n_techniques)};
    l.items = hone_alloc_array(arena, l.cap, sizeof *l.items);
    if (!l.items)
        return hone_no_memory(err, "listing what a checkpoint holds");
    list_weights(&l, net->store);
    list_slots(&l, s, "optimizer", &s->optimizer_slots);
    list(&l, "optimizer/state", HONE_U8, s->optimizer_state, s->setup.optimizer->state_bytes);
    list_techniques(&l, s);
    *items = l.items;
    *n = l.n;
    return l.failed ? hone_no_memory(err, "listing what a checkpoint holds") : HONE_OK;
}

void hone__stepper_restored(hone__stepper *s, int64_t step)
{
    s->updated = step;
    touch_weights(s->setup.net->store);
}
