/* describe.c - `hone describe`: the kinds, a kind's plugins, a plugin's parameters; all out of the tables that the check uses.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/kind.h"
#include "cli/options.h"
#include "config/params.h"

#include <stdio.h>
#include <string.h>

typedef enum style { TEXT, MARKDOWN, JSON } style;

/* ---- Words for a row --------------------------------------------------------------------------------------------- */

static void add_type(hone__str *s, const hone_param *row)
{
    static const char *const names[] = {
        [HONE_REAL] = "real",
        [HONE_INT] = "integer",
        [HONE_BOOL] = "boolean",
        [HONE_STRING] = "string",
        [HONE_CHOICE] = "choice",
        [HONE_TABLE] = "table",
        [HONE_PLUGIN] = "",
        [HONE_REAL_OR_WORD] = "real or word",
        [HONE_INT_OR_WORD] = "integer or word",
    };
    if (row->shape != HONE_ONE)
        hone__str_add(s, row->shape == HONE_LIST ? "list of " : "map of ");
    if (row->type == HONE_PLUGIN)
        hone__str_add(s, hone__kinds[row->plugin_kind].name);
    else if (row->type == HONE_TABLE && row->shape == HONE_LIST)
        hone__str_add(s, "records");
    else if (row->flags & (HONE_PATH | HONE_MODEL_PATH))
        hone__str_add(s, "path");
    else
        hone__str_add(s, names[row->type]);
}

static void add_default(hone__str *s, const hone_param *row)
{
    if (row->flags & HONE_REQUIRED)
        hone__str_add(s, "required");
    else if (row->def_text)
        hone__str_add(s, *row->def_text ? row->def_text : "\"\"");
    else if (row->shape != HONE_ONE)
        hone__str_add(s, row->shape == HONE_LIST ? "[]" : "{}");
    else if (row->type == HONE_REAL || row->type == HONE_REAL_OR_WORD)
        hone__str_add_real(s, row->def_real);
    else if (row->type == HONE_INT || row->type == HONE_INT_OR_WORD)
        hone__str_addf(s, "%lld", (long long)row->def_int);
    else if (row->type == HONE_BOOL)
        hone__str_add(s, row->def_int ? "true" : "false");
    else
        hone__str_add(s, row->type == HONE_TABLE ? "as its rows say" : "none");
}

/* What the type alone does not say; "" where there is nothing. */
static void add_limits(hone__str *s, const hone_param *row)
{
    static const uint32_t plain = 1u << HONE_BOOL | 1u << HONE_STRING | 1u << HONE_TABLE | 1u << HONE_PLUGIN;
    char words[600];
    if (!(plain >> row->type & 1))
        hone__str_add(s, hone__param_allowed(row, words, sizeof words));
    if (row->shape != HONE_ONE && (row->min_items || row->max_items)) {
        hone__str_addf(s, "%s%llu", s->n ? "; " : "", (unsigned long long)row->min_items);
        if (row->max_items)
            hone__str_addf(s, " to %llu", (unsigned long long)row->max_items);
        hone__str_add(s, row->max_items ? " items" : " items or more");
    }
}

static const struct {
    uint32_t flag;
    const char *name, *words;
} flag_words[] = {
    {HONE_FIXED, "fixed", "cannot be swept"},
    {HONE_NO_BITS, "no_bits", "cannot change results"},
    {HONE_PATH, "path", "relative to data_root or the file"},
    {HONE_MODEL_PATH, "model_path", "relative to model_root or the file"},
};

static void add_notes(hone__str *s, const hone_param *row)
{
    hone__str_add(s, row->help);
    for (size_t i = 0; i < sizeof flag_words / sizeof flag_words[0]; i++)
        if (row->flags & flag_words[i].flag)
            hone__str_addf(s, "; %s", flag_words[i].words);
    if (row->scale == HONE_LOG)
        hone__str_add(s, "; searched on a logarithmic scale");
    if (row->source)
        hone__str_addf(s, " (source: %s)", row->source);
}

/* ---- Text -------------------------------------------------------------------------------------------------------- */

static void add_rows_text(hone__str *out, const hone_param *rows, uint32_t n, int indent)
{
    for (uint32_t i = 0; i < n; i++) {
        const hone_param *row = &rows[i];
        hone__str limits = {0};
        add_limits(&limits, row);
        hone__str_addf(out, "%*s%s: ", indent, "", row->name);
        add_type(out, row);
        if (row->unit && strcmp(row->unit, "1") != 0)
            hone__str_addf(out, " in %s", row->unit);
        hone__str_add(out, row->flags & HONE_REQUIRED ? ", " : ", default ");
        add_default(out, row);
        if (limits.n)
            hone__str_addf(out, ", %s", hone__str_text(&limits));
        hone__str_addf(out, "\n%*s", indent + 4, "");
        add_notes(out, row);
        hone__str_add(out, "\n");
        hone__str_clear(&limits);
        if (row->type == HONE_TABLE)
            add_rows_text(out, row->rows, row->n_rows, indent + 4);
    }
}

static void add_plugin_text(hone__str *out, const hone__plugin *p)
{
    const hone_plugin *t = p->table;
    hone__str_addf(out, "%s/%s: %s\n", hone__kinds[t->kind].name, t->name, t->summary);
    if (t->also_named)
        hone__str_addf(out, "also named: %s\n", t->also_named);
    if (t->source)
        hone__str_addf(out, "source: %s\n", t->source);
    hone__str_addf(out, "file: %s\n", p->file);
    if (t->help)
        hone__str_addf(out, "\n%s\n", t->help);
    if (t->n_params == 0)
        hone__str_add(out, "\nIt has no parameters.\n");
    else
        hone__str_add(out, "\nParameters\n");
    add_rows_text(out, t->params, t->n_params, 2);
}

/* ---- Markdown ---------------------------------------------------------------------------------------------------- */

/* A cell: a bar would end it. */
static void add_cell(hone__str *out, const hone__str *text)
{
    hone__str_add(out, " ");
    for (const char *p = hone__str_text(text); *p; p++)
        hone__str_addf(out, *p == '|' ? "\\%c" : "%c", *p);
    hone__str_add(out, " |");
}

static void add_rows_markdown(hone__str *out, const char *prefix, const hone_param *rows, uint32_t n)
{
    static void (*const cells[])(hone__str *, const hone_param *) = {add_type, add_default, add_limits, add_notes};
    for (uint32_t i = 0; i < n; i++) {
        hone__str_addf(out, "| `%s%s` | %s |", prefix, rows[i].name, rows[i].unit ? rows[i].unit : "");
        for (size_t c = 0; c < sizeof cells / sizeof cells[0]; c++) {
            hone__str cell = {0};
            cells[c](&cell, &rows[i]);
            add_cell(out, &cell);
            hone__str_clear(&cell);
        }
        hone__str_add(out, "\n");
        if (rows[i].type != HONE_TABLE)
            continue;
        hone__str nested = {0};
        hone__str_addf(&nested, "%s%s%s.", prefix, rows[i].name, rows[i].shape == HONE_LIST ? "[]" : "");
        add_rows_markdown(out, hone__str_text(&nested), rows[i].rows, rows[i].n_rows);
        hone__str_clear(&nested);
    }
}

static void add_head_markdown(hone__str *out)
{
    hone__str_add(out, "\n| parameter | unit | type | default | allowed | meaning |\n|---|---|---|---|---|---|\n");
}

static void add_plugin_markdown(hone__str *out, const hone__plugin *p)
{
    const hone_plugin *t = p->table;
    hone__str_addf(out, "## %s/%s\n\n%s.\n", hone__kinds[t->kind].name, t->name, t->summary);
    if (t->also_named)
        hone__str_addf(out, "\nAlso named `%s`.\n", t->also_named);
    if (t->source)
        hone__str_addf(out, "\nSource: %s\n", t->source);
    if (t->help)
        hone__str_addf(out, "\n%s\n", t->help);
    if (t->n_params) {
        add_head_markdown(out);
        add_rows_markdown(out, "", t->params, t->n_params);
    }
}

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

static void add_json_text(hone__str *out, const char *key, const char *text)
{
    hone__str_addf(out, ", \"%s\": ", key);
    if (text)
        hone__str_add_json(out, text);
    else
        hone__str_add(out, "null");
}

static void add_json_by(hone__str *out, const char *key, void (*words)(hone__str *, const hone_param *), const hone_param *row)
{
    hone__str text = {0};
    words(&text, row);
    add_json_text(out, key, hone__str_text(&text));
    hone__str_clear(&text);
}

static void add_rows_json(hone__str *out, const hone_param *rows, uint32_t n)
{
    hone__str_add(out, "[");
    for (uint32_t i = 0; i < n; i++) {
        const hone_param *row = &rows[i];
        hone__str_addf(out, "%s{\"name\": \"%s\"", i ? ", " : "", row->name);
        add_json_by(out, "type", add_type, row);
        add_json_text(out, "unit", row->unit);
        add_json_by(out, "default", add_default, row);
        add_json_by(out, "allowed", add_limits, row);
        add_json_text(out, "help", row->help);
        add_json_text(out, "source", row->source);
        hone__str_addf(out, ", \"required\": %s", row->flags & HONE_REQUIRED ? "true" : "false");
        for (size_t f = 0; f < sizeof flag_words / sizeof flag_words[0]; f++)
            hone__str_addf(out, ", \"%s\": %s", flag_words[f].name, row->flags & flag_words[f].flag ? "true" : "false");
        hone__str_addf(out, ", \"log_scale\": %s", row->scale == HONE_LOG ? "true" : "false");
        if (row->choices) {
            hone__str_add(out, ", \"choices\": [");
            for (const char *const *word = row->choices; *word; word++) {
                hone__str_add(out, word == row->choices ? "" : ", ");
                hone__str_add_json(out, *word);
            }
            hone__str_add(out, "]");
        }
        if (row->type == HONE_TABLE) {
            hone__str_add(out, ", \"rows\": ");
            add_rows_json(out, row->rows, row->n_rows);
        }
        hone__str_add(out, "}");
    }
    hone__str_add(out, "]");
}

static void add_plugin_json(hone__str *out, const hone__plugin *p)
{
    const hone_plugin *t = p->table;
    hone__str_addf(out, "{\"kind\": \"%s\", \"name\": \"%s\"", hone__kinds[t->kind].name, t->name);
    add_json_text(out, "also_named", t->also_named);
    add_json_text(out, "summary", t->summary);
    add_json_text(out, "source", t->source);
    add_json_text(out, "help", t->help);
    add_json_text(out, "file", p->file);
    hone__str_add(out, ", \"parameters\": ");
    add_rows_json(out, t->params, t->n_params);
    hone__str_add(out, "}\n");
}

/* ---- Kinds ------------------------------------------------------------------------------------------------------- */

static hone_status add_kinds(hone__registry *r, hone_arena *arena, style how, hone__str *out, hone_error *err)
{
    hone__str_add(out, how == JSON ? "[" : how == MARKDOWN ? "| kind | plugins | what it does |\n|---|---|---|\n" : "");
    for (int k = 1; k < HONE_KIND_COUNT; k++) {
        const hone__plugin_name *names;
        size_t n;
        HONE_TRY(hone__registry_list(r, arena, (hone_kind)k, &names, &n, err));
        const char *format = how == JSON       ? "%s{\"kind\": \"%s\", \"plugins\": %zu, \"help\": \"%s\"}"
                             : how == MARKDOWN ? "%s| %s | %zu | %s |\n"
                                               : "%s%-10s %3zu  %s\n";
        hone__str_addf(out, format, how == JSON && k > 1 ? ", " : "", hone__kinds[k].name, n, hone__kinds[k].help);
    }
    hone__str_add(out, how == JSON ? "]\n" : how == TEXT ? "\n`hone describe KIND` says more about one of them.\n" : "");
    return HONE_OK;
}

/* Rows that every plugin of the kind has, because the core reads them. */
static void add_common(hone__str *out, hone_kind kind, style how)
{
    const hone__common *common = &hone__common_rows[kind];
    if (how == JSON) {
        hone__str_add(out, ", \"common\": ");
        add_rows_json(out, common->rows, (uint32_t)common->n);
    } else if (common->n && how == MARKDOWN) {
        hone__str_add(out, "\nEvery one of them has these parameters too:\n");
        add_head_markdown(out);
        add_rows_markdown(out, "", common->rows, (uint32_t)common->n);
    } else if (common->n) {
        hone__str_add(out, "\nEvery one of them has these parameters too\n");
        add_rows_text(out, common->rows, (uint32_t)common->n, 2);
    }
}

static hone_status add_kind(hone__registry *r, hone_arena *arena, hone_kind kind, style how, hone__str *out, hone_error *err)
{
    const hone__plugin_name *names;
    size_t n;
    const hone__kind *k = &hone__kinds[kind];
    HONE_TRY(hone__registry_list(r, arena, kind, &names, &n, err));
    if (how == JSON)
        hone__str_addf(out, "{\"kind\": \"%s\", \"help\": \"%s\", \"plugins\": [", k->name, k->help);
    else
        hone__str_addf(out, how == MARKDOWN ? "## %s\n\n%s.\n\n" : "%s: %s\n\n", k->name, k->help);
    for (size_t i = 0; i < n; i++) {
        const hone__plugin *p;
        hone_error why = {0};
        const hone_status status = hone__registry_find(r, kind, names[i].name, &p, &why);
        if (status == HONE_ENOMEM)
            return hone_fail(err, status, "%s", why.msg);
        const char *summary = status == HONE_OK ? p->table->summary : why.msg;
        if (how == JSON) {
            hone__str_addf(out, "%s{\"name\": \"%s\"", i ? ", " : "", names[i].name);
            add_json_text(out, status == HONE_OK ? "summary" : "error", summary);
            hone__str_add(out, "}");
        } else
            hone__str_addf(out, how == MARKDOWN ? "- `%s`: %s\n" : "  %-20s %s\n", names[i].name, summary);
    }
    hone__str_add(out, how == JSON ? "]" : "");
    add_common(out, kind, how);
    if (how == TEXT)
        hone__str_addf(out, "\n`hone describe %s/NAME` says more about one of them.\n", k->name);
    hone__str_add(out, how == JSON ? "}\n" : "");
    return HONE_OK;
}

/* ---- The command ------------------------------------------------------------------------------------------------- */

static hone_status add_plugin(hone__registry *r, hone_kind kind, const char *name, style how, hone__str *out, hone_error *err)
{
    static void (*const adders[])(hone__str *, const hone__plugin *) = {add_plugin_text, add_plugin_markdown, add_plugin_json};
    const hone__plugin *p;
    HONE_TRY(hone__registry_find(r, kind, name, &p, err));
    adders[how](out, p);
    return HONE_OK;
}

/* `word` is NULL, "KIND" or "KIND/NAME", the kind already taken out of it. */
static hone_status describe(const char *word, hone_kind kind, style how, hone__str *out, hone_error *err)
{
    hone_arena *arena = hone__arena_create(0);
    hone__registry *r = hone__registry_create(NULL, true);
    const char *slash = word ? strchr(word, '/') : NULL;
    hone_status status = HONE_OK;
    if (!arena || !r)
        status = hone_no_memory(err, "describing plugins");
    else if (!word)
        status = add_kinds(r, arena, how, out, err);
    else if (!slash)
        status = add_kind(r, arena, kind, how, out, err);
    else
        status = add_plugin(r, kind, slash + 1, how, out, err);
    if (status == HONE_OK && out->failed)
        status = hone_no_memory(err, "describing plugins");
    hone__registry_destroy(r);
    hone__arena_destroy(arena);
    return status;
}

int hone__cli_describe(int argc, char **argv)
{
    bool json = false, markdown = false;
    const hone__option options[] = {{"--json", &json, NULL}, {"--markdown", &markdown, NULL}, {0}};
    hone_kind kind = HONE_KIND_NONE;
    char kind_word[40];
    int n;
    if (!hone__options_take(argc, argv, options, &n))
        return HONE__EXIT_USAGE;
    if (n > 1 || (json && markdown)) {
        fprintf(stderr, "hone describe: %s\n",
                n > 1 ? "it takes one KIND or KIND/NAME" : "--json and --markdown exclude each other");
        return HONE__EXIT_USAGE;
    }
    const char *word = n == 1 ? argv[1] : NULL;
    snprintf(kind_word, sizeof kind_word, "%.*s", word ? (int)strcspn(word, "/") : 0, word ? word : "");
    if (word && !hone__cli_kind("describe", kind_word, &kind))
        return HONE__EXIT_USAGE;
    hone_error err = {0};
    hone__str out = {0};
    const hone_status status = describe(word, kind, json ? JSON : markdown ? MARKDOWN : TEXT, &out, &err);
    if (status == HONE_OK)
        fputs(hone__str_text(&out), stdout);
    else
        fprintf(stderr, "hone describe: %s\n", err.msg);
    hone__str_clear(&out);
    return status == HONE_OK ? HONE__EXIT_DONE : status == HONE_ENOTFOUND ? HONE__EXIT_USAGE : HONE__EXIT_FAILED;
}
