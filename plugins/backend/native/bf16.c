/* bf16.c - products of what is rounded to bf16: both operands are packed to words once, then tiles of C are shared out.
 *
 * A is brought to rows of words, B to panels: [words, width], as wide as a tile. The kernel's order of summing is in bf16.h; cutting sums
 * into blocks does not change it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "bf16.h"

#include <string.h>

/* Rows of C, and panels of it, that are one task, half as many of both where threads would have fewer tasks than so many each; rows or columns
 * of an operand that are packed at once, and pairs of terms of these; words of a line of the cache. */
enum { TASK_ROWS = 192, TASK_PANELS = 8, TASKS_PER_THREAD = 4, PACKED = 16, PACKED_PAIRS = 32, LINE = 16 };

static int64_t parts(int64_t n, int64_t size)
{
    return (n + size - 1) / size;
}

static int64_t rounded(int64_t n, int64_t unit)
{
    return parts(n, unit) * unit;
}

static int64_t words_of(const native_bf16 *k, int64_t terms)
{
    return rounded(parts(terms, 2) * k->per_pair, k->unit);
}

/* From one row of A to the next. Where that would be a multiple of 2 KiB, the rows of a tile would fall into the same sets of the cache. */
static int64_t a_stride(const native_bf16 *k, int64_t t)
{
    const int64_t lines = parts(words_of(k, t), LINE);
    return (lines + (lines % 32 == 0)) * LINE;
}

static int64_t packed_a_words(const native_bf16 *k, int64_t i, int64_t t)
{
    return rounded(i, k->rows) * a_stride(k, t);
}

size_t native_bf16_panel_bytes(const native_set *set, int64_t j, int64_t t)
{
    return (size_t)(rounded(j, set->bf16->lanes) * words_of(set->bf16, t)) * sizeof(uint32_t);
}

size_t native_bf16_bytes(const native_set *set, int64_t i, int64_t j, int64_t t)
{
    return (size_t)packed_a_words(set->bf16, i, t) * sizeof(uint32_t) + native_bf16_panel_bytes(set, j, t);
}

static uint32_t *a_row(const native_bf16_product *p, int64_t i)
{
    return (uint32_t *)p->scratch + i * a_stride(p->set->bf16, p->T);
}

/* Where a panel begins in packed B, and how wide it is. */
static int64_t panel_of(const native_bf16_product *p, int64_t panel, int64_t *width)
{
    const native_bf16 *k = p->set->bf16;
    const int64_t left = p->J - panel * k->columns;
    *width = left < k->columns ? rounded(left, k->lanes) : k->columns;
    return panel * k->columns * words_of(k, p->T);
}

/* Packed B within the scratch. */
static uint32_t *own_panels(const native_bf16_product *p)
{
    return (uint32_t *)p->scratch + packed_a_words(p->set->bf16, p->I, p->T);
}

/* ---- Packing ----------------------------------------------------------------------------------------------------- */

/* Bits of words, by a function that moves floats. */
static void turn(const native_set *set, const uint32_t *from, int64_t ld, int64_t rows, int64_t columns, uint32_t *to,
                 int64_t to_ld)
{
    set->transpose((const float *)(const void *)from, ld, rows, columns, (float *)(void *)to, to_ld);
}

/* Pairs first .. first+n-1 of an operand whose terms stand one below the other, for columns of it: [n * per_pair, width] words. */
static void pack_below(const native_bf16 *k, const float *from, int64_t ld, int64_t terms, int64_t first, int64_t n,
                       int64_t columns, uint32_t *to, int64_t width)
{
    for (int64_t pair = first; pair < first + n; pair++, to += k->per_pair * width) {
        const float *even = from + 2 * pair * ld;
        k->column(columns, even, 2 * pair + 1 < terms ? even + ld : NULL, to, width);
    }
}

/* What there is to pack of an operand, in pieces: of terms that stand one after another PACKED rows of A or one panel, of those that stand one
 * below the other PACKED_PAIRS pairs of all columns, so that memory is read row by row. */
static int64_t pieces_of_a(const native_bf16_product *p)
{
    return p->a_t == 1 ? parts(p->I, PACKED) : parts(parts(p->T, 2), PACKED_PAIRS);
}

static int64_t pieces_of_b(const native_bf16_product *p)
{
    return p->b_t == 1 ? parts(p->J, p->set->bf16->columns) : parts(parts(p->T, 2), PACKED_PAIRS);
}

/* Pairs from `first` on of columns of A. The last ones are followed by zeros. */
static void pack_columns(const native_bf16_product *p, int64_t first)
{
    const native_bf16 *k = p->set->bf16;
    const int64_t pairs = parts(p->T, 2), n = native_least(PACKED_PAIRS, pairs - first), at = first * k->per_pair;
    const int64_t end = at + n * k->per_pair, zeros = first + n == pairs ? words_of(k, p->T) - end : 0;
    uint32_t block[2 * PACKED_PAIRS * PACKED];
    for (int64_t i = 0; i < p->I; i += PACKED) {
        const int64_t some = native_least(PACKED, p->I - i);
        pack_below(k, p->a + i, p->a_t, p->T, first, n, some, block, PACKED);
        turn(p->set, block, PACKED, n * k->per_pair, some, a_row(p, i) + at, a_stride(k, p->T));
        for (int64_t r = i; zeros > 0 && r < i + some; r++)
            memset(a_row(p, r) + end, 0, (size_t)zeros * sizeof(uint32_t));
    }
}

static void pack_a(const native_bf16_product *p, int64_t piece)
{
    const native_bf16 *k = p->set->bf16;
    if (p->a_t != 1) {
        pack_columns(p, piece * PACKED_PAIRS);
        return;
    }
    for (int64_t r = piece * PACKED; r < native_least((piece + 1) * PACKED, p->I); r++)
        k->row(p->T, p->a + r * p->a_i, a_row(p, r), words_of(k, p->T));
}

/* Columns of a panel whose terms stand one after another: rounded like rows, then turned. */
static void pack_panel_turned(const native_bf16_product *p, int64_t j, uint32_t *to, int64_t width)
{
    const native_bf16 *k = p->set->bf16;
    const int64_t words = words_of(k, p->T);
    enum { WORDS = 2 * PACKED_PAIRS };
    uint32_t block[PACKED * WORDS];
    for (int64_t column = 0; column < width; column += PACKED) {
        const int64_t some = native_least(PACKED, width - column);
        for (int64_t word = 0; word < words; word += WORDS) {
            const int64_t t = word / k->per_pair * 2, n = native_least(WORDS, words - word);
            const int64_t terms = native_least(n / k->per_pair * 2, p->T - t);
            for (int64_t r = 0; r < some; r++) {
                const bool there = j + column + r < p->J && terms > 0;
                k->row(there ? terms : 0, there ? p->b + (j + column + r) * p->b_j + t : p->b, block + r * WORDS, n);
            }
            turn(p->set, block, WORDS, some, n, to + word * width + column, width);
        }
    }
}

/* Pairs from `first` on of all panels. The last ones are followed by zeros. */
static void pack_rows(const native_bf16_product *p, int64_t first, uint32_t *panels)
{
    const native_bf16 *k = p->set->bf16;
    const int64_t pairs = parts(p->T, 2), n = native_least(PACKED_PAIRS, pairs - first), at = first * k->per_pair;
    const int64_t end = at + n * k->per_pair, zeros = first + n == pairs ? words_of(k, p->T) - end : 0;
    for (int64_t j = 0; j < p->J; j += k->columns) {
        int64_t width;
        uint32_t *to = panels + panel_of(p, j / k->columns, &width);
        pack_below(k, p->b + j, p->b_t, p->T, first, n, native_least(width, p->J - j), to + at * width, width);
        memset(to + end * width, 0, (size_t)(zeros * width) * sizeof *to);
    }
}

static void pack_b(const native_bf16_product *p, int64_t piece, uint32_t *panels)
{
    int64_t width;
    if (p->b_t != 1) {
        pack_rows(p, piece * PACKED_PAIRS, panels);
        return;
    }
    uint32_t *to = panels + panel_of(p, piece, &width);
    pack_panel_turned(p, piece * p->set->bf16->columns, to, width);
}

/* First A, then B. */
static void pack_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    const native_bf16_product *p = ctx;
    const int64_t of_a = pieces_of_a(p);
    (void)worker;
    for (int64_t n = begin; n < end; n++) {
        if (n < of_a)
            pack_a(p, n);
        else
            pack_b(p, n - of_a, own_panels(p));
    }
}

typedef struct packing {
    const native_bf16_product *product;
    uint32_t *panels;
} packing;

static void pack_panels_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    const packing *x = ctx;
    (void)worker;
    for (int64_t n = begin; n < end; n++)
        pack_b(x->product, n, x->panels);
}

void native_bf16_pack(hone_pool *pool, const native_bf16_product *p, uint32_t *panels)
{
    packing x = {p, panels};
    hone_pool_run(pool, pieces_of_b(p), 1, pack_panels_range, &x);
}

/* ---- Tiles ------------------------------------------------------------------------------------------------------- */

static void tile(const native_bf16_product *p, int64_t i, int64_t rows, int64_t word, int64_t panel)
{
    const native_bf16 *k = p->set->bf16;
    const int64_t words = words_of(k, p->T), n = native_least(k->block, words - word), j = panel * k->columns;
    int64_t width;
    const uint32_t *panels = p->panels ? p->panels : own_panels(p), *b = panels + panel_of(p, panel, &width) + word * width;
    k->tile(p->set, (int)rows, n, a_row(p, i) + word, a_stride(k, p->T), b, (int)width, p->c + i * p->ldc + j, p->ldc,
            (int)native_least(width, p->J - j), p->add || word > 0, p->bias && word + n == words ? p->bias + j : NULL);
}

/* C, cut into tasks of `rows` rows and `panels` panels, `across` beside each other and n in all. */
typedef struct tasks {
    const native_bf16_product *p;
    int64_t rows, panels, across, n;
} tasks;

static tasks tasks_of(const native_bf16_product *p, int64_t part)
{
    tasks t = {.p = p, .rows = TASK_ROWS / part, .panels = TASK_PANELS / part};
    t.across = parts(parts(p->J, p->set->bf16->columns), t.panels);
    t.n = parts(p->I, t.rows) * t.across;
    return t;
}

static void task(const tasks *s, int64_t i0, int64_t panel0)
{
    const native_bf16_product *p = s->p;
    const native_bf16 *k = p->set->bf16;
    const int64_t i1 = native_least(i0 + s->rows, p->I);
    const int64_t panel1 = native_least(panel0 + s->panels, parts(p->J, k->columns));
    for (int64_t word = 0; word < words_of(k, p->T); word += k->block)
        for (int64_t i = i0; i < i1; i += k->rows)
            for (int64_t panel = panel0; panel < panel1; panel++)
                tile(p, i, native_least(k->rows, i1 - i), word, panel);
    const int64_t j = panel0 * k->columns, columns = native_least(panel1 * k->columns, p->J) - j;
    for (int64_t i = i0; p->act && i < i1; i++)
        p->act(columns, p->c + i * p->ldc + j, p->acted + i * p->ldc + j);
}

static void task_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    const tasks *t = ctx;
    const native_bf16 *k = t->p->set->bf16;
    (void)worker;
    if (k->begin)
        k->begin();
    for (int64_t n = begin; n < end; n++)
        task(t, n / t->across * t->rows, n % t->across * t->panels);
    if (k->end)
        k->end();
}

void native_bf16_multiply(hone_pool *pool, const native_bf16_product *p)
{
    const int threads = pool ? hone_pool_threads(pool) : 1;
    tasks t = tasks_of(p, 1);
    if (threads > 1 && t.n < TASKS_PER_THREAD * (int64_t)threads)
        t = tasks_of(p, 2);
    hone_pool_run(pool, pieces_of_a(p) + (p->panels ? 0 : pieces_of_b(p)), 1, pack_range, (void *)p);
    hone_pool_run(pool, t.n, 1, task_range, &t);
}

/* ---- Rounded floats ---------------------------------------------------------------------------------------------- */

/* x rounded to bf16, as float32 has it. */
static uint32_t round_bits(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    const uint32_t nearest = (bits + 0x7FFFu + (bits >> 16 & 1u)) & 0xFFFF0000u, quiet = (bits | 0x400000u) & 0xFFFF0000u;
    return (bits & 0x7FFFFFFFu) > 0x7F800000u ? quiet : nearest;
}

static void float_row(int64_t n, const float *from, uint32_t *to, int64_t words)
{
    const int64_t pairs = n / 2;
    for (int64_t i = 0; i < pairs; i++) {
        to[2 * i] = round_bits(from[2 * i + 1]);
        to[2 * i + 1] = round_bits(from[2 * i]);
    }
    if (n % 2) {
        to[2 * pairs] = 0;
        to[2 * pairs + 1] = round_bits(from[2 * pairs]);
    }
    for (int64_t i = 2 * parts(n, 2); i < words; i++)
        to[i] = 0;
}

static void float_column(int64_t n, const float *even, const float *odd, uint32_t *to, int64_t width)
{
    uint32_t *restrict first = to, *restrict second = to + width;
    for (int64_t j = 0; odd && j < n; j++)
        first[j] = round_bits(odd[j]);
    for (int64_t j = 0; j < n; j++)
        second[j] = round_bits(even[j]);
    for (int64_t j = odd ? n : 0; j < width; j++)
        first[j] = 0;
    for (int64_t j = n; j < width; j++)
        second[j] = 0;
}

static void float_tile(const native_set *set, int rows, int64_t n, const uint32_t *a, int64_t stride, const uint32_t *b,
                       int width, float *c, int64_t ldc, int columns, bool add, const float *bias)
{
    const int vectors = width / set->lanes;
    const native_tile tile = {.n = n,
                              .a = (const float *)(const void *)a,
                              .stride = stride,
                              .b = (const float *)(const void *)b,
                              .c = c,
                              .ldc = ldc,
                              .last = columns - (vectors - 1) * set->lanes,
                              .add = add,
                              .bias = bias,
                              .next_c = c,
                              .next_a = {c, c}};
    set->by_rows[rows - 1][vectors - 1](&tile);
}

native_bf16 native_float_bf16(const native_set *set)
{
    return (native_bf16){.name = "float32",
                         .rows = set->rows,
                         .columns = set->vectors * set->lanes,
                         .lanes = set->lanes,
                         .per_pair = 2,
                         .unit = 2,
                         .block = 384,
                         .tile = float_tile,
                         .row = float_row,
                         .column = float_column};
}
