/* local.c - runs each trial as a process of its own on this machine.
 *
 * A job is the leader of its own process group, so that what it starts ends with it, and a Ctrl-C in the terminal reaches only the
 * supervisor, which decides. Jobs outlive a supervisor that is killed. Waiting is done in poll(2) on the jobs' pidfds.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* pipe2, environ */
#endif
#include <errno.h>
#include <fcntl.h>
#include <hone/hone.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* How often ended jobs are looked for where the kernel has no pidfd. */
#define BLIND_WAIT_S 0.05
#define MOST_WATCHED 1024

typedef struct params {
    double grace_s;
} params;

static const hone_param rows[] = {
    HONE_PARAM_REAL(params, grace_s, .def_real = 10, .max_real = 86400, .unit = "s", .flags = HONE_NO_BITS,
                    .help = "how long a job that was asked to end at its time limit may take before it is killed"),
};

typedef struct job {
    uint64_t handle; /* 0: this record is free */
    pid_t pid;
    int pidfd; /* -1: none */
    bool running;
    bool asked; /* to end, for its time limit */
    double started, ended;
    double limit; /* seconds, 0: none */
    int status;   /* of wait4 */
    uint64_t peak_bytes;
    struct job *next;
} job;

typedef struct launcher {
    job *jobs; /* freed records are used again */
    uint64_t last_handle;
} launcher;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static job *find(const hone_self *self, uint64_t handle)
{
    const launcher *l = self->state;
    for (job *j = l->jobs; j; j = j->next)
        if (handle && j->handle == handle)
            return j;
    return NULL;
}

/* While the leader is a zombie nobody else can have its number, so the rest of its group can be ended safely. */
static void reap(job *j)
{
    struct rusage usage;
    siginfo_t info = {0};
    if (waitid(P_PID, (id_t)j->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0)
        return;
    kill(-j->pid, SIGKILL);
    if (wait4(j->pid, &j->status, 0, &usage) == j->pid)
        j->peak_bytes = (uint64_t)usage.ru_maxrss * 1024; /* Linux counts it in KiB */
    j->running = false;
    j->ended = now();
    if (j->pidfd >= 0)
        close(j->pidfd);
    j->pidfd = -1;
}

/* A record that nothing uses. What was forgotten while it ran keeps its record until it has ended, so that it leaves no zombie. */
static job *take_record(const hone_self *self)
{
    launcher *l = self->state;
    for (job *j = l->jobs; j; j = j->next) {
        if (!j->handle && j->running)
            reap(j);
        if (!j->handle && !j->running)
            return j;
    }
    job *j = hone_alloc(self->trial, sizeof *j);
    if (!j)
        return NULL;
    j->next = l->jobs;
    l->jobs = j;
    return j;
}

/* ---- Starting ---------------------------------------------------------------------------------------------------- */

static bool same_name(const char *a, const char *b)
{
    size_t n = strcspn(a, "=");
    return strncmp(a, b, n + 1) == 0 && a[n] == '=';
}

/* This process's environment with the additions in place of what they overrule. */
static char **environment_with(const hone_self *self, const char *const *additions)
{
    size_t n = 0, m = 0;
    while (environ && environ[n])
        n++;
    while (additions && additions[m])
        m++;
    char **all = hone_alloc_array(self->step, n + m + 1, sizeof *all);
    if (!all)
        return NULL;
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        bool overruled = false;
        for (size_t k = 0; k < m; k++)
            overruled = overruled || same_name(additions[k], environ[i]);
        if (!overruled)
            all[kept++] = environ[i];
    }
    for (size_t k = 0; k < m; k++)
        all[kept++] = (char *)(uintptr_t)additions[k];
    return all;
}

/* Between fork and exec only what is safe after a fork in a threaded program: no allocation, no stdio. */
static void become_job(const hone_job *spec, char *const *environment, int report)
{
    sigset_t none;
    setpgid(0, 0);
    int log = open(spec->log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    bool ok = log >= 0 && null >= 0 && dup2(null, 0) >= 0 && dup2(log, 1) >= 0 && dup2(log, 2) >= 0;
    if (ok && spec->memory_bytes) {
        struct rlimit limit = {spec->memory_bytes, spec->memory_bytes};
        ok = setrlimit(RLIMIT_DATA, &limit) == 0;
    }
    for (int s = 1; s < NSIG; s++)
        if (s != SIGKILL && s != SIGSTOP)
            signal(s, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (ok)
        execve(spec->argv[0], (char *const *)(uintptr_t)spec->argv, environment);
    int why = errno;
    ssize_t written = write(report, &why, sizeof why);
    _exit(written == sizeof why ? 127 : 126);
}

/* 0 where exec went well (the pipe closes without a word), else the child's errno. */
static int read_report(int fd)
{
    int why = 0;
    ssize_t n;
    do {
        n = read(fd, &why, sizeof why);
    } while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof why ? why : 0;
}

static void reap_now(pid_t pid)
{
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

static int open_pidfd(pid_t pid)
{
#ifdef SYS_pidfd_open
    return (int)syscall(SYS_pidfd_open, pid, 0u);
#else
    (void)pid;
    return -1;
#endif
}

static hone_status spawn(const hone_self *self, const hone_job *spec, pid_t *pid, hone_error *err)
{
    int report[2];
    char **environment = environment_with(self, spec->environment);
    if (!environment)
        return hone_no_memory(err, "starting a job");
    if (pipe2(report, O_CLOEXEC) != 0)
        return hone_fail(err, HONE_EIO, "no pipe for a new process: %s", strerror(errno));
    *pid = fork();
    if (*pid == 0)
        become_job(spec, environment, report[1]);
    int why = *pid < 0 ? errno : 0;
    close(report[1]);
    if (*pid > 0) {
        setpgid(*pid, *pid); /* here too, so that it holds whichever of the two runs first */
        why = read_report(report[0]);
        if (why)
            reap_now(*pid);
    }
    close(report[0]);
    if (why)
        return hone_fail(err, HONE_EIO, "could not start %s with log %s: %s", spec->argv[0], spec->log_path, strerror(why));
    return HONE_OK;
}

static hone_status start(const hone_self *self, const hone_job *spec, uint64_t *handle, hone_error *err)
{
    launcher *l = self->state;
    pid_t pid = -1;
    job *j = take_record(self);
    if (!j)
        return hone_no_memory(err, "starting a job");
    HONE_TRY(spawn(self, spec, &pid, err));
    job *next = j->next;
    *j = (job){.handle = ++l->last_handle,
               .pid = pid,
               .pidfd = open_pidfd(pid),
               .running = true,
               .started = now(),
               .limit = spec->time_s,
               .next = next};
    *handle = j->handle;
    return HONE_OK;
}

/* ---- Watching ---------------------------------------------------------------------------------------------------- */

static double grace_of(const hone_self *self)
{
    const params *p = self->params;
    return p ? p->grace_s : rows[0].def_real;
}

/* Seconds until something must be done about the job's limit; infinite where nothing ever. */
static double until_deadline(const hone_self *self, const job *j)
{
    if (!j->running || !(j->limit > 0))
        return INFINITY;
    double deadline = j->started + j->limit + (j->asked ? grace_of(self) : 0);
    double left = deadline - now();
    return left > 0 ? left : 0;
}

static void keep_limit(const hone_self *self, job *j)
{
    if (!j->running || until_deadline(self, j) > 0)
        return;
    kill(-j->pid, j->asked ? SIGKILL : SIGTERM);
    j->asked = true;
}

static hone_status poll_job(const hone_self *self, uint64_t handle, hone_job_state *state, hone_error *err)
{
    job *j = find(self, handle);
    if (!j)
        return hone_fail(err, HONE_ENOTFOUND, "the local launcher has no job %llu", (unsigned long long)handle);
    if (j->running)
        reap(j);
    keep_limit(self, j);
    hone_job_state s = {.size = state->size, .running = j->running, .exit_code = -1, .peak_bytes = j->peak_bytes};
    s.seconds = (j->running ? now() : j->ended) - j->started;
    if (!j->running && WIFEXITED(j->status))
        s.exit_code = WEXITSTATUS(j->status);
    if (!j->running && WIFSIGNALED(j->status))
        s.signal = WTERMSIG(j->status);
    if (!j->running && j->asked)
        snprintf(s.cause, sizeof s.cause, "stopped after its limit of %g s", j->limit);
    memcpy(state, &s, state->size < sizeof s ? (size_t)state->size : sizeof s);
    return HONE_OK;
}

static void sleep_s(double seconds)
{
    struct timespec t = {.tv_sec = (time_t)seconds};
    t.tv_nsec = (long)((seconds - (double)t.tv_sec) * 1e9);
    nanosleep(&t, NULL);
}

static void wait_jobs(const hone_self *self, double seconds)
{
    const launcher *l = self->state;
    struct pollfd watched[MOST_WATCHED];
    nfds_t n = 0;
    bool blind = false;
    for (const job *j = l->jobs; j; j = j->next) {
        if (!j->handle || !j->running)
            continue;
        double left = until_deadline(self, j);
        seconds = left < seconds ? left : seconds;
        if (j->pidfd >= 0 && n < MOST_WATCHED)
            watched[n++] = (struct pollfd){.fd = j->pidfd, .events = POLLIN};
        else
            blind = true;
    }
    if (!(seconds > 0))
        return;
    if (blind && seconds > BLIND_WAIT_S)
        seconds = BLIND_WAIT_S;
    if (n == 0)
        sleep_s(seconds);
    else
        poll(watched, n, seconds > 1e6 ? -1 : (int)ceil(seconds * 1e3));
}

static hone_status stop(const hone_self *self, uint64_t handle, bool hard, hone_error *err)
{
    const job *j = find(self, handle);
    if (!j)
        return hone_fail(err, HONE_ENOTFOUND, "the local launcher has no job %llu", (unsigned long long)handle);
    if (j->running && kill(-j->pid, hard ? SIGKILL : SIGTERM) != 0 && errno != ESRCH)
        return hone_fail(err, HONE_EIO, "could not stop process %ld: %s", (long)j->pid, strerror(errno));
    return HONE_OK;
}

static void forget(const hone_self *self, uint64_t handle)
{
    job *j = find(self, handle);
    if (!j)
        return;
    if (j->running)
        reap(j);
    if (j->pidfd >= 0)
        close(j->pidfd);
    j->pidfd = -1;
    j->handle = 0;
}

static void destroy(const hone_self *self)
{
    const launcher *l = self->state;
    for (job *j = l->jobs; j; j = j->next)
        forget(self, j->handle);
}

static const hone_launcher local = {
    .plugin = {HONE_PLUGIN(hone_launcher, HONE_KIND_LAUNCHER), .name = "local",
               .summary = "every trial a process of its own on this machine",
               .help = "A time limit ends a job with SIGTERM and, after `grace_s`, SIGKILL; a memory limit is RLIMIT_DATA.\n"
                       "Example: launcher: {type: local, grace_s: 30}",
               HONE_PARAMS(params, rows), .state_size = sizeof(launcher), .destroy = destroy},
    .start = start,
    .poll = poll_job,
    .wait = wait_jobs,
    .stop = stop,
    .forget = forget,
};

HONE_MODULE(&local.plugin);
