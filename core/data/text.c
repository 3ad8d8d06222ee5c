/* text.c - whole files and names, for plugins: public faces of what the core uses itself.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/text.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/str.h"

#include <string.h>

hone_status hone_file_read(hone_arena *arena, const char *path, uint64_t limit, const char **bytes, uint64_t *n,
                           hone_error *err)
{
    char *read;
    size_t size;
    HONE_TRY(hone__read_file(path, limit, &read, &size, err));
    char *copy = hone_alloc(arena, size + 1);
    if (copy)
        memcpy(copy, read, size + 1);
    hone__free(read);
    if (!copy)
        return hone_no_memory(err, "reading a file");
    *bytes = copy;
    *n = size;
    return HONE_OK;
}

hone_status hone_file_write(const char *path, const void *bytes, uint64_t n, hone_error *err)
{
    return hone__write_file(path, bytes, n, err);
}

bool hone_file_exists(const char *path)
{
    return hone__exists(path);
}

bool hone_utf8_valid(const char *bytes, uint64_t n, uint64_t *bad_at)
{
    size_t at = 0;
    bool valid = hone__utf8_valid(bytes, n, &at);
    if (bad_at && !valid)
        *bad_at = at;
    return valid;
}

const char *hone_nearest(const char *word, const char *const *names)
{
    return hone__nearest_of(word, names);
}
