/* example.c - looking at examples and corpora, and hashing them.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "data/example.h"
#include "base/hash.h"

#include <string.h>

uint64_t hone_corpus_count(const hone_corpus *corpus)
{
    return corpus->n;
}

const hone_example *hone_corpus_at(const hone_corpus *corpus, uint64_t i)
{
    return i < corpus->n ? corpus->examples[i] : NULL;
}

const char *hone_example_id(const hone_example *e)
{
    return e->id;
}

uint64_t hone_example_group(const hone_example *e)
{
    return e->group;
}

const hone_answer *hone_example_gold(const hone_example *e)
{
    return e->gold;
}

const char *hone__example_file(const hone_example *e)
{
    return e->file;
}

uint64_t hone__example_line(const hone_example *e)
{
    return e->line;
}

const hone__field *hone__example_field(const hone_example *e, const char *name)
{
    for (size_t i = 0; i < e->n_fields; i++)
        if (strcmp(e->fields[i].name, name) == 0)
            return &e->fields[i];
    return NULL;
}

hone_field_type hone_example_has(const hone_example *e, const char *field)
{
    const hone__field *f = hone__example_field(e, field);
    return f ? f->type : HONE_FIELD_NONE;
}

const char *hone_example_text(const hone_example *e, const char *field, size_t *n)
{
    const hone__field *f = hone__example_field(e, field);
    if (!f || f->type != HONE_FIELD_TEXT)
        return NULL;
    if (n)
        *n = f->n;
    return f->as.text;
}

const char *const *hone_example_texts(const hone_example *e, const char *field, uint64_t *n)
{
    const hone__field *f = hone__example_field(e, field);
    if (!f || (f->type != HONE_FIELD_WORDS && f->type != HONE_FIELD_CHOICES))
        return NULL;
    if (n)
        *n = f->n;
    return f->as.texts;
}

const hone_tensor *hone_example_array(const hone_example *e, const char *field)
{
    const hone__field *f = hone__example_field(e, field);
    return f && (f->type == HONE_FIELD_ARRAY || f->type == HONE_FIELD_BYTES) ? f->as.array : NULL;
}

hone_corpus *hone__corpus_subset(hone_arena *arena, const hone_corpus *corpus, const uint64_t *order, uint64_t n)
{
    hone_corpus *subset = hone_alloc(arena, sizeof *subset);
    hone_example **examples = hone_alloc_array(arena, n, sizeof *examples);
    if (!subset || !examples)
        return NULL;
    for (uint64_t i = 0; i < n; i++)
        examples[i] = corpus->examples[order[i]];
    *subset = (hone_corpus){.file = corpus->file, .split = corpus->split, .examples = examples, .n = n};
    return subset;
}

/* ---- Hashing: every length before its bytes, so that no two corpora give the same stream -------------------------- */

static void add_number(hone__sha256 *h, uint64_t x)
{
    hone__sha256_add(h, &x, sizeof x);
}

static void add_bytes(hone__sha256 *h, const void *bytes, uint64_t n)
{
    add_number(h, n);
    if (n)
        hone__sha256_add(h, bytes, n);
}

static void add_text(hone__sha256 *h, const char *text)
{
    add_number(h, text != NULL);
    if (text)
        add_bytes(h, text, strlen(text));
}

static void add_array(hone__sha256 *h, const hone_tensor *array)
{
    add_number(h, array->dtype);
    add_number(h, array->shape.rank);
    for (uint32_t i = 0; i < array->shape.rank; i++)
        add_number(h, (uint64_t)array->shape.dim[i]);
    add_bytes(h, array->data, (uint64_t)hone_shape_count(&array->shape) * hone_dtype_size(array->dtype));
}

static void add_field(hone__sha256 *h, const hone__field *f)
{
    add_text(h, f->name);
    add_number(h, f->type);
    if (f->type == HONE_FIELD_TEXT) {
        add_bytes(h, f->as.text, f->n);
    } else if (f->type == HONE_FIELD_WORDS || f->type == HONE_FIELD_CHOICES) {
        add_number(h, f->n);
        for (uint64_t i = 0; i < f->n; i++)
            add_text(h, f->as.texts[i]);
    } else {
        add_array(h, f->as.array);
    }
}

/* Indices of named labels are left out: they follow from the names and the label list. */
static void add_gold(hone__sha256 *h, const hone_answer *gold)
{
    add_number(h, gold != NULL);
    if (!gold)
        return;
    add_number(h, gold->target);
    add_number(h, gold->n);
    add_bytes(h, &gold->score, sizeof gold->score);
    for (uint64_t i = 0; gold->names && i < gold->n; i++)
        add_text(h, gold->names[i]);
    if (!gold->names) {
        add_number(h, (uint64_t)(int64_t)gold->index);
        for (uint64_t i = 0; gold->labels && i < gold->n; i++)
            add_number(h, (uint64_t)(int64_t)gold->labels[i]);
    }
    for (uint64_t i = 0; gold->spans && i < gold->n; i++) {
        add_number(h, gold->spans[i].begin);
        add_number(h, gold->spans[i].end);
    }
    add_bytes(h, gold->bytes, gold->n_bytes);
    add_text(h, gold->text);
    add_bytes(h, gold->scores, gold->n_scores * sizeof *gold->scores);
}

hone_status hone__corpus_hash(const hone_corpus *corpus, char hex[65], hone_error *err)
{
    hone__sha256 *h = hone__sha256_create();
    if (!h)
        return hone_no_memory(err, "hashing the data");
    add_number(h, corpus->n);
    for (uint64_t i = 0; i < corpus->n; i++) {
        const hone_example *e = corpus->examples[i];
        add_text(h, e->id);
        add_number(h, e->group);
        add_number(h, e->n_fields);
        for (size_t f = 0; f < e->n_fields; f++)
            add_field(h, &e->fields[f]);
        add_gold(h, e->gold);
    }
    return hone__sha256_finish(h, hex, err);
}

typedef hone_status text_fn(void *ctx, const char *text, size_t n, hone_error *err);

static hone_status each_text(const hone__field *f, text_fn *fn, void *ctx, hone_error *err)
{
    if (f->type == HONE_FIELD_TEXT)
        return fn(ctx, f->as.text, f->n, err);
    if (f->type != HONE_FIELD_WORDS && f->type != HONE_FIELD_CHOICES)
        return HONE_OK;
    for (uint64_t i = 0; i < f->n; i++)
        HONE_TRY(fn(ctx, f->as.texts[i], strlen(f->as.texts[i]), err));
    return HONE_OK;
}

hone_status hone_corpus_texts(const hone_corpus *corpus, text_fn *fn, void *ctx, hone_error *err)
{
    for (uint64_t i = 0; i < corpus->n; i++)
        for (size_t k = 0; k < corpus->examples[i]->n_fields; k++)
            HONE_TRY(each_text(&corpus->examples[i]->fields[k], fn, ctx, err));
    return HONE_OK;
}
