/* token_classification.c - a label for each word, by a linear layer over its first token, as in Transformers' BertForTokenClassification.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>

#include <math.h>
#include <string.h>

enum { FIRST, ALL };
static const char *const which[] = {"first", "all", NULL};

typedef struct params {
    double dropout, initializer_range;
    int64_t window_stride;
    int32_t label_tokens;
    bool keep_scores;
    const hone_self *loss;
} params;

static const hone_param rows[] = {
    HONE_TAG_HEAD_ROWS(params),
    HONE_PARAM_CHOICE(params, label_tokens, which, .def_text = "first",
                      .help =
                          "tokens of a word that training looks at; all: those behind the first have its tag too, I- where it "
                          "is B-",
                      .source = "Transformers, run_ner's label_all_tokens"),
    HONE_PARAM_BOOL(params, keep_scores, .flags = HONE_NO_PREPARE,
                    .help = "predictions keep the probability of every tag for every word"),
    HONE_PARAM_PLUGIN(params, loss, HONE_KIND_LOSS, .def_text = "cross_entropy", .flags = HONE_NO_PREPARE,
                      .help = "what training makes small, word by word"),
};

typedef struct state {
    int64_t n_labels;
    int32_t *others; /* [C] label of a word's tokens behind the first; NULL: only the first counts */
} state;

static const hone_loss *loss_of(const hone_self *self)
{
    return (const hone_loss *)(const void *)((const params *)self->params)->loss->plugin;
}

/* "I-PER" for "B-PER", where the data has it. */
static int32_t inside_of(const hone_facts *facts, int32_t label)
{
    const char *name = facts->labels[label];
    for (uint64_t i = 0; name[0] == 'B' && i < facts->n_labels; i++)
        if (facts->labels[i][0] == 'I' && strcmp(facts->labels[i] + 1, name + 1) == 0)
            return (int32_t)i;
    return label;
}

static hone_status create(const hone_self *self, const hone_head_setup *setup, hone_error *err)
{
    const params *p = self->params;
    state *s = self->state;
    s->n_labels = (int64_t)setup->facts->n_labels;
    if (s->n_labels < 2)
        return hone_fail(err, HONE_EINVAL, "head %s needs at least 2 tags; the training data has %lld", self->plugin->name,
                         (long long)s->n_labels);
    if (!(loss_of(self)->targets & HONE_TAKES(HONE_TARGET_TAGS)))
        return hone_fail(err, HONE_EINVAL, "head %s cannot use loss %s, which does not take tags", self->plugin->name,
                         p->loss->plugin->name);
    if (p->label_tokens != ALL)
        return HONE_OK;
    s->others = hone_alloc_array(self->trial, (size_t)s->n_labels, sizeof *s->others);
    if (!s->others)
        return hone_no_memory(err, "making a head");
    for (int32_t i = 0; i < s->n_labels; i++)
        s->others[i] = inside_of(setup->facts, i);
    return HONE_OK;
}

static hone_status prepare(const hone_self *self, const hone_prepare *in, hone_sequences *out, hone_error *err)
{
    const params *p = self->params;
    const state *s = self->state;
    return hone_tag_prepare(in, p->window_stride, s->others, out, err);
}

static hone_status build(const hone_self *self, hone_graph *g, const hone_head_io *io, hone_error *err)
{
    const params *p = self->params;
    const state *s = self->state;
    hone_node *scores = hone_tag_scores(g, io, s->n_labels, p->dropout, p->initializer_range);
    if (io->with_loss)
        hone_head_loss(g, io, 1.0, loss_of(self)->build(p->loss, g, "loss", scores, hone_input(g, io->in, "word_labels")));
    return hone_graph_status(g, err);
}

/* One item a word, or a token. */
static hone_status items(const hone_self *self, uint32_t k, const hone_batch *batch, hone_items *out, hone_error *err)
{
    const params *p = self->params;
    const int32_t *starts, *labels = hone_batch_field(batch, "word_labels", &starts)->data;
    const int32_t *sequences = hone_batch_example_starts(batch);
    (void)k;
    out->n = (uint64_t)starts[hone_batch_sequences(batch)];
    out->weights = hone_alloc_array(out->arena, out->n, sizeof *out->weights);
    out->example = hone_alloc_array(out->arena, out->n, sizeof *out->example);
    if (!out->weights || !out->example)
        return hone_no_memory(err, "weighing the words of a batch");
    for (uint64_t e = 0; e < hone_batch_examples(batch); e++)
        for (int32_t i = starts[sequences[e]]; i < starts[sequences[e + 1]]; i++) {
            out->example[i] = (uint32_t)e;
            out->weights[i] = labels[i] < 0 ? 0.0 : loss_of(self)->weight ? loss_of(self)->weight(p->loss, labels[i]) : 1.0;
        }
    return HONE_OK;
}

static int32_t best_of(const float *scores, int64_t n)
{
    int32_t best = 0;
    for (int32_t c = 1; c < n; c++)
        best = scores[c] > scores[best] ? c : best;
    return best;
}

static void softmax(const float *scores, int64_t n, float *p)
{
    const float top = scores[best_of(scores, n)];
    double sum = 0;
    for (int64_t c = 0; c < n; c++)
        sum += exp((double)scores[c] - (double)top);
    for (int64_t c = 0; c < n; c++)
        p[c] = (float)(exp((double)scores[c] - (double)top) / sum);
}

/* Zeros for words that were lost. */
static hone_status keep_scores(const hone_self *self, const hone_decode *in, hone_answer *answer, float **p, hone_error *err)
{
    const state *s = self->state;
    if (!((const params *)self->params)->keep_scores)
        return HONE_OK;
    answer->n_scores = answer->n * (uint64_t)s->n_labels;
    *p = hone_alloc_array(in->arena, answer->n_scores, sizeof **p);
    answer->scores = *p;
    return *p ? HONE_OK : hone_no_memory(err, "decoding tags");
}

static hone_status decode(const hone_self *self, const hone_decode *in, hone_answer *answers, hone_error *err)
{
    const int64_t n_labels = ((const state *)self->state)->n_labels;
    const int64_t *numbers;
    uint64_t n;
    int32_t *labels;
    float *p = NULL;
    hone_tensor scores;
    HONE_TRY(hone_decode_scores(in, "scores", &scores, err));
    HONE_TRY(hone_tag_answer(in, &answers[0], &labels, &numbers, &n, err));
    HONE_TRY(keep_scores(self, in, &answers[0], &p, err));
    for (uint64_t i = 0; i < n; i++) {
        const float *row = (const float *)scores.data + (int64_t)i * n_labels;
        if (numbers[i] < 0)
            continue;
        labels[numbers[i]] = best_of(row, n_labels);
        if (p)
            softmax(row, n_labels, p + numbers[i] * n_labels);
    }
    return HONE_OK;
}

static const hone_output_of_head outputs[] = {{.name = "", .target = HONE_TARGET_TAGS}};

static const hone_head token_classification = {
    .plugin = {HONE_PLUGIN(hone_head, HONE_KIND_HEAD), .name = "token_classification", .summary = "a label for each word",
               .source = "Transformers, BertForTokenClassification",
               .help = "    head: {type: token_classification, window_stride: 64}", .state_size = sizeof(state),
               HONE_PARAMS(params, rows)},
    .takes = HONE_TAKES(HONE_TARGET_TAGS),
    .n_outputs = 1,
    .outputs = outputs,
    .output_size = sizeof(hone_output_of_head),
    .architecture = "ForTokenClassification",
    .create = create,
    .prepare = prepare,
    .prepare_draws_nothing = 1,
    .build = build,
    .items = items,
    .decode = decode,
};

HONE_MODULE(&token_classification.plugin);
