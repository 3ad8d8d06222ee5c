/* leaderboard.c - the points of a run, best first.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "report/leaderboard.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Figures that stand beside the ranking one where a person reads. */
enum { MOST_FIGURES = 3 };

typedef struct board {
    const hone__report_run *run;
    bool full;
    const char **figures; /* names, the ranking metric left out */
    size_t n_figures;
    hone__column *columns;
    const char **cells;
    size_t n, at;
} board;

static const char *number(const board *b, double x)
{
    if (isnan(x))
        return "";
    return hone_sprintf(b->run->arena, b->full ? "%.9g" : fabs(x) >= 1000 ? "%.0f" : "%.4f", x);
}

const char *hone__short_name(const hone__report_run *run, size_t c)
{
    const char *dot = strrchr(run->columns[c], '.'), *name = dot ? dot + 1 : run->columns[c];
    for (size_t i = 0; i < run->n_columns; i++) {
        const char *other = strrchr(run->columns[i], '.');
        other = other ? other + 1 : run->columns[i];
        if (i != c && strcmp(other, name) == 0)
            return run->columns[c];
    }
    return name;
}

/* The bytes of X in "{type: X, ...}"; 0 where it is no section. */
static size_t type_bytes(const char *text)
{
    return text && strncmp(text, "{type: ", 7) == 0 ? strcspn(text + 7, ",}") : 0;
}

/* The end of a setting of a section that begins here: a comma or the section's brace, those of inner ones passed over. */
static const char *end_of_setting(const char *at)
{
    int depth = 0;
    for (; *at && (depth > 0 || (*at != ',' && *at != '}')); at++)
        depth += (*at == '{' || *at == '[') - (*at == '}' || *at == ']');
    return at;
}

static bool has_setting(const char *section, const char *setting, size_t n)
{
    for (const char *at = section + 1; *at;) {
        const char *end = end_of_setting(at);
        if ((size_t)(end - at) == n && strncmp(at, setting, n) == 0)
            return true;
        at = *end == ',' ? end + 2 : "";
    }
    return false;
}

/* Another choice of the column that has the same type. */
static bool is_sibling(const char *text, size_t n, const char *other)
{
    return other && strcmp(other, text) != 0 && type_bytes(other) == n && strncmp(other + 7, text + 7, n) == 0;
}

/* Its type, and those of its settings that not all sections of that type in this column have. */
static const char *short_section(const hone__report_run *run, const char *text, size_t n, size_t c)
{
    hone__str out = {0};
    hone__str_addn(&out, text + 7, n);
    for (const char *at = text + 7 + n; *at == ',';) {
        const char *setting = at + 2, *end = end_of_setting(setting);
        const size_t bytes = (size_t)(end - setting);
        bool shared = true;
        for (size_t i = 0; i < run->n_trials && shared; i++)
            shared = !is_sibling(text, n, run->trials[i].params[c]) || has_setting(run->trials[i].params[c], setting, bytes);
        if (!shared) {
            hone__str_add(&out, ", ");
            hone__str_addn(&out, setting, bytes);
        }
        at = end;
    }
    const char *copy = out.failed ? NULL : hone_strdup(run->arena, hone__str_text(&out));
    hone__str_clear(&out);
    return copy;
}

const char *hone__short_value(const hone__report_run *run, const char *text, size_t c)
{
    const size_t n = type_bytes(text);
    if (n)
        return short_section(run, text, n, c);
    if (!text)
        return "-";
    /* Drawn reals have up to 17 digits, of which four tell trials apart; integers and words stay as they are. */
    char *end;
    double x = strtod(text, &end);
    return *text && !*end && strpbrk(text, ".eE") ? hone_sprintf(run->arena, "%.4g", x) : text;
}

static const hone__figure *figure(const hone__report_trial *t, const char *name)
{
    for (size_t i = 0; i < t->n_figures; i++)
        if (strcmp(t->figures[i].name, name) == 0)
            return &t->figures[i];
    return NULL;
}

static const char validation[] = "validation/";

static bool is_validation(const char *name)
{
    return strncmp(name, validation, strlen(validation)) == 0;
}

/* Where a person reads, all figures are of the validation data, and need not say so each. */
static const char *figure_title(const board *b, const char *name)
{
    return !b->full && is_validation(name) ? name + strlen(validation) : name;
}

/* The figures of the best trial: all trials of a run have the same metrics. */
static hone_status collect_figures(board *b, hone_error *err)
{
    const hone__report_trial *best = hone__report_best(b->run);
    size_t n = best ? best->n_figures : 0;
    b->figures = hone_alloc_array(b->run->arena, n, sizeof *b->figures);
    if (!b->figures)
        return hone_no_memory(err, "making a leaderboard");
    for (size_t i = 0; i < n; i++)
        if (strcmp(best->figures[i].name, b->run->metric) != 0 &&
            (b->full || (b->n_figures < MOST_FIGURES && is_validation(best->figures[i].name))))
            b->figures[b->n_figures++] = best->figures[i].name;
    return HONE_OK;
}

static void title(board *b, const char *text, bool right)
{
    b->columns[b->n++] = (hone__column){text, right};
}

/* Numbers stand to the right, words to the left. */
static bool is_numeric(const hone__report_run *run, size_t c)
{
    for (size_t i = 0; i < run->n_trials; i++) {
        const char *text = run->trials[i].params[c];
        if (text && text[strspn(text, "0123456789.eE+-")])
            return false;
    }
    return true;
}

static bool has_intervals(const hone__report_run *run)
{
    for (size_t i = 0; i < run->n_ranked; i++)
        if (!isnan(run->points[run->ranking[i]].low))
            return true;
    return false;
}

static void put(board *b, const char *text)
{
    b->cells[b->at++] = text;
}

static void put_interval(board *b, const hone__report_point *p)
{
    const bool known = p && !isnan(p->low);
    if (!has_intervals(b->run))
        return;
    if (b->full) {
        put(b, number(b, p ? p->low : NAN));
        put(b, number(b, p ? p->high : NAN));
    } else {
        put(b, known ? hone_sprintf(b->run->arena, "%.4f to %.4f", p->low, p->high) : "");
    }
}

static void add_titles(board *b)
{
    const hone__report_run *run = b->run;
    title(b, "rank", true);
    title(b, "trial", true);
    if (b->full)
        title(b, "state", false);
    if (b->full && run->n_seeds > 1)
        title(b, "point", true);
    if (run->n_seeds > 1)
        title(b, b->full ? "seed" : "seeds", true);
    title(b, figure_title(b, run->metric), true);
    if (run->n_seeds > 1)
        title(b, "sd", true);
    if (has_intervals(run)) {
        title(b, b->full ? "low_95" : "95 % interval", true);
        if (b->full)
            title(b, "high_95", true);
    }
    for (size_t i = 0; i < b->n_figures; i++)
        title(b, figure_title(b, b->figures[i]), true);
    for (size_t c = 0; c < run->n_columns; c++)
        title(b, b->full ? run->columns[c] : hone__short_name(run, c), is_numeric(run, c));
    title(b, b->full ? "tokens_per_s" : "tokens/s", true);
    title(b, b->full ? "seconds" : "time (s)", true);
    if (b->full)
        title(b, "cause", false);
}

/* The mean over the complete trials of a point. */
static double mean_figure(const board *b, const hone__report_point *p, const char *name)
{
    double sum = 0;
    size_t n = 0;
    for (size_t k = 0; k < p->n_trials; k++) {
        const hone__report_trial *t = &b->run->trials[p->trials[k]];
        const hone__figure *f = t->state == HONE__TRIAL_COMPLETE ? figure(t, name) : NULL;
        sum += f && !isnan(f->value) ? f->value : 0;
        n += f && !isnan(f->value);
    }
    return n ? sum / (double)n : NAN;
}

/* A row of a point, whose figures are means, and which the trial `t` stands for; or, without `p`, of the trial alone. */
static void put_values(board *b, const hone__report_point *p, const hone__report_trial *t)
{
    hone_arena *arena = b->run->arena;
    if (b->full)
        put(b, hone__trial_state_name(t->state));
    if (b->full && b->run->n_seeds > 1)
        put(b, hone_sprintf(arena, "%llu", (unsigned long long)t->point));
    if (b->run->n_seeds > 1)
        put(b, p ? hone_sprintf(arena, b->full ? "mean of %zu" : "%zu", p->n_complete)
                 : hone_sprintf(arena, "%lld", (long long)t->seed));
    put(b, number(b, p ? p->value : t->value));
    if (b->run->n_seeds > 1)
        put(b, number(b, p ? p->deviation : NAN));
    put_interval(b, p);
    for (size_t i = 0; i < b->n_figures; i++) {
        const hone__figure *f = p ? NULL : figure(t, b->figures[i]);
        put(b, number(b, p ? mean_figure(b, p, b->figures[i]) : f ? f->value : NAN));
    }
}

static hone_status add_row(board *b, hone__sheet *sheet, const hone__report_point *p, const hone__report_trial *t, size_t rank,
                           hone_error *err)
{
    hone_arena *arena = b->run->arena;
    b->at = 0;
    put(b, rank ? hone_sprintf(arena, "%zu", rank) : "");
    put(b, hone_sprintf(arena, "%llu", (unsigned long long)t->number));
    put_values(b, p, t);
    for (size_t c = 0; c < b->run->n_columns; c++)
        put(b, b->full ? t->params[c] ? t->params[c] : "" : hone__short_value(b->run, t->params[c], c));
    put(b, isnan(t->tokens_per_s) ? "" : hone_sprintf(arena, "%.0f", t->tokens_per_s));
    put(b, isnan(t->seconds) ? "" : hone_sprintf(arena, "%.1f", t->seconds));
    if (b->full)
        put(b, t->cause);
    for (size_t i = 0; i < b->n; i++)
        if (!b->cells[i])
            return hone_no_memory(err, "making a leaderboard");
    return hone__sheet_add(sheet, b->cells, err);
}

static bool has_row(const hone__report_run *run, const hone__report_trial *t)
{
    return run->n_seeds == 1 && t->state == HONE__TRIAL_COMPLETE && !isnan(t->value);
}

/* Points first; in full, then every trial that is not all of a point. */
static hone_status add_rows(board *b, hone__sheet *sheet, hone_error *err)
{
    const hone__report_run *run = b->run;
    for (size_t i = 0; i < run->n_ranked; i++)
        HONE_TRY(add_row(b, sheet, &run->points[run->ranking[i]], hone__report_ranked(run, i), i + 1, err));
    for (size_t i = 0; b->full && i < run->n_trials; i++)
        if (!has_row(run, &run->trials[i]))
            HONE_TRY(add_row(b, sheet, NULL, &run->trials[i], 0, err));
    return HONE_OK;
}

hone_status hone__leaderboard(const hone__report_run *run, hone__board which, hone__sheet **sheet, hone_error *err)
{
    board b = {.run = run, .full = which == HONE__BOARD_FULL};
    HONE_TRY(collect_figures(&b, err));
    size_t most = 12 + b.n_figures + run->n_columns;
    b.columns = hone_alloc_array(run->arena, most, sizeof *b.columns);
    b.cells = hone_alloc_array(run->arena, most, sizeof *b.cells);
    if (!b.columns || !b.cells)
        return hone_no_memory(err, "making a leaderboard");
    add_titles(&b);
    *sheet = hone__sheet_create(run->arena, b.columns, b.n);
    if (!*sheet)
        return hone_no_memory(err, "making a leaderboard");
    return add_rows(&b, *sheet, err);
}

const char *hone__leaderboard_notes(const hone__report_run *run)
{
    const hone__report_trial *best = hone__report_best(run);
    const char *notes = "";
    for (size_t i = 0; best && notes && i < best->n_figures; i++) {
        const hone__figure *f = &best->figures[i];
        if (!f->note || !f->note[0] || strncmp(f->name, validation, sizeof validation - 1) != 0)
            continue;
        notes = hone_sprintf(run->arena, "%s%s%s: %s", notes, notes[0] ? "; " : "", f->name + sizeof validation - 1, f->note);
    }
    return notes;
}
