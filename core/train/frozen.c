/* frozen.c - choosing what of a network is computed once, the keys of its files, making and mapping them.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "train/frozen.h"
#include "base/arena.h"
#include "base/cpu.h"
#include "base/file.h"
#include "base/format.h"
#include "base/hash.h"
#include "base/str.h"
#include "data/prepared.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

static const char tensor_name[] = "rows";
enum { BATCH_TOKENS = 4096, WAIT_MS = 50 };
static const double least_work = 100; /* operations that a number must save */
static const uint64_t left_free = (uint64_t)1 << 30;

static hone_status no_memory(hone_error *err)
{
    return hone_no_memory(err, "keeping the outputs of frozen layers");
}

/* ---- The frozen part --------------------------------------------------------------------------------------------- */

/* A graph of the model alone, planned up to the place; *node is NULL where there is none. */
typedef struct frozen_part {
    hone__network net; /* without head and techniques */
    hone__pass pass;
    hone_node *node;
    const char *place;
} frozen_part;

static hone_status build_part(const hone__parts *p, const hone__prepared *data, const uint64_t *order, uint64_t n,
                              frozen_part *out, hone_error *err)
{
    hone_batch *batch = NULL;
    *out = (frozen_part){.net = p->network};
    out->net.head = NULL;
    out->net.n_techniques = 0;
    out->net.frozen = NULL;
    hone__arena_reset(p->step);
    HONE_TRY(hone__batch_pack(data, order, n, p->step, &batch, err));
    HONE_TRY(hone__pass_build(&out->pass, &out->net, &(hone__pass_setup){.batch = batch, .arena = p->step}, err));
    out->node = hone__graph_constant(out->pass.graph, &out->place);
    if (!out->node)
        return HONE_OK;
    const hone_shape *shape = hone_node_shape(out->node);
    if (shape->rank != 2 || shape->dim[0] != (int64_t)hone_batch_tokens(batch)) { /* not a row a token */
        out->node = NULL;
        return HONE_OK;
    }
    hone__graph_keep(out->pass.graph, out->node, false);
    return hone__graph_plan(out->pass.graph, false, NULL, err);
}

/* ---- Choosing ---------------------------------------------------------------------------------------------------- */

static bool is_constant_over_epochs(const hone__parts *p)
{
    for (size_t i = 0; i < p->network.n_techniques; i++)
        if (p->network.techniques[i].technique->perturbs)
            return false;
    return !p->network.head->prepare_per_epoch;
}

static bool rows_are_independent(const hone__parts *p, const frozen_part *part)
{
    const hone_backend *backend = p->network.backend;
    return (!backend || (backend->flags & HONE_BACKEND_ROWS_INDEPENDENT)) && hone__graph_rows_independent(part->pass.graph);
}

/* For auto. */
static bool is_worth_it(const hone__parts *p, const frozen_part *part)
{
    if (p->total_steps < hone__batches_place(p->batches, 0).of_epoch)
        return false;
    if (rows_are_independent(p, part))
        return true;
    hone_log_line(p->setup->log, HONE_LOG_INFO,
                  "frozen layers are computed in every step: the backend's rows are not independent, and keeping their outputs "
                  "(trainer.cache_frozen: always) may change the last bits");
    return false;
}

hone_status hone__frozen_choose(const hone__parts *p, hone__frozen *f, hone_error *err)
{
    const int32_t wish = p->experiment->trainer.cache_frozen;
    const uint64_t order[] = {0, 1}, n = p->train_prepared->stats.examples > 1 ? 2 : 1;
    frozen_part part;
    *f = (hone__frozen){0};
    if (wish == HONE__CACHE_FROZEN_NONE || p->setup->no_frozen || !is_constant_over_epochs(p))
        return HONE_OK;
    HONE_TRY(build_part(p, p->train_prepared, order, n, &part, err));
    if (!part.node)
        return HONE_OK;
    const hone_shape *shape = hone_node_shape(part.node);
    const double work = hone__graph_work(part.pass.graph);
    if (work < least_work * (double)hone_shape_count(shape))
        return HONE_OK;
    if (wish == HONE__CACHE_FROZEN_AUTO && !is_worth_it(p, &part))
        return HONE_OK;
    const char *place = hone_strdup(p->trial, part.place);
    if (!place)
        return no_memory(err);
    *f = (hone__frozen){.place = place, .width = shape->dim[1], .work = work / (double)shape->dim[0]};
    return HONE_OK;
}

uint64_t hone__frozen_bytes(const hone__frozen *f, const hone__prepared *prepared)
{
    return f->place && prepared ? prepared->stats.tokens * (uint64_t)f->width * sizeof(float) : 0;
}

/* ---- Keys -------------------------------------------------------------------------------------------------------- */

static hone_status add_backend(hone__str *out, const hone__parts *p, hone_error *err)
{
    const hone_backend *backend = p->network.backend;
    hone__str_addf(out, "isa %s bf16 %d\n", hone__cpu_isa(), p->network.bf16);
    if (!backend)
        return HONE_OK;
    HONE_TRY(hone__key_add_section(out, &p->experiment->backend, HONE_NO_BITS, NULL, err));
    hone__str_addf(out, "%s\n", backend->describe ? backend->describe(p->network.backend_self) : "");
    return HONE_OK;
}

/* Names and values of the weights that the frozen part reads. */
static hone_status add_weights(hone__str *out, const hone__parts *p, const frozen_part *part, hone_error *err)
{
    char hex[65];
    const size_t n = hone__graph_weights(part->pass.graph, NULL);
    const hone__weight **weights = hone_alloc_array(p->step, n, sizeof *weights);
    hone__sha256 *hash = weights ? hone__sha256_create() : NULL;
    if (!hash)
        return no_memory(err);
    hone__graph_weights(part->pass.graph, weights);
    for (size_t i = 0; i < n; i++) {
        hone__sha256_add(hash, weights[i]->name, strlen(weights[i]->name) + 1);
        hone__sha256_add(hash, weights[i]->value.data, (size_t)weights[i]->n * sizeof(float));
    }
    HONE_TRY(hone__sha256_finish(hash, hex, err));
    hone__str_addf(out, "weights %s\n", hex);
    return HONE_OK;
}

static hone_status add_identity(hone__str *out, const hone__parts *p, const hone__frozen *f, hone_error *err)
{
    /* Weights count by their values, and what is frozen by the place. */
    static const char *const without[] = {"path", "freeze", NULL};
    const uint64_t first = 0;
    frozen_part part;
    HONE_TRY(build_part(p, p->train_prepared, &first, 1, &part, err));
    hone__str_addf(out, "frozen %s %s %lld ", HONE__FORMAT_FROZEN, f->place, (long long)f->width);
    HONE_TRY(hone__key_add_library(out, err));
    HONE_TRY(add_backend(out, p, err));
    HONE_TRY(hone__key_add_section(out, &p->experiment->model, HONE_TRAINING_ONLY, without, err));
    return add_weights(out, p, &part, err);
}

static hone_status identify(const hone__parts *p, const hone__frozen *f, char hex[65], hone_error *err)
{
    hone__str text = {0};
    hone_status status = add_identity(&text, p, f, err);
    if (status == HONE_OK)
        status = text.failed ? no_memory(err) : hone__sha256_bytes(text.data, text.n, hex, err);
    hone__str_clear(&text);
    return status;
}

static void add_numbers(hone__sha256 *hash, const void *data, uint64_t n, size_t size)
{
    hone__sha256_add(hash, &n, sizeof n);
    if (data && n)
        hone__sha256_add(hash, data, (size_t)n * size);
}

/* All that a model may read of a split. */
static hone_status key_of(const char *identity, const hone__prepared *d, char key[65], hone_error *err)
{
    char corpus[65];
    HONE_TRY(hone__corpus_hash(d->corpus, corpus, err));
    hone__sha256 *hash = hone__sha256_create();
    if (!hash)
        return no_memory(err);
    hone__sha256_add(hash, identity, 64);
    hone__sha256_add(hash, corpus, 64);
    add_numbers(hash, d->example_starts, d->stats.examples + 1, sizeof *d->example_starts);
    add_numbers(hash, d->starts, d->stats.sequences + 1, sizeof *d->starts);
    add_numbers(hash, d->ids, d->ids ? d->stats.tokens : 0, sizeof *d->ids);
    add_numbers(hash, d->types, d->types ? d->stats.tokens : 0, sizeof *d->types);
    for (size_t i = 0; i < d->n_fields; i++) {
        const hone__named_field *field = &d->fields[i];
        const uint64_t owners = hone__owners_of(d, field->form.per);
        add_numbers(hash, field->form.name, strlen(field->form.name), 1);
        add_numbers(hash, field->starts, owners + 1, sizeof *field->starts);
        add_numbers(hash, field->data, field->starts[owners], field->form.row_size);
    }
    return hone__sha256_finish(hash, key, err);
}

/* ---- Mapping ----------------------------------------------------------------------------------------------------- */

/* The file of one split. */
typedef struct split {
    hone__parts *parts;
    const hone__frozen *frozen;
    hone__prepared *prepared;
    char key[65];
    const char *path, *lock;
} split;

static const char *metadata_of(const hone__st_file *f, const char *key)
{
    for (size_t i = 0; i < f->n_metadata; i++)
        if (strcmp(f->metadata[2 * i], key) == 0)
            return f->metadata[2 * i + 1];
    return "";
}

static hone_status check_file(const split *s, const hone__st_file *f, hone_error *err)
{
    const hone__st_entry *e = hone__st_find(f, tensor_name);
    HONE_TRY(hone__st_check_seal(f, err));
    if (strcmp(metadata_of(f, "hone_frozen"), HONE__FORMAT_FROZEN) != 0 || strcmp(metadata_of(f, "key"), s->key) != 0)
        return hone_fail(err, HONE_EFORMAT, "%s has another key than its name says", s->path);
    if (!e || e->dtype != HONE_F32 || e->rank != 2 || e->dims[0] != s->prepared->stats.tokens ||
        e->dims[1] != (uint64_t)s->frozen->width || (uintptr_t)e->data % sizeof(float) != 0)
        return hone_fail(err, HONE_EFORMAT, "%s does not hold a row for each token", s->path);
    return HONE_OK;
}

static hone_status map_file(const split *s, hone_error *err)
{
    hone__st_file file = {0};
    HONE_TRY(hone__st_open(&file, s->prepared->arena, s->path, err));
    hone_status status = check_file(s, &file, err);
    if (status == HONE_OK &&
        !hone__prepared_attach(s->prepared, &file, s->frozen->place, hone__st_find(&file, tensor_name)->data, s->frozen->width))
        status = hone_fail(err, HONE_EINVAL, "the examples have too many fields to add the outputs of frozen layers");
    if (status != HONE_OK)
        hone__st_close(&file);
    return status;
}

/* *found where the file is there and good. One that is damaged is made again, which whoever is about to make it tells. */
static hone_status look_up(const split *s, bool tell, bool *found, hone_error *err)
{
    hone_error why;
    *found = false;
    if (!hone__exists(s->path))
        return HONE_OK;
    const hone_status status = map_file(s, &why);
    *found = status == HONE_OK;
    if (status != HONE_OK && status != HONE_EFORMAT)
        return hone_fail(err, status, "%s", why.msg);
    if (*found)
        hone_log_line(s->parts->setup->log, HONE_LOG_INFO, "%s of %s is from %s", s->frozen->place, s->prepared->corpus->split,
                      s->path);
    else if (tell)
        hone_log_line(s->parts->setup->log, HONE_LOG_WARNING, "outputs of frozen layers are made again: %s", why.msg);
    return HONE_OK;
}

/* ---- Making ------------------------------------------------------------------------------------------------------ */

typedef struct making {
    const split *split;
    hone__division batches;
    uint64_t next;
    frozen_part part;
    hone__block block;
} making;

static hone_status next_rows(void *ctx, const void **bytes, size_t *n, hone_error *err)
{
    making *m = ctx;
    hone__parts *p = m->split->parts;
    const uint64_t i = m->next++, at = i < m->batches.n ? m->batches.starts[i] : 0;
    if (p->setup->stop && *p->setup->stop)
        return hone_fail(err, HONE_EINTERRUPTED, "stopped before the first step");
    *n = 0;
    if (i >= m->batches.n)
        return HONE_OK;
    HONE_TRY(build_part(p, m->split->prepared, m->batches.order + at, m->batches.starts[i + 1] - at, &m->part, err));
    if (!m->part.node || strcmp(m->part.place, m->split->frozen->place) != 0)
        return hone_fail(err, HONE_EPLUGIN, "model %s opens other places for other examples", p->network.model->plugin.name);
    HONE_TRY(hone__graph_forward(m->part.pass.graph, &m->block, err));
    const hone_tensor *rows = hone__node_tensor(m->part.node);
    *bytes = rows->data;
    *n = (size_t)hone_shape_count(&rows->shape) * sizeof(float);
    return HONE_OK;
}

static hone_status write_rows(const split *s, hone_error *err)
{
    const hone__bounds bounds = {.tokens = BATCH_TOKENS};
    const char *const metadata[] = {"hone_frozen", HONE__FORMAT_FROZEN, "key", s->key};
    making m = {.split = s};
    hone__st_item item = {tensor_name, {.dtype = HONE_F32}};
    item.tensor.shape = hone_shape_2((int64_t)s->prepared->stats.tokens, s->frozen->width);
    hone_arena *arena = hone__arena_create(0);
    if (!arena)
        return no_memory(err);
    hone_status status = hone__divide_in_order(arena, s->prepared, bounds, &m.batches, err);
    if (status == HONE_OK)
        status = hone__st_write_streamed(s->path, &item, metadata, 2, &(hone__st_source){next_rows, &m}, err);
    hone__block_free(&m.block);
    hone__arena_destroy(arena);
    hone__arena_reset(s->parts->step);
    return status;
}

static hone_status check_room(const split *s, hone_error *err)
{
    struct statvfs v;
    char needed[32], there[32];
    const uint64_t bytes = hone__frozen_bytes(s->frozen, s->prepared);
    if (statvfs(s->parts->setup->cache_dir, &v) != 0)
        return HONE_OK; /* then writing will tell */
    const uint64_t available = (uint64_t)v.f_bavail * v.f_frsize;
    if (available >= bytes + left_free)
        return HONE_OK;
    return hone_fail(err, HONE_EIO, "%s has %s free, and the outputs of frozen layers over %s would take %s",
                     s->parts->setup->cache_dir, hone__bytes_text(available, there, sizeof there), s->prepared->corpus->split,
                     hone__bytes_text(bytes, needed, sizeof needed));
}

/* Waits for whoever makes the same file. Where locks do not work, two may make it, with the same bytes. */
static hone_status take_turn(const split *s, int *fd, hone_error *err)
{
    const struct timespec wait = {0, WAIT_MS * 1000000};
    const volatile int *stop = s->parts->setup->stop;
    *fd = open(s->lock, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    while (*fd >= 0 && flock(*fd, LOCK_EX | LOCK_NB) != 0 && (errno == EWOULDBLOCK || errno == EINTR)) {
        if (stop && *stop)
            return hone_fail(err, HONE_EINTERRUPTED, "stopped before the first step");
        nanosleep(&wait, NULL);
    }
    return HONE_OK;
}

static hone_status make_file(const split *s, hone_error *err)
{
    bool found = false;
    HONE_TRY(look_up(s, true, &found, err)); /* somebody else may have made it meanwhile */
    if (found)
        return HONE_OK;
    HONE_TRY(check_room(s, err));
    HONE_TRY(write_rows(s, err));
    HONE_TRY(map_file(s, err));
    hone_log_line(s->parts->setup->log, HONE_LOG_INFO, "%s of %s is now in %s", s->frozen->place, s->prepared->corpus->split,
                  s->path);
    return HONE_OK;
}

static hone_status find_or_make(const split *s, hone_error *err)
{
    int fd = -1;
    bool found = false;
    HONE_TRY(look_up(s, false, &found, err));
    if (found)
        return HONE_OK;
    hone_status status = take_turn(s, &fd, err);
    if (status == HONE_OK) {
        status = make_file(s, err);
        if (fd >= 0)
            unlink(s->lock); /* whoever waits for it finds the file, or makes it */
    }
    if (fd >= 0)
        close(fd);
    return status;
}

/* ---- All of it --------------------------------------------------------------------------------------------------- */

static hone_status open_split(hone__parts *p, const hone__frozen *f, const char *identity, hone__prepared *prepared,
                              hone_error *err)
{
    split s = {.parts = p, .frozen = f, .prepared = prepared};
    if (!prepared || prepared->stats.tokens == 0)
        return HONE_OK;
    HONE_TRY(key_of(identity, prepared, s.key, err));
    s.path = hone_sprintf(p->trial, "%s/frozen-%.32s.safetensors", p->setup->cache_dir, s.key);
    s.lock = hone_sprintf(p->trial, "%s/frozen-%.32s.lock", p->setup->cache_dir, s.key);
    return s.path && s.lock ? find_or_make(&s, err) : no_memory(err);
}

static hone_status open_all(hone__parts *p, const hone__frozen *f, hone_error *err)
{
    char identity[65];
    HONE_TRY(hone__make_dirs(p->setup->cache_dir, err));
    HONE_TRY(identify(p, f, identity, err));
    HONE_TRY(open_split(p, f, identity, p->train_prepared, err));
    return open_split(p, f, identity, p->validation_prepared, err);
}

hone_status hone__frozen_open(hone__parts *p, hone_error *err)
{
    hone__frozen f;
    hone_error why;
    if (!p->setup->cache_dir)
        return HONE_OK;
    HONE_TRY(hone__frozen_choose(p, &f, err));
    if (!f.place)
        return HONE_OK;
    const hone_status status = open_all(p, &f, &why);
    p->network.frozen = f.place; /* of the splits that have it */
    if (status == HONE_OK)
        return HONE_OK;
    if (status == HONE_ENOMEM || status == HONE_EINTERRUPTED)
        return hone_fail(err, status, "%s", why.msg);
    if (p->experiment->trainer.cache_frozen == HONE__CACHE_FROZEN_ALWAYS)
        return hone_fail(err, status, "trainer.cache_frozen is always, but: %.900s", why.msg);
    hone_log_line(p->setup->log, HONE_LOG_WARNING, "frozen layers are computed in every step: %s", why.msg);
    return HONE_OK;
}
