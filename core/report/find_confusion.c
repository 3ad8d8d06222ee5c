/* find_confusion.c - gold against predicted, and what is taken for what most often.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "report/findings.h"

#include "report/cells.h"
#include "train/confusion.h"
#include "train/evidence.h"

#include <stdlib.h>

enum { MOST_PAIRS = 20 };

typedef struct counting {
    const hone__finding *f;
    hone__confusion all;
} counting;

static hone_status add_matrix(const counting *c, hone_exhibits *x, hone_error *err)
{
    const hone_evaluation *e = c->f->e;
    const uint64_t columns = c->all.n + (c->all.lost > 0);
    double *values = hone_alloc_array(c->f->scratch, c->all.n * columns, sizeof *values);
    const char **names = hone_alloc_array(c->f->scratch, columns, sizeof *names);
    const char *title =
        hone__finding_title(c->f, e->target == HONE_TARGET_TAGS     ? "Confusion matrix of words"
                                  : e->target == HONE_TARGET_CHOICE ? "Confusion matrix of positions (A: the first choice)"
                                                                    : "Confusion matrix");
    if (!values || !names || !title)
        return hone_no_memory(err, "counting a confusion matrix");
    for (uint64_t r = 0; r < c->all.n; r++)
        for (uint64_t k = 0; k < columns; k++)
            values[r * columns + k] = hone__confusion_at(&c->all, r, k);
    for (uint64_t k = 0; k < columns; k++)
        names[k] = k < c->all.n ? c->all.labels[k] : "(none)";
    return hone_matrix_add(x,
                           &(hone_matrix){.size = sizeof(hone_matrix),
                                          .name = "confusion_matrix",
                                          .title = title,
                                          .row_title = "gold",
                                          .column_title = "predicted",
                                          .n_rows = c->all.n,
                                          .n_columns = columns,
                                          .rows = c->all.labels,
                                          .columns = names,
                                          .values = values,
                                          .counts = true},
                           err);
}

/* ---- Pairs ------------------------------------------------------------------------------------------------------- */

typedef struct pair {
    uint64_t gold, predicted;
    double n, share; /* share: of the gold label's examples */
} pair;

static int more_first(const void *a, const void *b)
{
    const pair *x = a, *y = b;
    if (x->n != y->n)
        return x->n < y->n ? 1 : -1;
    if (x->share != y->share)
        return x->share < y->share ? 1 : -1;
    if (x->gold != y->gold)
        return x->gold < y->gold ? -1 : 1;
    return (x->predicted > y->predicted) - (x->predicted < y->predicted);
}

static double row_sum(const counting *c, uint64_t gold)
{
    double sum = 0;
    for (uint64_t k = 0; k <= c->all.n; k++)
        sum += hone__confusion_at(&c->all, gold, k);
    return sum;
}

static uint64_t collect_pairs(const counting *c, pair *pairs)
{
    uint64_t n = 0;
    for (uint64_t g = 0; g < c->all.n; g++) {
        const double sum = row_sum(c, g);
        for (uint64_t p = 0; p < c->all.n; p++) {
            const double wrong = hone__confusion_at(&c->all, g, p);
            if (p != g && wrong > 0)
                pairs[n++] = (pair){g, p, wrong, wrong / sum};
        }
    }
    if (n)
        qsort(pairs, n, sizeof *pairs, more_first);
    return n;
}

static hone_status add_pairs(const counting *c, hone_exhibits *x, hone_error *err)
{
    static const char *const columns[] = {"gold", "predicted", "times", "% of gold", "the other way round"};
    const char *const *labels = c->all.labels;
    pair *pairs = hone_alloc_array(c->f->scratch, c->all.n * c->all.n, sizeof *pairs);
    hone_table *t;
    const char *title = hone__finding_title(c->f, "Most confused pairs");
    if (!pairs || !title)
        return hone_no_memory(err, "counting confused labels");
    const uint64_t n = collect_pairs(c, pairs);
    if (n == 0)
        return HONE_OK;
    HONE_TRY(hone_table_begin(x, "confused_pairs", title, 5, columns, &t, err));
    for (uint64_t i = 0; i < n && i < MOST_PAIRS; i++) {
        HONE_TRY(hone_table_text(t, labels[pairs[i].gold], err));
        HONE_TRY(hone_table_text(t, labels[pairs[i].predicted], err));
        HONE_TRY(hone_table_number(t, pairs[i].n, err));
        HONE_TRY(hone_table_number(t, 100 * pairs[i].share, err));
        HONE_TRY(hone_table_number(t, hone__confusion_at(&c->all, pairs[i].predicted, pairs[i].gold), err));
    }
    return HONE_OK;
}

/* Predictions have the numbers of tokens; their words stand in confusion.tsv. */
static hone_status find_tokens(const hone__finding *f, hone_exhibits *x, hone_error *err)
{
    static const char *const columns[] = {"gold", "predicted", "times", "% of gold"};
    hone__cells c = {0};
    hone_error why;
    hone_table *t;
    const char *name = hone__output_file(f->scratch, HONE__CONFUSION_FILE, f->file ? f->file : "");
    const char *title = hone__finding_title(f, "Masked words most often taken for others");
    if (!name || !title)
        return hone_no_memory(err, "counting mistaken tokens");
    const hone_status status = f->dir ? hone__cells_read(f->scratch, f->dir, name, MOST_PAIRS, &c, &why) : HONE_END;
    if (status == HONE_ENOMEM)
        return hone_fail(err, status, "%s", why.msg);
    if (status != HONE_OK || c.n_columns != 4 || c.n_rows == 0)
        return HONE_OK;
    HONE_TRY(hone_table_begin(x, "confused_pairs", title, 4, columns, &t, err));
    for (uint64_t r = 0; r < c.n_rows; r++) {
        const char *const *cell = c.cell + 4 * r;
        HONE_TRY(hone_table_text(t, cell[0], err));
        HONE_TRY(hone_table_text(t, cell[1], err));
        HONE_TRY(hone_table_number(t, atof(cell[2]), err));
        HONE_TRY(hone_table_number(t, 100 * atof(cell[2]) / atof(cell[3]), err));
    }
    return HONE_OK;
}

hone_status hone__find_confusion(const hone__finding *f, hone__findings *out, hone_error *err)
{
    if (f->e->target == HONE_TARGET_TOKENS)
        return find_tokens(f, out->exhibits, err);
    counting c = {.f = f};
    HONE_TRY(hone__confusion_count(f->scratch, f->e, &c.all, err));
    if (c.all.n == 0)
        return HONE_OK;
    HONE_TRY(add_matrix(&c, out->exhibits, err));
    return f->e->target == HONE_TARGET_CHOICE ? HONE_OK : add_pairs(&c, out->exhibits, err);
}
