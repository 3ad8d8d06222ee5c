/* test_journal.c - the sweep's log: what is written is read back, torn lines are repaired, Optuna's own sample is read.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sweep/journal.h"

#include "base/arena.h"
#include "suite.h"

#include <math.h>

static const char *text_at(const char *dir, const char *name)
{
    static char path[4200];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static hone__yaml section = {.type = HONE__YAML_MAP,
                             .child = &(hone__yaml){.type = HONE__YAML_STRING, .key = "type", .text = "bag"}};
static hone__yaml number = {.type = HONE__YAML_REAL, .real = 0.5};
static const hone__yaml *const choices[] = {&section, &number};
static const hone__sweep_dimension dimensions[] = {
    {.path = "optimizer.learning_rate", .dimension = {.distribution = HONE_LOG_UNIFORM, .min = 1e-5, .max = 1e-4}},
    {.path = "model.freeze.layers", .dimension = {.distribution = HONE_INT_UNIFORM, .min = 0, .max = 4}, .integer = true},
    {.path = "model", .dimension = {.distribution = HONE_CATEGORICAL, .n_choices = 2}, .values = choices},
};

static void write_three(hone__journal *j)
{
    hone__journal_study(j, "a \"study\"", false, "validation/loss");
    hone__journal_study_int(j, "format", 1);
    for (int k = 0; k < 3; k++) {
        uint64_t t = hone__journal_trial(j);
        hone__journal_param(j, t, &dimensions[0], 2e-5);
        hone__journal_param(j, t, &dimensions[1], k);
        hone__journal_param(j, t, &dimensions[2], k % 2);
        hone__journal_text(j, t, "cause", "first");
        hone__journal_text(j, t, "cause", "line\nfeed");
        hone__journal_intermediate(j, t, 10, 0.25);
        hone__journal_intermediate(j, t, 20, NAN);
    }
    hone__journal_state(j, 0, HONE__TRIAL_COMPLETE, 0.125);
    hone__journal_state(j, 1, HONE__TRIAL_FAILED, NAN);
}

START_TEST(what_is_written_is_read_back)
{
    char *dir = suite_make_dir();
    hone_arena *arena = hone__arena_create(0);
    hone__journal *j;
    hone__study *s;
    hone_error err = {HONE_OK, ""};
    const char *path = text_at(dir, "journal.log");
    ck_assert_int_eq(hone__journal_open(path, &j, NULL, &err), HONE_OK);
    write_three(j);
    ck_assert_int_eq(hone__journal_sync(j, &err), HONE_OK);
    hone__journal_close(j);
    ck_assert_msg(hone__journal_read(arena, path, &s, &err) == HONE_OK, "%s", err.msg);
    ck_assert_str_eq(s->name, "a \"study\"");
    ck_assert_str_eq(s->metric, "validation/loss");
    ck_assert(!s->maximize);
    ck_assert_str_eq(hone__pair_text(s->attributes, s->n_attributes, "format"), "1");
    ck_assert_uint_eq(s->n_trials, 3);
    const hone__journal_entry *t = s->trials;
    ck_assert_int_eq(t[0].state, HONE__TRIAL_COMPLETE);
    ck_assert(t[0].value == 0.125 && t[0].ended);
    ck_assert_int_eq(t[1].state, HONE__TRIAL_FAILED);
    ck_assert(isnan(t[1].value));
    ck_assert_int_eq(t[2].state, HONE__TRIAL_RUNNING);
    ck_assert_ptr_null(t[2].ended);
    ck_assert_uint_eq(t[1].n_params, 3);
    ck_assert_str_eq(hone__pair_text(t[1].params, 3, "optimizer.learning_rate"), "2.0e-05");
    ck_assert_str_eq(hone__pair_text(t[1].params, 3, "model.freeze.layers"), "1");
    ck_assert_str_eq(hone__pair_text(t[1].params, 3, "model"), "0.5");
    ck_assert_str_eq(hone__pair_text(t[2].params, 3, "model"), "{type: bag}");
    ck_assert_str_eq(hone__pair_text(t[0].attributes, t[0].n_attributes, "cause"), "line\nfeed");
    hone__arena_destroy(arena);
    suite_remove_dir(dir);
}
END_TEST

START_TEST(a_torn_last_line_is_passed_over_by_readers_and_cut_off_by_the_writer)
{
    char *dir = suite_make_dir();
    hone_arena *arena = hone__arena_create(0);
    hone__journal *j;
    hone__study *s;
    hone_error err;
    bool repaired;
    const char *path = text_at(dir, "journal.log");
    ck_assert_int_eq(hone__journal_open(path, &j, &repaired, &err), HONE_OK);
    ck_assert(!repaired);
    write_three(j);
    ck_assert_int_eq(hone__journal_sync(j, &err), HONE_OK);
    hone__journal_close(j);
    FILE *f = fopen(path, "a");
    fputs("{\"op_code\":4,\"worker_id\":\"ho", f);
    fclose(f);
    ck_assert_int_eq(hone__journal_read(arena, path, &s, &err), HONE_OK);
    ck_assert_uint_eq(s->n_trials, 3);
    ck_assert_int_eq(hone__journal_open(path, &j, &repaired, &err), HONE_OK);
    ck_assert(repaired);
    ck_assert_uint_eq(hone__journal_trial(j), 3);
    ck_assert_int_eq(hone__journal_sync(j, &err), HONE_OK);
    hone__journal_close(j);
    ck_assert_int_eq(hone__journal_read(arena, path, &s, &err), HONE_OK);
    ck_assert_uint_eq(s->n_trials, 4);
    hone__arena_destroy(arena);
    suite_remove_dir(dir);
}
END_TEST

START_TEST(what_was_not_synced_is_not_there)
{
    char *dir = suite_make_dir();
    hone__journal *j;
    hone_error err;
    char *bytes;
    size_t n;
    const char *path = text_at(dir, "journal.log");
    ck_assert_int_eq(hone__journal_open(path, &j, NULL, &err), HONE_OK);
    write_three(j);
    hone__journal_close(j);
    ck_assert_int_eq(hone__read_file(path, 0, &bytes, &n, &err), HONE_OK);
    ck_assert_uint_eq(n, 0);
    hone__free(bytes);
    suite_remove_dir(dir);
}
END_TEST

START_TEST(optunas_own_sample_is_read)
{
    hone_arena *arena = hone__arena_create(0);
    hone__study *s;
    hone_error err = {HONE_OK, ""};
    const char *path = "../shared/formats/optuna-journal/sample.log";
    if (hone__exists(path)) {
        ck_assert_msg(hone__journal_read(arena, path, &s, &err) == HONE_OK, "%s", err.msg);
        ck_assert_uint_eq(s->n_trials, 3);
        ck_assert_str_eq(s->metric, "validation/f1");
        ck_assert(s->maximize);
        ck_assert_int_eq(s->trials[1].state, HONE__TRIAL_PRUNED);
        ck_assert_str_eq(hone__pair_text(s->trials[0].params, s->trials[0].n_params, "trainer.train_batch_size"), "8");
        ck_assert_str_eq(hone__pair_text(s->trials[0].params, s->trials[0].n_params, "x"), "true");
    } else {
        printf("left out, because ../shared lacks it: %s\n", path);
    }
    hone__arena_destroy(arena);
}
END_TEST

START_TEST(a_bad_line_is_named)
{
    char *dir = suite_make_dir();
    hone_arena *arena = hone__arena_create(0);
    hone__study *s;
    hone_error err;
    const char *path = text_at(dir, "journal.log");
    static const char *const bad[] = {"nonsense\n", "{\"op_code\":6,\"trial_id\":5,\"state\":1}\n", "{\"worker_id\":\"x\"}\n"};
    for (size_t i = 0; i < 3; i++) {
        ck_assert_int_eq(hone__write_file(path, bad[i], strlen(bad[i]), &err), HONE_OK);
        ck_assert_int_eq(hone__journal_read(arena, path, &s, &err), HONE_EFORMAT);
        ck_assert_ptr_nonnull(strstr(err.msg, "journal.log:1"));
    }
    hone__arena_destroy(arena);
    suite_remove_dir(dir);
}
END_TEST

static hone_status write_and_read(void *ctx, hone_error *err)
{
    const char *path = ctx;
    hone__journal *j;
    hone__study *s;
    remove(path);
    HONE_TRY(hone__journal_open(path, &j, NULL, err));
    write_three(j);
    hone_status status = hone__journal_sync(j, err);
    hone__journal_close(j);
    HONE_TRY(status);
    hone_arena *arena = hone__arena_create(0);
    if (!arena)
        return hone_no_memory(err, "the arena");
    status = hone__journal_read(arena, path, &s, err);
    hone__arena_destroy(arena);
    return status;
}

START_TEST(every_allocation_may_fail)
{
    char *dir = suite_make_dir();
    suite_every_allocation_fails(write_and_read, (void *)(uintptr_t)text_at(dir, "journal.log"));
    suite_remove_dir(dir);
}
END_TEST

SUITE("journal", what_is_written_is_read_back, a_torn_last_line_is_passed_over_by_readers_and_cut_off_by_the_writer,
      what_was_not_synced_is_not_there, optunas_own_sample_is_read, a_bad_line_is_named, every_allocation_may_fail)
