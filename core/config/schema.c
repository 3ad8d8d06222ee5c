/* schema.c - the JSON Schema of the experiment file, made from the tables that check it.
 *
 * Source: JSON Schema, draft 2020-12. A section of a plugin is any of the forms that its type allows; the value of a choice is an enum,
 * a range has minimum and maximum or their exclusive forms. Editors then complete keys and show each row's help.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/arena.h"
#include "base/json.h"
#include "base/str.h"
#include "config/experiment_parts.h"
#include "config/params_parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct schema {
    hone__registry *registry;
    hone_arena *arena;
    hone_error *err;
} schema;

/* ---- JSON without a word about memory ---------------------------------------------------------------------------- */

/* Takes over `value`; where either is missing, memory was short, and the result says so. */
static bool set(json_t *object, const char *key, json_t *value)
{
    if (object && value)
        return json_object_set_new(object, key, value) == 0;
    json_decref(value);
    return false;
}

static bool append(json_t *array, json_t *value)
{
    if (array && value)
        return json_array_append_new(array, value) == 0;
    json_decref(value);
    return false;
}

static json_t *typed(const char *type)
{
    json_t *object = json_object();
    if (set(object, "type", json_string(type)))
        return object;
    json_decref(object);
    return NULL;
}

/* The object where all went well; else NULL, and it is given back. */
static json_t *finished(json_t *object, bool ok)
{
    if (ok)
        return object;
    json_decref(object);
    return NULL;
}

/* ---- Rows -------------------------------------------------------------------------------------------------------- */

static json_t *object_of(schema *s, const hone__group *groups, size_t n_groups, bool *ok);
static json_t *reference_of(schema *s, hone_kind kind);

static bool set_bounds(json_t *o, const hone_param *row)
{
    const bool real = row->type == HONE_REAL || row->type == HONE_REAL_OR_WORD;
    const char *min = row->flags & HONE_OPEN_MIN ? "exclusiveMinimum" : "minimum";
    const char *max = row->flags & HONE_OPEN_MAX ? "exclusiveMaximum" : "maximum";
    bool ok = true;
    if (real ? isfinite(row->min_real) : row->min_int != INT64_MIN)
        ok &= set(o, min, real ? json_real(row->min_real) : json_integer(row->min_int));
    if (real ? isfinite(row->max_real) : row->max_int != INT64_MAX)
        ok &= set(o, max, real ? json_real(row->max_real) : json_integer(row->max_int));
    return ok;
}

static json_t *number_of(const hone_param *row)
{
    json_t *o = typed(row->type == HONE_REAL || row->type == HONE_REAL_OR_WORD ? "number" : "integer");
    return finished(o, o && set_bounds(o, row));
}

static json_t *words_of(const hone_param *row)
{
    json_t *o = json_object(), *words = json_array();
    bool ok = words != NULL;
    for (const char *const *word = row->choices; word && *word; word++)
        ok &= append(words, json_string(*word));
    return finished(o, set(o, "enum", words) && ok);
}

static json_t *any_of(json_t *a, json_t *b)
{
    json_t *o = json_object(), *list = json_array();
    bool ok = append(list, a);
    ok &= append(list, b);
    return finished(o, set(o, "anyOf", list) && ok);
}

/* Labels and names may be written as numbers. */
static json_t *text_schema(void)
{
    json_t *o = json_object();
    return finished(o, set(o, "type", json_pack("[s,s,s]", "string", "number", "boolean")));
}

static json_t *item_of(schema *s, const hone_param *row)
{
    bool ok = true;
    const hone__group nested = {row->rows, row->n_rows, NULL};
    switch (row->type) {
    case HONE_REAL:
    case HONE_INT:
        return number_of(row);
    case HONE_BOOL:
        return typed("boolean");
    case HONE_STRING:
        return text_schema();
    case HONE_CHOICE:
        return words_of(row);
    case HONE_REAL_OR_WORD:
    case HONE_INT_OR_WORD:
        return any_of(number_of(row), words_of(row));
    case HONE_PLUGIN:
        return reference_of(s, (hone_kind)row->plugin_kind);
    default: {
        json_t *o = object_of(s, &nested, 1, &ok);
        return finished(o, ok);
    }
    }
}

static json_t *many_of(schema *s, const hone_param *row)
{
    const bool list = row->shape == HONE_LIST;
    json_t *o = typed(list ? "array" : "object");
    bool ok = set(o, list ? "items" : "additionalProperties", item_of(s, row));
    if (row->min_items)
        ok &= set(o, list ? "minItems" : "minProperties", json_integer((json_int_t)row->min_items));
    if (row->max_items)
        ok &= set(o, list ? "maxItems" : "maxProperties", json_integer((json_int_t)row->max_items));
    return finished(o, ok);
}

static json_t *json_of_yaml(const hone__yaml *node)
{
    json_t *out = NULL;
    bool ok = true;
    switch (node->type) {
    case HONE__YAML_NULL:
        return json_null();
    case HONE__YAML_BOOL:
        return json_boolean(node->truth);
    case HONE__YAML_INT:
        return json_integer(node->integer);
    case HONE__YAML_REAL:
        return json_real(node->real);
    case HONE__YAML_STRING:
        return json_string(node->text);
    case HONE__YAML_LIST:
        out = json_array();
        for (const hone__yaml *child = node->child; child; child = child->next)
            ok &= append(out, json_of_yaml(child));
        return finished(out, ok && out);
    case HONE__YAML_MAP:
        out = json_object();
        for (const hone__yaml *child = node->child; child; child = child->next)
            ok &= set(out, child->key, json_of_yaml(child));
        return finished(out, ok && out);
    }
    return NULL;
}

static json_t *description_of(const hone_param *row)
{
    hone__str text = {0};
    hone__str_add(&text, row->help ? row->help : "");
    if (row->unit && strcmp(row->unit, "1") != 0)
        hone__str_addf(&text, " [%s]", row->unit);
    if (row->source)
        hone__str_addf(&text, " (%s)", row->source);
    json_t *description = text.failed ? NULL : json_string(hone__str_text(&text));
    hone__str_clear(&text);
    return description;
}

static json_t *row_schema(schema *s, const hone_param *row)
{
    hone__issues issues = {.arena = s->arena};
    const hone__fill fill = {.arena = s->arena, .issues = &issues};
    hone__yaml *def = NULL;
    json_t *o = row->shape == HONE_ONE ? item_of(s, row) : many_of(s, row);
    if (o && hone__param_may_be_null(row))
        o = any_of(o, typed("null"));
    bool ok = o != NULL && set(o, "description", description_of(row));
    const bool table = row->type == HONE_TABLE && row->shape == HONE_ONE && !row->def_text; /* its rows have theirs */
    if (!table && !(row->flags & HONE_REQUIRED)) {
        hone_error err;
        ok &= hone__param_default(&fill, row, &def, &err) == HONE_OK && set(o, "default", json_of_yaml(def));
    }
    return finished(o, ok);
}

/* An object with a property for each row, and no others. */
static json_t *object_of(schema *s, const hone__group *groups, size_t n_groups, bool *ok)
{
    json_t *o = typed("object"), *properties = json_object(), *required = json_array();
    *ok &= required != NULL;
    for (size_t g = 0; g < n_groups; g++)
        for (size_t i = 0; i < groups[g].n; i++) {
            const hone_param *row = &groups[g].rows[i];
            *ok &= set(properties, row->name, row_schema(s, row));
            if (row->flags & HONE_REQUIRED)
                *ok &= append(required, json_string(row->name));
        }
    *ok &= set(o, "properties", properties);
    *ok &= set(o, "additionalProperties", json_false());
    if (json_array_size(required))
        *ok &= set(o, "required", required);
    else
        json_decref(required);
    return o;
}

/* ---- Plugins ----------------------------------------------------------------------------------------------------- */

static json_t *ref(const char *fmt, const char *name)
{
    char text[120];
    snprintf(text, sizeof text, fmt, name);
    json_t *o = json_object();
    return finished(o, set(o, "$ref", json_string(text)));
}

static json_t *reference_of(schema *s, hone_kind kind)
{
    (void)s;
    return ref("#/$defs/%s", hone__kinds[kind].name);
}

/* {type: NAME, common rows, rows}; the word auto means one of them. */
static json_t *plugin_schema(schema *s, const hone_plugin *table, const hone__common *common)
{
    const char *chosen = hone__auto_type((hone_kind)table->kind, NULL);
    const hone__group groups[] = {{common->rows, common->n, NULL}, {table->params, table->n_params, NULL}};
    bool ok = true;
    json_t *o = object_of(s, groups, 2, &ok), *type = json_object();
    if (strcmp(table->name, "null") == 0)
        ok &= set(type, "enum", json_pack("[s,n]", "null")); /* YAML reads `type: null` as a null, and so do we */
    else if (table->also_named)
        ok &= set(type, "enum", json_pack("[s,s]", table->name, table->also_named));
    else
        ok &= chosen && strcmp(chosen, table->name) == 0 ? set(type, "enum", json_pack("[s,s]", table->name, "auto"))
                                                         : set(type, "const", json_string(table->name));
    ok &= set(json_object_get(o, "properties"), "type", type);
    ok &= set(o, "title", json_string(table->name));
    ok &= set(o, "description", json_string(table->summary));
    return finished(o, ok && o);
}

/* The plugin that a section has by default. */
static const char *default_of(const hone__section_row *row)
{
    return strcmp(row->default_type, "auto") == 0 ? hone__auto_type(row->kind, NULL) : row->default_type;
}

/* Must a map say its type? Not where a default says it; kinds without a section are named by rows, which have theirs. */
static bool needs_type(hone_kind kind, const char *name)
{
    for (const hone__section_row *row = hone__sections; row->key; row++)
        if (row->kind == kind)
            return !row->default_type || strcmp(default_of(row), name) != 0;
    return kind == HONE_KIND_SEARCHER || kind == HONE_KIND_STOPPER || kind == HONE_KIND_METRIC || kind == HONE_KIND_TECHNIQUE;
}

/* A section of this kind: a plugin's name, or a map with its type. A plugin that cannot be loaded is left out. */
static json_t *kind_schema(schema *s, hone_kind kind, hone_status *status)
{
    const hone__plugin_name *names;
    size_t n;
    json_t *o = json_object(), *forms = json_array(), *words = json_array();
    *status = hone__registry_list(s->registry, s->arena, kind, &names, &n, s->err);
    bool ok = *status == HONE_OK;
    for (size_t i = 0; ok && i < n; i++) {
        const hone__plugin *plugin;
        hone_error why;
        hone_status found = hone__registry_find(s->registry, kind, names[i].name, &plugin, &why);
        if (found != HONE_OK) {
            ok &= found != HONE_ENOMEM;
            continue;
        }
        json_t *form = plugin_schema(s, plugin->table, &hone__common_rows[kind]);
        if (form && needs_type(kind, names[i].name)) {
            json_t *required = json_object_get(form, "required");
            if (!required)
                ok &= set(form, "required", json_array());
            ok &= append(json_object_get(form, "required"), json_string("type"));
        }
        ok &= append(forms, form);
        ok &= append(words, json_string(names[i].name));
        if (plugin->table->also_named)
            ok &= append(words, json_string(plugin->table->also_named));
    }
    json_t *name = json_object();
    if (hone__auto_type(kind, NULL))
        ok &= append(words, json_string("auto"));
    ok &= set(name, "enum", words);
    ok &= append(forms, name);
    ok &= append(forms, typed("null"));
    ok &= set(o, "anyOf", forms);
    return finished(o, ok);
}

/* ---- The whole --------------------------------------------------------------------------------------------------- */

static json_t *list_of(const char *kind)
{
    json_t *o = typed("array");
    return finished(o, set(o, "items", ref("#/$defs/%s", kind)));
}

static json_t *own_schema(schema *s, const hone__own_rows *rows)
{
    const hone__group group = {rows->rows, rows->n, NULL};
    bool ok = true;
    json_t *o = object_of(s, &group, 1, &ok);
    return finished(o, ok && o);
}

/* One entry of sweep.parameters. */
static json_t *entry_schema(void)
{
    return json_pack("{s:s,s:b,s:{s:{},s:{s:s,s:i},s:{s:s},s:{s:s},s:{s:[s,s,s,s,s,s,s,s,s,s,s]},s:{s:s,s:i},s:{s:s},s:{s:s},"
                     "s:{s:s,s:{s:s,s:i}},s:{s:s,s:{s:s}},s:{s:s,s:s}}}",
                     "type", "object", "additionalProperties", 0, "properties", "value", "values", "type", "array", "minItems",
                     1, "min", "type", "number", "max", "type", "number", "distribution", "enum", "categorical", "constant",
                     "uniform", "int_uniform", "log_uniform_values", "q_uniform", "q_log_uniform_values", "normal",
                     "log_normal", "q_normal", "q_log_normal", "q", "type", "number", "exclusiveMinimum", 0, "mu", "type",
                     "number", "sigma", "type", "number", "probabilities", "type", "array", "items", "type", "number",
                     "minimum", 0, "names", "type", "array", "items", "type", "string", "when", "type", "string", "description",
                     "an expression: the parameter counts in the points that meet it");
}

/* Lists of maps, by the names of groups. */
static json_t *zip_schema(void)
{
    return json_pack("{s:s,s:s,s:{s:s,s:i,s:{s:s,s:i}}}", "type", "object", "description",
                     "settings that go together; each group is one choice", "additionalProperties", "type", "array", "minItems",
                     1, "items", "type", "object", "minProperties", 1);
}

static json_t *constraints_schema(void)
{
    return json_pack("{s:[s,s],s:s,s:{s:s}}", "type", "array", "null", "description",
                     "expressions that no point may fail to meet", "items", "type", "string");
}

/* A single seed may stand for the list. */
static bool set_seeds(json_t *properties)
{
    json_t *list = json_incref(json_object_get(properties, "seeds"));
    json_t *both = any_of(list, json_pack("{s:s,s:i}", "type", "integer", "minimum", 0));
    return set(properties, "seeds", both);
}

static json_t *sweep_schema(schema *s)
{
    json_t *o = own_schema(s, &hone__sweep_rows), *parameters = typed("object");
    json_t *properties = json_object_get(o, "properties");
    bool ok = set(parameters, "additionalProperties", entry_schema());
    ok &= set(properties, "method", ref("#/$defs/%s", "searcher"));
    ok &= set_seeds(properties);
    ok &= set(properties, "early_terminate", ref("#/$defs/%s", "stopper"));
    ok &= set(properties, "parameters", parameters);
    ok &= set(properties, "zip", zip_schema());
    ok &= set(properties, "constraints", constraints_schema());
    ok &= set(o, "required", json_pack("[s]", "method"));
    ok &= set(o, "anyOf", json_pack("[{s:[s]},{s:[s]}]", "required", "parameters", "required", "zip"));
    return finished(o, ok);
}

/* Not all groups lack it. */
static json_t *some_group_has(const char *section)
{
    return json_pack("{s:{s:{s:{s:{s:[s]}}}}}", "not", "additionalProperties", "not", "items", "required", section);
}

/* The section is there, or a task brings it, or the sweep sets it as a whole, by itself or in a group. */
static json_t *presence_of(const char *section)
{
    return json_pack("{s:[{s:[s]},{s:[s]},{s:[s],s:{s:{s:{s:{s:[s]}}}}},{s:[s],s:{s:{s:[s],s:{s:o}}}}]}", "anyOf", "required",
                     section, "required", "task", "required", "sweep", "properties", "sweep", "properties", "parameters",
                     "required", section, "required", "sweep", "properties", "sweep", "required", "zip", "properties", "zip",
                     some_group_has(section));
}

/* A section as it stands in a file with a task, which may bring the type and so the rows. */
static json_t *section_under_task(const char *kind)
{
    return json_pack("{s:[o,{s:s,s:{s:[s]}}]}", "anyOf", ref("#/$defs/%s", kind), "type", "object", "not", "required", "type");
}

/* Without a task the section is one of its kind, whose type says which rows there are. */
static json_t *type_of(const char *section, const char *kind)
{
    return json_pack("{s:[{s:[s]},{s:{s:o}}]}", "anyOf", "required", "task", "properties", section, ref("#/$defs/%s", kind));
}

static bool set_sections(json_t *properties, json_t *required)
{
    bool ok = true;
    for (const hone__section_row *row = hone__sections; row->key; row++) {
        const char *kind = hone__kinds[row->kind].name;
        json_t *section = row->default_type ? ref("#/$defs/%s", kind) : section_under_task(kind);
        ok &= set(section, "description", json_string(row->help));
        ok &= set(properties, row->key, section);
        if (row->required && !row->default_type)
            ok &= append(required, presence_of(row->key));
        if (!row->default_type)
            ok &= append(required, type_of(row->key, kind));
    }
    ok &= set(properties, "techniques", list_of("technique"));
    ok &= set(properties, "metrics", list_of("metric"));
    return ok;
}

static json_t *definitions(schema *s, hone_status *status)
{
    json_t *o = json_object();
    bool ok = o != NULL;
    for (int kind = HONE_KIND_NONE + 1; ok && kind < HONE_KIND_COUNT; kind++)
        ok &= set(o, hone__kinds[kind].name, kind_schema(s, (hone_kind)kind, status));
    return finished(o, ok);
}

static json_t *whole(schema *s, hone_status *status)
{
    json_t *o = own_schema(s, &hone__top_rows), *required = json_array(), *properties = json_object_get(o, "properties");
    bool ok = set_sections(properties, required);
    ok &= set(properties, "trainer", own_schema(s, &hone__trainer_rows));
    ok &= set(properties, "report", own_schema(s, &hone__report_rows));
    ok &= set(properties, "sweep", sweep_schema(s));
    ok &= set(o, "allOf", required);
    ok &= set(o, "$schema", json_string("https://json-schema.org/draft/2020-12/schema"));
    ok &= set(o, "title", json_string("hone experiment"));
    ok &= set(o, "$defs", definitions(s, status));
    return finished(o, ok);
}

hone_status hone__experiment_schema(hone__registry *registry, hone__str *out, hone_error *err)
{
    hone__json_init();
    schema s = {.registry = registry, .arena = hone__arena_create(0), .err = err};
    if (!s.arena)
        return hone_no_memory(err, "writing the schema");
    hone_status status = HONE_OK;
    json_t *root = whole(&s, &status);
    char *text = root ? json_dumps(root, JSON_INDENT(2) | JSON_PRESERVE_ORDER) : NULL;
    if (text) {
        hone__str_add(out, text);
        hone__str_add(out, "\n");
    }
    hone__free(text);
    json_decref(root);
    hone__arena_destroy(s.arena);
    if (status != HONE_OK)
        return status;
    return text && !out->failed ? HONE_OK : hone_no_memory(err, "writing the schema");
}
