/* squad.c - reader of SQuAD's JSON, versions 1.1 and 2.0: questions, the paragraphs that answer them, and where the answers stand.
 *
 * The question is the field text, the paragraph text_pair; gold answers are bytes of the paragraph. Articles are groups.
 * Source: Rajpurkar et al. 2016 and 2018.
 *
 * build: pkg-config jansson
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static hone_target target(const hone_self *self)
{
    (void)self;
    return HONE_TARGET_SPAN;
}

static const char *const *fields(const hone_self *self)
{
    static const char *const names[] = {"text", "text_pair", NULL};
    (void)self;
    return names;
}

/* Where in the file something stands: "data[3].paragraphs[2].qas[0]". */
typedef struct place {
    uint64_t article, paragraph, question;
    int depth; /* 0: the file, 1: an article, 2: a paragraph, 3: a question */
} place;

typedef struct reading {
    const hone_source *source;
    hone_sink *sink;
    hone_arena *arena;
    place at;
} reading;

static const char *place_text(const place *p, char *out, size_t size)
{
    const unsigned long long a = p->article, b = p->paragraph, c = p->question;
    switch (p->depth) {
    case 0:
        snprintf(out, size, "the file");
        break;
    case 1:
        snprintf(out, size, "data[%llu]", a);
        break;
    case 2:
        snprintf(out, size, "data[%llu].paragraphs[%llu]", a, b);
        break;
    default:
        snprintf(out, size, "data[%llu].paragraphs[%llu].qas[%llu]", a, b, c);
    }
    return out;
}

/* ---- Members ----------------------------------------------------------------------------------------------------- */

static hone_status wrong_member(const reading *r, const char *key, const char *kind, const json_t *value, hone_error *err)
{
    char where[120];
    return hone_sink_fail(r->sink, 0, err, "%s %s \"%s\"%s%s", place_text(&r->at, where, sizeof where),
                          value ? "has a member" : "has no member", key, value ? " that is not " : "; it should be ", kind);
}

static hone_status array_of(const reading *r, const json_t *object, const char *key, const json_t **array, hone_error *err)
{
    *array = json_object_get(object, key);
    return json_is_array(*array) ? HONE_OK : wrong_member(r, key, "a list", *array, err);
}

static hone_status string_of(const reading *r, const json_t *object, const char *key, const json_t **string, hone_error *err)
{
    *string = json_object_get(object, key);
    return json_is_string(*string) ? HONE_OK : wrong_member(r, key, "a string", *string, err);
}

/* ---- Answers ----------------------------------------------------------------------------------------------------- */

/* The byte at which character `i` of a text begins; n where there are i of them, n + 1 where there are fewer. */
static uint64_t byte_of(const char *text, uint64_t n, json_int_t i)
{
    uint64_t at = 0;
    for (; i > 0 && at < n; i--)
        for (at++; at < n && ((unsigned char)text[at] & 0xC0) == 0x80; at++)
            ;
    return i > 0 ? n + 1 : at;
}

static hone_status read_answer(const reading *r, const char *id, const json_t *context, const json_t *answer, hone_span *span,
                               hone_error *err)
{
    const json_t *text = json_object_get(answer, "text"), *start = json_object_get(answer, "answer_start");
    const char *bytes = json_string_value(context);
    const uint64_t n = json_string_length(context);
    if (!json_is_string(text) || !json_is_integer(start) || json_integer_value(start) < 0)
        return hone_sink_fail(
            r->sink, 0, err,
            "question %.80s: an answer is no object with a string \"text\" and a number \"answer_start\" from 0", id);
    const uint64_t begin = byte_of(bytes, n, json_integer_value(start)), length = json_string_length(text);
    if (length == 0)
        return hone_sink_fail(r->sink, 0, err, "question %.80s: the text of an answer is empty", id);
    if (begin > n || length > n - begin || memcmp(bytes + begin, json_string_value(text), length) != 0)
        return hone_sink_fail(
            r->sink, 0, err,
            "question %.80s: its answer \"%.80s\" does not stand at answer_start %lld (counted in characters) of the "
            "paragraph, where there is \"%.*s\"",
            id, json_string_value(text), (long long)json_integer_value(start),
            (int)(begin <= n ? (n - begin < 40 ? n - begin : byte_of(bytes + begin, n - begin, 20)) : 0),
            begin <= n ? bytes + begin : "");
    *span = (hone_span){.begin = begin, .end = begin + length, .text = json_string_value(text)};
    return HONE_OK;
}

static hone_status add_answers(const reading *r, const char *id, const json_t *context, const json_t *question, hone_error *err)
{
    const json_t *answers = json_object_get(question, "answers");
    const bool impossible = json_is_true(json_object_get(question, "is_impossible"));
    const size_t n = impossible ? 0 : json_array_size(answers);
    if (!answers && !impossible && !r->source->needs_gold)
        return HONE_OK;
    if (!impossible && !json_is_array(answers))
        return hone_sink_fail(r->sink, 0, err, "question %.80s has no list \"answers\"", id);
    if (!impossible && n == 0 && !r->source->needs_gold)
        return HONE_OK;
    if (!impossible && n == 0)
        return hone_sink_fail(r->sink, 0, err,
                              "question %.80s has no answer and is not marked \"is_impossible\": true, as in SQuAD 2.0", id);
    hone_span *spans = hone_alloc_array(r->arena, n, sizeof *spans);
    if (!spans)
        return hone_no_memory(err, "reading answers");
    for (size_t i = 0; i < n; i++)
        HONE_TRY(read_answer(r, id, context, json_array_get(answers, i), &spans[i], err));
    hone_answer gold = hone_answer_of(HONE_TARGET_SPAN);
    gold.spans = spans;
    gold.span_size = sizeof *spans;
    gold.n = n;
    return hone_sink_gold(r->sink, &gold, err);
}

/* ---- Questions --------------------------------------------------------------------------------------------------- */

static hone_status add_question(const reading *r, const json_t *context, const json_t *question, hone_error *err)
{
    const json_t *id, *text;
    HONE_TRY(string_of(r, question, "id", &id, err));
    HONE_TRY(string_of(r, question, "question", &text, err));
    HONE_TRY(hone_sink_example(r->sink, json_string_value(id), 0, err));
    HONE_TRY(hone_sink_text(r->sink, "text", json_string_value(text), json_string_length(text), err));
    HONE_TRY(hone_sink_text(r->sink, "text_pair", json_string_value(context), json_string_length(context), err));
    HONE_TRY(hone_sink_group(r->sink, r->at.article, err));
    return add_answers(r, json_string_value(id), context, question, err);
}

static hone_status add_paragraph(reading *r, const json_t *paragraph, hone_error *err)
{
    const json_t *context, *questions;
    HONE_TRY(string_of(r, paragraph, "context", &context, err));
    HONE_TRY(array_of(r, paragraph, "qas", &questions, err));
    r->at.depth = 3;
    for (size_t i = 0; i < json_array_size(questions); i++) {
        r->at.question = i;
        HONE_TRY(add_question(r, context, json_array_get(questions, i), err));
    }
    r->at.depth = 2;
    return HONE_OK;
}

static hone_status add_article(reading *r, const json_t *article, hone_error *err)
{
    const json_t *paragraphs;
    HONE_TRY(array_of(r, article, "paragraphs", &paragraphs, err));
    r->at.depth = 2;
    for (size_t i = 0; i < json_array_size(paragraphs); i++) {
        r->at.paragraph = i;
        HONE_TRY(add_paragraph(r, json_array_get(paragraphs, i), err));
    }
    r->at.depth = 1;
    return HONE_OK;
}

static hone_status add_file(reading *r, const json_t *root, hone_error *err)
{
    const json_t *articles;
    HONE_TRY(array_of(r, root, "data", &articles, err));
    r->at.depth = 1;
    for (size_t i = 0; i < json_array_size(articles); i++) {
        r->at.article = i;
        HONE_TRY(add_article(r, json_array_get(articles, i), err));
    }
    return HONE_OK;
}

static hone_status read(const hone_self *self, const hone_source *source, hone_sink *sink, hone_error *err)
{
    json_t *root = NULL;
    const uint64_t skip = source->n >= 3 && memcmp(source->bytes, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    reading r = {.source = source, .sink = sink, .arena = self->step};
    HONE_TRY(hone_json_parse(source->bytes + skip, source->n - skip, source->path, 1, &root, err));
    const hone_status status = add_file(&r, root, err);
    json_decref(root);
    return status;
}

static const hone_reader squad = {
    .plugin = {HONE_PLUGIN(hone_reader, HONE_KIND_READER), .name = "squad",
               .summary = "SQuAD 1.1 and 2.0: questions with paragraphs and where the answers stand in them",
               .source = "Rajpurkar et al. 2016; Rajpurkar et al. 2018",
               .help = "    data: {type: squad, train: train-v1.1.json, validation: dev-v1.1.json}"},
    .target = target,
    .read = read,
    .fields = fields,
};

HONE_MODULE(&squad.plugin);
