/* native.h - what the files of the native backend share: the kernels of an instruction set, and what is built on them.
 *
 * avx512.c, avx2.c and portable.c compile the same two templates (kernels_gemm.h, kernels_elements.h) over the vectors of their
 * instruction set; each yields one native_set. gemm.c, attention.c and elements.c share the work out over hone's pool and call
 * the set for all arithmetic. Products of bf16 have files of their own, see bf16.h.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_PLUGINS_BACKEND_NATIVE_H
#define HONE_PLUGINS_BACKEND_NATIVE_H

#include <hone/hone.h>

enum {
    NATIVE_ROWS = 8,    /* most rows of a tile, */
    NATIVE_VECTORS = 3, /* most vectors across, */
    NATIVE_LANES = 16,  /* and most floats of a vector, of any set */
    NATIVE_SUMS = 512,  /* most columns that are summed over rows at once */
    NATIVE_DRAWN = 64   /* random numbers are drawn in groups of at most so many */
};

/* A tile of C [rows, columns] = or += A B over n terms of each sum. Each element is one chain of multiply-adds in the order of t, which goes
 * on from C where `add` is set; bias (may be NULL) is added at its end. */
typedef struct native_tile {
    int64_t n;
    const float *a; /* element (row i, term t) is a[i * stride + t] in kernels by rows, a[t * stride + i] in those by columns */
    int64_t stride;
    const float *b; /* packed, term after term, all vectors of the tile */
    float *c;
    int64_t ldc;
    int last; /* columns of the last vector of a row of C */
    bool add;
    const float *bias;
    /* What later tiles need, which a full tile asks memory for while its terms go by: as many rows of C, ldc apart, and two runs of A from
     * here on, of which each 16 terms ask for 64 bytes. Hints alone: nothing has to be there. */
    const float *next_c, *next_a[2];
} native_tile;

typedef void native_kernel(const native_tile *tile);

/* What one instruction set computes. Arrays need no alignment, and end where they end: nothing is read or written behind them. */
typedef struct native_set {
    const char *name;
    const struct native_bf16 *bf16; /* how it multiplies what is rounded to bf16 (bf16.h); chosen apart from the rest */
    int rows, vectors, lanes;       /* of a full tile */
    native_kernel *by_rows[NATIVE_ROWS][NATIVE_VECTORS], *by_columns[NATIVE_ROWS][NATIVE_VECTORS]; /* [rows - 1][vectors - 1] */
    /* to[j * to_ld + i] = from[i * ld + j] for i < rows, j < columns. */
    void (*transpose)(const float *from, int64_t ld, int64_t rows, int64_t columns, float *to, int64_t to_ld);
    /* n rows of `columns`, ld apart, to rows of `width`, a multiple of lanes, with zeros behind. */
    void (*pack)(int64_t n, const float *from, int64_t ld, int64_t columns, float *to, int64_t width);
    /* n floats, `rows` at a time, to places that are `apart` floats from each other; behind the last one stays what is there. */
    void (*pack_strips)(int64_t n, const float *from, float *to, int64_t apart);

    /* Gradients are added to where `add` is set, else written. */
    void (*add)(int64_t n, const float *a, const float *b, float *y);
    void (*gelu)(int64_t n, const float *x, float *y);
    void (*gelu_back)(int64_t n, const float *x, const float *dy, float *dx, bool add);
    void (*gelu_tanh)(int64_t n, const float *x, float *y);
    void (*gelu_tanh_back)(int64_t n, const float *x, const float *dy, float *dx, bool add);
    /* sum[j] = or += the rows of dy [rows, ld], in their order, for j < columns <= NATIVE_SUMS. */
    void (*column_sums)(int64_t rows, int64_t ld, int columns, const float *dy, float *sum, bool add);

    /* Returns where in `out` the factors of elements first .. first+n-1 of the sequence stand: 0 where an element's random number is
     * below the threshold, else keep. `out` has room for n + 2 NATIVE_DRAWN floats. */
    const float *(*masks)(hone_stream stream, uint64_t sequence, uint64_t first, int64_t n, uint32_t threshold, float keep,
                          float *out);
    void (*mask)(int64_t n, const float *x, const float *mask, float *y);     /* y = x mask */
    void (*mask_add)(int64_t n, const float *x, const float *mask, float *y); /* y += x mask */

    /* saved: mean and 1 / deviation. */
    void (*norm)(int64_t n, const float *x, const float *gain, const float *bias, float eps, float *y, float *saved);
    void (*norm_back)(int64_t n, const float *x, const float *gain, const float *dy, const float *saved, float *dx, bool add);
    /* gain[j] = or += dy (x - mean) / deviation and bias[j] = or += dy over the rows, in their order, for j < columns <= NATIVE_SUMS;
     * either may be NULL. */
    void (*norm_sums)(int64_t rows, int64_t ld, int columns, const float *x, const float *dy, const float *saved, float *gain,
                      bool add_gain, float *bias, bool add_bias);

    /* s -> softmax(scale s) mask (NULL: 1); returns the logarithm of the softmax's denominator. */
    float (*softmax)(int64_t n, float *s, float scale, const float *mask);
    /* Given scores s, their denominator and d, the gradient of the masked probabilities: on return s holds the masked probabilities and d
     * the gradient of what the scores are before scaling. */
    void (*softmax_back)(int64_t n, float *s, float *d, float scale, float denominator, const float *mask);

    /* The logarithm of the sum of exp s. */
    float (*log_sum_exp)(int64_t n, const float *s);
    /* The sum of w (NULL: 1) (log_sum - s). */
    float (*nll_sum)(int64_t n, const float *s, const float *w, float log_sum);
    /* ds = or += whole exp(s - log_sum) - share w (NULL: 1). */
    void (*cross_entropy_back)(int64_t n, const float *s, const float *w, float log_sum, float whole, float share, float *ds,
                               bool add);
} native_set;

/* NULL where this build or this processor has none such. */
const native_set *native_avx512(void);
const native_set *native_avx2(void);
const native_set *native_portable(void);

static inline int64_t native_least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static inline int64_t native_rows_of(const hone_tensor *t)
{
    int64_t rows = 1;
    for (uint32_t i = 0; i + 1 < t->shape.rank; i++)
        rows *= t->shape.dim[i];
    return rows;
}

static inline int64_t native_columns_of(const hone_tensor *t)
{
    return t->shape.rank ? t->shape.dim[t->shape.rank - 1] : 1;
}

/* The random numbers of dropped elements lie below it. */
static inline uint32_t native_threshold(double p)
{
    const double t = p * 4294967296.0;
    return t >= 4294967295.0 ? UINT32_MAX : (uint32_t)t;
}

/* ---- gemm.c ------------------------------------------------------------------------------------------------------ */

/* C [I, J] = or += sum over t < T of A(i, t) B(t, j), where A(i, t) = a[i * a_i + t * a_t] and B(t, j) = b[t * b_t + j * b_j]; of
 * a_i and a_t one is 1, and of b_t and b_j. */
typedef struct native_product {
    const native_set *set;
    const float *a, *b, *bias; /* bias [J] or NULL */
    int64_t a_i, a_t, b_t, b_j;
    int64_t I, J, T;
    float *c;
    int64_t ldc;
    bool add;
    bool pack_a;    /* A is used so often that bringing its columns together pays; needs a_i = 1 */
    float *scratch; /* native_product_floats() */
    /* May be NULL. What follows each element of C, of rows of which this makes `acted`, laid out as C, while they are in the cache. */
    void (*act)(int64_t n, const float *x, float *y);
    float *acted;
} native_product;

/* Shared out over the pool in tiles of C; NULL, or from inside a range: on this thread. T is at least 1. */
void native_multiply(hone_pool *pool, const native_product *p);
/* packing: how many threads pack A; 0 where it is not packed. */
int64_t native_product_floats(const native_set *set, int64_t i, int64_t j, int64_t t, int packing);

/* ---- Runs of operators: runs.c ------------------------------------------------------------------------------------- */

/* Several operators that stand one after another, in one pass. The bits are those of the operators one by one. */
typedef struct native_run {
    /* How many of the calls it takes; 0: none. */
    uint32_t (*takes)(const hone_op_call *const *calls, uint32_t n, hone_direction direction);
    size_t (*scratch)(const native_set *set, const hone_op_call *const *calls, uint32_t n,
                      hone_direction direction); /* bytes */
    hone_status (*forward)(const native_set *set, const hone_op_call *const *calls, uint32_t n, hone_error *err);
    void (*backward)(const native_set *set, const hone_op_call *const *calls, uint32_t n);
} native_run;

extern const native_run native_linear_gelu, native_residual_norm;

/* ---- Operators: linear.c, attention.c, elements.c, losses.c --------------------------------------------------------- */

typedef struct native_op {
    const char *name;
    bool (*fits)(const hone_op_call *c);                                                       /* NULL: every call */
    size_t (*scratch)(const native_set *set, const hone_op_call *c, hone_direction direction); /* bytes; NULL: none */
    hone_status (*forward)(const native_set *set, const hone_op_call *c, hone_error *err);
    void (*backward)(const native_set *set, const hone_op_call *c); /* heeds call->fresh */
} native_op;

/* Forms of an operator's weights, as hone_backend has them. */
typedef struct native_forms {
    size_t (*size)(const native_set *set, const hone_op_call *c, hone_direction direction, uint32_t i);
    void (*make)(const native_set *set, const hone_op_call *c, hone_direction direction, void *out);
} native_forms;

extern const native_forms native_linear_bf16_forms;

extern const native_op native_linear, native_linear_bf16, native_attention, native_add, native_gelu, native_gelu_tanh,
    native_dropout, native_layer_norm, native_cross_entropy;

/* x [N, K] w^T + b, and what `act` makes of it (NULL: nothing). */
void native_linear_forward(const native_set *set, const hone_op_call *c, void (*act)(int64_t n, const float *x, float *y),
                           float *acted);
void native_linear_bf16_forward(const native_set *set, const hone_op_call *c, void (*act)(int64_t n, const float *x, float *y),
                                float *acted);

/* The sequence and the first element of a row of dropout's x; *b, 0 at first, is moved along with rising rows. */
uint64_t native_dropout_row(const hone_op_call *c, int64_t row, int64_t *b, uint64_t *first);
/* to = (or += where add is set) what dropout leaves of `from`, a row of that sequence. */
void native_drop(const native_set *set, const hone_op_call *c, uint64_t sequence, uint64_t first, const float *from, float *to,
                 bool add);

/* The gradients of layer_norm's gain and bias. */
void native_norm_weights(const native_set *set, const hone_op_call *c);

/* Rows that one thread takes at a time. */
int64_t native_row_grain(int64_t columns);

/* Is gradient i of the call added to? Else it is written. */
static inline bool native_adds(const hone_op_call *c, uint32_t i)
{
    return !(c->fresh >> i & 1);
}

/* Gradient i of the call, the bias, = or += the sum of dy's rows. */
void native_column_sums(const native_set *set, const hone_op_call *c, uint32_t i);

#endif
