/* test_footprint.c - the memory of a trial, asked of `hone plan`.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sweep/footprint.h"
#include "trial_data.h"

static hone_status ask(const fixture *f, hone__footprint *print, hone_error *err)
{
    const char *program = getenv("HONE_PROGRAM");
    ck_assert_msg(program != NULL, "run this test through ctest");
    return hone__footprint_ask(program, f->dir, NULL, print, err);
}

START_TEST(a_larger_model_needs_more_memory)
{
    hone__footprint prints[2];
    for (int i = 0; i < 2; i++) {
        fixture f;
        hone_error err = {0};
        fixture_begin_with(&f, 40);
        fixture_compose(&f, "", i ? "model: {type: bag, hidden_size: 4096}\n" : "model: {type: bag, hidden_size: 16}\n",
                        "trainer: {num_train_epochs: 1, threads: 1}\n");
        ck_assert_msg(ask(&f, &prints[i], &err) == HONE_OK, "%s", err.msg);
        ck_assert(!hone__exists(fixture_path(&f, "result.json")) && !hone__exists(fixture_path(&f, "cache")));
        fixture_end(&f);
    }
    /* 22 words or so of 4080 more numbers: weights, gradients and two slots */
    ck_assert_uint_gt(prints[1].bytes, prints[0].bytes + 15 * 4080 * 4 * 4);
}
END_TEST

START_TEST(what_is_wrong_with_a_trial_is_said)
{
    fixture f;
    hone_error err = {0};
    hone__footprint print;
    fixture_begin_with(&f, 40);
    ck_assert_int_ne(ask(&f, &print, &err), HONE_OK); /* there is no trial.yaml */
    ck_assert_ptr_nonnull(strstr(err.msg, "trial.yaml"));
    fixture_compose(&f, "", fixture_bag, "trainer: {num_train_epochs: 1, threads: 1}\n");
    fixture_write(&f, "train.tsv", "text\tlabel\nonly one column\n");
    ck_assert_int_ne(ask(&f, &print, &err), HONE_OK);
    ck_assert_msg(strstr(err.msg, "train.tsv:2") != NULL, "%s", err.msg);
    fixture_end(&f);
}
END_TEST

SUITE("footprint", a_larger_model_needs_more_memory, what_is_wrong_with_a_trial_is_said)
