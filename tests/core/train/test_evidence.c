/* test_evidence.c - errors, slices and confusion of an evaluation, as the files say it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "train/evidence.h"

#include "base/arena.h"
#include "data/prepared.h"
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
    hone_evaluation e = w->e;
    const hone__evaluated evaluated = {.outputs = &e, .n = 1};
    const hone__evidence x = {.dir = dir, .evaluated = &evaluated, .config = &config, .kept = kept};
    const hone_status status = arena ? hone__evidence_write(&x, arena, err) : hone_no_memory(err, "the arena");
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

START_TEST(choices_are_counted_by_position)
{
    static world w;
    char *dir = suite_make_dir();
    hone_error err;
    fill(&w, HONE_TARGET_CHOICE);
    ck_assert_msg(write_to(dir, &w, &err) == HONE_OK, "%s", err.msg);
    holds(dir, "confusion.tsv", "gold\\\\predicted\tA\tB\nA\t1\t0\nB\t1\t1\n");
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

/* A list is cut between its items alone, whatever these hold. */
START_TEST(lists_have_their_type_and_bars_between_their_items)
{
    static world w;
    static const char *const words[] = {"New York", "a|b", "c\td"};
    char *dir = suite_make_dir();
    hone_error err;
    fill(&w, HONE_TARGET_TAGS);
    for (int i = 0; i < N; i++)
        w.fields[i] = (hone__field){.name = "words", .type = HONE_FIELD_WORDS, .n = i == 1 ? 3 : 0, .as.texts = words};
    w.records[0].items = 10; /* of tags the sum of the sentence counts, not the mean */
    ck_assert_msg(write_to(dir, &w, &err) == HONE_OK, "%s", err.msg);
    holds(dir, "errors.tsv",
          "id\tgold\tpredicted\tloss\twords:words\tgenre\n"
          "b\ty\\|es\tno\t2\tNew York|a\\|b|c\\td\t\n"
          "c\ty\\|es\ty\\|es\t1\t\tfo\\\\o\n");
    suite_remove_dir(dir);
}
END_TEST

/* ---- Several outputs --------------------------------------------------------------------------------------------- */

static const char *token(const hone_self *self, int32_t id)
{
    static const char *const tokens[] = {"[CLS]", "[MASK]", "the", "##s", "a|b"};
    (void)self;
    return id >= 0 && id < 5 ? tokens[id] : NULL;
}

/* Three texts of three tokens; one or two of each are masked. */
static hone_status write_outputs(const char *dir, world *w, hone_error *err)
{
    static const uint64_t examples[] = {0, 1, 2, 3}, starts[] = {0, 3, 6, 9};
    static const int32_t ids[] = {0, 1, 3, 0, 2, 1, 0, 1, 1}, gold[N][2] = {{2}, {3}, {2, 4}},
                         predicted[N][2] = {{2}, {9}, {3, 4}};
    static const hone_span places[N][2] = {{{.begin = 1}}, {{.begin = 2}}, {{.begin = 1}, {.begin = 2}}};
    static const float losses[N][2] = {{0.1f}, {3}, {1, 0.5f}}, relations[N][2] = {{0.5f, 0.5f}, {0.25f, 0.75f}, {0.9f, 0.1f}};
    static const hone_tokenizer tokenizer = {.token = token};
    const hone__preparer preparer = {.tokenizer = &tokenizer};
    hone__prepared prepared = {.example_starts = examples, .starts = starts, .ids = ids};
    hone_answer golds[N], answers[N];
    hone_record records[N];
    hone_evaluation outputs[2] = {w->e, w->e};
    for (int i = 0; i < N; i++) {
        golds[i] = answers[i] = hone_answer_of(HONE_TARGET_TOKENS);
        golds[i].n = answers[i].n = answers[i].n_scores = i == 2 ? 2 : 1;
        golds[i].labels = gold[i];
        golds[i].spans = places[i];
        golds[i].span_size = sizeof(hone_span);
        answers[i].labels = predicted[i];
        answers[i].scores = losses[i];
        records[i] = w->records[i];
        records[i].gold = &golds[i];
        records[i].prediction = &answers[i];
        w->predicted[i].scores = relations[i];
        w->predicted[i].n_scores = 2;
    }
    outputs[0].target = HONE_TARGET_TOKENS;
    outputs[0].output = "masked";
    outputs[0].records = records;
    outputs[1].output = "relation";
    const hone__evaluated evaluated = {.outputs = outputs, .n = 2};
    const hone__evidence x = {
        .dir = dir, .evaluated = &evaluated, .config = &config, .kept = kept, .prepared = &prepared, .preparer = &preparer};
    hone_arena *arena = hone__arena_create(0);
    const hone_status status = arena ? hone__evidence_write(&x, arena, err) : hone_no_memory(err, "the arena");
    hone__arena_destroy(arena);
    return status;
}

START_TEST(every_output_has_files_and_plain_text_shows_what_the_model_saw)
{
    static world w;
    char *dir = suite_make_dir(), path[4200];
    hone_error err;
    fill(&w, HONE_TARGET_CLASS);
    ck_assert_msg(write_outputs(dir, &w, &err) == HONE_OK, "%s", err.msg);
    holds(dir, "errors.tsv",
          "id\tgold:words\tpredicted:words\tloss\tsequence:words\tplaces:words\tgenre\n"
          "b\t##s\t9\t3\t[CLS]|the|[MASK]\t2\t\n"
          "c\tthe|a\\|b\t##s|a\\|b\t0.75\t[CLS]|[MASK]|[MASK]\t1|2\tfo\\\\o\n");
    holds(dir, "confusion.tsv", "gold\tpredicted\ttimes\tmasked\nthe\t##s\t1\t2\n##s\t9\t1\t1\n");
    holds(dir, "errors.relation.tsv", /* by the probability of the gold label, not by the loss of both outputs */
          "id\tgold\tpredicted\tloss\tsequence:words\tgenre\n"
          "c\ty\\|es\ty\\|es\t2.30259\t[CLS]|[MASK]|[MASK]\tfo\\\\o\n"
          "a\tno\tno\t0.693147\t[CLS]|[MASK]|##s\tnews\n");
    holds(dir, "confusion.relation.tsv", "gold\\\\predicted\tno\ty\\|es\nno\t1\t0\ny\\|es\t1\t1\n");
    for (int i = 0; i < 4; i++) {
        static const char *const names[] = {"predictions.tsv", "predictions.relation.tsv", "slices.tsv", "slices.relation.tsv"};
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        ck_assert_int_eq(hone__exists(path), i < 3);
    }
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

static hone_status attempt_outputs(void *ctx, hone_error *err)
{
    trying *t = ctx;
    return write_outputs(t->dir, &t->w, err);
}

START_TEST(every_allocation_may_fail)
{
    static trying t;
    if (hone__is_dir("/dev/shm"))
        setenv("TMPDIR", "/dev/shm", 1);
    t.dir = suite_make_dir();
    fill(&t.w, HONE_TARGET_CLASS);
    suite_every_allocation_fails(attempt, &t);
    suite_every_allocation_fails(attempt_outputs, &t);
    suite_remove_dir(t.dir);
}
END_TEST

SUITE("evidence", the_highest_losses_slices_and_counts_are_written, choices_are_counted_by_position,
      sets_have_four_counts_a_label, lists_have_their_type_and_bars_between_their_items,
      every_output_has_files_and_plain_text_shows_what_the_model_saw, every_target_and_what_is_missing_is_written,
      every_allocation_may_fail)
