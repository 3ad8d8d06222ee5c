/* test_overrides.c - key=value on the command line: dotted paths, YAML values, and what cannot be set.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "experiment_fixture.h"

/* Loads exp.yaml of the world's folder with overrides "path=value"; NULL where there are mistakes. */
static hone__experiment *load(world *w, const char *text, const char *const *overrides)
{
    hone__override list[8];
    hone__experiment *e;
    char path[4200];
    size_t n = 0;
    fixture_close(&w->f);
    fixture_open(&w->f);
    world_write(w, "exp.yaml", text);
    for (; overrides[n]; n++) {
        const char *equals = strchr(overrides[n], '=');
        list[n] = (hone__override){hone_strndup(w->f.arena, overrides[n], (size_t)(equals - overrides[n])), equals + 1};
    }
    snprintf(path, sizeof path, "%s/exp.yaml", w->dir);
    hone_status status = hone__experiment_load(w->f.arena, w->registry, path, list, n, &e, &w->f.issues, &w->f.err);
    ck_assert_msg(status == HONE_OK || status == HONE_ECONFIG, "%s", w->f.err.msg);
    return e;
}

#define LOAD(w, text, ...) load(w, text, (const char *const[]){__VA_ARGS__, NULL})

static const hone__yaml *value(const hone__experiment *e, const char *path)
{
    const hone__yaml *node = hone__yaml_path(e->complete, path);
    ck_assert_msg(node != NULL, "%s", path);
    return node;
}

START_TEST(values_are_yaml_under_dotted_paths)
{
    world w;
    world_open(&w);
    hone__experiment *e = LOAD(&w, SWEPT, "optimizer.learning_rate=0.25", "seed=7", "metrics=[accuracy]",
                               "trainer.num_train_epochs=5", "data.label_names={\"0\": no}", "model.freeze.layers=2", "name=x");
    ck_assert_msg(e != NULL, "%s", fixture_issues(&w.f));
    ck_assert_double_eq(value(e, "optimizer.learning_rate")->real, 0.25);
    ck_assert_int_eq(e->seed, 7);
    ck_assert_uint_eq(e->n_metrics, 1);
    ck_assert_str_eq(e->metrics[0].name, "accuracy");
    ck_assert_int_eq(e->trainer.num_train_epochs, 5);
    ck_assert_str_eq(e->data->label_names.keys[0], "0");
    ck_assert_int_eq(e->model_common->freeze.layers, 2);
    ck_assert_str_eq(e->output_dir, "reports/x");
    world_close(&w);
}
END_TEST

START_TEST(bare_name_of_a_plugin_opens_for_its_parameters)
{
    world w;
    world_open(&w);
    hone__experiment *e = LOAD(&w, DATA "tokenizer: {type: null}\nmodel: bag\nhead: classification\noptimizer: adamw\n",
                               "model.hidden_size=16", "head.loss.label_smoothing_factor=0.1", "optimizer.beta1=0.8");
    ck_assert_msg(e != NULL, "%s", fixture_issues(&w.f));
    ck_assert_int_eq(value(e, "model.hidden_size")->integer, 16);
    ck_assert_double_eq(value(e, "head.loss.label_smoothing_factor")->real, 0.1);
    ck_assert_str_eq(value(e, "head.loss.type")->text, "cross_entropy");
    ck_assert_double_eq(value(e, "optimizer.beta1")->real, 0.8);
    world_close(&w);
}
END_TEST

START_TEST(sweeps_and_their_parameters_can_be_set)
{
    static const char text[] = SWEPT "sweep:\n  method: random\n  parameters:\n"
                                     "    optimizer.learning_rate: {min: 0.1, max: 0.2}\n";
    world w;
    world_open(&w);
    hone__experiment *e = LOAD(&w, text, "sweep.run_cap=4", "sweep.parameters.optimizer.learning_rate.max=0.5",
                               "sweep.parameters.model.freeze.layers={values: [0, 1]}", "sweep.method=grid");
    ck_assert_msg(e != NULL, "%s", fixture_issues(&w.f));
    ck_assert_int_eq(e->sweep->run_cap, 4);
    ck_assert_uint_eq(e->sweep->n_dimensions, 2);
    ck_assert_double_eq(e->sweep->dimensions[0].dimension.max, 0.5);
    ck_assert_str_eq(e->sweep->dimensions[1].path, "model.freeze.layers");
    ck_assert_str_eq(e->sweep->searcher.plugin->table->name, "grid");
    e = LOAD(&w, text, "sweep.parameters.optimizer.learning_rate={value: 0.3}");
    ck_assert_msg(e != NULL, "%s", fixture_issues(&w.f));
    ck_assert_uint_eq(e->sweep->n_dimensions, 1);
    ck_assert_uint_eq(e->sweep->dimensions[0].dimension.n_choices, 1);
    e = LOAD(&w, SWEPT, "sweep.method=random", "sweep.parameters.optimizer.learning_rate={value: 0.3}");
    ck_assert_msg(e != NULL, "%s", fixture_issues(&w.f));
    ck_assert_uint_eq(e->sweep->n_dimensions, 1);
    world_close(&w);
}
END_TEST

START_TEST(null_takes_a_section_or_value_away)
{
    world w;
    world_open(&w);
    hone__experiment *e = LOAD(&w, SWEPT "sweep:\n  method: random\n  parameters: {seed: 1}\n", "sweep=null");
    ck_assert_msg(e != NULL, "%s", fixture_issues(&w.f));
    ck_assert_ptr_null(e->sweep);
    world_close(&w);
}
END_TEST

START_TEST(data_root_of_the_command_line_is_relative_to_the_working_directory)
{
    world w;
    char override[4300];
    world_open(&w);
    ck_assert_ptr_null(LOAD(&w, "data: {type: null, train: suite.h, validation: suite.h}\n" REST, "seed=1"));
    ck_assert_ptr_nonnull(LOAD(&w, "data: {type: null, train: suite.h, validation: suite.h}\n" REST, "data_root=tests"));
    snprintf(override, sizeof override, "model_root=%s", w.dir);
    ck_assert_ptr_nonnull(LOAD(&w, DATA REST, override));
    world_close(&w);
}
END_TEST

static const struct {
    const char *override, *issues;
} mistakes[] = {
    {"optimizer.learning_rate=-1", "command line: optimizer.learning_rate is -1; it must lie in (0, 1]"},
    {"optimizer.lr=1", "command line: optimizer has no key \"lr\"; it is called learning_rate here"},
    {"optimzer.learning_rate=1", "command line: the file has no key \"optimzer\"; did you mean \"optimizer\"? It has: *"},
    {"seed=", "command line: seed is empty; it must be an integer >= 0"},
    {"trainer.train_batch_size=2.0",
     "command line: trainer.train_batch_size is 2.0; it must be an integer in [1, 1000000], or none: write 2"},
    {"metrics.0=f1", "metrics.0=f1: command line: 'metrics.0' cannot be set: 'metrics' is a list (*"},
    {"seed.x=1", "seed.x=1: command line: 'seed.x' cannot be set: *"},
    {"optimizer=[", "optimizer=[: command line:*"},
    {"a..b=1", "a..b=1: command line: 'a..b' is no path; *"},
    {"data.train=none.tsv",
     "command line: data.train is \"none.tsv\", but there is no DIR/none.tsv; such paths are relative to "
     "data_root, or without it to the experiment file"},
    {"data_root=none", "command line: data_root is \"none\", but there is no none; it is relative to the working directory"},
};

START_TEST(mistakes_say_that_they_come_from_the_command_line)
{
    world w;
    world_open(&w);
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        ck_assert_ptr_null(LOAD(&w, "seed: 1\n" SWEPT, mistakes[i].override));
        const char *seen = fixture_issues(&w.f);
        ck_assert_msg(world_matches(&w, seen, mistakes[i].issues), "%s: %s", mistakes[i].override, seen);
    }
    world_close(&w);
}
END_TEST

SUITE("overrides", values_are_yaml_under_dotted_paths, bare_name_of_a_plugin_opens_for_its_parameters,
      sweeps_and_their_parameters_can_be_set, null_takes_a_section_or_value_away,
      data_root_of_the_command_line_is_relative_to_the_working_directory, mistakes_say_that_they_come_from_the_command_line)
