/* bench_ops.c - how fast the operators are at the sizes of MiniLM-L6: 16 sequences of 53 tokens, 384 hidden, 12 heads.
 *
 *     bench-ops [THREADS [BACKEND ...]]
 *
 * Each operator runs alone, forward and backward, with each backend named ("null" is the reference; if none is named openblas and
 * native are run); the best of several runs counts. The processor's peak is measured before each backend, and shares of it are shown. The last lines add them up to one training step, as often as each occurs in it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/pool.h"
#include "tensor/core_ops.h"
#include "tensor/run.h"

#include "peak.h"

#include <dlfcn.h>
#include <hone/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { SEQUENCES = 16, LENGTH = 53, N = SEQUENCES * LENGTH, H = 384, INNER = 1536, HEADS = 12, LAYERS = 6, VOCABULARY = 30522 };

typedef struct bench {
    hone_pool *pool;
    const hone_backend *backend;
    const hone_self *self;
    hone_arena *arena;
    hone__block block;
} bench;

/* One thread is timed by its own clock, which stands still while others have the processor. */
static double now(const bench *b)
{
    struct timespec t;
    clock_gettime(hone_pool_threads(b->pool) == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
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
    int32_t starts[SEQUENCES + 1];
    hone_shape shape = hone_shape_1(SEQUENCES + 1);
    for (int32_t b = 0; b <= SEQUENCES; b++)
        starts[b] = b * LENGTH;
    return hone_constant(g, HONE_I32, &shape, starts);
}

static hone_node *build_h_h(hone_graph *g)
{
    return hone_linear_of(g, input(g, N, H), input(g, H, H), row(g, H));
}

static hone_node *build_h_inner(hone_graph *g)
{
    return hone_linear_of(g, input(g, N, H), input(g, INNER, H), row(g, INNER));
}

static hone_node *build_inner_h(hone_graph *g)
{
    return hone_linear_of(g, input(g, N, INNER), input(g, H, INNER), row(g, H));
}

static hone_node *build_attention(hone_graph *g)
{
    return hone_attention(g, "attention", input(g, N, H), input(g, N, H), input(g, N, H), starts_of(g), HEADS, 0.1);
}

static hone_node *build_layer_norm(hone_graph *g)
{
    static const hone_layer_norm_params params = {1e-12};
    return hone_apply(g, "layer_norm", &hone__op_layer_norm, &params, 3, (hone_node *[]){input(g, N, H), row(g, H), row(g, H)});
}

static hone_node *build_gelu(hone_graph *g)
{
    return hone_activate(g, input(g, N, INNER), HONE_ACT_GELU);
}

static hone_node *build_dropout(hone_graph *g)
{
    return hone_dropout(g, "dropout", input(g, N, H), starts_of(g), 0.1);
}

static hone_node *build_add(hone_graph *g)
{
    return hone_add(g, input(g, N, H), input(g, N, H));
}

static hone_node *build_lookup(hone_graph *g)
{
    hone_shape shape = hone_shape_1(N);
    return hone_lookup(g, input(g, VOCABULARY, H), hone_example_input(g, HONE_I32, &shape, 0, VOCABULARY));
}

typedef struct row_of_table {
    const char *name;
    hone_node *(*build)(hone_graph *g);
    double flops;  /* forward; backward has twice as many. 0: count bytes */
    int per_step;  /* in a training step of MiniLM-L6 */
    bool fast_one; /* linear or attention */
} row_of_table;

static const row_of_table table[] = {
    {"linear 384 -> 384", build_h_h, 2.0 * N *H *H, 4 * LAYERS, true},
    {"linear 384 -> 1536", build_h_inner, 2.0 * N *H *INNER, LAYERS, true},
    {"linear 1536 -> 384", build_inner_h, 2.0 * N *H *INNER, LAYERS, true},
    {"attention", build_attention, 4.0 * N *LENGTH *H, LAYERS, true},
    {"layer_norm", build_layer_norm, 0, 2 * LAYERS + 1, false},
    {"gelu 1536", build_gelu, 0, LAYERS, false},
    {"dropout", build_dropout, 0, 2 * LAYERS + 1, false},
    {"add", build_add, 0, 2 * LAYERS + 2, false},
    {"lookup", build_lookup, 0, 1, false},
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
    for (int i = 0; i < 40 && (i < 3 || now(b) - begin < 0.6); i++) {
        hone__arena_reset(b->arena);
        const hone__graph_setup setup = {
            .arena = b->arena, .pool = b->pool, .backend = b->backend, .backend_self = b->self, .training = true};
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
static double peak_of(const bench *b)
{
    double most = 0;
    for (int i = 0; i < 10; i++) {
        const double begin = now(b), flops = peak_run(b->pool), rate = flops / (now(b) - begin) * 1e-9;
        most = rate > most ? rate : most;
    }
    return most;
}

static void report(bench *b, const char *what)
{
    const double peak = peak_of(b);
    double fast = 0, other = 0;
    printf("peak of the processor: %.0f GFLOP/s\n", peak);
    printf("%s, %d threads\n%-20s %10s %10s %12s %12s\n", what, hone_pool_threads(b->pool), "", "forward ms", "backward ms",
           "GFLOP/s fwd", "GFLOP/s bwd, shares of the peak");
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const row_of_table *r = &table[i];
        double forward, backward;
        measure(b, r, &forward, &backward);
        printf("%-20s %10.3f %11.3f", r->name, forward * 1e3, backward * 1e3);
        if (r->flops > 0)
            printf(" %12.1f %12.1f", r->flops / forward * 1e-9, 2 * r->flops / backward * 1e-9);
        if (r->flops > 0 && peak > 0)
            printf(" %7.0f %% %3.0f %%", r->flops / forward * 1e-7 / peak, 2 * r->flops / backward * 1e-7 / peak);
        printf("\n");
        *(r->fast_one ? &fast : &other) += r->per_step * (forward + backward);
    }
    printf(
        "one step of MiniLM-L6: %.1f ms in linear and attention, %.1f ms (%.0f %%) in the rest; the optimizer not counted\n\n",
        fast * 1e3, other * 1e3, 100 * other / (fast + other));
}

static const hone_backend *open_backend(const char *name, hone_self *self, hone_pool *pool, hone_arena *arena)
{
    char path[4096];
    const char *folder = getenv("HONE_PLUGIN_PATH");
    snprintf(path, sizeof path, "%s/backend/%s.so", folder ? folder : "build/release/plugins", name);
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!object) {
        printf("no backend %s (HONE_PLUGIN_PATH says where plugins are): %s\n", name, dlerror());
        return NULL;
    }
    const hone_module *module = dlsym(object, "hone_exports");
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
    report(b, name);
    if (b->backend->plugin.destroy)
        b->backend->plugin.destroy(&self);
    free(self.state);
    b->self = NULL;
}

int main(int argc, char **argv)
{
    hone_error err;
    bench b = {.arena = hone__arena_create(0)};
    hone_arena *trial = hone__arena_create(0);
    if (hone__pool_create(argc > 1 ? atoi(argv[1]) : 2, &b.pool, &err) != HONE_OK)
        stop(&err);
    for (int i = 2; i < argc; i++)
        run_backend(&b, argv[i], trial);
    if (argc <= 2) {
        run_backend(&b, "openblas", trial);
        run_backend(&b, "native", trial);
    }
    hone__block_free(&b.block);
    hone__pool_destroy(b.pool);
    hone__arena_destroy(b.arena);
    hone__arena_destroy(trial);
    return 0;
}
