/* plot_sweep.c - a sweep over its trials and its time, and what its parameters explain.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "report/plot_sweep.h"

#include "report/sheet.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Axes -------------------------------------------------------------------------------------------------------- */

hone__time_unit hone__time_unit_of(double seconds)
{
    return seconds < 180        ? (hone__time_unit){1, "s"}
           : seconds < 3 * 3600 ? (hone__time_unit){60, "min"}
                                : (hone__time_unit){3600, "h"};
}

/* 1, 2 or 5 times a power of ten, so that some five steps make up the span. Source: Heckbert 1990, "Nice numbers for graph labels". */
static double round_step(double span)
{
    const double rough = span / 5, power = pow(10, floor(log10(rough))), digit = rough / power;
    return power * (digit < 1.5 ? 1 : digit < 3.5 ? 2 : digit < 7.5 ? 5 : 10);
}

static void add_log_tics(hone__canvas *c, double low, double high)
{
    const double decades = log10(high / low);
    const int stride = decades > 6 ? (int)ceil(decades / 6) : 1;
    const char *separator = "";
    for (int k = (int)floor(log10(low)); k <= (int)ceil(log10(high)); k++)
        for (int digit = 1; digit <= 5; digit += digit == 1 ? 1 : 3) {
            const double at = digit * pow(10, k);
            if (at < low * 0.999 || at > high * 1.001 || (digit > 1 && decades > 2.2) || k % stride)
                continue;
            hone__str_addf(&c->script, "%s'%g' %.10g", separator, at, at);
            separator = ", ";
        }
}

void hone__canvas_range(hone__canvas *c, const char *axis, double low, double high, bool log_scale)
{
    if (!(high > low)) { /* one value */
        const double around = low != 0 ? fabs(low) * 0.1 : 1;
        low -= around;
        high += around;
        log_scale = false;
    }
    const double room = 0.04, factor = log_scale ? pow(high / low, room) : 1, add = log_scale ? 0 : room * (high - low);
    const double first = low / factor - add, last = high * factor + add;
    hone__str_addf(&c->script, "set %srange [%.10g:%.10g] noextend\nset %stics (", axis, first, last, axis);
    if (log_scale) {
        add_log_tics(c, first, last);
    } else {
        const double step = round_step(last - first);
        const char *separator = "";
        for (double k = ceil(first / step); k * step <= last; k++, separator = ", ")
            hone__str_addf(&c->script, "%s'%g' %.10g", separator, fabs(k * step) < step * 1e-9 ? 0 : k * step, k * step);
    }
    hone__str_addf(&c->script, ")\n%sset logscale %s\n", log_scale ? "" : "un", axis);
}

double hone__canvas_values(hone__canvas *c, const hone__axes *a, double below)
{
    const double span = a->y_high > a->y_low ? a->y_high - a->y_low : a->y_high != 0 ? fabs(a->y_high) * 0.2 : 1;
    const double low = a->y_low - below * span;
    hone__canvas_range(c, "y", low, a->y_high > a->y_low ? a->y_high : a->y_low + span / 2, false);
    hone__canvas_label(c, "y", a->run->metric);
    return low;
}

enum { LEFT = 72, BOTTOM = 82 }; /* pixels beside and below a small picture's axes */

static void begin_small(hone__canvas *c, double height, double bottom)
{
    hone__canvas_frame(c, HONE__SMALL_PICTURE, height, LEFT, bottom);
}

/* ---- History ----------------------------------------------------------------------------------------------------- */

static bool is_better(const hone__report_run *run, double a, double b)
{
    return isnan(b) || (run->maximize ? a > b : a < b);
}

/* A block of data that becomes one series, if it has any line. */
typedef struct series {
    hone__canvas *canvas;
    size_t n_blocks, before;
    const char *separator;
} series;

static void begin_block(series *s)
{
    s->before = s->canvas->data.n;
}

static void end_block(series *s, const char *style, const char *title)
{
    hone__canvas *c = s->canvas;
    if (c->data.n == s->before)
        return;
    hone__str_add(&c->data, "\n\n");
    hone__str_addf(&c->script, "%s'%s.dat' index %zu using 1:2 with %s ", s->separator, c->stem, s->n_blocks++, style);
    hone__str_addf(&c->script, title ? "title '%s'" : "notitle", title ? title : "");
    s->separator = ", \\\n  ";
}

/* Those that are best so far are drawn in any case. */
static void add_trials(series *s, const hone__axes *a, int state, double fixed)
{
    const hone__report_run *run = a->run;
    size_t n = 0, seen = 0;
    double best = NAN;
    for (size_t i = 0; i < run->n_trials; i++)
        n += run->trials[i].state == state;
    const size_t stride = (n + HONE__MOST_DOTS - 1) / HONE__MOST_DOTS;
    begin_block(s);
    for (size_t i = 0; i < run->n_trials; i++) {
        const hone__report_trial *t = &run->trials[i];
        const double y = isnan(fixed) ? t->value : fixed;
        if (t->state != state || !isfinite(y))
            continue;
        const bool better = is_better(run, t->value, best);
        best = better ? t->value : best;
        if (seen++ % stride == 0 || better)
            hone__str_addf(&s->canvas->data, "%llu\t%.10g\n", (unsigned long long)t->number, y);
    }
}

/* A point counts as soon as the last of its seeds has ended. */
static uint64_t last_trial(const hone__report_point *p)
{
    size_t last = 0;
    for (size_t k = 0; k < p->n_trials; k++)
        last = p->trials[k] > last ? p->trials[k] : last;
    return last;
}

static void add_best_so_far(series *s, const hone__axes *a)
{
    double best = NAN;
    begin_block(s);
    for (size_t i = 0; i < a->n_points; i++)
        if (is_better(a->run, a->y[i], best)) {
            best = a->y[i];
            hone__str_addf(&s->canvas->data, "%llu\t%.10g\n", (unsigned long long)last_trial(a->points[i]), best);
        }
    if (a->n_points)
        hone__str_addf(&s->canvas->data, "%zu\t%.10g\n", a->run->n_trials - 1, best);
}

hone_status hone__plot_history(hone__plots *p, const hone__axes *a, hone_error *err)
{
    hone__canvas c;
    if (a->n_points < 2)
        return HONE_OK;
    HONE_TRY(hone__canvas_begin(&c, p, "history", "Optimisation history", err));
    const double second_row = a->run->n_pruned && a->run->n_failed ? 20 : 0; /* of the key, which then has four entries */
    begin_small(&c, 380 + second_row, BOTTOM + second_row);
    hone__canvas_range(&c, "x", 0, (double)(a->run->n_trials - 1), false);
    hone__canvas_label(&c, "x", "trial number");
    const double low = hone__canvas_values(&c, a, a->run->n_failed ? 0.08 : 0);
    series s = {.canvas = &c, .separator = "plot "};
    add_trials(&s, a, HONE__TRIAL_COMPLETE, NAN);
    end_block(&s, "points lc rgb '#56b4e9' pt 7 ps 0.5", a->run->n_seeds > 1 ? "trials" : "complete");
    add_trials(&s, a, HONE__TRIAL_PRUNED, NAN);
    end_block(&s, "points lc rgb '#999999' pt 6 ps 0.5", "stopped early");
    add_trials(&s, a, HONE__TRIAL_FAILED, low);
    end_block(&s, "points lc rgb '#d55e00' pt 2 ps 0.7 lw 3", "failed");
    add_best_so_far(&s, a);
    end_block(&s, "steps lc rgb '" HONE__BEST_COLOUR "' lw 2.5", a->run->n_seeds > 1 ? "best mean so far" : "best so far");
    hone__str_add(&c.script, "\n");
    return hone__canvas_save(&c, err);
}

/* ---- Budget ------------------------------------------------------------------------------------------------------ */

typedef struct ending {
    double ended;
    size_t trial;
} ending;

static int compare_endings(const void *a, const void *b)
{
    const ending *x = a, *y = b;
    if (x->ended != y->ended)
        return (x->ended > y->ended) - (x->ended < y->ended);
    return (x->trial > y->trial) - (x->trial < y->trial);
}

/* Trials in the order in which they ended. */
static ending *order_of_endings(const hone__report_run *run, size_t *n)
{
    ending *order = hone_alloc_array(run->arena, run->n_trials, sizeof *order);
    *n = 0;
    for (size_t i = 0; order && i < run->n_trials; i++)
        if (isfinite(run->trials[i].ended) && isfinite(run->trials[i].seconds))
            order[(*n)++] = (ending){run->trials[i].ended, i};
    if (order)
        qsort(order, *n, sizeof *order, compare_endings);
    return order;
}

/* The point of axes that the trial completes, if it does: all its other trials have ended. */
static const double *completed_value(const hone__axes *a, const bool *ended, size_t trial)
{
    size_t low = 0, high = a->n_points;
    const uint64_t number = a->run->trials[trial].point;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (a->points[middle]->number < number)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == a->n_points || a->points[low]->number != number)
        return NULL;
    for (size_t k = 0; k < a->points[low]->n_trials; k++)
        if (!ended[a->points[low]->trials[k]])
            return NULL;
    return &a->y[low];
}

hone_status hone__plot_budget(hone__plots *p, const hone__axes *a, hone_error *err)
{
    hone__canvas c;
    size_t n;
    double total = 0, spent = 0, best = NAN;
    const ending *order = order_of_endings(a->run, &n);
    bool *ended = hone_alloc_array(a->run->arena, a->run->n_trials, sizeof *ended);
    if (!order || !ended)
        return hone_no_memory(err, "drawing a sweep");
    for (size_t i = 0; i < n; i++)
        total += a->run->trials[order[i].trial].seconds;
    if (a->n_points < 2 || !(total > 0))
        return HONE_OK;
    const hone__time_unit unit = hone__time_unit_of(total);
    char label[80];
    HONE_TRY(hone__canvas_begin(&c, p, "budget", "Best so far against budget", err));
    begin_small(&c, 380, BOTTOM);
    hone__canvas_range(&c, "x", 0, total / unit.seconds, false);
    snprintf(label, sizeof label, "time of all trials until then (%s)", unit.name);
    hone__canvas_label(&c, "x", label);
    hone__canvas_values(&c, a, 0);
    series s = {.canvas = &c, .separator = "plot "};
    begin_block(&s);
    for (size_t i = 0; i < n; i++) {
        spent += a->run->trials[order[i].trial].seconds;
        ended[order[i].trial] = true;
        const double *value = completed_value(a, ended, order[i].trial);
        if (value && is_better(a->run, *value, best)) {
            best = *value;
            hone__str_addf(&c.data, "%.10g\t%.10g\n", spent / unit.seconds, best);
        }
    }
    if (isfinite(best))
        hone__str_addf(&c.data, "%.10g\t%.10g\n", total / unit.seconds, best);
    end_block(&s, "steps lc rgb '" HONE__BEST_COLOUR "' lw 2.5", NULL);
    hone__str_add(&c.script, "\n");
    if (s.n_blocks)
        return hone__canvas_save(&c, err);
    hone__canvas_drop(&c);
    return HONE_OK;
}

/* ---- Slices ------------------------------------------------------------------------------------------------------ */

/* Few values that are all there are stand side by side, whatever their distances. */
static bool stands_apart(const hone__axis *axis)
{
    return !axis->numeric || (axis->listed && axis->n_values <= 12);
}

static double slice_x(const hone__axis *axis, double x)
{
    if (!axis->numeric || !stands_apart(axis))
        return x;
    size_t k = 0;
    while (k + 1 < axis->n_values && axis->values[k] < x)
        k++;
    return (double)k;
}

static const char *place_label(const hone__axis *axis, size_t k, char *out, size_t size)
{
    char whole[64];
    snprintf(whole, sizeof whole, "%g", axis->numeric ? axis->values[k] : 0);
    return hone__text_fit(axis->numeric ? whole : axis->labels[k], 26, out, size);
}

/* The room that labels of choices take when they must lean, since they do not fit side by side; else 0. In pixels. */
static double leaning(const hone__axis *axis)
{
    size_t widest = 1;
    char text[128];
    for (size_t k = 0; k < axis->n_values; k++) {
        const size_t width = hone__text_width(place_label(axis, k, text, sizeof text));
        widest = width > widest ? width : widest;
    }
    const double width = (double)widest * 6.8;
    return width > (HONE__SMALL_PICTURE - LEFT - 24) / (double)axis->n_values ? width * 0.58 : 0;
}

static void add_places(hone__canvas *c, const hone__axis *axis)
{
    char text[128];
    hone__str_addf(&c->script, "set xrange [-0.6:%g] noextend\nset xtics (", (double)axis->n_values - 0.4);
    for (size_t k = 0; k < axis->n_values; k++) {
        hone__str_add(&c->script, k ? ", " : "");
        hone__canvas_quote(c, place_label(axis, k, text, sizeof text), 0, true);
        hone__str_addf(&c->script, " %zu", k);
    }
    hone__str_add(&c->script, leaning(axis) > 0 ? ")\nset xtics rotate by 35 right\n" : ")\n");
}

/* Points of one choice are spread a little, always in the same way, so that equal ones are seen. */
static double spread(const hone__axis *axis, uint64_t number)
{
    return stands_apart(axis) ? ((double)(number * 2654435761u % 1024) / 1024 - 0.5) * 0.5 : 0;
}

static void add_means(series *s, const hone__axes *a, size_t j)
{
    const hone__axis *axis = &a->all[j];
    begin_block(s);
    for (size_t k = 0; k < axis->n_values && stands_apart(axis); k++) {
        double sum = 0, n = 0;
        for (size_t i = 0; i < a->n_points; i++)
            if (slice_x(axis, a->x[i * a->n + j]) == (double)k && a->y[i] >= a->y_low && a->y[i] <= a->y_high) {
                sum += a->y[i];
                n += 1;
            }
        if (n > 0)
            hone__str_addf(&s->canvas->data, "%.10g\t%.10g\n%.10g\t%.10g\n\n", (double)k - 0.32, sum / n, (double)k + 0.32,
                           sum / n);
    }
    end_block(s, "lines lc rgb '#303840' lw 2", "mean");
}

hone_status hone__plot_slice(hone__plots *p, const hone__axes *a, size_t j, hone_error *err)
{
    const hone__axis *axis = &a->all[j];
    const size_t stride = (a->n_points + HONE__MOST_DOTS - 1) / HONE__MOST_DOTS;
    const hone__report_point *best = a->run->n_ranked ? &a->run->points[a->run->ranking[0]] : NULL;
    hone__canvas c;
    size_t seen = 0;
    char name[128];
    if (a->n_points - axis->n_inactive == 0)
        return HONE_OK;
    snprintf(name, sizeof name, "slice_%s", axis->title);
    HONE_TRY(hone__canvas_begin(&c, p, name, axis->path, err));
    /* The key of means takes two rows. */
    const double below = (stands_apart(axis) ? leaning(axis) : 0) + (a->run->n_seeds > 1 ? 22 : 0);
    begin_small(&c, 350 + below, 62 + below);
    if (stands_apart(axis))
        add_places(&c, axis);
    else
        hone__canvas_range(&c, "x", axis->low, axis->high, axis->log);
    hone__canvas_values(&c, a, 0);
    series s = {.canvas = &c, .separator = "plot "};
    begin_block(&s);
    for (size_t i = 0; i < a->n_points; i++) {
        const double x = a->x[i * a->n + j];
        if (!isnan(x) && seen++ % stride == 0)
            hone__str_addf(&c.data, "%.10g\t%.10g\n", slice_x(axis, x) + spread(axis, a->points[i]->number), a->y[i]);
    }
    end_block(&s, "points lc rgb '#56b4e9' pt 7 ps 0.5", a->run->n_seeds > 1 ? "means of seeds" : "points");
    add_means(&s, a, j);
    begin_block(&s);
    for (size_t i = 0; i < a->n_points; i++)
        if (a->points[i] == best && !isnan(a->x[i * a->n + j]))
            hone__str_addf(&c.data, "%.10g\t%.10g\n", slice_x(axis, a->x[i * a->n + j]) + spread(axis, best->number), a->y[i]);
    end_block(&s, "points lc rgb '#d55e00' pt 7 ps 0.9", "the best");
    hone__str_add(&c.script, "\n");
    return hone__canvas_save(&c, err);
}

/* ---- Importance -------------------------------------------------------------------------------------------------- */

hone_status hone__plot_importance(hone__plots *p, const hone__axes *a, const hone__importance *importance, const size_t *order,
                                  size_t n, hone_error *err)
{
    hone__canvas c;
    double most = 0.05;
    HONE_TRY(hone__canvas_begin(&c, p, "importance", "Importance of parameters", err));
    size_t widest = 1;
    for (size_t k = 0; k < n; k++) {
        const size_t width = hone__text_width(a->all[order[k]].title);
        widest = width > widest ? width : widest;
    }
    hone__canvas_frame(&c, HONE__SMALL_PICTURE, 116 + 24 * (double)n, 24 + 7.0 * (double)(widest < 28 ? widest : 28), 60);
    hone__str_add(&c.script, "unset key\nset border 1\nset ytics scale 0 (");
    for (size_t k = 0; k < n; k++) {
        hone__str_add(&c.script, k ? ", " : "");
        hone__canvas_quote(&c, a->all[order[k]].title, 28, true);
        hone__str_addf(&c.script, " %zu", k);
        most = fmax(most, importance->share[order[k]]);
    }
    hone__str_addf(&c.script, ")\nset yrange [%g:-0.6] noextend\nunset grid\nset grid xtics lc rgb \"#e6e9ed\" lw 1 lt 1\n",
                   (double)n - 0.4);
    hone__canvas_range(&c, "x", 0, 115 * most, false);
    hone__str_addf(&c.script, "set xrange [0:%.10g]\n", 118 * most);
    hone__canvas_label(&c, "x", "share of the variance (%)");
    for (size_t k = 0; k < n; k++)
        hone__str_addf(&c.data, "%zu\t%.4f\n", k, 100 * importance->share[order[k]]);
    hone__str_addf(
        &c.script,
        "plot '%s.dat' using 2:1:(0):2:($1-0.36):($1+0.36) with boxxyerror fs solid noborder lc rgb '" HONE__BEST_COLOUR
        "', '' using 2:1:(sprintf('%%.0f %%%%', $2)) with labels left offset 0.5,0 font \",11\"\n",
        c.stem);
    return hone__canvas_save(&c, err);
}
