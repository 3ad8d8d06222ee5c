/* plot.c - what all pictures share: file names, quoting, the look, and running gnuplot.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "report/plot.h"

#include "base/file.h"
#include "report/sheet.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

const char *const hone__colours[HONE__COLOURS] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                                  "#e69f00", "#56b4e9", "#000000", "#999999"};

/* ---- Names ------------------------------------------------------------------------------------------------------- */

static bool is_taken(const hone__plots *p, const char *stem)
{
    for (size_t i = 0; i < p->n; i++)
        if (strcmp(p->all[i].stem, stem) == 0)
            return true;
    return false;
}

/* Lower-case letters, digits and underscores, so that a name cannot lead out of the folder. */
static char *stem_of(hone__plots *p, const char *name)
{
    char slug[64];
    size_t n = 0;
    for (; *name && n + 1 < sizeof slug; name++)
        slug[n++] = isalnum((unsigned char)*name) ? (char)tolower((unsigned char)*name) : '_';
    slug[n] = 0;
    char *stem = hone_sprintf(p->arena, "%s", n ? slug : "plot");
    for (int k = 2; stem && is_taken(p, stem); k++)
        stem = hone_sprintf(p->arena, "%s_%d", n ? slug : "plot", k);
    return stem;
}

static hone_status remember(const hone__canvas *c, hone_error *err)
{
    hone__plots *p = c->plots;
    if (p->n == p->cap) {
        size_t cap = p->cap ? 2 * p->cap : 8;
        hone__plot *more = hone_alloc_array(p->arena, cap, sizeof *more);
        if (!more)
            return hone_no_memory(err, "drawing a picture");
        if (p->n)
            memcpy(more, p->all, p->n * sizeof *more);
        p->all = more;
        p->cap = cap;
    }
    p->all[p->n++] = (hone__plot){.stem = c->stem, .title = c->title, .width = c->width, .height = c->height};
    return HONE_OK;
}

/* ---- Canvas ------------------------------------------------------------------------------------------------------ */

hone_status hone__canvas_begin(hone__canvas *c, hone__plots *p, const char *name, const char *title, hone_error *err)
{
    *c = (hone__canvas){.plots = p, .stem = stem_of(p, name), .title = hone_strdup(p->arena, title)};
    if (!c->stem || !c->title)
        return hone_no_memory(err, "drawing a picture");
    hone__str_addf(&c->script,
                   "# Draws %s.svg from %s.dat: gnuplot %s.gp; another format: gnuplot -e 'format=\"png\"' %s.gp\nreset\nset "
                   "encoding utf8\n",
                   c->stem, c->stem, c->stem, c->stem);
    hone__str_add(&c->script, "set datafile separator \"\\t\"\n");
    return HONE_OK;
}

void hone__canvas_size(hone__canvas *c, double width, double height)
{
    c->width = width;
    c->height = height;
    /* A PNG has twice the pixels, a PDF 96 of them an inch, so that letters keep their share of the picture in all three. */
    hone__str_addf(
        &c->script,
        "if (!exists(\"format\")) format = \"svg\"\n"
        "if (format eq \"svg\") set terminal svg size %.0f,%.0f dynamic noenhanced font \"Helvetica,12\" background rgb "
        "\"white\"\n"
        "if (format eq \"png\") set terminal pngcairo size %.0f,%.0f fontscale 2 linewidth 2 pointscale 2 noenhanced font "
        "\"Helvetica,9\" background rgb \"white\"\n"
        "if (format eq \"pdf\") set terminal pdfcairo size %.3fin,%.3fin noenhanced font \"Helvetica,9\" background rgb "
        "\"white\"\n"
        "set output \"%s.\".format\n",
        width, height, 2 * width, 2 * height, width / 96, height / 96, c->stem);
}

void hone__canvas_quote(hone__canvas *c, const char *text, size_t width, bool tic)
{
    char fit[512];
    hone__str_add(&c->script, "'");
    for (const char *p = hone__text_fit(text, width ? width : 400, fit, sizeof fit); *p; p++) {
        hone__str_addn(&c->script, p, 1);
        if (*p == '\'' || (tic && *p == '%'))
            hone__str_addn(&c->script, p, 1);
    }
    hone__str_add(&c->script, "'");
}

void hone__canvas_style(hone__canvas *c)
{
    hone__str_add(&c->script, "set border 3 lc rgb \"#5b6570\"\n"
                              "set tics nomirror out scale 0.6 textcolor rgb \"#303840\"\n"
                              "set grid lc rgb \"#e6e9ed\" lw 1 lt 1\n"
                              "set key noenhanced\n");
}

void hone__canvas_frame(hone__canvas *c, double width, double height, double left, double bottom)
{
    const double right = 24, top = 46;
    hone__canvas_size(c, width, height);
    hone__canvas_style(c);
    hone__str_add(&c->script, "set label 1 ");
    hone__canvas_quote(c, c->title, (size_t)((width - 24) / 7.6), false);
    hone__str_addf(&c->script, " at screen %.4f,%.4f left font \",15\"\n", 16 / width, 1 - 22 / height);
    hone__str_addf(&c->script, "set lmargin at screen %.4f\nset rmargin at screen %.4f\n", left / width, 1 - right / width);
    hone__str_addf(&c->script, "set tmargin at screen %.4f\nset bmargin at screen %.4f\n", 1 - top / height, bottom / height);
    hone__str_addf(&c->script, "set key at screen %.4f,%.4f center bottom horizontal samplen 1.5 font \",11\"\n",
                   ((left + width - right) / 2) / width, 6 / height);
}

void hone__canvas_label(hone__canvas *c, const char *axis, const char *text)
{
    hone__str_addf(&c->script, "set %slabel ", axis);
    hone__canvas_quote(c, text, 60, false);
    hone__str_add(&c->script, " font \",12\"\n");
}

void hone__canvas_drop(hone__canvas *c)
{
    hone__str_clear(&c->script);
    hone__str_clear(&c->data);
}

static hone_status save_part(const hone__canvas *c, const char *suffix, const hone__str *text, hone_error *err)
{
    const char *path = hone_sprintf(c->plots->arena, "%s/%s.%s", c->plots->dir, c->stem, suffix);
    if (!path || text->failed)
        return hone_no_memory(err, "drawing a picture");
    return hone__write_file(path, hone__str_text(text), text->n, err);
}

hone_status hone__canvas_save(hone__canvas *c, hone_error *err)
{
    hone_status status = save_part(c, "dat", &c->data, err);
    if (status == HONE_OK)
        status = save_part(c, "gp", &c->script, err);
    if (status == HONE_OK)
        status = remember(c, err);
    hone__canvas_drop(c);
    return status;
}

/* ---- gnuplot ----------------------------------------------------------------------------------------------------- */

extern char **environ;

/* The script's folder is gnuplot's working directory, as it will be for who runs it by hand. */
static int spawn_gnuplot(const char *dir, const char *settings, const char *script, pid_t *pid)
{
    char name[] = "gnuplot";
    char option[] = "-e";
    char *argv[] = {name, option, (char *)(uintptr_t)settings, (char *)(uintptr_t)script, NULL};
    posix_spawn_file_actions_t actions;
    int failed = posix_spawn_file_actions_init(&actions);
    if (failed)
        return failed;
    failed = posix_spawn_file_actions_addchdir_np(&actions, dir);
    for (int fd = 0; fd < 3 && !failed; fd++)
        failed = posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
    if (!failed)
        failed = posix_spawnp(pid, name, &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    return failed;
}

static int wait_for(pid_t pid)
{
    int status;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return status;
}

static hone_status draw(hone__plots *p, hone__plot *plot, const char *format, hone_log *log, hone_error *err)
{
    pid_t pid;
    const char *settings = hone_sprintf(p->arena, "format=\"%s\"", format);
    const char *script = hone_sprintf(p->arena, "%s.gp", plot->stem);
    if (!script || !settings)
        return hone_no_memory(err, "drawing a picture");
    int failed = spawn_gnuplot(p->dir, settings, script, &pid);
    if (failed == ENOMEM)
        return hone_no_memory(err, "starting gnuplot");
    p->no_gnuplot = failed != 0;
    if (failed)
        return HONE_OK;
    const bool drawn = wait_for(pid) == 0;
    if (strcmp(format, "svg") == 0)
        plot->drawn = drawn;
    if (!drawn)
        hone_log_line(log, HONE_LOG_WARNING, "gnuplot could not draw %s/%s as %s; run it there to see why", p->dir, script,
                      format);
    return HONE_OK;
}

hone_status hone__plots_draw(hone__plots *p, hone_log *log, hone_error *err)
{
    for (size_t i = 0; i < p->n && !p->no_gnuplot; i++)
        HONE_TRY(draw(p, &p->all[i], "svg", log, err));
    for (size_t i = 0; i < p->n && !p->no_gnuplot && p->also; i++)
        HONE_TRY(draw(p, &p->all[i], p->also, log, err));
    if (p->no_gnuplot)
        hone_log_line(log, HONE_LOG_WARNING,
                      "no pictures were drawn, because gnuplot is not installed; scripts and data are in %s, and `hone report` "
                      "draws them once it is",
                      p->dir);
    return HONE_OK;
}
