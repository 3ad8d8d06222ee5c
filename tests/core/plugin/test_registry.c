/* test_registry.c - finding, loading and refusing plugins.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/log.h"
#include "base/pool.h"
#include "plugin/registry.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static hone_arena *arena;
static hone__registry *registry;
static hone_error err;
static char folder[256];     /* a search folder of the test's own */
static const char *build;    /* of the whole project */
static const char *old_path; /* HONE_PLUGIN_PATH as ctest set it */

static void setup(void)
{
    build = getenv("HONE_BUILD");
    old_path = getenv("HONE_PLUGIN_PATH");
    ck_assert_msg(build && old_path, "run this test through ctest, which sets HONE_BUILD and HONE_PLUGIN_PATH");
    const char *tmp = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/hone-registry-XXXXXX", tmp ? tmp : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    arena = hone__arena_create(0);
    registry = hone__registry_create(NULL, true);
    ck_assert(arena && registry);
    err = (hone_error){0};
}

static void teardown(void)
{
    hone__registry_destroy(registry);
    hone__arena_destroy(arena);
    ck_assert_int_eq(hone__remove_tree(folder, &err), HONE_OK);
}

static const char *bad_file(const char *name)
{
    return hone_sprintf(arena, "%s/tests/bad/%s.so", build, name);
}

static void copy_file(const char *from, const char *to)
{
    char *bytes;
    size_t n;
    ck_assert_int_eq(hone__read_file(from, 0, &bytes, &n, &err), HONE_OK);
    ck_assert_int_eq(hone__write_file(to, bytes, n, &err), HONE_OK);
    hone__free(bytes);
    ck_assert_int_eq(chmod(to, 0755), 0);
}

/* A copy of a built plugin at FOLDER/KIND/NAME.so. */
static const char *place(const char *from, const char *kind, const char *name)
{
    const char *dir = hone_sprintf(arena, "%s/%s", folder, kind);
    ck_assert_int_eq(hone__make_dirs(dir, &err), HONE_OK);
    const char *to = hone_sprintf(arena, "%s/%s.so", dir, name);
    copy_file(from, to);
    return to;
}

/* The registry again, with the test's folder behind (or instead of) the build's. */
static void search(const char *path, hone_log *log)
{
    hone__registry_destroy(registry);
    const char *keep = hone_strdup(arena, old_path);
    setenv("HONE_PLUGIN_PATH", path, 1);
    registry = hone__registry_create(log, true);
    setenv("HONE_PLUGIN_PATH", keep, 1);
    old_path = getenv("HONE_PLUGIN_PATH");
    ck_assert_ptr_nonnull(registry);
}

static void refused(const char *file, hone_status status, const char *words)
{
    err.msg[0] = '\0';
    ck_assert_int_eq(hone__registry_add_file(registry, file, &err), status);
    ck_assert_msg(strstr(err.msg, words) != NULL, "\"%s\" does not say \"%s\"", err.msg, words);
}

START_TEST(a_plugin_is_found_by_kind_and_name)
{
    const hone__plugin *p;
    ck_assert_int_eq(hone__registry_find(registry, HONE_KIND_SCHEDULE, "null", &p, &err), HONE_OK);
    ck_assert_str_eq(p->table->name, "null");
    ck_assert_uint_eq(p->table->size, sizeof(hone_schedule));
    ck_assert_int_eq(p->file[0], '/');
    const hone_self self = {.size = sizeof self, .plugin = p->table};
    ck_assert(((const hone_schedule *)p->table)->factor(&self, 1, 10) == 1.0);
    const hone__plugin *again;
    ck_assert_int_eq(hone__registry_find(registry, HONE_KIND_SCHEDULE, "null", &again, &err), HONE_OK);
    ck_assert_ptr_eq(p, again);
}
END_TEST

START_TEST(a_plugin_is_found_by_its_other_name_too)
{
    const hone__plugin *plugin, *same;
    ck_assert_int_eq(hone__registry_find(registry, HONE_KIND_SEARCHER, "bayes", &plugin, &err), HONE_OK);
    ck_assert_str_eq(plugin->table->name, "tpe");
    ck_assert_int_eq(hone__registry_find(registry, HONE_KIND_SEARCHER, "tpe", &same, &err), HONE_OK);
    ck_assert_ptr_eq(plugin, same);
    ck_assert_int_eq(hone__registry_find(registry, HONE_KIND_STOPPER, "bayes", &plugin, &err), HONE_ENOTFOUND);
}
END_TEST

START_TEST(every_kind_of_one_name_is_another_plugin)
{
    const hone__plugin *p;
    ck_assert_int_eq(hone__registry_find(registry, HONE_KIND_OPTIMIZER, "null", &p, &err), HONE_OK);
    ck_assert_uint_eq(p->table->kind, HONE_KIND_OPTIMIZER);
    ck_assert_int_eq(hone__registry_find(registry, HONE_KIND_TASK, "null", &p, &err), HONE_OK);
    ck_assert_uint_eq(p->table->kind, HONE_KIND_TASK);
}
END_TEST

START_TEST(an_unknown_name_gets_the_nearest_and_all_there_are)
{
    const hone__plugin *p;
    ck_assert_int_eq(hone__registry_find(registry, HONE_KIND_SCHEDULE, "nul", &p, &err), HONE_ENOTFOUND);
    ck_assert(strstr(err.msg, "no schedule \"nul\"") && strstr(err.msg, "did you mean null?") &&
              strstr(err.msg, "There are: "));
}
END_TEST

START_TEST(a_name_that_is_a_path_finds_nothing)
{
    const hone__plugin *p;
    ck_assert_int_eq(hone__registry_find(registry, HONE_KIND_SCHEDULE, "../schedule/null", &p, &err), HONE_ENOTFOUND);
    ck_assert_int_eq(hone__registry_find(registry, HONE_KIND_SCHEDULE, "", &p, &err), HONE_ENOTFOUND);
}
END_TEST

START_TEST(plugins_are_listed_without_being_loaded)
{
    const hone__plugin_name *names;
    size_t n;
    place(bad_file("crashes"), "schedule", "crashes");
    search(hone_sprintf(arena, "%s:%s", old_path, folder), NULL);
    ck_assert_int_eq(hone__registry_list(registry, arena, HONE_KIND_SCHEDULE, &names, &n, &err), HONE_OK);
    bool seen = false;
    for (size_t i = 0; i < n; i++) {
        seen |= strcmp(names[i].name, "crashes") == 0;
        ck_assert_uint_eq(names[i].kind, HONE_KIND_SCHEDULE);
        ck_assert(i == 0 || strcmp(names[i - 1].name, names[i].name) < 0);
    }
    ck_assert(seen);
    size_t all;
    ck_assert_int_eq(hone__registry_list(registry, arena, HONE_KIND_NONE, &names, &all, &err), HONE_OK);
    ck_assert_uint_gt(all, n);
    for (size_t i = 1; i < all; i++)
        ck_assert(names[i - 1].kind <= names[i].kind);
}
END_TEST

START_TEST(a_constructor_that_crashes_is_reported_with_its_signal)
{
    refused(bad_file("crashes"), HONE_EPLUGIN, "crashes.so is not used: loading it crashed with signal 11");
    refused(bad_file("crashes"), HONE_EPLUGIN, "crashed with signal 11"); /* remembered, not probed again */
}
END_TEST

START_TEST(a_constructor_that_exits_is_reported)
{
    refused(bad_file("exits"), HONE_EPLUGIN, "loading it called exit()");
}
END_TEST

START_TEST(a_constructor_that_hangs_is_reported_after_ten_seconds)
{
    refused(bad_file("hangs"), HONE_EPLUGIN, "did not end within 10 s");
}
END_TEST

START_TEST(the_probe_runs_no_exit_handlers_of_its_parent_and_prints_nothing)
{
    char *text;
    size_t n;
    const char *log = hone_sprintf(arena, "%s/out.txt", folder);
    /* What stands unflushed in the parent's streams must not appear twice. */
    FILE *mine = fopen(log, "w");
    ck_assert_ptr_nonnull(mine);
    fputs("once", mine);
    ck_assert_int_eq(hone__probe(bad_file("prints"), &err), HONE_OK);
    ck_assert_int_eq(hone__probe(bad_file("exits"), &err), HONE_EPLUGIN);
    ck_assert_int_eq(fclose(mine), 0);
    ck_assert_int_eq(hone__read_file(log, 0, &text, &n, &err), HONE_OK);
    ck_assert_str_eq(text, "once");
    hone__free(text);
}
END_TEST

START_TEST(objects_that_are_no_plugins_are_refused_by_what_they_lack)
{
    refused(bad_file("wrong_magic"), HONE_EABI, "is no plugin of hone");
    refused(bad_file("no_symbol"), HONE_EABI, "does not export hone_exports");
    refused(bad_file("newer_abi"), HONE_EABI, "built with hone 9.0.0 for plugin interface 2.0");
    refused(bad_file("lacks_callback"), HONE_EPLUGIN, "schedule lacks_callback lacks something");
    refused(bad_file("bad_row"), HONE_EPLUGIN, "parameter power has the default 2, outside its range 0 to 1");
    refused(bad_file("no_such_file"), HONE_ENOTFOUND, "no_such_file.so: No such file");
    refused(folder, HONE_EPLUGIN, "not a regular file");
}
END_TEST

START_TEST(a_file_that_is_no_object_is_refused)
{
    const char *file = hone_sprintf(arena, "%s/text.so", folder);
    ck_assert_int_eq(hone__write_file(file, "hello\n", 6, &err), HONE_OK);
    refused(file, HONE_EPLUGIN, "cannot load the plugin");
}
END_TEST

START_TEST(a_file_that_others_may_write_is_refused)
{
    const char *file = place(bad_file("longer_unused"), "schedule", "longer_unused");
    ck_assert_int_eq(chmod(file, 0757), 0);
    refused(file, HONE_EPLUGIN, "other users may write to it");
    ck_assert_int_eq(chmod(file, 0755), 0);
    ck_assert_int_eq(hone__registry_add_file(registry, file, &err), HONE_OK);
}
END_TEST

START_TEST(older_and_newer_tables_are_adopted_unless_they_use_what_is_unknown)
{
    const hone__plugin **plugins;
    size_t n;
    ck_assert_int_eq(hone__registry_open(registry, bad_file("longer_unused"), &plugins, &n, &err), HONE_OK);
    ck_assert_uint_eq(n, 1);
    ck_assert_uint_eq(plugins[0]->table->size, sizeof(hone_schedule));
    ck_assert_int_eq(hone__registry_open(registry, bad_file("shorter"), &plugins, &n, &err), HONE_OK);
    ck_assert(((const hone_technique *)plugins[0]->table)->evaluate == NULL);
    refused(bad_file("longer_used"), HONE_EABI, "uses a feature that this hone");
}
END_TEST

START_TEST(a_module_registers_all_its_plugins)
{
    const hone__plugin *p;
    ck_assert_int_eq(hone__registry_add_file(registry, bad_file("several"), &err), HONE_OK);
    ck_assert_int_eq(hone__registry_find(registry, HONE_KIND_SCHEDULE, "several", &p, &err), HONE_OK);
    ck_assert_int_eq(hone__registry_find(registry, HONE_KIND_TECHNIQUE, "several", &p, &err), HONE_OK);
    ck_assert_uint_eq(p->table->kind, HONE_KIND_TECHNIQUE);
}
END_TEST

START_TEST(a_module_under_task_is_found_by_what_it_holds)
{
    const hone__plugin *p;
    place(bad_file("several"), "task", "stars");
    search(folder, NULL);
    ck_assert_int_eq(hone__registry_find(registry, HONE_KIND_TECHNIQUE, "several", &p, &err), HONE_OK);
    ck_assert_str_eq(p->table->name, "several");
    ck_assert_int_eq(hone__registry_find(registry, HONE_KIND_TECHNIQUE, "absent", &p, &err), HONE_ENOTFOUND);
}
END_TEST

START_TEST(two_plugins_of_one_kind_and_name_are_an_error_that_names_both_files)
{
    const hone__plugin *p;
    const char *file = place(hone_sprintf(arena, "%s/schedule/null.so", old_path), "schedule", "null");
    search(hone_sprintf(arena, "%s:%s", old_path, folder), NULL);
    ck_assert_int_eq(hone__registry_find(registry, HONE_KIND_SCHEDULE, "null", &p, &err), HONE_EEXIST);
    ck_assert(strstr(err.msg, file) && strstr(err.msg, old_path));
}
END_TEST

START_TEST(a_second_file_of_that_name_is_refused_also_where_it_comes_by_path)
{
    const hone__plugin *p;
    const char *file = place(hone_sprintf(arena, "%s/schedule/null.so", old_path), "elsewhere", "other");
    ck_assert_int_eq(hone__registry_find(registry, HONE_KIND_SCHEDULE, "null", &p, &err), HONE_OK);
    refused(file, HONE_EEXIST, "two plugins schedule/null");
    search(old_path, NULL); /* and the other way round */
    ck_assert_int_eq(hone__registry_add_file(registry, file, &err), HONE_OK);
    ck_assert_int_eq(hone__registry_find(registry, HONE_KIND_SCHEDULE, "null", &p, &err), HONE_EEXIST);
}
END_TEST

START_TEST(one_file_found_in_two_ways_is_one_plugin)
{
    const hone__plugin *p;
    const char *link = hone_sprintf(arena, "%s/plugins", folder);
    ck_assert_int_eq(symlink(old_path, link), 0);
    search(hone_sprintf(arena, "%s:%s", old_path, link), NULL);
    ck_assert_int_eq(hone__registry_find(registry, HONE_KIND_SCHEDULE, "null", &p, &err), HONE_OK);
    ck_assert_int_eq(hone__registry_add_file(registry, p->file, &err), HONE_OK);
}
END_TEST

START_TEST(a_file_that_holds_another_plugin_than_its_name_says_is_refused)
{
    const hone__plugin *p;
    place(bad_file("longer_unused"), "schedule", "cosine");
    search(folder, NULL);
    ck_assert_int_eq(hone__registry_find(registry, HONE_KIND_SCHEDULE, "cosine", &p, &err), HONE_EPLUGIN);
    ck_assert_ptr_nonnull(strstr(err.msg, "holds the plugin schedule/longer_unused"));
}
END_TEST

START_TEST(a_changed_floating_point_mode_is_set_back_with_a_warning)
{
    char *text;
    size_t n;
    const char *name = hone_sprintf(arena, "%s/log.txt", folder);
    FILE *stream = fopen(name, "w");
    hone_log *log = hone__log_create(stream, HONE_LOG_WARNING);
    search(old_path, log);
    ck_assert_int_eq(hone__registry_add_file(registry, bad_file("flushes_to_zero"), &err), HONE_OK);
    ck_assert(hone__float_mode_ok());
    hone__log_destroy(log);
    ck_assert_int_eq(fclose(stream), 0);
    ck_assert_int_eq(hone__read_file(name, 0, &text, &n, &err), HONE_OK);
#if defined(__x86_64__)
    ck_assert_ptr_nonnull(strstr(text, "floating-point mode"));
#endif
    hone__free(text);
}
END_TEST

START_TEST(a_plugin_file_has_a_hash)
{
    const hone__plugin *p;
    ck_assert_int_eq(hone__registry_find(registry, HONE_KIND_SCHEDULE, "null", &p, &err), HONE_OK);
    ck_assert_str_eq(p->sha256, "");
    ck_assert_int_eq(hone__plugin_hash(p, &err), HONE_OK);
    ck_assert_uint_eq(strlen(p->sha256), 64);
}
END_TEST

START_TEST(an_instance_has_zeroed_state)
{
    const hone__plugin *p;
    ck_assert_int_eq(hone__registry_find(registry, HONE_KIND_LAUNCHER, "null", &p, &err), HONE_OK);
    hone_self *self = hone__instance(arena, arena, p->table, NULL, 7, NULL, NULL);
    ck_assert_ptr_nonnull(self);
    ck_assert_uint_eq(self->seed, 7);
    for (uint64_t i = 0; i < p->table->state_size; i++)
        ck_assert_int_eq(((const char *)self->state)[i], 0);
    hone__instance_destroy(self);
    hone__instance_destroy(NULL);
}
END_TEST

/* Finds one plugin and misses another with the n-th allocation failing: false once n is beyond the last. */
static bool survives_failure(int64_t n)
{
    const hone__plugin *p;
    bool failed = true;
    hone__registry *r = NULL;
    hone__alloc_fail_at(n);
    r = hone__registry_create(NULL, true);
    if (r) {
        hone_status found = hone__registry_find(r, HONE_KIND_SCHEDULE, "null", &p, &err);
        hone_status missed = hone__registry_find(r, HONE_KIND_SCHEDULE, "absent", &p, &err);
        ck_assert(found == HONE_OK || found == HONE_ENOMEM);
        ck_assert(missed == HONE_ENOTFOUND || missed == HONE_ENOMEM);
        failed = found == HONE_ENOMEM || missed == HONE_ENOMEM;
        hone__alloc_fail_at(0);
        ck_assert_int_eq(hone__registry_find(r, HONE_KIND_SCHEDULE, "null", &p, &err), HONE_OK);
    }
    hone__alloc_fail_at(0);
    hone__registry_destroy(r);
    return failed && n < 500;
}

START_TEST(every_allocation_may_fail)
{
    int64_t n = 1;
    while (survives_failure(n))
        n++;
    ck_assert_int_gt(n, 2);
    ck_assert_int_lt(n, 500);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("registry");
    TCase *tests = tcase_create("registry");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_plugin_is_found_by_kind_and_name);
    tcase_add_test(tests, a_plugin_is_found_by_its_other_name_too);
    tcase_add_test(tests, every_kind_of_one_name_is_another_plugin);
    tcase_add_test(tests, an_unknown_name_gets_the_nearest_and_all_there_are);
    tcase_add_test(tests, a_name_that_is_a_path_finds_nothing);
    tcase_add_test(tests, plugins_are_listed_without_being_loaded);
    tcase_add_test(tests, a_constructor_that_crashes_is_reported_with_its_signal);
    tcase_add_test(tests, a_constructor_that_exits_is_reported);
    tcase_add_test(tests, a_constructor_that_hangs_is_reported_after_ten_seconds);
    tcase_add_test(tests, the_probe_runs_no_exit_handlers_of_its_parent_and_prints_nothing);
    tcase_add_test(tests, objects_that_are_no_plugins_are_refused_by_what_they_lack);
    tcase_add_test(tests, a_file_that_is_no_object_is_refused);
    tcase_add_test(tests, a_file_that_others_may_write_is_refused);
    tcase_add_test(tests, older_and_newer_tables_are_adopted_unless_they_use_what_is_unknown);
    tcase_add_test(tests, a_module_registers_all_its_plugins);
    tcase_add_test(tests, a_module_under_task_is_found_by_what_it_holds);
    tcase_add_test(tests, two_plugins_of_one_kind_and_name_are_an_error_that_names_both_files);
    tcase_add_test(tests, a_second_file_of_that_name_is_refused_also_where_it_comes_by_path);
    tcase_add_test(tests, one_file_found_in_two_ways_is_one_plugin);
    tcase_add_test(tests, a_file_that_holds_another_plugin_than_its_name_says_is_refused);
    tcase_add_test(tests, a_changed_floating_point_mode_is_set_back_with_a_warning);
    tcase_add_test(tests, a_plugin_file_has_a_hash);
    tcase_add_test(tests, an_instance_has_zeroed_state);
    tcase_add_test(tests, every_allocation_may_fail);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
