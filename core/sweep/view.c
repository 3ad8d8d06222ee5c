/* view.c - what a person sees of a sweep while it runs.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/str.h"
#include "sweep/line.h"
#include "sweep/supervisor_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Labels ------------------------------------------------------------------------------------------------------ */

/* A whole section goes by its type, if no other choice has the same one. */
static const hone__yaml *short_value(const hone__sweep_dimension *d, const hone__yaml *value)
{
    const hone__yaml *type = value->type == HONE__YAML_MAP ? hone__yaml_get(value, "type") : NULL;
    for (uint32_t i = 0; type && d->values && i < d->dimension.n_choices; i++) {
        const hone__yaml *other = d->values[i]->type == HONE__YAML_MAP ? hone__yaml_get(d->values[i], "type") : NULL;
        if (other && hone__yaml_equal(other, type) && !hone__yaml_equal(d->values[i], value))
            return value;
    }
    return type ? type : value;
}

/* The last part of each path is enough on a line that is read while waiting. */
char *hone__trial_label(const hone__supervisor *s, const hone__yaml *const *values, size_t seed)
{
    hone__str line = {0};
    for (size_t i = 0; values && i < s->points->space.n; i++) {
        const char *path = s->sweep->dimensions[i].path, *dot = strrchr(path, '.');
        if (!values[i])
            continue;
        const char *name = hone__sweep_choice_name(&s->sweep->dimensions[i], values[i]);
        hone__str_addf(&line, "%s%s=%s", line.n ? " " : "", dot ? dot + 1 : path, name ? name : "");
        if (!name)
            hone__yaml_line(short_value(&s->sweep->dimensions[i], values[i]), &line);
    }
    if (s->points->n_seeds > 1)
        hone__str_addf(&line, "%sseed=%lld", line.n ? " " : "", (long long)s->points->seeds[seed]);
    hone__str_add(&line, "");
    char *label = line.failed ? NULL : hone__malloc(line.n + 1);
    if (label)
        strcpy(label, hone__str_text(&line));
    hone__str_clear(&line);
    return label;
}

/* ---- Telling ----------------------------------------------------------------------------------------------------- */

hone__trial_view hone__view_of(const hone__slot *t)
{
    return (hone__trial_view){.number = t->trial,
                              .label = t->label,
                              .state = HONE__TRIAL_RUNNING,
                              .seconds = t->job.seconds,
                              .now = &t->watch,
                              .cause = "",
                              .value = NAN,
                              .reuses = t->reuses};
}

static int by_number(const void *a, const void *b)
{
    const hone__trial_view *x = a, *y = b;
    return x->number < y->number ? -1 : x->number > y->number;
}

void hone__tell(hone__supervisor *s, hone__sweep_news news, const hone__trial_view *trial)
{
    hone__sweep_view v = {.total = s->points->limit * s->points->n_seeds,
                          .n_seeds = s->points->n_seeds,
                          .complete = s->result->complete,
                          .failed = s->result->failed,
                          .pruned = s->result->pruned,
                          .best = s->best < 0 ? -1 : s->points->drawn[s->best].runs[0].trial,
                          .best_value = s->best_value,
                          .running = s->views};
    if (!s->setup->progress)
        return;
    for (size_t i = 0; i < s->n_slots; i++)
        if (s->slots[i].state == HONE__SLOT_RUNNING)
            s->views[v.n_running++] = hone__view_of(&s->slots[i]);
    qsort(s->views, v.n_running, sizeof *s->views, by_number);
    s->setup->progress(s->setup->progress_ctx, news, &v, trial);
}
