/* checkpoint.c - saving the whole state of a trial, and going on from it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "train/checkpoint.h"
#include "base/alloc.h"
#include "base/arena.h"
#include "base/cpu.h"
#include "base/file.h"
#include "base/format.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/str.h"
#include "train/result.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEPT = 2, MOST_FILES = 16 };
static const char file_prefix[] = "file/";

static const char *folder(const hone__loop *l)
{
    return hone__path_join(l->scratch, l->parts->setup->dir, HONE__CHECKPOINT_DIR);
}

static const char *path_of(const hone__loop *l, int64_t step)
{
    const char *dir = folder(l);
    return dir ? hone_sprintf(l->scratch, "%s/step-%lld.safetensors", dir, (long long)step) : NULL;
}

static hone_status no_room(hone_error *err)
{
    return hone_no_memory(err, "saving a checkpoint");
}

/* ---- What a checkpoint belongs to -------------------------------------------------------------------------------- */

/* SHA-256 of the configuration as far as it decides numbers. */
static hone_status hash_configuration(const hone__loop *l, char hex[65], hone_error *err)
{
    hone__str text = {0};
    hone__yaml *root = hone__experiment_bits(l->scratch, l->parts->experiment);
    if (!root)
        return no_room(err);
    hone_status status = hone__yaml_emit(root, &text, err);
    if (status == HONE_OK)
        status = text.failed ? no_room(err) : hone__sha256_bytes(text.data, text.n, hex, err);
    hone__str_clear(&text);
    return status;
}

/* Of the examples that are trained on and chosen by. */
static hone_status hash_data(hone__loop *l, hone_error *err)
{
    char both[2][65] = {"", ""};
    if (l->saved.data[0])
        return HONE_OK;
    HONE_TRY(hone__corpus_hash(l->parts->train, both[0], err));
    if (l->parts->dataset.validation)
        HONE_TRY(hone__corpus_hash(l->parts->dataset.validation, both[1], err));
    return hone__sha256_bytes(both, sizeof both, l->saved.data, err);
}

/* Of the weights that steps do not change, and checkpoints do not hold. */
static hone_status hash_frozen(hone__loop *l, hone_error *err)
{
    const hone_store *store = l->parts->network.store;
    if (l->saved.frozen[0])
        return HONE_OK;
    hone__sha256 *hash = hone__sha256_create();
    if (!hash)
        return no_room(err);
    for (size_t i = 0; i < hone__store_count(store); i++) {
        const hone__weight *w = hone__store_at(store, i);
        hone__sha256_add(hash, w->name, strlen(w->name) + 1);
        if (w->frozen)
            hone__sha256_add(hash, w->value.data, (size_t)w->n * sizeof(float));
    }
    return hone__sha256_finish(hash, l->saved.frozen, err);
}

/* ---- Counters ---------------------------------------------------------------------------------------------------- */

/* Members of the JSON object "state": whole numbers as they are, reals as hexadecimal floats, which keep every bit. */
typedef struct member {
    const char *key;
    int64_t *whole; /* one of the three */
    uint64_t *count;
    double *real;
} member;

enum { N_MEMBERS = 16 };

static void list_members(hone__loop *l, member out[N_MEMBERS])
{
    const member all[N_MEMBERS] = {{"step", &l->step, NULL, NULL},
                                   {"checked_step", &l->checked_step, NULL, NULL},
                                   {"since_best", &l->since_best, NULL, NULL},
                                   {"line_steps", &l->line_steps, NULL, NULL},
                                   {"epoch_steps", &l->epoch_steps, NULL, NULL},
                                   {"examples", NULL, &l->examples, NULL},
                                   {"tokens", NULL, &l->tokens, NULL},
                                   {"seconds", NULL, NULL, &l->seconds},
                                   {"line_loss", NULL, NULL, &l->line_loss},
                                   {"epoch_loss", NULL, NULL, &l->epoch_loss}};
    memcpy(out, all, sizeof all);
}

static int set_real(json_t *object, const char *key, double x)
{
    char text[64];
    snprintf(text, sizeof text, "%a", x);
    return json_object_set_new(object, key, json_string(text));
}

static int set_member(json_t *object, const member *m)
{
    if (m->real)
        return set_real(object, m->key, *m->real);
    return json_object_set_new(object, m->key, json_integer(m->whole ? (json_int_t)*m->whole : (json_int_t)*m->count));
}

static int set_best(json_t *state, const hone__loop *l)
{
    json_t *best = json_object();
    int failed = l->best ? json_object_set_new(best, "step", json_integer((json_int_t)l->best->step)) : 0;
    failed |= l->best ? set_real(best, "epoch", l->best->epoch) : 0;
    failed |= l->best ? set_real(best, "value", l->best->value) : 0;
    failed |= l->best ? json_object_set_new(best, "direction", json_integer(l->direction)) : 0;
    return failed | json_object_set_new(state, "best", best);
}

static json_t *state_json(hone__loop *l, const char *configuration, int64_t metrics_length)
{
    member members[N_MEMBERS];
    json_t *state = json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:I}", "format", HONE__FORMAT_CHECKPOINT, "hone", HONE_VERSION,
                              "isa", hone__cpu_isa(), "configuration", configuration, "data", l->saved.data, "frozen",
                              l->saved.frozen, "metrics_length", (json_int_t)metrics_length);
    int failed = state ? 0 : -1;
    list_members(l, members);
    for (size_t i = 0; i < N_MEMBERS && members[i].key; i++)
        failed |= set_member(state, &members[i]);
    if (failed | set_best(state, l)) {
        json_decref(state);
        return NULL;
    }
    return state;
}

static hone_status get_real(const json_t *object, const char *key, double *out, const char *path, hone_error *err)
{
    const char *text = NULL;
    HONE_TRY(hone__json_text(object, key, true, &text, path, err));
    char *end;
    *out = strtod(text, &end);
    return *text && *end == '\0' ? HONE_OK : hone_fail(err, HONE_EFORMAT, "%s: %s is no number", path, key);
}

static hone_status get_member(const json_t *object, const member *m, const char *path, hone_error *err)
{
    int64_t whole = 0;
    if (m->real)
        return get_real(object, m->key, m->real, path, err);
    HONE_TRY(hone__json_int(object, m->key, true, &whole, path, err));
    if (m->whole)
        *m->whole = whole;
    else
        *m->count = (uint64_t)whole;
    return HONE_OK;
}

/* ---- Saving ------------------------------------------------------------------------------------------------------ */

/* The files of the best evaluation, mapped. */
typedef struct files {
    hone__map_file maps[MOST_FILES];
    size_t n;
} files;

static void close_files(files *f)
{
    while (f->n > 0)
        hone__map_close(&f->maps[--f->n]);
}

static hone_status add_file(const hone__loop *l, const char *name, files *f, hone__st_item *items, size_t *n, hone_error *err)
{
    const char *path = hone__path_join(l->scratch, l->parts->setup->dir, name);
    const char *key = hone_sprintf(l->scratch, "%s%s", file_prefix, name);
    if (!path || !key)
        return no_room(err);
    if (!hone__exists(path) || f->n == MOST_FILES) /* predictions without a text form */
        return HONE_OK;
    hone__map_file *m = &f->maps[f->n];
    HONE_TRY(hone__map_open(m, path, err));
    f->n++;
    items[*n].name = key;
    items[*n].tensor = (hone_tensor){.dtype = HONE_U8, .shape = hone_shape_1((int64_t)m->n)};
    memcpy(&items[(*n)++].tensor.data, &m->data, sizeof m->data); /* only read */
    return HONE_OK;
}

static hone_status gather(hone__loop *l, files *f, hone__st_item **all, size_t *n, hone_error *err)
{
    hone__st_item *state = NULL;
    const char **names = hone__result_best_files(l, l->scratch);
    HONE_TRY(hone__stepper_state(l->parts->stepper, l->scratch, &state, n, err));
    *all = hone_alloc_array(l->scratch, *n + MOST_FILES, sizeof **all);
    if (!*all || !names)
        return no_room(err);
    if (*n)
        memcpy(*all, state, *n * sizeof **all);
    for (; l->best && *names; names++)
        HONE_TRY(add_file(l, *names, f, *all, n, err));
    return HONE_OK;
}

static hone_status write_items(hone__loop *l, const hone__st_item *items, size_t n, const char *path, hone_error *err)
{
    char configuration[65];
    int64_t length = 0;
    hone__str text = {0};
    HONE_TRY(hash_configuration(l, configuration, err));
    HONE_TRY(hash_data(l, err));
    HONE_TRY(hash_frozen(l, err));
    HONE_TRY(hone__loop_sync_metrics(l, &length, err));
    hone__json_init();
    json_t *state = state_json(l, configuration, length);
    if (state)
        hone__json_print(state, &text);
    const char *const metadata[] = {"state", hone__str_text(&text)};
    const hone_status status = !state || text.failed ? no_room(err) : hone__st_write_sealed(path, items, n, metadata, 1, err);
    hone__str_clear(&text);
    json_decref(state);
    return status;
}

/* ---- The folder -------------------------------------------------------------------------------------------------- */

/* The step of "step-1200.safetensors"; -1 of other names. */
static int64_t step_of(const char *name)
{
    char *end;
    if (strncmp(name, "step-", 5) != 0 || name[5] < '0' || name[5] > '9')
        return -1;
    const long long step = strtoll(name + 5, &end, 10);
    return strcmp(end, ".safetensors") == 0 ? (int64_t)step : -1;
}

/* The newest checkpoint before step `below`; -1: none. */
static int64_t newest(const char *dir, int64_t below)
{
    int64_t found = -1;
    DIR *d = opendir(dir);
    for (struct dirent *entry; d && (entry = readdir(d)) != NULL;) {
        const int64_t step = step_of(entry->d_name);
        if (step < below && step > found)
            found = step;
    }
    if (d)
        closedir(d);
    return found;
}

static hone_status remove_step(const hone__loop *l, int64_t step, hone_error *err)
{
    const char *path = path_of(l, step);
    return path ? hone__remove_tree(path, err) : no_room(err);
}

/* All but the newest two. */
static hone_status thin_out(const hone__loop *l, hone_error *err)
{
    const char *dir = folder(l);
    int64_t step = INT64_MAX;
    if (!dir)
        return no_room(err);
    for (int kept = 0; (step = newest(dir, step)) >= 0; kept++)
        if (kept >= KEPT)
            HONE_TRY(remove_step(l, step, err));
    return HONE_OK;
}

static hone_status save(hone__loop *l, hone_error *err)
{
    files f = {.n = 0};
    hone__st_item *items = NULL;
    size_t n = 0;
    const char *dir = folder(l), *path = path_of(l, l->step);
    if (!dir || !path)
        return no_room(err);
    HONE_TRY(hone__make_dirs(dir, err));
    hone_status status = gather(l, &f, &items, &n, err);
    if (status == HONE_OK)
        status = write_items(l, items, n, path, err);
    close_files(&f);
    if (status != HONE_OK)
        return status;
    snprintf(l->saved.path, sizeof l->saved.path, "%s", path);
    l->saved.step = l->step;
    l->saved.checked_step = l->checked_step;
    l->saved.at = hone__now();
    return thin_out(l, err);
}

hone_status hone__checkpoint_save(hone__loop *l, hone_error *err)
{
    const hone_status status = save(l, err);
    hone__arena_reset(l->scratch);
    return status;
}

hone_status hone__checkpoint_remove(const hone__loop *l, hone_error *err)
{
    const char *dir = folder(l);
    return dir ? hone__remove_tree(dir, err) : no_room(err);
}

/* ---- Going on ---------------------------------------------------------------------------------------------------- */

/* A checkpoint that is being looked at. */
typedef struct opened {
    hone__st_file file;
    const char *path;
    json_t *state;
} opened;

static hone_status parse_state(opened *o, hone_error *err)
{
    const char *text = NULL;
    for (size_t i = 0; i < o->file.n_metadata; i++)
        if (strcmp(o->file.metadata[2 * i], "state") == 0)
            text = o->file.metadata[2 * i + 1];
    if (!text)
        return hone_fail(err, HONE_EFORMAT, "%s holds no state of a trial", o->path);
    HONE_TRY(hone__json_parse(text, strlen(text), o->path, &o->state, err));
    return hone__json_format(o->state, HONE__FORMAT_CHECKPOINT, o->path, err);
}

/* HONE_EEXIST: a good checkpoint, but of something else. */
static hone_status check_belongs(hone__loop *l, const opened *o, hone_error *err)
{
    char configuration[65];
    HONE_TRY(hash_configuration(l, configuration, err));
    HONE_TRY(hash_data(l, err));
    HONE_TRY(hash_frozen(l, err));
    const struct {
        const char *key, *ours, *what;
    } all[] = {{"configuration", configuration, "another configuration"},
               {"data", l->saved.data, "other data"},
               {"frozen", l->saved.frozen, "other weights that are not trained"}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        const char *theirs = NULL;
        HONE_TRY(hone__json_text(o->state, all[i].key, true, &theirs, o->path, err));
        if (strcmp(theirs, all[i].ours) != 0)
            return hone_fail(err, HONE_EEXIST, "%s is of %s", o->path, all[i].what);
    }
    return HONE_OK;
}

/* metrics.jsonl must hold what it held when the checkpoint was made. */
static hone_status check_metrics(const hone__loop *l, const opened *o, int64_t *length, hone_error *err)
{
    struct stat st;
    const char *path = hone__path_join(l->scratch, l->parts->setup->dir, "metrics.jsonl");
    if (!path)
        return no_room(err);
    HONE_TRY(hone__json_int(o->state, "metrics_length", true, length, o->path, err));
    if (*length < 0 || stat(path, &st) != 0 || (int64_t)st.st_size < *length)
        return hone_fail(err, HONE_EFORMAT, "%s knows %lld bytes of metrics.jsonl, which has fewer", o->path,
                         (long long)*length);
    return HONE_OK;
}

static bool fits(const hone__st_entry *e, const hone_tensor *t)
{
    return e && e->dtype == (hone_dtype)t->dtype &&
           e->bytes == (uint64_t)hone_shape_count(&t->shape) * hone_dtype_size(t->dtype);
}

/* All or nothing: looked at first, copied then. */
static hone_status restore_tensors(hone__loop *l, const opened *o, hone_error *err)
{
    hone__st_item *items = NULL;
    size_t n = 0;
    HONE_TRY(hone__stepper_state(l->parts->stepper, l->scratch, &items, &n, err));
    for (size_t i = 0; i < n; i++)
        if (!fits(hone__st_find(&o->file, items[i].name), &items[i].tensor))
            return hone_fail(err, HONE_EFORMAT, "%s does not hold %s as this trial has it", o->path, items[i].name);
    for (size_t i = 0; i < n; i++) {
        const hone__st_entry *e = hone__st_find(&o->file, items[i].name);
        memcpy(items[i].tensor.data, e->data, (size_t)e->bytes);
    }
    return HONE_OK;
}

static hone_status restore_files(const hone__loop *l, const opened *o, hone_error *err)
{
    for (size_t i = 0; i < o->file.n; i++) {
        const hone__st_entry *e = &o->file.entries[i];
        if (strncmp(e->name, file_prefix, sizeof file_prefix - 1) != 0)
            continue;
        const char *name = e->name + sizeof file_prefix - 1;
        const char *path = hone__path_join(l->scratch, l->parts->setup->dir, name);
        if (!path)
            return no_room(err);
        if (strchr(name, '/'))
            return hone_fail(err, HONE_EFORMAT, "%s holds a file of another folder", o->path);
        HONE_TRY(hone__write_file(path, e->data, (size_t)e->bytes, err));
    }
    return HONE_OK;
}

static hone_status restore_best(hone__loop *l, const opened *o, hone_error *err)
{
    const json_t *best = json_object_get(o->state, "best");
    int64_t direction = 0;
    hone__checked *c = &l->checks[0];
    if (!json_object_size(best))
        return HONE_OK;
    const char *path = hone__path_join(l->scratch, l->parts->setup->dir, "exhibits.json");
    if (!path)
        return no_room(err);
    HONE_TRY(hone__json_int(best, "step", true, &c->step, o->path, err));
    HONE_TRY(hone__json_int(best, "direction", true, &direction, o->path, err));
    HONE_TRY(get_real(best, "epoch", &c->epoch, o->path, err));
    HONE_TRY(get_real(best, "value", &c->value, o->path, err));
    HONE_TRY(hone__exhibits_load(c->arena, path, &c->exhibits, err));
    l->direction = (int32_t)direction;
    l->best = c;
    l->now = &l->checks[1];
    return HONE_OK;
}

static void warn_of_machine(const hone__loop *l, const opened *o)
{
    const char *isa = json_string_value(json_object_get(o->state, "isa"));
    const char *version = json_string_value(json_object_get(o->state, "hone"));
    if (!isa || !version || strcmp(isa, hone__cpu_isa()) != 0 || strcmp(version, HONE_VERSION) != 0)
        hone_log_line(
            l->parts->setup->log, HONE_LOG_WARNING,
            "%s was made by hone %s on %s, and this is hone %s on %s: numbers may differ in their last digits from those "
            "of a trial that ran through",
            o->path, version ? version : "?", isa ? isa : "?", HONE_VERSION, hone__cpu_isa());
}

static hone_status restore(hone__loop *l, const opened *o, hone_error *err)
{
    member members[N_MEMBERS];
    HONE_TRY(restore_tensors(l, o, err));
    list_members(l, members);
    for (size_t i = 0; i < N_MEMBERS && members[i].key; i++)
        HONE_TRY(get_member(o->state, &members[i], o->path, err));
    hone__stepper_restored(l->parts->stepper, l->step);
    HONE_TRY(restore_files(l, o, err));
    HONE_TRY(restore_best(l, o, err));
    snprintf(l->saved.path, sizeof l->saved.path, "%s", o->path);
    l->saved.step = l->step;
    l->saved.checked_step = l->checked_step;
    warn_of_machine(l, o);
    hone_log_line(l->parts->setup->log, HONE_LOG_INFO, "going on after step %lld, from %s", (long long)l->step, o->path);
    return HONE_OK;
}

static hone_status look_into(hone__loop *l, opened *o, int64_t *metrics_length, hone_error *err)
{
    HONE_TRY(hone__st_check_seal(&o->file, err));
    HONE_TRY(parse_state(o, err));
    HONE_TRY(check_belongs(l, o, err));
    return check_metrics(l, o, metrics_length, err);
}

/* HONE_EFORMAT and HONE_EEXIST: not to be used. Others are final. */
static hone_status try_step(hone__loop *l, int64_t step, int64_t *metrics_length, hone_error *err)
{
    opened o = {.path = path_of(l, step)};
    if (!o.path)
        return no_room(err);
    HONE_TRY(hone__st_open(&o.file, l->scratch, o.path, err));
    hone_status status = look_into(l, &o, metrics_length, err);
    if (status == HONE_OK)
        status = restore(l, &o, err);
    json_decref(o.state);
    hone__st_close(&o.file);
    return status;
}

hone_status hone__checkpoint_resume(hone__loop *l, int64_t *metrics_length, hone_error *err)
{
    hone_error why;
    const char *dir = folder(l);
    if (!dir)
        return no_room(err);
    HONE_TRY(hone__remove_temporaries(dir, err));
    for (int64_t step; (step = newest(dir, INT64_MAX)) >= 0;) {
        const hone_status status = try_step(l, step, metrics_length, &why);
        if (status == HONE_OK)
            return HONE_OK;
        if (status != HONE_EFORMAT && status != HONE_EEXIST)
            return hone_fail(err, status, "%s", why.msg);
        *metrics_length = 0;
        hone_log_line(l->parts->setup->log, HONE_LOG_WARNING, "%s; it is not used", why.msg);
        HONE_TRY(remove_step(l, step, err));
    }
    return hone__checkpoint_remove(l, err);
}
