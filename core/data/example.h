/* example.h - what the opaque types of hone/data.h hold: examples, corpora and the sink that fills them.
 *
 * Everything lies in the corpus's arena. An example never changes once it is read, but for the indices of its gold labels, which
 * are filled in when the label list is known.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_DATA_EXAMPLE_H
#define HONE_CORE_DATA_EXAMPLE_H

#include "data/corpus.h"

typedef struct hone__field {
    const char *name;
    hone_field_type type;
    uint64_t n; /* bytes of a text; strings of words and choices */
    union {
        const char *text;
        const char *const *texts;
        const hone_tensor *array; /* of bytes too: U8 [n] */
    } as;
} hone__field;

struct hone_example {
    const char *id, *file;
    uint64_t line, group;
    hone_answer *gold;   /* NULL: none */
    int32_t *labels;     /* gold->labels, writable; NULL where the target has no list of labels */
    hone__field *fields; /* [n_fields] */
    size_t n_fields;
    const char **kept; /* values of the columns that somebody asked for, in that order; NULL: absent */
};

struct hone_corpus {
    const char *file, *split;
    hone_example **examples; /* [n] */
    uint64_t n;
};

const hone__field *hone__example_field(const hone_example *e, const char *name); /* NULL if absent */

/* ---- The sink ---------------------------------------------------------------------------------------------------- */

typedef struct hone__sink_setup {
    hone_arena *arena;
    const char *file, *split;
    const char *reader;        /* its name, for messages */
    const char *const *fields; /* that the reader may fill, NULL-terminated; NULL: any */
    hone_target target;
    bool needs_gold;
    const char *const *kept; /* columns to keep, NULL-terminated; NULL: none */
} hone__sink_setup;

/* Strings of the setup must outlive the corpus. NULL when memory is short. */
hone_sink *hone__sink_create(const hone__sink_setup *setup) HONE_CHECKED;
/* Checks the last example and that ids are unique; the corpus lies in the arena. The sink can only be destroyed afterwards. */
hone_status hone__sink_finish(hone_sink *sink, hone_corpus **corpus, hone_error *err) HONE_CHECKED;
void hone__sink_destroy(hone_sink *sink); /* NULL is fine */

#endif
