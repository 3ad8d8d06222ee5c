/* hone/tags.h - tags of words that mark chunks (names, phrases): what a tag says, which may follow which, and the chunks of a sentence.
 *
 * A tag is a prefix and a type, "B-PER", or O outside of all chunks. Which prefixes there are is a scheme:
 *
 *     bio    B begins a chunk, I continues it (also called IOB2)
 *     iob1   I in a chunk; B only where a chunk touches one of the same type before it (CoNLL 2003)
 *     bioes  B begins, I continues, E ends, S is a chunk of one word
 *     bmes   the same with M for I (Chinese word segmentation)
 *
 * Source: Ramshaw and Marcus 1995; Sang and Veenstra 1999, "Representing text chunks".
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_TAGS_H
#define HONE_TAGS_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum hone_tag_scheme {
    HONE_SCHEME_NONE = 0, /* tags are labels, such as parts of speech */
    HONE_SCHEME_BIO,
    HONE_SCHEME_IOB1,
    HONE_SCHEME_BIOES,
    HONE_SCHEME_BMES
} hone_tag_scheme;

/* "none", "bio", "iob1", "bioes", "bmes", NULL: for HONE_PARAM_CHOICE. */
HONE_EXPORT extern const char *const hone_tag_schemes[];

typedef struct hone_tag {
    char prefix;      /* 'O', 'B', 'I', ...; '\0': the name has none */
    const char *type; /* within the name; "" where there is none */
} hone_tag;

/* "B-PER" is B of PER, "B" is B of nothing, "O" is O. Any other name has the prefix '\0', as has NULL. [any thread] */
HONE_EXPORT hone_tag hone_tag_of(const char *name);
/* Is it a tag of the scheme? [any thread] */
HONE_EXPORT bool hone_tag_fits(hone_tag_scheme scheme, const hone_tag *tag);
/* May `tag` stand behind `before`? NULL before is the beginning of a sentence, NULL tag its end. Both fit the scheme. [any thread] */
HONE_EXPORT bool hone_tag_follows(hone_tag_scheme scheme, const hone_tag *before, const hone_tag *tag);

/* Words begin .. end-1 of a sentence. */
typedef struct hone_chunk {
    uint64_t begin, end;
    const char *type; /* within the name of a tag */
} hone_chunk;

/* The chunks of n tags (a NULL is O), in order, into chunks [n]; returns how many. Lenient: what the scheme does not allow is read as
 * conlleval reads it, so that an I without a beginning begins a chunk; prefixes of all schemes may be mixed. [any thread] */
HONE_EXPORT uint64_t hone_chunks_of(const char *const *tags, uint64_t n, hone_chunk *chunks);

#ifdef __cplusplus
}
#endif

#endif
