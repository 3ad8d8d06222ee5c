/* hash.h - SHA-256 (OpenSSL's libcrypto), for keys of caches and checks of files.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_BASE_HASH_H
#define HONE_CORE_BASE_HASH_H

#include <hone/base.h>

typedef struct hone__sha256 hone__sha256;
hone__sha256 *hone__sha256_create(void) HONE_CHECKED; /* NULL when memory is short */
void hone__sha256_add(hone__sha256 *h, const void *bytes, size_t n);
/* 64 hexadecimal digits and NUL; frees h. */
hone_status hone__sha256_finish(hone__sha256 *h, char hex[65], hone_error *err) HONE_CHECKED;

hone_status hone__sha256_bytes(const void *bytes, size_t n, char hex[65], hone_error *err) HONE_CHECKED;
hone_status hone__sha256_file(const char *path, char hex[65], hone_error *err) HONE_CHECKED;

#endif
