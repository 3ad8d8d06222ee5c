/* trained.h - a model's folder put to use: predictions, figures, hidden states.
 *
 *     open -> read (a corpus) -> prepare -> load -> evaluate, or build graphs over trained.network
 *
 * The folder is one that hone wrote (hone.json says how everything was set), or, for hidden states alone, any folder in Hugging Face's form
 * whose family a model plugin reads.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_TRAIN_TRAINED_H
#define HONE_CORE_TRAIN_TRAINED_H

#include "train/evaluate.h"
#include "train/instances.h"
#include "train/model_dir.h"
#include "train/weights.h"

typedef struct hone__trained_setup {
    hone__registry *registry;
    const char *dir;            /* a model's folder, or that of a trial or run, whose model it then is */
    hone_log *log;              /* may be NULL */
    int threads;                /* 0: as many as the machine has */
    bool encoder;               /* only tokenizer and model: no reader, head and metrics */
    const char *tokenizer;      /* type, for folders without hone.json */
    const hone__override *data; /* [n_data] over the settings of the reader, with or without "data." */
    size_t n_data;
} hone__trained_setup;

typedef struct hone__trained {
    hone_arena *arena;    /* lives as long as this */
    hone_arena *step;     /* emptied by every batch */
    hone_arena *callback; /* what instances get as self->step */
    hone_pool *pool;
    const char *dir; /* of the model itself */
    bool own;        /* it has hone.json; all of the following but network, preparer and instances need that */
    hone__instances instances;
    hone__network network;
    hone__preparer preparer;
    hone_model_setup model_setup;
    hone_facts facts, metric_facts;
    hone__labels labels;
    hone__bounds bounds; /* of a batch */
    const void *calibration;
    uint64_t n_calibration;
    const hone_reader *reader;
    const hone_self *reader_self;
    hone__metric_use *uses; /* [n_metrics] */
    hone_self **metrics;    /* [n_metrics] */
    size_t n_metrics;
    hone__model_files files;
    hone__block block;
} hone__trained;

/* Makes all of it, or none. Weights are loaded later: what there are depends on what is built. */
hone_status hone__trained_open(const hone__trained_setup *setup, hone__trained **trained, hone_error *err) HONE_CHECKED;
void hone__trained_close(hone__trained *t); /* NULL is fine */

/* Reads a file ("-": standard input) as the training data was read. Without `gold`, labels that the file may have are not looked at. */
hone_status hone__trained_read(hone__trained *t, const char *path, bool gold, hone_corpus **corpus,
                               hone_error *err) HONE_CHECKED;
/* Each line of a file a text. */
hone_status hone__trained_read_lines(hone__trained *t, const char *path, hone_corpus **corpus, hone_error *err) HONE_CHECKED;
/* The caller destroys *prepared. */
hone_status hone__trained_prepare(hone__trained *t, const hone_corpus *corpus, hone__prepared **prepared,
                                  hone_error *err) HONE_CHECKED;
/* Builds the network over the first example, which says what weights there are, and loads them. Once. */
hone_status hone__trained_load(hone__trained *t, const hone__prepared *prepared, bool with_loss, hone_error *err) HONE_CHECKED;

/* Predictions for every example; *out lives in `arena`. */
hone_status hone__trained_evaluate(hone__trained *t, const hone__prepared *prepared, const char *split, bool with_loss,
                                   hone_arena *arena, void (*progress)(void *ctx, uint64_t done, uint64_t n), void *ctx,
                                   hone__evaluated *out, hone_error *err) HONE_CHECKED;
/* Their figures: loss and metrics. */
hone_status hone__trained_figures(hone__trained *t, const hone__evaluated *evaluated, hone_exhibits *out,
                                  hone_error *err) HONE_CHECKED;

#endif
