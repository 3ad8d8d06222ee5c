/* crf.c - labels of words by a linear-chain conditional random field over their scores.
 *
 * A sentence x with labels y has the score
 *     start[y_1] + sum over t of s[t, y_t] + sum over t of transitions[y_{t-1}, y_t] + end[y_n],
 * and its loss is the logarithm of the sum over all label sequences of exp(score), less the score of the gold one.
 * Sources: Lafferty et al. 2001; Lample et al. 2016, section 2.2. Weights and their names: the package pytorch-crf.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>

#include <math.h>
#include <string.h>

/* ---- The operator: crf.loss --------------------------------------------------------------------------------------- */

/* scores [I, C], transitions [C, C] from row to column, start [C], end [C], counts [B] of each sequence's items, labels [I] -> [B].
 * A sequence whose first label is negative, or without items, has loss 0. */
enum { SCORES, TRANSITIONS, START, END, COUNTS, LABELS, N_INPUTS };

static hone_status loss_shape(const hone_op_call *call, hone_error *err)
{
    const hone_shape *s = &call->x[SCORES]->shape, *t = &call->x[TRANSITIONS]->shape;
    if (call->n_x != N_INPUTS || s->rank != 2 || t->rank != 2)
        return hone_fail(err, HONE_ESHAPE, "crf.loss takes scores [I, C], transitions [C, C], start, end, counts and labels");
    const int64_t c = s->dim[1];
    if (t->dim[0] != c || t->dim[1] != c || hone_shape_count(&call->x[START]->shape) != c ||
        hone_shape_count(&call->x[END]->shape) != c || hone_shape_count(&call->x[LABELS]->shape) != s->dim[0])
        return hone_fail(err, HONE_ESHAPE, "crf.loss has scores of %lld labels, and transitions or gold that do not fit",
                         (long long)c);
    call->y[0]->shape = hone_shape_1(hone_shape_count(&call->x[COUNTS]->shape));
    call->y[0]->dtype = call->x[SCORES]->dtype;
    return HONE_OK;
}

/* The forward recursion's logarithms [I, C] and the log partition of each sequence [B]. */
static size_t loss_saved(const hone_op_call *call)
{
    return ((size_t)hone_shape_count(&call->x[SCORES]->shape) + (size_t)call->y[0]->shape.dim[0]) * sizeof(double);
}

static size_t loss_scratch(const hone_op_call *call)
{
    return 3 * (size_t)call->x[SCORES]->shape.dim[1] * sizeof(double);
}

/* One sequence. */
typedef struct chain {
    const hone_op_call *call;
    int64_t c, first, n; /* labels; its items */
    double *alpha;       /* [n, C] log of the sum over all ways to get to a label at an item */
    double *log_z;
    double *room; /* [3, C] */
} chain;

static double score(const chain *a, int64_t t, int64_t k)
{
    return hone_real_at(a->call->x[SCORES], (a->first + t) * a->c + k);
}

static double transition(const chain *a, int64_t j, int64_t k)
{
    return hone_real_at(a->call->x[TRANSITIONS], j * a->c + k);
}

static int32_t label(const chain *a, int64_t t)
{
    return ((const int32_t *)a->call->x[LABELS]->data)[a->first + t];
}

static double log_sum_exp(const double *x, int64_t n)
{
    double top = x[0], sum = 0;
    for (int64_t i = 1; i < n; i++)
        top = x[i] > top ? x[i] : top;
    for (int64_t i = 0; i < n; i++)
        sum += exp(x[i] - top);
    return top + log(sum);
}

static void run_forward(chain *a)
{
    for (int64_t k = 0; k < a->c; k++)
        a->alpha[k] = hone_real_at(a->call->x[START], k) + score(a, 0, k);
    for (int64_t t = 1; t < a->n; t++)
        for (int64_t k = 0; k < a->c; k++) {
            for (int64_t j = 0; j < a->c; j++)
                a->room[j] = a->alpha[(t - 1) * a->c + j] + transition(a, j, k);
            a->alpha[t * a->c + k] = score(a, t, k) + log_sum_exp(a->room, a->c);
        }
    for (int64_t k = 0; k < a->c; k++)
        a->room[k] = a->alpha[(a->n - 1) * a->c + k] + hone_real_at(a->call->x[END], k);
    *a->log_z = log_sum_exp(a->room, a->c);
}

static double score_of_gold(const chain *a)
{
    double sum = hone_real_at(a->call->x[START], label(a, 0)) + hone_real_at(a->call->x[END], label(a, a->n - 1));
    for (int64_t t = 0; t < a->n; t++)
        sum += score(a, t, label(a, t)) + (t ? transition(a, label(a, t - 1), label(a, t)) : 0.0);
    return sum;
}

static hone_status check_chain(const chain *a, hone_error *err)
{
    if (a->n < 0 || a->first + a->n > a->call->x[SCORES]->shape.dim[0])
        return hone_fail(err, HONE_EINVAL, "crf.loss has counts that do not add up to its items");
    for (int64_t t = 0; t < a->n; t++)
        if (label(a, t) >= a->c || (label(a, t) < 0 && label(a, 0) >= 0))
            return hone_fail(err, HONE_EINVAL, "crf.loss has the label %d of %lld", (int)label(a, t), (long long)a->c);
    return HONE_OK;
}

static chain chain_at(const hone_op_call *call, int64_t b, int64_t first)
{
    const int64_t c = call->x[SCORES]->shape.dim[1], items = call->x[SCORES]->shape.dim[0];
    double *saved = call->saved;
    return (chain){.call = call,
                   .c = c,
                   .first = first,
                   .n = ((const int32_t *)call->x[COUNTS]->data)[b],
                   .alpha = saved + first * c,
                   .log_z = saved + items * c + b,
                   .room = call->scratch};
}

static hone_status loss_forward(const hone_op_call *call, hone_error *err)
{
    int64_t first = 0;
    for (int64_t b = 0; b < call->y[0]->shape.dim[0]; b++) {
        chain a = chain_at(call, b, first);
        HONE_TRY(check_chain(&a, err));
        const bool counts = a.n > 0 && label(&a, 0) >= 0;
        if (counts)
            run_forward(&a);
        hone_real_set(call->y[0], b, counts ? *a.log_z - score_of_gold(&a) : 0.0);
        first += a.n;
    }
    return HONE_OK;
}

static void add(const hone_tensor *dx, int64_t i, double value)
{
    if (dx)
        hone_real_set(dx, i, hone_real_at(dx, i) + value);
}

/* Items from last to first: beta[k] is the log of the sum over all ways on from label k at item t. The gradient of log Z is the expected
 * count of each label and of each pair; of the gold's score, their count. */
static void run_backward(const chain *a, double dy)
{
    hone_tensor *const *dx = a->call->dx;
    const double log_z = *a->log_z;
    double *beta = a->room + a->c, *before = a->room + 2 * a->c;
    for (int64_t k = 0; k < a->c; k++) {
        beta[k] = hone_real_at(a->call->x[END], k);
        add(dx[END], k, dy * (exp(a->alpha[(a->n - 1) * a->c + k] + beta[k] - log_z) - (k == label(a, a->n - 1))));
    }
    for (int64_t t = a->n - 1; t >= 0; t--) {
        for (int64_t k = 0; k < a->c; k++) {
            const double p = exp(a->alpha[t * a->c + k] + beta[k] - log_z) - (k == label(a, t));
            add(dx[SCORES], (a->first + t) * a->c + k, dy * p);
            if (t == 0)
                add(dx[START], k, dy * p);
        }
        for (int64_t j = 0; t > 0 && j < a->c; j++) {
            for (int64_t k = 0; k < a->c; k++) {
                a->room[k] = transition(a, j, k) + score(a, t, k) + beta[k];
                const double p = exp(a->alpha[(t - 1) * a->c + j] + a->room[k] - log_z);
                add(dx[TRANSITIONS], j * a->c + k, dy * (p - (j == label(a, t - 1) && k == label(a, t))));
            }
            before[j] = log_sum_exp(a->room, a->c);
        }
        memcpy(beta, before, (size_t)a->c * sizeof *beta);
    }
}

static hone_status loss_backward(const hone_op_call *call, hone_error *err)
{
    int64_t first = 0;
    (void)err;
    for (int64_t b = 0; b < call->y[0]->shape.dim[0]; b++) {
        const chain a = chain_at(call, b, first);
        if (a.n > 0 && label(&a, 0) >= 0)
            run_backward(&a, hone_real_at(call->dy[0], b));
        first += a.n;
    }
    return HONE_OK;
}

static hone_status loss_example(hone_graph *g, uint32_t i, hone_node **y, hone_error *err);
static const hone_op crf_loss = {.size = sizeof(hone_op),
                                 .version = 1,
                                 .name = "crf.loss",
                                 .backward_needs = HONE_NEEDS_X(SCORES) | HONE_NEEDS_X(TRANSITIONS) | HONE_NEEDS_X(START) |
                                                   HONE_NEEDS_X(END) | HONE_NEEDS_X(COUNTS) | HONE_NEEDS_X(LABELS),
                                 .shape = loss_shape,
                                 .saved_size = loss_saved,
                                 .scratch_size = loss_scratch,
                                 .forward = loss_forward,
                                 .backward = loss_backward,
                                 .example = loss_example,
                                 .f64 = &crf_loss};

/* Sequences of 1, 3, 0 and 2 items; in the second example one is left out. */
static hone_status loss_example(hone_graph *g, uint32_t i, hone_node **y, hone_error *err)
{
    static const int32_t counts[] = {1, 3, 0, 2}, gold[][6] = {{2, 0, 1, 1, 2, 0}, {-1, 1, 1, 0, 2, 2}};
    const hone_shape scores = hone_shape_2(6, 3), square = hone_shape_2(3, 3), row = hone_shape_1(3), items = hone_shape_1(6),
                     sequences = hone_shape_1(4);
    (void)err;
    if (i > 1)
        return HONE_END;
    hone_node *x[] = {hone_example_input(g, HONE_F32, &scores, -2.0, 2.0), hone_example_input(g, HONE_F32, &square, -1.0, 1.0),
                      hone_example_input(g, HONE_F32, &row, -1.0, 1.0),    hone_example_input(g, HONE_F32, &row, -1.0, 1.0),
                      hone_constant(g, HONE_I32, &sequences, counts),      hone_constant(g, HONE_I32, &items, gold[i])};
    *y = hone_apply(g, NULL, &crf_loss, NULL, N_INPUTS, x);
    return HONE_OK;
}

/* ---- The head ---------------------------------------------------------------------------------------------------- */

typedef struct params {
    double dropout, initializer_range;
    int64_t window_stride;
    int32_t constraints; /* hone_tag_scheme */
} params;

static const hone_param rows[] = {
    HONE_TAG_HEAD_ROWS(params),
    HONE_PARAM_CHOICE(params, constraints, hone_tag_schemes, .def_text = "none", .flags = HONE_NO_PREPARE,
                      .help = "the scheme of tags whose rules predictions keep: of all paths, only those that it allows",
                      .source = "AllenNLP, allowed_transitions"),
};

typedef struct state {
    hone_head_setup setup;
    int64_t n_labels;
    bool *follows; /* [C + 1, C + 1] may the column's label stand behind the row's? The last ones are the ends; NULL: always */
} state;

static hone_status note_constraints(const hone_self *self, const hone_facts *facts, hone_tag_scheme scheme, hone_error *err)
{
    state *s = self->state;
    const int64_t c = s->n_labels;
    s->follows = hone_alloc_array(self->trial, (size_t)((c + 1) * (c + 1)), sizeof *s->follows);
    if (!s->follows)
        return hone_no_memory(err, "making a head");
    for (int64_t j = 0; j <= c; j++) {
        const hone_tag before = hone_tag_of(j < c ? facts->labels[j] : NULL);
        if (j < c && !hone_tag_fits(scheme, &before))
            return hone_fail(err, HONE_EINVAL, "head crf: constraints is %s, whose tags look like B-PER; the data has %.60s",
                             hone_tag_schemes[scheme], facts->labels[j]);
        for (int64_t k = 0; k <= c; k++) {
            const hone_tag tag = hone_tag_of(k < c ? facts->labels[k] : NULL);
            s->follows[j * (c + 1) + k] = hone_tag_follows(scheme, j < c ? &before : NULL, k < c ? &tag : NULL);
        }
    }
    return HONE_OK;
}

static hone_status create(const hone_self *self, const hone_head_setup *setup, hone_error *err)
{
    const params *p = self->params;
    state *s = self->state;
    s->setup = *setup;
    s->n_labels = (int64_t)setup->facts->n_labels;
    if (s->n_labels < 2)
        return hone_fail(err, HONE_EINVAL, "head crf needs at least 2 tags; the training data has %lld",
                         (long long)s->n_labels);
    return p->constraints ? note_constraints(self, setup->facts, (hone_tag_scheme)p->constraints, err) : HONE_OK;
}

static hone_status prepare(const hone_self *self, const hone_prepare *in, hone_sequences *out, hone_error *err)
{
    return hone_tag_prepare(in, ((const params *)self->params)->window_stride, NULL, out, err);
}

static hone_status build(const hone_self *self, hone_graph *g, const hone_head_io *io, hone_error *err)
{
    const params *p = self->params;
    const int64_t c = ((const state *)self->state)->n_labels;
    const hone_init init = {.kind = HONE_INIT_UNIFORM, .scale = 0.1}; /* as in pytorch-crf */
    const hone_shape square = hone_shape_2(c, c), row = hone_shape_1(c);
    hone_node *scores = hone_tag_scores(g, io, c, p->dropout, p->initializer_range);
    hone_node *x[N_INPUTS] = {
        [SCORES] = scores,
        [TRANSITIONS] = hone_weight(g, "crf.transitions", &square, init, HONE_WEIGHT_NO_DECAY),
        [START] = hone_weight(g, "crf.start_transitions", &row, init, HONE_WEIGHT_NO_DECAY),
        [END] = hone_weight(g, "crf.end_transitions", &row, init, HONE_WEIGHT_NO_DECAY),
    };
    if (io->with_loss) {
        x[COUNTS] = hone_input(g, io->in, "word_counts");
        x[LABELS] = hone_input(g, io->in, "word_labels");
        hone_head_loss(g, io, 1.0, hone_apply(g, "crf.loss", &crf_loss, NULL, N_INPUTS, x));
    }
    return hone_graph_status(g, err);
}

/* An item is a sequence and weighs as many as it has words, so that a step's loss is the mean over words, as that of a linear layer. */
static hone_status items(const hone_self *self, uint32_t k, const hone_batch *batch, hone_items *out, hone_error *err)
{
    const int32_t *starts, *labels = hone_batch_field(batch, "word_labels", &starts)->data;
    const int32_t *sequences = hone_batch_example_starts(batch);
    (void)self;
    (void)k;
    out->n = hone_batch_sequences(batch);
    out->weights = hone_alloc_array(out->arena, out->n, sizeof *out->weights);
    out->example = hone_alloc_array(out->arena, out->n, sizeof *out->example);
    if (!out->weights || !out->example)
        return hone_no_memory(err, "weighing the sentences of a batch");
    for (uint64_t e = 0; e < hone_batch_examples(batch); e++)
        for (int32_t b = sequences[e]; b < sequences[e + 1]; b++) {
            out->example[b] = (uint32_t)e;
            out->weights[b] = starts[b + 1] > starts[b] && labels[starts[b]] >= 0 ? starts[b + 1] - starts[b] : 0;
        }
    return HONE_OK;
}

/* ---- Viterbi ----------------------------------------------------------------------------------------------------- */

typedef struct search {
    const state *s;
    int64_t c;
    const float *transitions, *start, *end, *scores; /* scores [n, C] */
    uint64_t n;
    double *best;    /* [C] of the last item looked at, and then the next */
    int32_t *back;   /* [n, C] the label before */
    int32_t *labels; /* [n] */
} search;

/* So much that no path of allowed steps alone is ever worse than one with a step that is not allowed. */
static double penalty(const search *v, int64_t j, int64_t k)
{
    return v->s->follows && !v->s->follows[j * (v->c + 1) + k] ? -1e30 : 0.0;
}

static void step(search *v, uint64_t t)
{
    double *next = v->best + v->c;
    for (int64_t k = 0; k < v->c; k++) {
        int32_t from = 0;
        double most = -INFINITY;
        for (int32_t j = 0; j < v->c; j++) {
            const double x = v->best[j] + (double)v->transitions[j * v->c + k] + penalty(v, j, k);
            if (x > most) {
                most = x;
                from = j;
            }
        }
        next[k] = most + (double)v->scores[(int64_t)t * v->c + k];
        v->back[(int64_t)t * v->c + k] = from;
    }
    memcpy(v->best, next, (size_t)v->c * sizeof *next);
}

/* The path of the highest score; of equal ones that of lower labels, from the end on. */
static void viterbi(search *v)
{
    int32_t last = 0;
    for (int64_t k = 0; k < v->c; k++)
        v->best[k] = (double)v->start[k] + (double)v->scores[k] + penalty(v, v->c, k);
    for (uint64_t t = 1; t < v->n; t++)
        step(v, t);
    for (int64_t k = 0; k < v->c; k++)
        v->best[k] += (double)v->end[k] + penalty(v, k, v->c);
    for (int32_t k = 1; k < v->c; k++)
        last = v->best[k] > v->best[last] ? k : last;
    for (uint64_t t = v->n; t-- > 0;) {
        v->labels[t] = last;
        last = t ? v->back[(int64_t)t * v->c + last] : last;
    }
}

static hone_status find_weights(search *v, hone_error *err)
{
    const hone_store *store = v->s->setup.store;
    const hone_tensor *t = hone_store_find(store, "crf.transitions"), *start = hone_store_find(store, "crf.start_transitions"),
                      *end = hone_store_find(store, "crf.end_transitions");
    if (!t || !start || !end)
        return hone_fail(err, HONE_ENOTFOUND,
                         "the model has no weights crf.transitions, crf.start_transitions and crf.end_transitions");
    v->transitions = t->data;
    v->start = start->data;
    v->end = end->data;
    return HONE_OK;
}

static hone_status make_room(search *v, uint64_t n, hone_arena *arena, hone_error *err)
{
    v->best = hone_alloc_array(arena, (size_t)(2 * v->c), sizeof *v->best);
    v->back = hone_alloc_array(arena, n * (uint64_t)v->c, sizeof *v->back);
    v->labels = hone_alloc_array(arena, n, sizeof *v->labels);
    return v->best && v->back && v->labels ? HONE_OK : hone_no_memory(err, "decoding tags");
}

/* Each sequence is a chain of its own. */
static hone_status decode(const hone_self *self, const hone_decode *in, hone_answer *answers, hone_error *err)
{
    search v = {.s = self->state, .c = ((const state *)self->state)->n_labels};
    const int64_t *numbers;
    const int32_t *starts;
    int32_t *labels;
    uint64_t n;
    hone_tensor scores;
    HONE_TRY(hone_decode_scores(in, "scores", &scores, err));
    HONE_TRY(hone_tag_answer(in, &answers[0], &labels, &numbers, &n, err));
    HONE_TRY(find_weights(&v, err));
    HONE_TRY(make_room(&v, n, self->step, err));
    (void)hone_batch_field(in->batch, "word_numbers", &starts);
    const int32_t first = starts[in->first_sequence];
    for (uint64_t b = in->first_sequence; b < in->first_sequence + in->n_sequences; b++) {
        const int32_t at = starts[b] - first;
        v.scores = (const float *)scores.data + at * v.c;
        v.n = (uint64_t)(starts[b + 1] - starts[b]);
        viterbi(&v);
        for (uint64_t i = 0; i < v.n; i++)
            if (numbers[(uint64_t)at + i] >= 0)
                labels[numbers[(uint64_t)at + i]] = v.labels[i];
    }
    return HONE_OK;
}

static const hone_op *const ops[] = {&crf_loss, NULL};
static const hone_output_of_head outputs[] = {{.name = "", .target = HONE_TARGET_TAGS}};

static const hone_head crf = {
    .plugin = {HONE_PLUGIN(hone_head, HONE_KIND_HEAD), .name = "crf",
               .summary = "labels of words by a conditional random field", .source = "Lafferty et al. 2001; Lample et al. 2016",
               .help = "    head: {type: crf, constraints: bio}\n"
                       "    optimizer: {groups: [{pattern: \"crf.*\", learning_rate: 1.0e-2}]}",
               .state_size = sizeof(state), .ops = ops, HONE_PARAMS(params, rows)},
    .takes = HONE_TAKES(HONE_TARGET_TAGS),
    .n_outputs = 1,
    .outputs = outputs,
    .output_size = sizeof(hone_output_of_head),
    .create = create,
    .prepare = prepare,
    .prepare_draws_nothing = 1,
    .build = build,
    .items = items,
    .decode = decode,
};

HONE_MODULE(&crf.plugin);
