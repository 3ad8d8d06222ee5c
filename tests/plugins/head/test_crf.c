/* test_crf.c - the CRF's loss, gradient and best path against an enumeration of all paths, and against the package pytorch-crf on
 * tests/golden/tagging/crf.txt.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "../instance.h"
#include "golden_lines.h"

#include "trial_fixture.h"

#include <math.h>

enum { MOST = 64, SCORES = 0, TRANSITIONS, START, END, COUNTS, LABELS, N_INPUTS };

/* The operator's inputs, outputs and gradients, in double. */
typedef struct problem {
    int64_t c, items, sequences;
    double x[4][MOST], dx[4][MOST], loss[MOST], dloss[MOST];
    int32_t counts[MOST], labels[MOST];
} problem;

/* ---- The operator ------------------------------------------------------------------------------------------------ */

static int64_t size_of(const problem *p, int input)
{
    return input == SCORES ? p->items * p->c : input == TRANSITIONS ? p->c * p->c : p->c;
}

static hone_tensor tensor_of(const problem *p, int input, double *data)
{
    const int64_t c = p->c;
    const hone_shape shape = input == SCORES        ? hone_shape_2(p->items, c)
                             : input == TRANSITIONS ? hone_shape_2(c, c)
                                                    : hone_shape_1(c);
    return (hone_tensor){.data = data, .dtype = HONE_F64, .shape = shape};
}

static void run_operator(problem *p)
{
    instance in;
    hone_error err;
    hone_tensor x[N_INPUTS], dx[4], y = {.data = p->loss}, dy = {.data = p->dloss, .dtype = HONE_F64};
    const hone_tensor *px[N_INPUTS], *pdy[] = {&dy};
    hone_tensor *pdx[N_INPUTS] = {NULL}, *py[] = {&y};
    instance_open(&in, "head/crf", NULL, 0);
    const hone_op *op = in.self.plugin->ops[0];
    for (int i = 0; i < 4; i++) {
        x[i] = tensor_of(p, i, p->x[i]);
        dx[i] = tensor_of(p, i, p->dx[i]);
        pdx[i] = &dx[i];
    }
    x[COUNTS] = (hone_tensor){.data = p->counts, .dtype = HONE_I32, .shape = hone_shape_1(p->sequences)};
    x[LABELS] = (hone_tensor){.data = p->labels, .dtype = HONE_I32, .shape = hone_shape_1(p->items)};
    for (int i = 0; i < N_INPUTS; i++)
        px[i] = &x[i];
    hone_op_call call = {.size = sizeof call, .op = op, .n_x = N_INPUTS, .n_y = 1, .x = px, .y = py, .dx = pdx, .dy = pdy};
    ck_assert_int_eq(op->shape(&call, &err), HONE_OK);
    ck_assert_int_eq(y.shape.dim[0], p->sequences);
    dy.shape = y.shape;
    call.saved = hone_alloc(in.self.trial, op->saved_size(&call));
    call.scratch = hone_alloc(in.self.trial, op->scratch_size(&call));
    ck_assert_msg(op->forward(&call, &err) == HONE_OK, "%s", err.msg);
    ck_assert_msg(op->backward(&call, &err) == HONE_OK, "%s", err.msg);
    instance_close(&in);
}

/* ---- All paths --------------------------------------------------------------------------------------------------- */

static double score_of(const problem *p, const int32_t *path, int64_t n)
{
    double sum = p->x[START][path[0]] + p->x[END][path[n - 1]];
    for (int64_t t = 0; t < n; t++)
        sum += p->x[SCORES][t * p->c + path[t]] + (t ? p->x[TRANSITIONS][path[t - 1] * p->c + path[t]] : 0);
    return sum;
}

/* The next path in the order of numbers to the base c; false behind the last. */
static bool next_path(const problem *p, int32_t *path, int64_t n)
{
    for (int64_t t = n - 1; t >= 0; t--) {
        if (++path[t] < p->c)
            return true;
        path[t] = 0;
    }
    return false;
}

/* What a path adds to the gradient of the logarithm of the sum, or what the gold takes away. */
static void add_counts(const problem *p, const int32_t *path, int64_t n, double weight, double dx[4][MOST])
{
    dx[START][path[0]] += weight;
    dx[END][path[n - 1]] += weight;
    for (int64_t t = 0; t < n; t++) {
        dx[SCORES][t * p->c + path[t]] += weight;
        if (t)
            dx[TRANSITIONS][path[t - 1] * p->c + path[t]] += weight;
    }
}

static void make_up(problem *p, uint64_t seed, int64_t c, int64_t n)
{
    const hone_key key = {.seed = seed};
    const hone_stream random = hone_stream_of(&key);
    memset(p, 0, sizeof *p);
    *p = (problem){.c = c, .items = n, .sequences = 1, .counts = {(int32_t)n}, .dloss = {1}};
    for (int i = 0; i < 4; i++)
        for (int64_t k = 0; k < size_of(p, i); k++)
            p->x[i][k] = 2 * hone_random_normal(random, (uint64_t)i, (uint64_t)k);
    for (int64_t t = 0; t < n; t++)
        p->labels[t] = (int32_t)hone_random_below(random, 9, (uint64_t)t, (uint64_t)c);
}

START_TEST(loss_and_gradient_are_those_of_all_paths_one_by_one)
{
    for (uint64_t seed = 0; seed < 12; seed++) {
        problem p;
        int32_t path[MOST] = {0};
        double sum = 0, dx[4][MOST] = {{0}};
        make_up(&p, seed, 2 + (int64_t)seed % 4, 1 + (int64_t)seed % 5);
        do
            sum += exp(score_of(&p, path, p.items));
        while (next_path(&p, path, p.items));
        memset(path, 0, sizeof path);
        do
            add_counts(&p, path, p.items, exp(score_of(&p, path, p.items)) / sum, dx);
        while (next_path(&p, path, p.items));
        add_counts(&p, p.labels, p.items, -1, dx);
        run_operator(&p);
        ck_assert_double_eq_tol(p.loss[0], log(sum) - score_of(&p, p.labels, p.items), 1e-11);
        for (int i = 0; i < 4; i++)
            for (int64_t k = 0; k < size_of(&p, i); k++)
                ck_assert_double_eq_tol(p.dx[i][k], dx[i][k], 1e-11);
    }
}
END_TEST

/* The path of the highest score among those that the scheme allows. */
static void find_best(const problem *p, hone_tag_scheme scheme, const char *const *labels, int64_t n, int32_t *best)
{
    int32_t path[MOST] = {0};
    double most = -INFINITY;
    do {
        bool allowed = true;
        for (int64_t t = 0; scheme && t <= n; t++) {
            const hone_tag before = hone_tag_of(t ? labels[path[t - 1]] : NULL),
                           tag = hone_tag_of(t < n ? labels[path[t]] : NULL);
            allowed = allowed && hone_tag_follows(scheme, t ? &before : NULL, t < n ? &tag : NULL);
        }
        const double score = score_of(p, path, n);
        if (allowed && score > most) {
            most = score;
            memcpy(best, path, (size_t)n * sizeof *path);
        }
    } while (next_path(p, path, n));
}

START_TEST(losses_and_gradients_are_those_of_pytorch_crf)
{
    static const char *const inputs[] = {"scores", "transitions", "start", "end"};
    static const char *const gradients[] = {"dscores", "dtransitions", "dstart", "dend"};
    FILE *file = lines_open("tests/golden/tagging/crf.txt");
    line l;
    int cases = 0;
    for (; line_next(file, &l); cases++) {
        problem p = {.c = strtol(l.yaml, NULL, 10)};
        char *cut = strchr(l.text + 5, ' ');
        for (char *end; (p.counts[p.sequences] = (int32_t)strtol(cut, &end, 10)) > 0; cut = end)
            p.items += p.counts[p.sequences++];
        for (int i = 0; i < 4; i++) {
            line_expect(file, &l, inputs[i]);
            ck_assert_int_eq(l.n, size_of(&p, i));
            memcpy(p.x[i], l.x, (size_t)l.n * sizeof *l.x);
        }
        line_expect(file, &l, "gold");
        for (int64_t t = 0; t < p.items; t++)
            p.labels[t] = (int32_t)l.x[t];
        for (int64_t b = 0; b < p.sequences; b++)
            p.dloss[b] = 1 + (double)b;
        run_operator(&p);
        line_expect(file, &l, "loss");
        for (int b = 0; b < l.n; b++)
            ck_assert_double_eq_tol(p.loss[b], l.x[b], 1e-11 * fmax(1, fabs(l.x[b])));
        for (int i = 0; i < 4; i++) {
            line_expect(file, &l, gradients[i]);
            for (int64_t k = 0; k < size_of(&p, i); k++)
                ck_assert_double_eq_tol(p.dx[i][k], l.x[k], 1e-11 * fmax(1, fabs(l.x[k])));
        }
        line_expect(file, &l, "best");
        for (int64_t b = 0, at = 0; b < p.sequences; at += p.counts[b++]) {
            int32_t best[MOST];
            problem one = p;
            memmove(one.x[SCORES], p.x[SCORES] + at * p.c, sizeof(double) * (size_t)(p.counts[b] * p.c));
            find_best(&one, HONE_SCHEME_NONE, NULL, p.counts[b], best);
            for (int64_t t = 0; t < p.counts[b]; t++)
                ck_assert_int_eq(best[t], (int32_t)l.x[at + t]);
        }
    }
    fclose(file);
    ck_assert_int_eq(cases, 4);
}
END_TEST
/* ---- Decoding ---------------------------------------------------------------------------------------------------- */

static const char *const bio[] = {"B-X", "B-Y", "I-X", "I-Y", "O"};
enum { WORDS = 6, N_BIO = 5 };

static void begin_trial(fixture *f, const char *constraints)
{
    fixture_begin(f);
    fixture_write(f, "train.conll", "a B-X\nb I-X\nc B-Y\nd I-Y\ne O\nf O\n");
    fixture_load(f, hone_sprintf(f->arena,
                                 "data: {type: conll, train: train.conll, validation: train.conll}\n"
                                 "tokenizer: {type: whitespace, max_length: 16}\n"
                                 "model: {type: bag, hidden_size: 4}\nhead: {type: crf, constraints: %s}\n"
                                 "trainer: {num_train_epochs: 1, threads: 1}\n",
                                 constraints));
}

static void set_weight(const hone__parts *parts, const char *name, const double *x)
{
    hone__weight *w = hone__store_weight(parts->network.store, name);
    ck_assert_ptr_nonnull(w);
    for (int64_t i = 0; i < w->n; i++)
        ((float *)w->value.data)[i] = (float)x[i];
}

/* What the head decodes from the problem's scores and weights. */
static void decode(hone__parts *parts, const problem *p, int32_t *best)
{
    const uint64_t first = 0;
    hone_batch *batch = NULL;
    hone__pass pass;
    hone__block block = {0};
    hone_error err;
    hone_answer answer;
    set_weight(parts, "crf.transitions", p->x[TRANSITIONS]);
    set_weight(parts, "crf.start_transitions", p->x[START]);
    set_weight(parts, "crf.end_transitions", p->x[END]);
    hone__arena_reset(parts->step);
    ck_assert_int_eq(hone__batch_pack(parts->train_prepared, &first, 1, parts->step, &batch, &err), HONE_OK);
    const hone__pass_setup setup = {.batch = batch, .arena = parts->step};
    ck_assert_int_eq(hone__pass_build(&pass, &parts->network, &setup, &err), HONE_OK);
    hone__graph_keep(pass.graph, pass.scores[0].node, false);
    ck_assert_int_eq(hone__graph_plan(pass.graph, false, NULL, &err), HONE_OK);
    ck_assert_int_eq(hone__graph_forward(pass.graph, &block, &err), HONE_OK);
    const hone_tensor *scores = hone__node_tensor(pass.scores[0].node);
    ck_assert_int_eq(hone_shape_count(&scores->shape), (int64_t)WORDS * N_BIO);
    for (int64_t i = 0; i < (int64_t)WORDS * N_BIO; i++)
        ((float *)scores->data)[i] = (float)p->x[SCORES][i];
    const hone_decode in = {.size = sizeof in,
                            .example = hone_corpus_at(parts->train, 0),
                            .n_sequences = 1,
                            .batch = batch,
                            .arena = parts->step,
                            .host = &pass};
    ck_assert_msg(parts->network.head->decode(parts->network.head_self, &in, &answer, &err) == HONE_OK, "%s", err.msg);
    ck_assert_uint_eq(answer.n, WORDS);
    memcpy(best, answer.labels, WORDS * sizeof *best);
    hone__block_free(&block);
}

START_TEST(the_best_path_is_that_of_all_paths_one_by_one_also_of_those_that_a_scheme_allows)
{
    static const struct {
        const char *name;
        hone_tag_scheme scheme;
    } cases[] = {{"none", HONE_SCHEME_NONE}, {"bio", HONE_SCHEME_BIO}};
    for (size_t i = 0; i < 2; i++) {
        fixture f;
        begin_trial(&f, cases[i].name);
        hone__parts *parts = fixture_parts(&f);
        for (uint64_t seed = 0; seed < 10; seed++) {
            problem p;
            int32_t best[MOST], found[MOST];
            make_up(&p, seed, N_BIO, WORDS);
            find_best(&p, cases[i].scheme, bio, WORDS, best);
            decode(parts, &p, found);
            ck_assert_mem_eq(found, best, sizeof(int32_t) * WORDS);
        }
        hone__parts_destroy(parts);
        fixture_end(&f);
    }
}
END_TEST

START_TEST(constraints_need_tags_of_their_scheme)
{
    fixture f;
    hone_error err = {HONE_OK, ""};
    hone__parts *parts = NULL;
    begin_trial(&f, "bmes");
    ck_assert_int_eq(hone__parts_create(&f.setup, &parts, &err), HONE_EINVAL);
    ck_assert_msg(strstr(err.msg, "constraints is bmes") && strstr(err.msg, "I-X"), "%s", err.msg);
    fixture_end(&f);
}
END_TEST

SUITE("crf", loss_and_gradient_are_those_of_all_paths_one_by_one, losses_and_gradients_are_those_of_pytorch_crf,
      the_best_path_is_that_of_all_paths_one_by_one_also_of_those_that_a_scheme_allows, constraints_need_tags_of_their_scheme)
