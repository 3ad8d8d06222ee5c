/* fuzz_safetensors.c - any bytes are a safetensors file or one clear sentence; of a file that is read every value can be looked
 * at, and what is written from its tensors holds the same ones.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/arena.h"
#include "tensor/safetensors.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool truth, const char *what, const char *detail)
{
    if (truth)
        return;
    fprintf(stderr, "%s: %s\n", what, detail);
    abort();
}

static void look_at(const hone__st_entry *e)
{
    hone_error err;
    hone__st_range range;
    float *values = hone__malloc(e->count < SIZE_MAX / sizeof *values ? e->count * sizeof *values : SIZE_MAX);
    if (values != NULL && e->bytes > 0)
        (void)!hone__st_read_f32(e, values, &err);
    (void)hone__st_range_of(e, &range);
    hone__free(values);
}

/* A tensor of what hone computes with and writes; others are left out. */
static bool to_item(const hone__st_entry *e, hone__st_item *item)
{
    if (e->dtype == HONE_DTYPE_NONE || e->rank > HONE_MAX_RANK)
        return false;
    *item = (hone__st_item){e->name, {(void *)(uintptr_t)e->data, e->dtype, 0, {.rank = e->rank}}};
    for (uint32_t i = 0; i < e->rank; i++)
        item->tensor.shape.dim[i] = (int64_t)e->dims[i];
    return hone_shape_count(&item->tensor.shape) >= 0;
}

static void compare(const hone__st_file *f, const hone__st_item *items, size_t n, const hone__st_file *original)
{
    require(f->n == n && f->n_metadata == original->n_metadata, "what was written has other tensors", "");
    for (size_t i = 0; i < n; i++) {
        const hone__st_entry *e = hone__st_find(f, items[i].name), *o = hone__st_find(original, items[i].name);
        require(e != NULL && e->dtype == o->dtype && e->rank == o->rank && e->bytes == o->bytes &&
                    memcmp(e->data, o->data, e->bytes) == 0,
                "what was written reads as another tensor", items[i].name);
    }
}

static void round_trip(hone_arena *arena, const hone__st_file *f)
{
    char path[64];
    size_t n = 0;
    hone_error err = {0};
    hone__st_file again;
    hone__st_item *items = hone_alloc_array(arena, f->n, sizeof *items);
    snprintf(path, sizeof path, "/tmp/hone-fuzz-%ld.safetensors", (long)getpid());
    for (size_t i = 0; items != NULL && i < f->n; i++)
        n += to_item(&f->entries[i], &items[n]);
    require(hone__st_write(path, items, n, f->metadata, f->n_metadata, &err) == HONE_OK, "cannot be written", err.msg);
    require(hone__st_open(&again, arena, path, &err) == HONE_OK, "what was written cannot be read", err.msg);
    compare(&again, items, n, f);
    hone__st_close(&again);
    unlink(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hone_error err = {0};
    hone__st_file f;
    hone_arena *arena = hone__arena_create(0);
    if (arena == NULL)
        return 0;
    hone_status status = hone__st_parse(&f, arena, data, size, "fuzz", &err);
    if (status == HONE_OK) {
        for (size_t i = 0; i < f.n; i++)
            look_at(&f.entries[i]);
        round_trip(arena, &f);
        hone__st_close(&f);
    } else {
        require(status == HONE_EFORMAT && strstr(err.msg, "fuzz") != NULL, "a message without a name", err.msg);
    }
    hone__arena_destroy(arena);
    return 0;
}
