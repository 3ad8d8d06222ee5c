/* hone/tag_head.h - what heads share that tag words: words to tokens, windows of long sentences, scores, and words again.
 *
 * Each word that has a token is one item, scored at its first token. A batch has of its items the fields "word_rows", "word_numbers"
 * (within the sentence) and "word_labels" (-1: none), and "word_counts", the items of each sequence.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_TAG_HEAD_H
#define HONE_TAG_HEAD_H

#include "network.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Rows of a parameter struct S that has double dropout, initializer_range; int64_t window_stride. */
#define HONE_TAG_HEAD_ROWS(S)                                                                                                  \
    HONE_PARAM_REAL(S, dropout, .def_real = 0.1, .min_real = 0, .max_real = 1, .flags = HONE_OPEN_MAX | HONE_NO_PREPARE,       \
                    .unit = "1", .help = "dropout before the classifier", .source = "Transformers, BertConfig"),               \
        HONE_PARAM_INT(S, window_stride, .def_int = 0, .min_int = 0, .max_int = 1000000, .unit = "tokens",                     \
                       .help = "sentences that are too long become windows that begin so many tokens apart, and each word is " \
                               "tagged where most of its neighbours are seen; 0: they are cut, and the words behind lost"),    \
        HONE_PARAM_REAL(S, initializer_range, .def_real = 0.02, .min_real = 0, .max_real = 10, .flags = HONE_NO_PREPARE,       \
                        .unit = "1", .help = "standard deviation of the classifier's new weights",                             \
                        .source = "Transformers, BertConfig")

/* For prepare(), over the field "words" and its tags. others [C] (may be NULL) is the label that a word of each label has at its tokens
 * behind the first, which are then items too, with the number -1. A sequence without any word gets one item without number and label,
 * at its first token. */
HONE_EXPORT hone_status hone_tag_prepare(const hone_prepare *in, int64_t window_stride, const int32_t *others,
                                         hone_sequences *out, hone_error *err) HONE_CHECKED;
/* [I, C]: dropout and the linear layer "classifier" over the rows of the items, under the name "scores". */
HONE_EXPORT hone_node *hone_tag_scores(hone_graph *g, const hone_head_io *io, int64_t n_labels, double dropout,
                                       double initializer_range);
/* For decode(): an answer whose words have no tag yet, and where they go: numbers [*n] of the words of the example's items, in the order
 * of their scores; -1: the item is no word. */
HONE_EXPORT hone_status hone_tag_answer(const hone_decode *in, hone_answer *answer, int32_t **labels, const int64_t **numbers,
                                        uint64_t *n, hone_error *err) HONE_CHECKED;

#ifdef __cplusplus
}
#endif

#endif
