/* test_yaml.c - every rule of the YAML guard, the core schema, changes to a tree, and text that reads back as an equal tree.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/str.h"
#include "config/yaml.h"
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static hone_arena *arena;

static void set_up(void)
{
    arena = hone__arena_create(0);
    ck_assert_ptr_nonnull(arena);
}

static void tear_down(void)
{
    hone__arena_destroy(arena);
}

static hone__yaml *read_bytes(const char *text, size_t n)
{
    hone_error err = {0};
    hone__yaml *root = NULL;
    hone_status status = hone__yaml_parse(arena, text, n, "f.yaml", &root, NULL, &err);
    ck_assert_msg(status == HONE_OK, "%s\n%s", err.msg, text);
    return root;
}

static hone__yaml *read_text(const char *text)
{
    return read_bytes(text, strlen(text));
}

static hone__yaml *scalar(const char *text)
{
    char line[512];
    snprintf(line, sizeof line, "key: %s\n", text);
    return hone__yaml_get(read_text(line), "key");
}

static void refused_bytes(const char *text, size_t n, const char *message)
{
    hone_error err = {0};
    hone__yaml *root = NULL;
    ck_assert_msg(hone__yaml_parse(arena, text, n, "f.yaml", &root, NULL, &err) == HONE_ECONFIG, "accepted: %s", text);
    ck_assert_str_eq(err.msg, message);
    ck_assert_ptr_null(root);
}

static void refused(const char *text, const char *message)
{
    refused_bytes(text, strlen(text), message);
}

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

START_TEST(every_node_knows_its_place)
{
    hone__yaml *root = read_text("name: mrpc\ndata:\n  columns: {text: A, \xC3\xA4: 'B'}\n  list:\n  - 1\n  - two\n");
    ck_assert_int_eq(root->type, HONE__YAML_MAP);
    ck_assert_uint_eq(root->n, 2);
    hone__yaml *name = hone__yaml_get(root, "name");
    ck_assert_uint_eq(name->line, 1);
    ck_assert_uint_eq(name->column, 7);
    ck_assert_uint_eq(name->key_column, 1);
    ck_assert_str_eq(name->origin, "f.yaml");
    hone__yaml *quoted = hone__yaml_path(root, "data.columns.\xC3\xA4");
    ck_assert_str_eq(quoted->text, "B");
    ck_assert(quoted->quoted);
    ck_assert_uint_eq(quoted->line, 3);
    ck_assert_uint_eq(quoted->column, 25);
    ck_assert_uint_eq(quoted->key_column, 22);
    hone__yaml *two = hone__yaml_path(root, "data.list")->child->next;
    ck_assert_uint_eq(two->line, 6);
    ck_assert_uint_eq(two->column, 5);
    char at[64];
    ck_assert_str_eq(hone__yaml_at(two, at, sizeof at), "f.yaml:6:5: ");
    ck_assert_str_eq(hone__yaml_key_at(quoted, at, sizeof at), "f.yaml:3:22: ");
}
END_TEST

typedef struct typed {
    const char *text;
    hone__yaml_type type;
    double value;
} typed;

static const typed scalars[] = {
    {"", HONE__YAML_NULL, 0},
    {"~", HONE__YAML_NULL, 0},
    {"null", HONE__YAML_NULL, 0},
    {"Null", HONE__YAML_NULL, 0},
    {"NULL", HONE__YAML_NULL, 0},
    {"nULL", HONE__YAML_STRING, 0},
    {"true", HONE__YAML_BOOL, 1},
    {"True", HONE__YAML_BOOL, 1},
    {"TRUE", HONE__YAML_BOOL, 1},
    {"false", HONE__YAML_BOOL, 0},
    {"False", HONE__YAML_BOOL, 0},
    {"FALSE", HONE__YAML_BOOL, 0},
    {"tRUE", HONE__YAML_STRING, 0},
    {"yes", HONE__YAML_STRING, 0},
    {"no", HONE__YAML_STRING, 0},
    {"on", HONE__YAML_STRING, 0},
    {"off", HONE__YAML_STRING, 0},
    {"y", HONE__YAML_STRING, 0},
    {"0", HONE__YAML_INT, 0},
    {"-0", HONE__YAML_INT, 0},
    {"+12", HONE__YAML_INT, 12},
    {"-12", HONE__YAML_INT, -12},
    {"007", HONE__YAML_INT, 7},
    {"0o14", HONE__YAML_INT, 12},
    {"0x1F", HONE__YAML_INT, 31},
    {"0xfF", HONE__YAML_INT, 255},
    {"-0x1F", HONE__YAML_STRING, 0},
    {"0o8", HONE__YAML_STRING, 0},
    {"0o", HONE__YAML_STRING, 0},
    {"0x", HONE__YAML_STRING, 0},
    {"0xG", HONE__YAML_STRING, 0},
    {"0b1", HONE__YAML_STRING, 0},
    {"1_000", HONE__YAML_STRING, 0},
    {"12:30", HONE__YAML_STRING, 0},
    {"9223372036854775807", HONE__YAML_INT, 9223372036854775807.0},
    {"-9223372036854775808", HONE__YAML_INT, -9223372036854775808.0},
    {"9223372036854775808", HONE__YAML_REAL, 9223372036854775808.0},
    {"0x7fffffffffffffff", HONE__YAML_INT, 9223372036854775807.0},
    {"0x8000000000000000", HONE__YAML_REAL, 9223372036854775808.0},
    {"0x100000000000000000", HONE__YAML_REAL, 295147905179352825856.0},
    {"0x100000000000080000", HONE__YAML_REAL, 295147905179353350144.0},
    {"0x10000000000000800000000000", HONE__YAML_REAL, 0x1p100}, /* half way: to even */
    {"0x10000000000000800000000001", HONE__YAML_REAL, 0x1.0000000000001p100},
    {"0o7777777777777777777777", HONE__YAML_REAL, 0x1p66},
    {"1e3", HONE__YAML_REAL, 1000},
    {"1E3", HONE__YAML_REAL, 1000},
    {"1.0e-5", HONE__YAML_REAL, 1e-5},
    {"5e-5", HONE__YAML_REAL, 5e-5},
    {"1.", HONE__YAML_REAL, 1},
    {".5", HONE__YAML_REAL, 0.5},
    {"-.5e+1", HONE__YAML_REAL, -5},
    {"+1.5", HONE__YAML_REAL, 1.5},
    {"1e", HONE__YAML_STRING, 0},
    {"1e+", HONE__YAML_STRING, 0},
    {"e3", HONE__YAML_STRING, 0},
    {".", HONE__YAML_STRING, 0},
    {".e1", HONE__YAML_STRING, 0},
    {"1.2.3", HONE__YAML_STRING, 0},
    {"0x1p3", HONE__YAML_STRING, 0},
    {"nan", HONE__YAML_STRING, 0},
    {"inf", HONE__YAML_STRING, 0},
    {".iNF", HONE__YAML_STRING, 0},
    {"-.nan", HONE__YAML_STRING, 0},
    {".inf", HONE__YAML_REAL, (double)INFINITY},
    {"+.INF", HONE__YAML_REAL, (double)INFINITY},
    {"-.Inf", HONE__YAML_REAL, -(double)INFINITY},
    {"'1'", HONE__YAML_STRING, 0},
    {"\"true\"", HONE__YAML_STRING, 0},
    {"!!str 1", HONE__YAML_STRING, 0},
    {"!!int '1'", HONE__YAML_INT, 1},
    {"!!float 1", HONE__YAML_REAL, 1},
    {"!!bool \"true\"", HONE__YAML_BOOL, 1},
    {"!!null ''", HONE__YAML_NULL, 0},
    {"!<tag:yaml.org,2002:int> 3", HONE__YAML_INT, 3},
    {"!!seq [1]", HONE__YAML_LIST, 0},
    {"!!map {a: 1}", HONE__YAML_MAP, 0},
};

START_TEST(scalars_follow_the_core_schema)
{
    const typed *row = &scalars[_i];
    hone__yaml *node = scalar(row->text);
    ck_assert_msg(node->type == row->type, "%s is %s", row->text, hone__yaml_type_name(node->type));
    if (node->type == HONE__YAML_BOOL)
        ck_assert_int_eq(node->truth, (int)row->value);
    if (node->type == HONE__YAML_INT || node->type == HONE__YAML_REAL)
        ck_assert_msg(node->real == row->value, "%s is %.17g", row->text, node->real);
    if (node->type == HONE__YAML_INT && fabs(row->value) < 1e15)
        ck_assert_int_eq(node->integer, (int64_t)row->value);
}
END_TEST

START_TEST(nan_is_a_real_and_equal_to_itself)
{
    hone__yaml *node = scalar(".NaN");
    ck_assert_int_eq(node->type, HONE__YAML_REAL);
    ck_assert(isnan(node->real));
    ck_assert(hone__yaml_equal(node, node));
}
END_TEST

START_TEST(text_is_kept_as_written)
{
    ck_assert_str_eq(scalar("0x1F")->text, "0x1F");
    ck_assert_str_eq(scalar("1.0e-5")->text, "1.0e-5");
    ck_assert_str_eq(scalar("'it''s'")->text, "it's");
    ck_assert_str_eq(scalar("\"a\\n\\x41\\u00e4\"")->text, "a\nA\xC3\xA4");
    ck_assert_str_eq(scalar("|\n  one\n  two\n")->text, "one\ntwo\n");
    ck_assert(scalar("|\n  5\n")->quoted);
}
END_TEST

START_TEST(byte_order_mark_of_utf8_is_skipped)
{
    hone__yaml *root = read_text("\xEF\xBB\xBF"
                                 "a: 1\n");
    ck_assert_uint_eq(hone__yaml_get(root, "a")->column, 4);
}
END_TEST

START_TEST(line_feeds_may_be_those_of_other_systems)
{
    hone__yaml *root = read_text("a: 1\r\nb: 2\r\n");
    ck_assert_int_eq(hone__yaml_get(root, "b")->integer, 2);
    ck_assert_uint_eq(hone__yaml_get(root, "b")->line, 2);
}
END_TEST

/* ---- What is refused --------------------------------------------------------------------------------------------- */

typedef struct bad {
    const char *text, *message;
} bad;

static const bad bad_texts[] = {
    {"", "f.yaml:1:1: there is nothing in this file but blanks and comments"},
    {"# only this\n", "f.yaml:2:1: there is nothing in this file but blanks and comments"},
    {"a: 1\n---\nb: 2\n", "f.yaml:2:1: a second document begins here; a file holds one"},
    {"a: &x 1\n", "f.yaml:1:4: anchors ('&name') are not allowed; write the value out"},
    {"a: &x [1]\n", "f.yaml:1:4: anchors ('&name') are not allowed; write the value out"},
    {"&x a: 1\n", "f.yaml:1:1: anchors ('&name') are not allowed; write the value out"},
    {"a: *x\n",
     "f.yaml:1:4: aliases ('*name') are not allowed; write the value out, or put it in quotes if it begins with '*'"},
    {"a: *.txt\n", "f.yaml:1:4: aliases ('*name') are not allowed; put the value in quotes if it begins with '*'"},
    {"a: &.txt\n", "f.yaml:1:4: anchors ('&name') are not allowed; put the value in quotes if it begins with '&'"},
    {"a: !python/object x\n",
     "f.yaml:1:4: the tag '!python/object' is not allowed, only !!str, !!int, !!float, !!bool, !!null, "
     "!!map and !!seq are; put the value in quotes if it begins with '!'"},
    {"a: !!binary x\n", "f.yaml:1:4: the tag 'tag:yaml.org,2002:binary' is not allowed, only !!str, !!int, !!float, !!bool, "
                        "!!null, !!map and !!seq are; put the value in quotes if it begins with '!'"},
    {"a: !x [1]\n", "f.yaml:1:4: the tag '!x' is not allowed, only !!str, !!int, !!float, !!bool, !!null, !!map and !!seq are; "
                    "put the value in quotes if it begins with '!'"},
    {"!x a: 1\n", "f.yaml:1:1: the tag '!x' is not allowed, only !!str, !!int, !!float, !!bool, !!null, !!map and !!seq are; "
                  "put the value in quotes if it begins with '!'"},
    {"a: !e!x 1\n", "f.yaml:1:4: custom tags are not allowed; put the value in quotes if it begins with '!'"},
    {"a: !{b\n", "f.yaml:1:4: a value that begins with '!' is a tag; put it in quotes"},
    {"%TAG !e! tag:e,1:\n---\na: 1\n", "f.yaml:1:1: %TAG lines are not allowed, as there are no custom tags"},
    {"a: 1\n...\n%TAG !e! tag:e,1:\n---\na: 1\n", "f.yaml:3:1: %TAG lines are not allowed, as there are no custom tags"},
    {"%YAML 3.0\n---\na: 1\n", "f.yaml:1:1: this YAML version is unknown; '%YAML 1.2' is what is read here"},
    {"%FOO\n---\na: 1\n", "f.yaml:1:1: a line that begins with '%' can only be '%YAML 1.2'"},
    {"a: !!int x\n", "f.yaml:1:4: 'x' is not an integer, as its tag says"},
    {"a: !!null x\n", "f.yaml:1:4: 'x' is not null, as its tag says"},
    {"a: !!seq {}\n", "f.yaml:1:4: this is a map and cannot be a list, as its tag says"},
    {"a: !!map []\n", "f.yaml:1:4: this is a list and cannot be a map, as its tag says"},
    {"a: !!str []\n", "f.yaml:1:4: this is a list and cannot be a string, as its tag says"},
    {"a: 1\nb: 2\na: 3\n", "f.yaml:3:1: the key 'a' is on line 1 already; a map has each key once"},
    {"a: {b: 1, 'b': 2}\n", "f.yaml:1:11: the key 'b' is on line 1 already; a map has each key once"},
    {"1: x\n\"1\": y\n", "f.yaml:2:1: the key '1' is on line 1 already; a map has each key once"},
    {"[a]: 1\n", "f.yaml:1:1: a key must be a word, not a list; put it in quotes if it is meant as text"},
    {"? {a: 1}\n: 1\n", "f.yaml:1:3: a key must be a word, not a map; put it in quotes if it is meant as text"},
    {"?\n: 1\n", "f.yaml:1:2: there is no key before this ':'"},
    {"a: 1e999\n", "f.yaml:1:4: 1e999 lies outside the range of a 64-bit real; put it in quotes if it is not a number"},
    {"a: \"x\\0y\"\n", "f.yaml:1:4: a string may not hold the character NUL"},
    {"\"x\\0y\": a\n", "f.yaml:1:1: a string may not hold the character NUL"},
    {"a:\n\tb: 1\n", "f.yaml:2:1: a tab is used for indentation; use blanks"},
    {"a: x\nb\nc: 1\n", "f.yaml:2:1: there is no ':' after this key"},
    {"a: b: c\n",
     "f.yaml:1:5: a ':' cannot stand here; put the value in quotes if the ':' is part of it, or mend the indentation"},
    {"a: 1\n  b: 2\n",
     "f.yaml:2:4: a ':' cannot stand here; put the value in quotes if the ':' is part of it, or mend the indentation"},
    {"a: - 1\n", "f.yaml:1:4: a list item ('- ') cannot begin here; put it on a line of its own below its key"},
    {"a: 'x\nb: 1\n", "f.yaml:1:4: this quote is never closed"},
    {"a: \"x\nb: 1\n", "f.yaml:1:4: this quote is never closed"},
    {"a: 'x\n---\n", "f.yaml:1:4: this quote is not closed before a line that begins with '---' or '...'"},
    {"a: \"C:\\data\"\n", "f.yaml:1:7: this escape is unknown; between double quotes a backslash is written '\\\\', between "
                          "single quotes it is itself"},
    {"a: \"\\xZZ\"\n", "f.yaml:1:7: \\x, \\u and \\U are followed by 2, 4 and 8 hexadecimal digits"},
    {"a: \"\\ud800\"\n", "f.yaml:1:7: this escape does not name a character"},
    {"a: [1, 2\nb: 3\n", "f.yaml:2:2: a ',' or ']' is missing in the list that begins on line 1"},
    {"a: {b: 1\nc: 3\n", "f.yaml:2:2: a ',' or '}' is missing in the map that begins on line 1"},
    {"a:\n- 1\n- 2\n 3\n- 4\nb\n", "f.yaml:6:1: there is no ':' after this key"},
    {"a:\n  - 1\n  b: 2\n", "f.yaml:3:3: a list item ('- ') should stand here, in one column with the item on line 2"},
    {"a: \"b\" c\n", "f.yaml:1:8: a key should stand here: something follows a value on its line, or this line is not in one "
                     "column with the key on line 1"},
    {"  a: 1\n b: 2\n", "f.yaml:2:2: the document is over before this; is the line indented like those above?"},
    {"a: @x\n", "f.yaml:1:4: a value cannot begin with '@'; put it in quotes"},
    {"a: `x`\n", "f.yaml:1:4: a value cannot begin with '`'; put it in quotes"},
    {"a: %x\n", "f.yaml:1:4: a value cannot begin with '%'; put it in quotes"},
    {"a: ]\n", "f.yaml:1:4: a value should stand here"},
    {"a: | x\n", "f.yaml:1:6: '|' or '>' may be followed by '+' or '-', a digit from 1 to 9 and a comment, and by nothing else "
                 "on its line"},
    {"a: 1\nb: x\001y\n",
     "f.yaml:2:5: the control character 0x01 is not allowed; is this a text file? Between double quotes it "
     "can be written as an escape"},
    {"a: 1\nb: x\xFFy\n", "f.yaml:2:5: the byte 0xFF does not belong to UTF-8; save the file as UTF-8"},
    {"a: \xC0\xAF\n", "f.yaml:1:4: the byte 0xC0 does not belong to UTF-8; save the file as UTF-8"},
    {"a: \xED\xA0\x80\n", "f.yaml:1:4: the byte 0xED does not belong to UTF-8; save the file as UTF-8"},
    {"a: \xE2\x82", "f.yaml:1:4: the byte 0xE2 does not belong to UTF-8; save the file as UTF-8"},
    {"\xFF\xFE"
     "a",
     "f.yaml:1:1: the text is UTF-16; save it as UTF-8"},
    {"\xFE\xFF\x01"
     "a",
     "f.yaml:1:1: the text is UTF-16; save it as UTF-8"},
};

START_TEST(mistake_gets_one_clear_sentence)
{
    refused(bad_texts[_i].text, bad_texts[_i].message);
}
END_TEST

START_TEST(nul_byte_is_refused)
{
    refused_bytes("a: x\0y\n", 7,
                  "f.yaml:1:5: the control character 0x00 is not allowed; is this a text file? Between double quotes it can be "
                  "written as an escape");
}
END_TEST

/* `n` copies of a piece of text, between two others. */
static char *repeat(const char *before, const char *piece, size_t n, const char *after, size_t *length)
{
    hone__str s = {0};
    hone__str_add(&s, before);
    for (size_t i = 0; i < n; i++)
        hone__str_add(&s, piece);
    hone__str_add(&s, after);
    ck_assert(!s.failed);
    *length = s.n;
    return s.data;
}

static hone_status parse_counted(const char *text, size_t n, hone__yaml_stats *stats, hone_error *err)
{
    hone__yaml *root;
    return hone__yaml_parse(arena, text, n, "f.yaml", &root, stats, err);
}

START_TEST(depth_64_is_read_and_65_refused)
{
    size_t n;
    hone_error err = {0};
    hone__yaml_stats stats;
    for (size_t depth = 64; depth <= 65; depth++) {
        char *open = repeat("", "[", depth, "", &n);
        char *text = repeat(open, "]", depth, "\n", &n);
        hone_status status = parse_counted(text, n, &stats, &err);
        ck_assert_int_eq(status, depth == 64 ? HONE_OK : HONE_ECONFIG);
        ck_assert_uint_eq(stats.deepest, depth);
        hone__free(open);
        hone__free(text);
    }
    ck_assert_str_eq(err.msg, "f.yaml:1:65: lists and maps are nested more than 64 deep");
}
END_TEST

/* Without the guard libyaml takes 22 s for 200 KB of '['. */
START_TEST(deep_nesting_is_refused_after_65_events_and_before_64_kib)
{
    static const char *const pieces[] = {"[", "{", "- ", "? ", "{a: ", "[{a: "};
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        size_t n;
        hone_error err = {0};
        hone__yaml_stats stats;
        char *text = repeat("", pieces[i], 200000 / strlen(pieces[i]), "", &n);
        ck_assert_int_eq(parse_counted(text, n, &stats, &err), HONE_ECONFIG);
        ck_assert_uint_le(stats.deepest, 65);
        ck_assert_uint_le(stats.events, 2 + 2 * 65);
        ck_assert_uint_lt(stats.bytes_read, 65536);
        hone__free(text);
    }
}
END_TEST

START_TEST(nested_events_of_open_brackets_are_65)
{
    size_t n;
    hone_error err = {0};
    hone__yaml_stats stats;
    char *text = repeat("", "[", 200000, "", &n);
    ck_assert_int_eq(parse_counted(text, n, &stats, &err), HONE_ECONFIG);
    ck_assert_str_eq(err.msg, "f.yaml:1:65: lists and maps are nested more than 64 deep");
    ck_assert_uint_eq(stats.deepest, 65);
    ck_assert_uint_eq(stats.events, 2 + 65); /* the stream's and the document's beginning */
    hone__free(text);
}
END_TEST

START_TEST(more_than_200000_events_are_refused)
{
    size_t n;
    hone_error err = {0};
    hone__yaml_stats stats;
    /* Stream, document and list have two each. */
    char *text = repeat("", "- a\n", 199994, "", &n);
    ck_assert_int_eq(parse_counted(text, n, &stats, &err), HONE_OK);
    ck_assert_uint_eq(stats.events, 200000);
    hone__free(text);
    text = repeat("", "- a\n", 199995, "", &n);
    ck_assert_int_eq(parse_counted(text, n, &stats, &err), HONE_ECONFIG);
    ck_assert_str_eq(err.msg, "f.yaml:199996:1: the file has more than 200000 values, keys and brackets");
    hone__free(text);
}
END_TEST

START_TEST(one_mebibyte_is_read_and_a_byte_more_refused)
{
    size_t n;
    hone_error err = {0};
    hone__yaml_stats stats;
    char *text = repeat("a: ", "x", 1048576 - 3, "", &n);
    ck_assert_int_eq(parse_counted(text, n, &stats, &err), HONE_OK);
    hone__free(text);
    text = repeat("a: ", "x", 1048577 - 3, "", &n);
    ck_assert_int_eq(parse_counted(text, n, &stats, &err), HONE_ECONFIG);
    ck_assert_str_eq(err.msg, "f.yaml:1:1: the text has 1048577 bytes; at most 1048576 are read");
    ck_assert_uint_eq(stats.bytes_read, 0);
    hone__free(text);
}
END_TEST

START_TEST(many_tag_directives_are_refused_at_once)
{
    size_t n;
    hone_error err = {0};
    hone__yaml_stats stats;
    char *text = repeat("a: |\n  x\xE2\x80\xA9", "%TAG !a! b\n", 90000, "", &n);
    ck_assert_int_eq(parse_counted(text, n, &stats, &err), HONE_ECONFIG);
    ck_assert_uint_lt(stats.bytes_read, 65536);
    hone__free(text);
}
END_TEST

START_TEST(large_map_is_checked_for_duplicates)
{
    hone__str s = {0};
    hone_error err = {0};
    hone__yaml_stats stats;
    for (int i = 0; i < 80000; i++)
        hone__str_addf(&s, "k%d: 1\n", i == 79999 ? 5 : i);
    ck_assert_int_eq(parse_counted(s.data, s.n, &stats, &err), HONE_ECONFIG);
    ck_assert_str_eq(err.msg, "f.yaml:80000:1: the key 'k5' is on line 6 already; a map has each key once");
    hone__str_clear(&s);
}
END_TEST

/* ---- Files ------------------------------------------------------------------------------------------------------- */

START_TEST(file_is_loaded_and_named_in_messages)
{
    char path[] = "/tmp/hone-yaml-XXXXXX";
    hone_error err = {0};
    hone__yaml *root;
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, "a: [1\n", 6), 6);
    ck_assert_int_eq(hone__yaml_load(arena, path, &root, &err), HONE_ECONFIG);
    ck_assert_ptr_eq(strstr(err.msg, path), err.msg);
    ck_assert_int_eq(write(fd, "  ]\n", 4), 4);
    ck_assert_int_eq(hone__yaml_load(arena, path, &root, &err), HONE_OK);
    ck_assert_int_eq(hone__yaml_get(root, "a")->child->integer, 1);
    close(fd);
    unlink(path);
    ck_assert_int_ne(hone__yaml_load(arena, path, &root, &err), HONE_OK);
    ck_assert_ptr_nonnull(strstr(err.msg, path));
}
END_TEST

START_TEST(text_cut_anywhere_is_read_or_refused)
{
    static const char text[] =
        "name: \"m\\u00e4\\n\"\ndata: {type: tsv, columns: ['#1', 2, 3.5]}\nmore:\n- |\n  text\n- !!str 5\n";
    for (size_t n = 0; n < sizeof text; n++) {
        hone_error err = {0};
        hone__yaml *root;
        char *copy = hone__malloc(n); /* so that a byte read too far is noticed */
        memcpy(copy, text, n);
        hone_status status = hone__yaml_parse(arena, copy, n, "f.yaml", &root, NULL, &err);
        ck_assert(status == HONE_OK ? root != NULL : strncmp(err.msg, "f.yaml:", 7) == 0);
        hone__free(copy);
    }
}
END_TEST

/* ---- Changing ---------------------------------------------------------------------------------------------------- */

static void assert_emits(const hone__yaml *node, const char *expected)
{
    hone__str s = {0};
    hone_error err = {0};
    hone_status status = hone__yaml_emit(node, &s, &err);
    ck_assert_msg(status == HONE_OK, "%s", err.msg);
    ck_assert_str_eq(hone__str_text(&s), expected);
    hone__str_clear(&s);
}

static hone_status set(hone__yaml *map, const char *path, const char *value, hone_error *err)
{
    hone__yaml *node = hone__yaml_new_text(arena, value);
    node->origin = "command line";
    return hone__yaml_set(arena, map, path, node, err);
}

START_TEST(paths_are_set_in_their_place_or_made)
{
    hone_error err = {0};
    hone__yaml *root = read_text("a: {b: 1, c: 2}\nd: 3\nempty:\n");
    ck_assert_int_eq(set(root, "a.b", "x", &err), HONE_OK);
    ck_assert_int_eq(set(root, "d", "v", &err), HONE_OK);
    ck_assert_int_eq(set(root, "new.deep.er", "z", &err), HONE_OK);
    ck_assert_int_eq(set(root, "empty.now", "w", &err), HONE_OK);
    assert_emits(root, "a: {b: x, c: 2}\nd: v\nempty: {now: w}\nnew:\n  deep: {er: z}\n");
    char at[64];
    ck_assert_str_eq(hone__yaml_at(hone__yaml_path(root, "new.deep.er"), at, sizeof at), "command line: ");
    ck_assert_str_eq(hone__yaml_key_at(hone__yaml_path(root, "new.deep"), at, sizeof at), "command line: ");
    ck_assert_ptr_null(hone__yaml_path(root, "new.deep.er.more"));
    ck_assert_ptr_null(hone__yaml_path(root, "new.dee"));
}
END_TEST

START_TEST(paths_through_lists_and_scalars_are_refused)
{
    hone_error err = {0};
    hone__yaml *root = read_text("a: [1]\nb: {c: 2}\n");
    ck_assert_int_eq(set(root, "a.0", "x", &err), HONE_ECONFIG);
    ck_assert_str_eq(err.msg,
                     "command line: 'a.0' cannot be set: 'a' is a list (f.yaml:1:4: set there), and only a map has keys");
    ck_assert_int_eq(set(root, "b.c.d", "x", &err), HONE_ECONFIG);
    ck_assert_str_eq(
        err.msg, "command line: 'b.c.d' cannot be set: 'b.c' is an integer (f.yaml:2:8: set there), and only a map has keys");
    static const char *const hollow[] = {"", ".", "a.", ".a", "a..b"};
    for (size_t i = 0; i < sizeof hollow / sizeof *hollow; i++)
        ck_assert_int_eq(set(root, hollow[i], "x", &err), HONE_EINVAL);
    ck_assert_ptr_nonnull(strstr(err.msg, "'a..b' is no path"));
    assert_emits(root, "a: [1]\nb: {c: 2}\n");
}
END_TEST

START_TEST(path_deeper_than_64_is_refused)
{
    size_t n;
    hone_error err = {0};
    hone__yaml *root = hone__yaml_new_map(arena);
    char *path = repeat("a", ".a", 63, "", &n);
    ck_assert_int_eq(set(root, path, "x", &err), HONE_OK);
    assert_emits(hone__yaml_new_int(arena, 1), "1\n");
    hone__str s = {0};
    ck_assert_int_eq(hone__yaml_emit(root, &s, &err), HONE_OK);
    hone__str_clear(&s);
    hone__free(path);
    path = repeat("a", ".a", 64, "", &n);
    ck_assert_int_eq(set(root, path, "x", &err), HONE_EINVAL);
    hone__free(path);
}
END_TEST

START_TEST(adding_a_key_twice_is_refused)
{
    hone_error err = {0};
    hone__yaml *map = hone__yaml_new_map(arena);
    ck_assert_int_eq(hone__yaml_add(arena, map, "a", hone__yaml_new_null(arena), &err), HONE_OK);
    ck_assert_int_eq(hone__yaml_add(arena, map, "a", hone__yaml_new_null(arena), &err), HONE_EEXIST);
    ck_assert_str_eq(err.msg, "default: the key 'a' is there already; a map has each key once");
    ck_assert_int_eq(hone__yaml_add(arena, hone__yaml_new_list(arena), "a", map, &err), HONE_EINVAL);
}
END_TEST

START_TEST(maps_are_equal_in_any_order_and_types_count)
{
    ck_assert(hone__yaml_equal(read_text("{a: 1, b: [x, 2.0]}"), read_text("b: ['x', 2e0]\na: 0x1\n")));
    ck_assert(!hone__yaml_equal(read_text("{a: 1}"), read_text("{a: 1.0}")));
    ck_assert(!hone__yaml_equal(read_text("{a: 1}"), read_text("{a: '1'}")));
    ck_assert(!hone__yaml_equal(read_text("{a: 1}"), read_text("{b: 1}")));
    ck_assert(!hone__yaml_equal(read_text("[1, 2]"), read_text("[2, 1]")));
    ck_assert(!hone__yaml_equal(read_text("[1, 2]"), read_text("[1]")));
    ck_assert(!hone__yaml_equal(read_text("null"), read_text("''")));
}
END_TEST

/* ---- Writing ----------------------------------------------------------------------------------------------------- */

START_TEST(style_is_the_one_of_experiment_files)
{
    static const char text[] = "name: mrpc\n"
                               "data:\n"
                               "  type: tsv\n"
                               "  columns: {text: \"#1 String\", label: Quality}\n"
                               "tokenizer: {type: wordpiece, max_length: 128}\n"
                               "head:\n"
                               "  type: classification\n"
                               "  loss: {type: cross_entropy, label_smoothing_factor: 0.1}\n"
                               "optimizer: {type: adamw, learning_rate: 5.0e-5}\n"
                               "metrics:\n"
                               "  - accuracy\n"
                               "  - {type: f1, name: f1_macro}\n"
                               "  - type: x\n"
                               "    deep:\n"
                               "      more: {a: 1}\n"
                               "seeds: [1, 2, 3]\n"
                               "nothing: {}\n"
                               "none: []\n"
                               "quoted: [\"1\", \"no\", \"a: b\", \"null\", \"\"]\n"
                               "plain: a, b\n"
                               "empty: null\n";
    assert_emits(read_text(text), text);
}
END_TEST

START_TEST(reals_that_are_made_read_as_reals)
{
    assert_emits(hone__yaml_new_real(arena, 1.0), "1.0\n");
    assert_emits(hone__yaml_new_real(arena, (double)INFINITY), ".inf\n");
    assert_emits(hone__yaml_new_real(arena, -(double)INFINITY), "-.inf\n");
    assert_emits(hone__yaml_new_real(arena, (double)NAN), ".nan\n");
    assert_emits(hone__yaml_new_bool(arena, true), "true\n");
    hone__yaml *changed = read_text("5");
    changed->type = HONE__YAML_REAL;
    assert_emits(changed, "5.0\n");
}
END_TEST

static void assert_round_trip(const hone__yaml *tree)
{
    hone__str s = {0};
    hone_error err = {0};
    hone_status status = hone__yaml_emit(tree, &s, &err);
    ck_assert_msg(status == HONE_OK, "%s", err.msg);
    hone__yaml *again = NULL;
    status = hone__yaml_parse(arena, s.data, s.n, "again", &again, NULL, &err);
    ck_assert_msg(status == HONE_OK, "%s in\n%s", err.msg, s.data);
    ck_assert_msg(hone__yaml_equal(tree, again), "reads back as something else:\n%s", s.data);
    hone__str_clear(&s);
}

static const char *const hard_strings[] = {
    "",
    " ",
    "  x",
    "x  ",
    "a b",
    "1",
    "-1",
    "+1",
    "1.5",
    ".5",
    "1e3",
    "0x1F",
    "0o17",
    ".inf",
    "-.inf",
    ".nan",
    "~",
    "null",
    "true",
    "False",
    "yes",
    "no",
    "on",
    "-",
    "--",
    "---",
    "--- a",
    "...",
    "... b",
    "-a",
    "- a",
    "?",
    "? a",
    "?a",
    ":",
    ": a",
    ":a",
    "a:",
    "a: b",
    "a:b",
    "a #b",
    "a#b",
    "#a",
    "a,b",
    "a, b",
    ",a",
    "[a",
    "a]",
    "{a",
    "a}",
    "[]",
    "{}",
    "&a",
    "*a",
    "!a",
    "!!str a",
    "|",
    ">",
    "|\n x",
    "'",
    "''",
    "\"",
    "\\",
    "\\n",
    "%a",
    "@a",
    "`a`",
    "\n",
    "a\n",
    "\na",
    "a\nb",
    "a\n\n b\n",
    "\t",
    "\ta",
    "a\tb",
    "a\t",
    "\r",
    "a\r\nb",
    "\x01",
    "\x1B[0m",
    "\x7F",
    "\xC2\x85",
    "\xC2\xA0",
    "\xC2\x9F",
    "\xE2\x80\xA8",
    "\xE2\x80\xA9",
    "\xEF\xBB\xBF",
    "\xEF\xBB\xBFx",
    "\xEF\xBF\xBE",
    "\xEF\xBF\xBF",
    "\xEF\xBF\xBD",
    "\xF0\x9F\x98\x80",
    "\xF4\x8F\xBF\xBF",
    "\xC3\xA4 b",
    "<<",
    "=",
    "a: ",
    " #",
    "x'y",
    "x\"y",
    "12:30:45",
    "2001-01-01",
    "-,",
    "-]",
    "{",
    "}",
    ",",
    "]",
    "?,",
    ":,",
    "a?b",
    "a ?",
    "a ? b",
    "a :b",
    "a :",
    "key: |",
    "%YAML 1.2",
    "%TAG ! x",
    "\n%TAG ! x",
};
enum { N_HARD = sizeof hard_strings / sizeof *hard_strings };

START_TEST(hard_strings_read_back_as_values_and_keys_in_every_place)
{
    hone_error err = {0};
    const char *text = hard_strings[_i];
    hone__yaml *value = hone__yaml_new_text(arena, text);
    assert_round_trip(value);
    hone__yaml *list = hone__yaml_new_list(arena);
    hone__yaml_append(list, hone__yaml_copy(arena, value));
    hone__yaml_append(list, hone__yaml_copy(arena, value));
    assert_round_trip(list);
    hone__yaml *map = hone__yaml_new_map(arena);
    ck_assert_int_eq(hone__yaml_add(arena, map, text, hone__yaml_copy(arena, value), &err), HONE_OK);
    assert_round_trip(map);
    hone__yaml *outer = hone__yaml_new_map(arena);
    ck_assert_int_eq(hone__yaml_add(arena, outer, text, hone__yaml_copy(arena, list), &err), HONE_OK);
    ck_assert_int_eq(hone__yaml_add(arena, outer, "other", hone__yaml_copy(arena, map), &err), HONE_OK);
    assert_round_trip(outer);
    hone__yaml *nested = hone__yaml_new_list(arena);
    hone__yaml_append(nested, outer);
    hone__yaml_append(nested, list);
    assert_round_trip(nested);
}
END_TEST

START_TEST(keys_of_any_length_read_back)
{
    for (size_t length = 1; length < 3000; length += 997 - length % 7) {
        size_t n;
        hone_error err = {0};
        char *key = repeat("k ", "\xC3\xA4", length, "", &n);
        hone__yaml *map = hone__yaml_new_map(arena), *outer = hone__yaml_new_list(arena), *list = hone__yaml_new_list(arena);
        ck_assert_int_eq(hone__yaml_add(arena, map, key, hone__yaml_new_text(arena, key), &err), HONE_OK);
        key[0] = '#';
        hone__yaml_append(list, hone__yaml_copy(arena, map));
        ck_assert_int_eq(hone__yaml_add(arena, map, key, list, &err), HONE_OK);
        hone__yaml_append(outer, map);
        assert_round_trip(outer);
        hone__free(key);
    }
}
END_TEST

/* A tree out of a counter, with everything a tree may hold. */
static hone__yaml *make_tree(hone_stream stream, uint64_t tree, uint64_t *drawn, int depth)
{
    hone_error err = {0};
    uint64_t kind = hone_random_below(stream, tree, (*drawn)++, depth > 0 ? 8 : 6);
    if (kind == 0)
        return hone__yaml_new_null(arena);
    if (kind == 1)
        return hone__yaml_new_bool(arena, hone_random_below(stream, tree, (*drawn)++, 2) != 0);
    if (kind == 2)
        return hone__yaml_new_int(arena, (int64_t)hone_random_below(stream, tree, (*drawn)++, UINT64_MAX));
    if (kind == 3)
        return hone__yaml_new_real(arena, exp(hone_random_uniform(stream, tree, (*drawn)++) * 1000 - 500));
    if (kind < 6)
        return hone__yaml_new_text(arena, hard_strings[hone_random_below(stream, tree, (*drawn)++, N_HARD)]);
    hone__yaml *node = kind == 6 ? hone__yaml_new_list(arena) : hone__yaml_new_map(arena);
    uint64_t n = hone_random_below(stream, tree, (*drawn)++, 6);
    for (uint64_t i = 0; i < n; i++) {
        hone__yaml *child = make_tree(stream, tree, drawn, depth - 1);
        const char *key = hard_strings[hone_random_below(stream, tree, (*drawn)++, N_HARD)];
        if (kind == 6)
            hone__yaml_append(node, child);
        else
            (void)!hone__yaml_add(arena, node, key, child, &err); /* a key drawn twice is left out */
    }
    return node;
}

START_TEST(any_tree_reads_back_as_an_equal_tree)
{
    hone_key key = {.seed = 1};
    hone_stream stream = hone_stream_of(&key);
    for (uint64_t tree = 0; tree < 3000; tree++) {
        hone__mark mark = hone__arena_mark(arena);
        uint64_t drawn = 0;
        hone__yaml *node = make_tree(stream, tree, &drawn, 5);
        assert_round_trip(node);
        ck_assert(hone__yaml_equal(node, hone__yaml_copy(arena, node)));
        hone__arena_release(arena, mark);
    }
}
END_TEST

START_TEST(what_could_not_be_read_back_is_not_written)
{
    hone_error err = {0};
    hone__str s = {0};
    ck_assert_int_eq(hone__yaml_emit(hone__yaml_new_text(arena, "a\xFF"), &s, &err), HONE_EINVAL);
    ck_assert_ptr_nonnull(strstr(err.msg, "not valid UTF-8"));
    hone__yaml *deep = hone__yaml_new_list(arena);
    for (int i = 0; i < 64; i++) {
        hone__yaml *outer = hone__yaml_new_list(arena);
        hone__yaml_append(outer, deep);
        deep = outer;
    }
    ck_assert_int_eq(hone__yaml_emit(deep, &s, &err), HONE_EINVAL);
    size_t n;
    char *long_text = repeat("", "\n", 600000, "", &n);
    ck_assert_int_eq(hone__yaml_emit(hone__yaml_new_text(arena, long_text), &s, &err), HONE_EINVAL);
    ck_assert_ptr_nonnull(strstr(err.msg, "1200003 bytes"));
    hone__free(long_text);
    hone__str_clear(&s);
}
END_TEST

/* ---- Short memory ------------------------------------------------------------------------------------------------ */

/* Reads, changes, copies and writes. */
static hone_status work(hone_error *err)
{
    static const char text[] = "a: {b: [1, 2], c: x}\nd: 1.5\n";
    hone_arena *own = hone__arena_create(256);
    if (own == NULL)
        return hone_no_memory(err, "making an arena");
    hone__yaml *root, *copy;
    hone__str s = {0};
    hone_status status = hone__yaml_parse(own, text, sizeof text - 1, "f.yaml", &root, NULL, err);
    if (status == HONE_OK)
        status = hone__yaml_set(own, root, "a.e.f.g", root->child, err);
    if (status == HONE_OK)
        status = (copy = hone__yaml_copy(own, root)) != NULL ? hone__yaml_emit(copy, &s, err) : hone_no_memory(err, "copying");
    if (status == HONE_OK && strcmp(s.data, "a:\n  b: [1, 2]\n  c: x\n  e:\n    f:\n      g: {b: [1, 2], c: x}\nd: 1.5\n") != 0)
        status = HONE_EFORMAT;
    hone__str_clear(&s);
    hone__arena_destroy(own);
    return status;
}

START_TEST(any_allocation_may_fail_and_a_retry_succeeds)
{
    for (int64_t n = 1;; n++) {
        hone_error err = {0};
        hone__alloc_fail_at(n);
        hone_status status = work(&err);
        bool reached = hone__alloc_count() >= n;
        hone__alloc_fail_at(0);
        if (!reached) {
            ck_assert_int_eq(status, HONE_OK);
            ck_assert_int_gt(n, 5);
            return;
        }
        ck_assert_int_eq(status, HONE_ENOMEM);
        ck_assert_int_eq(work(&err), HONE_OK);
    }
}
END_TEST

#define COUNT(a) (int)(sizeof(a) / sizeof *(a))

int main(void)
{
    Suite *suite = suite_create("yaml");
    TCase *c = tcase_create("all");
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_set_timeout(c, 60);
    tcase_add_test(c, every_node_knows_its_place);
    tcase_add_loop_test(c, scalars_follow_the_core_schema, 0, COUNT(scalars));
    tcase_add_test(c, nan_is_a_real_and_equal_to_itself);
    tcase_add_test(c, text_is_kept_as_written);
    tcase_add_test(c, byte_order_mark_of_utf8_is_skipped);
    tcase_add_test(c, line_feeds_may_be_those_of_other_systems);
    tcase_add_loop_test(c, mistake_gets_one_clear_sentence, 0, COUNT(bad_texts));
    tcase_add_test(c, nul_byte_is_refused);
    tcase_add_test(c, depth_64_is_read_and_65_refused);
    tcase_add_test(c, deep_nesting_is_refused_after_65_events_and_before_64_kib);
    tcase_add_test(c, nested_events_of_open_brackets_are_65);
    tcase_add_test(c, more_than_200000_events_are_refused);
    tcase_add_test(c, one_mebibyte_is_read_and_a_byte_more_refused);
    tcase_add_test(c, many_tag_directives_are_refused_at_once);
    tcase_add_test(c, large_map_is_checked_for_duplicates);
    tcase_add_test(c, file_is_loaded_and_named_in_messages);
    tcase_add_test(c, text_cut_anywhere_is_read_or_refused);
    tcase_add_test(c, paths_are_set_in_their_place_or_made);
    tcase_add_test(c, paths_through_lists_and_scalars_are_refused);
    tcase_add_test(c, path_deeper_than_64_is_refused);
    tcase_add_test(c, adding_a_key_twice_is_refused);
    tcase_add_test(c, maps_are_equal_in_any_order_and_types_count);
    tcase_add_test(c, style_is_the_one_of_experiment_files);
    tcase_add_test(c, reals_that_are_made_read_as_reals);
    tcase_add_loop_test(c, hard_strings_read_back_as_values_and_keys_in_every_place, 0, N_HARD);
    tcase_add_test(c, keys_of_any_length_read_back);
    tcase_add_test(c, any_tree_reads_back_as_an_equal_tree);
    tcase_add_test(c, what_could_not_be_read_back_is_not_written);
    tcase_add_test(c, any_allocation_may_fail_and_a_retry_succeeds);
    suite_add_tcase(suite, c);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
