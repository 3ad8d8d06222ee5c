/* section_results.c - what came out: the summary, the leaderboard, the best trial, the test data.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "report/leaderboard.h"
#include "report/sections.h"

#include <math.h>
#include <string.h>

/* Further rows of the leaderboard are in its file. */
enum { MOST_ROWS = 100 };

hone_status hone__section_summary(hone__report *r, hone_error *err)
{
    const hone__report_run *run = r->run;
    const hone__report_trial *best = hone__report_best(run);
    hone__doc *d = &r->doc;
    (void)err;
    hone__doc_paragraph(d);
    hone__doc_text(d, "%zu of %zu trial%s complete", run->n_complete, run->n_trials, run->n_trials == 1 ? "" : "s");
    if (run->n_pruned)
        hone__doc_text(d, ", %zu ended early", run->n_pruned);
    if (run->n_failed) {
        hone__doc_text(d, ", ");
        hone__doc_strong(d, "%zu failed", run->n_failed);
    }
    if (run->n_open)
        hone__doc_text(d, ", %zu not finished", run->n_open);
    hone__doc_text(d, ".");
    if (best) {
        hone__doc_text(d, run->n_trials > 1 ? " The best result is " : " The result is ");
        hone__doc_strong(d, "%s %.4f", run->metric, run->points[run->ranking[0]].value);
        hone__doc_text(d, " (%s is better)", run->maximize ? "larger" : "smaller");
        if (run->n_seeds > 1)
            hone__doc_text(d, ", the mean of %zu seeds; trial %llu, with %.4f, is the one in the middle and stands for them",
                           run->n_seeds, (unsigned long long)best->number, best->value);
        else if (run->n_trials > 1)
            hone__doc_text(d, ", of trial %llu", (unsigned long long)best->number);
        hone__doc_text(d, ".");
    }
    return HONE_OK;
}

hone_status hone__section_leaderboard(hone__report *r, hone_error *err)
{
    hone__sheet *sheet;
    HONE_TRY(hone__leaderboard(r->run, HONE__BOARD_READING, &sheet, err));
    const char *notes = hone__leaderboard_notes(r->run);
    if (!notes)
        return hone_no_memory(err, "writing a report");
    hone__doc_table(&r->doc, sheet, MOST_ROWS, "leaderboard.tsv");
    if (notes[0]) {
        hone__doc_note(&r->doc);
        hone__doc_text(&r->doc, "%s.", notes);
    }
    if (r->run->n_ranked && r->run->n_seeds > 1) {
        hone__doc_note(&r->doc);
        hone__doc_text(&r->doc,
                       "Each row is a point: figures are means over its %zu seeds, sd their sample standard deviation.",
                       r->run->n_seeds);
    }
    if (r->run->intervals) {
        hone__doc_note(&r->doc);
        hone__doc_text(&r->doc, "%s", r->run->intervals);
    }
    if (!r->run->n_ranked) {
        hone__doc_paragraph(&r->doc);
        hone__doc_text(&r->doc, "%s",
                       r->run->n_complete ? "No point has all of its trials complete." : "No trial is complete.");
    }
    return HONE_OK;
}

static bool any_known(const hone__range *ranges, size_t n)
{
    for (size_t i = 0; ranges && i < n; i++)
        if (!isnan(ranges[i].low))
            return true;
    return false;
}

/* A share that is exactly 1 keeps its decimals. */
static bool is_count(double value)
{
    return value == floor(value) && fabs(value) > 1;
}

static hone_status add_figure(hone__report *r, hone__sheet *sheet, const hone__figure *f, const hone__range *range,
                              const char *prefix, hone_error *err)
{
    hone_arena *arena = r->run->arena;
    const bool known = range && !isnan(range->low);
    const char *cells[4];
    size_t n = 0;
    cells[n++] = hone_sprintf(arena, "%s%s", prefix, f->name);
    cells[n++] = isnan(f->value) ? "-" : hone_sprintf(arena, is_count(f->value) ? "%.0f" : "%.4f", f->value);
    if (range)
        cells[n++] = !known               ? ""
                     : is_count(f->value) ? hone_sprintf(arena, "%.0f to %.0f", range->low, range->high)
                                          : hone_sprintf(arena, "%.4f to %.4f", range->low, range->high);
    cells[n] = f->note;
    for (size_t i = 0; i < n; i++)
        if (!cells[i])
            return hone_no_memory(err, "writing a report");
    return hone__sheet_add(sheet, cells, err);
}

hone_status hone__report_add_figures(hone__report *r, const hone__figure *figures, const hone__range *ranges, size_t n,
                                     const char *prefix, hone_error *err)
{
    static const hone__column columns[] = {
        {"figure", false}, {"value", true}, {"95 % interval", true}, {"how it was reckoned", false}};
    static const hone__column plain[] = {{"figure", false}, {"value", true}, {"how it was reckoned", false}};
    const bool known = any_known(ranges, n);
    hone__sheet *sheet = hone__sheet_create(r->run->arena, known ? columns : plain, known ? 4 : 3);
    if (!sheet)
        return hone_no_memory(err, "writing a report");
    for (size_t i = 0; i < n; i++)
        HONE_TRY(add_figure(r, sheet, &figures[i], known ? &ranges[i] : NULL, prefix, err));
    hone__doc_table(&r->doc, sheet, 0, NULL);
    return HONE_OK;
}

/* What windows and truncation made of the examples. */
static hone_status add_seen(hone__report *r, const hone__seen *seen, size_t n, hone_error *err)
{
    static const hone__column columns[] = {{"split", false},  {"examples", true},     {"sequences", true},  {"tokens", true},
                                           {"longest", true}, {"cut examples", true}, {"tokens lost", true}};
    enum { N = sizeof columns / sizeof *columns };
    hone_arena *arena = r->run->arena;
    hone__sheet *sheet = hone__sheet_create(arena, columns, N);
    if (!sheet)
        return hone_no_memory(err, "writing a report");
    for (size_t i = 0; i < n; i++) {
        const double numbers[N - 1] = {seen[i].examples, seen[i].sequences,    seen[i].tokens,
                                       seen[i].longest,  seen[i].cut_examples, seen[i].cut_tokens};
        const char *cells[N] = {seen[i].split};
        for (size_t c = 1; c < N; c++)
            if (!(cells[c] = hone_sprintf(arena, "%.0f", numbers[c - 1])))
                return hone_no_memory(err, "writing a report");
        HONE_TRY(hone__sheet_add(sheet, cells, err));
    }
    if (n == 0)
        return HONE_OK;
    hone__doc_heading(&r->doc, "What the model saw%s", strcmp(seen->split, "test") == 0 ? " (test data)" : "");
    hone__doc_table(&r->doc, sheet, 0, NULL);
    hone__doc_note(&r->doc);
    hone__doc_text(
        &r->doc, "More sequences than examples: windows of long texts, or a sequence for each choice. Cut examples were longer "
                 "than tokenizer.max_length allows, and lost the tokens behind it.");
    return HONE_OK;
}

hone_status hone__section_best(hone__report *r, hone_error *err)
{
    const hone__report_trial *best = hone__report_best(r->run);
    hone__doc *d = &r->doc;
    if (!best)
        return HONE_OK;
    hone__doc_paragraph(d);
    hone__doc_text(d, "Trial %llu, in ", (unsigned long long)best->number);
    hone__doc_link(d, best->dir, "%s", best->dir);
    hone__doc_text(d, "; its configuration is ");
    hone__doc_link(d, "best.yaml", "best.yaml");
    hone__doc_text(d, ".");
    if (r->run->refit)
        hone__doc_text(
            d, " The figures are those of the trial, on validation data that it did not learn from. The model in best/ is the "
               "refit: the same settings and seed, trained once more on the training and the validation data for the share "
               "of the steps after which the trial was at its best. Nothing is left to validate it on.");
    HONE_TRY(hone__report_add_figures(r, best->figures, r->run->ranges, best->n_figures, "", err));
    if (r->run->range_note) {
        hone__doc_note(d);
        hone__doc_text(d, "%s", r->run->range_note);
    }
    return add_seen(r, best->seen, best->n_seen, err);
}

/* Apart from all figures that trials were compared by. */
hone_status hone__section_test(hone__report *r, hone_error *err)
{
    const hone_exhibits *x = r->run->test;
    hone__doc *d = &r->doc;
    if (!x)
        return HONE_OK;
    hone__doc_paragraph(d);
    hone__doc_text(d, "%s on data that no choice was made by; its predictions are ",
                   r->run->refit ? "The refitted model in best/" : "The chosen model");
    hone__doc_link(d, "test/predictions.tsv", "test/predictions.tsv");
    hone__doc_text(d, ".");
    HONE_TRY(hone__report_add_figures(r, x->figures, r->run->test_ranges, x->n_figures, "test/", err));
    HONE_TRY(add_seen(r, &r->run->test_seen, r->run->test_seen.split ? 1 : 0, err));
    for (size_t i = 0; i < r->test_findings.n; i++)
        HONE_TRY(hone__report_add_findings(r, r->test_findings.all[i], err));
    return HONE_OK;
}
