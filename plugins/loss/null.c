/* null.c - the loss that asks for nothing: the squares of the scores, summed over the labels and times zero.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/network.h>

static hone_node *build(const hone_self *self, hone_graph *g, const char *scope, hone_node *scores, hone_node *gold)
{
    (void)self;
    (void)scope;
    (void)gold;
    return hone_scaled(g, hone_squared_error(g, scores, scores), 0.0);
}

static const hone_loss null_loss = {
    .plugin = {HONE_PLUGIN(hone_loss, HONE_KIND_LOSS), .name = "null", .summary = "zero for every item"},
    .targets = HONE_TAKES(HONE_TARGET_CLASS) | HONE_TAKES(HONE_TARGET_CLASSES) | HONE_TAKES(HONE_TARGET_SCORE),
    .build = build,
};
HONE_MODULE(&null_loss.plugin);
