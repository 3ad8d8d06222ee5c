/* check.c - a look at the data before training: rows, labels, lengths, and what stands in two splits.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "data/check.h"
#include "base/alloc.h"
#include "data/prepared.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_LABELS = 20 /* to list one by one */ };

static hone_status no_memory(hone_error *err)
{
    return hone_no_memory(err, "looking at the data");
}

/* ---- Lengths ----------------------------------------------------------------------------------------------------- */

static int by_number(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

hone_status hone__prepared_lengths(const hone__prepared *p, hone__length_stats *lengths, hone_error *err)
{
    uint64_t n = p->stats.sequences;
    uint64_t *sorted = hone__calloc(n, sizeof *sorted);
    *lengths = (hone__length_stats){0};
    if (!sorted)
        return no_memory(err);
    for (uint64_t i = 0; i < n; i++)
        sorted[i] = p->starts[i + 1] - p->starts[i];
    qsort(sorted, n, sizeof *sorted, by_number);
    if (n)
        *lengths = (hone__length_stats){.least = sorted[0],
                                        .median = sorted[(n - 1) / 2],
                                        .p95 = sorted[(95 * n + 99) / 100 - 1],
                                        .most = sorted[n - 1],
                                        .mean = (double)p->stats.tokens / (double)n};
    hone__free(sorted);
    return HONE_OK;
}

/* ---- The same texts twice ---------------------------------------------------------------------------------------- */

static uint64_t hash_bytes(uint64_t h, const char *bytes, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)bytes[i]) * UINT64_C(0x100000001b3); /* FNV-1a */
    return h;
}

static uint64_t hash_texts(const hone_example *e)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < e->n_fields; i++) {
        const hone__field *f = &e->fields[i];
        if (f->type == HONE_FIELD_TEXT)
            h = hash_bytes(h, f->as.text, f->n + 1);
        else if (f->type == HONE_FIELD_WORDS || f->type == HONE_FIELD_CHOICES)
            for (uint64_t k = 0; k < f->n; k++)
                h = hash_bytes(h, f->as.texts[k], strlen(f->as.texts[k]) + 1);
    }
    return h ^ h >> 29;
}

static bool equal_strings(const hone__field *a, const hone__field *b)
{
    for (uint64_t i = 0; i < a->n; i++)
        if (strcmp(a->as.texts[i], b->as.texts[i]) != 0)
            return false;
    return true;
}

static bool equal_fields(const hone__field *a, const hone__field *b)
{
    if (strcmp(a->name, b->name) != 0 || a->type != b->type || a->n != b->n)
        return false;
    if (a->type == HONE_FIELD_TEXT)
        return memcmp(a->as.text, b->as.text, a->n) == 0;
    if (a->type == HONE_FIELD_WORDS || a->type == HONE_FIELD_CHOICES)
        return equal_strings(a, b);
    return hone_shape_equal(&a->as.array->shape, &b->as.array->shape) && a->as.array->dtype == b->as.array->dtype &&
           memcmp(a->as.array->data, b->as.array->data, a->n * hone_dtype_size(a->as.array->dtype)) == 0;
}

static bool equal_examples(const hone_example *a, const hone_example *b)
{
    bool equal = a->n_fields == b->n_fields;
    for (size_t i = 0; equal && i < a->n_fields; i++)
        equal = equal_fields(&a->fields[i], &b->fields[i]);
    return equal;
}

hone_status hone__corpus_overlap(const hone_corpus *train, const hone_corpus *part, uint64_t *n, const hone_example **first,
                                 hone_error *err)
{
    uint64_t places = 16;
    *n = 0;
    *first = NULL;
    while (places < 2 * train->n)
        places *= 2;
    const hone_example **table = hone__calloc(places, sizeof *table);
    if (!table)
        return no_memory(err);
    for (uint64_t i = 0; i < train->n; i++) {
        uint64_t at = hash_texts(train->examples[i]) & (places - 1);
        while (table[at] && !equal_examples(table[at], train->examples[i]))
            at = (at + 1) & (places - 1);
        table[at] = train->examples[i];
    }
    for (uint64_t i = 0; i < part->n; i++) {
        uint64_t at = hash_texts(part->examples[i]) & (places - 1);
        while (table[at] && !equal_examples(table[at], part->examples[i]))
            at = (at + 1) & (places - 1);
        if (table[at] && (*n)++ == 0)
            *first = part->examples[i];
    }
    hone__free(table);
    return HONE_OK;
}

/* ---- The description --------------------------------------------------------------------------------------------- */

static hone_status describe_split(const char *name, const hone_corpus *corpus, const hone__prepared *p, hone__str *out,
                                  hone_error *err)
{
    hone__length_stats l;
    if (!corpus)
        return HONE_OK;
    hone__str_addf(out, "%-11s %llu examples", name, (unsigned long long)corpus->n);
    if (p) {
        const hone__prepared_stats *s = &p->stats;
        HONE_TRY(hone__prepared_lengths(p, &l, err));
        if (s->examples != corpus->n)
            hone__str_addf(out, ", of which the first %llu are used", (unsigned long long)s->examples);
        if (s->sequences != s->examples)
            hone__str_addf(out, " in %llu sequences", (unsigned long long)s->sequences);
        if (p->ids)
            hone__str_addf(out, "; tokens: least %llu, mean %.1f, median %llu, 95 %% up to %llu, most %llu",
                           (unsigned long long)l.least, l.mean, (unsigned long long)l.median, (unsigned long long)l.p95,
                           (unsigned long long)l.most);
        if (s->cut_examples)
            hone__str_addf(out, "; %llu cut (%.1f %%), which lose %llu tokens", (unsigned long long)s->cut_examples,
                           100.0 * (double)s->cut_examples / (double)s->examples, (unsigned long long)s->cut_tokens);
    }
    hone__str_add(out, "\n");
    return HONE_OK;
}

/* How often each label stands in a split, [n_labels] counts. */
static void count_labels(const hone_corpus *corpus, uint64_t *counts)
{
    for (uint64_t i = 0; i < corpus->n; i++) {
        const hone_example *e = corpus->examples[i];
        for (uint64_t k = 0; e->gold && e->labels && k < e->gold->n; k++)
            if (e->labels[k] >= 0)
                counts[e->labels[k]]++;
    }
}

/* What labels are counted in: of tags words, else examples. */
static uint64_t count_owners(const hone__dataset *d)
{
    uint64_t n = 0;
    if (d->target != HONE_TARGET_TAGS)
        return d->train->n;
    for (size_t i = 0; i < d->labels.n; i++)
        n += d->labels.counts[i];
    return n;
}

static void describe_label(const hone__labels *labels, size_t i, uint64_t n, hone__str *out)
{
    hone__str_add_shown(out, labels->shown[i], 60);
    hone__str_addf(out, " %llu", (unsigned long long)labels->counts[i]);
    if (n)
        hone__str_addf(out, " (%.1f %%)", 100.0 * (double)labels->counts[i] / (double)n);
}

static void describe_labels(const hone__dataset *d, hone__str *out)
{
    const hone__labels *labels = &d->labels;
    const uint64_t n = count_owners(d);
    size_t least = 0, most = 0;
    if (labels->n == 0)
        return;
    hone__str_addf(out, "%-11s ", "labels");
    for (size_t i = 0; i < labels->n; i++) {
        least = labels->counts[i] < labels->counts[least] ? i : least;
        most = labels->counts[i] > labels->counts[most] ? i : most;
        if (labels->n > MOST_LABELS)
            continue;
        hone__str_add(out, i ? ", " : "");
        describe_label(labels, i, n, out);
    }
    if (labels->n > MOST_LABELS) {
        hone__str_addf(out, "%zu, the rarest ", labels->n);
        describe_label(labels, least, n, out);
        hone__str_add(out, ", the most frequent ");
        describe_label(labels, most, n, out);
    }
    hone__str_add(out, "\n");
}

/* Labels that a split lacks: their figures there mean little. */
static hone_status warn_absent(const hone__dataset *d, const char *name, const hone_corpus *corpus, hone__str *out,
                               hone_error *err)
{
    size_t absent = 0;
    if (!corpus || d->labels.n == 0)
        return HONE_OK;
    uint64_t *counts = hone__calloc(d->labels.n, sizeof *counts);
    if (!counts)
        return no_memory(err);
    count_labels(corpus, counts);
    for (size_t i = 0; i < d->labels.n; i++) {
        if (counts[i] > 0 || absent++ > 0)
            continue;
        hone__str_addf(out, "warning: %s has no example of the label ", name);
        hone__str_add_shown(out, d->labels.shown[i], 60);
    }
    if (absent)
        hone__str_addf(out, absent > 1 ? ", and of %zu others none\n" : "\n", absent - 1);
    hone__free(counts);
    return HONE_OK;
}

static hone_status warn_overlap(const hone__dataset *d, const char *name, const hone_corpus *corpus, hone__str *out,
                                hone_error *err)
{
    uint64_t n;
    const hone_example *first;
    if (!corpus)
        return HONE_OK;
    HONE_TRY(hone__corpus_overlap(d->train, corpus, &n, &first, err));
    if (n == 0)
        return HONE_OK;
    hone__str_addf(out, "warning: %llu of the %llu %s examples stand%s in training too, with the same texts; the first is ",
                   (unsigned long long)n, (unsigned long long)corpus->n, name, n == 1 ? "s" : "");
    hone__str_add_shown(out, first->file, 300);
    hone__str_addf(out, ":%llu\n", (unsigned long long)first->line);
    return HONE_OK;
}

hone_status hone__dataset_describe(const hone__dataset *d, const hone__prepared *train, const hone__prepared *validation,
                                   const hone__prepared *test, hone__str *out, hone_error *err)
{
    HONE_TRY(describe_split("train", d->train, train, out, err));
    HONE_TRY(describe_split("validation", d->validation, validation, out, err));
    HONE_TRY(describe_split("test", d->test, test, out, err));
    describe_labels(d, out);
    HONE_TRY(warn_absent(d, "validation", d->validation, out, err));
    HONE_TRY(warn_overlap(d, "validation", d->validation, out, err));
    HONE_TRY(warn_overlap(d, "test", d->test, out, err));
    return out->failed ? no_memory(err) : HONE_OK;
}
