/* lab.h - what checks are made with: instances of the plugin, and a small world of data, a model and a head around it.
 *
 * Everything lies in the lab's arenas, which are emptied after each check; what needs more than memory is given back then too.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_CONFORMANCE_LAB_H
#define HONE_CORE_CONFORMANCE_LAB_H

#include "config/params.h"
#include "data/batch.h"
#include "tensor/run.h"
#include "train/network.h"

enum { HONE__LAB_LABELS = 3, HONE__LAB_EXAMPLES = 6, HONE__LAB_LENGTH = 48, HONE__LAB_OWNED = 64 };

typedef struct hone__lab {
    hone__registry *registry;
    const hone_plugin *table; /* under check */
    const char *file;
    hone_arena *arena, *step;
    /* Given back after each check. */
    const hone_self *selves[HONE__LAB_OWNED];
    hone_store *stores[HONE__LAB_OWNED];
    hone_store *waiting; /* the last of them, where a head was created with it and its network is not made yet */
    hone_pool *pools[HONE__LAB_OWNED];
    hone__prepared *prepared[HONE__LAB_OWNED];
    hone__block blocks[HONE__LAB_OWNED];
    size_t n_selves, n_stores, n_pools, n_prepared, n_blocks;
    char vocabulary_dir[4096]; /* a folder with a vocab.txt; "" until it is wanted */
    const char *dir;           /* what a tokenizer is created with: it, or NULL and examples */
    hone_corpus *train;
    /* The world. */
    hone_tokenizer_info tokenizer;
    hone_facts facts;
} hone__lab;

/* A check: HONE_OK it holds; HONE_END it was left out, err->msg says why; anything else: it fails, err->msg says how. */
typedef struct hone__check {
    const char *name; /* a statement */
    hone_status (*run)(hone__lab *lab, hone_error *err);
} hone__check;

extern const hone__check hone__checks_of_all[];
extern const hone__check *const hone__checks_of_kind[HONE_KIND_COUNT]; /* each ended by a row without a name */

/* Fails a check that finds `seen` false. */
#define HONE__EXPECT(seen, ...)                                                                                                \
    do {                                                                                                                       \
        if (!(seen))                                                                                                           \
            return hone_fail(err, HONE_EPLUGIN, __VA_ARGS__);                                                                  \
    } while (0)

/* Leaves a check out. */
#define HONE__LEAVE_OUT(...) return hone_fail(err, HONE_END, __VA_ARGS__)

bool hone__lab_open(hone__lab *lab); /* false when memory is short */
void hone__lab_reset(hone__lab *lab);
void hone__lab_close(hone__lab *lab);

/* ---- Instances --------------------------------------------------------------------------------------------------- */

/* The plugin's parameters: defaults, and samples of what is required; NULL where it has none. */
hone_status hone__lab_params(hone__lab *lab, const void **params, hone_error *err) HONE_CHECKED;
/* A map of samples for the required rows. */
hone_status hone__lab_samples(hone__lab *lab, const hone_param *rows, size_t n, hone__yaml **map, hone_error *err) HONE_CHECKED;
/* An instance with those parameters, on which the kind's create() has not been called, in the given arenas. */
hone_status hone__lab_instance(hone__lab *lab, hone_arena *trial, const void *params, hone_self **self,
                               hone_error *err) HONE_CHECKED;
/* What a tokenizer under check can be created with: examples to learn from, or a small vocabulary. */
hone_status hone__lab_choose_vocabulary(hone__lab *lab, hone_error *err) HONE_CHECKED;
/* create() of what the parameters name, then of the instance itself, with the facts of the world. */
hone_status hone__lab_create(hone__lab *lab, hone_self *self, hone_error *err) HONE_CHECKED;
/* All three. HONE_END where create() says that it cannot work with what a check has. */
hone_status hone__lab_self(hone__lab *lab, hone_self **self, hone_error *err) HONE_CHECKED;

/* ---- The world --------------------------------------------------------------------------------------------------- */

/* Facts of data with that target: three labels where it has labels. */
void hone__lab_target(hone__lab *lab, uint32_t target);
/* Six short examples with every field that heads know and gold of that target. */
hone_status hone__lab_corpus(hone__lab *lab, uint32_t target, hone_corpus **corpus, hone_error *err) HONE_CHECKED;
/* A model of embeddings alone and a linear head, both always the same. */
extern const hone_model hone__lab_model;
extern const hone_head hone__lab_head;
/* A network of these or of the plugin under check (NULL: the lab's own), registered over a batch of the examples, weights made. */
hone_status hone__lab_network(hone__lab *lab, const hone_self *model, const hone_self *head, uint32_t target, int threads,
                              hone__network *net, hone__prepared **prepared, hone_error *err) HONE_CHECKED;

/* A forward pass (and backward, from ones, where `gradient`) over the examples order[0 .. n). */
typedef struct hone__lab_run {
    hone__pass *pass; /* hidden, scores and losses are kept */
    hone_batch *batch;
} hone__lab_run;
hone_status hone__lab_forward(hone__lab *lab, hone__network *net, const hone__prepared *prepared, const uint64_t *order,
                              uint64_t n, bool gradient, hone__lab_run *run, hone_error *err) HONE_CHECKED;

/* Equal bytes? */
bool hone__lab_same(const hone_tensor *a, const hone_tensor *b);
bool hone__lab_finite(const hone_tensor *t);

/* The store of the next network, in lab->waiting: heads are created with it. */
hone_status hone__lab_store(hone__lab *lab, hone_error *err) HONE_CHECKED;
/* 1 to 4 threads. */
hone_status hone__lab_pool(hone__lab *lab, int threads, hone_pool **pool, hone_error *err) HONE_CHECKED;

#endif
