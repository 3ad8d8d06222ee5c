/* prepare.c - examples to sequences: the head's prepare(), or the core's default, on all threads, chunk by chunk.
 *
 * A chunk is a fixed number of examples with buffers of its own, whatever the number of threads; put together in order, the chunks
 * give the same bytes always, and the first error in the order of the data is the one that is reported.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "data/encode.h"
#include "data/prepared.h"

#include <stdio.h>
#include <string.h>

enum { CHUNK = 128 /* examples */ };

/* ---- Buffers ----------------------------------------------------------------------------------------------------- */

typedef struct buffer {
    char *data;
    size_t n, cap;
} buffer;

/* Room for n more bytes, which the caller fills; NULL when memory is short. */
static void *extend(buffer *b, size_t n)
{
    if (n > b->cap - b->n) {
        size_t cap = b->cap ? b->cap : 256;
        while (cap - b->n < n && cap <= SIZE_MAX / 2)
            cap *= 2;
        char *data = cap - b->n >= n ? hone__realloc(b->data, cap) : NULL;
        if (!data)
            return NULL;
        b->data = data;
        b->cap = cap;
    }
    b->n += n;
    return b->data + b->n - n;
}

static bool append(buffer *b, const void *bytes, size_t n)
{
    void *to = extend(b, n);
    if (to && n)
        memcpy(to, bytes, n);
    return to != NULL;
}

static bool append_count(buffer *b, uint64_t count)
{
    return append(b, &count, sizeof count);
}

/* ---- Chunks ------------------------------------------------------------------------------------------------------ */

/* Values of one field in one chunk: the rows, and a pair (owner, rows) for every owner that has it. */
typedef struct chunk_field {
    hone__field_form form;
    buffer data, owners;
} chunk_field;

typedef struct chunk {
    hone_status status;
    hone_error err;
    buffer ids, types;        /* int32_t */
    buffer lengths, cut;      /* uint64_t a sequence */
    buffer example_sequences; /* uint64_t an example */
    uint64_t n_sequences;
    chunk_field fields[HONE__MOST_FIELDS];
    size_t n_fields;
} chunk;

static void chunk_clear(chunk *c)
{
    buffer *buffers[] = {&c->ids, &c->types, &c->lengths, &c->cut, &c->example_sequences};
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++)
        hone__free(buffers[i]->data);
    for (size_t i = 0; i < c->n_fields; i++) {
        hone__free((char *)c->fields[i].form.name);
        hone__free(c->fields[i].data.data);
        hone__free(c->fields[i].owners.data);
    }
}

/* Memory of one thread. */
typedef struct worker {
    hone_arena *arena, *scratch;
} worker;

typedef struct job {
    const hone__preparer *preparer;
    const hone_corpus *corpus;
    uint64_t epoch;
    bool training;
    hone_stream random;
    chunk *chunks;
    worker *workers;
} job;

/* What a head's prepare() writes to. */
struct hone_sequences {
    const hone__preparer *preparer;
    hone__encoder encoder;
    chunk *chunk;
    uint64_t in_chunk;    /* number of the example in the chunk */
    uint64_t n_sequences; /* of this example */
    uint64_t length;      /* of the last one */
};

static hone_status no_memory(hone_error *err)
{
    return hone_no_memory(err, "preparing examples");
}

static const char *head_name(const hone__preparer *p)
{
    return p->head ? p->head->plugin.name : "null";
}

/* ---- What prepare() calls ---------------------------------------------------------------------------------------- */

static hone_status need_tokenizer(const hone_sequences *out, hone_error *err)
{
    if (out->preparer->tokenizer)
        return HONE_OK;
    return hone_fail(err, HONE_EUNSUPPORTED, "head %s encodes text, but the experiment has no tokenizer",
                     head_name(out->preparer));
}

hone_status hone_encode(hone_sequences *out, const char *text, size_t n, hone_tokens *tokens, hone_error *err)
{
    HONE_TRY(need_tokenizer(out, err));
    return hone__encode_text(&out->encoder, text, n, tokens, err);
}

hone_status hone_encode_words(hone_sequences *out, const char *const *words, uint64_t n, hone_tokens *tokens, hone_error *err)
{
    HONE_TRY(need_tokenizer(out, err));
    return hone__encode_words(&out->encoder, words, n, tokens, err);
}

static hone_status store_sequence(hone_sequences *out, const hone_sequence *s, hone_error *err)
{
    chunk *c = out->chunk;
    if (!append(&c->ids, s->ids, s->n * sizeof *s->ids) || !append(&c->types, s->types, s->n * sizeof *s->types) ||
        !append_count(&c->lengths, s->n) || !append_count(&c->cut, s->cut))
        return no_memory(err);
    c->n_sequences++;
    out->n_sequences++;
    out->length = s->n;
    return HONE_OK;
}

/* Rows without ids, for models that read no text. */
static hone_status add_rows(hone_sequences *out, uint64_t n, hone_sequence *sequence, hone_error *err)
{
    int32_t *zeros = hone_alloc_array(out->encoder.arena, n, sizeof *zeros);
    int32_t *piece = hone_alloc_array(out->encoder.arena, n, sizeof *piece);
    int64_t *token = hone_alloc_array(out->encoder.arena, n, sizeof *token);
    if (!zeros || !piece || !token)
        return no_memory(err);
    for (uint64_t i = 0; i < n; i++)
        token[i] = (int64_t)i;
    *sequence = (hone_sequence){.size = sizeof *sequence, .n = n, .ids = zeros, .types = zeros, .piece = piece, .token = token};
    return HONE_OK;
}

hone_status hone_sequence_add(hone_sequences *out, const hone_tokens *first, const hone_tokens *second, int32_t only_piece,
                              hone_sequence *sequence, hone_error *err)
{
    const hone__preparer *p = out->preparer;
    hone_sequence made;
    if (!p->tokenizer)
        HONE_TRY(add_rows(out, first ? first->n : 1, &made, err));
    else
        HONE_TRY(hone__sequence_make(&p->info, p->tokenizer->plugin.name, first, second, only_piece, p->max_length,
                                     out->encoder.arena, &made, err));
    HONE_TRY(store_sequence(out, &made, err));
    if (sequence)
        *sequence = made;
    return HONE_OK;
}

/* A head that calls something out of order. */
static hone_status broken_head(const hone_sequences *out, hone_error *err, const char *what)
{
    return hone_fail(err, HONE_EPLUGIN, "head %s broke its contract in prepare(): %s", head_name(out->preparer), what);
}

hone_status hone_sequence_set_ids(hone_sequences *out, const int32_t *ids, uint64_t n, hone_error *err)
{
    if (out->n_sequences == 0 || n != out->length)
        return broken_head(out, err, "the ids that it sets are not as many as the last sequence has");
    for (uint64_t i = 0; i < n && out->preparer->tokenizer; i++)
        if (ids[i] < 0 || ids[i] >= out->preparer->info.vocabulary)
            return broken_head(out, err, "it sets an id outside the vocabulary");
    if (n)
        memcpy(out->chunk->ids.data + out->chunk->ids.n - n * sizeof *ids, ids, n * sizeof *ids);
    return HONE_OK;
}

/* ---- Named fields ------------------------------------------------------------------------------------------------ */

bool hone__is_row_numbers(const hone__field_form *form)
{
    size_t n = strlen(form->name);
    return form->per == HONE_PER_ITEM && form->dtype == HONE_I64 && form->row.rank == 0 && n > 5 &&
           strcmp(form->name + n - 5, "_rows") == 0;
}

static hone_status form_of(const hone_sequences *out, const char *name, hone_per per, const hone_tensor *data,
                           hone__field_form *form, hone_error *err)
{
    static const char *const reserved[] = {"ids", "types", "positions", "gold"};
    int64_t count = hone_shape_count(&data->shape);
    if (!name || !*name)
        return broken_head(out, err, "a field has no name");
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        if (strcmp(name, reserved[i]) == 0)
            return broken_head(out, err, "ids, types, positions and gold are fields of the core's own");
    if (per < HONE_PER_TOKEN || per > HONE_PER_ITEM || count < 0 || data->shape.rank < 1 || hone_dtype_size(data->dtype) == 0)
        return broken_head(out, err, "a field needs an owner, an element type and at least one dimension");
    *form = (hone__field_form){.name = name, .per = per, .dtype = data->dtype, .row.rank = data->shape.rank - 1};
    memcpy(form->row.dim, data->shape.dim + 1, form->row.rank * sizeof *form->row.dim);
    form->row_size = (size_t)hone_shape_count(&form->row) * hone_dtype_size(data->dtype);
    return HONE_OK;
}

static bool forms_equal(const hone__field_form *a, const hone__field_form *b)
{
    return a->per == b->per && a->dtype == b->dtype && hone_shape_equal(&a->row, &b->row);
}

static hone_status forms_differ(const hone__preparer *p, const char *name, hone_error *err)
{
    return hone_fail(err, HONE_EINVAL,
                     "the field %s has another element type or shape here than in examples before; all of them must be alike "
                     "(head %s)",
                     name, head_name(p));
}

/* The chunk's field of that form, made where it is new. */
static hone_status chunk_field_of(hone_sequences *out, const hone__field_form *form, chunk_field **field, hone_error *err)
{
    chunk *c = out->chunk;
    for (size_t i = 0; i < c->n_fields; i++) {
        if (strcmp(c->fields[i].form.name, form->name) == 0) {
            *field = &c->fields[i];
            return forms_equal(form, &(*field)->form) ? HONE_OK : forms_differ(out->preparer, form->name, err);
        }
    }
    if (c->n_fields == HONE__MOST_FIELDS)
        return broken_head(out, err, "it gives more than 32 fields");
    size_t n = strlen(form->name) + 1;
    char *name = hone__malloc(n);
    if (!name)
        return no_memory(err);
    memcpy(name, form->name, n);
    *field = &c->fields[c->n_fields++];
    **field = (chunk_field){.form = *form};
    (*field)->form.name = name;
    return HONE_OK;
}

static hone_status check_rows(const hone_sequences *out, const hone__field_form *form, const hone_tensor *data, hone_error *err)
{
    uint64_t rows = (uint64_t)data->shape.dim[0];
    uint64_t wanted = form->per == HONE_PER_TOKEN ? out->length : form->per == HONE_PER_ITEM ? rows : 1;
    if (form->per != HONE_PER_EXAMPLE && out->n_sequences == 0)
        return broken_head(out, err, "a field comes before the first sequence");
    if (rows != wanted)
        return hone_fail(err, HONE_EPLUGIN, "head %s gives %llu rows of the field %s where %llu belong",
                         head_name(out->preparer), (unsigned long long)rows, form->name, (unsigned long long)wanted);
    const int64_t *numbers = data->data;
    for (uint64_t i = 0; hone__is_row_numbers(form) && i < rows; i++)
        if (numbers[i] < 0 || (uint64_t)numbers[i] >= out->length)
            return hone_fail(err, HONE_EPLUGIN, "head %s names row %lld in the field %s; the sequence has %llu rows",
                             head_name(out->preparer), (long long)numbers[i], form->name, (unsigned long long)out->length);
    return HONE_OK;
}

hone_status hone_sequence_field(hone_sequences *out, const char *name, hone_per per, const hone_tensor *data, hone_error *err)
{
    hone__field_form form;
    chunk_field *field = NULL;
    HONE_TRY(form_of(out, name, per, data, &form, err));
    HONE_TRY(check_rows(out, &form, data, err));
    HONE_TRY(chunk_field_of(out, &form, &field, err));
    uint64_t rows = (uint64_t)data->shape.dim[0];
    uint64_t owner[2] = {per == HONE_PER_EXAMPLE ? out->in_chunk : out->chunk->n_sequences - 1, rows};
    uint64_t last;
    if (field->owners.n) {
        memcpy(&last, field->owners.data + field->owners.n - sizeof owner, sizeof last);
        if (last == owner[0])
            return hone_fail(err, HONE_EPLUGIN, "head %s gives the field %s twice", head_name(out->preparer), name);
    }
    if (!append(&field->owners, owner, sizeof owner) || !append(&field->data, data->data, rows * form.row_size))
        return no_memory(err);
    return HONE_OK;
}

/* ---- The default ------------------------------------------------------------------------------------------------- */

/* An example's arrays, such as pixels, under their own names. */
static hone_status add_arrays(const hone_example *e, hone_sequences *out, hone_error *err)
{
    for (size_t i = 0; i < e->n_fields; i++) {
        const hone__field *f = &e->fields[i];
        if (f->type != HONE_FIELD_ARRAY && f->type != HONE_FIELD_BYTES)
            continue;
        hone_tensor row = *f->as.array;
        if (row.shape.rank == HONE_MAX_RANK)
            return hone_fail(err, HONE_EUNSUPPORTED, "the field %s has %d dimensions already; a batch needs one more", f->name,
                             HONE_MAX_RANK);
        memmove(row.shape.dim + 1, row.shape.dim, row.shape.rank * sizeof *row.shape.dim);
        row.shape.dim[0] = 1;
        row.shape.rank++;
        HONE_TRY(hone_sequence_field(out, f->name, HONE_PER_EXAMPLE, &row, err));
    }
    return HONE_OK;
}

/* A text, or words, as the tokens of one piece; n is left at 0 and *there false where the example lacks the field. */
static hone_status encode_field(const hone_example *e, const char *name, hone_sequences *out, hone_tokens *tokens, bool *there,
                                hone_error *err)
{
    size_t n;
    uint64_t n_words;
    const char *text = hone_example_text(e, name, &n);
    const char *const *words = hone_example_texts(e, name, &n_words);
    *there = text || words;
    if (text)
        return hone_encode(out, text, n, tokens, err);
    return words ? hone_encode_words(out, words, n_words, tokens, err) : HONE_OK;
}

static hone_status default_prepare(const hone__preparer *p, const hone_prepare *in, hone_sequences *out, hone_error *err)
{
    hone_tokens first, second;
    bool has_first, has_second;
    if (!p->tokenizer) {
        HONE_TRY(hone_sequence_add(out, NULL, NULL, -1, NULL, err));
        return add_arrays(in->example, out, err);
    }
    HONE_TRY(encode_field(in->example, "text", out, &first, &has_first, err));
    HONE_TRY(encode_field(in->example, "text_pair", out, &second, &has_second, err));
    if (!has_first)
        return hone_fail(err, HONE_EINVAL, "the example has no field text, which head %s reads", head_name(p));
    HONE_TRY(hone_sequence_add(out, &first, has_second ? &second : NULL, -1, NULL, err));
    return add_arrays(in->example, out, err);
}

/* ---- Running ----------------------------------------------------------------------------------------------------- */

static hone_status prepare_example(const job *j, uint64_t i, worker *w, chunk *c, hone_error *err)
{
    const hone__preparer *p = j->preparer;
    hone_sequences out = {.preparer = p,
                          .encoder = {p->tokenizer, p->tokenizer_self, &p->info, w->arena, w->scratch},
                          .chunk = c,
                          .in_chunk = i % CHUNK};
    hone_prepare in = {.size = sizeof in,
                       .example = j->corpus->examples[i],
                       .index = i,
                       .corpus = j->corpus,
                       .epoch = j->epoch,
                       .random = j->random,
                       .tokenizer = p->tokenizer ? &p->info : NULL,
                       .max_length = p->max_length,
                       .training = j->training,
                       .arena = w->arena};
    if (p->head && p->head->prepare)
        HONE_TRY(p->head->prepare(p->head_self, &in, &out, err));
    else
        HONE_TRY(default_prepare(p, &in, &out, err));
    if (out.n_sequences == 0)
        return broken_head(&out, err, "an example became no sequence");
    return append_count(&c->example_sequences, out.n_sequences) ? HONE_OK : no_memory(err);
}

/* "FILE:LINE: " before what went wrong with an example. */
static void place_error(const hone_example *e, hone_error *err)
{
    hone_error inner = *err;
    if (inner.status != HONE_ENOMEM)
        hone_fail(err, inner.status, "%s:%llu: %.900s", e->file, (unsigned long long)e->line, inner.msg);
}

static void prepare_chunk(void *ctx, int64_t begin, int64_t end, int worker_number)
{
    job *j = ctx;
    worker *w = &j->workers[worker_number];
    chunk *c = &j->chunks[begin / CHUNK];
    for (int64_t i = begin; i < end && c->status == HONE_OK; i++) {
        c->status = prepare_example(j, (uint64_t)i, w, c, &c->err);
        if (c->status != HONE_OK)
            place_error(j->corpus->examples[i], &c->err);
        hone__arena_reset(w->arena);
    }
}

/* ---- Putting together -------------------------------------------------------------------------------------------- */

/* Starts from lengths; returns the sum. */
static uint64_t add_starts(uint64_t *starts, uint64_t at, uint64_t sum, const buffer *lengths)
{
    const uint64_t *length = (const uint64_t *)(const void *)lengths->data;
    for (uint64_t i = 0; i < lengths->n / sizeof *length; i++) {
        starts[at + i] = sum;
        sum += length[i];
    }
    return sum;
}

static void *join(char *to, const buffer *b)
{
    if (b->n)
        memcpy(to, b->data, b->n);
    return to + b->n;
}

void hone__prepared_measure(hone__prepared *p)
{
    hone__prepared_stats *s = &p->stats;
    s->tokens = p->starts[s->sequences];
    for (uint64_t i = 0; i < s->sequences; i++) {
        const uint64_t length = p->starts[i + 1] - p->starts[i];
        s->longest = length > s->longest ? length : s->longest;
        s->cut_tokens += p->cut[i];
    }
    for (uint64_t e = 0; e < s->examples; e++) {
        bool cut = false;
        for (uint64_t i = p->example_starts[e]; i < p->example_starts[e + 1]; i++)
            cut = cut || p->cut[i] > 0;
        s->cut_examples += cut;
    }
}

static hone_status join_sequences(const job *j, uint64_t n_chunks, hone__prepared *p, hone_error *err)
{
    hone__prepared_stats *s = &p->stats;
    uint64_t n_tokens = 0;
    for (uint64_t i = 0; i < n_chunks; i++) {
        s->sequences += j->chunks[i].n_sequences;
        n_tokens += j->chunks[i].ids.n / sizeof *p->ids;
    }
    uint64_t *example_starts = hone_alloc_array(p->arena, s->examples + 1, sizeof *example_starts);
    uint64_t *starts = hone_alloc_array(p->arena, s->sequences + 1, sizeof *starts);
    char *cut = hone_alloc_array(p->arena, s->sequences, sizeof *p->cut);
    char *ids = hone_alloc_array(p->arena, n_tokens, sizeof *p->ids);
    char *types = hone_alloc_array(p->arena, n_tokens, sizeof *p->types);
    if (!example_starts || !starts || !cut || !ids || !types)
        return no_memory(err);
    p->example_starts = example_starts;
    p->starts = starts;
    p->cut = (const uint64_t *)(void *)cut;
    p->ids = (const int32_t *)(void *)ids;
    p->types = (const int32_t *)(void *)types;
    uint64_t sequences = 0, tokens = 0, at = 0;
    for (uint64_t i = 0; i < n_chunks; i++) {
        const chunk *c = &j->chunks[i];
        tokens = add_starts(starts, sequences, tokens, &c->lengths);
        sequences = add_starts(example_starts, at, sequences, &c->example_sequences);
        at += c->example_sequences.n / sizeof(uint64_t);
        ids = join(ids, &c->ids);
        types = join(types, &c->types);
        cut = join(cut, &c->cut);
    }
    example_starts[s->examples] = sequences;
    starts[s->sequences] = tokens;
    hone__prepared_measure(p);
    return HONE_OK;
}

static chunk_field *find_chunk_field(chunk *c, const char *name)
{
    for (size_t i = 0; i < c->n_fields; i++)
        if (strcmp(c->fields[i].form.name, name) == 0)
            return &c->fields[i];
    return NULL;
}

uint64_t hone__prepared_tokens(const hone__prepared *p, uint64_t example)
{
    return p->starts[p->example_starts[example + 1]] - p->starts[p->example_starts[example]];
}

uint64_t hone__owners_of(const hone__prepared *p, hone_per per)
{
    return per == HONE_PER_EXAMPLE ? p->stats.examples : p->stats.sequences;
}

/* Adds one chunk's rows and the counts of their owners (into starts[owner + 1]). */
static void join_field(char *data, uint64_t *starts, const chunk_field *from, uint64_t first_owner, uint64_t *rows,
                       uint64_t *owners)
{
    const uint64_t *pairs = (const uint64_t *)(const void *)from->owners.data;
    uint64_t n = from->owners.n / (2 * sizeof *pairs);
    if (from->data.n)
        memcpy(data + *rows * from->form.row_size, from->data.data, from->data.n);
    for (uint64_t i = 0; i < n; i++) {
        starts[first_owner + pairs[2 * i] + 1] = pairs[2 * i + 1];
        *rows += pairs[2 * i + 1];
    }
    *owners += n;
}

static hone_status join_named(const job *j, uint64_t n_chunks, const hone__field_form *form, hone__prepared *p, hone_error *err)
{
    hone__named_field *to = &p->fields[p->n_fields++];
    uint64_t n_owners = hone__owners_of(p, form->per), bytes = 0, rows = 0, owners = 0, sequences = 0;
    for (uint64_t i = 0; i < n_chunks; i++) {
        const chunk_field *f = find_chunk_field(&j->chunks[i], form->name);
        if (f && !forms_equal(&f->form, form))
            return forms_differ(j->preparer, form->name, err);
        bytes += f ? f->data.n : 0;
    }
    to->form = *form;
    to->form.name = hone_strdup(p->arena, form->name);
    char *data = hone_alloc(p->arena, bytes);
    uint64_t *starts = hone_alloc_array(p->arena, n_owners + 1, sizeof *starts);
    to->data = data;
    to->starts = starts;
    if (!to->form.name || !data || !starts)
        return no_memory(err);
    for (uint64_t i = 0; i < n_chunks; i++) {
        const chunk_field *f = find_chunk_field(&j->chunks[i], form->name);
        if (f)
            join_field(data, starts, f, form->per == HONE_PER_EXAMPLE ? i * CHUNK : sequences, &rows, &owners);
        sequences += j->chunks[i].n_sequences;
    }
    for (uint64_t i = 0; i < n_owners; i++)
        starts[i + 1] += starts[i];
    if (form->per != HONE_PER_ITEM && owners != n_owners)
        return hone_fail(err, HONE_EINVAL, "only %llu of the %llu %s of %s have the field %s; all of them must (head %s)",
                         (unsigned long long)owners, (unsigned long long)n_owners,
                         form->per == HONE_PER_EXAMPLE ? "examples" : "sequences", p->corpus->file, form->name,
                         head_name(j->preparer));
    return HONE_OK;
}

/* All fields in the order of their first use. */
static hone_status join_fields(const job *j, uint64_t n_chunks, hone__prepared *p, hone_error *err)
{
    p->fields = hone_alloc_array(p->arena, HONE__MOST_FIELDS, sizeof *p->fields);
    if (!p->fields)
        return no_memory(err);
    for (uint64_t i = 0; i < n_chunks; i++) {
        for (size_t f = 0; f < j->chunks[i].n_fields; f++) {
            const hone__field_form *form = &j->chunks[i].fields[f].form;
            bool known = false;
            for (size_t k = 0; k < p->n_fields; k++)
                known = known || strcmp(p->fields[k].form.name, form->name) == 0;
            if (!known && p->n_fields == HONE__MOST_FIELDS)
                return hone_fail(err, HONE_EPLUGIN, "head %s gives more than 32 fields", head_name(j->preparer));
            if (!known)
                HONE_TRY(join_named(j, n_chunks, form, p, err));
        }
    }
    return HONE_OK;
}

static hone_status join_chunks(const job *j, uint64_t n_chunks, hone__prepared **prepared, hone_error *err)
{
    for (uint64_t i = 0; i < n_chunks; i++) {
        if (j->chunks[i].status != HONE_OK) {
            if (err)
                *err = j->chunks[i].err;
            return j->chunks[i].status;
        }
    }
    hone_arena *arena = hone__arena_create(0);
    hone__prepared *p = arena ? hone_alloc(arena, sizeof *p) : NULL;
    if (!p) {
        hone__arena_destroy(arena);
        return no_memory(err);
    }
    *p = (hone__prepared){
        .arena = arena, .corpus = j->corpus, .stats.examples = j->corpus->n, .n_labels = j->preparer->n_labels};
    hone_status status = join_sequences(j, n_chunks, p, err);
    if (status == HONE_OK)
        status = join_fields(j, n_chunks, p, err);
    if (!j->preparer->tokenizer)
        p->ids = p->types = NULL;
    if (status == HONE_OK)
        *prepared = p;
    else
        hone__arena_destroy(arena);
    return status;
}

static hone_status make_workers(job *j, int n, hone_error *err)
{
    j->workers = hone__calloc((size_t)n, sizeof *j->workers);
    if (!j->workers)
        return no_memory(err);
    for (int i = 0; i < n; i++) {
        j->workers[i] = (worker){hone__arena_create(0), hone__arena_create(0)};
        if (!j->workers[i].arena || !j->workers[i].scratch)
            return no_memory(err);
    }
    return HONE_OK;
}

static void job_clear(job *j, int n_workers, uint64_t n_chunks)
{
    for (int i = 0; j->workers && i < n_workers; i++) {
        hone__arena_destroy(j->workers[i].arena);
        hone__arena_destroy(j->workers[i].scratch);
    }
    for (uint64_t i = 0; j->chunks && i < n_chunks; i++)
        chunk_clear(&j->chunks[i]);
    hone__free(j->workers);
    hone__free(j->chunks);
}

hone_status hone__prepare(const hone__preparer *p, const hone_corpus *corpus, uint64_t epoch, bool training, hone_pool *pool,
                          hone__prepared **prepared, hone_error *err)
{
    char scope[96];
    snprintf(scope, sizeof scope, "prepare.%s", head_name(p));
    hone_key key = {.seed = p->seed, .scope = hone_scope_hash(scope), .step = epoch};
    uint64_t n_chunks = (corpus->n + CHUNK - 1) / CHUNK;
    int n_workers = hone_pool_threads(pool);
    job j = {.preparer = p, .corpus = corpus, .epoch = epoch, .training = training, .random = hone_stream_of(&key)};
    j.chunks = hone__calloc(n_chunks, sizeof *j.chunks);
    hone_status status = j.chunks ? make_workers(&j, n_workers, err) : no_memory(err);
    if (status == HONE_OK) {
        hone_pool_run(pool, (int64_t)corpus->n, CHUNK, prepare_chunk, &j);
        status = join_chunks(&j, n_chunks, prepared, err);
    }
    job_clear(&j, n_workers, n_chunks);
    return status;
}

bool hone__prepared_attach(hone__prepared *p, const hone__st_file *file, const char *name, const float *rows, int64_t width)
{
    if (p->n_fields == HONE__MOST_FIELDS || p->attached.map.data)
        return false;
    p->attached = *file;
    p->fields[p->n_fields++] = (hone__named_field){.form = {.name = name,
                                                            .per = HONE_PER_TOKEN,
                                                            .dtype = HONE_F32,
                                                            .row = hone_shape_1(width),
                                                            .row_size = (size_t)width * sizeof *rows},
                                                   .data = (const char *)rows,
                                                   .starts = p->starts};
    return true;
}

void hone__prepared_destroy(hone__prepared *p)
{
    if (!p)
        return;
    hone__st_file file = p->file, attached = p->attached;
    hone__arena_destroy(p->arena);
    if (file.map.data)
        hone__st_close(&file);
    if (attached.map.data)
        hone__st_close(&attached);
}

const hone__prepared_stats *hone__prepared_stats_of(const hone__prepared *p)
{
    return &p->stats;
}

const hone_corpus *hone__prepared_corpus(const hone__prepared *p)
{
    return p->corpus;
}
