/* median.c - ends trials whose best evaluation so far is worse than half of the complete trials were at that time.
 *
 * Source: Golovin et al. 2017, "Google Vizier: a service for black-box optimization", section 3.2.1 (with running_average); without it
 * the rule of Optuna's MedianPruner.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>

#include <math.h>
#include <stdlib.h>

typedef struct params {
    int64_t min_iter, interval_steps, n_startup_trials;
    bool running_average;
} params;

static double best_of(const hone_point *p)
{
    double best = (double)NAN;
    for (uint32_t i = 0; i < p->n_curve; i++)
        best = fmax(best, p->curve[i]); /* of a number and a NaN it is the number */
    return best;
}

/* What a complete trial had after n evaluations; NaN where it has no such number. */
static double standard_of(const params *q, const hone_point *p, uint32_t n)
{
    double sum = 0;
    if (p->state != HONE_POINT_COMPLETE || p->n_curve < n)
        return (double)NAN;
    if (!q->running_average)
        return p->curve[n - 1];
    for (uint32_t i = 0; i < n; i++)
        sum += p->curve[i];
    return sum / n;
}

static int by_value(const void *x, const void *y)
{
    const double a = *(const double *)x, b = *(const double *)y;
    return a < b ? -1 : a > b;
}

/* Of two middle ones their mean. */
static double median_of(double *values, uint64_t n)
{
    if (n == 0)
        return (double)NAN;
    qsort(values, n, sizeof *values, by_value);
    return (values[(n - 1) / 2] + values[n / 2]) / 2;
}

static bool is_asked(const params *q, uint32_t n)
{
    return n > 0 && n >= (uint64_t)q->min_iter && (n - (uint64_t)q->min_iter) % (uint64_t)q->interval_steps == 0;
}

static bool stop(const hone_self *self, const hone_point *running, const hone_history *others)
{
    const params *q = self->params;
    uint64_t n = 0, complete = 0;
    double *values = hone_alloc_array(self->step, others->n, sizeof *values);
    if (!values || !is_asked(q, running->n_curve))
        return false; /* without memory a trial goes on */
    for (uint64_t i = 0; i < others->n; i++) {
        const hone_point *p = hone_point_at(others, i);
        const double value = standard_of(q, p, running->n_curve);
        complete += p->state == HONE_POINT_COMPLETE;
        if (!isnan(value))
            values[n++] = value;
    }
    if (complete == 0 || complete < (uint64_t)q->n_startup_trials)
        return false;
    const double best = best_of(running), median = median_of(values, n);
    return isnan(best) || best < median;
}

static const hone_param rows[] = {
    HONE_PARAM_INT(params, min_iter, .def_int = 1, .min_int = 1, .max_int = 1000000, .unit = "evaluations",
                   .renamed = "n_warmup_steps warmup_steps grace_period min_resource",
                   .help = "a trial may end after so many, and not before"),
    HONE_PARAM_INT(params, interval_steps, .def_int = 1, .min_int = 1, .max_int = 1000000, .unit = "evaluations",
                   .source = "Optuna, MedianPruner", .help = "from one decision about a trial to the next"),
    HONE_PARAM_INT(params, n_startup_trials, .def_int = 5, .max_int = 1000000, .unit = "trials",
                   .renamed = "min_samples_required", .source = "Optuna, MedianPruner",
                   .help = "complete trials to wait for before any is ended"),
    HONE_PARAM_BOOL(params, running_average, .source = "Golovin et al. 2017 has it on",
                    .help = "compare with the mean of the other trials' evaluations so far, not with the one at that time"),
};

static const hone_stopper median = {
    .plugin = {HONE_PLUGIN(hone_stopper, HONE_KIND_STOPPER), .name = "median",
               .summary = "ends trials that are worse than the median of complete ones at that time",
               .source = "Golovin et al. 2017, Google Vizier; Optuna, MedianPruner",
               .help = "An evaluation is one of the trainer's (trainer.eval_strategy).\n"
                       "Example: sweep: {early_terminate: {type: median, min_iter: 2}}",
               HONE_PARAMS(params, rows)},
    .stop = stop,
};
HONE_MODULE(&median.plugin);
