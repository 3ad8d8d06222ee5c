/* test_prepare.c - examples to sequences to batches: truncation, heads' fields, threads, packing, and the check of the data.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/pool.h"
#include "data/check.h"
#include "data_fixture.h"
#include "tensor/run.h"

static hone__prepared *prepare(const hone__preparer *p, const hone_corpus *corpus, hone_pool *pool)
{
    hone_error err;
    hone__prepared *prepared;
    ck_assert_msg(hone__prepare(p, corpus, 0, true, pool, &prepared, &err) == HONE_OK, "%s", err.msg);
    return prepared;
}

static hone_batch *pack(const hone__prepared *p, const uint64_t *order, uint64_t n, hone_arena *arena)
{
    hone_error err;
    hone_batch *batch;
    ck_assert_msg(hone__batch_pack(p, order, n, arena, &batch, &err) == HONE_OK, "%s", err.msg);
    return batch;
}

static void expect_ints(const hone_batch *b, const char *name, const int32_t *expected, int64_t n)
{
    const hone_tensor *t = hone_batch_field(b, name, NULL);
    ck_assert_ptr_nonnull(t);
    ck_assert_uint_eq(t->dtype, HONE_I32);
    ck_assert_int_eq(t->shape.dim[0], n);
    for (int64_t i = 0; i < n; i++)
        ck_assert_int_eq(((const int32_t *)t->data)[i], expected[i]);
}

/* Source of the numbers: tokenizers 0.23.3, enable_truncation(strategy="longest_first"), less the three special tokens. */
START_TEST(longest_first_gives_the_references_lengths)
{
    static const uint64_t cases[][5] = {
        /* first, second, room -> first, second */
        {5, 6, 9, 4, 5}, {6, 5, 9, 5, 4}, {5, 5, 9, 4, 5}, {3, 9, 9, 3, 6}, {9, 3, 9, 6, 3}, {9, 9, 4, 2, 2},
        {0, 9, 5, 0, 5}, {2, 3, 5, 2, 3}, {1, 1, 1, 0, 1}, {1, 9, 1, 0, 1}, {9, 1, 1, 1, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t first = cases[i][0], second = cases[i][1];
        hone__longest_first(&first, &second, cases[i][2]);
        ck_assert_uint_eq(first, cases[i][3]);
        ck_assert_uint_eq(second, cases[i][4]);
    }
}
END_TEST

START_TEST(a_batch_packs_sequences_with_their_template_and_gold)
{
    hone_arena *arena = hone__arena_create(0);
    hone_corpus *corpus = make_corpus(arena, (row[]){{"ab", NULL, "x"}, {"abcd", "e", "y"}, {"", NULL, "x"}}, 3);
    hone__labels labels;
    hone_error err;
    const hone_reader reader = {.plugin = {.name = "test"}};
    ck_assert_int_eq(hone__labels_build(arena, corpus, &reader, NULL, &labels, &err), HONE_OK);
    hone__preparer p = make_preparer(NULL, 6);
    hone__prepared *prepared = prepare(&p, corpus, NULL);
    hone_batch *b = pack(prepared, (const uint64_t[]){1, 0}, 2, arena);
    ck_assert_uint_eq(hone_batch_examples(b), 2);
    ck_assert_uint_eq(hone_batch_sequences(b), 2);
    ck_assert_uint_eq(hone_batch_tokens(b), 10);
    expect_ints(b, "ids", (const int32_t[]){1, 'a', 'b', 2, 'e', 2, 1, 'a', 'b', 2}, 10);
    expect_ints(b, "types", (const int32_t[]){0, 0, 0, 0, 1, 1, 0, 0, 0, 0}, 10);
    expect_ints(b, "positions", (const int32_t[]){0, 1, 2, 3, 4, 5, 0, 1, 2, 3}, 10);
    expect_ints(b, "gold", (const int32_t[]){1, 0}, 2);
    ck_assert_int_eq(hone_batch_starts(b)[1], 6);
    ck_assert_int_eq(hone_batch_example_starts(b)[2], 2);
    ck_assert_uint_eq(hone__batch_example(b, 0), 1);
    const hone__prepared_stats *s = hone__prepared_stats_of(prepared);
    ck_assert_uint_eq(s->cut_examples, 1);
    ck_assert_uint_eq(s->cut_tokens, 2);
    ck_assert_uint_eq(s->longest, 6);
    ck_assert_uint_eq(s->tokens, 12);
    ck_assert_ptr_eq(hone__prepared_corpus(prepared), corpus);
    hone__prepared_destroy(prepared);
    hone__arena_destroy(arena);
}
END_TEST

START_TEST(a_batch_with_an_example_without_gold_has_none)
{
    hone_arena *arena = hone__arena_create(0);
    hone_corpus *corpus = make_corpus(arena, (row[]){{"a", NULL, "x"}, {"b", NULL, NULL}}, 2);
    hone__preparer p = make_preparer(NULL, 0);
    hone__prepared *prepared = prepare(&p, corpus, NULL);
    ck_assert_ptr_nonnull(hone_batch_field(pack(prepared, (const uint64_t[]){0}, 1, arena), "gold", NULL));
    ck_assert_ptr_null(hone_batch_field(pack(prepared, (const uint64_t[]){0, 1}, 2, arena), "gold", NULL));
    hone__prepared_destroy(prepared);
    hone__arena_destroy(arena);
}
END_TEST

START_TEST(named_fields_are_stacked_and_row_numbers_become_the_batchs)
{
    hone_arena *arena = hone__arena_create(0);
    const int32_t *starts;
    hone_corpus *corpus = make_corpus(arena, (row[]){{"ab", NULL, NULL}, {"c", NULL, NULL}}, 2);
    hone__preparer p = make_preparer(&windows, 0);
    hone__prepared *prepared = prepare(&p, corpus, NULL);
    hone_batch *b = pack(prepared, (const uint64_t[]){1, 0}, 2, arena);
    ck_assert_uint_eq(hone_batch_sequences(b), 3);
    ck_assert_int_eq(hone_batch_example_starts(b)[1], 1);
    expect_ints(b, "ids", (const int32_t[]){1, 100, 2, 1, 100, 2, 1, 101, 2}, 9);
    expect_ints(b, "marks", (const int32_t[]){0, 7, 8, 0, 7, 8, 1, 7, 8}, 9);
    expect_ints(b, "number", (const int32_t[]){10, 0, 1}, 3);
    expect_ints(b, "wanted_rows", (const int32_t[]){2, 1, 5, 4}, 4);
    ck_assert_ptr_nonnull(hone_batch_field(b, "wanted_rows", &starts));
    ck_assert_int_eq(starts[1], 2);
    ck_assert_int_eq(starts[2], 4);
    ck_assert_int_eq(starts[3], 4);
    ck_assert_int_eq(hone_batch_field(b, "draw", NULL)->shape.dim[0], 2);
    hone__prepared_destroy(prepared);
    hone__arena_destroy(arena);
}
END_TEST

START_TEST(the_number_of_threads_changes_nothing)
{
    hone_error err;
    hone_arena *arena = hone__arena_create(0);
    hone_corpus *corpus = many(arena);
    hone__preparer p = make_preparer(&windows, 0);
    hone_pool *pool;
    ck_assert_int_eq(hone__pool_create(4, &pool, &err), HONE_OK);
    hone__prepared *one = prepare(&p, corpus, NULL), *four = prepare(&p, corpus, pool);
    ck_assert_mem_eq(&one->stats, &four->stats, sizeof one->stats);
    ck_assert_uint_eq(one->stats.sequences, 3000);
    ck_assert_mem_eq(one->ids, four->ids, one->stats.tokens * sizeof *one->ids);
    ck_assert_mem_eq(one->starts, four->starts, (one->stats.sequences + 1) * sizeof *one->starts);
    ck_assert_uint_eq(one->n_fields, four->n_fields);
    for (size_t i = 0; i < one->n_fields; i++) {
        const hone__named_field *a = &one->fields[i], *b = &four->fields[i];
        uint64_t owners = a->form.per == HONE_PER_EXAMPLE ? one->stats.examples : one->stats.sequences;
        ck_assert_str_eq(a->form.name, b->form.name);
        ck_assert_mem_eq(a->starts, b->starts, (owners + 1) * sizeof *a->starts);
        ck_assert_mem_eq(a->data, b->data, a->starts[owners] * a->form.row_size);
    }
    hone__prepared_destroy(one);
    hone__prepared_destroy(four);
    hone__pool_destroy(pool);
    hone__arena_destroy(arena);
}
END_TEST

/* ---- Mistakes ---------------------------------------------------------------------------------------------------- */

static hone_status failing_prepare(const hone_self *self, const hone_prepare *in, hone_sequences *out, hone_error *err)
{
    (void)self;
    if (in->index % 400 == 399)
        return hone_fail(err, HONE_EINVAL, "no");
    return hone_sequence_add(out, &(hone_tokens){.size = sizeof(hone_tokens)}, NULL, -1, NULL, err);
}

static hone_status bad_row(const hone_self *self, const hone_prepare *in, hone_sequences *out, hone_error *err)
{
    int64_t row_number = 3;
    HONE_TRY(failing_prepare(self, in, out, err));
    return ints(out, "x_rows", HONE_PER_ITEM, HONE_I64, &row_number, 1, err);
}

static hone_status sometimes(const hone_self *self, const hone_prepare *in, hone_sequences *out, hone_error *err)
{
    int32_t x = 0;
    (void)self;
    HONE_TRY(hone_sequence_add(out, &(hone_tokens){.size = sizeof(hone_tokens)}, NULL, -1, NULL, err));
    return in->index % 2 ? HONE_OK : ints(out, "x", HONE_PER_SEQUENCE, HONE_I32, &x, 1, err);
}

static hone_status nothing(const hone_self *self, const hone_prepare *in, hone_sequences *out, hone_error *err)
{
    (void)self;
    (void)in;
    (void)out;
    (void)err;
    return HONE_OK;
}

static void prepare_refused(hone_status (*call)(const hone_self *, const hone_prepare *, hone_sequences *, hone_error *),
                            uint64_t max_length, const char *message)
{
    hone_error err = {HONE_OK, ""};
    hone__prepared *prepared;
    hone_pool *pool;
    hone_arena *arena = hone__arena_create(0);
    hone_head head = {.plugin = {.name = "bad"}, .prepare = call};
    hone__preparer p = make_preparer(&head, max_length);
    ck_assert_int_eq(hone__pool_create(3, &pool, &err), HONE_OK);
    ck_assert_int_ne(hone__prepare(&p, many(arena), 0, true, pool, &prepared, &err), HONE_OK);
    ck_assert_str_eq(err.msg, message);
    hone__pool_destroy(pool);
    hone__arena_destroy(arena);
}

START_TEST(the_first_mistake_in_the_order_of_the_data_is_reported_with_its_line)
{
    prepare_refused(failing_prepare, 0, "f.tsv:400: no");
    prepare_refused(bad_row, 0, "f.tsv:1: head bad names row 3 in the field x_rows; the sequence has 2 rows");
    prepare_refused(sometimes, 0, "only 500 of the 1000 sequences of f.tsv have the field x; all of them must (head bad)");
    prepare_refused(nothing, 0, "f.tsv:1: head bad broke its contract in prepare(): an example became no sequence");
    prepare_refused(NULL, 2,
                    "f.tsv:1: tokenizer.max_length is 2, which the 2 special tokens of a sequence alone fill; it must be more");
}
END_TEST

/* ---- Without a tokenizer ----------------------------------------------------------------------------------------- */

START_TEST(models_without_text_get_a_row_and_their_arrays)
{
    hone_error err;
    hone_corpus *corpus;
    hone_arena *arena = hone__arena_create(0);
    hone_sink *sink = make_sink(arena, HONE_TARGET_NONE, false);
    for (int i = 0; i < 2; i++) {
        float pixels[4] = {(float)i, 1, 2, 3};
        hone_tensor t = {.data = pixels, .dtype = HONE_F32, .shape = hone_shape_2(2, 2)};
        ck_assert_int_eq(hone_sink_example(sink, NULL, (uint64_t)i + 1, &err), HONE_OK);
        ck_assert_int_eq(hone_sink_array(sink, "pixels", &t, &err), HONE_OK);
    }
    ck_assert_int_eq(hone__sink_finish(sink, &corpus, &err), HONE_OK);
    hone__sink_destroy(sink);
    hone__preparer p = {.max_length = 0};
    hone__prepared *prepared = prepare(&p, corpus, NULL);
    hone_batch *b = pack(prepared, (const uint64_t[]){1, 0}, 2, arena);
    ck_assert_ptr_null(hone_batch_field(b, "ids", NULL));
    ck_assert_uint_eq(hone_batch_tokens(b), 2);
    const hone_tensor *t = hone_batch_field(b, "pixels", NULL);
    ck_assert_uint_eq(t->shape.rank, 3);
    ck_assert_float_eq(((const float *)t->data)[0], 1);
    ck_assert_float_eq(((const float *)t->data)[4], 0);
    hone__prepared_destroy(prepared);
    hone__arena_destroy(arena);
}
END_TEST

START_TEST(a_batchs_arrays_are_inputs_of_a_graph)
{
    hone_error err;
    hone_inputs in;
    hone_arena *arena = hone__arena_create(0);
    hone__preparer p = make_preparer(&windows, 0);
    hone__prepared *prepared = prepare(&p, make_corpus(arena, (row[]){{"ab", NULL, NULL}}, 1), NULL);
    hone_batch *b = pack(prepared, (const uint64_t[]){0}, 1, arena);
    hone_graph *g = hone__graph_create(&(hone__graph_setup){.arena = arena});
    ck_assert_msg(hone__batch_inputs(b, g, &in, &err) == HONE_OK, "%s", err.msg);
    ck_assert_int_eq(hone_node_shape(in.ids)->dim[0], 6);
    ck_assert_int_eq(hone_node_shape(in.starts)->dim[0], 3);
    ck_assert_int_eq(hone_node_shape(in.example_starts)->dim[0], 2);
    ck_assert_int_eq(hone_node_shape(hone_input(g, &in, "marks"))->dim[0], 6);
    ck_assert_ptr_null(hone_input(g, &in, "absent"));
    ck_assert_int_eq(hone_graph_status(g, &err), HONE_OK);
    hone__prepared_destroy(prepared);
    hone__arena_destroy(arena);
}
END_TEST

/* ---- The check of the data --------------------------------------------------------------------------------------- */

START_TEST(the_description_counts_labels_lengths_cuts_and_overlap)
{
    hone_error err;
    hone__str out = {0};
    hone_arena *arena = hone__arena_create(0);
    const hone_reader reader = {.plugin = {.name = "test"}};
    hone__dataset d = {.target = HONE_TARGET_CLASS};
    d.train = make_corpus(arena, (row[]){{"ab", NULL, "x"}, {"abcdef", NULL, "y"}, {"abc", NULL, "x"}, {"a", NULL, "x"}}, 4);
    d.validation = make_corpus(arena, (row[]){{"zz", NULL, "x"}, {"abc", NULL, "x"}}, 2);
    ck_assert_int_eq(hone__labels_build(arena, d.train, &reader, NULL, &d.labels, &err), HONE_OK);
    ck_assert_int_eq(hone__corpus_index(d.validation, &d.labels, &err), HONE_OK);
    hone__preparer p = make_preparer(NULL, 6);
    hone__prepared *train = prepare(&p, d.train, NULL), *validation = prepare(&p, d.validation, NULL);
    ck_assert_msg(hone__dataset_describe(&d, train, validation, NULL, &out, &err) == HONE_OK, "%s", err.msg);
    ck_assert_str_eq(
        hone__str_text(&out),
        "train       4 examples; tokens: least 3, mean 4.5, median 4, 95 % up to 6, most 6; 1 cut (25.0 %), which "
        "lose 2 tokens\n"
        "validation  2 examples; tokens: least 4, mean 4.5, median 4, 95 % up to 5, most 5\n"
        "labels      x 3 (75.0 %), y 1 (25.0 %)\n"
        "warning: validation has no example of the label y\n"
        "warning: 1 of the 2 validation examples stands in training too, with the same texts; the first is f.tsv:2\n");
    hone__str_clear(&out);
    hone__prepared_destroy(train);
    hone__prepared_destroy(validation);
    hone__arena_destroy(arena);
}
END_TEST

static hone_status prepare_and_pack(void *ctx, hone_error *err)
{
    hone__preparer p = make_preparer(&windows, 0);
    hone__prepared *prepared = NULL;
    hone_batch *b;
    hone_status status = hone__prepare(&p, ctx, 0, true, NULL, &prepared, err);
    hone_arena *arena = status == HONE_OK ? hone__arena_create(64) : NULL;
    if (status == HONE_OK)
        status = arena ? hone__batch_pack(prepared, (const uint64_t[]){1, 0}, 2, arena, &b, err)
                       : hone_no_memory(err, "making an arena");
    hone__arena_destroy(arena);
    hone__prepared_destroy(prepared);
    return status;
}

START_TEST(every_failing_allocation_is_an_error_and_leaks_nothing)
{
    hone_arena *arena = hone__arena_create(0);
    hone_corpus *corpus = make_corpus(arena, (row[]){{"ab", NULL, NULL}, {"c", NULL, NULL}}, 2);
    ck_assert_int_gt(suite_every_allocation_fails(prepare_and_pack, corpus), 10);
    hone__arena_destroy(arena);
}
END_TEST

SUITE("prepare", longest_first_gives_the_references_lengths, a_batch_packs_sequences_with_their_template_and_gold,
      a_batch_with_an_example_without_gold_has_none, named_fields_are_stacked_and_row_numbers_become_the_batchs,
      the_number_of_threads_changes_nothing, the_first_mistake_in_the_order_of_the_data_is_reported_with_its_line,
      models_without_text_get_a_row_and_their_arrays, a_batchs_arrays_are_inputs_of_a_graph,
      the_description_counts_labels_lengths_cuts_and_overlap, every_failing_allocation_is_an_error_and_leaks_nothing)
