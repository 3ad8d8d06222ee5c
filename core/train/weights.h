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

/* The safetensors files of a model's folder, open. */
typedef struct hone__model_files {
    hone__st_file *files; /* [n] */
    size_t n;
    bool has_head; /* the last one is head.safetensors, which hone writes beside an encoder */
} hone__model_files;

/* model.safetensors, or the shards that model.safetensors.index.json names (plain file names in the same folder, each tensor in the shard
 * that the index says); and head.safetensors, where `head` is asked for and it is there. All but the maps lives in `arena`. */
hone_status hone__model_files_open(hone__model_files *files, hone_arena *arena, const char *dir, bool head,
                                   hone_error *err) HONE_CHECKED;
void hone__model_files_close(hone__model_files *files); /* zero-initialised is fine */

/* What happens to weights that are not the model's. */
typedef enum hone__head_weights {
    HONE__HEAD_NEW = 0, /* initialised; those of the folder are left alone */
    HONE__HEAD_REUSED,  /* out of the folder, which must have these and no others */
    HONE__HEAD_TRAINED  /* out of the folder, which may have more (the weights of a loss that is not built) */
} hone__head_weights;

/* What loading found, for the log. */
typedef struct hone__loaded {
    size_t n_loaded, n_new; /* weights */
    size_t n_aside;         /* tensors of a head that stood on the model in the file, left alone */
} hone__loaded;

/* Marks what the configuration freezes. All weights must be registered. A pattern that matches nothing is an error. */
hone_status hone__weights_freeze(hone_store *store, const hone_model *model, const hone_self *self,
                                 const hone__freeze_config *freeze, hone_error *err) HONE_CHECKED;

/* Fills the model's weights under `prefix` ("bert.") from the files, whose names may lack the model's own prefix, and those of the head as
 * `head` says. Missing, misshaped and surplus tensors are one error that names them and the folder. The files must stay open as long as
 * the store. */
hone_status hone__weights_load(hone_store *store, const hone_model *model, const char *prefix, const char *dir,
                               const hone__model_files *files, hone__head_weights head, hone_arena *arena, hone__loaded *loaded,
                               hone_log *log, hone_error *err) HONE_CHECKED;

/* `text` against a pattern of * (any run of characters) and ? (any one). */
bool hone__pattern_matches(const char *pattern, const char *text);

#endif
