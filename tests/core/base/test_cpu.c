/* test_cpu.c - what the processor can do, and how many there are.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/cpu.h"
#include "base/pool.h"
#include "suite.h"

#include <sched.h>
#include <sys/stat.h>

START_TEST(the_instruction_set_can_be_lowered_but_not_raised)
{
#if defined(__x86_64__)
    char saved[64] = "";
    if (getenv("HONE_ISA"))
        snprintf(saved, sizeof saved, "%s", getenv("HONE_ISA"));
    unsetenv("HONE_ISA");
    const char *widest = hone__cpu_isa();
    setenv("HONE_ISA", "x86-64", 1);
    ck_assert_str_eq(hone__cpu_isa(), "x86-64");
    setenv("HONE_ISA", "avx512bf16", 1);
    ck_assert_str_eq(hone__cpu_isa(), widest);
    setenv("HONE_ISA", "vax", 1);
    ck_assert_str_eq(hone__cpu_isa(), widest);
    if (*saved)
        setenv("HONE_ISA", saved, 1);
    else
        unsetenv("HONE_ISA");
#else
    ck_assert_ptr_nonnull(hone__cpu_isa());
#endif
}
END_TEST

#if defined(__x86_64__)
/* The compiler's library asks the processor in its own way. */
START_TEST(features_agree_with_those_the_compiler_finds)
{
    char text[1024], all[1040];
    snprintf(all, sizeof all, " %s ", hone__cpu_features(text, sizeof text));
    ck_assert_int_eq(strstr(all, " avx2 ") != NULL, __builtin_cpu_supports("avx2") != 0);
    ck_assert_int_eq(strstr(all, " fma ") != NULL, __builtin_cpu_supports("fma") != 0);
    ck_assert_int_eq(strstr(all, " avx512f ") != NULL, __builtin_cpu_supports("avx512f") != 0);
    ck_assert_int_eq(strstr(all, " sse4.2 ") != NULL, __builtin_cpu_supports("sse4.2") != 0);
}
END_TEST
#else
START_TEST(features_agree_with_those_the_compiler_finds)
{
    char text[1024];
    ck_assert_ptr_eq(hone__cpu_features(text, sizeof text), text);
}
END_TEST
#endif

START_TEST(texts_fit_into_what_they_are_given)
{
    for (size_t size = 1; size < 300; size++) {
        char text[400];
        memset(text, 'x', sizeof text);
        ck_assert_uint_lt(strlen(hone__cpu_features(text, size)), size);
        ck_assert_uint_lt(strlen(hone__cpu_model(text, size)), size);
        ck_assert_int_eq(text[size], 'x');
    }
}
END_TEST

START_TEST(the_affinity_mask_is_honoured)
{
    cpu_set_t before, one;
    ck_assert_int_eq(sched_getaffinity(0, sizeof before, &before), 0);
    CPU_ZERO(&one);
    for (int i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, &before)) {
            CPU_SET(i, &one);
            break;
        }
    ck_assert_int_eq(sched_setaffinity(0, sizeof one, &one), 0);
    int count = hone__cpu_count();
    sched_setaffinity(0, sizeof before, &before);
    ck_assert_int_eq(count, 1);
}
END_TEST

/* Writes dir/name, making its folder. */
static void put(const char *dir, const char *name, const char *text)
{
    char path[4200];
    hone_error err;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    char *slash = strrchr(path, '/');
    *slash = '\0';
    ck_assert_int_eq(hone__make_dirs(path, &err), HONE_OK);
    *slash = '/';
    ck_assert_int_eq(hone__write_file(path, text, strlen(text), &err), HONE_OK);
}

START_TEST(the_least_quota_of_a_cgroup_and_those_above_counts)
{
    char *dir = suite_make_dir(), own[4200];
    snprintf(own, sizeof own, "%s/cgroup", dir);
    ck_assert_int_eq(hone__cgroup_quota(own, dir), 0);
    put(dir, "cgroup", "12:cpu:/old\n0::/user.slice/job\n");
    ck_assert_int_eq(hone__cgroup_quota(own, dir), 0);
    put(dir, "user.slice/job/cpu.max", "max 100000\n");
    ck_assert_int_eq(hone__cgroup_quota(own, dir), 0);
    put(dir, "user.slice/job/cpu.max", "400000 100000\n");
    ck_assert_int_eq(hone__cgroup_quota(own, dir), 4);
    put(dir, "user.slice/cpu.max", "150000 100000\n");
    ck_assert_int_eq(hone__cgroup_quota(own, dir), 2);
    put(dir, "cpu.max", "50000 100000\n");
    ck_assert_int_eq(hone__cgroup_quota(own, dir), 1);
    put(dir, "cpu.max", "nonsense");
    ck_assert_int_eq(hone__cgroup_quota(own, dir), 2);
    put(dir, "cgroup", "0::/\n");
    put(dir, "cpu.max", "300000 100000\n");
    ck_assert_int_eq(hone__cgroup_quota(own, dir), 3);
    suite_remove_dir(dir);
}
END_TEST

SUITE("cpu", the_instruction_set_can_be_lowered_but_not_raised, features_agree_with_those_the_compiler_finds,
      texts_fit_into_what_they_are_given, the_affinity_mask_is_honoured, the_least_quota_of_a_cgroup_and_those_above_counts)
