/* test_str.c - growing strings, shown text, reals, nearest names, UTF-8.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/random.h"
#include "base/str.h"
#include "suite.h"

#include <float.h>
#include <math.h>

START_TEST(a_string_grows_by_text_bytes_and_formats)
{
    hone__str s = {0};
    ck_assert_str_eq(hone__str_text(&s), "");
    hone__str_add(&s, "lr");
    hone__str_addn(&s, "=0.5", 2);
    hone__str_addf(&s, "%d/%s", 12, "x");
    ck_assert_str_eq(hone__str_text(&s), "lr=012/x");
    for (int i = 0; i < 1000; i++)
        hone__str_addf(&s, "%d ", i);
    ck_assert_uint_eq(s.n, strlen(s.data));
    ck_assert(!s.failed);
    hone__str_clear(&s);
    ck_assert_str_eq(hone__str_text(&s), "");
}
END_TEST

START_TEST(a_failed_allocation_empties_the_string_and_sticks)
{
    hone__str s = {0};
    hone__str_add(&s, "abc");
    hone__alloc_fail_at(1);
    hone__str_addf(&s, "%200d", 1);
    hone__alloc_fail_at(0);
    ck_assert(s.failed);
    hone__str_add(&s, "more");
    hone__str_add_json(&s, "more");
    hone__str_add_shown(&s, "more", 10);
    ck_assert_str_eq(hone__str_text(&s), "");
    hone__str_clear(&s);
    ck_assert(!s.failed);
}
END_TEST

static const char *json_of(const char *text, char out[256])
{
    hone__str s = {0};
    hone__str_add_json(&s, text);
    snprintf(out, 256, "%s", hone__str_text(&s));
    hone__str_clear(&s);
    return out;
}

START_TEST(json_text_is_escaped)
{
    char out[256];
    ck_assert_str_eq(json_of("", out), "\"\"");
    ck_assert_str_eq(json_of("a\"b\\c\n\t\r\b\f\x01\x7F", out), "\"a\\\"b\\\\c\\n\\t\\r\\b\\f\\u0001\\u007f\"");
    ck_assert_str_eq(json_of("gr\xC3\xBC\xC3\x9F \xF0\x9F\x98\x80", out), "\"gr\xC3\xBC\xC3\x9F \xF0\x9F\x98\x80\"");
    ck_assert_str_eq(json_of("\xFF|\xC3", out), "\"\\ufffd|\\ufffd\"");
}
END_TEST

START_TEST(shown_text_has_no_control_characters_and_is_cut_with_dots)
{
    char out[64];
    ck_assert_str_eq(hone__shown("plain", out, sizeof out), "plain");
    ck_assert_str_eq(hone__shown("\x1B[31mred\n", out, sizeof out), "\\x1b[31mred\\n");
    ck_assert_str_eq(hone__shown("\xFF\xC2\x80\xE2\x80\xAE", out, sizeof out), "\\xff\\x80\\u202e");
    ck_assert_str_eq(hone__shown("1234567890", out, 11), "1234567890");
    ck_assert_str_eq(hone__shown("1234567890", out, 10), "123456...");
    ck_assert_str_eq(hone__shown("\xC3\xBC\xC3\xBC\xC3\xBC\xC3\xBC", out, 8), "\xC3\xBC\xC3\xBC...");
    ck_assert_str_eq(hone__shown("abcdef", out, 3), "..");
    ck_assert_str_eq(hone__shown("abcdef", out, 1), "");
}
END_TEST

START_TEST(shown_text_fits_whatever_it_was)
{
    hone_stream stream = {1, 2};
    for (uint64_t trial = 0; trial < 2000; trial++) {
        char text[64], out[64];
        size_t n = hone_random_below(stream, trial, 0, 40), size = hone_random_below(stream, trial, 1, 60) + 1;
        for (size_t i = 0; i < n; i++)
            text[i] = (char)(hone_random_below(stream, trial, 2 + i, 255) + 1);
        text[n] = '\0';
        hone__shown(text, out, size);
        ck_assert_uint_lt(strlen(out), size);
        ck_assert(hone__utf8_valid(out, strlen(out), NULL));
        hone__str s = {0};
        hone__str_add_shown(&s, text, size - 1);
        ck_assert_str_eq(hone__str_text(&s), out);
        hone__str_clear(&s);
    }
}
END_TEST

static double read_back(double x, char out[64])
{
    hone__str s = {0};
    hone__str_add_real(&s, x);
    snprintf(out, 64, "%s", hone__str_text(&s));
    hone__str_clear(&s);
    return strtod(out, NULL);
}

START_TEST(reals_are_short_and_always_look_like_reals)
{
    static const struct {
        double x;
        const char *text;
    } cases[] = {
        {0.1, "0.1"},
        {1.0, "1.0"},
        {5e-5, "5.0e-05"},
        {-0.0, "-0.0"},
        {0.0, "0.0"},
        {1e22, "1.0e+22"},
        {123456.0, "123456.0"},
        {100.0, "100.0"},
        {1e15, "1000000000000000.0"},
        {1e16, "1.0e+16"},
        {0.0001, "0.0001"},
        {-1234.5, "-1234.5"},
        {2.5, "2.5"},
        {1.0 / 3, "0.3333333333333333"},
        {INFINITY, ".inf"},
        {-INFINITY, "-.inf"},
        {NAN, ".nan"},
    };
    char out[64];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        read_back(cases[i].x, out);
        ck_assert_str_eq(out, cases[i].text);
    }
}
END_TEST

START_TEST(reals_read_back_as_the_same_bits)
{
    static const double edges[] = {DBL_MIN, DBL_MAX, DBL_TRUE_MIN, DBL_EPSILON, 1 - DBL_EPSILON / 2, 0x1p-1022, 0x1p53, 1e23};
    hone_stream stream = {7, 9};
    char out[64];
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++)
        ck_assert(read_back(edges[i], out) == edges[i]);
    for (uint64_t i = 0; i < 20000; i++) {
        uint32_t bits[4];
        double x;
        hone_random_block(stream, 0, i, bits);
        memcpy(&x, bits, sizeof x);
        if (!isfinite(x))
            continue;
        double y = read_back(x, out);
        ck_assert_msg(memcmp(&x, &y, sizeof x) == 0, "%s", out);
        ck_assert_msg(strpbrk(out, ".") != NULL, "%s", out);
    }
}
END_TEST

static const char *const names[] = {"learning_rate", "weight_decay", "beta1", "beta2", "eps", "f1", "adamw", NULL};

START_TEST(the_nearest_name_is_found_by_every_kind_of_slip)
{
    ck_assert_str_eq(hone__nearest_of("learing_rate", names), "learning_rate");
    ck_assert_str_eq(hone__nearest_of("learnnig_rate", names), "learning_rate");
    ck_assert_str_eq(hone__nearest_of("Weight_Decay", names), "weight_decay");
    ck_assert_str_eq(hone__nearest_of("weight-decay", names), "weight_decay");
    ck_assert_str_eq(hone__nearest_of("adam", names), "adamw");
    ck_assert_str_eq(hone__nearest_of("beta3", names), "beta1");
    ck_assert_str_eq(hone__nearest_of("esp", names), "eps");
}
END_TEST

START_TEST(what_is_far_from_every_name_has_no_nearest)
{
    char longer[200];
    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    ck_assert_ptr_null(hone__nearest_of("momentum", names));
    ck_assert_ptr_null(hone__nearest_of("lr", names));
    ck_assert_ptr_null(hone__nearest_of("", names));
    ck_assert_ptr_null(hone__nearest_of(longer, names));
}
END_TEST

START_TEST(utf8_is_checked_strictly)
{
    static const struct {
        const char *bytes;
        size_t n, bad_at; /* bad_at == n: valid */
    } cases[] = {
        {"", 0, 0},
        {"a\0b", 3, 3},
        {"\xC3\xBC", 2, 2},
        {"\xE2\x82\xAC", 3, 3},
        {"\xF4\x8F\xBF\xBF", 4, 4},     /* U+10FFFF */
        {"x\xC0\x80", 3, 1},            /* overlong */
        {"\xE0\x9F\xBF", 3, 0},         /* overlong */
        {"\xF0\x8F\xBF\xBF", 4, 0},     /* overlong */
        {"ab\xED\xA0\x80", 5, 2},       /* a surrogate */
        {"\xF4\x90\x80\x80", 4, 0},     /* above U+10FFFF */
        {"\xF8\x88\x80\x80\x80", 5, 0}, /* five bytes */
        {"abc\xE2\x82", 5, 3},          /* cut off */
        {"\x80", 1, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t bad_at = cases[i].n;
        bool valid = hone__utf8_valid(cases[i].bytes, cases[i].n, &bad_at);
        ck_assert_int_eq(valid, cases[i].bad_at == cases[i].n);
        ck_assert_uint_eq(bad_at, cases[i].bad_at);
    }
}
END_TEST

SUITE("str", a_string_grows_by_text_bytes_and_formats, a_failed_allocation_empties_the_string_and_sticks, json_text_is_escaped,
      shown_text_has_no_control_characters_and_is_cut_with_dots, shown_text_fits_whatever_it_was,
      reals_are_short_and_always_look_like_reals, reals_read_back_as_the_same_bits,
      the_nearest_name_is_found_by_every_kind_of_slip, what_is_far_from_every_name_has_no_nearest, utf8_is_checked_strictly)
