/* plot_matrix.c - a matrix as a picture: coloured cells with their numbers where they fit, for 2 to some hundred rows.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "report/plot.h"
#include "report/sheet.h"

#include <math.h>

/* All in pixels, but label_columns (of text). */
typedef struct layout {
    double cell, width, height;      /* of the cells, and of all of them */
    double left, right, top, bottom; /* margins */
    double tic_font, cell_font;      /* cell_font 0: no numbers in the cells */
    size_t label_columns;
    int turn;  /* degrees, of the column labels */
    bool both; /* counts with their shares below */
} layout;

/* The mean width of a sans-serif letter against its size, with some reserve. */
#define LETTER 0.58
#define TITLE_FONT 15.0
#define LONGEST_LABEL 30

static double clamp(double x, double low, double high)
{
    return x < low ? low : x > high ? high : x;
}

static size_t widest(const char *const *labels, uint64_t n)
{
    size_t width = 1;
    for (uint64_t i = 0; i < n; i++) {
        size_t w = hone__text_width(labels[i]);
        width = w > width ? w : width;
    }
    return width < LONGEST_LABEL ? width : LONGEST_LABEL;
}

static double largest(const hone_matrix *m)
{
    double most = 0;
    for (uint64_t i = 0; i < m->n_rows * m->n_columns; i++)
        most = isfinite(m->values[i]) && fabs(m->values[i]) > most ? fabs(m->values[i]) : most;
    return most;
}

static int format_value(const hone_matrix *m, double value, char *out, size_t size)
{
    return snprintf(out, size, m->counts ? "%.0f" : "%.3g", value);
}

/* Numbers stand in the cells if they can be read: 7 pixels at least. */
static void fit_numbers(layout *l, const hone_matrix *m)
{
    char text[64];
    int digits = m->counts ? format_value(m, largest(m), text, sizeof text) : 5;
    double font = clamp(l->cell * 0.92 / (digits * LETTER), 0, clamp(l->cell * 0.42, 0, 15));
    l->cell_font = font >= 7 ? font : 0;
    l->both = m->counts && l->cell >= 56;
}

static layout layout_of(const hone_matrix *m)
{
    layout l = {0};
    uint64_t n = m->n_rows > m->n_columns ? m->n_rows : m->n_columns;
    l.cell = clamp(620.0 / (double)n, 13, 96);
    l.width = l.cell * (double)m->n_columns;
    l.height = l.cell * (double)m->n_rows;
    l.tic_font = clamp(l.cell * 0.72, 9, 12);
    size_t rows = widest(m->rows, m->n_rows), columns = widest(m->columns, m->n_columns);
    double row_width = (double)rows * l.tic_font * LETTER, column_width = (double)columns * l.tic_font * LETTER;
    l.turn = column_width < l.cell * 0.95 ? 0 : l.cell >= 26 ? 45 : 90;
    double column_height = l.turn == 0 ? l.tic_font * 1.4 : l.turn == 45 ? column_width * 0.72 + l.tic_font : column_width;
    l.left = row_width + 52;
    if (l.turn == 45 && l.left < column_width * 0.72 + 24) /* the first label leans out to the left */
        l.left = column_width * 0.72 + 24;
    l.bottom = column_height + 48;
    l.top = 56;
    l.right = 118;
    double title = (double)hone__text_width(m->title) * TITLE_FONT * LETTER + 32;
    if (l.left + l.width + l.right < title)
        l.right = title - l.left - l.width;
    fit_numbers(&l, m);
    return l;
}

/* ---- Data -------------------------------------------------------------------------------------------------------- */

static void add_name(hone__str *s, const char *text)
{
    char fit[400];
    hone__str_add(s, "\t");
    hone__str_add(s, hone__text_fit(text, 300, fit, sizeof fit)); /* tabs become blanks */
}

static double row_sum(const hone_matrix *m, uint64_t r)
{
    double sum = 0;
    for (uint64_t c = 0; c < m->n_columns; c++)
        sum += m->values[r * m->n_columns + c];
    return sum;
}

static void add_data(hone__canvas *c, const hone_matrix *m)
{
    hone__str_addf(&c->data, "# column\trow\tvalue\t%s\trow's label\tcolumn's label\n", m->counts ? "% of its row" : "value");
    for (uint64_t r = 0; r < m->n_rows; r++) {
        double sum = m->counts ? row_sum(m, r) : 1;
        for (uint64_t k = 0; k < m->n_columns; k++) {
            double value = m->values[r * m->n_columns + k];
            if (!isfinite(value))
                continue;
            double shade = m->counts ? (sum > 0 ? 100 * value / sum : 0) : value;
            hone__str_addf(&c->data, "%llu\t%llu\t%.10g\t%.10g", (unsigned long long)k, (unsigned long long)r, value, shade);
            add_name(&c->data, m->rows[r]);
            add_name(&c->data, m->columns[k]);
            hone__str_add(&c->data, "\n");
        }
    }
}

/* ---- Script ------------------------------------------------------------------------------------------------------ */

static void add_tics(hone__canvas *c, const char *axis, const char *const *labels, uint64_t n)
{
    hone__str_addf(&c->script, "set %stics (", axis);
    for (uint64_t i = 0; i < n; i++) {
        hone__str_add(&c->script, i ? ", " : "");
        hone__canvas_quote(c, labels[i], LONGEST_LABEL, true);
        hone__str_addf(&c->script, " %llu", (unsigned long long)i);
    }
    hone__str_add(&c->script, ")\n");
}

static void add_frame(hone__canvas *c, const hone_matrix *m, const layout *l)
{
    double w = l->left + l->width + l->right, h = l->top + l->height + l->bottom;
    hone__canvas_size(c, w, h);
    hone__str_addf(
        &c->script,
        "set lmargin at screen %.5f\nset rmargin at screen %.5f\nset tmargin at screen %.5f\nset bmargin at screen %.5f\n",
        l->left / w, (l->left + l->width) / w, 1 - l->top / h, l->bottom / h);
    hone__str_add(&c->script, "set label 1 ");
    hone__canvas_quote(c, m->title, 0, false);
    hone__str_addf(&c->script, " at screen %.5f,%.5f left font \",%.0f\"\n", 16 / w, 1 - 24 / h, TITLE_FONT);
    /* Axis titles at fixed places: gnuplot would put them by its own guess of how long the labels are. */
    hone__str_add(&c->script, "set label 2 ");
    hone__canvas_quote(c, m->column_title, 60, false);
    hone__str_addf(&c->script, " at screen %.5f,%.5f center font \",13\"\n", (l->left + l->width / 2) / w, 16 / h);
    hone__str_add(&c->script, "set label 3 ");
    hone__canvas_quote(c, m->row_title, 60, false);
    hone__str_addf(&c->script, " at screen %.5f,%.5f center rotate by 90 font \",13\"\n", 16 / w,
                   (l->bottom + l->height / 2) / h);
    hone__str_addf(&c->script, "set xrange [-0.5:%g]\nset yrange [%g:-0.5]\nunset key\nset border 0\n",
                   (double)m->n_columns - 0.5, (double)m->n_rows - 0.5);
}

static void add_axes(hone__canvas *c, const hone_matrix *m, const layout *l)
{
    hone__str_addf(&c->script, "set tics scale 0 nomirror\nset xtics font \",%.1f\"\nset ytics font \",%.1f\"\n", l->tic_font,
                   l->tic_font);
    add_tics(c, "y", m->rows, m->n_rows);
    add_tics(c, "x", m->columns, m->n_columns);
    if (l->turn)
        hone__str_addf(&c->script, "set xtics rotate by %d right\n", l->turn);
}

/* What the colours stand for; of values of both signs, symmetric about 0. */
typedef struct range {
    double low, high;
} range;

static range range_of(const hone_matrix *m)
{
    range r = {INFINITY, -INFINITY};
    if (m->counts)
        return (range){0, 100};
    for (uint64_t i = 0; i < m->n_rows * m->n_columns; i++)
        if (isfinite(m->values[i])) {
            r.low = fmin(r.low, m->values[i]);
            r.high = fmax(r.high, m->values[i]);
        }
    if (!(r.high > r.low)) /* one value, or none */
        return isfinite(r.low) ? (range){r.low, r.low + 1} : (range){0, 1};
    if (r.low < 0 && r.high > 0)
        r.low = -(r.high = fmax(-r.low, r.high));
    return r;
}

/* One hue from light to dark, which every eye and every printer keeps in order. Source: ColorBrewer 2, "Blues" and, for matrices
 * with values of both signs, "PuOr". */
static void add_colours(hone__canvas *c, const hone_matrix *m, const layout *l)
{
    double w = l->left + l->width + l->right, h = l->top + l->height + l->bottom;
    range r = range_of(m);
    if (r.low < 0 && r.high > 0)
        hone__str_add(&c->script, "set palette defined (0 '#b35806', 1 '#fdb863', 2 '#f7f7f7', 3 '#b2abd2', 4 '#542788')\n");
    else
        hone__str_add(&c->script, "set palette defined (0 '#f7fbff', 1 '#deebf7', 2 '#c6dbef', 3 '#9ecae1', 4 '#6baed6', "
                                  "5 '#4292c6', 6 '#2171b5', 7 '#08519c', 8 '#08306b')\n");
    hone__str_addf(&c->script, "set cbrange [%.10g:%.10g]\nset cbtics font \",10\" scale 0.4\n", r.low, r.high);
    if (m->counts)
        hone__str_add(&c->script, "set format cb '%.0f %%'\nset cblabel 'share of its row' font \",11\"\n");
    double tall = l->height < 160 ? l->height : l->height < 420 ? l->height * 0.8 : 340;
    hone__str_addf(&c->script, "set colorbox user origin screen %.5f,%.5f size screen %.5f,%.5f\n",
                   (l->left + l->width + 18) / w, (l->bottom + l->height - tall) / h, 12 / w, tall / h);
}

/* Lines between the cells, and a border around them. */
static void add_lines(hone__canvas *c, const hone_matrix *m)
{
    hone__str_addf(
        &c->script,
        "do for [i=1:%llu] { set arrow from i-0.5, graph 0 to i-0.5, graph 1 nohead front lc rgb 'white' lw 1 }\n"
        "do for [i=1:%llu] { set arrow from graph 0, first i-0.5 to graph 1, first i-0.5 nohead front lc rgb 'white' lw 1 }\n"
        "set object 1 rectangle from graph 0,0 to graph 1,1 fc rgb '#f7fbff' fs solid border lc rgb '#c9d1d9' behind\n",
        (unsigned long long)(m->n_columns - 1), (unsigned long long)(m->n_rows - 1));
}

/* Numbers on cells whose colour is dark (or light): `where` is a condition on column 4 of the data. */
static void add_numbers(hone__canvas *c, const hone_matrix *m, const layout *l, const char *where, const char *colour)
{
    if (!where) {
        c->script.failed = true;
        return;
    }
    const char *format = m->counts ? "%.0f" : "%.3g";
    hone__str_addf(
        &c->script,
        ", \\\n  '' using ((%s) ? $1 : 1/0):($2%s):(sprintf('%s', $3)) with labels center font \",%.1f\" tc rgb '%s'", where,
        l->both ? "-0.12" : "", format, l->cell_font, colour);
    if (l->both)
        hone__str_addf(
            &c->script,
            ", \\\n  '' using ((%s) ? $1 : 1/0):($2+0.18):(sprintf('%%.0f %%%%', $4)) with labels center font \",%.1f\" "
            "tc rgb '%s'",
            where, clamp(l->cell_font * 0.72, 8, 11), colour);
}

/* Where the palette is so dark that black letters are lost: a condition on column 4. NULL when memory is short. */
static const char *dark_cells(hone__canvas *c, const hone_matrix *m)
{
    range r = range_of(m);
    if (r.low < 0 && r.high > 0)
        return hone_sprintf(c->plots->arena, "abs($4) > %.10g", 0.7 * r.high);
    return hone_sprintf(c->plots->arena, "$4 > %.10g", r.low + 0.5 * (r.high - r.low));
}

static void add_plot(hone__canvas *c, const hone_matrix *m, const layout *l)
{
    bool sparse = m->n_rows * m->n_columns > 400; /* then empty cells are left to the background, and have no number */
    hone__str_addf(
        &c->script,
        "plot '%s.dat' using (%s$1):2:($1-0.5):($1+0.5):($2-0.5):($2+0.5):4 with boxxyerror fs solid noborder fc palette",
        c->stem, sparse && m->counts ? "$3 == 0 ? 1/0 : " : "");
    if (l->cell_font > 0) {
        const char *dark = dark_cells(c, m);
        if (!dark) {
            c->script.failed = true;
            return;
        }
        add_numbers(c, m, l, hone_sprintf(c->plots->arena, "%s!(%s)", m->counts ? "$3 > 0 && " : "", dark), "#1b2733");
        add_numbers(c, m, l, hone_sprintf(c->plots->arena, "%s(%s)", m->counts ? "$3 > 0 && " : "", dark), "white");
        if (m->counts && !sparse)
            add_numbers(c, m, l, "$3 == 0", "#a9b4bf");
    }
    hone__str_add(&c->script, "\n");
}

hone_status hone__plot_matrix(hone__plots *p, const hone_matrix *m, hone_error *err)
{
    hone__canvas c;
    if (m->n_rows == 0 || m->n_columns == 0)
        return HONE_OK;
    HONE_TRY(hone__canvas_begin(&c, p, m->name, m->title, err));
    layout l = layout_of(m);
    add_data(&c, m);
    add_frame(&c, m, &l);
    add_axes(&c, m, &l);
    add_colours(&c, m, &l);
    add_lines(&c, m);
    add_plot(&c, m, &l);
    return hone__canvas_save(&c, err);
}
