/* hone/param.h - parameter tables: one row per setting that a plugin, or the core itself, takes from the YAML file.
 *
 * The host reads YAML through these rows, so a plugin parses nothing; the check, the range errors, the defaults of `hone check
 * --render`, `hone describe`, the JSON Schema, the search space and the report are all made from the same row. The host
 * allocates the parameter struct, fills it and range-checks it before the plugin sees it; what it points to lives as long.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_PARAM_H
#define HONE_PARAM_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

struct hone_self; /* hone/plugin.h */

/* The type of a row, and the C type of its field. */
typedef enum hone_type {
    HONE_REAL = 1,     /* double */
    HONE_INT,          /* int64_t */
    HONE_BOOL,         /* bool */
    HONE_STRING,       /* const char *; NULL where absent and without a default */
    HONE_CHOICE,       /* int32_t, the index into choices */
    HONE_TABLE,        /* a struct inside the struct; its rows' offsets count from its own start */
    HONE_PLUGIN,       /* const hone_self *, an instance of a plugin of kind plugin_kind, created before its owner;
                      NULL where absent and without a default */
    HONE_REAL_OR_WORD, /* hone_real_or_word: a number, or one of choices */
    HONE_INT_OR_WORD   /* hone_int_or_word */
} hone_type;

/* How many of its type a field holds. */
typedef enum hone_shape_of_param {
    HONE_ONE = 0,
    HONE_LIST, /* hone_list of the type (of HONE_TABLE: a list of records) */
    HONE_MAP   /* hone_map from string to the type */
} hone_shape_of_param;

typedef enum hone_scale { HONE_LINEAR = 0, HONE_LOG } hone_scale; /* how a searcher should walk the range */

typedef struct hone_real_or_word {
    int32_t word; /* index into choices, or -1: a number */
    int32_t zero;
    double value;
} hone_real_or_word;

typedef struct hone_int_or_word {
    int32_t word; /* index into choices, or -1: a number */
    int32_t zero;
    int64_t value;
} hone_int_or_word;

/* Items stand one after another, item_size bytes each. */
typedef struct hone_list {
    const void *items;
    uint64_t n;
    uint64_t item_size;
} hone_list;

/* Pairs in the order of the file; keys are unique. */
typedef struct hone_map {
    const char *const *keys; /* [n] */
    const void *values;      /* [n] of item_size bytes */
    uint64_t n;
    uint64_t item_size;
} hone_map;

enum {
    HONE_OPEN_MIN = 1u << 0,   /* the range is (min, ... */
    HONE_OPEN_MAX = 1u << 1,   /* ... max) */
    HONE_REQUIRED = 1u << 2,   /* no default: the file must say it */
    HONE_PATH = 1u << 3,       /* a string that names a file or folder to read; relative to data_root or the YAML file */
    HONE_MODEL_PATH = 1u << 4, /* the same, relative to model_root or the YAML file */
    HONE_FIXED = 1u << 5,      /* cannot be swept */
    HONE_NO_BITS = 1u << 6,    /* cannot change results (threads, log level): left out of keys that decide reuse */
    HONE_NO_PREPARE =
        1u << 7, /* of a head: cannot change what its prepare() makes (dropout): left out of the token cache's keys */
    HONE_TRAINING_ONLY =
        1u << 8 /* of a model: cannot change what it computes outside of training (dropout): left out of the keys
                                    under which the outputs of frozen layers are kept */
};

typedef struct hone_param {
    const char *name;   /* as written in YAML: [a-z0-9_]+ */
    const char *unit;   /* "1", "tokens", "1/step", ...; may be NULL where a unit makes no sense (words, tables) */
    const char *help;   /* one line, lower case, no full stop */
    const char *source; /* where the default comes from; may be NULL */
    uint64_t offset;    /* of the field inside its struct */
    uint32_t type;      /* hone_type */
    uint32_t shape;     /* hone_shape_of_param */
    uint32_t flags;     /* HONE_OPEN_MIN ... */
    uint32_t scale;     /* hone_scale */
    double def_real, min_real, max_real;
    int64_t def_int, min_int, max_int; /* def_int also of booleans */
    /* Default of strings, choices, plugins and words; of lists, maps and tables one line of YAML ("[accuracy, f1]"). A word
     * overrules the number beside it. NULL: none; a list, map or table is then empty or of its rows' defaults. */
    const char *def_text;
    const char *const *choices;    /* NULL-terminated; choices and words */
    uint64_t min_items, max_items; /* of lists and maps; max_items 0: no bound */
    uint64_t item_size;            /* of lists and maps: sizeof one C item; the macros fill it */
    const struct hone_param *rows; /* HONE_TABLE; and, with HONE_PLUGIN, may be NULL */
    uint32_t n_rows;
    uint32_t plugin_kind; /* HONE_PLUGIN: a hone_kind */
    const char *renamed;  /* names people know for this one, separated by blanks ("lr"); may be NULL. They get an error that
                             gives ours; they are not accepted. */
    uint64_t reserved[4]; /* zero */
} hone_param;

/* The offset of field f in struct S; a compile error where the field is not of C type T. */
#ifdef __cplusplus
#define HONE_FIELD(S, f, T) (offsetof(S, f) + 0 * sizeof(static_cast<T S::*>(&S::f)))
#else
#define HONE_FIELD(S, f, T) (offsetof(S, f) + 0 * sizeof(_Generic(((S *)0)->f, T : 1)))
#endif

/* Rows. What follows the field are designated initialisers:
 *     HONE_PARAM_REAL(params, beta1, .def_real = 0.9, .max_real = 1.0, .flags = HONE_OPEN_MAX, .unit = "1", .help = "...")
 * Real and integer rows need min and max (use -INFINITY / INT64_MIN and their like for no bound). */
#define HONE_PARAM_REAL(S, f, ...)                                                                                             \
    {                                                                                                                          \
        .name = #f, .type = HONE_REAL, .offset = HONE_FIELD(S, f, double), __VA_ARGS__                                         \
    }
#define HONE_PARAM_INT(S, f, ...)                                                                                              \
    {                                                                                                                          \
        .name = #f, .type = HONE_INT, .offset = HONE_FIELD(S, f, int64_t), __VA_ARGS__                                         \
    }
#define HONE_PARAM_BOOL(S, f, ...)                                                                                             \
    {                                                                                                                          \
        .name = #f, .type = HONE_BOOL, .offset = HONE_FIELD(S, f, bool), __VA_ARGS__                                           \
    }
#define HONE_PARAM_STRING(S, f, ...)                                                                                           \
    {                                                                                                                          \
        .name = #f, .type = HONE_STRING, .offset = HONE_FIELD(S, f, const char *), __VA_ARGS__                                 \
    }
#define HONE_PARAM_CHOICE(S, f, list, ...)                                                                                     \
    {                                                                                                                          \
        .name = #f, .type = HONE_CHOICE, .offset = HONE_FIELD(S, f, int32_t), .choices = (list), __VA_ARGS__                   \
    }
#define HONE_PARAM_REAL_OR_WORD(S, f, list, ...)                                                                               \
    {                                                                                                                          \
        .name = #f, .type = HONE_REAL_OR_WORD, .offset = HONE_FIELD(S, f, hone_real_or_word), .choices = (list), __VA_ARGS__   \
    }
#define HONE_PARAM_INT_OR_WORD(S, f, list, ...)                                                                                \
    {                                                                                                                          \
        .name = #f, .type = HONE_INT_OR_WORD, .offset = HONE_FIELD(S, f, hone_int_or_word), .choices = (list), __VA_ARGS__     \
    }
/* `kind` is a hone_kind; the field a const hone_self *. */
#define HONE_PARAM_PLUGIN(S, f, kind, ...)                                                                                     \
    {                                                                                                                          \
        .name = #f, .type = HONE_PLUGIN, .offset = HONE_FIELD(S, f, const struct hone_self *), .plugin_kind = (kind),          \
        __VA_ARGS__                                                                                                            \
    }
/* A list of T, the C type that belongs to `ty`. */
#define HONE_PARAM_LIST(S, f, ty, T, ...)                                                                                      \
    {                                                                                                                          \
        .name = #f, .type = (ty), .shape = HONE_LIST, .offset = HONE_FIELD(S, f, hone_list), .item_size = sizeof(T),           \
        __VA_ARGS__                                                                                                            \
    }
#define HONE_PARAM_MAP(S, f, ty, T, ...)                                                                                       \
    {                                                                                                                          \
        .name = #f, .type = (ty), .shape = HONE_MAP, .offset = HONE_FIELD(S, f, hone_map), .item_size = sizeof(T), __VA_ARGS__ \
    }
/* A struct T inside the struct, with rows of its own. */
#define HONE_PARAM_TABLE(S, f, T, table, ...)                                                                                  \
    {                                                                                                                          \
        .name = #f, .type = HONE_TABLE, .offset = HONE_FIELD(S, f, T), .rows = (table),                                        \
        .n_rows = sizeof(table) / sizeof *(table), .item_size = sizeof(T), __VA_ARGS__                                         \
    }
/* A list of records, each a struct T. */
#define HONE_PARAM_RECORDS(S, f, T, table, ...)                                                                                \
    {                                                                                                                          \
        .name = #f, .type = HONE_TABLE, .shape = HONE_LIST, .offset = HONE_FIELD(S, f, hone_list), .rows = (table),            \
        .n_rows = sizeof(table) / sizeof *(table), .item_size = sizeof(T), __VA_ARGS__                                         \
    }

#ifdef __cplusplus
}
#endif

#endif
