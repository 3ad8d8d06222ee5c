/* mse.c - the square of the difference to the gold score.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>

static hone_node *build(const hone_self *self, hone_graph *g, const char *scope, hone_node *scores, hone_node *gold)
{
    (void)self;
    (void)scope;
    return hone_squared_error(g, scores, gold);
}

static const hone_loss mse = {
    .plugin = {HONE_PLUGIN(hone_loss, HONE_KIND_LOSS), .name = "mse", .summary = "the square of the difference",
               .source = "PyTorch, MSELoss", .help = "    head: {type: regression, loss: mse}"},
    .targets = HONE_TAKES(HONE_TARGET_SCORE),
    .build = build,
};

HONE_MODULE(&mse.plugin);
