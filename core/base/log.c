/* log.c - log lines, whole even when several threads write them.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"
#include "base/alloc.h"
#include "base/str.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>

enum { LONGEST_LINE = 4096 };

struct hone_log {
    FILE *stream;
    hone_log_level level;
    pthread_mutex_t lock; /* held for the length of a line */
};

hone_log *hone__log_create(FILE *stream, hone_log_level level)
{
    hone_log *log = hone__calloc(1, sizeof *log);
    if (!log)
        return NULL;
    log->stream = stream;
    log->level = level;
    pthread_mutex_init(&log->lock, NULL);
    return log;
}

void hone__log_destroy(hone_log *log)
{
    if (!log)
        return;
    pthread_mutex_destroy(&log->lock);
    hone__free(log);
}

static const char *level_name(hone_log_level level)
{
    static const char *const names[] = {"debug", "info", "warning", "error"};
    return (size_t)level < sizeof names / sizeof names[0] ? names[level] : "log";
}

void hone_log_line(hone_log *log, hone_log_level level, const char *fmt, ...)
{
    if (!log || level < log->level)
        return;
    int number = errno;
    char text[LONGEST_LINE], shown[LONGEST_LINE];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    hone__shown(text, shown, sizeof shown);
    pthread_mutex_lock(&log->lock);
    fprintf(log->stream, "%s: %s\n", level_name(level), shown);
    fflush(log->stream);
    pthread_mutex_unlock(&log->lock);
    errno = number;
}
