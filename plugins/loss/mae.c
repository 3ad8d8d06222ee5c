/* mae.c - the absolute difference to the gold score.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>

/* |d| = relu(d) + relu(-d), whose slope at 0 is 0, as PyTorch's. */
static hone_node *build(const hone_self *self, hone_graph *g, const char *scope, hone_node *scores, hone_node *gold)
{
    (void)self;
    (void)scope;
    hone_node *d = hone_add(g, scores, hone_scaled(g, gold, -1));
    return hone_add(g, hone_activate(g, d, HONE_ACT_RELU), hone_activate(g, hone_scaled(g, d, -1), HONE_ACT_RELU));
}

static const hone_loss mae = {
    .plugin = {HONE_PLUGIN(hone_loss, HONE_KIND_LOSS), .name = "mae", .summary = "the absolute difference",
               .source = "PyTorch, L1Loss", .help = "    head: {type: regression, loss: mae}"},
    .targets = HONE_TAKES(HONE_TARGET_SCORE),
    .build = build,
};

HONE_MODULE(&mae.plugin);
