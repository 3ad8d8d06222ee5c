/* test_hash.c - SHA-256 against the examples of FIPS 180-2, appendix B.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"
#include "suite.h"

static const char abc_hash[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
static const char empty_hash[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
static const char million_hash[] = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";

START_TEST(the_published_examples_come_out)
{
    char hex[65];
    hone_error err;
    ck_assert_int_eq(hone__sha256_bytes("abc", 3, hex, &err), HONE_OK);
    ck_assert_str_eq(hex, abc_hash);
    ck_assert_int_eq(hone__sha256_bytes("", 0, hex, &err), HONE_OK);
    ck_assert_str_eq(hex, empty_hash);
}
END_TEST

START_TEST(pieces_and_the_whole_have_the_same_hash)
{
    char hex[65];
    hone_error err;
    hone__sha256 *h = hone__sha256_create();
    ck_assert_ptr_nonnull(h);
    for (int i = 0; i < 10000; i++) {
        char piece[100];
        memset(piece, 'a', sizeof piece);
        hone__sha256_add(h, piece, sizeof piece);
    }
    ck_assert_int_eq(hone__sha256_finish(h, hex, &err), HONE_OK);
    ck_assert_str_eq(hex, million_hash);
}
END_TEST

START_TEST(a_file_has_the_hash_of_its_bytes)
{
    char *dir = suite_make_dir(), path[4200], hex[65];
    hone_error err;
    snprintf(path, sizeof path, "%s/abc", dir);
    ck_assert_int_eq(hone__write_file(path, "abc", 3, &err), HONE_OK);
    ck_assert_int_eq(hone__sha256_file(path, hex, &err), HONE_OK);
    ck_assert_str_eq(hex, abc_hash);
    ck_assert_int_eq(hone__write_file(path, "", 0, &err), HONE_OK);
    ck_assert_int_eq(hone__sha256_file(path, hex, &err), HONE_OK);
    ck_assert_str_eq(hex, empty_hash);
    suite_remove_dir(dir);
    ck_assert_int_eq(hone__sha256_file("/no/such/file", hex, &err), HONE_EIO);
}
END_TEST

static hone_status hash(void *ctx, hone_error *err)
{
    char hex[65];
    (void)ctx;
    return hone__sha256_bytes("abc", 3, hex, err);
}

START_TEST(every_failed_allocation_is_survived)
{
    ck_assert_int_ge(suite_every_allocation_fails(hash, NULL), 1);
}
END_TEST

SUITE("hash", the_published_examples_come_out, pieces_and_the_whole_have_the_same_hash, a_file_has_the_hash_of_its_bytes,
      every_failed_allocation_is_survived)
