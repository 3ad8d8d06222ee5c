/* training.c - what optimizers, schedules and techniques promise.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "conformance/kinds.h"

#include <math.h>
#include <string.h>

enum { ELEMENTS = 37, STEPS = 4, MOST_SLOTS = 8 };

/* ---- Optimizers -------------------------------------------------------------------------------------------------- */

typedef struct weight {
    float w[ELEMENTS], g[ELEMENTS], slots[MOST_SLOTS][ELEMENTS];
} weight;

static const hone_optimizer *optimizer_of(const hone__lab *lab)
{
    return (const hone_optimizer *)(const void *)lab->table;
}

static void fill_weight(weight *x)
{
    *x = (weight){0};
    for (int i = 0; i < ELEMENTS; i++)
        x->w[i] = 0.1f * (float)(i - ELEMENTS / 2);
}

static void fill_gradient(weight *x, int64_t step)
{
    const hone_key key = {.seed = 7, .scope = hone_scope_hash("gradient"), .step = (uint64_t)step};
    for (int i = 0; i < ELEMENTS; i++)
        x->g[i] = (float)hone_random_normal(hone_stream_of(&key), 0, (uint64_t)i);
}

static void update_range(const hone__lab *lab, const hone_self *self, weight *x, void *state, int64_t step, int64_t begin,
                         int64_t n, bool dormant)
{
    float *slots[MOST_SLOTS];
    for (int i = 0; i < MOST_SLOTS; i++)
        slots[i] = x->slots[i] + begin;
    const hone_update u = {.size = sizeof u,
                           .name = "weight",
                           .begin = begin,
                           .n = n,
                           .total = ELEMENTS,
                           .w = x->w + begin,
                           .g = x->g + begin,
                           .slots = slots,
                           .step = step,
                           .learning_rate = 0.01,
                           .weight_decay = 0.1,
                           .gradient_scale = 0.5,
                           .state = state,
                           .dormant = dormant};
    optimizer_of(lab)->update(self, &u);
}

/* Steps from .. to of an optimizer, in ranges of `grain` elements. */
static hone_status run_steps(const hone__lab *lab, const hone_self *self, weight *x, void *state, int64_t from, int64_t to,
                             int64_t grain, hone_error *err)
{
    for (int64_t step = from; step <= to; step++) {
        fill_gradient(x, step);
        if (optimizer_of(lab)->begin_step)
            HONE_TRY(optimizer_of(lab)->begin_step(self, step, 1.5, state, err));
        for (int64_t begin = 0; begin < ELEMENTS; begin += grain)
            update_range(lab, self, x, state, step, begin, ELEMENTS - begin < grain ? ELEMENTS - begin : grain, false);
    }
    return HONE_OK;
}

static hone_status open_optimizer(hone__lab *lab, hone_self **self, weight *x, void **state, hone_error *err)
{
    HONE__EXPECT(optimizer_of(lab)->n_slots <= MOST_SLOTS, "it wants %u slots; %d are allowed",
                 (unsigned)optimizer_of(lab)->n_slots, MOST_SLOTS);
    HONE_TRY(hone__lab_self(lab, self, err));
    fill_weight(x);
    *state = hone_alloc(lab->arena, optimizer_of(lab)->state_bytes);
    return *state ? HONE_OK : hone_no_memory(err, "running an optimizer");
}

static hone_status updates_are_finite(hone__lab *lab, hone_error *err)
{
    hone_self *self;
    void *state;
    weight x;
    HONE_TRY(open_optimizer(lab, &self, &x, &state, err));
    HONE_TRY(run_steps(lab, self, &x, state, 1, STEPS, ELEMENTS, err));
    for (int i = 0; i < ELEMENTS; i++)
        HONE__EXPECT(isfinite((double)x.w[i]), "element %d is not finite after %d steps", i, STEPS);
    /* A gradient of zeros must not divide by it. */
    memset(x.g, 0, sizeof x.g);
    fill_weight(&x);
    update_range(lab, self, &x, state, STEPS + 1, 0, ELEMENTS, false);
    for (int i = 0; i < ELEMENTS; i++)
        HONE__EXPECT(isfinite((double)x.w[i]), "element %d is not finite after a step with a gradient of zero", i);
    return HONE_OK;
}

static hone_status ranges_give_the_bits_of_the_whole(hone__lab *lab, hone_error *err)
{
    hone_self *whole, *parts;
    void *state_whole, *state_parts;
    weight x, y;
    if (optimizer_of(lab)->whole_weights)
        HONE__LEAVE_OUT("it takes whole weights only");
    HONE_TRY(open_optimizer(lab, &whole, &x, &state_whole, err));
    HONE_TRY(open_optimizer(lab, &parts, &y, &state_parts, err));
    HONE_TRY(run_steps(lab, whole, &x, state_whole, 1, STEPS, ELEMENTS, err));
    HONE_TRY(run_steps(lab, parts, &y, state_parts, 1, STEPS, 5, err));
    HONE__EXPECT(memcmp(&x, &y, sizeof x) == 0, "a weight updated in ranges has other bits than one updated as a whole");
    return HONE_OK;
}

static hone_status dormant_ranges_have_the_bits_of_others(hone__lab *lab, hone_error *err)
{
    hone_self *told, *untold;
    void *state_told, *state_untold;
    weight x, y;
    HONE_TRY(open_optimizer(lab, &told, &x, &state_told, err));
    HONE_TRY(open_optimizer(lab, &untold, &y, &state_untold, err));
    memset(x.g, 0, sizeof x.g);
    memset(y.g, 0, sizeof y.g);
    for (int64_t step = 1; step <= STEPS; step++) {
        update_range(lab, told, &x, state_told, step, 0, ELEMENTS, true);
        update_range(lab, untold, &y, state_untold, step, 0, ELEMENTS, false);
    }
    HONE__EXPECT(memcmp(&x, &y, sizeof x) == 0,
                 "a weight that never had a gradient has other bits where hone_update.dormant says so");
    return HONE_OK;
}

static hone_status restored_state_continues_the_same(hone__lab *lab, hone_error *err)
{
    hone_self *through, *again;
    void *state_through, *state_again;
    weight x, y;
    HONE_TRY(open_optimizer(lab, &through, &x, &state_through, err));
    HONE_TRY(run_steps(lab, through, &x, state_through, 1, STEPS / 2, ELEMENTS, err));
    HONE_TRY(open_optimizer(lab, &again, &y, &state_again, err));
    y = x; /* what a checkpoint has: weights, slots and the block of state, but not the instance */
    memcpy(state_again, state_through, optimizer_of(lab)->state_bytes);
    HONE_TRY(run_steps(lab, through, &x, state_through, STEPS / 2 + 1, STEPS, ELEMENTS, err));
    HONE_TRY(run_steps(lab, again, &y, state_again, STEPS / 2 + 1, STEPS, ELEMENTS, err));
    HONE__EXPECT(memcmp(&x, &y, sizeof x) == 0,
                 "a run continued from saved slots and state has other bits than one without a break");
    return HONE_OK;
}

static hone_status it_has_a_learning_rate(hone__lab *lab, hone_error *err)
{
    for (uint32_t i = 0; i < lab->table->n_params; i++)
        if (strcmp(lab->table->params[i].name, "learning_rate") == 0 && lab->table->params[i].type == HONE_REAL)
            return HONE_OK;
    return hone_fail(err, HONE_EPLUGIN, "it has no real parameter learning_rate, which parameter groups need");
}

const hone__check hone__checks_of_optimizer[] = {
    {"it has a parameter learning_rate", it_has_a_learning_rate},
    {"updates are finite", updates_are_finite},
    {"ranges give the bits of the whole", ranges_give_the_bits_of_the_whole},
    {"dormant ranges have the bits of others", dormant_ranges_have_the_bits_of_others},
    {"restored slots and state continue the same", restored_state_continues_the_same},
    {NULL, NULL},
};

/* ---- Schedules --------------------------------------------------------------------------------------------------- */

static hone_status factors_are_finite_and_not_negative(hone__lab *lab, hone_error *err)
{
    static const int64_t totals[] = {1, 2, 3, 10, 1000};
    const hone_schedule *schedule = (const hone_schedule *)(const void *)lab->table;
    hone_self *self;
    HONE_TRY(hone__lab_self(lab, &self, err));
    for (size_t t = 0; t < sizeof totals / sizeof totals[0]; t++)
        for (int64_t step = 1; step <= totals[t]; step++) {
            const double f = schedule->factor(self, step, totals[t]), again = schedule->factor(self, step, totals[t]);
            HONE__EXPECT(isfinite(f) && f >= 0.0, "the factor of step %lld of %lld is %g", (long long)step,
                         (long long)totals[t], f);
            HONE__EXPECT(f == again, "step %lld of %lld has two factors", (long long)step, (long long)totals[t]);
        }
    return HONE_OK;
}

const hone__check hone__checks_of_schedule[] = {
    {"factors are finite and not negative", factors_are_finite_and_not_negative},
    {NULL, NULL},
};

/* ---- Techniques -------------------------------------------------------------------------------------------------- */

static hone_status open_technique(hone__lab *lab, hone_self **self, hone_error *err)
{
    hone__network net;
    hone__prepared *prepared;
    HONE_TRY(hone__lab_network(lab, NULL, NULL, HONE_TARGET_CLASS, 1, &net, &prepared, err));
    return hone__lab_self(lab, self, err);
}

static const hone_technique *technique_of(const hone__lab *lab)
{
    return (const hone_technique *)(const void *)lab->table;
}

static hone_status its_table_fits(hone__lab *lab, hone_error *err)
{
    const hone_technique *t = technique_of(lab);
    HONE__EXPECT(t->n_slots <= MOST_SLOTS, "it wants %u slots; %d are allowed", (unsigned)t->n_slots, MOST_SLOTS);
    HONE__EXPECT(t->plugin.state_size >= t->state_bytes, "its state has %llu bytes, of which it wants %llu saved",
                 (unsigned long long)t->plugin.state_size, (unsigned long long)t->state_bytes);
    HONE__EXPECT(!t->perturb == !t->perturbs, "perturb() and the name of the node that it perturbs go together");
    return HONE_OK;
}

/* Weights after some updates, and what an evaluation sees of them. */
static void run_technique(const hone__lab *lab, const hone_self *self, weight *x, int64_t grain)
{
    const hone_technique *t = technique_of(lab);
    fill_weight(x);
    for (int64_t step = 1; step <= STEPS; step++) {
        fill_gradient(x, step);
        for (int i = 0; i < ELEMENTS; i++)
            x->w[i] -= 0.01f * x->g[i];
        for (int64_t begin = 0; begin < ELEMENTS; begin += grain) {
            float *slots[MOST_SLOTS];
            for (int i = 0; i < MOST_SLOTS; i++)
                slots[i] = x->slots[i] + begin;
            const hone_weight_range range = {.size = sizeof range,
                                             .name = "lab.embeddings.weight",
                                             .begin = begin,
                                             .n = ELEMENTS - begin < grain ? ELEMENTS - begin : grain,
                                             .total = ELEMENTS,
                                             .w = x->w + begin,
                                             .g = x->g + begin,
                                             .slots = slots,
                                             .step = step};
            if (t->after_update)
                t->after_update(self, &range);
            if (step == STEPS && t->evaluate)
                t->evaluate(self, &range);
        }
    }
}

static hone_status hooks_of_weights_do_not_depend_on_ranges(hone__lab *lab, hone_error *err)
{
    hone_self *one, *two;
    weight x, y;
    if (!technique_of(lab)->after_update && !technique_of(lab)->evaluate)
        HONE__LEAVE_OUT("it has no such hooks");
    HONE_TRY(open_technique(lab, &one, err));
    run_technique(lab, one, &x, ELEMENTS);
    HONE_TRY(open_technique(lab, &two, err));
    run_technique(lab, two, &y, 5);
    HONE__EXPECT(memcmp(&x, &y, sizeof x) == 0, "weights have other bits when the hooks see them in ranges");
    for (int i = 0; i < ELEMENTS; i++)
        HONE__EXPECT(isfinite((double)x.w[i]), "element %d is not finite", i);
    return HONE_OK;
}

static hone_status passes_and_rates_are_sound(hone__lab *lab, hone_error *err)
{
    const hone_technique *t = technique_of(lab);
    hone_self *self;
    HONE_TRY(open_technique(lab, &self, err));
    for (int64_t s = 1; s <= 10; s++) {
        const hone_step step = {.size = sizeof step, .step = s, .total = 10, .epoch = (uint64_t)s / 4, .n_passes = 1};
        const uint32_t passes = t->passes ? t->passes(self, &step) : 1;
        const double rate = t->rate ? t->rate(self, &step, "lab.embeddings.weight") : 1.0;
        HONE__EXPECT(passes <= 64, "step %lld has %u passes", (long long)s, (unsigned)passes);
        HONE__EXPECT(isfinite(rate) && rate >= 0.0, "the rate of step %lld is %g", (long long)s, rate);
    }
    return HONE_OK;
}

static hone_status it_builds_into_a_step(hone__lab *lab, hone_error *err)
{
    static const uint64_t all[HONE__LAB_EXAMPLES] = {0, 1, 2, 3, 4, 5};
    hone__network net;
    hone__prepared *prepared;
    hone_self *self;
    hone__lab_run run;
    if (!technique_of(lab)->build)
        HONE__LEAVE_OUT("it adds nothing to the graph");
    HONE_TRY(hone__lab_network(lab, NULL, NULL, HONE_TARGET_CLASS, 1, &net, &prepared, err));
    HONE_TRY(hone__lab_self(lab, &self, err));
    /* Its own weights have to be registered before the store is closed: a network of its own. */
    const hone__technique_use use = {technique_of(lab), self};
    hone_batch *batch;
    net.techniques = &use;
    net.n_techniques = 1;
    net.store = hone__store_create(7);
    if (!net.store || lab->n_stores == HONE__LAB_OWNED) {
        hone__store_destroy(net.store);
        return hone_no_memory(err, "making a network");
    }
    lab->stores[lab->n_stores++] = net.store;
    HONE_TRY(hone__batch_pack(prepared, all, HONE__LAB_EXAMPLES, lab->step, &batch, err));
    HONE_TRY(hone__network_register(&net, batch, lab->step, err));
    HONE_TRY(hone__store_close(net.store, NULL, err));
    HONE_TRY(hone__lab_forward(lab, &net, prepared, all, HONE__LAB_EXAMPLES, true, &run, err));
    for (uint32_t k = 0; k < run.pass->n_losses; k++)
        HONE__EXPECT(hone__lab_finite(hone__node_tensor(run.pass->losses[k].node)), "loss %u is not finite", k);
    return HONE_OK;
}

const hone__check hone__checks_of_technique[] = {
    {"its table fits", its_table_fits},
    {"passes and rates are sound", passes_and_rates_are_sound},
    {"hooks of weights do not depend on ranges", hooks_of_weights_do_not_depend_on_ranges},
    {"it builds into a step", it_builds_into_a_step},
    {NULL, NULL},
};
