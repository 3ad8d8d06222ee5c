/* embed.h - hidden states of a model over a corpus, as vectors: one a text, one a token, or one for each word of a file.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_TRAIN_EMBED_H
#define HONE_CORE_TRAIN_EMBED_H

#include "train/trained.h"

typedef enum hone__embed_pooling {
    HONE__EMBED_MEAN = 0, /* of all tokens of a text, special ones among them, as sentence-transformers has it */
    HONE__EMBED_CLS,      /* the first token */
    HONE__EMBED_NONE      /* each token by itself */
} hone__embed_pooling;

/* One vector: a text's, a token's or a word's. */
typedef struct hone__embedding {
    const char *id;   /* of the example; NULL: a word */
    const char *word; /* the token or word; NULL: a whole text */
    uint64_t count;   /* how often the word is there */
    const float *values;
    int64_t n;
} hone__embedding;

typedef struct hone__embed_setup {
    hone__trained *trained; /* loaded, as an encoder */
    const hone__prepared *data;
    hone__embed_pooling pooling;
    const int64_t
        *layers; /* [n_layers] whose mean is taken: 0 the embeddings, 1 .. L the layers, -1 the last, -2 the one before */
    size_t n_layers;
    bool normalize; /* to length 1 */
    hone_status (*take)(void *ctx, const hone__embedding *e, hone_error *err);
    void *ctx;
    void (*progress)(void *ctx, uint64_t done, uint64_t n); /* in examples; may be NULL */
    void *progress_ctx;
} hone__embed_setup;

/* Calls take() for every vector, in the order of the corpus. */
hone_status hone__embed(const hone__embed_setup *setup, hone_error *err) HONE_CHECKED;

/* One mean vector for each distinct word of the texts, a Chinese character being a word: of an occurrence the mean of its tokens, of a word
 * the mean of its occurrences. Words are those of BERT's tokenizers (hone/words.h); `lowercase` makes no difference of their case. take()
 * gets them by falling count, equal ones by their bytes. Occurrences that truncation took away do not count. The pooling is not asked. */
hone_status hone__embed_words(const hone__embed_setup *setup, bool lowercase, uint64_t *n_words, hone_error *err) HONE_CHECKED;

/* How many vectors hone__embed gives. */
uint64_t hone__embed_count(const hone__embed_setup *setup);

#endif
