/* sweep_settings.c - all of the section `sweep` but its space: searcher, stopper, metric, seeds and bounds.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/pool.h"
#include "config/sweep_parts.h"

#include <string.h>

/* ---- The metric -------------------------------------------------------------------------------------------------- */

static hone_status write_word(hone__loader *l, hone__yaml *complete, const char *path, const char *text)
{
    hone__yaml *node = hone__yaml_new_text(l->arena, text);
    if (!node)
        return hone_no_memory(l->err, "completing a sweep");
    const hone__yaml *old = hone__yaml_path(complete, path);
    if (old)
        hone__placed(node, old);
    return hone__yaml_set(l->arena, complete, path, node, l->err);
}

static hone_status read_metric(hone__loader *l, const hone__sweep_top *top, hone__yaml *complete)
{
    static const char *const goals[] = {"auto", "maximize", "minimize"};
    hone__sweep_config *sweep = l->e->sweep;
    const size_t before = l->issues->n;
    int direction = 0;
    const char *path = top->metric.name ? "sweep.metric.name" : "trainer.metric_for_best_model";
    sweep->metric = top->metric.name ? top->metric.name : l->e->trainer.metric_for_best_model;
    const hone__yaml *node = hone__yaml_path(complete, "metric.name");
    const hone__yaml *goal = hone__yaml_path(complete, "metric.goal");
    if (!sweep->metric || !node || !goal) /* its mistake is written down already */
        return HONE_OK;
    if (top->metric.name || l->issues->n == 0)
        hone__metric_known(l, path, sweep->metric, node, &direction);
    if (before == 0 && l->issues->n == 0 && direction == 0 && top->metric.goal == 0)
        hone__issue_at(l->issues, goal, "sweep.metric.goal must be maximize or minimize: %s does not say which is better",
                       sweep->metric);
    if (direction != 0 && top->metric.goal != 0 && direction != (top->metric.goal == 1 ? 1 : -1))
        hone__issue_at(l->issues, goal, "sweep.metric.goal is %s, but %s is better when %s; write %s, or leave it out",
                       goals[top->metric.goal], sweep->metric, direction > 0 ? "larger" : "smaller",
                       direction > 0 ? "maximize" : "minimize");
    sweep->maximize = top->metric.goal ? top->metric.goal == 1 : direction >= 0;
    sweep->has_target = top->metric.target.word < 0;
    sweep->target = top->metric.target.value;
    HONE_TRY(write_word(l, complete, "metric.name", sweep->metric));
    return write_word(l, complete, "metric.goal", sweep->maximize ? "maximize" : "minimize");
}

/* ---- Seeds ------------------------------------------------------------------------------------------------------- */

static void refuse_repeated_seeds(hone__loader *l, const hone__yaml *list)
{
    for (const hone__yaml *a = list->child; a; a = a->next)
        for (const hone__yaml *b = list->child; b != a; b = b->next)
            if (a->type == HONE__YAML_INT && hone__yaml_equal(a, b)) {
                hone__issue_at(l->issues, a, "sweep.seeds holds %s twice; the two trials would have the same bits", a->text);
                break;
            }
}

/* Of the file, or the experiment's one, which is then written out. */
static hone_status read_seeds(hone__loader *l, const hone_list *given, const hone__yaml *written, hone__yaml *complete)
{
    hone__sweep_config *sweep = l->e->sweep;
    sweep->seeds = given->items;
    sweep->n_seeds = given->n;
    if (written && written->type == HONE__YAML_LIST && written->n == 0)
        hone__issue_at(l->issues, written, "sweep.seeds is an empty list; it must have at least one seed");
    if (written && given->n)
        refuse_repeated_seeds(l, written);
    if (given->n)
        return HONE_OK;
    hone__yaml *list = hone__yaml_new_list(l->arena), *seed = hone__yaml_new_int(l->arena, l->e->seed);
    if (!list || !seed)
        return hone_no_memory(l->err, "completing a sweep");
    hone__yaml_append(list, seed);
    sweep->seeds = &l->e->seed;
    sweep->n_seeds = 1;
    return hone__yaml_set(l->arena, complete, "seeds", list, l->err);
}

/* `seeds: 3` is a list of one. */
static hone_status list_of_seeds(hone__loader *l, const hone__yaml **node)
{
    const hone__yaml *seed = hone__yaml_get(*node, "seeds");
    if (!seed || seed->type != HONE__YAML_INT)
        return HONE_OK;
    hone__yaml *copy = hone__yaml_copy(l->arena, *node), *list = hone__yaml_new_list(l->arena);
    hone__yaml *item = hone__yaml_copy(l->arena, seed);
    if (!copy || !list || !item)
        return hone_no_memory(l->err, "reading a sweep");
    hone__placed(list, seed);
    hone__yaml_append(list, item);
    *node = copy;
    return hone__yaml_set(l->arena, copy, "seeds", list, l->err);
}

/* ---- The rest ---------------------------------------------------------------------------------------------------- */

/* auto: one trial a processor; where trainer.threads is a number, as many as fit. Two trials of one thread finish earlier than one
 * after another with two threads each. */
static int64_t concurrent_trials(const hone__loader *l, const hone_int_or_word *n)
{
    const hone_int_or_word *threads = &l->e->trainer.threads;
    if (n->word < 0)
        return n->value;
    const int64_t fit = hone__cpu_count() / (threads->word < 0 && threads->value > 0 ? threads->value : 1);
    return fit > 1 ? fit : 1;
}

static hone_status read_searcher(hone__loader *l, const hone__yaml *node, hone__yaml *complete)
{
    const hone__yaml *method = hone__yaml_get(node, "method");
    hone__section *searcher = &l->e->sweep->searcher;
    if (!method || method->type == HONE__YAML_NULL)
        hone__issue_key(l->issues, node, "sweep.method is missing; it must be the name of a searcher, or a map with its type");
    HONE_TRY(hone__fill_plugin(&l->fill, "sweep.method", HONE_KIND_SEARCHER, NULL, method, NULL, searcher, l->err));
    return hone__yaml_add(l->arena, complete, "method", searcher->node, l->err);
}

/* Weights & Biases knows one stopper, which we have under its own name. */
static bool is_hyperband(hone__loader *l, const hone__yaml *node)
{
    const hone__yaml *type = node && node->type == HONE__YAML_MAP ? hone__yaml_get(node, "type") : node;
    if (!type || type->type != HONE__YAML_STRING || strcmp(type->text, "hyperband") != 0)
        return false;
    hone__issue_at(l->issues, type, "sweep.early_terminate is hyperband; write asha, which halves the trials in one bracket");
    return true;
}

static hone_status read_stopper(hone__loader *l, const hone__yaml *node, hone__yaml *complete)
{
    const hone__yaml *stopper = hone__yaml_get(node, "early_terminate");
    hone__section *section = &l->e->sweep->stopper;
    if (is_hyperband(l, stopper))
        stopper = NULL;
    HONE_TRY(hone__fill_plugin(&l->fill, "sweep.early_terminate", HONE_KIND_STOPPER, NULL, stopper, NULL, section, l->err));
    return hone__yaml_add(l->arena, complete, "early_terminate", section->node, l->err);
}

static void take_rows(hone__loader *l, const hone__sweep_top *top)
{
    hone__sweep_config *sweep = l->e->sweep;
    sweep->run_cap = top->run_cap;
    sweep->time_budget_s = top->time_budget_s;
    sweep->sampler_seed = (uint64_t)top->sampler_seed;
    sweep->abort_on_error = top->on_error == 1;
    sweep->run_duplicates = top->on_duplicate == 1;
    sweep->refit = top->refit == 1;
    sweep->save = (hone__sweep_save)top->save;
    sweep->trial_timeout_s = top->trial_timeout_s;
    sweep->trial_memory_gib = top->trial_memory_gib;
    sweep->memory_gib = top->memory_gib;
    sweep->max_concurrent_trials = concurrent_trials(l, &top->max_concurrent_trials);
}

hone_status hone__sweep_settings(hone__loader *l, const hone__yaml *node, hone__yaml *complete)
{
    hone__sweep_top top = {0};
    const hone__group group = {hone__sweep_rows.rows, hone__sweep_rows.n, &top};
    HONE_TRY(list_of_seeds(l, &node));
    HONE_TRY(read_searcher(l, node, complete));
    HONE_TRY(hone__fill_groups(&l->fill, "sweep", &group, 1, hone__sweep_also, node, NULL, complete, l->err));
    take_rows(l, &top);
    HONE_TRY(read_seeds(l, &top.seeds, hone__yaml_get(node, "seeds"), complete));
    HONE_TRY(read_stopper(l, node, complete));
    return read_metric(l, &top, complete);
}
