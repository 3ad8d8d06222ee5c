/* hone/words.h - the words of BERT's tokenizers, and vocabularies of word pieces learnt from texts.
 *
 * A text goes through these steps, each character keeping the bytes that it came from:
 *
 *     clean -> spaces around Chinese -> NFD without marks -> lower case -> words and punctuation
 *
 * Equal to BertNormalizer and BertPreTokenizer of Hugging Face's tokenizers, for which tests/golden/wordpiece.py stands.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_WORDS_H
#define HONE_WORDS_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Words ------------------------------------------------------------------------------------------------------- */

typedef struct hone_word_rules {
    uint64_t size;
    bool lowercase;
    bool strip_accents; /* drop accents and other marks */
    bool chinese_alone; /* each Chinese character is a word */
    uint64_t max_chars; /* longer words come without their bytes; 1 to 100,000 */
} hone_word_rules;

/* A word, or one character of punctuation. Pointers live until the callback returns. */
typedef struct hone_word {
    uint64_t size;
    uint64_t n;                  /* normalised bytes */
    const char *bytes;           /* [n], not NUL-terminated; NULL: more than max_chars characters */
    uint64_t first, last;        /* it stands for bytes first .. last-1 of the text */
    const uint64_t *begin, *end; /* [n] the character that each byte came from; NULL: byte i is byte first + i of the text */
} hone_word;

typedef struct hone_words hone_words;

/* Lives as long as the arena. */
HONE_EXPORT hone_status hone_words_create(hone_arena *arena, const hone_word_rules *rules, const hone_words **words,
                                          hone_error *err) HONE_CHECKED;
/* Bytes of scratch that hone_words_each needs, aligned to 8. [any thread] */
HONE_EXPORT uint64_t hone_words_scratch(const hone_words *words);
/* Calls fn for the words of bytes begin .. end-1 of the text, in their order, until it fails. Bytes that are no UTF-8 are dropped.
 * [any thread, each with scratch of its own] */
HONE_EXPORT hone_status hone_words_each(const hone_words *words, void *scratch, const char *text, uint64_t begin, uint64_t end,
                                        hone_status (*fn)(void *ctx, const hone_word *word, hone_error *err), void *ctx,
                                        hone_error *err) HONE_CHECKED;

/* ---- Vocabularies ------------------------------------------------------------------------------------------------ */

/* Learns a vocabulary for WordPiece: words are cut into characters, of which all but the first carry "##", and the most frequent pair
 * of neighbours is merged until the vocabulary is full. Ties go to the pair whose bytes come first, so that the same counts of words
 * always give the same vocabulary, whatever the order of the texts.
 * Source: Sennrich et al. 2016, arXiv:1508.07909, algorithm 1; WordPieceTrainer of Hugging Face's tokenizers. */
typedef struct hone_pieces hone_pieces;

typedef struct hone_pieces_rules {
    uint64_t size;
    uint64_t vocab_size;         /* tokens, special ones among them */
    uint64_t min_frequency;      /* pairs seen less often are not merged; at least 1 */
    uint64_t max_alphabet;       /* only the most frequent characters; 0: all that fit */
    const char *const *specials; /* [n_specials] stand first, in this order */
    uint64_t n_specials;
} hone_pieces_rules;

/* `words` must outlive it. */
HONE_EXPORT hone_status hone_pieces_create(const hone_words *words, hone_pieces **pieces, hone_error *err) HONE_CHECKED;
/* Counts the words of a text. */
HONE_EXPORT hone_status hone_pieces_add(hone_pieces *pieces, const char *text, uint64_t n, hone_error *err) HONE_CHECKED;
/* Words counted so far, and distinct ones. */
HONE_EXPORT uint64_t hone_pieces_words(const hone_pieces *pieces, uint64_t *distinct);
/* The vocabulary: tokens[n] in `arena`, fewer than vocab_size where no pair is frequent enough. */
HONE_EXPORT hone_status hone_pieces_learn(const hone_pieces *pieces, const hone_pieces_rules *rules, hone_arena *arena,
                                          const char ***tokens, uint64_t *n, hone_error *err) HONE_CHECKED;
HONE_EXPORT void hone_pieces_destroy(hone_pieces *pieces); /* NULL is fine */

#ifdef __cplusplus
}
#endif

#endif
