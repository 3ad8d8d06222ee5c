/* test_sink.c - what a sink takes, and what it refuses.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "data_fixture.h"

#include <math.h>

static hone_arena *arena;
static hone_sink *sink;

static void open_sink(hone_target target)
{
    arena = hone__arena_create(0);
    sink = make_sink(arena, target, true);
}

static void close_sink(void)
{
    hone__sink_destroy(sink);
    hone__arena_destroy(arena);
}

#define REFUSED(call, expected)                                                                                                \
    do {                                                                                                                       \
        hone_error err = {HONE_OK, ""};                                                                                        \
        ck_assert_int_ne((call), HONE_OK);                                                                                     \
        ck_assert_str_eq(err.msg, expected);                                                                                   \
    } while (0)

#define TAKEN(call)                                                                                                            \
    do {                                                                                                                       \
        hone_error err = {HONE_OK, ""};                                                                                        \
        ck_assert_msg((call) == HONE_OK, "%s", err.msg);                                                                       \
    } while (0)

START_TEST(examples_come_out_as_they_went_in)
{
    hone_corpus *corpus;
    const char *words[] = {"a", "b"};
    float pixels[] = {1, 2, 3, 4};
    hone_tensor array = {.data = pixels, .dtype = HONE_F32, .shape = hone_shape_2(2, 2)};
    size_t n;
    uint64_t n_words;
    open_sink(HONE_TARGET_CLASS);
    TAKEN(put_row(sink, &(row){"one", "two", "x"}, 7, &err));
    TAKEN(hone_sink_texts(sink, "words", HONE_FIELD_WORDS, words, 2, &err));
    TAKEN(hone_sink_array(sink, "pixels", &array, &err));
    TAKEN(hone_sink_group(sink, 3, &err));
    pixels[3] = 0; /* the sink has a copy */
    TAKEN(hone__sink_finish(sink, &corpus, &err));
    const hone_example *e = hone_corpus_at(corpus, 0);
    ck_assert_ptr_null(hone_corpus_at(corpus, 1));
    ck_assert_str_eq(hone_example_text(e, "text_pair", &n), "two");
    ck_assert_uint_eq(n, 3);
    ck_assert_int_eq(hone_example_has(e, "words"), HONE_FIELD_WORDS);
    ck_assert_int_eq(hone_example_has(e, "nothing"), HONE_FIELD_NONE);
    ck_assert_ptr_null(hone_example_text(e, "words", NULL));
    ck_assert_str_eq(hone_example_texts(e, "words", &n_words)[1], "b");
    ck_assert_uint_eq(n_words, 2);
    ck_assert_float_eq(((const float *)hone_example_array(e, "pixels")->data)[3], 4);
    ck_assert_uint_eq(hone_example_group(e), 3);
    ck_assert_uint_eq(hone__example_line(e), 7);
    ck_assert_str_eq(hone__example_file(e), "f.tsv");
    ck_assert_str_eq(hone_example_id(e), "train-1");
    ck_assert_int_eq(hone_example_gold(e)->index, -1);
    close_sink();
}
END_TEST

START_TEST(text_that_is_not_utf8_or_has_nul_bytes_is_refused)
{
    open_sink(HONE_TARGET_CLASS);
    TAKEN(hone_sink_example(sink, NULL, 4, &err));
    REFUSED(hone_sink_text(sink, "text", "a\xc3", 2, &err),
            "f.tsv:4: text is not UTF-8: byte 2 of it is 0xc3; convert the file to UTF-8");
    REFUSED(hone_sink_text(sink, "text", "a\0b", 3, &err), "f.tsv:4: text has a NUL byte at its byte 2; text files have none");
    close_sink();
}
END_TEST

START_TEST(fields_must_be_known_and_filled_once)
{
    open_sink(HONE_TARGET_CLASS);
    REFUSED(hone_sink_text(sink, "text", "a", 1, &err),
            "reader test broke its contract at f.tsv:0: a field comes before the first example");
    TAKEN(hone_sink_example(sink, NULL, 4, &err));
    REFUSED(hone_sink_text(sink, "title", "a", 1, &err),
            "reader test broke its contract at f.tsv:4: it fills the field title, which is not among its fields()");
    REFUSED(hone_sink_text(sink, "", "a", 1, &err), "reader test broke its contract at f.tsv:4: a field has no name");
    TAKEN(hone_sink_text(sink, "text", "a", 1, &err));
    REFUSED(hone_sink_text(sink, "text", "a", 1, &err),
            "reader test broke its contract at f.tsv:4: it fills the field text twice");
    close_sink();
}
END_TEST

START_TEST(ids_are_unique_and_not_empty)
{
    hone_corpus *corpus;
    open_sink(HONE_TARGET_NONE);
    REFUSED(hone_sink_example(sink, "", 1, &err), "f.tsv:1: the id is empty");
    close_sink();
    arena = hone__arena_create(0);
    sink = make_sink(arena, HONE_TARGET_NONE, false);
    TAKEN(hone_sink_example(sink, "train-2", 5, &err));
    TAKEN(hone_sink_example(sink, NULL, 6, &err));
    REFUSED(hone__sink_finish(sink, &corpus, &err),
            "f.tsv:6: the id train-2 was used before, in line 5; ids must be unique in a file");
    close_sink();
}
END_TEST

START_TEST(gold_must_be_there_and_fit_the_target)
{
    hone_corpus *corpus;
    hone_answer score = hone_answer_of(HONE_TARGET_SCORE);
    open_sink(HONE_TARGET_CLASS);
    TAKEN(hone_sink_example(sink, NULL, 2, &err));
    REFUSED(hone_sink_gold(sink, &score, &err),
            "reader test broke its contract at f.tsv:2: it gives a gold of target score, but its target is class");
    REFUSED(hone__sink_finish(sink, &corpus, &err), "f.tsv:2: the example has no label to learn from or to be scored by");
    close_sink();
    open_sink(HONE_TARGET_SCORE);
    TAKEN(hone_sink_example(sink, NULL, 2, &err));
    score.score = INFINITY;
    REFUSED(hone_sink_gold(sink, &score, &err), "f.tsv:2: the score is not a finite number");
    REFUSED(hone_sink_example(sink, NULL, 3, &err), "f.tsv:2: the example has no score to learn from or to be scored by");
    close_sink();
}
END_TEST

START_TEST(sets_of_labels_hold_each_label_once)
{
    const char *names[] = {"a", "b", "a"};
    hone_answer gold = hone_answer_of(HONE_TARGET_CLASSES);
    open_sink(HONE_TARGET_CLASSES);
    TAKEN(hone_sink_example(sink, NULL, 2, &err));
    gold.names = names;
    gold.n = 3;
    REFUSED(hone_sink_gold(sink, &gold, &err), "f.tsv:2: the label a stands twice in one set");
    gold.n = 0;
    TAKEN(hone_sink_gold(sink, &gold, &err));
    close_sink();
}
END_TEST

static void hash_of(const row *rows, size_t n, char hex[65])
{
    hone_error err;
    hone_arena *own = hone__arena_create(0);
    ck_assert_int_eq(hone__corpus_hash(make_corpus(own, rows, n), hex, &err), HONE_OK);
    hone__arena_destroy(own);
}

START_TEST(the_hash_changes_with_whatever_an_example_holds)
{
    char base[65], other[65];
    const row same[] = {{"a", "b", "x"}, {"c", NULL, "y"}};
    const row changed[][2] = {
        {{"a", "b", "x"}, {"c", NULL, "z"}}, {{"a", "b", "x"}, {"c", "", "y"}},    {{"ab", "", "x"}, {"c", NULL, "y"}},
        {{"c", NULL, "y"}, {"a", "b", "x"}}, {{"a", "b", NULL}, {"c", NULL, "y"}},
    };
    hash_of(same, 2, base);
    hash_of(same, 2, other);
    ck_assert_str_eq(base, other);
    for (size_t i = 0; i < sizeof changed / sizeof *changed; i++) {
        hash_of(changed[i], 2, other);
        ck_assert_str_ne(base, other);
    }
}
END_TEST

START_TEST(columns_that_somebody_asked_for_are_kept_and_must_be_there)
{
    static const char *const kept[] = {"genre", "year", NULL};
    for (int missing = 0; missing < 2; missing++) {
        hone_arena *own = hone__arena_create(0);
        hone_sink *mine = hone__sink_create(&(hone__sink_setup){
            .arena = own, .file = "f.tsv", .split = "train", .reader = "test", .target = HONE_TARGET_NONE, .kept = kept});
        hone_error err;
        hone_corpus *corpus;
        for (int i = 0; i < 2; i++) {
            ck_assert_int_eq(hone_sink_example(mine, NULL, 0, &err), HONE_OK);
            ck_assert_int_eq(hone_sink_column(mine, "genre", "news", 4, &err), HONE_OK);
            ck_assert_int_eq(hone_sink_column(mine, "other", "x", 1, &err), HONE_OK);
            if (i == 1 && !missing)
                ck_assert_int_eq(hone_sink_column(mine, "year", "1984", 4, &err), HONE_OK);
        }
        const hone_status status = hone__sink_finish(mine, &corpus, &err);
        ck_assert_int_eq(status, missing ? HONE_EFORMAT : HONE_OK);
        if (missing)
            ck_assert_str_eq(err.msg,
                             "f.tsv: there is no column year, which report.slices asks for; the columns are genre, other");
        else
            ck_assert_str_eq(corpus->examples[1]->kept[1], "1984");
        ck_assert(missing || (strcmp(corpus->examples[0]->kept[0], "news") == 0 && !corpus->examples[0]->kept[1]));
        hone__sink_destroy(mine);
        hone__arena_destroy(own);
    }
}
END_TEST

START_TEST(targets_have_names)
{
    ck_assert_str_eq(hone_target_name(HONE_TARGET_NONE), "none");
    ck_assert_str_eq(hone_target_name(HONE_TARGET_CLASS), "class");
    ck_assert_str_eq(hone_target_name(HONE_TARGET_OTHER), "other");
    ck_assert_str_eq(hone_target_name(99), "?");
}
END_TEST

SUITE("sink", examples_come_out_as_they_went_in, text_that_is_not_utf8_or_has_nul_bytes_is_refused,
      fields_must_be_known_and_filled_once, ids_are_unique_and_not_empty, gold_must_be_there_and_fit_the_target,
      sets_of_labels_hold_each_label_once, the_hash_changes_with_whatever_an_example_holds,
      columns_that_somebody_asked_for_are_kept_and_must_be_there, targets_have_names)
