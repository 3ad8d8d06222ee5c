/* hone/plugin.h - what every plugin has in common: the descriptor, the instance, and the one exported symbol.
 *
 * A plugin is constant data: a table of functions that begins with a hone_plugin, and a table of parameters. Loading one runs
 * none of its code. A shared object exports one symbol, made by the last line of its source:
 *
 *     HONE_MODULE(&accuracy.plugin);
 *
 * Compatibility
 *   - HONE_ABI_MAJOR changes when an old plugin can no longer work; the host then refuses it.
 *   - Within a major version fields are only ever appended. Each table begins with its own size; what a shorter (older) table
 *     lacks reads as zero, and zero always means the default. A longer (newer) one is accepted where the tail that the host does
 *     not know is all zero. hone_plugin itself is embedded by value and never grows: it ends in reserved zero words.
 *   - Structs that the host passes also begin with their size; ask HONE_HAS() before reading a field newer than your header.
 *
 * Every callback takes the instance first and, if it can fail, an error last. Callbacks of one instance run on one thread at a
 * time unless marked [any thread]. A callback marked "may be NULL" has the default that its comment names.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_PLUGIN_H
#define HONE_PLUGIN_H

#include "base.h"
#include "param.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HONE_ABI_MAJOR 1
#define HONE_ABI_MINOR 0
#define HONE_MAGIC UINT64_C(0x31676c70656e6f68) /* "honeplg1" in memory order */

/* One list makes the enum, the folder names and the words in YAML. New rows go to the end. */
#define HONE_KIND_MAP(X)                                                                                                       \
    X(TOKENIZER, tokenizer, "text to ids, with byte offsets back into the text")                                               \
    X(READER, reader, "a data file to examples: named fields and a gold label")                                                \
    X(MODEL, model, "builds the encoder: ids, segments, positions, starts -> hidden states")                                   \
    X(HEAD, head, "builds scores from hidden states, and decodes scores into predictions")                                     \
    X(LOSS, loss, "scores and gold to a loss per item")                                                                        \
    X(OPTIMIZER, optimizer, "the update of a weight")                                                                          \
    X(SCHEDULE, schedule, "the learning rate over the steps")                                                                  \
    X(METRIC, metric, "gold and predictions to named figures, tables, curves and matrices")                                    \
    X(TECHNIQUE, technique, "what happens around a step")                                                                      \
    X(SEARCHER, searcher, "the next point of a search")                                                                        \
    X(STOPPER, stopper, "which trials to end early")                                                                           \
    X(LAUNCHER, launcher, "where a trial runs")                                                                                \
    X(BACKEND, backend, "faster operators than the reference ones")                                                            \
    X(TASK, task, "a reader, a head, metrics and their settings under one word")

typedef enum hone_kind {
    HONE_KIND_NONE = 0,
#define X(NAME, name, help) HONE_KIND_##NAME,
    HONE_KIND_MAP(X)
#undef X
        HONE_KIND_COUNT /* one more than the largest; not part of the ABI */
} hone_kind;

struct hone_op;

/* First member of every kind's table. */
typedef struct hone_plugin {
    uint32_t size; /* of the whole table; HONE_PLUGIN fills it */
    uint32_t kind;
    const char *name;    /* as written in YAML: [a-z][a-z0-9_]*, unique within its kind */
    const char *summary; /* one line, lower case, no full stop: for `hone plugins` */
    const char *source;  /* paper, equation or reference program it is checked against; may be NULL */
    const char *help;    /* more for `hone describe`, with an example; may be NULL */
    const hone_param *params;
    uint32_t n_params;
    uint32_t param_size;              /* sizeof(hone_param), so that rows can grow */
    uint64_t params_size;             /* sizeof the parameter struct */
    uint64_t state_size;              /* the host allocates it, zeroed, before create() */
    const struct hone_op *const *ops; /* operators it brings, NULL-terminated; may be NULL. Their gradients are checked. */
    /* Gives back what create() took from outside the arenas (files, library handles); may be NULL. Called once for every
     * instance whose create() was called, also where that failed. */
    void (*destroy)(const struct hone_self *self);
    const char *also_named; /* another name that people know it by, accepted wherever its own is; may be NULL */
    uint64_t reserved[7];   /* zero */
} hone_plugin;

#define HONE_PLUGIN(T, K) .size = sizeof(T), .kind = (K)
#define HONE_PARAMS(S, table)                                                                                                  \
    .params = (table), .n_params = sizeof(table) / sizeof *(table), .param_size = sizeof *(table), .params_size = sizeof(S)

/* One use of a plugin. The host makes it; it lives as long as the trial (searchers, stoppers, launchers: as the sweep). */
typedef struct hone_self {
    uint64_t size; /* sizeof(hone_self) of the host */
    const hone_plugin *plugin;
    const void *params; /* filled and range-checked; NULL where the plugin has none */
    void *state;        /* state_size bytes, zeroed before create(); NULL where state_size is 0 */
    hone_arena *trial;  /* for create(): lives as long as the instance */
    hone_arena *step;   /* emptied after the callback; not for callbacks marked [any thread], which get theirs as an argument */
    hone_pool *pool;    /* may be NULL */
    hone_log *log;      /* may be NULL */
    uint64_t seed;
} hone_self;

/* Does the struct that the host passed reach to field f? */
#define HONE_HAS(ptr, T, f) ((ptr)->size >= offsetof(T, f) + sizeof((ptr)->f))

typedef struct hone_module {
    uint64_t magic;
    uint32_t size; /* sizeof(hone_module) */
    uint32_t abi_major, abi_minor;
    uint32_t zero;
    const char *built_with;            /* version of hone, for messages */
    const hone_plugin *const *plugins; /* NULL-terminated: one, or the parts of a task */
    uint64_t reserved[4];
} hone_module;

#ifdef __cplusplus
#define HONE_MODULE_LINKAGE extern "C"
#else
#define HONE_MODULE_LINKAGE extern
#endif

/* Data, not a function, so that a plugin can be listed without being run. */
#define HONE_MODULE(...)                                                                                                       \
    static const hone_plugin *const hone_module_plugins_[] = {__VA_ARGS__, NULL};                                              \
    HONE_MODULE_LINKAGE HONE_EXPORT const hone_module hone_exports;                                                            \
    HONE_EXPORT const hone_module hone_exports = {HONE_MAGIC, sizeof(hone_module), HONE_ABI_MAJOR,       HONE_ABI_MINOR,       \
                                                  0,          HONE_VERSION,        hone_module_plugins_, {0}}

#ifdef __cplusplus
}
#endif

#endif
