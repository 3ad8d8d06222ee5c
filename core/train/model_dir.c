/* model_dir.c - writing a trained model as a folder; and whether another's head can be used again.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "train/model_dir.h"
#include "base/alloc.h"
#include "base/arena.h"
#include "base/folder.h"
#include "base/format.h"
#include "config/yaml_json.h"

#include <stdio.h>
#include <string.h>

const char *const hone__layout_names[HONE__N_LAYOUTS] = {"transformers", "encoder", "hone"};

/* ---- Layouts ----------------------------------------------------------------------------------------------------- */

hone__layout hone__model_layout(const hone__network *net)
{
    const hone_head *head = net->head;
    if (!net->model->model_type || !net->model->architecture)
        return HONE__LAYOUT_HONE;
    const bool known = head->architecture && (!head->is_architecture || head->is_architecture(net->head_self));
    return known ? HONE__LAYOUT_TRANSFORMERS : HONE__LAYOUT_ENCODER;
}

const char *hone__model_class(const hone__network *net, char *out, size_t size)
{
    static const char ending[] = "Model";
    const char *name = net->model->architecture;
    size_t n = name ? strlen(name) : 0;
    switch (hone__model_layout(net)) {
    case HONE__LAYOUT_TRANSFORMERS: /* BertModel -> BertForSequenceClassification */
        if (n > sizeof ending - 1 && strcmp(name + n - (sizeof ending - 1), ending) == 0)
            n -= sizeof ending - 1;
        snprintf(out, size, "%.*s%s", (int)n, name, net->head->architecture);
        break;
    case HONE__LAYOUT_ENCODER:
        snprintf(out, size, "%s", name);
        break;
    default:
        snprintf(out, size, "hone's own form");
    }
    return out;
}

/* ---- Building JSON ----------------------------------------------------------------------------------------------- */

/* Takes the value over; a value that could not be made is remembered. */
static void put(json_t *object, const char *key, json_t *value, bool *failed)
{
    if (json_object_set_new(object, key, value) != 0)
        *failed = true;
}

static json_t *texts_json(const char *const *texts, uint64_t n)
{
    json_t *list = json_array();
    for (uint64_t i = 0; list && i < n; i++)
        if (json_array_append_new(list, json_string(texts[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    return list;
}

static json_t *counts_json(const uint64_t *counts, uint64_t n)
{
    json_t *list = json_array();
    for (uint64_t i = 0; list && counts && i < n; i++)
        if (json_array_append_new(list, json_integer((json_int_t)counts[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    return list;
}

static json_t *hex_json(const void *bytes, uint64_t n)
{
    const unsigned char *b = bytes;
    char *text = hone__malloc(2 * (size_t)n + 1);
    if (!text)
        return NULL;
    for (uint64_t i = 0; i < n; i++)
        snprintf(text + 2 * i, 3, "%02x", b[i]);
    text[2 * n] = '\0';
    json_t *json = json_string(text);
    hone__free(text);
    return json;
}

/* ---- config.json ------------------------------------------------------------------------------------------------- */

/* Rows of the model under their names, which are those of config.json. A word such as `auto` means nothing to other programs. */
static void put_rows(json_t *root, const hone__section *model, bool *failed)
{
    const hone_plugin *table = model->plugin->table;
    for (uint32_t i = 0; i < table->n_params; i++) {
        const hone_param *row = &table->params[i];
        const hone__yaml *node = hone__yaml_get(model->node, row->name);
        const bool word =
            (row->type == HONE_INT_OR_WORD || row->type == HONE_REAL_OR_WORD) && node && node->type == HONE__YAML_STRING;
        if (node && node->type != HONE__YAML_NULL && !word && row->type != HONE_PLUGIN)
            put(root, row->name, hone__json_of_yaml(node), failed);
    }
}

static void put_vocabulary(json_t *root, const hone__network *net, bool *failed)
{
    char name[256];
    snprintf(name, sizeof name, "%s.%s", net->model->prefix, net->model->word_embeddings ? net->model->word_embeddings : "");
    const hone_tensor *words = hone_store_find(net->store, name);
    if (words && words->shape.rank == 2)
        put(root, "vocab_size", json_integer(words->shape.dim[0]), failed);
}

/* Transformers counts scores by its labels, so a single number has one, too. */
static void put_labels(json_t *root, const char *const *shown, uint64_t n, bool *failed)
{
    static const char *const single[] = {"LABEL_0"};
    json_t *names = json_object(), *ids = json_object();
    const char *const *labels = n ? shown : single;
    for (uint64_t i = 0; i < (n ? n : 1); i++) {
        char id[24];
        snprintf(id, sizeof id, "%llu", (unsigned long long)i);
        put(names, id, json_string(labels[i]), failed);
        put(ids, labels[i], json_integer((json_int_t)i), failed);
    }
    put(root, "id2label", names, failed);
    put(root, "label2id", ids, failed);
}

static const struct {
    uint32_t target;
    const char *type;
} problem_types[] = {
    {HONE_TARGET_CLASS, "single_label_classification"},
    {HONE_TARGET_CLASSES, "multi_label_classification"},
    {HONE_TARGET_SCORE, "regression"},
};

static void put_problem(json_t *root, uint32_t target, bool *failed)
{
    for (size_t i = 0; i < sizeof problem_types / sizeof *problem_types; i++)
        if (problem_types[i].target == target)
            put(root, "problem_type", json_string(problem_types[i].type), failed);
}

static json_t *config_json(const hone__parts *p)
{
    const hone__network *net = &p->network;
    char class[160];
    bool failed = false;
    json_t *root = json_pack("{s:[s], s:s}", "architectures", hone__model_class(net, class, sizeof class), "model_type",
                             net->model->model_type);
    if (!root)
        return NULL;
    put_rows(root, &p->experiment->model, &failed);
    put_vocabulary(root, net, &failed);
    if (hone__model_layout(net) == HONE__LAYOUT_TRANSFORMERS) {
        if (p->facts.n_labels ||
            net->head->outputs[0].target == HONE_TARGET_SCORE) /* a regression has one, spans and choices none */
            put_labels(root, p->metric_facts.labels, p->facts.n_labels, &failed);
        put_problem(root, net->head->outputs[0].target, &failed);
    }
    if (p->tokenizer && p->preparer.info.pad >= 0)
        put(root, "pad_token_id", json_integer(p->preparer.info.pad), &failed);
    put(root, "torch_dtype", json_string("float32"), &failed);
    if (!failed)
        return root;
    json_decref(root);
    return NULL;
}

/* ---- hone.json --------------------------------------------------------------------------------------------------- */

/* What a section's own rows say. Paths are left out: what they named was read, and stands in the folder. */
static json_t *section_json(const hone__section *section, const char *also)
{
    bool failed = false;
    json_t *object = section->plugin ? json_object() : json_null();
    if (!section->plugin || !object)
        return object;
    const hone_plugin *table = section->plugin->table;
    put(object, "type", json_string(table->name), &failed);
    const hone__yaml *extra = also ? hone__yaml_get(section->node, also) : NULL;
    if (extra)
        put(object, also, hone__json_of_yaml(extra), &failed);
    for (uint32_t i = 0; i < table->n_params; i++) {
        const hone__yaml *node = hone__yaml_get(section->node, table->params[i].name);
        if (node && !(table->params[i].flags & (HONE_PATH | HONE_MODEL_PATH)))
            put(object, table->params[i].name, hone__json_of_yaml(node), &failed);
    }
    if (!failed)
        return object;
    json_decref(object);
    return NULL;
}

static json_t *metrics_json(const hone__experiment *e)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < e->n_metrics; i++)
        if (json_array_append_new(list, section_json(&e->metrics[i].section, "name")) != 0) {
            json_decref(list);
            return NULL;
        }
    return list;
}

static json_t *sections_json(const hone__parts *p)
{
    const hone__experiment *e = p->experiment;
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "data", section_json(&e->reader, NULL), "tokenizer",
                     section_json(&e->tokenizer, NULL), "model", section_json(&p->experiment->model, NULL), "head",
                     section_json(&e->head, NULL), "backend", section_json(&e->backend, NULL), "metrics", metrics_json(e));
}

static bool is_of_training(uint32_t kind)
{
    return kind == HONE_KIND_OPTIMIZER || kind == HONE_KIND_SCHEDULE || kind == HONE_KIND_TECHNIQUE;
}

/* All that it takes to use the model. */
static json_t *plugins_json(const hone__parts *p)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < p->instances.n; i++) {
        const hone_plugin *plugin = p->instances.list[i]->plugin;
        if (!is_of_training(plugin->kind) &&
            json_array_append_new(list, json_sprintf("%s/%s", hone__kinds[plugin->kind].name, plugin->name)) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *hone_json(const hone__parts *p, const void *calibration, uint64_t n_calibration)
{
    const hone_facts *f = &p->facts;
    char class[160];
    bool failed = false;
    json_t *root = json_pack("{s:i, s:s, s:s, s:s}", "format", HONE__FORMAT_MODEL, "hone", HONE_VERSION, "layout",
                             hone__layout_names[hone__model_layout(&p->network)], "class",
                             hone__model_class(&p->network, class, sizeof class));
    if (!root)
        return NULL;
    put(root, "target", json_string(hone_target_name(f->target)), &failed);
    put(root, "labels", texts_json(f->labels, f->n_labels), &failed);
    put(root, "shown", texts_json(p->metric_facts.labels, f->n_labels), &failed);
    put(root, "counts", counts_json(f->counts, f->n_labels), &failed);
    put(root, "positive", json_integer(f->positive), &failed);
    put(root, "n_train", json_integer((json_int_t)f->n_train), &failed);
    put(root, "max_length", json_integer((json_int_t)f->max_length), &failed);
    const hone__bounds bounds = hone__eval_bounds(&p->experiment->trainer);
    put(root, "batch_size", json_integer((json_int_t)bounds.examples), &failed); /* 0: no bound */
    put(root, "max_tokens", json_integer((json_int_t)bounds.tokens), &failed);
    put(root, "precision", json_string(hone__precisions[p->experiment->trainer.precision]), &failed);
    put(root, "seed", json_integer(p->experiment->seed), &failed);
    put(root, "calibration", n_calibration ? hex_json(calibration, n_calibration) : json_null(), &failed);
    put(root, "sections", sections_json(p), &failed);
    put(root, "plugins", plugins_json(p), &failed);
    if (!failed)
        return root;
    json_decref(root);
    return NULL;
}

/* ---- The folder -------------------------------------------------------------------------------------------------- */

typedef struct names {
    char prefix[128]; /* "bert." */
    size_t n;
} names;

static const char *model_name(void *ctx, const char *name)
{
    const names *x = ctx;
    return strncmp(name, x->prefix, x->n) == 0 ? name + x->n : NULL;
}

static const char *head_name(void *ctx, const char *name)
{
    return model_name(ctx, name) ? NULL : name;
}

static bool has_head_weights(const hone_store *store, names *x)
{
    for (size_t i = 0; i < hone__store_count(store); i++)
        if (head_name(x, hone__store_at(store, i)->name))
            return true;
    return false;
}

static hone_status save_weights(const hone__network *net, const char *dir, hone_arena *arena, hone_error *err)
{
    names x;
    const char *model = hone__path_join(arena, dir, "model.safetensors");
    const char *head = hone__path_join(arena, dir, "head.safetensors");
    if (!model || !head)
        return hone_no_memory(err, "saving a model");
    snprintf(x.prefix, sizeof x.prefix, "%s.", net->model->prefix);
    x.n = strlen(x.prefix);
    if (hone__model_layout(net) != HONE__LAYOUT_ENCODER)
        return hone__store_save(net->store, model, NULL, NULL, err);
    HONE_TRY(hone__store_save(net->store, model, model_name, &x, err));
    return has_head_weights(net->store, &x) ? hone__store_save(net->store, head, head_name, &x, err) : HONE_OK;
}

/* Takes `json` over, which is NULL where memory was short. */
static hone_status save_json(json_t *json, const char *dir, const char *name, hone_arena *arena, hone_error *err)
{
    const char *path = hone__path_join(arena, dir, name);
    const hone_status status = json && path ? hone__json_save(json, path, err) : hone_no_memory(err, "saving a model");
    json_decref(json);
    return status;
}

static hone_status save_files(const hone__parts *p, const void *calibration, uint64_t n_calibration, const char *dir,
                              hone_arena *arena, hone_error *err)
{
    HONE_TRY(save_weights(&p->network, dir, arena, err));
    if (hone__model_layout(&p->network) != HONE__LAYOUT_HONE)
        HONE_TRY(save_json(config_json(p), dir, "config.json", arena, err));
    if (p->tokenizer && p->tokenizer->save)
        HONE_TRY(p->tokenizer->save(p->tokenizer_self, dir, err));
    return save_json(hone_json(p, calibration, n_calibration), dir, HONE__MODEL_JSON, arena, err);
}

hone_status hone__model_save(const hone__parts *p, const void *calibration, uint64_t n_calibration, const char *path,
                             hone_error *err)
{
    hone__folder_writer w;
    hone_arena *arena = hone__arena_create(0);
    hone__json_init();
    hone_status status = arena ? hone__folder_begin(&w, path, err) : hone_no_memory(err, "saving a model");
    if (status == HONE_OK) {
        status = save_files(p, calibration, n_calibration, w.temporary, arena, err);
        if (status == HONE_OK)
            status = hone__folder_commit(&w, err);
        else
            hone__folder_abandon(&w);
    }
    hone__arena_reset(p->callback);
    hone__arena_destroy(arena);
    return status;
}

/* ---- Using a head again ------------------------------------------------------------------------------------------ */

static const char *label_at(const json_t *labels, size_t i)
{
    char key[24];
    snprintf(key, sizeof key, "%zu", i); /* id2label is an object with numbers as keys */
    return json_string_value(json_is_array(labels) ? json_array_get(labels, i) : json_object_get(labels, key));
}

static size_t count_of(const json_t *labels)
{
    return json_is_array(labels) ? json_array_size(labels) : json_object_size(labels);
}

static bool same_labels(const json_t *theirs, const char *const *ours, size_t n)
{
    bool same = count_of(theirs) == n;
    for (size_t i = 0; same && i < n; i++)
        same = label_at(theirs, i) && strcmp(label_at(theirs, i), ours[i]) == 0;
    return same;
}

static hone_status check_labels(const json_t *theirs, const hone__labels *labels, const char *path, hone_error *err)
{
    char have[60], want[60];
    if (same_labels(theirs, labels->names, labels->n) || same_labels(theirs, labels->shown, labels->n))
        return HONE_OK;
    if (count_of(theirs) != labels->n)
        return hone_fail(err, HONE_EINVAL, "head.reuse: %s has %zu labels, the training data has %zu; set head.reuse to false",
                         path, count_of(theirs), labels->n);
    size_t i = 0;
    while (i + 1 < labels->n && label_at(theirs, i) && strcmp(label_at(theirs, i), labels->names[i]) == 0)
        i++;
    const char *their = label_at(theirs, i);
    return hone_fail(err, HONE_EINVAL,
                     "head.reuse: label %zu of %s is %s, that of the training data is %s; the labels and their order must be "
                     "the same, or head.reuse false",
                     i, path, hone__shown(their ? their : "?", have, sizeof have),
                     hone__shown(labels->names[i], want, sizeof want));
}

static hone_status check_own(const json_t *root, const char *head, const hone__labels *labels, const char *path,
                             hone_error *err)
{
    const json_t *section = json_object_get(json_object_get(root, "sections"), "head");
    const char *type = json_string_value(json_object_get(section, "type"));
    if (!type || strcmp(type, head) != 0)
        return hone_fail(err, HONE_EINVAL, "head.reuse: the model of %s has head %s, the experiment has head %s", path,
                         type ? type : "of no name", head);
    return check_labels(json_object_get(root, "labels"), labels, path, err);
}

hone_status hone__head_reusable(const char *dir, const char *head, const hone__labels *labels, hone_arena *arena,
                                hone_error *err)
{
    const char *own = hone__path_join(arena, dir, HONE__MODEL_JSON), *foreign = hone__path_join(arena, dir, "config.json");
    json_t *root = NULL;
    if (!own || !foreign)
        return hone_no_memory(err, "looking at a model");
    const bool is_own = hone__exists(own);
    const char *path = is_own ? own : foreign;
    HONE_TRY(hone__json_load(path, 0, &root, err));
    const hone_status status =
        is_own ? check_own(root, head, labels, path, err) : check_labels(json_object_get(root, "id2label"), labels, path, err);
    json_decref(root);
    return status;
}
