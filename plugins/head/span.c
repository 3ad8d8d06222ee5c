/* span.c - answers as bytes of a text: where in the second text (a paragraph) the answer to the first (a question) begins and ends.
 *
 * A long paragraph becomes windows, each beside the question. `end: independent` scores first and last tokens by a linear layer, as BERT
 * does; `end: conditional` is a pointer network, whose last token attends to the first: v . tanh(A token + B first).
 * Sources: Devlin et al. 2019, section 4.2, and BERT's run_squad.py; Vinyals et al. 2015, equation 3.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { INDEPENDENT, CONDITIONAL };
static const char *const ends[] = {"independent", "conditional", NULL};

typedef struct params {
    int32_t end;
    int64_t doc_stride, max_query_length, n_best_size, max_answer_length;
    bool version_2_with_negative;
    double null_score_diff_threshold, initializer_range;
} params;

static const hone_param rows[] = {
    HONE_PARAM_CHOICE(
        params, end, ends, .def_text = "independent",
        .help = "independent: first and last token are scored each by itself, as in BERT; conditional: the last one is "
                "scored given the first",
        .source = "Devlin et al. 2019; Vinyals et al. 2015"),
    HONE_PARAM_INT(params, doc_stride, .def_int = 128, .min_int = 1, .max_int = 1000000, .unit = "tokens",
                   .help = "tokens between the beginnings of two windows of a long paragraph", .source = "BERT, run_squad.py"),
    HONE_PARAM_INT(params, max_query_length, .def_int = 64, .min_int = 1, .max_int = 1000000, .unit = "tokens",
                   .help = "longer questions are cut", .source = "BERT, run_squad.py"),
    HONE_PARAM_INT(params, n_best_size, .def_int = 20, .min_int = 1, .max_int = 1000, .unit = "answers",
                   .help = "first and last tokens that are tried in each window, and answers that are kept",
                   .source = "BERT, run_squad.py"),
    HONE_PARAM_INT(params, max_answer_length, .def_int = 30, .min_int = 1, .max_int = 1000000, .unit = "tokens",
                   .help = "tokens that an answer may have", .source = "BERT, run_squad.py"),
    HONE_PARAM_BOOL(params, version_2_with_negative, .help = "there are questions without an answer, as in SQuAD 2.0"),
    HONE_PARAM_REAL(params, null_score_diff_threshold, .def_real = 0, .min_real = -INFINITY, .max_real = INFINITY,
                    .flags = HONE_OPEN_MIN | HONE_OPEN_MAX, .unit = "1",
                    .help = "there is no answer where its score exceeds that of the best answer by more than this",
                    .source = "BERT, run_squad.py"),
    HONE_PARAM_REAL(params, initializer_range, .def_real = 0.02, .min_real = 0, .max_real = 10, .flags = HONE_NO_PREPARE,
                    .unit = "1", .help = "standard deviation of the head's new weights", .source = "Transformers, BertConfig"),
};

/* ---- Windows ----------------------------------------------------------------------------------------------------- */

typedef struct preparing {
    const hone_prepare *in;
    const params *p;
    hone_sequences *out;
    hone_tokens question, text;
    const hone_answer *gold;
    uint64_t room; /* tokens of the paragraph that a window has */
} preparing;

static uint64_t window_size(const preparing *p, uint64_t begin)
{
    const uint64_t left = p->text.n - begin;
    return left < p->room ? left : p->room;
}

/* Where the window behind the one at `begin` begins; the number of tokens behind the last. */
static uint64_t next_window(const preparing *p, uint64_t begin)
{
    const uint64_t n = window_size(p, begin), stride = (uint64_t)p->p->doc_stride;
    return begin + n == p->text.n ? p->text.n : begin + (n < stride ? n : stride);
}

/* Does the window at `begin` see most on both sides of that token? Of equal ones, the first does. */
static bool sees_most(const preparing *p, uint64_t begin, uint64_t token)
{
    double most = -1;
    uint64_t best = 0;
    for (uint64_t w = 0; w < p->text.n; w = next_window(p, w)) {
        const uint64_t n = window_size(p, w);
        if (token < w || token >= w + n)
            continue;
        const uint64_t left = token - w, right = w + n - 1 - token;
        const double seen = (double)(left < right ? left : right) + 0.01 * (double)n;
        if (seen > most) {
            most = seen;
            best = w;
        }
    }
    return best == begin;
}

typedef struct window_fields {
    int64_t *bytes,
        *start_rows;      /* [n, 2] bytes of the paragraph, -1: a token of another kind; [n] the gold answer's first token */
    int32_t *starts_here; /* [n] may an answer begin at this token in this window? */
    int32_t answer[2];    /* rows of its first and last token; 0: it is not (wholly) in this window */
} window_fields;

static hone_status make_room(const preparing *p, uint64_t n, window_fields *f, hone_error *err)
{
    f->bytes = hone_alloc_array(p->in->arena, 2 * n, sizeof *f->bytes);
    f->start_rows = hone_alloc_array(p->in->arena, n, sizeof *f->start_rows);
    f->starts_here = hone_alloc_array(p->in->arena, n, sizeof *f->starts_here);
    return f->bytes && f->start_rows && f->starts_here ? HONE_OK : hone_no_memory(err, "preparing windows");
}

/* The last token that begins at or before the answer, and the first that ends at or behind it. */
static void find_answer(const hone_span *gold, const hone_sequence *s, window_fields *f)
{
    int32_t first = 0, last = 0;
    bool before = false;
    for (uint64_t i = 0; i < s->n; i++) {
        const int64_t begin = f->bytes[2 * i], end = f->bytes[2 * i + 1];
        if (begin < 0)
            continue;
        if ((uint64_t)begin <= gold->begin) {
            first = (int32_t)i;
            before = true;
        }
        if (last == 0 && (uint64_t)end >= gold->end)
            last = (int32_t)i;
    }
    if (before && last >= first && first > 0 && (uint64_t)f->bytes[2 * first + 1] > gold->begin) {
        f->answer[0] = first;
        f->answer[1] = last;
    }
}

static void fill(const preparing *p, uint64_t begin, const hone_sequence *s, window_fields *f)
{
    f->answer[0] = f->answer[1] = 0;
    for (uint64_t i = 0; i < s->n; i++) {
        const uint64_t token = begin + (uint64_t)s->token[i];
        f->bytes[2 * i] = s->piece[i] == 1 ? (int64_t)p->text.begin[token] : -1;
        f->bytes[2 * i + 1] = s->piece[i] == 1 ? (int64_t)p->text.end[token] : -1;
        f->starts_here[i] = s->piece[i] == 1 && sees_most(p, begin, token);
    }
    if (p->gold && p->gold->n > 0)
        find_answer(p->gold->spans, s, f);
    for (uint64_t i = 0; i < s->n; i++)
        f->start_rows[i] = f->answer[0];
}

static hone_status add_window(const preparing *p, uint64_t begin, hone_error *err)
{
    hone_tokens window = p->text;
    hone_sequence s = {.size = sizeof s};
    window_fields f;
    window.ids += begin;
    window.begin += begin;
    window.end += begin;
    window.word += begin;
    window.n = window_size(p, begin);
    HONE_TRY(hone_sequence_add(p->out, &p->question, &window, 1, &s, err));
    HONE_TRY(make_room(p, s.n, &f, err));
    fill(p, begin, &s, &f);
    const int64_t n = (int64_t)s.n;
    const hone_tensor bytes = {.data = f.bytes, .dtype = HONE_I64, .shape = hone_shape_2(n, 2)};
    const hone_tensor here = {.data = f.starts_here, .dtype = HONE_I32, .shape = hone_shape_1(n)};
    const hone_tensor answer = {.data = f.answer, .dtype = HONE_I32, .shape = hone_shape_2(1, 2)};
    const hone_tensor start_rows = {.data = f.start_rows, .dtype = HONE_I64, .shape = hone_shape_1(n)};
    HONE_TRY(hone_sequence_field(p->out, "bytes", HONE_PER_TOKEN, &bytes, err));
    HONE_TRY(hone_sequence_field(p->out, "starts_here", HONE_PER_TOKEN, &here, err));
    HONE_TRY(hone_sequence_field(p->out, "answer", HONE_PER_SEQUENCE, &answer, err));
    return p->p->end == CONDITIONAL ? hone_sequence_field(p->out, "start_rows", HONE_PER_ITEM, &start_rows, err) : HONE_OK;
}

static hone_status prepare(const hone_self *self, const hone_prepare *in, hone_sequences *out, hone_error *err)
{
    preparing p = {.in = in, .p = self->params, .out = out, .gold = hone_example_gold(in->example)};
    size_t n_question, n_text;
    const char *question = hone_example_text(in->example, "text", &n_question);
    const char *text = hone_example_text(in->example, "text_pair", &n_text);
    if (!question || !text)
        return hone_fail(err, HONE_EINVAL,
                         "the example has no fields text and text_pair, a question and a paragraph, which head span reads");
    HONE_TRY(hone_encode(out, question, n_question, &p.question, err));
    HONE_TRY(hone_encode(out, text, n_text, &p.text, err));
    if (p.question.n > (uint64_t)p.p->max_query_length)
        p.question.n = (uint64_t)p.p->max_query_length;
    const uint64_t taken = p.question.n + (in->tokenizer->n_pair > 2 ? in->tokenizer->n_pair - 2 : 0);
    if (in->max_length > 0 && in->max_length <= taken)
        return hone_fail(err, HONE_EINVAL,
                         "the question has %llu tokens, which leave no room for the paragraph in a sequence of %llu; give "
                         "tokenizer.max_length a higher value, or head.max_query_length a lower one",
                         (unsigned long long)p.question.n, (unsigned long long)in->max_length);
    p.room = in->max_length > 0 ? in->max_length - taken : UINT64_MAX;
    uint64_t begin = 0;
    do {
        HONE_TRY(add_window(&p, begin, err));
        begin = next_window(&p, begin);
    } while (begin < p.text.n);
    return HONE_OK;
}

/* ---- The operator: span.loss -------------------------------------------------------------------------------------- */

/* scores [N, 2] of first and last tokens, starts [B+1], answer [B, 2] rows within each sequence -> [B]: the mean of the two negative
 * log probabilities, each a softmax over the tokens of its sequence. Saved [B, 2]: log sum exp. */
static hone_status loss_shape(const hone_op_call *call, hone_error *err)
{
    const hone_shape *scores = &call->x[0]->shape, *answer = &call->x[2]->shape;
    if (call->n_x != 3 || scores->rank != 2 || scores->dim[1] != 2 || answer->rank != 2 || answer->dim[1] != 2 ||
        call->x[1]->shape.dim[0] != answer->dim[0] + 1)
        return hone_fail(err, HONE_ESHAPE, "span.loss takes scores [N, 2], starts [B+1] and answer [B, 2]");
    call->y[0]->dtype = call->x[0]->dtype;
    call->y[0]->shape = hone_shape_1(answer->dim[0]);
    return HONE_OK;
}

static size_t loss_saved(const hone_op_call *call)
{
    return 2 * (size_t)call->y[0]->shape.dim[0] * sizeof(double);
}

static double log_sum_exp(const hone_tensor *scores, int64_t side, int32_t begin, int32_t end)
{
    double top = -INFINITY, sum = 0;
    for (int32_t i = begin; i < end; i++)
        top = fmax(top, hone_real_at(scores, 2 * i + side));
    for (int32_t i = begin; i < end; i++)
        sum += exp(hone_real_at(scores, 2 * i + side) - top);
    return top + log(sum);
}

static hone_status loss_forward(const hone_op_call *call, hone_error *err)
{
    const int32_t *starts = call->x[1]->data, *answer = call->x[2]->data;
    double *saved = call->saved;
    HONE_TRY(hone_starts_check(call->x[1], call->x[0]->shape.dim[0], err));
    for (int64_t b = 0; b < call->y[0]->shape.dim[0]; b++) {
        double loss = 0;
        for (int64_t side = 0; side < 2; side++) {
            const int32_t row = answer[2 * b + side];
            if (row < 0 || row >= starts[b + 1] - starts[b])
                return hone_fail(err, HONE_EINVAL, "span.loss has an answer at token %d of %d", (int)row,
                                 (int)(starts[b + 1] - starts[b]));
            saved[2 * b + side] = log_sum_exp(call->x[0], side, starts[b], starts[b + 1]);
            loss += 0.5 * (saved[2 * b + side] - hone_real_at(call->x[0], 2 * (starts[b] + row) + side));
        }
        hone_real_set(call->y[0], b, loss);
    }
    return HONE_OK;
}

static hone_status loss_backward(const hone_op_call *call, hone_error *err)
{
    const int32_t *starts = call->x[1]->data, *answer = call->x[2]->data;
    const double *saved = call->saved;
    (void)err;
    for (int64_t b = 0; call->dx[0] && b < call->y[0]->shape.dim[0]; b++)
        for (int64_t side = 0; side < 2; side++) {
            const double dy = 0.5 * hone_real_at(call->dy[0], b);
            for (int32_t i = starts[b]; i < starts[b + 1]; i++) {
                const int64_t at = 2 * i + side;
                const double p = exp(hone_real_at(call->x[0], at) - saved[2 * b + side]);
                hone_real_set(call->dx[0], at,
                              hone_real_at(call->dx[0], at) + dy * (p - (i - starts[b] == answer[2 * b + side])));
            }
        }
    return HONE_OK;
}

static hone_status loss_example(hone_graph *g, uint32_t i, hone_node **y, hone_error *err);
static const hone_op span_loss = {.size = sizeof(hone_op),
                                  .version = 1,
                                  .name = "span.loss",
                                  .backward_needs = HONE_NEEDS_X(0) | HONE_NEEDS_X(1) | HONE_NEEDS_X(2),
                                  .flags = HONE_OP_ROWS_INDEPENDENT,
                                  .shape = loss_shape,
                                  .saved_size = loss_saved,
                                  .forward = loss_forward,
                                  .backward = loss_backward,
                                  .example = loss_example,
                                  .f64 = &span_loss};

static hone_status loss_example(hone_graph *g, uint32_t i, hone_node **y, hone_error *err)
{
    static const int32_t starts[] = {0, 3, 4, 8}, answer[] = {1, 2, 0, 0, 3, 3};
    const hone_shape scores = hone_shape_2(8, 2), borders = hone_shape_1(4), answers = hone_shape_2(3, 2);
    (void)err;
    if (i > 0)
        return HONE_END;
    hone_node *x[] = {hone_example_input(g, HONE_F32, &scores, -2.0, 2.0), hone_constant(g, HONE_I32, &borders, starts),
                      hone_constant(g, HONE_I32, &answers, answer)};
    *y = hone_apply(g, NULL, &span_loss, NULL, 3, x);
    return HONE_OK;
}

/* ---- Building ---------------------------------------------------------------------------------------------------- */

typedef struct state {
    hone_head_setup setup;
    int64_t hidden;
} state;

static hone_status create(const hone_self *self, const hone_head_setup *setup, hone_error *err)
{
    state *s = self->state;
    (void)err;
    s->setup = *setup;
    s->hidden = setup->facts->hidden;
    return HONE_OK;
}

/* [N, 2]; the last token given the gold first one. Without gold the second column means nothing, and only makes the weights. */
static hone_node *conditional_scores(const hone_self *self, hone_graph *g, const hone_head_io *io)
{
    const params *p = self->params;
    const int64_t h = ((const state *)self->state)->hidden;
    const hone_init init = {.kind = HONE_INIT_NORMAL, .scale = p->initializer_range};
    hone_node *of_token = hone_linear(g, "end.token", io->hidden, h, init);
    hone_node *of_first = hone_linear_no_bias(g, "end.first", io->hidden, h, init),
              *first_rows = hone_input(g, io->in, "start_rows");
    hone_head_scores(g, io, "of_token", HONE_PER_TOKEN, of_token);
    hone_head_scores(g, io, "of_first", HONE_PER_TOKEN, of_first);
    hone_node *first = first_rows ? hone_gather(g, of_first, first_rows) : of_first;
    hone_node *both = hone_activate(g, hone_add(g, of_token, first), HONE_ACT_TANH);
    hone_node *columns[] = {hone_linear(g, "start_outputs", io->hidden, 1, init), hone_linear(g, "end.out", both, 1, init)};
    return hone_concat(g, 2, columns);
}

static hone_status build(const hone_self *self, hone_graph *g, const hone_head_io *io, hone_error *err)
{
    const params *p = self->params;
    const hone_init init = {.kind = HONE_INIT_NORMAL, .scale = p->initializer_range};
    hone_node *scores =
        p->end == CONDITIONAL ? conditional_scores(self, g, io) : hone_linear(g, "qa_outputs", io->hidden, 2, init);
    hone_head_scores(g, io, "scores", HONE_PER_TOKEN, scores);
    if (io->with_loss) {
        hone_node *x[] = {scores, io->in->starts, hone_input(g, io->in, "answer")};
        hone_head_loss(g, io, 1.0, hone_apply(g, "span.loss", &span_loss, NULL, 3, x));
    }
    return hone_graph_status(g, err);
}

static bool is_architecture(const hone_self *self)
{
    return ((const params *)self->params)->end == INDEPENDENT;
}

/* ---- Decoding ---------------------------------------------------------------------------------------------------- */

typedef struct candidate {
    double score;
    uint64_t begin, end; /* bytes */
} candidate;

typedef struct row_score {
    double score;
    int64_t row;
} row_score;

/* The search for answers through all windows of an example. */
typedef struct search {
    const hone_self *self;
    const params *p;
    const float *scores;              /* [rows, 2] of all windows */
    const float *of_token, *of_first; /* [rows, H] with a conditional end */
    const float *out, *bias;          /* [H], [1] */
    int64_t h;
    const int64_t *bytes;       /* [rows, 2] */
    const int32_t *starts_here; /* [rows] */
    int64_t first, n;           /* rows of the current window */
    double *end;                /* [n] scores of last tokens, given the first */
    row_score *order;           /* [n] room */
    row_score *firsts;          /* [n_best_size] */
    candidate *best;            /* [n_best_size + 1], best first */
    uint64_t n_best;
    double null; /* score of no answer, the least of all windows */
} search;

static int higher_first(const void *a, const void *b)
{
    const row_score *x = a, *y = b;
    if (x->score != y->score)
        return x->score < y->score ? 1 : -1;
    return x->row < y->row ? -1 : x->row > y->row;
}

static double log_sum(const double *x, int64_t n)
{
    double top = x[0], sum = 0;
    for (int64_t i = 1; i < n; i++)
        top = fmax(top, x[i]);
    for (int64_t i = 0; i < n; i++)
        sum += exp(x[i] - top);
    return top + log(sum);
}

/* Scores of last tokens, for a first token at row j of the window. With a conditional end they are log probabilities, since those of
 * different first tokens are compared. */
static void score_ends(search *s, int64_t j)
{
    for (int64_t i = 0; i < s->n; i++) {
        const float *a = s->of_token + (s->first + i) * s->h, *b = s->of_first + (s->first + j) * s->h;
        double sum = (double)*s->bias;
        if (s->p->end == INDEPENDENT) {
            s->end[i] = (double)s->scores[2 * (s->first + i) + 1];
            continue;
        }
        for (int64_t k = 0; k < s->h; k++)
            sum += (double)s->out[k] * (double)tanhf(a[k] + b[k]);
        s->end[i] = sum;
    }
    const double whole = s->p->end == CONDITIONAL ? log_sum(s->end, s->n) : 0;
    for (int64_t i = 0; i < s->n; i++)
        s->end[i] -= whole;
}

/* The best rows into *out, of those that may be; returns how many. */
static int64_t take_best(search *s, int64_t n, row_score *out)
{
    qsort(s->order, (size_t)n, sizeof *s->order, higher_first);
    const int64_t taken = n < s->p->n_best_size ? n : s->p->n_best_size;
    memcpy(out, s->order, (size_t)taken * sizeof *out);
    return taken;
}

static void insert(search *s, candidate c)
{
    uint64_t at = s->n_best;
    for (uint64_t i = 0; i < s->n_best; i++)
        if (s->best[i].begin == c.begin && s->best[i].end == c.end) { /* the same bytes, seen in another window */
            if (s->best[i].score >= c.score)
                return;
            memmove(&s->best[i], &s->best[i + 1], (s->n_best - i - 1) * sizeof c);
            at = --s->n_best;
            break;
        }
    while (at > 0 && s->best[at - 1].score < c.score)
        at--;
    memmove(&s->best[at + 1], &s->best[at], (s->n_best - at) * sizeof c);
    s->best[at] = c;
    if (s->n_best < (uint64_t)s->p->n_best_size)
        s->n_best++;
}

static void try_first(search *s, const row_score *first)
{
    int64_t n = 0;
    score_ends(s, first->row);
    for (int64_t i = first->row; i < s->n && i < first->row + s->p->max_answer_length; i++)
        if (s->bytes[2 * (s->first + i)] >= 0)
            s->order[n++] = (row_score){s->end[i], i};
    qsort(s->order, (size_t)n, sizeof *s->order, higher_first);
    for (int64_t k = 0; k < n && k < s->p->n_best_size; k++)
        insert(s, (candidate){first->score + s->order[k].score, (uint64_t)s->bytes[2 * (s->first + first->row)],
                              (uint64_t)s->bytes[2 * (s->first + s->order[k].row) + 1]});
}

static void search_window(search *s)
{
    int64_t n = 0;
    double whole = 0;
    for (int64_t i = 0; i < s->n; i++)
        s->end[i] = (double)s->scores[2 * (s->first + i)];
    if (s->p->end == CONDITIONAL)
        whole = log_sum(s->end, s->n);
    const double null_first = s->end[0] - whole;
    for (int64_t i = 0; i < s->n; i++)
        if (s->starts_here[s->first + i])
            s->order[n++] = (row_score){s->end[i] - whole, i};
    n = take_best(s, n, s->firsts);
    score_ends(s, 0);
    s->null = fmin(s->null, null_first + s->end[0]);
    for (int64_t k = 0; k < n; k++)
        try_first(s, &s->firsts[k]);
}

/* The text of bytes begin .. end-1; NULL when memory is short. */
static hone_status add_span(const hone_decode *in, const char *text, const candidate *c, hone_span *span, hone_error *err)
{
    const char *copy = hone_strndup(in->arena, text + c->begin, (size_t)(c->end - c->begin));
    *span = (hone_span){.begin = c->begin, .end = c->end, .score = c->score, .text = copy};
    return copy ? HONE_OK : hone_no_memory(err, "decoding answers");
}

static hone_status answer_of(const search *s, const hone_decode *in, hone_answer *answer, hone_error *err)
{
    const char *text = hone_example_text(in->example, "text_pair", NULL);
    const bool negative = s->p->version_2_with_negative;
    const double margin = s->n_best ? s->null - s->best[0].score : INFINITY;
    const bool none = s->n_best == 0 || (negative && margin > s->p->null_score_diff_threshold);
    hone_span *spans = hone_alloc_array(in->arena, s->n_best + 1, sizeof *spans);
    float *score = hone_alloc(in->arena, sizeof *score);
    if (!spans || !score)
        return hone_no_memory(err, "decoding answers");
    *answer = hone_answer_of(HONE_TARGET_SPAN);
    if (none)
        spans[answer->n++] = (hone_span){.score = s->null, .text = ""};
    for (uint64_t i = 0; i < s->n_best; i++)
        HONE_TRY(add_span(in, text, &s->best[i], &spans[answer->n++], err));
    answer->spans = spans;
    answer->text = spans[0].text;
    *score = (float)fmin(margin, 1e30);
    answer->scores = negative ? score : NULL;
    answer->n_scores = negative ? 1 : 0;
    return HONE_OK;
}

static hone_status find_scores(search *s, const hone_decode *in, hone_error *err)
{
    hone_tensor scores, of_token, of_first;
    const hone_tensor *bytes = hone_batch_field(in->batch, "bytes", NULL),
                      *here = hone_batch_field(in->batch, "starts_here", NULL);
    const hone_store *store = ((const state *)s->self->state)->setup.store;
    const int32_t first = hone_batch_starts(in->batch)[in->first_sequence];
    HONE_TRY(hone_decode_scores(in, "scores", &scores, err));
    s->scores = scores.data;
    s->bytes = (const int64_t *)bytes->data + 2 * (int64_t)first;
    s->starts_here = (const int32_t *)here->data + first;
    if (s->p->end == INDEPENDENT)
        return HONE_OK;
    const hone_tensor *out = hone_store_find(store, "end.out.weight"), *bias = hone_store_find(store, "end.out.bias");
    if (!out || !bias)
        return hone_fail(err, HONE_ENOTFOUND, "the model has no weights end.out.weight and end.out.bias");
    HONE_TRY(hone_decode_scores(in, "of_token", &of_token, err));
    HONE_TRY(hone_decode_scores(in, "of_first", &of_first, err));
    s->of_token = of_token.data;
    s->of_first = of_first.data;
    s->out = out->data;
    s->bias = bias->data;
    return HONE_OK;
}

static hone_status make_search_room(search *s, const hone_decode *in, hone_error *err)
{
    const int32_t *starts = hone_batch_starts(in->batch);
    const uint64_t n = (uint64_t)(starts[in->first_sequence + in->n_sequences] - starts[in->first_sequence]);
    const uint64_t n_best = (uint64_t)s->p->n_best_size;
    hone_arena *arena = s->self->step;
    s->end = hone_alloc_array(arena, n, sizeof *s->end);
    s->order = hone_alloc_array(arena, n, sizeof *s->order);
    s->firsts = hone_alloc_array(arena, n_best, sizeof *s->firsts);
    s->best = hone_alloc_array(arena, n_best + 1, sizeof *s->best);
    return s->end && s->order && s->firsts && s->best ? HONE_OK : hone_no_memory(err, "decoding answers");
}

static hone_status decode(const hone_self *self, const hone_decode *in, hone_answer *answers, hone_error *err)
{
    static const float zero = 0;
    search s = {.self = self, .p = self->params, .h = ((const state *)self->state)->hidden, .bias = &zero, .null = INFINITY};
    const int32_t *starts = hone_batch_starts(in->batch);
    HONE_TRY(find_scores(&s, in, err));
    HONE_TRY(make_search_room(&s, in, err));
    for (uint64_t b = in->first_sequence; b < in->first_sequence + in->n_sequences; b++) {
        s.first = starts[b] - starts[in->first_sequence];
        s.n = starts[b + 1] - starts[b];
        search_window(&s);
    }
    return answer_of(&s, in, &answers[0], err);
}

static const hone_op *const ops[] = {&span_loss, NULL};
static const hone_output_of_head outputs[] = {{.name = "", .target = HONE_TARGET_SPAN}};

static const hone_head span = {
    .plugin = {HONE_PLUGIN(hone_head, HONE_KIND_HEAD), .name = "span", .summary = "answers as bytes of a text",
               .source = "Transformers, BertForQuestionAnswering; BERT, run_squad.py",
               .help = "    head: {type: span, doc_stride: 128, version_2_with_negative: true}", .state_size = sizeof(state),
               .ops = ops, HONE_PARAMS(params, rows)},
    .takes = HONE_TAKES(HONE_TARGET_SPAN),
    .n_outputs = 1,
    .outputs = outputs,
    .output_size = sizeof(hone_output_of_head),
    .architecture = "ForQuestionAnswering",
    .create = create,
    .prepare = prepare,
    .prepare_draws_nothing = 1,
    .build = build,
    .decode = decode,
    .is_architecture = is_architecture,
};

HONE_MODULE(&span.plugin);
