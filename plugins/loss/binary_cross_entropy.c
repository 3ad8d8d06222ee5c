/* binary_cross_entropy.c - each label by itself: the negative logarithm of the probability of what gold says, yes or no; the mean over
 * labels.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>

static hone_node *build(const hone_self *self, hone_graph *g, const char *scope, hone_node *scores, hone_node *gold)
{
    (void)self;
    (void)scope;
    return hone_binary_cross_entropy(g, scores, gold);
}

static const hone_loss binary_cross_entropy = {
    .plugin = {HONE_PLUGIN(hone_loss, HONE_KIND_LOSS), .name = "binary_cross_entropy",
               .summary = "each label by itself: the negative logarithm of the probability of yes or no",
               .source = "PyTorch, BCEWithLogitsLoss", .help = "    head: {type: multi_label, loss: binary_cross_entropy}"},
    .targets = HONE_TAKES(HONE_TARGET_CLASSES),
    .build = build,
};

HONE_MODULE(&binary_cross_entropy.plugin);
