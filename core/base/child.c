/* child.c - a command of hone run in a process of its own.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* What it prints goes to files without names: nothing needs to be read while it runs. */
typedef struct streams {
    FILE *out, *err;
} streams;

static hone_status open_streams(streams *s, hone_error *err)
{
    *s = (streams){tmpfile(), tmpfile()};
    return s->out && s->err ? HONE_OK : hone_fail(err, HONE_EIO, "cannot make a temporary file: %s", strerror(errno));
}

static void close_streams(streams *s)
{
    if (s->out)
        fclose(s->out);
    if (s->err)
        fclose(s->err);
}

static hone_status spawn(const hone__child *c, const streams *s, pid_t *pid, hone_error *err)
{
    posix_spawn_file_actions_t actions;
    int failed = posix_spawn_file_actions_init(&actions);
    if (failed)
        return hone_fail(err, HONE_ENOMEM, "cannot start a process: %s", strerror(failed));
    failed = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (!failed)
        failed = posix_spawn_file_actions_adddup2(&actions, fileno(s->out), STDOUT_FILENO);
    if (!failed)
        failed = posix_spawn_file_actions_adddup2(&actions, fileno(s->err), STDERR_FILENO);
    if (!failed)
        failed = posix_spawn(pid, c->argv[0], &actions, NULL, (char *const *)(const void *)c->argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    return failed ? hone_fail(err, HONE_EIO, "cannot start %s: %s", c->argv[0], strerror(failed)) : HONE_OK;
}

/* ---- Waiting ----------------------------------------------------------------------------------------------------- */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void end_child(pid_t pid, int *status)
{
    kill(pid, SIGKILL);
    while (waitpid(pid, status, 0) < 0 && errno == EINTR)
        continue;
}

static hone_status wait_for(const hone__child *c, pid_t pid, int *status, hone_error *err)
{
    const double begun = now();
    long pause_ns = 1000000;
    for (;;) {
        const pid_t ended = waitpid(pid, status, WNOHANG);
        if (ended == pid)
            return HONE_OK;
        if (ended < 0 && errno != EINTR)
            return hone_fail(err, HONE_EIO, "cannot wait for a process: %s", strerror(errno));
        if (c->interrupts && *c->interrupts) {
            end_child(pid, status);
            return hone_fail(err, HONE_EINTERRUPTED, "interrupted");
        }
        if (c->limit_s > 0 && now() - begun > c->limit_s) {
            end_child(pid, status);
            return hone_fail(err, HONE_EIO, "stopped after its limit of %g s", c->limit_s);
        }
        nanosleep(&(struct timespec){0, pause_ns}, NULL);
        pause_ns = pause_ns < 32000000 ? 2 * pause_ns : pause_ns;
    }
}

/* ---- What it said ------------------------------------------------------------------------------------------------ */

static hone_status add_all(FILE *file, hone__str *out, hone_error *err)
{
    char bytes[4096];
    rewind(file);
    for (size_t n; (n = fread(bytes, 1, sizeof bytes, file)) > 0;)
        hone__str_addn(out, bytes, n);
    if (ferror(file))
        return hone_fail(err, HONE_EIO, "cannot read what a process printed: %s", strerror(errno));
    return out->failed ? hone_no_memory(err, "reading what a process printed") : HONE_OK;
}

/* The last line that is not empty, "" where there is none; without the program's name before it. */
static void last_line(FILE *file, char *line, size_t size)
{
    static const char name[] = "hone: ";
    char *next = NULL;
    size_t cap = 0;
    line[0] = 0;
    rewind(file);
    for (ssize_t n; (n = getline(&next, &cap, file)) > 0;) {
        next[strcspn(next, "\n")] = 0;
        const bool ours = strncmp(next, name, sizeof name - 1) == 0;
        if (next[0])
            snprintf(line, size, "%s", ours ? next + sizeof name - 1 : next);
    }
    free(next);
}

static hone_status tell(int status, const streams *s, hone_error *err)
{
    char line[800];
    last_line(s->err, line, sizeof line);
    if (WIFSIGNALED(status))
        return hone_fail(err, HONE_EIO, "ended by signal %d (%s)%s%s", WTERMSIG(status), strsignal(WTERMSIG(status)),
                         line[0] ? ": " : "", line);
    if (line[0])
        return hone_fail(err, HONE_EIO, "%s", line);
    return hone_fail(err, HONE_EIO, "exit code %d", WEXITSTATUS(status));
}

hone_status hone__child_run(const hone__child *child, hone__str *out, hone_error *err)
{
    streams s;
    pid_t pid;
    int code = 0;
    hone_status status = open_streams(&s, err);
    if (status == HONE_OK)
        status = spawn(child, &s, &pid, err);
    if (status == HONE_OK)
        status = wait_for(child, pid, &code, err);
    if (status == HONE_OK)
        status = WIFEXITED(code) && WEXITSTATUS(code) == 0 ? add_all(s.out, out, err) : tell(code, &s, err);
    close_streams(&s);
    return status;
}
