/* test_json.c - the strict face on Jansson.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "suite.h"

/* Parses text with its terminating NUL left out. */
static hone_status parse(const char *text, json_t **root, hone_error *err)
{
    return hone__json_parse(text, strlen(text), "a.json", root, err);
}

START_TEST(what_is_not_json_is_refused_with_its_place)
{
    static const struct {
        const char *text, *said;
    } cases[] = {
        {"", "a.json:1:"},
        {"{\"a\": 1,\n \"a\": 2}", "duplicate object key"},
        {"{\"a\": 1,\n b}", "a.json:2:"},
        {"[1, 2", "a.json:1:"},
        {"[1] x", "a.json:1:"},
        {"[01]", "a.json:1:"},
        {"[+1]", "a.json:1:"},
        {"[.5]", "a.json:1:"},
        {"[1,]", "a.json:1:"},
        {"[NaN]", "a.json:1:"},
        {"{'a': 1}", "a.json:1:"},
        {"[9223372036854775808]", "too big integer"},
        {"[1e999]", "overflow"},
        {"[\"\xFF\"]", "decode byte 0xff"},
        {"[\"\\u0000\"]", "a.json:1:"},
        {"[\"\\ud800\"]", "a.json:1:"},
        {"[\"a\nb\"]", "a.json:1:"},
        {"\xEF\xBB\xBF[]", "a.json:1:"},
        {"[1] // comment", "a.json:1:"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_t *root;
        hone_error err;
        ck_assert_msg(parse(cases[i].text, &root, &err) == HONE_EFORMAT, "accepted: %s", cases[i].text);
        ck_assert_ptr_null(root);
        ck_assert_msg(strstr(err.msg, cases[i].said) != NULL, "%s\n%s", cases[i].text, err.msg);
    }
}
END_TEST

START_TEST(a_nul_byte_behind_the_value_is_refused)
{
    json_t *root;
    hone_error err;
    ck_assert_int_eq(hone__json_parse("[]\0", 3, "a.json", &root, &err), HONE_EFORMAT);
    ck_assert_int_eq(hone__json_parse("[] \r\n\t", 6, "a.json", &root, &err), HONE_OK);
    json_decref(root);
}
END_TEST

START_TEST(integers_are_exact_to_64_bits)
{
    json_t *root;
    hone_error err;
    int64_t x = 0;
    ck_assert_int_eq(parse("{\"a\": 9223372036854775807, \"b\": -9223372036854775808}", &root, &err), HONE_OK);
    ck_assert_int_eq(hone__json_int(root, "a", true, &x, "a.json", &err), HONE_OK);
    ck_assert(x == INT64_MAX);
    ck_assert_int_eq(hone__json_int(root, "b", true, &x, "a.json", &err), HONE_OK);
    ck_assert(x == INT64_MIN);
    json_decref(root);
}
END_TEST

static char *nested(int depth, char out[400])
{
    memset(out, '[', (size_t)depth);
    memset(out + depth, ']', (size_t)depth);
    out[2 * depth] = '\0';
    return out;
}

START_TEST(depth_64_is_read_and_65_refused)
{
    json_t *root;
    hone_error err;
    char text[400];
    ck_assert_int_eq(parse(nested(64, text), &root, &err), HONE_OK);
    json_decref(root);
    ck_assert_int_eq(parse(nested(65, text), &root, &err), HONE_EFORMAT);
    ck_assert_ptr_nonnull(strstr(err.msg, "more than 64 deep"));
    /* Brackets within strings are text. */
    ck_assert_int_eq(
        parse("[\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[\"]", &root, &err), HONE_OK);
    json_decref(root);
}
END_TEST

START_TEST(a_wall_of_brackets_is_refused_at_once)
{
    enum { N = 4 * 1024 * 1024 };
    char *text = malloc(N);
    json_t *root;
    hone_error err;
    memset(text, '[', N);
    ck_assert_int_eq(hone__json_parse(text, N, "a.json", &root, &err), HONE_EFORMAT);
    free(text);
}
END_TEST

START_TEST(members_are_typed_and_absent_ones_leave_the_default)
{
    json_t *root;
    hone_error err;
    int64_t i = 7;
    double x = 7;
    bool b = true;
    const char *text = "default";
    ck_assert_int_eq(parse("{\"i\": 3, \"x\": 0.5, \"b\": false, \"t\": \"gelu\"}", &root, &err), HONE_OK);
    ck_assert_int_eq(hone__json_int(root, "none", false, &i, "a.json", &err), HONE_OK);
    ck_assert_int_eq(i, 7);
    ck_assert_int_eq(hone__json_int(root, "i", true, &i, "a.json", &err), HONE_OK);
    ck_assert_int_eq(i, 3);
    ck_assert_int_eq(hone__json_real(root, "x", true, &x, "a.json", &err), HONE_OK);
    ck_assert(x == 0.5);
    ck_assert_int_eq(hone__json_real(root, "i", true, &x, "a.json", &err), HONE_OK);
    ck_assert(x == 3);
    ck_assert_int_eq(hone__json_bool(root, "b", true, &b, "a.json", &err), HONE_OK);
    ck_assert(!b);
    ck_assert_int_eq(hone__json_text(root, "t", true, &text, "a.json", &err), HONE_OK);
    ck_assert_str_eq(text, "gelu");
    ck_assert_int_eq(hone__json_int(root, "x", false, &i, "a.json", &err), HONE_EFORMAT);
    ck_assert_str_eq(err.msg, "a.json: \"x\" is a real number; it must be an integer");
    ck_assert_int_eq(hone__json_text(root, "b", false, &text, "a.json", &err), HONE_EFORMAT);
    ck_assert_str_eq(err.msg, "a.json: \"b\" is false; it must be a string");
    ck_assert_int_eq(hone__json_bool(root, "none", true, &b, "a.json", &err), HONE_EFORMAT);
    ck_assert_str_eq(err.msg, "a.json has no \"none\", which it must have");
    json_decref(root);
}
END_TEST

static const char document[] = "{\n"
                               "  \"z\": [\n"
                               "    1,\n"
                               "    -2.5,\n"
                               "    5.0e-05,\n"
                               "    true,\n"
                               "    null\n"
                               "  ],\n"
                               "  \"a\": {\n"
                               "    \"q\\\"\": \"gr\xC3\xBC\xC3\x9F\\n\"\n"
                               "  },\n"
                               "  \"empty\": {},\n"
                               "  \"none\": []\n"
                               "}\n";

START_TEST(what_is_saved_is_read_back_and_keeps_its_order)
{
    char *dir = suite_make_dir(), path[4200], *bytes;
    size_t n;
    json_t *root, *again;
    hone_error err;
    snprintf(path, sizeof path, "%s/a.json", dir);
    ck_assert_int_eq(parse(document, &root, &err), HONE_OK);
    ck_assert_int_eq(hone__json_save(root, path, &err), HONE_OK);
    ck_assert_int_eq(hone__read_file(path, 0, &bytes, &n, &err), HONE_OK);
    ck_assert_str_eq(bytes, document);
    hone__free(bytes);
    ck_assert_int_eq(hone__json_load(path, 0, &again, &err), HONE_OK);
    ck_assert(json_equal(root, again));
    json_decref(root);
    json_decref(again);
    ck_assert_int_eq(hone__json_load(path, 10, &again, &err), HONE_EFORMAT);
    ck_assert_ptr_null(again);
    ck_assert_int_eq(hone__json_load("/no/such.json", 0, &again, &err), HONE_EIO);
    suite_remove_dir(dir);
}
END_TEST

/* Long names, texts with escapes and wide objects make every buffer of Jansson's grow. */
static const char growing[] =
    "{\"encoder.layer.11.attention.output.LayerNorm.weight\": \"\\u00fc and then a longer text with an \\\"escape\\\"\","
    "\"a\": 1, \"b\": 2, \"c\": 3, \"d\": 4, \"e\": 5, \"f\": 6, \"g\": 7, \"h\": 8, \"i\": 9, \"j\": 10.5,"
    "\"list\": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 3.141592653589793238462643383279]}";

static hone_status parse_and_save(void *ctx, hone_error *err)
{
    json_t *root;
    HONE_TRY(parse(growing, &root, err));
    ck_assert_uint_eq(json_object_size(root), 12);
    json_decref(root);
    HONE_TRY(parse(document, &root, err));
    hone_status status = hone__json_save(root, ctx, err);
    json_decref(root);
    return status;
}

START_TEST(every_failed_allocation_is_survived)
{
    char *dir = suite_make_dir(), path[4200];
    snprintf(path, sizeof path, "%s/a.json", dir);
    ck_assert_int_gt(suite_every_allocation_fails(parse_and_save, path), 20);
    suite_remove_dir(dir);
}
END_TEST

SUITE("json", what_is_not_json_is_refused_with_its_place, a_nul_byte_behind_the_value_is_refused, integers_are_exact_to_64_bits,
      depth_64_is_read_and_65_refused, a_wall_of_brackets_is_refused_at_once,
      members_are_typed_and_absent_ones_leave_the_default, what_is_saved_is_read_back_and_keeps_its_order,
      every_failed_allocation_is_survived)
