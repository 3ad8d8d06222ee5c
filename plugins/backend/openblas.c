/* openblas.c - linear and attention through OpenBLAS: single-threaded calls on fixed tiles, shared out over hone's own pool.
 *
 * build: pkg-config openblas
 *
 * OpenBLAS's own threads never compute, because their bits change with their number; tiles are of fixed size, so that bits do not
 * depend on the number of threads. Rows are not independent: the Haswell kernel was measured to add up the rows of a tile in
 * different orders, depending on their place in it. No OPENBLAS_* variable is ever set here; OPENBLAS_CORETYPE is respected.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <cblas.h>
#include <hone/hone.h>
#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rows and columns of a product's tile; columns of a sum over rows; queries of attention done at a time; numbers of a mask. */
enum { TILE_ROWS = 128, TILE_COLUMNS = 192, SUM_COLUMNS = 64, TILE_QUERIES = 128, CHUNK = 256 };

typedef struct state {
    char description[512];
    bool in_turns; /* calls must not overlap */
    bool has_lock;
    pthread_mutex_t lock;
} state;

/* There only if OpenBLAS was built for OpenMP. It counts per thread. */
extern void omp_set_num_threads(int n) __attribute__((weak));

static void sgemm(state *st, CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, int64_t m, int64_t n, int64_t k, float alpha,
                  const float *a, int64_t lda, const float *b, int64_t ldb, float beta, float *c, int64_t ldc)
{
    if (omp_set_num_threads)
        omp_set_num_threads(1);
    if (st->in_turns)
        pthread_mutex_lock(&st->lock);
    cblas_sgemm(CblasRowMajor, ta, tb, (blasint)m, (blasint)n, (blasint)k, alpha, a, (blasint)lda, b, (blasint)ldb, beta, c,
                (blasint)ldc);
    if (st->in_turns)
        pthread_mutex_unlock(&st->lock);
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t rows_of(const hone_tensor *t)
{
    int64_t rows = 1;
    for (uint32_t i = 0; i + 1 < t->shape.rank; i++)
        rows *= t->shape.dim[i];
    return rows;
}

/* ---- linear: y [N, O] = x [N, K] w [O, K]^T + b [O] ---------------------------------------------------------------- */

/* C [rows, columns] = or += A B, or A^T B, or A B^T, with `length` terms in each sum. */
typedef struct product {
    state *st;
    const float *a, *b, *bias; /* bias [columns] or NULL */
    bool a_transposed, b_transposed;
    int64_t rows, columns, length;
    float *c;
    float beta;
} product;

static void product_tile(const product *p, int64_t i, int64_t j)
{
    int64_t n_i = least(TILE_ROWS, p->rows - i), n_j = least(TILE_COLUMNS, p->columns - j);
    int64_t lda = p->a_transposed ? p->rows : p->length, ldb = p->b_transposed ? p->length : p->columns;
    const float *a = p->a + (p->a_transposed ? i : i * lda), *b = p->b + (p->b_transposed ? j * ldb : j);
    float *c = p->c + i * p->columns + j;
    sgemm(p->st, p->a_transposed ? CblasTrans : CblasNoTrans, p->b_transposed ? CblasTrans : CblasNoTrans, n_i, n_j, p->length,
          1.0f, a, lda, b, ldb, p->beta, c, p->columns);
    for (int64_t r = 0; p->bias && r < n_i; r++) {
        float *restrict row = c + r * p->columns;
        const float *restrict bias = p->bias + j;
        for (int64_t k = 0; k < n_j; k++)
            row[k] += bias[k];
    }
}

static void product_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    const product *p = ctx;
    int64_t across = (p->columns + TILE_COLUMNS - 1) / TILE_COLUMNS;
    (void)worker;
    for (int64_t n = begin; n < end; n++)
        product_tile(p, n / across * TILE_ROWS, n % across * TILE_COLUMNS);
}

static void multiply(hone_pool *pool, product *p)
{
    int64_t tiles = (p->rows + TILE_ROWS - 1) / TILE_ROWS * ((p->columns + TILE_COLUMNS - 1) / TILE_COLUMNS);
    hone_pool_run(pool, tiles, 1, product_range, p);
}

/* db[j] += sum over rows of dy, in row order. */
static void bias_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    const hone_op_call *c = ctx;
    int64_t rows = rows_of(c->x[0]), columns = c->x[1]->shape.dim[0], n = end - begin;
    float sum[SUM_COLUMNS] = {0}, *db = c->dx[2]->data;
    (void)worker;
    for (int64_t r = 0; r < rows; r++) {
        const float *restrict dy = (const float *)c->dy[0]->data + r * columns + begin;
        for (int64_t j = 0; j < n; j++)
            sum[j] += dy[j];
    }
    for (int64_t j = 0; j < n; j++)
        db[begin + j] += sum[j];
}

static bool linear_fits(const hone_op_call *c)
{
    int64_t n = rows_of(c->x[0]), k = c->x[1]->shape.dim[1], o = c->x[1]->shape.dim[0];
    return n > 0 && k > 0 && o > 0 && n <= INT_MAX && k <= INT_MAX && o <= INT_MAX;
}

static hone_status linear_forward(state *st, const hone_op_call *c)
{
    int64_t n = rows_of(c->x[0]), k = c->x[1]->shape.dim[1], o = c->x[1]->shape.dim[0];
    product y = {st, c->x[0]->data, c->x[1]->data, c->x[2] ? c->x[2]->data : NULL, false, true, n, o, k, c->y[0]->data, 0.0f};
    multiply(c->pool, &y);
    return HONE_OK;
}

static hone_status linear_backward(state *st, const hone_op_call *c)
{
    int64_t n = rows_of(c->x[0]), k = c->x[1]->shape.dim[1], o = c->x[1]->shape.dim[0];
    if (c->dx[0]) {
        product dx = {st, c->dy[0]->data, c->x[1]->data, NULL, false, false, n, k, o, c->dx[0]->data, 1.0f};
        multiply(c->pool, &dx);
    }
    if (c->dx[1]) { /* tiled over the weight, never over the rows: each sum is whole */
        product dw = {st, c->dy[0]->data, c->x[0]->data, NULL, true, false, o, k, n, c->dx[1]->data, 1.0f};
        multiply(c->pool, &dw);
    }
    if (c->dx[2])
        hone_pool_run(c->pool, o, SUM_COLUMNS, bias_range, (void *)c);
    return HONE_OK;
}

/* ---- attention ----------------------------------------------------------------------------------------------------- */

/* exp of a number <= 0, to about 1e-7, written so that compilers vectorise it. x = n ln 2 + r with |r| <= ln 2 / 2, ln 2 in two
 * parts (Cody and Waite 1980); exp r by its Taylor polynomial of degree 7; 2^n by the bits of a float. */
static inline float exp_of(float x)
{
    const float rounder = 12582912.0f; /* 1.5 x 2^23: adding it leaves an integer in the low bits */
    x = x < -87.0f ? -87.0f : x;
    float shifted = x * 1.44269504f + rounder, n = shifted - rounder;
    float r = x - n * 0.693359375f - n * -2.12194440e-4f;
    float p =
        1.0f + r * (1.0f + r * (0.5f + r * (1.0f / 6 + r * (1.0f / 24 + r * (1.0f / 120 + r * (1.0f / 720 + r / 5040))))));
    int32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (int32_t)((uint32_t)(bits + 127) << 23);
    float power;
    memcpy(&power, &bits, sizeof power);
    return p * power;
}

/* Sums in eight lanes, element j in lane j % 8: one order, and vectors. */
static inline float lanes_sum(const float lane[8])
{
    return ((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

static float sum_of(const float *x, int64_t n)
{
    float lane[8] = {0};
    int64_t j = 0;
    for (; j + 8 <= n; j += 8) {
        for (int k = 0; k < 8; k++)
            lane[k] += x[j + k];
    }
    for (int k = 0; j < n; j++, k++)
        lane[k] += x[j];
    return lanes_sum(lane);
}

static float dot_of(const float *x, const float *y, int64_t n)
{
    float lane[8] = {0};
    int64_t j = 0;
    for (; j + 8 <= n; j += 8) {
        for (int k = 0; k < 8; k++)
            lane[k] += x[j + k] * y[j + k];
    }
    for (int k = 0; j < n; j++, k++)
        lane[k] += x[j] * y[j];
    return lanes_sum(lane);
}

/* One head of one sequence: S rows of D columns, `stride` apart, from `offset` on. */
typedef struct part {
    const hone_op_call *call;
    state *st;
    const float *q, *k, *v;
    float *denominator; /* [S]: the logarithm of each row's sum */
    int64_t S, D, stride, offset, head;
    uint64_t sequence;
    float scale, keep_scale;
    uint32_t threshold;    /* 0: no dropout */
    float *first, *second; /* scratch [TILE_QUERIES, S] each */
    float *mask;           /* scratch [S] */
} part;

static int64_t heads_of(const hone_op_call *c)
{
    return ((const hone_attention_params *)c->params)->heads;
}

/* Floats of a tile of the longest sequence there can be. */
static size_t attention_panel(const hone_op_call *c)
{
    int64_t n = c->x[0]->shape.dim[0];
    return (size_t)(least(TILE_QUERIES, n) * n + 15) / 16 * 16;
}

/* Floats for each thread: two tiles and a row. */
static size_t attention_floats(const hone_op_call *c)
{
    return 2 * attention_panel(c) + (size_t)(c->x[0]->shape.dim[0] + 15) / 16 * 16;
}

static size_t attention_scratch(const hone_op_call *c)
{
    return (size_t)hone_pool_threads(c->pool) * attention_floats(c) * sizeof(float);
}

static uint32_t threshold_of(double p)
{
    double t = p * 4294967296.0;
    return t >= 4294967295.0 ? UINT32_MAX : (uint32_t)t;
}

static part part_of(const hone_op_call *c, state *st, int64_t number, int worker)
{
    const hone_attention_params *p = c->params;
    const int32_t *starts = c->x[3]->data;
    int64_t b = number / p->heads, head = number % p->heads, columns = c->x[0]->shape.dim[1], D = columns / p->heads;
    int64_t offset = starts[b] * columns + head * D;
    float *scratch = (float *)c->scratch + (size_t)worker * attention_floats(c);
    return (part){.call = c,
                  .st = st,
                  .q = (const float *)c->x[0]->data + offset,
                  .k = (const float *)c->x[1]->data + offset,
                  .v = (const float *)c->x[2]->data + offset,
                  .denominator = (float *)c->saved + head * c->x[0]->shape.dim[0] + starts[b],
                  .S = starts[b + 1] - starts[b],
                  .D = D,
                  .stride = columns,
                  .offset = offset,
                  .head = head,
                  .sequence = c->first_sequence + (uint64_t)b,
                  .scale = 1.0f / sqrtf((float)D),
                  .keep_scale = (float)(1.0 / (1.0 - p->p)),
                  .threshold = threshold_of(p->p),
                  .first = scratch,
                  .second = scratch + attention_panel(c),
                  .mask = scratch + 2 * attention_panel(c)};
}

/* a->mask[j] = 0 or 1 / (1 - p) for query i, by the numbers of the specification. */
static void draw_mask(const part *a, int64_t i)
{
    uint64_t element = (uint64_t)((a->head * a->S + i) * a->S);
    for (int64_t j = 0; j < a->S;) {
        uint32_t bits[4];
        hone_random_block(a->call->random, a->sequence, (element + (uint64_t)j) / 4, bits);
        for (uint64_t k = (element + (uint64_t)j) % 4; k < 4 && j < a->S; k++, j++)
            a->mask[j] = bits[k] >= a->threshold ? a->keep_scale : 0.0f;
    }
}

static void apply_mask(const part *a, float *restrict row)
{
    const float *restrict mask = a->mask;
    for (int64_t j = 0; j < a->S; j++)
        row[j] *= mask[j];
}

/* Scores to probabilities; returns the logarithm of their sum. */
static float softmax_row(float *row, int64_t n)
{
    float most = row[0];
    for (int64_t j = 1; j < n; j++)
        most = row[j] > most ? row[j] : most;
    for (int64_t j = 0; j < n; j++)
        row[j] = exp_of(row[j] - most);
    float sum = sum_of(row, n), inverse = 1.0f / sum;
    for (int64_t j = 0; j < n; j++)
        row[j] *= inverse;
    return most + logf(sum);
}

/* out [n, S] = factor * rows [n, D] . keys [S, D]^T */
static void scores(const part *a, const float *rows, int64_t n, const float *keys, float factor, float *out)
{
    sgemm(a->st, CblasNoTrans, CblasTrans, n, a->S, a->D, factor, rows, a->stride, keys, a->stride, 0.0f, out, a->S);
}

static void forward_tile(const part *a, int64_t i, int64_t n)
{
    float *y = (float *)a->call->y[0]->data + a->offset + i * a->stride;
    scores(a, a->q + i * a->stride, n, a->k, a->scale, a->first);
    for (int64_t r = 0; r < n; r++) {
        a->denominator[i + r] = softmax_row(a->first + r * a->S, a->S);
        if (a->threshold) {
            draw_mask(a, i + r);
            apply_mask(a, a->first + r * a->S);
        }
    }
    sgemm(a->st, CblasNoTrans, CblasNoTrans, n, a->D, a->S, 1.0f, a->first, a->S, a->v, a->stride, 0.0f, y, a->stride);
}

/* Given p and dp of one row: on return p m, which multiplied v, and the gradient of the scores. */
static void backward_row(const part *a, int64_t i, float *p, float *dp)
{
    if (a->threshold) {
        draw_mask(a, i);
        apply_mask(a, dp);
    }
    float inner = dot_of(p, dp, a->S);
    for (int64_t j = 0; j < a->S; j++)
        dp[j] = p[j] * (dp[j] - inner);
    if (a->threshold)
        apply_mask(a, p);
}

static void backward_tile(const part *a, int64_t i, int64_t n)
{
    const hone_op_call *c = a->call;
    const float *q = a->q + i * a->stride, *dy = (const float *)c->dy[0]->data + a->offset + i * a->stride;
    float *p = a->first, *dp = a->second;
    scores(a, q, n, a->k, a->scale, p);
    scores(a, dy, n, a->v, 1.0f, dp);
    for (int64_t r = 0; r < n; r++) {
        for (int64_t j = 0; j < a->S; j++)
            p[r * a->S + j] = exp_of(p[r * a->S + j] - a->denominator[i + r]);
        backward_row(a, i + r, p + r * a->S, dp + r * a->S);
    }
    if (c->dx[0])
        sgemm(a->st, CblasNoTrans, CblasNoTrans, n, a->D, a->S, a->scale, dp, a->S, a->k, a->stride, 1.0f,
              (float *)c->dx[0]->data + a->offset + i * a->stride, a->stride);
    if (c->dx[1])
        sgemm(a->st, CblasTrans, CblasNoTrans, a->S, a->D, n, a->scale, dp, a->S, q, a->stride, 1.0f,
              (float *)c->dx[1]->data + a->offset, a->stride);
    if (c->dx[2])
        sgemm(a->st, CblasTrans, CblasNoTrans, a->S, a->D, n, 1.0f, p, a->S, dy, a->stride, 1.0f,
              (float *)c->dx[2]->data + a->offset, a->stride);
}

typedef struct attention {
    const hone_op_call *call;
    state *st;
    void (*tile)(const part *a, int64_t i, int64_t n);
} attention;

static void attention_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    const attention *s = ctx;
    for (int64_t number = begin; number < end; number++) {
        part a = part_of(s->call, s->st, number, worker);
        for (int64_t i = 0; i < a.S; i += TILE_QUERIES)
            s->tile(&a, i, least(TILE_QUERIES, a.S - i));
    }
}

static bool attention_fits(const hone_op_call *c)
{
    return c->x[0]->shape.dim[0] <= INT_MAX && c->x[0]->shape.dim[1] <= INT_MAX;
}

static void attend(state *st, const hone_op_call *c, void (*tile)(const part *a, int64_t i, int64_t n))
{
    attention s = {c, st, tile};
    hone_pool_run(c->pool, (c->x[3]->shape.dim[0] - 1) * heads_of(c), 1, attention_range, &s);
}

/* ---- The table ----------------------------------------------------------------------------------------------------- */

static bool is(const hone_op_call *c, const char *name)
{
    return strcmp(c->op->name, name) == 0 && c->op->version == 1 && c->x[0]->dtype == HONE_F32;
}

static bool supports(const hone_self *self, const hone_op_call *c, hone_direction direction)
{
    (void)self;
    (void)direction;
    return (is(c, "linear") && linear_fits(c)) || (is(c, "attention") && attention_fits(c));
}

static size_t scratch_size(const hone_self *self, const hone_op_call *c, hone_direction direction)
{
    (void)self;
    (void)direction;
    return is(c, "attention") ? attention_scratch(c) : 0;
}

static hone_status run(const hone_self *self, const hone_op_call *c, hone_direction direction, hone_error *err)
{
    state *st = self->state;
    if (is(c, "linear"))
        return direction == HONE_FORWARD ? linear_forward(st, c) : linear_backward(st, c);
    if (!is(c, "attention"))
        return hone_fail(err, HONE_EUNSUPPORTED, "the openblas backend does not do %s", c->op->name);
    if (direction == HONE_FORWARD)
        HONE_TRY(hone_starts_check(c->x[3], c->x[0]->shape.dim[0], err));
    attend(st, c, direction == HONE_FORWARD ? forward_tile : backward_tile);
    return HONE_OK;
}

/* ---- Which OpenBLAS this is ---------------------------------------------------------------------------------------- */

/* Vector widths that OpenBLAS's core types use; what is not listed uses less than AVX. */
enum { LESS, AVX, AVX2, AVX512 };
static const char *const width_names[] = {"SSE", "AVX", "AVX2", "AVX-512"};

static int width_of_core(const char *core)
{
    static const struct {
        const char *core;
        int width;
    } known[] = {{"Sandybridge", AVX},   {"Bulldozer", AVX},        {"Piledriver", AVX}, {"Steamroller", AVX},
                 {"Excavator", AVX},     {"Haswell", AVX2},         {"Zen", AVX2},       {"SkylakeX", AVX512},
                 {"Cooperlake", AVX512}, {"Sapphirerapids", AVX512}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(known[i].core, core) == 0)
            return known[i].width;
    }
    return LESS;
}

static int width_of_processor(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl"))
        return AVX512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return AVX2;
    if (__builtin_cpu_supports("avx"))
        return AVX;
#endif
    return LESS;
}

static void write_description(state *st)
{
    static const char *const builds[] = {"sequential", "pthread", "OpenMP"};
    int parallel = openblas_get_parallel();
    const char *core = openblas_get_corename(), *forced = getenv("OPENBLAS_CORETYPE");
    int used = width_of_core(core), there = width_of_processor();
    int n = snprintf(st->description, sizeof st->description, "%s, %s build, core type %s%s", openblas_get_config(),
                     parallel >= 0 && parallel <= 2 ? builds[parallel] : "unknown", core,
                     forced && *forced ? " (OPENBLAS_CORETYPE is set)" : "");
    if (used < there && n > 0 && (size_t)n < sizeof st->description)
        snprintf(st->description + n, sizeof st->description - (size_t)n, "; it uses %s where the processor has %s",
                 width_names[used], width_names[there]);
}

/* A core type that was forced may use instructions that the processor does not have: the first product would end the process. */
static hone_status check_core(hone_error *err)
{
    const char *core = openblas_get_corename();
    const int used = width_of_core(core), there = width_of_processor();
    if (used <= there)
        return HONE_OK;
    return hone_fail(
        err, HONE_EUNSUPPORTED,
        "OpenBLAS computes as core type %s, which needs %s, and this processor has only %s; OPENBLAS_CORETYPE is %s: "
        "unset it, or name a core type that the processor can run",
        core, width_names[used], width_names[there], getenv("OPENBLAS_CORETYPE") ? getenv("OPENBLAS_CORETYPE") : "not set");
}

/* The same product in many calls at once must give the same bits as alone. */
enum { TEST_SIZE = 96, TEST_CALLS = 16 };

typedef struct self_test {
    state *st;
    const float *a;
    float *c; /* [TEST_CALLS + 1, TEST_SIZE, TEST_SIZE] */
} self_test;

static void test_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    const self_test *t = ctx;
    (void)worker;
    for (int64_t i = begin; i < end; i++)
        sgemm(t->st, CblasNoTrans, CblasTrans, TEST_SIZE, TEST_SIZE, TEST_SIZE, 1.0f, t->a, TEST_SIZE, t->a, TEST_SIZE, 0.0f,
              t->c + i * TEST_SIZE * TEST_SIZE, TEST_SIZE);
}

static hone_status calls_may_overlap(const hone_self *self, bool *well, hone_error *err)
{
    enum { COUNT = TEST_SIZE * TEST_SIZE };
    float *a = hone_alloc_array(self->trial, COUNT, sizeof *a);
    self_test t = {self->state, a, hone_alloc_array(self->trial, (TEST_CALLS + 1) * COUNT, sizeof *a)};
    if (!a || !t.c)
        return hone_no_memory(err, "testing OpenBLAS");
    for (int i = 0; i < COUNT; i++)
        a[i] = (float)(i * 37 % 101) / 101.0f - 0.5f;
    test_range(&t, TEST_CALLS, TEST_CALLS + 1, 0);
    hone_pool_run(self->pool, TEST_CALLS, 1, test_range, &t);
    *well = true;
    for (int i = 0; i < TEST_CALLS; i++)
        *well = *well && memcmp(t.c + i * COUNT, t.c + TEST_CALLS * COUNT, COUNT * sizeof *a) == 0;
    return HONE_OK;
}

static hone_status create(const hone_self *self, hone_error *err)
{
    state *st = self->state;
    openblas_set_num_threads(1);
    if (openblas_get_num_threads() != 1)
        return hone_fail(err, HONE_EUNSUPPORTED,
                         "OpenBLAS keeps to %d threads although 1 was asked for; its sums would depend on "
                         "the number of threads",
                         openblas_get_num_threads());
    HONE_TRY(check_core(err));
    if (pthread_mutex_init(&st->lock, NULL) != 0)
        return hone_fail(err, HONE_ENOMEM, "a lock for OpenBLAS could not be made");
    st->has_lock = true;
    write_description(st);
    bool well = true;
    if (openblas_get_parallel() == 0)
        st->in_turns = true;
    else
        HONE_TRY(calls_may_overlap(self, &well, err));
    if (!well)
        st->in_turns = true;
    if (st->in_turns)
        hone_log_line(self->log, HONE_LOG_WARNING, "%s: its calls take turns, because %s; threads help little with it",
                      st->description, well ? "this build has no locks" : "calls at the same time gave wrong results");
    return HONE_OK;
}

static void destroy(const hone_self *self)
{
    state *st = self->state;
    if (st->has_lock)
        pthread_mutex_destroy(&st->lock);
}

static const char *describe(const hone_self *self)
{
    return ((const state *)self->state)->description;
}

static const hone_backend openblas = {
    .plugin = {HONE_PLUGIN(hone_backend, HONE_KIND_BACKEND), .name = "openblas",
               .summary = "linear and attention through OpenBLAS",
               .source = "OpenBLAS, openblas.net; checked against hone's reference operators", .state_size = sizeof(state),
               .destroy = destroy},
    .create = create,
    .supports = supports,
    .scratch_size = scratch_size,
    .run = run,
    .describe = describe,
};

HONE_MODULE(&openblas.plugin);
