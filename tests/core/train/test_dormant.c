/* test_dormant.c - which rows of a table count as never reached, and how a range is cut by it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "suite.h"
#include "train/dormant.h"

#include <string.h>

enum { ROWS = 40, COLUMNS = 3 };

/* A table of which the rows of `marks` that are not '.' were picked. */
typedef struct rig {
    hone_arena *arena;
    hone__dormant d;
    hone__weight w;
    uint8_t picked[ROWS];
} rig;

static rig rig_open(void)
{
    return (rig){
        .arena = hone__arena_create(0),
        .w = {.value = {.dtype = HONE_F32, .shape = hone_shape_2(ROWS, COLUMNS)}, .n = ROWS * COLUMNS, .reached = true}};
}

static void note(rig *r, const char *marks, const float *slots, bool first)
{
    hone_error err;
    for (int i = 0; i < ROWS; i++)
        r->picked[i] = i < (int)strlen(marks) && marks[i] != '.';
    r->w.picked = r->picked;
    const hone_status status = hone__dormant_note(&r->d, &r->w, &slots, slots != NULL, first, r->arena, &err);
    ck_assert_msg(status == HONE_OK, "%s", err.msg);
}

/* The table as it is cut: for each element '#' where it is told as dormant, '-' where not, '|' before each run. */
static void expect_runs(const rig *r, int64_t begin, int64_t n, const char *expected)
{
    char got[2 * ROWS * COLUMNS + 2] = "";
    size_t length = 0;
    for (int64_t at = begin; at < begin + n;) {
        bool dormant;
        const int64_t run = hone__dormant_run(&r->d, at, begin + n - at, &dormant);
        ck_assert(run > 0 && run <= begin + n - at);
        got[length++] = '|';
        for (int64_t i = 0; i < run; i++)
            got[length++] = dormant ? '#' : '-';
        at += run;
    }
    got[length] = 0;
    ck_assert_str_eq(got, expected);
}

START_TEST(a_weight_whose_rows_are_not_picked_is_one_run)
{
    hone_error err;
    rig r = rig_open();
    ck_assert(hone__dormant_note(&r.d, &r.w, NULL, 0, true, r.arena, &err) == HONE_OK);
    expect_runs(&r, 0, 5, "|-----");
    expect_runs(&r, 7, 2, "|--");
    hone__arena_destroy(r.arena);
}
END_TEST

START_TEST(rows_wake_and_stay_awake)
{
    rig r = rig_open();
    note(&r, "x....x..x", NULL, true);
    expect_runs(&r, 0, 15, "|---|############");
    expect_runs(&r, 1, 20,
                "|--|############|------"); /* ranges need not begin or end with a row; two rows are too few to be told */
    expect_runs(&r, 5, 8, "|########");
    note(&r, "..x", NULL, false);
    expect_runs(&r, 0, 16, "|----------------");
    expect_runs(&r, 15, 27, "|------------|###############");
    r.w.whole = true; /* something wrote all of it */
    note(&r, "", NULL, false);
    r.w.whole = false;
    note(&r, "", NULL, false);
    expect_runs(&r, 80, 10, "|----------");
    hone__arena_destroy(r.arena);
}
END_TEST

START_TEST(rows_of_a_checkpoint_are_known_by_their_slots)
{
    float slots[ROWS * COLUMNS] = {0};
    rig r = rig_open();
    slots[5 * COLUMNS + 2] = 1e-30f;
    note(&r, "x", slots, false);
    expect_runs(&r, 0, 30, "|---|############|---|############");
    hone__arena_destroy(r.arena);
}
END_TEST

SUITE("dormant", a_weight_whose_rows_are_not_picked_is_one_run, rows_wake_and_stay_awake,
      rows_of_a_checkpoint_are_known_by_their_slots)
