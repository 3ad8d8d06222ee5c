/* hone/data.h - from text to examples to sequences to batches: tokenizers, readers, and what heads prepare.
 *
 *     reader -> example -> prepare -> sequences -> batch
 *
 * An example has named, typed fields and a gold answer. A sequence is what the model sees of it: ids, segments, positions and any
 * named field per token, sequence, item or example. Fields are filled and read through functions, so that none of them is ABI.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_DATA_H
#define HONE_DATA_H

#include "plugin.h"
#include "target.h"
#include "tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Examples ---------------------------------------------------------------------------------------------------- */

typedef enum hone_field_type {
    HONE_FIELD_NONE = 0,
    HONE_FIELD_TEXT,    /* one string */
    HONE_FIELD_WORDS,   /* strings that are words already */
    HONE_FIELD_CHOICES, /* strings of which one is right */
    HONE_FIELD_BYTES,   /* raw bytes */
    HONE_FIELD_ARRAY    /* an array of numbers, such as pixels */
} hone_field_type;

typedef struct hone_example hone_example;
typedef struct hone_corpus hone_corpus; /* all examples of one split, in the order of the file */

HONE_EXPORT uint64_t hone_corpus_count(const hone_corpus *corpus);
HONE_EXPORT const hone_example *hone_corpus_at(const hone_corpus *corpus, uint64_t i);

HONE_EXPORT const char *hone_example_id(const hone_example *e);
HONE_EXPORT uint64_t hone_example_group(const hone_example *e);          /* its document, from 0; 0 where readers do not say */
HONE_EXPORT const hone_answer *hone_example_gold(const hone_example *e); /* NULL where the data has none */
/* The field's type, HONE_FIELD_NONE where the example does not have it. */
HONE_EXPORT hone_field_type hone_example_has(const hone_example *e, const char *field);
/* A text field, NUL-terminated (*n may be NULL); NULL if absent or of another type. Lives as long as the corpus. */
HONE_EXPORT const char *hone_example_text(const hone_example *e, const char *field, size_t *n);
/* Words or choices; NULL if absent. */
HONE_EXPORT const char *const *hone_example_texts(const hone_example *e, const char *field, uint64_t *n);
HONE_EXPORT const hone_tensor *hone_example_array(const hone_example *e, const char *field); /* bytes are U8 [n] */
/* Calls fn for every text, word and choice of all examples, in their order, until it fails: what vocabularies are learnt from. */
HONE_EXPORT hone_status hone_corpus_texts(const hone_corpus *corpus,
                                          hone_status (*fn)(void *ctx, const char *text, size_t n, hone_error *err), void *ctx,
                                          hone_error *err) HONE_CHECKED;

/* ---- Readers ----------------------------------------------------------------------------------------------------- */

/* Where a reader puts what it reads. It checks UTF-8, NUL bytes and names, and puts file and line before its messages. */
typedef struct hone_sink hone_sink;

/* Begins the next example; `line` is where it stands in the file, from 1 (0: unknown). id NULL: "SPLIT-number". */
HONE_EXPORT hone_status hone_sink_example(hone_sink *sink, const char *id, uint64_t line, hone_error *err) HONE_CHECKED;
HONE_EXPORT hone_status hone_sink_text(hone_sink *sink, const char *field, const char *text, size_t n,
                                       hone_error *err) HONE_CHECKED;
/* type: HONE_FIELD_WORDS or HONE_FIELD_CHOICES. */
HONE_EXPORT hone_status hone_sink_texts(hone_sink *sink, const char *field, hone_field_type type, const char *const *texts,
                                        uint64_t n, hone_error *err) HONE_CHECKED;
HONE_EXPORT hone_status hone_sink_array(hone_sink *sink, const char *field, const hone_tensor *array,
                                        hone_error *err) HONE_CHECKED;
/* What else the file has of the example, which no model reads: report.slices may ask for it by the column's name. What nobody asked
 * for costs nothing and is not kept, so readers give all they have. */
HONE_EXPORT hone_status hone_sink_column(hone_sink *sink, const char *column, const char *text, size_t n,
                                         hone_error *err) HONE_CHECKED;
HONE_EXPORT hone_status hone_sink_gold(hone_sink *sink, const hone_answer *gold, hone_error *err) HONE_CHECKED;
HONE_EXPORT hone_status hone_sink_group(hone_sink *sink, uint64_t group, hone_error *err) HONE_CHECKED;
/* Fails with "FILE:LINE: " before the message, at a line of the file (0: no line). */
HONE_EXPORT hone_status hone_sink_fail(hone_sink *sink, uint64_t line, hone_error *err, const char *fmt, ...) HONE_PRINTF(4, 5);

typedef struct hone_source {
    uint64_t size;
    const char *path;  /* for messages */
    const char *split; /* "train", "validation", "test", "predict" */
    const char *bytes; /* the whole file, mapped or read, NUL-terminated behind n */
    uint64_t n;
    bool needs_gold; /* an example without one is an error */
} hone_source;

typedef struct hone_reader {
    hone_plugin plugin;
    /* May be NULL. Checks what the rows cannot say. */
    hone_status (*create)(const hone_self *self, hone_error *err);
    /* The target that its examples carry under these parameters (HONE_TARGET_NONE for plain text). */
    hone_target (*target)(const hone_self *self);
    /* Puts every example of the source into the sink, in order. */
    hone_status (*read)(const hone_self *self, const hone_source *source, hone_sink *sink, hone_error *err);
    /* May be NULL: labels are then those of the training split, integers in their order, else sorted by bytes. Label i of a fixed
     * list, NULL behind the last. */
    const char *(*label)(const hone_self *self, uint64_t i);
    /* The fields its examples have under these parameters ("text", "text_pair"), NULL-terminated, in display order. */
    const char *const *(*fields)(const hone_self *self);
} hone_reader;

/* ---- Tokenizers -------------------------------------------------------------------------------------------------- */

/* Receives the tokens of one piece of text. */
typedef struct hone_token_sink hone_token_sink;
/* A token: bytes begin .. end-1 of the text. [any thread] */
HONE_EXPORT hone_status hone_token_add(hone_token_sink *sink, int32_t id, uint64_t begin, uint64_t end,
                                       hone_error *err) HONE_CHECKED;
/* Memory for the duration of one encode call, NULL when short. [any thread] */
HONE_EXPORT void *hone_token_scratch(hone_token_sink *sink, size_t size) HONE_CHECKED;

/* One place of a template: a special token (piece < 0) or all tokens of piece 0, 1. */
typedef struct hone_template_item {
    int32_t piece;
    int32_t id;   /* of the special token */
    int32_t type; /* segment id */
    int32_t zero;
} hone_template_item;

typedef struct hone_tokenizer_info {
    uint64_t size;
    int64_t vocabulary;               /* ids are 0 .. vocabulary-1 */
    int32_t pad, unk, cls, sep, mask; /* -1: there is none */
    int32_t model_max_length;         /* what its files recommend; 0: unknown */
    const hone_template_item *single; /* [n_single] form of one text */
    const hone_template_item *pair;   /* [n_pair] form of two */
    uint64_t n_single, n_pair, item_size;
} hone_tokenizer_info;

typedef struct hone_tokenizer {
    hone_plugin plugin;
    /* dir: the model's folder with its vocabulary, or NULL. train: the training split for those that learn their vocabulary,
     * or NULL. */
    hone_status (*create)(const hone_self *self, const char *dir, const hone_corpus *train, hone_error *err);
    /* Filled by the plugin; what it points to lives as long as the instance. */
    hone_status (*info)(const hone_self *self, hone_tokenizer_info *info, hone_error *err);
    /* [any thread] Raw text, no special tokens, no truncation. */
    hone_status (*encode)(const hone_self *self, const char *text, size_t n, hone_token_sink *out, hone_error *err);
    /* [any thread] The token's text ("##ing"); NULL for an id outside the vocabulary. */
    const char *(*token)(const hone_self *self, int32_t id);
    /* Writes the files that create() and Hugging Face read into an existing folder. */
    hone_status (*save)(const hone_self *self, const char *dir, hone_error *err);
} hone_tokenizer;

/* ---- Sequences: what prepare() makes of an example --------------------------------------------------------------- */

/* Tokens of one piece. Arrays live until prepare() returns. */
typedef struct hone_tokens {
    uint64_t size;
    uint64_t n;
    const int32_t *ids;          /* [n] */
    const uint64_t *begin, *end; /* [n] bytes of the text; of words: of that word */
    const int64_t *word;         /* [n] number of the word where words were encoded, else -1 */
} hone_tokens;

/* A finished sequence: template, truncation and segments applied. */
typedef struct hone_sequence {
    uint64_t size;
    uint64_t n;
    const int32_t *ids, *types; /* [n] */
    const int32_t *piece;       /* [n] 0, 1, or -1: a special token */
    const int64_t *token;       /* [n] index into that piece's tokens; -1 */
    uint64_t cut;               /* tokens lost to truncation */
} hone_sequence;

typedef struct hone_sequences hone_sequences;

typedef struct hone_prepare {
    uint64_t size;
    const hone_example *example;
    uint64_t index; /* of the example in its corpus */
    const hone_corpus *corpus;
    uint64_t epoch;                       /* 0 in evaluation and for what does not depend on it */
    hone_stream random;                   /* of seed, head and epoch; draw with sequence = index */
    const hone_tokenizer_info *tokenizer; /* may be NULL: a model without text */
    uint64_t max_length;                  /* tokens a sequence may have, special ones among them */
    bool training;
    hone_arena *arena; /* until prepare() returns */
} hone_prepare;

/* Encodes a text, or words (each by itself, token.word says which). [any thread] */
HONE_EXPORT hone_status hone_encode(hone_sequences *out, const char *text, size_t n, hone_tokens *tokens,
                                    hone_error *err) HONE_CHECKED;
HONE_EXPORT hone_status hone_encode_words(hone_sequences *out, const char *const *words, uint64_t n, hone_tokens *tokens,
                                          hone_error *err) HONE_CHECKED;
/* Adds a sequence of one piece or two through the tokenizer's template; too long ones are cut, token by token from the longer piece
 * (`longest_first`; where both are equal from the one that was the shorter at first, or else the first: the lengths of Hugging Face's
 * tokenizers) or, with only_piece >= 0, that piece alone. Without a tokenizer it adds as many rows without ids as `first` has (NULL: one).
 * *sequence (may be NULL) shows the result. [any thread] */
HONE_EXPORT hone_status hone_sequence_add(hone_sequences *out, const hone_tokens *first, const hone_tokens *second,
                                          int32_t only_piece, hone_sequence *sequence, hone_error *err) HONE_CHECKED;
/* Overwrites the last sequence's ids (masking); n must be its length. [any thread] */
HONE_EXPORT hone_status hone_sequence_set_ids(hone_sequences *out, const int32_t *ids, uint64_t n,
                                              hone_error *err) HONE_CHECKED;

typedef enum hone_per {
    HONE_PER_TOKEN = 1, /* one value (or row) a token of the sequence */
    HONE_PER_SEQUENCE,
    HONE_PER_EXAMPLE,
    HONE_PER_ITEM /* as many as given: masked positions, labelled words. Row numbers of type I64 named "*_rows" count from the
                     sequence's first token and become rows of the batch. */
} hone_per;

/* A named field of the last sequence (or, HONE_PER_EXAMPLE, of the example): data [rows] or [rows, ...], which the batch stacks and
 * head or model find by name. "gold" is made by the core, one row an example: I32 [E] for class and choice, F32 [E, C] of 0 and 1 for
 * classes, F32 [E] for score. Other targets' gold is the head's to prepare. */
HONE_EXPORT hone_status hone_sequence_field(hone_sequences *out, const char *name, hone_per per, const hone_tensor *data,
                                            hone_error *err) HONE_CHECKED;

/* ---- Batches ----------------------------------------------------------------------------------------------------- */

/* A packed batch on the host: what items() and decode() may look at. */
typedef struct hone_batch hone_batch;
HONE_EXPORT uint64_t hone_batch_examples(const hone_batch *b);
HONE_EXPORT uint64_t hone_batch_sequences(const hone_batch *b);
HONE_EXPORT uint64_t hone_batch_tokens(const hone_batch *b);
HONE_EXPORT const int32_t *hone_batch_starts(const hone_batch *b);         /* [B+1] tokens */
HONE_EXPORT const int32_t *hone_batch_example_starts(const hone_batch *b); /* [E+1] sequences */
/* "ids", "types", "positions" [N] I32, and the named fields; NULL if absent. For HONE_PER_ITEM fields *starts (may be NULL) receives
 * [B+1], where each sequence's items begin. */
HONE_EXPORT const hone_tensor *hone_batch_field(const hone_batch *b, const char *name, const int32_t **starts);

#ifdef __cplusplus
}
#endif

#endif
