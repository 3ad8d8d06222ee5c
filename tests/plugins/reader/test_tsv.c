/* test_tsv.c - readers tsv and csv: what they read, and one sentence for every mistake.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "../instance.h"
#include "data/labels.h"

#include <stdio.h>

/* A reader with its parameters and a folder. */
typedef struct fixture {
    instance in;
    hone_delimited params;
    const hone_reader *reader;
    hone_arena *arena;
    char *dir;
    const char *path;
    hone_corpus *corpus;
} fixture;

static void open_reader(fixture *f, const char *plugin, hone_delimited params)
{
    *f = (fixture){.params = params, .arena = hone__arena_create(0), .dir = suite_make_dir()};
    instance_open(&f->in, plugin, &f->params, 0);
    f->reader = (const hone_reader *)f->in.self.plugin;
    f->path = hone_sprintf(f->arena, "%s/f", f->dir);
}

static void close_reader(fixture *f)
{
    instance_close(&f->in);
    hone__arena_destroy(f->arena);
    suite_remove_dir(f->dir);
}

static hone_status read_bytes(fixture *f, const char *bytes, size_t n, bool needs_gold, hone_error *err)
{
    HONE_TRY(hone__write_file(f->path, bytes, n, err));
    HONE_TRY(f->reader->create(&f->in.self, err));
    return hone__corpus_read(f->arena, f->reader, &f->in.self, f->path, "train", needs_gold, &f->corpus, err);
}

static hone_status read_text(fixture *f, const char *text, hone_error *err)
{
    return read_bytes(f, text, strlen(text), true, err);
}

#define LABELLED                                                                                                               \
    (hone_delimited)                                                                                                           \
    {                                                                                                                          \
        .columns = {.text = "text", .label = "label"}, .header = true                                                          \
    }

/* The text is refused with this message behind "PATH". */
static void refused(hone_delimited params, const char *text, size_t n, const char *message)
{
    fixture f;
    hone_error err = {HONE_OK, ""};
    open_reader(&f, "reader/tsv", params);
    ck_assert_int_ne(read_bytes(&f, text, n ? n : strlen(text), true, &err), HONE_OK);
    size_t skip = strncmp(err.msg, f.path, strlen(f.path)) == 0 ? strlen(f.path) : 0;
    ck_assert_str_eq(err.msg + skip, message);
    close_reader(&f);
}

static void expect(const fixture *f, uint64_t i, const char *text, const char *label)
{
    const hone_example *e = hone_corpus_at(f->corpus, i);
    ck_assert_ptr_nonnull(e);
    ck_assert_str_eq(hone_example_text(e, "text", NULL), text);
    ck_assert_str_eq(hone_example_gold(e)->names[0], label);
}

START_TEST(a_byte_order_mark_crlf_and_a_missing_last_line_feed_are_fine)
{
    fixture f;
    hone_error err;
    open_reader(&f, "reader/tsv", LABELLED);
    ck_assert_msg(read_text(&f, "\xef\xbb\xbflabel\ttext\r\n1\tone\r\n0\ttwo", &err) == HONE_OK, "%s", err.msg);
    ck_assert_uint_eq(hone_corpus_count(f.corpus), 2);
    expect(&f, 0, "one", "1");
    expect(&f, 1, "two", "0");
    ck_assert_str_eq(hone_example_id(hone_corpus_at(f.corpus, 1)), "train-2");
    ck_assert_uint_eq(hone__example_line(hone_corpus_at(f.corpus, 1)), 3);
    close_reader(&f);
}
END_TEST

START_TEST(without_quoting_a_quote_is_a_character_like_any_other)
{
    fixture f;
    hone_error err;
    open_reader(&f, "reader/tsv", LABELLED);
    ck_assert_msg(read_text(&f, "label\ttext\n1\t\" The pie\n0\tsaid \"no\"\n\n\n", &err) == HONE_OK, "%s", err.msg);
    expect(&f, 0, "\" The pie", "1");
    expect(&f, 1, "said \"no\"", "0");
    close_reader(&f);
}
END_TEST

START_TEST(quoted_cells_may_hold_delimiters_quotes_and_line_feeds)
{
    fixture f;
    hone_error err;
    hone_delimited params = LABELLED;
    params.quoting = HONE_QUOTING_CSV;
    params.delimiter = 1;
    open_reader(&f, "reader/csv", params);
    ck_assert_msg(read_text(&f, "text,label\r\n\"a, \"\"b\"\"\nc\",x\r\n\"\",\"y\"\r\nd,\"z\"", &err) == HONE_OK, "%s",
                  err.msg);
    ck_assert_uint_eq(hone_corpus_count(f.corpus), 3);
    expect(&f, 0, "a, \"b\"\nc", "x");
    expect(&f, 1, "", "y");
    expect(&f, 2, "d", "z");
    ck_assert_uint_eq(hone__example_line(hone_corpus_at(f.corpus, 1)), 4);
    close_reader(&f);
}
END_TEST

START_TEST(columns_are_numbers_where_there_is_no_header)
{
    fixture f;
    hone_error err;
    open_reader(&f, "reader/tsv", (hone_delimited){.columns = {.text = "4", .label = "2", .id = "1"}});
    ck_assert_msg(read_text(&f, "a\t1\t\tone\nb\t0\t*\ttwo\n", &err) == HONE_OK, "%s", err.msg);
    expect(&f, 1, "two", "0");
    ck_assert_str_eq(hone_example_id(hone_corpus_at(f.corpus, 1)), "b");
    close_reader(&f);
}
END_TEST

START_TEST(a_score_is_the_target_where_it_is_mapped)
{
    fixture f;
    hone_error err;
    open_reader(&f, "reader/tsv", (hone_delimited){.columns = {.text = "a", .text_pair = "b", .score = "s"}, .header = true});
    ck_assert_int_eq(f.reader->target(&f.in.self), HONE_TARGET_SCORE);
    ck_assert_str_eq(f.reader->fields(&f.in.self)[1], "text_pair");
    ck_assert_msg(read_text(&f, "a\tb\ts\nx\ty\t-2.5e-1\n", &err) == HONE_OK, "%s", err.msg);
    ck_assert_double_eq(hone_example_gold(hone_corpus_at(f.corpus, 0))->score, -0.25);
    close_reader(&f);
    refused(f.params, "a\tb\ts\nx\ty\t0x10\n", 0, ":2: the score 0x10 (column s) is not a decimal number");
    refused(f.params, "a\tb\ts\nx\ty\tnan\n", 0, ":2: the score nan (column s) is not a decimal number");
    refused(f.params, "a\tb\ts\nx\ty\t\n", 0, ":2: the score (column s) is empty");
}
END_TEST

START_TEST(labels_may_lack_where_nobody_needs_them)
{
    fixture f;
    hone_error err;
    open_reader(&f, "reader/tsv", LABELLED);
    ck_assert_msg(read_bytes(&f, "text\nx\n", 7, false, &err) == HONE_OK, "%s", err.msg);
    ck_assert_ptr_null(hone_example_gold(hone_corpus_at(f.corpus, 0)));
    ck_assert_msg(read_bytes(&f, "text\tlabel\nx\t\n", 14, false, &err) == HONE_OK, "%s", err.msg);
    ck_assert_ptr_null(hone_example_gold(hone_corpus_at(f.corpus, 0)));
    close_reader(&f);
}
END_TEST

START_TEST(labels_of_a_set_stand_in_one_cell)
{
    fixture f;
    hone_error err = {HONE_OK, ""};
    open_reader(
        &f, "reader/tsv",
        (hone_delimited){.columns = {.text = "1", .label = "2"}, .quoting = HONE_QUOTING_NONE, .label_separator = ", "});
    ck_assert_msg(read_text(&f, "x\ta, b\ny\t\nz\tb\n", &err) == HONE_OK, "%s", err.msg);
    ck_assert_int_eq(f.reader->target(&f.in.self), HONE_TARGET_CLASSES);
    const hone_answer *gold = hone_example_gold(hone_corpus_at(f.corpus, 0));
    ck_assert_uint_eq(gold->n, 2);
    ck_assert_str_eq(gold->names[0], "a");
    ck_assert_str_eq(gold->names[1], "b");
    ck_assert_uint_eq(hone_example_gold(hone_corpus_at(f.corpus, 1))->n, 0);
    ck_assert_uint_eq(hone_example_gold(hone_corpus_at(f.corpus, 2))->n, 1);
    close_reader(&f);
    const hone_delimited sets = {.columns = {.text = "1", .label = "2"}, .quoting = HONE_QUOTING_NONE, .label_separator = ","};
    const hone_delimited scores = {.columns = {.text = "1", .score = "2"}, .label_separator = ","};
    refused(sets, "x\ta,a\n", 0, ":1: the label a stands twice in one set");
    refused(sets, "x\ta,,b\n", 0, ":1: the label is empty");
    refused(scores, "", 0, "data.label_separator needs data.columns.label, the column that holds the labels");
}
END_TEST

START_TEST(a_ragged_row_is_refused_with_its_line)
{
    refused(LABELLED, "label\ttext\n1\ta\n1\ta\tb\n", 0, ":3: this row has 3 columns, the header has 2");
    refused(LABELLED, "label\ttext\n1\ta\n\n1\tb\n", 0, ":3: this row has 1 column, the header has 2");
}
END_TEST

START_TEST(bad_bytes_are_refused_with_their_line)
{
    refused(LABELLED, "label\ttext\n1\ta\n1\t\xff\n", 0, ":3: the byte 0xff is not UTF-8; convert the file to UTF-8");
    refused(LABELLED, "label\ttext\n1\ta\0b\n", 17,
            ":2: there is a NUL byte; text files have none (is this a text file, in UTF-8?)");
}
END_TEST

START_TEST(a_missing_column_is_refused_with_those_there_are)
{
    refused(LABELLED, "labell\ttext\n1\ta\n", 0,
            ":1: there is no column label; did you mean labell? The columns are: labell, text");
    refused(LABELLED, "a,b\n1,2\n", 0, ":1: there is no column text. The header has one column: a,b; is the delimiter right?");
    refused(LABELLED, "label\ttext\tlabel\n1\ta\t1\n", 0, ":1: the columns 1 and 3 are both named label");
    refused((hone_delimited){.columns = {.text = "3"}}, "a\tb\n", 0, ":1: data.columns.text is 3, but the row has 2 columns");
}
END_TEST

START_TEST(an_empty_file_is_refused)
{
    refused(LABELLED, "", 0, ": the file is empty");
    refused(LABELLED, "\n\r\n", 0, ": the file is empty");
    refused(LABELLED, "label\ttext\n", 0, ": there is no example in this file");
}
END_TEST

START_TEST(an_empty_label_is_refused)
{
    refused(LABELLED, "label\ttext\n\ta\n", 0, ":2: the label (column label) is empty");
}
END_TEST

START_TEST(an_id_that_stands_twice_is_refused)
{
    refused((hone_delimited){.columns = {.text = "text", .id = "id"}, .header = true}, "id\ttext\nx\ta\ny\tb\nx\tc\n", 0,
            ":4: the id x was used before, in line 2; ids must be unique in a file");
}
END_TEST

START_TEST(unbalanced_quotes_are_refused_where_they_begin)
{
    hone_delimited params = LABELLED;
    params.quoting = HONE_QUOTING_CSV;
    refused(params, "label\ttext\n1\ta\n1\t\"b\n1\tc\n", 0,
            ":3: the quote that opens column 2 is never closed; if quotes are ordinary characters in this file, say `quoting: "
            "none`");
    refused(
        params, "label\ttext\n1\ta \"b\"\n", 0,
        ":2: a quote stands inside column 2, which does not begin with one; if quotes are ordinary characters in this file, "
        "say `quoting: none`");
    refused(params, "label\ttext\n1\t\"a\nb\"c\n", 0,
            ":3: there is text behind the closing quote of column 2; a quote inside a quoted cell is written twice");
}
END_TEST

START_TEST(columns_that_make_no_sense_are_refused)
{
    refused((hone_delimited){.columns = {.text = "text", .label = "2"}}, "a\tb\n", 0,
            "data.columns.text is text; without a header (`header: false`) columns are numbers, the first is 1");
    refused((hone_delimited){.columns = {.text = "t", .label = "l", .score = "s"}, .header = true}, "a\tb\n", 0,
            "data.columns names both a label and a score; an example has one of them");
    refused((hone_delimited){.columns = {.text = "t", .text_pair = "t"}, .header = true}, "a\tb\n", 0,
            "data.columns.text and data.columns.text_pair name the same column t");
    refused((hone_delimited){.columns = {.text = ""}, .header = true}, "a\tb\n", 0,
            "data.columns.text is empty; leave it out where there is no such column");
}
END_TEST

/* Real files: reader, parameters, rows. */
START_TEST(real_files_are_read_whole)
{
    static const struct {
        const char *file, *reader;
        hone_delimited params;
        uint64_t rows;
    } files[] = {
        {"mrpc/train.tsv", "reader/tsv", {.columns = {"#1 String", "#2 String", "Quality", NULL, NULL}, .header = true}, 3667},
        {"mrpc/msr_paraphrase_test.txt",
         "reader/tsv",
         {.columns = {"#1 String", "#2 String", "Quality", NULL, NULL}, .header = true},
         1725},
        {"sst2/train.tsv", "reader/tsv", {.columns = {"sentence", NULL, "label", NULL, NULL}, .header = true}, 67349},
        {"cola/train.tsv", "reader/tsv", {.columns = {"4", NULL, "2", NULL, NULL}}, 8551},
        {"banking77/train.csv",
         "reader/csv",
         {.columns = {"text", NULL, "category", NULL, NULL}, .header = true, .quoting = HONE_QUOTING_CSV, .delimiter = 1},
         10003},
        {"chnsenticorp/train.tsv", "reader/tsv", {.columns = {"text_a", NULL, "label", NULL, NULL}, .header = true}, 9600},
        {"stsb/train.tsv", "reader/tsv", {.columns = {"sentence1", "sentence2", NULL, "score", NULL}, .header = true}, 5749},
        {"sick/SICK_train.txt",
         "reader/tsv",
         {.columns = {"sentence_A", "sentence_B", "entailment_judgment", NULL, "pair_ID"}, .header = true},
         4500},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        fixture f;
        hone_error err;
        char path[256];
        snprintf(path, sizeof path, "../shared/data/%s", files[i].file);
        if (!hone__exists(path)) {
            printf("left out, because ../shared lacks it: %s\n", path);
            continue;
        }
        open_reader(&f, files[i].reader, files[i].params);
        ck_assert_msg(hone__corpus_read(f.arena, f.reader, &f.in.self, path, "train", true, &f.corpus, &err) == HONE_OK, "%s",
                      err.msg);
        ck_assert_msg(hone_corpus_count(f.corpus) == files[i].rows, "%s has %d rows", path, (int)hone_corpus_count(f.corpus));
        close_reader(&f);
    }
}
END_TEST

static hone_status read_once(void *ctx, hone_error *err)
{
    fixture *f = ctx;
    hone_corpus *corpus;
    hone_arena *trial = hone__arena_create(0), *step = hone__arena_create(0), *arena = hone__arena_create(0);
    hone_self self = f->in.self;
    self.trial = trial;
    self.step = step;
    hone_status status = trial && step && arena
                             ? hone__corpus_read(arena, f->reader, &self, f->path, "train", true, &corpus, err)
                             : hone_no_memory(err, "making arenas");
    hone__arena_destroy(trial);
    hone__arena_destroy(step);
    hone__arena_destroy(arena);
    return status;
}

START_TEST(every_failing_allocation_is_an_error_and_leaks_nothing)
{
    fixture f;
    hone_error err;
    open_reader(&f, "reader/tsv", LABELLED);
    ck_assert_int_eq(read_text(&f, "label\ttext\n1\ta\n0\tb\n", &err), HONE_OK);
    ck_assert_int_gt(suite_every_allocation_fails(read_once, &f), 5);
    close_reader(&f);
}
END_TEST

SUITE("tsv", a_byte_order_mark_crlf_and_a_missing_last_line_feed_are_fine,
      without_quoting_a_quote_is_a_character_like_any_other, quoted_cells_may_hold_delimiters_quotes_and_line_feeds,
      columns_are_numbers_where_there_is_no_header, a_score_is_the_target_where_it_is_mapped,
      labels_may_lack_where_nobody_needs_them, labels_of_a_set_stand_in_one_cell, a_ragged_row_is_refused_with_its_line,
      bad_bytes_are_refused_with_their_line, a_missing_column_is_refused_with_those_there_are, an_empty_file_is_refused,
      an_empty_label_is_refused, an_id_that_stands_twice_is_refused, unbalanced_quotes_are_refused_where_they_begin,
      columns_that_make_no_sense_are_refused, real_files_are_read_whole, every_failing_allocation_is_an_error_and_leaks_nothing)
