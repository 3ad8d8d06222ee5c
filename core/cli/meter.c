/* meter.c - how far a command is.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/meter.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

static double seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void hone__meter_init(hone__meter *m, const char *what, const char *unit)
{
    const double now = seconds_now();
    *m = (hone__meter){.what = what, .unit = unit, .terminal = isatty(STDERR_FILENO) == 1, .begin = now, .at = now};
}

void hone__meter_show(void *meter, uint64_t done, uint64_t n)
{
    hone__meter *m = meter;
    const double now = seconds_now(), passed = now - m->begin;
    if (now - m->at < (m->terminal ? 0.2 : 10))
        return;
    m->at = now;
    m->shown = true;
    const double speed = passed > 0 ? (double)done / passed : 0;
    fprintf(stderr, "%s%s: %llu of %llu %s, %.0f a second, %.0f s left%s", m->terminal ? "\r\033[K" : "", m->what,
            (unsigned long long)done, (unsigned long long)n, m->unit, speed, speed > 0 ? (double)(n - done) / speed : 0,
            m->terminal ? "" : "\n");
    fflush(stderr);
}

void hone__meter_end(hone__meter *m)
{
    if (m->terminal && m->shown)
        fprintf(stderr, "\r\033[K");
    m->shown = false;
}
