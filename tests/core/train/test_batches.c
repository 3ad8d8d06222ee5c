/* test_batches.c - which examples go together: bounds, orders, and that steps add up.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "data/prepared.h"
#include "suite.h"
#include "train/batches.h"

enum { N = 203 };

/* Only lengths are looked at: example i has lengths[i] tokens, the third ones in two sequences. */
typedef struct data {
    hone_arena *arena;
    hone__prepared prepared;
    uint64_t example_starts[N + 1], starts[2 * N + 1];
} data;

static void begin(data *d, uint64_t n)
{
    const hone_stream stream = hone_stream_of(&(hone_key){.seed = 5});
    *d = (data){.arena = hone__arena_create(0)};
    ck_assert_ptr_nonnull(d->arena);
    uint64_t s = 0;
    for (uint64_t i = 0; i < n; i++) {
        const uint64_t length = 2 + hone_random_below(stream, i, 0, 60);
        if (i % 3 == 0) {
            d->starts[s + 1] = d->starts[s] + 1;
            s++;
        }
        d->starts[s + 1] = d->starts[s] + length - (i % 3 == 0);
        d->example_starts[i + 1] = ++s;
    }
    d->prepared = (hone__prepared){.stats = {.examples = n, .sequences = s, .tokens = d->starts[s]},
                                   .example_starts = d->example_starts,
                                   .starts = d->starts};
}

static void end(data *d)
{
    hone__arena_destroy(d->arena);
}

static hone__batches *make(data *d, hone__batches_setup setup)
{
    hone__batches *b = NULL;
    hone_error err = {0};
    setup.data = &d->prepared;
    setup.arena = d->arena;
    ck_assert_msg(hone__batches_create(&setup, &b, &err) == HONE_OK, "%s", err.msg);
    return b;
}

static uint64_t tokens(const data *d, const uint64_t *order, uint64_t n)
{
    uint64_t sum = 0;
    for (uint64_t i = 0; i < n; i++)
        sum += hone__prepared_tokens(&d->prepared, order[i]);
    return sum;
}

/* Walks the whole training: within bounds, every example once an epoch, as many steps as were counted. */
static void check_walk(const data *d, hone__batches *b, const hone__batches_setup *s)
{
    static int seen[N];
    const uint64_t n = d->prepared.stats.examples;
    int64_t step = 0;
    for (int64_t epoch = 0; epoch < s->epochs; epoch++) {
        uint64_t gone = 0;
        memset(seen, 0, sizeof seen);
        for (int64_t k = 0; gone < n; k++, step++) {
            uint64_t size = 0;
            const uint64_t *order = hone__batches_step(b, step, &size);
            const hone__standing at = hone__batches_place(b, step);
            ck_assert_int_eq(at.epoch, epoch);
            ck_assert_int_eq(at.step, k);
            ck_assert_uint_gt(size, 0);
            ck_assert(!s->bounds.examples || size <= s->bounds.examples);
            ck_assert(!s->bounds.tokens || size == 1 || tokens(d, order, size) <= s->bounds.tokens);
            for (uint64_t i = 0; i < size; i++)
                ck_assert_int_eq(seen[order[i]]++, 0);
            gone += size;
        }
        ck_assert_uint_eq(gone, n);
        ck_assert_double_eq(hone__batches_place(b, step).epochs, (double)(epoch + 1));
    }
    ck_assert_int_eq(step, hone__batches_total(b));
}

static const hone__bounds bounds[] = {{8, 0}, {0, 256}, {8, 256}, {1, 0}, {0, 1}, {1000, 100000}};
enum { N_BOUNDS = sizeof bounds / sizeof *bounds };

START_TEST(every_example_comes_once_an_epoch_within_the_bounds)
{
    data d;
    begin(&d, N);
    for (int32_t sampling = 0; sampling <= HONE__SAMPLING_GROUP_BY_LENGTH; sampling++)
        for (size_t i = 0; i < N_BOUNDS; i++) {
            const hone__batches_setup s = {.seed = 3, .sampling = sampling, .bounds = bounds[i], .epochs = 3};
            check_walk(&d, make(&d, s), &s);
        }
    end(&d);
}
END_TEST

/* By hand: the bound of examples alone gives batches of 8 and a rest. */
START_TEST(a_bound_in_examples_gives_as_many_steps_in_each_epoch)
{
    data d;
    begin(&d, N);
    for (int32_t sampling = 0; sampling <= HONE__SAMPLING_GROUP_BY_LENGTH; sampling++) {
        hone__batches *b = make(&d, (hone__batches_setup){.sampling = sampling, .bounds = {8, 0}, .epochs = 4});
        ck_assert_int_eq(hone__batches_total(b), 4 * 26);
        ck_assert_int_eq(hone__batches_place(b, 30).of_epoch, 26);
        ck_assert_double_eq(hone__batches_place(b, 39).epochs, 1.5);
    }
    end(&d);
}
END_TEST

START_TEST(max_steps_ends_within_an_epoch)
{
    data d;
    begin(&d, N);
    hone__batches *b = make(&d, (hone__batches_setup){.bounds = {8, 0}, .epochs = 1000000, .max_steps = 30});
    ck_assert_int_eq(hone__batches_total(b), 30);
    ck_assert_int_eq(hone__batches_place(b, 30).epoch, 1);
    ck_assert_int_eq(hone__batches_place(b, 30).step, 4);
    ck_assert_int_eq(hone__batches_place(b, 30).of_epoch, 26);
    end(&d);
}
END_TEST

START_TEST(batches_depend_on_seed_and_epoch_and_not_on_the_way_there)
{
    data d;
    begin(&d, N);
    const hone__batches_setup s = {.seed = 3, .sampling = HONE__SAMPLING_GROUP_BY_LENGTH, .bounds = {0, 256}, .epochs = 3};
    hone__batches_setup other = s;
    other.seed = 4;
    hone__batches *forward = make(&d, s), *back = make(&d, s), *drawn = make(&d, other);
    uint64_t different = 0, repeated = 0;
    const int64_t first = hone__batches_place(forward, 0).of_epoch;
    for (int64_t i = hone__batches_total(forward) - 1; i >= 0; i--) {
        uint64_t n[2], m = 0;
        const uint64_t *a = hone__batches_step(forward, i, &n[0]), *b = hone__batches_step(back, i, &n[1]);
        ck_assert_uint_eq(n[0], n[1]);
        ck_assert_mem_eq(a, b, n[0] * sizeof *a);
        const uint64_t *c = i < hone__batches_total(drawn) ? hone__batches_step(drawn, i, &m) : NULL;
        different += m != n[0] || memcmp(a, c, m * sizeof *a) != 0;
    }
    ck_assert_uint_gt(different, 3 * N / 8 / 2);
    for (int64_t i = 0; i < first; i++) { /* a later epoch is another one */
        uint64_t n = 0, m = 0;
        const uint64_t *a = hone__batches_step(forward, i, &n), *b = hone__batches_step(back, first + i, &m);
        repeated += n == m && memcmp(a, b, n * sizeof *a) == 0;
    }
    ck_assert_uint_lt(repeated, 3);
    end(&d);
}
END_TEST

/* What padding a batch to its longest example would add. */
static uint64_t padding(const data *d, hone__batches *b)
{
    uint64_t sum = 0;
    for (int64_t i = 0; i < hone__batches_total(b); i++) {
        uint64_t n = 0, longest = 0;
        const uint64_t *order = hone__batches_step(b, i, &n);
        for (uint64_t k = 0; k < n; k++)
            longest = tokens(d, order + k, 1) > longest ? tokens(d, order + k, 1) : longest;
        sum += n * longest - tokens(d, order, n);
    }
    return sum;
}

/* 203 examples in batches of 4 are 4 groups of 12 batches, each sorted: within a batch lengths differ by about 60 / 12. */
START_TEST(grouped_batches_have_similar_lengths_and_are_no_sorted_epoch)
{
    data d;
    uint64_t falls = 0, n[2];
    begin(&d, N);
    hone__batches *grouped =
        make(&d, (hone__batches_setup){.sampling = HONE__SAMPLING_GROUP_BY_LENGTH, .bounds = {4, 0}, .epochs = 1});
    hone__batches *drawn = make(&d, (hone__batches_setup){.bounds = {4, 0}, .epochs = 1});
    ck_assert_uint_lt(6 * padding(&d, grouped), padding(&d, drawn));
    for (int64_t i = 0; i + 1 < hone__batches_total(grouped); i++) {
        const uint64_t here = tokens(&d, hone__batches_step(grouped, i, &n[0]), 1);
        falls += tokens(&d, hone__batches_step(grouped, i + 1, &n[1]), 1) < here;
    }
    ck_assert_uint_gt(falls, 12); /* of 50: neither rising nor falling */
    ck_assert_uint_lt(falls, 38);
    end(&d);
}
END_TEST

START_TEST(sequential_is_the_order_of_the_corpus_in_every_epoch)
{
    data d;
    begin(&d, N);
    hone__batches *b = make(&d, (hone__batches_setup){.sampling = HONE__SAMPLING_SEQUENTIAL, .bounds = {8, 0}, .epochs = 2});
    for (int64_t i = 0; i < 52; i++) {
        uint64_t n = 0;
        const uint64_t *order = hone__batches_step(b, i, &n);
        for (uint64_t k = 0; k < n; k++)
            ck_assert_uint_eq(order[k], (uint64_t)(i % 26) * 8 + k);
    }
    end(&d);
}
END_TEST

START_TEST(evaluations_take_the_longest_first_or_keep_the_order)
{
    data d;
    hone_error err = {0};
    hone__division sorted, kept;
    begin(&d, N);
    ck_assert_int_eq(hone__divide_by_length(d.arena, &d.prepared, (hone__bounds){0, 300}, &sorted, &err), HONE_OK);
    ck_assert_int_eq(hone__divide_in_order(d.arena, &d.prepared, (hone__bounds){7, 300}, &kept, &err), HONE_OK);
    for (uint64_t i = 0; i < N; i++) {
        ck_assert_uint_eq(kept.order[i], i);
        ck_assert(i == 0 || tokens(&d, sorted.order + i - 1, 1) >= tokens(&d, sorted.order + i, 1));
    }
    for (int k = 0; k < 2; k++) {
        const hone__division *v = k ? &kept : &sorted;
        ck_assert_uint_eq(v->starts[v->n], N);
        for (uint64_t i = 0; i < v->n; i++)
            ck_assert_uint_le(tokens(&d, v->order + v->starts[i], v->starts[i + 1] - v->starts[i]), 300);
    }
    ck_assert_uint_lt(sorted.n, kept.n);
    end(&d);
}
END_TEST

SUITE("batches", every_example_comes_once_an_epoch_within_the_bounds, a_bound_in_examples_gives_as_many_steps_in_each_epoch,
      max_steps_ends_within_an_epoch, batches_depend_on_seed_and_epoch_and_not_on_the_way_there,
      grouped_batches_have_similar_lengths_and_are_no_sorted_epoch, sequential_is_the_order_of_the_corpus_in_every_epoch,
      evaluations_take_the_longest_first_or_keep_the_order)
