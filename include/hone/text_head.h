/* hone/text_head.h - what heads share that make one row of scores of a text or a pair: pooling, dense layers, scores, loss.
 *
 * Such a head's parameter struct is hone_text_head, and its rows are HONE_TEXT_HEAD_ROWS.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_TEXT_HEAD_H
#define HONE_TEXT_HEAD_H

#include "network.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hone_text_head {
    int32_t pooling;
    double dropout;
    hone_list hidden_layers; /* of int64_t */
    int32_t activation;
    double initializer_range;
    const struct hone_self *loss;
} hone_text_head;

/* Choices of the rows below; NULL-terminated. */
HONE_EXPORT extern const char *const hone_poolings[];
HONE_EXPORT extern const char *const hone_head_activations[];

/* default_loss: "cross_entropy". */
#define HONE_TEXT_HEAD_ROWS(default_loss)                                                                                      \
    HONE_PARAM_CHOICE(hone_text_head, pooling, hone_poolings, .def_text = "pooler",                                            \
                      .help = "one row a text: by the model's own pooler, the mean of its tokens, or its first token",         \
                      .source = "Transformers, BertForSequenceClassification"),                                                \
        HONE_PARAM_REAL(hone_text_head, dropout, .def_real = 0.1, .min_real = 0, .max_real = 1, .flags = HONE_OPEN_MAX,        \
                        .unit = "1", .help = "dropout before each dense layer of the head",                                    \
                        .source = "Transformers, BertConfig"),                                                                 \
        HONE_PARAM_LIST(hone_text_head, hidden_layers, HONE_INT, int64_t, .min_int = 1, .max_int = 65536, .max_items = 16,     \
                        .unit = "1", .help = "columns of dense layers between the pooled row and the scores"),                 \
        HONE_PARAM_CHOICE(hone_text_head, activation, hone_head_activations, .def_text = "relu",                               \
                          .help = "activation of those layers", .source = "scikit-learn, MLPClassifier"),                      \
        HONE_PARAM_REAL(hone_text_head, initializer_range, .def_real = 0.02, .min_real = 0, .max_real = 10, .unit = "1",       \
                        .help = "standard deviation of the head's new weights", .source = "Transformers, BertConfig"),         \
        HONE_PARAM_PLUGIN(hone_text_head, loss, HONE_KIND_LOSS, .def_text = default_loss, .help = "what training makes small")

/* For create(): is the pooling there, and does the loss take that target? */
HONE_EXPORT hone_status hone_text_head_check(const hone_self *self, const hone_head_setup *setup, hone_target target,
                                             hone_error *err) HONE_CHECKED;
/* [B, n_scores] under the name "scores": pooled row, hidden layers "head.hidden.0", ..., and the last one, "classifier". */
HONE_EXPORT hone_node *hone_text_head_scores(const hone_self *self, hone_graph *g, const hone_head_io *io, int64_t n_scores);
/* Adds the loss of `scores` against the batch's gold. */
HONE_EXPORT hone_status hone_text_head_loss(const hone_self *self, hone_graph *g, const hone_head_io *io, hone_node *scores,
                                            hone_error *err) HONE_CHECKED;
/* For items(): one item an example, weighed by the loss; of classes, one without a label weighs 0. */
HONE_EXPORT hone_status hone_text_head_items(const hone_self *self, uint32_t k, const hone_batch *batch, hone_items *out,
                                             hone_error *err) HONE_CHECKED;
/* For is_architecture(): a single dense layer on the pooler, as in Transformers' BertForSequenceClassification. */
HONE_EXPORT bool hone_text_head_is_architecture(const hone_self *self);

#ifdef __cplusplus
}
#endif

#endif
