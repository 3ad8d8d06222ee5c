/* safetensors_write.c - writing a safetensors file: larger elements first, so that each tensor is aligned to its elements.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/hash.h"
#include "base/str.h"
#include "tensor/safetensors.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 64, LENGTH_BYTES = 8, MAX_HEADER = 100000000 };

static size_t bytes_of(const hone_tensor *t)
{
    return (size_t)hone_shape_count(&t->shape) * hone_dtype_size(t->dtype);
}

/* The order in the file is a function of the tensors alone, not of how they were given. */
static int in_file_order(const void *a, const void *b)
{
    const hone__st_item *x = *(const hone__st_item *const *)a, *y = *(const hone__st_item *const *)b;
    size_t size_x = hone_dtype_size(x->tensor.dtype), size_y = hone_dtype_size(y->tensor.dtype);
    if (size_x != size_y)
        return size_x > size_y ? -1 : 1;
    return strcmp(x->name, y->name);
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(const hone__st_item *const *)a)->name, (*(const hone__st_item *const *)b)->name);
}

/* ---- What cannot be written -------------------------------------------------------------------------------------- */

static hone_status check_item(const hone__st_item *item, bool streamed, hone_error *err)
{
    char name[120], shape[120];
    hone__shown(item->name, name, sizeof name);
    if (!hone__utf8_valid(item->name, strlen(item->name), NULL))
        return hone_fail(err, HONE_EINVAL, "a tensor cannot be named '%s', which is not valid UTF-8", name);
    if (strcmp(item->name, "__metadata__") == 0)
        return hone_fail(err, HONE_EINVAL, "a tensor cannot be named __metadata__, which safetensors keeps for itself");
    size_t size = hone_dtype_size(item->tensor.dtype);
    if (size == 0)
        return hone_fail(err, HONE_EINVAL, "tensor '%s' has no element type that could be written", name);
    int64_t count = hone_shape_count(&item->tensor.shape);
    if (count < 0 || count > INT64_MAX / (int64_t)size)
        return hone_fail(err, HONE_ESHAPE, "tensor '%s' has the shape %s, which is negative or too large", name,
                         hone_shape_text(&item->tensor.shape, shape, sizeof shape));
    if (count > 0 && !streamed && item->tensor.data == NULL)
        return hone_fail(err, HONE_EINVAL, "tensor '%s' has no data to write", name);
    return HONE_OK;
}

static hone_status check_items(const hone__st_item **items, size_t n, bool streamed, hone_error *err)
{
    char name[120];
    for (size_t i = 0; i < n; i++)
        HONE_TRY(check_item(items[i], streamed, err));
    qsort(items, n, sizeof *items, by_name);
    for (size_t i = 1; i < n; i++)
        if (strcmp(items[i - 1]->name, items[i]->name) == 0)
            return hone_fail(err, HONE_EINVAL, "two tensors are named '%s'", hone__shown(items[i]->name, name, sizeof name));
    return HONE_OK;
}

static hone_status check_metadata(const char *const *metadata, size_t n, hone_error *err)
{
    char shown[80];
    for (size_t i = 0; i < 2 * n; i++)
        if (!hone__utf8_valid(metadata[i], strlen(metadata[i]), NULL))
            return hone_fail(err, HONE_EINVAL, "metadata cannot hold '%s', which is not valid UTF-8",
                             hone__shown(metadata[i], shown, sizeof shown));
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++)
            if (strcmp(metadata[2 * i], metadata[2 * j]) == 0)
                return hone_fail(err, HONE_EINVAL, "metadata has '%s' twice",
                                 hone__shown(metadata[2 * i], shown, sizeof shown));
    return HONE_OK;
}

/* ---- The file ---------------------------------------------------------------------------------------------------- */

static void add_metadata(hone__str *h, const char *const *metadata, size_t n)
{
    hone__str_add(h, "\"__metadata__\":{");
    for (size_t i = 0; i < n; i++) {
        hone__str_add(h, i > 0 ? "," : "");
        hone__str_add_json(h, metadata[2 * i]);
        hone__str_add(h, ":");
        hone__str_add_json(h, metadata[2 * i + 1]);
    }
    hone__str_add(h, "}");
}

static void add_item(hone__str *h, const hone__st_item *item, uint64_t begin)
{
    const hone_tensor *t = &item->tensor;
    hone__str_add_json(h, item->name);
    hone__str_addf(h, ":{\"dtype\":\"%s\",\"shape\":[", hone_dtype_name(t->dtype));
    for (uint32_t i = 0; i < t->shape.rank; i++)
        hone__str_addf(h, "%s%" PRId64, i > 0 ? "," : "", t->shape.dim[i]);
    hone__str_addf(h, "],\"data_offsets\":[%" PRIu64 ",%" PRIu64 "]}", begin, begin + bytes_of(t));
}

/* The header, and the blanks that bring the data to its alignment. */
static void add_header(hone__str *h, const hone__st_item *const *items, size_t n, const char *const *metadata,
                       size_t n_metadata)
{
    uint64_t at = 0;
    const char *comma = "";
    hone__str_add(h, "{");
    if (n_metadata > 0) {
        add_metadata(h, metadata, n_metadata);
        comma = ",";
    }
    for (size_t i = 0; i < n; i++) {
        hone__str_add(h, comma);
        comma = ",";
        add_item(h, items[i], at);
        at += bytes_of(&items[i]->tensor);
    }
    hone__str_add(h, "}");
    while (!h->failed && (LENGTH_BYTES + h->n) % ALIGNMENT != 0)
        hone__str_add(h, " ");
}

/* ---- The seal ---------------------------------------------------------------------------------------------------- */

static const char seal_key[] = "sha256";
static const char seal_start[] = "{\"__metadata__\":{\"sha256\":\""; /* how the header of a sealed file begins */
static const char seal_zeros[] = "0000000000000000000000000000000000000000000000000000000000000000";
enum { SEAL_AT = LENGTH_BYTES + sizeof seal_start - 1, SEAL_DIGITS = sizeof seal_zeros - 1 };

static bool seal_is_whole(const hone__map_file *m, char digits[SEAL_DIGITS + 1], hone_status *status, hone_error *err)
{
    hone__sha256 *hash = hone__sha256_create();
    *status = hash ? HONE_OK : hone_no_memory(err, "checking a file");
    if (!hash)
        return false;
    hone__sha256_add(hash, m->data, SEAL_AT);
    hone__sha256_add(hash, seal_zeros, SEAL_DIGITS);
    hone__sha256_add(hash, m->data + SEAL_AT + SEAL_DIGITS, m->n - SEAL_AT - SEAL_DIGITS);
    *status = hone__sha256_finish(hash, digits, err);
    return *status == HONE_OK && memcmp(digits, m->data + SEAL_AT, SEAL_DIGITS) == 0;
}

hone_status hone__st_check_seal(const hone__st_file *f, hone_error *err)
{
    char shown[260], digits[SEAL_DIGITS + 1];
    hone_status status = HONE_OK;
    hone__shown(f->path, shown, sizeof shown);
    if (f->map.n < SEAL_AT + SEAL_DIGITS || memcmp(f->map.data + LENGTH_BYTES, seal_start, sizeof seal_start - 1) != 0)
        return hone_fail(err, HONE_EFORMAT, "%s has no sha256 of its own, by which it could be checked", shown);
    if (seal_is_whole(&f->map, digits, &status, err) || status != HONE_OK)
        return status;
    return hone_fail(err, HONE_EFORMAT, "%s is damaged: its SHA-256 is %.12s..., but it says %.12s...", shown, digits,
                     (const char *)f->map.data + SEAL_AT);
}

/* ---- Writing ----------------------------------------------------------------------------------------------------- */

/* The commit sees what went wrong. `hash` may be NULL. */
static void put(FILE *stream, hone__sha256 *hash, const void *bytes, size_t n)
{
    if (n == 0)
        return;
    fwrite(bytes, 1, n, stream);
    if (hash)
        hone__sha256_add(hash, bytes, n);
}

static void put_header(FILE *stream, hone__sha256 *hash, const hone__str *header)
{
    unsigned char length[LENGTH_BYTES];
    for (int i = 0; i < LENGTH_BYTES; i++)
        length[i] = (unsigned char)((uint64_t)header->n >> 8 * i);
    put(stream, hash, length, sizeof length);
    put(stream, hash, header->data, header->n);
}

/* The data of one tensor, piece by piece; it goes on no further once the disk is full. */
static hone_status put_pieces(FILE *stream, hone__sha256 *hash, const hone__st_item *item, const hone__st_source *source,
                              hone_error *err)
{
    const void *bytes = NULL;
    size_t n = 0, left = bytes_of(&item->tensor);
    while (left > 0 && !ferror(stream)) {
        HONE_TRY(source->next(source->ctx, &bytes, &n, err));
        if (n == 0 || n > left)
            return hone_fail(err, HONE_EINVAL, "tensor '%s' has other bytes than its shape says", item->name);
        put(stream, hash, bytes, n);
        left -= n;
    }
    return HONE_OK;
}

static hone_status put_all(FILE *stream, hone__sha256 *hash, const hone__str *header, const hone__st_item *const *items,
                           size_t n, const hone__st_source *source, hone_error *err)
{
    put_header(stream, hash, header);
    for (size_t i = 0; i < n && !source; i++)
        put(stream, hash, items[i]->tensor.data, bytes_of(&items[i]->tensor));
    return source ? put_pieces(stream, hash, items[0], source, err) : HONE_OK;
}

/* Puts the digits in the place of the zeros. */
static hone_status seal(hone__writer *w, hone__sha256 *hash, hone_error *err)
{
    char digits[SEAL_DIGITS + 1];
    HONE_TRY(hone__sha256_finish(hash, digits, err));
    if (fseek(w->stream, SEAL_AT, SEEK_SET) == 0)
        fwrite(digits, 1, SEAL_DIGITS, w->stream);
    return HONE_OK;
}

static hone_status write_file(const char *path, bool sealed, const hone__str *header, const hone__st_item *const *items,
                              size_t n, const hone__st_source *source, hone_error *err)
{
    hone__writer w;
    HONE_TRY(hone__writer_open(&w, path, err));
    hone__sha256 *hash = sealed ? hone__sha256_create() : NULL;
    hone_status status = sealed && !hash ? hone_no_memory(err, "writing a safetensors file") : HONE_OK;
    if (status == HONE_OK)
        status = put_all(w.stream, hash, header, items, n, source, err);
    if (hash) { /* also where it failed: this frees the hash */
        hone_error later;
        const hone_status sealed_well = seal(&w, hash, status == HONE_OK ? err : &later);
        status = status == HONE_OK ? sealed_well : status;
    }
    if (status == HONE_OK)
        return hone__writer_commit(&w, err);
    hone__writer_abandon(&w);
    return status;
}

static hone_status write_sorted(const char *path, bool sealed, const hone__st_item *const *items, size_t n,
                                const char *const *metadata, size_t n_metadata, const hone__st_source *source, hone_error *err)
{
    hone__str header = {0};
    char shown[260];
    add_header(&header, items, n, metadata, n_metadata);
    hone_status status;
    if (header.failed)
        status = hone_no_memory(err, "writing a safetensors file");
    else if (header.n > MAX_HEADER)
        status = hone_fail(err, HONE_EINVAL, "%s would have a header of %zu bytes; at most %d are allowed",
                           hone__shown(path, shown, sizeof shown), header.n, MAX_HEADER);
    else
        status = write_file(path, sealed, &header, items, n, source, err);
    hone__str_clear(&header);
    return status;
}

static hone_status sort_and_write(const char *path, bool sealed, const hone__st_item *items, size_t n,
                                  const char *const *metadata, size_t n_metadata, const hone__st_source *source,
                                  hone_error *err)
{
    const hone__st_item **sorted = hone__calloc(n, sizeof *sorted);
    if (sorted == NULL)
        return hone_no_memory(err, "writing a safetensors file");
    for (size_t i = 0; i < n; i++)
        sorted[i] = &items[i];
    hone_status status = check_metadata(metadata, n_metadata, err);
    if (status == HONE_OK)
        status = check_items(sorted, n, source != NULL, err);
    if (status == HONE_OK) {
        qsort(sorted, n, sizeof *sorted, in_file_order);
        status = write_sorted(path, sealed, sorted, n, metadata, n_metadata, source, err);
    }
    hone__free(sorted);
    return status;
}

hone_status hone__st_write(const char *path, const hone__st_item *items, size_t n, const char *const *metadata,
                           size_t n_metadata, hone_error *err)
{
    return sort_and_write(path, false, items, n, metadata, n_metadata, NULL, err);
}

static hone_status write_sealed(const char *path, const hone__st_item *items, size_t n, const char *const *metadata,
                                size_t n_metadata, const hone__st_source *source, hone_error *err)
{
    const char **all = hone__calloc(2 * (n_metadata + 1), sizeof *all);
    if (!all)
        return hone_no_memory(err, "writing a safetensors file");
    all[0] = seal_key;
    all[1] = seal_zeros;
    for (size_t i = 0; i < 2 * n_metadata; i++)
        all[i + 2] = metadata[i];
    const hone_status status = sort_and_write(path, true, items, n, all, n_metadata + 1, source, err);
    hone__free(all);
    return status;
}

hone_status hone__st_write_sealed(const char *path, const hone__st_item *items, size_t n, const char *const *metadata,
                                  size_t n_metadata, hone_error *err)
{
    return write_sealed(path, items, n, metadata, n_metadata, NULL, err);
}

hone_status hone__st_write_streamed(const char *path, const hone__st_item *item, const char *const *metadata, size_t n_metadata,
                                    const hone__st_source *source, hone_error *err)
{
    return write_sealed(path, item, 1, metadata, n_metadata, source, err);
}
