/* asha.c - asynchronous successive halving: at each rung, only the best 1/eta of the trials that have reached it go on.
 *
 * Rungs are after min_iter, min_iter * eta, min_iter * eta^2, ... evaluations. A trial is compared with those that have reached the rung
 * so far, itself included, and waits for no other; the best of fewer than eta goes on.
 *
 * Source: Li et al. 2020, "A system for massively parallel hyperparameter tuning", algorithm 2, in its form that ends trials instead of
 * pausing them, as in Optuna's SuccessiveHalvingPruner.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>

#include <math.h>

typedef struct params {
    int64_t min_iter, eta;
} params;

static bool is_rung(const params *q, uint32_t n)
{
    uint64_t rung = (uint64_t)q->min_iter;
    while (rung < n)
        rung *= (uint64_t)q->eta;
    return n > 0 && rung == n;
}

static bool stop(const hone_self *self, const hone_point *running, const hone_history *others)
{
    const params *q = self->params;
    const uint32_t n = running->n_curve;
    uint64_t reached = 1, better = 0;
    if (!is_rung(q, n))
        return false;
    const double mine = running->curve[n - 1];
    for (uint64_t i = 0; i < others->n; i++) {
        const hone_point *p = hone_point_at(others, i);
        if (p->n_curve < n || isnan(p->curve[n - 1]))
            continue;
        reached++;
        better += p->curve[n - 1] > mine;
    }
    if (reached == 1)
        return false;
    const uint64_t go_on = reached / (uint64_t)q->eta;
    return isnan(mine) || better >= (go_on ? go_on : 1);
}

static const hone_param rows[] = {
    HONE_PARAM_INT(params, min_iter, .def_int = 1, .min_int = 1, .max_int = 1000000, .unit = "evaluations",
                   .renamed = "min_resource grace_period", .source = "Li et al. 2020, r", .help = "to the first rung"),
    HONE_PARAM_INT(params, eta, .def_int = 4, .min_int = 2, .max_int = 1000, .unit = "1", .renamed = "reduction_factor",
                   .source = "Li et al. 2020", .help = "one of so many trials goes on at each rung"),
};

static const hone_stopper asha = {
    .plugin = {HONE_PLUGIN(hone_stopper, HONE_KIND_STOPPER), .name = "asha",
               .summary = "asynchronous successive halving: at each rung the best 1/eta of the trials go on",
               .source = "Li et al. 2020, A system for massively parallel hyperparameter tuning",
               .help = "An evaluation is one of the trainer's (trainer.eval_strategy).\n"
                       "Example: sweep: {early_terminate: {type: asha, min_iter: 1, eta: 3}}",
               HONE_PARAMS(params, rows)},
    .stop = stop,
};
HONE_MODULE(&asha.plugin);
