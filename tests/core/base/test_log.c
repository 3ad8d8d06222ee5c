/* test_log.c - log lines.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"
#include "suite.h"

#include <errno.h>
#include <pthread.h>

START_TEST(lines_below_the_level_are_dropped_and_the_rest_named)
{
    char *text = NULL;
    size_t n = 0;
    FILE *stream = open_memstream(&text, &n);
    hone_log *log = hone__log_create(stream, HONE_LOG_INFO);
    hone_log_line(log, HONE_LOG_DEBUG, "dropped");
    hone_log_line(log, HONE_LOG_INFO, "epoch %d", 1);
    hone_log_line(log, HONE_LOG_WARNING, "two\nlines\x1B[0m");
    hone_log_line(log, HONE_LOG_ERROR, "bad");
    hone_log_line(NULL, HONE_LOG_ERROR, "nowhere");
    hone__log_destroy(log);
    fclose(stream);
    ck_assert_str_eq(text, "info: epoch 1\nwarning: two\\nlines\\x1b[0m\nerror: bad\n");
    free(text);
}
END_TEST

START_TEST(a_line_leaves_errno_as_it_was)
{
    FILE *stream = fopen("/dev/full", "w");
    hone_log *log = hone__log_create(stream, HONE_LOG_INFO);
    errno = EAGAIN;
    hone_log_line(log, HONE_LOG_INFO, "no room");
    ck_assert_int_eq(errno, EAGAIN);
    hone__log_destroy(log);
    fclose(stream);
}
END_TEST

static void *write_lines(void *log)
{
    for (int i = 0; i < 500; i++)
        hone_log_line(log, HONE_LOG_INFO, "%s", "abcdefghijklmnopqrstuvwxyz");
    return NULL;
}

START_TEST(lines_of_several_threads_stay_whole)
{
    char *text = NULL;
    size_t n = 0;
    FILE *stream = open_memstream(&text, &n);
    hone_log *log = hone__log_create(stream, HONE_LOG_INFO);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, write_lines, log), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    hone__log_destroy(log);
    fclose(stream);
    static const char line[] = "info: abcdefghijklmnopqrstuvwxyz\n";
    ck_assert_uint_eq(n, 2000 * (sizeof line - 1));
    for (size_t i = 0; i < n; i += sizeof line - 1)
        ck_assert_mem_eq(text + i, line, sizeof line - 1);
    free(text);
}
END_TEST

SUITE("log", lines_below_the_level_are_dropped_and_the_rest_named, a_line_leaves_errno_as_it_was,
      lines_of_several_threads_stay_whole)
