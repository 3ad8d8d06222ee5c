/* evidence.c - errors.tsv, slices.tsv and confusion.tsv of an evaluation.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "train/evidence.h"

#include "base/file.h"
#include "base/regex.h"
#include "base/str.h"
#include "data/example.h"
#include "train/confusion.h"
#include "train/predictions.h"

#include <hone/statistics.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct writing {
    const char *dir;
    const hone_evaluation *e;
    const hone__report_config *config;
    const char *const *kept; /* names, NULL-terminated; may be NULL */
    hone_arena *scratch;
    hone__str text;
} writing;

static void add_cell(hone__str *s, const char *text)
{
    hone__str_add(s, "\t");
    hone__predictions_escape(s, text);
}

static hone_status save(writing *w, const char *name, hone_error *err)
{
    const char *path = hone__path_join(w->scratch, w->dir, name);
    const hone_status status = path && !w->text.failed ? hone__write_file(path, hone__str_text(&w->text), w->text.n, err)
                                                       : hone_no_memory(err, "writing what an evaluation shows");
    hone__str_clear(&w->text);
    return status;
}

/* ---- Fields as text ---------------------------------------------------------------------------------------------- */

/* Words and choices with blanks or bars between them; arrays have no text. */
static hone_status field_text(writing *w, const hone__field *f, const char **out, hone_error *err)
{
    hone__str s = {0};
    *out = "";
    if (f->type == HONE_FIELD_TEXT)
        *out = f->as.text;
    if (f->type != HONE_FIELD_WORDS && f->type != HONE_FIELD_CHOICES)
        return HONE_OK;
    for (uint64_t i = 0; i < f->n; i++) {
        hone__str_add(&s, i == 0 ? "" : f->type == HONE_FIELD_WORDS ? " " : " | ");
        hone__str_add(&s, f->as.texts[i]);
    }
    *out = s.failed ? NULL : hone_strdup(w->scratch, hone__str_text(&s));
    hone__str_clear(&s);
    return *out ? HONE_OK : hone_no_memory(err, "writing texts");
}

static const hone_example *first_example(const hone_evaluation *e)
{
    return e->n ? hone_record_at(e, 0)->example : NULL;
}

/* ---- Errors ------------------------------------------------------------------------------------------------------ */

typedef struct place {
    double loss; /* an item */
    uint64_t index;
} place;

static int larger_first(const void *a, const void *b)
{
    const place *x = a, *y = b;
    if (x->loss != y->loss)
        return x->loss < y->loss ? 1 : -1;
    return (x->index > y->index) - (x->index < y->index);
}

static uint64_t order_by_loss(const hone_evaluation *e, place *places)
{
    uint64_t n = 0;
    for (uint64_t i = 0; i < e->n; i++) {
        const hone_record *r = hone_record_at(e, i);
        const double loss = r->items > 0 ? r->loss / r->items : r->loss;
        if (r->gold && r->prediction && !isnan(loss))
            places[n++] = (place){loss, i};
    }
    if (n)
        qsort(places, n, sizeof *places, larger_first);
    return n;
}

static hone_status add_error(writing *w, const place *p, hone_error *err)
{
    const hone_record *r = hone_record_at(w->e, p->index);
    const hone_example *first = first_example(w->e);
    hone__predictions_escape(&w->text, r->id);
    hone__str_add(&w->text, "\t");
    hone__predictions_answer(&w->text, w->e, r->gold);
    hone__str_add(&w->text, "\t");
    hone__predictions_answer(&w->text, w->e, r->prediction);
    hone__str_addf(&w->text, "\t%.6g", p->loss);
    for (size_t f = 0; first && f < first->n_fields; f++) {
        const hone__field *field = r->example ? hone__example_field(r->example, first->fields[f].name) : NULL;
        const char *text = "";
        if (field)
            HONE_TRY(field_text(w, field, &text, err));
        add_cell(&w->text, text);
    }
    for (size_t k = 0; w->kept && w->kept[k]; k++)
        add_cell(&w->text, r->example && r->example->kept && r->example->kept[k] ? r->example->kept[k] : "");
    hone__str_add(&w->text, "\n");
    return HONE_OK;
}

static hone_status write_errors(writing *w, hone_error *err)
{
    const hone_example *first = first_example(w->e);
    place *places = hone_alloc_array(w->scratch, w->e->n, sizeof *places);
    if (!places)
        return hone_no_memory(err, "looking for the highest losses");
    const uint64_t n = order_by_loss(w->e, places);
    hone__str_add(&w->text, "id\tgold\tpredicted\tloss");
    for (size_t f = 0; first && f < first->n_fields; f++)
        add_cell(&w->text, first->fields[f].name);
    for (size_t k = 0; w->kept && w->kept[k]; k++)
        add_cell(&w->text, w->kept[k]);
    hone__str_add(&w->text, "\n");
    for (uint64_t i = 0; i < n && i < (uint64_t)w->config->errors; i++)
        HONE_TRY(add_error(w, &places[i], err));
    return save(w, HONE__ERRORS_FILE, err);
}

/* ---- Slices ------------------------------------------------------------------------------------------------------ */

static uint64_t count_letters(const char *text)
{
    uint64_t n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

/* Letters of all its texts, and which patterns are in one of them. */
static hone_status look_at(writing *w, const hone_example *x, hone__regex *const *patterns, uint64_t n, bool *found,
                           uint64_t *letters, hone_error *err)
{
    *letters = 0;
    for (size_t f = 0; x && f < x->n_fields; f++) {
        const char *text;
        HONE_TRY(field_text(w, &x->fields[f], &text, err));
        *letters += count_letters(text);
        for (uint64_t i = 0; i < n; i++)
            found[i] = found[i] || (patterns[i] && hone__regex_matches(patterns[i], text));
    }
    return HONE_OK;
}

static const char *column_value(const writing *w, const hone_example *x, const char *column)
{
    for (size_t k = 0; x && x->kept && w->kept && w->kept[k]; k++)
        if (strcmp(w->kept[k], column) == 0)
            return x->kept[k] ? x->kept[k] : "";
    return "";
}

static hone_status add_slices(writing *w, hone__regex *const *patterns, bool *found, hone_error *err)
{
    const hone__slice_config *slices = w->config->slices.items;
    const uint64_t n = w->config->slices.n;
    for (uint64_t i = 0; i < w->e->n; i++) {
        const hone_record *r = hone_record_at(w->e, i);
        uint64_t letters;
        if (n)
            memset(found, 0, n * sizeof *found);
        HONE_TRY(look_at(w, r->example, patterns, n, found, &letters, err));
        hone__predictions_escape(&w->text, r->id);
        hone__str_addf(&w->text, "\t%llu", (unsigned long long)letters);
        for (uint64_t s = 0; s < n; s++)
            add_cell(&w->text, slices[s].pattern ? (found[s] ? "1" : "0") : column_value(w, r->example, slices[s].column));
        hone__str_add(&w->text, "\n");
    }
    return HONE_OK;
}

static void add_header(writing *w)
{
    const hone__slice_config *slices = w->config->slices.items;
    hone__str_add(&w->text, "id\tlength");
    for (uint64_t s = 0; s < w->config->slices.n; s++) {
        const char *what = slices[s].pattern ? slices[s].pattern : slices[s].column;
        hone__str_add(&w->text, slices[s].pattern ? "\tpattern:" : "\tcolumn:");
        hone__predictions_escape(&w->text, slices[s].name ? slices[s].name : what);
    }
    hone__str_add(&w->text, "\n");
}

static hone_status write_slices(writing *w, hone_error *err)
{
    const hone__slice_config *slices = w->config->slices.items;
    const uint64_t n = w->config->slices.n;
    hone__regex **patterns = hone_alloc_array(w->scratch, n, sizeof *patterns);
    bool *found = hone_alloc_array(w->scratch, n, sizeof *found);
    hone_status status = patterns && found ? HONE_OK : hone_no_memory(err, "looking for slices");
    for (uint64_t s = 0; s < n && status == HONE_OK; s++)
        if (slices[s].pattern)
            status = hone__regex_create(slices[s].pattern, &patterns[s], err);
    add_header(w);
    if (status == HONE_OK)
        status = add_slices(w, patterns, found, err);
    for (uint64_t s = 0; patterns && s < n; s++)
        hone__regex_destroy(patterns[s]);
    return status == HONE_OK ? save(w, HONE__SLICES_FILE, err) : status;
}

/* ---- Confusion --------------------------------------------------------------------------------------------------- */

static hone_status add_matrix(writing *w, hone_error *err)
{
    hone__confusion c;
    HONE_TRY(hone__confusion_count(w->scratch, w->e, &c, err));
    const uint64_t columns = c.n + (c.lost > 0);
    hone__str_add(&w->text, "gold\\\\predicted");
    for (uint64_t k = 0; k < columns; k++)
        add_cell(&w->text, k < c.n ? w->e->labels[k] : HONE__NO_ANSWER);
    hone__str_add(&w->text, "\n");
    for (uint64_t g = 0; g < c.n; g++) {
        hone__predictions_escape(&w->text, w->e->labels[g]);
        for (uint64_t k = 0; k < columns; k++)
            hone__str_addf(&w->text, "\t%.0f", hone__confusion_at(&c, g, k));
        hone__str_add(&w->text, "\n");
    }
    return HONE_OK;
}

/* Source: scikit-learn, multilabel_confusion_matrix. */
static hone_status add_labels(writing *w, hone_error *err)
{
    hone_evaluation some = *w->e;
    hone_record *records = hone_alloc_array(w->scratch, w->e->n, sizeof *records);
    hone_label_counts c;
    if (!records)
        return hone_no_memory(err, "counting labels");
    some.n = 0;
    some.records = records;
    some.record_size = sizeof *records;
    for (uint64_t i = 0; i < w->e->n; i++)
        if (hone_record_at(w->e, i)->gold && hone_record_at(w->e, i)->prediction)
            records[some.n++] = *hone_record_at(w->e, i);
    HONE_TRY(hone_count_labels(w->scratch, &some, &c, err));
    hone__str_add(&w->text, "label\ttrue_negatives\tfalse_positives\tfalse_negatives\ttrue_positives\n");
    for (uint64_t l = 0; l < c.n; l++) {
        hone__predictions_escape(&w->text, w->e->labels[l]);
        hone__str_addf(&w->text, "\t%.0f\t%.0f\t%.0f\t%.0f\n", (double)some.n - c.gold[l] - c.predicted[l] + c.right[l],
                       c.predicted[l] - c.right[l], c.gold[l] - c.right[l], c.right[l]);
    }
    return HONE_OK;
}

static hone_status write_confusion(writing *w, hone_error *err)
{
    if (w->e->target == HONE_TARGET_CLASSES)
        HONE_TRY(add_labels(w, err));
    else if (w->e->target == HONE_TARGET_CLASS || w->e->target == HONE_TARGET_TAGS)
        HONE_TRY(add_matrix(w, err));
    return w->text.n ? save(w, HONE__CONFUSION_FILE, err) : HONE_OK;
}

hone_status hone__evidence_write(const char *dir, const hone_evaluation *e, const hone__report_config *config,
                                 const char *const *kept, hone_arena *scratch, hone_error *err)
{
    writing w = {.dir = dir, .e = e, .config = config, .kept = kept, .scratch = scratch};
    hone_status status = write_errors(&w, err);
    if (status == HONE_OK)
        status = write_slices(&w, err);
    if (status == HONE_OK)
        status = write_confusion(&w, err);
    hone__str_clear(&w.text);
    return status;
}
