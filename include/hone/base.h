/* hone/base.h - errors, memory, random numbers, threads and log: the vocabulary every other header uses.
 *
 * Strings are UTF-8 and NUL-terminated. Sizes are in bytes unless the name says otherwise. Pointers are never NULL unless
 * the comment says "may be NULL". A function that can fail returns hone_status and takes a hone_error last.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_BASE_H
#define HONE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define HONE_EXPORT __attribute__((visibility("default")))
#define HONE_CHECKED __attribute__((warn_unused_result))
#define HONE_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define HONE_EXPORT
#define HONE_CHECKED
#define HONE_PRINTF(f, a)
#endif

#define HONE_VERSION_MAJOR 0
#define HONE_VERSION_MINOR 1
#define HONE_VERSION_PATCH 0
#define HONE_VERSION "0.1.0"

/* ---- Errors ------------------------------------------------------------------------------------------------------ */

/* One list makes the enum, the names and the documentation. New rows go to the end: the numbers are part of the ABI. */
#define HONE_STATUS_MAP(X)                                                                                                     \
    X(OK, "success")                                                                                                           \
    X(END, "no more data")                                                                                                     \
    X(EINVAL, "a value is outside what the caller may pass")                                                                   \
    X(ESHAPE, "tensor shapes do not fit together")                                                                             \
    X(EIO, "a file could not be read or written")                                                                              \
    X(ENOMEM, "out of memory")                                                                                                 \
    X(EABI, "the plugin was built for another version of hone")                                                                \
    X(EUNSUPPORTED, "this plugin does not do that")                                                                            \
    X(ENOTFOUND, "there is nothing of that name")                                                                              \
    X(EFORMAT, "a file does not follow its format")                                                                            \
    X(ECONFIG, "the configuration has mistakes")                                                                               \
    X(ENUMERIC, "a number became infinite or NaN")                                                                             \
    X(EINTERRUPTED, "stopped by the user; can be resumed")                                                                     \
    X(EPLUGIN, "a plugin crashed or broke its contract")                                                                       \
    X(EEXIST, "it exists already")

typedef enum hone_status {
#define X(name, text) HONE_##name,
    HONE_STATUS_MAP(X)
#undef X
} hone_status;

/* Filled by the function that fails; the caller owns it, usually on its stack. */
typedef struct hone_error {
    hone_status status;
    char msg[1020]; /* one sentence: what failed, the value seen, the values allowed, what to do next */
} hone_error;

/* Writes `err` (may be NULL) and returns `status`, so that a failure is one statement:
 *     return hone_fail(err, HONE_EINVAL, "dropout is %g; it must lie in [0, 1)", p->dropout); */
HONE_EXPORT hone_status hone_fail(hone_error *err, hone_status status, const char *fmt, ...) HONE_PRINTF(3, 4);

/* "EINVAL" and "a value is outside ..."; never NULL, also for a number that is no status. [any thread] */
HONE_EXPORT const char *hone_status_name(hone_status status);
HONE_EXPORT const char *hone_status_text(hone_status status);

#define HONE_TRY(expr)                                                                                                         \
    do {                                                                                                                       \
        hone_status hone_try_ = (expr);                                                                                        \
        if (hone_try_ != HONE_OK)                                                                                              \
            return hone_try_;                                                                                                  \
    } while (0)

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

/* An arena frees everything at once. There are three, and a pointer dies with its arena:
 *     run    the whole program     plugin tables, vocabularies, configuration
 *     trial  one training          weights, optimizer slots, plugin state
 *     step   one batch             graph, activations, anything temporary
 * One thread at a time uses an arena. */
typedef struct hone_arena hone_arena;

/* Zeroed, aligned to 64 bytes; size 0 gives a valid pointer. NULL when memory is short. */
HONE_EXPORT void *hone_alloc(hone_arena *arena, size_t size) HONE_CHECKED;
/* n items of `size` bytes; NULL also when the product overflows. */
HONE_EXPORT void *hone_alloc_array(hone_arena *arena, size_t n, size_t size) HONE_CHECKED;
/* A copy; NULL when memory is short. */
HONE_EXPORT char *hone_strdup(hone_arena *arena, const char *text) HONE_CHECKED;
HONE_EXPORT char *hone_strndup(hone_arena *arena, const char *text, size_t n) HONE_CHECKED;
HONE_EXPORT char *hone_sprintf(hone_arena *arena, const char *fmt, ...) HONE_CHECKED HONE_PRINTF(2, 3);
/* The usual failure after any of the above: writes "out of memory while WHAT". */
HONE_EXPORT hone_status hone_no_memory(hone_error *err, const char *what);

/* ---- Random numbers ---------------------------------------------------------------------------------------------- */

/* Numbers come from a counter, not from a state: the same key, sequence and element always give the same number, whatever
 * thread asks and in whatever order.
 * Source: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", Philox 4x32-10. */
typedef struct hone_key {
    uint64_t seed;  /* of the trial */
    uint64_t scope; /* hone_scope_hash() of the place that draws: "bert.encoder.layer.3.attention.dropout" */
    uint64_t step;  /* optimizer step, or epoch where a thing is drawn once an epoch */
    uint64_t pass;  /* of the passes of one step; 0 if there is one */
} hone_key;

/* A key mixed down to the 64 key bits of Philox, to be computed once for many numbers. */
typedef struct hone_stream {
    uint32_t k0, k1;
} hone_stream;

/* 64-bit FNV-1a of a name. [any thread] */
HONE_EXPORT uint64_t hone_scope_hash(const char *name);
/* [any thread] */
HONE_EXPORT hone_stream hone_stream_of(const hone_key *key);
/* Four consecutive 32-bit numbers: elements 4*block .. 4*block+3 of `sequence`. [any thread] */
HONE_EXPORT void hone_random_block(hone_stream stream, uint64_t sequence, uint64_t block, uint32_t out[4]);
/* Element `element` of `sequence`. [any thread] */
HONE_EXPORT uint32_t hone_random_u32(hone_stream stream, uint64_t sequence, uint64_t element);
/* Uniform in [0, 1), 53 bits, from elements 2*i and 2*i+1. [any thread] */
HONE_EXPORT double hone_random_uniform(hone_stream stream, uint64_t sequence, uint64_t i);
/* Uniform in 0 .. n-1, n >= 1, without bias worth naming (64-bit multiply, bias < n / 2^64). [any thread] */
HONE_EXPORT uint64_t hone_random_below(hone_stream stream, uint64_t sequence, uint64_t i, uint64_t n);
/* Standard normal (Box and Muller 1958), from uniforms 2*i and 2*i+1. [any thread] */
HONE_EXPORT double hone_random_normal(hone_stream stream, uint64_t sequence, uint64_t i);
/* Shuffles order[0 .. n) (Fisher and Yates, in Durstenfeld's form). [any thread] */
HONE_EXPORT void hone_random_shuffle(hone_stream stream, uint64_t sequence, uint64_t *order, uint64_t n);

/* ---- Threads ----------------------------------------------------------------------------------------------------- */

typedef struct hone_pool hone_pool;

/* One range of a shared-out loop: items begin .. end-1. `worker` < hone_pool_threads() names the thread, for scratch. */
typedef void (*hone_range_fn)(void *ctx, int64_t begin, int64_t end, int worker);

/* Cuts 0 .. n-1 into ranges of `grain` items (the last may be shorter), whatever the number of threads, and runs fn on each
 * once; returns when all are done. So what a range computes never depends on the number of threads. A NULL pool, and a call
 * from inside a range, run the ranges one after another on the calling thread. */
HONE_EXPORT void hone_pool_run(hone_pool *pool, int64_t n, int64_t grain, hone_range_fn fn, void *ctx);
/* 1 for a NULL pool. */
HONE_EXPORT int hone_pool_threads(const hone_pool *pool);

/* ---- Log --------------------------------------------------------------------------------------------------------- */

typedef enum hone_log_level { HONE_LOG_DEBUG, HONE_LOG_INFO, HONE_LOG_WARNING, HONE_LOG_ERROR } hone_log_level;

typedef struct hone_log hone_log;

/* One line, without a line feed of its own. A NULL log drops it. [any thread] */
HONE_EXPORT void hone_log_line(hone_log *log, hone_log_level level, const char *fmt, ...) HONE_PRINTF(3, 4);

#ifdef __cplusplus
}
#endif

#endif
