/* error.c - writing errors down, and the names of the statuses.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <hone/base.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name, *text;
} statuses[] = {
#define X(name, text) {#name, text},
    HONE_STATUS_MAP(X)
#undef X
};

static bool is_status(hone_status status)
{
    return (size_t)status < sizeof statuses / sizeof statuses[0];
}

const char *hone_status_name(hone_status status)
{
    return is_status(status) ? statuses[status].name : "UNKNOWN";
}

const char *hone_status_text(hone_status status)
{
    return is_status(status) ? statuses[status].text : "a status that this version of hone does not know";
}

/* Ends a message that was cut with "...", and not within a character. */
static void mark_as_cut(char *msg, size_t size)
{
    size_t end = size - sizeof "...";
    while (end > 0 && ((unsigned char)msg[end] & 0xC0) == 0x80)
        end--;
    memcpy(msg + end, "...", sizeof "...");
}

hone_status hone_fail(hone_error *err, hone_status status, const char *fmt, ...)
{
    if (!err)
        return status;
    /* Not straight into err->msg, which is often one of the arguments ("%s: %s", path, err->msg). */
    char msg[sizeof err->msg];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(msg, sizeof msg, fmt, args);
    va_end(args);
    if (n < 0)
        snprintf(msg, sizeof msg, "%s", fmt);
    else if ((size_t)n >= sizeof msg)
        mark_as_cut(msg, sizeof msg);
    err->status = status;
    memcpy(err->msg, msg, sizeof msg);
    return status;
}

hone_status hone_no_memory(hone_error *err, const char *what)
{
    return hone_fail(err, HONE_ENOMEM, "out of memory while %s", what);
}
