/* random.c - points drawn independently of each other.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/hone.h>

/* The first point is drawn already here, so that a space that is empty, or nearly so, is refused before anything runs. */
static hone_status create(const hone_self *self, const hone_space *space, hone_error *err)
{
    HONE_TRY(hone_space_check(space, err));
    double *x = hone_alloc_array(self->trial, space->n, sizeof *x);
    return x ? hone_space_draw(space, self->seed, 0, x, err) : hone_no_memory(err, "drawing a point");
}

static hone_status ask(const hone_self *self, const hone_space *space, uint64_t i, const hone_history *history, double *x,
                       hone_error *err)
{
    (void)history;
    return hone_space_draw(space, self->seed, i, x, err);
}

static const hone_searcher random_search = {
    .plugin = {HONE_PLUGIN(hone_searcher, HONE_KIND_SEARCHER), .name = "random",
               .summary = "points drawn independently from every parameter's distribution",
               .source = "Bergstra and Bengio 2012, Random search for hyper-parameter optimization",
               .help = "Has no end of its own: give `run_cap`. The same `sampler_seed` gives the same points.\n"
                       "Example: sweep: {method: random, run_cap: 12, parameters: {optimizer.learning_rate: "
                       "{distribution: log_uniform_values, min: 1.0e-5, max: 1.0e-4}}}"},
    .create = create,
    .ask = ask,
};

HONE_MODULE(&random_search.plugin);
