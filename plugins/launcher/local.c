/* local.c - runs each trial as a process of its own on this machine.
 *
 * A job is the leader of its own process group, so that what it starts ends with it, and a Ctrl-C in the terminal reaches only the
 * supervisor, which decides. Jobs outlive a supervisor that is killed. Waiting is done in poll(2) on the jobs' pidfds.
 *
 * A memory limit is a cgroup (version 2) of the job's own, where such groups may be made: the kernel counts what the whole job has, and says
 * so when it ends one for it. Elsewhere the private memory of all its processes together is sampled, and RLIMIT_DATA bounds what one can
 * take between two looks.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* pipe2, environ */
#endif
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <hone/hone.h>
#include <limits.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

/* How often ended jobs are looked for where the kernel has no pidfd. */
#define BLIND_WAIT_S 0.05
#define MOST_WATCHED 1024
#define MEMORY_LOOK_S 0.1 /* how often memory is looked at where no cgroup keeps the limit */

/* RLIMIT_DATA counts what a process has reserved, touched or not: OpenBLAS reserves 128 MiB for each thread that calls it, and tries for
 * ever where it is refused them; a stack has 8 MiB. So it stands above the limit by that much, against sudden growth, and looking
 * at the memory that is in use keeps the limit itself. */
#define RESERVED (512u << 20)
#define RESERVED_A_THREAD (192u << 20)

typedef struct params {
    double grace_s;
    const char *cgroup;
} params;

static const hone_param rows[] = {
    HONE_PARAM_REAL(params, grace_s, .def_real = 10, .max_real = 86400, .unit = "s", .flags = HONE_NO_BITS,
                    .help = "how long a job that was asked to end at its time limit may take before it is killed"),
    HONE_PARAM_STRING(params, cgroup, .flags = HONE_NO_BITS,
                      .help =
                          "folder of a cgroup (version 2) in which groups for memory limits may be made, or none; absent: this "
                          "process's own, where it was delegated"),
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
    uint64_t memory_limit; /* bytes, 0: none */
    uint64_t over;         /* private memory that was found beyond the limit, 0: none was */
    bool oom_killed;       /* by the kernel, at the limit of its cgroup */
    char group[PATH_MAX];  /* folder of its cgroup; "": none */
    struct job *next;
} job;

typedef struct launcher {
    job *jobs; /* freed records are used again */
    uint64_t last_handle;
    bool looked;         /* for a cgroup */
    char base[PATH_MAX]; /* folder in which groups are made; "": none */
    char home[PATH_MAX]; /* of the group that this process was moved out of; "": it was not */
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

/* ---- Small files ------------------------------------------------------------------------------------------------- */

/* Their text, cut to fit; "" where they cannot be read. */
static const char *read_small(const char *path, char *out, size_t size)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, out, size - 1) : 0;
    if (fd >= 0)
        close(fd);
    out[n > 0 ? n : 0] = 0;
    return out;
}

static bool write_small(const char *folder, const char *name, const char *text)
{
    char path[PATH_MAX];
    if ((size_t)snprintf(path, sizeof path, "%s/%s", folder, name) >= sizeof path)
        return false;
    const int fd = open(path, O_WRONLY | O_CLOEXEC);
    const bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    if (fd >= 0)
        close(fd);
    return ok;
}

/* Is the word among those of a file of words? */
static bool has_word(const char *folder, const char *name, const char *word)
{
    char path[PATH_MAX], text[1024], *at = NULL;
    if ((size_t)snprintf(path, sizeof path, "%s/%s", folder, name) >= sizeof path)
        return false;
    read_small(path, text, sizeof text);
    for (char *w = strtok_r(text, " \n", &at); w; w = strtok_r(NULL, " \n", &at))
        if (strcmp(w, word) == 0)
            return true;
    return false;
}

/* The number behind a word at the beginning of a line ("oom_kill 1", "RssAnon:   12 kB"); 0 where it is absent. */
static uint64_t number_after(const char *text, const char *word)
{
    const size_t n = strlen(word);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, word, n) == 0 && (line[n] == ' ' || line[n] == '\t'))
            return strtoull(line + n, NULL, 10);
    }
    return 0;
}

/* ---- Memory by cgroup -------------------------------------------------------------------------------------------- */

/* The folder of this process's own group: behind the mount point in mountinfo, the path in /proc/self/cgroup. */
static bool own_group(char *out, size_t size)
{
    char line[PATH_MAX + 256], text[4096], mount[PATH_MAX] = "";
    FILE *f = fopen("/proc/self/mountinfo", "re");
    while (f && !mount[0] && fgets(line, sizeof line, f))
        if (strstr(line, " - cgroup2 ") && sscanf(line, "%*s %*s %*s %*s %4095s", mount) != 1)
            mount[0] = 0;
    if (f)
        fclose(f);
    read_small("/proc/self/cgroup", text, sizeof text);
    char *path = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");
    if (!mount[0] || !path)
        return false;
    path = strchr(path, '/');
    if (path)
        path[strcspn(path, "\n")] = 0;
    return path && (size_t)snprintf(out, size, "%s%s", mount, strcmp(path, "/") == 0 ? "" : path) < size;
}

/* Was it given to us? To a user what can be written was; root can write everywhere, and is told by an attribute. */
static bool is_delegated(const char *group)
{
    char value[8];
    if (access(group, W_OK) != 0)
        return false;
    return geteuid() != 0 || getxattr(group, "user.delegate", value, sizeof value) > 0 ||
           getxattr(group, "trusted.delegate", value, sizeof value) > 0;
}

/* Groups below `group` may limit memory once it says so, which the kernel allows only where no process is in the group itself. */
static bool enable_memory(launcher *l, const char *group)
{
    char leaf[PATH_MAX], pid[32];
    if (has_word(group, "cgroup.subtree_control", "memory"))
        return true;
    if (!has_word(group, "cgroup.controllers", "memory") ||
        (size_t)snprintf(leaf, sizeof leaf, "%s/hone-supervisor-%ld", group, (long)getpid()) >= sizeof leaf)
        return false;
    snprintf(pid, sizeof pid, "%ld", (long)getpid());
    const bool moved = (mkdir(leaf, 0777) == 0 || errno == EEXIST) && write_small(leaf, "cgroup.procs", pid);
    if (moved && write_small(group, "cgroup.subtree_control", "+memory")) {
        snprintf(l->home, sizeof l->home, "%s", group);
        return true;
    }
    if (moved && !write_small(group, "cgroup.procs", pid))
        return false;
    rmdir(leaf);
    return false;
}

static bool given(const hone_self *self, const char *value)
{
    const params *p = self->params;
    return p && p->cgroup && (!value || strcmp(p->cgroup, value) == 0);
}

static const char *find_base(const hone_self *self)
{
    launcher *l = self->state;
    char group[PATH_MAX];
    if (l->looked)
        return l->base;
    l->looked = true;
    if (given(self, "none"))
        return l->base;
    if (given(self, NULL))
        snprintf(group, sizeof group, "%s", ((const params *)self->params)->cgroup);
    else if (!own_group(group, sizeof group) || !is_delegated(group))
        return l->base;
    if (enable_memory(l, group))
        snprintf(l->base, sizeof l->base, "%s", group);
    else if (given(self, NULL))
        hone_log_line(self->log, HONE_LOG_WARNING,
                      "launcher.cgroup %s cannot limit memory here; limits are kept by RLIMIT_DATA and by looking", group);
    return l->base;
}

/* A group with the limit, for the job's processes and no others. */
static void make_group(const hone_self *self, job *j)
{
    char bytes[32];
    const char *base = j->memory_limit ? find_base(self) : "";
    if (!*base)
        return;
    if ((size_t)snprintf(j->group, sizeof j->group, "%s/hone-%ld-%llu", base, (long)getpid(), (unsigned long long)j->handle) >=
        sizeof j->group)
        j->group[0] = 0;
    snprintf(bytes, sizeof bytes, "%llu", (unsigned long long)j->memory_limit);
    if (j->group[0] && (mkdir(j->group, 0777) == 0 || errno == EEXIST) && write_small(j->group, "memory.max", bytes)) {
        write_small(j->group, "memory.swap.max", "0"); /* absent without swap accounting */
        write_small(j->group, "memory.oom.group", "1");
        return;
    }
    rmdir(j->group);
    j->group[0] = 0;
}

/* What is left in the group ends, too. */
static void end_group(job *j)
{
    char path[PATH_MAX + 32], text[1024];
    if (!j->group[0])
        return;
    snprintf(path, sizeof path, "%s/memory.events", j->group);
    j->oom_killed = number_after(read_small(path, text, sizeof text), "oom_kill") > 0;
    write_small(j->group, "cgroup.kill", "1");
}

/* Fails as long as a process is ending in it, so it is tried when the job has ended and when it is forgotten. */
static void remove_group(job *j)
{
    if (j->group[0] && rmdir(j->group) == 0)
        j->group[0] = 0;
}

/* ---- Memory by looking ------------------------------------------------------------------------------------------- */

static uint64_t private_bytes(pid_t pid)
{
    char path[64], text[4096];
    snprintf(path, sizeof path, "/proc/%ld/status", (long)pid);
    read_small(path, text, sizeof text);
    return 1024 * (number_after(text, "RssAnon:") + number_after(text, "VmSwap:"));
}

/* Of a process and of all that it and its threads have started. */
static uint64_t family_bytes(pid_t pid, int depth)
{
    char path[320], text[4096], *at = NULL;
    uint64_t bytes = private_bytes(pid);
    snprintf(path, sizeof path, "/proc/%ld/task", (long)pid);
    DIR *tasks = depth < 16 ? opendir(path) : NULL;
    for (struct dirent *task; tasks && (task = readdir(tasks)) != NULL;) {
        if (task->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "/proc/%ld/task/%s/children", (long)pid, task->d_name);
        read_small(path, text, sizeof text);
        for (char *child = strtok_r(text, " ", &at); child; child = strtok_r(NULL, " ", &at))
            bytes += family_bytes((pid_t)atol(child), depth + 1);
    }
    if (tasks)
        closedir(tasks);
    return bytes;
}

static void keep_memory_limit(job *j)
{
    if (!j->running || !j->memory_limit || j->group[0] || j->over)
        return;
    const uint64_t bytes = family_bytes(j->pid, 0);
    if (bytes <= j->memory_limit)
        return;
    j->over = bytes;
    kill(-j->pid, SIGKILL);
}

/* ---- Ending ------------------------------------------------------------------------------------------------------ */

/* While the leader is a zombie nobody else can have its number, so the rest of its group can be ended safely. */
static void reap(job *j)
{
    struct rusage usage;
    siginfo_t info = {0};
    if (waitid(P_PID, (id_t)j->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0)
        return;
    kill(-j->pid, SIGKILL);
    end_group(j);
    if (wait4(j->pid, &j->status, 0, &usage) == j->pid)
        j->peak_bytes = (uint64_t)usage.ru_maxrss * 1024; /* Linux counts it in KiB */
    j->running = false;
    j->ended = now();
    if (j->pidfd >= 0)
        close(j->pidfd);
    j->pidfd = -1;
    remove_group(j);
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
static void become_job(const hone_job *spec, const char *procs, char *const *environment, int report)
{
    sigset_t none;
    setpgid(0, 0);
    const int group = *procs ? open(procs, O_WRONLY | O_CLOEXEC) : -1;
    int log = open(spec->log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    bool ok = log >= 0 && null >= 0 && dup2(null, 0) >= 0 && dup2(log, 1) >= 0 && dup2(log, 2) >= 0;
    if (*procs)
        ok = ok && group >= 0 && write(group, "0", 1) == 1; /* this process itself */
    else if (ok && spec->memory_bytes) {
        const rlim_t most = spec->memory_bytes + RESERVED + spec->threads * (rlim_t)RESERVED_A_THREAD;
        struct rlimit limit = {most, most};
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

/* group: the folder of the job's cgroup; "": none. */
static hone_status spawn(const hone_self *self, const hone_job *spec, const char *group, pid_t *pid, hone_error *err)
{
    int report[2];
    char procs[PATH_MAX + 32] = "";
    if (*group)
        snprintf(procs, sizeof procs, "%s/cgroup.procs", group);
    char **environment = environment_with(self, spec->environment);
    if (!environment)
        return hone_no_memory(err, "starting a job");
    if (pipe2(report, O_CLOEXEC) != 0)
        return hone_fail(err, HONE_EIO, "no pipe for a new process: %s", strerror(errno));
    *pid = fork();
    if (*pid == 0)
        become_job(spec, procs, environment, report[1]);
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
    *j = (job){.next = j->next, .memory_limit = spec->memory_bytes, .limit = spec->time_s};
    j->handle = ++l->last_handle;
    make_group(self, j);
    const hone_status status = spawn(self, spec, j->group, &pid, err);
    if (status != HONE_OK) {
        remove_group(j);
        j->handle = 0;
        return status;
    }
    j->pid = pid;
    j->pidfd = open_pidfd(pid);
    j->running = true;
    j->started = now();
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

/* What only the launcher knows of an end. */
static void say_cause(const job *j, char *out, size_t size)
{
    const double mib = 1048576;
    if (j->running)
        return;
    if (j->over)
        snprintf(out, size, "its private memory, %.0f MiB, was beyond its limit of %.0f MiB", (double)j->over / mib,
                 (double)j->memory_limit / mib);
    else if (j->oom_killed && WIFSIGNALED(j->status))
        snprintf(out, size, "killed by the kernel at its memory limit of %.0f MiB", (double)j->memory_limit / mib);
    else if (j->asked)
        snprintf(out, size, "stopped after its limit of %g s", j->limit);
}

static hone_status poll_job(const hone_self *self, uint64_t handle, hone_job_state *state, hone_error *err)
{
    job *j = find(self, handle);
    if (!j)
        return hone_fail(err, HONE_ENOTFOUND, "the local launcher has no job %llu", (unsigned long long)handle);
    if (j->running)
        reap(j);
    keep_limit(self, j);
    keep_memory_limit(j);
    hone_job_state s = {.size = state->size, .running = j->running, .exit_code = -1, .peak_bytes = j->peak_bytes};
    s.seconds = (j->running ? now() : j->ended) - j->started;
    if (!j->running && WIFEXITED(j->status))
        s.exit_code = WEXITSTATUS(j->status);
    if (!j->running && WIFSIGNALED(j->status))
        s.signal = WTERMSIG(j->status);
    say_cause(j, s.cause, sizeof s.cause);
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
        if (j->memory_limit && !j->group[0] && left > MEMORY_LOOK_S)
            left = MEMORY_LOOK_S;
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
    remove_group(j);
    j->handle = 0;
}

/* Back into the group that this process was in, so that none of ours is left. */
static void go_home(const launcher *l)
{
    char leaf[PATH_MAX + 64], pid[32];
    if (!l->home[0])
        return;
    snprintf(pid, sizeof pid, "%ld", (long)getpid());
    snprintf(leaf, sizeof leaf, "%s/hone-supervisor-%ld", l->home, (long)getpid());
    if (write_small(l->home, "cgroup.subtree_control", "-memory") && write_small(l->home, "cgroup.procs", pid))
        rmdir(leaf);
}

static void destroy(const hone_self *self)
{
    const launcher *l = self->state;
    for (job *j = l->jobs; j; j = j->next)
        forget(self, j->handle);
    go_home(l);
}

static const hone_launcher local = {
    .plugin =
        {HONE_PLUGIN(hone_launcher, HONE_KIND_LAUNCHER), .name = "local",
         .summary = "every trial a process of its own on this machine",
         .help = "A time limit ends a job with SIGTERM and, after `grace_s`, SIGKILL. A memory limit is kept by a cgroup where "
                 "groups may be made (systemd-run --user --scope -p Delegate=yes hone run ...), else by RLIMIT_DATA and by "
                 "looking at private memory.\n"
                 "Example: launcher: {type: local, grace_s: 30}",
         HONE_PARAMS(params, rows), .state_size = sizeof(launcher), .destroy = destroy},
    .start = start,
    .poll = poll_job,
    .wait = wait_jobs,
    .stop = stop,
    .forget = forget,
};

HONE_MODULE(&local.plugin);
