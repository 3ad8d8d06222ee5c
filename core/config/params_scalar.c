/* params_scalar.c - one written value into one field: numbers, words, strings and paths.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "config/params_parts.h"

#include <math.h>
#include <string.h>

/* What a value was understood as; its node for the complete configuration is made from it. */
typedef struct reading {
    const hone__fill *fill;
    const hone_param *row;
    const char *path;
    const hone__yaml *node;
    void *field;
} reading;

static bool is_number(const hone__yaml *node)
{
    return node->type == HONE__YAML_INT || node->type == HONE__YAML_REAL;
}

static bool real_in_range(const hone_param *row, double x)
{
    if (!isfinite(x))
        return false;
    const bool above = row->flags & HONE_OPEN_MIN ? x > row->min_real : x >= row->min_real;
    const bool below = row->flags & HONE_OPEN_MAX ? x < row->max_real : x <= row->max_real;
    return above && below;
}

static bool int_in_range(const hone_param *row, int64_t x)
{
    const bool above = row->flags & HONE_OPEN_MIN ? x > row->min_int : x >= row->min_int;
    const bool below = row->flags & HONE_OPEN_MAX ? x < row->max_int : x <= row->max_int;
    return above && below;
}

/* The index of a scalar's text among the choices, or -1. Plain numbers and booleans count as their text, so that a choice may
 * be called 1 or true. */
static int32_t word_of(const hone_param *row, const hone__yaml *node)
{
    if (node->type == HONE__YAML_LIST || node->type == HONE__YAML_MAP || node->type == HONE__YAML_NULL)
        return -1;
    for (int32_t i = 0; row->choices && row->choices[i]; i++)
        if (strcmp(row->choices[i], node->text) == 0)
            return i;
    return -1;
}

/* Each returns the complete node, with *ok false where an issue was written, and NULL with *ok true where memory is short. */
typedef hone__yaml *(*reader)(const reading *r, bool *ok);

static hone__yaml *read_real(const reading *r, bool *ok)
{
    *ok = is_number(r->node) && real_in_range(r->row, r->node->real);
    if (!*ok)
        return NULL;
    *(double *)r->field = r->node->real;
    return hone__yaml_new_real(r->fill->arena, r->node->real);
}

static hone__yaml *read_int(const reading *r, bool *ok)
{
    *ok = r->node->type == HONE__YAML_INT && int_in_range(r->row, r->node->integer);
    if (!*ok)
        return NULL;
    *(int64_t *)r->field = r->node->integer;
    return hone__yaml_new_int(r->fill->arena, r->node->integer);
}

static hone__yaml *read_bool(const reading *r, bool *ok)
{
    *ok = r->node->type == HONE__YAML_BOOL;
    if (!*ok)
        return NULL;
    *(bool *)r->field = r->node->truth;
    return hone__yaml_new_bool(r->fill->arena, r->node->truth);
}

static hone__yaml *read_choice(const reading *r, bool *ok)
{
    int32_t word = word_of(r->row, r->node);
    *ok = word >= 0;
    if (!*ok)
        return NULL;
    *(int32_t *)r->field = word;
    return hone__yaml_new_text(r->fill->arena, r->row->choices[word]);
}

static hone__yaml *read_real_or_word(const reading *r, bool *ok)
{
    hone_real_or_word *out = r->field;
    out->word = word_of(r->row, r->node);
    if (out->word >= 0)
        return hone__yaml_new_text(r->fill->arena, r->row->choices[out->word]);
    *ok = is_number(r->node) && real_in_range(r->row, r->node->real);
    if (!*ok)
        return NULL;
    out->value = r->node->real;
    return hone__yaml_new_real(r->fill->arena, out->value);
}

static hone__yaml *read_int_or_word(const reading *r, bool *ok)
{
    hone_int_or_word *out = r->field;
    out->word = word_of(r->row, r->node);
    if (out->word >= 0)
        return hone__yaml_new_text(r->fill->arena, r->row->choices[out->word]);
    *ok = r->node->type == HONE__YAML_INT && int_in_range(r->row, r->node->integer);
    if (!*ok)
        return NULL;
    out->value = r->node->integer;
    return hone__yaml_new_int(r->fill->arena, out->value);
}

/* The path where it is looked for; *ok false, with an issue, where nothing is there. */
static const char *resolve(const reading *r, const char *text, bool *ok)
{
    const bool of_model = r->row->flags & HONE_MODEL_PATH;
    const char *dir = of_model ? r->fill->model_dir : r->fill->base_dir;
    if (!dir)
        return text;
    const char *path = hone__path_join(r->fill->arena, dir, text);
    if (path && !hone__exists(path)) {
        char seen[160];
        *ok = false;
        hone__issue_at(r->fill->issues, r->node,
                       "%s is %s, but there is no %s; such paths are relative to %s, or without it to "
                       "the experiment file",
                       r->path, hone__value_shown(r->node, seen, sizeof seen), path, of_model ? "model_root" : "data_root");
    }
    return path;
}

static hone__yaml *read_string(const reading *r, bool *ok)
{
    const bool scalar = r->node->type != HONE__YAML_LIST && r->node->type != HONE__YAML_MAP && r->node->type != HONE__YAML_NULL;
    const bool is_path = r->row->flags & (HONE_PATH | HONE_MODEL_PATH);
    *ok = scalar && !(is_path && r->node->text[0] == '\0');
    if (!*ok)
        return NULL;
    hone__yaml *made = hone__yaml_new_text(r->fill->arena, r->node->text);
    if (!made)
        return NULL;
    bool found = true; /* a missing file has its own sentence, and the value stays */
    const char *text = is_path ? resolve(r, made->text, &found) : made->text;
    *(const char **)r->field = text;
    return text ? made : NULL;
}

static const reader readers[] = {
    [HONE_REAL] = read_real,
    [HONE_INT] = read_int,
    [HONE_BOOL] = read_bool,
    [HONE_STRING] = read_string,
    [HONE_CHOICE] = read_choice,
    [HONE_REAL_OR_WORD] = read_real_or_word,
    [HONE_INT_OR_WORD] = read_int_or_word,
};

hone_status hone__fill_scalar(const hone__fill *fill, const hone_param *row, const char *path, const hone__yaml *node,
                              void *field, hone__yaml **complete, hone_error *err)
{
    const reading r = {fill, row, path, node, field};
    bool ok = true;
    if (row->type >= sizeof readers / sizeof *readers || !readers[row->type])
        return hone_fail(err, HONE_EINVAL, "%s: the row's type %u is no type of a single value", path, (unsigned)row->type);
    hone__yaml *made = readers[row->type](&r, &ok);
    if (!ok) {
        hone__issue_value(fill, row, path, node);
        made = hone__yaml_copy(fill->arena, node);
    }
    if (!made)
        return hone_no_memory(err, "reading a setting");
    *complete = hone__placed(made, node);
    return HONE_OK;
}
