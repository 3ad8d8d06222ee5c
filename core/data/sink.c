/* sink.c - where readers put examples: everything they bring is checked here, once, with file and line before the message.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/str.h"
#include "data/example.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MOST_FIELDS = 32 };

struct hone_sink {
    hone__sink_setup setup;
    hone_example **examples; /* [n of cap] */
    uint64_t n, cap;
    hone_example *current;           /* the last one; its fields stand in `fields` until it is complete */
    hone__field fields[MOST_FIELDS]; /* of the current example */
    size_t n_fields;                 /* of the current example */
    const char *names[MOST_FIELDS];  /* all field names seen, one copy each */
    size_t n_names;
    uint64_t *n_kept;  /* of each column to keep, how many examples have it */
    hone__str columns; /* all that the file has beside them, for a message */
    size_t n_columns;
};

hone_sink *hone__sink_create(const hone__sink_setup *setup)
{
    hone_sink *sink = hone__calloc(1, sizeof *sink);
    if (sink)
        sink->setup = *setup;
    return sink;
}

void hone__sink_destroy(hone_sink *sink)
{
    if (!sink)
        return;
    hone__str_clear(&sink->columns);
    hone__free(sink->n_kept);
    hone__free(sink->examples);
    hone__free(sink);
}

hone_status hone_sink_fail(hone_sink *sink, uint64_t line, hone_error *err, const char *fmt, ...)
{
    char message[768];
    va_list args;
    va_start(args, fmt);
    vsnprintf(message, sizeof message, fmt, args);
    va_end(args);
    if (line)
        return hone_fail(err, HONE_EFORMAT, "%s:%llu: %s", sink->setup.file, (unsigned long long)line, message);
    return hone_fail(err, HONE_EFORMAT, "%s: %s", sink->setup.file, message);
}

static uint64_t line_of(const hone_sink *sink)
{
    return sink->current ? sink->current->line : 0;
}

static hone_status no_memory(hone_error *err)
{
    return hone_no_memory(err, "reading examples");
}

/* What only a plugin can get wrong. */
static hone_status broken_reader(const hone_sink *sink, hone_error *err, const char *what)
{
    return hone_fail(err, HONE_EPLUGIN, "reader %s broke its contract at %s:%llu: %s", sink->setup.reader, sink->setup.file,
                     (unsigned long long)line_of(sink), what);
}

/* ---- Text -------------------------------------------------------------------------------------------------------- */

static hone_status check_text(hone_sink *sink, const char *what, const char *text, size_t n, hone_error *err)
{
    size_t bad;
    const char *nul = memchr(text, '\0', n);
    if (nul)
        return hone_sink_fail(sink, line_of(sink), err, "%s has a NUL byte at its byte %zu; text files have none", what,
                              (size_t)(nul - text) + 1);
    if (!hone__utf8_valid(text, n, &bad))
        return hone_sink_fail(sink, line_of(sink), err, "%s is not UTF-8: byte %zu of it is 0x%02x; convert the file to UTF-8",
                              what, bad + 1, (unsigned)(unsigned char)text[bad]);
    return HONE_OK;
}

static hone_status copy_text(hone_sink *sink, const char *what, const char *text, size_t n, const char **copy, hone_error *err)
{
    HONE_TRY(check_text(sink, what, text, n, err));
    *copy = hone_strndup(sink->setup.arena, text, n);
    return *copy ? HONE_OK : no_memory(err);
}

static hone_status copy_texts(hone_sink *sink, const char *what, const char *const *texts, uint64_t n,
                              const char *const **copies, hone_error *err)
{
    const char **list = hone_alloc_array(sink->setup.arena, n, sizeof *list);
    if (!list)
        return no_memory(err);
    for (uint64_t i = 0; i < n; i++)
        HONE_TRY(copy_text(sink, what, texts[i], strlen(texts[i]), &list[i], err));
    *copies = list;
    return HONE_OK;
}

/* ---- Fields ------------------------------------------------------------------------------------------------------ */

/* The sink's own copy of a field name. */
static hone_status intern(hone_sink *sink, const char *name, const char **own, hone_error *err)
{
    for (size_t i = 0; i < sink->n_names; i++) {
        if (strcmp(sink->names[i], name) == 0) {
            *own = sink->names[i];
            return HONE_OK;
        }
    }
    if (sink->n_names == MOST_FIELDS)
        return broken_reader(sink, err, "there are more than 32 field names");
    *own = hone_strdup(sink->setup.arena, name);
    if (!*own)
        return no_memory(err);
    sink->names[sink->n_names++] = *own;
    return HONE_OK;
}

static hone_status check_name(const hone_sink *sink, const char *name, hone_error *err)
{
    char what[256], shown[64];
    if (!name || !*name)
        return broken_reader(sink, err, "a field has no name");
    bool known = !sink->setup.fields;
    for (const char *const *f = sink->setup.fields; f && *f; f++)
        known = known || strcmp(*f, name) == 0;
    if (!known) {
        snprintf(what, sizeof what, "it fills the field %s, which is not among its fields()",
                 hone__shown(name, shown, sizeof shown));
        return broken_reader(sink, err, what);
    }
    for (size_t i = 0; i < sink->n_fields; i++) {
        if (strcmp(sink->fields[i].name, name) == 0) {
            snprintf(what, sizeof what, "it fills the field %s twice", hone__shown(name, shown, sizeof shown));
            return broken_reader(sink, err, what);
        }
    }
    return HONE_OK;
}

/* Begins a field of the current example; it counts once *field is complete and n_fields was raised. */
static hone_status begin_field(hone_sink *sink, const char *name, hone__field **field, hone_error *err)
{
    if (!sink->current)
        return broken_reader(sink, err, "a field comes before the first example");
    HONE_TRY(check_name(sink, name, err));
    *field = &sink->fields[sink->n_fields];
    **field = (hone__field){0};
    return intern(sink, name, &(*field)->name, err);
}

hone_status hone_sink_text(hone_sink *sink, const char *field, const char *text, size_t n, hone_error *err)
{
    hone__field *f;
    HONE_TRY(begin_field(sink, field, &f, err));
    HONE_TRY(copy_text(sink, f->name, text, n, &f->as.text, err));
    f->type = HONE_FIELD_TEXT;
    f->n = n;
    sink->n_fields++;
    return HONE_OK;
}

hone_status hone_sink_texts(hone_sink *sink, const char *field, hone_field_type type, const char *const *texts, uint64_t n,
                            hone_error *err)
{
    hone__field *f;
    if (type != HONE_FIELD_WORDS && type != HONE_FIELD_CHOICES)
        return broken_reader(sink, err, "hone_sink_texts takes words or choices");
    HONE_TRY(begin_field(sink, field, &f, err));
    HONE_TRY(copy_texts(sink, f->name, texts, n, &f->as.texts, err));
    f->type = type;
    f->n = n;
    sink->n_fields++;
    return HONE_OK;
}

hone_status hone_sink_array(hone_sink *sink, const char *field, const hone_tensor *array, hone_error *err)
{
    hone__field *f;
    int64_t count = hone_shape_count(&array->shape);
    size_t size = hone_dtype_size(array->dtype);
    if (count < 0 || size == 0)
        return broken_reader(sink, err, "an array has no element type or a shape that overflows");
    HONE_TRY(begin_field(sink, field, &f, err));
    hone_tensor *copy = hone_alloc(sink->setup.arena, sizeof *copy);
    void *data = hone_alloc_array(sink->setup.arena, (size_t)count, size);
    if (!copy || !data)
        return no_memory(err);
    if (count)
        memcpy(data, array->data, (size_t)count * size);
    *copy = *array;
    copy->data = data;
    f->type = array->dtype == HONE_U8 && array->shape.rank == 1 ? HONE_FIELD_BYTES : HONE_FIELD_ARRAY;
    f->n = (uint64_t)count;
    f->as.array = copy;
    sink->n_fields++;
    return HONE_OK;
}

/* ---- Columns ----------------------------------------------------------------------------------------------------- */

static size_t count_kept(const hone_sink *sink)
{
    size_t n = 0;
    while (sink->setup.kept && sink->setup.kept[n])
        n++;
    return n;
}

/* Of the first example, so that a column that is nowhere can be told from those that are. */
static void remember_column(hone_sink *sink, const char *column)
{
    if (sink->n > 1 || sink->n_columns == 24)
        return;
    hone__str_add(&sink->columns, sink->n_columns++ ? ", " : "");
    hone__str_add_shown(&sink->columns, column, 40);
}

static hone_status keep(hone_sink *sink, size_t k, const char *text, size_t n, hone_error *err)
{
    hone_example *e = sink->current;
    const size_t n_kept = count_kept(sink);
    if (!e)
        return broken_reader(sink, err, "it gives a column before the first example");
    if (!e->kept)
        e->kept = hone_alloc_array(sink->setup.arena, n_kept, sizeof *e->kept);
    if (!sink->n_kept)
        sink->n_kept = hone__calloc(n_kept, sizeof *sink->n_kept);
    if (!e->kept || !sink->n_kept)
        return no_memory(err);
    sink->n_kept[k] += !e->kept[k];
    return copy_text(sink, "a column", text, n, &e->kept[k], err);
}

hone_status hone_sink_column(hone_sink *sink, const char *column, const char *text, size_t n, hone_error *err)
{
    if (!sink->setup.kept)
        return HONE_OK;
    remember_column(sink, column);
    for (size_t k = 0; sink->setup.kept[k]; k++)
        if (strcmp(sink->setup.kept[k], column) == 0)
            HONE_TRY(keep(sink, k, text, n, err));
    return HONE_OK;
}

static hone_status check_kept(hone_sink *sink, hone_error *err)
{
    char shown[64];
    for (size_t k = 0; sink->setup.kept && sink->setup.kept[k]; k++) {
        if (sink->n_kept && sink->n_kept[k])
            continue;
        const char *columns = sink->n_columns ? hone__str_text(&sink->columns) : "none that this reader tells of";
        return hone_sink_fail(sink, 0, err, "there is no column %s, which report.slices asks for; the columns are %.400s",
                              hone__shown(sink->setup.kept[k], shown, sizeof shown), columns);
    }
    return HONE_OK;
}

/* ---- Groups and gold --------------------------------------------------------------------------------------------- */

hone_status hone_sink_group(hone_sink *sink, uint64_t group, hone_error *err)
{
    if (!sink->current)
        return broken_reader(sink, err, "a group comes before the first example");
    sink->current->group = group;
    return HONE_OK;
}

/* ---- Gold -------------------------------------------------------------------------------------------------------- */

static hone_status check_labels(hone_sink *sink, const hone_answer *gold, hone_error *err)
{
    for (uint64_t i = 0; i < gold->n; i++) {
        if (!gold->names[i] || !*gold->names[i])
            return hone_sink_fail(sink, line_of(sink), err, "the label is empty");
        for (uint64_t k = 0; gold->target == HONE_TARGET_CLASSES && k < i; k++)
            if (strcmp(gold->names[i], gold->names[k]) == 0)
                return hone_sink_fail(sink, line_of(sink), err, "the label %.100s stands twice in one set", gold->names[i]);
    }
    return HONE_OK;
}

static hone_status check_choice(hone_sink *sink, const hone_answer *gold, hone_error *err)
{
    for (size_t i = 0; i < sink->n_fields; i++) {
        const hone__field *f = &sink->fields[i];
        if (f->type == HONE_FIELD_CHOICES && (gold->index < 0 || (uint64_t)gold->index >= f->n))
            return hone_sink_fail(sink, line_of(sink), err, "the right choice is number %d of %llu (numbers begin at 0)",
                                  (int)gold->index, (unsigned long long)f->n);
    }
    return HONE_OK;
}

static hone_status check_gold(hone_sink *sink, const hone_answer *gold, hone_error *err)
{
    char what[128];
    if (gold->target != (uint32_t)sink->setup.target) {
        snprintf(what, sizeof what, "it gives a gold of target %s, but its target is %s", hone_target_name(gold->target),
                 hone_target_name(sink->setup.target));
        return broken_reader(sink, err, what);
    }
    switch (gold->target) {
    case HONE_TARGET_CLASS:
        if (gold->n != 1 || !gold->names)
            return broken_reader(sink, err, "the gold of target class is one name");
        return check_labels(sink, gold, err);
    case HONE_TARGET_CLASSES:
    case HONE_TARGET_TAGS:
        if (gold->n && !gold->names)
            return broken_reader(sink, err, "the gold of this target is a list of names");
        return check_labels(sink, gold, err);
    case HONE_TARGET_SCORE:
        if (!isfinite(gold->score))
            return hone_sink_fail(sink, line_of(sink), err, "the score is not a finite number");
        return HONE_OK;
    case HONE_TARGET_CHOICE:
        return check_choice(sink, gold, err);
    default:
        return HONE_OK;
    }
}

static hone_status copy_array(hone_sink *sink, const void *items, uint64_t n, size_t size, const void **copy, hone_error *err)
{
    if (!items)
        return HONE_OK;
    void *bytes = hone_alloc_array(sink->setup.arena, n, size);
    if (!bytes)
        return no_memory(err);
    if (n)
        memcpy(bytes, items, n * size);
    *copy = bytes;
    return HONE_OK;
}

static hone_status copy_spans(hone_sink *sink, const hone_answer *from, hone_answer *to, hone_error *err)
{
    hone_span *spans = hone_alloc_array(sink->setup.arena, from->n, sizeof *spans);
    if (!spans)
        return no_memory(err);
    size_t size = from->span_size < sizeof *spans ? from->span_size : sizeof *spans;
    for (uint64_t i = 0; i < from->n; i++) {
        memcpy(&spans[i], (const char *)from->spans + i * from->span_size, size);
        if (spans[i].begin > spans[i].end)
            return hone_sink_fail(sink, line_of(sink), err, "a span begins at byte %llu and ends before it, at byte %llu",
                                  (unsigned long long)spans[i].begin, (unsigned long long)spans[i].end);
        if (spans[i].text)
            HONE_TRY(copy_text(sink, "the answer", spans[i].text, strlen(spans[i].text), &spans[i].text, err));
    }
    to->spans = spans;
    to->span_size = sizeof *spans;
    return HONE_OK;
}

/* Names come with room for their indices, -1 until the label list is known. */
static hone_status copy_names(hone_sink *sink, const hone_answer *from, hone_answer *to, hone_error *err)
{
    HONE_TRY(copy_texts(sink, "the label", from->names, from->n, &to->names, err));
    int32_t *labels = hone_alloc_array(sink->setup.arena, from->n, sizeof *labels);
    if (!labels)
        return no_memory(err);
    for (uint64_t i = 0; i < from->n; i++)
        labels[i] = -1;
    to->labels = sink->current->labels = labels;
    to->index = -1;
    return HONE_OK;
}

hone_status hone_sink_gold(hone_sink *sink, const hone_answer *gold, hone_error *err)
{
    if (!sink->current)
        return broken_reader(sink, err, "a gold comes before the first example");
    if (sink->current->gold)
        return broken_reader(sink, err, "an example has two golds");
    HONE_TRY(check_gold(sink, gold, err));
    hone_answer *own = hone_alloc(sink->setup.arena, sizeof *own);
    if (!own)
        return no_memory(err);
    *own = *gold;
    own->size = sizeof *own;
    if (gold->names)
        HONE_TRY(copy_names(sink, gold, own, err));
    else
        HONE_TRY(copy_array(sink, gold->labels, gold->n, sizeof *gold->labels, (const void **)&own->labels, err));
    if (gold->spans)
        HONE_TRY(copy_spans(sink, gold, own, err));
    HONE_TRY(copy_array(sink, gold->bytes, gold->n_bytes, 1, &own->bytes, err));
    HONE_TRY(copy_array(sink, gold->scores, gold->n_scores, sizeof *gold->scores, (const void **)&own->scores, err));
    if (gold->text)
        HONE_TRY(copy_text(sink, "the answer", gold->text, strlen(gold->text), &own->text, err));
    sink->current->gold = own;
    return HONE_OK;
}

/* ---- Examples ---------------------------------------------------------------------------------------------------- */

/* Gives the current example its fields for good. */
static hone_status complete(hone_sink *sink, hone_error *err)
{
    hone_example *e = sink->current;
    if (!e)
        return HONE_OK;
    if (sink->setup.needs_gold && !e->gold)
        return hone_sink_fail(sink, e->line, err, "the example has no %s to learn from or to be scored by",
                              sink->setup.target == HONE_TARGET_SCORE ? "score" : "label");
    e->fields = hone_alloc_array(sink->setup.arena, sink->n_fields, sizeof *e->fields);
    if (!e->fields)
        return no_memory(err);
    memcpy(e->fields, sink->fields, sink->n_fields * sizeof *e->fields);
    e->n_fields = sink->n_fields;
    sink->n_fields = 0;
    sink->current = NULL;
    return HONE_OK;
}

static hone_status make_room(hone_sink *sink, hone_error *err)
{
    if (sink->n < sink->cap)
        return HONE_OK;
    uint64_t cap = sink->cap ? 2 * sink->cap : 256;
    hone_example **grown = cap <= SIZE_MAX / sizeof *grown ? hone__realloc(sink->examples, cap * sizeof *grown) : NULL;
    if (!grown)
        return no_memory(err);
    sink->examples = grown;
    sink->cap = cap;
    return HONE_OK;
}

hone_status hone_sink_example(hone_sink *sink, const char *id, uint64_t line, hone_error *err)
{
    HONE_TRY(complete(sink, err));
    HONE_TRY(make_room(sink, err));
    hone_example *e = hone_alloc(sink->setup.arena, sizeof *e);
    if (!e)
        return no_memory(err);
    *e = (hone_example){.file = sink->setup.file, .line = line};
    sink->current = e;
    if (id && !*id)
        return hone_sink_fail(sink, line, err, "the id is empty");
    if (id)
        HONE_TRY(copy_text(sink, "the id", id, strlen(id), &e->id, err));
    else
        e->id = hone_sprintf(sink->setup.arena, "%s-%llu", sink->setup.split, (unsigned long long)(sink->n + 1));
    if (!e->id)
        return no_memory(err);
    sink->examples[sink->n++] = e;
    return HONE_OK;
}

/* ---- The end ----------------------------------------------------------------------------------------------------- */

/* Open addressing over twice as many places as there are ids. */
static hone_status check_ids(hone_sink *sink, hone_error *err)
{
    char shown[128];
    uint64_t places = 16;
    while (places < 2 * sink->n)
        places *= 2;
    const hone_example **table = hone__calloc(places, sizeof *table);
    if (!table)
        return no_memory(err);
    hone_status status = HONE_OK;
    for (uint64_t i = 0; i < sink->n && status == HONE_OK; i++) {
        const hone_example *e = sink->examples[i];
        uint64_t at = hone_scope_hash(e->id) & (places - 1);
        while (table[at] && strcmp(table[at]->id, e->id) != 0)
            at = (at + 1) & (places - 1);
        if (table[at])
            status = hone_sink_fail(sink, e->line, err, "the id %s was used before, in line %llu; ids must be unique in a file",
                                    hone__shown(e->id, shown, sizeof shown), (unsigned long long)table[at]->line);
        table[at] = e;
    }
    hone__free(table);
    return status;
}

hone_status hone__sink_finish(hone_sink *sink, hone_corpus **corpus, hone_error *err)
{
    HONE_TRY(complete(sink, err));
    if (sink->n == 0)
        return hone_sink_fail(sink, 0, err, "there is no example in this file");
    HONE_TRY(check_ids(sink, err));
    HONE_TRY(check_kept(sink, err));
    hone_corpus *c = hone_alloc(sink->setup.arena, sizeof *c);
    hone_example **examples = hone_alloc_array(sink->setup.arena, sink->n, sizeof *examples);
    if (!c || !examples)
        return no_memory(err);
    memcpy(examples, sink->examples, sink->n * sizeof *examples);
    *c = (hone_corpus){.file = sink->setup.file, .split = sink->setup.split, .examples = examples, .n = sink->n};
    *corpus = c;
    return HONE_OK;
}
