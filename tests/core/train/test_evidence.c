/* test_evidence.c - errors, slices and confusion of an evaluation, as the files say it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "train/evidence.h"

#include "base/arena.h"
#include "data/example.h"
#include "suite.h"

#include <math.h>

static const char *const labels[] = {"no", "y|es"}, *const kept[] = {"genre", NULL};
static const hone__slice_config slices[] = {{.pattern = "[0-9]", .name = "digit"}, {.column = "genre"}};
static const hone__report_config config = {.errors = 2, .slices = {slices, 2, sizeof *slices}};

enum { N = 3 };
typedef struct world {
    hone__field fields[N];
    hone_example examples[N];
    const char *genres[N];
    hone_answer gold[N], predicted[N];
    hone_record records[N];
    hone_evaluation e;
} world;

static void fill(world *w, hone_target target)
{
    static const char *const texts[N] = {"in 1984", "a\tb \xc3\xa4", "none"}, *const ids[N] = {"a", "b", "c"};
    static int32_t sets[2][N] = {{0, 1, 1}, {0, 0, 1}};
    static const double losses[N] = {0.5, 2, 1};
    *w = (world){.genres = {"news", NULL, "fo\\o"}};
    for (int i = 0; i < N; i++) {
        w->fields[i] = (hone__field){.name = "text", .type = HONE_FIELD_TEXT, .n = strlen(texts[i]), .as.text = texts[i]};
        w->examples[i] = (hone_example){.id = ids[i], .fields = &w->fields[i], .n_fields = 1, .kept = &w->genres[i]};
        w->gold[i] = w->predicted[i] = hone_answer_of(target);
        w->gold[i].index = sets[0][i];
        w->predicted[i].index = sets[1][i];
        w->gold[i].labels = &sets[0][i];
        w->predicted[i].labels = &sets[1][i];
        w->gold[i].n = w->predicted[i].n = 1;
        w->records[i] = (hone_record){.id = ids[i],
                                      .gold = &w->gold[i],
                                      .prediction = &w->predicted[i],
                                      .loss = losses[i],
                                      .items = 1,
                                      .example = &w->examples[i]};
    }
    w->e = (hone_evaluation){.size = sizeof w->e,
                             .target = target,
                             .n = N,
                             .records = w->records,
                             .record_size = sizeof *w->records,
                             .n_labels = 2,
                             .labels = labels,
                             .split = "validation",
                             .output = ""};
}

static void holds(const char *dir, const char *name, const char *expected)
{
    char path[4200], *text;
    size_t n;
    hone_error err;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    ck_assert_msg(hone__read_file(path, 0, &text, &n, &err) == HONE_OK, "%s", err.msg);
    ck_assert_str_eq(text, expected);
    hone__free(text);
}

static hone_status write_to(const char *dir, const world *w, hone_error *err)
{
    hone_arena *arena = hone__arena_create(0);
    const hone_status status =
        arena ? hone__evidence_write(dir, &w->e, &config, kept, arena, err) : hone_no_memory(err, "the arena");
    hone__arena_destroy(arena);
    return status;
}

START_TEST(the_highest_losses_slices_and_counts_are_written)
{
    static world w;
    char *dir = suite_make_dir();
    hone_error err;
    fill(&w, HONE_TARGET_CLASS);
    ck_assert_msg(write_to(dir, &w, &err) == HONE_OK, "%s", err.msg);
    holds(dir, "errors.tsv",
          "id\tgold\tpredicted\tloss\ttext\tgenre\n"
          "b\ty\\|es\tno\t2\ta\\tb \xc3\xa4\t\n"
          "c\ty\\|es\ty\\|es\t1\tnone\tfo\\\\o\n");
    holds(dir, "slices.tsv", "id\tlength\tpattern:digit\tcolumn:genre\na\t7\t1\tnews\nb\t5\t0\t\nc\t4\t0\tfo\\\\o\n");
    holds(dir, "confusion.tsv", "gold\\\\predicted\tno\ty\\|es\nno\t1\t0\ny\\|es\t1\t1\n");
    suite_remove_dir(dir);
}
END_TEST

START_TEST(sets_have_four_counts_a_label)
{
    static world w;
    char *dir = suite_make_dir();
    hone_error err;
    fill(&w, HONE_TARGET_CLASSES);
    ck_assert_msg(write_to(dir, &w, &err) == HONE_OK, "%s", err.msg);
    holds(dir, "confusion.tsv",
          "label\ttrue_negatives\tfalse_positives\tfalse_negatives\ttrue_positives\nno\t1\t1\t0\t1\ny\\|es\t1\t0\t1\t1\n");
    suite_remove_dir(dir);
}
END_TEST

START_TEST(every_target_and_what_is_missing_is_written)
{
    static world w;
    for (uint32_t target = HONE_TARGET_CLASS; target <= HONE_TARGET_OTHER; target++) {
        char *dir = suite_make_dir(), path[4200];
        hone_error err;
        fill(&w, (hone_target)target);
        for (int i = 0; i < N; i++)
            w.gold[i].n = w.predicted[i].n = target == HONE_TARGET_CLASSES || target == HONE_TARGET_TAGS;
        w.records[0].example = NULL;
        w.records[1].gold = NULL;
        w.records[2].loss = NAN;
        ck_assert_msg(write_to(dir, &w, &err) == HONE_OK, "%s", err.msg);
        snprintf(path, sizeof path, "%s/errors.tsv", dir);
        ck_assert(hone__exists(path));
        w.e.n = 0;
        ck_assert_msg(write_to(dir, &w, &err) == HONE_OK, "%s", err.msg);
        suite_remove_dir(dir);
    }
}
END_TEST

typedef struct trying {
    world w;
    char *dir;
} trying;

static hone_status attempt(void *ctx, hone_error *err)
{
    const trying *t = ctx;
    return write_to(t->dir, &t->w, err);
}

START_TEST(every_allocation_may_fail)
{
    static trying t;
    if (hone__is_dir("/dev/shm"))
        setenv("TMPDIR", "/dev/shm", 1);
    t.dir = suite_make_dir();
    fill(&t.w, HONE_TARGET_CLASS);
    suite_every_allocation_fails(attempt, &t);
    suite_remove_dir(t.dir);
}
END_TEST

SUITE("evidence", the_highest_losses_slices_and_counts_are_written, sets_have_four_counts_a_label,
      every_target_and_what_is_missing_is_written, every_allocation_may_fail)
