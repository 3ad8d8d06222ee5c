/* bench_step.c - how long training steps and evaluated batches of any experiment file take, through the code that trials run.
 *
 *     bench-step [--name NAME] [--steps N] [--batches N] [--json FILE] FILE [key=value ...]
 *
 * The first step and the first batch are not counted. The peak of the processor is measured beside each step, so that both have the same
 * neighbours; the best and the median count. Seconds are taken twice: by the clock on the wall, and as the processor's time of all threads
 * divided by their number, which leaves out what others had of the processor.
 *
 * Flops of a training step are 6 x encoder weights x tokens + 12 x layers x hidden x sum of squared lengths; of an evaluated batch a third.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "cli/options.h"
#include "cli/session.h"
#include "config/yaml.h"
#include "data/prepared.h"
#include "train/loop.h"

#include "peak.h"
#include "rows.h"

#include <stdlib.h>
#include <sys/resource.h>

enum { FORWARD = 2, TRAINING = 6 }; /* flops a weight and token */

typedef struct bench {
    hone__parts *parts;
    bench_rows rows;
    const char *name;
    const char *precision;
    long steps, batches;
    int threads;
    double layer_weights, layers; /* of the encoder */
    double peak[PEAK_KINDS], peak_processor[PEAK_KINDS];
    double ready; /* processor's time from the start of the program until the first step could begin */
} bench;

/* ---- Peak -------------------------------------------------------------------------------------------------------- */

static void measure_peak(bench *b, peak_kind kind)
{
    const double wall = wall_now(), processor = processor_now(), flops = peak_run(b->parts->pool, kind);
    const double by_wall = flops / (wall_now() - wall), by_processor = flops / (processor_now() - processor) * b->threads;
    b->peak[kind] = by_wall > b->peak[kind] ? by_wall : b->peak[kind];
    b->peak_processor[kind] = by_processor > b->peak_processor[kind] ? by_processor : b->peak_processor[kind];
}

static void measure_peaks(bench *b)
{
    for (int kind = 0; kind < PEAK_KINDS; kind++)
        measure_peak(b, (peak_kind)kind);
}

/* ---- Flops ------------------------------------------------------------------------------------------------------- */

/* The matrices of the encoder's layers. */
static void count_weights(bench *b)
{
    const hone__network *net = &b->parts->network;
    const size_t n = strlen(net->model->prefix);
    b->layers = net->model->layers ? (double)net->model->layers(net->model_self) : 0;
    for (size_t i = 0; i < hone__store_count(net->store) && net->model->layer_of; i++) {
        const hone__weight *w = hone__store_at(net->store, i);
        const bool own = strncmp(w->name, net->model->prefix, n) == 0 && w->name[n] == '.';
        if (own && w->value.shape.rank == 2 && net->model->layer_of(net->model_self, w->name + n + 1) > 0)
            b->layer_weights += (double)w->n;
    }
}

/* Of the examples in order[0 .. n). */
static void count_tokens(const hone__prepared *p, const uint64_t *order, uint64_t n, double *tokens, double *squares)
{
    *tokens = *squares = 0;
    for (uint64_t e = 0; e < n; e++)
        for (uint64_t s = p->example_starts[order[e]]; s < p->example_starts[order[e] + 1]; s++) {
            const double length = (double)(p->starts[s + 1] - p->starts[s]);
            *tokens += length;
            *squares += length * length;
        }
}

static double flops_of(const bench *b, int per_weight, double tokens, double squares)
{
    return per_weight * (b->layer_weights * tokens + 2 * b->layers * (double)b->parts->facts.hidden * squares);
}

/* ---- Rows -------------------------------------------------------------------------------------------------------- */

/* What was taken of each step or batch, and of all together. */
typedef struct taken {
    samples seconds, processor;   /* both as their negative, so that the most is the best */
    samples rate, processor_rate; /* flops a second */
    double all_seconds, all_processor, tokens, examples;
    double begin, begin_processor;
} taken;

static void take_begin(taken *t)
{
    t->begin_processor = processor_now();
    t->begin = wall_now();
}

static void take_end(const bench *b, taken *t, double flops, double tokens, double examples)
{
    const double seconds = wall_now() - t->begin, processor = (processor_now() - t->begin_processor) / b->threads;
    samples_add(&t->seconds, -seconds);
    samples_add(&t->processor, -processor);
    samples_add(&t->rate, flops / seconds);
    samples_add(&t->processor_rate, flops / processor);
    t->all_seconds += seconds;
    t->all_processor += processor;
    t->tokens += tokens;
    t->examples += examples;
}

static double peak_memory_mib(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? (double)usage.ru_maxrss / 1024 : NAN;
}

/* Of what the trial computes with: bf16 by whichever way the processor does it faster, float32 by AVX2 where the backend is held to that. */
static double peak_for(const bench *b, const double *peaks)
{
    const hone__network *net = &b->parts->network;
    if (strcmp(b->precision, "bf16") != 0)
        return peaks[net->backend && strstr(net->backend->describe(net->backend_self), "avx2") ? PEAK_F32_AVX2 : PEAK_F32];
    return fmax(peaks[PEAK_F32], fmax(peaks[PEAK_BF16_VECTORS], peaks[PEAK_BF16_TILES]));
}

static void show(bench *b, const char *what, const taken *t)
{
    const double best = -samples_most(&t->seconds), median = -samples_median(&t->seconds);
    const double rate = samples_most(&t->rate), processor_rate = samples_most(&t->processor_rate);
    const double peak = peak_for(b, b->peak), peak_processor = peak_for(b, b->peak_processor);
    const hone_backend *backend = b->parts->network.backend;
    printf("%-10s %-30s %d  %-8s %-7s %9.1f %9.1f %8.1f %5.0f %% %8.1f %5.0f %% %9.0f %8.1f %7.0f\n", what, b->name, b->threads,
           backend ? backend->plugin.name : "null", b->precision, best * 1e3, median * 1e3, rate * 1e-9, 100 * rate / peak,
           processor_rate * 1e-9, 100 * processor_rate / peak_processor, t->tokens / t->all_seconds,
           t->examples / t->all_seconds, peak_memory_mib());
    row_begin(&b->rows, what, b->name);
    row_text(&b->rows, "backend", backend ? backend->plugin.name : "null");
    row_text(&b->rows, "precision", b->precision);
    row_real(&b->rows, "threads", b->threads);
    row_real(&b->rows, "n", t->seconds.n);
    row_real(&b->rows, "seconds", best);
    row_real(&b->rows, "seconds_median", median);
    row_real(&b->rows, "processor_seconds", -samples_most(&t->processor));
    row_real(&b->rows, "processor_seconds_median", -samples_median(&t->processor));
    row_real(&b->rows, "gflops", rate * 1e-9);
    row_real(&b->rows, "gflops_median", samples_median(&t->rate) * 1e-9);
    row_real(&b->rows, "gflops_processor", processor_rate * 1e-9);
    row_real(&b->rows, "share", rate / peak);
    row_real(&b->rows, "share_processor", processor_rate / peak_processor);
    row_real(&b->rows, "peak_gflops", peak * 1e-9);
    row_real(&b->rows, "peak_gflops_processor", peak_processor * 1e-9);
    row_real(&b->rows, "peak_gflops_float32", b->peak[PEAK_F32] * 1e-9);
    row_real(&b->rows, "peak_gflops_float32_avx2", b->peak[PEAK_F32_AVX2] * 1e-9);
    row_real(&b->rows, "peak_gflops_bf16_vectors", b->peak[PEAK_BF16_VECTORS] * 1e-9);
    row_real(&b->rows, "peak_gflops_bf16_tiles", b->peak[PEAK_BF16_TILES] * 1e-9);
    row_real(&b->rows, "tokens_per_s", t->tokens / t->all_seconds);
    row_real(&b->rows, "examples_per_s", t->examples / t->all_seconds);
    row_real(&b->rows, "examples_per_processor_s", t->examples / t->all_processor);
    row_real(&b->rows, "ready_processor_seconds", b->ready);
    row_real(&b->rows, "peak_memory_mib", peak_memory_mib());
    row_end(&b->rows);
    fflush(stdout);
}

/* ---- Training steps ---------------------------------------------------------------------------------------------- */

static hone_status run_steps(bench *b, hone_error *err)
{
    hone__parts *p = b->parts;
    const hone__trainer_config *t = &p->experiment->trainer;
    taken *x = hone_alloc(p->trial, sizeof *x);
    if (!x)
        return hone_no_memory(err, "measuring");
    for (int64_t step = 0; step <= b->steps; step++) {
        hone__step_result result;
        double tokens, squares;
        uint64_t these = 0;
        const uint64_t *order = hone__batches_step(p->batches, step % p->total_steps, &these);
        count_tokens(p->train_prepared, order, these, &tokens, &squares);
        measure_peaks(b);
        take_begin(x);
        HONE_TRY(hone__step_run(p->stepper, p->train_prepared, order, these, (uint64_t)t->micro_batch_size, step + 1, 0,
                                &result, err));
        if (step > 0)
            take_end(b, x, flops_of(b, TRAINING, tokens, squares), tokens, (double)these);
    }
    if (b->steps > 0)
        show(b, "step", x);
    return HONE_OK;
}

/* ---- Evaluated batches ------------------------------------------------------------------------------------------- */

typedef struct evaluating {
    bench *b;
    taken taken;
    const uint64_t *order;
    uint64_t done;
    volatile int stop; /* enough batches were measured */
} evaluating;

/* Batches are of examples in falling order of their length, as hone__evaluate makes them. */
static void on_batch(void *ctx, uint64_t done, uint64_t n)
{
    evaluating *e = ctx;
    bench *b = e->b;
    double tokens, squares;
    count_tokens(b->parts->validation_prepared, e->order + e->done, done - e->done, &tokens, &squares);
    if (e->done > 0)
        take_end(b, &e->taken, flops_of(b, FORWARD, tokens, squares), tokens, (double)(done - e->done));
    e->done = done;
    e->stop = e->taken.seconds.n >= b->batches && done < n;
    measure_peaks(b);
    take_begin(&e->taken);
}

static hone_status run_batches(bench *b, hone_error *err)
{
    hone__parts *p = b->parts;
    hone__block block = {0};
    hone__evaluated out;
    hone_arena *arena = hone__arena_create(0);
    const uint64_t n = p->validation_prepared ? hone__prepared_stats_of(p->validation_prepared)->examples : 0;
    hone__division batches = {0};
    evaluating *e = hone_alloc(p->trial, sizeof *e);
    if (!arena || !e)
        return hone_no_memory(err, "measuring");
    if (n)
        HONE_TRY(hone__divide_by_length(p->trial, p->validation_prepared, hone__eval_bounds(&p->experiment->trainer), &batches,
                                        err));
    e->b = b;
    e->order = batches.order;
    const hone__evaluate_setup setup = {.net = &p->network,
                                        .data = p->validation_prepared,
                                        .split = "validation",
                                        .bounds = hone__eval_bounds(&p->experiment->trainer),
                                        .labels = p->metric_facts.labels,
                                        .n_labels = p->metric_facts.n_labels,
                                        .positive = p->metric_facts.positive,
                                        .with_loss = true,
                                        .arena = arena,
                                        .step = p->step,
                                        .block = &block,
                                        .stop = &e->stop,
                                        .progress = on_batch,
                                        .progress_ctx = e};
    hone_status status = b->batches > 0 && n ? hone__evaluate(&setup, &out, err) : HONE_OK;
    if (status == HONE_EINTERRUPTED)
        status = HONE_OK;
    if (status == HONE_OK && e->taken.seconds.n > 0)
        show(b, "inference", &e->taken);
    hone__block_free(&block);
    hone__arena_destroy(arena);
    return status;
}

/* ---- The program ------------------------------------------------------------------------------------------------- */

static hone_status measure(bench *b, const hone__trial_setup *setup, hone_error *err)
{
    HONE_TRY(hone__parts_create(setup, &b->parts, err));
    b->ready = processor_now();
    const hone__yaml *precision = hone__yaml_path(setup->experiment->complete, "trainer.precision");
    b->precision = precision && precision->text ? precision->text : "float32";
    b->threads = hone_pool_threads(b->parts->pool);
    count_weights(b);
    hone_status status = run_steps(b, err);
    if (status == HONE_OK)
        status = run_batches(b, err);
    hone__parts_destroy(b->parts);
    return status;
}

static long number_of(const char *text, long otherwise)
{
    return text ? strtol(text, NULL, 10) : otherwise;
}

int main(int argc, char **argv)
{
    bench b = {0};
    hone_error err = {0};
    hone__session s = {0};
    hone__experiment *experiment;
    const char *json = NULL, *steps = NULL, *batches = NULL;
    int n;
    const hone__option options[] = {
        {"--json", NULL, &json}, {"--name", NULL, &b.name}, {"--steps", NULL, &steps}, {"--batches", NULL, &batches}, {0}};
    if (!hone__options_take(argc, argv, options, &n) || !rows_open(&b.rows, json))
        return 2;
    b.name = b.name ? b.name : "?";
    b.steps = number_of(steps, 5);
    b.batches = number_of(batches, 5);
    hone_status status = hone__session_open(&s, &err);
    if (status == HONE_OK)
        status = hone__session_load(&s, "bench-step", n, argv + 1, &experiment, &err);
    if (status == HONE_OK) {
        const hone__trial_setup setup = {.experiment = experiment, .registry = s.registry, .dir = ".", .log = s.log};
        status = measure(&b, &setup, &err);
    }
    hone__session_complain(&s, status, &err);
    hone__session_close(&s);
    return rows_close(&b.rows) && status == HONE_OK ? 0 : 1;
}
