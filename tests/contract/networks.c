/* networks.c - the contract of models, techniques and backends, proven by use: what later issues will ask of them.
 *
 * These files are only compiled. Their code is what real plugins would do, cut short. Not here, because they need nothing of a plugin:
 * low-rank adapters, int8 and bf16 weights are forms in which the store holds what hone_linear() asks for.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>

#include <math.h>
#include <string.h>

static const hone_init normal = {.kind = HONE_INIT_NORMAL, .scale = 0.02};

/* ---- A model of images: array fields, rank 4, buffers, an operator of its own ------------------------------------- */

typedef struct resnet_params {
    int64_t channels;
    hone_list depths; /* of the stages, int64_t */
} resnet_params;

static const hone_param resnet_rows[] = {
    HONE_PARAM_INT(resnet_params, channels, .def_int = 64, .min_int = 1, .max_int = 4096, .unit = "channels",
                   .help = "channels of the first stage"),
    HONE_PARAM_LIST(resnet_params, depths, HONE_INT, int64_t, .min_int = 1, .max_int = 64, .def_text = "[2, 2, 2, 2]",
                    .min_items = 1, .max_items = 8, .unit = "blocks", .help = "blocks of each stage"),
};

typedef struct conv_params {
    int64_t stride, padding;
} conv_params;

/* y [E, O, H, W] = x [E, I, H, W] * w [O, I, K, K]; only the table counts here. */
static hone_status conv_shape(const hone_op_call *call, hone_error *err)
{
    const conv_params *p = call->params;
    const hone_shape *x = &call->x[0]->shape, *w = &call->x[1]->shape;
    if (x->rank != 4 || w->rank != 4 || x->dim[1] != w->dim[1])
        return hone_fail(err, HONE_ESHAPE, "resnet.conv takes x [E, I, H, W] and w [O, I, K, K]");
    hone_shape *y = &call->y[0]->shape;
    *y = *x;
    y->dim[1] = w->dim[0];
    for (int d = 2; d < 4; d++)
        y->dim[d] = (x->dim[d] + 2 * p->padding - w->dim[d]) / p->stride + 1;
    call->y[0]->dtype = call->x[0]->dtype;
    return HONE_OK;
}

static size_t conv_scratch(const hone_op_call *call)
{
    const hone_shape *w = &call->x[1]->shape;
    return (size_t)(w->dim[1] * w->dim[2] * w->dim[3]) * sizeof(float) * (size_t)hone_pool_threads(call->pool);
}

static void conv_images(void *ctx, int64_t begin, int64_t end, int worker)
{
    const hone_op_call *call = ctx;
    const int64_t per_image = hone_shape_count(&call->y[0]->shape) / call->y[0]->shape.dim[0];
    float *patch = (float *)call->scratch + worker;
    for (int64_t i = begin * per_image; i < end * per_image; i++) {
        *patch = ((const float *)call->x[1]->data)[0];
        ((float *)call->y[0]->data)[i] = *patch;
    }
}

static hone_status conv_forward(const hone_op_call *call, hone_error *err)
{
    (void)err;
    hone_pool_run(call->pool, call->y[0]->shape.dim[0], 1, conv_images, (void *)(uintptr_t)call);
    return HONE_OK;
}

static const hone_op conv = {.size = sizeof conv,
                             .version = 1,
                             .name = "resnet.conv",
                             .params_size = sizeof(conv_params),
                             .flags = HONE_OP_ROWS_INDEPENDENT,
                             .shape = conv_shape,
                             .scratch_size = conv_scratch,
                             .forward = conv_forward};
static const hone_op *const resnet_ops[] = {&conv, NULL};

static hone_status resnet_create(const hone_self *self, const hone_model_setup *setup, hone_error *err)
{
    const resnet_params *p = self->params;
    (void)setup;
    return p->depths.n <= 8 ? HONE_OK : hone_fail(err, HONE_EINVAL, "resnet has %llu stages", (unsigned long long)p->depths.n);
}

static int64_t resnet_hidden(const hone_self *self)
{
    return ((const resnet_params *)self->params)->channels;
}

static hone_status resnet_build(const hone_self *self, hone_graph *g, const hone_inputs *in, hone_node **hidden,
                                hone_error *err)
{
    const int64_t c = resnet_hidden(self);
    const hone_shape kernel = {.rank = 4, .dim = {c, 3, 3, 3}}, per_channel = hone_shape_1(c);
    hone_node *pixels = hone_input(g, in, "pixels"); /* [E, 3, H, W] */
    if (!pixels)
        pixels = hone_graph_fail(g, HONE_EINVAL, "the model resnet reads a field pixels, which the examples do not have");
    const conv_params how = {.stride = 2, .padding = 1};
    hone_node *x[] = {pixels, hone_weight(g, "stem.weight", &kernel, normal, 0)};
    hone_node *y = hone_apply(g, "stem", &conv, &how, 2, x);
    /* Statistics of a frozen batch norm: buffers, saved with the model and not trained. */
    hone_node *mean = hone_weight(g, "stem.norm.running_mean", &per_channel, (hone_init){0}, HONE_WEIGHT_BUFFER);
    const int64_t images = hone_node_shape(y)->dim[0], places = hone_node_shape(y)->dim[2] * hone_node_shape(y)->dim[3];
    const hone_shape rows = {.rank = 2, .dim = {images * places, c}};
    y = hone_add(g, hone_reshape(g, y, &rows), hone_scaled(g, mean, -1.0));
    *hidden = hone_open(g, "layer.1", hone_activate(g, y, HONE_ACT_RELU));
    return hone_graph_status(g, err);
}

static const hone_model resnet = {
    .plugin = {HONE_PLUGIN(hone_model, HONE_KIND_MODEL), .name = "resnet", .summary = "a model of the contract's test",
               .ops = resnet_ops, HONE_PARAMS(resnet_params, resnet_rows)},
    .prefix = "resnet",
    .reads = 1u << HONE_FIELD_ARRAY,
    .create = resnet_create,
    .hidden = resnet_hidden,
    .build = resnet_build,
};

/* ---- A CRF: an operator over whole sequences, and a decode that reads weights ------------------------------------- */

static hone_status crf_create(const hone_self *self, const hone_head_setup *setup, hone_error *err)
{
    (void)err;
    *(hone_head_setup *)self->state = *setup;
    return HONE_OK;
}

/* Only its shape is here: the negative log-likelihood of each sequence's labels. */
static hone_status crf_shape(const hone_op_call *call, hone_error *err)
{
    if (call->x[0]->shape.dim[1] != call->x[1]->shape.dim[0])
        return hone_fail(err, HONE_ESHAPE, "crf.likelihood has scores of %lld labels and transitions of %lld",
                         (long long)call->x[0]->shape.dim[1], (long long)call->x[1]->shape.dim[0]);
    call->y[0]->shape = hone_shape_1(call->x[2]->shape.dim[0] - 1);
    call->y[0]->dtype = call->x[0]->dtype;
    return HONE_OK;
}

static size_t crf_saved(const hone_op_call *call)
{
    return (size_t)hone_shape_count(&call->x[0]->shape) * sizeof(double); /* the forward recursion's log sums */
}

static hone_status crf_forward(const hone_op_call *call, hone_error *err)
{
    double *alpha = call->saved;
    alpha[0] = 0.0;
    if (!isfinite((double)((const float *)call->x[0]->data)[0]))
        return hone_fail(err, HONE_ENUMERIC, "the scores of the CRF are not finite");
    memset(call->y[0]->data, 0, (size_t)call->y[0]->shape.dim[0] * sizeof(float));
    return HONE_OK;
}

static const hone_op crf_op = {.size = sizeof crf_op,
                               .version = 1,
                               .name = "crf.likelihood",
                               .shape = crf_shape,
                               .saved_size = crf_saved,
                               .forward = crf_forward};
static const hone_op *const crf_ops[] = {&crf_op, NULL};

static hone_status crf_build(const hone_self *self, hone_graph *g, const hone_head_io *io, hone_error *err)
{
    const hone_head_setup *setup = self->state;
    const int64_t c = (int64_t)setup->facts->n_labels;
    const hone_shape square = hone_shape_2(c, c);
    hone_node *scores = hone_linear(g, "classifier", io->hidden, c, normal);
    hone_node *transitions = hone_weight(g, "crf.transitions", &square, normal, HONE_WEIGHT_NO_DECAY);
    hone_head_scores(g, io, "scores", HONE_PER_TOKEN, scores);
    if (io->with_loss) {
        hone_node *x[] = {scores, transitions, io->in->starts, hone_input(g, io->in, "labels")};
        hone_head_loss(g, io, 1.0, hone_apply(g, "crf", &crf_op, NULL, 4, x));
    }
    return hone_graph_status(g, err);
}

/* Viterbi over the scores and the transitions, of which one step is enough here. */
static hone_status crf_decode(const hone_self *self, const hone_decode *in, hone_answer *answers, hone_error *err)
{
    const hone_head_setup *setup = self->state;
    const hone_tensor *transitions = hone_store_find(setup->store, "crf.transitions");
    hone_tensor scores;
    if (!transitions)
        return hone_fail(err, HONE_ENOTFOUND, "the model has no weight crf.transitions");
    HONE_TRY(hone_decode_scores(in, "scores", &scores, err));
    const int64_t n = scores.shape.dim[0], c = scores.shape.dim[1];
    const float *s = scores.data, *t = transitions->data;
    int32_t *labels = hone_alloc_array(in->arena, (size_t)n, sizeof *labels);
    if (!labels)
        return hone_no_memory(err, "decoding with a CRF");
    for (int64_t i = 1; i < n; i++)
        for (int32_t k = 1; k < c; k++)
            if (s[i * c + k] + t[labels[i - 1] * c + k] > s[i * c + labels[i]] + t[labels[i - 1] * c + labels[i]])
                labels[i] = k;
    answers[0] = hone_answer_of(HONE_TARGET_TAGS);
    answers[0].labels = labels;
    answers[0].n = (uint64_t)n;
    return HONE_OK;
}

static const hone_output_of_head crf_outputs[] = {{.name = "", .target = HONE_TARGET_TAGS}};
static const hone_head crf = {
    .plugin = {HONE_PLUGIN(hone_head, HONE_KIND_HEAD), .name = "crf", .summary = "a head of the contract's test",
               .state_size = sizeof(hone_head_setup), .ops = crf_ops},
    .takes = HONE_TAKES(HONE_TARGET_TAGS),
    .n_outputs = 1,
    .outputs = crf_outputs,
    .output_size = sizeof(hone_output_of_head),
    .create = crf_create,
    .build = crf_build,
    .decode = crf_decode,
};

/* ---- Techniques -------------------------------------------------------------------------------------------------- */

typedef struct fgm_params {
    double epsilon;
} fgm_params;

static const hone_param fgm_rows[] = {
    HONE_PARAM_REAL(fgm_params, epsilon, .def_real = 1.0, .max_real = 100.0, .flags = HONE_OPEN_MIN, .unit = "1",
                    .help = "length of the step against the gradient"),
};

static uint32_t two_passes(const hone_self *self, const hone_step *step)
{
    (void)self;
    (void)step;
    return 2;
}

/* epsilon g / |g|. Source: Miyato et al. 2017, "Adversarial training methods for semi-supervised text classification", equation 5. */
static hone_status fgm_perturb(const hone_self *self, const hone_step *step, const char *node, const hone_tensor *gradient,
                               hone_tensor *delta, bool *wanted, hone_error *err)
{
    (void)node;
    (void)err;
    *wanted = step->pass == 1 && gradient != NULL;
    if (!*wanted)
        return HONE_OK;
    const int64_t n = hone_shape_count(&gradient->shape);
    const float *g = gradient->data;
    double norm = 0.0;
    for (int64_t i = 0; i < n; i++)
        norm += (double)g[i] * (double)g[i];
    const double factor = norm > 0.0 ? ((const fgm_params *)self->params)->epsilon / sqrt(norm) : 0.0;
    for (int64_t i = 0; i < n; i++)
        ((float *)delta->data)[i] = (float)(factor * (double)g[i]);
    return HONE_OK;
}

static const hone_technique fgm = {
    .plugin = {HONE_PLUGIN(hone_technique, HONE_KIND_TECHNIQUE), .name = "fgm", .summary = "a technique of the contract's test",
               HONE_PARAMS(fgm_params, fgm_rows)},
    .passes = two_passes,
    .perturb = fgm_perturb,
    .perturbs = "embeddings",
};

/* A moving average of the weights in a slot, evaluated and saved in their place. */
static void ema_after_update(const hone_self *self, const hone_weight_range *range)
{
    (void)self;
    float *average = range->slots[0];
    for (int64_t i = 0; i < range->n; i++)
        average[i] = range->step == 1 ? range->w[i] : 0.999f * average[i] + 0.001f * range->w[i];
}

static void ema_evaluate(const hone_self *self, const hone_weight_range *range)
{
    (void)self;
    if (range->step > 0)
        memcpy(range->w, range->slots[0], (size_t)range->n * sizeof(float));
}

static const hone_technique ema = {
    .plugin = {HONE_PLUGIN(hone_technique, HONE_KIND_TECHNIQUE), .name = "ema",
               .summary = "a technique of the contract's test"},
    .n_slots = 1,
    .after_update = ema_after_update,
    .evaluate = ema_evaluate,
};

/* R-Drop: two dropout masks in one graph, and a loss between their scores (here their squared difference). */
static hone_status rdrop_build(const hone_self *self, hone_graph *g, const hone_step *step, const hone_head_io *io,
                               hone_error *err)
{
    (void)self;
    (void)step;
    hone_head_io again = {.size = sizeof again};
    HONE_TRY(hone_build_again(g, io, 1, &again, err));
    hone_node *p = hone_scores_of(g, io, "scores"), *q = hone_scores_of(g, &again, "scores");
    if (!p || !q)
        return hone_fail(err, HONE_EUNSUPPORTED, "the technique rdrop needs a head that gives scores under the name scores");
    hone_head_loss(g, io, 0.5, hone_squared_error(g, p, q));
    return hone_graph_status(g, err);
}

static const hone_technique rdrop = {
    .plugin = {HONE_PLUGIN(hone_technique, HONE_KIND_TECHNIQUE), .name = "rdrop",
               .summary = "a technique of the contract's test"},
    .build = rdrop_build,
};

/* R-Drop in passes that are not one graph: the second adds its gradient to the first's. */
static const hone_technique two_masks = {
    .plugin = {HONE_PLUGIN(hone_technique, HONE_KIND_TECHNIQUE), .name = "two_masks",
               .summary = "a technique of the contract's test"},
    .passes = two_passes,
};

/* Distillation from a teacher of any architecture, whose weights come from its own folder; or from scores that the data carries. */
typedef struct distill_params {
    const hone_self *teacher;
    const char *path;
    double weight;
} distill_params;

static const hone_param distill_rows[] = {
    HONE_PARAM_PLUGIN(distill_params, teacher, HONE_KIND_MODEL, .help = "the teacher's model; absent: one like the student's"),
    HONE_PARAM_STRING(distill_params, path, .flags = HONE_MODEL_PATH | HONE_REQUIRED,
                      .help = "folder of the teacher's weights"),
    HONE_PARAM_REAL(distill_params, weight, .def_real = 0.5, .max_real = 1.0, .unit = "1",
                    .help = "share of the teacher's loss"),
};

static const char *distill_load(const hone_self *self, const char **prefix)
{
    *prefix = "teacher";
    return ((const distill_params *)self->params)->path;
}

static hone_status distill_build(const hone_self *self, hone_graph *g, const hone_step *step, const hone_head_io *io,
                                 hone_error *err)
{
    const distill_params *p = self->params;
    hone_node *taught = hone_input(g, io->in, "teacher_scores"), *hidden;
    hone_node *scores = hone_scores_of(g, io, "scores");
    (void)step;
    if (taught && scores) { /* stored scores, as a field of the batch */
        hone_head_loss(g, io, p->weight, hone_squared_error(g, scores, taught));
        return hone_graph_status(g, err);
    }
    HONE_TRY(hone_build_model(g, io, p->teacher, "teacher", true, &hidden, err));
    hone_node *mine =
        hone_linear(g, "distill.projection", hone_mean_rows(g, io->hidden, io->in->starts), hone_node_columns(hidden), normal);
    hone_node *theirs = hone_stop_gradient(g, hone_mean_rows(g, hidden, io->in->starts));
    hone_head_loss(g, io, p->weight, hone_squared_error(g, mine, theirs));
    return hone_graph_status(g, err);
}

static const hone_technique distill = {
    .plugin = {HONE_PLUGIN(hone_technique, HONE_KIND_TECHNIQUE), .name = "distill",
               .summary = "a technique of the contract's test", HONE_PARAMS(distill_params, distill_rows)},
    .build = distill_build,
    .load = distill_load,
};

/* Gradual unfreezing: one more layer each epoch, from the top. */
typedef struct unfreeze_state {
    const hone_model *model;
    const hone_self *model_self;
} unfreeze_state;

static hone_status unfreeze_create(const hone_self *self, const hone_technique_setup *setup, hone_error *err)
{
    if (!setup->model->layer_of || !setup->model->layers)
        return hone_fail(err, HONE_EUNSUPPORTED, "the model does not say which layer a weight belongs to");
    *(unfreeze_state *)self->state = (unfreeze_state){setup->model, setup->model_self};
    return HONE_OK;
}

static double unfreeze_rate(const hone_self *self, const hone_step *step, const char *weight)
{
    const unfreeze_state *s = self->state;
    const size_t n = strlen(s->model->prefix);
    if (strncmp(weight, s->model->prefix, n) != 0 || weight[n] != '.')
        return 1.0;
    return s->model->layer_of(s->model_self, weight + n + 1) + (int64_t)step->epoch >= s->model->layers(s->model_self) ? 1.0
                                                                                                                       : 0.0;
}

static const hone_technique unfreeze = {
    .plugin = {HONE_PLUGIN(hone_technique, HONE_KIND_TECHNIQUE), .name = "unfreeze",
               .summary = "a technique of the contract's test", .state_size = sizeof(unfreeze_state)},
    .create = unfreeze_create,
    .rate = unfreeze_rate,
};

/* ---- A backend that takes runs of nodes, as a GPU would ----------------------------------------------------------- */

static hone_status gpu_create(const hone_self *self, hone_error *err)
{
    (void)self;
    return hone_fail(err, HONE_EUNSUPPORTED, "there is no such device in this machine");
}

static bool gpu_supports(const hone_self *self, const hone_op_call *call, hone_direction direction)
{
    (void)self;
    return strcmp(call->op->name, "linear") == 0 && call->op->version == 1 && direction == HONE_FORWARD;
}

static hone_status gpu_run(const hone_self *self, const hone_op_call *call, hone_direction direction, hone_error *err)
{
    (void)self;
    (void)call;
    (void)direction;
    return hone_fail(err, HONE_EUNSUPPORTED, "there is no such device in this machine");
}

static const char *gpu_describe(const hone_self *self)
{
    (void)self;
    return "a device of the contract's test";
}

/* Everything up to the first operator that it does not know: intermediate results stay on the device. */
static uint32_t gpu_claim(const hone_self *self, const hone_op_call *const *calls, uint32_t n, hone_direction direction,
                          size_t *scratch)
{
    uint32_t taken = 0;
    *scratch = 0;
    while (taken < n && gpu_supports(self, calls[taken], direction))
        taken++;
    return taken > 1 ? taken : 0;
}

static hone_status gpu_run_claimed(const hone_self *self, const hone_op_call *const *calls, uint32_t n,
                                   hone_direction direction, hone_error *err)
{
    for (uint32_t i = 0; i < n; i++)
        HONE_TRY(gpu_run(self, calls[i], direction, err));
    return HONE_OK;
}

static const hone_backend gpu = {
    .plugin = {HONE_PLUGIN(hone_backend, HONE_KIND_BACKEND), .name = "gpu", .summary = "a backend of the contract's test"},
    .create = gpu_create,
    .supports = gpu_supports,
    .run = gpu_run,
    .describe = gpu_describe,
    .claim = gpu_claim,
    .run_claimed = gpu_run_claimed,
};

/* ---- A searcher that learns, a stopper that halves ---------------------------------------------------------------- */

static uint64_t learning_lag(const hone_self *self)
{
    (void)self;
    return 3; /* four points at once */
}

static uint64_t no_end(const hone_self *self, const hone_space *space)
{
    (void)self;
    (void)space;
    return 0;
}

static hone_status learning_ask(const hone_self *self, const hone_space *space, uint64_t i, const hone_history *history,
                                double *x, hone_error *err)
{
    (void)err;
    const hone_key key = {.seed = self->seed, .scope = hone_scope_hash("learning"), .step = i};
    const hone_stream random = hone_stream_of(&key);
    const hone_point *best = NULL;
    for (uint64_t k = 0; k < history->n; k++) {
        const hone_point *p = hone_point_at(history, k);
        if (p->state == HONE_POINT_COMPLETE && (!best || p->value > best->value))
            best = p;
    }
    for (uint64_t d = 0; d < space->n; d++) {
        const hone_dimension *dimension = hone_dimension_at(space, d);
        const double u = hone_random_uniform(random, d, 0), centre = best ? best->x[d] : dimension->min;
        x[d] = dimension->distribution == HONE_CATEGORICAL
                   ? (double)hone_random_below(random, d, 1, dimension->n_choices)
                   : fmin(dimension->max, centre + u * (dimension->max - dimension->min) / 2);
    }
    return HONE_OK;
}

static const hone_searcher learning = {
    .plugin = {HONE_PLUGIN(hone_searcher, HONE_KIND_SEARCHER), .name = "learning",
               .summary = "a searcher of the contract's test"},
    .lag = learning_lag,
    .takes_history = 1,
    .count = no_end,
    .ask = learning_ask,
};

static bool halving_stop(const hone_self *self, const hone_point *running, const hone_history *others)
{
    (void)self;
    if (running->n_curve == 0)
        return false;
    uint64_t better = 0, seen = 0;
    for (uint64_t i = 0; i < others->n; i++) {
        const hone_point *p = hone_point_at(others, i);
        if (p->n_curve < running->n_curve)
            continue;
        seen++;
        better += p->curve[running->n_curve - 1] > running->curve[running->n_curve - 1];
    }
    return 2 * better > seen;
}

static const hone_stopper halving = {
    .plugin = {HONE_PLUGIN(hone_stopper, HONE_KIND_STOPPER), .name = "halving", .summary = "a stopper of the contract's test"},
    .stop = halving_stop,
};

HONE_MODULE(&resnet.plugin, &crf.plugin, &fgm.plugin, &ema.plugin, &rdrop.plugin, &two_masks.plugin, &distill.plugin,
            &unfreeze.plugin, &gpu.plugin, &learning.plugin, &halving.plugin);
