/* gemm.c - products of matrices: B is packed once into panels, then tiles of C are shared out.
 *
 * Each element of C is one chain in the order of t, also where a chain is cut into blocks: the next block goes on from C. So it depends
 * on its row of A and its column of B alone, not on the tile, and not on the number of threads.
 *
 * Sizes: a block of 384 terms of a panel (72 KiB with AVX-512) is used by all strips of rows of a task while it is in the second level of
 * cache, where the rows' terms (at most 576 KiB) stay from panel to panel; a strip of A (12 KiB) stays in the first while the panels of a
 * task go by. B is read from further away once for each row of tasks, so these are as high as that allows. Columns of A are brought
 * together by the task that needs them, block by block, and are multiplied while they are in the second level.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "native.h"

#include <string.h>

/* Terms of a block; rows of C that are one task, panels that its rows meet together, and tasks that a thread should have, of which fewer where
 * each packs its part of A; floats between two packed strips, so that they do not all fall on the same lines of the cache. */
enum {
    TERMS = 384,
    LEAST_ROWS = 96,
    MOST_ROWS = 384,
    TASK_PANELS = 4,
    TASKS_PER_THREAD = 4,
    LONG_TASKS_PER_THREAD = 2,
    STRIP_GAP = 16
};

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

/* Of the strips of a block that one thread has packed. */
static int64_t strips_floats(const native_set *set, int64_t i, int64_t t)
{
    return parts(native_least(i, MOST_ROWS), set->rows) * (native_least(t, TERMS) * set->rows + STRIP_GAP);
}

int64_t native_product_floats(const native_set *set, int64_t i, int64_t j, int64_t t, int packing)
{
    return t * rounded(j, set->lanes) + packing * strips_floats(set, i, t);
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

/* Terms t .. t+n-1 of the columns i0 .. i1-1 of A, to strips of [n, rows]. Each row of A is read once, from end to end. */
static void pack_strips(const native_product *p, int64_t i0, int64_t i1, int64_t t, int64_t n, float *to)
{
    const int64_t rows = p->set->rows, apart = n * rows + STRIP_GAP;
    for (int64_t k = 0; k < n; k++)
        p->set->pack_strips(i1 - i0, p->a + (t + k) * p->a_t + i0, to + k * rows, apart);
}

/* ---- Tiles ------------------------------------------------------------------------------------------------------- */

/* Rows i0 .. i1-1 of C that meet panels panel0 .. panel1-1, of which first .. end-1 are at hand; terms t .. t+n-1. */
typedef struct block {
    int64_t i0, i1, panel0, panel1, first, end, t, n;
    float *strips; /* of A, if it is packed */
} block;

/* What is soon needed of A, from the tile of a panel at hand and a strip of rows on: in the first round of panels the next strip's rows, of
 * which each tile asks for its part; where A is packed, in the last round the rows of the next block. */
static void ask_ahead(const native_product *p, const block *b, int64_t i, int64_t panel, native_tile *tile)
{
    const int64_t rows = p->set->rows, at = panel - b->first;
    const bool more = i + 2 * rows <= b->i1; /* another full strip */
    for (int64_t k = 0; k < 2; k++) {
        const int64_t part = 2 * at + k, next = b->t + b->n + (i - b->i0) / rows * 2 * TASK_PANELS + part;
        tile->next_a[k] = tile->b;
        if (!p->pack_a && b->first == b->panel0 && more)
            tile->next_a[k] = p->a + (i + rows + part * rows / (2 * TASK_PANELS)) * p->a_i +
                              (b->t + part * rows % (2 * TASK_PANELS) * b->n / (2 * TASK_PANELS)) * p->a_t;
        else if (p->pack_a && b->end == b->panel1 && next < p->T)
            tile->next_a[k] = p->a + b->i0 + next * p->a_t;
    }
    tile->next_c = more ? tile->c + rows * p->ldc : tile->c;
}

static void multiply_tile(const native_product *p, const block *b, int64_t i, int64_t panel)
{
    const native_set *set = p->set;
    int64_t width;
    const float *packed = panel_of(p, panel, &width) + b->t * width;
    const int64_t j = panel * panel_width(set), columns = native_least(width, p->J - j),
                  rows = native_least(set->rows, b->i1 - i);
    const int64_t vectors = width / set->lanes;
    native_tile tile = {.n = b->n,
                        .a = p->a + i * p->a_i + b->t * p->a_t,
                        .stride = p->a_i == 1 ? p->a_t : p->a_i,
                        .b = packed,
                        .c = p->c + i * p->ldc + j,
                        .ldc = p->ldc,
                        .last = (int)(columns - (vectors - 1) * set->lanes),
                        .add = p->add || b->t > 0,
                        .bias = p->bias && b->t + b->n == p->T ? p->bias + j : NULL};
    if (b->strips) {
        tile.a = b->strips + (i - b->i0) / set->rows * (b->n * set->rows + STRIP_GAP);
        tile.stride = set->rows;
    }
    ask_ahead(p, b, i, panel, &tile);
    const bool by_columns = p->pack_a || p->a_t != 1;
    (by_columns ? set->by_columns : set->by_rows)[rows - 1][vectors - 1](&tile);
}

/* C, cut into tasks of `rows` rows and `panels` panels, `across` beside each other. */
typedef struct tasks {
    const native_product *p;
    int64_t rows, panels, across;
} tasks;

/* Packed columns of A serve all panels, so there are tasks beside each other only where there would be too few. Threads get as many tasks as
 * each other. */
static tasks tasks_of(const native_product *p, int threads)
{
    const int64_t panels = parts(p->J, panel_width(p->set)), groups = parts(panels, TASK_PANELS);
    const int64_t each = p->pack_a ? LONG_TASKS_PER_THREAD : TASKS_PER_THREAD;
    const int64_t wanted = threads > 1 ? each * threads : 1, most = parts(p->I, LEAST_ROWS);
    tasks t = {.p = p};
    t.panels = parts(groups, p->pack_a ? native_least(groups, parts(wanted, most)) : groups) * TASK_PANELS;
    t.across = parts(panels, t.panels);
    const int64_t least = parts(p->I, MOST_ROWS), high = parts(wanted, t.across);
    const int64_t down = rounded(high > least ? high : least, t.across % threads ? threads : 1);
    const int64_t rows = rounded(parts(p->I, down), p->set->rows);
    t.rows = rows > LEAST_ROWS ? rows : LEAST_ROWS;
    return t;
}

/* The activation of rows of C between two panels. */
static void activate(const native_product *p, int64_t i0, int64_t i1, int64_t panel0, int64_t panel1)
{
    const int64_t j = panel0 * panel_width(p->set), columns = native_least(panel1 * panel_width(p->set), p->J) - j;
    for (int64_t i = i0; i < i1; i++)
        p->act(columns, p->c + i * p->ldc + j, p->acted + i * p->ldc + j);
}

static void task(const tasks *s, int64_t i0, int64_t panel0, float *strips)
{
    const native_product *p = s->p;
    block b = {.i0 = i0, .i1 = native_least(i0 + s->rows, p->I), .panel0 = panel0, .strips = strips};
    b.panel1 = native_least(panel0 + s->panels, parts(p->J, panel_width(p->set)));
    for (; b.t < p->T; b.t += b.n) {
        b.n = native_least(TERMS, p->T - b.t);
        if (strips)
            pack_strips(p, i0, b.i1, b.t, b.n, strips);
        for (b.first = panel0; b.first < b.panel1; b.first = b.end) {
            b.end = native_least(b.first + TASK_PANELS, b.panel1);
            for (int64_t i = i0; i < b.i1; i += p->set->rows) {
                for (int64_t panel = b.first; panel < b.end; panel++)
                    multiply_tile(p, &b, i, panel);
                if (p->act && b.t + b.n == p->T)
                    activate(p, i, native_least(i + p->set->rows, b.i1), b.first, b.end);
            }
        }
    }
}

static void task_range(void *ctx, int64_t begin, int64_t end, int worker)
{
    const tasks *t = ctx;
    const native_product *p = t->p;
    float *strips = p->scratch + p->T * rounded(p->J, p->set->lanes) + worker * strips_floats(p->set, p->I, p->T);
    for (int64_t n = begin; n < end; n++)
        task(t, n / t->across * t->rows, n % t->across * t->panels, p->pack_a ? strips : NULL);
}

void native_multiply(hone_pool *pool, const native_product *p)
{
    const int64_t panels = parts(p->J, panel_width(p->set)), blocks = parts(p->T, TERMS);
    hone_pool_run(pool, panels * blocks, 1, pack_b_range, (void *)p);
    tasks t = tasks_of(p, pool ? hone_pool_threads(pool) : 1);
    hone_pool_run(pool, parts(p->I, t.rows) * t.across, 1, task_range, &t);
}
