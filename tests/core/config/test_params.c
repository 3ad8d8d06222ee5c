/* test_params.c - YAML against parameter tables: every type and shape, defaults, ranges, and every mistake's sentence.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "config_fixture.h"

#include "base/json.h"

#include <math.h>
#include <stdio.h>

/* ---- A table with every type and shape --------------------------------------------------------------------------- */

typedef struct group {
    const char *pattern;
    double learning_rate;
} group;

typedef struct freeze {
    bool embeddings;
    int64_t layers;
} freeze;

typedef struct params {
    double rate, decay, any;
    int64_t epochs, layers, whole;
    bool nesterov;
    const char *label, *note, *file;
    int32_t activation;
    hone_int_or_word max_length;
    hone_real_or_word scale;
    freeze freeze;
    hone_list names, numbers, groups;
    hone_map columns;
} params;

static const char *const activations[] = {"gelu", "relu", NULL};
static const char *const automatic[] = {"auto", NULL};

static const hone_param group_rows[] = {
    HONE_PARAM_STRING(group, pattern, .flags = HONE_REQUIRED, .help = "weights"),
    HONE_PARAM_REAL(group, learning_rate, .def_real = 1e-3, .max_real = 1, .flags = HONE_OPEN_MIN, .help = "of these"),
};
static const hone_param freeze_rows[] = {
    HONE_PARAM_BOOL(freeze, embeddings, .help = "the embeddings"),
    HONE_PARAM_INT(freeze, layers, .max_int = INT64_MAX, .help = "the first layers"),
};
static const hone_param rows[] = {
    HONE_PARAM_REAL(params, rate, .def_real = 0.5, .max_real = 1, .flags = HONE_OPEN_MIN, .help = "r", .renamed = "lr eta"),
    HONE_PARAM_REAL(params, decay, .max_real = INFINITY, .help = "d"),
    HONE_PARAM_REAL(params, any, .min_real = -INFINITY, .max_real = INFINITY, .help = "a"),
    HONE_PARAM_INT(params, epochs, .def_int = 3, .min_int = 1, .max_int = INT64_MAX, .help = "e"),
    HONE_PARAM_INT(params, layers, .max_int = 12, .help = "l"),
    HONE_PARAM_INT(params, whole, .min_int = INT64_MIN, .max_int = INT64_MAX, .help = "w"),
    HONE_PARAM_BOOL(params, nesterov, .help = "n"),
    HONE_PARAM_STRING(params, label, .def_text = "none", .help = "l"),
    HONE_PARAM_STRING(params, note, .help = "n"),
    HONE_PARAM_STRING(params, file, .flags = HONE_PATH, .help = "f"),
    HONE_PARAM_CHOICE(params, activation, activations, .def_text = "gelu", .help = "a"),
    HONE_PARAM_INT_OR_WORD(params, max_length, automatic, .def_text = "auto", .min_int = 1, .max_int = INT64_MAX, .help = "m"),
    HONE_PARAM_REAL_OR_WORD(params, scale, automatic, .def_real = 2, .max_real = 4, .help = "s"),
    HONE_PARAM_TABLE(params, freeze, freeze, freeze_rows, .def_text = "{layers: 2}", .help = "f"),
    HONE_PARAM_LIST(params, names, HONE_STRING, const char *, .def_text = "[a, b]", .max_items = 3, .help = "n"),
    HONE_PARAM_LIST(params, numbers, HONE_REAL, double, .min_real = 0, .max_real = 10, .min_items = 1, .def_text = "[1]",
                    .help = "n"),
    HONE_PARAM_RECORDS(params, groups, group, group_rows, .help = "g"),
    HONE_PARAM_MAP(params, columns, HONE_STRING, const char *, .help = "c"),
};
enum { N_ROWS = sizeof rows / sizeof *rows };

static const char *issues_of(fixture *f, const char *text)
{
    params p = {0};
    f->issues.n = 0;
    f->fill.path = "part";
    ck_assert_int_eq(hone__params_fill(&f->fill, rows, N_ROWS, fixture_yaml(f, text), &p, NULL, &f->err), HONE_OK);
    return fixture_issues(f);
}

static params filled(fixture *f, const char *text, hone__yaml **complete)
{
    params p = {0};
    f->fill.path = "part";
    const hone__yaml *node = text ? fixture_yaml(f, text) : NULL;
    ck_assert_int_eq(hone__params_fill(&f->fill, rows, N_ROWS, node, &p, complete, &f->err), HONE_OK);
    ck_assert_str_eq(fixture_issues(f), "");
    return p;
}

/* ---- What is read ------------------------------------------------------------------------------------------------ */

START_TEST(defaults_fill_every_field)
{
    fixture f;
    fixture_open(&f);
    params p = filled(&f, NULL, NULL);
    ck_assert_double_eq(p.rate, 0.5);
    ck_assert_double_eq(p.decay, 0);
    ck_assert_int_eq(p.epochs, 3);
    ck_assert(!p.nesterov);
    ck_assert_str_eq(p.label, "none");
    ck_assert_ptr_null(p.note);
    ck_assert_ptr_null(p.file);
    ck_assert_int_eq(p.activation, 0);
    ck_assert_int_eq(p.max_length.word, 0);
    ck_assert_int_eq(p.scale.word, -1);
    ck_assert_double_eq(p.scale.value, 2);
    ck_assert_int_eq(p.freeze.layers, 2);
    ck_assert_uint_eq(p.names.n, 2);
    ck_assert_str_eq(((const char *const *)p.names.items)[1], "b");
    ck_assert_uint_eq(p.numbers.n, 1);
    ck_assert_uint_eq(p.groups.n, 0);
    ck_assert_uint_eq(p.columns.n, 0);
    fixture_close(&f);
}
END_TEST

START_TEST(written_values_fill_every_field)
{
    fixture f;
    fixture_open(&f);
    params p = filled(&f,
                      "rate: 1.0e-5\n"
                      "decay: 1\n"
                      "any: -3\n"
                      "epochs: 0o17\n"
                      "layers: 12\n"
                      "whole: -9223372036854775808\n"
                      "nesterov: true\n"
                      "label: 1\n"
                      "note: no\n"
                      "activation: relu\n"
                      "max_length: 128\n"
                      "scale: auto\n"
                      "freeze: {embeddings: true}\n"
                      "names: [x, 7, true]\n"
                      "numbers: [1, 2.5]\n"
                      "groups: [{pattern: \"*.bias\", learning_rate: 1e-4}, {pattern: head}]\n"
                      "columns: {text: \"#1 String\", label: 3}\n",
                      NULL);
    ck_assert_double_eq(p.rate, 1e-5);
    ck_assert_double_eq(p.decay, 1);
    ck_assert_int_eq(p.epochs, 15);
    ck_assert(p.whole == INT64_MIN);
    ck_assert(p.nesterov);
    ck_assert_str_eq(p.label, "1");
    ck_assert_str_eq(p.note, "no");
    ck_assert_int_eq(p.activation, 1);
    ck_assert_int_eq(p.max_length.word, -1);
    ck_assert_int_eq(p.max_length.value, 128);
    ck_assert_int_eq(p.scale.word, 0);
    ck_assert(p.freeze.embeddings);
    ck_assert_int_eq(p.freeze.layers, 2); /* the table's default goes on below what is written */
    ck_assert_str_eq(((const char *const *)p.names.items)[1], "7");
    ck_assert_double_eq(((const double *)p.numbers.items)[1], 2.5);
    const group *groups = p.groups.items;
    ck_assert_str_eq(groups[0].pattern, "*.bias");
    ck_assert_double_eq(groups[0].learning_rate, 1e-4);
    ck_assert_double_eq(groups[1].learning_rate, 1e-3);
    ck_assert_str_eq(p.columns.keys[0], "text");
    ck_assert_str_eq(((const char *const *)p.columns.values)[1], "3");
    fixture_close(&f);
}
END_TEST

START_TEST(complete_configuration_fills_the_same_and_is_its_own_completion)
{
    static const char *const texts[] = {"{}", "rate: 1\nnames: []\nlabel: \"1\"",
                                        "groups: [{pattern: x}]\nfreeze: {layers: 0}"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        fixture f;
        hone__yaml *once, *twice;
        fixture_open(&f);
        filled(&f, texts[i], &once);
        const char *first = fixture_emit(&f, once);
        filled(&f, first, &twice);
        ck_assert_str_eq(fixture_emit(&f, twice), first);
        fixture_close(&f);
    }
}
END_TEST

START_TEST(complete_configuration_holds_every_row)
{
    fixture f;
    hone__yaml *complete;
    fixture_open(&f);
    filled(&f, "rate: 1", &complete);
    ck_assert_str_eq(fixture_emit(&f, complete), "rate: 1.0\n"
                                                 "decay: 0.0\n"
                                                 "any: 0.0\n"
                                                 "epochs: 3\n"
                                                 "layers: 0\n"
                                                 "whole: 0\n"
                                                 "nesterov: false\n"
                                                 "label: none\n"
                                                 "note: null\n"
                                                 "file: null\n"
                                                 "activation: gelu\n"
                                                 "max_length: auto\n"
                                                 "scale: 2.0\n"
                                                 "freeze: {embeddings: false, layers: 2}\n"
                                                 "names: [a, b]\n"
                                                 "numbers: [1.0]\n"
                                                 "groups: []\n"
                                                 "columns: {}\n");
    fixture_close(&f);
}
END_TEST

/* ---- What is refused --------------------------------------------------------------------------------------------- */

static const struct {
    const char *yaml, *issue;
} mistakes[] = {
    {"rate: -1", "exp.yaml:1:7: part.rate is -1; it must lie in (0, 1]"},
    {"rate: 0", "exp.yaml:1:7: part.rate is 0; it must lie in (0, 1]"},
    {"rate: 1.5", "exp.yaml:1:7: part.rate is 1.5; it must lie in (0, 1]"},
    {"rate: .nan", "exp.yaml:1:7: part.rate is .nan; it must be a number in (0, 1]"},
    {"decay: -0.1", "exp.yaml:1:8: part.decay is -0.1; it must be >= 0"},
    {"decay: .inf", "exp.yaml:1:8: part.decay is .inf; it must be >= 0 and finite"},
    {"any: .inf", "exp.yaml:1:6: part.any is .inf; it must be finite"},
    {"rate: fast", "exp.yaml:1:7: part.rate is \"fast\"; it must be a number in (0, 1]"},
    {"rate: [1]", "exp.yaml:1:7: part.rate is a list; it must be a number in (0, 1]"},
    {"rate:", "exp.yaml:1:6: part.rate is empty; it must be a number in (0, 1]"},
    {"epochs: 0", "exp.yaml:1:9: part.epochs is 0; it must be an integer >= 1"},
    {"epochs: 3.0", "exp.yaml:1:9: part.epochs is 3.0; it must be an integer >= 1: write 3"},
    {"epochs: 2.5", "exp.yaml:1:9: part.epochs is 2.5; it must be an integer >= 1"},
    {"epochs: 1e2", "exp.yaml:1:9: part.epochs is 1e2; it must be an integer >= 1: write 100"},
    {"epochs: \"3\"", "exp.yaml:1:9: part.epochs is \"3\"; it must be an integer >= 1: write it without quotes"},
    {"layers: 13", "exp.yaml:1:9: part.layers is 13; it must be an integer in [0, 12]"},
    {"whole: 9223372036854775808", "exp.yaml:1:8: part.whole is 9223372036854775808; it must be an integer"},
    {"nesterov: yes", "exp.yaml:1:11: part.nesterov is \"yes\"; it must be true or false: write true"},
    {"nesterov: 1", "exp.yaml:1:11: part.nesterov is 1; it must be true or false"},
    {"label: [a]", "exp.yaml:1:8: part.label is a list; it must be a string"},
    {"label: null", "exp.yaml:1:8: part.label is empty; it must be a string"},
    {"file: \"\"", "exp.yaml:1:7: part.file is \"\"; it must be a path"},
    {"activation: gelo", "exp.yaml:1:13: part.activation is \"gelo\"; it must be one of gelu, relu; did you mean gelu?"},
    {"activation: 3", "exp.yaml:1:13: part.activation is 3; it must be one of gelu, relu"},
    {"max_length: all", "exp.yaml:1:13: part.max_length is \"all\"; it must be an integer >= 1, or auto"},
    {"max_length: aut", "exp.yaml:1:13: part.max_length is \"aut\"; it must be an integer >= 1, or auto; did you mean auto?"},
    {"max_length: 0", "exp.yaml:1:13: part.max_length is 0; it must be an integer >= 1, or auto"},
    {"scale: 5", "exp.yaml:1:8: part.scale is 5; it must be a number in [0, 4], or auto"},
    {"freeze: true", "exp.yaml:1:9: part.freeze is true; it must be a map with the keys embeddings, layers"},
    {"freeze: {layer: 1}",
     "exp.yaml:1:10: part.freeze has no key \"layer\"; did you mean \"layers\"? It has: embeddings, layers"},
    {"freeze: {layers: -1}", "exp.yaml:1:18: part.freeze.layers is -1; it must be an integer >= 0"},
    {"names: x", "exp.yaml:1:8: part.names is \"x\"; it must be a list, each item a string; write [x]"},
    {"names: [a, b, c, d]", "exp.yaml:1:8: part.names has 4 items; it must have at most 3"},
    {"names: [a, [b]]", "exp.yaml:1:12: part.names[1] is a list; it must be a string"},
    {"numbers: []", "exp.yaml:1:10: part.numbers has 0 items; it must have at least 1"},
    {"numbers: [1, 11]", "exp.yaml:1:14: part.numbers[1] is 11; it must lie in [0, 10]"},
    {"groups: [{learning_rate: 1}]", "exp.yaml:1:10: part.groups[0].pattern is missing; it must be a string"},
    {"groups: [a]", "exp.yaml:1:10: part.groups[0] is \"a\"; it must be a map with the keys pattern, learning_rate"},
    {"columns: [a]", "exp.yaml:1:10: part.columns is a list; it must be a map, each value a string"},
    {"columns: {text: {a: b}}", "exp.yaml:1:17: part.columns.text is a map; it must be a string"},
    {"[a]", "exp.yaml:1:1: part is a list; it must be a map"},
    {"lr: 1", "exp.yaml:1:1: part has no key \"lr\"; it is called rate here"},
    {"eta: 1", "exp.yaml:1:1: part has no key \"eta\"; it is called rate here"},
    {"per_device_train_batch_size: 8",
     "exp.yaml:1:1: part has no key \"per_device_train_batch_size\"; write trainer.train_batch_size"},
    {"epoch: 1", "exp.yaml:1:1: part has no key \"epoch\"; did you mean \"epochs\"? It has: rate, decay, any, epochs, layers, "
                 "whole, nesterov, label, note, file, activation, max_length, scale, freeze, names, numbers, groups, columns"},
    {"zebra: 1", "exp.yaml:1:1: part has no key \"zebra\"; it has: rate, decay, any, epochs, layers, "
                 "whole, nesterov, label, note, file, activation, max_length, scale, freeze, names, numbers, groups, columns"},
};

START_TEST(every_mistake_has_its_sentence_and_place)
{
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        fixture f;
        fixture_open(&f);
        ck_assert_str_eq(issues_of(&f, mistakes[i].yaml), mistakes[i].issue);
        fixture_close(&f);
    }
}
END_TEST

START_TEST(all_mistakes_come_at_once_in_the_order_of_the_file)
{
    fixture f;
    fixture_open(&f);
    ck_assert_str_eq(issues_of(&f, "layers: 13\nlr: 1\nrate: 2\nfreeze: {layers: -1, x: 1}"),
                     "exp.yaml:1:9: part.layers is 13; it must be an integer in [0, 12]\n"
                     "exp.yaml:2:1: part has no key \"lr\"; it is called rate here\n"
                     "exp.yaml:3:7: part.rate is 2; it must lie in (0, 1]\n"
                     "exp.yaml:4:18: part.freeze.layers is -1; it must be an integer >= 0\n"
                     "exp.yaml:4:22: part.freeze has no key \"x\"; it has: embeddings, layers");
    ck_assert_int_eq(hone__issues_status(&f.issues, &f.err), HONE_ECONFIG);
    ck_assert_str_eq(f.err.msg, "exp.yaml:1:9: part.layers is 13; it must be an integer in [0, 12] (and 4 more)");
    fixture_close(&f);
}
END_TEST

START_TEST(path_that_leads_nowhere_is_refused_with_the_place_looked_at)
{
    fixture f;
    fixture_open(&f);
    f.fill.base_dir = "tests/nowhere";
    ck_assert_str_eq(issues_of(&f, "file: data.tsv"),
                     "exp.yaml:1:7: part.file is \"data.tsv\", but there is no tests/nowhere/data.tsv; such paths are relative "
                     "to data_root, or without it to the experiment file");
    f.fill.base_dir = "tests";
    ck_assert_str_eq(issues_of(&f, "file: suite.h"), "");
    params p = filled(&f, "file: suite.h", NULL);
    ck_assert_str_eq(p.file, "tests/suite.h");
    fixture_close(&f);
}
END_TEST

/* ---- Values of a search space ------------------------------------------------------------------------------------ */

START_TEST(one_value_is_tried_against_one_row)
{
    fixture f;
    fixture_open(&f);
    f.fill.path = "part.rate";
    ck_assert(hone__param_accepts(&f.fill, &rows[0], fixture_yaml(&f, "0.1")));
    ck_assert(!hone__param_accepts(&f.fill, &rows[0], fixture_yaml(&f, "2")));
    f.fill.path = "part.freeze";
    ck_assert(hone__param_accepts(&f.fill, &rows[13], fixture_yaml(&f, "{layers: 2}")));
    ck_assert_str_eq(fixture_issues(&f), "exp.yaml:1:1: part.rate is 2; it must lie in (0, 1]");
    fixture_close(&f);
}
END_TEST

START_TEST(allowed_values_have_words)
{
    char text[200];
    ck_assert_str_eq(hone__param_allowed(&rows[0], text, sizeof text), "in (0, 1]");
    ck_assert_str_eq(hone__param_allowed(&rows[1], text, sizeof text), ">= 0");
    ck_assert_str_eq(hone__param_allowed(&rows[2], text, sizeof text), "a number");
    ck_assert_str_eq(hone__param_allowed(&rows[3], text, sizeof text), "an integer >= 1");
    ck_assert_str_eq(hone__param_allowed(&rows[10], text, sizeof text), "one of gelu, relu");
    ck_assert_str_eq(hone__param_allowed(&rows[11], text, sizeof text), "an integer >= 1, or auto");
    ck_assert_str_eq(hone__param_allowed(&rows[14], text, sizeof text), "a list, each item a string");
}
END_TEST

/* ---- Sections ---------------------------------------------------------------------------------------------------- */

static hone__section section_of(fixture *f, hone_kind kind, const char *path, const char *text, const char *default_type)
{
    hone__section s;
    f->fill.path = path;
    const hone__yaml *node = text ? fixture_yaml(f, text) : NULL;
    ck_assert_int_eq(hone__section_fill(&f->fill, kind, NULL, node, default_type, &s, &f->err), HONE_OK);
    return s;
}

START_TEST(section_names_its_plugin_by_type_or_is_its_name)
{
    static const char *const texts[] = {"{type: null}", "{type: \"null\"}", "\"null\""};
    for (size_t i = 0; i < 3; i++) {
        fixture f;
        fixture_open(&f);
        f.fill.registry = hone__registry_create(NULL, true);
        hone__section s = section_of(&f, HONE_KIND_OPTIMIZER, "optimizer", texts[i], NULL);
        ck_assert_str_eq(fixture_issues(&f), "");
        ck_assert_ptr_nonnull(s.plugin);
        ck_assert_str_eq(s.plugin->table->name, "null");
        ck_assert_ptr_nonnull(s.params);
        ck_assert_str_eq(hone__yaml_get(s.node, "type")->text, "null");
        ck_assert_ptr_nonnull(hone__yaml_get(s.node, "learning_rate"));
        hone__registry_destroy(f.fill.registry);
        fixture_close(&f);
    }
}
END_TEST

START_TEST(absent_section_takes_the_default_type_or_none)
{
    fixture f;
    fixture_open(&f);
    f.fill.registry = hone__registry_create(NULL, true);
    ck_assert_ptr_nonnull(section_of(&f, HONE_KIND_OPTIMIZER, "optimizer", NULL, "null").plugin);
    ck_assert_ptr_nonnull(section_of(&f, HONE_KIND_OPTIMIZER, "optimizer", "learning_rate: 1", "null").plugin);
    ck_assert_ptr_null(section_of(&f, HONE_KIND_OPTIMIZER, "optimizer", NULL, NULL).plugin);
    ck_assert_ptr_null(section_of(&f, HONE_KIND_OPTIMIZER, "optimizer", "null", NULL).plugin);
    ck_assert_str_eq(fixture_issues(&f), "");
    hone__registry_destroy(f.fill.registry);
    fixture_close(&f);
}
END_TEST

START_TEST(unknown_plugin_is_refused_with_those_there_are)
{
    fixture f;
    fixture_open(&f);
    f.fill.registry = hone__registry_create(NULL, true);
    section_of(&f, HONE_KIND_STOPPER, "stopper", "{type: nul}", NULL);
    ck_assert_ptr_nonnull(strstr(fixture_issues(&f), "exp.yaml:1:8: stopper: there is no stopper \"nul\"; did you mean null? "
                                                     "There are: "));
    f.issues.n = 0;
    section_of(&f, HONE_KIND_STOPPER, "stopper", "{x: 1}", NULL);
    ck_assert_ptr_nonnull(strstr(fixture_issues(&f), "exp.yaml:1:1: stopper has no type; it must name a stopper: "));
    f.issues.n = 0;
    section_of(&f, HONE_KIND_STOPPER, "stopper", "{type: [a]}", NULL);
    ck_assert_str_eq(fixture_issues(&f), "exp.yaml:1:8: stopper.type is a list; it must be the name of a stopper");
    f.issues.n = 0;
    section_of(&f, HONE_KIND_STOPPER, "stopper", "[a]", NULL);
    ck_assert_str_eq(fixture_issues(&f),
                     "exp.yaml:1:1: stopper is a list; it must be the name of a stopper, or a map with its type");
    hone__registry_destroy(f.fill.registry);
    fixture_close(&f);
}
END_TEST

START_TEST(config_json_overrules_defaults_but_not_the_file)
{
    fixture f;
    json_t *json;
    fixture_open(&f);
    f.fill.registry = hone__registry_create(NULL, true);
    const char *text = "{\"learning_rate\": 0.25, \"other\": [1]}";
    ck_assert_int_eq(hone__json_parse(text, strlen(text), "config.json", &json, &f.err), HONE_OK);
    hone__section open = section_of(&f, HONE_KIND_OPTIMIZER, "optimizer", "{type: \"null\"}", NULL);
    ck_assert_int_eq(hone__section_defaults(&f.fill, &open, json, "config.json", &f.err), HONE_OK);
    ck_assert_str_eq(hone__yaml_get(open.node, "learning_rate")->text, "0.25");
    hone__section set = section_of(&f, HONE_KIND_OPTIMIZER, "optimizer", "{type: \"null\", learning_rate: 0.5}", NULL);
    ck_assert_int_eq(hone__section_defaults(&f.fill, &set, json, "config.json", &f.err), HONE_OK);
    ck_assert_str_eq(hone__yaml_get(set.node, "learning_rate")->text, "0.5");
    ck_assert_str_eq(fixture_issues(&f), "");
    json_decref(json);
    hone__registry_destroy(f.fill.registry);
    fixture_close(&f);
}
END_TEST

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

static hone_status fill_once(void *ctx, hone_error *err)
{
    const char *text = ctx;
    hone_arena *arena = hone__arena_create(256); /* small blocks, so that there are many to fail */
    if (!arena)
        return hone_no_memory(err, "filling");
    hone__issues issues = {.arena = arena};
    const hone__fill fill = {.arena = arena, .issues = &issues, .path = "part"};
    hone__yaml *root, *complete;
    params p = {0};
    hone_status status = hone__yaml_parse(arena, text, strlen(text), "exp.yaml", &root, NULL, err);
    if (status == HONE_OK)
        status = hone__params_fill(&fill, rows, N_ROWS, root, &p, &complete, err);
    if (status == HONE_OK)
        hone__issues_sort(&issues);
    if (status == HONE_OK && issues.failed)
        status = hone__issues_status(&issues, err);
    hone__arena_destroy(arena);
    return status;
}

START_TEST(every_failing_allocation_is_a_clean_error)
{
    char good[] = "names: [a, b]\ngroups: [{pattern: x}]\ncolumns: {a: b}\nfreeze: {layers: 1}";
    char bad[] = "names: 1\ngroups: [{}]\nrate: 7\nlr: 1\nepochs: 2.0\nactivation: gelo";
    ck_assert_int_gt(suite_every_allocation_fails(fill_once, good), 5);
    ck_assert_int_gt(suite_every_allocation_fails(fill_once, bad), 5);
}
END_TEST

SUITE("params", defaults_fill_every_field, written_values_fill_every_field,
      complete_configuration_fills_the_same_and_is_its_own_completion, complete_configuration_holds_every_row,
      every_mistake_has_its_sentence_and_place, all_mistakes_come_at_once_in_the_order_of_the_file,
      path_that_leads_nowhere_is_refused_with_the_place_looked_at, one_value_is_tried_against_one_row,
      allowed_values_have_words, section_names_its_plugin_by_type_or_is_its_name, absent_section_takes_the_default_type_or_none,
      unknown_plugin_is_refused_with_those_there_are, config_json_overrules_defaults_but_not_the_file,
      every_failing_allocation_is_a_clean_error)
