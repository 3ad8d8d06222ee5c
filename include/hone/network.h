/* hone/network.h - models, heads and losses: what builds the graph of a step, and what reads its scores.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_NETWORK_H
#define HONE_NETWORK_H

#include "data.h"
#include "graph.h"
#include "ops.h"

#include <math.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Facts of the data ------------------------------------------------------------------------------------------- */

typedef struct hone_facts {
    uint64_t size;
    uint32_t target;                      /* hone_target of the reader */
    int32_t positive;                     /* data.positive_label's index, -1: none given */
    uint64_t n_labels;                    /* classes, classes, tags; 0 for others */
    const char *const *labels;            /* [n_labels] names as the data has them */
    const uint64_t *counts;               /* [n_labels] in the training split; NULL where a model is only used */
    uint64_t n_train;                     /* examples; 0 where a model is only used */
    const hone_tokenizer_info *tokenizer; /* may be NULL */
    uint64_t max_length;                  /* tokens */
    int64_t hidden;                       /* of the model */
} hone_facts;

/* ---- Models ------------------------------------------------------------------------------------------------------ */

typedef struct hone_model_setup {
    uint64_t size;
    const hone_tokenizer_info *tokenizer; /* may be NULL */
    uint64_t max_length;
} hone_model_setup;

/* The inputs of a step. Text models use the first four; others find their fields by name. */
typedef struct hone_inputs {
    uint64_t size;
    hone_node *ids, *types, *positions; /* [N] I32 */
    hone_node *starts;                  /* [B+1] I32 */
    hone_node *example_starts;          /* [E+1] I32, in sequences */
    void *host;                         /* for hone_input() */
} hone_inputs;

/* A named field of the batch as a node; NULL if the batch does not have it (which poisons nothing). */
HONE_EXPORT hone_node *hone_input(hone_graph *g, const hone_inputs *in, const char *name);

/* Names of a foreign file: "LayerNorm.gamma" at the end of a name means "LayerNorm.weight". */
typedef struct hone_rename {
    const char *from, *to;
} hone_rename;

/* Rows of its parameter table that have the name of a key of Hugging Face's config.json take their default from the file where
 * `path` is given; the same rows make the config.json that is written. */
typedef struct hone_model {
    hone_plugin plugin;
    const char *prefix;       /* of its weights in the store and in files, without the point: "bert" */
    const char *model_type;   /* of config.json: "bert"; NULL: its files are hone's own */
    const char *architecture; /* of config.json where only the encoder is saved: "BertModel"; may be NULL */
    const char *const
        *surplus; /* patterns (* and ?) of tensors in files that are known not to be needed; NULL-terminated or NULL */
    const hone_rename *renames; /* ends of names, old to new; ends with {NULL, NULL}; or NULL */
    uint32_t rename_size;       /* sizeof(hone_rename) */
    uint32_t reads;             /* hone_field_type mask (1u << type) of what it reads; 0: text */
    hone_status (*create)(const hone_self *self, const hone_model_setup *setup, hone_error *err);
    /* Columns of the hidden states; tokens a sequence may have (0: any); layers, not counting the embeddings. */
    int64_t (*hidden)(const hone_self *self);
    int64_t (*max_length)(const hone_self *self); /* may be NULL: any */
    int64_t (*layers)(const hone_self *self);     /* may be NULL: 0 */
    /* ids ... -> *hidden [N, H]. Opens "embeddings" and "layer.1" ... "layer.L" with hone_open(). */
    hone_status (*build)(const hone_self *self, hone_graph *g, const hone_inputs *in, hone_node **hidden, hone_error *err);
    /* One row a sequence, [B, H]: the model's own way (BERT: first token, dense, tanh). NULL: it has none, and heads that want it
     * are refused with the other poolings. */
    hone_node *(*pool)(const hone_self *self, hone_graph *g, const hone_inputs *in, hone_node *hidden);
    /* Of a weight's name without the prefix: 0 embeddings, 1 .. L its layers, -1 neither: for freezing and layer-wise learning rates.
     * May be NULL: -1 for all. */
    int64_t (*layer_of)(const hone_self *self, const char *weight);
    /* Name without the prefix of its word embeddings [V, H], which a head's decoder may be tied to with hone_linear_of(); NULL: it has
     * none. */
    const char *word_embeddings;
} hone_model;

/* ---- Losses ------------------------------------------------------------------------------------------------------ */

typedef struct hone_loss {
    hone_plugin plugin;
    uint32_t targets; /* HONE_TAKES mask */
    uint32_t zero;
    hone_status (*create)(const hone_self *self, const hone_facts *facts, hone_error *err); /* may be NULL */
    /* scores [I, C] and gold [I] I32 of classes, scores and gold [I, C] reals of sets, scores and gold [I] reals of scores -> a loss
     * per item [I]. Item weights are already in it; the core sums and divides by the sum of weight(). */
    hone_node *(*build)(const hone_self *self, hone_graph *g, const char *scope, hone_node *scores, hone_node *gold);
    /* What an item of that class counts in the divisor; may be NULL: 1. [any thread] */
    double (*weight)(const hone_self *self, int32_t gold);
} hone_loss;

/* Rows class_weights and weights_by_label of a loss whose parameter struct S has int32_t class_weights; hone_map weights_by_label. */
HONE_EXPORT extern const char *const hone_class_weightings[]; /* "none", "balanced", NULL */
#define HONE_CLASS_WEIGHT_ROWS(S)                                                                                              \
    HONE_PARAM_CHOICE(S, class_weights, hone_class_weightings, .def_text = "none",                                             \
                      .help = "balanced: a label weighs examples / (labels x its examples)",                                   \
                      .source = "scikit-learn, compute_class_weight"),                                                         \
        HONE_PARAM_MAP(S, weights_by_label, HONE_REAL, double, .min_real = 0, .max_real = INFINITY, .flags = HONE_OPEN_MAX,    \
                       .unit = "1", .help = "weights of labels by name; others weigh 1")

/* For create(): *weights [n_labels] in the trial's memory, NULL where every label weighs 1. */
HONE_EXPORT hone_status hone_class_weights(const hone_self *self, int32_t class_weights, const hone_map *weights_by_label,
                                           const hone_facts *facts, float **weights, hone_error *err) HONE_CHECKED;

/* ---- Heads ------------------------------------------------------------------------------------------------------- */

/* A target that a head predicts. Nearly always one; masked tokens and next sentence are two. */
typedef struct hone_output_of_head {
    const char *name; /* "" where it is the only one */
    uint32_t target;
    uint32_t zero;
    /* NULL-terminated names of its labels, where they are the head's own and not the reader's ("next", "random"); else NULL. */
    const char *const *labels;
} hone_output_of_head;

typedef struct hone_head_setup {
    uint64_t size;
    const hone_facts *facts;
    const hone_store *store; /* for decode(): hone_store_find(store, "SCOPE.weight") */
    const hone_model *model;
    const hone_self *model_self;
} hone_head_setup;

/* What build() sees and gives. */
typedef struct hone_head_io {
    uint64_t size;
    const hone_inputs *in;
    hone_node *hidden; /* [N, H] */
    bool with_loss;    /* false in prediction without gold: add no loss */
    void *host;
} hone_head_io;

/* The model's pooled rows [B, H]; poisons the graph with a clear error where the model has none. */
HONE_EXPORT hone_node *hone_head_pool(hone_graph *g, const hone_head_io *io);
/* Scores under a name that decode() will ask for: rows per token, sequence, example or item of the batch. */
HONE_EXPORT void hone_head_scores(hone_graph *g, const hone_head_io *io, const char *name, hone_per per, hone_node *scores);
/* The scores that the head has given that name, for a technique that adds a loss over them; NULL if there are none (which poisons
 * nothing). */
HONE_EXPORT hone_node *hone_scores_of(hone_graph *g, const hone_head_io *io, const char *name);
/* A loss per item [I], in the order of items(io's k-th loss). The core adds coefficient * sum / divisor to the step's loss. */
HONE_EXPORT void hone_head_loss(hone_graph *g, const hone_head_io *io, double coefficient, hone_node *loss);

/* Filled by items() for one loss and one batch. */
typedef struct hone_items {
    uint64_t size;
    uint64_t n;
    double *weights;   /* [n] what each counts in the divisor; 0: not at all */
    uint32_t *example; /* [n] example of the batch that it belongs to */
    hone_arena *arena; /* for the two arrays */
} hone_items;

/* Reading the scores of one example: *out [rows, ...] views those of all its sequences in order. */
typedef struct hone_decode {
    uint64_t size;
    const hone_example *example;
    uint64_t n_sequences;
    const hone_batch *batch; /* its sequences are first_sequence .. first_sequence + n_sequences - 1 of it */
    uint64_t first_sequence;
    hone_arena *arena;       /* for the answers, which outlive the batch */
    const void *calibration; /* bytes that calibrate() left, or NULL */
    uint64_t n_calibration;
    void *host;
    /* [n_outputs] The gold answers of the example, for a head whose prepare() made them (masked tokens, next sentence) to write;
     * untouched ones are the reader's. NULL where nobody asks. */
    hone_answer *gold;
} hone_decode;
HONE_EXPORT hone_status hone_decode_scores(const hone_decode *in, const char *name, hone_tensor *out,
                                           hone_error *err) HONE_CHECKED;

/* hone/metric.h */
typedef struct hone_evaluation hone_evaluation;
typedef struct hone_exhibits hone_exhibits;

typedef struct hone_head {
    hone_plugin plugin;
    uint32_t takes; /* HONE_TAKES mask of reader targets; 1u << HONE_TARGET_NONE for plain text */
    uint32_t n_outputs;
    const hone_output_of_head *outputs; /* [n_outputs] */
    uint64_t output_size;               /* sizeof(hone_output_of_head) */
    const char *architecture; /* of config.json where Transformers knows this head: "ForSequenceClassification"; may be NULL */
    hone_status (*create)(const hone_self *self, const hone_head_setup *setup, hone_error *err);
    /* [any thread] May be NULL: the text, or text and text_pair, as one sequence; without a tokenizer a sequence of one row without
     * ids. The example's arrays come along as fields of its own, under their names. */
    hone_status (*prepare)(const hone_self *self, const hone_prepare *in, hone_sequences *out, hone_error *err);
    /* Does prepare() depend on the epoch? 0: done once, and cached: then it must depend on nothing but its arguments, the parameters,
     * the facts and what the tokenizer gives. */
    uint32_t prepare_per_epoch;
    /* 1: prepare() draws no random numbers, so that trials with other seeds share what it made. */
    uint32_t prepare_draws_nothing;
    hone_status (*build)(const hone_self *self, hone_graph *g, const hone_head_io *io, hone_error *err);
    /* The items of loss k, before any pass of the step, so that divisors are those of the whole step. May be NULL: one item a
     * sequence with weight 1. */
    hone_status (*items)(const hone_self *self, uint32_t k, const hone_batch *batch, hone_items *out, hone_error *err);
    /* One answer for each output, for one example. */
    hone_status (*decode)(const hone_self *self, const hone_decode *in, hone_answer *answers, hone_error *err);
    /* May be NULL. Looks at the validation set as it is decoded without calibration, and leaves bytes (in self->trial or self->step) that
     * are saved with the model and with which everything is decoded from then on (thresholds); no bytes: nothing changes. Examples
     * without gold have been left out; predictions and scores are those of the first output. */
    hone_status (*calibrate)(const hone_self *self, const hone_evaluation *validation, const void **bytes, uint64_t *n,
                             hone_error *err);
    /* May be NULL. What the report shows of this head beside its metrics' exhibits. A table "thresholds" of labels and the probabilities
     * above which they are predicted stands with precision, recall and F1, and in the pictures of these over all thresholds. */
    hone_status (*exhibit)(const hone_self *self, const hone_evaluation *evaluation, hone_exhibits *out, hone_error *err);
    /* May be NULL: always. With these parameters, is it the head that `architecture` names, with the same weights? Else the model is saved
     * as an encoder and the head beside it. */
    bool (*is_architecture)(const hone_self *self);
} hone_head;

#ifdef __cplusplus
}
#endif

#endif
