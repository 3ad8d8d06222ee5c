/* test_inspect.c - `hone inspect` with short memory: a clean error, no leak, and a retry that succeeds.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"
#include "suite.h"
#include <stdio.h>
#include <unistd.h>

/* What the command prints goes nowhere, so that it does not stand between the lines of the test. */
static int run_quietly(bool json)
{
    char word[] = "inspect", path[] = "tests/golden/safetensors/reference.safetensors", option[] = "--json";
    char *argv[] = {word, path, json ? option : NULL, NULL};
    fflush(stdout);
    fflush(stderr);
    int out = dup(STDOUT_FILENO), errors = dup(STDERR_FILENO);
    FILE *nowhere = fopen("/dev/null", "w");
    ck_assert_ptr_nonnull(nowhere);
    dup2(fileno(nowhere), STDOUT_FILENO);
    dup2(fileno(nowhere), STDERR_FILENO);
    int status = hone__cli_inspect(json ? 3 : 2, argv);
    fflush(stdout);
    fflush(stderr);
    dup2(out, STDOUT_FILENO);
    dup2(errors, STDERR_FILENO);
    close(out);
    close(errors);
    fclose(nowhere);
    return status;
}

static void fail_each_allocation(bool json)
{
    int64_t taken = 0;
    for (int64_t n = 1; taken >= n - 1; n++) {
        hone__alloc_fail_at(n);
        int status = run_quietly(json);
        taken = hone__alloc_count();
        hone__alloc_fail_at(0);
        ck_assert_int_eq(status, taken >= n ? HONE__EXIT_FAILED : HONE__EXIT_DONE);
    }
    ck_assert_int_gt(taken, 20);
    ck_assert_int_eq(run_quietly(json), HONE__EXIT_DONE);
}

START_TEST(any_allocation_may_fail_while_listing)
{
    fail_each_allocation(false);
}
END_TEST

START_TEST(any_allocation_may_fail_while_listing_as_json)
{
    fail_each_allocation(true);
}
END_TEST

SUITE("inspect", any_allocation_may_fail_while_listing, any_allocation_may_fail_while_listing_as_json)
