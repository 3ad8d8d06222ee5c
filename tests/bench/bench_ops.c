/* bench_ops.c - how fast the operators are at the sizes of an encoder, each against what bounds it.
 *
 *     bench-ops [--json FILE] [--model minilm|bert-base|tiny] [--shape SEQUENCES,LENGTH] [--only OPERATOR] [THREADS [BACKEND ...]]
 *
 * Each operator runs alone, forward and backward, with each backend named ("null" is the reference; if none is named openblas and
 * native are run); the best of several runs counts. Its bound is the processor's peak in flops, or, where an operator has next to none, the
 * bytes that it must read and write at the rate of a plain sum over arrays of as many bytes; both are measured before it. The last line of
 * a backend adds them up to one training step, as often as each occurs in it. The norm of the gradient and AdamW's update are measured
 * over 16 Mi weights, which no cache holds.
 *
 * Linear layers are measured in bf16, too, against the peak of what multiplies it (AMX, AVX512_BF16, or float32 where there is neither).
 * Weights are inputs here, so they are packed in each call, while in training bf16 packs them once a step.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/arena.h"
#include "base/pool.h"
#include "cli/options.h"
#include "tensor/core_ops.h"
#include "tensor/run.h"
#include "train/squares.h"

#include "peak.h"
#include "rows.h"

#include <dlfcn.h>
#include <hone/hone.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of a model and a batch. */
typedef struct sizes {
    const char *model;
    int64_t hidden, inner, heads, layers, vocabulary;
    int64_t sequences, length, tokens;
} sizes;

static const sizes models[] = {{"minilm", 384, 1536, 12, 6, 30522, 16, 53, 0},
                               {"bert-base", 768, 3072, 12, 12, 30522, 8, 128, 0},
                               {"tiny", 32, 64, 2, 1, 100, 2, 7, 0}};
enum { MOST_SEQUENCES = 256 };

static sizes size;

typedef struct bench {
    hone_pool *pool;
    peak_kind bf16; /* of what multiplies it */
    const hone_backend *backend;
    const hone_self *self;
    hone_arena *arena;
    hone__block block;
    bench_rows rows;
    const char *only; /* an operator; NULL: all */
    double seconds;   /* for one operator, at least */
} bench;

/* One thread is timed by its own clock, which stands still while others have the processor. */
static double now(const bench *b)
{
    return clock_of(hone_pool_threads(b->pool) == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC);
}

static hone_node *input(hone_graph *g, int64_t rows, int64_t columns)
{
    hone_shape shape = hone_shape_2(rows, columns);
    return hone_example_input(g, HONE_F32, &shape, -1.0, 1.0);
}

static hone_node *row(hone_graph *g, int64_t columns)
{
    hone_shape shape = hone_shape_1(columns);
    return hone_example_input(g, HONE_F32, &shape, -1.0, 1.0);
}

static hone_node *starts_of(hone_graph *g)
{
    int32_t starts[MOST_SEQUENCES + 1];
    hone_shape shape = hone_shape_1(size.sequences + 1);
    for (int64_t b = 0; b <= size.sequences; b++)
        starts[b] = (int32_t)(b * size.length);
    return hone_constant(g, HONE_I32, &shape, starts);
}

static hone_node *build_h_h(hone_graph *g)
{
    return hone_linear_of(g, input(g, size.tokens, size.hidden), input(g, size.hidden, size.hidden), row(g, size.hidden));
}

static hone_node *build_h_inner(hone_graph *g)
{
    return hone_linear_of(g, input(g, size.tokens, size.hidden), input(g, size.inner, size.hidden), row(g, size.inner));
}

static hone_node *build_inner_h(hone_graph *g)
{
    return hone_linear_of(g, input(g, size.tokens, size.inner), input(g, size.hidden, size.inner), row(g, size.hidden));
}

static hone_node *build_attention(hone_graph *g)
{
    return hone_attention(g, "attention", input(g, size.tokens, size.hidden), input(g, size.tokens, size.hidden),
                          input(g, size.tokens, size.hidden), starts_of(g), size.heads, 0.1);
}

static hone_node *build_layer_norm(hone_graph *g)
{
    static const hone_layer_norm_params params = {1e-12};
    return hone_apply(g, "layer_norm", &hone__op_layer_norm, &params, 3,
                      (hone_node *[]){input(g, size.tokens, size.hidden), row(g, size.hidden), row(g, size.hidden)});
}

static hone_node *build_gelu(hone_graph *g)
{
    return hone_activate(g, input(g, size.tokens, size.inner), HONE_ACT_GELU);
}

static hone_node *build_dropout(hone_graph *g)
{
    return hone_dropout(g, "dropout", input(g, size.tokens, size.hidden), starts_of(g), 0.1);
}

static hone_node *build_add(hone_graph *g)
{
    return hone_add(g, input(g, size.tokens, size.hidden), input(g, size.tokens, size.hidden));
}

static hone_node *build_lookup(hone_graph *g)
{
    hone_shape shape = hone_shape_1(size.tokens);
    return hone_lookup(g, input(g, size.vocabulary, size.hidden), hone_example_input(g, HONE_I32, &shape, 0, size.vocabulary));
}

/* The loss of masked language modelling: of a batch's tokens one in seven is an item, and the vocabulary are its classes. */
static int64_t masked_items(void)
{
    return size.tokens / 7 + 1;
}

static hone_node *build_cross_entropy(hone_graph *g)
{
    hone_shape shape = hone_shape_1(masked_items());
    return hone_cross_entropy(g, input(g, masked_items(), size.vocabulary),
                              hone_example_input(g, HONE_I32, &shape, 0, size.vocabulary), NULL, 0);
}

/* What bounds an operator: flops or bytes, forward and backward. */
typedef struct work {
    double forward, backward;
    double per_step; /* how often it stands in a training step */
} work;

enum { BYTES, FLOPS, BF16 };

typedef struct row_of_table {
    const char *name;
    hone_node *(*build)(hone_graph *g);
    int products; /* what bounds it: FLOPS of float32 or BF16 of linear or attention; else BYTES */
    work (*work)(void);
} row_of_table;

static work products(double flops, double per_step)
{
    return (work){flops, 2 * flops, per_step};
}

/* Of so many bytes for each of `elements`. */
static work bytes(int64_t elements, double forward, double backward, int64_t per_step)
{
    return (work){forward * (double)elements, backward * (double)elements, (double)per_step};
}

static work work_h_h(void)
{
    return products(2.0 * (double)(size.tokens * size.hidden * size.hidden), 4.0 * (double)size.layers);
}

static work work_h_inner(void)
{
    return products(2.0 * (double)(size.tokens * size.hidden * size.inner), (double)size.layers);
}

static work work_attention(void)
{
    return products(4.0 * (double)(size.tokens * size.length * size.hidden), (double)size.layers);
}

/* x and y; x, dy and dx. */
static work work_layer_norm(void)
{
    return bytes(size.tokens * size.hidden, 8, 12, 2 * size.layers + 1);
}

static work work_gelu(void)
{
    return bytes(size.tokens * size.inner, 8, 12, size.layers);
}

/* x and y; dy and dx. */
static work work_dropout(void)
{
    return bytes(size.tokens * size.hidden, 8, 8, 2 * size.layers + 1);
}

/* Two operands and their sum; dy and two gradients. */
static work work_add(void)
{
    return bytes(size.tokens * size.hidden, 12, 12, 2 * size.layers + 2);
}

/* A row and its copy; dy and a row that it is added to. */
static work work_lookup(void)
{
    return bytes(size.tokens * size.hidden, 8, 12, 1);
}

/* Scores; scores and their gradient. Not in the step of a classifier, whose loss is small. */
static work work_cross_entropy(void)
{
    return bytes(masked_items() * size.vocabulary, 4, 8, 0);
}

static const row_of_table table[] = {
    {"linear hidden -> hidden", build_h_h, FLOPS, work_h_h},
    {"linear hidden -> inner", build_h_inner, FLOPS, work_h_inner},
    {"linear inner -> hidden", build_inner_h, FLOPS, work_h_inner},
    {"bf16 hidden -> hidden", build_h_h, BF16, work_h_h},
    {"bf16 hidden -> inner", build_h_inner, BF16, work_h_inner},
    {"bf16 inner -> hidden", build_inner_h, BF16, work_h_inner},
    {"attention", build_attention, FLOPS, work_attention},
    {"layer_norm", build_layer_norm, BYTES, work_layer_norm},
    {"gelu", build_gelu, BYTES, work_gelu},
    {"dropout", build_dropout, BYTES, work_dropout},
    {"add", build_add, BYTES, work_add},
    {"lookup", build_lookup, BYTES, work_lookup},
    {"cross_entropy", build_cross_entropy, BYTES, work_cross_entropy},
};

static void stop(const hone_error *err)
{
    fprintf(stderr, "%s\n", err->msg);
    exit(1);
}

/* Best seconds of a run forward and one backward. */
static void measure(bench *b, const row_of_table *r, double *forward, double *backward)
{
    hone_error err;
    *forward = *backward = 1e9;
    double begin = now(b);
    for (int i = 0; i < 40 && (i < 3 || now(b) - begin < b->seconds); i++) {
        hone__arena_reset(b->arena);
        const hone__graph_setup setup = {.arena = b->arena,
                                         .pool = b->pool,
                                         .backend = b->backend,
                                         .backend_self = b->self,
                                         .training = true,
                                         .bf16 = r->products == BF16};
        hone_graph *g = hone__graph_create(&setup);
        hone_node *y = r->build(g);
        float *dy = calloc((size_t)(hone_node_rows(y) * hone_node_columns(y)), sizeof *dy);
        hone__graph_seed(g, y, dy);
        if (hone__graph_plan(g, true, NULL, &err) != HONE_OK)
            stop(&err);
        if (hone__graph_forward(g, &b->block, &err) != HONE_OK) /* first touches the memory */
            stop(&err);
        double t = now(b);
        if (hone__graph_forward(g, &b->block, &err) != HONE_OK)
            stop(&err);
        double middle = now(b);
        if (hone__graph_backward(g, &err) != HONE_OK)
            stop(&err);
        double end = now(b);
        *forward = middle - t < *forward ? middle - t : *forward;
        *backward = end - middle < *backward ? end - middle : *backward;
        free(dy);
    }
}

/* GFLOP/s, the best of some; 0 where it is not known. */
static double peak_of(const bench *b, peak_kind kind)
{
    double most = 0;
    for (int i = 0; i < 10; i++) {
        const double begin = now(b), flops = peak_run(b->pool, kind), rate = flops / (now(b) - begin) * 1e-9;
        most = rate > most ? rate : most;
    }
    return most;
}

/* Bytes a second, the best of some, of a sum over arrays of so many bytes together: from the cache that holds them. */
static double bandwidth_of(const bench *b, double total)
{
    const int64_t n = (int64_t)(total / 12) + 1;
    float *memory = calloc(3 * (size_t)n, sizeof *memory);
    const peak_arrays arrays = {memory, memory + n, memory + 2 * n};
    double most = 0;
    for (int i = 0; i < 20 && memory; i++) {
        const double begin = now(b);
        peak_bytes_run(b->pool, &arrays, n);
        const double rate = 12.0 * (double)n / (now(b) - begin);
        most = i > 0 && rate > most ? rate : most;
    }
    free(memory);
    return most;
}

static void show(bench *b, const char *backend, const row_of_table *r, double forward, double backward, double peak)
{
    const work w = r->work();
    const double bound_forward = r->products ? peak * 1e9 : bandwidth_of(b, w.forward);
    const double bound_backward = r->products ? peak * 1e9 : bandwidth_of(b, w.backward);
    const double rate = w.forward / forward, rate_backward = w.backward / backward;
    printf("%-24s %10.3f %10.3f  %8.1f %8.1f %-7s %4.0f %% %4.0f %%\n", r->name, forward * 1e3, backward * 1e3, rate * 1e-9,
           rate_backward * 1e-9, r->products ? "GFLOP/s" : "GB/s", 100 * rate / bound_forward,
           100 * rate_backward / bound_backward);
    row_begin(&b->rows, "operator", r->name);
    row_text(&b->rows, "model", size.model);
    row_text(&b->rows, "backend", backend);
    row_text(&b->rows, "unit", r->products ? "GFLOP/s" : "GB/s");
    row_real(&b->rows, "threads", hone_pool_threads(b->pool));
    row_real(&b->rows, "tokens", (double)size.tokens);
    row_real(&b->rows, "forward_seconds", forward);
    row_real(&b->rows, "backward_seconds", backward);
    row_real(&b->rows, "forward_rate", rate * 1e-9);
    row_real(&b->rows, "backward_rate", rate_backward * 1e-9);
    row_real(&b->rows, "forward_share", rate / bound_forward);
    row_real(&b->rows, "backward_share", rate_backward / bound_backward);
    row_real(&b->rows, "per_step", w.per_step);
    row_end(&b->rows);
}

static void report(bench *b, const char *what)
{
    double seconds[BF16 + 1] = {0};
    printf("%s, %s, %lld x %lld, threads: %d\n%-24s %10s %10s  %8s %8s %7s %6s %6s of the bound\n", what, size.model,
           (long long)size.sequences, (long long)size.length, hone_pool_threads(b->pool), "", "forward ms", "backward",
           "forward", "backward", "", "fwd", "bwd");
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const row_of_table *r = &table[i];
        double forward, backward;
        if (b->only && strcmp(b->only, r->name) != 0)
            continue;
        const double peak = peak_of(b, r->products == BF16 ? b->bf16 : PEAK_F32);
        measure(b, r, &forward, &backward);
        show(b, what, r, forward, backward, peak);
        seconds[r->products] += r->work().per_step * (forward + backward);
    }
    if (b->only)
        return;
    printf("one step: %.1f ms in linear and attention, %.1f ms (%.0f %%) in the rest; the optimizer is not counted; peak %.0f "
           "GFLOP/s; linear in bf16 %.1f ms, its peak %.0f GFLOP/s\n\n",
           seconds[FLOPS] * 1e3, seconds[BYTES] * 1e3, 100 * seconds[BYTES] / (seconds[FLOPS] + seconds[BYTES]),
           peak_of(b, PEAK_F32), seconds[BF16] * 1e3, peak_of(b, b->bf16));
}

/* ---- The optimizer: the norm of the gradient, and the update ----------------------------------------------------------- */

enum { WEIGHTS = 1 << 24, PIECE = 16384, TINY_WEIGHTS = 1 << 16 };

typedef struct weights {
    const hone_optimizer *optimizer;
    const hone_self *self;
    int64_t n;
    float *w, *g, *m, *v;
    double sums[WEIGHTS / PIECE];
} weights;

static void norm_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    weights *w = ctx;
    (void)worker;
    for (int64_t i = begin; i < end; i++)
        w->sums[i] = hone__sum_of_squares(w->g + i * PIECE, PIECE);
}

static void update_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    weights *w = ctx;
    (void)worker;
    for (int64_t i = begin; i < end; i++) {
        float *slots[] = {w->m + i * PIECE, w->v + i * PIECE};
        w->optimizer->update(w->self, &(hone_update){.size = sizeof(hone_update),
                                                     .name = "w",
                                                     .begin = i * PIECE,
                                                     .n = PIECE,
                                                     .total = w->n,
                                                     .w = w->w + i * PIECE,
                                                     .g = w->g + i * PIECE,
                                                     .slots = slots,
                                                     .step = 2,
                                                     .learning_rate = 1e-5,
                                                     .weight_decay = 0.01,
                                                     .gradient_scale = 0.5});
    }
}

static void show_pass(bench *b, const char *name, weights *w, double bytes, void (*range)(void *, int64_t, int64_t, int))
{
    double best = 1e9, begin = now(b);
    for (int i = 0; i < 40 && (i < 3 || now(b) - begin < b->seconds); i++) {
        const double t = now(b);
        hone_pool_run(b->pool, w->n / PIECE, 1, range, w);
        best = now(b) - t < best ? now(b) - t : best;
    }
    const double rate = bytes * (double)w->n / best, bound = bandwidth_of(b, bytes * (double)w->n);
    printf("%-24s %10.3f %10s  %8.1f %8s GB/s    %4.0f %%\n", name, best * 1e3, "", rate * 1e-9, "", 100 * rate / bound);
    row_begin(&b->rows, "operator", name);
    row_text(&b->rows, "unit", "GB/s");
    row_real(&b->rows, "threads", hone_pool_threads(b->pool));
    row_real(&b->rows, "weights", (double)w->n);
    row_real(&b->rows, "forward_seconds", best);
    row_real(&b->rows, "forward_rate", rate * 1e-9);
    row_real(&b->rows, "forward_share", rate / bound);
    row_end(&b->rows);
}

static const hone_module *open_module(const char *kind, const char *name)
{
    char path[4096];
    const char *folder = getenv("HONE_PLUGIN_PATH");
    snprintf(path, sizeof path, "%s/%s/%s.so", folder ? folder : "build/release/plugins", kind, name);
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!object)
        printf("no %s %s (HONE_PLUGIN_PATH says where plugins are): %s\n", kind, name, dlerror());
    return object ? dlsym(object, "hone_exports") : NULL;
}

/* The values of the settings do not matter here: zeros. */
static void report_optimizer(bench *b)
{
    const hone_module *module = open_module("optimizer", "adamw");
    weights *w = calloc(1, sizeof *w);
    if (!module || !w) {
        free(w);
        return;
    }
    hone_self self = {.size = sizeof self, .plugin = module->plugins[0], .pool = b->pool};
    void *params = calloc(1, (size_t)self.plugin->params_size + 1);
    self.params = params;
    w->optimizer = (const hone_optimizer *)(const void *)module->plugins[0];
    w->self = &self;
    w->n = strcmp(size.model, "tiny") == 0 ? TINY_WEIGHTS : WEIGHTS;
    float *all = hone__aligned(64, 4 * (size_t)w->n * sizeof *all);
    if (all && params) {
        w->w = all, w->g = all + w->n, w->m = all + 2 * w->n, w->v = all + 3 * w->n;
        for (int64_t i = 0; i < w->n; i++)
            all[i] = all[w->n + i] = (float)(i % 997 + 1) * 1e-3f;
        printf("%lld weights, threads: %d\n", (long long)w->n, hone_pool_threads(b->pool));
        show_pass(b, "norm of the gradient", w, 4, norm_range);
        show_pass(b, "adamw", w, 28, update_range);
    }
    hone__free(all);
    free(params);
    free(w);
}

static const hone_backend *open_backend(const char *name, hone_self *self, hone_pool *pool, hone_arena *arena)
{
    const hone_module *module = open_module("backend", name);
    if (!module)
        return NULL;
    const hone_backend *backend = (const hone_backend *)module->plugins[0];
    hone_error err;
    *self = (hone_self){.size = sizeof *self, .plugin = module->plugins[0], .trial = arena, .step = arena, .pool = pool};
    self->state = calloc(1, backend->plugin.state_size + 1);
    if (!self->state || backend->create(self, &err) != HONE_OK)
        stop(&err);
    printf("%s\n\n", backend->describe(self));
    return backend;
}

static void run_backend(bench *b, const char *name, hone_arena *trial)
{
    hone_self self;
    b->backend = open_backend(name, &self, b->pool, trial);
    b->self = &self;
    if (!b->backend)
        return;
    const char *text = b->backend->describe(&self);
    b->bf16 = strstr(text, "amx_bf16") ? PEAK_BF16_TILES : strstr(text, "avx512_bf16") ? PEAK_BF16_VECTORS : PEAK_F32;
    report(b, name);
    if (b->backend->plugin.destroy)
        b->backend->plugin.destroy(&self);
    free(self.state);
    b->self = NULL;
}

static bool choose_sizes(const char *model, const char *shape)
{
    for (size_t i = 0; i < sizeof models / sizeof *models; i++)
        if (strcmp(models[i].model, model ? model : "minilm") == 0)
            size = models[i];
    if (shape && sscanf(shape, "%" SCNd64 ",%" SCNd64, &size.sequences, &size.length) != 2)
        size.model = NULL;
    size.tokens = size.sequences * size.length;
    return size.model && size.sequences > 0 && size.sequences <= MOST_SEQUENCES && size.length > 0 && size.length <= 512;
}

int main(int argc, char **argv)
{
    hone_error err;
    bench b = {.arena = hone__arena_create(0)};
    hone_arena *trial = hone__arena_create(0);
    const char *json = NULL, *model = NULL, *shape = NULL;
    int n;
    const hone__option options[] = {
        {"--json", NULL, &json}, {"--model", NULL, &model}, {"--shape", NULL, &shape}, {"--only", NULL, &b.only}, {0}};
    if (!hone__options_take(argc, argv, options, &n) || !rows_open(&b.rows, json))
        return 2;
    if (!choose_sizes(model, shape)) {
        fprintf(stderr, "bench-ops: the models are minilm, bert-base and tiny, and a shape is SEQUENCES,LENGTH: 16,53\n");
        return 2;
    }
    b.seconds = strcmp(size.model, "tiny") == 0 ? 0 : 0.6;
    if (hone__pool_create(n > 0 ? atoi(argv[1]) : 2, &b.pool, &err) != HONE_OK)
        stop(&err);
    for (int i = 2; i <= n; i++)
        run_backend(&b, argv[i], trial);
    if (n <= 1) {
        run_backend(&b, "openblas", trial);
        run_backend(&b, "native", trial);
    }
    if (!b.only)
        report_optimizer(&b);
    hone__block_free(&b.block);
    hone__pool_destroy(b.pool);
    hone__arena_destroy(b.arena);
    hone__arena_destroy(trial);
    return rows_close(&b.rows) ? 0 : 1;
}
