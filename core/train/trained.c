/* trained.c - from a model's folder to something that predicts.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "train/trained.h"
#include "base/alloc.h"
#include "base/arena.h"
#include "base/format.h"
#include "base/pool.h"
#include "base/str.h"
#include "config/experiment_parts.h"
#include "config/yaml_json.h"
#include "data/encode.h"
#include "data/example.h"

#include <stdio.h>
#include <string.h>

enum { DEFAULT_TOKENS = 4096 /* of a batch, where hone.json says nothing */ };

/* What is needed while a folder is opened. */
typedef struct opening {
    hone__trained *t;
    const hone__trained_setup *setup;
    json_t *root;     /* of hone.json; NULL where there is none */
    const char *path; /* of hone.json, else of config.json */
    hone__issues issues;
    hone__section tokenizer, model, head, reader, backend;
} opening;

/* ---- Which folder ------------------------------------------------------------------------------------------------ */

static bool holds_model(hone_arena *arena, const char *dir, bool *failed)
{
    static const char *const files[] = {HONE__MODEL_JSON, "config.json", "model.safetensors"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        const char *path = hone__path_join(arena, dir, files[i]);
        if (!path)
            *failed = true;
        else if (hone__exists(path))
            return true;
    }
    return false;
}

static hone_status find_dir(hone__trained *t, const char *dir, hone_error *err)
{
    static const char *const places[] = {"", "best", HONE__MODEL_DIR}; /* a model's, a run's, a trial's */
    bool failed = false;
    if (!hone__is_dir(dir))
        return hone_fail(err, HONE_ENOTFOUND, "there is no folder %s; it should be that of a model, a trial or a run", dir);
    for (size_t i = 0; i < sizeof places / sizeof *places && !t->dir; i++) {
        const char *place = *places[i] ? hone__path_join(t->arena, dir, places[i]) : hone_strdup(t->arena, dir);
        if (!place)
            return hone_no_memory(err, "looking for a model");
        if (holds_model(t->arena, place, &failed))
            t->dir = place;
    }
    if (failed)
        return hone_no_memory(err, "looking for a model");
    if (!t->dir)
        return hone_fail(err, HONE_ENOTFOUND,
                         "%s holds no model: %s or config.json is neither in it nor in its folders best and %s (a trial writes "
                         "the last at its first evaluation)",
                         dir, HONE__MODEL_JSON, HONE__MODEL_DIR);
    return HONE_OK;
}

/* ---- hone.json --------------------------------------------------------------------------------------------------- */

static hone_status wrong(const opening *o, const char *what, hone_error *err)
{
    return hone_fail(err, HONE_EFORMAT, "%s: %s", o->path, what);
}

static hone_status read_int(const opening *o, const char *key, int64_t least, int64_t most, int64_t *out, hone_error *err)
{
    HONE_TRY(hone__json_int(o->root, key, true, out, o->path, err));
    if (*out < least || *out > most)
        return hone_fail(err, HONE_EFORMAT, "%s: %s is %lld; it must lie in [%lld, %lld]", o->path, key, (long long)*out,
                         (long long)least, (long long)most);
    return HONE_OK;
}

static hone_status read_texts(const opening *o, const char *key, size_t n, const char ***out, hone_error *err)
{
    const json_t *list = json_object_get(o->root, key);
    if (!json_is_array(list) || json_array_size(list) != n)
        return wrong(o, "labels and shown must be lists of the same length", err);
    *out = hone_alloc_array(o->t->arena, n, sizeof **out);
    if (!*out)
        return hone_no_memory(err, "opening a model");
    for (size_t i = 0; i < n; i++) {
        const char *text = json_string_value(json_array_get(list, i));
        if (!text)
            return wrong(o, "a label is no string", err);
        if (!((*out)[i] = hone_strdup(o->t->arena, text)))
            return hone_no_memory(err, "opening a model");
    }
    return HONE_OK;
}

static hone_status read_counts(const opening *o, hone__labels *labels, hone_error *err)
{
    const json_t *list = json_object_get(o->root, "counts");
    if (json_array_size(list) != labels->n)
        return HONE_OK; /* not known; nobody but losses asks */
    labels->counts = hone_alloc_array(o->t->arena, labels->n, sizeof *labels->counts);
    if (!labels->counts)
        return hone_no_memory(err, "opening a model");
    for (size_t i = 0; i < labels->n; i++) {
        const json_int_t count = json_integer_value(json_array_get(list, i));
        labels->counts[i] = count > 0 ? (uint64_t)count : 0;
    }
    return HONE_OK;
}

static hone_status read_labels(opening *o, hone_error *err)
{
    hone__labels *labels = &o->t->labels;
    int64_t positive = -1;
    labels->n = json_array_size(json_object_get(o->root, "labels"));
    HONE_TRY(read_texts(o, "labels", labels->n, &labels->names, err));
    HONE_TRY(read_texts(o, "shown", labels->n, &labels->shown, err));
    HONE_TRY(read_counts(o, labels, err));
    HONE_TRY(read_int(o, "positive", -1, (int64_t)labels->n - 1, &positive, err));
    labels->positive = (int32_t)positive;
    return HONE_OK;
}

static int digit_of(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static hone_status read_calibration(opening *o, hone_error *err)
{
    const char *text = json_string_value(json_object_get(o->root, "calibration"));
    if (!text)
        return HONE_OK;
    const size_t n = strlen(text) / 2;
    unsigned char *bytes = hone_alloc(o->t->arena, n);
    if (!bytes)
        return hone_no_memory(err, "opening a model");
    for (size_t i = 0; i < n; i++) {
        const int high = digit_of(text[2 * i]), low = digit_of(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return wrong(o, "calibration is not hexadecimal", err);
        bytes[i] = (unsigned char)(16 * high + low);
    }
    o->t->calibration = bytes;
    o->t->n_calibration = n;
    return HONE_OK;
}

static hone_status read_target(const opening *o, uint32_t *target, hone_error *err)
{
    const char *name = NULL;
    HONE_TRY(hone__json_text(o->root, "target", true, &name, o->path, err));
    for (*target = HONE_TARGET_NONE; *target <= HONE_TARGET_OTHER; ++*target)
        if (strcmp(name, hone_target_name(*target)) == 0)
            return HONE_OK;
    return hone_fail(err, HONE_EFORMAT, "%s: there is no target %s; a newer hone may have written it", o->path, name);
}

/* What it was trained with, so that it predicts as it did then. Absent in folders of the first releases: float32. */
static hone_status read_precision(opening *o, hone_error *err)
{
    const char *name = NULL;
    HONE_TRY(hone__json_text(o->root, "precision", false, &name, o->path, err));
    const bool bf16 = name && strcmp(name, hone__precisions[HONE__BF16_OPERANDS]) == 0;
    if (name && !bf16 && strcmp(name, hone__precisions[HONE__FLOAT32]) != 0)
        return hone_fail(err, HONE_EFORMAT, "%s: precision is %s; this hone knows float32 and bf16", o->path, name);
    o->t->network.bf16 = bf16;
    return HONE_OK;
}

static hone_status read_facts(opening *o, hone_error *err)
{
    hone__trained *t = o->t;
    int64_t max_length = 0, batch_size = 0, max_tokens = 0, n_train = 0, seed = 0;
    HONE_TRY(hone__json_format(o->root, HONE__FORMAT_MODEL, o->path, err));
    HONE_TRY(read_labels(o, err));
    HONE_TRY(read_int(o, "max_length", 1, INT32_MAX, &max_length, err));
    HONE_TRY(read_int(o, "batch_size", 0, 1000000, &batch_size, err));
    if (json_object_get(o->root, "max_tokens")) /* files from before it was there lack it */
        HONE_TRY(read_int(o, "max_tokens", 0, INT32_MAX, &max_tokens, err));
    HONE_TRY(read_int(o, "n_train", 0, INT64_MAX, &n_train, err));
    HONE_TRY(read_int(o, "seed", 0, INT64_MAX, &seed, err));
    HONE_TRY(read_calibration(o, err));
    HONE_TRY(read_precision(o, err));
    t->bounds = (hone__bounds){(uint64_t)batch_size, (uint64_t)max_tokens};
    if (!batch_size && !max_tokens)
        t->bounds.tokens = DEFAULT_TOKENS;
    t->instances.seed = t->network.seed = (uint64_t)seed;
    t->facts = (hone_facts){.size = sizeof t->facts,
                            .positive = t->labels.positive,
                            .n_labels = t->labels.n,
                            .labels = (const char *const *)t->labels.names,
                            .counts = t->labels.counts,
                            .n_train = (uint64_t)n_train,
                            .max_length = (uint64_t)max_length};
    return read_target(o, &t->facts.target, err);
}

/* ---- Sections ---------------------------------------------------------------------------------------------------- */

static hone_status fill_section(opening *o, const char *key, const json_t *json, hone_kind kind, const hone__common *common,
                                const hone__override *overrides, size_t n, hone__section *section, hone_error *err)
{
    hone__yaml *node, *value;
    const hone__fill fill = {.arena = o->t->arena, .registry = o->setup->registry, .issues = &o->issues, .path = key};
    if (!json || json_is_null(json))
        return HONE_OK;
    HONE_TRY(hone__yaml_of_json(o->t->arena, json, o->path, &node, err));
    for (size_t i = 0; i < n; i++) {
        const char *path = strncmp(overrides[i].path, "data.", 5) == 0 ? overrides[i].path + 5 : overrides[i].path;
        HONE_TRY(
            hone__yaml_parse(o->t->arena, overrides[i].text, strlen(overrides[i].text), "command line", &value, NULL, err));
        if (!value)
            return hone_fail(err, HONE_ECONFIG, "%s= has no value", overrides[i].path);
        HONE_TRY(hone__tree_set(o->t->arena, node, path, value, err));
    }
    HONE_TRY(hone__section_fill(&fill, kind, common, node, NULL, section, err));
    return hone__issues_status(&o->issues, err);
}

static hone_status fill_metrics(opening *o, const json_t *list, hone_error *err)
{
    hone__trained *t = o->t;
    const size_t n = json_array_size(list);
    t->uses = hone_alloc_array(t->arena, n, sizeof *t->uses);
    t->metrics = hone_alloc_array(t->arena, n, sizeof *t->metrics);
    if (!t->uses || !t->metrics)
        return hone_no_memory(err, "opening a model");
    for (size_t i = 0; i < n; i++) {
        hone__metric_use *use = &t->uses[i];
        HONE_TRY(fill_section(o, "metrics", json_array_get(list, i), HONE_KIND_METRIC, &hone__common_rows[HONE_KIND_METRIC],
                              NULL, 0, &use->section, err));
        if (!use->section.plugin)
            return wrong(o, "sections.metrics has an item without a type", err);
        const hone__metric_config *common = use->section.common;
        use->name = common->name ? common->name : use->section.plugin->table->name;
    }
    t->n_metrics = n;
    return HONE_OK;
}

static hone_status fill_own(opening *o, hone_error *err)
{
    const json_t *sections = json_object_get(o->root, "sections");
    const struct {
        const char *key;
        hone_kind kind;
        hone__section *section;
        bool needed, of_encoder;
    } rows[] = {
        {"model", HONE_KIND_MODEL, &o->model, true, true},
        {"tokenizer", HONE_KIND_TOKENIZER, &o->tokenizer, false, true},
        {"backend", HONE_KIND_BACKEND, &o->backend, false, true},
        {"head", HONE_KIND_HEAD, &o->head, true, false},
        {"data", HONE_KIND_READER, &o->reader, true, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const bool reader = rows[i].kind == HONE_KIND_READER;
        if (o->setup->encoder && !rows[i].of_encoder)
            continue;
        HONE_TRY(fill_section(o, rows[i].key, json_object_get(sections, rows[i].key), rows[i].kind, NULL,
                              reader ? o->setup->data : NULL, reader ? o->setup->n_data : 0, rows[i].section, err));
        if (rows[i].needed && !rows[i].section->plugin)
            return hone_fail(err, HONE_EFORMAT, "%s has no sections.%s", o->path, rows[i].key);
    }
    return o->setup->encoder ? HONE_OK : fill_metrics(o, json_object_get(sections, "metrics"), err);
}

/* The model plugin that reads a family. */
static hone_status find_family(const opening *o, const char *model_type, const hone__plugin **plugin, hone_error *err)
{
    const hone__plugin_name *names;
    size_t n;
    HONE_TRY(hone__registry_list(o->setup->registry, o->t->arena, HONE_KIND_MODEL, &names, &n, err));
    for (size_t i = 0; i < n; i++) {
        HONE_TRY(hone__registry_find(o->setup->registry, HONE_KIND_MODEL, names[i].name, plugin, err));
        const hone_model *model = (const hone_model *)(const void *)(*plugin)->table;
        if (model->model_type && strcmp(model->model_type, model_type) == 0)
            return HONE_OK;
    }
    return hone_fail(err, HONE_EUNSUPPORTED, "%s describes a model of type %s, which no model plugin reads", o->path,
                     model_type);
}

/* {type: NAME} as a section with every default. */
static hone_status fill_plain(opening *o, const char *key, hone_kind kind, const char *type, hone__section *section,
                              hone_error *err)
{
    const hone__fill fill = {.arena = o->t->arena, .registry = o->setup->registry, .issues = &o->issues, .path = key};
    hone__yaml *node = hone__yaml_new_text(o->t->arena, type);
    if (!node)
        return hone_no_memory(err, "opening a model");
    HONE_TRY(hone__section_fill(&fill, kind, NULL, node, NULL, section, err));
    return hone__issues_status(&o->issues, err);
}

/* Of a folder that another program wrote. */
static hone_status fill_foreign(opening *o, hone_error *err)
{
    const hone__fill fill = {.arena = o->t->arena, .registry = o->setup->registry, .issues = &o->issues, .path = "model"};
    const hone__plugin *plugin = NULL;
    const char *type = NULL;
    json_t *config = NULL;
    HONE_TRY(hone__json_load(o->path, 0, &config, err));
    hone_status status = hone__json_text(config, "model_type", true, &type, o->path, err);
    if (status == HONE_OK)
        status = find_family(o, type, &plugin, err);
    if (status == HONE_OK)
        status = fill_plain(o, "model", HONE_KIND_MODEL, plugin->table->name, &o->model, err);
    if (status == HONE_OK)
        status = hone__section_defaults(&fill, &o->model, config, o->path, err);
    if (status == HONE_OK)
        status = hone__issues_status(&o->issues, err);
    json_decref(config);
    return status == HONE_OK ? fill_plain(o, "tokenizer", HONE_KIND_TOKENIZER, o->setup->tokenizer, &o->tokenizer, err)
                             : status;
}

/* ---- Instances --------------------------------------------------------------------------------------------------- */

static hone_status make_tokenizer(opening *o, hone_error *err)
{
    hone__trained *t = o->t;
    hone_self *self = NULL;
    if (!o->tokenizer.plugin)
        return HONE_OK;
    t->preparer.tokenizer = (const hone_tokenizer *)(const void *)o->tokenizer.plugin->table;
    HONE_TRY(hone__instances_make(&t->instances, &o->tokenizer, &self, err));
    HONE_TRY(t->preparer.tokenizer->create(self, t->dir, NULL, err));
    t->preparer.tokenizer_self = self;
    HONE_TRY(hone__tokenizer_info_of(t->preparer.tokenizer, self, &t->preparer.info, err));
    t->facts.tokenizer = &t->preparer.info;
    return HONE_OK;
}

/* Tokens of a sequence where hone.json does not say: what model and tokenizer allow. */
static uint64_t longest(const hone__trained *t)
{
    enum { WITHOUT_LIMIT = 512 };
    const hone_model *model = t->network.model;
    const int64_t a = model->max_length ? model->max_length(t->network.model_self) : 0;
    const int64_t b = t->preparer.info.model_max_length;
    const int64_t n = a > 0 && (b <= 0 || a < b) ? a : b;
    return n > 0 ? (uint64_t)n : WITHOUT_LIMIT;
}

static hone_status make_model(opening *o, hone_error *err)
{
    hone__trained *t = o->t;
    hone_self *self = NULL;
    t->network.model = (const hone_model *)(const void *)o->model.plugin->table;
    t->model_setup =
        (hone_model_setup){.size = sizeof t->model_setup, .tokenizer = t->facts.tokenizer, .max_length = t->facts.max_length};
    HONE_TRY(hone__instances_make(&t->instances, &o->model, &self, err));
    HONE_TRY(t->network.model->create(self, &t->model_setup, err));
    t->network.model_self = self;
    if (t->facts.max_length == 0)
        t->facts.max_length = longest(t);
    t->facts.hidden = t->network.model->hidden(self);
    return HONE_OK;
}

static hone_status make_head(opening *o, hone_error *err)
{
    hone__trained *t = o->t;
    hone_self *self = NULL;
    if (!o->head.plugin)
        return HONE_OK;
    const hone_head *head = (const hone_head *)(const void *)o->head.plugin->table;
    HONE_TRY(hone__instances_make(&t->instances, &o->head, &self, err));
    const hone_head_setup setup = {.size = sizeof setup,
                                   .facts = &t->facts,
                                   .store = t->network.store,
                                   .model = t->network.model,
                                   .model_self = t->network.model_self};
    if (head->create)
        HONE_TRY(head->create(self, &setup, err));
    t->network.head = head;
    t->network.head_self = self;
    return HONE_OK;
}

static hone_status make_metrics(hone__trained *t, hone_error *err)
{
    for (size_t i = 0; i < t->n_metrics; i++) {
        const hone_metric *metric = (const hone_metric *)(const void *)t->uses[i].section.plugin->table;
        HONE_TRY(hone__instances_make(&t->instances, &t->uses[i].section, &t->metrics[i], err));
        if (metric->create)
            HONE_TRY(metric->create(t->metrics[i], &t->metric_facts, err));
    }
    return HONE_OK;
}

static hone_status make_reader(opening *o, hone_error *err)
{
    hone_self *self = NULL;
    if (!o->reader.plugin)
        return HONE_OK;
    const hone_reader *reader = (const hone_reader *)(const void *)o->reader.plugin->table;
    HONE_TRY(hone__instances_make(&o->t->instances, &o->reader, &self, err));
    if (reader->create)
        HONE_TRY(reader->create(self, err));
    o->t->reader = reader;
    o->t->reader_self = self;
    return HONE_OK;
}

/* Only now, when every plugin has been found: each is probed in a child, and a process with threads had better not fork. */
static hone_status make_pool(opening *o, hone_error *err)
{
    hone__trained *t = o->t;
    const int threads = o->setup->threads > 0 ? o->setup->threads : hone__cpu_count();
    HONE_TRY(hone__pool_create(threads, &t->pool, err));
    t->network.pool = t->instances.pool = t->pool;
    return HONE_OK;
}

static hone_status make_instances(opening *o, hone_error *err)
{
    hone__trained *t = o->t;
    HONE_TRY(make_pool(o, err));
    HONE_TRY(make_tokenizer(o, err));
    HONE_TRY(make_model(o, err));
    t->metric_facts = t->facts;
    t->metric_facts.labels = (const char *const *)t->labels.shown;
    HONE_TRY(make_head(o, err));
    HONE_TRY(make_metrics(t, err));
    HONE_TRY(make_reader(o, err));
    HONE_TRY(hone__instances_backend(&t->instances, &o->backend, &t->network.backend, &t->network.backend_self, err));
    t->preparer.head = t->network.head;
    t->preparer.head_self = t->network.head_self;
    t->preparer.max_length = t->facts.max_length;
    t->preparer.seed = t->network.seed;
    t->preparer.n_labels = t->labels.n;
    return HONE_OK;
}

/* ---- Opening and closing ----------------------------------------------------------------------------------------- */

static hone_status begin(hone__trained *t, const hone__trained_setup *setup, hone_error *err)
{
    t->arena = hone__arena_create(0);
    t->step = hone__arena_create(1 << 20);
    t->callback = hone__arena_create(0);
    t->network.store = hone__store_create(0);
    if (!t->arena || !t->step || !t->callback || !t->network.store)
        return hone_no_memory(err, "opening a model");
    hone__float_mode_set();
    t->bounds.tokens = DEFAULT_TOKENS;
    t->labels.positive = -1;
    t->instances = (hone__instances){.trial = t->arena,
                                     .callback = t->callback,
                                     .log = setup->log,
                                     .facts = &t->facts,
                                     .metric_facts = &t->metric_facts,
                                     .model_setup = &t->model_setup};
    return HONE_OK;
}

static hone_status read_settings(opening *o, hone_error *err)
{
    hone__trained *t = o->t;
    if (t->own) {
        HONE_TRY(hone__json_load(o->path, 0, &o->root, err));
        HONE_TRY(read_facts(o, err));
        return fill_own(o, err);
    }
    o->path = hone__path_join(t->arena, t->dir, "config.json");
    if (!o->path)
        return hone_no_memory(err, "opening a model");
    if (!o->setup->encoder)
        return hone_fail(err, HONE_EUNSUPPORTED,
                         "%s has no %s, so hone did not train it and knows neither its labels nor how to read the data; "
                         "fine-tune it with model.path (and head.reuse, to keep its head), or use `hone embed`",
                         t->dir, HONE__MODEL_JSON);
    t->facts.size = sizeof t->facts;
    t->facts.positive = -1;
    return fill_foreign(o, err);
}

static hone_status open_with(opening *o, hone_error *err)
{
    hone__trained *t = o->t;
    HONE_TRY(begin(t, o->setup, err));
    HONE_TRY(find_dir(t, o->setup->dir, err));
    o->issues.arena = t->arena;
    o->path = hone__path_join(t->arena, t->dir, HONE__MODEL_JSON);
    if (!o->path)
        return hone_no_memory(err, "opening a model");
    t->own = hone__exists(o->path);
    HONE_TRY(read_settings(o, err));
    HONE_TRY(hone__model_dir_check(t->arena, t->dir, err));
    return make_instances(o, err);
}

hone_status hone__trained_open(const hone__trained_setup *setup, hone__trained **trained, hone_error *err)
{
    opening o = {.setup = setup};
    *trained = NULL;
    hone__json_init();
    o.t = hone__calloc(1, sizeof *o.t);
    if (!o.t)
        return hone_no_memory(err, "opening a model");
    const hone_status status = open_with(&o, err);
    json_decref(o.root);
    if (status != HONE_OK)
        hone__trained_close(o.t);
    else
        *trained = o.t;
    return status;
}

void hone__trained_close(hone__trained *t)
{
    if (!t)
        return;
    hone__instances_destroy(&t->instances);
    hone__block_free(&t->block);
    hone__store_destroy(t->network.store);
    hone__model_files_close(&t->files);
    hone__pool_destroy(t->pool);
    hone__arena_destroy(t->callback);
    hone__arena_destroy(t->step);
    hone__arena_destroy(t->arena);
    hone__free(t);
}

/* ---- Data -------------------------------------------------------------------------------------------------------- */

hone_status hone__trained_read(hone__trained *t, const char *path, bool gold, hone_corpus **corpus, hone_error *err)
{
    HONE_TRY(hone__corpus_read(t->arena, t->reader, t->reader_self, path, gold ? "test" : "predict", gold, corpus, err));
    hone__arena_reset(t->callback);
    if (gold)
        return hone__corpus_index(*corpus, &t->labels, err);
    for (uint64_t i = 0; i < (*corpus)->n; i++)
        (*corpus)->examples[i]->gold = NULL;
    return HONE_OK;
}

static hone_status add_lines(hone_sink *sink, const char *bytes, size_t n, hone_error *err)
{
    uint64_t line = 0;
    for (size_t at = 0; at < n;) {
        const char *stop = memchr(bytes + at, '\n', n - at);
        size_t length = (stop ? (size_t)(stop - bytes) : n) - at, used = length;
        if (used > 0 && bytes[at + used - 1] == '\r')
            used--;
        HONE_TRY(hone_sink_example(sink, NULL, ++line, err));
        HONE_TRY(hone_sink_text(sink, "text", bytes + at, used, err));
        at += length + 1;
    }
    return line ? HONE_OK : hone_sink_fail(sink, 0, err, "the file is empty");
}

hone_status hone__trained_read_lines(hone__trained *t, const char *path, hone_corpus **corpus, hone_error *err)
{
    const bool from_stdin = strcmp(path, "-") == 0;
    char *bytes;
    size_t n;
    const hone__sink_setup setup = {.arena = t->arena,
                                    .file = hone_strdup(t->arena, from_stdin ? "standard input" : path),
                                    .split = "line",
                                    .reader = "of lines",
                                    .target = HONE_TARGET_NONE};
    if (!setup.file)
        return hone_no_memory(err, "reading lines");
    HONE_TRY(hone__read_file(from_stdin ? "/dev/stdin" : path, 0, &bytes, &n, err));
    hone_sink *sink = hone__sink_create(&setup);
    hone_status status = sink ? add_lines(sink, bytes, n, err) : hone_no_memory(err, "reading lines");
    if (status == HONE_OK)
        status = hone__sink_finish(sink, corpus, err);
    hone__sink_destroy(sink);
    hone__free(bytes);
    return status;
}

hone_status hone__trained_prepare(hone__trained *t, const hone_corpus *corpus, hone__prepared **prepared, hone_error *err)
{
    return hone__prepare(&t->preparer, corpus, 0, false, t->pool, prepared, err);
}

/* ---- Weights ----------------------------------------------------------------------------------------------------- */

static hone_status register_weights(hone__trained *t, const hone__prepared *prepared, bool with_loss, hone_error *err)
{
    const uint64_t first = 0;
    hone_batch *batch = NULL;
    hone__pass p;
    hone__arena_reset(t->step);
    HONE_TRY(hone__batch_pack(prepared, &first, 1, t->step, &batch, err));
    HONE_TRY(
        hone__pass_build(&p, &t->network, &(hone__pass_setup){.batch = batch, .arena = t->step, .with_loss = with_loss}, err));
    t->network.n_losses = p.n_losses;
    t->network.n_head_losses = p.n_head_losses;
    for (size_t i = 0; i < hone__store_count(t->network.store); i++)
        hone__store_at(t->network.store, i)->frozen = true; /* no gradients; used in place where the file allows */
    return HONE_OK;
}

hone_status hone__trained_load(hone__trained *t, const hone__prepared *prepared, bool with_loss, hone_error *err)
{
    hone__network *net = &t->network;
    hone__loaded loaded;
    char prefix[128];
    snprintf(prefix, sizeof prefix, "%s.", net->model->prefix);
    HONE_TRY(register_weights(t, prepared, with_loss, err));
    HONE_TRY(hone__model_files_open(&t->files, t->arena, t->dir, net->head != NULL, err));
    HONE_TRY(hone__weights_load(net->store, net->model, prefix, t->dir, &t->files,
                                net->head ? HONE__HEAD_TRAINED : HONE__HEAD_NEW, t->arena, &loaded, t->instances.log, err));
    return hone__store_close(net->store, net->pool, err);
}

/* ---- Use --------------------------------------------------------------------------------------------------------- */

hone_status hone__trained_evaluate(hone__trained *t, const hone__prepared *prepared, const char *split, bool with_loss,
                                   hone_arena *arena, void (*progress)(void *ctx, uint64_t done, uint64_t n), void *ctx,
                                   hone__evaluated *out, hone_error *err)
{
    const hone__evaluate_setup setup = {.net = &t->network,
                                        .data = prepared,
                                        .split = split,
                                        .bounds = t->bounds,
                                        .labels = t->metric_facts.labels,
                                        .n_labels = t->labels.n,
                                        .positive = t->labels.positive,
                                        .with_loss = with_loss,
                                        .calibration = t->calibration,
                                        .n_calibration = t->n_calibration,
                                        .arena = arena,
                                        .step = t->step,
                                        .block = &t->block,
                                        .progress = progress,
                                        .progress_ctx = ctx};
    return hone__evaluate(&setup, out, err);
}

hone_status hone__trained_figures(hone__trained *t, const hone__evaluated *evaluated, hone_exhibits *out, hone_error *err)
{
    const hone_status status = hone__figures_make(t->uses, t->metrics, t->n_metrics, evaluated, out, err);
    hone__arena_reset(t->callback);
    return status;
}
