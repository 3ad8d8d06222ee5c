/* batch.h - examples prepared into sequences, and packed batches of them.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_DATA_BATCH_H
#define HONE_CORE_DATA_BATCH_H

#include "data/corpus.h"
#include <hone/network.h>

/* How sequences are made; the same for all splits of a trial. */
typedef struct hone__preparer {
    const hone_tokenizer *tokenizer; /* may be NULL */
    const hone_self *tokenizer_self;
    hone_tokenizer_info info;
    const hone_head *head; /* its prepare may be NULL */
    const hone_self *head_self;
    uint64_t max_length;
    uint64_t seed;
    uint64_t n_labels; /* for gold of sets */
} hone__preparer;

typedef struct hone__prepared hone__prepared; /* all sequences of a corpus, in its order */

typedef struct hone__prepared_stats {
    uint64_t examples, sequences, tokens, longest, cut_examples, cut_tokens;
} hone__prepared_stats;

/* Runs prepare over a corpus on the pool, deterministically. HONE_EINVAL names the example's file and line. Memory of its own. */
hone_status hone__prepare(const hone__preparer *p, const hone_corpus *corpus, uint64_t epoch, bool training, hone_pool *pool,
                          hone__prepared **prepared, hone_error *err) HONE_CHECKED;
void hone__prepared_destroy(hone__prepared *p); /* NULL is fine */
const hone__prepared_stats *hone__prepared_stats_of(const hone__prepared *p);
const hone_corpus *hone__prepared_corpus(const hone__prepared *p);

/* Packs the examples order[0 .. n) into a batch, in `arena`. */
hone_status hone__batch_pack(const hone__prepared *p, const uint64_t *order, uint64_t n, hone_arena *arena, hone_batch **batch,
                             hone_error *err) HONE_CHECKED;
/* Index in the corpus of the batch's example e. */
uint64_t hone__batch_example(const hone_batch *b, uint64_t e);
/* Where each sequence's items begin [B+1], by a field that has n of them; NULL where none has. */
const int32_t *hone__batch_item_starts(const hone_batch *b, int64_t n);
/* Nodes over the batch's memory. */
struct hone_graph;
hone_status hone__batch_inputs(const hone_batch *b, hone_graph *g, hone_inputs *in, hone_error *err) HONE_CHECKED;

#endif
