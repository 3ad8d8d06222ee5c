/* rows.c - what must hold of a parameter table before anything is read through it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "plugin/load.h"

#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The table under check: a plugin's own, or one nested in it. */
typedef struct table {
    const hone_plugin *plugin;
    const char *path; /* "" or "freeze." before a row's name */
    const hone_param *rows;
    uint32_t n;
    uint64_t size; /* of the struct that the rows describe */
    int depth;
    hone_error *err;
} table;

enum {
    DEEPEST = 8,
    KNOWN_FLAGS = HONE_OPEN_MIN | HONE_OPEN_MAX | HONE_REQUIRED | HONE_PATH | HONE_MODEL_PATH | HONE_FIXED | HONE_NO_BITS |
                  HONE_NO_PREPARE | HONE_TRAINING_ONLY
};

/* The size and alignment of a type's C field, by hone_type; tables say theirs. */
static const struct {
    size_t size, alignment;
} fields[] = {
    [HONE_REAL] = {sizeof(double), _Alignof(double)},
    [HONE_INT] = {sizeof(int64_t), _Alignof(int64_t)},
    [HONE_BOOL] = {sizeof(bool), _Alignof(bool)},
    [HONE_STRING] = {sizeof(const char *), _Alignof(const char *)},
    [HONE_CHOICE] = {sizeof(int32_t), _Alignof(int32_t)},
    [HONE_TABLE] = {0, 1},
    [HONE_PLUGIN] = {sizeof(const hone_self *), _Alignof(const hone_self *)},
    [HONE_REAL_OR_WORD] = {sizeof(hone_real_or_word), _Alignof(hone_real_or_word)},
    [HONE_INT_OR_WORD] = {sizeof(hone_int_or_word), _Alignof(hone_int_or_word)},
};
enum { LAST_TYPE = HONE_INT_OR_WORD };

/* "head focal: parameter freeze.layers: WHAT". */
HONE_PRINTF(3, 4) static hone_status bad(const table *t, const hone_param *row, const char *fmt, ...)
{
    char what[400], name[80];
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    return hone_fail(t->err, HONE_EPLUGIN, "%s %s: parameter %s%s %s", hone__kinds[t->plugin->kind].name, t->plugin->name,
                     t->path, hone__shown(row->name ? row->name : "without a name", name, sizeof name), what);
}

static bool is_number(uint32_t type)
{
    return type == HONE_REAL || type == HONE_INT || type == HONE_REAL_OR_WORD || type == HONE_INT_OR_WORD;
}

static bool is_real(uint32_t type)
{
    return type == HONE_REAL || type == HONE_REAL_OR_WORD;
}

static bool has_words(uint32_t type)
{
    return type == HONE_CHOICE || type == HONE_REAL_OR_WORD || type == HONE_INT_OR_WORD;
}

/* ---- Names and flags --------------------------------------------------------------------------------------------- */

static hone_status check_name(const table *t, const hone_param *row)
{
    if (!row->name || !*row->name || row->name[strspn(row->name, "abcdefghijklmnopqrstuvwxyz0123456789_")] != '\0')
        return bad(t, row, "has a name that YAML files cannot use; a name is made of small letters, digits and _");
    for (const hone_param *other = t->rows; other < row; other++)
        if (strcmp(other->name, row->name) == 0)
            return bad(t, row, "is there twice");
    if (!row->help || !*row->help)
        return bad(t, row, "has no help");
    return HONE_OK;
}

static hone_status check_kind_of_row(const table *t, const hone_param *row)
{
    if (row->type < HONE_REAL || row->type > LAST_TYPE)
        return bad(t, row, "has the type %u, which this hone does not know", (unsigned)row->type);
    if (row->shape > HONE_MAP)
        return bad(t, row, "has the shape %u, which this hone does not know", (unsigned)row->shape);
    if (row->flags & ~(uint32_t)KNOWN_FLAGS)
        return bad(t, row, "has a flag (0x%x) that this hone does not know", (unsigned)(row->flags & ~(uint32_t)KNOWN_FLAGS));
    if ((row->flags & (HONE_PATH | HONE_MODEL_PATH)) && row->type != HONE_STRING)
        return bad(t, row, "is marked as a path but is no string");
    if (row->scale > HONE_LOG)
        return bad(t, row, "has the scale %u, which this hone does not know", (unsigned)row->scale);
    if (row->type == HONE_PLUGIN && (row->plugin_kind == HONE_KIND_NONE || row->plugin_kind >= HONE_KIND_COUNT))
        return bad(t, row, "names a plugin of the kind %u, which this hone does not know", (unsigned)row->plugin_kind);
    return HONE_OK;
}

/* ---- Where the field lies ---------------------------------------------------------------------------------------- */

static uint64_t field_size(const hone_param *row)
{
    if (row->shape == HONE_LIST)
        return sizeof(hone_list);
    if (row->shape == HONE_MAP)
        return sizeof(hone_map);
    return row->type == HONE_TABLE ? row->item_size : fields[row->type].size;
}

static uint64_t field_alignment(const hone_param *row)
{
    return row->shape == HONE_ONE ? fields[row->type].alignment : _Alignof(hone_map);
}

static hone_status check_field(const table *t, const hone_param *row)
{
    const uint64_t size = field_size(row);
    if (row->shape != HONE_ONE || row->type == HONE_TABLE) {
        if (row->item_size == 0 || (row->type != HONE_TABLE && row->item_size != fields[row->type].size))
            return bad(t, row, "has items of %llu bytes, which is not the size of its type",
                       (unsigned long long)row->item_size);
    }
    if (row->offset > t->size || size > t->size - row->offset)
        return bad(t, row, "lies at bytes %llu to %llu of a struct of %llu", (unsigned long long)row->offset,
                   (unsigned long long)(row->offset + size), (unsigned long long)t->size);
    if (row->offset % field_alignment(row))
        return bad(t, row, "lies at byte %llu, which its type cannot be aligned to", (unsigned long long)row->offset);
    for (const hone_param *other = t->rows; other < row; other++)
        if (other->offset < row->offset + size && row->offset < other->offset + field_size(other))
            return bad(t, row, "shares its bytes with %s", other->name);
    return HONE_OK;
}

/* ---- Numbers ----------------------------------------------------------------------------------------------------- */

static hone_status check_real(const table *t, const hone_param *row)
{
    const double lo = row->min_real, hi = row->max_real, def = row->def_real;
    if (!(lo < hi))
        return bad(t, row, "has the range %g to %g, which holds nothing; give min_real and max_real", lo, hi);
    if (row->scale == HONE_LOG && !(lo > 0.0 || (lo == 0.0 && (row->flags & HONE_OPEN_MIN))))
        return bad(t, row, "has a logarithmic scale that begins at %g; it must be above zero", lo);
    if ((row->flags & HONE_REQUIRED) || row->shape != HONE_ONE || row->def_text)
        return HONE_OK;
    const bool above = row->flags & HONE_OPEN_MIN ? def > lo : def >= lo;
    const bool below = row->flags & HONE_OPEN_MAX ? def < hi : def <= hi;
    return above && below ? HONE_OK : bad(t, row, "has the default %g, outside its range %g to %g", def, lo, hi);
}

static hone_status check_int(const table *t, const hone_param *row)
{
    const int64_t lo = row->min_int, hi = row->max_int, def = row->def_int;
    if (lo >= hi)
        return bad(t, row, "has the range %lld to %lld, which holds no choice; give min_int and max_int", (long long)lo,
                   (long long)hi);
    if (row->scale == HONE_LOG && !(lo > 0 || (lo == 0 && (row->flags & HONE_OPEN_MIN))))
        return bad(t, row, "has a logarithmic scale that begins at %lld; it must be above zero", (long long)lo);
    if ((row->flags & HONE_REQUIRED) || row->shape != HONE_ONE || row->def_text)
        return HONE_OK;
    const bool above = row->flags & HONE_OPEN_MIN ? def > lo : def >= lo;
    const bool below = row->flags & HONE_OPEN_MAX ? def < hi : def <= hi;
    return above && below ? HONE_OK
                          : bad(t, row, "has the default %lld, outside its range %lld to %lld", (long long)def, (long long)lo,
                                (long long)hi);
}

/* ---- Words ------------------------------------------------------------------------------------------------------- */

static hone_status check_words(const table *t, const hone_param *row)
{
    if (!row->choices || !row->choices[0])
        return bad(t, row, "has no choices");
    bool found = false;
    for (const char *const *word = row->choices; *word; word++) {
        for (const char *const *other = row->choices; other < word; other++)
            if (strcmp(*word, *other) == 0)
                return bad(t, row, "has the choice %s twice", *word);
        found |= row->def_text && strcmp(*word, row->def_text) == 0;
    }
    if (row->def_text && !found && row->shape == HONE_ONE)
        return bad(t, row, "has the default %s, which is none of its choices", row->def_text);
    if (!row->def_text && row->type == HONE_CHOICE && row->shape == HONE_ONE && !(row->flags & HONE_REQUIRED))
        return bad(t, row, "needs a default, or the flag HONE_REQUIRED");
    return HONE_OK;
}

static hone_status check_items(const table *t, const hone_param *row)
{
    if (row->max_items && row->min_items > row->max_items)
        return bad(t, row, "has at least %llu and at most %llu items", (unsigned long long)row->min_items,
                   (unsigned long long)row->max_items);
    if (row->min_items && !row->def_text && !(row->flags & HONE_REQUIRED))
        return bad(t, row, "has at least %llu items but no default; give one, or the flag HONE_REQUIRED",
                   (unsigned long long)row->min_items);
    return HONE_OK;
}

static hone_status check_default(const table *t, const hone_param *row)
{
    if ((row->flags & HONE_REQUIRED) && row->def_text)
        return bad(t, row, "is required and has the default %s; it can be only one of the two", row->def_text);
    if (row->type == HONE_PLUGIN && row->shape == HONE_ONE && row->def_text && row->def_text[0] != '{' &&
        !hone__plugin_name_ok(row->def_text))
        return bad(t, row, "has the default %s, which no plugin can be called", row->def_text);
    return HONE_OK;
}

/* ---- Tables ------------------------------------------------------------------------------------------------------ */

static hone_status check_table(const table *t);

static hone_status check_nested(const table *t, const hone_param *row)
{
    if (row->type != HONE_TABLE)
        return HONE_OK;
    if (!row->rows || row->n_rows == 0)
        return bad(t, row, "is a table without rows");
    if (t->depth >= DEEPEST)
        return bad(t, row, "lies more than %d tables deep", DEEPEST);
    char path[200];
    snprintf(path, sizeof path, "%s%s.", t->path, row->name);
    const table nested = {t->plugin, path, row->rows, row->n_rows, row->item_size, t->depth + 1, t->err};
    return check_table(&nested);
}

static hone_status check_row(const table *t, const hone_param *row)
{
    HONE_TRY(check_name(t, row));
    HONE_TRY(check_kind_of_row(t, row));
    HONE_TRY(check_field(t, row));
    HONE_TRY(check_default(t, row));
    if (is_number(row->type))
        HONE_TRY(is_real(row->type) ? check_real(t, row) : check_int(t, row));
    if (has_words(row->type))
        HONE_TRY(check_words(t, row));
    if (row->shape != HONE_ONE)
        HONE_TRY(check_items(t, row));
    return check_nested(t, row);
}

/* A name that people know for another row must not be a row itself. */
static hone_status check_renamed(const table *t, const hone_param *row)
{
    for (const char *p = row->renamed ? row->renamed : ""; *p;) {
        size_t n = strcspn(p, " ");
        for (uint32_t i = 0; i < t->n && n > 0; i++)
            if (strlen(t->rows[i].name) == n && strncmp(t->rows[i].name, p, n) == 0)
                return bad(t, row, "gives %s as another name of itself, which is a parameter of its own", t->rows[i].name);
        p += n + (p[n] == ' ');
    }
    return HONE_OK;
}

static hone_status check_table(const table *t)
{
    for (uint32_t i = 0; i < t->n; i++)
        HONE_TRY(check_row(t, &t->rows[i]));
    for (uint32_t i = 0; i < t->n; i++)
        HONE_TRY(check_renamed(t, &t->rows[i]));
    return HONE_OK;
}

hone_status hone__check_rows(const hone_plugin *p, hone_error *err)
{
    const table t = {p, "", p->params, p->n_params, p->params_size, 0, err};
    return check_table(&t);
}
