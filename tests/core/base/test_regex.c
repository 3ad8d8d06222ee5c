/* test_regex.c - regular expressions: what they find, and what is refused.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/regex.h"

#include "suite.h"

static bool found(const char *pattern, const char *text)
{
    hone__regex *p;
    hone_error err = {HONE_OK, ""};
    ck_assert_msg(hone__regex_create(pattern, &p, &err) == HONE_OK, "%s: %s", pattern, err.msg);
    const bool there = hone__regex_matches(p, text);
    hone__regex_destroy(p);
    return there;
}

START_TEST(patterns_are_looked_for_anywhere)
{
    ck_assert(found("not|never", "this was never seen"));
    ck_assert(!found("^not", "it is not"));
    ck_assert(found("[0-9]{2,}", "in 1984"));
    ck_assert(!found("[0-9]{5}", "in 1984"));
    ck_assert(found("[]{9999}]", "]")); /* a set of letters repeats nothing */
    ck_assert(found("[[:upper:]{9]", "{"));
}
END_TEST

START_TEST(a_letter_of_several_bytes_is_one)
{
    ck_assert(found("^.$", "\xc3\xa4"));
    ck_assert(found("^[\xc3\xa4\xc3\xb6]$", "\xc3\xb6"));
    ck_assert(!found("[\xc3\xa4]", "\xc3\xb6"));
}
END_TEST

START_TEST(what_takes_all_memory_or_is_broken_is_refused_with_its_place)
{
    static const struct {
        const char *pattern, *message;
    } cases[] = {
        {"(a)\\1", "character 4 begins a back reference"},
        {"a{30000}", "repetition at its character 2"},
        {"((a{100}){100}){100}", "repetition at its character 10"},
        {"a{1,}b{2,1001}", "repetition at its character 7"},
        {"a{99999999999999999999}", "repetition at its character 2"},
        {"(a", "no extended regular expression"},
        {"[a", "no extended regular expression"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        hone__regex *p;
        hone_error err;
        ck_assert_int_eq(hone__regex_create(cases[i].pattern, &p, &err), HONE_EINVAL);
        ck_assert_msg(strstr(err.msg, cases[i].message) != NULL, "%s", err.msg);
        ck_assert_ptr_null(p);
    }
    char longest[1002];
    memset(longest, 'a', 1001);
    longest[1001] = 0;
    hone__regex *p;
    hone_error err;
    ck_assert_int_eq(hone__regex_create(longest, &p, &err), HONE_EINVAL);
}
END_TEST

SUITE("regex", patterns_are_looked_for_anywhere, a_letter_of_several_bytes_is_one,
      what_takes_all_memory_or_is_broken_is_refused_with_its_place)
