/* null.c - the launcher that starts nothing: every job is done at once, with exit code 0.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/search.h>

typedef struct state {
    uint64_t jobs; /* handles given out so far */
} state;

static hone_status start(const hone_self *self, const hone_job *job, uint64_t *handle, hone_error *err)
{
    (void)job;
    (void)err;
    *handle = ++((state *)self->state)->jobs;
    return HONE_OK;
}

static hone_status poll_job(const hone_self *self, uint64_t handle, hone_job_state *job, hone_error *err)
{
    if (handle == 0 || handle > ((const state *)self->state)->jobs)
        return hone_fail(err, HONE_EINVAL, "the launcher null has started no job %llu", (unsigned long long)handle);
    *job = (hone_job_state){.size = job->size};
    return HONE_OK;
}

static void wait_for_jobs(const hone_self *self, double seconds)
{
    (void)self;
    (void)seconds; /* nothing runs, so nothing will change */
}

static hone_status stop(const hone_self *self, uint64_t handle, bool hard, hone_error *err)
{
    (void)self;
    (void)handle;
    (void)hard;
    (void)err;
    return HONE_OK;
}

static void forget(const hone_self *self, uint64_t handle)
{
    (void)self;
    (void)handle;
}

static const hone_launcher null_launcher = {
    .plugin = {HONE_PLUGIN(hone_launcher, HONE_KIND_LAUNCHER), .name = "null",
               .summary = "starts nothing: every job is done at once", .state_size = sizeof(state)},
    .start = start,
    .poll = poll_job,
    .wait = wait_for_jobs,
    .stop = stop,
    .forget = forget,
    .flags = HONE_LAUNCHER_RUNS_NOTHING,
};
HONE_MODULE(&null_launcher.plugin);
