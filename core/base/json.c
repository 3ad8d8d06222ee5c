/* json.c - Jansson, made strict, and messages that say where.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "base/alloc.h"
#include "base/file.h"
#include "base/format.h"
#include "base/str.h"

#include <hone/text.h>

#include <inttypes.h>
#include <pthread.h>
#include <setjmp.h>
#include <string.h>

enum { DEEPEST = 64, DEFAULT_LIMIT = 64 * 1024 * 1024 };

/* One parse: what Jansson has allocated in it so far, and the way out where an allocation fails. Jansson must never see a failed
 * one: its lexer does not look whether a string's buffer could grow, and then runs behind the buffer's end or into an assertion
 * (seen in 2.14). */
typedef struct parse {
    jmp_buf out_of_memory;
    void **blocks;
    size_t n, cap;
} parse;

static _Thread_local parse *current; /* NULL outside of hone__json_parse */

static bool note_block(parse *p, void *block)
{
    if (p->n == p->cap) {
        size_t cap = p->cap ? 2 * p->cap : 64;
        void **blocks = hone__realloc(p->blocks, cap * sizeof *blocks);
        if (!blocks)
            return false;
        p->blocks = blocks;
        p->cap = cap;
    }
    p->blocks[p->n++] = block;
    return true;
}

static void *allocate(size_t size)
{
    void *block = hone__malloc(size);
    if (!current || (block && note_block(current, block)))
        return block;
    hone__free(block);
    longjmp(current->out_of_memory, 1);
}

static void release(void *block)
{
    /* What is freed during a parse is nearly always the youngest block. */
    for (size_t i = current && block ? current->n : 0; i > 0; i--)
        if (current->blocks[i - 1] == block) {
            current->blocks[i - 1] = current->blocks[--current->n];
            break;
        }
    hone__free(block);
}

static void set_allocator(void)
{
    json_set_alloc_funcs(allocate, release);
    json_object_seed(0); /* Jansson would do it within the first parse */
}

void hone__json_init(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, set_allocator);
}

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

/* Jansson goes 2048 levels deep, so the levels are counted first. Counts on text that may not be JSON at all: what is wrong with
 * it otherwise is for Jansson to say. */
static hone_status check_depth(const char *bytes, size_t n, const char *name, uint64_t line, hone_error *err)
{
    int depth = 0;
    bool in_text = false;
    for (size_t i = 0; i < n; i++) {
        char c = bytes[i];
        line += c == '\n';
        if (in_text && c == '\\')
            i++;
        else if (c == '"')
            in_text = !in_text;
        else if (!in_text && (c == '[' || c == '{'))
            depth++;
        else if (!in_text && (c == ']' || c == '}'))
            depth--;
        if (depth > DEEPEST)
            return hone_fail(err, HONE_EFORMAT,
                             "%s:%llu: arrays and objects lie more than %d deep in one another; make it flatter", name,
                             (unsigned long long)line, DEEPEST);
    }
    return HONE_OK;
}

/* NULL where it is no JSON, or memory is short: then all that was allocated is freed again. */
static json_t *load(parse *p, const char *bytes, size_t n, json_error_t *e, bool *short_of_memory)
{
    if (setjmp(p->out_of_memory) != 0) {
        current = NULL;
        for (size_t i = 0; i < p->n; i++)
            hone__free(p->blocks[i]);
        *short_of_memory = true;
        return NULL;
    }
    current = p;
    json_t *root = json_loadb(bytes, n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, e);
    current = NULL;
    return root;
}

hone_status hone_json_parse(const char *bytes, uint64_t n, const char *name, uint64_t line, struct json_t **root,
                            hone_error *err)
{
    char shown[512], why[256];
    json_error_t e = {0};
    parse p = {.blocks = NULL};
    bool short_of_memory = false;
    *root = NULL;
    hone__json_init();
    hone__shown(name, shown, sizeof shown);
    HONE_TRY(check_depth(bytes, n, shown, line, err));
    *root = load(&p, bytes, n, &e, &short_of_memory);
    hone__free(p.blocks);
    if (short_of_memory)
        return hone_no_memory(err, "reading JSON");
    if (!*root)
        return hone_fail(err, HONE_EFORMAT, "%s:%llu:%d: this is not valid JSON: %s", shown,
                         (unsigned long long)line + (unsigned long long)(e.line > 0 ? e.line - 1 : 0), e.column,
                         hone__shown(e.text, why, sizeof why));
    return HONE_OK;
}

hone_status hone__json_parse(const char *bytes, size_t n, const char *name, json_t **root, hone_error *err)
{
    return hone_json_parse(bytes, n, name, 1, root, err);
}

hone_status hone__json_load(const char *path, size_t limit, json_t **root, hone_error *err)
{
    char *bytes;
    size_t n;
    *root = NULL;
    HONE_TRY(hone__read_file(path, limit ? limit : DEFAULT_LIMIT, &bytes, &n, err));
    hone_status status = hone__json_parse(bytes, n, path, root, err);
    hone__free(bytes);
    return status;
}

/* ---- Writing ----------------------------------------------------------------------------------------------------- */

static void add_value(hone__str *s, const json_t *value, int depth);

static void add_line_break(hone__str *s, int depth)
{
    hone__str_addf(s, "\n%*s", 2 * depth, "");
}

static void add_array(hone__str *s, const json_t *array, int depth)
{
    size_t n = json_array_size(array);
    hone__str_add(s, "[");
    for (size_t i = 0; i < n; i++) {
        hone__str_add(s, i ? "," : "");
        add_line_break(s, depth + 1);
        add_value(s, json_array_get(array, i), depth + 1);
    }
    if (n)
        add_line_break(s, depth);
    hone__str_add(s, "]");
}

static void add_object(hone__str *s, const json_t *object, int depth)
{
    const char *key, *comma = "";
    const json_t *value;
    hone__str_add(s, "{");
    /* Jansson's iterators take no const object, but change none. */
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        hone__str_add(s, comma);
        comma = ",";
        add_line_break(s, depth + 1);
        hone__str_add_json(s, key);
        hone__str_add(s, ": ");
        add_value(s, value, depth + 1);
    }
    if (*comma)
        add_line_break(s, depth);
    hone__str_add(s, "}");
}

static void add_value(hone__str *s, const json_t *value, int depth)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        add_object(s, value, depth);
        break;
    case JSON_ARRAY:
        add_array(s, value, depth);
        break;
    case JSON_STRING:
        hone__str_add_json(s, json_string_value(value));
        break;
    case JSON_INTEGER:
        hone__str_addf(s, "%" PRId64, (int64_t)json_integer_value(value));
        break;
    case JSON_REAL: /* Jansson holds no infinite ones */
        hone__str_add_real(s, json_real_value(value));
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        hone__str_add(s, json_is_true(value) ? "true" : "false");
        break;
    case JSON_NULL:
        hone__str_add(s, "null");
        break;
    }
}

void hone__json_print(const json_t *root, hone__str *out)
{
    add_value(out, root, 0);
    hone__str_add(out, "\n");
}

hone_status hone__json_save(const json_t *root, const char *path, hone_error *err)
{
    hone__str s = {0};
    hone__json_print(root, &s);
    hone_status status = s.failed ? hone_no_memory(err, "writing JSON") : hone__write_file(path, hone__str_text(&s), s.n, err);
    hone__str_clear(&s);
    return status;
}

/* ---- Members ----------------------------------------------------------------------------------------------------- */

/* The member, or NULL where it is absent and *status says whether it may be. */
static const json_t *member(const json_t *object, const char *key, bool required, const char *what, hone_status *status,
                            hone_error *err)
{
    const json_t *value = json_object_get(object, key);
    *status = HONE_OK;
    if (!value && required)
        *status = hone_fail(err, HONE_EFORMAT, "%s has no \"%s\", which it must have", what, key);
    return value;
}

/* "config.json: "hidden_size" is a string; it must be an integer" */
static hone_status wrong_type(const json_t *value, const char *key, const char *wanted, const char *what, hone_error *err)
{
    static const char *const names[] = {
        [JSON_OBJECT] = "an object",   [JSON_ARRAY] = "an array", [JSON_STRING] = "a string", [JSON_INTEGER] = "an integer",
        [JSON_REAL] = "a real number", [JSON_TRUE] = "true",      [JSON_FALSE] = "false",     [JSON_NULL] = "null",
    };
    return hone_fail(err, HONE_EFORMAT, "%s: \"%s\" is %s; it must be %s", what, key, names[json_typeof(value)], wanted);
}

hone_status hone__json_int(const json_t *object, const char *key, bool required, int64_t *out, const char *what,
                           hone_error *err)
{
    hone_status status;
    const json_t *value = member(object, key, required, what, &status, err);
    if (!value)
        return status;
    if (!json_is_integer(value))
        return wrong_type(value, key, "an integer", what, err);
    *out = json_integer_value(value);
    return HONE_OK;
}

hone_status hone__json_real(const json_t *object, const char *key, bool required, double *out, const char *what,
                            hone_error *err)
{
    hone_status status;
    const json_t *value = member(object, key, required, what, &status, err);
    if (!value)
        return status;
    if (!json_is_number(value))
        return wrong_type(value, key, "a number", what, err);
    *out = json_number_value(value);
    return HONE_OK;
}

hone_status hone__json_bool(const json_t *object, const char *key, bool required, bool *out, const char *what, hone_error *err)
{
    hone_status status;
    const json_t *value = member(object, key, required, what, &status, err);
    if (!value)
        return status;
    if (!json_is_boolean(value))
        return wrong_type(value, key, "true or false", what, err);
    *out = json_is_true(value);
    return HONE_OK;
}

hone_status hone__json_text(const json_t *object, const char *key, bool required, const char **out, const char *what,
                            hone_error *err)
{
    hone_status status;
    const json_t *value = member(object, key, required, what, &status, err);
    if (!value)
        return status;
    if (!json_is_string(value))
        return wrong_type(value, key, "a string", what, err);
    *out = json_string_value(value);
    return HONE_OK;
}

hone_status hone__json_format(const json_t *object, int64_t newest, const char *what, hone_error *err)
{
    int64_t format = 0;
    HONE_TRY(hone__json_int(object, "format", true, &format, what, err));
    return hone__format_check(what, format, newest, err);
}
