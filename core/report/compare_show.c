/* compare_show.c - a comparison as tables, sentences, a picture, and compare.md.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "report/compare.h"

#include "base/file.h"
#include "sweep/line.h"

#include <math.h>
#include <string.h>

enum { MOST_FIGURES = 6, MOST_CURVES = HONE__COLOURS };

static hone_status no_memory(hone_error *err)
{
    return hone_no_memory(err, "showing a comparison");
}

/* ---- Figures ----------------------------------------------------------------------------------------------------- */

static const hone__interval *figure_of(const hone__contender *c, const char *name)
{
    for (size_t i = 0; i < c->n_figures; i++)
        if (strcmp(c->figures[i].name, name) == 0)
            return &c->figures[i];
    return NULL;
}

static bool everyone_has(const hone__comparison *c, const char *name)
{
    for (size_t i = 0; i < c->n; i++)
        if (!figure_of(&c->contenders[i], name))
            return false;
    return true;
}

/* The ranking metric first, then what all have. */
static size_t choose_figures(const hone__comparison *c, const char *names[MOST_FIGURES])
{
    const hone__contender *best = &c->contenders[0];
    size_t n = 0;
    names[n++] = c->metric;
    for (size_t i = 0; i < best->n_figures && n < MOST_FIGURES; i++)
        if (strcmp(best->figures[i].name, c->metric) != 0 && everyone_has(c, best->figures[i].name))
            names[n++] = best->figures[i].name;
    return n;
}

static const char *interval_text(hone_arena *arena, const hone__interval *f)
{
    if (isnan(f->value))
        return "";
    if (isnan(f->low))
        return hone_sprintf(arena, "%.4f", f->value);
    return hone_sprintf(arena, "%.4f [%.4f, %.4f]", f->value, f->low, f->high);
}

static const char *mean_text(hone_arena *arena, const hone__contender *c)
{
    if (c->point->n_complete < 2)
        return "";
    return hone_sprintf(arena, "%.4f ± %.4f of %zu", c->point->value, c->point->deviation, c->point->n_complete);
}

hone_status hone__compare_figures(const hone__comparison *c, hone__sheet **sheet, hone_error *err)
{
    const char *names[MOST_FIGURES], *cells[MOST_FIGURES + 3];
    hone__column columns[MOST_FIGURES + 3];
    bool seeds = false;
    for (size_t i = 0; i < c->n; i++)
        seeds = seeds || c->contenders[i].point->n_complete > 1;
    const size_t n_figures = choose_figures(c, names);
    size_t n = 0;
    columns[n++] = (hone__column){"run", false};
    columns[n++] = (hone__column){"trial", true};
    for (size_t i = 0; i < n_figures; i++)
        columns[n++] = (hone__column){names[i] + strlen("validation/"), true};
    if (seeds)
        columns[n++] = (hone__column){"mean of seeds", true};
    *sheet = hone__sheet_create(c->arena, columns, n);
    if (!*sheet)
        return no_memory(err);
    for (size_t i = 0; i < c->n; i++) {
        const hone__contender *x = &c->contenders[i];
        size_t at = 0;
        cells[at++] = x->name;
        cells[at++] = hone_sprintf(c->arena, "%llu", (unsigned long long)x->trial->number);
        for (size_t k = 0; k < n_figures; k++)
            cells[at++] = interval_text(c->arena, figure_of(x, names[k]));
        if (seeds)
            cells[at++] = mean_text(c->arena, x);
        for (size_t k = 0; k < at; k++)
            if (!cells[k])
                return no_memory(err);
        HONE_TRY(hone__sheet_add(*sheet, cells, err));
    }
    return HONE_OK;
}

static void add_p(hone__str *out, double p)
{
    hone__str_addf(out, p < 0.001 ? "p < 0.001" : "p = %.3f", p);
}

hone_status hone__compare_sentence(const hone__comparison *c, const hone__paired *p, hone__str *out, hone_error *err)
{
    hone__str_addf(out, "%s against %s: %s %+.4f", c->contenders[0].name, p->other->name, c->metric, p->difference);
    if (p->why_not) {
        hone__str_addf(out, "; not tested, because %s", p->why_not);
    } else {
        hone__str_addf(out, " [%+.4f, %+.4f], ", p->low, p->high);
        add_p(out, p->p);
        hone__str_add(out, " (paired bootstrap)");
        if (p->has_mcnemar) {
            hone__str_addf(out, "; right where the other is wrong: %llu against %llu, ", (unsigned long long)p->only_best,
                           (unsigned long long)p->only_other);
            add_p(out, p->p_mcnemar);
            hone__str_add(out, " (McNemar)");
        }
    }
    return out->failed ? no_memory(err) : HONE_OK;
}

/* ---- Settings ---------------------------------------------------------------------------------------------------- */

/* A leaf of a tree of settings, or a list, by its dotted path. */
typedef struct leaf {
    const char *path;
    const hone__yaml *node;
} leaf;

typedef struct leaves {
    hone_arena *arena;
    leaf *all;
    size_t n, cap;
    bool failed;
} leaves;

static void add_leaf(leaves *l, const char *path, const hone__yaml *node)
{
    if (l->n == l->cap) {
        const size_t cap = l->cap ? 2 * l->cap : 128;
        leaf *more = hone_alloc_array(l->arena, cap, sizeof *more);
        if (!more) {
            l->failed = true;
            return;
        }
        if (l->n)
            memcpy(more, l->all, l->n * sizeof *more);
        l->all = more;
        l->cap = cap;
    }
    l->all[l->n++] = (leaf){path, node};
}

static void flatten(leaves *l, const char *path, const hone__yaml *node)
{
    for (const hone__yaml *child = node->child; child && !l->failed; child = child->next) {
        const char *name = *path ? hone_sprintf(l->arena, "%s.%s", path, child->key) : child->key;
        if (!name)
            l->failed = true;
        else if (child->type == HONE__YAML_MAP && child->n)
            flatten(l, name, child);
        else
            add_leaf(l, name, child);
    }
}

static const hone__yaml *find_leaf(const leaves *l, const char *path)
{
    for (size_t i = 0; i < l->n; i++)
        if (strcmp(l->all[i].path, path) == 0)
            return l->all[i].node;
    return NULL;
}

/* Where things lie, and how many threads there were, is no difference. */
static bool matters(const char *path)
{
    static const char *const places[] = {"name", "output_dir", "data_root", "model_root", "cache_dir", "trainer.threads", NULL};
    for (const char *const *p = places; *p; p++)
        if (strcmp(path, *p) == 0)
            return false;
    return strncmp(path, "launcher", 8) != 0;
}

static bool differs(const leaves *all, size_t n, const char *path)
{
    const hone__yaml *first = find_leaf(&all[0], path);
    for (size_t i = 1; i < n; i++) {
        const hone__yaml *other = find_leaf(&all[i], path);
        if (!first != !other || (first && !hone__yaml_equal(first, other)))
            return true;
    }
    return false;
}

static hone_status add_setting(const hone__comparison *c, const leaves *all, const char *path, hone__sheet *sheet,
                               const char **cells, hone_error *err)
{
    cells[0] = path;
    for (size_t i = 0; i < c->n; i++) {
        const hone__yaml *node = find_leaf(&all[i], path);
        hone__str s = {0};
        if (node)
            hone__yaml_line(node, &s);
        else
            hone__str_add(&s, "-");
        cells[i + 1] = s.failed ? NULL : hone_strdup(c->arena, hone__str_text(&s));
        hone__str_clear(&s);
        if (!cells[i + 1])
            return no_memory(err);
    }
    return hone__sheet_add(sheet, cells, err);
}

static bool seen_before(const leaves *all, size_t i, const char *path)
{
    for (size_t k = 0; k < i; k++)
        if (find_leaf(&all[k], path))
            return true;
    return false;
}

hone_status hone__compare_settings(const hone__comparison *c, hone__sheet **sheet, hone_error *err)
{
    leaves *all = hone_alloc_array(c->arena, c->n, sizeof *all);
    hone__column *columns = hone_alloc_array(c->arena, c->n + 1, sizeof *columns);
    const char **cells = hone_alloc_array(c->arena, c->n + 1, sizeof *cells);
    if (!all || !columns || !cells)
        return no_memory(err);
    columns[0] = (hone__column){"setting", false};
    for (size_t i = 0; i < c->n; i++) {
        columns[i + 1] = (hone__column){c->contenders[i].name, false};
        all[i].arena = c->arena;
        if (c->contenders[i].settings)
            flatten(&all[i], "", c->contenders[i].settings);
        if (all[i].failed)
            return no_memory(err);
    }
    *sheet = hone__sheet_create(c->arena, columns, c->n + 1);
    if (!*sheet)
        return no_memory(err);
    for (size_t i = 0; i < c->n; i++)
        for (size_t k = 0; k < all[i].n; k++) {
            const char *path = all[i].all[k].path;
            if (matters(path) && !seen_before(all, i, path) && differs(all, c->n, path))
                HONE_TRY(add_setting(c, all, path, *sheet, cells, err));
        }
    return HONE_OK;
}

/* ---- The picture ------------------------------------------------------------------------------------------------- */

/* Steps of different batch sizes are no common measure, epochs are. */
static double epochs_a_step(const hone__report_trial *t)
{
    return t->epochs > 0 && t->steps > 0 ? t->epochs / t->steps : 1;
}

static void add_series(hone__canvas *canvas, const hone__contender *x, const hone__series *s, size_t index)
{
    const double scale = epochs_a_step(x->trial);
    hone__str_addf(&canvas->data, "# %s: epoch, value\n", x->name);
    for (size_t i = 0; i < s->n; i++)
        hone__str_addf(&canvas->data, "%.10g\t%.10g\n", scale * s->step[i], s->value[i]);
    hone__str_add(&canvas->data, "\n\n");
    hone__str_addf(&canvas->script, "%s'%s.dat' index %zu using 1:2 with linespoints lc rgb '%s' lw 2 pt 7 ps 0.5 title ",
                   index ? ", \\\n  " : "plot ", canvas->stem, index, hone__colours[index % HONE__COLOURS]);
    hone__canvas_quote(canvas, x->name, 60, false);
}

static hone_status draw_curves(const hone__comparison *c, hone__canvas *canvas, const char *key, size_t *n, hone_error *err)
{
    hone__str_add(&canvas->script,
                  "set lmargin at screen 0.11\nset rmargin at screen 0.97\nset tmargin at screen 0.88\nset bmargin at "
                  "screen 0.26\nset key at screen 0.54,0.12 center top horizontal samplen 2 font \",11\"\n"
                  "set xrange [0:*] noextend\nset offsets 0, graph 0.02, graph 0.05, graph 0.05\n"
                  "set xlabel 'epoch' font \",12\"\nset ylabel ");
    hone__canvas_quote(canvas, key, 60, false);
    hone__str_add(&canvas->script, " font \",12\"\n");
    if (strcmp(key, "train/loss") == 0)
        hone__str_add(&canvas->script, "set yrange [0:*] noextend\n");
    for (size_t i = 0; i < c->n && *n < MOST_CURVES; i++) {
        hone__series s;
        HONE_TRY(hone__report_series(c->contenders[i].run, c->contenders[i].trial, key, &s, err));
        if (s.n)
            add_series(canvas, &c->contenders[i], &s, (*n)++);
    }
    hone__str_add(&canvas->script, "\n");
    return HONE_OK;
}

hone_status hone__compare_plot(const hone__comparison *c, hone__plots *plots, const char *key, hone_error *err)
{
    hone__canvas canvas;
    char title[160];
    size_t n = 0;
    snprintf(title, sizeof title, "%s of the best trial of each run", key);
    HONE_TRY(hone__canvas_begin(&canvas, plots, key, title, err));
    hone__canvas_size(&canvas, 720, 460);
    hone__canvas_style(&canvas);
    hone__str_add(&canvas.script, "set label 1 ");
    hone__canvas_quote(&canvas, title, 90, false);
    hone__str_add(&canvas.script, " at screen 0.02,0.95 left font \",15\"\n");
    const hone_status status = draw_curves(c, &canvas, key, &n, err);
    if (status == HONE_OK && n)
        return hone__canvas_save(&canvas, err);
    hone__canvas_drop(&canvas);
    return status;
}

/* ---- compare.md -------------------------------------------------------------------------------------------------- */

static hone_status add_tests(const hone__comparison *c, hone__doc *d, hone_error *err)
{
    hone__doc_section(d, "tests", "Is the best one better by more than chance?");
    for (size_t i = 0; i < c->n_pairs; i++) {
        hone__str s = {0};
        const hone_status status = hone__compare_sentence(c, &c->pairs[i], &s, err);
        hone__doc_item(d);
        hone__doc_text(d, "%s", hone__str_text(&s));
        hone__str_clear(&s);
        HONE_TRY(status);
    }
    hone__doc_note(d);
    hone__doc_text(
        d,
        "Intervals hold 95 %% of %llu draws of the validation examples with replacement; tests are two-sided and compare two "
        "trials on the same examples. They do not know what other seeds would give, and choosing the best of a sweep on "
        "these examples flatters it: data.test does not.",
        (unsigned long long)c->n_draws);
    return HONE_OK;
}

static hone_status build(const hone__comparison *c, hone__doc *d, const hone__plots *plots, hone_error *err)
{
    hone__sheet *figures, *settings;
    HONE_TRY(hone__compare_figures(c, &figures, err));
    HONE_TRY(hone__compare_settings(c, &settings, err));
    hone__doc_section(d, "figures", "Figures of the best trials");
    hone__doc_table(d, figures, 0, NULL);
    if (c->n_pairs)
        HONE_TRY(add_tests(c, d, err));
    hone__doc_section(d, "settings", "What differs");
    if (settings->n_rows == 0) {
        hone__doc_paragraph(d);
        hone__doc_text(d, "Nothing: the settings of these trials are the same.");
    }
    hone__doc_table(d, settings, 0, NULL);
    hone__doc_section(d, "curves", "Curves");
    for (size_t i = 0; i < plots->n; i++)
        hone__doc_picture(d, i);
    return d->failed ? no_memory(err) : HONE_OK;
}

hone_status hone__compare_write(const hone__comparison *c, const char *dir, hone_log *log, hone_error *err)
{
    hone__doc doc;
    hone__str text = {0};
    hone__plots plots = {.arena = c->arena, .dir = hone__path_join(c->arena, dir, "plots")};
    const char *path = hone__path_join(c->arena, dir, "compare.md");
    if (!plots.dir || !path)
        return no_memory(err);
    HONE_TRY(hone__make_dirs(plots.dir, err));
    HONE_TRY(hone__compare_plot(c, &plots, c->metric, err));
    HONE_TRY(hone__compare_plot(c, &plots, "train/loss", err));
    HONE_TRY(hone__plots_draw(&plots, log, err));
    hone__doc_init(&doc, c->arena, "Runs side by side");
    HONE_TRY(build(c, &doc, &plots, err));
    hone__doc_markdown(&doc, &plots, &text);
    const hone_status status = text.failed ? no_memory(err) : hone__write_file(path, text.data, text.n, err);
    hone__str_clear(&text);
    return status;
}
