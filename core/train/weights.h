/* weights.h - the weights of a model directory: whether hone can read them, loading, and freezing.
 *
 * Source: the layout of Hugging Face's model directories (config.json, model.safetensors).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_TRAIN_WEIGHTS_H
#define HONE_CORE_TRAIN_WEIGHTS_H

#include "config/experiment.h"
#include "tensor/store.h"
#include <hone/network.h>

/* Refuses a folder without weights in a form that hone reads, and says what to do. (Its config.json was read with the experiment.) */
hone_status hone__model_dir_check(hone_arena *arena, const char *dir, hone_error *err) HONE_CHECKED;

/* What loading found, for the log. */
typedef struct hone__loaded {
    size_t n_loaded, n_new; /* weights */
    size_t n_aside;         /* tensors of a head that stood on the model in the file, left alone */
} hone__loaded;

/* Marks what the configuration freezes. All weights must be registered. A pattern that matches nothing is an error. */
hone_status hone__weights_freeze(hone_store *store, const hone_model *model, const hone_self *self,
                                 const hone__freeze_config *freeze, hone_error *err) HONE_CHECKED;

/* Fills the model's weights under `prefix` ("bert.") from DIR/model.safetensors, whose names may lack the model's own prefix. Missing,
 * misshaped and surplus tensors are one error that names them. `file` must stay open as long as the store. */
hone_status hone__weights_load(hone_store *store, const hone_model *model, const char *prefix, const char *dir,
                               hone_arena *arena, hone__st_file *file, hone__loaded *loaded, hone_log *log,
                               hone_error *err) HONE_CHECKED;

/* `text` against a pattern of * (any run of characters) and ? (any one). */
bool hone__pattern_matches(const char *pattern, const char *text);

#endif
