/* kernels_gemm.h - tiles of matrix products, over the vectors of the file that includes this.
 *
 * A tile's sums stay in registers while its terms go by: each term is one row of packed B and one number of A for each row. Eight or
 * sixteen terms go by for each look at the loop's end, for every instruction that is no multiply-add may take the place of one.
 *
 * SPDX-License-Identifier: Apache-2.0 */

static ALWAYS_INLINE void term(int rows, int vectors, const float *a, int64_t a_i, const float *b, vec sum[ROWS][VECTORS])
{
    vec row[VECTORS];
    UNROLL for (int v = 0; v < vectors; v++) row[v] = vec_load(b + v * LANES);
    UNROLL for (int i = 0; i < rows; i++)
    {
        const vec x = vec_set(a[i * a_i]);
        UNROLL for (int v = 0; v < vectors; v++) sum[i][v] = vec_fma(x, row[v], sum[i][v]);
    }
}

static ALWAYS_INLINE void tile(int rows, int vectors, bool by_rows, const native_tile *p)
{
    enum { ASKING = 16 }; /* terms for each time that memory is asked ahead */
    const int64_t n = p->n, ldc = p->ldc, a_i = by_rows ? p->stride : 1, a_t = by_rows ? 1 : p->stride, b_t = vectors * LANES;
    const float *a = p->a, *b = p->b;
    float *c = p->c;
    vec sum[ROWS][VECTORS];
    UNROLL for (int i = 0; i < rows; i++)
    {
        UNROLL for (int v = 0; v < vectors; v++) sum[i][v] = !p->add ? vec_set(0)
                                                             : v + 1 < vectors
                                                                 ? vec_load(c + i * ldc + v * LANES)
                                                                 : vec_load_part(c + i * ldc + v * LANES, p->last);
    }
    int64_t t = 0;
    if (rows == ROWS && vectors == VECTORS) {
        const float *next_c = p->next_c, *next[2] = {p->next_a[0], p->next_a[1]};
        for (int i = 0; i < rows && t + vectors * ASKING <= n; i++, next_c += ldc) {
            for (int v = 0; v < vectors; v++, t += ASKING) {
                __builtin_prefetch(next_c + v * LANES, 1, 2);
                __builtin_prefetch(next[0], 0, 2);
                __builtin_prefetch(next[1], 0, 2);
                next[0] += ASKING;
                next[1] += ASKING;
                UNROLL for (int k = 0; k < ASKING; k++, a += a_t, b += b_t) term(rows, vectors, a, a_i, b, sum);
            }
        }
    }
    UNROLL_8 for (; t < n; t++, a += a_t, b += b_t) term(rows, vectors, a, a_i, b, sum);
    UNROLL for (int v = 0; v < vectors; v++)
    {
        const int columns = v + 1 < vectors ? LANES : p->last;
        const vec above = p->bias ? vec_load_part(p->bias + v * LANES, columns) : vec_set(-0.0f); /* which changes nothing */
        UNROLL for (int i = 0; i < rows; i++) vec_store_part(c + i * ldc + v * LANES, columns, sum[i][v] + above);
    }
}

#define TILE(rows, vectors)                                                                                                    \
    static void by_rows_##rows##_##vectors(const native_tile *p)                                                               \
    {                                                                                                                          \
        tile(rows, vectors, true, p);                                                                                          \
    }                                                                                                                          \
    static void by_columns_##rows##_##vectors(const native_tile *p)                                                            \
    {                                                                                                                          \
        tile(rows, vectors, false, p);                                                                                         \
    }

#if VECTORS == 3
#define TILES(rows) TILE(rows, 1) TILE(rows, 2) TILE(rows, 3)
#define TILE_NAMES(side, rows)                                                                                                 \
    {                                                                                                                          \
        side##_##rows##_1, side##_##rows##_2, side##_##rows##_3                                                                \
    }
#else
#define TILES(rows) TILE(rows, 1) TILE(rows, 2)
#define TILE_NAMES(side, rows)                                                                                                 \
    {                                                                                                                          \
        side##_##rows##_1, side##_##rows##_2                                                                                   \
    }
#endif

TILES(1)
TILES(2)
TILES(3)
TILES(4)
#if ROWS == 8
TILES(5)
TILES(6)
TILES(7)
TILES(8)
#define KERNELS(side)                                                                                                          \
    {                                                                                                                          \
        TILE_NAMES(side, 1), TILE_NAMES(side, 2), TILE_NAMES(side, 3), TILE_NAMES(side, 4), TILE_NAMES(side, 5),               \
            TILE_NAMES(side, 6), TILE_NAMES(side, 7), TILE_NAMES(side, 8)                                                      \
    }
#else
#define KERNELS(side)                                                                                                          \
    {                                                                                                                          \
        TILE_NAMES(side, 1), TILE_NAMES(side, 2), TILE_NAMES(side, 3), TILE_NAMES(side, 4)                                     \
    }
#endif

static void transpose(const float *from, int64_t ld, int64_t rows, int64_t columns, float *to, int64_t to_ld)
{
    const int64_t full_rows = rows / LANES * LANES, full_columns = columns / LANES * LANES;
    for (int64_t i = 0; i < full_rows; i += LANES)
        for (int64_t j = 0; j < full_columns; j += LANES)
            vec_transpose(from + i * ld + j, ld, to + j * to_ld + i, to_ld);
    for (int64_t j = 0; j < columns; j++)
        for (int64_t i = j < full_columns ? full_rows : 0; i < rows; i++)
            to[j * to_ld + i] = from[i * ld + j];
}

static void pack(int64_t n, const float *from, int64_t ld, int64_t columns, float *to, int64_t width)
{
    const int64_t full = columns / LANES * LANES;
    for (int64_t k = 0; k < n; k++, from += ld, to += width) {
        for (int64_t j = 0; j < full; j += LANES)
            vec_store(to + j, vec_load(from + j));
        if (full < width)
            vec_store(to + full, vec_load_part(from + full, (int)(columns - full)));
    }
}

static void pack_strips(int64_t n, const float *from, float *to, int64_t apart)
{
    int64_t i = 0;
    for (; i + ROWS <= n; i += ROWS, to += apart)
        memcpy(to, from + i, ROWS * sizeof *to);
    if (i < n)
        memcpy(to, from + i, (size_t)(n - i) * sizeof *to);
}
