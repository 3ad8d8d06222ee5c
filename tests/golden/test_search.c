/* test_search.c - the searcher tpe gets on as Optuna's TPESampler does: on three published functions and on a recorded sweep of BERT.
 *
 * tests/golden/search.py has the functions again, with their sources, and made search/optuna.txt: mean and standard deviation over 20
 * seeds of the best value so far, after so many trials. Here are 20 seeds of ours.
 *
 * The tolerance: two means of 20 samples each, of the same distribution, differ by more than three standard errors of their difference
 * once in 370 times; that random search lies outside shows that the test can tell. Seeds are fixed, so that it cannot fail by chance.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "golden_lines.h"
#include "plugins/instance.h"

enum { SEEDS = 20, TRIALS = 60, MOST_DIMENSIONS = 8 };

static const double pi = 3.14159265358979312;

/* ---- The functions ----------------------------------------------------------------------------------------------- */

static double branin(const double *x)
{
    const double a = x[1] - 5.1 / (4 * pi * pi) * x[0] * x[0] + 5 / pi * x[0] - 6;
    return a * a + 10 * (1 - 1 / (8 * pi)) * cos(x[0]) + 10;
}

static double hartmann6(const double *x)
{
    static const double alpha[4] = {1.0, 1.2, 3.0, 3.2};
    static const double a[4][6] = {
        {10, 3, 17, 3.5, 1.7, 8}, {0.05, 10, 17, 0.1, 8, 14}, {3, 3.5, 1.7, 10, 17, 8}, {17, 8, 0.05, 10, 0.1, 14}};
    static const double p[4][6] = {{0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886},
                                   {0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991},
                                   {0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650},
                                   {0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381}};
    double sum = 0;
    for (int i = 0; i < 4; i++) {
        double distance = 0;
        for (int j = 0; j < 6; j++)
            distance += a[i][j] * (x[j] - p[i][j]) * (x[j] - p[i][j]);
        sum -= alpha[i] * exp(-distance);
    }
    return sum;
}

/* x1 x2 x3 are choices; x2 chooses between x4 and x5 with r8, x3 between x6 and x7 with r9. */
enum { X1, X2, X3, X4, X5, X6, X7, R8, R9, TREE };

static double tree(const double *x)
{
    const bool left = x[X1] == 0, first = x[left ? X2 : X3] == 0;
    const int leaf = left ? (first ? X4 : X5) : (first ? X6 : X7);
    return x[leaf] * x[leaf] + 0.1 * (leaf - X4 + 1) + x[left ? R8 : R9];
}

static bool tree_active(const void *host, const double *x, uint64_t d)
{
    (void)host;
    const bool left = x[X1] == 0;
    if (d == X1)
        return true;
    if (d == X2 || d == X4 || d == X5 || d == R8)
        return left && (d == X2 || d == R8 || x[X2] == (double)(d == X5));
    return !left && (d == X3 || d == R9 || x[X3] == (double)(d == X7));
}

static double steps(const double *x)
{
    static const double of_choice[4] = {1.0, 0.5, 0.0, 2.0};
    const double c = log(x[2] / 50);
    ck_assert(x[0] == floor(x[0]) && 2 * x[1] == floor(2 * x[1]) && x[2] == floor(x[2]) && x[2] >= 1 && x[2] <= 1000);
    return fabs(x[0] - 13) / 4 + (x[1] + 1.5) * (x[1] + 1.5) + c * c + of_choice[(int)x[3]];
}

/* The recorded sweep, [rate][dropout][batch], between whose rates (on a logarithmic scale) and dropouts values are interpolated. */
enum { RATES = 7, DROPOUTS = 2, BATCHES = 3 };
static double rates[RATES], dropouts[DROPOUTS], recorded[RATES][DROPOUTS][BATCHES];

static void read_sweep(void)
{
    static const char *const path = "tests/golden/search/bert_sweep.txt";
    FILE *file = lines_open(path);
    line l;
    for (int i = 0; i < RATES * DROPOUTS * BATCHES; i++) {
        line_expect(file, &l, "trial");
        ck_assert_int_eq(l.n, 4);
        const int r = i / (DROPOUTS * BATCHES), d = i / BATCHES % DROPOUTS;
        rates[r] = log(l.x[0]);
        dropouts[d] = l.x[1];
        recorded[r][d][i % BATCHES] = l.x[3];
    }
    ck_assert_msg(!line_next(file, &l), "%s has more lines than its grid has places", path);
    fclose(file);
}

static int node_below(const double *nodes, int n, double x, double *along)
{
    int i = 0;
    while (i + 2 < n && nodes[i + 1] <= x)
        i++;
    *along = (x - nodes[i]) / (nodes[i + 1] - nodes[i]);
    return i;
}

static double sweep(const double *x)
{
    double s, t;
    const int i = node_below(rates, RATES, log(x[0]), &s), j = node_below(dropouts, DROPOUTS, x[1], &t), b = (int)x[2];
    return (1 - s) * ((1 - t) * recorded[i][j][b] + t * recorded[i][j + 1][b]) +
           s * ((1 - t) * recorded[i + 1][j][b] + t * recorded[i + 1][j + 1][b]);
}

/* ---- Their spaces ------------------------------------------------------------------------------------------------ */

#define REAL(word, low, high)                                                                                                  \
    {                                                                                                                          \
        .name = (word), .distribution = HONE_UNIFORM, .min = (low), .max = (high)                                              \
    }
#define CHOICE(word, n)                                                                                                        \
    {                                                                                                                          \
        .name = (word), .distribution = HONE_CATEGORICAL, .n_choices = (n)                                                     \
    }

static const hone_dimension branin_space[] = {REAL("x1", -5, 10), REAL("x2", 0, 15)};
static const hone_dimension hartmann6_space[] = {REAL("x1", 0, 1), REAL("x2", 0, 1), REAL("x3", 0, 1),
                                                 REAL("x4", 0, 1), REAL("x5", 0, 1), REAL("x6", 0, 1)};
static const hone_dimension tree_space[TREE] = {CHOICE("x1", 2),   CHOICE("x2", 2),   CHOICE("x3", 2),
                                                REAL("x4", -1, 1), REAL("x5", -1, 1), REAL("x6", -1, 1),
                                                REAL("x7", -1, 1), REAL("r8", 0, 1),  REAL("r9", 0, 1)};
static const hone_dimension steps_space[] = {
    {.name = "a", .distribution = HONE_INT_UNIFORM, .max = 20},
    {.name = "b", .distribution = HONE_UNIFORM, .min = -5, .max = 5, .quantum = 0.5},
    {.name = "c", .distribution = HONE_LOG_UNIFORM, .min = 1, .max = 1000, .quantum = 1},
    CHOICE("d", 4)};
static const hone_dimension sweep_space[] = {{.name = "rate", .distribution = HONE_LOG_UNIFORM, .min = 1e-5, .max = 2.5e-3},
                                             REAL("dropout", 0, 0.4),
                                             CHOICE("batch", BATCHES)};

typedef struct subject {
    const char *name;
    const hone_dimension *dimensions;
    uint64_t n;
    bool (*active)(const void *host, const double *x, uint64_t d);
    double (*value)(const double *x);
} subject;

#define SPACE(s) s, sizeof(s) / sizeof *(s)

/* ---- Searching --------------------------------------------------------------------------------------------------- */

typedef struct tpe_params { /* as in plugins/searcher/tpe.c */
    int64_t n_startup_trials, n_ei_candidates, lag;
    bool multivariate;
} tpe_params;

static void search(const subject *s, int64_t lag, uint64_t seed, double *curve)
{
    const tpe_params params = {10, 24, lag, true};
    const hone_space space = {.size = sizeof space,
                              .n = s->n,
                              .dimensions = s->dimensions,
                              .dimension_size = sizeof(hone_dimension),
                              .active = s->active};
    static double x[TRIALS][TREE];
    static hone_point points[TRIALS];
    instance in;
    hone_error err;
    instance_open(&in, "searcher/tpe", &params, seed);
    const hone_searcher *tpe = (const hone_searcher *)(const void *)in.self.plugin;
    ck_assert_int_eq(tpe->create(&in.self, &space, &err), HONE_OK);
    for (uint64_t i = 0; i < TRIALS; i++) {
        const hone_history history = {sizeof history, i > (uint64_t)lag ? i - (uint64_t)lag : 0, points, sizeof *points};
        ck_assert_int_eq(tpe->ask(&in.self, &space, i, &history, x[i], &err), HONE_OK);
        hone__arena_reset(in.self.step);
        const double value = s->value(x[i]);
        points[i] = (hone_point){.x = x[i], .state = HONE_POINT_COMPLETE, .value = -value};
        curve[i] = i > 0 ? fmin(curve[i - 1], value) : value;
    }
    instance_close(&in);
}

typedef struct spread {
    double mean, deviation;
} spread;

static spread spread_of(double curves[SEEDS][TRIALS], int at)
{
    spread s = {0, 0};
    for (int k = 0; k < SEEDS; k++)
        s.mean += curves[k][at] / SEEDS;
    for (int k = 0; k < SEEDS; k++)
        s.deviation += (curves[k][at] - s.mean) * (curves[k][at] - s.mean) / (SEEDS - 1);
    s.deviation = sqrt(s.deviation);
    return s;
}

/* In standard errors of the difference of the means. */
static double distance(spread a, spread b)
{
    return fabs(a.mean - b.mean) / sqrt((a.deviation * a.deviation + b.deviation * b.deviation) / SEEDS);
}

/* ---- Optuna's -----------------------------------------------------------------------------------------------------*/

/* The case of that name in optuna.txt; *trials has the numbers of trials at which it is given. */
static void read_case(const char *name, line *trials, spread *spreads)
{
    FILE *file = lines_open("tests/golden/search/optuna.txt");
    line mean, deviation;
    line_expect(file, trials, "trials");
    do
        line_expect(file, &mean, "case");
    while (strcmp(mean.yaml, name) != 0 && line_next(file, &mean) && line_next(file, &mean));
    line_expect(file, &mean, "mean");
    line_expect(file, &deviation, "deviation");
    fclose(file);
    ck_assert_int_eq(mean.n, trials->n);
    ck_assert_int_eq(deviation.n, trials->n);
    for (int i = 0; i < mean.n; i++)
        spreads[i] = (spread){mean.x[i], deviation.x[i]};
}

static void compare_at(const subject *s, int64_t lag)
{
    static double curves[SEEDS][TRIALS];
    char name[64], random[64];
    line trials;
    spread theirs[LINE_NUMBERS], chance[LINE_NUMBERS];
    snprintf(name, sizeof name, "%s tpe %lld", s->name, (long long)lag);
    snprintf(random, sizeof random, "%s random 0", s->name);
    read_case(name, &trials, theirs);
    read_case(random, &trials, chance);
    for (int k = 0; k < SEEDS; k++)
        search(s, lag, (uint64_t)k, curves[k]);
    for (int i = 0; i < trials.n; i++) {
        const spread ours = spread_of(curves, (int)trials.x[i] - 1);
        if (getenv("HONE_SHOW"))
            printf("%s after %g trials: %.4f (deviation %.4f), Optuna %.4f (%.4f), random %.4f: %.2f standard errors\n", name,
                   trials.x[i], ours.mean, ours.deviation, theirs[i].mean, theirs[i].deviation, chance[i].mean,
                   distance(ours, theirs[i]));
        ck_assert_msg(distance(ours, theirs[i]) <= 3,
                      "%s, after %g trials: the best is %.5f (deviation %.5f), but Optuna's %.5f (%.5f)", name, trials.x[i],
                      ours.mean, ours.deviation, theirs[i].mean, theirs[i].deviation);
    }
    const spread last = spread_of(curves, TRIALS - 1);
    ck_assert_msg(last.mean < chance[trials.n - 1].mean && distance(last, chance[trials.n - 1]) > 3,
                  "%s: the best of %d trials is %.5f, which random search reaches as well (%.5f)", name, TRIALS, last.mean,
                  chance[trials.n - 1].mean);
}

/* With every result known, and with three awaited. */
static void compare(const subject *s)
{
    compare_at(s, 0);
    compare_at(s, 3);
}

START_TEST(on_branin_it_gets_on_as_optunas)
{
    compare(&(subject){"branin", SPACE(branin_space), NULL, branin});
}
END_TEST

START_TEST(on_hartmann6_it_gets_on_as_optunas)
{
    compare(&(subject){"hartmann6", SPACE(hartmann6_space), NULL, hartmann6});
}
END_TEST

START_TEST(on_a_tree_of_conditions_it_gets_on_as_optunas)
{
    compare(&(subject){"tree", SPACE(tree_space), tree_active, tree});
}
END_TEST

START_TEST(on_steps_and_choices_it_gets_on_as_optunas)
{
    compare(&(subject){"steps", SPACE(steps_space), NULL, steps});
}
END_TEST

START_TEST(on_a_recorded_sweep_of_bert_it_gets_on_as_optunas)
{
    read_sweep();
    compare(&(subject){"sweep", SPACE(sweep_space), NULL, sweep});
}
END_TEST

SUITE("golden/search", on_branin_it_gets_on_as_optunas, on_hartmann6_it_gets_on_as_optunas,
      on_a_tree_of_conditions_it_gets_on_as_optunas, on_steps_and_choices_it_gets_on_as_optunas,
      on_a_recorded_sweep_of_bert_it_gets_on_as_optunas)
