/* cache.c - the keys of the token cache, and looking there before preparing.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "data/cache.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/str.h"
#include "data/prepared.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FORMAT 1 /* of what the keys are made of */

/* ---- Keys -------------------------------------------------------------------------------------------------------- */

static hone_status no_memory(hone_error *err)
{
    return hone_no_memory(err, "making the key of the token cache");
}

/* The file that holds this very code: libhone.so, or a program that it is linked into. */
hone_status hone__key_add_library(hone__str *out, hone_error *err)
{
    Dl_info info;
    char hex[65];
    if (!dladdr((const void *)&hone__kinds, &info) || !info.dli_fname)
        return hone_fail(err, HONE_EUNSUPPORTED, "the file of libhone cannot be found");
    HONE_TRY(hone__sha256_file(info.dli_fname, hex, err));
    hone__str_addf(out, "hone %s %s\n", HONE_VERSION, hex);
    return HONE_OK;
}

static bool is_left_out(const hone_plugin *table, const char *key, uint32_t flag, const char *const *without)
{
    for (; without && *without; without++)
        if (strcmp(*without, key) == 0)
            return true;
    for (uint32_t i = 0; i < table->n_params; i++) {
        const hone_param *row = (const hone_param *)(const void *)((const char *)table->params + i * table->param_size);
        if (strcmp(row->name, key) == 0)
            return row->flags & flag;
    }
    return false;
}

hone_status hone__key_add_section(hone__str *out, const hone__section *section, uint32_t flag, const char *const *without,
                                  hone_error *err)
{
    const hone_plugin *table = section->plugin->table;
    HONE_TRY(hone__plugin_hash(section->plugin, err));
    hone__str_addf(out, "%s %s %s\n", hone__kinds[table->kind].name, table->name, section->plugin->sha256);
    for (const hone__yaml *child = section->node ? section->node->child : NULL; child; child = child->next) {
        if (is_left_out(table, child->key, flag, without))
            continue;
        hone__str_add_json(out, child->key);
        HONE_TRY(hone__yaml_emit(child, out, err));
    }
    return HONE_OK;
}

/* ---- What a tokenizer may have read ------------------------------------------------------------------------------ */

/* A vocabulary is smaller; what is larger are weights, which are not read through for a key. */
#define MOST_CONTENT ((off_t)32 << 20)

static hone_status add_path(hone__str *out, const char *path, int depth, hone_error *err);

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static hone_status add_folder(hone__str *out, const char *folder, int depth, hone_error *err)
{
    struct dirent **list = NULL;
    const int n = scandir(folder, &list, NULL, by_name);
    hone_status status = n >= 0 ? HONE_OK : hone_fail(err, HONE_EIO, "cannot read the folder %s: %s", folder, strerror(errno));
    for (int i = 0; i < n; i++) {
        char path[PATH_MAX];
        if (status == HONE_OK && list[i]->d_name[0] != '.' &&
            snprintf(path, sizeof path, "%s/%s", folder, list[i]->d_name) < (int)sizeof path) {
            hone__str_add_json(out, list[i]->d_name);
            status = add_path(out, path, depth + 1, err);
        }
        free(list[i]);
    }
    free(list);
    return status;
}

static hone_status add_path(hone__str *out, const char *path, int depth, hone_error *err)
{
    enum { DEEPEST = 4 };
    char hex[65];
    struct stat st;
    if (stat(path, &st) != 0)
        return hone_fail(err, HONE_EIO, "cannot read %s: %s", path, strerror(errno));
    if (S_ISDIR(st.st_mode) && depth < DEEPEST)
        return add_folder(out, path, depth, err);
    if (!S_ISREG(st.st_mode))
        return HONE_OK;
    if (st.st_size > MOST_CONTENT) {
        hone__str_addf(out, " %lld bytes of %lld.%09ld\n", (long long)st.st_size, (long long)st.st_mtim.tv_sec,
                       st.st_mtim.tv_nsec);
        return HONE_OK;
    }
    HONE_TRY(hone__sha256_file(path, hex, err));
    hone__str_addf(out, " %s\n", hex);
    return HONE_OK;
}

/* The files that its parameters name. */
static hone_status add_named(hone__str *out, const hone__section *section, hone_error *err)
{
    const hone_plugin *table = section->plugin->table;
    for (uint32_t i = 0; section->params && i < table->n_params; i++) {
        const hone_param *row = (const hone_param *)(const void *)((const char *)table->params + i * table->param_size);
        const char *field = (const char *)section->params + row->offset;
        if (row->type != HONE_STRING || !(row->flags & (HONE_PATH | HONE_MODEL_PATH)))
            continue;
        const hone_list list = row->shape == HONE_LIST ? *(const hone_list *)(const void *)field : (hone_list){field, 1, 0};
        for (uint64_t k = 0; row->shape != HONE_MAP && k < list.n; k++)
            if (((const char *const *)list.items)[k])
                HONE_TRY(add_path(out, ((const char *const *)list.items)[k], 0, err));
    }
    return HONE_OK;
}

/* All that its create() gets: parameters and their files, the model's folder, and the examples to learn from. */
static hone_status add_tokenizer(hone__str *out, const hone__cache *c, hone_error *err)
{
    const hone__cache_setup *s = &c->setup;
    if (!s->preparer->tokenizer)
        return HONE_OK;
    HONE_TRY(hone__key_add_section(out, s->tokenizer, HONE_NO_PREPARE, NULL, err));
    HONE_TRY(add_named(out, s->tokenizer, err));
    if (s->model_dir)
        HONE_TRY(add_path(out, s->model_dir, 0, err));
    hone__str_addf(out, "train %s\n", c->train);
    return HONE_OK;
}

/* ---- The rest of a key ------------------------------------------------------------------------------------------- */

static void add_facts(hone__str *out, const hone_facts *f)
{
    hone__str_addf(out, "facts %u %d %llu %llu %lld\n", (unsigned)f->target, (int)f->positive, (unsigned long long)f->n_train,
                   (unsigned long long)f->max_length, (long long)f->hidden);
    for (uint64_t i = 0; i < f->n_labels; i++) {
        hone__str_add_json(out, f->labels[i]);
        hone__str_addf(out, " %llu\n", (unsigned long long)(f->counts ? f->counts[i] : 0));
    }
}

/* Without a prepare() of its own, a head has no part in the sequences; with one, it may look at all that it was made with. */
static hone_status add_head(hone__str *out, const hone__cache_setup *s, hone_error *err)
{
    if (!s->preparer->head || !s->preparer->head->prepare)
        return HONE_OK;
    HONE_TRY(hone__key_add_section(out, s->head, HONE_NO_PREPARE, NULL, err));
    if (!s->preparer->head->prepare_draws_nothing)
        hone__str_addf(out, "seed %llu\n", (unsigned long long)s->preparer->seed);
    add_facts(out, s->facts);
    return HONE_OK;
}

static hone_status identify(hone__cache *c, hone__str *text, hone_error *err)
{
    HONE_TRY(hone__make_dirs(c->setup.dir, err));
    HONE_TRY(hone__corpus_hash(c->setup.train, c->train, err));
    hone__str_addf(text, "tokens %d ", FORMAT);
    HONE_TRY(hone__key_add_library(text, err));
    HONE_TRY(add_tokenizer(text, c, err));
    hone__str_addf(text, "max_length %llu\n", (unsigned long long)c->setup.preparer->max_length);
    HONE_TRY(add_head(text, &c->setup, err));
    return text->failed ? no_memory(err) : hone__sha256_bytes(text->data, text->n, c->identity, err);
}

static hone_status key_of(const hone__cache *c, const hone_corpus *corpus, bool training, char key[65], hone_error *err)
{
    const hone_head *head = c->setup.preparer->head;
    char data[65], text[160];
    HONE_TRY(hone__corpus_hash(corpus, data, err));
    const int n =
        snprintf(text, sizeof text, "%s %s%s", c->identity, data, head && head->prepare && training ? " training" : "");
    return hone__sha256_bytes(text, (size_t)n, key, err);
}

/* ---- Using it ---------------------------------------------------------------------------------------------------- */

/* Without its cache a trial is slower and nothing else; so only a lack of memory is an error. */
static hone_status give_up(hone__cache *c, hone_status status, const hone_error *why, hone_error *err)
{
    if (status == HONE_ENOMEM)
        return no_memory(err);
    hone_log_line(c->setup.log, HONE_LOG_WARNING, "there is no token cache: %s", why->msg);
    c->off = true;
    return HONE_OK;
}

hone_status hone__cache_open(hone__cache *c, const hone__cache_setup *setup, hone_error *err)
{
    const hone__preparer *p = setup->preparer;
    hone_error why = {0};
    hone__str text = {0};
    *c = (hone__cache){.setup = *setup};
    c->off = !setup->dir || (!p->tokenizer && !(p->head && p->head->prepare)); /* without either there is nothing to save */
    if (c->off)
        return HONE_OK;
    const hone_status status = identify(c, &text, &why);
    hone__str_clear(&text);
    return status == HONE_OK ? HONE_OK : give_up(c, status, &why, err);
}

static hone_status look_up(hone__cache *c, const char *path, const char *key, const hone_corpus *corpus,
                           hone__prepared **prepared, hone_error *err)
{
    hone_error why = {0};
    *prepared = NULL;
    if (!hone__exists(path))
        return HONE_OK;
    const hone_status status = hone__prepared_open(path, key, corpus, c->setup.preparer->n_labels, prepared, &why);
    if (status == HONE_ENOMEM)
        return no_memory(err);
    if (status == HONE_OK)
        hone_log_line(c->setup.log, HONE_LOG_INFO, "the tokens of %s are from %s", corpus->split, path);
    else
        hone_log_line(c->setup.log, HONE_LOG_WARNING, "a file of the token cache is made again: %s", why.msg);
    return HONE_OK;
}

/* Puts what was prepared into the cache, and the map of it in its place: other trials have the same pages. */
static hone_status keep(hone__cache *c, const char *path, const char *key, hone__prepared **prepared, hone_error *err)
{
    hone_error why = {0};
    hone__prepared *mapped = NULL;
    hone_status status = hone__prepared_save(*prepared, key, path, &why);
    if (status == HONE_OK)
        status = hone__prepared_open(path, key, (*prepared)->corpus, (*prepared)->n_labels, &mapped, &why);
    if (status != HONE_OK)
        return give_up(c, status, &why, err);
    hone_log_line(c->setup.log, HONE_LOG_INFO, "the tokens of %s are now in %s", (*prepared)->corpus->split, path);
    hone__prepared_destroy(*prepared);
    *prepared = mapped;
    return HONE_OK;
}

static hone_status prepare(hone__cache *c, const char *path, const char *key, const hone_corpus *corpus, bool training,
                           hone_pool *pool, hone__prepared **prepared, hone_error *err)
{
    HONE_TRY(look_up(c, path, key, corpus, prepared, err));
    if (*prepared)
        return HONE_OK;
    HONE_TRY(hone__prepare(c->setup.preparer, corpus, 0, training, pool, prepared, err));
    const hone_status status = keep(c, path, key, prepared, err);
    if (status == HONE_OK)
        return HONE_OK;
    hone__prepared_destroy(*prepared);
    *prepared = NULL;
    return status;
}

hone_status hone__cache_prepare(hone__cache *c, const hone_corpus *corpus, bool training, hone_pool *pool,
                                hone__prepared **prepared, hone_error *err)
{
    char key[65];
    if (c->off)
        return hone__prepare(c->setup.preparer, corpus, 0, training, pool, prepared, err);
    HONE_TRY(key_of(c, corpus, training, key, err));
    hone_arena *arena = hone__arena_create(0);
    const char *path = arena ? hone_sprintf(arena, "%s/tokens-%.32s.safetensors", c->setup.dir, key) : NULL;
    const hone_status status = path ? prepare(c, path, key, corpus, training, pool, prepared, err) : no_memory(err);
    hone__arena_destroy(arena);
    return status;
}
