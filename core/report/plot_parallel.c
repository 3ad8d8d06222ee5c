/* plot_parallel.c - a sweep's points as lines across one axis for each parameter; and its trials over time.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "report/plot_sweep.h"

#include "report/sheet.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Parallel coordinates ---------------------------------------------------------------------------------------- */

enum { WIDTH = 1040, HEIGHT = 460, LABELLED_VALUES = 9 };
#define INACTIVE_PLACE -0.12

/* Values of a list stand at equal distances, as choices do. */
static double place_of(const hone__axis *axis, double x)
{
    if (isnan(x))
        return INACTIVE_PLACE;
    if (!axis->listed)
        return hone__axis_place(axis, x);
    size_t k = 0;
    while (k + 1 < axis->n_values && axis->values[k] < x)
        k++;
    return axis->n_values > 1 ? (double)k / (double)(axis->n_values - 1) : 0.5;
}

static void add_mark(hone__canvas *c, const char *text, double x, double y, size_t width, const char *style)
{
    hone__str_add(&c->script, "set label ");
    hone__canvas_quote(c, text, width, false);
    hone__str_addf(&c->script, " at first %.4f,%.4f %s\n", x, y, style);
}

static void add_marks(hone__canvas *c, const hone__axis *axis, double at, size_t width)
{
    static const char style[] = "left offset 0.5,0 front boxed font \",10\" textcolor rgb \"#303840\"";
    char text[64];
    const bool each = axis->n_values <= LABELLED_VALUES && (axis->listed || !axis->numeric);
    const size_t n = each ? axis->n_values : axis->numeric ? 3 : 2;
    for (size_t k = 0; k < n; k++) {
        const double place = n > 1 ? (double)k / (double)(n - 1) : 0.5;
        const size_t value = each || n < 2 ? k : k * (axis->n_values - 1) / (n - 1);
        double x = axis->low + place * (axis->high - axis->low);
        if (axis->listed)
            x = axis->values[value];
        else if (axis->log)
            x = axis->low * pow(axis->high / axis->low, place);
        snprintf(text, sizeof text, "%.3g", x);
        add_mark(c, axis->numeric ? text : axis->labels[value], at, place, width, style);
    }
    if (axis->n_inactive)
        add_mark(c, "without", at, INACTIVE_PLACE, width, style);
}

static double value_place(const hone__axes *a, double y)
{
    const double place = a->y_high > a->y_low ? (y - a->y_low) / (a->y_high - a->y_low) : 0.5;
    return fmin(fmax(place, 0), 1);
}

/* Titles stand at two heights where they would meet. */
static void add_axis(hone__canvas *c, const char *title, size_t k, size_t n)
{
    const double columns = (WIDTH - 150.0) / (double)n / 6.6;
    const bool staggered = n > 5;
    hone__str_addf(&c->script, "set arrow from first %zu,0 to first %zu,1 nohead front lc rgb '#5b6570' lw 1\n", k, k);
    add_mark(c, title, (double)k, staggered && k % 2 ? 1.14 : 1.06, (size_t)(columns * (staggered ? 1.9 : 0.95)),
             "center font \",11\"");
}

static void add_line(hone__canvas *c, const hone__axes *a, size_t point, const size_t *order, size_t n)
{
    for (size_t k = 0; k < n; k++)
        hone__str_addf(&c->data, "%zu\t%.5f\t%.10g\n", k, place_of(&a->all[order[k]], a->x[point * a->n + order[k]]),
                       a->y[point]);
    hone__str_addf(&c->data, "%zu\t%.5f\t%.10g\n\n", n, value_place(a, a->y[point]), a->y[point]);
}

/* Where points stand in the ranking, by their place in the axes. */
static size_t *best_first(const hone__axes *a)
{
    const hone__report_run *run = a->run;
    size_t *of_point = hone_alloc_array(run->arena, run->n_points, sizeof *of_point);
    size_t *order = hone_alloc_array(run->arena, a->n_points, sizeof *order);
    if (!of_point || !order)
        return NULL;
    for (size_t i = 0; i < a->n_points; i++)
        of_point[a->points[i] - run->points] = i + 1;
    size_t n = 0;
    for (size_t r = 0; r < run->n_ranked; r++)
        if (of_point[run->ranking[r]])
            order[n++] = of_point[run->ranking[r]] - 1;
    return order;
}

/* From the worst to the best, which then lies on top; the best one alone is a block of its own. */
static hone_status add_lines(hone__canvas *c, const hone__axes *a, const size_t *order, size_t n, hone_error *err)
{
    const size_t *ranked = best_first(a);
    if (!ranked)
        return hone_no_memory(err, "drawing a sweep");
    const size_t top = a->n_points <= HONE__MOST_LINES ? a->n_points : HONE__MOST_LINES / 2;
    const size_t rest = a->n_points - top, drawn = rest < HONE__MOST_LINES / 2 ? rest : HONE__MOST_LINES / 2;
    for (size_t k = drawn; k-- > 0;)
        add_line(c, a, ranked[top + k * rest / drawn], order, n);
    for (size_t k = top; k-- > 1;)
        add_line(c, a, ranked[k], order, n);
    hone__str_add(&c->data, "\n");
    add_line(c, a, ranked[0], order, n);
    return HONE_OK;
}

static void add_frame(hone__canvas *c, const hone__axes *a, const size_t *order, size_t n)
{
    bool inactive = false;
    hone__canvas_size(c, WIDTH, HEIGHT);
    hone__str_add(&c->script,
                  "set style textbox opaque noborder margins 0.3,0.3 fillcolor rgb \"white\"\n"
                  "unset border\nunset tics\nunset colorbox\nset lmargin 4\nset rmargin 14\nset bmargin 3\nset tmargin 6\n"
                  "set key at graph 0.5,screen 0.02 center bottom horizontal samplen 2 font \",11\"\nset label 1 ");
    hone__canvas_quote(c, c->title, 100, false);
    hone__str_add(&c->script, " at screen 0.015,0.955 left font \",15\"\n");
    for (size_t k = 0; k < n; k++) {
        add_axis(c, a->all[order[k]].title, k, n);
        add_marks(c, &a->all[order[k]], (double)k, (size_t)((WIDTH - 150.0) / (double)n / 6.2) - 1);
        inactive = inactive || a->all[order[k]].n_inactive;
    }
    const hone__axis value = {.numeric = true, .low = a->y_low, .high = a->y_high};
    add_axis(c, a->run->metric, n, n);
    add_marks(c, &value, (double)n, 14);
    hone__str_addf(&c->script, "set xrange [-0.05:%.4f] noextend\nset yrange [%g:1.02] noextend\n", (double)n + 0.05,
                   inactive ? INACTIVE_PLACE - 0.03 : -0.03);
    const bool up = a->run->maximize;
    hone__str_addf(&c->script,
                   "set palette defined (0 '%s', 1 '#6baed6', 2 '%s')\nset cbrange [%.10g:%.10g]\n"
                   "plot '%s.dat' index 0 using 1:2:3 with lines lc palette lw 1.4 notitle, \\\n"
                   "  '' index 1 using 1:2 with lines lc rgb '#d55e00' lw 3 title 'the best'\n",
                   up ? "#c9dcee" : "#08306b", up ? "#08306b" : "#c9dcee", a->y_low,
                   a->y_high > a->y_low ? a->y_high : a->y_low + 1, c->stem);
}

hone_status hone__plot_parallel(hone__plots *p, const hone__axes *a, const size_t *order, size_t n, hone_error *err)
{
    hone__canvas c;
    if (a->n_points < 2 || n < 2)
        return HONE_OK;
    HONE_TRY(hone__canvas_begin(&c, p, "parallel_coordinates",
                                "Parallel coordinates: each line is a point, strong colour is good", err));
    add_frame(&c, a, order, n);
    const hone_status status = add_lines(&c, a, order, n, err);
    if (status != HONE_OK) {
        hone__canvas_drop(&c);
        return status;
    }
    return hone__canvas_save(&c, err);
}

/* ---- Timeline ---------------------------------------------------------------------------------------------------- */

enum { MOST_ROWS = 64 };

typedef struct bar {
    double begin, end;
    size_t trial, row;
    int state;
    bool merged; /* stands for several trials */
} bar;

static int compare_bars(const void *a, const void *b)
{
    const bar *x = a, *y = b;
    if (x->begin != y->begin)
        return (x->begin > y->begin) - (x->begin < y->begin);
    return (x->trial > y->trial) - (x->trial < y->trial);
}

static size_t take_bars(const hone__report_run *run, bar *bars)
{
    size_t n = 0;
    for (size_t i = 0; i < run->n_trials; i++) {
        const hone__report_trial *t = &run->trials[i];
        if (isfinite(t->started) && isfinite(t->ended) && t->ended >= t->started)
            bars[n++] = (bar){.begin = t->started, .end = t->ended, .trial = i, .state = t->state};
    }
    qsort(bars, n, sizeof *bars, compare_bars);
    return n;
}

/* Each bar goes to the first row that is free; returns the number of rows. */
static size_t share_rows(bar *bars, size_t n)
{
    double free_from[MOST_ROWS];
    size_t rows = 0;
    for (size_t i = 0; i < n; i++) {
        size_t row = 0;
        while (row < rows && free_from[row] > bars[i].begin)
            row++;
        row = row < MOST_ROWS ? row : MOST_ROWS - 1;
        rows = row < rows ? rows : row + 1;
        free_from[row] = bars[i].end;
        bars[i].row = row;
    }
    return rows;
}

/* Bars that are thinner than the eye sees, and their gaps, become one: as many as there are pixels are enough. */
static size_t merge_bars(bar *bars, size_t n, double least)
{
    size_t kept = 0;
    size_t last[MOST_ROWS];
    bool any[MOST_ROWS] = {false};
    for (size_t i = 0; i < n; i++) {
        bar *before = any[bars[i].row] ? &bars[last[bars[i].row]] : NULL;
        if (before && before->state == bars[i].state && bars[i].begin - before->end < least &&
            (before->merged || before->end - before->begin < 2 * least) && bars[i].end - bars[i].begin < 2 * least) {
            before->end = bars[i].end;
            before->merged = true;
            continue;
        }
        last[bars[i].row] = kept;
        any[bars[i].row] = true;
        bars[kept++] = bars[i];
    }
    return kept;
}

static void add_bars(hone__canvas *c, const bar *bars, size_t n, double zero, hone__time_unit unit, double pixel)
{
    static const struct {
        int state;
        const char *title, *colour;
    } kinds[] = {{HONE__TRIAL_COMPLETE, "complete", "#56b4e9"},
                 {HONE__TRIAL_PRUNED, "stopped early", "#e69f00"},
                 {HONE__TRIAL_FAILED, "failed", "#d55e00"}};
    size_t block = 0;
    const char *separator = "plot ";
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        const size_t before = c->data.n;
        for (size_t i = 0; i < n; i++)
            if (bars[i].state == kinds[k].state)
                hone__str_addf(&c->data, "%.10g\t%.10g\t%zu\t%zu\t%s\n", (bars[i].begin - zero) / unit.seconds,
                               (fmax(bars[i].end, bars[i].begin + pixel) - zero) / unit.seconds, bars[i].row, bars[i].trial,
                               kinds[k].title);
        if (c->data.n == before)
            continue;
        hone__str_add(&c->data, "\n\n");
        hone__str_addf(
            &c->script,
            "%s'%s.dat' index %zu using 1:3:1:2:($3-0.4):($3+0.4) with boxxyerror fs solid border lc rgb 'white' fc rgb "
            "'%s' title '%s'",
            separator, c->stem, block++, kinds[k].colour, kinds[k].title);
        separator = ", \\\n  ";
    }
}

/* A trial's number stands on its bar where there is room. */
static void add_numbers(hone__canvas *c, const bar *bars, size_t n, double zero, hone__time_unit unit, double pixel)
{
    for (size_t i = 0; i < n; i++)
        if (!bars[i].merged && (bars[i].end - bars[i].begin) / pixel >= 26)
            hone__str_addf(&c->script, "set label '%zu' at %.10g,%zu center front font \",10\" textcolor rgb \"#10202c\"\n",
                           bars[i].trial, ((bars[i].begin + bars[i].end) / 2 - zero) / unit.seconds, bars[i].row);
}

hone_status hone__plot_timeline(hone__plots *p, const hone__report_run *run, hone_error *err)
{
    hone__canvas c;
    char label[64];
    bar *bars = hone_alloc_array(run->arena, run->n_trials, sizeof *bars);
    if (!bars)
        return hone_no_memory(err, "drawing a sweep");
    size_t n = take_bars(run, bars);
    double end = 0;
    for (size_t i = 0; i < n; i++)
        end = fmax(end, bars[i].end);
    if (n < 2 || !(end > bars[0].begin))
        return HONE_OK;
    const size_t rows = share_rows(bars, n);
    const double zero = bars[0].begin, pixel = (end - zero) / (WIDTH - 100);
    const hone__time_unit unit = hone__time_unit_of(end - zero);
    n = merge_bars(bars, n, 1.5 * pixel);
    HONE_TRY(hone__canvas_begin(&c, p, "timeline", "Timeline: when each trial ran", err));
    hone__canvas_frame(&c, WIDTH, 140 + (rows < 12 ? 28 : 14) * (double)rows, 48, 80);
    hone__canvas_range(&c, "x", 0, (end - zero) / unit.seconds, false);
    snprintf(label, sizeof label, "time since the first trial began (%s)", unit.name);
    hone__canvas_label(&c, "x", label);
    hone__canvas_label(&c, "y", "at once");
    hone__str_addf(&c.script, "set border 1\nunset ytics\nset yrange [%g:-0.7] noextend\n", (double)rows - 0.3);
    add_numbers(&c, bars, n, zero, unit, pixel);
    add_bars(&c, bars, n, zero, unit, pixel);
    hone__str_add(&c.script, "\n");
    return hone__canvas_save(&c, err);
}
