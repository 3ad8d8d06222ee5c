/* frozen.h - the outputs of frozen layers, computed once into files and mapped by every trial that freezes the same layers.
 *
 * What is kept is the last place that the model opens (embeddings, layer.k) and that depends on no trained weight. Such layers run
 * without dropout, so their outputs are the same in every epoch. There is one file for each split, [tokens, width] float32 in the order
 * of the corpus, named by its key: SHA-256 over all that decides its bits, which are the examples and their tokens, the model's plugin and
 * parameters (but those of training alone), the weights that are read, the backend, the precision, the instruction set and libhone
 * itself. So a file is never out of date, only unused. It is sealed, and appears whole or not at all; of trials that want the
 * same one at once, one makes it and the others wait.
 *
 * trainer.cache_frozen says when. auto: where operators and backend have independent rows, so that no bit depends on it; where training
 * goes through its examples at least once; where a number read saves a hundred operations; and where a gigabyte of the disk stays free.
 * Where anything fails there is a warning, and the layers are computed in each step. always: also where rows are not independent, in
 * which case the last bits differ from those without; for then they must not depend on the room on the disk, what fails is an error.
 * Neither: with a head that prepares anew for each epoch, or with a technique that perturbs a place of the model.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_TRAIN_FROZEN_H
#define HONE_CORE_TRAIN_FROZEN_H

#include "train/parts.h"

typedef struct hone__frozen {
    const char *place; /* "bert.layer.4"; NULL: nothing is kept */
    int64_t width;     /* numbers a token */
    double work;       /* floating-point operations a token that are saved */
} hone__frozen;

/* What would be kept; weights are registered and frozen, and need no values yet. */
hone_status hone__frozen_choose(const hone__parts *p, hone__frozen *f, hone_error *err) HONE_CHECKED;
/* Bytes of the file of a split. */
uint64_t hone__frozen_bytes(const hone__frozen *f, const hone__prepared *prepared);
/* Finds or makes the files, and lets the network use them. */
hone_status hone__frozen_open(hone__parts *p, hone_error *err) HONE_CHECKED;

#endif
