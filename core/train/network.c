/* network.c - model, head and techniques build their graph; what they hand over is kept for the step and for decoding.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "train/network.h"

#include <string.h>

static hone__pass *pass_of(const hone_head_io *io)
{
    return io->host;
}

/* ---- What heads call while they build ---------------------------------------------------------------------------- */

hone_node *hone_head_pool(hone_graph *g, const hone_head_io *io)
{
    const hone__network *net = pass_of(io)->net;
    if (!net->model->pool)
        return hone_graph_fail(g, HONE_EUNSUPPORTED,
                               "model %s has no pooling of its own; let the head take the mean or the first token",
                               net->model->plugin.name);
    hone__graph_enter(g, hone_scope(g, "%s.", net->model->prefix), false);
    hone_node *pooled = net->model->pool(net->model_self, g, io->in, io->hidden);
    hone__graph_leave(g);
    return pooled;
}

void hone_head_scores(hone_graph *g, const hone_head_io *io, const char *name, hone_per per, hone_node *scores)
{
    hone__pass *p = pass_of(io);
    if (p->n_scores == HONE__MOST_SCORES) {
        hone_graph_fail(g, HONE_EPLUGIN, "head %s gives more than %d scores", p->net->head->plugin.name, HONE__MOST_SCORES);
        return;
    }
    p->scores[p->n_scores++] = (hone__scores){hone_scope(g, "%s", name), per, scores};
}

void hone_head_loss(hone_graph *g, const hone_head_io *io, double coefficient, hone_node *loss)
{
    hone__pass *p = pass_of(io);
    if (p->n_losses == HONE__MOST_LOSSES) {
        hone_graph_fail(g, HONE_EPLUGIN, "there are more than %d losses", HONE__MOST_LOSSES);
        return;
    }
    p->losses[p->n_losses++] = (hone__loss_node){coefficient, loss};
}

hone_node *hone_scores_of(hone_graph *g, const hone_head_io *io, const char *name)
{
    const hone__pass *p = pass_of(io);
    (void)g;
    for (uint32_t i = 0; i < p->n_scores; i++)
        if (strcmp(p->scores[i].name, name) == 0)
            return p->scores[i].node;
    return NULL;
}

hone_status hone_build_model(hone_graph *g, const hone_head_io *io, const hone_self *model, const char *prefix,
                             bool no_gradient, hone_node **hidden, hone_error *err)
{
    const hone__network *net = pass_of(io)->net;
    const hone_self *self = model ? model : net->model_self;
    const hone_model *table = model ? (const hone_model *)(const void *)model->plugin : net->model;
    hone__graph_enter(g, hone_scope(g, "%s%s%s.", prefix, *prefix ? "." : "", table->prefix), no_gradient);
    hone__graph_quiet(g, true); /* frozen layers run without dropout */
    const hone_status status = table->build(self, g, io->in, hidden, err);
    hone__graph_quiet(g, false);
    hone__graph_leave(g);
    return status != HONE_OK ? status : hone_graph_status(g, err);
}

hone_status hone_build_again(hone_graph *g, const hone_head_io *io, uint32_t pass, hone_head_io *again, hone_error *err)
{
    const hone__pass *first = pass_of(io);
    hone__pass *p = hone_alloc(first->arena, sizeof *p);
    if (!p)
        return hone_no_memory(err, "building the graph of a step");
    *p = (hone__pass){.net = first->net, .batch = first->batch, .arena = first->arena, .graph = g, .in = first->in};
    *again = (hone_head_io){.size = sizeof *again, .in = io->in, .host = p};
    const uint64_t before = hone__graph_pass(g, pass);
    hone_status status = hone_build_model(g, again, NULL, "", false, &again->hidden, err);
    if (status == HONE_OK)
        status = p->net->head->build(p->net->head_self, g, again, err);
    hone__graph_pass(g, before);
    return status != HONE_OK ? status : hone_graph_status(g, err);
}

/* ---- Building ---------------------------------------------------------------------------------------------------- */

static hone_status build_techniques(hone__pass *p, const hone_step *step, hone_error *err)
{
    for (size_t i = 0; i < p->net->n_techniques; i++) {
        const hone__technique_use *t = &p->net->techniques[i];
        if (t->technique->build)
            HONE_TRY(t->technique->build(t->self, p->graph, step, &p->io, err));
    }
    return HONE_OK;
}

static hone_graph *create_graph(const hone__network *net, const hone__pass_setup *setup)
{
    const hone__graph_setup graph = {.arena = setup->arena,
                                     .store = net->store,
                                     .backend = net->backend,
                                     .backend_self = net->backend_self,
                                     .pool = net->pool,
                                     .seed = net->seed,
                                     .step = setup->step ? (uint64_t)setup->step->step : 0,
                                     .pass = setup->step ? setup->step->pass : 0,
                                     .first_sequence = setup->first_sequence,
                                     .training = setup->training,
                                     .bf16 = net->bf16};
    return hone__graph_create(&graph);
}

/* Where the batch has the outputs of the frozen layers, these are not computed. */
static void supply(hone__pass *p)
{
    static const float nothing; /* a planned graph that never runs does not look at it */
    const char *name = p->net->frozen;
    const hone_tensor *rows = name ? hone_batch_field(p->batch, name, NULL) : NULL;
    if (rows)
        hone__graph_supply(p->graph, name, rows->data);
    else if (name && p->net->frozen_is_planned)
        hone__graph_supply(p->graph, name, &nothing);
}

hone_status hone__pass_build(hone__pass *p, const hone__network *net, const hone__pass_setup *setup, hone_error *err)
{
    *p = (hone__pass){.net = net, .batch = setup->batch, .arena = setup->arena, .graph = create_graph(net, setup)};
    if (!p->graph)
        return hone_no_memory(err, "building the graph of a step");
    HONE_TRY(hone__batch_inputs(setup->batch, p->graph, &p->in, err));
    p->io = (hone_head_io){.size = sizeof p->io, .in = &p->in, .with_loss = setup->with_loss, .host = p};
    supply(p);
    HONE_TRY(hone_build_model(p->graph, &p->io, NULL, "", false, &p->io.hidden, err));
    if (net->head)
        HONE_TRY(net->head->build(net->head_self, p->graph, &p->io, err));
    p->n_head_losses = p->n_losses;
    if (setup->step)
        HONE_TRY(build_techniques(p, setup->step, err));
    HONE_TRY(hone_graph_status(p->graph, err));
    if (setup->training && p->n_losses == 0)
        return hone_fail(err, HONE_EPLUGIN, "head %s gives no loss to train on", net->head ? net->head->plugin.name : "none");
    return HONE_OK;
}

hone_status hone__network_register(hone__network *net, const hone_batch *batch, hone_arena *step_arena, hone_error *err)
{
    hone__pass p;
    const hone_step step = {.size = sizeof step, .step = 1, .total = 1, .n_passes = 1};
    HONE_TRY(hone__pass_build(
        &p, net, &(hone__pass_setup){.batch = batch, .arena = step_arena, .training = true, .with_loss = true, .step = &step},
        err));
    net->n_losses = p.n_losses;
    net->n_head_losses = p.n_head_losses;
    return HONE_OK;
}

/* ---- Items ------------------------------------------------------------------------------------------------------- */

static hone_status one_a_sequence(const hone_batch *batch, hone_items *items, hone_error *err)
{
    const int32_t *starts = hone_batch_example_starts(batch);
    items->n = hone_batch_sequences(batch);
    items->weights = hone_alloc_array(items->arena, items->n, sizeof *items->weights);
    items->example = hone_alloc_array(items->arena, items->n, sizeof *items->example);
    if (!items->weights || !items->example)
        return hone_no_memory(err, "weighing the items of a batch");
    for (uint64_t e = 0; e < hone_batch_examples(batch); e++) {
        for (int32_t b = starts[e]; b < starts[e + 1]; b++) {
            items->weights[b] = 1;
            items->example[b] = (uint32_t)e;
        }
    }
    return HONE_OK;
}

hone_status hone__network_items(const hone__network *net, uint32_t k, const hone_batch *batch, hone_arena *arena,
                                hone_items *items, hone_error *err)
{
    *items = (hone_items){.size = sizeof *items, .arena = arena};
    if (k >= net->n_head_losses || !net->head->items)
        return one_a_sequence(batch, items, err);
    HONE_TRY(net->head->items(net->head_self, k, batch, items, err));
    if (items->n && (!items->weights || !items->example))
        return hone_fail(err, HONE_EPLUGIN, "head %s gives items without weights", net->head->plugin.name);
    return HONE_OK;
}

/* ---- Reading scores ---------------------------------------------------------------------------------------------- */

/* Rows of items that belong to one example: as a field of the batch has them, which needs no gold, else as the items of a loss; they
 * stand in the order of their examples. */
static hone_status item_rows(const hone__pass *p, const hone_decode *in, int64_t n_rows, int64_t *begin, int64_t *end,
                             hone_error *err)
{
    const int32_t *starts = hone__batch_item_starts(p->batch, n_rows);
    if (starts) {
        *begin = starts[in->first_sequence];
        *end = starts[in->first_sequence + in->n_sequences];
        return HONE_OK;
    }
    for (uint32_t k = 0; p->items && k < p->n_losses; k++) {
        const hone_items *items = &p->items[k];
        if ((int64_t)items->n != n_rows)
            continue;
        for (*begin = 0; *begin < n_rows && items->example[*begin] < p->example;)
            ++*begin;
        for (*end = *begin; *end < n_rows && items->example[*end] == p->example;)
            ++*end;
        return HONE_OK;
    }
    return hone_fail(err, HONE_EPLUGIN, "head %s: scores per item, but neither a field nor a loss has %lld items",
                     p->net->head->plugin.name, (long long)n_rows);
}

static hone_status score_rows(const hone_decode *in, const hone__scores *s, int64_t n_rows, int64_t *begin, int64_t *end,
                              hone_error *err)
{
    const hone__pass *p = in->host;
    const int32_t *starts = hone_batch_starts(p->batch);
    const uint64_t first = in->first_sequence, last = first + in->n_sequences;
    switch (s->per) {
    case HONE_PER_TOKEN:
        *begin = starts[first];
        *end = starts[last];
        break;
    case HONE_PER_SEQUENCE:
        *begin = (int64_t)first;
        *end = (int64_t)last;
        break;
    case HONE_PER_EXAMPLE:
        *begin = (int64_t)p->example;
        *end = *begin + 1;
        break;
    default:
        HONE_TRY(item_rows(p, in, n_rows, begin, end, err));
    }
    if (*end > n_rows)
        return hone_fail(err, HONE_EPLUGIN, "head %s: scores %s have %lld rows; row %lld was asked for",
                         p->net->head->plugin.name, s->name, (long long)n_rows, (long long)*end);
    return HONE_OK;
}

hone_status hone_decode_scores(const hone_decode *in, const char *name, hone_tensor *out, hone_error *err)
{
    const hone__pass *p = in->host;
    for (uint32_t i = 0; i < p->n_scores; i++) {
        const hone__scores *s = &p->scores[i];
        if (strcmp(s->name, name) != 0)
            continue;
        const hone_tensor *all = hone__node_tensor(s->node);
        int64_t begin = 0, end = 0, n_rows = all->shape.rank ? all->shape.dim[0] : 1, row = 1;
        HONE_TRY(score_rows(in, s, n_rows, &begin, &end, err));
        for (uint32_t d = 1; d < all->shape.rank; d++)
            row *= all->shape.dim[d];
        *out = *all;
        out->data = (char *)all->data + (size_t)(begin * row) * hone_dtype_size(all->dtype);
        if (out->shape.rank)
            out->shape.dim[0] = end - begin;
        return HONE_OK;
    }
    return hone_fail(err, HONE_EPLUGIN, "head %s asks for scores %s, which its build() did not give", p->net->head->plugin.name,
                     name);
}
