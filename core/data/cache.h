/* cache.h - prepared sequences in files, made once and mapped by every trial that needs the same ones.
 *
 * A file is named by its key: SHA-256 over all that decides its bytes, which are the examples themselves, the tokenizer (its plugin
 * file, its parameters with the files that they name, the model's folder, the examples that it may have learnt from), the length, and
 * where the head has a prepare() of its own that plugin's file, its parameters, the facts of the data and the seed; also libhone's own
 * file and the format. So a file is never out of date, only unused.
 * It is a sealed safetensors file, written whole: two trials that make it at once write the same bytes. What is damaged is noticed
 * and made again; where nothing can be written (a full disk) there is one warning, and everything goes on without.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_DATA_CACHE_H
#define HONE_CORE_DATA_CACHE_H

#include "data/batch.h"

typedef struct hone__cache_setup {
    const char *dir; /* made where it is absent; NULL: no cache */
    const hone__preparer *preparer;
    const hone__section *tokenizer, *head; /* of the preparer's plugins */
    const char *model_dir;                 /* that the tokenizer was made with; may be NULL */
    const hone_corpus *train;              /* the same */
    const hone_facts *facts;               /* that the head was made with */
    hone_log *log;                         /* may be NULL */
} hone__cache_setup;

typedef struct hone__cache {
    hone__cache_setup setup;
    char train[65];    /* hash of the training examples */
    char identity[65]; /* of everything but the examples */
    bool off;          /* there is none, or it failed, which was said */
} hone__cache;

hone_status hone__cache_open(hone__cache *c, const hone__cache_setup *setup, hone_error *err) HONE_CHECKED;

/* hone__prepare for epoch 0, out of the cache where it has it. Not for what depends on the epoch (hone_head.prepare_per_epoch). */
hone_status hone__cache_prepare(hone__cache *c, const hone_corpus *corpus, bool training, hone_pool *pool,
                                hone__prepared **prepared, hone_error *err) HONE_CHECKED;

/* ---- Parts of keys ----------------------------------------------------------------------------------------------- */

struct hone__str;
/* The version and the file that holds this very code: libhone.so, or a program that it is linked into. */
hone_status hone__key_add_library(struct hone__str *out, hone_error *err) HONE_CHECKED;
/* A plugin's file and its parameters, but for its rows with that flag and for the keys `without` (NULL-terminated, may be NULL). */
hone_status hone__key_add_section(struct hone__str *out, const hone__section *section, uint32_t flag,
                                  const char *const *without, hone_error *err) HONE_CHECKED;

/* ---- Its files --------------------------------------------------------------------------------------------------- */

hone_status hone__prepared_save(const hone__prepared *p, const char *key, const char *path, hone_error *err) HONE_CHECKED;

/* Sequences of a corpus out of a file, which stays mapped. HONE_EFORMAT where it is damaged, or of another key. */
hone_status hone__prepared_open(const char *path, const char *key, const hone_corpus *corpus, uint64_t n_labels,
                                hone__prepared **prepared, hone_error *err) HONE_CHECKED;
/* The same on bytes in memory, whose seal is not looked at, for the fuzzer. */
hone_status hone__prepared_parse(const void *bytes, size_t n, const char *path, const char *key, const hone_corpus *corpus,
                                 uint64_t n_labels, hone__prepared **prepared, hone_error *err) HONE_CHECKED;

#endif
