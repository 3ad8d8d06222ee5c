/* test_documents.c - reader documents: sentences, passages and documents of plain text.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "../instance.h"
#include "data/labels.h"

#include <stdio.h>

/* The reader's parameter struct. */
typedef struct params {
    int32_t divided_by; /* blank lines, titles, nothing */
    bool cut_sentences;
    int64_t passage_characters;
} params;

enum { BLANK_LINES, TITLES, NOTHING };

typedef struct fixture {
    instance in;
    params params;
    hone_arena *arena;
    char *dir;
    const char *path;
    hone_corpus *corpus;
} fixture;

static hone_status read_text(fixture *f, params p, const char *text, hone_error *err)
{
    *f = (fixture){.params = p, .arena = hone__arena_create(0), .dir = suite_make_dir()};
    instance_open(&f->in, "reader/documents", &f->params, 0);
    f->path = hone_sprintf(f->arena, "%s/f", f->dir);
    HONE_TRY(hone__write_file(f->path, text, strlen(text), err));
    return hone__corpus_read(f->arena, (const hone_reader *)f->in.self.plugin, &f->in.self, f->path, "train", false, &f->corpus,
                             err);
}

static void close_reader(fixture *f)
{
    instance_close(&f->in);
    hone__arena_destroy(f->arena);
    suite_remove_dir(f->dir);
}

/* The passages, each "GROUP:TEXT" with | for line feeds, must be these; NULL-terminated. */
static void gives(params p, const char *text, const char *const *passages)
{
    fixture f;
    hone_error err = {HONE_OK, ""};
    ck_assert_msg(read_text(&f, p, text, &err) == HONE_OK, "%s", err.msg);
    uint64_t n = 0;
    for (; passages[n]; n++) {
        char got[1000];
        ck_assert_msg(n < hone_corpus_count(f.corpus), "there is no passage %s", passages[n]);
        const hone_example *e = hone_corpus_at(f.corpus, n);
        snprintf(got, sizeof got, "%llu:%s", (unsigned long long)hone_example_group(e), hone_example_text(e, "text", NULL));
        for (char *c = got; *c; c++)
            *c = *c == '\n' ? '|' : *c;
        ck_assert_str_eq(got, passages[n]);
    }
    ck_assert_uint_eq(hone_corpus_count(f.corpus), n);
    close_reader(&f);
}

static void refused(params p, const char *text, const char *message)
{
    fixture f;
    hone_error err = {HONE_OK, ""};
    ck_assert_int_ne(read_text(&f, p, text, &err), HONE_OK);
    ck_assert_msg(strstr(err.msg, message) != NULL, "%s", err.msg);
    close_reader(&f);
}

START_TEST(paragraphs_are_cut_at_sentence_ends)
{
    gives((params){BLANK_LINES, true, 1000},
          "It rained. Dr. J. Doe said: \"No!\" (Twice.) Was it 3.5 cm?  yes ... and so on.\r\nMore\n\n\n第一句。第二句！(x)\n",
          (const char *const[]){"0:It rained.|Dr. J. Doe said: \"No!\"|(Twice.)|Was it 3.5 cm?  yes ... and so on.|More",
                                "1:第一句。|第二句！|(x)", NULL});
}
END_TEST

START_TEST(lines_may_be_sentences_already)
{
    gives((params){BLANK_LINES, false, 1000}, "a. B c\n  d \n\ne", (const char *const[]){"0:a. B c|d", "1:e", NULL});
}
END_TEST

START_TEST(titles_divide_as_in_wikitext_and_deeper_headings_are_left_out)
{
    gives((params){TITLES, true, 1000}, " \n = One = \n \n A b . C d . \n = = Part = = \n \n E . \n = Two = \n F \n",
          (const char *const[]){"0:A b .|C d .|E .", "1:F", NULL});
}
END_TEST

START_TEST(passages_are_no_longer_than_asked_for_but_have_two_sentences)
{
    gives((params){NOTHING, false, 10}, "aaaa\nbbbb\ncc\ndddddddddddd\nee\n\nff\ngg\n",
          (const char *const[]){"0:aaaa|bbbb|cc", "0:dddddddddddd|ee", "0:ff|gg", NULL});
    /* The last sentence joins the passage before it. */
    gives((params){NOTHING, false, 4}, "aa\nbb\ncc\n", (const char *const[]){"0:aa|bb|cc", NULL});
}
END_TEST

START_TEST(documents_and_files_without_text_are_refused)
{
    refused((params){TITLES, true, 100}, "= One =\n= Two =\nText.\n", "f:1: the document \"= One =\" has no text");
    refused((params){TITLES, true, 100}, "= One =\nText.\n= Two =\n\n", "f:3: the document \"= Two =\" has no text");
    refused((params){BLANK_LINES, true, 100}, "\n \n\n", "there is no text in it");
}
END_TEST

SUITE("reader documents", paragraphs_are_cut_at_sentence_ends, lines_may_be_sentences_already,
      titles_divide_as_in_wikitext_and_deeper_headings_are_left_out,
      passages_are_no_longer_than_asked_for_but_have_two_sentences, documents_and_files_without_text_are_refused)
