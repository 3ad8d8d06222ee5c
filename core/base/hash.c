/* hash.c - SHA-256 through libcrypto.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"
#include "base/alloc.h"
#include "base/file.h"

#include <openssl/evp.h>
#include <stdio.h>

struct hone__sha256 {
    EVP_MD_CTX *md;
    bool failed;
};

hone__sha256 *hone__sha256_create(void)
{
    hone__sha256 *h = hone__calloc(1, sizeof *h);
    if (!h)
        return NULL;
    h->md = EVP_MD_CTX_new();
    if (!h->md || !EVP_DigestInit_ex(h->md, EVP_sha256(), NULL)) {
        EVP_MD_CTX_free(h->md);
        hone__free(h);
        return NULL;
    }
    return h;
}

void hone__sha256_add(hone__sha256 *h, const void *bytes, size_t n)
{
    if (!EVP_DigestUpdate(h->md, bytes, n))
        h->failed = true;
}

hone_status hone__sha256_finish(hone__sha256 *h, char hex[65], hone_error *err)
{
    unsigned char digest[32];
    bool done = !h->failed && EVP_DigestFinal_ex(h->md, digest, NULL);
    EVP_MD_CTX_free(h->md);
    hone__free(h);
    hex[0] = '\0';
    if (!done)
        return hone_fail(err, HONE_EUNSUPPORTED, "libcrypto could not compute a SHA-256");
    for (int i = 0; i < 32; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    return HONE_OK;
}

hone_status hone__sha256_bytes(const void *bytes, size_t n, char hex[65], hone_error *err)
{
    hone__sha256 *h = hone__sha256_create();
    if (!h)
        return hone_no_memory(err, "computing a SHA-256");
    hone__sha256_add(h, bytes, n);
    return hone__sha256_finish(h, hex, err);
}

hone_status hone__sha256_file(const char *path, char hex[65], hone_error *err)
{
    hone__map_file map;
    HONE_TRY(hone__map_open(&map, path, err));
    hone_status status = hone__sha256_bytes(map.data, map.n, hex, err);
    hone__map_close(&map);
    return status;
}
