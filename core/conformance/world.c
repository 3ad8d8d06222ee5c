/* world.c - the data, the model and the head around a plugin under check: as small as they can be, and always the same.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "conformance/lab.h"
#include "data/encode.h"
#include "data/example.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- A tokenizer of bytes ---------------------------------------------------------------------------------------- */

enum { PAD, UNK, CLS, SEP, MASK, FIRST_BYTE, VOCABULARY = FIRST_BYTE + 32, HIDDEN = 8 };

static hone_status tokenizer_create(const hone_self *self, const char *dir, const hone_corpus *train, hone_error *err)
{
    (void)self;
    (void)dir;
    (void)train;
    (void)err;
    return HONE_OK;
}

static hone_status tokenizer_info(const hone_self *self, hone_tokenizer_info *info, hone_error *err)
{
    static const hone_template_item items[] = {{.piece = -1, .id = CLS},
                                               {.piece = 0},
                                               {.piece = -1, .id = SEP},
                                               {.piece = 1, .type = 1},
                                               {.piece = -1, .id = SEP, .type = 1}};
    (void)self;
    (void)err;
    *info = (hone_tokenizer_info){.size = sizeof *info,
                                  .vocabulary = VOCABULARY,
                                  .pad = PAD,
                                  .unk = UNK,
                                  .cls = CLS,
                                  .sep = SEP,
                                  .mask = MASK,
                                  .single = items,
                                  .pair = items,
                                  .n_single = 3,
                                  .n_pair = 5,
                                  .item_size = sizeof(hone_template_item)};
    return HONE_OK;
}

static hone_status tokenizer_encode(const hone_self *self, const char *text, size_t n, hone_token_sink *out, hone_error *err)
{
    (void)self;
    for (size_t i = 0; i < n; i++)
        HONE_TRY(hone_token_add(out, FIRST_BYTE + text[i] % 32, i, i + 1, err));
    return HONE_OK;
}

static const char *tokenizer_token(const hone_self *self, int32_t id)
{
    (void)self;
    return id >= 0 && id < VOCABULARY ? "token" : NULL;
}

static hone_status tokenizer_save(const hone_self *self, const char *dir, hone_error *err)
{
    (void)self;
    (void)dir;
    (void)err;
    return HONE_OK;
}

static const hone_tokenizer lab_tokenizer = {
    .plugin = {HONE_PLUGIN(hone_tokenizer, HONE_KIND_TOKENIZER), .name = "lab", .summary = "bytes"},
    .create = tokenizer_create,
    .info = tokenizer_info,
    .encode = tokenizer_encode,
    .token = tokenizer_token,
    .save = tokenizer_save,
};

/* ---- A model and a head ------------------------------------------------------------------------------------------ */

static const hone_init small_init = {.kind = HONE_INIT_NORMAL, .scale = 0.5};

static hone_status model_create(const hone_self *self, const hone_model_setup *setup, hone_error *err)
{
    (void)self;
    (void)setup;
    (void)err;
    return HONE_OK;
}

static int64_t model_hidden(const hone_self *self)
{
    (void)self;
    return HIDDEN;
}

static int64_t model_layers(const hone_self *self)
{
    (void)self;
    return 0;
}

static hone_status model_build(const hone_self *self, hone_graph *g, const hone_inputs *in, hone_node **hidden, hone_error *err)
{
    (void)self;
    *hidden = hone_open(g, "embeddings", hone_embedding(g, "embeddings.weight", VOCABULARY, HIDDEN, small_init, in->ids));
    return hone_graph_status(g, err);
}

static hone_node *model_pool(const hone_self *self, hone_graph *g, const hone_inputs *in, hone_node *hidden)
{
    (void)self;
    return hone_mean_rows(g, hidden, in->starts);
}

static int64_t model_layer_of(const hone_self *self, const char *weight)
{
    (void)self;
    return strcmp(weight, "embeddings.weight") == 0 ? 0 : -1;
}

const hone_model hone__lab_model = {
    .plugin = {HONE_PLUGIN(hone_model, HONE_KIND_MODEL), .name = "lab", .summary = "embeddings"},
    .prefix = "lab",
    .create = model_create,
    .hidden = model_hidden,
    .layers = model_layers,
    .build = model_build,
    .pool = model_pool,
    .layer_of = model_layer_of,
    .word_embeddings = "embeddings.weight",
};

static hone_status head_create(const hone_self *self, const hone_head_setup *setup, hone_error *err)
{
    (void)self;
    (void)setup;
    (void)err;
    return HONE_OK;
}

static hone_status head_build(const hone_self *self, hone_graph *g, const hone_head_io *io, hone_error *err)
{
    (void)self;
    hone_node *scores = hone_linear(g, "lab", hone_mean_rows(g, io->hidden, io->in->starts), HONE__LAB_LABELS, small_init);
    hone_head_scores(g, io, "scores", HONE_PER_SEQUENCE, scores);
    hone_node *gold = hone_input(g, io->in, "gold");
    if (gold && io->with_loss)
        hone_head_loss(g, io, 1.0, hone_cross_entropy(g, scores, gold, NULL, 0.0));
    return hone_graph_status(g, err);
}

static hone_status head_decode(const hone_self *self, const hone_decode *in, hone_answer *answers, hone_error *err)
{
    (void)self;
    (void)in;
    (void)err;
    answers[0] = hone_answer_of(HONE_TARGET_CLASS);
    return HONE_OK;
}

static const hone_output_of_head head_outputs[] = {{.name = "", .target = HONE_TARGET_CLASS}};
const hone_head hone__lab_head = {
    .plugin = {HONE_PLUGIN(hone_head, HONE_KIND_HEAD), .name = "lab", .summary = "a linear layer"},
    .takes = HONE_TAKES(HONE_TARGET_CLASS),
    .n_outputs = 1,
    .outputs = head_outputs,
    .output_size = sizeof(hone_output_of_head),
    .create = head_create,
    .build = head_build,
    .decode = head_decode,
};

/* ---- Facts and examples ------------------------------------------------------------------------------------------ */

static const char *const labels[HONE__LAB_LABELS] = {"a", "b", "c"};
static const char *const texts[HONE__LAB_EXAMPLES] = {"one", "two words", "three words here", "x", "a longer text of words",
                                                      "end"};

static bool has_labels(uint32_t target)
{
    return target == HONE_TARGET_CLASS || target == HONE_TARGET_CLASSES || target == HONE_TARGET_TAGS;
}

void hone__lab_target(hone__lab *lab, uint32_t target)
{
    static const uint64_t counts[HONE__LAB_LABELS] = {3, 2, 1};
    hone_error err;
    lab->tokenizer = (hone_tokenizer_info){.size = sizeof lab->tokenizer};
    (void)!tokenizer_info(NULL, &lab->tokenizer, &err);
    lab->facts = (hone_facts){.size = sizeof lab->facts,
                              .target = target,
                              .positive = target == HONE_TARGET_CLASS ? 1 : -1,
                              .n_labels = has_labels(target) ? HONE__LAB_LABELS : 0,
                              .labels = labels,
                              .counts = counts,
                              .n_train = HONE__LAB_EXAMPLES,
                              .tokenizer = &lab->tokenizer,
                              .max_length = HONE__LAB_LENGTH,
                              .hidden = HIDDEN};
}

static hone_status add_gold(hone_sink *sink, uint32_t target, uint64_t i, hone_error *err)
{
    static const char *const tags[] = {"a", "b"};
    const hone_span span = {.begin = 0, .end = 1};
    const char *const *name = &labels[i % HONE__LAB_LABELS];
    hone_answer gold = hone_answer_of((hone_target)target);
    switch (target) {
    case HONE_TARGET_CLASS:
        gold.names = name;
        gold.n = 1;
        break;
    case HONE_TARGET_CLASSES:
        gold.names = labels;
        gold.n = i % (HONE__LAB_LABELS + 1);
        break;
    case HONE_TARGET_SCORE:
        gold.score = 0.5 * (double)i;
        break;
    case HONE_TARGET_TAGS:
        gold.names = tags;
        gold.n = 2;
        break;
    case HONE_TARGET_SPAN:
        gold.spans = &span;
        gold.span_size = sizeof span;
        gold.n = 1;
        break;
    case HONE_TARGET_CHOICE:
        gold.index = (int32_t)(i % 2);
        break;
    case HONE_TARGET_OTHER:
        gold.bytes = texts[i];
        gold.n_bytes = 1;
        gold.text = labels[0];
        break;
    default:
        return HONE_OK; /* plain text has none */
    }
    return hone_sink_gold(sink, &gold, err);
}

static hone_status add_example(hone_sink *sink, uint32_t target, uint64_t i, hone_error *err)
{
    static const char *const words[] = {"two", "words"};
    const char *text = texts[i], *other = texts[(i + 1) % HONE__LAB_EXAMPLES];
    HONE_TRY(hone_sink_example(sink, NULL, i + 1, err));
    HONE_TRY(hone_sink_text(sink, "text", text, strlen(text), err));
    HONE_TRY(hone_sink_text(sink, "text_pair", other, strlen(other), err));
    if (target == HONE_TARGET_TAGS)
        HONE_TRY(hone_sink_texts(sink, "words", HONE_FIELD_WORDS, words, 2, err));
    if (target == HONE_TARGET_CHOICE) {
        HONE_TRY(hone_sink_text(sink, "question", text, strlen(text), err));
        HONE_TRY(hone_sink_texts(sink, "choices", HONE_FIELD_CHOICES, words, 2, err));
    }
    HONE_TRY(hone_sink_group(sink, i / 3, err));
    return add_gold(sink, target, i, err);
}

hone_status hone__lab_corpus(hone__lab *lab, uint32_t target, hone_corpus **corpus, hone_error *err)
{
    hone_sink *sink = hone__sink_create(&(hone__sink_setup){.arena = lab->arena,
                                                            .file = "examples of the check",
                                                            .split = "train",
                                                            .reader = "lab",
                                                            .target = (hone_target)target,
                                                            .needs_gold = target != HONE_TARGET_NONE});
    if (!sink)
        return hone_no_memory(err, "making up examples");
    hone_status status = HONE_OK;
    for (uint64_t i = 0; status == HONE_OK && i < HONE__LAB_EXAMPLES; i++)
        status = add_example(sink, target, i, err);
    if (status == HONE_OK)
        status = hone__sink_finish(sink, corpus, err);
    hone__sink_destroy(sink);
    if (status != HONE_OK || !has_labels(target))
        return status;
    static uint64_t counts[HONE__LAB_LABELS] = {3, 2, 1};
    const hone__labels list = {.names = (const char **)(uintptr_t)labels,
                               .shown = (const char **)(uintptr_t)labels,
                               .counts = counts,
                               .n = HONE__LAB_LABELS,
                               .positive = 1};
    return hone__corpus_index(*corpus, &list, err);
}

/* ---- Networks ---------------------------------------------------------------------------------------------------- */

static hone_status prepare(hone__lab *lab, const hone__network *net, uint32_t target, hone__prepared **prepared,
                           hone_error *err)
{
    hone_corpus *corpus;
    hone_self *tokenizer = hone__instance(lab->arena, lab->step, &lab_tokenizer.plugin, NULL, 7, NULL, NULL);
    if (!tokenizer || lab->n_prepared == HONE__LAB_OWNED)
        return hone_no_memory(err, "preparing examples");
    HONE_TRY(hone__lab_corpus(lab, target, &corpus, err));
    const hone__preparer p = {.tokenizer = &lab_tokenizer,
                              .tokenizer_self = tokenizer,
                              .info = lab->tokenizer,
                              .head = net->head,
                              .head_self = net->head_self,
                              .max_length = HONE__LAB_LENGTH,
                              .seed = 7,
                              .n_labels = lab->facts.n_labels};
    HONE_TRY(hone__prepare(&p, corpus, 0, true, NULL, prepared, err));
    lab->prepared[lab->n_prepared++] = *prepared;
    return HONE_OK;
}

static hone_status register_weights(hone__lab *lab, hone__network *net, const hone__prepared *prepared, hone_error *err)
{
    static const uint64_t order[HONE__LAB_EXAMPLES] = {0, 1, 2, 3, 4, 5};
    hone_batch *batch;
    HONE_TRY(hone__batch_pack(prepared, order, HONE__LAB_EXAMPLES, lab->step, &batch, err));
    HONE_TRY(hone__network_register(net, batch, lab->step, err));
    return hone__store_close(net->store, NULL, err);
}

hone_status hone__lab_network(hone__lab *lab, const hone_self *model, const hone_self *head, uint32_t target, int threads,
                              hone__network *net, hone__prepared **prepared, hone_error *err)
{
    const hone_self *own_model = hone__instance(lab->arena, lab->step, &hone__lab_model.plugin, NULL, 7, NULL, NULL);
    const hone_self *own_head = hone__instance(lab->arena, lab->step, &hone__lab_head.plugin, NULL, 7, NULL, NULL);
    if (!own_model || !own_head)
        return hone_no_memory(err, "making a network");
    HONE_TRY(hone__lab_store(lab, err));
    hone_store *store = lab->waiting;
    lab->waiting = NULL;
    model = model ? model : own_model;
    head = head ? head : own_head;
    *net = (hone__network){.model = (const hone_model *)(const void *)model->plugin,
                           .model_self = model,
                           .head = (const hone_head *)(const void *)head->plugin,
                           .head_self = head,
                           .store = store,
                           .seed = 7};
    HONE_TRY(hone__lab_pool(lab, threads, &net->pool, err));
    HONE_TRY(prepare(lab, net, target, prepared, err));
    return register_weights(lab, net, *prepared, err);
}

static hone_status keep_all(hone__lab *lab, hone__pass *p, bool gradient, hone_error *err)
{
    hone__graph_keep(p->graph, p->io.hidden, false);
    for (uint32_t i = 0; i < p->n_scores; i++)
        hone__graph_keep(p->graph, p->scores[i].node, false);
    for (uint32_t i = 0; i < p->n_losses; i++) {
        const int64_t n = hone_shape_count(hone_node_shape(p->losses[i].node));
        float *ones = n >= 0 ? hone_alloc_array(lab->step, (size_t)n, sizeof *ones) : NULL;
        if (!ones)
            return hone_no_memory(err, "running a network");
        for (int64_t k = 0; k < n; k++)
            ones[k] = 1.0f;
        hone__graph_keep(p->graph, p->losses[i].node, false);
        if (gradient)
            hone__graph_seed(p->graph, p->losses[i].node, ones);
    }
    return HONE_OK;
}

hone_status hone__lab_forward(hone__lab *lab, hone__network *net, const hone__prepared *prepared, const uint64_t *order,
                              uint64_t n, bool gradient, hone__lab_run *run, hone_error *err)
{
    const hone_step step = {.size = sizeof step, .step = 1, .total = 1, .n_passes = 1};
    run->pass = hone_alloc(lab->step, sizeof *run->pass);
    if (!run->pass || lab->n_blocks == HONE__LAB_OWNED)
        return hone_no_memory(err, "running a network");
    HONE_TRY(hone__batch_pack(prepared, order, n, lab->step, &run->batch, err));
    const hone__pass_setup setup = {
        .batch = run->batch, .arena = lab->step, .training = gradient, .with_loss = true, .step = gradient ? &step : NULL};
    HONE_TRY(hone__pass_build(run->pass, net, &setup, err));
    HONE_TRY(keep_all(lab, run->pass, gradient, err));
    HONE_TRY(hone__graph_plan(run->pass->graph, gradient, NULL, err));
    HONE_TRY(hone__graph_forward(run->pass->graph, &lab->blocks[lab->n_blocks++], err));
    return gradient ? hone__graph_backward(run->pass->graph, err) : HONE_OK;
}

bool hone__lab_same(const hone_tensor *a, const hone_tensor *b)
{
    const int64_t n = hone_shape_count(&a->shape);
    return a->dtype == b->dtype && hone_shape_equal(&a->shape, &b->shape) && n >= 0 &&
           memcmp(a->data, b->data, (size_t)n * hone_dtype_size(a->dtype)) == 0;
}

bool hone__lab_finite(const hone_tensor *t)
{
    const int64_t n = hone_shape_count(&t->shape);
    for (int64_t i = 0; t->dtype == HONE_F32 && i < n; i++)
        if (!isfinite((double)((const float *)t->data)[i]))
            return false;
    return true;
}
