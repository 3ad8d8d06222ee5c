/* null.c - the smallest head: the mean of the tokens, one linear layer, cross entropy, and the best label.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/network.h>

typedef struct state {
    int64_t labels;
} state;

static hone_status create(const hone_self *self, const hone_head_setup *setup, hone_error *err)
{
    ((state *)self->state)->labels = (int64_t)setup->facts->n_labels;
    return setup->facts->n_labels ? HONE_OK : hone_fail(err, HONE_EINVAL, "the head null needs labels, and the data has none");
}

static hone_status build(const hone_self *self, hone_graph *g, const hone_head_io *io, hone_error *err)
{
    const hone_init init = {.kind = HONE_INIT_NORMAL, .scale = 0.1};
    hone_node *x = hone_mean_rows(g, io->hidden, io->in->starts);
    hone_node *scores = hone_linear(g, "classifier", x, ((const state *)self->state)->labels, init);
    hone_head_scores(g, io, "scores", HONE_PER_SEQUENCE, scores);
    hone_node *gold = io->with_loss ? hone_input(g, io->in, "gold") : NULL;
    if (gold)
        hone_head_loss(g, io, 1.0, hone_cross_entropy(g, scores, gold, NULL, 0.0));
    return hone_graph_status(g, err);
}

static hone_status decode(const hone_self *self, const hone_decode *in, hone_answer *answers, hone_error *err)
{
    const int64_t n = ((const state *)self->state)->labels;
    hone_tensor scores;
    HONE_TRY(hone_decode_scores(in, "scores", &scores, err));
    const float *s = scores.data;
    answers[0] = hone_answer_of(HONE_TARGET_CLASS);
    answers[0].index = 0;
    for (int32_t i = 1; i < n; i++)
        if (s[i] > s[answers[0].index])
            answers[0].index = i;
    return HONE_OK;
}

static const hone_output_of_head outputs[] = {{.name = "", .target = HONE_TARGET_CLASS}};
static const hone_head null_head = {
    .plugin = {HONE_PLUGIN(hone_head, HONE_KIND_HEAD), .name = "null",
               .summary = "one linear layer over the mean of the tokens", .state_size = sizeof(state)},
    .takes = HONE_TAKES(HONE_TARGET_CLASS),
    .n_outputs = 1,
    .outputs = outputs,
    .output_size = sizeof(hone_output_of_head),
    .create = create,
    .build = build,
    .decode = decode,
};
HONE_MODULE(&null_head.plugin);
