/* params_text.c - rows and values in words: what is allowed, what was seen, and which key was meant.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "config/params_parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- What is allowed --------------------------------------------------------------------------------------------- */

/* Bounds as text: "in (0, 1]", ">= 1", "< 5"; "" where there are none. */
typedef struct bounds {
    bool has_min, has_max;
    char min[40], max[40];
} bounds;

static bounds bounds_of(const hone_param *row)
{
    bounds b = {0};
    if (row->type == HONE_REAL || row->type == HONE_REAL_OR_WORD) {
        b.has_min = isfinite(row->min_real);
        b.has_max = isfinite(row->max_real);
        snprintf(b.min, sizeof b.min, "%.10g", row->min_real);
        snprintf(b.max, sizeof b.max, "%.10g", row->max_real);
    } else {
        b.has_min = row->min_int != INT64_MIN;
        b.has_max = row->max_int != INT64_MAX;
        snprintf(b.min, sizeof b.min, "%lld", (long long)row->min_int);
        snprintf(b.max, sizeof b.max, "%lld", (long long)row->max_int);
    }
    return b;
}

static void add_range(hone__str *s, const hone_param *row)
{
    const bounds b = bounds_of(row);
    const bool open_min = row->flags & HONE_OPEN_MIN, open_max = row->flags & HONE_OPEN_MAX;
    if (b.has_min && b.has_max)
        hone__str_addf(s, " in %c%s, %s%c", open_min ? '(' : '[', b.min, b.max, open_max ? ')' : ']');
    else if (b.has_min)
        hone__str_addf(s, " %s %s", open_min ? ">" : ">=", b.min);
    else if (b.has_max)
        hone__str_addf(s, " %s %s", open_max ? "<" : "<=", b.max);
}

static void add_words(hone__str *s, const hone_param *row)
{
    for (const char *const *word = row->choices; word && *word; word++)
        hone__str_addf(s, "%s%s", word == row->choices ? "" : ", ", *word);
}

static void add_keys(hone__str *s, const hone_param *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        hone__str_addf(s, "%s%s", i ? ", " : "", rows[i].name);
}

static void add_item(hone__str *s, const hone_param *row)
{
    switch (row->type) {
    case HONE_REAL:
        hone__str_add(s, "a number");
        add_range(s, row);
        break;
    case HONE_INT:
        hone__str_add(s, "an integer");
        add_range(s, row);
        break;
    case HONE_BOOL:
        hone__str_add(s, "true or false");
        break;
    case HONE_STRING:
        hone__str_add(s, row->flags & (HONE_PATH | HONE_MODEL_PATH) ? "a path" : "a string");
        break;
    case HONE_CHOICE:
        hone__str_add(s, row->choices && row->choices[0] && row->choices[1] ? "one of " : "");
        add_words(s, row);
        break;
    case HONE_TABLE:
        hone__str_add(s, "a map with the keys ");
        add_keys(s, row->rows, row->n_rows);
        break;
    case HONE_PLUGIN:
        hone__str_addf(s, "the name of a %s, or a map with its type", hone__kinds[row->plugin_kind].name);
        break;
    case HONE_REAL_OR_WORD:
    case HONE_INT_OR_WORD:
        hone__str_add(s, row->type == HONE_REAL_OR_WORD ? "a number" : "an integer");
        add_range(s, row);
        hone__str_add(s, ", or ");
        add_words(s, row);
        break;
    default:
        hone__str_add(s, "of a type that this version of hone does not know");
    }
}

static void add_allowed(hone__str *s, const hone_param *row)
{
    if (row->shape == HONE_LIST)
        hone__str_add(s, "a list, each item ");
    else if (row->shape == HONE_MAP)
        hone__str_add(s, "a map, each value ");
    add_item(s, row);
}

const char *hone__param_allowed(const hone_param *row, char *out, size_t size)
{
    hone__str s = {0};
    if (row->type == HONE_REAL && row->shape == HONE_ONE) {
        add_range(&s, row);
        if (s.n == 0)
            hone__str_add(&s, " a number");
        snprintf(out, size, "%s", s.failed ? "" : hone__str_text(&s) + 1); /* without the blank */
    } else {
        add_allowed(&s, row);
        snprintf(out, size, "%s", hone__str_text(&s));
    }
    hone__str_clear(&s);
    return out;
}

/* ---- What was seen ----------------------------------------------------------------------------------------------- */

const char *hone__value_shown(const hone__yaml *node, char *out, size_t size)
{
    char text[120];
    switch (node->type) {
    case HONE__YAML_NULL:
        snprintf(out, size, "empty");
        break;
    case HONE__YAML_LIST:
    case HONE__YAML_MAP:
        snprintf(out, size, "%s", hone__yaml_type_name(node->type));
        break;
    case HONE__YAML_STRING:
        snprintf(out, size, "\"%s\"", hone__shown(node->text, text, sizeof text));
        break;
    default:
        snprintf(out, size, "%s", hone__shown(node->text, text, sizeof text));
    }
    return out;
}

static bool is_number(const hone__yaml *node)
{
    return node->type == HONE__YAML_INT || (node->type == HONE__YAML_REAL && !isnan(node->real));
}

/* ": write 3", where a real or quoted number stands for an integer; ": write [x]" for a single item; else "". */
static void add_advice(hone__str *s, const hone_param *row, const hone__yaml *node)
{
    char text[80];
    const bool integer = row->type == HONE_INT || row->type == HONE_INT_OR_WORD;
    const bool scalar = node->type != HONE__YAML_LIST && node->type != HONE__YAML_MAP && node->type != HONE__YAML_NULL;
    if (row->shape == HONE_LIST && scalar)
        hone__str_addf(s, "; write [%s]", hone__shown(node->text, text, sizeof text));
    else if (row->shape == HONE_ONE && integer && node->type == HONE__YAML_REAL && fabs(node->real) < 9e15 &&
             node->real == floor(node->real))
        hone__str_addf(s, ": write %.0f", node->real);
    else if (row->shape == HONE_ONE && integer && node->quoted && strspn(node->text, "0123456789") == strlen(node->text) &&
             *node->text)
        hone__str_add(s, ": write it without quotes");
    else if (row->shape == HONE_ONE && row->choices && node->type == HONE__YAML_STRING) {
        const char *near = hone__nearest_of(node->text, row->choices);
        if (near)
            hone__str_addf(s, "; did you mean %s?", near);
    } else if (row->shape == HONE_ONE && row->type == HONE_BOOL && node->type == HONE__YAML_STRING) {
        static const char *const yes[] = {"yes", "on", "True", "y", NULL}, *const no[] = {"no", "off", "False", "n", NULL};
        for (size_t i = 0; yes[i]; i++)
            if (strcasecmp(node->text, yes[i]) == 0 || strcasecmp(node->text, no[i]) == 0)
                hone__str_addf(s, ": write %s", strcasecmp(node->text, yes[i]) == 0 ? "true" : "false");
    }
}

void hone__issue_value(const hone__fill *fill, const hone_param *row, const char *path, const hone__yaml *node)
{
    char seen[160];
    hone__str s = {0};
    if (row->type == HONE_REAL && row->shape == HONE_ONE && is_number(node)) {
        add_range(&s, row);
        if (isinf(node->real) && strncmp(hone__str_text(&s), " in ", 4) != 0)
            hone__str_add(&s, s.n ? " and finite" : " finite");
        const char *range = hone__str_text(&s);
        hone__issue_at(fill->issues, node, "%s is %s; it must %s%s", path, hone__value_shown(node, seen, sizeof seen),
                       strncmp(range, " in ", 4) == 0 ? "lie" : "be", range);
    } else {
        add_allowed(&s, row);
        add_advice(&s, row, node);
        hone__issue_at(fill->issues, node, "%s is %s; it must be %s", path, hone__value_shown(node, seen, sizeof seen),
                       hone__str_text(&s));
    }
    fill->issues->failed |= s.failed;
    hone__str_clear(&s);
}

/* ---- Which key was meant ----------------------------------------------------------------------------------------- */

typedef struct names {
    const hone__group *groups;
    size_t n_groups;
    const char *const *also;
} names;

/* Keys that are not rows come first: the type of a section. */
static const char *next_name(const void *ctx, size_t i)
{
    const names *all = ctx;
    for (const char *const *word = all->also; word && *word; word++)
        if (i-- == 0)
            return *word;
    for (size_t g = 0; g < all->n_groups; g++) {
        if (i < all->groups[g].n)
            return all->groups[g].rows[i].name;
        i -= all->groups[g].n;
    }
    return NULL;
}

static bool among(const char *words, const char *word)
{
    const size_t n = strlen(word);
    for (const char *p = words; p && *p;) {
        size_t length = strcspn(p, " ");
        if (length == n && strncmp(p, word, n) == 0)
            return true;
        p += length + strspn(p + length, " ");
    }
    return false;
}

static const char *renamed(const names *all, const char *word)
{
    for (size_t g = 0; g < all->n_groups; g++)
        for (size_t i = 0; i < all->groups[g].n; i++)
            if (among(all->groups[g].rows[i].renamed, word))
                return all->groups[g].rows[i].name;
    return NULL;
}

void hone__issue_unknown(const hone__fill *fill, const char *path, const hone__group *groups, size_t n_groups,
                         const char *const *also, const hone__yaml *key)
{
    char shown[120];
    const names all = {groups, n_groups, also};
    const char *owner = path && *path ? path : "the file", *name = renamed(&all, key->key);
    const char *foreign = hone__foreign_name(path, key->key), *near = hone__nearest(key->key, next_name, &all);
    hone__shown(key->key, shown, sizeof shown);
    if (name) {
        hone__issue_key(fill->issues, key, "%s has no key \"%s\"; it is called %s here", owner, shown, name);
        return;
    }
    if (foreign) {
        hone__issue_key(fill->issues, key, "%s has no key \"%s\"; %s", owner, shown, foreign);
        return;
    }
    hone__str s = {0};
    if (near)
        hone__str_addf(&s, "did you mean \"%s\"? ", near);
    if (next_name(&all, 0))
        hone__str_add(&s, near ? "It has: " : "it has: ");
    else
        hone__str_add(&s, "it has none");
    for (size_t i = 0; next_name(&all, i); i++)
        hone__str_addf(&s, "%s%s", i ? ", " : "", next_name(&all, i));
    hone__issue_key(fill->issues, key, "%s has no key \"%s\"; %s", owner, shown, hone__str_text(&s));
    fill->issues->failed |= s.failed;
    hone__str_clear(&s);
}
