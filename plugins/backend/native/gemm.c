/* gemm.c - products of matrices: B is packed once into panels, then tiles of C are shared out.
 *
 * Each element of C is one chain in the order of t, also where a chain is cut into blocks: the next block goes on from C. So it depends
 * on its row of A and its column of B alone, not on the tile, and not on the number of threads.
 *
 * Sizes: a block of 384 terms of a panel (72 KiB with AVX-512) is used by all strips of rows of a task while it is in the second level of
 * cache, where the rows' terms (at most 576 KiB) stay from panel to panel; a strip of A (12 KiB) stays in the first while the panels of a
 * task go by. B is read from further away once for each row of tasks, so these are as high as that allows.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "native.h"

#include <string.h>

/* Terms of a block; rows of C, and panels of it, that are one task, and tasks that a thread should have; rows of A that are packed in
 * one piece. */
enum { TERMS = 384, LEAST_ROWS = 96, MOST_ROWS = 384, TASK_PANELS = 4, TASKS_PER_THREAD = 4, PACK_ROWS = 96 };

static int64_t parts(int64_t n, int64_t size)
{
    return (n + size - 1) / size;
}

static int64_t rounded(int64_t n, int64_t unit)
{
    return parts(n, unit) * unit;
}

/* The columns of a full panel. */
static int64_t panel_width(const native_set *set)
{
    return (int64_t)set->vectors * set->lanes;
}

int64_t native_product_floats(const native_set *set, int64_t i, int64_t j, int64_t t, bool pack_a)
{
    return t * (rounded(j, set->lanes) + (pack_a ? rounded(i, set->rows) : 0));
}

/* ---- Packing ----------------------------------------------------------------------------------------------------- */

/* Where panel `panel` of packed B begins, and how wide it is: full, but for the last one, which is of as many vectors as it needs. */
static float *panel_of(const native_product *p, int64_t panel, int64_t *width)
{
    const int64_t full = panel_width(p->set), left = p->J - panel * full;
    *width = left < full ? rounded(left, p->set->lanes) : full;
    return p->scratch + panel * full * p->T;
}

/* Columns of one panel, n terms from t on: [n, width], with zeros where B has ended. */
static void pack_panel(const native_product *p, int64_t panel, int64_t t, int64_t n)
{
    int64_t width;
    float *to = panel_of(p, panel, &width) + t * width;
    const int64_t j = panel * panel_width(p->set), columns = native_least(width, p->J - j);
    const float *from = p->b + t * p->b_t + j * p->b_j;
    if (p->b_t != 1) {
        p->set->pack(n, from, p->b_t, columns, to, width);
        return;
    }
    p->set->transpose(from, p->b_j, columns, n, to, width);
    for (int64_t k = 0; columns < width && k < n; k++)
        memset(to + k * width + columns, 0, (size_t)(width - columns) * sizeof *to);
}

static void pack_b_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    const native_product *p = ctx;
    const int64_t blocks = parts(p->T, TERMS);
    (void)worker;
    for (int64_t i = begin; i < end; i++) {
        const int64_t t = i % blocks * TERMS;
        pack_panel(p, i / blocks, t, native_least(TERMS, p->T - t));
    }
}

static float *packed_a(const native_product *p)
{
    return p->scratch + p->T * rounded(p->J, p->set->lanes);
}

/* The columns of A that a task needs, n terms from t on: strips of [T, rows]. */
static void pack_strips(const native_product *p, int64_t i, int64_t t, int64_t n)
{
    const int64_t rows = p->set->rows, end = native_least(i + PACK_ROWS, p->I);
    for (int64_t s = i; s < end; s += rows)
        p->set->pack_strip(n, p->a + t * p->a_t + s, p->a_t, native_least(rows, end - s), packed_a(p) + s * p->T + t * rows);
}

static void pack_a_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    const native_product *p = ctx;
    const int64_t blocks = parts(p->T, TERMS);
    (void)worker;
    for (int64_t i = begin; i < end; i++) {
        const int64_t t = i % blocks * TERMS;
        pack_strips(p, i / blocks * PACK_ROWS, t, native_least(TERMS, p->T - t));
    }
}

/* ---- Tiles ------------------------------------------------------------------------------------------------------- */

/* Terms t .. t+n-1 of a tile. */
typedef struct block {
    int64_t i, rows, t, n;
} block;

static void tile(const native_product *p, const block *b, int64_t panel)
{
    const native_set *set = p->set;
    int64_t width;
    const float *packed = panel_of(p, panel, &width) + b->t * width, *a = p->a + b->i * p->a_i + b->t * p->a_t;
    const int64_t j = panel * panel_width(set), columns = native_least(width, p->J - j);
    int64_t stride = p->a_i == 1 ? p->a_t : p->a_i;
    if (p->pack_a) {
        a = packed_a(p) + b->i * p->T + b->t * set->rows;
        stride = set->rows;
    }
    const int64_t vectors = width / set->lanes;
    const bool by_columns = p->pack_a || p->a_t != 1;
    native_kernel *kernel = (by_columns ? set->by_columns : set->by_rows)[b->rows - 1][vectors - 1];
    kernel(b->n, a, stride, packed, p->c + b->i * p->ldc + j, p->ldc, (int)(columns - (vectors - 1) * set->lanes),
           p->add || b->t > 0, p->bias && b->t + b->n == p->T ? p->bias + j : NULL);
}

/* C, cut into tasks of `rows` rows and TASK_PANELS panels, `across` beside each other. */
typedef struct tasks {
    const native_product *p;
    int64_t rows, across;
} tasks;

static int64_t rows_of_task(const native_product *p, int64_t across, int threads)
{
    const int64_t wanted = threads > 1 ? parts(TASKS_PER_THREAD * (int64_t)threads, across) : 1, least = parts(p->I, MOST_ROWS);
    const int64_t rows = rounded(parts(p->I, wanted > least ? wanted : least), p->set->rows);
    return rows > LEAST_ROWS ? rows : LEAST_ROWS;
}

static void task(const native_product *p, int64_t i0, int64_t n, int64_t panel0)
{
    const int64_t i1 = native_least(i0 + n, p->I), rows = p->set->rows;
    const int64_t panel1 = native_least(panel0 + TASK_PANELS, parts(p->J, panel_width(p->set)));
    for (int64_t t = 0; t < p->T; t += TERMS) {
        for (int64_t i = i0; i < i1; i += rows) {
            const block b = {i, native_least(rows, i1 - i), t, native_least(TERMS, p->T - t)};
            for (int64_t panel = panel0; panel < panel1; panel++)
                tile(p, &b, panel);
        }
    }
    const int64_t j = panel0 * panel_width(p->set), columns = native_least(panel1 * panel_width(p->set), p->J) - j;
    for (int64_t i = i0; p->act && i < i1; i++)
        p->act(columns, p->c + i * p->ldc + j, p->acted + i * p->ldc + j);
}

static void task_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    const tasks *t = ctx;
    (void)worker;
    for (int64_t n = begin; n < end; n++)
        task(t->p, n / t->across * t->rows, t->rows, n % t->across * TASK_PANELS);
}

void native_multiply(hone_pool *pool, const native_product *p)
{
    const int64_t panels = parts(p->J, panel_width(p->set)), blocks = parts(p->T, TERMS);
    hone_pool_run(pool, panels * blocks, 1, pack_b_range, (void *)p);
    if (p->pack_a)
        hone_pool_run(pool, parts(p->I, PACK_ROWS) * blocks, 1, pack_a_range, (void *)p);
    const int64_t across = parts(panels, TASK_PANELS);
    tasks t = {p, rows_of_task(p, across, pool ? hone_pool_threads(pool) : 1), across};
    hone_pool_run(pool, parts(p->I, t.rows) * across, 1, task_range, &t);
}
