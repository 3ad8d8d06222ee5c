/* test_report.c - a report out of a directory made by hand: leaderboard, failures, exhibits of every kind, and hostile names.
 *
 * With HONE_KEEP_REPORT naming a folder, the run with every picture is left there to be looked at.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "report/leaderboard.h"
#include "report/report.h"

#include "base/arena.h"
#include "suite.h"

#include <math.h>

static hone__yaml choice_a = {.type = HONE__YAML_MAP,
                              .child = &(hone__yaml){.type = HONE__YAML_STRING, .key = "type", .text = "bert"}};
static hone__yaml choice_b = {.type = HONE__YAML_MAP,
                              .child = &(hone__yaml){.type = HONE__YAML_STRING, .key = "type", .text = "bag"}};
static const hone__yaml *const choices[] = {&choice_a, &choice_b};
static const hone__sweep_dimension dimensions[] = {
    {.path = "model", .dimension = {.distribution = HONE_CATEGORICAL, .n_choices = 2}, .values = choices},
    {.path = "optimizer.learning_rate", .dimension = {.distribution = HONE_LOG_UNIFORM, .min = 1e-5, .max = 1e-2}},
};

static void put(const char *dir, const char *name, const char *text)
{
    char path[4200];
    hone_error err;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    ck_assert_msg(hone__write_file(path, text, strlen(text), &err) == HONE_OK, "%s", err.msg);
}

static void put_curves(const char *dir, unsigned number, double accuracy)
{
    char name[64], lines[6000];
    int at = 0;
    for (int step = 1; step <= 30; step++) {
        at += snprintf(lines + at, sizeof lines - (size_t)at, "{\"step\": %d, \"train/loss\": %g}\n", step,
                       2.5 * exp(-0.05 * step * (number + 1)) + 0.1 * (step % 3));
        if (step % 10 == 0)
            at += snprintf(lines + at, sizeof lines - (size_t)at,
                           "{\"step\": %d, \"validation/accuracy\": %g, \"validation/loss\": %g}\n", step, accuracy * step / 30,
                           1.0 + 0.001 * (step - 20) * (step - 20));
    }
    snprintf(name, sizeof name, "trials/%04u/metrics.jsonl", number);
    put(dir, name, lines);
}

static void put_trial(const char *dir, unsigned number, double accuracy)
{
    char name[64], text[400], path[4200];
    hone_error err;
    snprintf(path, sizeof path, "%s/trials/%04u", dir, number);
    ck_assert_int_eq(hone__make_dirs(path, &err), HONE_OK);
    snprintf(name, sizeof name, "trials/%04u/result.json", number);
    snprintf(
        text, sizeof text,
        "{\"format\": 1, \"status\": \"complete\", \"metric\": \"validation/accuracy\", \"value\": %g, \"figures\": "
        "{\"validation/accuracy\": {\"value\": %g, \"note\": \"a|b <i>\", \"direction\": 1}, \"validation/loss\": {\"value\": "
        "null}}, \"train\": {\"tokens_per_s\": 1234.5}}",
        accuracy, accuracy);
    put(dir, name, text);
    snprintf(name, sizeof name, "trials/%04u/trial.yaml", number);
    put(dir, name, "name: x\ntrainer: {threads: 1}\n");
    put_curves(dir, number, accuracy);
}

static void put_journal(const char *dir)
{
    static const double values[] = {0.5, 0.75, NAN, 0.75, 0.25};
    char path[4200];
    hone__journal *j;
    hone_error err;
    snprintf(path, sizeof path, "%s/journal.log", dir);
    ck_assert_int_eq(hone__journal_open(path, &j, NULL, &err), HONE_OK);
    hone__journal_study(j, "by hand", true, "validation/accuracy");
    for (unsigned i = 0; i < 6; i++) {
        uint64_t t = hone__journal_trial(j);
        hone__journal_param(j, t, &dimensions[0], i % 2);
        if (i % 2 == 0)
            hone__journal_param(j, t, &dimensions[1], 1e-4 * (i + 1));
        hone__journal_real(j, t, "seconds", 1.5 + i);
        if (i < 5 && !isnan(values[i])) {
            hone__journal_state(j, t, HONE__TRIAL_COMPLETE, values[i]);
            put_trial(dir, i, values[i]);
        } else if (i == 2) {
            hone__journal_text(j, t, "cause", "ended by signal 11 (SIGSEGV: Segmentation fault)");
            hone__journal_text(j, t, "log_tail", "a line\n~~~~~~~~\nanother");
            hone__journal_state(j, t, HONE__TRIAL_FAILED, NAN);
        }
    }
    ck_assert_int_eq(hone__journal_sync(j, &err), HONE_OK);
    hone__journal_close(j);
}

/* ---- Exhibits ---------------------------------------------------------------------------------------------------- */

static double count_at(uint64_t r, uint64_t c, uint64_t n)
{
    if (r == c)
        return (double)(40 + 37 * r % 900);
    return r + c > n ? floor((double)(r * 7 + c * 13) / 60) : 0;
}

static void add_matrix(hone_arena *arena, hone_exhibits *x, const char *name, uint64_t n, const char *form, bool counts)
{
    hone_error err;
    double *values = hone_alloc_array(arena, n * n, sizeof *values);
    const char **labels = hone_alloc_array(arena, n, sizeof *labels);
    for (uint64_t r = 0; r < n; r++) {
        labels[r] = hone_sprintf(arena, "%s%02llu", form, (unsigned long long)r);
        for (uint64_t c = 0; c < n; c++)
            values[r * n + c] = counts ? count_at(r, c, n) : sin((double)(r + 2 * c));
    }
    hone_matrix m = {.size = sizeof m,
                     .name = name,
                     .title = hone_sprintf(arena, "Confusion of %llu classes", (unsigned long long)n),
                     .row_title = "gold",
                     .column_title = "predicted",
                     .n_rows = n,
                     .n_columns = n,
                     .rows = labels,
                     .columns = labels,
                     .values = values,
                     .counts = counts};
    ck_assert_int_eq(hone_matrix_add(x, &m, &err), HONE_OK);
}

static void add_curves(hone_exhibits *x, const char *name, int series)
{
    double xs[40], ys[40];
    char title[64];
    hone_error err;
    for (int k = 0; k < series; k++) {
        for (int i = 0; i < 40; i++) {
            xs[i] = i / 39.0;
            ys[i] = pow(xs[i], 1.0 / (k + 1));
        }
        snprintf(title, sizeof title, "class_%d of many", k);
        hone_curve c = {.size = sizeof c,
                        .name = name,
                        .title = "ROC, one class against all others",
                        .x_label = "false positive rate",
                        .y_label = "true positive rate",
                        .n = 40,
                        .x = xs,
                        .y = ys,
                        .series = series > 1 ? title : NULL,
                        .diagonal = true};
        ck_assert_int_eq(hone_curve_add(x, &c, &err), HONE_OK);
    }
}

static void add_table(hone_exhibits *x)
{
    static const char *const columns[] = {"label", "precision"};
    hone_table *t;
    hone_error err;
    ck_assert_int_eq(hone_table_begin(x, "classes", "Per class", 2, columns, &t, &err), HONE_OK);
    ck_assert_int_eq(hone_table_text(t, "a|b", &err), HONE_OK);
    ck_assert_int_eq(hone_table_number(t, 0.25, &err), HONE_OK);
    /* As large as it is, it takes no decimals from the others. */
    ck_assert_int_eq(hone_table_text(t, "how many", &err), HONE_OK);
    ck_assert_int_eq(hone_table_number(t, 1500, &err), HONE_OK);
}

static void put_exhibits(const char *dir, bool all)
{
    char path[4200];
    hone_error err;
    hone_arena *arena = hone__arena_create(0);
    hone_exhibits *x = hone__exhibits_create(arena);
    add_matrix(arena, x, "confusion", 2, "label ", true);
    add_table(x);
    add_curves(x, "roc", 1);
    if (all) {
        /* Names that a shell, a path, gnuplot or its enhanced text would take for something else. */
        add_matrix(arena, x, "../up/`touch x`", 3, "it's `id` %s {/Symbol a}_1^2 \"q\" \\ \xe4\xb8\xad ", true);
        add_matrix(arena, x, "confusion", 12, "class_", true);
        add_matrix(arena, x, "confusion", 28, "a_rather_long_label_", true);
        add_matrix(arena, x, "confusion", 77, "card_payment_not_recognised_", true);
        add_matrix(arena, x, "both signs", 6, "row ", false);
        add_curves(x, "few", 4);
        add_curves(x, "many", 30);
    }
    snprintf(path, sizeof path, "%s/trials/0001/exhibits.json", dir);
    ck_assert_int_eq(hone__exhibits_save(x, path, &err), HONE_OK);
    hone__arena_destroy(arena);
}

static void put_run(const char *dir, bool all)
{
    put_journal(dir);
    put(dir, "experiment.yaml", "name: by hand\ntrainer: {threads: auto}\nsweep: {method: {type: grid}}\n");
    put(dir, "environment.json", "{\"hone\": \"0.1.0\", \"cpus\": 2}");
    put_exhibits(dir, all);
}

static hone_status make(const char *dir, hone_error *err)
{
    hone__report_run *run = NULL;
    hone_arena *arena = hone__arena_create(0);
    if (!arena)
        return hone_no_memory(err, "the arena");
    hone_status status = hone__report_open(arena, dir, NULL, &run, err);
    if (status == HONE_OK)
        status = hone__report_make(run, NULL, NULL, NULL, err);
    hone__report_close(run);
    hone__arena_destroy(arena);
    return status;
}

static void says(const char *dir, const char *name, const char *part)
{
    char path[4200], *text;
    size_t n;
    hone_error err;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    ck_assert_msg(hone__read_file(path, 0, &text, &n, &err) == HONE_OK, "%s", err.msg);
    ck_assert_msg(strstr(text, part) != NULL, "there is no \"%s\" in %s", part, text);
    hone__free(text);
}

/* ---- Tests ------------------------------------------------------------------------------------------------------- */

START_TEST(trials_are_ranked_and_equal_ones_by_number)
{
    static const size_t expected[] = {1, 3, 0, 4};
    char *dir = suite_make_dir();
    hone_arena *arena = hone__arena_create(0);
    hone__report_run *run;
    hone_error err = {HONE_OK, ""};
    put_run(dir, false);
    ck_assert_msg(hone__report_open(arena, dir, NULL, &run, &err) == HONE_OK, "%s", err.msg);
    ck_assert_uint_eq(run->n_ranked, 4);
    for (size_t i = 0; i < 4; i++)
        ck_assert_uint_eq(run->ranking[i], expected[i]);
    ck_assert_uint_eq(run->n_failed, 1);
    ck_assert_uint_eq(run->n_open, 1);
    ck_assert_uint_eq(run->n_columns, 2);
    ck_assert_ptr_null(run->trials[1].params[1]);
    hone__report_close(run);
    hone__arena_destroy(arena);
    suite_remove_dir(dir);
}
END_TEST

START_TEST(the_report_tells_results_failures_and_exhibits)
{
    static const char *const parts[][2] = {
        {"leaderboard.tsv", "1\t1\tcomplete\t0.75\t"},
        {"leaderboard.tsv", "\t2\tfailed\t"},
        {"leaderboard.tsv", "{type: bert}"},
        {"report.md", "4 of 6 trials complete, **1 failed**, 1 not finished."},
        {"report.md", "The best result is **validation/accuracy 0.7500** (larger is better), of trial 1."},
        {"report.md", "| 1 | 1 | 0.7500 |"},
        {"report.md", "| bag | - |"},
        {"report.md", "a\\|b &lt;i>"},
        {"report.md", "\naccuracy: a"}, /* what the note says stands below the leaderboard, too */
        {"report.md", "SIGSEGV"},
        {"report.md", "a line\n--------\nanother"},
        {"report.md", "### Per class"},
        {"report.md", "| a\\|b | 0.2500 |"},
        {"index.html", "<strong>1 failed</strong>, 1 not finished."},
        {"index.html", "<td class=\"n\">1</td><td class=\"n\">1</td><td class=\"n\">0.7500</td>"},
        {"index.html", "<td>a|b &lt;i&gt;</td>"},
        {"index.html", "<h3>Per class</h3>"},
        {"index.html", "<li><a href=\"#leaderboard\">Leaderboard</a></li>"},
        {"index.html", "addEventListener"},
        {"index.html", "@media (prefers-color-scheme: dark)"},
        {"best.yaml", "threads: auto"},
        {"plots/confusion.gp", "set output \"confusion.\".format"},
        {"report.md", "![Optimisation history](plots/history.svg)"},
        {"plots/history.dat", "0\t0.5\n1\t0.75\n"},
        {"plots/slice_model.gp", "'bag' 1"},
        {"plots/slice_learning_rate.gp", "set logscale x"},
        {"report.md", "The importance of parameters is left out: it takes 10 points"},
        {"plots/learning_curves.dat", "# trial 1, train/loss"},
    };
    char *dir = suite_make_dir();
    hone_error err = {HONE_OK, ""};
    put_run(dir, false);
    ck_assert_msg(make(dir, &err) == HONE_OK, "%s", err.msg);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        says(dir, parts[i][0], parts[i][1]);
    suite_remove_dir(dir);
}
END_TEST

/* Counts what begins so. */
static size_t count(const char *text, const char *part)
{
    size_t n = 0;
    for (const char *at = text; (at = strstr(at, part)) != NULL; at++)
        n++;
    return n;
}

START_TEST(the_page_needs_nothing_from_outside_and_its_elements_close)
{
    static const char *const pairs[][2] = {
        {"<section ", "</section>"}, {"<table>", "</table>"}, {"<tr>", "</tr>"}, {"<td", "</td>"},
        {"<figure ", "</figure>"},   {"<svg ", "</svg>"},     {"<g ", "</g>"},   {"<ul>", "</ul>"}};
    char *dir = suite_make_dir(), path[4200], *text;
    size_t n;
    hone_error err = {HONE_OK, ""};
    put_run(dir, true);
    ck_assert_msg(make(dir, &err) == HONE_OK, "%s", err.msg);
    snprintf(path, sizeof path, "%s/index.html", dir);
    ck_assert_msg(hone__read_file(path, 0, &text, &n, &err) == HONE_OK, "%s", err.msg);
    ck_assert_ptr_null(strstr(text, "://"));
    ck_assert_ptr_null(strstr(text, "<script src"));
    ck_assert_ptr_null(strstr(text, "<link"));
    ck_assert_ptr_null(strstr(text, "{{"));
    ck_assert_ptr_null(strstr(text, "touch x`<"));
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        ck_assert_msg(count(text, pairs[i][0]) == count(text, pairs[i][1]), "%s %zu, %s %zu", pairs[i][0],
                      count(text, pairs[i][0]), pairs[i][1], count(text, pairs[i][1]));
    if (system("command -v gnuplot >/dev/null") == 0) {
        ck_assert_uint_eq(count(text, "<svg "), count(text, "<figure "));
        ck_assert_uint_ge(count(text, "<svg "), 14);
        ck_assert_uint_eq(count(text, "'roc-gpDot'"), count(text, "'few-gpDot'")); /* ids of pictures are apart */
        ck_assert_uint_eq(count(text, "'gpDot'"), 0);
    }
    hone__free(text);
    suite_remove_dir(dir);
}
END_TEST

START_TEST(every_picture_is_drawn_whatever_the_names)
{
    static const char *const stems[] = {"confusion",  "confusion_2", "confusion_3", "confusion_4", "___up__touch_x_",
                                        "both_signs", "roc",         "few",         "many",        "learning_curves"};
    const char *keep = getenv("HONE_KEEP_REPORT");
    char *dir = suite_make_dir(), command[8400], path[4200], name[64];
    hone_error err = {HONE_OK, ""};
    put_run(dir, true);
    ck_assert_msg(make(dir, &err) == HONE_OK, "%s", err.msg);
    says(dir, "plots/___up__touch_x_.gp", "'it''s `id` %%s {/Symbol a}_1^2");
    for (size_t i = 0; i < sizeof stems / sizeof *stems && system("command -v gnuplot >/dev/null") == 0; i++) {
        snprintf(name, sizeof name, "plots/%s.svg", stems[i]);
        says(dir, name, "</svg>");
    }
    snprintf(path, sizeof path, "%s/plots/x", dir);
    ck_assert(!hone__exists(path));
    if (keep) {
        snprintf(command, sizeof command, "cp -r %s/. %s", dir, keep);
        ck_assert_int_eq(system(command), 0);
    }
    suite_remove_dir(dir);
}
END_TEST

START_TEST(what_is_missing_is_left_out)
{
    char *dir = suite_make_dir(), path[4200];
    hone_error err = {HONE_OK, ""};
    put_journal(dir);
    snprintf(path, sizeof path, "%s/trials", dir);
    ck_assert_int_eq(hone__remove_tree(path, &err), HONE_OK);
    ck_assert_msg(make(dir, &err) == HONE_OK, "%s", err.msg);
    says(dir, "leaderboard.tsv", "complete\t0.75");
    suite_remove_dir(dir);
}
END_TEST

START_TEST(a_folder_without_a_journal_is_no_run)
{
    char *dir = suite_make_dir();
    hone_error err;
    ck_assert_int_eq(make(dir, &err), HONE_ENOTFOUND);
    ck_assert_ptr_nonnull(strstr(err.msg, "journal.log"));
    suite_remove_dir(dir);
}
END_TEST

static hone_status attempt(void *ctx, hone_error *err)
{
    return make(ctx, err);
}

START_TEST(every_allocation_may_fail)
{
    if (hone__is_dir("/dev/shm"))
        setenv("TMPDIR", "/dev/shm", 1); /* each of some hundred reports waits for the disk a dozen times */
    char *dir = suite_make_dir(), name[64];
    char *path = getenv("PATH") ? strdup(getenv("PATH")) : NULL;
    put_run(dir, false);
    for (unsigned i = 0; i < 5; i++) { /* short curves: every line read is a dozen allocations, and every file written waits */
        snprintf(name, sizeof name, "trials/%04u/metrics.jsonl", i);
        if (i != 2)
            put(dir, name, "{\"step\": 1, \"train/loss\": 2}\n");
    }
    setenv("PATH", dir, 1); /* without gnuplot: some hundred drawings would only take time */
    suite_every_allocation_fails(attempt, dir);
    if (path)
        setenv("PATH", path, 1);
    free(path);
    suite_remove_dir(dir);
}
END_TEST

SUITE("report", trials_are_ranked_and_equal_ones_by_number, the_report_tells_results_failures_and_exhibits,
      the_page_needs_nothing_from_outside_and_its_elements_close, every_picture_is_drawn_whatever_the_names,
      what_is_missing_is_left_out, a_folder_without_a_journal_is_no_run, every_allocation_may_fail)
