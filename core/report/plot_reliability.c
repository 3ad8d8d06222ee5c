/* plot_reliability.c - how often predictions of a probability are right, above how many predictions have it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "report/plot.h"

/* All in shares of the picture, from the left and from the bottom. */
#define LEFT 0.13
#define RIGHT 0.96

static void add_data(hone__canvas *c, const hone__calibration *k)
{
    hone__str_add(&c->data, "# from\tto\tpredictions\tmean probability\tshare right\n");
    for (uint64_t i = 0; i < k->n_bins; i++) {
        const hone__bin *b = &k->bins[i];
        if (b->n > 0)
            hone__str_addf(&c->data, "%.10g\t%.10g\t%.0f\t%.10g\t%.10g\n", b->low, b->high, b->n, b->confidence, b->accuracy);
    }
}

static void add_panel(hone__canvas *c, double bottom, double top, const char *y_label)
{
    hone__str_addf(&c->script, "set lmargin at screen %.3f\nset rmargin at screen %.3f\n", LEFT, RIGHT);
    hone__str_addf(&c->script, "set bmargin at screen %.3f\nset tmargin at screen %.3f\n", bottom, top);
    hone__str_addf(&c->script, "set ylabel '%s' font \",12\" offset 0.5,0\n", y_label);
}

hone_status hone__plot_reliability(hone__plots *p, const hone__calibration *k, const char *name, const char *title,
                                   hone_error *err)
{
    hone__canvas c;
    if (k->n_bins == 0)
        return HONE_OK;
    HONE_TRY(hone__canvas_begin(&c, p, name, title, err));
    add_data(&c, k);
    hone__canvas_size(&c, 620, 620);
    hone__canvas_style(&c);
    hone__str_add(&c.script, "set label 1 ");
    hone__canvas_quote(&c, c.title, 80, false);
    hone__str_add(&c.script, " at screen 0.03,0.965 left font \",15\"\nset label 2 ");
    hone__canvas_quote(&c,
                       hone_sprintf(p->arena, "expected calibration error %.4f, largest %.4f, over %llu bins of equal width",
                                    k->ece, k->mce, (unsigned long long)k->n_bins),
                       90, false);
    hone__str_add(&c.script, " at screen 0.03,0.925 left font \",11\" textcolor rgb '#5b6570'\n"
                             "set multiplot\nset xrange [0:1]\n");
    add_panel(&c, 0.4, 0.885, "share that is right");
    hone__str_add(&c.script, "set yrange [0:1]\nset format x ''\nset key left top Left reverse samplen 2 font \",11\"\n");
    hone__str_addf(
        &c.script,
        "plot '%s.dat' using (($1+$2)/2):($5/2):1:2:(0):5 with boxxyerror fc rgb '#9ecae1' fs solid 0.6 border lc rgb '%s' lw "
        "1 "
        "title 'share right', \\\n  '' using 4:5 with points pt 7 ps 0.7 lc rgb '%s' title 'at its mean probability', "
        "\\\n  x with lines lc rgb '#303840' dt 2 lw 1 title 'as often as predicted'\n",
        c.stem, HONE__BEST_COLOUR, hone__colours[1]);
    hone__str_add(&c.script, "unset label 1\nunset label 2\n");
    add_panel(&c, 0.105, 0.355, "predictions");
    hone__str_addf(&c.script,
                   "set yrange [0:*]\nset format x '%%g'\nset xlabel 'predicted probability' font \",12\"\nunset key\n"
                   "plot '%s.dat' using (($1+$2)/2):($3/2):1:2:(0):3 with boxxyerror fc rgb '#c9d1d9' fs solid border lc rgb "
                   "'#5b6570' lw 1\n"
                   "unset multiplot\n",
                   c.stem);
    return hone__canvas_save(&c, err);
}
