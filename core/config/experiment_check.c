/* experiment_check.c - sections of an experiment against each other: files and splits, targets, names of figures.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/regex.h"
#include "base/str.h"
#include "config/experiment_parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- Data -------------------------------------------------------------------------------------------------------- */

/* The value of a section as it was read; the section itself where it was left out. */
static const hone__yaml *value_of(const hone__section *section, const char *path)
{
    const hone__yaml *node = hone__yaml_path(section->node, path);
    return node ? node : section->node;
}

static void check_part(hone__loader *l, const char *part, const char *file, double share)
{
    if (file && share > 0) {
        char path[40];
        snprintf(path, sizeof path, "split.%s", part);
        hone__issue_at(l->issues, value_of(&l->e->reader, path),
                       "data.%s is a file and data.split.%s is %.10g; it must be one of the two", part, part, share);
    }
}

/* The rest of the split, where the file leaves it to us, written out in the complete tree. */
static hone_status finish_split(hone__loader *l, hone__split_config *split)
{
    const double sum = split->train + split->validation + split->test;
    const hone__yaml *node = value_of(&l->e->reader, "split");
    if (split->train == 0 && sum > 0 && sum < 1) {
        split->train = 1 - sum;
        hone__yaml *share = hone__yaml_new_real(l->arena, split->train);
        return share ? hone__yaml_set(l->arena, l->e->reader.node, "split.train", share, l->err)
                     : hone_no_memory(l->err, "completing a split");
    }
    if (sum > 0 && fabs(sum - 1) > 1e-9)
        hone__issue_at(l->issues, node, "data.split adds up to %.10g; it must be 1 (train may be left out, it is the rest)",
                       sum);
    return HONE_OK;
}

static void check_label_names(hone__loader *l, const hone_map *names)
{
    const char *const *values = names->values;
    for (uint64_t i = 0; i < names->n; i++)
        for (uint64_t j = 0; values[i] && j < i; j++)
            if (values[j] && strcmp(values[i], values[j]) == 0) {
                char shown[80];
                const hone__yaml *node = hone__yaml_get(hone__yaml_get(l->e->reader.node, "label_names"), names->keys[i]);
                hone__issue_at(l->issues, node, "data.label_names gives two labels the name \"%s\"; each needs one of its own",
                               hone__shown(values[i], shown, sizeof shown));
            }
}

static hone_status check_data(hone__loader *l)
{
    hone__data_config *data = (hone__data_config *)(uintptr_t)l->e->data; /* ours: hone__fill_plugin made it */
    if (!data)
        return HONE_OK;
    check_part(l, "validation", data->validation, data->split.validation);
    check_part(l, "test", data->test, data->split.test);
    if (!data->validation && !(data->split.validation > 0))
        hone__issue_key(l->issues, l->e->reader.node,
                        "data has no validation: give the file, or data.split.validation as a share of the training file");
    check_label_names(l, &data->label_names);
    return finish_split(l, &data->split);
}

/* ---- Targets ----------------------------------------------------------------------------------------------------- */

/* "class or classes" */
static const char *targets_shown(uint32_t mask, char *out, size_t size)
{
    size_t n = 0;
    out[0] = '\0';
    for (uint32_t t = HONE_TARGET_NONE; t <= HONE_TARGET_OTHER; t++) {
        if (!(mask & HONE_TAKES(t)))
            continue;
        const uint32_t above = t + 1 < 32 ? mask >> (t + 1) : 0;
        const char *name = t == HONE_TARGET_NONE ? "plain text" : hone_target_name(t);
        n += (size_t)snprintf(out + n, n < size ? size - n : 0, "%s%s", n == 0 ? "" : above ? ", " : " or ", name);
        if (n >= size)
            break;
    }
    return out;
}

static uint32_t head_targets(const hone_head *head)
{
    uint32_t mask = 0;
    for (uint32_t i = 0; i < head->n_outputs; i++) {
        const hone_output_of_head *output = (const void *)((const char *)head->outputs + i * head->output_size);
        mask |= HONE_TAKES(output->target);
    }
    return mask;
}

/* The reader's own check of its parameters, and the target that its examples carry; false where it refuses them. */
static hone_status ask_reader(hone__loader *l, hone_target *target, bool *known)
{
    const hone__section *s = &l->e->reader;
    const hone_reader *reader = (const hone_reader *)(const void *)s->plugin->table;
    hone_error why;
    hone_self *self = hone__instance(l->arena, l->arena, &reader->plugin, s->params, 0, NULL, NULL);
    if (!self)
        return hone_no_memory(l->err, "making a reader");
    hone_status status = reader->create ? reader->create(self, &why) : HONE_OK;
    *known = status == HONE_OK;
    if (*known)
        *target = reader->target(self);
    hone__instance_destroy(self);
    if (status == HONE_ENOMEM)
        return hone_fail(l->err, status, "%s", why.msg);
    if (status != HONE_OK)
        hone__issue_at(l->issues, s->node, "data: %s", why.msg);
    return HONE_OK;
}

static hone_status check_reader_and_head(hone__loader *l)
{
    const hone__section *reader = &l->e->reader, *head = &l->e->head;
    hone_target target = HONE_TARGET_NONE;
    bool known = false;
    char takes[200], gives[80];
    HONE_TRY(ask_reader(l, &target, &known));
    if (!known || !head->plugin)
        return HONE_OK;
    const hone_head *table = (const hone_head *)(const void *)head->plugin->table;
    if (table->takes & HONE_TAKES(target))
        return HONE_OK;
    hone__issue_at(l->issues, head->node, "head %s takes %s; data %s gives %s", table->plugin.name,
                   targets_shown(table->takes, takes, sizeof takes), reader->plugin->table->name,
                   targets_shown(HONE_TAKES(target), gives, sizeof gives));
    return HONE_OK;
}

static void check_taker(hone__loader *l, const char *what, const char *name, uint32_t takes, const hone__yaml *node)
{
    char taken[200], given[200];
    const hone_head *head = (const hone_head *)(const void *)l->e->head.plugin->table;
    const uint32_t gives = head_targets(head);
    if (!(takes & gives))
        hone__issue_at(l->issues, node, "%s %s takes %s; head %s gives %s", what, name,
                       targets_shown(takes, taken, sizeof taken), head->plugin.name, targets_shown(gives, given, sizeof given));
}

/* Losses stand among the head's own rows. */
static hone_status visit_loss(void *ctx, const hone_param *row, hone_self *instance, hone_error *err)
{
    hone__loader *l = ctx;
    (void)err;
    if (row->plugin_kind != HONE_KIND_LOSS)
        return HONE_OK;
    const hone_loss *loss = (const hone_loss *)(const void *)instance->plugin;
    check_taker(l, "loss", loss->plugin.name, loss->targets, value_of(&l->e->head, row->name));
    return HONE_OK;
}

static hone_status check_targets(hone__loader *l)
{
    const hone__section *head = &l->e->head;
    if (l->issues->n == 0 && l->e->reader.plugin) /* a reader is asked only about parameters that are right */
        HONE_TRY(check_reader_and_head(l));
    if (!head->plugin)
        return HONE_OK;
    for (size_t i = 0; i < l->e->n_metrics; i++) {
        const hone__section *s = &l->e->metrics[i].section;
        if (s->plugin)
            check_taker(l, "metric", s->plugin->table->name, ((const hone_metric *)(const void *)s->plugin->table)->targets,
                        s->node);
    }
    return hone__params_plugins(head->plugin->table->params, head->plugin->table->n_params, head->params, visit_loss, l,
                                l->err);
}

static void check_tokenizer(hone__loader *l)
{
    const hone__section *model = &l->e->model;
    const uint32_t text = 1u << HONE_FIELD_TEXT | 1u << HONE_FIELD_WORDS | 1u << HONE_FIELD_CHOICES;
    if (!model->plugin || hone__yaml_get(l->base, "tokenizer"))
        return;
    const uint32_t reads = ((const hone_model *)(const void *)model->plugin->table)->reads;
    if (reads == 0 || (reads & text))
        hone__issue_at(l->issues, l->base, "there is no section tokenizer; model %s reads text and needs one",
                       model->plugin->table->name);
}

/* ---- Figures ----------------------------------------------------------------------------------------------------- */

static void check_metric_names(hone__loader *l)
{
    for (size_t i = 0; i < l->e->n_metrics; i++)
        for (size_t j = 0; j < i; j++) {
            const char *a = l->e->metrics[i].name, *b = l->e->metrics[j].name;
            if (a && b && strcmp(a, b) == 0)
                hone__issue_at(l->issues, l->e->metrics[i].section.node,
                               "metrics has two entries called %s; give one of them another name (name: ...)", a);
        }
}

static const char *metric_name(const void *ctx, size_t i)
{
    const hone__experiment *e = ctx;
    for (size_t m = 0; m < e->n_metrics; m++)
        if (e->metrics[m].name && i-- == 0)
            return e->metrics[m].name;
    return i == 0 ? "loss" : NULL;
}

/* Does `figure` belong to this metric: its main one, or one of the others, which are NAME_suffix? */
static bool is_figure_of(const char *figure, const char *name)
{
    const size_t n = strlen(name);
    return strncmp(figure, name, n) == 0 && (figure[n] == '\0' || figure[n] == '_');
}

static int direction_of(const hone__experiment *e, const char *figure)
{
    size_t longest = 0;
    int direction = strcmp(figure, "loss") == 0 ? -1 : 0;
    for (size_t i = 0; i < e->n_metrics; i++) {
        const hone__metric_use *use = &e->metrics[i];
        if (!use->name || !use->section.plugin || strlen(use->name) <= longest || !is_figure_of(figure, use->name))
            continue;
        longest = strlen(use->name);
        direction = hone_metric_direction((const hone_metric *)(const void *)use->section.plugin->table,
                                          figure + longest + (figure[longest] == '_'));
    }
    return direction;
}

static bool figure_exists(const hone__experiment *e, const char *figure)
{
    const char *name;
    for (size_t i = 0; (name = metric_name(e, i)) != NULL; i++)
        if (is_figure_of(figure, name))
            return true;
    return false;
}

/* "f1" of "eval_f1", "validation_f1", "dev/f1" and "f1": what other programs call validation/f1. */
static const char *foreign_figure(const char *text)
{
    static const char *const before[] = {"eval_", "eval/", "validation_", "valid_", "val_", "val/", "dev_", "dev/"};
    for (size_t i = 0; i < sizeof before / sizeof *before; i++)
        if (strncmp(text, before[i], strlen(before[i])) == 0)
            return text + strlen(before[i]);
    return text;
}

bool hone__metric_known(hone__loader *l, const char *path, const char *text, const hone__yaml *node, int *direction)
{
    static const char validation[] = "validation/";
    const size_t n = sizeof validation - 1;
    const char *figure = strncmp(text, validation, n) == 0 ? text + n : NULL;
    char shown[120];
    *direction = figure ? direction_of(l->e, figure) : 0;
    if (figure && figure_exists(l->e, figure))
        return true;
    hone__shown(text, shown, sizeof shown);
    if (!figure && figure_exists(l->e, foreign_figure(text))) {
        hone__issue_at(l->issues, node, "%s is \"%s\"; write validation/%s", path, shown, foreign_figure(text));
    } else if (strncmp(text, "test/", 5) == 0) {
        hone__issue_at(l->issues, node, "%s is \"%s\"; test data is never used to choose: write validation/%s", path, shown,
                       text + 5);
    } else {
        hone__str all = {0};
        const char *name, *near = hone__nearest(figure ? figure : foreign_figure(text), metric_name, l->e);
        for (size_t i = 0; (name = metric_name(l->e, i)) != NULL; i++)
            hone__str_addf(&all, "%svalidation/%s", i ? ", " : "", name);
        hone__issue_at(l->issues, node, "%s is \"%s\"; %s%s%shere are: %s", path, shown, near ? "did you mean validation/" : "",
                       near ? near : "", near ? "? T" : "t", hone__str_text(&all));
        l->issues->failed |= all.failed;
        hone__str_clear(&all);
    }
    return false;
}

/* ---- The report -------------------------------------------------------------------------------------------------- */

/* One slice; its node is in the file, since the default has none. */
static hone_status check_slice(hone__loader *l, const hone__slice_config *slice, size_t i, const hone__yaml *node)
{
    hone__regex *pattern;
    hone_error why;
    char shown[80];
    if (!slice->column == !slice->pattern)
        hone__issue_at(l->issues, node, "report.slices[%zu] has %s; give it one of the two", i,
                       slice->column ? "both a column and a pattern" : "neither a column nor a pattern");
    if (!slice->pattern)
        return HONE_OK;
    const hone_status status = hone__regex_create(slice->pattern, &pattern, &why);
    if (status == HONE_ENOMEM)
        return hone_fail(l->err, status, "%s", why.msg);
    if (status != HONE_OK)
        hone__issue_at(l->issues, hone__yaml_get(node, "pattern"), "report.slices[%zu].pattern is \"%s\"; %s", i,
                       hone__shown(slice->pattern, shown, sizeof shown), why.msg);
    hone__regex_destroy(pattern);
    return HONE_OK;
}

static hone_status check_report(hone__loader *l)
{
    const hone_list *list = &l->e->report.slices;
    const hone__slice_config *slices = list->items;
    const hone__yaml *node = hone__yaml_path(l->e->complete, "report.slices");
    hone__data_config *data = (hone__data_config *)(uintptr_t)l->e->data; /* ours: hone__fill_plugin made it */
    const char **kept = hone_alloc_array(l->arena, list->n + 1, sizeof *kept);
    size_t n = 0;
    if (!kept)
        return hone_no_memory(l->err, "reading slices");
    const hone__yaml *item = node && node->type == HONE__YAML_LIST ? node->child : NULL;
    for (size_t i = 0; i < list->n && item; i++, item = item->next) {
        HONE_TRY(check_slice(l, &slices[i], i, item));
        if (slices[i].column)
            kept[n++] = slices[i].column;
    }
    if (data)
        data->kept = n ? kept : NULL;
    return HONE_OK;
}

static hone_status check_best(hone__loader *l)
{
    hone__trainer_config *trainer = &l->e->trainer;
    int direction;
    if (trainer->metric_for_best_model) {
        const hone__yaml *node = hone__yaml_path(l->e->complete, "trainer.metric_for_best_model");
        const bool known =
            hone__metric_known(l, "trainer.metric_for_best_model", trainer->metric_for_best_model, node, &direction);
        if (known && direction == 0 && l->issues->n == 0)
            hone__issue_at(l->issues, node,
                           "trainer.metric_for_best_model is %s, which does not say which is better; choose another",
                           trainer->metric_for_best_model);
        return HONE_OK;
    }
    /* A sweep that ranks points by one figure keeps each trial's best epoch by the same. */
    const hone__yaml *swept = hone__yaml_path(l->base, "sweep.metric.name");
    const char *first = l->e->n_metrics ? l->e->metrics[0].name : "loss";
    const char *text = swept && swept->type == HONE__YAML_STRING
                           ? hone_strdup(l->arena, swept->text)
                           : hone_sprintf(l->arena, "validation/%s", first ? first : "loss");
    hone__yaml *node = text ? hone__yaml_new_text(l->arena, text) : NULL;
    if (!node)
        return hone_no_memory(l->err, "naming the best metric");
    trainer->metric_for_best_model = text;
    return hone__yaml_set(l->arena, l->e->complete, "trainer.metric_for_best_model", node, l->err);
}

static void check_bound(hone__loader *l, const hone_int_or_word *examples, const hone_int_or_word *tokens,
                        const char *of_examples, const char *of_tokens)
{
    if (examples->word >= 0 && tokens->word >= 0)
        hone__issue_at(l->issues, hone__yaml_path(l->e->complete, of_examples),
                       "%s and %s are both none; one of them must say where a batch ends", of_examples, of_tokens);
}

static void check_batches(hone__loader *l)
{
    const hone__trainer_config *t = &l->e->trainer;
    check_bound(l, &t->train_batch_size, &t->max_tokens, "trainer.train_batch_size", "trainer.max_tokens");
    check_bound(l, &t->eval_batch_size, &t->eval_max_tokens, "trainer.eval_batch_size", "trainer.eval_max_tokens");
}

static void check_reuse(hone__loader *l)
{
    const hone__head_config *head = l->e->head_common;
    const hone__model_config *model = l->e->model_common;
    if (head && head->reuse && !(model && model->path))
        hone__issue_at(l->issues, value_of(&l->e->head, "reuse"),
                       "head.reuse is true, but there is no model.path whose head could be used");
}

hone_status hone__experiment_cross_check(hone__loader *l)
{
    HONE_TRY(check_data(l));
    check_reuse(l);
    check_batches(l);
    check_tokenizer(l);
    check_metric_names(l);
    HONE_TRY(check_best(l));
    HONE_TRY(check_report(l));
    return check_targets(l);
}
