/* plot_thresholds.c - a small picture a label: precision, recall and F1 over the probability above which it is predicted.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "report/plot.h"
#include "report/sheet.h"

#include <math.h>

/* In pixels. */
enum { WIDTH = 1040, COLUMNS = 4, LEFT = 56, RIGHT = 16, TOP = 76, BOTTOM = 76, PANEL = 168, GAP_X = 34, GAP_Y = 52 };

static const struct curve {
    const char *name, *style; /* told apart by their dashes too */
    int column;
} curves[] = {
    {"precision", "lc rgb '#0072b2' lw 1.5 dt 2", 2},
    {"recall", "lc rgb '#d55e00' lw 1.5 dt 4", 3},
    {"F1", "lc rgb '#000000' lw 2.2", 4},
};
enum { CURVES = sizeof curves / sizeof *curves };

static void add_number(hone__str *s, double x)
{
    if (isfinite(x))
        hone__str_addf(s, "\t%.6g", x);
    else
        hone__str_add(s, "\tNaN");
}

static void add_data(hone__canvas *c, const hone__threshold_panel *p)
{
    hone__str_add(&c->data, "# threshold\tprecision\trecall\tF1\n");
    for (uint64_t i = 0; i < p->n; i++) {
        hone__str_addf(&c->data, "%.6g", p->x[i]);
        add_number(&c->data, p->precision[i]);
        add_number(&c->data, p->recall[i]);
        add_number(&c->data, p->f1[i]);
        hone__str_add(&c->data, "\n");
    }
    hone__str_add(&c->data, "\n\n");
}

static void place(hone__canvas *c, size_t i)
{
    const double w = (WIDTH - LEFT - RIGHT - GAP_X * (COLUMNS - 1)) / (double)COLUMNS;
    const double left = LEFT + (double)(i % COLUMNS) * (w + GAP_X), top = TOP + (double)(i / COLUMNS) * PANEL;
    hone__str_addf(&c->script, "set lmargin at screen %.4f\nset rmargin at screen %.4f\n", left / c->width,
                   (left + w) / c->width);
    hone__str_addf(&c->script, "set tmargin at screen %.4f\nset bmargin at screen %.4f\n", 1 - top / c->height,
                   1 - (top + PANEL - GAP_Y) / c->height);
}

/* A tic's distance that gives two to five tics: 1, 2 or 5 times a power of ten. */
static double step_of(double range)
{
    const double power = pow(10, floor(log10(range / 2)));
    const double times = range / 2 / power;
    return power * (times >= 5 ? 5 : times >= 2 ? 2 : 1);
}

static void add_panel(hone__canvas *c, const hone__threshold_panel *p, size_t i)
{
    const double most = p->x[p->n - 1];
    place(c, i);
    hone__str_add(&c->script, "set title ");
    hone__canvas_quote(c, p->label, 34, false);
    hone__str_addf(&c->script, " font \",12\" offset 0,-0.6\nset xrange [0:%.6g]\nset xtics %.6g\n", most, step_of(most));
    if (isfinite(p->chosen) && p->chosen <= most)
        hone__str_addf(&c->script, "set arrow 1 from %.6g,0 to %.6g,1 nohead lc rgb '#8a6d00' lw 1.5 dt 3\n", p->chosen,
                       p->chosen);
    for (size_t k = 0; k < CURVES; k++)
        hone__str_addf(&c->script, "%s'%s.dat' index %zu using 1:%d with lines %s notitle", k ? ", \\\n  " : "plot ", c->stem,
                       i, curves[k].column, curves[k].style);
    hone__str_add(&c->script, "\nunset arrow 1\n");
}

/* A last plot of nothing but the key. */
static void add_key(hone__canvas *c, bool chosen)
{
    hone__str_addf(&c->script,
                   "unset title\nunset border\nunset tics\nunset grid\nset lmargin at screen 0.1\nset rmargin at screen 0.9\n"
                   "set bmargin at screen 0\nset tmargin at screen %.4f\nset xrange [0:1]\n"
                   "set key at screen 0.985,%.4f right center horizontal maxrows 1 samplen 3 font \",12\"\nplot ",
                   20 / c->height, 1 - 22 / c->height);
    for (size_t k = 0; k < CURVES; k++)
        hone__str_addf(&c->script, "%s-1 with lines %s title '%s'", k ? ", " : "", curves[k].style, curves[k].name);
    if (chosen)
        hone__str_add(&c->script, ", -1 with lines lc rgb '#8a6d00' lw 1.5 dt 3 title 'the threshold in use'");
    hone__str_add(&c->script, "\n");
}

hone_status hone__plot_thresholds(hone__plots *p, const hone__threshold_panel *panels, size_t n, const char *name,
                                  const char *title, hone_error *err)
{
    hone__canvas c;
    bool chosen = false;
    if (n == 0)
        return HONE_OK;
    HONE_TRY(hone__canvas_begin(&c, p, name, title, err));
    hone__canvas_size(&c, WIDTH, TOP + BOTTOM - GAP_Y + (double)((n + COLUMNS - 1) / COLUMNS) * PANEL);
    hone__canvas_style(&c);
    hone__str_add(&c.script, "set label 1 ");
    hone__canvas_quote(&c, c.title, 110, false);
    hone__str_addf(&c.script, " at screen 0.015,%.4f left font \",15\"\n", 1 - 22 / c.height);
    hone__str_addf(
        &c.script,
        "set label 2 'threshold (probability above which the label is predicted)' at screen 0.5,%.4f center font \",12\"\n"
        "set multiplot\nset yrange [0:1]\nset ytics 0.5\nset xtics offset 0,0.5\nset tics font \",10\"\nunset key\n",
        14 / c.height);
    for (size_t i = 0; i < n; i++) {
        add_data(&c, &panels[i]);
        add_panel(&c, &panels[i], i);
        hone__str_add(&c.script, i == 0 ? "unset label 1\nunset label 2\n" : "");
        chosen = chosen || isfinite(panels[i].chosen);
    }
    add_key(&c, chosen);
    hone__str_add(&c.script, "unset multiplot\n");
    return hone__canvas_save(&c, err);
}
