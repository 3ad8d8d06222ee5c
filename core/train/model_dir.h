/* model_dir.h - the folder that a trained model becomes, whole or not at all.
 *
 *     config.json                     for models that Transformers knows; with the labels as they are shown
 *     model.safetensors               weights
 *     head.safetensors                weights of a head that Transformers does not know, beside an encoder
 *     hone.json                       in every case: what it takes to build tokenizer, model and head again
 *     vocab.txt, ...                  the tokenizer's own
 *
 * There are three layouts:
 *
 *     transformers   names as in the store ("bert.encoder...", "classifier.weight"); loads as BertForSequenceClassification
 *     encoder        the model's names without its prefix; loads as BertModel; the head in head.safetensors
 *     hone           a model that Transformers does not know: names as in the store, no config.json
 *
 * Source: the folders of Transformers' save_pretrained().
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_TRAIN_MODEL_DIR_H
#define HONE_CORE_TRAIN_MODEL_DIR_H

#include "base/json.h"
#include "train/parts.h"

#define HONE__MODEL_DIR "model" /* in a trial's folder */

typedef enum hone__layout {
    HONE__LAYOUT_TRANSFORMERS = 0,
    HONE__LAYOUT_ENCODER,
    HONE__LAYOUT_HONE,
    HONE__N_LAYOUTS
} hone__layout;
extern const char *const hone__layout_names[HONE__N_LAYOUTS];

hone__layout hone__model_layout(const hone__network *net);
/* "BertForSequenceClassification", "BertModel", "hone's own form"; returns out. */
const char *hone__model_class(const hone__network *net, char *out, size_t size);

/* Writes the folder `path` with the weights as they are now. `calibration` (may be NULL) is what the head left. */
hone_status hone__model_save(const hone__parts *p, const void *calibration, uint64_t n_calibration, const char *path,
                             hone_error *err) HONE_CHECKED;

/* Is the head of that folder the same head over the same labels? The error says what differs. */
hone_status hone__head_reusable(const char *dir, const char *head, const hone__labels *labels, hone_arena *arena,
                                hone_error *err) HONE_CHECKED;

#endif
