/* estimate.c - what a trial will take in memory and time.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "train/estimate.h"
#include "base/arena.h"
#include "data/prepared.h"
#include "train/frozen.h"
#include "train/loop.h"
#include "train/parts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WALKED_EPOCHS = 8, SAMPLES = 8 };

/* ---- Graphs ------------------------------------------------------------------------------------------------------ */

/* What one micro-batch comes to. */
typedef struct cost {
    size_t bytes;
    double work;
    uint64_t tokens;
} cost;

static hone_status keep_results(const hone__parts *p, hone__pass *pass, bool training, hone_error *err)
{
    for (uint32_t k = 0; k < pass->n_losses; k++) {
        hone_node *node = pass->losses[k].node;
        hone__graph_keep(pass->graph, node, false);
        if (!training)
            continue;
        float *dy = hone_alloc_array(p->step, (size_t)hone_shape_count(hone_node_shape(node)), sizeof *dy);
        if (!dy)
            return hone_no_memory(err, "planning a step");
        hone__graph_seed(pass->graph, node, dy);
    }
    for (uint32_t k = 0; !training && k < pass->n_scores; k++)
        hone__graph_keep(pass->graph, pass->scores[k].node, false);
    return HONE_OK;
}

/* Builds and plans what a step or an evaluation would run, and runs nothing. */
static hone_status plan(const hone__parts *p, const hone__prepared *data, const uint64_t *order, uint64_t n, bool training,
                        cost *c, hone_error *err)
{
    hone__pass pass;
    hone_batch *batch = NULL;
    const hone_step step = {.size = sizeof step, .step = 1, .total = p->total_steps, .n_passes = 1};
    hone__arena_reset(p->step);
    HONE_TRY(hone__batch_pack(data, order, n, p->step, &batch, err));
    HONE_TRY(hone__pass_build(
        &pass, &p->network,
        &(hone__pass_setup){
            .batch = batch, .arena = p->step, .training = training, .with_loss = true, .step = training ? &step : NULL},
        err));
    HONE_TRY(keep_results(p, &pass, training, err));
    HONE_TRY(hone__graph_plan(pass.graph, training, &c->bytes, err));
    c->bytes += hone__arena_bytes(p->step);
    c->work = hone__graph_work(pass.graph);
    c->tokens = hone_batch_tokens(batch);
    return HONE_OK;
}

/* ---- The batches of the training --------------------------------------------------------------------------------- */

/* Pairs of tokens that see each other. */
static double pairs_of(const hone__prepared *d, uint64_t example)
{
    double pairs = 0;
    for (uint64_t s = d->example_starts[example]; s < d->example_starts[example + 1]; s++)
        pairs += (double)(d->starts[s + 1] - d->starts[s]) * (double)(d->starts[s + 1] - d->starts[s]);
    return pairs;
}

typedef struct walk {
    const hone__parts *parts;
    uint64_t micro; /* examples at once; 0: all of a step */
    uint64_t tokens;
    int64_t steps;
    uint64_t most_tokens;
    double most_pairs;
    uint64_t *largest[2], n_largest[2]; /* micro-batches: by tokens, by pairs of them */
} walk;

static void look_at(walk *w, const uint64_t *order, uint64_t n)
{
    const hone__prepared *d = w->parts->train_prepared;
    uint64_t tokens = 0;
    double pairs = 0;
    for (uint64_t i = 0; i < n; i++) {
        tokens += hone__prepared_tokens(d, order[i]);
        pairs += pairs_of(d, order[i]);
    }
    const bool most[2] = {tokens > w->most_tokens, pairs > w->most_pairs};
    w->most_tokens = most[0] ? tokens : w->most_tokens;
    w->most_pairs = most[1] ? pairs : w->most_pairs;
    for (int k = 0; k < 2; k++) {
        if (!most[k])
            continue;
        memcpy(w->largest[k], order, n * sizeof *order);
        w->n_largest[k] = n;
    }
    w->tokens += tokens;
}

static uint64_t at_once(const walk *w, uint64_t left)
{
    return w->micro && w->micro < left ? w->micro : left;
}

static void walk_epoch(walk *w, int64_t epoch)
{
    hone__batches *b = w->parts->batches;
    for (; w->steps < w->parts->last_step && hone__batches_place(b, w->steps).epoch == epoch; w->steps++) {
        uint64_t n = 0;
        const uint64_t *order = hone__batches_step(b, w->steps, &n);
        for (uint64_t at = 0, size; at < n; at += size) {
            size = at_once(w, n - at);
            look_at(w, order + at, size);
        }
    }
}

/* Of a long training the first epochs stand for the rest. */
static hone_status walk_training(walk *w, hone_error *err)
{
    const hone__parts *p = w->parts;
    w->micro = (uint64_t)p->experiment->trainer.micro_batch_size;
    for (int k = 0; k < 2; k++)
        w->largest[k] = hone_alloc_array(p->trial, at_once(w, hone_corpus_count(p->train)), sizeof **w->largest);
    if (!w->largest[0] || !w->largest[1])
        return hone_no_memory(err, "planning a training");
    for (int64_t epoch = 0; epoch < WALKED_EPOCHS && w->steps < p->last_step; epoch++)
        walk_epoch(w, epoch);
    if (w->steps > 0 && w->steps < p->last_step)
        w->tokens = (uint64_t)((double)w->tokens * (double)p->last_step / (double)w->steps);
    return HONE_OK;
}

static uint32_t passes_of(const hone__parts *p)
{
    const hone_step step = {.size = sizeof step, .step = 1, .total = p->total_steps, .n_passes = 1};
    uint32_t most = 1;
    for (size_t i = 0; i < p->network.n_techniques; i++) {
        const hone__technique_use *t = &p->network.techniques[i];
        const uint32_t n = t->technique->passes ? t->technique->passes(t->self, &step) : 1;
        most = n > most ? n : most;
    }
    return most;
}

/* The work of a token is that of the tokens of some micro-batches, spread over the first epoch. */
static hone_status estimate_training(const hone__parts *p, walk *w, hone__estimate *e, hone_error *err)
{
    const int64_t epoch = hone__batches_place(p->batches, 0).of_epoch;
    double work = 0, tokens = 0;
    cost c = {0};
    for (int64_t i = 0; i < SAMPLES && i < epoch; i++) {
        uint64_t n = 0;
        const uint64_t *order = hone__batches_step(p->batches, epoch < SAMPLES ? i : i * epoch / SAMPLES, &n);
        HONE_TRY(plan(p, p->train_prepared, order, at_once(w, n), true, &c, err));
        work += c.work;
        tokens += (double)c.tokens;
    }
    e->training = tokens > 0 ? work / tokens * (double)w->tokens * passes_of(p) : 0;
    for (int k = 0; k < 2; k++) {
        HONE_TRY(plan(p, p->train_prepared, w->largest[k], w->n_largest[k], true, &c, err));
        e->activations = c.bytes > e->activations ? c.bytes : e->activations;
    }
    e->largest_tokens = w->most_tokens;
    e->tokens = w->tokens;
    return HONE_OK;
}

/* ---- Evaluations ------------------------------------------------------------------------------------------------- */

static int64_t count_evaluations(const hone__parts *p)
{
    const hone__trainer_config *t = &p->experiment->trainer;
    const hone__standing end = hone__batches_place(p->batches, p->last_step);
    if (t->eval_strategy == HONE__EVAL_STEPS)
        return (p->last_step + t->eval_steps - 1) / t->eval_steps;
    return end.epoch + (end.step > 0);
}

static hone_status estimate_evaluations(const hone__parts *p, hone__estimate *e, hone_error *err)
{
    const hone__prepared *d = p->validation_prepared;
    hone__division batches;
    double work = 0, tokens = 0;
    size_t most = 0;
    if (!d || d->stats.examples == 0)
        return HONE_OK;
    HONE_TRY(hone__divide_by_length(p->trial, d, hone__eval_bounds(&p->experiment->trainer), &batches, err));
    for (uint64_t i = 0; i <= SAMPLES; i++) { /* the first ones have the longest */
        cost c = {0};
        const uint64_t batch = i * (batches.n - 1) / SAMPLES, at = batches.starts[batch];
        HONE_TRY(plan(p, d, batches.order + at, batches.starts[batch + 1] - at, false, &c, err));
        work += c.work;
        tokens += (double)c.tokens;
        most = c.bytes > most ? c.bytes : most;
    }
    e->activations += most;
    e->evaluations = count_evaluations(p);
    e->evaluating = work / tokens * (double)d->stats.tokens * (double)e->evaluations;
    return HONE_OK;
}

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

/* A line of /proc/self/status, in bytes; 0 if unknown. */
static uint64_t memory_of_process(const char *key)
{
    char line[256];
    unsigned long long kib = 0;
    FILE *f = fopen("/proc/self/status", "re");
    while (f && !kib && fgets(line, sizeof line, f))
        if (strncmp(line, key, strlen(key)) == 0)
            sscanf(line + strlen(key), ": %llu", &kib);
    if (f)
        fclose(f);
    return (uint64_t)kib << 10;
}

static uint64_t slots_of(const hone__parts *p)
{
    const hone_optimizer *optimizer = (const hone_optimizer *)(const void *)p->experiment->optimizer.plugin->table;
    uint64_t n = optimizer->n_slots;
    bool evaluates = false;
    for (size_t i = 0; i < p->network.n_techniques; i++) {
        n += p->network.techniques[i].technique->n_slots;
        evaluates = evaluates || p->network.techniques[i].technique->evaluate;
    }
    return n + evaluates;
}

static void add_prepared(const hone__prepared *d, hone__estimate *e)
{
    if (d && d->file.map.data)
        e->mapped += d->file.map.n;
    else if (d)
        e->data += hone__arena_bytes(d->arena);
}

static void count_memory(const hone__parts *p, uint64_t base, hone__estimate *e)
{
    const hone_store *store = p->network.store;
    for (size_t i = 0; i < hone__store_count(store); i++) {
        const hone__weight *w = hone__store_at(store, i);
        const bool trained = !w->frozen && !(w->flags & HONE_WEIGHT_BUFFER),
                   from_file = p->experiment->model_common->path != NULL;
        e->parameters += w->n;
        e->trained += trained ? w->n : 0;
        if (from_file)
            e->mapped += (uint64_t)w->n * sizeof(float);
        if (!w->frozen || !from_file) /* a frozen one stays in its file, where that is float32 */
            e->weights += (uint64_t)w->n * sizeof(float);
    }
    e->weights += hone__store_form_bytes(store); /* of the graphs that were planned */
    e->gradients = (uint64_t)e->trained * sizeof(float);
    e->slots = slots_of(p) * e->gradients;
    e->data = hone__arena_bytes(p->trial);
    add_prepared(p->train_prepared, e);
    add_prepared(p->validation_prepared, e);
    e->mapped += e->frozen;
    e->base = base;
    e->bytes = e->base + e->data + e->weights + e->gradients + e->slots + e->activations;
}

/* From here on graphs are planned as with the files. */
static hone_status plan_frozen(hone__parts *p, hone__estimate *e, hone_error *err)
{
    const hone__prepared *const splits[] = {p->train_prepared, p->validation_prepared};
    hone__frozen f;
    HONE_TRY(hone__frozen_choose(p, &f, err));
    p->network.frozen = f.place;
    p->network.frozen_is_planned = true;
    for (int i = 0; i < 2; i++) {
        e->frozen += hone__frozen_bytes(&f, splits[i]);
        e->making += splits[i] ? f.work * (double)splits[i]->stats.tokens : 0;
    }
    return HONE_OK;
}

static hone_status estimate(hone__parts *p, uint64_t base, hone__estimate *e, hone_error *err)
{
    walk w = {.parts = p};
    *e = (hone__estimate){.steps = p->last_step};
    const uint64_t data = hone__arena_bytes(p->trial); /* before what only an estimate needs */
    HONE_TRY(plan_frozen(p, e, err));
    HONE_TRY(walk_training(&w, err));
    HONE_TRY(estimate_training(p, &w, e, err));
    HONE_TRY(estimate_evaluations(p, e, err));
    count_memory(p, base, e);
    e->bytes -= hone__arena_bytes(p->trial) - data;
    e->data -= hone__arena_bytes(p->trial) - data;
    return HONE_OK;
}

hone_status hone__trial_estimate(const hone__trial_setup *setup, hone__estimate *e, hone_error *err)
{
    hone__parts *parts = NULL;
    const uint64_t base = memory_of_process("RssAnon");
    HONE_TRY(hone__parts_create_shapes(setup, &parts, err));
    const hone_status status = estimate(parts, base, e, err);
    hone__parts_destroy(parts);
    return status;
}

/* ---- Time -------------------------------------------------------------------------------------------------------- */

/* Seconds of a step over the first n examples of the first epoch: the mean of some, after one that does not count. */
static hone_status time_steps(hone__parts *p, const uint64_t *order, uint64_t n, double limit_s, int64_t *step, double *seconds,
                              hone_error *err)
{
    enum { MOST = 20 };
    hone__step_result result;
    double begin = 0;
    int done = -1;
    do {
        if (done == 0)
            begin = hone__now();
        HONE_TRY(hone__step_run(p->stepper, p->train_prepared, order, n, (uint64_t)p->experiment->trainer.micro_batch_size,
                                ++*step, 0, &result, err));
        done++;
    } while (done < 1 || (done < MOST && hone__now() - begin < limit_s));
    *seconds = (hone__now() - begin) / done;
    return HONE_OK;
}

/* A step takes its work at one rate and its update at another; two sizes of steps tell them apart. */
static hone_status measure(hone__parts *p, hone__rate *rate, hone_error *err)
{
    uint64_t sizes[2] = {0, 1};
    const uint64_t *order = hone__batches_step(p->batches, 0, &sizes[0]);
    const uint32_t passes = passes_of(p);
    double seconds[2], work[2];
    int64_t step = 0;
    for (int k = 0; k < 2; k++) {
        cost c = {0};
        HONE_TRY(plan(p, p->train_prepared, order, sizes[k], true, &c, err));
        work[k] = c.work * passes;
        HONE_TRY(time_steps(p, order, sizes[k], k ? 0.3 : 1, &step, &seconds[k], err));
    }
    const double trained = (double)hone__store_elements(p->network.store, true);
    const double slope = (seconds[0] - seconds[1]) / (work[0] - work[1]);
    rate->work = work[0] / seconds[0];
    rate->update = 0;
    if (sizes[0] > 1 && slope > 0 && seconds[1] > slope * work[1]) {
        rate->work = 1 / slope;
        rate->update = trained > 0 ? (seconds[1] - slope * work[1]) / trained : 0;
    }
    return HONE_OK;
}

hone_status hone__trial_rate(const hone__trial_setup *setup, hone__rate *rate, hone_error *err)
{
    hone__parts *parts = NULL;
    hone__trial_setup without = *setup;
    without.no_frozen = true;
    HONE_TRY(hone__parts_create(&without, &parts, err));
    const hone_status status = measure(parts, rate, err);
    hone__parts_destroy(parts);
    return status;
}

double hone__estimate_seconds(const hone__estimate *e, const hone__rate *rate)
{
    return (e->training + e->evaluating) / rate->work + (double)e->steps * (double)e->trained * rate->update;
}
