/* test_expression.c - conditions: what they mean, and the sentence and place of each mistake.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "config/expression.h"

#include "config_fixture.h"

#include <math.h>
#include <stdio.h>

/* ---- Meaning ----------------------------------------------------------------------------------------------------- */

/* A little world: what each path is. What is not here is no part of the point. */
static const struct {
    const char *path;
    hone__expr_value value;
} facts[] = {
    {"o.type", {.type = HONE__EXPR_TEXT, .text = "sgd"}},    {"o.lr", {.type = HONE__EXPR_NUMBER, .number = 0.5}},
    {"t.batch", {.type = HONE__EXPR_NUMBER, .number = 16}},  {"t.length", {.type = HONE__EXPR_NUMBER, .number = 128}},
    {"o.nesterov", {.type = HONE__EXPR_TRUTH, .number = 1}}, {"m.path", {.type = HONE__EXPR_NULL}},
};

static hone__expr_value value_of(const void *ctx, size_t path)
{
    const hone__expression *e = ctx;
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
        if (strcmp(facts[i].path, e->paths[path]) == 0)
            return facts[i].value;
    return (hone__expr_value){0};
}

static hone__expression *read_text(fixture *f, const char *text)
{
    hone__expression *e;
    char yaml[5000];
    snprintf(yaml, sizeof yaml, "[\"%s\"]", text);
    const hone__yaml *list = fixture_yaml(f, yaml);
    ck_assert_int_eq(hone__expression_read(f->arena, &f->issues, "when", list->child, &e, &f->err), HONE_OK);
    return e;
}

static const struct {
    const char *text;
    int truth;
} meanings[] = {
    {"o.type == sgd", 1},
    {"o.type == 'sgd'", 1},
    {"sgd == o.type", 1},
    {"o.type != sgd", 0},
    {"o.type in [adamw, sgd]", 1},
    {"o.type not in [adamw, sgd]", 0},
    {"not o.type in [adamw]", 1},
    {"o.nesterov", 1},
    {"not o.nesterov", 0},
    {"o.nesterov == true", 1},
    {"o.nesterov != false", 1},
    {"m.path == null", 1},
    {"m.path != null", 0},
    {"o.type == null", 0},
    {"t.batch * t.length <= 2048", 1},
    {"t.batch * t.length < 2048", 0},
    {"t.batch * t.length >= 2048", 1},
    {"t.batch * t.length > 2048", 0},
    {"t.batch==16 and(t.length==128)", 1},
    /* Precedence and association. */
    {"2 + 3 * t.batch == 50", 1},
    {"(2 + 3) * t.batch == 80", 1},
    {"t.batch - 4 - 2 == 10", 1},
    {"t.length / 4 / 2 == t.batch", 1},
    {"-t.batch + 17 == 1", 1},
    {"- -t.batch == 16", 1},
    {"t.batch == -16", 0},
    {"t.batch in [-16, 1.6e+1]", 1},
    {"t.length % 5 == 3", 1},
    {"o.lr == .5", 1},
    {"t.batch == 1 or t.batch == 16 and t.length == 1", 0},
    {"t.batch == 16 or t.batch == 1 and t.length == 1", 1},
    {"not t.batch == 1 and t.length == 128", 1},
    {"not (t.batch == 1 or t.length == 128)", 0},
    {"not not o.nesterov", 1},
    {"(((o.nesterov)))", 1},
    /* What the point does not have is neither true nor false, and only what does not hang on it is. */
    {"x.y == 1", -1},
    {"x.y != 1", -1},
    {"x.y in [1]", -1},
    {"not x.y == 1", -1},
    {"x.y + 1 < 2", -1},
    {"x.y", -1},
    {"x.y == 1 and o.nesterov", -1},
    {"x.y == 1 and not o.nesterov", 0},
    {"not o.nesterov and x.y == 1", 0},
    {"x.y == 1 or o.nesterov", 1},
    {"o.nesterov or x.y == 1", 1},
    {"x.y == 1 or not o.nesterov", -1},
    /* Doubles do as they do. */
    {"t.batch / 0 > 1000", 1},
    {"t.batch % 0 == 0", 0},
};

START_TEST(expression_means_what_it_says)
{
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++) {
        fixture f;
        fixture_open(&f);
        const hone__expression *e = read_text(&f, meanings[i].text);
        ck_assert_msg(e != NULL, "%s: %s", meanings[i].text, fixture_issues(&f));
        const int truth = hone__expression_truth(e, value_of, e);
        ck_assert_msg(truth == meanings[i].truth, "%s is %d", meanings[i].text, truth);
        fixture_close(&f);
    }
}
END_TEST

START_TEST(paths_are_listed_once_in_their_order)
{
    fixture f;
    fixture_open(&f);
    const hone__expression *e = read_text(&f, "b.x < 1 and (a.y > b.x or c.z in [1]) and a.y == 2");
    ck_assert_ptr_nonnull(e);
    ck_assert_uint_eq(e->n_paths, 3);
    ck_assert_str_eq(e->paths[0], "b.x");
    ck_assert_str_eq(e->paths[1], "a.y");
    ck_assert_str_eq(e->paths[2], "c.z");
    ck_assert_uint_eq(e->offsets[1], 13);
    fixture_close(&f);
}
END_TEST

/* ---- Mistakes in the text ---------------------------------------------------------------------------------------- */

/* The text stands from line 1, column 3 on. */
static const struct {
    const char *text, *issue;
} mistakes[] = {
    {"", "1:2: when is blank; it must be an expression, such as \"optimizer.type == sgd\""},
    {"  ", "1:2: when is blank; it must be an expression, such as \"optimizer.type == sgd\""},
    {"a.b ==", "1:9: when has its end where a value should stand"},
    {"a.b == )", "1:10: when has ')' where a value should stand"},
    {"== 1", "1:3: when has '==' where a value should stand"},
    {"a.b and or c.d", "1:11: when has 'or' where a value should stand"},
    {"a.b == 1 1", "1:12: when has '1' where an operator should stand (and, or, ==, <=, in, ...)"},
    {"a.b c.d", "1:7: when has 'c.d' where an operator should stand (and, or, ==, <=, in, ...)"},
    {"(a.b == 1", "1:3: when has a '(' that is never closed"},
    {"(a.b == 1 2)", "1:13: when has '2' where an operator or ')' should stand"},
    {"a.b == 1)", "1:11: when has ')' where an operator should stand (and, or, ==, <=, in, ...)"},
    {"1 < a.b < 3", "1:11: when has a second comparison in a row; write a < b and b < c"},
    {"a.b = 1", "1:7: when has '='; write =="},
    {"a.b === 1", "1:7: when has '==='; write =="},
    {"a.b <> 1", "1:7: when has '<>'; write !="},
    {"a.b && c.d", "1:7: when has '&&'; write and"},
    {"a.b || c.d", "1:7: when has '||'; write or"},
    {"!a.b", "1:3: when has '!'; write not"},
    {"a.b == 1 AND c.d", "1:12: when has 'AND'; write and"},
    {"a.b is null", "1:7: when has 'is'; write =="},
    {"a.b == None", "1:10: when has 'None'; write null"},
    {"a.b == 'x", "1:10: when has a quote that is never closed"},
    {"a.b == 12abc", "1:10: when has '12abc', which is no number; put text in quotes"},
    {"a.b == 1.2.3", "1:10: when has '1.2.3', which is no number; put text in quotes"},
    {"a.b == 1e999", "1:10: when has 1e999, which lies outside the range of a 64-bit real"},
    {"a.b == $x", "1:10: when has '$', which belongs to no expression; put text in quotes"},
    {"a.b == \xc3\xa4x", "1:10: when has '\xc3\xa4', which belongs to no expression; put text in quotes"},
    {"a.b == '\xc3\xa4\xc3\xa4' or $", "1:18: when has '$', which belongs to no expression; put text in quotes"},
    {"a.b. == 1", "1:6: when has '.', which belongs to no expression; put text in quotes"},
    {"a.b in 1", "1:10: when has '1' behind 'in'; it must be a list, as in [16, 32]"},
    {"a.b in [1, 2", "1:10: when has a '[' that is never closed"},
    {"a.b in [1 2]", "1:13: when has '2' where ',' or ']' should stand"},
    {"a.b in []", "1:11: when has ']' where a value should stand"},
    {"a.b in [1, c.d]", "1:14: when has more than a literal in a list; its items are numbers, text, true, false and null"},
    {"a.b in [1 + 2]", "1:13: when has '+' where ',' or ']' should stand"},
    {"a.b not 1", "1:11: when has '1' where a value should stand"},
};

START_TEST(every_mistake_in_the_text_has_its_sentence_and_place)
{
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        char expected[300];
        fixture f;
        fixture_open(&f);
        ck_assert_msg(read_text(&f, mistakes[i].text) == NULL, "this was taken: %s", mistakes[i].text);
        snprintf(expected, sizeof expected, "exp.yaml:%s", mistakes[i].issue);
        ck_assert_str_eq(fixture_issues(&f), expected);
        fixture_close(&f);
    }
}
END_TEST

/* Where the text does not stand in the file as it is, the place is where it begins. */
START_TEST(text_over_lines_or_with_escapes_is_placed_at_its_beginning)
{
    static const char *const texts[] = {"- >\n  a.b ==\n  )\n", "- \"a.b \\u003d= )\"\n", "- 'a.b == ''x'' )'\n",
                                        "- a.b ==\n  )\n"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        fixture f;
        hone__expression *e;
        fixture_open(&f);
        const hone__yaml *list = fixture_yaml(&f, texts[i]);
        ck_assert_int_eq(hone__expression_read(f.arena, &f.issues, "when", list->child, &e, &f.err), HONE_OK);
        ck_assert_ptr_null(e);
        ck_assert_msg(strncmp(fixture_issues(&f), "exp.yaml:1:3: when has ')'", 26) == 0, "%s", fixture_issues(&f));
        fixture_close(&f);
    }
}
END_TEST

START_TEST(text_that_is_too_long_or_too_deep_is_refused)
{
    char text[4200] = {0};
    fixture f;
    fixture_open(&f);
    memset(text, '(', 70);
    ck_assert_ptr_null(read_text(&f, text));
    ck_assert_str_eq(fixture_issues(&f), "exp.yaml:1:67: when is nested more than 64 deep");
    fixture_close(&f);
    fixture_open(&f);
    for (size_t i = 0; i < 65; i++)
        memcpy(text + 4 * i, "not ", 4);
    ck_assert_ptr_null(read_text(&f, text));
    ck_assert_str_eq(fixture_issues(&f), "exp.yaml:1:259: when is nested more than 64 deep");
    fixture_close(&f);
    fixture_open(&f);
    memset(text, ' ', 4099);
    memcpy(text, "a.b", 3);
    memcpy(text + 4094, "== 1", 4);
    ck_assert_ptr_null(read_text(&f, text));
    ck_assert_str_eq(fixture_issues(&f), "exp.yaml:1:2: when has more than 4096 characters");
    fixture_close(&f);
}
END_TEST

START_TEST(long_sum_is_no_deep_one)
{
    char text[4096] = "a.b == 1";
    fixture f;
    fixture_open(&f);
    for (size_t n = strlen(text); n + 2 < 4000; n += 2)
        memcpy(text + n, "+1", 3);
    const hone__expression *e = read_text(&f, text);
    ck_assert_ptr_nonnull(e);
    ck_assert_int_eq(hone__expression_truth(e, value_of, e), -1);
    fixture_close(&f);
}
END_TEST

/* ---- Mistakes of type -------------------------------------------------------------------------------------------- */

/* n.*: a number; s.*: text; t.*: true or false; w.*: a number or a word. */
static unsigned type_of_path(const char *path)
{
    return path[0] == 'n'   ? HONE__EXPR_NUMBER
           : path[0] == 's' ? HONE__EXPR_TEXT
           : path[0] == 't' ? HONE__EXPR_TRUTH
                            : HONE__EXPR_NUMBER | HONE__EXPR_TEXT;
}

/* Takes anything but the number 7. */
static hone_status takes(void *ctx, size_t path, const hone__yaml *literal, hone_error *err)
{
    (void)path;
    (void)err;
    if (literal->type == HONE__YAML_INT && literal->integer == 7)
        hone__issue_at(&((fixture *)ctx)->issues, literal, "it is never 7");
    return HONE_OK;
}

static const struct {
    const char *text, *issues; /* NULL: fine */
} types[] = {
    {"n.a + 1 < 2 and t.a or not s.a == x", NULL},
    {"w.a == auto or w.a == 3", NULL},
    {"s.a == null", "1:10: when: s.a is text and null is null; they are never equal"},
    {"s.a + 1 == 2", "1:3: when: s.a is text; + takes numbers"},
    {"n.a < x", "1:9: when: x is text; < takes numbers"},
    {"n.a * t.b <= 3", "1:9: when: t.b is true or false; * takes numbers"},
    {"-s.a == 1", "1:4: when: s.a is text; - takes numbers"},
    {"w.a * 2 < 3", "1:3: when: w.a is a number or text; * takes numbers"},
    {"n.a == x", "1:10: when: n.a is a number and x is text; they are never equal"},
    {"n.a in [1, x]", "1:14: when: n.a is a number and x is text; they are never equal"},
    {"n.a and t.a", "1:3: when: n.a is a number; and takes true or false"},
    {"not s.a", "1:7: when: s.a is text; not takes true or false"},
    {"n.a + 1", "1:3: when: n.a + 1 is a number; a condition is true or false, as a comparison is"},
    {"s.a", "1:3: when: s.a is text; a condition is true or false, as a comparison is"},
    {"(s.a) == ((1))", "1:12: when: (s.a) is text and ((1)) is a number; they are never equal"},
    {"n.a == 7", "1:10: it is never 7"},
    {"7 != n.a", "1:3: it is never 7"},
    {"n.a in [6, 7]", "1:14: it is never 7"},
    {"n.a <= 7", NULL},
    {"optimizer == adamw", "1:3: when: optimizer and adamw are two literals, so this is the same for every point; a path has "
                           "points in it (optimizer.type)"},
    {"t.a and a == b", "1:11: when: a and b are two literals, so this is the same for every point; a path has points in it "
                       "(optimizer.type)"},
    {"1 + 1 == 2", "1:3: when: 1 + 1 == 2 names no path, so it is the same for every point; a path has points in it "
                   "(optimizer.type)"},
    {"true", "1:3: when: true names no path, so it is the same for every point; a path has points in it (optimizer.type)"},
    {"1 < 'x' and s.a < n.a", "1:7: when: 'x' is text; < takes numbers\nexp.yaml:1:15: when: s.a is text; < takes numbers"},
};

START_TEST(every_mistake_of_type_has_its_sentence_and_place)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        char expected[400];
        unsigned of_paths[10];
        fixture f;
        fixture_open(&f);
        const hone__expression *e = read_text(&f, types[i].text);
        ck_assert_msg(e != NULL, "%s: %s", types[i].text, fixture_issues(&f));
        for (size_t p = 0; p < e->n_paths; p++)
            of_paths[p] = type_of_path(e->paths[p]);
        const hone__expr_facts what = {of_paths, takes, &f};
        ck_assert_int_eq(hone__expression_check(&f.issues, e, &what, &f.err), HONE_OK);
        snprintf(expected, sizeof expected, "%s%s", types[i].issues ? "exp.yaml:" : "", types[i].issues ? types[i].issues : "");
        ck_assert_str_eq(fixture_issues(&f), expected);
        fixture_close(&f);
    }
}
END_TEST

START_TEST(what_is_no_text_is_no_expression)
{
    static const char *const texts[] = {"[true]", "[3]", "[~]", "[[a.b]]", "[{a: b}]"};
    static const char *const seen[] = {"true", "3", "empty", "a list", "a map"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char expected[200];
        fixture f;
        hone__expression *e;
        fixture_open(&f);
        const hone__yaml *list = fixture_yaml(&f, texts[i]);
        ck_assert_int_eq(hone__expression_read(f.arena, &f.issues, "when", list->child, &e, &f.err), HONE_OK);
        ck_assert_ptr_null(e);
        snprintf(expected, sizeof expected,
                 "exp.yaml:1:2: when is %s; it must be an expression, such as \"optimizer.type == sgd\"", seen[i]);
        ck_assert_str_eq(fixture_issues(&f), expected);
        fixture_close(&f);
    }
}
END_TEST

SUITE("expression", expression_means_what_it_says, paths_are_listed_once_in_their_order,
      every_mistake_in_the_text_has_its_sentence_and_place, text_over_lines_or_with_escapes_is_placed_at_its_beginning,
      text_that_is_too_long_or_too_deep_is_refused, long_sum_is_no_deep_one, every_mistake_of_type_has_its_sentence_and_place,
      what_is_no_text_is_no_expression)
