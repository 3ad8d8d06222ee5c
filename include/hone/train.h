/* hone/train.h - optimizers, schedules and techniques: what happens in a step besides the graph.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_TRAIN_H
#define HONE_TRAIN_H

#include "graph.h"
#include "network.h"
#include "plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Optimizers -------------------------------------------------------------------------------------------------- */

/* Elements begin .. begin+n-1 of one weight; every pointer is to the first of them. */
typedef struct hone_update {
    uint64_t size;
    const char *name;        /* of the weight */
    int64_t begin, n, total; /* range and elements of the whole weight */
    float *w;
    const float *g;
    float *const *slots;   /* n_slots arrays, zero before the first step; saved and restored by the host */
    int64_t step;          /* 1, 2, ... */
    double learning_rate;  /* of its group, after warm-up and decay */
    double weight_decay;   /* of its group; 0 for weights that do not decay */
    double gradient_scale; /* multiply g by it: items and clipping in one */
    void *zero;            /* NULL */
    void *state;           /* state_bytes of the optimizer, shared by all weights; changed only in begin_step() */
    /* 1: g is zero here, and was in all steps before: an optimizer whose slots then stay zero may leave them alone and do what is left,
     * such as decay. One that does not look at this is right as well. */
    uint32_t dormant;
} hone_update;

/* Every optimizer has a row learning_rate (real), and weight_decay where it decays; the host reads them by name for the defaults of
 * parameter groups. */
typedef struct hone_optimizer {
    hone_plugin plugin;
    uint32_t n_slots;       /* floats per weight element */
    uint32_t whole_weights; /* 1: an update must not be cut into ranges */
    uint64_t state_bytes;   /* plain bytes beside the slots, zeroed at first, saved in checkpoints; 0: none */
    hone_status (*create)(const hone_self *self, hone_error *err); /* may be NULL */
    /* May be NULL. Before the updates of a step; gradient_norm is the global norm before clipping. */
    hone_status (*begin_step)(const hone_self *self, int64_t step, double gradient_norm, void *state, hone_error *err);
    void (*update)(const hone_self *self, const hone_update *u); /* [any thread] */
} hone_optimizer;

/* ---- Schedules --------------------------------------------------------------------------------------------------- */

typedef struct hone_schedule {
    hone_plugin plugin;
    /* The factor of the learning rate for step 1 .. total. [any thread] */
    double (*factor)(const hone_self *self, int64_t step, int64_t total);
} hone_schedule;

/* Rows warmup_ratio and warmup_steps of a schedule whose parameter struct S has double warmup_ratio; int64_t warmup_steps. */
#define HONE_WARMUP_ROWS(S)                                                                                                    \
    HONE_PARAM_REAL(S, warmup_ratio, .def_real = 0, .min_real = 0, .max_real = 1, .unit = "1",                                 \
                    .help = "share of all steps that warm up; used where warmup_steps is 0",                                   \
                    .source = "Transformers, TrainingArguments"),                                                              \
        HONE_PARAM_INT(S, warmup_steps, .def_int = 0, .min_int = 0, .max_int = INT64_MAX, .unit = "steps",                     \
                       .help = "steps that warm up", .source = "Transformers, TrainingArguments")

/* Where a step stands. Transformers counts steps from 0: its first one has the factor 0 where there is a warm-up, and its last one is
 * not quite at the end. */
typedef struct hone_progress {
    bool warming_up;
    double warm;       /* 0 .. 1, the share of the warm-up that is behind; 1 after it */
    double done, left; /* 0 .. 1, shares of the steps after the warm-up that are behind and ahead */
} hone_progress;

/* Step 1 .. total. [any thread] */
HONE_EXPORT hone_progress hone_progress_of(double warmup_ratio, int64_t warmup_steps, int64_t step, int64_t total);

/* ---- Techniques -------------------------------------------------------------------------------------------------- */

typedef struct hone_technique_setup {
    uint64_t size;
    const hone_facts *facts;
    const hone_store *store;
    int64_t total_steps;
    const hone_model *model;
    const hone_self *model_self;
} hone_technique_setup;

/* What the hooks of a step see. */
typedef struct hone_step {
    uint64_t size;
    int64_t step; /* 1, 2, ... */
    int64_t total;
    uint64_t epoch; /* from 0 */
    uint32_t pass;  /* of this step */
    uint32_t n_passes;
    double loss; /* of the pass just run */
    void *host;
    const hone_batch *batch; /* of the pass, in perturb(): which rows belong to which sequence and example; else NULL */
} hone_step;

/* One weight in a hook, in ranges of elements. */
typedef struct hone_weight_range {
    uint64_t size;
    const char *name;
    int64_t begin, n, total;
    float *w;            /* the trained value; for evaluate(): what evaluation and saving use instead */
    const float *g;      /* summed gradient of the step; may be NULL */
    float *const *slots; /* the technique's own n_slots arrays */
    int64_t step;        /* the last whose update is in w; 0 before the first */
} hone_weight_range;

/* Every hook may be NULL: it then does nothing. Techniques run in the order in which the YAML file lists them. */
typedef struct hone_technique {
    hone_plugin plugin;
    uint32_t n_slots; /* floats per weight element, kept by the host and saved in checkpoints */
    uint32_t zero;
    uint64_t state_bytes; /* plain bytes, saved in checkpoints, given as self->state's first bytes: state_size >= state_bytes */
    hone_status (*create)(const hone_self *self, const hone_technique_setup *setup, hone_error *err);
    /* How many passes (forward and backward, gradients added up) this step has; 0 is 1. */
    uint32_t (*passes)(const hone_self *self, const hone_step *step);
    /* Adds losses of its own to a pass's graph (hone_head_loss), or a second model (hone_build_model). */
    hone_status (*build)(const hone_self *self, hone_graph *g, const hone_step *step, const hone_head_io *io, hone_error *err);
    /* Before a pass: an addition to the node opened as `node` (hone_open). gradient is what that node got in the pass before
     * (NULL in the first); write the addition to delta, of the same shape, zeroed. *wanted false: none. The rows are those of
     * step->batch, which may be a part of the step's examples: what is reckoned of each example by itself does not depend on how
     * the step is cut. */
    hone_status (*perturb)(const hone_self *self, const hone_step *step, const char *node, const hone_tensor *gradient,
                           hone_tensor *delta, bool *wanted, hone_error *err);
    const char *perturbs; /* name of that node; NULL: perturb is never called */
    /* Scales the learning rate of a weight in this step (gradual unfreezing: 0). */
    double (*rate)(const hone_self *self, const hone_step *step, const char *weight);
    /* After the update; [any thread] over ranges. */
    void (*after_update)(const hone_self *self, const hone_weight_range *range);
    /* Before an evaluation or a save: writes to range->w (a copy) what is evaluated instead. [any thread] */
    void (*evaluate)(const hone_self *self, const hone_weight_range *range);
    /* The folder of a model in Hugging Face's form, whose weights the host loads under *prefix before the first step (a teacher's);
     * NULL: none. */
    const char *(*load)(const hone_self *self, const char **prefix);
} hone_technique;

/* Builds a model in this graph beside the trial's, under a prefix of its own ("teacher"), for distillation: `model` is an instance of a
 * model plugin (a row of HONE_KIND_MODEL), or NULL for the trial's own. */
HONE_EXPORT hone_status hone_build_model(hone_graph *g, const hone_head_io *io, const hone_self *model, const char *prefix,
                                         bool no_gradient, hone_node **hidden, hone_error *err) HONE_CHECKED;

/* Builds the trial's model and head once more in this graph over the same weights, without the head's losses, as pass `pass`: with
 * other dropout masks than those of io, which R-Drop wants. *again takes the place of io in hone_scores_of(). */
HONE_EXPORT hone_status hone_build_again(hone_graph *g, const hone_head_io *io, uint32_t pass, hone_head_io *again,
                                         hone_error *err) HONE_CHECKED;

#ifdef __cplusplus
}
#endif

#endif
