/* text_head.c - pooling, dense layers and loss of heads that score whole texts.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/text_head.h>

enum { POOLER, MEAN, FIRST };
const char *const hone_poolings[] = {"pooler", "mean", "first", NULL};
const char *const hone_head_activations[] = {"gelu", "gelu_new", "gelu_pytorch_tanh", "relu", "tanh", "sigmoid", NULL};

static const hone_loss *loss_of(const hone_text_head *p)
{
    return (const hone_loss *)(const void *)p->loss->plugin;
}

hone_status hone_text_head_check(const hone_self *self, const hone_head_setup *setup, hone_target target, hone_error *err)
{
    const hone_text_head *p = self->params;

    if (!(loss_of(p)->targets & HONE_TAKES(target)))
        return hone_fail(err, HONE_EINVAL, "head %s cannot use loss %s, which does not take %s", self->plugin->name,
                         p->loss->plugin->name, hone_target_name(target));
    if (p->pooling == POOLER && !setup->model->pool)
        return hone_fail(err, HONE_EINVAL, "model %s has no pooler of its own; set head.pooling to mean or first",
                         setup->model->plugin.name);
    return HONE_OK;
}

/* [B, H] */
static hone_node *pooled_rows(const hone_text_head *p, hone_graph *g, const hone_head_io *io)
{
    switch (p->pooling) {
    case MEAN:
        return hone_mean_rows(g, io->hidden, io->in->starts);
    case FIRST:
        return hone_first_rows(g, io->hidden, io->in->starts);
    default:
        return hone_head_pool(g, io);
    }
}

hone_node *hone_text_head_scores(const hone_self *self, hone_graph *g, const hone_head_io *io, int64_t n_scores)
{
    const hone_text_head *p = self->params;
    const hone_init init = {.kind = HONE_INIT_NORMAL, .scale = p->initializer_range};
    const int64_t *widths = p->hidden_layers.items;
    const hone_activation act = (hone_activation)hone_activation_by_name(hone_head_activations[p->activation]);

    hone_node *x = pooled_rows(p, g, io);
    for (uint64_t i = 0; i < p->hidden_layers.n; i++) {
        x = hone_dropout(g, hone_scope(g, "head.hidden.%llu.dropout", (unsigned long long)i), x, NULL, p->dropout);
        x = hone_linear_activate(g, hone_scope(g, "head.hidden.%llu", (unsigned long long)i), x, widths[i], init, act);
    }
    x = hone_dropout(g, "classifier.dropout", x, NULL, p->dropout);
    hone_node *scores = hone_linear(g, "classifier", x, n_scores, init);
    hone_head_scores(g, io, "scores", HONE_PER_SEQUENCE, scores);
    return scores;
}

static hone_status no_gold(const hone_self *self, hone_error *err)
{
    return hone_fail(err, HONE_EINVAL, "head %s: the examples have no label", self->plugin->name);
}

hone_status hone_text_head_loss(const hone_self *self, hone_graph *g, const hone_head_io *io, hone_node *scores,
                                hone_error *err)
{
    const hone_text_head *p = self->params;
    hone_node *gold = hone_input(g, io->in, "gold");
    if (!gold)
        return no_gold(self, err);
    hone_head_loss(g, io, 1.0, loss_of(p)->build(p->loss, g, "loss", scores, gold));
    return HONE_OK;
}

hone_status hone_text_head_items(const hone_self *self, uint32_t k, const hone_batch *batch, hone_items *out, hone_error *err)
{
    const hone_text_head *p = self->params;
    const hone_loss *loss = loss_of(p);
    const hone_tensor *gold = hone_batch_field(batch, "gold", NULL);
    (void)k;

    if (!gold)
        return no_gold(self, err);
    out->n = hone_batch_examples(batch);
    out->weights = hone_alloc_array(out->arena, out->n, sizeof *out->weights);
    out->example = hone_alloc_array(out->arena, out->n, sizeof *out->example);
    if (!out->weights || !out->example)
        return hone_no_memory(err, "weighing the examples of a batch");
    const int32_t *labels = gold->dtype == HONE_I32 ? gold->data : NULL;
    for (uint64_t e = 0; e < out->n; e++) {
        const bool absent = labels && labels[e] < 0;
        out->example[e] = (uint32_t)e;
        out->weights[e] = absent ? 0.0 : loss->weight ? loss->weight(p->loss, labels ? labels[e] : 0) : 1.0;
    }
    return HONE_OK;
}

bool hone_text_head_is_architecture(const hone_self *self)
{
    const hone_text_head *p = self->params;
    return p->pooling == POOLER && p->hidden_layers.n == 0;
}
