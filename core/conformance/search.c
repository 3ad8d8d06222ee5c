/* search.c - what searchers and stoppers promise.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "conformance/kinds.h"

#include <math.h>
#include <string.h>

/* So many that a searcher which learns has begun to. */
enum { POINTS = 24, DIMENSIONS = 4 };

static const hone_searcher *searcher_of(const hone__lab *lab)
{
    return (const hone_searcher *)(const void *)lab->table;
}

/* Dimension 1 counts only where dimension 0 is its first choice. */
static bool is_active(const void *host, const double *point, uint64_t d)
{
    (void)host;
    return d != 1 || point[0] == 0.0;
}

/* Not the second choice of 0 with the third of the last. */
static bool is_allowed(const void *host, const double *point)
{
    const hone_space *space = host;
    return space->n < 3 || !(point[0] == 1.0 && point[space->n - 1] == 2.0);
}

static const hone_dimension ranges[DIMENSIONS] = {
    {.name = "a", .distribution = HONE_CATEGORICAL, .n_choices = 2},
    {.name = "b", .distribution = HONE_UNIFORM, .min = -1.0, .max = 2.0},
    {.name = "c", .distribution = HONE_LOG_UNIFORM, .min = 1e-5, .max = 1e-1},
    {.name = "d", .distribution = HONE_INT_UNIFORM, .min = 0.0, .max = 3.0},
};
static const hone_dimension choices[DIMENSIONS] = {
    {.name = "a", .distribution = HONE_CATEGORICAL, .n_choices = 2},
    {.name = "b", .distribution = HONE_CATEGORICAL, .n_choices = 2},
    {.name = "c", .distribution = HONE_CATEGORICAL, .n_choices = 2},
    {.name = "d", .distribution = HONE_CATEGORICAL, .n_choices = 3},
};

/* An instance over the spaces, ranges first, with conditions and constraints; the first that it can walk. */
static hone_status open_searcher(hone__lab *lab, hone_space *space, hone_self **self, hone_error *err)
{
    static const hone_dimension *const spaces[] = {ranges, choices};
    hone_status status = HONE_OK;
    for (size_t i = 0; i < sizeof spaces / sizeof spaces[0]; i++) {
        const void *params;
        *space = (hone_space){.size = sizeof *space,
                              .n = DIMENSIONS,
                              .dimensions = spaces[i],
                              .dimension_size = sizeof(hone_dimension),
                              .active = is_active,
                              .allowed = is_allowed,
                              .host = space};
        HONE_TRY(hone__lab_params(lab, &params, err));
        HONE_TRY(hone__lab_instance(lab, lab->arena, params, self, err));
        if (lab->n_selves == HONE__LAB_OWNED)
            return hone_no_memory(err, "making an instance");
        lab->selves[lab->n_selves++] = *self;
        status = searcher_of(lab)->create ? searcher_of(lab)->create(*self, space, err) : HONE_OK;
        if (status == HONE_OK)
            return HONE_OK;
    }
    return status;
}

/* Results of the points before i, as a sweep would have them. */
static void fill_history(hone_history *h, hone_point *points, double (*x)[DIMENSIONS], uint64_t n)
{
    for (uint64_t k = 0; k < n; k++)
        points[k] = (hone_point){.x = x[k], .state = HONE_POINT_COMPLETE, .value = 1.0 / (1.0 + (double)k)};
    *h = (hone_history){.size = sizeof *h, .n = n, .points = points, .point_size = sizeof *points};
}

static hone_status ask(hone__lab *lab, const hone_self *self, const hone_space *space, uint64_t i, double (*x)[DIMENSIONS],
                       double *out, hone_error *err)
{
    hone_history history;
    hone_point points[POINTS];
    const hone_searcher *s = searcher_of(lab);
    const uint64_t lag = s->takes_history && s->lag ? s->lag(self) : 0;
    fill_history(&history, points, x, s->takes_history && i > lag ? i - lag : 0);
    for (int d = 0; d < DIMENSIONS; d++)
        out[d] = (double)NAN;
    return s->ask(self, space, i, &history, out, err);
}

static bool same_point(const double *a, const double *b)
{
    for (int d = 0; d < DIMENSIONS; d++)
        if (!(a[d] == b[d] || (isnan(a[d]) && isnan(b[d]))))
            return false;
    return true;
}

static hone_status check_values(const hone_space *space, const double *x, uint64_t i, hone_error *err)
{
    for (uint64_t d = 0; d < space->n; d++) {
        const hone_dimension *dimension = hone_dimension_at(space, d);
        const bool active = is_active(space, x, d), list = dimension->distribution == HONE_CATEGORICAL;
        const double lo = list ? 0.0 : dimension->min, hi = list ? (double)dimension->n_choices - 1.0 : dimension->max;
        HONE__EXPECT(active || isnan(x[d]), "point %llu has a value of %s, which does not count there", (unsigned long long)i,
                     dimension->name);
        HONE__EXPECT(!active || (x[d] >= lo && x[d] <= hi), "point %llu has %s = %g, outside %g to %g", (unsigned long long)i,
                     dimension->name, x[d], lo, hi);
        HONE__EXPECT(!active || !(list || dimension->distribution == HONE_INT_UNIFORM) || x[d] == floor(x[d]),
                     "point %llu has %s = %g, which is no whole number", (unsigned long long)i, dimension->name, x[d]);
    }
    HONE__EXPECT(is_allowed(space, x), "point %llu breaks the constraints", (unsigned long long)i);
    return HONE_OK;
}

static hone_status walk(hone__lab *lab, const hone_self *self, const hone_space *space, double (*x)[DIMENSIONS], uint64_t *n,
                        hone_error *err)
{
    for (*n = 0; *n < POINTS; ++*n) {
        const hone_status status = ask(lab, self, space, *n, x, x[*n], err);
        if (status == HONE_END)
            return HONE_OK;
        HONE_TRY(status);
    }
    return HONE_OK;
}

static hone_status points_lie_in_the_space(hone__lab *lab, hone_error *err)
{
    hone_space space;
    hone_self *self;
    double x[POINTS][DIMENSIONS];
    uint64_t n;
    HONE_TRY(open_searcher(lab, &space, &self, err));
    HONE_TRY(walk(lab, self, &space, x, &n, err));
    HONE__EXPECT(n > 0, "it gives no point");
    for (uint64_t i = 0; i < n; i++)
        HONE_TRY(check_values(&space, x[i], i, err));
    const uint64_t count = searcher_of(lab)->count ? searcher_of(lab)->count(self, &space) : 0;
    HONE__EXPECT(count == 0 || (n < POINTS ? n <= count : count >= n), "it says that there are %llu points and gives %llu",
                 (unsigned long long)count, (unsigned long long)n);
    return HONE_OK;
}

static hone_status a_point_asked_again_is_the_same(hone__lab *lab, hone_error *err)
{
    hone_space space, other_space;
    hone_self *self, *other;
    double x[POINTS][DIMENSIONS], again[DIMENSIONS];
    uint64_t n;
    HONE_TRY(open_searcher(lab, &space, &self, err));
    HONE_TRY(walk(lab, self, &space, x, &n, err));
    HONE_TRY(open_searcher(lab, &other_space, &other, err));
    for (uint64_t i = n; i > 0; i--) { /* backwards, of the same instance and of a fresh one */
        HONE_TRY(ask(lab, self, &space, i - 1, x, again, err));
        HONE__EXPECT(same_point(x[i - 1], again), "point %llu is another when asked a second time",
                     (unsigned long long)(i - 1));
        HONE_TRY(ask(lab, other, &other_space, i - 1, x, again, err));
        HONE__EXPECT(same_point(x[i - 1], again), "point %llu is another when it is asked first", (unsigned long long)(i - 1));
    }
    return HONE_OK;
}

static hone_status an_empty_space_has_one_point(hone__lab *lab, hone_error *err)
{
    static const hone_space empty = {.size = sizeof empty, .dimension_size = sizeof(hone_dimension)};
    const void *params;
    hone_self *self;
    double nothing[1];
    const hone_history history = {.size = sizeof history, .point_size = sizeof(hone_point)};
    HONE_TRY(hone__lab_params(lab, &params, err));
    HONE_TRY(hone__lab_instance(lab, lab->arena, params, &self, err));
    if (lab->n_selves == HONE__LAB_OWNED)
        return hone_no_memory(err, "making an instance");
    lab->selves[lab->n_selves++] = self;
    if (searcher_of(lab)->create)
        HONE_TRY(searcher_of(lab)->create(self, &empty, err));
    return searcher_of(lab)->ask(self, &empty, 0, &history, nothing, err);
}

const hone__check hone__checks_of_searcher[] = {
    {"points lie in the space and keep its constraints", points_lie_in_the_space},
    {"a point asked again, or in another order, is the same", a_point_asked_again_is_the_same},
    {"an empty space has a point", an_empty_space_has_one_point},
    {NULL, NULL},
};

/* ---- Stoppers ---------------------------------------------------------------------------------------------------- */

static hone_status it_decides_the_same_twice(hone__lab *lab, hone_error *err)
{
    static const double curves[4][5] = {
        {0.1, 0.2, 0.3, 0.4, 0.5}, {0.5, 0.6, 0.7, 0.8, 0.9}, {0.3, 0.3, 0.3, 0.3, 0.3}, {-1.0, NAN, 0.0, 0.1, 0.2}};
    const hone_stopper *stopper = (const hone_stopper *)(const void *)lab->table;
    hone_self *self;
    hone_point others[4];
    HONE_TRY(hone__lab_self(lab, &self, err));
    for (int i = 0; i < 4; i++)
        others[i] = (hone_point){
            .state = i == 3 ? HONE_POINT_FAILED : HONE_POINT_COMPLETE, .n_curve = 5, .value = curves[i][4], .curve = curves[i]};
    for (uint64_t n = 0; n <= 4; n++)
        for (uint32_t age = 0; age <= 5; age++) {
            const hone_history history = {.size = sizeof history, .n = n, .points = others, .point_size = sizeof(hone_point)};
            const hone_point running = {.n_curve = age, .value = (double)NAN, .curve = curves[0]};
            const bool first = stopper->stop(self, &running, &history);
            HONE__EXPECT(first == stopper->stop(self, &running, &history), "asked twice at age %u it decides in two ways",
                         (unsigned)age);
            HONE__EXPECT(!first || age > 0, "it ends a trial that has not been evaluated yet");
            HONE__EXPECT(!first || n > 0, "it ends the only trial there is");
        }
    return HONE_OK;
}

/* Better than each of the others at each evaluation: whatever a stopper looks
 * at, there is no reason to end it. */
static hone_status it_does_not_end_the_best(hone__lab *lab, hone_error *err)
{
    enum { TRIALS = 12, LENGTH = 32 };
    static double curves[TRIALS + 1][LENGTH];
    const hone_stopper *stopper = (const hone_stopper *)(const void *)lab->table;
    hone_self *self;
    hone_point others[TRIALS];
    HONE_TRY(hone__lab_self(lab, &self, err));
    for (int t = 0; t <= TRIALS; t++)
        for (int i = 0; i < LENGTH; i++)
            curves[t][i] = i - 100.0 * t;
    for (int t = 0; t < TRIALS; t++)
        others[t] = (hone_point){.state = HONE_POINT_COMPLETE, .n_curve = LENGTH, .value = -100.0 * t, .curve = curves[t + 1]};
    const hone_history history = {.size = sizeof history, .n = TRIALS, .points = others, .point_size = sizeof(hone_point)};
    for (uint32_t age = 1; age <= LENGTH; age++) {
        const hone_point running = {.state = HONE_POINT_RUNNING, .n_curve = age, .value = (double)NAN, .curve = curves[0]};
        HONE__EXPECT(!stopper->stop(self, &running, &history), "it ends the best trial of all at age %u", (unsigned)age);
    }
    return HONE_OK;
}

const hone__check hone__checks_of_stopper[] = {
    {"it decides the same twice, and not before there is something to compare", it_decides_the_same_twice},
    {"it does not end the best trial", it_does_not_end_the_best},
    {NULL, NULL},
};
