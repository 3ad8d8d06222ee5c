/* test_folder.c - folders that appear whole or not at all.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/folder.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

static void path_in(const char *dir, const char *name, char *out, size_t size)
{
    snprintf(out, size, "%s/%s", dir, name);
}

static hone_status write_into(const char *path, const char *name, const char *text, hone_error *err)
{
    hone__folder_writer w;
    char file[512];
    HONE_TRY(hone__folder_begin(&w, path, err));
    path_in(w.temporary, name, file, sizeof file);
    const hone_status status = hone__write_file(file, text, strlen(text), err);
    if (status == HONE_OK)
        return hone__folder_commit(&w, err);
    hone__folder_abandon(&w);
    return status;
}

static bool there(const char *dir, const char *name)
{
    char path[512];
    path_in(dir, name, path, sizeof path);
    return hone__exists(path);
}

START_TEST(a_folder_takes_the_place_of_an_older_one_whole)
{
    hone_error err;
    char *dir = suite_make_dir(), path[300];
    path_in(dir, "model", path, sizeof path);
    ck_assert_msg(write_into(path, "a", "1", &err) == HONE_OK, "%s", err.msg);
    ck_assert(there(path, "a"));
    ck_assert_msg(write_into(path, "b", "2", &err) == HONE_OK, "%s", err.msg);
    ck_assert(there(path, "b") && !there(path, "a"));
    ck_assert(!there(dir, "model.new") && !there(dir, "model.old"));
    suite_remove_dir(dir);
}
END_TEST

START_TEST(until_commit_the_older_one_stays_and_leftovers_are_taken_away)
{
    hone__folder_writer w;
    hone_error err;
    char *dir = suite_make_dir(), path[300], left[512];
    path_in(dir, "model", path, sizeof path);
    ck_assert_int_eq(write_into(path, "a", "1", &err), HONE_OK);
    ck_assert_int_eq(hone__folder_begin(&w, path, &err), HONE_OK);
    path_in(w.temporary, "left", left, sizeof left);
    ck_assert_int_eq(hone__write_file(left, "x", 1, &err), HONE_OK);
    ck_assert(there(path, "a"));
    hone__free(w.path); /* as if killed: nothing is cleaned up */
    hone__free(w.temporary);
    ck_assert_int_eq(write_into(path, "b", "2", &err), HONE_OK);
    ck_assert(there(path, "b") && !there(path, "left") && !there(path, "a"));
    ck_assert_int_eq(hone__folder_begin(&w, path, &err), HONE_OK);
    hone__folder_abandon(&w);
    ck_assert(there(path, "b") && !there(dir, "model.new"));
    suite_remove_dir(dir);
}
END_TEST

START_TEST(any_allocation_may_fail_and_the_older_one_stays)
{
    hone_error err;
    char *dir = suite_make_dir(), path[300];
    path_in(dir, "model", path, sizeof path);
    ck_assert_int_eq(write_into(path, "a", "1", &err), HONE_OK);
    hone_status status = HONE_ENOMEM;
    for (int64_t n = 1; status != HONE_OK && n < 100; n++) {
        hone__alloc_fail_at(n);
        status = write_into(path, "b", "2", &err);
        hone__alloc_fail_at(0);
        ck_assert(status == HONE_OK || status == HONE_ENOMEM);
        ck_assert(there(path, "a") != there(path, "b"));
    }
    ck_assert_int_eq(status, HONE_OK);
    suite_remove_dir(dir);
}
END_TEST

START_TEST(a_place_that_cannot_be_written_is_an_error_that_names_it)
{
    hone_error err;
    ck_assert_int_eq(write_into("/nowhere/at/all/model", "a", "1", &err), HONE_EIO);
    ck_assert_msg(strstr(err.msg, "/nowhere/at/all/model") != NULL, "%s", err.msg);
}
END_TEST

START_TEST(a_linked_folder_has_the_same_files_and_outlives_the_first)
{
    hone_error err;
    char *dir = suite_make_dir(), first[300], second[300];
    path_in(dir, "model", first, sizeof first);
    path_in(dir, "best", second, sizeof second);
    ck_assert_int_eq(write_into(first, "a", "1", &err), HONE_OK);
    ck_assert_int_eq(write_into(second, "old", "2", &err), HONE_OK);
    ck_assert_msg(hone__folder_link(first, second, &err) == HONE_OK, "%s", err.msg);
    ck_assert(there(second, "a") && !there(second, "old"));
    ck_assert_int_eq(hone__remove_tree(first, &err), HONE_OK);
    ck_assert(there(second, "a"));
    ck_assert_int_eq(hone__folder_link(first, second, &err), HONE_EIO);
    ck_assert(there(second, "a") && !there(dir, "best.new"));
    suite_remove_dir(dir);
}
END_TEST

SUITE("folder", a_linked_folder_has_the_same_files_and_outlives_the_first, a_folder_takes_the_place_of_an_older_one_whole,
      until_commit_the_older_one_stays_and_leftovers_are_taken_away, any_allocation_may_fail_and_the_older_one_stays,
      a_place_that_cannot_be_written_is_an_error_that_names_it)
