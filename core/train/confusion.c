/* confusion.c - how often each label was predicted for each.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "train/confusion.h"

static void count(hone__confusion *c, int32_t gold, int32_t predicted)
{
    const bool none = predicted < 0 || (uint64_t)predicted >= c->n;
    if (gold < 0 || (uint64_t)gold >= c->n)
        return;
    c->counts[(uint64_t)gold * (c->n + 1) + (none ? c->n : (uint64_t)predicted)]++;
    c->lost += none;
}

hone_status hone__confusion_count(hone_arena *arena, const hone_evaluation *e, hone__confusion *c, hone_error *err)
{
    *c = (hone__confusion){0};
    if (e->target != HONE_TARGET_CLASS && e->target != HONE_TARGET_TAGS)
        return HONE_OK;
    c->n = e->n_labels;
    c->counts = hone_alloc_array(arena, c->n, (c->n + 1) * sizeof *c->counts);
    if (!c->counts)
        return hone_no_memory(err, "counting a confusion matrix");
    for (uint64_t i = 0; i < e->n; i++) {
        const hone_record *r = hone_record_at(e, i);
        if (!r->gold || !r->prediction)
            continue;
        if (e->target == HONE_TARGET_CLASS)
            count(c, r->gold->index, r->prediction->index);
        for (uint64_t w = 0; e->target == HONE_TARGET_TAGS && w < r->gold->n; w++)
            count(c, r->gold->labels[w], w < r->prediction->n ? r->prediction->labels[w] : -1);
    }
    return HONE_OK;
}
