/* plot.h - pictures: for each a gnuplot script, its data and the SVG that the script draws.
 *
 * A script runs by itself (`gnuplot confusion.gp` in plots/ makes confusion.svg again). Texts out of data are never interpreted:
 * they stand in single quotes, and enhanced text is off. Sizes in the scripts are pixels, worked out here so that no labels overlap.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_REPORT_PLOT_H
#define HONE_CORE_REPORT_PLOT_H

#include "report/findings.h"
#include "report/run.h"

typedef struct hone__plot {
    const char *stem, *title; /* plots/STEM.gp, .dat, .svg */
    double width, height;     /* pixels */
    bool drawn;               /* the SVG is there */
} hone__plot;

typedef struct hone__plots {
    hone_arena *arena;
    const char *dir; /* plots/ of the run */
    hone__plot *all;
    size_t n, cap;
    bool no_gnuplot;
    const char *also; /* "png" or "pdf": drawn beside the SVG; NULL: not */
} hone__plots;

/* Each writes script and data; a picture without data is left out. */
hone_status hone__plot_matrix(hone__plots *p, const hone_matrix *matrix, hone_error *err) HONE_CHECKED;
/* All curves of the exhibits that have this name, in one picture. */
hone_status hone__plot_curves(hone__plots *p, const hone_exhibits *x, const char *name, hone_error *err) HONE_CHECKED;
/* Share right against probability, and how many predictions there are of each. */
hone_status hone__plot_reliability(hone__plots *p, const hone__calibration *calibration, const char *name, const char *title,
                                   hone_error *err) HONE_CHECKED;
/* A small picture of each label, in rows. */
hone_status hone__plot_thresholds(hone__plots *p, const hone__threshold_panel *panels, size_t n, const char *name,
                                  const char *title, hone_error *err) HONE_CHECKED;
/* Training loss and ranking metric over the steps, the best trial before all others. */
hone_status hone__plot_learning(hone__plots *p, const hone__report_run *run, hone_error *err) HONE_CHECKED;

/* Runs gnuplot on what was written. Where it is not installed, no_gnuplot is set and scripts and data stay; a script that fails is a
 * warning. */
hone_status hone__plots_draw(hone__plots *p, hone_log *log, hone_error *err) HONE_CHECKED;

/* ---- For the files of this module -------------------------------------------------------------------------------- */

/* A script and its data while they are written. */
typedef struct hone__canvas {
    hone__plots *plots;
    const char *stem, *title;
    hone__str script, data;
    double width, height;
} hone__canvas;

/* Okabe and Ito's colours (Color Universal Design), told apart with every kind of colour blindness; a grey instead of their yellow, which
 * is lost on white. */
#define HONE__COLOURS 8
extern const char *const hone__colours[HONE__COLOURS];
#define HONE__BEST_COLOUR "#0072b2"
#define HONE__OTHER_COLOUR "#b8bec6"

/* Pictures up to this width stand side by side on a wide page. */
#define HONE__SMALL_PICTURE 520

/* Takes a stem that no other picture has, made of `name`; begins the script with terminal and output. */
hone_status hone__canvas_begin(hone__canvas *c, hone__plots *p, const char *name, const char *title,
                               hone_error *err) HONE_CHECKED;
void hone__canvas_size(hone__canvas *c, double width, double height);
/* 'text' as gnuplot reads it, at most `width` columns (0: any); `tic`: as the label of a tic, where % begins a format. */
void hone__canvas_quote(hone__canvas *c, const char *text, size_t width, bool tic);
hone_status hone__canvas_save(hone__canvas *c, hone_error *err) HONE_CHECKED; /* frees c's strings in any case */
void hone__canvas_drop(hone__canvas *c);
/* The frame that line pictures share: two axes, a light grid. */
void hone__canvas_style(hone__canvas *c);
/* A picture of that size in pixels, with that style: the title at the top left, the key in the lowest line, margins as given. An x axis
 * with tics and label takes 50 pixels at the bottom, the key 28 more. */
void hone__canvas_frame(hone__canvas *c, double width, double height, double left, double bottom);
void hone__canvas_label(hone__canvas *c, const char *axis, const char *text); /* axis: "x"; with its unit */

#endif
