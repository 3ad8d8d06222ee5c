/* test_jsonl.c - reader jsonl: what it reads, and one sentence for every mistake.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "../instance.h"
#include "data/labels.h"

#include <stdio.h>

typedef struct fixture {
    instance in;
    hone_columns columns;
    const hone_reader *reader;
    hone_arena *arena;
    char *dir;
    const char *path;
    hone_corpus *corpus;
} fixture;

static void open_reader(fixture *f, hone_columns columns)
{
    *f = (fixture){.columns = columns, .arena = hone__arena_create(0), .dir = suite_make_dir()};
    instance_open(&f->in, "reader/jsonl", &f->columns, 0);
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

static const hone_columns labelled = {.text = "text", .label = "label"}, scored = {.text = "a", .text_pair = "b", .score = "s"};

/* The text is refused with this message behind "PATH". */
static void refused_bytes(hone_columns columns, const char *text, size_t n, const char *message)
{
    fixture f;
    hone_error err = {HONE_OK, ""};
    open_reader(&f, columns);
    ck_assert_int_ne(read_bytes(&f, text, n, true, &err), HONE_OK);
    const size_t skip = strncmp(err.msg, f.path, strlen(f.path)) == 0 ? strlen(f.path) : 0;
    ck_assert_str_eq(err.msg + skip, message);
    close_reader(&f);
}

static void refused(hone_columns columns, const char *text, const char *message)
{
    refused_bytes(columns, text, strlen(text), message);
}

static void read_well(fixture *f, hone_columns columns, const char *text, bool needs_gold)
{
    hone_error err = {HONE_OK, ""};
    open_reader(f, columns);
    ck_assert_msg(read_bytes(f, text, strlen(text), needs_gold, &err) == HONE_OK, "%s", err.msg);
}

static const char *label_of(const fixture *f, uint64_t i)
{
    const hone_answer *gold = hone_example_gold(hone_corpus_at(f->corpus, i));
    return gold ? gold->names[0] : NULL;
}

START_TEST(labels_may_be_strings_integers_and_booleans)
{
    fixture f;
    read_well(&f, labelled,
              "\xEF\xBB\xBF{\"text\": \"a \\u00e4\\n\", \"label\": \"x\", \"more\": [1, {}]}\r\n"
              "{\"label\": 7, \"text\": \"\"}\n{\"text\": \"c\", \"label\": true}\n\n",
              true);
    ck_assert_uint_eq(hone_corpus_count(f.corpus), 3);
    ck_assert_str_eq(hone_example_text(hone_corpus_at(f.corpus, 0), "text", NULL), "a \xc3\xa4\n");
    ck_assert_str_eq(label_of(&f, 0), "x");
    ck_assert_str_eq(label_of(&f, 1), "7");
    ck_assert_str_eq(label_of(&f, 2), "true");
    ck_assert_uint_eq(hone__example_line(hone_corpus_at(f.corpus, 2)), 3);
    close_reader(&f);
}
END_TEST

START_TEST(pairs_scores_and_ids_are_read)
{
    fixture f;
    hone_columns columns = scored;
    columns.id = "i";
    read_well(&f, columns,
              "{\"i\": \"p\", \"a\": \"1\", \"b\": \"2\", \"s\": 3}\n{\"i\": 4, \"a\": \"5\", \"b\": \"6\", \"s\": -7.5e-1}",
              true);
    ck_assert_int_eq(f.reader->target(&f.in.self), HONE_TARGET_SCORE);
    ck_assert_str_eq(f.reader->fields(&f.in.self)[1], "text_pair");
    ck_assert_str_eq(hone_example_text(hone_corpus_at(f.corpus, 1), "text_pair", NULL), "6");
    ck_assert_str_eq(hone_example_id(hone_corpus_at(f.corpus, 0)), "p");
    ck_assert_str_eq(hone_example_id(hone_corpus_at(f.corpus, 1)), "4");
    ck_assert_double_eq(hone_example_gold(hone_corpus_at(f.corpus, 0))->score, 3);
    ck_assert_double_eq(hone_example_gold(hone_corpus_at(f.corpus, 1))->score, -0.75);
    close_reader(&f);
}
END_TEST

START_TEST(gold_may_be_absent_or_null_where_nobody_needs_it)
{
    fixture f;
    read_well(&f, labelled, "{\"text\": \"a\"}\n{\"text\": \"b\", \"label\": null}\n{\"text\": \"c\", \"label\": \"x\"}\n",
              false);
    ck_assert_ptr_null(label_of(&f, 0));
    ck_assert_ptr_null(label_of(&f, 1));
    ck_assert_str_eq(label_of(&f, 2), "x");
    close_reader(&f);
}
END_TEST

START_TEST(every_mistake_is_named_with_its_line)
{
    static const char good[] = "{\"text\": \"a\", \"label\": 1}\n";
    char text[256];
    static const struct {
        const char *second, *message;
    } cases[] = {
        {"{\"text\": \"a\"}", ":2: the object has no key \"label\" (data.columns.label)"},
        {"{\"txt\": \"a\", \"label\": 1}", ":2: the object has no key \"text\" (data.columns.text); did you mean \"txt\"?"},
        {"{\"text\": 5, \"label\": 1}", ":2: the text (key \"text\") is a number; it must be a string"},
        {"{\"text\": \"a\", \"label\": null}",
         ":2: the label (key \"label\") is null; it must be a string, an integer or a boolean"},
        {"{\"text\": \"a\", \"label\": 1.0}",
         ":2: the label (key \"label\") is a number; it must be a string, an integer or a boolean"},
        {"{\"text\": \"a\", \"label\": \"\"}", ":2: the label (key \"label\") is empty"},
        {"[1]", ":2: the line holds an array; each holds one JSON object"},
        {"\n{\"text\": \"a\", \"label\": 1}", ":2: the line is empty; each holds one JSON object"},
        {"{\"text\": \"a\", \"text\": \"b\", \"label\": 1}",
         ":2:20: this is not valid JSON: duplicate object key near '\"text\"'"},
        {"{\"text\": \"a\", \"label\": 1} {}", ":2:27: this is not valid JSON: end of file expected near '{'"},
        {"{\"text\": \"a", ":2:11: this is not valid JSON: premature end of input near '\"a'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(text, sizeof text, "%s%s\n", good, cases[i].second);
        refused(labelled, text, cases[i].message);
    }
    refused(labelled, "", ": the file is empty");
    refused(labelled, " \r\n\n", ": the file is empty");
    refused_bytes(labelled, "{\"text\": \"a\0\", \"label\": 1}", 26,
                  ":1: there is a NUL byte; text files have none (is this a text file, in UTF-8?)");
    refused(scored, "{\"a\": \"\", \"b\": \"\", \"s\": \"1\"}", ":1: the score (key \"s\") is a string; it must be a number");
}
END_TEST

START_TEST(nesting_without_end_is_refused_at_its_line)
{
    char text[300] = "{\"text\": \"a\", \"label\": 1}\n";
    memset(text + strlen(text), '[', 200);
    refused(labelled, text, ":2: arrays and objects lie more than 64 deep in one another; make it flatter");
}
END_TEST

START_TEST(text_that_is_not_utf8_is_refused)
{
    fixture f;
    hone_error err = {HONE_OK, ""};
    static const char text[] = "{\"text\": \"\xff\", \"label\": 1}";
    open_reader(&f, labelled);
    ck_assert_int_eq(read_bytes(&f, text, sizeof text - 1, true, &err), HONE_EFORMAT);
    ck_assert_msg(strstr(err.msg, "f:1:") && strstr(err.msg, "0xff"), "%s", err.msg);
    close_reader(&f);
}
END_TEST

START_TEST(keys_that_contradict_each_other_are_refused)
{
    refused((hone_columns){.text = "t", .label = "l", .score = "s"}, "{}",
            "data.columns names both a label and a score; an example has one of them");
    refused((hone_columns){.text = "t", .label = "t"}, "{}", "data.columns.text and data.columns.label name the same key t");
}
END_TEST

static hone_status read_once(void *ctx, hone_error *err)
{
    fixture *f = ctx;
    hone_arena *arena = hone__arena_create(0);
    hone_corpus *corpus;
    hone_status status = arena ? hone__corpus_read(arena, f->reader, &f->in.self, f->path, "train", true, &corpus, err)
                               : hone_no_memory(err, "testing");
    hone__arena_destroy(arena);
    return status;
}

START_TEST(every_failing_allocation_is_an_error_and_leaks_nothing)
{
    fixture f;
    read_well(&f, labelled, "{\"text\": \"a long text of some words\", \"label\": 1, \"more\": [1.5, {\"a\": null}]}\n", true);
    ck_assert_int_gt(suite_every_allocation_fails(read_once, &f), 10);
    close_reader(&f);
}
END_TEST

SUITE("jsonl", labels_may_be_strings_integers_and_booleans, pairs_scores_and_ids_are_read,
      gold_may_be_absent_or_null_where_nobody_needs_it, every_mistake_is_named_with_its_line,
      nesting_without_end_is_refused_at_its_line, text_that_is_not_utf8_is_refused, keys_that_contradict_each_other_are_refused,
      every_failing_allocation_is_an_error_and_leaks_nothing)
