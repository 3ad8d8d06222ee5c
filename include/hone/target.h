/* hone/target.h - what a head predicts and a metric scores: the one list where readers, heads, metrics, predictions and reports meet.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_TARGET_H
#define HONE_TARGET_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* name, gold and prediction of one example, scores kept. New rows go to the end. */
#define HONE_TARGET_MAP(X)                                                                                                     \
    X(CLASS, class, "one of C labels", "C probabilities")                                                                      \
    X(CLASSES, classes, "a set of labels", "C probabilities")                                                                  \
    X(SCORE, score, "a real number", "the number")                                                                             \
    X(TAGS, tags, "one label per word", "C a word, on demand")                                                                 \
    X(SPAN, span, "byte ranges in the text, or none", "best n with scores; by how much none is better")                        \
    X(CHOICE, choice, "one of an example's own choices", "one a choice")                                                       \
    X(TOKENS, tokens, "the ids behind masked positions", "right or wrong, and loss")                                           \
    X(OTHER, other, "bytes that the plugin writes and reads, with a text form", "as the plugin says")

typedef enum hone_target {
    HONE_TARGET_NONE = 0,
#define X(NAME, name, what, scores) HONE_TARGET_##NAME,
    HONE_TARGET_MAP(X)
#undef X
} hone_target;

/* For masks of several targets: metrics and losses take more than one. */
#define HONE_TAKES(target) (1u << (target))

/* Bytes begin .. end-1 of a field's text. */
typedef struct hone_span {
    uint64_t begin, end;
    double score;     /* of predictions */
    const char *text; /* the same bytes as a string, where known; may be NULL */
} hone_span;

/* One gold label or one prediction; which members count follows from the target. Owned by whoever made it; hone_ functions that
 * take one copy it. Zero is "nothing": readers give names, the core turns them into indices. */
typedef struct hone_answer {
    uint32_t size;   /* sizeof(hone_answer) */
    uint32_t target; /* hone_target */
    int32_t index;   /* class, choice: -1 where there is none */
    uint32_t zero;
    double score; /* score; classes of a row: unused */
    uint64_t n;   /* items of what follows: labels of a set, words of tags, positions of tokens, ranges of a span */
    const char *const
        *names; /* [n] classes, tags; of a class [1]: label names, as readers give them; may be NULL in predictions */
    const int32_t *labels; /* [n] their indices; of tokens the ids; -1: none (a word lost to truncation) */
    /* [n] Span: of gold every range that is right, none where the text has no answer; of a prediction the best ranges, the one that is
     * meant first, where an empty range, or no range, is no answer. scores[0], where there, is by how much no answer is better than the
     * best range. Tokens: of gold, where known, the number of each token among those of the example's sequences (begin). */
    const hone_span *spans;
    uint64_t span_size; /* sizeof(hone_span) */
    const void *bytes;  /* other */
    uint64_t n_bytes;
    const char *text;    /* other: its text form; span: the answer's text; may be NULL */
    const float *scores; /* [n_scores] predictions: what the target keeps, classes in label order; may be NULL */
    uint64_t n_scores;
    uint64_t reserved[4];
} hone_answer;

/* An empty answer of that target. */
HONE_EXPORT hone_answer hone_answer_of(hone_target target);
HONE_EXPORT const char *hone_target_name(uint32_t target); /* "class"; "none"; "?" */

#ifdef __cplusplus
}
#endif

#endif
