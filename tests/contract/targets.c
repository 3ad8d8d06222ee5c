/* targets.c - the contract of readers, heads and metrics, proven by use: one of each for every target of hone/target.h.
 *
 * These files are only compiled. Their code is what real plugins would do, cut short.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- Readers ----------------------------------------------------------------------------------------------------- */

static const char *const has_text[] = {"text", NULL};
static const char *const has_pair[] = {"text", "text_pair", NULL};
static const char *const has_word[] = {"words", NULL};
static const char *const has_choice[] = {"question", "choices", NULL};
static const char *const has_pixel[] = {"pixels", NULL};

/* Gives each line of the source to `line`, which makes one example of it. */
typedef hone_status (*line_fn)(hone_sink *sink, const char *text, size_t n, uint64_t number, hone_error *err);

static hone_status for_each_line(const hone_source *source, hone_sink *sink, line_fn line, hone_error *err)
{
    uint64_t number = 0;
    for (uint64_t i = 0; i < source->n;) {
        const char *end = memchr(source->bytes + i, '\n', source->n - i);
        const size_t n = end ? (size_t)(end - (source->bytes + i)) : source->n - i;
        HONE_TRY(hone_sink_example(sink, NULL, ++number, err));
        HONE_TRY(line(sink, source->bytes + i, n, number, err));
        i += n + 1;
    }
    return HONE_OK;
}

static hone_status class_line(hone_sink *sink, const char *text, size_t n, uint64_t number, hone_error *err)
{
    const char *tab = memchr(text, '\t', n);
    if (!tab)
        return hone_sink_fail(sink, number, err, "there is no tab between label and text");
    char label[64];
    snprintf(label, sizeof label, "%.*s", (int)(tab - text), text);
    const char *const names[] = {label};
    hone_answer gold = hone_answer_of(HONE_TARGET_CLASS);
    gold.names = names;
    gold.n = 1;
    HONE_TRY(hone_sink_text(sink, "text", tab + 1, n - (size_t)(tab + 1 - text), err));
    return hone_sink_gold(sink, &gold, err);
}

static hone_status classes_line(hone_sink *sink, const char *text, size_t n, uint64_t number, hone_error *err)
{
    (void)number;
    static const char *const names[] = {"joy", "surprise"};
    hone_answer gold = hone_answer_of(HONE_TARGET_CLASSES);
    gold.names = names;
    gold.n = n > 40 ? 2 : 0; /* the empty set is an answer too */
    HONE_TRY(hone_sink_text(sink, "text", text, n, err));
    return hone_sink_gold(sink, &gold, err);
}

static hone_status score_line(hone_sink *sink, const char *text, size_t n, uint64_t number, hone_error *err)
{
    (void)number;
    hone_answer gold = hone_answer_of(HONE_TARGET_SCORE);
    gold.score = (double)n;
    HONE_TRY(hone_sink_text(sink, "text", text, n / 2, err));
    HONE_TRY(hone_sink_text(sink, "text_pair", text + n / 2, n - n / 2, err));
    return hone_sink_gold(sink, &gold, err);
}

static hone_status tags_line(hone_sink *sink, const char *text, size_t n, uint64_t number, hone_error *err)
{
    (void)text;
    (void)n;
    (void)number;
    static const char *const words[] = {"Ada", "lives", "in", "London"};
    static const char *const tags[] = {"B-PER", "O", "O", "B-LOC"};
    hone_answer gold = hone_answer_of(HONE_TARGET_TAGS);
    gold.names = tags;
    gold.n = 4;
    HONE_TRY(hone_sink_texts(sink, "words", HONE_FIELD_WORDS, words, 4, err));
    return hone_sink_gold(sink, &gold, err);
}

static hone_status span_line(hone_sink *sink, const char *text, size_t n, uint64_t number, hone_error *err)
{
    hone_span spans[2] = {{.begin = 0, .end = n < 4 ? n : 4}, {.begin = 0, .end = n < 7 ? n : 7}}; /* two accepted answers */
    hone_answer gold = hone_answer_of(HONE_TARGET_SPAN);
    gold.spans = spans;
    gold.span_size = sizeof(hone_span);
    gold.n = number % 5 ? 2 : 0; /* none: the question has no answer */
    HONE_TRY(hone_sink_text(sink, "text", "Who?", 4, err));
    HONE_TRY(hone_sink_text(sink, "text_pair", text, n, err));
    HONE_TRY(hone_sink_group(sink, number / 5, err));
    return hone_sink_gold(sink, &gold, err);
}

static hone_status choice_line(hone_sink *sink, const char *text, size_t n, uint64_t number, hone_error *err)
{
    static const char *const choices[] = {"a lake", "a bank", "a road"};
    hone_answer gold = hone_answer_of(HONE_TARGET_CHOICE);
    gold.index = (int32_t)(number % 3);
    HONE_TRY(hone_sink_text(sink, "question", text, n, err));
    HONE_TRY(hone_sink_texts(sink, "choices", HONE_FIELD_CHOICES, choices, 3, err));
    return hone_sink_gold(sink, &gold, err);
}

/* Plain text: no gold, prepare() makes it; documents are groups. */
static hone_status plain_line(hone_sink *sink, const char *text, size_t n, uint64_t number, hone_error *err)
{
    HONE_TRY(hone_sink_text(sink, "text", text, n, err));
    return hone_sink_group(sink, number / 100, err);
}

/* A gold answer of the plugin's own: a path through a tree, as bytes and as text. */
static hone_status other_line(hone_sink *sink, const char *text, size_t n, uint64_t number, hone_error *err)
{
    const uint8_t path[2] = {(uint8_t)(number % 4), (uint8_t)(number % 3)};
    char shown[32];
    snprintf(shown, sizeof shown, "%d/%d", path[0], path[1]);
    hone_answer gold = hone_answer_of(HONE_TARGET_OTHER);
    gold.bytes = path;
    gold.n_bytes = sizeof path;
    gold.text = shown;
    HONE_TRY(hone_sink_text(sink, "text", text, n, err));
    return hone_sink_gold(sink, &gold, err);
}

/* Images: an array field of rank 3. */
static hone_status pixel_line(hone_sink *sink, const char *text, size_t n, uint64_t number, hone_error *err)
{
    uint8_t pixels[3 * 8 * 8] = {0};
    memcpy(pixels, text, n < sizeof pixels ? n : sizeof pixels);
    const hone_tensor array = {.data = pixels, .dtype = HONE_U8, .shape = {.rank = 3, .dim = {3, 8, 8}}};
    hone_answer gold = hone_answer_of(HONE_TARGET_CLASS);
    static const char *const names[] = {"cat"};
    gold.names = names;
    gold.n = 1;
    (void)number;
    HONE_TRY(hone_sink_array(sink, "pixels", &array, err));
    return hone_sink_gold(sink, &gold, err);
}

#define READER(id, TARGET, list)                                                                                               \
    static hone_status id##_read(const hone_self *self, const hone_source *source, hone_sink *sink, hone_error *err)           \
    {                                                                                                                          \
        (void)self;                                                                                                            \
        return for_each_line(source, sink, id##_line, err);                                                                    \
    }                                                                                                                          \
    static hone_target id##_target(const hone_self *self)                                                                      \
    {                                                                                                                          \
        (void)self;                                                                                                            \
        return TARGET;                                                                                                         \
    }                                                                                                                          \
    static const char *const *id##_fields(const hone_self *self)                                                               \
    {                                                                                                                          \
        (void)self;                                                                                                            \
        return list;                                                                                                           \
    }                                                                                                                          \
    static const hone_reader id##_reader = {                                                                                   \
        .plugin = {HONE_PLUGIN(hone_reader, HONE_KIND_READER), .name = #id, .summary = "a reader of the contract's test"},     \
        .target = id##_target,                                                                                                 \
        .read = id##_read,                                                                                                     \
        .fields = id##_fields,                                                                                                 \
    }

READER(class, HONE_TARGET_CLASS, has_text);
READER(classes, HONE_TARGET_CLASSES, has_text);
READER(score, HONE_TARGET_SCORE, has_pair);
READER(tags, HONE_TARGET_TAGS, has_word);
READER(span, HONE_TARGET_SPAN, has_pair);
READER(choice, HONE_TARGET_CHOICE, has_choice);
READER(plain, HONE_TARGET_NONE, has_text);
READER(other, HONE_TARGET_OTHER, has_text);
READER(pixel, HONE_TARGET_CLASS, has_pixel);

/* ---- Heads ------------------------------------------------------------------------------------------------------- */

typedef struct head_state {
    hone_head_setup setup;
    int64_t labels;
} head_state;

static const hone_init normal = {.kind = HONE_INIT_NORMAL, .scale = 0.02};

static hone_status keep_setup(const hone_self *self, const hone_head_setup *setup, hone_error *err)
{
    head_state *s = self->state;
    s->setup = *setup;
    s->labels = (int64_t)setup->facts->n_labels;
    if (setup->facts->target == HONE_TARGET_CLASS && s->labels < 2)
        return hone_fail(err, HONE_EINVAL, "the head needs two labels or more, and the data has %lld", (long long)s->labels);
    return HONE_OK;
}

/* A row of scores as probabilities of a prediction. */
static hone_status softmax_row(const float *row, int64_t n, hone_arena *arena, hone_answer *answer, hone_error *err)
{
    float *p = hone_alloc_array(arena, (size_t)n, sizeof *p);
    if (!p)
        return hone_no_memory(err, "decoding");
    int64_t best = 0;
    for (int64_t i = 1; i < n; i++)
        if (row[i] > row[best])
            best = i;
    float sum = 0.0f;
    for (int64_t i = 0; i < n; i++)
        sum += p[i] = expf(row[i] - row[best]);
    for (int64_t i = 0; i < n; i++)
        p[i] /= sum;
    answer->index = (int32_t)best;
    answer->scores = p;
    answer->n_scores = (uint64_t)n;
    return HONE_OK;
}

/* class: pooled rows, a linear, a loss plugin named by a row. */
typedef struct class_params {
    const hone_self *loss;
    double dropout;
} class_params;

static const hone_param class_rows[] = {
    HONE_PARAM_PLUGIN(class_params, loss, HONE_KIND_LOSS, .def_text = "cross_entropy", .help = "the loss over the scores"),
    HONE_PARAM_REAL(class_params, dropout, .def_real = 0.1, .max_real = 1.0, .flags = HONE_OPEN_MAX, .unit = "1",
                    .help = "probability that an element of the pooled row is dropped"),
};

static hone_status class_build(const hone_self *self, hone_graph *g, const hone_head_io *io, hone_error *err)
{
    const class_params *p = self->params;
    const head_state *s = self->state;
    hone_node *x = hone_dropout(g, "dropout", hone_head_pool(g, io), NULL, p->dropout);
    hone_node *scores = hone_linear(g, "classifier", x, s->labels, normal);
    hone_head_scores(g, io, "scores", HONE_PER_SEQUENCE, scores);
    if (io->with_loss) {
        const hone_loss *loss = (const hone_loss *)(const void *)p->loss->plugin;
        hone_head_loss(g, io, 1.0, loss->build(p->loss, g, "loss", scores, hone_input(g, io->in, "gold")));
    }
    return hone_graph_status(g, err);
}

/* The divisor counts class weights. */
static hone_status class_items(const hone_self *self, uint32_t k, const hone_batch *batch, hone_items *out, hone_error *err)
{
    (void)k;
    const class_params *p = self->params;
    const hone_loss *loss = (const hone_loss *)(const void *)p->loss->plugin;
    const int32_t *gold = hone_batch_field(batch, "gold", NULL)->data;
    out->n = hone_batch_examples(batch);
    out->weights = hone_alloc_array(out->arena, out->n, sizeof *out->weights);
    out->example = hone_alloc_array(out->arena, out->n, sizeof *out->example);
    if (!out->weights || !out->example)
        return hone_no_memory(err, "counting a batch's items");
    for (uint64_t i = 0; i < out->n; i++) {
        out->weights[i] = loss->weight ? loss->weight(p->loss, gold[i]) : 1.0;
        out->example[i] = (uint32_t)i;
    }
    return HONE_OK;
}

static hone_status class_decode(const hone_self *self, const hone_decode *in, hone_answer *answers, hone_error *err)
{
    hone_tensor scores;
    HONE_TRY(hone_decode_scores(in, "scores", &scores, err));
    answers[0] = hone_answer_of(HONE_TARGET_CLASS);
    return softmax_row(scores.data, ((const head_state *)self->state)->labels, in->arena, &answers[0], err);
}

/* classes: thresholds calibrated on the validation set. */
static hone_status classes_build(const hone_self *self, hone_graph *g, const hone_head_io *io, hone_error *err)
{
    const head_state *s = self->state;
    hone_node *scores = hone_linear(g, "classifier", hone_head_pool(g, io), s->labels, normal);
    hone_head_scores(g, io, "scores", HONE_PER_SEQUENCE, scores);
    if (io->with_loss)
        hone_head_loss(g, io, 1.0, hone_binary_cross_entropy(g, scores, hone_input(g, io->in, "gold")));
    return hone_graph_status(g, err);
}

static hone_status classes_decode(const hone_self *self, const hone_decode *in, hone_answer *answers, hone_error *err)
{
    const int64_t n = ((const head_state *)self->state)->labels;
    const double *thresholds = in->n_calibration == (uint64_t)n * sizeof(double) ? in->calibration : NULL;
    hone_tensor scores;
    HONE_TRY(hone_decode_scores(in, "scores", &scores, err));
    float *p = hone_alloc_array(in->arena, (size_t)n, sizeof *p);
    int32_t *labels = hone_alloc_array(in->arena, (size_t)n, sizeof *labels);
    if (!p || !labels)
        return hone_no_memory(err, "decoding");
    answers[0] = hone_answer_of(HONE_TARGET_CLASSES);
    for (int64_t i = 0; i < n; i++) {
        p[i] = 1.0f / (1.0f + expf(-((const float *)scores.data)[i]));
        if (p[i] > (thresholds ? thresholds[i] : 0.5))
            labels[answers[0].n++] = (int32_t)i;
    }
    answers[0].labels = labels;
    answers[0].scores = p;
    answers[0].n_scores = (uint64_t)n;
    return HONE_OK;
}

/* The threshold of a label that gives the best F1 among 0.1, 0.2, ..., 0.9. */
static double best_threshold(const hone_evaluation *e, uint64_t label)
{
    double best = 0.5, best_f1 = -1.0;
    for (int step = 1; step <= 9; step++) {
        double hits = 0, marked = 0, gold = 0;
        for (uint64_t i = 0; i < e->n; i++) {
            const hone_record *r = hone_record_at(e, i);
            bool is = false;
            for (uint64_t k = 0; k < r->gold->n; k++)
                is |= r->gold->labels[k] == (int32_t)label;
            const bool says = r->prediction->scores[label] > 0.1f * (float)step;
            hits += is && says;
            marked += says;
            gold += is;
        }
        const double f1 = marked + gold > 0 ? 2 * hits / (marked + gold) : 0.0;
        if (f1 > best_f1) {
            best_f1 = f1;
            best = 0.1 * step;
        }
    }
    return best;
}

static hone_status classes_calibrate(const hone_self *self, const hone_evaluation *validation, const void **bytes, uint64_t *n,
                                     hone_error *err)
{
    double *thresholds = hone_alloc_array(self->trial, validation->n_labels, sizeof *thresholds);
    if (!thresholds)
        return hone_no_memory(err, "calibrating thresholds");
    for (uint64_t i = 0; i < validation->n_labels; i++)
        thresholds[i] = best_threshold(validation, i);
    *bytes = thresholds;
    *n = validation->n_labels * sizeof *thresholds;
    return HONE_OK;
}

/* score: one number a sequence. */
static hone_status score_build(const hone_self *self, hone_graph *g, const hone_head_io *io, hone_error *err)
{
    (void)self;
    hone_node *scores = hone_linear(g, "regressor", hone_mean_rows(g, io->hidden, io->in->starts), 1, normal);
    hone_head_scores(g, io, "scores", HONE_PER_SEQUENCE, scores);
    if (io->with_loss) {
        const hone_shape flat = hone_shape_1(hone_node_rows(scores));
        hone_head_loss(g, io, 1.0, hone_squared_error(g, hone_reshape(g, scores, &flat), hone_input(g, io->in, "gold")));
    }
    return hone_graph_status(g, err);
}

static hone_status score_decode(const hone_self *self, const hone_decode *in, hone_answer *answers, hone_error *err)
{
    (void)self;
    hone_tensor scores;
    HONE_TRY(hone_decode_scores(in, "scores", &scores, err));
    answers[0] = hone_answer_of(HONE_TARGET_SCORE);
    answers[0].score = (double)*(const float *)scores.data;
    return HONE_OK;
}

/* tags: words to sub-words, the label on the first; words lost to truncation have no row. */
static hone_status tags_prepare(const hone_self *self, const hone_prepare *in, hone_sequences *out, hone_error *err)
{
    (void)self;
    uint64_t n_words;
    const char *const *words = hone_example_texts(in->example, "words", &n_words);
    const hone_answer *gold = hone_example_gold(in->example);
    hone_tokens tokens = {.size = sizeof tokens};
    hone_sequence sequence = {.size = sizeof sequence};
    HONE_TRY(hone_encode_words(out, words, n_words, &tokens, err));
    HONE_TRY(hone_sequence_add(out, &tokens, NULL, -1, &sequence, err));
    int64_t *rows = hone_alloc_array(in->arena, n_words, sizeof *rows),
            *word = hone_alloc_array(in->arena, n_words, sizeof *word);
    int32_t *labels = hone_alloc_array(in->arena, n_words, sizeof *labels);
    if (!rows || !word || !labels)
        return hone_no_memory(err, "preparing tags");
    int64_t n = 0;
    for (uint64_t i = 0; i < sequence.n; i++) {
        const int64_t t = sequence.token[i];
        if (t < 0 || (t > 0 && tokens.word[t] == tokens.word[t - 1]))
            continue;
        rows[n] = (int64_t)i;
        word[n] = tokens.word[t];
        labels[n++] = gold ? gold->labels[tokens.word[t]] : -1;
    }
    const hone_tensor of_rows = {.data = rows, .dtype = HONE_I64, .shape = hone_shape_1(n)};
    const hone_tensor of_words = {.data = word, .dtype = HONE_I64, .shape = hone_shape_1(n)};
    const hone_tensor of_labels = {.data = labels, .dtype = HONE_I32, .shape = hone_shape_1(n)};
    HONE_TRY(hone_sequence_field(out, "word_rows", HONE_PER_ITEM, &of_rows, err));
    HONE_TRY(hone_sequence_field(out, "word_numbers", HONE_PER_ITEM, &of_words, err));
    return hone_sequence_field(out, "word_labels", HONE_PER_ITEM, &of_labels, err);
}

static hone_status tags_build(const hone_self *self, hone_graph *g, const hone_head_io *io, hone_error *err)
{
    const head_state *s = self->state;
    hone_node *x = hone_gather(g, io->hidden, hone_input(g, io->in, "word_rows"));
    hone_node *scores = hone_linear(g, "classifier", x, s->labels, normal);
    hone_head_scores(g, io, "scores", HONE_PER_ITEM, scores);
    if (io->with_loss)
        hone_head_loss(g, io, 1.0, hone_cross_entropy(g, scores, hone_input(g, io->in, "word_labels"), NULL, 0.0));
    return hone_graph_status(g, err);
}

/* One item a labelled word. */
static hone_status tags_items(const hone_self *self, uint32_t k, const hone_batch *batch, hone_items *out, hone_error *err)
{
    (void)self;
    (void)k;
    const int32_t *starts; /* items of each sequence; here a sequence is an example */
    const hone_tensor *labels = hone_batch_field(batch, "word_labels", &starts);
    out->n = (uint64_t)labels->shape.dim[0];
    out->weights = hone_alloc_array(out->arena, out->n, sizeof *out->weights);
    out->example = hone_alloc_array(out->arena, out->n, sizeof *out->example);
    if (!out->weights || !out->example)
        return hone_no_memory(err, "counting a batch's items");
    for (uint64_t b = 0; b < hone_batch_sequences(batch); b++)
        for (int32_t i = starts[b]; i < starts[b + 1]; i++) {
            out->weights[i] = ((const int32_t *)labels->data)[i] >= 0;
            out->example[i] = (uint32_t)b;
        }
    return HONE_OK;
}

static hone_status tags_decode(const hone_self *self, const hone_decode *in, hone_answer *answers, hone_error *err)
{
    const int64_t n_labels = ((const head_state *)self->state)->labels;
    uint64_t n_words;
    const int32_t *starts;
    hone_tensor scores;
    hone_answer row;
    (void)hone_example_texts(in->example, "words", &n_words);
    HONE_TRY(hone_decode_scores(in, "scores", &scores, err));
    const int64_t *word = hone_batch_field(in->batch, "word_numbers", &starts)->data;
    int32_t *labels = hone_alloc_array(in->arena, n_words, sizeof *labels);
    if (!labels)
        return hone_no_memory(err, "decoding tags");
    for (uint64_t i = 0; i < n_words; i++)
        labels[i] = -1; /* a word lost to truncation */
    for (int64_t i = 0; i < scores.shape.dim[0]; i++) {
        HONE_TRY(softmax_row((const float *)scores.data + i * n_labels, n_labels, in->arena, &row, err));
        labels[word[starts[in->first_sequence] + i]] = row.index;
    }
    answers[0] = hone_answer_of(HONE_TARGET_TAGS);
    answers[0].labels = labels;
    answers[0].n = n_words;
    return HONE_OK;
}

/* span: windows over a long text with doc_stride; each window is a sequence of the example. */
typedef struct span_params {
    int64_t doc_stride;
} span_params;

static const hone_param span_rows[] = {
    HONE_PARAM_INT(span_params, doc_stride, .def_int = 128, .min_int = 1, .max_int = 4096, .unit = "tokens",
                   .help = "tokens between the beginnings of two windows"),
};

static hone_tokens window_of(const hone_tokens *t, uint64_t begin, uint64_t n)
{
    hone_tokens w = *t;
    w.ids += begin;
    w.begin += begin;
    w.end += begin;
    w.word += begin;
    w.n = begin + n < t->n ? n : t->n - begin;
    return w;
}

static hone_status add_window(const hone_prepare *in, const hone_tokens *question, const hone_tokens *window,
                              hone_sequences *out, hone_error *err)
{
    hone_sequence s = {.size = sizeof s};
    HONE_TRY(hone_sequence_add(out, question, window, 1, &s, err));
    int64_t *bytes = hone_alloc_array(in->arena, 2 * s.n, sizeof *bytes);
    if (!bytes)
        return hone_no_memory(err, "preparing windows");
    int32_t target[2] = {-1, -1}; /* rows of the answer's first and last token; -1: not in this window */
    const hone_answer *gold = hone_example_gold(in->example);
    for (uint64_t i = 0; i < s.n; i++) {
        bytes[2 * i] = s.piece[i] == 1 ? (int64_t)window->begin[s.token[i]] : -1;
        bytes[2 * i + 1] = s.piece[i] == 1 ? (int64_t)window->end[s.token[i]] : -1;
        if (!gold || gold->n == 0 || bytes[2 * i] < 0)
            continue;
        if (bytes[2 * i] <= (int64_t)gold->spans[0].begin && (int64_t)gold->spans[0].begin < bytes[2 * i + 1])
            target[0] = (int32_t)i;
        if (bytes[2 * i] < (int64_t)gold->spans[0].end && (int64_t)gold->spans[0].end <= bytes[2 * i + 1])
            target[1] = (int32_t)i;
    }
    const hone_tensor of_bytes = {.data = bytes, .dtype = HONE_I64, .shape = hone_shape_2((int64_t)s.n, 2)};
    const hone_tensor of_target = {.data = target, .dtype = HONE_I32, .shape = hone_shape_1(2)};
    HONE_TRY(hone_sequence_field(out, "bytes", HONE_PER_TOKEN, &of_bytes, err));
    return hone_sequence_field(out, "answer", HONE_PER_SEQUENCE, &of_target, err);
}

static hone_status span_prepare(const hone_self *self, const hone_prepare *in, hone_sequences *out, hone_error *err)
{
    const span_params *p = self->params;
    size_t n_question, n_text;
    const char *question = hone_example_text(in->example, "text", &n_question);
    const char *text = hone_example_text(in->example, "text_pair", &n_text);
    hone_tokens q = {.size = sizeof q}, t = {.size = sizeof t};
    HONE_TRY(hone_encode(out, question, n_question, &q, err));
    HONE_TRY(hone_encode(out, text, n_text, &t, err));
    const uint64_t taken = q.n + in->tokenizer->n_pair; /* the template's special tokens, and two places for the pieces */
    const uint64_t room = in->max_length > taken ? in->max_length - taken : 1;
    for (uint64_t begin = 0; begin == 0 || begin + room < t.n + (uint64_t)p->doc_stride; begin += (uint64_t)p->doc_stride) {
        const hone_tokens window = window_of(&t, begin < t.n ? begin : 0, room);
        HONE_TRY(add_window(in, &q, &window, out, err));
    }
    return HONE_OK;
}

/* A softmax over the tokens of each sequence: the plugin's own operator. Only its table is here. */
static hone_status pick_shape(const hone_op_call *call, hone_error *err)
{
    const hone_shape *scores = &call->x[0]->shape, *starts = &call->x[1]->shape;
    if (scores->rank != 2 || scores->dim[1] != 2)
        return hone_fail(err, HONE_ESHAPE, "span.pick takes scores [N, 2]");
    call->y[0]->dtype = call->x[0]->dtype;
    call->y[0]->shape = hone_shape_1(starts->dim[0] - 1);
    return HONE_OK;
}

static hone_status pick_forward(const hone_op_call *call, hone_error *err)
{
    (void)err;
    const float *s = call->x[0]->data;
    const int32_t *starts = call->x[1]->data, *answer = call->x[2]->data;
    float *loss = call->y[0]->data;
    for (int64_t b = 0; b < call->y[0]->shape.dim[0]; b++) {
        loss[b] = 0.0f;
        for (int side = 0; side < 2; side++) {
            double sum = 0.0;
            for (int32_t i = starts[b]; i < starts[b + 1]; i++)
                sum += exp((double)s[2 * i + side]);
            const int32_t row = answer[2 * b + side] < 0 ? 0 : answer[2 * b + side]; /* none: the first token */
            loss[b] += (float)(0.5 * (log(sum) - (double)s[2 * (starts[b] + row) + side]));
        }
    }
    return HONE_OK;
}

static hone_status pick_backward(const hone_op_call *call, hone_error *err)
{
    (void)err;
    const float *s = call->x[0]->data, *dloss = call->dy[0]->data;
    const int32_t *starts = call->x[1]->data, *answer = call->x[2]->data;
    float *ds = call->dx[0]->data;
    for (int64_t b = 0; b < call->y[0]->shape.dim[0]; b++)
        for (int side = 0; side < 2; side++) {
            double sum = 0.0;
            for (int32_t i = starts[b]; i < starts[b + 1]; i++)
                sum += exp((double)s[2 * i + side]);
            for (int32_t i = starts[b]; i < starts[b + 1]; i++)
                ds[2 * i + side] += 0.5f * dloss[b] * (float)(exp((double)s[2 * i + side]) / sum);
            const int32_t row = answer[2 * b + side] < 0 ? 0 : answer[2 * b + side];
            ds[2 * (starts[b] + row) + side] -= 0.5f * dloss[b];
        }
    return HONE_OK;
}

static const hone_op pick;

static hone_status pick_example(hone_graph *g, uint32_t i, hone_node **y, hone_error *err)
{
    static const int32_t starts[] = {0, 3, 5}, answer[] = {1, 2, -1, -1};
    (void)err;
    if (i > 0)
        return HONE_END;
    const hone_shape scores = hone_shape_2(5, 2), of_starts = hone_shape_1(3), of_answer = hone_shape_2(2, 2);
    hone_node *x[] = {hone_example_input(g, HONE_F32, &scores, -1.0, 1.0), hone_constant(g, HONE_I32, &of_starts, starts),
                      hone_constant(g, HONE_I32, &of_answer, answer)};
    *y = hone_apply(g, NULL, &pick, NULL, 3, x);
    return HONE_OK;
}

static const hone_op pick = {.size = sizeof pick,
                             .version = 1,
                             .name = "span.pick",
                             .backward_needs = HONE_NEEDS_X(0) | HONE_NEEDS_X(1) | HONE_NEEDS_X(2),
                             .shape = pick_shape,
                             .forward = pick_forward,
                             .backward = pick_backward,
                             .example = pick_example};
static const hone_op *const span_ops[] = {&pick, NULL};

static hone_status span_build(const hone_self *self, hone_graph *g, const hone_head_io *io, hone_error *err)
{
    (void)self;
    hone_node *scores = hone_linear(g, "qa_outputs", io->hidden, 2, normal);
    hone_head_scores(g, io, "scores", HONE_PER_TOKEN, scores);
    if (io->with_loss) {
        hone_node *x[] = {scores, io->in->starts, hone_input(g, io->in, "answer")};
        hone_head_loss(g, io, 1.0, hone_apply(g, "loss", &pick, NULL, 3, x));
    }
    return hone_graph_status(g, err);
}

/* The best pair over all windows of the example, as bytes of the text. */
static hone_status span_decode(const hone_self *self, const hone_decode *in, hone_answer *answers, hone_error *err)
{
    (void)self;
    hone_tensor scores;
    HONE_TRY(hone_decode_scores(in, "scores", &scores, err));
    const int32_t *starts = hone_batch_starts(in->batch);
    const int64_t *bytes = hone_batch_field(in->batch, "bytes", NULL)->data;
    const float *s = scores.data;
    hone_span *best = hone_alloc(in->arena, sizeof *best);
    if (!best)
        return hone_no_memory(err, "decoding spans");
    best->score = -INFINITY;
    int64_t row = 0; /* of the example's scores */
    for (uint64_t k = in->first_sequence; k < in->first_sequence + in->n_sequences; k++) {
        const int64_t n = starts[k + 1] - starts[k];
        const int64_t(*range)[2] = (const int64_t(*)[2])(const void *)(bytes + 2 * (int64_t)starts[k]);
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = i; j < n && j < i + 30; j++)
                if (range[i][0] >= 0 && range[j][1] >= 0 && (double)(s[2 * (row + i)] + s[2 * (row + j) + 1]) > best->score)
                    *best = (hone_span){.begin = (uint64_t)range[i][0],
                                        .end = (uint64_t)range[j][1],
                                        .score = (double)(s[2 * (row + i)] + s[2 * (row + j) + 1])};
        row += n;
    }
    answers[0] = hone_answer_of(HONE_TARGET_SPAN);
    answers[0].spans = best;
    answers[0].span_size = sizeof *best;
    answers[0].n = best->score > -INFINITY;
    return HONE_OK;
}

/* choice: a sequence for each choice, paired with the question. */
static hone_status choice_prepare(const hone_self *self, const hone_prepare *in, hone_sequences *out, hone_error *err)
{
    (void)self;
    size_t n_question;
    uint64_t n_choices;
    const char *question = hone_example_text(in->example, "question", &n_question);
    const char *const *choices = hone_example_texts(in->example, "choices", &n_choices);
    if (n_choices < 2)
        return hone_fail(err, HONE_EFORMAT, "example %s has %llu choices; it needs two or more", hone_example_id(in->example),
                         (unsigned long long)n_choices);
    hone_tokens q = {.size = sizeof q};
    HONE_TRY(hone_encode(out, question, n_question, &q, err));
    for (uint64_t i = 0; i < n_choices; i++) {
        hone_tokens c = {.size = sizeof c};
        HONE_TRY(hone_encode(out, choices[i], strlen(choices[i]), &c, err));
        HONE_TRY(hone_sequence_add(out, &q, &c, -1, NULL, err));
    }
    return HONE_OK;
}

/* Its softmax runs over the sequences of each example: the span's operator, once for both columns, over example_starts. */
static hone_status choice_build(const hone_self *self, hone_graph *g, const hone_head_io *io, hone_error *err)
{
    (void)self;
    hone_node *score = hone_linear(g, "classifier", hone_head_pool(g, io), 1, normal);
    hone_head_scores(g, io, "scores", HONE_PER_SEQUENCE, score);
    if (io->with_loss) {
        hone_node *both[] = {score, score}, *gold = hone_input(g, io->in, "gold");
        const hone_shape column = hone_shape_2(hone_node_rows(gold), 1);
        hone_node *golds[] = {hone_reshape(g, gold, &column), hone_reshape(g, gold, &column)};
        hone_node *x[] = {hone_concat(g, 2, both), io->in->example_starts, hone_concat(g, 2, golds)};
        hone_head_loss(g, io, 1.0, hone_apply(g, "loss", &pick, NULL, 3, x));
    }
    return hone_graph_status(g, err);
}

static hone_status choice_items(const hone_self *self, uint32_t k, const hone_batch *batch, hone_items *out, hone_error *err)
{
    (void)self;
    (void)k;
    out->n = hone_batch_examples(batch);
    out->weights = hone_alloc_array(out->arena, out->n, sizeof *out->weights);
    out->example = hone_alloc_array(out->arena, out->n, sizeof *out->example);
    if (!out->weights || !out->example)
        return hone_no_memory(err, "counting a batch's items");
    for (uint64_t i = 0; i < out->n; i++) {
        out->weights[i] = 1.0;
        out->example[i] = (uint32_t)i;
    }
    return HONE_OK;
}

static hone_status choice_decode(const hone_self *self, const hone_decode *in, hone_answer *answers, hone_error *err)
{
    (void)self;
    hone_tensor scores;
    HONE_TRY(hone_decode_scores(in, "scores", &scores, err));
    answers[0] = hone_answer_of(HONE_TARGET_CHOICE);
    return softmax_row(scores.data, (int64_t)in->n_sequences, in->arena, &answers[0], err);
}

/* tokens and next sentence: two outputs, masks and second sentences made by prepare(), anew each epoch. */
static bool masked_here(const hone_prepare *in, uint64_t position)
{
    return hone_random_uniform(in->random, in->index, position) < 0.15;
}

static hone_status mlm_mask(const hone_prepare *in, const hone_sequence *s, hone_sequences *out, hone_error *err)
{
    int32_t *ids = hone_alloc_array(in->arena, s->n, sizeof *ids), *gold = hone_alloc_array(in->arena, s->n, sizeof *gold);
    int64_t *rows = hone_alloc_array(in->arena, s->n, sizeof *rows);
    if (!ids || !gold || !rows)
        return hone_no_memory(err, "masking");
    int64_t n = 0;
    for (uint64_t i = 0; i < s->n; i++) {
        ids[i] = s->ids[i];
        if (s->piece[i] < 0 || !masked_here(in, i))
            continue;
        rows[n] = (int64_t)i;
        gold[n++] = ids[i];
        const double u = hone_random_uniform(in->random, in->index, s->n + i);
        if (u < 0.8)
            ids[i] = in->tokenizer->mask;
        else if (u < 0.9)
            ids[i] = (int32_t)hone_random_below(in->random, in->index, 2 * s->n + i, (uint64_t)in->tokenizer->vocabulary);
    }
    const hone_tensor of_rows = {.data = rows, .dtype = HONE_I64, .shape = hone_shape_1(n)};
    const hone_tensor of_gold = {.data = gold, .dtype = HONE_I32, .shape = hone_shape_1(n)};
    HONE_TRY(hone_sequence_set_ids(out, ids, s->n, err));
    HONE_TRY(hone_sequence_field(out, "masked_rows", HONE_PER_ITEM, &of_rows, err));
    return hone_sequence_field(out, "masked_ids", HONE_PER_ITEM, &of_gold, err);
}

static hone_status pretrain_prepare(const hone_self *self, const hone_prepare *in, hone_sequences *out, hone_error *err)
{
    (void)self;
    const uint64_t n = hone_corpus_count(in->corpus);
    const bool next = hone_random_uniform(in->random, in->index, UINT64_MAX / 4) < 0.5 && in->index + 1 < n &&
                      hone_example_group(hone_corpus_at(in->corpus, in->index + 1)) == hone_example_group(in->example);
    const uint64_t other = next ? in->index + 1 : hone_random_below(in->random, in->index, UINT64_MAX / 8, n);
    size_t n_first, n_second;
    const char *first = hone_example_text(in->example, "text", &n_first);
    const char *second = hone_example_text(hone_corpus_at(in->corpus, other), "text", &n_second);
    hone_tokens a = {.size = sizeof a}, b = {.size = sizeof b};
    hone_sequence s = {.size = sizeof s};
    HONE_TRY(hone_encode(out, first, n_first, &a, err));
    HONE_TRY(hone_encode(out, second, n_second, &b, err));
    HONE_TRY(hone_sequence_add(out, &a, &b, -1, &s, err));
    const int32_t relation = next ? 0 : 1;
    const hone_tensor of_relation = {.data = (void *)(uintptr_t)&relation, .dtype = HONE_I32, .shape = hone_shape_1(1)};
    HONE_TRY(hone_sequence_field(out, "relation", HONE_PER_SEQUENCE, &of_relation, err));
    return mlm_mask(in, &s, out, err);
}

static hone_status pretrain_build(const hone_self *self, hone_graph *g, const hone_head_io *io, hone_error *err)
{
    const head_state *st = self->state;
    const int64_t h = hone_node_columns(io->hidden);
    hone_node *x = hone_gather(g, io->hidden, hone_input(g, io->in, "masked_rows"));
    x = hone_linear_activate(g, "cls.predictions.transform.dense", x, h, normal, HONE_ACT_GELU);
    x = hone_layer_norm(g, "cls.predictions.transform.LayerNorm", x, 1e-12);
    /* The decoder is the model's word embeddings. */
    hone_node *tied = hone_weight_of(g, hone_scope(g, "%s.%s", st->setup.model->prefix, st->setup.model->word_embeddings));
    const hone_shape bias = hone_shape_1(hone_node_rows(tied));
    hone_node *own = hone_weight(g, "cls.predictions.bias", &bias, (hone_init){0}, HONE_WEIGHT_NO_DECAY);
    hone_node *ids = hone_linear_of(g, x, tied, own);
    hone_node *relation = hone_linear(g, "cls.seq_relationship", hone_head_pool(g, io), 2, normal);
    hone_head_scores(g, io, "ids", HONE_PER_ITEM, ids);
    hone_head_scores(g, io, "relation", HONE_PER_SEQUENCE, relation);
    if (io->with_loss) {
        hone_head_loss(g, io, 1.0, hone_cross_entropy(g, ids, hone_input(g, io->in, "masked_ids"), NULL, 0.0));
        const hone_shape flat = hone_shape_1(hone_node_rows(relation));
        hone_node *gold = hone_reshape(g, hone_input(g, io->in, "relation"), &flat);
        hone_head_loss(g, io, 1.0, hone_cross_entropy(g, relation, gold, NULL, 0.0));
    }
    return hone_graph_status(g, err);
}

static const char *const relations[] = {"next", "random", NULL};

static hone_status pretrain_decode(const hone_self *self, const hone_decode *in, hone_answer *answers, hone_error *err)
{
    (void)self;
    hone_tensor ids, relation;
    const int32_t *starts;
    HONE_TRY(hone_decode_scores(in, "ids", &ids, err));
    HONE_TRY(hone_decode_scores(in, "relation", &relation, err));
    const int32_t *batch_gold =
        (const int32_t *)hone_batch_field(in->batch, "masked_ids", &starts)->data + starts[in->first_sequence];
    const int64_t n = ids.shape.dim[0], v = ids.shape.dim[1];
    int32_t *labels = hone_alloc_array(in->arena, (size_t)n, sizeof *labels);
    int32_t *gold = hone_alloc_array(in->arena, (size_t)n, sizeof *gold);
    float *losses = hone_alloc_array(in->arena, (size_t)n, sizeof *losses);
    if (!labels || !gold || !losses)
        return hone_no_memory(err, "decoding masked tokens");
    memcpy(gold, batch_gold, (size_t)n * sizeof *gold); /* answers outlive the batch */
    for (int64_t i = 0; i < n; i++) {
        const float *row = (const float *)ids.data + i * v;
        hone_answer one = {0};
        HONE_TRY(softmax_row(row, v, in->arena, &one, err));
        labels[i] = one.index;
        losses[i] = -logf(one.scores[gold[i]]);
    }
    answers[0] = hone_answer_of(HONE_TARGET_TOKENS);
    answers[0].labels = labels;
    answers[0].n = (uint64_t)n;
    answers[0].scores = losses; /* never V probabilities */
    answers[0].n_scores = (uint64_t)n;
    answers[1] = hone_answer_of(HONE_TARGET_CLASS);
    HONE_TRY(softmax_row(relation.data, 2, in->arena, &answers[1], err));
    if (in->gold) {
        in->gold[0] = hone_answer_of(HONE_TARGET_TOKENS);
        in->gold[0].labels = gold;
        in->gold[0].n = (uint64_t)n;
        in->gold[1] = hone_answer_of(HONE_TARGET_CLASS);
        in->gold[1].index = ((const int32_t *)hone_batch_field(in->batch, "relation", NULL)->data)[in->first_sequence];
    }
    return HONE_OK;
}

/* other: bytes that only the plugin understands, with a text form. */
static hone_status other_decode(const hone_self *self, const hone_decode *in, hone_answer *answers, hone_error *err)
{
    (void)self;
    hone_tensor scores;
    HONE_TRY(hone_decode_scores(in, "scores", &scores, err));
    uint8_t *path = hone_alloc(in->arena, 2);
    if (!path)
        return hone_no_memory(err, "decoding a path");
    const float *s = scores.data;
    path[0] = (uint8_t)(s[0] > 0.0f);
    path[1] = (uint8_t)(s[1] > 0.0f);
    answers[0] = hone_answer_of(HONE_TARGET_OTHER);
    answers[0].bytes = path;
    answers[0].n_bytes = 2;
    answers[0].text = hone_sprintf(in->arena, "%d/%d", path[0], path[1]);
    return answers[0].text ? HONE_OK : hone_no_memory(err, "decoding a path");
}

#define OUTPUT(id, TARGET)                                                                                                     \
    static const hone_output_of_head id##_outputs[] = {{.name = "", .target = TARGET}};                                        \
    enum { id##_n_outputs = 1 }
OUTPUT(class, HONE_TARGET_CLASS);
OUTPUT(classes, HONE_TARGET_CLASSES);
OUTPUT(score, HONE_TARGET_SCORE);
OUTPUT(tags, HONE_TARGET_TAGS);
OUTPUT(span, HONE_TARGET_SPAN);
OUTPUT(choice, HONE_TARGET_CHOICE);
OUTPUT(other, HONE_TARGET_OTHER);
static const hone_output_of_head pretrain_outputs[] = {
    {.name = "masked", .target = HONE_TARGET_TOKENS},
    {.name = "relation", .target = HONE_TARGET_CLASS, .labels = relations},
};
enum { pretrain_n_outputs = 2 };

#define HEAD(id, TAKES, builder, decoder, ...)                                                                                 \
    static const hone_head id##_head = {.plugin = {HONE_PLUGIN(hone_head, HONE_KIND_HEAD), .name = #id,                        \
                                                   .summary = "a head of the contract's test",                                 \
                                                   .state_size = sizeof(head_state)},                                          \
                                        .takes = HONE_TAKES(TAKES),                                                            \
                                        .n_outputs = id##_n_outputs,                                                           \
                                        .outputs = id##_outputs,                                                               \
                                        .output_size = sizeof(hone_output_of_head),                                            \
                                        .create = keep_setup,                                                                  \
                                        .build = builder,                                                                      \
                                        .decode = decoder,                                                                     \
                                        __VA_ARGS__}
HEAD(classes, HONE_TARGET_CLASSES, classes_build, classes_decode, .calibrate = classes_calibrate);
HEAD(score, HONE_TARGET_SCORE, score_build, score_decode, .architecture = "ForSequenceClassification");
HEAD(tags, HONE_TARGET_TAGS, tags_build, tags_decode, .prepare = tags_prepare, .items = tags_items);
HEAD(choice, HONE_TARGET_CHOICE, choice_build, choice_decode, .prepare = choice_prepare, .items = choice_items);
HEAD(pretrain, HONE_TARGET_NONE, pretrain_build, pretrain_decode, .prepare = pretrain_prepare, .prepare_per_epoch = 1);
HEAD(other, HONE_TARGET_OTHER, classes_build, other_decode, .prepare_per_epoch = 0);

/* Heads with parameters or operators, whose common part says more. */
static const hone_head class_head = {
    .plugin = {HONE_PLUGIN(hone_head, HONE_KIND_HEAD), .name = "class", .summary = "a head of the contract's test",
               .state_size = sizeof(head_state), HONE_PARAMS(class_params, class_rows)},
    .takes = HONE_TAKES(HONE_TARGET_CLASS),
    .n_outputs = class_n_outputs,
    .outputs = class_outputs,
    .output_size = sizeof(hone_output_of_head),
    .architecture = "ForSequenceClassification",
    .create = keep_setup,
    .build = class_build,
    .items = class_items,
    .decode = class_decode,
};
static const hone_head span_head = {
    .plugin = {HONE_PLUGIN(hone_head, HONE_KIND_HEAD), .name = "span", .summary = "a head of the contract's test",
               .state_size = sizeof(head_state), .ops = span_ops, HONE_PARAMS(span_params, span_rows)},
    .takes = HONE_TAKES(HONE_TARGET_SPAN),
    .n_outputs = span_n_outputs,
    .outputs = span_outputs,
    .output_size = sizeof(hone_output_of_head),
    .create = keep_setup,
    .prepare = span_prepare,
    .build = span_build,
    .decode = span_decode,
};

/* ---- Metrics ----------------------------------------------------------------------------------------------------- */

/* Is a prediction right? One function a target; a metric's figure is their mean. */
typedef double (*right_fn)(const hone_answer *gold, const hone_answer *prediction);

static double same_index(const hone_answer *gold, const hone_answer *prediction)
{
    return gold->index == prediction->index;
}

static double same_set(const hone_answer *gold, const hone_answer *prediction)
{
    return gold->n == prediction->n &&
           (gold->n == 0 || memcmp(gold->labels, prediction->labels, gold->n * sizeof(int32_t)) == 0);
}

static double squared(const hone_answer *gold, const hone_answer *prediction)
{
    return (gold->score - prediction->score) * (gold->score - prediction->score);
}

static double share_of_labels(const hone_answer *gold, const hone_answer *prediction)
{
    uint64_t right = 0;
    for (uint64_t i = 0; i < gold->n && i < prediction->n; i++)
        right += gold->labels[i] == prediction->labels[i];
    return gold->n ? (double)right / (double)gold->n : 1.0;
}

static double exact_span(const hone_answer *gold, const hone_answer *prediction)
{
    if (gold->n == 0 || prediction->n == 0)
        return gold->n == prediction->n;
    for (uint64_t i = 0; i < gold->n; i++)
        if (gold->spans[i].begin == prediction->spans[0].begin && gold->spans[i].end == prediction->spans[0].end)
            return 1.0;
    return 0.0;
}

static double same_bytes(const hone_answer *gold, const hone_answer *prediction)
{
    return gold->n_bytes == prediction->n_bytes && memcmp(gold->bytes, prediction->bytes, gold->n_bytes) == 0;
}

static hone_status mean_of(const hone_evaluation *e, right_fn right, hone_exhibits *out, hone_error *err)
{
    double sum = 0.0;
    for (uint64_t i = 0; i < e->n; i++) {
        const hone_record *r = hone_record_at(e, i);
        sum += right(r->gold, r->prediction);
    }
    return hone_figure(out, NULL, e->n ? sum / (double)e->n : (double)NAN, "mean over examples", err);
}

/* Beside its figure: a table of labels and a confusion matrix, which the report draws without knowing the metric. */
static hone_status show_labels(const hone_evaluation *e, hone_exhibits *out, hone_error *err)
{
    static const char *const columns[] = {"label", "examples"};
    hone_table *table;
    double values[64 * 64] = {0};
    const uint64_t n = e->n_labels < 64 ? e->n_labels : 64;
    HONE_TRY(hone_table_begin(out, "labels", "Examples of each label", 2, columns, &table, err));
    for (uint64_t i = 0; i < e->n; i++) {
        const hone_record *r = hone_record_at(e, i);
        if (r->gold->index >= 0 && (uint64_t)r->gold->index < n && (uint64_t)r->prediction->index < n)
            values[(uint64_t)r->gold->index * n + (uint64_t)r->prediction->index] += 1.0;
    }
    for (uint64_t l = 0; l < n; l++) {
        double count = 0.0;
        for (uint64_t k = 0; k < n; k++)
            count += values[l * n + k];
        HONE_TRY(hone_table_text(table, e->labels[l], err));
        HONE_TRY(hone_table_number(table, count, err));
    }
    const hone_matrix matrix = {.size = sizeof matrix,
                                .name = "confusion",
                                .title = "Confusion matrix",
                                .row_title = "gold",
                                .column_title = "predicted",
                                .n_rows = n,
                                .n_columns = n,
                                .rows = e->labels,
                                .columns = e->labels,
                                .values = values,
                                .counts = true};
    return hone_matrix_add(out, &matrix, err);
}

/* Perplexity of masked tokens, from the losses that predictions keep. */
static hone_status perplexity(const hone_self *self, const hone_evaluation *e, hone_exhibits *out, hone_error *err)
{
    (void)self;
    double sum = 0.0, n = 0.0, right = 0.0;
    for (uint64_t i = 0; i < e->n; i++) {
        const hone_record *r = hone_record_at(e, i);
        for (uint64_t k = 0; k < r->prediction->n; k++) {
            sum += (double)r->prediction->scores[k];
            right += r->prediction->labels[k] == r->gold->labels[k];
            n += 1.0;
        }
    }
    HONE_TRY(hone_figure(out, NULL, exp(sum / n), "of masked tokens", err));
    return hone_figure(out, "accuracy", right / n, NULL, err);
}

#define METRIC(id, TARGETS, way, right, more)                                                                                  \
    static hone_status id##_compute(const hone_self *self, const hone_evaluation *e, hone_exhibits *out, hone_error *err)      \
    {                                                                                                                          \
        (void)self;                                                                                                            \
        HONE_TRY(mean_of(e, right, out, err));                                                                                 \
        return more;                                                                                                           \
    }                                                                                                                          \
    static const hone_metric id##_metric = {                                                                                   \
        .plugin = {HONE_PLUGIN(hone_metric, HONE_KIND_METRIC), .name = #id, .summary = "a metric of the contract's test"},     \
        .targets = TARGETS,                                                                                                    \
        .direction = way,                                                                                                      \
        .compute = id##_compute,                                                                                               \
    }
METRIC(exact, HONE_TAKES(HONE_TARGET_CLASS) | HONE_TAKES(HONE_TARGET_CHOICE), 1, same_index, show_labels(e, out, err));
METRIC(subset, HONE_TAKES(HONE_TARGET_CLASSES), 1, same_set, HONE_OK);
METRIC(squares, HONE_TAKES(HONE_TARGET_SCORE), -1, squared, HONE_OK);
METRIC(words, HONE_TAKES(HONE_TARGET_TAGS), 1, share_of_labels, HONE_OK);
METRIC(spans, HONE_TAKES(HONE_TARGET_SPAN), 1, exact_span, HONE_OK);
METRIC(paths, HONE_TAKES(HONE_TARGET_OTHER), 1, same_bytes, HONE_OK);
static const hone_metric perplexity_metric = {
    .plugin = {HONE_PLUGIN(hone_metric, HONE_KIND_METRIC), .name = "perplexity", .summary = "a metric of the contract's test"},
    .targets = HONE_TAKES(HONE_TARGET_TOKENS),
    .direction = -1,
    .compute = perplexity,
};

HONE_MODULE(&class_reader.plugin, &classes_reader.plugin, &score_reader.plugin, &tags_reader.plugin, &span_reader.plugin,
            &choice_reader.plugin, &plain_reader.plugin, &other_reader.plugin, &pixel_reader.plugin, &class_head.plugin,
            &classes_head.plugin, &score_head.plugin, &tags_head.plugin, &span_head.plugin, &choice_head.plugin,
            &pretrain_head.plugin, &other_head.plugin, &exact_metric.plugin, &subset_metric.plugin, &squares_metric.plugin,
            &words_metric.plugin, &spans_metric.plugin, &paths_metric.plugin, &perplexity_metric.plugin);
