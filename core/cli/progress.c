/* progress.c - what a person sees while a sweep runs.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/progress.h"

#include "base/str.h"
#include "report/sheet.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { BAR = 20, MOST_LINES = 16 };

void hone__display_init(hone__display *d, FILE *stream, bool json, bool quiet, const hone__experiment *e)
{
    const char *terminal = getenv("TERM");
    bool able = isatty(fileno(stream)) && terminal && strcmp(terminal, "dumb") != 0;
    *d = (hone__display){.stream = stream,
                         .live = able && !json && !quiet,
                         .json = json,
                         .quiet = quiet,
                         .metric = hone__sweep_metric(e),
                         .epochs = e->trainer.max_steps > 0 ? 0 : e->trainer.num_train_epochs};
}

static size_t columns_of(const hone__display *d)
{
    struct winsize w;
    return ioctl(fileno(d->stream), TIOCGWINSZ, &w) == 0 && w.ws_col > 20 ? w.ws_col : 100;
}

/* ---- The live block ---------------------------------------------------------------------------------------------- */

static void wipe(hone__display *d)
{
    for (; d->lines; d->lines--)
        fputs("\033[1A\033[2K", d->stream);
}

static void put_line(hone__display *d, const hone__str *line)
{
    char fit[1024];
    fprintf(d->stream, "%s\n", hone__text_fit(hone__str_text(line), columns_of(d) - 1, fit, sizeof fit));
    d->lines++;
}

static void add_time(hone__str *s, double seconds)
{
    char text[32];
    hone__str_add(s, hone__seconds_text(seconds, text, sizeof text));
}

/* How much of its training a trial has done: 0 to 1, NaN where it cannot be told. */
static double share_done(const hone__display *d, const hone__watch *w)
{
    if (w->total_steps > 0)
        return (double)w->step / (double)w->total_steps;
    return d->epochs > 0 && !isnan(w->epoch) ? fmin(1, w->epoch / (double)d->epochs) : NAN;
}

static void add_bar(hone__str *s, double share)
{
    int full = (int)lround(share * BAR);
    hone__str_add(s, "[");
    for (int i = 0; i < BAR; i++)
        hone__str_add(s, i < full ? "=" : " ");
    hone__str_addf(s, "] %3.0f %%", 100 * share);
}

static void show_trial(hone__display *d, const hone__trial_view *t)
{
    hone__str s = {0};
    const hone__watch *w = t->now;
    double share = share_done(d, w);
    hone__str_addf(&s, "trial %-4llu ", (unsigned long long)t->number);
    if (w->step == 0)
        hone__str_add(&s, "loading");
    else if (!isnan(share))
        add_bar(&s, share);
    else
        hone__str_addf(&s, "step %lld", (long long)w->step);
    if (!isnan(w->loss))
        hone__str_addf(&s, "  loss %.4f", w->loss);
    if (!isnan(w->metric))
        hone__str_addf(&s, "  %s %.4f", d->metric, w->metric);
    if (w->step > 0 && t->seconds > 0)
        hone__str_addf(&s, "  %.1f steps/s", (double)w->step / t->seconds);
    if (share > 0 && share < 1) {
        hone__str_add(&s, "  ");
        add_time(&s, t->seconds * (1 - share) / share);
        hone__str_add(&s, " left");
    }
    hone__str_addf(&s, "  %s", t->label);
    put_line(d, &s);
    hone__str_clear(&s);
}

static void show_total(hone__display *d, const hone__sweep_view *v)
{
    hone__str s = {0};
    uint64_t ended = v->complete + v->failed + v->pruned;
    if (v->total)
        hone__str_addf(&s, "%llu of %llu trials done", (unsigned long long)ended, (unsigned long long)v->total);
    else
        hone__str_addf(&s, "%llu trials done", (unsigned long long)ended);
    if (v->pruned)
        hone__str_addf(&s, ", %llu ended early", (unsigned long long)v->pruned);
    if (v->failed)
        hone__str_addf(&s, ", %llu failed", (unsigned long long)v->failed);
    if (v->best >= 0)
        hone__str_addf(&s, "; best: trial %lld, %s %.4f", (long long)v->best, d->metric ? d->metric : "value", v->best_value);
    if (v->best >= 0 && v->n_seeds > 1)
        hone__str_addf(&s, " (mean of %zu seeds)", v->n_seeds);
    put_line(d, &s);
    hone__str_clear(&s);
}

static void show_all(hone__display *d, const hone__sweep_view *v)
{
    wipe(d);
    for (size_t i = 0; i < v->n_running && i < MOST_LINES; i++)
        show_trial(d, &v->running[i]);
    if (v->total != 1 && v->n_running)
        show_total(d, v);
    fflush(d->stream);
}

/* ---- Lines that stay --------------------------------------------------------------------------------------------- */

static void say_started(hone__display *d, const hone__trial_view *t)
{
    fprintf(d->stream, "trial %llu started%s%s\n", (unsigned long long)t->number, t->label[0] ? ": " : "", t->label);
}

static void say_ended(hone__display *d, const hone__trial_view *t)
{
    fprintf(d->stream, "trial %llu ", (unsigned long long)t->number);
    if (t->reuses >= 0)
        fprintf(d->stream, "is trial %lld again: %s %.4f", (long long)t->reuses, d->metric ? d->metric : "value", t->value);
    else if (t->state == HONE__TRIAL_COMPLETE)
        fprintf(d->stream, "complete: %s %.4f", d->metric ? d->metric : "value", t->value);
    else if (t->state == HONE__TRIAL_PRUNED)
        fprintf(d->stream, "%s: %s %.4f", t->cause, d->metric ? d->metric : "value", t->value);
    else
        fprintf(d->stream, "%s: %s", t->state == HONE__TRIAL_FAILED ? "FAILED" : "not finished", t->cause);
    fprintf(d->stream, " (%.1f s)%s%s\n", t->seconds, t->label[0] ? "  " : "", t->label);
}

static void say_json(hone__display *d, const char *event, const hone__trial_view *t)
{
    hone__str s = {0};
    hone__str_addf(&s, "{\"event\": \"%s\"", event);
    if (t) {
        hone__str_addf(&s, ", \"trial\": %llu, \"label\": ", (unsigned long long)t->number);
        hone__str_add_json(&s, t->label);
        hone__str_addf(&s, ", \"state\": \"%s\", \"seconds\": ", hone__trial_state_name(t->state));
        hone__str_add_real(&s, t->seconds);
        if (isfinite(t->value)) {
            hone__str_add(&s, ", \"value\": ");
            hone__str_add_real(&s, t->value);
        }
        if (t->reuses >= 0)
            hone__str_addf(&s, ", \"reuses\": %lld", (long long)t->reuses);
        hone__str_add(&s, ", \"cause\": ");
        hone__str_add_json(&s, t->cause);
    }
    fprintf(d->stream, "%s}\n", hone__str_text(&s));
    hone__str_clear(&s);
}

static void say(hone__display *d, hone__sweep_news news, const hone__trial_view *t)
{
    bool bad = news == HONE__NEWS_ENDED && t->state != HONE__TRIAL_COMPLETE && t->state != HONE__TRIAL_PRUNED;
    if (d->quiet && !bad)
        return;
    if (news == HONE__NEWS_STARTED && !d->live) /* live, it has a line of its own already */
        say_started(d, t);
    else if (news == HONE__NEWS_ENDED)
        say_ended(d, t);
    else if (news == HONE__NEWS_STOPPING)
        fputs("stopping: running trials leave a checkpoint and end (once more: they are ended at once)\n", d->stream);
}

void hone__display_news(void *ctx, hone__sweep_news news, const hone__sweep_view *view, const hone__trial_view *trial)
{
    static const char *const events[] = {NULL, "started", "ended", "stopping"};
    hone__display *d = ctx;
    if (d->json) {
        if (events[news])
            say_json(d, events[news], trial);
    } else {
        if (news != HONE__NEWS_TICK && d->live)
            wipe(d);
        say(d, news, trial);
        if (d->live)
            show_all(d, view);
    }
    fflush(d->stream);
}
