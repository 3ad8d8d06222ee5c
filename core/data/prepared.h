/* prepared.h - what stands in a hone__prepared: all sequences of a corpus one after another, and their named fields.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_DATA_PREPARED_H
#define HONE_CORE_DATA_PREPARED_H

#include "data/batch.h"
#include "data/example.h"
#include "tensor/safetensors.h"

/* What all values of a named field have in common. */
typedef struct hone__field_form {
    const char *name;
    hone_per per;
    uint32_t dtype;
    hone_shape row;  /* without the first dimension */
    size_t row_size; /* bytes */
} hone__field_form;

/* A named field of all sequences: rows of owner i (a sequence, or an example) are starts[i] .. starts[i + 1] - 1. */
typedef struct hone__named_field {
    hone__field_form form;
    const char *data;
    const uint64_t *starts; /* [owners + 1] */
} hone__named_field;

struct hone__prepared {
    hone_arena *arena;      /* everything, itself too; but what is mapped */
    hone__st_file file;     /* of the cache, in which the arrays lie; zero where they lie in the arena */
    hone__st_file attached; /* of a field that was attached; zero where there is none */
    const hone_corpus *corpus;
    hone__prepared_stats stats;
    const uint64_t *example_starts; /* [examples + 1] sequences */
    const uint64_t *starts;         /* [sequences + 1] tokens */
    const uint64_t *cut;            /* [sequences] tokens lost */
    const int32_t *ids, *types;     /* [tokens]; NULL without a tokenizer */
    hone__named_field *fields;
    size_t n_fields;
    uint64_t n_labels;
};

enum { HONE__MOST_FIELDS = 32 };

/* Fills the statistics out of the arrays; stats.examples and stats.sequences are there. */
void hone__prepared_measure(hone__prepared *p);

/* Adds a field of float32 rows [width], one a token, which lie in the map of `file`; that is the corpus's from now on, once. False where
 * there are too many fields. */
bool hone__prepared_attach(hone__prepared *p, const hone__st_file *file, const char *name, const float *rows, int64_t width);

/* Tokens of all sequences of an example. */
uint64_t hone__prepared_tokens(const hone__prepared *p, uint64_t example);

/* Owners of a field's rows: examples or sequences. */
uint64_t hone__owners_of(const hone__prepared *p, hone_per per);

/* Fields of row numbers: counted from the sequence's first token here, from the batch's in a batch. */
bool hone__is_row_numbers(const hone__field_form *form);

#endif
