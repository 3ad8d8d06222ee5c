/* spearman.c - the correlation of the ranks of gold and predicted scores; NaN where either is constant, as SciPy's spearmanr.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>

static hone_status compute(const hone_self *self, const hone_evaluation *e, hone_exhibits *out, hone_error *err)
{
    const double *gold, *predicted;
    HONE_TRY(hone_score_pairs(self->step, e, &gold, &predicted, err));
    double *x = hone_alloc_array(self->step, e->n, sizeof *x), *y = hone_alloc_array(self->step, e->n, sizeof *y);
    hone_rank_place *room = hone_alloc_array(self->step, e->n, sizeof *room);
    if (!x || !y || !room)
        return hone_no_memory(err, "ranking scores");
    hone_ranks(e->n, gold, room, x);
    hone_ranks(e->n, predicted, room, y);
    return hone_figure(out, NULL, hone_correlation(e->n, x, y), "equal scores share the mean of their ranks", err);
}

static const hone_metric spearman = {
    .plugin = {HONE_PLUGIN(hone_metric, HONE_KIND_METRIC), .name = "spearman",
               .summary = "the correlation of the ranks of gold and predicted scores", .source = "SciPy, spearmanr",
               .help = "    metrics: [spearman]"},
    .targets = HONE_TAKES(HONE_TARGET_SCORE),
    .direction = 1,
    .compute = compute,
};

HONE_MODULE(&spearman.plugin);
