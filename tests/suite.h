/* suite.h - what every Check program needs: its main, a folder for temporary files, and the failing allocator's loop.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_TESTS_SUITE_H
#define HONE_TESTS_SUITE_H

#include "base/alloc.h"
#include "base/file.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* At the end of a test program: SUITE("str", value_out_of_range_is_refused, ...), the names given to START_TEST. */
#define SUITE(name, ...)                                                                                                       \
    int main(void)                                                                                                             \
    {                                                                                                                          \
        const TTest *tests[] = {__VA_ARGS__};                                                                                  \
        return suite_run(name, tests, sizeof tests / sizeof tests[0]);                                                         \
    }

static inline int suite_run(const char *name, const TTest *const *tests, size_t n)
{
    Suite *suite = suite_create(name);
    TCase *tcase = tcase_create(name);
    tcase_set_timeout(tcase, 120);
    for (size_t i = 0; i < n; i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}

/* A fresh folder for temporary files; to be given to suite_remove_dir, which frees it. */
static inline char *suite_make_dir(void)
{
    const char *parent = getenv("TMPDIR");
    char *dir = malloc(4096);
    ck_assert_ptr_nonnull(dir);
    snprintf(dir, 4096, "%s/hone-test-XXXXXX", parent && *parent ? parent : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    return dir;
}

static inline void suite_remove_dir(char *dir)
{
    hone_error err;
    ck_assert_int_eq(hone__remove_tree(dir, &err), HONE_OK);
    free(dir);
}

/* Runs `attempt` with the first allocation failing, then with the second, ..., until it takes fewer allocations than that and so
 * succeeds. Whenever it fails it must say that memory is short. It frees what it made, also where it succeeds in spite of a
 * failed allocation. Returns how many allocations it takes. */
static inline int64_t suite_every_allocation_fails(hone_status (*attempt)(void *ctx, hone_error *err), void *ctx)
{
    for (int64_t n = 1;; n++) {
        hone_error err = {HONE_OK, ""};
        hone__alloc_fail_at(n);
        hone_status status = attempt(ctx, &err);
        int64_t taken = hone__alloc_count();
        hone__alloc_fail_at(0);
        if (status == HONE_OK && taken < n)
            return taken;
        if (status != HONE_OK)
            ck_assert_msg(status == HONE_ENOMEM && err.status == status && err.msg[0], "allocation %lld failed: %s: %s",
                          (long long)n, hone_status_name(status), err.msg);
    }
}

#endif
