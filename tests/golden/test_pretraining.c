/* test_pretraining.c - masked tokens and next sentences against Transformers' BertForPreTraining in double precision.
 *
 * The reference is made by pretraining.py. Tolerances as in test_bert.c: 1e-5 of the largest value.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "reference.h"

#include <unistd.h>

static const char experiment[] = "task: pretraining\n"
                                 "data: {train: %s/tests/golden/pretraining/train.txt, validation: "
                                 "%s/tests/golden/pretraining/train.txt, cut_sentences: false}\n"
                                 "tokenizer: {type: wordpiece, max_length: 32}\n"
                                 "model: {type: bert, path: %s/tests/golden/pretraining/model}\n"
                                 "trainer: {train_batch_size: 4, max_steps: 10, threads: 2}\n";

enum { EXAMPLES = 4, LONGEST = 32 };

/* The reference's own rule of masks, in place of the head's. */
static bool masked(uint64_t example, uint64_t position)
{
    return (3 * example + position) % 5 == 0;
}

static int32_t replacement(uint64_t example, uint64_t position, int32_t word, int32_t mask)
{
    return position % 3 == 0 ? mask : position % 3 == 1 ? word : (int32_t)(5 + (position + example) % 20);
}

static hone_status fixed(const hone_self *self, const hone_prepare *in, hone_sequences *out, hone_error *err)
{
    size_t n;
    int32_t ids[LONGEST], gold[LONGEST], relation = (int32_t)(in->index % 2);
    int64_t rows[LONGEST], n_rows = 0;
    hone_tokens first = {.size = sizeof first}, second = {.size = sizeof second};
    hone_sequence q = {.size = sizeof q};
    (void)self;
    const char *text = hone_example_text(in->example, "text", &n), *line = strchr(text, '\n');
    HONE_TRY(hone_encode(out, text, (size_t)(line - text), &first, err));
    HONE_TRY(hone_encode(out, line + 1, n - (size_t)(line + 1 - text), &second, err));
    HONE_TRY(hone_sequence_add(out, &first, &second, -1, &q, err));
    for (uint64_t i = 0; i < q.n; i++) {
        ids[i] = q.ids[i];
        if (q.piece[i] < 0 || !masked(in->index, i))
            continue;
        rows[n_rows] = (int64_t)i;
        gold[n_rows++] = ids[i];
        ids[i] = replacement(in->index, i, ids[i], in->tokenizer->mask);
    }
    const hone_tensor of_rows = {.data = rows, .dtype = HONE_I64, .shape = hone_shape_1(n_rows)};
    const hone_tensor of_gold = {.data = gold, .dtype = HONE_I32, .shape = hone_shape_1(n_rows)};
    const hone_tensor of_relation = {.data = &relation, .dtype = HONE_I32, .shape = hone_shape_1(1)};
    HONE_TRY(hone_sequence_set_ids(out, ids, q.n, err));
    HONE_TRY(hone_sequence_field(out, "masked_rows", HONE_PER_ITEM, &of_rows, err));
    HONE_TRY(hone_sequence_field(out, "masked_ids", HONE_PER_ITEM, &of_gold, err));
    return hone_sequence_field(out, "relation", HONE_PER_SEQUENCE, &of_relation, err);
}

static void begin(golden *g)
{
    static const char *const own[] = {"cls.predictions.transform.dense.weight",
                                      "cls.predictions.transform.dense.bias",
                                      "cls.predictions.transform.LayerNorm.weight",
                                      "cls.predictions.transform.LayerNorm.bias",
                                      "cls.predictions.bias",
                                      "cls.seq_relationship.weight",
                                      "cls.seq_relationship.bias"};
    char root[4096], yaml[16384];
    ck_assert_ptr_nonnull(getcwd(root, sizeof root));
    snprintf(yaml, sizeof yaml, experiment, root, root, root);
    golden_begin(g, yaml, "tests/golden/pretraining");
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        golden_take(g, own[i]);
}

/* The training examples with the reference's masks. */
static hone__prepared *prepare_fixed(const golden *g)
{
    hone_head head = *g->parts->network.head;
    hone__preparer preparer = g->parts->preparer;
    hone__prepared *prepared = NULL;
    hone_error err;
    head.prepare = fixed;
    preparer.head = &head;
    ck_assert_msg(hone__prepare(&preparer, g->parts->train, 0, true, NULL, &prepared, &err) == HONE_OK, "%s", err.msg);
    return prepared;
}

START_TEST(scores_of_tokens_and_relations_equal_transformers)
{
    golden g;
    begin(&g);
    hone__prepared *prepared = prepare_fixed(&g);
    const uint64_t order[EXAMPLES] = {0, 1, 2, 3};
    hone_batch *batch = NULL;
    hone__pass p;
    hone_error err;
    hone__block block = {0};
    hone_arena *arena = g.parts->step;
    ck_assert_int_eq(hone__batch_pack(prepared, order, EXAMPLES, arena, &batch, &err), HONE_OK);
    ck_assert_msg(hone__pass_build(&p, &g.parts->network, &(hone__pass_setup){.batch = batch, .arena = arena}, &err) == HONE_OK,
                  "%s", err.msg);
    for (size_t i = 0; i < 2; i++)
        hone__graph_keep(p.graph, p.scores[i].node, false);
    ck_assert_int_eq(hone__graph_plan(p.graph, false, NULL, &err), HONE_OK);
    ck_assert_msg(hone__graph_forward(p.graph, &block, &err) == HONE_OK, "%s", err.msg);
    for (size_t i = 0; i < 2; i++) {
        const hone_tensor *t = hone__node_tensor(p.scores[i].node);
        golden_close(&g, p.scores[i].name, t->data, hone_shape_count(&t->shape), 0, 1e-5);
    }
    hone__block_free(&block);
    hone__prepared_destroy(prepared);
    golden_end(&g);
}
END_TEST

START_TEST(loss_and_every_gradient_equal_pytorch)
{
    golden g;
    begin(&g);
    hone__prepared *prepared = prepare_fixed(&g);
    const uint64_t order[EXAMPLES] = {0, 1, 2, 3};
    hone__step_result result;
    hone_error err;
    ck_assert_msg(hone__step_run(g.parts->stepper, prepared, order, EXAMPLES, 0, 1, 0, &result, &err) == HONE_OK, "%s",
                  err.msg);
    golden_loss(&g, "loss", result.loss);
    golden_gradients(&g, "gradient", "");
    hone__prepared_destroy(prepared);
    golden_end(&g);
}
END_TEST

SUITE("golden pretraining", scores_of_tokens_and_relations_equal_transformers, loss_and_every_gradient_equal_pytorch)
