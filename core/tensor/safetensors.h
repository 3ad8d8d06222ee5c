/* safetensors.h - reading and writing the safetensors format, strictly.
 *
 * Source: the format description of huggingface/safetensors. What is checked: file >= 8 bytes; header length <= 100,000,000 and
 * within the file; UTF-8; one JSON object and nothing but JSON white space after it; no duplicate names; entries with dtype, shape,
 * data_offsets and nothing else; known dtypes; every product of dimensions checked for overflow, also where a later 0 hides it;
 * offsets that fit dtype x shape exactly, contiguous from 0 to the end of the file. Names are never used as paths.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_TENSOR_SAFETENSORS_H
#define HONE_CORE_TENSOR_SAFETENSORS_H

#include "base/file.h"
#include <hone/tensor.h>

typedef struct hone__st_entry {
    const char *name;
    const char *dtype_name; /* as the file has it: "F32", also types that hone does not compute with */
    hone_dtype dtype;       /* HONE_DTYPE_NONE for those (F8_E4M3, ...): can be listed, not loaded */
    uint32_t rank;          /* may exceed HONE_MAX_RANK: then it can be listed, not loaded */
    const uint64_t *dims;   /* [rank] */
    const void *data;       /* in the map; aligned only as the file aligns it */
    uint64_t bytes;
} hone__st_entry;

typedef struct hone__st_file {
    hone__map_file map;
    const char *path;
    hone__st_entry *entries; /* [n], in the order of their offsets */
    size_t n;
    const char *const *metadata; /* key, value, key, value, ... [2 * n_metadata] */
    size_t n_metadata;
} hone__st_file;

/* All but the map lives in `arena`. Errors name the file and the rule broken. */
hone_status hone__st_open(hone__st_file *f, hone_arena *arena, const char *path, hone_error *err) HONE_CHECKED;
/* The same on bytes in memory, for the fuzzer; nothing is mapped or closed. */
hone_status hone__st_parse(hone__st_file *f, hone_arena *arena, const void *bytes, size_t n, const char *path,
                           hone_error *err) HONE_CHECKED;
void hone__st_close(hone__st_file *f);
const hone__st_entry *hone__st_find(const hone__st_file *f, const char *name); /* NULL if absent; binary search */

/* Copies an entry into out[] as float32, converting F64, F32, F16, BF16 and integers. */
hone_status hone__st_read_f32(const hone__st_entry *e, float *out, hone_error *err) HONE_CHECKED;

typedef struct hone__st_item {
    const char *name;
    hone_tensor tensor;
} hone__st_item;
/* Data aligned to 64 bytes (the header is padded with blanks; every tensor's size must be a multiple of its element, and
 * tensors are ordered by falling element size, then name); whole or not at all. metadata: key, value, ... or NULL. */
hone_status hone__st_write(const char *path, const hone__st_item *items, size_t n, const char *const *metadata,
                           size_t n_metadata, hone_error *err) HONE_CHECKED;

#endif
