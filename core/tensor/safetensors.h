/* safetensors.h - reading and writing the safetensors format, strictly.
 *
 * The format is little-endian, and so must the machine be: what is aligned is used in place.
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
    hone_dtype dtype;       /* HONE_DTYPE_NONE for those (I16, U64, F8_E4M3, ...) */
    uint32_t rank;          /* may exceed HONE_MAX_RANK: then it can be listed, not made a hone_tensor */
    const uint64_t *dims;   /* [rank] */
    const void *data;       /* in the map; aligned only as the file aligns it */
    uint64_t count;         /* elements */
    uint64_t bytes;
} hone__st_entry;

typedef struct hone__st_file {
    hone__map_file map;
    const char *path;
    hone__st_entry *entries; /* [n], in the order of their offsets */
    size_t n;
    const hone__st_entry *const *by_name; /* [n] */
    const char *const *metadata;          /* key, value, key, value, ... [2 * n_metadata] */
    size_t n_metadata;
} hone__st_file;

/* All but the map lives in `arena`. Errors name the file and the rule broken. */
hone_status hone__st_open(hone__st_file *f, hone_arena *arena, const char *path, hone_error *err) HONE_CHECKED;
/* The same on bytes in memory, for the fuzzer; nothing is mapped or closed. */
hone_status hone__st_parse(hone__st_file *f, hone_arena *arena, const void *bytes, size_t n, const char *path,
                           hone_error *err) HONE_CHECKED;
void hone__st_close(hone__st_file *f);
const hone__st_entry *hone__st_find(const hone__st_file *f, const char *name); /* NULL if absent; binary search */

/* Copies an entry into out[count] as float32: F16 and BF16 exactly; F64 and integers (also I16, U16, U32, U64) rounded to
 * nearest; BOOL as 0 and 1. Other types are HONE_EUNSUPPORTED. */
hone_status hone__st_read_f32(const hone__st_entry *e, float *out, hone_error *err) HONE_CHECKED;

/* What the values of an entry span. Infinities and NaN are counted and left out of the rest; with nothing left min, max and mean
 * are NaN. */
typedef struct hone__st_range {
    uint64_t nan, infinite;
    double min, max, mean;
} hone__st_range;
bool hone__st_range_of(const hone__st_entry *e, hone__st_range *range); /* false where the type cannot be computed with */

/* "[2, 384]"; returns out. */
const char *hone__st_shape_text(const hone__st_entry *e, char *out, size_t size);

typedef struct hone__st_item {
    const char *name;
    hone_tensor tensor;
} hone__st_item;
/* Data aligned to 64 bytes (the header is padded with blanks; every tensor's size must be a multiple of its element, and
 * tensors are ordered by falling element size, then name); whole or not at all. metadata: key, value, ... or NULL. */
hone_status hone__st_write(const char *path, const hone__st_item *items, size_t n, const char *const *metadata,
                           size_t n_metadata, hone_error *err) HONE_CHECKED;

/* The same with a seal: the metadata begins with "sha256", over the whole file as it would be with zeros in place of these 64 digits. A
 * changed bit anywhere is noticed. */
hone_status hone__st_write_sealed(const char *path, const hone__st_item *items, size_t n, const char *const *metadata,
                                  size_t n_metadata, hone_error *err) HONE_CHECKED;
/* A sealed file of one tensor, whose data is asked for piece by piece (*n > 0 bytes, until the shape is full), so that it need not be in
 * memory; item->tensor.data is not looked at. */
typedef struct hone__st_source {
    hone_status (*next)(void *ctx, const void **bytes, size_t *n, hone_error *err);
    void *ctx;
} hone__st_source;
hone_status hone__st_write_streamed(const char *path, const hone__st_item *item, const char *const *metadata, size_t n_metadata,
                                    const hone__st_source *source, hone_error *err) HONE_CHECKED;
/* HONE_EFORMAT where the seal is absent or broken. */
hone_status hone__st_check_seal(const hone__st_file *f, hone_error *err) HONE_CHECKED;

#endif
