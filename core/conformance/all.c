/* all.c - what every plugin promises, of whatever kind: its table, its parameters, its operators, and what it does when memory is
 * short.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/arena.h"
#include "conformance/lab.h"

#include <math.h>
#include <string.h>

/* ---- The table --------------------------------------------------------------------------------------------------- */

static bool ends_with_stop(const char *text)
{
    const size_t n = strlen(text);
    return n > 0 && text[n - 1] == '.';
}

static hone_status table_is_sound(hone__lab *lab, hone_error *err)
{
    const hone_plugin *t = lab->table;
    HONE_TRY(hone__check_rows(t, err));
    HONE__EXPECT(!ends_with_stop(t->summary) && !strchr(t->summary, '\n'), "the summary must be one line without a full stop");
    HONE__EXPECT(t->state_size < (uint64_t)1 << 32, "its state has %llu bytes", (unsigned long long)t->state_size);
    return HONE_OK;
}

static bool is_number(const hone_param *row)
{
    return row->type == HONE_REAL || row->type == HONE_INT || row->type == HONE_REAL_OR_WORD || row->type == HONE_INT_OR_WORD;
}

static hone_status check_words_of(const hone_param *rows, uint32_t n, hone_error *err)
{
    for (uint32_t i = 0; i < n; i++) {
        HONE__EXPECT(rows[i].unit || !is_number(&rows[i]), "parameter %s has no unit; \"1\" is the unit of plain numbers",
                     rows[i].name);
        HONE__EXPECT(!ends_with_stop(rows[i].help) && !strchr(rows[i].help, '\n'),
                     "the help of parameter %s must be one line without a full stop", rows[i].name);
        if (rows[i].type == HONE_TABLE)
            HONE_TRY(check_words_of(rows[i].rows, rows[i].n_rows, err));
    }
    return HONE_OK;
}

static hone_status parameters_have_units_and_help(hone__lab *lab, hone_error *err)
{
    return check_words_of(lab->table->params, lab->table->n_params, err);
}

/* ---- Older and newer headers ------------------------------------------------------------------------------------- */

enum { TAIL = 64 };

/* A copy of the table with room for a tail, its size as told. */
static hone_plugin *copy_of(hone__lab *lab, uint32_t size)
{
    const size_t mine = hone__kinds[lab->table->kind].table_size;
    hone_plugin *copy = hone_alloc(lab->arena, mine + TAIL);
    if (copy) {
        memcpy(copy, lab->table, mine);
        copy->size = size;
    }
    return copy;
}

static hone_status longer_table_is_adopted(hone__lab *lab, hone_error *err)
{
    const size_t mine = hone__kinds[lab->table->kind].table_size;
    const hone_plugin *adopted;
    hone_plugin *copy = copy_of(lab, (uint32_t)mine + TAIL);
    if (!copy)
        return hone_no_memory(err, "copying a table");
    HONE_TRY(hone__adopt(lab->arena, copy, "a copy with a longer table", &adopted, err));
    HONE__EXPECT(adopted->size == mine, "the adopted table has %u bytes", (unsigned)adopted->size);
    ((unsigned char *)copy)[mine + TAIL - 1] = 1;
    const hone_status status = hone__adopt(lab->arena, copy, "a copy that uses more", &adopted, err);
    HONE__EXPECT(status == HONE_EABI, "a longer table whose tail is used was not refused");
    return HONE_OK;
}

/* The shortest table that still has what its kind must have. */
static size_t shortest(const hone__kind *kind)
{
    size_t end = sizeof(hone_plugin);
    for (const size_t *offset = kind->required; *offset; offset++)
        if (*offset + sizeof(void *) > end)
            end = *offset + sizeof(void *);
    return end;
}

static hone_status shorter_table_is_padded(hone__lab *lab, hone_error *err)
{
    const hone__kind *kind = &hone__kinds[lab->table->kind];
    const size_t size = shortest(kind);
    const hone_plugin *adopted;
    hone_plugin *copy = copy_of(lab, (uint32_t)size);
    if (!copy)
        return hone_no_memory(err, "copying a table");
    HONE_TRY(hone__adopt(lab->arena, copy, "a copy with a shorter table", &adopted, err));
    for (size_t i = size; i < kind->table_size; i++)
        HONE__EXPECT(((const unsigned char *)adopted)[i] == 0, "byte %zu of a shorter table is not read as zero", i);
    HONE__EXPECT(memcmp((const char *)adopted + sizeof(hone_plugin), (const char *)lab->table + sizeof(hone_plugin),
                        size - sizeof(hone_plugin)) == 0,
                 "the part of a shorter table that is there was changed");
    return HONE_OK;
}

/* Rows as a later header has them: longer by 16 bytes that are not used. */
static hone_status longer_rows_are_adopted(hone__lab *lab, hone_error *err)
{
    const hone_plugin *t = lab->table, *adopted;
    const uint32_t longer = sizeof(hone_param) + 16;
    if (t->n_params == 0)
        HONE__LEAVE_OUT("it has no parameters");
    hone_plugin *copy = copy_of(lab, (uint32_t)hone__kinds[t->kind].table_size);
    char *rows = hone_alloc_array(lab->arena, t->n_params, longer);
    if (!copy || !rows)
        return hone_no_memory(err, "copying a table");
    for (uint32_t i = 0; i < t->n_params; i++) {
        memcpy(rows + (size_t)i * longer, &t->params[i], sizeof(hone_param));
        ((hone_param *)(void *)(rows + (size_t)i * longer))->rows = NULL; /* nested ones would need their own copies */
    }
    copy->params = (const hone_param *)(const void *)rows;
    copy->param_size = longer;
    HONE_TRY(hone__adopt(lab->arena, copy, "a copy with longer rows", &adopted, err));
    HONE__EXPECT(strcmp(adopted->params[t->n_params - 1].name, t->params[t->n_params - 1].name) == 0,
                 "longer rows were read at the wrong place");
    return HONE_OK;
}

/* ---- Parameters at their bounds ---------------------------------------------------------------------------------- */

typedef struct bounds {
    hone__lab *lab;
    const char *path; /* dotted, of the table that is being walked; "" at the top */
} bounds;

/* Fills the plugin's parameters with `value` at the path; *mistake is NULL where it is accepted. */
static hone_status try_value(hone__lab *lab, const char *path, const hone__yaml *value, const char **mistake, hone_error *err)
{
    const hone_plugin *t = lab->table;
    hone__issues issues = {.arena = lab->arena};
    const hone__fill fill = {.arena = lab->arena, .registry = lab->registry, .issues = &issues};
    hone__yaml *map;
    void *out = hone_alloc(lab->arena, t->params_size);
    if (!out || !value)
        return hone_no_memory(err, "trying a parameter");
    HONE_TRY(hone__lab_samples(lab, t->params, t->n_params, &map, err));
    HONE_TRY(hone__yaml_set(lab->arena, map, path, value, err));
    HONE_TRY(hone__params_fill(&fill, t->params, t->n_params, map, out, NULL, err));
    *mistake = issues.n ? issues.text[0] : NULL;
    return issues.failed ? hone_no_memory(err, "trying a parameter") : HONE_OK;
}

/* The value alone, or as the item of a list or map. */
static hone_status wrap(hone__lab *lab, const hone_param *row, hone__yaml *value, hone__yaml **whole, hone_error *err)
{
    *whole = value;
    if (!value || row->shape == HONE_ONE)
        return value ? HONE_OK : hone_no_memory(err, "trying a parameter");
    *whole = row->shape == HONE_LIST ? hone__yaml_new_list(lab->arena) : hone__yaml_new_map(lab->arena);
    const uint64_t n = row->min_items ? row->min_items : 1;
    for (uint64_t i = 0; *whole && i < n; i++) {
        hone__yaml *copy = hone__yaml_copy(lab->arena, value);
        const char *key = hone_sprintf(lab->arena, "key%llu", (unsigned long long)i);
        if (!copy || !key)
            return hone_no_memory(err, "trying a parameter");
        if (row->shape == HONE_LIST)
            hone__yaml_append(*whole, copy);
        else
            HONE_TRY(hone__yaml_add(lab->arena, *whole, key, copy, err));
    }
    return *whole ? HONE_OK : hone_no_memory(err, "trying a parameter");
}

static hone_status expect(const bounds *b, const hone_param *row, hone__yaml *value, bool accepted, hone_error *err)
{
    const char *path = hone_sprintf(b->lab->arena, "%s%s", b->path, row->name), *mistake = NULL;
    hone__yaml *whole;
    HONE_TRY(wrap(b->lab, row, value, &whole, err));
    if (!path)
        return hone_no_memory(err, "trying a parameter");
    HONE_TRY(try_value(b->lab, path, whole, &mistake, err));
    if (accepted)
        HONE__EXPECT(!mistake, "%s should take %s, but: %s", path, value->text ? value->text : "this value", mistake);
    else {
        HONE__EXPECT(mistake, "%s should refuse %s", path, value->text ? value->text : "this value");
        HONE__EXPECT(strstr(mistake, row->name), "the message does not name %s: %s", path, mistake);
    }
    return HONE_OK;
}

static hone_status try_real(const bounds *b, const hone_param *row, hone_error *err)
{
    hone_arena *a = b->lab->arena;
    const double lo = row->min_real, hi = row->max_real;
    if (isfinite(lo)) {
        HONE_TRY(expect(b, row, hone__yaml_new_real(a, lo), !(row->flags & HONE_OPEN_MIN), err));
        HONE_TRY(expect(b, row, hone__yaml_new_real(a, nextafter(lo, -INFINITY)), false, err));
    }
    if (isfinite(hi)) {
        HONE_TRY(expect(b, row, hone__yaml_new_real(a, hi), !(row->flags & HONE_OPEN_MAX), err));
        HONE_TRY(expect(b, row, hone__yaml_new_real(a, nextafter(hi, INFINITY)), false, err));
    }
    HONE_TRY(expect(b, row, hone__yaml_new_text(a, "no such word"), false, err));
    return expect(b, row, hone__yaml_new_real(a, (double)NAN), false, err);
}

static hone_status try_int(const bounds *b, const hone_param *row, hone_error *err)
{
    hone_arena *a = b->lab->arena;
    const int64_t lo = row->min_int, hi = row->max_int;
    HONE_TRY(expect(b, row, hone__yaml_new_int(a, lo), !(row->flags & HONE_OPEN_MIN), err));
    HONE_TRY(expect(b, row, hone__yaml_new_int(a, hi), !(row->flags & HONE_OPEN_MAX), err));
    if (lo > INT64_MIN)
        HONE_TRY(expect(b, row, hone__yaml_new_int(a, lo - 1), false, err));
    if (hi < INT64_MAX)
        HONE_TRY(expect(b, row, hone__yaml_new_int(a, hi + 1), false, err));
    return expect(b, row, hone__yaml_new_text(a, "no such word"), false, err);
}

static hone_status try_words(const bounds *b, const hone_param *row, hone_error *err)
{
    for (const char *const *word = row->choices; *word; word++)
        HONE_TRY(expect(b, row, hone__yaml_new_text(b->lab->arena, *word), true, err));
    return expect(b, row, hone__yaml_new_text(b->lab->arena, "no such word"), false, err);
}

static hone_status try_rows(const bounds *b, const hone_param *rows, uint32_t n, hone_error *err);

static hone_status try_row(const bounds *b, const hone_param *row, hone_error *err)
{
    hone_arena *a = b->lab->arena;
    switch (row->type) {
    case HONE_REAL:
        return try_real(b, row, err);
    case HONE_INT:
        return try_int(b, row, err);
    case HONE_BOOL:
        HONE_TRY(expect(b, row, hone__yaml_new_bool(a, true), true, err));
        HONE_TRY(expect(b, row, hone__yaml_new_bool(a, false), true, err));
        return expect(b, row, hone__yaml_new_text(a, "no such word"), false, err);
    case HONE_CHOICE:
        return try_words(b, row, err);
    case HONE_REAL_OR_WORD:
        HONE_TRY(try_words(b, row, err));
        return try_real(b, row, err);
    case HONE_INT_OR_WORD:
        HONE_TRY(try_words(b, row, err));
        return try_int(b, row, err);
    case HONE_PLUGIN:
        return expect(b, row, hone__yaml_new_text(a, "no_such_plugin"), false, err);
    case HONE_TABLE:
        if (row->shape == HONE_ONE) {
            const bounds inner = {b->lab, hone_sprintf(a, "%s%s.", b->path, row->name)};
            return inner.path ? try_rows(&inner, row->rows, row->n_rows, err) : hone_no_memory(err, "trying a parameter");
        }
        return expect(b, row, hone__yaml_new_text(a, "no table"), false, err);
    default:
        return expect(b, row, hone__yaml_new_text(a, "text"), true, err);
    }
}

static hone_status try_rows(const bounds *b, const hone_param *rows, uint32_t n, hone_error *err)
{
    for (uint32_t i = 0; i < n; i++)
        HONE_TRY(try_row(b, &rows[i], err));
    return HONE_OK;
}

static hone_status every_parameter_is_held_to_its_bounds(hone__lab *lab, hone_error *err)
{
    const bounds b = {lab, ""};
    if (lab->table->n_params == 0)
        HONE__LEAVE_OUT("it has no parameters");
    return try_rows(&b, lab->table->params, lab->table->n_params, err);
}

static hone_status defaults_make_a_valid_section(hone__lab *lab, hone_error *err)
{
    const void *params;
    return hone__lab_params(lab, &params, err);
}

/* ---- Creating ---------------------------------------------------------------------------------------------------- */

static hone_status it_can_be_created(hone__lab *lab, hone_error *err)
{
    hone_self *self;
    return hone__lab_self(lab, &self, err);
}

/* One creation with the n-th allocation failing, in arenas of their own whose every allocation asks the system. */
static hone_status create_once(hone__lab *lab, int64_t n, int64_t *taken, hone_error *err)
{
    const void *params;
    hone_self *self = NULL;
    HONE_TRY(hone__lab_choose_vocabulary(lab, err));
    HONE_TRY(hone__lab_params(lab, &params, err));
    hone_arena *trial = hone__arena_create(1), *whole = lab->step;
    hone_arena *step = hone__arena_create(1);
    hone_status status = hone_no_memory(err, "making arenas");
    if (trial && step) {
        lab->step = step;
        const size_t before = lab->n_selves;
        hone__alloc_fail_at(n);
        status = hone__lab_instance(lab, trial, params, &self, err);
        if (status == HONE_OK)
            status = hone__lab_create(lab, self, err);
        *taken = hone__alloc_count();
        hone__alloc_fail_at(0);
        for (; lab->n_selves > before; lab->n_selves--)
            hone__instance_destroy(lab->selves[lab->n_selves - 1]);
        lab->step = whole;
    }
    hone__arena_destroy(trial);
    hone__arena_destroy(step);
    return status;
}

static hone_status create_survives_every_failed_allocation(hone__lab *lab, hone_error *err)
{
    enum { MOST = 5000 };
    int64_t taken = 0;
    const hone_status first = create_once(lab, 0, &taken, err);
    if (first != HONE_OK) {
        const hone_error why = *err;
        HONE__LEAVE_OUT("create() wants more than this check has: %s", why.msg);
    }
    for (int64_t n = 1; n < MOST; n++) {
        const hone_status status = create_once(lab, n, &taken, err);
        if (status == HONE_OK && taken < n)
            return HONE_OK;
        HONE__EXPECT(status == HONE_OK || (status == HONE_ENOMEM && err->msg[0]),
                     "create() with allocation %lld failing ended with %s and not ENOMEM: %s", (long long)n,
                     hone_status_name(status), err->msg);
        HONE__EXPECT(create_once(lab, 0, &taken, err) == HONE_OK, "create() did not succeed again after allocation %lld failed",
                     (long long)n);
    }
    return HONE_OK;
}

/* ---- Operators --------------------------------------------------------------------------------------------------- */

static hone_status operators_are_sound(hone__lab *lab, hone_error *err)
{
    const size_t n = strlen(lab->table->name);
    if (!lab->table->ops || !lab->table->ops[0])
        HONE__LEAVE_OUT("it brings no operators");
    for (const hone_op *const *op = lab->table->ops; *op; op++) {
        HONE__EXPECT((*op)->name && (*op)->size == sizeof(hone_op) && (*op)->version > 0,
                     "an operator lacks its name, size or version");
        HONE__EXPECT(strncmp((*op)->name, lab->table->name, n) == 0 && (*op)->name[n] == '.',
                     "the operator %s should be called %s.NAME", (*op)->name, lab->table->name);
        HONE__EXPECT((*op)->shape && (*op)->forward && (*op)->example, "the operator %s lacks shape, forward or example",
                     (*op)->name);
    }
    return HONE_OK;
}

/* In double by finite differences to 1e-6; a float has some seven digits, of which a difference quotient keeps two or three. */
static hone_status operators_have_the_right_gradients(hone__lab *lab, hone_error *err)
{
    if (!lab->table->ops || !lab->table->ops[0])
        HONE__LEAVE_OUT("it brings no operators");
    for (const hone_op *const *op = lab->table->ops; *op; op++) {
        hone__gradcheck result = {0};
        if ((*op)->backward)
            HONE_TRY(hone__gradcheck_op(*op, NULL, NULL, NULL, (*op)->f64 ? 1e-6 : 5e-3, &result, err));
    }
    return HONE_OK;
}

const hone__check hone__checks_of_all[] = {
    {"the table is sound", table_is_sound},
    {"parameters have units and help", parameters_have_units_and_help},
    {"a table of a later header is adopted unless it uses more", longer_table_is_adopted},
    {"a table of an earlier header is padded with zeros", shorter_table_is_padded},
    {"rows of a later header are adopted", longer_rows_are_adopted},
    {"defaults make a valid section", defaults_make_a_valid_section},
    {"every parameter is held to its bounds", every_parameter_is_held_to_its_bounds},
    {"it can be created", it_can_be_created},
    {"create() survives every failed allocation", create_survives_every_failed_allocation},
    {"its operators are sound", operators_are_sound},
    {"its operators have the right gradients", operators_have_the_right_gradients},
    {NULL, NULL},
};
