/* plot_curves.c - lines: the curves that metrics and heads return, and the learning curves of a run.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "report/plot.h"
#include "report/sheet.h"

#include <math.h>
#include <string.h>

enum { LONGEST_SERIES = 40 }; /* columns of text */

/* ---- Curves of an exhibit ---------------------------------------------------------------------------------------- */

static void add_points(hone__str *s, const hone_curve *curve)
{
    hone__str_addf(s, "# %s\n", curve->series && curve->series[0] ? "next series" : "the curve");
    for (uint64_t i = 0; i < curve->n; i++)
        if (isfinite(curve->x[i]) && isfinite(curve->y[i]))
            hone__str_addf(s, "%.10g\t%.10g\n", curve->x[i], curve->y[i]);
    hone__str_add(s, "\n\n"); /* two empty lines: gnuplot's next index */
}

typedef struct group {
    const hone_curve *first;
    size_t n; /* curves */
    uint64_t points;
    bool diagonal, unit; /* unit: all values lie in [0, 1] */
    size_t widest;       /* series name */
} group;

static bool is_unit(const hone_curve *c)
{
    for (uint64_t i = 0; i < c->n; i++)
        if (c->x[i] < 0 || c->x[i] > 1 || c->y[i] < 0 || c->y[i] > 1)
            return false;
    return true;
}

static group group_of(const hone_exhibits *x, const char *name)
{
    group g = {.unit = true};
    for (size_t i = 0; i < x->n_curves; i++) {
        const hone_curve *c = &x->curves[i];
        if (strcmp(c->name, name) != 0)
            continue;
        g.first = g.first ? g.first : c;
        g.n++;
        g.points += c->n;
        g.diagonal = g.diagonal || c->diagonal;
        g.unit = g.unit && is_unit(c);
        size_t w = c->series ? hone__text_width(c->series) : 0;
        g.widest = w > g.widest ? w : g.widest;
    }
    return g;
}

static const char *style_of(const hone_curve *c, char *out, size_t size)
{
    if (c->style == HONE_CURVE_POINTS) /* many of them cover each other, so each lets some of those below through */
        return snprintf(out, size, "points pt 7 ps %s", c->n > 300 ? "0.35" : "0.5") > 0 ? out : "points";
    if (c->style == HONE_CURVE_STEPS)
        return "fsteps lw 2";
    return c->n <= 25 && !c->diagonal ? "linespoints lw 2 pt 7 ps 0.5" : "lines lw 2";
}

/* Beyond eight the colours come again with another dash. */
static void add_series(hone__canvas *c, const hone_exhibits *x, const char *name, const group *g)
{
    size_t k = 0;
    char style[64];
    hone__str_add(&c->script, "plot ");
    if (g->diagonal)
        hone__str_add(&c->script, "x with lines lc rgb '#9aa5b1' dt 2 lw 1 notitle, \\\n  ");
    for (size_t i = 0; i < x->n_curves; i++) {
        const hone_curve *curve = &x->curves[i];
        if (strcmp(curve->name, name) != 0)
            continue;
        add_points(&c->data, curve);
        hone__str_addf(&c->script, "%s'%s.dat' index %zu using 1:2 with %s lc rgb '%s' dt %zu ", k ? ", \\\n  " : "", c->stem,
                       k, style_of(curve, style, sizeof style), hone__colours[k % HONE__COLOURS], 1 + k / HONE__COLOURS % 5);
        if (curve->series && curve->series[0]) {
            hone__str_add(&c->script, "title ");
            hone__canvas_quote(c, curve->series, LONGEST_SERIES, false);
        } else {
            hone__str_add(&c->script, "notitle");
        }
        k++;
    }
    hone__str_add(&c->script, "\n");
}

/* The margins, and where the series are named: up to two rows of them below the picture, more beside it. */
static void add_frame(hone__canvas *c, const group *g)
{
    const double letter = 6.6, height = 540, square = 416; /* pixels; square: of the plot of a unit square */
    const double name = 46 + letter * (double)(g->widest < LONGEST_SERIES ? g->widest : LONGEST_SERIES);
    const double plot = g->unit ? square : 600, left = 76, top = 44, bottom = 80;
    const size_t a_row = (size_t)((plot + left) / name);
    const bool beside = g->widest > 0 && (a_row == 0 || g->n > 2 * a_row);
    const double rows = beside && g->n > 20 ? 17.0 * (double)(g->n - 20) : 0;
    const double least = 32 + 8.4 * (double)hone__text_width(c->title), own = left + plot + (beside ? name + 16 : 24);
    const double w = own < least ? least : own, h = height + rows;
    hone__canvas_size(c, w, h);
    hone__canvas_style(c);
    hone__str_add(&c->script, "set label 1 ");
    hone__canvas_quote(c, c->title, 90, false);
    hone__str_addf(&c->script, " at screen %.4f,%.4f left font \",15\"\n", 16 / w, 1 - 22 / h);
    hone__str_addf(&c->script, "set lmargin at screen %.4f\nset rmargin at screen %.4f\n", left / w, (left + plot) / w);
    hone__str_addf(&c->script, "set tmargin at screen %.4f\nset bmargin at screen %.4f\n", 1 - top / h, bottom / h);
    if (g->unit)
        hone__str_add(&c->script, "set xrange [0:1]\nset yrange [0:1]\n");
    if (beside)
        hone__str_addf(&c->script, "set key at screen %.4f,%.4f left top vertical Left reverse samplen 2 font \",11\"\n",
                       (left + plot + 12) / w, 1 - top / h);
    else
        hone__str_addf(&c->script, "set key at screen %.4f,0.005 center bottom horizontal samplen 2 font \",11\"\n",
                       (left + plot / 2) / w);
}

hone_status hone__plot_curves(hone__plots *p, const hone_exhibits *x, const char *name, hone_error *err)
{
    hone__canvas c;
    group g = group_of(x, name);
    if (g.points == 0)
        return HONE_OK;
    HONE_TRY(hone__canvas_begin(&c, p, name, g.first->title, err));
    add_frame(&c, &g);
    hone__canvas_label(&c, "x", g.first->x_label);
    hone__canvas_label(&c, "y", g.first->y_label);
    add_series(&c, x, name, &g);
    return hone__canvas_save(&c, err);
}

/* ---- Learning curves --------------------------------------------------------------------------------------------- */

enum { MOST_OTHERS = 60, MOST_SEEDS = 20, BEST_POINTS = 160, OTHER_POINTS = 80 };

/* Means of equal shares of the points, at most `most` of them: a long training's loss is otherwise a band of noise. */
static void add_thinned(hone__str *out, const hone__series *s, size_t most)
{
    size_t shares = s->n < most ? s->n : most;
    for (size_t k = 0; k < shares; k++) {
        size_t begin = k * s->n / shares, end = (k + 1) * s->n / shares;
        double step = 0, value = 0;
        for (size_t i = begin; i < end; i++) {
            step += s->step[i];
            value += s->value[i];
        }
        hone__str_addf(out, "%.10g\t%.10g\n", step / (double)(end - begin), value / (double)(end - begin));
    }
}

/* One panel: what is drawn, and where its blocks lie in the data file. */
typedef struct panel {
    const char *title, *key, *also; /* also: a second curve of the best trial alone; may be NULL */
    double left, right;             /* of the picture's width */
    size_t first, blocks;           /* indices of the data file; the best trial's come last */
    size_t seeds;                   /* the last of the blocks: other seeds of the best point */
    bool has_also, has_best, from_zero;
    double least; /* of all values */
} panel;

typedef struct learning {
    hone__canvas c;
    const hone__report_run *run;
    size_t index; /* blocks written */
} learning;

static hone_status add_block(learning *l, panel *p, const hone__report_trial *t, const char *key, size_t most, bool *added,
                             hone_error *err)
{
    hone__series s;
    HONE_TRY(hone__report_series(l->run, t, key, &s, err));
    *added = s.n > 0;
    if (s.n == 0)
        return HONE_OK;
    hone__str_addf(&l->c.data, "# trial %llu, %s: step, value\n", (unsigned long long)t->number, key);
    add_thinned(&l->c.data, &s, most);
    for (size_t i = 0; i < s.n; i++)
        p->least = s.value[i] < p->least ? s.value[i] : p->least;
    hone__str_add(&l->c.data, "\n\n");
    l->index++;
    return HONE_OK;
}

static hone_status add_seeds(learning *l, panel *p, hone_error *err)
{
    const hone__report_trial *best = hone__report_best(l->run);
    const hone__report_point *point = l->run->n_ranked ? &l->run->points[l->run->ranking[0]] : NULL;
    for (size_t k = 0; point && k < point->n_trials && p->seeds < MOST_SEEDS; k++) {
        const hone__report_trial *t = &l->run->trials[point->trials[k]];
        bool added = false;
        if (t != best)
            HONE_TRY(add_block(l, p, t, p->key, OTHER_POINTS, &added, err));
        p->blocks += added;
        p->seeds += added;
    }
    return HONE_OK;
}

/* The next best trials and, where there is room, those that failed: how they went wrong is worth seeing. */
static hone_status add_others(learning *l, panel *p, hone_error *err)
{
    const hone__report_trial *best = hone__report_best(l->run);
    bool added;
    for (size_t i = 1; i < l->run->n_ranked && p->blocks < MOST_OTHERS; i++) {
        HONE_TRY(add_block(l, p, hone__report_ranked(l->run, i), p->key, OTHER_POINTS, &added, err));
        p->blocks += added;
    }
    for (size_t i = 0; i < l->run->n_trials && p->blocks < MOST_OTHERS; i++) {
        const hone__report_trial *t = &l->run->trials[i];
        if (t->state == HONE__TRIAL_COMPLETE || t == best)
            continue;
        HONE_TRY(add_block(l, p, t, p->key, OTHER_POINTS, &added, err));
        p->blocks += added;
    }
    return HONE_OK;
}

static hone_status add_panel_data(learning *l, panel *p, hone_error *err)
{
    const hone__report_trial *best = hone__report_best(l->run);
    p->first = l->index;
    HONE_TRY(add_others(l, p, err));
    HONE_TRY(add_seeds(l, p, err));
    if (best)
        HONE_TRY(add_block(l, p, best, p->key, BEST_POINTS, &p->has_best, err));
    if (best && p->also)
        HONE_TRY(add_block(l, p, best, p->also, BEST_POINTS, &p->has_also, err));
    return HONE_OK;
}

static bool is_empty(const panel *p)
{
    return !p->blocks && !p->has_best;
}

static void add_line(learning *l, size_t index, const char *style, const char *separator, const char *title)
{
    hone__str_addf(&l->c.script, "%s'%s.dat' index %zu using 1:2 with %s ", separator, l->c.stem, index, style);
    if (title) {
        hone__str_add(&l->c.script, "title ");
        hone__canvas_quote(&l->c, title, 70, false);
    } else {
        hone__str_add(&l->c.script, "notitle");
    }
}

static void add_panel(learning *l, const panel *p, const char *best_title, bool few)
{
    const char *separator = "plot ";
    char style[160];
    hone__str_addf(&l->c.script, "set lmargin at screen %.4f\nset rmargin at screen %.4f\n", p->left, p->right);
    hone__str_addf(&l->c.script, "set yrange [%s:*] noextend\n", p->least >= 0 && p->from_zero ? "0" : "*");
    hone__canvas_label(&l->c, "y", p->title);
    snprintf(style, sizeof style, "%s lc rgb '%s' lw 1.2 pt 7 ps 0.4", few ? "linespoints" : "lines", HONE__OTHER_COLOUR);
    const size_t others = p->blocks - p->seeds;
    for (size_t i = 0; i < others; i++, separator = ", \\\n  ")
        add_line(l, p->first + i, style, separator, i == 0 ? "other trials" : NULL);
    snprintf(style, sizeof style, "%s lc rgb '#56b4e9' lw 1.2 pt 7 ps 0.4", few ? "linespoints" : "lines");
    for (size_t i = others; i < p->blocks; i++, separator = ", \\\n  ")
        add_line(l, p->first + i, style, separator, i == others ? "its other seeds" : NULL);
    if (p->has_best) {
        snprintf(style, sizeof style, "%s lc rgb '%s' lw 2.5 pt 7 ps 0.6", few ? "linespoints" : "lines", HONE__BEST_COLOUR);
        add_line(l, p->first + p->blocks, style, separator, best_title);
        separator = ", \\\n  ";
    }
    if (p->has_also) {
        snprintf(style, sizeof style, "linespoints lc rgb '#d55e00' lw 2 dt 2 pt 7 ps 0.6");
        add_line(l, p->first + p->blocks + p->has_best, style, separator, "its validation loss");
    }
    hone__str_add(&l->c.script, "\n");
}

static const char *best_title(const hone__report_run *run)
{
    const hone__report_trial *best = hone__report_best(run);
    if (!best)
        return "";
    return run->n_trials > 1 ? hone_sprintf(run->arena, "best: trial %llu", (unsigned long long)best->number)
                             : hone_sprintf(run->arena, "trial %llu", (unsigned long long)best->number);
}

static hone_status write_learning(learning *l, panel *panels, size_t n, hone_error *err)
{
    hone__canvas *c = &l->c;
    const char *title = best_title(l->run);
    if (!title)
        return hone_no_memory(err, "drawing learning curves");
    hone__canvas_size(c, n > 1 ? 1040 : 620, 470);
    hone__canvas_style(c);
    hone__str_add(&c->script, "set label 1 ");
    hone__canvas_quote(c, c->title, 100, false);
    hone__str_addf(
        &c->script,
        " at screen 0.015,0.95 left font \",15\"\nset multiplot\nset tmargin at screen 0.89\n"
        "set bmargin at screen 0.28\nset xrange [0:*] noextend\nset offsets 0, graph 0.02, graph 0.05, graph 0.05\n");
    hone__canvas_label(c, "x", "optimizer step");
    for (size_t i = 0; i < n; i++) {
        hone__str_addf(&c->script, "set key at screen %.4f,0.15 center top horizontal samplen 2 font \",11\"\n",
                       (panels[i].left + panels[i].right) / 2);
        add_panel(l, &panels[i], title, strcmp(panels[i].key, "train/loss") != 0);
        hone__str_add(&c->script, "unset label 1\n");
    }
    hone__str_add(&c->script, "unset multiplot\n");
    return HONE_OK;
}

hone_status hone__plot_learning(hone__plots *p, const hone__report_run *run, hone_error *err)
{
    learning l = {.run = run};
    const bool is_loss = strcmp(run->metric, "validation/loss") == 0;
    panel panels[2] = {{.title = "loss", .key = "train/loss", .from_zero = true, .also = is_loss ? NULL : "validation/loss"},
                       {.title = run->metric, .key = run->metric}};
    char title[300];
    snprintf(title, sizeof title, "Learning curves of %s", run->name);
    HONE_TRY(hone__canvas_begin(&l.c, p, "learning_curves", title, err));
    size_t n = 0;
    hone_status status = HONE_OK;
    for (size_t i = 0; i < 2 && status == HONE_OK; i++) {
        status = add_panel_data(&l, &panels[i], err);
        if (status == HONE_OK && !is_empty(&panels[i]))
            panels[n++] = panels[i];
    }
    for (size_t i = 0; i < n; i++) {
        panels[i].left = n > 1 ? 0.075 + 0.5 * (double)i : 0.12;
        panels[i].right = n > 1 ? 0.475 + 0.5 * (double)i : 0.96;
    }
    if (status == HONE_OK && n)
        status = write_learning(&l, panels, n, err);
    if (status == HONE_OK && n)
        return hone__canvas_save(&l.c, err);
    hone__canvas_drop(&l.c);
    return status;
}
