/* inspect.c - `hone inspect FILE`: the tensors of a safetensors file with dtype, shape, bytes and range of values.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/json.h"
#include "base/str.h"
#include "cli/cli.h"
#include "tensor/safetensors.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- Text -------------------------------------------------------------------------------------------------------- */

enum { NAME_BYTES = 200, SHAPE_BYTES = 100, LEAST_NAME = 4, LEAST_SHAPE = 5 };

typedef struct widths {
    int name, shape;
} widths;

static widths measure(const hone__st_file *f)
{
    widths w = {LEAST_NAME, LEAST_SHAPE};
    char name[NAME_BYTES], shape[SHAPE_BYTES];
    for (size_t i = 0; i < f->n; i++) {
        int n = (int)strlen(hone__shown(f->entries[i].name, name, sizeof name));
        int s = (int)strlen(hone__st_shape_text(&f->entries[i], shape, sizeof shape));
        w.name = n > w.name ? n : w.name;
        w.shape = s > w.shape ? s : w.shape;
    }
    return w;
}

static void add_entry(hone__str *out, const hone__st_entry *e, widths w)
{
    char name[NAME_BYTES], shape[SHAPE_BYTES];
    hone__st_range r;
    hone__str_addf(out, "%-*s  %-11s  %-*s  %14" PRIu64, w.name, hone__shown(e->name, name, sizeof name), e->dtype_name,
                   w.shape, hone__st_shape_text(e, shape, sizeof shape), e->bytes);
    if (!hone__st_range_of(e, &r) || isnan(r.mean))
        hone__str_addf(out, "  %12s  %12s  %12s", "-", "-", "-");
    else
        hone__str_addf(out, "  %12.6g  %12.6g  %12.6g", r.min, r.max, r.mean);
    if (r.nan > 0)
        hone__str_addf(out, "  %" PRIu64 " NaN", r.nan);
    if (r.infinite > 0)
        hone__str_addf(out, "  %" PRIu64 " infinite", r.infinite);
    hone__str_add(out, "\n");
}

typedef struct totals {
    uint64_t elements, bytes;
} totals;

static totals sum_up(const hone__st_file *f)
{
    totals t = {0};
    for (size_t i = 0; i < f->n; i++) {
        t.elements += f->entries[i].count;
        t.bytes += f->entries[i].bytes;
    }
    return t;
}

static void add_text(hone__str *out, const hone__st_file *f)
{
    widths w = measure(f);
    totals t = sum_up(f);
    hone__str_addf(out, "%-*s  %-11s  %-*s  %14s  %12s  %12s  %12s\n", w.name, "name", "dtype", w.shape, "shape", "bytes",
                   "min", "max", "mean");
    for (size_t i = 0; i < f->n; i++)
        add_entry(out, &f->entries[i], w);
    hone__str_addf(out, "%zu tensors, %" PRIu64 " values, %" PRIu64 " bytes\n", f->n, t.elements, t.bytes);
    for (size_t i = 0; i < f->n_metadata; i++) {
        hone__str_add(out, i == 0 ? "metadata: " : ", ");
        hone__str_add_shown(out, f->metadata[2 * i], NAME_BYTES);
        hone__str_add(out, " = ");
        hone__str_add_shown(out, f->metadata[2 * i + 1], NAME_BYTES);
    }
    hone__str_add(out, f->n_metadata > 0 ? "\n" : "");
}

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

/* JSON has no infinities and no NaN. */
static json_t *number(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}

static json_t *shape_json(const hone__st_entry *e)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < e->rank && list != NULL; i++) {
        if (json_array_append_new(list, json_integer((json_int_t)e->dims[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *entry_json(const hone__st_entry *e)
{
    hone__st_range r;
    bool known = hone__st_range_of(e, &r);
    json_t *object = json_pack("{s:s, s:s, s:o, s:I}", "name", e->name, "dtype", e->dtype_name, "shape", shape_json(e), "bytes",
                               (json_int_t)e->bytes);
    if (object == NULL || !known)
        return object;
    int failed = json_object_set_new(object, "min", number(r.min)) | json_object_set_new(object, "max", number(r.max)) |
                 json_object_set_new(object, "mean", number(r.mean)) |
                 json_object_set_new(object, "nan", json_integer((json_int_t)r.nan)) |
                 json_object_set_new(object, "infinite", json_integer((json_int_t)r.infinite));
    if (failed) {
        json_decref(object);
        return NULL;
    }
    return object;
}

/* 0, or -1 when memory is short, as Jansson has it. */
static int fill(json_t *tensors, json_t *metadata, const hone__st_file *f)
{
    for (size_t i = 0; i < f->n; i++)
        if (json_array_append_new(tensors, entry_json(&f->entries[i])) != 0)
            return -1;
    for (size_t i = 0; i < f->n_metadata; i++)
        if (json_object_set_new(metadata, f->metadata[2 * i], json_string(f->metadata[2 * i + 1])) != 0)
            return -1;
    return 0;
}

static hone_status add_json(hone__str *out, const hone__st_file *f, hone_error *err)
{
    totals t = sum_up(f);
    hone__json_init();
    json_t *tensors = json_array(), *metadata = json_object();
    int failed = tensors == NULL || metadata == NULL || fill(tensors, metadata, f) != 0;
    /* json_pack takes both over, also where it fails. */
    json_t *root = json_pack("{s:o, s:o, s:I, s:I}", "metadata", metadata, "tensors", tensors, "values", (json_int_t)t.elements,
                             "bytes", (json_int_t)t.bytes);
    if (root != NULL && !failed)
        hone__json_print(root, out);
    failed = failed || root == NULL || out->failed;
    json_decref(root);
    return failed ? hone_no_memory(err, "listing tensors") : HONE_OK;
}

/* ---- The command ------------------------------------------------------------------------------------------------- */

static hone_status inspect(hone__str *out, hone_arena *arena, const char *path, bool json, hone_error *err)
{
    hone__st_file f;
    HONE_TRY(hone__st_open(&f, arena, path, err));
    hone_status status = HONE_OK;
    if (json)
        status = add_json(out, &f, err);
    else
        add_text(out, &f);
    hone__st_close(&f);
    return status == HONE_OK && out->failed ? hone_no_memory(err, "listing tensors") : status;
}

static int print_inspection(const char *path, bool json)
{
    hone_error err = {0};
    hone__str out = {0};
    hone_arena *arena = hone__arena_create(0);
    hone_status status = arena != NULL ? inspect(&out, arena, path, json, &err) : hone_no_memory(&err, "making an arena");
    if (status == HONE_OK && (fputs(hone__str_text(&out), stdout) == EOF || fflush(stdout) != 0))
        status = hone_fail(&err, HONE_EIO, "cannot write to standard output");
    if (status != HONE_OK)
        fprintf(stderr, "hone inspect: %s\n", err.msg);
    hone__str_clear(&out);
    hone__arena_destroy(arena);
    return status == HONE_OK ? HONE__EXIT_DONE : HONE__EXIT_FAILED;
}

int hone__cli_inspect(int argc, char **argv)
{
    const char *path = NULL;
    bool json = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            json = true;
        } else if (argv[i][0] == '-' || path != NULL) {
            fprintf(stderr, "hone inspect: '%s' is too much; the command is `hone inspect FILE [--json]`\n", argv[i]);
            return HONE__EXIT_USAGE;
        } else {
            path = argv[i];
        }
    }
    if (path == NULL) {
        fprintf(stderr, "hone inspect: which file? The command is `hone inspect FILE [--json]`\n");
        return HONE__EXIT_USAGE;
    }
    return print_inspection(path, json);
}
