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

/* Terms of a block; rows of C that are one task, panels that its rows meet together, and tasks that a thread should have; floats between
 * two packed strips, so that they do not all fall on the same lines of the cache. */
enum { TERMS = 384, LEAST_ROWS = 96, MOST_ROWS = 384, TASK_PANELS = 4, TASKS_PER_THREAD = 4, STRIP_GAP = 16 };

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

/* Terms t .. t+n-1 of a tile; its packed strip of A, if that is packed. */
typedef struct block {
    int64_t i, rows, t, n;
    const float *strip;
} block;

static void tile(const native_product *p, const block *b, int64_t panel)
{
    const native_set *set = p->set;
    int64_t width;
    const float *packed = panel_of(p, panel, &width) + b->t * width, *a = p->a + b->i * p->a_i + b->t * p->a_t;
    const int64_t j = panel * panel_width(set), columns = native_least(width, p->J - j);
    int64_t stride = p->a_i == 1 ? p->a_t : p->a_i;
    if (b->strip) {
        a = b->strip;
        stride = set->rows;
    }
    const int64_t vectors = width / set->lanes;
    const bool by_columns = p->pack_a || p->a_t != 1;
    native_kernel *kernel = (by_columns ? set->by_columns : set->by_rows)[b->rows - 1][vectors - 1];
    kernel(b->n, a, stride, packed, p->c + b->i * p->ldc + j, p->ldc, (int)(columns - (vectors - 1) * set->lanes),
           p->add || b->t > 0, p->bias && b->t + b->n == p->T ? p->bias + j : NULL);
}

/* C, cut into tasks of `rows` rows and `panels` panels, `across` beside each other. */
typedef struct tasks {
    const native_product *p;
    int64_t rows, panels, across;
} tasks;

/* Packed columns of A serve all panels, so there are tasks beside each other only where there would be too few. */
static tasks tasks_of(const native_product *p, int threads)
{
    const int64_t panels = parts(p->J, panel_width(p->set)), groups = parts(panels, TASK_PANELS);
    const int64_t wanted = threads > 1 ? TASKS_PER_THREAD * (int64_t)threads : 1, most = parts(p->I, LEAST_ROWS);
    tasks t = {.p = p};
    t.panels = parts(groups, p->pack_a ? native_least(groups, parts(wanted, most)) : groups) * TASK_PANELS;
    t.across = parts(panels, t.panels);
    const int64_t least = parts(p->I, MOST_ROWS), high = parts(wanted, t.across);
    const int64_t rows = rounded(parts(p->I, high > least ? high : least), p->set->rows);
    t.rows = rows > LEAST_ROWS ? rows : LEAST_ROWS;
    return t;
}

static void task(const tasks *s, int64_t i0, int64_t panel0, float *strips)
{
    const native_product *p = s->p;
    const int64_t i1 = native_least(i0 + s->rows, p->I), rows = p->set->rows;
    const int64_t panel1 = native_least(panel0 + s->panels, parts(p->J, panel_width(p->set)));
    for (int64_t t = 0; t < p->T; t += TERMS) {
        const int64_t n = native_least(TERMS, p->T - t);
        if (strips)
            pack_strips(p, i0, i1, t, n, strips);
        for (int64_t first = panel0; first < panel1; first += TASK_PANELS) {
            for (int64_t i = i0; i < i1; i += rows) {
                const float *strip = strips ? strips + (i - i0) / rows * (n * rows + STRIP_GAP) : NULL;
                const block b = {i, native_least(rows, i1 - i), t, n, strip};
                for (int64_t panel = first; panel < native_least(first + TASK_PANELS, panel1); panel++)
                    tile(p, &b, panel);
            }
        }
    }
    const int64_t j = panel0 * panel_width(p->set), columns = native_least(panel1 * panel_width(p->set), p->J) - j;
    for (int64_t i = i0; p->act && i < i1; i++)
        p->act(columns, p->c + i * p->ldc + j, p->acted + i * p->ldc + j);
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
