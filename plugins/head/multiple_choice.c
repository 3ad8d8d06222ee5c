/* multiple_choice.c - one of an example's own choices: each is paired with its question and gets one score, as in Transformers'
 * BertForMultipleChoice.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>

#include <math.h>
#include <string.h>

typedef struct params {
    int32_t pooling;
    double dropout, initializer_range;
} params;

enum { POOLER, MEAN, FIRST };

static const hone_param rows[] = {
    HONE_PARAM_CHOICE(params, pooling, hone_poolings, .def_text = "pooler", .flags = HONE_NO_PREPARE,
                      .help = "one row a choice: by the model's own pooler, the mean of its tokens, or its first token",
                      .source = "Transformers, BertForMultipleChoice"),
    HONE_PARAM_REAL(params, dropout, .def_real = 0.1, .min_real = 0, .max_real = 1, .flags = HONE_OPEN_MAX | HONE_NO_PREPARE,
                    .unit = "1", .help = "dropout before the classifier", .source = "Transformers, BertConfig"),
    HONE_PARAM_REAL(params, initializer_range, .def_real = 0.02, .min_real = 0, .max_real = 10, .flags = HONE_NO_PREPARE,
                    .unit = "1", .help = "standard deviation of the classifier's new weights",
                    .source = "Transformers, BertConfig"),
};

static hone_status create(const hone_self *self, const hone_head_setup *setup, hone_error *err)
{
    const params *p = self->params;
    if (p->pooling == POOLER && !setup->model->pool)
        return hone_fail(err, HONE_EINVAL, "model %s has no pooler of its own; set head.pooling to mean or first",
                         setup->model->plugin.name);
    return HONE_OK;
}

/* ---- Sequences: a choice each ------------------------------------------------------------------------------------ */

/* Context and question, one behind the other. */
static hone_status first_piece(const hone_prepare *in, hone_sequences *out, hone_tokens *tokens, hone_error *err)
{
    size_t n_context = 0, n_question = 0;
    const char *context = hone_example_text(in->example, "context", &n_context);
    const char *question = hone_example_text(in->example, "question", &n_question);
    char *both = context ? hone_sprintf(in->arena, "%s %s", context, question ? question : "") : NULL;
    if (!question)
        return hone_fail(err, HONE_EINVAL, "the example has no field question, which head multiple_choice reads");
    if (context && !both)
        return hone_no_memory(err, "preparing choices");
    return context ? hone_encode(out, both, strlen(both), tokens, err) : hone_encode(out, question, n_question, tokens, err);
}

static hone_status prepare(const hone_self *self, const hone_prepare *in, hone_sequences *out, hone_error *err)
{
    uint64_t n = 0;
    const char *const *choices = hone_example_texts(in->example, "choices", &n);
    hone_tokens first = {.size = sizeof first};
    (void)self;
    if (n < 2)
        return hone_fail(err, HONE_EINVAL, "the example has %llu choices; head multiple_choice needs two or more",
                         (unsigned long long)n);
    HONE_TRY(first_piece(in, out, &first, err));
    for (uint64_t i = 0; i < n; i++) {
        hone_tokens choice = {.size = sizeof choice};
        HONE_TRY(hone_encode(out, choices[i], strlen(choices[i]), &choice, err));
        HONE_TRY(hone_sequence_add(out, &first, &choice, -1, NULL, err));
    }
    return HONE_OK;
}

/* ---- The operator: multiple_choice.loss ---------------------------------------------------------------------------- */

/* scores [B, 1], example_starts [E+1], gold [E] within each example, negative: none -> [E]: the negative log probability of the right
 * choice, a softmax over the sequences of the example. Saved [E]: log sum exp. */
static hone_status loss_shape(const hone_op_call *call, hone_error *err)
{
    const hone_shape *gold = &call->x[2]->shape;
    if (call->n_x != 3 || call->x[0]->shape.rank != 2 || call->x[0]->shape.dim[1] != 1 || gold->rank != 1 ||
        call->x[1]->shape.dim[0] != gold->dim[0] + 1)
        return hone_fail(err, HONE_ESHAPE, "multiple_choice.loss takes scores [B, 1], example_starts [E+1] and gold [E]");
    call->y[0]->dtype = call->x[0]->dtype;
    call->y[0]->shape = hone_shape_1(gold->dim[0]);
    return HONE_OK;
}

static size_t loss_saved(const hone_op_call *call)
{
    return (size_t)call->y[0]->shape.dim[0] * sizeof(double);
}

static double log_sum_exp(const hone_tensor *x, int32_t begin, int32_t end)
{
    double top = -INFINITY, sum = 0;
    for (int32_t i = begin; i < end; i++)
        top = fmax(top, hone_real_at(x, i));
    for (int32_t i = begin; i < end; i++)
        sum += exp(hone_real_at(x, i) - top);
    return top + log(sum);
}

static hone_status loss_forward(const hone_op_call *call, hone_error *err)
{
    const int32_t *starts = call->x[1]->data, *gold = call->x[2]->data;
    double *saved = call->saved;
    HONE_TRY(hone_starts_check(call->x[1], call->x[0]->shape.dim[0], err));
    for (int64_t e = 0; e < call->y[0]->shape.dim[0]; e++) {
        if (gold[e] >= starts[e + 1] - starts[e])
            return hone_fail(err, HONE_EINVAL, "multiple_choice.loss has choice %d of %d", (int)gold[e],
                             (int)(starts[e + 1] - starts[e]));
        saved[e] = log_sum_exp(call->x[0], starts[e], starts[e + 1]);
        hone_real_set(call->y[0], e, gold[e] < 0 ? 0 : saved[e] - hone_real_at(call->x[0], starts[e] + gold[e]));
    }
    return HONE_OK;
}

static hone_status loss_backward(const hone_op_call *call, hone_error *err)
{
    const int32_t *starts = call->x[1]->data, *gold = call->x[2]->data;
    const double *saved = call->saved;
    (void)err;
    for (int64_t e = 0; call->dx[0] && e < call->y[0]->shape.dim[0]; e++)
        for (int32_t i = starts[e]; gold[e] >= 0 && i < starts[e + 1]; i++) {
            const double slope = exp(hone_real_at(call->x[0], i) - saved[e]) - (i - starts[e] == gold[e]);
            hone_real_set(call->dx[0], i, hone_real_at(call->dx[0], i) + hone_real_at(call->dy[0], e) * slope);
        }
    return HONE_OK;
}

static hone_status loss_example(hone_graph *g, uint32_t i, hone_node **y, hone_error *err);
static const hone_op choice_loss = {.size = sizeof(hone_op),
                                    .version = 1,
                                    .name = "multiple_choice.loss",
                                    .backward_needs = HONE_NEEDS_X(0) | HONE_NEEDS_X(1) | HONE_NEEDS_X(2),
                                    .shape = loss_shape,
                                    .saved_size = loss_saved,
                                    .forward = loss_forward,
                                    .backward = loss_backward,
                                    .example = loss_example,
                                    .f64 = &choice_loss};

static hone_status loss_example(hone_graph *g, uint32_t i, hone_node **y, hone_error *err)
{
    static const int32_t starts[] = {0, 2, 5, 7}, gold[][3] = {{1, 0, 1}, {0, -1, 1}};
    const hone_shape scores = hone_shape_2(7, 1), borders = hone_shape_1(4), golds = hone_shape_1(3);
    (void)err;
    if (i > 1)
        return HONE_END;
    hone_node *x[] = {hone_example_input(g, HONE_F32, &scores, -2.0, 2.0), hone_constant(g, HONE_I32, &borders, starts),
                      hone_constant(g, HONE_I32, &golds, gold[i])};
    *y = hone_apply(g, NULL, &choice_loss, NULL, 3, x);
    return HONE_OK;
}

/* ---- The head ---------------------------------------------------------------------------------------------------- */

static hone_node *pooled_rows(const params *p, hone_graph *g, const hone_head_io *io)
{
    if (p->pooling == POOLER)
        return hone_head_pool(g, io);
    return p->pooling == MEAN ? hone_mean_rows(g, io->hidden, io->in->starts) : hone_first_rows(g, io->hidden, io->in->starts);
}

static hone_status build(const hone_self *self, hone_graph *g, const hone_head_io *io, hone_error *err)
{
    const params *p = self->params;
    const hone_init init = {.kind = HONE_INIT_NORMAL, .scale = p->initializer_range};
    hone_node *x = hone_dropout(g, "classifier.dropout", pooled_rows(p, g, io), NULL, p->dropout);
    hone_node *scores = hone_linear(g, "classifier", x, 1, init), *gold = hone_input(g, io->in, "gold");
    hone_head_scores(g, io, "scores", HONE_PER_SEQUENCE, scores);
    if (io->with_loss && !gold)
        return hone_fail(err, HONE_EINVAL, "head multiple_choice: the examples have no answer");
    if (io->with_loss) {
        hone_node *in[] = {scores, io->in->example_starts, gold};
        hone_head_loss(g, io, 1.0, hone_apply(g, "multiple_choice.loss", &choice_loss, NULL, 3, in));
    }
    return hone_graph_status(g, err);
}

/* One item an example. */
static hone_status items(const hone_self *self, uint32_t k, const hone_batch *batch, hone_items *out, hone_error *err)
{
    const hone_tensor *gold = hone_batch_field(batch, "gold", NULL);
    (void)self;
    (void)k;
    out->n = hone_batch_examples(batch);
    out->weights = hone_alloc_array(out->arena, out->n, sizeof *out->weights);
    out->example = hone_alloc_array(out->arena, out->n, sizeof *out->example);
    if (!out->weights || !out->example)
        return hone_no_memory(err, "weighing the examples of a batch");
    for (uint64_t e = 0; e < out->n; e++) {
        out->example[e] = (uint32_t)e;
        out->weights[e] = gold && ((const int32_t *)gold->data)[e] >= 0;
    }
    return HONE_OK;
}

/* The choice of the largest score; of equal ones the first. */
static hone_status decode(const hone_self *self, const hone_decode *in, hone_answer *answers, hone_error *err)
{
    hone_tensor scores;
    (void)self;
    HONE_TRY(hone_decode_scores(in, "scores", &scores, err));
    const int64_t n = scores.shape.dim[0];
    float *p = hone_alloc_array(in->arena, (size_t)n, sizeof *p);
    if (!p)
        return hone_no_memory(err, "decoding a prediction");
    const double whole = log_sum_exp(&scores, 0, (int32_t)n);
    answers[0] = hone_answer_of(HONE_TARGET_CHOICE);
    answers[0].index = 0;
    for (int32_t i = 0; i < n; i++) {
        p[i] = (float)exp(hone_real_at(&scores, i) - whole);
        if (hone_real_at(&scores, i) > hone_real_at(&scores, answers[0].index))
            answers[0].index = i;
    }
    answers[0].scores = p;
    answers[0].n_scores = (uint64_t)n;
    return HONE_OK;
}

static bool is_architecture(const hone_self *self)
{
    return ((const params *)self->params)->pooling == POOLER;
}

static const hone_op *const ops[] = {&choice_loss, NULL};
static const hone_output_of_head outputs[] = {{.name = "", .target = HONE_TARGET_CHOICE}};

static const hone_head multiple_choice = {
    .plugin = {HONE_PLUGIN(hone_head, HONE_KIND_HEAD), .name = "multiple_choice", .summary = "one of an example's own choices",
               .source = "Transformers, BertForMultipleChoice", .help = "    head: {type: multiple_choice, dropout: 0.1}",
               .ops = ops, HONE_PARAMS(params, rows)},
    .takes = HONE_TAKES(HONE_TARGET_CHOICE),
    .n_outputs = 1,
    .outputs = outputs,
    .output_size = sizeof(hone_output_of_head),
    .architecture = "ForMultipleChoice",
    .create = create,
    .prepare = prepare,
    .prepare_draws_nothing = 1,
    .build = build,
    .items = items,
    .decode = decode,
    .is_architecture = is_architecture,
};

HONE_MODULE(&multiple_choice.plugin);
