/* test_cases.c - the worst examples as people see them: of every target out of its two files, and of damaged ones.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "report/doc.h"
#include "report/findings.h"

#include "base/arena.h"
#include "suite.h"

static void put(const char *dir, const char *name, const char *text)
{
    char path[4200];
    hone_error err;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    ck_assert_msg(hone__write_file(path, text, strlen(text), &err) == HONE_OK, "%s", err.msg);
}

static hone__findings *read_folder(hone_arena *arena, const char *predictions, const char *errors)
{
    char *dir = suite_make_dir();
    const hone__findings_source source = {.dir = dir, .split = "validation"};
    hone__findings_list list;
    hone_error err = {HONE_OK, ""};
    put(dir, "predictions.tsv", predictions);
    put(dir, "errors.tsv", errors);
    ck_assert_msg(hone__findings_read(arena, &source, &list, &err) == HONE_OK, "%s", err.msg);
    suite_remove_dir(dir);
    return list.n ? list.all[0] : NULL;
}

/* As report.md shows the examples. */
static void shows(const char *predictions, const char *errors, const char *expected)
{
    hone_arena *arena = hone__arena_create(0);
    const hone__findings *f = read_folder(arena, predictions, errors);
    const hone__plots plots = {0};
    hone__doc d;
    hone__str out = {0};
    hone__doc_init(&d, arena, "x");
    ck_assert_ptr_nonnull(f);
    for (size_t i = 0; i < f->n_cases; i++)
        hone__doc_case(&d, &f->cases[i]);
    hone__doc_markdown(&d, &plots, &out);
    ck_assert_str_eq(hone__str_text(&out), expected);
    hone__str_clear(&out);
    hone__arena_destroy(arena);
}

START_TEST(a_class_has_both_labels_with_their_probabilities)
{
    shows("id\tgold\tpredicted\tloss\titems\tp:no\tp:y\\|es\na\tno\ty\\|es\t2\t1\t0.125\t0.875\nb\tno\tno\t0.1\t1\t0.9\t0.1\n",
          "id\tgold\tpredicted\tloss\ttext\tgenre\na\tno\ty\\|es\t2\tan *odd*\\tone\tnews\nb\tno\tno\t0.1\tx\t\n",
          "# x\n\n- **a**, loss 2\n  - gold: \\[no\\]○ 0.12\n  - predicted: \\[y\\|es\\]✗ 0.88\n  - text: an \\*odd\\* one\n"
          "  - genre: news\n- **b**, loss 0.1\n  - gold: \\[no\\]✓ 0.90\n  - predicted: \\[no\\]✓ 0.90\n  - text: x\n");
}
END_TEST

START_TEST(a_set_has_what_was_found_made_up_and_missed)
{
    shows("id\tgold:classes\tpredicted\tloss\titems\tp:a\tp:b\tp:c\nx\ta|b\tb|c\t2\t1\t0.25\t0.5\t0.75\ny\t\t\t1\t1\t0\t0\t0\n",
          "id\tgold\tpredicted\tloss\nx\ta|b\tb|c\t2\ny\t\t\t1\n",
          "# x\n\n- **x**, loss 2\n  - gold: \\[a\\]○ 0.25 \\[b\\]✓ 0.50\n  - predicted: \\[b\\]✓ 0.50 \\[c\\]✗ 0.75\n"
          "- **y**, loss 1\n  - gold: (none)\n  - predicted: (none)\n");
}
END_TEST

START_TEST(a_number_has_its_distance)
{
    shows("id\tgold:score\tpredicted\tloss\titems\nx\t4.5\t2.25\t5\t1\n",
          "id\tgold\tpredicted\tloss\ttext\ttext_pair\nx\t4.5\t2.25\t5\tone\ttwo\n",
          "# x\n\n- **x**, loss 5\n  - gold: 4.5\n  - predicted: 2.25 (-2.25)\n  - text: one\n  - text\\_pair: two\n");
}
END_TEST

START_TEST(chunks_of_a_sentence_are_marked_up_on_both_sides)
{
    shows("id\tgold:tags\tpredicted\tloss\titems\tscores:B-LOC|B-PER|I-LOC|O\n"
          "x\tB-LOC|I-LOC|O|B-PER\tB-LOC|O|O|B-PER\t7\t4\t\ny\tO\t\\N\t1\t1\t\n",
          "id\tgold\tpredicted\tloss\twords:words\nx\t\t\t7\tNew|York|a\\|b|Ann\ny\t\t\t1\tword\n",
          "# x\n\n- **x**, loss 7\n  - gold: \\[New York\\]○ LOC a\\|b \\[Ann\\]✓ PER\n"
          "  - predicted: \\[New\\]✗ LOC York a\\|b \\[Ann\\]✓ PER\n"
          "- **y**, loss 1\n  - gold: word\n  - predicted: word\n"
          "  - lost: 1 of 1 words were cut off or have no token, and have no tag\n");
}
END_TEST

START_TEST(of_tags_that_mark_nothing_the_wrong_words_are)
{
    shows("id\tgold:tags\tpredicted\tloss\titems\tscores:DET|NOUN\nx\tDET|NOUN\tDET|DET\t7\t2\t\n",
          "id\tgold\tpredicted\tloss\twords:words\nx\t\t\t7\tthe|dog\n",
          "# x\n\n- **x**, loss 7\n  - gold: the \\[dog\\]○ NOUN\n  - predicted: the \\[dog\\]✗ DET\n");
}
END_TEST

START_TEST(a_question_has_its_answers_in_the_text_around_them)
{
    shows("id\tgold:span\tpredicted\tloss\titems\tscores\n"
          "x\t11-17=Denver|15-17=er\t7-17@0.5=The "
          "Denver\t3\t1\t-2.5\ny\t\t0-5@0.5=Where\t2\t1\t0.5\nz\t0-5=Where\t0-0@1=\t1\t1\t\n",
          "id\tgold\tpredicted\tloss\ttext\ttext_pair\n"
          "x\t\t\t3\tWho?\tWhere: The Denver team.\ny\t\t\t2\tWho?\tWhere: The Denver team.\nz\t\t\t1\tWho?\tWhere: The Denver "
          "team.\n",
          "# x\n\n- **x**, loss 3\n  - question: Who?\n  - text: Where: \\[The \\]✗ predicted\\[Denver\\]✓ both team.\n"
          "  - gold: Denver \\| er\n  - predicted: \\[The Denver\\]✓  exact 1, F1 1.00; no answer scores 2.50 less\n"
          "- **y**, loss 2\n  - question: Who?\n  - text: \\[Where\\]✗ predicted: The Denver team.\n  - gold: (no answer)\n"
          "  - predicted: \\[Where\\]✗  exact 0, F1 0.00; no answer scores 0.50 more\n"
          "- **z**, loss 1\n  - question: Who?\n  - text: \\[Where\\]○ gold: The Denver team.\n  - gold: Where\n"
          "  - predicted: (no answer)  exact 0, F1 0.00\n");
}
END_TEST

/* Far from each other, both answers are shown, and what lies between is not. */
START_TEST(a_long_text_is_shown_around_its_answers)
{
    char text[4000] = "", predictions[4200], errors[4200];
    for (int i = 0; i < 300; i++)
        strcat(text, i == 100 ? "gold " : i == 250 ? "wrong " : "wort\xc3\xa4 ");
    const long gold = strstr(text, "gold") - text, wrong = strstr(text, "wrong") - text;
    snprintf(predictions, sizeof predictions,
             "id\tgold:span\tpredicted\tloss\titems\tscores\nx\t%ld-%ld=gold\t%ld-%ld=wrong\t3\t1\t\n", gold, gold + 4, wrong,
             wrong + 5);
    snprintf(errors, sizeof errors, "id\tgold\tpredicted\tloss\ttext_pair\nx\t\t\t3\t%s\n", text);
    hone_arena *arena = hone__arena_create(0);
    const hone__case *c = &read_folder(arena, predictions, errors)->cases[0];
    size_t letters = 0, marked = 0;
    ck_assert_str_eq(c->lines[0].name, "text");
    for (size_t i = 0; i < c->lines[0].n; i++) {
        const hone__case_part *p = &c->lines[0].parts[i];
        letters += strlen(p->text);
        marked += p->mark != HONE__MARK_NONE;
        ck_assert(hone__utf8_valid(p->text, strlen(p->text), NULL));
        if (p->mark)
            ck_assert_str_eq(p->text, p->mark == HONE__MARK_MISSED ? "gold" : "wrong");
    }
    ck_assert_uint_eq(marked, 2);
    ck_assert_uint_lt(letters, 720);
    hone__arena_destroy(arena);
}
END_TEST

START_TEST(choices_say_which_is_gold_and_which_was_taken)
{
    shows("id\tgold:choice\tpredicted\tloss\titems\tscores\nx\t0\t2\t3\t1\t0.25 0.25 0.5\n",
          "id\tgold\tpredicted\tloss\ttext\tchoices:choices\nx\t0\t2\t3\tWhich?\tbank|a \\| b|mat\n",
          "# x\n\n- **x**, loss 3\n  - text: Which?\n  - A: 0.25: \\[bank\\]○ gold\n  - B: 0.25: a \\| b\n"
          "  - C: 0.50: \\[mat\\]✗ predicted\n");
}
END_TEST

START_TEST(masked_words_stand_in_what_the_model_saw)
{
    shows("id\tgold:tokens\tpredicted\tloss\titems\tscores\nx\t7|8\t7|9\t3\t2\t0.5 2.5\n",
          "id\tgold:words\tpredicted:words\tloss\tsequence:words\tplaces:words\n"
          "x\tthe|##ed\tthe|##s\t1.5\t[CLS]|[MASK]|walk|[MASK]|[SEP]\t1|3\n",
          "# x\n\n- **x**, loss 1.5\n  - masked: \\[the\\]✓ \\[##ed\\]✗ ##s\n"
          "  - in: \\[CLS\\] \\[the\\]✓ walk\\[ed\\]✗ ##s \\[SEP\\]\n");
}
END_TEST

START_TEST(what_only_a_plugin_knows_has_its_text)
{
    shows("id\tgold:other\tpredicted\tloss\titems\tscores\nx\t00=one\t01=two\t3\t1\t\n",
          "id\tgold\tpredicted\tloss\nx\t\t\t3\n", "# x\n\n- **x**, loss 3\n  - gold: one\n  - predicted: two\n");
}
END_TEST

/* Lists of other lengths, ids that no prediction has, ranges behind the text, no places, a column that is missing. */
START_TEST(files_that_do_not_fit_each_other_break_nothing)
{
    static const char *const predictions[] = {
        "id\tgold:tags\tpredicted\tloss\titems\tscores:B-X|O\nx\tO|O\tO\t3\t1\t\n",
        "id\tgold:span\tpredicted\tloss\titems\tscores\nx\t5-9999=q\t7777-8888\t3\t1\t\n",
        "id\tgold:choice\tpredicted\tloss\titems\tscores\nx\t7\t9\t3\t1\t\n",
        "id\tgold:tokens\tpredicted\tloss\titems\tscores\nx\t7|8\t7\t3\t2\t\n",
    };
    static const char *const errors[] = {
        "id\tgold\tpredicted\tloss\twords:words\nx\tO\tO\t3\ta\n",
        "id\tgold\tpredicted\tloss\ttext_pair\nx\t\t\tnan\tshort\n",
        "id\tgold\tpredicted\tloss\tchoices:choices\nx\t\t\t3\ta|b\\\n",
        "id\tgold:words\tpredicted:words\tloss\tsequence:words\tplaces:words\nx\ta\tb|c\t3\td\t99|-1|z\n",
        "loss\tid\n1\tx\n",
        "id\tloss\nnobody\t1\n",
        "id\tgold\n",
        "loss\n1\n",
    };
    for (size_t p = 0; p < sizeof predictions / sizeof *predictions; p++)
        for (size_t e = 0; e < sizeof errors / sizeof *errors; e++) {
            hone_arena *arena = hone__arena_create(0);
            ck_assert_ptr_nonnull(read_folder(arena, predictions[p], errors[e]));
            hone__arena_destroy(arena);
        }
}
END_TEST

static hone_status attempt(void *ctx, hone_error *err)
{
    const hone__findings_source source = {.dir = ctx, .split = "validation"};
    hone__findings_list list;
    hone_arena *arena = hone__arena_create(0);
    if (!arena)
        return hone_no_memory(err, "the arena");
    const hone_status status = hone__findings_read(arena, &source, &list, err);
    hone__arena_destroy(arena);
    return status;
}

START_TEST(every_allocation_may_fail)
{
    if (hone__is_dir("/dev/shm"))
        setenv("TMPDIR", "/dev/shm", 1);
    char *dir = suite_make_dir();
    put(dir, "predictions.tsv",
        "id\tgold:tags\tpredicted\tloss\titems\tscores:B-LOC|O\nx\tB-LOC|O\tO|O\t7\t4\t\ny\tO\t\\N\t1\t1\t\n");
    put(dir, "errors.tsv", "id\tgold\tpredicted\tloss\twords:words\tgenre\nx\t\t\t7\tNew|York\tnews\ny\t\t\t1\tword\t\n");
    suite_every_allocation_fails(attempt, dir);
    suite_remove_dir(dir);
}
END_TEST

SUITE("cases", a_class_has_both_labels_with_their_probabilities, a_set_has_what_was_found_made_up_and_missed,
      a_number_has_its_distance, chunks_of_a_sentence_are_marked_up_on_both_sides,
      of_tags_that_mark_nothing_the_wrong_words_are, a_question_has_its_answers_in_the_text_around_them,
      a_long_text_is_shown_around_its_answers, choices_say_which_is_gold_and_which_was_taken,
      masked_words_stand_in_what_the_model_saw, what_only_a_plugin_knows_has_its_text,
      files_that_do_not_fit_each_other_break_nothing, every_allocation_may_fail)
