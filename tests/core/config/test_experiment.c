/* test_experiment.c - whole experiment files: what they become, the complete configuration, and every mistake's sentence.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/cpu.h"
#include "config/experiment_parts.h"
#include "config/params_parts.h"
#include "experiment_fixture.h"

#include <unistd.h>

/* ---- What a file becomes ----------------------------------------------------------------------------------------- */

START_TEST(least_file_becomes_a_whole_experiment)
{
    world w;
    world_open(&w);
    hone__experiment *e = world_load_well(&w, DATA REST);
    ck_assert_str_eq(e->name, "exp");
    ck_assert_str_eq(e->output_dir, "reports/exp");
    ck_assert_int_eq(e->seed, 42);
    ck_assert_str_eq(e->reader.plugin->table->name, "null");
    ck_assert_int_eq(e->trainer.num_train_epochs, 3);
    ck_assert_int_eq(e->trainer.train_batch_size.value, 8);
    ck_assert_int_eq(e->trainer.eval_batch_size.word, 0);
    ck_assert_int_eq(e->trainer.max_tokens.word, 0);
    ck_assert_int_eq(e->trainer.eval_max_tokens.value, 4096);
    ck_assert_double_eq(e->trainer.max_grad_norm, 1);
    ck_assert_int_eq(e->trainer.threads.word, 0);
    ck_assert_str_eq(e->trainer.metric_for_best_model, "validation/loss");
    ck_assert_int_eq(e->tokenizer_common->max_length.word, 0);
    ck_assert_ptr_null(e->model_common->path);
    ck_assert_str_eq(e->backend.plugin->table->name, hone__auto_type(HONE_KIND_BACKEND, NULL));
    ck_assert_ptr_null(e->sweep);
    ck_assert_uint_eq(e->n_metrics, 0);
    ck_assert(world_matches(&w, e->data->train, "DIR/t.tsv"));
    ck_assert(world_matches(&w, e->data_root, "DIR"));
    world_close(&w);
}
END_TEST

/* The word is what processor and precision make of it, in a file as by default; the complete configuration says what was chosen. */
START_TEST(backend_auto_is_chosen_by_processor_and_precision_alone)
{
    static const char *const files[] = {DATA REST, DATA REST "backend: auto\n", DATA REST "backend: {type: auto}\n"};
    static const char *const isa[] = {"x86-64", "avx2"}, *const chosen[] = {"openblas", "native"};
    const char *before = getenv("HONE_ISA");
    char saved[64] = "";
    if (before)
        snprintf(saved, sizeof saved, "%s", before);
    for (int i = 0; i < 2; i++) {
        setenv("HONE_ISA", isa[i], 1);
        if (strcmp(hone__cpu_isa(), isa[i]) != 0)
            continue; /* the processor has no such set to be lowered to */
        for (size_t f = 0; f < sizeof files / sizeof *files; f++) {
            world w;
            world_open(&w);
            hone__experiment *e = world_load_well(&w, files[f]);
            ck_assert_str_eq(e->backend.plugin->table->name, chosen[i]);
            ck_assert_str_eq(hone__yaml_get(e->backend.node, "type")->text, chosen[i]);
            world_close(&w);
        }
        world w; /* only one backend does bf16 */
        world_open(&w);
        hone__experiment *e = world_load_well(&w, DATA REST "trainer: {precision: bf16}\n");
        ck_assert_str_eq(e->backend.plugin->table->name, "native");
        ck_assert_int_eq(e->trainer.precision, HONE__BF16_OPERANDS);
        world_close(&w);
    }
    unsetenv("HONE_ISA");
    if (before)
        setenv("HONE_ISA", saved, 1);
}
END_TEST

START_TEST(metrics_have_names_and_the_first_is_the_best_models)
{
    world w;
    world_open(&w);
    hone__experiment *e =
        world_load_well(&w, DATA REST "metrics: [f1, accuracy, {type: f1, name: f1_macro, average: macro}]\n");
    ck_assert_uint_eq(e->n_metrics, 3);
    ck_assert_str_eq(e->metrics[0].name, "f1");
    ck_assert_str_eq(e->metrics[2].name, "f1_macro");
    ck_assert_str_eq(e->trainer.metric_for_best_model, "validation/f1");
    world_load_well(&w, DATA REST "metrics: [f1]\ntrainer: {metric_for_best_model: validation/f1_of_something}\n");
    world_load_well(&w, DATA REST "metrics: [f1]\ntrainer: {metric_for_best_model: validation/loss}\n");
    world_close(&w);
}
END_TEST

START_TEST(share_of_training_is_the_rest_of_the_split)
{
    world w;
    world_open(&w);
    hone__experiment *e = world_load_well(&w, "data: {type: null, train: t.tsv, split: {validation: 0.25, test: 0.25}}\n" REST);
    ck_assert_double_eq(e->data->split.train, 0.5);
    ck_assert_double_eq(hone__yaml_path(e->complete, "data.split.train")->real, 0.5);
    world_close(&w);
}
END_TEST

START_TEST(roots_move_what_is_read)
{
    world w;
    world_open(&w);
    world_folder(&w, "a");
    world_write(&w, "a/t.tsv", "");
    world_write(&w, "a/v.tsv", "");
    hone__experiment *e = world_load_well(&w, "data_root: a\n" DATA REST);
    ck_assert(world_matches(&w, e->data->train, "DIR/a/t.tsv"));
    ck_assert(world_matches(&w, e->data_root, "DIR/a"));
    ck_assert(world_matches(&w, e->model_root, "DIR"));
    world_close(&w);
}
END_TEST

START_TEST(config_json_of_the_model_stands_before_its_defaults)
{
    world w;
    world_open(&w);
    world_folder(&w, "small");
    world_write(&w, "small/config.json", "{\"model_type\": \"bert\", \"hidden_size\": 24, \"num_attention_heads\": 2}");
    hone__experiment *e = world_load_well(
        &w, DATA "tokenizer: {type: null}\nmodel: {type: bert, path: small, num_attention_heads: 4}\nhead: {type: null}\n"
                 "optimizer: {type: null}\nschedule: {type: null}\nlauncher: {type: null}\n");
    ck_assert_int_eq(hone__yaml_path(e->complete, "model.hidden_size")->integer, 24);
    ck_assert_int_eq(hone__yaml_path(e->complete, "model.num_attention_heads")->integer, 4);
    world_close(&w);
}
END_TEST

/* ---- The complete configuration ---------------------------------------------------------------------------------- */

static const char *const files[] = {
    DATA REST,
    DATA REST "name: x\noutput_dir: y/z\nseed: 7\nmetrics: [f1, {type: accuracy, name: acc}]\ntechniques: [{type: null}]\n",
    "data: {type: null, train: t.tsv, split: {validation: 0.1}, label_names: {\"0\": no, \"1\": \"1\"}}\n" REST,
    DATA "tokenizer: {type: null, max_length: 64}\nmodel: {type: bag, freeze: {names: [\"*.bias\"]}}\n"
         "head: {type: classification, loss: cross_entropy}\noptimizer: adamw\nlauncher: {type: null}\n",
    SWEPT "sweep:\n  method: random\n  run_cap: 3\n  parameters:\n"
          "    optimizer.learning_rate: {distribution: log_uniform_values, min: 1.0e-5, max: 1.0e-4}\n"
          "    model: {values: [{type: null}, bag]}\n    model.hidden_size: {values: [4, 8]}\n",
    "data: {type: null, train: t.tsv, validation: v.tsv}\ntokenizer: {type: null}\nhead: {type: null}\n"
    "schedule: {type: null}\nlauncher: {type: null}\n"
    "sweep:\n  method: grid\n  parameters:\n    model: {values: [\"null\", {type: bag, hidden_size: 8}]}\n",
    SWEPT "sweep:\n  method: random\n  run_cap: 3\n  seeds: [1, 2]\n  metric: {target: 0.5}\n  early_terminate: {type: null}\n"
          "  constraints: [\"trainer.train_batch_size * tokenizer.max_length <= 4096\"]\n"
          "  parameters:\n    optimizer: {values: [adamw, {type: sgd, momentum: 0.5}]}\n"
          "    optimizer.nesterov: {values: [true, false], when: 'optimizer.type in [sgd]'}\n"
          "  zip:\n    length: [{tokenizer.max_length: 64, trainer.train_batch_size: 32}]\n",
};

START_TEST(complete_configuration_is_valid_and_completes_to_itself)
{
    world w;
    world_open(&w);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char *first = strdup(fixture_emit(&w.f, world_load_well(&w, files[i])->complete));
        ck_assert_str_eq(fixture_emit(&w.f, world_load_well(&w, first)->complete), first);
        free(first);
    }
    world_close(&w);
}
END_TEST

START_TEST(portable_configuration_means_the_same_elsewhere)
{
    world w;
    hone__yaml *root;
    hone__experiment *there;
    world_open(&w);
    hone__experiment *e = world_load_well(&w, DATA REST);
    ck_assert_int_eq(hone__experiment_portable(w.f.arena, e, &root, &w.f.err), HONE_OK);
    ck_assert_int_eq(hone__experiment_from(w.f.arena, w.registry, root, "other.yaml", "/", &there, &w.f.issues, &w.f.err),
                     HONE_OK);
    ck_assert_str_eq(there->data->train, e->data->train);
    ck_assert_str_eq(there->name, "exp");
    world_close(&w);
}
END_TEST

/* ---- Tasks and files of plugins ---------------------------------------------------------------------------------- */

static char *module_line(void)
{
    static char line[4200];
    const char *build = getenv("HONE_BUILD");
    ck_assert_msg(build != NULL, "run this test through ctest, which sets HONE_BUILD");
    snprintf(line, sizeof line, "plugins: [%s/tests/bad/mismatched.so]\n", build);
    return line;
}

static hone__experiment *load_with_module(world *w, const char *text)
{
    char all[8400];
    snprintf(all, sizeof all, "%s%s", text, module_line());
    return world_load(w, all);
}

START_TEST(task_stands_below_what_the_file_says)
{
    world w;
    world_open(&w);
    hone__experiment *e = load_with_module(
        &w, "task: made_up\ndata: {train: t.tsv, validation: v.tsv}\ntokenizer: {type: null}\nmodel: {type: null}\n"
            "schedule: {type: null}\noptimizer: {type: adamw}\nlauncher: {type: null}\n");
    ck_assert_msg(e != NULL, "%s", fixture_issues(&w.f));
    ck_assert_int_eq(hone__yaml_path(e->complete, "data.labels")->integer, 3);
    ck_assert_str_eq(e->metrics[0].name, "accuracy");
    ck_assert_str_eq(e->head.plugin->table->name, "null");
    /* An optimizer of another type takes nothing from the task's. */
    ck_assert_double_eq(hone__yaml_path(e->complete, "optimizer.learning_rate")->real, 5e-5);
    world_close(&w);
}
END_TEST

START_TEST(targets_that_do_not_fit_are_refused)
{
    world w;
    world_open(&w);
    ck_assert_ptr_null(load_with_module(&w, DATA "tokenizer: {type: null}\nmodel: {type: null}\nhead: {type: spans, loss: "
                                                 "pairwise}\noptimizer: {type: null}\nschedule: {type: null}\nlauncher: "
                                                 "{type: null}\nmetrics: [f1, overlap]\n"));
    ck_assert_str_eq(fixture_issues(&w.f), "exp.yaml:4:7: head spans takes plain text or span; data null gives class\n"
                                           "exp.yaml:4:27: loss pairwise takes choice; head spans gives span\n"
                                           "exp.yaml:8:11: metric f1 takes class or classes; head spans gives span");
    ck_assert_ptr_null(load_with_module(&w, DATA REST "metrics: [overlap]\n"));
    ck_assert_str_eq(fixture_issues(&w.f), "exp.yaml:8:11: metric overlap takes score, tags or span; head null gives class");
    world_close(&w);
}
END_TEST

START_TEST(choice_that_does_not_fit_the_rest_is_refused_where_it_stands)
{
    world w;
    world_open(&w);
    ck_assert_ptr_null(load_with_module(&w, DATA REST "sweep:\n  method: grid\n  parameters:\n"
                                                      "    head: {values: [\"null\", {type: spans, loss: \"null\"}]}\n"));
    ck_assert_ptr_nonnull(strstr(fixture_issues(&w.f), "exp.yaml:11:29: head spans takes plain text or span; data null gives "
                                                       "class"));
    world_close(&w);
}
END_TEST

/* ---- The design page's example ----------------------------------------------------------------------------------- */

START_TEST(example_of_the_design_page_is_fine)
{
    world w;
    hone__yaml *root;
    hone__experiment *e;
    world_open(&w);
    world_folder(&w, "mrpc");
    world_write(&w, "mrpc/train.tsv", "");
    world_write(&w, "mrpc/dev.tsv", "");
    world_write(&w, "mrpc/msr_paraphrase_test.txt", "");
    world_folder(&w, "all-MiniLM-L6-v2");
    world_write(&w, "all-MiniLM-L6-v2/config.json", "{\"model_type\": \"bert\", \"hidden_size\": 384}");
    hone_status status = hone__yaml_load(w.f.arena, "tests/core/config/design_example.yaml", &root, &w.f.err);
    ck_assert_msg(status == HONE_OK, "%s", w.f.err.msg);
    status = hone__experiment_from(w.f.arena, w.registry, root, "mrpc.yaml", w.dir, &e, &w.f.issues, &w.f.err);
    ck_assert_msg(status == HONE_OK, "%s", fixture_issues(&w.f));
    ck_assert_uint_eq(e->sweep->n_dimensions, 5);
    ck_assert_uint_eq(e->sweep->n_constraints, 1);
    ck_assert_uint_eq(e->sweep->n_seeds, 3);
    ck_assert_str_eq(e->sweep->metric, "validation/f1");
    world_close(&w);
}
END_TEST

/* ---- Mistakes ---------------------------------------------------------------------------------------------------- */

static const mistake mistakes[] = {
    {"[a]\n", "exp.yaml:1:1: the file is a list; it must be a map with the sections of an experiment"},
    {"data: {type: null}\n" REST,
     "exp.yaml:1:1: data.train is missing; it must be a path\n"
     "exp.yaml:1:1: data has no validation: give the file, or data.split.validation as a share of the training file"},
    {"data: {type: null, train: t.tsv}\n" REST,
     "exp.yaml:1:1: data has no validation: give the file, or data.split.validation as a share of the training file"},
    {"data: {type: null, train: t.tsv, validation: v.tsv, split: {validation: 0.1}}\n" REST,
     "exp.yaml:1:73: data.validation is a file and data.split.validation is 0.1; it must be one of the two"},
    {"data: {type: null, train: t.tsv, split: {train: 0.5, validation: 0.1}}\n" REST,
     "exp.yaml:1:41: data.split adds up to 0.6; it must be 1 (train may be left out, it is the rest)"},
    {"data: {type: null, train: t.tsv, split: {validation: 0.6, test: 0.6}}\n" REST,
     "exp.yaml:1:41: data.split adds up to 1.2; it must be 1 (train may be left out, it is the rest)"},
    {"data: {type: null, train: t.tsv, validation: v.tsv, label_names: {\"0\": a, \"1\": a}}\n" REST,
     "exp.yaml:1:80: data.label_names gives two labels the name \"a\"; each needs one of its own"},
    {"data: {type: null, train: nothing.tsv, validation: v.tsv}\n" REST,
     "exp.yaml:1:27: data.train is \"nothing.tsv\", but there is no DIR/nothing.tsv; such paths are relative to data_root, or "
     "without it to the experiment file"},
    {"data: {type: nul, train: t.tsv, validation: v.tsv}\n" REST,
     "exp.yaml:1:14: data: there is no reader \"nul\"; did you mean null? There are: *"},
    {"data: {type: null, train_file: t.tsv, validation: v.tsv}\n" REST,
     "exp.yaml:1:1: data.train is missing; it must be a path\n"
     "exp.yaml:1:20: data has no key \"train_file\"; it is called train here"},
    {REST, "exp.yaml:1:1: there is no section data (the examples: files, and how they are read); it is needed"},
    {DATA, "exp.yaml:1:1: there is no section model (the encoder); it is needed\n"
           "exp.yaml:1:1: there is no section head (what is predicted from the encoder's output); it is needed"},
    {DATA REST "format: 2\nnewer: true\n", "exp.yaml:8:9: format is 2; hone *"},
    {DATA REST "format: 0\n", "exp.yaml:8:9: format is 0; it must be an integer in [1, 1]"},
    {DATA REST "seed: -1\n", "exp.yaml:8:7: seed is -1; it must be an integer >= 0"},
    {DATA REST "name: a/b\n",
     "exp.yaml:8:7: name is \"a/b\"; it names a folder, so it must not be empty, hold a / or begin with a point"},
    {DATA REST "data_root: nowhere\n",
     "exp.yaml:8:12: data_root is \"nowhere\", but there is no DIR/nowhere; it is relative to the experiment file"},
    {DATA REST "plugins: [nothing.so]\n",
     "exp.yaml:8:11: plugins is \"nothing.so\", but there is no DIR/nothing.so; it is relative to the experiment file"},
    {DATA REST "task: nothing\n", "exp.yaml:8:7: task: there is no task \"nothing\"; there are: *"},
    {DATA REST "modle: {type: null}\n",
     "exp.yaml:8:1: the file has no key \"modle\"; did you mean \"model\"? It has: data, "
     "tokenizer, model, head, optimizer, schedule, techniques, trainer, metrics, report, backend, "
     "launcher, sweep, format, name, output_dir, cache_dir, seed, task, plugins, data_root, model_root"},
    {DATA REST "learning_rate: 1.0e-5\n", "exp.yaml:8:1: the file has no key \"learning_rate\"; write optimizer.learning_rate"},
    {DATA REST "evaluation_strategy: epoch\n",
     "exp.yaml:8:1: the file has no key \"evaluation_strategy\"; write trainer.eval_strategy"},
    {DATA REST "trainer: {per_device_train_batch_size: 8, lr: 1, epochs: 3}\n",
     "exp.yaml:8:11: trainer has no key \"per_device_train_batch_size\"; it is called train_batch_size here\n"
     "exp.yaml:8:43: trainer has no key \"lr\"; write optimizer.learning_rate\n"
     "exp.yaml:8:50: trainer has no key \"epochs\"; it is called num_train_epochs here"},
    {DATA REST "trainer: {batch_size: 8, group_by_length: true}\n",
     "exp.yaml:8:11: trainer has no key \"batch_size\"; it is called train_batch_size here\n"
     "exp.yaml:8:26: trainer has no key \"group_by_length\"; it is called train_sampling_strategy here"},
    {DATA REST "trainer: {train_batch_size: none}\n",
     "exp.yaml:8:29: trainer.train_batch_size and trainer.max_tokens are both none; one of them must say where a batch ends"},
    {DATA REST "trainer: {eval_batch_size: none, eval_max_tokens: none}\n",
     "exp.yaml:8:28: trainer.eval_batch_size and trainer.eval_max_tokens are both none; one of them must say where a batch "
     "ends"},
    {DATA REST "trainer: {train_sampling_strategy: grouped}\n",
     "exp.yaml:8:36: trainer.train_sampling_strategy is \"grouped\"; it must be one of random, sequential, "
     "group_by_length"},
    {DATA REST "trainer: fast\n", "exp.yaml:8:10: trainer is \"fast\"; it must be a map"},
    {DATA REST "metrics: accuracy\n",
     "exp.yaml:8:10: metrics is \"accuracy\"; it must be a list, each item the name of a metric, or a map with its type"},
    {DATA REST "metrics: [accuracy, acuracy]\n",
     "exp.yaml:8:21: metrics[1]: there is no metric \"acuracy\"; did you mean accuracy? There are: *"},
    {DATA REST "metrics: [f1, {type: f1, average: macro}]\n",
     "exp.yaml:8:15: metrics has two entries called f1; give one of them another name (name: ...)"},
    {DATA REST "metrics: [{type: f1, name: a/b}]\n",
     "exp.yaml:8:28: metrics[0].name is \"a/b\"; it must be a word without blanks and /"},
    {SWEPT "trainer: {metric_for_best_model: eval_f1}\n",
     "exp.yaml:9:34: trainer.metric_for_best_model is \"eval_f1\"; write validation/f1"},
    {SWEPT "trainer: {metric_for_best_model: f1}\n",
     "exp.yaml:9:34: trainer.metric_for_best_model is \"f1\"; write validation/f1"},
    {SWEPT "trainer: {metric_for_best_model: test/f1}\n",
     "exp.yaml:9:34: trainer.metric_for_best_model is \"test/f1\"; test data is never used to choose: write validation/f1"},
    {DATA REST "metrics: [f1, accuracy]\n"
               "trainer: {metric_for_best_model: validation/acuracy}\n",
     "exp.yaml:9:34: trainer.metric_for_best_model is \"validation/acuracy\"; did you mean validation/accuracy? There are: "
     "validation/f1, validation/accuracy, validation/loss"},
    {DATA REST "report: {slices: [{column: genre}, {pattern: \"[a\"}, {name: x}, {column: a, pattern: b}]}\n",
     "exp.yaml:8:46: report.slices[1].pattern is \"[a\"; it is no extended regular expression: *\n"
     "exp.yaml:8:53: report.slices[2] has neither a column nor a pattern; give it one of the two\n"
     "exp.yaml:8:64: report.slices[3] has both a column and a pattern; give it one of the two"},
    {DATA REST "techniques: {type: null}\n",
     "exp.yaml:8:13: techniques is a map; it must be a list, each item the name of a technique, or a map with its type"},
    {DATA "model: {type: null}\n"
          "head: {type: null}\n"
          "optimizer: {type: null}\n"
          "schedule: {type: null}\n"
          "launcher: {type: null}\n",
     "exp.yaml:1:1: there is no section tokenizer; model null reads text and needs one"},
    {DATA "tokenizer: {type: null}\n"
          "model: {type: bert, path: empty}\n"
          "head: {type: null}\n"
          "optimizer: {type: null}\n"
          "schedule: {type: null}\n"
          "launcher: {type: null}\n",
     "exp.yaml:3:27: model.path is \"empty\", but there is no config.json in it"},
    {DATA "tokenizer: {type: null}\n"
          "model: {type: bert, path: distil}\n"
          "head: {type: null}\n"
          "optimizer: {type: null}\n"
          "schedule: {type: null}\n"
          "launcher: {type: null}\n",
     "exp.yaml:3:27: model.path: DIR/distil/config.json is of a model of type distilbert; model bert reads bert"},
    {DATA "tokenizer: {type: null}\n"
          "model: {type: bert, path: broken}\n"
          "head: {type: null}\n"
          "optimizer: {type: null}\n"
          "schedule: {type: null}\n"
          "launcher: {type: null}\n",
     "exp.yaml:3:27: model.path: DIR/broken/config.json:1:15: this is not valid JSON: *"},
    {DATA "tokenizer: {type: null}\n"
          "model: {type: null}\n"
          "head: {type: null}\n"
          "optimizer: {type: null, lr: 1}\n"
          "schedule: {type: null}\n"
          "launcher: {type: null}\n",
     "exp.yaml:5:25: optimizer has no key \"lr\"; it is called learning_rate here"},
    {DATA "tokenizer: {type: null}\n"
          "model: {type: null}\n"
          "head: {type: classification, loss: {type: cross_entropy, label_smoothing: 0.1}}\n"
          "optimizer: {type: null}\n"
          "schedule: {type: null}\n"
          "launcher: {type: null}\n",
     "exp.yaml:4:58: head.loss has no key \"label_smoothing\"; it has: type, label_smoothing_factor, class_weights, "
     "weights_by_label"},
    {DATA "tokenizer: {type: null}\n"
          "model: {type: null}\n"
          "head: {type: classification, loss: focl}\n"
          "optimizer: {type: null}\n"
          "schedule: {type: null}\n"
          "launcher: {type: null}\n",
     "exp.yaml:4:36: head.loss: there is no loss \"focl\"; *"},
};

START_TEST(every_mistake_has_its_sentence_and_place)
{
    world w;
    world_open(&w);
    world_check_mistakes(&w, mistakes, sizeof mistakes / sizeof *mistakes);
    world_close(&w);
}
END_TEST

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

typedef struct attempt {
    world *w;
    const char *text;
} attempt;

static hone_status load_once(void *ctx, hone_error *err)
{
    const attempt *a = ctx;
    hone_arena *arena = hone__arena_create(4096);
    if (!arena)
        return hone_no_memory(err, "loading");
    hone__issues issues = {.arena = arena};
    hone__yaml *root;
    hone__experiment *e;
    hone_status status = hone__yaml_parse(arena, a->text, strlen(a->text), "exp.yaml", &root, NULL, err);
    if (status == HONE_OK)
        status = hone__experiment_from(arena, a->w->registry, root, "exp.yaml", a->w->dir, &e, &issues, err);
    hone__arena_destroy(arena);
    return status;
}

START_TEST(every_failing_allocation_is_a_clean_error)
{
    world w;
    world_open(&w);
    for (size_t i = 0; i < sizeof files / sizeof *files; i += 2) {
        attempt a = {&w, files[i]};
        world_load_well(&w, files[i]); /* plugins are loaded by now */
        ck_assert_int_gt(suite_every_allocation_fails(load_once, &a), 5);
    }
    world_close(&w);
}
END_TEST

static hone_status load_file_once(void *ctx, hone_error *err)
{
    const attempt *a = ctx;
    const hone__override overrides[] = {{"seed", "3"}, {"sweep.parameters.trainer.max_steps", "{values: [1, 2]}"}};
    hone_arena *arena = hone__arena_create(4096);
    if (!arena)
        return hone_no_memory(err, "loading");
    hone__issues issues = {.arena = arena};
    hone__experiment *e;
    hone_status status = hone__experiment_load(arena, a->w->registry, a->text, overrides, 2, &e, &issues, err);
    hone__arena_destroy(arena);
    return status;
}

START_TEST(every_failing_allocation_of_a_file_with_overrides_is_a_clean_error)
{
    world w;
    char path[4200];
    world_open(&w);
    world_load_well(&w, files[4]);
    world_write(&w, "exp.yaml", files[4]);
    snprintf(path, sizeof path, "%s/exp.yaml", w.dir);
    attempt a = {&w, path};
    ck_assert_int_gt(suite_every_allocation_fails(load_file_once, &a), 5);
    world_close(&w);
}
END_TEST

/* Thousands of allocations make the schema: some of the first, and then ever fewer, fail here. */
START_TEST(schema_says_when_memory_is_short)
{
    world w;
    hone_status status = HONE_ENOMEM;
    world_open(&w);
    for (int64_t n = 1; status != HONE_OK; n += 1 + n / 4) {
        hone__str out = {0};
        hone_error err;
        hone__alloc_fail_at(n);
        status = hone__experiment_schema(w.registry, &out, &err);
        int64_t taken = hone__alloc_count();
        hone__alloc_fail_at(0);
        ck_assert(status == HONE_OK ? taken < n : status == HONE_ENOMEM);
        ck_assert(status != HONE_OK || strstr(hone__str_text(&out), "\"learning_rate\"") != NULL);
        hone__str_clear(&out);
    }
    world_close(&w);
}
END_TEST

SUITE("experiment", backend_auto_is_chosen_by_processor_and_precision_alone, least_file_becomes_a_whole_experiment,
      metrics_have_names_and_the_first_is_the_best_models, share_of_training_is_the_rest_of_the_split, roots_move_what_is_read,
      config_json_of_the_model_stands_before_its_defaults, complete_configuration_is_valid_and_completes_to_itself,
      portable_configuration_means_the_same_elsewhere, task_stands_below_what_the_file_says,
      targets_that_do_not_fit_are_refused, choice_that_does_not_fit_the_rest_is_refused_where_it_stands,
      example_of_the_design_page_is_fine, every_mistake_has_its_sentence_and_place, every_failing_allocation_is_a_clean_error,
      every_failing_allocation_of_a_file_with_overrides_is_a_clean_error, schema_says_when_memory_is_short)
