/* probe.c - opening a plugin in a child process first, so that one whose constructor crashes, exits or hangs takes no hone down.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/str.h"
#include "plugin/load.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

enum { LIMIT_S = 10, EXIT_BY_PLUGIN = 117 };

/* ---- The child --------------------------------------------------------------------------------------------------- */

/* exit() in a constructor would run the parent's atexit handlers and flush the parent's streams a second time; this handler, which
 * is registered last and so runs first, stops it. */
static void leave_at_once(void)
{
    _exit(EXIT_BY_PLUGIN);
}

static void be_quiet_and_mortal(void)
{
    static const int ordinary[] = {SIGSEGV, SIGBUS,  SIGFPE,  SIGILL, SIGABRT, SIGTRAP, SIGSYS,
                                   SIGTERM, SIGPIPE, SIGALRM, SIGINT, SIGHUP,  SIGUSR1, SIGUSR2};
    for (size_t i = 0; i < sizeof ordinary / sizeof ordinary[0]; i++)
        signal(ordinary[i], SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    const struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    setpgid(0, 0); /* so that what it may start ends with it */
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
    const int nowhere = open("/dev/null", O_RDWR);
    if (nowhere >= 0) {
        dup2(nowhere, STDIN_FILENO);
        dup2(nowhere, STDOUT_FILENO);
        dup2(nowhere, STDERR_FILENO);
    }
}

static hone_status walk(const char *path, hone_error *err)
{
    const hone_module *module;
    const hone_plugin **tables;
    size_t n;
    hone_arena *arena = hone__arena_create(0);
    if (!arena)
        return hone_no_memory(err, "probing a plugin");
    hone_status status = hone__module_open(path, &module, err);
    if (status == HONE_OK)
        status = hone__module_adopt(arena, module, path, &tables, &n, err);
    hone__arena_destroy(arena);
    return status;
}

static void child(const char *path, int answer)
{
    be_quiet_and_mortal();
    atexit(leave_at_once);
    hone_error err = {0};
    err.status = walk(path, &err);
    const ssize_t written = write(answer, &err, sizeof err); /* below PIPE_BUF: whole or not at all */
    _exit(written == (ssize_t)sizeof err ? 0 : 1);
}

/* ---- The parent -------------------------------------------------------------------------------------------------- */

static double seconds_since(const struct timespec *begin)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - begin->tv_sec) + 1e-9 * (double)(now.tv_nsec - begin->tv_nsec);
}

static void end_child(pid_t pid, int *wstatus)
{
    kill(-pid, SIGKILL);
    kill(pid, SIGKILL);
    while (waitpid(pid, wstatus, 0) < 0 && errno == EINTR)
        continue;
}

/* Waits until the child has answered or ended, and ends it. Was there an answer, and in time? The end of the pipe alone does not say
 * so: a grandchild may hold it open. */
static bool wait_for_answer(pid_t pid, int fd, hone_error *answer, int *wstatus, bool *late)
{
    struct timespec begin;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    *late = false;
    for (;;) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        const int n = poll(&ready, 1, 20);
        if (n > 0 && (ready.revents & POLLIN)) {
            const bool whole = read(fd, answer, sizeof *answer) == (ssize_t)sizeof *answer;
            end_child(pid, wstatus);
            return whole;
        }
        const pid_t ended = waitpid(pid, wstatus, WNOHANG);
        if (ended == pid) {
            kill(-pid, SIGKILL);
            return poll(&ready, 1, 0) > 0 && read(fd, answer, sizeof *answer) == (ssize_t)sizeof *answer;
        }
        if (seconds_since(&begin) > LIMIT_S) {
            *late = true;
            end_child(pid, wstatus);
            return false;
        }
    }
}

static hone_status report_death(const char *path, int wstatus, bool late, hone_error *err)
{
    if (late)
        return hone_fail(err, HONE_EPLUGIN, "the plugin %s is not used: loading it did not end within %d s", path, LIMIT_S);
    if (WIFSIGNALED(wstatus))
        return hone_fail(err, HONE_EPLUGIN, "the plugin %s is not used: loading it crashed with signal %d (%s)", path,
                         WTERMSIG(wstatus), strsignal(WTERMSIG(wstatus)));
    if (WEXITSTATUS(wstatus) == EXIT_BY_PLUGIN)
        return hone_fail(err, HONE_EPLUGIN, "the plugin %s is not used: loading it called exit()", path);
    return hone_fail(err, HONE_EPLUGIN, "the plugin %s is not used: loading it ended the process with status %d", path,
                     WEXITSTATUS(wstatus));
}

hone_status hone__probe(const char *path, hone_error *err)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return hone_fail(err, HONE_EIO, "cannot probe the plugin %s: no pipe: %s", path, strerror(errno));
    const pid_t pid = fork();
    if (pid < 0) {
        const int number = errno;
        close(ends[0]);
        close(ends[1]);
        return hone_fail(err, HONE_EIO, "cannot probe the plugin %s: no child process: %s", path, strerror(number));
    }
    if (pid == 0)
        child(path, ends[1]);
    close(ends[1]);
    hone_error answer;
    int wstatus = 0;
    bool late;
    const bool answered = wait_for_answer(pid, ends[0], &answer, &wstatus, &late);
    close(ends[0]);
    if (!answered)
        return report_death(path, wstatus, late, err);
    return answer.status == HONE_OK ? HONE_OK : hone_fail(err, answer.status, "%s", answer.msg);
}
