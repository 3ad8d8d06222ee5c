/* regression.c - one number for each text or pair, as in Transformers' BertForSequenceClassification with problem_type regression.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>

static const hone_param rows[] = {HONE_TEXT_HEAD_ROWS("mse")};

static hone_status create(const hone_self *self, const hone_head_setup *setup, hone_error *err)
{
    return hone_text_head_check(self, setup, HONE_TARGET_SCORE, err);
}

static hone_status build(const hone_self *self, hone_graph *g, const hone_head_io *io, hone_error *err)
{
    hone_node *scores = hone_text_head_scores(self, g, io, 1);
    const hone_shape flat = hone_shape_1(hone_node_rows(scores));
    if (io->with_loss)
        HONE_TRY(hone_text_head_loss(self, g, io, hone_reshape(g, scores, &flat), err));
    return hone_graph_status(g, err);
}

/* The mean where an example has several windows. */
static hone_status decode(const hone_self *self, const hone_decode *in, hone_answer *answers, hone_error *err)
{
    hone_tensor scores;
    double sum = 0;
    (void)self;
    HONE_TRY(hone_decode_scores(in, "scores", &scores, err));
    const int64_t n = scores.shape.dim[0];
    float *kept = hone_alloc(in->arena, sizeof *kept);
    if (!kept)
        return hone_no_memory(err, "decoding a prediction");
    for (int64_t r = 0; r < n; r++)
        sum += (double)((const float *)scores.data)[r];
    answers[0] = hone_answer_of(HONE_TARGET_SCORE);
    answers[0].score = n ? sum / (double)n : 0;
    *kept = (float)answers[0].score;
    answers[0].scores = kept;
    answers[0].n_scores = 1;
    return HONE_OK;
}

static const hone_output_of_head outputs[] = {{.name = "", .target = HONE_TARGET_SCORE}};

static const hone_head regression = {
    .plugin = {HONE_PLUGIN(hone_head, HONE_KIND_HEAD), .name = "regression", .summary = "one number for each text or pair",
               .source = "Transformers, BertForSequenceClassification with problem_type regression",
               .help = "    head: {type: regression, loss: {type: huber, delta: 0.5}}", HONE_PARAMS(hone_text_head, rows)},
    .takes = HONE_TAKES(HONE_TARGET_SCORE),
    .n_outputs = 1,
    .outputs = outputs,
    .output_size = sizeof(hone_output_of_head),
    .architecture = "ForSequenceClassification",
    .create = create,
    .build = build,
    .items = hone_text_head_items,
    .decode = decode,
    .is_architecture = hone_text_head_is_architecture,
};

HONE_MODULE(&regression.plugin);
