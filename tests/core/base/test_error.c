/* test_error.c - errors and the names of statuses.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "suite.h"

START_TEST(a_failure_writes_its_sentence_and_returns_its_status)
{
    hone_error err;
    ck_assert_int_eq(hone_fail(&err, HONE_EINVAL, "dropout is %g; it must lie in [0, 1)", 1.5), HONE_EINVAL);
    ck_assert_int_eq(err.status, HONE_EINVAL);
    ck_assert_str_eq(err.msg, "dropout is 1.5; it must lie in [0, 1)");
    ck_assert_int_eq(hone_fail(NULL, HONE_EIO, "nobody listens"), HONE_EIO);
}
END_TEST

START_TEST(an_error_may_be_wrapped_into_itself)
{
    hone_error err;
    ck_assert_int_eq(hone_fail(&err, HONE_EIO, "no such file"), HONE_EIO);
    ck_assert_int_eq(hone_fail(&err, err.status, "%s: %s", "a.yaml", err.msg), HONE_EIO);
    ck_assert_str_eq(err.msg, "a.yaml: no such file");
}
END_TEST

START_TEST(a_long_message_is_cut_between_characters_and_says_so)
{
    hone_error err;
    for (int shift = 0; shift < 4; shift++) {
        char text[3000];
        memset(text, 'x', sizeof text);
        for (size_t i = (size_t)shift; i + 3 < sizeof text; i += 3)
            memcpy(text + i, "\xE2\x82\xAC", 3);
        text[sizeof text - 9] = '\0';
        (void)hone_fail(&err, HONE_EINVAL, "%s", text);
        size_t n = strlen(err.msg);
        ck_assert_uint_gt(n, sizeof err.msg - 8);
        ck_assert_str_eq(err.msg + n - 3, "...");
        ck_assert(hone__utf8_valid(err.msg, n, NULL));
    }
}
END_TEST

START_TEST(every_status_has_a_name_and_a_text)
{
    ck_assert_str_eq(hone_status_name(HONE_OK), "OK");
    ck_assert_str_eq(hone_status_name(HONE_EEXIST), "EEXIST");
    ck_assert_str_eq(hone_status_text(HONE_ENOMEM), "out of memory");
    ck_assert_str_eq(hone_status_name((hone_status)9999), "UNKNOWN");
    ck_assert_ptr_nonnull(hone_status_text((hone_status)9999));
}
END_TEST

START_TEST(short_memory_is_said_with_what_was_being_done)
{
    hone_error err;
    ck_assert_int_eq(hone_no_memory(&err, "reading a vocabulary"), HONE_ENOMEM);
    ck_assert_str_eq(err.msg, "out of memory while reading a vocabulary");
}
END_TEST

SUITE("error", a_failure_writes_its_sentence_and_returns_its_status, an_error_may_be_wrapped_into_itself,
      a_long_message_is_cut_between_characters_and_says_so, every_status_has_a_name_and_a_text,
      short_memory_is_said_with_what_was_being_done)
