/* parts.c - from an experiment to a trial that is ready for its first step.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "train/parts.h"
#include "base/alloc.h"
#include "base/arena.h"
#include "base/pool.h"
#include "train/frozen.h"
#include "train/model_dir.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- Data -------------------------------------------------------------------------------------------------------- */

static hone_status load_data(hone__parts *p, hone_error *err)
{
    const hone__section *section = &p->experiment->reader;
    const hone_reader *reader = (const hone_reader *)(const void *)section->plugin->table;
    hone_self *self = NULL;
    HONE_TRY(hone__instances_make(&p->instances, section, &self, err));
    if (reader->create)
        HONE_TRY(reader->create(self, err));
    return hone__dataset_load(p->trial, p->experiment->data, reader, self, &p->dataset, err);
}

/* The first max_train_samples, and how often each label stands in them. */
static hone_status choose_examples(hone__parts *p, hone_error *err)
{
    const uint64_t all = hone_corpus_count(p->dataset.train);
    const uint64_t most = (uint64_t)p->experiment->trainer.max_train_samples;
    const uint64_t n = most > 0 && most < all ? most : all;
    uint64_t *order = hone_alloc_array(p->trial, n, sizeof *order);
    p->counts = hone_alloc_array(p->trial, p->dataset.labels.n, sizeof *p->counts);
    if (!order || !p->counts)
        return hone_no_memory(err, "choosing the training examples");
    for (uint64_t i = 0; i < n; i++)
        order[i] = i;
    p->train = n < all ? hone__corpus_subset(p->trial, p->dataset.train, order, n) : p->dataset.train;
    if (!p->train)
        return hone_no_memory(err, "choosing the training examples");
    if (n == 0)
        return hone_fail(err, HONE_EINVAL, "%s has no examples to train on", p->experiment->data->train);
    for (uint64_t i = 0; i < n; i++) {
        const hone_answer *gold = hone_example_gold(hone_corpus_at(p->train, i));
        if (!gold)
            continue;
        for (uint64_t j = 0; gold->labels && gold->target != HONE_TARGET_TOKENS && j < gold->n; j++)
            if (gold->labels[j] >= 0 && (size_t)gold->labels[j] < p->dataset.labels.n)
                p->counts[gold->labels[j]]++;
    }
    return HONE_OK;
}

static hone_status make_tokenizer(hone__parts *p, hone_error *err)
{
    const hone__section *section = &p->experiment->tokenizer;
    hone_self *self = NULL;
    if (!section->plugin)
        return HONE_OK;
    p->tokenizer = (const hone_tokenizer *)(const void *)section->plugin->table;
    HONE_TRY(hone__instances_make(&p->instances, section, &self, err));
    HONE_TRY(p->tokenizer->create(self, p->experiment->model_common->path, p->train, err));
    p->tokenizer_self = self;
    p->preparer.info.size = sizeof p->preparer.info;
    return p->tokenizer->info(self, &p->preparer.info, err);
}

static hone_status prepare(hone__parts *p, hone_error *err)
{
    p->preparer.tokenizer = p->tokenizer;
    p->preparer.tokenizer_self = p->tokenizer_self;
    p->preparer.head = p->network.head;
    p->preparer.head_self = p->network.head_self;
    p->preparer.max_length = p->facts.max_length;
    p->preparer.seed = (uint64_t)p->experiment->seed;
    p->preparer.n_labels = p->dataset.labels.n;
    const hone__cache_setup setup = {.dir = p->setup->cache_dir,
                                     .preparer = &p->preparer,
                                     .tokenizer = &p->experiment->tokenizer,
                                     .head = &p->experiment->head,
                                     .model_dir = p->experiment->model_common->path,
                                     .train = p->train,
                                     .facts = &p->facts,
                                     .log = p->setup->log};
    HONE_TRY(hone__cache_open(&p->cache, &setup, err));
    if (p->network.head->prepare_per_epoch)
        HONE_TRY(hone__prepare(&p->preparer, p->train, 0, true, p->pool, &p->train_prepared, err));
    else
        HONE_TRY(hone__cache_prepare(&p->cache, p->train, true, p->pool, &p->train_prepared, err));
    if (!p->dataset.validation)
        return HONE_OK;
    return hone__cache_prepare(&p->cache, p->dataset.validation, false, p->pool, &p->validation_prepared, err);
}

/* ---- Model and head ---------------------------------------------------------------------------------------------- */

static uint64_t shorter(uint64_t a, uint64_t b)
{
    return a == 0 || (b > 0 && b < a) ? b : a;
}

/* Tokens of a sequence: as configured, else what model and tokenizer allow. */
static hone_status resolve_length(hone__parts *p, hone_error *err)
{
    enum { WITHOUT_LIMIT = 512 };
    const hone__tokenizer_config *config = p->experiment->tokenizer_common;
    const hone_model *model = p->network.model;
    const uint64_t of_model = model->max_length ? (uint64_t)model->max_length(p->network.model_self) : 0;
    const uint64_t asked = config && config->max_length.word < 0 ? (uint64_t)config->max_length.value : 0;
    if (asked && of_model && asked > of_model)
        return hone_fail(err, HONE_EINVAL, "tokenizer.max_length is %llu, but model %s takes at most %llu tokens",
                         (unsigned long long)asked, model->plugin.name, (unsigned long long)of_model);
    p->facts.max_length = asked ? asked : shorter(of_model, (uint64_t)p->preparer.info.model_max_length);
    if (p->facts.max_length == 0)
        p->facts.max_length = WITHOUT_LIMIT;
    return HONE_OK;
}

static hone_status make_model(hone__parts *p, hone_error *err)
{
    hone_self *self = NULL;
    p->network.model = (const hone_model *)(const void *)p->experiment->model.plugin->table;
    p->model_setup = (hone_model_setup){.size = sizeof p->model_setup, .tokenizer = p->facts.tokenizer};
    if (p->experiment->tokenizer_common && p->experiment->tokenizer_common->max_length.word < 0)
        p->model_setup.max_length = (uint64_t)p->experiment->tokenizer_common->max_length.value;
    HONE_TRY(hone__instances_make(&p->instances, &p->experiment->model, &self, err));
    HONE_TRY(p->network.model->create(self, &p->model_setup, err));
    p->network.model_self = self;
    HONE_TRY(resolve_length(p, err));
    p->facts.hidden = p->network.model->hidden(self);
    return HONE_OK;
}

static hone_status make_head(hone__parts *p, hone_error *err)
{
    const hone__section *section = &p->experiment->head;
    const hone_head *head = (const hone_head *)(const void *)section->plugin->table;
    hone_self *self = NULL;
    if (!(head->takes & HONE_TAKES(p->dataset.target)))
        return hone_fail(err, HONE_EINVAL, "head %s does not take %s, which the examples carry", head->plugin.name,
                         hone_target_name(p->dataset.target));
    HONE_TRY(hone__instances_make(&p->instances, section, &self, err));
    const hone_head_setup setup = {.size = sizeof setup,
                                   .facts = &p->facts,
                                   .store = p->network.store,
                                   .model = p->network.model,
                                   .model_self = p->network.model_self};
    if (head->create)
        HONE_TRY(head->create(self, &setup, err));
    p->network.head = head;
    p->network.head_self = self;
    return HONE_OK;
}

static void gather_facts(hone__parts *p)
{
    const hone__labels *labels = &p->dataset.labels;
    p->facts = (hone_facts){.size = sizeof p->facts,
                            .target = p->dataset.target,
                            .positive = labels->positive,
                            .n_labels = labels->n,
                            .labels = (const char *const *)labels->names,
                            .counts = p->counts,
                            .n_train = hone_corpus_count(p->train),
                            .tokenizer = p->tokenizer ? &p->preparer.info : NULL};
}

static void gather_metric_facts(hone__parts *p)
{
    p->metric_facts = p->facts;
    p->metric_facts.labels = (const char *const *)p->dataset.labels.shown;
}

static bool head_gives(const hone_head *head, uint32_t mask)
{
    for (uint32_t o = 0; o < head->n_outputs; o++) {
        const char *output = (const char *)head->outputs + o * head->output_size;
        if (mask & HONE_TAKES(((const hone_output_of_head *)(const void *)output)->target))
            return true;
    }
    return false;
}

static hone_status make_metrics(hone__parts *p, hone_error *err)
{
    const hone__experiment *e = p->experiment;
    p->metrics = hone_alloc_array(p->trial, e->n_metrics, sizeof *p->metrics);
    if (!p->metrics)
        return hone_no_memory(err, "making the metrics");
    for (size_t i = 0; i < e->n_metrics; i++) {
        const hone_metric *metric = (const hone_metric *)(const void *)e->metrics[i].section.plugin->table;
        if (!head_gives(p->network.head, metric->targets))
            return hone_fail(err, HONE_EINVAL, "metric %s does not take what head %s gives", metric->plugin.name,
                             p->network.head->plugin.name);
        HONE_TRY(hone__instances_make(&p->instances, &e->metrics[i].section, &p->metrics[i], err));
        if (metric->create)
            HONE_TRY(metric->create(p->metrics[i], &p->metric_facts, err));
    }
    return HONE_OK;
}

/* ---- Weights ----------------------------------------------------------------------------------------------------- */

static hone_status make_techniques(hone__parts *p, hone_error *err)
{
    const hone__experiment *e = p->experiment;
    const hone_technique_setup setup = {.size = sizeof setup,
                                        .facts = &p->facts,
                                        .store = p->network.store,
                                        .total_steps = p->total_steps,
                                        .model = p->network.model,
                                        .model_self = p->network.model_self};
    p->techniques = hone_alloc_array(p->trial, e->n_techniques, sizeof *p->techniques);
    if (!p->techniques)
        return hone_no_memory(err, "making the techniques");
    for (size_t i = 0; i < e->n_techniques; i++) {
        const hone_technique *technique = (const hone_technique *)(const void *)e->techniques[i].plugin->table;
        hone_self *self = NULL;
        if (technique->load)
            return hone_fail(err, HONE_EUNSUPPORTED, "technique %s loads a model of its own, which this version of hone cannot",
                             technique->plugin.name);
        HONE_TRY(hone__instances_make(&p->instances, &e->techniques[i], &self, err));
        if (technique->create)
            HONE_TRY(technique->create(self, &setup, err));
        p->techniques[i] = (hone__technique_use){technique, self};
    }
    p->network.techniques = p->techniques;
    p->network.n_techniques = e->n_techniques;
    return HONE_OK;
}

static hone_status register_weights(hone__parts *p, hone_error *err)
{
    hone__network *net = &p->network;
    const uint64_t first = 0;
    hone_batch *batch = NULL;
    hone__arena_reset(p->step);
    HONE_TRY(hone__batch_pack(p->train_prepared, &first, 1, p->step, &batch, err));
    HONE_TRY(hone__network_register(net, batch, p->step, err));
    return hone__weights_freeze(net->store, net->model, net->model_self, &p->experiment->model_common->freeze, err);
}

static hone_status fill_weights(hone__parts *p, hone_error *err)
{
    hone__network *net = &p->network;
    const hone__model_config *config = p->experiment->model_common;
    if (config->path) {
        const bool reuse = p->experiment->head_common->reuse;
        char prefix[128];
        snprintf(prefix, sizeof prefix, "%s.", net->model->prefix);
        if (reuse)
            HONE_TRY(hone__head_reusable(config->path, net->head->plugin.name, &p->dataset.labels, p->trial, err));
        HONE_TRY(hone__model_files_open(&p->files, p->trial, config->path, reuse, err));
        HONE_TRY(hone__weights_load(net->store, net->model, prefix, config->path, &p->files,
                                    reuse ? HONE__HEAD_REUSED : HONE__HEAD_NEW, p->trial, &p->loaded, p->setup->log, err));
    }
    return hone__store_close(net->store, net->pool, err);
}

static hone_status make_stepper(hone__parts *p, hone_error *err)
{
    const hone__experiment *e = p->experiment;
    const hone_optimizer *optimizer = (const hone_optimizer *)(const void *)e->optimizer.plugin->table;
    const hone_schedule *schedule = (const hone_schedule *)(const void *)e->schedule.plugin->table;
    hone_self *optimizer_self = NULL, *schedule_self = NULL;
    HONE_TRY(hone__instances_make(&p->instances, &e->optimizer, &optimizer_self, err));
    if (optimizer->create)
        HONE_TRY(optimizer->create(optimizer_self, err));
    HONE_TRY(hone__instances_make(&p->instances, &e->schedule, &schedule_self, err));
    const hone__stepper_setup setup = {.net = &p->network,
                                       .optimizer = optimizer,
                                       .optimizer_self = optimizer_self,
                                       .groups = e->optimizer_common,
                                       .schedule = schedule,
                                       .schedule_self = schedule_self,
                                       .max_grad_norm = e->trainer.max_grad_norm,
                                       .total_steps = p->total_steps,
                                       .trial = p->trial,
                                       .step = p->step};
    return hone__stepper_create(&setup, &p->stepper, err);
}

/* ---- All of it --------------------------------------------------------------------------------------------------- */

static uint64_t bound_of(const hone_int_or_word *x)
{
    return x->word < 0 ? (uint64_t)x->value : 0;
}

hone__bounds hone__train_bounds(const hone__trainer_config *t)
{
    return (hone__bounds){bound_of(&t->train_batch_size), bound_of(&t->max_tokens)};
}

hone__bounds hone__eval_bounds(const hone__trainer_config *t)
{
    return (hone__bounds){bound_of(&t->eval_batch_size), bound_of(&t->eval_max_tokens)};
}

/* With a head that prepares anew for each epoch, the lengths are those of the first. */
static hone_status divide_examples(hone__parts *p, hone_error *err)
{
    const hone__trainer_config *t = &p->experiment->trainer;
    const hone__batches_setup setup = {.seed = (uint64_t)p->experiment->seed,
                                       .sampling = t->train_sampling_strategy,
                                       .bounds = hone__train_bounds(t),
                                       .epochs = t->num_train_epochs,
                                       .max_steps = t->max_steps,
                                       .data = p->train_prepared,
                                       .arena = p->trial};
    HONE_TRY(hone__batches_create(&setup, &p->batches, err));
    p->total_steps = hone__batches_total(p->batches);
    p->last_step = (int64_t)fmax(1, floor(t->stop_after * (double)p->total_steps + 0.5));
    return HONE_OK;
}

static void log_data(const hone__parts *p, const char *split, const hone__prepared *prepared)
{
    if (!prepared)
        return;
    const hone__prepared_stats *s = hone__prepared_stats_of(prepared);
    hone_log_line(p->setup->log, HONE_LOG_INFO, "%s: %llu examples, %llu tokens, the longest sequence has %llu", split,
                  (unsigned long long)s->examples, (unsigned long long)s->tokens, (unsigned long long)s->longest);
    if (s->cut_examples)
        hone_log_line(p->setup->log, HONE_LOG_INFO, "%s: %llu examples were cut to %llu tokens, which took %llu tokens away",
                      split, (unsigned long long)s->cut_examples, (unsigned long long)p->facts.max_length,
                      (unsigned long long)s->cut_tokens);
}

static hone_status begin(hone__parts *p, hone_error *err)
{
    const hone_int_or_word *threads = &p->experiment->trainer.threads;
    p->trial = hone__arena_create(0);
    p->step = hone__arena_create(1 << 20);
    p->callback = hone__arena_create(0);
    p->network.store = hone__store_create((uint64_t)p->experiment->seed);
    if (!p->trial || !p->step || !p->callback || !p->network.store)
        return hone_no_memory(err, "starting a trial");
    hone__float_mode_set();
    HONE_TRY(hone__pool_create(threads->word >= 0 ? hone__cpu_count() : (int)threads->value, &p->pool, err));
    p->network.pool = p->pool;
    p->network.seed = (uint64_t)p->experiment->seed;
    p->network.bf16 = p->experiment->trainer.precision == HONE__BF16_OPERANDS;
    p->instances = (hone__instances){.trial = p->trial,
                                     .callback = p->callback,
                                     .pool = p->pool,
                                     .log = p->setup->log,
                                     .seed = (uint64_t)p->experiment->seed,
                                     .facts = &p->facts,
                                     .metric_facts = &p->metric_facts,
                                     .model_setup = &p->model_setup};
    return HONE_OK;
}

/* How much of it is made. */
typedef enum stage { STAGE_DATA, STAGE_SHAPES, STAGE_ALL } stage;

static hone_status fill(hone__parts *p, stage last, hone_error *err)
{
    HONE_TRY(begin(p, err));
    if (p->experiment->model_common->path) /* before the tokenizer reads that folder */
        HONE_TRY(hone__model_dir_check(p->trial, p->experiment->model_common->path, err));
    HONE_TRY(load_data(p, err));
    HONE_TRY(choose_examples(p, err));
    HONE_TRY(make_tokenizer(p, err));
    gather_facts(p);
    HONE_TRY(make_model(p, err));
    gather_metric_facts(p);
    HONE_TRY(make_head(p, err));
    if (last == STAGE_DATA)
        return prepare(p, err);
    HONE_TRY(make_metrics(p, err));
    HONE_TRY(
        hone__instances_backend(&p->instances, &p->experiment->backend, &p->network.backend, &p->network.backend_self, err));
    HONE_TRY(prepare(p, err));
    HONE_TRY(divide_examples(p, err));
    log_data(p, "training", p->train_prepared);
    log_data(p, "validation", p->validation_prepared);
    HONE_TRY(make_techniques(p, err));
    HONE_TRY(register_weights(p, err));
    if (last == STAGE_SHAPES)
        return HONE_OK;
    HONE_TRY(fill_weights(p, err));
    HONE_TRY(hone__frozen_open(p, err));
    return make_stepper(p, err);
}

static hone_status create(const hone__trial_setup *setup, stage last, hone__parts **parts, hone_error *err)
{
    hone__parts *p = hone__calloc(1, sizeof *p);
    *parts = NULL;
    if (!p)
        return hone_no_memory(err, "starting a trial");
    p->setup = setup;
    p->experiment = setup->experiment;
    const hone_status status = fill(p, last, err);
    if (status != HONE_OK)
        hone__parts_destroy(p);
    else
        *parts = p;
    return status;
}

hone_status hone__parts_create(const hone__trial_setup *setup, hone__parts **parts, hone_error *err)
{
    return create(setup, STAGE_ALL, parts, err);
}

hone_status hone__parts_create_data(const hone__trial_setup *setup, hone__parts **parts, hone_error *err)
{
    return create(setup, STAGE_DATA, parts, err);
}

hone_status hone__parts_create_shapes(const hone__trial_setup *setup, hone__parts **parts, hone_error *err)
{
    return create(setup, STAGE_SHAPES, parts, err);
}

void hone__parts_destroy(hone__parts *p)
{
    if (!p)
        return;
    hone__stepper_destroy(p->stepper);
    hone__instances_destroy(&p->instances);
    hone__prepared_destroy(p->train_prepared);
    hone__prepared_destroy(p->validation_prepared);
    hone__store_destroy(p->network.store);
    hone__model_files_close(&p->files);
    hone__pool_destroy(p->pool);
    hone__arena_destroy(p->callback);
    hone__arena_destroy(p->step);
    hone__arena_destroy(p->trial);
    hone__free(p);
}
