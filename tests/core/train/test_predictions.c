/* test_predictions.c - predictions.tsv and exhibits.json, written and read back, and what is no such file.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/str.h"
#include "suite.h"
#include "train/evaluate.h"

#include <math.h>

typedef struct folder {
    char *dir;
    hone_arena *arena;
    const char *path;
} folder;

static void begin(folder *f, const char *name)
{
    f->dir = suite_make_dir();
    f->arena = hone__arena_create(0);
    ck_assert_ptr_nonnull(f->arena);
    f->path = hone_sprintf(f->arena, "%s/%s", f->dir, name);
    ck_assert_ptr_nonnull(f->path);
}

static void end(folder *f)
{
    hone__arena_destroy(f->arena);
    suite_remove_dir(f->dir);
}

/* ---- Predictions ------------------------------------------------------------------------------------------------- */

static const char *const labels[] = {"plain", "a\tb\\n", "x|y", "\xe5\xa5\xbd"};
enum { LABELS = 4 };

static hone_answer class_of(int32_t index, const float *scores)
{
    hone_answer a = hone_answer_of(HONE_TARGET_CLASS);
    a.index = index;
    a.scores = scores;
    a.n_scores = scores ? LABELS : 0;
    return a;
}

static hone_evaluation evaluation_of(uint32_t target, const hone_record *records, uint64_t n)
{
    return (hone_evaluation){.size = sizeof(hone_evaluation),
                             .target = target,
                             .positive = -1,
                             .n = n,
                             .records = records,
                             .record_size = sizeof *records,
                             .n_labels = target == HONE_TARGET_SCORE ? 0 : LABELS,
                             .labels = labels,
                             .split = "validation",
                             .output = ""};
}

static hone_evaluation *round_trip(folder *f, const hone_evaluation *e)
{
    hone_error err;
    hone_evaluation *back = NULL;
    ck_assert_msg(hone__predictions_write(f->path, e, &err) == HONE_OK, "%s", err.msg);
    ck_assert_msg(hone__predictions_read(f->arena, f->path, &back, &err) == HONE_OK, "%s", err.msg);
    ck_assert_uint_eq(back->target, e->target);
    ck_assert_uint_eq(back->n, e->n);
    ck_assert_uint_eq(back->n_labels, e->n_labels);
    for (uint64_t i = 0; i < e->n_labels; i++)
        ck_assert_str_eq(back->labels[i], labels[i]);
    return back;
}

START_TEST(classes_come_back_as_they_were)
{
    static const float scores[] = {0.1f, 0.2f, 0.3f, 0.4f};
    const hone_answer gold = class_of(1, NULL), first = class_of(2, scores), second = class_of(3, NULL);
    const hone_record records[] = {{.id = "one\ttwo", .gold = &gold, .prediction = &first, .loss = 0.1, .items = 1},
                                   {.id = "2", .gold = NULL, .prediction = &second, .loss = NAN, .items = 0}};
    const hone_evaluation e = evaluation_of(HONE_TARGET_CLASS, records, 2);
    folder f;
    begin(&f, "predictions.tsv");
    const hone_evaluation *back = round_trip(&f, &e);
    const hone_record *r = hone_record_at(back, 0);
    ck_assert_str_eq(r->id, "one\ttwo");
    ck_assert_int_eq(r->gold->index, 1);
    ck_assert_int_eq(r->prediction->index, 2);
    ck_assert_double_eq(r->loss, 0.1);
    ck_assert_double_eq(r->items, 1);
    ck_assert_int_eq(memcmp(r->prediction->scores, scores, sizeof scores), 0);
    r = hone_record_at(back, 1);
    ck_assert_ptr_null(r->gold);
    ck_assert_ptr_null(r->prediction->scores);
    ck_assert(isnan(r->loss));
    end(&f);
}
END_TEST

START_TEST(sets_and_scores_come_back_as_they_were)
{
    static const int32_t some[] = {0, 2};
    hone_answer set = hone_answer_of(HONE_TARGET_CLASSES), none = hone_answer_of(HONE_TARGET_CLASSES);
    hone_answer number = hone_answer_of(HONE_TARGET_SCORE);
    set.labels = some;
    set.n = 2;
    number.score = -1.0 / 3;
    const hone_record sets[] = {{.id = "1", .gold = &set, .prediction = &none, .loss = 1, .items = 1}};
    const hone_record numbers[] = {{.id = "1", .gold = &number, .prediction = &number, .loss = 0, .items = 1}};
    const hone_evaluation of_sets = evaluation_of(HONE_TARGET_CLASSES, sets, 1);
    const hone_evaluation of_numbers = evaluation_of(HONE_TARGET_SCORE, numbers, 1);
    folder f;
    begin(&f, "predictions.tsv");
    const hone_record *r = hone_record_at(round_trip(&f, &of_sets), 0);
    ck_assert_uint_eq(r->gold->n, 2);
    ck_assert_int_eq(memcmp(r->gold->labels, some, sizeof some), 0);
    ck_assert_uint_eq(r->prediction->n, 0);
    r = hone_record_at(round_trip(&f, &of_numbers), 0);
    ck_assert_double_eq(r->prediction->score, -1.0 / 3);
    end(&f);
}
END_TEST

/* What the first record is in the file, behind the line of names. */
static void first_line_is(const folder *f, const char *names, const char *line)
{
    hone_error err;
    char *bytes = NULL, wanted[600];
    size_t n;
    snprintf(wanted, sizeof wanted, "%s\n%s\n", names, line);
    ck_assert_int_eq(hone__read_file(f->path, 0, &bytes, &n, &err), HONE_OK);
    bytes[strlen(wanted) < n ? strlen(wanted) : n] = '\0';
    ck_assert_str_eq(bytes, wanted);
    hone__free(bytes);
}

START_TEST(tags_come_back_with_words_that_have_none)
{
    static const int32_t gold_labels[] = {0, 2, 1}, predicted[] = {3, -1, 1}, lost[] = {-1};
    static const float scores[] = {0.25f, 0.5f};
    hone_answer gold = hone_answer_of(HONE_TARGET_TAGS), prediction = gold, none = gold;
    gold.labels = gold_labels;
    prediction.labels = predicted;
    gold.n = prediction.n = 3;
    prediction.scores = scores;
    prediction.n_scores = 2;
    none.labels = lost;
    none.n = 1;
    const hone_record records[] = {{.id = "1", .gold = &gold, .prediction = &prediction, .loss = 1, .items = 3},
                                   {.id = "2", .gold = NULL, .prediction = &none, .loss = NAN, .items = 0}};
    const hone_evaluation e = evaluation_of(HONE_TARGET_TAGS, records, 2);
    folder f;
    begin(&f, "predictions.tsv");
    const hone_evaluation *back = round_trip(&f, &e);
    first_line_is(&f, "id\tgold:tags\tpredicted\tloss\titems\tscores:plain|a\\tb\\\\n|x\\|y|\xe5\xa5\xbd",
                  "1\tplain|x\\|y|a\\tb\\\\n\t\xe5\xa5\xbd|\\N|a\\tb\\\\n\t1.0\t3.0\t0.25 0.5");
    const hone_record *r = hone_record_at(back, 0);
    ck_assert_uint_eq(r->gold->n, 3);
    ck_assert_mem_eq(r->gold->labels, gold_labels, sizeof gold_labels);
    ck_assert_uint_eq(r->prediction->n, 3);
    ck_assert_mem_eq(r->prediction->labels, predicted, sizeof predicted);
    ck_assert_uint_eq(r->prediction->n_scores, 2);
    ck_assert_mem_eq(r->prediction->scores, scores, sizeof scores);
    r = hone_record_at(back, 1);
    ck_assert_ptr_null(r->gold);
    ck_assert_uint_eq(r->prediction->n, 1);
    ck_assert_int_eq(r->prediction->labels[0], -1);
    end(&f);
}
END_TEST

static hone_evaluation without_labels(hone_target target, const hone_record *records, uint64_t n)
{
    hone_evaluation e = evaluation_of(target, records, n);
    e.n_labels = 0;
    return e;
}

START_TEST(spans_come_back_with_scores_and_texts)
{
    static const hone_span right[] = {{.begin = 4, .end = 10, .text = "a|b=c@"}, {.begin = 4, .end = 8}};
    static const hone_span best[] = {{.begin = 0, .end = 0, .score = 1.0 / 3, .text = ""}, {.begin = 7, .end = 9, .score = -2}};
    static const float margin[] = {0.5f};
    hone_answer gold = hone_answer_of(HONE_TARGET_SPAN), prediction = gold, none = gold;
    gold.spans = right;
    gold.n = prediction.n = 2;
    prediction.spans = best;
    prediction.scores = margin;
    prediction.n_scores = 1;
    const hone_record records[] = {{.id = "1", .gold = &gold, .prediction = &prediction, .loss = 1, .items = 1},
                                   {.id = "2", .gold = &none, .prediction = &none, .loss = 1, .items = 1}};
    const hone_evaluation e = without_labels(HONE_TARGET_SPAN, records, 2);
    folder f;
    begin(&f, "predictions.tsv");
    const hone_evaluation *back = round_trip(&f, &e);
    first_line_is(&f, "id\tgold:span\tpredicted\tloss\titems\tscores",
                  "1\t4-10=a\\|b=c@|4-8\t0-0@0.3333333333333333=|7-9@-2.0\t1.0\t1.0\t0.5");
    const hone_record *r = hone_record_at(back, 0);
    ck_assert_uint_eq(r->gold->n, 2);
    ck_assert_uint_eq(r->gold->spans[0].begin, 4);
    ck_assert_uint_eq(r->gold->spans[0].end, 10);
    ck_assert_str_eq(r->gold->spans[0].text, "a|b=c@");
    ck_assert_ptr_null(r->gold->spans[1].text);
    ck_assert_double_eq(r->prediction->spans[0].score, 1.0 / 3);
    ck_assert_str_eq(r->prediction->spans[0].text, "");
    ck_assert_str_eq(r->prediction->text, "");
    ck_assert_double_eq(r->prediction->spans[1].score, -2);
    ck_assert_float_eq(r->prediction->scores[0], 0.5f);
    r = hone_record_at(back, 1);
    ck_assert_uint_eq(r->gold->n, 0);
    ck_assert_uint_eq(r->prediction->n, 0);
    end(&f);
}
END_TEST

START_TEST(choices_tokens_and_bytes_come_back_as_they_were)
{
    static const float of_choices[] = {0.125f, 0.875f};
    static const int32_t ids[] = {2041, 0, 7};
    static const unsigned char bytes[] = {0, 255, 10};
    hone_answer choice = hone_answer_of(HONE_TARGET_CHOICE), tokens = hone_answer_of(HONE_TARGET_TOKENS);
    hone_answer other = hone_answer_of(HONE_TARGET_OTHER);
    choice.index = 1;
    choice.scores = of_choices;
    choice.n_scores = 2;
    tokens.labels = ids;
    tokens.n = 3;
    other.bytes = bytes;
    other.n_bytes = sizeof bytes;
    other.text = "0/255";
    const hone_answer *const answers[] = {&choice, &tokens, &other};
    const char *const cells[] = {"1", "2041|0|7", "00ff0a=0/255"};
    for (size_t i = 0; i < 3; i++) {
        const hone_record records[] = {{.id = "1", .gold = answers[i], .prediction = answers[i], .loss = 1, .items = 1}};
        const hone_evaluation e = without_labels((hone_target)answers[i]->target, records, 1);
        char names[100], line[100];
        folder f;
        begin(&f, "predictions.tsv");
        const hone_answer *back = hone_record_at(round_trip(&f, &e), 0)->prediction;
        snprintf(names, sizeof names, "id\tgold:%s\tpredicted\tloss\titems\tscores", hone_target_name(answers[i]->target));
        snprintf(line, sizeof line, "1\t%s\t%s\t1.0\t1.0\t%s", cells[i], cells[i], i ? "" : "0.125 0.875");
        first_line_is(&f, names, line);
        ck_assert_int_eq(back->index, answers[i]->index);
        ck_assert_uint_eq(back->n_scores, answers[i]->n_scores);
        ck_assert_uint_eq(back->n, answers[i]->n);
        ck_assert_uint_eq(back->n_bytes, answers[i]->n_bytes);
        ck_assert(back->n == 0 || memcmp(back->labels, ids, sizeof ids) == 0);
        ck_assert(back->n_bytes == 0 || memcmp(back->bytes, bytes, sizeof bytes) == 0);
        ck_assert(!answers[i]->text || strcmp(answers[i]->text, back->text) == 0);
        end(&f);
    }
}
END_TEST

START_TEST(every_target_has_a_json_form)
{
    static const int32_t labels_of[] = {3, -1};
    static const hone_span spans[] = {{.begin = 1, .end = 2, .score = 0.5, .text = "x"}};
    static const unsigned char bytes[] = {1};
    static const struct {
        hone_target target;
        const char *json;
    } rows[] = {
        {HONE_TARGET_CLASS, "\"\xe5\xa5\xbd\""},
        {HONE_TARGET_CLASSES, "[\"\xe5\xa5\xbd\", null]"},
        {HONE_TARGET_SCORE, "0.5"},
        {HONE_TARGET_TAGS, "[\"\xe5\xa5\xbd\", null]"},
        {HONE_TARGET_SPAN, "[{\"begin\": 1, \"end\": 2, \"score\": 0.5, \"text\": \"x\"}]"},
        {HONE_TARGET_CHOICE, "3"},
        {HONE_TARGET_TOKENS, "[3, -1]"},
        {HONE_TARGET_OTHER, "{\"bytes\": \"01\", \"text\": \"one\"}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        hone_answer a = hone_answer_of(rows[i].target);
        hone__str json = {0};
        hone_error err;
        char wanted[200];
        a.index = 3;
        a.score = 0.5;
        a.labels = labels_of;
        a.spans = spans;
        a.n = rows[i].target == HONE_TARGET_SPAN ? 1 : 2;
        a.bytes = bytes;
        a.n_bytes = 1;
        a.text = "one";
        const hone_record record = {.id = "1", .prediction = &a};
        const hone_evaluation e = evaluation_of(rows[i].target, &record, 1);
        snprintf(wanted, sizeof wanted, "{\"id\": \"1\", \"predicted\": %s}\n", rows[i].json);
        ck_assert_int_eq(hone__predictions_json(&e, &json, &err), HONE_OK);
        ck_assert_str_eq(hone__str_text(&json), wanted);
        hone__str_clear(&json);
    }
}
END_TEST

START_TEST(files_that_are_no_predictions_are_refused_with_their_line)
{
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"", "empty"},
        {"id\tgold\n", ":1:"},
        {"id\tgold\tpredicted\tloss\titems\tq:a\n", "q:a"},
        {"id\tgold:colour\tpredicted\tloss\titems\n", "gold:colour"},
        {"name\tgold\tpredicted\tloss\titems\tp:a\n", "name"},
        {"id\tgold\tpredicted\tloss\titems\tp:a\n1\ta\ta\t0.5\t1\n", ":2:"},
        {"id\tgold\tpredicted\tloss\titems\tp:a\n1\ta\ta\t0.5\t1\t1\n2\tb\ta\t0.5\t1\t1\n", ":3: b is none"},
        {"id\tgold\tpredicted\tloss\titems\tp:a\n1\ta\ta\tmuch\t1\t1\n", "much is no number"},
        {"id\tgold\tpredicted\tloss\titems\tp:a\n1\\q\ta\ta\t1\t1\t1\n", "backslash"},
        {"id\tgold:tags\tpredicted\tloss\titems\n", "one column scores"},
        {"id\tgold:tags\tpredicted\tloss\titems\tscores:A|B\n1\tA|C\tA\t1\t1\t\n", ":2: C is none"},
        {"id\tgold:score\tpredicted\tloss\titems\tp:a\n", "no column may stand"},
        {"id\tgold:span\tpredicted\tloss\titems\tscores\n1\t7-4\t\t1\t1\t\n", "7-4 is no range"},
        {"id\tgold:span\tpredicted\tloss\titems\tscores\n1\t4\t\t1\t1\t\n", "4 is no range"},
        {"id\tgold:choice\tpredicted\tloss\titems\tscores\n1\t-2\t0\t1\t1\t\n", "-2 is no number from 0"},
        {"id\tgold:other\tpredicted\tloss\titems\tscores\n1\tabc\t\t1\t1\t\n", "abc are no bytes"},
        {"id\tgold:choice\tpredicted\tloss\titems\tscores\n1\t0\t0\t1\t1\t0.5 much\n", "much is no number"},
    };
    folder f;
    begin(&f, "predictions.tsv");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        hone_error err;
        hone_evaluation *e = NULL;
        ck_assert_int_eq(hone__write_file(f.path, bad[i].text, strlen(bad[i].text), &err), HONE_OK);
        ck_assert_int_eq(hone__predictions_read(f.arena, f.path, &e, &err), HONE_EFORMAT);
        ck_assert_msg(strstr(err.msg, bad[i].says) != NULL, "%s", err.msg);
    }
    end(&f);
}
END_TEST

/* ---- Exhibits ---------------------------------------------------------------------------------------------------- */

static hone_status show(hone_exhibits *x, hone_error *err)
{
    static const char *const columns[] = {"word", "count"}, *const names[] = {"yes", "no"};
    static const double values[] = {3, 1, 0, 4}, along[] = {0, 0.5, 1}, up[] = {0, 0.75, NAN};
    hone_table *table = NULL;
    x->prefix = "f1";
    x->direction = 1;
    HONE_TRY(hone_figure(x, NULL, 0.5, "binary, positive label: yes", err));
    HONE_TRY(hone_figure(x, "best", NAN, NULL, err));
    HONE_TRY(hone_table_begin(x, "words", "Words", 2, columns, &table, err));
    HONE_TRY(hone_table_text(table, "\"quoted\"", err));
    HONE_TRY(hone_table_number(table, 7, err));
    x->prefix = "";
    HONE_TRY(hone_curve_add(x,
                            &(hone_curve){.size = sizeof(hone_curve),
                                          .name = "roc",
                                          .title = "ROC",
                                          .x_label = "false",
                                          .y_label = "true",
                                          .n = 3,
                                          .x = along,
                                          .y = up,
                                          .series = "yes",
                                          .diagonal = true},
                            err));
    return hone_matrix_add(x,
                           &(hone_matrix){.size = sizeof(hone_matrix),
                                          .name = "confusion_matrix",
                                          .title = "Confusion",
                                          .row_title = "gold",
                                          .column_title = "predicted",
                                          .n_rows = 2,
                                          .n_columns = 2,
                                          .rows = names,
                                          .columns = names,
                                          .values = values,
                                          .counts = true},
                           err);
}

START_TEST(exhibits_come_back_as_they_were)
{
    folder f;
    hone_error err;
    hone_exhibits *back = NULL;
    begin(&f, "exhibits.json");
    hone_exhibits *x = hone__exhibits_create(f.arena);
    ck_assert_int_eq(show(x, &err), HONE_OK);
    ck_assert_msg(hone__exhibits_save(x, f.path, &err) == HONE_OK, "%s", err.msg);
    ck_assert_msg(hone__exhibits_load(f.arena, f.path, &back, &err) == HONE_OK, "%s", err.msg);
    ck_assert_double_eq(hone__exhibits_figure(back, "f1")->value, 0.5);
    ck_assert_str_eq(hone__exhibits_figure(back, "f1")->note, "binary, positive label: yes");
    ck_assert_int_eq(hone__exhibits_figure(back, "f1")->direction, 1);
    ck_assert(isnan(hone__exhibits_figure(back, "f1_best")->value));
    ck_assert_str_eq(back->tables[0]->name, "f1_words");
    ck_assert_str_eq(back->tables[0]->cells[0].text, "\"quoted\"");
    ck_assert_double_eq(back->tables[0]->cells[1].number, 7);
    ck_assert_double_eq(back->curves[0].y[1], 0.75);
    ck_assert(back->curves[0].diagonal);
    ck_assert_str_eq(back->curves[0].series, "yes");
    ck_assert_double_eq(back->matrices[0].values[3], 4);
    ck_assert_str_eq(back->matrices[0].columns[1], "no");
    ck_assert(back->matrices[0].counts);
    end(&f);
}
END_TEST

START_TEST(two_figures_of_one_name_are_refused)
{
    folder f;
    hone_error err;
    begin(&f, "x");
    hone_exhibits *x = hone__exhibits_create(f.arena);
    ck_assert_int_eq(hone_figure(x, "a", 1, NULL, &err), HONE_OK);
    ck_assert_int_eq(hone_figure(x, "a", 1, NULL, &err), HONE_EEXIST);
    end(&f);
}
END_TEST

static hone_status keep_all(void *ctx, hone_error *err)
{
    const char *path = ctx;
    hone_exhibits *back = NULL;
    hone_arena *arena = hone__arena_create(0);
    hone_exhibits *x = arena ? hone__exhibits_create(arena) : NULL;
    hone_status status = x ? show(x, err) : hone_no_memory(err, "testing");
    if (status == HONE_OK)
        status = hone__exhibits_save(x, path, err);
    if (status == HONE_OK)
        status = hone__exhibits_load(arena, path, &back, err);
    hone__arena_destroy(arena);
    return status;
}

START_TEST(any_allocation_may_fail_and_a_retry_succeeds)
{
    folder f;
    char path[4096];
    begin(&f, "exhibits.json");
    snprintf(path, sizeof path, "%s", f.path);
    ck_assert_int_gt(suite_every_allocation_fails(keep_all, path), 10);
    end(&f);
}
END_TEST

SUITE("predictions", classes_come_back_as_they_were, sets_and_scores_come_back_as_they_were,
      tags_come_back_with_words_that_have_none, spans_come_back_with_scores_and_texts,
      choices_tokens_and_bytes_come_back_as_they_were, every_target_has_a_json_form,
      files_that_are_no_predictions_are_refused_with_their_line, exhibits_come_back_as_they_were,
      two_figures_of_one_name_are_refused, any_allocation_may_fail_and_a_retry_succeeds)
