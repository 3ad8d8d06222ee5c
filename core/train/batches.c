/* batches.c - orders of examples, and where they are cut into batches.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "train/batches.h"
#include "data/prepared.h"

#include <stdlib.h>

/* Of group_by_length: examples are sorted within so many batches, but within a quarter of an epoch at most, as Hugging Face's
 * LengthGroupedSampler does it. */
enum { GROUPED_BATCHES = 50, GROUPED_PARTS = 4 };

static hone_status no_memory(hone_error *err)
{
    return hone_no_memory(err, "dividing examples into batches");
}

/* ---- Sorting and cutting ----------------------------------------------------------------------------------------- */

typedef struct length {
    uint64_t tokens, place, example;
} length;

/* Longest first; of equal ones, as they stood. */
static int longest_first(const void *a, const void *b)
{
    const length *x = a, *y = b;
    if (x->tokens != y->tokens)
        return x->tokens < y->tokens ? 1 : -1;
    return x->place < y->place ? -1 : x->place > y->place;
}

static void sort(const uint64_t *tokens, uint64_t *order, uint64_t n, length *room)
{
    for (uint64_t i = 0; i < n; i++)
        room[i] = (length){tokens[order[i]], i, order[i]};
    qsort(room, n, sizeof *room, longest_first);
    for (uint64_t i = 0; i < n; i++)
        order[i] = room[i].example;
}

/* Where the batch ends that begins at `at`. */
static uint64_t end_of_batch(const uint64_t *tokens, const uint64_t *order, uint64_t at, uint64_t n, hone__bounds bounds)
{
    uint64_t end = at, sum = 0;
    while (end < n && (bounds.examples == 0 || end - at < bounds.examples)) {
        sum += tokens[order[end]];
        if (bounds.tokens && end > at && sum > bounds.tokens)
            break;
        end++;
    }
    return end;
}

/* Cuts order[begin .. end) and adds the batches to those of `d`, whose last one ends at `begin`. */
static void cut(const uint64_t *tokens, hone__bounds bounds, uint64_t begin, uint64_t end, hone__division *d)
{
    for (uint64_t at = begin; at < end;) {
        at = end_of_batch(tokens, d->order, at, end, bounds);
        d->starts[++d->n] = at;
    }
}

static hone_status make_division(hone_arena *arena, uint64_t n, hone__division *d, hone_error *err)
{
    *d = (hone__division){.order = hone_alloc_array(arena, n, sizeof *d->order),
                          .starts = hone_alloc_array(arena, n + 1, sizeof *d->starts)};
    if (!d->order || !d->starts)
        return no_memory(err);
    for (uint64_t i = 0; i < n; i++)
        d->order[i] = i;
    return HONE_OK;
}

static hone_status lengths_of(hone_arena *arena, const hone__prepared *data, uint64_t **tokens, hone_error *err)
{
    *tokens = hone_alloc_array(arena, data->stats.examples, sizeof **tokens);
    if (!*tokens)
        return no_memory(err);
    for (uint64_t i = 0; i < data->stats.examples; i++)
        (*tokens)[i] = hone__prepared_tokens(data, i);
    return HONE_OK;
}

static hone_status divide(hone_arena *arena, const hone__prepared *data, hone__bounds bounds, bool by_length,
                          hone__division *out, hone_error *err)
{
    const uint64_t n = data->stats.examples;
    uint64_t *tokens = NULL;
    HONE_TRY(lengths_of(arena, data, &tokens, err));
    HONE_TRY(make_division(arena, n, out, err));
    length *room = by_length ? hone_alloc_array(arena, n, sizeof *room) : NULL;
    if (by_length && !room)
        return no_memory(err);
    if (by_length)
        sort(tokens, out->order, n, room);
    cut(tokens, bounds, 0, n, out);
    return HONE_OK;
}

hone_status hone__divide_by_length(hone_arena *arena, const hone__prepared *data, hone__bounds bounds, hone__division *out,
                                   hone_error *err)
{
    return divide(arena, data, bounds, true, out, err);
}

hone_status hone__divide_in_order(hone_arena *arena, const hone__prepared *data, hone__bounds bounds, hone__division *out,
                                  hone_error *err)
{
    return divide(arena, data, bounds, false, out, err);
}

/* ---- An epoch ---------------------------------------------------------------------------------------------------- */

struct hone__batches {
    hone__batches_setup setup;
    uint64_t n, *tokens; /* of the examples */
    hone__bounds group;  /* within which lengths are sorted */
    int64_t *firsts;     /* [n_epochs + 1] the first step of each epoch that is begun, and the end of the last */
    int64_t n_epochs, total;
    int64_t laid_out; /* the epoch of `now`; -1: none */
    hone__division now, room;
    length *lengths;
    uint64_t *shuffled; /* numbers of batches */
};

static void shuffle(const hone__batches *b, const char *what, int64_t epoch, uint64_t *order, uint64_t n)
{
    const hone_key key = {.seed = b->setup.seed, .scope = hone_scope_hash(what), .step = (uint64_t)epoch};
    for (uint64_t i = 0; i < n; i++)
        order[i] = i;
    if (b->setup.sampling != HONE__SAMPLING_SEQUENTIAL)
        hone_random_shuffle(hone_stream_of(&key), 0, order, n);
}

/* Batches of similar lengths stand in the order of their groups, and in each the long ones first: they are shuffled, too. */
static void shuffle_batches(hone__batches *b, int64_t epoch)
{
    hone__division *from = &b->now, *to = &b->room;
    to->n = from->n;
    shuffle(b, "trainer.batches", epoch, b->shuffled, from->n);
    for (uint64_t i = 0; i < from->n; i++) {
        const uint64_t begin = from->starts[b->shuffled[i]], n = from->starts[b->shuffled[i] + 1] - begin;
        for (uint64_t k = 0; k < n; k++)
            to->order[to->starts[i] + k] = from->order[begin + k];
        to->starts[i + 1] = to->starts[i] + n;
    }
    const hone__division swapped = *from;
    *from = *to;
    *to = swapped;
}

static void lay_out(hone__batches *b, int64_t epoch)
{
    b->now.n = 0;
    b->laid_out = epoch;
    shuffle(b, "trainer.order", epoch, b->now.order, b->n);
    if (b->setup.sampling != HONE__SAMPLING_GROUP_BY_LENGTH) {
        cut(b->tokens, b->setup.bounds, 0, b->n, &b->now);
        return;
    }
    for (uint64_t at = 0, end; at < b->n; at = end) {
        end = end_of_batch(b->tokens, b->now.order, at, b->n, b->group);
        sort(b->tokens, b->now.order + at, end - at, b->lengths);
        cut(b->tokens, b->setup.bounds, at, end, &b->now);
    }
    shuffle_batches(b, epoch);
}

/* ---- All epochs -------------------------------------------------------------------------------------------------- */

static uint64_t parts(uint64_t n, uint64_t size)
{
    return size ? (n + size - 1) / size : 0;
}

static void choose_group(hone__batches *b)
{
    const hone__bounds bounds = b->setup.bounds;
    uint64_t sum = 0;
    for (uint64_t i = 0; i < b->n; i++)
        sum += b->tokens[i];
    const uint64_t by_examples = parts(b->n, bounds.examples), by_tokens = parts(sum, bounds.tokens);
    uint64_t batches = (by_examples > by_tokens ? by_examples : by_tokens) / GROUPED_PARTS;
    batches = batches > GROUPED_BATCHES ? GROUPED_BATCHES : batches ? batches : 1;
    b->group = (hone__bounds){batches * bounds.examples, batches * bounds.tokens};
}

/* How many steps there are in each epoch; those of a bound in tokens are known once the epoch is laid out. */
static void count_steps(hone__batches *b)
{
    const hone__batches_setup *s = &b->setup;
    while (b->n_epochs < s->epochs && (s->max_steps == 0 || b->total < s->max_steps)) {
        if (s->bounds.tokens)
            lay_out(b, b->n_epochs);
        b->total += s->bounds.tokens ? (int64_t)b->now.n : (int64_t)parts(b->n, s->bounds.examples);
        b->firsts[++b->n_epochs] = b->total;
    }
    if (s->max_steps > 0 && b->total > s->max_steps)
        b->total = s->max_steps;
}

hone_status hone__batches_create(const hone__batches_setup *setup, hone__batches **batches, hone_error *err)
{
    hone__batches *b = hone_alloc(setup->arena, sizeof *b);
    if (!b)
        return no_memory(err);
    *b = (hone__batches){.setup = *setup, .n = setup->data->stats.examples, .laid_out = -1};
    HONE_TRY(lengths_of(setup->arena, setup->data, &b->tokens, err));
    HONE_TRY(make_division(setup->arena, b->n, &b->now, err));
    HONE_TRY(make_division(setup->arena, b->n, &b->room, err));
    b->firsts = hone_alloc_array(setup->arena, (uint64_t)setup->epochs + 1, sizeof *b->firsts);
    b->lengths = hone_alloc_array(setup->arena, b->n, sizeof *b->lengths);
    b->shuffled = hone_alloc_array(setup->arena, b->n, sizeof *b->shuffled);
    if (!b->firsts || !b->lengths || !b->shuffled)
        return no_memory(err);
    choose_group(b);
    count_steps(b);
    *batches = b;
    return HONE_OK;
}

int64_t hone__batches_total(const hone__batches *b)
{
    return b->total;
}

/* The epoch that step `done` (counted from 0) belongs to. */
static int64_t epoch_at(const hone__batches *b, int64_t done)
{
    int64_t low = 0, high = b->n_epochs;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (b->firsts[middle + 1] <= done)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

hone__standing hone__batches_place(const hone__batches *b, int64_t done)
{
    hone__standing p = {.epoch = epoch_at(b, done)};
    p.step = done - b->firsts[p.epoch];
    p.of_epoch = p.epoch < b->n_epochs ? b->firsts[p.epoch + 1] - b->firsts[p.epoch] : 0;
    p.epochs = (double)p.epoch + (p.of_epoch ? (double)p.step / (double)p.of_epoch : 0);
    return p;
}

const uint64_t *hone__batches_step(hone__batches *b, int64_t done, uint64_t *n)
{
    const hone__standing p = hone__batches_place(b, done);
    if (b->laid_out != p.epoch)
        lay_out(b, p.epoch);
    *n = b->now.starts[p.step + 1] - b->now.starts[p.step];
    return b->now.order + b->now.starts[p.step];
}
