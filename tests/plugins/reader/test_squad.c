/* test_squad.c - readers squad and choices: what they read, and one sentence for every mistake.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "data/labels.h"
#include "plugin_fixture.h"

#include <stdio.h>

typedef struct fixture {
    plugin_fixture p;
    const hone_self *self;
    char *dir;
    const char *path;
    hone_corpus *corpus;
} fixture;

static hone_status read_with(fixture *f, const char *yaml, const char *text, bool needs_gold, hone_error *err)
{
    plugin_begin(&f->p);
    f->dir = suite_make_dir();
    f->path = hone_sprintf(f->p.arena, "%s/f", f->dir);
    f->self = plugin_make(&f->p, HONE_KIND_READER, yaml);
    HONE_TRY(hone__write_file(f->path, text, strlen(text), err));
    return hone__corpus_read(f->p.arena, (const hone_reader *)(const void *)f->self->plugin, f->self, f->path, "train",
                             needs_gold, &f->corpus, err);
}

static void read_well(fixture *f, const char *yaml, const char *text, bool needs_gold)
{
    hone_error err = {HONE_OK, ""};
    ck_assert_msg(read_with(f, yaml, text, needs_gold, &err) == HONE_OK, "%s", err.msg);
}

static void end(fixture *f)
{
    plugin_end(&f->p);
    suite_remove_dir(f->dir);
}

static void refuses(const char *yaml, const char *text, const char *message)
{
    fixture f;
    hone_error err = {HONE_OK, ""};
    ck_assert_msg(read_with(&f, yaml, text, true, &err) != HONE_OK, "%s", text);
    const size_t skip = strncmp(err.msg, f.path, strlen(f.path)) == 0 ? strlen(f.path) : 0;
    ck_assert_str_eq(err.msg + skip, message);
    end(&f);
}

/* ---- SQuAD ------------------------------------------------------------------------------------------------------- */

/* "Caf\u00e9 Bohr is in K\u00f8benhavn." */
#define FILE_OF(questions)                                                                                                     \
    "{\"version\": \"v2.0\", \"data\": [{\"title\": \"t\", \"paragraphs\": [{\"context\": \"Caf\xc3\xa9 Bohr is in K\xc3\xb8"  \
    "benhavn.\", \"qas\": [" questions "]}]}]}"

START_TEST(answers_are_bytes_of_the_paragraph)
{
    fixture f;
    read_well(&f, "squad",
              FILE_OF("{\"id\": \"a\", \"question\": \"Where?\", \"answers\": [{\"text\": \"K\xc3\xb8"
                      "benhavn\", \"answer_start\": 16}, {\"text\": \"in\", \"answer_start\": 13}], \"is_impossible\": false}, "
                      "{\"id\": \"b\", \"question\": \"Why?\", \"answers\": [], \"is_impossible\": true}"),
              true);
    const hone_example *e = hone_corpus_at(f.corpus, 0);
    const hone_answer *gold = hone_example_gold(e);
    ck_assert_str_eq(hone_example_id(e), "a");
    ck_assert_str_eq(hone_example_text(e, "text", NULL), "Where?");
    ck_assert_uint_eq(gold->n, 2);
    ck_assert_uint_eq(gold->spans[0].begin, 17); /* one more than in characters */
    ck_assert_uint_eq(gold->spans[0].end, 27);
    ck_assert_str_eq(gold->spans[0].text, "K\xc3\xb8"
                                          "benhavn");
    ck_assert_uint_eq(hone_example_gold(hone_corpus_at(f.corpus, 1))->n, 0);
    end(&f);
    read_well(&f, "squad", FILE_OF("{\"id\": \"a\", \"question\": \"Where?\"}"), false);
    ck_assert_ptr_null(hone_example_gold(hone_corpus_at(f.corpus, 0)));
    end(&f);
}
END_TEST

START_TEST(what_is_no_squad_is_refused_with_its_place)
{
    refuses("squad", "{}", ": the file has no member \"data\"; it should be a list");
    refuses("squad", "{\"data\": [{\"paragraphs\": [{\"qas\": []}]}]}",
            ": data[0].paragraphs[0] has no member \"context\"; it should be a string");
    refuses("squad", "{\"data\": [{\"paragraphs\": 5}]}", ": data[0] has a member \"paragraphs\" that is not a list");
    refuses("squad", FILE_OF("{\"id\": \"a\"}"),
            ": data[0].paragraphs[0].qas[0] has no member \"question\"; it should be a string");
    refuses("squad", FILE_OF("{\"id\": \"a\", \"question\": \"?\", \"answers\": [{\"text\": \"Bohr\", \"answer_start\": 4}]}"),
            ": question a: its answer \"Bohr\" does not stand at answer_start 4 (counted in characters) of the paragraph, "
            "where there is "
            "\" Bohr is in K\xc3\xb8"
            "benhavn.\"");
    refuses("squad",
            FILE_OF("{\"id\": \"a\", \"question\": \"?\", \"answers\": [{\"text\": \"Bohr\", \"answer_start\": 400}]}"),
            ": question a: its answer \"Bohr\" does not stand at answer_start 400 (counted in characters) of the paragraph, "
            "where there is "
            "\"\"");
    refuses("squad", FILE_OF("{\"id\": \"a\", \"question\": \"?\", \"answers\": []}"),
            ": question a has no answer and is not marked \"is_impossible\": true, as in SQuAD 2.0");
    refuses("squad", FILE_OF("{\"id\": \"a\", \"question\": \"?\", \"answers\": [{\"text\": \"Bohr\"}]}"),
            ": question a: an answer is no object with a string \"text\" and a number \"answer_start\" from 0");
}
END_TEST

/* ---- Choices ----------------------------------------------------------------------------------------------------- */

static void choice_is(const char *yaml, const char *line, const char *question, uint64_t n, const char *choice, int32_t index)
{
    fixture f;
    uint64_t n_choices;
    read_well(&f, yaml, line, true);
    const hone_example *e = hone_corpus_at(f.corpus, 0);
    const char *const *choices = hone_example_texts(e, "choices", &n_choices);
    ck_assert_str_eq(hone_example_text(e, "question", NULL), question);
    ck_assert_uint_eq(n_choices, n);
    ck_assert_int_eq(hone_example_gold(e)->index, index);
    ck_assert_str_eq(choices[index], choice);
    end(&f);
}

START_TEST(choices_are_objects_or_strings_and_answers_labels_letters_or_numbers)
{
    static const char flat[] = "{type: choices, columns: {question: q, choices: c, answer: a}}";
    choice_is("choices",
              "{\"answerKey\": \"B\", \"id\": \"x\", \"question\": {\"stem\": \"Why?\", \"choices\": [{\"label\": \"A\", "
              "\"text\": \"no\"}, "
              "{\"label\": \"B\", \"text\": \"so\"}]}}\n\n",
              "Why?", 2, "so", 1);
    choice_is(flat, "{\"q\": \"Why?\", \"c\": [\"u\", \"v\", \"w\"], \"a\": 2}", "Why?", 3, "w", 2);
    choice_is(flat, "{\"q\": \"Why?\", \"c\": [\"u\", \"v\"], \"a\": \"A\"}", "Why?", 2, "u", 0);
}
END_TEST

START_TEST(every_mistake_in_choices_is_named_with_its_line)
{
    static const char flat[] = "{type: choices, columns: {question: q, choices: c, answer: a}}";
    static const struct {
        const char *line, *message;
    } cases[] = {
        {"{\"q\": \"?\", \"c\": [\"u\"], \"a\": 0}", ":1: there is one choice; a question needs two or more"},
        {"{\"q\": \"?\", \"c\": [], \"a\": 0}", ":1: there are no choices; a question needs two or more"},
        {"{\"q\": \"?\", \"c\": [\"u\", \"v\"], \"a\": 2}", ":1: the answer (a number) is none of the 2 choices"},
        {"{\"q\": \"?\", \"c\": [\"u\", \"v\"], \"a\": \"C\"}", ":1: the answer C is none of the 2 choices"},
        {"{\"q\": \"?\", \"c\": [\"u\", \"v\"]}", ":1: there is no string or number at \"a\" (data.columns.answer)"},
        {"{\"c\": [\"u\", \"v\"], \"a\": 0}", ":1: there is no string at \"q\" (data.columns.question)"},
        {"{\"q\": \"?\", \"a\": 0}", ":1: there is no list at \"c\" (data.columns.choices)"},
        {"{\"q\": \"?\", \"c\": [\"u\", {}], \"a\": 0}",
         ":1: choice 1 is neither a string nor an object with a string \"text\" (data.columns.choice_text)"},
        {"\n[1]", ":2: the line holds no JSON object; each holds one"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refuses(flat, cases[i].line, cases[i].message);
}
END_TEST

SUITE("squad", answers_are_bytes_of_the_paragraph, what_is_no_squad_is_refused_with_its_place,
      choices_are_objects_or_strings_and_answers_labels_letters_or_numbers, every_mistake_in_choices_is_named_with_its_line)
