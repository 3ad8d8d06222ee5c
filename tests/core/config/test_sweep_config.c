/* test_sweep_config.c - the section `sweep`: settings, the search space and its points, and every mistake's sentence.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/pool.h"
#include "experiment_fixture.h"

#include <float.h>
#include <math.h>

#define SWEEP "sweep:\n  method: random\n  parameters:\n"

/* ---- What a sweep becomes ---------------------------------------------------------------------------------------- */

START_TEST(least_sweep_has_defaults)
{
    world w;
    world_open(&w);
    hone__experiment *e = world_load_well(&w, SWEPT SWEEP "    optimizer.learning_rate: {values: [0.1, 0.2]}\n");
    ck_assert_str_eq(e->sweep->searcher.plugin->table->name, "random");
    ck_assert_str_eq(e->launcher.plugin->table->name, "null");
    ck_assert_str_eq(e->sweep->metric, "validation/f1");
    ck_assert(e->sweep->maximize);
    ck_assert_int_eq(e->sweep->run_cap, 0);
    ck_assert_uint_eq(e->sweep->sampler_seed, 42);
    ck_assert_int_eq(e->sweep->max_concurrent_trials, hone__cpu_count());
    ck_assert(!e->sweep->abort_on_error);
    ck_assert_double_eq(e->sweep->trial_timeout_s, 0);
    ck_assert_uint_eq(e->sweep->n_seeds, 1);
    ck_assert_int_eq(e->sweep->seeds[0], e->seed);
    ck_assert_double_eq(e->sweep->time_budget_s, 0);
    ck_assert(!e->sweep->has_target);
    ck_assert(!e->sweep->run_duplicates);
    ck_assert_int_eq(e->sweep->save, HONE__SWEEP_SAVE_BEST);
    ck_assert(!e->sweep->refit);
    ck_assert_ptr_null(e->sweep->stopper.plugin);
    world_close(&w);
}
END_TEST

START_TEST(every_key_of_a_sweep_is_read)
{
    world w;
    world_open(&w);
    hone__experiment *e = world_load_well(
        &w, SWEPT "sweep:\n  method: random\n  metric: {target: 0.875}\n  run_cap: 9\n  seeds: [3, 1, 2]\n  sampler_seed: 7\n"
                  "  time_budget_s: 90\n  on_duplicate: run\n  save: trial_best\n  refit: train+validation\n"
                  "  early_terminate: null\n  parameters:\n    optimizer.learning_rate: {value: 0.1}\n");
    ck_assert(e->sweep->has_target);
    ck_assert_double_eq(e->sweep->target, 0.875);
    ck_assert_uint_eq(e->sweep->n_seeds, 3);
    ck_assert_int_eq(e->sweep->seeds[0], 3);
    ck_assert_int_eq(e->sweep->seeds[2], 2);
    ck_assert_double_eq(e->sweep->time_budget_s, 90);
    ck_assert(e->sweep->run_duplicates);
    ck_assert_int_eq(e->sweep->save, HONE__SWEEP_SAVE_TRIAL_BEST);
    ck_assert(e->sweep->refit);
    e = world_load_well(&w, SWEPT "sweep:\n  method: random\n  save: none\n  seeds: 11\n  early_terminate: {type: null}\n"
                                  "  parameters:\n    optimizer.learning_rate: {value: 0.1}\n");
    ck_assert_uint_eq(e->sweep->n_seeds, 1);
    ck_assert_int_eq(e->sweep->seeds[0], 11);
    ck_assert_int_eq(e->sweep->save, HONE__SWEEP_SAVE_NONE);
    ck_assert_str_eq(e->sweep->stopper.plugin->table->name, "null");
    world_close(&w);
}
END_TEST

START_TEST(loss_is_minimized_and_threads_bound_the_trials)
{
    world w;
    world_open(&w);
    hone__experiment *e = world_load_well(
        &w, DATA REST "trainer: {threads: 1000}\nsweep:\n  method: grid\n  on_error: abort\n  trial_timeout_s: 60\n"
                      "  parameters:\n    optimizer.learning_rate: {value: 0.1}\n");
    ck_assert(!e->sweep->maximize);
    ck_assert_str_eq(e->sweep->metric, "validation/loss");
    ck_assert_int_eq(e->sweep->max_concurrent_trials, 1);
    ck_assert(e->sweep->abort_on_error);
    ck_assert_double_eq(e->sweep->trial_timeout_s, 60);
    world_close(&w);
}
END_TEST

START_TEST(bayes_is_another_name_of_tpe)
{
    world w;
    world_open(&w);
    hone__experiment *e = world_load_well(&w, SWEPT "sweep:\n  method: bayes\n  run_cap: 3\n  parameters:\n"
                                                    "    optimizer.learning_rate: {min: 0.1, max: 0.2}\n");
    ck_assert_str_eq(e->sweep->searcher.plugin->table->name, "tpe");
    ck_assert_str_eq(hone__yaml_path(e->complete, "sweep.method.type")->text, "tpe");
    world_close(&w);
}
END_TEST

static const struct {
    const char *entry;
    uint32_t distribution;
    double min, max, quantum, mu, sigma;
    bool integer;
} distributions[] = {
    {"optimizer.learning_rate: {min: 0.1, max: 0.2}", HONE_UNIFORM, 0.1, 0.2, 0, 0, 0, false},
    {"optimizer.learning_rate: {distribution: uniform, min: 0.5, max: 1}", HONE_UNIFORM, 0.5, 1, 0, 0, 0, false},
    {"optimizer.learning_rate: {distribution: log_uniform_values, min: 1.0e-5, max: 1}", HONE_LOG_UNIFORM, 1e-5, 1, 0, 0, 0,
     false},
    {"optimizer.learning_rate: {distribution: q_uniform, min: 0.25, max: 1, q: 0.25}", HONE_UNIFORM, 0.25, 1, 0.25, 0, 0,
     false},
    {"optimizer.learning_rate: {distribution: normal, mu: 0.5, sigma: 0.1}", HONE_NORMAL, DBL_TRUE_MIN, 1, 0, 0.5, 0.1, false},
    {"optimizer.learning_rate: {distribution: log_normal, mu: -9, sigma: 1}", HONE_LOG_NORMAL, DBL_TRUE_MIN, 1, 0, -9, 1,
     false},
    {"model.freeze.layers: {distribution: q_normal, mu: 6, sigma: 2, q: 2}", HONE_NORMAL, 0, 1000, 2, 6, 2, true},
    {"trainer.max_grad_norm: {distribution: q_log_normal, mu: 0, sigma: 1, q: 0.5}", HONE_LOG_NORMAL, 0, INFINITY, 0.5, 0, 1,
     false},
    {"optimizer.learning_rate: {distribution: constant, value: 0.5}", HONE_CATEGORICAL, 0, 0, 0, 0, 0, false},
    {"optimizer.learning_rate: {distribution: categorical, values: [0.5, 0.25]}", HONE_CATEGORICAL, 0, 0, 0, 0, 0, false},
    {"optimizer.learning_rate: {distribution: int_uniform, min: 1, max: 1}", HONE_INT_UNIFORM, 1, 1, 0, 0, 0, true},
    {"model.freeze.layers: {min: 0, max: 4}", HONE_INT_UNIFORM, 0, 4, 0, 0, 0, true},
    {"trainer.train_batch_size: {distribution: q_log_uniform_values, min: 8, max: 64, q: 8}", HONE_LOG_UNIFORM, 8, 64, 8, 0, 0,
     true},
    {"trainer.train_batch_size: {distribution: log_uniform_values, min: 8, max: 64}", HONE_LOG_UNIFORM, 8, 64, 1, 0, 0, true},
    {"tokenizer.max_length: {min: 16, max: 64}", HONE_INT_UNIFORM, 16, 64, 0, 0, 0, true},
};

START_TEST(distributions_are_those_of_weights_and_biases)
{
    world w;
    world_open(&w);
    for (size_t i = 0; i < sizeof distributions / sizeof *distributions; i++) {
        char text[2000];
        snprintf(text, sizeof text, SWEPT SWEEP "    %s\n", distributions[i].entry);
        const hone__sweep_dimension *d = world_load_well(&w, text)->sweep->dimensions;
        ck_assert_uint_eq(d->dimension.distribution, distributions[i].distribution);
        ck_assert_double_eq(d->dimension.min, distributions[i].min);
        ck_assert_double_eq(d->dimension.max, distributions[i].max);
        ck_assert_double_eq(d->dimension.quantum, distributions[i].quantum);
        ck_assert_double_eq(d->dimension.mu, distributions[i].mu);
        ck_assert_double_eq(d->dimension.sigma, distributions[i].sigma);
        ck_assert_int_eq(d->integer, distributions[i].integer);
    }
    world_close(&w);
}
END_TEST

START_TEST(choices_may_have_probabilities)
{
    world w;
    world_open(&w);
    const hone__sweep_dimension *d =
        world_load_well(&w, SWEPT SWEEP "    optimizer.learning_rate: {values: [0.1, 0.2], probabilities: [0.25, 0.75]}\n")
            ->sweep->dimensions;
    ck_assert_uint_eq(d->dimension.n_choices, 2);
    ck_assert_double_eq(d->dimension.probabilities[1], 0.75);
    ck_assert_double_eq(d->values[1]->real, 0.2);
    world_close(&w);
}
END_TEST

START_TEST(choices_may_have_names)
{
    world w;
    world_open(&w);
    const hone__sweep_dimension *d =
        world_load_well(&w, SWEPT SWEEP "    optimizer.learning_rate: {values: [0.1, 0.2], names: [slow, 2]}\n")
            ->sweep->dimensions;
    ck_assert_str_eq(hone__sweep_choice_name(d, d->values[0]), "slow");
    ck_assert_str_eq(hone__sweep_choice_name(d, d->values[1]), "2");
    d = world_load_well(&w, SWEPT SWEEP "    optimizer.learning_rate: {values: [0.1, 0.2]}\n")->sweep->dimensions;
    ck_assert_ptr_null(hone__sweep_choice_name(d, d->values[0]));
    world_close(&w);
}
END_TEST

/* ---- Points ------------------------------------------------------------------------------------------------------ */

/* Sections are choices; model.hidden_size is a row of bag alone. */
#define SECTIONS                                                                                                               \
    SWEPT SWEEP "    model.hidden_size: {values: [4, 8]}\n    optimizer.learning_rate: {min: 0.1, max: 0.2}\n"                 \
                "    model: {values: [bag, {type: null}]}\n    model.freeze.layers: {min: 0, max: 1}\n"

START_TEST(finer_paths_come_behind_the_sections_that_choose_their_plugin)
{
    static const char *const order[] = {"model", "model.hidden_size", "optimizer.learning_rate", "model.freeze.layers"};
    world w;
    world_open(&w);
    hone__experiment *e = world_load_well(&w, SECTIONS);
    ck_assert_uint_eq(e->sweep->n_dimensions, 4);
    for (size_t i = 0; i < 4; i++)
        ck_assert_str_eq(e->sweep->dimensions[i].path, order[i]);
    world_close(&w);
}
END_TEST

START_TEST(path_is_inactive_where_the_chosen_plugin_lacks_it)
{
    world w;
    world_open(&w);
    hone__experiment *e = world_load_well(&w, SECTIONS);
    hone_space space = hone__sweep_space(w.f.arena, e->sweep);
    const double bag[] = {0, NAN, NAN, NAN}, null_model[] = {1, NAN, NAN, NAN};
    ck_assert_uint_eq(space.n, 4);
    for (uint64_t d = 0; d < 4; d++)
        ck_assert(space.active(space.host, bag, d));
    ck_assert(!space.active(space.host, null_model, 1));
    ck_assert(space.active(space.host, null_model, 3));
    world_close(&w);
}
END_TEST

static hone__experiment *load_point(world *w, const hone__experiment *e, const double *x, hone__yaml **tree)
{
    const hone__yaml **values;
    hone__experiment *trial;
    ck_assert_int_eq(hone__sweep_values(w->f.arena, e->sweep, x, &values, &w->f.err), HONE_OK);
    ck_assert_int_eq(hone__experiment_point(w->f.arena, e, values, 11, tree, &w->f.err), HONE_OK);
    hone_status status =
        hone__experiment_from(w->f.arena, w->registry, *tree, "trial.yaml", "/", &trial, &w->f.issues, &w->f.err);
    ck_assert_msg(status == HONE_OK, "%s", fixture_issues(&w->f));
    return trial;
}

START_TEST(point_becomes_a_trial_of_its_own)
{
    world w;
    hone__yaml *tree;
    const double first[] = {0, 1, 0.125, 1}, second[] = {1, NAN, 0.15, 0};
    world_open(&w);
    hone__experiment *e = world_load_well(&w, SECTIONS), *trial = load_point(&w, e, first, &tree);
    ck_assert_ptr_null(trial->sweep);
    ck_assert_int_eq(trial->seed, 11);
    ck_assert_str_eq(trial->name, e->name);
    ck_assert_str_eq(trial->data->train, e->data->train);
    ck_assert_str_eq(trial->model.plugin->table->name, "bag");
    ck_assert_int_eq(hone__yaml_path(trial->complete, "model.hidden_size")->integer, 8);
    ck_assert_int_eq(trial->model_common->freeze.layers, 1);
    ck_assert_double_eq(hone__yaml_path(trial->complete, "optimizer.learning_rate")->real, 0.125);
    trial = load_point(&w, e, second, &tree);
    ck_assert_str_eq(trial->model.plugin->table->name, "null");
    ck_assert_ptr_null(hone__yaml_path(trial->complete, "model.hidden_size"));
    world_close(&w);
}
END_TEST

START_TEST(trees_of_points_read_back_from_their_text)
{
    world w;
    hone__yaml *tree, *again;
    const double x[] = {0, 0, 0.1, 0};
    world_open(&w);
    load_point(&w, world_load_well(&w, SECTIONS), x, &tree);
    const char *text = fixture_emit(&w.f, tree);
    ck_assert_int_eq(hone__yaml_parse(w.f.arena, text, strlen(text), "trial.yaml", &again, NULL, &w.f.err), HONE_OK);
    ck_assert(hone__yaml_equal(tree, again));
    world_close(&w);
}
END_TEST

START_TEST(choice_outside_its_list_is_the_searchers_fault)
{
    world w;
    const hone__yaml **values;
    const double x[] = {7, 0, 0.1, 0};
    world_open(&w);
    hone__experiment *e = world_load_well(&w, SECTIONS);
    ck_assert_int_eq(hone__sweep_values(w.f.arena, e->sweep, x, &values, &w.f.err), HONE_EPLUGIN);
    ck_assert_str_eq(w.f.err.msg, "the searcher gave choice 7 of model, which has 2");
    const double half[] = {0.5, 0, 0.1, 0}, huge[] = {0, 0, 0.1, 1e300}, infinite[] = {0, 0, INFINITY, 0};
    ck_assert_int_eq(hone__sweep_values(w.f.arena, e->sweep, half, &values, &w.f.err), HONE_EPLUGIN);
    ck_assert_int_eq(hone__sweep_values(w.f.arena, e->sweep, huge, &values, &w.f.err), HONE_EPLUGIN);
    ck_assert_str_eq(w.f.err.msg, "the searcher gave 1e+300 for model.freeze.layers, which is no value for it");
    ck_assert_int_eq(hone__sweep_values(w.f.arena, e->sweep, infinite, &values, &w.f.err), HONE_EPLUGIN);
    world_close(&w);
}
END_TEST

/* ---- Mistakes ---------------------------------------------------------------------------------------------------- */

static const mistake mistakes[] = {
    {SWEPT "sweep: [a]\n", "exp.yaml:9:8: sweep is a list; it must be a map"},
    {SWEPT "sweep: {method: random}\n",
     "exp.yaml:9:1: sweep.parameters is missing; it must be a map from paths (optimizer.learning_rate) to their values"},
    {SWEPT "sweep: {parameters: {optimizer.learning_rate: {value: 0.1}}}\n",
     "exp.yaml:9:1: sweep.method is missing; it must be the name of a searcher, or a map with its type"},
    {SWEPT "sweep: {method: random, parameters: {}}\n",
     "exp.yaml:9:37: sweep.parameters is an empty map; it must be a map from paths (optimizer.learning_rate) to their values"},
    {SWEPT "sweep:\n"
           "  method: annealing\n"
           "  parameters:\n"
           "    optimizer.learning_rate: {values: [0.1, 0.2]}\n",
     "exp.yaml:10:11: sweep.method: there is no searcher \"annealing\"; there are: *"},
    {SWEPT "sweep:\n"
           "  method: random\n"
           "  n_trials: 3\n"
           "  parameters:\n"
           "    optimizer.learning_rate: {values: [0.1, 0.2]}\n",
     "exp.yaml:11:3: sweep has no key \"n_trials\"; it is called run_cap here"},
    {SWEPT "sweep:\n"
           "  method: random\n"
           "  constraint: [a]\n"
           "  parameters:\n"
           "    optimizer.learning_rate: {values: [0.1, 0.2]}\n",
     "exp.yaml:11:3: sweep has no key \"constraint\"; did you mean \"constraints\"? It has: method, early_terminate, "
     "parameters, "
     "zip, constraints, metric, run_cap, seeds, sampler_seed, time_budget_s, max_concurrent_trials, on_error, on_duplicate, "
     "save, "
     "refit, trial_timeout_s, trial_memory_gib, memory_gib"},
#define SETTING(text) SWEPT "sweep:\n  method: random\n  " text "\n  parameters:\n    optimizer.learning_rate: {value: 0.1}\n"
    {SETTING("seeds: []"), "exp.yaml:11:10: sweep.seeds is an empty list; it must have at least one seed"},
    {SETTING("seeds: [1, 2, 1]"), "exp.yaml:11:17: sweep.seeds holds 1 twice; the two trials would have the same bits"},
    {SETTING("seeds: [1, -2]"), "exp.yaml:11:14: sweep.seeds[1] is -2; it must be an integer >= 0"},
    {SETTING("seeds: two"),
     "exp.yaml:11:10: sweep.seeds is \"two\"; it must be a list, each item an integer >= 0; write [two]"},
    {SETTING("n_seeds: 2"), "exp.yaml:11:3: sweep has no key \"n_seeds\"; it is called seeds here"},
    {SETTING("time_budget_s: -1"), "exp.yaml:11:18: sweep.time_budget_s is -1; it must be >= 0"},
    {SETTING("on_duplicate: skip"), "exp.yaml:11:17: sweep.on_duplicate is \"skip\"; it must be one of reuse, run"},
    {SETTING("save: best"), "exp.yaml:11:9: sweep.save is \"best\"; it must be one of none, trial_best, sweep_best"},
    {SETTING("refit: true"), "exp.yaml:11:10: sweep.refit is true; it must be one of none, train+validation"},
    {SETTING("metric: {target: high}"), "exp.yaml:11:20: sweep.metric.target is \"high\"; it must be a number, or none"},
    {SETTING("early_terminate: {type: hyperband, min_iter: 3}"),
     "exp.yaml:11:27: sweep.early_terminate is hyperband; write asha, which halves the trials in one bracket"},
    {SETTING("early_terminate: {type: nul}"),
     "exp.yaml:11:27: sweep.early_terminate: there is no stopper \"nul\"; did you mean null? There are: *"},
    {SETTING("early_terminate: {type: null, x: 1}"), "exp.yaml:11:33: sweep.early_terminate has no key \"x\"; *"},
    {SWEPT "seeds: [1]\n", "exp.yaml:9:1: the file has no key \"seeds\"; write sweep.seeds"},
    {SWEPT "sweep:\n"
           "  method: random\n"
           "  on_error: stop\n"
           "  parameters:\n"
           "    optimizer.learning_rate: {values: [0.1, 0.2]}\n",
     "exp.yaml:11:13: sweep.on_error is \"stop\"; it must be one of continue, abort"},
    {SWEPT "sweep:\n"
           "  method: random\n"
           "  max_concurrent_trials: 0\n"
           "  parameters:\n"
           "    optimizer.learning_rate: {values: [0.1, 0.2]}\n",
     "exp.yaml:11:26: sweep.max_concurrent_trials is 0; it must be an integer in [1, 100000], or auto"},
    {SWEPT "sweep:\n"
           "  method: random\n"
           "  metric: {name: f1}\n"
           "  parameters:\n"
           "    optimizer.learning_rate: {values: [0.1, 0.2]}\n",
     "exp.yaml:11:18: sweep.metric.name is \"f1\"; write validation/f1"},
    {SWEPT "sweep:\n"
           "  method: random\n"
           "  metric: {name: validation/f1, goal: minimize}\n"
           "  parameters:\n"
           "    optimizer.learning_rate: {values: [0.1, 0.2]}\n",
     "exp.yaml:11:39: sweep.metric.goal is minimize, but validation/f1 is better when larger; write maximize, or leave it out"},
    {DATA REST "metrics: [confusion]\n"
               "sweep:\n"
               "  method: random\n"
               "  metric: {name: validation/confusion_true_positives, goal: minimize}\n"
               "  parameters:\n"
               "    optimizer.learning_rate: {values: [0.1, 0.2]}\n",
     "exp.yaml:11:61: sweep.metric.goal is minimize, but validation/confusion_true_positives is better when larger; write "
     "maximize, or leave it out"},
    {DATA REST "metrics: [confusion]\n"
               "sweep:\n"
               "  method: random\n"
               "  metric: {name: validation/confusion_false_positives, goal: maximize}\n"
               "  parameters:\n"
               "    optimizer.learning_rate: {values: [0.1, 0.2]}\n",
     "exp.yaml:11:62: sweep.metric.goal is maximize, but validation/confusion_false_positives is better when smaller; write "
     "minimize, or leave it out"},
    {"data: {type: squad, train: t.tsv, validation: v.tsv}\n"
     "tokenizer: {type: whitespace}\nmodel: {type: bag}\nhead: {type: span}\noptimizer: {type: null}\n"
     "schedule: {type: null}\nlauncher: {type: null}\nmetrics: [squad]\n"
     "trainer: {metric_for_best_model: validation/squad_best_f1_thresh}\n",
     "exp.yaml:9:34: trainer.metric_for_best_model is validation/squad_best_f1_thresh, which does not say which is better; "
     "choose another"},
    {SWEPT "sweep:\n"
           "  method: random\n"
           "  metric: {name: validation/f2}\n"
           "  parameters:\n"
           "    optimizer.learning_rate: {values: [0.1, 0.2]}\n",
     "exp.yaml:11:18: sweep.metric.name is \"validation/f2\"; did you mean validation/f1? There are: validation/f1, "
     "validation/loss"},
    {SWEPT SWEEP "    optimizer.learning_rate: 0.1\n", "exp.yaml:12:30: sweep.parameters.optimizer.learning_rate is 0.1; it "
                                                       "must be a map: {value: ...}, {values: [...]} or {min: ..., max: ...}"},
    {SWEPT SWEEP "    optimizer.learning_rate: [0.1]\n",
     "exp.yaml:12:30: sweep.parameters.optimizer.learning_rate is a list; it must be a map: {value: ...}, {values: [...]} or "
     "{min: ..., max: ...}"},
    {SWEPT SWEEP "    optimizer.learning_rate: {}\n",
     "exp.yaml:12:30: sweep.parameters.optimizer.learning_rate has no values; give value, values, or min and max"},
    {SWEPT SWEEP "    optimizer.learning_rate: {values: []}\n",
     "exp.yaml:12:39: sweep.parameters.optimizer.learning_rate.values is an empty list; it must be a list with at least one "
     "value"},
    {SWEPT SWEEP "    optimizer.learning_rate: {values: 0.1}\n",
     "exp.yaml:12:39: sweep.parameters.optimizer.learning_rate.values is 0.1; it must be a list with at least one value"},
    {SWEPT SWEEP "    optimizer.learning_rate: {value: 0.1, values: [0.1]}\n",
     "exp.yaml:12:30: sweep.parameters.optimizer.learning_rate has value and values; it must be one of the two"},
    {SWEPT SWEEP "    optimizer.learning_rate: {values: [0.1, 0.1]}\n",
     "exp.yaml:12:45: sweep.parameters.optimizer.learning_rate.values holds 0.1 twice"},
    {SWEPT SWEEP "    optimizer.learning_rate: {values: [0.1, 7]}\n",
     "exp.yaml:12:45: optimizer.learning_rate is 7; it must lie in (0, 1]"},
    {SWEPT SWEEP "    optimizer.learning_rate: {value: fast}\n",
     "exp.yaml:12:38: optimizer.learning_rate is \"fast\"; it must be a number in (0, 1]"},
    {SWEPT SWEEP "    optimizer.learning_rate: {choices: [0.1]}\n",
     "exp.yaml:12:31: sweep.parameters.optimizer.learning_rate has no key \"choices\"; it has: value, values, min, max, "
     "distribution, q, mu, sigma, probabilities, names, when"},
    {SWEPT SWEEP "    optimizer.learning_rate: {min: 0.1}\n",
     "exp.yaml:12:30: sweep.parameters.optimizer.learning_rate has no max"},
    {SWEPT SWEEP "    optimizer.learning_rate: {min: 0.2, max: 0.1}\n",
     "exp.yaml:12:36: sweep.parameters.optimizer.learning_rate has min 0.2 above max 0.1"},
    {SWEPT SWEEP "    optimizer.learning_rate: {min: 0, max: 1}\n",
     "exp.yaml:12:30: sweep.parameters.optimizer.learning_rate has integers as min and max, but optimizer.learning_rate takes "
     "reals; write distribution: uniform for reals, or int_uniform for integers"},
    {SWEPT SWEEP "    optimizer.learning_rate: {min: 0.1, max: 3.0}\n",
     "exp.yaml:12:46: optimizer.learning_rate is 3.0; it must lie in (0, 1]"},
    {SWEPT SWEEP "    optimizer.learning_rate: {distribution: log_uniform, min: -5.0, max: -1.0}\n",
     "exp.yaml:12:45: sweep.parameters.optimizer.learning_rate.distribution is log_uniform; its min and max are exponents; "
     "write log_uniform_values and the values themselves"},
    {SWEPT SWEEP "    optimizer.learning_rate: {distribution: log_unifrom_values, min: 0.1, max: 0.2}\n",
     "exp.yaml:12:45: sweep.parameters.optimizer.learning_rate.distribution is \"log_unifrom_values\"; did you mean "
     "log_uniform_values? There are: categorical, constant, uniform, int_uniform, log_uniform_values, q_uniform, "
     "q_log_uniform_values, normal, log_normal, q_normal, q_log_normal"},
    {SWEPT SWEEP "    optimizer.learning_rate: {distribution: q_uniform, min: 0.1, max: 0.2, q: -1}\n",
     "exp.yaml:12:79: sweep.parameters.optimizer.learning_rate.q is -1; it must be > 0"},
    {SWEPT SWEEP "    optimizer.learning_rate: {distribution: normal, mu: 0.1, sigma: 0}\n",
     "exp.yaml:12:69: sweep.parameters.optimizer.learning_rate.sigma is 0; it must be > 0"},
    {SWEPT SWEEP "    optimizer.learning_rate: {distribution: uniform, min: 0.1, max: 0.2, values: [1], q: 2}\n",
     "exp.yaml:12:74: sweep.parameters.optimizer.learning_rate has values, which uniform does not use\n"
     "exp.yaml:12:87: sweep.parameters.optimizer.learning_rate has q, which uniform does not use"},
    {SWEPT SWEEP "    optimizer.learning_rate: {values: [0.1, 0.2], probabilities: [0.5, 0.6]}\n",
     "exp.yaml:12:66: sweep.parameters.optimizer.learning_rate.probabilities add up to 1.1; they must add up to 1"},
    {SWEPT SWEEP "    optimizer.learning_rate: {values: [0.1, 0.2], probabilities: [1]}\n",
     "exp.yaml:12:66: sweep.parameters.optimizer.learning_rate.probabilities must be a list with one number for each of the 2 "
     "values"},
    {SWEPT SWEEP "    optimizer.learning_rate: {values: [0.1, 0.2], names: [slow]}\n",
     "exp.yaml:12:58: sweep.parameters.optimizer.learning_rate.names must be a list with one name for each of the 2 values"},
    {SWEPT SWEEP "    optimizer.learning_rate: {values: [0.1, 0.2], names: [slow, [fast]]}\n",
     "exp.yaml:12:65: sweep.parameters.optimizer.learning_rate.names holds a list; a name must be text"},
    {SWEPT SWEEP "    optimizer.learning_rate: {values: [0.1, 0.2], names: [slow, slow]}\n",
     "exp.yaml:12:65: sweep.parameters.optimizer.learning_rate.names holds \"slow\" twice"},
    {SWEPT SWEEP "    optimizer.learning_rate: {min: 0.1, max: 0.2, names: [slow, fast]}\n",
     "exp.yaml:12:51: sweep.parameters.optimizer.learning_rate has names, which uniform does not use"},
    {SWEPT SWEEP "    optimizer.learning_rate: {parameters: {min: 0.1, max: 1.0}}\n",
     "exp.yaml:12:31: sweep.parameters.optimizer.learning_rate has no key \"parameters\"; parameters are a map in sweep, from "
     "whole "
     "paths (optimizer.learning_rate) to their values"},
    {SWEPT SWEEP "    optimizer.learning_rate: {distribution: normal, mu: 9, sigma: 0.1}\n",
     "exp.yaml:12:30: sweep.parameters.optimizer.learning_rate draws hardly ever what optimizer.learning_rate takes: normal "
     "with mu "
     "9 and sigma 0.1, but it must lie in (0, 1]"},
    {SWEPT SWEEP "    model.freeze.layers: {distribution: log_normal, mu: 20, sigma: 1}\n",
     "exp.yaml:12:26: sweep.parameters.model.freeze.layers draws hardly ever what model.freeze.layers takes: log_normal with "
     "mu 20 "
     "and sigma 1, but it must be an integer in [0, 1000]"},
    {SWEPT SWEEP "    optimizer.lr: {value: 0.1}\n",
     "exp.yaml:12:5: optimizer has no key \"lr\"; it is called learning_rate here"},
    {SWEPT SWEEP "    optimzer.learning_rate: {value: 0.1}\n",
     "exp.yaml:12:5: the file has no key \"optimzer\"; did you mean \"optimizer\"? It has: data, tokenizer, model, head, "
     "optimizer, schedule, techniques, trainer, metrics, report, backend, launcher, sweep, format, name, output_dir, "
     "cache_dir, seed, "
     "task, "
     "plugins, "
     "data_root, model_root"},
    {SWEPT SWEEP "    optimizer.learning_rate.x: {value: 0.1}\n",
     "exp.yaml:12:5: optimizer.learning_rate has no key \"x\"; it has none"},
    {SWEPT SWEEP "    model.freeze.layer: {value: 1}\n",
     "exp.yaml:12:5: model.freeze has no key \"layer\"; did you mean \"layers\"? It has: embeddings, layers, names"},
    {SWEPT SWEEP "    model.freeze.layers: {min: 0.5, max: 1.5}\n",
     "exp.yaml:12:26: sweep.parameters.model.freeze.layers is to be uniform over reals, but model.freeze.layers takes "
     "integers; write integers as min and max, or distribution: q_uniform\n"
     "exp.yaml:12:32: model.freeze.layers is 0.5; it must be an integer in [0, 1000]\n"
     "exp.yaml:12:42: model.freeze.layers is 1.5; it must be an integer in [0, 1000]"},
    {SWEPT SWEEP "    model.freeze.layers: {distribution: int_uniform, min: -1, max: 2}\n",
     "exp.yaml:12:59: model.freeze.layers is -1; it must be an integer in [0, 1000]"},
    {SWEPT SWEEP "    model.freeze.layers: {distribution: q_uniform, min: 1, max: 4, q: 0.5}\n",
     "exp.yaml:12:71: sweep.parameters.model.freeze.layers.q is 0.5; model.freeze.layers takes integers, so q must be one"},
    {SWEPT SWEEP "    model.freeze.embeddings: {min: 0, max: 1}\n",
     "exp.yaml:12:30: sweep.parameters.model.freeze.embeddings has a range, but model.freeze.embeddings does not take numbers; "
     "write values: [...]"},
    {SWEPT SWEEP "    trainer.epochs: {value: 1}\n",
     "exp.yaml:12:5: trainer has no key \"epochs\"; it is called num_train_epochs here"},
    {SWEPT SWEEP "    data.train: {values: [t.tsv, v.tsv]}\n",
     "exp.yaml:12:5: sweep.parameters has data.train, which cannot be swept"},
    {SWEPT SWEEP "    data: {values: [{type: null, train: t.tsv}]}\n",
     "exp.yaml:12:5: sweep.parameters has data, which cannot be swept"},
    {SWEPT SWEEP "    seed: {values: [1, 2]}\n",
     "exp.yaml:12:5: sweep.parameters has seed, which cannot be swept; write sweep.seeds: [1, 2, 3]"},
    {SWEPT SWEEP "    metrics: {values: [[f1]]}\n", "exp.yaml:12:5: sweep.parameters has metrics, which cannot be swept"},
    {SWEPT SWEEP "    optimizer: {values: [{type: null, learning_rate: 7}, {type: nul}]}\n",
     "exp.yaml:12:54: optimizer.learning_rate is 7; it must lie in (0, 1]\n"
     "exp.yaml:12:65: optimizer: there is no optimizer \"nul\"; did you mean null? There are: *"},
    {SWEPT SWEEP "    optimizer: {values: [\"null\", adamw]}\n"
                 "    optimizer.nesterov: {value: true}\n",
     "exp.yaml:13:5: optimizer has no key \"nesterov\"; it has: type, groups, layer_decay, learning_rate*"},
    {SWEPT SWEEP "    optimizer: {values: [\"null\", adamw]}\n"
                 "    optimizer.type: {values: [adamw]}\n",
     "exp.yaml:13:5: sweep has optimizer and optimizer.type, which both choose the plugin; keep one of them"},
    {SWEPT SWEEP "    optimizer.type: {values: [adamw, adam]}\n",
     "exp.yaml:12:38: optimizer.type: there is no optimizer \"adam\"; did you mean adamw? There are: *"},
    {SWEPT SWEEP "    head: {values: [classification]}\n"
                 "    head.loss: {values: [cross_entropy, {type: cross_entropy, label_smoothing_factor: 2}]}\n",
     "exp.yaml:13:87: head.loss.label_smoothing_factor is 2; it must lie in [0, 1]"},
};

START_TEST(every_mistake_has_its_sentence_and_place)
{
    world w;
    world_open(&w);
    world_check_mistakes(&w, mistakes, sizeof mistakes / sizeof *mistakes);
    world_close(&w);
}
END_TEST

SUITE("sweep_config", least_sweep_has_defaults, every_key_of_a_sweep_is_read, loss_is_minimized_and_threads_bound_the_trials,
      bayes_is_another_name_of_tpe, distributions_are_those_of_weights_and_biases, choices_may_have_probabilities,
      choices_may_have_names, finer_paths_come_behind_the_sections_that_choose_their_plugin,
      path_is_inactive_where_the_chosen_plugin_lacks_it, point_becomes_a_trial_of_its_own,
      trees_of_points_read_back_from_their_text, choice_outside_its_list_is_the_searchers_fault,
      every_mistake_has_its_sentence_and_place)
