/* test_stoppers.c - what median and asha decide equals a small computation of another kind, over many random sweeps.
 *
 * The computation counts instead of sorting: the middle ones are found by how many values lie below; a trial is among the best k where
 * fewer than k are larger.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "plugins/instance.h"

#include <math.h>

enum { ROUNDS = 400, TRIALS = 9, LENGTH = 20 };

typedef struct median_params { /* as in plugins/stopper/median.c */
    int64_t min_iter, interval_steps, n_startup_trials;
    bool running_average;
} median_params;

typedef struct asha_params { /* as in plugins/stopper/asha.c */
    int64_t min_iter, eta;
} asha_params;

typedef struct world {
    hone_point points[TRIALS];
    double curves[TRIALS][LENGTH];
    hone_point running;
    hone_history others;
} world;

/* Random curves of random length; values of few levels, so that some are equal, and now and then none. */
static void draw_world(world *w, uint64_t round)
{
    const hone_key key = {.seed = round, .scope = hone_scope_hash("stoppers")};
    const hone_stream s = hone_stream_of(&key);
    for (uint64_t t = 0; t < TRIALS; t++) {
        for (uint64_t i = 0; i < LENGTH; i++)
            w->curves[t][i] = hone_random_below(s, t, 2 * i, 20) ? (double)hone_random_below(s, t, 2 * i + 1, 6) : (double)NAN;
        w->points[t] = (hone_point){.state = (uint32_t)(HONE_POINT_COMPLETE + hone_random_below(s, t, 200, 4)),
                                    .n_curve = (uint32_t)(1 + hone_random_below(s, t, 202, LENGTH)),
                                    .value = (double)NAN,
                                    .curve = w->curves[t]};
    }
    w->running = w->points[0];
    w->running.state = HONE_POINT_RUNNING;
    w->others = (hone_history){sizeof w->others, hone_random_below(s, 0, 300, TRIALS), w->points + 1, sizeof *w->points};
}

static double mean_until(const double *curve, uint32_t n)
{
    double sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += curve[i];
    return sum / n;
}

static bool median_ends(const world *w, const median_params *q)
{
    const uint32_t n = w->running.n_curve;
    double best = -(double)INFINITY, standards[TRIALS], low = 0, high = 0;
    int n_standards = 0, complete = 0;
    if (n < q->min_iter || (n - q->min_iter) % q->interval_steps)
        return false;
    for (uint32_t i = 0; i < n; i++)
        best = w->running.curve[i] > best ? w->running.curve[i] : best;
    for (uint64_t t = 0; t < w->others.n; t++) {
        const hone_point *p = hone_point_at(&w->others, t);
        if (p->state != HONE_POINT_COMPLETE)
            continue;
        complete++;
        const double x = p->n_curve < n ? (double)NAN : q->running_average ? mean_until(p->curve, n) : p->curve[n - 1];
        if (x == x)
            standards[n_standards++] = x;
    }
    if (complete == 0 || complete < q->n_startup_trials)
        return false;
    if (best == -(double)INFINITY)
        return true;
    for (int i = 0; i < n_standards; i++) { /* so many below, so many not above */
        int below = 0, not_above = 0;
        for (int k = 0; k < n_standards; k++) {
            below += standards[k] < standards[i];
            not_above += standards[k] <= standards[i];
        }
        low = below <= (n_standards - 1) / 2 && (n_standards - 1) / 2 < not_above ? standards[i] : low;
        high = below <= n_standards / 2 && n_standards / 2 < not_above ? standards[i] : high;
    }
    return n_standards > 0 && 2 * best < low + high;
}

static bool asha_ends(const world *w, const asha_params *q)
{
    const uint32_t n = w->running.n_curve;
    bool rung = false;
    int reached = 1, larger = 0;
    for (int64_t at = q->min_iter; at <= LENGTH; at *= q->eta)
        rung |= at == n;
    for (uint64_t t = 0; t < w->others.n; t++) {
        const hone_point *p = hone_point_at(&w->others, t);
        const bool counts = p->n_curve >= n && p->curve[n - 1] == p->curve[n - 1];
        reached += counts;
        larger += counts && p->curve[n - 1] > w->running.curve[n - 1];
    }
    const int go_on = reached < 2 * q->eta ? 1 : reached / (int)q->eta;
    return rung && reached > 1 && (isnan(w->running.curve[n - 1]) || larger + 1 > go_on);
}

static bool ask(instance *in, const world *w)
{
    const bool ends = ((const hone_stopper *)(const void *)in->self.plugin)->stop(&in->self, &w->running, &w->others);
    hone__arena_reset(in->self.step);
    return ends;
}

START_TEST(median_decides_as_a_small_computation)
{
    static const median_params settings[] = {{1, 1, 0, false}, {1, 1, 2, false}, {4, 3, 1, false}, {2, 1, 1, true}};
    for (size_t k = 0; k < sizeof settings / sizeof *settings; k++) {
        instance in;
        int ended = 0;
        instance_open(&in, "stopper/median", &settings[k], 0);
        for (uint64_t round = 0; round < ROUNDS; round++) {
            static world w;
            draw_world(&w, round);
            const bool ends = ask(&in, &w);
            ck_assert_msg(ends == median_ends(&w, &settings[k]), "settings %zu, round %d: it says %d", k, (int)round, ends);
            ended += ends;
        }
        ck_assert_msg(ended > 0 && ended < ROUNDS / 2, "settings %zu: %d trials are ended", k, ended);
        instance_close(&in);
    }
}
END_TEST

START_TEST(asha_decides_as_a_small_computation)
{
    static const asha_params settings[] = {{1, 2}, {1, 3}, {2, 4}, {3, 2}};
    for (size_t k = 0; k < sizeof settings / sizeof *settings; k++) {
        instance in;
        int ended = 0;
        instance_open(&in, "stopper/asha", &settings[k], 0);
        for (uint64_t round = 0; round < ROUNDS; round++) {
            static world w;
            draw_world(&w, round);
            const bool ends = ask(&in, &w);
            ck_assert_msg(ends == asha_ends(&w, &settings[k]), "settings %zu, round %d: it says %d", k, (int)round, ends);
            ended += ends;
        }
        ck_assert_msg(ended > 0 && ended < ROUNDS / 2, "settings %zu: %d trials are ended", k, ended);
        instance_close(&in);
    }
}
END_TEST

SUITE("stoppers", median_decides_as_a_small_computation, asha_decides_as_a_small_computation)
