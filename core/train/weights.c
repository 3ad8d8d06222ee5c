/* weights.c - loading the tensors of a model directory into the store, and freezing.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "train/weights.h"
#include "base/file.h"
#include "base/json.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>

bool hone__pattern_matches(const char *pattern, const char *text)
{
    const char *star = NULL, *again = NULL;
    while (*text) {
        if (*pattern == '*') {
            star = pattern++;
            again = text;
        } else if (*pattern == '?' || *pattern == *text) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star + 1;
            text = ++again;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

/* ---- The directory ----------------------------------------------------------------------------------------------- */

/* Weights in forms that hone does not read, and what to do about them. */
static const struct {
    const char *file, *advice;
} foreign_files[] = {
    {"pytorch_model.bin", "it holds pickled PyTorch weights, which can run code when read; convert it with Transformers: "
                          "AutoModel.from_pretrained(dir).save_pretrained(dir, safe_serialization=True)"},
    {"pytorch_model.bin.index.json", "it holds pickled PyTorch weights; load it with Transformers and save it again"},
    {"tf_model.h5", "it holds TensorFlow weights; convert it with Transformers: AutoModel.from_pretrained(dir, "
                    "from_tf=True).save_pretrained(dir)"},
    {"bert_model.ckpt.index", "it is a checkpoint of Google's TensorFlow code; convert it with Transformers' "
                              "convert_bert_original_tf_checkpoint_to_pytorch"},
    {"flax_model.msgpack", "it holds Flax weights; convert it with Transformers: AutoModel.from_pretrained(dir, "
                           "from_flax=True).save_pretrained(dir)"},
};

static const char single_file[] = "model.safetensors", index_file[] = "model.safetensors.index.json",
                  head_file[] = "head.safetensors";

hone_status hone__model_dir_check(hone_arena *arena, const char *dir, hone_error *err)
{
    const char *weights = hone__path_join(arena, dir, single_file), *index = hone__path_join(arena, dir, index_file);
    if (!weights || !index)
        return hone_no_memory(err, "looking at a model");
    if (!hone__is_dir(dir))
        return hone_fail(err, HONE_ENOTFOUND, "model.path: there is no folder %s", dir);
    if (hone__exists(weights) || hone__exists(index))
        return HONE_OK;
    for (size_t i = 0; i < sizeof foreign_files / sizeof *foreign_files; i++) {
        const char *path = hone__path_join(arena, dir, foreign_files[i].file);
        if (!path)
            return hone_no_memory(err, "looking at a model");
        if (hone__exists(path))
            return hone_fail(err, HONE_EUNSUPPORTED, "%s has no model.safetensors but %s: %s", dir, foreign_files[i].file,
                             foreign_files[i].advice);
    }
    return hone_fail(err, HONE_ENOTFOUND, "%s has no model.safetensors; model.path must name the folder of a model", dir);
}

/* ---- Freezing ---------------------------------------------------------------------------------------------------- */

/* The name without "bert.", or NULL where the weight is not the model's. */
static const char *without_prefix(const char *name, const char *prefix)
{
    return starts_with(name, prefix) ? name + strlen(prefix) : NULL;
}

static hone_status freeze_names(hone_store *store, const char *prefix, const hone_list *patterns, hone_error *err)
{
    const char *const *pattern = patterns->items;
    for (uint64_t i = 0; i < patterns->n; i++) {
        bool matched = false;
        for (size_t j = 0; j < hone__store_count(store); j++) {
            hone__weight *w = hone__store_at(store, j);
            const char *own = without_prefix(w->name, prefix);
            if (!hone__pattern_matches(pattern[i], w->name) && !(own && hone__pattern_matches(pattern[i], own)))
                continue;
            w->frozen = matched = true;
        }
        if (!matched)
            return hone_fail(err, HONE_EINVAL,
                             "model.freeze.names: no weight matches %s; names look like %s, and * stands for any characters",
                             pattern[i],
                             hone__store_count(store) ? hone__store_at(store, 0)->name : "bert.pooler.dense.weight");
    }
    return HONE_OK;
}

hone_status hone__weights_freeze(hone_store *store, const hone_model *model, const hone_self *self,
                                 const hone__freeze_config *freeze, hone_error *err)
{
    char prefix[128];
    const int64_t layers = model->layers ? model->layers(self) : 0;
    snprintf(prefix, sizeof prefix, "%s.", model->prefix);
    if (freeze->layers > layers)
        return hone_fail(err, HONE_EINVAL, "model.freeze.layers is %lld, but model %s has %lld layers",
                         (long long)freeze->layers, model->plugin.name, (long long)layers);
    for (size_t i = 0; i < hone__store_count(store); i++) {
        hone__weight *w = hone__store_at(store, i);
        const char *own = without_prefix(w->name, prefix);
        const int64_t layer = own && model->layer_of ? model->layer_of(self, own) : -1;
        w->frozen = w->frozen || (layer == 0 && freeze->embeddings) || (layer >= 1 && layer <= freeze->layers);
    }
    return freeze_names(store, prefix, &freeze->names, err);
}

/* ---- Files of weights -------------------------------------------------------------------------------------------- */

enum { MOST_SHARDS = 1024 };

/* Names come out of a file: they must not lead anywhere else. */
static bool is_shard_name(const char *name)
{
    static const char ending[] = ".safetensors";
    const size_t n = strlen(name), end = sizeof ending - 1;
    return name[0] != '.' && !strchr(name, '/') && n > end && strcmp(name + n - end, ending) == 0;
}

static hone_status open_file(hone__model_files *files, hone_arena *arena, const char *dir, const char *name, hone_error *err)
{
    const char *path = hone__path_join(arena, dir, name);
    if (!path)
        return hone_no_memory(err, "opening a model");
    HONE_TRY(hone__st_open(&files->files[files->n], arena, path, err));
    files->n++;
    return HONE_OK;
}

static const hone__st_file *shard_named(const hone__model_files *files, const char *name)
{
    for (size_t i = files->n; i-- > 0;) /* tensors of one shard mostly stand together */
        if (strcmp(hone__path_base(files->files[i].path), name) == 0)
            return &files->files[i];
    return NULL;
}

static hone_status open_shard(hone__model_files *files, hone_arena *arena, const char *dir, const char *tensor,
                              const json_t *value, const char *index, hone_error *err)
{
    char shown[100];
    const char *name = json_string_value(value);
    if (!name || strlen(name) != json_string_length(value) || !is_shard_name(name))
        return hone_fail(err, HONE_EFORMAT,
                         "%s: weight_map gives the tensor %s no file of this folder that ends in .safetensors", index,
                         hone__shown(tensor, shown, sizeof shown));
    if (!shard_named(files, name)) {
        if (files->n == MOST_SHARDS)
            return hone_fail(err, HONE_EFORMAT, "%s names more than %d files", index, MOST_SHARDS);
        HONE_TRY(open_file(files, arena, dir, name, err));
    }
    if (!hone__st_find(shard_named(files, name), tensor))
        return hone_fail(err, HONE_EFORMAT, "%s: the tensor %s is not in %s, where weight_map puts it", index,
                         hone__shown(tensor, shown, sizeof shown), name);
    return HONE_OK;
}

static hone_status open_shards(hone__model_files *files, hone_arena *arena, const char *dir, hone_error *err)
{
    const char *path = hone__path_join(arena, dir, index_file), *tensor;
    json_t *root = NULL, *value;
    if (!path)
        return hone_no_memory(err, "opening a model");
    HONE_TRY(hone__json_load(path, 0, &root, err));
    json_t *map = json_object_get(root, "weight_map");
    hone_status status =
        json_object_size(map) > 0 ? HONE_OK : hone_fail(err, HONE_EFORMAT, "%s has no weight_map with tensors", path);
    json_object_foreach(map, tensor, value)
    {
        if (status == HONE_OK)
            status = open_shard(files, arena, dir, tensor, value, path, err);
    }
    json_decref(root);
    return status;
}

static hone_status open_all(hone__model_files *files, hone_arena *arena, const char *dir, bool head, hone_error *err)
{
    const char *single = hone__path_join(arena, dir, single_file), *of_head = hone__path_join(arena, dir, head_file);
    files->files = hone_alloc_array(arena, MOST_SHARDS + 1, sizeof *files->files);
    if (!single || !of_head || !files->files)
        return hone_no_memory(err, "opening a model");
    if (hone__exists(single))
        HONE_TRY(open_file(files, arena, dir, single_file, err));
    else
        HONE_TRY(open_shards(files, arena, dir, err));
    if (!head || !hone__exists(of_head))
        return HONE_OK;
    files->has_head = true;
    return open_file(files, arena, dir, head_file, err);
}

hone_status hone__model_files_open(hone__model_files *files, hone_arena *arena, const char *dir, bool head, hone_error *err)
{
    *files = (hone__model_files){0};
    HONE_TRY(hone__model_dir_check(arena, dir, err));
    const hone_status status = open_all(files, arena, dir, head, err);
    if (status != HONE_OK)
        hone__model_files_close(files);
    return status;
}

void hone__model_files_close(hone__model_files *files)
{
    while (files->n > 0)
        hone__st_close(&files->files[--files->n]);
    *files = (hone__model_files){0};
}

/* ---- Loading ----------------------------------------------------------------------------------------------------- */

typedef struct loading {
    hone_store *store;
    const hone_model *model;
    const char *prefix; /* of the weights in the store: "bert.", "teacher.bert." */
    char own[128];      /* the model's own, with the point: "bert." */
    bool prefixed;      /* the files' names have it */
    hone__head_weights head;
    const char *dir, *path; /* path: of the file being read */
    hone_arena *arena;
    hone__str missing, surplus, misshaped; /* lists of names for the message */
    size_t n_missing, n_surplus, n_misshaped;
} loading;

enum { MOST_SHOWN = 5 };

/* Adds one more name to a list that shows the first few. */
static void list_add(hone__str *list, size_t *n, const char *what)
{
    if (*n < MOST_SHOWN) {
        hone__str_add(list, *n ? ", " : "");
        hone__str_add_shown(list, what, 100);
    }
    ++*n;
}

static void list_end(hone__str *list, size_t n)
{
    if (n > MOST_SHOWN)
        hone__str_addf(list, " and %zu more", n - MOST_SHOWN);
}

/* The file's name in today's spelling, without the model's prefix; *outside says that the file has prefixes and this has none.
 * NULL when memory is short. */
static const char *own_name(const loading *l, const char *name, bool *outside)
{
    const char *bare = without_prefix(name, l->own);
    *outside = l->prefixed && !bare;
    if (!bare)
        bare = name;
    for (const hone_rename *r = l->model->renames; r && r->from;
         r = (const hone_rename *)(const void *)((const char *)r + l->model->rename_size)) {
        const size_t n = strlen(bare), end = strlen(r->from);
        if (n < end || strcmp(bare + n - end, r->from) != 0)
            continue;
        return hone_sprintf(l->arena, "%.*s%s", (int)(n - end), bare, r->to);
    }
    return bare;
}

static bool is_known_surplus(const hone_model *model, const char *name, const char *bare)
{
    for (const char *const *p = model->surplus; p && *p; p++)
        if (hone__pattern_matches(*p, name) || hone__pattern_matches(*p, bare))
            return true;
    return false;
}

static void note_misshaped(loading *l, const hone__weight *w, const hone__st_entry *e)
{
    char want[96], have[160];
    size_t at = 0;
    have[0] = '\0';
    for (uint32_t i = 0; i < e->rank && at < sizeof have - 24; i++)
        at += (size_t)snprintf(have + at, sizeof have - at, "%s%llu", i ? ", " : "", (unsigned long long)e->dims[i]);
    const char *text =
        hone_sprintf(l->arena, "%s is [%s] but must be %s", e->name, have, hone_shape_text(&w->value.shape, want, sizeof want));
    list_add(&l->misshaped, &l->n_misshaped, text ? text : e->name);
}

static bool same_shape(const hone__weight *w, const hone__st_entry *e)
{
    bool same = e->rank == w->value.shape.rank;
    for (uint32_t i = 0; same && i < e->rank; i++)
        same = e->dims[i] == (uint64_t)w->value.shape.dim[i];
    return same;
}

/* A weight of the head, where those are wanted. */
static hone__weight *weight_of_head(const loading *l, const char *name)
{
    hone__weight *w = l->head == HONE__HEAD_NEW ? NULL : hone__store_weight(l->store, name);
    return w && !starts_with(w->name, l->prefix) ? w : NULL;
}

static hone_status load_entry(loading *l, const hone__st_entry *e, bool of_head, hone__loaded *loaded, hone_error *err)
{
    bool outside = false;
    const char *bare = own_name(l, e->name, &outside);
    const char *full = bare ? hone_sprintf(l->arena, "%s%s", l->prefix, bare) : NULL;
    if (!full)
        return hone_no_memory(err, "loading a model");
    outside = outside || of_head;
    hone__weight *w = outside ? NULL : hone__store_weight(l->store, full);
    if (!w)
        w = weight_of_head(l, e->name);
    if (!w && !of_head && is_known_surplus(l->model, e->name, bare)) {
        loaded->n_aside += outside;
        return HONE_OK;
    }
    if (!w && outside && l->head != HONE__HEAD_REUSED) {
        loaded->n_aside++;
        return HONE_OK;
    }
    if (!w) {
        list_add(&l->surplus, &l->n_surplus, e->name);
        return HONE_OK;
    }
    if (w->loaded)
        return hone_fail(err, HONE_EFORMAT, "%s has two tensors for the weight %s", l->path, w->name);
    if (!same_shape(w, e)) {
        note_misshaped(l, w, e);
        w->loaded = true; /* not missing as well */
        return HONE_OK;
    }
    loaded->n_loaded++;
    return hone__store_take(l->store, w, e, w->frozen, err);
}

static void find_missing(loading *l, hone__loaded *loaded)
{
    for (size_t i = 0; i < hone__store_count(l->store); i++) {
        const hone__weight *w = hone__store_at(l->store, i);
        if (w->loaded)
            continue;
        if (l->head != HONE__HEAD_NEW || starts_with(w->name, l->prefix))
            list_add(&l->missing, &l->n_missing, w->name);
        else
            loaded->n_new++;
    }
}

/* One sentence for everything that does not fit. */
static hone_status complain(loading *l, hone_error *err)
{
    hone__str text = {0};
    list_end(&l->missing, l->n_missing);
    list_end(&l->surplus, l->n_surplus);
    list_end(&l->misshaped, l->n_misshaped);
    if (l->n_missing)
        hone__str_addf(&text, "; missing: %s", hone__str_text(&l->missing));
    if (l->n_misshaped)
        hone__str_addf(&text, "; of another shape: %s", hone__str_text(&l->misshaped));
    if (l->n_surplus)
        hone__str_addf(&text, "; not known to this model: %s", hone__str_text(&l->surplus));
    hone_status status = HONE_OK;
    if (l->missing.failed || l->surplus.failed || l->misshaped.failed || text.failed)
        status = hone_no_memory(err, "loading a model");
    else if (text.n)
        status = hone_fail(err, HONE_EFORMAT, "%s does not fit model %s%s with these settings%s", l->dir, l->model->plugin.name,
                           l->head == HONE__HEAD_NEW ? "" : " and its head", hone__str_text(&text));
    hone__str_clear(&text);
    return status;
}

static bool any_prefixed(const hone__model_files *files, const char *own)
{
    for (size_t f = 0; f < files->n; f++)
        for (size_t i = 0; i < files->files[f].n; i++)
            if (starts_with(files->files[f].entries[i].name, own))
                return true;
    return false;
}

static hone_status load_all(loading *l, const hone__model_files *files, hone__loaded *loaded, hone_error *err)
{
    for (size_t f = 0; f < files->n; f++) {
        const hone__st_file *file = &files->files[f];
        l->path = file->path;
        for (size_t i = 0; i < file->n; i++)
            HONE_TRY(load_entry(l, &file->entries[i], files->has_head && f + 1 == files->n, loaded, err));
    }
    find_missing(l, loaded);
    return complain(l, err);
}

static void log_new(const loading *l, const hone__loaded *loaded, hone_log *log)
{
    hone__str names = {0};
    size_t n = 0;
    for (size_t i = 0; i < hone__store_count(l->store); i++)
        if (!hone__store_at(l->store, i)->loaded && !starts_with(hone__store_at(l->store, i)->name, l->prefix))
            list_add(&names, &n, hone__store_at(l->store, i)->name);
    list_end(&names, n);
    hone_log_line(log, HONE_LOG_INFO, "%zu weights are from %s", loaded->n_loaded, l->dir);
    if (n)
        hone_log_line(log, HONE_LOG_INFO, "newly initialised: %s", hone__str_text(&names));
    if (loaded->n_aside)
        hone_log_line(log, HONE_LOG_INFO, "%zu tensors of a head in that file were left alone", loaded->n_aside);
    hone__str_clear(&names);
}

hone_status hone__weights_load(hone_store *store, const hone_model *model, const char *prefix, const char *dir,
                               const hone__model_files *files, hone__head_weights head, hone_arena *arena, hone__loaded *loaded,
                               hone_log *log, hone_error *err)
{
    loading l = {.store = store, .model = model, .prefix = prefix, .arena = arena, .head = head, .dir = dir};
    *loaded = (hone__loaded){0};
    snprintf(l.own, sizeof l.own, "%s.", model->prefix);
    l.prefixed = any_prefixed(files, l.own);
    const hone_status status = load_all(&l, files, loaded, err);
    if (status == HONE_OK)
        log_new(&l, loaded, log);
    hone__str_clear(&l.missing);
    hone__str_clear(&l.surplus);
    hone__str_clear(&l.misshaped);
    return status;
}
