/* encode.h - text to tokens, and tokens to sequences: the tokenizer's template, and truncation.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_DATA_ENCODE_H
#define HONE_CORE_DATA_ENCODE_H

#include "base/arena.h"
#include <hone/data.h>

/* A tokenizer with its facts, and memory for one thread. */
typedef struct hone__encoder {
    const hone_tokenizer *tokenizer;
    const hone_self *self;
    const hone_tokenizer_info *info;
    hone_arena *arena;   /* what comes back lives here */
    hone_arena *scratch; /* emptied after each text */
} hone__encoder;

/* Asks for the facts and checks them: ids within the vocabulary, templates that hold their pieces. */
hone_status hone__tokenizer_info_of(const hone_tokenizer *tokenizer, const hone_self *self, hone_tokenizer_info *info,
                                    hone_error *err) HONE_CHECKED;

hone_status hone__encode_text(const hone__encoder *encoder, const char *text, size_t n, hone_tokens *tokens,
                              hone_error *err) HONE_CHECKED;
hone_status hone__encode_words(const hone__encoder *encoder, const char *const *words, uint64_t n, hone_tokens *tokens,
                               hone_error *err) HONE_CHECKED;

/* One piece or two (second may be NULL) through the template, cut to max_length (0: never cut). With only_piece >= 0 that piece
 * alone is cut; else the longest first. */
hone_status hone__sequence_make(const hone_tokenizer_info *info, const char *tokenizer_name, const hone_tokens *first,
                                const hone_tokens *second, int32_t only_piece, uint64_t max_length, hone_arena *arena,
                                hone_sequence *sequence, hone_error *err) HONE_CHECKED;

/* Cuts two lengths until they fit into `room` tokens together, one token at a time from the longer; from equal ones, from the one that
 * was the shorter at first (equal at first: the first). Source: longest_first of Hugging Face's tokenizers, utils/truncation.rs, which
 * gives the same lengths. */
void hone__longest_first(uint64_t *first, uint64_t *second, uint64_t room);

#endif
