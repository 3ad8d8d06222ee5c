/* find_slices.c - how right groups of examples are: by gold label, by length, by a column, by a pattern in the text.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "report/findings.h"

#include "report/cells.h"
#include "train/evidence.h"

#include <hone/statistics.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST = 5, MOST_SLICES = 40, MOST_VALUES = 200, QUARTERS = 4 };

typedef struct slice {
    const char *name;
    double n, sum, squares;
    double mean, low, high;
    uint64_t number; /* in the order in which they were met, for ties */
} slice;

typedef struct slicing {
    const hone__finding *f;
    bool shares, larger_is_better; /* shares: every value is 0 or 1 */
    const char *what;              /* of the mean */
    double *value;                 /* [examples] */
    slice *all;
    size_t n, cap;
} slicing;

/* ---- What one example is worth ----------------------------------------------------------------------------------- */

static bool is_same_set(const hone_evaluation *e, const hone_record *r)
{
    for (uint64_t l = 0; l < e->n_labels; l++)
        if (hone_answer_holds(r->gold, l) != hone_answer_holds(r->prediction, l))
            return false;
    return true;
}

static double share_right(const hone_record *r)
{
    double right = 0;
    for (uint64_t i = 0; i < r->gold->n && i < r->prediction->n; i++)
        right += r->gold->labels[i] == r->prediction->labels[i];
    return r->gold->n ? right / (double)r->gold->n : (double)NAN;
}

static double worth(const hone_evaluation *e, const hone_record *r)
{
    switch (e->target) {
    case HONE_TARGET_CLASS:
    case HONE_TARGET_CHOICE:
        return r->gold->index == r->prediction->index;
    case HONE_TARGET_CLASSES:
        return is_same_set(e, r);
    case HONE_TARGET_SCORE:
        return fabs(r->gold->score - r->prediction->score);
    case HONE_TARGET_TOKENS:
        return share_right(r);
    default:
        return r->items > 0 ? r->loss / r->items : r->loss;
    }
}

static hone_status weigh(slicing *s, hone_error *err)
{
    const hone_evaluation *e = s->f->e;
    s->shares = e->target == HONE_TARGET_CLASS || e->target == HONE_TARGET_CHOICE || e->target == HONE_TARGET_CLASSES;
    s->larger_is_better = s->shares || e->target == HONE_TARGET_TOKENS;
    s->what = s->larger_is_better ? "share right" : e->target == HONE_TARGET_SCORE ? "mean absolute error" : "mean loss";
    s->value = hone_alloc_array(s->f->scratch, e->n, sizeof *s->value);
    if (!s->value)
        return hone_no_memory(err, "looking at groups of examples");
    for (uint64_t i = 0; i < e->n; i++)
        s->value[i] = worth(e, hone_record_at(e, i));
    return HONE_OK;
}

/* ---- Slices ------------------------------------------------------------------------------------------------------ */

/* Of `first` slices on, the one of that name, made where there is none; NULL when memory is short, or there are too many. */
static slice *slice_named(slicing *s, size_t first, const char *name)
{
    for (size_t i = first; i < s->n; i++)
        if (strcmp(s->all[i].name, name) == 0)
            return &s->all[i];
    if (s->n == s->cap) {
        const size_t cap = s->cap ? 2 * s->cap : 32;
        slice *more = hone_alloc_array(s->f->scratch, cap, sizeof *more);
        if (!more)
            return NULL;
        if (s->n)
            memcpy(more, s->all, s->n * sizeof *more);
        s->all = more;
        s->cap = cap;
    }
    s->all[s->n] = (slice){.name = hone_strdup(s->f->scratch, name), .number = s->n};
    return s->all[s->n].name ? &s->all[s->n++] : NULL;
}

static hone_status put(slicing *s, size_t first, uint64_t example, const char *name, hone_error *err)
{
    slice *one = name ? slice_named(s, first, name) : NULL;
    if (!one)
        return hone_no_memory(err, "looking at groups of examples");
    const double x = s->value[example];
    if (isnan(x))
        return HONE_OK;
    one->n++;
    one->sum += x;
    one->squares += x * x;
    return HONE_OK;
}

static hone_status by_label(slicing *s, hone_error *err)
{
    const hone_evaluation *e = s->f->e;
    const size_t first = s->n;
    if (!s->f->by_label || (e->target != HONE_TARGET_CLASS && e->target != HONE_TARGET_CLASSES))
        return HONE_OK;
    for (uint64_t l = 0; l < e->n_labels; l++) {
        const char *name = hone_sprintf(s->f->scratch, "label: %s", e->labels[l]);
        for (uint64_t i = 0; i < e->n; i++)
            if (hone_answer_holds(hone_record_at(e, i)->gold, l))
                HONE_TRY(put(s, first, i, name, err));
    }
    return HONE_OK;
}

/* ---- Out of slices.tsv ------------------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Where the quarters end, by number of examples; equal lengths stay together. */
static hone_status by_length(slicing *s, const hone__cells *c, const uint64_t *rows, uint64_t column, hone_error *err)
{
    const uint64_t n = s->f->e->n;
    const size_t first = s->n;
    double *sorted = hone_alloc_array(s->f->scratch, n, sizeof *sorted), ends[QUARTERS];
    if (!sorted)
        return hone_no_memory(err, "looking at lengths");
    for (uint64_t i = 0; i < n; i++)
        sorted[i] = atof(c->cell[rows[i] * c->n_columns + column]);
    qsort(sorted, n, sizeof *sorted, compare);
    for (uint64_t q = 0; q < QUARTERS; q++)
        ends[q] = sorted[(q + 1) * n / QUARTERS - ((q + 1) * n / QUARTERS > 0)];
    for (uint64_t i = 0; i < n; i++) {
        const double length = atof(c->cell[rows[i] * c->n_columns + column]);
        uint64_t q = 0;
        while (q + 1 < QUARTERS && length > ends[q])
            q++;
        const char *name =
            hone_sprintf(s->f->scratch, "length: %.0f to %.0f letters", q ? ends[q - 1] + 1 : sorted[0], ends[q]);
        HONE_TRY(put(s, first, i, name, err));
    }
    return HONE_OK;
}

/* A column of very many values, an id, has no groups. */
static bool is_grouping(const hone__cells *c, const uint64_t *rows, uint64_t n, uint64_t column)
{
    const char *seen[MOST_VALUES];
    uint64_t n_seen = 0;
    for (uint64_t i = 0; i < n; i++) {
        const char *value = c->cell[rows[i] * c->n_columns + column];
        uint64_t k = 0;
        while (k < n_seen && strcmp(seen[k], value) != 0)
            k++;
        if (k == MOST_VALUES)
            return false;
        if (k == n_seen)
            seen[n_seen++] = value;
    }
    return true;
}

static hone_status by_column(slicing *s, const hone__cells *c, const uint64_t *rows, uint64_t column, hone_error *err)
{
    const char *full = c->names[column], *name = strchr(full, ':');
    const bool pattern = strncmp(full, "pattern:", 8) == 0;
    const size_t first = s->n;
    if (!name || !is_grouping(c, rows, s->f->e->n, column))
        return HONE_OK;
    for (uint64_t i = 0; i < s->f->e->n; i++) {
        const char *value = c->cell[rows[i] * c->n_columns + column];
        const bool without = pattern && strcmp(value, "0") == 0;
        HONE_TRY(put(s, first, i,
                     pattern ? hone_sprintf(s->f->scratch, "%s %s", without ? "without" : "with", name + 1)
                             : hone_sprintf(s->f->scratch, "%s: %s", name + 1, value),
                     err));
    }
    return HONE_OK;
}

/* The row of each example, by its id: both files are in the data's order, but some examples may be left out here. */
static bool match(const slicing *s, const hone__cells *c, uint64_t *rows)
{
    uint64_t row = 0;
    for (uint64_t i = 0; i < s->f->e->n; i++, row++) {
        while (row < c->n_rows && strcmp(c->cell[row * c->n_columns], hone_record_at(s->f->e, i)->id) != 0)
            row++;
        if (row == c->n_rows)
            return false;
        rows[i] = row;
    }
    return true;
}

static hone_status by_file(slicing *s, hone_error *err)
{
    hone__cells c = {0};
    hone_error why;
    uint64_t *rows = hone_alloc_array(s->f->scratch, s->f->e->n, sizeof *rows);
    if (!rows)
        return hone_no_memory(err, "looking at groups of examples");
    const hone_status status =
        s->f->dir ? hone__cells_read(s->f->scratch, s->f->dir, HONE__SLICES_FILE, 0, &c, &why) : HONE_END;
    if (status == HONE_ENOMEM)
        return hone_fail(err, status, "%s", why.msg);
    if (status != HONE_OK || c.n_columns < 2 || !match(s, &c, rows))
        return HONE_OK; /* an older run's, or a damaged file's: the slices by label are there all the same */
    if (s->f->by_length)
        HONE_TRY(by_length(s, &c, rows, 1, err));
    for (uint64_t column = 2; column < c.n_columns; column++)
        HONE_TRY(by_column(s, &c, rows, column, err));
    return HONE_OK;
}

/* ---- The table --------------------------------------------------------------------------------------------------- */

/* Of shares Wilson's (1927); else the normal one of a mean. */
static void measure(const slicing *s, slice *one)
{
    const double z = 1.959963984540054, n = one->n;
    one->mean = one->sum / n;
    if (s->shares) {
        const double middle = (one->mean + z * z / (2 * n)) / (1 + z * z / n);
        const double half = z / (1 + z * z / n) * sqrt(one->mean * (1 - one->mean) / n + z * z / (4 * n * n));
        one->low = middle - half;
        one->high = middle + half;
        return;
    }
    const double variance = n > 1 ? fmax(0, one->squares - n * one->mean * one->mean) / (n - 1) : 0;
    one->low = one->mean - z * sqrt(variance / n);
    one->high = one->mean + z * sqrt(variance / n);
}

static bool comes_before(const slicing *s, const slice *a, const slice *b)
{
    if (a->mean != b->mean)
        return s->larger_is_better ? a->mean < b->mean : a->mean > b->mean;
    return a->number < b->number;
}

/* Measures those that are large enough and sorts them: the weakest first. */
static size_t choose(slicing *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++) {
        slice one = s->all[i];
        if (one.n < LEAST)
            continue;
        measure(s, &one);
        size_t k = n++;
        for (; k > 0 && comes_before(s, &one, &s->all[k - 1]); k--)
            s->all[k] = s->all[k - 1];
        s->all[k] = one;
    }
    return n;
}

static hone_status add_table(slicing *s, size_t n, hone__findings *out, hone_error *err)
{
    const char *const columns[] = {"group", "examples", s->what, "from", "to"};
    const char *title = n > MOST_SLICES ? hone__finding_title(s->f, "The %d weakest of %zu groups", (int)MOST_SLICES, n)
                                        : hone__finding_title(s->f, "Groups, the weakest first");
    hone_table *t;
    if (!title)
        return hone_no_memory(err, "looking at groups of examples");
    HONE_TRY(hone_table_begin(out->exhibits, "slices", title, 5, columns, &t, err));
    for (size_t i = 0; i < n && i < MOST_SLICES; i++) {
        HONE_TRY(hone_table_text(t, s->all[i].name, err));
        HONE_TRY(hone_table_number(t, s->all[i].n, err));
        HONE_TRY(hone_table_number(t, s->all[i].mean, err));
        HONE_TRY(hone_table_number(t, s->all[i].low, err));
        HONE_TRY(hone_table_number(t, s->all[i].high, err));
    }
    return HONE_OK;
}

hone_status hone__find_slices(const hone__finding *f, hone__findings *out, hone_error *err)
{
    slicing s = {.f = f};
    HONE_TRY(weigh(&s, err));
    HONE_TRY(by_label(&s, err));
    HONE_TRY(by_file(&s, err));
    const size_t n = choose(&s);
    return n ? add_table(&s, n, out, err) : HONE_OK;
}
