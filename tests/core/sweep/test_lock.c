/* test_lock.c - one supervisor per run directory; refusals that say what to do.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sweep/lock.h"
#include "sweep/rundir.h"

#include "suite.h"

#include <unistd.h>

static const char *path_in(const char *dir, const char *name)
{
    static char path[8400];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static void put(const char *path, const char *text)
{
    hone_error err;
    ck_assert_int_eq(hone__write_file(path, text, strlen(text), &err), HONE_OK);
}

START_TEST(a_second_supervisor_is_refused_until_the_first_is_gone)
{
    char *dir = suite_make_dir();
    hone__lock *one, *two;
    hone_error err;
    ck_assert_int_eq(hone__lock_take(dir, NULL, &one, &err), HONE_OK);
    ck_assert_int_eq(hone__lock_take(dir, NULL, &two, &err), HONE_EEXIST);
    ck_assert_ptr_nonnull(strstr(err.msg, "process"));
    hone__lock_release(one);
    ck_assert_int_eq(hone__lock_take(dir, NULL, &two, &err), HONE_OK);
    hone__lock_release(two);
    ck_assert(!hone__exists(path_in(dir, "lock")));
    suite_remove_dir(dir);
}
END_TEST

START_TEST(a_dead_owners_lock_is_taken_over_on_this_host_only)
{
    char *dir = suite_make_dir(), host[256] = "", text[400];
    hone__lock *lock;
    hone_error err;
    ck_assert_int_eq(gethostname(host, sizeof host - 1), 0);
    snprintf(text, sizeof text, "{\"host\": \"%s\", \"pid\": 1}", host);
    put(path_in(dir, "lock"), text);
    ck_assert_int_eq(hone__lock_take(dir, NULL, &lock, &err), HONE_OK);
    hone__lock_release(lock);
    put(path_in(dir, "lock"), "{\"host\": \"elsewhere.example\", \"pid\": 1}");
    ck_assert_int_eq(hone__lock_take(dir, NULL, &lock, &err), HONE_EEXIST);
    ck_assert_ptr_nonnull(strstr(err.msg, "elsewhere.example"));
    suite_remove_dir(dir);
}
END_TEST

START_TEST(a_torn_lock_names_nobody)
{
    char *dir = suite_make_dir();
    hone__lock *lock;
    hone_error err;
    put(path_in(dir, "lock"), "{\"host\": \"elsew");
    ck_assert_int_eq(hone__lock_take(dir, NULL, &lock, &err), HONE_OK);
    hone__lock_release(lock);
    suite_remove_dir(dir);
}
END_TEST

START_TEST(a_run_that_exists_is_refused_with_the_ways_out)
{
    char *dir = suite_make_dir();
    char run[4200];
    hone__lock *lock;
    hone_error err;
    snprintf(run, sizeof run, "%s/a/b", dir);
    ck_assert_int_eq(hone__rundir_create(run, false, NULL, &lock, &err), HONE_OK);
    put(path_in(run, "journal.log"), "x\n");
    hone__lock_release(lock);
    ck_assert_int_eq(hone__rundir_create(run, false, NULL, &lock, &err), HONE_EEXIST);
    ck_assert_ptr_nonnull(strstr(err.msg, "resume"));
    ck_assert_ptr_nonnull(strstr(err.msg, "--force"));
    ck_assert_int_eq(hone__rundir_create(run, true, NULL, &lock, &err), HONE_OK);
    ck_assert(!hone__exists(path_in(run, "journal.log")));
    ck_assert(hone__exists(path_in(run, "lock")));
    hone__lock_release(lock);
    suite_remove_dir(dir);
}
END_TEST

START_TEST(what_is_no_run_is_never_emptied)
{
    char *dir = suite_make_dir();
    hone__lock *lock;
    hone_error err;
    put(path_in(dir, "thesis.tex"), "x\n");
    ck_assert_int_eq(hone__rundir_create(dir, true, NULL, &lock, &err), HONE_EEXIST);
    ck_assert(hone__exists(path_in(dir, "thesis.tex")));
    ck_assert_int_eq(hone__rundir_create(path_in(dir, "thesis.tex"), true, NULL, &lock, &err), HONE_EEXIST);
    suite_remove_dir(dir);
}
END_TEST

static hone_status take_and_release(void *ctx, hone_error *err)
{
    hone__lock *lock;
    HONE_TRY(hone__rundir_create(ctx, false, NULL, &lock, err));
    hone__lock_release(lock);
    return HONE_OK;
}

START_TEST(every_allocation_may_fail)
{
    char *dir = suite_make_dir();
    suite_every_allocation_fails(take_and_release, dir);
    suite_remove_dir(dir);
}
END_TEST

START_TEST(looking_at_a_lock_tells_who_holds_it_and_touches_nothing)
{
    hone_error err;
    hone__lock_owner owner;
    hone__lock *lock = NULL;
    char *dir = suite_make_dir(), path[4200];
    snprintf(path, sizeof path, "%s/lock", dir);
    ck_assert_int_eq(hone__lock_look(dir, &owner, &err), HONE_OK);
    ck_assert(!owner.held);
    ck_assert_int_eq(hone__lock_take(dir, NULL, &lock, &err), HONE_OK);
    ck_assert_int_eq(hone__lock_look(dir, &owner, &err), HONE_OK);
    ck_assert(owner.held && owner.pid == getpid() && owner.host[0]);
    hone__lock_release(lock);
    ck_assert_int_eq(hone__lock_look(dir, &owner, &err), HONE_OK);
    ck_assert(!owner.held && !hone__exists(path));
    /* A process of that number that began at another time is another process. */
    const char *const texts[] = {"{\"host\": \"%s\", \"pid\": %d, \"started\": 1, \"boot\": \"x\"}",
                                 "{\"host\": \"not%s\", \"pid\": %d, \"started\": 1, \"boot\": \"x\"}"};
    for (int i = 0; i < 2; i++) {
        char text[600], host[256] = "";
        ck_assert_int_eq(gethostname(host, sizeof host - 1), 0);
        const int n = snprintf(text, sizeof text, texts[i], host, (int)getpid());
        ck_assert_int_eq(hone__write_file(path, text, (size_t)n, &err), HONE_OK);
        ck_assert_int_eq(hone__lock_look(dir, &owner, &err), HONE_OK);
        ck_assert(owner.held == (i == 1)); /* another machine's cannot be known to be gone */
    }
    suite_remove_dir(dir);
}
END_TEST

SUITE("lock", looking_at_a_lock_tells_who_holds_it_and_touches_nothing, a_second_supervisor_is_refused_until_the_first_is_gone,
      a_dead_owners_lock_is_taken_over_on_this_host_only, a_torn_lock_names_nobody,
      a_run_that_exists_is_refused_with_the_ways_out, what_is_no_run_is_never_emptied, every_allocation_may_fail)
