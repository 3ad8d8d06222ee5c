/* labels.c - the label list: made from the training split (or fixed by the reader), and how its labels are shown.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "data/labels.h"
#include "base/alloc.h"
#include "base/str.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- A table from name to index ---------------------------------------------------------------------------------- */

typedef struct name_table {
    const char *const *names; /* borrowed; entries are indices into it, plus 1 */
    uint32_t *entries;
    size_t n, places;
} name_table;

/* The place where a name stands or would stand. */
static size_t place_of(const name_table *t, const char *name)
{
    size_t at = hone_scope_hash(name) & (t->places - 1);
    while (t->entries[at] && strcmp(t->names[t->entries[at] - 1], name) != 0)
        at = (at + 1) & (t->places - 1);
    return at;
}

/* The index, or -1. */
static int32_t find(const name_table *t, const char *name)
{
    return t->places ? (int32_t)t->entries[place_of(t, name)] - 1 : -1;
}

/* Room for n names; false when memory is short. */
static bool table_init(name_table *t, const char *const *names, size_t n)
{
    *t = (name_table){.names = names, .places = 16};
    while (t->places < 2 * n)
        t->places *= 2;
    t->entries = hone__calloc(t->places, sizeof *t->entries);
    return t->entries != NULL;
}

/* Enters names[i]; false where it is there already. */
static bool enter(name_table *t, size_t i)
{
    size_t at = place_of(t, t->names[i]);
    if (t->entries[at])
        return false;
    t->entries[at] = (uint32_t)i + 1;
    return true;
}

/* ---- Order ------------------------------------------------------------------------------------------------------- */

static bool as_integer(const char *name, long long *value)
{
    char *end;
    const char *digits = name + (*name == '-' || *name == '+');
    errno = 0;
    *value = strtoll(name, &end, 10);
    return *digits >= '0' && *digits <= '9' && *end == '\0' && errno == 0;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int by_number(const void *a, const void *b)
{
    long long x = 0, y = 0;
    as_integer(*(const char *const *)a, &x);
    as_integer(*(const char *const *)b, &y);
    return x < y ? -1 : x > y ? 1 : by_bytes(a, b);
}

static void sort_labels(const char **names, size_t n)
{
    long long value;
    bool numbers = true;
    for (size_t i = 0; i < n && numbers; i++)
        numbers = as_integer(names[i], &value);
    qsort(names, n, sizeof *names, numbers ? by_number : by_bytes);
}

/* ---- Collecting -------------------------------------------------------------------------------------------------- */

/* A growing set of names. */
typedef struct name_set {
    const char **names;
    size_t n, cap;
    name_table table;
} name_set;

static void set_clear(name_set *s)
{
    hone__free(s->names);
    hone__free(s->table.entries);
}

static bool set_grow(name_set *s)
{
    size_t cap = s->cap ? 2 * s->cap : 64;
    const char **names = hone__realloc(s->names, cap * sizeof *names);
    if (!names)
        return false;
    s->names = names;
    s->cap = cap;
    hone__free(s->table.entries);
    if (!table_init(&s->table, names, cap))
        return false;
    for (size_t i = 0; i < s->n; i++)
        enter(&s->table, i);
    return true;
}

/* False when memory is short. */
static bool set_add(name_set *s, const char *name)
{
    if (find(&s->table, name) >= 0)
        return true;
    if (s->n == s->cap && !set_grow(s))
        return false;
    s->names[s->n] = name;
    enter(&s->table, s->n++);
    return true;
}

static bool has_names(const hone_answer *gold)
{
    return gold && gold->names;
}

static bool collect_names(name_set *s, const hone_corpus *train)
{
    for (uint64_t i = 0; i < train->n; i++) {
        const hone_answer *gold = train->examples[i]->gold;
        for (uint64_t k = 0; has_names(gold) && k < gold->n; k++)
            if (!set_add(s, gold->names[k]))
                return false;
    }
    return true;
}

static hone_status labels_alloc(hone_arena *arena, const char *const *names, size_t n, hone__labels *labels, hone_error *err)
{
    const char **own = hone_alloc_array(arena, n, sizeof *own), **shown = hone_alloc_array(arena, n, sizeof *shown);
    uint64_t *counts = hone_alloc_array(arena, n, sizeof *counts);
    if (!own || !shown || !counts)
        return hone_no_memory(err, "making the list of labels");
    if (n) {
        memcpy(own, names, n * sizeof *own);
        memcpy(shown, names, n * sizeof *shown);
    }
    *labels = (hone__labels){.names = own, .shown = shown, .counts = counts, .n = n, .positive = -1};
    return HONE_OK;
}

static hone_status from_training(hone_arena *arena, const hone_corpus *train, hone__labels *labels, hone_error *err)
{
    name_set set = {0};
    hone_status status;
    if (collect_names(&set, train)) {
        if (set.n)
            sort_labels(set.names, set.n);
        status = labels_alloc(arena, set.names, set.n, labels, err);
    } else {
        status = hone_no_memory(err, "collecting the labels");
    }
    set_clear(&set);
    return status;
}

static hone_status from_reader(hone_arena *arena, const hone_reader *reader, const hone_self *self, hone__labels *labels,
                               hone_error *err)
{
    name_set set = {0};
    hone_status status = HONE_OK;
    const char *name;
    for (size_t n = 0; status == HONE_OK && (name = reader->label(self, n)); n++) {
        if (!set_add(&set, name))
            status = hone_no_memory(err, "collecting the labels");
        else if (set.n != n + 1)
            status = hone_fail(err, HONE_EPLUGIN, "reader %s lists the label %.100s twice", reader->plugin.name, name);
    }
    if (status == HONE_OK)
        status = labels_alloc(arena, set.names, set.n, labels, err);
    set_clear(&set);
    return status;
}

hone_status hone__labels_build(hone_arena *arena, const hone_corpus *train, const hone_reader *reader, const hone_self *self,
                               hone__labels *labels, hone_error *err)
{
    if (reader->label && reader->label(self, 0))
        HONE_TRY(from_reader(arena, reader, self, labels, err));
    else
        HONE_TRY(from_training(arena, train, labels, err));
    if (labels->n > INT32_MAX)
        return hone_fail(err, HONE_EINVAL, "%s has more labels than a 32-bit number can count", train->file);
    HONE_TRY(hone__corpus_index((hone_corpus *)train, labels, err));
    for (uint64_t i = 0; i < train->n; i++) {
        const hone_example *e = train->examples[i];
        for (uint64_t k = 0; has_names(e->gold) && k < e->gold->n; k++)
            labels->counts[e->labels[k]]++;
    }
    return HONE_OK;
}

/* ---- Indices ----------------------------------------------------------------------------------------------------- */

/* "a, b, c" with at most `most` names, and how many more there are. */
static void list_names(const char *const *names, size_t n, size_t most, char *out, size_t size)
{
    char shown[48];
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < n && i < most && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%s", i ? ", " : "", hone__shown(names[i], shown, sizeof shown));
    if (n > most && used < size)
        snprintf(out + used, size - used, " and %zu more", n - most);
}

typedef struct name_list {
    const char *const *names;
    size_t n;
} name_list;

static const char *name_at(const void *ctx, size_t i)
{
    const name_list *list = ctx;
    return i < list->n ? list->names[i] : NULL;
}

/* "; did you mean X?", or nothing. */
static const char *suggest(const char *name, const char *const *names, size_t n, char *out, size_t size)
{
    char shown[64];
    const char *nearest = hone__nearest(name, name_at, &(name_list){names, n});
    out[0] = '\0';
    if (nearest)
        snprintf(out, size, "; did you mean %s?", hone__shown(nearest, shown, sizeof shown));
    return out;
}

static hone_status unknown_label(const hone_corpus *corpus, const hone_example *e, const char *name, const hone__labels *labels,
                                 hone_error *err)
{
    char shown[64], list[400], nearest[96];
    list_names(labels->names, labels->n, 12, list, sizeof list);
    return hone_fail(err, HONE_EFORMAT,
                     "%s:%llu: the label %s of this %s example is not one of those that training knows: %s%s", e->file,
                     (unsigned long long)e->line, hone__shown(name, shown, sizeof shown), corpus->split, list,
                     suggest(name, labels->names, labels->n, nearest, sizeof nearest));
}

static hone_status index_example(const hone_corpus *corpus, hone_example *e, const name_table *table,
                                 const hone__labels *labels, hone_error *err)
{
    for (uint64_t k = 0; has_names(e->gold) && k < e->gold->n; k++) {
        e->labels[k] = find(table, e->gold->names[k]);
        if (e->labels[k] < 0)
            return unknown_label(corpus, e, e->gold->names[k], labels, err);
    }
    if (has_names(e->gold) && e->gold->target == HONE_TARGET_CLASS)
        e->gold->index = e->labels[0];
    return HONE_OK;
}

hone_status hone__corpus_index(hone_corpus *corpus, const hone__labels *labels, hone_error *err)
{
    name_table table;
    hone_status status = HONE_OK;
    if (!table_init(&table, labels->names, labels->n))
        return hone_no_memory(err, "looking up labels");
    for (size_t i = 0; i < labels->n; i++)
        enter(&table, i);
    for (uint64_t i = 0; i < corpus->n && status == HONE_OK; i++)
        status = index_example(corpus, corpus->examples[i], &table, labels, err);
    hone__free(table.entries);
    return status;
}

/* ---- Shown names ------------------------------------------------------------------------------------------------- */

static size_t position(const char *const *names, size_t n, const char *name)
{
    size_t i = 0;
    while (i < n && strcmp(names[i], name) != 0)
        i++;
    return i;
}

static hone_status no_such_label(const char *what, const char *name, const hone__labels *labels, hone_error *err)
{
    char shown[64], list[400], nearest[96];
    list_names(labels->names, labels->n, 12, list, sizeof list);
    if (labels->n == 0)
        return hone_fail(err, HONE_ECONFIG, "%s names the label %s, but the data has no labels", what,
                         hone__shown(name, shown, sizeof shown));
    return hone_fail(err, HONE_ECONFIG, "%s names the label %s, which is not one of the data's: %s%s", what,
                     hone__shown(name, shown, sizeof shown), list,
                     suggest(name, labels->names, labels->n, nearest, sizeof nearest));
}

static hone_status rename_labels(hone_arena *arena, const hone_map *map, hone__labels *labels, hone_error *err)
{
    const char *const *values = map->values;
    for (uint64_t i = 0; i < map->n; i++) {
        size_t at = position(labels->names, labels->n, map->keys[i]);
        if (at == labels->n)
            return no_such_label("data.label_names", map->keys[i], labels, err);
        labels->shown[at] = hone_strdup(arena, values[i] ? values[i] : "");
        if (!labels->shown[at])
            return hone_no_memory(err, "naming the labels");
        if (!*labels->shown[at])
            return hone_fail(err, HONE_ECONFIG, "data.label_names gives the label %s an empty name", map->keys[i]);
    }
    for (size_t i = 0; map->n && i < labels->n; i++) {
        size_t first = position(labels->shown, labels->n, labels->shown[i]);
        if (first != i)
            return hone_fail(err, HONE_ECONFIG, "data.label_names shows two labels, %s and %s, by the same name %s",
                             labels->names[first], labels->names[i], labels->shown[i]);
    }
    return HONE_OK;
}

hone_status hone__labels_show(hone_arena *arena, const hone__data_config *config, hone__labels *labels, hone_error *err)
{
    HONE_TRY(rename_labels(arena, &config->label_names, labels, err));
    if (!config->positive_label)
        return HONE_OK;
    size_t at = position(labels->shown, labels->n, config->positive_label);
    if (at == labels->n)
        at = position(labels->names, labels->n, config->positive_label);
    if (at == labels->n)
        return no_such_label("data.positive_label", config->positive_label, labels, err);
    labels->positive = (int32_t)at;
    return HONE_OK;
}
