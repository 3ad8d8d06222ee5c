/* network.c - what models, heads and losses promise, each in a network with the lab's other parts.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "conformance/kinds.h"

#include <math.h>
#include <string.h>

static const uint64_t all[HONE__LAB_EXAMPLES] = {0, 1, 2, 3, 4, 5};

typedef struct subject {
    hone__network net;
    hone__prepared *prepared;
} subject;

/* A network around the plugin under check, which is a model or a head. */
static hone_status open_network(hone__lab *lab, uint32_t target, int threads, subject *s, hone_error *err)
{
    hone_self *self;
    hone__lab_target(lab, target);
    HONE_TRY(hone__lab_self(lab, &self, err));
    const bool model = lab->table->kind == HONE_KIND_MODEL;
    return hone__lab_network(lab, model ? self : NULL, model ? NULL : self, target, threads, &s->net, &s->prepared, err);
}

/* ---- Models ------------------------------------------------------------------------------------------------------ */

static const hone_model *model_of(const hone__lab *lab)
{
    return (const hone_model *)(const void *)lab->table;
}

static hone_status open_model(hone__lab *lab, int threads, subject *s, hone_error *err)
{
    const uint32_t reads = model_of(lab)->reads;
    if (reads && !(reads & 1u << HONE_FIELD_TEXT))
        HONE__LEAVE_OUT("it does not read text");
    return open_network(lab, HONE_TARGET_CLASS, threads, s, err);
}

static hone_status hidden_states_are_n_by_h_and_finite(hone__lab *lab, hone_error *err)
{
    subject s;
    hone__lab_run run;
    HONE_TRY(open_model(lab, 1, &s, err));
    HONE_TRY(hone__lab_forward(lab, &s.net, s.prepared, all, HONE__LAB_EXAMPLES, false, &run, err));
    const hone_tensor *hidden = hone__node_tensor(run.pass->io.hidden);
    const int64_t h = model_of(lab)->hidden(s.net.model_self), n = (int64_t)hone_batch_tokens(run.batch);
    HONE__EXPECT(hidden->shape.rank == 2 && hidden->shape.dim[0] == n && hidden->shape.dim[1] == h,
                 "the hidden states have another shape than [%lld, %lld]", (long long)n, (long long)h);
    HONE__EXPECT(hone__lab_finite(hidden), "a hidden state is not finite");
    return HONE_OK;
}

static hone_status weights_have_the_prefix_and_layers(hone__lab *lab, hone_error *err)
{
    const hone_model *model = model_of(lab);
    subject s;
    HONE_TRY(open_model(lab, 1, &s, err));
    const int64_t layers = model->layers ? model->layers(s.net.model_self) : 0;
    const size_t n = strlen(model->prefix);
    size_t own = 0;
    for (size_t i = 0; i < hone__store_count(s.net.store); i++) {
        const char *name = hone__store_at(s.net.store, i)->name;
        if (strncmp(name, model->prefix, n) != 0 || name[n] != '.')
            continue;
        own++;
        const int64_t layer = model->layer_of ? model->layer_of(s.net.model_self, name + n + 1) : -1;
        HONE__EXPECT(layer >= -1 && layer <= layers, "the weight %s is said to be in layer %lld of %lld", name,
                     (long long)layer, (long long)layers);
    }
    HONE__EXPECT(own > 0, "it has no weights");
    if (model->word_embeddings) {
        const char *name = hone_sprintf(lab->arena, "%s.%s", model->prefix, model->word_embeddings);
        HONE__EXPECT(name && hone_store_find(s.net.store, name), "there is no weight %s, which it names as its word embeddings",
                     name ? name : "");
    }
    return HONE_OK;
}

/* The whole gradient block after one pass. */
static hone_status gradients_of(hone__lab *lab, subject *s, hone__lab_run *run, float **copy, int64_t *n, hone_error *err)
{
    hone__store_clear_gradients(s->net.store);
    HONE_TRY(hone__lab_forward(lab, &s->net, s->prepared, all, HONE__LAB_EXAMPLES, true, run, err));
    const float *block = hone__store_gradients(s->net.store, n);
    *copy = hone_alloc_array(lab->arena, (size_t)*n, sizeof **copy);
    if (!*copy)
        return hone_no_memory(err, "copying gradients");
    memcpy(*copy, block, (size_t)*n * sizeof **copy);
    return HONE_OK;
}

static hone_status gradient_flows(hone__lab *lab, hone_error *err)
{
    subject s;
    hone__lab_run run;
    float *g;
    int64_t n;
    HONE_TRY(open_model(lab, 1, &s, err));
    HONE_TRY(gradients_of(lab, &s, &run, &g, &n, err));
    double sum = 0.0;
    for (int64_t i = 0; i < n; i++) {
        HONE__EXPECT(isfinite((double)g[i]), "a gradient is not finite");
        sum += fabs((double)g[i]);
    }
    HONE__EXPECT(sum > 0.0, "every gradient is zero");
    return HONE_OK;
}

static hone_status bits_are_those_of_one_thread(hone__lab *lab, hone_error *err)
{
    subject one, two;
    hone__lab_run a, b;
    float *ga, *gb;
    int64_t na, nb;
    HONE_TRY(lab->table->kind == HONE_KIND_MODEL ? open_model(lab, 1, &one, err)
                                                 : open_network(lab, lab->facts.target, 1, &one, err));
    HONE_TRY(gradients_of(lab, &one, &a, &ga, &na, err));
    HONE_TRY(open_network(lab, lab->facts.target, 2, &two, err));
    HONE_TRY(gradients_of(lab, &two, &b, &gb, &nb, err));
    HONE__EXPECT(hone__lab_same(hone__node_tensor(a.pass->io.hidden), hone__node_tensor(b.pass->io.hidden)),
                 "the hidden states have other bits with 2 threads than with 1");
    for (uint32_t i = 0; i < a.pass->n_losses; i++)
        HONE__EXPECT(hone__lab_same(hone__node_tensor(a.pass->losses[i].node), hone__node_tensor(b.pass->losses[i].node)),
                     "losses have other bits with 2 threads than with 1");
    HONE__EXPECT(na == nb && memcmp(ga, gb, (size_t)na * sizeof *ga) == 0,
                 "gradients have other bits with 2 threads than with 1");
    return HONE_OK;
}

/* With the reference operators, a sequence's rows do not know its neighbours. */
static hone_status a_sequence_alone_has_the_bits_it_has_among_others(hone__lab *lab, hone_error *err)
{
    subject s;
    hone__lab_run together;
    HONE_TRY(open_model(lab, 1, &s, err));
    HONE_TRY(hone__lab_forward(lab, &s.net, s.prepared, all, HONE__LAB_EXAMPLES, false, &together, err));
    const hone_tensor *many = hone__node_tensor(together.pass->io.hidden);
    for (uint64_t e = 0; e < HONE__LAB_EXAMPLES; e++) {
        hone__lab_run alone;
        HONE_TRY(hone__lab_forward(lab, &s.net, s.prepared, &all[e], 1, false, &alone, err));
        const hone_tensor *one = hone__node_tensor(alone.pass->io.hidden);
        const int64_t h = one->shape.dim[1];
        const float *rows = (const float *)many->data + (int64_t)hone_batch_starts(together.batch)[e] * h;
        HONE__EXPECT(memcmp(rows, one->data, (size_t)(one->shape.dim[0] * h) * sizeof *rows) == 0,
                     "example %llu has other hidden states alone than in a batch", (unsigned long long)e);
    }
    return HONE_OK;
}

const hone__check hone__checks_of_model[] = {
    {"hidden states are [N, H] and finite", hidden_states_are_n_by_h_and_finite},
    {"its weights have its prefix, and layers that it has", weights_have_the_prefix_and_layers},
    {"the gradient flows", gradient_flows},
    {"bits do not depend on the number of threads", bits_are_those_of_one_thread},
    {"a sequence alone has the bits it has among others", a_sequence_alone_has_the_bits_it_has_among_others},
    {NULL, NULL},
};

/* ---- Heads ------------------------------------------------------------------------------------------------------- */

static const hone_head *head_of(const hone__lab *lab)
{
    return (const hone_head *)(const void *)lab->table;
}

/* Over data of the first target it takes. A head whose prepare() wants other fields is left out. */
static hone_status open_head(hone__lab *lab, subject *s, hone_error *err)
{
    const uint32_t takes = head_of(lab)->takes;
    uint32_t target = HONE_TARGET_NONE;
    HONE__EXPECT(takes, "it takes no target");
    while (!(takes >> target & 1))
        target++;
    const hone_status status = open_network(lab, target, 1, s, err);
    const bool wants_more = status == HONE_EINVAL || status == HONE_EFORMAT || status == HONE_ENOTFOUND;
    if (wants_more && (head_of(lab)->prepare || target == HONE_TARGET_OTHER)) {
        const hone_error why = *err;
        HONE__LEAVE_OUT("it does not take the examples of this check: %s", why.msg);
    }
    return status;
}

static hone_status it_says_what_it_predicts(hone__lab *lab, hone_error *err)
{
    const hone_head *head = head_of(lab);
    HONE__EXPECT(head->n_outputs > 0 && head->outputs, "it has no outputs");
    HONE__EXPECT(head->output_size >= offsetof(hone_output_of_head, labels),
                 "write .output_size = sizeof(hone_output_of_head)");
    for (uint32_t i = 0; i < head->n_outputs; i++) {
        const hone_output_of_head *o = (const void *)((const char *)head->outputs + i * head->output_size);
        HONE__EXPECT(o->name && o->target >= HONE_TARGET_CLASS && o->target <= HONE_TARGET_OTHER,
                     "output %u has no name or target", i);
        HONE__EXPECT(head->n_outputs == 1 || o->name[0], "output %u of several has no name", i);
    }
    return HONE_OK;
}

static hone_status there_is_a_finite_loss_per_item(hone__lab *lab, hone_error *err)
{
    subject s;
    hone__lab_run run;
    HONE_TRY(open_head(lab, &s, err));
    HONE_TRY(hone__lab_forward(lab, &s.net, s.prepared, all, HONE__LAB_EXAMPLES, true, &run, err));
    HONE__EXPECT(run.pass->n_losses > 0, "it gives no loss");
    for (uint32_t k = 0; k < run.pass->n_losses; k++) {
        hone_items items = {.size = sizeof items, .arena = lab->arena};
        const hone_tensor *loss = hone__node_tensor(run.pass->losses[k].node);
        HONE_TRY(hone__network_items(&s.net, k, run.batch, lab->arena, &items, err));
        HONE__EXPECT(loss->shape.rank == 1 && (uint64_t)loss->shape.dim[0] == items.n,
                     "loss %u has %lld numbers, and items() says %llu", k, (long long)hone_shape_count(&loss->shape),
                     (unsigned long long)items.n);
        HONE__EXPECT(hone__lab_finite(loss), "loss %u is not finite", k);
        for (uint64_t i = 0; i < items.n; i++) {
            HONE__EXPECT(items.weights[i] >= 0.0 && isfinite(items.weights[i]), "item %llu weighs %g", (unsigned long long)i,
                         items.weights[i]);
            HONE__EXPECT(items.example[i] < HONE__LAB_EXAMPLES, "item %llu belongs to example %u of %d", (unsigned long long)i,
                         items.example[i], HONE__LAB_EXAMPLES);
        }
    }
    return HONE_OK;
}

static hone_status decode_one(hone__lab *lab, subject *s, hone__lab_run *run, uint64_t e, hone_answer *answers, hone_error *err)
{
    const int32_t *starts = hone_batch_example_starts(run->batch);
    run->pass->example = e;
    const hone_decode in = {.size = sizeof in,
                            .example = hone_corpus_at(hone__prepared_corpus(s->prepared), hone__batch_example(run->batch, e)),
                            .n_sequences = (uint64_t)(starts[e + 1] - starts[e]),
                            .batch = run->batch,
                            .first_sequence = (uint64_t)starts[e],
                            .arena = lab->arena,
                            .host = run->pass};
    return head_of(lab)->decode(s->net.head_self, &in, answers, err);
}

static hone_status check_answer(const hone_output_of_head *o, const hone_answer *a, const hone_facts *facts, hone_error *err)
{
    HONE__EXPECT(a->target == o->target, "an answer of output \"%s\" is %s and not %s", o->name, hone_target_name(a->target),
                 hone_target_name(o->target));
    HONE__EXPECT(o->target != HONE_TARGET_CLASS || o->labels || (a->index >= 0 && (uint64_t)a->index < facts->n_labels),
                 "a class has the index %d of %llu", a->index, (unsigned long long)facts->n_labels);
    HONE__EXPECT(o->target != HONE_TARGET_SCORE || isfinite(a->score), "a score is not finite");
    HONE__EXPECT(!a->n_scores || a->scores, "an answer has %llu scores and no array", (unsigned long long)a->n_scores);
    for (uint64_t i = 0; i < a->n_scores; i++)
        HONE__EXPECT(isfinite((double)a->scores[i]), "score %llu of an answer is not finite", (unsigned long long)i);
    return HONE_OK;
}

static hone_status it_answers_with_what_it_declares(hone__lab *lab, hone_error *err)
{
    const hone_head *head = head_of(lab);
    subject s;
    hone__lab_run run;
    HONE_TRY(open_head(lab, &s, err));
    HONE_TRY(hone__lab_forward(lab, &s.net, s.prepared, all, HONE__LAB_EXAMPLES, false, &run, err));
    /* Scores per item are found through the items of the losses. */
    hone_items *items = hone_alloc_array(lab->arena, run.pass->n_losses, sizeof *items);
    hone_answer *answers = hone_alloc_array(lab->arena, head->n_outputs, sizeof *answers);
    if (!answers || !items)
        return hone_no_memory(err, "decoding");
    for (uint32_t k = 0; k < run.pass->n_losses; k++)
        HONE_TRY(hone__network_items(&s.net, k, run.batch, lab->arena, &items[k], err));
    run.pass->items = items;
    for (uint64_t e = 0; e < HONE__LAB_EXAMPLES; e++) {
        memset(answers, 0, head->n_outputs * sizeof *answers);
        HONE_TRY(decode_one(lab, &s, &run, e, answers, err));
        for (uint32_t i = 0; i < head->n_outputs; i++)
            HONE_TRY(check_answer((const void *)((const char *)head->outputs + i * head->output_size), &answers[i], &lab->facts,
                                  err));
    }
    return HONE_OK;
}

static hone_status the_same_calls_give_the_same_bits(hone__lab *lab, hone_error *err)
{
    subject s;
    HONE_TRY(open_head(lab, &s, err));
    return bits_are_those_of_one_thread(lab, err);
}

const hone__check hone__checks_of_head[] = {
    {"it says what it predicts", it_says_what_it_predicts},
    {"there is a finite loss per item", there_is_a_finite_loss_per_item},
    {"it answers with what it declares", it_answers_with_what_it_declares},
    {"bits do not depend on the number of threads, nor on what ran before", the_same_calls_give_the_same_bits},
    {NULL, NULL},
};

/* ---- Losses ------------------------------------------------------------------------------------------------------ */

enum { ITEMS = 4 };

static const hone_loss *loss_of(const hone__lab *lab)
{
    return (const hone_loss *)(const void *)lab->table;
}

/* Gold that fits: labels, sets or scores; and the shape of scores. */
static hone_node *gold_node(hone_graph *g, uint32_t target, hone_shape *scores)
{
    static const int32_t classes[ITEMS] = {0, 2, 1, 1};
    static const float sets[ITEMS * HONE__LAB_LABELS] = {1, 0, 0, 1, 1, 0, 0, 0, 0, 1, 1, 1};
    static const float reals[ITEMS] = {0.5f, -1.0f, 2.0f, 0.0f};
    const hone_shape list = hone_shape_1(ITEMS), table = hone_shape_2(ITEMS, HONE__LAB_LABELS);
    *scores = target == HONE_TARGET_SCORE ? list : table;
    if (target == HONE_TARGET_CLASS)
        return hone_constant(g, HONE_I32, &list, classes);
    return hone_constant(g, HONE_F32, target == HONE_TARGET_CLASSES ? &table : &list,
                         target == HONE_TARGET_CLASSES ? sets : reals);
}

typedef struct loss_run {
    const hone_self *self;
    uint32_t target;
} loss_run;

/* Plans and runs a graph in a block of its own, and copies the losses out of it. */
static hone_status run_graph(hone_graph *g, hone_node *loss, bool backward, double losses[ITEMS], hone_error *err)
{
    static const float ones[ITEMS] = {1, 1, 1, 1};
    hone__block block = {0};
    HONE_TRY(hone_graph_status(g, err));
    HONE__EXPECT(hone_shape_count(hone_node_shape(loss)) == ITEMS, "it gives %lld losses for %d items",
                 (long long)hone_shape_count(hone_node_shape(loss)), ITEMS);
    hone__graph_keep(g, loss, false);
    if (backward)
        hone__graph_seed(g, loss, ones);
    HONE_TRY(hone__graph_plan(g, backward, NULL, err));
    hone_status status = hone__graph_forward(g, &block, err);
    for (int i = 0; status == HONE_OK && i < ITEMS; i++) {
        const hone_tensor *t = hone__node_tensor(loss);
        losses[i] = t->dtype == HONE_F64 ? ((const double *)t->data)[i] : (double)((const float *)t->data)[i];
    }
    if (status == HONE_OK && backward)
        status = hone__graph_backward(g, err);
    hone__block_free(&block);
    return status;
}

/* Losses of the scores x, in double. */
static hone_status run_loss(hone__lab *lab, const loss_run *r, const float *x, double losses[ITEMS], hone_error *err)
{
    const hone__graph_setup setup = {.arena = lab->step, .seed = 7, .training = true, .real = HONE_F64};
    hone_graph *g = hone__graph_create(&setup);
    hone_shape shape;
    if (!g)
        return hone_no_memory(err, "running a loss");
    hone_node *gold = gold_node(g, r->target, &shape);
    hone_node *loss = loss_of(lab)->build(r->self, g, "loss", hone_constant(g, HONE_F32, &shape, x), gold);
    return run_graph(g, loss, false, losses, err);
}

static hone_status for_each_target(hone__lab *lab, hone_status (*check)(hone__lab *, const loss_run *, hone_error *),
                                   hone_error *err)
{
    static const uint32_t targets[] = {HONE_TARGET_CLASS, HONE_TARGET_CLASSES, HONE_TARGET_SCORE};
    size_t checked = 0;
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        hone_self *self;
        if (!(loss_of(lab)->targets & HONE_TAKES(targets[i])))
            continue;
        hone__lab_target(lab, targets[i]);
        HONE_TRY(hone__lab_self(lab, &self, err));
        const loss_run run = {self, targets[i]};
        HONE_TRY(check(lab, &run, err));
        checked++;
    }
    if (checked == 0)
        HONE__LEAVE_OUT("it takes no target that this check knows");
    return HONE_OK;
}

static hone_status check_finite(hone__lab *lab, const loss_run *r, hone_error *err)
{
    static const float kinds[][ITEMS * HONE__LAB_LABELS] = {
        {0}, {1, -1, 2, 0.5f, 3, -2, 0, 1, 1, -3, 2, 0}, {50, -50, 80, -80, 1, 1, 30, 30, 30, -60, 60, 0}};
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        double losses[ITEMS];
        HONE_TRY(run_loss(lab, r, kinds[k], losses, err));
        for (int i = 0; i < ITEMS; i++)
            HONE__EXPECT(isfinite(losses[i]), "the loss of item %d of scores %zu is not finite", i, k);
    }
    return HONE_OK;
}

static hone_status losses_are_finite(hone__lab *lab, hone_error *err)
{
    return for_each_target(lab, check_finite, err);
}

/* The gradient of the sum of all losses, through the graph, the scores being a weight. */
static hone_status run_gradient(hone__lab *lab, const loss_run *r, const float *x, float *dx, hone_error *err)
{
    hone_store *store = hone__store_create(7);
    if (!store || lab->n_stores == HONE__LAB_OWNED) {
        hone__store_destroy(store);
        return hone_no_memory(err, "running a loss");
    }
    lab->stores[lab->n_stores++] = store;
    const hone__graph_setup setup = {.arena = lab->step, .store = store, .seed = 7, .training = true};
    hone_graph *g = hone__graph_create(&setup);
    hone_shape shape;
    hone__weight *weight;
    double losses[ITEMS];
    if (!g)
        return hone_no_memory(err, "running a loss");
    hone_node *gold = gold_node(g, r->target, &shape);
    HONE_TRY(hone__store_get(store, "scores", &shape, (hone_init){0}, 0, &weight, err));
    HONE_TRY(hone__store_close(store, NULL, err));
    memcpy(weight->value.data, x, (size_t)weight->n * sizeof *x);
    hone_node *scores = hone_weight(g, "scores", &shape, (hone_init){0}, 0);
    HONE_TRY(run_graph(g, loss_of(lab)->build(r->self, g, "loss", scores, gold), true, losses, err));
    memcpy(dx, hone__store_gradient(store, weight), (size_t)weight->n * sizeof *dx);
    return HONE_OK;
}

static hone_status sum_with(hone__lab *lab, const loss_run *r, const float *x, int i, float value, double *sum, hone_error *err)
{
    float moved[ITEMS * HONE__LAB_LABELS];
    double losses[ITEMS];
    memcpy(moved, x, sizeof moved);
    moved[i] = value;
    HONE_TRY(run_loss(lab, r, moved, losses, err));
    *sum = losses[0] + losses[1] + losses[2] + losses[3];
    return HONE_OK;
}

static hone_status check_gradient(hone__lab *lab, const loss_run *r, hone_error *err)
{
    static const float x[ITEMS * HONE__LAB_LABELS] = {0.3f, -0.7f, 1.1f, 0.5f,  -1.3f, 0.2f,
                                                      0.9f, -0.4f, 0.6f, -0.8f, 1.2f,  0.1f};
    float dx[ITEMS * HONE__LAB_LABELS] = {0};
    const float h = 1.0f / 1024.0f;
    const int n = r->target == HONE_TARGET_SCORE ? ITEMS : ITEMS * HONE__LAB_LABELS;
    HONE_TRY(run_gradient(lab, r, x, dx, err));
    for (int i = 0; i < n; i++) {
        const float above = x[i] + h, below = x[i] - h;
        double up, down;
        HONE_TRY(sum_with(lab, r, x, i, above, &up, err));
        HONE_TRY(sum_with(lab, r, x, i, below, &down, err));
        const double slope = (up - down) / ((double)above - (double)below);
        /* 1e-4: the differences, in double, are exact to h^2 = 1e-6; a gradient in float to some 1e-6 of the scores. */
        HONE__EXPECT(fabs(slope - (double)dx[i]) <= 1e-4 * fmax(1.0, fabs(slope)),
                     "the gradient of score %d is %g, and finite differences give %g", i, (double)dx[i], slope);
    }
    return HONE_OK;
}

static hone_status its_gradient_is_right(hone__lab *lab, hone_error *err)
{
    return for_each_target(lab, check_gradient, err);
}

static hone_status weights_are_not_negative(hone__lab *lab, hone_error *err)
{
    hone_self *self;
    HONE_TRY(hone__lab_self(lab, &self, err));
    if (!loss_of(lab)->weight)
        HONE__LEAVE_OUT("every item weighs 1");
    for (int32_t c = 0; c < HONE__LAB_LABELS; c++) {
        const double w = loss_of(lab)->weight(self, c);
        HONE__EXPECT(w >= 0.0 && isfinite(w), "an item of label %d weighs %g", c, w);
    }
    return HONE_OK;
}

const hone__check hone__checks_of_loss[] = {
    {"losses are finite, also of large scores", losses_are_finite},
    {"its gradient is right", its_gradient_is_right},
    {"weights of items are not negative", weights_are_not_negative},
    {NULL, NULL},
};
