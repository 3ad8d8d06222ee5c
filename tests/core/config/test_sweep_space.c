/* test_sweep_space.c - what ties settings of a sweep together: groups of zip, `when` and `constraints`.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "experiment_fixture.h"

#include <math.h>

#define SWEEP SWEPT "sweep:\n  method: random\n"
#define LENGTHS                                                                                                                \
    "  zip:\n    length:\n      - {tokenizer.max_length: 64, trainer.train_batch_size: 32}\n"                                  \
    "      - {tokenizer.max_length: 128, trainer.train_batch_size: 16}\n"

/* ---- Points ------------------------------------------------------------------------------------------------------ */

static hone__experiment *load_point(world *w, const hone__experiment *e, const double *x)
{
    const hone__yaml **values;
    hone__experiment *trial;
    hone__yaml *tree;
    ck_assert_int_eq(hone__sweep_values(w->f.arena, e->sweep, x, &values, &w->f.err), HONE_OK);
    ck_assert_int_eq(hone__experiment_point(w->f.arena, e, values, 11, &tree, &w->f.err), HONE_OK);
    hone_status status =
        hone__experiment_from(w->f.arena, w->registry, tree, "trial.yaml", "/", &trial, &w->f.issues, &w->f.err);
    ck_assert_msg(status == HONE_OK, "%s", fixture_issues(&w->f));
    return trial;
}

START_TEST(choices_of_zip_may_have_names)
{
    world w;
    world_open(&w);
    const hone__sweep_config *s = world_load_well(&w, SWEEP "  zip:\n    batch:\n"
                                                            "      - {name: small, trainer.train_batch_size: 16}\n"
                                                            "      - {name: large, trainer.train_batch_size: 32}\n")
                                      ->sweep;
    const hone__sweep_dimension *d = &s->dimensions[s->n_dimensions - 1];
    ck_assert_uint_eq(d->n_paths, 1);
    ck_assert_str_eq(d->paths[0], "trainer.train_batch_size");
    ck_assert_str_eq(hone__sweep_choice_name(d, d->values[1]), "large");
    world_close(&w);
}
END_TEST

START_TEST(group_of_zip_is_one_choice)
{
    world w;
    world_open(&w);
    hone__experiment *e = world_load_well(&w, SWEEP LENGTHS);
    const hone__sweep_dimension *d = e->sweep->dimensions;
    ck_assert_uint_eq(e->sweep->n_dimensions, 1);
    ck_assert_str_eq(d->path, "length");
    ck_assert_str_eq(d->dimension.name, "length");
    ck_assert_uint_eq(d->dimension.distribution, HONE_CATEGORICAL);
    ck_assert_uint_eq(d->dimension.n_choices, 2);
    ck_assert_uint_eq(d->n_paths, 2);
    for (int i = 0; i < 2; i++) {
        const double x[] = {i};
        const hone__experiment *trial = load_point(&w, e, x);
        ck_assert_int_eq(trial->tokenizer_common->max_length.value, i == 0 ? 64 : 128);
        ck_assert_int_eq(trial->trainer.train_batch_size.value, i == 0 ? 32 : 16);
    }
    world_close(&w);
}
END_TEST

START_TEST(group_may_hold_a_section_and_what_lies_below_it)
{
    world w;
    world_open(&w);
    hone__experiment *e =
        world_load_well(&w, SWEEP "  zip:\n    way:\n      - {optimizer.momentum: 0.5, optimizer: sgd}\n"
                                  "      - {optimizer.momentum: 0.25, optimizer: {type: sgd, nesterov: true}}\n");
    const double x[] = {1};
    const hone__experiment *trial = load_point(&w, e, x);
    ck_assert_str_eq(trial->optimizer.plugin->table->name, "sgd");
    ck_assert_double_eq(hone__yaml_path(trial->complete, "optimizer.momentum")->real, 0.25);
    ck_assert(hone__yaml_path(trial->complete, "optimizer.nesterov")->truth);
    world_close(&w);
}
END_TEST

/* Below a section that another dimension chooses, a group exists where all of it does. */
START_TEST(group_is_inactive_where_its_paths_are_not)
{
    world w;
    world_open(&w);
    hone__experiment *e =
        world_load_well(&w, SWEEP "  parameters:\n    optimizer: {values: [adamw, sgd]}\n"
                                  "  zip:\n    way:\n      - {optimizer.momentum: 0.5, optimizer.nesterov: true}\n"
                                  "      - {optimizer.momentum: 0, optimizer.nesterov: false}\n");
    const hone_space space = hone__sweep_space(w.f.arena, e->sweep);
    const double adamw[] = {0, NAN}, sgd[] = {1, NAN};
    ck_assert(!space.active(space.host, adamw, 1));
    ck_assert(space.active(space.host, sgd, 1));
    world_close(&w);
}
END_TEST

START_TEST(space_without_conditions_says_so)
{
    world w;
    world_open(&w);
    const hone__experiment *e = world_load_well(&w, SWEEP LENGTHS);
    const hone_space space = hone__sweep_space(w.f.arena, e->sweep);
    ck_assert(space.active == NULL);
    ck_assert(space.allowed == NULL);
    world_close(&w);
}
END_TEST

/* ---- When -------------------------------------------------------------------------------------------------------- */

#define OPTIMIZERS "    optimizer: {values: [{type: adamw, weight_decay: 0.01}, {type: sgd, momentum: 0.9}, sgd]}\n"

static bool is_active(world *w, const char *yaml, const char *path, const double *x)
{
    const hone__experiment *e = world_load_well(w, yaml);
    const hone_space space = hone__sweep_space(w->f.arena, e->sweep);
    for (uint64_t d = 0; d < space.n; d++)
        if (strcmp(e->sweep->dimensions[d].path, path) == 0)
            return space.active(space.host, x, d);
    ck_abort_msg("there is no %s", path);
}

static const struct {
    const char *when;
    bool active[3]; /* with each choice of the optimizer */
} whens[] = {
    {"optimizer.type == sgd", {false, true, true}},
    {"optimizer.type != sgd", {true, false, false}},
    {"optimizer.momentum > 0.5", {false, true, false}}, /* adamw has none; the third has the default, 0 */
    {"not optimizer.momentum > 0.5", {false, false, true}},
    {"optimizer.weight_decay == 0.01", {true, false, false}},
    {"optimizer.type == adamw or optimizer.momentum == 0", {true, false, true}},
    {"trainer.num_train_epochs == 3", {true, true, true}}, /* a default that nothing sweeps */
};

START_TEST(when_says_in_which_points_a_dimension_counts)
{
    world w;
    world_open(&w);
    for (size_t i = 0; i < sizeof whens / sizeof *whens; i++)
        for (int choice = 0; choice < 3; choice++) {
            char text[2000];
            const double x[] = {choice, NAN};
            snprintf(text, sizeof text,
                     SWEEP "  parameters:\n    trainer.train_batch_size: {values: [8, 16], when: \"%s\"}\n" OPTIMIZERS,
                     whens[i].when);
            ck_assert_msg(is_active(&w, text, "trainer.train_batch_size", x) == whens[i].active[choice], "%s with choice %d",
                          whens[i].when, choice);
        }
    world_close(&w);
}
END_TEST

START_TEST(when_may_speak_of_a_range_of_a_group_and_of_the_inactive)
{
    static const char text[] = SWEEP "  parameters:\n"
                                     "    trainer.max_grad_norm: {value: 2, when: trainer.num_train_epochs == 4}\n"
                                     "    trainer.num_train_epochs: {values: [4, 5], when: tokenizer.max_length > 100}\n"
                                     "    trainer.eval_batch_size: {value: 2, when: optimizer.learning_rate < 0.25}\n"
                                     "    optimizer.learning_rate: {min: 0.1, max: 0.5}\n" LENGTHS;
    static const char *const order[] = {"length", "trainer.num_train_epochs", "trainer.max_grad_norm",
                                        "optimizer.learning_rate", "trainer.eval_batch_size"};
    static const double points[][5] = {{0, NAN, NAN, 0.2, NAN}, {1, 0, NAN, 0.3, NAN}, {1, 1, NAN, 0.3, NAN}};
    static const bool active[][5] = {
        {true, false, false, true, true}, {true, true, true, true, false}, {true, true, false, true, false}};
    world w;
    world_open(&w);
    const hone__experiment *e = world_load_well(&w, text);
    const hone_space space = hone__sweep_space(w.f.arena, e->sweep);
    for (uint64_t d = 0; d < 5; d++)
        ck_assert_str_eq(e->sweep->dimensions[d].path, order[d]);
    for (size_t i = 0; i < 3; i++)
        for (uint64_t d = 0; d < 5; d++)
            ck_assert_msg(space.active(space.host, points[i], d) == active[i][d], "point %zu, %s", i, order[d]);
    world_close(&w);
}
END_TEST

/* The optimizer is a choice only of long trainings; in the others it is the file's, of another type than the first choice. */
START_TEST(inactive_section_is_that_of_the_file)
{
    static const char text[] =
        SWEEP "  parameters:\n    optimizer: {values: [adamw, sgd], when: trainer.num_train_epochs > 3}\n"
              "    trainer.num_train_epochs: {values: [3, 4]}\n"
              "    optimizer.momentum: {values: [0, 0.5]}\n"
              "    trainer.train_batch_size: {value: 2, when: \"optimizer.type == 'null'\"}\n";
    world w;
    world_open(&w);
    const hone__experiment *e = world_load_well(&w, text);
    const hone_space space = hone__sweep_space(w.f.arena, e->sweep);
    const double files[] = {0, NAN, NAN, NAN}, adamw[] = {1, 0, NAN, NAN}, sgd[] = {1, 1, 0, NAN};
    ck_assert_str_eq(e->sweep->dimensions[1].path, "optimizer");
    ck_assert_str_eq(e->sweep->dimensions[2].path, "optimizer.momentum");
    ck_assert(!space.active(space.host, files, 1));
    ck_assert(!space.active(space.host, files, 2));
    ck_assert(space.active(space.host, files, 3));
    ck_assert(space.active(space.host, adamw, 1));
    ck_assert(!space.active(space.host, adamw, 2));
    ck_assert(!space.active(space.host, adamw, 3));
    ck_assert(space.active(space.host, sgd, 2));
    world_close(&w);
}
END_TEST

/* ---- Constraints ------------------------------------------------------------------------------------------------- */

START_TEST(constraints_hold_for_what_is_swept_and_what_is_not)
{
    static const struct {
        const char *constraint;
        bool allowed[4]; /* (adamw, 0.1), (adamw, 0.4), (sgd, 0.1), (sgd, 0.4) */
    } rows[] = {
        {"optimizer.learning_rate < 0.2", {true, false, true, false}},
        {"optimizer.type == sgd or optimizer.learning_rate < 0.2", {true, false, true, true}},
        {"optimizer.learning_rate * trainer.num_train_epochs <= 0.9", {true, false, true, false}},
        {"optimizer.momentum > 0", {true, true, false, false}}, /* adamw has none, so it is not forbidden */
        {"optimizer.learning_rate in [0.1, 0.2]", {true, false, true, false}},
        {"optimizer.type == sgd and optimizer.learning_rate == 0.4", {false, false, false, true}},
    };
    static const double points[][2] = {{0, 0.1}, {0, 0.4}, {1, 0.1}, {1, 0.4}};
    world w;
    world_open(&w);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[2000];
        snprintf(text, sizeof text,
                 SWEEP "  parameters:\n    optimizer: {values: [adamw, sgd]}\n"
                       "    optimizer.learning_rate: {min: 0.1, max: 0.5}\n  constraints: [\"%s\"]\n",
                 rows[i].constraint);
        const hone__experiment *e = world_load_well(&w, text);
        const hone_space space = hone__sweep_space(w.f.arena, e->sweep);
        for (size_t p = 0; p < 4; p++)
            ck_assert_msg(space.allowed(space.host, points[p]) == rows[i].allowed[p], "%s at point %zu", rows[i].constraint, p);
    }
    world_close(&w);
}
END_TEST

START_TEST(all_constraints_must_hold)
{
    world w;
    world_open(&w);
    const hone__experiment *e =
        world_load_well(&w, SWEEP LENGTHS "  constraints: [tokenizer.max_length > 64, \"trainer.train_batch_size * "
                                          "tokenizer.max_length <= 2048\"]\n");
    const hone_space space = hone__sweep_space(w.f.arena, e->sweep);
    const double shorter[] = {0}, longer[] = {1};
    ck_assert(!space.allowed(space.host, shorter));
    ck_assert(space.allowed(space.host, longer));
    world_close(&w);
}
END_TEST

/* Numbers that no searcher should give are answered, too. */
START_TEST(odd_points_do_no_harm)
{
    static const double odd[] = {NAN, -1, 2, 1e300, -INFINITY, INFINITY};
    world w;
    world_open(&w);
    const hone__experiment *e =
        world_load_well(&w, SWEEP LENGTHS "  parameters:\n    optimizer: {values: [adamw, sgd]}\n"
                                          "    optimizer.momentum: {values: [0, 0.5], when: tokenizer.max_length < 100}\n"
                                          "  constraints: [\"optimizer.type == sgd or tokenizer.max_length == 64\"]\n");
    const hone_space space = hone__sweep_space(w.f.arena, e->sweep);
    for (size_t a = 0; a < 6; a++)
        for (size_t b = 0; b < 6; b++) {
            const double x[] = {odd[a], odd[b], NAN};
            for (uint64_t d = 0; d < space.n; d++)
                (void)space.active(space.host, x, d);
            (void)space.allowed(space.host, x);
        }
    world_close(&w);
}
END_TEST

/* ---- Rendering --------------------------------------------------------------------------------------------------- */

START_TEST(whole_space_renders_to_itself)
{
    world w;
    hone__experiment *again;
    world_open(&w);
    hone__experiment *e = world_load_well(
        &w, SWEEP "  constraints: [\"trainer.train_batch_size * tokenizer.max_length <= 4096\", 'optimizer.type in [sgd, "
                  "\"adamw\"]']\n" LENGTHS "  parameters:\n    optimizer: {values: [{type: adamw}, {type: sgd}]}\n"
                  "    optimizer.nesterov: {values: [true, false], when: \"optimizer.type == sgd\"}\n  seeds: [1, 2]\n");
    const char *text = fixture_emit(&w.f, e->complete);
    const hone__yaml *root = fixture_yaml(&w.f, text);
    ck_assert_int_eq(hone__experiment_from(w.f.arena, w.registry, root, "again.yaml", w.dir, &again, &w.f.issues, &w.f.err),
                     HONE_OK);
    ck_assert_str_eq(fixture_emit(&w.f, again->complete), text);
    ck_assert_uint_eq(again->sweep->n_dimensions, 3);
    for (size_t i = 0; i < 3; i++)
        ck_assert_str_eq(again->sweep->dimensions[i].path, e->sweep->dimensions[i].path);
    world_close(&w);
}
END_TEST

/* ---- Mistakes ---------------------------------------------------------------------------------------------------- */

#define ZIP(text) SWEEP "  zip:\n" text
#define WHEN(text)                                                                                                             \
    SWEEP "  parameters:\n    optimizer: {values: [adamw, sgd]}\n    trainer.train_batch_size: {value: 8, when: " text "}\n"
#define CONSTRAINT(text) SWEEP LENGTHS "  constraints: [" text "]\n"

static const mistake mistakes[] = {
    {SWEEP "  zip: length\n",
     "exp.yaml:9:1: sweep.parameters is missing; it must be a map from paths (optimizer.learning_rate) to their values\n"
     "exp.yaml:11:8: sweep.zip is \"length\"; it must be a map from names to lists of settings that go together"},
    {SWEEP "  zip: {}\n",
     "exp.yaml:9:1: sweep.parameters is missing; it must be a map from paths (optimizer.learning_rate) to their values"},
    {ZIP("    a: {trainer.train_batch_size: 8}\n"),
     "exp.yaml:12:8: sweep.zip.a is a map; it must be a list of maps from paths to values, one map for each choice"},
    {ZIP("    a: []\n"),
     "exp.yaml:12:8: sweep.zip.a is an empty list; it must be a list of maps from paths to values, one map for each choice"},
    {ZIP("    a: [8]\n"), "exp.yaml:12:9: sweep.zip.a[0] is 8; it must be a map from paths to values"},
    {ZIP("    a: [{trainer.train_batch_size: 8}, {}]\n"),
     "exp.yaml:12:40: sweep.zip.a[1] is an empty map; it must be a map from paths to values"},
    {ZIP("    a: [{trainer.train_batch_size: 8}, {trainer.train_batch_size: 8}]\n"),
     "exp.yaml:12:40: sweep.zip.a holds the same settings twice"},
    {ZIP("    a: [{trainer.train_batch_size: 8, tokenizer.max_length: 9}, {trainer.train_batch_size: 9}]\n"),
     "exp.yaml:12:65: sweep.zip.a[1] has no tokenizer.max_length, which the first choice sets; all set the same paths"},
    {ZIP("    a: [{trainer.train_batch_size: 8}, {trainer.train_batch_size: 9, tokenizer.max_length: 9}]\n"),
     "exp.yaml:12:70: sweep.zip.a[1] sets tokenizer.max_length, which the first choice does not; all set the same paths"},
    {ZIP("    a: [{trainer.batch_size: 8}]\n"),
     "exp.yaml:12:10: trainer has no key \"batch_size\"; it is called train_batch_size here"},
    {ZIP("    a: [{optimizer.nesterov: true}]\n"), "exp.yaml:12:10: optimizer has no key \"nesterov\"; it has: *"},
    {ZIP("    a: [{trainer.train_batch_size: 0}]\n"),
     "exp.yaml:12:36: trainer.train_batch_size is 0; it must be an integer in [1, 1000000], or none"},
    {ZIP("    a: [{trainer.train_batch_size: {values: [8]}}]\n"),
     "exp.yaml:12:36: trainer.train_batch_size is a map; it must be an integer in [1, 1000000], or none"},
    {ZIP("    a: [{data.train: t.tsv}]\n"), "exp.yaml:12:10: sweep.zip.a has data.train, which cannot be swept"},
    {ZIP("    a: [{name: one}]\n"), "exp.yaml:12:9: sweep.zip.a[0] sets nothing beside its name"},
    {ZIP("    a: [{name: [1], tokenizer.max_length: 8}]\n"),
     "exp.yaml:12:16: sweep.zip.a[0].name is a list; a name must be text"},
    {ZIP("    a: [{name: one, tokenizer.max_length: 8}, {name: one, tokenizer.max_length: 9}]\n"),
     "exp.yaml:12:54: sweep.zip.a has two choices with the name one"},
    {ZIP("    a: [{name: one, tokenizer.max_length: 8}, {tokenizer.max_length: 9}]\n"),
     "exp.yaml:12:47: sweep.zip.a[1] has no name, which the first choice sets; all set the same paths"},
    {ZIP("    a: [{seed: 1}]\n"), "exp.yaml:12:10: sweep.zip.a has seed, which cannot be swept; write sweep.seeds: [1, 2, 3]"},
    {SWEEP "  parameters:\n    trainer.train_batch_size: {value: 8}\n  zip:\n    a: [{trainer.train_batch_size: 8}]\n",
     "exp.yaml:14:10: sweep.zip.a sets trainer.train_batch_size, as sweep.parameters does; a path is set in one place only"},
    {ZIP("    a: [{trainer.train_batch_size: 8}]\n    b: [{trainer.train_batch_size: 9}]\n"),
     "exp.yaml:13:10: sweep.zip.b sets trainer.train_batch_size, as sweep.zip.a does; a path is set in one place only"},
    {ZIP("    a: [{optimizer: sgd, optimizer.type: sgd}]\n"),
     "exp.yaml:12:26: sweep has optimizer and optimizer.type, which both choose the plugin; keep one of them"},
    {SWEEP "  parameters:\n    optimizer: {values: [adamw, sgd]}\n  zip:\n    optimizer: [{trainer.train_batch_size: 8}]\n",
     "exp.yaml:14:5: sweep.zip has a group called optimizer, as a path of sweep.parameters is; give it another name"},
    {SWEEP "  parameters:\n    optimizer: {values: [adamw, sgd]}\n"
           "  zip:\n    a: [{optimizer.momentum: 0.5, trainer.train_batch_size: 8}]\n",
     "exp.yaml:14:10: optimizer has no key \"momentum\"; it has: *"},
    {ZIP("    a: [{optimizer: adamw, model.hidden_size: 8}]\n    b: [{model: bag, optimizer.weight_decay: 0.5}]\n"),
     "exp.yaml:13:5: sweep.zip.b and sweep.zip.a depend on each other in a circle"},
    /* when */
    {WHEN("3"), "exp.yaml:13:48: sweep.parameters.trainer.train_batch_size.when is 3; it must be an expression, such as "
                "\"optimizer.type == sgd\""},
    {WHEN("optimizer.type = sgd"), "exp.yaml:13:63: sweep.parameters.trainer.train_batch_size.when has '='; write =="},
    {WHEN("\"optimizer.type = sgd\""), "exp.yaml:13:64: sweep.parameters.trainer.train_batch_size.when has '='; write =="},
    {WHEN("optimizer.tpye == sgd"), "exp.yaml:13:48: optimizer has no key \"tpye\"; did you mean \"type\"? It has: type, *"},
    {WHEN("optimzer.type == sgd"), "exp.yaml:13:48: the file has no key \"optimzer\"; did you mean \"optimizer\"? It has: *"},
    {WHEN("optimizer.type == sdg"),
     "exp.yaml:13:66: optimizer.type: there is no optimizer \"sdg\"; did you mean sgd? There are: *"},
    {WHEN("optimizer.type == 3"),
     "exp.yaml:13:66: sweep.parameters.trainer.train_batch_size.when: optimizer.type is text and 3 is a "
     "number; they are never equal"},
    {WHEN("trainer.num_train_epochs == 0"),
     "exp.yaml:13:76: trainer.num_train_epochs is 0; it must be an integer in [1, 1000000]"},
    {WHEN("model.freeze == true"),
     "exp.yaml:13:48: sweep.parameters.trainer.train_batch_size.when: model.freeze can be a map; an "
     "expression takes single values"},
    {WHEN("trainer.train_batch_size == 8"),
     "exp.yaml:13:48: sweep.parameters.trainer.train_batch_size.when speaks of trainer.train_batch_size itself"},
    {SWEEP "  parameters:\n    trainer.train_batch_size: {value: 8, when: trainer.eval_batch_size > 1}\n"
           "    trainer.eval_batch_size: {value: 8, when: trainer.train_batch_size > 1}\n",
     "exp.yaml:13:5: sweep.parameters.trainer.eval_batch_size and sweep.parameters.trainer.train_batch_size depend on each "
     "other in "
     "a circle"},
    {DATA "tokenizer: {type: null}\nhead: {type: null}\noptimizer: {type: null}\nlauncher: {type: null}\nmetrics: [f1]\n"
          "sweep:\n  method: random\n  parameters:\n    model: {values: [\"null\", bag], when: optimizer.type == adamw}\n",
     "exp.yaml:10:42: sweep.parameters.model has a when, but the file has no model of its own for the points that do not meet "
     "it"},
    /* constraints */
    {SWEEP LENGTHS "  constraints: tokenizer.max_length < 3\n",
     "exp.yaml:15:16: sweep.constraints is \"tokenizer.max_length < 3\"; it must be a list of at most 1000 expressions, *"},
    {CONSTRAINT("tokenizer.max_length <, \"tokenizer.max_length * 2\", 7"),
     "exp.yaml:15:39: sweep.constraints[0] has its end where a value should stand\n"
     "exp.yaml:15:69: sweep.constraints[2] is 7; it must be an expression, such as \"optimizer.type == sgd\""},
    {CONSTRAINT("\"tokenizer.max_length * 2\""), "exp.yaml:15:18: sweep.constraints[0]: tokenizer.max_length *"},
    {CONSTRAINT("tokenizer.max_lenght < 3"),
     "exp.yaml:15:17: tokenizer has no key \"max_lenght\"; did you mean \"max_length\"? It has: *"},
    {CONSTRAINT("trainer.threads * 2 < 8"), "exp.yaml:15:17: sweep.constraints[0]: trainer.threads is text; *"},
    {CONSTRAINT("name.x == a"), "exp.yaml:15:17: name has no key \"x\"; it has none"},
    {CONSTRAINT("optimizer == adamw"),
     "exp.yaml:15:17: sweep.constraints[0]: optimizer and adamw are two literals, so this is the "
     "same for every point; a path has points in it (optimizer.type)"},
};

START_TEST(every_mistake_has_its_sentence_and_place)
{
    world w;
    world_open(&w);
    world_check_mistakes(&w, mistakes, sizeof mistakes / sizeof *mistakes);
    world_close(&w);
}
END_TEST

SUITE("sweep_space", choices_of_zip_may_have_names, group_of_zip_is_one_choice, group_may_hold_a_section_and_what_lies_below_it,
      group_is_inactive_where_its_paths_are_not, space_without_conditions_says_so, when_says_in_which_points_a_dimension_counts,
      when_may_speak_of_a_range_of_a_group_and_of_the_inactive, inactive_section_is_that_of_the_file,
      constraints_hold_for_what_is_swept_and_what_is_not, all_constraints_must_hold, odd_points_do_no_harm,
      whole_space_renders_to_itself, every_mistake_has_its_sentence_and_place)
