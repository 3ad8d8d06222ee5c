/* loop.c - epoch after epoch: shuffle, step, evaluate, keep the best.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "train/loop.h"
#include "base/alloc.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/format.h"
#include "base/str.h"
#include "train/checkpoint.h"
#include "train/model_dir.h"
#include "train/result.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char validation[] = "validation/";
enum { LINES_AN_EPOCH = 50 };

double hone__now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- Beginning and end ------------------------------------------------------------------------------------------- */

/* The name of the figure that chooses: as configured, else the first metric's, else the loss. */
static const char *choose_metric(const hone__experiment *e)
{
    const char *name = e->trainer.metric_for_best_model;
    if (!name)
        return e->n_metrics ? e->metrics[0].name : "loss";
    return strncmp(name, validation, sizeof validation - 1) == 0 ? name + sizeof validation - 1 : name;
}

double hone__loop_epoch_loss(const hone__loop *l)
{
    return l->epoch_steps ? l->epoch_loss / (double)l->epoch_steps : NAN;
}

static hone__standing place_of(const hone__loop *l)
{
    return hone__batches_place(l->parts->batches, l->step);
}

int64_t hone__loop_begun(const hone__loop *l)
{
    const hone__standing place = place_of(l);
    return place.epoch + (place.step > 0);
}

double hone__loop_epochs(const hone__loop *l)
{
    return place_of(l).epochs;
}

static hone_status make_room(hone__loop *l, hone_error *err)
{
    l->scratch = hone__arena_create(0);
    for (size_t i = 0; i < 2; i++)
        l->checks[i].arena = hone__arena_create(0);
    if (!l->scratch || !l->checks[0].arena || !l->checks[1].arena)
        return hone_no_memory(err, "starting a trial");
    return HONE_OK;
}

/* What an earlier start of this trial left and this one does not go on from. */
static hone_status clean(const hone__loop *l, hone_error *err)
{
    const char *dir = l->parts->setup->dir;
    const char *result = hone__path_join(l->scratch, dir, "result.json");
    if (!result)
        return hone_no_memory(err, "starting a trial");
    HONE_TRY(hone__remove_temporaries(dir, err));
    return hone__remove_tree(result, err);
}

/* Opens metrics.jsonl with its first `length` bytes, which the checkpoint knows. A new one begins with its format. */
static hone_status open_metrics(hone__loop *l, int64_t length, hone_error *err)
{
    const char *path = hone__path_join(l->parts->trial, l->parts->setup->dir, "metrics.jsonl");
    if (!path)
        return hone_no_memory(err, "starting a trial");
    l->metrics = fopen(path, length > 0 ? "r+" : "w");
    if (!l->metrics || ftruncate(fileno(l->metrics), (off_t)length) != 0 || fseeko(l->metrics, (off_t)length, SEEK_SET) != 0)
        return hone_fail(err, HONE_EIO, "%s cannot be written: %s", path, strerror(errno));
    if (length == 0 && fprintf(l->metrics, "{\"format\": %d}\n", HONE__FORMAT_METRICS) < 0)
        return hone_fail(err, HONE_EIO, "%s cannot be written: %s", path, strerror(errno));
    return HONE_OK;
}

hone_status hone__loop_sync_metrics(const hone__loop *l, int64_t *length, hone_error *err)
{
    const off_t at = ftello(l->metrics);
    if (at < 0 || fflush(l->metrics) != 0 || fsync(fileno(l->metrics)) != 0)
        return hone_fail(err, HONE_EIO, "metrics.jsonl cannot be written: %s", strerror(errno));
    if (length)
        *length = (int64_t)at;
    return HONE_OK;
}

/* Of a trial that ran here before: its model is not this one's. */
static hone_status remove_model(const hone__loop *l, hone_error *err)
{
    const char *path = hone__path_join(l->scratch, l->parts->setup->dir, HONE__MODEL_DIR);
    return path ? hone__remove_tree(path, err) : hone_no_memory(err, "starting a trial");
}

hone_status hone__loop_create(hone__loop *l, hone__parts *parts, hone_error *err)
{
    int64_t metrics_length = 0;
    *l = (hone__loop){.parts = parts, .metric = choose_metric(parts->experiment), .entered = -1};
    HONE_TRY(make_room(l, err));
    l->now = &l->checks[0];
    HONE_TRY(clean(l, err));
    HONE_TRY(hone__checkpoint_resume(l, &metrics_length, err));
    if (l->step == 0)
        HONE_TRY(remove_model(l, err));
    hone__arena_reset(l->scratch);
    return open_metrics(l, metrics_length, err);
}

void hone__loop_clear(hone__loop *l)
{
    if (l->metrics)
        fclose(l->metrics);
    hone__block_free(&l->block);
    hone__arena_destroy(l->scratch);
    for (size_t i = 0; i < 2; i++)
        hone__arena_destroy(l->checks[i].arena);
    *l = (hone__loop){0};
}

/* ---- Lines of metrics.jsonl -------------------------------------------------------------------------------------- */

static void add_number(hone__str *s, const char *key, double value)
{
    hone__str_add(s, s->n > 1 ? ", " : "");
    hone__str_add_json(s, key);
    hone__str_add(s, ": ");
    if (isfinite(value))
        hone__str_add_real(s, value);
    else
        hone__str_add(s, "null");
}

static void begin_line(hone__str *s, const hone__loop *l)
{
    hone__str_addf(s, "{\"step\": %lld, \"total_steps\": %lld", (long long)l->step, (long long)l->parts->last_step);
    add_number(s, "epoch", hone__loop_epochs(l));
}

/* One write, so that a reader never sees half a line of a trial that runs. */
static hone_status end_line(hone__loop *l, hone__str *s, hone_error *err)
{
    hone__str_add(s, "}\n");
    hone_status status = s->failed ? hone_no_memory(err, "writing metrics.jsonl") : HONE_OK;
    if (status == HONE_OK && (fwrite(s->data, 1, s->n, l->metrics) != s->n || fflush(l->metrics) != 0))
        status = hone_fail(err, HONE_EIO, "metrics.jsonl cannot be written: %s", strerror(errno));
    hone__str_clear(s);
    return status;
}

static hone_status write_step(hone__loop *l, const hone__step_result *r, hone_error *err)
{
    hone__str s = {0};
    begin_line(&s, l);
    add_number(&s, "train/loss", l->line_loss / (double)l->line_steps);
    add_number(&s, "learning_rate", r->learning_rate);
    add_number(&s, "gradient_norm", r->gradient_norm);
    l->line_loss = 0;
    l->line_steps = 0;
    return end_line(l, &s, err);
}

static hone_status write_check(hone__loop *l, hone_error *err)
{
    const hone_exhibits *x = l->now->exhibits;
    hone__str s = {0};
    begin_line(&s, l);
    for (size_t i = 0; i < x->n_figures; i++) {
        const char *key = hone_sprintf(l->scratch, "%s%s", validation, x->figures[i].name);
        s.failed = s.failed || !key;
        if (key)
            add_number(&s, key, x->figures[i].value);
    }
    hone__arena_reset(l->scratch);
    return end_line(l, &s, err);
}

/* ---- Progress ---------------------------------------------------------------------------------------------------- */

static void show_progress(hone__loop *l, bool now)
{
    const hone__trial_setup *setup = l->parts->setup;
    const double at = hone__now(), passed = at - l->progress_at;
    if (!setup->progress || (!now && passed < 0.1))
        return;
    const double speed = l->seconds > 0 ? (double)l->step / l->seconds : 0;
    setup->progress(setup->progress_ctx,
                    &(hone__progress){.step = l->step,
                                      .total_steps = l->parts->last_step,
                                      .epoch = hone__batches_place(l->parts->batches, l->step - 1).epoch,
                                      .loss = l->progress_steps ? l->progress_loss / (double)l->progress_steps : NAN,
                                      .tokens_per_s = passed > 0 ? l->progress_tokens / passed : 0,
                                      .seconds_left = speed > 0 ? (double)(l->parts->last_step - l->step) / speed : 0,
                                      .metric_name = l->best ? l->metric : NULL,
                                      .metric = l->best ? l->best->value : NAN});
    l->progress_at = at;
    l->progress_tokens = 0;
    l->progress_loss = 0;
    l->progress_steps = 0;
}

/* ---- Evaluation -------------------------------------------------------------------------------------------------- */

static hone_status evaluate_data(hone__loop *l, hone__checked *c, hone_error *err)
{
    hone__parts *p = l->parts;
    hone__evaluate_setup setup = {.net = &p->network,
                                  .data = p->validation_prepared,
                                  .split = "validation",
                                  .bounds = hone__eval_bounds(&p->experiment->trainer),
                                  .labels = p->metric_facts.labels,
                                  .n_labels = p->metric_facts.n_labels,
                                  .positive = p->metric_facts.positive,
                                  .with_loss = true,
                                  .arena = c->arena,
                                  .step = p->step,
                                  .block = &l->block,
                                  .stop = p->setup->stop};
    HONE_TRY(hone__stepper_evaluation_begin(p->stepper, err));
    const hone_status status = hone__evaluate_calibrating(&setup, &c->evaluated, err);
    hone__stepper_evaluation_end(p->stepper);
    c->calibration = setup.calibration;
    c->n_calibration = setup.n_calibration;
    return status;
}

static hone_status show_head(hone__loop *l, hone__checked *c, hone_error *err)
{
    const hone__network *net = &l->parts->network;
    for (uint64_t o = 0; net->head->exhibit && o < c->evaluated.n; o++) {
        c->exhibits->prefix = c->evaluated.outputs[o].output;
        HONE_TRY(net->head->exhibit(net->head_self, &c->evaluated.outputs[o], c->exhibits, err));
    }
    c->exhibits->prefix = "";
    return HONE_OK;
}

static hone_status make_exhibits(hone__loop *l, hone__checked *c, hone_error *err)
{
    c->exhibits = hone__exhibits_create(c->arena);
    if (!c->exhibits)
        return hone_no_memory(err, "evaluating");
    HONE_TRY(hone__figures_make(l->parts->experiment->metrics, l->parts->metrics, l->parts->experiment->n_metrics,
                                &c->evaluated, c->exhibits, err));
    HONE_TRY(show_head(l, c, err));
    hone__arena_reset(l->parts->callback);
    return HONE_OK;
}

static hone_status find_value(hone__loop *l, hone__checked *c, hone_error *err)
{
    const hone__figure *figure = hone__exhibits_figure(c->exhibits, l->metric);
    if (!figure)
        return hone_fail(err, HONE_EINVAL,
                         "trainer.metric_for_best_model is %s, but no metric gives such a figure; %s is the first there is",
                         l->metric, c->exhibits->figures[c->exhibits->n_figures > 1].name);
    if (figure->direction == 0)
        return hone_fail(err, HONE_EINVAL,
                         "%s says neither that more is better nor that less is; choose the best model by "
                         "another figure with trainer.metric_for_best_model",
                         l->metric);
    l->direction = figure->direction;
    c->value = figure->value;
    return HONE_OK;
}

static bool is_better(const hone__loop *l, double value, double than)
{
    if (isnan(than))
        return !isnan(value);
    return l->direction > 0 ? value > than : value < than;
}

/* The weights that were evaluated, as the folder model/ of the trial. */
static hone_status save_model(hone__loop *l, hone_error *err)
{
    hone__parts *p = l->parts;
    if (!p->experiment->trainer.save_model)
        return HONE_OK;
    char *path = hone__path_join(l->scratch, p->setup->dir, HONE__MODEL_DIR);
    if (!path)
        return hone_no_memory(err, "saving the model");
    HONE_TRY(hone__stepper_evaluation_begin(p->stepper, err));
    const hone_status status =
        hone__model_save(p, l->best ? l->best->calibration : NULL, l->best ? l->best->n_calibration : 0, path, err);
    hone__stepper_evaluation_end(p->stepper);
    hone__arena_reset(l->scratch);
    return status;
}

/* Keeps the new evaluation, and the model, where it is the best so far; the other arena is for the next one. */
static hone_status choose(hone__loop *l, hone_error *err)
{
    if (l->best && !is_better(l, l->now->value, l->best->value)) {
        l->since_best++;
        return HONE_OK;
    }
    l->since_best = 0;
    l->best = l->now;
    l->now = l->best == &l->checks[0] ? &l->checks[1] : &l->checks[0];
    HONE_TRY(save_model(l, err));
    return hone__result_write_best(l, err);
}

static hone_status check(hone__loop *l, hone_error *err)
{
    hone__checked *c = l->now;
    if (!l->parts->validation_prepared)
        return HONE_OK;
    hone__arena_reset(c->arena);
    c->step = l->step;
    c->epoch = hone__loop_epochs(l);
    HONE_TRY(evaluate_data(l, c, err));
    HONE_TRY(make_exhibits(l, c, err));
    HONE_TRY(find_value(l, c, err));
    HONE_TRY(write_check(l, err));
    hone_log_line(l->parts->setup->log, HONE_LOG_INFO, "step %lld: validation/loss %.4f, validation/%s %.4f",
                  (long long)l->step, c->evaluated.loss, l->metric, c->value);
    return choose(l, err);
}

/* ---- Steps ------------------------------------------------------------------------------------------------------- */

static hone_status prepare_epoch(hone__loop *l, uint64_t epoch, hone_error *err)
{
    hone__parts *p = l->parts;
    if (!p->network.head->prepare_per_epoch || epoch == 0)
        return HONE_OK;
    hone__prepared_destroy(p->train_prepared);
    p->train_prepared = NULL;
    return hone__prepare(&p->preparer, p->train, epoch, true, p->pool, &p->train_prepared, err);
}

static hone_status account(hone__loop *l, const hone__step_result *r, double seconds, hone_error *err)
{
    const int64_t every = hone__batches_place(l->parts->batches, l->step - 1).of_epoch / LINES_AN_EPOCH;
    l->examples += r->examples;
    l->tokens += r->tokens;
    l->seconds += seconds;
    l->progress_tokens += (double)r->tokens;
    l->line_loss += r->loss;
    l->line_steps++;
    l->progress_loss += r->loss;
    l->progress_steps++;
    l->epoch_loss += r->loss;
    l->epoch_steps++;
    if (every > 1 && l->step % every != 0 && place_of(l).step != 0 && l->step != l->parts->last_step)
        return HONE_OK;
    return write_step(l, r, err);
}

/* Lays out the epoch of the next step, also in its middle. */
static hone_status enter_epoch(hone__loop *l, hone_error *err)
{
    const hone__standing place = place_of(l);
    if (place.step == 0) {
        l->epoch_loss = 0;
        l->epoch_steps = 0;
    }
    if (l->entered == place.epoch)
        return HONE_OK;
    HONE_TRY(prepare_epoch(l, (uint64_t)place.epoch, err));
    l->entered = place.epoch;
    return HONE_OK;
}

static hone_status run_step(hone__loop *l, hone_error *err)
{
    const hone__trainer_config *t = &l->parts->experiment->trainer;
    uint64_t n = 0;
    hone__step_result result;
    if (l->parts->setup->stop && *l->parts->setup->stop)
        return hone_fail(err, HONE_EINTERRUPTED, "stopped after step %lld of %lld", (long long)l->step,
                         (long long)l->parts->last_step);
    HONE_TRY(enter_epoch(l, err));
    const uint64_t *order = hone__batches_step(l->parts->batches, l->step, &n);
    const double begin = hone__now();
    HONE_TRY(hone__step_run(l->parts->stepper, l->parts->train_prepared, order, n, (uint64_t)t->micro_batch_size, l->step + 1,
                            (uint64_t)l->entered, &result, err));
    l->step++;
    HONE_TRY(account(l, &result, hone__now() - begin, err));
    show_progress(l, false);
    return HONE_OK;
}

/* ---- Between steps ----------------------------------------------------------------------------------------------- */

static bool check_is_due(const hone__loop *l)
{
    const hone__trainer_config *t = &l->parts->experiment->trainer;
    const bool now = t->eval_strategy == HONE__EVAL_STEPS ? l->step % t->eval_steps == 0 : place_of(l).step == 0;
    return l->step > 0 && l->checked_step != l->step && (now || l->step == l->parts->last_step);
}

static bool checkpoint_is_due(const hone__loop *l)
{
    const hone__trainer_config *t = &l->parts->experiment->trainer;
    if (l->step == 0 || (l->saved.step == l->step && l->saved.checked_step == l->checked_step))
        return false;
    switch (t->save_strategy) {
    case HONE__SAVE_EPOCH:
        return place_of(l).step == 0;
    case HONE__SAVE_STEPS:
        return l->step % t->save_steps == 0;
    case HONE__SAVE_AUTO:
        return hone__now() - l->saved.at >= t->save_seconds;
    default:
        return false;
    }
}

static bool patience_is_out(const hone__loop *l)
{
    const int64_t patience = l->parts->experiment->trainer.early_stopping_patience;
    return patience > 0 && l->since_best >= patience;
}

/* What is due after a step. A trial that goes on from a checkpoint begins here, so nothing is done twice or left out. */
static hone_status settle(hone__loop *l, hone_error *err)
{
    if (check_is_due(l)) {
        HONE_TRY(check(l, err));
        l->checked_step = l->step;
        show_progress(l, true);
    }
    l->done = l->step >= l->parts->last_step || patience_is_out(l);
    if (l->step < l->parts->last_step && patience_is_out(l))
        hone_log_line(l->parts->setup->log, HONE_LOG_INFO, "stopped early: no better %s for %lld evaluations", l->metric,
                      (long long)l->since_best);
    return !l->done && checkpoint_is_due(l) ? hone__checkpoint_save(l, err) : HONE_OK;
}

static hone_status run_steps(hone__loop *l, hone_error *err)
{
    HONE_TRY(settle(l, err));
    while (!l->done) {
        HONE_TRY(run_step(l, err));
        HONE_TRY(settle(l, err));
    }
    return l->best ? HONE_OK : save_model(l, err); /* without a validation split the last weights are the ones */
}

/* ---- The end ----------------------------------------------------------------------------------------------------- */

/* Leaves a checkpoint of the last whole step, and says where. */
static hone_status interrupt(hone__loop *l, hone_error *err)
{
    const hone_error why = *err;
    if (l->step == 0 || l->parts->experiment->trainer.save_strategy == HONE__SAVE_NO)
        return hone_fail(err, HONE_EINTERRUPTED, "%.600s; there is no checkpoint", why.msg);
    if (l->saved.step != l->step || l->saved.checked_step != l->checked_step)
        HONE_TRY(hone__checkpoint_save(l, err));
    return hone_fail(err, HONE_EINTERRUPTED, "%.400s; it can go on from %.500s", why.msg, l->saved.path);
}

static hone_status give_up(const hone__loop *l, hone_status status, hone_error *err)
{
    const hone_error why = *err;
    if (!l->saved.path[0])
        return hone_fail(err, status, "%.900s; there is no checkpoint", why.msg);
    return hone_fail(err, status, "%.450s; the last good checkpoint is %.450s", why.msg, l->saved.path);
}

hone_status hone__loop_run(hone__loop *l, hone_error *err)
{
    l->progress_at = l->saved.at = hone__now();
    const hone_status status = run_steps(l, err);
    if (status == HONE_EINTERRUPTED)
        return interrupt(l, err);
    return status == HONE_OK ? HONE_OK : give_up(l, status, err);
}
