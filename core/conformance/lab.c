/* lab.c - instances of the plugin under check, with parameters and facts that every plugin should be able to work with.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "conformance/lab.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/pool.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Opening and giving back ------------------------------------------------------------------------------------- */

bool hone__lab_open(hone__lab *lab)
{
    lab->arena = hone__arena_create(0);
    lab->step = hone__arena_create(0);
    return lab->arena && lab->step;
}

void hone__lab_reset(hone__lab *lab)
{
    for (size_t i = lab->n_selves; i > 0; i--)
        hone__instance_destroy(lab->selves[i - 1]);
    for (size_t i = 0; i < lab->n_stores; i++)
        hone__store_destroy(lab->stores[i]);
    for (size_t i = 0; i < lab->n_pools; i++)
        hone__pool_destroy(lab->pools[i]);
    for (size_t i = 0; i < lab->n_prepared; i++)
        hone__prepared_destroy(lab->prepared[i]);
    for (size_t i = 0; i < lab->n_blocks; i++)
        hone__block_free(&lab->blocks[i]);
    lab->waiting = NULL;
    lab->n_selves = lab->n_stores = lab->n_pools = lab->n_prepared = lab->n_blocks = 0;
    lab->dir = NULL;
    lab->train = NULL;
    hone__arena_reset(lab->arena);
    hone__arena_reset(lab->step);
}

void hone__lab_close(hone__lab *lab)
{
    if (lab->arena && lab->step)
        hone__lab_reset(lab);
    hone__arena_destroy(lab->arena);
    hone__arena_destroy(lab->step);
    hone_error ignored;
    if (lab->vocabulary_dir[0])
        (void)!hone__remove_tree(lab->vocabulary_dir, &ignored);
}

hone_status hone__lab_store(hone__lab *lab, hone_error *err)
{
    if (lab->waiting)
        return HONE_OK;
    hone_store *store = hone__store_create(7);
    if (!store || lab->n_stores == HONE__LAB_OWNED) {
        hone__store_destroy(store);
        return hone_no_memory(err, "making a network");
    }
    lab->stores[lab->n_stores++] = lab->waiting = store;
    return HONE_OK;
}

hone_status hone__lab_pool(hone__lab *lab, int threads, hone_pool **pool, hone_error *err)
{
    if (lab->n_pools == HONE__LAB_OWNED)
        return hone_no_memory(err, "making a thread pool");
    HONE_TRY(hone__pool_create(threads, pool, err));
    lab->pools[lab->n_pools++] = *pool;
    return HONE_OK;
}

/* ---- Parameters -------------------------------------------------------------------------------------------------- */

static hone__yaml *sample_plugin(hone__lab *lab, uint32_t kind)
{
    const hone__plugin_name *names;
    size_t n;
    hone_error why;
    if (hone__registry_list(lab->registry, lab->arena, (hone_kind)kind, &names, &n, &why) != HONE_OK)
        return NULL;
    return hone__yaml_new_text(lab->arena, n ? names[0].name : "null");
}

static double middle(const hone_param *row)
{
    const double lo = isfinite(row->min_real) ? row->min_real : -1.0, hi = isfinite(row->max_real) ? row->max_real : lo + 2.0;
    return lo < hi ? (lo + hi) / 2.0 : lo;
}

static int64_t least(const hone_param *row)
{
    const int64_t lo = row->min_int == INT64_MIN ? 0 : row->min_int;
    return row->flags & HONE_OPEN_MIN ? lo + 1 : lo;
}

/* One value that the row must take. */
static hone_status sample_of(hone__lab *lab, const hone_param *row, hone__yaml **value, hone_error *err)
{
    hone_arena *a = lab->arena;
    switch (row->type) {
    case HONE_REAL:
    case HONE_REAL_OR_WORD:
        *value = hone__yaml_new_real(a, middle(row));
        break;
    case HONE_INT:
    case HONE_INT_OR_WORD:
        *value = hone__yaml_new_int(a, least(row));
        break;
    case HONE_BOOL:
        *value = hone__yaml_new_bool(a, true);
        break;
    case HONE_CHOICE:
        *value = hone__yaml_new_text(a, row->choices[0]);
        break;
    case HONE_PLUGIN:
        *value = sample_plugin(lab, row->plugin_kind);
        break;
    case HONE_TABLE:
        return hone__lab_samples(lab, row->rows, row->n_rows, value, err);
    default:
        *value = hone__yaml_new_text(a, row->flags & (HONE_PATH | HONE_MODEL_PATH) ? "/dev/null" : "sample");
    }
    return *value ? HONE_OK : hone_no_memory(err, "making up parameters");
}

static hone_status sample_field(hone__lab *lab, const hone_param *row, hone__yaml **value, hone_error *err)
{
    if (row->shape == HONE_ONE)
        return sample_of(lab, row, value, err);
    *value = row->shape == HONE_LIST ? hone__yaml_new_list(lab->arena) : hone__yaml_new_map(lab->arena);
    const uint64_t n = row->min_items ? row->min_items : 1;
    for (uint64_t i = 0; *value && i < n; i++) {
        hone__yaml *item;
        const char *key = hone_sprintf(lab->arena, "key%llu", (unsigned long long)i);
        HONE_TRY(sample_of(lab, row, &item, err));
        if (!key)
            return hone_no_memory(err, "making up parameters");
        if (row->shape == HONE_LIST)
            hone__yaml_append(*value, item);
        else
            HONE_TRY(hone__yaml_add(lab->arena, *value, key, item, err));
    }
    return *value ? HONE_OK : hone_no_memory(err, "making up parameters");
}

/* Sizes of models as Hugging Face's config.json names them, as small as they can be: the defaults are those of real models. */
static const struct {
    const char *name;
    int64_t value;
} small_sizes[] = {{"hidden_size", 8}, {"num_hidden_layers", 2},       {"num_attention_heads", 2}, {"intermediate_size", 16},
                   {"layers", 2},      {"max_position_embeddings", 64}};

static const int64_t *small_size(const hone__lab *lab, const hone_param *row)
{
    for (size_t i = 0; lab->table->kind == HONE_KIND_MODEL && i < sizeof small_sizes / sizeof small_sizes[0]; i++)
        if (strcmp(row->name, small_sizes[i].name) == 0 && row->type == HONE_INT && row->shape == HONE_ONE &&
            row->min_int <= small_sizes[i].value && small_sizes[i].value <= row->max_int)
            return &small_sizes[i].value;
    return NULL;
}

/* Does the table, or one inside it, require something? */
static bool requires_something(const hone_param *row)
{
    if (row->flags & HONE_REQUIRED)
        return true;
    for (uint32_t i = 0; row->type == HONE_TABLE && row->shape == HONE_ONE && i < row->n_rows; i++)
        if (requires_something(&row->rows[i]))
            return true;
    return false;
}

hone_status hone__lab_samples(hone__lab *lab, const hone_param *rows, size_t n, hone__yaml **map, hone_error *err)
{
    *map = hone__yaml_new_map(lab->arena);
    for (size_t i = 0; *map && i < n; i++) {
        hone__yaml *value;
        const int64_t *size = small_size(lab, &rows[i]);
        if (!size && !requires_something(&rows[i]))
            continue;
        HONE_TRY(sample_field(lab, &rows[i], &value, err));
        if (size && !(value = hone__yaml_new_int(lab->arena, *size)))
            return hone_no_memory(err, "making up parameters");
        HONE_TRY(hone__yaml_add(lab->arena, *map, rows[i].name, value, err));
    }
    return *map ? HONE_OK : hone_no_memory(err, "making up parameters");
}

hone_status hone__lab_params(hone__lab *lab, const void **params, hone_error *err)
{
    const hone_plugin *t = lab->table;
    hone__issues issues = {.arena = lab->arena};
    const hone__fill fill = {.arena = lab->arena, .registry = lab->registry, .issues = &issues};
    hone__yaml *map;
    void *out = hone_alloc(lab->arena, t->params_size);
    *params = t->n_params ? out : NULL;
    if (!out)
        return hone_no_memory(err, "making up parameters");
    if (t->n_params == 0)
        return HONE_OK;
    HONE_TRY(hone__lab_samples(lab, t->params, t->n_params, &map, err));
    HONE_TRY(hone__params_fill(&fill, t->params, t->n_params, map, out, NULL, err));
    return hone__issues_status(&issues, err);
}

/* ---- Instances --------------------------------------------------------------------------------------------------- */

hone_status hone__lab_instance(hone__lab *lab, hone_arena *trial, const void *params, hone_self **self, hone_error *err)
{
    *self = hone__instance(trial, lab->step, lab->table, params, 7, NULL, NULL);
    return *self ? HONE_OK : hone_no_memory(err, "making an instance");
}

/* What a searcher is created with: a real and a choice. */
static const hone_space *small_space(void)
{
    static const hone_dimension dimensions[] = {
        {.name = "x", .distribution = HONE_CATEGORICAL, .n_choices = 2},
        {.name = "y", .distribution = HONE_CATEGORICAL, .n_choices = 3},
    };
    static const hone_space space = {
        .size = sizeof space, .n = 2, .dimensions = dimensions, .dimension_size = sizeof(hone_dimension)};
    return &space;
}

static hone_status create_in_world(hone__lab *lab, hone_self *self, hone_error *err)
{
    const void *t = self->plugin;
    const hone_model_setup model = {.size = sizeof model, .tokenizer = &lab->tokenizer, .max_length = HONE__LAB_LENGTH};
    hone_self *stand_in = NULL;
    switch (self->plugin->kind) {
    case HONE_KIND_TOKENIZER:
        return ((const hone_tokenizer *)t)->create(self, lab->dir, lab->train, err);
    case HONE_KIND_READER:
        return ((const hone_reader *)t)->create ? ((const hone_reader *)t)->create(self, err) : HONE_OK;
    case HONE_KIND_MODEL:
        return ((const hone_model *)t)->create(self, &model, err);
    case HONE_KIND_HEAD:
        stand_in = hone__instance(self->trial, self->step, &hone__lab_model.plugin, NULL, 7, NULL, NULL);
        if (!stand_in)
            return hone_no_memory(err, "making an instance");
        HONE_TRY(hone__lab_store(lab, err));
        return ((const hone_head *)t)
            ->create(self,
                     &(hone_head_setup){.size = sizeof(hone_head_setup),
                                        .facts = &lab->facts,
                                        .store = lab->waiting,
                                        .model = &hone__lab_model,
                                        .model_self = stand_in},
                     err);
    case HONE_KIND_LOSS:
        return ((const hone_loss *)t)->create ? ((const hone_loss *)t)->create(self, &lab->facts, err) : HONE_OK;
    case HONE_KIND_METRIC:
        return ((const hone_metric *)t)->create ? ((const hone_metric *)t)->create(self, &lab->facts, err) : HONE_OK;
    case HONE_KIND_OPTIMIZER:
        return ((const hone_optimizer *)t)->create ? ((const hone_optimizer *)t)->create(self, err) : HONE_OK;
    case HONE_KIND_SEARCHER:
        return ((const hone_searcher *)t)->create ? ((const hone_searcher *)t)->create(self, small_space(), err) : HONE_OK;
    case HONE_KIND_STOPPER:
        return ((const hone_stopper *)t)->create ? ((const hone_stopper *)t)->create(self, err) : HONE_OK;
    case HONE_KIND_LAUNCHER:
        return ((const hone_launcher *)t)->create ? ((const hone_launcher *)t)->create(self, err) : HONE_OK;
    case HONE_KIND_BACKEND:
        return ((const hone_backend *)t)->create(self, err);
    case HONE_KIND_TECHNIQUE: {
        const hone_technique *technique = t;
        stand_in = hone__instance(self->trial, self->step, &hone__lab_model.plugin, NULL, 7, NULL, NULL);
        if (!stand_in)
            return hone_no_memory(err, "making an instance");
        const hone_technique_setup setup = {.size = sizeof setup,
                                            .facts = &lab->facts,
                                            .store = lab->n_stores ? lab->stores[lab->n_stores - 1] : NULL,
                                            .total_steps = 10,
                                            .model = &hone__lab_model,
                                            .model_self = stand_in};
        return technique->create ? technique->create(self, &setup, err) : HONE_OK;
    }
    default:
        return HONE_OK;
    }
}

static hone_status own(hone__lab *lab, const hone_self *self, hone_error *err)
{
    if (lab->n_selves == HONE__LAB_OWNED)
        return hone_no_memory(err, "making an instance");
    lab->selves[lab->n_selves++] = self;
    return HONE_OK;
}

typedef struct visit {
    hone__lab *lab;
    const hone_self *owner;
} visit;

static hone_status create_named(void *ctx, const hone_param *row, hone_self *instance, hone_error *err)
{
    const visit *v = ctx;
    (void)row;
    instance->trial = v->owner->trial;
    instance->step = v->owner->step;
    HONE_TRY(own(v->lab, instance, err));
    return create_in_world(v->lab, instance, err);
}

hone_status hone__lab_create(hone__lab *lab, hone_self *self, hone_error *err)
{
    visit v = {lab, self};
    if (self->params)
        HONE_TRY(hone__params_plugins(self->plugin->params, self->plugin->n_params, self->params, create_named, &v, err));
    HONE_TRY(own(lab, self, err));
    return create_in_world(lab, self, err);
}

/* ---- Vocabularies ------------------------------------------------------------------------------------------------ */

/* One token a line, as Hugging Face has it: special ones, letters, and letters that continue a word. */
static hone_status write_vocabulary(const char *dir, hone_error *err)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz!,";
    char path[4200], text[1024] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n";
    size_t n = strlen(text);
    for (const char *p = letters; *p; p++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%c\n##%c\n", *p, *p);
    snprintf(path, sizeof path, "%s/vocab.txt", dir);
    return hone__write_file(path, text, n, err);
}

static hone_status make_vocabulary(hone__lab *lab, hone_error *err)
{
    const char *tmp = getenv("TMPDIR");
    if (lab->vocabulary_dir[0])
        return HONE_OK;
    snprintf(lab->vocabulary_dir, sizeof lab->vocabulary_dir, "%s/hone-check-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (!mkdtemp(lab->vocabulary_dir)) {
        lab->vocabulary_dir[0] = '\0';
        return hone_fail(err, HONE_EIO, "cannot make a folder for temporary files");
    }
    return write_vocabulary(lab->vocabulary_dir, err);
}

static hone_status try_tokenizer(hone__lab *lab, hone_error *err)
{
    const void *params;
    hone_self *self;
    HONE_TRY(hone__lab_params(lab, &params, err));
    HONE_TRY(hone__lab_instance(lab, lab->arena, params, &self, err));
    return hone__lab_create(lab, self, err);
}

hone_status hone__lab_choose_vocabulary(hone__lab *lab, hone_error *err)
{
    hone_error why;
    if (lab->table->kind != HONE_KIND_TOKENIZER || lab->dir || lab->train)
        return HONE_OK;
    HONE_TRY(hone__lab_corpus(lab, HONE_TARGET_CLASS, &lab->train, err));
    if (try_tokenizer(lab, &why) == HONE_OK)
        return HONE_OK;
    HONE_TRY(make_vocabulary(lab, err));
    lab->train = NULL;
    lab->dir = lab->vocabulary_dir;
    return HONE_OK;
}

/* ---- All in one -------------------------------------------------------------------------------------------------- */

/* What a plugin says that it cannot work without is no fault of it: a folder, a file, a device. */
static bool wants_more(hone_status status)
{
    return status != HONE_OK && status != HONE_ENOMEM && status != HONE_EPLUGIN && status != HONE_EABI;
}

hone_status hone__lab_self(hone__lab *lab, hone_self **self, hone_error *err)
{
    const void *params;
    HONE_TRY(hone__lab_choose_vocabulary(lab, err));
    HONE_TRY(hone__lab_params(lab, &params, err));
    HONE_TRY(hone__lab_instance(lab, lab->arena, params, self, err));
    const hone_status status = hone__lab_create(lab, *self, err);
    if (wants_more(status)) {
        const hone_error why = *err;
        HONE__LEAVE_OUT("create() wants more than this check has: %s", why.msg);
    }
    return status;
}
