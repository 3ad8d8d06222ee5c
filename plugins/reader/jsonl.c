/* jsonl.c - reader of JSON Lines: an object a line, whose keys hold text, a second text, a label or a score, an id.
 *
 * Other keys are kept where report.slices asks for them. Source: jsonlines.org.
 *
 * build: pkg-config jansson
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>

#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum { TEXT, TEXT_PAIR, LABEL, SCORE, ID, N_ROLES };
static const char *const role_names[N_ROLES] = {"text", "text_pair", "label", "score", "id"};

typedef struct params {
    hone_columns columns;
} params;

static const hone_param column_rows[] = {HONE_COLUMN_ROWS};

static const hone_param rows[] = {
    HONE_PARAM_TABLE(params, columns, hone_columns, column_rows, .help = "which key of the objects holds what"),
};

static const char *key_of(const hone_self *self, int role)
{
    const hone_columns *c = &((const params *)self->params)->columns;
    const char *const keys[N_ROLES] = {c->text, c->text_pair, c->label, c->score, c->id};
    return keys[role];
}

static hone_status create(const hone_self *self, hone_error *err)
{
    if (key_of(self, LABEL) && key_of(self, SCORE))
        return hone_fail(err, HONE_ECONFIG, "data.columns names both a label and a score; an example has one of them");
    for (int role = 0; role < N_ROLES; role++)
        for (int other = 0; key_of(self, role) && other < role; other++)
            if (key_of(self, other) && strcmp(key_of(self, other), key_of(self, role)) == 0)
                return hone_fail(err, HONE_ECONFIG, "data.columns.%s and data.columns.%s name the same key %.60s",
                                 role_names[other], role_names[role], key_of(self, role));
    return HONE_OK;
}

static hone_target target(const hone_self *self)
{
    return key_of(self, LABEL) ? HONE_TARGET_CLASS : key_of(self, SCORE) ? HONE_TARGET_SCORE : HONE_TARGET_NONE;
}

static const char *const *fields(const hone_self *self)
{
    static const char *const one[] = {"text", NULL}, *const two[] = {"text", "text_pair", NULL};
    return key_of(self, TEXT_PAIR) ? two : one;
}

/* ---- One line ---------------------------------------------------------------------------------------------------- */

typedef struct line {
    const hone_self *self;
    const hone_source *source;
    hone_sink *sink;
    uint64_t number;
    const json_t *object;
} line;

static const char *type_name(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "an array";
    case JSON_STRING:
        return "a string";
    case JSON_INTEGER:
    case JSON_REAL:
        return "a number";
    case JSON_NULL:
        return "null";
    default:
        return "a boolean";
    }
}

static hone_status wrong_type(const line *l, int role, const json_t *value, const char *allowed, hone_error *err)
{
    return hone_sink_fail(l->sink, l->number, err, "the %s (key \"%.60s\") is %s; it must be %s", role_names[role],
                          key_of(l->self, role), type_name(value), allowed);
}

/* The key of the object that is nearest to what was looked for. */
static hone_status no_key(const line *l, int role, hone_error *err)
{
    const char *keys[65], *key;
    json_t *value;
    size_t n = 0;
    json_object_foreach((json_t *)(uintptr_t)l->object, key, value)
    {
        if (n < 64)
            keys[n++] = key;
    }
    keys[n] = NULL;
    const char *near = hone_nearest(key_of(l->self, role), keys);
    return hone_sink_fail(l->sink, l->number, err, "the object has no key \"%.60s\" (data.columns.%s)%s%.60s%s",
                          key_of(l->self, role), role_names[role], near ? "; did you mean \"" : "", near ? near : "",
                          near ? "\"?" : "");
}

/* The value of a role; NULL where no key is named for it, or, of gold that nobody needs, where it is absent or null. */
static hone_status find(const line *l, int role, const json_t **value, hone_error *err)
{
    const char *key = key_of(l->self, role);
    const bool optional = (role == LABEL || role == SCORE) && !l->source->needs_gold;
    *value = key ? json_object_get(l->object, key) : NULL;
    if (optional && json_is_null(*value))
        *value = NULL;
    return *value || !key || optional ? HONE_OK : no_key(l, role, err);
}

/* A label or an id: a string, an integer or a boolean as text. `room` holds what is no string. */
static hone_status as_text(const line *l, int role, const json_t *value, char room[32], const char **text, hone_error *err)
{
    *text = room;
    if (json_is_string(value))
        *text = json_string_value(value);
    else if (json_is_integer(value))
        snprintf(room, 32, "%lld", (long long)json_integer_value(value));
    else if (json_is_boolean(value) && role == LABEL)
        snprintf(room, 32, "%s", json_is_true(value) ? "true" : "false");
    else
        return wrong_type(l, role, value, role == LABEL ? "a string, an integer or a boolean" : "a string or an integer", err);
    if (**text == '\0')
        return hone_sink_fail(l->sink, l->number, err, "the %s (key \"%.60s\") is empty", role_names[role],
                              key_of(l->self, role));
    return HONE_OK;
}

static hone_status add_text(const line *l, int role, hone_error *err)
{
    const json_t *value;
    HONE_TRY(find(l, role, &value, err));
    if (!value)
        return HONE_OK;
    if (!json_is_string(value))
        return wrong_type(l, role, value, "a string", err);
    return hone_sink_text(l->sink, role_names[role], json_string_value(value), json_string_length(value), err);
}

static hone_status add_label(const line *l, hone_error *err)
{
    const json_t *value;
    const char *name;
    char room[32];
    HONE_TRY(find(l, LABEL, &value, err));
    if (!value)
        return HONE_OK;
    HONE_TRY(as_text(l, LABEL, value, room, &name, err));
    hone_answer gold = hone_answer_of(HONE_TARGET_CLASS);
    gold.n = 1;
    gold.names = &name;
    return hone_sink_gold(l->sink, &gold, err);
}

static hone_status add_score(const line *l, hone_error *err)
{
    const json_t *value;
    HONE_TRY(find(l, SCORE, &value, err));
    if (!value)
        return HONE_OK;
    if (!json_is_number(value))
        return wrong_type(l, SCORE, value, "a number", err);
    hone_answer gold = hone_answer_of(HONE_TARGET_SCORE);
    gold.score = json_number_value(value);
    return hone_sink_gold(l->sink, &gold, err);
}

/* Keys whose values are no lists and no objects. */
static hone_status add_columns(const line *l, hone_error *err)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)l->object, key, value)
    {
        char room[40];
        const char *text = room;
        if (json_is_string(value))
            text = json_string_value(value);
        else if (json_is_integer(value))
            snprintf(room, sizeof room, "%lld", (long long)json_integer_value(value));
        else if (json_is_real(value))
            snprintf(room, sizeof room, "%g", json_real_value(value));
        else if (json_is_boolean(value))
            snprintf(room, sizeof room, "%s", json_is_true(value) ? "true" : "false");
        else
            continue;
        HONE_TRY(hone_sink_column(l->sink, key, text, strlen(text), err));
    }
    return HONE_OK;
}

static hone_status add_example(const line *l, hone_error *err)
{
    const json_t *value;
    const char *id = NULL;
    char room[32];
    HONE_TRY(find(l, ID, &value, err));
    if (value)
        HONE_TRY(as_text(l, ID, value, room, &id, err));
    HONE_TRY(hone_sink_example(l->sink, id, l->number, err));
    HONE_TRY(add_text(l, TEXT, err));
    HONE_TRY(add_text(l, TEXT_PAIR, err));
    HONE_TRY(add_columns(l, err));
    return key_of(l->self, LABEL) ? add_label(l, err) : add_score(l, err);
}

static hone_status add_line(line *l, const char *bytes, uint64_t n, hone_error *err)
{
    json_t *root = NULL;
    if (strspn(bytes, " \t\r\n") >= n)
        return hone_sink_fail(l->sink, l->number, err, "the line is empty; each holds one JSON object");
    if (memchr(bytes, '\0', n))
        return hone_sink_fail(l->sink, l->number, err,
                              "there is a NUL byte; text files have none (is this a text file, in UTF-8?)");
    HONE_TRY(hone_json_parse(bytes, n, l->source->path, l->number, &root, err));
    l->object = root;
    hone_status status =
        json_is_object(root)
            ? add_example(l, err)
            : hone_sink_fail(l->sink, l->number, err, "the line holds %s; each holds one JSON object", type_name(root));
    json_decref(root);
    return status;
}

/* ---- The file ---------------------------------------------------------------------------------------------------- */

static bool is_white(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static hone_status read(const hone_self *self, const hone_source *source, hone_sink *sink, hone_error *err)
{
    uint64_t at = source->n >= 3 && memcmp(source->bytes, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0, last = source->n;
    while (last > at && is_white(source->bytes[last - 1]))
        last--; /* empty lines at the end */
    if (last == at)
        return hone_sink_fail(sink, 0, err, "the file is empty");
    for (line l = {.self = self, .source = source, .sink = sink, .number = 1}; at < last; l.number++) {
        const char *begin = source->bytes + at, *end = memchr(begin, '\n', last - at);
        const uint64_t n = end ? (uint64_t)(end - begin) : last - at;
        HONE_TRY(add_line(&l, begin, n, err));
        at += n + 1;
    }
    return HONE_OK;
}

static const hone_reader jsonl = {
    .plugin = {HONE_PLUGIN(hone_reader, HONE_KIND_READER), .name = "jsonl", .summary = "JSON Lines, one object an example",
               .source = "jsonlines.org",
               .help = "data: {type: jsonl, train: train.jsonl, columns: {text: sentence, label: label}}",
               HONE_PARAMS(params, rows)},
    .create = create,
    .target = target,
    .read = read,
    .fields = fields,
};

HONE_MODULE(&jsonl.plugin);
