/* running.c - what launchers, backends and tasks promise.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "conformance/kinds.h"

#include "config/yaml.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- Launchers --------------------------------------------------------------------------------------------------- */

static const hone_launcher *launcher_of(const hone__lab *lab)
{
    return (const hone_launcher *)(const void *)lab->table;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

typedef struct job_run {
    hone_self *self;
    uint64_t handle;
    char log[4096];
} job_run;

/* Starts a shell command with its output in a file of its own. */
static hone_status start_shell(hone__lab *lab, const char *command, job_run *r, hone_error *err)
{
    const char *tmp = getenv("TMPDIR"), *const argv[] = {"/bin/sh", "-c", command, NULL};
    snprintf(r->log, sizeof r->log, "%s/hone-job-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    const int fd = mkstemp(r->log);
    if (fd < 0)
        return hone_fail(err, HONE_EIO, "cannot make a temporary file: %s", r->log);
    close(fd);
    const hone_job job = {.size = sizeof job, .argv = argv, .log_path = r->log, .threads = 1};
    const hone_status status = launcher_of(lab)->start(r->self, &job, &r->handle, err);
    if (status != HONE_OK)
        unlink(r->log);
    return status;
}

/* Waits for the end, 20 s at most. */
static hone_status wait_for_end(hone__lab *lab, const job_run *r, hone_job_state *state, hone_error *err)
{
    const double begin = now();
    for (;;) {
        *state = (hone_job_state){.size = sizeof *state};
        HONE_TRY(launcher_of(lab)->poll(r->self, r->handle, state, err));
        if (!state->running)
            return HONE_OK;
        HONE__EXPECT(now() - begin < 20.0, "the job has not ended after 20 s");
        launcher_of(lab)->wait(r->self, 0.05);
    }
}

static hone_status end_of(hone__lab *lab, const char *command, int stop, hone_job_state *state, hone_error *err)
{
    job_run r = {0};
    HONE_TRY(hone__lab_self(lab, &r.self, err));
    HONE_TRY(start_shell(lab, command, &r, err));
    hone_status status = HONE_OK;
    if (stop)
        status = launcher_of(lab)->stop(r.self, r.handle, stop == SIGKILL, err);
    if (status == HONE_OK)
        status = wait_for_end(lab, &r, state, err);
    launcher_of(lab)->forget(r.self, r.handle);
    unlink(r.log);
    return status;
}

static bool runs_nothing(const hone__lab *lab)
{
    return launcher_of(lab)->flags & HONE_LAUNCHER_RUNS_NOTHING;
}

static hone_status exit_codes_are_reported(hone__lab *lab, hone_error *err)
{
    hone_job_state state;
    HONE_TRY(end_of(lab, "exit 0", 0, &state, err));
    HONE__EXPECT(state.exit_code == 0 && state.signal == 0, "exit 0 is reported as exit code %d, signal %d", state.exit_code,
                 state.signal);
    if (runs_nothing(lab))
        return HONE_OK;
    HONE_TRY(end_of(lab, "exit 3", 0, &state, err));
    HONE__EXPECT(state.exit_code == 3 && state.signal == 0, "exit 3 is reported as exit code %d, signal %d", state.exit_code,
                 state.signal);
    return HONE_OK;
}

static hone_status signals_are_reported(hone__lab *lab, hone_error *err)
{
    hone_job_state state;
    if (runs_nothing(lab))
        HONE__LEAVE_OUT("it runs nothing");
    HONE_TRY(end_of(lab, "kill -9 $$", 0, &state, err));
    HONE__EXPECT(state.signal == SIGKILL, "kill -9 is reported as exit code %d, signal %d", state.exit_code, state.signal);
    return HONE_OK;
}

static hone_status jobs_can_be_stopped(hone__lab *lab, hone_error *err)
{
    hone_job_state state;
    if (runs_nothing(lab))
        HONE__LEAVE_OUT("it runs nothing");
    const double begin = now();
    HONE_TRY(end_of(lab, "sleep 30", SIGKILL, &state, err));
    HONE__EXPECT(state.exit_code != 0, "a job that was stopped hard is reported as done");
    HONE_TRY(end_of(lab, "sleep 30", SIGTERM, &state, err));
    HONE__EXPECT(now() - begin < 15.0, "stopping two jobs took %g s", now() - begin);
    return HONE_OK;
}

static hone_status output_goes_to_the_log(hone__lab *lab, hone_error *err)
{
    job_run r = {0};
    hone_job_state state;
    char text[64] = "";
    if (runs_nothing(lab))
        HONE__LEAVE_OUT("it runs nothing");
    HONE_TRY(hone__lab_self(lab, &r.self, err));
    HONE_TRY(start_shell(lab, "echo out; echo err >&2", &r, err));
    const hone_status status = wait_for_end(lab, &r, &state, err);
    launcher_of(lab)->forget(r.self, r.handle);
    FILE *log = fopen(r.log, "r");
    const size_t n = log ? fread(text, 1, sizeof text - 1, log) : 0;
    if (log)
        fclose(log);
    unlink(r.log);
    HONE_TRY(status);
    text[n] = '\0';
    HONE__EXPECT(strstr(text, "out") && strstr(text, "err"), "the log holds \"%s\" and not both lines that the job wrote",
                 text);
    return HONE_OK;
}

const hone__check hone__checks_of_launcher[] = {
    {"exit codes are reported", exit_codes_are_reported},
    {"signals are reported", signals_are_reported},
    {"jobs can be stopped", jobs_can_be_stopped},
    {"output goes to the log", output_goes_to_the_log},
    {NULL, NULL},
};

/* ---- Backends ---------------------------------------------------------------------------------------------------- */

/* Example i of an operator with its inputs, forward, with or without a backend. */
static hone_status run_example(hone__lab *lab, const hone_op *op, uint32_t i, const hone_self *backend, hone_pool *pool,
                               hone_tensor *out, hone_error *err)
{
    hone__block block = {0};
    hone_node *y;
    const hone__graph_setup setup = {.arena = lab->step,
                                     .backend = backend ? (const hone_backend *)(const void *)backend->plugin : NULL,
                                     .backend_self = backend,
                                     .pool = pool,
                                     .seed = 7,
                                     .training = true};
    hone_graph *g = hone__graph_create(&setup);
    if (!g)
        return hone_no_memory(err, "running an operator");
    HONE_TRY(op->example(g, i, &y, err));
    HONE_TRY(hone_graph_status(g, err));
    hone__graph_keep(g, y, false);
    HONE_TRY(hone__graph_plan(g, false, NULL, err));
    hone_status status = hone__graph_forward(g, &block, err);
    if (status == HONE_OK) {
        *out = *hone__node_tensor(y);
        const size_t bytes = (size_t)hone_shape_count(&out->shape) * hone_dtype_size(out->dtype);
        void *copy = hone_alloc(lab->arena, bytes);
        if (copy)
            out->data = memcpy(copy, out->data, bytes);
        else
            status = hone_no_memory(err, "running an operator");
    }
    hone__block_free(&block);
    return status;
}

static hone_status compare_close(const hone_op *op, uint32_t i, const hone_tensor *a, const hone_tensor *b, hone_error *err)
{
    const int64_t n = hone_shape_count(&a->shape);
    HONE__EXPECT(hone_shape_equal(&a->shape, &b->shape) && a->dtype == b->dtype, "example %u of %s has another shape", i,
                 op->name);
    for (int64_t k = 0; a->dtype == HONE_F32 && k < n; k++) {
        const double x = (double)((const float *)a->data)[k], y = (double)((const float *)b->data)[k];
        /* 1e-4: sums of a few hundred floats in another order. */
        HONE__EXPECT(fabs(x - y) <= 1e-4 * fmax(1.0, fabs(x)),
                     "element %lld of example %u of %s is %g, and the reference gives %g", (long long)k, i, op->name, y, x);
    }
    return HONE_OK;
}

/* One example of an operator: with the backend against the reference, or with several threads against one. */
static hone_status compare_example(hone__lab *lab, const hone_op *op, uint32_t i, const hone_self *self,
                                   hone_pool *const *pools, hone_error *err)
{
    hone_tensor one, other;
    HONE_TRY(run_example(lab, op, i, pools ? self : NULL, NULL, &one, err));
    if (!pools) {
        HONE_TRY(run_example(lab, op, i, self, NULL, &other, err));
        return compare_close(op, i, &one, &other, err);
    }
    for (; *pools; pools++) {
        HONE_TRY(run_example(lab, op, i, self, *pools, &other, err));
        HONE__EXPECT(hone__lab_same(&one, &other), "example %u of %s has other bits with %d threads than with 1", i, op->name,
                     hone_pool_threads(*pools));
    }
    return HONE_OK;
}

static hone_status over_core_ops(hone__lab *lab, const hone_self *self, hone_pool *const *pools, hone_error *err)
{
    for (const hone_op *const *op = hone__core_ops; *op; op++) {
        hone_status status = HONE_OK;
        for (uint32_t i = 0; status == HONE_OK; i++)
            status = compare_example(lab, *op, i, self, pools, err);
        if (status != HONE_END)
            return status;
    }
    return HONE_OK;
}

static hone_status operators_agree_with_the_reference(hone__lab *lab, hone_error *err)
{
    hone_self *self;
    HONE_TRY(hone__lab_self(lab, &self, err));
    return over_core_ops(lab, self, NULL, err);
}

static hone_status bits_do_not_depend_on_threads(hone__lab *lab, hone_error *err)
{
    hone_self *self;
    hone_pool *pools[3] = {NULL};
    HONE_TRY(hone__lab_self(lab, &self, err));
    HONE_TRY(hone__lab_pool(lab, 2, &pools[0], err));
    HONE_TRY(hone__lab_pool(lab, 4, &pools[1], err));
    return over_core_ops(lab, self, pools, err);
}

static hone_status gradients_agree_with_finite_differences(hone__lab *lab, hone_error *err)
{
    hone_self *self;
    hone_pool *pool;
    HONE_TRY(hone__lab_self(lab, &self, err));
    HONE_TRY(hone__lab_pool(lab, 2, &pool, err));
    for (const hone_op *const *op = hone__core_ops; *op; op++) {
        hone__gradcheck result = {0};
        if ((*op)->backward)
            HONE_TRY(hone__gradcheck_op(*op, (const hone_backend *)(const void *)lab->table, self, pool, 5e-3, &result, err));
    }
    return HONE_OK;
}

static hone_status it_describes_itself_in_a_line(hone__lab *lab, hone_error *err)
{
    hone_self *self;
    HONE_TRY(hone__lab_self(lab, &self, err));
    const char *words = ((const hone_backend *)(const void *)lab->table)->describe(self);
    HONE__EXPECT(words && *words && !strchr(words, '\n'), "its description is not one line");
    return HONE_OK;
}

/* Declared independent: a sequence's hidden states and their gradients know nothing of its neighbours. */
static hone_status independent_rows_are_independent(hone__lab *lab, hone_error *err)
{
    static const uint64_t all[HONE__LAB_EXAMPLES] = {0, 1, 2, 3, 4, 5};
    hone_self *self;
    hone__network net;
    hone__prepared *prepared;
    hone__lab_run together;
    if (!(((const hone_backend *)(const void *)lab->table)->flags & HONE_BACKEND_ROWS_INDEPENDENT))
        HONE__LEAVE_OUT("it does not declare independent rows");
    HONE_TRY(hone__lab_self(lab, &self, err));
    HONE_TRY(hone__lab_network(lab, NULL, NULL, HONE_TARGET_CLASS, 2, &net, &prepared, err));
    net.backend = (const hone_backend *)(const void *)lab->table;
    net.backend_self = self;
    HONE_TRY(hone__lab_forward(lab, &net, prepared, all, HONE__LAB_EXAMPLES, false, &together, err));
    const hone_tensor *many = hone__node_tensor(together.pass->scores[0].node);
    for (uint64_t e = 0; e < HONE__LAB_EXAMPLES; e++) {
        hone__lab_run alone;
        HONE_TRY(hone__lab_forward(lab, &net, prepared, &all[e], 1, false, &alone, err));
        const hone_tensor *one = hone__node_tensor(alone.pass->scores[0].node);
        const size_t row = HONE__LAB_LABELS * sizeof(float);
        HONE__EXPECT(memcmp((const char *)many->data + e * row, one->data, row) == 0,
                     "example %llu has other scores alone than in a batch", (unsigned long long)e);
    }
    return HONE_OK;
}

const hone__check hone__checks_of_backend[] = {
    {"it describes itself in a line", it_describes_itself_in_a_line},
    {"operators agree with the reference", operators_agree_with_the_reference},
    {"gradients agree with finite differences", gradients_agree_with_finite_differences},
    {"bits do not depend on the number of threads", bits_do_not_depend_on_threads},
    {"rows declared independent are", independent_rows_are_independent},
    {NULL, NULL},
};

/* ---- Tasks ------------------------------------------------------------------------------------------------------- */

static hone_status its_settings_are_a_map_of_sections(hone__lab *lab, hone_error *err)
{
    const char *settings = ((const hone_task *)(const void *)lab->table)->settings;
    hone__yaml *root;
    HONE_TRY(hone__yaml_parse(lab->arena, settings, strlen(settings), lab->table->name, &root, NULL, err));
    HONE__EXPECT(root->type == HONE__YAML_MAP, "its settings are %s and not a map of sections",
                 hone__yaml_type_name(root->type));
    return HONE_OK;
}

const hone__check hone__checks_of_task[] = {
    {"its settings are a map of sections", its_settings_are_a_map_of_sections},
    {NULL, NULL},
};
