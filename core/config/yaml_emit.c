/* yaml_emit.c - a tree as YAML text that reads back as an equal tree.
 *
 * Strings are written plain or, where that would read as something else, between double quotes, never over several lines;
 * what has few and simple children stands in flow style on one line.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "config/yaml_parts.h"
#include <string.h>

enum {
    WIDTH = 100,         /* a line in flow style ends before this column */
    SIMPLE_KEY = 1000,   /* bytes; libyaml finds the ':' of a longer key only after a '?' */
    MAX_FLOW_ITEMS = 32, /* more are easier to read one below another */
};

typedef struct writer {
    hone__str *out;
    hone_error *err;
    size_t start, events;
} writer;

/* ---- Strings ----------------------------------------------------------------------------------------------------- */

/* One character of valid UTF-8. */
static uint32_t decode(const char **at)
{
    const unsigned char *p = (const unsigned char *)*at;
    uint32_t code = p[0];
    size_t more = code < 0x80 ? 0 : code < 0xE0 ? 1 : code < 0xF0 ? 2 : 3;
    if (more > 0)
        code &= 0x3Fu >> more;
    for (size_t i = 1; i <= more; i++)
        code = code << 6 | (p[i] & 0x3Fu);
    *at += more + 1;
    return code;
}

/* Control characters, the line breaks of Unicode, the byte order mark and what is no character. */
static bool must_escape(uint32_t c)
{
    return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029 || c == 0xFEFF || c == 0xFFFE || c == 0xFFFF;
}

/* The words that YAML 1.1 and 1.2 readers understand differently are quoted for the sake of the former. */
static bool is_old_word(const char *text)
{
    static const char *const words[] = {"y",  "Y",  "n",  "N",   "yes", "Yes", "YES", "no", "No", "NO",
                                        "on", "On", "ON", "off", "Off", "OFF", "<<",  "=",  NULL};
    for (const char *const *w = words; *w != NULL; w++)
        if (strcmp(text, *w) == 0)
            return true;
    return false;
}

static bool begins_plain(const char *text)
{
    if (strncmp(text, "---", 3) == 0 || strncmp(text, "...", 3) == 0)
        return false;
    if (*text == '-')
        return text[1] != ' ' && text[1] != '\0' && strchr(",[]{}", text[1]) == NULL;
    return strchr(" ?:,[]{}#&*!|>'\"%@`", *text) == NULL;
}

static bool is_plain(const char *text, bool in_flow)
{
    hone__yaml read;
    size_t n = strlen(text);
    if (n == 0 || text[n - 1] == ' ' || text[n - 1] == ':' || !begins_plain(text) || is_old_word(text))
        return false;
    if (strstr(text, ": ") != NULL || strstr(text, " #") != NULL || (in_flow && strpbrk(text, ",[]{}?:") != NULL))
        return false;
    for (const char *p = text; *p != '\0';)
        if (must_escape(decode(&p)))
            return false;
    return hone__yaml_resolve(&read, text) && read.type == HONE__YAML_STRING;
}

static void add_escape(hone__str *out, uint32_t c)
{
    if (c == '\n')
        hone__str_add(out, "\\n");
    else if (c == '\t')
        hone__str_add(out, "\\t");
    else if (c == '\r')
        hone__str_add(out, "\\r");
    else
        hone__str_addf(out, c < 0x100 ? "\\x%02X" : "\\u%04X", (unsigned)c);
}

static void add_quoted(hone__str *out, const char *text)
{
    hone__str_add(out, "\"");
    for (const char *p = text; *p != '\0';) {
        const char *start = p;
        uint32_t c = decode(&p);
        if (must_escape(c))
            add_escape(out, c);
        else if (c == '"' || c == '\\')
            hone__str_addf(out, "\\%c", (char)c);
        else
            hone__str_addn(out, start, (size_t)(p - start));
    }
    hone__str_add(out, "\"");
}

static void add_text(hone__str *out, const char *text, bool in_flow)
{
    if (is_plain(text, in_flow))
        hone__str_add(out, text);
    else
        add_quoted(out, text);
}

/* ---- Scalars ----------------------------------------------------------------------------------------------------- */

/* A number keeps the form in which it was written, where that still says what the node says. */
static bool add_as_written(hone__str *out, const hone__yaml *node)
{
    hone__yaml read = {0};
    if (node->text == NULL || *node->text == '\0' || !hone__yaml_resolve(&read, node->text) || !hone__yaml_equal(&read, node))
        return false;
    hone__str_add(out, node->text);
    return true;
}

static void add_scalar(hone__str *out, const hone__yaml *node, bool in_flow)
{
    if (node->type == HONE__YAML_STRING)
        add_text(out, node->text, in_flow);
    else if (node->type == HONE__YAML_NULL)
        hone__str_add(out, "null");
    else if (node->type == HONE__YAML_BOOL)
        hone__str_add(out, node->truth ? "true" : "false");
    else if (add_as_written(out, node))
        return;
    else if (node->type == HONE__YAML_INT)
        hone__str_addf(out, "%lld", (long long)node->integer);
    else
        hone__str_add_real(out, node->real);
}

/* ---- Flow style -------------------------------------------------------------------------------------------------- */

static bool is_scalar(const hone__yaml *node)
{
    return node->type != HONE__YAML_LIST && node->type != HONE__YAML_MAP;
}

static bool all_scalars(const hone__yaml *node)
{
    for (const hone__yaml *child = node->child; child != NULL; child = child->next)
        if (!is_scalar(child))
            return false;
    return true;
}

/* Short lists of scalars, and maps that hold scalars and such lists only. */
static bool may_flow(const hone__yaml *node)
{
    if (node->n > MAX_FLOW_ITEMS)
        return false;
    if (node->type == HONE__YAML_LIST)
        return all_scalars(node);
    for (const hone__yaml *child = node->child; child != NULL; child = child->next)
        if (!is_scalar(child) && !(child->n <= MAX_FLOW_ITEMS && child->type == HONE__YAML_LIST && all_scalars(child)))
            return false;
    return true;
}

static void add_flow(hone__str *out, const hone__yaml *node)
{
    if (is_scalar(node)) {
        add_scalar(out, node, true);
        return;
    }
    bool map = node->type == HONE__YAML_MAP;
    hone__str_add(out, map ? "{" : "[");
    for (const hone__yaml *child = node->child; child != NULL; child = child->next) {
        if (child != node->child)
            hone__str_add(out, ", ");
        if (map) {
            add_text(out, child->key, true);
            hone__str_add(out, ": ");
        }
        add_flow(out, child);
    }
    hone__str_add(out, map ? "}" : "]");
}

/* Writes `lead` and the node on the rest of this line if it belongs there; what is long or deep does not. */
static bool add_inline(writer *w, const char *lead, const hone__yaml *node, size_t column)
{
    if (is_scalar(node)) {
        hone__str_add(w->out, lead);
        add_scalar(w->out, node, false);
        return true;
    }
    if (node->n > 0 && !may_flow(node))
        return false;
    hone__str line = {0};
    add_flow(&line, node);
    bool fits = node->n == 0 || (!line.failed && column + line.n < WIDTH);
    if (fits) {
        hone__str_add(w->out, lead);
        hone__str_addn(w->out, hone__str_text(&line), line.n);
    }
    w->out->failed = w->out->failed || line.failed;
    hone__str_clear(&line);
    return fits;
}

/* ---- Block style ------------------------------------------------------------------------------------------------- */

static void add_blanks(hone__str *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        hone__str_add(out, " ");
}

static void add_block(writer *w, const hone__yaml *node, size_t indent);

/* "key: value"; a long key as "? key", and its value after a ':' on the next line. */
static void add_pair(writer *w, const hone__yaml *value, size_t indent)
{
    hone__str key = {0};
    add_text(&key, value->key, false);
    w->out->failed = w->out->failed || key.failed;
    if (key.n > SIMPLE_KEY) {
        hone__str_addf(w->out, "? %s\n", hone__str_text(&key));
        add_blanks(w->out, indent);
    } else {
        hone__str_addn(w->out, hone__str_text(&key), key.n);
    }
    hone__str_add(w->out, ":");
    bool done = add_inline(w, " ", value, indent + key.n + 2);
    hone__str_clear(&key);
    hone__str_add(w->out, "\n");
    if (done)
        return;
    add_blanks(w->out, indent + 2);
    add_block(w, value, indent + 2);
}

static void add_item(writer *w, const hone__yaml *item, size_t indent)
{
    hone__str_add(w->out, "- ");
    if (add_inline(w, "", item, indent + 2))
        hone__str_add(w->out, "\n");
    else
        add_block(w, item, indent + 2);
}

/* The first child stands where the line is already, the others on lines of their own in the same column. */
static void add_block(writer *w, const hone__yaml *node, size_t indent)
{
    for (const hone__yaml *child = node->child; child != NULL; child = child->next) {
        if (child != node->child)
            add_blanks(w->out, indent);
        if (node->type == HONE__YAML_MAP)
            add_pair(w, child, indent);
        else
            add_item(w, child, indent);
    }
}

/* ---- What can be read back --------------------------------------------------------------------------------------- */

static hone_status check_text(const writer *w, const char *text)
{
    char shown[80];
    if (text != NULL && hone__utf8_valid(text, strlen(text), NULL))
        return HONE_OK;
    return hone_fail(w->err, HONE_EINVAL, "YAML cannot hold '%s', which is not valid UTF-8",
                     text != NULL ? hone__shown(text, shown, sizeof shown) : "NULL");
}

static hone_status check_node(writer *w, const hone__yaml *node, size_t depth)
{
    if (node->type == HONE__YAML_STRING)
        HONE_TRY(check_text(w, node->text));
    w->events += is_scalar(node) ? 1 : 2;
    if (is_scalar(node))
        return HONE_OK;
    if (depth == HONE__YAML_MAX_DEPTH)
        return hone_fail(w->err, HONE_EINVAL, "lists and maps are nested more than %d deep; no YAML file may be",
                         HONE__YAML_MAX_DEPTH);
    for (const hone__yaml *child = node->child; child != NULL; child = child->next) {
        if (node->type == HONE__YAML_MAP) {
            HONE_TRY(check_text(w, child->key));
            w->events++;
        }
        HONE_TRY(check_node(w, child, depth + 1));
    }
    return HONE_OK;
}

hone_status hone__yaml_emit(const hone__yaml *node, struct hone__str *out, hone_error *err)
{
    enum { AROUND = 4 }; /* the events of the stream and the document */
    writer w = {.out = out, .err = err, .start = out->n, .events = AROUND};
    HONE_TRY(check_node(&w, node, 0));
    /* The root stands in block style even where it is short: experiment files look so. */
    if (is_scalar(node) || node->n == 0) {
        (void)add_inline(&w, "", node, 0);
        hone__str_add(out, "\n");
    } else {
        add_block(&w, node, 0);
    }
    if (out->failed)
        return hone_no_memory(err, "writing YAML");
    if (out->n - w.start > HONE__YAML_MAX_BYTES || w.events > HONE__YAML_MAX_EVENTS)
        return hone_fail(err, HONE_EINVAL,
                         "the YAML text has %zu bytes and %zu values, keys and brackets; at most %d and %d are "
                         "read back",
                         out->n - w.start, w.events, HONE__YAML_MAX_BYTES, HONE__YAML_MAX_EVENTS);
    return HONE_OK;
}
