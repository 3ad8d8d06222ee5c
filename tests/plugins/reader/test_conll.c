/* test_conll.c - reader conll: columns, schemes and their conversion, and one sentence for every mistake.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "data/labels.h"
#include "plugin_fixture.h"

#include <stdio.h>

typedef struct fixture {
    plugin_fixture p;
    const hone_reader *reader;
    const hone_self *self;
    char *dir;
    const char *path;
    hone_corpus *corpus;
} fixture;

static hone_status read_with(fixture *f, const char *settings, const char *text, bool needs_gold, hone_error *err)
{
    plugin_begin(&f->p);
    f->dir = suite_make_dir();
    f->path = hone_sprintf(f->p.arena, "%s/f", f->dir);
    f->self = plugin_make(&f->p, HONE_KIND_READER, hone_sprintf(f->p.arena, "{type: conll%s}", settings));
    f->reader = (const hone_reader *)(const void *)f->self->plugin;
    HONE_TRY(hone__write_file(f->path, text, strlen(text), err));
    HONE_TRY(f->reader->create(f->self, err));
    return hone__corpus_read(f->p.arena, f->reader, f->self, f->path, "train", needs_gold, &f->corpus, err);
}

static void end(fixture *f)
{
    plugin_end(&f->p);
    suite_remove_dir(f->dir);
}

/* All sentences as "word/tag word/tag | word/tag". */
static void reads(const char *settings, const char *text, const char *wanted)
{
    fixture f;
    hone_error err = {HONE_OK, ""};
    char shown[1000] = "";
    ck_assert_msg(read_with(&f, settings, text, true, &err) == HONE_OK, "%s: %s", settings, err.msg);
    for (uint64_t i = 0; i < hone_corpus_count(f.corpus); i++) {
        uint64_t n;
        const hone_example *e = hone_corpus_at(f.corpus, i);
        const char *const *words = hone_example_texts(e, "words", &n);
        const hone_answer *gold = hone_example_gold(e);
        ck_assert_uint_eq(gold->n, n);
        for (uint64_t w = 0; w < n; w++)
            snprintf(shown + strlen(shown), sizeof shown - strlen(shown), "%s%s/%s",
                     w   ? " "
                     : i ? " | "
                         : "",
                     words[w], gold->names[w]);
    }
    ck_assert_str_eq(shown, wanted);
    end(&f);
}

static void refuses(const char *settings, const char *text, const char *message)
{
    fixture f;
    hone_error err = {HONE_OK, ""};
    ck_assert_msg(read_with(&f, settings, text, true, &err) != HONE_OK, "%s", text);
    const size_t skip = strncmp(err.msg, f.path, strlen(f.path)) == 0 ? strlen(f.path) : 0;
    ck_assert_str_eq(err.msg + skip, message);
    end(&f);
}

START_TEST(sentences_end_at_blank_lines_and_documents_at_docstart)
{
    fixture f;
    hone_error err;
    reads("", "\xEF\xBB\xBFJo B-PER\r\nran O\r\n \t \r\n\r\nYes O", "Jo/B-PER ran/O | Yes/O");
    ck_assert_int_eq(read_with(&f, "", "-DOCSTART- -X- O\n\na O\n\n-DOCSTART- O\n\nb O\nc O\n-DOCSTART- O\nd O\n", true, &err),
                     HONE_OK);
    ck_assert_uint_eq(hone_corpus_count(f.corpus), 3);
    for (uint64_t i = 0; i < 3; i++)
        ck_assert_uint_eq(hone_example_group(hone_corpus_at(f.corpus, i)), i + 1);
    ck_assert_uint_eq(hone__example_line(hone_corpus_at(f.corpus, 1)), 7);
    end(&f);
}
END_TEST

START_TEST(columns_are_numbers_from_either_end_or_names)
{
    reads(", columns: {words: 2, tags: 4}", "1 Jo NN B-X y\n2 ran VB O z\n", "Jo/B-X ran/O");
    reads(", columns: {words: 2, tags: -2}", "1 Jo NN B-X y\n2 ran VB O z\n", "Jo/B-X ran/O");
    reads(", header: true, columns: {words: FORM, tags: NER}", "ID FORM NER\n1 Jo B-X\n2 ran O\n", "Jo/B-X ran/O");
    reads(", delimiter: tab", "New York\tB-X\na b\tO\n", "New York/B-X a b/O");
    reads(", comments: true, scheme: none, columns: {words: 2, tags: 3}", "# text = Jo\n1 Jo NN\n2 # SYM\n\n# x\n1 a DT\n",
          "Jo/NN #/SYM | a/DT");
    reads(", segmentation_digits: true",
          "\xe5\x8f\xa3"
          "0 O\n\xe8\x85\x94"
          "1 B-X\n",
          "\xe5\x8f\xa3/O \xe8\x85\x94/B-X");
    reads(", segmentation_digits: true", "h0 O\n20 O\np10 O\n311 O\n", "h/O 2/O p/O 3/O"); /* digits too, and places beyond 9 */
}
END_TEST

START_TEST(every_scheme_is_read_and_written)
{
    static const char *const schemes[] = {"bio", "iob1", "bioes", "bmes"};
    static const char *const tags[][7] = {{"B-X", "B-X", "I-X", "I-X", "O", "B-Y", "B"},
                                          {"I-X", "B-X", "I-X", "I-X", "O", "I-Y", "I"},
                                          {"S-X", "B-X", "I-X", "E-X", "O", "S-Y", "S"},
                                          {"S-X", "B-X", "M-X", "E-X", "O", "S-Y", "S"}};
    for (size_t from = 0; from < 4; from++)
        for (size_t to = 0; to < 4; to++) {
            char settings[100], text[200] = "", wanted[200] = "";
            for (size_t w = 0; w < 7; w++) {
                snprintf(text + strlen(text), sizeof text - strlen(text), "w %s\n", tags[from][w]);
                snprintf(wanted + strlen(wanted), sizeof wanted - strlen(wanted), "%sw/%s", w ? " " : "", tags[to][w]);
            }
            snprintf(settings, sizeof settings, ", scheme: %s, convert: %s", schemes[from], schemes[to]);
            reads(settings, text, wanted);
        }
}
END_TEST

START_TEST(tags_that_the_scheme_does_not_allow_are_read_leniently_where_asked)
{
    reads(", repair: true", "a I-X\nb I-Y\nc O\nd I-Y\ne I-Y\n", "a/B-X b/B-Y c/O d/B-Y e/I-Y");
    reads(", repair: true, scheme: bioes", "a I-X\nb E-X\nc B-Y\n", "a/B-X b/E-X c/S-Y");
}
END_TEST

START_TEST(a_file_to_predict_needs_no_tags)
{
    fixture f;
    hone_error err = {HONE_OK, ""};
    ck_assert_msg(read_with(&f, "", "Jo\nran\n\nYes\n", false, &err) == HONE_OK, "%s", err.msg);
    ck_assert_uint_eq(hone_corpus_count(f.corpus), 2);
    ck_assert_ptr_null(hone_example_gold(hone_corpus_at(f.corpus, 0)));
    end(&f);
}
END_TEST

START_TEST(every_mistake_is_named_with_its_line)
{
    static const char lenient[] = "; is data.scheme right? `repair: true` reads it as conlleval does";
    char message[400];
    snprintf(message, sizeof message, ":2: the tag I-Y of the word b may not stand behind B-X in the scheme bio%s", lenient);
    refuses("", "a B-X\nb I-Y\n", message);
    snprintf(message, sizeof message,
             ":3: the tag I-X of the word c may not stand at the beginning of a sentence in the scheme bio%s", lenient);
    refuses("", "a O\n\nc I-X\n", message);
    snprintf(message, sizeof message,
             ":1: the tag B-X of the word a may not stand at the beginning of a sentence in the scheme iob1%s", lenient);
    refuses(", scheme: iob1", "a B-X\n", message);
    snprintf(message, sizeof message,
             ":2: the sentence ends within the chunk of the tag I-X, which the scheme bioes does not allow%s", lenient);
    refuses(", scheme: bioes", "a B-X\nb I-X\n\nc O\n", message);
    refuses("", "a NN\n",
            ":1: NN is no tag of the scheme bio; tags look like B-PER or O (for tags that mark no chunks say `scheme: none`)");
    refuses("", "a O\nb\n", ":2: there is no column -1 (data.columns.tags) in this line, which has 1");
    refuses(", columns: {words: 3}", "a O\n", ":1: there is no column 3 (data.columns.words) in this line, which has 2");
    refuses(", header: true, columns: {words: FROM, tags: NER}", "FORM NER\na O\n",
            ":1: the header has no column FROM (data.columns.words); did you mean FORM?");
    refuses(", segmentation_digits: true", "a0 O\nb O\n",
            ":2: b does not end in a digit behind a character (data.segmentation_digits)");
    refuses("", "a O\n\xff O\n", ":2: the byte 0xff is not UTF-8; convert the file to UTF-8");
    refuses("", "\n \n", ": there is no example in this file");
    refuses(", columns: {words: form}", "",
            "data.columns.words is form; without a header (`header: true`) columns are numbers, the first "
            "is 1 and the last -1");
    refuses(", columns: {words: 2, tags: 2}", "", "data.columns.words and data.columns.tags name the same column 2");
    refuses(", scheme: none, convert: bio", "", "data.convert needs data.scheme, which is none: the tags are labels");
}
END_TEST

SUITE("conll", sentences_end_at_blank_lines_and_documents_at_docstart, columns_are_numbers_from_either_end_or_names,
      every_scheme_is_read_and_written, tags_that_the_scheme_does_not_allow_are_read_leniently_where_asked,
      a_file_to_predict_needs_no_tags, every_mistake_is_named_with_its_line)
