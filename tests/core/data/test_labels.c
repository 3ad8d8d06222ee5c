/* test_labels.c - the label list and how it is shown; splits of one file.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "data_fixture.h"

static const hone_reader plain_reader = {.plugin = {.name = "test"}};

static hone_status build(hone_arena *arena, const row *rows, size_t n, hone__labels *labels, hone_error *err)
{
    return hone__labels_build(arena, make_corpus(arena, rows, n), &plain_reader, NULL, labels, err);
}

START_TEST(integers_stand_in_their_order)
{
    hone_error err;
    hone__labels l;
    hone_arena *arena = hone__arena_create(0);
    const row rows[] = {{"a", NULL, "10"}, {"b", NULL, "9"}, {"c", NULL, "-1"}, {"d", NULL, "9"}};
    ck_assert_int_eq(build(arena, rows, 4, &l, &err), HONE_OK);
    ck_assert_uint_eq(l.n, 3);
    ck_assert_str_eq(l.names[0], "-1");
    ck_assert_str_eq(l.names[1], "9");
    ck_assert_str_eq(l.names[2], "10");
    ck_assert_uint_eq(l.counts[1], 2);
    ck_assert_int_eq(l.positive, -1);
    hone__arena_destroy(arena);
}
END_TEST

START_TEST(other_labels_stand_in_byte_order)
{
    hone_error err;
    hone__labels l;
    hone_arena *arena = hone__arena_create(0);
    const row rows[] = {{"a", NULL, "b"}, {"b", NULL, "10"}, {"c", NULL, "B"}, {"d", NULL, "9"}};
    ck_assert_int_eq(build(arena, rows, 4, &l, &err), HONE_OK);
    ck_assert_str_eq(l.names[0], "10");
    ck_assert_str_eq(l.names[1], "9");
    ck_assert_str_eq(l.names[2], "B");
    ck_assert_str_eq(l.names[3], "b");
    hone__arena_destroy(arena);
}
END_TEST

static const char *two_labels(const hone_self *self, uint64_t i)
{
    static const char *const names[] = {"yes", "no", NULL};
    (void)self;
    return i < 3 ? names[i] : NULL;
}

START_TEST(a_readers_own_list_is_kept_in_its_order)
{
    hone_error err;
    hone__labels l;
    hone_arena *arena = hone__arena_create(0);
    hone_reader reader = plain_reader;
    reader.label = two_labels;
    hone_corpus *corpus = make_corpus(arena, (row[]){{"a", NULL, "no"}}, 1);
    ck_assert_int_eq(hone__labels_build(arena, corpus, &reader, NULL, &l, &err), HONE_OK);
    ck_assert_str_eq(l.names[0], "yes");
    ck_assert_uint_eq(l.counts[0], 0);
    ck_assert_int_eq(hone_example_gold(hone_corpus_at(corpus, 0))->index, 1);
    corpus = make_corpus(arena, (row[]){{"a", NULL, "noo"}}, 1);
    ck_assert_int_ne(hone__labels_build(arena, corpus, &reader, NULL, &l, &err), HONE_OK);
    ck_assert_str_eq(err.msg, "f.tsv:1: the label noo of this train example is not one of those that training knows: yes, no; "
                              "did you mean no?");
    hone__arena_destroy(arena);
}
END_TEST

START_TEST(a_label_that_training_lacks_is_refused_with_its_line)
{
    hone_error err;
    hone__labels l;
    hone_arena *arena = hone__arena_create(0);
    const row rows[] = {{"a", NULL, "spam"}, {"b", NULL, "ham"}};
    ck_assert_int_eq(build(arena, rows, 2, &l, &err), HONE_OK);
    hone_corpus *corpus = make_corpus(arena, (row[]){{"a", NULL, "ham"}, {"b", NULL, "spma"}}, 2);
    corpus->split = "validation";
    ck_assert_int_eq(hone__corpus_index(corpus, &l, &err), HONE_EFORMAT);
    ck_assert_str_eq(err.msg,
                     "f.tsv:2: the label spma of this validation example is not one of those that training knows: ham, "
                     "spam; did you mean spam?");
    hone__arena_destroy(arena);
}
END_TEST

static hone_status show(hone_arena *arena, const char *const *keys, const char *const *values, uint64_t n, const char *positive,
                        hone__labels *l, hone_error *err)
{
    const row rows[] = {{"a", NULL, "0"}, {"b", NULL, "1"}};
    hone__data_config config = {.label_names = {keys, values, n, sizeof *values}, .positive_label = positive};
    HONE_TRY(build(arena, rows, 2, l, err));
    return hone__labels_show(arena, &config, l, err);
}

START_TEST(labels_are_shown_by_the_names_given)
{
    hone_error err;
    hone__labels l;
    hone_arena *arena = hone__arena_create(0);
    const char *keys[] = {"1"}, *values[] = {"paraphrase"};
    ck_assert_int_eq(show(arena, keys, values, 1, "paraphrase", &l, &err), HONE_OK);
    ck_assert_str_eq(l.shown[0], "0");
    ck_assert_str_eq(l.shown[1], "paraphrase");
    ck_assert_str_eq(l.names[1], "1");
    ck_assert_int_eq(l.positive, 1);
    ck_assert_int_eq(show(arena, keys, values, 1, "1", &l, &err), HONE_OK);
    ck_assert_int_eq(l.positive, 1);
    hone__arena_destroy(arena);
}
END_TEST

START_TEST(names_for_labels_that_are_not_there_are_refused)
{
    hone_error err;
    hone__labels l;
    hone_arena *arena = hone__arena_create(0);
    const char *keys[] = {"2", "1"}, *values[] = {"x", "0"};
    ck_assert_int_eq(show(arena, keys, values, 1, NULL, &l, &err), HONE_ECONFIG);
    ck_assert_str_eq(err.msg, "data.label_names names the label 2, which is not one of the data's: 0, 1");
    ck_assert_int_eq(show(arena, keys + 1, values + 1, 1, NULL, &l, &err), HONE_ECONFIG);
    ck_assert_str_eq(err.msg, "data.label_names shows two labels, 0 and 1, by the same name 0");
    ck_assert_int_eq(show(arena, NULL, NULL, 0, "yes", &l, &err), HONE_ECONFIG);
    ck_assert_str_eq(err.msg, "data.positive_label names the label yes, which is not one of the data's: 0, 1");
    hone__arena_destroy(arena);
}
END_TEST

/* ---- Splits ------------------------------------------------------------------------------------------------------ */

/* 100 examples, one in ten of the class "rare". */
static hone_corpus *hundred(hone_arena *arena)
{
    row rows[100];
    char texts[100][8];
    for (int i = 0; i < 100; i++) {
        snprintf(texts[i], sizeof texts[i], "t%d", i);
        rows[i] = (row){texts[i], NULL, i % 10 == 3 ? "rare" : "common"};
    }
    return make_corpus(arena, rows, 100);
}

static uint64_t count_rare(const hone_corpus *corpus)
{
    uint64_t n = 0;
    for (uint64_t i = 0; i < corpus->n; i++)
        n += strcmp(corpus->examples[i]->gold->names[0], "rare") == 0;
    return n;
}

START_TEST(splits_have_their_sizes_keep_the_classes_and_the_order_of_the_file)
{
    hone_error err;
    hone_corpus *parts[3];
    hone_arena *arena = hone__arena_create(0);
    hone__data_config config = {.split = {0.7, 0.2, 0.1}, .split_seed = 5, .stratify = true};
    ck_assert_int_eq(hone__corpus_split(arena, hundred(arena), &config, HONE_TARGET_CLASS, parts, &err), HONE_OK);
    ck_assert_uint_eq(parts[0]->n, 70);
    ck_assert_uint_eq(parts[1]->n, 20);
    ck_assert_uint_eq(parts[2]->n, 10);
    ck_assert_uint_eq(count_rare(parts[0]), 7);
    ck_assert_uint_eq(count_rare(parts[1]), 2);
    ck_assert_uint_eq(count_rare(parts[2]), 1);
    bool seen[101] = {false};
    for (int p = 0; p < 3; p++) {
        for (uint64_t i = 0; i < parts[p]->n; i++) {
            uint64_t line = parts[p]->examples[i]->line;
            ck_assert(!seen[line]);
            seen[line] = true;
            ck_assert(i == 0 || line > parts[p]->examples[i - 1]->line);
        }
    }
    hone__arena_destroy(arena);
}
END_TEST

START_TEST(the_seed_decides_the_split)
{
    hone_error err;
    hone_corpus *a[3], *b[3], *c[3];
    hone_arena *arena = hone__arena_create(0);
    hone__data_config config = {.split = {.validation = 0.2}, .split_seed = 5, .stratify = true};
    ck_assert_int_eq(hone__corpus_split(arena, hundred(arena), &config, HONE_TARGET_CLASS, a, &err), HONE_OK);
    ck_assert_int_eq(hone__corpus_split(arena, hundred(arena), &config, HONE_TARGET_CLASS, b, &err), HONE_OK);
    config.split_seed = 6;
    ck_assert_int_eq(hone__corpus_split(arena, hundred(arena), &config, HONE_TARGET_CLASS, c, &err), HONE_OK);
    int differences = 0;
    for (uint64_t i = 0; i < 20; i++) {
        ck_assert_uint_eq(a[1]->examples[i]->line, b[1]->examples[i]->line);
        differences += a[1]->examples[i]->line != c[1]->examples[i]->line;
    }
    ck_assert_int_gt(differences, 0);
    ck_assert_uint_eq(a[0]->n, 80);
    ck_assert_ptr_null(a[2]);
    hone__arena_destroy(arena);
}
END_TEST

START_TEST(training_sees_every_class_that_there_is_room_for)
{
    hone_error err;
    hone_corpus *parts[3];
    row rows[20];
    char labels[10][4];
    hone_arena *arena = hone__arena_create(0);
    for (int i = 0; i < 20; i++) {
        snprintf(labels[i / 2], sizeof labels[0], "c%d", i / 2);
        rows[i] = (row){"t", NULL, labels[i / 2]};
    }
    hone__data_config config = {.split = {0.5, 0.5, 0}, .stratify = true};
    ck_assert_int_eq(hone__corpus_split(arena, make_corpus(arena, rows, 20), &config, HONE_TARGET_CLASS, parts, &err), HONE_OK);
    for (uint64_t i = 0; i < 10; i++)
        ck_assert_str_eq(parts[0]->examples[i]->gold->names[0], labels[i]);
    hone__arena_destroy(arena);
}
END_TEST

/* Documents of 1 to 9 examples, ten times over: every one is in one part alone, and the parts have about their shares. */
START_TEST(documents_stay_together_where_asked)
{
    hone_error err;
    hone_arena *arena = hone__arena_create(0);
    hone_corpus *whole = hundred(arena), *parts[3];
    int of_document[100] = {0}; /* the part, from 1 */
    const hone__data_config config = {
        .split = {.train = 0.6, .validation = 0.2, .test = 0.2}, .split_seed = 3, .stratify = true, .split_by_group = true};
    for (uint64_t i = 0, document = 0, left = 1; i < whole->n; i++, left--) {
        if (left == 0)
            left = 1 + ++document % 9;
        whole->examples[i]->group = document;
    }
    ck_assert_int_eq(hone__corpus_split(arena, whole, &config, HONE_TARGET_CLASS, parts, &err), HONE_OK);
    ck_assert_uint_eq(parts[0]->n + parts[1]->n + parts[2]->n, 100);
    for (int p = 0; p < 3; p++) {
        ck_assert_uint_ge(parts[p]->n, p ? 11 : 60);
        ck_assert_uint_le(parts[p]->n, p ? 29 : 69);
        for (uint64_t i = 0; i < parts[p]->n; i++) {
            int *part = &of_document[parts[p]->examples[i]->group];
            ck_assert(*part == 0 || *part == p + 1);
            *part = p + 1;
        }
    }
    hone__arena_destroy(arena);
}
END_TEST

static void split_refused(hone__data_config config, const char *message)
{
    hone_error err = {HONE_OK, ""};
    hone_corpus *parts[3];
    hone_arena *arena = hone__arena_create(0);
    ck_assert_int_eq(hone__corpus_split(arena, hundred(arena), &config, HONE_TARGET_CLASS, parts, &err), HONE_ECONFIG);
    ck_assert_str_eq(err.msg, message);
    hone__arena_destroy(arena);
}

START_TEST(shares_that_make_no_sense_are_refused)
{
    split_refused((hone__data_config){.split = {0.8, 0.2, 0.1}},
                  "the shares in data.split add up to 1.1; they must not exceed 1");
    split_refused((hone__data_config){.split = {0.8, -0.2, 0}}, "data.split.validation is -0.2; a share lies between 0 and 1");
    split_refused((hone__data_config){.split = {0, 0.5, 0.5}},
                  "data.split leaves nothing for training: its shares must add up to less than 1");
    split_refused((hone__data_config){.split = {0.5, 0.001, 0}},
                  "data.split.validation is 0.001, which of the 100 examples of f.tsv leaves none");
    split_refused((hone__data_config){.split = {0.5, 0.5, 0}, .validation = "v.tsv"},
                  "data.validation names a file, and data.split.validation takes a share of data.train: give one of them");
}
END_TEST

static hone_status split_and_build(void *ctx, hone_error *err)
{
    hone_corpus *parts[3];
    hone__labels l;
    hone__data_config config = {.split = {0.5, 0.5, 0}, .stratify = true, .positive_label = "rare"};
    hone_arena *arena = hone__arena_create(64);
    if (!arena)
        return hone_no_memory(err, "making an arena");
    hone_status status = hone__corpus_split(arena, ctx, &config, HONE_TARGET_CLASS, parts, err);
    if (status == HONE_OK)
        status = hone__labels_build(arena, parts[0], &plain_reader, NULL, &l, err);
    if (status == HONE_OK)
        status = hone__labels_show(arena, &config, &l, err);
    hone__arena_destroy(arena);
    return status;
}

START_TEST(every_failing_allocation_is_an_error_and_leaks_nothing)
{
    hone_arena *arena = hone__arena_create(0);
    ck_assert_int_gt(suite_every_allocation_fails(split_and_build, hundred(arena)), 5);
    hone__arena_destroy(arena);
}
END_TEST

SUITE("labels", integers_stand_in_their_order, other_labels_stand_in_byte_order, a_readers_own_list_is_kept_in_its_order,
      a_label_that_training_lacks_is_refused_with_its_line, labels_are_shown_by_the_names_given,
      names_for_labels_that_are_not_there_are_refused, splits_have_their_sizes_keep_the_classes_and_the_order_of_the_file,
      the_seed_decides_the_split, training_sees_every_class_that_there_is_room_for, documents_stay_together_where_asked,
      shares_that_make_no_sense_are_refused, every_failing_allocation_is_an_error_and_leaks_nothing)
