/* choices.c - reader of multiple choice as JSON Lines: an object a line with a question, its choices and the right one.
 *
 * Where each stands is a path of keys, "question.stem". Choices are a list of strings, or of objects with a text and a label, and the
 * answer is a label, a letter from A on, or a number from 0. The defaults read CommonsenseQA.
 * Source: Talmor et al. 2019.
 *
 * build: pkg-config jansson
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>

#include <jansson.h>
#include <stdio.h>
#include <string.h>

typedef struct columns {
    const char *question, *context, *choices, *choice_text, *choice_label, *answer, *id;
} columns;

typedef struct params {
    columns columns;
} params;

static const hone_param column_rows[] = {
    HONE_PARAM_STRING(columns, question, .def_text = "question.stem", .help = "the question"),
    HONE_PARAM_STRING(columns, context, .help = "a text that is read before the question"),
    HONE_PARAM_STRING(columns, choices, .def_text = "question.choices", .help = "the list of choices"),
    HONE_PARAM_STRING(columns, choice_text, .def_text = "text", .help = "of choices that are objects: the text"),
    HONE_PARAM_STRING(columns, choice_label, .def_text = "label",
                      .help = "of choices that are objects: what the answer calls it"),
    HONE_PARAM_STRING(columns, answer, .def_text = "answerKey",
                      .help = "the right choice: a label, a letter from A on, or a number from 0"),
    HONE_PARAM_STRING(columns, id, .def_text = "id",
                      .help = "a name of the example, unique in its file; SPLIT-NUMBER where it is absent"),
};

static const hone_param rows[] = {
    HONE_PARAM_TABLE(params, columns, columns, column_rows, .help = "the path of keys to each part, with points between them"),
};

static hone_target target(const hone_self *self)
{
    (void)self;
    return HONE_TARGET_CHOICE;
}

static const char *const *fields(const hone_self *self)
{
    static const char *const names[] = {"question", "choices", NULL}, *const more[] = {"context", "question", "choices", NULL};
    return ((const params *)self->params)->columns.context ? more : names;
}

/* ---- One line ---------------------------------------------------------------------------------------------------- */

typedef struct line {
    const columns *c;
    const hone_source *source;
    hone_sink *sink;
    hone_arena *arena;
    uint64_t number;
    const json_t *object;
    const char **texts, **labels; /* [n] of the choices; labels NULL where they have none */
    size_t n;
} line;

/* The value at "a.b.c"; NULL where there is none. */
static const json_t *find(const json_t *at, const char *path)
{
    while (at && path) {
        const char *point = strchr(path, '.');
        at = json_object_getn(at, path, point ? (size_t)(point - path) : strlen(path));
        path = point ? point + 1 : NULL;
    }
    return at;
}

static hone_status add_text(const line *l, const char *field, const char *path, hone_error *err)
{
    const json_t *value = find(l->object, path);
    if (!json_is_string(value))
        return hone_sink_fail(l->sink, l->number, err, "there is no string at \"%.80s\" (data.columns.%s)", path, field);
    return hone_sink_text(l->sink, field, json_string_value(value), json_string_length(value), err);
}

static hone_status read_choice(line *l, const json_t *choice, hone_error *err)
{
    const json_t *text = json_is_object(choice) ? find(choice, l->c->choice_text) : choice;
    const json_t *label = json_is_object(choice) ? find(choice, l->c->choice_label) : NULL;
    if (!json_is_string(text))
        return hone_sink_fail(l->sink, l->number, err,
                              "choice %zu is neither a string nor an object with a string \"%.60s\" (data.columns.choice_text)",
                              l->n, l->c->choice_text);
    if (strlen(json_string_value(text)) != json_string_length(text))
        return hone_sink_fail(l->sink, l->number, err, "choice %zu has a NUL byte; texts have none", l->n);
    l->texts[l->n] = json_string_value(text);
    l->labels[l->n++] = json_string_value(label);
    return HONE_OK;
}

static hone_status add_choices(line *l, hone_error *err)
{
    const json_t *list = find(l->object, l->c->choices);
    const size_t n = json_array_size(list);
    if (!json_is_array(list))
        return hone_sink_fail(l->sink, l->number, err, "there is no list at \"%.80s\" (data.columns.choices)", l->c->choices);
    if (n < 2)
        return hone_sink_fail(l->sink, l->number, err, "there %s; a question needs two or more",
                              n ? "is one choice" : "are no choices");
    l->texts = hone_alloc_array(l->arena, n, sizeof *l->texts);
    l->labels = hone_alloc_array(l->arena, n, sizeof *l->labels);
    if (!l->texts || !l->labels)
        return hone_no_memory(err, "reading choices");
    for (size_t i = 0; i < n; i++)
        HONE_TRY(read_choice(l, json_array_get(list, i), err));
    return hone_sink_texts(l->sink, "choices", HONE_FIELD_CHOICES, l->texts, l->n, err);
}

/* The number of the choice that an answer names; -1: none. */
static json_int_t index_of(const line *l, const json_t *answer)
{
    const char *name = json_string_value(answer);
    bool labelled = false;
    if (json_is_integer(answer))
        return json_integer_value(answer);
    for (size_t i = 0; name && i < l->n; i++) {
        labelled = labelled || l->labels[i];
        if (l->labels[i] && strcmp(l->labels[i], name) == 0)
            return (json_int_t)i;
    }
    return name && !labelled && name[0] >= 'A' && name[0] <= 'Z' && !name[1] ? name[0] - 'A' : -1;
}

static hone_status add_answer(const line *l, hone_error *err)
{
    const json_t *answer = find(l->object, l->c->answer);
    hone_answer gold = hone_answer_of(HONE_TARGET_CHOICE);
    if ((!answer || json_is_null(answer)) && !l->source->needs_gold)
        return HONE_OK;
    if (!json_is_string(answer) && !json_is_integer(answer))
        return hone_sink_fail(l->sink, l->number, err, "there is no string or number at \"%.80s\" (data.columns.answer)",
                              l->c->answer);
    const json_int_t i = index_of(l, answer);
    if (i < 0 || i >= (json_int_t)l->n)
        return hone_sink_fail(l->sink, l->number, err, "the answer %.60s is none of the %zu choices",
                              json_is_string(answer) ? json_string_value(answer) : "(a number)", l->n);
    gold.index = (int32_t)i;
    return hone_sink_gold(l->sink, &gold, err);
}

static hone_status add_example(line *l, hone_error *err)
{
    const json_t *id = l->c->id ? find(l->object, l->c->id) : NULL;
    HONE_TRY(hone_sink_example(l->sink, json_string_value(id), l->number, err));
    if (l->c->context)
        HONE_TRY(add_text(l, "context", l->c->context, err));
    HONE_TRY(add_text(l, "question", l->c->question, err));
    HONE_TRY(add_choices(l, err));
    return add_answer(l, err);
}

static hone_status add_line(line *l, const char *bytes, uint64_t n, hone_error *err)
{
    json_t *root = NULL;
    if (memchr(bytes, '\0', n))
        return hone_sink_fail(l->sink, l->number, err,
                              "there is a NUL byte; text files have none (is this a text file, in UTF-8?)");
    HONE_TRY(hone_json_parse(bytes, n, l->source->path, l->number, &root, err));
    l->object = root;
    l->n = 0;
    const hone_status status = json_is_object(root)
                                   ? add_example(l, err)
                                   : hone_sink_fail(l->sink, l->number, err, "the line holds no JSON object; each holds one");
    json_decref(root);
    return status;
}

/* ---- The file ---------------------------------------------------------------------------------------------------- */

static bool is_blank(const char *bytes, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++)
        if (!strchr(" \t\r\n", bytes[i]) || !bytes[i])
            return false;
    return true;
}

static hone_status read(const hone_self *self, const hone_source *source, hone_sink *sink, hone_error *err)
{
    const params *p = self->params;
    line l = {.c = &p->columns, .source = source, .sink = sink, .arena = self->step, .number = 1};
    for (uint64_t at = source->n >= 3 && memcmp(source->bytes, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0; at < source->n; l.number++) {
        const char *begin = source->bytes + at, *end = memchr(begin, '\n', source->n - at);
        const uint64_t n = end ? (uint64_t)(end - begin) : source->n - at;
        if (!is_blank(begin, n))
            HONE_TRY(add_line(&l, begin, n, err));
        at += n + 1;
    }
    return HONE_OK;
}

static const hone_reader choices = {
    .plugin = {HONE_PLUGIN(hone_reader, HONE_KIND_READER), .name = "choices",
               .summary = "multiple choice as JSON Lines: a question, its choices and the right one a line",
               .source = "Talmor et al. 2019, CommonsenseQA",
               .help =
                   "    data: {type: choices, train: train.jsonl, columns: {question: stem, choices: options, answer: label}}",
               HONE_PARAMS(params, rows)},
    .target = target,
    .read = read,
    .fields = fields,
};

HONE_MODULE(&choices.plugin);
