/* evaluate.c - a model over a whole corpus, and metrics over what it predicted.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "train/evaluate.h"
#include "base/arena.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The sums of one example's losses, kept apart until all examples are there, so that they are added up in the corpus's order. */
typedef struct sums {
    double loss[HONE__MOST_LOSSES], weight[HONE__MOST_LOSSES];
} sums;

typedef struct evaluating {
    const hone__evaluate_setup *setup;
    const hone_corpus *corpus;
    hone_record **records; /* [n_outputs][n], in the corpus's order */
    sums *sums;            /* [n] */
    double coefficients[HONE__MOST_LOSSES];
    uint32_t n_losses;
    uint64_t n, n_outputs;
} evaluating;

static const hone_output_of_head *output_of(const hone_head *head, uint64_t i)
{
    return (const hone_output_of_head *)(const void *)((const char *)head->outputs + i * head->output_size);
}

/* ---- One batch --------------------------------------------------------------------------------------------------- */

static hone_status take_losses(evaluating *e, const hone__pass *p, const hone_items *items, hone_error *err)
{
    for (uint32_t k = 0; k < p->n_losses; k++) {
        const hone_tensor *t = hone__node_tensor(p->losses[k].node);
        const float *losses = t->data;
        if (hone_shape_count(&t->shape) != (int64_t)items[k].n)
            return hone_fail(err, HONE_EPLUGIN, "loss %u of head %s has %lld items, but its items() says %llu", k,
                             p->net->head->plugin.name, (long long)hone_shape_count(&t->shape), (unsigned long long)items[k].n);
        e->coefficients[k] = p->losses[k].coefficient;
        for (uint64_t i = 0; i < items[k].n; i++) {
            sums *s = &e->sums[hone__batch_example(p->batch, items[k].example[i])];
            s->loss[k] += (double)losses[i];
            s->weight[k] += items[k].weights[i];
        }
    }
    e->n_losses = p->n_losses;
    return HONE_OK;
}

static hone_status decode_example(evaluating *e, hone__pass *p, uint64_t at, hone_error *err)
{
    const hone__evaluate_setup *setup = e->setup;
    const int32_t *starts = hone_batch_example_starts(p->batch);
    const uint64_t index = hone__batch_example(p->batch, at);
    hone_answer *answers = hone_alloc_array(setup->arena, e->n_outputs, sizeof *answers);
    hone_answer *gold = hone_alloc_array(setup->arena, e->n_outputs, sizeof *gold);
    if (!answers || !gold)
        return hone_no_memory(err, "decoding predictions");
    p->example = at;
    const hone_decode in = {.size = sizeof in,
                            .example = hone_corpus_at(e->corpus, index),
                            .n_sequences = (uint64_t)(starts[at + 1] - starts[at]),
                            .batch = p->batch,
                            .first_sequence = (uint64_t)starts[at],
                            .arena = setup->arena,
                            .calibration = setup->calibration,
                            .n_calibration = setup->n_calibration,
                            .host = p,
                            .gold = gold};
    HONE_TRY(p->net->head->decode(p->net->head_self, &in, answers, err));
    const hone_answer *readers = setup->with_loss ? hone_example_gold(in.example) : NULL;
    for (uint64_t o = 0; o < e->n_outputs; o++) {
        const bool fits = readers && readers->target == output_of(p->net->head, o)->target;
        e->records[o][index] = (hone_record){.id = hone_example_id(in.example),
                                             .gold = gold[o].target ? &gold[o]
                                                     : fits         ? readers
                                                                    : NULL,
                                             .prediction = &answers[o],
                                             .example = in.example};
    }
    return HONE_OK;
}

static hone_status run_batch(evaluating *e, const uint64_t *order, uint64_t n, hone_error *err)
{
    const hone__evaluate_setup *setup = e->setup;
    hone_batch *batch = NULL;
    hone_items items[HONE__MOST_LOSSES];
    hone__pass p;

    hone__arena_reset(setup->step);
    HONE_TRY(hone__batch_pack(setup->data, order, n, setup->step, &batch, err));
    HONE_TRY(hone__pass_build(
        &p, setup->net,
        &(hone__pass_setup){.batch = batch, .arena = setup->step, .training = false, .with_loss = setup->with_loss}, err));
    for (uint32_t k = 0; k < p.n_losses; k++) {
        HONE_TRY(hone__network_items(setup->net, k, batch, setup->step, &items[k], err));
        hone__graph_keep(p.graph, p.losses[k].node, false);
    }
    for (uint32_t i = 0; i < p.n_scores; i++)
        hone__graph_keep(p.graph, p.scores[i].node, false);
    HONE_TRY(hone__graph_plan(p.graph, false, NULL, err));
    HONE_TRY(hone__graph_forward(p.graph, setup->block, err));
    HONE_TRY(take_losses(e, &p, items, err));
    p.items = items;
    for (uint64_t i = 0; i < n; i++)
        HONE_TRY(decode_example(e, &p, i, err));
    return HONE_OK;
}

/* ---- The whole corpus -------------------------------------------------------------------------------------------- */

/* Coefficient times mean, for each loss; in the order of the corpus. */
static double mean_loss(const evaluating *e)
{
    double loss = e->n_losses ? 0 : NAN;
    for (uint32_t k = 0; k < e->n_losses; k++) {
        double sum = 0, weight = 0;
        for (uint64_t i = 0; i < e->n; i++) {
            sum += e->sums[i].loss[k];
            weight += e->sums[i].weight[k];
        }
        loss += weight > 0 ? e->coefficients[k] * sum / weight : 0;
    }
    return loss;
}

static void fill_losses(evaluating *e)
{
    for (uint64_t i = 0; i < e->n; i++) {
        double loss = e->n_losses ? 0 : NAN, items = 0;
        for (uint32_t k = 0; k < e->n_losses; k++) {
            loss += e->coefficients[k] * e->sums[i].loss[k];
            items += e->sums[i].weight[k];
        }
        for (uint64_t o = 0; o < e->n_outputs; o++) {
            e->records[o][i].loss = loss;
            e->records[o][i].items = items;
        }
    }
}

static hone_status make_room(evaluating *e, hone__evaluated *out, hone_error *err)
{
    hone_arena *arena = e->setup->arena;
    e->records = hone_alloc_array(arena, e->n_outputs, sizeof *e->records);
    e->sums = hone_alloc_array(arena, e->n, sizeof *e->sums);
    out->outputs = hone_alloc_array(arena, e->n_outputs, sizeof *out->outputs);
    out->n = e->n_outputs;
    if (!e->records || !e->sums || !out->outputs)
        return hone_no_memory(err, "evaluating");
    for (uint64_t o = 0; o < e->n_outputs; o++)
        if (!(e->records[o] = hone_alloc_array(arena, e->n, sizeof **e->records)))
            return hone_no_memory(err, "evaluating");
    return HONE_OK;
}

static uint64_t count_labels(const char *const *labels)
{
    uint64_t n = 0;
    while (labels[n])
        n++;
    return n;
}

static void fill_outputs(const evaluating *e, hone__evaluated *out)
{
    const hone__evaluate_setup *setup = e->setup;
    for (uint64_t o = 0; o < e->n_outputs; o++) {
        const hone_output_of_head *output = output_of(setup->net->head, o);
        const bool own = output->labels != NULL;
        out->outputs[o] = (hone_evaluation){.size = sizeof(hone_evaluation),
                                            .target = output->target,
                                            .positive = own ? -1 : setup->positive,
                                            .n = e->n,
                                            .records = e->records[o],
                                            .record_size = sizeof(hone_record),
                                            .n_labels = own ? count_labels(output->labels) : setup->n_labels,
                                            .labels = own ? output->labels : setup->labels,
                                            .split = setup->split,
                                            .output = output->name};
    }
}

hone_status hone__evaluate(const hone__evaluate_setup *setup, hone__evaluated *out, hone_error *err)
{
    evaluating e = {.setup = setup, .corpus = hone__prepared_corpus(setup->data), .n_outputs = setup->net->head->n_outputs};
    hone__division batches;
    e.n = hone_corpus_count(e.corpus);
    HONE_TRY(make_room(&e, out, err));
    HONE_TRY(hone__divide_by_length(setup->arena, setup->data, setup->bounds, &batches, err));
    for (uint64_t i = 0; i < batches.n; i++) {
        const uint64_t at = batches.starts[i], end = batches.starts[i + 1];
        if (setup->stop && *setup->stop)
            return hone_fail(err, HONE_EINTERRUPTED, "stopped while evaluating");
        HONE_TRY(run_batch(&e, batches.order + at, end - at, err));
        if (setup->progress)
            setup->progress(setup->progress_ctx, end, e.n);
    }
    fill_losses(&e);
    fill_outputs(&e, out);
    out->loss = mean_loss(&e);
    return HONE_OK;
}

/* ---- Calibration ------------------------------------------------------------------------------------------------- */

/* Metrics and calibration see the examples that have gold. */
static hone_status with_gold(hone_arena *arena, const hone_evaluation *all, hone_evaluation *some, hone_error *err)
{
    hone_record *records = hone_alloc_array(arena, all->n, sizeof *records);
    if (!records)
        return hone_no_memory(err, "looking at an evaluation");
    *some = *all;
    some->records = records;
    some->record_size = sizeof *records;
    some->n = 0;
    for (uint64_t i = 0; i < all->n; i++)
        if (hone_record_at(all, i)->gold)
            records[some->n++] = *hone_record_at(all, i);
    return HONE_OK;
}

/* What the head leaves may live in memory of the trial, which would grow with every evaluation, so it is copied. */
static hone_status calibrate(hone__evaluate_setup *setup, const hone__evaluated *evaluated, hone_error *err)
{
    const hone__network *net = setup->net;
    hone_evaluation some;
    const void *bytes = NULL;
    uint64_t n = 0;
    HONE_TRY(with_gold(setup->arena, &evaluated->outputs[0], &some, err));
    HONE_TRY(net->head->calibrate(net->head_self, &some, &bytes, &n, err));
    void *own = hone_alloc(setup->arena, n);
    if (!own)
        return hone_no_memory(err, "calibrating");
    if (n)
        memcpy(own, bytes, n);
    setup->calibration = own;
    setup->n_calibration = n;
    return HONE_OK;
}

hone_status hone__evaluate_calibrating(hone__evaluate_setup *setup, hone__evaluated *out, hone_error *err)
{
    HONE_TRY(hone__evaluate(setup, out, err));
    if (!setup->net->head->calibrate)
        return HONE_OK;
    HONE_TRY(calibrate(setup, out, err));
    return setup->n_calibration ? hone__evaluate(setup, out, err) : HONE_OK;
}

/* ---- Metrics ----------------------------------------------------------------------------------------------------- */

hone_status hone__metric_run(const hone__metric_use *use, const hone_self *self, const hone_evaluation *evaluation,
                             hone_exhibits *out, hone_error *err)
{
    const hone_metric *metric = (const hone_metric *)(const void *)self->plugin;
    hone_evaluation some;
    if (!(metric->targets & HONE_TAKES(evaluation->target)))
        return hone_fail(err, HONE_EINVAL, "metric %s does not take %s, which the head gives", self->plugin->name,
                         hone_target_name(evaluation->target));
    HONE_TRY(with_gold(out->arena, evaluation, &some, err));
    out->prefix = use->name;
    out->metric = metric;
    const hone_status status = metric->compute(self, &some, out, err);
    out->prefix = "";
    out->metric = NULL;
    if (status == HONE_OK && !hone__exhibits_figure(out, use->name))
        return hone_fail(err, HONE_EPLUGIN, "metric %s gave no figure of its own name", self->plugin->name);
    return status;
}

hone_status hone__figures_make(const hone__metric_use *uses, hone_self *const *metrics, size_t n,
                               const hone__evaluated *evaluated, hone_exhibits *out, hone_error *err)
{
    const char **names = hone_alloc_array(out->arena, evaluated->n, sizeof *names);
    if (!names)
        return hone_no_memory(err, "evaluating");
    for (uint64_t o = 0; o < evaluated->n; o++)
        names[o] = evaluated->outputs[o].output;
    HONE_TRY(hone__exhibits_name_outputs(out, names, evaluated->n, err));
    out->direction = -1;
    HONE_TRY(hone_figure(out, "loss", evaluated->loss, NULL, err));
    out->direction = 0;
    for (size_t i = 0; i < n; i++) {
        const hone_metric *metric = (const hone_metric *)(const void *)metrics[i]->plugin;
        uint64_t o = 0;
        while (o + 1 < evaluated->n && !(metric->targets & HONE_TAKES(evaluated->outputs[o].target)))
            o++;
        HONE_TRY(hone__metric_run(&uses[i], metrics[i], &evaluated->outputs[o], out, err));
    }
    return HONE_OK;
}
